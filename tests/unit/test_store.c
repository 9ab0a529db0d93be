/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as a whole: opening, transactions, crashes, copies, damage.
 */
#include "store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/schema.h"

/* Change the file behind the store's back. */
static void
tamper(const struct fixture *x, const char *sql)
{
	sqlite3	*db;

	assert_int_equal(sqlite3_open(x->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

static void
opens_only_what_fits(void **state)
{
	struct fixture	*x = *state;
	struct stat	 s;
	char		 other[128];

	assert_int_equal(stat(x->path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	store_close(x->st);
	x->st = NULL;
	REFUSED(x, FAULT_CONFLICT, store_open(x->path, STORE_CREATE,
	    (struct store_digest){ sha256 }, &x->f) != NULL);
	(void)snprintf(other, sizeof(other), "%s/none.db", x->dir);
	REFUSED(x, FAULT_NOT_FOUND, store_open(other, STORE_OPEN,
	    (struct store_digest){ sha256 }, &x->f) != NULL);
	assert_true(file_write(other, VIEW_LIT("this is not a database, but it "
	    "is long enough to have a header of some hundred octets, as one"
	    "would have, and so SQLite has to look at it to see that it is no"
	    "database at all"), 0600, &x->f));
	REFUSED(x, FAULT_IO, store_open(other, STORE_OPEN,
	    (struct store_digest){ sha256 }, &x->f) != NULL);
}

static void
refuses_a_newer_schema(void **state)
{
	struct fixture	*x = *state;
	char		 sql[64];

	store_close(x->st);
	x->st = NULL;
	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d",
	    store_schema_version() + 1);
	tamper(x, sql);
	for (enum store_mode m = STORE_OPEN; m <= STORE_READ_ONLY; m++) {
		if (m == STORE_CREATE)
			continue;
		assert_null(store_open(x->path, m,
		    (struct store_digest){ sha256 }, &x->f));
		assert_int_equal(x->f.kind, FAULT_REFUSED);
		assert_non_null(strstr(x->f.text, x->path));
		assert_non_null(strstr(x->f.text, "schema version"));
		fault_clear(&x->f);
	}
	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d",
	    store_schema_version());
	tamper(x, sql);
	fixture_open(x, STORE_OPEN);
}

static void
migrates_step_by_step(void **state)
{
	enum { STEPS = 64 };
	const char		*good[STEPS + 3] = { NULL }, *bad[STEPS + 3] = { NULL };
	const int		 known = store_schema_version();
	struct fixture		*x = *state;
	int64_t			 version = 0;
	struct query		 q;

	assert_true(known <= STEPS);
	for (int i = 0; i < known; i++)
		good[i] = bad[i] = "SELECT 1";
	good[known] = bad[known] = "CREATE TABLE extra (n INTEGER) STRICT";
	good[known + 1] = "INSERT INTO extra VALUES (7)";
	bad[known + 1] = "CREATE TABLE half (n INTEGER) STRICT; SELECT nonsense()";
	/* A step that fails leaves the version before it, and no half of it. */
	OK(x, db_exec(x->st, "PRAGMA user_version = 2", &x->f));
	REFUSED(x, FAULT_INTERNAL, schema_bring(x->st, bad, &x->f));
	OK(x, db_read(x->st, "PRAGMA user_version", &q, &x->f));
	OK(x, db_number(&q, &version, &x->f));
	assert_int_equal(version, known + 1);
	OK(x, db_exec(x->st, "SELECT n FROM extra", &x->f));
	REFUSED(x, FAULT_INTERNAL, db_exec(x->st, "SELECT n FROM half", &x->f));
	/* And the right step takes it from there. */
	OK(x, schema_bring(x->st, good, &x->f));
	OK(x, db_read(x->st, "SELECT n FROM extra", &q, &x->f));
	OK(x, db_number(&q, &version, &x->f));
	assert_int_equal(version, 7);
	OK(x, db_exec(x->st, "PRAGMA user_version = 1000", &x->f));
	REFUSED(x, FAULT_REFUSED, schema_bring(x->st, schema_steps, &x->f));
}

/* What a program of version 1 has written is all there, and has room for successors. */
static void
migrates_version_1(void **state)
{
	static const char	back[] = "DROP TABLE template_author; DROP TABLE approver; DROP TABLE approval;"
	    " DROP TABLE generated; DROP TABLE change;"
	    " DROP INDEX authz_cancelled;"
	    " ALTER TABLE ca DROP COLUMN phase;"
	    " DROP INDEX batch_token;"
	    " ALTER TABLE batch DROP COLUMN next;"
	    " ALTER TABLE batch DROP COLUMN first;"
	    " ALTER TABLE batch DROP COLUMN token;"
	    " ALTER TABLE batch DROP COLUMN message;"
	    " ALTER TABLE event DROP COLUMN detail;"
	    " ALTER TABLE cert_body DROP COLUMN deed;"
	    " ALTER TABLE authz DROP COLUMN updates;"
	    " ALTER TABLE event DROP COLUMN template; PRAGMA user_version = 1";
	struct fixture		*x = *state;
	struct store_authz	 z;
	struct store_cert	 c;
	struct store_change	 ch = { .cert = 1, .kind = STORE_CHANGE_UPDATE,
		.request = VIEW_LIT("message") };
	uint8_t			 sha1[STORE_SHA1_OCTETS] = { 1 };
	int64_t			 open[2];
	size_t			 n;
	bool			 done;

	OK(x, store_begin(x->st, &x->f));
	z = add_authz(x, "ID1", add_admin(x, "ops"));
	c = add_cert(x, add_ca(x, "issuing"), z.n);
	OK(x, store_cert_finish(x->st, c.n, VIEW_LIT("certificate"), VIEW_LIT("deed"), sha1,
	    &done, &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, db_exec(x->st, back, &x->f));
	fixture_reopen(x);
	OK(x, store_authz_find(x->st, VIEW_LIT("ID1"), x->a, &z, &x->f));
	assert_int_equal(z.updates, 0);
	OK(x, store_cert_find(x->st, c.n, true, x->a, &c, &x->f));
	assert_true(view_equal(c.body, VIEW_LIT("certificate")));
	assert_int_equal(c.deed.n, 0);
	OK(x, store_begin(x->st, &x->f));
	ch.cert = c.n;
	OK(x, store_change_insert(x->st, &ch, &x->f));
	OK(x, store_change_open(x->st, 0, open, 2, &n, &x->f));
	assert_int_equal(n, 1);
	assert_int_equal(open[0], c.n);
	OK(x, store_change_close(x->st, c.n, &x->f));
	OK(x, store_change_open(x->st, 0, open, 2, &n, &x->f));
	assert_int_equal(n, 0);
	OK(x, store_change_find(x->st, c.n, x->a, &ch, &x->f));
	assert_int_equal(ch.kind, STORE_CHANGE_UPDATE);
	assert_int_equal(ch.request.n, 0);
	OK(x, store_change_find(x->st, c.n + 1, x->a, &ch, &x->f));
	assert_int_equal(ch.cert, 0);
	OK(x, store_commit(x->st, &x->f));
}

static void
writes_need_a_transaction(void **state)
{
	struct fixture		*x = *state;
	struct store_admin	 ad = { .name = "ops", .rights = "" };

	REFUSED(x, FAULT_INTERNAL, store_admin_insert(x->st, &ad, &x->f));
	REFUSED(x, FAULT_INTERNAL, store_commit(x->st, &x->f));
	REFUSED(x, FAULT_INTERNAL, store_mark(x->st, &x->f));
	store_rollback(x->st);
	OK(x, store_begin(x->st, &x->f));
	REFUSED(x, FAULT_INTERNAL, store_begin(x->st, &x->f));
	REFUSED(x, FAULT_INTERNAL, store_undo(x->st, &x->f));
	assert_true(store_in_transaction(x->st));
	OK(x, store_commit(x->st, &x->f));
	assert_false(store_in_transaction(x->st));
}

static void
reads_only(void **state)
{
	struct fixture		*x = *state;
	struct store_admin	 ad;

	OK(x, store_begin(x->st, &x->f));
	(void)add_admin(x, "ops");
	OK(x, store_commit(x->st, &x->f));
	store_close(x->st);
	fixture_open(x, STORE_READ_ONLY);
	REFUSED(x, FAULT_REFUSED, store_begin(x->st, &x->f));
	OK(x, store_admin_find(x->st, "ops", x->a, &ad, &x->f));
	assert_int_equal(ad.n, 1);
}

static void
settings_and_counters_stay(void **state)
{
	struct fixture	*x = *state;
	struct view	 v;
	int64_t		 n;

	OK(x, store_begin(x->st, &x->f));
	OK(x, store_setting_put(x->st, "url", VIEW_LIT("http://a"), &x->f));
	OK(x, store_setting_put(x->st, "url", VIEW_LIT("http://b"), &x->f));
	OK(x, store_setting_put(x->st, "empty", VIEW_NONE, &x->f));
	OK(x, store_counter_raise(x->st, STORE_COUNTER_CLOCK, 50, &n, &x->f));
	OK(x, store_counter_raise(x->st, STORE_COUNTER_CLOCK, 40, &n, &x->f));
	assert_int_equal(n, 50);
	OK(x, store_counter_add(x->st, STORE_COUNTER_EPOCH, 1, NULL, &x->f));
	OK(x, store_counter_add(x->st, STORE_COUNTER_EPOCH, 1, &n, &x->f));
	assert_int_equal(n, 2);
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_setting_find(x->st, "url", x->a, &v, &x->f));
	assert_true(view_equal(v, VIEW_LIT("http://b")));
	OK(x, store_setting_find(x->st, "empty", x->a, &v, &x->f));
	assert_true(v.p != NULL && v.n == 0);
	OK(x, store_setting_find(x->st, "none", x->a, &v, &x->f));
	assert_null(v.p);
	OK(x, store_counter_get(x->st, STORE_COUNTER_CLOCK, &n, &x->f));
	assert_int_equal(n, 50);
	OK(x, store_counter_get(x->st, STORE_COUNTER_ANCHORS, &n, &x->f));
	assert_int_equal(n, 0);
}

static void
undo_takes_back_one_share(void **state)
{
	struct fixture		*x = *state;
	struct store_admin	 ad;
	int64_t			 rows, bad;
	const char		*why;

	OK(x, store_begin(x->st, &x->f));
	OK(x, store_mark(x->st, &x->f));
	(void)add_admin(x, "first");
	add_audit(x, "first");
	OK(x, store_mark(x->st, &x->f));
	(void)add_admin(x, "second");
	add_audit(x, "second");
	OK(x, store_undo(x->st, &x->f));
	(void)add_admin(x, "third");
	add_audit(x, "third");
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_admin_find(x->st, "second", x->a, &ad, &x->f));
	assert_int_equal(ad.n, 0);
	OK(x, store_admin_find(x->st, "third", x->a, &ad, &x->f));
	assert_int_not_equal(ad.n, 0);
	OK(x, store_audit_verify(x->st, &rows, &bad, &why, &x->f));
	assert_int_equal(rows, 2);
	assert_int_equal(bad, 0);
}

static void
rollback_never_reuses_a_number(void **state)
{
	struct fixture	*x = *state;
	int64_t		 first, second;

	OK(x, store_begin(x->st, &x->f));
	OK(x, store_cert_number(x->st, &first, &x->f));
	store_rollback(x->st);
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_cert_number(x->st, &second, &x->f));
	assert_int_equal(second, first + 1);
	OK(x, store_counter_raise(x->st, STORE_COUNTER_CERTS, 1000, NULL, &x->f));
	OK(x, store_commit(x->st, &x->f));
	fixture_reopen(x);
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_cert_number(x->st, &second, &x->f));
	assert_int_equal(second, 1001);
	OK(x, store_commit(x->st, &x->f));
}

