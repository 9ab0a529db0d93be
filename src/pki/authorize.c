/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authzRequest and authzAck (RFC 4809, 3.2; part 7.4 of the profile): a list
 * of devices in one signed message, one result each, tokens for the Admin's
 * eyes alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/spki.h"
#include "crypt/digest.h"
#include "pki/grant.h"

#define RESPONSE_MAX	(16u << 20)
#define PIECE_FIRST	1000u	/* entries, while nobody knows how fast this machine is */
#define TOKEN_OCTETS	16

/* --- before any entry is looked at --------------------------------------------- */

/*
 * Who asks, and for whom the secrets are: asked anew for a repeat, whose
 * answer holds the secrets (corrections, 3).
 */
static bool
sender_allowed(struct work *w, const struct cvp_authz_request *q, uint32_t *code)
{
	const char	*name = arena_str(w->a, q->template.name);
	struct fault	*f = &w->fault;
	struct spki	 key;

	*code = CVP_TEMPLATE_UNKNOWN;
	if (name == NULL || !admin_may(&w->sender.admin, name, "authorize"))
		return fault_set(f, FAULT_NOT_FOUND, "RFC 4809, 3.2.4.1",
		    "template \"%.*s\" is unknown or not for Admin \"%s\"",
		    (int)q->template.name.n, (const char *)q->template.name.p,
		    w->sender.admin.name);
	*code = CVP_NO_DELIVERY;
	if (q->delivery != CVP_ENCRYPT_TO ||
	    !view_equal(q->encrypt_to, w->sender.cert.der))
		return fault_set(f, FAULT_REFUSED, "corrections, 3",
		    "secrets are enveloped for the certificate that signs the request");
	if (!spki_decode(w->sender.cert.spki, &key, f))
		return false;
	if (key.kind != SPKI_EC_P256 && key.kind != SPKI_EC_P384 && key.kind != SPKI_RSA)
		return fault_set(f, FAULT_ALGORITHM, "corrections, 3",
		    "a %s key cannot receive secrets", spki_kind_name(key.kind));
	*code = 0;
	return true;
}

static bool
find_template(struct work *w, const struct cvp_authz_request *q, uint32_t *code)
{
	w->template = templates_find(&w->e->templates, q->template.name);
	*code = CVP_TEMPLATE_UNKNOWN;
	return w->template != NULL || fault_set(&w->fault, FAULT_NOT_FOUND,
	    "RFC 4809, 3.2.4.1", "there is no template \"%.*s\"", (int)q->template.name.n,
	    (const char *)q->template.name.p);
}

/* Both sides, in words that the Admin reads too. */
static bool
is_another(struct work *w, const struct cvp_authz_request *q, struct fault *f)
{
	char	theirs[2 * SHA256_OCTETS + 1] = "not said", ours[2 * SHA256_OCTETS + 1];

	if (q->template.digest.n == SHA256_OCTETS)
		hex_encode(q->template.digest, theirs);
	hex_encode(view_of(w->template->digest, sizeof(w->template->digest)), ours);
	return fault_set(f, FAULT_REFUSED, "RFC 4809, 3.2.5", "template %s: asked for version %"
	    PRIu64 ", sha256 %s; here it is version %u, sha256 %s", w->template->t.name,
	    q->template.version.v, theirs, w->template->t.version, ours);
}

static bool
template_fits(struct work *w, const struct cvp_authz_request *q, uint32_t *code)
{
	const struct template_entry	*t = w->template;
	struct fault			*f = &w->fault;

	*code = CVP_TEMPLATE_CHANGED;
	if ((q->template.version.present && q->template.version.v != t->t.version) ||
	    (q->template.digest.n > 0 &&
	    !view_equal(q->template.digest, view_of(t->digest, sizeof(t->digest)))))
		return is_another(w, q, f);
	*code = CVP_BATCH_TOO_LARGE;
	if (q->n_entries > t->t.entries_max)
		return fault_set(f, FAULT_LIMIT, "RFC 4809, 3.2.2",
		    "%zu entries, template \"%s\" takes %u", q->n_entries, t->t.name,
		    t->t.entries_max);
	*code = 0;
	return true;
}

/* What holds for all entries is refused as a whole. */
static bool
formats_fit(const struct grant_frame *fr, struct fault *f)
{
	const struct cvp_terms	*q = fr->request_terms;
	struct secret_format	 sf;

	return (q->id_format == NULL || (secret_format_read(q->id_format, &sf, f) &&
	    secret_format_check_id(&sf, f))) && (q->token_format == NULL ||
	    (secret_format_read(q->token_format, &sf, f) && secret_format_check_token(&sf, f)));
}

