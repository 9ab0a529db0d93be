/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer run: the agent.  Keeps the CRLs of this device's CAs, ends the tunnels
 * of whom they revoke, renews the certificate in time, and brings the daemon
 * over to the new one.  One process, no threads; what to do next is agent.h's
 * decision, this file only does it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "net/client.h"
#include "peer/agent.h"
#include "peer/agent_report.h"
#include "peer/change.h"
#include "peer/commands.h"
#include "peer/enforce.h"
#include "peer/enroll_state.h"
#include "peer/hints.h"
#include "peer/line.h"
#include "peer/reach.h"
#include "peer/renew.h"
#include "peer/run_enroll.h"
#include "peer/tell.h"
#include "peer/ticket_load.h"
#include "peer/vici.h"

#define CRL_INTERVAL_PRESET	"60s"
#define CRL_INTERVAL_MAX	INT64_C(86400)
#define CRL_CONNECT_MS		5000	/* other CAs wait meanwhile */
#define CRL_TOTAL_MS		30000
#define VICI_WAIT_MS		10000
#define REPORT_SECONDS		60	/* spare the flash when nothing happens */

#define HELP_AGAIN	"nothing: the agent tries again"
#define HELP_TICKET	"ask your Admin for a new ticket, then pki4ipsec peer enroll"
#define HELP_RENEW	"pki4ipsec peer renew -v; or ask your Admin for a new ticket"
#define HELP_DAEMON	"systemctl status strongswan"

static const struct option options[] = {
	{ "dir", "DIR", PEER_DIR, "folder of this device" },
	{ "install", "WHERE", "files", "strongswan: look after its daemon; files: only DIR" },
	{ "swanctl-dir", "DIR", INSTALL_SWANCTL_DIR, "strongSwan's configuration" },
	{ "vici", "URI", INSTALL_VICI_URI, "socket of the strongSwan daemon" },
	{ "crl-interval", "TIME", CRL_INTERVAL_PRESET, "how often to ask for CRLs" },
	{ "renew-last", "PERCENT", NULL, "renew in this last part of the lifetime; as the ticket says" },
	{ 0 },
};

/* The process. */
struct run {
	const struct invocation	*in;
	const char		*dir;
	bool			 strongswan;
	int64_t			 crl_seconds;
	int64_t			 percent;
	int			 lock, signals;
	bool			 stop, rested, told_end;
	const struct rng	*rng;
	struct http_client	*http;		/* for CRLs */
	struct ticket		 ticket;
	struct agent		 agent;
	struct change		 change;
	struct tell		 tell;
	struct crls		 crls;
	struct hints		 hints;
	unsigned		 rounds;	/* of CRLs */
	struct stat		 seen;		/* DIR/chain.pem, as last read */
	uint8_t			 serial[CERT_SERIAL_OCTETS_MAX];	/* of the certificate in use */
	size_t			 n_serial;
	bool			 looked;	/* for ourselves, in the newest CRL */
	bool			 refresh;	/* the daemon does not know all CAs of the line yet */
	struct stat		 socket;	/* of the daemon that has our CRLs */
	struct enforce_met	 met;		/* peers it was seen to know */
	struct agent_report	 report;
	int64_t			 written;	/* when the report was */
	bool			 dirty;
	int64_t			 enrol_at;	/* look for one that waits */
};

/* --- small things --------------------------------------------------------------------- */

static struct agent_time
time_now(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_BOOTTIME, &t);	/* a laptop's sleep counts */
	return (struct agent_time){ (int64_t)time(NULL),
	    (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 };
}

static uint32_t
chance(const struct run *r)
{
	uint32_t	n;

	rng_fill(r->rng, &n, sizeof(n));
	return n;
}

