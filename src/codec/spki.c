/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/oid.h"
#include "codec/spki.h"

#define P256_TLV	VIEW_LIT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define P384_TLV	VIEW_LIT("\x06\x05\x2b\x81\x04\x00\x22")
#define P521_TLV	VIEW_LIT("\x06\x05\x2b\x81\x04\x00\x23")

enum params { PARAMS_ABSENT, PARAMS_NULL, PARAMS_CURVE, PARAMS_ANY };

/* What each kind's own RFC fixes.  key: octets of the BIT STRING, 0 if free. */
static const struct kind {
	enum spki_kind	 kind;
	const char	*name;
	struct view	 oid;
	enum params	 params;
	struct view	 curve;
	unsigned	 bits;
	size_t		 key;
} kinds[] = {
	{ SPKI_EC_P256, "ec-p256", OID_EC_PUBLIC_KEY, PARAMS_CURVE, P256_TLV, 256, 65 },
	{ SPKI_EC_P384, "ec-p384", OID_EC_PUBLIC_KEY, PARAMS_CURVE, P384_TLV, 384, 97 },
	{ SPKI_EC_P521, "ec-p521", OID_EC_PUBLIC_KEY, PARAMS_CURVE, P521_TLV, 521, 133 },
	{ SPKI_ED25519, "ed25519", OID_ED25519, PARAMS_ABSENT, VIEW_NONE, 256, 32 },
	{ SPKI_ED448, "ed448", OID_ED448, PARAMS_ABSENT, VIEW_NONE, 456, 57 },
	{ SPKI_RSA, "rsa", OID_RSA, PARAMS_NULL, VIEW_NONE, 0, 0 },
	{ SPKI_RSA_PSS, "rsa-pss", OID_RSA_PSS, PARAMS_ANY, VIEW_NONE, 0, 0 },
	{ SPKI_ML_DSA_44, "ml-dsa-44", OID_ML_DSA_44, PARAMS_ABSENT, VIEW_NONE, 44, 1312 },
	{ SPKI_ML_DSA_65, "ml-dsa-65", OID_ML_DSA_65, PARAMS_ABSENT, VIEW_NONE, 65, 1952 },
	{ SPKI_ML_DSA_87, "ml-dsa-87", OID_ML_DSA_87, PARAMS_ABSENT, VIEW_NONE, 87, 2592 },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static bool
params_fit(const struct kind *k, struct view params)
{
	switch (k->params) {
	case PARAMS_ABSENT:
		return params.n == 0;
	case PARAMS_NULL:
		return view_equal(params, DER_NULL_TLV);
	case PARAMS_CURVE:
		return view_equal(params, k->curve);
	case PARAMS_ANY:
		return true;
	}
	return false;
}

/*
 * The row for an algorithm.  *known says whether its OID is here at all: an
 * EC key on another curve is SPKI_OTHER, but RSA without NULL is malformed.
 */
static const struct kind *
find_kind(const struct algorithm *a, bool *known)
{
	size_t	i;

	*known = false;
	for (i = 0; i < KINDS; i++) {
		if (!view_equal(a->oid, kinds[i].oid))
			continue;
		if (params_fit(&kinds[i], a->params))
			return &kinds[i];
		*known = kinds[i].params != PARAMS_CURVE;
	}
	return NULL;
}

static unsigned
bit_length(struct view number)
{
	unsigned	bits;
	uint8_t		top;

	while (number.n > 0 && number.p[0] == 0) {
		number.p++;
		number.n--;
	}
	if (number.n == 0)
		return 0;
	bits = (unsigned)(number.n - 1) * 8;
	for (top = number.p[0]; top > 0; top >>= 1)
		bits++;
	return bits;
}

/* RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017, A.1.1) */
static bool
decode_rsa(struct spki *s, struct fault *f)
{
	struct der	d, in;

	der_init(&d, s->key);
	if (!der_open(&d, DER_SEQUENCE, &in, f) ||
	    !der_integer(&in, &s->rsa_modulus, f) ||
	    !der_integer(&in, &s->rsa_exponent, f) ||
	    !der_end(&in, f) || !der_end(&d, f))
		return false;
	if (s->rsa_modulus.p[0] >= 0x80 || s->rsa_exponent.p[0] >= 0x80)
		return fault_set(f, FAULT_MALFORMED, "RFC 8017, A.1.1",
		    "an RSA modulus or exponent is negative");
	s->bits = bit_length(s->rsa_modulus);
	return true;
}

static bool
check_kind(struct spki *s, struct fault *f)
{
	bool			 known;
	const struct kind	*k = find_kind(&s->algorithm, &known);
	char			 text[OID_TEXT_MAX];

	if (k == NULL && known)
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 4.1.2.7",
		    "%s key with parameters that do not belong to it",
		    oid_show(s->algorithm.oid, text));
	if (k == NULL)
		return true;
	s->kind = k->kind;
	s->bits = k->bits;
	if (k->kind == SPKI_RSA || k->kind == SPKI_RSA_PSS)
		return decode_rsa(s, f);
	if (s->key.n != k->key || (k->params == PARAMS_CURVE && s->key.p[0] != 4))
		return fault_set(f, FAULT_MALFORMED, "RFC 5480, 2.2",
		    "a %s key of %zu octets, first %02x", k->name, s->key.n,
		    s->key.n == 0 ? 0 : s->key.p[0]);
	return true;
}

bool
spki_decode(struct view tlv, struct spki *out, struct fault *f)
{
	struct spki	s = { .tlv = tlv };
	struct der	d, in;

	if (tlv.n > SPKI_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "a public key of %zu octets", tlv.n);
	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &in, f) ||
	    !algorithm_decode(&in, &s.algorithm, f) ||
	    !der_bits(&in, &s.key, f) || !der_end(&in, f) || !der_end(&d, f) ||
	    !check_kind(&s, f))
		return false;
	*out = s;
	return true;
}

const char *
spki_kind_name(enum spki_kind kind)
{
	size_t	i;

	for (i = 0; i < KINDS; i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "other";
}
