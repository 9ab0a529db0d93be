/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/authorization.h"
#include "admin/altered.h"
#include "admin/records.h"
#include "admin/tickets.h"
#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "crypt/digest.h"
#include "message/envelope.h"
#include "message/proof.h"
#include "profile/prepare.h"

#define ENTRY_OCTETS_MAX	(8u << 10)	/* names of one entry */

bool
outcome_granted(const struct outcome *o)
{
	return o->status == CVP_GRANTED || o->status == CVP_GRANTED_MODIFIED;
}

/* --- asking for it -------------------------------------------------------------------- */

const char *
template_key_word(const struct cvp_template *t)
{
	return terms_key_word(&t->terms);
}

/* When a device is to renew, and with which key: for its ticket. */
static void
describe_renewal(struct batch *b, const struct cvp_terms *t)
{
	static const char *const keys[] = {
		[CVP_KEYS_NEW] = "new", [CVP_KEYS_SAME] = "same", [CVP_KEYS_EITHER] = "either",
	};
	const struct cvp_change_terms	*r = t->lifecycle != NULL ? t->lifecycle->renewal : NULL;

	b->renew_key[0] = '\0';
	b->renew_last = 0;
	if (r == NULL || r->keys > CVP_KEYS_EITHER || r->last_percent > 100 ||
	    (r->max_times.present && r->max_times.v == 0))
		return;
	snprintf(b->renew_key, sizeof(b->renew_key), "%s", keys[r->keys]);
	b->renew_last = r->last_percent;
}

/* CertTemplate with the device's names; the subject is the PKI's to write. */
static bool
put_names(const struct device *d, struct arena *a, struct cvp_terms *terms, struct fault *f)
{
	struct general_name	 names[IDENTITIES_MAX];
	struct extension	*san = arena_alloc(a, sizeof(*san));
	struct cvp_cert		*cert = arena_alloc(a, sizeof(*cert));
	struct buf		 der;
	bool			 ok;

	for (size_t i = 0; i < d->n_ids; i++)
		identity_to_san(&d->ids[i], &names[i]);
	buf_init(&der, ENTRY_OCTETS_MAX);
	general_names_put(&der, names, d->n_ids);
	ok = san != NULL && cert != NULL && buf_ok(&der);
	if (ok) {
		*san = (struct extension){ OID_SUBJECT_ALT_NAME, arena_copy(a, buf_view(&der)), false };
		*cert = (struct cvp_cert){ .extensions = san, .n_extensions = 1 };
		terms->cert = cert;
		ok = san->value.p != NULL;
	}
	buf_clear(&der);
	return ok || fault_set(f, FAULT_LIMIT, "", "line %u: the names do not fit an entry", d->line);
}

static bool
put_terms(const struct authorization *z, const struct device *d, const struct cvp_template *t,
    struct cvp_terms *terms, struct fault *f)
{
	struct cvp_cert	*cert = arena_alloc(z->arena, sizeof(*cert));

	if (cert == NULL)
		return arena_fault(f);
	if (!put_names(d, z->arena, terms, f))
		return false;
	*cert = *terms->cert;
	terms->cert = cert;
	return entry_terms_put(&d->terms, &t->terms, z->a->now, z->arena, cert, terms, f) ||
	    fault_within(f, "line %u", d->line);
}

static bool
put_entries(struct authorization *z, const struct device *const *devices, size_t n,
    const struct cvp_template *t, const struct wishes *w, struct cvp_authz_request *r,
    struct fault *f)
{
	struct cvp_terms	*terms = arena_array(z->arena, n, sizeof(*terms));

	r->entries = arena_array(z->arena, n, sizeof(*r->entries));
	r->n_entries = n;
	if (terms == NULL || r->entries == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < n; i++) {
		if (!put_terms(z, devices[i], t, &terms[i], f))
			return false;
		if (devices[i]->approval)
			terms[i].approval = (struct cvp_uint){ true, CVP_APPROVAL_MANUAL };
		if (devices[i]->key_lost)
			terms[i].key_lost = (struct cvp_bool){ true, true };
		r->entries[i] = (struct cvp_entry){
			.entry_id = devices[i]->entry_id, .label = view_str(devices[i]->label),
			.terms = &terms[i],
			.replaces = w->replaced != NULL ? w->replaced[devices[i]->entry_id - 1] : NULL,
		};
	}
	return true;
}

