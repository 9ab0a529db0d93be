/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "codec/cms.h"
#include "codec/crl.h"
#include "crypt/aead.h"
#include "message/certreq.h"
#include "message/envelope.h"
#include "message/hint.h"
#include "message/issue.h"
#include "message/signed.h"
#include "pki/own.h"
#include "pki/signer_order.h"
#include "store/store_authz.h"

#define SIGNER_ARENA_MAX	(256u << 20)	/* the secrets of a full batch */
#define CONTENT_DEPTH_MAX	40
#define COMPACT_LEAST		4096	/* records that nobody needs are worth a new file */
#define CRL_SKEW_SECONDS	3600	/* between the engine's clock and ours */

/* --- opening ----------------------------------------------------------------- */

static bool
load_keys(struct signer *s, const struct pki_config *c, struct fault *f)
{
	for (enum authority_id id = 0; id < AUTHORITIES; id++) {
		char	path[CONFIG_PATH_MAX], sub[64];

		if (id == AUTHORITY_HTTPS ||	/* the front's, not ours */
		    !authority_is_here(&s->authorities, id))
			continue;
		snprintf(sub, sizeof(sub), "keys/%s.key.pem", s->authorities.list[id].name);
		if (!config_path(c, sub, path, sizeof(path), f))
			return false;
		if (id == AUTHORITY_ROOT && !file_exists(path))
			continue;		/* the root may be off line */
		if ((s->keys[id] = own_key(c, s->authorities.list[id].name, f)) == NULL)
			return false;
		if (!view_equal(key_spki(s->keys[id]), s->authorities.list[id].cert.spki))
			return fault_set(f, FAULT_USAGE, "", "%s does not belong to "
			    "certs/%s.pem", path, s->authorities.list[id].name);
	}
	return true;
}

static bool
load_seal_keys(struct signer *s, const struct pki_config *c, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	return config_path(c, "keys/seal.key", path, sizeof(path), f) &&
	    seal_keys_load(path, &s->seal_keys, f);
}

/* What cannot be done today is done at another start. */
static void
compact(const struct signer *s, const char *path)
{
	struct fault	f = { 0 };

	if (file_exists(path) && !journal_compact(path, seal_keys_since(&s->seal_keys,
	    (int64_t)time(NULL)), COMPACT_LEAST, &f))
		log_fault(LOG_LEVEL_WARN, "could not compact the journal", &f);
}

static bool
open_journal(struct signer *s, const struct pki_config *c, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	if (!config_path(c, "keys/journal", path, sizeof(path), f))
		return false;
	compact(s, path);
	return (s->journal = journal_open(path, f)) != NULL;
}

/* --- sealing ------------------------------------------------------------------ */

bool
signer_seal(struct signer *s, const struct seal_facts *facts, struct view content,
    struct buf *out, struct fault *f)
{
	struct buf	aad;
	bool		ok;

	buf_init(&aad, 4096);
	seal_facts_aad(facts, SEAL_V3, &aad);
	ok = buf_check(&aad, "facts of a seal", f) &&
	    seal_keys_seal(&s->seal_keys, s->rng, buf_view(&aad), content, out, f);
	buf_clear(&aad);
	return ok;
}

static bool
open_as(struct signer *s, const struct seal_facts *facts, enum seal_version v,
    struct view sealed, struct secret *out, struct fault *f)
{
	struct buf	aad;
	bool		ok;

	buf_init(&aad, 4096);
	seal_facts_aad(facts, v, &aad);
	ok = buf_check(&aad, "facts of a seal", f) &&
	    seal_keys_open(&s->seal_keys, buf_view(&aad), sealed, out, f);
	buf_clear(&aad);
	return ok;
}

bool
signer_unseal(struct signer *s, const struct seal_facts *facts, struct view sealed,
    struct secret *out, struct fault *f)
{
	bool	ok = open_as(s, facts, SEAL_V3, sealed, out, NULL) ||
	    open_as(s, facts, SEAL_V2, sealed, out, f);

	if (ok && out->n != SEAL_CONTENT_OCTETS) {
		secret_clear(out);
		ok = fault_set(f, FAULT_MALFORMED, "", "a seal of %zu octets", out->n);
	}
	return ok;
}

