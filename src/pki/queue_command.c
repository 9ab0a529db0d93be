/* SPDX-License-Identifier: Apache-2.0 */
/* pki queue, approve, reject: requests that wait for a person (docs/adr/0022). */
#include <stdio.h>

#include "base/text.h"
#include "pki/commands.h"
#include "pki/operator_ask.h"

#define SHOWN_MAX	1024

static const struct option dir_options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ 0 },
};
static const struct option word_options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ "by", "NAME", NULL, "who decides: stands in the audit trail" },
	{ "reason", "TEXT", NULL, "why: stands there too; of a rejection the device is told" },
	{ 0 },
};

/* --- pki queue -------------------------------------------------------------------- */

static const char *
escaped(const json_t *o, const char *key, char out[SHOWN_MAX])
{
	text_escape(view_str(operator_text(o, key)), 0, out, SHOWN_MAX);
	return out;
}

static void
show_words(const json_t *list)
{
	char	by[SHOWN_MAX], why[SHOWN_MAX];
	size_t	i;
	json_t	*o;

	json_array_foreach(list, i, o)
		printf("    %s on %s: %s, \"%s\"\n", operator_text(o, "says"),
		    operator_text(o, "at"), escaped(o, "by", by), escaped(o, "reason", why));
}

static void
show_queue(const struct invocation *in, const json_t *answer)
{
	json_int_t	 left = json_integer_value(json_object_get(answer, "left"));
	json_t		*list = json_object_get(answer, "queue"), *o;
	size_t		 i;
	char		 name[SHOWN_MAX];

	(void)in;
	if (json_array_size(list) == 0)
		printf("nothing waits for approval\n");
	json_array_foreach(list, i, o) {
		json_t	*said = json_object_get(o, "approvals");

		printf("%s  %s of %s, template %s\n", operator_text(o, "id"),
		    operator_text(o, "kind"), escaped(o, "identity", name),
		    operator_text(o, "template"));
		printf("    %s since %s, until %s; %zu of %lld have approved\n",
		    operator_text(o, "state"), operator_text(o, "since"),
		    operator_text(o, "until"), json_array_size(said),
		    (long long)json_integer_value(json_object_get(o, "needed")));
		show_words(said);
	}
	if (left > 0)
		printf("and %lld more, which are later: decide on these first\n", (long long)left);
}

static int
run_queue(const struct invocation *in)
{
	const char	*words[] = { "queue" };

	return operator_ask(in, words, 1, show_queue);
}

const struct command cmd_pki_queue = {
	.group = "pki", .name = "queue", .args = "",
	.help = "requests that wait for approval, and who has said what of them",
	.options = dir_options, .run = run_queue,
};

/* --- pki approve, pki reject ---------------------------------------------------------- */

static void
show_word(const struct invocation *in, const json_t *answer)
{
	const char	*state = operator_text(answer, "state");
	long long	 needed = json_integer_value(json_object_get(answer, "needed"));
	char		 name[SHOWN_MAX];

	(void)in;
	escaped(answer, "identity", name);
	if (strcmp(state, "rejected") == 0)
		printf("rejected: %s is told when it asks again\n", name);
	else if (strcmp(state, "approved") == 0)
		printf("approved: %s gets its certificate when it asks again\n", name);
	else
		printf("noted: %s still waits, %lld of %lld have approved\n", name,
		    (long long)json_integer_value(json_object_get(answer, "approvals")), needed);
}

static int
say(const struct invocation *in, const char *verb)
{
	const char	*by = option_value(in, "by"), *reason = option_value(in, "reason");
	const char	*words[] = { verb, NULL, by, reason };
	struct fault	 f = { 0 };
	char		 help[64];

	if (by == NULL || reason == NULL) {
		fault_set(&f, FAULT_USAGE, "", "who decides, and why? --by NAME --reason TEXT");
		snprintf(help, sizeof(help), "pki4ipsec pki %s --help", verb);
		return command_fail(in, &f, help);
	}
	return operator_ask_each(in, words, 4, show_word);
}

static int
run_approve(const struct invocation *in)
{
	return say(in, "approve");
}

static int
run_reject(const struct invocation *in)
{
	return say(in, "reject");
}

const struct command cmd_pki_approve = {
	.group = "pki", .name = "approve", .args = "ID...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "let requests of these authorizations be issued",
	.options = word_options, .run = run_approve,
};
const struct command cmd_pki_reject = {
	.group = "pki", .name = "reject", .args = "ID...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "turn requests of these authorizations down",
	.options = word_options, .run = run_reject,
};
