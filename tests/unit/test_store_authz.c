/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates, Admins, batches, authorizations and names: what goes in comes
 * out, guards hold, lists list.
 */
#include "store_fixture.h"

#include "store/store.h"

static void
templates_have_versions(void **state)
{
	struct fixture		*x = *state;
	struct store_template	 t = { .name = "s2s-gateway", .version = 1,
				    .digest = { 1 }, .der = VIEW_LIT("der"),
				    .profile = VIEW_LIT("text"), .created = NOW };
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	OK(x, store_template_insert(x->st, &t, &x->f));
	REFUSED(x, FAULT_CONFLICT, store_template_insert(x->st, &t, &x->f));
	t.version = 2;
	OK(x, store_template_insert(x->st, &t, &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_template_find(x->st, "s2s-gateway", 0, x->a, &t, &x->f));
	assert_int_equal(t.version, 2);
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_template_retire(x->st, t.n, NOW, &done, &x->f));
	assert_true(done);
	OK(x, store_template_retire(x->st, t.n, NOW + 9, &done, &x->f));
	assert_false(done);
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_template_find(x->st, "s2s-gateway", 0, x->a, &t, &x->f));
	assert_int_equal(t.version, 1);
	assert_int_equal(t.digest[0], 1);
	assert_true(view_equal(t.der, VIEW_LIT("der")));
	assert_true(view_equal(t.profile, VIEW_LIT("text")));
	OK(x, store_template_find(x->st, "s2s-gateway", 2, x->a, &t, &x->f));
	assert_int_equal(t.retired, NOW);
	OK(x, store_template_find_n(x->st, t.n, x->a, &t, &x->f));
	assert_string_equal(t.name, "s2s-gateway");
	OK(x, store_template_find(x->st, "ra-user", 0, x->a, &t, &x->f));
	assert_int_equal(t.n, 0);
}

static void
admins_speak_by_their_certificates(void **state)
{
	struct fixture		*x = *state;
	struct store_admin	 ad;
	int64_t			 ops, cert;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	ops = add_admin(x, "ops");
	ad = (struct store_admin){ .name = "ops" };
	REFUSED(x, FAULT_CONFLICT, store_admin_insert(x->st, &ad, &x->f));
	(void)add_ca(x, "issuing");
	cert = add_cert(x, 1, 0).n;
	OK(x, store_admin_add_cert(x->st, ops, cert, &x->f));
	OK(x, store_admin_add_cert(x->st, ops, cert, &x->f));
	REFUSED(x, FAULT_INTERNAL, store_admin_add_cert(x->st, 99, cert, &x->f));
	OK(x, store_admin_set_rights(x->st, ops, "authorize:*", &done, &x->f));
	assert_true(done);
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_admin_find_cert(x->st, cert, x->a, &ad, &x->f));
	assert_string_equal(ad.name, "ops");
	assert_string_equal(ad.rights, "authorize:*");
	OK(x, store_admin_find_cert(x->st, cert + 1, x->a, &ad, &x->f));
	assert_int_equal(ad.n, 0);
	OK(x, store_admin_find_n(x->st, ops, x->a, &ad, &x->f));
	assert_int_equal(ad.created, NOW);
}

