/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer enroll: from a ticket to files in use and, with --install strongswan,
 * to tunnels in a running daemon.  Run again it goes on where it stopped.
 */
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/text.h"
#include "peer/commands.h"
#include "peer/enroll.h"
#include "peer/reach.h"
#include "peer/ticket_load.h"
#include "peer/tunnels.h"

#define RETRY_PRESET		"2m"
#define WAIT_PRESET		"2m"
#define RETRY_SECONDS_MAX	INT64_C(2592000)	/* a month */
#define PLAN_ARENA_MAX		(4u << 20)
#define OTHER_SERVER	"the url in the ticket is that of another server: ask the Admin"
#define AGAIN	"the same command again: it goes on where it stopped"

static const struct option options[] = {
	{ "dir", "DIR", PEER_DIR, "folder of this device: key, certificate, state" },
	{ "install", "WHERE", NULL, "strongswan: write and load its configuration; files: only DIR" },
	{ "swanctl-dir", "DIR", INSTALL_SWANCTL_DIR, "strongSwan's configuration" },
	{ "vici", "URI", INSTALL_VICI_URI, "socket of the strongSwan daemon" },
	{ "send-id", "ID", NULL, "the identity of its own to send in IKE: fqdn:NAME, email:, ipv4:, "
	    "ipv6:, or dn [the ticket's first]" },
	{ "no-load", NULL, NULL, "write strongSwan's files, do not talk to the daemon" },
	{ "file", "DIR", NULL, "no network: messages as files in DIR, to be carried" },
	{ "retry-for", "TIME", RETRY_PRESET, "how long to try an unreachable PKI; 0: once" },
	{ "wait", "TIME", WAIT_PRESET, "how long to wait for a person's approval at the PKI; 0: not at all" },
	{ 0 },
};

/* One call of the command. */
struct call {
	const struct invocation	*in;
	const char		*dir;
	bool			 strongswan;
	int64_t			 retry_for, wait;
	bool			 waits;		/* said so */
	struct ticket		 ticket;
	struct reach_http	 http;
	struct reach_files	 files;
	struct enroll_report	 enrolled;
	struct install_report	 installed;
};

/* --- the command line --------------------------------------------------------------- */

/* A plain 0 has no unit. */
static bool
read_time(const struct call *c, const char *name, const char *shown, int64_t *out,
    struct fault *f)
{
	const char	*text = option_value(c->in, name);

	*out = 0;
	return strcmp(text, "0") == 0 || duration_parse(shown, text, 0, RETRY_SECONDS_MAX, out, f);
}

static bool
read_options(struct call *c, struct fault *f)
{
	const char	*install = option_value(c->in, "install");

	c->dir = option_value(c->in, "dir");
	c->strongswan = install != NULL && strcmp(install, "strongswan") == 0;
	if (install != NULL && !c->strongswan && strcmp(install, "files") != 0)
		return fault_set(f, FAULT_USAGE, "", "--install %s: want strongswan or files",
		    install);
	if (!c->strongswan && (option_given(c->in, "swanctl-dir") ||
	    option_given(c->in, "vici") || option_given(c->in, "send-id") ||
	    option_given(c->in, "no-load")))
		return fault_set(f, FAULT_USAGE, "", "--swanctl-dir, --vici, --send-id and --no-load "
		    "go with --install strongswan");
	return read_time(c, "retry-for", "--retry-for", &c->retry_for, f) &&
	    read_time(c, "wait", "--wait", &c->wait, f);
}

/* --- enrolling ------------------------------------------------------------------------ */

static void
tell_stage(void *ctx, const char *name)
{
	struct call	*c = ctx;

	reach_files_stage(&c->files, name);
	if (c->in->verbose && c->files.dir == NULL)
		fprintf(stderr, "sending the %s to %s\n", name, c->ticket.url);
}

