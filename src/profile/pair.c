/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/pair.h"

#include <stdio.h>
#include <string.h>

#include "codec/cert.h"

#define SENT_ONE_DATAGRAM	1200	/* certificates; AUTH and the rest come on top */
#define SENT_FEW_FRAGMENTS	4000
#define SENT_STRONGSWAN		9000	/* charon.max_packet is 10000 by default */
#define CLIENTS	(LINT_WINDOWS | LINT_APPLE | LINT_ANDROID)	/* they call, others answer */
#define NO_EKU	(LINT_STRONGSWAN | LINT_LIBRESWAN | LINT_WINDOWS | LINT_APPLE)

struct judge {
	const struct pair_view		*v;
	const struct pair_report	*report;
	const struct verify_result	*verdict;	/* NULL: planned */
};

/* --- what a step of verify means --------------------------------------------------- */

static const struct {
	const char	*reason;
	const char	*consequence, *repair;
} words[] = {
	{ "expired", "every peer refuses it", "renew it, or enrol the device anew" },
	{ "not-yet-valid", "peers refuse it until then", "set the clocks right, or wait" },
	{ "revoked", "peers that look at revocation refuse it",
	    "authorize the device again and enrol it with a new key" },
	{ "revocation-unknown", "strict peers refuse it, others let it in unchecked",
	    "let the CRL be fetched from where the peer is" },
	{ "crl-scope", "strict peers refuse it, others let it in unchecked",
	    "one complete CRL for each CA" },
	{ "no-path", "the peer does not trust its issuer",
	    "install the CA at the peer, and send the intermediates" },
	{ "signature", "every peer refuses it", "get the untouched file, or issue it again" },
	{ "constraint", "peers with name constraints refuse it",
	    "names inside the constraints of the CA" },
	{ "policy", "peers that ask for the policy refuse it", "a certificate with the policy" },
	{ "ca-bc", "peers refuse the path",
	    "a CA above it with cA TRUE and keyCertSign, and no CA as peer" },
	{ "algorithm", "peers refuse the key or the signature",
	    "P-256, P-384 or RSA-3072, signed with SHA-256 or better" },
	{ "ku", "every peer refuses to authenticate it", "a certificate with digitalSignature" },
	{ "eku", "a conforming peer refuses it", "add ipsecIKE (1.3.6.1.5.5.7.3.17)" },
	{ "critical-ext", "every peer refuses it", "leave the extension out, or non-critical" },
	{ "version", "every peer refuses it", "a certificate of version 3" },
	{ "id-no-san", "peers find no proof of the identity",
	    "the identity into subjectAltName: authorize it with that name" },
	{ "id-mismatch", "the identity is not proved",
	    "use an identity of the certificate, or authorize the one that is used" },
	{ "id-type", "the identity cannot be proved by a certificate",
	    "an FQDN, a mailbox, an address or the Subject" },
	{ "id-syntax", "the identity is none", "a whole name, no wildcard" },
	{ "id-dn-empty", "an empty Subject proves nothing", "an identity of subjectAltName" },
};

static void
say_step(const struct judge *j, const struct verify_step *s)
{
	struct pair_problem	p = { .name = s->check, .source = s->rule, .detail = s->text,
		.severity = s->mark == VERIFY_WARNED ? LINT_WARN : LINT_ERROR,
		.consequence = "peers refuse it", .repair = "see pki4ipsec verify" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].reason, s->reason) == 0) {
			p.consequence = words[i].consequence;
			p.repair = words[i].repair;
		}
	/* These do not ask for ipsecIKE; what they ask for is the lints' to say. */
	if (strcmp(s->reason, "eku") == 0 && (j->v->seen_by & NO_EKU) != 0)
		p.severity = LINT_WARN;
	j->report->found(j->report->ctx, &p);
}

/* A path that fails may be told once more by our own comparison. */
static bool
was_told(const struct verify_result *r, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (r->steps[i].mark == r->steps[at].mark &&
		    strcmp(r->steps[i].reason, r->steps[at].reason) == 0)
			return true;
	return false;
}

