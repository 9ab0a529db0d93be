/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/oid.h"
#include "crypt/digest.h"
#include "pki/signer_order.h"

#define CONTENT_DEPTH_MAX	40

/* The authzRequest with this batchId among the controls. */
static bool
find_request(struct signer *s, const struct cmc_request *data, struct view batch_id,
    struct cvp_authz_request *out, struct fault *f)
{
	const struct cmc_control	*c;

	for (size_t at = 0; (c = cmc_next(&data->controls, CVP_AUTHZ_REQUEST, &at)) != NULL; at++) {
		if (!cvp_authz_request_decode(c->value, s->arena, CVP_ENTRIES_MAX, out, f))
			return false;
		if (view_equal(out->batch_id, batch_id))
			return true;
	}
	return fault_set(f, FAULT_REFUSED, "corrections, 1",
	    "MINT: the Admin's message asks for no such batch");
}

bool
order_open(struct signer *s, const struct cert *by, struct view message,
    struct view batch_id, int64_t asked_at, struct order *out, struct fault *f)
{
	struct cms_signed	 m;
	struct cmc_request	 data;
	struct view		 name;

	memset(out, 0, sizeof(*out));
	if (!message_open(message, s->arena, &m, f) ||
	    !message_verify_cert(&m, by, NULL, SIGNING_CERTIFICATE_REQUIRED, f))
		return fault_within(f, "MINT: the message is not the recipient's");
	if (!view_equal(m.content_type, OID_CT_PKI_DATA) || !m.has_content)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2", "MINT: no PKIData");
	if (!der_check(m.content, CONTENT_DEPTH_MAX, f) || !cmc_request_decode(m.content,
	    s->arena, &cmc_limits_admin, &data, NULL, f) ||
	    !find_request(s, &data, batch_id, &out->request, f))
		return false;
	name = out->request.template.name;
	out->frame = (struct grant_frame){ .a = s->arena, .now = asked_at,
		.template = templates_find(&s->templates, name),
		.request_terms = &out->request.terms };
	if (out->frame.template == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "MINT: no template \"%.*s\"",
		    (int)name.n, (const char *)name.p);
	return template_terms(out->frame.template, s->arena, &out->frame.template_terms, f);
}

/* Nothing is replaced but what the entry names. */
static bool
replaces_this(const struct cvp_entry *e, int64_t number)
{
	return number == (e->replaces != NULL ? signer_number_of(e->replaces->serial) : 0);
}

bool
order_take(struct order *o, uint32_t entry_id, struct view wanted_id,
    const struct seal_facts *facts, struct fault *f)
{
	const struct cvp_authz_request	*q = &o->request;
	const struct cvp_entry		*e;
	struct grant			 g;
	uint8_t				 digest[SHA256_OCTETS], label[SHA256_OCTETS];

	while (o->at < q->n_entries && q->entries[o->at].entry_id != entry_id)
		o->at++;
	if (o->at == q->n_entries)
		return fault_set(f, FAULT_REFUSED, "corrections, 1",
		    "MINT: the Admin's message has no entry %u left", entry_id);
	e = &q->entries[o->at++];
	if (!grant_terms(&o->frame, e, &g))
		return fault_set(f, FAULT_REFUSED, "corrections, 1", "MINT: entry %u: %s",
		    entry_id, g.why);
	sha256(g.der, digest);
	sha256(view_str(g.label), label);
	if (memcmp(digest, facts->terms_digest, sizeof(digest)) != 0 ||
	    memcmp(label, facts->label_digest, sizeof(label)) != 0 ||
	    memcmp(facts->content, o->frame.template->content, sizeof(facts->content)) != 0 ||
	    !view_equal(facts->template, q->template.name) ||
	    !view_equal(wanted_id, e->wanted_id) || !replaces_this(e, facts->replaces))
		return fault_set(f, FAULT_REFUSED, "corrections, 1",
		    "MINT: entry %u is not what the Admin has signed", entry_id);
	return true;
}
