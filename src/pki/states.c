/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of an authorization: from, to, and the event each step leaves.
 * Every step, and its audit row, is written in the caller's transaction.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "crypt/digest.h"
#include "pki/work.h"

#define SAID_MAX	400	/* octets of a Peer's words */

static const struct step {
	enum store_authz_state	from, to;
	int			event;		/* enum cvp_event_kind; 0: none */
} steps[] = {
	{ STORE_AUTHZ_WAITING, STORE_AUTHZ_OPEN, 0 },
	{ STORE_AUTHZ_WAITING, STORE_AUTHZ_CANCELLED, CVP_EVENT_CANCELLED },
	{ STORE_AUTHZ_WAITING, STORE_AUTHZ_EXPIRED, CVP_EVENT_EXPIRED },
	{ STORE_AUTHZ_OPEN, STORE_AUTHZ_IN_PROGRESS, 0 },
	{ STORE_AUTHZ_OPEN, STORE_AUTHZ_CANCELLED, CVP_EVENT_CANCELLED },
	{ STORE_AUTHZ_OPEN, STORE_AUTHZ_EXPIRED, CVP_EVENT_EXPIRED },
	{ STORE_AUTHZ_IN_PROGRESS, STORE_AUTHZ_ISSUED, CVP_EVENT_ISSUED },
	{ STORE_AUTHZ_IN_PROGRESS, STORE_AUTHZ_OPEN, 0 },
	{ STORE_AUTHZ_IN_PROGRESS, STORE_AUTHZ_CANCELLED, CVP_EVENT_CANCELLED },	/* held */
	{ STORE_AUTHZ_WAITING, STORE_AUTHZ_LOCKED, CVP_EVENT_LOCKED },
	{ STORE_AUTHZ_OPEN, STORE_AUTHZ_LOCKED, CVP_EVENT_LOCKED },
	{ STORE_AUTHZ_IN_PROGRESS, STORE_AUTHZ_LOCKED, CVP_EVENT_LOCKED },
	/* An operator's (corrections, 9): */
	{ STORE_AUTHZ_LOCKED, STORE_AUTHZ_CANCELLED, CVP_EVENT_CANCELLED },
	{ STORE_AUTHZ_LOCKED, STORE_AUTHZ_WAITING, 0 },
	{ STORE_AUTHZ_LOCKED, STORE_AUTHZ_OPEN, 0 },
	{ STORE_AUTHZ_LOCKED, STORE_AUTHZ_EXPIRED, CVP_EVENT_EXPIRED },
	{ STORE_AUTHZ_ISSUED, STORE_AUTHZ_CONFIRMED, CVP_EVENT_CONFIRMED },
	{ STORE_AUTHZ_ISSUED, STORE_AUTHZ_REJECTED, 0 },	/* reject_cert() tells, and why */
	{ STORE_AUTHZ_ISSUED, STORE_AUTHZ_REVOKED, 0 },	/* too late, or revoked */
	{ STORE_AUTHZ_CONFIRMED, STORE_AUTHZ_REVOKED, 0 },	/* revoke_cert() tells */
};

static const struct step *
find_step(enum store_authz_state from, enum store_authz_state to)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].from == from && steps[i].to == to)
			return &steps[i];
	return NULL;
}

bool
note_audit(struct engine *e, int64_t now, const char *actor, const char *action,
    const char *object, const char *detail, struct fault *f)
{
	struct store_audit	row = {
		.time = now, .actor = actor, .action = action,
		.object = object, .detail = detail,
	};

	return store_audit_insert(e->p.store, &row, f);
}

bool
note_event_said(struct engine *e, int64_t now, int kind, const struct store_authz *z,
    int64_t cert, struct view said, struct fault *f)
{
	char			detail[SAID_MAX];
	struct store_event	row = {
		.time = now, .kind = kind, .authz = z->n, .admin = z->admin, .cert = cert,
		.detail = detail,
	};

	text_escape(said, 0, detail, sizeof(detail));
	return store_event_insert(e->p.store, &row, f);
}

