/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/command.h"
#include "base/text.h"

#define PROGRAM		"pki4ipsec"
#define WORD_MAX	48	/* longest word we look for a neighbour of */
#define NEAR		3	/* edits that still look like a slip */
#define COLUMN_MAX	28	/* left column of help */
#define SHOWN_MAX	200	/* octets of a wrong word that are shown */

/* Shown for every command. */
static const struct option common_options[] = {
	{ "json", NULL, NULL, "machine-readable output" },
	{ "quiet", NULL, NULL, "say nothing but errors (-q)" },
	{ "verbose", NULL, NULL, "say more (-v)" },
	{ "help", NULL, NULL, "show this help (-h)" },
	{ NULL, NULL, NULL, NULL },
};

static const struct option no_options[] = { { NULL, NULL, NULL, NULL } };

static const struct option *
options_of(const struct command *c)
{
	return c->options == NULL ? no_options : c->options;
}

static ssize_t
option_index(const struct command *c, const char *name, size_t n)
{
	const struct option	*o = options_of(c);

	for (size_t i = 0; o[i].name != NULL && i < OPTIONS_MAX; i++) {
		if (strlen(o[i].name) == n && memcmp(o[i].name, name, n) == 0)
			return (ssize_t)i;
	}
	return -1;
}

const char *
option_value(const struct invocation *in, const char *name)
{
	ssize_t	i = option_index(in->command, name, strlen(name));

	if (i < 0)
		return NULL;
	return in->values[i] != NULL ? in->values[i] :
	    options_of(in->command)[i].preset;
}

bool
option_given(const struct invocation *in, const char *name)
{
	ssize_t	i = option_index(in->command, name, strlen(name));

	return i >= 0 && in->values[i] != NULL;
}

const char *
option_nth(const struct invocation *in, const char *name, size_t i)
{
	ssize_t	at = option_index(in->command, name, strlen(name));

	if (i == 0 || at < 0)
		return option_value(in, name);
	for (size_t k = 0; k < in->nrepeated; k++)
		if (in->repeated[k].option == (size_t)at && --i == 0)
			return in->repeated[k].value;
	return NULL;
}

