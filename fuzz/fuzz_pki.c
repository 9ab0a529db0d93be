/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "fuzz_pki.h"
#include "peer/enroll.h"

#define ANSWER_MAX	(32u << 20)
#define PATH_ROOM	256

static struct fuzz_pki	*only;

void
fuzz_need(bool ok, const struct fault *f)
{
	if (ok)
		return;
	fprintf(stderr, "could not make a PKI: %s\n", f->text);
	abort();
}

static int64_t
fixed_clock(void *ctx)
{
	(void)ctx;
	return FUZZ_NOW;
}

/* The signer in this process, and one question of each form is kept. */
static bool
keep_and_ask(void *ctx, struct view questions, size_t count, struct buf *answers,
    struct fault *f)
{
	struct fuzz_pki		*p = ctx;
	struct signer_link	 l = signer_local_link(&p->local);
	struct frame		 q;
	size_t			 used;

	for (struct view left = questions; p->n_questions < FUZZ_QUESTIONS_MAX &&
	    frame_take(left, FRAME_BODY_MAX, &q, &used, f) && used > 0;
	    left = view_of(left.p + used, left.n - used)) {
		struct buf	*b = &p->questions[p->n_questions++];

		buf_init(b, ANSWER_MAX);
		buf_add(b, left.p, used);
	}
	return l.exchange(l.ctx, questions, count, answers, f);
}

bool
fuzz_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct fuzz_pki	*p = ctx;
	struct job	 j = { .message = message, .source = "fuzz" };

	buf_init(&j.answer, ANSWER_MAX);
	engine_run(p->engine, &j, 1, FUZZ_NOW);
	buf_add_view(answer, buf_view(&j.answer));
	buf_clear(&j.answer);
	if (j.again)
		return fault_set(f, FAULT_BUSY, "", "the engine gave no answer");
	return buf_check(answer, "answer", f);
}

/* --- actors ------------------------------------------------------------------------ */

static void
load_actor(const char *dir, struct fuzz_actor *a)
{
	char		path[PATH_ROOM];
	struct buf	pem;
	struct fault	f = { 0 };

	buf_init(&pem, KEY_PEM_MAX);
	buf_init(&a->cert, CERT_OCTETS_MAX);
	fuzz_need(path_join(path, sizeof(path), dir, "key.pem", &f) &&
	    file_read(path, &pem, &f) &&
	    (a->key = key_load_pem(buf_view(&pem), &f)) != NULL, &f);
	buf_reset(&pem);
	fuzz_need(path_join(path, sizeof(path), dir, "cert.pem", &f) &&
	    file_read(path, &pem, &f) &&
	    pem_decode("CERTIFICATE", buf_view(&pem), &a->cert, NULL, &f) &&
	    message_signer_cert(&a->signer, key_sigalg(a->key), key_digest(a->key),
	    buf_view(&a->cert), NULL, 0, &f), &f);
	buf_clear(&pem);
}

static void
enroll(struct fuzz_pki *p, const struct ticket *t, const char *name,
    struct fuzz_actor *a)
{
	struct enroll_report	r;
	struct fault		f = { 0 };
	char			dir[PATH_ROOM];
	struct enroll		q = {
		.dir = dir, .ticket = t, .rng = rng_system(), .now = FUZZ_NOW,
		.transport = { fuzz_exchange, p },
	};

	fuzz_need(path_join(dir, sizeof(dir), p->base, name, &f) &&
	    enroll_run(&q, &r, &f), &f);
	load_actor(dir, a);
}

static void
enroll_admin(struct fuzz_pki *p)
{
	struct ticket	t;
	struct fault	f = { 0 };

	fuzz_need(ticket_read(buf_view(&p->r.ticket), &t, &f), &f);
	enroll(p, &t, "admin", &p->admin);
	ticket_clear(&t);
}