bool
note_event(struct engine *e, int64_t now, int kind, const struct store_authz *z,
    int64_t cert, int failure, struct fault *f)
{
	struct store_event	row = {
		.time = now, .kind = kind, .authz = z->n, .admin = z->admin,
		.cert = cert, .failure = failure,
	};

	return store_event_insert(e->p.store, &row, f);
}

/* A request that waits ends with its authorization. */
static bool
end_held(struct engine *e, const struct store_authz *z, int64_t now, struct fault *f)
{
	struct store_approval		q;
	enum store_approval_state	from;
	bool				done;

	if (!store_approval_find_open(e->p.store, z->n, e->scratch, &q, f))
		return false;
	from = q.state;
	q.state = STORE_APPROVAL_CANCELLED;
	q.closed = now;
	return q.n == 0 || store_approval_update(e->p.store, &q, from, &done, f);
}

/*
 * Move z from the state it was read in.  *done false: somebody was faster and
 * nothing was written.
 */
bool
authz_move(struct engine *e, struct store_authz *z, enum store_authz_state to,
    const char *actor, int64_t now, bool *done, struct fault *f)
{
	enum store_authz_state	 from = z->state;
	const struct step	*s = find_step(from, to);
	char			 action[64], object[64];

	if (s == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "authorization %" PRId64
		    ": no way from %s to %s", z->n, cvp_state_name((enum cvp_state)from),
		    cvp_state_name((enum cvp_state)to));
	if (z->held && to != STORE_AUTHZ_IN_PROGRESS) {
		if (!end_held(e, z, now, f))
			return false;
		z->held = false;
	}
	z->state = to;
	z->changed = now;
	if (!store_authz_update(e->p.store, z, from, done, f))
		return false;
	if (!*done) {
		z->state = from;
		return true;
	}
	/* A key the PKI made is needed until it is confirmed, and no longer. */
	if ((from == STORE_AUTHZ_IN_PROGRESS || from == STORE_AUTHZ_ISSUED) &&
	    to != STORE_AUTHZ_ISSUED && !store_generated_erase(e->p.store, z->n, f))
		return false;
	snprintf(action, sizeof(action), "authz %s>%s", cvp_state_name((enum cvp_state)from),
	    cvp_state_name((enum cvp_state)to));
	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	return note_audit(e, now, actor, action, object, z->id, f) &&
	    (s->event == 0 || note_event(e, now, s->event, z, z->cert, 0, f));
}

/* --- without a token -------------------------------------------------------------------- */

static bool
must_move(struct engine *e, struct store_authz *z, enum store_authz_state to,
    const char *actor, int64_t now, struct fault *f)
{
	bool	done;

	return authz_move(e, z, to, actor, now, &done, f) &&
	    (done || fault_set(f, FAULT_BUSY, "", "authorization \"%s\" moved", z->id));
}

/* Nobody can repeat it: no key for that is kept, nobody has a receipt to acknowledge. */
bool
authz_void(struct engine *e, struct store_authz *z, const char *actor, int64_t now,
    struct fault *f)
{
	if (z->batch != 0 && !store_batch_drop_secrets(e->p.store, z->batch, z->n,
	    f))
		return false;
	z->sealed = z->sealed_cancel = VIEW_NONE;
	z->confirm_by = now;
	return must_move(e, z, STORE_AUTHZ_CANCELLED, actor, now, f);
}

/* Its seal stays as it is. */
bool
authz_lock(struct engine *e, struct store_authz *z, const char *actor, int64_t now,
    struct fault *f)
{
	return must_move(e, z, STORE_AUTHZ_LOCKED, actor, now, f);
}

bool
authz_unlock(struct engine *e, struct store_authz *z, const char *actor, int64_t now,
    struct fault *f)
{
	enum store_authz_state	to = now > z->window_to ? STORE_AUTHZ_EXPIRED :
	    now < z->window_from ? STORE_AUTHZ_WAITING : STORE_AUTHZ_OPEN;

	if (to == STORE_AUTHZ_EXPIRED)
		z->sealed = VIEW_NONE;
	return must_move(e, z, to, actor, now, f);
}

/* --- requests, seals --------------------------------------------------------------------- */

