/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "codec/cvp.h"
#include "codec/oid.h"
#include "crypt/path.h"
#include "message/exchange.h"

#define CERTIFICATES_MAX	16	/* issued ones, chain, responder, and room */
#define WORDS_MAX		256	/* of a text from outside */

/* --- writing --------------------------------------------------------------------- */

void
exchange_begin(struct exchange *x, const struct rng *rng)
{
	memset(x, 0, sizeof(*x));
	rng_fill(rng, x->id, sizeof(x->id));
	/* A positive INTEGER of exactly so many octets. */
	x->id[0] = (uint8_t)((x->id[0] & 0x3f) | 0x40);
}

void
exchange_put(struct exchange *x, const struct rng *rng, struct cmc_writer *w, uint32_t *id)
{
	rng_fill(rng, x->sent, sizeof(x->sent));
	cmc_control_integer(w, (*id)++, CMC_TRANSACTION_ID, view_of(x->id, sizeof(x->id)));
	cmc_control_octets(w, (*id)++, CMC_SENDER_NONCE, view_of(x->sent, sizeof(x->sent)));
	if (x->n_received > 0)
		cmc_control_octets(w, (*id)++, CMC_RECIPIENT_NONCE,
		    view_of(x->received, x->n_received));
}

/* --- whom we believe --------------------------------------------------------------- */

struct view
exchange_find(const struct view *certs, size_t n, const uint8_t digest[SHA256_OCTETS])
{
	uint8_t	own[SHA256_OCTETS];

	for (size_t i = 0; i < n; i++) {
		sha256(certs[i], own);
		if (memcmp(own, digest, sizeof(own)) == 0)
			return certs[i];
	}
	return VIEW_NONE;
}

/* now, or the nearest instant of the certificate's life if that is close. */
static int64_t
instant_for(const struct cert *c, int64_t now)
{
	if (now < c->not_before && c->not_before - now <= EXCHANGE_SKEW_SECONDS)
		return c->not_before;
	if (now > c->not_after && now - c->not_after <= EXCHANGE_SKEW_SECONDS)
		return c->not_after;
	return now;
}

bool
exchange_path(const struct cert *leaf, const struct view *certs, size_t n,
    struct view anchor, int64_t now, struct fault *f)
{
	struct path	p = {
		.leaf = leaf->der, .intermediates = certs, .nintermediates = n,
		.anchors = &anchor, .nanchors = 1, .at = instant_for(leaf, now),
	};

	return path_validate(&p, f);
}

static bool
find_anchor(const struct exchange_trust *t, const struct cms_signed *m, struct view *anchor,
    struct fault *f)
{
	char	hex[2 * SHA256_OCTETS + 1];

	*anchor = t->anchor.n > 0 ? t->anchor :
	    exchange_find(m->certificates, m->certificate_count, t->anchor_sha256);
	if (anchor->n > 0)
		return true;
	hex_encode(view_of(t->anchor_sha256, SHA256_OCTETS), hex);
	return fault_set(f, FAULT_SIGNATURE, "", "the answer does not hold the "
	    "trust anchor with SHA-256 %s: it is not from this PKI", hex);
}

/* id-kp-cmcCA, and no other purpose stands for it (RFC 10002, 7.2). */
static bool
check_signer(const struct cert *c, struct fault *f)
{
	if (!c->has_eku || (c->eku & EKU_CMC_CA) == 0)
		return fault_set(f, FAULT_SIGNATURE, "RFC 10002, 7.2",
		    "the answer is signed by a certificate that is not for CMC answers");
	if (c->has_key_usage && (c->key_usage & KU_DIGITAL_SIGNATURE) == 0)
		return fault_set(f, FAULT_SIGNATURE, "RFC 5280, 4.2.1.3",
		    "the answer is signed by a key that is not for signatures");
	if (c->unknown_critical)
		return fault_set(f, FAULT_SIGNATURE, "RFC 5280, 4.2",
		    "the signer's certificate has a critical extension we do not know");
	return true;
}

