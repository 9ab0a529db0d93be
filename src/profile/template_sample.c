/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/template_sample.h"

#include <stdio.h>

#include "codec/name.h"
#include "profile/plan.h"

#define ARENA_MAX	(256u << 10)

static const struct issuer_facts issuer = {
	/* CN=CA */
	.name = { (const uint8_t *)"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "CA", 15 },
	.ski = { (const uint8_t *)"\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24", 20 },
	.not_after = INT64_C(253402300799),
	.crl_uri = "http://pki.example/crl/ike.crl",
	.ocsp_uri = "http://pki.example/ocsp",
	.issuer_uri = "http://pki.example/ca/ike.cer",
};
#define SERIAL	VIEW_LIT("\x01\0\0\0\0\x01" "0123456789")

/* A name of this kind that the template takes. */
static bool
name_of(const struct template *t, enum identity_kind kind, struct identity *out,
    struct fault *f)
{
	char	space[SPACE_TEXT_MAX], text[SPACE_TEXT_MAX + 16] = "192.0.2.1";

	space_first(t->name_space[0] != '\0' ? t->name_space : "vpn.example", space);
	if (space_address(t->address_space, kind, out))
		return true;
	if (kind == IDENTITY_FQDN)
		snprintf(text, sizeof(text), "gw1.%s", space);
	else if (kind == IDENTITY_EMAIL)
		snprintf(text, sizeof(text), "alice@%s", space);
	else if (kind == IDENTITY_IPV6)
		snprintf(text, sizeof(text), "2001:db8::1");
	return identity_parse(kind, view_str(text), out, f);
}

static bool
holder_of(const struct template *t, struct identity *id, struct holder_terms *out,
    struct fault *f)
{
	unsigned	kinds = t->identity_required != 0 ? t->identity_required : t->identities;

	*out = (struct holder_terms){ .label = "sample" };
	for (enum identity_kind k = IDENTITY_FQDN; k <= IDENTITY_IPV6; k++)
		if ((kinds & IDENTITY_BIT(k)) != 0) {
			out->identities = id;
			out->nidentities = 1;
			return name_of(t, k, id, f);
		}
	return true;
}

static bool
make(const struct template *t, const struct holder_terms *h, struct key *key, int64_t now,
    struct arena *a, struct view *der, struct fault *f)
{
	static const uint8_t	none[1];
	struct cert_plan	plan;
	struct buf		tbs, cert;
	bool			ok;

	if (!profile_plan(t, h, key_spki(key), &issuer, now, SERIAL, a, &plan, f))
		return false;
	plan.sigalg = ALGORITHM_ECDSA_SHA256;
	buf_init(&tbs, CERT_OCTETS_MAX);
	buf_init(&cert, CERT_OCTETS_MAX);
	ok = tbs_encode(&plan, &tbs, f);
	if (ok) {
		cert_assemble(buf_view(&tbs), plan.sigalg, view_of(none, sizeof(none)), &cert);
		*der = arena_copy(a, buf_view(&cert));
		ok = buf_check(&cert, "certificate", f) && (der->p != NULL || arena_fault(f));
	}
	buf_clear(&tbs);
	buf_clear(&cert);
	return ok;
}

bool
template_sample(const struct template *t, int64_t now, struct arena *a, struct view *der,
    struct fault *f)
{
	struct identity		*id = arena_alloc(a, sizeof(*id));
	struct holder_terms	 h;
	struct key		*key;
	bool			 ok;

	if (id == NULL)
		return arena_fault(f);
	if (!holder_of(t, id, &h, f) || (key = key_generate(t->key_default, f)) == NULL)
		return false;
	ok = make(t, &h, key, now, a, der, f);
	key_free(key);
	return ok;
}

bool
template_sample_lint(const struct template *t, int64_t now, const struct lint_report *report,
    struct fault *f)
{
	const struct lint_terms	 terms = { .profile = template_lint_profile(t) };
	struct arena		*a = arena_new(ARENA_MAX);
	struct view		 der;
	struct cert		 c;
	bool			 ok;

	if (a == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = template_sample(t, now, a, &der, f) && cert_decode(der, &c, f);
	if (ok)
		(void)lint_certificate(&c, &terms, report);
	arena_free(a);
	return ok;
}
