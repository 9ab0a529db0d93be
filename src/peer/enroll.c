/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/cvp.h"
#include "codec/name.h"
#include "peer/accept.h"
#include "peer/ask.h"
#include "peer/enroll.h"
#include "peer/enroll_state.h"
#include "peer/generation.h"
#include "peer/talk.h"
#include "peer/ticket_load.h"
#include "peer/wait.h"

#define ANSWER_MAX	(1u << 20)	/* status, a certificate, a chain: kilobytes */
#define ARENA_MAX	(8u << 20)
#define TICKET_FILE	"ticket"
#define TOKEN_USED	"used"		/* what a kept ticket says instead */

/* One run. */
struct run {
	const struct enroll	*q;
	struct enroll_report	*r;
	struct enroll_state	 st;
	struct key		*key;
	int			 lock;
	bool			 told;		/* in this run: still pending */
	struct arena		*a;		/* of one answer */
	struct buf		 answer;
};

/* --- the folder ----------------------------------------------------------------------- */

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
open_folder(struct run *w, struct fault *f)
{
	if (!enroll_folder(w->q->dir, ENROLL_FOLDER, f) ||
	    (w->lock = enroll_lock(w->q->dir, f)) == -1)
		return false;
	return enroll_state_load(w->q->dir, &w->st, f);
}

static void
digest_ticket(const struct ticket *t, uint8_t out[SHA256_OCTETS])
{
	struct buf	b;

	buf_init(&b, 2 * TICKET_FILE_MAX);
	ticket_write(t, &b);
	sha256(buf_view(&b), out);
	if (b.p != NULL)
		secret_wipe(b.p, b.n);
	buf_clear(&b);
}

/* Kept for renewal and installation, without what was secret in it. */
static bool
keep_ticket(const struct run *w, const char *name, struct fault *f)
{
	struct ticket	t = *w->q->ticket;
	char		path[INSTALL_PATH_MAX];
	struct buf	b;
	bool		ok;

	secret_wipe(t.token, sizeof(t.token));
	snprintf(t.token, sizeof(t.token), TOKEN_USED);
	buf_init(&b, 2 * TICKET_FILE_MAX);
	ticket_write(&t, &b);
	ok = buf_check(&b, "ticket", f) && path_of(w, name, path, f) &&
	    file_write(path, buf_view(&b), 0600, f);
	buf_clear(&b);
	return ok;
}

/* --- the key -------------------------------------------------------------------------- */

static bool
drop_file(const struct run *w, const char *name, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	if (!path_of(w, name, path, f))
		return false;
	if (unlink(path) != 0 && errno != ENOENT)
		return fault_set(f, FAULT_IO, "", "could not remove \"%s\": %s", path,
		    error_text(errno));
	return true;
}

static bool
drop_key(struct run *w, struct fault *f)
{
	key_free(w->key);
	w->key = NULL;
	return drop_file(w, ENROLL_KEY_FILE, f);
}

static bool
load_key(struct run *w, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct buf	pem;

	if (!path_of(w, ENROLL_KEY_FILE, path, f))
		return false;
	buf_init(&pem, KEY_PEM_MAX);
	if (file_read(path, &pem, f) && (w->key = key_load_pem(buf_view(&pem), f)) == NULL)
		fault_within(f, "%s", path);
	if (pem.p != NULL)
		secret_wipe(pem.p, pem.n);
	buf_clear(&pem);
	return w->key != NULL;
}

/* On disk before anybody hears of it. */
static bool
make_key(struct run *w, enum key_kind kind, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct secret	pem = { 0 };
	bool		ok;

	if (!drop_key(w, f) || !path_of(w, ENROLL_KEY_FILE, path, f) ||
	    (w->key = key_generate(kind, f)) == NULL)
		return false;
	ok = key_to_pem(w->key, &pem, f) &&
	    file_write(path, view_of(pem.p, pem.n), 0600, f);
	secret_clear(&pem);
	return ok;
}

