/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front process: HTTP and TLS, and nothing else.  It hands CMC messages to
 * the engine unread and serves public objects from memory.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "crypt/tls.h"
#include "net/channel.h"
#include "net/server.h"
#include "pki/search.h"
#include "pki/serve.h"

#define OBJECTS_MAX	64
#define CRL_SEARCH	"/crls/search.cgi"	/* RFC 4387, 3.3 */
#define SLOTS		8192	/* requests at the engine at one time */
#define TLS_MATERIAL_MAX (256u << 10)
#define CMC_TYPE	"application/pkcs7-mime"
#define CMC_ANSWER_TYPE	"application/pkcs7-mime; smime-type=CMC-Response; name=response.p7m"

/* A public object; replaced as a whole, kept while answers lend it. */
struct page {
	char		 path[128], type[128], etag[64];
	int64_t		 modified, expires;
	struct buf	 body;
	unsigned	 lent;
	bool		 old;		/* replaced: freed with the last answer */
};

struct front {
	const struct pki_config	*config;
	const struct front_inheritance *in;
	struct net_loop		*loop;
	struct http_server	*public, *health;
	struct net_channel	*engine;
	struct ssl_ctx_st	*tls;
	struct page		*pages[OBJECTS_MAX];
	size_t			 n_pages;
	bool			 live;		/* the engine's objects are here */
	bool			 signer;	/* the engine has one */
	struct net_timer	*alive;
	bool			 told;		/* main knows that we are ready */
	unsigned		 stopping;	/* servers still draining */
	uint64_t		 slots[SLOTS];	/* ids of requests at the engine; 0: free */
	uint16_t		 free[SLOTS];	/* indices of free slots */
	size_t			 n_free;
};

/* --- requests that are at the engine: the frame's tag is their slot ---------------- */

static bool
slot_take(struct front *p, uint64_t id, uint64_t *tag)
{
	if (p->n_free == 0)
		return false;
	*tag = p->free[--p->n_free];
	p->slots[*tag] = id;
	return true;
}

static uint64_t
slot_give(struct front *p, uint64_t tag)
{
	uint64_t	id;

	if (tag >= SLOTS || p->slots[tag] == 0)
		return 0;
	id = p->slots[tag];
	p->slots[tag] = 0;
	p->free[p->n_free++] = (uint16_t)tag;
	return id;
}

/* The engine died: its requests are to be repeated. */
static void
slots_flush(struct front *p)
{
	for (uint64_t tag = 0; tag < SLOTS; tag++) {
		uint64_t	id = slot_give(p, tag);

		if (id != 0)
			(void)http_refuse_id(p->public, id, 503, 1, "repeat the same request");
	}
}

static void
slots_init(struct front *p)
{
	for (size_t i = 0; i < SLOTS; i++)
		p->free[p->n_free++] = (uint16_t)i;
}

/* --- public objects ---------------------------------------------------------------- */

static void
page_free(struct page *g)
{
	buf_clear(&g->body);
	free(g);
}

static void
page_release(void *ctx)
{
	struct page	*g = ctx;

	if (--g->lent == 0 && g->old)
		page_free(g);
}

static void
page_retire(struct page *g)
{
	g->old = true;
	if (g->lent == 0)
		page_free(g);
}

static void
copy_text(char *out, size_t n, struct view v)
{
	snprintf(out, n, "%.*s", (int)v.n, (const char *)v.p);
}

static bool
read_page(const struct frame *fr, struct page *g, struct fault *f)
{
	struct wire	w;
	struct view	path, type, body;
	uint64_t	version;

	wire_init(&w, fr->body);
	path = wire_get_view(&w);
	type = wire_get_view(&w);
	g->modified = (int64_t)wire_get_u64(&w);
	g->expires = (int64_t)wire_get_u64(&w);
	version = wire_get_u64(&w);
	body = wire_get_view(&w);
	if (!wire_end(&w, "object", f))
		return false;
	copy_text(g->path, sizeof(g->path), path);
	copy_text(g->type, sizeof(g->type), type);
	snprintf(g->etag, sizeof(g->etag), "\"%" PRIx64 "-%" PRIx64 "-%zx\"",
	    (uint64_t)g->modified, version, body.n);
	buf_init(&g->body, body.n);
	buf_add_view(&g->body, body);
	return buf_check(&g->body, g->path, f);
}

