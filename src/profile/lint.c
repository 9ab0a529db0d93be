/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/lint.h"

#include <stdio.h>

#include "profile/lint_rules.h"

static const char *const profile_names[LINT_PROFILES] = {
	[LINT_STRICT] = "strict",
	[LINT_S2S_GATEWAY] = "s2s-gateway",
	[LINT_RA_GATEWAY] = "ra-gateway",
	[LINT_RA_USER] = "ra-user",
	[LINT_RA_MACHINE] = "ra-machine",
	[LINT_ROOT_CA] = "root-ca",
	[LINT_ISSUING_CA] = "issuing-ca",
	[LINT_OCSP_SIGNER] = "ocsp-signer",
	[LINT_CMC_SIGNER] = "cmc-signer",
};

static const struct lint_row *const tables[] = {
	lint_frame_rows, lint_name_rows, lint_usage_rows, lint_extension_rows,
	lint_issuer_rows, lint_crl_rows,
};
#define TABLES		(sizeof(tables) / sizeof(tables[0]))
#define CERT_TABLES	4	/* the first four look at one certificate alone */

const char *
lint_profile_name(enum lint_profile p)
{
	return (unsigned)p < LINT_PROFILES ? profile_names[p] : "unknown";
}

bool
lint_profile_find(const char *name, enum lint_profile *out)
{
	for (unsigned i = 0; i < LINT_PROFILES; i++)
		if (strcmp(name, profile_names[i]) == 0) {
			*out = (enum lint_profile)i;
			return true;
		}
	return false;
}

void
lint_say(char *detail, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(detail, LINT_DETAIL_MAX, fmt, ap);
	va_end(ap);
}

void
lint_quote(char *detail, struct view text)
{
	size_t	n = 0;

	for (size_t i = 0; i < text.n && n + 8 < LINT_DETAIL_MAX; i++) {
		if (text.p[i] >= 0x20 && text.p[i] < 0x7f)
			detail[n++] = (char)text.p[i];
		else
			n += (size_t)snprintf(detail + n, 5, "\\x%02X", text.p[i]);
	}
	detail[n] = '\0';
}

bool
lint_has(const struct lint_input *in, struct view oid)
{
	return extensions_find(&in->cert->extensions, oid) != NULL;
}

bool
lint_is_critical(const struct lint_input *in, struct view oid)
{
	const struct extension	*e = extensions_find(&in->cert->extensions, oid);

	return e != NULL && e->critical;
}

/*
 * The CMC responder bears its issuer's name too; the key identifier tells it
 * from an anchor.
 */
bool
lint_is_anchor(const struct cert *c)
{
	return cert_is_self_issued(c) && (c->aki.n == 0 || view_equal(c->aki, c->ski));
}

/* The attributes of a name that decoded before; stops at what is odd. */
static void
take_apart(struct view name, struct lint_input *in)
{
	struct der	names, set, pair;
	struct view	tlv, content;
	unsigned	relative = 0;

	der_init(&names, name);
	if (!der_open(&names, DER_SEQUENCE, &names, NULL))
		return;
	for (; !der_at_end(&names); relative++) {
		if (!der_open(&names, DER_SET, &set, NULL))
			return;
		while (!der_at_end(&set) && in->nsubject < LINT_ATTRIBUTES) {
			struct lint_attribute	*a = &in->subject[in->nsubject];

			if (!der_open(&set, DER_SEQUENCE, &pair, NULL) ||
			    !der_oid(&pair, &a->oid, NULL))
				return;
			a->tag = der_peek(&pair);
			if (!der_get_any(&pair, &tlv, NULL))
				return;
			der_init(&pair, tlv);
			if (!der_get(&pair, a->tag, &content, NULL))
				return;
			a->value = content;
			a->relative = relative;
			in->nsubject++;
		}
	}
}

/* RFC 4945, 5.1.3.12 in remote access: the platforms demand an EKU. */
static enum lint_severity
severity_in(const struct lint_row *r, enum lint_profile p)
{
	if (strcmp(r->rule.name, "w_ike_eku_present") == 0 && (FOR(p) & FOR_RA) != 0)
		return LINT_INFO;
	return r->rule.severity;
}

static size_t
run_table(const struct lint_row *rows, const struct lint_input *in,
    const struct lint_report *report)
{
	size_t	errors = 0;

	for (; rows->rule.name != NULL; rows++) {
		char			detail[LINT_DETAIL_MAX] = "";
		enum lint_severity	severity = severity_in(rows, in->profile);

		if ((rows->profiles & FOR(in->profile)) == 0 ||
		    !rows->fires(in, detail))
			continue;
		errors += severity == LINT_ERROR;
		report->found(report->ctx, &rows->rule, severity, detail);
	}
	return errors;
}

size_t
lint_certificate(const struct cert *cert, enum lint_profile profile,
    const struct identity *intended, const struct lint_report *report)
{
	struct lint_input	in = { .cert = cert, .profile = profile,
		.intended = intended };
	size_t			errors = 0;

	if (!spki_decode(cert->spki, &in.spki, &in.spki_fault) &&
	    in.spki_fault.kind == FAULT_NONE)
		in.spki_fault.kind = FAULT_MALFORMED;
	take_apart(cert->subject, &in);
	for (size_t i = 0; i < CERT_TABLES; i++)
		errors += run_table(tables[i], &in, report);
	return errors;
}

size_t
lint_issuer(const struct cert *cert, const struct cert *issuer,
    const struct lint_report *report)
{
	struct lint_input	in = { .cert = cert, .issuer = issuer };

	return run_table(lint_issuer_rows, &in, report);
}

size_t
lint_crl(const struct crl *crl, const struct lint_report *report)
{
	struct lint_input	in = { .crl = crl };

	return run_table(lint_crl_rows, &in, report);
}

const struct lint *
lint_rule(size_t i)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct lint_row *r = tables[t]; r->rule.name != NULL; r++)
			if (i-- == 0)
				return &r->rule;
	return NULL;
}
