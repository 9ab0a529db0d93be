/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Successors: a request that a certificate signed (RFC 4809, 3.5.2; part 7.7
 * of the profile).  change_rule.h says what it is and whether the terms allow
 * it; here is what only the database knows: the head of the lineage, the
 * successor that is under way, counts, and the names of others.
 *
 * The lineage's authorization names the successor while it is not confirmed,
 * also when it is issued under another one that replaces the certificate.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "codec/name.h"
#include "crypt/digest.h"
#include "pki/work.h"

#define QUIET_SECONDS	3600	/* one event for the same refusal in this time */

/* --- refusing -------------------------------------------------------------------- */

/* The reason is in w->fault; the Admin learns of it (event 12). */
static void
refuse(struct work *w, uint32_t code, enum cmc_fail fail)
{
	work_refuse_code(w, w->candidate.id, code);
	w->answer.status[w->answer.n_status - 1].fail = fail;
	w->course = COURSE_REFUSE;
	w->note = true;
	w->code = code;
}

static bool
refuse_why(struct work *w, uint32_t code, const char *rule, const char *why)
{
	fault_set(&w->fault, FAULT_REFUSED, rule, "%s", why);
	refuse(w, code, cvp_code_fail(code));
	return true;
}

/* What a refusal leaves: an audit row, the code, and an event unless it is the same again. */
bool
change_note(struct work *w)
{
	struct store_authz	z;
	char			actor[160], object[64];
	bool			quiet, done;

	if (!store_authz_find_n(w->e->p.store, w->sender.row.authz, w->a, &z, &w->fault))
		return false;
	if (z.n == 0)
		return true;
	quiet = w->now < z.event_at + QUIET_SECONDS && z.last_failure == (int64_t)w->code;
	if (quiet)
		return true;
	z.event_at = w->now;
	z.last_failure = w->code;
	snprintf(actor, sizeof(actor), "peer:%s", z.id);
	snprintf(object, sizeof(object), "cert:%" PRId64, w->sender.row.n);
	return note_audit(w->e, w->now, actor, "change refused", object, cvp_code_name(w->code),
	    &w->fault) && note_event(w->e, w->now, CVP_EVENT_CHANGE_REFUSED, &z,
	    w->sender.row.n, (int)w->code, &w->fault) &&
	    store_authz_update(w->e->p.store, &z, z.state, &done, &w->fault);
}

/* --- the token of a later authorization --------------------------------------------- */

static bool
use_is_eligible(const struct work *w)
{
	const struct store_authz	*z = &w->authz;
	bool				 same = z->bound && memcmp(z->spki_hash,
	    w->candidate.spki_hash, sizeof(z->spki_hash)) == 0;

	if (z->n == 0 || z->replaces == 0 || z->replaces != w->sender.row.n)
		return false;
	switch (z->state) {
	case STORE_AUTHZ_WAITING:
	case STORE_AUTHZ_OPEN:
		return w->now >= z->window_from && w->now <= z->window_to;
	case STORE_AUTHZ_IN_PROGRESS:
		return same;
	case STORE_AUTHZ_ISSUED:
		return same && !confirm_is_late(z, w->now);
	default:
		return false;
	}
}

static bool
use_is_open(const struct work *w)
{
	return w->authz.state == STORE_AUTHZ_OPEN || w->authz.state == STORE_AUTHZ_WAITING;
}

/* Stage 4: the lineage, and the authorization whose token is shown. */
void
change_find(struct work *w)
{
	struct store	*st = w->e->p.store;

	if (!store_authz_find_n(st, w->sender.row.authz, w->a, &w->prior, &w->fault) ||
	    (w->has_use && !store_authz_find(st, w->use.id, w->a, &w->authz, &w->fault))) {
		work_again(w);
		return;
	}
	if (w->has_use)
		w->eligible = use_is_eligible(w);
	else
		w->authz = w->prior;
	if (w->prior.n == 0)
		(void)refuse_why(w, CVP_RENEWAL_NOT_ALLOWED, "RFC 4809, 3.5.2",
		    "a certificate of the PKI itself");
}

