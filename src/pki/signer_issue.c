/* SPDX-License-Identifier: Apache-2.0 */
/* ISSUE, RELEASE and JOURNAL: one authorization, one certificate. */
#include "codec/oid.h"
#include "message/issue.h"
#include "pki/signer_parts.h"
#include "store/store_authz.h"

#define CERT_MAX	CERT_OCTETS_MAX

/* --- ISSUE ------------------------------------------------------------------------ */

/* The lints, as anybody would run them on what comes out. */
static bool
lint(const struct signer *s, const struct template *t, const struct cert *c,
    enum authority_id ca, struct fault *f)
{
	const struct cert	*above[] = { &s->authorities.list[ca].cert,
				    &s->authorities.list[AUTHORITY_ROOT].cert };

	return profile_lint_cert(t, c, above, sizeof(above) / sizeof(above[0]), f);
}

/*
 * A certificate is decoded before it exists: the TBSCertificate with a
 * signature of the right form in place.
 */
static bool
check_tbs(struct signer *s, const struct template *t, const struct granted_terms *g,
    const struct seal_facts *facts, struct view tbs, enum authority_id ca, int64_t now,
    struct fault *f)
{
	static const uint8_t	none[1];
	struct buf		der;
	struct cert		c;
	uint8_t			digest[SHA256_OCTETS];
	bool			ok;

	buf_init(&der, CERT_MAX);
	cert_assemble(tbs, key_sigalg(s->keys[ca]), view_of(none, sizeof(none)), &der);
	ok = buf_check(&der, "certificate", f) && cert_decode(buf_view(&der), &c, f) &&
	    profile_check_cert(t, &g->holder, &s->authorities.list[ca].facts, now, &c, f) &&
	    terms_take_key(&g->cvp, c.spki, f) && lint(s, t, &c, ca, f);
	if (ok) {
		sha256(c.spki, digest);
		if (memcmp(digest, facts->spki_hash, sizeof(digest)) != 0)
			ok = fault_set(f, FAULT_REFUSED, "", "the key in the certificate is "
			    "not the one that proved its token");
	}
	buf_clear(&der);
	return ok;
}

/* Our serial numbers are 01, five octets of counter, ten random ones. */
static uint64_t
number_in(struct view tbs)
{
	static const uint8_t	none[1];
	struct cert		c;
	struct buf		der;
	uint64_t		n = 0;

	buf_init(&der, CERT_MAX);
	cert_assemble(tbs, ALGORITHM_ECDSA_SHA256, view_of(none, sizeof(none)), &der);
	if (buf_ok(&der) && cert_decode(buf_view(&der), &c, NULL) && c.serial.n >= 6)
		for (size_t i = 1; i <= 5; i++)
			n = n << 8 | c.serial.p[i];
	buf_clear(&der);
	return n;
}

/*
 * One authorization, one TBSCertificate.  The same one again is signed again,
 * as of the time it was signed first.
 */
static bool
check_unspent(struct signer *s, const struct issue_request *q, int64_t *now, bool *first,
    struct fault *f)
{
	const struct journal_spent	*spent = journal_find(s->journal, q->facts.id);
	uint8_t				 digest[SHA256_OCTETS];

	*first = spent == NULL;
	if (spent == NULL)
		return true;
	sha256(q->tbs, digest);
	if (spent->kind != JOURNAL_ISSUED || memcmp(spent->tbs, digest, sizeof(digest)) != 0)
		return fault_set(f, FAULT_REFUSED, "corrections, 1", "ISSUE: authorization "
		    "\"%.*s\" has been %s", (int)q->facts.id.n, (const char *)q->facts.id.p,
		    spent->kind == JOURNAL_ISSUED ? "used for another certificate" : "cancelled");
	*now = spent->time;
	return true;
}

static bool
note_issued(struct signer *s, const struct issue_request *q, int64_t now, struct fault *f)
{
	struct journal_record	r = {
		.kind = JOURNAL_ISSUED, .time = now, .id = q->facts.id,
		.number = number_in(q->tbs),
	};

	sha256(q->tbs, r.tbs);
	memcpy(r.spki, q->facts.spki_hash, sizeof(r.spki));
	return journal_append(s->journal, &r, f);
}

bool
signer_issue(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct issue_request	 q;
	struct granted_terms	 g;
	struct template_entry	*e;
	struct secret		 k = { 0 };
	struct buf		 cert, sealed;
	uint8_t			 digest[SHA256_OCTETS];
	enum authority_id	 ca;
	bool			 ok = false, first;

	seal_facts_get(w, &q.facts);
	q.sealed = wire_get_view(w);
	q.template = wire_get_view(w);
	q.terms = wire_get_view(w);
	q.label = wire_get_view(w);
	q.tbs = wire_get_view(w);
	if (!wire_end(w, "ISSUE", f))
		return false;
	buf_init(&cert, CERT_MAX);
	buf_init(&sealed, 512);
	sha256(q.terms, digest);
	if (q.facts.state != STORE_AUTHZ_IN_PROGRESS ||
	    memcmp(digest, q.facts.terms_digest, sizeof(digest)) != 0) {
		fault_set(f, FAULT_REFUSED, "", "ISSUE: not the terms that are sealed");
		goto out;
	}
	if ((e = templates_find(&s->templates, q.template)) == NULL) {
		fault_set(f, FAULT_NOT_FOUND, "", "no template \"%.*s\"",
		    (int)q.template.n, (const char *)q.template.p);
		goto out;
	}
	ca = e->t.management ? AUTHORITY_MANAGEMENT : AUTHORITY_IKE;
	if (!signer_unseal(s, &q.facts, q.sealed, &k, f) ||
	    !granted_terms_read(q.terms, s->arena, &g, f))
		goto out;
	g.holder.label = arena_str(s->arena, q.label);
	q.facts.state = STORE_AUTHZ_ISSUED;
	if (!check_unspent(s, &q, &now, &first, f) ||
	    !check_tbs(s, &e->t, &g, &q.facts, q.tbs, ca, now, f) ||
	    (first && !note_issued(s, &q, now, f)) ||
	    !certificate_sign(q.tbs, s->keys[ca], &cert, f) ||
	    !signer_seal(s, &q.facts, view_of(k.p, k.n), &sealed, f))
		goto out;
	wire_put_view(answer, buf_view(&cert));
	wire_put_view(answer, buf_view(&sealed));
	ok = true;
out:
	secret_clear(&k);
	buf_clear(&cert);
	buf_clear(&sealed);
	return ok;
}