/* The key that is there, if it is of the kind the ticket wants; else a new one. */
static bool
ensure_key(struct run *w, struct fault *f)
{
	enum key_kind	kind = key_kind_find(w->q->ticket->key);
	char		path[INSTALL_PATH_MAX];

	if (kind == KEY_NONE)
		return fault_set(f, FAULT_ALGORITHM, "ticket", "cannot make a key of kind "
		    "\"%s\"", w->q->ticket->key);
	if (!path_of(w, ENROLL_KEY_FILE, path, f))
		return false;
	if (w->key == NULL && file_exists(path) && !load_key(w, f))
		return false;
	if (w->key != NULL && key_kind_of(w->key) == kind)
		return true;
	return make_key(w, kind, f);
}

/* --- steps ------------------------------------------------------------------------------ */

/* Forget what was sent; the key stays for another try. */
static void
forget(struct run *w)
{
	w->st.step = ENROLL_NONE;
	w->st.rebuilt = false;
	buf_reset(&w->st.message);
	for (size_t i = 0; i < w->st.n_certs; i++)
		buf_reset(&w->st.certs[i]);
	w->st.n_certs = 0;
	wait_forget(&w->st);
}

static bool
write_request(struct run *w, struct fault *f)
{
	buf_reset(&w->st.message);
	if (!ask_enroll(w->q->ticket, w->key, w->q->rng, w->q->now, &w->st.x, &w->st.message, f))
		return false;
	w->st.step = ENROLL_REQUEST;
	return save(w, f);
}

static bool
step_begin(struct run *w, struct fault *f)
{
	forget(w);
	snprintf(w->st.id, sizeof(w->st.id), "%s", w->q->ticket->id);
	digest_ticket(w->q->ticket, w->st.ticket);
	w->st.reason[0] = '\0';
	return ensure_key(w, f) && write_request(w, f);
}

/* Send what is on disk and read what comes back. */
static bool
ask(struct run *w, const char *stage, struct exchange *x, struct exchange_answer *r,
    struct fault *f)
{
	struct exchange_trust	trust = { .now = w->q->now };
	char			date[32];

	if (w->st.n_certs > 0)
		trust.anchor = buf_view(&w->st.certs[w->st.n_certs - 1]);
	memcpy(trust.anchor_sha256, w->q->ticket->anchor, SHA256_OCTETS);
	if (w->q->stage != NULL)
		w->q->stage(w->q->stage_ctx, stage);
	buf_reset(&w->answer);
	arena_reset(w->a);
	if (!w->q->transport.exchange(w->q->transport.ctx, buf_view(&w->st.message),
	    &w->answer, f))
		return false;
	*x = w->st.x;
	if (exchange_read(x, buf_view(&w->answer), &trust, w->a, r, f))
		return true;
	date_format(w->q->now, date);
	return f->kind == FAULT_REFUSED ?
	    fault_within(f, "by the clock of this device, which says %s", date) :
	    fault_within(f, "cannot believe the answer");
}

/*
 * One answer for every cause, so that nobody can try ids: what can be behind
 * it stands here (corrections, 18).
 */
static bool
refused_ticket(const struct ticket *t, struct fault *f)
{
	char	until[64] = "";

	if (t->not_after != 0) {
		strcpy(until, " (it ends ");
		date_format(t->not_after, until + strlen(until));
		strcat(until, ")");
	}
	return fault_set(f, FAULT_REFUSED, "", "the PKI does not accept this ticket "
	    "(badIdentity), and does not say why: its id or token is mistyped, its time is over "
	    "or has not begun%s, it was cancelled, or another device has used it; ask your Admin "
	    "for the state of id \"%.40s\", or for a new ticket", until, t->id);
}

/* Whatever the PKI said no to: nothing of it counts, the key is kept. */
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
	if (talk_is_badly_made(why) && !w->st.rebuilt && !w->q->resume) {
		w->st.rebuilt = true;
		return write_request(w, f);
	}
	forget(w);
	if (!save(w, f) || !drop_file(w, ENROLL_TICKET_FILE, f))
		return false;
	if (why->has_fail && why->fail == CMC_BAD_IDENTITY && why->code == 0)
		return refused_ticket(w->q->ticket, f);
	*f = said;
	return false;
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

/* A person has to approve: from now on the token asks. */
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
	return keep_ticket(w, ENROLL_TICKET_FILE, f) &&
	    ask_poll(view_of(wait->token, wait->n_token), NULL, w->key, w->q->rng, w->q->now,
	    &w->st.x, &w->st.message, f) && save(w, f);
}

