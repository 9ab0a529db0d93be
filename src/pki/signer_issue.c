/* SPDX-License-Identifier: Apache-2.0 */
/* ISSUE, RELEASE, NOTE and JOURNAL: one authorization, one certificate. */
#include "codec/oid.h"
#include "message/issue.h"
#include "pki/roll.h"
#include "pki/signer_parts.h"
#include "profile/prepare.h"
#include "profile/template_file.h"
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
decode_tbs(struct signer *s, enum authority_id ca, struct view tbs, struct buf *der,
    struct cert *c, struct fault *f)
{
	static const uint8_t	none[1];

	cert_assemble(tbs, key_sigalg(s->keys[ca]), view_of(none, sizeof(none)), der);
	return buf_check(der, "certificate", f) && cert_decode(buf_view(der), c, f);
}

static bool
check_tbs(struct signer *s, const struct signing *q, enum authority_id ca,
    const struct cert *c, int64_t now, struct fault *f)
{
	uint8_t	digest[SHA256_OCTETS];

	if (!profile_check_cert(q->template, q->holder, &s->authorities.list[ca].facts, now, c,
	    f) || !profile_check_key(q->now, c->spki, f) || !terms_take_key(q->terms, c->spki, f))
		return false;
	sha256(c->spki, digest);
	if (memcmp(digest, q->spki, sizeof(digest)) != 0)
		return fault_set(f, FAULT_REFUSED, "",
		    "the key in the certificate is not the one that proved its token");
	return lint(s, q->template, c, ca, f);
}

/* Our serial numbers are 01, five octets of counter, ten random ones. */
static uint64_t
number_in(const struct cert *c)
{
	uint64_t	n = 0;

	for (size_t i = 1; i <= 5 && c->serial.n >= 6; i++)
		n = n << 8 | c->serial.p[i];
	return n;
}

/* One id, one TBSCertificate. */
static bool
check_unspent(struct signer *s, struct view id, const uint8_t tbs[SHA256_OCTETS],
    int64_t *now, bool *first, struct fault *f)
{
	const struct journal_spent	*spent = journal_find(s->journal, id);

	*first = spent == NULL;
	if (spent == NULL)
		return true;
	if (spent->kind == JOURNAL_CANCELLED || memcmp(spent->tbs, tbs, SHA256_OCTETS) != 0)
		return fault_set(f, FAULT_REFUSED, "corrections, 1", "authorization \"%.*s\" "
		    "has been %s", (int)id.n, (const char *)id.p,
		    spent->kind == JOURNAL_CANCELLED ? "cancelled" :
		    "used for another certificate");
	*now = spent->time;
	return true;
}

/*
 * A CA that is only announced issues nothing.  One that was replaced finishes
 * what was reserved under its name, and not much later.
 */
static bool
check_phase(const struct signer *s, enum authority_id ca, int64_t now, struct fault *f)
{
	const struct authorities	*all = &s->authorities;
	enum authority_id		 line = authority_line(ca), next = authority_next(line);

	if (!authority_is_here(all, next))
		return true;
	if (ca == next ? now >= all->list[next].from - CLOCK_SKEW_SECONDS :
	    now <= all->list[next].from + CA_REPLACED_SECONDS)
		return true;
	return fault_set(f, FAULT_REFUSED, "", "CA %s issues %s", all->list[ca].name,
	    ca == next ? "nothing yet" : "no more");
}

/* Checked, noted, signed; c is what tbs says. */
static bool
sign_noted(struct signer *s, const struct signing *q, enum authority_id ca,
    const struct cert *c, int64_t now, struct buf *cert, struct fault *f)
{
	struct journal_record	r = {
		.kind = q->id.n > 0 ? JOURNAL_ISSUED : JOURNAL_SUCCESSOR,
		.id = q->id.n > 0 ? q->id : c->serial, .number = number_in(c),
	};
	bool			first;

	sha256(q->tbs, r.tbs);
	memcpy(r.spki, q->spki, sizeof(r.spki));
	if (!check_unspent(s, r.id, r.tbs, &now, &first, f) || !check_phase(s, ca, now, f) ||
	    !check_tbs(s, q, ca, c, now, f))
		return false;
	r.time = now;
	return (!first || journal_append(s->journal, &r, f)) &&
	    certificate_sign(q->tbs, s->keys[ca], cert, f);
}

/* The one of the line whose name the TBSCertificate bears. */
static bool
find_ca(struct signer *s, enum authority_id line, struct view tbs, struct buf *der,
    struct cert *c, enum authority_id *out, struct fault *f)
{
	enum authority_id	next = authority_next(line);

	*out = next;
	if (authority_is_here(&s->authorities, next) && decode_tbs(s, next, tbs, der, c, NULL) &&
	    view_equal(c->issuer, s->authorities.list[next].cert.subject))
		return true;
	*out = line;
	buf_reset(der);
	return decode_tbs(s, line, tbs, der, c, f);
}

bool
signer_sign(struct signer *s, const struct signing *q, int64_t now, struct buf *cert,
    struct fault *f)
{
	enum authority_id	ca;
	struct buf		der;
	struct cert		c;
	bool			ok;

	buf_init(&der, CERT_MAX);
	ok = find_ca(s, q->template->management ? AUTHORITY_MANAGEMENT : AUTHORITY_IKE, q->tbs,
	    &der, &c, &ca, f) && sign_noted(s, q, ca, &c, now, cert, f);
	buf_clear(&der);
	return ok;
}

