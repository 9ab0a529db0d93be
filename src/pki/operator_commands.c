/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki revoke, pki crl, pki admin: an operator's words to the engine, and its
 * answer to the operator.
 */
#include <stdio.h>

#include "base/text.h"
#include "pki/commands.h"
#include "pki/operator_ask.h"

#define DIR_OPTION { "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" }

int
operator_ask(const struct invocation *in, const char *const *words, size_t n,
    void (*show)(const struct invocation *in, const json_t *answer))
{
	struct console_request	q = { .n = n };
	struct fault		f = { 0 };
	struct buf		out;
	json_t			*answer = NULL;

	for (size_t i = 0; i < n; i++)
		q.words[i] = view_str(words[i]);
	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (operate(option_value(in, "dir"), &q, &out, &f)) {
		answer = json_loadb((const char *)out.p, out.n, 0, NULL);
		if (in->json)
			printf("%.*s\n", (int)out.n, (const char *)out.p);
		else if (!in->quiet && answer != NULL)
			show(in, answer);
	}
	json_decref(answer);
	buf_clear(&out);
	return f.kind == FAULT_NONE ? EXIT_DONE : command_fail(in, &f,
	    pki_help(in, &f));
}

int
operator_ask_each(const struct invocation *in, const char **words, size_t n,
    void (*show)(const struct invocation *in, const json_t *answer))
{
	int	rc, worst = EXIT_DONE;
	size_t	done = 0;

	for (size_t i = 0; i < in->nargs; i++) {
		words[1] = in->args[i];
		rc = operator_ask(in, words, n, show);
		if (rc == EXIT_LATER || rc == EXIT_USAGE)
			return rc;
		done += rc == EXIT_DONE;
		worst = rc != EXIT_DONE ? rc : worst;
	}
	return worst != EXIT_DONE && done > 0 ? EXIT_PARTIAL : worst;
}

const char *
operator_text(const json_t *o, const char *key)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* --- pki revoke -------------------------------------------------------------------------- */

static const struct option revoke_options[] = {
	DIR_OPTION,
	{ "reason", "REASON", "unspecified", "keyCompromise, cessationOfOperation, superseded, ..." },
	{ "template", "NAME", NULL, "those of this template" },
	{ "name", "TEXT", NULL, "those whose first identity contains this" },
	{ "expires-before", "DATE", NULL, "those that end by then, like 2026-11-24T04:10:27Z" },
	{ "dry-run", NULL, NULL, "with conditions: show which, and how many" },
	{ "expect", "N", NULL, "with conditions: go on if it is so many" },
	{ 0 },
};

static void
show_revoked(const struct invocation *in, const json_t *answer)
{
	json_t	*list = json_object_get(answer, "revoked"), *o;
	size_t	 i;

	(void)in;
	json_array_foreach(list, i, o) {
		char	shown[IDENTITY_TICKET_MAX * 4];

		text_escape(view_str(operator_text(o, "identity")), 0, shown, sizeof(shown));
		printf("%s %s, certificate %s\n", json_is_true(json_object_get(o,
		    "revoked_before")) ? "was revoked before:" : "revoked", shown,
		    operator_text(o, "serial"));
	}
}

static void
show_matches(const struct invocation *in, const json_t *answer)
{
	json_t	*list = json_object_get(answer, "matches"), *o;
	size_t	 i;

	if (option_given(in, "expect")) {
		printf("revoked %zu certificates\n",
		    json_array_size(json_object_get(answer, "revoked")));
		return;
	}
	json_array_foreach(list, i, o) {
		char	shown[IDENTITY_TICKET_MAX * 4];

		text_escape(view_str(operator_text(o, "identity")), 0, shown, sizeof(shown));
		printf("%s, certificate %s\n", shown, operator_text(o, "serial"));
	}
	printf("%zu certificates match; nothing was revoked: --expect %zu\n", i, i);
}

static const char *
or_any(const struct invocation *in, const char *option)
{
	const char	*value = option_value(in, option);

	return value != NULL ? value : "";
}

