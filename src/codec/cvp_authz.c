/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_authz.c - authzRequest, authzResponse, their secrets and the
 * acknowledgement (profile, 7.3 and 7.4).
 */
#include <inttypes.h>

#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

#define DIGEST_OCTETS	32	/* SHA-256 */

static bool
get_batch_id(struct der *in, struct view *out, struct fault *f)
{
	return cvp_get_octets(in, "batchId", CVP_BATCH_ID_MIN, CVP_BATCH_ID_MAX,
	    out, f);
}

/* delivery CHOICE { encryptTo [0] Certificate, channelOnly [1] NULL } */
static bool
get_delivery(struct der *in, struct arena *a, struct cvp_authz_request *r,
    struct fault *f)
{
	struct view	tlv, null;

	if (der_peek(in) == DER_CONTEXT(1)) {
		r->delivery = CVP_CHANNEL_ONLY;
		if (!der_get(in, DER_CONTEXT(1), &null, f))
			return false;
		return null.n == 0 || fault_set(f, FAULT_MALFORMED, "X.690",
		    "a NULL with content");
	}
	r->delivery = CVP_ENCRYPT_TO;
	return der_get_tlv(in, DER_CONTEXT_C(0), &tlv, f) &&
	    cvp_retagged(tlv, DER_SEQUENCE, a, &r->encrypt_to, f);
}

/* AuthzEntry ::= SEQUENCE { entryId, label, terms [0], wantedId [1], replaces [2] } */
static bool
get_entry(struct der *seq, struct arena *a, struct cvp_entry *e,
    struct fault *f)
{
	struct der	in;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !cvp_get_u32(&in, "entryId", 1, UINT32_MAX, &e->entry_id, f) ||
	    !cvp_opt_text(&in, DER_UTF8_STRING, "label", CVP_LABEL_MAX,
	    &e->label, f) ||
	    !cvp_opt_terms(&in, DER_CONTEXT_C(0), a, &e->terms, f))
		return false;
	if (der_peek(&in) == DER_CONTEXT(1) &&
	    !cvp_get_id(&in, DER_CONTEXT(1), &e->wanted_id, f))
		return false;
	return cvp_opt_cert_id(&in, DER_CONTEXT_C(2), a, &e->replaces, f) &&
	    der_end(&in, f);
}

static bool
get_entries(struct der *in, struct arena *a, size_t max,
    struct cvp_authz_request *r, struct fault *f)
{
	struct der	seq;
	void		*v;
	size_t		i;

	if (!cvp_open_list(in, DER_SEQUENCE, "entries", max,
	    sizeof(r->entries[0]), a, &seq, &v, &r->n_entries, f))
		return false;
	if (r->n_entries == 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "an authorization request without entries");
	r->entries = v;
	for (i = 0; i < r->n_entries; i++)
		if (!get_entry(&seq, a, &r->entries[i], f))
			return fault_within(f, "entry %zu (entryId %" PRIu32 ")",
			    i + 1, r->entries[i].entry_id);
	return cvp_ids_unique(&r->entries[0].entry_id, sizeof(r->entries[0]),
	    r->n_entries, a, f);
}

bool
cvp_authz_request_decode(struct view value, struct arena *a,
    size_t max_entries, struct cvp_authz_request *out, struct fault *f)
{
	struct cvp_authz_request r = { 0 };
	struct der		 in;

	if (!cvp_open(value, &in, f) ||
	    !cvp_get_version(&in, f) ||
	    !get_batch_id(&in, &r.batch_id, f) ||
	    !cvp_get_template_ref(&in, &r.template, f) ||
	    !cvp_get_terms(&in, DER_SEQUENCE, a, &r.terms, f) ||
	    !get_delivery(&in, a, &r, f) ||
	    !get_entries(&in, a, max_entries, &r, f) ||
	    !der_end(&in, f))
		return false;
	*out = r;
	return true;
}