static void
take_object(struct front *p, const struct frame *fr)
{
	struct page	*g = calloc(1, sizeof(*g));
	struct fault	 f = { 0 };
	size_t		 i = 0;

	if (g == NULL || !read_page(fr, g, &f)) {
		log_fault(LOG_LEVEL_ERROR, "object from the engine", &f);
		free(g);
		return;
	}
	while (i < p->n_pages && strcmp(p->pages[i]->path, g->path) != 0)
		i++;
	if (i == OBJECTS_MAX) {
		page_free(g);
		return;
	}
	if (i < p->n_pages)
		page_retire(p->pages[i]);
	else
		p->n_pages++;
	p->pages[i] = g;
}

/*
 * A CRL may be kept by caches for crl.max_age, but never past its nextUpdate;
 * CA certificates for a day.  Who may not reach us may not go on with it: a
 * revocation would stay unseen (RFC 9111, 4.2.4).
 */
static void
serve_page(struct front *p, struct http_request *req, struct page *g)
{
	int64_t			now = net_loop_now(p->loop), age = 86400;
	char			cache[64];
	struct http_answer	a = {
		.status = 200, .content_type = g->type, .etag = g->etag,
		.last_modified = g->modified, .cache_control = cache,
		.body = buf_view(&g->body), .release = page_release, .release_ctx = g,
	};

	if (g->expires != 0) {
		age = g->expires - now;
		if (age > p->config->crl_max_age)
			age = p->config->crl_max_age;
	}
	a.expires = age > 0 ? now + age : now;
	if (age > 0)
		snprintf(cache, sizeof(cache), "public, max-age=%" PRId64 ", must-revalidate", age);
	else
		snprintf(cache, sizeof(cache), "no-cache");
	g->lent++;
	http_reply(req, &a);
}

static void
handle_object(void *ctx, struct http_request *req)
{
	struct front	*p = ctx;
	struct view	 path = http_request_path(req);

	for (size_t i = 0; i < p->n_pages; i++)
		if (view_equal(path, view_str(p->pages[i]->path))) {
			serve_page(p, req, p->pages[i]);
			return;
		}
	http_refuse(req, p->live ? 404 : 503, p->live ? "no such object" : "starting");
}

/* --- what the engine answers --------------------------------------------------------- */

/* 503 with Retry-After: the client sends the same octets again. */
static void
reply_later(struct http_request *req)
{
	struct http_answer	a = {
		.status = 503, .content_type = "text/plain", .retry_after = 1,
		.body = VIEW_LIT("not ready, repeat the same request\n"),
	};

	http_reply(req, &a);
}

static void
handle_cmc(void *ctx, struct http_request *req)
{
	struct front	*p = ctx;
	struct fault	 f = { 0 };
	struct buf	 b;
	uint64_t	 tag;
	struct view	 body = http_request_body(req);

	if (!http_request_is(req, CMC_TYPE)) {
		http_refuse(req, 415, "want Content-Type: application/pkcs7-mime; "
		    "smime-type=CMC-Request");
		return;
	}
	if (p->engine == NULL || !p->live || !slot_take(p, http_request_id(req), &tag)) {
		reply_later(req);
		return;
	}
	buf_init(&b, FRAME_BODY_MAX);
	wire_put_view(&b, view_str(http_request_source(req)));
	wire_put_view(&b, body);
	if (!buf_check(&b, "request", &f) ||
	    !net_channel_send(p->engine, SERVE_CMC, 0, tag, buf_view(&b), &f)) {
		(void)slot_give(p, tag);
		reply_later(req);
	}
	buf_clear(&b);
}

static void
handle_cert(void *ctx, struct http_request *req)
{
	struct front	*p = ctx;
	struct view	 rest = http_request_rest(req);
	struct fault	 f = { 0 };
	uint8_t		 digest[20];
	char		 hex[41];
	uint64_t	 tag;
	size_t		 n = 0;

	if (rest.n == 40) {
		memcpy(hex, rest.p, 40);
		hex[40] = '\0';
		if (!hex_decode(hex, digest, sizeof(digest), &n))
			n = 0;
	}
	if (n != sizeof(digest))
		http_refuse(req, 404, "want /certs/ and the SHA-1 of the certificate, 40 digits");
	else if (p->engine == NULL || !slot_take(p, http_request_id(req), &tag))
		reply_later(req);
	else if (!net_channel_send(p->engine, SERVE_CERT, 0, tag,
	    view_of(digest, sizeof(digest)), &f)) {
		(void)slot_give(p, tag);
		reply_later(req);
	}
}

