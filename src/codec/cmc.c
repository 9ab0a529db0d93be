/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc.c - PKIData and PKIResponse, element by element (RFC 10002, 3.2.1).
 *
 * Each sequence is walked twice: once to count, so that the limit is known to
 * hold and the array is allocated once, and once to decode.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "codec/cmc.h"

/* Below this many ids comparing all pairs is quicker than sorting. */
#define PAIRWISE_MAX	32

const struct cmc_limits cmc_limits_peer = {
	.octets = 64 * 1024,
	.controls = 16,
	.requests = 1,
	.contents = 4,		/* relayed answers, AuthenticatedData */
	.others = 0,
	.values = 4,
	.depth = 16,
};

const struct cmc_limits cmc_limits_admin = {
	.octets = 16 * 1024 * 1024,
	.controls = 20000,	/* one authzBind for each request, and the rest */
	.requests = 10000,
	.contents = 10000,	/* a batch of an RA */
	.others = 16,
	.values = 16,
	.depth = 24,
};

const struct cmc_limits cmc_limits_client = {
	.octets = 16 * 1024 * 1024,
	.controls = 20000,	/* one status for each request, and the rest */
	.requests = 16,
	.contents = 10000,
	.others = 16,
	.values = 16,
	.depth = 24,
};

/* What the steps of one decoding share. */
struct walk {
	struct arena	*a;
	const struct cmc_limits *limits;
	uint32_t	 at;		/* the element being decoded, or 0 */
};

static bool
count_elements(struct der seq, const char *what, uint32_t max, size_t *n,
    struct fault *f)
{
	struct view	tlv;

	for (*n = 0; !der_at_end(&seq); ++*n) {
		if (*n == max)
			return fault_set(f, FAULT_LIMIT, "RFC 10002, 3.2.1",
			    "more than %" PRIu32 " elements in %s", max, what);
		if (!der_get_any(&seq, &tlv, f))
			return false;
	}
	return true;
}

/* Open one of the sequences and make room for its elements. */
static bool
open_sequence(struct der *in, const char *what, uint32_t max, size_t size,
    struct walk *w, struct der *seq, void **v, size_t *n, struct fault *f)
{
	*v = NULL;
	if (!der_open(in, DER_SEQUENCE, seq, f) ||
	    !count_elements(*seq, what, max, n, f))
		return fault_within(f, "%s", what);
	if (*n == 0)
		return true;
	if ((*v = arena_array(w->a, *n, size)) == NULL)
		return arena_fault(f);
	return true;
}

/* BodyPartID of an element: 0 means "the whole message" and is nobody's. */
static bool
element_id(struct der *d, struct walk *w, uint32_t *id, struct fault *f)
{
	if (!cmc_get_body_part(d, id, f))
		return false;
	if (*id == CMC_WHOLE_MESSAGE)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2.2",
		    "body part id 0 is reserved");
	w->at = *id;
	return true;
}

static bool
count_values(struct cmc_control *c, uint32_t max, struct fault *f)
{
	struct der	set;
	struct view	tlv;

	der_init(&set, c->values);
	for (c->n_values = 0; !der_at_end(&set); c->n_values++) {
		if (c->n_values == max)
			return fault_set(f, FAULT_LIMIT, "RFC 10002, 3.2.1.1",
			    "more than %" PRIu32 " values in one control", max);
		if (!der_get_any(&set, &tlv, f))
			return false;
		if (c->n_values == 0)
			c->value = tlv;
	}
	return true;
}

/* TaggedAttribute ::= SEQUENCE { bodyPartID, attrType, attrValues SET OF ANY } */
static bool
decode_control(struct der *seq, struct walk *w, struct cmc_control *c,
    struct fault *f)
{
	struct der	in, peek;
	struct view	set;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !element_id(&in, w, &c->id, f) ||
	    !der_oid(&in, &c->oid, f))
		return false;
	peek = in;
	if (!der_get_tlv(&in, DER_SET, &set, f) ||
	    !der_end(&in, f) ||
	    !der_check(set, w->limits->depth, f) ||
	    !der_get(&peek, DER_SET, &c->values, f) ||
	    !count_values(c, w->limits->values, f))
		return false;
	c->kind = cmc_kind_of(c->oid);
	return true;
}

static bool
decode_controls(struct der *in, struct walk *w, struct cmc_controls *out,
    struct fault *f)
{
	struct der	seq;
	void		*v;
	size_t		i;

	if (!open_sequence(in, "controlSequence", w->limits->controls,
	    sizeof(out->v[0]), w, &seq, &v, &out->n, f))
		return false;
	out->v = v;
	for (i = 0; i < out->n; i++) {
		w->at = CMC_WHOLE_MESSAGE;
		if (!decode_control(&seq, w, &out->v[i], f))
			return fault_within(f, "control %" PRIu32, w->at);
	}
	w->at = CMC_WHOLE_MESSAGE;
	return true;
}

