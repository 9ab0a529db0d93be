/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever can write the database, and knows the token of one authorization:
 * each column that the token's seal is bound to, changed in turn (C-1).
 *
 * SEED-79: what the PKI keeps, and what it believes of it, test_columns
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "flow_raw.h"

static struct flow_pki	pki;
static struct key	*mine;

struct change {
	const char	*id;		/* of the thief's own authorization */
	const char	*victim;	/* and of another */
	const char	*sql;		/* SET ... of the former; :victim may stand in it */
};

/* The processes are down; the file is open to the thief. */
static void
write_database(void *ctx)
{
	const struct change	*c = ctx;
	char			 path[CONFIG_PATH_MAX], sql[512];
	struct fault		 f = { 0 };
	sqlite3			*db;
	sqlite3_stmt		*st = NULL;

	assert_true(path_join(path, sizeof(path), pki.r.staging, "pki.db", &f));
	snprintf(sql, sizeof(sql), "UPDATE authz SET %s WHERE id = ?1", c->sql);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_bind_text(st, 1, c->id, -1, SQLITE_STATIC), SQLITE_OK);
	if (sqlite3_bind_parameter_count(st) > 1)
		assert_int_equal(sqlite3_bind_text(st, 2, c->victim, -1, SQLITE_STATIC),
		    SQLITE_OK);
	if (sqlite3_step(st) != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_changes(db), 1);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
}

/* With the right token: does it still buy a certificate? */
static bool
buys(const struct device *d)
{
	struct raw_answer	a;
	struct flow_seen	s;
	struct buf		message;
	bool			found;

	buf_init(&message, RAW_MAX);
	raw_message(&(struct raw){ .t = &d->t, .key = mine }, &message);
	raw_send(&pki, buf_view(&message), &a);
	found = raw_find_cert(&a, mine).n > 0;
	flow_look(&pki, d->t.id, &s);
	assert_int_equal(s.certs, found ? 1 : 0);
	raw_answer_clear(&a);
	buf_clear(&message);
	return found;
}

#define OF_VICTIM(column)	column " = (SELECT " column " FROM authz WHERE id = ?2)"

static void
test_columns(void **state)
{
	static const struct {
		const char	*label, *sql;
		bool		 works;
	} cases[] = {
		{ "nothing that counts", "created = created + 1", true },
		{ "the names of another", OF_VICTIM("terms") ", " OF_VICTIM("content_digest") ", "
		    OF_VICTIM("sans") ", " OF_VICTIM("subject"), false },
		{ "another label", "label = 'evil'", false },
		{ "no label", "label = ''", false },
		{ "another template", "template = (SELECT n FROM template WHERE"
		    " name = 'ra-gateway')", false },
		{ "the template of Admins", "template = (SELECT n FROM template WHERE"
		    " name = 'admin')", false },
		{ "another Admin's", "admin = (SELECT min(n) FROM admin)", false },
		{ "in the place of a certificate", "replaces = (SELECT min(n) FROM cert)", false },
		{ "another's token", OF_VICTIM("sealed"), false },
		{ "in progress, for a key", "state = 2, spki_hash = zeroblob(32)", false },
		{ "another epoch", "epoch = epoch + 1", false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct device	d, victim;
		struct change	c = { .sql = cases[i].sql };

		gateway(&d, &pki);
		gateway(&victim, &pki);
		c.id = d.t.id;
		c.victim = victim.t.id;
		flow_restart_with(&pki, write_database, &c);
		if (buys(&d) != cases[i].works)
			fail_msg("%s", cases[i].label);
		device_close(&d);
		device_close(&victim);
	}
}

static int
start(void **state)
{
	struct device	admin;
	struct fault	f = { 0 };

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	mine = key_generate(KEY_EC_P256, &f);
	gateway(&admin, &pki);		/* a certificate that could be replaced */
	if (mine == NULL || !run(&admin))
		return -1;
	device_close(&admin);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	key_free(mine);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(test_columns) };

	return cmocka_run_group_tests(tests, start, stop);
}
