/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The templates as the store knows them: each content has one version, which
 * no other content ever gets, and each step is told (RFC 4809, 3.2.4.1; minutes:
 * created, versioned, retired).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "pki/work.h"
#include "profile/template_file.h"

/* --- versions --------------------------------------------------------------------- */

static void
set_version(struct template_entry *t, int64_t version)
{
	t->t.version = (uint32_t)version;
	buf_reset(&t->der);
	template_put(&t->t, &t->der);
	sha256(buf_view(&t->der), t->digest);
}

/* The operator's log, the audit trail; and the Admins, unless it is the first of its name. */
static bool
tell(struct engine *e, const struct store_template *t, const char *action, bool event,
    int64_t now, struct fault *f)
{
	struct store_event	row = { .time = now, .kind = CVP_EVENT_TEMPLATE_CHANGED,
		.template = t->n };
	char			hex[2 * SHA256_OCTETS + 1], object[TEMPLATE_NAME_MAX + 16], detail[128];

	hex_encode(view_of(t->digest, sizeof(t->digest)), hex);
	snprintf(object, sizeof(object), "template:%.*s", TEMPLATE_NAME_MAX, t->name);
	snprintf(detail, sizeof(detail), "version %" PRId64 ", sha256 %s", t->version, hex);
	log_line(LOG_LEVEL_INFO, action, "name=%s version=%" PRId64 " sha256=%s", t->name,
	    t->version, hex);
	return note_audit(e, now, "pki", action, object, detail, f) &&
	    (!event || store_event_insert(e->p.store, &row, f));
}

static bool
add_version(struct engine *e, struct template_entry *t, const struct store_template *last,
    int64_t now, struct fault *f)
{
	struct store_template	row = {
		.name = t->t.name, .version = t->t.version, .der = buf_view(&t->der),
		.created = now,
	};
	bool			done;

	memcpy(row.digest, t->digest, sizeof(row.digest));
	if (last->n != 0 && last->retired == 0 &&
	    !store_template_retire(e->p.store, last->n, now, &done, f))
		return false;
	if (!buf_check(&t->der, "template", f) || !store_template_insert(e->p.store, &row, f))
		return false;
	t->n = row.n;
	return tell(e, &row, "template in use", last->n != 0, now, f);
}

/* The stored version if it says the same; else the next, or a higher one that the file states. */
static bool
sync_one(struct engine *e, struct template_entry *t, int64_t now, struct fault *f)
{
	struct store_template	last;
	int64_t			stated = t->t.version;

	if (!store_template_last(e->p.store, t->t.name, e->scratch, &last, f))
		return false;
	if (last.n != 0 && last.retired == 0 && stated <= last.version) {
		set_version(t, last.version);
		if (memcmp(last.digest, t->digest, sizeof(last.digest)) == 0) {
			t->n = last.n;
			return true;
		}
	}
	if (last.version == UINT32_MAX)
		return fault_set(f, FAULT_LIMIT, "", "template \"%s\" has no version left", t->t.name);
	set_version(t, stated > last.version ? stated : last.version + 1);
	return add_version(e, t, &last, now, f);
}

/* --- what is gone ------------------------------------------------------------------------ */

struct gone {
	struct engine	*e;
	int64_t		 n[TEMPLATES_MAX];
	size_t		 count;
};

static bool
note_gone(void *ctx, const struct store_template *t, struct fault *f)
{
	struct gone	*g = ctx;

	if (t->retired != 0 || templates_find(&g->e->templates, view_str(t->name)) != NULL)
		return true;
	if (g->count == TEMPLATES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d templates without a file",
		    TEMPLATES_MAX);
	g->n[g->count++] = t->n;
	return true;
}

static bool
retire_gone(struct engine *e, int64_t now, struct fault *f)
{
	struct store_template	t;
	struct gone		g = { .e = e };
	bool			done;

	if (!store_template_walk(e->p.store, note_gone, &g, f))
		return false;
	for (size_t i = 0; i < g.count; i++)
		if (!store_template_find_n(e->p.store, g.n[i], e->scratch, &t, f) ||
		    !store_template_retire(e->p.store, t.n, now, &done, f) ||
		    !tell(e, &t, "template retired", true, now, f))
			return false;
	return true;
}

