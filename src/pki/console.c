/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/crl.h"
#include "pki/console_parts.h"
#include "pki/journal.h"
#include "profile/prepare.h"

#define CERTS_MAX	STORE_OWNERS_MAX
#define ADMIN_NAME_MAX	40

/* --- the wire --------------------------------------------------------------------------- */

void
console_put_request(struct buf *b, const struct console_request *q)
{
	wire_put_u32(b, (uint32_t)q->n);
	for (size_t i = 0; i < q->n; i++)
		wire_put_view(b, q->words[i]);
}

size_t
console_word_max(const struct console_request *q, size_t i)
{
	return i == 1 && view_equal(q->words[0], VIEW_LIT(CONSOLE_FILE_VERB)) ? CONSOLE_FILE_MAX :
	    CONSOLE_WORD_MAX;
}

bool
console_get_request(struct view body, struct console_request *out, struct fault *f)
{
	struct wire	w;
	size_t		at;

	*out = (struct console_request){ 0 };
	wire_init(&w, body);
	out->n = wire_get_u32(&w);
	if (out->n == 0 || out->n > CONSOLE_WORDS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu words, 1 to %d are taken", out->n,
		    CONSOLE_WORDS_MAX);
	for (size_t i = 0; i < out->n; i++) {
		out->words[i] = wire_get_view(&w);
		if (out->words[i].n > console_word_max(out, i) || !utf8_valid(out->words[i], &at))
			return fault_set(f, FAULT_MALFORMED, "", "word %zu is too long or not UTF-8",
			    i + 1);
	}
	return wire_end(&w, "operator's request", f);
}

void
console_put_answer(struct buf *b, struct view json, const struct fault *f)
{
	wire_put_u8(b, (uint8_t)f->kind);
	wire_put_view(b, view_str(f->rule));
	wire_put_view(b, view_str(f->text));
	wire_put_view(b, json);
}

bool
console_get_answer(struct view body, struct buf *out, struct fault *f)
{
	struct view	rule, text, json;
	struct wire	w;
	uint8_t		kind;
	char		said[FAULT_RULE_MAX];

	wire_init(&w, body);
	kind = wire_get_u8(&w);
	rule = wire_get_view(&w);
	text = wire_get_view(&w);
	json = wire_get_view(&w);
	if (!wire_end(&w, "answer to the operator", f))
		return false;
	if (kind != FAULT_NONE) {
		snprintf(said, sizeof(said), "%.*s", (int)rule.n, (const char *)rule.p);
		return fault_set(f, kind <= FAULT_INTERNAL ? (enum fault_kind)kind : FAULT_INTERNAL,
		    said, "%.*s", (int)text.n, (const char *)text.p);
	}
	buf_add_view(out, json);
	return buf_check(out, "answer to the operator", f);
}

/* --- one request -------------------------------------------------------------------------- */

bool
console_audit(struct call *c, const char *action, const char *object, const char *detail,
    struct fault *f)
{
	return note_audit(c->e, c->now, OPERATOR, action, object, detail, f);
}

/* --- cancel ------------------------------------------------------------------------------ */

static bool
find_authz(struct call *c, struct store_authz *z, struct fault *f)
{
	if (!store_authz_find(c->e->p.store, view_str(c->words[1]), c->a, z, f))
		return false;
	return z->n != 0 || fault_set(f, FAULT_NOT_FOUND, "", "there is no authorization \"%s\"",
	    c->words[1]);
}

static bool
do_cancel(struct call *c, struct fault *f)
{
	struct store_authz	z;

	if (!find_authz(c, &z, f))
		return false;
	if (z.state != STORE_AUTHZ_WAITING && z.state != STORE_AUTHZ_OPEN &&
	    z.state != STORE_AUTHZ_LOCKED && !(z.held && z.state == STORE_AUTHZ_IN_PROGRESS))
		return fault_set(f, FAULT_CONFLICT, "", "authorization \"%s\" is %s: only what was "
		    "not used can be cancelled", z.id, cvp_state_name((enum cvp_state)z.state));
	return ask_note(c->e, JOURNAL_CANCELLED, &z, f) &&
	    authz_void(c->e, &z, OPERATOR, c->now, f) && engine_note_journal(c->e, f);
}

