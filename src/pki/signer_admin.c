/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BIND and GENERATE: an Admin asks in the place of a Peer (RFC 4809, 3.3.2 to
 * 3.3.4; docs/adr/0024).  The engine brings the Admin's message; whether it
 * asks for this authorization, and whether the terms let an Admin ask, is
 * found out here.
 */
#include "message/issue.h"
#include "message/key_package.h"
#include "pki/signer_order.h"
#include "store/store_authz.h"

struct admin_question {
	struct admin_request	q;
	struct signer_asked	asked;
	struct granted_terms	granted;
	struct template_entry	*template;
	enum generation		method;
};

static void
get_admin(struct wire *w, struct admin_request *q)
{
	memset(q, 0, sizeof(*q));
	seal_facts_get(w, &q->facts);
	q->sealed = wire_get_view(w);
	q->terms = wire_get_view(w);
	q->admin = wire_get_view(w);
	q->message = wire_get_view(w);
}

/* An Admin signed it, and now: a certificate of the IKE CA asks for nobody else. */
static bool
check_sender(struct signer *s, const struct admin_question *a, int64_t now, struct fault *f)
{
	if ((a->asked.old.eku & EKU_CMC_RA) == 0)
		return fault_set(f, FAULT_REFUSED, "corrections, 5", "not signed by an Admin");
	return signer_check_admin(s, &a->asked.old, now, f);
}

/* The terms are those sealed, and the template still permits their method. */
static bool
read_terms(struct signer *s, struct admin_question *a, struct fault *f)
{
	const struct admin_request	*q = &a->q;
	uint8_t				 digest[SHA256_OCTETS];

	sha256(q->terms, digest);
	if (memcmp(digest, q->facts.terms_digest, sizeof(digest)) != 0)
		return fault_set(f, FAULT_REFUSED, "", "not the terms that are sealed");
	if ((a->template = templates_find(&s->templates, q->facts.template)) == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "no template \"%.*s\"",
		    (int)q->facts.template.n, (const char *)q->facts.template.p);
	if (!granted_terms_read(q->terms, s->arena, &a->granted, f))
		return false;
	a->method = terms_generation(&a->granted.cvp);
	if ((a->template->t.generation & GENERATION_BIT(a->method)) == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.3", "template \"%s\" does not "
		    "permit generation \"%s\"", a->template->t.name, generation_name(a->method));
	return q->facts.replaces == 0 || terms_key_lost(&a->granted.cvp) || fault_set(f, FAULT_REFUSED, "corrections, 15",
	    "an authorization that replaces a certificate");
}

static bool
names_id(const struct cvp_target *t, const struct seal_facts *facts, struct fault *f)
{
	return (t->entry_id == 0 && view_equal(t->id, facts->id)) || fault_set(f, FAULT_REFUSED,
	    "corrections, 5", "the Admin's message is about another authorization");
}

/* --- BIND -------------------------------------------------------------------------- */

/*
 * An entry of the same message has no id in it yet: this authorization is one
 * whose terms follow from that entry, to the octet.
 */
static bool
names_entry(struct signer *s, const struct admin_question *a, uint32_t entry_id, struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&a->asked.data.controls, CVP_AUTHZ_REQUEST);
	struct cvp_authz_request	 q;
	struct order			 o;
	struct view			 wanted = VIEW_NONE;

	if (c == NULL)
		return fault_set(f, FAULT_REFUSED, "corrections, 5", "no authzRequest in the message");
	if (!cvp_authz_request_decode(c->value, s->arena, CVP_ENTRIES_MAX, &q, f) ||
	    !order_open(s, &a->asked.old, a->q.message, q.batch_id, a->q.asked_at, &o, f))
		return false;
	for (size_t i = 0; i < q.n_entries; i++)
		if (q.entries[i].entry_id == entry_id)
			wanted = q.entries[i].wanted_id;
	return (wanted.n == 0 || view_equal(wanted, a->q.facts.id) || fault_set(f, FAULT_REFUSED,
	    "corrections, 5", "the Admin's message wants another id")) &&
	    order_take(&o, entry_id, wanted, &a->q.facts, f);
}

