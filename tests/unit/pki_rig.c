/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "codec/oid.h"
#include "pki_rig.h"

#define ANSWER_MAX	(32u << 20)

void
rig_must(bool ok, const struct fault *f)
{
	if (ok)
		return;
	fprintf(stderr, "rig: %s\n", f->text);
	abort();
}

static int64_t
clock_of(void *ctx)
{
	return ((struct rig *)ctx)->now;
}

static bool
ask_signer(void *ctx, struct view questions, size_t count, struct buf *answers,
    struct fault *f)
{
	struct rig		*r = ctx;
	struct signer_link	 l = signer_local_link(&r->local);

	if (r->lose != NULL && r->lose(r->lose_ctx, questions))
		return fault_set(f, FAULT_BUSY, "", "the signer is gone");
	return l.exchange(l.ctx, questions, count, answers, f);
}

void
rig_open(struct rig *r)
{
	struct engine_parts	parts = { .rng = rng_system(), .signer = { ask_signer, r } };
	char			path[RIG_PATH_MAX * 2];
	struct fault		f = { 0 };

	r->local.clock = clock_of;
	r->local.clock_ctx = r;
	rig_must(config_load(r->r.staging, &r->config, &f), &f);
	r->config.threads = 1;
	r->local.signer = signer_open(&r->config, true, &f);
	rig_must(r->local.signer != NULL &&
	    path_join(path, sizeof(path), r->r.staging, "pki.db", &f), &f);
	r->store = store_open(path, STORE_OPEN, (struct store_digest){ sha256 }, &f);
	rig_must(r->store != NULL, &f);
	parts.config = &r->config;
	parts.store = r->store;
	r->engine = engine_new(&parts, r->now, &f);
	rig_must(r->engine != NULL, &f);
}

void
rig_close(struct rig *r)
{
	engine_free(r->engine);
	store_close(r->store);
	signer_close(r->local.signer);
	r->engine = NULL;
	r->store = NULL;
	r->local.signer = NULL;
}

static void
enroll_admin(struct rig *r)
{
	struct ticket	t;
	struct fault	f = { 0 };

	rig_must(ticket_read(buf_view(&r->r.ticket), &t, &f), &f);
	rig_enroll(r, &t, "admin", &r->admin);
	ticket_clear(&t);
}

void
rig_start(struct rig *r)
{
	static char	dir[RIG_PATH_MAX];
	struct fault	f = { 0 };

	memset(r, 0, sizeof(*r));
	r->now = RIG_NOW;
	log_init("unit", LOG_LEVEL_ERROR);
	snprintf(r->base, sizeof(r->base), "/tmp/pki4ipsec-unit-XXXXXX");
	if (mkdtemp(r->base) == NULL || (r->arena = arena_new(256u << 20)) == NULL)
		abort();
	rig_must(path_join(dir, sizeof(dir), r->base, "vpn", &f), &f);
	r->q = (struct init_request){
		.dir = dir, .name = "Unit VPN", .url = "http://127.0.0.1:8080",
		.admin = "admin", .key = KEY_EC_P256, .now = r->now,
	};
	rig_must(init_stage(&r->q, &r->r, &f), &f);
	rig_open(r);
	enroll_admin(r);
}

void
rig_stop(struct rig *r)
{
	struct fault	f = { 0 };

	rig_close(r);
	rig_actor_clear(&r->admin);
	arena_free(r->arena);
	init_end(&r->r);
	rig_must(dir_remove(r->base, &f), &f);
}

void
rig_authorize(struct rig *r, const char *template, const char *identity, const char *label,
    struct ticket *t)
{
	struct identity	who;
	struct secret	token = { 0 };
	struct fault	f = { 0 };

