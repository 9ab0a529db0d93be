/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs hint-add, hints, hint-clear: when devices are to renew (docs/adr/0027). */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "pki/console_parts.h"
#include "pki/hint.h"
#include "profile/plan.h"

#define RULE_TEXT_MAX	1024

enum word { ACT = 1, TEMPLATE, ISSUED, SERIALS, FROM, TO, REASON, DRY };

/* --- the rule in words ---------------------------------------------------------------- */

/* "2026-12-01", "2026-12-01T00:00Z", "2026-12-01T00:00:00Z": in UTC. */
static bool
read_date(const char *word, int64_t *out, struct fault *f)
{
	size_t	n = strlen(word);
	char	full[32];

	if (n == sizeof("2026-12-01") - 1)
		snprintf(full, sizeof(full), "%sT00:00:00Z", word);
	else if (n == sizeof("2026-12-01T00:00Z") - 1 && word[n - 1] == 'Z')
		snprintf(full, sizeof(full), "%.*s:00Z", (int)n - 1, word);
	else
		snprintf(full, sizeof(full), "%.31s", word);
	return date_parse(full, out) || fault_set(f, FAULT_USAGE, "", "\"%s\": want a date in UTC "
	    "like 2026-12-01 or 2026-12-01T04:10:27Z", word);
}

static bool
read_act(const struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	bool	renew = strcmp(c->words[ACT], "renew") == 0;

	r->act = renew ? CVP_HINT_RENEW : CVP_HINT_WAIT;
	return renew || strcmp(c->words[ACT], "wait") == 0 ||
	    fault_set(f, FAULT_USAGE, "", "\"%s\": want renew or wait", c->words[ACT]);
}

/* Who has missed a window renews at once: behind it that is everybody. */
static bool
check_window(const struct call *c, const struct cvp_hint_rule *r, struct fault *f)
{
	char	date[32];

	if (r->from > c->now + HINT_WINDOW_MAX)
		return fault_set(f, FAULT_USAGE, "", "from %s: a window begins within %lld days",
		    c->words[FROM], (long long)(HINT_WINDOW_MAX / 86400));
	date_format(r->to, date);
	return r->to >= c->now || fault_set(f, FAULT_USAGE, "", "from %s: the window has ended at "
	    "%s, all would renew at once: leave --from out, or give a longer --over",
	    c->words[FROM], date);
}

static bool
read_window(const struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	int64_t	seconds = 0;

	r->from = c->now;
	if (c->words[FROM][0] != '\0' && !read_date(c->words[FROM], &r->from, f))
		return false;
	if (r->act == CVP_HINT_WAIT)
		return read_date(c->words[TO], &r->to, f) && (r->to > r->from ||
		    fault_set(f, FAULT_USAGE, "", "%s is past: nobody waits for it", c->words[TO]));
	if (!number_parse("the window's length", c->words[TO], 0, HINT_WINDOW_MAX, &seconds, f))
		return false;
	r->to = r->from + seconds;
	return check_window(c, r, f);
}

/*
 * What is renewed has a later notBefore, which is set back by the skew of
 * clocks: it is not meant again.
 */
static bool
read_issued(const struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	int64_t	last = c->now - CLOCK_SKEW_SECONDS;
	bool	ends = r->act == CVP_HINT_WAIT || r->n_serials > 0;

	r->issued_before = (struct cvp_time){ !ends, last };
	if (c->words[ISSUED][0] == '\0')
		return true;
	r->issued_before.present = true;
	if (!read_date(c->words[ISSUED], &r->issued_before.v, f))
		return false;
	if (!ends && r->issued_before.v > c->now)
		return fault_set(f, FAULT_USAGE, "", "issued before %s: what is renewed until then "
		    "would be renewed again", c->words[ISSUED]);
	if (!ends && r->issued_before.v > last)
		r->issued_before.v = last;
	return true;
}

static bool
read_serial(struct call *c, const char *hex, size_t n, struct view *out, struct fault *f)
{
	char	word[2 * CERT_SERIAL_OCTETS_MAX + 1];
	uint8_t	octets[CERT_SERIAL_OCTETS_MAX];
	size_t	got;

	snprintf(word, sizeof(word), "%.*s", (int)n, hex);
	if (n >= sizeof(word) || !hex_decode(word, octets, sizeof(octets), &got) || got == 0 ||
	    octets[0] == 0 || octets[0] > 0x7f)
		return fault_set(f, FAULT_USAGE, "", "\"%.*s\" is no serial number of ours, which "
		    "pki4ipsec peer status shows", (int)n, hex);
	*out = arena_copy(c->a, view_of(octets, got));
	return out->p != NULL || arena_fault(f);
}

static bool
read_serials(struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	const char	*p = c->words[SERIALS];

	if (*p != '\0' && (r->serials = arena_array(c->a, CVP_HINT_SERIALS_MAX,
	    sizeof(r->serials[0]))) == NULL)
		return arena_fault(f);
	while (*p != '\0') {
		size_t	n = strcspn(p, ",");

		if (r->n_serials == CVP_HINT_SERIALS_MAX)
			return fault_set(f, FAULT_LIMIT, "", "more than %d serial numbers in one rule: "
			    "give more rules, or a date of issue", CVP_HINT_SERIALS_MAX);
		if (!read_serial(c, p, n, &r->serials[r->n_serials++], f))
			return false;
		p += n + (p[n] == ',');
	}
	return true;
}