static bool
names_target(struct signer *s, const struct admin_question *a, const struct cvp_target *t,
    struct fault *f)
{
	return t->entry_id != 0 ? names_entry(s, a, t->entry_id, f) : names_id(t, &a->q.facts, f);
}

static bool
check_bind(struct signer *s, const struct admin_question *a, struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&a->asked.data.controls, CVP_AUTHZ_BIND);
	struct cvp_bind			 bind;

	if (a->method != GENERATION_PEER_ADMIN && a->method != GENERATION_ADMIN)
		return fault_set(f, FAULT_REFUSED, "corrections, 5", "authzBind where the key's "
		    "generation is \"%s\"", generation_name(a->method));
	if (c == NULL)
		return fault_set(f, FAULT_REFUSED, "corrections, 5", "no authzBind in the message");
	if (!cvp_bind_decode(c->value, &bind, f) || !names_target(s, a, &bind.target, f))
		return false;
	return bind.request == a->asked.data.requests[0].id || fault_set(f, FAULT_REFUSED,
	    "corrections, 5", "authzBind of request %u, which is not there", bind.request);
}

static bool
reseal(struct signer *s, struct seal_facts *facts, struct view sealed, uint8_t state,
    const uint8_t spki[SHA256_OCTETS], struct buf *out, struct fault *f)
{
	struct secret	k = { 0 };
	bool		ok = signer_unseal(s, facts, sealed, &k, f);

	facts->state = state;
	memcpy(facts->spki_hash, spki, SHA256_OCTETS);
	ok = ok && signer_seal(s, facts, view_of(k.p, k.n), out, f);
	secret_clear(&k);
	return ok;
}

bool
signer_answer_bind(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct admin_question	a = { 0 };
	struct view		spki;
	struct buf		next;
	bool			ok, holds;

	get_admin(w, &a.q);
	a.q.next_state = wire_get_u8(w);
	spki = wire_get_view(w);
	a.q.asked_at = (int64_t)wire_get_u64(w);
	if (!wire_end(w, "BIND", f))
		return false;
	if (!signer_open_request(s, a.q.admin, a.q.message, &a.asked, f) ||
	    !check_sender(s, &a, now, f) || !read_terms(s, &a, f) || !check_bind(s, &a, f) ||
	    !signer_check_step(&a.q.facts, a.q.next_state, spki, a.asked.spki_hash, f))
		return false;
	buf_init(&next, 512);
	holds = !signer_is_spent(s, &a.q.facts);
	ok = !holds || reseal(s, &a.q.facts, a.q.sealed, a.q.next_state, spki.p, &next, f);
	wire_put_u8(answer, holds);
	wire_put_view(answer, buf_view(&next));
	buf_clear(&next);
	return ok;
}

/* --- GENERATE ----------------------------------------------------------------------- */

/* A certificate that may be encrypted to. */
static bool
check_fit(const struct cert *c, struct fault *f)
{
	unsigned	want = KU_KEY_AGREEMENT | KU_KEY_ENCIPHERMENT;

	return !c->has_key_usage || (c->key_usage & want) != 0 || fault_set(f, FAULT_REFUSED,
	    "corrections, 22", "keyUsage of the Admin's certificate does not let others "
	    "encrypt to it");
}

/* For the certificate that signs, and for nobody else (corrections, 22). */
static bool
check_protect_for(const struct admin_question *a, const struct cvp_key_gen_request *r,
    struct fault *f)
{
	if (r->protect_for.n != 1 || !view_equal(r->protect_for.v[0], a->q.admin))
		return fault_set(f, FAULT_REFUSED, "corrections, 22", "the key would be for "
		    "another certificate than the one that signs");
	return check_fit(&a->asked.old, f);
}

