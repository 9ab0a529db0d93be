/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin relay: a server on the Admin's side for devices that cannot reach the
 * PKI (RFC 4809, 3.4.6; enrolment 2a).  What a device sends goes to the PKI
 * unchanged, and the answer back; so do CRLs and certificates.  Holds no key.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/home.h"
#include "admin/relay_check.h"
#include "admin/relay_objects.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "crypt/tls.h"
#include "net/client.h"
#include "net/url.h"

#define CMC_TYPE	"application/pkcs7-mime"
#define REQUEST_TYPE	"application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m"
#define LISTEN_PRESET	"127.0.0.1:9080"
#define ARENA_MAX	(8u << 20)	/* one message taken apart */
#define THREADS		32		/* messages that are at the PKI at one time */
#define WAITING_MAX	4096
#define CONNECTIONS_MAX	4096
#define UPSTREAM_MS	60000		/* a whole exchange with the PKI */
#define CONNECT_MS	5000
#define ANSWER_MS	90000		/* then the device is told to come again */
#define STOP_MS		10000		/* for what is in flight */
#define STATUS_MS	5000
#define LATER_SECONDS	2
#define PEM_FILE_MAX	(256u << 10)

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "listen", "ADDRESS...", LISTEN_PRESET, "where devices come by HTTP" },
	{ "https", "ADDRESS...", NULL, "where they come by HTTPS; needs --tls-cert and --tls-key" },
	{ "tls-cert", "FILE", NULL, "certificate of this server and its issuers, PEM" },
	{ "tls-key", "FILE", NULL, "its key, PEM" },
	{ "health", "ADDRESS", NULL, "where /healthz and /readyz are answered" },
	{ "rate", "N", "0", "requests a second from one address; 0: no limit" },
	{ 0 },
};

struct relay {
	const struct invocation	*in;
	struct admin		 a;
	char			 base[URL_HOST_MAX + 32];	/* scheme and authority of the PKI */
	struct net_loop		*loop;
	struct http_server	*server, *health;
	struct courier		*courier;
	struct relay_objects	*objects;
	struct arena		*arena;
	struct ssl_ctx_st	*tls;
	struct net_timer	*status;
	unsigned		 stopping;	/* servers still draining */
	bool			 lost;		/* the PKI did not answer last time */
	uint64_t		 relayed, refused, failed;
};

/* One message on its way. */
struct errand {
	struct relay	*r;
	uint64_t	 id;
	char		 source[64];
	const char	*what;
	size_t		 octets;
	int64_t		 begun;		/* net_loop_ticks() */
};

/* --- answers ------------------------------------------------------------------------ */

static void
note_reached(struct relay *r, bool reached, const struct fault *why)
{
	if (reached == !r->lost)
		return;
	r->lost = !reached;
	if (reached)
		log_line(LOG_LEVEL_INFO, "the PKI answers again", "url=\"%s\"", r->a.url);
	else
		log_line(LOG_LEVEL_WARN, "the PKI cannot be reached", "url=\"%s\" why=\"%s\" "
		    "help=\"is pki serve running? devices are told to come again\"", r->a.url,
		    why->text);
}

struct lent {
	struct buf	body;
};

static void
lent_release(void *ctx)
{
	struct lent	*l = ctx;

	buf_clear(&l->body);
	free(l);
}

/* The PKI's own octets and type, whatever its status says (RFC 10003, 6). */
static int
pass_on(struct errand *e, struct courier_answer *a)
{
	struct http_answer	 h = {
		.status = (int)a->result.status, .content_type = a->result.content_type,
		.cache_control = "no-store", .retry_after = a->result.retry_after,
		.body = buf_view(&a->body), .release = lent_release,
	};
	struct lent		*l = malloc(sizeof(*l));

	if (l == NULL) {
		(void)http_refuse_id(e->r->server, e->id, 503, LATER_SECONDS, "out of memory");
		return 503;
	}
	l->body = a->body;
	buf_init(&a->body, 0);
	h.release_ctx = l;
	(void)http_reply_id(e->r->server, e->id, &h);
	return h.status;
}

/*
 * No CMC came back.  Where this relay or the PKI is at fault, the device is
 * not: it is to send the same octets again.
 */
