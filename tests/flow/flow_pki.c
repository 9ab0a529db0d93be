/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "codec/crl.h"
#include "codec/cvp.h"
#include "crypt/digest.h"
#include "flow_pki.h"
#include "store/store_log.h"

#define ANSWER_MAX	(4u << 20)
#define ARENA_MAX	(16u << 20)

static void
must(bool ok, const struct fault *f)
{
	if (!ok) {
		fprintf(stderr, "flow: %s\n", f->text);
		abort();
	}
}

const char *
flow_path(const struct flow_pki *p, const char *name, char out[FLOW_PATH_MAX])
{
	struct fault	f = { 0 };

	must(path_join(out, FLOW_PATH_MAX, p->base, name, &f), &f);
	return out;
}

static int64_t
flow_clock(void *ctx)
{
	return ((struct flow_pki *)ctx)->now;
}

/* The signer, until it dies: then nobody knows what it has done. */
static bool
signer_exchange(void *ctx, struct view questions, size_t count, struct buf *answers,
    struct fault *f)
{
	struct flow_pki		*p = ctx;
	struct signer_link	 l = signer_local_link(&p->local);

	if (p->signer_dies == 1)
		return fault_set(f, FAULT_BUSY, "", "the signer is gone");
	if (p->signer_dies > 1)
		p->signer_dies--;
	return l.exchange(l.ctx, questions, count, answers, f);
}

static void
open_engine(struct flow_pki *p)
{
	struct engine_parts	parts = { .rng = rng_system() };
	char			path[CONFIG_PATH_MAX];
	struct fault		f = { 0 };

	p->local.clock = flow_clock;
	p->local.clock_ctx = p;
	must(config_load(p->r.staging, &p->config, &f), &f);
	p->local.signer = signer_open(&p->config, true, &f);
	must(p->local.signer != NULL &&
	    path_join(path, sizeof(path), p->r.staging, "pki.db", &f), &f);
	p->store = store_open(path, STORE_OPEN, (struct store_digest){ sha256 }, &f);
	must(p->store != NULL, &f);
	parts.config = &p->config;
	parts.store = p->store;
	p->signer_dies = 0;
	parts.signer = (struct signer_link){ signer_exchange, p };
	p->engine = engine_new(&parts, p->now, &f);
	must(p->engine != NULL, &f);
}

static void
close_engine(struct flow_pki *p)
{
	engine_free(p->engine);
	store_close(p->store);
	signer_close(p->local.signer);
	p->engine = NULL;
}

void
flow_start(struct flow_pki *p, enum key_kind kind)
{
	static char	dir[FLOW_PATH_MAX];
	struct fault	f = { 0 };

	memset(p, 0, sizeof(*p));
	p->now = FLOW_NOW;
	snprintf(p->base, sizeof(p->base), "/tmp/pki4ipsec-flow-XXXXXX");
	if (mkdtemp(p->base) == NULL)
		abort();
	p->q = (struct init_request){
		.dir = flow_path(p, "vpn", dir), .name = "Flow VPN",
		.url = "http://127.0.0.1:8080", .admin = "admin", .key = kind, .now = p->now,
	};
	must(init_stage(&p->q, &p->r, &f), &f);
	open_engine(p);
}

void
flow_restart(struct flow_pki *p)
{
	flow_restart_with(p, NULL, NULL);
}

void
flow_write_template(struct flow_pki *p, const char *text)
{
	char		path[2048];
	struct buf	whole;
	struct fault	f = { 0 };

	snprintf(path, sizeof(path), "%s/templates/s2s-gateway.conf", p->r.staging);
	buf_init(&whole, 1u << 17);
	buf_add_str(&whole, text);
	if (strstr(text, "renewal = ") == NULL)
		buf_add_str(&whole, "renewal = \"yes\"\n");
	if (strstr(text, "update = ") == NULL)
		buf_add_str(&whole, "update = \"no\"\n");
	must(file_write(path, buf_view(&whole), 0644, &f), &f);
	buf_clear(&whole);
}

void
flow_restart_with(struct flow_pki *p, void (*between)(void *ctx), void *ctx)
{
	close_engine(p);
	if (between != NULL)
		between(ctx);
	open_engine(p);
}

void
flow_turn(struct flow_pki *p, int64_t to)
{
	struct fault	f = { 0 };
	int64_t		mark;

	if (to < p->now)
		must(store_begin(p->store, &f) &&
		    store_counter_get(p->store, STORE_COUNTER_CLOCK, &mark, &f) &&
		    store_counter_add(p->store, STORE_COUNTER_CLOCK, to - mark, NULL, &f) &&
		    store_commit(p->store, &f), &f);
	if (to < p->now) {
		p->now = to;
		flow_restart(p);
	}
	p->now = to;
}

void
flow_pass(struct flow_pki *p, int64_t seconds)
{
	struct fault	f = { 0 };

	p->now += seconds;
	must(engine_tick(p->engine, p->now, &f), &f);
}

void
flow_stop(struct flow_pki *p)
{
	struct fault	f = { 0 };

	close_engine(p);
	init_end(&p->r);
	must(dir_remove(p->base, &f), &f);
}

void
flow_authorize(struct flow_pki *p, const char *template, const char *identity,
    struct ticket *t)
{
	struct identity	who;
	struct secret	token = { 0 };
	struct buf	shown;
	struct fault	f = { 0 };

