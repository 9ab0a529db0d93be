/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "net/client.h"
#include "peer/enroll_state.h"
#include "peer/reach.h"

#define REQUEST_TYPE	"application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m"
#define CMC_TYPE	"application/pkcs7-mime"

/* --- HTTP ------------------------------------------------------------------------ */

bool
reach_http_open(struct reach_http *h, const char *url, const char *dir, struct fault *f)
{
	struct http_client_config	c = { .tls_unverified = dir == NULL, .and_system = true };
	char				anchors[INSTALL_PATH_MAX];

	*h = (struct reach_http){ .url = url };
	if (dir != NULL) {
		if (!path_join(anchors, sizeof(anchors), dir, "ca.pem", f))
			return false;
		c.anchors_file = anchors;
	}
	return (h->client = http_client_new(&c, f)) != NULL;
}

void
reach_http_close(struct reach_http *h)
{
	http_client_free(h->client);
	h->client = NULL;
}

/*
 * A CMC answer may come with any status (RFC 10003); an answer of another
 * type is not from a PKI, whatever its status says.  Half an answer is none:
 * the same octets are sent again.
 */
static bool
http_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct reach_http	*h = ctx;
	struct http_result	 r;
	struct fault		 why = { 0 };
	bool			 ok = http_post(h->client, h->url, REQUEST_TYPE, message, answer,
	    &r, &why);

	h->retry_after = r.retry_after;
	if (r.whole && answer->n > 0 && http_result_is(&r, CMC_TYPE))
		return true;
	if (ok && answer->n == 0)
		return fault_set(f, FAULT_BUSY, "", "%s answers with nothing", h->url);
	if (ok)
		return fault_set(f, FAULT_REFUSED, "RFC 10003, 4", "%s answers with \"%s\", "
		    "not with CMC: is the URL right?", h->url, r.content_type);
	if (f != NULL)
		*f = why;
	return r.status == 0 && why.kind == FAULT_REFUSED ? fault_within(f,
	    "HTTPS, certified neither under this device's ca.pem nor for this system") : false;
}

struct transport
reach_http(struct reach_http *h)
{
	return (struct transport){ http_exchange, h };
}

/* --- files -------------------------------------------------------------------------- */

static const struct carried {
	const char	*stage, *out, *in;
} carried[] = {
	{ "request", "request.crq", "response.crp" },
	{ "poll", "poll.crq", "poll-response.crp" },
	{ "confirmation", "confirmation.crq", "receipt.crp" },
};

void
reach_files_stage(void *ctx, const char *name)
{
	((struct reach_files *)ctx)->stage = name;
}

static const struct carried *
carried_at(const struct reach_files *r)
{
	for (size_t i = 0; r->stage != NULL && i < sizeof(carried) / sizeof(carried[0]); i++)
		if (strcmp(r->stage, carried[i].stage) == 0)
			return &carried[i];
	return &carried[0];
}

/* Is this file there with just these octets? */
static bool
file_holds(const char *path, struct view octets)
{
	struct buf	b;
	bool		same;

	buf_init(&b, ENROLL_MESSAGE_MAX);
	same = file_exists(path) && file_read(path, &b, NULL) &&
	    view_equal(buf_view(&b), octets);
	buf_clear(&b);
	return same;
}

static bool
files_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct reach_files	*r = ctx;
	const struct carried	*c = carried_at(r);
	char			 out[INSTALL_PATH_MAX], in[INSTALL_PATH_MAX];

	r->answer[0] = '\0';
	if (!path_join(out, sizeof(out), r->dir, c->out, f) ||
	    !path_join(in, sizeof(in), r->dir, c->in, f))
		return false;
	if (!file_holds(out, message)) {
		/* An answer that lies here is one to an older message. */
		if (unlink(in) != 0 && errno != ENOENT)
			return fault_set(f, FAULT_IO, "", "could not remove \"%s\"", in);
		if (!dir_make(r->dir, 0700, f) || !file_write(out, message, 0644, f))
			return false;
	}
	if (file_exists(in)) {
		snprintf(r->answer, sizeof(r->answer), "%s", in);
		return file_read(in, answer, f);
	}
	return fault_set(f, FAULT_BUSY, "", "carry \"%.180s\" to the PKI and put its answer at "
	    "\"%.180s\"", out, in);
}

void
reach_files_again(struct reach_files *r)
{
	if (r->answer[0] != '\0')
		unlink(r->answer);
	r->answer[0] = '\0';
}

struct transport
reach_files(struct reach_files *r)
{
	return (struct transport){ files_exchange, r };
}

/* --- patience ------------------------------------------------------------------------ */

static int64_t
clock_ms(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
reach_patience_start(struct reach_patience *p, int64_t seconds)
{
	p->until_ms = clock_ms() + seconds * 1000;
	p->pause_ms = REACH_PAUSE_MS;
}

/* Chance keeps a fleet that lost its server together from coming back together. */
unsigned
reach_pause(struct reach_patience *p, unsigned retry_after, uint32_t chance)
{
	unsigned	half = p->pause_ms / 2;
	unsigned	ms = half + chance % (half + 1);

	p->pause_ms = p->pause_ms * 2 > REACH_PAUSE_MAX_MS ? REACH_PAUSE_MAX_MS :
	    p->pause_ms * 2;
	return ms > retry_after * 1000u ? ms : retry_after * 1000u + chance % (half + 1);
}

bool
reach_patience_wait(struct reach_patience *p, unsigned retry_after, const struct rng *rng)
{
	struct timespec	t;
	uint32_t	chance;
	unsigned	ms;

	rng_fill(rng, &chance, sizeof(chance));
	ms = reach_pause(p, retry_after, chance);
	if (clock_ms() + (int64_t)ms > p->until_ms)
		return false;
	t = (struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
	return true;
}
