/* SPDX-License-Identifier: Apache-2.0 */
/* pki doctor: what needs attention, and the command that mends it. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "crypt/key.h"
#include "pki/commands.h"
#include "pki/operate.h"
#include "pki/own.h"
#include "pki/roll.h"
#include "pki/terms.h"
#include "store/store_approval.h"
#include "store/store_authz.h"
#include "store/store_cert.h"
#include "store/store_log.h"

#define DISK_GOOD_OCTETS	(UINT64_C(256) << 20)
#define ROOT_GOOD_SECONDS	(INT64_C(6 * 365) * 86400)	/* a CA's life under it, and time to plan */

enum verdict { GOOD = 0, WARN, BAD };

struct doctor {
	const struct invocation	*in;
	const char		*dir;
	struct pki_config	 config;
	struct authorities	 all;
	struct store		*store;
	struct arena		*a;
	int64_t			 now;
	json_t			*list;
	enum verdict		 worst;
};

static const char *const words[] = { "good", "warning", "BAD" };

/* A command on this folder: its --dir goes behind. */
static bool
is_ours(const char *mend)
{
	return strncmp(mend, "pki4ipsec pki ", 14) == 0;
}

static void
say(struct doctor *d, enum verdict v, const char *what, const char *text, const char *mend)
{
	if (v > d->worst)
		d->worst = v;
	json_array_append_new(d->list, json_pack("{s:s, s:s, s:s, s:s}", "what", what, "verdict",
	    words[v], "text", text, "mend", mend));
	if (d->in->json || (d->in->quiet && v == GOOD))
		return;
	printf("%-8s %-14s %s\n", words[v], what, text);
	if (mend[0] != '\0')
		printf("%-8s %-14s try: %s%s%s\n", "", "", mend, is_ours(mend) ? " --dir " : "",
		    is_ours(mend) ? d->dir : "");
}

/* --- what there is to look at -------------------------------------------------------------- */

static void
look_at_config(struct doctor *d)
{
	struct templates	t;
	struct fault		f = { 0 };

	if (!templates_load(&d->config, &t, &f)) {
		say(d, BAD, "templates", f.text, "correct the file, then kill -HUP the server");
		return;
	}
	say(d, GOOD, "configuration", "read, and the templates too", "");
	templates_clear(&t);
}

static void
look_at_key(struct doctor *d, enum authority_id id)
{
	char		sub[64], path[CONFIG_PATH_MAX], text[160];
	struct stat	st;
	struct buf	pem;
	struct fault	f = { 0 };
	struct key	*k = NULL;

	snprintf(sub, sizeof(sub), "keys/%s.key.pem", d->all.list[id].name);
	if (!config_path(&d->config, sub, path, sizeof(path), &f))
		return;
	if (stat(path, &st) != 0) {
		say(d, id == AUTHORITY_ROOT ? GOOD : BAD, sub, id == AUTHORITY_ROOT ?
		    "off line: bring it twice a year, for the root's CRL" : error_text(errno), "");
		return;
	}
	buf_init(&pem, KEY_PEM_MAX);
	if (file_read(path, &pem, &f))
		k = key_load_pem(buf_view(&pem), &f);
	if (pem.p != NULL)
		secret_wipe(pem.p, pem.n);
	buf_clear(&pem);
	if (k == NULL || !view_equal(key_spki(k), d->all.list[id].cert.spki))
		say(d, BAD, sub, k == NULL ? f.text : "does not belong to its certificate", "");
	else if ((st.st_mode & 077) != 0) {
		snprintf(text, sizeof(text), "mode %03o: others may read it",
		    (unsigned)(st.st_mode & 0777));
		say(d, BAD, sub, text, "chmod 600, and ask who has seen it");
	} else
		say(d, GOOD, sub, "belongs to its certificate, mode 0600", "");
	key_free(k);
}

/* Under way, or due, or well; of the root: what outlives it is worth nothing. */
static void
look_at_ca(struct doctor *d, enum authority_id id, const char *text)
{
	enum authority_id	 line = authority_line(id), next = authority_next(line);
	const char		*name = d->all.list[id].name;
	int64_t			 left = d->all.list[id].cert.not_after - d->now;
	unsigned		 due = 0;
	struct fault		 f = { 0 };
	char			 mend[64];

	if (id == AUTHORITY_ROOT) {
		say(d, left < ROOT_GOOD_SECONDS ? WARN : GOOD, name, text, left < ROOT_GOOD_SECONDS ?
		    "plan a new PKI beside this one: docs/guide/roll-over.md" : "");
		return;
	}
	if (authority_is_here(&d->all, next) || !roll_due(&d->config, &d->all, d->now, &due, &f))
		due = 0;
	snprintf(mend, sizeof(mend), "pki4ipsec pki renew --ca %s", authority_name(line));
	if ((due & (1u << (line == AUTHORITY_IKE ? CA_LINE_IKE : CA_LINE_MANAGEMENT))) != 0)
		say(d, WARN, name, text, mend);
	else
		say(d, GOOD, name, text, "");
}