static bool
describe(struct authorization *z, size_t n, const struct cvp_template *t,
    const struct wishes *w, struct fault *f)
{
	const char	*key = w->key != NULL ? w->key : template_key_word(t);
	struct batch	*b = &z->b;

	if (key == NULL)
		return fault_set(f, FAULT_ALGORITHM, "", "template \"%.*s\" takes no kind of key "
		    "that can be made here", (int)t->name.n, (const char *)t->name.p);
	*b = (struct batch){
		.created = z->a->now, .not_after = z->a->now + w->window_seconds, .entries = n,
	};
	describe_renewal(b, &t->terms);
	batch_begin(b, z->a->rng);
	if (snprintf(b->template, sizeof(b->template), "%.*s", (int)t->name.n,
	    (const char *)t->name.p) >= (int)sizeof(b->template) ||
	    snprintf(b->preset, sizeof(b->preset), "%s", w->preset) >= (int)sizeof(b->preset) ||
	    snprintf(b->key, sizeof(b->key), "%s", key) >= (int)sizeof(b->key) ||
	    snprintf(b->out, sizeof(b->out), "%s", w->out) >= (int)sizeof(b->out) ||
	    snprintf(b->relay, sizeof(b->relay), "%s", w->relay != NULL ? w->relay : "") >=
	    (int)sizeof(b->relay))
		return fault_set(f, FAULT_LIMIT, "", "the name of the template or of --out is too long");
	return true;
}

bool
authorization_prepare(struct authorization *z, const struct device *const *devices, size_t n,
    const struct cvp_template *t, const struct wishes *w, struct view list, struct fault *f)
{
	uint8_t				digest[SHA256_OCTETS];
	struct cvp_authz_request	r = {
		.delivery = CVP_ENCRYPT_TO, .encrypt_to = z->a->cert.der,
		.template = { .name = t->name, .version = { true, t->version } },
	};
	struct buf			der;
	bool				ok;

	if (!describe(z, n, t, w, f))
		return false;
	sha256(t->tlv, digest);
	r.template.digest = view_of(digest, sizeof(digest));
	r.batch_id = view_of(z->b.id, sizeof(z->b.id));
	r.terms.key_gen = (struct cvp_uint){ w->generation != GENERATION_NONE, w->generation };
	r.terms.has_window = true;
	r.terms.window_not_after = (struct cvp_time){ true, z->b.not_after };
	r.terms.exact = (struct cvp_bool){ w->exact, w->exact };
	if (!put_entries(z, devices, n, t, w, &r, f))
		return false;
	buf_init(&der, BATCH_REQUEST_MAX);
	cvp_put_authz_request(&der, &r);
	ok = buf_check(&der, "authzRequest", f) &&
	    batch_create(z->a->dir, &z->b, buf_view(&der), list, f);
	buf_clear(&der);
	return ok;
}

/* --- the answer ------------------------------------------------------------------------ */

static const struct device *
device_of(const struct authorization *z, uint32_t entry_id)
{
	return entry_id >= 1 && entry_id <= z->fleet->n ? &z->fleet->v[entry_id - 1] : NULL;
}

static bool
set_failure(struct authorization *z, const struct cvp_failure *c, struct outcome *o,
    struct fault *f)
{
	char	detail[FAULT_TEXT_MAX], field[CVP_FIELD_MAX];

	if (c == NULL)
		return true;
	o->code = c->code;
	text_escape(c->detail, 0, detail, sizeof(detail));
	text_escape(c->field, 0, field, sizeof(field));
	o->why = arena_printf(z->arena, "%s%s%s", field, field[0] != '\0' ? ": " : "",
	    detail[0] != '\0' ? detail : cvp_code_text(c->code));
	return o->why != NULL || arena_fault(f);
}

/* The terms that were asked for an entry; answers come in the order of the request. */
static bool
asked_terms(struct authorization *z, uint32_t entry_id, struct cvp_terms *out,
    struct fault *f)
{
	static const struct cvp_terms	 none;
	const struct cvp_authz_request	*q = &z->asked;

