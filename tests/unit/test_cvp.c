/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R4809-3.1.7-1: a code, a failInfo and words for each refusal
 * R4809-3.2.3-2: the list, the template's reference and what differs
 * SEED-59: nothing missing and nothing more in a request
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/cvp.h"
#include "codec/oid.h"
#include "derhex.h"

#define ARENA_MAX	(64 << 20)
#define OUT_MAX		(16 << 20)

#define BATCH		"0410 000102030405060708090a0b0c0d0e0f"
#define NONCE		BATCH
#define TIME		"32303236313132343034323431335a"	/* 1795494253 */
#define REF		"30(0c0167)"
#define SHA256		"30(06(608648016503040201))"
#define HMAC		"30(06(2a864886f70d0209))"
#define P256		"30(06(2a8648ce3d0201) 06(2a8648ce3d030107))"
#define OCTETS32	"0420 000102030405060708090a0b0c0d0e0f " \
			"101112131415161718191a1b1c1d1e1f"
#define CERT_ID(tag)	tag "(3000 020101)"
#define TOKEN		"0c(61626364656667686970717273747576)"

/* Everything that terms can say. */
#define SAN		"30(06(551d11) 04(30(82(6777312e6578))))"
#define CERT_TEMPLATE	"a0(a4(a0(17(3236313132343034323431335a)) " \
	"a1(17(3237313132343034323431335a))) a5(3000) a6(" P256 "03020001) " \
	"a9(" SAN "))"
#define WINDOW		"a1(80(" TIME ") 81(" TIME "))"
#define ID_FORMAT	"a2(020110 0c0430313233)"
#define TOKEN_FORMAT	"a3(020120 0c0430313233 800104 8102454e)"
#define CHANGE		"0a0100 0a0101 80010a 820105"
#define CHANGE_AT	"0a0102 0a0100 81(" TIME ")"
#define LIFECYCLE	"a5(a0(" CHANGE ") " \
	"a1(30(" CHANGE_AT ") a0(0603550403) a1(020102 020107) a2(3000) " \
	"a3(820161)) 820100 a3(0101ff 020164) 84020e10 850206c0)"
#define KEY_SPECS	"a7(30(" P256 ") 30(30(06(2a864886f70d010101) 0500) " \
	"02020c00))"
#define ALL_TERMS	CERT_TEMPLATE WINDOW ID_FORMAT TOKEN_FORMAT "840103" \
	LIFECYCLE "860102" KEY_SPECS "880101 8901ff 8a01ff 8b0100 8c01ff"

enum kind { TERMS, REQUEST, RESPONSE, SECRETS, ACK, CANCEL, CANCEL_RESULT,
    CANCEL_ACK, QUERY, INFO, BIND, USE, KEY_REQUEST, KEY_RESPONSE, EVENT_QUERY,
    EVENT_REPORT, TEMPLATE_QUERY, TEMPLATE_INFO, FAILURE, HINT };

#define LATER		"32303237313132343034323431335a"
#define HINT_RULE(act, rest)	"30(0a01" act " 18(" TIME ") 18(" LATER ") " rest ")"
#define HINT_OF(rules)	"30(020101 18(" TIME ") 18(" LATER ") 30(" rules "))"

