/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_enroll.c - a device before it has heard anything: what is on disk when
 * the first octet leaves, what is sent again, and which folders are refused.
 * (What a PKI answers is tried in tests/flow.)
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
#include "base/random.h"
#include "peer/enroll.h"
#include "peer/enroll_state.h"

#define NOW		INT64_C(1795500000)
#define PATH_TEXT_MAX	128

/* A device whose PKI never answers. */
struct device {
	char		 base[PATH_TEXT_MAX], dir[PATH_TEXT_MAX];
	struct ticket	 ticket;
	size_t		 sent;
	struct buf	 first, last;		/* messages */
};

static void
path_in(const struct device *d, const char *name, char out[2 * PATH_TEXT_MAX])
{
	snprintf(out, 2 * PATH_TEXT_MAX, "%s/%s", d->dir, name);
}

static mode_t
mode_of(const struct device *d, const char *name)
{
	char		path[2 * PATH_TEXT_MAX];
	struct stat	st;

	path_in(d, name, path);
	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static bool
holds(const struct device *d, const char *name, const char *text)
{
	char		path[2 * PATH_TEXT_MAX];
	struct buf	b;
	bool		there;

	path_in(d, name, path);
	buf_init(&b, 1u << 20);
	there = file_read(path, &b, NULL) && memmem(b.p, b.n, text, strlen(text)) != NULL;
	buf_clear(&b);
	return there;
}

/* R4809-3.4.11: what is sent can be sent again, whatever happens now. */
static bool
silence(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct device	*d = ctx;

	(void)answer;
	assert_int_equal(mode_of(d, ""), 0700);
	assert_int_equal(mode_of(d, "enroll"), 0700);
	assert_int_equal(mode_of(d, ENROLL_KEY_FILE), 0600);
	assert_int_equal(mode_of(d, ENROLL_STATE_FILE), 0600);
	assert_true(holds(d, ENROLL_KEY_FILE, "-----BEGIN PRIVATE KEY-----"));
	assert_true(holds(d, ENROLL_STATE_FILE, "\"request\""));
	buf_reset(&d->last);
	buf_add_view(&d->last, message);
	if (d->sent++ == 0)
		buf_add_view(&d->first, message);
	return fault_set(f, FAULT_BUSY, "", "nobody answers");
}

static void
device_init(struct device *d)
{
	memset(d, 0, sizeof(*d));
	strcpy(d->base, "/tmp/pki4ipsec-enroll.XXXXXX");
	assert_non_null(mkdtemp(d->base));
	assert_true(snprintf(d->dir, sizeof(d->dir), "%.60s/gw1", d->base) > 0);
	strcpy(d->ticket.url, "http://127.0.0.1:1/cmc");
	strcpy(d->ticket.id, "ABCD-EFGH-JKMN-PQRS");
	strcpy(d->ticket.token, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
	strcpy(d->ticket.template, "s2s-gateway");
	strcpy(d->ticket.key, "ec-p256");
	strcpy(d->ticket.identities[0], "fqdn:gw1.example");
	d->ticket.n_identities = 1;
	d->ticket.anchor[0] = 1;
	buf_init(&d->first, ENROLL_MESSAGE_MAX);
	buf_init(&d->last, ENROLL_MESSAGE_MAX);
}

static void
device_clear(struct device *d)
{
	struct fault	f = { 0 };

	assert_true(dir_remove(d->base, &f));
	buf_clear(&d->first);
	buf_clear(&d->last);
}

static enum fault_kind
run(struct device *d)
{
	struct enroll		q = {
		.dir = d->dir, .ticket = &d->ticket, .transport = { silence, d },
		.rng = rng_system(), .now = NOW,
	};
	struct enroll_report	r;
	struct fault		f = { 0 };

	assert_false(enroll_run(&q, &r, &f));
	print_message("  %s\n", f.text);
	return f.kind;
}

static void
test_again(void **state)
{
	struct device	d;

	(void)state;
	device_init(&d);
	assert_int_equal(run(&d), FAULT_BUSY);
	assert_int_equal(run(&d), FAULT_BUSY);
	assert_int_equal(d.sent, 2);
	assert_true(view_equal(buf_view(&d.first), buf_view(&d.last)));
	assert_false(file_exists("key.pem"));
	/* Another ticket: another key, nothing of the first one. */
	strcpy(d.ticket.id, "ZBCD-EFGH-JKMN-PQRS");
	assert_int_equal(run(&d), FAULT_BUSY);
	assert_false(view_equal(buf_view(&d.first), buf_view(&d.last)));
	device_clear(&d);
}

/* Nothing is sent from a folder that is not ours alone. */
static void
test_folders(void **state)
{
	char		path[2 * PATH_TEXT_MAX], other[2 * PATH_TEXT_MAX];
	struct device	d;

	(void)state;
	device_init(&d);
	assert_int_equal(mkdir(d.dir, 0700), 0);
	assert_int_equal(chmod(d.dir, 01777), 0);
	assert_int_equal(run(&d), FAULT_CONFLICT);
	assert_int_equal(chmod(d.dir, 0700), 0);

	path_in(&d, "enroll", path);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(run(&d), FAULT_CONFLICT);
	assert_int_equal(rmdir(path), 0);

	snprintf(other, sizeof(other), "%s/other", d.base);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(run(&d), FAULT_CONFLICT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(d.sent, 0);

	/* A lock that is a link would empty the file behind it. */
	assert_int_equal(mkdir(path, 0700), 0);
	path_in(&d, "enroll/lock", path);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_not_equal(run(&d), FAULT_BUSY);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(d.sent, 0);

	assert_int_equal(run(&d), FAULT_BUSY);
	assert_int_equal(d.sent, 1);
	device_clear(&d);
}

/* Damage is said, and nothing is made anew behind the user's back. */
static void
test_damage(void **state)
{
	char		path[2 * PATH_TEXT_MAX];
	struct device	d;
	struct fault	f = { 0 };

	(void)state;
	device_init(&d);
	assert_int_equal(run(&d), FAULT_BUSY);
	path_in(&d, ENROLL_STATE_FILE, path);
	assert_true(file_write(path, VIEW_LIT("{\"version\": 1"), 0600, &f));
	assert_int_equal(run(&d), FAULT_MALFORMED);
	assert_int_equal(d.sent, 1);
	device_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
