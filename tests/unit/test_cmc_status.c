/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/cmc.h"
#include "codec/oid.h"
#include "derhex.h"

#define ARENA_MAX	(1 << 20)
#define OUT_MAX		4096
#define TIME		"18(32303236313132343034323431335a)"	/* 1795494253 */

static struct arena *
arena(void)
{
	struct arena	*a = arena_new(ARENA_MAX);

	assert_non_null(a);
	return a;
}

/* R5272-6.1-3: each status value is read. */
static const struct {
	const char	*label;
	const char	*body;
	enum fault_kind	 want;
	enum cmc_status	 status;
	enum cmc_other	 other;
	bool		 same;		/* written again, the octets are the same */
} rows[] = {
	{ "success", "30(020100 30(020106))", FAULT_NONE, CMC_SUCCESS,
	    CMC_OTHER_NONE, true },
	{ "failed, badRequest", "30(020102 30(020106) 020102)", FAULT_NONE,
	    CMC_FAILED, CMC_OTHER_FAIL, true },
	{ "failed, with text", "30(020102 30(020106) 0c026e6f 020102)",
	    FAULT_NONE, CMC_FAILED, CMC_OTHER_FAIL, true },
	/* R5272-6.1.2-1 */
	{ "pending", "30(020103 30(020106) 30(040150" TIME "))", FAULT_NONE,
	    CMC_PENDING, CMC_OTHER_PEND, true },
	{ "pending, later", "30(020103 30(020106))", FAULT_NONE, CMC_PENDING,
	    CMC_OTHER_NONE, true },
	{ "noSupport", "30(020104 30(020106))", FAULT_NONE, CMC_NO_SUPPORT,
	    CMC_OTHER_NONE, true },
	{ "confirmRequired", "30(020105 30(020106))", FAULT_NONE,
	    CMC_CONFIRM_REQUIRED, CMC_OTHER_NONE, true },
	{ "popRequired with a reason", "30(020106 30(020106) 020108)",
	    FAULT_NONE, CMC_POP_REQUIRED, CMC_OTHER_FAIL, true },
	{ "popRequired alone", "30(020106 30(020106))", FAULT_NONE,
	    CMC_POP_REQUIRED, CMC_OTHER_NONE, true },
	{ "partial", "30(020107 30(020106) 30(040150" TIME "))", FAULT_NONE,
	    CMC_PARTIAL, CMC_OTHER_PEND, true },
	/* R5272-6.1.4-1 */
	{ "a private reason", "30(020102 30(020106) 020207cf)", FAULT_NONE,
	    CMC_FAILED, CMC_OTHER_FAIL, true },
	{ "a reason beyond the private ones", "30(020102 30(020106) 020207d0)",
	    FAULT_MALFORMED, 0, 0, false },
	{ "the bytes of cmc.md 2.5",
	    "3015 020102 3007 020500ffffffff a107 06022a03 020102",
	    FAULT_NONE, CMC_FAILED, CMC_OTHER_EXT, true },
	{ "extendedFailInfo untagged, as it once was",
	    "30(020102 30(020106) 30(06022a03 020102))", FAULT_NONE, CMC_FAILED,
	    CMC_OTHER_EXT, false },
	{ "a path", "30(020100 30(30(02010b020104) 020106))", FAULT_NONE,
	    CMC_SUCCESS, CMC_OTHER_NONE, true },
	{ "the reserved status 1", "30(020101 30(020106))", FAULT_MALFORMED,
	    0, 0, false },
	{ "a status of the future", "30(020108 30(020106))", FAULT_MALFORMED,
	    0, 0, false },
	{ "a status of 65 bits", "30(0209010000000000000000 30(020106))",
	    FAULT_MALFORMED, 0, 0, false },
	{ "an empty bodyList", "30(020100 3000)", FAULT_MALFORMED, 0, 0, false },
	{ "no bodyList", "30(020100)", FAULT_MALFORMED, 0, 0, false },
	/* R5272-6.1.1-1 */
	{ "a success with a reason", "30(020100 30(020106) 020102)",
	    FAULT_MALFORMED, 0, 0, false },
	/* R5272-6.1.1-1 */
	{ "a failure with a token", "30(020102 30(020106) 30(040150" TIME "))",
	    FAULT_MALFORMED, 0, 0, false },
	{ "two reasons", "30(020102 30(020106) 020102 020102)",
	    FAULT_MALFORMED, 0, 0, false },
	{ "a token of no octets", "30(020103 30(020106) 30(0400" TIME "))",
	    FAULT_LIMIT, 0, 0, false },
	{ "a time of another type", "30(020103 30(020106) 30(040150"
	    "17(3236313132343034323431335a)))", FAULT_MALFORMED, 0, 0, false },
	{ "a tail", "30(020100 30(020106)) 0500", FAULT_MALFORMED, 0, 0, false },
	{ "text after the reason", "30(020102 30(020106) 020102 0c026e6f)",
	    FAULT_MALFORMED, 0, 0, false },
};

