/* SPDX-License-Identifier: Apache-2.0 */
/* admin template: what this Admin may authorize, and on which terms. */
#include <inttypes.h>

#include <jansson.h>

#include "admin/authorization.h"
#include "admin/commands.h"
#include "admin/pins.h"
#include "admin/session.h"
#include "admin/table.h"
#include "base/file.h"
#include "base/text.h"
#include "profile/template_file.h"

#define QUERY_OCTETS	(64u << 10)
#define TEXT_MAX	(1u << 20)
#define DAY_SECONDS	86400

const struct option admin_template_options[] = {
	ADMIN_OPTIONS,
	{ "out", "FILE", NULL, "where a signed file goes; NAME.signed by default" },
	{ 0 },
};

static void
show_digest(const struct cvp_template *t, char hex[2 * SHA256_OCTETS + 1])
{
	uint8_t	digest[SHA256_OCTETS];

	sha256(t->tlv, digest);
	hex_encode(view_of(digest, sizeof(digest)), hex);
}

static const char *
renewal_of(const struct cvp_template *t)
{
	return t->terms.lifecycle != NULL && t->terms.lifecycle->renewal != NULL ? "yes" : "no";
}

static const char *
approval_of(const struct cvp_template *t)
{
	return t->terms.approval.present && t->terms.approval.v == CVP_APPROVAL_MANUAL ?
	    "manual" : "automatic";
}

static json_t *
as_json(const struct cvp_template *t)
{
	char		 hex[2 * SHA256_OCTETS + 1];
	const char	*key = template_key_word(t);

	show_digest(t, hex);
	return json_pack("{s:s%, s:I, s:s, s:s, s:I, s:I, s:s, s:s}", "name",
	    (const char *)t->name.p, t->name.n, "version", (json_int_t)t->version, "digest", hex,
	    "key", key != NULL ? key : "", "max_window_seconds", (json_int_t)t->max_window.v,
	    "max_entries", (json_int_t)t->max_entries.v, "renewal", renewal_of(t), "approval",
	    approval_of(t));
}

