/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "codec/extension.h"
#include "codec/spki.h"
#include "crypt/digest.h"
#include "crypt/key.h"
#include "pki/terms.h"
#include "profile/template_file.h"

#define TEMPLATE_DER_MAX	(16u << 10)

/* --- template files ------------------------------------------------------ */

/* The first thing that is wrong with it; `template check` tells all. */
static bool
read_template(const char *path, const char *name, struct template *out, struct fault *f)
{
	struct template_problems	p;
	struct buf			text;
	bool				ok;

	buf_init(&text, TEMPLATE_FILE_MAX);
	ok = file_read(path, &text, f);
	if (ok && !template_read(buf_view(&text), name, out, &p)) {
		ok = p.list[0].line > 0 ?
		    fault_set(f, FAULT_USAGE, "", "%s:%u: %s", path, p.list[0].line, p.list[0].text) :
		    fault_set(f, FAULT_USAGE, "", "%s: %s", path, p.list[0].text);
	}
	buf_clear(&text);
	return ok;
}

static bool	set_content(struct template_entry *e, struct fault *f);

static bool
add_template(struct templates *all, const struct template *t, struct fault *f)
{
	struct template_entry	*more, *e;

	if (all->n == TEMPLATES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d templates", TEMPLATES_MAX);
	more = realloc(all->list, (all->n + 1) * sizeof(*more));
	if (more == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	all->list = more;
	e = &more[all->n++];
	*e = (struct template_entry){ .t = *t };
	buf_init(&e->der, TEMPLATE_DER_MAX);
	template_put(t, &e->der);
	sha256(buf_view(&e->der), e->digest);
	return set_content(e, f) && buf_check(&e->der, "template", f);
}

static bool
load_file(const char *dir, const char *file, struct templates *all, struct fault *f)
{
	char		path[CONFIG_PATH_MAX], name[256];
	struct template	t;

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 5), file);
	return path_join(path, sizeof(path), dir, file, f) &&
	    read_template(path, name, &t, f) &&
	    add_template(all, &t, f);
}

static bool
is_template_file(const char *name)
{
	size_t	n = strlen(name);

	return n > 5 && n < 250 && name[0] != '.' && strcmp(name + n - 5, ".conf") == 0;
}

bool
templates_load(const struct pki_config *c, struct templates *out, struct fault *f)
{
	struct templates	 all = { 0 };
	char			 dir[CONFIG_PATH_MAX];
	struct dirent		*e;
	DIR			*d;
	bool			 ok = true;

	if (!config_path(c, "templates", dir, sizeof(dir), f))
		return false;
	if ((d = opendir(dir)) == NULL)
		return fault_set(f, FAULT_IO, "", "could not open folder %s: %s", dir,
		    strerror(errno));
	while (ok && (e = readdir(d)) != NULL)
		if (is_template_file(e->d_name))
			ok = load_file(dir, e->d_name, &all, f);
	closedir(d);
	if (ok && all.n == 0)
		ok = fault_set(f, FAULT_USAGE, "", "no template in %s", dir);
	if (!ok) {
		templates_clear(&all);
		return false;
	}
	*out = all;
	return true;
}

void
templates_clear(struct templates *t)
{
	for (size_t i = 0; i < t->n; i++)
		buf_clear(&t->list[i].der);
	free(t->list);
	memset(t, 0, sizeof(*t));
}

struct template_entry *
templates_find(const struct templates *t, struct view name)
{
	for (size_t i = 0; i < t->n; i++)
		if (view_equal(name, view_str(t->list[i].t.name)))
			return &t->list[i];
	return NULL;
}

struct template_entry *
templates_find_n(const struct templates *t, int64_t n)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].n == n)
			return &t->list[i];
	return NULL;
}

void
template_content(struct view name, struct view settings, uint8_t out[32])
{
	const struct view	parts[] = { name, VIEW_LIT("\n"), settings };

	digest_parts(DIGEST_SHA256, parts, 3, out);
}

static bool
set_content(struct template_entry *e, struct fault *f)
{
	struct buf	settings;
	bool		ok;

	buf_init(&settings, CVP_SETTINGS_MAX);
	template_settings(&e->t, &settings);
	ok = buf_check(&settings, "settings of a template", f);
	template_content(view_str(e->t.name), buf_view(&settings), e->content);
	buf_clear(&settings);
	return ok;
}

/* --- template from the wire --------------------------------------------------- */

bool
template_terms(const struct template_entry *e, struct arena *a, struct cvp_terms *out,
    struct fault *f)
{
	struct cvp_template_info	info;
	struct buf			list;
	struct view			copy;