static void
batches_answer_repeats(void **state)
{
	/* R4809-3.2.4.4-6 */
	struct fixture		*x = *state;
	struct store_batch	 b = { .batch_id = VIEW_LIT("0123456789abcdef"),
				    .request_digest = { 5 }, .created = NOW };
	int64_t			 count;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	b.admin = add_admin(x, "ops");
	OK(x, store_batch_insert(x->st, &b, &x->f));
	b.response = VIEW_LIT("AuthzResponse");
	b.secrets = VIEW_LIT("enveloped");
	b.ack_digest[0] = 6;
	OK(x, store_batch_answer(x->st, &b, &x->f));
	REFUSED(x, FAULT_CONFLICT, store_batch_insert(x->st, &b, &x->f));
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_batch_find(x->st, b.admin, VIEW_LIT("0123456789abcdef"),
	    x->a, &b, &x->f));
	assert_int_equal(b.request_digest[0], 5);
	assert_int_equal(b.ack_digest[0], 6);
	assert_true(view_equal(b.response, VIEW_LIT("AuthzResponse")));
	assert_true(view_equal(b.secrets, VIEW_LIT("enveloped")));
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_batch_ack(x->st, b.n, NOW + 1, &done, &x->f));
	assert_true(done);
	OK(x, store_batch_ack(x->st, b.n, NOW + 2, &done, &x->f));
	assert_false(done);
	b.batch_id = VIEW_LIT("fedcba9876543210");
	b.secrets = VIEW_LIT("other");
	OK(x, store_batch_insert(x->st, &b, &x->f));
	OK(x, store_batch_purge_secrets(x->st, NOW, &count, &x->f));
	assert_int_equal(count, 0);
	OK(x, store_batch_purge_secrets(x->st, NOW + 1, &count, &x->f));
	assert_int_equal(count, 1);
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_batch_find_n(x->st, 1, x->a, &b, &x->f));
	assert_int_equal(b.acked, NOW + 1);
	assert_int_equal(b.secrets.n, 0);
	OK(x, store_batch_find(x->st, b.admin + 1, VIEW_LIT("0123456789abcdef"),
	    x->a, &b, &x->f));
	assert_int_equal(b.n, 0);
}

static void
authorization_comes_back_whole(void **state)
{
	struct fixture		*x = *state;
	struct store_authz	 z;
	int64_t			 ops;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	ops = add_admin(x, "ops");
	(void)add_ca(x, "issuing");
	z = add_authz(x, "gr\303\274n-1", ops);
	z.state = STORE_AUTHZ_IN_PROGRESS;
	z.sealed = VIEW_LIT("sealed again");
	z.bound = z.held = true;
	z.spki_hash[31] = z.receipt[15] = 9;
	z.cert = add_cert(x, 1, z.n).n;
	z.successor = add_cert(x, 1, z.n).n;
	z.confirm_by = 1, z.renewals = 2, z.request = 3, z.failed_proofs = 4;
	z.event_at = 5, z.last_failure = 6, z.changed = 7, z.epoch = 8;
	OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
	assert_true(done);
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	memset(&z, 0, sizeof(z));
	OK(x, store_authz_find(x->st, VIEW_LIT("gr\303\274n-1"), x->a, &z, &x->f));
	assert_string_equal(z.id, "gr\303\274n-1");
	assert_int_equal(z.admin, ops);
	assert_int_equal(z.state, STORE_AUTHZ_IN_PROGRESS);
	assert_true(view_equal(z.terms, VIEW_LIT("terms")));
	assert_true(view_equal(z.subject, VIEW_LIT("subject")));
	assert_true(view_equal(z.sealed, VIEW_LIT("sealed again")));
	assert_true(view_equal(z.sealed_cancel, VIEW_LIT("sealed Kc")));
	assert_string_equal(z.label, "gw");
	assert_string_equal(z.sans, "fqdn:gw1.example");
	assert_int_equal(z.window_from, NOW);
	assert_int_equal(z.window_to, NOW + 100);
	assert_int_equal(z.confirm_within, 3600);
	assert_true(z.bound && z.held);
	assert_int_equal(z.spki_hash[31], 9);
	assert_int_equal(z.receipt[15], 9);
	assert_int_equal(z.cert, 1);
	assert_int_equal(z.successor, 2);
	assert_int_equal(z.confirm_by, 1);
	assert_int_equal(z.renewals, 2);
	assert_int_equal(z.request, 3);
	assert_int_equal(z.failed_proofs, 4);
	assert_int_equal(z.event_at, 5);
	assert_int_equal(z.last_failure, 6);
	assert_int_equal(z.changed, 7);
	assert_int_equal(z.epoch, 8);
}

static void
state_guards_an_update(void **state)
{
	struct fixture		*x = *state;
	struct store_authz	 z;
	bool			 done;

	/* Two who want the same step: the second is told. R4809-3.4.11-18 */
	OK(x, store_begin(x->st, &x->f));
	z = add_authz(x, "ID1", 0);
	z.state = STORE_AUTHZ_CANCELLED;
	z.sealed = VIEW_NONE;
	OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
	assert_true(done);
	z.state = STORE_AUTHZ_IN_PROGRESS;
	z.sealed = VIEW_LIT("late");
	OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
	assert_false(done);
	z.n = 99;
	OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
	assert_false(done);
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_authz_find_n(x->st, 1, x->a, &z, &x->f));
	assert_int_equal(z.state, STORE_AUTHZ_CANCELLED);
	assert_int_equal(z.sealed.n, 0);
}

