/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/cms_env.h"
#include "crypt/aead.h"
#include "crypt/agree.h"
#include "made.h"
#include "message/envelope.h"
#include "octets.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define ROOM		(1u << 20)
#define TEXT		VIEW_LIT("a token for gw1.example")

static const enum key_kind kinds[] = { KEY_EC_P256, KEY_EC_P384, KEY_RSA_3072 };
static struct made to[COUNT(kinds)], stranger;

static int
make_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		make(&to[i], kinds[i], "CN=recipient", (uint8_t)(i + 1), NULL, false);
	make(&stranger, KEY_ED25519, "CN=stranger", 9, NULL, false);
	return 0;
}

static int
unmake_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		unmake(&to[i]);
	unmake(&stranger);
	return 0;
}

static void
there_and_back(void **state)
{
	static const size_t	sizes[] = { 0, 1, 16, 4096, 100000 };
	uint8_t			next = 0, *plain = calloc(1, 100000);
	const struct rng	rng = { count_up, &next };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t j = 0; j < COUNT(sizes); j++) {
			struct fault	f = { 0 };
			struct secret	back;
			struct buf	out;

			buf_init(&out, ROOM);
			must(envelope_seal(view_of(plain, sizes[j]), &to[i].cert, &rng, &out,
			    &f), &f);
			must(envelope_open(buf_view(&out), to[i].key, &to[i].cert, &back, &f),
			    &f);
			assert_true(view_equal(view_of(back.p, back.n),
			    view_of(plain, sizes[j])));
			secret_clear(&back);
			buf_clear(&out);
		}
	free(plain);
}

static void
for_somebody_else(void **state)
{
	struct fault	f = { 0 };
	struct made	false_name = to[1];
	struct secret	back;
	struct buf	out;

	(void)state;
	buf_init(&out, ROOM);
	must(envelope_seal(TEXT, &to[0].cert, rng_system(), &out, &f), &f);
	assert_false(envelope_open(buf_view(&out), to[1].key, &to[1].cert, &back, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
	fault_clear(&f);
	false_name.cert = to[0].cert;		/* the right certificate, another's key */
	assert_false(envelope_open(buf_view(&out), false_name.key, &false_name.cert, &back,
	    &f));
	assert_int_equal(f.kind, FAULT_SIGNATURE);
	fault_clear(&f);
	buf_reset(&out);
	assert_false(envelope_seal(TEXT, &stranger.cert, rng_system(), &out, &f));
	assert_int_equal(f.kind, FAULT_ALGORITHM);
	buf_clear(&out);
}

/*
 * Whatever is changed behind the recipient's name is noticed, and of the key
 * and the ciphertext all say the same.
 */
static void
changed_octets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct cms_enveloped	 e;
		struct arena		*a = arena_new(ROOM);
		struct fault		 f = { 0 };
		struct secret		 back;
		struct buf		 out;
		size_t			 key_at, body_at;

		buf_init(&out, ROOM);
		must(envelope_seal(TEXT, &to[i].cert, rng_system(), &out, &f), &f);
		must(cms_enveloped_decode(buf_view(&out), a, &e, &f), &f);
		assert_true(e.is_auth);
		assert_int_equal(e.mac.n, GCM_TAG_OCTETS);
		key_at = (size_t)(e.recipients[0].encrypted_key.p - out.p);
		body_at = (size_t)(e.encrypted.p - out.p);
		for (size_t at = 0; at < out.n; at += kinds[i] == KEY_EC_P256 ? 1 : 23) {
			out.p[at] ^= 0x10;
			fault_clear(&f);
			if (envelope_open(buf_view(&out), to[i].key, &to[i].cert, &back, &f))
				fail_msg("octet %zu of %zu", at, out.n);
			assert_int_not_equal(f.kind, FAULT_NONE);
			if ((at >= key_at && at < key_at + e.recipients[0].encrypted_key.n) ||
			    (at >= body_at && at < body_at + e.encrypted.n))
				assert_string_equal(f.text, "the envelope cannot be opened");
			out.p[at] ^= 0x10;
		}
		buf_clear(&out);
		arena_free(a);
	}
}

/* Build an envelope as others do; fields of p are what differs. */
static void
build(struct cms_enveloped_plan *p, struct cms_recipient_plan *r, struct buf *out)
{
	struct fault	f = { 0 };

	p->recipients = r;
	p->recipient_count = 1;
	if (p->content_type.n == 0)
		p->content_type = OID_CT_DATA;
	buf_init(out, ROOM);
	must(cms_enveloped_encode(p, out, &f), &f);
}