static void
deed_aad(const struct deed *d, struct buf *out)
{
	uint8_t	digest[SHA256_OCTETS];

	buf_add_str(out, "cvp-deed2");
	sha256(d->cert, digest);
	wire_put_view(out, view_of(digest, sizeof(digest)));
	wire_put_view(out, d->id);
	sha256(d->terms, digest);
	wire_put_view(out, view_of(digest, sizeof(digest)));
	wire_put_view(out, d->template);
	wire_put_view(out, view_of(d->content, sizeof(d->content)));
	wire_put_view(out, d->label);
}

bool
signer_put_deed(struct signer *s, const struct deed *d, struct buf *answer, struct fault *f)
{
	struct buf	aad, deed;
	bool		ok;

	buf_init(&aad, 4096);
	buf_init(&deed, 512);
	deed_aad(d, &aad);
	ok = buf_check(&aad, "deed", f) &&
	    seal_keys_seal(&s->seal_keys, s->rng, buf_view(&aad), VIEW_NONE, &deed, f);
	wire_put_view(answer, buf_view(&deed));
	buf_clear(&aad);
	buf_clear(&deed);
	return ok;
}

bool
signer_check_deed(struct signer *s, const struct deed *d, struct view deed, struct fault *f)
{
	struct secret	nothing = { 0 };
	struct buf	aad;
	bool		ok;

	if (deed.n == 0)
		return fault_set(f, FAULT_NOT_FOUND, "", "no deed of this certificate");
	buf_init(&aad, 4096);
	deed_aad(d, &aad);
	ok = buf_check(&aad, "deed", f) &&
	    seal_keys_open(&s->seal_keys, buf_view(&aad), deed, &nothing, f);
	buf_clear(&aad);
	secret_clear(&nothing);
	return ok;
}

/* Unknown ids get the same work done on this one. */
static bool
make_dummy(struct signer *s, struct fault *f)
{
	uint8_t	nobody[SEAL_CONTENT_OCTETS];

	rng_fill(s->rng, nobody, sizeof(nobody));
	buf_init(&s->dummy, 512);
	s->dummy_facts = (struct seal_facts){ .id = VIEW_LIT("nobody"), .admin = VIEW_LIT("nobody") };
	return signer_seal(s, &s->dummy_facts, view_of(nobody, sizeof(nobody)), &s->dummy, f);
}

static bool
open_responder(struct signer *s, struct fault *f)
{
	struct key	*k = s->keys[AUTHORITY_CMC];
	struct view	 chain[2];
	size_t		 n = 0;

	/* Both, while there are two: who has a certificate of one learns of the other. */
	chain[n++] = buf_view(&s->authorities.list[AUTHORITY_IKE].der);
	if (authority_is_here(&s->authorities, AUTHORITY_IKE_NEXT))
		chain[n++] = buf_view(&s->authorities.list[AUTHORITY_IKE_NEXT].der);
	return message_signer_cert(&s->responder, key_sigalg(k), key_digest(k),
	    buf_view(&s->authorities.list[AUTHORITY_CMC].der), chain, n, f);
}

struct signer *
signer_open(const struct pki_config *c, bool operator_mode, struct fault *f)
{
	struct signer	*s = calloc(1, sizeof(*s));

	if (s == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	s->rng = rng_system();
	s->operator_mode = operator_mode;
	s->crl_lifetime = c->crl_lifetime;
	s->arena = arena_new(SIGNER_ARENA_MAX);
	if (s->arena == NULL || !authorities_load(c, &s->authorities, f) ||
	    !templates_load(c, &s->templates, f) || !load_keys(s, c, f) ||
	    !load_seal_keys(s, c, f) || !open_journal(s, c, f) ||
	    !make_dummy(s, f) || !open_responder(s, f)) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		signer_close(s);
		return NULL;
	}
	return s;
}

void
signer_use_maker(struct signer *s, struct key_maker *m)
{
	s->maker = m;
}

void
signer_close(struct signer *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < AUTHORITIES; i++)
		key_free(s->keys[i]);
	message_signer_clear(&s->responder);
	templates_clear(&s->templates);
	authorities_clear(&s->authorities);
	buf_clear(&s->dummy);
	arena_free(s->arena);
	journal_close(s->journal);
	secret_wipe(s, sizeof(*s));
	free(s);
}

/* --- PROVE ------------------------------------------------------------------------ */

