/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cert_ext.h"
#include "codec/crmf.h"
#include "codec/name.h"
#include "codec/oid.h"

#define RULE		"RFC 4211"
#define RULE_CMC	"RFC 10002, 4.2"

/* issuer [3] and subject [5]: Name is a CHOICE, so that the tag is explicit. */
static bool
template_name(struct der *d, uint8_t n, struct view *name, struct fault *f)
{
	struct der	in;
	bool		present;

	if (!der_open_optional(d, DER_CONTEXT_C(n), &in, &present, f))
		return false;
	return !present || (der_get_tlv(&in, DER_SEQUENCE, name, f) &&
	    der_end(&in, f) && name_check(*name, f));
}

static bool
optional_time(struct der *d, uint8_t n, bool *has, int64_t *t, struct fault *f)
{
	struct der	in;

	if (!der_open_optional(d, DER_CONTEXT_C(n), &in, has, f))
		return false;
	return !*has || (der_time(&in, t, f) && der_end(&in, f));
}

/* OptionalValidity ::= SEQUENCE { notBefore [0], notAfter [1] }, one at least */
static bool
template_validity(struct der *d, struct cert_template *t, struct fault *f)
{
	struct der	in;
	bool		present;

	if (!der_open_optional(d, DER_CONTEXT_C(4), &in, &present, f))
		return false;
	if (!present)
		return true;
	if (!optional_time(&in, 0, &t->has_not_before, &t->not_before, f) ||
	    !optional_time(&in, 1, &t->has_not_after, &t->not_after, f) ||
	    !der_end(&in, f))
		return false;
	return t->has_not_before || t->has_not_after ||
	    fault_set(f, FAULT_MALFORMED, "RFC 4211, 5",
	    "a validity with neither end");
}

/* No field of a template may be empty: an empty view means absent. */
static bool
optional(struct der *d, uint8_t tag, struct view *content, struct fault *f)
{
	if (der_peek(d) != tag)
		return true;
	return der_get(d, tag, content, f) && (content->n > 0 ||
	    fault_set(f, FAULT_MALFORMED, "RFC 4211, 5",
	    "field %02x of a template is empty", tag));
}

/* version [0] and serialNumber [1], both IMPLICIT INTEGER */
static bool
template_numbers(struct der *d, struct cert_template *t, struct fault *f)
{
	struct view	v;

	if (der_peek(d) == DER_CONTEXT(0)) {
		if (!der_get(d, DER_CONTEXT(0), &v, f))
			return false;
		if (v.n != 1 || v.p[0] > 2)
			return fault_set(f, FAULT_MALFORMED, "RFC 4211, 5",
			    "a template's version is not 0, 1 or 2");
		t->has_version = true;
		t->version = v.p[0];
	}
	return optional(d, DER_CONTEXT(1), &t->serial, f);
}

static bool
template_extensions(struct der *d, struct cert_template *t, struct fault *f)
{
	if (der_peek(d) != DER_CONTEXT_C(9))
		return true;
	t->has_extensions = true;
	return der_get(d, DER_CONTEXT_C(9), &t->extensions_content, f) &&
	    extensions_decode_content(t->extensions_content, &t->extensions, f);
}

bool
cert_template_decode(struct view content, struct cert_template *out,
    struct fault *f)
{
	struct der	d;

	*out = (struct cert_template){ 0 };
	der_init(&d, content);
	return template_numbers(&d, out, f) &&
	    optional(&d, DER_CONTEXT_C(2), &out->signing_alg, f) &&
	    template_name(&d, 3, &out->issuer, f) &&
	    template_validity(&d, out, f) &&
	    template_name(&d, 5, &out->subject, f) &&
	    optional(&d, DER_CONTEXT_C(6), &out->public_key, f) &&
	    optional(&d, DER_CONTEXT(7), &out->issuer_uid, f) &&
	    optional(&d, DER_CONTEXT(8), &out->subject_uid, f) &&
	    template_extensions(&d, out, f) && der_end(&d, f);
}

