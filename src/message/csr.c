/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/crmf.h"
#include "codec/name.h"
#include "codec/pkcs10.h"
#include "codec/spki.h"
#include "message/csr.h"
#include "message/proof.h"

#define WITNESS_MAX	128	/* PopLinkWitnessV2 as we write it has 61 octets */

bool
request_ski(struct view spki, uint8_t out[REQUEST_SKI_OCTETS], struct fault *f)
{
	struct spki	s;

	if (!spki_decode(spki, &s, f))
		return false;
	sha1(s.key, out);
	return true;
}

/* CertificationRequestInfo, then its signature around it. */
static bool
sign_info(const struct pkcs10_plan *p, struct key *key, struct buf *info,
    struct buf *sig, struct buf *out, struct fault *f)
{
	if (!pkcs10_info_encode(p, info, f) || !key_sign(key, buf_view(info), sig, f))
		return false;
	pkcs10_assemble(buf_view(info), key_sigalg(key), buf_view(sig), out);
	return buf_check(out, "certification request", f);
}

bool
request_build(const struct request_terms *t, struct key *key, struct buf *out,
    struct fault *f)
{
	struct pkcs10_plan	p = { .subject = t->subject, .spki = key_spki(key),
		.change_subject_name = t->change_names };
	struct general_names	san = { 0 };
	uint8_t			ski[REQUEST_SKI_OCTETS];
	struct buf		witness, info, sig;
	bool			ok;

	if (!request_ski(p.spki, ski, f) ||
	    (t->san.n > 0 && !general_names_decode(t->san, &san, f)))
		return false;
	buf_init(&witness, WITNESS_MAX);
	buf_init(&info, PKCS10_OCTETS_MAX);
	buf_init(&sig, SIGNATURE_MAX);
	if (t->link_witness != NULL)
		proof_put(&witness, t->link_witness);
	p.ski = view_of(ski, sizeof(ski));
	p.san = san.list;
	p.san_count = san.n;
	p.pop_link_witness_v2 = buf_view(&witness);
	ok = buf_check(&witness, "link witness", f) &&
	    sign_info(&p, key, &info, &sig, out, f);
	buf_clear(&sig);
	buf_clear(&info);
	buf_clear(&witness);
	return ok;
}

bool
request_check_pop(const struct pkcs10 *r, const struct pubkey *pub, struct fault *f)
{
	return pubkey_verify(pub, r->sigalg.tlv, r->info, r->signature, f) ||
	    fault_within(f, "proof of possession");
}

bool
request_check_pop_crmf(const struct crmf *r, const struct pubkey *pub, struct fault *f)
{
	if (r->popo != CRMF_POPO_SIGNATURE)
		return fault_set(f, FAULT_REFUSED, "RFC 4211, 4.1",
		    "proof of possession by signature is asked for");
	return pubkey_verify(pub, r->sigalg.tlv, r->cert_request, r->signature, f) ||
	    fault_within(f, "proof of possession");
}
