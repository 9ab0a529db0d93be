/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki template: the versions there are, signed files for the Admins, and a
 * file that takes the place of the present one.  `check` is the program's.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "message/template_seal.h"
#include "pki/authority.h"
#include "pki/commands.h"
#include "pki/operate.h"
#include "profile/template_file.h"

#define ARENA_MAX	(4u << 20)

const struct option pki_template_options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ "version", "N", NULL, "not the version in use, but this one" },
	{ "out", "FILE", NULL, "where an exported file goes; NAME.template by default" },
	{ 0 },
};

static const char *
text_of(const json_t *o, const char *key)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* Of the engine, running or not; the answer is the caller's. */
static json_t *
ask(const struct invocation *in, const char *const *words, size_t n, struct fault *f)
{
	struct console_request	q = { .n = n };
	struct buf		out;
	json_t			*answer = NULL;

	for (size_t i = 0; i < n; i++)
		q.words[i] = view_str(words[i]);
	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (operate(option_value(in, "dir"), &q, &out, f) &&
	    (answer = json_loadb((const char *)out.p, out.n, 0, NULL)) == NULL)
		fault_set(f, FAULT_INTERNAL, "", "an answer that is no JSON");
	buf_clear(&out);
	return answer;
}

static void
print_json(const json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
}

/* --- list, show, export -------------------------------------------------------------------- */

static bool
do_list(const struct invocation *in, struct fault *f)
{
	const char	*words[] = { "templates" };
	json_t		*answer = ask(in, words, 1, f), *list, *o;
	size_t		 i;

	if (answer == NULL)
		return false;
	if (in->json)
		print_json(answer);
	list = json_object_get(answer, "templates");
	json_array_foreach(list, i, o)
		if (!in->json)
			printf("%-20s version %-4lld sha256 %.16s...  %s %s\n", text_of(o, "name"),
			    (long long)json_integer_value(json_object_get(o, "version")),
			    text_of(o, "digest"), text_of(o, "until")[0] != '\0' ? "retired" :
			    "in use since", text_of(o, "until")[0] != '\0' ? text_of(o, "until") :
			    text_of(o, "since"));
	json_decref(answer);
	return true;
}

/* The signed file of a template. */
static json_t *
ask_file(const struct invocation *in, const char *name, struct fault *f)
{
	const char	*version = option_value(in, "version");
	const char	*words[] = { "template-file", name, version != NULL ? version : "0" };

	return ask(in, words, 3, f);
}

static bool
do_show(const struct invocation *in, struct fault *f)
{
	json_t		*answer = ask_file(in, in->args[1], f);
	const char	*file, *end;

	if (answer == NULL)
		return false;
	file = text_of(answer, "file");
	end = strstr(file, "\n-----BEGIN");
	if (in->json)
		print_json(answer);
	else
		printf("%.*s", end != NULL ? (int)(end - file) : (int)strlen(file), file);
	json_decref(answer);
	return true;
}

static bool
do_export(const struct invocation *in, struct fault *f)
{
	json_t		*answer = ask_file(in, in->args[1], f), *t;
	const char	*out = option_value(in, "out");
	char		 path[CONFIG_PATH_MAX];
	bool		 ok;

	if (answer == NULL)
		return false;
	snprintf(path, sizeof(path), "%s%s", out != NULL ? out : in->args[1],
	    out != NULL ? "" : ".template");
	ok = file_write(path, view_str(text_of(answer, "file")), 0644, f);
	t = json_object_get(answer, "template");
	if (ok && in->json)
		print_json(t);
	else if (ok && !in->quiet)
		printf("%s: template %s, version %lld, sha256 %s\nnext, where an Admin works:\n"
		    "  pki4ipsec admin template import %s\n", path, text_of(t, "name"),
		    (long long)json_integer_value(json_object_get(t, "version")),
		    text_of(t, "digest"), path);
	json_decref(answer);
	return ok;
}

/* --- import, retire ------------------------------------------------------------------------ */

/* A signed file has to be one of this PKI's own. */
static bool
open_signed(const struct pki_config *c, struct view file, struct arena *a,
    struct template *out, struct fault *f)
{
	struct exchange_trust	trust = { .now = (int64_t)time(NULL) };
	struct authorities	all = { 0 };
	struct template_seal	s;
	bool			ok;

	ok = authorities_load(c, &all, f);
	if (ok) {
		trust.anchor = buf_view(&all.list[AUTHORITY_ROOT].der);
		ok = template_seal_open(file, &trust, a, &s, f) &&
		    template_of_settings(s.t.settings, s.t.name, s.t.version, out, f) &&
		    (s.readable.n == 0 || template_same_text(out, s.readable, f));
	}
	authorities_clear(&all);
	return ok;
}

