/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, CAs and CRLs in the store.
 */
#include "store_fixture.h"

#include "store/store.h"

static void
certificate_goes_its_way(void **state)
{
	struct fixture		*x = *state;
	struct store_cert	 c;
	uint8_t			 sha1[STORE_SHA1_OCTETS] = { 1, 2, 3 };
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	c = new_cert(x, 1, 0);
	c.prev = 0;
	OK(x, store_cert_insert(x->st, &c, &x->f));
	REFUSED(x, FAULT_CONFLICT, store_cert_insert(x->st, &c, &x->f));
	c.n += 5;
	REFUSED(x, FAULT_INTERNAL, store_cert_insert(x->st, &c, &x->f));
	c.n -= 5;
	OK(x, store_cert_find_sha1(x->st, sha1, x->a, &c, &x->f));
	assert_int_equal(c.n, 0);
	OK(x, store_cert_confirm(x->st, 1, NOW, &done, &x->f));
	assert_false(done);
	OK(x, store_cert_finish(x->st, 1, VIEW_LIT("certificate"), VIEW_LIT("deed"), sha1, &done,
	    &x->f));
	assert_true(done);
	OK(x, store_cert_finish(x->st, 1, VIEW_LIT("another"), VIEW_NONE, sha1, &done,
	    &x->f));
	assert_false(done);
	/* Not served by its hash before it is confirmed. */
	OK(x, store_cert_find_sha1(x->st, sha1, x->a, &c, &x->f));
	assert_int_equal(c.n, 0);
	OK(x, store_cert_confirm(x->st, 1, NOW + 1, &done, &x->f));
	assert_true(done);
	OK(x, store_commit(x->st, &x->f));
	for (int i = 0; i < 2; i++) {
		OK(x, store_cert_find_sha1(x->st, sha1, x->a, &c, &x->f));
		assert_int_equal(c.n, 1);
		assert_true(view_equal(c.body, VIEW_LIT("certificate")));
		assert_int_equal(c.confirmed_at, NOW + 1);
		assert_string_equal(c.identity, "fqdn:gw1.example");
		fixture_reopen(x);
	}
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_cert_move(x->st, 1, STORE_CERT_CONFIRMED,
	    STORE_CERT_SUPERSEDED, NOW + 60, &done, &x->f));
	assert_true(done);
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_cert_find_sha1(x->st, sha1, x->a, &c, &x->f));
	assert_int_equal(c.n, 0);
	OK(x, store_cert_find(x->st, 1, false, x->a, &c, &x->f));
	assert_int_equal(c.retire_at, NOW + 60);
	assert_int_equal(c.body.n, 0);
	OK(x, store_cert_find(x->st, 2, false, x->a, &c, &x->f));
	assert_int_equal(c.n, 0);
}

static void
many_certificates_by_hash(void **state)
{
	struct fixture		*x = *state;
	struct store_cert	 c, found;
	uint8_t			 none[STORE_SHA1_OCTETS] = { 0 };

	/* More than the first table holds, half of them after a look-up. */
	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	for (int i = 0; i < 3000; i++) {
		c = new_cert(x, 1, 0);
		c.state = STORE_CERT_CONFIRMED;
		sha1(view_of(&c.n, sizeof(c.n)), c.sha1);
		OK(x, store_cert_insert(x->st, &c, &x->f));
		if (i == 1500)
			OK(x, store_cert_find_sha1(x->st, none, x->a, &found,
			    &x->f));
	}
	OK(x, store_commit(x->st, &x->f));
	for (int64_t n = 1; n <= 3000; n++) {
		uint8_t	hash[STORE_SHA1_OCTETS];

		sha1(view_of(&n, sizeof(n)), hash);
		OK(x, store_cert_find_sha1(x->st, hash, x->a, &found, &x->f));
		assert_int_equal(found.n, n);
		arena_reset(x->a);
	}
	store_close(x->st);
	fixture_open(x, STORE_READ_ONLY);
	OK(x, store_cert_find_sha1(x->st, c.sha1, x->a, &found, &x->f));
	assert_int_equal(found.n, c.n);
	OK(x, store_cert_find_sha1(x->st, none, x->a, &found, &x->f));
	assert_int_equal(found.n, 0);
}

static void
certificates_are_found_by_name(void **state)
{
	static const struct {
		const char	*text;
		size_t		 want;
	} cases[] = {
		{ "gw1.example", 1 }, { "fqdn:gw1.example", 1 },
		{ "email:gw1.example", 0 }, { "gw", 1 }, { "label:gw", 1 },
		{ "ID1", 1 }, { "ID2", 0 }, { "admin.example", 1 },
		{ "nothing", 0 }, { "", 0 },
	};
	struct fixture		*x = *state;
	struct store_authz	 z;
	int64_t			 n[4];
	size_t			 count;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	z = add_authz(x, "ID1", 0);
	(void)add_authz(x, "ID2", 0);
	OK(x, store_name_insert(x->st, "gw1.example", STORE_NAME_FQDN, 1, 0, &x->f));
	OK(x, store_name_insert(x->st, "gw", STORE_NAME_LABEL, 1, 0, &x->f));
	OK(x, store_name_insert(x->st, "gw", STORE_NAME_LABEL, 2, 0, &x->f));
	z.cert = cert_in_state(x, 1, STORE_CERT_CONFIRMED, NOW + 1);
	z.state = STORE_AUTHZ_CONFIRMED;
	OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
	OK(x, store_name_insert(x->st, "admin.example", STORE_NAME_FQDN, 0,
	    cert_in_state(x, 0, STORE_CERT_REVOKED, NOW + 1), &x->f));
	OK(x, store_commit(x->st, &x->f));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].text);
		OK(x, store_cert_find_named(x->st, cases[i].text, n, 4, &count,
		    &x->f));
		assert_int_equal(count, cases[i].want);
	}
}