	memset(t, 0, sizeof(*t));
	must(identity_parse_tagged(view_str(identity), &who, &f) &&
	    engine_authorize_operator(p->engine, template, &who, "label", p->now, t->id, &token,
	    &t->not_after, &f), &f);
	buf_init(&shown, sizeof(t->token) - 1);
	token_display(view_of(token.p, token.n), SECRET_GROUP, &shown);
	memcpy(t->token, shown.p, shown.n);
	buf_clear(&shown);
	secret_clear(&token);
	snprintf(t->url, sizeof(t->url), "%s/cmc", p->q.url);
	memcpy(t->anchor, p->r.root_sha256, sizeof(t->anchor));
	snprintf(t->identities[t->n_identities++], sizeof(t->identities[0]), "%s", identity);
	snprintf(t->template, sizeof(t->template), "%s", template);
	snprintf(t->key, sizeof(t->key), "%s", "ec-p256");
	snprintf(t->label, sizeof(t->label), "label");
}

/* --- what is known ------------------------------------------------------------------ */

struct looking {
	int64_t		 authz;
	struct flow_seen *seen;
	uint8_t		 sha1[SHA1_OCTETS];
	uint8_t		 serial[STORE_SERIAL_OCTETS];
};

static bool
see_cert(void *ctx, const struct store_cert *c, struct fault *f)
{
	struct looking	*l = ctx;

	(void)f;
	if (c->authz != l->authz)
		return true;
	l->seen->certs++;
	l->seen->cert = c->state;
	l->seen->cert_n = c->n;
	memcpy(l->sha1, c->sha1, sizeof(l->sha1));
	memcpy(l->serial, c->serial, sizeof(l->serial));
	return true;
}

static bool
see_event(void *ctx, const struct store_event *e, struct fault *f)
{
	struct looking	*l = ctx;

	(void)f;
	if (e->authz != l->authz)
		return true;
	l->seen->events |= FLOW_EVENT(e->kind);
	if (e->failure != 0)
		l->seen->failure = e->failure;
	if (e->detail[0] != '\0')
		snprintf(l->seen->detail, sizeof(l->seen->detail), "%.*s",
		    (int)sizeof(l->seen->detail) - 1, e->detail);
	return true;
}

static void
see_public(const struct flow_pki *p, struct looking *l)
{
	size_t			 n;
	const struct object	*o = engine_objects(p->engine, &n);
	struct crl_revoked	 entry;
	struct crl		 crl;
	struct buf		 der;
	struct fault		 f = { 0 };
	bool			 found;

	buf_init(&der, CERT_OCTETS_MAX);
	must(engine_certificate(p->engine, l->sha1, &der, &l->seen->published, &f), &f);
	buf_clear(&der);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(o[i].content_type, "application/pkix-crl") != 0)
			continue;
		must(crl_decode(buf_view(&o[i].body), &crl, &f) && crl_find(&crl,
		    view_of(l->serial, sizeof(l->serial)), &found, &entry, &f), &f);
		l->seen->on_crl |= found;
	}
}

void
flow_look(const struct flow_pki *p, const char *id, struct flow_seen *out)
{
	struct arena			*a = arena_new(ARENA_MAX);
	struct store_cert_filter	 all = { .max = 1u << 20 };
	struct looking			 l = { .seen = out };
	struct store_authz		 z;
	struct fault			 f = { 0 };

	memset(out, 0, sizeof(*out));
	must(a != NULL && store_authz_find(p->store, view_str(id), a, &z, &f), &f);
	if (z.n == 0)
		abort();
	l.authz = z.n;
	out->state = z.state;
	out->has_token = z.sealed.n > 0;
	out->failed_proofs = z.failed_proofs;
	must(store_cert_walk(p->store, &all, see_cert, &l, &f) &&
	    store_event_walk(p->store, 0, 1u << 20, see_event, &l, &f), &f);
	if (out->certs > 0)
		see_public(p, &l);
	arena_free(a);
}

/* --- the wire -------------------------------------------------------------------- */

void
flow_wire_init(struct flow_wire *w, struct flow_pki *p)
{
	memset(w, 0, sizeof(*w));
	w->pki = p;
	for (size_t i = 0; i < FLOW_KEPT; i++) {
		buf_init(&w->sent[i], ANSWER_MAX);
		buf_init(&w->answers[i], ANSWER_MAX);
	}
}

void
flow_wire_clear(struct flow_wire *w)
{
	for (size_t i = 0; i < FLOW_KEPT; i++) {
		buf_clear(&w->sent[i]);
		buf_clear(&w->answers[i]);
	}
}

void
flow_wire_again(struct flow_wire *w)
{
	w->count = w->lose_request = w->lose_answer = w->flip_answer = w->flip_at = 0;
	w->before = NULL;
	for (size_t i = 0; i < FLOW_KEPT; i++) {
		buf_reset(&w->sent[i]);
		buf_reset(&w->answers[i]);
	}
}

static bool
wire_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct flow_wire	*w = ctx;
	size_t			 k = w->count++;
	struct job		 j = { .message = message, .source = "flow" };

	if (k < FLOW_KEPT)
		buf_add_view(&w->sent[k], message);
	if (w->count == w->lose_request)
		return fault_set(f, FAULT_BUSY, "", "the request was lost");
	if (w->before != NULL)
		w->before(w->ctx, w->count);
	buf_init(&j.answer, ANSWER_MAX);
	engine_run(w->pki->engine, &j, 1, w->pki->now);
	if (j.again || w->count == w->lose_answer) {
		buf_clear(&j.answer);
		return fault_set(f, FAULT_BUSY, "", "the answer was lost");
	}
	if (w->count == w->flip_answer)
		j.answer.p[w->flip_at / 8 % j.answer.n] ^= (uint8_t)(1u << (w->flip_at % 8));
	if (k < FLOW_KEPT)
		buf_add_view(&w->answers[k], buf_view(&j.answer));
	buf_add_view(answer, buf_view(&j.answer));
	buf_clear(&j.answer);
	return true;
}

struct transport
flow_wire(struct flow_wire *w)
{
	return (struct transport){ wire_exchange, w };
}