	for (size_t i = 0; i < q->n_entries; i++, z->asked_at++) {
		const struct cvp_entry	*e = &q->entries[z->asked_at % q->n_entries];

		if (e->entry_id == entry_id)
			return cvp_terms_merge(&none, &q->terms, e->terms, z->arena, out, f);
	}
	return fault_set(f, FAULT_MALFORMED, "", "the answer speaks of entry %u, which was not "
	    "asked for", entry_id);
}

static bool
set_effective(struct authorization *z, const struct cvp_result *r, struct outcome *o,
    struct fault *f)
{
	struct cvp_terms	asked;

	if (!asked_terms(z, r->entry_id, &asked, f))
		return false;
	o->effective = r->effective;
	if (asked.has_window && asked.window_not_after.present)
		o->not_after = asked.window_not_after.v;
	if (r->effective == NULL)
		return true;
	if (r->effective->has_window && r->effective->window_not_after.present)
		o->not_after = r->effective->window_not_after.v;
	o->reduced = entry_terms_reduced(&asked, r->effective, z->arena);
	o->altered = asked.exact.present && asked.exact.v && z->p10.n == 0 &&
	    (r->status == CVP_GRANTED_MODIFIED || o->reduced[0] != '\0');
	return true;
}

static bool
set_outcome(struct authorization *z, const struct cvp_result *r, struct outcome *o,
    struct fault *f)
{
	*o = (struct outcome){
		.d = device_of(z, r->entry_id), .status = r->status, .not_after = z->b.not_after,
		.why = "", .reduced = "",
	};
	if (o->d == NULL)
		return fault_set(f, FAULT_MALFORMED, "", "the answer speaks of entry %u, which the "
		    "list does not have", r->entry_id);
	if (outcome_granted(o) && !set_effective(z, r, o, f))
		return false;
	if (outcome_granted(o) && r->id.n == 0)
		return fault_set(f, FAULT_MALFORMED, "", "entry %u was granted without an id",
		    r->entry_id);
	if (outcome_granted(o) && (o->id = arena_str(z->arena, r->id)) == NULL)
		return arena_fault(f);
	return set_failure(z, r->failure, o, f);
}

/* Of an earlier answer, which came again because nobody knew that it had come. */
static bool
is_delivered(const struct authorization *z, const struct cvp_result *r)
{
	return r->id.n > 0 && inventory_by_id(z->inv, r->id) != NULL;
}

static void
count_results(struct authorization *z)
{
	z->b.granted = 0;
	for (size_t i = 0; i < z->n; i++)
		z->b.granted += outcome_granted(&z->v[i]);
	z->b.failed = z->n - z->b.granted;
}

/* All of them, or a piece (corrections, 20): behind those that there are. */
static bool
read_results(struct authorization *z, const struct cvp_authz_response *r, struct fault *f)
{
	if (!view_equal(r->batch_id, view_of(z->b.id, sizeof(z->b.id))))
		return fault_set(f, FAULT_MALFORMED, "", "the answer is about another batch");
	if (z->v == NULL &&
	    (z->v = arena_array(z->arena, z->asked.n_entries + 1, sizeof(*z->v))) == NULL)
		return arena_fault(f);
	z->from = z->n;
	for (size_t i = 0; i < r->n_results; i++) {
		if (is_delivered(z, &r->results[i]))
			continue;
		if (z->n == z->asked.n_entries)
			return fault_set(f, FAULT_MALFORMED, "", "the answer speaks of more entries "
			    "than were asked for");
		if (!set_outcome(z, &r->results[i], &z->v[z->n], f))
			return false;
		z->n++;
	}
	count_results(z);
	return true;
}

/* The digest that acknowledges this answer (corrections, 13). */
static void
set_ack(struct batch *b, struct view response, struct view secrets)
{
	struct view	parts[2] = { response, secrets };
	uint8_t		digest[SHA256_OCTETS];

	digest_parts(DIGEST_SHA256, parts, 2, digest);
	hex_encode(view_of(digest, sizeof(digest)), b->ack);
}

/* --- tickets ----------------------------------------------------------------------------- */