/* Logged here, once, and shown by peer status until it is mended. */
static void
trouble(struct run *r, const char *what, const struct fault *f, const char *help)
{
	struct agent_error	*e = &r->report.error;

	e->at = (int64_t)time(NULL);
	snprintf(e->what, sizeof(e->what), "%s", what);
	snprintf(e->text, sizeof(e->text), "%s", f->text);
	snprintf(e->help, sizeof(e->help), "%s", help);
	r->dirty = true;
	log_line(f->kind == FAULT_BUSY ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, what,
	    "kind=%s why=\"%s\" help=\"%s\"", fault_kind_name(f->kind), f->text, help);
}

static void
mended(struct run *r, const char *what)
{
	if (strcmp(r->report.error.what, what) != 0)
		return;
	r->report.error = (struct agent_error){ 0 };
	r->dirty = true;
}

/* --- what is in the folder ------------------------------------------------------------ */

static bool
read_due(struct run *r, struct fault *f)
{
	struct renew_due	d;

	if (!renew_due(r->dir, (int64_t)time(NULL), (unsigned)r->percent, &d, f))
		return false;
	r->agent.has_cert = true;
	r->agent.under_way = d.under_way;
	r->agent.renew_at = d.at;
	r->agent.not_after = d.not_after;
	r->report.has_cert = true;
	r->report.not_before = d.not_before;
	r->report.not_after = d.not_after;
	r->report.renew_at = d.expired ? 0 : d.at;
	r->report.renewal_under_way = d.under_way;
	if (agent_report_hint(&r->report, &d))
		log_line(LOG_LEVEL_INFO, "hint of the PKI", "act=%s reason=\"%s\"",
		    d.hint_waits ? "wait" : "renew", d.hint_reason);
	r->told_end = r->told_end && d.expired;
	r->dirty = true;
	return true;
}

static bool
read_credential(struct run *r, struct fault *f)
{
	struct credential	c;
	struct cert		cert;
	bool			ok;

	if (!credential_load(r->dir, false, &c, f))
		return false;
	crls_clear(&r->crls);
	ok = cert_decode(buf_view(&c.certs[0]), &cert, f) && crls_open(r->dir, r->ticket.url, &c,
	    &r->crls, (int64_t)time(NULL), f);
	if (ok) {
		hex_encode(serial_magnitude(cert.serial), r->report.serial);
		memcpy(r->serial, cert.serial.p, cert.serial.n);
		r->n_serial = cert.serial.n;
		r->report.revoked = r->looked = false;
	}
	credential_clear(&c);
	return ok;
}

/* A certificate of another serial number may need to be brought in. */
static bool
look_at_daemon(struct run *r, struct fault *f)
{
	struct agent_time	now = time_now();
	bool			needed;

	if (!r->strongswan)
		return true;
	if (!change_look(&r->change, &needed, f))
		return false;
	if (needed && r->agent.change.at == AGENT_NEVER)
		agent_changed(&r->agent, &now, 0);
	if (!needed)
		agent_changed(&r->agent, &now, AGENT_NEVER);
	r->report.daemon = needed ? AGENT_COMING : AGENT_IN_USE;
	return true;
}

static bool
look_at_folder(struct run *r, struct stat *st)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), r->dir, "chain.pem", NULL) && stat(path, st) == 0;
}

static bool
read_folder(struct run *r, struct fault *f)
{
	struct stat	st;

	if (look_at_folder(r, &st))
		r->seen = st;
	return read_due(r, f) && read_credential(r, f) && look_at_daemon(r, f);
}

