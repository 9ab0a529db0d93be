/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates as they would be, for the rows of a list, and each pair of them.
 *
 * The terms are those a template of this name starts with: the PKI is not
 * asked.  Nothing is signed; keys are made once for each kind and thrown away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/check.h"
#include "codec/cert.h"
#include "codec/name.h"
#include "profile/plan.h"

#define PLATFORMS	6
#define YEARS_10	INT64_C(315360000)
#define URL_MAX		512
#define PLANNED_URL	"http://pki.example.net"

struct planner {
	const struct check_plan	*p;
	struct check		*c;
	struct key		*keys[KEY_KINDS];
	struct check_verdict	(*verdicts)[PLATFORMS];	/* by device, then platform */
	struct buf		 name;
	struct issuer_facts	 ca;
	char			 crl[URL_MAX], ocsp[URL_MAX], certs[URL_MAX];
};

/* --- template ---------------------------------------------------------------------- */

/* The kind that the name begins with. */
static const char *
start_of(const char *template)
{
	for (size_t i = 0; template_names[i] != NULL; i++)
		if (strncmp(template, template_names[i], strlen(template_names[i])) == 0)
			return template_names[i];
	return "";
}

static bool
set_one(struct template *t, const char *text, struct fault *f)
{
	const char	*value = strchr(text, '=');
	char		 key[64];

	if (value == NULL || (size_t)(value - text) >= sizeof(key))
		return fault_set(f, FAULT_USAGE, "", "--set takes KEY=VALUE, not \"%s\"", text);
	snprintf(key, sizeof(key), "%.*s", (int)(value - text), text);
	key[strcspn(key, " ")] = '\0';
	return template_set(t, key, value + 1 + strspn(value + 1, " "), f);
}

bool
check_setting(const char *text, struct fault *f)
{
	struct template	t;

	return template_start("s2s-gateway", "planned", &t, f) && set_one(&t, text, f);
}

static bool
template_of(const struct check_plan *p, const struct device *d, struct template *t,
    struct fault *f)
{
	if (!template_start(start_of(d->template), "planned", t, f))
		return false;
	for (size_t i = 0; i < p->nsettings; i++)
		if (!set_one(t, p->settings[i], f))
			return false;
	return template_check(t, f);
}

/* --- the certificate ------------------------------------------------------------------ */

static bool
issuer(struct planner *w, struct fault *f)
{
	const struct check_plan	*p = w->p;
	const char		*url = p->url != NULL ? p->url : PLANNED_URL;
	static const uint8_t	 ski[SKI_OCTETS];

	snprintf(w->crl, sizeof(w->crl), "%s/crl/ike.crl", url);
	snprintf(w->ocsp, sizeof(w->ocsp), "%s/ocsp", url);
	snprintf(w->certs, sizeof(w->certs), "%s/ca/ike.cer", url);
	w->ca = (struct issuer_facts){ .ski = view_of(ski, sizeof(ski)),
		.not_after = p->now + YEARS_10, .crl_uri = w->crl, .ocsp_uri = w->ocsp,
		.issuer_uri = w->certs };
	if (!name_parse("CN=planned CA", &w->name, f))
		return false;
	w->ca.name = buf_view(&w->name);
	if (p->nabove > 0) {
		w->ca.name = p->above[0]->subject;
		w->ca.ski = p->above[0]->ski.n > 0 ? p->above[0]->ski : w->ca.ski;
		w->ca.not_after = p->above[0]->not_after;
	}
	return true;
}

static struct key *
key_of(struct planner *w, enum key_kind kind, struct fault *f)
{
	if (w->keys[kind] == NULL)
		w->keys[kind] = key_generate(kind, f);
	return w->keys[kind];
}

/* Into the arena. */
static bool
certificate(struct planner *w, const struct device *d, struct view *out, struct fault *f)
{
	static const uint8_t		serial[16] = "\x41planned serial";
	struct template			t;
	const struct holder_terms	h = { .identities = d->ids, .nidentities = d->n_ids,
		.label = d->label[0] != '\0' ? d->label : NULL };
	struct cert_plan		plan;
	struct key			*key;
	struct buf			tbs, der;
	bool				ok;

	if (!template_of(w->p, d, &t, f) ||
	    (key = key_of(w, w->p->key != KEY_NONE ? w->p->key : t.key_default, f)) == NULL)
		return false;
	buf_init(&tbs, CERT_OCTETS_MAX);
	buf_init(&der, CERT_OCTETS_MAX);
	ok = profile_plan(&t, &h, key_spki(key), &w->ca, w->p->now,
	    view_of(serial, sizeof(serial)), w->c->a, &plan, f);
	if (ok) {
		plan.sigalg = ALGORITHM_ECDSA_SHA256;
		ok = tbs_encode(&plan, &tbs, f);
	}
	if (ok) {
		uint8_t	signature[72] = { 0 };	/* of P-256 */

		cert_assemble(buf_view(&tbs), ALGORITHM_ECDSA_SHA256,
		    view_of(signature, sizeof(signature)), &der);
		ok = buf_check(&der, "certificate", f);
	}
	if (ok && (*out = arena_copy(w->c->a, buf_view(&der))).p == NULL)
		ok = arena_fault(f);
	buf_clear(&tbs);
	buf_clear(&der);
	return ok;
}