static void
id_is_never_handed_out_twice(void **state)
{
	/* R4809-3.2.5-1, R4809-3.2.4.4-3, R4809-3.2.4.4-5, SEED-45 */
	struct fixture		*x = *state;
	struct store_authz	 z;
	struct store_owner	 owners[STORE_OWNERS_MAX];
	size_t			 count;
	int64_t			 same;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	z = add_authz(x, "ID1", 0);
	OK(x, store_name_insert(x->st, "gw1.example", STORE_NAME_FQDN, z.n, 0,
	    &x->f));
	OK(x, store_authz_find_content(x->st, 0, z.content_digest, &same, &x->f));
	assert_int_equal(same, z.n);
	z.state = STORE_AUTHZ_CANCELLED;
	OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
	OK(x, store_authz_erase(x->st, z.n, &x->f));
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_authz_find(x->st, VIEW_LIT("ID1"), x->a, &z, &x->f));
	assert_int_equal(z.state, STORE_AUTHZ_CANCELLED);
	assert_int_equal(z.terms.n + z.subject.n, 0);
	assert_string_equal(z.sans, "");
	assert_true(view_equal(z.sealed_cancel, VIEW_LIT("sealed Kc")));
	OK(x, store_name_owners(x->st, "gw1.example", STORE_NAME_FQDN, NOW,
	    owners, &count, &x->f));
	assert_int_equal(count, 0);
	OK(x, store_authz_find_content(x->st, 0, z.content_digest, &same, &x->f));
	assert_int_equal(same, 0);
	OK(x, store_begin(x->st, &x->f));
	z = new_authz("ID1", 0);
	REFUSED(x, FAULT_CONFLICT, store_authz_insert(x->st, &z, &x->f));
	(void)add_authz(x, "ID2", 0);
	OK(x, store_commit(x->st, &x->f));
}

static bool
note_number(void *ctx, const struct store_authz *z, struct fault *f)
{
	int64_t	*sum = ctx;

	(void)f;
	*sum = *sum * 10 + z->n;
	return true;
}

static bool
refuse(void *ctx, const struct store_authz *z, struct fault *f)
{
	(void)ctx;
	return fault_set(f, FAULT_REFUSED, NULL, "row %d", (int)z->n);
}

static void
authorizations_are_listed(void **state)
{
	static const struct {
		const char			*label;
		struct store_authz_filter	 filter;
		int64_t				 want;	/* digits: n after n */
	} cases[] = {
		{ "all", { .max = 9 }, 1234 },
		{ "one Admin's", { .admin = 2, .max = 9 }, 34 },
		{ "open", { .states = 1u << STORE_AUTHZ_OPEN, .max = 9 }, 123 },
		{ "locked", { .states = 1u << STORE_AUTHZ_LOCKED, .max = 9 }, 4 },
		{ "after the cursor", { .after = 2, .max = 9 }, 34 },
		{ "at most two", { .max = 2 }, 12 },
		{ "by part of a name", { .text = "gw1.ex", .max = 9 }, 1234 },
		{ "by whole id", { .text = "ID3", .max = 9 }, 3 },
		{ "by part of an id", { .text = "ID", .max = 9 }, 0 },
		{ "a batch", { .batch = 1, .max = 9 }, 4 },
		{ "another batch", { .batch = 7, .max = 9 }, 0 },
	};
	struct fixture		*x = *state;
	struct store_batch	 b = { .batch_id = VIEW_LIT("0123456789abcdef") };
	int64_t			 n[8], counts[STORE_AUTHZ_STATES], got = 0;
	size_t			 count;
	struct store_authz	 z;

	OK(x, store_begin(x->st, &x->f));
	(void)add_admin(x, "one");
	(void)add_admin(x, "two");
	(void)add_authz(x, "ID1", 1);
	(void)add_authz(x, "ID2", 1);
	(void)add_authz(x, "ID3", 2);
	b.admin = 2;
	OK(x, store_batch_insert(x->st, &b, &x->f));
	z = new_authz("ID4", 2);
	z.batch = b.n;
	z.state = STORE_AUTHZ_LOCKED;
	OK(x, store_authz_insert(x->st, &z, &x->f));
	OK(x, store_commit(x->st, &x->f));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].label);
		got = 0;
		OK(x, store_authz_walk(x->st, &cases[i].filter, note_number,
		    &got, &x->f));
		assert_int_equal(got, cases[i].want);
	}
	REFUSED(x, FAULT_REFUSED, store_authz_walk(x->st, &cases[0].filter,
	    refuse, NULL, &x->f));
	OK(x, store_authz_in_states(x->st, 1u << STORE_AUTHZ_OPEN, 1, n, 8,
	    &count, &x->f));
	assert_int_equal(count, 2);
	assert_int_equal(n[0], 2);
	OK(x, store_authz_count(x->st, counts, &x->f));
	assert_int_equal(counts[STORE_AUTHZ_OPEN], 3);
	assert_int_equal(counts[STORE_AUTHZ_LOCKED], 1);
}