bool
catalogue_sync(struct engine *e, int64_t now, struct fault *f)
{
	for (size_t i = 0; i < e->templates.n; i++)
		if (!sync_one(e, &e->templates.list[i], now, f))
			return false;
	return retire_gone(e, now, f);
}

/* --- what has become of a version ------------------------------------------------------ */

/* A version that is in use no more, as it was. */
static bool
read_old(const struct store_template *t, struct arena *a, struct template_since *out,
    struct fault *f)
{
	struct cvp_template_info	info;
	struct buf			list;
	struct view			copy;

	buf_init(&list, t->der.n + 16);
	der_put(&list, DER_SEQUENCE, t->der);
	copy = arena_copy(a, buf_view(&list));
	buf_clear(&list);
	if (copy.p == NULL)
		return arena_fault(f);
	if (!cvp_template_info_decode(copy, a, &info, f) || info.n != 1)
		return fault_within(f, "template %" PRId64, t->n);
	out->settings = info.v[0].settings;
	template_content(out->name, out->settings, out->content);
	memcpy(out->digest, t->digest, sizeof(out->digest));
	if ((out->old = arena_alloc(a, sizeof(*out->old))) == NULL)
		return arena_fault(f);
	return template_of_settings(out->settings, out->name, (uint64_t)t->version, out->old, f);
}

bool
catalogue_since(struct engine *e, int64_t n, struct arena *a, struct template_since *out,
    struct fault *f)
{
	struct template_entry	*use = n == 0 ? NULL : templates_find_n(&e->templates, n);
	struct store_template	 t;

	memset(out, 0, sizeof(*out));
	if (use != NULL) {
		out->name = view_str(use->t.name);
		memcpy(out->content, use->content, sizeof(out->content));
		out->now = use;
		return true;
	}
	if (n == 0)
		return true;
	if (!store_template_find_n(e->p.store, n, a, &t, f))
		return false;
	if (t.n == 0)
		return true;
	out->name = view_str(t.name);
	out->now = templates_find(&e->templates, out->name);
	if (!read_old(&t, a, out, f))
		return false;
	out->changed = out->now != NULL &&
	    memcmp(out->content, out->now->content, sizeof(out->content)) != 0;
	return true;
}

void
catalogue_tell(const struct template_since *s, enum template_fate fate, struct fault *f)
{
	char	old[2 * SHA256_OCTETS + 1], now[2 * SHA256_OCTETS + 1];

	hex_encode(view_of(s->digest, sizeof(s->digest)), old);
	hex_encode(view_of(s->now->digest, sizeof(s->now->digest)), now);
	fault_set(f, FAULT_REFUSED, "RFC 4809, 3.2.5", "template %s, %s: from version %u, sha256 "
	    "%s, to version %u, sha256 %s", s->now->t.name, template_fate_name(fate),
	    s->old->version, old, s->now->t.version, now);
}

/* --- the signed file ----------------------------------------------------------------------- */

bool
catalogue_export(struct engine *e, const char *name, int64_t version,
    struct store_template *out, struct buf *signed_file, struct fault *f)
{
	struct respond_request	r = { 0 };
	struct frame		fr;
	struct view		message;
	struct buf		content;
	size_t			used;
	bool			ok;

	if (!store_template_find(e->p.store, name, version, e->scratch, out, f))
		return false;
	if (out->n == 0)
		return fault_set(f, FAULT_NOT_FOUND, "", version == 0 ? "no template \"%s\" is in "
		    "use" : "template \"%s\" has no such version", name);
	buf_init(&content, FRAME_BODY_MAX);
	template_seal_content(out->der, &content);
	r.content = buf_view(&content);
	buf_reset(&e->questions);
	signer_put_respond(&e->questions, &r);
	ok = buf_check(&content, "template", f) && engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_object(&fr, SIGNER_RESPOND, &message, f);
	if (ok)
		buf_add_view(signed_file, message);
	buf_clear(&content);
	return ok && buf_check(signed_file, "template", f);
}
