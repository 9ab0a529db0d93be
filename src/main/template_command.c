/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki template, admin template: what either side does with templates.  To
 * check a readable file is the same on both, and needs neither.
 */
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#if defined(HAVE_ADMIN)
#include "admin/commands.h"
#endif
#include "base/file.h"
#include "base/text.h"
#include "main/commands.h"
#include "message/template_seal.h"
#if defined(HAVE_PKI)
#include "pki/commands.h"
#endif
#include "profile/template_file.h"
#include "profile/template_sample.h"

#define NAME_ROOM	256

/* --- template check ------------------------------------------------------------------ */

struct check {
	const struct invocation	*in;
	const char		*file;
	json_t			*problems, *findings;
	size_t			 errors;
};

static void
say_problem(struct check *c, unsigned line, const char *text)
{
	c->errors++;
	json_array_append_new(c->problems, json_pack("{s:i, s:s}", "line", (int)line, "text",
	    text));
	if (c->in->json)
		return;
	if (line > 0)
		printf("%s:%u: %s\n", c->file, line, text);
	else
		printf("%s: %s\n", c->file, text);
}

static void
say_finding(void *ctx, const struct lint_finding *x)
{
	struct check	*c = ctx;
	char		 detail[512];

	text_escape(view_str(x->detail), 0, detail, sizeof(detail));
	c->errors += x->severity == LINT_ERROR;
	json_array_append_new(c->findings, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "rule",
	    x->rule->name, "severity", lint_severity_name(x->severity), "section",
	    x->rule->source, "field", x->advice->field, "detail", detail, "repair",
	    x->advice->repair));
	if (!c->in->json)
		printf("%s: a certificate of it: %s %s, %s: %s%s%s; %s\n", c->file,
		    lint_severity_name(x->severity), x->rule->name, x->rule->source,
		    x->advice->field, detail[0] != '\0' ? " " : "", detail, x->advice->repair);
}

/* gw.conf has to be template gw; in a file with another ending the name stands. */
static const char *
name_in_path(const char *path, char out[NAME_ROOM])
{
	const char	*base = strrchr(path, '/');
	size_t		 n;

	base = base != NULL ? base + 1 : path;
	n = strlen(base);
	if (n <= 5 || n >= NAME_ROOM || strcmp(base + n - 5, ".conf") != 0)
		return NULL;
	snprintf(out, NAME_ROOM, "%.*s", (int)(n - 5), base);
	return out;
}

/* Of a signed file, the part for people. */
static struct view
readable_part(struct view text)
{
	const uint8_t	*end = text.n > 0 ? memmem(text.p, text.n, "-----BEGIN ", 11) : NULL;

	return end != NULL ? view_of(text.p, (size_t)(end - text.p)) : text;
}

/* What is permitted, and yet better left. */
static void
advise(struct check *c, const struct template *t)
{
	if (t->renewal.allowed && t->renewal.keys == CHANGE_SAME_KEY && !c->in->json &&
	    !c->in->quiet)
		printf("%s: notice: renewal-key = \"same\": a key that is used for years is the "
		    "easier to break, RFC 4809, 3.5.2\n", c->file);
}

static void
check_text(struct check *c, struct view text)
{
	static struct template_problems	 p;
	const struct lint_report	 report = { say_finding, c };
	struct template			 t;
	struct fault			 f = { 0 };
	char				 name[NAME_ROOM];

	if (!template_read(readable_part(text), name_in_path(c->file, name), &t, &p)) {
		for (size_t i = 0; i < p.n; i++)
			say_problem(c, p.list[i].line, p.list[i].text);
		return;
	}
	if (!template_sample_lint(&t, (int64_t)time(NULL), &report, &f))
		say_problem(c, 0, f.text);
	advise(c, &t);
	if (c->errors == 0 && !c->in->json && !c->in->quiet)
		printf("%s: template %s is good\n", c->file, t.name);
}

static void
check_file(struct check *c, json_t *files)
{
	struct fault	f = { 0 };
	struct buf	text;

	c->problems = json_array();
	c->findings = json_array();
	buf_init(&text, TEMPLATE_SEAL_MAX);
	if (file_read(c->file, &text, &f))
		check_text(c, buf_view(&text));
	else
		say_problem(c, 0, f.text);
	json_array_append_new(files, json_pack("{s:s, s:b, s:o, s:o}", "file", c->file, "good",
	    c->errors == 0, "problems", c->problems, "findings", c->findings));
	buf_clear(&text);
}

static int
check_files(const struct invocation *in)
{
	json_t		*files = json_array(), *o;
	struct fault	 f = { 0 };
	int		 code = EXIT_DONE;

	if (in->nargs < 2) {
		json_decref(files);
		fault_set(&f, FAULT_USAGE, "", "check which files?");
		return command_fail(in, &f, in->command->group[0] == 'a' ?
		    "pki4ipsec admin template --help" : "pki4ipsec pki template --help");
	}
	for (size_t i = 1; i < in->nargs; i++) {
		struct check	c = { .in = in, .file = in->args[i] };

		check_file(&c, files);
		if (c.errors > 0)
			code = EXIT_FAILED;
	}
	o = json_pack("{s:o}", "files", files);
	if (in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(o);
	return code;
}

static int
run_either(const struct invocation *in, int (*own)(const struct invocation *in))
{
	return in->nargs > 0 && strcmp(in->args[0], "check") == 0 ? check_files(in) : own(in);
}

/* --- the commands ---------------------------------------------------------------------- */

#if defined(HAVE_PKI)
static int
run_pki(const struct invocation *in)
{
	return run_either(in, pki_template);
}

const struct command cmd_pki_template = {
	.group = "pki", .name = "template",
	.args = "list|show|check|export|import|retire [NAME|FILE...]",
	.min_args = 1, .max_args = ARGUMENTS_MAX,
	.help = "what kinds of certificate there are; as signed files, for the Admins",
	.options = pki_template_options, .run = run_pki,
};
#endif

#if defined(HAVE_ADMIN)
static int
run_admin(const struct invocation *in)
{
	return run_either(in, admin_template);
}

const struct command cmd_admin_template = {
	.group = "admin", .name = "template",
	.args = "[list|show|check|import|diff|sign] [NAME|FILE...]", .max_args = ARGUMENTS_MAX,
	.help = "what may be authorized, and on which terms; the signed files of it",
	.options = admin_template_options, .run = run_admin,
};
#endif
