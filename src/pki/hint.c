/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "pki/hint.h"

#define SETTING	"hint"

bool
hint_rules_load(struct store *st, struct arena *a, struct cvp_hint *out, bool *given,
    struct fault *f)
{
	struct view	value;

	*out = (struct cvp_hint){ 0 };
	if (!store_setting_find(st, SETTING, a, &value, f))
		return false;
	*given = value.n > 0;
	return !*given || cvp_hint_decode(value, a, out, f);
}

bool
hint_rules_save(struct store *st, struct cvp_hint *h, int64_t now, struct fault *f)
{
	struct buf	der;
	size_t		n = 0;
	bool		ok;

	for (size_t i = 0; i < h->n_rules; i++)
		if (h->rules[i].to + HINT_KEEP_SECONDS > now)
			h->rules[n++] = h->rules[i];
	h->n_rules = n;
	h->this_update = now;		/* each that is signed has its own */
	h->next_update = now + HINT_SECONDS;
	buf_init(&der, HINT_OCTETS_MAX);
	cvp_put_hint(&der, h);
	ok = buf_check(&der, "hint", f) && hint_check(h, f) &&
	    store_setting_put(st, SETTING, buf_view(&der), f);
	buf_clear(&der);
	return ok;
}

/* --- for people ------------------------------------------------------------------------- */

static const char *
act_name(enum cvp_hint_act act)
{
	return act == CVP_HINT_RENEW ? "renew" : "wait";
}

static json_t *
rule_json(const struct cvp_hint_rule *r)
{
	char	from[32], to[32], before[32] = "", hex[2 * CERT_SERIAL_OCTETS_MAX + 1];
	json_t	*o, *serials = json_array();

	date_format(r->from, from);
	date_format(r->to, to);
	if (r->issued_before.present)
		date_format(r->issued_before.v, before);
	for (size_t i = 0; i < r->n_serials; i++) {
		struct view	v = serial_magnitude(r->serials[i]);

		hex_encode(view_of(v.p, v.n > CERT_SERIAL_OCTETS_MAX ? CERT_SERIAL_OCTETS_MAX : v.n),
		    hex);
		json_array_append_new(serials, json_string(hex));
	}
	o = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:o, s:s%}", "act", act_name(r->act), "from", from,
	    "to", to, "issued_before", before, "template", r->template.n > 0 ?
	    (const char *)r->template.p : "", r->template.n, "serials", serials, "reason",
	    r->reason.n > 0 ? (const char *)r->reason.p : "", r->reason.n);
	return o;
}

json_t *
hint_rules_json(const struct cvp_hint *h)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < h->n_rules; i++)
		json_array_append_new(list, rule_json(&h->rules[i]));
	return list;
}

void
hint_rule_text(const struct cvp_hint_rule *r, char *out, size_t n)
{
	char	from[32], to[32], before[64] = "", template[CVP_NAME_MAX * 4 + 16] = "";
	char	serials[48] = "", reason[CVP_HINT_REASON_MAX * 4 + 1];

	date_format(r->from, from);
	date_format(r->to, to);
	if (r->template.n > 0) {
		snprintf(template, sizeof(template), ", template ");
		text_escape(r->template, 0, template + strlen(template),
		    sizeof(template) - strlen(template));
	}
	if (r->issued_before.present) {
		snprintf(before, sizeof(before), ", issued before ");
		date_format(r->issued_before.v, before + strlen(before));
	}
	if (r->n_serials > 0)
		snprintf(serials, sizeof(serials), ", %zu by serial number", r->n_serials);
	text_escape(r->reason, 0, reason, sizeof(reason));
	snprintf(out, n, "%s%s%s%s, %s %s%s%s%s%s", act_name(r->act), template, before, serials,
	    r->act == CVP_HINT_RENEW ? "from" : "until", r->act == CVP_HINT_RENEW ? from : to,
	    r->act == CVP_HINT_RENEW ? " to " : "", r->act == CVP_HINT_RENEW ? to : "",
	    reason[0] != '\0' ? ": " : "", reason);
}
