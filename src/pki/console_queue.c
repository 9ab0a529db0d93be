/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of requests that wait for approval: who waits, who has said what,
 * and a word on one of them (docs/adr/0022).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "pki/console_parts.h"
#include "profile/prepare.h"

#define SHOWN_MAX	1000	/* of the queue in one answer */
#define NAME_KEY_MAX	2048	/* octets: folding may lengthen a name */
#define REASON_MAX	512	/* octets: it goes to the Peer */

/* --- the queue -------------------------------------------------------------------- */

static json_t *
date_json(int64_t t)
{
	char	date[32];

	date_format(t, date);
	return json_string(date);
}

static bool
add_waiting(void *ctx, const struct store_approval *q, struct fault *f)
{
	json_t	*o = json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:o, s:o}",
		    "n", (json_int_t)q->n, "authz", (json_int_t)q->authz,
		    "state", q->state == STORE_APPROVAL_APPROVED ? "approved" : "waiting",
		    "kind", q->kind == STORE_CHANGE_NONE ? "enrolment" : change_name(q->kind),
		    "identity", q->identity, "needed", (json_int_t)q->needed,
		    "since", date_json(q->created), "until", date_json(q->deadline));

	if (o == NULL || json_array_append_new(ctx, o) != 0)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	return true;
}

static bool
add_word(void *ctx, const struct store_approver *p, struct fault *f)
{
	json_t	*o = json_pack("{s:s, s:s, s:s, s:o}", "by", p->name, "says",
		    p->rejects ? "reject" : "approve", "reason", p->reason, "at",
		    date_json(p->time));

	if (o == NULL || json_array_append_new(ctx, o) != 0)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	return true;
}

static bool
add_details(struct call *c, json_t *o, struct fault *f)
{
	struct store_template	t = { 0 };
	struct store_authz	z;
	json_t			*list = json_array();

	json_object_set_new(o, "approvals", list);
	if (!store_authz_find_n(c->e->p.store, json_integer_value(json_object_get(o, "authz")),
	    c->a, &z, f) || !store_approver_walk(c->e->p.store,
	    json_integer_value(json_object_get(o, "n")), add_word, list, f) ||
	    !store_template_find_n(c->e->p.store, z.template, c->a, &t, f))
		return false;
	json_object_set_new(o, "id", json_string(z.id));
	json_object_set_new(o, "label", json_string(z.label));
	json_object_set_new(o, "template", json_string(t.n != 0 ? t.name : ""));
	json_object_del(o, "n");
	json_object_del(o, "authz");
	return true;
}

bool
console_queue(struct call *c, struct fault *f)
{
	int64_t	counts[STORE_APPROVAL_STATES];
	json_t	*list = json_array(), *o;
	size_t	i;

	json_object_set_new(c->answer, "queue", list);
	if (!store_approval_count(c->e->p.store, counts, f) ||
	    !store_approval_walk(c->e->p.store, SHOWN_MAX, add_waiting, list, f))
		return false;
	json_object_set_new(c->answer, "waiting",
	    json_integer(counts[STORE_APPROVAL_WAITING]));
	json_object_set_new(c->answer, "approved",
	    json_integer(counts[STORE_APPROVAL_APPROVED]));
	json_object_set_new(c->answer, "left", json_integer(counts[STORE_APPROVAL_WAITING] +
	    counts[STORE_APPROVAL_APPROVED] - (json_int_t)json_array_size(list)));
	json_array_foreach(list, i, o)
		if (!add_details(c, o, f))
			return false;
	return true;
}

/* --- a word ------------------------------------------------------------------------- */

/* Who speaks on what: verb ID BY REASON, taken apart. */
struct word {
	struct store_authz	 z;
	struct store_approval	 q;
	const char		*name, *key, *reason;
	char			 actor[LABEL_OCTETS_MAX + 16], object[64];
};

static struct view
trim(const char *text)
{
	struct view	v = view_str(text);

	while (v.n > 0 && v.p[0] == ' ')
		v = view_of(v.p + 1, v.n - 1);
	while (v.n > 0 && v.p[v.n - 1] == ' ')
		v.n--;
	return v;
}

/* "Ann", " ann " and "ANN" are one person. */
static bool
take_name(struct call *c, struct word *w, struct fault *f)
{
	struct fault	why = { 0 };
	struct buf	out, key;

	buf_init(&out, LABEL_OCTETS_MAX);
	buf_init(&key, NAME_KEY_MAX);
	if (prepare_label(trim(c->words[2]), &out, &why) &&
	    prepare_name_key(buf_view(&out), &key, &why) && key.n > 0) {
		w->name = arena_str(c->a, buf_view(&out));
		w->key = arena_str(c->a, buf_view(&key));
	}
	buf_clear(&out);
	buf_clear(&key);
	if (w->name == NULL || w->key == NULL)
		return fault_set(f, FAULT_USAGE, "", "--by \"%.80s\": want the name of who decides",
		    c->words[2]);
	snprintf(w->actor, sizeof(w->actor), "operator:%s", w->name);
	return true;
}

