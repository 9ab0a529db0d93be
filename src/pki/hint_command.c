/* SPDX-License-Identifier: Apache-2.0 */
/* pki hint: when devices are to renew (docs/adr/0027). */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "pki/commands.h"
#include "pki/hint.h"
#include "pki/operator_ask.h"

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ "template", "NAME", "", "certificates of this template; else of all" },
	{ "issued-before", "DATE", "", "made before then, like 2026-11-01; of renew: by now" },
	{ "serial", "LIST", "", "these serial numbers, parted by commas" },
	{ "from", "DATE", "", "of renew: when the window begins; now" },
	{ "over", "TIME", "1h", "of renew: how long the window is" },
	{ "until", "DATE", "", "of wait: not before then, like 2026-12-01T00:00Z" },
	{ "reason", "TEXT", "", "for people, and in the audit trail" },
	{ "dry-run", NULL, NULL, "say of how many certificates it would speak, give nothing" },
	{ 0 },
};

/* --- answers -------------------------------------------------------------------------- */

static void
print_rule(size_t number, const json_t *o)
{
	size_t	serials = json_array_size(json_object_get(o, "serials"));
	bool	renew = strcmp(operator_text(o, "act"), "renew") == 0;
	char	reason[CVP_HINT_REASON_MAX * 4 + 1];

	printf("%2zu  %-5s %s%s%s%s", number, operator_text(o, "act"),
	    operator_text(o, "template")[0] != '\0' ? "template " : "all templates",
	    operator_text(o, "template"), operator_text(o, "issued_before")[0] != '\0' ?
	    ", issued before " : "", operator_text(o, "issued_before"));
	if (serials > 0)
		printf(", %zu by serial number", serials);
	if (renew)
		printf("\n    between %s and %s\n", operator_text(o, "from"), operator_text(o, "to"));
	else
		printf("\n    not before %s\n", operator_text(o, "to"));
	text_escape(view_str(operator_text(o, "reason")), 0, reason, sizeof(reason));
	if (reason[0] != '\0')
		printf("    %s\n", reason);
}

static void
print_rules(const json_t *answer)
{
	json_t	*list = json_object_get(answer, "rules"), *o;
	size_t	 i;

	json_array_foreach(list, i, o)
		print_rule(i + 1, o);
}

static void
show_list(const struct invocation *in, const json_t *answer)
{
	(void)in;
	if (json_array_size(json_object_get(answer, "rules")) == 0)
		printf("no hints: devices renew when their tickets say\n");
	print_rules(answer);
}

static void
show_added(const struct invocation *in, const json_t *answer)
{
	(void)in;
	print_rules(answer);
	printf("%s %lld certificates\n", json_is_true(json_object_get(answer, "given")) ?
	    "given; it speaks of" : "not given; it would speak of",
	    (long long)json_integer_value(json_object_get(answer, "certificates")));
}

static void
show_cleared(const struct invocation *in, const json_t *answer)
{
	printf("cleared\n");
	show_list(in, answer);
}

/* --- words ---------------------------------------------------------------------------- */

static int
add(const struct invocation *in)
{
	bool		wait = strcmp(in->args[0], "wait") == 0;
	char		seconds[32];
	const char	*words[] = { "hint-add", in->args[0], option_value(in, "template"),
		option_value(in, "issued-before"), option_value(in, "serial"),
		option_value(in, "from"), wait ? option_value(in, "until") : seconds,
		option_value(in, "reason"), option_given(in, "dry-run") ? "dry" : "" };
	struct fault	f = { 0 };
	int64_t		over = 0;

	if (in->nargs != 1 || wait != option_given(in, "until") ||
	    (wait && (option_given(in, "over") || option_given(in, "from"))))
		fault_set(&f, FAULT_USAGE, "", "renew goes with --over and --from, wait with --until");
	else if (duration_parse("--over", option_value(in, "over"), 0, HINT_WINDOW_MAX, &over, &f))
		snprintf(seconds, sizeof(seconds), "%" PRId64, over);
	return f.kind != FAULT_NONE ? command_fail(in, &f, "pki4ipsec pki hint --help") :
	    operator_ask(in, words, sizeof(words) / sizeof(words[0]), show_added);
}

static int
run(const struct invocation *in)
{
	const char	*clear[] = { "hint-clear", in->nargs > 1 ? in->args[1] : "all" };
	const char	*list[] = { "hints" };
	struct fault	 f = { 0 };

	if (strcmp(in->args[0], "renew") == 0 || strcmp(in->args[0], "wait") == 0)
		return add(in);
	if (strcmp(in->args[0], "list") == 0 && in->nargs == 1)
		return operator_ask(in, list, 1, show_list);
	if (strcmp(in->args[0], "clear") == 0)
		return operator_ask(in, clear, 2, show_cleared);
	fault_set(&f, FAULT_USAGE, "", "want renew, wait, list, clear or clear N");
	return command_fail(in, &f, "pki4ipsec pki hint --help");
}

const struct command cmd_pki_hint = {
	.group = "pki", .name = "hint", .args = "renew|wait|list|clear [N]",
	.min_args = 1, .max_args = 2,
	.help = "tell devices to renew now, or not before a date",
	.options = options, .run = run,
};