static bool
copy_text(char *out, size_t size, const char *what, const char *text, struct fault *f)
{
	return snprintf(out, size, "%s", text) < (int)size ||
	    fault_set(f, FAULT_LIMIT, "", "%s \"%s\" does not fit a ticket", what, text);
}

static bool
put_peers(struct authorization *z, const struct device *d, struct ticket *t, struct fault *f)
{
	const struct device	*peers[TICKET_PEERS_MAX];
	size_t			 n = topology_peers(z->topology, d, peers);

	if (n == 0)
		return true;
	if ((t->peers = calloc(n, sizeof(*t->peers))) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct ticket_peer	*p = &t->peers[t->n_peers++];

		identity_format(&peers[i]->ids[0], p->id);
		if (!copy_text(p->name, sizeof(p->name), "name", peers[i]->name, f) ||
		    !copy_text(p->address, sizeof(p->address), "address", peers[i]->address, f) ||
		    !copy_text(p->subnets, sizeof(p->subnets), "subnets", peers[i]->subnets, f))
			return false;
	}
	return true;
}

static bool
put_token(struct view token, struct ticket *t, struct fault *f)
{
	struct buf	shown;
	bool		ok;

	buf_init(&shown, sizeof(t->token) - 1);
	token_display(token, SECRET_GROUP, &shown);
	ok = buf_check(&shown, "token", f);
	if (ok)
		memcpy(t->token, shown.p, shown.n);
	if (shown.p != NULL)
		secret_wipe(shown.p, shown.n);
	buf_clear(&shown);
	return ok;
}

/* What a ticket says of key and renewal: the device's own terms, or the template's. */
struct own_words {
	const char	*key;
	char		 renew_key[8];
	size_t		 renew_last;
};

static void
own_words_of(struct authorization *z, const struct outcome *o, struct own_words *out)
{
	const struct cvp_terms	*t = o->effective;
	struct cvp_terms	 asked;
	struct fault		 why = { 0 };
	struct batch		 b = z->b;
	const char		*key;

	*out = (struct own_words){ .key = z->b.key };
	if (t == NULL && asked_terms(z, o->d->entry_id, &asked, &why))
		t = &asked;
	if (t != NULL && o->d->terms.text[TERM_KEY] != NULL &&
	    (key = terms_key_word(t)) != NULL)
		out->key = key;
	if (t != NULL && t->lifecycle != NULL && t->lifecycle->renewal != NULL)
		describe_renewal(&b, t);
	memcpy(out->renew_key, b.renew_key, sizeof(out->renew_key));
	out->renew_last = b.renew_last;
}

static bool
fill_ticket(struct authorization *z, const struct outcome *o, struct view token,
    struct ticket *t, struct fault *f)
{
	const struct device	*d = o->d;
	struct own_words	 own;

	own_words_of(z, o, &own);
	t->not_after = o->not_after;
	t->renew_percent = (unsigned)own.renew_last;
	memcpy(t->anchor, z->a->root_sha256, sizeof(t->anchor));
	for (size_t i = 0; i < d->n_ids && i < TICKET_IDENTITIES_MAX; i++)
		identity_format(&d->ids[i], t->identities[t->n_identities++]);
	return copy_text(t->url, sizeof(t->url), "url", z->b.relay[0] != '\0' ? z->b.relay :
	    z->a->url, f) &&
	    copy_text(t->id, sizeof(t->id), "id", o->id, f) &&
	    copy_text(t->template, sizeof(t->template), "template", z->b.template, f) &&
	    copy_text(t->key, sizeof(t->key), "key", own.key, f) &&
	    copy_text(t->renew_key, sizeof(t->renew_key), "renew-key", own.renew_key, f) &&
	    copy_text(t->label, sizeof(t->label), "label", d->label, f) &&
	    copy_text(t->address, sizeof(t->address), "address", d->address, f) &&
	    copy_text(t->subnets, sizeof(t->subnets), "subnets", d->subnets, f) &&
	    put_token(token, t, f) && put_peers(z, d, t, f) && ticket_check(t, f);
}

static bool
write_ticket(struct authorization *z, const struct outcome *o, struct view token,
    struct ticket_folder *to, struct fault *f)
{
	static struct ticket	t;
	struct buf		text;
	bool			ok;

