/* SPDX-License-Identifier: Apache-2.0 */
/* MINT: ids and tokens, for what an Admin has signed. */
#include <stdlib.h>

#include "base/random.h"
#include "codec/cvp.h"
#include "message/envelope.h"
#include "message/issue.h"
#include "message/proof.h"
#include "message/signed.h"
#include "pki/signer_order.h"
#include "store/store_authz.h"

#define MINT_MAX		65536

static bool
get_format(struct wire *w, struct secret_format *out, struct fault *f)
{
	struct view	alphabet, prefix;

	memset(out, 0, sizeof(*out));
	out->length = wire_get_u32(w);
	alphabet = wire_get_view(w);
	prefix = wire_get_view(w);
	if (alphabet.n >= sizeof(out->alphabet) || prefix.n >= sizeof(out->prefix))
		return fault_set(f, FAULT_LIMIT, "", "format of a secret");
	if (alphabet.n > 0)
		memcpy(out->alphabet, alphabet.p, alphabet.n);
	if (prefix.n > 0)
		memcpy(out->prefix, prefix.p, prefix.n);
	return true;
}

/* Open, and bound to no key: everything after that is PROVE's. */
static bool
check_fresh(const struct seal_facts *facts, struct fault *f)
{
	static const uint8_t	none[sizeof(facts->spki_hash)];

	return (facts->state == STORE_AUTHZ_OPEN &&
	    memcmp(facts->spki_hash, none, sizeof(none)) == 0) || fault_set(f, FAULT_REFUSED,
	    "corrections, 1", "MINT: an authorization in state %u", facts->state);
}

/* Who is to have the tokens, and what he has signed for them. */
struct minting {
	struct view	batch_id, recipient, message;
	int64_t		asked_at;
	struct secret_formats *formats;
	size_t		n_formats;
	struct cert	to;
	struct order	order;
};

/*
 * Draw token and, unless one is wanted, id; seal K; note the pair.  There is
 * no order in the operator's own process.
 */
static bool
mint_one(struct signer *s, struct wire *w, struct minting *m, struct cvp_secret *pair,
    struct buf *answer, struct fault *f)
{
	struct seal_facts	facts;
	struct buf		text, sealed;
	uint8_t			k[SEAL_CONTENT_OCTETS];
	uint32_t		format;
	bool			ok;

	pair->entry_id = wire_get_u32(w);
	format = wire_get_u32(w);
	pair->id = wire_get_view(w);
	seal_facts_get(w, &facts);
	if (w->failed)		/* nothing is drawn for entries that are not there */
		return wire_end(w, "MINT", f);
	if (!check_fresh(&facts, f) || (m->recipient.n > 0 &&
	    !order_take(&m->order, pair->entry_id, pair->id, &facts, f)))
		return false;
	if (format >= m->n_formats)
		return fault_set(f, FAULT_MALFORMED, "", "MINT: format %u of %zu", format,
		    m->n_formats);
	buf_init(&text, AUTHZ_ID_OCTETS_MAX + TOKEN_OCTETS_MAX * 4);
	buf_init(&sealed, 512);
	ok = pair->id.n > 0 || secret_generate(&m->formats[format].id, s->rng, &text, f);
	if (ok && pair->id.n == 0)
		pair->id = arena_copy(s->arena, buf_view(&text));
	buf_reset(&text);
	ok = ok && secret_generate(&m->formats[format].token, s->rng, &text, f);
	if (ok) {
		pair->token = arena_copy(s->arena, buf_view(&text));
		facts.id = pair->id;
		proof_key(pair->token, pair->id, k);
		proof_cancel_key(k, k + SEAL_CANCEL_AT);
		rng_fill(s->rng, k + SEAL_SALT_AT, KEK_SALT_OCTETS);
		ok = pair->token.p != NULL && pair->id.p != NULL &&
		    kek_of_token(pair->token, pair->id, k + SEAL_SALT_AT, k + SEAL_KEK_AT, f) &&
		    signer_seal(s, &facts, view_of(k, sizeof(k)), &sealed, f);
		wire_put_view(answer, pair->id);
		wire_put_view(answer, buf_view(&sealed));
	}
	secret_wipe(k, sizeof(k));
	if (text.p != NULL)
		secret_wipe(text.p, text.cap);
	buf_clear(&text);
	buf_clear(&sealed);
	return ok;
}