static const struct {
	const char	*label;
	enum kind	 kind;
	const char	*body;
	enum fault_kind	 want;
} rows[] = {
	{ "no terms", TERMS, "30()", FAULT_NONE },
	{ "all terms", TERMS, "30(" ALL_TERMS ")", FAULT_NONE },
	{ "terms out of order", TERMS, "30(8901ff 880101)", FAULT_MALFORMED },
	{ "terms twice", TERMS, "30(8901ff 8901ff)", FAULT_MALFORMED },
	{ "terms of the future", TERMS, "30(8d01ff)", FAULT_MALFORMED },
	{ "a truth that is neither", TERMS, "30(890101)", FAULT_MALFORMED },
	{ "keyGen 0", TERMS, "30(840100)", FAULT_MALFORMED },
	{ "keyGen 5", TERMS, "30(840105)", FAULT_MALFORMED },
	{ "keyGen of no octets", TERMS, "30(8400)", FAULT_MALFORMED },
	{ "keyGen padded", TERMS, "30(84020001)", FAULT_MALFORMED },
	{ "keyGen negative", TERMS, "30(8401ff)", FAULT_MALFORMED },
	{ "approval 2", TERMS, "30(880102)", FAULT_MALFORMED },
	{ "no key permitted", TERMS, "30(a700)", FAULT_MALFORMED },
	{ "a secret of no characters", TERMS, "30(a2(020100 0c0161))",
	    FAULT_MALFORMED },
	{ "an alphabet of none", TERMS, "30(a2(020110 0c00))", FAULT_MALFORMED },
	{ "group 0", TERMS, "30(a2(020110 0c0161 800100))", FAULT_MALFORMED },
	{ "the last 0 percent", TERMS,
	    "30(a5(a0(0a0100 0a0101 800100)))", FAULT_MALFORMED },
	{ "the last 101 percent", TERMS,
	    "30(a5(a0(0a0100 0a0101 800165)))", FAULT_MALFORMED },
	{ "a renewal without a beginning", TERMS,
	    "30(a5(a0(0a0100 0a0101)))", FAULT_MALFORMED },
	{ "a renewal by nobody", TERMS,
	    "30(a5(a0(0a0103 0a0101 80010a)))", FAULT_MALFORMED },
	{ "no revocation information", TERMS, "30(a5(850100))", FAULT_NONE },
	{ "revocation information with a trailing zero", TERMS,
	    "30(a5(850205c0))", FAULT_MALFORMED },
	{ "revocation information of a fifth kind", TERMS,
	    "30(a5(85020308))", FAULT_MALFORMED },
	{ "sanType 9", TERMS,
	    "30(a5(a1(30(" CHANGE_AT ") a1(020109))))", FAULT_MALFORMED },
	{ "the same extension twice", TERMS, "30(a0(a9(" SAN SAN ")))",
	    FAULT_MALFORMED },
	{ "no extension", TERMS, "30(a0(a900))", FAULT_MALFORMED },
	{ "a subject that is not explicit", TERMS, "30(a0(a500))",
	    FAULT_MALFORMED },
	{ "a window with a fraction of a second", TERMS,
	    "30(a1(80(32303236313132343034323431332e355a)))", FAULT_MALFORMED },

	{ "authzRequest, smallest", REQUEST,
	    "30(020101" BATCH REF "3000 8100 30(30(020101)))", FAULT_NONE },
	{ "authzRequest", REQUEST, "30(020101" BATCH
	    "30(0c0167 800103 81(" OCTETS32 "))"
	    "30(" ALL_TERMS ") a0(0500) 30("
	    "30(020101 0c0161 a0(" ALL_TERMS ") 810162" CERT_ID("a2") ")"
	    "30(020500ffffffff)))", FAULT_NONE },
	{ "version 2", REQUEST,
	    "30(020102" BATCH REF "3000 8100 30(30(020101)))", FAULT_MALFORMED },
	{ "a short batchId", REQUEST,
	    "30(020101 040101" REF "3000 8100 30(30(020101)))", FAULT_LIMIT },
	{ "no delivery", REQUEST,
	    "30(020101" BATCH REF "3000 30(30(020101)))", FAULT_MALFORMED },
	{ "a NULL with content", REQUEST,
	    "30(020101" BATCH REF "3000 810100 30(30(020101)))",
	    FAULT_MALFORMED },
	{ "no entries", REQUEST,
	    "30(020101" BATCH REF "3000 8100 3000)", FAULT_MALFORMED },
	{ "entryId 0", REQUEST,
	    "30(020101" BATCH REF "3000 8100 30(30(020100)))", FAULT_MALFORMED },
	{ "an entryId twice", REQUEST, "30(020101" BATCH REF
	    "3000 8100 30(30(020105)30(020101)30(020105)))", FAULT_MALFORMED },
	{ "entryIds in any order", REQUEST, "30(020101" BATCH REF
	    "3000 8100 30(30(020105)30(020101)30(020103)))", FAULT_NONE },
	{ "five entries, four allowed", REQUEST, "30(020101" BATCH REF
	    "3000 8100 30(30(020101)30(020102)30(020103)30(020104)30(020105)))",
	    FAULT_LIMIT },
	{ "a label that is not UTF-8", REQUEST, "30(020101" BATCH REF
	    "3000 8100 30(30(020101 0c01ff)))", FAULT_MALFORMED },
	{ "something behind the entries", REQUEST, "30(020101" BATCH REF
	    "3000 8100 30(30(020101)) 0500)", FAULT_MALFORMED },

	{ "authzResponse", RESPONSE, "30(020101" BATCH REF "30("
	    "30(020101 0a0100 800161)"
	    "30(020102 0a0101 800162 a1(8901ff))"
	    "30(020103 0a0102 a2(020104 0c0161 8003736173))"
	    "30(020104 0a0103)"
	    "30(020105 0a0104 a2(020116))) 020107)", FAULT_NONE },
	{ "authzResponse without secrets", RESPONSE,
	    "30(020101" BATCH REF "3000)", FAULT_NONE },
	{ "secrets in the whole message", RESPONSE,
	    "30(020101" BATCH REF "3000 020100)", FAULT_MALFORMED },
	{ "a result of the future", RESPONSE,
	    "30(020101" BATCH REF "30(30(020101 0a0105)))", FAULT_MALFORMED },
	{ "two results for one entry", RESPONSE,
	    "30(020101" BATCH REF "30(30(020101 0a0103)30(020101 0a0103)))",
	    FAULT_MALFORMED },

	{ "secrets", SECRETS,
	    "30(" BATCH "30(30(020101 0c0161" TOKEN ")))", FAULT_NONE },
	{ "no secrets", SECRETS, "30(" BATCH "3000)", FAULT_NONE },
	/* R5272-6.2.1-2 */
	{ "a token of 15 characters", SECRETS, "30(" BATCH "30(30(020101 0c0161"
	    "0c(616263646566676869707172737475))))", FAULT_MALFORMED },
	{ "a token of 16 octets and 15 characters", SECRETS, "30(" BATCH
	    "30(30(020101 0c0161 0c(c3a9616263646566676869707172737475))))",
	    FAULT_NONE },
	{ "fifteen characters in 16 octets", SECRETS, "30(" BATCH
	    "30(30(020101 0c0161 0c(c3a96162636465666768697071727374))))",
	    FAULT_MALFORMED },

	{ "authzAck", ACK, "30(" BATCH "30(" OCTETS32 OCTETS32 "))",
	    FAULT_NONE },
	{ "authzAck of nothing", ACK, "30(" BATCH "3000)", FAULT_MALFORMED },
	{ "C-13: authzAck in the form before", ACK,
	    "30(" BATCH OCTETS32 ")", FAULT_MALFORMED },
	{ "a short digest", ACK, "30(" BATCH "30(040101))", FAULT_LIMIT },

	{ "authzCancel", CANCEL,
	    "30(" NONCE "30(30(0c0161" HMAC OCTETS32 ")))", FAULT_NONE },
	{ "authzCancel of nothing", CANCEL, "30(" NONCE "3000)",
	    FAULT_MALFORMED },
	{ "a short nonce", CANCEL,
	    "30(040101 30(30(0c0161" HMAC OCTETS32 ")))", FAULT_LIMIT },
	{ "authzCancelResult", CANCEL_RESULT, "30(" NONCE
	    "30(30(0c0161 0a0100 040152)30(0c0162 0a0103)))", FAULT_NONE },
	{ "an outcome of the future", CANCEL_RESULT, "30(" NONCE
	    "30(30(0c0161 0a0104)))", FAULT_MALFORMED },
	{ "authzCancelAck", CANCEL_ACK, "30(040152 040153)", FAULT_NONE },
	{ "authzCancelAck of nothing", CANCEL_ACK, "3000", FAULT_MALFORMED },

	{ "authzQuery for all", QUERY, "3000", FAULT_NONE },
	{ "authzQuery", QUERY, "30(a0(0c0161 0c0162) 81(" BATCH ") 820101"
	    "83020100)", FAULT_NONE },
	{ "authzQuery for at most none", QUERY, "30(830100)", FAULT_MALFORMED },
	{ "authzInfo", INFO, "30(30(30(0c0161 0a0109" REF
	    "a0(8901ff)" CERT_ID("a1") "a2(02010b))30(0c0162 0a0100" REF "))"
	    "040163)", FAULT_NONE },
	{ "authzInfo, empty", INFO, "30(3000)", FAULT_NONE },
	{ "a state of the future", INFO, "30(30(30(0c0161 0a010a" REF ")))",
	    FAULT_MALFORMED },
	{ "an id of 129 characters", INFO, "30(30(30(0c("
	    "6161616161616161616161616161616161616161616161616161616161616161"
	    "6161616161616161616161616161616161616161616161616161616161616161"
	    "6161616161616161616161616161616161616161616161616161616161616161"
	    "6161616161616161616161616161616161616161616161616161616161616161"
	    "61) 0a0101" REF ")))", FAULT_LIMIT },

	{ "authzBind to an entry", BIND, "30(020106 800101)", FAULT_NONE },
	{ "authzBind to an id", BIND, "30(020106 810161)", FAULT_NONE },
	{ "authzBind to both", BIND, "30(020106 800101 810161)",
	    FAULT_MALFORMED },
	{ "authzBind to nothing", BIND, "30(020106)", FAULT_MALFORMED },
	{ "authzUse", USE,
	    "30(020106 0c0161 30(" SHA256 HMAC OCTETS32 "))", FAULT_NONE },
	{ "C-15: authzUse in the form before", USE,
	    "30(0c0161 30(" SHA256 HMAC OCTETS32 "))", FAULT_MALFORMED },
	{ "keyGenRequest", KEY_REQUEST, "30(810161 30(" P256 ") 30(3000))",
	    FAULT_NONE },
	{ "keyGenRequest for nobody", KEY_REQUEST,
	    "30(810161 30(" P256 ") 3000)", FAULT_MALFORMED },
	{ "keyGenResponse", KEY_RESPONSE, "30(800101" CERT_ID("30") "020109)",
	    FAULT_NONE },

	{ "eventQuery", EVENT_QUERY, "3000", FAULT_NONE },
	{ "eventQuery from here", EVENT_QUERY, "30(040101 020164)", FAULT_NONE },
	{ "eventReport", EVENT_REPORT, "30(30("
	    "30(18(" TIME ") 020101 800161" CERT_ID("a1") "a2(02010b))"
	    "30(18(" TIME ") 020163)) 0400 010100)", FAULT_NONE },
	{ "eventReport without more", EVENT_REPORT, "30(3000 0400)",
	    FAULT_MALFORMED },
	{ "templateQuery for all", TEMPLATE_QUERY, "3000", FAULT_NONE },
	{ "templateQuery", TEMPLATE_QUERY, "30(0c0161 0c0162)", FAULT_NONE },
	{ "templateInfo", TEMPLATE_INFO,
	    "30(30(0c0161 020103 30(" ALL_TERMS ") 8001648102 2710))",
	    FAULT_NONE },
	{ "a template without terms", TEMPLATE_INFO, "30(30(0c0161 020103))",
	    FAULT_MALFORMED },

	{ "CvpFailure", FAILURE, "30(02010c)", FAULT_NONE },
	{ "CvpFailure, complete", FAILURE, "30(02010c 0c0161 800162)",
	    FAULT_NONE },
	{ "CvpFailure without a code", FAILURE, "30(0c0161)", FAULT_MALFORMED },
	{ "a hint that says nothing", HINT, HINT_OF(""), FAULT_NONE },
	{ "a hint with all there is", HINT, HINT_OF(HINT_RULE("00",
	    "80(" TIME ") 810167 a2(020101 02020102) 830177") HINT_RULE("01", "")), FAULT_NONE },
	{ "a hint to do something else", HINT, HINT_OF(HINT_RULE("02", "")), FAULT_MALFORMED },
	{ "a hint for no serial number", HINT, HINT_OF(HINT_RULE("00", "a2()")),
	    FAULT_MALFORMED },
	{ "a hint in the wrong order", HINT, HINT_OF(HINT_RULE("00", "830177 810167")),
	    FAULT_MALFORMED },
	{ "a window that ends first", HINT, HINT_OF("30(0a0100 18(" LATER ") 18(" TIME "))"),
	    FAULT_MALFORMED },
	{ "a hint over at once", HINT, "30(020101 18(" TIME ") 18(" TIME ") 30())",
	    FAULT_MALFORMED },
	{ "a hint of another version", HINT, "30(020102 18(" TIME ") 18(" LATER ") 30())",
	    FAULT_MALFORMED },
	{ "a hint and something behind", HINT, "30(020101 18(" TIME ") 18(" LATER ") 30() 0500)",
	    FAULT_MALFORMED },
};