	memset(&t, 0, sizeof(t));
	buf_init(&text, TICKET_FILE_MAX);
	ok = fill_ticket(z, o, token, &t, f);
	if (ok)
		ticket_write(&t, &text);
	ok = ok && buf_check(&text, "ticket", f) &&
	    tickets_add(to, o->d->name, o->id, buf_view(&text), f);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	ticket_clear(&t);
	return ok || fault_within(f, "%s", o->d->name);
}

/* What an inventory's line keeps of a token: the key that can cancel. */
static const char *
cancel_key(struct arena *a, struct view token, struct view id)
{
	uint8_t	k[PROOF_OCTETS], kc[PROOF_OCTETS];
	char	hex[2 * PROOF_OCTETS + 1];

	proof_key(token, id, k);
	proof_cancel_key(k, kc);
	hex_encode(view_of(kc, sizeof(kc)), hex);
	secret_wipe(k, sizeof(k));
	return arena_str(a, view_str(hex));
}

/* Sorted by entry, so that 10 000 are found quickly. */
static int
entry_order(const void *a, const void *b)
{
	const struct cvp_secret	*x = a, *y = b;

	return (x->entry_id > y->entry_id) - (x->entry_id < y->entry_id);
}

static struct view
find_token(const struct cvp_secrets *s, const struct outcome *o)
{
	struct cvp_secret		 key = { .entry_id = o->d->entry_id };
	const struct cvp_secret		*hit = bsearch(&key, s->v, s->n, sizeof(*s->v), entry_order);

	return hit != NULL && view_equal(hit->id, view_str(o->id)) ? hit->token : VIEW_NONE;
}

static const char *
peers_text(struct arena *a, const struct device *d)
{
	struct buf	text;
	const char	*s;

	buf_init(&text, CSV_FIELD_MAX);
	for (size_t i = 0; i < d->n_peers; i++)
		buf_addf(&text, "%s%s", i > 0 ? ";" : "", d->peers[i]);
	s = arena_str(a, buf_view(&text));
	buf_clear(&text);
	return s;
}

static bool
write_tickets(struct authorization *z, const struct cvp_secrets *s, struct known *known,
    struct ticket_folder *to, struct fault *f)
{
	const char	*batch = arena_str(z->arena, view_str(z->b.hex));
	size_t		 n = 0;

	for (size_t i = z->from; i < z->n; i++) {
		struct outcome	*o = &z->v[i];
		struct view	 token;

		if (!outcome_granted(o))
			continue;
		if ((token = find_token(s, o)).n == 0)
			return fault_set(f, FAULT_MALFORMED, "", "the PKI granted \"%s\" and sent no "
			    "token for it", o->d->name);
		if (!o->altered && !write_ticket(z, o, token, to, f))
			return false;
		known[n] = (struct known){
			.d = *o->d, .id = o->id, .batch = batch, .end = o->altered ? KNOWN_ALTERED : "",
			.cancel = cancel_key(z->arena, token, view_str(o->id)),
			.peers = peers_text(z->arena, o->d),
		};
		known[n].d.template = z->b.template;
		if (batch == NULL || known[n++].cancel == NULL)
			return arena_fault(f);
	}
	return tickets_commit(to, f);
}

static bool
name_tickets(struct authorization *z, const struct ticket_folder *to, struct fault *f)
{
	size_t	n = 0;

	for (size_t i = z->from; i < z->n; i++)
		if (outcome_granted(&z->v[i]) && !z->v[i].altered &&
		    (z->v[i].ticket = arena_printf(z->arena, "%s/%s",
		    to->path, to->v[n++].name)) == NULL)
			return arena_fault(f);
	return true;
}

static bool
is_over(void *ctx, const char *id)
{
	struct authorization	*z = ctx;
	const struct known	*k = inventory_by_id(z->inv, view_str(id));

	return k != NULL && k->end[0] != '\0';
}

static size_t
granted_now(const struct authorization *z)
{
	size_t	n = 0;

	for (size_t i = z->from; i < z->n; i++)
		n += outcome_granted(&z->v[i]);
	return n;
}

