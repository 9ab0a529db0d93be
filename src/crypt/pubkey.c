/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "crypt/kinds.h"

#define ED25519_OCTETS	32
#define RSA_EXPONENT_MIN	65537

/*
 * One EVP_PKEY per curve that holds only the parameters.  A public key is a
 * duplicate of it with a point set: that takes none of libcrypto's decoders.
 */
static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static EVP_PKEY		*template_p256, *template_p384;

static EVP_PKEY *
make_template(const char *group)
{
	EVP_PKEY_CTX	*c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY	*p = NULL;

	if (c == NULL || EVP_PKEY_paramgen_init(c) != 1 ||
	    EVP_PKEY_CTX_set_group_name(c, group) != 1 || EVP_PKEY_paramgen(c, &p) != 1)
		p = NULL;
	EVP_PKEY_CTX_free(c);
	return p;
}

static void
templates_drop(void)
{
	EVP_PKEY_free(template_p256);
	EVP_PKEY_free(template_p384);
}

static void
templates_make(void)
{
	template_p256 = make_template("P-256");
	template_p384 = make_template("P-384");
	OPENSSL_atexit(templates_drop);
}

static bool
starts_with(struct view v, struct view prefix)
{
	return prefix.n > 0 && v.n >= prefix.n && memcmp(v.p, prefix.p, prefix.n) == 0;
}

/* Kinds whose whole SPKI is a fixed prefix and the key's octets. */
static const struct key_traits *
fixed_traits(struct view spki)
{
	static const enum key_kind	fixed[] = { KEY_EC_P256, KEY_EC_P384, KEY_ED25519 };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const struct key_traits	*t = key_traits(fixed[i]);

		if (spki.n == t->spki_octets && starts_with(spki, t->spki_prefix))
			return t;
	}
	return NULL;
}

static EVP_PKEY *
ec_key(const struct key_traits *t, struct view point, struct fault *f)
{
	EVP_PKEY	*from, *p;

	pthread_once(&once, templates_make);
	from = t->kind == KEY_EC_P256 ? template_p256 : template_p384;
	if (point.p[0] != 0x04) {
		fault_set(f, FAULT_ALGORITHM, "RFC 5480, 2.2",
		    "cannot use an EC point that is not uncompressed");
		return NULL;
	}
	p = from == NULL ? NULL : EVP_PKEY_dup(from);
	if (p == NULL) {
		ossl_fault(f, FAULT_INTERNAL, "", "out of memory for a key");
		return NULL;
	}
	if (EVP_PKEY_set1_encoded_public_key(p, point.p, point.n) != 1) {	/* checks the curve */
		ossl_fault(f, FAULT_MALFORMED, "RFC 5480, 2.2",
		    "the EC point is not on %s", t->group);
		EVP_PKEY_free(p);
		return NULL;
	}
	return p;
}

/*
 * Points of order 1, 2, 4 and 8, in all their encodings but for the sign bit:
 * under such a "key" a signature of zeros can hold for any message.
 */
