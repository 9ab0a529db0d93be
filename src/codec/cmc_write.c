/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc_write.c - writing PKIData and PKIResponse, and the values of controls.
 */
#include "codec/cmc.h"

enum {
	STAGE_CONTROLS,
	STAGE_REQUESTS,
	STAGE_CONTENTS,
	STAGE_OTHERS,
	STAGE_DONE,
};

static void
misused(struct cmc_writer *w)
{
	w->out->failed = true;
}

static void
begin(struct cmc_writer *w, struct buf *out, bool is_data)
{
	w->out = out;
	w->is_data = is_data;
	w->stage = STAGE_CONTROLS;
	w->outer = der_begin(out, DER_SEQUENCE);
	w->part = der_begin(out, DER_SEQUENCE);
}

void
cmc_data_begin(struct cmc_writer *w, struct buf *out)
{
	begin(w, out, true);
}

void
cmc_response_begin(struct cmc_writer *w, struct buf *out)
{
	begin(w, out, false);
}

/* Close the sequence we are in and everything on the way to the stage. */
static void
advance(struct cmc_writer *w, int stage)
{
	static const uint8_t	empty[] = { DER_SEQUENCE, 0 };

	if (w->stage > stage)
		misused(w);
	if (w->stage == STAGE_CONTROLS && stage > STAGE_CONTROLS) {
		der_close(w->out, w->part);
		w->stage = STAGE_REQUESTS;
	}
	if (w->stage == STAGE_REQUESTS && stage > STAGE_REQUESTS) {
		if (w->is_data)
			buf_add(w->out, empty, sizeof(empty));
		w->part = der_begin(w->out, DER_SEQUENCE);
		w->stage = STAGE_CONTENTS;
	}
	if (w->stage == STAGE_CONTENTS && stage > STAGE_CONTENTS) {
		der_close(w->out, w->part);
		buf_add(w->out, empty, sizeof(empty));
		w->stage = STAGE_OTHERS;
	}
	if (w->stage == STAGE_OTHERS && stage > STAGE_OTHERS) {
		der_close(w->out, w->outer);
		w->stage = STAGE_DONE;
	}
}

struct cmc_mark
cmc_control_begin(struct cmc_writer *w, uint32_t id, enum cmc_kind kind)
{
	struct cmc_mark	m;
	struct view	oid = cmc_kind_oid(kind);

	advance(w, STAGE_CONTROLS);
	if (id == CMC_WHOLE_MESSAGE || oid.n == 0)
		misused(w);
	m.attribute = der_begin(w->out, DER_SEQUENCE);
	der_put_uint(w->out, id);
	der_put_oid(w->out, oid);
	m.set = der_begin(w->out, DER_SET);
	return m;
}

void
cmc_control_end(struct cmc_writer *w, struct cmc_mark m)
{
	der_close(w->out, m.set);
	der_close(w->out, m.attribute);
}

void
cmc_control_value(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view tlv)
{
	struct cmc_mark	m = cmc_control_begin(w, id, kind);

	buf_add_view(w->out, tlv);
	cmc_control_end(w, m);
}

void
cmc_control_octets(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view octets)
{
	struct cmc_mark	m = cmc_control_begin(w, id, kind);

	der_put_octets(w->out, octets);
	cmc_control_end(w, m);
}

void
cmc_control_utf8(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view text)
{
	struct cmc_mark	m = cmc_control_begin(w, id, kind);

	der_put_utf8(w->out, text);
	cmc_control_end(w, m);
}

void
cmc_control_integer(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view content)
{
	struct cmc_mark	m = cmc_control_begin(w, id, kind);

	cmc_put_integer(w->out, content);
	cmc_control_end(w, m);
}

void
cmc_control_status(struct cmc_writer *w, uint32_t id,
    const struct cmc_status_info *s)
{
	struct cmc_mark	m = cmc_control_begin(w, id, CMC_STATUS_INFO_V2);

	cmc_put_status(w->out, s);
	cmc_control_end(w, m);
}

void
cmc_control_status_one(struct cmc_writer *w, uint32_t id,
    enum cmc_status status, uint32_t about, enum cmc_fail fail, const char *text)
{
	struct cmc_ref	ref = { .path = { about }, .n = 1 };

	cmc_control_status(w, id, &(struct cmc_status_info){
	    .status = status,
	    .refs = &ref,
	    .n_refs = 1,
	    .text = view_str(text),
	    .other = status == CMC_FAILED ? CMC_OTHER_FAIL : CMC_OTHER_NONE,
	    .fail = fail,
	});
}

void
cmc_write_requests(struct cmc_writer *w, struct view req_sequence)
{
	advance(w, STAGE_REQUESTS);
	if (!w->is_data || w->stage != STAGE_REQUESTS || req_sequence.n < 2 ||
	    req_sequence.p[0] != DER_SEQUENCE) {
		misused(w);
		return;
	}
	buf_add_view(w->out, req_sequence);
	w->part = der_begin(w->out, DER_SEQUENCE);
	w->stage = STAGE_CONTENTS;
}

void
cmc_write_content(struct cmc_writer *w, uint32_t id, struct view contentinfo)
{
	size_t	mark;

	advance(w, STAGE_CONTENTS);
	if (id == CMC_WHOLE_MESSAGE)
		misused(w);
	mark = der_begin(w->out, DER_SEQUENCE);
	der_put_uint(w->out, id);
	buf_add_view(w->out, contentinfo);
	der_close(w->out, mark);
}

