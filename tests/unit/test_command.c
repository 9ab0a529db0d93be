/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/command.h"

#define WORDS_MAX	8

static struct invocation last;
static bool		 ran;

static int
remember(const struct invocation *in)
{
	last = *in;
	ran = true;
	return EXIT_DONE;
}

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder" },
	{ "plan", NULL, NULL, "only show" },
	{ NULL, NULL, NULL, NULL },
};
static const struct command authorize = {
	"admin", "authorize", "NAME...", 1, 2, "let peers enroll", options,
	remember
};
static const struct option several[] = {
	{ "crl", "FILE...", NULL, "CRLs" },
	{ NULL, NULL, NULL, NULL },
};
static const struct command lint = {
	NULL, "lint", "", 0, 0, "check", several, remember
};
static const struct command hidden = {
	"admin", "role", "", 0, 0, NULL, NULL, remember
};
static const struct command *const table[] = {
	&authorize, &lint, &hidden, NULL
};

static const struct {
	const char	*label;
	const char	*words[WORDS_MAX];
	int		 code;
	bool		 runs;
} cases[] = {
	{ "nothing", { NULL }, 2, false },
	{ "version", { "--version" }, 0, false },
	{ "help", { "--help" }, 0, false },
	{ "help of a group", { "admin", "help" }, 0, false },
	{ "help of a command", { "admin", "authorize", "--help" }, 0, false },
	{ "no command", { "admin" }, 2, false },
	{ "unknown group", { "amdin", "authorize" }, 2, false },
	{ "unknown command", { "admin", "autorize" }, 2, false },
	{ "without a group", { "lint" }, 0, true },
	{ "group's command at the top", { "authorize", "a" }, 2, false },
	{ "hidden, but there", { "admin", "role" }, 0, true },
	{ "argument", { "admin", "authorize", "a" }, 0, true },
	{ "too few", { "admin", "authorize" }, 2, false },
	{ "too many", { "admin", "authorize", "a", "b", "c" }, 2, false },
	{ "option", { "admin", "authorize", "a", "--dir", "x" }, 0, true },
	{ "option=", { "admin", "authorize", "--dir=x", "a" }, 0, true },
	{ "flag", { "admin", "authorize", "--plan", "a" }, 0, true },
	{ "flag=", { "admin", "authorize", "--plan=1", "a" }, 2, false },
	{ "no value", { "admin", "authorize", "a", "--dir" }, 2, false },
	{ "twice", { "admin", "authorize", "a", "--plan", "--plan" }, 2, false },
	{ "unknown option", { "admin", "authorize", "--pan", "a" }, 2, false },
	{ "short unknown", { "admin", "authorize", "-x", "a" }, 2, false },
	{ "common", { "admin", "authorize", "-q", "--json", "a" }, 0, true },
	{ "after --", { "admin", "authorize", "--", "--plan" }, 0, true },
	{ "one dash", { "admin", "authorize", "-" }, 0, true },
};

static void
command_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char	*argv[WORDS_MAX + 2] = { NULL };
		char	 program[] = "pki4ipsec";
		int	 argc = 1;

		print_message("%s\n", cases[i].label);
		argv[0] = program;
		for (; cases[i].words[argc - 1] != NULL; argc++)
			argv[argc] = (char *)(uintptr_t)cases[i].words[argc - 1];
		ran = false;
		assert_int_equal(command_main(argc, argv, table), cases[i].code);
		assert_int_equal(ran, cases[i].runs);
	}
}

static void
values(void **state)
{
	char	*argv[] = { (char []){ "p" }, (char []){ "admin" },
		    (char []){ "authorize" }, (char []){ "--dir=" },
		    (char []){ "gw1" }, (char []){ "-v" }, NULL };

	(void)state;
	assert_int_equal(command_main(6, argv, table), EXIT_DONE);
	assert_string_equal(option_value(&last, "dir"), "");
	assert_true(option_given(&last, "dir"));
	assert_false(option_given(&last, "plan"));
	assert_null(option_value(&last, "plan"));
	assert_null(option_value(&last, "other"));
	assert_true(last.verbose);
	assert_false(last.quiet);
	assert_string_equal(last.args[0], "gw1");
	argv[3] = (char []){ "--plan" };
	assert_int_equal(command_main(6, argv, table), EXIT_DONE);
	assert_string_equal(option_value(&last, "dir"), "/var/lib/pki4ipsec");
	assert_false(option_given(&last, "dir"));
	assert_string_equal(option_value(&last, "plan"), "");
}

static void
fault_gives_the_exit_code(void **state)
{
	static const struct {
		enum fault_kind	kind;
		int		code;
	} codes[] = {
		{ FAULT_USAGE, EXIT_USAGE }, { FAULT_BUSY, EXIT_LATER },
		{ FAULT_IO, EXIT_FAILED }, { FAULT_REFUSED, EXIT_FAILED },
	};
	struct invocation	in = { .command = &lint };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct fault	f = { 0 };

		assert_false(fault_set(&f, codes[i].kind, "rule", "a \"b\""));
		in.json = i % 2 == 1;
		assert_int_equal(command_fail(&in, &f, "pki4ipsec lint"),
		    codes[i].code);
	}
}

/* An option whose value ends in "..." keeps all of them, in order. */
static void
values_repeat(void **state)
{
	static char	words[][10] = { "pki4ipsec", "lint", "--crl", "a", "--crl=b", "--crl", "c" };
	char		*argv[8] = { NULL };

	(void)state;
	for (size_t i = 0; i < 7; i++)
		argv[i] = words[i];
	assert_int_equal(command_main(7, argv, table), EXIT_DONE);
	assert_string_equal(option_nth(&last, "crl", 0), "a");
	assert_string_equal(option_nth(&last, "crl", 1), "b");
	assert_string_equal(option_nth(&last, "crl", 2), "c");
	assert_null(option_nth(&last, "crl", 3));
	assert_int_equal(command_main(2, argv, table), EXIT_DONE);
	assert_null(option_nth(&last, "crl", 0));
	assert_null(option_nth(&last, "crl", 1));
	assert_null(option_nth(&last, "nosuch", 1));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(values),
		cmocka_unit_test(fault_gives_the_exit_code),
		cmocka_unit_test(values_repeat),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
