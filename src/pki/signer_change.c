/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Successors, seen by the signer (docs/adr/0020): the engine brings a message
 * and a certificate to be signed; whether the one allows the other is found
 * out here, from the message itself.
 */
#include "codec/oid.h"
#include "crypt/digest.h"
#include "message/hint.h"
#include "message/issue.h"
#include "message/proof.h"
#include "pki/change_rule.h"
#include "pki/signer_parts.h"
#include "store/store_authz.h"

#define CONTENT_DEPTH_MAX	40

/* Issued by one of our CAs. */
static bool
check_ours(struct signer *s, const struct cert *c, struct fault *f)
{
	enum authority_id	ca = authority_named(&s->authorities, c->issuer, VIEW_NONE);

	if (ca != AUTHORITIES && ca != AUTHORITY_ROOT)
		return !c->is_ca && certificate_verify(c, &s->authorities.list[ca].cert, f);
	return fault_set(f, FAULT_REFUSED, "", "a certificate of another CA");
}

static bool
read_data(struct signer *s, const struct cms_signed *m, struct signer_asked *out, struct fault *f)
{
	if (!view_equal(m->content_type, OID_CT_PKI_DATA) || !m->has_content)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2", "no PKIData");
	return der_check(m->content, CONTENT_DEPTH_MAX, f) && cmc_request_decode(m->content,
	    s->arena, &cmc_limits_peer, &out->data, NULL, f);
}

static bool
check_pop(struct signer_asked *a, struct fault *f)
{
	struct pubkey	*pub = pubkey_from_spki(a->request.spki, f);
	bool		 ok = pub != NULL && certreq_check_pop(&a->request, pub, f);

	pubkey_free(pub);
	return ok;
}

bool
signer_open_message(struct signer *s, struct view cert, struct view message,
    struct signer_asked *out, struct fault *f)
{
	struct cms_signed	m;

	return cert_decode(cert, &out->old, f) && check_ours(s, &out->old, f) &&
	    message_open(message, s->arena, &m, f) &&
	    message_verify_cert(&m, &out->old, NULL, SIGNING_CERTIFICATE_REQUIRED, f) &&
	    read_data(s, &m, out, f);
}

bool
signer_open_request(struct signer *s, struct view cert, struct view message,
    struct signer_asked *out, struct fault *f)
{
	if (!signer_open_message(s, cert, message, out, f))
		return false;
	if (out->data.n_requests != 1)
		return fault_set(f, FAULT_REFUSED, "corrections, 15", "%zu requests",
		    out->data.n_requests);
	if (!certreq_read(&out->data.requests[0], s->arena, &out->request, f) ||
	    !check_pop(out, f))
		return false;
	sha256(out->request.spki, out->spki_hash);
	return true;
}

int64_t
signer_number_of(struct view serial)
{
	struct view	v = serial_magnitude(serial);
	int64_t		n = 0;

	for (size_t i = 1; i <= 5 && v.n > 5; i++)
		n = n << 8 | v.p[i];
	return n;
}

/* --- USE -------------------------------------------------------------------------- */

struct use_question {
	struct seal_facts	facts;
	struct view		sealed, old, message, spki;
	uint8_t			state;
};

static bool
read_use(struct wire *w, struct use_question *q, struct fault *f)
{
	seal_facts_get(w, &q->facts);
	q->sealed = wire_get_view(w);
	q->old = wire_get_view(w);
	q->message = wire_get_view(w);
	q->state = wire_get_u8(w);
	q->spki = wire_get_view(w);
	if (!wire_end(w, "USE", f))
		return false;
	return q->spki.n == SHA256_OCTETS || fault_set(f, FAULT_MALFORMED, "",
	    "USE: key digest of %zu octets", q->spki.n);
}

/* The proof in the message's authzUse, made with k over the requests in it. */
static bool
use_holds(const struct signer_asked *a, const uint8_t *k, bool *holds, struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&a->data.controls, CVP_AUTHZ_USE);
	struct cvp_use			 use;
	uint8_t				 want[PROOF_OCTETS];

	if (c == NULL)
		return fault_set(f, FAULT_REFUSED, "", "USE: no authzUse in the message");
	if (!cvp_use_decode(c->value, &use, f) || !proof_check_form(&use.proof, f))
		return false;
	proof_identity(k, a->data.req_sequence, want);
	*holds = proof_equal(want, use.proof.witness);
	secret_wipe(want, sizeof(want));
	return true;
}

