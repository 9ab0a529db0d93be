/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin reauthorize: the same device, on the same terms, under a new id: a new
 * ticket for one that was lost or seen, that ran out, or that is to be good for
 * longer or shorter (ADR 0025); with --lost-key for a device in use, whose
 * certificate ends when the ticket is used.
 *
 * What waits is cancelled first (RFC 4809, 3.2.4.4).  Before that the ids and
 * the list to authorize are on disk, in DIR/reauthorize: whatever ends the
 * command, the next one finishes it, and nothing is cancelled twice.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/authorize.h"
#include "admin/cancel.h"
#include "admin/commands.h"
#include "admin/selection.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_NAME	"reauthorize"
#define LIST_NAME	"the devices to reauthorize"

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "out", "DIR", "tickets", "where the tickets go, one file per device" },
	{ "window", "TIME", "2w", "how long the new tickets are good; the template may say less" },
	{ "lost-key", NULL, NULL, "for devices with a certificate whose key is lost: the ticket "
	    "replaces it" },
	{ "exact", NULL, NULL, "rather no authorization than one that is less than asked for" },
	SELECTION_OPTIONS,
	SELECTION_SAFETY,
	{ 0 },
};

struct reauthorization {
	struct session		*s;
	bool			 lost;		/* the keys of what is in use */
	struct targets		 all;		/* what is meant */
	struct entry_terms	*terms;		/* of each, once the PKI has said them */
	bool			*approval;	/* by hand, likewise */
	struct targets		 waiting;	/* of these: to be cancelled */
	struct buf		*list;
};

/* --- what is meant -------------------------------------------------------------------- */

static bool
is_unused(const struct target *t)
{
	return t->state == CVP_STATE_WAITING || t->state == CVP_STATE_OPEN;
}

/* Has the device another authorization that may be alive? */
static bool
has_another(const struct inventory *inv, const struct target *t)
{
	for (size_t i = 0; i < inv->n; i++)
		if (&inv->v[i] != t->known && inv->v[i].end[0] == '\0' &&
		    identity_equal(&inv->v[i].d.ids[0], &t->known->d.ids[0]))
			return true;
	return false;
}

/* What selection_find() takes; whether it has another comes later. */
static bool
can_be_renewed(const struct target *t)
{
	return t->known != NULL && (is_unused(t) || t->state == CVP_STATE_EXPIRED);
}

static bool
has_lost_key(const struct target *t)
{
	return t->known != NULL && t->state == CVP_STATE_CONFIRMED;
}

static bool
check_lost(const struct target *t, struct fault *f)
{
	return t->state == CVP_STATE_CONFIRMED || fault_set(f, FAULT_CONFLICT, "", "\"%s\" is %s, "
	    "and no certificate of it is in use: reauthorize it without --lost-key", t->name,
	    cvp_state_name(t->state));
}

static bool
check_target(const struct reauthorization *r, const struct target *t, struct fault *f)
{
	if (t->known == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" was not authorized from %s: what is "
		    "to be in its ticket is not known here", t->name, r->s->a.dir);
	if (r->lost)
		return check_lost(t, f);
	if (t->state == CVP_STATE_CONFIRMED || t->state == CVP_STATE_ISSUED)
		return fault_set(f, FAULT_CONFLICT, "", "\"%s\" has a certificate: if its key is lost, "
		    "say so by --lost-key; else revoke it first, or authorize its next one with the "
		    "column \"replaces\"", t->name);
	if (t->state == CVP_STATE_IN_PROGRESS || t->state == CVP_STATE_LOCKED)
		return fault_set(f, FAULT_CONFLICT, "", "\"%s\" is %s: the PKI's operator has to cancel "
		    "it", t->name, cvp_state_name(t->state));
	return true;
}

/* The authorization in use that this one, which waits, is to come after; or NULL. */
static const struct target *
in_use_beside(const struct targets *all, const struct target *t)
{
	for (size_t i = 0; is_unused(t) && t->known != NULL && i < all->n; i++)
		if (all->v[i].word == t->word && has_lost_key(&all->v[i]) &&
		    identity_equal(&all->v[i].known->d.ids[0], &t->known->d.ids[0]))
			return &all->v[i];
	return NULL;
}

