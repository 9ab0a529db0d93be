/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_terms.c - AuthzTerms, read (profile, 7.3 as corrected).
 */
#include <inttypes.h>

#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

#define SECRET_CHARS_MAX	256
#define PREFIX_MAX		128
#define SECONDS_MAX		UINT32_MAX
#define SAN_TYPE_MAX		8
#define REVOCATION_KNOWN	(CVP_REVOCATION_CDP_REQUIRED | \
	CVP_REVOCATION_HTTP | CVP_REVOCATION_LDAP | CVP_REVOCATION_OCSP)

/* Fields of the CA's, which an Admin may not set; the rule is applied above. */
static bool
note_foreign(struct der *in, uint8_t tag, unsigned n, struct cvp_cert *c,
    struct fault *f)
{
	struct view	tlv;

	if (der_peek(in) != tag)
		return true;
	c->foreign |= (uint16_t)(1u << n);
	return der_get_any(in, &tlv, f);
}

/* Time is a CHOICE, so that its tags in OptionalValidity are EXPLICIT. */
static bool
get_explicit_time(struct der *in, uint8_t tag, struct cvp_time *out,
    struct fault *f)
{
	struct der	time;

	if (!der_open_optional(in, tag, &time, &out->present, f))
		return false;
	return !out->present ||
	    (der_time(&time, &out->v, f) && der_end(&time, f));
}

static bool
get_validity(struct der *in, struct cvp_cert *c, struct fault *f)
{
	struct der	validity;
	bool		present;

	if (!der_open_optional(in, DER_CONTEXT_C(4), &validity, &present, f))
		return false;
	return !present ||
	    (get_explicit_time(&validity, DER_CONTEXT_C(0), &c->not_before, f) &&
	    get_explicit_time(&validity, DER_CONTEXT_C(1), &c->not_after, f) &&
	    der_end(&validity, f));
}

/* A Name under an EXPLICIT tag. */
static bool
get_name(struct der *in, uint8_t tag, struct view *out, struct fault *f)
{
	struct der	name;
	bool		present;

	*out = VIEW_NONE;
	if (!der_open_optional(in, tag, &name, &present, f))
		return false;
	return !present ||
	    (der_get_tlv(&name, DER_SEQUENCE, out, f) && der_end(&name, f));
}

static bool
get_public_key(struct der *in, struct arena *a, struct cvp_cert *c,
    struct fault *f)
{
	struct view	tlv;

	if (der_peek(in) != DER_CONTEXT_C(6))
		return true;
	return der_get_any(in, &tlv, f) &&
	    cvp_retagged(tlv, DER_SEQUENCE, a, &c->public_key, f);
}

static bool
get_extensions(struct der *in, struct arena *a, struct cvp_cert *c,
    struct fault *f)
{
	struct extensions	found;
	struct view		content;

	if (der_peek(in) != DER_CONTEXT_C(9))
		return true;
	if (!der_get(in, DER_CONTEXT_C(9), &content, f) ||
	    !extensions_decode_content(content, &found, f))
		return false;
	c->extensions = arena_array(a, found.n, sizeof(c->extensions[0]));
	if (c->extensions == NULL)
		return arena_fault(f);
	memcpy(c->extensions, found.list, found.n * sizeof(found.list[0]));
	c->n_extensions = found.n;
	return true;
}

/* CertTemplate ::= SEQUENCE { version [0], serialNumber [1], ... extensions [9] } */
static bool
get_cert(struct der *d, struct arena *a, const struct cvp_cert **out,
    struct fault *f)
{
	struct cvp_cert	*c;
	struct der	 in;