/* An engine that asks for itself gets no token, and so can prove nothing. */
bool
signer_check_admin(const struct signer *s, const struct cert *c, int64_t now, struct fault *f)
{
	enum authority_id	ca = authority_named(&s->authorities, c->issuer, VIEW_NONE);

	if (ca == AUTHORITIES || authority_line(ca) != AUTHORITY_MANAGEMENT)
		ca = AUTHORITY_MANAGEMENT;
	if (!certificate_verify(c, &s->authorities.list[ca].cert, f))
		return fault_within(f, "this is no Admin");
	if (now < c->not_before || now > c->not_after)
		return fault_set(f, FAULT_REFUSED, "", "the Admin's certificate is not valid now");
	return true;
}

static bool
put_secrets(struct signer *s, const struct cert *to, const struct cvp_secrets *secrets,
    struct buf *answer, struct fault *f)
{
	struct buf	plain, sealed;
	bool		ok = false;

	buf_init(&plain, MESSAGE_MAX);
	buf_init(&sealed, MESSAGE_MAX);
	cvp_put_secrets(&plain, secrets);
	if (!buf_check(&plain, "secrets", f))
		goto out;
	if (to == NULL) {
		wire_put_view(answer, buf_view(&plain));
		ok = true;
		goto out;
	}
	if (!envelope_seal(buf_view(&plain), to, s->rng, &sealed, f))
		goto out;
	wire_put_view(answer, buf_view(&sealed));
	ok = true;
out:
	if (plain.p != NULL)
		secret_wipe(plain.p, plain.n);
	buf_clear(&plain);
	buf_clear(&sealed);
	return ok;
}

static void
get_minting(struct wire *w, struct minting *m)
{
	m->batch_id = wire_get_view(w);
	m->recipient = wire_get_view(w);
	m->message = wire_get_view(w);
	m->asked_at = (int64_t)wire_get_u64(w);
}

static bool
open_minting(struct signer *s, struct minting *m, int64_t now, struct fault *f)
{
	if (m->recipient.n == 0)
		return s->operator_mode || fault_set(f, FAULT_REFUSED, "",
		    "secrets without a recipient");
	if (m->asked_at < now - ORDER_SKEW_SECONDS || m->asked_at > now + ORDER_SKEW_SECONDS)
		return fault_set(f, FAULT_REFUSED, "", "MINT: not asked now");
	return cert_decode(m->recipient, &m->to, f) && signer_check_admin(s, &m->to, now, f) &&
	    order_open(s, &m->to, m->message, m->batch_id, m->asked_at, &m->order, f);
}

static bool
get_formats(struct signer *s, struct wire *w, struct secret_formats **out, size_t *n,
    struct fault *f)
{
	*n = wire_get_u32(w);
	if (w->failed || *n == 0 || *n > MINT_FORMATS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu pairs of formats to mint in", *n);
	if ((*out = arena_array(s->arena, *n, sizeof(**out))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < *n; i++)
		if (!get_format(w, &(*out)[i].id, f) || !get_format(w, &(*out)[i].token, f) ||
		    !secret_format_check_id(&(*out)[i].id, f) ||
		    !secret_format_check_token(&(*out)[i].token, f))
			return false;
	return true;
}

bool
signer_answer_mint(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct cvp_secrets	secrets = { 0 };
	struct minting		m;
	uint32_t		n;
	bool			ok = true;

	get_minting(w, &m);
	secrets.batch_id = m.batch_id;
	if (!get_formats(s, w, &m.formats, &m.n_formats, f))
		return false;
	n = wire_get_u32(w);
	if (w->failed || n == 0 || n > MINT_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%u entries to mint", n);
	if (!open_minting(s, &m, now, f))
		return false;
	secrets.n = n;
	secrets.v = arena_array(s->arena, n, sizeof(*secrets.v));
	if (secrets.v == NULL)
		return arena_fault(f);
	wire_put_u32(answer, n);
	for (uint32_t i = 0; ok && i < n; i++)
		ok = mint_one(s, w, &m, &secrets.v[i], answer, f);
	ok = ok && wire_end(w, "MINT", f) && put_secrets(s,
	    m.recipient.n > 0 ? &m.to : NULL, &secrets, answer, f);
	/* The arena keeps its memory for the next question. */
	for (uint32_t i = 0; i < n; i++)
		if (secrets.v[i].token.n > 0)
			secret_wipe((void *)(uintptr_t)secrets.v[i].token.p, secrets.v[i].token.n);
	return ok;
}