	memset(t, 0, sizeof(*t));
	rig_must(identity_parse_tagged(view_str(identity), &who, &f) &&
	    engine_authorize_operator(r->engine, template, &who, label, r->now, t->id, &token,
	    &t->not_after, &f), &f);
	memcpy(t->token, token.p, token.n);
	secret_clear(&token);
	snprintf(t->url, sizeof(t->url), "%s/cmc", r->q.url);
	memcpy(t->anchor, r->r.root_sha256, sizeof(t->anchor));
	snprintf(t->identities[t->n_identities++], sizeof(t->identities[0]), "%s", identity);
	snprintf(t->template, sizeof(t->template), "%s", template);
	snprintf(t->key, sizeof(t->key), "ec-p256");
	snprintf(t->label, sizeof(t->label), "%s", label);
}

static void
load_actor(const char *dir, struct rig_actor *a)
{
	char		path[RIG_PATH_MAX * 2];
	struct buf	pem;
	struct fault	f = { 0 };

	buf_init(&pem, KEY_PEM_MAX);
	buf_init(&a->cert, CERT_OCTETS_MAX);
	rig_must(path_join(path, sizeof(path), dir, "key.pem", &f) &&
	    file_read(path, &pem, &f) &&
	    (a->key = key_load_pem(buf_view(&pem), &f)) != NULL, &f);
	buf_reset(&pem);
	rig_must(path_join(path, sizeof(path), dir, "cert.pem", &f) &&
	    file_read(path, &pem, &f) &&
	    pem_decode("CERTIFICATE", buf_view(&pem), &a->cert, NULL, &f) &&
	    message_signer_cert(&a->signer, key_sigalg(a->key), key_digest(a->key),
	    buf_view(&a->cert), NULL, 0, &f), &f);
	buf_clear(&pem);
}

void
rig_enroll(struct rig *r, const struct ticket *t, const char *name, struct rig_actor *a)
{
	struct enroll_report	report;
	struct fault		f = { 0 };
	char			dir[RIG_PATH_MAX * 2];
	struct enroll		q = {
		.dir = dir, .ticket = t, .rng = rng_system(), .now = r->now,
		.transport = rig_transport(r),
	};

	rig_must(path_join(dir, sizeof(dir), r->base, name, &f) &&
	    enroll_run(&q, &report, &f), &f);
	load_actor(dir, a);
}

void
rig_actor_clear(struct rig_actor *a)
{
	key_free(a->key);
	buf_clear(&a->cert);
	message_signer_clear(&a->signer);
	memset(a, 0, sizeof(*a));
}

/* --- messages -------------------------------------------------------------------- */

void
rig_send(struct rig *r, struct view message, struct buf *out)
{
	struct job	j = { .message = message, .source = "unit" };

	buf_init(&j.answer, ANSWER_MAX);
	engine_run(r->engine, &j, 1, r->now);
	r->again = j.again;
	r->refused_proof = j.refused_proof;
	buf_init(out, ANSWER_MAX);
	buf_add_view(out, buf_view(&j.answer));
	buf_clear(&j.answer);
}

static bool
exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct rig	*r = ctx;
	struct buf	 out;

	rig_send(r, message, &out);
	buf_add_view(answer, buf_view(&out));
	buf_clear(&out);
	return !r->again || fault_set(f, FAULT_BUSY, "", "no answer");
}

void
rig_ask_signer(struct rig *r, struct view question, struct buf *out, struct frame *fr)
{
	struct frame	q;
	struct fault	f = { 0 };
	size_t		used;

	rig_must(frame_take(question, FRAME_BODY_MAX, &q, &used, &f), &f);
	buf_init(out, FRAME_BODY_MAX);
	signer_handle(r->local.signer, &q, r->now, out);
	rig_must(frame_take(buf_view(out), FRAME_BODY_MAX, fr, &used, &f), &f);
}

struct transport
rig_transport(struct rig *r)
{
	return (struct transport){ exchange, r };
}