/* Of certificates or of CRLs; the engine finds, and what may be asked is known here. */
static void
handle_search(void *ctx, struct http_request *req)
{
	struct front		*p = ctx;
	bool			 crls = view_equal(http_request_path(req), VIEW_LIT(CRL_SEARCH));
	struct search_query	 q;
	const char		*why = NULL;
	struct fault		 f = { 0 };
	struct buf		 b;
	uint64_t		 tag;
	int			 status = search_read(http_request_query(req), &q, &why);

	if (status == 0)
		status = search_permitted(p->config, &q, crls, &why);
	if (status != 0) {
		http_refuse(req, status, why);
		return;
	}
	if (p->engine == NULL || !p->live || !slot_take(p, http_request_id(req), &tag)) {
		reply_later(req);
		return;
	}
	buf_init(&b, 2 * SEARCH_VALUE_MAX);
	wire_put_u8(&b, crls);
	wire_put_u8(&b, (uint8_t)q.attribute);
	wire_put_view(&b, view_of(q.value, q.n));
	if (!buf_check(&b, "search", &f) ||
	    !net_channel_send(p->engine, SERVE_SEARCH, 0, tag, buf_view(&b), &f)) {
		(void)slot_give(p, tag);
		reply_later(req);
	}
	buf_clear(&b);
}

static void
take_found(struct front *p, const struct frame *fr)
{
	struct wire		w;
	struct fault		f = { 0 };
	uint64_t		id = slot_give(p, fr->tag);
	char			type[128];
	struct http_answer	a = { .content_type = type, .cache_control = "no-cache" };

	wire_init(&w, fr->body);
	a.status = (int)wire_get_u32(&w);
	copy_text(type, sizeof(type), wire_get_view(&w));
	a.body = wire_get_view(&w);
	if (!wire_end(&w, "search", &f) || a.status == 503)
		(void)http_refuse_id(p->public, id, 503, 1, "repeat the same request");
	else if (a.status != 200)
		(void)http_refuse_id(p->public, id, a.status, 0, a.status == 404 ? "nothing found" :
		    "more than 50 found: ask for less");
	else
		(void)http_reply_id(p->public, id, &a);
}

static void
take_cmc_answer(struct front *p, const struct frame *fr)
{
	struct wire		w;
	struct fault		f = { 0 };
	uint8_t			again;
	uint64_t		id = slot_give(p, fr->tag);
	struct http_answer	a = { .status = 200, .content_type = CMC_ANSWER_TYPE,
		.cache_control = "no-store" };

	wire_init(&w, fr->body);
	again = wire_get_u8(&w);
	a.body = wire_get_view(&w);
	if (!wire_end(&w, "answer", &f) || again)
		(void)http_refuse_id(p->public, id, 503, 1, "repeat the same request");
	else
		(void)http_reply_id(p->public, id, &a);
}

static void
take_cert_answer(struct front *p, const struct frame *fr)
{
	struct wire		w;
	struct fault		f = { 0 };
	uint8_t			found, digest[SHA1_OCTETS];
	uint64_t		id = slot_give(p, fr->tag);
	char			etag[2 * SHA1_OCTETS + 3] = "\"";
	struct http_answer	a = { .status = 200, .content_type = "application/pkix-cert",
		.etag = etag, .cache_control = "public, max-age=86400",
		.expires = net_loop_now(p->loop) + 86400 };

	wire_init(&w, fr->body);
	found = wire_get_u8(&w);
	a.body = wire_get_view(&w);
	if (!wire_end(&w, "certificate", &f) || !found) {
		(void)http_refuse_id(p->public, id, 404, 0, "no such certificate");
		return;
	}
	/* Its name under /certs/ is what it is. */
	sha1(a.body, digest);
	hex_encode(view_of(digest, sizeof(digest)), etag + 1);
	strcat(etag, "\"");
	(void)http_reply_id(p->public, id, &a);
}