/*
 * A path that holds at another time is one to be refused, perhaps because of
 * our clock; one that never does is of somebody else.
 */
static bool
check_path(const struct exchange_trust *t, const struct exchange_answer *r,
    struct fault *f)
{
	const struct cms_signed	*m = &r->message;
	struct fault		 why = { 0 };
	bool			 ever;

	if (exchange_path(&r->signer, m->certificates, m->certificate_count, r->anchor,
	    t->now, &why))
		return true;
	ever = exchange_path(&r->signer, m->certificates, m->certificate_count, r->anchor,
	    r->signer.not_before, NULL);
	return fault_set(f, ever ? why.kind : FAULT_SIGNATURE, why.rule, "%s", why.text);
}

static bool
verify(const struct exchange_trust *t, struct exchange_answer *r, struct fault *f)
{
	const struct cms_signed	*m = &r->message;

	if (!m->has_content || !view_equal(m->content_type, OID_CT_PKI_RESPONSE))
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2.2",
		    "the answer is not a PKIResponse");
	if (m->certificate_count > CERTIFICATES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu certificates in the answer, %d are "
		    "taken", m->certificate_count, CERTIFICATES_MAX);
	if (!find_anchor(t, m, &r->anchor, f) || !message_find_signer(m, &r->signer, f) ||
	    !check_signer(&r->signer, f) ||
	    !message_verify_cert(m, &r->signer, NULL, SIGNING_CERTIFICATE_REQUIRED, f))
		return false;
	return check_path(t, r, f) || fault_within(f, "the answer's signer");
}

/* --- reading ------------------------------------------------------------------------- */

/* A fault among the controls is one of the sender, whom we believe by now. */
static bool
decode(struct exchange_answer *r, struct arena *a, struct fault *f)
{
	return cmc_response_decode(r->message.content, a, &cmc_limits_client, &r->response,
	    NULL, f) && cmc_response_rules(&r->response, NULL, f) &&
	    cmc_status_list(&r->response.controls, a, &r->status, NULL, f);
}

static bool
check_transaction(const struct exchange *x, const struct cmc_controls *c, struct fault *f)
{
	const struct cmc_control	*tid = cmc_find(c, CMC_TRANSACTION_ID);
	struct view			 v;

	if (tid == NULL)
		return fault_set(f, FAULT_SIGNATURE, "RFC 10002, 6.6",
		    "the answer has no transactionId");
	if (!cmc_transaction_id(tid->value, &v, f))
		return false;
	return view_equal(v, view_of(x->id, sizeof(x->id))) ||
	    fault_set(f, FAULT_SIGNATURE, "RFC 10002, 6.6",
	    "the answer belongs to another transaction");
}

static bool
check_nonces(const struct exchange *x, const struct cmc_controls *c, struct view *fresh,
    struct fault *f)
{
	const struct cmc_control	*ours = cmc_find(c, CMC_RECIPIENT_NONCE);
	const struct cmc_control	*theirs = cmc_find(c, CMC_SENDER_NONCE);
	struct view			 v;

	if (ours == NULL || theirs == NULL)
		return fault_set(f, FAULT_SIGNATURE, "RFC 10002, 6.6",
		    "the answer lacks a nonce");
	if (!cmc_nonce(ours->value, &v, f) || !cmc_nonce(theirs->value, fresh, f))
		return false;
	return secret_equal(v, view_of(x->sent, sizeof(x->sent))) ||
	    fault_set(f, FAULT_SIGNATURE, "RFC 10002, 6.6",
	    "the answer is to another request: its recipientNonce is not ours");
}

/*
 * An answer to what the server could not read: it had nothing to repeat.  As
 * it may be an old one, it is a hint and no more.
 */