/* Both MACs are computed and compared whatever the first says. */
static bool
proofs_hold(const uint8_t *k, struct view requests, struct view random,
    struct view identity, struct view link)
{
	uint8_t	want[2][PROOF_OCTETS];
	bool	a, b;

	proof_identity(k, requests, want[0]);
	proof_link(k, random, want[1]);
	a = proof_equal(want[0], identity);
	b = proof_equal(want[1], link);
	secret_wipe(want, sizeof(want));
	return a & b & (requests.n > 2) & proof_link_random_ok(random);
}

bool
signer_key_or_dummy(struct signer *s, const struct seal_facts *facts, struct view sealed,
    struct secret *k, bool *known, struct fault *f)
{
	struct fault	why = { 0 };

	*known = sealed.n > 0 && signer_unseal(s, facts, sealed, k, &why);
	if (*known)
		return true;
	/*
	 * A seal that does not open was tampered with.  That of a cancelled one may
	 * be older than every key there is, and proves nothing any more.
	 */
	if (sealed.n > 0 && facts->state != STORE_AUTHZ_CANCELLED)
		return fault_set(f, FAULT_SIGNATURE, "",
		    "the sealed key of authorization \"%.*s\" does not fit its record",
		    (int)facts->id.n, (const char *)facts->id.p);
	return signer_unseal(s, &s->dummy_facts, buf_view(&s->dummy), k, f);
}

/* The key in the one request that the proofs are made over. */
static bool
key_requested(struct signer *s, struct view requests, uint8_t digest[SHA256_OCTETS],
    struct fault *f)
{
	struct cmc_request	data;
	struct cmc_writer	w;
	struct certreq		r;
	struct buf		around;
	bool			ok;

	buf_init(&around, cmc_limits_peer.octets);
	cmc_data_begin(&w, &around);
	cmc_write_requests(&w, requests);
	cmc_finish(&w);
	ok = buf_check(&around, "PROVE", f) && cmc_request_decode(buf_view(&around), s->arena,
	    &cmc_limits_peer, &data, NULL, f);
	if (ok && data.n_requests != 1)
		ok = fault_set(f, FAULT_REFUSED, "", "PROVE: %zu requests", data.n_requests);
	ok = ok && certreq_read(&data.requests[0], s->arena, &r, f);
	if (ok)
		sha256(r.spki, digest);
	buf_clear(&around);
	return ok;
}

bool
signer_check_step(const struct seal_facts *facts, uint8_t state, struct view spki,
    const uint8_t asked[SHA256_OCTETS], struct fault *f)
{
	bool	binds = facts->state == STORE_AUTHZ_OPEN && state == STORE_AUTHZ_IN_PROGRESS;

	if (!binds && state != facts->state)
		return fault_set(f, FAULT_REFUSED, "", "PROVE: from state %u to %u",
		    facts->state, state);
	if (!view_equal(spki, view_of(binds ? asked : facts->spki_hash, SHA256_OCTETS)))
		return fault_set(f, FAULT_REFUSED, "", "PROVE: for another key than %s",
		    binds ? "the request's" : "before");
	return true;
}

static bool
is_digest_of(struct view v, const uint8_t digest[SHA256_OCTETS])
{
	uint8_t	have[SHA256_OCTETS];

	sha256(v, have);
	return memcmp(have, digest, sizeof(have)) == 0;
}

bool
signer_check_grant(const struct seal_facts *facts, struct view template, struct view terms,
    struct view label, struct fault *f)
{
	return (facts->state == STORE_AUTHZ_IN_PROGRESS && view_equal(template, facts->template) &&
	    is_digest_of(terms, facts->terms_digest) &&
	    is_digest_of(label, facts->label_digest)) || fault_set(f, FAULT_REFUSED,
	    "corrections, 1", "authorization \"%.*s\": not the template, terms and label that "
	    "are sealed", (int)facts->id.n, (const char *)facts->id.p);
}

bool
signer_is_spent(const struct signer *s, const struct seal_facts *facts)
{
	const struct journal_spent	*spent = journal_find(s->journal, facts->id);

	return spent != NULL && (spent->kind != JOURNAL_ISSUED ||
	    facts->state == STORE_AUTHZ_OPEN);
}