/* What is asked for, held against terms and template before anything is made. */
static bool
read_generate(const struct signer *s, struct admin_question *a, enum key_kind *kind,
    struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&a->asked.data.controls, CVP_KEY_GEN_REQUEST);
	struct cvp_key_gen_request	 r;

	if (a->method != GENERATION_PKI)
		return fault_set(f, FAULT_REFUSED, "corrections, 5", "keyGenRequest where the "
		    "key's generation is \"%s\"", generation_name(a->method));
	if (c == NULL || a->asked.data.n_requests > 0)
		return fault_set(f, FAULT_REFUSED, "corrections, 5", "no keyGenRequest alone in "
		    "the message");
	if (!cvp_key_gen_request_decode(c->value, s->arena, &r, f) ||
	    !names_id(&r.target, &a->q.facts, f) || !check_protect_for(a, &r, f))
		return false;
	*kind = key_spec_kind(&r.key);
	return *kind != KEY_NONE || fault_set(f, FAULT_ALGORITHM, "RFC 4809, 3.3.4",
	    "no key of the kind that is asked for can be made here");
}

/* A key that takes long is made beside everything else, for this authorization. */
static struct key *
new_key(struct signer *s, const struct admin_question *a, enum key_kind kind, int64_t now,
    struct fault *f)
{
	uint8_t	id[SHA256_OCTETS];

	if (s->maker == NULL || !key_kind_is_rsa(kind))
		return key_generate(kind, f);
	sha256(a->q.facts.id, id);
	return key_maker_take(s->maker, id, kind, now, f);
}

/* Made, held against the terms, enveloped; freeing a key wipes it. */
static bool
make_key(struct signer *s, const struct admin_question *a, enum key_kind kind, int64_t now,
    struct buf *spki, struct buf *sealed_key, struct fault *f)
{
	struct key_package_maker	 m = {
		.signer = &s->responder, .signing_key = s->keys[AUTHORITY_CMC], .rng = s->rng,
		.now = now,
	};
	struct key			*k = new_key(s, a, kind, now, f);
	bool				 ok;

	ok = k != NULL && profile_check_key(&a->template->t, key_spki(k), f) &&
	    terms_take_key(&a->granted.cvp, key_spki(k), f) &&
	    key_package_seal(&m, k, &a->asked.old, sealed_key, f);
	if (ok)
		buf_add_view(spki, key_spki(k));
	key_free(k);
	return ok;
}

static bool
answer_generate(struct signer *s, struct admin_question *a, enum key_kind kind, int64_t now,
    struct buf *answer, struct fault *f)
{
	struct buf	spki, key, next;
	uint8_t		digest[SHA256_OCTETS];
	bool		ok;

	buf_init(&spki, SPKI_MAX);
	buf_init(&key, KEY_PACKAGE_MAX);
	buf_init(&next, 512);
	ok = make_key(s, a, kind, now, &spki, &key, f);
	sha256(buf_view(&spki), digest);
	ok = ok && reseal(s, &a->q.facts, a->q.sealed, STORE_AUTHZ_IN_PROGRESS, digest, &next, f);
	wire_put_view(answer, buf_view(&spki));
	wire_put_view(answer, buf_view(&next));
	wire_put_view(answer, buf_view(&key));
	buf_clear(&spki);
	buf_clear(&key);
	buf_clear(&next);
	return ok;
}

bool
signer_answer_generate(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct admin_question	a = { 0 };
	enum key_kind		kind;

	get_admin(w, &a.q);
	if (!wire_end(w, "GENERATE", f))
		return false;
	if (!signer_open_message(s, a.q.admin, a.q.message, &a.asked, f) ||
	    !check_sender(s, &a, now, f) || !read_terms(s, &a, f) ||
	    !read_generate(s, &a, &kind, f))
		return false;
	if (a.q.facts.state != STORE_AUTHZ_OPEN || signer_is_spent(s, &a.q.facts))
		return fault_set(f, FAULT_REFUSED, "corrections, 22", "GENERATE: authorization "
		    "\"%.*s\" is not open", (int)a.q.facts.id.n, (const char *)a.q.facts.id.p);
	return answer_generate(s, &a, kind, now, answer, f);
}
