/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/cvp.h"
#include "codec/name.h"
#include "peer/ask.h"
#include "peer/generation.h"
#include "peer/reach.h"
#include "peer/renew.h"
#include "peer/renew_names.h"
#include "peer/talk.h"
#include "peer/ticket_load.h"
#include "peer/tunnels.h"
#include "peer/wait.h"

#define ANSWER_MAX	(1u << 20)
#define ARENA_MAX	(8u << 20)
#define KEY_FILE	"renew/key.pem"
#define STAGED_TICKET	"renew/ticket"	/* replaces DIR/ticket with the switch */
#define TICKET_FILE	"ticket"
#define TOKEN_USED	"used"
#define KINDS		(RENEW_UPDATE + 1)

/* One run. */
struct run {
	const struct renew	*q;
	struct renew_report	*r;
	struct enroll_state	 st;
	struct credential	 in_use;
	struct cert		 old;		/* decoded from in_use */
	struct key		*old_key, *key;
	struct ticket		 ticket;	/* of this device; of the successor while staged */
	bool			 told;		/* in this run: still pending */
	bool			 other_key;	/* tried after the first was refused */
	enum renew_kind		 kind;
	int			 lock;
	struct arena		*a;		/* of one answer */
	struct buf		 answer;
};

static const char *const kind_names[KINDS] = {
	[RENEW_NOTHING] = "nothing",
	[RENEW_RENEWAL] = "renewal",
	[RENEW_NEW_KEY] = "renewal with a new key",
	[RENEW_REKEY] = "rekey",
	[RENEW_UPDATE] = "update",
};

const char *
renew_kind_name(enum renew_kind k)
{
	return k < KINDS ? kind_names[k] : kind_names[RENEW_NOTHING];
}

static enum renew_kind
kind_find(const char *name)
{
	for (size_t i = 1; i < KINDS; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return (enum renew_kind)i;
	return RENEW_NOTHING;
}

/* --- files ------------------------------------------------------------------------- */

static bool
save(struct run *w, struct fault *f)
{
	return enroll_state_save(w->q->dir, &w->st, f);
}

static bool
path_of(const struct run *w, const char *name, char out[INSTALL_PATH_MAX], struct fault *f)
{
	return path_join(out, INSTALL_PATH_MAX, w->q->dir, name, f);
}

static bool
drop_file(const struct run *w, const char *name, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	if (!path_of(w, name, path, f))
		return false;
	return unlink(path) == 0 || errno == ENOENT || fault_set(f, FAULT_IO, "",
	    "could not remove \"%s\": %s", path, error_text(errno));
}

static bool
read_ticket(const char *dir, const char *name, struct ticket *out, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), dir, name, f) && ticket_load(path, out, f);
}

static bool
write_ticket(const struct run *w, const struct ticket *t, const char *name, struct fault *f)
{
	struct ticket	kept = *t;
	char		path[INSTALL_PATH_MAX];
	struct buf	b;
	bool		ok;

	secret_wipe(kept.token, sizeof(kept.token));
	snprintf(kept.token, sizeof(kept.token), TOKEN_USED);
	buf_init(&b, 2 * TICKET_FILE_MAX);
	ticket_write(&kept, &b);
	ok = buf_check(&b, "ticket", f) && path_of(w, name, path, f) &&
	    file_write(path, buf_view(&b), 0600, f);
	buf_clear(&b);
	return ok;
}

static bool
load_key(const struct run *w, const char *name, struct key **out, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct buf	pem;

	buf_init(&pem, KEY_PEM_MAX);
	if (path_of(w, name, path, f) && file_read(path, &pem, f) &&
	    (*out = key_load_pem(buf_view(&pem), f)) == NULL)
		fault_within(f, "%s", path);
	if (pem.p != NULL)
		secret_wipe(pem.p, pem.n);
	buf_clear(&pem);
	return *out != NULL;
}

/* On disk before anybody hears of it. */
static bool
save_key(struct run *w, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct secret	pem = { 0 };
	bool		ok;

	ok = path_of(w, KEY_FILE, path, f) && key_to_pem(w->key, &pem, f) &&
	    file_write(path, view_of(pem.p, pem.n), 0600, f);
	secret_clear(&pem);
	return ok;
}

