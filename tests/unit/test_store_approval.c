/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of requests that wait for approval, and of who has said what. */
#include "store_fixture.h"
#include "store/store_approval.h"

static struct store_approval
add_waiting(struct fixture *x, int64_t authz, uint8_t token, int64_t deadline)
{
	struct store_approval	q = {
		.authz = authz, .kind = STORE_CHANGE_NONE, .needed = 2, .created = NOW,
		.pend_time = NOW + 60, .deadline = deadline, .token = { token },
		.spki_hash = { 3 }, .digest = { token, 4 }, .transaction = VIEW_LIT("tid"),
		.identity = "fqdn:gw.example", .request = VIEW_LIT("message"),
	};

	OK(x, store_approval_insert(x->st, &q, &x->f));
	return q;
}

/* Every field comes back as it was written, after a restart too. */
static void
keeps_every_field(void **state)
{
	struct fixture		*x = *state;
	struct store_authz	 z;
	struct store_approval	 q, got;

	OK(x, store_begin(x->st, &x->f));
	z = add_authz(x, "ID1", add_admin(x, "ops"));
	q = add_waiting(x, z.n, 7, NOW + 100);
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_approval_find_token(x->st, view_of(q.token, sizeof(q.token)), x->a, &got,
	    &x->f));
	assert_int_equal(got.n, q.n);
	assert_int_equal(got.state, STORE_APPROVAL_WAITING);
	assert_int_equal(got.authz, z.n);
	assert_int_equal(got.cert, 0);
	assert_int_equal(got.needed, 2);
	assert_int_equal(got.created, NOW);
	assert_int_equal(got.pend_time, NOW + 60);
	assert_int_equal(got.deadline, NOW + 100);
	assert_int_equal(got.closed, 0);
	assert_memory_equal(got.token, q.token, sizeof(q.token));
	assert_memory_equal(got.spki_hash, q.spki_hash, sizeof(q.spki_hash));
	assert_memory_equal(got.digest, q.digest, sizeof(q.digest));
	assert_true(view_equal(got.transaction, VIEW_LIT("tid")));
	assert_true(view_equal(got.request, VIEW_LIT("message")));
	assert_string_equal(got.identity, "fqdn:gw.example");
	assert_string_equal(got.reason, "");
	OK(x, store_approval_find_token(x->st, VIEW_LIT("no such token..."), x->a, &got, &x->f));
	assert_int_equal(got.n, 0);
}

/* A step is taken from the state it was read in, by one of two. */
static void
moves_once(void **state)
{
	struct fixture		*x = *state;
	struct store_authz	 z;
	struct store_approval	 q, got;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	z = add_authz(x, "ID1", add_admin(x, "ops"));
	q = add_waiting(x, z.n, 7, NOW + 100);
	REFUSED(x, FAULT_CONFLICT, store_approval_insert(x->st, &q, &x->f));
	q.state = STORE_APPROVAL_REJECTED;
	q.closed = NOW + 5;
	q.code = 28;
	q.reason = "stolen";
	OK(x, store_approval_update(x->st, &q, STORE_APPROVAL_WAITING, &done, &x->f));
	assert_true(done);
	OK(x, store_approval_update(x->st, &q, STORE_APPROVAL_WAITING, &done, &x->f));
	assert_false(done);
	OK(x, store_approval_find_open(x->st, z.n, x->a, &got, &x->f));
	assert_int_equal(got.n, 0);
	OK(x, store_approval_find_digest(x->st, z.n, q.digest, x->a, &got, &x->f));
	assert_int_equal(got.state, STORE_APPROVAL_REJECTED);
	assert_int_equal(got.code, 28);
	assert_string_equal(got.reason, "stolen");
	/* Its message is forgotten in time, and not before. */
	OK(x, store_approval_purge(x->st, NOW + 5, 10, &x->f));
	OK(x, store_approval_find_digest(x->st, z.n, q.digest, x->a, &got, &x->f));
	assert_int_equal(got.request.n, 7);
	OK(x, store_approval_purge(x->st, NOW + 6, 10, &x->f));
	OK(x, store_approval_find_digest(x->st, z.n, q.digest, x->a, &got, &x->f));
	assert_int_equal(got.request.n, 0);
	OK(x, store_commit(x->st, &x->f));
}

static bool
count_row(void *ctx, const struct store_approval *q, struct fault *f)
{
	(void)f;
	assert_int_equal(q->request.n, 0);
	*(size_t *)ctx += 1;
	return true;
}

static void
finds_what_is_due(void **state)
{
	struct fixture		*x = *state;
	int64_t			 counts[STORE_APPROVAL_STATES], due[4], admin;
	struct store_authz	 z[3];
	struct store_approval	 q[3];
	size_t			 n, seen = 0;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	admin = add_admin(x, "ops");
	for (int i = 0; i < 3; i++) {
		char	id[8];

		snprintf(id, sizeof(id), "ID%d", i);
		z[i] = add_authz(x, id, admin);
		q[i] = add_waiting(x, z[i].n, (uint8_t)(7 + i), NOW + 100 - 10 * i);
	}
	q[1].state = STORE_APPROVAL_APPROVED;
	OK(x, store_approval_update(x->st, &q[1], STORE_APPROVAL_WAITING, &done, &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_approval_due(x->st, NOW + 79, due, 4, &n, &x->f));
	assert_int_equal(n, 0);
	OK(x, store_approval_due(x->st, NOW + 90, due, 4, &n, &x->f));
	assert_int_equal(n, 2);
	assert_int_equal(due[0], z[2].n);
	assert_int_equal(due[1], z[1].n);
	OK(x, store_approval_walk(x->st, 2, count_row, &seen, &x->f));
	assert_int_equal(seen, 2);
	OK(x, store_approval_count(x->st, counts, &x->f));
	assert_int_equal(counts[STORE_APPROVAL_WAITING], 2);
	assert_int_equal(counts[STORE_APPROVAL_APPROVED], 1);
}

struct heard {
	size_t	 n;
	char	 names[64];
};

static bool
hear(void *ctx, const struct store_approver *p, struct fault *f)
{
	struct heard	*h = ctx;

	(void)f;
	h->n++;
	strcat(h->names, p->name);
	strcat(h->names, p->rejects ? "-" : "+");
	return true;
}

/* One person says the same once. */
static void
hears_each_once(void **state)
{
	struct fixture		*x = *state;
	struct heard		 h = { 0 };
	struct store_authz	 z;
	struct store_approver	 p = { .name = "Ann", .key = "ann", .time = NOW, .reason = "why" };

	OK(x, store_begin(x->st, &x->f));
	z = add_authz(x, "ID1", add_admin(x, "ops"));
	p.approval = add_waiting(x, z.n, 7, NOW + 100).n;
	OK(x, store_approver_insert(x->st, &p, &x->f));
	p.name = "ANN";
	REFUSED(x, FAULT_CONFLICT, store_approver_insert(x->st, &p, &x->f));
	p.rejects = true;
	p.time++;
	OK(x, store_approver_insert(x->st, &p, &x->f));
	p = (struct store_approver){ p.approval, "Bob", "bob", false, NOW + 2, "too" };
	OK(x, store_approver_insert(x->st, &p, &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_approver_walk(x->st, p.approval, hear, &h, &x->f));
	assert_int_equal(h.n, 3);
	assert_string_equal(h.names, "Ann+ANN-Bob+");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(keeps_every_field, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(moves_once, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(finds_what_is_due, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(hears_each_once, fixture_up, fixture_down),
	};

	return cmocka_run_group_tests_name("store_approval", tests, NULL, NULL);
}