/* Of a CA that has ended: its successor is there, or must be, at once. */
static const char *
ended_mend(const struct doctor *d, enum authority_id id, char out[64])
{
	enum authority_id	line = authority_line(id);

	if (authority_is_here(&d->all, authority_next(line)))
		return "pki4ipsec pki renew --due";
	snprintf(out, 64, "pki4ipsec pki renew --ca %s --after 0", authority_name(line));
	return out;
}

static void
look_at_certificate(struct doctor *d, enum authority_id id)
{
	const struct cert	*c = &d->all.list[id].cert;
	const char		*name = d->all.list[id].name;
	int64_t			 left = c->not_after - d->now;
	unsigned		 due = own_due(&d->all, d->now);
	char			 text[96], until[32], mend[64];

	date_format(c->not_after, until);
	snprintf(text, sizeof(text), "until %s, %" PRId64 " days", until, left / 86400);
	if (c->not_before > d->now)
		say(d, BAD, name, "begins later than now: made by a clock that was ahead",
		    id < AUTHORITY_CAS ? "" : "pki4ipsec pki renew");
	else if (left < 0)
		say(d, BAD, name, text, id == AUTHORITY_ROOT ? "a new PKI beside this one" :
		    id < AUTHORITY_CAS ? ended_mend(d, id, mend) : "pki4ipsec pki renew");
	else if (id < AUTHORITY_CAS)
		look_at_ca(d, id, text);
	else
		say(d, (due & (1u << id)) != 0 ? WARN : GOOD, name, text,
		    (due & (1u << id)) != 0 ? "pki4ipsec pki renew" : "");
}

static void
look_at_crl(struct doctor *d, enum authority_id id)
{
	struct store_ca		ca;
	struct store_crl	crl = { 0 };
	struct fault		f = { 0 };
	char			what[48], text[128], until[32];

	snprintf(what, sizeof(what), "CRL of %s", d->all.list[id].name);
	if (!store_ca_find(d->store, d->all.list[id].name, d->a, &ca, &f) || ca.n == 0 ||
	    !store_crl_find(d->store, ca.n, STORE_CRL_FULL, d->a, &crl, &f) || crl.number == 0) {
		say(d, BAD, what, f.kind != FAULT_NONE ? f.text : "there is none",
		    "pki4ipsec pki serve");
		return;
	}
	date_format(crl.next_update, until);
	snprintf(text, sizeof(text), "number %" PRId64 ", good until %s", crl.number, until);
	say(d, crl.next_update < d->now ? BAD : GOOD, what, text, crl.next_update < d->now ?
	    "pki4ipsec pki crl" : "");
}

static void
look_at_database(struct doctor *d)
{
	struct fault	f = { 0 };
	int64_t		rows = 0, bad = 0;
	const char	*why = "";
	char		text[128];

	if (!store_integrity(d->store, &f))
		say(d, BAD, "database", f.text, "make one of a backup: pki4ipsec pki restore");
	else
		say(d, GOOD, "database", "whole", "");
	fault_clear(&f);
	if (!store_audit_verify(d->store, &rows, &bad, &why, &f) || bad != 0) {
		snprintf(text, sizeof(text), "row %" PRId64 " does not fit: %s", bad, why);
		say(d, BAD, "audit trail", f.kind != FAULT_NONE ? f.text : text,
		    "compare with a backup");
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64 " rows, the chain holds", rows);
	say(d, GOOD, "audit trail", text, "");
}

/* The engine goes by the latest time it has seen (corrections, 24). */
static void
look_at_clock(struct doctor *d)
{
	struct fault	f = { 0 };
	int64_t		mark = 0;
	char		text[128], seen[32];

	if (!store_counter_get(d->store, STORE_COUNTER_CLOCK, &mark, &f)) {
		say(d, BAD, "clock", f.text, "");
		return;
	}
	date_format(mark, seen);
	snprintf(text, sizeof(text), "%" PRId64 " seconds behind %s, which was seen: nothing is "
	    "decided", mark - d->now, seen);
	if (mark - d->now > ENGINE_CLOCK_BEHIND_SECONDS)
		say(d, BAD, "clock", text, "pki4ipsec pki clock");
	else
		say(d, GOOD, "clock", "not behind the latest time that was seen", "");
}