/* Renewed by hand, or enrolled anew: then all of it is read again. */
static void
notice_folder(struct run *r)
{
	struct fault	f = { 0 };
	struct stat	st;

	if (!look_at_folder(r, &st) || (st.st_ino == r->seen.st_ino &&
	    st.st_mtim.tv_sec == r->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == r->seen.st_mtim.tv_nsec))
		return;
	mended(r, "expired");
	mended(r, "revoked");
	if (read_folder(r, &f))
		log_line(LOG_LEVEL_INFO, "certificate in use", "serial=%s", r->report.serial);
	else
		trouble(r, "folder", &f, HELP_AGAIN);
}

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
			trouble(r, "crl handover", &f, HELP_AGAIN);
		return;
	}
	if (hand_over(r, s, false, &f))
		mended(r, "crl handover");
	else
		trouble(r, "crl handover", &f, HELP_DAEMON);
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
		trouble(r, "daemon", &f, HELP_DAEMON);
		return;
	}
	r->socket = st;
	mended(r, "daemon");
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
		trouble(r, "crl", &f, f.kind == FAULT_BUSY ? help : "ask the operator of the PKI");
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
	trouble(r, "revoked", &f, HELP_TICKET);
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
		ok = read_credential(r, &f);
	if (ok && changed)
		log_line(LOG_LEVEL_INFO, "other CAs", "crls=%zu", r->crls.n);
	r->refresh = (r->refresh || changed) && r->strongswan;
	if (ok && r->refresh && (ok = change_refresh(&r->change, &f)))
		r->refresh = false;
	if (ok)
		mended(r, "other CAs");
	else
		trouble(r, "other CAs", &f, HELP_AGAIN);
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
		mended(r, "hint");
	else if (f.kind == FAULT_BUSY)		/* what is wrong, the CRLs tell */
		log_line(LOG_LEVEL_DEBUG, "hint not fetched", "why=\"%s\"", f.text);
	else
		trouble(r, "hint", &f, "ask the operator of the PKI");
	fault_clear(&f);
	if (!read_due(r, &f))			/* one that is kept may have ended, too */
		trouble(r, "folder", &f, HELP_AGAIN);
}

static void
do_crls(struct run *r)
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
		mended(r, "crl");
	now = time_now();
	agent_crls_done(&r->agent, &now, ok, retry_after, chance(r));
	log_line(LOG_LEVEL_DEBUG, "crls asked", "good=%s met=%zu next_ms=%lld", ok ? "yes" : "no",
	    r->met.n, (long long)(r->agent.crls.at - now.ms));
}

/* --- renewal -------------------------------------------------------------------------------- */

static void
do_renew(struct run *r)
{
	struct agent_time	now;
	struct renew_report	got;
	struct fault		f = { 0 }, g = { 0 };
	unsigned		retry_after = 0;
	bool			ok = renew_by_http(r->dir, r->ticket.url, r->rng,
	    &got, &retry_after, &f);

	now = time_now();
	if (ok) {
		agent_renewed(&r->agent, &now);
		mended(r, "renewal");
		log_line(LOG_LEVEL_INFO, "certificate renewed", "kind=\"%s\" serial=%s "
		    "old_serial=%s", renew_kind_name(got.kind), got.serial, got.old_serial);
	} else if (f.kind == FAULT_BUSY && got.poll_at > now.wall) {
		agent_renewal_waits(&r->agent, &now, got.poll_at);
		mended(r, "renewal");
		log_line(LOG_LEVEL_INFO, "renewal waits for approval", "why=\"%s\"", f.text);
	} else {
		agent_renewal_failed(&r->agent, &now, f.kind, retry_after, chance(r));
		trouble(r, "renewal", &f, f.kind == FAULT_BUSY ? HELP_AGAIN : HELP_RENEW);
	}
	r->report.renewal_failures = r->agent.renewal.failures;
	if (ok ? !read_folder(r, &g) : !read_due(r, &g))
		trouble(r, "folder", &g, HELP_AGAIN);
}

/* --- what the Admin should hear ------------------------------------------------------------- */

static void
do_tell(struct run *r)
{
	struct agent_time	now;
	struct fault		f = { 0 };
	unsigned		retry_after = 0;
	bool			ok = tell_by_http(&r->tell, r->dir, r->ticket.url, r->rng,
	    &retry_after, &f);

	now = time_now();
	agent_told(&r->agent, &now, f.kind, retry_after, chance(r));
	log_line(ok ? LOG_LEVEL_INFO : f.kind == FAULT_BUSY ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
	    !ok ? "the Admin is not told" : r->tell.failing ? "the Admin is told of the failure" :
	    "the Admin is told that it is mended", "serial=%s why=\"%s\"", r->report.serial, f.text);
}

