/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "admin/fleet.h"
#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "main/bundle_file.h"
#include "main/generate.h"
#include "message/csr.h"
#include "message/key_package.h"
#include "peer/ask.h"
#include "peer/talk.h"
#include "peer/wait.h"

#define VALUE_MAX	(32u << 10)	/* a request with its names, a certificate */
#define CONFIRM_MAX	(32u << 10)
#define MESSAGE_OCTETS	(64u << 10)

/* One device under way. */
struct device_run {
	const struct generate	*q;
	const struct target	*t;
	struct generate_outcome	*o;
	struct generated	 g;
};

/* --- asking --------------------------------------------------------------------------- */

bool
generate_bind(const struct generate *q, const char *id, struct view p10, struct exchange *x,
    struct exchange_answer *r, struct fault *f)
{
	struct cvp_bind	bind = { .request = ASK_REQUEST_ID, .target = { .id = view_str(id) } };
	struct ask	one = { .kind = CVP_AUTHZ_BIND };
	struct buf	requests, value;
	size_t		mark;
	bool		ok;

	buf_init(&requests, VALUE_MAX);
	buf_init(&value, VALUE_MAX);
	mark = cmc_requests_begin(&requests);
	cmc_put_tcr(&requests, ASK_REQUEST_ID, p10);
	cmc_requests_end(&requests, mark);
	cvp_put_bind(&value, &bind);
	one.value = buf_view(&value);
	ok = buf_check(&requests, "request", f) && buf_check(&value, "authzBind", f) &&
	    admin_ask_for(q->a, &one, 1, buf_view(&requests), q->arena, x, r, f);
	buf_clear(&requests);
	buf_clear(&value);
	return ok;
}

/* The names are the PKI's to write: it knows what was authorized. */
static bool
ask_with_key(struct device_run *w, struct exchange_answer *r, struct fault *f)
{
	struct request_terms	terms = { 0 };
	struct buf		p10;
	bool			ok;

	buf_init(&p10, VALUE_MAX);
	ok = request_build(&terms, w->g.key, &p10, f) &&
	    generate_bind(w->q, w->t->id, buf_view(&p10), &w->g.st.x, r, f);
	buf_clear(&p10);
	return ok;
}

/* KeySpec of a kind; parameters of a curve are its OID. */
static bool
key_spec(const char *kind, struct buf *params, struct cvp_key_spec *out, struct fault *f)
{
	enum key_kind	k = key_kind_find(kind);

	*out = (struct cvp_key_spec){ 0 };
	if (key_kind_is_ec(k)) {
		out->algorithm.oid = OID_EC_PUBLIC_KEY;
		der_put_oid(params, k == KEY_EC_P256 ? OID_P256 : OID_P384);
	} else if (key_kind_is_rsa(k)) {
		out->algorithm.oid = OID_RSA;
		der_put(params, DER_NULL, VIEW_NONE);
		out->min_bits = key_kind_bits(k);
	} else if (k == KEY_ED25519) {
		out->algorithm.oid = OID_ED25519;
	} else {
		return fault_set(f, FAULT_ALGORITHM, "", "no key of kind \"%s\" can be made", kind);
	}
	out->algorithm.params = buf_view(params);
	return buf_check(params, "kind of key", f);
}

/* The key that came, opened with the Admin's; the PKI has signed it. */
static bool
take_key(struct device_run *w, const struct exchange_answer *r, struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&r->response.controls, CVP_KEY_GEN_RESPONSE);
	struct cvp_key_gen_response	 k;

	if (c == NULL)
		return fault_set(f, FAULT_MALFORMED, "", "the answer holds no keyGenResponse");
	if (!cvp_key_gen_response_decode(c->value, &k, f))
		return false;
	for (size_t i = 0; i < r->response.contents.n; i++)
		if (r->response.contents.v[i].id == k.key)
			return key_package_open(r->response.contents.v[i].contentinfo,
			    w->q->a->key, &w->q->a->cert, &r->signer, &w->g.key, f);
	return fault_set(f, FAULT_MALFORMED, "", "the answer holds no key");
}