/* --- RELEASE, JOURNAL -------------------------------------------------------------- */

bool
signer_release(struct signer *s, struct wire *w, struct buf *answer, struct fault *f)
{
	struct seal_facts	facts;
	struct view		sealed;
	struct secret		k = { 0 };
	struct buf		next;
	bool			ok;

	seal_facts_get(w, &facts);
	sealed = wire_get_view(w);
	if (!wire_end(w, "RELEASE", f))
		return false;
	if (facts.state != STORE_AUTHZ_IN_PROGRESS || journal_find(s->journal, facts.id) != NULL)
		return fault_set(f, FAULT_REFUSED, "corrections, 12", "RELEASE: authorization "
		    "\"%.*s\" is not in progress, or has been used", (int)facts.id.n,
		    (const char *)facts.id.p);
	buf_init(&next, 512);
	ok = signer_unseal(s, &facts, sealed, &k, f);
	facts.state = STORE_AUTHZ_OPEN;
	memset(facts.spki_hash, 0, sizeof(facts.spki_hash));
	ok = ok && signer_seal(s, &facts, view_of(k.p, k.n), &next, f);
	wire_put_view(answer, buf_view(&next));
	buf_clear(&next);
	secret_clear(&k);
	return ok;
}

/* PKIData { transactionId, recipientNonce, trustedAnchors } (corrections, 10). */
static void
put_anchors(const struct signer *s, struct view transaction, struct view nonce, struct buf *out)
{
	struct cmc_writer	w;
	struct cmc_mark		m;
	uint8_t			digest[SHA256_OCTETS];
	struct view		hash = view_of(digest, sizeof(digest));
	struct cmc_anchors	a = {
		.sequence = 1, .hash = { .oid = OID_SHA256 }, .hashes = &hash, .n_hashes = 1,
	};
	uint32_t		id = 1;

	sha256(buf_view(&s->authorities.list[AUTHORITY_ROOT].der), digest);
	cmc_data_begin(&w, out);
	if (transaction.n > 0)
		cmc_control_integer(&w, id++, CMC_TRANSACTION_ID, transaction);
	if (nonce.n > 0)
		cmc_control_octets(&w, id++, CMC_RECIPIENT_NONCE, nonce);
	m = cmc_control_begin(&w, id, CMC_TRUSTED_ANCHORS);
	cmc_put_anchors(out, &a);
	cmc_control_end(&w, m);
	cmc_finish(&w);
}

bool
signer_anchors(struct signer *s, struct wire *w, struct buf *answer, struct fault *f)
{
	struct anchors_request	q;
	struct secret		k = { 0 };
	struct buf		data, message;
	bool			ok;

	seal_facts_get(w, &q.facts);
	q.sealed = wire_get_view(w);
	q.transaction = wire_get_view(w);
	q.nonce = wire_get_view(w);
	if (!wire_end(w, "ANCHORS", f) || !signer_unseal(s, &q.facts, q.sealed, &k, f))
		return false;
	buf_init(&data, 4096);
	buf_init(&message, 8192);
	put_anchors(s, q.transaction, q.nonce, &data);
	ok = buf_check(&data, "ANCHORS", f) && authenticated_put(k.p + SEAL_KEK_AT,
	    k.p + SEAL_SALT_AT, OID_CT_PKI_DATA, buf_view(&data), s->rng, &message, f);
	wire_put_view(answer, buf_view(&message));
	buf_clear(&data);
	buf_clear(&message);
	secret_clear(&k);
	return ok;
}

bool
signer_journal(struct signer *s, struct wire *w, struct buf *answer, struct fault *f)
{
	uint64_t	after = wire_get_u64(w);
	struct buf	records;
	bool		ok;

	if (!wire_end(w, "JOURNAL", f))
		return false;
	buf_init(&records, FRAME_BODY_MAX / 2);
	ok = journal_read(s->journal, after, &records, f);
	wire_put_u64(answer, journal_counter(s->journal));
	wire_put_u64(answer, journal_certs(s->journal));
	for (uint8_t ca = 0; ca < AUTHORITY_CAS; ca++)
		wire_put_u64(answer, journal_crls(s->journal, ca));
	wire_put_view(answer, buf_view(&records));
	buf_clear(&records);
	return ok;
}
