/* SPDX-License-Identifier: Apache-2.0 */
/* When a certificate is to be renewed: the ticket's part of its life, or a hint. */
#include <stdio.h>

#include "peer/enroll_state.h"
#include "peer/hints.h"
#include "peer/renew.h"
#include "peer/ticket_load.h"

#define HINT_ARENA_MAX	(4u << 20)

/* A part of the window's first half, by the certificate: the same at each look. */
static int64_t
spread(const uint8_t digest[SHA256_OCTETS], int64_t window)
{
	uint32_t	part = (uint32_t)digest[0] << 16 | (uint32_t)digest[1] << 8 | digest[2];

	return window / 2 * part / (1 << 24);
}

/* By other octets of it: two windows do not part a fleet alike. */
static uint32_t
chance_of(const uint8_t digest[SHA256_OCTETS])
{
	return (uint32_t)digest[4] << 24 | (uint32_t)digest[5] << 16 | (uint32_t)digest[6] << 8 |
	    digest[7];
}

static void
follow_hint(const char *dir, const struct cert *c, const uint8_t digest[SHA256_OCTETS],
    const struct ticket *t, int64_t now, struct renew_due *out)
{
	struct hint_cert		 facts = { .serial = c->serial, .template = view_str(t->template),
		.not_before = c->not_before, .not_after = c->not_after };
	struct arena			*a = arena_new(HINT_ARENA_MAX);
	const struct cvp_hint_rule	*r;
	struct cvp_hint			 h;

	if (a != NULL && hints_load(dir, now, a, &h) && (r = hint_find(&h, &facts)) != NULL) {
		out->hinted = true;
		out->hint_waits = r->act == CVP_HINT_WAIT;
		out->hint_from = r->from;
		out->hint_to = r->to;
		snprintf(out->hint_reason, sizeof(out->hint_reason), "%.*s", (int)r->reason.n,
		    (const char *)r->reason.p);
		out->at = hint_moment(r, &facts, out->at, chance_of(digest));
	}
	arena_free(a);
}

static bool
is_under_way(const char *dir, struct renew_due *out, struct fault *f)
{
	struct enroll_state	st;
	bool			ok;

	enroll_state_init(&st);
	st.folder = RENEW_FOLDER;
	ok = enroll_state_load(dir, &st, f);
	out->under_way = st.step != ENROLL_NONE && st.step != ENROLL_DONE;
	out->poll_at = st.step == ENROLL_POLL ? st.wait.poll_at : 0;
	enroll_state_clear(&st);
	return ok;
}

static int64_t
percent_of(const struct ticket *t, unsigned wanted)
{
	unsigned	percent = wanted == 0 ? t->renew_percent : wanted;

	return percent == 0 || percent > 100 ? RENEW_LAST_PERCENT : percent;
}

static void
find_moment(const char *dir, const struct cert *c, const struct ticket *t, int64_t now,
    int64_t percent, struct renew_due *out)
{
	uint8_t	digest[SHA256_OCTETS];

	sha256(c->der, digest);
	out->not_before = c->not_before;
	out->not_after = c->not_after;
	out->from = c->not_after - (c->not_after - c->not_before) * percent / 100;
	out->at = out->from + spread(digest, c->not_after - out->from);
	follow_hint(dir, c, digest, t, now, out);
	out->expired = now > c->not_after;
	out->due = !out->expired && (out->under_way || now >= out->at);
}

bool
renew_due(const char *dir, int64_t now, unsigned percent, struct renew_due *out,
    struct fault *f)
{
	struct credential	c;
	struct ticket		t;
	struct cert		cert;
	bool			ok;

	memset(out, 0, sizeof(*out));
	if (!credential_load(dir, false, &c, f))
		return fault_set(f, FAULT_NOT_FOUND, "", "no certificate in \"%s\"", dir);
	ok = cert_decode(buf_view(&c.certs[0]), &cert, f) && is_under_way(dir, out, f) &&
	    ticket_load_kept(dir, &t, f);
	if (ok) {
		find_moment(dir, &cert, &t, now, percent_of(&t, percent), out);
		ticket_clear(&t);
	}
	credential_clear(&c);
	return ok;
}
