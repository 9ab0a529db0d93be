/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - what remembering one enrolment costs.
 *
 *	bench_store FILE [authorizations [together [serial|random]]]
 *
 * FILE is made anew and left behind.  One enrolment here is: find the
 * authorization by its id, bind it, reserve a certificate, keep the request,
 * audit; finish the certificate, event, audit; later confirm it, event,
 * audit.  That is three commits for as many enrolments as go together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "crypt/digest.h"
#include "store/store_authz.h"
#include "store/store_cert.h"
#include "store/store_log.h"

#define NOW		INT64_C(1800000000)
#define BODY_OCTETS	620
#define TOGETHER_MAX	1024

struct bench {
	struct store	*st;
	struct arena	*a;
	int64_t		 total, together;
	int64_t		*order;
	struct fault	 f;
};

static double
seconds(clockid_t clock)
{
	struct timespec	t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
must(struct bench *b, bool ok)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_store: %s\n",
	    b->f.text[0] != '\0' ? b->f.text : "a guarded step did nothing");
	exit(1);
}

static void
id_of(int64_t i, char out[32])
{
	/* Ids are random in life: scatter them over the index. */
	(void)snprintf(out, 32, "%016llX",
	    (unsigned long long)((uint64_t)i * 0x9e3779b97f4a7c15u));
}

static void
authorize_one(struct bench *b, int64_t i)
{
	static const uint8_t	terms[180], sealed[140], subject[40];
	char			id[32], san[64];
	struct store_authz	z = {
		.id = id, .label = san + 5, .sans = san, .entry_id = i + 1,
		.terms = { terms, sizeof(terms) },
		.sealed = { sealed, sizeof(sealed) },
		.subject = { subject, sizeof(subject) },
		.sealed_cancel = { sealed, 76 },
		.state = STORE_AUTHZ_OPEN, .window_to = NOW + 86400,
		.confirm_within = 3600, .created = NOW, .changed = NOW,
	};

	id_of(i, id);
	(void)snprintf(san, sizeof(san), "fqdn:gw%lld.example", (long long)i);
	sha256(view_str(id), z.content_digest);
	must(b, store_authz_insert(b->st, &z, &b->f));
	must(b, store_name_insert(b->st, san + 5, STORE_NAME_FQDN, z.n, 0, &b->f));
}

static void
audit(struct bench *b, const char *action, int64_t authz)
{
	char			object[32];
	struct store_audit	e = { .time = NOW, .actor = "peer",
				    .action = action, .object = object };

	(void)snprintf(object, sizeof(object), "authz:%lld", (long long)authz);
	must(b, store_audit_insert(b->st, &e, &b->f));
}

static void
reserve(struct bench *b, int64_t i, struct store_authz *z)
{
	static uint8_t		tbs[BODY_OCTETS - 80], sealed[140];
	char			id[32];
	bool			done;
	struct store_cert	c = { .ca = 1, .not_before = NOW,
				    .not_after = NOW + 31536000, .created = NOW,
				    .body = { tbs, sizeof(tbs) } };
	struct store_request	r = { .created = NOW };

	id_of(i, id);
	must(b, store_authz_find(b->st, view_str(id), b->a, z, &b->f) && z->n != 0);
	must(b, store_cert_number(b->st, &c.n, &b->f));
	rng_fill(rng_system(), c.serial, sizeof(c.serial));
	rng_fill(rng_system(), c.spki_hash, sizeof(c.spki_hash));
	c.authz = z->n;
	c.subject = c.identity = z->sans;
	must(b, store_cert_insert(b->st, &c, &b->f));
	r.authz = z->n;
	r.cert = c.n;
	memcpy(r.spki_hash, c.spki_hash, sizeof(r.spki_hash));
	r.transaction = r.client_nonce = r.server_nonce = view_of(c.serial, 16);
	must(b, store_request_insert(b->st, &r, &b->f));
	z->cert = c.n;
	z->request = r.n;
	z->sealed = view_of(sealed, sizeof(sealed));
	memcpy(z->spki_hash, c.spki_hash, sizeof(z->spki_hash));
	z->bound = true;
	z->state = STORE_AUTHZ_IN_PROGRESS;
	must(b, store_authz_update(b->st, z, STORE_AUTHZ_OPEN, &done, &b->f) && done);
	audit(b, "open>inProgress", z->n);
}

static void
event(struct bench *b, int kind, const struct store_authz *z)
{
	struct store_event	e = { .time = NOW, .kind = kind, .authz = z->n,
				    .cert = z->cert };

	must(b, store_event_insert(b->st, &e, &b->f));
}

static void
finish(struct bench *b, struct store_authz *z)
{
	static const uint8_t	der[BODY_OCTETS];
	bool			done;
	uint8_t			hash[STORE_SHA1_OCTETS];

	memcpy(hash, z->spki_hash, sizeof(hash));
	must(b, store_cert_finish(b->st, z->cert, view_of(der, sizeof(der)), VIEW_NONE, hash,
	    &done, &b->f) && done);
	z->state = STORE_AUTHZ_ISSUED;
	z->confirm_by = NOW + 3600;
	must(b, store_authz_update(b->st, z, STORE_AUTHZ_IN_PROGRESS, &done,
	    &b->f) && done);
	event(b, 1, z);
	audit(b, "inProgress>issued", z->n);
}

