/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database put back to yesterday (correction 1): what was spent since
 * stays spent, and no number is given out twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "crypt/digest.h"
#include "flow_device.h"

static struct flow_pki	pki;

static const char *
in_folder(const char *name, char out[CONFIG_PATH_MAX])
{
	struct fault	f = { 0 };

	assert_true(path_join(out, CONFIG_PATH_MAX, pki.r.staging, name, &f));
	return out;
}

/* The copy that an operator would make. */
static void
take_copy(const char *name)
{
	char		path[FLOW_PATH_MAX];
	struct fault	f = { 0 };

	if (!store_backup(pki.store, flow_path(&pki, name, path), &f))
		fail_msg("%s", f.text);
}

/* Put it in the place of the database, and start on it. */
static void
put_back(void *ctx)
{
	char	from[FLOW_PATH_MAX], to[CONFIG_PATH_MAX], extra[CONFIG_PATH_MAX + 8];

	if (rename(flow_path(&pki, ctx, from), in_folder("pki.db", to)) != 0)
		fail_msg("could not put the copy back");
	for (int i = 0; i < 2; i++) {
		snprintf(extra, sizeof(extra), "%s%s", to, i == 0 ? "-wal" : "-shm");
		(void)remove(extra);
	}
}

/* A thief has read the token, and waits for the rollback with a key of his own. */
static void
expect_spent(struct device *d, const char *label)
{
	struct flow_seen	s;
	struct device		thief = *d;
	static unsigned		n;
	char			name[32];

	snprintf(name, sizeof(name), "thief-%u", n++);
	flow_wire_init(&thief.w, &pki);
	flow_path(&pki, name, thief.dir);
	if (run(&thief))
		fail_msg("%s: the token bought a second certificate", label);
	flow_look(&pki, d->t.id, &s);
	if (s.certs > 1 || s.state == STORE_AUTHZ_OPEN || s.state == STORE_AUTHZ_WAITING)
		fail_msg("%s: state %d, %zu certificates", label, s.state, s.certs);
	flow_wire_clear(&thief.w);
}

static void
test_spent(void **state)
{
	static const struct {
		const char	*label;
		size_t		 lose_answer;	/* 1: issued, 2: confirmed, both unknown to the Peer */
	} cases[] = {
		{ "issued since", 1 }, { "confirmed since", 2 }, { "used since", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d;

		gateway(&d, &pki);
		take_copy(cases[i].label);
		d.w.lose_answer = cases[i].lose_answer;
		(void)run(&d);
		flow_restart_with(&pki, put_back, (void *)(uintptr_t)cases[i].label);
		expect_spent(&d, cases[i].label);
		device_close(&d);
	}
}

/* The serial numbers that come after are new. */
static void
test_numbers(void **state)
{
	struct device	before, after;

	(void)state;
	take_copy("numbers");
	gateway(&before, &pki);
	assert_true(run(&before));
	flow_restart_with(&pki, put_back, (void *)(uintptr_t)"numbers");
	gateway(&after, &pki);
	assert_true(run(&after));
	/* 01, five octets of counter */
	assert_true(strncmp(after.r.serial, before.r.serial, 12) > 0);
	device_close(&before);
	device_close(&after);
}

static int
start(void **state)
{
	(void)state;
	flow_start(&pki, KEY_EC_P256);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_spent),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