bool
signer_answer_use(struct signer *s, struct wire *w, struct buf *answer, struct fault *f)
{
	struct use_question	q;
	struct signer_asked		a;
	struct secret		k = { 0 };
	struct buf		next;
	bool			known, holds = false, ok;

	if (!read_use(w, &q, f) || !signer_open_request(s, q.old, q.message, &a, f) ||
	    !signer_check_step(&q.facts, q.state, q.spki, a.spki_hash, f) ||
	    !signer_key_or_dummy(s, &q.facts, q.sealed, &k, &known, f))
		return false;
	buf_init(&next, 512);
	ok = use_holds(&a, k.p, &holds, f);
	/* Nothing secret decides here: a certificate's number, and what is spent. */
	holds = holds && known && q.facts.replaces == signer_number_of(a.old.serial) &&
	    !signer_is_spent(s, &q.facts);
	q.facts.state = q.state;
	memcpy(q.facts.spki_hash, q.spki.p, q.spki.n);
	ok = ok && (!holds || signer_seal(s, &q.facts, view_of(k.p, k.n), &next, f));
	wire_put_u8(answer, holds);
	wire_put_view(answer, buf_view(&next));
	buf_clear(&next);
	secret_clear(&k);
	return ok;
}

/* --- CHANGE -------------------------------------------------------------------------- */

static bool
read_change(struct wire *w, struct change_request *q, struct fault *f)
{
	memset(q, 0, sizeof(*q));
	q->old = wire_get_view(w);
	q->message = wire_get_view(w);
	q->template = wire_get_view(w);
	q->changed = wire_get_u8(w) != 0;
	q->old_settings = wire_get_view(w);
	q->tbs = wire_get_view(w);
	q->hint = wire_get_view(w);
	q->admin = wire_get_view(w);
	q->layer = wire_get_view(w);
	q->id = wire_get_view(w);
	q->terms = wire_get_view(w);
	q->label = wire_get_view(w);
	q->deed = wire_get_view(w);
	q->use = wire_get_u8(w) != 0;
	if (q->use) {
		seal_facts_get(w, &q->facts);
		q->sealed = wire_get_view(w);
		q->use_terms = wire_get_view(w);
		q->use_label = wire_get_view(w);
	}
	return wire_end(w, "CHANGE", f);
}

/* The terms are those the old certificate was issued under: the deed says so. */
static bool
by_deed(struct signer *s, const struct change_request *q, const struct signer_template *t,
    struct granted_terms *g, struct fault *f)
{
	struct deed	d = { .cert = q->old, .id = q->id, .terms = q->terms,
		.template = q->template, .label = q->label };

	memcpy(d.content, t->content, sizeof(d.content));
	return signer_check_deed(s, &d, q->deed, f) &&
	    granted_terms_read(q->terms, s->arena, g, f);
}

/* The terms are those of an authorization whose token was shown for this key. */
static bool
by_use(struct signer *s, const struct change_request *q, const struct signer_asked *a,
    const struct signer_template *t, struct granted_terms *g, struct secret *k, struct fault *f)
{
	if (!signer_check_grant(&q->facts, q->template, q->use_terms, q->use_label, f))
		return false;
	if (memcmp(t->content, q->facts.content, sizeof(t->content)) != 0)
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.2.5",
		    "CHANGE: not what the template said when it was granted");
	if (q->facts.replaces == 0 || q->facts.replaces != signer_number_of(a->old.serial))
		return fault_set(f, FAULT_REFUSED, "corrections, 15",
		    "CHANGE: the authorization does not replace this certificate");
	if (memcmp(a->spki_hash, q->facts.spki_hash, SHA256_OCTETS) != 0)
		return fault_set(f, FAULT_REFUSED, "", "CHANGE: not the key that proved its token");
	return signer_unseal(s, &q->facts, q->sealed, k, f) &&
	    granted_terms_read(q->use_terms, s->arena, g, f);
}

static bool
holds_message(const struct cmc_request *data, struct view message)
{
	for (size_t i = 0; i < data->contents.n; i++)
		if (view_equal(data->contents.v[i].contentinfo, message))
			return true;
	return false;
}

/*
 * Signed by an Admin, and this very message in it.  Which templates are his is
 * the engine's to know.
 */
static bool
check_layer(struct signer *s, const struct change_request *q, int64_t now, struct fault *f)
{
	struct cmc_request	data;
	struct cms_signed	m;
	struct cert		by;

	if (!cert_decode(q->admin, &by, f) || !signer_check_admin(s, &by, now, f) ||
	    !message_open(q->layer, s->arena, &m, f) ||
	    !message_verify_cert(&m, &by, NULL, SIGNING_CERTIFICATE_REQUIRED, f))
		return false;
	if ((by.eku & EKU_CMC_RA) == 0 || !m.has_content ||
	    !view_equal(m.content_type, OID_CT_PKI_DATA))
		return fault_set(f, FAULT_REFUSED, "corrections, 15", "CHANGE: no layer of an Admin");
	return der_check(m.content, CONTENT_DEPTH_MAX, f) && cmc_request_decode(m.content,
	    s->arena, &cmc_limits_admin, &data, NULL, f) &&
	    (holds_message(&data, q->message) || fault_set(f, FAULT_REFUSED, "corrections, 15",
	    "CHANGE: the Admin's layer is around other messages"));
}

