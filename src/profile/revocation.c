/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/revocation.h"

#include <stdio.h>

#include "base/text.h"
#include "codec/crl.h"
#include "codec/idp.h"
#include "crypt/key.h"
#include "crypt/ocsp_answer.h"
#include "crypt/path.h"

#define DATE_MAX	32

/* What is asked, and the answer so far. */
struct work {
	const struct revocation_sources	*s;
	const struct cert		*c, *issuer;
	struct pubkey			*key;
	struct revocation_state		*out;
};

/* The worst known stays: revoked, then good, then the last reason for nothing. */
static void
say(struct work *w, enum revocation status, const char *between, const char *a, const char *b)
{
	if (w->out->status == REVOCATION_REVOKED ||
	    (w->out->status == REVOCATION_GOOD && status == REVOCATION_UNKNOWN))
		return;
	w->out->status = status;
	snprintf(w->out->why, sizeof(w->out->why), "%s%s%s", a, between, b);
}

/* --- CRLs -------------------------------------------------------------------------- */

static bool
may_be_critical(struct view oid)
{
	static const struct view	known[] = { OID_AUTHORITY_KEY_ID, OID_CRL_NUMBER,
		OID_DELTA_CRL, OID_ISSUING_DIST_POINT, OID_FRESHEST_CRL };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (view_equal(oid, known[i]))
			return true;
	return false;
}

static bool
has_unknown_critical(const struct crl *crl)
{
	for (size_t i = 0; i < crl->extensions.n; i++)
		if (crl->extensions.list[i].critical &&
		    !may_be_critical(crl->extensions.list[i].oid))
			return true;
	return false;
}

static const char *
scope_fault(const struct crl *crl, const struct cert *c)
{
	struct idp	p;

	if (!crl->has_issuing_dist_point)
		return NULL;
	return idp_decode(crl->issuing_dist_point, &p, NULL) ? idp_excludes(&p, c) :
	    "its scope cannot be read";
}

/* Why this CRL cannot be used at all; NULL if it can. */
static const char *
crl_fault(const struct work *w, const struct crl *crl)
{
	const char	*why;

	if (w->issuer->has_key_usage && (w->issuer->key_usage & KU_CRL_SIGN) == 0)
		return "its issuer has no cRLSign";
	if (w->key == NULL && !path_crl_signed(crl->der, w->issuer->der))
		return "its signature does not hold, or its issuer's key is of a kind that is "
		    "not verified here";
	if (w->key != NULL &&
	    !pubkey_verify(w->key, crl->sigalg.tlv, crl->tbs, crl->signature, NULL))
		return "its signature does not hold";
	if (has_unknown_critical(crl))
		return "it has a critical extension that is not known here";
	if ((why = scope_fault(crl, w->c)) != NULL) {
		w->out->wrong_scope = true;
		return why;
	}
	return crl->this_update > w->s->at ? "it is from the future" : NULL;
}

static bool
is_fresh(const struct work *w, const struct crl *crl)
{
	return crl->has_next_update && crl->next_update >= w->s->at;
}

static int
compare_numbers(struct view a, struct view b)
{
	a = serial_magnitude(a);
	b = serial_magnitude(b);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return view_compare(a, b);
}

/* BaseCRLNumber: the value of deltaCRLIndicator. */
static struct view
base_number(const struct crl *delta)
{
	const struct extension	*e = extensions_find(&delta->extensions, OID_DELTA_CRL);
	struct view		 v = VIEW_NONE;
	struct der		 d;

	if (e == NULL)
		return VIEW_NONE;
	der_init(&d, e->value);
	return der_integer(&d, &v, NULL) ? v : VIEW_NONE;
}

/* RFC 5280, 5.2.4: same scope, and the base is not older than what it starts from. */
static bool
fits(const struct crl *delta, const struct crl *base)
{
	return delta->has_number && base->has_number &&
	    view_equal(delta->issuing_dist_point, base->issuing_dist_point) &&
	    compare_numbers(base->number, base_number(delta)) >= 0 &&
	    compare_numbers(delta->number, base->number) >= 0;
}

/* The listing of c, if any; a CRL whose entries cannot be walked has none. */
static bool
lists(const struct work *w, const struct crl *crl, struct crl_revoked *e)
{
	bool	found;

	return crl_find(crl, w->c->serial, &found, e, NULL) && found;
}

/* The i-th CRL, if it is by c's issuer, of this kind, and can be used. */
static bool
usable(struct work *w, size_t i, bool delta, struct crl *crl)
{
	const char	*why;

	if (!crl_decode(w->s->crls[i], crl, NULL) || crl->is_delta != delta ||
	    !view_equal(crl->issuer, w->c->issuer))
		return false;
	if ((why = crl_fault(w, crl)) == NULL)
		return true;
	say(w, REVOCATION_UNKNOWN, ": ", delta ? "a delta CRL cannot be used" :
	    "a CRL cannot be used", why);
	return false;
}