#define TRY(type, call, put) do {				\
	type	 v_;						\
	if (!(call))						\
		return false;					\
	put(out, &v_);						\
	return true;						\
} while (0)

/* Decode and write again. */
static bool
try_value(enum kind kind, struct view v, struct arena *a, struct buf *out,
    struct fault *f)
{
	switch (kind) {
	case TERMS:
		TRY(struct cvp_terms, cvp_terms_decode(v, a, &v_, f),
		    cvp_put_terms);
	case REQUEST:
		TRY(struct cvp_authz_request,
		    cvp_authz_request_decode(v, a, 4, &v_, f),
		    cvp_put_authz_request);
	case RESPONSE:
		TRY(struct cvp_authz_response,
		    cvp_authz_response_decode(v, a, &v_, f),
		    cvp_put_authz_response);
	case SECRETS:
		TRY(struct cvp_secrets, cvp_secrets_decode(v, a, &v_, f),
		    cvp_put_secrets);
	case ACK:
		TRY(struct cvp_ack, cvp_ack_decode(v, a, &v_, f), cvp_put_ack);
	case CANCEL:
		TRY(struct cvp_cancel, cvp_cancel_decode(v, a, &v_, f),
		    cvp_put_cancel);
	case CANCEL_RESULT:
		TRY(struct cvp_cancel_result,
		    cvp_cancel_result_decode(v, a, &v_, f),
		    cvp_put_cancel_result);
	case CANCEL_ACK:
		TRY(struct cvp_list, cvp_cancel_ack_decode(v, a, &v_, f),
		    cvp_put_cancel_ack);
	case QUERY:
		TRY(struct cvp_query, cvp_query_decode(v, a, &v_, f),
		    cvp_put_query);
	case INFO:
		TRY(struct cvp_info, cvp_info_decode(v, a, &v_, f),
		    cvp_put_info);
	case BIND:
		TRY(struct cvp_bind, cvp_bind_decode(v, &v_, f), cvp_put_bind);
	case USE:
		TRY(struct cvp_use, cvp_use_decode(v, &v_, f), cvp_put_use);
	case KEY_REQUEST:
		TRY(struct cvp_key_gen_request,
		    cvp_key_gen_request_decode(v, a, &v_, f),
		    cvp_put_key_gen_request);
	case KEY_RESPONSE:
		TRY(struct cvp_key_gen_response,
		    cvp_key_gen_response_decode(v, &v_, f),
		    cvp_put_key_gen_response);
	case EVENT_QUERY:
		TRY(struct cvp_event_query, cvp_event_query_decode(v, &v_, f),
		    cvp_put_event_query);
	case EVENT_REPORT:
		TRY(struct cvp_event_report,
		    cvp_event_report_decode(v, a, &v_, f),
		    cvp_put_event_report);
	case TEMPLATE_QUERY:
		TRY(struct cvp_list, cvp_template_query_decode(v, a, &v_, f),
		    cvp_put_template_query);
	case TEMPLATE_INFO:
		TRY(struct cvp_template_info,
		    cvp_template_info_decode(v, a, &v_, f),
		    cvp_put_template_info);
	case FAILURE:
		TRY(struct cvp_failure, cvp_failure_decode(v, &v_, f),
		    cvp_put_failure);
	case HINT:
		TRY(struct cvp_hint, cvp_hint_decode(v, a, &v_, f), cvp_put_hint);
	}
	return false;
}