/*
 * One enrolment as the PKI writes it; killed before each step in turn.
 */
enum { STEPS = 11 };

static void
step(struct fixture *x, int i)
{
	struct store_authz	z;
	bool			done;

	if (i != 0 && i != 4 && i != 8)
		OK(x, store_authz_find(x->st, VIEW_LIT("ID1"), x->a, &z, &x->f));
	switch (i) {
	case 0: case 4: case 8:
		OK(x, store_begin(x->st, &x->f));
		return;
	case 1:
		z.cert = add_cert(x, 1, z.n).n;
		z.state = STORE_AUTHZ_IN_PROGRESS;
		z.bound = true;
		memset(z.spki_hash, 7, sizeof(z.spki_hash));
		OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_OPEN, &done, &x->f));
		return;
	case 2:
		add_audit(x, "open>inProgress");
		return;
	case 5:
		OK(x, store_cert_finish(x->st, z.cert, VIEW_LIT("certificate"), VIEW_NONE,
		    z.spki_hash, &done, &x->f));
		return;
	case 6:
		z.state = STORE_AUTHZ_ISSUED;
		OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_IN_PROGRESS,
		    &done, &x->f));
		add_audit(x, "inProgress>issued");
		return;
	case 9:
		z.state = STORE_AUTHZ_CONFIRMED;
		OK(x, store_cert_confirm(x->st, z.cert, NOW, &done, &x->f));
		OK(x, store_authz_update(x->st, &z, STORE_AUTHZ_ISSUED, &done,
		    &x->f));
		return;
	default:
		OK(x, store_commit(x->st, &x->f));
	}
}