void
fuzz_authorize(struct fuzz_pki *p, const char *name, struct ticket *t)
{
	struct identity	who;
	struct secret	token = { 0 };
	struct fault	f = { 0 };

	memset(t, 0, sizeof(*t));
	fuzz_need(identity_parse_tagged(view_str(name), &who, &f) &&
	    engine_authorize_operator(p->engine, "s2s-gateway", &who, "label", FUZZ_NOW,
	    t->id, &token, &t->not_after, &f), &f);
	memcpy(t->token, token.p, token.n);
	secret_clear(&token);
	snprintf(t->url, sizeof(t->url), "%s/cmc", p->q.url);
	memcpy(t->anchor, p->r.root_sha256, sizeof(t->anchor));
	snprintf(t->identities[t->n_identities++], sizeof(t->identities[0]), "%s", name);
	snprintf(t->template, sizeof(t->template), "s2s-gateway");
	snprintf(t->key, sizeof(t->key), "ec-p256");
	snprintf(t->label, sizeof(t->label), "label");
}

/* --- the whole ---------------------------------------------------------------------- */

static void
stop(void)
{
	struct fuzz_pki	*p = only;
	struct fault	 f = { 0 };

	engine_free(p->engine);
	store_close(p->store);
	signer_close(p->local.signer);
	for (size_t i = 0; i < p->n_questions; i++)
		buf_clear(&p->questions[i]);
	key_free(p->admin.key);
	key_free(p->peer.key);
	message_signer_clear(&p->admin.signer);
	message_signer_clear(&p->peer.signer);
	buf_clear(&p->admin.cert);
	buf_clear(&p->peer.cert);
	ticket_clear(&p->open);
	init_end(&p->r);
	if (!dir_remove(p->base, &f))
		fprintf(stderr, "%s\n", f.text);
	free(p);
	only = NULL;
}

static void
open_engine(struct fuzz_pki *p)
{
	struct engine_parts	parts = { .rng = rng_system() };
	char			path[CONFIG_PATH_MAX];
	struct fault		f = { 0 };

	p->local.clock = fixed_clock;
	fuzz_need(config_load(p->r.staging, &p->config, &f), &f);
	p->config.threads = 1;
	p->local.signer = signer_open(&p->config, true, &f);
	fuzz_need(p->local.signer != NULL &&
	    path_join(path, sizeof(path), p->r.staging, "pki.db", &f), &f);
	p->store = store_open(path, STORE_OPEN, (struct store_digest){ sha256 }, &f);
	fuzz_need(p->store != NULL, &f);
	parts.config = &p->config;
	parts.store = p->store;
	parts.signer = (struct signer_link){ keep_and_ask, p };
	fuzz_need((p->engine = engine_new(&parts, FUZZ_NOW, &f)) != NULL, &f);
}

/* In memory if it can be: a disk would wait for each commit. */
static void
make_base(struct fuzz_pki *p)
{
	const char	*where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(p->base, sizeof(p->base), "%s/pki4ipsec-fuzz-XXXXXX", where);
	if (mkdtemp(p->base) == NULL)
		abort();
}

struct fuzz_pki *
fuzz_pki(void)
{
	static char	dir[PATH_ROOM];
	struct ticket	t;
	struct fault	f = { 0 };

	if (only != NULL)
		return only;
	log_init("fuzz", LOG_LEVEL_ERROR);
	if ((only = calloc(1, sizeof(*only))) == NULL)
		abort();
	make_base(only);
	atexit(stop);
	fuzz_need(path_join(dir, sizeof(dir), only->base, "vpn", &f), &f);
	only->q = (struct init_request){
		.dir = dir, .name = "Fuzz VPN", .url = "http://127.0.0.1:8080",
		.admin = "admin", .key = KEY_EC_P256, .now = FUZZ_NOW,
	};
	fuzz_need(init_stage(&only->q, &only->r, &f), &f);
	open_engine(only);
	enroll_admin(only);
	fuzz_authorize(only, "fqdn:gw1.example", &t);
	enroll(only, &t, "peer", &only->peer);
	ticket_clear(&t);
	fuzz_authorize(only, "fqdn:gw2.example", &only->open);
	return only;
}
