/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "pki/grant.h"

#define SANS_TEXT_MAX	8192
#define TERMS_MAX	(64u << 10)

/* Refuse this entry; the others go on. */
static bool
no(const struct grant_frame *fr, struct grant *g, uint32_t code, const struct fault *why)
{
	g->code = code;
	g->why = arena_printf(fr->a, "%s", why->text[0] != '\0' ? why->text : cvp_code_text(code));
	return false;
}

bool
grant_refuse(const struct grant_frame *fr, struct grant *g, uint32_t code, const char *text)
{
	struct fault	f = { 0 };

	fault_set(&f, FAULT_REFUSED, "", "%s", text);
	return no(fr, g, code, &f);
}

static bool
no_text(const struct grant_frame *fr, struct grant *g, uint32_t code, const char *text)
{
	return grant_refuse(fr, g, code, text);
}

/* What we would not do is refused, never left out in silence. */
static bool
check_not_offered(const struct grant_frame *fr, struct grant *g)
{
	const struct cvp_lifecycle	*life = g->terms.lifecycle;
	const struct cvp_lifecycle	*own = fr->template_terms.lifecycle;

	if (g->terms.on_template_change.present &&
	    g->terms.on_template_change.v != CVP_CHANGE_REJECT &&
	    g->terms.on_template_change.v != (uint64_t)fr->template->t.on_change)
		return no_text(fr, g, CVP_TERMS_CONFLICT, "what becomes of an authorization when "
		    "its template changes is the template's; only reject is always permitted");
	if (g->terms.pop_challenge.present && g->terms.pop_challenge.v)
		return no_text(fr, g, CVP_TERMS_CONFLICT,
		    "proof of possession by challenge is not offered");
	if (g->terms.aia.present && g->terms.aia.v != fr->template->t.issuer_pointer)
		return no_text(fr, g, CVP_TERMS_CONFLICT,
		    "authorityInfoAccess is the template's");
	if (life == NULL)
		return true;
	if (life->revocation_info.present && (own == NULL ||
	    life->revocation_info.v != own->revocation_info.v))
		return no_text(fr, g, CVP_TERMS_CONFLICT,
		    "where revocation can be read is the template's");
	return true;
}

/* Who makes the key: what the template permits, by the Admin's choice (RFC 4809, 3.3). */
static bool
check_generation(const struct grant_frame *fr, struct grant *g)
{
	enum generation	 method = g->terms.key_gen.present ?
	    (enum generation)g->terms.key_gen.v : GENERATION_PEER;
	char		 text[96];

	if ((fr->template->t.generation & GENERATION_BIT(method)) == 0) {
		snprintf(text, sizeof(text), "generation \"%s\" is not one of the template's",
		    generation_name(method));
		return no_text(fr, g, method == GENERATION_PKI ? CVP_NO_KEY_GENERATION :
		    CVP_TERMS_CONFLICT, text);
	}
	return g->entry->replaces == NULL || method == GENERATION_PEER ||
	    terms_key_lost(&g->terms) || no_text(fr, g,
	    CVP_TERMS_CONFLICT, "who replaces a certificate signs with its key, and makes the "
	    "next one itself");
}

static bool
check_lost(const struct grant_frame *fr, struct grant *g)
{
	return !terms_key_lost(&g->terms) || g->entry->replaces != NULL || no_text(fr, g,
	    CVP_TERMS_CONFLICT, "a lost key, and no certificate that is replaced");
}

/* A person's word may be asked for, never waived. */
static bool
check_approval(const struct grant_frame *fr, struct grant *g)
{
	bool	manual = g->terms.approval.present && g->terms.approval.v == CVP_APPROVAL_MANUAL;

	return manual || fr->template->t.approval != APPROVAL_MANUAL || no_text(fr, g,
	    CVP_TERMS_CONFLICT, "the template wants approval by hand");
}

/* What an entry may not say at all. */
static bool
check_fields(const struct grant_frame *fr, struct grant *g)
{
	const struct cvp_cert	*c = g->terms.cert;

	if (!check_generation(fr, g) || !check_lost(fr, g) || !check_approval(fr, g) ||
	    !check_not_offered(fr, g))
		return false;
	if (c == NULL)
		return no_text(fr, g, CVP_NOT_DISTINGUISHABLE, "no subject and no name");
	if (c->foreign != 0)
		return no_text(fr, g, CVP_TERMS_CONFLICT,
		    "certTemplate sets a field that is the CA's");
	for (size_t i = 0; i < c->n_extensions; i++)
		if (!view_equal(c->extensions[i].oid, OID_SUBJECT_ALT_NAME))
			return no_text(fr, g, CVP_TERMS_CONFLICT,
			    "certTemplate has an extension other than subjectAltName");
	return true;
}

