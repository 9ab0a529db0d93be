/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subject and subjectAltName.
 */
#include "codec/name.h"
#include "profile/dns.h"
#include "profile/lint_rules.h"

static bool
has_san_text(const struct cert *c, enum general_name_type type, struct view text)
{
	for (size_t i = 0; i < c->san.n; i++)
		if (c->san.list[i].type == type &&
		    ascii_equal_fold(c->san.list[i].value, text))
			return true;
	return false;
}

static bool
has_san_type(const struct cert *c, enum general_name_type type)
{
	for (size_t i = 0; i < c->san.n; i++)
		if (c->san.list[i].type == type)
			return true;
	return false;
}

static bool
is_fqdn_shaped(struct view v)
{
	return !text_is_address(v) && dns_syntax_error(v) == NULL &&
	    dns_fqdn_error(v) == NULL;
}

static bool
issuer_empty(const struct lint_input *in, char *detail)
{
	(void)detail;
	return name_is_empty(in->cert->issuer);
}

static bool
ca_subject_empty(const struct lint_input *in, char *detail)
{
	(void)detail;
	return name_is_empty(in->cert->subject);
}

static bool
empty_subject_san(const struct lint_input *in, char *detail)
{
	const struct cert	*c = in->cert;

	/* in a request both are the CA's to add */
	if (!name_is_empty(c->subject) || in->terms->request)
		return false;
	lint_say(detail, c->san.n == 0 ? "no subjectAltName" : "subjectAltName not critical");
	return c->san.n == 0 || !c->san_critical;
}

static bool
subject_email(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->nsubject; i++)
		if (view_equal(in->subject[i].oid, OID_AT_EMAIL)) {
			lint_quote(in, detail, in->subject[i].value);
			return true;
		}
	return false;
}

static bool
fqdn_only_in_subject(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->nsubject; i++) {
		struct view	v = in->subject[i].value;

		if (view_equal(in->subject[i].oid, OID_AT_DC) || !is_fqdn_shaped(v) ||
		    has_san_text(in->cert, GENERAL_NAME_DNS, v))
			continue;
		lint_quote(in, detail, v);
		return true;
	}
	return false;
}

/* The address an attribute's text stands for is among the SANs. */
static bool
has_san_address(const struct cert *c, struct view text)
{
	struct identity	id;

	return (identity_parse(IDENTITY_IPV4, text, &id, NULL) ||
	    identity_parse(IDENTITY_IPV6, text, &id, NULL)) && identity_matches(&id, c);
}

static bool
subject_other_identity(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->nsubject; i++) {
		struct view	v = in->subject[i].value;
		bool		lost = false;

		if (text_is_address(v))
			lost = !has_san_address(in->cert, v);
		else if (mailbox_syntax_error(v) == NULL)
			lost = !has_san_text(in->cert, GENERAL_NAME_EMAIL, v);
		if (lost) {
			lint_quote(in, detail, v);
			return true;
		}
	}
	return false;
}

static bool
subject_extra_attrs(const struct lint_input *in, char *detail)
{
	char	text[OID_TEXT_MAX];

	for (size_t i = 0; i < in->nsubject; i++) {
		struct view	o = in->subject[i].oid;

		if (view_equal(o, OID_AT_C) || view_equal(o, OID_AT_CN) ||
		    view_equal(o, OID_AT_O) || view_equal(o, OID_AT_OU))
			continue;
		lint_say(detail, "%s", oid_show(o, text));
		in->spot->at = in->subject[i].value;
		return true;
	}
	return false;
}

/* A label that looks like a device's, where CN should have it. */
static bool
subject_host_not_cn(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->nsubject; i++)
		if (view_equal(in->subject[i].oid, OID_AT_CN))
			return false;
	for (size_t i = in->nsubject; i > 0; i--)
		if (view_equal(in->subject[i - 1].oid, OID_AT_OU)) {
			lint_quote(in, detail, in->subject[i - 1].value);
			return true;
		}
	return false;
}