	if (der_peek(d) != DER_CONTEXT_C(0))
		return true;
	if ((c = arena_alloc(a, sizeof(*c))) == NULL)
		return arena_fault(f);
	*out = c;
	return der_open(d, DER_CONTEXT_C(0), &in, f) &&
	    note_foreign(&in, DER_CONTEXT(0), 0, c, f) &&
	    note_foreign(&in, DER_CONTEXT(1), 1, c, f) &&
	    note_foreign(&in, DER_CONTEXT_C(2), 2, c, f) &&
	    note_foreign(&in, DER_CONTEXT_C(3), 3, c, f) &&
	    get_validity(&in, c, f) &&
	    get_name(&in, DER_CONTEXT_C(5), &c->subject, f) &&
	    get_public_key(&in, a, c, f) &&
	    note_foreign(&in, DER_CONTEXT(7), 7, c, f) &&
	    note_foreign(&in, DER_CONTEXT(8), 8, c, f) &&
	    get_extensions(&in, a, c, f) &&
	    der_end(&in, f);
}

static bool
get_window(struct der *d, struct cvp_terms *t, struct fault *f)
{
	struct der	in;

	if (!der_open_optional(d, DER_CONTEXT_C(1), &in, &t->has_window, f))
		return false;
	return !t->has_window ||
	    (cvp_opt_time(&in, DER_CONTEXT(0), &t->window_not_before, f) &&
	    cvp_opt_time(&in, DER_CONTEXT(1), &t->window_not_after, f) &&
	    der_end(&in, f));
}

/* SecretFormat ::= SEQUENCE { length, alphabet, group [0], prefix [1] } */
static bool
get_format(struct der *d, uint8_t tag, struct arena *a,
    const struct cvp_secret_format **out, struct fault *f)
{
	struct cvp_secret_format *s;
	struct cvp_uint		  group;
	struct der		  in;

	if (der_peek(d) != tag)
		return true;
	if ((s = arena_alloc(a, sizeof(*s))) == NULL)
		return arena_fault(f);
	*out = s;
	if (!der_open(d, tag, &in, f) ||
	    !cvp_get_u32(&in, "secret length", 1, SECRET_CHARS_MAX, &s->length, f) ||
	    !der_utf8(&in, 1, CVP_ALPHABET_MAX, &s->alphabet, f) ||
	    !cvp_opt_uint(&in, DER_CONTEXT(0), "group", 1, SECRET_CHARS_MAX,
	    &group, f) ||
	    !cvp_opt_text(&in, DER_CONTEXT(1), "prefix", PREFIX_MAX, &s->prefix,
	    f))
		return false;
	s->group = (uint32_t)group.v;
	return der_end(&in, f);
}

static bool
get_enum(struct der *in, uint8_t max, uint8_t *out, struct fault *f)
{
	uint64_t	v;

	if (!der_enum(in, max, &v, f))
		return false;
	*out = (uint8_t)v;
	return true;
}

/* from CHOICE { lastPercent [0] INTEGER (1..100), time [1] GeneralizedTime } */
static bool
get_from(struct der *in, struct cvp_change_terms *c, struct fault *f)
{
	struct cvp_uint	percent;
	struct cvp_time	time;

	if (!cvp_opt_uint(in, DER_CONTEXT(0), "lastPercent", 1, 100, &percent, f))
		return false;
	c->last_percent = (uint8_t)percent.v;
	if (percent.present)
		return true;
	if (!cvp_opt_time(in, DER_CONTEXT(1), &time, f))
		return false;
	if (!time.present)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "change terms without a beginning");
	c->from_time = time.v;
	return true;
}

/* ChangeTerms ::= SEQUENCE { who, keys, from, maxTimes [2] OPTIONAL } */
static bool
get_change(struct der *d, uint8_t tag, struct cvp_change_terms *c,
    struct fault *f)
{
	struct der	in;
	uint8_t		who, keys;

	if (!der_open(d, tag, &in, f) ||
	    !get_enum(&in, CVP_WHO_EITHER, &who, f) ||
	    !get_enum(&in, CVP_KEYS_EITHER, &keys, f) ||
	    !get_from(&in, c, f) ||
	    !cvp_opt_uint(&in, DER_CONTEXT(2), "maxTimes", 0, UINT32_MAX,
	    &c->max_times, f))
		return false;
	c->who = who;
	c->keys = keys;
	return der_end(&in, f);
}

static bool
get_renewal(struct der *d, struct arena *a, const struct cvp_change_terms **out,
    struct fault *f)
{
	struct cvp_change_terms	*c;