static void
put_entry(struct buf *b, const struct cvp_entry *e)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_uint(b, e->entry_id);
	cvp_put_opt_view(b, DER_UTF8_STRING, e->label);
	if (e->terms != NULL)
		cvp_put_tagged_terms(b, DER_CONTEXT_C(0), e->terms);
	cvp_put_opt_view(b, DER_CONTEXT(1), e->wanted_id);
	cvp_put_opt_cert_id(b, DER_CONTEXT_C(2), e->replaces);
	der_close(b, mark);
}

void
cvp_put_authz_request(struct buf *b, const struct cvp_authz_request *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	der_put_uint(b, CVP_VERSION);
	der_put_octets(b, r->batch_id);
	cvp_put_template_ref(b, &r->template);
	cvp_put_terms(b, &r->terms);
	if (r->delivery == CVP_CHANNEL_ONLY)
		der_put(b, DER_CONTEXT(1), VIEW_NONE);
	else
		cvp_put_retagged(b, DER_CONTEXT_C(0), r->encrypt_to);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < r->n_entries; i++)
		put_entry(b, &r->entries[i]);
	der_close(b, list);
	der_close(b, mark);
}

/* SEQUENCE { entryId, status, id [0], effective [1], failure [2] } */
static bool
get_result(struct der *seq, struct arena *a, struct cvp_result *r,
    struct fault *f)
{
	struct der	in;
	uint64_t	status;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !cvp_get_u32(&in, "entryId", 1, UINT32_MAX, &r->entry_id, f) ||
	    !der_enum(&in, CVP_FAILED_RETRY, &status, f))
		return false;
	r->status = (enum cvp_result_status)status;
	if (der_peek(&in) == DER_CONTEXT(0) &&
	    !cvp_get_id(&in, DER_CONTEXT(0), &r->id, f))
		return false;
	return cvp_opt_terms(&in, DER_CONTEXT_C(1), a, &r->effective, f) &&
	    cvp_opt_failure(&in, DER_CONTEXT_C(2), a, &r->failure, f) &&
	    der_end(&in, f);
}

static bool
get_results(struct der *in, struct arena *a, struct cvp_authz_response *r,
    struct fault *f)
{
	struct der	seq;
	void		*v;
	size_t		i;

	if (!cvp_open_list(in, DER_SEQUENCE, "results", CVP_ENTRIES_MAX,
	    sizeof(r->results[0]), a, &seq, &v, &r->n_results, f))
		return false;
	r->results = v;
	for (i = 0; i < r->n_results; i++)
		if (!get_result(&seq, a, &r->results[i], f))
			return fault_within(f, "result %zu", i + 1);
	if (r->n_results == 0)
		return true;
	return cvp_ids_unique(&r->results[0].entry_id, sizeof(r->results[0]),
	    r->n_results, a, f);
}

bool
cvp_authz_response_decode(struct view value, struct arena *a,
    struct cvp_authz_response *out, struct fault *f)
{
	struct cvp_authz_response r = { 0 };
	struct cvp_uint		  secrets;
	struct der		  in;

	if (!cvp_open(value, &in, f) ||
	    !cvp_get_version(&in, f) ||
	    !get_batch_id(&in, &r.batch_id, f) ||
	    !cvp_get_template_ref(&in, &r.template, f) ||
	    !get_results(&in, a, &r, f) ||
	    !cvp_opt_uint(&in, DER_INTEGER, "secrets", 1, UINT32_MAX, &secrets,
	    f) ||
	    !der_end(&in, f))
		return false;
	r.secrets = (uint32_t)secrets.v;
	*out = r;
	return true;
}

static void
put_result(struct buf *b, const struct cvp_result *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_uint(b, r->entry_id);
	der_put_enum(b, (uint8_t)r->status);
	cvp_put_opt_view(b, DER_CONTEXT(0), r->id);
	if (r->effective != NULL)
		cvp_put_tagged_terms(b, DER_CONTEXT_C(1), r->effective);
	cvp_put_opt_failure(b, DER_CONTEXT_C(2), r->failure);
	der_close(b, mark);
}

