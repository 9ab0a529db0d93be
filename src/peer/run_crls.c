/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "peer/line.h"
#include "peer/run_parts.h"
#include "peer/vici.h"

#define VICI_WAIT_MS	10000

/* --- CRLs --------------------------------------------------------------------------------- */

/* before: what the daemon had; for a daemon that has begun anew, the same one. */
static bool
hand_over(struct run *r, struct crl_source *s, bool again, struct fault *f)
{
	struct enforce_report	e;
	struct buf		crl, before;
	bool			ok;

	buf_init(&crl, CRLS_OCTETS_MAX);
	buf_init(&before, CRLS_OCTETS_MAX);
	ok = crls_read(&r->crls, s, s->pending && !again, &crl, f) &&
	    (!s->held || crls_read(&r->crls, s, false, &before, f)) &&
	    enforce_crl(option_value(r->in, "vici"), buf_view(&crl), buf_view(&before),
	    &r->met, &e, f);
	buf_clear(&crl);
	buf_clear(&before);
	if (!ok)
		return false;
	r->report.tunnels_ended += e.ended;
	log_line(e.ended > 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, again ? "crl handed over again" :
	    "crl handed over", "issuer=\"%s\" number=%s revoked_peers=%zu tunnels_ended=%zu%s",
	    s->issuer, s->number, e.revoked, e.ended, e.loaded ? "" : " large=yes");
	return again || crls_settle(&r->crls, s, f);
}

static void
enforce(struct run *r, struct crl_source *s)
{
	struct fault	f = { 0 };

	if (!s->pending)
		return;
	r->dirty = true;
	if (!r->strongswan) {
		if (!crls_settle(&r->crls, s, &f))
			run_trouble(r, "crl handover", &f, HELP_AGAIN);
		return;
	}
	if (hand_over(r, s, false, &f))
		run_mended(r, "crl handover");
	else
		run_trouble(r, "crl handover", &f, HELP_DAEMON);
}

/* It answers, and is it the one that was there before? */
static bool
meet_daemon(const struct run *r, bool *other, struct stat *st, struct fault *f)
{
	const char	*uri = option_value(r->in, "vici");
	struct vici	*v = vici_open(uri, VICI_WAIT_MS, f);
	bool		 ok = v != NULL && vici_call(v, "version", VIEW_NONE, NULL, f);

	vici_close(v);
	if (!ok)
		return false;
	/* A daemon makes its socket anew when it starts. */
	if (stat(uri + strlen("unix://"), st) != 0)
		return fault_set(f, FAULT_BUSY, "", "no socket at %s", uri);
	*other = st->st_ino != r->socket.st_ino ||
	    st->st_ctim.tv_sec != r->socket.st_ctim.tv_sec ||
	    st->st_ctim.tv_nsec != r->socket.st_ctim.tv_nsec;
	return true;
}

/* A daemon that was started again has no CRL of ours. */
static void
greet_daemon(struct run *r)
{
	struct fault	f = { 0 };
	struct stat	st;
	bool		other, ok = meet_daemon(r, &other, &st, &f);

	ok = ok && enforce_meet(option_value(r->in, "vici"), &r->met, &f);
	for (size_t i = 0; ok && other && i < r->crls.n; i++)
		ok = !r->crls.at[i].held || hand_over(r, &r->crls.at[i], true, &f);
	if (!ok) {
		r->report.daemon = AGENT_UNREACHABLE;
		run_trouble(r, "daemon", &f, HELP_DAEMON);
		return;
	}
	r->socket = st;
	run_mended(r, "daemon");
	if (r->report.daemon == AGENT_UNREACHABLE)
		r->report.daemon = r->agent.change.at == AGENT_NEVER ? AGENT_IN_USE : AGENT_COMING;
}

static void
warn_life(const struct crl_source *s)
{
	enum crls_life	life = crls_life(s, (int64_t)time(NULL));
	char		date[32];

	if (life != CRLS_NEAR_END && life != CRLS_ENDED)
		return;
	date_format(s->next_update, date);
	log_line(life == CRLS_ENDED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, life == CRLS_ENDED ?
	    "crl has ended" : "crl is near its end", "issuer=\"%s\" next_update=%s uri=\"%s\"",
	    s->issuer, date, s->uri);
}