static bool
answer_prove(struct signer *s, struct wire *w, struct buf *answer, struct fault *f)
{
	struct seal_facts	facts;
	struct view		sealed, requests, random, identity, link, spki;
	struct secret		k = { 0 };
	struct buf		next;
	uint8_t			state, asked[SHA256_OCTETS];
	bool			known, holds, ok;

	seal_facts_get(w, &facts);
	sealed = wire_get_view(w);
	requests = wire_get_view(w);
	random = wire_get_view(w);
	identity = wire_get_view(w);
	link = wire_get_view(w);
	state = wire_get_u8(w);
	spki = wire_get_view(w);
	if (!wire_end(w, "PROVE", f))
		return false;
	if (spki.n != sizeof(facts.spki_hash))
		return fault_set(f, FAULT_MALFORMED, "", "PROVE: key digest of %zu octets", spki.n);
	if (!key_requested(s, requests, asked, f) || !signer_check_step(&facts, state, spki, asked, f))
		return false;
	if (!signer_key_or_dummy(s, &facts, sealed, &k, &known, f))
		return false;
	holds = proofs_hold(k.p, requests, random, identity, link) && known;
	holds &= !signer_is_spent(s, &facts);
	buf_init(&next, 512);
	facts.state = state;
	memcpy(facts.spki_hash, spki.p, spki.n);
	ok = !holds || signer_seal(s, &facts, view_of(k.p, k.n), &next, f);
	wire_put_u8(answer, holds);
	wire_put_view(answer, buf_view(&next));
	buf_clear(&next);
	secret_clear(&k);
	return ok;
}

/* --- RESPOND, CRL, CANCEL ----------------------------------------------------------- */

/*
 * Which root to trust is told by ANCHORS alone, to who knows the token; and
 * when to renew by HINT.
 */
static bool
check_response(struct signer *s, struct view content, struct fault *f)
{
	struct cmc_response	r;

	if (!cmc_response_decode(content, s->arena, &cmc_limits_client, &r, NULL, f))
		return false;
	if (cmc_find(&r.controls, CVP_RENEWAL_HINT) != NULL)
		return fault_set(f, FAULT_REFUSED, "docs/adr/0027", "RESPOND: a hint in an answer");
	return cmc_find(&r.controls, CMC_TRUSTED_ANCHORS) == NULL || fault_set(f,
	    FAULT_REFUSED, "corrections, 10", "RESPOND: trust anchors in an answer");
}

static bool
sign_response(struct signer *s, struct view content, const struct view *certs, size_t n,
    int64_t now, struct buf *answer, struct fault *f)
{
	struct message_draft	d = { 0 };
	struct buf		message, signature;
	bool			ok;

	buf_init(&message, FRAME_BODY_MAX);
	buf_init(&signature, SIGNATURE_MAX);
	ok = message_prepare(&d, &s->responder, OID_CT_PKI_RESPONSE, content, now, f) &&
	    key_sign(s->keys[AUTHORITY_CMC], buf_view(&d.tbs), &signature, f);
	if (ok) {
		d.certs = certs;
		d.ncerts = n;
		ok = message_finish(&d, buf_view(&signature), &message, f);
	}
	wire_put_view(answer, buf_view(&message));
	message_draft_clear(&d);
	buf_clear(&message);
	buf_clear(&signature);
	return ok;
}

