/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "store/schema.h"

/*
 * Few indexes, none on a random value that an enrolment changes: each would
 * put one more page into the log per enrolment.  Numbers of states are those
 * of store_authz.h and store_cert.h.  References that may be absent are NULL,
 * other absent numbers are 0.
 */
static const char version_1[] =
"CREATE TABLE setting (\n"
"	name	TEXT PRIMARY KEY,\n"
"	value	BLOB NOT NULL\n"
") STRICT, WITHOUT ROWID;\n"

"CREATE TABLE counter (\n"
"	name	TEXT PRIMARY KEY,\n"
"	value	INTEGER NOT NULL\n"
") STRICT, WITHOUT ROWID;\n"

"CREATE TABLE template (\n"
"	n	INTEGER PRIMARY KEY,\n"
"	name	TEXT NOT NULL,\n"
"	version	INTEGER NOT NULL,\n"
"	digest	BLOB NOT NULL,\n"
"	der	BLOB NOT NULL,\n"
"	profile	BLOB NOT NULL,\n"
"	created	INTEGER NOT NULL,\n"
"	retired	INTEGER NOT NULL DEFAULT 0,\n"
"	UNIQUE (name, version)\n"
") STRICT;\n"

"CREATE TABLE admin (\n"
"	n	INTEGER PRIMARY KEY,\n"
"	name	TEXT NOT NULL UNIQUE,\n"
"	rights	TEXT NOT NULL,\n"
"	created	INTEGER NOT NULL\n"
") STRICT;\n"

"CREATE TABLE ca (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	name		TEXT NOT NULL UNIQUE,\n"
"	cert		BLOB NOT NULL,\n"
"	crl_number	INTEGER NOT NULL DEFAULT 0\n"
") STRICT;\n"

"CREATE TABLE crl (\n"
"	ca		INTEGER NOT NULL REFERENCES ca,\n"
"	kind		INTEGER NOT NULL,\n"
"	number		INTEGER NOT NULL,\n"
"	this_update	INTEGER NOT NULL,\n"
"	next_update	INTEGER NOT NULL,\n"
"	der		BLOB NOT NULL,\n"
"	PRIMARY KEY (ca, kind)\n"
") STRICT;\n"

"CREATE TABLE batch (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	admin		INTEGER NOT NULL REFERENCES admin,\n"
"	batch_id	BLOB NOT NULL,\n"
"	request_digest	BLOB NOT NULL,\n"
"	ack_digest	BLOB NOT NULL,\n"
"	created		INTEGER NOT NULL,\n"
"	acked		INTEGER NOT NULL DEFAULT 0,\n"
"	response	BLOB NOT NULL,\n"
"	secrets		BLOB,\n"
"	UNIQUE (admin, batch_id)\n"
") STRICT;\n"
"CREATE INDEX batch_secrets ON batch (created) WHERE secrets IS NOT NULL;\n"

"CREATE TABLE authz (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	state		INTEGER NOT NULL,\n"
"	id		TEXT NOT NULL UNIQUE,\n"
"	admin		INTEGER REFERENCES admin,\n"
"	batch		INTEGER REFERENCES batch,\n"
"	template	INTEGER REFERENCES template,\n"
"	entry_id	INTEGER NOT NULL,\n"
"	window_from	INTEGER NOT NULL,\n"
"	window_to	INTEGER NOT NULL,\n"
"	confirm_within	INTEGER NOT NULL,\n"
"	replaces	INTEGER REFERENCES cert,\n"
"	created		INTEGER NOT NULL,\n"
"	epoch		INTEGER NOT NULL,\n"
"	held		INTEGER NOT NULL,\n"
"	cert		INTEGER REFERENCES cert,\n"
"	successor	INTEGER REFERENCES cert,\n"
"	confirm_by	INTEGER,\n"
"	renewals	INTEGER NOT NULL,\n"
"	request		INTEGER NOT NULL,\n"
"	failed_proofs	INTEGER NOT NULL,\n"
"	event_at	INTEGER NOT NULL,\n"
"	last_failure	INTEGER NOT NULL,\n"
"	changed		INTEGER NOT NULL,\n"
"	content_digest	BLOB NOT NULL,\n"
"	spki_hash	BLOB,\n"
"	receipt		BLOB NOT NULL,\n"
"	sealed		BLOB,\n"
"	sealed_cancel	BLOB,\n"
"	label		TEXT NOT NULL,\n"
"	sans		TEXT NOT NULL,\n"
"	subject		BLOB NOT NULL,\n"
"	terms		BLOB NOT NULL\n"
") STRICT;\n"
"CREATE INDEX authz_batch ON authz (batch);\n"
"CREATE INDEX authz_content ON authz (content_digest);\n"
"CREATE INDEX authz_window_to ON authz (window_to);\n"
"CREATE INDEX authz_window_from ON authz (window_from) WHERE state = 0;\n"
"CREATE INDEX authz_confirm_by ON authz (confirm_by)\n"
"	WHERE confirm_by IS NOT NULL;\n"