static void
put_optional(struct buf *b, uint8_t tag, struct view content)
{
	if (content.n > 0)
		der_put(b, tag, content);
}

static void
put_validity(struct buf *b, const struct cert_template *t)
{
	size_t	seq, mark;

	if (!t->has_not_before && !t->has_not_after)
		return;
	seq = der_begin(b, DER_CONTEXT_C(4));
	if (t->has_not_before) {
		mark = der_begin(b, DER_CONTEXT_C(0));
		der_put_time(b, t->not_before);
		der_close(b, mark);
	}
	if (t->has_not_after) {
		mark = der_begin(b, DER_CONTEXT_C(1));
		der_put_time(b, t->not_after);
		der_close(b, mark);
	}
	der_close(b, seq);
}

static void
put_template_extensions(struct buf *b, const struct cert_template *t)
{
	const struct extension	*e;
	size_t			 mark, i;

	if (t->extensions_content.n == 0 && t->extensions.n == 0)
		return;
	mark = der_begin(b, DER_CONTEXT_C(9));
	buf_add_view(b, t->extensions_content);
	for (i = 0; t->extensions_content.n == 0 && i < t->extensions.n; i++) {
		e = &t->extensions.list[i];
		extension_put(b, e->oid, e->critical, e->value);
	}
	der_close(b, mark);
}

void
cert_template_put(struct buf *b, uint8_t tag, const struct cert_template *t)
{
	size_t	mark = der_begin(b, tag);
	uint8_t	version = (uint8_t)t->version;

	if (t->has_version)
		der_put(b, DER_CONTEXT(0), view_of(&version, 1));
	put_optional(b, DER_CONTEXT(1), t->serial);
	put_optional(b, DER_CONTEXT_C(2), t->signing_alg);
	put_optional(b, DER_CONTEXT_C(3), t->issuer);
	put_validity(b, t);
	put_optional(b, DER_CONTEXT_C(5), t->subject);
	put_optional(b, DER_CONTEXT_C(6), t->public_key);
	put_optional(b, DER_CONTEXT(7), t->issuer_uid);
	put_optional(b, DER_CONTEXT(8), t->subject_uid);
	put_template_extensions(b, t);
	der_close(b, mark);
}

bool
cert_template_is_empty(const struct cert_template *t)
{
	return !t->has_version && t->serial.n == 0 && t->signing_alg.n == 0 &&
	    t->issuer.n == 0 && !t->has_not_before && !t->has_not_after &&
	    t->subject.n == 0 && t->public_key.n == 0 &&
	    t->issuer_uid.n == 0 && t->subject_uid.n == 0 &&
	    !t->has_extensions && t->extensions.n == 0;
}

/* What is done with each control we know. */
static const struct control {
	struct view	 oid;
	size_t		 field;		/* offset of a view in struct crmf */
	const char	*name;
	bool		 refused;
} controls[] = {
	{ OID_CMC_POP_LINK_WITNESS_V2, offsetof(struct crmf, pop_link_witness_v2),
	    "popLinkWitnessV2", false },
	{ OID_CMC_POP_LINK_WITNESS, offsetof(struct crmf, pop_link_witness_v1),
	    "popLinkWitness", false },
	{ OID_CMC_CHANGE_SUBJECT_NAME, offsetof(struct crmf, change_subject_name),
	    "changeSubjectName", false },
	{ OID_CRMF_OLD_CERT_ID, offsetof(struct crmf, old_cert_id), "oldCertID",
	    false },
	{ OID_CRMF_REG_TOKEN, 0, "regToken", true },
	{ OID_CRMF_AUTHENTICATOR, 0, "authenticator", true },
	{ OID_CRMF_ARCHIVE_OPTIONS, 0, "pkiArchiveOptions", true },
	{ OID_CRMF_PROTOCOL_ENCR_KEY, 0, "protocolEncrKey", true },
};
#define CONTROLS	(sizeof(controls) / sizeof(controls[0]))