void
cvp_put_authz_response(struct buf *b, const struct cvp_authz_response *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	der_put_uint(b, CVP_VERSION);
	der_put_octets(b, r->batch_id);
	cvp_put_template_ref(b, &r->template);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < r->n_results; i++)
		put_result(b, &r->results[i]);
	der_close(b, list);
	if (r->secrets != 0)
		der_put_uint(b, r->secrets);
	der_close(b, mark);
}

/* SEQUENCE { entryId, id AuthzId, token UTF8String (SIZE (16..256)) } */
static bool
get_secret(struct der *seq, struct cvp_secret *s, struct fault *f)
{
	struct der	in;
	size_t		chars;

	if (!der_open(seq, DER_SEQUENCE, &in, f) ||
	    !cvp_get_u32(&in, "entryId", 1, UINT32_MAX, &s->entry_id, f) ||
	    !cvp_get_id(&in, DER_UTF8_STRING, &s->id, f) ||
	    !der_utf8(&in, 1, CVP_TOKEN_MAX, &s->token, f) ||
	    !der_end(&in, f))
		return false;
	chars = cvp_chars(s->token);
	if (chars < CVP_TOKEN_CHARS_MIN || chars > CVP_TOKEN_CHARS_MAX)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "token of %zu characters", chars);
	return true;
}

bool
cvp_secrets_decode(struct view value, struct arena *a, struct cvp_secrets *out,
    struct fault *f)
{
	struct cvp_secrets	s = { 0 };
	struct der		in, seq;
	void			*v;
	size_t			i;

	if (!cvp_open(value, &in, f) ||
	    !get_batch_id(&in, &s.batch_id, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "secrets", CVP_ENTRIES_MAX,
	    sizeof(s.v[0]), a, &seq, &v, &s.n, f) ||
	    !der_end(&in, f))
		return false;
	s.v = v;
	for (i = 0; i < s.n; i++)
		if (!get_secret(&seq, &s.v[i], f))
			return false;
	*out = s;
	return true;
}

void
cvp_put_secrets(struct buf *b, const struct cvp_secrets *s)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, one, i;

	der_put_octets(b, s->batch_id);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < s->n; i++) {
		one = der_begin(b, DER_SEQUENCE);
		der_put_uint(b, s->v[i].entry_id);
		der_put_utf8(b, s->v[i].id);
		der_put_utf8(b, s->v[i].token);
		der_close(b, one);
	}
	der_close(b, list);
	der_close(b, mark);
}

/* AuthzAck ::= SEQUENCE { batchId, digests SEQUENCE SIZE (1..MAX) OF OCTET STRING } */
bool
cvp_ack_decode(struct view value, struct arena *a, struct cvp_ack *out,
    struct fault *f)
{
	struct cvp_ack	ack = { 0 };
	struct der	in, seq;
	void		*v;
	size_t		i;

	if (!cvp_open(value, &in, f) ||
	    !get_batch_id(&in, &ack.batch_id, f) ||
	    !cvp_open_list(&in, DER_SEQUENCE, "digests", CVP_DIGESTS_MAX,
	    sizeof(ack.digests[0]), a, &seq, &v, &ack.n_digests, f) ||
	    !der_end(&in, f))
		return false;
	ack.digests = v;
	if (ack.n_digests == 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "an acknowledgement of nothing");
	for (i = 0; i < ack.n_digests; i++)
		if (!cvp_get_octets(&seq, "digest", DIGEST_OCTETS,
		    DIGEST_OCTETS, &ack.digests[i], f))
			return false;
	*out = ack;
	return true;
}

void
cvp_put_ack(struct buf *b, const struct cvp_ack *ack)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	der_put_octets(b, ack->batch_id);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < ack->n_digests; i++)
		der_put_octets(b, ack->digests[i]);
	der_close(b, list);
	der_close(b, mark);
}
