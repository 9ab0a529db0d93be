/* SPDX-License-Identifier: Apache-2.0 */
/* pki status and pki audit: what an operator reads beside the running server. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "codec/cvp.h"
#include "pki/commands.h"
#include "pki/hint.h"
#include "pki/look.h"
#include "store/store_approval.h"
#include "store/store_authz.h"
#include "store/store_log.h"

#define HINT_TEXT_MAX	1024
#define AUDIT_SHOWN_MAX	4096	/* octets of one column */

/* --- what helps ------------------------------------------------------------------- */

/* Part of a fault's text, and what helps; %s is --dir. */
static const struct {
	const char	*text, *help;
} helps[] = {
	{ "pki4ipsec.conf\": no such file", "pki4ipsec pki init --dir %s --name NAME --url URL, or "
	    "--dir of a PKI that there is" },
	{ "permission denied", "the same command as the user whom %s belongs to" },
	{ "is locked by", "a server runs on %s: that process ends with kill and its pid" },
	{ "Address already in use", "ss -ltnp says who has it; addresses are under listen in "
	    "%s/pki4ipsec.conf" },
	{ "cannot listen", "other addresses under listen in %s/pki4ipsec.conf" },
	{ "no template \"", "pki4ipsec pki template list --dir %s" },
	{ "has no such version", "pki4ipsec pki template list --dir %s" },
	{ "is no name of a template", "pki4ipsec pki template list --dir %s" },
	{ "want version = ", "pki4ipsec pki template list --dir %s" },
	{ "lacks the right ", "pki4ipsec pki admin rights NAME RIGHTS --dir %s" },
	{ "needs the right *", "pki4ipsec pki admin rights NAME '*' --dir %s" },
	{ "of a certificate that this PKI has made", "pki4ipsec pki audit --dir %s" },
	{ "and has no certificate", "pki4ipsec pki audit --dir %s" },
	{ "signed by ", "pki4ipsec pki admin list --dir %s" },
	{ "signed neither by", "pki4ipsec pki admin list --dir %s" },
};

const char *
pki_help(const struct invocation *in, const struct fault *f)
{
	static char	out[CONFIG_PATH_MAX + 160];
	const char	*dir = option_value(in, "dir");

	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		const char	*at = strstr(helps[i].help, "%s");

		if (strstr(f->text, helps[i].text) == NULL)
			continue;
		snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - helps[i].help), helps[i].help, dir,
		    at + 2);
		return out;
	}
	return NULL;
}

/* --- dates ------------------------------------------------------------------------ */

/* "in 364 days", "3 hours ago": beside every date (say the state in words). */
static void
in_words(int64_t when, int64_t now, char *out, size_t n)
{
	int64_t		 d = when > now ? when - now : now - when;
	const char	*unit = d >= 172800 ? "days" : d >= 7200 ? "hours" : "minutes";
	int64_t		 count = d / (d >= 172800 ? 86400 : d >= 7200 ? 3600 : 60);

	snprintf(out, n, when > now ? "in %" PRId64 " %s" : "%" PRId64 " %s ago", count, unit);
}

/* --- status ----------------------------------------------------------------------- */

struct status {
	int64_t	authz[STORE_AUTHZ_STATES], certs[STORE_CERT_STATES];
	int64_t	approvals[STORE_APPROVAL_STATES];
	struct store_crl crls[AUTHORITY_CAS];
	int64_t	living[AUTHORITY_CAS], last[AUTHORITY_CAS];	/* certificates of each CA, end of the last */
	struct cvp_hint	hint;
};

static bool
read_ca(struct look *v, enum authority_id id, struct status *s, int64_t now,
    struct fault *f)
{
	struct store_ca	ca;

	if (!authority_is_here(&v->authorities, id))
		return true;
	if (!store_ca_find(v->store, v->authorities.list[id].name, v->arena, &ca, f))
		return false;
	return ca.n == 0 || (store_crl_find(v->store, ca.n, STORE_CRL_FULL, v->arena,
	    &s->crls[id], f) && store_cert_ends(v->store, ca.n, now, &s->living[id],
	    &s->last[id], f));
}

static bool
read_status(struct look *v, struct status *s, int64_t now, struct fault *f)
{
	bool	given;

	for (enum authority_id id = 0; id < AUTHORITY_CAS; id++)
		if (!read_ca(v, id, s, now, f))
			return false;
	return hint_rules_load(v->store, v->arena, &s->hint, &given, f) &&
	    store_authz_count(v->store, s->authz, f) &&
	    store_cert_count(v->store, s->certs, f) &&
	    store_approval_count(v->store, s->approvals, f);
}