static bool
keep_control(struct crmf *m, struct view type, struct view value,
    struct fault *f)
{
	const struct control	*c;
	struct view		*field;
	size_t			 i;

	for (i = 0; i < CONTROLS; i++)
		if (view_equal(controls[i].oid, type))
			break;
	if (i == CONTROLS) {
		m->unknown_controls++;
		return true;
	}
	c = &controls[i];
	if (c->refused)
		return fault_set(f, FAULT_REFUSED, RULE_CMC,
		    "control %s has no place in CMC", c->name);
	field = (struct view *)(void *)((char *)m + c->field);
	if (field->n > 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "control %s stands twice", c->name);
	*field = value;
	return true;
}

/* AttributeTypeAndValue ::= SEQUENCE { type, value ANY } */
static bool
decode_controls(struct der *request, struct crmf *m, struct fault *f)
{
	struct der	list, in;
	struct view	type, value;
	size_t		n = 0;
	bool		present;

	if (!der_open_optional(request, DER_SEQUENCE, &list, &present, f))
		return false;
	if (present && der_at_end(&list))
		return fault_set(f, FAULT_MALFORMED, "RFC 4211, 5",
		    "a list of controls is empty");
	while (present && !der_at_end(&list)) {
		if (++n > CRMF_CONTROLS_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %d controls", CRMF_CONTROLS_MAX);
		if (!der_open(&list, DER_SEQUENCE, &in, f) ||
		    !der_oid(&in, &type, f) || !der_get_any(&in, &value, f) ||
		    !der_end(&in, f) || !keep_control(m, type, value, f))
			return false;
	}
	return true;
}

/* The template's [6] takes the place of SubjectPublicKeyInfo's 30. */
static bool
rebuild_spki(struct crmf *m, struct arena *a, struct fault *f)
{
	struct buf	b;

	if (m->template.public_key.n == 0)
		return true;
	buf_init(&b, CRMF_OCTETS_MAX + 16);
	der_put(&b, DER_SEQUENCE, m->template.public_key);
	if (buf_ok(&b))
		m->spki = arena_copy(a, buf_view(&b));
	buf_clear(&b);
	return m->spki.p != NULL || arena_fault(f);
}

static bool
read_extensions(struct crmf *m, struct fault *f)
{
	const struct extension	*e;

	e = extensions_find(&m->template.extensions, OID_SUBJECT_KEY_ID);
	if (e != NULL && !ext_read_ski(e->value, &m->ski, f))
		return false;
	e = extensions_find(&m->template.extensions, OID_SUBJECT_ALT_NAME);
	if (e == NULL)
		return true;
	m->has_san = true;
	m->san_value = e->value;
	return general_names_decode(e->value, &m->san, f);
}

/* CertRequest ::= SEQUENCE { certReqId, certTemplate, controls OPTIONAL } */
static bool
decode_request(struct crmf *m, struct arena *a, struct fault *f)
{
	struct der	d, in;
	struct view	template;
	uint64_t	id;

	der_init(&d, m->cert_request);
	if (!der_open(&d, DER_SEQUENCE, &in, f) ||
	    !der_uint_in(&in, "certReqId", 0, UINT32_MAX, &id, f) ||
	    !der_get(&in, DER_SEQUENCE, &template, f) ||
	    !cert_template_decode(template, &m->template, f) ||
	    !decode_controls(&in, m, f) || !der_end(&in, f))
		return false;
	m->request_id = (uint32_t)id;
	return rebuild_spki(m, a, f) && read_extensions(m, f);
}

/* POPOSigningKey ::= SEQUENCE { poposkInput [0] OPTIONAL, algorithm, signature } */
static bool
decode_signature(struct der *d, struct crmf *m, struct fault *f)
{
	struct der	in;

	if (!der_open(d, DER_CONTEXT_C(1), &in, f))
		return false;
	if (der_peek(&in) == DER_CONTEXT_C(0))
		return fault_set(f, FAULT_REFUSED, RULE_CMC,
		    "a proof of possession with POPOSigningKeyInput");
	m->popo = CRMF_POPO_SIGNATURE;
	return algorithm_decode(&in, &m->sigalg, f) &&
	    der_bits(&in, &m->signature, f) && der_end(&in, f);
}

/* POPOPrivKey: only subsequentMessage [1] challengeResp(1) can be answered. */
static bool
decode_challenge(struct der *d, struct crmf *m, uint8_t tag,
    enum crmf_popo popo, struct fault *f)
{
	struct der	in;
	struct view	v;

	if (!der_open(d, tag, &in, f))
		return false;
	if (der_peek(&in) != DER_CONTEXT(1))
		return fault_set(f, FAULT_REFUSED, RULE_CMC,
		    "a proof of possession that is not by challenge");
	if (!der_get(&in, DER_CONTEXT(1), &v, f) || !der_end(&in, f))
		return false;
	if (v.n != 1 || v.p[0] != 1)
		return fault_set(f, FAULT_REFUSED, RULE_CMC,
		    "a proof of possession by encrypted certificate");
	m->popo = popo;
	return true;
}

static bool
decode_popo(struct der *d, struct crmf *m, struct fault *f)
{
	struct view	v;

	switch (der_peek(d)) {
	case DER_CONTEXT(0):
		m->popo = CRMF_POPO_RA_VERIFIED;
		return der_get(d, DER_CONTEXT(0), &v, f) && (v.n == 0 ||
		    fault_set(f, FAULT_MALFORMED, RULE, "a NULL with content"));
	case DER_CONTEXT_C(1):
		return decode_signature(d, m, f);
	case DER_CONTEXT_C(2):
		return decode_challenge(d, m, DER_CONTEXT_C(2),
		    CRMF_POPO_KEY_ENCIPHERMENT, f);
	case DER_CONTEXT_C(3):
		return decode_challenge(d, m, DER_CONTEXT_C(3),
		    CRMF_POPO_KEY_AGREEMENT, f);
	default:
		return true;
	}
}

bool
crmf_decode(struct view content, struct arena *a, struct crmf *out,
    struct fault *f)
{
	struct der	d;

	*out = (struct crmf){ .content = content };
	if (content.n > CRMF_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "a request of %zu octets",
		    content.n);
	der_init(&d, content);
	if (!der_get_tlv(&d, DER_SEQUENCE, &out->cert_request, f) ||
	    !decode_request(out, a, f) || !decode_popo(&d, out, f))
		return false;
	if (der_peek(&d) == DER_SEQUENCE)
		return fault_set(f, FAULT_REFUSED, RULE_CMC,
		    "regInfo has no place in CMC");
	return der_end(&d, f);
}

static void
put_control(struct buf *b, struct view type, struct view value)
{
	size_t	mark;

	if (value.n == 0)
		return;
	mark = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, type);
	buf_add_view(b, value);
	der_close(b, mark);
}

void
crmf_request_encode(uint32_t request_id, const struct cert_template *t,
    struct view pop_link_witness_v2, struct view change_subject_name,
    struct buf *out)
{
	size_t	seq = der_begin(out, DER_SEQUENCE), list;

	der_put_uint(out, request_id);
	cert_template_put(out, DER_SEQUENCE, t);
	if (pop_link_witness_v2.n > 0 || change_subject_name.n > 0) {
		list = der_begin(out, DER_SEQUENCE);
		put_control(out, OID_CMC_POP_LINK_WITNESS_V2,
		    pop_link_witness_v2);
		put_control(out, OID_CMC_CHANGE_SUBJECT_NAME,
		    change_subject_name);
		der_close(out, list);
	}
	der_close(out, seq);
}

void
crmf_assemble(uint8_t tag, struct view cert_request, struct view sigalg,
    struct view signature, struct buf *out)
{
	size_t	seq = der_begin(out, tag), popo;

	buf_add_view(out, cert_request);
	popo = der_begin(out, DER_CONTEXT_C(1));
	buf_add_view(out, sigalg);
	der_put_bits(out, signature);
	der_close(out, popo);
	der_close(out, seq);
}
