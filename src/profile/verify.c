/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/verify.h"

#include <stdio.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/name.h"
#include "codec/spki.h"
#include "profile/constraints.h"
#include "profile/lint_rules.h"
#include "profile/verify_parts.h"

#define RSA_BITS_LEAST	2048
#define DATE_MAX	32

bool
verify_revocation_find(const char *word, enum verify_revocation *out)
{
	static const char *const	words[] = { "strict", "soft", "off" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum verify_revocation)i;
			return true;
		}
	return false;
}

/* --- the rules about one certificate ------------------------------------------------ */

struct rule {
	const char	*check, *reason, *source;
	/* Does c break it?  why names the value. */
	bool		(*broken)(const struct cert *c, char *why);
};

static bool
not_v3(const struct cert *c, char *why)
{
	lint_say(why, "version %u", c->version);
	return c->version != 3;
}

/* What our own checks and libcrypto's path validation process together. */
static bool
is_processed(struct view oid)
{
	static const struct view	known[] = { OID_AUTHORITY_KEY_ID, OID_SUBJECT_KEY_ID,
		OID_KEY_USAGE, OID_SUBJECT_ALT_NAME, OID_BASIC_CONSTRAINTS, OID_EXT_KEY_USAGE,
		OID_CRL_DIST_POINTS, OID_CERT_POLICIES, OID_POLICY_MAPPINGS,
		OID_NAME_CONSTRAINTS, OID_POLICY_CONSTRAINTS, OID_INHIBIT_ANY_POLICY,
		OID_IP_ADDR_BLOCKS, OID_OCSP_NOCHECK };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (view_equal(oid, known[i]))
			return true;
	return false;
}

static bool
unknown_critical(const struct cert *c, char *why)
{
	char	text[OID_TEXT_MAX];

	for (size_t i = 0; i < c->extensions.n; i++)
		if (c->extensions.list[i].critical && !is_processed(c->extensions.list[i].oid)) {
			lint_say(why, "%s", oid_show(c->extensions.list[i].oid, text));
			return true;
		}
	return false;
}

static bool
is_ca(const struct cert *c, char *why)
{
	lint_say(why, "the certificate is one of a CA");
	return c->is_ca;
}

static bool
no_ca(const struct cert *c, char *why)
{
	lint_say(why, c->has_basic_constraints ? "cA is FALSE" : "no basicConstraints");
	if (!c->is_ca)
		return true;
	lint_say(why, "keyUsage without keyCertSign");
	return c->has_key_usage && (c->key_usage & KU_KEY_CERT_SIGN) == 0;
}

