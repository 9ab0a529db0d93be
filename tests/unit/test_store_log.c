/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, Admins' messages and events in the store.
 */
#include "store_fixture.h"

#include "store/store.h"

static void
requests_are_found_backwards(void **state)
{
	struct fixture		*x = *state;
	struct store_request	 r, first = { .authz = 1, .created = NOW,
				    .digest = { 1 }, .spki_hash = { 1 },
				    .transaction = VIEW_LIT("tid"),
				    .client_nonce = VIEW_LIT("client1"),
				    .server_nonce = VIEW_LIT("server1") };
	uint8_t			 digest[STORE_DIGEST_OCTETS] = { 2 };
	static const uint8_t	 long_one[STORE_NONCE_MAX + 1];
	int64_t			 count;

	OK(x, store_begin(x->st, &x->f));
	OK(x, store_request_insert(x->st, &first, &x->f));
	r = first;
	r.prev = first.n;
	r.digest[0] = 2;
	r.server_nonce = VIEW_LIT("server2");
	r.polled = true;
	r.created = NOW + 1;
	OK(x, store_request_insert(x->st, &r, &x->f));
	r.client_nonce = view_of(long_one, sizeof(long_one));
	REFUSED(x, FAULT_LIMIT, store_request_insert(x->st, &r, &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_request_find_nonce(x->st, 2, VIEW_LIT("server1"), x->a, &r,
	    &x->f));
	assert_int_equal(r.n, 1);
	assert_true(view_equal(r.client_nonce, VIEW_LIT("client1")));
	OK(x, store_request_find_nonce(x->st, 1, VIEW_LIT("server2"), x->a, &r,
	    &x->f));
	assert_int_equal(r.n, 0);
	OK(x, store_request_find_nonce(x->st, 2, VIEW_NONE, x->a, &r, &x->f));
	assert_int_equal(r.n, 0);
	OK(x, store_request_find_digest(x->st, 2, digest, x->a, &r, &x->f));
	assert_int_equal(r.n, 2);
	OK(x, store_request_find_polled(x->st, first.spki_hash, VIEW_LIT("tid"),
	    x->a, &r, &x->f));
	assert_int_equal(r.n, 2);
	OK(x, store_request_find_polled(x->st, digest, VIEW_LIT("tid"), x->a, &r,
	    &x->f));
	assert_int_equal(r.n, 0);
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_request_purge(x->st, NOW + 1, 10, &count, &x->f));
	assert_int_equal(count, 1);
	OK(x, store_commit(x->st, &x->f));
	/* The chain ends where it was cut. */
	OK(x, store_request_find_nonce(x->st, 2, VIEW_LIT("server1"), x->a, &r,
	    &x->f));
	assert_int_equal(r.n, 0);
}

static void
admin_messages_replace_each_other(void **state)
{
	struct fixture			*x = *state;
	struct store_admin_message	 m = { .transaction = VIEW_LIT("t"),
		.client_nonce = VIEW_LIT("c"), .server_nonce = VIEW_LIT("s"),
		.answer = VIEW_LIT("answer"), .created = NOW };
	int64_t				 count;

	OK(x, store_begin(x->st, &x->f));
	m.admin = add_admin(x, "ops");
	OK(x, store_admin_message_put(x->st, &m, &x->f));
	m.server_nonce = VIEW_LIT("s2");
	m.answer = VIEW_NONE;
	OK(x, store_admin_message_put(x->st, &m, &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_admin_message_find(x->st, 1, VIEW_LIT("t"), x->a, &m, &x->f));
	assert_true(view_equal(m.server_nonce, VIEW_LIT("s2")));
	assert_int_equal(m.answer.n, 0);
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_admin_message_purge(x->st, NOW + 1, &count, &x->f));
	assert_int_equal(count, 1);
	OK(x, store_commit(x->st, &x->f));
}

static bool
note_event(void *ctx, const struct store_event *e, struct fault *f)
{
	struct store_event	*last = ctx;

	(void)f;
	last->kind++;		/* here: how many */
	last->n = e->n;
	if (e->authz != 0)
		assert_string_equal(e->authz_id, "ID1");
	else
		assert_null(e->authz_id);
	return true;
}

static void
events_have_a_cursor(void **state)
{
	struct fixture		*x = *state;
	struct store_event	 e = { .time = NOW, .kind = 1 }, last = { 0 };
	int64_t			 count;

	OK(x, store_begin(x->st, &x->f));
	(void)add_authz(x, "ID1", 0);
	for (int i = 0; i < 5; i++) {
		e.authz = i == 4;
		OK(x, store_event_insert(x->st, &e, &x->f));
	}
	OK(x, store_event_walk(x->st, 0, 3, note_event, &last, &x->f));
	assert_true(last.kind == 3 && last.n == 3);
	OK(x, store_event_walk(x->st, last.n, 9, note_event, &last, &x->f));
	assert_true(last.kind == 5 && last.n == 5);
	OK(x, store_event_walk(x->st, last.n, 9, note_event, &last, &x->f));
	assert_int_equal(last.kind, 5);
	/* Even when all are old, the numbers go on. */
	OK(x, store_event_purge(x->st, NOW + 1, &count, &x->f));
	assert_int_equal(count, 4);
	OK(x, store_event_insert(x->st, &e, &x->f));
	OK(x, store_event_walk(x->st, 5, 9, note_event, &last, &x->f));
	assert_int_equal(last.n, 6);
	OK(x, store_commit(x->st, &x->f));
}

static void
row_that_does_not_fit_is_a_fault(void **state)
{
	struct fixture		*x = *state;
	struct store_admin	 ad;

	OK(x, store_begin(x->st, &x->f));
	(void)add_admin(x, "ops");
	OK(x, store_commit(x->st, &x->f));
	arena_free(x->a);
	x->a = arena_new(1);
	REFUSED(x, FAULT_INTERNAL, store_admin_find(x->st, "ops", x->a, &ad,
	    &x->f));
}

#define TEST(t)	cmocka_unit_test_setup_teardown(t, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_are_found_backwards),
		TEST(admin_messages_replace_each_other),
		TEST(events_have_a_cursor),
		TEST(row_that_does_not_fit_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