/* --- lock, unlock ------------------------------------------------------------------------- */

static bool
note_step(struct call *c, const char *action, const struct store_authz *z, const char *why,
    struct fault *f)
{
	char	object[64];

	snprintf(object, sizeof(object), "authz:%" PRId64, z->n);
	json_object_set_new(c->answer, "id", json_string(z->id));
	json_object_set_new(c->answer, "state", json_string(cvp_state_name((enum cvp_state)z->state)));
	return console_audit(c, action, object, why, f);
}

/* Its token is refused until it is unlocked; the seal stays as it is. */
static bool
do_lock(struct call *c, struct fault *f)
{
	struct store_authz	z;

	if (!find_authz(c, &z, f))
		return false;
	if (z.state != STORE_AUTHZ_WAITING && z.state != STORE_AUTHZ_OPEN)
		return fault_set(f, FAULT_CONFLICT, "", "authorization \"%s\" is %s: only what was "
		    "not used can be locked", z.id, cvp_state_name((enum cvp_state)z.state));
	return ask_note(c->e, JOURNAL_LOCKED, &z, f) &&
	    authz_lock(c->e, &z, OPERATOR, c->now, f) && engine_note_journal(c->e, f) &&
	    note_step(c, "authz lock", &z, c->words[2], f);
}

/* What was in use when an older database was found is not to be used again. */
static bool
do_unlock(struct call *c, struct fault *f)
{
	struct store_authz	z;

	if (!find_authz(c, &z, f))
		return false;
	if (z.state != STORE_AUTHZ_LOCKED)
		return fault_set(f, FAULT_CONFLICT, "", "authorization \"%s\" is %s, not locked", z.id,
		    cvp_state_name((enum cvp_state)z.state));
	if (z.bound || z.cert != 0)
		return fault_set(f, FAULT_CONFLICT, "corrections, 1", "authorization \"%s\" was being "
		    "used when it was locked: cancel it, and authorize again", z.id);
	return ask_note(c->e, JOURNAL_UNLOCKED, &z, f) &&
	    authz_unlock(c->e, &z, OPERATOR, c->now, f) && engine_note_journal(c->e, f) &&
	    note_step(c, "authz unlock", &z, "", f);
}

static bool
do_crl(struct call *c, struct fault *f)
{
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++)
		c->e->crl_dirty[ca] = authority_is_here(&c->e->authorities, ca);
	return console_audit(c, "crl ordered", "", "", f);
}

/* --- Admins ------------------------------------------------------------------------------------ */

static bool
is_right(const char *word, size_t n)
{
	static const char *const	rights[] = { "authorize", "enroll", "foreign", "revoke",
		"query", RIGHT_TEMPLATE, "*" };

	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		if (strlen(rights[i]) == n && memcmp(word, rights[i], n) == 0)
			return true;
	return false;
}

/* Its author may bring one that is not there yet. */
static bool
names_new_template(const char *name, size_t n, const char *right, size_t n_right)
{
	return view_equal(view_of(right, n_right), VIEW_LIT(RIGHT_TEMPLATE)) && n > 0 &&
	    n <= TEMPLATE_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static bool
check_right(const struct engine *e, const char *word, size_t n, struct fault *f)
{
	const char	*colon = memchr(word, ':', n);
	size_t		 t = colon == NULL ? 0 : (size_t)(colon - word);

	if (n == 1 && word[0] == '*')
		return true;
	if (colon == NULL || !is_right(colon + 1, n - t - 1))
		return fault_set(f, FAULT_USAGE, "", "right \"%.*s\": want TEMPLATE:RIGHT with "
		    "authorize, enroll, foreign, revoke, query, " RIGHT_TEMPLATE " or *", (int)n, word);
	if ((t == 1 && word[0] == '*') || names_new_template(word, t, colon + 1, n - t - 1) ||
	    templates_find(&e->templates, view_of(word, t)) != NULL)
		return true;
	return fault_set(f, FAULT_NOT_FOUND, "", "right \"%.*s\": there is no template \"%.*s\"",
	    (int)n, word, (int)t, word);
}

static bool
check_rights(const struct engine *e, const char *rights, struct fault *f)
{
	for (const char *p = rights; *p != '\0';) {
		size_t	n = strcspn(p, " ");

		if (n > 0 && !check_right(e, p, n, f))
			return false;
		p += n + (p[n] == ' ');
	}
	return rights[0] != '\0' || fault_set(f, FAULT_USAGE, "", "no rights: use admin-remove");
}

static bool
check_name(const char *name, struct fault *f)
{
	size_t	n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n > 0 && n <= ADMIN_NAME_MAX && name[n] == '\0' && name[0] != '-')
		return true;
	return fault_set(f, FAULT_USAGE, "", "Admin \"%s\": want up to %d of a-z, 0-9 and -", name,
	    ADMIN_NAME_MAX);
}

