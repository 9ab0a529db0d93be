/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's journal (C-1): what it keeps over restarts, torn ends and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "pki/journal.h"

static char	path[] = "/tmp/pki4ipsec-journal-XXXXXX";

static int
set_up(void **state)
{
	int	fd = mkstemp(path);

	(void)state;
	log_init("unit", LOG_LEVEL_ERROR);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static struct journal *
open_it(void)
{
	struct fault	f = { 0 };
	struct journal	*j = journal_open(path, &f);

	assert_non_null(j);
	return j;
}

static void
append(struct journal *j, enum journal_kind kind, const char *id, uint64_t number)
{
	struct journal_record	r = { .kind = kind, .time = 7, .id = view_str(id),
		.number = number, .ca = 1 };
	struct fault		f = { 0 };

	assert_true(journal_append(j, &r, &f));
}

static void
fill(void)
{
	struct journal	*j = open_it();
	struct fault	 f = { 0 };
	char		 id[16];

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(id, sizeof(id), "id-%u", i);
		append(j, i % 2 ? JOURNAL_CANCELLED : JOURNAL_ISSUED, id, i);
	}
	append(j, JOURNAL_CRL, "", 42);
	assert_int_equal(journal_counter(j), 0);	/* not durable yet */
	assert_true(journal_settle(j, &f));
	assert_int_equal(journal_counter(j), 2001);
	journal_close(j);
}

static void
test_kept(void **state)
{
	struct journal	*j;
	struct buf	 out;
	struct fault	 f = { 0 };
	struct frame	 fr;
	size_t		 used;
	struct journal_record r;

	(void)state;
	fill();
	j = open_it();
	assert_int_equal(journal_counter(j), 2001);
	assert_int_equal(journal_certs(j), 1998);
	assert_int_equal(journal_crls(j, 1), 42);
	assert_int_equal(journal_crls(j, 0), 0);
	assert_int_equal(journal_find(j, VIEW_LIT("id-7"))->kind, JOURNAL_CANCELLED);
	assert_int_equal(journal_find(j, VIEW_LIT("id-8"))->kind, JOURNAL_ISSUED);
	assert_null(journal_find(j, VIEW_LIT("id-2000")));
	buf_init(&out, 8u << 20);
	assert_true(journal_read(j, 1999, &out, &f));
	assert_true(frame_take(buf_view(&out), 4096, &fr, &used, &f));
	assert_true(journal_record_get(&fr, &r, &f));
	assert_int_equal(r.counter, 2000);
	assert_true(view_equal(r.id, VIEW_LIT("id-1999")));
	buf_clear(&out);
	journal_close(j);
}

/* Change octets of the file, and count what is left. */
static uint64_t
after_damage(size_t cut, size_t flip)
{
	struct buf	all;
	struct fault	f = { 0 };
	struct journal	*j;
	uint64_t	n;

	buf_init(&all, 8u << 20);
	assert_true(file_read(path, &all, &f));
	all.n -= cut;
	if (flip != 0)
		all.p[flip] ^= 1;
	assert_true(file_write(path, buf_view(&all), 0600, &f));
	buf_clear(&all);
	j = open_it();
	n = journal_counter(j);
	append(j, JOURNAL_ISSUED, "after", 1);
	assert_true(journal_settle(j, &f));
	journal_close(j);
	j = open_it();
	assert_int_equal(journal_counter(j), n + 1);
	assert_non_null(journal_find(j, VIEW_LIT("after")));
	journal_close(j);
	return n;
}

static void
test_damage(void **state)
{
	(void)state;
	assert_int_equal(after_damage(0, 0), 2001);
	assert_int_equal(after_damage(3, 0), 2001);	/* the one appended last is torn */
	assert_true(after_damage(0, 1000) < 10);	/* everything behind it is gone */
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
