/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hint.c - of whom a hint speaks, when a device then renews, and which
 * hint is believed (docs/adr/0027).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "message/hint.h"

#define LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define NOW	INT64_C(1795500000)
#define DAY	INT64_C(86400)
#define TOP	UINT32_MAX

/* A certificate of 60 days, 30 of them gone. */
static const struct hint_cert	gateway = {
	.serial = VIEW_LIT("\x01\x02\x03"), .template = VIEW_LIT("s2s-gateway"),
	.not_before = NOW - 30 * DAY, .not_after = NOW + 30 * DAY,
};

/* --- of whom ------------------------------------------------------------------------- */

static struct view	its_own[] = { VIEW_LIT("\x07"), VIEW_LIT("\x00\x01\x02\x03") };
static struct view	others[] = { VIEW_LIT("\x01\x02"), VIEW_LIT("\x01\x02\x03\x04") };

static const struct {
	const char		*label;
	struct cvp_hint_rule	 r;
	bool			 want;
} whom[] = {
	{ "all", { .act = CVP_HINT_RENEW }, true },
	{ "its template", { .template = VIEW_LIT("s2s-gateway") }, true },
	{ "another template", { .template = VIEW_LIT("s2s-gateways") }, false },
	{ "issued before", { .issued_before = { true, NOW - 30 * DAY + 1 } }, true },
	{ "issued just then", { .issued_before = { true, NOW - 30 * DAY } }, false },
	{ "listed", { .serials = its_own, .n_serials = LEN(its_own) }, true },
	{ "not listed", { .serials = others, .n_serials = LEN(others) }, false },
	{ "listed, another template", { .serials = its_own, .n_serials = LEN(its_own),
	    .template = VIEW_LIT("admin") }, false },
	{ "template, and issued later", { .issued_before = { true, NOW - 31 * DAY },
	    .template = VIEW_LIT("s2s-gateway") }, false },
};

static void
test_whom(void **state)
{
	struct hint_cert	nameless = gateway;

	(void)state;
	nameless.template = VIEW_NONE;
	for (size_t i = 0; i < LEN(whom); i++) {
		struct cvp_hint_rule	r = whom[i].r;
		struct cvp_hint		h = { .rules = &r, .n_rules = 1 };

		if ((hint_find(&h, &gateway) == &r) != whom[i].want)
			fail_msg("%s", whom[i].label);
		if (r.template.n > 0)
			assert_null(hint_find(&h, &nameless));
	}
}

/* The newest stands first and counts, also if it says the opposite. */
static void
test_first(void **state)
{
	struct cvp_hint_rule	rules[] = {
		{ .act = CVP_HINT_WAIT, .template = VIEW_LIT("remote-access"), .to = NOW + DAY },
		{ .act = CVP_HINT_RENEW, .from = NOW, .to = NOW + DAY },
		{ .act = CVP_HINT_WAIT, .to = NOW + 2 * DAY },
	};
	struct cvp_hint		h = { .rules = rules, .n_rules = LEN(rules) };

	(void)state;
	assert_ptr_equal(hint_find(&h, &gateway), &rules[1]);
	assert_true(hint_opens(&h, &gateway, NOW));
	assert_false(hint_opens(&h, &gateway, NOW - 1));
	assert_true(hint_opens(&h, &gateway, NOW + 20 * DAY));	/* who was away comes late */
	h.rules++;
	h.n_rules = 0;
	assert_false(hint_opens(&h, &gateway, NOW));
	h.rules++;
	h.n_rules = 1;
	assert_false(hint_opens(&h, &gateway, NOW + 3 * DAY));	/* a wait opens nothing */
}

/* --- when ----------------------------------------------------------------------------- */

/* The last sixth of its life begins at day 20. */
static const struct {
	const char		*label;
	enum cvp_hint_act	 act;
	int64_t			 from, to, at;	/* days from now */
	uint32_t		 chance;
	int64_t			 want;		/* hours from now */
} when[] = {
	{ "renew: the window's beginning",	CVP_HINT_RENEW, 1, 3, 10, 0, 24 },
	{ "renew: its middle",			CVP_HINT_RENEW, 1, 3, 10, 1u << 31, 48 },
	{ "renew: just before its end",		CVP_HINT_RENEW, 1, 3, 10, TOP, 71 },
	{ "renew: no window, all at once",	CVP_HINT_RENEW, 2, 2, 10, TOP, 48 },
	{ "renew: never later than without",	CVP_HINT_RENEW, 9, 25, 10, TOP, 240 },
	{ "renew: a window that is past",	CVP_HINT_RENEW, -3, -1, 10, 0, -72 },
	{ "wait: behind its end",		CVP_HINT_WAIT, 0, 12, 10, 0, 288 },
	{ "wait: the half of what is left",	CVP_HINT_WAIT, 0, 12, 10, TOP, 383 },
	{ "wait: that is over by then",		CVP_HINT_WAIT, 0, 8, 10, TOP, 240 },
	{ "wait: too long for its life",	CVP_HINT_WAIT, 0, 400, 10, 0, 420 },
	{ "wait: too long, and parted",		CVP_HINT_WAIT, 0, 400, 10, TOP, 449 },
	{ "wait: until the last sixth",		CVP_HINT_WAIT, 0, 20, 10, TOP, 449 },
	{ "wait: no time left for that",	CVP_HINT_WAIT, 0, 400, 21, TOP, 504 },
};