/* Subject by the template's rule if the Admin left it to us. */
static bool
set_subject(const struct grant_frame *fr, struct grant *g)
{
	struct fault	why = { 0 };
	struct buf	key;

	g->granted.holder.label = g->label;
	if (!profile_check_terms(&fr->template->t, &g->granted.holder, &why) ||
	    !profile_subject(&fr->template->t, &g->granted.holder, fr->a, &g->subject, &why))
		return no(fr, g, CVP_TERMS_CONFLICT, &why);
	g->cert.subject = g->subject;
	g->granted.holder.subject = g->subject;
	buf_init(&key, NAME_OCTETS_MAX * 2);
	if (!name_key(g->subject, &key, &why)) {
		buf_clear(&key);
		return no(fr, g, CVP_TERMS_CONFLICT, &why);
	}
	g->subject_key = arena_str(fr->a, buf_view(&key));
	buf_clear(&key);
	return g->subject_key != NULL || no_text(fr, g, CVP_TERMS_CONFLICT, "out of memory");
}

static bool
set_label(const struct grant_frame *fr, struct grant *g)
{
	struct fault	why = { 0 };
	struct buf	out;
	bool		ok;

	g->label = "";
	if (g->entry->label.n == 0)
		return true;
	buf_init(&out, LABEL_OCTETS_MAX);
	ok = prepare_label(g->entry->label, &out, &why);
	if (ok)
		g->label = arena_str(fr->a, buf_view(&out));
	buf_clear(&out);
	return ok && g->label != NULL ? true : no(fr, g, CVP_TERMS_CONFLICT, &why);
}

static bool
set_sans(const struct grant_frame *fr, struct grant *g)
{
	struct buf	text;
	char		one[IDENTITY_TICKET_MAX];

	buf_init(&text, SANS_TEXT_MAX);
	for (size_t i = 0; i < g->granted.holder.nidentities; i++) {
		identity_format(&g->granted.holder.identities[i], one);
		buf_addf(&text, "%s%s", i > 0 ? "," : "", one);
	}
	g->sans = arena_str(fr->a, buf_view(&text));
	buf_clear(&text);
	return g->sans != NULL || no_text(fr, g, CVP_TERMS_CONFLICT, "out of memory");
}

/* --- replacing ----------------------------------------------------------------------- */

/* Whose certificates this Admin both authorizes and revokes (corrections, 5). */
static bool
rules_over(const struct grant_frame *fr, const struct store_cert *c,
    const struct store_authz *z, bool *yes, struct fault *f)
{
	struct store_template	t;
	struct granted_terms	g;

	*yes = false;
	if (fr->admin == NULL || c->template == 0 || z->n == 0)
		return true;
	if (!store_template_find_n(fr->e->p.store, c->template, fr->a, &t, f) ||
	    !granted_terms_read(z->terms, fr->a, &g, f))
		return false;
	*yes = t.n != 0 && admin_may(fr->admin, t.name, "authorize") &&
	    admin_may(fr->admin, t.name, "revoke") && (g.cvp.lifecycle == NULL ||
	    !g.cvp.lifecycle->admin_may_revoke.present || g.cvp.lifecycle->admin_may_revoke.v);
	return true;
}

/* The head of its lineage, and nothing that is over: all else is one answer. */
static bool
set_replaces(const struct grant_frame *fr, struct grant *g, struct fault *f)
{
	const struct cmc_cert_id	*id = g->entry->replaces;
	struct store_cert		 c;
	struct store_authz		 z = { 0 };
	bool				 may = false;

	if (id == NULL)
		return true;
	if (!cert_by_serial(fr->e, id->issuer, serial_magnitude(id->serial), false, fr->a, &c, f))
		return false;
	if (c.n != 0 && c.authz != 0 &&
	    !store_authz_find_n(fr->e->p.store, c.authz, fr->a, &z, f))
		return false;
	if (c.n != 0 && !rules_over(fr, &c, &z, &may, f))
		return false;
	if (!may || c.state != STORE_CERT_CONFIRMED || z.state != STORE_AUTHZ_CONFIRMED ||
	    z.cert != c.n || fr->now > c.not_after) {
		no_text(fr, g, CVP_ADMIN_MAY_NOT_REVOKE,
		    "no certificate that this Admin may have replaced");
		return true;
	}
	g->replaces = c.n;
	g->lineage = z.n;
	return true;
}

/* --- uniqueness -------------------------------------------------------------------- */

enum store_name_kind
name_kind_of(const struct identity *id)
{
	static const enum store_name_kind kinds[] = {
		[IDENTITY_FQDN] = STORE_NAME_FQDN, [IDENTITY_EMAIL] = STORE_NAME_EMAIL,
		[IDENTITY_IPV4] = STORE_NAME_IPV4, [IDENTITY_IPV6] = STORE_NAME_IPV6,
	};

	return kinds[id->kind];
}