static void
confirm(struct bench *b, int64_t n)
{
	struct store_authz	z;
	struct store_cert	c;
	bool			done;

	must(b, store_authz_find_n(b->st, n, b->a, &z, &b->f) && z.n != 0);
	must(b, store_cert_find(b->st, z.cert, true, b->a, &c, &b->f));
	must(b, store_cert_confirm(b->st, z.cert, NOW, &done, &b->f) && done);
	z.state = STORE_AUTHZ_CONFIRMED;
	z.confirm_by = 0;
	must(b, store_authz_update(b->st, &z, STORE_AUTHZ_ISSUED, &done, &b->f) && done);
	event(b, 2, &z);
	audit(b, "issued>confirmed", z.n);
}

static void
enrol_some(struct bench *b, int64_t from, int64_t n)
{
	static struct store_authz	z[TOGETHER_MAX];

	must(b, store_begin(b->st, &b->f));
	for (int64_t i = 0; i < n; i++)
		reserve(b, b->order[from + i], &z[i]);
	must(b, store_commit(b->st, &b->f));
	must(b, store_begin(b->st, &b->f));
	for (int64_t i = 0; i < n; i++)
		finish(b, &z[i]);
	must(b, store_commit(b->st, &b->f));
	must(b, store_begin(b->st, &b->f));
	for (int64_t i = 0; i < n; i++)
		confirm(b, z[i].n);
	must(b, store_commit(b->st, &b->f));
	arena_reset(b->a);
}

static void
measure(struct bench *b, const char *what, void (*run)(struct bench *b))
{
	double	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	double	wall = seconds(CLOCK_MONOTONIC);

	run(b);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	(void)printf("%-28s %8.1f us CPU  %8.1f us wall\n", what,
	    cpu * 1e6 / (double)b->total, wall * 1e6 / (double)b->total);
}

static void
authorize_all(struct bench *b)
{
	must(b, store_begin(b->st, &b->f));
	for (int64_t i = 0; i < b->total; i++)
		authorize_one(b, i);
	must(b, store_commit(b->st, &b->f));
}

static void
enrol_all(struct bench *b)
{
	for (int64_t i = 0; i < b->total; i += b->together)
		enrol_some(b, i, b->total - i < b->together ?
		    b->total - i : b->together);
}

static void
verify_all(struct bench *b)
{
	int64_t		 rows, bad;
	const char	*why;

	must(b, store_audit_verify(b->st, &rows, &bad, &why, &b->f) && bad == 0);
}

static void
read_hashes(struct bench *b)
{
	static const uint8_t	none[STORE_SHA1_OCTETS];
	struct store_cert	c;

	must(b, store_cert_find_sha1(b->st, none, b->a, &c, &b->f));
}

static bool
count_revoked(void *ctx, const struct store_revoked *r, struct fault *f)
{
	(void)f;
	*(int64_t *)ctx += r->n > 0;
	return true;
}

static void
revoke_all(struct bench *b)
{
	bool	done;

	must(b, store_begin(b->st, &b->f));
	for (int64_t n = 1; n <= b->total; n++)
		must(b, store_cert_revoke(b->st, n, NOW, 1, 0, &done, &b->f) && done);
	must(b, store_commit(b->st, &b->f));
}

static void
walk_revoked(struct bench *b)
{
	int64_t	n = 0;

	must(b, store_revoked_walk(b->st, 1, NOW, 0, count_revoked, &n, &b->f));
	must(b, n == b->total);
}

static void
shuffle(struct bench *b)
{
	uint64_t	x = 88172645463325252u;

	for (int64_t i = b->total - 1; i > 0; i--) {
		int64_t	j, t = b->order[i];

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		j = (int64_t)(x % (uint64_t)(i + 1));
		b->order[i] = b->order[j];
		b->order[j] = t;
	}
}

int
main(int argc, char **argv)
{
	struct bench	b = { .total = 20000, .together = 64 };
	struct store_ca	ca = { .name = "issuing", .cert = VIEW_LIT("x") };

	if (argc < 2)
		return 2;
	(void)unlink(argv[1]);
	if (argc > 2)
		b.total = strtoll(argv[2], NULL, 10);
	if (argc > 3)
		b.together = strtoll(argv[3], NULL, 10);
	if (b.total < 1 || b.together < 1 || b.together > TOGETHER_MAX)
		return 2;
	b.order = calloc((size_t)b.total, sizeof(b.order[0]));
	b.a = arena_new(64u << 20);
	must(&b, b.order != NULL && b.a != NULL);
	for (int64_t i = 0; i < b.total; i++)
		b.order[i] = i;
	if (argc < 5 || strcmp(argv[4], "random") == 0)
		shuffle(&b);
	b.st = store_open(argv[1], STORE_CREATE, (struct store_digest){ sha256 },
	    &b.f);
	must(&b, b.st != NULL && store_begin(b.st, &b.f) &&
	    store_ca_insert(b.st, &ca, &b.f) && store_commit(b.st, &b.f));
	(void)printf("%lld authorizations, %lld together\n", (long long)b.total,
	    (long long)b.together);
	measure(&b, "authorize", authorize_all);
	measure(&b, "enrol and confirm", enrol_all);
	measure(&b, "verify the audit chain", verify_all);
	measure(&b, "first look-up by hash", read_hashes);
	measure(&b, "revoke", revoke_all);
	measure(&b, "walk for a CRL", walk_revoked);
	store_close(b.st);
	arena_free(b.a);
	free(b.order);
	return 0;
}