static bool
is_unread(const struct exchange_answer *r)
{
	const struct cmc_controls	*c = &r->response.controls;

	return cmc_find(c, CMC_TRANSACTION_ID) == NULL &&
	    cmc_find(c, CMC_RECIPIENT_NONCE) == NULL &&
	    cmc_status_overall(&r->status) == CMC_FAILED;
}

static bool
unread(const struct exchange_answer *r, struct fault *f)
{
	struct exchange_failure	why;

	exchange_failure(r, CMC_WHOLE_MESSAGE, &why);
	return fault_set(f, FAULT_BUSY, "RFC 4809, 3.4.11", "the PKI answers that it cannot read "
	    "the message (%s): it was damaged on the way, or something between changes it",
	    why.has_fail ? cmc_fail_name(why.fail) : "no reason given");
}

bool
exchange_read(struct exchange *x, struct view octets, const struct exchange_trust *trust,
    struct arena *a, struct exchange_answer *out, struct fault *f)
{
	struct exchange_answer	r = { 0 };
	struct view		fresh;

	if (!message_open(octets, a, &r.message, f) || !verify(trust, &r, f) ||
	    !decode(&r, a, f))
		return false;
	if (is_unread(&r))
		return unread(&r, f);
	if (!check_transaction(x, &r.response.controls, f) ||
	    !check_nonces(x, &r.response.controls, &fresh, f))
		return false;
	memcpy(x->received, fresh.p, fresh.n);
	x->n_received = fresh.n;
	*out = r;
	return true;
}

bool
exchange_read_unasked(struct view octets, const struct exchange_trust *trust,
    struct arena *a, struct exchange_answer *out, struct fault *f)
{
	struct exchange_answer	r = { 0 };

	if (!message_open(octets, a, &r.message, f) ||
	    (trust != NULL && !verify(trust, &r, f)) || !decode(&r, a, f))
		return false;
	*out = r;
	return true;
}

/* --- what went wrong ------------------------------------------------------------------- */

/* What a failInfo means to whoever reads it here. */
static const struct {
	enum cmc_fail	 fail;
	const char	*words;
} fail_words[] = {
	{ CMC_BAD_ALG, "an algorithm or a kind of key that this PKI does not take" },
	{ CMC_BAD_MESSAGE_CHECK, "the signature of our message does not hold there" },
	{ CMC_BAD_REQUEST, "the request is not one that this PKI carries out" },
	{ CMC_BAD_TIME, "a time in the message is too far off: compare the clocks" },
	{ CMC_BAD_CERT_ID, "no certificate by that issuer and serial number" },
	{ CMC_UNSUPPORTED_EXT, "a certificate extension that this PKI does not issue" },
	{ CMC_MUST_ARCHIVE_KEYS, "this PKI wants a copy of the private key" },
	{ CMC_BAD_IDENTITY, "who asks was not recognised, or may not ask this" },
	{ CMC_FAIL_POP_REQUIRED, "this PKI wants another proof that we hold the key" },
	{ CMC_POP_FAILED, "the proof that we hold the private key does not hold there" },
	{ CMC_NO_KEY_REUSE, "this key has been used before: make a new one" },
	{ CMC_INTERNAL_CA_ERROR, "the PKI failed inside; its log says more" },
	{ CMC_TRY_LATER, "the PKI is busy or closed: try again later" },
	{ CMC_AUTH_DATA_FAIL, "authenticated data in the message does not hold there" },
};

static const char *
words_of(const struct exchange_failure *why)
{
	if (why->code != 0 && why->code < CVP_CODE_END)
		return cvp_code_text(why->code);
	for (size_t i = 0; why->has_fail && i < sizeof(fail_words) / sizeof(fail_words[0]); i++)
		if (fail_words[i].fail == (enum cmc_fail)why->fail)
			return fail_words[i].words;
	return "no reason was given";
}

