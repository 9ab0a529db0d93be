/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starting templates (RFC 4945's profile for each role) and the rules
 * that join the keys of one.
 */
#include "profile/template.h"

#include <stdio.h>

#define HOUR	3600
#define DAY	86400

/* Policies of our own, below the arc of the profile: who may stand for whom. */
#define POLICY_ARC	"2.25.44982068254792435134144230064792724665.4"
#define POLICY_GATEWAY	POLICY_ARC ".1"
#define POLICY_USER	POLICY_ARC ".2"
#define POLICY_MACHINE	POLICY_ARC ".3"

#define ADDRESSES	(IDENTITY_BIT(IDENTITY_IPV4) | IDENTITY_BIT(IDENTITY_IPV6))
#define NIST_AND_RSA	(KEY_BIT(KEY_EC_P256) | KEY_BIT(KEY_EC_P384) | \
			 KEY_BIT(KEY_RSA_3072) | KEY_BIT(KEY_RSA_4096))

const char *const template_names[] = {
	"s2s-gateway", "ra-gateway", "ra-user", "ra-machine", "admin", NULL,
};

/* Where the starting templates differ. */
static const struct start {
	const char	*name;
	bool		 management, transport;
	unsigned	 allowed, required;
	unsigned	 names_max;
	const char	*unit;
	enum template_cn cn;
	int64_t		 days;
	unsigned	 keys;
	unsigned	 eku;
	const char	*policy;
} starts[] = {
	/* a closed network of daemons: no EKU, Ed25519 welcome */
	{ "s2s-gateway", false, false, IDENTITY_BIT(IDENTITY_FQDN) | ADDRESSES,
	    IDENTITY_BIT(IDENTITY_FQDN) | ADDRESSES, 4, "Gateways",
	    TEMPLATE_CN_IDENTITY, 365, NIST_AND_RSA | KEY_BIT(KEY_ED25519), 0,
	    POLICY_GATEWAY },
	/* Windows and Apple want serverAuth, and then ipsecIKE is a must */
	{ "ra-gateway", false, false, IDENTITY_BIT(IDENTITY_FQDN) | ADDRESSES,
	    IDENTITY_BIT(IDENTITY_FQDN) | ADDRESSES, 4, "Gateways",
	    TEMPLATE_CN_IDENTITY, 398, NIST_AND_RSA,
	    EKU_SERVER_AUTH | EKU_IPSEC_IKE, POLICY_GATEWAY },
	{ "ra-user", false, false, IDENTITY_BIT(IDENTITY_EMAIL),
	    IDENTITY_BIT(IDENTITY_EMAIL), 1, "Users", TEMPLATE_CN_IDENTITY, 90,
	    NIST_AND_RSA, EKU_CLIENT_AUTH | EKU_IPSEC_IKE, POLICY_USER },
	{ "ra-machine", false, false, IDENTITY_BIT(IDENTITY_FQDN),
	    IDENTITY_BIT(IDENTITY_FQDN), 1, "Machines", TEMPLATE_CN_IDENTITY, 90,
	    NIST_AND_RSA, EKU_CLIENT_AUTH | EKU_IPSEC_IKE, POLICY_MACHINE },
	/* the key also opens what the PKI encrypts to its Admin */
	{ "admin", true, true, IDENTITY_BIT(IDENTITY_EMAIL), 0, 1, "RA",
	    TEMPLATE_CN_LABEL, 365, NIST_AND_RSA, EKU_CMC_RA, "" },
};

static void
copy_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static void
start_from(const struct start *s, struct template *t)
{
	copy_text(t->name, sizeof(t->name), s->name);
	t->version = 1;
	t->management = s->management;
	t->identities = s->allowed;
	t->identity_required = s->required;
	t->identities_max = s->names_max;
	copy_text(t->organizational_unit, sizeof(t->organizational_unit), s->unit);
	t->cn = s->cn;
	t->validity_seconds = s->days * DAY;
	t->keys = s->keys;
	t->key_default = KEY_EC_P256;
	t->generation = GENERATION_BIT(GENERATION_PEER);
	t->key_transport = s->transport;
	t->eku = s->eku;
	copy_text(t->policy, sizeof(t->policy), s->policy);
}

static void
start_terms(struct template *t)
{
	t->crl_pointer = t->ocsp_pointer = t->issuer_pointer = true;
	t->window_seconds = 14 * DAY;
	t->window_max_seconds = 90 * DAY;
	secret_format_id(&t->id_format);
	secret_format_token(&t->token_format);
	t->approval = APPROVAL_AUTOMATIC;
	t->approvers = 1;
	t->approval_poll_seconds = 300;
	t->approval_seconds = 14 * DAY;
	t->on_change = TEMPLATE_REJECT;
	t->entries_max = TEMPLATE_ENTRIES_MAX;
	t->confirm_seconds = HOUR;
	/* renewed at two thirds of the lifetime */
	t->renewal = (struct change_terms){ true, CHANGE_BY_PEER, CHANGE_EITHER_KEY,
	    34, 0 };
	t->update = (struct change_terms){ false, CHANGE_BY_EITHER, CHANGE_EITHER_KEY,
	    100, 0 };
	t->admin_may_revoke = true;
}

