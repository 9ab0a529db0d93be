/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: would an IKE daemon with this identity be accepted?
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/name.h"
#include "main/commands.h"
#include "main/objects.h"
#include "profile/verify.h"

#define POLICIES_MAX	16

static const struct option options[] = {
	{ "id", "ID", NULL, "the identity sent in IKE: fqdn:gw1.example, alice@example.com, "
	    "192.0.2.1, \"C=CH, CN=gw1\", asn1dn:#HEX" },
	{ "trust", "FILE...", NULL, "CA certificates that are trusted; roots or not" },
	{ "crl", "FILE...", NULL, "CRLs and delta CRLs" },
	{ "ocsp", "FILE...", NULL, "OCSP responses" },
	{ "at", "DATE", NULL, "as of then, as 2026-11-25 or 2026-11-25T08:00:00Z [now]" },
	{ "revocation", "HOW", "strict", "when it cannot be told: strict refuses, soft warns, "
	    "off does not look" },
	{ "policy", "OID...", NULL, "a certificate policy that is demanded; one of them is enough" },
	{ 0 },
};

/* What the command line names, read. */
struct input {
	struct objects	certs, trust, crls, ocsp;
	struct view	*lists[4];	/* the DER of each of these */
	size_t		 n[4];
	struct ike_id	 id;
	const char	*policies[POLICIES_MAX];
	struct verify_terms terms;
};

static bool
gather(struct input *q, size_t which, const struct objects *o, enum object_kind kind,
    struct fault *f)
{
	return objects_of_kind(o, kind, &q->lists[which], &q->n[which], f);
}

static bool
read_files(const struct invocation *in, struct input *q, struct fault *f)
{
	if (!objects_init(&q->certs, f) || !objects_init(&q->trust, f) ||
	    !objects_init(&q->crls, f) || !objects_init(&q->ocsp, f))
		return false;
	for (size_t i = 0; i < in->nargs; i++)
		if (!objects_read(&q->certs, in->args[i], f))
			return false;
	return objects_of_option(&q->trust, in, "trust", OBJECT_CERTIFICATE, f) &&
	    objects_of_option(&q->crls, in, "crl", OBJECT_CRL, f) &&
	    objects_of_option(&q->ocsp, in, "ocsp", OBJECT_OCSP, f) &&
	    gather(q, 0, &q->certs, OBJECT_CERTIFICATE, f) &&
	    gather(q, 1, &q->trust, OBJECT_CERTIFICATE, f) &&
	    gather(q, 2, &q->crls, OBJECT_CRL, f) && gather(q, 3, &q->ocsp, OBJECT_OCSP, f);
}

static bool
read_how(const char *text, enum verify_revocation *out, struct fault *f)
{
	return verify_revocation_find(text, out) || fault_set(f, FAULT_USAGE, "",
	    "--revocation takes strict, soft or off, not \"%s\"", text);
}

static bool
read_terms(const struct invocation *in, struct input *q, struct fault *f)
{
	struct verify_terms	*t = &q->terms;
	const char		*id = option_value(in, "id"), *policy;

	if (id == NULL || option_value(in, "trust") == NULL)
		return fault_set(f, FAULT_USAGE, "", "--id and --trust are needed");
	while (t->npolicies < POLICIES_MAX &&
	    (policy = option_nth(in, "policy", t->npolicies)) != NULL)
		q->policies[t->npolicies++] = policy;
	t->policies = q->policies;
	t->id = &q->id;
	return ike_id_parse(id, &q->id, f) && objects_at(in, &t->at, f) &&
	    read_how(option_value(in, "revocation"), &t->revocation, f);
}

/* The first certificate is the peer's, what follows may be on its way. */
static bool
arrange(struct input *q, struct fault *f)
{
	struct verify_terms	*t = &q->terms;

	if (q->n[0] == 0 || q->n[1] == 0)
		return fault_set(f, FAULT_USAGE, "", "no certificate in %s",
		    q->n[0] == 0 ? "the arguments" : "--trust");
	t->leaf = q->lists[0][0];
	t->intermediates = q->lists[0] + 1;
	t->nintermediates = q->n[0] - 1;
	t->anchors = q->lists[1];
	t->nanchors = q->n[1];
	t->crls = q->lists[2];
	t->ncrls = q->n[2];
	t->ocsp = q->lists[3];
	t->nocsp = q->n[3];
	return true;
}

