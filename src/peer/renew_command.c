/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer renew, rekey, update, revoke: what the holder of a certificate does
 * with it.  The first three run again go on where they stopped.
 */
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/crl.h"
#include "peer/advice.h"
#include "peer/ask.h"
#include "peer/change.h"
#include "peer/commands.h"
#include "peer/hints.h"
#include "peer/reach.h"
#include "peer/renew.h"
#include "peer/talk.h"
#include "peer/ticket_load.h"
#include "peer/tunnels.h"
#include "profile/identity.h"

#define RETRY_PRESET		"2m"
#define RETRY_SECONDS_MAX	INT64_C(2592000)	/* a month */
#define AGAIN	"the same command again: it goes on where it stopped"

#define COMMON \
	{ "dir", "DIR", PEER_DIR, "folder of this device: key, certificate, state" }, \
	{ "file", "DIR", NULL, "no network: messages as files in DIR, to be carried" }, \
	{ "retry-for", "TIME", RETRY_PRESET, "how long to try an unreachable PKI; 0: once" }
#define KEYS \
	{ "new-key", NULL, NULL, "make a new key, whatever the ticket says" }, \
	{ "same-key", NULL, NULL, "keep the key, whatever the ticket says" }

static const struct option renew_options[] = { COMMON, KEYS,
	{ "if-due", NULL, NULL, "do nothing before it is time" },
	{ 0 },
};
static const struct option rekey_options[] = { COMMON, { 0 } };
static const struct option update_options[] = { COMMON, KEYS,
	{ "fqdn", "NAMES", NULL, "host names instead of those in the certificate; comma separated" },
	{ "email", "NAMES", NULL, "mailboxes, likewise" },
	{ "ipv4", "ADDRESSES", NULL, "IPv4 addresses, likewise" },
	{ "ipv6", "ADDRESSES", NULL, "IPv6 addresses, likewise" },
	{ "subject", "NAME", NULL, "\"O=Example, CN=gw1\"; as it was, its CN following the first name" },
	{ 0 },
};
static const struct option revoke_options[] = { COMMON,
	{ "reason", "REASON", "unspecified", "keyCompromise, cessationOfOperation, ..." },
	{ 0 },
};

/* One call of a command. */
struct call {
	const struct invocation	*in;
	const char		*dir;
	int64_t			 retry_for;
	struct ticket		 own;		/* DIR/ticket: where the PKI is */
	struct ticket		 use;		/* rekey */
	struct reach_http	 http;
	struct reach_files	 files;
	struct transport	 transport;
	struct renew		 q;
	struct renew_names	 names;
	char			 text[RENEW_NAMES_MAX][IDENTITY_TICKET_MAX];
	struct renew_report	 r;
};

/* --- the command line --------------------------------------------------------------- */

static bool
read_common(struct call *c, struct fault *f)
{
	char		 path[INSTALL_PATH_MAX];
	const char	*retry = option_value(c->in, "retry-for");

	c->dir = option_value(c->in, "dir");
	c->files.dir = option_value(c->in, "file");
	if (strcmp(retry, "0") != 0 &&
	    !duration_parse("--retry-for", retry, 0, RETRY_SECONDS_MAX, &c->retry_for, f))
		return false;
	if (!path_join(path, sizeof(path), c->dir, "ticket", f))
		return false;
	if (!file_exists(path))
		return fault_set(f, FAULT_NOT_FOUND, "", "nothing is enrolled in \"%s\"", c->dir);
	return ticket_load(path, &c->own, f);
}

static bool
read_key_wish(struct call *c, struct fault *f)
{
	bool	new = option_given(c->in, "new-key"), same = option_given(c->in, "same-key");

	if (new && same)
		return fault_set(f, FAULT_USAGE, "", "--new-key and --same-key exclude each other");
	c->q.key = new ? RENEW_KEY_NEW : same ? RENEW_KEY_SAME : RENEW_KEY_AUTO;
	return true;
}

