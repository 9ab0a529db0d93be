/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer status: what is in use here, how long it lasts, whether an enrolment
 * is under way, and how the agent fares.  Reads files, asks nobody.
 */
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/name.h"
#include "peer/agent_read.h"
#include "peer/commands.h"
#include "peer/enroll_state.h"
#include "peer/tunnels.h"

#define DAY_SECONDS	INT64_C(86400)
#define NAMES_MAX	1024

static const struct option options[] = {
	{ "dir", "DIR", PEER_DIR, "folder of this device" },
	{ 0 },
};

struct status {
	bool			 has_cert;
	char			 names[NAMES_MAX];	/* of subjectAltName */
	char			 subject[NAME_TEXT_MAX], issuer[NAME_TEXT_MAX];
	char			 serial[2 * CERT_SERIAL_OCTETS_MAX + 1];
	int64_t			 from, to;
	enum enroll_step	 step;
	int64_t			 waits_since, poll_at;	/* for approval; 0: it does not */
	json_t			*agent;		/* NULL: none has run here */
};

/* What each step means to whoever waits for it. */
static const char *const step_words[ENROLL_STEPS] = {
	[ENROLL_NONE] = "none",
	[ENROLL_REQUEST] = "request made, no answer yet",
	[ENROLL_POLL] = "waits for a person's approval at the PKI",
	[ENROLL_CONFIRM] = "certificate received, confirmation not yet acknowledged",
	[ENROLL_REJECT] = "certificate unusable, rejection not yet acknowledged",
	[ENROLL_INSTALL] = "acknowledged, files not yet in place",
	[ENROLL_DONE] = "complete",
};

static void
add_names(const struct cert *c, struct status *s)
{
	size_t	n = 0;

	for (size_t i = 0; i < c->san.n && n < sizeof(s->names); i++) {
		char	one[NAME_TEXT_MAX];

		general_name_text(&c->san.list[i], one, sizeof(one));
		n += (size_t)snprintf(s->names + n, sizeof(s->names) - n, "%s%s",
		    n > 0 ? " " : "", one);
	}
}

static bool
read_cert(const char *dir, struct status *s, struct fault *f)
{
	struct credential	cred;
	struct cert		c;
	bool			ok;

	if (!credential_load(dir, false, &cred, f))
		return false;
	ok = cert_decode(buf_view(&cred.certs[0]), &c, f);
	if (ok) {
		s->has_cert = true;
		add_names(&c, s);
		name_text(c.subject, s->subject, sizeof(s->subject));
		name_text(c.issuer, s->issuer, sizeof(s->issuer));
		hex_encode(serial_magnitude(c.serial), s->serial);
		s->from = c.not_before;
		s->to = c.not_after;
	}
	credential_clear(&cred);
	return ok;
}

static bool
read_status(const char *dir, struct status *s, struct fault *f)
{
	struct enroll_state	st;
	struct fault		none = { 0 };
	bool			ok;

	enroll_state_init(&st);
	ok = enroll_state_load(dir, &st, f);
	s->step = st.step;
	if (st.step == ENROLL_POLL) {
		s->waits_since = st.wait.since;
		s->poll_at = st.wait.poll_at;
	}
	enroll_state_clear(&st);
	if (!ok)
		return false;
	s->agent = agent_read(dir, &none);
	fault_clear(&none);
	if (read_cert(dir, s, &none) || none.kind == FAULT_NOT_FOUND)
		return true;
	*f = none;
	return false;
}

static void
print_json(const char *dir, const struct status *s, int64_t now)
{
	char	from[32], to[32];
	json_t	*j = json_pack("{s:s, s:s}", "dir", dir, "enrolment",
	    enroll_step_name(s->step));

	date_format(s->from, from);
	date_format(s->to, to);
	if (j != NULL && s->has_cert)
		json_object_set_new(j, "certificate", json_pack(
		    "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "names", s->names,
		    "subject", s->subject, "issuer", s->issuer, "serial", s->serial,
		    "not_before", from, "not_after", to,
		    "seconds_left", (json_int_t)(s->to - now), "expired", now > s->to));
	if (j != NULL && s->poll_at != 0) {
		date_format(s->waits_since, from);
		date_format(s->poll_at, to);
		json_object_set_new(j, "approval", json_pack("{s:s, s:s}", "since", from,
		    "asked_again", to));
	}
	if (j != NULL && s->agent != NULL)
		json_object_set(j, "agent", s->agent);
	if (j != NULL)
		json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(j);
}

static void
print_life(const struct status *s, int64_t now)
{
	char	to[32];

	date_format(s->to, to);
	if (now > s->to)
		printf("EXPIRED on %s, %lld days ago: ask your Admin for a new ticket\n", to,
		    (long long)((now - s->to) / DAY_SECONDS));
	else if (now < s->from)
		printf("not yet: it begins in %lld hours; is this device's clock right?\n",
		    (long long)((s->from - now) / 3600 + 1));
	else
		printf("%s, %lld days left\n", to, (long long)((s->to - now) / DAY_SECONDS));
}

static void
print_wait(const struct status *s)
{
	char	since[32], next[32];

	date_format(s->waits_since, since);
	date_format(s->poll_at, next);
	printf("approval     waits since %s, asked again at %s by pki4ipsec peer run, or by\n"
	    "             pki4ipsec peer enroll\n", since, next);
}

static void
print_text(const char *dir, const struct status *s, int64_t now)
{
	printf("folder       %s\n", dir);
	if (s->has_cert) {
		printf("names        %s\n", s->names);
		printf("subject      %s\n", s->subject[0] == '\0' ? "(empty)" : s->subject);
		printf("issuer       %s\n", s->issuer);
		printf("serial       %s\n", s->serial);
		printf("valid until  ");
		print_life(s, now);
	} else
		printf("certificate  none in use\n");
	printf("enrolment    %s\n", step_words[s->step]);
	if (s->poll_at != 0)
		print_wait(s);
	if (s->agent != NULL)
		agent_print(s->agent, now);
}

static int
exit_code(const struct status *s, int64_t now)
{
	static const int	of[] = { EXIT_DONE, EXIT_PARTIAL, EXIT_FAILED };

	if (!s->has_cert || now < s->from || now > s->to)
		return EXIT_FAILED;
	return s->agent == NULL ? EXIT_DONE : of[agent_read_health(s->agent)];
}

/*
 * 0: a certificate in use that is good now, and an agent, if there ever was
 * one, that has no trouble; 3: it has; 1: tunnels fail, or will.
 */
static int
run(const struct invocation *in)
{
	const char	*dir = option_value(in, "dir");
	int64_t		 now = (int64_t)time(NULL);
	struct status	 s = { 0 };
	struct fault	 f = { 0 };
	int		 code;

	if (!read_status(dir, &s, &f))
		return command_fail(in, &f, strstr(f.text, "permission denied") != NULL ?
		    "the same command as the user whom the folder belongs to" : NULL);
	if (!s.has_cert && s.step == ENROLL_NONE) {
		fault_set(&f, FAULT_NOT_FOUND, "", "nothing is enrolled in \"%s\"", dir);
		return command_fail(in, &f, "pki4ipsec peer enroll TICKET --dir DIR");
	}
	if (in->json)
		print_json(dir, &s, now);
	else if (!in->quiet)
		print_text(dir, &s, now);
	code = exit_code(&s, now);
	json_decref(s.agent);
	return code;
}

const struct command cmd_peer_status = {
	.group = "peer", .name = "status", .args = "",
	.help = "what is in use here and how long it lasts",
	.options = options, .run = run,
};