/* The process that dies; the parent's connection is closed before. */
static void
run_and_die(struct fixture *x, int at)
{
	pid_t	pid;
	int	status;

	store_close(x->st);
	x->st = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fixture_open(x, STORE_OPEN);
		for (int i = 0; i < at; i++)
			step(x, i);
		(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	fixture_open(x, STORE_OPEN);
}

static void
survives_kill_between_any_two_steps(void **state)
{
	struct fixture		*x = *state;
	static const struct {
		int			 kill_before, resume_at;
		enum store_authz_state	 want;
	} cases[] = {
		/* R4809-3.4.11-18, SEED-48, SEED-8 */
		{ 0, 0, STORE_AUTHZ_OPEN }, { 1, 0, STORE_AUTHZ_OPEN },
		{ 2, 0, STORE_AUTHZ_OPEN }, { 3, 0, STORE_AUTHZ_OPEN },
		{ 4, 4, STORE_AUTHZ_IN_PROGRESS }, { 5, 4, STORE_AUTHZ_IN_PROGRESS },
		{ 6, 4, STORE_AUTHZ_IN_PROGRESS }, { 7, 4, STORE_AUTHZ_IN_PROGRESS },
		{ 8, 8, STORE_AUTHZ_ISSUED }, { 9, 8, STORE_AUTHZ_ISSUED },
		{ 10, 8, STORE_AUTHZ_ISSUED }, { 11, 11, STORE_AUTHZ_CONFIRMED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_authz	z;
		struct store_cert	c;
		int64_t			counts[STORE_CERT_STATES], rows, bad;
		const char		*why;
		void			*fresh = x;

		print_message("killed before step %d\n", cases[i].kill_before);
		OK(x, store_begin(x->st, &x->f));
		(void)add_ca(x, "issuing");
		(void)add_authz(x, "ID1", 0);
		OK(x, store_commit(x->st, &x->f));
		run_and_die(x, cases[i].kill_before);
		OK(x, store_authz_find(x->st, VIEW_LIT("ID1"), x->a, &z, &x->f));
		assert_int_equal(z.state, cases[i].want);
		assert_int_equal(z.bound, z.state != STORE_AUTHZ_OPEN);
		for (int s = cases[i].resume_at; s < STEPS; s++)
			step(x, s);
		/* Nothing lost, nothing doubled. */
		OK(x, store_authz_find(x->st, VIEW_LIT("ID1"), x->a, &z, &x->f));
		assert_int_equal(z.state, STORE_AUTHZ_CONFIRMED);
		OK(x, store_cert_count(x->st, counts, &x->f));
		for (int s = 0; s < STORE_CERT_STATES; s++)
			assert_int_equal(counts[s], s == STORE_CERT_CONFIRMED);
		OK(x, store_cert_find(x->st, z.cert, true, x->a, &c, &x->f));
		assert_true(view_equal(c.body, VIEW_LIT("certificate")));
		OK(x, store_audit_verify(x->st, &rows, &bad, &why, &x->f));
		assert_int_equal(rows, 2);
		assert_int_equal(bad, 0);
		OK(x, store_integrity(x->st, &x->f));
		assert_int_equal(fixture_down(&fresh), 0);
		assert_int_equal(fixture_up(&fresh), 0);
		x = fresh;
	}
	*state = x;
}

static void
sees_what_others_wrote(void **state)
{
	struct fixture	*x = *state, other = *x;
	int64_t		 rows, bad, n;
	const char	*why;

	/* An operator's command beside the daemon: numbers and chain go on. */
	fixture_open(&other, STORE_OPEN);
	for (int i = 0; i < 3; i++) {
		struct fixture	*who = i == 1 ? &other : x;

		OK(who, store_begin(who->st, &who->f));
		if (i == 0)
			(void)add_ca(who, "issuing");
		n = add_cert(who, 1, 0).n;
		assert_int_equal(n, i + 1);
		add_audit(who, "issued");
		OK(who, store_commit(who->st, &who->f));
	}
	store_close(other.st);
	OK(x, store_audit_verify(x->st, &rows, &bad, &why, &x->f));
	assert_int_equal(rows, 3);
	assert_int_equal(bad, 0);
}

static void
audit_chain_shows_damage(void **state)
{
	/* R4809-3.2.4.4-3 */
	static const struct {
		const char	*label, *sql;
		int64_t		 bad;
	} cases[] = {
		{ "untouched", "SELECT 1", 0 },
		{ "a text changed", "UPDATE audit SET action = 'b' WHERE n = 3", 3 },
		{ "a text moved to the next field", "UPDATE audit SET"
		    " object = object || detail, detail = '' WHERE n = 3", 3 },
		{ "a time changed", "UPDATE audit SET time = 1 WHERE n = 1", 1 },
		{ "a digest changed",
		    "UPDATE audit SET digest = zeroblob(32) WHERE n = 2", 2 },
		{ "a row removed", "DELETE FROM audit WHERE n = 3", 4 },
		{ "the first row removed", "DELETE FROM audit WHERE n = 1", 2 },
		{ "two rows exchanged", "UPDATE audit SET n = -n WHERE n IN (2, 3);"
		    "UPDATE audit SET n = n + 5 WHERE n < 0", 2 },
		{ "the last row changed",
		    "UPDATE audit SET actor = 'x' WHERE n = 5", 5 },
	};
	struct fixture	*x = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t		 rows, bad;
		const char	*why;
		void		*fresh = x;

		print_message("%s\n", cases[i].label);
		OK(x, store_begin(x->st, &x->f));
		for (int n = 1; n <= 5; n++) {
			struct store_audit	e = { .time = NOW + n,
				.actor = "admin:ops", .action = "cancel",
				.object = "authz:1", .detail = "by request" };

			OK(x, store_audit_insert(x->st, &e, &x->f));
		}
		OK(x, store_commit(x->st, &x->f));
		tamper(x, cases[i].sql);
		OK(x, store_audit_verify(x->st, &rows, &bad, &why, &x->f));
		assert_int_equal(bad, cases[i].bad);
		assert_int_equal(why != NULL, bad != 0);
		assert_int_equal(fixture_down(&fresh), 0);
		assert_int_equal(fixture_up(&fresh), 0);
		x = fresh;
	}
	*state = x;
}

static void
audit_head_shows_a_cut(void **state)
{
	struct fixture	*x = *state;
	uint8_t		 head[32], cut[32];
	int64_t		 n, rows, bad;
	const char	*why;

	OK(x, store_begin(x->st, &x->f));
	add_audit(x, "one");
	add_audit(x, "two");
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_audit_head(x->st, &n, head, &x->f));
	assert_int_equal(n, 2);
	tamper(x, "DELETE FROM audit WHERE n = 2");
	OK(x, store_audit_verify(x->st, &rows, &bad, &why, &x->f));
	assert_int_equal(bad, 0);
	OK(x, store_audit_head(x->st, &n, cut, &x->f));
	assert_int_equal(n, 1);
	assert_memory_not_equal(head, cut, sizeof(head));
}

