/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R5274-10-1, R5274-10-2: small, even, out of the curve, of small order, test cases by
 *   kind
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "crypt/bench.h"
#include "crypt/key.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT		VIEW_LIT("what is signed")

static const enum key_kind kinds[] = {
	KEY_EC_P256, KEY_EC_P384, KEY_ED25519, KEY_RSA_3072,
};
static struct key *keys[COUNT(kinds)];

static int
make_keys(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if ((keys[i] = key_generate(kinds[i], &f)) == NULL)
			return -1;
	return 0;
}

static int
free_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		key_free(keys[i]);
	return 0;
}

static void
sign_with(struct key *k, struct buf *sig)
{
	struct fault	f = { 0 };

	buf_init(sig, SIGNATURE_MAX);
	assert_true(key_sign(k, TEXT, sig, &f));
}

static void
signs_and_verifies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct fault	 f = { 0 };
		struct pubkey	*p = pubkey_from_spki(key_spki(keys[i]), &f);
		struct buf	 sig;

		print_message("%s\n", key_kind_name(kinds[i]));
		assert_non_null(p);
		assert_int_equal(key_kind_of(keys[i]), kinds[i]);
		assert_int_equal(pubkey_kind(p), kinds[i]);
		assert_int_equal(spki_kind(key_spki(keys[i])), kinds[i]);
		assert_int_equal(pubkey_bits(p), key_kind_bits(kinds[i]));
		sign_with(keys[i], &sig);
		for (int n = 0; n < 3; n++)
			assert_true(pubkey_verify(p, key_sigalg(keys[i]), TEXT,
			    buf_view(&sig), &f));
		assert_false(pubkey_verify(p, key_sigalg(keys[i]), VIEW_LIT("another"),
		    buf_view(&sig), &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		fault_clear(&f);
		sig.p[sig.n - 1] ^= 1;
		assert_false(pubkey_verify(p, key_sigalg(keys[i]), TEXT, buf_view(&sig), &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		buf_clear(&sig);
		pubkey_free(p);
	}
}

/* Each algorithm with each key: only the own ones pass the first gate. */
static void
algorithm_belongs_to_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t j = 0; j < COUNT(kinds); j++) {
			struct fault	 f = { 0 };
			struct pubkey	*p = pubkey_from_spki(key_spki(keys[i]), &f);
			struct buf	 sig;
			bool		 both_ec = key_kind_is_ec(kinds[i]) &&
					    key_kind_is_ec(kinds[j]);

			if (i == j) {
				pubkey_free(p);
				continue;
			}
			sign_with(keys[i], &sig);
			assert_false(pubkey_verify(p, key_sigalg(keys[j]), TEXT,
			    buf_view(&sig), &f));
			assert_int_equal(f.kind, both_ec ? FAULT_SIGNATURE : FAULT_ALGORITHM);
			buf_clear(&sig);
			pubkey_free(p);
		}
}

static void
unknown_algorithms(void **state)
{
	static const struct {
		const char	*label, *der;
	} cases[] = {
		{ "ecdsa-with-SHA1", "300906072a8648ce3d0401" },
		{ "ecdsa-with-SHA256 and NULL", "300c06082a8648ce3d0403020500" },
		{ "sha1WithRSAEncryption", "300d06092a864886f70d0101050500" },
		{ "rsaEncryption", "300d06092a864886f70d0101010500" },
		{ "id-alg-noSignature", "300c06082b060105050706020500" },
		{ "Ed25519 and NULL", "300706032b65700500" },
		{ "PSS with defaults", "300d06092a864886f70d01010a3000" },
		{ "nothing", "" },
	};
	struct fault	 f = { 0 };
	struct pubkey	*p = pubkey_from_spki(key_spki(keys[0]), &f);
	struct octets	 o;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].label);
		fault_clear(&f);
		assert_false(pubkey_verify(p, from_hex(&o, cases[i].der), TEXT,
		    VIEW_LIT("x"), &f));
		assert_int_equal(f.kind, FAULT_ALGORITHM);
	}
	pubkey_free(p);
}