/* [0] IMPLICIT SEQUENCE { bodyPartID, certificationRequest } */
static bool
decode_tcr(struct der *in, struct walk *w, struct cmc_tagged_request *r,
    struct fault *f)
{
	r->form = CMC_TCR;
	return element_id(in, w, &r->id, f) &&
	    der_get_tlv(in, DER_SEQUENCE, &r->inner, f) &&
	    der_end(in, f);
}

/*
 * [1] IMPLICIT CertReqMsg.  Only certReqId is read here; the copy gets the
 * SEQUENCE tag back that the context tag has replaced.
 */
static bool
decode_crm(struct der *in, struct walk *w, struct cmc_tagged_request *r,
    struct fault *f)
{
	struct der	cert_request;
	struct view	copy;

	r->form = CMC_CRM;
	if (!der_open(in, DER_SEQUENCE, &cert_request, f) ||
	    !element_id(&cert_request, w, &r->id, f))
		return false;
	copy = arena_copy(w->a, r->tlv);
	if (copy.p == NULL)
		return arena_fault(f);
	((uint8_t *)(uintptr_t)copy.p)[0] = DER_SEQUENCE;
	r->inner = copy;
	return true;
}

/* [2] IMPLICIT SEQUENCE { bodyPartID, requestMessageType, requestMessageValue } */
static bool
decode_orm(struct der *in, struct walk *w, struct cmc_tagged_request *r,
    struct fault *f)
{
	r->form = CMC_ORM;
	return element_id(in, w, &r->id, f) &&
	    der_oid(in, &r->oid, f) &&
	    der_get_any(in, &r->inner, f) &&
	    der_end(in, f);
}

static bool
decode_request(struct der *seq, struct walk *w, struct cmc_tagged_request *r,
    struct fault *f)
{
	struct der	peek = *seq, in;
	uint8_t		tag = der_peek(seq);

	if (!der_get_any(seq, &r->tlv, f) || !der_open(&peek, tag, &in, f))
		return false;
	switch (tag) {
	case DER_CONTEXT_C(0):
		return decode_tcr(&in, w, r, f);
	case DER_CONTEXT_C(1):
		return decode_crm(&in, w, r, f);
	case DER_CONTEXT_C(2):
		return decode_orm(&in, w, r, f);
	default:
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2.1.2",
		    "tag %02x is not a request", tag);
	}
}

/* reqSequence is kept whole, too: proofs are computed over these octets. */
static bool
decode_requests(struct der *in, struct walk *w, struct cmc_request *out,
    struct fault *f)
{
	struct der	peek = *in, seq;
	void		*v;
	size_t		i;

	if (!der_get_tlv(&peek, DER_SEQUENCE, &out->req_sequence, f) ||
	    !open_sequence(in, "reqSequence", w->limits->requests,
	    sizeof(out->requests[0]), w, &seq, &v, &out->n_requests, f))
		return false;
	out->requests = v;
	for (i = 0; i < out->n_requests; i++) {
		w->at = CMC_WHOLE_MESSAGE;
		if (!decode_request(&seq, w, &out->requests[i], f))
			return fault_within(f, "request %" PRIu32, w->at);
	}
	w->at = CMC_WHOLE_MESSAGE;
	return true;
}

/* TaggedContentInfo ::= SEQUENCE { bodyPartID, contentInfo } */
static bool
decode_contents(struct der *in, struct walk *w, struct cmc_contents *out,
    struct fault *f)
{
	struct der	seq, one;
	void		*v;
	size_t		i;

	if (!open_sequence(in, "cmsSequence", w->limits->contents,
	    sizeof(out->v[0]), w, &seq, &v, &out->n, f))
		return false;
	out->v = v;
	for (i = 0; i < out->n; i++) {
		w->at = CMC_WHOLE_MESSAGE;
		if (!der_open(&seq, DER_SEQUENCE, &one, f) ||
		    !element_id(&one, w, &out->v[i].id, f) ||
		    !der_get_tlv(&one, DER_SEQUENCE, &out->v[i].contentinfo, f) ||
		    !der_end(&one, f))
			return fault_within(f, "cms element %" PRIu32, w->at);
	}
	w->at = CMC_WHOLE_MESSAGE;
	return true;
}

/* OtherMsg ::= SEQUENCE { bodyPartID, otherMsgType, otherMsgValue } */
static bool
decode_others(struct der *in, struct walk *w, struct cmc_other_msgs *out,
    struct fault *f)
{
	struct der	seq, one;
	void		*v;
	size_t		i;