/* --- the daemon ------------------------------------------------------------------------------ */

static void
tell_change(struct run *r, const struct change_step *s)
{
	struct agent_time	now = time_now();
	static const char *const phrases[] = {
		[CHANGE_LOADED] = "certificate loaded into the daemon",
		[CHANGE_PROVED] = "certificate proved",
		[CHANGE_ENDED] = "tunnel of before ended",
		[CHANGE_FINISHED] = "certificate in use by the daemon",
	};
	struct fault	f = { .kind = FAULT_REFUSED };

	if (s->event == CHANGE_BACK) {
		snprintf(f.text, sizeof(f.text), "every peer refuses the new certificate, the one "
		    "before is in the daemon again: %.256s", s->words);
		tell_unused(&r->tell, &r->agent, &now, &f);
		trouble(r, "change", &f, "look at the peer's log; is its clock right, does it trust "
		    "our CA?");
	} else if (s->event == CHANGE_LATER) {
		f.kind = FAULT_BUSY;
		snprintf(f.text, sizeof(f.text), "some tunnels still use the certificate of before: "
		    "%.256s", s->words);
		tell_unused(&r->tell, &r->agent, &now, &f);
		trouble(r, "change", &f, HELP_AGAIN);
	} else if (s->event != CHANGE_NOTHING) {
		log_line(LOG_LEVEL_INFO, phrases[s->event], "serial=%s connection=\"%s\"",
		    r->report.serial, s->connection);
		mended(r, "change");
	}
	if (s->event == CHANGE_FINISHED)
		tell_used(&r->tell, &r->agent, &now);
	r->dirty = r->dirty || s->event != CHANGE_NOTHING;
}

static void
do_change(struct run *r)
{
	struct agent_time	now;
	struct change_step	s;
	struct fault		f = { 0 };
	bool			ok = change_step(&r->change, &s, &f);

	now = time_now();
	if (!ok) {
		agent_change_failed(&r->agent, &now, false, chance(r));
		r->report.daemon = f.kind == FAULT_BUSY ? AGENT_UNREACHABLE : AGENT_COMING;
		trouble(r, "change", &f, HELP_DAEMON);
		tell_unused(&r->tell, &r->agent, &now, &f);
		return;
	}
	tell_change(r, &s);
	if (s.event == CHANGE_BACK || s.event == CHANGE_LATER)
		agent_change_failed(&r->agent, &now, s.event == CHANGE_BACK, chance(r));
	else
		agent_changed(&r->agent, &now, s.event == CHANGE_FINISHED ? AGENT_NEVER : s.wait_ms);
	r->report.daemon = s.event == CHANGE_BACK ? AGENT_REFUSED :
	    s.event == CHANGE_FINISHED ? AGENT_IN_USE : AGENT_COMING;
}

/* --- another certificate that waits for approval ---------------------------------------------- */

static void
look_at_enrolment(struct run *r)
{
	struct fault	f = { 0 };

	if (run_enroll_once(r->dir, r->rng, &r->enrol_at, &f))
		mended(r, "enrolment");
	else
		trouble(r, "enrolment", &f, HELP_TICKET);
}

/* --- the loop -------------------------------------------------------------------------------- */

/* The one thing that no event announces. */
static void
notice_end(struct run *r)
{
	struct fault	f = { 0 };

	if (r->report.now <= r->report.not_after || r->told_end)
		return;
	r->told_end = true;
	fault_set(&f, FAULT_REFUSED, "RFC 4809, 3.5.2", "the certificate of this device has "
	    "expired, and an expired one is not renewed");
	trouble(r, "expired", &f, HELP_TICKET);
}