#define P256_HEAD "3059301306072a8648ce3d020106082a8648ce3d030107034200"
#define P256_X "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define ED_HEAD "302a300506032b6570032100"
#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static void
public_keys(void **state)
{
	static const struct {
		const char	*label, *spki;
		enum fault_kind	 want;
	} cases[] = {
		{ "the generator of P-256", P256_HEAD "04" P256_X P256_Y, FAULT_NONE },
		{ "off the curve", P256_HEAD "04" P256_X P256_X, FAULT_MALFORMED },
		{ "a hybrid point", P256_HEAD "07" P256_X P256_Y, FAULT_ALGORITHM },
		{ "a compressed point", "3039301306072a8648ce3d020106082a8648ce3d030107"
		    "032200" "03" P256_X, FAULT_ALGORITHM },
		{ "a byte too many", P256_HEAD "04" P256_X P256_Y "00", FAULT_ALGORITHM },
		{ "secp256k1", "3056301006072a8648ce3d020106052b8104000a034200"
		    "04" P256_X P256_Y, FAULT_ALGORITHM },
		{ "an Ed25519 key", ED_HEAD
		    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		    FAULT_NONE },
		{ "Ed25519, zero", ED_HEAD "00" ZEROS, FAULT_REFUSED },
		{ "Ed25519, one", ED_HEAD "01" ZEROS, FAULT_REFUSED },
		{ "Ed25519, minus one", ED_HEAD
		    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		    FAULT_REFUSED },
		{ "Ed25519, order eight", ED_HEAD
		    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		    FAULT_REFUSED },
		{ "nothing", "", FAULT_ALGORITHM },
		{ "an empty sequence", "3000", FAULT_ALGORITHM },
		{ "indefinite length", "3080", FAULT_ALGORITHM },
	};
	struct octets	o;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault	 f = { 0 };
		struct pubkey	*p = pubkey_from_spki(from_hex(&o, cases[i].spki), &f);

		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].want);
		assert_int_equal(p != NULL, cases[i].want == FAULT_NONE);
		pubkey_free(p);
	}
}

/* An RSA SPKI of our own making: a modulus of bits bits, all ones but two. */
static struct view
rsa_spki(struct octets *o, unsigned bits, const char *e_hex, bool even)
{
	static const char	alg[] = "300d06092a864886f70d0101010500";
	uint8_t			n[1024];
	struct octets		a, e;
	size_t			len = bits / 8, inner, at = 0;

	memset(n, 0xff, sizeof(n));
	n[len - 1] = even ? 0xfe : 0xfd;
	from_hex(&a, alg);
	from_hex(&e, e_hex);
	inner = 4 + 1 + len + 2 + e.n;
#define HEAD(tag, size) do { \
	o->p[at++] = tag; o->p[at++] = 0x82; \
	o->p[at++] = (uint8_t)((size) >> 8); o->p[at++] = (uint8_t)(size); } while (0)
	HEAD(0x30, a.n + 4 + 1 + 4 + inner);
	memcpy(o->p + at, a.p, a.n);
	at += a.n;
	HEAD(0x03, 1 + 4 + inner);
	o->p[at++] = 0;
	HEAD(0x30, inner);
	HEAD(0x02, 1 + len);
	o->p[at++] = 0;
	memcpy(o->p + at, n, len);
	at += len;
	o->p[at++] = 0x02;
	o->p[at++] = (uint8_t)e.n;
	memcpy(o->p + at, e.p, e.n);
	return view_of(o->p, at + e.n);
}

static void
rsa_public_keys(void **state)
{
	static const struct {
		const char	*label;
		unsigned	 bits;
		const char	*e;
		bool		 even;
		enum fault_kind	 want;
	} cases[] = {
		{ "2048", 2048, "010001", false, FAULT_NONE },
		{ "2504", 2504, "010001", false, FAULT_NONE },
		{ "4096", 4096, "010001", false, FAULT_NONE },
		{ "1024", 1024, "010001", false, FAULT_ALGORITHM },
		{ "C-19: 5120", 5120, "010001", false, FAULT_ALGORITHM },
		{ "an even modulus", 2048, "010001", true, FAULT_REFUSED },
		{ "exponent 3", 2048, "03", false, FAULT_REFUSED },
		{ "an even exponent", 2048, "010002", false, FAULT_REFUSED },
		{ "exponent 2^32 - 1", 2048, "00ffffffff", false, FAULT_NONE },
		{ "C-19: exponent 2^32 + 1", 2048, "0100000001", false, FAULT_REFUSED },
		{ "a negative exponent", 2048, "ff", false, FAULT_ALGORITHM },
		{ "a padded exponent", 2048, "00010001", false, FAULT_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct octets	 o;
		struct fault	 f = { 0 };
		struct pubkey	*p = pubkey_from_spki(rsa_spki(&o, cases[i].bits, cases[i].e,
				    cases[i].even), &f);

		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].want);
		if (p != NULL)
			assert_int_equal(pubkey_bits(p), cases[i].bits);
		pubkey_free(p);
	}
}

/* Cutting an SPKI anywhere never makes another key of it. */
static void
cut_public_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct view	spki = key_spki(keys[i]);

		for (size_t n = 0; n < spki.n; n++) {
			struct fault	f = { 0 };

			assert_null(pubkey_from_spki(view_of(spki.p, n), &f));
			assert_int_not_equal(f.kind, FAULT_NONE);
		}
	}
}

