/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages made of controls alone: revocation and reports by a Peer, everything an
 * Admin asks, and cancellation, which needs no signature.
 */
#include <stdio.h>

#include "pki/work.h"

static const struct {
	enum cmc_kind	kind;
	bool		admin_only;
	bool		(*run)(struct work *w, const struct cmc_control *c);
} table[] = {
	{ CVP_AUTHZ_REQUEST, true, authorize_run },
	{ CVP_AUTHZ_ACK, true, authorize_ack },
	{ CVP_AUTHZ_QUERY, true, query_run },
	{ CVP_EVENT_QUERY, true, event_query_run },
	{ CVP_TEMPLATE_QUERY, true, template_query_run },
	{ CVP_AUTHZ_CANCEL, false, cancel_run },
	{ CVP_AUTHZ_CANCEL_ACK, false, cancel_ack },
	{ CMC_REVOKE_REQUEST, false, revoke_run },
	{ CMC_STATUS_INFO_V2, false, report_run },
};
#define RUNNERS	(sizeof(table) / sizeof(table[0]))

/* A certificate that is not confirmed may confirm, reject or revoke itself. */
static bool
may_ask(struct work *w)
{
	if (w->errand == ERRAND_UNSIGNED || w->sender.row.state == STORE_CERT_CONFIRMED)
		return true;
	for (size_t i = 0; i < w->verified.data.controls.n; i++)
		if (w->verified.data.controls.v[i].kind >= CMC_CVP)
			return fault_set(&w->fault, FAULT_REFUSED, "corrections, 8",
			    "a certificate that is not confirmed asks for more");
	return true;
}

/* What an Admin was refused stands in the audit trail. */
static bool
note_refusal(struct work *w, const struct cmc_control *c)
{
	struct fault	f = { 0 };
	char		actor[160];

	if (w->sender.admin.n == 0 || w->job->again)
		return true;
	snprintf(actor, sizeof(actor), "admin:%s", w->sender.admin.name);
	if (note_audit(w->e, w->now, actor, "refused", cmc_kind_name(c->kind), w->fault.text, &f))
		return true;
	w->fault = f;
	return false;
}

/* One transaction of the store for all controls of the message. */
bool
other_run(struct work *w)
{
	const struct cmc_controls	*c = &w->verified.data.controls;

	if (!may_ask(w)) {
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_IDENTITY);
		return true;
	}
	if (c->n > ANSWER_STATUS_MAX) {
		fault_set(&w->fault, FAULT_LIMIT, "", "%zu controls in one message, up to %d are "
		    "answered", c->n, ANSWER_STATUS_MAX);
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_REQUEST);
		return true;
	}
	/* Each has its own verdict: one that is not named would read as success. */
	for (size_t i = 0; i < c->n && !w->job->again; i++) {
		w->done = false;
		/* Who polls asks for the rest of a list, not for what there was beside it. */
		if (w->polls && c->v[i].kind != CVP_AUTHZ_REQUEST)
			continue;
		for (size_t k = 0; k < RUNNERS; k++)
			if (table[k].kind == c->v[i].kind && !table[k].run(w, &c->v[i]))
				return false;
		if (w->done && !note_refusal(w, &c->v[i]))
			return false;
	}
	w->done = true;
	return true;
}