static bool
drop_key(struct run *w, struct fault *f)
{
	key_free(w->key);
	w->key = NULL;
	return drop_file(w, KEY_FILE, f);
}

/* --- what is there ------------------------------------------------------------------- */

static bool
load_in_use(struct run *w, struct fault *f)
{
	if (!credential_load(w->q->dir, true, &w->in_use, f))
		return fault_set(f, FAULT_NOT_FOUND, "", "no certificate in \"%s\"", w->q->dir);
	w->old_key = key_load_pem(buf_view(&w->in_use.key_pem), f);
	return w->old_key != NULL && cert_decode(buf_view(&w->in_use.certs[0]), &w->old, f) &&
	    (view_equal(w->old.spki, key_spki(w->old_key)) || fault_set(f, FAULT_CONFLICT, "",
	    "\"%s/key.pem\" does not belong to the certificate beside it", w->q->dir));
}

/* An enrolment that lacks its last step comes first. */
static bool
is_enrolled(const struct run *w, struct fault *f)
{
	struct enroll_state	st;
	bool			ok;

	enroll_state_init(&st);
	ok = enroll_state_load(w->q->dir, &st, f);
	if (ok && st.step != ENROLL_DONE && st.step != ENROLL_NONE)
		ok = fault_set(f, FAULT_CONFLICT, "", "\"%s\" holds an enrolment of id \"%.40s\" "
		    "under way: finish it first", w->q->dir, st.id);
	enroll_state_clear(&st);
	return ok;
}

static bool
open_folder(struct run *w, struct fault *f)
{
	w->st.folder = RENEW_FOLDER;
	return enroll_folder(w->q->dir, ENROLL_FOLDER, f) &&
	    (w->lock = enroll_lock(w->q->dir, f)) != -1 && is_enrolled(w, f) &&
	    enroll_folder(w->q->dir, RENEW_FOLDER, f) && load_in_use(w, f) &&
	    read_ticket(w->q->dir, TICKET_FILE, &w->ticket, f) &&
	    enroll_state_load(w->q->dir, &w->st, f);
}

/* --- begin ----------------------------------------------------------------------------- */

/* Forget what was sent. */
static bool
forget(struct run *w, struct fault *f)
{
	w->st.step = ENROLL_NONE;
	w->st.rebuilt = false;
	w->st.reason[0] = '\0';
	buf_reset(&w->st.message);
	for (size_t i = 0; i < w->st.n_certs; i++)
		buf_reset(&w->st.certs[i]);
	w->st.n_certs = 0;
	wait_forget(&w->st);
	return save(w, f) && drop_key(w, f) && drop_file(w, STAGED_TICKET, f);
}

static bool
want_same_key(const struct run *w)
{
	bool	same = w->q->key == RENEW_KEY_SAME;

	if (w->q->key == RENEW_KEY_AUTO && w->q->ticket == NULL)
		same = strcmp(w->ticket.renew_key, "same") == 0;
	return same != w->other_key;
}

static bool
choose_key(struct run *w, struct fault *f)
{
	const struct ticket	*t = w->q->ticket != NULL ? w->q->ticket : &w->ticket;
	enum key_kind		 kind = key_kind_find(t->key);

	if (!drop_key(w, f))
		return false;
	if (want_same_key(w))
		return load_key(w, "key.pem", &w->key, f) && save_key(w, f);
	if (kind == KEY_NONE)
		return fault_set(f, FAULT_ALGORITHM, "ticket", "cannot make a key of kind \"%s\"",
		    t->key);
	return (w->key = key_generate(kind, f)) != NULL && save_key(w, f);
}

static enum renew_kind
kind_wanted(const struct run *w)
{
	if (w->q->names != NULL)
		return RENEW_UPDATE;
	if (w->q->ticket != NULL)
		return RENEW_REKEY;
	return want_same_key(w) ? RENEW_RENEWAL : RENEW_NEW_KEY;
}

