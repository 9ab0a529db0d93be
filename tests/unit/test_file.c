/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char	dir[64];

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/test_file.XXXXXX",
	    getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"));
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	return dir_remove(dir, &f) && !file_exists(dir) ? 0 : -1;
}

static const char *
at(const char *name)
{
	static char	path[4][256];
	static size_t	next;
	struct fault	f = { 0 };
	char		*p = path[next++ % 4];

	assert_true(path_join(p, sizeof(path[0]), dir, name, &f));
	return p;
}

static void
content_is(const char *path, const char *want)
{
	struct fault	f = { 0 };
	struct buf	b;

	buf_init(&b, 1 << 20);
	assert_true(file_read(path, &b, &f));
	assert_true(view_equal(buf_view(&b), view_str(want)));
	buf_clear(&b);
}

static void
writes_replaces_creates(void **state)
{
	struct fault	f = { 0 };
	struct stat	st;

	(void)state;
	assert_true(file_write(at("a"), VIEW_LIT("one"), 0600, &f));
	assert_int_equal(stat(at("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(file_write(at("a"), VIEW_LIT("two"), 0644, &f));
	assert_int_equal(stat(at("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	content_is(at("a"), "two");
	assert_false(file_create(at("a"), VIEW_LIT("three"), 0600, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	content_is(at("a"), "two");
	fault_clear(&f);
	assert_true(file_create(at("b"), VIEW_NONE, 0600, &f));
	content_is(at("b"), "");
	fault_clear(&f);
	assert_false(file_write(at("no/b"), VIEW_NONE, 0600, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
}

/* What a killed writer left is replaced; what only bears its name is not touched. */
static void
leftovers(void **state)
{
	struct fault	f = { 0 };
	struct stat	st;

	(void)state;
	assert_true(file_write(at("other"), VIEW_LIT("mine"), 0644, &f));
	assert_true(file_write(at("l.new"), VIEW_LIT("half of someth"), 0644, &f));
	assert_true(file_write(at("l"), VIEW_LIT("whole"), 0600, &f));
	content_is(at("l"), "whole");
	assert_int_equal(stat(at("l"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_false(file_exists(at("l.new")));
	assert_int_equal(link(at("other"), at("l.new")), 0);
	assert_true(file_write(at("l"), VIEW_LIT("hard"), 0600, &f));
	content_is(at("l"), "hard");
	content_is(at("other"), "mine");
	assert_int_equal(symlink("other", at("l.new")), 0);
	assert_true(file_write(at("l"), VIEW_LIT("soft"), 0600, &f));
	content_is(at("l"), "soft");
	content_is(at("other"), "mine");
	assert_false(file_exists(at("l.new")));
}

/* Each of them whole, whoever is last. */
static void
writers_at_once(void **state)
{
	struct fault	f = { 0 };
	struct buf	b;
	uint8_t		octets[4096];
	pid_t		pids[4];
	int		status;

	(void)state;
	for (int i = 0; i < 4; i++) {
		if ((pids[i] = fork()) != 0)
			continue;
		memset(octets, 'a' + i, sizeof(octets));
		for (int k = 0; k < 50; k++)
			if (!file_write(at("many"), view_of(octets, sizeof(octets)), 0600, &f))
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	buf_init(&b, sizeof(octets) + 1);
	assert_true(file_read(at("many"), &b, &f));
	assert_int_equal(b.n, sizeof(octets));
	for (size_t i = 1; i < b.n; i++)
		assert_int_equal(b.p[i], b.p[0]);
	buf_clear(&b);
	assert_false(file_exists(at("many.new")));
}

static void
reading_is_bounded(void **state)
{
	struct fault	f = { 0 };
	struct buf	b;

	(void)state;
	assert_true(file_write(at("ten"), VIEW_LIT("0123456789"), 0600, &f));
	buf_init(&b, 10);
	assert_true(file_read(at("ten"), &b, &f));
	assert_int_equal(b.n, 10);
	buf_clear(&b);
	buf_init(&b, 9);
	assert_false(file_read(at("ten"), &b, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	assert_int_equal(b.n, 0);
	fault_clear(&f);
	assert_false(file_read(at("none"), &b, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
	fault_clear(&f);
	assert_false(file_read(dir, &b, &f));
	assert_int_equal(f.kind, FAULT_IO);
	buf_clear(&b);
}

static void
folders(void **state)
{
	struct fault	f = { 0 };
	struct stat	st;

	(void)state;
	assert_true(dir_make(at("x/y//z/"), 0750, &f));
	assert_true(dir_make(at("x/y/z"), 0750, &f));
	assert_int_equal(stat(at("x/y/z"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_true(file_write(at("x/f"), VIEW_LIT("1"), 0600, &f));
	assert_false(dir_make(at("x/f/g"), 0750, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	/* A link is removed, not what it points to. */
	assert_true(file_write(at("keep"), VIEW_LIT("1"), 0600, &f));
	assert_int_equal(symlink("..", at("x/up")), 0);
	assert_true(dir_remove(at("x"), &f));
	assert_false(file_exists(at("x")));
	assert_true(file_exists(at("keep")));
	assert_true(dir_remove(at("x"), &f));
}

static void
joining(void **state)
{
	struct fault	f = { 0 };
	char		out[8];

	(void)state;
	assert_true(path_join(out, sizeof(out), "a/", "b", &f));
	assert_string_equal(out, "a/b");
	assert_true(path_join(out, sizeof(out), "abc", "def", &f));
	assert_string_equal(out, "abc/def");
	assert_false(path_join(out, sizeof(out), "abcd", "efg", &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
}

static void
one_lock_one_holder(void **state)
{
	struct fault	f = { 0 };
	char		pid[16];
	int		first, second;

	(void)state;
	assert_true((first = file_lock(at("lock"), &f)) >= 0);
	assert_int_equal(file_lock(at("lock"), &f), -1);
	assert_int_equal(f.kind, FAULT_BUSY);
	snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
	assert_non_null(strstr(f.text, pid));
	close(first);
	fault_clear(&f);
	assert_true((second = file_lock(at("lock"), &f)) >= 0);
	close(second);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(writes_replaces_creates),
		cmocka_unit_test(leftovers),
		cmocka_unit_test(writers_at_once),
		cmocka_unit_test(reading_is_bounded),
		cmocka_unit_test(folders),
		cmocka_unit_test(joining),
		cmocka_unit_test(one_lock_one_holder),
	};

	return cmocka_run_group_tests_name("file", tests, set_up, tear_down);
}