/* Tickets first, then the inventory: what is in there has a ticket. */
static bool
deliver(struct authorization *z, struct view secrets, struct fault *f)
{
	size_t			 n = granted_now(z);
	struct known		*known = arena_array(z->arena, n + 1, sizeof(*known));
	struct ticket_folder	 to;
	struct cvp_secrets	 s;
	bool			 ok;

	if (known == NULL)
		return arena_fault(f);
	if (!cvp_secrets_decode(secrets, z->arena, &s, f))
		return fault_within(f, "secrets");
	if (!view_equal(s.batch_id, view_of(z->b.id, sizeof(z->b.id))))
		return fault_set(f, FAULT_MALFORMED, "", "the secrets are of another batch");
	qsort(s.v, s.n, sizeof(*s.v), entry_order);
	if (!tickets_open(&to, z->b.out, n, z->arena, f))
		return false;
	to.is_over = is_over;
	to.ctx = z;
	ok = write_tickets(z, &s, known, &to, f) && name_tickets(z, &to, f) &&
	    inventory_merge(z->inv, known, n, f) &&
	    inventory_save(z->a->dir, z->inv, f);
	tickets_close(&to);
	return ok;
}

static bool
open_and_deliver(struct authorization *z, struct view envelope, struct fault *f)
{
	struct secret	plain = { 0 };
	bool		ok;

	ok = (envelope_open(envelope, z->a->key, &z->a->cert, &plain, f) ||
	    fault_within(f, "secrets")) && deliver(z, view_of(plain.p, plain.n), f);
	secret_clear(&plain);
	return ok;
}

/* --- one exchange -------------------------------------------------------------------------- */

static bool
take_answer(struct authorization *z, const struct exchange_answer *r, struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&r->response.controls, CVP_AUTHZ_RESPONSE);
	const struct cmc_content	*secrets;
	struct cvp_authz_response	 said;
	struct view			 envelope = VIEW_NONE;

	if (c == NULL)
		return fault_set(f, FAULT_MALFORMED, "", "the answer holds no authzResponse");
	if (!cvp_authz_response_decode(c->value, z->arena, &said, f) ||
	    !read_results(z, &said, f))
		return false;
	secrets = cmc_content_by_id(&r->response.contents, said.secrets);
	if (said.secrets != 0 && secrets != NULL)
		envelope = secrets->contentinfo;
	if (granted_now(z) > 0 && envelope.n == 0)
		z->gone = true;
	if (z->gone)
		return fault_set(f, FAULT_NOT_FOUND, "", "the PKI has deleted the tokens of batch %s: "
		    "their time is over, authorize these devices again", z->b.hex);
	set_ack(&z->b, c->value, envelope);
	return granted_now(z) == 0 || open_and_deliver(z, envelope, f);
}

/* The Admin's signature is the identity of the request, too (profile, 7.4(8)). */
static bool
ask_with_request(struct authorization *z, struct ask *authz, struct exchange_answer *r,
    struct fault *f)
{
	struct cvp_bind	bind = { .request = ADMIN_REQUEST_ID, .target = { .entry_id = 1 } };
	struct ask	asks[2] = { *authz, { .kind = CVP_AUTHZ_BIND } };
	struct buf	requests, value;
	size_t		mark;
	bool		ok;

	buf_init(&requests, BATCH_REQUEST_MAX);
	buf_init(&value, 256);
	mark = cmc_requests_begin(&requests);
	cmc_put_tcr(&requests, ADMIN_REQUEST_ID, z->p10);
	cmc_requests_end(&requests, mark);
	cvp_put_bind(&value, &bind);
	asks[1].value = buf_view(&value);
	ok = buf_check(&requests, "request", f) && buf_check(&value, "authzBind", f) &&
	    admin_ask_for(z->a, asks, 2, buf_view(&requests), z->arena, &z->x, r, f);
	authz->id = asks[0].id;
	if (ok)
		z->answer = *r;
	buf_clear(&requests);
	buf_clear(&value);
	return ok;
}

