/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key on its way from the PKI to an Admin: R4809-3.3.4-3 as far as
 * the wire goes; RFC 5958, RFC 5652.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "made.h"
#include "message/key_package.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct made	admins[2], pki, other;
static struct message_signer signer;

static int
make_all(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	make(&admins[0], KEY_EC_P256, "CN=admin", 1, NULL, false);
	make(&admins[1], KEY_RSA_3072, "CN=admin", 2, NULL, false);
	make(&pki, KEY_EC_P384, "CN=pki", 3, NULL, false);
	make(&other, KEY_EC_P256, "CN=pki", 4, NULL, false);
	return message_signer_cert(&signer, key_sigalg(pki.key), key_digest(pki.key),
	    pki.cert.der, NULL, 0, &f) ? 0 : -1;
}

static int
unmake_all(void **state)
{
	(void)state;
	unmake(&admins[0]);
	unmake(&admins[1]);
	unmake(&pki);
	unmake(&other);
	message_signer_clear(&signer);
	return 0;
}

static void
seal(const struct key *key, const struct made *to, struct buf *out)
{
	struct key_package_maker	m = { &signer, pki.key, rng_system(), 1795500000 };
	struct fault			f = { 0 };

	buf_init(out, KEY_PACKAGE_MAX);
	must(key_package_seal(&m, key, &to->cert, out, &f), &f);
}

/* Each kind of key, to each kind of Admin; and none of it can be read on the way. */
static void
there_and_back(void **state)
{
	static const enum key_kind	kinds[] = { KEY_EC_P256, KEY_EC_P384, KEY_ED25519,
		KEY_RSA_3072 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t j = 0; j < COUNT(admins); j++) {
			struct fault	f = { 0 };
			struct key	*key = key_generate(kinds[i], &f), *back = NULL;
			struct secret	der = { 0 };
			struct buf	sealed;

			assert_non_null(key);
			seal(key, &admins[j], &sealed);
			must(key_to_der(key, &der, &f), &f);
			assert_null(memmem(sealed.p, sealed.n, der.p + der.n - 16, 16));
			must(key_package_open(buf_view(&sealed), admins[j].key, &admins[j].cert,
			    &pki.cert, &back, &f), &f);
			assert_true(view_equal(key_spki(key), key_spki(back)));
			secret_clear(&der);
			key_free(key);
			key_free(back);
			buf_clear(&sealed);
		}
}

/* For another, of another, or changed: no key. */
static void
not_taken(void **state)
{
	struct fault	f = { 0 };
	struct key	*key = key_generate(KEY_EC_P256, &f), *back = NULL;
	struct buf	sealed;
	size_t		refused = 0;

	(void)state;
	seal(key, &admins[0], &sealed);
	assert_false(key_package_open(buf_view(&sealed), admins[1].key, &admins[1].cert,
	    &pki.cert, &back, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
	fault_clear(&f);
	assert_false(key_package_open(buf_view(&sealed), admins[0].key, &admins[0].cert,
	    &other.cert, &back, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	fault_clear(&f);
	/* Certificates travel beside what is signed: what is changed there changes no key. */
	for (size_t at = sealed.n - 600; at < sealed.n; at += 7) {
		sealed.p[at] ^= 4;
		if (key_package_open(buf_view(&sealed), admins[0].key, &admins[0].cert,
		    &pki.cert, &back, &f))
			assert_true(view_equal(key_spki(back), key_spki(key)));
		else
			refused++;
		sealed.p[at] ^= 4;
		key_free(back);
		back = NULL;
		fault_clear(&f);
	}
	assert_true(refused > 0);
	key_free(key);
	buf_clear(&sealed);
}

static void
decode_one(void **state)
{
	static const struct {
		const char	*label;
		struct view	 der;
		bool		 good;
	} cases[] = {
		{ "one key", VIEW_LIT("\x30\x05\x30\x03\x02\x01\x00"), true },
		{ "none", VIEW_LIT("\x30\x00"), false },
		{ "two", VIEW_LIT("\x30\x04\x30\x00\x30\x00"), false },
		{ "another thing", VIEW_LIT("\x30\x02\x31\x00"), false },
		{ "an octet after it", VIEW_LIT("\x30\x02\x30\x00\x00"), false },
		{ "too short", VIEW_LIT("\x30\x05\x30\x03\x02"), false },
		{ "nothing", VIEW_LIT(""), false },
	};
	struct view	key;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault	f = { 0 };

		if (key_package_decode(cases[i].der, &key, &f) != cases[i].good)
			fail_msg("%s: %s", cases[i].label, f.text);
	}
}

/* PKCS #8 and nothing beside it. */
static void
load_der(void **state)
{
	struct fault	f = { 0 };
	struct key	*key = key_generate(KEY_EC_P256, &f), *back;
	struct secret	der = { 0 };
	struct buf	longer;

	(void)state;
	must(key_to_der(key, &der, &f), &f);
	back = key_load_der(view_of(der.p, der.n), &f);
	assert_non_null(back);
	assert_true(view_equal(key_spki(key), key_spki(back)));
	key_free(back);
	buf_init(&longer, 4096);
	buf_add(&longer, der.p, der.n);
	buf_add_u8(&longer, 0);
	assert_null(key_load_der(buf_view(&longer), &f));
	assert_null(key_load_der(view_of(der.p, der.n - 1), &f));
	assert_null(key_load_der(VIEW_LIT("\x30\x00"), &f));
	buf_clear(&longer);
	secret_clear(&der);
	key_free(key);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(not_taken),
		cmocka_unit_test(decode_one),
		cmocka_unit_test(load_der),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