static int
say_later(struct errand *e, const struct courier_answer *a)
{
	unsigned	after = a->result.retry_after > LATER_SECONDS ? a->result.retry_after :
	    LATER_SECONDS;
	int		status = a->ok || (a->result.status != 0 && a->why.kind != FAULT_BUSY) ?
	    502 : 503;

	(void)http_refuse_id(e->r->server, e->id, status, after, status == 502 ?
	    "what this relay takes for the PKI does not answer with CMC: send the same again" :
	    "the PKI cannot be reached: send the same again");
	return status;
}

static void
on_answer(void *ctx, struct courier_answer *a)
{
	struct errand	*e = ctx;
	struct relay	*r = e->r;
	size_t		 octets = a->body.n;
	bool		 is_cmc = a->result.whole && octets > 0 &&
	    http_result_is(&a->result, CMC_TYPE);
	int		 status = is_cmc ? pass_on(e, a) : say_later(e, a);

	note_reached(r, a->result.status != 0, &a->why);
	r->relayed += is_cmc;
	r->failed += !is_cmc;
	if (is_cmc)
		log_line(LOG_LEVEL_INFO, "relayed", "from=%s what=%s octets=%zu status=%d "
		    "answer=%zu ms=%" PRId64, e->source, e->what, e->octets, status, octets,
		    net_loop_ticks(r->loop) - e->begun);
	else
		log_line(LOG_LEVEL_WARN, "not relayed", "from=%s what=%s octets=%zu status=%d "
		    "why=\"%s\"", e->source, e->what, e->octets, status,
		    a->ok ? "its answer is not CMC" : a->why.text);
	free(e);
}

/* --- what devices send ----------------------------------------------------------------- */

static void
refuse(struct relay *r, struct http_request *req, int status, const struct fault *f)
{
	char	line[FAULT_TEXT_MAX + 64];

	r->refused++;
	log_line(LOG_LEVEL_WARN, "refused", "from=%s octets=%zu status=%d kind=%s why=\"%s\"",
	    http_request_source(req), http_request_body(req).n, status,
	    fault_kind_name(f->kind), f->text);
	snprintf(line, sizeof(line), "not passed on to the PKI: %s", f->text);
	http_refuse(req, status, line);
}

