/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request that a certificate signs is, and whether terms allow it:
 * the one rule file of engine and signer (RFC 4809, 3.5.2; profile, 7.7).
 *
 * R4809-3.2.4.2-4, R4809-3.2.4.2-5: who, how early, by percentage and by date,
 *   test_renewals
 * R4809-3.2.4.2-6: the fields that may change, test_updates
 * SEED-35: what a request is follows from what it holds, test_renewals, test_updates
 * R5272-7.1-1: names of the certificate that signs, test_updates
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/name.h"
#include "codec/oid.h"
#include "pki/change_rule.h"

#define FROM	INT64_C(1000000)
#define TO	INT64_C(2000000)	/* a hundredth is 10000 seconds */
#define KEY	VIEW_LIT("old key")
#define OTHER	VIEW_LIT("another key")

static struct arena	*a;
static struct template	 t;
static struct buf	 subjects[3];	/* whole, without OU, with another CN */

static int
set_up(void **state)
{
	static const char *const	texts[] = { "O=Example, OU=Lab, CN=gw1.vpn.example",
		"O=Example, CN=gw1.vpn.example", "O=Example, OU=Lab, CN=gw2.vpn.example" };
	struct fault			f = { 0 };

	(void)state;
	assert_non_null(a = arena_new(1u << 20));
	assert_true(template_start("s2s-gateway", "Example", &t, &f));
	strcpy(t.name_space, "vpn.example");
	strcpy(t.organizational_unit, "Lab");
	for (size_t i = 0; i < 3; i++) {
		buf_init(&subjects[i], 1024);
		assert_true(name_parse(texts[i], &subjects[i], &f));
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		buf_clear(&subjects[i]);
	arena_free(a);
	return 0;
}

static void
add(struct general_names *n, uint8_t type, struct view value)
{
	n->list[n->n++] = (struct general_name){ .type = type, .value = value };
}

static struct cert
old_cert(void)
{
	struct cert	c = { .subject = buf_view(&subjects[0]), .has_san = true,
		.not_before = FROM, .not_after = TO, .spki = KEY };

	add(&c.san, GENERAL_NAME_DNS, VIEW_LIT("gw1.vpn.example"));
	add(&c.san, GENERAL_NAME_IP, VIEW_LIT("\xc0\x00\x02\x01"));
	return c;
}

static struct certreq
request_of(const struct cert *c, struct view key)
{
	return (struct certreq){ .spki = key, .subject = c->subject, .has_san = true,
		.san = c->san };
}

static bool	in_layer;

static uint32_t
judged(const struct cert *old, const struct certreq *r, const struct cvp_lifecycle *life,
    int64_t now, struct change_verdict *v)
{
	struct granted_terms	g = { .cvp = { .lifecycle = life } };
	struct change_ask	q = { .old = old, .request = r, .terms = &g, .template = &t,
		.label = "gw1", .by_admin = in_layer, .now = now };
	struct fault		f = { 0 };
	bool			ok = change_judge(&q, a, v, &f);

	assert_true(ok == (v->code == 0));
	return v->code;
}

/* --- renewals ---------------------------------------------------------------------- */

static const struct {
	const char		*label;
	struct cvp_change_terms	 terms;
	bool			 none, new_key, by_admin;
	int64_t			 now;
	uint32_t		 code;
	enum store_change_kind	 kind;
} renewals[] = {
	{ "first second of the last third", { .keys = CVP_KEYS_EITHER, .last_percent = 33 },
	    .now = TO - 330000, .kind = STORE_CHANGE_RENEWAL },
	{ "a second too early", { .keys = CVP_KEYS_EITHER, .last_percent = 33 },
	    .now = TO - 330001, .code = CVP_TOO_EARLY, .kind = STORE_CHANGE_RENEWAL },
	{ "last second", { .keys = CVP_KEYS_EITHER, .last_percent = 1 }, .now = TO,
	    .kind = STORE_CHANGE_RENEWAL },
	{ "expired", { .keys = CVP_KEYS_EITHER, .last_percent = 100 }, .now = TO + 1,
	    .code = CVP_OLD_EXPIRED, .kind = STORE_CHANGE_RENEWAL },
	{ "from a date on", { .keys = CVP_KEYS_EITHER, .from_time = FROM + 5 }, .now = FROM + 5,
	    .kind = STORE_CHANGE_RENEWAL },
	{ "before that date", { .keys = CVP_KEYS_EITHER, .from_time = FROM + 5 },
	    .now = FROM + 4, .code = CVP_TOO_EARLY, .kind = STORE_CHANGE_RENEWAL },
	{ "a new key", { .keys = CVP_KEYS_NEW, .last_percent = 100 }, .new_key = true,
	    .now = FROM, .kind = STORE_CHANGE_NEW_KEY },
	{ "the same key, a new one is asked for", { .keys = CVP_KEYS_NEW, .last_percent = 100 },
	    .now = FROM, .code = CVP_KEY_REUSE, .kind = STORE_CHANGE_RENEWAL },
	{ "a new key, the same is asked for", { .keys = CVP_KEYS_SAME, .last_percent = 100 },
	    .new_key = true, .now = FROM, .code = CVP_KEY_REUSE, .kind = STORE_CHANGE_NEW_KEY },
	{ "the Admin's", { .who = CVP_WHO_ADMIN, .last_percent = 100 }, .now = FROM,
	    .code = CVP_REQUESTER_MAY_NOT, .kind = STORE_CHANGE_RENEWAL },
	{ "the Admin's, in a layer of one", { .who = CVP_WHO_ADMIN, .keys = CVP_KEYS_EITHER,
	    .last_percent = 100 }, .by_admin = true, .now = FROM, .kind = STORE_CHANGE_RENEWAL },
	{ "the Admin's, in a layer, too early", { .who = CVP_WHO_ADMIN, .keys = CVP_KEYS_EITHER,
	    .last_percent = 33 }, .by_admin = true, .now = FROM, .code = CVP_TOO_EARLY,
	    .kind = STORE_CHANGE_RENEWAL },
	{ "either's", { .who = CVP_WHO_EITHER, .keys = CVP_KEYS_EITHER, .last_percent = 100 },
	    .now = FROM, .kind = STORE_CHANGE_RENEWAL },
	{ "either's, in a layer", { .who = CVP_WHO_EITHER, .keys = CVP_KEYS_EITHER,
	    .last_percent = 100 }, .by_admin = true, .now = FROM, .kind = STORE_CHANGE_RENEWAL },
	{ "the Peer's, in a layer", { .who = CVP_WHO_PEER, .keys = CVP_KEYS_EITHER,
	    .last_percent = 100 }, .by_admin = true, .now = FROM, .kind = STORE_CHANGE_RENEWAL },
	{ "nothing said", { .last_percent = 100 }, .none = true, .now = FROM,
	    .code = CVP_RENEWAL_NOT_ALLOWED, .kind = STORE_CHANGE_RENEWAL },
};

/* R4809-3.5.2.2-2, R4809-3.5.2.2-3, R4809-3.5.2.2-4; decision 26: the window is never longer than stated. */
static void
test_renewals(void **state)
{
	struct cert	old = old_cert();

	(void)state;
	for (size_t i = 0; i < sizeof(renewals) / sizeof(renewals[0]); i++) {
		struct cvp_lifecycle	life = { .renewal = renewals[i].none ? NULL :
			&renewals[i].terms };
		struct certreq		r = request_of(&old, renewals[i].new_key ? OTHER : KEY);
		struct change_verdict	v;
		uint32_t		code;

		in_layer = renewals[i].by_admin;
		code = judged(&old, &r, &life, renewals[i].now, &v);
		in_layer = false;

		if (code != renewals[i].code || v.kind != renewals[i].kind)
			fail_msg("%s: code %u, %s", renewals[i].label, code, change_name(v.kind));
		if (code == 0)
			assert_true(view_equal(v.holder.subject, old.subject) &&
			    v.holder.nidentities == 2);
	}
}

/* --- updates ------------------------------------------------------------------------ */

#define LAB	VIEW_LIT("\x55\x04\x0b")	/* organizationalUnitName */

static const struct {
	const char		*label;
	size_t			 subject;	/* of subjects[] */
	struct view		 dns;
	bool			 no_ip;
	struct view		 rdn;		/* may go */
	uint8_t			 san_type;	/* listed; 0: none said */
	uint32_t		 code;
} updates[] = {
	{ "nothing", 0, VIEW_LIT("gw1.vpn.example"), false, VIEW_NONE, 0, 0 },
	{ "another name in the space", 0, VIEW_LIT("gw2.vpn.example"), false, VIEW_NONE, 0, 0 },
	{ "the subject follows it", 2, VIEW_LIT("gw2.vpn.example"), false, VIEW_NONE, 0, 0 },
	{ "the subject of a third", 2, VIEW_LIT("gw3.vpn.example"), false, VIEW_NONE, 0,
	    CVP_UPDATE_NOT_ALLOWED },
	{ "outside the space", 0, VIEW_LIT("gw2.example"), false, VIEW_NONE, 0,
	    CVP_UPDATE_NOT_ALLOWED },
	{ "an address goes", 0, VIEW_LIT("gw1.vpn.example"), true, VIEW_NONE,
	    GENERAL_NAME_IP, 0 },
	{ "an address goes that may not", 0, VIEW_LIT("gw1.vpn.example"), true, VIEW_NONE,
	    GENERAL_NAME_DNS, CVP_UPDATE_NOT_ALLOWED },
	{ "a name comes whose type is not listed", 0, VIEW_LIT("gw2.vpn.example"), false,
	    VIEW_NONE, GENERAL_NAME_IP, CVP_UPDATE_NOT_ALLOWED },
	{ "a unit goes", 1, VIEW_LIT("gw1.vpn.example"), false, LAB, GENERAL_NAME_IP, 0 },
	{ "a unit goes that may not", 1, VIEW_LIT("gw1.vpn.example"), false,
	    VIEW_LIT("\x55\x04\x0a"), GENERAL_NAME_IP, CVP_UPDATE_NOT_ALLOWED },
	{ "a unit goes, nothing said", 1, VIEW_LIT("gw1.vpn.example"), false, VIEW_NONE, 0,
	    CVP_UPDATE_NOT_ALLOWED },
};

/* R4809-3.5.2.3-7; C-6: types alone let nothing come. */
static void
test_updates(void **state)
{
	struct cert	old = old_cert();

	(void)state;
	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		struct view		rdn = updates[i].rdn;
		struct cvp_update	u = {
			.terms = { .keys = CVP_KEYS_EITHER, .last_percent = 100 },
			.rdn_types = &rdn, .n_rdn_types = rdn.n > 0,
			.san_types = { updates[i].san_type },
			.n_san_types = updates[i].san_type != 0,
		};
		struct cvp_lifecycle	life = { .update = &u };
		struct certreq		r = request_of(&old, KEY);
		struct change_verdict	v;
		uint32_t		code;

		r.changes_names = r.names.has_san = true;
		r.names.subject = buf_view(&subjects[updates[i].subject]);
		add(&r.names.san, GENERAL_NAME_DNS, updates[i].dns);
		if (!updates[i].no_ip)
			add(&r.names.san, GENERAL_NAME_IP, old.san.list[1].value);
		code = judged(&old, &r, &life, FROM, &v);
		if (code != updates[i].code)
			fail_msg("%s: code %u", updates[i].label, code);
		assert_int_equal(v.kind, STORE_CHANGE_UPDATE);
		life.update = NULL;
		assert_int_equal(judged(&old, &r, &life, FROM, &v), CVP_UPDATE_NOT_ALLOWED);
	}
}

