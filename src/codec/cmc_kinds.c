/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc_kinds.c - the table of controls: names, object identifiers, where each
 * may stand and how often (RFC 10002, 6, table 1; the profile, 7.3).
 */
#include <inttypes.h>

#include "codec/cmc.h"
#include "codec/oid.h"

#define Q	1	/* in a PKIData */
#define R	2	/* in a PKIResponse */
#define A	4	/* as an attribute inside a request only */

struct rule {
	const char	*name;
	struct view	 oid;
	uint8_t		 where;
	bool		 many;
};

#define OID_OF(s)	{ (const uint8_t *)(s), sizeof(s) - 1 }
#define ID_CMC(arc)	OID_OF(ARC_CMC arc)
#define ID_CVP(arc)	OID_OF(ARC_CVP "\x01" arc)

static const struct rule rules[CMC_KIND_END] = {
	[CMC_STATUS_INFO] = { "statusInfo", ID_CMC("\x01"), Q | R, true },
	[CMC_IDENTIFICATION] = { "identification", ID_CMC("\x02"), Q, false },
	[CMC_IDENTITY_PROOF] = { "identityProof", ID_CMC("\x03"), Q, false },
	[CMC_DATA_RETURN] = { "dataReturn", ID_CMC("\x04"), Q | R, false },
	[CMC_TRANSACTION_ID] = { "transactionId", ID_CMC("\x05"), Q | R, false },
	[CMC_SENDER_NONCE] = { "senderNonce", ID_CMC("\x06"), Q | R, false },
	[CMC_RECIPIENT_NONCE] = { "recipientNonce", ID_CMC("\x07"), Q | R, false },
	[CMC_ADD_EXTENSIONS] = { "addExtensions", ID_CMC("\x08"), Q, true },
	[CMC_ENCRYPTED_POP] = { "encryptedPOP", ID_CMC("\x09"), R, true },
	[CMC_DECRYPTED_POP] = { "decryptedPOP", ID_CMC("\x0a"), Q, true },
	[CMC_LRA_POP_WITNESS] = { "lraPOPWitness", ID_CMC("\x0b"), Q, true },
	[CMC_GET_CERT] = { "getCert", ID_CMC("\x0f"), Q, true },
	[CMC_GET_CRL] = { "getCRL", ID_CMC("\x10"), Q, true },
	[CMC_REVOKE_REQUEST] = { "revokeRequest", ID_CMC("\x11"), Q, true },
	[CMC_REG_INFO] = { "regInfo", ID_CMC("\x12"), Q, false },
	[CMC_RESPONSE_INFO] = { "responseInfo", ID_CMC("\x13"), R, false },
	[CMC_QUERY_PENDING] = { "queryPending", ID_CMC("\x15"), Q, true },
	[CMC_POP_LINK_RANDOM] = { "popLinkRandom", ID_CMC("\x16"), Q, false },
	[CMC_POP_LINK_WITNESS] = { "popLinkWitness", ID_CMC("\x17"), A, false },
	/*
	 * RFC 10002, 6.14 speaks of this control in the answer, where it can
	 * say nothing: let it stand there and be ignored.
	 */
	[CMC_CONFIRM_CERT_ACCEPTANCE] = { "confirmCertAcceptance",
	    ID_CMC("\x18"), Q | R, true },
	[CMC_STATUS_INFO_V2] = { "statusInfoV2", ID_CMC("\x19"), Q | R, true },
	[CMC_TRUSTED_ANCHORS] = { "trustedAnchors", ID_CMC("\x1a"), Q | R, true },
	[CMC_AUTH_DATA] = { "authData", ID_CMC("\x1b"), Q | R, true },
	[CMC_BATCH_REQUESTS] = { "batchRequests", ID_CMC("\x1c"), Q, false },
	[CMC_BATCH_RESPONSES] = { "batchResponses", ID_CMC("\x1d"), R, false },
	[CMC_PUBLISH_CERT] = { "publishCert", ID_CMC("\x1e"), Q, true },
	[CMC_MOD_CERT_TEMPLATE] = { "modCertTemplate", ID_CMC("\x1f"), Q, true },
	[CMC_CONTROL_PROCESSED] = { "controlProcessed", ID_CMC("\x20"), Q, true },
	[CMC_POP_LINK_WITNESS_V2] = { "popLinkWitnessV2", ID_CMC("\x21"), A, false },
	[CMC_IDENTITY_PROOF_V2] = { "identityProofV2", ID_CMC("\x22"), Q, false },
	[CMC_RA_IDENTITY_WITNESS] = { "raIdentityWitness", ID_CMC("\x23"), Q, true },
	[CMC_CHANGE_SUBJECT_NAME] = { "changeSubjectName", ID_CMC("\x24"), A, false },
	[CMC_RESPONSE_BODY] = { "responseBody", ID_CMC("\x25"), R, true },

	[CVP_AUTHZ_REQUEST] = { "authzRequest", ID_CVP("\x01"), Q, false },
	[CVP_AUTHZ_RESPONSE] = { "authzResponse", ID_CVP("\x02"), R, false },
	[CVP_AUTHZ_ACK] = { "authzAck", ID_CVP("\x03"), Q, false },
	[CVP_AUTHZ_CANCEL] = { "authzCancel", ID_CVP("\x04"), Q, true },
	[CVP_AUTHZ_CANCEL_RESULT] = { "authzCancelResult", ID_CVP("\x05"), R, true },
	[CVP_AUTHZ_CANCEL_ACK] = { "authzCancelAck", ID_CVP("\x06"), Q, true },
	[CVP_AUTHZ_QUERY] = { "authzQuery", ID_CVP("\x07"), Q, false },
	[CVP_AUTHZ_INFO] = { "authzInfo", ID_CVP("\x08"), R, false },
	[CVP_AUTHZ_BIND] = { "authzBind", ID_CVP("\x09"), Q, true },
	[CVP_AUTHZ_USE] = { "authzUse", ID_CVP("\x0a"), Q, true },
	[CVP_KEY_GEN_REQUEST] = { "keyGenRequest", ID_CVP("\x0b"), Q, true },
	[CVP_KEY_GEN_RESPONSE] = { "keyGenResponse", ID_CVP("\x0c"), R, true },
	[CVP_EVENT_QUERY] = { "eventQuery", ID_CVP("\x0d"), Q, false },
	[CVP_EVENT_REPORT] = { "eventReport", ID_CVP("\x0e"), R, false },
	[CVP_TEMPLATE_QUERY] = { "templateQuery", ID_CVP("\x0f"), Q, false },
	[CVP_TEMPLATE_INFO] = { "templateInfo", ID_CVP("\x10"), R, false },
	[CVP_RENEWAL_HINT] = { "renewalHint", ID_CVP("\x11"), R, false },
};