static const struct view small_order[] = {
	VIEW_LIT("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	VIEW_LIT("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	VIEW_LIT("\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
	    "\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05"),
	VIEW_LIT("\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
	    "\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a"),
	VIEW_LIT("\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	VIEW_LIT("\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	VIEW_LIT("\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
};

static bool
has_small_order(struct view point)
{
	uint8_t	y[ED25519_OCTETS];

	memcpy(y, point.p, sizeof(y));
	y[ED25519_OCTETS - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof(small_order) / sizeof(small_order[0]); i++)
		if (view_equal(view_of(y, sizeof(y)), small_order[i]))
			return true;
	return false;
}

static EVP_PKEY *
ed25519_key(struct view point, struct fault *f)
{
	EVP_PKEY	*p;

	if (has_small_order(point)) {
		fault_set(f, FAULT_REFUSED, "RFC 8032, 8.8",
		    "cannot use an Ed25519 key of small order");
		return NULL;
	}
	p = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point.p, point.n);
	if (p == NULL)
		ossl_fault(f, FAULT_MALFORMED, "RFC 8410, 4", "cannot read an Ed25519 key");
	return p;
}

/* The next DER value of this tag; *in moves past it. */
static bool
take(struct view *in, int tag, struct view *content)
{
	const unsigned char	*p = in->p;
	long			 n;
	int			 found, class;

	if (in->n == 0 || (ASN1_get_object(&p, &n, &found, &class, (long)in->n) & 0x81) != 0 ||
	    found != tag || class != V_ASN1_UNIVERSAL)
		return false;
	*content = view_of(p, (size_t)n);
	in->n -= (size_t)(p - in->p) + (size_t)n;
	in->p = p + n;
	return true;
}

#define RSA_ALGORITHM \
	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"

/*
 * SEQUENCE { rsaEncryption, BIT STRING { SEQUENCE { n, e } } }.  Lengths need
 * not be minimal here: is_canonical() has the last word.
 */
static bool
rsa_numbers(struct view spki, struct view *n, struct view *e)
{
	struct view	seq, alg, bits, key;

	if (!take(&spki, V_ASN1_SEQUENCE, &seq) || spki.n != 0 ||
	    !take(&seq, V_ASN1_SEQUENCE, &alg) ||
	    !view_equal(alg, VIEW_LIT(RSA_ALGORITHM)) ||
	    !take(&seq, V_ASN1_BIT_STRING, &bits) || seq.n != 0 ||
	    bits.n < 1 || bits.p[0] != 0)
		return false;
	bits = view_of(bits.p + 1, bits.n - 1);
	return take(&bits, V_ASN1_SEQUENCE, &key) && bits.n == 0 &&
	    take(&key, V_ASN1_INTEGER, n) && take(&key, V_ASN1_INTEGER, e) &&
	    key.n == 0 && n->n > 0 && e->n > 0;
}

static size_t
header_octets(size_t n)
{
	return n < 0x80 ? 2 : n < 0x100 ? 3 : 4;
}

static size_t
integer_octets(const BIGNUM *b)
{
	size_t	n = (size_t)BN_num_bits(b) / 8 + 1;

	return header_octets(n) + n;
}

/*
 * DER gives a value one length, and everything but the two numbers is fixed:
 * an SPKI of that length with those numbers has that encoding and no other.
 */
static bool
is_canonical(struct view spki, const BIGNUM *n, const BIGNUM *e)
{
	size_t	numbers = integer_octets(n) + integer_octets(e);
	size_t	bits = 1 + header_octets(numbers) + numbers;
	size_t	all = sizeof(RSA_ALGORITHM) - 1 + 2 + header_octets(bits) + bits;

	return spki.n == header_octets(all) + all;
}

static bool
rsa_check(struct view spki, const BIGNUM *n, const BIGNUM *e, struct fault *f)
{
	int	bits = BN_num_bits(n);

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return fault_set(f, FAULT_ALGORITHM, "", "cannot use a %d-bit RSA key", bits);
	if (!is_canonical(spki, n, e))
		return fault_set(f, FAULT_MALFORMED, "RFC 3279, 2.3.1",
		    "the RSA key is not in DER");
	if (!BN_is_odd(n))
		return fault_set(f, FAULT_REFUSED, "RFC 8017, 3.1", "the RSA modulus is even");
	if (!BN_is_odd(e) || BN_num_bits(e) > RSA_E_BITS_MAX ||
	    BN_get_word(e) < RSA_EXPONENT_MIN)
		return fault_set(f, FAULT_REFUSED, "RFC 8017, 3.1",
		    "cannot use an RSA exponent of %d bits that is not odd, 65537 or above",
		    BN_num_bits(e));
	return true;
}

static EVP_PKEY *
rsa_assemble(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD	*b = OSSL_PARAM_BLD_new();
	OSSL_PARAM	*params = NULL;
	EVP_PKEY_CTX	*c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY	*p = NULL;

	if (b != NULL && c != NULL &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(b)) != NULL &&
	    EVP_PKEY_fromdata_init(c) == 1 &&
	    EVP_PKEY_fromdata(c, &p, EVP_PKEY_PUBLIC_KEY, params) != 1)
		p = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(c);
	return p;
}

static enum key_kind
rsa_kind(int bits)
{
	for (enum key_kind k = KEY_RSA_2048; k < KEY_RSA_OTHER; k++)
		if ((unsigned)bits == key_traits(k)->bits)
			return k;
	return KEY_RSA_OTHER;
}

static EVP_PKEY *
rsa_key(struct view spki, enum key_kind *kind, unsigned *bits, struct fault *f)
{
	struct view	 nv, ev;
	BIGNUM		*n = NULL, *e = NULL;
	EVP_PKEY	*p = NULL;

	if (spki.n > SPKI_MAX || !rsa_numbers(spki, &nv, &ev) ||
	    (nv.p[0] & 0x80) != 0 || (ev.p[0] & 0x80) != 0) {
		fault_set(f, FAULT_ALGORITHM, "RFC 5280, 4.1.2.7",
		    "cannot use this kind of public key");
		return NULL;
	}
	n = BN_bin2bn(nv.p, (int)nv.n, NULL);
	e = BN_bin2bn(ev.p, (int)ev.n, NULL);
	if (n == NULL || e == NULL)
		fault_set(f, FAULT_INTERNAL, "", "out of memory for a key");
	else if (rsa_check(spki, n, e, f) && (p = rsa_assemble(n, e)) == NULL)
		ossl_fault(f, FAULT_MALFORMED, "", "cannot use an RSA key");
	if (p != NULL) {
		*bits = (unsigned)BN_num_bits(n);
		*kind = rsa_kind(BN_num_bits(n));
	}
	BN_free(n);
	BN_free(e);
	return p;
}

enum key_kind
spki_kind(struct view spki)
{
	const struct key_traits	*t = fixed_traits(spki);
	struct view		 n, e;

	if (t != NULL)
		return t->kind;
	if (spki.n > SPKI_MAX || !rsa_numbers(spki, &n, &e))
		return KEY_NONE;
	while (n.n > 0 && n.p[0] == 0)
		n = view_of(n.p + 1, n.n - 1);
	if (n.n == 0 || (n.p[0] & 0x80) == 0)
		return KEY_RSA_OTHER;
	return rsa_kind((int)n.n * 8);
}

struct pubkey *
pubkey_from_spki(struct view spki, struct fault *f)
{
	const struct key_traits	*t = fixed_traits(spki);
	enum key_kind		 kind = KEY_NONE;
	unsigned		 bits = 0;
	struct view		 octets = VIEW_NONE;
	EVP_PKEY		*pkey;
	struct pubkey		*p;

	if (t != NULL)
		octets = view_of(spki.p + t->spki_prefix.n, spki.n - t->spki_prefix.n);
	if (t == NULL)
		pkey = rsa_key(spki, &kind, &bits, f);
	else if (t->group != NULL)
		pkey = ec_key(t, octets, f);
	else
		pkey = ed25519_key(octets, f);
	if (pkey == NULL)
		return NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		EVP_PKEY_free(pkey);
		fault_set(f, FAULT_INTERNAL, "", "out of memory for a key");
		return NULL;
	}
	p->pkey = pkey;
	p->traits = t != NULL ? t : key_traits(kind);
	p->bits = t != NULL ? t->bits : bits;
	return p;
}