static bool
bad_key_usage(const struct cert *c, char *why)
{
	char	text[LINT_DETAIL_MAX / 2];

	if (!c->has_key_usage)
		return false;
	lint_say(why, "%s, neither digitalSignature nor nonRepudiation",
	    key_usage_text(c->key_usage, text, sizeof(text)));
	return (c->key_usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0;
}

static bool
bad_purpose(const struct cert *c, char *why)
{
	char	text[LINT_DETAIL_MAX / 2];

	if (!c->has_eku)
		return false;
	lint_say(why, "%s, neither ipsecIKE nor anyExtendedKeyUsage",
	    eku_text(c->eku, text, sizeof(text)));
	return (c->eku & (EKU_IPSEC_IKE | EKU_ANY)) == 0;
}

static bool
weak_key_size(const struct cert *c, char *why)
{
	struct fault	f = { 0 };
	struct spki	s;

	if (!spki_decode(c->spki, &s, &f)) {
		lint_say(why, "%.*s", LINT_DETAIL_MAX - 1, f.text);
		return true;
	}
	lint_say(why, "%s", s.kind == SPKI_OTHER ? "a key of a kind that IKE does not use" : "");
	if ((s.kind == SPKI_RSA || s.kind == SPKI_RSA_PSS) && s.bits < RSA_BITS_LEAST) {
		lint_say(why, "RSA of %u bits", s.bits);
		return true;
	}
	return s.kind == SPKI_OTHER;
}

static bool
weak_signature(const struct cert *c, char *why)
{
	char	text[OID_TEXT_MAX];

	lint_say(why, "signed by %s", oid_show(c->sigalg.oid, text));
	return lint_signature_is_weak(&c->sigalg);
}

static const struct rule every_rules[] = {	/* each but the anchor */
	{ "v_version", "version", "RFC 4945, 5.1.1", not_v3 },
	{ "v_crit_unknown", "critical-ext", "RFC 4945, 5.1.3", unknown_critical },
	{ "v_alg_policy", "algorithm", "RFC 8247, 3", weak_signature },
	{ "v_alg_policy", "algorithm", "RFC 8247, 3", weak_key_size },
};
static const struct rule anchor_rules[] = {	/* its own signature is not asked */
	{ "v_alg_policy", "algorithm", "RFC 8247, 3", weak_key_size },
};
static const struct rule holder_rules[] = {	/* the leaf, for whatever use */
	{ "v_ee", "ca-bc", "RFC 4945, 5.1.3.9", is_ca },
	{ "v_ku", "ku", "RFC 4945, 5.1.3.2", bad_key_usage },
};
static const struct rule ike_rules[] = {	/* the leaf, in IKE */
	{ "v_eku", "eku", "RFC 4945, 5.1.3.12", bad_purpose },
};
static const struct rule ca_rules[] = {		/* CAs below the anchor */
	{ "v_ca_bc", "ca-bc", "RFC 4945, 5.1.3.9", no_ca },
};
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static bool
holds(const struct cert *c, const struct rule *rules, size_t n, struct fault *f)
{
	char	why[LINT_DETAIL_MAX];

	for (size_t i = 0; i < n; i++)
		if (rules[i].broken(c, why))
			return fault_set(f, FAULT_REFUSED, rules[i].source,
			    "the certificate cannot serve (%s): %s", rules[i].reason, why);
	return true;
}

bool
verify_holder(const struct cert *c, bool for_ike, struct fault *f)
{
	return holds(c, every_rules, COUNT(every_rules), f) &&
	    holds(c, holder_rules, COUNT(holder_rules), f) &&
	    (!for_ike || holds(c, ike_rules, COUNT(ike_rules), f));
}

/* --- steps ---------------------------------------------------------------------------- */

struct work {
	const struct verify_terms	*t;
	struct verify_result		*out;
	struct cert			*chain;		/* decoded, leaf first */
	size_t				 n;
};

void
verify_say(struct verify_result *r, const struct verify_step *what, const char *text)
{
	if (what->mark == VERIFY_FAILED && r->reason == NULL)
		r->reason = what->reason;
	if (r->n == VERIFY_STEPS_MAX)
		return;
	r->steps[r->n] = *what;
	snprintf(r->steps[r->n].text, VERIFY_TEXT_MAX, "%s", text);
	r->n++;
}

static void
step(struct work *w, const char *check, const char *reason, const char *rule,
    enum verify_mark mark, size_t depth, const char *text)
{
	const struct verify_step	what = { check, reason, rule, mark, depth, "" };

	verify_say(w->out, &what, text);
}

/* Rules that hold are told for the leaf only: a line for each CA says little. */
static void
apply(struct work *w, size_t depth, const struct rule *rules, size_t n)
{
	char	why[LINT_DETAIL_MAX];

	for (size_t i = 0; i < n; i++) {
		bool	broken = rules[i].broken(&w->chain[depth], why);

		if (broken || (depth == 0 && (i == 0 || rules[i].check != rules[i - 1].check)))
			step(w, rules[i].check, rules[i].reason, rules[i].source,
			    broken ? VERIFY_FAILED : VERIFY_PASSED, depth, broken ? why : "");
	}
}

static void
check_id(struct work *w)
{
	char		why[VERIFY_TEXT_MAX / 2], id[VERIFY_TEXT_MAX / 4], text[VERIFY_TEXT_MAX];
	const char	*reason;

	if (w->t->id == NULL) {
		step(w, "v_id_field_match", "id", "RFC 4945, 3.1", VERIFY_SKIPPED, 0,
		    "no identity was given");
		return;
	}
	reason = ike_id_reject(w->t->id, &w->chain[0], why, sizeof(why));
	ike_id_text(w->t->id, id, sizeof(id));
	snprintf(text, sizeof(text), "%s %s%s%s", ike_id_type_name(w->t->id->type), id,
	    reason == NULL ? "" : ": ", reason == NULL ? "" : why);
	step(w, "v_id_field_match", reason == NULL ? "id" : reason, "RFC 4945, 3.1",
	    reason == NULL ? VERIFY_PASSED : VERIFY_FAILED, 0, text);
}

/* --- path ------------------------------------------------------------------------------ */

/* The value behind the verifier's words. */
static void
path_value(const struct work *w, char *out, size_t n)
{
	const struct path_found	*p = &w->out->path;
	const struct cert	*c = p->depth < w->n ? &w->chain[p->depth] : NULL;
	char			 date[DATE_MAX], at[DATE_MAX], name[NAME_TEXT_MAX / 4];

	out[0] = '\0';
	if (c == NULL)
		return;
	date_format(w->t->at, at);
	if (strcmp(p->reason, "expired") == 0) {
		date_format(c->not_after, date);
		snprintf(out, n, ": notAfter is %s, asked for %s", date, at);
	} else if (strcmp(p->reason, "not-yet-valid") == 0) {
		date_format(c->not_before, date);
		snprintf(out, n, ": notBefore is %s, asked for %s", date, at);
	} else if (strcmp(p->reason, "no-path") == 0) {
		snprintf(out, n, ": nobody here issued for \"%s\"",
		    name_text(c->issuer, name, sizeof(name)));
	}
}

static bool
decode_chain(struct work *w, struct fault *f)
{
	const struct path_found	*p = &w->out->path;

	for (w->n = 0; w->n < p->n; w->n++)
		if (!cert_decode(buf_view(&p->chain[w->n]), &w->chain[w->n], f))
			return fault_within(f, "certificate %zu of the path", w->n + 1);
	return w->n > 0 || cert_decode(w->t->leaf, &w->chain[w->n++], f);
}

static bool
build(struct work *w, struct fault *f)
{
	const struct verify_terms	*t = w->t;
	const struct path		 p = { .leaf = t->leaf, .intermediates = t->intermediates,
		.nintermediates = t->nintermediates, .anchors = t->anchors,
		.nanchors = t->nanchors, .at = t->at };
	const struct path_terms		 terms = { &p, t->policies, t->npolicies };

	return path_build(&terms, &w->out->path, f) && decode_chain(w, f);
}

static void
check_path(struct work *w)
{
	const struct path_found	*p = &w->out->path;
	char			 value[VERIFY_TEXT_MAX / 2], text[VERIFY_TEXT_MAX];
	char			 name[NAME_TEXT_MAX / 4];

	if (p->valid) {
		snprintf(text, sizeof(text), "%zu certificates up to \"%s\"", w->n,
		    name_text(w->chain[w->n - 1].subject, name, sizeof(name)));
		step(w, "v_path", "no-path", "RFC 5280, 6.1", VERIFY_PASSED, 0, text);
		return;
	}
	path_value(w, value, sizeof(value));
	snprintf(text, sizeof(text), "%s%s", p->text, value);
	step(w, "v_path", p->reason, p->rule, VERIFY_FAILED, p->depth, text);
}

/*
 * Each name under each CA above it, once more by our own comparison, which can
 * name the name.  Self-issued CAs are exempt (RFC 5280, 6.1.3 (b)).
 */
static void
check_constraints(struct work *w)
{
	struct name_constraints	nc;

	for (size_t ca = 1; ca < w->n; ca++) {
		struct view	v = lint_value(&w->chain[ca].extensions, OID_NAME_CONSTRAINTS);
		struct fault	f = { 0 };

		if (v.n == 0)
			continue;
		if (!constraints_decode(v, &nc, &f)) {
			step(w, "v_constraints", "constraint", "RFC 5280, 4.2.1.10",
			    VERIFY_FAILED, ca, f.text);
			continue;
		}
		for (size_t i = 0; i < ca; i++)
			if ((i == 0 || !cert_is_self_issued(&w->chain[i])) &&
			    !constraints_allow(&nc, &w->chain[i], &f)) {
				step(w, "v_constraints", "constraint", "RFC 5280, 6.1.3",
				    VERIFY_FAILED, i, f.text);
				break;
			}
	}
}

/* --- revocation -------------------------------------------------------------------------- */

static void
judge_status(struct work *w, size_t depth, const struct revocation_state *s)
{
	bool	soft = w->t->revocation == VERIFY_SOFT && !s->denied;

	if (s->status == REVOCATION_REVOKED)
		step(w, "v_revocation_conservative", "revoked", "RFC 4945, 5.2.1",
		    VERIFY_FAILED, depth, s->why);
	else if (s->status == REVOCATION_GOOD)
		step(w, "v_revocation_required", "revoked", "RFC 4945, 5.2", VERIFY_PASSED,
		    depth, s->why);
	else
		step(w, "v_revocation_required", s->wrong_scope ? "crl-scope" :
		    "revocation-unknown", "RFC 4945, 5.2", soft ? VERIFY_WARNED :
		    VERIFY_FAILED, depth, s->why);
}

static void
check_revocation(struct work *w)
{
	const struct revocation_sources	s = { w->t->crls, w->t->ncrls, w->t->ocsp, w->t->nocsp,
		w->t->at };
	struct revocation_state		state;

	if (w->t->revocation == VERIFY_OFF) {
		step(w, "v_revocation_required", "revocation-unknown", "RFC 4945, 5.2",
		    VERIFY_WARNED, 0, "revocation is not looked at: a revoked peer passes");
		return;
	}
	for (size_t i = 0; i + 1 < w->n; i++) {
		revocation_find(&s, &w->chain[i], &w->chain[i + 1], &state);
		judge_status(w, i, &state);
	}
}

/* --- all of it ----------------------------------------------------------------------------- */

/* In the order of what is cheap and what the reader wants to know first. */
static void
check_all(struct work *w)
{
	size_t	last = w->out->path.valid ? w->n - 1 : w->n;	/* index of the anchor */

	if (last > 0) {
		apply(w, 0, every_rules, COUNT(every_rules));
		apply(w, 0, holder_rules, COUNT(holder_rules));
		apply(w, 0, ike_rules, COUNT(ike_rules));
	} else {				/* the peer itself is the anchor */
		apply(w, 0, anchor_rules, COUNT(anchor_rules));
		apply(w, 0, holder_rules, COUNT(holder_rules));
		apply(w, 0, ike_rules, COUNT(ike_rules));
	}
	check_id(w);
	for (size_t i = 1; i < w->n; i++)
		if (i == last) {
			apply(w, i, anchor_rules, COUNT(anchor_rules));
		} else {
			apply(w, i, every_rules, COUNT(every_rules));
			apply(w, i, ca_rules, COUNT(ca_rules));
		}
	check_path(w);
	check_constraints(w);
	check_revocation(w);
	step(w, "v_id_bound_to_key", "key-binding", "RFC 4945, 3.1", VERIFY_SKIPPED, 0,
	    "holds once AUTH is signed by this certificate's key");
}

bool
verify_one_path(const struct verify_terms *t, struct verify_result *out, struct fault *f)
{
	struct cert	chain[PATH_CHAIN_MAX];
	struct work	w = { t, out, chain, 0 };

	memset(out, 0, sizeof(*out));
	if (!cert_decode(t->leaf, &chain[0], f) || !build(&w, f))
		return false;
	check_all(&w);
	out->accepted = out->reason == NULL && out->path.valid;
	return true;
}

void
verify_result_clear(struct verify_result *r)
{
	path_found_clear(&r->path);
}
