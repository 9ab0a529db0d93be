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

/* --- compacted --------------------------------------------------------------------- */

static const struct {
	enum journal_kind	 kind;
	int64_t			 time;
	const char		*id;
	uint64_t		 number;
	uint8_t			 ca;
	bool			 stays;
} rows[] = {
	{ JOURNAL_ISSUED, 10, "old", 1, 0, false },
	{ JOURNAL_CANCELLED, 10, "old and cancelled", 0, 0, false },
	{ JOURNAL_SUCCESSOR, 10, "serial", 2, 0, false },
	{ JOURNAL_CRL, 10, "", 1, 1, false },
	{ JOURNAL_ISSUED, 11, "highest", 9, 0, true },
	{ JOURNAL_CRL, 20, "", 7, 0, true },
	{ JOURNAL_LOCKED, 10, "locked of old", 0, 0, false },
	{ JOURNAL_LOCKED, 20, "locked", 0, 0, true },
	{ JOURNAL_LOCKED, 20, "locked and used", 0, 0, false },
	{ JOURNAL_UNLOCKED, 20, "locked and used", 0, 0, false },
	{ JOURNAL_ISSUED, 20, "locked and used", 5, 0, true },
	{ JOURNAL_CRL, 20, "", 2, 1, true },
	{ JOURNAL_CANCELLED, 21, "cancelled", 0, 0, true },
	{ JOURNAL_LOCKED, 10, "the last one goes", 0, 0, false },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))
#define SINCE	12

static void
fill_rows(void)
{
	struct fault	 f = { 0 };
	struct journal	*j;

	assert_int_equal(truncate(path, 0), 0);
	j = open_it();
	for (size_t i = 0; i < ROWS; i++) {
		struct journal_record	r = { .kind = rows[i].kind, .time = rows[i].time,
			.id = view_str(rows[i].id), .number = rows[i].number, .ca = rows[i].ca };

		assert_true(journal_append(j, &r, &f));
	}
	assert_true(journal_settle(j, &f));
	journal_close(j);
}

/* Of rows, those that stay and are behind `after`, in their order; then `more` others. */
static void
expect_rows(struct journal *j, uint64_t after, uint64_t more)
{
	struct journal_record	r;
	struct frame		fr;
	struct fault		f = { 0 };
	struct buf		out;
	struct view		left;
	size_t			used;

	buf_init(&out, 1u << 20);
	assert_true(journal_read(j, after, &out, &f));
	left = buf_view(&out);
	for (uint64_t i = after; i < ROWS + more; i++) {
		if (i < ROWS && !rows[i].stays)
			continue;
		assert_true(frame_take(left, 4096, &fr, &used, &f) && used > 0);
		assert_true(journal_record_get(&fr, &r, &f));
		assert_int_equal(r.counter, i + 1);
		if (i < ROWS)
			assert_true(r.kind == rows[i].kind && view_equal(r.id, view_str(rows[i].id)));
		left = view_of(left.p + used, left.n - used);
	}
	assert_int_equal(left.n, 0);
	buf_clear(&out);
}

/* What counts is as before, over more records and over another compaction. */
static void
test_compacted(void **state)
{
	struct fault	 f = { 0 };
	struct journal	*j;

	(void)state;
	fill_rows();
	for (uint64_t round = 0; round < 3; round++) {
		assert_true(journal_compact(path, SINCE, 1, &f));
		j = open_it();
		assert_int_equal(journal_counter(j), ROWS + round);
		assert_int_equal(journal_certs(j), 9);
		assert_int_equal(journal_crls(j, 0), 7);
		assert_int_equal(journal_crls(j, 1), 2);
		assert_null(journal_find(j, VIEW_LIT("old")));
		assert_null(journal_find(j, VIEW_LIT("old and cancelled")));
		assert_int_equal(journal_find(j, VIEW_LIT("cancelled"))->kind, JOURNAL_CANCELLED);
		assert_int_equal(journal_find(j, VIEW_LIT("locked and used"))->kind, JOURNAL_ISSUED);
		expect_rows(j, 0, round);
		expect_rows(j, 11, round);
		assert_true(journal_append(j, &(struct journal_record){ .kind = JOURNAL_CANCELLED,
		    .time = 21, .id = round == 0 ? VIEW_LIT("one more") : VIEW_LIT("another") },
		    &f) && journal_settle(j, &f));
		journal_close(j);
	}
}

static void
read_file(struct buf *out)
{
	struct fault	f = { 0 };

	buf_init(out, 1u << 20);
	assert_true(file_read(path, out, &f));
}

/* Too little to gain: the file stays as it is. */
static void
test_not_worth(void **state)
{
	struct buf	before, after;
	struct fault	f = { 0 };

	(void)state;
	fill_rows();
	read_file(&before);
	assert_true(journal_compact(path, SINCE, ROWS, &f));
	read_file(&after);
	assert_true(view_equal(buf_view(&before), buf_view(&after)));
	buf_clear(&before);
	buf_clear(&after);
}

/* Damaged among what is left, the counter tells: it is below that of before. */
static void
test_compacted_damage(void **state)
{
	struct buf	 all, again;
	struct fault	 f = { 0 };
	struct journal	*j;

	(void)state;
	fill_rows();
	assert_true(journal_compact(path, SINCE, 1, &f));
	read_file(&all);
	for (size_t cut = 1; cut < all.n; cut += 37) {
		assert_true(file_write(path, view_of(all.p, all.n - cut), 0600, &f));
		j = open_it();
		assert_true(journal_counter(j) < ROWS);
		journal_close(j);
	}
	/* Twice the same is once, and what is behind it is cut off. */
	assert_true(file_write(path, buf_view(&all), 0600, &f));
	read_file(&again);
	buf_add_view(&all, buf_view(&again));
	assert_true(file_write(path, buf_view(&all), 0600, &f));
	buf_clear(&again);
	j = open_it();
	assert_int_equal(journal_counter(j), ROWS);
	journal_close(j);
	buf_clear(&all);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_compacted),
		cmocka_unit_test(test_not_worth),
		cmocka_unit_test(test_compacted_damage),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
