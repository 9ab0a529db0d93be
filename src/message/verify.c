/* SPDX-License-Identifier: Apache-2.0 */
/* Opening SignedData and checking who signed: signed.h, second half. */
#include "codec/ber.h"
#include "message/signed.h"

#define RULE_ATTRS	"RFC 5652, 5.3"

/* The DER of bytes: bytes themselves, or a copy in the arena. */
static bool
to_der(struct view bytes, struct arena *a, struct view *der, struct fault *f)
{
	struct buf	b;
	bool		ok;

	if (ber_is_definite(bytes)) {
		*der = bytes;
		return true;
	}
	buf_init(&b, MESSAGE_MAX);
	ok = ber_to_der(bytes, &b, f) && buf_check(&b, "message", f);
	if (ok) {
		*der = arena_copy(a, buf_view(&b));
		ok = der->p != NULL || arena_fault(f);
	}
	buf_clear(&b);
	return ok;
}

bool
message_open(struct view bytes, struct arena *a, struct cms_signed *out, struct fault *f)
{
	struct view	der;

	if (bytes.n > MESSAGE_MAX)
		return fault_set(f, FAULT_LIMIT, "", "a message of %zu octets, %u are taken",
		    bytes.n, MESSAGE_MAX);
	return to_der(bytes, a, &der, f) && cms_signed_decode(der, a, out, f);
}

static bool
only_signer(const struct cms_signed *m, const struct cms_signer **out, struct fault *f)
{
	if (m->signer_count != 1)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 3.2",
		    "%zu signatures where one is asked for", m->signer_count);
	*out = &m->signers[0];
	return true;
}

/* What was signed is these attributes, and they speak of this content. */
static bool
check_attributes(const struct cms_signed *m, const struct cms_signer *s,
    enum digest_kind *digest, struct fault *f)
{
	uint8_t	md[DIGEST_MAX];

	if (!s->has_signed_attrs || !m->has_content)
		return fault_set(f, FAULT_REFUSED, RULE_ATTRS,
		    "a signature without signed attributes or content");
	*digest = digest_from_algorithm(s->digest_alg.tlv);
	if (*digest == DIGEST_NONE || *digest == DIGEST_SHA1)
		return fault_set(f, FAULT_ALGORITHM, RULE_ATTRS,
		    "cannot use this digest for a message");
	if (!view_equal(s->content_type, m->content_type))
		return fault_set(f, FAULT_SIGNATURE, RULE_ATTRS,
		    "the signed content type is another one");
	digest_of(*digest, m->content, md);
	if (!view_equal(view_of(md, digest_octets(*digest)), s->message_digest))
		return fault_set(f, FAULT_SIGNATURE, RULE_ATTRS,
		    "the signed digest is not that of the content");
	return true;
}

/*
 * SignerInfo may name a signature by its key alone (rsaEncryption), the digest
 * standing beside it; where both name a digest it is the same one.
 */
static bool
signature_algorithm(const struct cms_signer *s, enum digest_kind digest,
    const struct pubkey *pub, struct view *out, struct fault *f)
{
	if (view_equal(s->sig_alg.oid, OID_RSA) && algorithm_has_no_params(&s->sig_alg) &&
	    key_kind_is_rsa(pubkey_kind(pub)))
		*out = pubkey_sigalg(pub, digest);
	else
		*out = s->sig_alg.tlv;
	if (sigalg_digest(*out) == DIGEST_NONE)
		return fault_set(f, FAULT_ALGORITHM, "", "cannot use this signature algorithm");
	if (sigalg_digest(*out) != digest)
		return fault_set(f, FAULT_ALGORITHM, "RFC 5652, 5.4",
		    "digest and signature algorithm do not go together");
	return true;
}

static bool
verify_signer(const struct cms_signed *m, const struct cms_signer *s,
    const struct pubkey *pub, struct fault *f)
{
	enum digest_kind	digest;
	struct view		algorithm;

	return check_attributes(m, s, &digest, f) &&
	    signature_algorithm(s, digest, pub, &algorithm, f) &&
	    pubkey_verify(pub, algorithm, s->signed_attrs, s->signature, f);
}

