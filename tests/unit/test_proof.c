/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/cmc.h"
#include "codec/oid.h"
#include "message/proof.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TOKEN		VIEW_LIT("S\xc3\xa9same-ouvre-toi-42")
#define IDENT		VIEW_LIT("gw-0001.paris.example")
#define EMPTY_REQUESTS	VIEW_LIT("\x30\x00")

static void
key_of_token(uint8_t k[PROOF_OCTETS], struct view id)
{
	proof_key(TOKEN, id, k);
}

/* R5272-6.2-1, R5272-6.2.3-1, R5274-5.1-8 */
static void
identity(void **state)
{
	static const struct {
		const char	*label;
		bool		 with_id;
		const char	*key, *witness;
	} cases[] = {
		{ "token alone", false,
		    "4473fd7397f3437ba533bd5a894318d0a0153e2116354879337bea8470de1104",
		    "e7427a5c90da2b95740a8935b87a34ec635afc749dcf0e3190851c8adb87ff2d" },
		{ "token and id", true,
		    "e11f06c13981e5543b7ed14868dbd27fcf8b976c124dd29f22e1622d6f18eb01",
		    "2cf82fda74ac1de5b27c4c50dc364f291e6ecffa3bba19bd9b57abe885c54dcb" },
	};
	uint8_t		k[PROOF_OCTETS], w[PROOF_OCTETS];
	struct octets	want;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].label);
		key_of_token(k, cases[i].with_id ? IDENT : VIEW_NONE);
		from_hex(&want, cases[i].key);
		assert_memory_equal(k, want.p, PROOF_OCTETS);
		proof_identity(k, EMPTY_REQUESTS, w);
		assert_true(proof_equal(w, from_hex(&want, cases[i].witness)));
	}
}

/* R5272-6.3-1, R5274-5.1-9 */
static void
link_witness(void **state)
{
	uint8_t		k[PROOF_OCTETS], w[PROOF_OCTETS], random[64];
	struct octets	want;

	(void)state;
	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)i;
	key_of_token(k, VIEW_NONE);
	proof_link(k, view_of(random, sizeof(random)), w);
	assert_true(proof_equal(w, from_hex(&want,
	    "82d90e10c1a3636c55813cf92c7f89ab7af3e2f1128c81456c85fd5392ee97e7")));
	key_of_token(k, IDENT);
	proof_link(k, view_of(random, sizeof(random)), w);
	assert_true(proof_equal(w, from_hex(&want,
	    "113fa1c9480ed2d9da8d93f72e0640fe2b892cecd5fb35bb57559fe00deeaba6")));
}

/* R5272-6.3.1.1-1 */
static void
link_random(void **state)
{
	static const struct {
		const char	*label;
		size_t		 n;
		uint8_t		 first;
		bool		 want;
	} cases[] = {
		{ "the least", 64, 0, true },
		{ "the most", 128, 0xff, true },
		{ "too short", 63, 0, false },
		{ "too long", 129, 0, false },
		{ "none", 0, 0, false },
		{ "could be a reqSequence", 64, 0x30, false },
	};
	uint8_t	r[200] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].label);
		r[0] = cases[i].first;
		assert_int_equal(proof_link_random_ok(view_of(r, cases[i].n)), cases[i].want);
	}
	assert_false(proof_link_random_ok(VIEW_NONE));
}

static void
witness_as_value(void **state)
{
	uint8_t			w[PROOF_OCTETS] = { 7 };
	struct fault		f = { 0 };
	struct cmc_proof	p;
	struct buf		b;

	(void)state;
	buf_init(&b, 200);
	proof_put(&b, w);
	assert_true(cmc_proof_decode(buf_view(&b), &p, &f));
	assert_true(proof_check_form(&p, &f));
	assert_true(proof_equal(w, p.witness));
	p.witness.n--;
	assert_false(proof_equal(w, p.witness));
	assert_false(proof_check_form(&p, &f));
	assert_int_equal(f.kind, FAULT_ALGORITHM);
	buf_clear(&b);
}

/* C-23: only SHA-256 and HMAC-SHA-256: no way back to SHA-1. */
static void
other_algorithms(void **state)
{
	struct algorithm	sha1_alg = { .oid = OID_SHA1 };
	struct algorithm	hmac_sha1 = { .oid = OID_HMAC_SHA1 };
	struct algorithm	sha256_alg = { .oid = OID_SHA256 };
	uint8_t			w[PROOF_OCTETS] = { 0 };
	struct cmc_proof	p = { .key_alg = sha1_alg, .mac_alg = hmac_sha1,
				    .witness = view_of(w, sizeof(w)) };
	struct fault		f = { 0 };

	(void)state;
	assert_false(proof_check_form(&p, &f));
	assert_int_equal(f.kind, FAULT_ALGORITHM);
	fault_clear(&f);
	p.key_alg = sha256_alg;
	assert_false(proof_check_form(&p, &f));
	assert_int_equal(f.kind, FAULT_ALGORITHM);
}

/* The key of a cancellation is neither K nor a witness of it. */
static void
cancel(void **state)
{
	uint8_t	k[PROOF_OCTETS], kc[PROOF_OCTETS], a[PROOF_OCTETS], b[PROOF_OCTETS];

	(void)state;
	key_of_token(k, IDENT);
	proof_cancel_key(k, kc);
	assert_memory_not_equal(k, kc, PROOF_OCTETS);
	proof_cancel(kc, EMPTY_REQUESTS, a);
	proof_identity(k, EMPTY_REQUESTS, b);
	assert_memory_not_equal(a, b, PROOF_OCTETS);
	proof_link(k, VIEW_LIT("id-cvp cancel v1"), b);
	assert_memory_equal(b, kc, PROOF_OCTETS);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(link_witness),
		cmocka_unit_test(link_random),
		cmocka_unit_test(witness_as_value),
		cmocka_unit_test(other_algorithms),
		cmocka_unit_test(cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
