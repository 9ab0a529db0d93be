/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki template: the versions there are, signed files for the Admins, and a
 * file that takes the place of the present one.  `check` is the program's.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "message/template_seal.h"
#include "pki/commands.h"
#include "pki/operate.h"

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

static void
print_version(const json_t *o)
{
	const char	*until = text_of(o, "until"), *author = text_of(o, "author");

	printf("%-20s version %-4lld sha256 %.16s...  %s %s%s%s\n", text_of(o, "name"),
	    (long long)json_integer_value(json_object_get(o, "version")), text_of(o, "digest"),
	    until[0] != '\0' ? "retired" : "in use since", until[0] != '\0' ? until :
	    text_of(o, "since"), author[0] != '\0' ? ", by Admin " : "", author);
}

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
			print_version(o);
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

/* As it may be imported again: what is told of it is a comment. */
static void
print_file(const json_t *t, const char *author, const char *file, const char *end)
{
	printf("# version %lld, sha256 %s%s%s\n",
	    (long long)json_integer_value(json_object_get(t, "version")), text_of(t, "digest"),
	    author[0] != '\0' ? ", by Admin " : "", author);
	printf("%.*s", end != NULL ? (int)(end - file) : (int)strlen(file), file);
}

static bool
do_show(const struct invocation *in, struct fault *f)
{
	json_t		*answer = ask_file(in, in->args[1], f);
	const char	*file, *end, *author;

	if (answer == NULL)
		return false;
	file = text_of(answer, "file");
	end = strstr(file, "\n-----BEGIN");
	author = text_of(json_object_get(answer, "template"), "author");
	if (in->json)
		print_json(answer);
	else
		print_file(json_object_get(answer, "template"), author, file, end);
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

/* The text of it: the signed part of a file alone may be DER. */
static bool
read_text(const char *path, struct buf *out, struct fault *f)
{
	struct buf	file;
	bool		ok;

	buf_init(&file, TEMPLATE_SEAL_MAX);
	ok = file_read(path, &file, f);
	if (ok && file.n > 0 && file.p[0] == DER_SEQUENCE)
		template_seal_file(VIEW_NONE, buf_view(&file), out);
	else if (ok)
		buf_add_view(out, buf_view(&file));
	buf_clear(&file);
	if (ok && out->n > 0 && memchr(out->p, '\0', out->n) != NULL)
		return fault_set(f, FAULT_USAGE, "", "%s: a NUL octet, want text", path);
	buf_add_u8(out, 0);
	return ok && buf_check(out, path, f);
}

/* The PKI judges it: who signed it, may he, is it newer. */
static json_t *
ask_import(const struct invocation *in, const char *path, struct fault *f)
{
	json_t		*answer = NULL, *no;
	struct buf	 text;

	buf_init(&text, 2 * TEMPLATE_SEAL_MAX);
	if (read_text(path, &text, f)) {
		const char	*words[] = { CONSOLE_FILE_VERB, (const char *)text.p };

		answer = ask(in, words, 2, f);
	}
	buf_clear(&text);
	if ((no = json_object_get(answer, "refused")) == NULL)
		return answer;
	fault_set(f, (enum fault_kind)json_integer_value(json_object_get(no, "kind")),
	    text_of(no, "rule"), "%s: %s", path, text_of(no, "text"));
	json_decref(answer);
	return NULL;
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
say_reload(const struct invocation *in)
{
	printf("next, if a server runs: kill -HUP \"$(cat %s/run/serve.lock)\"\n",
	    option_value(in, "dir"));
}

static void
say_import(const struct invocation *in, json_t *answer)
{
	if (in->json) {
		json_object_del(answer, "file");
		json_object_set_new(answer, "template", json_string(text_of(answer, "name")));
		json_object_set_new(answer, "done", json_string("imported"));
		print_json(answer);
	} else if (!in->quiet) {
		printf("%s imported: version %lld, sha256 %s%s%s\n", text_of(answer, "name"),
		    (long long)json_integer_value(json_object_get(answer, "version")),
		    text_of(answer, "digest"), text_of(answer, "author")[0] != '\0' ?
		    ", by Admin " : "", text_of(answer, "author"));
		say_reload(in);
	}
}

/* Without an author the version is the PKI's to count: the file's would hold an old one down. */
static bool
do_import(const struct invocation *in, struct fault *f)
{
	static struct pki_config	c;
	json_t				*answer;
	char				 path[CONFIG_PATH_MAX];
	bool				 ok;

	if (!config_load(option_value(in, "dir"), &c, f) ||
	    (answer = ask_import(in, in->args[1], f)) == NULL)
		return false;
	ok = conf_path(&c, text_of(answer, "name"), path, f) &&
	    file_write(path, view_str(text_of(answer, "file")), 0600, f);
	if (ok)
		say_import(in, answer);
	json_decref(answer);
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
		    "in use", in->args[1]) :
		    fault_set(f, FAULT_IO, "", "could not rename %s: %s", path, error_text(errno));
	if (!dir_sync(dir, f))
		return false;
	if (in->json) {
		printf("{\"template\":\"%s\",\"done\":\"retired\"}\n", in->args[1]);
	} else if (!in->quiet) {
		printf("%s retired\n", in->args[1]);
		say_reload(in);
	}
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

/* A file's own mistakes are told by `check`. */
static const char *
template_help(const struct invocation *in, const struct fault *f)
{
	const char	*help = pki_help(in, f);

	if (help != NULL)
		return help;
	return f->kind == FAULT_USAGE && strcmp(in->args[0], "import") == 0 ?
	    "pki4ipsec pki template check FILE" : "pki4ipsec pki template --help";
}

int
pki_template(const struct invocation *in)
{
	struct fault	f = { 0 };

	log_init("template", in->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(in->args[0], words[i].word) == 0 && in->nargs == words[i].args)
			return words[i].run(in, &f) ? EXIT_DONE :
			    command_fail(in, &f, template_help(in, &f));
	fault_set(&f, FAULT_USAGE, "", "want list, show NAME, check FILE..., export NAME, "
	    "import FILE or retire NAME");
	return command_fail(in, &f, "pki4ipsec pki template --help");
}