/* The same octets each time: the PKI made one key for them (corrections, 22). */
static bool
ask_for_key(struct device_run *w, struct exchange_answer *r, struct fault *f)
{
	struct view			 self = w->q->a->cert.der;
	struct cvp_key_gen_request	 k = { .target = { .id = view_str(w->t->id) },
		.protect_for = { &self, 1 } };
	struct ask			 one = { .kind = CVP_KEY_GEN_REQUEST };
	struct buf			 params, value;
	bool				 ok;

	buf_init(&params, 64);
	buf_init(&value, VALUE_MAX);
	ok = key_spec(w->q->key != NULL ? w->q->key : w->t->key, &params, &k.key, f);
	if (ok)
		cvp_put_key_gen_request(&value, &k);
	one.value = buf_view(&value);
	ok = ok && buf_check(&value, "keyGenRequest", f) &&
	    admin_ask_for(w->q->a, &one, 1, VIEW_NONE, w->q->arena, &w->g.st.x, r, f);
	buf_clear(&params);
	buf_clear(&value);
	return ok;
}

/* --- waiting for a person -------------------------------------------------------------- */

static bool
tell_waiting(struct generated *g, struct generate_wait *w, struct fault *f)
{
	char	since[32], next[32];

	w->waits = true;
	w->poll_at = g->st.wait.poll_at;
	date_format(g->st.wait.since, since);
	date_format(w->poll_at, next);
	return fault_set(f, FAULT_BUSY, "RFC 4809, 3.4.4", "the request waits for a person's "
	    "approval at the PKI since %s; it is asked again at %s", since, next);
}

/* A key that nobody has certified is made anew, or kept for the next request. */
static bool
forget_wait(const struct generate *q, const char *id, struct generated *g, struct fault *f)
{
	wait_forget(&g->st);
	g->st.step = ENROLL_NONE;
	return g->key != NULL ? generated_save(q->a, id, g, f) : generated_drop(q->a, id, f);
}

bool
generate_answer(const struct generate *q, const char *id, struct generated *g,
    const struct exchange_answer *r, struct generate_wait *w, struct fault *f)
{
	struct exchange_failure	why;
	struct fault		drop = { 0 };

	exchange_failure(r, CMC_WHOLE_MESSAGE, &why);
	if (why.status == CMC_PENDING)
		return wait_note(&g->st, &why, q->a->rng, q->a->now, f) &&
		    generated_save(q->a, id, g, f) && tell_waiting(g, w, f);
	if (exchange_check(r, CMC_WHOLE_MESSAGE, f)) {
		wait_forget(&g->st);
		return true;
	}
	if (f->kind != FAULT_BUSY && generated_waits(g) && !forget_wait(q, id, g, &drop))
		*f = drop;
	return false;
}

bool
generate_poll(const struct generate *q, struct generated *g, struct exchange_answer *r,
    struct generate_wait *w, struct fault *f)
{
	struct enroll_wait	*wait = &g->st.wait;
	struct buf		 message;
	bool			 ok;

	if (!wait_is_over(&g->st, true, q->a->now, f)) {
		fault_clear(f);
		return tell_waiting(g, w, f);
	}
	buf_init(&message, MESSAGE_OCTETS);
	ok = ask_poll(view_of(wait->token, wait->n_token), &q->a->cert, q->a->key, q->a->rng,
	    q->a->now, &g->st.x, &message, f) &&
	    admin_send(q->a, &g->st.x, buf_view(&message), q->arena, r, f);
	buf_clear(&message);
	return ok;
}

/* --- judging ----------------------------------------------------------------------------- */

static bool
find_cert(const struct exchange_answer *r, struct view spki, struct cert *out, struct fault *f)
{
	for (size_t i = 0; i < r->message.certificate_count; i++)
		if (cert_decode(r->message.certificates[i], out, f) && !out->is_ca &&
		    view_equal(out->spki, spki))
			return true;
	fault_clear(f);
	return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.4.8",
	    "the answer holds no certificate for this key");
}

bool
generate_judge(const struct generate *q, const struct target *t,
    const struct exchange_answer *r, struct view spki, struct key *key,
    struct enroll_state *st, bool *reject, struct fault *f)
{
	struct ticket		*expect = arena_alloc(q->arena, sizeof(*expect));
	struct accept_terms	 terms = {
		.ticket = expect, .key = key, .certs = r->message.certificates,
		.n_certs = r->message.certificate_count, .anchor = r->anchor, .now = q->a->now,
	};
	enum accept_verdict	 v;
	struct cert		 c;