void
change_ask_use(struct work *w, struct buf *questions, size_t *count)
{
	struct use_request	q = {
		.old = w->sender.row.body, .message = w->message,
		.facts = { .id = w->use.id },
	};

	if (w->authz.n != 0) {
		if (!seal_facts_of(w->e, &w->authz, w->a, &q.facts, &w->fault)) {
			work_again(w);
			return;
		}
		q.sealed = w->authz.sealed;
	}
	q.next_state = q.facts.state;
	memcpy(q.next_spki, q.facts.spki_hash, sizeof(q.next_spki));
	if (w->eligible && use_is_open(w)) {
		q.next_state = STORE_AUTHZ_IN_PROGRESS;
		memcpy(q.next_spki, w->candidate.spki_hash, sizeof(q.next_spki));
	}
	signer_put_use(questions, &q);
	(*count)++;
}

/* One answer for every cause, as for a first enrolment (corrections, 18). */
void
change_take_use(struct work *w, const struct frame *answer)
{
	struct prove_answer	p = { 0 };

	if (!signer_get_prove(answer, &p, &w->fault))
		log_fault(LOG_LEVEL_ERROR, "sealed key refused", &w->fault);
	w->proven = p.holds && w->eligible;
	if (w->proven) {
		w->sealed = arena_copy(w->a, p.sealed);
		return;
	}
	fault_clear(&w->fault);
	fault_set(&w->fault, FAULT_SIGNATURE, "corrections, 15",
	    "authzUse of \"%.*s\": %s", (int)w->use.id.n, (const char *)w->use.id.p,
	    w->authz.n == 0 ? "unknown id" : !p.holds ? "wrong token" :
	    w->authz.replaces != w->sender.row.n ? "it replaces another certificate" :
	    "not in its window, or used up");
	w->job->refused_proof = true;
	work_refuse(w, w->use_control, CMC_BAD_IDENTITY);
	w->course = COURSE_REFUSE;
	w->note = w->authz.n != 0;
	w->note_kind = !p.holds ? 0 : CVP_EVENT_CHANGE_REFUSED;
	w->code = 0;
}

/* --- decide: the lineage ----------------------------------------------------------- */

/* Signed by the confirmed head, and nobody else (corrections, 8). */
static bool
check_head(struct work *w, const struct store_cert *old)
{
	if (old->state == STORE_CERT_ISSUED) {
		fault_set(&w->fault, FAULT_REFUSED, "corrections, 8",
		    "a certificate that is not confirmed asks for a successor");
		refuse(w, CVP_RENEWAL_NOT_ALLOWED, CMC_BAD_IDENTITY);
		return false;
	}
	if (old->state == STORE_CERT_EXPIRED || w->now > old->not_after)
		return !refuse_why(w, CVP_OLD_EXPIRED, "RFC 4809, 3.5.2",
		    "the certificate has expired: a new enrolment is needed");
	if (old->state == STORE_CERT_CONFIRMED && w->prior.state == STORE_AUTHZ_CONFIRMED &&
	    w->prior.cert == old->n)
		return true;
	return !refuse_why(w, CVP_OLD_REVOKED, "corrections, 8", old->state ==
	    STORE_CERT_SUPERSEDED ? "the certificate has a confirmed successor" :
	    "the certificate is revoked");
}

/*
 * While a successor waits for its confirmation, the same request brings it
 * again and no other is served.  *done: the work is decided.
 */