static bool
send_on(struct relay *r, struct http_request *req, const char *what, struct fault *f)
{
	struct errand	*e = calloc(1, sizeof(*e));

	if (e == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	e->r = r;
	e->id = http_request_id(req);
	e->what = what;
	e->octets = http_request_body(req).n;
	e->begun = net_loop_ticks(r->loop);
	snprintf(e->source, sizeof(e->source), "%s", http_request_source(req));
	if (courier_send(r->courier, r->a.url, REQUEST_TYPE, http_request_body(req), on_answer, e,
	    f))
		return true;
	free(e);
	return false;
}

static void
handle_cmc(void *ctx, struct http_request *req)
{
	struct relay		*r = ctx;
	struct http_answer	 later = {
		.status = 503, .content_type = "text/plain", .retry_after = LATER_SECONDS,
		.body = VIEW_LIT("too much at once: send the same again\n"),
	};
	struct relay_claim	 claim;
	struct fault		 f = { 0 };
	bool			 ok;

	if (!http_request_is(req, CMC_TYPE)) {
		fault_set(&f, FAULT_REFUSED, "RFC 10003, 4", "want Content-Type: "
		    "application/pkcs7-mime; smime-type=CMC-Request");
		refuse(r, req, 415, &f);
		return;
	}
	ok = relay_check(http_request_body(req), r->arena, &claim, &f);
	arena_reset(r->arena);
	if (!ok)
		refuse(r, req, f.kind == FAULT_INTERNAL ? 503 : 400, &f);
	else if (!send_on(r, req, claim.what, &f))
		http_reply(req, &later);
}

static void
handle_object(void *ctx, struct http_request *req)
{
	relay_objects_serve(((struct relay *)ctx)->objects, req);
}

/* --- health ------------------------------------------------------------------------------ */

static void
handle_healthz(void *ctx, struct http_request *req)
{
	struct relay		*r = ctx;
	char			 text[256];
	struct http_answer	 a = { .status = 200, .content_type = "text/plain" };

	snprintf(text, sizeof(text), "ok relayed=%" PRIu64 " refused=%" PRIu64 " failed=%" PRIu64
	    " open=%u pki=%s\n", r->relayed, r->refused, r->failed, courier_open(r->courier),
	    r->lost ? "lost" : "reached");
	a.body = view_str(text);
	http_reply(req, &a);
}

static void
handle_readyz(void *ctx, struct http_request *req)
{
	struct relay		*r = ctx;
	struct http_answer	 a = { .status = 200, .content_type = "text/plain",
		.body = VIEW_LIT("ready\n") };

	if (r->lost)
		http_refuse(req, 503, "the PKI cannot be reached");
	else
		http_reply(req, &a);
}

static void
on_status(void *ctx)
{
	struct relay	*r = ctx;
	char		 text[160];

	snprintf(text, sizeof(text), "%" PRIu64 " relayed, %" PRIu64 " refused, %" PRIu64
	    " failed; the PKI %s", r->relayed, r->refused, r->failed,
	    r->lost ? "cannot be reached" : "answers");
	notify_status(text);
	net_timer_start(r->status, STATUS_MS);
}

/* --- start ------------------------------------------------------------------------------- */

static void
on_stopped(void *ctx)
{
	struct relay	*r = ctx;

	if (--r->stopping == 0)
		net_loop_stop(r->loop);
}

static void
on_signal(void *ctx, int signo)
{
	struct relay	*r = ctx;

	(void)signo;
	if (r->stopping > 0)
		return;
	notify_stopping();
	r->stopping = r->health != NULL ? 2 : 1;
	http_server_stop(r->server, STOP_MS, on_stopped, r);
	if (r->health != NULL)
		http_server_stop(r->health, 1000, on_stopped, r);
}

/* The Admin's key stays in its file: what is passed on needs no signature of ours. */
static bool
open_folder(struct relay *r, struct fault *f)
{
	struct url	u;

	if (!admin_start(r->in, &r->a, f))
		return false;
	key_free(r->a.key);
	r->a.key = NULL;
	if (!url_parse(view_str(r->a.url), &u, f))
		return fault_within(f, "url of the PKI");
	snprintf(r->base, sizeof(r->base), "%s://%s%s%s:%u", u.tls ? "https" : "http",
	    u.ipv6 ? "[" : "", u.host, u.ipv6 ? "]" : "", u.port);
	return (r->arena = arena_new(ARENA_MAX)) != NULL || arena_fault(f);
}

static bool
open_courier(struct relay *r, struct fault *f)
{
	struct courier_config	c = {
		.client = { .connect_ms = CONNECT_MS, .total_ms = UPSTREAM_MS,
		    .agent = "pki4ipsec-relay" },
		.threads = THREADS, .waiting_max = WAITING_MAX, .answer_max = MESSAGE_MAX,
	};
	struct buf		pem;

	buf_init(&pem, PEM_FILE_MAX);
	pem_encode("CERTIFICATE", r->a.root, &pem);
	c.client.anchors_pem = buf_view(&pem);
	r->courier = courier_new(r->loop, &c, f);
	buf_clear(&pem);
	return r->courier != NULL;
}

static bool
open_tls(struct relay *r, struct fault *f)
{
	const char		*cert = option_value(r->in, "tls-cert");
	const char		*key = option_value(r->in, "tls-key");
	struct tls_server	 t = { 0 };
	struct buf		 cert_pem, key_pem;

	if (option_nth(r->in, "https", 0) == NULL)
		return true;
	if (cert == NULL || key == NULL)
		return fault_set(f, FAULT_USAGE, "", "--https needs --tls-cert and --tls-key");
	buf_init(&cert_pem, PEM_FILE_MAX);
	buf_init(&key_pem, PEM_FILE_MAX);
	if (file_read(cert, &cert_pem, f) && file_read(key, &key_pem, f)) {
		t.chain_pem = buf_view(&cert_pem);
		t.key_pem = buf_view(&key_pem);
		r->tls = tls_server_new(&t, f);
	}
	if (key_pem.p != NULL)
		secret_wipe(key_pem.p, key_pem.n);
	buf_clear(&key_pem);
	buf_clear(&cert_pem);
	return r->tls != NULL;
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

static bool
listen_on(struct http_server *s, const char *address, const struct http_tls *tls, struct fault *f)
{
	char	real[64];
	int	fd = net_listen(address, f);

	if (fd < 0 || !net_address(fd, real, f))
		return fault_within(f, "%s", address);
	log_line(LOG_LEVEL_INFO, "listening", "address=%s tls=%s", real, tls != NULL ? "yes" : "no");
	return http_server_listen(s, fd, tls, f);
}

static bool
listen_all(struct relay *r, struct fault *f)
{
	struct http_tls	 tls = { .new_ssl = new_ssl, .error_text = NULL, .ctx = r->tls };
	const char	*at;

	/* Only HTTPS was asked for: then no plain port beside it. */
	if (option_given(r->in, "listen") || option_nth(r->in, "https", 0) == NULL)
		for (size_t i = 0; (at = option_nth(r->in, "listen", i)) != NULL; i++)
			if (!listen_on(r->server, at, NULL, f))
				return false;
	for (size_t i = 0; (at = option_nth(r->in, "https", i)) != NULL; i++)
		if (!listen_on(r->server, at, &tls, f))
			return false;
	return r->health == NULL || listen_on(r->health, option_value(r->in, "health"), NULL, f);
}

static bool
open_servers(struct relay *r, struct fault *f)
{
	static struct http_route	door[] = {
		{ "POST", "/cmc", RELAY_MESSAGE_MAX, handle_cmc, NULL },
		{ "GET", "/crl/*", 0, handle_object, NULL },
		{ "GET", "/ca/*", 0, handle_object, NULL },
		{ "GET", "/certs/*", 0, handle_object, NULL },
	};
	static struct http_route	health[] = {
		{ "GET", "/healthz", 0, handle_healthz, NULL },
		{ "GET", "/readyz", 0, handle_readyz, NULL },
	};
	struct http_limits		limits = {
		.connections = CONNECTIONS_MAX, .answer_ms = ANSWER_MS,
	};
	int64_t				rate;

	if (!number_parse("--rate", option_value(r->in, "rate"), 0, 1000000, &rate, f))
		return false;
	limits.rate_per_source = (unsigned)rate;
	for (size_t i = 0; i < sizeof(door) / sizeof(door[0]); i++)
		door[i].ctx = r;
	for (size_t i = 0; i < sizeof(health) / sizeof(health[0]); i++)
		health[i].ctx = r;
	if ((r->server = http_server_new(r->loop, &limits, door, 4, f)) == NULL)
		return false;
	if (option_value(r->in, "health") == NULL)
		return true;
	return (r->health = http_server_new(r->loop, NULL, health, 2, f)) != NULL;
}

static bool
open_all(struct relay *r, struct fault *f)
{
	process_want_fds(CONNECTIONS_MAX + 256);
	if (!process_harden(f) || !open_folder(r, f) || !open_tls(r, f) ||
	    (r->loop = net_loop_new(f)) == NULL || !open_servers(r, f) || !open_courier(r, f))
		return false;
	r->objects = relay_objects_new(r->loop, r->server, r->courier, r->base, f);
	return r->objects != NULL &&
	    net_signal_new(r->loop, SIGTERM, on_signal, r, f) != NULL &&
	    net_signal_new(r->loop, SIGINT, on_signal, r, f) != NULL &&
	    (r->status = net_timer_new(r->loop, on_status, r, f)) != NULL && listen_all(r, f);
}

static int
run(const struct invocation *in)
{
	static struct relay	r;
	struct fault		f = { 0 };
	bool			ok;

	r = (struct relay){ .in = in };
	log_init("relay", in->verbose ? LOG_LEVEL_DEBUG : in->quiet ? LOG_LEVEL_WARN :
	    LOG_LEVEL_INFO);
	notify_open();
	ok = open_all(&r, &f);
	if (ok) {
		log_line(LOG_LEVEL_INFO, "ready", "url=\"%s\"", r.a.url);
		if (!in->quiet)
			printf("relaying to %s\nready\n", r.a.url);
		fflush(stdout);
		notify_ready();
		net_timer_start(r.status, 0);
		ok = net_loop_run(r.loop, &f);
	}
	if (!ok)
		return command_fail(in, &f, admin_help(in, &f));
	log_line(LOG_LEVEL_INFO, "stopped", "relayed=%" PRIu64 " refused=%" PRIu64 " failed=%" PRIu64,
	    r.relayed, r.refused, r.failed);
	fflush(NULL);
	/* Threads may wait for a PKI that says nothing; nobody waits for them. */
	_exit(EXIT_DONE);
}

const struct command cmd_admin_relay = {
	.group = "admin", .name = "relay", .args = "",
	.help = "pass on what devices send that cannot reach the PKI",
	.options = options, .run = run,
};