void
rig_read(struct rig *r, struct view octets, struct rig_answer *out)
{
	struct fault	f = { 0 };

	memset(out, 0, sizeof(*out));
	octets = arena_copy(r->arena, octets);
	rig_must(message_open(octets, r->arena, &out->message, &f) &&
	    cmc_response_decode(out->message.content, r->arena, &cmc_limits_client,
	    &out->response, NULL, &f) &&
	    cmc_status_list(&out->response.controls, r->arena, &out->status, NULL, &f), &f);
}

void
rig_ask(struct rig *r, const struct rig_actor *who, enum cmc_kind kind, struct view value,
    struct rig_answer *out)
{
	struct exchange		x;
	struct cmc_writer	w;
	struct buf		content, message, answer;
	struct fault		f = { 0 };
	uint32_t		id = 1;

	buf_init(&content, MESSAGE_MAX);
	buf_init(&message, MESSAGE_MAX);
	exchange_begin(&x, rng_system());
	cmc_data_begin(&w, &content);
	exchange_put(&x, rng_system(), &w, &id);
	cmc_control_value(&w, RIG_CONTROL, kind, value);
	cmc_finish(&w);
	rig_must(buf_check(&content, "content", &f) && (who != NULL ?
	    message_sign(&who->signer, who->key, OID_CT_PKI_DATA, buf_view(&content), r->now,
	    &message, &f) :
	    message_unsigned(OID_CT_PKI_DATA, buf_view(&content), NULL, 0, NULL, 0, &message,
	    &f)), &f);
	rig_send(r, buf_view(&message), &answer);
	memset(out, 0, sizeof(*out));
	if (!r->again)
		rig_read(r, buf_view(&answer), out);
	buf_clear(&content);
	buf_clear(&message);
	buf_clear(&answer);
}

int
rig_fail(const struct rig_answer *a, uint32_t about)
{
	const struct cmc_status_info	*s = cmc_status_with(&a->status, about, CMC_OTHER_FAIL);

	return s == NULL ? -1 : (int)s->fail;
}

uint32_t
rig_code(struct rig *r, const struct rig_answer *a, uint32_t about)
{
	const struct cmc_status_info	*s = cmc_status_with(&a->status, about, CMC_OTHER_EXT);
	struct cvp_failure		 failure;
	struct fault			 f = { 0 };

	(void)r;
	if (s == NULL)
		return 0;
	rig_must(cvp_failure_decode(s->ext_value, &failure, &f), &f);
	return failure.code;
}

/* --- the store ------------------------------------------------------------------- */

struct store_authz
rig_authz(struct rig *r, const char *id)
{
	struct store_authz	z;
	struct fault		f = { 0 };

	rig_must(store_authz_find(r->store, view_str(id), r->arena, &z, &f), &f);
	return z;
}

struct store_cert
rig_cert(struct rig *r, int64_t n)
{
	struct store_cert	c;
	struct fault		f = { 0 };

	rig_must(store_cert_find(r->store, n, true, r->arena, &c, &f), &f);
	return c;
}

struct counted {
	int		 kind;
	const char	*action;
	size_t		 n;
};

static bool
count_event(void *ctx, const struct store_event *e, struct fault *f)
{
	struct counted	*c = ctx;

	(void)f;
	c->n += e->kind == c->kind;
	return true;
}

size_t
rig_events(struct rig *r, int kind)
{
	struct counted	c = { .kind = kind };
	struct fault	f = { 0 };

	rig_must(store_event_walk(r->store, 0, 100000, count_event, &c, &f), &f);
	return c.n;
}

static bool
count_audit(void *ctx, const struct store_audit *a, struct fault *f)
{
	struct counted	*c = ctx;

	(void)f;
	c->n += strncmp(a->action, c->action, strlen(c->action)) == 0;
	return true;
}

size_t
rig_audits(struct rig *r, const char *action)
{
	struct counted	c = { .action = action };
	struct fault	f = { 0 };

	rig_must(store_audit_walk(r->store, 0, 100000, count_audit, &c, &f), &f);
	return c.n;
}