static int
revoke_where(const struct invocation *in)
{
	const char	*words[] = { "revoke-where", option_value(in, "reason"), or_any(in, "template"),
		or_any(in, "name"), or_any(in, "expires-before"), or_any(in, "expect") };
	struct fault	f = { 0 };

	if (in->nargs == 0 && option_given(in, "dry-run") != option_given(in, "expect"))
		return operator_ask(in, words, 6, show_matches);
	fault_set(&f, FAULT_USAGE, "", "conditions take the place of WHAT, and either --dry-run, which "
	    "shows how many are meant, or --expect N, which goes on if it is so many");
	return command_fail(in, &f, "pki4ipsec pki revoke --help");
}

static int
run_revoke(const struct invocation *in)
{
	const char	*words[] = { "revoke", NULL, option_value(in, "reason") };

	if (in->nargs == 0 || option_given(in, "template") || option_given(in, "name") ||
	    option_given(in, "expires-before") || option_given(in, "dry-run") ||
	    option_given(in, "expect"))
		return revoke_where(in);
	return operator_ask_each(in, words, 3, show_revoked);
}

const struct command cmd_pki_revoke = {
	.group = "pki", .name = "revoke", .args = "[WHAT...]", .min_args = 0,
	.max_args = ARGUMENTS_MAX,
	.help = "end certificates: by serial number, identity or label, or by condition",
	.options = revoke_options, .run = run_revoke,
};

/* --- pki cancel ----------------------------------------------------------------------------- */

static const struct option dir_options[] = { DIR_OPTION, { 0 } };

static void
show_cancelled(const struct invocation *in, const json_t *answer)
{
	(void)in;
	(void)answer;
	printf("cancelled\n");
}

static int
run_cancel(const struct invocation *in)
{
	const char	*words[] = { "cancel", NULL };

	return operator_ask_each(in, words, 2, show_cancelled);
}

const struct command cmd_pki_cancel = {
	.group = "pki", .name = "cancel", .args = "ID...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "end authorizations that were not used, locked ones too",
	.options = dir_options, .run = run_cancel,
};

/* --- pki lock, pki unlock ------------------------------------------------------------------ */

static const struct option lock_options[] = {
	DIR_OPTION,
	{ "reason", "TEXT", "", "for the audit trail" },
	{ 0 },
};

static void
show_state(const struct invocation *in, const json_t *answer)
{
	(void)in;
	printf("%s is %s\n", operator_text(answer, "id"), operator_text(answer, "state"));
}

static int
run_lock(const struct invocation *in)
{
	int	worst = EXIT_DONE;

	for (size_t i = 0; i < in->nargs && worst == EXIT_DONE; i++) {
		const char	*words[] = { "lock", in->args[i], option_value(in, "reason") };

		worst = operator_ask(in, words, 3, show_state);
	}
	return worst;
}

static int
run_unlock(const struct invocation *in)
{
	int	worst = EXIT_DONE;

	for (size_t i = 0; i < in->nargs && worst == EXIT_DONE; i++) {
		const char	*words[] = { "unlock", in->args[i] };

		worst = operator_ask(in, words, 2, show_state);
	}
	return worst;
}

const struct command cmd_pki_lock = {
	.group = "pki", .name = "lock", .args = "ID...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "refuse the tickets of authorizations until they are unlocked",
	.options = lock_options, .run = run_lock,
};

const struct command cmd_pki_unlock = {
	.group = "pki", .name = "unlock", .args = "ID...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "let locked authorizations be used again",
	.options = dir_options, .run = run_unlock,
};

/* --- pki crl ---------------------------------------------------------------------------------- */

static void
show_crl(const struct invocation *in, const json_t *answer)
{
	(void)in;
	(void)answer;
	printf("new CRLs are out\n");
}

static int
run_crl(const struct invocation *in)
{
	const char	*words[] = { "crl" };

	return operator_ask(in, words, 1, show_crl);
}

const struct command cmd_pki_crl = {
	.group = "pki", .name = "crl", .args = "",
	.help = "make and publish new CRLs now",
	.options = dir_options, .run = run_crl,
};

/* --- pki clock ------------------------------------------------------------------------------ */

static const struct option clock_options[] = {
	DIR_OPTION,
	{ "accept", NULL, NULL, "the machine's clock is right, though a later time was seen" },
	{ 0 },
};

