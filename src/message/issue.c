/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cert.h"
#include "codec/crl.h"
#include "message/issue.h"

void
signed_object_put(struct view tbs, struct view sigalg, struct view signature,
    struct buf *out)
{
	cert_assemble(tbs, sigalg, signature, out);
}

static bool
sign_object(struct view tbs, struct key *key, struct buf *out, const char *what,
    struct fault *f)
{
	struct buf	sig;
	bool		ok;

	buf_init(&sig, SIGNATURE_MAX);
	ok = key_sign(key, tbs, &sig, f);
	if (ok) {
		signed_object_put(tbs, key_sigalg(key), buf_view(&sig), out);
		ok = buf_check(out, what, f);
	}
	buf_clear(&sig);
	return ok;
}

bool
certificate_sign(struct view tbs, struct key *key, struct buf *out, struct fault *f)
{
	return sign_object(tbs, key, out, "certificate", f);
}

bool
crl_sign(struct view tbs, struct key *key, struct buf *out, struct fault *f)
{
	return sign_object(tbs, key, out, "CRL", f);
}

static bool
verify_object(struct view name, const struct algorithm *alg, struct view tbs,
    struct view signature, const struct cert *issuer, struct fault *f)
{
	struct pubkey	*pub;
	bool		 ok;

	if (!view_equal(name, issuer->subject))
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 6.1.3",
		    "issued by another name");
	if ((pub = pubkey_from_spki(issuer->spki, f)) == NULL)
		return fault_within(f, "the issuer's key");
	ok = pubkey_verify(pub, alg->tlv, tbs, signature, f);
	pubkey_free(pub);
	return ok;
}

bool
certificate_verify(const struct cert *c, const struct cert *issuer, struct fault *f)
{
	return verify_object(c->issuer, &c->sigalg, c->tbs, c->signature, issuer, f) ||
	    fault_within(f, "certificate");
}

bool
crl_verify(const struct crl *c, const struct cert *issuer, struct fault *f)
{
	return verify_object(c->issuer, &c->sigalg, c->tbs, c->signature, issuer, f) ||
	    fault_within(f, "CRL");
}