/* --- minting -------------------------------------------------------------------- */

static bool
wanted_id_free(struct work *w, struct grant *g)
{
	struct store_authz	z;
	struct buf		id;
	struct fault		why = { 0 };
	bool			ok;

	if (g->entry->wanted_id.n == 0)
		return true;
	buf_init(&id, AUTHZ_ID_OCTETS_MAX);
	ok = prepare_id(g->entry->wanted_id, &id, &why) &&
	    view_equal(buf_view(&id), g->entry->wanted_id) &&
	    store_authz_find(w->e->p.store, buf_view(&id), w->a, &z, &why) && z.n == 0;
	buf_clear(&id);
	if (!ok)
		g->code = CVP_WANTED_ID;
	return ok;
}

/* What is granted, as questions for ids and tokens. */
static bool
list_mints(struct work *w, const struct cvp_authz_request *q, const struct grant *g,
    struct mint_request *m, struct fault *f)
{
	struct mint_entry	*entries = arena_array(w->a, q->n_entries, sizeof(*entries));

	if (entries == NULL)
		return arena_fault(f);
	m->entries = entries;
	for (size_t i = 0; i < q->n_entries; i++) {
		struct mint_entry	*e = &entries[m->n];

		if (g[i].code != 0)
			continue;
		e->entry_id = q->entries[i].entry_id;
		e->format = g[i].format;
		e->wanted_id = q->entries[i].wanted_id;
		e->facts.template = view_str(w->template->t.name);
		e->facts.admin = view_str(w->sender.admin.name);
		e->facts.replaces = g[i].replaces;
		e->facts.state = STORE_AUTHZ_OPEN;
		e->facts.epoch = w->e->epoch;
		memcpy(e->facts.content, w->template->content, SHA256_OCTETS);
		sha256(g[i].der, e->facts.terms_digest);
		sha256(view_str(g[i].label), e->facts.label_digest);
		m->n++;
	}
	return true;
}