static bool
find_admin(struct call *c, struct store_admin *out, struct fault *f)
{
	if (!store_admin_find(c->e->p.store, c->words[1], c->a, out, f))
		return false;
	return out->n != 0 || fault_set(f, FAULT_NOT_FOUND, "", "there is no Admin \"%s\"",
	    c->words[1]);
}

static bool
do_admin_add(struct call *c, struct fault *f)
{
	struct store_admin	ad;

	if (!check_name(c->words[1], f) || !check_rights(c->e, c->words[2], f) ||
	    !store_admin_find(c->e->p.store, c->words[1], c->a, &ad, f))
		return false;
	if (ad.n != 0)
		return fault_set(f, FAULT_CONFLICT, "", "there is an Admin \"%s\" already: change "
		    "its rights instead", c->words[1]);
	ad = (struct store_admin){ .name = c->words[1], .rights = c->words[2], .created = c->now };
	return store_admin_insert(c->e->p.store, &ad, f) &&
	    console_audit(c, "admin added", c->words[1], c->words[2], f);
}

static bool
do_admin_rights(struct call *c, struct fault *f)
{
	struct store_admin	ad;
	bool			done;

	return find_admin(c, &ad, f) && check_rights(c->e, c->words[2], f) &&
	    store_admin_set_rights(c->e->p.store, ad.n, c->words[2], &done, f) &&
	    console_audit(c, "admin rights", c->words[1], c->words[2], f);
}