static bool
add_name(struct call *c, enum identity_kind kind, struct view value, struct fault *f)
{
	struct identity	id;

	if (c->names.n == RENEW_NAMES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d names", RENEW_NAMES_MAX);
	if (!identity_parse(kind, value, &id, f))
		return false;
	identity_format(&id, c->text[c->names.n]);
	c->names.identities[c->names.n] = c->text[c->names.n];
	c->names.n++;
	return true;
}

/* "a,b": all of one kind. */
static bool
add_list(struct call *c, enum identity_kind kind, const char *list, struct fault *f)
{
	while (*list != '\0') {
		size_t	n = strcspn(list, ",");

		if (!add_name(c, kind, view_of(list, n), f))
			return false;
		list += n + (list[n] == ',');
	}
	return true;
}

/*
 * Kinds that are given replace those in the certificate, in their place;
 * kinds that are not stay.
 */
static bool
read_names(struct call *c, struct fault *f)
{
	static const enum identity_kind kinds[] = { IDENTITY_FQDN, IDENTITY_EMAIL,
		IDENTITY_IPV4, IDENTITY_IPV6 };
	struct identity	id;
	const char	*given;
	unsigned	 put = 0;

	for (size_t i = 0; i < c->own.n_identities; i++) {
		if (!identity_parse_tagged(view_str(c->own.identities[i]), &id, f))
			return fault_within(f, "%s/ticket", c->dir);
		given = option_value(c->in, identity_kind_name(id.kind));
		if (given == NULL && !add_name(c, id.kind, view_str(id.text), f))
			return false;
		if (given != NULL && (put & (1u << id.kind)) == 0 &&
		    !add_list(c, id.kind, given, f))
			return false;
		put |= (1u << id.kind);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		given = option_value(c->in, identity_kind_name(kinds[i]));
		if (given != NULL && (put & (1u << kinds[i])) == 0 &&
		    !add_list(c, kinds[i], given, f))
			return false;
	}
	c->names.subject = option_value(c->in, "subject");
	c->q.names = &c->names;
	return c->names.n > 0 || fault_set(f, FAULT_USAGE, "", "an update without any name");
}

/* --- the way to the PKI ----------------------------------------------------------------- */

static void
tell_stage(void *ctx, const char *name)
{
	struct call	*c = ctx;

	reach_files_stage(&c->files, name);
	if (c->in->verbose && c->files.dir == NULL)
		fprintf(stderr, "sending the %s to %s\n", name, c->own.url);
}

static bool
open_way(struct call *c, struct fault *f)
{
	if (c->files.dir != NULL) {
		c->transport = reach_files(&c->files);
		c->retry_for = 0;
		return true;
	}
	if (!reach_http_open(&c->http, c->own.url, c->dir, f))
		return false;
	c->transport = reach_http(&c->http);
	return true;
}

static void
close_way(struct call *c)
{
	if (c->files.dir == NULL && c->http.client != NULL)
		reach_http_close(&c->http);
	ticket_clear(&c->own);
	ticket_clear(&c->use);
}

/* As long as the PKI cannot be reached and patience lasts. */
static bool
patiently(struct call *c, bool (*once)(struct call *c, struct fault *f), struct fault *f)
{
	struct reach_patience	p;

	reach_patience_start(&p, c->retry_for);
	for (;;) {
		c->http.retry_after = 0;
		if (once(c, f))
			return true;
		if (f->kind != FAULT_BUSY || c->r.poll_at > (int64_t)time(NULL) ||
		    !reach_patience_wait(&p, c->http.retry_after, rng_system()))
			return false;
		if (c->in->verbose)
			fprintf(stderr, "%s; trying again\n", f->text);
		fault_clear(f);
	}
}

static bool
renew_once(struct call *c, struct fault *f)
{
	c->q.dir = c->dir;
	c->q.transport = c->transport;
	c->q.stage = tell_stage;
	c->q.stage_ctx = c;
	c->q.rng = rng_system();
	c->q.now = (int64_t)time(NULL);
	c->q.hurry = true;
	c->q.carried = c->files.dir != NULL;
	return renew_run(&c->q, &c->r, f);
}

/* --- saying so ------------------------------------------------------------------------------ */

static void
print_json(const struct call *c)
{
	const struct renew_report	*r = &c->r;
	char				 from[32], to[32];
	json_t				*j;

	date_format(r->not_before, from);
	date_format(r->not_after, to);
	j = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "dir", c->dir,
	    "kind", renew_kind_name(r->kind), "resumed", r->resumed, "identity", r->identity,
	    "subject", r->subject, "old_serial", r->old_serial, "serial", r->serial,
	    "not_before", from, "not_after", to, "old", r->old_fate);
	if (j != NULL)
		json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(j);
}

static void
print_text(const struct call *c)
{
	const struct renew_report	*r = &c->r;
	char				 to[32];

	date_format(r->not_after, to);
	printf("%s: %s\n", renew_kind_name(r->kind), r->identity);
	printf("  certificate  %s, until %s\n", r->serial, to);
	printf("  replaces     %s%s%s\n", r->old_serial, r->old_fate[0] != '\0' ? ", " : "",
	    r->old_fate);
	printf("  files        %s/key.pem cert.pem chain.pem\n", c->dir);
	if (r->resumed)
		printf("  note         this had been begun before; run the command again for more\n");
}

static int
end(struct call *c, bool ok, const struct fault *f)
{
	char	advice[ADVICE_MAX];

	close_way(c);
	if (!ok)
		return command_fail(c->in, f, f->kind == FAULT_BUSY ? AGAIN :
		    f->kind == FAULT_NOT_FOUND ? "pki4ipsec peer enroll TICKET" :
		    change_advice(c->in->command->name, f->text, c->dir, advice));
	return EXIT_DONE;
}

/*
 * Nothing uses the old key any more, unless the PKI lets the old one go on, or
 * an agent brings a daemon over to the new one: it may have to go back.
 */