static bool
take_pending(struct work *w, enum store_change_kind kind, bool *done)
{
	struct store_change	change;
	struct cert		c;

	*done = false;
	if (w->prior.successor == 0)
		return true;
	*done = true;
	if (!store_cert_find(w->e->p.store, w->prior.successor, true, w->a, &w->cert,
	    &w->fault) || !store_change_find(w->e->p.store, w->prior.successor, w->a, &change,
	    &w->fault))
		return false;
	w->change = change;
	if (w->cert.state == STORE_CERT_RESERVED && change.kind == kind &&
	    w->cert.authz == w->authz.n && memcmp(w->cert.spki_hash, w->candidate.spki_hash,
	    sizeof(w->cert.spki_hash)) == 0) {
		w->course = COURSE_ISSUE;	/* the signer was not there */
		return true;
	}
	if (w->cert.state == STORE_CERT_ISSUED && change.kind == kind &&
	    w->cert.authz == w->authz.n && cert_decode(w->cert.body, &c, &w->fault) &&
	    change_is(w->request, kind, &c, w->a)) {
		w->course = COURSE_REPEAT;
		return true;
	}
	fault_set(&w->fault, FAULT_REFUSED, "corrections, 8", "another successor, certificate "
	    "%" PRId64 ", waits for its confirmation", w->cert.n);
	refuse(w, CVP_KEY_REUSE, CMC_BAD_REQUEST);
	return true;
}

static bool
check_times(struct work *w)
{
	const struct change_verdict	*v = &w->verdict;
	bool				 update = v->kind == STORE_CHANGE_UPDATE;

	if (w->has_use || !v->max_times.present ||
	    (uint64_t)(update ? w->prior.updates : w->prior.renewals) < v->max_times.v)
		return true;
	return !refuse_why(w, update ? CVP_UPDATE_NOT_ALLOWED : CVP_RENEWAL_NOT_ALLOWED,
	    "RFC 4809, 3.2.4.2", "as often as the terms allow, it was done already");
}

/* --- decide: names ----------------------------------------------------------------- */

static bool
is_free(struct work *w, const char *value, enum store_name_kind kind, bool *free)
{
	struct store_owner	owners[STORE_OWNERS_MAX];
	size_t			n;

	if (!store_name_owners(w->e->p.store, value, kind, w->now, owners, &n, &w->fault))
		return false;
	for (size_t i = 0; i < n; i++)
		if (owners[i].living && owners[i].authz != w->prior.n &&
		    owners[i].authz != w->authz.n)
			*free = false;
	return true;
}

/* Each name has one living lineage in the whole PKI (corrections, 6). */
static bool
check_unique(struct work *w, bool *free)
{
	const struct holder_terms	*h = &w->verdict.holder;
	const char			*key = change_subject_key(w->a, h->subject);

	*free = true;
	for (size_t i = 0; i < h->nidentities; i++)
		if (!is_free(w, h->identities[i].text, name_kind_of(&h->identities[i]), free))
			return false;
	return key[0] == '\0' || is_free(w, key, STORE_NAME_SUBJECT, free);
}

/* --- decide: the certificate --------------------------------------------------------- */

/* The template as it was and is: of the grant that is spent, or of the certificate that signs. */
static bool
find_template(struct work *w, bool *done)
{
	struct fault	why = { 0 };

	*done = false;
	if (remade_look(w, w->has_use ? w->authz.template : w->sender.row.template, &why))
		return true;
	if (why.kind != FAULT_NOT_FOUND) {
		w->fault = why;
		return false;
	}
	*done = true;
	return refuse_why(w, CVP_TEMPLATE_CHANGED, "RFC 4809, 3.2.5",
	    "the template is retired");
}

/* Of which version, if it has changed (decisions 21, 22). */
static bool
settle_template(struct work *w, bool *done)
{
	uint32_t	code;
	bool		ok = w->has_use ? remade_for_grant(w, &w->key_terms, &w->fault) :
	    remade_for_renewal(w, w->verdict.kind == STORE_CHANGE_UPDATE, &w->fault);

	*done = !ok;
	if (ok)
		return true;
	if (template_fate_made(w->fate))
		return false;
	code = w->fate == TEMPLATE_NEEDS_UPDATE ? CVP_UPDATE_NEEDED : CVP_TEMPLATE_CHANGED;
	refuse(w, code, cvp_code_fail(code));
	return true;
}

static enum authority_id
line_of(const struct work *w, const struct cert *c)
{
	return authority_line(authority_named(&w->e->authorities, c->issuer, VIEW_NONE));
}

