/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/oid.h"
#include "message/csr.h"
#include "message/certreq.h"

/* Everything else comes from the terms (corrections, 6). */
static bool
only_names(const struct extensions *e, struct fault *f)
{
	for (size_t i = 0; i < e->n; i++)
		if (!view_equal(e->list[i].oid, OID_SUBJECT_KEY_ID) &&
		    !view_equal(e->list[i].oid, OID_SUBJECT_ALT_NAME))
			return fault_set(f, FAULT_REFUSED, "corrections, 6",
			    "an extension that the terms decide");
	return true;
}

static bool
only_name_and_key(const struct cert_template *t, struct fault *f)
{
	if (t->has_version || t->serial.n > 0 || t->signing_alg.n > 0 || t->issuer.n > 0 ||
	    t->has_not_before || t->has_not_after || t->issuer_uid.n > 0 ||
	    t->subject_uid.n > 0)
		return fault_set(f, FAULT_REFUSED, "corrections, 6",
		    "a field of the certificate that the terms decide");
	return !t->has_extensions || only_names(&t->extensions, f);
}

static bool
no_old_witness(struct view witness, struct fault *f)
{
	return witness.n == 0 || fault_set(f, FAULT_REFUSED, "corrections, 23",
	    "popLinkWitness of the first version");
}

static bool
read_names(struct view tlv, struct certreq *out, struct fault *f)
{
	out->changes_names = tlv.n > 0;
	return tlv.n == 0 || change_subject_name_decode(tlv, &out->names, f);
}

static bool
read_pkcs10(const struct cmc_tagged_request *r, struct arena *a, struct certreq *out,
    struct fault *f)
{
	struct pkcs10	*p = arena_alloc(a, sizeof(*p));

	if (p == NULL)
		return arena_fault(f);
	if (!pkcs10_decode(r->inner, p, f) ||
	    (p->has_extensions && !only_names(&p->extensions, f)) ||
	    !no_old_witness(p->pop_link_witness_v1, f))
		return false;
	out->p10 = p;
	out->spki = p->spki;
	out->subject = p->subject;
	out->has_san = p->has_san;
	out->san = p->san;
	out->ski = p->ski;
	out->link_witness = p->pop_link_witness_v2;
	return read_names(p->change_subject_name, out, f);
}

static bool
read_crmf(const struct cmc_tagged_request *r, struct arena *a, struct certreq *out,
    struct fault *f)
{
	struct crmf	*m = arena_alloc(a, sizeof(*m));
	struct der	 d, inner;

	if (m == NULL)
		return arena_fault(f);
	der_init(&d, r->inner);
	if (!der_open(&d, DER_SEQUENCE, &inner, f) ||
	    !crmf_decode(view_of(inner.p, inner.n), a, m, f))
		return false;
	if (m->spki.n == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 3.2.1.2.2",
		    "a request without public key");
	if (!only_name_and_key(&m->template, f) ||
	    !no_old_witness(m->pop_link_witness_v1, f))
		return false;
	out->crmf = m;
	out->spki = m->spki;
	out->subject = m->template.subject;
	out->has_san = m->has_san;
	out->san = m->san;
	out->ski = m->ski;
	out->link_witness = m->pop_link_witness_v2;
	return read_names(m->change_subject_name, out, f);
}

bool
certreq_read(const struct cmc_tagged_request *r, struct arena *a, struct certreq *out,
    struct fault *f)
{
	*out = (struct certreq){ .id = r->id };
	switch (r->form) {
	case CMC_TCR:
		return read_pkcs10(r, a, out, f);
	case CMC_CRM:
		return read_crmf(r, a, out, f);
	default:
		return fault_set(f, FAULT_REFUSED, "RFC 10002, 3.2.1", "an orm request");
	}
}

bool
certreq_check_pop(const struct certreq *r, const struct pubkey *pub, struct fault *f)
{
	return r->p10 != NULL ? request_check_pop(r->p10, pub, f) :
	    request_check_pop_crmf(r->crmf, pub, f);
}
