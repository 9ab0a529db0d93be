/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: the kinds of keys and the signature algorithms, as the exact
 * octets they are recognised by.
 */
#include "crypt/kinds.h"

#define ECDSA(n)	"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" n
#define RSA_V15(n)	"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n "\x05\x00"
#define RSA_V15_BARE(n)	"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n
#define ED25519		"\x30\x05\x06\x03\x2b\x65\x70"

#define SHA2_OID(h)	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" h
#define PSS_OID		"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define MGF1_OID	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
/* RFC 4055, 3.1: hash, MGF1 with the same hash, salt as long as the hash. */
#define PSS(h, salt) \
	"\x30\x41" PSS_OID "\x30\x34" \
	"\xa0\x0f\x30\x0d" SHA2_OID(h) "\x05\x00" \
	"\xa1\x1c\x30\x1a" MGF1_OID "\x30\x0d" SHA2_OID(h) "\x05\x00" \
	"\xa2\x03\x02\x01" salt
#define PSS_BARE(h, salt) \
	"\x30\x3d" PSS_OID "\x30\x30" \
	"\xa0\x0d\x30\x0b" SHA2_OID(h) \
	"\xa1\x1a\x30\x18" MGF1_OID "\x30\x0b" SHA2_OID(h) \
	"\xa2\x03\x02\x01" salt

const struct sigalg sigalgs[] = {
	{ VIEW_LIT(ECDSA("\x02")), FAMILY_EC, DIGEST_SHA256 },
	{ VIEW_LIT(ECDSA("\x03")), FAMILY_EC, DIGEST_SHA384 },
	{ VIEW_LIT(ECDSA("\x04")), FAMILY_EC, DIGEST_SHA512 },
	{ VIEW_LIT(ED25519), FAMILY_ED25519, DIGEST_SHA512 },
	{ VIEW_LIT(RSA_V15("\x0b")), FAMILY_RSA, DIGEST_SHA256 },
	{ VIEW_LIT(RSA_V15("\x0c")), FAMILY_RSA, DIGEST_SHA384 },
	{ VIEW_LIT(RSA_V15("\x0d")), FAMILY_RSA, DIGEST_SHA512 },
	{ VIEW_LIT(RSA_V15_BARE("\x0b")), FAMILY_RSA, DIGEST_SHA256 },
	{ VIEW_LIT(RSA_V15_BARE("\x0c")), FAMILY_RSA, DIGEST_SHA384 },
	{ VIEW_LIT(RSA_V15_BARE("\x0d")), FAMILY_RSA, DIGEST_SHA512 },
	{ VIEW_LIT(PSS("\x01", "\x20")), FAMILY_RSA_PSS, DIGEST_SHA256 },
	{ VIEW_LIT(PSS("\x02", "\x30")), FAMILY_RSA_PSS, DIGEST_SHA384 },
	{ VIEW_LIT(PSS("\x03", "\x40")), FAMILY_RSA_PSS, DIGEST_SHA512 },
	{ VIEW_LIT(PSS_BARE("\x01", "\x20")), FAMILY_RSA_PSS, DIGEST_SHA256 },
	{ VIEW_LIT(PSS_BARE("\x02", "\x30")), FAMILY_RSA_PSS, DIGEST_SHA384 },
	{ VIEW_LIT(PSS_BARE("\x03", "\x40")), FAMILY_RSA_PSS, DIGEST_SHA512 },
};
const size_t nsigalgs = sizeof(sigalgs) / sizeof(sigalgs[0]);

#define EC_KEY_OID	"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define P256_PREFIX	"\x30\x59\x30\x13" EC_KEY_OID \
	"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
#define P384_PREFIX	"\x30\x76\x30\x10" EC_KEY_OID \
	"\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00"
#define ED25519_PREFIX	"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"

#define RSA_ROW(kind, name, bits) \
	{ kind, name, bits, NULL, { NULL, 0 }, 0, VIEW_LIT(RSA_V15("\x0b")), DIGEST_SHA256 }

/* In the order of enum key_kind. */
static const struct key_traits traits[KEY_KINDS] = {
	{ KEY_NONE, "none", 0, NULL, { NULL, 0 }, 0, { NULL, 0 }, DIGEST_NONE },
	{ KEY_EC_P256, "ec-p256", 256, "P-256", VIEW_LIT(P256_PREFIX), 91,
	    VIEW_LIT(ECDSA("\x02")), DIGEST_SHA256 },
	{ KEY_EC_P384, "ec-p384", 384, "P-384", VIEW_LIT(P384_PREFIX), 120,
	    VIEW_LIT(ECDSA("\x03")), DIGEST_SHA384 },
	{ KEY_ED25519, "ed25519", 256, NULL, VIEW_LIT(ED25519_PREFIX), 44,
	    VIEW_LIT(ED25519), DIGEST_SHA512 },
	RSA_ROW(KEY_RSA_2048, "rsa-2048", 2048),
	RSA_ROW(KEY_RSA_3072, "rsa-3072", 3072),
	RSA_ROW(KEY_RSA_4096, "rsa-4096", 4096),
	RSA_ROW(KEY_RSA_OTHER, "rsa", 0),
};

const struct key_traits *
key_traits(enum key_kind kind)
{
	return &traits[(unsigned)kind < KEY_KINDS ? kind : KEY_NONE];
}

const char *
key_kind_name(enum key_kind kind)
{
	return key_traits(kind)->name;
}

enum key_kind
key_kind_find(const char *name)
{
	for (size_t i = 1; i < KEY_KINDS; i++)
		if (strcmp(traits[i].name, name) == 0)
			return traits[i].kind;
	return KEY_NONE;
}

bool
key_kind_is_ec(enum key_kind kind)
{
	return key_traits(kind)->group != NULL;
}

bool
key_kind_is_rsa(enum key_kind kind)
{
	return kind >= KEY_RSA_2048 && kind <= KEY_RSA_OTHER;
}

unsigned
key_kind_bits(enum key_kind kind)
{
	return key_traits(kind)->bits;
}

enum key_family
key_family(enum key_kind kind)
{
	if (key_kind_is_ec(kind))
		return FAMILY_EC;
	return key_kind_is_rsa(kind) ? FAMILY_RSA : FAMILY_ED25519;
}

const struct sigalg *
sigalg_find(struct view algorithm)
{
	for (size_t i = 0; i < nsigalgs; i++)
		if (view_equal(algorithm, sigalgs[i].der))
			return &sigalgs[i];
	return NULL;
}

enum digest_kind
sigalg_digest(struct view algorithm)
{
	const struct sigalg	*s = sigalg_find(algorithm);

	return s == NULL ? DIGEST_NONE : s->digest;
}