	if (!open_sequence(in, "otherMsgSequence", w->limits->others,
	    sizeof(out->v[0]), w, &seq, &v, &out->n, f))
		return false;
	out->v = v;
	for (i = 0; i < out->n; i++) {
		w->at = CMC_WHOLE_MESSAGE;
		if (!der_open(&seq, DER_SEQUENCE, &one, f) ||
		    !element_id(&one, w, &out->v[i].id, f) ||
		    !der_oid(&one, &out->v[i].oid, f) ||
		    !der_get_any(&one, &out->v[i].value, f) ||
		    !der_end(&one, f))
			return fault_within(f, "other message %" PRIu32, w->at);
	}
	w->at = CMC_WHOLE_MESSAGE;
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A value that stands twice in ids, or 0. */
static uint32_t
find_duplicate(uint32_t *ids, size_t n)
{
	size_t	i, j;

	if (n <= PAIRWISE_MAX) {
		for (i = 1; i < n; i++)
			for (j = 0; j < i; j++)
				if (ids[i] == ids[j])
					return ids[i];
		return 0;
	}
	qsort(ids, n, sizeof(ids[0]), compare_ids);
	for (i = 1; i < n; i++)
		if (ids[i] == ids[i - 1])
			return ids[i];
	return 0;
}

/* One number space over all sequences, certReqId included (RFC 10002, 3.2.2). */
static bool
ids_unique(const struct cmc_controls *c, const struct cmc_tagged_request *r,
    size_t n_requests, const struct cmc_contents *cms,
    const struct cmc_other_msgs *o, struct walk *w, struct fault *f)
{
	uint32_t	 few[PAIRWISE_MAX], *ids = few;
	size_t		 total = c->n + n_requests + cms->n + o->n, n = 0, i;

	if (total > PAIRWISE_MAX &&
	    (ids = arena_array(w->a, total, sizeof(ids[0]))) == NULL)
		return arena_fault(f);
	for (i = 0; i < c->n; i++)
		ids[n++] = c->v[i].id;
	for (i = 0; i < n_requests; i++)
		ids[n++] = r[i].id;
	for (i = 0; i < cms->n; i++)
		ids[n++] = cms->v[i].id;
	for (i = 0; i < o->n; i++)
		ids[n++] = o->v[i].id;
	if ((w->at = find_duplicate(ids, n)) == 0)
		return true;
	return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2.2",
	    "body part id %" PRIu32 " used twice", w->at);
}

static bool
open_message(struct view content, const char *what, const struct walk *w,
    struct der *in, struct der *seq, struct fault *f)
{
	if (content.n > w->limits->octets)
		return fault_set(f, FAULT_LIMIT, "", "%s of %zu octets, limit %zu",
		    what, content.n, w->limits->octets);
	der_init(in, content);
	if (!der_open(in, DER_SEQUENCE, seq, f))
		return fault_within(f, "%s", what);
	return true;
}

static bool
decode_data(struct view content, struct walk *w, struct cmc_request *req,
    struct fault *f)
{
	struct der	in, seq;

	req->content = content;
	return open_message(content, "PKIData", w, &in, &seq, f) &&
	    decode_controls(&seq, w, &req->controls, f) &&
	    decode_requests(&seq, w, req, f) &&
	    decode_contents(&seq, w, &req->contents, f) &&
	    decode_others(&seq, w, &req->others, f) &&
	    der_end(&seq, f) && der_end(&in, f) &&
	    ids_unique(&req->controls, req->requests, req->n_requests,
	    &req->contents, &req->others, w, f);
}

bool
cmc_request_decode(struct view content, struct arena *a,
    const struct cmc_limits *limits, struct cmc_request *out,
    uint32_t *offender, struct fault *f)
{
	struct cmc_request	req = { 0 };
	struct walk		w = { .a = a, .limits = limits };
	bool			ok = decode_data(content, &w, &req, f);

	if (offender != NULL)
		*offender = ok ? CMC_WHOLE_MESSAGE : w.at;
	if (ok)
		*out = req;
	return ok;
}

static bool
decode_answer(struct view content, struct walk *w, struct cmc_response *rsp,
    struct fault *f)
{
	struct der	in, seq;

	rsp->content = content;
	return open_message(content, "PKIResponse", w, &in, &seq, f) &&
	    decode_controls(&seq, w, &rsp->controls, f) &&
	    decode_contents(&seq, w, &rsp->contents, f) &&
	    decode_others(&seq, w, &rsp->others, f) &&
	    der_end(&seq, f) && der_end(&in, f) &&
	    ids_unique(&rsp->controls, NULL, 0, &rsp->contents, &rsp->others,
	    w, f);
}

bool
cmc_response_decode(struct view content, struct arena *a,
    const struct cmc_limits *limits, struct cmc_response *out,
    uint32_t *offender, struct fault *f)
{
	struct cmc_response	rsp = { 0 };
	struct walk		w = { .a = a, .limits = limits };
	bool			ok = decode_answer(content, &w, &rsp, f);

	if (offender != NULL)
		*offender = ok ? CMC_WHOLE_MESSAGE : w.at;
	if (ok)
		*out = rsp;
	return ok;
}
