/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypt/aead.h"
#include "crypt/agree.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const uint8_t	key[AES256_KEY_OCTETS] = { 1, 2, 3 };

static void
sealed_box(void **state)
{
	static const size_t	sizes[] = { 0, 1, 15, 16, 17, 32, 1000 };
	uint8_t			next = 0, plain[1000];
	const struct rng	rng = { count_up, &next };

	(void)state;
	memset(plain, 0x5a, sizeof(plain));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct fault	f = { 0 };
		struct buf	box;
		struct secret	back;

		buf_init(&box, 2000);
		assert_true(aead_seal(key, &rng, VIEW_LIT("aad"), view_of(plain, sizes[i]),
		    &box, &f));
		assert_int_equal(box.n, sizes[i] + SEAL_OVERHEAD);
		assert_true(aead_open(key, VIEW_LIT("aad"), buf_view(&box), &back, &f));
		assert_true(view_equal(view_of(back.p, back.n), view_of(plain, sizes[i])));
		secret_clear(&back);
		assert_false(aead_open(key, VIEW_LIT("aae"), buf_view(&box), &back, &f));
		assert_int_equal(f.kind, FAULT_SIGNATURE);
		for (size_t at = 0; at < box.n; at++) {
			box.p[at] ^= 0x80;
			assert_false(aead_open(key, VIEW_LIT("aad"), buf_view(&box), &back,
			    NULL));
			box.p[at] ^= 0x80;
			assert_false(aead_open(key, VIEW_LIT("aad"), view_of(box.p, at), &back,
			    NULL));
		}
		buf_clear(&box);
	}
}