/* Decision 22: a certificate that would say something else is an update. */
static bool
check_contents(struct work *w, struct view tbs)
{
	static const uint8_t	none[1];
	struct buf		der;
	struct cert		c;
	bool			differs;

	if (w->verdict.kind == STORE_CHANGE_UPDATE)
		return true;
	buf_init(&der, CERT_OCTETS_MAX);
	cert_assemble(tbs, w->e->authorities.list[issuing_ca(w)].sigalg,
	    view_of(none, sizeof(none)), &der);
	differs = !buf_ok(&der) || !cert_decode(buf_view(&der), &c, NULL) ||
	    line_of(w, &w->sender.cert) != line_of(w, &c) ||
	    change_differs(&w->sender.cert, &c);
	buf_clear(&der);
	return !differs || !refuse_why(w, CVP_UPDATE_NEEDED, "RFC 4809, 3.5.2",
	    "the template has changed: the certificate would say something else");
}

static bool
plan_cert(struct work *w, bool *done)
{
	struct fault	*f = &w->fault;
	uint32_t	 code;

	*done = true;
	if (!remade_takes_key(w, &code, f) ||
	    !terms_take_key(&w->key_terms, w->candidate.spki, f)) {
		if (may_work_later(f))
			return false;
		refuse(w, code, cvp_code_fail(code));
		return true;
	}
	if (!cert_plan_reserved(w, &w->verdict.holder, f)) {
		if (f->kind != FAULT_REFUSED)
			return false;
		code = w->verdict.kind == STORE_CHANGE_UPDATE ? CVP_UPDATE_NOT_ALLOWED :
		    CVP_UPDATE_NEEDED;
		refuse(w, code, cvp_code_fail(code));
		return true;
	}
	if (!check_contents(w, w->cert.body))
		return true;
	*done = false;
	w->cert.prev = w->sender.row.n;
	w->cert.template = remade_row(w, w->has_use ? w->authz.template :
	    w->sender.row.template);
	return true;
}

/* --- decide: reserve ------------------------------------------------------------------ */

static bool
reserve(struct work *w)
{
	struct store_authz	*z = &w->prior;
	bool			 done;

	w->change = (struct store_change){ .cert = w->cert.n, .kind = w->verdict.kind,
		.request = w->message };
	if (!store_change_insert(w->e->p.store, &w->change, &w->fault) ||
	    (w->verdict.kind == STORE_CHANGE_UPDATE && !change_own_names(w->e, w->a,
	    &w->verdict.holder, w->authz.n, w->cert.n, &w->fault)))
		return false;
	z->successor = w->cert.n;
	z->sealed = VIEW_NONE;		/* who asks for a successor has its certificate */
	z->confirm_by = w->has_use ? 0 : w->now + z->confirm_within;
	if (w->has_use)
		w->authz.held = false;
	else
		z->held = false;
	if (w->has_use && !enroll_bind(w, w->cert.n))
		return false;
	if (!store_authz_update(w->e->p.store, z, STORE_AUTHZ_CONFIRMED, &done, &w->fault))
		return false;
	if (!done)
		return work_again(w), false;
	if (!w->has_use)
		w->authz = *z;
	w->course = COURSE_ISSUE;
	return true;
}

/* Terms of the lineage, or of the authorization that is used. */
static bool
judge(struct work *w, bool *allowed)
{
	struct granted_terms	 g;
	struct change_ask	 q = {
		.old = &w->sender.cert, .request = w->request, .template = &w->template->t,
		.label = w->authz.label, .by_admin = w->layer.n > 0, .now = w->now,
		.hinted = !w->has_use && hint_allows(w->e, &w->sender.row, w->since.name, w->now),
	};

	if (!granted_terms_read(w->authz.terms, w->a, &g, &w->fault))
		return false;
	w->key_terms = g.cvp;
	if (w->has_use)
		q.use = &g;
	else
		q.terms = &g;
	if (!w->has_use)		/* a key fixed for the first one binds no successor */
		w->key_terms.cert = NULL;
	*allowed = change_judge(&q, w->a, &w->verdict, &w->fault);
	return *allowed || w->verdict.code != 0;
}