/* Edits (Levenshtein) between two words. */
static size_t
distance(const char *a, const char *b)
{
	size_t	row[WORD_MAX + 1], na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t	diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t	best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

/* Keep candidate in *best when it is nearer to word. */
static void
nearer(const char *word, const char *candidate, const char **best, size_t *edits)
{
	size_t	d = distance(word, candidate);

	if (d < *edits && d < strlen(word)) {
		*edits = d;
		*best = candidate;
	}
}

static void
print_escaped(FILE *to, const char *s)
{
	char	out[FAULT_TEXT_MAX];

	text_escape(view_str(s), 0, out, sizeof(out));
	fputs(out, to);
}

static void
unknown_word(const char *what, const char *word, const char *near, struct fault *f)
{
	fault_set(f, FAULT_USAGE, "", "unknown %s \"%.*s\"%s%s%s", what, SHOWN_MAX, word,
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

/* The command's own help is what helps. */
static int
usage_fail(const struct invocation *in, const struct fault *f)
{
	const struct command	*c = in->command;
	char			 help[128];

	snprintf(help, sizeof(help), PROGRAM " %s%s%s --help", c->group == NULL ? "" : c->group,
	    c->group == NULL ? "" : " ", c->name);
	return command_fail(in, f, help);
}

static int
wrong_use(const struct invocation *in, const char *what, const char *value)
{
	struct fault	f = { 0 };

	fault_set(&f, FAULT_USAGE, "", "%s%s%.*s%s", what, value != NULL ? " \"" : "", SHOWN_MAX,
	    value != NULL ? value : "", value != NULL ? "\"" : "");
	return usage_fail(in, &f);
}

static void
help_options(const struct option *o)
{
	char	left[64];

	for (; o->name != NULL; o++) {
		if (o->help == NULL)	/* between our own processes */
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", o->name,
		    o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
		printf("  %-*s %s", COLUMN_MAX, left, o->help);
		if (o->preset != NULL)
			printf(" [%s]", o->preset);
		printf("\n");
	}
}

static int
help_command(const struct command *c)
{
	printf("Usage: " PROGRAM " %s%s%s [OPTION...]%s%s\n\n%s\n\nOptions:\n",
	    c->group == NULL ? "" : c->group, c->group == NULL ? "" : " ",
	    c->name, c->args == NULL || c->args[0] == '\0' ? "" : " ",
	    c->args == NULL ? "" : c->args, c->help == NULL ? "" : c->help);
	help_options(options_of(c));
	help_options(common_options);
	return EXIT_DONE;
}

/* All commands, or those of one group. */
static int
help_table(FILE *to, const struct command *const *table, const char *group)
{
	char	left[64];

	fprintf(to, "Usage: " PROGRAM " %s COMMAND [OPTION...]\n\n",
	    group == NULL ? "[GROUP]" : group);
	for (; *table != NULL && (*table)->name != NULL; table++) {
		const struct command	*c = *table;

		if (c->help == NULL || (group != NULL && (c->group == NULL ||
		    strcmp(c->group, group) != 0)))
			continue;
		snprintf(left, sizeof(left), "%s%s%s",
		    c->group == NULL ? "" : c->group,
		    c->group == NULL ? "" : " ", c->name);
		fprintf(to, "  %-*s %s\n", COLUMN_MAX, left, c->help);
	}
	fprintf(to, "\n\"" PROGRAM " %sCOMMAND --help\" shows a command's "
	    "options.\nExit codes: 0 done, 1 failed, 2 wrong command line, "
	    "3 part of a batch failed,\n75 try again later.\n",
	    group == NULL ? "[GROUP] " : "");
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* One of the options every command has; *help when that was it. */
static bool
common_option(struct invocation *in, const char *arg, bool *help)
{
	if (strcmp(arg, "--json") == 0)
		in->json = true;
	else if (strcmp(arg, "-q") == 0 || strcmp(arg, "--quiet") == 0)
		in->quiet = true;
	else if (strcmp(arg, "-v") == 0 || strcmp(arg, "--verbose") == 0)
		in->verbose = true;
	else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0)
		*help = true;
	else
		return false;
	return true;
}

static int
unknown_option(const struct invocation *in, const char *arg)
{
	const struct option	*tables[] = { options_of(in->command), common_options };
	struct fault		 f = { 0 };
	const char		*best = NULL;
	char			 near[WORD_MAX + 3];
	size_t			 edits = NEAR;

	for (size_t t = 0; arg[1] == '-' && t < 2; t++) {
		for (const struct option *o = tables[t]; o->name != NULL; o++)
			nearer(arg + 2, o->name, &best, &edits);
	}
	if (best != NULL)
		snprintf(near, sizeof(near), "--%s", best);
	unknown_word("option", arg, best == NULL ? NULL : near, &f);
	return usage_fail(in, &f);
}

static bool
may_repeat(const struct option *o)
{
	size_t	n = o->value == NULL ? 0 : strlen(o->value);

	return n > 3 && strcmp(o->value + n - 3, "...") == 0;
}

/* The first value has its place, further ones follow one another. */
static int
keep_value(struct invocation *in, size_t i, const char *value)
{
	if (in->values[i] == NULL) {
		in->values[i] = value;
		return EXIT_DONE;
	}
	if (in->nrepeated == REPEATED_MAX)
		return wrong_use(in, "too many values:", value);
	in->repeated[in->nrepeated].option = i;
	in->repeated[in->nrepeated++].value = value;
	return EXIT_DONE;
}

/* The option at argv[0]; *used is how many words it took. */
static int
parse_option(struct invocation *in, int argc, char **argv, int *used)
{
	const struct command	*c = in->command;
	const char		*name = argv[0] + 2;
	size_t			 n = strcspn(name, "=");
	ssize_t			 i;

	*used = 1;
	if (argv[0][1] != '-' || (i = option_index(c, name, n)) < 0)
		return unknown_option(in, argv[0]);
	if (in->values[i] != NULL && !may_repeat(&options_of(c)[i]))
		return wrong_use(in, "option given twice:", argv[0]);
	if (options_of(c)[i].value == NULL) {
		if (name[n] == '=')
			return wrong_use(in, "option takes no value:", argv[0]);
		in->values[i] = "";
	} else if (name[n] == '=') {
		return keep_value(in, (size_t)i, name + n + 1);
	} else if (argc < 2) {
		return wrong_use(in, "option needs a value:", argv[0]);
	} else {
		*used = 2;
		return keep_value(in, (size_t)i, argv[1]);
	}
	return EXIT_DONE;
}

/* A wrong word in front of it is to be told in JSON, too. */
static bool
has_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* Everything behind the command's name. */
static int
parse(struct invocation *in, int argc, char **argv, bool *help)
{
	const struct command	*c = in->command;
	bool			 only_args = false;
	int			 used, rc;

	in->json = has_json(argc, argv);
	for (int i = 0; i < argc; i += used) {
		used = 1;
		if (!only_args && strcmp(argv[i], "--") == 0) {
			only_args = true;
		} else if (only_args || argv[i][0] != '-' || argv[i][1] == '\0') {
			if (in->nargs == ARGUMENTS_MAX)
				return wrong_use(in, "too many arguments", NULL);
			in->args[in->nargs++] = argv[i];
		} else if (!common_option(in, argv[i], help)) {
			rc = parse_option(in, argc - i, argv + i, &used);
			if (rc != EXIT_DONE)
				return rc;
		}
	}
	if (*help)
		return EXIT_DONE;
	if (in->nargs < c->min_args)
		return wrong_use(in, in->nargs == 0 ? "argument missing:" :
		    "too few arguments, wanted:", c->args);
	if (in->nargs > c->max_args)
		return wrong_use(in, "unexpected argument",
		    in->args[c->max_args]);
	return EXIT_DONE;
}

static int
run(const struct command *c, int argc, char **argv)
{
	struct invocation	in = { .command = c };
	bool			help = false;
	int			rc;

	if ((rc = parse(&in, argc, argv, &help)) != EXIT_DONE)
		return rc;
	return help ? help_command(c) : c->run(&in);
}

static const struct command *
find(const struct command *const *table, const char *group, const char *name)
{
	for (; *table != NULL && (*table)->name != NULL; table++) {
		const struct command	*c = *table;

		if (strcmp(c->name, name) == 0 && (group == NULL) ==
		    (c->group == NULL) && (group == NULL ||
		    strcmp(c->group, group) == 0))
			return c;
	}
	return NULL;
}

static bool
is_group(const struct command *const *table, const char *word)
{
	for (; *table != NULL && (*table)->name != NULL; table++) {
		if ((*table)->group != NULL &&
		    strcmp((*table)->group, word) == 0)
			return true;
	}
	return false;
}

/* word names nothing in the group (or at the top): say what is near. */
static int
unknown_command(const struct command *const *table, const char *group,
    const char *word, bool json)
{
	struct invocation	 in = { .json = json };
	const char	*best = NULL;
	struct fault	 f = { 0 };
	char		 help[64];
	size_t		 edits = NEAR;

	for (; *table != NULL && (*table)->name != NULL; table++) {
		const struct command	*c = *table;

		if (c->help == NULL)
			continue;
		if (group == NULL)
			nearer(word, c->group == NULL ? c->name : c->group,
			    &best, &edits);
		else if (c->group != NULL && strcmp(c->group, group) == 0)
			nearer(word, c->name, &best, &edits);
	}
	unknown_word("command", word, best, &f);
	snprintf(help, sizeof(help), PROGRAM " %s%s--help", group == NULL ? "" : group,
	    group == NULL ? "" : " ");
	return command_fail(&in, &f, help);
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	    strcmp(word, "help") == 0;
}

int
command_main(int argc, char **argv, const struct command *const *table)
{
	const struct command	*c;
	const char		*group = NULL;
	int			 at = 1;

	if (argc < 2)
		return help_table(stderr, table, NULL);
	if (strcmp(argv[1], "--version") == 0) {
		printf(PROGRAM " " PKI4IPSEC_VERSION "\n");
		return EXIT_DONE;
	}
	if (is_help(argv[1]))
		return help_table(stdout, table, NULL);
	if (is_group(table, argv[1]))
		group = argv[at++];
	if (at == argc)
		return help_table(stderr, table, group);
	if (group != NULL && is_help(argv[at]))
		return help_table(stdout, table, group);
	if ((c = find(table, group, argv[at])) == NULL)
		return unknown_command(table, group, argv[at],
		    has_json(argc - at, argv + at));
	return run(c, argc - at - 1, argv + at + 1);
}

/* s as a JSON string; the octets are valid UTF-8 after text_escape(). */
static void
print_json_string(const char *s)
{
	char	clean[FAULT_TEXT_MAX];

	text_escape(view_str(s), 0, clean, sizeof(clean));
	putchar('"');
	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			putchar('\\');
		putchar(*p);
	}
	putchar('"');
}

static void
fail_json(const struct fault *f, const char *try_this)
{
	printf("{\"error\": {\"kind\": ");
	print_json_string(fault_kind_name(f->kind));
	printf(", \"text\": ");
	print_json_string(f->text);
	if (f->rule[0] != '\0') {
		printf(", \"rule\": ");
		print_json_string(f->rule);
	}
	if (try_this != NULL) {
		printf(", \"try\": ");
		print_json_string(try_this);
	}
	printf("}}\n");
}

int
command_fail(const struct invocation *in, const struct fault *f,
    const char *try_this)
{
	if (in != NULL && in->json) {
		fail_json(f, try_this);
	} else {
		fputs(PROGRAM ": ", stderr);
		print_escaped(stderr, f->text[0] == '\0' ?
		    fault_kind_name(f->kind) : f->text);
		if (f->rule[0] != '\0') {
			fputs(" (", stderr);
			print_escaped(stderr, f->rule);
			fputs(")", stderr);
		}
		fputs("\n", stderr);
		if (try_this != NULL)
			fprintf(stderr, "try: %s\n", try_this);
	}
	return f->kind == FAULT_USAGE ? EXIT_USAGE :
	    f->kind == FAULT_BUSY ? EXIT_LATER : EXIT_FAILED;
}