void
cmc_finish(struct cmc_writer *w)
{
	if (w->stage == STAGE_DONE)
		misused(w);
	advance(w, STAGE_DONE);
}

size_t
cmc_requests_begin(struct buf *b)
{
	return der_begin(b, DER_SEQUENCE);
}

void
cmc_requests_end(struct buf *b, size_t mark)
{
	der_close(b, mark);
}

void
cmc_put_tcr(struct buf *b, uint32_t id, struct view pkcs10)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(0));

	der_put_uint(b, id);
	buf_add_view(b, pkcs10);
	der_close(b, mark);
}

void
cmc_put_crm(struct buf *b, struct view cert_req_msg)
{
	if (cert_req_msg.n < 2 || cert_req_msg.p[0] != DER_SEQUENCE) {
		b->failed = true;
		return;
	}
	buf_add_u8(b, DER_CONTEXT_C(1));
	buf_add(b, cert_req_msg.p + 1, cert_req_msg.n - 1);
}

void
cmc_put_orm(struct buf *b, uint32_t id, struct view oid, struct view value)
{
	size_t	mark = der_begin(b, DER_CONTEXT_C(2));

	der_put_uint(b, id);
	der_put_oid(b, oid);
	buf_add_view(b, value);
	der_close(b, mark);
}

void
cmc_put_integer(struct buf *b, struct view content)
{
	der_put(b, DER_INTEGER, content);
}

static void
put_alg(struct buf *b, const struct algorithm *alg)
{
	algorithm_put(b, alg->oid, alg->params);
}

void
cmc_put_cert_id(struct buf *b, uint8_t tag, const struct cmc_cert_id *id)
{
	size_t	mark = der_begin(b, tag);

	buf_add_view(b, id->issuer);
	cmc_put_integer(b, id->serial);
	der_close(b, mark);
}

void
cmc_put_proof(struct buf *b, const struct cmc_proof *proof)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	put_alg(b, &proof->key_alg);
	put_alg(b, &proof->mac_alg);
	der_put_octets(b, proof->witness);
	der_close(b, mark);
}

void
cmc_put_revoke(struct buf *b, const struct cmc_revoke *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	buf_add_view(b, r->cert.issuer);
	cmc_put_integer(b, r->cert.serial);
	der_put_enum(b, r->reason);
	if (r->has_date)
		der_put_generalized(b, r->date);
	if (r->has_passphrase)
		der_put_octets(b, r->passphrase);
	if (r->comment.n > 0)
		der_put_utf8(b, r->comment);
	der_close(b, mark);
}

void
cmc_put_anchors(struct buf *b, const struct cmc_anchors *anchors)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), list, i;

	der_put_uint(b, anchors->sequence);
	put_alg(b, &anchors->hash);
	list = der_begin(b, DER_SEQUENCE);
	for (i = 0; i < anchors->n_hashes; i++)
		der_put_octets(b, anchors->hashes[i]);
	der_close(b, list);
	der_close(b, mark);
}

/* GeneralName directoryName is [4] EXPLICIT, because Name is a CHOICE. */
void
cmc_put_get_cert(struct buf *b, struct view issuer, struct view serial)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put(b, DER_CONTEXT_C(4), issuer);
	cmc_put_integer(b, serial);
	der_close(b, mark);
}

void
cmc_put_ids(struct buf *b, const uint32_t *ids, size_t n)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), i;

	for (i = 0; i < n; i++)
		der_put_uint(b, ids[i]);
	der_close(b, mark);
}

void
cmc_put_ref(struct buf *b, const struct cmc_ref *ref)
{
	if (ref->n == 1)
		der_put_uint(b, ref->path[0]);
	else
		cmc_put_ids(b, ref->path, ref->n);
}

static void
put_body_list(struct buf *b, const struct cmc_status_info *s)
{
	size_t	mark = der_begin(b, DER_SEQUENCE), i;

	for (i = 0; i < s->n_refs; i++)
		cmc_put_ref(b, &s->refs[i]);
	if (s->n_refs == 0)
		der_put_uint(b, CMC_WHOLE_MESSAGE);
	der_close(b, mark);
}

static void
put_other_info(struct buf *b, const struct cmc_status_info *s)
{
	size_t	mark;

	switch (s->other) {
	case CMC_OTHER_NONE:
		break;
	case CMC_OTHER_FAIL:
		der_put_uint(b, s->fail);
		break;
	case CMC_OTHER_PEND:
		mark = der_begin(b, DER_SEQUENCE);
		der_put_octets(b, s->pend_token);
		der_put_generalized(b, s->pend_time);
		der_close(b, mark);
		break;
	case CMC_OTHER_EXT:
		mark = der_begin(b, DER_CONTEXT_C(1));
		der_put_oid(b, s->ext_oid);
		buf_add_view(b, s->ext_value);
		der_close(b, mark);
		break;
	}
}

void
cmc_put_status(struct buf *b, const struct cmc_status_info *s)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_uint(b, s->status);
	put_body_list(b, s);
	if (s->text.n > 0)
		der_put_utf8(b, s->text);
	put_other_info(b, s);
	der_close(b, mark);
}