/* Only what there is. */
static void
print_counts(const char *what, const char *const *names, const int64_t *counts, size_t n)
{
	const char	*comma = "  ";

	printf("%-14s", what);
	for (size_t i = 0; i < n; i++)
		if (counts[i] > 0) {
			printf("%s%" PRId64 " %s", comma, counts[i], names[i]);
			comma = ", ";
		}
	printf("%s\n", comma[0] == ' ' ? "  none" : "");
}

static bool
is_rolling(const struct look *v, enum authority_id ca)
{
	enum authority_id	line = authority_line(ca);

	return authority_next(line) != line &&
	    authority_is_here(&v->authorities, authority_next(line));
}

/* Of a CA that is rolled over: what it does now, and until when. */
static void
print_phase(const struct look *v, const struct status *s, enum authority_id ca,
    int64_t now)
{
	enum ca_phase	phase = authority_phase(&v->authorities, ca, now);
	int64_t		when = phase == CA_OLD ? s->last[ca] :
	    v->authorities.list[authority_next(authority_line(ca))].from;
	char		date[32], words[64];

	date_format(when, date);
	in_words(when, now, words, sizeof(words));
	if (phase == CA_OLD && s->living[ca] == 0)
		printf("%-12s replaced: nothing of it lives, it retires\n", v->authorities.list[ca].name);
	else
		printf("%-12s %s %s (%s)\n", v->authorities.list[ca].name,
		    phase == CA_ANNOUNCED ? "announced: issues from" : phase == CA_OLD ?
		    "replaced: signs its CRL until" : ca == authority_line(ca) ?
		    "issues until" : "issues since", date, words);
}

static const char *const phases[] = { "announced", "in use", "replaced" };

static json_t *
cas_json(const struct look *v, const struct status *s, int64_t now)
{
	json_t	*list = json_array();

	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		const struct authority	*a = &v->authorities.list[ca];
		char			 from[32], until[32];

		if (!authority_is_here(&v->authorities, ca))
			continue;
		date_format(a->from != 0 ? a->from : a->cert.not_before, from);
		date_format(a->cert.not_after, until);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "name", a->name,
		    "phase", phases[authority_phase(&v->authorities, ca, now)], "from", from, "until",
		    until, "certificates", (json_int_t)s->living[ca], "crl_number",
		    (json_int_t)s->crls[ca].number));
	}
	return list;
}

static void
print_hints(const struct cvp_hint *h)
{
	char	text[HINT_TEXT_MAX];

	for (size_t i = 0; i < h->n_rules; i++) {
		hint_rule_text(&h->rules[i], text, sizeof(text));
		printf("%-14s  %s\n", i == 0 ? "hints" : "", text);
	}
}

static void
print_text(const struct look *v, const struct status *s, int64_t now)
{
	const char	*names[STORE_AUTHZ_STATES], *states[STORE_CERT_STATES];
	char		 date[32], words[64];

	printf("PKI \"%s\"  %s\n\n", v->config.name, v->config.url);
	for (size_t i = 0; i < STORE_AUTHZ_STATES; i++)
		names[i] = cvp_state_name((enum cvp_state)i);
	for (size_t i = 0; i < STORE_CERT_STATES; i++)
		states[i] = look_cert_state((enum store_cert_state)i);
	print_counts("authorizations", names, s->authz, STORE_AUTHZ_STATES);
	print_counts("certificates", states, s->certs, STORE_CERT_STATES);
	if (s->approvals[STORE_APPROVAL_WAITING] > 0)
		printf("%-14s  %" PRId64 " wait: pki4ipsec pki queue --dir %s\n", "approvals",
		    s->approvals[STORE_APPROVAL_WAITING], v->config.dir);
	print_hints(&s->hint);
	putchar('\n');
	for (enum authority_id id = 0; id < AUTHORITIES; id++) {
		int64_t	end = v->authorities.list[id].cert.not_after;

		if (!authority_is_here(&v->authorities, id))
			continue;
		date_format(end, date);
		in_words(end, now, words, sizeof(words));
		printf("%-12s expires %s (%s)\n", v->authorities.list[id].name, date, words);
		if (id < AUTHORITY_CAS && is_rolling(v, id))
			print_phase(v, s, id, now);
	}
	for (enum authority_id id = 0; id < AUTHORITY_CAS; id++) {
		if (s->crls[id].number == 0)
			continue;
		date_format(s->crls[id].next_update, date);
		in_words(s->crls[id].next_update, now, words, sizeof(words));
		printf("%-12s CRL %" PRId64 ", next by %s (%s)\n", v->authorities.list[id].name,
		    s->crls[id].number, date, words);
	}
}