static void
pem_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct fault	 f = { 0 };
		struct secret	 pem, der;
		struct key	*k, *c;
		struct buf	 back;

		assert_true(key_to_pem(keys[i], &pem, &f));
		assert_true(key_to_der(keys[i], &der, &f));
		buf_init(&back, KEY_PEM_MAX);
		assert_true(pem_decode("PRIVATE KEY", view_of(pem.p, pem.n), &back, NULL, &f));
		assert_true(view_equal(buf_view(&back), view_of(der.p, der.n)));
		k = key_load_pem(view_of(pem.p, pem.n), &f);
		assert_non_null(k);
		assert_true(view_equal(key_spki(k), key_spki(keys[i])));
		c = key_copy(k, &f);
		key_free(k);
		assert_non_null(c);
		buf_reset(&back);
		assert_true(key_sign(c, TEXT, &back, &f));
		key_free(c);
		buf_clear(&back);
		secret_clear(&pem);
		secret_clear(&der);
	}
}

static void
bad_pem(void **state)
{
	static const struct {
		const char	*label, *pem;
		enum fault_kind	 want;
	} cases[] = {
		{ "empty", "", FAULT_LIMIT },
		{ "text", "hello\n", FAULT_MALFORMED },
		{ "no content", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		    FAULT_MALFORMED },
		{ "encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
		    "-----END ENCRYPTED PRIVATE KEY-----\n", FAULT_MALFORMED },
		/* the private scalar is one, the public point is twice the generator */
		{ "two halves of two keys", "-----BEGIN EC PRIVATE KEY-----\n"
		    "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABoAoGCCqGSM49\n"
		    "AwEHoUQDQgAEfPJ7GI0DT36KUjgDBLUaw8CJaeJ38hs1pgtI/EdmmXgHd1UQ247Q\n"
		    "QCk9msafdDDbun2t5jzpgimeBLedInhz0Q==\n"
		    "-----END EC PRIVATE KEY-----\n", FAULT_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault	 f = { 0 };

		assert_null(key_load_pem(view_str(cases[i].pem), &f));
		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].want);
	}
}

static void
names(void **state)
{
	(void)state;
	assert_int_equal(key_kind_find("ec-p256"), KEY_EC_P256);
	assert_int_equal(key_kind_find("rsa-4096"), KEY_RSA_4096);
	assert_int_equal(key_kind_find("rsa-1024"), KEY_NONE);
	assert_int_equal(key_kind_find("none"), KEY_NONE);
	assert_int_equal(key_kind_find(""), KEY_NONE);
	for (enum key_kind k = KEY_EC_P256; k < KEY_KINDS; k++)
		assert_int_equal(key_kind_find(key_kind_name(k)), k);
}

static void
weak_keys_are_not_made(void **state)
{
	static const enum key_kind	bad[] = { KEY_NONE, KEY_RSA_2048, KEY_RSA_OTHER };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fault	f = { 0 };

		assert_null(key_generate(bad[i], &f));
		assert_int_equal(f.kind, FAULT_ALGORITHM);
	}
}

struct task {
	const struct pubkey	*p;
	struct view		 alg, sig;
	int			 good;
};

static void *
verify_many(void *arg)
{
	struct task	*t = arg;

	for (int i = 0; i < 50; i++)
		t->good += pubkey_verify(t->p, t->alg, TEXT, t->sig, NULL);
	return NULL;
}

static void
one_key_in_several_threads(void **state)
{
	struct fault	 f = { 0 };
	struct pubkey	*p = pubkey_from_spki(key_spki(keys[0]), &f);
	struct task	 tasks[4];
	pthread_t	 threads[4];
	struct buf	 sig;

	(void)state;
	sign_with(keys[0], &sig);
	for (size_t i = 0; i < COUNT(tasks); i++) {
		tasks[i] = (struct task){ p, key_sigalg(keys[0]), buf_view(&sig), 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, verify_many, &tasks[i]), 0);
	}
	for (size_t i = 0; i < COUNT(tasks); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(tasks[i].good, 50);
	}
	buf_clear(&sig);
	pubkey_free(p);
}

static void
costs_are_measured(void **state)
{
	struct crypt_cost	c = { 0, 0 };
	struct fault		f = { 0 };

	(void)state;
	assert_true(crypt_measure(KEY_EC_P256, 20, &c, &f));
	assert_true(c.sign_us > 0 && c.verify_us > 0);
	print_message("ec-p256: sign %.1f, verify %.1f us\n", c.sign_us, c.verify_us);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(signs_and_verifies),
		cmocka_unit_test(algorithm_belongs_to_key),
		cmocka_unit_test(unknown_algorithms),
		cmocka_unit_test(public_keys),
		cmocka_unit_test(rsa_public_keys),
		cmocka_unit_test(cut_public_keys),
		cmocka_unit_test(pem_round_trip),
		cmocka_unit_test(bad_pem),
		cmocka_unit_test(names),
		cmocka_unit_test(weak_keys_are_not_made),
		cmocka_unit_test(one_key_in_several_threads),
		cmocka_unit_test(costs_are_measured),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