static void
what_is_due_is_found(void **state)
{
	struct fixture		*x = *state;
	static const struct {
		const char		*id;
		enum store_authz_state	 state;
		int64_t			 from, to, confirm_by;
	} rows[] = {
		{ "early", STORE_AUTHZ_WAITING, NOW + 50, NOW + 100, 0 },
		{ "open", STORE_AUTHZ_OPEN, NOW, NOW + 100, 0 },
		{ "ended", STORE_AUTHZ_OPEN, NOW - 9, NOW - 1, 0 },
		{ "ended when used", STORE_AUTHZ_ISSUED, NOW - 9, NOW - 1, NOW + 10 },
		{ "unconfirmed", STORE_AUTHZ_ISSUED, NOW - 9, NOW + 9, NOW },
	};
	int64_t			 n[8];
	size_t			 count;

	OK(x, store_begin(x->st, &x->f));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_authz	z = new_authz(rows[i].id, 0);

		z.state = rows[i].state;
		z.window_from = rows[i].from;
		z.window_to = rows[i].to;
		z.confirm_by = rows[i].confirm_by;
		OK(x, store_authz_insert(x->st, &z, &x->f));
	}
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_authz_ended(x->st, 0, NOW, n, 8, &count, &x->f));
	assert_true(count == 1 && n[0] == 3);
	OK(x, store_authz_ended(x->st, NOW, NOW + 100, n, 8, &count, &x->f));
	assert_int_equal(count, 2);
	OK(x, store_authz_ended(x->st, NOW, NOW + 100, n, 1, &count, &x->f));
	assert_int_equal(count, 1);
	OK(x, store_authz_unconfirmed(x->st, NOW, n, 8, &count, &x->f));
	assert_true(count == 1 && n[0] == 5);
	OK(x, store_authz_unconfirmed(x->st, NOW - 1, n, 8, &count, &x->f));
	assert_int_equal(count, 0);
	OK(x, store_authz_begun(x->st, NOW + 49, n, 8, &count, &x->f));
	assert_int_equal(count, 0);
	OK(x, store_authz_begun(x->st, NOW + 50, n, 8, &count, &x->f));
	assert_true(count == 1 && n[0] == 1);
}