static struct ssl_st *
new_ssl(void *ctx)
{
	struct fault	f = { 0 };
	struct ssl_st	*s = tls_accept(ctx, &f);

	if (s == NULL)
		log_fault(LOG_LEVEL_WARN, "tls", &f);
	return s;
}

/* Not before there is something to say: until then clients wait in the sockets. */
static bool
listen_public(struct front *p, struct fault *f)
{
	struct http_tls	tls = { .new_ssl = new_ssl, .ctx = p->tls };
	int		fd = SERVE_CONTROL_FD + 2;

	for (unsigned i = 0; i < p->in->http; i++)
		if (!http_server_listen(p->public, fd++, NULL, f))
			return false;
	for (unsigned i = 0; i < p->in->https; i++)
		if (!http_server_listen(p->public, fd++, &tls, f))
			return false;
	return true;
}

static bool
listen_health(struct front *p, struct fault *f)
{
	int	fd = SERVE_CONTROL_FD + 2 + (int)(p->in->http + p->in->https);

	for (unsigned i = 0; i < p->in->health; i++)
		if (!http_server_listen(p->health, fd++, NULL, f))
			return false;
	return true;
}

static void
take_live(struct front *p)
{
	struct fault	f = { 0 };

	p->live = true;
	if (p->told)
		return;
	p->told = true;
	if (listen_public(p, &f) && serve_say_ready(&f))
		return;
	log_fault(LOG_LEVEL_ERROR, "could not begin", &f);
	net_loop_stop(p->loop);
}

static void
on_frame(void *ctx, const struct frame *fr)
{
	struct front	*p = ctx;

	switch (fr->type) {
	case SERVE_CMC_ANSWER:
		take_cmc_answer(p, fr);
		break;
	case SERVE_CERT_ANSWER:
		take_cert_answer(p, fr);
		break;
	case SERVE_FOUND:
		take_found(p, fr);
		break;
	case SERVE_OBJECT:
		take_object(p, fr);
		break;
	case SERVE_LIVE:
		take_live(p);
		break;
	case SERVE_SIGNER:
		p->signer = fr->body.n == 1 && fr->body.p[0] != 0;
		break;
	default:
		break;
	}
}

/* The engine died.  Objects are served on; its requests are to be repeated. */
static void
on_close(void *ctx, const struct fault *why)
{
	struct front	*p = ctx;

	log_fault(LOG_LEVEL_WARN, "engine link closed", why);
	net_channel_free(p->engine);
	p->engine = NULL;
	slots_flush(p);
}

static const struct net_channel_ops engine_ops = { on_frame, NULL, on_close };

static void
on_control(void *ctx, int fd)
{
	struct front	*p = ctx;
	struct fault	 f = { 0 };
	uint8_t		 what;
	int		 link;

	if (!fd_receive(fd, &link, &what, &f)) {
		net_loop_stop(p->loop);
		return;
	}
	net_channel_free(p->engine);
	slots_flush(p);
	p->engine = net_channel_new(p->loop, link, &engine_ops, p, &f);
	if (p->engine == NULL)
		log_fault(LOG_LEVEL_ERROR, "engine link", &f);
}

/* --- health --------------------------------------------------------------------------- */

static void
handle_healthz(void *ctx, struct http_request *req)
{
	struct http_answer	a = { .status = 200, .content_type = "text/plain",
		.body = VIEW_LIT("ok\n") };

	(void)ctx;
	http_reply(req, &a);
}

static void
handle_readyz(void *ctx, struct http_request *req)
{
	struct front		*p = ctx;
	struct http_answer	 a = { .status = 200, .content_type = "text/plain",
		.body = VIEW_LIT("ready\n") };

	if (p->engine == NULL || !p->live || !p->signer)
		http_refuse(req, 503, p->engine == NULL ? "no engine" :
		    !p->live ? "starting" : "no signer");
	else
		http_reply(req, &a);
}

static void
on_alive(void *ctx)
{
	struct front	*p = ctx;

	serve_say_alive();
	net_timer_start(p->alive, SERVE_ALIVE_MS);
}

/* --- start ------------------------------------------------------------------------------ */