/* McGrew and Viega, test case 16: AES-256 with additional data. */
static void
gcm_known(void **state)
{
	struct octets	k, iv, aad, plain, want, tag_want;
	uint8_t		tag[GCM_TAG_OCTETS];
	struct fault	f = { 0 };
	struct secret	back;
	struct buf	out;

	(void)state;
	from_hex(&k, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
	from_hex(&iv, "cafebabefacedbaddecaf888");
	from_hex(&aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	from_hex(&plain, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
	from_hex(&want, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662");
	from_hex(&tag_want, "76fc6ece0f4e1768cddf8853bb2d551b");
	buf_init(&out, 1000);
	assert_true(gcm_encrypt(view_of(k.p, k.n), view_of(iv.p, iv.n), view_of(aad.p, aad.n),
	    view_of(plain.p, plain.n), &out, tag, &f));
	assert_true(view_equal(buf_view(&out), view_of(want.p, want.n)));
	assert_memory_equal(tag, tag_want.p, sizeof(tag));
	/* R5274-5.1-3: ICVs of 12 to 16 octets, nonces of 12 */
	for (size_t n = 0; n <= sizeof(tag); n++) {
		bool	ok = gcm_decrypt(view_of(k.p, k.n), view_of(iv.p, iv.n),
			    view_of(aad.p, aad.n), buf_view(&out), view_of(tag, n), &back, NULL);

		assert_int_equal(ok, n >= GCM_TAG_MIN);
		if (ok)
			secret_clear(&back);
	}
	assert_false(gcm_decrypt(view_of(k.p, k.n), view_of(k.p, 13), view_of(aad.p, aad.n),
	    buf_view(&out), view_of(tag, sizeof(tag)), &back, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	buf_clear(&out);
}

/* NIST SP 800-38A, F.2.5, first block, and the padding behind it. */
static void
cbc_known(void **state)
{
	struct octets	k, iv, plain, want;
	struct fault	f = { 0 };
	struct secret	back;
	struct buf	out;

	(void)state;
	from_hex(&k, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
	from_hex(&iv, "000102030405060708090a0b0c0d0e0f");
	from_hex(&plain, "6bc1bee22e409f96e93d7e117393172a");
	from_hex(&want, "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
	buf_init(&out, 1000);
	assert_true(cbc_encrypt(view_of(k.p, k.n), view_of(iv.p, iv.n),
	    view_of(plain.p, plain.n), &out, &f));
	assert_int_equal(out.n, 32);
	assert_memory_equal(out.p, want.p, want.n);
	assert_true(cbc_decrypt(view_of(k.p, k.n), view_of(iv.p, iv.n), buf_view(&out), &back,
	    &f));
	assert_true(view_equal(view_of(back.p, back.n), view_of(plain.p, plain.n)));
	secret_clear(&back);
	assert_false(cbc_decrypt(view_of(k.p, k.n), view_of(iv.p, iv.n), view_of(out.p, 31),
	    &back, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	buf_clear(&out);
}

/* RFC 3394, 4.6 */
static void
wrap_known(void **state)
{
	struct octets	kek, plain, want;
	struct fault	f = { 0 };
	struct secret	back;
	struct buf	out;

	(void)state;
	from_hex(&kek, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	from_hex(&plain, "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
	from_hex(&want, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326"
	    "cbc7f0e71a99f43bfb988b9b7a02dd21");
	buf_init(&out, 1000);
	assert_true(key_wrap(view_of(kek.p, kek.n), view_of(plain.p, plain.n), &out, &f));
	assert_true(view_equal(buf_view(&out), view_of(want.p, want.n)));
	assert_true(key_unwrap(view_of(kek.p, kek.n), buf_view(&out), &back, &f));
	assert_true(view_equal(view_of(back.p, back.n), view_of(plain.p, plain.n)));
	secret_clear(&back);
	for (size_t at = 0; at < out.n; at++) {
		out.p[at] ^= 1;
		assert_false(key_unwrap(view_of(kek.p, kek.n), buf_view(&out), &back, NULL));
		out.p[at] ^= 1;
		assert_false(key_unwrap(view_of(kek.p, kek.n), view_of(out.p, at), &back, NULL));
	}
	assert_false(key_wrap(view_of(kek.p, kek.n), view_of(plain.p, 17), &out, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&out);
}

static void
agreement(void **state)
{
	static const enum key_kind	kinds[] = { KEY_EC_P256, KEY_EC_P384 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct fault	 f = { 0 };
		struct key	*k = key_generate(kinds[i], &f);
		struct pubkey	*p = pubkey_from_spki(key_spki(k), &f);
		struct secret	 a, b;
		uint8_t		 point[EC_POINT_MAX];
		size_t		 n;

		assert_true(agree_ephemeral(p, point, &n, &a, &f));
		assert_true(agree_static(k, view_of(point, n), &b, &f));
		assert_int_equal(a.n, key_kind_bits(kinds[i]) / 8);
		assert_true(secret_equal(view_of(a.p, a.n), view_of(b.p, b.n)));
		secret_clear(&a);
		secret_clear(&b);
		point[n - 1] ^= 1;	/* off the curve: the invalid-curve attack */
		assert_false(agree_static(k, view_of(point, n), &b, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
		fault_clear(&f);
		assert_false(agree_static(k, view_of(point, n - 1), &b, &f));
		fault_clear(&f);
		assert_false(agree_static(k, VIEW_NONE, &b, &f));
		pubkey_free(p);
		key_free(k);
	}
}

/* R5274-5.1-4 */
static void
rsa_transport(void **state)
{
	struct fault	 f = { 0 };
	struct key	*k = key_generate(KEY_RSA_3072, &f);
	struct pubkey	*p = pubkey_from_spki(key_spki(k), &f);
	struct buf	 enc;
	struct secret	 back;

	(void)state;
	buf_init(&enc, 1000);
	assert_true(rsa_oaep_encrypt(p, DIGEST_SHA256, view_of(key, sizeof(key)), &enc, &f));
	assert_true(rsa_oaep_decrypt(k, DIGEST_SHA256, buf_view(&enc), &back, &f));
	assert_true(view_equal(view_of(back.p, back.n), view_of(key, sizeof(key))));
	secret_clear(&back);
	assert_false(rsa_oaep_decrypt(k, DIGEST_SHA1, buf_view(&enc), &back, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	/* Foreign padding gives octets of the right number, not an error. */
	assert_true(rsa_v15_decrypt(k, buf_view(&enc), 32, &back, &f));
	assert_int_equal(back.n, 32);
	assert_false(view_equal(view_of(back.p, back.n), view_of(key, sizeof(key))));
	secret_clear(&back);
	buf_clear(&enc);
	pubkey_free(p);
	key_free(k);
}

static void
keys_that_cannot_receive(void **state)
{
	struct fault	 f = { 0 };
	struct key	*k = key_generate(KEY_ED25519, &f);
	struct pubkey	*p = pubkey_from_spki(key_spki(k), &f);
	uint8_t		 point[EC_POINT_MAX];
	struct secret	 z;
	struct buf	 out;
	size_t		 n;

	(void)state;
	buf_init(&out, 1000);
	assert_false(agree_ephemeral(p, point, &n, &z, &f));
	assert_int_equal(f.kind, FAULT_ALGORITHM);
	fault_clear(&f);
	assert_false(rsa_oaep_encrypt(p, DIGEST_SHA256, VIEW_LIT("x"), &out, &f));
	assert_int_equal(f.kind, FAULT_ALGORITHM);
	fault_clear(&f);
	assert_false(rsa_oaep_decrypt(k, DIGEST_SHA256, VIEW_LIT("x"), &z, &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	buf_clear(&out);
	pubkey_free(p);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(sealed_box),
		cmocka_unit_test(gcm_known),
		cmocka_unit_test(cbc_known),
		cmocka_unit_test(wrap_known),
		cmocka_unit_test(agreement),
		cmocka_unit_test(rsa_transport),
		cmocka_unit_test(keys_that_cannot_receive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