static bool
acknowledge(struct authorization *z, struct fault *f)
{
	uint8_t		digest[SHA256_OCTETS] = { 0 };
	struct view	list = view_of(digest, sizeof(digest)), none;
	struct cvp_ack	ack = {
		.batch_id = view_of(z->b.id, sizeof(z->b.id)), .digests = &list, .n_digests = 1,
	};
	struct buf	der;
	size_t		n = 0;
	bool		ok;

	if (!hex_decode(z->b.ack, digest, sizeof(digest), &n) || n != sizeof(digest))
		return fault_set(f, FAULT_MALFORMED, "", "batch %s has no digest to acknowledge",
		    z->b.hex);
	buf_init(&der, 1024);
	cvp_put_ack(&der, &ack);
	ok = buf_check(&der, "authzAck", f) &&
	    admin_ask_one(z->a, CVP_AUTHZ_ACK, buf_view(&der), CMC_UNKNOWN, z->arena, &none, f);
	buf_clear(&der);
	return ok;
}

/* An answer that refuses all of it means that there is nothing to come back to. */
static bool
take_piece(struct authorization *z, const struct exchange_answer *r, uint32_t id, bool *more,
    struct fault *f)
{
	struct exchange_failure	why;
	struct fault		drop = { 0 };

	exchange_failure(r, id, &why);
	*more = why.status == CMC_PARTIAL && why.has_pend;
	if (!*more && !exchange_check(r, id, f)) {
		if (f->kind != FAULT_BUSY && z->n == 0)
			(void)!batch_drop(z->a->dir, &z->b, &drop);
		else if (f->kind != FAULT_BUSY)
			(void)!batch_end(z->a->dir, &z->b, &drop);
		return false;
	}
	if (take_answer(z, r, f))
		return true;
	z->n = z->from;		/* nobody of these has a ticket: nothing to tell of */
	count_results(z);
	if (z->gone)		/* asking again would bring the same */
		(void)!batch_end(z->a->dir, &z->b, &drop);
	return false;
}

/* For the rest, in the same transaction, once the PKI knows that this much is here. */
static bool
ask_for_rest(struct authorization *z, uint32_t id, struct exchange_answer *r, struct fault *f)
{
	struct exchange_failure	why;

	exchange_failure(r, id, &why);
	return acknowledge(z, f) &&
	    admin_ask_rest(z->a, why.pend_token, z->arena, &z->x, r, f);
}

static bool
ask(struct authorization *z, struct ask *one, struct exchange_answer *r, struct fault *f)
{
	return z->p10.n > 0 ? ask_with_request(z, one, r, f) :
	    admin_ask_for(z->a, one, 1, VIEW_NONE, z->arena, &z->x, r, f);
}

static bool
send_request(struct authorization *z, struct fault *f)
{
	struct ask		one = { .kind = CVP_AUTHZ_REQUEST };
	struct exchange_answer	r;
	struct buf		request;
	bool			ok, more;

	z->v = NULL;
	z->n = z->asked_at = 0;
	buf_init(&request, BATCH_REQUEST_MAX);
	ok = batch_request(z->a->dir, &z->b, &request, f);
	one.value = arena_copy(z->arena, buf_view(&request));
	buf_clear(&request);
	if (!ok || (one.value.p == NULL && !arena_fault(f)) ||
	    !cvp_authz_request_decode(one.value, z->arena, CVP_ENTRIES_MAX, &z->asked, f) ||
	    !ask(z, &one, &r, f) || !take_piece(z, &r, one.id, &more, f))
		return false;
	while (more)
		if (!ask_for_rest(z, one.id, &r, f) || !take_piece(z, &r, one.id, &more, f))
			return false;
	z->b.state = BATCH_DELIVERED;
	return batch_update(z->a->dir, &z->b, f);
}

/*
 * The tickets are on disk whatever becomes of the acknowledgement.  A PKI
 * that does not know the batch any more needs none.
 */
bool
authorization_run(struct authorization *z, struct fault *f)
{
	struct fault	why = { 0 };

	z->acknowledged = false;
	if (z->b.state == BATCH_SENT && !send_request(z, f))
		return false;
	if (!altered_give_back(z, f))
		return false;
	if (!acknowledge(z, &why) && why.kind != FAULT_REFUSED)
		return true;
	z->acknowledged = true;
	return batch_end(z->a->dir, &z->b, f);
}