static bool
subject_multi_ava(const struct lint_input *in, char *detail)
{
	(void)detail;
	for (size_t i = 1; i < in->nsubject; i++)
		if (in->subject[i].relative == in->subject[i - 1].relative)
			return true;
	return false;
}

static bool
dn_string_type(const struct lint_input *in, char *detail)
{
	char	text[OID_TEXT_MAX];

	for (size_t i = 0; i < in->nsubject; i++) {
		const struct lint_attribute	*a = &in->subject[i];

		if (a->tag == DER_UTF8_STRING || a->tag == DER_PRINTABLE_STRING ||
		    (a->tag == DER_IA5_STRING && (view_equal(a->oid, OID_AT_DC) ||
		    view_equal(a->oid, OID_AT_EMAIL))))
			continue;
		lint_say(detail, "%s with tag 0x%02X", oid_show(a->oid, text), a->tag);
		return true;
	}
	return false;
}

static bool
is_capital_or_small(uint8_t c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool
country_code(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->nsubject; i++) {
		const struct lint_attribute	*a = &in->subject[i];

		if (!view_equal(a->oid, OID_AT_C) ||
		    (a->tag == DER_PRINTABLE_STRING && a->value.n == 2 &&
		    is_capital_or_small(a->value.p[0]) &&
		    is_capital_or_small(a->value.p[1])))
			continue;
		lint_quote(in, detail, a->value);
		return true;
	}
	return false;
}

static bool
dn_length(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->nsubject; i++) {
		const struct lint_attribute	*a = &in->subject[i];
		size_t				 points = 0;

		if (!view_equal(a->oid, OID_AT_CN) && !view_equal(a->oid, OID_AT_O) &&
		    !view_equal(a->oid, OID_AT_OU))
			continue;
		for (size_t k = 0; k < a->value.n; k++)
			points += a->tag != DER_UTF8_STRING ||
			    (a->value.p[k] & 0xc0) != 0x80;
		if (points > 64) {
			lint_say(detail, "%zu characters", points);
			return true;
		}
	}
	return false;
}

static enum general_name_type
san_type(const struct identity *id)
{
	struct general_name	g;

	identity_to_san(id, &g);
	return g.type;
}

static bool
san_type_missing(const struct lint_input *in, char *detail)
{
	if (in->intended == NULL || has_san_type(in->cert, san_type(in->intended)))
		return false;
	lint_say(detail, "no name for %s:%s", identity_kind_name(in->intended->kind),
	    in->intended->text);
	return true;
}

static bool
san_id_mismatch(const struct lint_input *in, char *detail)
{
	if (in->intended == NULL || !has_san_type(in->cert, san_type(in->intended)) ||
	    identity_matches(in->intended, in->cert))
		return false;
	lint_say(detail, "%s:%s is not among the names",
	    identity_kind_name(in->intended->kind), in->intended->text);
	return true;
}

static bool
san_other_choice(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->cert->san.n; i++) {
		enum general_name_type	t = in->cert->san.list[i].type;

		if (t == GENERAL_NAME_DNS || t == GENERAL_NAME_EMAIL || t == GENERAL_NAME_IP)
			continue;
		lint_say(detail, "a name of type [%d]", (int)t);
		in->spot->at = in->cert->san.list[i].value;
		return true;
	}
	return false;
}

static bool
san_empty(const struct lint_input *in, char *detail)
{
	(void)detail;
	if (in->cert->has_san && in->cert->san.n == 0)
		return true;
	for (size_t i = 0; i < in->cert->san.n; i++)
		if (in->cert->san.list[i].value.n == 0)
			return true;
	return false;
}