static bool
read_template(const struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	r->template = view_str(c->words[TEMPLATE]);
	return r->template.n == 0 || templates_find(&c->e->templates, r->template) != NULL ||
	    fault_set(f, FAULT_NOT_FOUND, "", "there is no template \"%s\"", c->words[TEMPLATE]);
}

static bool
read_rule(struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	*r = (struct cvp_hint_rule){ .reason = view_str(c->words[REASON]) };
	if (r->reason.n > CVP_HINT_REASON_MAX)
		return fault_set(f, FAULT_LIMIT, "", "a reason of %zu octets, up to %d are taken",
		    r->reason.n, CVP_HINT_REASON_MAX);
	return read_act(c, r, f) && read_template(c, r, f) && read_window(c, r, f) &&
	    read_serials(c, r, f) && read_issued(c, r, f);
}

/* --- of how many it speaks ---------------------------------------------------------------- */

struct count {
	struct call			*c;
	const struct cvp_hint		*one;
	struct console_template		 of;
	int64_t				 n;
};

static bool
count_one(void *ctx, const struct store_cert *cert, struct fault *f)
{
	struct count		*k = ctx;
	struct hint_cert	 facts = { .serial = view_of(cert->serial, sizeof(cert->serial)),
		.not_before = cert->not_before, .not_after = cert->not_after };

	if (cert->authz == 0 || cert->not_after <= k->c->now)
		return true;
	if (!console_template(k->c, cert->template, &k->of, f))
		return false;
	facts.template = view_str(k->of.name);
	k->n += k->of.of_devices && hint_find(k->one, &facts) != NULL;
	return true;
}

static bool
count_certs(struct call *c, struct cvp_hint_rule *r, struct fault *f)
{
	struct store_cert_filter	filter = { .states = 1u << STORE_CERT_CONFIRMED,
		.max = SIZE_MAX };
	struct cvp_hint			one = { .rules = r, .n_rules = 1 };
	struct count			k = { .c = c, .one = &one, .of.n = -1 };

	if (!store_cert_walk(c->e->p.store, &filter, count_one, &k, f))
		return false;
	json_object_set_new(c->answer, "certificates", json_integer(k.n));
	return true;
}

/* --- verbs ---------------------------------------------------------------------------------- */

/* Stored, in the audit trail, signed; offered when all of it is committed. */
static bool
put(struct call *c, struct cvp_hint *h, const char *action, const struct cvp_hint_rule *r,
    struct fault *f)
{
	char	text[RULE_TEXT_MAX] = "";

	if (r != NULL)
		hint_rule_text(r, text, sizeof(text));
	return hint_rules_save(c->e->p.store, h, c->now, f) &&
	    note_audit(c->e, c->now, OPERATOR, action, "hint", text, f) &&
	    hint_stage(c->e, c->now, f);
}

/* The newest first: it counts. */
static bool
add_rule(struct call *c, const struct cvp_hint_rule *r, struct fault *f)
{
	struct cvp_hint		 h;
	struct cvp_hint_rule	*rules;
	bool			 given;

	if (!hint_rules_load(c->e->p.store, c->a, &h, &given, f))
		return false;
	if (h.n_rules == CVP_HINT_RULES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "there are %d rules already: pki4ipsec pki hint "
		    "clear N", CVP_HINT_RULES_MAX);
	if ((rules = arena_array(c->a, h.n_rules + 1, sizeof(*rules))) == NULL)
		return arena_fault(f);
	rules[0] = *r;
	if (h.n_rules > 0)
		memcpy(rules + 1, h.rules, h.n_rules * sizeof(*rules));
	h.rules = rules;
	h.n_rules++;
	return put(c, &h, "hint given", r, f);
}

bool
console_hint_add(struct call *c, struct fault *f)
{
	struct cvp_hint_rule	r;
	struct cvp_hint		one = { .rules = &r, .n_rules = 1 };
	bool			dry = strcmp(c->words[DRY], "dry") == 0;

	if (!read_rule(c, &r, f) || !count_certs(c, &r, f))
		return false;
	json_object_set_new(c->answer, "rules", hint_rules_json(&one));
	json_object_set_new(c->answer, "given", json_boolean(!dry));
	return dry || add_rule(c, &r, f);
}

bool
console_hints(struct call *c, struct fault *f)
{
	struct cvp_hint	h;
	bool		given;

	if (!hint_rules_load(c->e->p.store, c->a, &h, &given, f))
		return false;
	json_object_set_new(c->answer, "rules", hint_rules_json(&h));
	return true;
}

bool
console_hint_clear(struct call *c, struct fault *f)
{
	struct cvp_hint		h;
	struct cvp_hint_rule	gone;
	int64_t			n;
	bool			given;

	if (!hint_rules_load(c->e->p.store, c->a, &h, &given, f))
		return false;
	json_object_set_new(c->answer, "rules", json_array());
	if (h.n_rules == 0)
		return true;
	if (strcmp(c->words[1], "all") == 0) {
		h.n_rules = 0;
		return put(c, &h, "hints cleared", NULL, f);
	}
	if (!number_parse("rule", c->words[1], 1, (int64_t)h.n_rules, &n, f))
		return false;
	gone = h.rules[n - 1];
	memmove(&h.rules[n - 1], &h.rules[n], (h.n_rules - (size_t)n) * sizeof(h.rules[0]));
	h.n_rules--;
	if (!put(c, &h, "hint cleared", &gone, f))
		return false;
	json_object_set_new(c->answer, "rules", hint_rules_json(&h));
	return true;
}
