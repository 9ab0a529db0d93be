/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypt/digest.h"
#include "crypt/kdf.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
digests(void **state)
{
	static const struct {
		enum digest_kind	 kind;
		const char		*in, *want;
	} cases[] = {
		{ DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA256, "",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ DIGEST_SHA256, "abc",
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ DIGEST_SHA384, "abc",
		    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		    "8086072ba1e7cc2358baeca134c825a7" },
		{ DIGEST_SHA512, "abc",
		    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct octets	want;
		uint8_t		got[DIGEST_MAX];
		struct view	v = view_str(cases[i].in), parts[2];

		print_message("%s of \"%s\"\n", digest_name(cases[i].kind), cases[i].in);
		from_hex(&want, cases[i].want);
		assert_int_equal(want.n, digest_octets(cases[i].kind));
		digest_of(cases[i].kind, v, got);
		assert_memory_equal(got, want.p, want.n);
		parts[0] = view_of(v.p, v.n / 2);
		parts[1] = view_of(v.p + v.n / 2, v.n - v.n / 2);
		digest_parts(cases[i].kind, parts, 2, got);
		assert_memory_equal(got, want.p, want.n);
	}
}

/* RFC 4231, 4: test cases 1 to 4, 6 and 7. */
static void
hmacs(void **state)
{
	static const struct {
		const char	*key, *text, *want;
	} cases[] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ "0102030405060708090a0b0c0d0e0f10111213141516171819",
		    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
		    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
		    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	};
	uint8_t		long_key[131], got[SHA256_OCTETS];
	struct octets	k, t, w;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		hmac_sha256(from_hex(&k, cases[i].key), from_hex(&t, cases[i].text), got);
		from_hex(&w, cases[i].want);
		assert_memory_equal(got, w.p, w.n);
	}
	memset(long_key, 0xaa, sizeof(long_key));
	hmac_sha256(view_of(long_key, sizeof(long_key)),
	    VIEW_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), got);
	from_hex(&w, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_memory_equal(got, w.p, w.n);
}

/* R5274-5.1-6, R5272-3.2-7: the identifier first, then the secret. */
static void
password_key(void **state)
{
	static const char	ident[] = "gw-0001.paris.example";
	static const char	secret[] = "S\xc3\xa9same-ouvre-toi-42";
	struct octets		salt, want;
	struct fault		f = { 0 };
	uint8_t			got[32];
	char			both[64];

	(void)state;
	snprintf(both, sizeof(both), "%s%s", ident, secret);
	from_hex(&salt, "000102030405060708090a0b0c0d0e0f");
	from_hex(&want, "40ebe991c91e743881cefd36006d6035c48eedf51a8f556657a4f32751d8bd6b");
	assert_true(pbkdf2_hmac_sha256(view_str(both), view_of(salt.p, salt.n), 10000, got,
	    sizeof(got), &f));
	assert_memory_equal(got, want.p, want.n);
}

/* RFC 7914, 11, and what CPython's hashlib says where lengths have a corner. */
static void
password_vectors(void **state)
{
	static const char	p65[] = "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp";
	static const struct {
		struct view	 password, salt;
		unsigned	 iterations;
		const char	*want;
	} cases[] = {
		{ VIEW_LIT("Password"), VIEW_LIT("NaCl"), 80000,
		    "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
		    "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d" },
		{ { (const uint8_t *)p65, 65 }, VIEW_LIT("salt"), 1000,
		    "43717819bb71ac51ca4e451a272eeab74f730b2b3798ddbeb6568a2167f6eca8" },
		{ { (const uint8_t *)p65, 64 }, { NULL, 0 }, 1001,
		    "ec28d5eae1a5a592dd2034fe5cf0cfa778b3849daa604d936823fbb4dea75f7f96" },
		{ { NULL, 0 }, VIEW_LIT("salt"), 1000, "94fb56af3ea22e5d3ed1b054085b136ca301b75d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct octets	want;
		struct fault	f = { 0 };
		uint8_t		got[KDF_OUT_MAX];

		from_hex(&want, cases[i].want);
		assert_true(pbkdf2_hmac_sha256(cases[i].password, cases[i].salt,
		    cases[i].iterations, got, want.n, &f));
		assert_memory_equal(got, want.p, want.n);
	}
}

/* C-10, C-20: a message buys no minutes of work, and no key that is quickly found. */
static void
password_key_has_limits(void **state)
{
	static const uint64_t	bad[] = { 0, 999, 1000001, UINT64_MAX };
	uint8_t			got[32];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fault	f = { 0 };

		assert_false(pbkdf2_hmac_sha256(VIEW_LIT("x"), VIEW_LIT("salt"), bad[i], got,
		    sizeof(got), &f));
		assert_int_equal(f.kind, FAULT_LIMIT);
	}
}

/* NIST CAVP, ANSI X9.63-2001 KDF, SHA-256. */
static void
x963(void **state)
{
	struct octets	z, want;
	struct fault	f = { 0 };
	uint8_t		got[16];

	(void)state;
	from_hex(&z, "96c05619d56c328ab95fe84b18264b08725b85e33fd34f08");
	from_hex(&want, "443024c3dae66b95e6f5670601558f71");
	assert_true(kdf_x963(DIGEST_SHA256, view_of(z.p, z.n), VIEW_NONE, got, sizeof(got), &f));
	assert_memory_equal(got, want.p, want.n);
	assert_false(kdf_x963(DIGEST_SHA256, view_of(z.p, z.n), VIEW_NONE, got, 65, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
}

static void
algorithms(void **state)
{
	static const struct {
		const char		*der;
		enum digest_kind	 want;
	} cases[] = {
		{ "300b0609608648016503040201", DIGEST_SHA256 },
		{ "300d06096086480165030402010500", DIGEST_SHA256 },
		{ "300b0609608648016503040203", DIGEST_SHA512 },
		{ "300906052b0e03021a0500", DIGEST_SHA1 },
		{ "300c06082a864886f70d02050500", DIGEST_NONE },	/* MD5 */
		{ "300b06096086480165030402010500", DIGEST_NONE },
	};
	struct octets	o;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(digest_from_algorithm(from_hex(&o, cases[i].der)),
		    cases[i].want);
	assert_int_equal(digest_from_algorithm(VIEW_NONE), DIGEST_NONE);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(hmacs),
		cmocka_unit_test(password_key),
		cmocka_unit_test(password_vectors),
		cmocka_unit_test(password_key_has_limits),
		cmocka_unit_test(x963),
		cmocka_unit_test(algorithms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