/* The lineage waits with it, or the authorization whose token was shown. */
static bool
hold_change(struct work *w)
{
	struct store_authz	*z = w->has_use ? &w->authz : &w->prior;
	bool			 held, done;

	if (!approval_hold(w, z, w->verdict.kind, w->cert.identity, &held))
		return false;
	if (!held)
		return true;
	if (w->has_use)
		return enroll_bind(w, 0);
	if (!store_authz_update(w->e->p.store, z, z->state, &done, &w->fault))
		return false;
	if (!done)
		return work_again(w), false;
	w->authz = *z;
	return true;
}

static bool
decide_new(struct work *w, bool allowed, bool approved)
{
	bool	done, free;

	if (!allowed) {
		refuse(w, w->verdict.code, w->verdict.fail);
		return true;
	}
	fault_clear(&w->fault);
	if (!w->has_use && w->sender.row.deed.n == 0)
		return refuse_why(w, CVP_RENEWAL_NOT_ALLOWED, "docs/adr/0020",
		    "a certificate from before successors were known: it needs a new enrolment");
	if (!check_times(w))
		return true;
	if (w->verdict.kind == STORE_CHANGE_UPDATE) {
		if (!check_unique(w, &free))
			return false;
		if (!free)
			return refuse_why(w, CVP_UPDATE_NOT_ALLOWED, "corrections, 6",
			    "a name belongs to a living authorization or certificate");
	}
	if (!settle_template(w, &done) || done)
		return done;
	if (!plan_cert(w, &done))
		return false;
	if (done)
		return true;
	if (!approved && approval_wanted(w, &w->key_terms, w->verdict.kind, w->has_use))
		return hold_change(w);
	return store_cert_insert(w->e->p.store, &w->cert, &w->fault) &&
	    remade_note(w, &w->prior, &w->fault) && reserve(w) &&
	    (!approved || approval_used(w));
}

/* --- decide: a request that waits ------------------------------------------------------- */

static struct view
names_in(const struct certreq *r)
{
	return r->p10 != NULL ? r->p10->change_subject_name : r->crmf->change_subject_name;
}

/* The same key, for the same: told alike however often it was written anew. */
static bool
is_the_held_one(struct work *w, bool *same)
{
	const struct store_approval	*q = &w->approval;
	struct cmc_request		 data;
	struct certreq			 r;

	*same = false;
	if (q->cert != w->sender.row.n || memcmp(q->spki_hash, w->candidate.spki_hash,
	    sizeof(q->spki_hash)) != 0)
		return true;
	if (!approval_open(w, q, &data, &r, &w->fault))
		return false;
	*same = view_equal(names_in(&r), names_in(w->request));
	return true;
}

/*
 * One at a time: while a request of this lineage waits, no other is served.
 * *done: the work is decided; else *approved, and it goes on.
 */
static bool
take_held(struct work *w, bool *done, bool *approved)
{
	struct store_authz	*z = w->has_use ? &w->authz : &w->prior;
	enum approval_word	 word;
	bool			 same;

	*done = true;
	if (!approval_look(w, z, &word))
		return false;
	if (word == APPROVAL_NO)
		return true;
	if (!is_the_held_one(w, &same))
		return false;
	if (!same) {
		fault_set(&w->fault, FAULT_REFUSED, "corrections, 8",
		    "another request for a successor waits for approval");
		refuse(w, CVP_KEY_REUSE, CMC_BAD_REQUEST);
		return true;
	}
	if (word == APPROVAL_NOT_YET)
		return approval_pending(w, z, &w->approval);
	*approved = true;
	*done = false;
	return true;
}

/* Judged anew: what was approved may have become impossible since. */
static bool
decide_approved(struct work *w, bool allowed)
{
	struct store_authz	*z = w->has_use ? &w->authz : &w->prior;

	if (!decide_new(w, allowed, true))
		return false;
	return w->course == COURSE_ISSUE || approval_refused(w, z, w->code);
}