	if (der_peek(d) != DER_CONTEXT_C(0))
		return true;
	if ((c = arena_alloc(a, sizeof(*c))) == NULL)
		return arena_fault(f);
	*out = c;
	return get_change(d, DER_CONTEXT_C(0), c, f);
}

static bool
get_rdn_types(struct der *in, struct arena *a, struct cvp_update *u,
    struct fault *f)
{
	struct der	seq;
	void		*v;
	size_t		i;

	if (der_peek(in) != DER_CONTEXT_C(0))
		return true;
	if (!cvp_open_list(in, DER_CONTEXT_C(0), "rdnTypes", CVP_TYPES_MAX,
	    sizeof(u->rdn_types[0]), a, &seq, &v, &u->n_rdn_types, f))
		return false;
	u->rdn_types = v;
	if (u->n_rdn_types == 0)
		return fault_set(f, FAULT_MALFORMED, RULE, "empty rdnTypes");
	for (i = 0; i < u->n_rdn_types; i++)
		if (!der_oid(&seq, &u->rdn_types[i], f))
			return false;
	return true;
}

static bool
get_san_types(struct der *in, struct cvp_update *u, struct fault *f)
{
	struct der	seq;
	uint32_t	type;
	bool		present;

	if (!der_open_optional(in, DER_CONTEXT_C(1), &seq, &present, f))
		return false;
	while (present && !der_at_end(&seq)) {
		if (u->n_san_types == CVP_TYPES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %d sanTypes", CVP_TYPES_MAX);
		if (!cvp_get_u32(&seq, "sanType", 0, SAN_TYPE_MAX, &type, f))
			return false;
		u->san_types[u->n_san_types++] = (uint8_t)type;
	}
	if (present && u->n_san_types == 0)
		return fault_set(f, FAULT_MALFORMED, RULE, "empty sanTypes");
	return true;
}

/* { terms, rdnTypes [0], sanTypes [1], newSubject [2] EXPLICIT, newSan [3] } */
static bool
get_update(struct der *d, struct arena *a, const struct cvp_update **out,
    struct fault *f)
{
	struct cvp_update	*u;
	struct der		 in;

	if (der_peek(d) != DER_CONTEXT_C(1))
		return true;
	if ((u = arena_alloc(a, sizeof(*u))) == NULL)
		return arena_fault(f);
	*out = u;
	return der_open(d, DER_CONTEXT_C(1), &in, f) &&
	    get_change(&in, DER_SEQUENCE, &u->terms, f) &&
	    get_rdn_types(&in, a, u, f) &&
	    get_san_types(&in, u, f) &&
	    get_name(&in, DER_CONTEXT_C(2), &u->new_subject, f) &&
	    cvp_opt_octets(&in, DER_CONTEXT_C(3), "newSan", SIZE_MAX,
	    &u->new_san, f) &&
	    der_end(&in, f);
}

/* retireOld [3] SEQUENCE { unusable BOOLEAN, delay INTEGER } */
static bool
get_retire(struct der *d, struct cvp_retire *r, struct fault *f)
{
	struct der	in;

	if (!der_open_optional(d, DER_CONTEXT_C(3), &in, &r->present, f))
		return false;
	return !r->present ||
	    (der_bool(&in, &r->unusable, f) &&
	    cvp_get_u32(&in, "delay", 0, SECONDS_MAX, &r->delay_seconds, f) &&
	    der_end(&in, f));
}

/* Named bits in DER end with a bit that is set. */
static bool
get_revocation_info(struct der *d, struct cvp_uint *out, struct fault *f)
{
	struct view	c;
	unsigned	bits;

	if (!(out->present = der_peek(d) == DER_CONTEXT(5)))
		return true;
	if (!der_get(d, DER_CONTEXT(5), &c, f))
		return false;
	if (c.n == 1 && c.p[0] == 0)
		return true;
	bits = c.n == 2 ? c.p[1] : 0;
	if (c.n != 2 || c.p[0] > 7 || (bits & ~(unsigned)REVOCATION_KNOWN) != 0 ||
	    (bits & ((2u << c.p[0]) - 1)) != 1u << c.p[0])
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "revocationInfo is not four named bits");
	out->v = bits;
	return true;
}