	if (expect == NULL)
		return arena_fault(f);
	memset(expect, 0, sizeof(*expect));
	for (size_t i = 0; i < t->n_ids && i < TICKET_IDENTITIES_MAX; i++)
		identity_format(&t->ids[i], expect->identities[expect->n_identities++]);
	if (!find_cert(r, spki, &c, f))
		return false;
	v = accept_judge(&c, &terms, f);
	*reject = v == ACCEPT_REJECT;
	return v != ACCEPT_UNCLEAR && talk_stage(st, &c, &terms, v == ACCEPT_GOOD, f);
}

/* --- confirming -------------------------------------------------------------------------- */

/* Signed by the new key; reason: why it is rejected, or NULL. */
static bool
send_verdict(struct device_run *w, const char *reason, struct exchange_answer *r,
    struct fault *f)
{
	struct enroll_state	*st = &w->g.st;
	struct buf		 message;
	struct cert		 c;
	bool			 ok;

	buf_init(&message, MESSAGE_OCTETS);
	ok = cert_decode(buf_view(&st->certs[0]), &c, f) &&
	    ask_confirm(&c, w->g.key, reason, w->q->a->rng, w->q->a->now, &st->x, &message, f) &&
	    admin_send(w->q->a, &st->x, buf_view(&message), w->q->arena, r, f);
	buf_clear(&message);
	return ok;
}

static bool
reject(struct device_run *w, struct fault *f)
{
	struct exchange_answer	r;
	struct fault		why = *f;

	fault_clear(f);
	if (!send_verdict(w, why.text, &r, f) || !generated_drop(w->q->a, w->t->id, f))
		return false;
	return fault_set(f, FAULT_REFUSED, why.rule, "%s; the certificate is rejected, and the PKI "
	    "revokes it", why.text);
}

static bool
confirm(struct device_run *w, struct fault *f)
{
	struct exchange_answer	r;
	struct exchange_failure	why;

	if (!send_verdict(w, NULL, &r, f))
		return false;
	exchange_failure(&r, CMC_WHOLE_MESSAGE, &why);
	if (why.status == CMC_SUCCESS)
		return talk_is_receipt(&w->g.st, &r, f);
	(void)exchange_fault(&why, f);
	if (f->kind != FAULT_BUSY && talk_is_too_late(&why) &&
	    !generated_drop(w->q->a, w->t->id, f))
		return false;
	return fault_within(f, "confirmation");
}

bool
generate_confirmation(const struct generate *q, const char *id, struct generated *g,
    const char *path, struct fault *f)
{
	struct buf	content;
	struct cert	c;
	bool		ok;

	buf_init(&content, CONFIRM_MAX);
	ok = cert_decode(buf_view(&g->st.certs[0]), &c, f) &&
	    ask_confirm_content(&c, NULL, q->a->rng, &g->st.x, &content, f) &&
	    file_write(path, buf_view(&content), 0644, f) && generated_save(q->a, id, g, f);
	buf_clear(&content);
	return ok;
}

/* --- one device --------------------------------------------------------------------------- */

static bool
make_key(struct device_run *w, struct fault *f)
{
	const char	*kind = w->q->key != NULL ? w->q->key : w->t->key;

	w->g.key = key_generate(key_kind_find(kind), f);
	return w->g.key != NULL && generated_save(w->q->a, w->t->id, &w->g, f);
}

static bool
ask(struct device_run *w, struct exchange_answer *r, struct fault *f)
{
	if (generated_waits(&w->g))
		return generate_poll(w->q, &w->g, r, &w->o->wait, f);
	return w->q->by_pki ? ask_for_key(w, r, f) : ask_with_key(w, r, f);
}

static bool
enroll(struct device_run *w, struct fault *f)
{
	struct exchange_answer	r;
	bool			bad = false;

	if (!w->q->by_pki && w->g.key == NULL && !make_key(w, f))
		return false;
	if (!ask(w, &r, f) ||
	    !generate_answer(w->q, w->t->id, &w->g, &r, &w->o->wait, f) ||
	    (w->q->by_pki && !take_key(w, &r, f)) ||
	    !generate_judge(w->q, w->t, &r, key_spki(w->g.key), w->g.key, &w->g.st, &bad, f))
		return false;
	w->g.answered = true;
	return bad ? reject(w, f) : generated_save(w->q->a, w->t->id, &w->g, f);
}

