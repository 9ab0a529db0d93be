/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench enroll: N simulated Peers against a running server, from one process.
 *
 * Authorizes them with the Admin's own command, makes keys and requests
 * beforehand, then enrols and confirms over C connections.  What the server
 * spent is read from /proc; what the public-key operations of these
 * enrolments cost at libcrypto's bare speed is measured in the same run.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/command.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypt/bench.h"
#include "main/bench_peer.h"
#include "main/commands.h"
#include "main/server_cost.h"
#include "net/load.h"

#define PEERS_MAX	1000000
#define ANSWER_MAX	(256u << 10)
#define CMC_TYPE	"application/pkcs7-mime; smime-type=CMC-Request"
#define MEASURE_MS	1500
#define TRIES_MAX	20		/* a 503 is repeated, as a Peer does */

struct bench {
	struct bench_peer	*peers;
	size_t			 n, next, done, errors;
	struct net_loop		*loop;
	struct http_load	*load;
	double			*latency_ms;
	char			 why[256];	/* of the first error */
};

struct figures {
	double	authorize_s, wall_s, rate, p50, p95, p99, bare_s, efficiency;
	struct server_cost before, after;
	struct crypt_cost cost;
};

static double
now_s(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the run ----------------------------------------------------------------------- */

static void next_peer(struct bench *b);
static void on_answer(void *ctx, const struct http_load_answer *a);

struct turn {
	struct bench		*b;
	struct bench_peer	*p;
	double			 began;
	unsigned		 tries;
};

static void
end_turn(struct turn *t, const char *why)
{
	struct bench	*b = t->b;

	if (why != NULL) {
		b->errors++;
		if (b->why[0] == '\0')
			snprintf(b->why, sizeof(b->why), "%s", why);
	}
	b->latency_ms[b->done++] = (now_s() - t->began) * 1000;
	free(t);
	if (b->done == b->n)
		net_loop_stop(b->loop);
	else
		next_peer(b);
}

static void
submit(struct turn *t)
{
	struct fault	f = { 0 };

	if (!http_load_submit(t->b->load, "POST", "/cmc", CMC_TYPE,
	    buf_view(&t->p->message), on_answer, t, &f))
		end_turn(t, f.text);
}

static void
on_answer(void *ctx, const struct http_load_answer *a)
{
	struct turn	*t = ctx;
	struct fault	 f = { 0 };

	if ((a->status == 503 || a->status == 0) && ++t->tries < TRIES_MAX)
		submit(t);		/* the same octets again */
	else if (a->status != 200)
		end_turn(t, a->why != NULL ? a->why : "an HTTP status other than 200");
	else if (!bench_peer_step(t->p, a->body, &f))
		end_turn(t, f.text);
	else if (t->p->confirmed)
		end_turn(t, NULL);
	else
		submit(t);
}

static void
next_peer(struct bench *b)
{
	struct turn	*t;

	if (b->next == b->n)
		return;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		abort();
	*t = (struct turn){ b, &b->peers[b->next++], now_s(), 0 };
	submit(t);
}

static bool
run_load(struct bench *b, const char *url, unsigned concurrency, struct fault *f)
{
	if ((b->loop = net_loop_new(f)) == NULL ||
	    (b->load = http_load_new(b->loop, url, concurrency, ANSWER_MAX, f)) == NULL)
		return false;
	for (unsigned i = 0; i < concurrency; i++)
		next_peer(b);
	return net_loop_run(b->loop, f);
}

/* --- authorizing -------------------------------------------------------------------- */

static bool
write_csv(const char *path, size_t n, const char *run_id, struct fault *f)
{
	struct buf	csv;
	bool		ok;

	buf_init(&csv, 256u << 20);
	buf_add_str(&csv, "fqdn,label\n");
	for (size_t i = 0; i < n; i++)
		buf_addf(&csv, "b%zu.%s.bench.example,b%zu-%s\n", i, run_id, i, run_id);
	ok = buf_check(&csv, "csv", f) && file_write(path, buf_view(&csv), 0600, f);
	buf_clear(&csv);
	return ok;
}

/* The Admin's command, as an operator would give it. */
static bool
authorize(const char *admin, const char *template, const char *csv, const char *out,
    struct fault *f)
{
	const char	*argv[] = { "pki4ipsec", "admin", "authorize", "--dir", admin,
		"--template", template, "--csv", csv, "--out", out, "-q", NULL };

	if (command_main(12, (char **)(uintptr_t)argv, all_commands) == EXIT_DONE)
		return true;
	return fault_set(f, FAULT_REFUSED, "", "the authorization of the simulated devices "
	    "failed, see above");
}

static bool
load_peers(struct bench *b, const char *tickets, const char *run_id, enum key_kind kind,
    const struct rng *rng, const struct invocation *in, struct fault *f)
{
	struct progress	bar;
	bool		ok = true;

	progress_start(&bar, in, "making keys and requests", b->n);
	for (size_t i = 0; ok && i < b->n; i++) {
		char		path[1200];
		struct buf	text;

		buf_init(&text, TICKET_FILE_MAX);
		snprintf(path, sizeof(path), "%s/b%zu-%s.ticket", tickets, i, run_id);
		ok = file_read(path, &text, f) &&
		    bench_peer_open(&b->peers[i], buf_view(&text), kind, rng, f);
		buf_clear(&text);
		progress_step(&bar, i + 1);
	}
	progress_end(&bar);
	return ok;
}

/* --- figures ------------------------------------------------------------------------- */

static int
ascending(const void *a, const void *b)
{
	double	x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
compute(struct bench *b, struct figures *g)
{
	double	spent = g->after.cpu_s - g->before.cpu_s;

	qsort(b->latency_ms, b->done, sizeof(double), ascending);
	g->p50 = b->latency_ms[b->done / 2];
	g->p95 = b->latency_ms[b->done * 95 / 100];
	g->p99 = b->latency_ms[b->done * 99 / 100];
	g->rate = (double)(b->done - b->errors) / g->wall_s;
	/* Outer signature, possession, confirmation; certificate, answer, receipt. */
	g->bare_s = (double)(b->done - b->errors) * 3 *
	    (g->cost.sign_us + g->cost.verify_us) / 1e6;
	g->efficiency = spent > 0 ? g->bare_s / spent : 0;
}

static void
print_json(const struct bench *b, const struct figures *g)
{
	json_t	*o = json_object();

	json_object_set_new(o, "peers", json_integer((json_int_t)b->n));
	json_object_set_new(o, "errors", json_integer((json_int_t)b->errors));
	json_object_set_new(o, "rate", json_real(g->rate));
	json_object_set_new(o, "p50_ms", json_real(g->p50));
	json_object_set_new(o, "p95_ms", json_real(g->p95));
	json_object_set_new(o, "p99_ms", json_real(g->p99));
	json_object_set_new(o, "server_cpu_s", json_real(g->after.cpu_s - g->before.cpu_s));
	json_object_set_new(o, "peak_mb", json_real(g->after.peak_mb));
	json_object_set_new(o, "efficiency", json_real(g->efficiency));
	json_object_set_new(o, "sign_us", json_real(g->cost.sign_us));
	json_object_set_new(o, "verify_us", json_real(g->cost.verify_us));
	json_object_set_new(o, "authorize_s", json_real(g->authorize_s));
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void
print_text(const struct bench *b, const struct figures *g)
{
	double	spent = g->after.cpu_s - g->before.cpu_s;

	printf("peers        %zu enrolled and confirmed, %zu errors%s%s\n", b->done - b->errors,
	    b->errors, b->errors > 0 ? ": first: " : "", b->why);
	printf("authorized   in %.2f s\n", g->authorize_s);
	printf("rate         %.0f enrolments/s, each confirmed\n", g->rate);
	printf("latency      p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, both requests\n", g->p50,
	    g->p95, g->p99);
	printf("server       %.2f s of CPU in %d processes (%.0f us each), peak memory %.0f MB\n",
	    spent, g->after.processes, spent * 1e6 / (double)b->done, g->after.peak_mb);
	printf("bare         %.1f us a signature, %.1f us a verification: %.2f s for 3 and 3 each\n",
	    g->cost.sign_us, g->cost.verify_us, g->bare_s);
	printf("efficiency   %.2f\n", g->efficiency);
}

/* --- the command ---------------------------------------------------------------------- */

struct plan {
	const char	*dir, *template;
	char		 admin[1024], work[1024], csv[1100], tickets[1100], run_id[32];
	char		 url[512];
	int64_t		 peers, concurrency;
	enum key_kind	 key;
};

static bool
read_plan(const struct invocation *in, struct plan *p, struct fault *f)
{
	uint8_t		id[6];
	const char	*url = option_value(in, "url"), *work = option_value(in, "work");

	p->dir = option_value(in, "dir");
	p->template = option_value(in, "template");
	p->key = key_kind_find(option_value(in, "key"));
	rng_fill(rng_system(), id, sizeof(id));
	hex_encode(view_of(id, sizeof(id)), p->run_id);
	snprintf(p->admin, sizeof(p->admin), "%s/admin", p->dir);
	snprintf(p->work, sizeof(p->work), "%s/pki4ipsec-bench-%s", work, p->run_id);
	snprintf(p->csv, sizeof(p->csv), "%s/fleet.csv", p->work);
	snprintf(p->tickets, sizeof(p->tickets), "%s/tickets", p->work);
	snprintf(p->url, sizeof(p->url), "%s", url);
	if (p->key == KEY_NONE)
		return fault_set(f, FAULT_USAGE, "", "--key %s: no such kind of key",
		    option_value(in, "key"));
	return number_parse("--peers", option_value(in, "peers"), 1, PEERS_MAX, &p->peers, f) &&
	    number_parse("--concurrency", option_value(in, "concurrency"), 1, 4096,
	    &p->concurrency, f);
}

static bool
bench_alloc(struct bench *b, size_t n, struct fault *f)
{
	b->n = n;
	b->peers = calloc(n, sizeof(*b->peers));
	b->latency_ms = calloc(n, sizeof(*b->latency_ms));
	return (b->peers != NULL && b->latency_ms != NULL) ||
	    fault_set(f, FAULT_INTERNAL, "", "out of memory");
}

/* More than 10 000 are several lists, as one authorization takes no more. */
static bool
prepare(struct bench *b, const struct plan *p, const struct invocation *in,
    struct figures *g, struct fault *f)
{
	double	began = now_s();

	if (!dir_make(p->tickets, 0700, f) ||
	    !write_csv(p->csv, b->n, p->run_id, f) ||
	    !authorize(p->admin, p->template, p->csv, p->tickets, f))
		return false;
	g->authorize_s = now_s() - began;
	return load_peers(b, p->tickets, p->run_id, p->key, rng_system(), in, f);
}

static bool
measure(struct bench *b, const struct plan *p, const struct invocation *in,
    struct figures *g, struct fault *f)
{
	struct crypt_cost	again;
	double			began;

	if (!bench_alloc(b, (size_t)p->peers, f) || !prepare(b, p, in, g, f) ||
	    !crypt_measure(p->key, MEASURE_MS, &g->cost, f) ||
	    !server_cost_read(p->dir, &g->before, f))
		return false;
	began = now_s();
	if (!run_load(b, p->url, (unsigned)p->concurrency, f))
		return false;
	g->wall_s = now_s() - began;
	if (!server_cost_read(p->dir, &g->after, f) ||
	    !crypt_measure(p->key, MEASURE_MS, &again, f))
		return false;
	/* Before and after: the machine may have other work. */
	g->cost.sign_us = (g->cost.sign_us + again.sign_us) / 2;
	g->cost.verify_us = (g->cost.verify_us + again.verify_us) / 2;
	compute(b, g);
	return true;
}

static void
bench_clear(struct bench *b)
{
	for (size_t i = 0; b->peers != NULL && i < b->n; i++)
		bench_peer_clear(&b->peers[i]);
	free(b->peers);
	free(b->latency_ms);
	http_load_free(b->load);
	net_loop_free(b->loop);
}

static int
run(const struct invocation *in)
{
	static struct plan	p;
	struct bench		b = { 0 };
	struct figures		g = { 0 };
	struct fault		f = { 0 }, why = { 0 };
	bool			ok;

	if (!read_plan(in, &p, &f)) {
		command_fail(in, &f, "pki4ipsec bench enroll --help");
		return EXIT_USAGE;
	}
	ok = measure(&b, &p, in, &g, &f);
	if (ok && in->json)
		print_json(&b, &g);
	else if (ok)
		print_text(&b, &g);
	if (!dir_remove(p.work, &why))
		log_fault(LOG_LEVEL_WARN, "clean up", &why);
	ok = ok || command_fail(in, &f, f.kind == FAULT_REFUSED ? NULL :
	    "is the server running?  pki4ipsec pki serve --dir DIR") == 0;
	bench_clear(&b);
	return !ok || b.errors > 0 ? EXIT_FAILED : EXIT_DONE;
}

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI; its server runs, its Admin is DIR/admin" },
	{ "url", "URL", "http://127.0.0.1:8080", "the server" },
	{ "peers", "N", "1000", "Peers to simulate, 1 to 10000 per template limit" },
	{ "concurrency", "C", "64", "connections, 1 to 4096" },
	{ "template", "NAME", "s2s-gateway", "template to authorize under" },
	{ "key", "KIND", "ec-p256", "kind of the Peers' keys" },
	{ "work", "DIR", "/tmp", "where tickets lie meanwhile" },
	{ 0 },
};

const struct command cmd_bench_enroll = {
	.group = "bench", .name = "enroll", .args = "",
	.help = "measure enrolments: rate, latency, efficiency, memory",
	.options = options, .run = run,
};