/* --- verdicts ----------------------------------------------------------------------------- */

static unsigned
platform_of(const struct planner *w, const struct device *d)
{
	return d->platform != 0 ? d->platform : w->p->platform;
}

/* CA certificates a peer sends along: those that are no roots. */
static size_t
octets_above(const struct check_plan *p)
{
	size_t	n = 0;

	for (size_t i = 0; i < p->nabove; i++)
		n += cert_is_self_issued(p->above[i]) ? 0 : p->above[i]->der.n;
	return n;
}

/* The PKI will not make this certificate. */
static bool
refuse(struct planner *w, const struct pair_view *v, const struct device *d,
    const struct fault *why, struct check_verdict *out, struct fault *f)
{
	const struct pair_problem	p = { .name = "template", .source = why->rule,
		.severity = LINT_ERROR, .own = true, .detail = why->text,
		.consequence = "the PKI refuses to issue it",
		.repair = "what the template takes, or another template" };

	return check_tell(w->c, v, d->template, &p, out, f);
}

static bool
judge(struct planner *w, const struct device *d, unsigned seen_by, struct check_verdict *out,
    struct fault *f)
{
	struct pair_view	v = { .above = w->p->above, .nabove = w->p->nabove,
		.sent = octets_above(w->p), .on = platform_of(w, d), .seen_by = seen_by };
	struct fault		why = { 0 };
	struct cert		c;
	struct view		der;

	if (!certificate(w, d, &der, &why)) {
		if (why.kind == FAULT_REFUSED || why.kind == FAULT_ALGORITHM)
			return refuse(w, &v, d, &why, out, f);
		*f = why;
		return false;
	}
	if (!cert_decode(der, &c, f) || !lint_profile_find(start_of(d->template), &v.kind))
		return false;
	v.cert = &c;
	return check_judge(w->c, &v, d->template, out, f);
}

static size_t
platform_index(unsigned product)
{
	size_t	i = 0;

	while (i + 1 < PLATFORMS && (1u << i) != product)
		i++;
	return i;
}

static const struct check_verdict *
verdict(struct planner *w, const struct device *d, unsigned seen_by, struct fault *f)
{
	size_t			 at = d->line != 0 ? (size_t)(d - w->p->fleet->v) :
				    w->p->fleet->n + (size_t)(d - w->p->known->v);
	struct check_verdict	*v = &w->verdicts[at][platform_index(seen_by)];

	return v->known || judge(w, d, seen_by, v, f) ? v : NULL;
}

/* --- pairs ----------------------------------------------------------------------------------- */

/* Two gateways of the list find each other twice. */
static bool
is_told_elsewhere(const struct device *d, const struct device *to)
{
	return d->role == FLEET_S2S && to->line != 0 && to->line < d->line;
}

static bool
check_device(struct planner *w, const struct device *d, struct fault *f)
{
	const struct device	*peers[TICKET_PEERS_MAX];
	size_t			 n = topology_peers(w->p->topology, d, peers);

	for (size_t i = 0; i < n; i++) {
		const struct check_verdict	*of_d, *of_peer;

		if (is_told_elsewhere(d, peers[i]))
			continue;
		if ((of_d = verdict(w, d, platform_of(w, peers[i]), f)) == NULL ||
		    (of_peer = verdict(w, peers[i], platform_of(w, d), f)) == NULL)
			return false;
		check_pair(w->c, d->name, of_d, peers[i]->name, of_peer);
	}
	return true;
}

bool
check_plan(const struct check_plan *p, struct check *c, struct fault *f)
{
	struct planner	w = { .p = p, .c = c };
	bool		ok;

	buf_init(&w.name, NAME_OCTETS_MAX);
	w.verdicts = arena_array(c->a, p->fleet->n + p->known->n + 1, sizeof(*w.verdicts));
	ok = w.verdicts != NULL ? issuer(&w, f) : arena_fault(f);
	for (size_t i = 0; ok && i < p->fleet->n; i++)
		ok = check_device(&w, &p->fleet->v[i], f);
	for (size_t i = 0; i < KEY_KINDS; i++)
		key_free(w.keys[i]);
	buf_clear(&w.name);
	return ok;
}