static void
names_have_owners(void **state)
{
	static const struct {
		const char		*label;
		enum store_authz_state	 authz;
		int			 cert;	/* state, or -1 */
		int64_t			 not_after;
		bool			 living;
	} cases[] = {
		{ "waiting", STORE_AUTHZ_WAITING, -1, 0, true },
		{ "open", STORE_AUTHZ_OPEN, -1, 0, true },
		{ "in progress", STORE_AUTHZ_IN_PROGRESS, STORE_CERT_RESERVED,
		    NOW + 1, true },
		{ "locked", STORE_AUTHZ_LOCKED, -1, 0, true },
		{ "expired", STORE_AUTHZ_EXPIRED, -1, 0, false },
		{ "cancelled", STORE_AUTHZ_CANCELLED, -1, 0, false },
		{ "confirmed", STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED,
		    NOW + 1, true },
		{ "superseded", STORE_AUTHZ_CONFIRMED, STORE_CERT_SUPERSEDED,
		    NOW + 1, true },
		{ "past not_after", STORE_AUTHZ_CONFIRMED, STORE_CERT_CONFIRMED,
		    NOW, false },
		{ "revoked", STORE_AUTHZ_CONFIRMED, STORE_CERT_REVOKED, NOW + 1,
		    false },
		{ "rejected", STORE_AUTHZ_REJECTED, STORE_CERT_REVOKED, NOW + 1,
		    false },
	};
	struct fixture		*x = *state;
	struct store_owner	 o[STORE_OWNERS_MAX];
	size_t			 count;
	int64_t			 dead;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_authz	z = add_authz(x, cases[i].label, 0);
		bool			done;

		print_message("%s\n", cases[i].label);
		if (cases[i].cert >= 0)
			z.cert = cert_in_state(x, z.n,
			    (enum store_cert_state)cases[i].cert,
			    cases[i].not_after);
		z.state = cases[i].authz;
		OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done,
		    &x->f));
		OK(x, store_name_insert(x->st, cases[i].label, STORE_NAME_FQDN,
		    z.n, 0, &x->f));
		OK(x, store_name_owners(x->st, cases[i].label, STORE_NAME_FQDN,
		    NOW, o, &count, &x->f));
		assert_int_equal(count, 1);
		assert_int_equal(o[0].authz, z.n);
		assert_int_equal(o[0].cert, z.cert);
		assert_int_equal(o[0].living, cases[i].living);
		OK(x, store_name_owners(x->st, cases[i].label, STORE_NAME_EMAIL,
		    NOW, o, &count, &x->f));
		assert_int_equal(count, 0);
	}
	/* The living owner of a name comes before any number of dead ones. */
	OK(x, store_name_insert(x->st, "busy", STORE_NAME_FQDN, 1, 0, &x->f));
	dead = cert_in_state(x, 0, STORE_CERT_REVOKED, NOW + 1);
	OK(x, store_name_insert(x->st, "busy", STORE_NAME_FQDN, 0, dead, &x->f));
	for (int64_t i = 1; i <= 2 * STORE_OWNERS_MAX; i++)
		OK(x, store_name_insert(x->st, "busy", STORE_NAME_FQDN,
		    1000 + i, 0, &x->f));
	OK(x, store_name_owners(x->st, "busy", STORE_NAME_FQDN, NOW, o, &count,
	    &x->f));
	assert_int_equal(count, STORE_OWNERS_MAX);
	assert_int_equal(o[0].authz, 1);
	assert_true(o[0].living && !o[1].living);
	OK(x, store_commit(x->st, &x->f));
}

static int64_t
sealed_since(struct fixture *x, int64_t now)
{
	int64_t	since;

	OK(x, store_sealed_since(x->st, now, &since, &x->f));
	return since;
}

static void
what_is_sealed_counts(void **state)
{
	struct fixture		*x = *state;
	struct store_authz	 z = new_authz("old", 0);
	struct store_cert	 c;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	assert_int_equal(sealed_since(x, NOW), NOW);
	z.sealed = VIEW_LIT("K");
	z.created = NOW - 500;
	OK(x, store_authz_insert(x->st, &z, &x->f));
	assert_int_equal(sealed_since(x, NOW), NOW - 500);
	c = new_cert(x, 1, 0);
	c.created = NOW - 900;
	OK(x, store_cert_insert(x->st, &c, &x->f));
	assert_int_equal(sealed_since(x, NOW), NOW - 900);
	assert_int_equal(sealed_since(x, NOW + 1000), NOW - 500);	/* the certificate has ended */
	OK(x, store_cert_move(x->st, c.n, STORE_CERT_RESERVED, STORE_CERT_REJECTED, 0, &done,
	    &x->f));
	assert_int_equal(sealed_since(x, NOW), NOW - 500);
	z.sealed = VIEW_NONE;
	OK(x, store_authz_update(x->st, &z, z.state, &done, &x->f));
	assert_int_equal(sealed_since(x, NOW), NOW);
	OK(x, store_commit(x->st, &x->f));
}

#define TEST(t)	cmocka_unit_test_setup_teardown(t, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(templates_have_versions),
		TEST(admins_speak_by_their_certificates),
		TEST(batches_answer_repeats),
		TEST(authorization_comes_back_whole),
		TEST(state_guards_an_update),
		TEST(id_is_never_handed_out_twice),
		TEST(authorizations_are_listed),
		TEST(what_is_due_is_found),
		TEST(names_have_owners),
		TEST(what_is_sealed_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