/* It is shown to people, in lists, logs and on the device: one visible line. */
static bool
take_reason(struct call *c, struct word *w, struct fault *f)
{
	size_t	n = strlen(c->words[3]);
	char	shown[REASON_MAX * 4 + 1];

	w->reason = c->words[3];
	if (n == 0 || n > REASON_MAX)
		return fault_set(f, FAULT_USAGE, "", "--reason: want 1 to %d octets of text, it "
		    "stays in the audit trail", REASON_MAX);
	text_escape(view_str(w->reason), 0, shown, sizeof(shown));
	return strcmp(shown, w->reason) == 0 || fault_set(f, FAULT_USAGE, "", "--reason "
	    "\"%.80s\": want one line without control characters", w->reason);
}

static bool
find_waiting(struct call *c, struct word *w, struct fault *f)
{
	if (!store_authz_find(c->e->p.store, view_str(c->words[1]), c->a, &w->z, f))
		return false;
	if (w->z.n == 0)
		return fault_set(f, FAULT_NOT_FOUND, "", "there is no authorization \"%s\": "
		    "`pki4ipsec pki queue` has the ids of what waits", c->words[1]);
	if (!store_approval_find_open(c->e->p.store, w->z.n, c->a, &w->q, f))
		return false;
	if (w->q.n == 0 || c->now >= w->q.deadline)
		return fault_set(f, FAULT_NOT_FOUND, "", "no request of authorization \"%s\" waits "
		    "for approval: it is %s", w->z.id,
		    cvp_state_name((enum cvp_state)w->z.state));
	snprintf(w->object, sizeof(w->object), "authz:%" PRId64, w->z.n);
	return true;
}

static bool
take_words(struct call *c, struct word *w, struct fault *f)
{
	return take_name(c, w, f) && take_reason(c, w, f) && find_waiting(c, w, f);
}

struct tally {
	const char	*key;
	int64_t		 approvals;
	bool		 spoke;		/* this one has approved before */
};

static bool
count_word(void *ctx, const struct store_approver *p, struct fault *f)
{
	struct tally	*t = ctx;

	(void)f;
	t->approvals += !p->rejects;
	t->spoke |= !p->rejects && strcmp(p->key, t->key) == 0;
	return true;
}

static bool
note_word(struct call *c, const struct word *w, bool rejects, struct fault *f)
{
	struct store_approver	p = { .approval = w->q.n, .name = w->name, .key = w->key,
		.rejects = rejects, .time = c->now, .reason = w->reason };

	return store_approver_insert(c->e->p.store, &p, f);
}

static void
answer_word(struct call *c, const struct word *w, const char *state, int64_t approvals)
{
	json_object_set_new(c->answer, "id", json_string(w->z.id));
	json_object_set_new(c->answer, "identity", json_string(w->q.identity));
	json_object_set_new(c->answer, "state", json_string(state));
	json_object_set_new(c->answer, "approvals", json_integer(approvals));
	json_object_set_new(c->answer, "needed", json_integer(w->q.needed));
}

/* Its Peer gets as long to come as there was to decide. */
static bool
approve_whole(struct call *c, struct word *w, struct fault *f)
{
	bool	done;

	w->q.state = STORE_APPROVAL_APPROVED;
	w->q.deadline = c->now + (w->q.deadline - w->q.created);
	return store_approval_update(c->e->p.store, &w->q, STORE_APPROVAL_WAITING, &done, f) &&
	    note_event(c->e, c->now, CVP_EVENT_APPROVED, &w->z, w->q.cert, 0, f) &&
	    (done || fault_set(f, FAULT_BUSY, "", "the request moved"));
}

bool
console_approve(struct call *c, struct fault *f)
{
	struct word	w = { .name = NULL };
	struct tally	t = { 0 };
	char		action[64];
	bool		whole;

	if (!take_words(c, &w, f))
		return false;
	t.key = w.key;
	if (!store_approver_walk(c->e->p.store, w.q.n, count_word, &t, f))
		return false;
	if (w.q.state == STORE_APPROVAL_APPROVED)
		return fault_set(f, FAULT_CONFLICT, "", "the request of \"%s\" is approved already: "
		    "its device gets the certificate when it asks again", w.z.id);
	if (t.spoke)
		return fault_set(f, FAULT_CONFLICT, "", "\"%.80s\" has approved the request of "
		    "\"%s\" already: it wants %" PRId64 " different persons", w.name, w.z.id,
		    w.q.needed);
	t.approvals++;
	whole = t.approvals >= w.q.needed;
	snprintf(action, sizeof(action), "request approved, %" PRId64 " of %" PRId64, t.approvals,
	    w.q.needed);
	answer_word(c, &w, whole ? "approved" : "waiting", t.approvals);
	return note_word(c, &w, false, f) &&
	    note_audit(c->e, c->now, w.actor, action, w.object, w.reason, f) &&
	    (!whole || approve_whole(c, &w, f));
}

/* Also what is approved, until its device has come. */
bool
console_reject(struct call *c, struct fault *f)
{
	struct word		w = { .name = NULL };
	struct approval_end	how = { .state = STORE_APPROVAL_REJECTED,
		.code = CVP_NOT_APPROVED, .action = "request rejected" };

	if (!take_words(c, &w, f))
		return false;
	how.reason = w.reason;
	how.actor = w.actor;
	answer_word(c, &w, "rejected", 0);
	return note_word(c, &w, true, f) &&
	    approval_end(c->e, &w.z, &w.q, &how, c->now, f);
}