static bool
get_lifecycle(struct der *d, struct arena *a, const struct cvp_lifecycle **out,
    struct fault *f)
{
	struct cvp_lifecycle	*l;
	struct der		 in;

	if (der_peek(d) != DER_CONTEXT_C(5))
		return true;
	if ((l = arena_alloc(a, sizeof(*l))) == NULL)
		return arena_fault(f);
	*out = l;
	return der_open(d, DER_CONTEXT_C(5), &in, f) &&
	    get_renewal(&in, a, &l->renewal, f) &&
	    get_update(&in, a, &l->update, f) &&
	    cvp_opt_bool(&in, DER_CONTEXT(2), &l->admin_may_revoke, f) &&
	    get_retire(&in, &l->retire_old, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(4), "confirmWithin", 1, SECONDS_MAX,
	    &l->confirm_within, f) &&
	    get_revocation_info(&in, &l->revocation_info, f) &&
	    der_end(&in, f);
}

static bool
get_key_specs(struct der *d, struct arena *a, struct cvp_terms *t,
    struct fault *f)
{
	struct cvp_key_spec	*specs;
	struct der		 seq;
	void			*v;
	size_t			 i;

	if (der_peek(d) != DER_CONTEXT_C(7))
		return true;
	if (!cvp_open_list(d, DER_CONTEXT_C(7), "keySpecs", CVP_KEY_SPECS_MAX,
	    sizeof(*specs), a, &seq, &v, &t->n_key_specs, f))
		return false;
	if (t->n_key_specs == 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "keySpecs that permit no key");
	t->key_specs = specs = v;
	for (i = 0; i < t->n_key_specs; i++)
		if (!cvp_get_key_spec(&seq, &specs[i], f))
			return false;
	return true;
}

bool
cvp_get_terms(struct der *d, uint8_t tag, struct arena *a,
    struct cvp_terms *out, struct fault *f)
{
	struct der	in;

	return der_open(d, tag, &in, f) &&
	    get_cert(&in, a, &out->cert, f) &&
	    get_window(&in, out, f) &&
	    get_format(&in, DER_CONTEXT_C(2), a, &out->id_format, f) &&
	    get_format(&in, DER_CONTEXT_C(3), a, &out->token_format, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(4), "keyGen", CVP_KEYGEN_PEER,
	    CVP_KEYGEN_PKI, &out->key_gen, f) &&
	    get_lifecycle(&in, a, &out->lifecycle, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(6), "onTemplateChange", 0,
	    CVP_CHANGE_USE_NEW, &out->on_template_change, f) &&
	    get_key_specs(&in, a, out, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(8), "approval", 0,
	    CVP_APPROVAL_MANUAL, &out->approval, f) &&
	    cvp_opt_bool(&in, DER_CONTEXT(9), &out->exact, f) &&
	    cvp_opt_bool(&in, DER_CONTEXT(10), &out->pop_challenge, f) &&
	    cvp_opt_bool(&in, DER_CONTEXT(11), &out->aia, f) &&
	    cvp_opt_bool(&in, DER_CONTEXT(12), &out->key_lost, f) &&
	    der_end(&in, f);
}

bool
cvp_terms_decode(struct view value, struct arena *a, struct cvp_terms *out,
    struct fault *f)
{
	struct cvp_terms	t = { 0 };
	struct der		d;

	der_init(&d, value);
	if (!cvp_get_terms(&d, DER_SEQUENCE, a, &t, f) || !der_end(&d, f))
		return false;
	*out = t;
	return true;
}

const struct extension *
cvp_cert_extension(const struct cvp_cert *c, struct view oid)
{
	size_t	i;

	for (i = 0; i < c->n_extensions; i++)
		if (view_equal(c->extensions[i].oid, oid))
			return &c->extensions[i];
	return NULL;
}
