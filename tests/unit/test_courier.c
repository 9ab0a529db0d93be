/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_courier.c - requests carried by threads, told in the loop: each once,
 * whole, with the word of the client; no more of them than were announced.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_rig.h"
#include "net/courier.h"

#define MANY	200

struct told {
	unsigned	 times;
	bool		 ok;
	enum fault_kind	 why;
	long		 status;
	char		 body[64];
	pthread_t	 by;
};

static void
tell(void *ctx, struct courier_answer *a)
{
	struct told	*t = ctx;

	t->times++;
	t->ok = a->ok;
	t->why = a->why.kind;
	t->status = a->result.status;
	t->by = pthread_self();
	snprintf(t->body, sizeof(t->body), "%.*s", (int)a->body.n,
	    a->body.n > 0 ? (const char *)a->body.p : "");
}

static struct courier *
make(struct rig *r, unsigned threads, unsigned waiting)
{
	struct courier_config	c = {
		.threads = threads, .waiting_max = waiting, .answer_max = 4096,
		.client = { .connect_ms = 2000, .total_ms = 10000 },
	};
	struct fault		f = { 0 };
	struct courier		*k = courier_new(r->loop, &c, &f);

	assert_non_null(k);
	return k;
}

static void
url_of(const struct rig *r, const char *path, char out[128])
{
	snprintf(out, 128, "http://127.0.0.1:%u%s", r->port, path);
}

static const struct {
	const char	*label, *path, *type, *body;
	bool		 ok;
	enum fault_kind	 why;
	long		 status;
	const char	*answer;
} cases[] = {
	{ "a POST, and the answer to it", "/cmc", "application/pkcs7-mime", "12345", true,
	    FAULT_NONE, 200, "got 5" },
	{ "a GET", "/query?a=b", NULL, "", true, FAULT_NONE, 200, "a=b" },
	{ "what is not there", "/nothing", NULL, "", false, FAULT_NOT_FOUND, 404, NULL },
	{ "more than is taken", "/lent", NULL, "", false, FAULT_LIMIT, 200, NULL },
};

static void
each_comes_back(void **state)
{
	struct rig	r;
	struct courier	*c;
	char		url[128];

	(void)state;
	rig_start(&r, NULL);
	c = make(&r, 2, 8);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told	t = { 0 };
		struct fault	f = { 0 };

		url_of(&r, cases[i].path, url);
		assert_true(courier_send(c, url, cases[i].type, view_str(cases[i].body), tell, &t,
		    &f));
		while (t.times == 0)
			rig_turn(&r);
		if (t.ok != cases[i].ok || t.why != cases[i].why || t.status != cases[i].status ||
		    (cases[i].answer != NULL && strcmp(t.body, cases[i].answer) != 0))
			fail_msg("%s: ok %d, %s, status %ld, \"%s\"", cases[i].label, t.ok,
			    fault_kind_name(t.why), t.status, t.body);
		assert_true(pthread_equal(t.by, pthread_self()));
		assert_int_equal(courier_open(c), 0);
	}
	courier_free(c);
	rig_end(&r);
}

static void
nobody_there(void **state)
{
	struct told	t = { 0 };
	struct fault	f = { 0 };
	struct rig	r;
	struct courier	*c;
	char		url[128];

	(void)state;
	rig_start(&r, NULL);
	c = make(&r, 1, 1);
	/* Taken by nobody: bound, and not listening. */
	snprintf(url, sizeof(url), "http://127.0.0.1:1/");
	assert_true(courier_send(c, url, NULL, VIEW_NONE, tell, &t, &f));
	while (t.times == 0)
		rig_turn(&r);
	assert_false(t.ok);
	assert_int_equal(t.why, FAULT_BUSY);
	assert_int_equal(t.status, 0);
	courier_free(c);
	rig_end(&r);
}

static void
many_at_once(void **state)
{
	struct told	t[MANY] = { { 0 } }, beyond = { 0 };
	struct fault	f = { 0 };
	struct rig	r;
	struct courier	*c;
	char		url[128];

	(void)state;
	rig_start(&r, NULL);
	c = make(&r, 8, MANY);
	url_of(&r, "/cmc", url);
	for (size_t i = 0; i < MANY; i++)
		assert_true(courier_send(c, url, "application/pkcs7-mime", VIEW_LIT("123"), tell,
		    &t[i], &f));
	assert_int_equal(courier_open(c), MANY);
	assert_false(courier_send(c, url, "application/pkcs7-mime", VIEW_LIT("123"), tell, &beyond,
	    &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	while (courier_open(c) > 0)
		rig_turn(&r);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(t[i].times, 1);
		assert_true(t[i].ok);
		assert_string_equal(t[i].body, "got 3");
	}
	assert_int_equal(beyond.times, 0);
	courier_free(c);
	rig_end(&r);
}

static void
freed_with_some_on_their_way(void **state)
{
	struct told	t[MANY] = { { 0 } };
	struct fault	f = { 0 };
	struct rig	r;
	struct courier	*c;

	(void)state;
	rig_start(&r, NULL);
	c = make(&r, 2, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_true(courier_send(c, "http://127.0.0.1:1/", NULL, VIEW_NONE, tell, &t[i], &f));
	courier_free(c);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(t[i].times, 0);
	rig_end(&r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(each_comes_back),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(freed_with_some_on_their_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