static void
on_stopped(void *ctx)
{
	struct front	*p = ctx;

	if (--p->stopping == 0)
		net_loop_stop(p->loop);
}

static void
on_signal(void *ctx, int signo)
{
	struct front	*p = ctx;

	(void)signo;
	if (p->stopping > 0)
		return;
	p->stopping = p->health != NULL ? 2 : 1;
	http_server_stop(p->public, p->config->stop_seconds * 1000, on_stopped, p);
	if (p->health != NULL)
		http_server_stop(p->health, 1000, on_stopped, p);
}

/* Chain and key of the HTTPS certificate, as main wrote them: two views. */
static bool
load_tls(struct front *p, int fd, struct fault *f)
{
	struct buf		b;
	struct wire		w;
	struct tls_server	cfg = { 0 };
	ssize_t			n;
	uint8_t			*room;

	buf_init(&b, TLS_MATERIAL_MAX);
	room = buf_extend(&b, TLS_MATERIAL_MAX);
	n = room == NULL ? -1 : pread(fd, room, TLS_MATERIAL_MAX, 0);
	close(fd);
	wire_init(&w, view_of(b.p, n > 0 ? (size_t)n : 0));
	cfg.chain_pem = wire_get_view(&w);
	cfg.key_pem = wire_get_view(&w);
	if (!wire_end(&w, "TLS material", f))
		return false;
	p->tls = tls_server_new(&cfg, f);
	secret_wipe(b.p, b.n);
	buf_clear(&b);
	return p->tls != NULL;
}

static bool
open_all(struct front *p, struct fault *f)
{
	static struct http_route	public[] = {
		{ "POST", "/cmc", HTTP_CMC_BODY_MAX, handle_cmc, NULL },
		{ "GET", "/crl/*", 0, handle_object, NULL },
		{ "GET", "/ca/*", 0, handle_object, NULL },
		{ "GET", "/certs/*", 0, handle_cert, NULL },
		{ "GET", "/certificates/search.cgi", 0, handle_search, NULL },
		{ "GET", CRL_SEARCH, 0, handle_search, NULL },
	};
	static struct http_route	health[] = {
		{ "GET", "/healthz", 0, handle_healthz, NULL },
		{ "GET", "/readyz", 0, handle_readyz, NULL },
	};
	const struct pki_config		*c = p->config;
	struct http_limits		 limits = {
		.connections = (unsigned)c->max_connections,
		.rate_per_source = (unsigned)c->rate, .burst_per_source = (unsigned)c->burst,
		.arrive_ms = (unsigned)c->request_seconds * 1000,
	};

	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		public[i].ctx = p;
	for (size_t i = 0; i < sizeof(health) / sizeof(health[0]); i++)
		health[i].ctx = p;
	if ((p->loop = net_loop_new(f)) == NULL || !load_tls(p, SERVE_CONTROL_FD + 1, f) ||
	    (p->public = http_server_new(p->loop, &limits, public,
	    sizeof(public) / sizeof(public[0]), f)) == NULL ||
	    (p->health = http_server_new(p->loop, NULL, health, 2, f)) == NULL)
		return false;
	return listen_health(p, f) && (p->alive = net_timer_new(p->loop, on_alive, p, f)) != NULL &&
	    net_watch_fd(p->loop, SERVE_CONTROL_FD, on_control, NULL, p, f) != NULL &&
	    net_signal_new(p->loop, SIGTERM, on_signal, p, f) != NULL;
}

int
serve_front(const struct pki_config *c, const struct front_inheritance *in)
{
	static struct front	p;
	struct fault		f = { 0 };
	bool			ok;

	log_init("front", (enum log_level)c->log_level);
	serve_leave_signals();
	slots_init(&p);
	p.config = c;
	p.in = in;
	process_want_fds((size_t)c->max_connections + 256);
	ok = process_harden(&f) && open_all(&p, &f) && serve_drop(c, &f) &&
	    sandbox_enter(SANDBOX_FRONT, &f);
	if (ok) {
		net_timer_start(p.alive, SERVE_ALIVE_MS);
		ok = net_loop_run(p.loop, &f);
	}
	if (!ok)
		log_fault(LOG_LEVEL_ERROR, "front ends", &f);
	fflush(NULL);
	_exit(ok ? 0 : 1);
}
