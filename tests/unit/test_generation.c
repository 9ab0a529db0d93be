/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key, certificate and chain change together: from wherever a power cut left
 * the links, what is in use is of one generation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "peer/generation.h"

#define ROOM	256

static const char *const	names[] = { "key.pem", "cert.pem", "chain.pem" };
static char			base[64], dir[128];

static int
set_up(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/pki4ipsec-generation-XXXXXX");
	if (mkdtemp(base) == NULL)
		return -1;
	snprintf(dir, sizeof(dir), "%s/gw1", base);
	return mkdir(dir, 0700);
}

static int
tear_down(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	return dir_remove(base, &f) ? 0 : -1;
}

static void
must(bool ok, const struct fault *f)
{
	if (!ok)
		fail_msg("%s", f->text);
}

static void
path_in(const char *name, char out[ROOM])
{
	snprintf(out, ROOM, "%s/%s", dir, name);
}

/* What enrolment leaves, with this content in all three. */
static void
plain(const char *content)
{
	struct fault	f = { 0 };
	char		path[ROOM];

	for (size_t i = 0; i < 3; i++) {
		path_in(names[i], path);
		must(file_write(path, view_str(content), i == 0 ? 0600 : 0644, &f), &f);
	}
}

static void
write_new(const char *serial)
{
	struct install_request	req = { .key_pem = view_str(serial), .cert = view_str(serial),
		.ca = { VIEW_LIT("issuer"), VIEW_LIT("root") }, .nca = 2 };
	struct fault		f = { 0 };

	must(generation_write(dir, serial, &req, &f), &f);
}

static void
switch_to(const char *serial, const char *old)
{
	struct fault	f = { 0 };

	must(generation_switch(dir, serial, old, &f), &f);
}

/* All three are of `serial`; plain() wrote its name, generation_write() the key's. */
static void
expect_in_use(const char *serial, const char *label)
{
	struct fault	f = { 0 };
	struct buf	b;
	char		path[ROOM], real[4096], want[ROOM];
	struct stat	st;

	snprintf(want, sizeof(want), "/generation/%s/", serial);
	for (size_t i = 0; i < 3; i++) {
		path_in(names[i], path);
		assert_non_null(realpath(path, real));
		if (strstr(real, want) == NULL)
			fail_msg("%s: %s is %s", label, names[i], real);
	}
	path_in("key.pem", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_init(&b, 4096);
	must(file_read(path, &b, &f), &f);
	if (!view_equal(buf_view(&b), view_str(serial)))
		fail_msg("%s: another key", label);
	buf_clear(&b);
}

static void
test_switch(void **state)
{
	struct fault	f = { 0 };
	char		path[ROOM];
	bool		done;

	(void)state;
	plain("01");
	must(generation_settle(dir, &done, &f) && !done, &f);
	must(generation_back(dir, &done, &f) && !done, &f);
	write_new("02");
	switch_to("02", "01");
	expect_in_use("02", "switched");
	switch_to("02", "02");
	expect_in_use("02", "switched again");
	must(generation_back(dir, &done, &f) && done, &f);
	expect_in_use("01", "back");
	must(generation_back(dir, &done, &f) && done, &f);
	write_new("03");
	switch_to("03", "02");
	must(generation_settle(dir, &done, &f) && done, &f);
	expect_in_use("03", "settled");
	path_in("generation/02", path);
	assert_false(file_exists(path));
	path_in("generation/01", path);
	assert_false(file_exists(path));
	must(generation_back(dir, &done, &f) && !done, &f);
	/* Enrolled anew: plain files again, old keys go, and then the next renewal. */
	plain("04");
	must(generation_settle(dir, &done, &f) && done, &f);
	path_in("generation/03", path);
	assert_false(file_exists(path));
	write_new("05");
	switch_to("05", "04");
	expect_in_use("05", "after another enrolment");
	must(generation_back(dir, &done, &f) && done, &f);
	expect_in_use("04", "the other enrolment");
}

/* As far as a cut let the first renewal come: so many of its steps are done. */
static void
cut_after(size_t steps)
{
	static const char	copy[] = "generation/01";
	struct fault		f = { 0 };
	char			path[ROOM], to[2 * ROOM];

	plain("01");
	write_new("02");
	if (steps == 0)
		return;
	path_in(copy, path);
	must(dir_make(path, 0700, &f), &f);
	for (size_t i = 0; i < 3; i++) {
		path_in(copy, path);
		snprintf(to, sizeof(to), "%s/%s", path, names[i]);
		must(file_write(to, VIEW_LIT("01"), i == 0 ? 0600 : 0644, &f), &f);
		if (steps == 1)
			return;		/* within the copy */
	}
	path_in("current", path);
	assert_int_equal(symlink(copy, path), 0);
	for (size_t i = 0; i + 3 < steps && i < 3; i++) {
		path_in(names[i], path);
		snprintf(to, sizeof(to), "current/%s", names[i]);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(to, path), 0);
	}
	if (steps == 7) {
		path_in("previous", path);
		assert_int_equal(symlink(copy, path), 0);
		path_in(".link.new", path);
		assert_int_equal(symlink("generation/02", path), 0);
	}
}

static void
test_power_cuts(void **state)
{
	struct fault	f = { 0 };
	char		label[32];
	bool		done;

	(void)state;
	for (size_t steps = 0; steps <= 7; steps++) {
		snprintf(label, sizeof(label), "after step %zu", steps);
		must(dir_remove(dir, &f), &f);
		assert_int_equal(mkdir(dir, 0700), 0);
		cut_after(steps);
		switch_to("02", "01");
		expect_in_use("02", label);
		must(generation_back(dir, &done, &f) && done, &f);
		expect_in_use("01", label);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_switch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_power_cuts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