static void
backup_is_a_whole_store(void **state)
{
	struct fixture	*x = *state, copy = *x;
	struct stat	 s;
	int64_t		 rows = 0;

	OK(x, store_begin(x->st, &x->f));
	add_audit(x, "one");
	REFUSED(x, FAULT_INTERNAL, store_backup(x->st, "/nowhere", &x->f));
	OK(x, store_commit(x->st, &x->f));
	(void)snprintf(copy.path, sizeof(copy.path), "%s/copy.db", x->dir);
	OK(x, store_backup(x->st, copy.path, &x->f));
	REFUSED(x, FAULT_CONFLICT, store_backup(x->st, copy.path, &x->f));
	assert_int_equal(stat(copy.path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	fixture_open(&copy, STORE_OPEN);
	OK(&copy, store_integrity(copy.st, &copy.f));
	OK(&copy, store_audit_walk(copy.st, 0, 10, count_audit, &rows, &copy.f));
	assert_int_equal(rows, 1);
	store_close(copy.st);
	/* While it is written to, from a connection that only reads. */
	assert_int_equal(unlink(copy.path), 0);
	fixture_reopen(x);
	OK(x, store_begin(x->st, &x->f));
	add_audit(x, "two");
	copy.st = store_open(x->path, STORE_READ_ONLY,
	    (struct store_digest){ sha256 }, &copy.f);
	assert_non_null(copy.st);
	OK(&copy, store_backup(copy.st, copy.path, &copy.f));
	store_close(copy.st);
	OK(x, store_commit(x->st, &x->f));
}

static void
integrity_finds_damage(void **state)
{
	struct fixture	*x = *state;

	OK(x, store_begin(x->st, &x->f));
	(void)add_ca(x, "issuing");
	(void)add_cert(x, 1, 0);
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_integrity(x->st, &x->f));
	tamper(x, "PRAGMA foreign_keys = OFF; DELETE FROM ca");
	assert_false(store_integrity(x->st, &x->f));
	assert_int_equal(x->f.kind, FAULT_IO);
	assert_non_null(strstr(x->f.text, "cert"));
}

static void
damaged_columns_are_faults(void **state)
{
	static const struct {
		const char	*label, *sql;
	} cases[] = {
		{ "a digest too short", "UPDATE authz SET content_digest = x'00'" },
		{ "a text with something hidden behind a NUL",
		    "UPDATE authz SET label = 'gw' || char(0) || 'x'" },
		{ "an unknown state", "UPDATE authz SET state = 77" },
	};
	struct fixture		*x = *state;
	struct store_authz	 z;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].label);
		OK(x, store_begin(x->st, &x->f));
		(void)add_authz(x, cases[i].label, 0);
		OK(x, store_commit(x->st, &x->f));
		tamper(x, cases[i].sql);
		REFUSED(x, FAULT_IO, store_authz_find(x->st,
		    view_str(cases[i].label), x->a, &z, &x->f));
	}
}

