/* SPDX-License-Identifier: Apache-2.0 */
/* Making SignedData: signed.h, first half. */
#include "message/signed.h"

#define SIGNER_OCTETS_MAX	(1u << 20)	/* a chain of MESSAGE_CHAIN_MAX large ones */
#define ATTRS_MAX		1024

/* Copy v behind what is there; room was made before, so nothing moves. */
static struct view
keep(struct message_signer *s, struct view v)
{
	size_t	at = s->octets.n;

	buf_add_view(&s->octets, v);
	return view_of(s->octets.p + at, v.n);
}

static bool
signer_start(struct message_signer *s, struct view sigalg, enum digest_kind digest,
    size_t room, struct fault *f)
{
	*s = (struct message_signer){ .digest = digest };
	buf_init(&s->octets, SIGNER_OCTETS_MAX);
	if (sigalg_digest(sigalg) == DIGEST_NONE || digest == DIGEST_NONE)
		return fault_set(f, FAULT_ALGORITHM, "", "cannot sign with this algorithm");
	buf_extend(&s->octets, room + sigalg.n);
	if (!buf_check(&s->octets, "signer's certificates", f))
		return false;
	buf_reset(&s->octets);
	s->sigalg = keep(s, sigalg);
	return true;
}

static bool
use_certificate(struct message_signer *s, struct view cert, struct fault *f)
{
	struct cert	c;

	s->certs[s->ncerts++] = keep(s, cert);
	if (!cert_decode_names(s->certs[0], &c, f))
		return fault_within(f, "the signer's certificate");
	s->sid = (struct cms_sid){ .kind = CMS_SID_ISSUER_SERIAL,
	    .is = { .issuer = c.issuer, .serial = c.serial } };
	sha256(s->certs[0], s->cert_sha256);
	return true;
}

bool
message_signer_cert(struct message_signer *s, struct view sigalg,
    enum digest_kind digest, struct view cert, const struct view *extra, size_t nextra,
    struct fault *f)
{
	size_t	room = cert.n;

	*s = (struct message_signer){ .digest = DIGEST_NONE };
	if (nextra > MESSAGE_CHAIN_MAX - 1)
		return fault_set(f, FAULT_LIMIT, "", "%zu certificates above the signer's own",
		    nextra);
	for (size_t i = 0; i < nextra; i++)
		room += extra[i].n;
	if (!signer_start(s, sigalg, digest, room, f) || !use_certificate(s, cert, f)) {
		message_signer_clear(s);
		return false;
	}
	for (size_t i = 0; i < nextra; i++)
		s->certs[s->ncerts++] = keep(s, extra[i]);
	return true;
}

bool
message_signer_ski(struct message_signer *s, struct view sigalg, enum digest_kind digest,
    struct view ski, struct fault *f)
{
	if (!signer_start(s, sigalg, digest, ski.n, f)) {
		message_signer_clear(s);
		return false;
	}
	s->sid = (struct cms_sid){ .kind = CMS_SID_SKI, .ski = keep(s, ski) };
	return true;
}

void
message_signer_clear(struct message_signer *s)
{
	buf_clear(&s->octets);
	*s = (struct message_signer){ .digest = DIGEST_NONE };
}

bool
message_prepare(struct message_draft *d, const struct message_signer *s,
    struct view content_type, struct view content, int64_t now, struct fault *f)
{
	uint8_t			md[DIGEST_MAX];
	struct cms_attrs_plan	p = {
		.content_type = content_type,
		.has_signing_time = true,
		.signing_time = now,
	};

	*d = (struct message_draft){ .signer = s, .content_type = content_type,
	    .content = content };
	digest_of(s->digest, content, md);
	p.message_digest = view_of(md, digest_octets(s->digest));
	if (s->ncerts > 0)
		p.signing_certificate_sha256 = view_of(s->cert_sha256, SHA256_OCTETS);
	buf_init(&d->tbs, ATTRS_MAX);
	cms_signed_attrs_encode(&p, &d->tbs);
	return buf_check(&d->tbs, "signed attributes", f);
}

/* The signer's certificates and the draft's, one list. */
static size_t
join_certificates(const struct message_draft *d, struct view *out)
{
	size_t	n = 0;

	for (size_t i = 0; i < d->signer->ncerts; i++)
		out[n++] = d->signer->certs[i];
	for (size_t i = 0; i < d->ncerts; i++)
		out[n++] = d->certs[i];
	return n;
}

static bool
put_signed(const struct message_draft *d, struct view signer_info,
    const struct view *certs, size_t ncerts, struct buf *out, struct fault *f)
{
	struct cms_signed_plan	p = {
		.content_type = d->content_type,
		.has_content = true,
		.content = d->content,
		.certificates = certs,
		.certificate_count = ncerts,
		.crls = d->crls,
		.crl_count = d->ncrls,
		.signers = &signer_info,
		.signer_count = 1,
		.digest_alg = digest_algorithm(d->signer->digest),
		.signer_by_ski = d->signer->sid.kind == CMS_SID_SKI,
	};

	return cms_signed_encode(&p, out, f) && buf_check(out, "signed message", f);
}

bool
message_finish(const struct message_draft *d, struct view signature, struct buf *out,
    struct fault *f)
{
	struct cms_signer_plan	p = {
		.sid = d->signer->sid,
		.digest_alg = digest_algorithm(d->signer->digest),
		.signed_attrs = buf_view(&d->tbs),
		.sig_alg = d->signer->sigalg,
		.signature = signature,
	};
	struct view		certs[MESSAGE_CHAIN_MAX + CMS_CERTIFICATES_MAX];
	struct buf		info;
	bool			ok;

	if (d->ncerts > CMS_CERTIFICATES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu certificates in one message",
		    d->ncerts);
	buf_init(&info, CERT_OCTETS_MAX + SIGNATURE_MAX + ATTRS_MAX);
	cms_signer_encode(&p, &info);
	ok = buf_check(&info, "SignerInfo", f) &&
	    put_signed(d, buf_view(&info), certs, join_certificates(d, certs), out, f);
	buf_clear(&info);
	return ok;
}

void
message_draft_clear(struct message_draft *d)
{
	buf_clear(&d->tbs);
}

bool
message_sign(const struct message_signer *s, struct key *key, struct view content_type,
    struct view content, int64_t now, struct buf *out, struct fault *f)
{
	struct message_draft	d;
	struct buf		sig;
	bool			ok;

	buf_init(&sig, SIGNATURE_MAX);
	ok = message_prepare(&d, s, content_type, content, now, f) &&
	    key_sign(key, buf_view(&d.tbs), &sig, f) &&
	    message_finish(&d, buf_view(&sig), out, f);
	buf_clear(&sig);
	message_draft_clear(&d);
	return ok;
}

bool
message_unsigned(struct view content_type, struct view content, const struct view *certs,
    size_t ncerts, const struct view *crls, size_t ncrls, struct buf *out, struct fault *f)
{
	struct cms_signed_plan	p = {
		.content_type = content_type.n > 0 ? content_type : OID_CT_DATA,
		.has_content = content_type.n > 0,
		.content = content,
		.certificates = certs,
		.certificate_count = ncerts,
		.crls = crls,
		.crl_count = ncrls,
	};

	return cms_signed_encode(&p, out, f) && buf_check(out, "message", f);
}