"CREATE TABLE cert (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	state		INTEGER NOT NULL,\n"
"	ca		INTEGER NOT NULL REFERENCES ca,\n"
"	authz		INTEGER REFERENCES authz,\n"
"	template	INTEGER REFERENCES template,\n"
"	prev		INTEGER REFERENCES cert,\n"
"	not_before	INTEGER NOT NULL,\n"
"	not_after	INTEGER NOT NULL,\n"
"	created		INTEGER NOT NULL,\n"
"	confirmed_at	INTEGER NOT NULL,\n"
"	retire_at	INTEGER,\n"
"	revoked_at	INTEGER NOT NULL,\n"
"	reason		INTEGER NOT NULL,\n"
"	invalidity	INTEGER NOT NULL,\n"
"	serial		BLOB NOT NULL,\n"
"	spki_hash	BLOB NOT NULL,\n"
"	sha1		BLOB NOT NULL,\n"
"	subject		TEXT NOT NULL,\n"
"	identity	TEXT NOT NULL\n"
") STRICT;\n"
"CREATE INDEX cert_revoked ON cert (ca, n, serial, revoked_at, invalidity,\n"
"	reason, not_after) WHERE state = 4;\n"
"CREATE INDEX cert_retire ON cert (retire_at) WHERE retire_at IS NOT NULL;\n"

"CREATE TABLE cert_body (\n"
"	n	INTEGER PRIMARY KEY REFERENCES cert,\n"
"	body	BLOB NOT NULL\n"
") STRICT;\n"

"CREATE TABLE admin_cert (\n"
"	cert	INTEGER PRIMARY KEY REFERENCES cert,\n"
"	admin	INTEGER NOT NULL REFERENCES admin\n"
") STRICT;\n"

"CREATE TABLE name (\n"
"	value	TEXT NOT NULL,\n"
"	kind	INTEGER NOT NULL,\n"
"	authz	INTEGER NOT NULL,\n"
"	cert	INTEGER NOT NULL,\n"
"	PRIMARY KEY (value, kind, authz, cert)\n"
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX name_authz ON name (authz);\n"

"CREATE TABLE request (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	prev		INTEGER NOT NULL,\n"
"	authz		INTEGER NOT NULL,\n"
"	cert		INTEGER NOT NULL,\n"
"	polled		INTEGER NOT NULL,\n"
"	created		INTEGER NOT NULL,\n"
"	spki_hash	BLOB NOT NULL,\n"
"	txn		BLOB NOT NULL,\n"
"	digest		BLOB NOT NULL,\n"
"	client_nonce	BLOB NOT NULL,\n"
"	server_nonce	BLOB NOT NULL\n"
") STRICT;\n"
"CREATE INDEX request_key ON request (spki_hash, txn) WHERE polled = 1;\n"

"CREATE TABLE admin_message (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	admin		INTEGER NOT NULL REFERENCES admin,\n"
"	txn		BLOB NOT NULL,\n"
"	digest		BLOB NOT NULL,\n"
"	client_nonce	BLOB NOT NULL,\n"
"	server_nonce	BLOB NOT NULL,\n"
"	created		INTEGER NOT NULL,\n"
"	answer		BLOB,\n"
"	UNIQUE (admin, txn)\n"
") STRICT;\n"