/* What is taken is written again octet by octet. */
static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct derhex	 b;
		struct buf	 out;
		struct fault	 f = { 0 };
		struct arena	*a = arena_new(ARENA_MAX);
		struct view	 v = derhex(rows[i].body, &b);
		bool		 ok;

		buf_init(&out, OUT_MAX);
		ok = try_value(rows[i].kind, v, a, &out, &f);
		if (f.kind != rows[i].want || ok != (f.kind == FAULT_NONE))
			fail_msg("%s: %s (%s)", rows[i].label,
			    fault_kind_name(f.kind), f.text);
		if (ok && !view_equal(buf_view(&out), v))
			fail_msg("%s: written differently", rows[i].label);
		buf_clear(&out);
		arena_free(a);
	}
}

/* Every octet of every good value replaced, and every value cut. */
static void
test_mutations(void **state)
{
	static const uint8_t	 flips[] = { 0x01, 0x80, 0xff, 0x20, 0x7f };
	struct arena		*a = arena_new(ARENA_MAX);
	struct buf		 out;
	struct fault		 f;
	bool			 ok;

	(void)state;
	buf_init(&out, OUT_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct derhex	 b;
		struct view	 v = derhex(rows[i].body, &b);

		if (rows[i].want != FAULT_NONE)
			continue;
		for (size_t at = 0; at < v.n * sizeof(flips); at++) {
			b.p[at / sizeof(flips)] ^= flips[at % sizeof(flips)];
			fault_clear(&f);
			arena_reset(a);
			buf_reset(&out);
			ok = try_value(rows[i].kind, v, a, &out, &f);
			assert_int_equal(ok, f.kind == FAULT_NONE);
			b.p[at / sizeof(flips)] ^= flips[at % sizeof(flips)];
		}
		for (size_t n = 0; n < v.n; n++) {
			fault_clear(&f);
			assert_false(try_value(rows[i].kind, view_of(v.p, n), a,
			    &out, &f));
		}
	}
	buf_clear(&out);
	arena_free(a);
}

