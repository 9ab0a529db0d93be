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
#define RSA_BITS_MAX		4096	/* the kinds of a template are least sizes */

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

/* --- template to wire ----------------------------------------------------- */

static struct cvp_secret_format
wire_format(const struct secret_format *sf)
{
	return (struct cvp_secret_format){
		.length = sf->length,
		.group = sf->group,
		.alphabet = view_str(sf->alphabet),
		.prefix = view_str(sf->prefix),
	};
}

static struct cvp_change_terms
wire_change(const struct change_terms *c)
{
	return (struct cvp_change_terms){
		.who = (enum cvp_who)c->who,
		.keys = (enum cvp_keys)c->keys,
		.last_percent = (uint8_t)c->last_percent,
		.max_times = { .present = c->max_times > 0, .v = c->max_times },
	};
}

static const struct known_key {
	enum key_kind	kind;
	const char	*oid;
	size_t		noid;
	const char	*params;
	size_t		nparams;
	uint32_t	bits;
} known_keys[] = {
#define EC_KEY "\x2a\x86\x48\xce\x3d\x02\x01"
#define RSA_KEY "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	{ KEY_EC_P256, EC_KEY, 7, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, 0 },
	{ KEY_EC_P384, EC_KEY, 7, "\x06\x05\x2b\x81\x04\x00\x22", 7, 0 },
	{ KEY_ED25519, "\x2b\x65\x70", 3, NULL, 0, 0 },
	{ KEY_RSA_2048, RSA_KEY, 9, "\x05\x00", 2, 2048 },
	{ KEY_RSA_3072, RSA_KEY, 9, "\x05\x00", 2, 3072 },
	{ KEY_RSA_4096, RSA_KEY, 9, "\x05\x00", 2, 4096 },
};
#define KNOWN_KEYS	(sizeof(known_keys) / sizeof(known_keys[0]))

static struct cvp_key_spec
wire_key(const struct known_key *k)
{
	return (struct cvp_key_spec){
		.algorithm = {
			.oid = view_of(k->oid, k->noid),
			.params = view_of(k->params, k->nparams),
		},
		.min_bits = k->bits,
	};
}

/* AlgorithmIdentifiers of the keys a template takes; the first is its choice. */
static size_t
wire_keys(const struct template *t, struct cvp_key_spec *out)
{
	size_t	n = 0;

	for (size_t i = 0; i < KNOWN_KEYS; i++)
		if (known_keys[i].kind == t->key_default)
			out[n++] = wire_key(&known_keys[i]);
	for (size_t i = 0; i < KNOWN_KEYS; i++)
		if (known_keys[i].kind != t->key_default && (t->keys & (1u << known_keys[i].kind)))
			out[n++] = wire_key(&known_keys[i]);
	return n;
}

bool
template_takes_spec(const struct template *t, const struct cvp_key_spec *k)
{
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		const struct cvp_key_spec	known = wire_key(&known_keys[i]);

		if ((t->keys & KEY_BIT(known_keys[i].kind)) != 0 &&
		    view_equal(k->algorithm.oid, known.algorithm.oid) &&
		    view_equal(k->algorithm.params, known.algorithm.params) &&
		    (known.min_bits >= k->min_bits || (known.min_bits > 0 && k->min_bits <= RSA_BITS_MAX)))
			return true;
	}
	return false;
}

void
template_put(const struct template *t, struct buf *out)
{
	struct cvp_secret_format	id = wire_format(&t->id_format);
	struct cvp_secret_format	token = wire_format(&t->token_format);
	struct cvp_change_terms		renewal = wire_change(&t->renewal);
	struct cvp_update		update = { .terms = wire_change(&t->update) };
	struct cvp_key_spec		keys[8];
	struct buf			settings;
	struct cvp_lifecycle		life = {
		.renewal = t->renewal.allowed ? &renewal : NULL,
		.update = t->update.allowed ? &update : NULL,
		.admin_may_revoke = { true, t->admin_may_revoke },
		.retire_old = { true, true, (uint32_t)t->retire_delay_seconds },
		.confirm_within = { true, (uint64_t)t->confirm_seconds },
		.revocation_info = { true, CVP_REVOCATION_CDP_REQUIRED | CVP_REVOCATION_HTTP },
	};
	struct cvp_template		w = {
		.name = view_str(t->name),
		.version = t->version,
		.max_window = { true, (uint64_t)t->window_max_seconds },
		.max_entries = { true, t->entries_max },
		.terms = {
			.id_format = &id,
			.token_format = &token,
			.key_gen = { true, template_generation(t) },
			.lifecycle = &life,
			.on_template_change = { true, (uint64_t)t->on_change },
			.key_specs = keys,
			.n_key_specs = wire_keys(t, keys),
			.approval = { true, (uint64_t)t->approval },
		},
	};

	buf_init(&settings, CVP_SETTINGS_MAX);
	template_settings(t, &settings);
	w.settings = buf_view(&settings);
	if (buf_ok(&settings))
		cvp_put_template(out, &w);
	else
		out->failed = true;
	buf_clear(&settings);
}

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

enum key_kind
terms_key_kind(const struct cvp_key_spec *k)
{
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		struct cvp_key_spec	known = wire_key(&known_keys[i]);

		if (known_keys[i].kind != KEY_RSA_2048 &&
		    view_equal(k->algorithm.oid, known.algorithm.oid) &&
		    view_equal(k->algorithm.params, known.algorithm.params) &&
		    key_kind_bits(known_keys[i].kind) >= k->min_bits)
			return known_keys[i].kind;
	}
	return KEY_NONE;
}