bool
message_verify_ski(const struct cms_signed *m, struct view ski, const struct pubkey *pub,
    struct fault *f)
{
	const struct cms_signer	*s;

	if (!only_signer(m, &s, f))
		return false;
	if (s->sid.kind != CMS_SID_SKI || !view_equal(s->sid.ski, ski))
		return fault_set(f, FAULT_SIGNATURE, "RFC 10002, 3.2.1.2",
		    "the signer is named otherwise than by the request's key identifier");
	return verify_signer(m, s, pub, f);
}

static enum digest_kind
digest_by_oid(struct view oid)
{
	if (view_equal(oid, OID_SHA256))
		return DIGEST_SHA256;
	if (view_equal(oid, OID_SHA384))
		return DIGEST_SHA384;
	return view_equal(oid, OID_SHA512) ? DIGEST_SHA512 : DIGEST_NONE;
}

/* signingCertificateV2: the certificate the signer meant is this one (RFC 5035, 4). */
static bool
check_signing_certificate(const struct cms_signer *s, const struct cert *cert,
    enum signing_certificate rule, struct fault *f)
{
	enum digest_kind	kind;
	uint8_t			md[DIGEST_MAX];

	if (!s->has_signing_certificate) {
		if (rule == SIGNING_CERTIFICATE_IF_PRESENT)
			return true;
		return fault_set(f, FAULT_REFUSED, "RFC 5035, 4",
		    "signed attribute signingCertificateV2 is missing");
	}
	kind = digest_by_oid(s->signing_certificate_hash_alg);
	if (kind == DIGEST_NONE)
		return fault_set(f, FAULT_ALGORITHM, "RFC 5035, 4",
		    "cannot use this digest in signingCertificateV2");
	digest_of(kind, cert->der, md);
	if (!view_equal(view_of(md, digest_octets(kind)), s->signing_certificate_hash))
		return fault_set(f, FAULT_SIGNATURE, "RFC 5035, 4",
		    "signingCertificateV2 names another certificate");
	return true;
}

bool
message_verify_cert(const struct cms_signed *m, const struct cert *cert,
    const struct pubkey *pub, enum signing_certificate rule, struct fault *f)
{
	const struct cms_signer	*s;
	struct pubkey		*own = NULL;
	bool			 ok;

	if (!only_signer(m, &s, f))
		return false;
	if (s->sid.kind != CMS_SID_ISSUER_SERIAL || !cms_sid_names(&s->sid, cert))
		return fault_set(f, FAULT_SIGNATURE, RULE_ATTRS,
		    "the signer is named otherwise than by this certificate");
	if (!check_signing_certificate(s, cert, rule, f))
		return false;
	if (pub == NULL && (pub = own = pubkey_from_spki(cert->spki, f)) == NULL)
		return false;
	ok = verify_signer(m, s, pub, f);
	pubkey_free(own);
	return ok;
}

bool
message_find_signer(const struct cms_signed *m, struct cert *out, struct fault *f)
{
	const struct cms_signer	*s;
	struct cert		 c;

	if (!only_signer(m, &s, f))
		return false;
	for (size_t i = 0; i < m->certificate_count; i++) {
		if (s->sid.kind == CMS_SID_ISSUER_SERIAL &&
		    cert_decode_names(m->certificates[i], &c, NULL) &&
		    !issuer_serial_names(&s->sid.is, &c))
			continue;
		if (!cert_decode(m->certificates[i], &c, f))
			return false;
		if (cms_sid_names(&s->sid, &c)) {
			*out = c;
			return true;
		}
	}
	return fault_set(f, FAULT_NOT_FOUND, "RFC 5652, 5.1",
	    "the signer's certificate does not travel with the message");
}

bool
message_signing_time(const struct cms_signed *m, int64_t *when, bool *present,
    struct fault *f)
{
	const struct cms_signer	*s;

	if (!only_signer(m, &s, f))
		return false;
	*present = s->has_signed_attrs && s->has_signing_time;
	*when = *present ? s->signing_time : 0;
	return true;
}