/* The new contents that an Admin stated, and no others (R4809-3.5.2.3-11). */
static void
test_exact(void **state)
{
	struct cvp_update	u = { .terms = { .keys = CVP_KEYS_EITHER, .last_percent = 100 },
		.new_san = VIEW_LIT("\x82\x0fgw9.vpn.example"), .new_subject = buf_view(&subjects[1]) };
	struct cvp_lifecycle	life = { .update = &u };
	struct cert		old = old_cert();
	struct certreq		r = request_of(&old, OTHER);
	struct change_verdict	v;

	(void)state;
	r.changes_names = r.names.has_san = true;
	r.names.subject = buf_view(&subjects[1]);
	add(&r.names.san, GENERAL_NAME_DNS, VIEW_LIT("gw9.vpn.example"));
	assert_int_equal(judged(&old, &r, &life, FROM, &v), 0);
	assert_int_equal(v.holder.nidentities, 1);
	add(&r.names.san, GENERAL_NAME_DNS, VIEW_LIT("gw8.vpn.example"));
	assert_int_equal(judged(&old, &r, &life, FROM, &v), CVP_UPDATE_NOT_ALLOWED);
	r.names.san.n = 1;
	r.names.subject = buf_view(&subjects[2]);
	assert_int_equal(judged(&old, &r, &life, FROM, &v), CVP_UPDATE_NOT_ALLOWED);
	/* The whole request, not only what changes (R4809-3.5.2-4). */
	r.names.subject = buf_view(&subjects[1]);
	r.san.n = 1;
	assert_int_equal(judged(&old, &r, &life, FROM, &v), CVP_NAMES_DIFFER);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_renewals),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_exact),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