/* The ticket that is kept afterwards, if it will be another. */
static bool
stage_ticket(struct run *w, struct fault *f)
{
	struct ticket	t = w->q->ticket != NULL ? *w->q->ticket : w->ticket;

	if (w->q->ticket == NULL && w->q->names == NULL)
		return drop_file(w, STAGED_TICKET, f);
	if (w->q->names != NULL) {
		if (w->q->names->n == 0 || w->q->names->n > RENEW_NAMES_MAX)
			return fault_set(f, FAULT_USAGE, "", "an update has 1 to %d names",
			    RENEW_NAMES_MAX);
		for (size_t i = 0; i < w->q->names->n; i++)
			snprintf(t.identities[i], sizeof(t.identities[i]), "%s",
			    w->q->names->identities[i]);
		t.n_identities = w->q->names->n;
	}
	return write_ticket(w, &t, STAGED_TICKET, f);
}

/* What is expected of the successor stands in the ticket it will have. */
static bool
use_staged(struct run *w, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	if (!path_of(w, STAGED_TICKET, path, f))
		return false;
	if (!file_exists(path))
		return true;
	ticket_clear(&w->ticket);
	return read_ticket(w->q->dir, STAGED_TICKET, &w->ticket, f);
}

static bool
write_request(struct run *w, struct fault *f)
{
	struct ask_change	q = {
		.old = &w->old, .old_key = w->old_key, .key = w->key, .use = w->q->ticket,
	};
	struct buf		names;
	bool			ok = true;

	buf_init(&names, RENEW_NAMES_DER_MAX);
	buf_reset(&w->st.message);
	if (w->q->names != NULL)
		ok = renew_names_put(w->q->names, &w->old, &names, f);
	q.names = buf_view(&names);
	ok = ok && ask_change(&q, w->q->rng, w->q->now, &w->st.x, &w->st.message, f);
	buf_clear(&names);
	w->st.step = ENROLL_REQUEST;
	return ok && save(w, f);
}

static bool
step_begin(struct run *w, struct fault *f)
{
	if (!forget(w, f) || !stage_ticket(w, f) || !choose_key(w, f))
		return false;
	if (!use_staged(w, f))
		return false;
	w->kind = kind_wanted(w);
	snprintf(w->st.id, sizeof(w->st.id), "%s", kind_names[w->kind]);
	sha256(w->old.der, w->st.ticket);
	return write_request(w, f);
}

/* --- the request -------------------------------------------------------------------------- */

/* Send what is on disk and read what comes back. */
static bool
ask(struct run *w, const char *stage, struct exchange *x, struct exchange_answer *r,
    struct fault *f)
{
	struct exchange_trust	trust = {
		.now = w->q->now, .anchor = buf_view(&w->in_use.certs[w->in_use.n_certs - 1]),
	};

	if (w->q->stage != NULL)
		w->q->stage(w->q->stage_ctx, stage);
	buf_reset(&w->answer);
	arena_reset(w->a);
	if (!w->q->transport.exchange(w->q->transport.ctx, buf_view(&w->st.message),
	    &w->answer, f))
		return false;
	*x = w->st.x;
	return exchange_read(x, buf_view(&w->answer), &trust, w->a, r, f) ||
	    fault_within(f, "cannot believe the answer");
}

/* What is in use stays in use; nothing of this request counts. */
static bool
request_refused(struct run *w, const struct exchange_failure *why, struct fault *f)
{
	struct fault	said = { 0 };

	exchange_fault(why, &said);
	if (said.kind == FAULT_BUSY) {
		*f = said;
		return false;
	}
	if (w->st.step == ENROLL_POLL && talk_is_badly_made(why)) {
		wait_back(&w->st);	/* it does not know of the poll: the request tells */
		return save(w, f);
	}
	/* Without the wishes of then it cannot be made anew: begin again. */
	if (talk_is_badly_made(why) && !w->st.rebuilt && !w->r->resumed) {
		w->st.rebuilt = true;
		return write_request(w, f);
	}
	if (!forget(w, f))
		return false;
	if (why->code == CVP_KEY_REUSE && w->q->key == RENEW_KEY_AUTO && !w->other_key &&
	    !w->r->resumed && w->q->ticket == NULL) {
		w->other_key = true;	/* the terms want it the other way */
		return true;
	}
	*f = said;
	return false;
}