/* The first time of a pending answer, patience begins anew. */
static void
tell_waiting(struct call *c, struct reach_patience *p)
{
	char	next[32];

	if (c->waits)
		return;
	c->waits = true;
	reach_patience_start(p, c->wait);
	date_format(c->enrolled.poll_at, next);
	if (!c->in->quiet && c->wait > 0)
		fprintf(stderr, "the request waits for a person's approval at the PKI, which is "
		    "asked again at %s\n", next);
}

/*
 * As long as the PKI cannot be reached, or a person there has not decided, and
 * patience for that lasts.
 */
static bool
enroll_patiently(struct call *c, struct enroll *q, struct fault *f)
{
	struct reach_patience	p;
	int64_t			left;

	reach_patience_start(&p, c->files.dir != NULL ? 0 : c->retry_for);
	for (q->hurry = true;; q->hurry = false) {
		c->http.retry_after = 0;
		q->now = (int64_t)time(NULL);
		if (enroll_run(q, &c->enrolled, f))
			return true;
		left = c->enrolled.poll_at - q->now;
		if (left > 0 && c->files.dir == NULL) {
			tell_waiting(c, &p);
			c->http.retry_after = left < RETRY_SECONDS_MAX ? (unsigned)left :
			    (unsigned)RETRY_SECONDS_MAX;
		}
		if (f->kind != FAULT_BUSY ||
		    !reach_patience_wait(&p, c->http.retry_after, q->rng))
			return false;
		if (c->in->verbose)
			fprintf(stderr, "%s; trying again\n", f->text);
		fault_clear(f);
	}
}

static bool
enroll(struct call *c, struct fault *f)
{
	struct enroll	q = {
		.dir = c->dir, .ticket = &c->ticket, .stage = tell_stage, .stage_ctx = c,
		.rng = rng_system(),
	};
	bool		ok;

	c->files.dir = option_value(c->in, "file");
	if (c->files.dir != NULL) {
		q.transport = reach_files(&c->files);
		q.carried = true;
		ok = enroll_patiently(c, &q, f);
		if (!ok && f->kind == FAULT_BUSY)
			reach_files_again(&c->files);
		return ok;
	}
	if (!reach_http_open(&c->http, c->ticket.url, NULL, f))
		return false;
	q.transport = reach_http(&c->http);
	ok = enroll_patiently(c, &q, f);
	reach_http_close(&c->http);
	return ok;
}

static bool
install(struct call *c, struct fault *f)
{
	struct install_request	 req = {
		.swanctl_dir = option_value(c->in, "swanctl-dir"),
		.vici_uri = option_value(c->in, "vici"),
	};
	struct arena		*a = arena_new(PLAN_ARENA_MAX);
	struct credential	 cred;
	bool			 ok;

	if (a == NULL)
		return arena_fault(f);
	ok = credential_load(c->dir, true, &cred, f);
	if (ok) {
		ok = tunnels_plan(&c->ticket, &cred, a, &req, f) &&
		    tunnels_local(c->dir, option_value(c->in, "send-id"), a, &req, f) &&
		    install_strongswan(&req, !option_given(c->in, "no-load"), &c->installed, f);
		credential_clear(&cred);
	}
	arena_free(a);
	return ok;
}

/* --- saying so --------------------------------------------------------------------------- */

static void
print_json(const struct call *c)
{
	const struct enroll_report	*e = &c->enrolled;
	const struct install_report	*i = &c->installed;
	char				 from[32], to[32];
	json_t				*j;

	date_format(e->not_before, from);
	date_format(e->not_after, to);
	j = json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:s}", "dir", c->dir,
	    "already", e->already, "identity", e->identity, "subject", e->subject,
	    "serial", e->serial, "not_before", from, "not_after", to);
	if (j != NULL && c->strongswan)
		json_object_set_new(j, "strongswan", json_pack("{s:s, s:b, s:s, s:i, s:s, s:s}",
		    "conf", i->conf, "loaded", i->loaded, "connection", i->connection,
		    "connections", (int)i->connections, "daemon", i->daemon, "next", i->next));
	if (j != NULL)
		json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(j);
}