static void
look_at_authorizations(struct doctor *d)
{
	int64_t		counts[STORE_AUTHZ_STATES];
	struct fault	f = { 0 };
	char		text[128];

	if (!store_authz_count(d->store, counts, &f)) {
		say(d, BAD, "authorizations", f.text, "");
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64 " locked: by an operator, or since an older "
	    "database was found or a journal was missing", counts[STORE_AUTHZ_LOCKED]);
	if (counts[STORE_AUTHZ_LOCKED] > 0)
		say(d, WARN, "authorizations", text, "pki4ipsec pki unlock ID; or pki4ipsec pki cancel ID, and authorize anew");
	else
		say(d, GOOD, "authorizations", "none is locked", "");
}

static void
look_at_approvals(struct doctor *d)
{
	int64_t		counts[STORE_APPROVAL_STATES];
	struct fault	f = { 0 };
	char		text[128];

	if (!store_approval_count(d->store, counts, &f)) {
		say(d, BAD, "approvals", f.text, "");
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64 " requests wait for approval",
	    counts[STORE_APPROVAL_WAITING]);
	if (counts[STORE_APPROVAL_WAITING] > 0)
		say(d, WARN, "approvals", text, "pki4ipsec pki queue");
	else
		say(d, GOOD, "approvals", "nothing waits for approval", "");
}

static void
look_at_disk(struct doctor *d)
{
	struct statvfs	v;
	uint64_t	octets;
	char		text[96];

	if (statvfs(d->dir, &v) != 0) {
		say(d, BAD, "disk", error_text(errno), "");
		return;
	}
	octets = (uint64_t)v.f_bavail * v.f_frsize;
	snprintf(text, sizeof(text), "%" PRIu64 " MiB free", octets >> 20);
	say(d, octets < DISK_GOOD_OCTETS ? WARN : GOOD, "disk", text, octets < DISK_GOOD_OCTETS ?
	    "make room: a full disk stops enrolments, nothing is lost" : "");
}

/* The socket answers, or nobody serves. */
static void
look_at_server(struct doctor *d)
{
	struct console_request	q = { .words = { VIEW_LIT("admins") }, .n = 1 };
	struct fault		f = { 0 };
	struct buf		out;
	bool			runs = false;

	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (!operate_running(d->dir, &q, &out, &runs, &f))
		say(d, BAD, "server", f.text, "look at its log; restart it");
	else
		say(d, runs ? GOOD : WARN, "server", runs ? "answers" : "none runs on this folder",
		    runs ? "" : "pki4ipsec pki serve");
	buf_clear(&out);
}

/* --- the command ---------------------------------------------------------------------------- */

static bool
open_all(struct doctor *d, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	return config_load(d->dir, &d->config, f) && authorities_load(&d->config, &d->all, f) &&
	    config_path(&d->config, "pki.db", path, sizeof(path), f) &&
	    (d->store = store_open(path, STORE_READ_ONLY, (struct store_digest){ sha256 }, f)) !=
	    NULL;
}

static void
look_at_each(struct doctor *d, size_t n, void (*look)(struct doctor *d, enum authority_id id))
{
	for (enum authority_id id = 0; id < n; id++)
		if (authority_is_here(&d->all, id))
			look(d, id);
}

static void
look(struct doctor *d)
{
	look_at_config(d);
	look_at_each(d, AUTHORITIES, look_at_key);
	look_at_each(d, AUTHORITIES, look_at_certificate);
	look_at_each(d, AUTHORITY_CAS, look_at_crl);
	look_at_database(d);
	look_at_clock(d);
	look_at_authorizations(d);
	look_at_approvals(d);
	look_at_disk(d);
	look_at_server(d);
}

static void
report(struct doctor *d)
{
	json_t	*o = json_pack("{s:s, s:O}", "verdict", words[d->worst], "findings", d->list);

	if (d->in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(o);
}

static int
run(const struct invocation *in)
{
	static struct doctor	d;
	struct fault		f = { 0 };

	memset(&d, 0, sizeof(d));
	d.in = in;
	d.dir = option_value(in, "dir");
	d.now = (int64_t)time(NULL);
	d.list = json_array();
	if ((d.a = arena_new(64u << 20)) == NULL)
		arena_fault(&f);
	else if (open_all(&d, &f)) {
		look(&d);
		report(&d);
	}
	store_close(d.store);
	authorities_clear(&d.all);
	arena_free(d.a);
	json_decref(d.list);
	if (f.kind != FAULT_NONE)
		return command_fail(in, &f, pki_help(in, &f));
	return d.worst == BAD ? EXIT_FAILED : d.worst == WARN ? EXIT_PARTIAL : EXIT_DONE;
}

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ 0 },
};

const struct command cmd_pki_doctor = {
	.group = "pki", .name = "doctor", .args = "",
	.help = "what needs attention, and the command that mends it",
	.options = options, .run = run,
};