bool
template_start(const char *name, const char *organization, struct template *out,
    struct fault *f)
{
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct template	t = { 0 };

		if (strcmp(name, starts[i].name) != 0)
			continue;
		start_from(&starts[i], &t);
		start_terms(&t);
		if (organization[0] != '\0' &&
		    !template_set(&t, "organization", organization, f))
			return false;
		*out = t;
		return true;
	}
	return fault_set(f, FAULT_NOT_FOUND, "", "no starting template \"%s\"", name);
}

static bool
check_names(const struct template *t, struct fault *f)
{
	if ((t->identity_required & ~t->identities) != 0)
		return fault_set(f, FAULT_USAGE, "",
		    "template %s: required-identities names a kind that identities does not",
		    t->name);
	if (t->cn == TEMPLATE_CN_IDENTITY && t->identities == 0)
		return fault_set(f, FAULT_USAGE, "",
		    "template %s: common-name = \"identity\", but no identity is allowed",
		    t->name);
	/* RFC 4945, 5.1.3.6: an IKE certificate without an identity serves nobody */
	if (!t->management && t->identity_required == 0)
		return fault_set(f, FAULT_USAGE, "RFC 4945, 5.1.3.6",
		    "template %s: required-identities is empty", t->name);
	return true;
}

static bool
check_usage(const struct template *t, struct fault *f)
{
	const unsigned	foreign = EKU_OCSP_SIGNING | EKU_CMC_CA | EKU_CMC_RA |
			    EKU_CMC_ARCHIVE | EKU_CODE_SIGNING | EKU_TIME_STAMPING;

	if ((t->keys & KEY_BIT(t->key_default)) == 0)
		return fault_set(f, FAULT_USAGE, "",
		    "template %s: default-key %s is not among keys", t->name,
		    key_kind_name(t->key_default));
	/* who made an Admin's key could speak for it */
	if (t->management && t->generation != GENERATION_BIT(GENERATION_PEER))
		return fault_set(f, FAULT_USAGE, "RFC 4809, 3.3.2",
		    "template %s: generation = \"peer\" is the only one for certificates of the "
		    "management CA", t->name);
	if (t->management)
		return true;
	if (t->eku != 0 && (t->eku & (EKU_IPSEC_IKE | EKU_ANY)) == 0)
		return fault_set(f, FAULT_USAGE, "RFC 4945, 5.1.3.12",
		    "template %s: extended-key-usage lacks ipsecIKE", t->name);
	/* strongSwan does not look at the EKU of its peers */
	if ((t->eku & foreign) != 0)
		return fault_set(f, FAULT_USAGE, "RFC 4945, 5.1.3.12",
		    "template %s: extended-key-usage mixes IKE with a role of the PKI",
		    t->name);
	return true;
}

enum generation
template_generation(const struct template *t)
{
	enum generation	g = GENERATION_PEER;

	while (g < GENERATION_PKI && (t->generation & GENERATION_BIT(g)) == 0)
		g++;
	return g;
}

bool
template_check(const struct template *t, struct fault *f)
{
	if (!check_names(t, f) || !check_usage(t, f))
		return false;
	if (t->window_seconds > t->window_max_seconds)
		return fault_set(f, FAULT_USAGE, "",
		    "template %s: window is longer than max-window", t->name);
	if (t->confirm_seconds >= t->validity_seconds)
		return fault_set(f, FAULT_USAGE, "",
		    "template %s: confirm-within is not shorter than validity", t->name);
	if (!secret_format_check_id(&t->id_format, f) ||
	    !secret_format_check_token(&t->token_format, f))
		return fault_within(f, "template %s", t->name);
	return true;
}

void
template_put_quoted(struct view v, struct buf *out)
{
	buf_add_u8(out, '"');
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\' || v.p[i] == '$')
			buf_add_u8(out, '\\');
		buf_add_u8(out, v.p[i]);
	}
	buf_add_u8(out, '"');
}

void
template_text(const struct template *t, struct buf *out)
{
	const struct template_key	*keys;
	struct buf			 value;
	size_t				 n;

	keys = template_keys(&n);
	buf_addf(out, "# Template %s: what its certificates say, and on which terms.\n"
	    "# A change counts for authorizations made after it.\n", t->name);
	buf_init(&value, out->max);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&value);
		keys[i].get(&keys[i], t, &value);
		buf_addf(out, "\n# %s\n# permitted: %s\n%s = ", keys[i].help,
		    keys[i].range, keys[i].name);
		template_put_quoted(buf_view(&value), out);
		buf_add_u8(out, '\n');
	}
	buf_clear(&value);
}