static void
write_report(struct run *r)
{
	struct fault	f = { 0 };
	char		status[128], date[32];

	r->report.now = (int64_t)time(NULL);
	notice_end(r);
	if (!r->dirty && r->report.now - r->written < REPORT_SECONDS)
		return;
	r->report.crls = &r->crls;
	r->written = r->report.now;
	r->dirty = false;
	if (!agent_report_write(r->dir, &r->report, &f))
		log_fault(LOG_LEVEL_ERROR, "status file", &f);
	date_format(r->report.not_after, date);
	snprintf(status, sizeof(status), "%s; certificate until %s; %zu CRLs",
	    agent_health_name(agent_report_health(&r->report)), date, r->crls.n);
	notify_status(status);
}

static void
take_signals(struct run *r)
{
	struct agent_time	now = time_now();
	int			sig;

	while ((sig = signals_next(r->signals)) != 0) {
		if (sig == SIGTERM || sig == SIGINT)
			r->stop = true;
		if (sig == SIGUSR1)
			r->agent.asked = true;
		if (sig == SIGHUP || sig == SIGUSR1) {
			log_line(LOG_LEVEL_INFO, "asked to hurry", "renewal=%s",
			    sig == SIGUSR1 ? "now" : "in time");
			r->seen.st_ino = 0;
			agent_hurry(&r->agent, &now);
		}
	}
}

static void
sleep_for(const struct run *r, int64_t ms)
{
	struct pollfd	p = { .fd = r->signals, .events = POLLIN };
	int64_t		watchdog = notify_watchdog_ms();

	if (watchdog > 0 && watchdog < ms)
		ms = watchdog;
	if (poll(&p, 1, (int)ms) == -1 && errno != EINTR)
		log_line(LOG_LEVEL_ERROR, "poll", "why=\"%s\"", error_text(errno));
}

static void
loop(struct run *r)
{
	static void	(*const acts[])(struct run *) = {
		[AGENT_CRLS] = do_crls,
		[AGENT_TELL] = do_tell,
		[AGENT_CHANGE] = do_change,
		[AGENT_RENEW] = do_renew,
	};

	for (;;) {
		struct agent_time	now;
		struct agent_step	step;

		take_signals(r);
		if (r->stop)
			return;
		notify_watchdog();
		look_at_enrolment(r);
		notice_folder(r);
		now = time_now();
		step = agent_next(&r->agent, &now);
		if (step.act != AGENT_WAIT)
			acts[step.act](r);
		write_report(r);
		if (step.act != AGENT_WAIT)
			continue;
		if (!r->rested && !r->in->quiet) {	/* what was due is done */
			puts("ready");
			fflush(stdout);
		}
		r->rested = true;
		sleep_for(r, step.wait_ms);
	}
}

/* --- beginning and end -------------------------------------------------------------------------- */

static bool
read_options(struct run *r, struct fault *f)
{
	const char	*install = option_value(r->in, "install");
	const char	*percent = option_value(r->in, "renew-last");

	r->dir = option_value(r->in, "dir");
	r->strongswan = strcmp(install, "strongswan") == 0;
	if (!r->strongswan && strcmp(install, "files") != 0)
		return fault_set(f, FAULT_USAGE, "", "--install %s: want strongswan or files",
		    install);
	if (!r->strongswan && (option_given(r->in, "swanctl-dir") || option_given(r->in, "vici")))
		return fault_set(f, FAULT_USAGE, "", "--swanctl-dir and --vici go with --install "
		    "strongswan");
	return duration_parse("--crl-interval", option_value(r->in, "crl-interval"), 1,
	    CRL_INTERVAL_MAX, &r->crl_seconds, f) &&
	    (percent == NULL || number_parse("--renew-last", percent, 1, 100, &r->percent, f));
}