static bool
answer_respond(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct view	content = wire_get_view(w), certs[RESPOND_CERTS_MAX];
	uint32_t	n = wire_get_u32(w);

	if (n > RESPOND_CERTS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%u certificates in an answer", n);
	for (uint32_t i = 0; i < n; i++)
		certs[i] = wire_get_view(w);
	return wire_end(w, "RESPOND", f) && der_check(content, CONTENT_DEPTH_MAX, f) &&
	    check_response(s, content, f) && sign_response(s, content, certs, n, now, answer, f);
}

/* One control, of today, and nothing that a PKI would not say. */
static bool
check_hint(struct signer *s, struct view content, int64_t now, struct fault *f)
{
	struct cmc_response	r;
	struct cvp_hint		h;

	if (!cmc_response_decode(content, s->arena, &cmc_limits_client, &r, NULL, f))
		return false;
	if (r.controls.n != 1 || r.controls.v[0].kind != CVP_RENEWAL_HINT || r.contents.n > 0)
		return fault_set(f, FAULT_REFUSED, "docs/adr/0027", "HINT: no hint, or not alone");
	if (!cvp_hint_decode(r.controls.v[0].value, s->arena, &h, f) || !hint_check(&h, f))
		return false;
	return (h.this_update >= now - CRL_SKEW_SECONDS && h.this_update <= now + CRL_SKEW_SECONDS) ||
	    fault_set(f, FAULT_REFUSED, "docs/adr/0027", "HINT: its thisUpdate is not now");
}

static bool
answer_hint(struct signer *s, struct wire *w, int64_t now, struct buf *answer, struct fault *f)
{
	struct view	content = wire_get_view(w);

	return wire_end(w, "HINT", f) && der_check(content, CONTENT_DEPTH_MAX, f) &&
	    check_hint(s, content, now, f) &&
	    sign_response(s, content, NULL, 0, now, answer, f);
}

/*
 * A CRL of today: one that is good for years would outlive every revocation
 * after it, one from the future would hide those before it.
 */
static bool
check_crl_times(const struct signer *s, enum authority_id ca, const struct crl *c,
    int64_t now, struct fault *f)
{
	int64_t	most = ca == AUTHORITY_ROOT ? ROOT_CRL_SECONDS : s->crl_lifetime;

	if (c->this_update < now - CRL_SKEW_SECONDS || c->this_update > now + CRL_SKEW_SECONDS)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.1.2.4", "a CRL whose thisUpdate "
		    "is not now");
	if (c->next_update - c->this_update > most)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.1.2.5", "a CRL that is good for "
		    "%lld seconds, %lld are configured",
		    (long long)(c->next_update - c->this_update), (long long)most);
	return true;
}

/* A CRL of this CA, newer than every one signed before it. */
static bool
check_crl(struct signer *s, enum authority_id ca, struct view der, int64_t now,
    struct fault *f)
{
	uint8_t		which = authority_number(&s->authorities, ca);
	struct crl	c;
	uint64_t	number = 0;

	if (!crl_decode(der, &c, f))
		return false;
	if (!view_equal(c.issuer, s->authorities.list[ca].cert.subject))
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.1.2.3",
		    "a CRL with the name of another issuer");
	if (!view_equal(c.aki, s->authorities.list[ca].cert.ski) || c.unknown_critical ||
	    c.is_delta || c.has_issuing_dist_point)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.2", "a CRL with the key "
		    "identifier of another issuer, or one that is not whole");
	if (!c.has_number || c.number.n > 8 || !c.has_next_update || c.next_update <= c.this_update)
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.2.2.3",
		    "a CRL without number or nextUpdate");
	if (!check_crl_times(s, ca, &c, now, f))
		return false;
	for (size_t i = 0; i < c.number.n; i++)
		number = number << 8 | c.number.p[i];
	if (number <= journal_crls(s->journal, which))
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.2.2.3",
		    "CRL number %llu after %llu", (unsigned long long)number,
		    (unsigned long long)journal_crls(s->journal, which));
	return journal_append(s->journal, &(struct journal_record){ .kind = JOURNAL_CRL,
	    .time = now, .ca = which, .number = number }, f);
}

static bool
answer_crl(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	uint8_t			number = wire_get_u8(w);
	enum authority_id	ca = authority_numbered(&s->authorities, number);
	struct view		tbs = wire_get_view(w);
	struct buf		der;
	bool			ok;

	if (!wire_end(w, "CRL", f))
		return false;
	if (ca == AUTHORITIES || s->keys[ca] == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "no key for the CRL of CA %u", number);
	buf_init(&der, CRL_OCTETS_MAX);
	ok = crl_sign(tbs, s->keys[ca], &der, f) &&
	    check_crl(s, ca, buf_view(&der), now, f);
	wire_put_view(answer, buf_view(&der));
	buf_clear(&der);
	return ok;
}

/* Once is enough, and what was issued stays issued. */
static bool
note_cancelled(struct signer *s, struct view id, int64_t now, struct fault *f)
{
	const struct journal_spent	*spent = journal_find(s->journal, id);

	if (spent != NULL && spent->kind == JOURNAL_CANCELLED)
		return true;
	if (spent != NULL)
		return fault_set(f, FAULT_REFUSED, "corrections, 1", "CANCEL: authorization "
		    "\"%.*s\" has been used", (int)id.n, (const char *)id.p);
	return journal_append(s->journal, &(struct journal_record){ .kind = JOURNAL_CANCELLED,
	    .time = now, .id = id }, f);
}

