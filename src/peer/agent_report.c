/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/agent_report.h"

#define REPORT_VERSION	1
#define LATE_PART	10	/* bad: less than a tenth of the life is left */

const char *
agent_health_name(enum agent_health h)
{
	static const char *const names[] = { "good", "warning", "bad" };

	return names[h];
}

const char *
agent_daemon_name(enum agent_daemon d)
{
	static const char *const names[] = {
		[AGENT_FILES] = "files",
		[AGENT_IN_USE] = "in use",
		[AGENT_COMING] = "being brought in",
		[AGENT_REFUSED] = "refused",
		[AGENT_UNREACHABLE] = "unreachable",
	};

	return names[d];
}

bool
agent_report_hint(struct agent_report *r, const struct renew_due *d)
{
	bool	other = d->hinted && (!r->hinted || r->hint_to != d->hint_to ||
	    r->hint_waits != d->hint_waits);

	r->hinted = d->hinted;
	r->hint_waits = d->hint_waits;
	r->hint_from = d->hint_from;
	r->hint_to = d->hint_to;
	memcpy(r->hint_reason, d->hint_reason, sizeof(r->hint_reason));
	return other;
}

static enum agent_health
worse(enum agent_health a, enum agent_health b)
{
	return a > b ? a : b;
}

static enum agent_health
cert_health(const struct agent_report *r)
{
	if (!r->has_cert || r->revoked || r->now > r->not_after || r->now < r->not_before)
		return AGENT_BAD;
	if (r->renewal_failures == 0)
		return AGENT_GOOD;
	return r->not_after - r->now < (r->not_after - r->not_before) / LATE_PART ?
	    AGENT_BAD : AGENT_WARNING;
}

static enum agent_health
crl_health(const struct agent_report *r)
{
	static const enum agent_health of[] = {
		[CRLS_GOOD] = AGENT_GOOD,
		[CRLS_NEAR_END] = AGENT_WARNING,
		[CRLS_ENDED] = AGENT_BAD,
		[CRLS_NONE] = AGENT_BAD,
	};
	enum agent_health	h = AGENT_GOOD;

	for (size_t i = 0; i < r->crls->n; i++)
		h = worse(h, of[crls_life(&r->crls->at[i], r->now)]);
	return h;
}

enum agent_health
agent_report_health(const struct agent_report *r)
{
	enum agent_health	h = worse(cert_health(r), crl_health(r));

	if (r->daemon == AGENT_UNREACHABLE || r->daemon == AGENT_REFUSED)
		h = AGENT_BAD;
	return worse(h, r->error.at != 0 ? AGENT_WARNING : AGENT_GOOD);
}

/* --- JSON ----------------------------------------------------------------------------- */

static json_t *
date(int64_t t)
{
	char	text[32];

	if (t == 0)
		return json_null();
	date_format(t, text);
	return json_string(text);
}

static json_t *
crl_to_json(const struct crl_source *s, int64_t now)
{
	static const char *const words[] = {
		[CRLS_GOOD] = "good",
		[CRLS_NEAR_END] = "near its end",
		[CRLS_ENDED] = "ended",
		[CRLS_NONE] = "none",
	};

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "issuer", s->issuer,
	    "uri", s->uri, "state", words[crls_life(s, now)], "number", s->number,
	    "this_update", date(s->this_update), "next_update", date(s->next_update),
	    "checked", date(s->fetched), "handed_over", s->held && !s->pending);
}

static json_t *
crls_to_json(const struct agent_report *r)
{
	json_t	*list = json_array();

	for (size_t i = 0; list != NULL && i < r->crls->n; i++)
		json_array_append_new(list, crl_to_json(&r->crls->at[i], r->now));
	return list;
}

static json_t *
hint_to_json(const struct agent_report *r)
{
	return json_pack("{s:s, s:o, s:o, s:s}", "act", r->hint_waits ? "wait" : "renew", "from",
	    date(r->hint_from), "to", date(r->hint_to), "reason", r->hint_reason);
}

static json_t *
report_to_json(const struct agent_report *r)
{
	json_t	*j = json_pack("{s:i, s:i, s:o, s:o, s:s, s:{s:o, s:i, s:b}, s:s, s:o, s:I}",
	    "version", REPORT_VERSION, "pid", (int)getpid(), "started", date(r->started),
	    "written", date(r->now), "health", agent_health_name(agent_report_health(r)),
	    "renewal", "next", date(r->renew_at), "failures", (int)r->renewal_failures,
	    "under_way", (int)r->renewal_under_way, "daemon", agent_daemon_name(r->daemon),
	    "crls", crls_to_json(r), "tunnels_ended", (json_int_t)r->tunnels_ended);

	if (j != NULL && r->hinted)
		json_object_set_new(json_object_get(j, "renewal"), "hint", hint_to_json(r));
	if (j != NULL && r->has_cert)
		json_object_set_new(j, "certificate", json_pack("{s:s, s:b, s:o, s:o}",
		    "serial", r->serial, "revoked", (int)r->revoked, "not_before", date(r->not_before),
		    "not_after", date(r->not_after)));
	if (j != NULL && r->error.at != 0)
		json_object_set_new(j, "last_error", json_pack("{s:o, s:s, s:s, s:s}",
		    "at", date(r->error.at), "what", r->error.what, "text", r->error.text,
		    "help", r->error.help));
	return j;
}

bool
agent_report_write(const char *dir, const struct agent_report *r, struct fault *f)
{
	char	 path[INSTALL_PATH_MAX];
	json_t	*j = report_to_json(r);
	char	*text = j == NULL ? NULL : json_dumps(j, JSON_INDENT(1));
	bool	 ok;

	json_decref(j);
	if (text == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = path_join(path, sizeof(path), dir, AGENT_STATUS_FILE, f) &&
	    file_write(path, view_str(text), 0644, f);
	free(text);
	return ok;
}