static bool
fetch(struct run *r, struct crl_source *s, unsigned *retry_after)
{
	struct crls_fetched	got;
	struct fault		f = { 0 };
	bool			ok = crls_fetch(&r->crls, s, r->http, (unsigned)r->crl_seconds,
	    (int64_t)time(NULL), &got, &f);
	char			help[AGENT_HELP_MAX];

	if (got.retry_after > *retry_after)
		*retry_after = got.retry_after;
	r->looked = r->looked && !got.newer;
	if (got.newer)
		log_line(LOG_LEVEL_DEBUG, "crl fetched", "issuer=\"%s\" number=%s", s->issuer,
		    s->number);
	if (!ok) {
		snprintf(help, sizeof(help), "curl -I %.400s", s->uri);
		run_trouble(r, "crl", &f, f.kind == FAULT_BUSY ? help : "ask the operator of the PKI");
		warn_life(s);
	}
	notify_watchdog();
	return ok;
}

/* The first source is that of our own certificate's CA. */
static void
find_ourselves(struct run *r)
{
	struct fault	f = { 0 };
	unsigned	reason;
	bool		listed;

	if (r->looked || r->crls.n == 0)
		return;
	r->looked = true;
	if (!crls_lists(&r->crls, &r->crls.at[0],
	    view_of(r->serial, r->n_serial), &listed, &reason, &f) || !listed)
		return;
	if (reason == CRL_SUPERSEDED && r->agent.under_way)
		return;			/* its successor is confirmed, and comes now */
	r->report.revoked = true;
	fault_set(&f, FAULT_REFUSED, "RFC 4809, 3.5.2", "the certificate of this device is "
	    "revoked (%s): its peers refuse it", crl_reason_name(reason));
	run_trouble(r, "revoked", &f, HELP_TICKET);
}

/* --- the other CAs of the line -------------------------------------------------------------- */

/* Before the CRLs: a CA that is new has one, too. */
static void
look_at_line(struct run *r)
{
	struct fault	f = { 0 };
	bool		changed, ok = line_ask(r->dir, r->ticket.url, r->http,
	    (unsigned)r->crl_seconds, (int64_t)time(NULL), &changed, &f);

	if (ok && changed)
		ok = run_read_credential(r, &f);
	if (ok && changed)
		log_line(LOG_LEVEL_INFO, "other CAs", "crls=%zu", r->crls.n);
	r->refresh = (r->refresh || changed) && r->strongswan;
	if (ok && r->refresh && (ok = change_refresh(&r->change, &f)))
		r->refresh = false;
	if (ok)
		run_mended(r, "other CAs");
	else
		run_trouble(r, "other CAs", &f, HELP_AGAIN);
	notify_watchdog();
}

/* Not for each round: it may be some minutes late.  Without one all is as it was. */
static void
look_for_hint(struct run *r)
{
	struct fault	f = { 0 };
	bool		newer;

	if (r->rounds++ % AGENT_HINT_ROUNDS != 0)
		return;
	if (hints_fetch(&r->hints, r->http, (unsigned)r->crl_seconds, (int64_t)time(NULL), &newer,
	    &f))
		run_mended(r, "hint");
	else if (f.kind == FAULT_BUSY)		/* what is wrong, the CRLs tell */
		log_line(LOG_LEVEL_DEBUG, "hint not fetched", "why=\"%s\"", f.text);
	else
		run_trouble(r, "hint", &f, "ask the operator of the PKI");
	fault_clear(&f);
	if (!run_read_due(r, &f))			/* one that is kept may have ended, too */
		run_trouble(r, "folder", &f, HELP_AGAIN);
}

void
run_crls(struct run *r)
{
	struct agent_time	now;
	unsigned		retry_after = 0;
	bool			ok = true;

	if (r->strongswan)
		greet_daemon(r);
	look_at_line(r);
	for (size_t i = 0; i < r->crls.n; i++) {
		ok = fetch(r, &r->crls.at[i], &retry_after) && ok;
		enforce(r, &r->crls.at[i]);
	}
	find_ourselves(r);
	look_for_hint(r);
	if (ok)
		run_mended(r, "crl");
	now = run_time();
	agent_crls_done(&r->agent, &now, ok, retry_after, run_chance(r));
	log_line(LOG_LEVEL_DEBUG, "crls asked", "good=%s met=%zu next_ms=%lld", ok ? "yes" : "no",
	    r->met.n, (long long)(r->agent.crls.at - now.ms));
}
