/* SPDX-License-Identifier: Apache-2.0 */
/* What admin check says. */
#include <stdio.h>

#include <jansson.h>

#include "base/text.h"
#include "main/admin_check.h"

#define SHOWN_MAX	1024

/* --- a list that cannot be read ------------------------------------------------------ */

static void
wrong_json(const struct problems *wrong)
{
	json_t	*list = json_array(), *o;

	for (size_t i = 0; i < wrong->n; i++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "line",
		    (int)wrong->v[i].line, "column", wrong->v[i].column, "text",
		    wrong->v[i].text));
	o = json_pack("{s:o, s:i}", "wrong", list, "total", (int)wrong->total);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

int
check_print_wrong(const struct invocation *in, const struct problems *wrong)
{
	const char	*csv = option_value(in, "csv");

	if (in->json) {
		wrong_json(wrong);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < wrong->n; i++) {
		const struct problem	*p = &wrong->v[i];

		fprintf(stderr, "%s", csv);
		if (p->line > 0)
			fprintf(stderr, ":%u", p->line);
		fprintf(stderr, ": %s%s%s\n", p->column, p->column[0] != '\0' ? ": " : "", p->text);
	}
	fprintf(stderr, "pki4ipsec: %zu error%s in %s; nothing was checked\n", wrong->total,
	    wrong->total == 1 ? "" : "s", csv);
	return EXIT_FAILED;
}

/* --- pairs ------------------------------------------------------------------------------- */

static bool
is_shown(const struct invocation *in, const struct check_class *k)
{
	if (k->pairs == 0)
		return false;
	return in->verbose || k->severity > (in->quiet ? LINT_WARN : LINT_INFO);
}

static void
print_class(const struct check_class *k)
{
	char	holder[SHOWN_MAX], by[SHOWN_MAX], detail[SHOWN_MAX];
	bool	bad = k->severity == LINT_ERROR;

	text_escape(view_str(k->holder), 0, holder, sizeof(holder));
	text_escape(view_str(k->judge), 0, by, sizeof(by));
	text_escape(view_str(k->detail), 0, detail, sizeof(detail));
	printf("%-8s", lint_severity_name(k->severity));
	if (k->own)
		printf("%s (%s) %s its own certificate towards %s: ", holder,
		    lint_product_name(k->on), bad ? "cannot use" : "with", by);
	else if (k->seen_by == 0)
		printf("%s, as everybody, %s %s (%s): ", by, bad ? "refuses" : "about", holder,
		    lint_product_name(k->on));
	else
		printf("%s (%s) %s %s (%s): ", by, lint_product_name(k->seen_by),
		    bad ? "refuses" : "about", holder, lint_product_name(k->on));
	printf("%s%s[%s%s%s]; %s; repair: %s", detail, detail[0] != '\0' ? " " : "", k->name,
	    k->source[0] != '\0' ? ", " : "", k->source, k->consequence, k->repair);
	if (k->pairs > 1)
		printf(" (and %zu more pair%s)", k->pairs - 1, k->pairs == 2 ? "" : "s");
	putchar('\n');
}

static void
print_text(const struct invocation *in, const struct check *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (is_shown(in, &c->v[i]))
			print_class(&c->v[i]);
	if (c->lost > 0)
		printf("and %zu more problems than are told apart here\n", c->lost);
	if (!in->quiet)
		printf("%zu pair%s: %zu would connect, %zu of these with a warning; %zu would not\n",
		    c->pairs, c->pairs == 1 ? "" : "s", c->pairs - c->refused, c->warned, c->refused);
}

static json_t *
class_json(const struct check_class *k)
{
	char	holder[SHOWN_MAX], by[SHOWN_MAX], detail[SHOWN_MAX];

	text_escape(view_str(k->holder), 0, holder, sizeof(holder));
	text_escape(view_str(k->judge), 0, by, sizeof(by));
	text_escape(view_str(k->detail), 0, detail, sizeof(detail));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:I, s:s, s:s, s:s}",
	    "severity", lint_severity_name(k->severity), "rule", k->name, "source", k->source,
	    "holder", holder, "judge", by, "holder_platform", lint_product_name(k->on),
	    "judge_platform", k->seen_by == 0 ? json_null() :
	    json_string(lint_product_name(k->seen_by)),
	    "own", k->own, "pairs", (json_int_t)k->pairs, "value", detail, "consequence",
	    k->consequence, "repair", k->repair);
}

static void
print_json(const struct check *c)
{
	json_t	*list = json_array(), *o;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].pairs > 0)
			json_array_append_new(list, class_json(&c->v[i]));
	o = json_pack("{s:I, s:I, s:I, s:I, s:o}", "pairs", (json_int_t)c->pairs, "refused",
	    (json_int_t)c->refused, "warned", (json_int_t)c->warned, "left_out",
	    (json_int_t)c->lost, "problems", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

void
check_print(const struct invocation *in, const struct check *c)
{
	if (in->json)
		print_json(c);
	else
		print_text(in, c);
}
