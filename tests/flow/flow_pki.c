/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "crypt/digest.h"
#include "flow_pki.h"

#define ANSWER_MAX	(4u << 20)

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
	parts.signer = signer_local_link(&p->local);
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
	close_engine(p);
	open_engine(p);
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

/* --- the wire -------------------------------------------------------------------- */

void
flow_wire_init(struct flow_wire *w, struct flow_pki *p)
{
	memset(w, 0, sizeof(*w));
	w->pki = p;
	for (size_t i = 0; i < 8; i++) {
		buf_init(&w->sent[i], ANSWER_MAX);
		buf_init(&w->answers[i], ANSWER_MAX);
	}
}

void
flow_wire_clear(struct flow_wire *w)
{
	for (size_t i = 0; i < 8; i++) {
		buf_clear(&w->sent[i]);
		buf_clear(&w->answers[i]);
	}
}

static bool
wire_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct flow_wire	*w = ctx;
	size_t			 k = w->count++;
	struct job		 j = { .message = message, .source = "flow" };

	if (k < 8)
		buf_add_view(&w->sent[k], message);
	if (w->count == w->lose_request)
		return fault_set(f, FAULT_BUSY, "", "the request was lost");
	buf_init(&j.answer, ANSWER_MAX);
	engine_run(w->pki->engine, &j, 1, w->pki->now);
	if (j.again || w->count == w->lose_answer) {
		buf_clear(&j.answer);
		return fault_set(f, FAULT_BUSY, "", "the answer was lost");
	}
	if (w->count == w->flip_answer)
		j.answer.p[w->flip_at / 8 % j.answer.n] ^= (uint8_t)(1u << (w->flip_at % 8));
	if (k < 8)
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
