/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device reports of its certificate after the confirmation: that its
 * daemon does not take it, or does again (RFC 4809, 3.4.11; docs/adr/0035).  The
 * Admin hears it in the device's words; for the PKI nothing changes.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "pki/work.h"

#define REPORT_SECONDS	60	/* one event of a device in this time, whatever it says */
#define WORDS_MAX	400

static bool
refuse(struct work *w, const struct cmc_control *c, enum cmc_fail fail, const char *why)
{
	fault_set(&w->fault, FAULT_REFUSED, "docs/adr/0035", "%s", why);
	work_refuse(w, c->id, fail);
	return true;
}

/* The first of this message, with failed or success; *bad says why not. */
static bool
read_report(struct work *w, const struct cmc_control *c, struct cmc_status_info *out,
    const char **bad, struct fault *f)
{
	struct cmc_status_list	l;
	uint32_t		offender;

	*bad = NULL;
	if (!cmc_status_list(&w->verified.data.controls, w->a, &l, &offender, f))
		return false;
	*out = l.v[0];
	if (l.n != 1 || cmc_find(&w->verified.data.controls, CMC_STATUS_INFO_V2) != c)
		*bad = "several reports in one message";
	else if (out->status != CMC_FAILED && out->status != CMC_SUCCESS)
		*bad = "a report that says neither failed nor success";
	return true;
}

static bool
note(struct work *w, struct store_authz *z, const struct cmc_status_info *s, struct fault *f)
{
	bool	failed = s->status == CMC_FAILED, done;
	char	actor[160], object[64], words[WORDS_MAX];

	snprintf(actor, sizeof(actor), "peer:%s", z->id);
	snprintf(object, sizeof(object), "cert:%" PRId64, w->sender.row.n);
	text_escape(s->text, 0, words, sizeof(words));
	z->event_at = w->now;
	return note_audit(w->e, w->now, actor, failed ? "device cannot use its certificate" :
	    "device uses its certificate again", object, words, f) &&
	    note_event_said(w->e, w->now, failed ? CVP_EVENT_DEVICE_FAILED :
	    CVP_EVENT_DEVICE_MENDED, z, w->sender.row.n, s->text, f) &&
	    store_authz_update(w->e->p.store, z, z->state, &done, f);
}

/* By the head of its lineage, and not too often: else later. */
bool
report_run(struct work *w, const struct cmc_control *c)
{
	struct store		*st = w->e->p.store;
	struct cmc_status_info	 s;
	struct store_cert	 row;
	struct store_authz	 z;
	const char		*bad;

	if (!read_report(w, c, &s, &bad, &w->fault)) {
		work_refuse(w, c->id, CMC_BAD_REQUEST);
		return true;
	}
	if (bad != NULL)
		return refuse(w, c, CMC_BAD_REQUEST, bad);
	if (!store_cert_find(st, w->sender.row.n, false, w->a, &row, &w->fault) ||
	    !store_authz_find_n(st, row.authz, w->a, &z, &w->fault))
		return false;
	if (row.state != STORE_CERT_CONFIRMED || z.n == 0 || z.cert != row.n)
		return refuse(w, c, CMC_BAD_IDENTITY, "a report by a certificate that is not in use");
	if (w->now < z.event_at + REPORT_SECONDS)
		return refuse(w, c, CMC_TRY_LATER, "a report soon after another event of this device");
	if (!note(w, &z, &s, &w->fault))
		return false;
	answer_status(&w->answer, CMC_SUCCESS, c->id);
	w->done = true;
	return true;
}