static void
transport_to_rsa(struct cms_recipient_plan *r, const uint8_t *cek, size_t n,
    struct buf *enc)
{
	struct pubkey	*p = pubkey_from_spki(key_spki(to[2].key), NULL);

	buf_init(enc, 1000);
	assert_true(rsa_oaep_encrypt(p, DIGEST_SHA1, view_of(cek, n), enc, NULL));
	pubkey_free(p);
	*r = (struct cms_recipient_plan){ .kind = CMS_RECIPIENT_KTRI,
	    .rid = { .kind = CMS_SID_SKI, .ski = to[2].cert.ski },
	    /* RSAES-OAEP with its defaults: SHA-1 */
	    .key_alg = VIEW_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x00"),
	    .encrypted_key = buf_view(enc) };
}

/* R5274-5.1-2, R5274-5.1-3 */
static void
as_others_write(void **state)
{
	static const uint8_t	cek[32] = { 9 }, iv[16] = { 3 };
	static const struct {
		const char	*label, *alg;
		bool		 gcm;
		size_t		 key, tag;
		enum fault_kind	 want;
	} cases[] = {
		{ "AES-128-CBC", "301d060960864801650304010204100300000000000000"
		    "0000000000000000", false, 16, 0, FAULT_NONE },
		{ "AES-256-CBC", "301d060960864801650304012a04100300000000000000"
		    "0000000000000000", false, 32, 0, FAULT_NONE },
		{ "AES-256-GCM, 12-octet ICV", "301b060960864801650304012e300e"
		    "040c030000000000000000000000", true, 32, 12, FAULT_NONE },
		{ "AES-128-GCM, 16-octet ICV", "301e0609608648016503040106"
		    "3011040c030000000000000000000000020110", true, 16, 16, FAULT_NONE },
		{ "a 13-octet nonce", "301c060960864801650304012e300f"
		    "040d03000000000000000000000000", true, 32, 12, FAULT_SIGNATURE },
		{ "a key of the wrong size", "301d060960864801650304012a0410030000000000"
		    "00000000000000000000", false, 16, 0, FAULT_SIGNATURE },
		{ "triple DES", "301406082a864886f70d030704080300000000000000", false, 16, 0,
		    FAULT_ALGORITHM },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cms_enveloped_plan	p = { .is_auth = cases[i].gcm };
		struct cms_recipient_plan	r;
		struct octets			alg;
		struct buf			enc, body, out;
		struct fault			f = { 0 };
		struct secret			back;
		uint8_t				tag[GCM_TAG_OCTETS];
		struct view			k = view_of(cek, cases[i].key);

		buf_init(&body, ROOM);
		transport_to_rsa(&r, cek, cases[i].key, &enc);
		p.content_alg = from_hex(&alg, cases[i].alg);
		if (cases[i].gcm)
			must(gcm_encrypt(k, view_of(iv, GCM_NONCE_OCTETS), VIEW_NONE, TEXT,
			    &body, tag, &f), &f);
		else
			must(cbc_encrypt(k, view_of(iv, 16), TEXT, &body, &f), &f);
		p.encrypted = buf_view(&body);
		p.mac = view_of(tag, cases[i].tag);
		build(&p, &r, &out);
		if (envelope_open(buf_view(&out), to[2].key, &to[2].cert, &back, &f)) {
			assert_true(view_equal(view_of(back.p, back.n), TEXT));
			secret_clear(&back);
		}
		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].want);
		buf_clear(&out);
		buf_clear(&body);
		buf_clear(&enc);
	}
}

/* R5272-3.2.1.3.3-1, R5272-3.2.1.3.5-1: cut anywhere, it says so and no more. */
static void
cut_short(void **state)
{
	struct fault	f = { 0 };
	struct secret	back;
	struct buf	out;

	(void)state;
	buf_init(&out, ROOM);
	must(envelope_seal(TEXT, &to[0].cert, rng_system(), &out, &f), &f);
	for (size_t n = 0; n < out.n; n++) {
		fault_clear(&f);
		assert_false(envelope_open(view_of(out.p, n), to[0].key, &to[0].cert, &back, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
	}
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(for_somebody_else),
		cmocka_unit_test(changed_octets),
		cmocka_unit_test(as_others_write),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