static void
test_fields(void **state)
{
	struct derhex			 b;
	struct cvp_terms		 t;
	struct fault			 f = { 0 };
	struct arena			*a = arena_new(ARENA_MAX);
	const struct cvp_lifecycle	*l;

	(void)state;
	assert_true(cvp_terms_decode(derhex("30(" ALL_TERMS ")", &b), a, &t, &f));
	assert_int_equal(t.cert->not_before.v, 1795494253);
	assert_int_equal(t.cert->foreign, 0);
	assert_true(view_equal(t.cert->subject, VIEW_LIT("\x30\x00")));
	assert_int_equal(t.cert->public_key.p[0], 0x30);
	assert_non_null(cvp_cert_extension(t.cert, OID_SUBJECT_ALT_NAME));
	assert_null(cvp_cert_extension(t.cert, OID_KEY_USAGE));
	assert_int_equal(t.window_not_after.v, 1795494253);
	assert_int_equal(t.id_format->length, 16);
	assert_int_equal(t.id_format->group, 0);
	assert_int_equal(t.token_format->group, 4);
	assert_true(view_equal(t.token_format->prefix, VIEW_LIT("EN")));
	assert_int_equal(t.key_gen.v, CVP_KEYGEN_ADMIN);
	l = t.lifecycle;
	assert_int_equal(l->renewal->who, CVP_WHO_PEER);
	assert_int_equal(l->renewal->keys, CVP_KEYS_SAME);
	assert_int_equal(l->renewal->last_percent, 10);
	assert_int_equal(l->renewal->max_times.v, 5);
	assert_int_equal(l->update->terms.last_percent, 0);
	assert_int_equal(l->update->terms.from_time, 1795494253);
	assert_int_equal(l->update->n_rdn_types, 1);
	assert_int_equal(l->update->san_types[1], 7);
	assert_true(l->admin_may_revoke.present);
	assert_false(l->admin_may_revoke.v);
	assert_true(l->retire_old.unusable);
	assert_int_equal(l->retire_old.delay_seconds, 100);
	assert_int_equal(l->confirm_within.v, 3600);
	assert_int_equal(l->revocation_info.v,
	    CVP_REVOCATION_CDP_REQUIRED | CVP_REVOCATION_HTTP);
	assert_int_equal(t.n_key_specs, 2);
	assert_int_equal(t.key_specs[1].min_bits, 3072);
	assert_int_equal(t.approval.v, CVP_APPROVAL_MANUAL);
	assert_true(t.exact.v && t.pop_challenge.v);
	assert_true(t.aia.present && !t.aia.v);
	assert_true(t.key_lost.present && t.key_lost.v);
	arena_free(a);
}