static bool
is_taken(const struct grant_frame *fr, const struct grant *g, const char *value,
    enum store_name_kind kind, bool *taken, struct fault *f)
{
	struct store_owner	owners[STORE_OWNERS_MAX];
	size_t			n;

	if (!store_name_owners(fr->e->p.store, value, kind, fr->now, owners, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		*taken |= owners[i].living &&
		    (g->lineage == 0 || owners[i].authz != g->lineage);
	return true;
}

/* Each name has one living owner in the whole PKI (corrections, 6). */
static bool
check_unique(const struct grant_frame *fr, struct grant *g, struct fault *f)
{
	const struct identity	*who = NULL;
	char			 subject[NAME_TEXT_MAX];
	bool			 taken = false;

	for (size_t i = 0; i < g->granted.holder.nidentities && !taken; i++) {
		who = &g->granted.holder.identities[i];
		if (!is_taken(fr, g, who->text, name_kind_of(who), &taken, f))
			return false;
	}
	if (!taken) {
		who = NULL;
		if (!name_is_empty(g->subject) &&
		    !is_taken(fr, g, g->subject_key, STORE_NAME_SUBJECT, &taken, f))
			return false;
	}
	if (taken) {
		g->code = CVP_DUPLICATE;
		g->why = arena_printf(fr->a, "%s \"%s\" belongs to a living authorization or "
		    "certificate", who != NULL ? identity_kind_name(who->kind) : "subject",
		    who != NULL ? who->text : name_text(g->subject, subject, sizeof(subject)));
	}
	return true;
}

bool
grant_names(struct engine *e, const struct grant *g, int64_t n, struct fault *f)
{
	for (size_t i = 0; i < g->granted.holder.nidentities; i++) {
		const struct identity	*id = &g->granted.holder.identities[i];

		if (!store_name_insert(e->p.store, id->text, name_kind_of(id), n, 0, f))
			return false;
	}
	if (g->label[0] != '\0' &&
	    !store_name_insert(e->p.store, g->label, STORE_NAME_LABEL, n, 0, f))
		return false;
	return name_is_empty(g->subject) ||
	    store_name_insert(e->p.store, g->subject_key, STORE_NAME_SUBJECT, n, 0, f);
}

/* --- one entry ---------------------------------------------------------------------- */

/* They are spent once minted, and no part of the terms that stay. */
static bool
read_formats(const struct grant_frame *fr, struct grant *g)
{
	struct fault	why = { 0 };

	if (!secret_format_read(g->terms.id_format, &g->formats.id, &why) ||
	    !secret_format_read(g->terms.token_format, &g->formats.token, &why) ||
	    !secret_format_check_id(&g->formats.id, &why) ||
	    !secret_format_check_token(&g->formats.token, &why))
		return no(fr, g, CVP_SECRET_FORMAT, &why);
	g->terms.id_format = g->terms.token_format = NULL;
	return true;
}

static bool
merge(const struct grant_frame *fr, struct grant *g)
{
	struct fault	why = { 0 };

	if (!cvp_terms_merge(&fr->template_terms, fr->request_terms, g->entry->terms, fr->a,
	    &g->terms, &why))
		return no(fr, g, CVP_TERMS_CONFLICT, &why);
	if (!check_fields(fr, g))
		return false;
	g->cert = *g->terms.cert;
	g->terms.cert = &g->cert;
	if (!read_formats(fr, g))
		return false;
	if (!granted_terms_of(&g->terms, fr->a, &g->granted, &why))
		return no(fr, g, CVP_TERMS_CONFLICT, &why);
	if (g->granted.holder.nidentities == 0 && g->granted.holder.subject.n == 0)
		return no_text(fr, g, CVP_NOT_DISTINGUISHABLE, "no subject and no name");
	return true;
}

static bool
encode_terms(const struct grant_frame *fr, struct grant *g)
{
	struct buf	der;
	bool		ok;

	buf_init(&der, TERMS_MAX);
	cvp_put_terms(&der, &g->terms);
	ok = buf_ok(&der);
	if (ok)
		g->der = arena_copy(fr->a, buf_view(&der));
	buf_clear(&der);
	return (ok && g->der.p != NULL) || no_text(fr, g, CVP_TERMS_CONFLICT, "terms too large");
}

bool
grant_terms(const struct grant_frame *fr, const struct cvp_entry *entry, struct grant *g)
{
	*g = (struct grant){ .entry = entry };
	return merge(fr, g) && set_label(fr, g) && grant_limit(fr, g) && set_subject(fr, g) &&
	    set_sans(fr, g) && encode_terms(fr, g);
}

bool
grant_entry(const struct grant_frame *fr, const struct cvp_entry *entry, struct grant *g,
    struct fault *f)
{
	if (!grant_terms(fr, entry, g))
		return true;		/* g->code says why not */
	if (!set_replaces(fr, g, f))
		return false;
	return g->code != 0 || check_unique(fr, g, f);
}