/* A renewal has the names there were; others were not asked for. */
static bool
names_as_asked(const struct run *w, const struct cert *c, struct fault *f)
{
	if (w->kind == RENEW_UPDATE || (view_equal(c->san_value, w->old.san_value) &&
	    view_equal(c->subject, w->old.subject)))
		return true;
	return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.5.2",
	    "the new certificate has other names than the old one");
}

static enum accept_verdict
judge(struct run *w, const struct cert *c, const struct accept_terms *t, struct fault *f)
{
	enum accept_verdict	v;

	if (view_equal(c->der, w->old.der)) {
		fault_set(f, FAULT_SIGNATURE, "", "the answer holds the old certificate alone");
		return ACCEPT_UNCLEAR;
	}
	v = accept_judge(c, t, f);
	return v == ACCEPT_GOOD && !names_as_asked(w, c, f) ? ACCEPT_REJECT : v;
}

static bool
write_confirmation(struct run *w, struct fault *f)
{
	struct cert	c;
	bool		reject = w->st.step == ENROLL_REJECT;

	buf_reset(&w->st.message);
	return cert_decode(buf_view(&w->st.certs[0]), &c, f) &&
	    ask_confirm(&c, w->key, reject ? w->st.reason : NULL, w->q->rng, w->q->now, &w->st.x,
	    &w->st.message, f) && save(w, f);
}

/* A person has to approve: from now on the token asks, and the old key signs. */
static bool
pending(struct run *w, const struct exchange_failure *why, const struct exchange *x,
    struct fault *f)
{
	struct enroll_wait	*wait = &w->st.wait;

	if (!wait_note(&w->st, why, w->q->rng, w->q->now, f))
		return false;
	w->st.x = *x;
	w->told = true;
	buf_reset(&w->st.message);
	return ask_poll(view_of(wait->token, wait->n_token), &w->old, w->old_key, w->q->rng,
	    w->q->now, &w->st.x, &w->st.message, f) && save(w, f);
}

static bool
take_answer(struct run *w, const char *stage, struct fault *f)
{
	struct exchange_answer	r;
	struct exchange_failure	why;
	struct exchange		x;
	struct cert		c;
	struct accept_terms	t = { .ticket = &w->ticket, .key = w->key, .now = w->q->now };
	struct fault		bad = { 0 };
	enum accept_verdict	v;

	if (!ask(w, stage, &x, &r, f))
		return false;
	exchange_failure(&r, CMC_WHOLE_MESSAGE, &why);
	if (why.status == CMC_PENDING)
		return pending(w, &why, &x, f);
	if (why.status != CMC_SUCCESS && why.status != CMC_CONFIRM_REQUIRED)
		return request_refused(w, &why, f);
	t.certs = r.message.certificates;
	t.n_certs = r.message.certificate_count;
	t.anchor = r.anchor;
	if (!accept_find(t.certs, t.n_certs, w->key, &c, f))
		return false;
	v = judge(w, &c, &t, &bad);
	if (v == ACCEPT_UNCLEAR) {
		*f = bad;
		return false;
	}
	if (!talk_stage(&w->st, &c, &t, v == ACCEPT_GOOD, f) ||
	    !talk_line(w->q->dir, &w->st, &t, f))
		return false;
	w->st.x = x;
	w->st.rebuilt = false;
	wait_forget(&w->st);
	w->st.step = v == ACCEPT_GOOD ? ENROLL_CONFIRM : ENROLL_REJECT;
	(void)text_escape(view_str(bad.text), 0, w->st.reason, sizeof(w->st.reason));
	return write_confirmation(w, f);
}

static bool
step_request(struct run *w, struct fault *f)
{
	return take_answer(w, "request", f);
}

static bool
step_poll(struct run *w, struct fault *f)
{
	return (w->q->carried || wait_is_over(&w->st, w->q->hurry && !w->told, w->q->now, f)) &&
	    take_answer(w, "poll", f);
}

/* --- the confirmation ---------------------------------------------------------------------- */