	buf_init(&list, TEMPLATE_DER_MAX + 16);
	der_put(&list, DER_SEQUENCE, buf_view(&e->der));
	copy = arena_copy(a, buf_view(&list));
	buf_clear(&list);
	if (copy.p == NULL)
		return arena_fault(f);
	if (!cvp_template_info_decode(copy, a, &info, f))
		return false;
	*out = info.v[0].terms;
	return true;
}

bool
secret_format_read(const struct cvp_secret_format *w, struct secret_format *out,
    struct fault *f)
{
	memset(out, 0, sizeof(*out));
	if (w->alphabet.n >= sizeof(out->alphabet) || w->prefix.n >= sizeof(out->prefix))
		return fault_set(f, FAULT_LIMIT, "corrections, 17",
		    "an alphabet of %zu octets or a prefix of %zu", w->alphabet.n, w->prefix.n);
	memcpy(out->alphabet, w->alphabet.p, w->alphabet.n);
	if (w->prefix.n > 0)
		memcpy(out->prefix, w->prefix.p, w->prefix.n);
	out->length = w->length;
	out->group = w->group;
	return true;
}

/* --- granted terms -------------------------------------------------------- */

static bool
read_names(const struct extension *san, struct arena *a, struct granted_terms *g,
    struct fault *f)
{
	struct general_names	names;

	if (!general_names_decode(san->value, &names, f))
		return false;
	if (names.n > IDENTITIES_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 4945, 5.1.3.6", "%zu names in one "
		    "certificate, up to %d are taken", names.n, IDENTITIES_MAX);
	g->identities = arena_array(a, names.n, sizeof(*g->identities));
	if (g->identities == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < names.n; i++)
		if (!identity_from_san(&names.list[i], &g->identities[i], f))
			return false;
	g->holder.identities = g->identities;
	g->holder.nidentities = names.n;
	return true;
}

bool
granted_terms_of(const struct cvp_terms *t, struct arena *a, struct granted_terms *out,
    struct fault *f)
{
	struct granted_terms		 g = { .cvp = *t };
	const struct extension	*san = NULL;

	if (t->cert != NULL) {
		if (t->cert->subject.n > 2)	/* 3000 is "the PKI knows" */
			g.holder.subject = t->cert->subject;
		if (t->cert->not_before.present)
			g.holder.not_before = t->cert->not_before.v;
		if (t->cert->not_after.present)
			g.holder.not_after = t->cert->not_after.v;
		san = cvp_cert_extension(t->cert, OID_SUBJECT_ALT_NAME);
	}
	if (san != NULL && !read_names(san, a, &g, f))
		return false;
	*out = g;
	return true;
}

bool
granted_terms_read(struct view der, struct arena *a, struct granted_terms *out,
    struct fault *f)
{
	struct cvp_terms	t;

	return cvp_terms_decode(der, a, &t, f) && granted_terms_of(&t, a, out, f);
}

enum template_change
terms_on_change(const struct cvp_terms *t)
{
	return t->on_template_change.present ? (enum template_change)t->on_template_change.v :
	    TEMPLATE_REJECT;
}

/* --- keys ------------------------------------------------------------------ */

static bool
spec_takes(const struct cvp_key_spec *k, const struct algorithm *alg, unsigned bits)
{
	return view_equal(k->algorithm.oid, alg->oid) &&
	    view_equal(k->algorithm.params, alg->params) && bits >= k->min_bits;
}

bool
terms_take_key(const struct cvp_terms *t, struct view spki, struct fault *f)
{
	struct algorithm	alg;
	struct der		d, in;
	struct spki		s;

	if (t->cert != NULL && t->cert->public_key.n > 0 &&
	    !view_equal(t->cert->public_key, spki))
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.2.4",
		    "the public key is not the one that was authorized");
	if (t->n_key_specs == 0)
		return true;
	der_init(&d, spki);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !algorithm_decode(&in, &alg, f) ||
	    !spki_decode(spki, &s, f))
		return false;
	for (size_t i = 0; i < t->n_key_specs; i++)
		if (spec_takes(&t->key_specs[i], &alg, s.bits))
			return true;
	return fault_set(f, FAULT_ALGORITHM, "RFC 4809, 3.2.4",
	    "the key is of no kind that was authorized");
}

enum generation
terms_generation(const struct cvp_terms *t)
{
	return t->key_gen.present ? (enum generation)t->key_gen.v : GENERATION_PEER;
}

bool
terms_key_lost(const struct cvp_terms *t)
{
	return t->key_lost.present && t->key_lost.v;
}