/* Fields of the CA's are noticed one by one: failure 5. */
static void
test_foreign(void **state)
{
	static const struct {
		const char	*body;
		uint16_t	 want;
	} cases[] = {
		{ "30(a0(800102))", 1 << 0 },
		{ "30(a0(810101))", 1 << 1 },
		{ "30(a0(a200))", 1 << 2 },
		{ "30(a0(a3(3000)))", 1 << 3 },
		{ "30(a0(870100 880100))", 1 << 7 | 1 << 8 },
		{ "30(a0(a5(3000)))", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct derhex	 b;
		struct cvp_terms t;
		struct fault	 f = { 0 };
		struct arena	*a = arena_new(ARENA_MAX);

		assert_true(cvp_terms_decode(derhex(cases[i].body, &b), a, &t,
		    &f));
		assert_int_equal(t.cert->foreign, cases[i].want);
		arena_free(a);
	}
}

/* C-16: what replaces a whole field, and what merges. */
static const struct {
	const char	*label;
	const char	*template;
	const char	*request;
	const char	*entry;
	const char	*want;
} merges[] = {
	{ "nothing over nothing", "30()", "30()", "30()", "30()" },
	{ "nothing is taken away", "30(" ALL_TERMS ")", "30()", "30()",
	    "30(" ALL_TERMS ")" },
	{ "something over nothing", "30()", "30()", "30(" ALL_TERMS ")",
	    "30(" ALL_TERMS ")" },
	{ "the entry has the last word", "30(840101)", "30(840102)",
	    "30(840103)", "30(840103)" },
	{ "false replaces true", "30(8901ff)", "30()", "30(890100)",
	    "30(890100)" },
	{ "a window goes as a whole", "30(" WINDOW ")",
	    "30(a1(80(" TIME ")))", "30()", "30(a1(80(" TIME ")))" },
	{ "keySpecs go as a whole", "30(" KEY_SPECS ")", "30()",
	    "30(a7(30(" P256 ")))", "30(a7(30(" P256 ")))" },
	{ "a secret's format goes as a whole", "30(" TOKEN_FORMAT ")",
	    "30(a3(020140 0c0161))", "30()", "30(a3(020140 0c0161))" },
	{ "certTemplate field by field", "30(a0(a5(30(3100)) a9(" SAN ")))",
	    "30(a0(a5(3000)))", "30(a0(a6(0500)))",
	    "30(a0(a5(3000) a6(0500) a9(" SAN ")))" },
	{ "one end of validity",
	    "30(a0(a4(a0(17(3236313132343034323431335a)) "
	    "a1(17(3237313132343034323431335a)))))", "30()",
	    "30(a0(a4(a1(17(3238313132343034323431335a)))))",
	    "30(a0(a4(a0(17(3236313132343034323431335a)) "
	    "a1(17(3238313132343034323431335a)))))" },
	{ "extensions one by one",
	    "30(a0(a9(30(06(551d11) 040161) 30(06(551d0f) 0101ff 040162))))",
	    "30(a0(a9(30(06(551d0f) 040163))))",
	    "30(a0(a9(30(06(551d25) 040164) 30(06(551d11) 040165))))",
	    "30(a0(a9(30(06(551d11) 040165) 30(06(551d0f) 040163)"
	    "30(06(551d25) 040164))))" },
	{ "lifecycle member by member",
	    "30(a5(a0(" CHANGE ") 820100 84020e10))",
	    "30(a5(a0(" CHANGE_AT ")))", "30(a5(8201ff 85020780))",
	    "30(a5(a0(" CHANGE_AT ") 8201ff 84020e10 85020780))" },
};

static void
test_merge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		struct derhex	 b[4];
		struct cvp_terms t[3], got;
		struct fault	 f = { 0 };
		struct buf	 out;
		struct arena	*a = arena_new(ARENA_MAX);

		assert_true(cvp_terms_decode(derhex(merges[i].template, &b[0]),
		    a, &t[0], &f));
		assert_true(cvp_terms_decode(derhex(merges[i].request, &b[1]),
		    a, &t[1], &f));
		assert_true(cvp_terms_decode(derhex(merges[i].entry, &b[2]),
		    a, &t[2], &f));
		assert_true(cvp_terms_merge(&t[0], &t[1], &t[2], a, &got, &f));
		buf_init(&out, OUT_MAX);
		cvp_put_terms(&out, &got);
		if (!view_equal(buf_view(&out), derhex(merges[i].want, &b[3])))
			fail_msg("%s", merges[i].label);
		buf_clear(&out);
		arena_free(a);
	}
}