static void
test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct derhex		 b;
		struct cmc_status_info	 s;
		struct fault		 f = { 0 };
		struct buf		 out;
		struct arena		*a = arena();
		struct view		 v = derhex(rows[i].body, &b);
		bool			 ok;

		ok = cmc_status_decode(v, a, &s, &f);
		if (f.kind != rows[i].want || ok != (f.kind == FAULT_NONE))
			fail_msg("%s: %s (%s)", rows[i].label,
			    fault_kind_name(f.kind), f.text);
		if (ok) {
			assert_int_equal(s.status, rows[i].status);
			assert_int_equal(s.other, rows[i].other);
			buf_init(&out, OUT_MAX);
			cmc_put_status(&out, &s);
			if (rows[i].same != view_equal(buf_view(&out), v))
				fail_msg("%s: written differently",
				    rows[i].label);
			buf_clear(&out);
		}
		arena_free(a);
	}
}

static void
test_fields(void **state)
{
	struct derhex		 b;
	struct cmc_status_info	 s;
	struct fault		 f = { 0 };
	struct arena		*a = arena();

	(void)state;
	assert_true(cmc_status_decode(derhex("30(020103 30(020106 30(020b020c))"
	    "0c026e6f 30(04025051" TIME "))", &b), a, &s, &f) == false);
	fault_clear(&f);
	assert_true(cmc_status_decode(derhex("30(020103 30(020106"
	    "30(02010b 02010c)) 0c026e6f 30(04025051" TIME "))", &b), a, &s,
	    &f));
	assert_int_equal(s.n_refs, 2);
	assert_int_equal(s.refs[0].n, 1);
	assert_int_equal(s.refs[0].path[0], 6);
	assert_int_equal(s.refs[1].n, 2);
	assert_int_equal(s.refs[1].path[1], 12);
	assert_true(view_equal(s.text, VIEW_LIT("no")));
	assert_true(view_equal(s.pend_token, VIEW_LIT("PQ")));
	assert_int_equal(s.pend_time, 1795494253);
	arena_free(a);
}