static bool
open_readable(struct view file, struct template *out, struct fault *f)
{
	static struct template_problems	p;

	return template_read(file, NULL, out, &p) || fault_set(f, FAULT_USAGE, "",
	    "line %u: %s%s", p.list[0].line, p.list[0].text,
	    p.total > 1 ? "; and more: pki4ipsec pki template check" : "");
}

static bool
read_import(const struct pki_config *c, const char *path, struct template *out, struct fault *f)
{
	struct arena	*a = arena_new(ARENA_MAX);
	struct buf	 file;
	bool		 ok = false;

	buf_init(&file, TEMPLATE_SEAL_MAX);
	if (a == NULL)
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
	else
		ok = file_read(path, &file, f) && ((template_seal_is(buf_view(&file)) ?
		    open_signed(c, buf_view(&file), a, out, f) :
		    open_readable(buf_view(&file), out, f)) || fault_within(f, "%s", path));
	buf_clear(&file);
	arena_free(a);
	return ok;
}

static bool
conf_path(const struct pki_config *c, const char *name, char out[CONFIG_PATH_MAX],
    struct fault *f)
{
	char	sub[TEMPLATE_NAME_MAX + 32];

	snprintf(sub, sizeof(sub), "templates/%.*s.conf", TEMPLATE_NAME_MAX, name);
	return config_path(c, sub, out, CONFIG_PATH_MAX, f);
}

static void
say_next(const struct invocation *in, const char *done, const char *name)
{
	if (in->json)
		printf("{\"template\":\"%s\",\"done\":\"%s\"}\n", name, done);
	else if (!in->quiet)
		printf("%s %s\nnext, if a server runs: kill -HUP \"$(cat %s/run/serve.lock)\"\n", name,
		    done, option_value(in, "dir"));
}

/* The version is the PKI's to count: the file's would hold an old one down. */
static bool
do_import(const struct invocation *in, struct fault *f)
{
	static struct pki_config	c;
	struct template			t;
	struct buf			text;
	char				path[CONFIG_PATH_MAX];
	bool				ok;

	if (!config_load(option_value(in, "dir"), &c, f) ||
	    !read_import(&c, in->args[1], &t, f) || !conf_path(&c, t.name, path, f))
		return false;
	buf_init(&text, TEMPLATE_FILE_MAX);
	template_text(&t, &text);
	ok = buf_check(&text, "template", f) && file_write(path, buf_view(&text), 0600, f);
	buf_clear(&text);
	if (ok)
		say_next(in, "imported", t.name);
	return ok;
}

/* Its file stays beside, under a name that is no template's. */
static bool
do_retire(const struct invocation *in, struct fault *f)
{
	static struct pki_config	c;
	char				path[CONFIG_PATH_MAX], aside[CONFIG_PATH_MAX + 16];
	char				dir[CONFIG_PATH_MAX];

	if (strchr(in->args[1], '/') != NULL)
		return fault_set(f, FAULT_USAGE, "", "\"%s\" is no name of a template", in->args[1]);
	if (!config_load(option_value(in, "dir"), &c, f) ||
	    !conf_path(&c, in->args[1], path, f) ||
	    !config_path(&c, "templates", dir, sizeof(dir), f))
		return false;
	snprintf(aside, sizeof(aside), "%s.retired", path);
	if (rename(path, aside) != 0)
		return errno == ENOENT ? fault_set(f, FAULT_NOT_FOUND, "", "no template \"%.80s\" is "
		    "in use: pki4ipsec pki template list has the names", in->args[1]) :
		    fault_set(f, FAULT_IO, "", "could not rename %s: %s", path, error_text(errno));
	if (!dir_sync(dir, f))
		return false;
	say_next(in, "retired", in->args[1]);
	return true;
}

/* --- words -------------------------------------------------------------------------------------- */

static const struct {
	const char	*word;
	size_t		 args;
	bool		(*run)(const struct invocation *in, struct fault *f);
} words[] = {
	{ "list", 1, do_list },
	{ "show", 2, do_show },
	{ "export", 2, do_export },
	{ "import", 2, do_import },
	{ "retire", 2, do_retire },
};

int
pki_template(const struct invocation *in)
{
	struct fault	f = { 0 };

	log_init("template", in->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(in->args[0], words[i].word) == 0 && in->nargs == words[i].args)
			return words[i].run(in, &f) ? EXIT_DONE :
			    command_fail(in, &f, pki_help(in, &f));
	fault_set(&f, FAULT_USAGE, "", "want list, show NAME, check FILE..., export NAME, "
	    "import FILE or retire NAME");
	return command_fail(in, &f, "pki4ipsec pki template --help");
}