static void
show_clock(const struct invocation *in, const json_t *answer)
{
	json_int_t	behind = json_integer_value(json_object_get(answer, "behind"));

	printf("clock of the machine  %s\nlatest time seen      %s\n",
	    operator_text(answer, "clock"), operator_text(answer, "seen"));
	if (option_given(in, "accept"))
		printf("the machine's clock counts again; what had expired stays so\n");
	else if (!json_is_true(json_object_get(answer, "decides")))
		printf("%lld seconds behind: nothing is decided. Correct the clock; if it is right:\n"
		    "  pki4ipsec pki clock --accept --dir %s\n", (long long)behind,
		    option_value(in, "dir"));
}

static int
run_clock(const struct invocation *in)
{
	const char	*words[] = { option_given(in, "accept") ? "clock-accept" : "clock" };

	return operator_ask(in, words, 1, show_clock);
}

const struct command cmd_pki_clock = {
	.group = "pki", .name = "clock", .args = "",
	.help = "the machine's clock, and the latest time that was seen",
	.options = clock_options, .run = run_clock,
};

/* --- pki admin ---------------------------------------------------------------------------- */

static void
show_admins(const struct invocation *in, const json_t *answer)
{
	json_t	*list = json_object_get(answer, "admins"), *o, *certs, *c;
	size_t	 i, k;

	(void)in;
	json_array_foreach(list, i, o) {
		const char	*rights = operator_text(o, "rights");

		printf("%-20s %s\n", operator_text(o, "name"), rights[0] != '\0' ? rights : "(removed)");
		certs = json_object_get(o, "certificates");
		json_array_foreach(certs, k, c)
			printf("%-20s certificate %s until %s%s\n", "", operator_text(c, "serial"),
			    operator_text(c, "not_after"), json_is_true(json_object_get(c, "good")) ? "" :
			    ", not good");
	}
}

static void
show_done(const struct invocation *in, const json_t *answer)
{
	printf("done\n");
	show_revoked(in, answer);
}

/* Its credential comes as every Admin's does: the commands for it. */
static void
show_added(const struct invocation *in, const json_t *answer)
{
	const char	*name = in->args[1], *dir = option_value(in, "dir");

	(void)answer;
	printf("added %s; next, by an Admin who may authorize under template \"admin\":\n"
	    "  printf 'label,email,template\\n%s,%s@admin.invalid,admin\\n' |\n"
	    "      pki4ipsec admin authorize --dir %s/admin --csv -\n"
	    "and with the ticket, where %s works:\n"
	    "  pki4ipsec admin enroll tickets/%s.ticket --dir %s\n", name, name, name, dir, name,
	    name, name);
}

static const struct {
	const char	*word, *verb;
	size_t		 words;
	void		(*show)(const struct invocation *in, const json_t *answer);
} admin_words[] = {
	{ "list", "admins", 1, show_admins },
	{ "add", "admin-add", 3, show_added },
	{ "rights", "admin-rights", 3, show_done },
	{ "remove", "admin-remove", 2, show_done },
};

static int
run_admin(const struct invocation *in)
{
	const char	*words[3] = { 0 };
	struct fault	 f = { 0 };

	for (size_t i = 0; i < sizeof(admin_words) / sizeof(admin_words[0]); i++) {
		if (strcmp(in->args[0], admin_words[i].word) != 0 ||
		    in->nargs != admin_words[i].words)
			continue;
		words[0] = admin_words[i].verb;
		for (size_t k = 1; k < in->nargs; k++)
			words[k] = in->args[k];
		return operator_ask(in, words, in->nargs, admin_words[i].show);
	}
	fault_set(&f, FAULT_USAGE, "", "want list, add NAME RIGHTS, rights NAME RIGHTS or "
	    "remove NAME");
	return command_fail(in, &f, "pki4ipsec pki admin --help");
}

const struct command cmd_pki_admin = {
	.group = "pki", .name = "admin", .args = "list|add|rights|remove [NAME [RIGHTS]]",
	.min_args = 1, .max_args = 3,
	.help = "who may authorize and revoke; RIGHTS: \"TEMPLATE:RIGHT ...\" or \"*\"",
	.options = dir_options, .run = run_admin,
};