/* The first name of the type for which bad says so; its text into detail. */
static bool
any_name(const struct lint_input *in, enum general_name_type type,
    bool (*bad)(struct view), char *detail)
{
	for (size_t i = 0; i < in->cert->san.n; i++) {
		const struct general_name	*g = &in->cert->san.list[i];

		if (g->type != type || !bad(g->value))
			continue;
		lint_quote(in, detail, g->value);
		return true;
	}
	return false;
}

static bool
has_star(struct view v)
{
	return v.n > 0 && memchr(v.p, '*', v.n) != NULL;
}

static bool
san_dns_wildcard(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_DNS, has_star, detail);
}

/* A trailing dot is one too many; otherwise two labels are asked. */
static bool
not_fqdn(struct view v)
{
	if (v.n == 0 || has_star(v))
		return false;
	return v.p[v.n - 1] == '.' || memchr(v.p, '.', v.n) == NULL;
}

static bool
san_dns_not_fqdn(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_DNS, not_fqdn, detail);
}

static bool
bad_dns(struct view v)
{
	/* wildcards and trailing dots have rules of their own */
	if (v.n == 0 || has_star(v))
		return false;
	if (v.n > 1 && v.p[v.n - 1] == '.')
		v.n--;
	return dns_syntax_error(v) != NULL;
}

static bool
san_dns_syntax(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_DNS, bad_dns, detail);
}

static bool
bad_idn(struct view v)
{
	return v.n > 0 && dns_syntax_error(v) == NULL && dns_alabel_error(v) != NULL;
}

static bool
san_dns_idn(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_DNS, bad_idn, detail);
}

static bool
san_dns_ip_text(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_DNS, text_is_address, detail);
}

static bool
san_ip_length(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->cert->san.n; i++) {
		const struct general_name	*g = &in->cert->san.list[i];

		if (g->type != GENERAL_NAME_IP || g->value.n == 4 || g->value.n == 16)
			continue;
		lint_say(detail, "%zu octets", g->value.n);
		in->spot->at = g->value;
		return true;
	}
	return false;
}

static bool
san_ip_present(const struct lint_input *in, char *detail)
{
	(void)detail;
	return has_san_type(in->cert, GENERAL_NAME_IP);
}

static bool
san_ip_special(const struct lint_input *in, char *detail)
{
	for (size_t i = 0; i < in->cert->san.n; i++) {
		const struct general_name	*g = &in->cert->san.list[i];
		struct identity			 id;
		bool				 loopback;

		if (g->type != GENERAL_NAME_IP || (g->value.n != 4 && g->value.n != 16))
			continue;
		loopback = g->value.n == 4 ? g->value.p[0] == 127 :
		    view_equal(g->value, VIEW_LIT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"));
		if (!loopback && identity_from_san(g, &id, NULL))
			continue;
		general_name_text(g, detail, LINT_DETAIL_MAX);
		in->spot->at = g->value;
		return true;
	}
	return false;
}

static bool
is_nonascii(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 0x80)
			return true;
	return false;
}

static bool
bad_mailbox(struct view v)
{
	return v.n > 0 && !is_nonascii(v) && mailbox_syntax_error(v) != NULL;
}

static bool
san_email_syntax(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_EMAIL, bad_mailbox, detail);
}

/* OtherName's content begins with the type: 06 length octets. */
static bool
is_utf8_mailbox(struct view v)
{
	struct view	oid = OID_ON_SMTP_UTF8_MAILBOX;

	return v.n > oid.n + 2 && v.p[0] == DER_OID && v.p[1] == oid.n &&
	    memcmp(v.p + 2, oid.p, oid.n) == 0;
}

/* RFC 9598, 3: a mailbox in ASCII has its place in rfc822Name. */
static bool
is_ascii_utf8_mailbox(struct view v)
{
	const uint8_t	*at = v.n == 0 ? NULL : memrchr(v.p, '@', v.n);
	size_t		 head = OID_ON_SMTP_UTF8_MAILBOX.n + 6;	/* up to the UTF8String's text */

	return is_utf8_mailbox(v) && at != NULL && v.n > head && at >= v.p + head &&
	    !is_nonascii(view_of(v.p + head, (size_t)(at - v.p) - head));
}

