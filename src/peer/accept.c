/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "message/exchange.h"
#include "message/issue.h"
#include "peer/accept.h"
#include "profile/identity.h"
#include "profile/verify.h"

#define TRIAL	VIEW_LIT("pki4ipsec: does this key belong to this certificate?")

bool
accept_find(const struct view *certs, size_t n, const struct key *key, struct cert *out,
    struct fault *f)
{
	for (size_t i = 0; i < n; i++) {
		if (!cert_decode(certs[i], out, f))
			return fault_within(f, "certificate %zu of the answer", i + 1);
		if (!out->is_ca && view_equal(out->spki, key_spki(key)))
			return true;
	}
	return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.4.8",
	    "the answer holds no certificate for our key");
}

static bool
try_key(const struct cert *c, struct key *key, struct fault *f)
{
	struct pubkey	*pub = pubkey_from_spki(c->spki, f);
	struct buf	 sig;
	bool		 ok;

	buf_init(&sig, SIGNATURE_MAX);
	ok = pub != NULL && key_sign(key, TRIAL, &sig, f) &&
	    pubkey_verify(pub, key_sigalg(key), TRIAL, buf_view(&sig), f);
	buf_clear(&sig);
	pubkey_free(pub);
	return ok || fault_within(f, "a trial signature");
}

static bool
check_usage(const struct cert *c, struct fault *f)
{
	/* an Admin's certificate signs CMC and is for no IKE */
	if (!verify_holder(c, (c->eku & EKU_CMC_RA) == 0, f))
		return false;
	/* nonRepudiation alone is enough for IKE, not for our own messages */
	if (c->has_key_usage && (c->key_usage & KU_DIGITAL_SIGNATURE) == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 5.1.3.2",
		    "keyUsage of the certificate lacks digitalSignature");
	return true;
}

static bool
check_identities(const struct cert *c, const struct ticket *t, struct fault *f)
{
	struct identity	id;

	for (size_t i = 0; i < t->n_identities; i++) {
		if (!identity_parse_tagged(view_str(t->identities[i]), &id, f))
			return fault_within(f, "ticket");
		if (!identity_matches(&id, c))
			return fault_set(f, FAULT_REFUSED, "RFC 4945, 3.1",
			    "the certificate lacks our identity %s", t->identities[i]);
	}
	return true;
}

/* Whose clock is wrong cannot be told from here. */
static bool
dates_fit(const struct cert *c, int64_t now, struct fault *f)
{
	char	ours[32], from[32], to[32];

	if (now >= c->not_before - EXCHANGE_SKEW_SECONDS &&
	    now <= c->not_after + EXCHANGE_SKEW_SECONDS)
		return true;
	date_format(now, ours);
	date_format(c->not_before, from);
	date_format(c->not_after, to);
	return fault_set(f, FAULT_REFUSED, "RFC 5280, 4.1.2.5", "the certificate is good "
	    "from %s to %s, but the clock of this device says %s: set it", from, to, ours);
}

enum accept_verdict
accept_judge(const struct cert *c, const struct accept_terms *t, struct fault *f)
{
	struct view	cas[INSTALL_CA_MAX];
	size_t		n;

	/*
	 * Certificates travel outside of the answer's signature: until the path
	 * holds, what is wrong may be somebody's work on the way.
	 */
	if (!dates_fit(c, t->now, f) || !accept_chain(c, t, cas, &n, f) ||
	    !exchange_path(c, t->certs, t->n_certs, t->anchor, t->now, f) ||
	    (t->key != NULL && !try_key(c, t->key, f)))
		return ACCEPT_UNCLEAR;
	if (!check_usage(c, f) || !check_identities(c, t->ticket, f))
		return ACCEPT_REJECT;
	return ACCEPT_GOOD;
}

/* Who signed c: the anchor, or a CA that came along. */
static bool
find_issuer(const struct cert *c, const struct accept_terms *t, struct cert *out)
{
	if (cert_decode(t->anchor, out, NULL) && certificate_verify(c, out, NULL))
		return true;
	for (size_t i = 0; i < t->n_certs; i++)
		if (cert_decode(t->certs[i], out, NULL) && out->is_ca &&
		    certificate_verify(c, out, NULL))
			return true;
	return false;
}

bool
accept_chain(const struct cert *c, const struct accept_terms *t, struct view *out,
    size_t *n, struct fault *f)
{
	struct cert	at = *c, issuer;

	for (*n = 0; *n < INSTALL_CA_MAX; at = issuer) {
		if (!find_issuer(&at, t, &issuer))
			return fault_set(f, FAULT_REFUSED, "RFC 5280, 6.1",
			    "the certificate's path does not reach the trust anchor");
		out[(*n)++] = issuer.der;
		if (view_equal(issuer.der, t->anchor))
			return true;
	}
	return fault_set(f, FAULT_LIMIT, "", "more than %d CA certificates in the path",
	    INSTALL_CA_MAX);
}