static bool
answer_cancel(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct seal_facts	facts;
	struct view		sealed, proof, witness;
	struct secret		k = { 0 };
	struct buf		next;
	uint8_t			want[PROOF_OCTETS];
	bool			known, holds, ok;

	seal_facts_get(w, &facts);
	sealed = wire_get_view(w);
	proof = wire_get_view(w);
	witness = wire_get_view(w);
	if (!wire_end(w, "CANCEL", f) || !signer_key_or_dummy(s, &facts, sealed, &k, &known, f))
		return false;
	proof_cancel(k.p + SEAL_CANCEL_AT, proof, want);
	holds = proof_equal(want, witness) && known;
	/* What stays proves a repeated cancellation and nothing else. */
	secret_wipe(k.p, SEAL_CANCEL_AT);
	secret_wipe(k.p + SEAL_SALT_AT, SEAL_CONTENT_OCTETS - SEAL_SALT_AT);
	ok = !holds || facts.state != STORE_AUTHZ_OPEN ||
	    note_cancelled(s, facts.id, now, f);
	facts.state = STORE_AUTHZ_CANCELLED;
	/* The store forgets the label; nothing is issued for this one any more. */
	memset(facts.label_digest, 0, sizeof(facts.label_digest));
	buf_init(&next, 512);
	ok = ok && (!holds || signer_seal(s, &facts, view_of(k.p, k.n), &next, f));
	wire_put_u8(answer, holds);
	wire_put_view(answer, buf_view(&next));
	buf_clear(&next);
	secret_clear(&k);
	return ok;
}

/* --- one question ------------------------------------------------------------------- */

static bool
answer_any(struct signer *s, const struct frame *q, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct wire	w;

	wire_init(&w, q->body);
	switch (q->type) {
	case SIGNER_MINT:
		return signer_answer_mint(s, &w, now, answer, f);
	case SIGNER_PROVE:
		return answer_prove(s, &w, answer, f);
	case SIGNER_ISSUE:
		return signer_issue(s, &w, now, answer, f);
	case SIGNER_RESPOND:
		return answer_respond(s, &w, now, answer, f);
	case SIGNER_HINT:
		return answer_hint(s, &w, now, answer, f);
	case SIGNER_CRL:
		return answer_crl(s, &w, now, answer, f);
	case SIGNER_CANCEL:
		return answer_cancel(s, &w, now, answer, f);
	case SIGNER_RELEASE:
		return signer_release(s, &w, answer, f);
	case SIGNER_NOTE:
		return signer_note(s, &w, now, f);
	case SIGNER_ANCHORS:
		return signer_anchors(s, &w, answer, f);
	case SIGNER_JOURNAL:
		return signer_journal(s, &w, answer, f);
	case SIGNER_USE:
		return signer_answer_use(s, &w, answer, f);
	case SIGNER_CHANGE:
		return signer_answer_change(s, &w, now, answer, f);
	case SIGNER_BIND:
		return signer_answer_bind(s, &w, now, answer, f);
	case SIGNER_GENERATE:
		return signer_answer_generate(s, &w, now, answer, f);
	default:
		return fault_set(f, FAULT_MALFORMED, "", "question %u", q->type);
	}
}

bool
signer_settle(struct signer *s, struct fault *f)
{
	return journal_settle(s->journal, f);
}

void
signer_handle(struct signer *s, const struct frame *q, int64_t now, struct buf *answer)
{
	struct fault	f = { 0 };
	size_t		before = answer->n;
	size_t		mark = frame_begin(answer, q->type, 0, q->tag);

	if (answer_any(s, q, now, answer, &f) && buf_ok(answer)) {
		frame_end(answer, mark);
	} else {
		answer->n = before;
		mark = frame_begin(answer, q->type, SIGNER_FAULT_FLAG, q->tag);
		wire_put_u8(answer, (uint8_t)(f.kind == FAULT_NONE ? FAULT_INTERNAL : f.kind));
		wire_put_view(answer, view_str(f.rule));
		wire_put_view(answer, view_str(f.text));
		frame_end(answer, mark);
	}
	arena_reset(s->arena);
}