static bool
san_email_nonascii(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_EMAIL, is_nonascii, detail) ||
	    any_name(in, GENERAL_NAME_OTHER, is_ascii_utf8_mailbox, detail);
}

static bool
san_smtputf8(const struct lint_input *in, char *detail)
{
	(void)detail;
	for (size_t i = 0; i < in->cert->san.n; i++)
		if (in->cert->san.list[i].type == GENERAL_NAME_OTHER &&
		    is_utf8_mailbox(in->cert->san.list[i].value))
			return true;
	return false;
}

static bool
has_upper(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 'A' && v.p[i] <= 'Z')
			return true;
	return false;
}

static bool
san_uppercase(const struct lint_input *in, char *detail)
{
	return any_name(in, GENERAL_NAME_DNS, has_upper, detail) ||
	    any_name(in, GENERAL_NAME_EMAIL, has_upper, detail);
}

static bool
same_name(const struct general_name *a, const struct general_name *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == GENERAL_NAME_DNS || a->type == GENERAL_NAME_EMAIL)
		return ascii_equal_fold(a->value, b->value);
	return view_equal(a->value, b->value);
}

static bool
san_duplicate(const struct lint_input *in, char *detail)
{
	const struct general_names	*s = &in->cert->san;

	for (size_t i = 1; i < s->n; i++)
		for (size_t k = 0; k < i; k++)
			if (same_name(&s->list[i], &s->list[k])) {
				general_name_text(&s->list[i], detail, LINT_DETAIL_MAX);
				in->spot->at = s->list[i].value;
				return true;
			}
	return false;
}

static bool
san_multiple_ids(const struct lint_input *in, char *detail)
{
	lint_say(detail, "%zu names", in->cert->san.n);
	return in->cert->san.n > 1;
}