"CREATE TABLE event (\n"
"	n	INTEGER PRIMARY KEY,\n"
"	time	INTEGER NOT NULL,\n"
"	kind	INTEGER NOT NULL,\n"
"	authz	INTEGER NOT NULL,\n"
"	cert	INTEGER NOT NULL,\n"
"	admin	INTEGER NOT NULL,\n"
"	failure	INTEGER NOT NULL\n"
") STRICT;\n"

"CREATE TABLE audit (\n"
"	n	INTEGER PRIMARY KEY,\n"
"	time	INTEGER NOT NULL,\n"
"	actor	TEXT NOT NULL,\n"
"	action	TEXT NOT NULL,\n"
"	object	TEXT NOT NULL,\n"
"	detail	TEXT NOT NULL,\n"
"	digest	BLOB NOT NULL\n"
") STRICT;\n";

/* Successors: what a certificate's terms are known by, and how it came about. */
static const char version_2[] =
"ALTER TABLE cert_body ADD COLUMN deed BLOB;\n"
"ALTER TABLE authz ADD COLUMN updates INTEGER NOT NULL DEFAULT 0;\n"
"CREATE TABLE change (\n"
"	cert	INTEGER PRIMARY KEY REFERENCES cert,\n"
"	kind	INTEGER NOT NULL,\n"
"	request	BLOB\n"
") STRICT;\n"
"CREATE INDEX change_open ON change (cert) WHERE request IS NOT NULL;\n";

/* Keys made by the PKI, enveloped, until they are confirmed. */
static const char version_3[] =
"CREATE TABLE generated (\n"
"	authz	INTEGER PRIMARY KEY REFERENCES authz,\n"
"	digest	BLOB NOT NULL,\n"
"	spki	BLOB NOT NULL,\n"
"	key	BLOB NOT NULL\n"
") STRICT;\n";

/* Events about a template itself, of which no authorization tells. */
static const char version_4[] =
"ALTER TABLE event ADD COLUMN template INTEGER NOT NULL DEFAULT 0;\n";

/* Requests that wait for approval, and who has said what of them. */
static const char version_5[] =
"CREATE TABLE approval (\n"
"	n		INTEGER PRIMARY KEY,\n"
"	state		INTEGER NOT NULL,\n"
"	authz		INTEGER NOT NULL REFERENCES authz,\n"
"	cert		INTEGER REFERENCES cert,\n"
"	kind		INTEGER NOT NULL,\n"
"	needed		INTEGER NOT NULL,\n"
"	created		INTEGER NOT NULL,\n"
"	pend_time	INTEGER NOT NULL,\n"
"	deadline	INTEGER NOT NULL,\n"
"	closed		INTEGER NOT NULL,\n"
"	code		INTEGER NOT NULL,\n"
"	token		BLOB NOT NULL UNIQUE,\n"
"	spki_hash	BLOB NOT NULL,\n"
"	digest		BLOB NOT NULL,\n"
"	txn		BLOB NOT NULL,\n"
"	identity	TEXT NOT NULL,\n"
"	reason		TEXT NOT NULL,\n"
"	request		BLOB\n"
") STRICT;\n"
"CREATE INDEX approval_authz ON approval (authz);\n"
"CREATE INDEX approval_open ON approval (deadline) WHERE state IN (0, 1);\n"
"CREATE INDEX approval_closed ON approval (closed) WHERE request IS NOT NULL;\n"
"CREATE TABLE approver (\n"
"	approval	INTEGER NOT NULL REFERENCES approval,\n"
"	key		TEXT NOT NULL,\n"
"	rejects		INTEGER NOT NULL,\n"
"	name		TEXT NOT NULL,\n"
"	time		INTEGER NOT NULL,\n"
"	reason		TEXT NOT NULL,\n"
"	PRIMARY KEY (approval, key, rejects)\n"
") STRICT, WITHOUT ROWID;\n";