/* The answer to a confirmation was no.  True: another one was made. */
static bool
confirmation_refused(struct run *w, const struct exchange_failure *why, struct fault *f)
{
	struct fault	said = { 0 };

	exchange_fault(why, &said);
	if (said.kind != FAULT_BUSY && talk_is_too_late(why)) {
		if (!forget(w, f))
			return false;
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.4.11", "the new certificate was "
		    "not confirmed in time, and the PKI has revoked it; the old one stays in use");
	}
	if (talk_is_badly_made(why) && !w->st.rebuilt) {
		w->st.rebuilt = true;
		return write_confirmation(w, f);
	}
	if (said.kind != FAULT_BUSY && !forget(w, f))
		return false;
	*f = said;
	return fault_within(f, "confirmation");
}

static bool
step_confirm(struct run *w, struct fault *f)
{
	struct exchange_answer	r;
	struct exchange_failure	why;
	struct exchange		x;

	if (!ask(w, "confirmation", &x, &r, f))
		return false;
	exchange_failure(&r, CMC_WHOLE_MESSAGE, &why);
	if (why.status != CMC_SUCCESS)
		return confirmation_refused(w, &why, f);
	if (!talk_is_receipt(&w->st, &r, f))
		return false;
	(void)text_escape(why.text, 0, w->st.reason, sizeof(w->st.reason));
	w->st.step = ENROLL_INSTALL;
	return save(w, f);
}

static bool
step_reject(struct run *w, struct fault *f)
{
	struct exchange_answer	r;
	struct exchange_failure	why;
	struct exchange		x;
	char			reason[ENROLL_REASON_MAX];

	if (!ask(w, "confirmation", &x, &r, f))
		return false;
	exchange_failure(&r, CMC_WHOLE_MESSAGE, &why);
	if (why.status != CMC_SUCCESS && !talk_is_too_late(&why))
		return confirmation_refused(w, &why, f);
	if (why.status == CMC_SUCCESS && !talk_is_receipt(&w->st, &r, f))
		return false;
	strcpy(reason, w->st.reason);
	if (!forget(w, f))
		return false;
	return fault_set(f, FAULT_REFUSED, "", "%s; this device has rejected the new "
	    "certificate, the PKI revokes it; the old one stays in use", reason);
}

/* --- the switch ------------------------------------------------------------------------------ */

static void
show_serial(const struct cert *c, char out[ENROLL_SERIAL_MAX])
{
	hex_encode(serial_magnitude(c->serial), out);
}

static bool
report(struct run *w, struct fault *f)
{
	struct renew_report	*r = w->r;
	struct cert		 c;

	if (!cert_decode(buf_view(&w->st.certs[0]), &c, f))
		return false;
	r->kind = w->kind;
	snprintf(r->identity, sizeof(r->identity), "%s",
	    w->ticket.n_identities > 0 ? w->ticket.identities[0] : "");
	name_text(c.subject, r->subject, sizeof(r->subject));
	show_serial(&w->old, r->old_serial);
	show_serial(&c, r->serial);
	r->old_not_after = w->old.not_after;
	r->not_before = c.not_before;
	r->not_after = c.not_after;
	snprintf(r->old_fate, sizeof(r->old_fate), "%s", w->st.reason);
	return true;
}

static bool
install_ticket(struct run *w, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	if (!path_of(w, STAGED_TICKET, path, f))
		return false;
	return !file_exists(path) || (write_ticket(w, &w->ticket, TICKET_FILE, f) &&
	    drop_file(w, STAGED_TICKET, f));
}

static bool
step_install(struct run *w, struct fault *f)
{
	struct install_request	req = { .cert = buf_view(&w->st.certs[0]),
		.nca = w->st.n_certs - 1 };
	struct secret		pem = { 0 };
	bool			ok;

	for (size_t i = 0; i < req.nca; i++)
		req.ca[i] = buf_view(&w->st.certs[i + 1]);
	if (!report(w, f) || !key_to_pem(w->key, &pem, f))
		return false;
	req.key_pem = view_of(pem.p, pem.n);
	ok = generation_write(w->q->dir, w->r->serial, &req, f) &&
	    generation_switch(w->q->dir, w->r->serial, w->r->old_serial, f);
	secret_clear(&pem);
	if (!ok || !install_ticket(w, f))
		return false;
	w->st.step = ENROLL_DONE;
	buf_reset(&w->st.message);
	return save(w, f) && drop_key(w, f);
}

