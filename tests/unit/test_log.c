/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/view.h"

static int	saved, from;

static void
catch_stderr(void)
{
	int	p[2];

	assert_int_equal(pipe(p), 0);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(p[1], STDERR_FILENO);
	close(p[1]);
	from = p[0];
}

static const char *
caught(void)
{
	static char	line[4096];
	ssize_t		n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(from, line, sizeof(line) - 1);
	close(from);
	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void
fields_cannot_be_forged(void **state)
{
	const char	*line;

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("engine", LOG_LEVEL_INFO);
	catch_stderr();
	log_line(LOG_LEVEL_INFO, "certificate issued",
	    "tid=%.*s peer=\"%s\" authz=%" PRIu64 " n=%zu d=%d%% x=%02x %c",
	    4, "7f3axxxx", "gw7\" authz=9\nroot", (uint64_t)112, (size_t)3, -5,
	    10u, 'c');
	line = caught();
	assert_string_equal(line, "<6>engine: certificate issued tid=7f3a "
	    "peer=\"gw7\\\" authz=9\\x0aroot\" authz=112 n=3 d=-5% x=0a c\n");
}

static void
faults_and_levels(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	log_init("signer", LOG_LEVEL_WARN);
	assert_false(fault_set(&f, FAULT_REFUSED, "RFC 4945, 5.1", "no"));
	catch_stderr();
	log_line(LOG_LEVEL_INFO, "not shown", "%s", "x");
	log_fault(LOG_LEVEL_WARN, "request refused", &f);
	assert_string_equal(caught(), "<4>signer: request refused kind=refused "
	    "rule=\"RFC 4945, 5.1\" why=\"no\"\n");
	unsetenv("JOURNAL_STREAM");
	catch_stderr();
	log_line(LOG_LEVEL_ERROR, "down", NULL);
	assert_non_null(strstr(caught(), "Z error signer: down\n"));
}

static void
long_lines_are_cut(void **state)
{
	char		 big[5000];
	const char	*line;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	catch_stderr();
	log_line(LOG_LEVEL_ERROR, "big", "%s %s %s %s %s %s", big, big, big, big,
	    big, big);
	line = caught();
	assert_int_equal(strlen(line), 2048);
	assert_int_equal(line[2047], '\n');
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(fields_cannot_be_forged),
		cmocka_unit_test(faults_and_levels),
		cmocka_unit_test(long_lines_are_cut),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
