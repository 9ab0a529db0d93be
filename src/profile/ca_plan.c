/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates of the PKI itself (RFC 4945's profile, CA side).  Two CAs
 * stand below the root: strongSwan does not look at the EKU of its peers, so
 * what is not an IKE peer's must come from a CA that no gateway trusts.
 */
#include <stdio.h>

#include "profile/dns.h"
#include "profile/plan_parts.h"

#define DAY	((int64_t)86400)
#define YEAR	(365 * DAY)

#define CA_NAME_SIZE	(DN_TEXT_SIZE + 32)

static const struct role {
	const char	*name;
	const char	*cn;		/* "%s IKE CA G%u" without its ends */
	int64_t		 validity;
	unsigned	 key_usage;
	unsigned	 eku;
	bool		 is_ca;
	bool		 has_path_length;	/* 0 */
	bool		 pointers;	/* CDP and AIA of its issuer */
} roles[] = {
	[CA_ROLE_ROOT] = { "root-ca", "Root", 15 * YEAR,
	    KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, true, false, false },
	[CA_ROLE_IKE] = { "issuing-ca", "IKE CA", 5 * YEAR,
	    KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, true, true, true },
	[CA_ROLE_MANAGEMENT] = { "management-ca", "Management CA", 5 * YEAR,
	    KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, true, true, true },
	[CA_ROLE_CMC_RESPONDER] = { "cmc-signer", NULL, YEAR,
	    KU_DIGITAL_SIGNATURE, EKU_CMC_CA, false, false, true },
	[CA_ROLE_OCSP_SIGNER] = { "ocsp-signer", "OCSP", 90 * DAY,
	    KU_DIGITAL_SIGNATURE, EKU_OCSP_SIGNING, false, false, false },
	[CA_ROLE_HTTPS_SERVER] = { "https-server", NULL, 398 * DAY,
	    KU_DIGITAL_SIGNATURE, EKU_SERVER_AUTH, false, false, true },
};

const char *
ca_role_name(enum ca_role role)
{
	return roles[role].name;
}

int64_t
ca_role_validity_seconds(enum ca_role role)
{
	return roles[role].validity;
}

/* As many octets of the PKI's name as leave room for the suffix in a CN. */
static int
name_room(const char *name, size_t suffix)
{
	size_t	n = strlen(name), room = DN_TEXT_MAX - suffix;

	if (n <= room)
		return (int)n;
	while (room > 0 && ((uint8_t)name[room] & 0xc0) == 0x80)
		room--;
	return (int)room;
}

static bool
role_subject(const struct ca_terms *c, const struct issuer_facts *ca,
    struct arena *a, struct view *out, struct fault *f)
{
	const struct role	*r = &roles[c->role];
	struct name_part	 parts[3];
	char			 cn[CA_NAME_SIZE], suffix[32] = "";
	size_t			 n = 0;

	/* The responder bears the name it speaks for (RFC 10002, 8). */
	if (c->role == CA_ROLE_CMC_RESPONDER) {
		*out = ca->name;
		return true;
	}
	if (c->role == CA_ROLE_HTTPS_SERVER) {
		if (strlen(c->host) <= DN_TEXT_MAX)
			snprintf(cn, sizeof(cn), "%s", c->host);
		else
			snprintf(cn, sizeof(cn), "HTTPS");
	} else {
		snprintf(suffix, sizeof(suffix), " %s G%u", r->cn, c->generation);
		snprintf(cn, sizeof(cn), "%.*s%s", name_room(c->name, strlen(suffix)),
		    c->name, suffix);
	}
	if (c->country != NULL)
		parts[n++] = (struct name_part){ OID_AT_C, view_str(c->country) };
	parts[n++] = (struct name_part){ OID_AT_O, view_str(c->name) };
	parts[n++] = (struct name_part){ OID_AT_CN, view_str(cn) };
	return plan_name(parts, n, a, out, f);
}

/*
 * The server's name may be one label ("localhost"): this certificate is for
 * HTTP, and IKE's rule of two labels is not its own.
 */
static bool
host_san(const struct ca_terms *c, struct arena *a, struct cert_plan *p,
    struct fault *f)
{
	struct view		 host = view_str(c->host);
	struct general_name	*san = arena_alloc(a, sizeof(*san));
	struct identity		*id = arena_alloc(a, sizeof(*id));
	const char		*why;

	if (san == NULL || id == NULL)
		return arena_fault(f);
	if (text_is_address(host)) {
		if (!identity_parse(strchr(c->host, ':') != NULL ? IDENTITY_IPV6 :
		    IDENTITY_IPV4, host, id, f))
			return false;
		identity_to_san(id, san);
	} else if ((why = dns_syntax_error(host)) != NULL) {
		return fault_set(f, FAULT_USAGE, "RFC 5280, 4.2.1.6",
		    "cannot use \"%s\" as the server's name: %s", c->host, why);
	} else {
		san->type = GENERAL_NAME_DNS;
		san->value = arena_copy(a, host);
		if (san->value.p == NULL)
			return arena_fault(f);
	}
	p->san = san;
	p->san_count = 1;
	return true;
}

static void
add_pointers(const struct issuer_facts *ca, struct cert_plan *p)
{
	p->cdp_uri = view_str(ca->crl_uri);
	p->ocsp_uri = view_str(ca->ocsp_uri);
	p->ca_issuers_uri = view_str(ca->issuer_uri);
}

/*
 * A daemon that asks for a policy of its peer's certificate wants it allowed
 * all the way up: the issuing CA says anyPolicy (RFC 5280, 4.2.1.4).
 */
static bool
any_policy(struct arena *a, struct cert_plan *p, struct fault *f)
{
	struct view	*oid = arena_alloc(a, sizeof(*oid));

	if (oid == NULL)
		return arena_fault(f);
	*oid = OID_ANY_POLICY;
	p->policies = oid;
	p->policy_count = 1;
	return true;
}

/* What only one role has. */
static bool
add_special(const struct ca_terms *c, const struct issuer_facts *ca,
    struct arena *a, struct cert_plan *p, struct fault *f)
{
	switch (c->role) {
	case CA_ROLE_ROOT:
		p->issuer = p->subject;
		return true;
	case CA_ROLE_IKE:
	case CA_ROLE_MANAGEMENT:
		return any_policy(a, p, f);
	case CA_ROLE_CMC_RESPONDER:
		p->cmc_uri = view_str(ca->cmc_uri);
		return true;
	case CA_ROLE_OCSP_SIGNER:
		p->ocsp_nocheck = true;
		return true;
	case CA_ROLE_HTTPS_SERVER:
		return host_san(c, a, p, f);
	}
	return true;
}

static bool
check_ca_terms(const struct ca_terms *c, const struct issuer_facts *ca,
    struct fault *f)
{
	if (ca == NULL && c->role != CA_ROLE_ROOT)
		return fault_set(f, FAULT_INTERNAL, "", "a %s without an issuer",
		    roles[c->role].name);
	if (c->role == CA_ROLE_HTTPS_SERVER && (c->host == NULL || c->host[0] == '\0'))
		return fault_set(f, FAULT_USAGE, "", "an HTTPS server without a name");
	if (c->name == NULL || c->name[0] == '\0')
		return fault_set(f, FAULT_USAGE, "RFC 5280, 4.1.2.6",
		    "a PKI without a name");
	return true;
}

bool
ca_plan(const struct ca_terms *c, struct view spki, const struct issuer_facts *ca,
    int64_t now, struct view serial, struct arena *a, struct cert_plan *out,
    struct fault *f)
{
	const struct role	*r = &roles[c->role];
	struct cert_plan	 p = { .serial = serial, .key_usage = r->key_usage,
		.eku = r->eku, .is_ca = r->is_ca, .has_path_length = r->has_path_length };
	enum spki_kind		 kind;
	int64_t			 lifetime = c->validity_seconds != 0 ?
				    c->validity_seconds : r->validity;

	if (!check_ca_terms(c, ca, f) || !role_subject(c, ca, a, &p.subject, f) ||
	    !plan_key(spki, a, &p, &kind, f))
		return false;
	p.not_before = now - CLOCK_SKEW_SECONDS;
	p.not_after = plan_not_after(now, lifetime, 0, ca == NULL ? 0 : ca->not_after);
	if (p.not_after <= now)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.1.2.5",
		    "the issuer of a %s has expired", r->name);
	if (ca != NULL) {
		p.issuer = ca->name;
		p.aki = ca->ski;
		if (r->pointers)
			add_pointers(ca, &p);
	}
	if (!add_special(c, ca, a, &p, f))
		return false;
	*out = p;
	return true;
}