/* 10000 entries with names of their own (RFC 4809, 3.2.2; profile, 7.2). */
static void
test_ten_thousand(void **state)
{
	enum { N = 10000 };
	struct arena		 *a = arena_new(ARENA_MAX);
	struct cvp_entry	 *entries = arena_array(a, N, sizeof(*entries));
	struct cvp_terms	 *terms = arena_array(a, N, sizeof(*terms));
	struct cvp_cert		 *certs = arena_array(a, N, sizeof(*certs));
	struct extension	 *exts = arena_array(a, N, sizeof(*exts));
	struct cvp_authz_request  r = { .template.name = VIEW_LIT("gateway"),
	    .delivery = CVP_CHANNEL_ONLY, .entries = entries, .n_entries = N,
	    .batch_id = VIEW_LIT("0123456789abcdef") }, got;
	struct buf		  b;
	struct fault		  f = { 0 };

	(void)state;
	assert_non_null(exts);
	for (uint32_t i = 0; i < N; i++) {
		exts[i].oid = OID_SUBJECT_ALT_NAME;
		exts[i].value = view_str(arena_printf(a,
		    "%c%c%c%cgw%05u.example", 0x30, 17, 0x82, 15, i));
		certs[i].extensions = &exts[i];
		certs[i].n_extensions = 1;
		terms[i].cert = &certs[i];
		entries[i].entry_id = N - i;	/* unsorted, so that it is sorted */
		entries[i].terms = &terms[i];
	}
	buf_init(&b, OUT_MAX);
	cvp_put_authz_request(&b, &r);
	assert_true(buf_check(&b, "request", &f));
	assert_true(der_check(buf_view(&b), 16, &f));
	assert_true(cvp_authz_request_decode(buf_view(&b), a, N, &got, &f));
	assert_int_equal(got.n_entries, N);
	assert_true(view_equal(got.entries[N - 1].terms->cert->extensions[0].value,
	    exts[N - 1].value));
	assert_false(cvp_authz_request_decode(buf_view(&b), a, N - 1, &got, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&b);
	arena_free(a);
}

/* What the witness of a cancellation is computed over; never sent. */
static void
test_cancel_proof(void **state)
{
	struct derhex	b;
	struct buf	out;

	(void)state;
	buf_init(&out, 128);
	cvp_put_cancel_proof(&out, VIEW_LIT("a"), VIEW_LIT("0123456789abcdef"));
	assert_true(view_equal(buf_view(&out), derhex("30("
	    "0615 69c3d79dccaa8aaabab581ded3d5b090fbc939 0104 0c0161"
	    "04(30313233343536373839616263646566))", &b)));
	buf_clear(&out);
}

/* Profile, 7.9; code 27 by C-25, 28 and 29 by docs/adr/0022. */
static void
test_failures(void **state)
{
	static const struct {
		uint32_t	code;
		enum cmc_fail	fail;
		bool		for_admin;
	} want[] = {
		{ 1, CMC_BAD_REQUEST, false }, { 2, CMC_BAD_REQUEST, false },
		{ 3, CMC_BAD_REQUEST, false }, { 4, CMC_BAD_REQUEST, false },
		{ 5, CMC_BAD_REQUEST, false }, { 6, CMC_BAD_IDENTITY, true },
		{ 7, CMC_BAD_IDENTITY, true }, { 8, CMC_BAD_IDENTITY, true },
		{ 9, CMC_BAD_IDENTITY, true }, { 10, CMC_BAD_IDENTITY, true },
		{ 11, CMC_BAD_ALG, false }, { 12, CMC_BAD_REQUEST, false },
		{ 13, CMC_BAD_REQUEST, false }, { 14, CMC_BAD_TIME, false },
		{ 15, CMC_BAD_REQUEST, false }, { 16, CMC_BAD_REQUEST, false },
		{ 17, CMC_BAD_IDENTITY, false }, { 18, CMC_BAD_IDENTITY, false },
		{ 19, CMC_NO_KEY_REUSE, false }, { 20, CMC_BAD_IDENTITY, false },
		{ 21, CMC_BAD_REQUEST, false }, { 22, CMC_TRY_LATER, false },
		{ 23, CMC_BAD_REQUEST, false }, { 24, CMC_BAD_REQUEST, false },
		{ 25, CMC_BAD_REQUEST, false }, { 26, CMC_BAD_CERT_ID, false },
		{ 27, CMC_BAD_REQUEST, false }, { 28, CMC_BAD_REQUEST, false },
		{ 29, CMC_BAD_REQUEST, false },
	};

	(void)state;
	assert_int_equal(sizeof(want) / sizeof(want[0]), CVP_CODE_END - 1);
	for (uint32_t i = 0; i < CVP_CODE_END - 1; i++) {
		assert_int_equal(want[i].code, i + 1);
		assert_int_equal(cvp_code_fail(i + 1), want[i].fail);
		assert_int_equal(cvp_code_is_for_admin(i + 1),
		    want[i].for_admin);
		assert_string_not_equal(cvp_code_name(i + 1), "unknown");
		assert_true(strlen(cvp_code_text(i + 1)) > 20);
	}
	assert_string_equal(cvp_code_name(0), "unknown");
	assert_string_equal(cvp_code_name(30), "unknown");
	assert_int_equal(cvp_code_fail(999), CMC_INTERNAL_CA_ERROR);
	assert_string_equal(cvp_state_name(CVP_STATE_REVOKED), "revoked");
	assert_string_equal(cvp_state_name((enum cvp_state)10), "unknown");
	for (uint32_t k = 1; k < CVP_EVENT_END; k++)
		assert_string_not_equal(cvp_event_name(k), "unknown");
	assert_string_equal(cvp_event_name(CVP_EVENT_END), "unknown");
	assert_string_equal(cvp_cancel_outcome_name(CVP_CANCEL_ALREADY),
	    "alreadyCancelled");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_ten_thousand),
		cmocka_unit_test(test_cancel_proof),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests_name("cvp", tests, NULL, NULL);
}