/* The newest fresh delta that fits this base. */
static bool
find_delta(struct work *w, const struct crl *base, struct crl *out)
{
	struct crl	crl;
	bool		found = false;

	for (size_t i = 0; i < w->s->ncrls; i++)
		if (usable(w, i, true, &crl) && is_fresh(w, &crl) && fits(&crl, base) &&
		    (!found || compare_numbers(crl.number, out->number) > 0)) {
			*out = crl;
			found = true;
		}
	return found;
}

static void
say_revoked(struct work *w, const char *source, const struct crl_revoked *e)
{
	const char	*reason = crl_reason_name(e->reason);
	char		 when[DATE_MAX], text[DATE_MAX + 64];

	date_format(e->revoked_at, when);
	snprintf(text, sizeof(text), "%s, %s", when, reason == NULL ? "no reason" : reason);
	say(w, REVOCATION_REVOKED, " lists it: ", source, text);
}

static void
weigh_base(struct work *w, const struct crl *base)
{
	struct crl		delta;
	struct crl_revoked	e;
	char			until[DATE_MAX] = "never";
	bool			with_delta = find_delta(w, base, &delta);

	if (with_delta && lists(w, &delta, &e)) {
		if (e.reason != CRL_REMOVE_FROM_CRL) {
			say_revoked(w, "the delta CRL", &e);
			return;
		}
	} else if (lists(w, base, &e)) {
		say_revoked(w, is_fresh(w, base) ? "the CRL" : "a CRL that is too old", &e);
		return;
	}
	if (with_delta)
		base = &delta;
	if (base->has_next_update)
		date_format(base->next_update, until);
	if (is_fresh(w, base))
		say(w, REVOCATION_GOOD, " until ", with_delta ?
		    "CRL and delta CRL do not list it" : "the CRL does not list it", until);
	else
		say(w, REVOCATION_UNKNOWN, " ", base->has_next_update ?
		    "the CRL was to be replaced by" : "the CRL has no nextUpdate:", until);
}

static void
weigh_lone_delta(struct work *w, const struct crl *delta)
{
	struct crl_revoked	e;

	if (lists(w, delta, &e) && e.reason != CRL_REMOVE_FROM_CRL)
		say_revoked(w, "a delta CRL", &e);
	else
		say(w, REVOCATION_UNKNOWN, "", "a delta CRL without its base says nothing", "");
}

static void
weigh_crls(struct work *w)
{
	struct crl	crl;
	bool		base = false;

	for (size_t i = 0; i < w->s->ncrls; i++)
		if (usable(w, i, false, &crl)) {
			weigh_base(w, &crl);
			base = true;
		}
	for (size_t i = 0; !base && i < w->s->ncrls; i++)
		if (usable(w, i, true, &crl))
			weigh_lone_delta(w, &crl);
}

/* --- OCSP ---------------------------------------------------------------------------- */

static void
weigh_answer(struct work *w, const struct ocsp_answer *a)
{
	char	when[DATE_MAX];

	date_format(a->says == OCSP_SAYS_REVOKED ? a->revoked_at : a->next_update, when);
	if (a->says == OCSP_SAYS_REVOKED) {
		say(w, REVOCATION_REVOKED, " ", "OCSP says revoked:", when);
	} else if (a->this_update > w->s->at || a->next_update < w->s->at) {
		say(w, REVOCATION_UNKNOWN, " ", "the OCSP answer was to be replaced by", when);
	} else if (a->says == OCSP_SAYS_GOOD) {
		say(w, REVOCATION_GOOD, " ", "OCSP says good until", when);
	} else {
		w->out->denied = true;
		say(w, REVOCATION_UNKNOWN, "", "OCSP says unknown", "");
	}
}

static void
weigh_ocsp(struct work *w)
{
	for (size_t i = 0; i < w->s->nocsp; i++) {
		struct ocsp_answer	a;
		struct fault		f = { 0 };

		if (!ocsp_answer_read(w->s->ocsp[i], w->c->der, w->issuer->der, w->s->at, &a,
		    &f))
			say(w, REVOCATION_UNKNOWN, "", f.text, "");
		else if (a.says != OCSP_SAYS_NOTHING)
			weigh_answer(w, &a);
	}
}

void
revocation_find(const struct revocation_sources *s, const struct cert *c,
    const struct cert *issuer, struct revocation_state *out)
{
	struct work	w = { s, c, issuer, pubkey_from_spki(issuer->spki, NULL), out };

	*out = (struct revocation_state){ 0 };
	snprintf(out->why, sizeof(out->why), "no CRL and no OCSP answer of its issuer is here");
	weigh_crls(&w);
	weigh_ocsp(&w);
	pubkey_free(w.key);
}