static void
say_verdict(const struct judge *j)
{
	const struct verify_result	*r = j->verdict;

	for (size_t i = 0; i < r->n; i++)
		if ((r->steps[i].mark == VERIFY_FAILED || r->steps[i].mark == VERIFY_WARNED) &&
		    !was_told(r, i))
			say_step(j, &r->steps[i]);
}

/* --- what the lints find ------------------------------------------------------------- */

static bool
is_product_rule(const char *name)
{
	return strncmp(name + 2, "interop_", 8) == 0;
}

static void
say_lint(const struct judge *j, const struct lint_finding *x, enum lint_severity severity,
    bool own)
{
	char			detail[512];
	struct pair_problem	p = { .name = x->rule->name, .source = x->rule->source,
		.severity = severity, .own = own, .detail = detail,
		.everybody = !own && !is_product_rule(x->rule->name),
		.consequence = x->advice->consequence, .repair = x->advice->repair };

	snprintf(detail, sizeof(detail), "%s%s%s", x->advice->field, x->detail[0] == '\0' ? "" :
	    " ", x->detail);
	j->report->found(j->report->ctx, &p);
}

/* What the holder's own product minds about its own certificate; all: another's, too. */
static const struct {
	const char	*name;
	bool		 all;
} own_rules[] = {
	{ "e_interop_windows_key", true }, { "e_interop_libreswan_key", true },
	{ "e_interop_client_no_clientauth", false }, { "w_interop_android_user_key", false },
};

static bool
is_own(const char *name, bool *all)
{
	for (size_t i = 0; i < sizeof(own_rules) / sizeof(own_rules[0]); i++)
		if (strcmp(name, own_rules[i].name) == 0) {
			*all = own_rules[i].all;
			return true;
		}
	return false;
}

static void
found_own(void *ctx, const struct lint_finding *x)
{
	bool	all;

	if (is_own(x->rule->name, &all))
		say_lint(ctx, x, x->severity, true);
}

static bool
verdict_says(const struct verify_result *r, const char *source)
{
	for (size_t i = 0; r != NULL && i < r->n; i++)
		if (r->steps[i].mark == VERIFY_FAILED && strcmp(r->steps[i].rule, source) == 0)
			return true;
	return false;
}

/*
 * A rule for everybody: what it finds in a planned certificate keeps the PKI
 * from signing.  One that is signed was judged by verify, and what else is
 * wrong with it may be seen as a nuisance or not at all.
 */
static void
found_general(void *ctx, const struct lint_finding *x)
{
	const struct judge	*j = ctx;
	bool			 planned = j->v->terms == NULL;

	if (x->severity == LINT_INFO || is_product_rule(x->rule->name) ||
	    verdict_says(j->verdict, x->rule->source))
		return;
	say_lint(j, x, planned ? x->severity : LINT_WARN, false);
}

static void
found_product(void *ctx, const struct lint_finding *x)
{
	const struct judge	*j = ctx;
	bool			 all;

	if (x->severity == LINT_INFO || !is_product_rule(x->rule->name))
		return;
	/* Its own clients' rules: only a client has them, about itself. */
	if (is_own(x->rule->name, &all) && !all)
		return;
	say_lint(j, x, x->severity, false);
}

/* --- one direction ---------------------------------------------------------------------- */

/* A client takes whom it calls for a gateway, and is one of its users itself. */
static enum lint_profile
kind_for(enum lint_profile kind, unsigned who, enum lint_profile client_sees)
{
	return kind == LINT_S2S_GATEWAY && (who & CLIENTS) != 0 ? client_sees : kind;
}

