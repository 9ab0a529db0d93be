/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin relay: a server on the Admin's side for devices that cannot reach the
 * PKI (RFC 4809, 3.4.6; enrolment 2a).  What a device sends goes to the PKI
 * unchanged, and the answer back; so do CRLs and certificates.  Holds no key,
 * unless it wraps what comes together in one message of the Admin's.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/relay.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "crypt/tls.h"

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
#define PEM_FILE_MAX	(256u << 10)

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "listen", "ADDRESS...", LISTEN_PRESET, "where devices come by HTTP" },
	{ "https", "ADDRESS...", NULL, "where they come by HTTPS; needs --tls-cert and --tls-key" },
	{ "tls-cert", "FILE", NULL, "certificate of this server and its issuers, PEM" },
	{ "tls-key", "FILE", NULL, "its key, PEM" },
	{ "health", "ADDRESS", NULL, "where /healthz and /readyz are answered" },
	{ "wrap", NULL, NULL, "send what comes together in one message, signed by the Admin" },
	{ "wrap-ms", "N", "50", "wait so long for others that come" },
	{ "wrap-max", "N", "100", "so many in one" },
	{ "rate", "N", "0", "requests a second from one address; 0: no limit" },
	{ 0 },
};

/* --- start ------------------------------------------------------------------------------- */

static void
on_status(void *ctx)
{
	struct relay	*r = ctx;

	relay_door_status(r);
	net_timer_start(r->status, STATUS_MS);
}

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

/* Without --wrap the key stays in its file: what is passed on needs no signature of ours. */
static bool
open_folder(struct relay *r, struct fault *f)
{
	struct url	u;

	if (!admin_start(r->in, &r->a, f))
		return false;
	if (!option_given(r->in, "wrap")) {
		key_free(r->a.key);
		r->a.key = NULL;
	}
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
open_wrap(struct relay *r, struct fault *f)
{
	struct relay_wrap_config	c = { .loop = r->loop, .courier = r->courier, .a = &r->a };
	int64_t				ms, max;

	if (!number_parse("--wrap-ms", option_value(r->in, "wrap-ms"), 0, 5000, &ms, f) ||
	    !number_parse("--wrap-max", option_value(r->in, "wrap-max"), 1, RELAY_BATCH_MAX, &max,
	    f))
		return false;
	c.wait_ms = (unsigned)ms;
	c.max = (unsigned)max;
	return !option_given(r->in, "wrap") || (r->wrap = relay_wrap_new(&c, f)) != NULL;
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
	struct http_limits	limits = { .connections = CONNECTIONS_MAX, .answer_ms = ANSWER_MS };
	int64_t			rate;

	if (!number_parse("--rate", option_value(r->in, "rate"), 0, 1000000, &rate, f))
		return false;
	limits.rate_per_source = (unsigned)rate;
	return relay_door_open(r, &limits, option_value(r->in, "health") != NULL, f);
}

static bool
open_all(struct relay *r, struct fault *f)
{
	process_want_fds(CONNECTIONS_MAX + 256);
	if (!process_harden(f) || !open_folder(r, f) || !open_tls(r, f) ||
	    (r->loop = net_loop_new(f)) == NULL || !open_servers(r, f) || !open_courier(r, f) ||
	    !open_wrap(r, f))
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