static void
print_json(const struct cvp_template_info *info)
{
	json_t	*list = json_array(), *o;

	for (size_t i = 0; i < info->n; i++)
		json_array_append_new(list, as_json(&info->v[i]));
	o = json_pack("{s:o}", "templates", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static bool
print_text(const struct cvp_template_info *info, struct arena *a, struct fault *f)
{
	const char	*heads[] = { "template", "version", "key", "ticket at most", "at a time",
		"renewal", "approval", "digest" };
	struct table	 t;
	char		 version[24], window[32], entries[24], hex[2 * SHA256_OCTETS + 1];

	table_init(&t, a, heads, 8);
	for (size_t i = 0; i < info->n; i++) {
		const struct cvp_template	*e = &info->v[i];
		const char			*cells[] = { arena_str(a, e->name), version,
			template_key_word(e), window, entries, renewal_of(e), approval_of(e), hex };

		snprintf(version, sizeof(version), "%" PRIu64, e->version);
		snprintf(window, sizeof(window), "%" PRIu64 " days", e->max_window.v / DAY_SECONDS);
		snprintf(entries, sizeof(entries), "%" PRIu64, e->max_entries.v);
		show_digest(e, hex);
		hex[16] = '\0';
		table_add(&t, cells);
	}
	return table_print(&t, stdout, f);
}

/* Those of names[0 ... n-1], all if there are none. */
static bool
ask(struct session *s, const char *const *given, size_t n, struct cvp_template_info *info,
    struct fault *f)
{
	struct view	names[ARGUMENTS_MAX], value;
	struct cvp_list	list = { names, n };
	struct buf	der;
	bool		ok;

	for (size_t i = 0; i < n; i++)
		names[i] = view_str(given[i]);
	buf_init(&der, QUERY_OCTETS);
	cvp_put_template_query(&der, &list);
	ok = buf_check(&der, "templateQuery", f) && admin_ask_one(&s->a, CVP_TEMPLATE_QUERY,
	    buf_view(&der), CVP_TEMPLATE_INFO, s->arena, &value, f) &&
	    cvp_template_info_decode(value, s->arena, info, f);
	buf_clear(&der);
	return ok;
}

static const struct cvp_template *
find(const struct cvp_template_info *info, const char *name)
{
	for (size_t i = 0; i < info->n; i++)
		if (view_equal(info->v[i].name, view_str(name)))
			return &info->v[i];
	return NULL;
}

static bool
all_there(const char *const *names, size_t n, const struct cvp_template_info *info,
    struct fault *f)
{
	for (size_t i = 0; i < n; i++)
		if (find(info, names[i]) == NULL)
			return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is not a template that the PKI "
			    "lets this Admin use", names[i]);
	return true;
}

/* --- list, show ------------------------------------------------------------------------ */

static bool
do_list(struct session *s, const char *const *names, size_t n, struct fault *f)
{
	struct cvp_template_info	info;

	if (!ask(s, names, n, &info, f) || !all_there(names, n, &info, f))
		return false;
	if (s->in->json)
		print_json(&info);
	return s->in->json || print_text(&info, s->arena, f);
}

static bool
show_one(const struct session *s, const struct cvp_template *there, json_t *list,
    struct fault *f)
{
	struct template	t;
	struct buf	text;
	json_t		*o;
	bool		ok;

	buf_init(&text, TEXT_MAX);
	ok = pins_template(there, &t, f);
	if (ok)
		template_text(&t, &text);
	ok = ok && buf_check(&text, "template", f);
	if (ok && s->in->json) {
		o = as_json(there);
		json_object_set_new(o, "file", json_stringn((const char *)text.p, text.n));
		json_array_append_new(list, o);
	} else if (ok) {
		fwrite(text.p, 1, text.n, stdout);
	}
	buf_clear(&text);
	return ok;
}

/* The file of each, as the PKI says it is. */
static bool
do_show(struct session *s, const char *const *names, size_t n, struct fault *f)
{
	struct cvp_template_info	info;
	json_t				*list = json_array(), *o;
	bool				ok = ask(s, names, n, &info, f) &&
		all_there(names, n, &info, f);

	for (size_t i = 0; ok && i < info.n; i++)
		ok = show_one(s, &info.v[i], list, f);
	o = json_pack("{s:o}", "templates", list);
	if (ok && s->in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(o);
	return ok;
}

/* --- import, diff ---------------------------------------------------------------------- */

static bool
do_import(struct session *s, const char *const *paths, size_t n, struct fault *f)
{
	char	hex[2 * SHA256_OCTETS + 1];
	json_t	*list = json_array(), *o;
	bool	ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		struct template_seal	seal;
		bool			news;

		if (!(ok = pins_import(&s->a, paths[i], s->arena, &seal, &news, f)))
			break;
		hex_encode(view_of(seal.digest, sizeof(seal.digest)), hex);
		json_array_append_new(list, json_pack("{s:s%, s:I, s:s, s:b}", "name",
		    (const char *)seal.t.name.p, seal.t.name.n, "version",
		    (json_int_t)seal.t.version, "digest", hex, "held_before", !news));
		if (!s->in->json && !s->in->quiet)
			printf("template %.*s, version %" PRIu64 ", sha256 %s: %s\n",
			    (int)seal.t.name.n, (const char *)seal.t.name.p, seal.t.version, hex,
			    news ? "imported" : "held already");
	}
	o = json_pack("{s:o}", "imported", list);
	if (ok && s->in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(o);
	return ok;
}

struct shown {
	const char	*name;
	json_t		*list;
	bool		 print;
};

static void
show_difference(void *ctx, const struct template_key *k, const char *held, const char *there)
{
	struct shown	*d = ctx;

	json_array_append_new(d->list, json_pack("{s:s, s:s, s:s}", "key", k->name, "held", held,
	    "pki", there));
	if (d->print)
		printf("  %s = \"%s\", at the PKI \"%s\"\n", k->name, held, there);
}

/* *same false: the PKI has another one, or none. */
static bool
diff_one(struct session *s, const struct template_seal *held, const struct cvp_template *there,
    struct shown *d, bool *same, struct fault *f)
{
	struct template	a, b;
	uint8_t		digest[SHA256_OCTETS];
	char		hex[2][2 * SHA256_OCTETS + 1];

	*same = false;
	if (there == NULL) {
		if (d->print)
			printf("%s: the PKI has no such template for this Admin\n", d->name);
		return true;
	}
	sha256(there->tlv, digest);
	*same = memcmp(digest, held->digest, sizeof(digest)) == 0;
	hex_encode(view_of(held->digest, sizeof(held->digest)), hex[0]);
	hex_encode(view_of(digest, sizeof(digest)), hex[1]);
	if (d->print && *same && !s->in->quiet)
		printf("%s: version %" PRIu64 ", sha256 %s, on both sides\n", d->name,
		    held->t.version, hex[0]);
	else if (d->print && !*same)
		printf("%s: held is version %" PRIu64 ", sha256 %s; the PKI has version %" PRIu64
		    ", sha256 %s\n", d->name, held->t.version, hex[0], there->version, hex[1]);
	if (!pins_template(&held->t, &a, f) || !pins_template(there, &b, f))
		return false;
	template_diff(&a, &b, show_difference, d);
	return true;
}

static bool
do_diff(struct session *s, const char *const *names, size_t n, struct fault *f)
{
	struct cvp_template_info	 info;
	json_t				*list = json_array(), *o;
	bool				 same, ok = ask(s, NULL, 0, &info, f);

	for (size_t i = 0; ok && i < n; i++) {
		struct shown		d = { names[i], json_array(), !s->in->json };
		struct template_seal	held;
		bool			found;

		ok = pins_find(&s->a, names[i], s->arena, &held, &found, f) && (found ||
		    fault_set(f, FAULT_NOT_FOUND, "", "no template \"%s\" has been imported here",
		    names[i])) && diff_one(s, &held, find(&info, names[i]), &d, &same, f);
		json_array_append_new(list, json_pack("{s:s, s:b, s:o}", "name", names[i], "same",
		    ok && same, "differences", d.list));
		if (ok && !same)
			s->differs = true;
	}
	o = json_pack("{s:o}", "templates", list);
	if (ok && s->in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(o);
	return ok;
}

/* --- sign --------------------------------------------------------------------------------- */

static bool
write_signed(const struct session *s, const struct template *t, const uint8_t *digest,
    struct view file, struct fault *f)
{
	const char	*out = option_value(s->in, "out");
	char		 path[ADMIN_PATH_MAX], hex[2 * SHA256_OCTETS + 1];

	snprintf(path, sizeof(path), "%s%s", out != NULL ? out : t->name,
	    out != NULL ? "" : ".signed");
	if (!file_write(path, file, 0644, f))
		return false;
	hex_encode(view_of(digest, SHA256_OCTETS), hex);
	if (s->in->json)
		printf("{\"name\":\"%s\",\"version\":%" PRIu32 ",\"digest\":\"%s\"}\n", t->name,
		    t->version, hex);
	else if (!s->in->quiet)
		printf("%s: template %s, version %" PRIu32 ", sha256 %s\nnext, where the PKI runs:\n"
		    "  pki4ipsec pki template import %s\n", path, t->name, t->version, hex, path);
	return true;
}

/* As its author; what the PKI makes of it is the PKI's. */
static bool
do_sign(struct session *s, const char *const *paths, size_t n, struct fault *f)
{
	uint8_t		digest[SHA256_OCTETS];
	struct template	t;
	struct buf	text, file;
	bool		ok;

	if (n != 1)
		return fault_set(f, FAULT_USAGE, "", "%zu files, sign takes one", n);
	buf_init(&text, TEMPLATE_FILE_MAX);
	buf_init(&file, TEMPLATE_SEAL_MAX);
	ok = file_read(paths[0], &text, f) && (pins_sign(&s->a, buf_view(&text), s->arena, &t, digest,
	    &file, f) || fault_within(f, "%s", paths[0])) &&
	    write_signed(s, &t, digest, buf_view(&file), f);
	buf_clear(&text);
	buf_clear(&file);
	return ok;
}

/* --- words ------------------------------------------------------------------------------- */

static const struct word {
	const char	*word;
	bool		 changes, wants_names;
	bool		(*run)(struct session *s, const char *const *names, size_t n,
			    struct fault *f);
} words[] = {
	{ "list", false, false, do_list },
	{ "show", false, true, do_show },
	{ "import", true, true, do_import },
	{ "diff", false, true, do_diff },
	{ "sign", false, true, do_sign },
};

/* Names alone are listed. */
static const struct word *
find_word(const struct invocation *in, size_t *skip)
{
	*skip = 0;
	for (size_t i = 0; in->nargs > 0 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(in->args[0], words[i].word) == 0) {
			*skip = 1;
			return &words[i];
		}
	return &words[0];
}

int
admin_template(const struct invocation *in)
{
	struct session		 s;
	struct fault		 f = { 0 };
	size_t			 skip;
	const struct word	*w = find_word(in, &skip);

	if (w->wants_names && in->nargs == skip) {
		fault_set(&f, FAULT_USAGE, "", "%s which?", w->word);
		return command_fail(in, &f, "pki4ipsec admin template --help");
	}
	if (session_open(&s, in, w->changes, &f))
		(void)!w->run(&s, in->args + skip, in->nargs - skip, &f);
	return session_end(&s, &f, s.differs ? EXIT_FAILED : EXIT_DONE);
}
