/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/relay_batch.h"

#include "codec/cvp.h"
#include "codec/oid.h"

#define FIRST_MEMBER	1000u	/* body part of the first message */

static void
put_list(struct cmc_writer *w, uint32_t id, size_t n, struct buf *out)
{
	struct cmc_mark	m = cmc_control_begin(w, id, CMC_BATCH_REQUESTS);
	uint32_t	ids[RELAY_BATCH_MAX];

	for (size_t i = 0; i < n; i++)
		ids[i] = FIRST_MEMBER + (uint32_t)i;
	cmc_put_ids(out, ids, n);
	cmc_control_end(w, m);
}

/* batchRequests is the first body part of all. */
#define LIST	1u

bool
relay_batch_write(struct admin *a, const struct relay_member *m, size_t n, int64_t now,
    struct exchange *x, struct buf *out, struct fault *f)
{
	struct cmc_writer	w;
	struct buf		content;
	uint32_t		id = LIST + 1;
	bool			ok;

	if (n > RELAY_BATCH_MAX)
		return fault_set(f, FAULT_INTERNAL, "", "%zu messages at once", n);
	buf_init(&content, MESSAGE_MAX);
	cmc_data_begin(&w, &content);
	put_list(&w, LIST, n, &content);
	exchange_begin(x, a->rng);
	exchange_put(x, a->rng, &w, &id);
	for (size_t i = 0; i < n; i++)
		cmc_write_content(&w, FIRST_MEMBER + (uint32_t)i, m[i].message);
	cmc_finish(&w);
	ok = buf_check(&content, "batch", f) &&
	    message_sign(&a->signer, a->key, OID_CT_PKI_DATA, buf_view(&content), now, out, f);
	buf_clear(&content);
	return ok;
}

/* What it names of the transaction is this device's. */
static bool
belongs(const struct relay_member *m, const struct cmc_response *r)
{
	const struct cmc_control	*c;
	struct view			 v;

	if ((c = cmc_find(&r->controls, CMC_TRANSACTION_ID)) != NULL &&
	    (!cmc_transaction_id(c->value, &v, NULL) || !view_equal(v, m->transaction)))
		return false;
	return (c = cmc_find(&r->controls, CMC_RECIPIENT_NONCE)) == NULL ||
	    (cmc_nonce(c->value, &v, NULL) && view_equal(v, m->nonce));
}

/*
 * An answer that is not this device's is none.  Where the PKI minds who
 * carries the message, the device is not to suffer for it.
 */
static void
take_answer(struct relay_member *m, struct view octets, struct arena *arena)
{
	struct exchange_answer	 r = { 0 };
	struct exchange_failure	 why;

	if (!message_open(octets, arena, &r.message, NULL) ||
	    !view_equal(r.message.content_type, OID_CT_PKI_RESPONSE) ||
	    !cmc_response_decode(r.message.content, arena, &cmc_limits_client, &r.response, NULL,
	    NULL) || !belongs(m, &r.response) ||
	    !cmc_status_list(&r.response.controls, arena, &r.status, NULL, NULL))
		return;
	exchange_failure(&r, CMC_WHOLE_MESSAGE, &why);
	m->alone = why.code == CVP_REQUESTER_MAY_NOT;
	m->answer = octets;
}

bool
relay_batch_read(const struct admin *a, struct exchange *x, struct view octets, int64_t now,
    struct arena *arena, struct relay_member *m, size_t n, struct fault *f)
{
	struct exchange_trust	trust = { .anchor = a->root, .now = now };
	struct exchange_answer	r;
	struct fault		why = { 0 };

	memcpy(trust.anchor_sha256, a->root_sha256, sizeof(trust.anchor_sha256));
	if (!exchange_read(x, octets, &trust, arena, &r, &why))
		return fault_set(f, FAULT_BUSY, why.rule, "%s", why.text);
	if (!exchange_check(&r, LIST, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct cmc_content	*c = cmc_content_by_id(&r.response.contents,
		    FIRST_MEMBER + (uint32_t)i);

		if (c != NULL)
			take_answer(&m[i], c->contentinfo, arena);
	}
	return true;
}