const struct lint_row lint_name_rows[] = {
	{ { "e_pkix_issuer_empty", "RFC 5280, 4.1.2.4", "issuer not empty", LINT_ERROR },
	    FOR_ALL, issuer_empty },
	{ { "e_pkix_ca_subject_empty", "RFC 5280, 4.1.2.6", "a CA's subject not empty",
	    LINT_ERROR }, FOR_CA, ca_subject_empty },
	{ { "e_pkix_empty_subject_san", "RFC 5280, 4.1.2.6",
	    "an empty subject asks for a critical subjectAltName", LINT_ERROR }, FOR_EE,
	    empty_subject_san },
	{ { "e_ike_subject_email_attr", "RFC 4945, 5.1.2.3",
	    "no emailAddress in the subject", LINT_ERROR }, FOR_ALL, subject_email },
	{ { "e_ike_fqdn_only_in_subject", "RFC 4945, 3.1.9",
	    "an FQDN in the subject also stands in dNSName", LINT_ERROR }, FOR_EE,
	    fqdn_only_in_subject },
	{ { "w_ike_subject_other_identity", "RFC 4945, 3.1.9",
	    "a mailbox or address in the subject also stands in subjectAltName",
	    LINT_WARN }, FOR_EE, subject_other_identity },
	{ { "i_ike_subject_extra_attrs", "RFC 4945, 5.1.2",
	    "attributes other than C, O, OU, CN", LINT_INFO }, FOR_EE,
	    subject_extra_attrs },
	{ { "i_ike_subject_host_not_cn", "RFC 4945, 5.1.2.2",
	    "a device's label stands in CN", LINT_INFO }, FOR_EE, subject_host_not_cn },
	{ { "i_interop_subject_multi_ava", "strongSwan's identity parser",
	    "a relative name with several attributes", LINT_INFO }, FOR_NATIVE,
	    subject_multi_ava },
	{ { "w_pkix_dn_string_type", "RFC 5280, 4.1.2.4",
	    "PrintableString or UTF8String in names", LINT_WARN }, FOR_ALL,
	    dn_string_type },
	{ { "e_pkix_country_code", "RFC 5280, A.1", "C is two letters", LINT_ERROR },
	    FOR_ALL, country_code },
	{ { "w_pkix_dn_length", "RFC 5280, A.1", "CN, O, OU of up to 64 characters",
	    LINT_WARN }, FOR_ALL, dn_length },
	{ { "e_ike_san_type_missing", "RFC 4945, 5.1.3.6",
	    "a name of the intended identity's kind", LINT_ERROR }, FOR_EE,
	    san_type_missing },
	{ { "e_ike_san_id_mismatch", "RFC 4945, 5.1.3.6",
	    "a name equal to the intended identity", LINT_ERROR }, FOR_EE,
	    san_id_mismatch },
	{ { "w_ike_san_other_choice", "RFC 4945, 5.1.3.6",
	    "only rfc822Name, dNSName, iPAddress", LINT_WARN }, FOR_EE,
	    san_other_choice },
	{ { "e_pkix_san_empty", "RFC 5280, 4.2.1.6", "no empty name", LINT_ERROR },
	    FOR_ALL, san_empty },
	{ { "e_ike_san_dns_wildcard", "RFC 4945, 5.1.3.6.1", "no wildcard", LINT_ERROR },
	    FOR_EE, san_dns_wildcard },
	{ { "e_ike_san_dns_not_fqdn", "RFC 4945, 5.1.3.6.1",
	    "two labels at least, no trailing dot", LINT_ERROR }, FOR_EE,
	    san_dns_not_fqdn },
	{ { "e_pkix_san_dns_syntax", "RFC 5280, 4.2.1.6",
	    "letters, digits and hyphens in labels of 1 ... 63", LINT_ERROR }, FOR_ALL,
	    san_dns_syntax },
	{ { "e_pkix_san_dns_idn", "RFC 9549", "xn-- labels are A-labels", LINT_ERROR },
	    FOR_ALL, san_dns_idn },
	{ { "w_interop_san_dns_ip_text", "strongSwan on Windows",
	    "no address as text in dNSName", LINT_WARN }, FOR_NATIVE, san_dns_ip_text },
	{ { "e_ike_san_ip_length", "RFC 4945, 5.1.3.6.2", "iPAddress of 4 or 16 octets",
	    LINT_ERROR }, FOR_ALL, san_ip_length },
	{ { "w_ike_san_ip_present", "RFC 4945, 3.1.1", "no address identity", LINT_WARN },
	    FOR_EE, san_ip_present },
	{ { "w_rec_san_ip_special", "recommendation",
	    "no unspecified, loopback, multicast or mapped address", LINT_WARN }, FOR_EE,
	    san_ip_special },
	{ { "e_pkix_san_email_syntax", "RFC 5280, 4.2.1.6", "a bare mailbox",
	    LINT_ERROR }, FOR_ALL, san_email_syntax },
	{ { "e_pkix_san_email_nonascii", "RFC 9598, 3", "rfc822Name is ASCII",
	    LINT_ERROR }, FOR_ALL, san_email_nonascii },
	{ { "w_ike_san_smtputf8", "RFC 4945, 5.1.3.6", "no SmtpUTF8Mailbox", LINT_WARN },
	    FOR_EE, san_smtputf8 },
	{ { "w_interop_san_uppercase", "Android's IKE library",
	    "names in lower case", LINT_WARN }, FOR_NATIVE, san_uppercase },
	{ { "w_ike_san_duplicate", "recommendation", "no name twice", LINT_WARN },
	    FOR_EE, san_duplicate },
	{ { "i_ike_san_multiple_ids", "RFC 4945, 3.1.8",
	    "several identities: the sender must choose", LINT_INFO }, FOR_EE,
	    san_multiple_ids },
	LINT_ROWS_END,
};