/*
 * A ticket that was to replace what is in use, and is lost as well, is cancelled
 * for the next one; without --lost-key there would be none.
 */
static bool
look_beside(struct reauthorization *r, struct fault *f)
{
	if ((r->waiting.v = arena_array(r->s->arena, r->all.n + 1, sizeof(*r->waiting.v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < r->all.n; i++) {
		const struct target	*t = &r->all.v[i];

		if (in_use_beside(&r->all, t) == NULL)
			continue;
		if (!r->lost)
			return fault_set(f, FAULT_CONFLICT, "", "\"%s\" is %s beside a certificate in "
			    "use: if the key of that is lost, say so by --lost-key; else cancel this, "
			    "and authorize the next one with the column \"replaces\"", t->name,
			    cvp_state_name(t->state));
		r->waiting.v[r->waiting.n++] = *t;
	}
	return true;
}

static bool
is_before(const struct reauthorization *r, const struct target *a, const struct target *b)
{
	bool	x = r->lost ? has_lost_key(a) : a->lives, y = r->lost ? has_lost_key(b) : b->lives;

	return x != y ? x : a > b;
}

/* Of several authorizations of a device the one that counts, else the last. */
static void
keep_one_each(struct reauthorization *r, bool by_name)
{
	size_t	n = 0;

	for (size_t i = 0; i < r->all.n; i++) {
		const struct target	*t = &r->all.v[i];
		bool			 last = true;

		for (size_t k = 0; by_name && k < r->all.n; k++)
			if (k != i && r->all.v[k].word == t->word && is_before(r, &r->all.v[k], t))
				last = false;
		if (!by_name && !is_unused(t) && has_another(&r->s->inv, t))
			last = false;
		if (last)
			r->all.v[n++] = *t;
	}
	r->all.n = n;
}

static bool
find(struct reauthorization *r, bool *go, struct fault *f)
{
	struct selection	q;

	if (!selection_read(r->s->in, &q, f) ||
	    !selection_find(r->s, &q, r->lost ? has_lost_key : can_be_renewed, &r->all, f))
		return false;
	if (!q.any && !look_beside(r, f))
		return false;
	keep_one_each(r, !q.any);
	if (!r->lost)
		r->waiting = r->all;
	for (size_t i = 0; i < r->all.n; i++)
		if (!check_target(r, &r->all.v[i], f))
			return false;
	return selection_confirm(r->s, &r->all, "reauthorized", go, f);
}

/* --- on which terms ----------------------------------------------------------------------- */

static bool
take_terms(void *ctx, const struct cvp_record *rec, struct fault *f)
{
	struct reauthorization	*r = ctx;

	const struct cvp_terms	*t = rec->effective;

	for (size_t i = 0; t != NULL && i < r->all.n; i++) {
		if (!view_equal(rec->id, view_str(r->all.v[i].id)))
			continue;
		if (t->key_gen.present && t->key_gen.v != CVP_KEYGEN_PEER)
			return fault_set(f, FAULT_CONFLICT, "", "the key of \"%s\" is not made by the "
			    "device: %s authorize it with --generation", r->all.v[i].name,
			    r->lost ? "with the columns \"replaces\" and \"lost-key\"," :
			    "cancel it, and");
		entry_terms_words(t, r->s->arena, &r->terms[i]);
		r->approval[i] = t->approval.present && t->approval.v == CVP_APPROVAL_MANUAL;
	}
	return true;
}

/* What has been erased with its authorization is the template's. */
static bool
ask_terms(struct reauthorization *r, struct fault *f)
{
	struct record_reader	 to = { take_terms, r };
	struct view		*ids = arena_array(r->s->arena, r->all.n + 1, sizeof(*ids));

	r->terms = arena_array(r->s->arena, r->all.n + 1, sizeof(*r->terms));
	r->approval = arena_array(r->s->arena, r->all.n + 1, sizeof(*r->approval));
	if (ids == NULL || r->terms == NULL || r->approval == NULL)
		return arena_fault(f);
	memset(r->terms, 0, (r->all.n + 1) * sizeof(*r->terms));
	memset(r->approval, 0, (r->all.n + 1) * sizeof(*r->approval));
	for (size_t i = 0; i < r->all.n; i++)
		ids[i] = view_str(r->all.v[i].id);
	return records_by_ids(&r->s->a, ids, r->all.n, &to, f);
}

/* --- the list ------------------------------------------------------------------------------- */

static void
put_identities(const struct device *d, enum identity_kind kind, struct buf *out)
{
	bool	first = true;

	for (size_t i = 0; i < d->n_ids; i++)
		if (d->ids[i].kind == kind) {
			buf_addf(out, "%s%s", first ? "" : ";", d->ids[i].text);
			first = false;
		}
	buf_add_u8(out, ',');
}

static void
put_row(const struct target *target, const struct entry_terms *t, bool approval, bool lost,
    struct buf *out)
{
	const struct known	*k = target->known;
	const struct device	*d = &k->d;
	const char		*texts[] = { d->label, d->template, d->group, d->site, d->address };

	for (enum identity_kind kind = IDENTITY_FQDN; kind <= IDENTITY_IPV6; kind++)
		put_identities(d, kind, out);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		csv_put_field(out, texts[i]);
		buf_add_u8(out, ',');
	}
	for (const char *s = d->subnets; *s != '\0'; s++)
		buf_add_u8(out, *s == ',' ? ';' : (uint8_t)*s);
	buf_add_u8(out, ',');
	csv_put_field(out, k->peers != NULL ? k->peers : "");
	buf_addf(out, ",%s,%s,%s", approval ? "manual" : "", lost ? target->serial_text : "",
	    lost ? "yes" : "");
	for (size_t i = 0; i < TERMS; i++) {
		buf_add_u8(out, ',');
		csv_put_field(out, t->text[i] != NULL ? t->text[i] : "");
	}
	buf_add_u8(out, '\n');
}

static bool
put_list(struct reauthorization *r, struct fault *f)
{
	buf_add_str(r->list, "fqdn,email,ipv4,ipv6,label,template,group,site,address,subnets,peer,"
	    "approval,replaces,lost-key");
	for (size_t i = 0; i < TERMS; i++)
		buf_addf(r->list, ",%s", entry_term_names[i]);
	buf_add_u8(r->list, '\n');
	for (size_t i = 0; i < r->all.n; i++)
		put_row(&r->all.v[i], &r->terms[i], r->approval[i], r->lost, r->list);
	return buf_check(r->list, "list", f);
}

/* Before anything is cancelled: the list must be one that can be authorized. */
static bool
check_list(struct reauthorization *r, struct fault *f)
{
	struct problems	*p = arena_alloc(r->s->arena, sizeof(*p));
	struct fleet	 fleet, known;

	if (p == NULL)
		return arena_fault(f);
	memset(p, 0, sizeof(*p));
	p->a = r->s->arena;
	if (!fleet_read(buf_view(r->list), NULL, p, &fleet, f) ||
	    !inventory_fleet(&r->s->inv, &known, f) ||
	    (p->total == 0 && topology_new(&fleet, &known, p, f) == NULL))
		return false;
	if (p->total == 0)
		return true;
	return fault_set(f, FAULT_CONFLICT, "", "%s: %s: nothing was cancelled",
	    p->v[0].line > 1 && p->v[0].line - 2 < r->all.n ? r->all.v[p->v[0].line - 2].name : "",
	    p->v[0].text);
}

/* --- what is under way ------------------------------------------------------------------------ */

static bool
path_of(const struct session *s, char path[ADMIN_PATH_MAX], struct fault *f)
{
	return path_join(path, ADMIN_PATH_MAX, s->a.dir, FILE_NAME, f);
}

/* First line: the ids to cancel; then the list. */
static bool
store(struct reauthorization *r, struct fault *f)
{
	char		path[ADMIN_PATH_MAX];
	struct buf	text;
	bool		ok;

	buf_init(&text, CSV_FILE_MAX + (1u << 20));
	for (size_t i = 0; i < r->waiting.n; i++)
		if (is_unused(&r->waiting.v[i]))
			buf_addf(&text, "%s ", r->waiting.v[i].id);
	buf_add_u8(&text, '\n');
	buf_add_view(&text, buf_view(r->list));
	ok = buf_check(&text, FILE_NAME, f) && path_of(r->s, path, f) &&
	    file_write(path, buf_view(&text), 0600, f);
	buf_clear(&text);
	return ok;
}

static bool
load_ids(struct reauthorization *r, struct view line, struct fault *f)
{
	struct view	*ids = arena_array(r->s->arena, line.n / 2 + 1, sizeof(*ids));
	const char	*text = arena_str(r->s->arena, line);
	size_t		 n = 0;

	if (ids == NULL || text == NULL)
		return arena_fault(f);
	while (*text != '\0') {
		size_t	k = strcspn(text, " ");

		if (k > 0)
			ids[n++] = view_of(text, k);
		text += k + (text[k] == ' ');
	}
	return selection_by_ids(r->s, ids, n, &r->waiting, f);
}

/* *found: an earlier run was interrupted; this is what it was about. */
static bool
load(struct reauthorization *r, bool *found, struct fault *f)
{
	char		 path[ADMIN_PATH_MAX];
	struct buf	 text;
	const uint8_t	*nl;
	bool		 ok;

	if (!path_of(r->s, path, f))
		return false;
	if (!(*found = file_exists(path)))
		return true;
	buf_init(&text, CSV_FILE_MAX + (1u << 20));
	ok = file_read(path, &text, f) && ((nl = memchr(text.p, '\n', text.n)) != NULL ||
	    fault_set(f, FAULT_MALFORMED, "", "%s is damaged: remove it", path)) &&
	    load_ids(r, view_of(text.p, (size_t)(nl - text.p)), f);
	if (ok)
		buf_add(r->list, nl + 1, text.n - (size_t)(nl + 1 - text.p));
	buf_clear(&text);
	return ok;
}

static bool
forget(const char *dir, struct fault *f)
{
	char	path[ADMIN_PATH_MAX];

	return path_join(path, sizeof(path), dir, FILE_NAME, f) && (unlink(path) == 0 ||
	    fault_set(f, FAULT_IO, "", "could not remove %s: %s", path, error_text(errno)));
}

/* --- the command -------------------------------------------------------------------------------- */

/* What is meant is on disk, and what waits of it cancelled; *go: authorize it. */
static bool
begin(struct reauthorization *r, bool *go, struct fault *f)
{
	bool	earlier;

	*go = true;
	if (!load(r, &earlier, f))
		return false;
	if (!earlier) {
		if (!find(r, go, f) || !*go)
			return f->kind == FAULT_NONE;
		*go = r->all.n > 0;
		if (!*go)
			return true;
		if (!ask_terms(r, f) || !put_list(r, f) || !check_list(r, f) || !store(r, f))
			return false;
	} else if (!r->s->in->quiet && !r->s->in->json)
		printf("finishing what an earlier run left\n");
	for (size_t i = 0, n = r->waiting.n; i < n; i++)
		if (!is_unused(&r->waiting.v[i]) && r->waiting.v[i].state != CVP_STATE_CANCELLED &&
		    r->waiting.v[i].state != CVP_STATE_EXPIRED)
			return fault_set(f, FAULT_CONFLICT, "", "\"%s\" was used meanwhile: remove %s/"
			    FILE_NAME " and begin again", r->waiting.v[i].name, r->s->a.dir);
	return cancel_targets(r->s, r->waiting.v, r->waiting.n, f);
}

static int
run(const struct invocation *in)
{
	struct session		s;
	struct reauthorization	r = { .s = &s };
	struct buf		list;
	struct fault		f = { 0 };
	bool			go = false;
	int			code;

	buf_init(&list, CSV_FILE_MAX);
	r.list = &list;
	r.lost = option_given(in, "lost-key");
	if (session_open(&s, in, !option_given(in, "dry-run"), &f) && !begin(&r, &go, &f))
		go = false;
	code = session_end(&s, &f, EXIT_DONE);
	if (go) {
		code = authorize_list(in, buf_view(&list), LIST_NAME);
		fault_clear(&f);
		if (code != EXIT_LATER && !forget(option_value(in, "dir"), &f))
			code = command_fail(in, &f, NULL);
	}
	buf_clear(&list);
	return code;
}

const struct command cmd_admin_reauthorize = {
	.group = "admin", .name = "reauthorize", .args = "[DEVICE...]",
	.max_args = ARGUMENTS_MAX,
	.help = "new tickets on the same terms; what waits is cancelled first",
	.options = options, .run = run,
};