/* The answer to the request or to a poll: a certificate to be tried, or a refusal. */
static bool
take_answer(struct run *w, const char *stage, struct fault *f)
{
	struct exchange_answer	r;
	struct exchange_failure	why;
	struct exchange		x;
	struct cert		c;
	struct accept_terms	t = { .ticket = w->q->ticket, .key = w->key, .now = w->q->now };
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
	v = accept_judge(&c, &t, &bad);
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
	return (w->q->carried || wait_is_over(&w->st, w->q->hurry && !w->told, w->q->now,
	    f)) &&
	    take_answer(w, "poll", f);
}

/* Nothing of this enrolment is left; its key was in a revoked certificate. */
static bool
give_up(struct run *w, struct fault *f)
{
	forget(w);
	w->st.id[0] = '\0';	/* a key that is found without an id is not used again */
	return save(w, f) && drop_key(w, f);
}

/* The answer to a confirmation was no.  True: another one was made. */
static bool
confirmation_refused(struct run *w, const struct exchange_failure *why, struct fault *f)
{
	struct fault	said = { 0 };

	exchange_fault(why, &said);
	if (said.kind != FAULT_BUSY && talk_is_too_late(why)) {
		if (!give_up(w, f))
			return false;
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.4.11", "the certificate was not "
		    "confirmed in time, and the PKI has revoked it; ask your Admin for a new "
		    "ticket");
	}
	if (talk_is_badly_made(why) && !w->st.rebuilt) {
		w->st.rebuilt = true;
		return write_confirmation(w, f);
	}
	if (said.kind != FAULT_BUSY) {
		/* Perhaps damaged on the way: asked again, the PKI sends it again. */
		forget(w);
		if (!save(w, f))
			return false;
	}
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
	w->st.step = ENROLL_INSTALL;
	return save(w, f);
}

/*
 * The PKI hears that the certificate cannot be used and revokes it.  A repeat
 * is answered badIdentity, for it is revoked then: that is as good.
 */
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
	if (!give_up(w, f))
		return false;
	return fault_set(f, FAULT_REFUSED, "", "%s; this device has rejected the certificate, "
	    "the PKI revokes it; ask your Admin for a new ticket", reason);
}

static bool
step_install(struct run *w, struct fault *f)
{
	struct install_request	req = { .dir = w->q->dir };
	struct install_report	report;
	struct secret		pem = { 0 };
	bool			ok, settled;

	if (!key_to_pem(w->key, &pem, f))
		return false;
	req.key_pem = view_of(pem.p, pem.n);
	req.cert = buf_view(&w->st.certs[0]);
	req.nca = w->st.n_certs - 1;
	for (size_t i = 0; i < req.nca; i++)
		req.ca[i] = buf_view(&w->st.certs[i + 1]);
	/* Keys of an earlier certificate's renewals are not used any more. */
	ok = install_files(&req, &report, f) && generation_settle(w->q->dir, &settled, f);
	secret_clear(&pem);
	if (!ok || !keep_ticket(w, TICKET_FILE, f) || !drop_file(w, ENROLL_TICKET_FILE, f))
		return false;
	w->st.step = ENROLL_DONE;
	buf_reset(&w->st.message);
	return save(w, f) && drop_key(w, f);
}

/* --- the walk ------------------------------------------------------------------------------ */

static bool	(*const steps[ENROLL_STEPS])(struct run *w, struct fault *f) = {
	[ENROLL_NONE] = step_begin,
	[ENROLL_REQUEST] = step_request,
	[ENROLL_POLL] = step_poll,
	[ENROLL_CONFIRM] = step_confirm,
	[ENROLL_REJECT] = step_reject,
	[ENROLL_INSTALL] = step_install,
};

/* Done, says the state; but somebody may have cleaned up. */
static bool
still_there(const struct run *w, struct fault *f)
{
	static const char *const names[] = { "key.pem", "cert.pem", "ca.pem" };
	char			 path[INSTALL_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!path_of(w, names[i], path, f))
			return false;
		if (!file_exists(path))
			return fault_set(f, FAULT_NOT_FOUND, "", "this ticket was used here, but "
			    "\"%s\" is gone: a new certificate needs a new ticket", path);
	}
	return true;
}