/* Stage 5, in the first transaction; the rows are read again inside it. */
bool
change_decide(struct work *w)
{
	struct store		*st = w->e->p.store;
	struct store_authz	 now = w->authz;
	struct store_cert	 old;
	bool			 done, allowed, approved = false;

	if (!store_authz_find_n(st, w->prior.n, w->a, &w->prior, &w->fault) ||
	    !store_cert_find(st, w->sender.row.n, false, w->a, &old, &w->fault) ||
	    (w->has_use && !store_authz_find_n(st, w->authz.n, w->a, &now, &w->fault)))
		return false;
	if (w->has_use && (now.state != w->authz.state || now.held != w->authz.held)) {
		work_again(w);
		return true;
	}
	w->authz = w->has_use ? now : w->prior;
	if (!check_head(w, &old))
		return true;
	if (!find_template(w, &done) || done)
		return done;
	if (!approval_layer(w) || !judge(w, &allowed))
		return false;
	if (!take_pending(w, w->verdict.kind, &done) || done)
		return done;
	if (w->authz.held && !take_held(w, &done, &approved))
		return false;
	if (done)
		return true;
	return approved ? decide_approved(w, allowed) : decide_new(w, allowed, false);
}

/* --- issue ----------------------------------------------------------------------------- */

void
change_ask_issue(struct work *w, struct buf *questions, size_t *count)
{
	struct change_parts	p = { .old = &w->sender.row, .cert = &w->cert,
		.authz = &w->authz, .change = &w->change, .template = w->template->t.name,
		.layer_by = w->layer_by };
	struct change_request	q;

	p.layer = w->verdict.only_admin ? w->layer : VIEW_NONE;
	if (!change_question(w->e, &p, w->a, &q, &w->fault)) {
		work_again(w);
		return;
	}
	signer_put_change(questions, &q);
	(*count)++;
}

static void
fill_answer(struct work *w)
{
	enum authority_id	 ca = authority_of(w->e, w->cert.ca);

	answer_status(&w->answer, CMC_CONFIRM_REQUIRED, w->candidate.id);
	w->answer.status[w->answer.n_status - 1].text = change_name(w->change.kind);
	answer_cert(&w->answer, w->cert.body);
	if (authority_line(ca) == AUTHORITY_MANAGEMENT)
		answer_cert(&w->answer, buf_view(&w->e->authorities.list[ca].der));
	w->done = true;
}

/* The signer refused: the lineage may have another successor, the token is good again. */
static bool
give_up_refused(struct work *w)
{
	struct fault	f = { 0 };

	if (!change_give_up(w->e, &w->cert, w->now, &f)) {
		w->fault = f;
		return false;
	}
	work_refuse(w, w->candidate.id, CMC_INTERNAL_CA_ERROR);
	return true;
}

/* Stage 7, in the second transaction: the lineage may have ended meanwhile. */
bool
change_finish(struct work *w)
{
	struct change_issue	i = { .cert = w->cert.n, .der = w->cert.body,
		.deed = w->deed, .sealed = w->sealed, .kind = w->change.kind };
	struct store_authz	z;
	bool			done;

	if (w->course == COURSE_GIVE_BACK)
		return give_up_refused(w);
	if (!store_authz_find_n(w->e->p.store, w->prior.n, w->a, &w->prior, &w->fault) ||
	    !store_authz_find_n(w->e->p.store, w->authz.n, w->a, &z, &w->fault))
		return false;
	if (w->prior.successor != w->cert.n)
		return refuse_why(w, CVP_OLD_REVOKED, "corrections, 8",
		    "the certificate was revoked meanwhile");
	if (!work_record_request(w, &z, w->cert.n))
		return false;
	if (w->course == COURSE_ISSUE) {
		if (!change_issued(w->e, &i, &z, w->now, &w->fault))
			return false;
	} else if (!store_authz_update(w->e->p.store, &z, z.state, &done, &w->fault)) {
		return false;
	}
	fill_answer(w);
	return true;
}
