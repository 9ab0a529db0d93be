/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates as signed files on both sides: exported by the PKI, held by the
 * Admin, and from then on that one or none.
 *
 * SEED-56, R4809-2.1.2-6, R4809-3.2.4.1-1 (D-16), R4809-3.2.5-7: versions count up and
 * are never given to another content, what is retired is refused, and each
 * step is told.
 *
 * SEED-56: made, versioned, used, retired, and each step told
 *
 * R4809-2.1.2-1: what the Admin holds for a group is what its next orders name
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "admin/pins.h"
#include "base/file.h"
#include "base/text.h"
#include "flow_pki.h"
#include "peer/enroll.h"
#include "pki/console.h"
#include "pki/signer.h"
#include "store/store_log.h"
#include "profile/template_file.h"

#define LEN(a)	(sizeof(a) / sizeof((a)[0]))

static struct flow_pki	pki, other;	/* other: somebody else's PKI */
static struct flow_wire	wire;
static struct admin	admin;
static struct arena	*arena;

static void
must(bool ok, const struct fault *f)
{
	if (!ok)
		fail_msg("%s", f->text);
}

/* --- the PKI's side ------------------------------------------------------------------- */

/* An operator's words; the answer is the caller's. */
static json_t *
operator_asks(struct flow_pki *p, const char *const *words, size_t n)
{
	struct console_request	q = { .n = n };
	struct fault		f = { 0 };
	struct buf		out;
	json_t			*o;

	for (size_t i = 0; i < n; i++)
		q.words[i] = view_str(words[i]);
	buf_init(&out, CONSOLE_ANSWER_MAX);
	o = console_run(p->engine, &q, p->now, &out, &f) ?
	    json_loadb((const char *)out.p, out.n, 0, NULL) : NULL;
	buf_clear(&out);
	return o;
}

/* The signed file into the folder of this test, and its text. */
static bool
export_to(struct flow_pki *p, const char *template, const char *version, const char *name,
    char path[FLOW_PATH_MAX])
{
	const char	*words[] = { "template-file", template, version };
	struct fault	 f = { 0 };
	json_t		*o = operator_asks(p, words, LEN(words));

	if (o == NULL)
		return false;
	must(file_write(flow_path(&pki, name, path), view_str(json_string_value(
	    json_object_get(o, "file"))), 0600, &f), &f);
	json_decref(o);
	return true;
}

static void
template_path(char path[CONFIG_PATH_MAX + 64], const char *ending)
{
	snprintf(path, CONFIG_PATH_MAX + 64, "%s/templates/s2s-gateway.conf%s", pki.config.dir,
	    ending);
}

static void
set_validity(int64_t days)
{
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };
	char		path[CONFIG_PATH_MAX + 64];

	must(template_start("s2s-gateway", pki.q.name, &t, &f), &f);
	t.validity_seconds = days * 86400;
	buf_init(&text, 1u << 16);
	template_text(&t, &text);
	template_path(path, "");
	must(file_write(path, buf_view(&text), 0600, &f), &f);
	buf_clear(&text);
	flow_restart(&pki);
}

/* The version in use, 0 if there is none, and how many there ever were. */
static int64_t
version_in_use(size_t *count)
{
	const char	*words[] = { "templates" };
	json_t		*o = operator_asks(&pki, words, 1), *t;
	int64_t		 v = 0;
	size_t		 i;

	assert_non_null(o);
	*count = 0;
	json_array_foreach(json_object_get(o, "templates"), i, t) {
		if (strcmp(json_string_value(json_object_get(t, "name")), "s2s-gateway") != 0)
			continue;
		(*count)++;
		if (json_string_value(json_object_get(t, "until"))[0] == '\0')
			v = json_integer_value(json_object_get(t, "version"));
	}
	json_decref(o);
	return v;
}

/* --- the Admin's side ------------------------------------------------------------------ */

static bool
import(const char *path, bool *news, struct fault *f)
{
	struct template_seal	s;

	fault_clear(f);
	return pins_import(&admin, path, arena, &s, news, f);
}