static bool
do_admin_remove(struct call *c, struct fault *f)
{
	struct store_admin	ad;
	int64_t			certs[CERTS_MAX];
	size_t			n;
	bool			done;
	json_t			*list = json_array();

	json_object_set_new(c->answer, "revoked", list);
	if (!find_admin(c, &ad, f) ||
	    !store_admin_set_rights(c->e->p.store, ad.n, "", &done, f) ||
	    !store_admin_certs(c->e->p.store, ad.n, certs, CERTS_MAX, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!console_revoke_one(c, certs[i], CRL_PRIVILEGE_WITHDRAWN, list, f))
			return false;
	return console_audit(c, "admin removed", c->words[1], "", f);
}

static bool
list_admin(void *ctx, const struct store_admin *ad, struct fault *f)
{
	struct call	*c = ctx;
	json_t		*o = json_pack("{s:I, s:s, s:s}", "n", (json_int_t)ad->n, "name", ad->name,
		    "rights", ad->rights);

	if (o == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	json_array_append_new(json_object_get(c->answer, "admins"), o);
	return true;
}

static bool
add_admin_certs(struct call *c, json_t *ad, struct fault *f)
{
	int64_t	certs[CERTS_MAX];
	size_t	n;
	json_t	*list = json_array();

	json_object_set_new(ad, "certificates", list);
	if (!store_admin_certs(c->e->p.store, json_integer_value(json_object_get(ad, "n")), certs,
	    CERTS_MAX, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		char			serial[2 * STORE_SERIAL_OCTETS + 1], until[32];
		struct store_cert	cert;

		if (!store_cert_find(c->e->p.store, certs[i], false, c->a, &cert, f))
			return false;
		hex_encode(view_of(cert.serial, sizeof(cert.serial)), serial);
		date_format(cert.not_after, until);
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "serial", serial,
		    "not_after", until, "good", cert.state == STORE_CERT_CONFIRMED &&
		    cert.not_after > c->now));
	}
	return true;
}

static bool
do_admins(struct call *c, struct fault *f)
{
	json_t	*list = json_array(), *ad;
	size_t	i;

	json_object_set_new(c->answer, "admins", list);
	if (!store_admin_walk(c->e->p.store, list_admin, c, f))
		return false;
	json_array_foreach(list, i, ad)
		if (!add_admin_certs(c, ad, f))
			return false;
	return true;
}

/* --- verbs ------------------------------------------------------------------------------------- */

static const struct verb {
	const char	*name;
	size_t		 words;		/* with the verb */
	bool		(*run)(struct call *c, struct fault *f);
} verbs[] = {
	{ "revoke", 3, console_revoke },
	{ "revoke-where", 6, console_revoke_where },
	{ "cancel", 2, do_cancel },
	{ "lock", 3, do_lock },
	{ "unlock", 2, do_unlock },
	{ "crl", 1, do_crl },
	{ "clock", 1, console_clock },
	{ "clock-accept", 1, console_clock_accept },
	{ "queue", 1, console_queue },
	{ "approve", 4, console_approve },
	{ "reject", 4, console_reject },
	{ "admins", 1, do_admins },
	{ "admin-add", 3, do_admin_add },
	{ "admin-rights", 3, do_admin_rights },
	{ "admin-remove", 2, do_admin_remove },
	{ "templates", 1, console_templates },
	{ "template-file", 3, console_template_file },
	{ CONSOLE_FILE_VERB, 2, console_template_import },
	{ "hint-add", 9, console_hint_add },
	{ "hints", 1, console_hints },
	{ "hint-clear", 2, console_hint_clear },
};

static const struct verb *
find_verb(const struct console_request *q, struct fault *f)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (view_equal(q->words[0], view_str(verbs[i].name))) {
			if (verbs[i].words == q->n)
				return &verbs[i];
			fault_set(f, FAULT_USAGE, "", "%s takes %zu words", verbs[i].name,
			    verbs[i].words - 1);
			return NULL;
		}
	fault_set(f, FAULT_USAGE, "", "an operator's verb this engine does not know: was the "
	    "server started by an older program?");
	return NULL;
}

static bool
copy_words(struct call *c, const struct console_request *q, struct fault *f)
{
	for (size_t i = 0; i < q->n; i++)
		if ((c->words[i] = arena_str(c->a, q->words[i])) == NULL)
			return arena_fault(f);
	c->n = q->n;
	return true;
}

/* In one transaction, with the CRLs that it makes due. */
static bool
carry_out(struct call *c, const struct verb *v, struct fault *f)
{
	if (store_begin(c->e->p.store, f) && v->run(c, f) && publish_due(c->e, c->now, f) &&
	    store_commit(c->e->p.store, f)) {
		if (c->clock_accepted)
			engine_take_clock(c->e, c->now);
		publish_committed(c->e);
		return true;
	}
	store_rollback(c->e->p.store);
	publish_undone(c->e);
	return false;
}

bool
console_run(struct engine *e, const struct console_request *q, int64_t now, struct buf *out,
    struct fault *f)
{
	struct call		 c = { .e = e, .a = e->scratch, .now = now };
	const struct verb	*v = find_verb(q, f);
	char			*text = NULL;
	bool			 ok;

	if (v == NULL)
		return false;
	c.answer = json_object();
	ok = copy_words(&c, q, f) && carry_out(&c, v, f) &&
	    ((text = json_dumps(c.answer, JSON_COMPACT)) != NULL ||
	    fault_set(f, FAULT_INTERNAL, "", "out of memory"));
	if (ok) {
		buf_add_str(out, text);
		log_line(LOG_LEVEL_INFO, "operator", "verb=%s", v->name);
	}
	free(text);
	json_decref(c.answer);
	arena_reset(e->scratch);
	return ok && buf_check(out, "answer to the operator", f);
}