static void
test_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(when); i++) {
		struct cvp_hint_rule	r = { .act = when[i].act, .from = NOW + when[i].from * DAY,
			.to = NOW + when[i].to * DAY };
		int64_t			got = hint_moment(&r, &gateway, NOW + when[i].at * DAY,
		    when[i].chance) - NOW;
		int64_t			hours = got >= 0 ? got / 3600 : -((-got) / 3600);

		if (hours != when[i].want)
			fail_msg("%s: %d hours, not %d", when[i].label, (int)hours,
			    (int)when[i].want);
	}
}

/* No chance and no rule make a device wait into the last sixth of its certificate. */
static void
test_alive(void **state)
{
	(void)state;
	for (int64_t to = -2; to < 60; to++)
		for (unsigned c = 0; c < 64; c++)
			for (int64_t at = -1; at < 30; at++) {
				struct cvp_hint_rule	r = { .act = CVP_HINT_WAIT, .from = NOW - 9 * DAY,
					.to = NOW + to * DAY };
				int64_t			got = hint_moment(&r, &gateway, NOW + at * DAY,
				    c << 26 | c);

				assert_true(got >= NOW + at * DAY);
				assert_true(got <= NOW + (at > 20 ? at : 20) * DAY);
				assert_true(at >= to || to > 14 || got >= NOW + to * DAY);
			}
}

/* Over a fleet the window is filled evenly. */
static void
test_spread(void **state)
{
	struct cvp_hint_rule	r = { .act = CVP_HINT_RENEW, .from = NOW, .to = NOW + 100 };
	unsigned		in[10] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		int64_t	got = hint_moment(&r, &gateway, NOW + DAY,
		    (uint32_t)(i * (UINT64_C(1) << 32) / 1000)) - NOW;

		assert_in_range(got, 0, 99);
		in[got / 10]++;
	}
	for (size_t i = 0; i < LEN(in); i++)
		assert_in_range(in[i], 99, 101);
}

/* --- which -------------------------------------------------------------------------------- */

static const struct {
	const char	*label;
	int64_t		 from, to, held;	/* seconds from now; held 0: none */
	enum fault_kind	 want;
	bool		 newer;
} which[] = {
	{ "the first one",		-60, 600, 0, FAULT_NONE, true },
	{ "a newer one",		-60, 600, -61, FAULT_NONE, true },
	{ "the same",			-60, 600, -60, FAULT_NONE, false },
	{ "an older one, replayed",	-60, 600, -59, FAULT_REFUSED, false },
	{ "one that is over",		-600, 0, -700, FAULT_REFUSED, false },
	{ "one from the near future",	300, 600, 0, FAULT_NONE, true },
	{ "one from the future",	301, 600, 0, FAULT_REFUSED, false },
};

static void
test_which(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(which); i++) {
		struct cvp_hint	h = { .this_update = NOW + which[i].from,
			.next_update = NOW + which[i].to };
		struct cvp_hint	held = { .this_update = NOW + which[i].held,
			.next_update = NOW + which[i].held + 1 };
		struct fault	f = { 0 };
		bool		newer, ok = hint_judge(&h, which[i].held != 0 ? &held : NULL, NOW,
		    &newer, &f);

		if (f.kind != which[i].want || ok != (f.kind == FAULT_NONE) ||
		    newer != which[i].newer)
			fail_msg("%s: %s %s", which[i].label, fault_kind_name(f.kind), f.text);
	}
}

static const struct {
	const char		*label;
	struct cvp_hint_rule	 r;
	int64_t			 lasts;
	enum fault_kind		 want;
} meant[] = {
	{ "wait", { .act = CVP_HINT_WAIT, .to = NOW + DAY, .from = NOW }, DAY, FAULT_NONE },
	{ "renew what is older", { .issued_before = { true, NOW - 300 }, .from = NOW, .to = NOW },
	    2 * DAY, FAULT_NONE },
	{ "renew what is listed", { .serials = its_own, .n_serials = 1 }, DAY, FAULT_NONE },
	{ "renew all, for ever", { .act = CVP_HINT_RENEW }, DAY, FAULT_REFUSED },
	{ "renew what is made now: notBefore is set back", { .issued_before = { true, NOW - 299 } }, DAY,
	    FAULT_REFUSED },
	{ "a window of years", { .act = CVP_HINT_WAIT, .from = NOW, .to = NOW + 1099 * DAY }, DAY,
	    FAULT_REFUSED },
	{ "good for long", { .act = CVP_HINT_WAIT }, 2 * DAY + 1, FAULT_REFUSED },
};

static void
test_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(meant); i++) {
		struct cvp_hint_rule	r = meant[i].r;
		struct cvp_hint		h = { .this_update = NOW, .next_update = NOW + meant[i].lasts,
			.rules = &r, .n_rules = 1 };
		struct fault		f = { 0 };

		if (hint_check(&h, &f) != (meant[i].want == FAULT_NONE) || f.kind != meant[i].want)
			fail_msg("%s: %s %s", meant[i].label, fault_kind_name(f.kind), f.text);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_whom),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_alive),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