static void
change_file(const char *path, const char *old, const char *new)
{
	struct buf	b, c;
	struct fault	f = { 0 };
	char		*at;

	buf_init(&b, TEMPLATE_SEAL_MAX);
	buf_init(&c, TEMPLATE_SEAL_MAX);
	must(file_read(path, &b, &f), &f);
	buf_add_u8(&b, 0);
	at = strstr((char *)b.p, old);
	assert_non_null(at);
	buf_add(&c, b.p, (size_t)(at - (char *)b.p));
	buf_add_str(&c, new);
	buf_add_str(&c, at + strlen(old));
	must(file_write(path, buf_view(&c), 0600, &f), &f);
	buf_clear(&b);
	buf_clear(&c);
}

/* --- cases -------------------------------------------------------------------------------- */

static void
versions_count_up(void **state)
{
	size_t	n;
	char	path[FLOW_PATH_MAX];

	(void)state;
	assert_int_equal(version_in_use(&n), 1);
	flow_restart(&pki);
	assert_int_equal(version_in_use(&n), 1);	/* nothing has changed */
	set_validity(100);
	assert_int_equal(version_in_use(&n), 2);
	set_validity(365);
	assert_int_equal(version_in_use(&n), 3);	/* the old content is a new version */
	assert_int_equal(n, 3);
	assert_true(export_to(&pki, "s2s-gateway", "1", "v1.template", path));
	assert_true(export_to(&pki, "s2s-gateway", "2", "v2.template", path));
	assert_true(export_to(&pki, "s2s-gateway", "0", "v3.template", path));
	assert_false(export_to(&pki, "s2s-gateway", "4", "v4.template", path));
	assert_false(export_to(&pki, "no-gateway", "0", "no.template", path));
}

