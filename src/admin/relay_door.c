/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay takes from devices, and what they hear. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/relay.h"
#include "admin/relay_check.h"
#include "base/log.h"
#include "base/process.h"
#include "net/client.h"

#define CMC_TYPE	"application/pkcs7-mime"
#define REQUEST_TYPE	"application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m"
#define ANSWER_TYPE	"application/pkcs7-mime; smime-type=CMC-Response; name=response.p7m"
#define LATER_SECONDS	2

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

/* --- wrapped ------------------------------------------------------------------------------ */

static void
on_wrapped(void *ctx, const struct relay_outcome *o)
{
	struct errand		*e = ctx;
	struct relay		*r = e->r;
	struct fault		 f = { 0 };
	struct http_answer	 a = {
		.status = 200, .content_type = ANSWER_TYPE, .cache_control = "no-store",
		.body = o->octets,
	};

	if (o->fate == RELAY_ALONE && courier_send(r->courier, r->a.url, REQUEST_TYPE, o->octets,
	    on_answer, e, &f))
		return;
	note_reached(r, o->reached, &f);
	if (o->fate == RELAY_ANSWERED) {
		(void)http_reply_id(r->server, e->id, &a);
		r->relayed++;
		log_line(LOG_LEVEL_INFO, "relayed", "from=%s what=%s octets=%zu status=200 "
		    "answer=%zu wrapped=yes ms=%" PRId64, e->source, e->what, e->octets,
		    o->octets.n, net_loop_ticks(r->loop) - e->begun);
	} else {
		(void)http_refuse_id(r->server, e->id, 503, o->retry_after > LATER_SECONDS ?
		    o->retry_after : LATER_SECONDS, "no answer of the PKI: send the same again");
		r->failed++;
		log_line(LOG_LEVEL_WARN, "not relayed", "from=%s what=%s octets=%zu status=503 "
		    "why=\"no answer to what it was wrapped in\"", e->source, e->what, e->octets);
	}
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
send_on(struct relay *r, struct http_request *req, const struct relay_claim *claim,
    struct fault *f)
{
	struct view	 body = http_request_body(req);
	struct errand	*e = calloc(1, sizeof(*e));

	if (e == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	e->r = r;
	e->id = http_request_id(req);
	e->what = claim->what;
	e->octets = body.n;
	e->begun = net_loop_ticks(r->loop);
	snprintf(e->source, sizeof(e->source), "%s", http_request_source(req));
	if (r->wrap != NULL && claim->wraps ?
	    relay_wrap_add(r->wrap, body, claim, on_wrapped, e, f) :
	    courier_send(r->courier, r->a.url, REQUEST_TYPE, body, on_answer, e, f))
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
	if (!ok)
		refuse(r, req, f.kind == FAULT_INTERNAL ? 503 : 400, &f);
	else if (!send_on(r, req, &claim, &f))
		http_reply(req, &later);
	arena_reset(r->arena);
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

void
relay_door_status(const struct relay *r)
{
	char	text[160];

	snprintf(text, sizeof(text), "%" PRIu64 " relayed, %" PRIu64 " refused, %" PRIu64
	    " failed; the PKI %s", r->relayed, r->refused, r->failed,
	    r->lost ? "cannot be reached" : "answers");
	notify_status(text);
}

bool
relay_door_open(struct relay *r, const struct http_limits *limits, bool health, struct fault *f)
{
	static struct http_route	door[] = {
		{ "POST", "/cmc", RELAY_MESSAGE_MAX, handle_cmc, NULL },
		{ "GET", "/crl/*", 0, handle_object, NULL },
		{ "GET", "/ca/*", 0, handle_object, NULL },
		{ "GET", "/certs/*", 0, handle_object, NULL },
	};
	static struct http_route	inside[] = {
		{ "GET", "/healthz", 0, handle_healthz, NULL },
		{ "GET", "/readyz", 0, handle_readyz, NULL },
	};

	for (size_t i = 0; i < sizeof(door) / sizeof(door[0]); i++)
		door[i].ctx = r;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		inside[i].ctx = r;
	if ((r->server = http_server_new(r->loop, limits, door, 4, f)) == NULL)
		return false;
	return !health || (r->health = http_server_new(r->loop, NULL, inside, 2, f)) != NULL;
}