static const struct rule *
rule_of(enum cmc_kind kind)
{
	if (kind >= CMC_KIND_END || rules[kind].name == NULL)
		return NULL;
	return &rules[kind];
}

const char *
cmc_kind_name(enum cmc_kind kind)
{
	const struct rule	*r = rule_of(kind);

	return r == NULL ? "unknown" : r->name;
}

struct view
cmc_kind_oid(enum cmc_kind kind)
{
	const struct rule	*r = rule_of(kind);

	return r == NULL ? VIEW_NONE : r->oid;
}

static bool
has_arc(struct view oid, const char *arc, size_t n)
{
	return oid.n == n + 1 && memcmp(oid.p, arc, n) == 0;
}

enum cmc_kind
cmc_kind_of(struct view oid)
{
	unsigned	kind;

	if (has_arc(oid, ARC_CMC, sizeof(ARC_CMC) - 1))
		kind = oid.p[oid.n - 1];
	else if (has_arc(oid, ARC_CVP "\x01", sizeof(ARC_CVP "\x01") - 1))
		kind = CMC_CVP + (unsigned)oid.p[oid.n - 1];
	else
		return CMC_UNKNOWN;
	/* A high arc number of id-cmc must not run into those of id-cvp. */
	if (kind >= CMC_KIND_END || rules[kind].name == NULL ||
	    !view_equal(rules[kind].oid, oid))
		return CMC_UNKNOWN;
	return (enum cmc_kind)kind;
}