static void
look_at_holder(struct judge *j)
{
	const struct pair_view		*v = j->v;
	const struct lint_report	 own = { found_own, j }, general = { found_general, j },
					 product = { found_product, j };
	const struct lint_terms		 alone = { .profile = v->kind };
	const struct lint_terms		 there = { .products = v->seen_by,
		.profile = kind_for(v->kind, v->seen_by, LINT_RA_GATEWAY) };
	const struct lint_terms		 here = { .products = v->on,
		.profile = kind_for(v->kind, v->on, LINT_RA_MACHINE) };

	lint_certificate(v->cert, &alone, &general);
	lint_certificate(v->cert, &there, &product);
	lint_certificate(v->cert, &here, &own);
}

static void
look_at_ca(struct judge *j, const struct cert *ca)
{
	const struct lint_report	product = { found_product, j };
	const struct lint_terms		terms = { .products = j->v->seen_by,
		.profile = lint_profile_guess(ca) };

	lint_certificate(ca, &terms, &product);
}

static void
look_at_size(const struct judge *j, size_t octets)
{
	bool			strongswan = j->v->seen_by == LINT_STRONGSWAN;
	char			detail[64];
	struct pair_problem	p = { .name = "message-size", .source = "RFC 7383",
		.severity = LINT_INFO, .detail = detail,
		.consequence = "IKE_AUTH exceeds one datagram: without IKE fragmentation some paths "
		    "drop it", .repair = "leave fragmentation on at both ends" };

	snprintf(detail, sizeof(detail), "%zu octets of certificates", octets);
	if (octets <= SENT_ONE_DATAGRAM)
		return;
	if (octets > SENT_FEW_FRAGMENTS) {
		p.severity = LINT_WARN;
		p.consequence = "IKE_AUTH takes many fragments, and one lost costs them all";
		p.repair = strongswan && j->v->on == LINT_STRONGSWAN ?
		    "EC keys, fewer names, install the intermediates at the peer, or hash-and-URL "
		    "(hash_and_url = yes at both ends)" :
		    "EC keys, fewer names, or install the intermediates at the peer";
	}
	if (octets > SENT_STRONGSWAN && strongswan) {
		p.severity = LINT_ERROR;
		p.consequence = "strongSwan drops messages above 10000 octets";
		p.repair = "EC keys, fewer names, hash-and-URL, or a larger charon.max_packet";
	}
	j->report->found(j->report->ctx, &p);
}

static void
say_trust_unknown(const struct judge *j)
{
	const struct pair_problem	p = { .name = "trust", .source = "RFC 5280, 6.1",
		.severity = LINT_WARN, .detail = "path and revocation were not looked at",
		.consequence = "whether the peer trusts its issuer is not known",
		.repair = "say which CAs it trusts" };

	j->report->found(j->report->ctx, &p);
}

static bool
judge_signed(struct judge *j, struct fault *f)
{
	struct verify_result	r;
	bool			ok = verify_peer(j->v->terms, &r, f);

	if (ok) {
		j->verdict = &r;
		say_verdict(j);
		if (j->v->trust_unknown)
			say_trust_unknown(j);
		look_at_holder(j);
		for (size_t i = 1; i < r.path.n; i++) {
			struct cert	ca;

			if (cert_decode(buf_view(&r.path.chain[i]), &ca, NULL))
				look_at_ca(j, &ca);
		}
		j->verdict = NULL;
	}
	verify_result_clear(&r);
	return ok;
}

static void
judge_planned(struct judge *j)
{
	const struct pair_view		*v = j->v;
	const struct lint_report	 general = { found_general, j };

	look_at_holder(j);
	lint_chain(v->cert, v->above, v->nabove, &general);
	for (size_t i = 0; i < v->nabove; i++)
		look_at_ca(j, v->above[i]);
}

bool
pair_judge(const struct pair_view *v, const struct pair_report *report, struct fault *f)
{
	struct judge	j = { v, report, NULL };

	if (v->terms == NULL)
		judge_planned(&j);
	else if (!judge_signed(&j, f))
		return false;
	look_at_size(&j, v->cert->der.n + v->sent);
	return true;
}