/* One agent on a folder; what it hears is open before it waits for anything. */
static bool
open_up(struct run *r, struct fault *f)
{
	static const int	sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	char			path[INSTALL_PATH_MAX];

	if (!path_join(path, sizeof(path), r->dir, ENROLL_TICKET_FILE, f) ||
	    (!file_exists(path) && !ticket_load_kept(r->dir, &r->ticket, f)))
		return false;
	return path_join(path, sizeof(path), r->dir, AGENT_LOCK_FILE, f) &&
	    (r->lock = file_lock(path, f)) != -1 &&
	    (r->signals = signals_open(sigs, sizeof(sigs) / sizeof(sigs[0]), f)) != -1;
}

static bool
start(struct run *r, struct fault *f)
{
	struct http_client_config	http = {
		.connect_ms = CRL_CONNECT_MS, .total_ms = CRL_TOTAL_MS,
		.tls_unverified = true,		/* the CA's signature is what counts */
	};
	struct agent_time		now = time_now();
	char				line[INSTALL_PATH_MAX];
	bool				needed;

	if (r->ticket.id[0] == '\0' && !ticket_load_kept(r->dir, &r->ticket, f))
		return false;
	agent_begin(&r->agent, r->crl_seconds * 1000, &now);
	hints_open(&r->hints, r->dir, r->ticket.url);
	r->report.started = now.wall;
	r->change = (struct change){ .dir = r->dir, .ticket = &r->ticket,
	    .swanctl_dir = option_value(r->in, "swanctl-dir"),
	    .vici_uri = option_value(r->in, "vici") };
	if (!path_join(line, sizeof(line), r->dir, LINE_FILE, f))
		return false;
	r->refresh = r->strongswan && file_exists(line);	/* a run before was killed, perhaps */
	return (r->http = http_client_new(&http, f)) != NULL &&
	    (!r->strongswan || change_open(&r->change, &needed, f)) && read_folder(r, f);
}

static void
end(struct run *r)
{
	http_client_free(r->http);
	change_close(&r->change);
	enforce_met_clear(&r->met);
	crls_clear(&r->crls);
	ticket_clear(&r->ticket);
	if (r->signals != -1)
		close(r->signals);
	if (r->lock != -1)
		close(r->lock);
}

static int
run(const struct invocation *in)
{
	static struct run	r;
	struct fault		f = { 0 };
	bool			ok;

	r = (struct run){ .in = in, .lock = -1, .signals = -1, .rng = rng_system(), .dirty = true };
	log_init("peer", in->verbose ? LOG_LEVEL_DEBUG : in->quiet ? LOG_LEVEL_WARN :
	    LOG_LEVEL_INFO);
	ok = read_options(&r, &f) && open_up(&r, &f);
	if (ok) {
		notify_open();
		ok = r.ticket.id[0] != '\0' ||
		    run_enroll(r.dir, r.signals, r.rng, &r.stop, &f);
	}
	ok = ok && !r.stop && start(&r, &f);
	if (ok) {
		notify_ready();
		log_line(LOG_LEVEL_INFO, "agent begins", "dir=\"%s\" serial=%s", r.dir,
		    r.report.serial);
		loop(&r);
		notify_stopping();
		log_line(LOG_LEVEL_INFO, "agent ends", "tunnels_ended=%zu",
		    r.report.tunnels_ended);
	}
	end(&r);
	if (ok || f.kind == FAULT_NONE)		/* or told to stop while it waited */
		return EXIT_DONE;
	return command_fail(in, &f, f.kind == FAULT_USAGE ? "pki4ipsec peer run --help" :
	    f.kind == FAULT_NOT_FOUND ? "pki4ipsec peer enroll TICKET --dir DIR" : NULL);
}

const struct command cmd_peer_run = {
	.group = "peer", .name = "run", .args = "",
	.help = "the agent: renew in time, keep CRLs, end the tunnels of the revoked",
	.options = options, .run = run,
};
