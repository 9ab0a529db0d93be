/* SPDX-License-Identifier: Apache-2.0 */
/* admin show: all that is known of single devices. */
#include <jansson.h>

#include "admin/commands.h"
#include "admin/session.h"
#include "admin/targets.h"
#include "base/text.h"
#include "codec/name.h"

static const struct option options[] = { ADMIN_OPTIONS, { 0 } };

/* What an operator can do next, by state. */
static const char *const next_steps[CVP_STATE_END] = {
	[CVP_STATE_WAITING] = "its window has not begun",
	[CVP_STATE_OPEN] = "on the device: pki4ipsec peer enroll TICKET; here: pki4ipsec admin cancel",
	[CVP_STATE_IN_PROGRESS] = "on the device: pki4ipsec peer enroll TICKET, once more",
	[CVP_STATE_ISSUED] = "on the device: pki4ipsec peer enroll TICKET, once more: it has to confirm",
	[CVP_STATE_CONFIRMED] = "to end it: pki4ipsec admin revoke",
	[CVP_STATE_CANCELLED] = "pki4ipsec admin authorize, for a new ticket",
	[CVP_STATE_EXPIRED] = "pki4ipsec admin authorize, for a new ticket",
	[CVP_STATE_LOCKED] = "the PKI's operator locked it",
	[CVP_STATE_REJECTED] = "the device refused its certificate: pki4ipsec admin events says why",
	[CVP_STATE_REVOKED] = "pki4ipsec admin authorize, for a new ticket",
};

/* A key that others make is not waited for at the device. */
static const char *
next_step(const struct target *t)
{
	bool	open = t->state == CVP_STATE_OPEN || t->state == CVP_STATE_IN_PROGRESS ||
	    t->state == CVP_STATE_ISSUED;

	if (t->held)
		return "at the PKI: pki4ipsec pki queue; the device then gets it by itself";
	if (open && t->generation == GENERATION_ADMIN)
		return "here: pki4ipsec admin enroll --generate DEVICE";
	if (open && t->generation == GENERATION_PEER_ADMIN)
		return t->state == CVP_STATE_ISSUED ? "here: pki4ipsec admin enroll --confirm FILE "
		    "DEVICE" : "here: pki4ipsec admin enroll --request FILE DEVICE";
	if (open && t->generation == GENERATION_PKI)
		return "here: pki4ipsec admin enroll --pki-key DEVICE";
	return next_steps[t->state];
}

static json_t *
names_json(const struct target *t)
{
	json_t	*list = json_array();
	char	 one[IDENTITY_TICKET_MAX];

	for (size_t i = 0; i < t->n_ids; i++) {
		identity_format(&t->ids[i], one);
		json_array_append_new(list, json_string(one));
	}
	return list;
}

static json_t *
as_json(const struct target *t)
{
	const struct device	*d = t->known != NULL ? &t->known->d : NULL;
	char			 issuer[NAME_TEXT_MAX] = "", until[32] = "";

	if (t->issuer.n > 0)
		name_text(t->issuer, issuer, sizeof(issuer));
	if (t->window_end != 0)
		date_format(t->window_end, until);
	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	    "id", t->id, "state", cvp_state_name(t->state), "held", t->held, "name", t->name,
	    "generation", generation_name(t->generation),
	    "identities", names_json(t), "template", t->template,
	    "group", d != NULL ? d->group : "", "site", d != NULL ? d->site : "",
	    "address", d != NULL ? d->address : "", "subnets", d != NULL ? d->subnets : "",
	    "serial", t->serial_text, "issuer", issuer, "window_end", until,
	    "failure", t->failure != 0 ? cvp_code_name(t->failure) : "");
}

static void
line(const char *what, const char *text)
{
	char	shown[FAULT_TEXT_MAX];

	text_escape(view_str(text), 0, shown, sizeof(shown));
	if (shown[0] != '\0')
		printf("  %-12s %s\n", what, shown);
}

static void
print_text(const struct target *t)
{
	const struct device	*d = t->known != NULL ? &t->known->d : NULL;
	char			 text[NAME_TEXT_MAX];

	text_escape(view_str(t->name), 0, text, sizeof(text));
	printf("%s\n", text);
	line("state", t->held ? "inProgress, waits for approval" : cvp_state_name(t->state));
	for (size_t i = 0; i < t->n_ids; i++) {
		identity_format(&t->ids[i], text);
		line(i == 0 ? "identity" : "", text);
	}
	line("template", t->template);
	line("id", t->id);
	line("key made by", generation_name(t->generation));
	if (d != NULL) {
		line("group", d->group);
		line("site", d->site);
		line("address", d->address);
		line("subnets", d->subnets);
		line("batch", t->known->batch);
	}
	if (t->window_end != 0) {
		date_format(t->window_end, text);
		line("ticket until", text);
	}
	line("serial", t->serial_text);
	if (t->issuer.n > 0)
		line("issuer", name_text(t->issuer, text, sizeof(text)));
	if (t->failure != 0)
		line("last failure", cvp_code_text(t->failure));
	line("next", next_step(t));
}

static void
print(const struct invocation *in, const struct targets *all)
{
	json_t	*list, *o;

	if (!in->json) {
		for (size_t i = 0; i < all->n; i++)
			print_text(&all->v[i]);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < all->n; i++)
		json_array_append_new(list, as_json(&all->v[i]));
	o = json_pack("{s:o}", "authorizations", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int
run(const struct invocation *in)
{
	struct session	s;
	struct targets	all;
	struct fault	f = { 0 };

	if (session_open(&s, in, false, &f) &&
	    targets_find(&s.a, &s.inv, in->args, in->nargs, s.arena, &all, &f))
		print(in, &all);
	return session_end(&s, &f, EXIT_DONE);
}

const struct command cmd_admin_show = {
	.group = "admin", .name = "show", .args = "DEVICE...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "all that is known of a device: by label, identity, id or serial number",
	.options = options, .run = run,
};