/* What an earlier run left, and this ticket. */
static bool
take_up(struct run *w, struct fault *f)
{
	struct enroll_state	*st = &w->st;
	bool			 same_id = strcmp(st->id, w->q->ticket->id) == 0;
	uint8_t			 digest[SHA256_OCTETS];

	digest_ticket(w->q->ticket, digest);
	switch (st->step) {
	case ENROLL_NONE:
		return st->id[0] != '\0' || drop_key(w, f);
	case ENROLL_DONE:
		w->r->already = same_id;
		if (!same_id)
			st->step = ENROLL_NONE;
		return drop_key(w, f) && (!same_id || still_there(w, f));
	case ENROLL_POLL:
		if (same_id)
			return load_key(w, f);
		st->step = ENROLL_NONE;	/* another ticket: that one was in vain */
		return drop_key(w, f);
	case ENROLL_REQUEST:
		if (!same_id && !drop_key(w, f))
			return false;
		if (w->q->resume && same_id)
			return load_key(w, f);
		if (memcmp(digest, st->ticket, sizeof(digest)) != 0) {
			st->step = ENROLL_NONE;	/* the request was never answered */
			return true;
		}
		return load_key(w, f);
	default:
		if (!same_id)
			return fault_set(f, FAULT_CONFLICT, "", "\"%s\" holds the enrolment of "
			    "id \"%.40s\", which lacks its last step: finish it with that ticket, or "
			    "take another --dir", w->q->dir, st->id);
		return load_key(w, f);
	}
}

static bool
report(struct run *w, struct fault *f)
{
	struct enroll_report	*r = w->r;
	struct cert		 c;

	if (w->st.n_certs == 0)
		return fault_set(f, FAULT_INTERNAL, "", "no certificate after enrolment");
	if (!cert_decode(buf_view(&w->st.certs[0]), &c, f))
		return false;
	snprintf(r->identity, sizeof(r->identity), "%s",
	    w->q->ticket->n_identities > 0 ? w->q->ticket->identities[0] : "");
	name_text(c.subject, r->subject, sizeof(r->subject));
	hex_encode(serial_magnitude(c.serial), r->serial);
	r->not_before = c.not_before;
	r->not_after = c.not_after;
	return true;
}

bool
enroll_run(const struct enroll *q, struct enroll_report *r, struct fault *f)
{
	struct run	w = { .q = q, .r = r, .lock = -1, .a = arena_new(ARENA_MAX) };
	bool		ok;

	memset(r, 0, sizeof(*r));
	enroll_state_init(&w.st);
	buf_init(&w.answer, ANSWER_MAX);
	ok = (w.a != NULL || arena_fault(f)) && open_folder(&w, f) && take_up(&w, f);
	while (ok && w.st.step != ENROLL_DONE)
		ok = steps[w.st.step](&w, f);
	ok = ok && report(&w, f);
	if (w.st.step == ENROLL_POLL) {
		r->waits_since = w.st.wait.since;
		r->poll_at = w.st.wait.poll_at;
	}
	key_free(w.key);
	enroll_state_clear(&w.st);
	buf_clear(&w.answer);
	arena_free(w.a);
	if (w.lock != -1)
		close(w.lock);
	return ok;
}

bool
enroll_kept_ticket(const char *dir, struct ticket *out, bool *waits, struct fault *f)
{
	char			path[INSTALL_PATH_MAX];
	struct enroll_state	st;
	bool			ok;

	*waits = false;
	enroll_state_init(&st);
	ok = enroll_state_load(dir, &st, f) &&
	    path_join(path, sizeof(path), dir, ENROLL_TICKET_FILE, f);
	if (ok && st.step != ENROLL_NONE && st.step != ENROLL_DONE && file_exists(path)) {
		*waits = true;
		ok = ticket_load(path, out, f);
	}
	enroll_state_clear(&st);
	return ok;
}

bool
enroll_with(struct view text, const char *dir, const struct transport *transport,
    int64_t now, struct fault *f)
{
	struct enroll_report	r;
	struct ticket		t;
	struct enroll		q = {
		.dir = dir, .ticket = &t, .transport = *transport, .rng = rng_system(), .now = now,
	};
	bool			ok;

	if (!ticket_read(text, &t, f))
		return false;
	ok = enroll_run(&q, &r, f);
	ticket_clear(&t);
	return ok;
}