static int64_t
monotonic_us(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Tokens are most of the work: what one takes says how many are a piece. */
static bool
exchange_timed(struct engine *e, size_t n, struct fault *f)
{
	int64_t	from = monotonic_us();

	if (!engine_exchange(e, 1, f))
		return false;
	e->mint_us = (monotonic_us() - from) / (int64_t)n + 1;
	return true;
}

/* Ask the signer for ids and tokens of all that are granted. */
static bool
mint(struct work *w, const struct grant_frame *fr, const struct cvp_authz_request *q,
    struct grant *g, struct view *secrets, struct fault *f)
{
	struct mint_request	 m = { .batch_id = q->batch_id, .recipient = q->encrypt_to,
		.message = w->message, .asked_at = w->now,
		.formats = fr->formats, .n_formats = fr->n_formats };
	struct mint_answer	 answer;
	struct frame		 frame;
	size_t			 used, k = 0;

	if (!list_mints(w, q, g, &m, f))
		return false;
	if (m.n == 0)
		return true;
	buf_reset(&w->e->questions);
	signer_put_mint(&w->e->questions, &m);
	if (!exchange_timed(w->e, m.n, f) ||
	    !frame_take(buf_view(&w->e->answers), FRAME_BODY_MAX, &frame, &used, f) ||
	    !signer_get_mint(&frame, w->a, &answer, f))
		return false;
	for (size_t i = 0; i < q->n_entries; i++) {
		if (g[i].code != 0)
			continue;
		g[i].id = arena_copy(w->a, answer.list[k].id);
		g[i].sealed = arena_copy(w->a, answer.list[k++].sealed);
	}
	*secrets = arena_copy(w->a, answer.secrets);
	return secrets->p != NULL || arena_fault(f);
}

/* --- storing -------------------------------------------------------------------- */

static bool
store_grant(struct work *w, const struct grant *g, struct store_batch *b, struct fault *f)
{
	struct store_authz	z = {
		.id = arena_str(w->a, g->id),
		.admin = w->sender.admin.n, .batch = b->n, .template = w->template->n,
		.entry_id = g->entry->entry_id, .label = g->label, .terms = g->der,
		.window_from = g->from, .window_to = g->to,
		.confirm_within = w->template->t.confirm_seconds,
		.replaces = g->replaces, .subject = g->subject, .sans = g->sans, .created = w->now,
		.state = g->from > w->now ? STORE_AUTHZ_WAITING : STORE_AUTHZ_OPEN,
		.sealed = g->sealed, .epoch = w->e->epoch, .changed = w->now,
	};
	char			actor[160], object[64];

	if (z.id == NULL)
		return arena_fault(f);
	if (g->terms.lifecycle != NULL && g->terms.lifecycle->confirm_within.present)
		z.confirm_within = (int64_t)g->terms.lifecycle->confirm_within.v;
	sha256(g->der, z.content_digest);
	if (!store_authz_insert(w->e->p.store, &z, f) || !grant_names(w->e, g, z.n, f))
		return false;
	if (b->first == 0)
		b->first = z.n;
	snprintf(actor, sizeof(actor), "admin:%s", w->sender.admin.name);
	snprintf(object, sizeof(object), "authz:%" PRId64, z.n);
	return note_audit(w->e, w->now, actor, "authz granted", object, z.id, f);
}

/*
 * The label of an Admin's certificate says whose it will be.  Who has not all
 * rights can make one for himself, or for somebody who is not there yet.
 */
static bool
may_speak_for(struct work *w, struct grant *g, struct fault *f)
{
	struct store_admin	ad;

	if (!template_makes_admins(&w->template->t))
		return true;
	if (!store_admin_find(w->e->p.store, g->label, w->a, &ad, f))
		return false;
	if (ad.n != 0 && ad.n != w->sender.admin.n && !admin_may_all(&w->sender.admin)) {
		g->code = CVP_REQUESTER_MAY_NOT;
		g->why = arena_printf(w->a, "\"%s\" is another Admin", ad.name);
	}
	return true;
}

/* Few lists have more than one pair of formats. */
static void
set_format(struct grant_frame *fr, struct grant *g)
{
	for (size_t i = 0; i < fr->n_formats; i++)
		if (memcmp(&fr->formats[i], &g->formats, sizeof(g->formats)) == 0) {
			g->format = (uint32_t)i;
			return;
		}
	if (fr->n_formats == MINT_FORMATS_MAX) {
		(void)grant_refuse(fr, g, CVP_SECRET_FORMAT,
		    "too many formats of ids and tokens in one request");
		return;
	}
	g->format = (uint32_t)fr->n_formats;
	fr->formats[fr->n_formats++] = g->formats;
}

static bool
judge_entries(struct work *w, struct grant_frame *fr, const struct cvp_authz_request *q,
    struct grant *g, struct fault *f)
{
	fr->formats = arena_array(w->a, MINT_FORMATS_MAX, sizeof(*fr->formats));
	if (fr->formats == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < q->n_entries; i++) {
		if (!grant_entry(fr, &q->entries[i], &g[i], f))
			return false;
		if (g[i].code == 0 && !may_speak_for(w, &g[i], f))
			return false;
		if (g[i].code == 0 && wanted_id_free(w, &g[i]))
			set_format(fr, &g[i]);
	}
	return true;
}

/* Two entries of this request with one name, or one id: the later one is refused. */
#define WANTED	"\1"	/* before an id; no name begins so */

struct seen {
	const char	*text;
	size_t		 entry;
};

static int
seen_order(const void *a, const void *b)
{
	const struct seen	*x = a, *y = b;
	int			 c = strcmp(x->text, y->text);

	return c != 0 ? c : (x->entry > y->entry) - (x->entry < y->entry);
}

static bool
refuse_twins(struct work *w, const struct cvp_authz_request *q, struct grant *g,
    struct fault *f)
{
	size_t		 n = 0;
	struct seen	*all;

	for (size_t i = 0; i < q->n_entries; i++)
		n += g[i].code == 0 ? g[i].granted.holder.nidentities + 2 : 0;
	if ((all = arena_array(w->a, n + 1, sizeof(*all))) == NULL)
		return arena_fault(f);
	n = 0;
	for (size_t i = 0; i < q->n_entries; i++) {
		for (size_t k = 0; g[i].code == 0 && k < g[i].granted.holder.nidentities; k++)
			all[n++] = (struct seen){ g[i].granted.identities[k].text, i };
		if (g[i].code == 0)
			all[n++] = (struct seen){ g[i].subject_key, i };
		if (g[i].code == 0 && g[i].entry->wanted_id.n > 0) {
			all[n].entry = i;
			all[n].text = arena_printf(w->a, WANTED "%.*s",
			    (int)g[i].entry->wanted_id.n, (const char *)g[i].entry->wanted_id.p);
			if (all[n++].text == NULL)
				return arena_fault(f);
		}
	}
	qsort(all, n, sizeof(*all), seen_order);
	for (size_t i = 1; i < n; i++) {
		struct grant	*late = &g[all[i].entry];

		if (all[i].text[0] == '\0' || strcmp(all[i].text, all[i - 1].text) != 0 ||
		    all[i].entry == all[i - 1].entry || late->code != 0)
			continue;
		late->code = all[i].text[0] == WANTED[0] ? CVP_WANTED_ID : CVP_DUPLICATE;
		late->why = arena_printf(w->a, "\"%s\" stands in entry %u too", all[i].text,
		    q->entries[all[i - 1].entry].entry_id);
		if (late->code == CVP_WANTED_ID)
			late->why = NULL;
	}
	return true;
}

/* --- answering ------------------------------------------------------------------- */

static struct view
encode_response(struct work *w, const struct cvp_authz_request *q, const struct grant *g,
    bool has_secrets)
{
	struct cvp_result	 *results = arena_array(w->a, q->n_entries, sizeof(*results));
	struct cvp_failure	 *fails = arena_array(w->a, q->n_entries, sizeof(*fails));
	struct cvp_authz_response r = {
		.batch_id = q->batch_id, .results = results, .n_results = q->n_entries,
		.template = {
			.name = view_str(w->template->t.name),
			.version = { true, w->template->t.version },
			.digest = view_of(w->template->digest, sizeof(w->template->digest)),
		},
		.secrets = has_secrets ? ANSWER_CONTENT_ID : 0,
	};
	struct buf		 out;
	struct view		 der;

	if (results == NULL || fails == NULL)
		return VIEW_NONE;
	for (size_t i = 0; i < q->n_entries; i++) {
		results[i].entry_id = q->entries[i].entry_id;
		if (g[i].code == 0) {
			results[i].status = g[i].modified ? CVP_GRANTED_MODIFIED : CVP_GRANTED;
			results[i].id = g[i].id;
			results[i].effective = g[i].modified ? &g[i].terms : NULL;
		} else {
			fails[i].code = g[i].code;
			fails[i].detail = view_str(g[i].why);
			fails[i].field = view_str(g[i].field);
			results[i].status = CVP_FAILED;
			results[i].failure = &fails[i];
		}
	}
	buf_init(&out, RESPONSE_MAX);
	cvp_put_authz_response(&out, &r);
	der = buf_ok(&out) ? arena_copy(w->a, buf_view(&out)) : VIEW_NONE;
	buf_clear(&out);
	return der;
}

static void
say(struct work *w, const struct cmc_control *c, const struct store_batch *b,
    struct view response, struct view secrets)
{
	if (b->token.n > 0)
		answer_partial(&w->answer, c->id, b->token, w->now);
	else
		answer_status(&w->answer, CMC_SUCCESS, c->id);
	answer_control(&w->answer, CVP_AUTHZ_RESPONSE, response);
	w->answer.content = secrets;
}

/*
 * Entries that some seconds are enough for (corrections, 20).  A request that
 * stands beside its authorization is not parted from it.
 */
static size_t
piece_of(const struct work *w, size_t left)
{
	int64_t	budget = w->e->p.config->authorize_seconds * 1000000, n = PIECE_FIRST;

	if (w->errand == ERRAND_BIND)
		return left;
	if (budget == 0)
		n = 1;
	else if (w->e->mint_us > 0)
		n = budget / w->e->mint_us;
	n = n < 1 ? 1 : n;
	return (uint64_t)n < left ? (size_t)n : left;
}

/* What is to be asked for the next time, if anything is. */
static bool
set_rest(struct work *w, const struct cvp_authz_request *whole, size_t done,
    struct store_batch *b)
{
	uint8_t	*token = arena_alloc(w->a, TOKEN_OCTETS);

	if (token == NULL)
		return arena_fault(&w->fault);
	b->next += (int64_t)done;
	b->token = b->message = VIEW_NONE;
	if ((size_t)b->next == whole->n_entries)
		return true;
	rng_fill(w->e->p.rng, token, TOKEN_OCTETS);
	b->token = view_of(token, TOKEN_OCTETS);
	b->message = w->message;
	return true;
}

/* A piece of it, or all. */
static bool
grant_next(struct work *w, const struct cmc_control *c, const struct cvp_authz_request *whole,
    struct store_batch *b)
{
	struct cvp_authz_request	 part = *whole, *q = &part;
	struct grant_frame	 fr = {
		.e = w->e, .a = w->a, .now = w->now, .admin = &w->sender.admin,
		.template = w->template,
		.request_terms = &q->terms,
	};
	struct grant		*g;
	struct view		 parts[2];
	size_t			 granted = 0;
	struct fault		*f = &w->fault;

	part.entries += b->next;
	part.n_entries = piece_of(w, whole->n_entries - (size_t)b->next);
	b->secrets = VIEW_NONE;
	b->first = 0;
	if ((g = arena_array(w->a, q->n_entries, sizeof(*g))) == NULL)
		return arena_fault(f);
	if (!template_terms(w->template, w->a, &fr.template_terms, f))
		return false;
	if (!formats_fit(&fr, f)) {
		work_refuse_code(w, c->id, CVP_SECRET_FORMAT);
		return true;
	}
	if (!judge_entries(w, &fr, q, g, f) || !refuse_twins(w, q, g, f) ||
	    !mint(w, &fr, q, g, &b->secrets, f) ||
	    (b->n == 0 && !store_batch_insert(w->e->p.store, b, f)))
		return false;
	for (size_t i = 0; i < q->n_entries; i++) {
		if (g[i].code != 0)
			continue;
		granted++;
		if (!store_grant(w, &g[i], b, f))
			return false;
	}
	b->response = encode_response(w, q, g, b->secrets.n > 0);
	if (b->response.n == 0)
		return fault_set(f, FAULT_LIMIT, "", "an authzResponse above %u octets",
		    RESPONSE_MAX);
	parts[0] = b->response;
	parts[1] = b->secrets;
	digest_parts(DIGEST_SHA256, parts, 2, b->ack_digest);
	if (!set_rest(w, whole, q->n_entries, b) || !store_batch_answer(w->e->p.store, b, f))
		return false;
	log_line(LOG_LEVEL_INFO, "authorized", "admin=\"%s\" template=\"%s\" entries=%zu granted=%zu",
	    w->sender.admin.name, w->template->t.name, q->n_entries, granted);
	say(w, c, b, b->response, b->secrets);
	return true;
}

/* They were deleted since: the answer must not point to what is not there. */
static bool
without_secrets(struct work *w, struct view *response, struct fault *f)
{
	struct cvp_authz_response	r;
	struct buf			out;

	if (!cvp_authz_response_decode(*response, w->a, &r, f))
		return false;
	r.secrets = 0;
	buf_init(&out, RESPONSE_MAX);
	cvp_put_authz_response(&out, &r);
	*response = buf_ok(&out) ? arena_copy(w->a, buf_view(&out)) : VIEW_NONE;
	buf_clear(&out);
	return response->p != NULL || arena_fault(f);
}

/*
 * The same batchId again: the stored answer if the octets are the same, else
 * badRequest.  All checks of this Admin were made anew before.
 */
static bool
repeat_batch(struct work *w, const struct cmc_control *c, struct store_batch *b,
    const uint8_t digest[32])
{
	struct view	response = b->response;

	if (memcmp(b->request_digest, digest, 32) != 0) {
		fault_set(&w->fault, FAULT_CONFLICT, "RFC 4809, 3.2.4.4",
		    "this batchId was used for another request");
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	/* The rest is asked for in the transaction of the answer, which is this one. */
	if (b->token.n > 0 && !w->polls) {
		b->message = w->message;
		if (!store_batch_answer(w->e->p.store, b, &w->fault))
			return false;
	}
	if (b->secrets.n == 0 && !without_secrets(w, &response, &w->fault))
		return false;
	log_line(LOG_LEVEL_INFO, "authorization repeated", "admin=\"%s\" batch=%" PRId64,
	    w->sender.admin.name, b->n);
	say(w, c, b, response, b->secrets);
	return true;
}

/* A piece is repeated until the Admin has it; then comes the next one. */
static bool
goes_on(const struct store_batch *b, const uint8_t digest[32])
{
	return b->token.n > 0 && b->acked != 0 && memcmp(b->request_digest, digest, 32) == 0;
}

static bool
stands_for(struct work *w, const struct store_batch *b, bool *yes)
{
	const struct cmc_control	*c;
	struct cms_signed		 m;
	struct cmc_request		 data;
	struct view			 transaction = VIEW_NONE;

	*yes = false;
	if (!message_open(b->message, w->a, &m, &w->fault) ||
	    !cmc_request_decode(m.content, w->a, &cmc_limits_admin, &data, NULL, &w->fault))
		return false;
	if ((c = cmc_find(&data.controls, CMC_TRANSACTION_ID)) != NULL &&
	    !cmc_transaction_id(c->value, &transaction, &w->fault))
		return false;
	if (!view_equal(transaction, w->verified.transaction))
		return true;
	*yes = w->polls = true;
	w->errand = ERRAND_OTHER;
	w->verified.data = data;
	w->message = b->message;
	return true;
}

bool
authorize_poll(struct work *w, const struct cmc_control *c, bool *taken)
{
	struct store_batch	b;
	struct view		token;
	struct fault		why = { 0 };

	*taken = false;
	if (!cmc_octets(c->value, 1, CMC_PEND_TOKEN_MAX, &token, &why))
		return true;	/* whose token this is not either: approval.c says so */
	return store_batch_find_token(w->e->p.store, w->sender.admin.n, token, w->a, &b,
	    &w->fault) && (b.n == 0 || stands_for(w, &b, taken));
}

/* Some of it was granted, and its message is gone: an end would read as all of it. */
static bool
is_forgotten(const struct store_batch *b, const struct cvp_authz_request *q)
{
	return b->next > 0 && (uint64_t)b->next < q->n_entries && b->token.n == 0;
}

static bool
refuse_forgotten(struct work *w, const struct cmc_control *c, const struct store_batch *b)
{
	work_refuse(w, c->id, CMC_BAD_REQUEST);
	fault_set(&w->fault, FAULT_REFUSED, "corrections, 20", "of this list the first %" PRId64
	    " entries were answered, and nobody asked for the rest within %d days: authorize "
	    "them by another one", b->next, REQUEST_SECONDS_MAX / 86400);
	w->answer.status[w->answer.n_status - 1].text = arena_printf(w->a, "%s", w->fault.text);
	return true;
}

bool
authorize_run(struct work *w, const struct cmc_control *c)
{
	struct cvp_authz_request	q;
	struct store_batch		b;
	uint8_t				digest[32];
	uint32_t			code = 0;

	if (!cvp_authz_request_decode(c->value, w->a, CVP_ENTRIES_MAX, &q, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	sha256(c->value, digest);
	if (!sender_allowed(w, &q, &code)) {
		work_refuse_code(w, c->id, code);
		return true;
	}
	if (!store_batch_find(w->e->p.store, w->sender.admin.n, q.batch_id, w->a, &b,
	    &w->fault))
		return false;
	if (b.n != 0 && is_forgotten(&b, &q) && memcmp(b.request_digest, digest, 32) == 0)
		return refuse_forgotten(w, c, &b);
	if (b.n != 0 && !goes_on(&b, digest))
		return repeat_batch(w, c, &b, digest);
	if (!find_template(w, &q, &code) || !template_fits(w, &q, &code)) {
		work_refuse_code(w, c->id, code);
		if (code == CVP_TEMPLATE_CHANGED)
			w->answer.status[w->answer.n_status - 1].text = w->fault.text;
		return true;
	}
	if (b.n == 0)
		b = (struct store_batch){
			.admin = w->sender.admin.n, .batch_id = q.batch_id, .created = w->now,
		};
	memcpy(b.request_digest, digest, sizeof(digest));
	return grant_next(w, c, &q, &b);
}

/* The Admin has the secrets on its disk: ours are deleted. */
bool
authorize_ack(struct work *w, const struct cmc_control *c)
{
	struct cvp_ack		ack;
	struct store_batch	b;
	bool			done;

	if (!cvp_ack_decode(c->value, w->a, &ack, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	if (!store_batch_find(w->e->p.store, w->sender.admin.n, ack.batch_id, w->a, &b,
	    &w->fault))
		return false;
	for (size_t i = 0; i < ack.n_digests; i++)
		if (b.n == 0 || !view_equal(ack.digests[i],
		    view_of(b.ack_digest, sizeof(b.ack_digest)))) {
			fault_set(&w->fault, FAULT_NOT_FOUND, "corrections, 13",
			    "authzAck of an unknown answer");
			work_refuse(w, c->id, CMC_BAD_REQUEST);
			return true;
		}
	if (!store_batch_ack(w->e->p.store, b.n, w->now, &done, &w->fault))
		return false;
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	return true;
}