static void
clear(struct input *q)
{
	for (size_t i = 0; i < 4; i++)
		free(q->lists[i]);
	objects_clear(&q->certs);
	objects_clear(&q->trust);
	objects_clear(&q->crls);
	objects_clear(&q->ocsp);
}

/* --- saying it ----------------------------------------------------------------------- */

static const char *const marks[] = {
	[VERIFY_FAILED] = "fail", [VERIFY_WARNED] = "warn", [VERIFY_PASSED] = "pass",
	[VERIFY_SKIPPED] = "open",
};

static void
print_text(const struct input *q, const struct verify_result *r, bool quiet, bool verbose)
{
	char	id[VERIFY_TEXT_MAX], text[VERIFY_TEXT_MAX * 2];

	ike_id_text(&q->id, id, sizeof(id));
	if (!quiet && r->accepted)
		printf("accepted: %s\n", id);
	else if (!r->accepted)
		printf("refused: %s: %s\n", id, r->reason);
	for (size_t i = 0; i < r->n; i++) {
		const struct verify_step	*s = &r->steps[i];

		if (quiet ? s->mark != VERIFY_FAILED : !verbose && s->text[0] == '\0')
			continue;
		text_escape(view_str(s->text), 0, text, sizeof(text));
		printf("  %-5s %-26s %s", marks[s->mark], s->check, s->rule);
		if (s->depth > 0)
			printf(", certificate %zu of the path", s->depth + 1);
		printf("%s%s\n", text[0] == '\0' ? "" : ": ", text);
	}
}

static json_t *
json_steps(const struct verify_result *r)
{
	json_t	*list = json_array();
	char	 text[VERIFY_TEXT_MAX * 2];

	for (size_t i = 0; i < r->n; i++) {
		const struct verify_step	*s = &r->steps[i];

		text_escape(view_str(s->text), 0, text, sizeof(text));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s, s:I, s:s}",
		    "check", s->check, "result", marks[s->mark], "reason",
		    s->mark == VERIFY_FAILED || s->mark == VERIFY_WARNED ?
		    json_string(s->reason) : json_null(),
		    "section", s->rule, "certificate", (json_int_t)s->depth, "value", text));
	}
	return list;
}

static json_t *
json_chain(const struct verify_result *r)
{
	json_t		*list = json_array();
	struct cert	 c;
	char		 name[NAME_TEXT_MAX], serial[2 * CERT_SERIAL_OCTETS_MAX + 1], to[32];

	for (size_t i = 0; i < r->path.n; i++) {
		if (!cert_decode(buf_view(&r->path.chain[i]), &c, NULL))
			continue;
		hex_encode(serial_magnitude(c.serial), serial);
		date_format(c.not_after, to);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "subject",
		    name_text(c.subject, name, sizeof(name)), "serial", serial,
		    "not_after", to));
	}
	return list;
}

static void
print_json(const struct input *q, const struct verify_result *r)
{
	char	id[VERIFY_TEXT_MAX], at[32];
	json_t	*j;

	date_format(q->terms.at, at);
	j = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "verdict",
	    r->accepted ? "accept" : "reject", "id", ike_id_text(&q->id, id, sizeof(id)),
	    "at", at, "reason", r->accepted ? json_null() : json_string(r->reason),
	    "steps", json_steps(r), "path", json_chain(r));
	json_dumpf(j, stdout, JSON_COMPACT);
	printf("\n");
	json_decref(j);
}

/* 0: accepted; 1: refused, or a file cannot be read. */
static int
run(const struct invocation *in)
{
	struct verify_result	r = { 0 };
	struct input		q;
	struct fault		f = { 0 };
	int			rc;

	memset(&q, 0, sizeof(q));
	if (!read_terms(in, &q, &f) || !read_files(in, &q, &f) || !arrange(&q, &f) ||
	    !verify_peer(&q.terms, &r, &f)) {
		rc = command_fail(in, &f, f.kind == FAULT_USAGE ?
		    "pki4ipsec verify --help" : NULL);
	} else {
		if (in->json)
			print_json(&q, &r);
		else
			print_text(&q, &r, in->quiet, in->verbose);
		rc = r.accepted ? EXIT_DONE : EXIT_FAILED;
	}
	verify_result_clear(&r);
	clear(&q);
	return rc;
}

const struct command cmd_verify = {
	.name = "verify", .args = "CERT [INTERMEDIATE...]", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "would an IKE daemon with this identity be accepted?",
	.options = options, .run = run,
};
