/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a template and granted terms to what a certificate says.
 */
#include "profile/plan.h"

#include "base/text.h"
#include "codec/name.h"
#include "codec/spki.h"
#include "profile/dns.h"
#include "profile/plan_parts.h"

bool
profile_ski(struct view spki, uint8_t out[SKI_OCTETS], struct fault *f)
{
	struct spki	s;

	if (!spki_decode(spki, &s, f))
		return false;
	sha1(s.key, out);
	return true;
}

static bool
check_identity(const struct template *t, const struct identity *id, struct fault *f)
{
	if ((t->identities & IDENTITY_BIT(id->kind)) == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3.6",
		    "template %s takes no %s, which \"%s\" is", t->name,
		    identity_kind_name(id->kind), id->text);
	if (id->kind == IDENTITY_FQDN || id->kind == IDENTITY_EMAIL) {
		if (!space_has_name(t->name_space, id))
			return fault_set(f, FAULT_REFUSED, "", "\"%s\" is outside %s, the name space "
			    "of template %s", id->text, t->name_space, t->name);
	} else if (!space_has_address(t->address_space, id)) {
		return fault_set(f, FAULT_REFUSED, "", "\"%s\" is outside %s, the address space of "
		    "template %s", id->text, t->address_space, t->name);
	}
	return true;
}

static bool
check_identities(const struct template *t, const struct holder_terms *h,
    struct fault *f)
{
	unsigned	seen = 0;

	if (h->nidentities > t->identities_max || h->nidentities > IDENTITIES_MAX)
		return fault_set(f, FAULT_REFUSED, "",
		    "%zu identities, template %s takes up to %u", h->nidentities,
		    t->name, t->identities_max);
	for (size_t i = 0; i < h->nidentities; i++) {
		if (!check_identity(t, &h->identities[i], f))
			return false;
		seen |= IDENTITY_BIT(h->identities[i].kind);
		for (size_t k = 0; k < i; k++)
			if (identity_equal(&h->identities[i], &h->identities[k]))
				return fault_set(f, FAULT_REFUSED, "",
				    "\"%s\" stands twice", h->identities[i].text);
	}
	if (t->identity_required != 0 && (seen & t->identity_required) == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3.6",
		    "no identity of a kind that template %s requires", t->name);
	return true;
}

/* A directory name with an e-mail attribute has no place here (RFC 4945, 5.1.2.3). */
static bool
check_subject(const struct holder_terms *h, struct fault *f)
{
	struct view	value;

	if (h->subject.n == 0)
		return true;
	if (!name_check(h->subject, f))
		return false;
	if (name_find(h->subject, OID_AT_EMAIL, &value))
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.2.3",
		    "a subject with an emailAddress attribute");
	if (name_is_empty(h->subject) && h->nidentities == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.1.2.6",
		    "neither a subject nor an identity");
	return true;
}

bool
profile_check_terms(const struct template *t, const struct holder_terms *h,
    struct fault *f)
{
	if (!check_identities(t, h, f) || !check_subject(h, f))
		return false;
	if (h->not_before != 0 && h->not_after != 0) {
		if (h->not_after <= h->not_before)
			return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.1.2.5",
			    "the validity ends before it begins");
		if (h->not_after - h->not_before > t->validity_seconds)
			return fault_set(f, FAULT_REFUSED, "",
			    "a validity beyond that of template %s", t->name);
	}
	return true;
}

/* The least size among the RSA kinds of the set; 0: no RSA. */
static unsigned
least_rsa(unsigned keys)
{
	if (keys & KEY_BIT(KEY_RSA_2048))
		return 2048;
	if (keys & KEY_BIT(KEY_RSA_3072))
		return 3072;
	return keys & KEY_BIT(KEY_RSA_4096) ? 4096 : 0;
}

bool
profile_check_key(const struct template *t, struct view spki, struct fault *f)
{
	struct spki	s;
	unsigned	least = least_rsa(t->keys);
	bool		ok = false;

	if (!spki_decode(spki, &s, f))
		return false;
	switch (s.kind) {
	case SPKI_EC_P256:
		ok = (t->keys & KEY_BIT(KEY_EC_P256)) != 0;
		break;
	case SPKI_EC_P384:
		ok = (t->keys & KEY_BIT(KEY_EC_P384)) != 0;
		break;
	case SPKI_ED25519:
		ok = (t->keys & KEY_BIT(KEY_ED25519)) != 0;
		break;
	case SPKI_RSA:
		ok = least != 0 && s.bits >= least && s.bits <= RSA_BITS_MAX;
		break;
	default:
		break;
	}
	return ok || fault_set(f, FAULT_ALGORITHM, "RFC 8247, 3.1",
	    "template %s takes no %s key of %u bits", t->name, spki_kind_name(s.kind),
	    s.bits);
}

/* CN has room for 64 characters; a name that is too long takes the label. */
static bool
common_name(const struct template *t, const struct holder_terms *h,
    struct view *out, struct fault *f)
{
	struct view	label = view_str(h->label), id = VIEW_NONE;

	*out = VIEW_NONE;
	if (t->cn == TEMPLATE_CN_NONE)
		return true;
	if (h->nidentities > 0)
		id = view_str(h->identities[0].text);
	*out = t->cn == TEMPLATE_CN_LABEL && label.n > 0 ? label : id;
	if (out->n == 0 || out->n > DN_TEXT_MAX)
		*out = label;
	if (out->n == 0 || out->n > DN_TEXT_MAX)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, A.1",
		    "no label or identity of 1 ... %d octets for CN: give a short label",
		    DN_TEXT_MAX);
	return true;
}