static void
print_text(const struct call *c)
{
	const struct enroll_report	*e = &c->enrolled;
	const struct install_report	*i = &c->installed;
	char				 to[32], subject[ENROLL_SUBJECT_MAX];

	date_format(e->not_after, to);
	text_escape(view_str(e->subject), 0, subject, sizeof(subject));
	if (e->already && !c->strongswan)
		printf("nothing to do: ");
	printf("%s %s\n", e->already ? "already enrolled:" : "enrolled", e->identity);
	printf("  certificate  %s, until %s\n", subject[0] == '\0' ? e->serial : subject, to);
	printf("  files        %s/key.pem cert.pem chain.pem ca.pem\n", c->dir);
	if (!c->strongswan)
		return;
	printf("  strongSwan   %s%s%s\n", i->conf, i->loaded ? ", loaded into " : "",
	    i->loaded ? i->daemon : "");
	if (i->next[0] != '\0')
		printf("  next         %s\n", i->next);
}

/* Kind and part of a fault's text, and what helps; the first that fits. */
static const struct {
	enum fault_kind	 kind;
	const char	*text, *help;
} helps[] = {
	{ FAULT_BUSY, "carry ", "the same command again, when the answer is there" },
	{ FAULT_BUSY, "a person's approval", "the same command again, or pki4ipsec peer run, which "
	    "finishes it" },
	{ FAULT_BUSY, "", AGAIN },
	{ FAULT_USAGE, "", "pki4ipsec peer enroll --help" },
	{ FAULT_NOT_FOUND, "ticket: could not open", "the Admin makes tickets: pki4ipsec admin "
	    "authorize --csv devices.csv --template NAME --out tickets" },
	{ FAULT_MALFORMED, "not a ticket", "the Admin makes tickets: pki4ipsec admin authorize "
	    "--csv devices.csv --template NAME --out tickets" },
	{ FAULT_REFUSED, "does not accept this ticket", "the Admin sees why: pki4ipsec admin events; "
	    "and makes a new one: pki4ipsec admin authorize" },
	{ FAULT_REFUSED, "identity to send", "what it has: pki4ipsec peer status" },
	{ FAULT_REFUSED, "HTTP status", OTHER_SERVER },
	{ FAULT_NOT_FOUND, "HTTP status", OTHER_SERVER },
	{ FAULT_IO, "permission denied", "the same command as root, or --dir and --swanctl-dir "
	    "where this user may write" },
};

static int
fail(const struct call *c, const struct fault *f)
{
	if (c->installed.next[0] != '\0')
		return command_fail(c->in, f, c->installed.next);
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		if (f->kind == helps[i].kind && strstr(f->text, helps[i].text) != NULL)
			return command_fail(c->in, f, helps[i].help);
	return command_fail(c->in, f, NULL);
}

static int
run(const struct invocation *in)
{
	static struct call	c;
	struct fault		f = { 0 };
	bool			ok;

	memset(&c, 0, sizeof(c));
	c.in = in;
	if (!read_options(&c, &f) || !ticket_load_argument(in->args[0], &c.ticket, &f))
		return fail(&c, &f);
	ok = enroll(&c, &f) && (!c.strongswan || install(&c, &f));
	ticket_clear(&c.ticket);
	if (!ok)
		return fail(&c, &f);
	if (in->json)
		print_json(&c);
	else if (!in->quiet)
		print_text(&c);
	return EXIT_DONE;
}

const struct command cmd_peer_enroll = {
	.group = "peer", .name = "enroll", .args = "TICKET",
	.min_args = 1, .max_args = 1,
	.help = "get this device its certificate; TICKET is a file, - or a pki4ipsec: URI",
	.options = options, .run = run,
};