static void
print_json(const struct look *v, const struct status *s, int64_t now)
{
	json_t	*root = json_object(), *a = json_object(), *c = json_object();

	for (size_t i = 0; i < STORE_AUTHZ_STATES; i++)
		json_object_set_new(a, cvp_state_name((enum cvp_state)i),
		    json_integer(s->authz[i]));
	for (size_t i = 0; i < STORE_CERT_STATES; i++)
		json_object_set_new(c, look_cert_state((enum store_cert_state)i), json_integer(s->certs[i]));
	json_object_set_new(root, "name", json_string(v->config.name));
	json_object_set_new(root, "url", json_string(v->config.url));
	json_object_set_new(root, "authorizations", a);
	json_object_set_new(root, "certificates", c);
	json_object_set_new(root, "approvals", json_pack("{s:I, s:I}", "waiting",
	    (json_int_t)s->approvals[STORE_APPROVAL_WAITING], "approved",
	    (json_int_t)s->approvals[STORE_APPROVAL_APPROVED]));
	json_object_set_new(root, "hints", hint_rules_json(&s->hint));
	json_object_set_new(root, "crl_number",
	    json_integer(s->crls[authority_in_use(&v->authorities, AUTHORITY_IKE, now)].number));
	json_object_set_new(root, "cas", cas_json(v, s, now));
	json_dumpf(root, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(root);
}

static int
run_status(const struct invocation *in)
{
	struct look	v;
	struct status		s = { 0 };
	struct fault		f = { 0 };
	int64_t			now = (int64_t)time(NULL);
	bool			ok;

	ok = look_open(option_value(in, "dir"), &v, &f) && read_status(&v, &s, now, &f);
	if (ok && in->json)
		print_json(&v, &s, now);
	else if (ok)
		print_text(&v, &s, now);
	look_close(&v);
	return ok ? EXIT_DONE : command_fail(in, &f, pki_help(in, &f));
}

/* --- audit ------------------------------------------------------------------------- */

static void
print_row_json(const struct store_audit *a, const char *date)
{
	json_t	*o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "row", (json_int_t)a->n, "time",
		    date, "actor", a->actor, "action", a->action, "object", a->object, "detail",
		    a->detail);

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* Rows hold what people and devices said: nothing of it may look like another row. */
static void
print_row_text(const struct store_audit *a, const char *date)
{
	char	actor[AUDIT_SHOWN_MAX], object[AUDIT_SHOWN_MAX], detail[AUDIT_SHOWN_MAX];

	text_escape(view_str(a->actor), 0, actor, sizeof(actor));
	text_escape(view_str(a->object), 0, object, sizeof(object));
	text_escape(view_str(a->detail), 0, detail, sizeof(detail));
	printf("%8" PRId64 "  %s  %-24s %-28s %-12s %s\n", a->n, date, actor, a->action, object,
	    detail);
}

static bool
print_row(void *ctx, const struct store_audit *a, struct fault *f)
{
	const struct invocation	*in = ctx;
	char			 date[32];

	(void)f;
	date_format(a->time, date);
	if (in->json)
		print_row_json(a, date);
	else
		print_row_text(a, date);
	return true;
}

static int
verify(const struct invocation *in, struct look *v, struct fault *f)
{
	int64_t		 rows, bad;
	const char	*why = "";

	if (!store_audit_verify(v->store, &rows, &bad, &why, f))
		return command_fail(in, f, NULL);
	if (in->json)
		printf("{\"rows\":%" PRId64 ",\"bad\":%" PRId64 "}\n", rows, bad);
	else if (bad == 0)
		printf("the chain holds: %" PRId64 " rows\n", rows);
	else
		printf("row %" PRId64 " does not fit the chain: %s\n", bad, why);
	return bad == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int
run_audit(const struct invocation *in)
{
	struct look	v;
	struct fault		f = { 0 };
	int			rc;

	if (!look_open(option_value(in, "dir"), &v, &f))
		rc = command_fail(in, &f, pki_help(in, &f));
	else if (option_given(in, "verify"))
		rc = verify(in, &v, &f);
	else
		rc = store_audit_walk(v.store, 0, SIZE_MAX / 2, print_row,
		    (void *)(uintptr_t)in, &f) ?
		    EXIT_DONE : command_fail(in, &f, NULL);
	look_close(&v);
	return rc;
}

static const struct option status_options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ 0 },
};
static const struct option audit_options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ "verify", NULL, NULL, "walk the chain of digests and name the first row that is wrong" },
	{ 0 },
};

const struct command cmd_pki_status = {
	.group = "pki", .name = "status", .args = "",
	.help = "count authorizations and certificates, say what expires",
	.options = status_options, .run = run_status,
};
const struct command cmd_pki_audit = {
	.group = "pki", .name = "audit", .args = "",
	.help = "print the audit trail, or verify its chain",
	.options = audit_options, .run = run_audit,
};