/* What is signed counts: not what somebody wrote around it, and not somebody else's. */
static void
imports(void **state)
{
	char		v1[FLOW_PATH_MAX], v2[FLOW_PATH_MAX], v3[FLOW_PATH_MAX], x[FLOW_PATH_MAX];
	struct fault	f;
	bool		news;

	(void)state;
	flow_path(&pki, "v1.template", v1);
	flow_path(&pki, "v2.template", v2);
	flow_path(&pki, "v3.template", v3);
	if (!import(v2, &news, &f) || !news)
		fail_msg("%s", f.text);
	if (!import(v2, &news, &f) || news)
		fail_msg("again: %s", f.text);
	assert_false(import(v1, &news, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_non_null(strstr(f.text, "version 2"));
	assert_true(export_to(&pki, "s2s-gateway", "0", "x.template", x));
	change_file(x, "validity = \"365d\"", "validity = \"1825d\"");
	assert_false(import(x, &news, &f));
	assert_non_null(strstr(f.text, "validity is \"1825d\" there and \"365d\" in what is signed"));
	assert_true(export_to(&pki, "s2s-gateway", "0", "x.template", x));
	change_file(x, "-----END CMS", "AAAA\n-----END CMS");
	assert_false(import(x, &news, &f));
	assert_true(export_to(&other, "s2s-gateway", "0", "x.template", x));
	assert_false(import(x, &news, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	must(file_write(x, VIEW_LIT("name = \"s2s-gateway\"\n"), 0600, &f), &f);
	assert_false(import(x, &news, &f));
	assert_non_null(strstr(f.text, "there is no signed part"));
	must(import(v3, &news, &f), &f);
	assert_true(news);
}

/* The same version, other content: what a second PKI under the same keys would make. */
static void
one_content_for_a_version(void **state)
{
	struct template_seal	held;
	struct fault		f = { 0 };
	struct view		der = VIEW_NONE;
	struct cvp_template	t;
	struct buf		list, content, file;
	char			x[FLOW_PATH_MAX];
	bool			found, news;
	size_t			used;
	struct frame		fr;
	struct respond_request	r = { 0 };
	struct buf		q, a;

	(void)state;
	must(pins_find(&admin, "s2s-gateway", arena, &held, &found, &f), &f);
	assert_true(found);
	t = held.t;
	t.settings = VIEW_LIT("validity = \"99d\"\n");
	buf_init(&list, 1u << 16);
	buf_init(&content, 1u << 16);
	buf_init(&file, 1u << 17);
	buf_init(&q, 1u << 18);
	buf_init(&a, 1u << 18);
	cvp_put_template(&list, &t);
	template_seal_content(buf_view(&list), &content);
	r.content = buf_view(&content);
	signer_put_respond(&q, &r);
	must(frame_take(buf_view(&q), FRAME_BODY_MAX, &fr, &used, &f), &f);
	signer_handle(pki.local.signer, &fr, pki.now, &a);
	must(frame_take(buf_view(&a), FRAME_BODY_MAX, &fr, &used, &f) &&
	    signer_get_object(&fr, SIGNER_RESPOND, &der, &f), &f);
	template_seal_file(VIEW_NONE, der, &file);
	must(file_write(flow_path(&pki, "x.template", x), buf_view(&file), 0600, &f), &f);
	assert_false(import(x, &news, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	buf_clear(&list);
	buf_clear(&content);
	buf_clear(&file);
	buf_clear(&q);
	buf_clear(&a);
}

static bool
note_event(void *ctx, const struct store_event *e, struct fault *f)
{
	unsigned	*n = ctx;

	(void)f;
	if (e->kind == CVP_EVENT_TEMPLATE_CHANGED && e->authz_id == NULL && e->template != 0)
		(*n)++;
	return true;
}

/* Of templates, not of authorizations: what every Admin of it may read. */
static unsigned
template_events(void)
{
	struct fault	f = { 0 };
	unsigned	n = 0;

	must(store_event_walk(pki.store, 0, 10000, note_event, &n, &f), &f);
	return n;
}

/* The two changes above; the first version of a template is no change. */
static void
changes_are_told(void **state)
{
	(void)state;
	assert_int_equal(template_events(), 2);
}

/* Gone from the folder: out of use, in the list of versions, and an event. */
static void
retired(void **state)
{
	struct flow_seen	seen;
	struct ticket		t;
	char			path[CONFIG_PATH_MAX + 64], aside[CONFIG_PATH_MAX + 64], x[FLOW_PATH_MAX];
	size_t			n;

	(void)state;
	flow_authorize(&pki, "ra-gateway", "fqdn:gw.r.example", &t);
	template_path(path, "");
	template_path(aside, ".retired");
	assert_int_equal(rename(path, aside), 0);
	flow_restart(&pki);
	assert_int_equal(version_in_use(&n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(template_events(), 3);
	assert_false(export_to(&pki, "s2s-gateway", "0", "x.template", x));
	assert_true(export_to(&pki, "s2s-gateway", "3", "x.template", x));
	assert_int_equal(rename(aside, path), 0);
	flow_restart(&pki);
	assert_int_equal(version_in_use(&n), 4);
	flow_look(&pki, t.id, &seen);
	assert_int_equal(seen.state, STORE_AUTHZ_OPEN);	/* that of another template */
	ticket_clear(&t);
}

/* --- around it --------------------------------------------------------------------------- */

static int
begin(void **state)
{
	struct transport	way;
	struct fault		f = { 0 };
	char			dir[FLOW_PATH_MAX], url[FLOW_PATH_MAX + 16];

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	flow_start(&other, KEY_EC_P256);
	flow_wire_init(&wire, &pki);
	way = flow_wire(&wire);
	arena = arena_new(64u << 20);
	return !(arena != NULL && enroll_with(buf_view(&pki.r.ticket), flow_path(&pki, "admin", dir),
	    &way, pki.now, &f) && path_join(url, sizeof(url), dir, "admin.url", &f) &&
	    file_write(url, view_str("url: http://127.0.0.1:8080/cmc\n"), 0644, &f) &&
	    admin_open(dir, NULL, &way, rng_system(), pki.now, &admin, &f));
}

static int
end(void **state)
{
	(void)state;
	admin_close(&admin);
	arena_free(arena);
	flow_wire_clear(&wire);
	flow_stop(&other);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(versions_count_up),
		cmocka_unit_test(imports),
		cmocka_unit_test(changes_are_told),
		cmocka_unit_test(one_content_for_a_version),
		cmocka_unit_test(retired),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