bool
signer_template(struct signer *s, struct view name, bool changed, struct view settings,
    struct signer_template *out, struct fault *f)
{
	if ((out->now = templates_find(&s->templates, name)) == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "no template \"%.*s\"", (int)name.n,
		    (const char *)name.p);
	out->old = &out->now->t;
	memcpy(out->content, out->now->content, sizeof(out->content));
	if (!changed)
		return true;
	template_content(name, settings, out->content);
	out->old = &out->before;
	return template_of_settings(settings, name, 1, &out->before, f);
}

bool
signer_made(struct signer_template *t, enum template_fate fate, struct fault *f)
{
	if (!template_fate_made(fate))
		return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.2.5", "template \"%s\" has %s",
		    t->now->t.name, template_fate_name(fate));
	template_of_fate(fate, t->old, &t->now->t, &t->made);
	return true;
}

const uint8_t *
signer_made_content(const struct signer_template *t, enum template_fate fate)
{
	return fate == TEMPLATE_AS_OLD ? t->content : t->now->content;
}

/* Who replaces a certificate signs with its key, in CHANGE, unless that is lost. */
static bool
old_key_is_lost(const struct seal_facts *facts, const struct cvp_terms *t, struct fault *f)
{
	return facts->replaces == 0 || terms_key_lost(t) || fault_set(f, FAULT_REFUSED,
	    "corrections, 15", "ISSUE: an authorization that replaces a certificate");
}

bool
signer_issue(struct signer *s, struct wire *w, int64_t now, struct buf *answer,
    struct fault *f)
{
	struct issue_request	 q;
	struct granted_terms	 g;
	struct signer_template	 t;
	enum template_fate	 fate;
	struct secret		 k = { 0 };
	struct buf		 cert, sealed;
	struct signing		 sign;
	struct deed		 deed;
	bool			 ok = false;

	seal_facts_get(w, &q.facts);
	q.sealed = wire_get_view(w);
	q.template = wire_get_view(w);
	q.changed = wire_get_u8(w) != 0;
	q.old = wire_get_view(w);
	q.terms = wire_get_view(w);
	q.label = wire_get_view(w);
	q.tbs = wire_get_view(w);
	if (!wire_end(w, "ISSUE", f))
		return false;
	buf_init(&cert, CERT_MAX);
	buf_init(&sealed, 512);
	if (!signer_check_grant(&q.facts, q.template, q.terms, q.label, f) ||
	    !signer_template(s, q.template, q.changed, q.old, &t, f))
		goto out;
	if (memcmp(t.content, q.facts.content, sizeof(t.content)) != 0) {
		fault_set(f, FAULT_REFUSED, "RFC 4809, 3.2.5",
		    "ISSUE: not what the template said when it was granted");
		goto out;
	}
	if (!granted_terms_read(q.terms, s->arena, &g, f) ||
	    !old_key_is_lost(&q.facts, &g.cvp, f) ||
	    !signer_unseal(s, &q.facts, q.sealed, &k, f))
		goto out;
	fate = template_for_grant(t.old, &t.now->t, terms_on_change(&g.cvp));
	if (!signer_made(&t, fate, f))
		goto out;
	g.holder.label = arena_str(s->arena, q.label);
	q.facts.state = STORE_AUTHZ_ISSUED;
	sign = (struct signing){ .template = &t.made, .now = &t.now->t, .terms = &g.cvp, .holder = &g.holder,
		.tbs = q.tbs, .id = q.facts.id };
	memcpy(sign.spki, q.facts.spki_hash, sizeof(sign.spki));
	if (!signer_sign(s, &sign, now, &cert, f) ||
	    !signer_seal(s, &q.facts, view_of(k.p, k.n), &sealed, f))
		goto out;
	wire_put_view(answer, buf_view(&cert));
	wire_put_view(answer, buf_view(&sealed));
	deed = (struct deed){ .cert = buf_view(&cert), .id = q.facts.id, .terms = q.terms,
		.template = q.template, .label = q.label };
	memcpy(deed.content, signer_made_content(&t, fate), sizeof(deed.content));
	ok = signer_put_deed(s, &deed, answer, f);
out:
	secret_clear(&k);
	buf_clear(&cert);
	buf_clear(&sealed);
	return ok;
}

/* --- NOTE, RELEASE, JOURNAL -------------------------------------------------------------- */

/*
 * What an operator did, which nobody's token proves: it takes and gives
 * nothing, and an older database does not undo it (corrections, 1).  What was
 * used or cancelled before stays so.
 */
bool
signer_note(struct signer *s, struct wire *w, int64_t now, struct fault *f)
{
	enum journal_kind	kind = (enum journal_kind)wire_get_u8(w);
	struct view		id = wire_get_view(w);

	if (!wire_end(w, "NOTE", f))
		return false;
	if (id.n == 0 || id.n > AUTHZ_ID_OCTETS_MAX || (kind != JOURNAL_CANCELLED &&
	    kind != JOURNAL_LOCKED && kind != JOURNAL_UNLOCKED))
		return fault_set(f, FAULT_MALFORMED, "", "NOTE: kind %d, an id of %zu octets", kind,
		    id.n);
	return journal_find(s->journal, id) != NULL || journal_append(s->journal,
	    &(struct journal_record){ .kind = kind, .time = now, .id = id }, f);
}

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
	uint8_t			digest[SHA256_OCTETS] = { 0 };
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
	for (uint8_t ca = 0; ca < JOURNAL_CAS; ca++)
		wire_put_u64(answer, journal_crls(s->journal, ca));
	wire_put_view(answer, buf_view(&records));
	buf_clear(&records);
	return ok;
}