static bool
refuse(const struct cmc_control *c, const char *why, uint32_t *offender,
    struct fault *f)
{
	if (offender != NULL)
		*offender = c->id;
	return fault_set(f, FAULT_MALFORMED, "RFC 10002, 6", "control %" PRIu32
	    " (%s) %s", c->id, cmc_kind_name(c->kind), why);
}

static bool
check_rules(const struct cmc_controls *c, uint8_t where, const char *misplaced,
    uint32_t *offender, struct fault *f)
{
	bool			 seen[CMC_KIND_END] = { false };
	const struct cmc_control *one;
	const struct rule	*r;
	size_t			 i;

	for (i = 0; i < c->n; i++) {
		one = &c->v[i];
		if ((r = rule_of(one->kind)) == NULL)
			continue;
		if ((r->where & where) == 0)
			return refuse(one, misplaced, offender, f);
		if (one->n_values != 1)
			return refuse(one, "has not exactly one value",
			    offender, f);
		if (seen[one->kind] && !r->many)
			return refuse(one, "stands twice", offender, f);
		seen[one->kind] = true;
	}
	return true;
}

bool
cmc_request_rules(const struct cmc_request *req, uint32_t *offender,
    struct fault *f)
{
	return check_rules(&req->controls, Q, "may not stand in a PKIData",
	    offender, f);
}

bool
cmc_response_rules(const struct cmc_response *rsp, uint32_t *offender,
    struct fault *f)
{
	return check_rules(&rsp->controls, R, "may not stand in a PKIResponse",
	    offender, f);
}

const struct cmc_control *
cmc_next(const struct cmc_controls *c, enum cmc_kind kind, size_t *at)
{
	while (*at < c->n) {
		const struct cmc_control *one = &c->v[(*at)++];

		if (one->kind == kind)
			return one;
	}
	return NULL;
}

const struct cmc_control *
cmc_find(const struct cmc_controls *c, enum cmc_kind kind)
{
	size_t	at = 0;

	return cmc_next(c, kind, &at);
}

bool
cmc_one(const struct cmc_controls *c, enum cmc_kind kind,
    const struct cmc_control **out, uint32_t *offender, struct fault *f)
{
	const struct cmc_control *second;
	size_t			 at = 0;

	*out = cmc_next(c, kind, &at);
	if (*out == NULL)
		return true;
	if ((second = cmc_next(c, kind, &at)) != NULL)
		return refuse(second, "stands twice", offender, f);
	if ((*out)->n_values != 1)
		return refuse(*out, "has not exactly one value", offender, f);
	return true;
}

const struct cmc_control *
cmc_by_id(const struct cmc_controls *c, uint32_t id)
{
	size_t	i;

	for (i = 0; i < c->n; i++)
		if (c->v[i].id == id)
			return &c->v[i];
	return NULL;
}

const struct cmc_tagged_request *
cmc_request_by_id(const struct cmc_request *req, uint32_t id)
{
	size_t	i;

	for (i = 0; i < req->n_requests; i++)
		if (req->requests[i].id == id)
			return &req->requests[i];
	return NULL;
}

const struct cmc_content *
cmc_content_by_id(const struct cmc_contents *c, uint32_t id)
{
	size_t	i;

	for (i = 0; i < c->n; i++)
		if (c->v[i].id == id)
			return &c->v[i];
	return NULL;
}

size_t
cmc_unknown(const struct cmc_controls *c, uint32_t *ids, size_t max)
{
	size_t	i, n = 0;

	for (i = 0; i < c->n; i++) {
		if (c->v[i].kind != CMC_UNKNOWN)
			continue;
		if (n < max)
			ids[n] = c->v[i].id;
		n++;
	}
	return n;
}