/* What the other side said about it; cancellations by what acknowledges them. */
static const char version_6[] =
"ALTER TABLE event ADD COLUMN detail TEXT NOT NULL DEFAULT '';\n"
"CREATE INDEX authz_cancelled ON authz (receipt) WHERE state = 5;\n";

/* Which Admin signed a version of a template. */
static const char version_7[] =
"CREATE TABLE template_author (\n"
"	template	TEXT NOT NULL,\n"
"	version		INTEGER NOT NULL,\n"
"	digest		BLOB NOT NULL,\n"
"	admin		INTEGER NOT NULL REFERENCES admin,\n"
"	cert		INTEGER NOT NULL REFERENCES cert,\n"
"	time		INTEGER NOT NULL,\n"
"	PRIMARY KEY (template, version)\n"
") STRICT, WITHOUT ROWID;\n";

/* Announced, in use, old, retired (docs/adr/0029); until now there was one of each. */
static const char version_8[] =
"ALTER TABLE ca ADD COLUMN phase INTEGER NOT NULL DEFAULT 1;\n";

/* What an Admin has put around a request that waits, where the terms leave it to one. */
static const char version_9[] =
"ALTER TABLE approval ADD COLUMN layer BLOB;\n"
"ALTER TABLE approval ADD COLUMN layer_by INTEGER REFERENCES cert;\n";

/* Authorizations that are answered in pieces: what is done, and the message for the rest. */
static const char version_10[] =
"ALTER TABLE batch ADD COLUMN next INTEGER NOT NULL DEFAULT 0;\n"
"ALTER TABLE batch ADD COLUMN first INTEGER NOT NULL DEFAULT 0;\n"
"ALTER TABLE batch ADD COLUMN token BLOB;\n"
"ALTER TABLE batch ADD COLUMN message BLOB;\n"
"CREATE INDEX batch_token ON batch (token) WHERE token IS NOT NULL;\n";

const char *const schema_steps[] = { version_1, version_2, version_3, version_4, version_5,
	version_6, version_7, version_8, version_9, version_10,
	NULL };

static int64_t
last_version(const char *const *steps)
{
	int64_t	n = 0;

	while (steps[n] != NULL)
		n++;
	return n;
}

int
store_schema_version(void)
{
	return (int)last_version(schema_steps);
}

static bool
current_version(struct store *st, int64_t *version, struct fault *f)
{
	static const char	sql[] = "PRAGMA user_version";
	struct query		q;

	return db_read(st, sql, &q, f) && db_number(&q, version, f);
}

/* One step and its number, or nothing. */
static bool
take_step(struct store *st, const char *sql, int64_t to, struct fault *f)
{
	char	number[64];

	(void)snprintf(number, sizeof(number), "PRAGMA user_version = %lld",
	    (long long)to);
	if (!db_exec(st, "BEGIN IMMEDIATE", f))
		return false;
	if (db_exec(st, sql, f) && db_exec(st, number, f) &&
	    db_exec(st, "COMMIT", f))
		return true;
	(void)sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	return fault_within(f, "schema version %lld", (long long)to);
}

bool
schema_bring(struct store *st, const char *const *steps, struct fault *f)
{
	int64_t	version, last = last_version(steps);

	if (!current_version(st, &version, f))
		return false;
	if (version > last || version < 0)
		return fault_set(f, FAULT_REFUSED, NULL,
		    "database \"%s\" has schema version %lld and this program "
		    "knows %lld: use the program that wrote it, or a newer one",
		    st->path, (long long)version, (long long)last);
	if (version < last && st->read_only)
		return fault_set(f, FAULT_REFUSED, NULL,
		    "database \"%s\" has schema version %lld and is opened for "
		    "reading only; version %lld is needed", st->path,
		    (long long)version, (long long)last);
	for (; version < last; version++)
		if (!take_step(st, steps[version], version + 1, f))
			return false;
	db_forget(st);		/* statements of an older schema */
	return true;
}