static void
add_part(struct name_part *parts, size_t *n, struct view oid, struct view text)
{
	if (text.n > 0)
		parts[(*n)++] = (struct name_part){ oid, text };
}

bool
plan_name(const struct name_part *parts, size_t n, struct arena *a,
    struct view *out, struct fault *f)
{
	struct buf	b;
	bool		ok;

	buf_init(&b, NAME_OCTETS_MAX);
	ok = name_encode(parts, n, &b, f);
	if (ok) {
		*out = arena_copy(a, buf_view(&b));
		ok = out->p != NULL || arena_fault(f);
	}
	buf_clear(&b);
	return ok;
}

bool
profile_subject(const struct template *t, const struct holder_terms *h,
    struct arena *a, struct view *out, struct fault *f)
{
	struct name_part	parts[4];
	struct view		cn;
	size_t			n = 0;

	if (h->subject.n > 0) {
		*out = h->subject;
		return true;
	}
	if (!common_name(t, h, &cn, f))
		return false;
	add_part(parts, &n, OID_AT_C, view_str(t->country));
	add_part(parts, &n, OID_AT_O, view_str(t->organization));
	add_part(parts, &n, OID_AT_OU, view_str(t->organizational_unit));
	add_part(parts, &n, OID_AT_CN, cn);
	return plan_name(parts, n, a, out, f);
}

unsigned
template_key_usage(const struct template *t, enum spki_kind kind)
{
	if (!t->key_transport)
		return KU_DIGITAL_SIGNATURE;
	if (kind == SPKI_RSA)
		return KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	if (kind == SPKI_EC_P256 || kind == SPKI_EC_P384)
		return KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT;
	return KU_DIGITAL_SIGNATURE;
}

int64_t
plan_not_after(int64_t not_before, int64_t lifetime, int64_t wanted, int64_t issuer)
{
	int64_t	end = not_before + lifetime;

	if (wanted != 0 && wanted < end)
		end = wanted;
	if (issuer != 0 && issuer < end)
		end = issuer;
	return end;
}

/* notBefore is set back for clocks that are slow, the lifetime counts from now. */
static bool
plan_times(const struct template *t, const struct holder_terms *h,
    const struct issuer_facts *ca, int64_t now, struct cert_plan *p, struct fault *f)
{
	int64_t	start = h->not_before > now ? h->not_before : now;

	p->not_before = h->not_before > now ? h->not_before : now - CLOCK_SKEW_SECONDS;
	p->not_after = plan_not_after(start, t->validity_seconds, h->not_after,
	    ca->not_after);
	if (p->not_after <= start)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.1.2.5",
		    "the certificate would end before it begins");
	return true;
}

bool
plan_key(struct view spki, struct arena *a, struct cert_plan *p,
    enum spki_kind *kind, struct fault *f)
{
	uint8_t		ski[SKI_OCTETS];
	struct spki	s;

	if (!spki_decode(spki, &s, f))
		return false;
	sha1(s.key, ski);
	p->spki = spki;
	p->ski = arena_copy(a, view_of(ski, sizeof(ski)));
	*kind = s.kind;
	return p->ski.p != NULL || arena_fault(f);
}

static bool
plan_san(const struct holder_terms *h, struct arena *a, struct cert_plan *p,
    struct fault *f)
{
	struct general_name	*san;

	if (h->nidentities == 0)
		return true;
	san = arena_array(a, h->nidentities, sizeof(*san));
	if (san == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < h->nidentities; i++)
		identity_to_san(&h->identities[i], &san[i]);
	p->san = san;
	p->san_count = h->nidentities;
	return true;
}

static bool
plan_policy(const struct template *t, struct arena *a, struct cert_plan *p,
    struct fault *f)
{
	struct view	*oid;
	struct buf	 b;
	bool		 ok;

	if (t->policy[0] == '\0')
		return true;
	buf_init(&b, OID_OCTETS_MAX);
	ok = oid_parse(t->policy, &b, f);
	if (ok) {
		oid = arena_alloc(a, sizeof(*oid));
		if (oid != NULL)
			*oid = arena_copy(a, buf_view(&b));
		ok = (oid != NULL && oid->p != NULL) || arena_fault(f);
		p->policies = oid;
		p->policy_count = 1;
	}
	buf_clear(&b);
	return ok;
}

bool
profile_plan(const struct template *t, const struct holder_terms *h,
    struct view spki, const struct issuer_facts *ca, int64_t now,
    struct view serial, struct arena *a, struct cert_plan *out, struct fault *f)
{
	struct cert_plan	p = { .serial = serial, .issuer = ca->name, .aki = ca->ski };
	enum spki_kind		kind;

	if (!profile_check_terms(t, h, f) || !profile_check_key(t, spki, f) ||
	    !profile_subject(t, h, a, &p.subject, f) ||
	    !plan_times(t, h, ca, now, &p, f) ||
	    !plan_key(spki, a, &p, &kind, f) ||
	    !plan_san(h, a, &p, f) || !plan_policy(t, a, &p, f))
		return false;
	p.key_usage = template_key_usage(t, kind);
	p.eku = t->eku;
	if (t->crl_pointer)
		p.cdp_uri = view_str(template_url(t->crl_url, ca->crl_uri));
	if (t->ocsp_pointer)
		p.ocsp_uri = view_str(template_url(t->ocsp_url, ca->ocsp_uri));
	if (t->issuer_pointer)
		p.ca_issuers_uri = view_str(template_url(t->issuer_url, ca->issuer_uri));
	*out = p;
	return true;
}