static bool
write_bundle(struct device_run *w, struct fault *f)
{
	struct view		cas[ENROLL_CERTS_MAX];
	struct bundle_file	b = {
		.key = w->g.key, .cert = buf_view(&w->g.st.certs[0]), .cas = cas,
		.name = w->t->name, .pem = w->q->format == BUNDLE_PEM, .rng = w->q->a->rng,
		.path = w->o->bundle, .passphrase_path = w->o->passphrase,
	};

	for (size_t i = 1; i < w->g.st.n_certs; i++)
		cas[b.n_cas++] = buf_view(&w->g.st.certs[i]);
	return bundle_file_write(&b, f);
}

static bool
name_bundle(struct device_run *w, struct fault *f)
{
	char	name[FLEET_NAME_MAX];
	bool	pem = w->q->format == BUNDLE_PEM;

	fleet_name(w->t->name, name);
	if (snprintf(w->o->bundle, ADMIN_PATH_MAX, "%s/%s.%s", w->q->out, name,
	    pem ? "pem" : "p12") >= ADMIN_PATH_MAX ||
	    (!pem && snprintf(w->o->passphrase, ADMIN_PATH_MAX, "%s/%s.passphrase", w->q->out,
	    name) >= ADMIN_PATH_MAX) || (w->q->device_confirms && snprintf(w->o->confirm,
	    ADMIN_PATH_MAX, "%s/%s.confirm", w->q->out, name) >= ADMIN_PATH_MAX))
		return fault_set(f, FAULT_LIMIT, "", "--out: the path is too long");
	return true;
}

/* A bundle there may be of this enrolment, if it has begun here, and of no other. */
static bool
look_around(struct device_run *w, bool found, bool *done, struct fault *f)
{
	bool	there = file_exists(w->o->bundle);

	*done = !found && there && w->t->state == CVP_STATE_CONFIRMED;
	if (*done) {
		w->o->already = true;
		w->o->confirm[0] = '\0';
	}
	if (*done || found)
		return true;
	if (w->t->state == CVP_STATE_CONFIRMED)
		return fault_set(f, FAULT_CONFLICT, "", "it has a certificate, whose key is not "
		    "here: revoke it and authorize the device again for another one");
	return !there || fault_set(f, FAULT_CONFLICT, "", "\"%s\" is there already: move it "
	    "away, or take another --out", w->o->bundle);
}

/* The bundle is the device's; from here on the key is nowhere else. */
static bool
hand_over(struct device_run *w, struct fault *f)
{
	if (!write_bundle(w, f))
		return false;
	key_free(w->g.key);
	w->g.key = NULL;
	return generate_confirmation(w->q, w->t->id, &w->g, w->o->confirm, f);
}

static bool
finish(struct device_run *w, struct fault *f)
{
	if (w->q->device_confirms)
		return hand_over(w, f);
	return confirm(w, f) && write_bundle(w, f) && generated_drop(w->q->a, w->t->id, f);
}

static bool
run(struct device_run *w, struct fault *f)
{
	struct cert	c;
	bool		found, done;

	if (!name_bundle(w, f) || !generated_load(w->q->a, w->t->id, &w->g, &found, f) ||
	    !look_around(w, found, &done, f))
		return false;
	snprintf(w->o->serial, sizeof(w->o->serial), "%s", w->t->serial_text);
	if (done)
		return true;
	if (w->g.answered && w->g.key == NULL)
		return fault_set(f, FAULT_CONFLICT, "", "its key and certificate were handed over, and "
		    "the device has to confirm: pki4ipsec admin enroll --confirm FILE %s", w->t->name);
	if ((!w->g.answered && !enroll(w, f)) || !finish(w, f) ||
	    !cert_decode(buf_view(&w->g.st.certs[0]), &c, f))
		return false;
	hex_encode(serial_magnitude(c.serial), w->o->serial);
	return true;
}

bool
generate_one(const struct generate *q, const struct target *t, struct generate_outcome *o,
    struct fault *f)
{
	struct device_run	w = { .q = q, .t = t, .o = o };
	bool			ok;

	*o = (struct generate_outcome){ 0 };
	generated_init(&w.g);
	ok = run(&w, f);
	generated_clear(&w.g);
	return ok;
}