/*
 * An operator's word reaches us through the engine, so a hint is no better than
 * the engine; but it was checked when it was signed, and is good for two days.
 */
static bool
is_hinted(struct signer *s, const struct change_request *q, const struct signer_asked *a,
    int64_t now)
{
	struct hint_cert	c = { .serial = a->old.serial, .template = q->template,
		.not_before = a->old.not_before, .not_after = a->old.not_after };
	struct cms_signed	m;
	struct cvp_hint		h;

	return q->hint.n > 0 && message_open(q->hint, s->arena, &m, NULL) &&
	    message_verify_cert(&m, &s->authorities.list[AUTHORITY_CMC].cert, NULL,
	    SIGNING_CERTIFICATE_REQUIRED, NULL) &&
	    hint_open(q->hint, NULL, s->arena, &h, NULL) &&
	    now < h.next_update + CLOCK_SKEW_SECONDS &&
	    hint_opens(&h, &c, now + CLOCK_SKEW_SECONDS);
}

static bool
judge(struct signer *s, const struct change_request *q, const struct signer_asked *a,
    const struct template *t, const struct granted_terms *g, int64_t now,
    struct change_verdict *v, struct fault *f)
{
	struct change_ask	ask = {
		.old = &a->old, .request = &a->request, .template = t, .now = now,
		.terms = q->use ? NULL : g, .use = q->use ? g : NULL,
		.label = arena_str(s->arena, q->use ? q->use_label : q->label),
		.by_admin = q->layer.n > 0, .hinted = is_hinted(s, q, a, now),
	};

	if (ask.by_admin && !check_layer(s, q, now, f))
		return false;
	return change_judge(&ask, s->arena, v, f);
}

/* A key that was fixed for the first certificate binds no successor. */
static bool
sign(struct signer *s, const struct change_request *q, const struct signer_asked *a,
    const struct signer_template *t, const struct granted_terms *g,
    const struct change_verdict *v, int64_t now, struct buf *cert, struct fault *f)
{
	struct cvp_terms	terms = g->cvp;
	struct signing		what = { .template = &t->made, .now = &t->now->t, .terms = &terms, .holder = &v->holder,
		.tbs = q->tbs, .id = q->use ? q->facts.id : VIEW_NONE };

	if (!q->use)
		terms.cert = NULL;
	memcpy(what.spki, a->spki_hash, sizeof(what.spki));
	return signer_sign(s, &what, now, cert, f);
}

static bool
put_answer(struct signer *s, const struct change_request *q, const uint8_t content[32],
    struct view cert, const struct secret *k, struct buf *answer, struct fault *f)
{
	struct seal_facts	facts = q->facts;
	struct deed		d = { .cert = cert, .template = q->template };
	struct buf		sealed;
	bool			ok;

	memcpy(d.content, content, sizeof(d.content));
	d.id = q->use ? q->facts.id : q->id;
	d.terms = q->use ? q->use_terms : q->terms;
	d.label = q->use ? q->use_label : q->label;
	buf_init(&sealed, 512);
	facts.state = STORE_AUTHZ_ISSUED;
	ok = !q->use || signer_seal(s, &facts, view_of(k->p, k->n), &sealed, f);
	wire_put_view(answer, cert);
	wire_put_view(answer, buf_view(&sealed));
	buf_clear(&sealed);
	return ok && signer_put_deed(s, &d, answer, f);
}

bool
signer_answer_change(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct change_request	 q;
	struct change_verdict	 v;
	struct granted_terms	 g;
	struct signer_template	 t;
	enum template_fate	 fate = TEMPLATE_REFUSED;
	struct secret		 k = { 0 };
	struct signer_asked		 a;
	struct buf		 cert;
	bool			 ok;

	if (!read_change(w, &q, f) ||
	    !signer_template(s, q.template, q.changed, q.old_settings, &t, f))
		return false;
	buf_init(&cert, CERT_OCTETS_MAX);
	ok = signer_open_request(s, q.old, q.message, &a, f) &&
	    (q.use ? by_use(s, &q, &a, &t, &g, &k, f) : by_deed(s, &q, &t, &g, f)) &&
	    judge(s, &q, &a, &t.now->t, &g, now, &v, f);
	if (ok)
		fate = q.use ? template_for_grant(t.old, &t.now->t, terms_on_change(&g.cvp)) :
		    template_for_renewal(t.old, &t.now->t, v.kind == STORE_CHANGE_UPDATE);
	ok = ok && signer_made(&t, fate, f) && sign(s, &q, &a, &t, &g, &v, now, &cert, f) &&
	    put_answer(s, &q, signer_made_content(&t, fate), buf_view(&cert), &k, answer, f);
	secret_clear(&k);
	buf_clear(&cert);
	return ok;
}