struct revoked {
	int64_t	 n[8];
	size_t	 count;
};

static bool
note_revoked(void *ctx, const struct store_revoked *r, struct fault *f)
{
	struct revoked	*out = ctx;

	(void)f;
	assert_int_equal(r->serial.n, STORE_SERIAL_OCTETS);
	assert_int_equal(r->serial.p[5], r->n);
	assert_int_equal(r->revoked_at, NOW + r->n);
	assert_int_equal(r->reason, 1);
	assert_int_equal(r->invalidity, NOW - 5);
	out->n[out->count++] = r->n;
	return true;
}

static void
revoked_are_walked_in_order(void **state)
{
	struct fixture	*x = *state;
	struct revoked	 r = { .count = 0 };
	int64_t		 counts[STORE_CERT_STATES], n[4], count;
	size_t		 found;
	bool		 done;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	(void)cert_in_state(x, 0, STORE_CERT_REVOKED, NOW + 1000);
	(void)cert_in_state(x, 0, STORE_CERT_CONFIRMED, NOW + 1000);
	(void)cert_in_state(x, 0, STORE_CERT_REVOKED, NOW + 10);
	(void)cert_in_state(x, 0, STORE_CERT_REVOKED, NOW + 1000);
	(void)cert_in_state(x, 0, STORE_CERT_REJECTED, NOW + 1000);
	(void)cert_in_state(x, 0, STORE_CERT_ISSUED, NOW + 5);
	OK(x, store_revoked_walk(x->st, 1, NOW + 10, 0, note_revoked, &r, &x->f));
	assert_true(r.count == 2 && r.n[0] == 1 && r.n[1] == 4);
	r.count = 0;
	OK(x, store_revoked_walk(x->st, 1, NOW, NOW + 3, note_revoked, &r, &x->f));
	assert_true(r.count == 2 && r.n[0] == 3 && r.n[1] == 4);
	r.count = 0;
	OK(x, store_revoked_walk(x->st, 2, NOW, 0, note_revoked, &r, &x->f));
	assert_int_equal(r.count, 0);
	/* Once, and not from every state. */
	OK(x, store_cert_revoke(x->st, 1, NOW, 4, 0, &done, &x->f));
	assert_false(done);
	OK(x, store_cert_revoke(x->st, 5, NOW, 4, 0, &done, &x->f));
	assert_false(done);
	OK(x, store_cert_move(x->st, 2, STORE_CERT_CONFIRMED,
	    STORE_CERT_SUPERSEDED, NOW + 60, &done, &x->f));
	OK(x, store_cert_retiring(x->st, NOW + 59, n, 4, &found, &x->f));
	assert_int_equal(found, 0);
	OK(x, store_cert_retiring(x->st, NOW + 60, n, 4, &found, &x->f));
	assert_true(found == 1 && n[0] == 2);
	OK(x, store_cert_expire(x->st, NOW + 5, &count, &x->f));
	assert_int_equal(count, 1);
	OK(x, store_cert_count(x->st, counts, &x->f));
	assert_int_equal(counts[STORE_CERT_EXPIRED], 1);
	assert_int_equal(counts[STORE_CERT_REVOKED], 3);
	OK(x, store_commit(x->st, &x->f));
}

static void
crl_numbers_only_rise(void **state)
{
	struct fixture		*x = *state;
	struct store_crl	 crl = { .ca = 1, .this_update = NOW,
				    .next_update = NOW + 1, .der = VIEW_LIT("v1") };
	struct store_ca		 ca;
	int64_t			 number;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	OK(x, store_crl_number(x->st, 1, 0, &number, &x->f));
	assert_int_equal(number, 1);
	OK(x, store_crl_number(x->st, 1, 100, &number, &x->f));
	assert_int_equal(number, 100);
	OK(x, store_crl_number(x->st, 1, 5, &number, &x->f));
	assert_int_equal(number, 101);
	REFUSED(x, FAULT_NOT_FOUND, store_crl_number(x->st, 7, 0, &number, &x->f));
	crl.number = 101;
	OK(x, store_crl_put(x->st, &crl, &x->f));
	crl.number = 100;
	REFUSED(x, FAULT_CONFLICT, store_crl_put(x->st, &crl, &x->f));
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_crl_find(x->st, 1, STORE_CRL_FULL, x->a, &crl, &x->f));
	assert_int_equal(crl.number, 101);
	assert_true(view_equal(crl.der, VIEW_LIT("v1")));
	OK(x, store_crl_find(x->st, 1, STORE_CRL_DELTA, x->a, &crl, &x->f));
	assert_int_equal(crl.number, 0);
	OK(x, store_ca_find(x->st, "issuing", x->a, &ca, &x->f));
	assert_int_equal(ca.crl_number, 101);
}

#define TEST(t)	cmocka_unit_test_setup_teardown(t, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(certificate_goes_its_way),
		TEST(many_certificates_by_hash),
		TEST(certificates_are_found_by_name),
		TEST(revoked_are_walked_in_order),
		TEST(crl_numbers_only_rise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