void
pubkey_free(struct pubkey *p)
{
	if (p == NULL)
		return;
	EVP_PKEY_free(p->pkey);
	free(p);
}

enum key_kind
pubkey_kind(const struct pubkey *p)
{
	return p->traits->kind;
}

unsigned
pubkey_bits(const struct pubkey *p)
{
	return p->bits;
}

struct view
pubkey_sigalg(const struct pubkey *p, enum digest_kind digest)
{
	enum key_family	family = key_family(p->traits->kind);

	for (size_t i = 0; i < nsigalgs; i++)
		if (sigalgs[i].family == family && sigalgs[i].digest == digest)
			return sigalgs[i].der;
	return VIEW_NONE;
}

static int
verify_whole(const struct pubkey *p, struct view tbs, struct view sig)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	int		 r = -1;

	if (c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, p->pkey) == 1)
		r = EVP_DigestVerify(c, sig.p, sig.n, tbs.p, tbs.n);
	EVP_MD_CTX_free(c);
	return r;
}

/* ECDSA takes the digest as it is; RSA must know which it was. */
static bool
set_padding(EVP_PKEY_CTX *c, const struct sigalg *s)
{
	const EVP_MD	*md = ossl_md(s->digest);

	if (s->family == FAMILY_EC)
		return true;
	if (s->family == FAMILY_RSA)
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(c, md) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(c, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(c, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static int
verify_digest(const struct pubkey *p, const struct sigalg *s, struct view tbs,
    struct view sig)
{
	EVP_PKEY_CTX	*c = EVP_PKEY_CTX_new_from_pkey(NULL, p->pkey, NULL);
	uint8_t		 md[DIGEST_MAX];
	int		 r = -1;

	digest_of(s->digest, tbs, md);
	if (c != NULL && EVP_PKEY_verify_init(c) == 1 && set_padding(c, s))
		r = EVP_PKEY_verify(c, sig.p, sig.n, md, digest_octets(s->digest));
	EVP_PKEY_CTX_free(c);
	return r;
}

bool
pubkey_verify(const struct pubkey *p, struct view algorithm, struct view tbs,
    struct view sig, struct fault *f)
{
	const struct sigalg	*s = sigalg_find(algorithm);
	enum key_family		 family;
	int			 r;

	if (s == NULL)
		return fault_set(f, FAULT_ALGORITHM, "", "cannot use this signature algorithm");
	family = s->family == FAMILY_RSA_PSS ? FAMILY_RSA : s->family;
	if (family != key_family(p->traits->kind))
		return fault_set(f, FAULT_ALGORITHM, "",
		    "the signature algorithm does not belong to a %s key", p->traits->name);
	if (sig.n == 0 || sig.n > SIGNATURE_MAX)
		return fault_set(f, FAULT_SIGNATURE, "", "a signature of %zu octets", sig.n);
	r = family == FAMILY_ED25519 ? verify_whole(p, tbs, sig) :
	    verify_digest(p, s, tbs, sig);
	ERR_clear_error();
	if (r != 1)
		return fault_set(f, FAULT_SIGNATURE, "", "the signature does not hold");
	return true;
}