/* [Res-7] the worst wins, whatever the order. */
static void
test_worse(void **state)
{
	static const enum cmc_status	order[] = { CMC_SUCCESS,
	    CMC_CONFIRM_REQUIRED, CMC_PARTIAL, CMC_PENDING, CMC_POP_REQUIRED,
	    CMC_NO_SUPPORT, CMC_FAILED };
	const size_t			n = sizeof(order) / sizeof(order[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			assert_int_equal(cmc_status_worse(order[i], order[j]),
			    order[i > j ? i : j]);
}

/* Write the controls, read the list back. */
static void
list_of(const struct cmc_status_info *s, size_t n, struct arena *a,
    struct cmc_response *rsp, struct cmc_status_list *l)
{
	struct cmc_writer	 w;
	struct fault		 f = { 0 };
	struct buf		 b;
	struct view		 copy;

	buf_init(&b, OUT_MAX);
	cmc_response_begin(&w, &b);
	for (size_t i = 0; i < n; i++)
		cmc_control_status(&w, (uint32_t)i + 1, &s[i]);
	cmc_finish(&w);
	assert_true(buf_ok(&b));
	copy = arena_copy(a, buf_view(&b));
	buf_clear(&b);
	assert_true(cmc_response_decode(copy, a, &cmc_limits_client, rsp, NULL,
	    &f));
	assert_true(cmc_response_rules(rsp, NULL, &f));
	assert_true(cmc_status_list(&rsp->controls, a, l, NULL, &f));
}

/* R5272-6.1-1: several status controls for one body part. */
static void
test_several(void **state)
{
	static const struct cmc_ref	one[] = { { { 6 }, 1 } };
	static const struct cmc_ref	two[] = { { { 7 }, 1 }, { { 8 }, 1 } };
	static const struct cmc_ref	deep[] = { { { 11, 6 }, 2 } };
	const struct cmc_status_info	infos[] = {
		{ .status = CMC_PENDING, .refs = one, .n_refs = 1,
		    .other = CMC_OTHER_PEND, .pend_token = VIEW_LIT("P") },
		{ .status = CMC_FAILED, .refs = one, .n_refs = 1,
		    .other = CMC_OTHER_EXT, .ext_oid = OID_CVP_FAILURE,
		    .ext_value = VIEW_LIT("\x30\x03\x02\x01\x0c") },
		{ .status = CMC_FAILED, .refs = one, .n_refs = 1,
		    .other = CMC_OTHER_FAIL, .fail = CMC_BAD_REQUEST },
		{ .status = CMC_CONFIRM_REQUIRED, .refs = two, .n_refs = 2 },
		{ .status = CMC_SUCCESS, .refs = two, .n_refs = 1 },
		{ .status = CMC_NO_SUPPORT, .refs = deep, .n_refs = 1 },
	};
	const struct cmc_status_info	*s;
	struct cmc_status_list		 l;
	struct cmc_response		 rsp;
	struct arena			*a = arena();

	(void)state;
	list_of(infos, 6, a, &rsp, &l);
	assert_int_equal(l.n, 6);
	assert_int_equal(cmc_status_of(&l, 6)->status, CMC_FAILED);
	s = cmc_status_with(&l, 6, CMC_OTHER_FAIL);
	assert_int_equal(s->fail, CMC_BAD_REQUEST);
	s = cmc_status_with(&l, 6, CMC_OTHER_EXT);
	assert_true(view_equal(s->ext_oid, OID_CVP_FAILURE));
	s = cmc_status_with(&l, 6, CMC_OTHER_PEND);
	assert_int_equal(s->status, CMC_PENDING);
	assert_int_equal(cmc_status_of(&l, 7)->status, CMC_CONFIRM_REQUIRED);
	assert_int_equal(cmc_status_of(&l, 8)->status, CMC_CONFIRM_REQUIRED);
	assert_null(cmc_status_of(&l, 9));	/* absent means success */
	assert_null(cmc_status_of(&l, 11));
	assert_int_equal(cmc_status_overall(&l), CMC_FAILED);
	arena_free(a);
}

/* A status of the whole message is one of each element. */
static void
test_whole_message(void **state)
{
	const struct cmc_status_info	infos[] = {
		{ .status = CMC_FAILED, .other = CMC_OTHER_FAIL,
		    .fail = CMC_BAD_MESSAGE_CHECK },
	};
	struct cmc_status_list		 l;
	struct cmc_response		 rsp;
	struct arena			*a = arena();

	(void)state;
	list_of(infos, 1, a, &rsp, &l);
	assert_int_equal(l.v[0].refs[0].path[0], CMC_WHOLE_MESSAGE);
	assert_int_equal(cmc_status_of(&l, 12345)->fail, CMC_BAD_MESSAGE_CHECK);
	list_of(NULL, 0, a, &rsp, &l);
	assert_int_equal(cmc_status_overall(&l), CMC_SUCCESS);
	arena_free(a);
}

static void
test_bad_one_is_named(void **state)
{
	struct cmc_writer	 w;
	struct cmc_response	 rsp;
	struct cmc_status_list	 l;
	struct fault		 f = { 0 };
	struct buf		 b;
	struct arena		*a = arena();
	uint32_t		 who = 0;

	(void)state;
	buf_init(&b, OUT_MAX);
	cmc_response_begin(&w, &b);
	cmc_control_status_one(&w, 1, CMC_FAILED, 6, CMC_BAD_ALG, "no such curve");
	cmc_control_value(&w, 2, CMC_STATUS_INFO, VIEW_LIT("\x05\x00"));
	cmc_finish(&w);
	assert_true(cmc_response_decode(buf_view(&b), a, &cmc_limits_client,
	    &rsp, NULL, &f));
	assert_false(cmc_status_list(&rsp.controls, a, &l, &who, &f));
	assert_int_equal(who, 2);
	assert_int_equal(f.kind, FAULT_MALFORMED);
	buf_clear(&b);
	arena_free(a);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(cmc_status_name(CMC_CONFIRM_REQUIRED),
	    "confirmRequired");
	assert_string_equal(cmc_status_name((enum cmc_status)1), "unknown");
	assert_string_equal(cmc_status_name((enum cmc_status)99), "unknown");
	assert_string_equal(cmc_fail_name(CMC_AUTH_DATA_FAIL), "authDataFail");
	assert_string_equal(cmc_fail_name(14), "unknown");
	assert_string_equal(cmc_fail_name(1000), "private");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_worse),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_whole_message),
		cmocka_unit_test(test_bad_one_is_named),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("cmc_status", tests, NULL, NULL);
}
