/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/oid.h"
#include "pki/answer.h"

static struct answer_status *
next_status(struct answer *a)
{
	/* The last place is for whatever was said last: it is the worst. */
	if (a->n_status < ANSWER_STATUS_MAX)
		a->n_status++;
	return &a->status[a->n_status - 1];
}

void
answer_status(struct answer *a, enum cmc_status s, uint32_t about)
{
	*next_status(a) = (struct answer_status){ .status = s, .about = about };
}

void
answer_pending(struct answer *a, uint32_t about, struct view token, int64_t when)
{
	*next_status(a) = (struct answer_status){
		.status = CMC_PENDING, .about = about, .pend_token = token, .pend_time = when,
	};
}

void
answer_partial(struct answer *a, uint32_t about, struct view token, int64_t when)
{
	answer_pending(a, about, token, when);
	a->status[a->n_status - 1].status = CMC_PARTIAL;
}

void
answer_fail(struct answer *a, uint32_t about, enum cmc_fail fail, const char *text)
{
	*next_status(a) = (struct answer_status){
		.status = CMC_FAILED, .about = about, .fail = fail, .text = text,
	};
}

void
answer_fail_code(struct answer *a, uint32_t about, uint32_t code, const char *text)
{
	*next_status(a) = (struct answer_status){
		.status = CMC_FAILED, .about = about, .fail = cvp_code_fail(code),
		.code = code, .text = text != NULL ? text : cvp_code_text(code),
	};
}

void
answer_control(struct answer *a, enum cmc_kind kind, struct view value)
{
	if (a->n_controls == ANSWER_CONTROLS_MAX)
		return;		/* other.c takes no more in one message */
	a->controls[a->n_controls].kind = kind;
	a->controls[a->n_controls++].value = value;
}

void
answer_cert(struct answer *a, struct view der)
{
	if (a->n_certs < ANSWER_CERTS_MAX)
		a->certs[a->n_certs++] = der;
}

static void
put_status(struct cmc_writer *w, uint32_t *id, const struct answer_status *s)
{
	struct cmc_ref		ref = { .path = { s->about }, .n = 1 };
	struct cmc_status_info	info = {
		.status = s->status, .refs = &ref, .n_refs = 1,
		.text = view_str(s->text),
		.other = s->status == CMC_FAILED ? CMC_OTHER_FAIL :
		    s->status == CMC_PENDING || s->status == CMC_PARTIAL ? CMC_OTHER_PEND :
		    CMC_OTHER_NONE,
		.fail = s->fail, .pend_token = s->pend_token, .pend_time = s->pend_time,
	};

	cmc_control_status(w, (*id)++, &info);
}

/* The code of the profile stands beside the plain failInfo (RFC 10004, 5). */
static void
put_code(struct cmc_writer *w, uint32_t *id, const struct answer_status *s)
{
	struct cmc_ref		ref = { .path = { s->about }, .n = 1 };
	struct cvp_failure	failure = { .code = s->code };
	struct buf		value;
	struct cmc_status_info	info = {
		.status = CMC_FAILED, .refs = &ref, .n_refs = 1,
		.other = CMC_OTHER_EXT, .ext_oid = OID_CVP_FAILURE,
	};

	buf_init(&value, 256);
	cvp_put_failure(&value, &failure);
	info.ext_value = buf_view(&value);
	cmc_control_status(w, (*id)++, &info);
	buf_clear(&value);
}

bool
answer_encode(const struct answer *a, struct buf *out, struct fault *f)
{
	struct cmc_writer	w;
	uint32_t		id = 1;

	cmc_response_begin(&w, out);
	for (size_t i = 0; i < a->n_status; i++) {
		put_status(&w, &id, &a->status[i]);
		if (a->status[i].code != 0)
			put_code(&w, &id, &a->status[i]);
	}
	if (a->n_status == 0)	/* never an empty response (RFC 10002, 6.1.1) */
		cmc_control_status_one(&w, id++, CMC_SUCCESS, CMC_WHOLE_MESSAGE, 0, NULL);
	if (a->transaction.n > 0)
		cmc_control_integer(&w, id++, CMC_TRANSACTION_ID, a->transaction);
	if (a->recipient_nonce.n > 0)
		cmc_control_octets(&w, id++, CMC_RECIPIENT_NONCE, a->recipient_nonce);
	cmc_control_octets(&w, id++, CMC_SENDER_NONCE, view_of(a->nonce, sizeof(a->nonce)));
	if (a->has_data_return)
		cmc_control_octets(&w, id++, CMC_DATA_RETURN, a->data_return);
	for (size_t i = 0; i < a->n_controls; i++)
		cmc_control_value(&w, id++, a->controls[i].kind, a->controls[i].value);
	if (a->content.n > 0)
		cmc_write_content(&w, ANSWER_CONTENT_ID, a->content);
	for (size_t i = 0; i < a->n_parts; i++)
		cmc_write_content(&w, a->parts[i].id, a->parts[i].octets);
	cmc_finish(&w);
	return buf_check(out, "response", f);
}
