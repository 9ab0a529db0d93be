/* SPDX-License-Identifier: Apache-2.0 */
/* What the PKI's operator does without an Admin: the first one's ticket. */
#include <inttypes.h>
#include <stdio.h>

#include "codec/oid.h"
#include "crypt/digest.h"
#include "pki/grant.h"

bool
engine_add_admin(struct engine *e, const char *name, const char *rights, int64_t now,
    struct fault *f)
{
	struct store_admin	ad;
	bool			ok;

	ok = store_begin(e->p.store, f) &&
	    store_admin_find(e->p.store, name, e->scratch, &ad, f);
	if (ok && ad.n == 0) {
		ad = (struct store_admin){ .name = name, .rights = rights, .created = now };
		ok = store_admin_insert(e->p.store, &ad, f) &&
		    note_audit(e, now, "operator", "admin added", name, rights, f);
	}
	ok = ok && store_commit(e->p.store, f);
	if (!ok)
		store_rollback(e->p.store);
	return ok;
}

/* Terms with one name and nothing else said. */
static bool
terms_of(const struct identity *who, struct arena *a, struct cvp_cert *cert,
    struct cvp_terms *out, struct fault *f)
{
	struct general_name	 san;
	struct extension	*ext = arena_alloc(a, sizeof(*ext));
	struct buf		 value;

	if (ext == NULL)
		return arena_fault(f);
	identity_to_san(who, &san);
	buf_init(&value, 1024);
	general_names_put(&value, &san, 1);
	*ext = (struct extension){ .oid = OID_SUBJECT_ALT_NAME,
		.value = arena_copy(a, buf_view(&value)) };
	buf_clear(&value);
	*cert = (struct cvp_cert){ .extensions = ext, .n_extensions = 1 };
	*out = (struct cvp_terms){ .cert = cert };
	return ext->value.p != NULL || arena_fault(f);
}

/* One MINT in the clear. */
static bool
mint_plain(struct engine *e, const struct grant_frame *fr, const struct grant *g,
    struct minted *pair, struct secret *token, struct fault *f)
{
	struct secret_formats	formats = { fr->template->t.id_format,
		fr->template->t.token_format };
	struct mint_entry	entry = { .entry_id = 1, .facts = {
		.template = view_str(fr->template->t.name), .admin = VIEW_LIT("operator"),
		.state = STORE_AUTHZ_OPEN, .epoch = e->epoch } };
	struct mint_request	m = { .batch_id = VIEW_LIT("operator........"),
		.formats = &formats, .n_formats = 1,
		.entries = &entry, .n = 1 };
	struct mint_answer	answer;
	struct cvp_secrets	secrets;
	struct frame		frame;
	size_t			used;

	sha256(g->der, entry.facts.terms_digest);
	sha256(view_str(g->label), entry.facts.label_digest);
	memcpy(entry.facts.content, fr->template->content, sizeof(entry.facts.content));
	buf_reset(&e->questions);
	signer_put_mint(&e->questions, &m);
	if (!engine_exchange(e, 1, f) ||
	    !frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &frame, &used, f) ||
	    !signer_get_mint(&frame, fr->a, &answer, f) ||
	    !cvp_secrets_decode(answer.secrets, fr->a, &secrets, f) ||
	    !secret_copy(token, secrets.v[0].token, f))
		return false;
	pair->id = arena_copy(fr->a, answer.list[0].id);
	pair->sealed = arena_copy(fr->a, answer.list[0].sealed);
	secret_wipe(e->answers.p, e->answers.n);
	return true;
}

static bool
store_pair(struct engine *e, const struct grant_frame *fr, const struct grant *g,
    const struct minted *pair, struct fault *f)
{
	struct store_authz	z = {
		.id = arena_str(fr->a, pair->id), .template = fr->template->n, .entry_id = 1,
		.label = g->label, .terms = g->der, .window_from = g->from, .window_to = g->to,
		.confirm_within = fr->template->t.confirm_seconds, .subject = g->subject,
		.sans = g->sans, .created = fr->now, .state = STORE_AUTHZ_OPEN,
		.sealed = pair->sealed, .epoch = e->epoch, .changed = fr->now,
	};
	char			object[64];

	sha256(g->der, z.content_digest);
	if (!store_authz_insert(e->p.store, &z, f) || !grant_names(e, g, z.n, f))
		return false;
	snprintf(object, sizeof(object), "authz:%" PRId64, z.n);
	return note_audit(e, fr->now, "operator", "authz granted", object, z.id, f);
}

static bool
authorize(struct engine *e, struct grant_frame *fr, const struct identity *who,
    const char *label, struct grant *g, struct minted *pair, struct secret *token,
    struct fault *f)
{
	struct cvp_cert		 cert;
	struct cvp_terms	 terms, none = { 0 };
	struct cvp_entry	 entry = { .entry_id = 1, .label = view_str(label),
		.terms = &terms };

	fr->request_terms = &none;
	if (!template_terms(fr->template, fr->a, &fr->template_terms, f) ||
	    !terms_of(who, fr->a, &cert, &terms, f) || !grant_entry(fr, &entry, g, f))
		return false;
	if (g->code != 0)
		return fault_set(f, FAULT_REFUSED, "", "%s", g->why);
	return mint_plain(e, fr, g, pair, token, f) && store_pair(e, fr, g, pair, f);
}

bool
engine_authorize_operator(struct engine *e, const char *template,
    const struct identity *who, const char *label, int64_t now, char id[520],
    struct secret *token, int64_t *not_after, struct fault *f)
{
	struct grant_frame	fr = { .e = e, .a = e->scratch, .now = now,
		.template = templates_find(&e->templates, view_str(template)) };
	struct grant		g;
	struct minted		pair;
	bool			ok;

	if (fr.template == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "no template \"%s\"", template);
	ok = store_begin(e->p.store, f) &&
	    authorize(e, &fr, who, label, &g, &pair, token, f) &&
	    store_commit(e->p.store, f);
	if (ok) {
		snprintf(id, 520, "%.*s", (int)pair.id.n, (const char *)pair.id.p);
		*not_after = g.to;
	} else {
		store_rollback(e->p.store);
	}
	arena_reset(e->scratch);
	return ok;
}