static bool
settle(struct call *c, struct fault *f)
{
	char	agent[INSTALL_PATH_MAX];
	bool	done;

	if (!path_join(agent, sizeof(agent), c->dir, CHANGE_FILE, f))
		return false;
	return c->r.old_fate[0] != '\0' || file_exists(agent) || renew_settle(c->dir, &done, f);
}

static int
change(struct call *c, bool ready, struct fault *f)
{
	bool	ok = ready && open_way(c, f) && patiently(c, renew_once, f) && settle(c, f);

	if (ok && c->in->json)
		print_json(c);
	else if (ok && !c->in->quiet)
		print_text(c);
	return end(c, ok, f);
}

/* --- the commands ----------------------------------------------------------------------------- */

static struct call *
begin(const struct invocation *in)
{
	static struct call	c;

	memset(&c, 0, sizeof(c));
	c.in = in;
	return &c;
}

static bool
is_due(struct call *c, bool *due, struct fault *f)
{
	struct renew_due	d;
	char			at[32];

	if (c->files.dir == NULL)
		hints_look(c->dir, c->own.url, (int64_t)time(NULL));
	if (!renew_due(c->dir, (int64_t)time(NULL), 0, &d, f))
		return false;
	*due = d.due;
	if (d.due)
		return true;
	date_format(d.at, at);
	if (c->in->json)
		printf("{\"due\":false,\"at\":\"%s\"}\n", at);
	else if (!c->in->quiet)
		printf("nothing to do: renewal is due at %s%s\n", at, d.hinted ?
		    ", as the PKI hints" : "");
	return true;
}

static int
run_renew(const struct invocation *in)
{
	struct call	*c = begin(in);
	struct fault	 f = { 0 };
	bool		 due = true, ok = read_common(c, &f) && read_key_wish(c, &f);

	if (ok && option_given(in, "if-due"))
		ok = is_due(c, &due, &f);
	if (!ok || !due)
		return end(c, ok, &f);
	return change(c, true, &f);
}

static int
run_rekey(const struct invocation *in)
{
	struct call	*c = begin(in);
	struct fault	 f = { 0 };

	c->q.ticket = &c->use;
	return change(c, read_common(c, &f) && ticket_load_argument(in->args[0], &c->use, &f), &f);
}

static int
run_update(const struct invocation *in)
{
	struct call	*c = begin(in);
	struct fault	 f = { 0 };

	return change(c, read_common(c, &f) && read_key_wish(c, &f) && read_names(c, &f), &f);
}

/* --- revoke --------------------------------------------------------------------------------- */

static bool
write_revocation(void *ctx, const struct cert *cert, struct key *key, struct exchange *x,
    struct buf *out, struct fault *f)
{
	struct call	*c = ctx;
	unsigned	 reason;

	tell_stage(c, "request");
	return crl_reason_find(option_value(c->in, "reason"), &reason) &&
	    ask_revocation(cert, key, reason, rng_system(), (int64_t)time(NULL), x, out, f);
}

static bool
revoke_once(struct call *c, struct fault *f)
{
	struct talk_message	m = { .dir = c->dir, .transport = c->transport,
		.now = (int64_t)time(NULL), .write = write_revocation, .ctx = c };

	return talk_once(&m, f);
}

static bool
check_reason(const struct invocation *in, struct fault *f)
{
	const char	*reason = option_value(in, "reason");
	unsigned	 r;

	if (crl_reason_find(reason, &r) && r != CRL_CERTIFICATE_HOLD && r != CRL_REMOVE_FROM_CRL)
		return true;
	return fault_set(f, FAULT_USAGE, "RFC 5280, 5.3.1", "--reason %s: want unspecified, "
	    "keyCompromise, affiliationChanged, superseded, cessationOfOperation or "
	    "privilegeWithdrawn", reason);
}

static int
run_revoke(const struct invocation *in)
{
	struct call	*c = begin(in);
	struct fault	 f = { 0 };
	bool		 ok = check_reason(in, &f) && read_common(c, &f) && open_way(c, &f) &&
	    patiently(c, revoke_once, &f);

	if (ok && in->json)
		printf("{\"revoked\":true}\n");
	else if (ok && !in->quiet)
		printf("revoked: the certificate in %s; a new one needs a new ticket\n", c->dir);
	return end(c, ok, &f);
}

const struct command cmd_peer_renew = {
	.group = "peer", .name = "renew",
	.help = "get a successor of this device's certificate",
	.options = renew_options, .run = run_renew,
};
const struct command cmd_peer_rekey = {
	.group = "peer", .name = "rekey", .args = "TICKET", .min_args = 1, .max_args = 1,
	.help = "the same with a new key, by a ticket that replaces the certificate",
	.options = rekey_options, .run = run_rekey,
};
const struct command cmd_peer_update = {
	.group = "peer", .name = "update",
	.help = "get a certificate with other names, as far as the terms allow",
	.options = update_options, .run = run_update,
};
const struct command cmd_peer_revoke = {
	.group = "peer", .name = "revoke",
	.help = "end this device's certificate for good",
	.options = revoke_options, .run = run_revoke,
};