/* No more room: the fault names the file, and what was committed stays. */
static void
full_disk_is_a_fault(void **state)
{
	struct fixture		*x = *state;
	struct rlimit		 old, small = { 256 * 1024, 0 };
	static uint8_t		 big[64 * 1024];
	struct view		 v;
	bool			 ok = true;

	OK(x, store_begin(x->st, &x->f));
	OK(x, store_setting_put(x->st, "kept", VIEW_LIT("1"), &x->f));
	OK(x, store_commit(x->st, &x->f));
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 16 && ok; i++) {
		char	name[16];

		(void)snprintf(name, sizeof(name), "big%d", i);
		ok = store_begin(x->st, &x->f) && store_setting_put(x->st, name,
		    view_of(big, sizeof(big)), &x->f) &&
		    store_commit(x->st, &x->f);
	}
	store_rollback(x->st);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_false(ok);
	assert_int_equal(x->f.kind, FAULT_IO);
	assert_non_null(strstr(x->f.text, x->path));
	fault_clear(&x->f);
	OK(x, store_setting_find(x->st, "kept", x->a, &v, &x->f));
	assert_true(view_equal(v, VIEW_LIT("1")));
	OK(x, store_begin(x->st, &x->f));
	OK(x, store_setting_put(x->st, "again", VIEW_LIT("1"), &x->f));
	OK(x, store_commit(x->st, &x->f));
	OK(x, store_integrity(x->st, &x->f));
}

#define TEST(t)	cmocka_unit_test_setup_teardown(t, fixture_up, fixture_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_only_what_fits),
		TEST(refuses_a_newer_schema),
		TEST(migrates_step_by_step),
		TEST(migrates_version_1),
		TEST(writes_need_a_transaction),
		TEST(reads_only),
		TEST(settings_and_counters_stay),
		TEST(undo_takes_back_one_share),
		TEST(rollback_never_reuses_a_number),
		TEST(survives_kill_between_any_two_steps),
		TEST(sees_what_others_wrote),
		TEST(audit_chain_shows_damage),
		TEST(audit_head_shows_a_cut),
		TEST(backup_is_a_whole_store),
		TEST(integrity_finds_damage),
		TEST(damaged_columns_are_faults),
		TEST(full_disk_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