bool
work_record_request(struct work *w, struct store_authz *z, int64_t cert)
{
	struct store_request	r = {
		.prev = z->request, .authz = z->n, .cert = cert,
		.transaction = w->verified.transaction,
		.client_nonce = w->verified.sender_nonce,
		.server_nonce = view_of(w->answer.nonce, sizeof(w->answer.nonce)),
		.created = w->now,
	};

	memcpy(r.spki_hash, w->candidate.spki_hash, sizeof(r.spki_hash));
	memcpy(r.digest, w->opened.digest, sizeof(r.digest));
	if (!store_request_insert(w->e->p.store, &r, &w->fault))
		return false;
	z->request = r.n;
	return true;
}

/* These steps need no new seal: it stays that of the state before. */
static uint8_t
sealed_state(const struct store_authz *z)
{
	switch (z->state) {
	case STORE_AUTHZ_WAITING:
		return STORE_AUTHZ_OPEN;
	case STORE_AUTHZ_CONFIRMED:
		return STORE_AUTHZ_ISSUED;
	case STORE_AUTHZ_LOCKED:
		return z->bound ? STORE_AUTHZ_IN_PROGRESS : STORE_AUTHZ_OPEN;
	default:
		return (uint8_t)z->state;
	}
}

/* Of a template in use, or of an older version in the store; empty if there is none. */
static bool
template_facts(struct engine *e, int64_t n, struct arena *a, struct seal_facts *out,
    struct fault *f)
{
	struct template_since	s;

	if (!catalogue_since(e, n, a, &s, f))
		return false;
	out->template = s.name;
	memcpy(out->content, s.content, sizeof(out->content));
	return true;
}

/* What the seal of z is bound to. */
bool
seal_facts_of(struct engine *e, const struct store_authz *z, struct arena *a,
    struct seal_facts *out, struct fault *f)
{
	struct store_admin	ad = { 0 };

	if (z->admin != 0 && !store_admin_find_n(e->p.store, z->admin, a, &ad, f))
		return false;
	*out = (struct seal_facts){
		.id = view_str(z->id),
		.admin = z->admin == 0 ? VIEW_LIT("operator") : view_str(ad.name),
		.replaces = z->replaces,
		.state = sealed_state(z),
		.epoch = z->epoch,
	};
	if (!template_facts(e, z->template, a, out, f))
		return false;
	/* Of a cancelled one only their digest is left. */
	if (z->state == STORE_AUTHZ_CANCELLED && z->terms.n == 0)
		memcpy(out->terms_digest, z->content_digest, sizeof(out->terms_digest));
	else
		sha256(z->terms, out->terms_digest);
	if (z->state != STORE_AUTHZ_CANCELLED)
		sha256(view_str(z->label), out->label_digest);
	if (z->bound)
		memcpy(out->spki_hash, z->spki_hash, sizeof(out->spki_hash));
	return true;
}

/*
 * Rights are words: "*" for all, else "TEMPLATE:RIGHT" parted by spaces, where
 * either side may be "*".
 */
bool
admin_may(const struct store_admin *ad, const char *template, const char *right)
{
	const char	*p = ad->rights;

	while (p != NULL && *p != '\0') {
		size_t		 n = strcspn(p, " ");
		const char	*colon = memchr(p, ':', n);

		if (n == 1 && *p == '*')
			return true;
		if (colon != NULL) {
			size_t	t = (size_t)(colon - p), r = n - t - 1;

			if (((t == 1 && *p == '*') ||
			    (strlen(template) == t && memcmp(p, template, t) == 0)) &&
			    ((r == 1 && colon[1] == '*') ||
			    (strlen(right) == r && memcmp(colon + 1, right, r) == 0)))
				return true;
		}
		p += n + (p[n] == ' ');
	}
	return false;
}

bool
admin_may_all(const struct store_admin *ad)
{
	const char	*p = ad->rights;

	while (p != NULL && *p != '\0') {
		size_t	n = strcspn(p, " ");

		if (n == 1 && *p == '*')
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

bool
template_makes_admins(const struct template *t)
{
	return strcmp(t->name, "admin") == 0;
}