static bool
speaks_of(const struct cmc_status_info *s, uint32_t about)
{
	for (size_t i = 0; i < s->n_refs; i++)
		if (s->refs[i].n == 1 && (s->refs[i].path[0] == about ||
		    s->refs[i].path[0] == CMC_WHOLE_MESSAGE))
			return true;
	return about == CMC_WHOLE_MESSAGE;
}

static void
add_code(const struct cmc_status_info *s, struct exchange_failure *out)
{
	struct cvp_failure	c;

	if (!view_equal(s->ext_oid, OID_CVP_FAILURE) ||
	    !cvp_failure_decode(s->ext_value, &c, NULL))
		return;		/* somebody else's: the failInfo beside it speaks */
	out->code = c.code;
	out->detail = c.detail;
	out->field = c.field;
}

void
exchange_failure(const struct exchange_answer *r, uint32_t about,
    struct exchange_failure *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < r->status.n; i++)
		if (speaks_of(&r->status.v[i], about))
			out->status = cmc_status_worse(out->status, r->status.v[i].status);
	for (size_t i = 0; i < r->status.n; i++) {
		const struct cmc_status_info *s = &r->status.v[i];

		if (!speaks_of(s, about) || s->status != out->status)
			continue;
		if (out->text.n == 0)
			out->text = s->text;
		if (s->other == CMC_OTHER_FAIL && !out->has_fail) {
			out->has_fail = true;
			out->fail = s->fail;
		}
		if (s->other == CMC_OTHER_PEND && !out->has_pend) {
			out->has_pend = true;
			out->pend_token = s->pend_token;
			out->pend_time = s->pend_time;
		}
		if (s->other == CMC_OTHER_EXT && out->code == 0)
			add_code(s, out);
	}
}

static enum fault_kind
kind_of(const struct exchange_failure *why)
{
	if (why->status == CMC_PENDING || why->status == CMC_PARTIAL ||
	    (why->has_fail && why->fail == CMC_TRY_LATER))
		return FAULT_BUSY;
	return FAULT_REFUSED;
}

/* ` (field "x": "y")` of what the server said in its own words. */
static void
put_said(char *out, size_t n, const struct exchange_failure *why)
{
	char	text[WORDS_MAX], field[WORDS_MAX];

	text_escape(why->detail.n > 0 ? why->detail : why->text, '"', text, sizeof(text));
	text_escape(why->field, '"', field, sizeof(field));
	out[0] = '\0';
	if (field[0] != '\0')
		snprintf(out, n, " (in \"%s\"%s%s%s)", field, text[0] == '\0' ? "" : ": \"",
		    text, text[0] == '\0' ? "" : "\"");
	else if (text[0] != '\0' && strcmp(text, words_of(why)) != 0)
		snprintf(out, n, " (\"%s\")", text);
}

bool
exchange_fault(const struct exchange_failure *why, struct fault *f)
{
	char	said[2 * WORDS_MAX + 16];

	put_said(said, sizeof(said), why);
	if (why->status == CMC_PENDING || why->status == CMC_PARTIAL)
		return fault_set(f, FAULT_BUSY, "", "the PKI has not decided yet%s", said);
	if (why->status == CMC_NO_SUPPORT)
		return fault_set(f, FAULT_REFUSED, "", "the PKI does not support this "
		    "request%s", said);
	return fault_set(f, kind_of(why), "", "the PKI answers %s%s%s: %s%s",
	    why->has_fail ? cmc_fail_name(why->fail) : cmc_status_name(why->status),
	    why->code != 0 ? ", " : "", why->code != 0 ? cvp_code_name(why->code) : "",
	    words_of(why), said);
}

bool
exchange_check(const struct exchange_answer *r, uint32_t about, struct fault *f)
{
	struct exchange_failure	why;

	exchange_failure(r, about, &why);
	if (why.status == CMC_SUCCESS || why.status == CMC_CONFIRM_REQUIRED)
		return true;
	return exchange_fault(&why, f);
}
