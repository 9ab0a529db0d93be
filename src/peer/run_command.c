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
#include "peer/commands.h"
#include "peer/enroll_state.h"
#include "peer/line.h"
#include "peer/reach.h"
#include "peer/renew.h"
#include "peer/run_enroll.h"
#include "peer/run_parts.h"
#include "peer/ticket_load.h"

#define CRL_INTERVAL_PRESET	"60s"
#define CRL_INTERVAL_MAX	INT64_C(86400)
#define CRL_CONNECT_MS		5000	/* other CAs wait meanwhile */
#define CRL_TOTAL_MS		30000
#define REPORT_SECONDS		60	/* spare the flash when nothing happens */

#define HELP_RENEW	"pki4ipsec peer renew -v; or ask your Admin for a new ticket"

static const struct option options[] = {
	{ "dir", "DIR", PEER_DIR, "folder of this device" },
	{ "install", "WHERE", "files", "strongswan: look after its daemon; files: only DIR" },
	{ "swanctl-dir", "DIR", INSTALL_SWANCTL_DIR, "strongSwan's configuration" },
	{ "vici", "URI", INSTALL_VICI_URI, "socket of the strongSwan daemon" },
	{ "crl-interval", "TIME", CRL_INTERVAL_PRESET, "how often to ask for CRLs" },
	{ "renew-last", "PERCENT", NULL, "renew in this last part of the lifetime; as the ticket says" },
	{ 0 },
};

/* --- small things --------------------------------------------------------------------- */

struct agent_time
run_time(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_BOOTTIME, &t);	/* a laptop's sleep counts */
	return (struct agent_time){ (int64_t)time(NULL),
	    (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 };
}

uint32_t
run_chance(const struct run *r)
{
	uint32_t	n;

	rng_fill(r->rng, &n, sizeof(n));
	return n;
}

void
run_trouble(struct run *r, const char *what, const struct fault *f, const char *help)
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

void
run_mended(struct run *r, const char *what)
{
	if (strcmp(r->report.error.what, what) != 0)
		return;
	r->report.error = (struct agent_error){ 0 };
	r->dirty = true;
}

/* --- what is in the folder ------------------------------------------------------------ */

bool
run_read_due(struct run *r, struct fault *f)
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

bool
run_read_credential(struct run *r, struct fault *f)
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
	struct agent_time	now = run_time();
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
	return run_read_due(r, f) && run_read_credential(r, f) && look_at_daemon(r, f);
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
	run_mended(r, "expired");
	run_mended(r, "revoked");
	if (read_folder(r, &f))
		log_line(LOG_LEVEL_INFO, "certificate in use", "serial=%s", r->report.serial);
	else
		run_trouble(r, "folder", &f, HELP_AGAIN);
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

	now = run_time();
	if (ok) {
		agent_renewed(&r->agent, &now);
		run_mended(r, "renewal");
		log_line(LOG_LEVEL_INFO, "certificate renewed", "kind=\"%s\" serial=%s "
		    "old_serial=%s", renew_kind_name(got.kind), got.serial, got.old_serial);
	} else if (f.kind == FAULT_BUSY && got.poll_at > now.wall) {
		agent_renewal_waits(&r->agent, &now, got.poll_at);
		run_mended(r, "renewal");
		log_line(LOG_LEVEL_INFO, "renewal waits for approval", "why=\"%s\"", f.text);
	} else {
		agent_renewal_failed(&r->agent, &now, f.kind, retry_after, run_chance(r));
		run_trouble(r, "renewal", &f, f.kind == FAULT_BUSY ? HELP_AGAIN : HELP_RENEW);
	}
	r->report.renewal_failures = r->agent.renewal.failures;
	if (ok ? !read_folder(r, &g) : !run_read_due(r, &g))
		run_trouble(r, "folder", &g, HELP_AGAIN);
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

	now = run_time();
	agent_told(&r->agent, &now, f.kind, retry_after, run_chance(r));
	log_line(ok ? LOG_LEVEL_INFO : f.kind == FAULT_BUSY ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
	    !ok ? "the Admin is not told" : r->tell.failing ? "the Admin is told of the failure" :
	    "the Admin is told that it is mended", "serial=%s why=\"%s\"", r->report.serial, f.text);
}

/* --- the daemon ------------------------------------------------------------------------------ */

static void
tell_change(struct run *r, const struct change_step *s)
{
	struct agent_time	now = run_time();
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
		run_trouble(r, "change", &f, "look at the peer's log; is its clock right, does it trust "
		    "our CA?");
	} else if (s->event == CHANGE_LATER) {
		f.kind = FAULT_BUSY;
		snprintf(f.text, sizeof(f.text), "some tunnels still use the certificate of before: "
		    "%.256s", s->words);
		tell_unused(&r->tell, &r->agent, &now, &f);
		run_trouble(r, "change", &f, HELP_AGAIN);
	} else if (s->event != CHANGE_NOTHING) {
		log_line(LOG_LEVEL_INFO, phrases[s->event], "serial=%s connection=\"%s\"",
		    r->report.serial, s->connection);
		run_mended(r, "change");
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

	now = run_time();
	if (!ok) {
		agent_change_failed(&r->agent, &now, false, run_chance(r));
		r->report.daemon = f.kind == FAULT_BUSY ? AGENT_UNREACHABLE : AGENT_COMING;
		run_trouble(r, "change", &f, HELP_DAEMON);
		tell_unused(&r->tell, &r->agent, &now, &f);
		return;
	}
	tell_change(r, &s);
	if (s.event == CHANGE_BACK || s.event == CHANGE_LATER)
		agent_change_failed(&r->agent, &now, s.event == CHANGE_BACK, run_chance(r));
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
		run_mended(r, "enrolment");
	else
		run_trouble(r, "enrolment", &f, HELP_TICKET);
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
	run_trouble(r, "expired", &f, HELP_TICKET);
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
	struct agent_time	now = run_time();
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
		[AGENT_CRLS] = run_crls,
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
		now = run_time();
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
	struct agent_time		now = run_time();
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