/* --- the walk ---------------------------------------------------------------------------------- */

static bool	(*const steps[ENROLL_STEPS])(struct run *w, struct fault *f) = {
	[ENROLL_NONE] = step_begin,
	[ENROLL_REQUEST] = step_request,
	[ENROLL_POLL] = step_poll,
	[ENROLL_CONFIRM] = step_confirm,
	[ENROLL_REJECT] = step_reject,
	[ENROLL_INSTALL] = step_install,
};

/* Of another certificate than the one in use: somebody enrolled anew since. */
static bool
is_stale(const struct run *w)
{
	uint8_t	digest[SHA256_OCTETS];

	sha256(w->old.der, digest);
	return memcmp(digest, w->st.ticket, sizeof(digest)) != 0 &&
	    (w->st.step != ENROLL_INSTALL ||
	    !view_equal(w->old.der, buf_view(&w->st.certs[0])));
}

/* Without its key it cannot be finished; the PKI ends it, and then takes another. */
static bool
has_key(const struct run *w)
{
	char		path[INSTALL_PATH_MAX];
	struct fault	why = { 0 };

	return path_of(w, KEY_FILE, path, &why) && file_exists(path);
}

/* What an earlier run left. */
static bool
take_up(struct run *w, struct fault *f)
{
	struct enroll_state	*st = &w->st;

	if (st->step == ENROLL_NONE || st->step == ENROLL_DONE || is_stale(w) || !has_key(w)) {
		st->step = ENROLL_NONE;
		return true;
	}
	w->r->resumed = true;
	w->kind = kind_find(st->id);
	return use_staged(w, f) && load_key(w, KEY_FILE, &w->key, f);
}

static void
end(struct run *w)
{
	key_free(w->key);
	key_free(w->old_key);
	credential_clear(&w->in_use);
	ticket_clear(&w->ticket);
	enroll_state_clear(&w->st);
	buf_clear(&w->answer);
	arena_free(w->a);
	if (w->lock != -1)
		close(w->lock);
}

static void
begin(struct run *w)
{
	w->lock = -1;
	w->a = arena_new(ARENA_MAX);
	enroll_state_init(&w->st);
	buf_init(&w->answer, ANSWER_MAX);
}

bool
renew_run(const struct renew *q, struct renew_report *r, struct fault *f)
{
	struct run	w = { .q = q, .r = r };
	bool		ok;

	memset(r, 0, sizeof(*r));
	begin(&w);
	ok = (w.a != NULL || arena_fault(f)) && open_folder(&w, f) && take_up(&w, f);
	while (ok && w.st.step != ENROLL_DONE)
		ok = steps[w.st.step](&w, f);
	if (w.st.step == ENROLL_POLL) {
		r->waits_since = w.st.wait.since;
		r->poll_at = w.st.wait.poll_at;
	}
	end(&w);
	return ok;
}

bool
renew_by_http(const char *dir, const char *url, const struct rng *rng, struct renew_report *r,
    unsigned *retry_after, struct fault *f)
{
	struct renew		q = { .dir = dir, .rng = rng, .now = (int64_t)time(NULL) };
	struct reach_http	h;
	bool			ok;

	if (!reach_http_open(&h, url, dir, f))
		return false;
	q.transport = reach_http(&h);
	ok = renew_run(&q, r, f);
	*retry_after = h.retry_after;
	reach_http_close(&h);
	return ok;
}

/* --- the generation before -------------------------------------------------------------------------- */

static bool
with_lock(const char *dir, bool (*work)(const char *dir, bool *done, struct fault *f),
    bool *done, struct fault *f)
{
	int	lock;
	bool	ok;

	*done = false;
	if (!enroll_folder(dir, ENROLL_FOLDER, f) || (lock = enroll_lock(dir, f)) == -1)
		return false;
	ok = work(dir, done, f);
	close(lock);
	return ok;
}

bool
renew_settle(const char *dir, bool *done, struct fault *f)
{
	return with_lock(dir, generation_settle, done, f);
}

bool
renew_back(const char *dir, bool *done, struct fault *f)
{
	return with_lock(dir, generation_back, done, f);
}
