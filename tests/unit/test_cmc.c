/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/cmc.h"
#include "codec/oid.h"
#include "derhex.h"

#define BYTES_MAX	8192
#define ARENA_MAX	(1 << 22)

static struct arena *
arena(void)
{
	struct arena	*a = arena_new(ARENA_MAX);

	assert_non_null(a);
	return a;
}

#define ATTR		"06(2b06010505070705)"
#define TID(id)		"30(0201" id ATTR "31(02012a))"
#define NONE3		"300030003000"
#define TCR(id)		"a0(0201" id "3000)"
#define CRM(id)		"a1(30(0201" id "3000))"
#define OTHER(id)	"30(0201" id "06022a03 0500)"

static const struct {
	const char	*label;
	const char	*body;
	enum fault_kind	 want;
	uint32_t	 offender;
} requests[] = {
	{ "four empty sequences", "3008" "3000300030003000", FAULT_NONE, 0 },
	{ "no octets", "", FAULT_MALFORMED, 0 },
	{ "one sequence missing", "3006" NONE3, FAULT_MALFORMED, 0 },
	{ "a byte after the end", "3008" "3000" NONE3 "00", FAULT_MALFORMED, 0 },
	{ "a fifth sequence", "30(30003000" NONE3 ")", FAULT_MALFORMED, 0 },
	{ "length past the end", "3009" "3000" NONE3, FAULT_MALFORMED, 0 },
	{ "length not minimal", "308108" "3000" NONE3, FAULT_MALFORMED, 0 },
	{ "indefinite length", "3080" "3000" NONE3 "0000", FAULT_MALFORMED, 0 },
	{ "a set instead of a sequence", "31(3000" NONE3 ")",
	    FAULT_MALFORMED, 0 },
	{ "one control", "30(30(" TID("01") ")" NONE3 ")", FAULT_NONE, 0 },
	/* R5272-3.2.2-2 */
	{ "control with id 0", "30(30(" TID("00") ")" NONE3 ")",
	    FAULT_MALFORMED, 0 },
	{ "control with the highest id",
	    "30(30(30(020500ffffffff" ATTR "31(02012a)))" NONE3 ")",
	    FAULT_NONE, 0 },
	{ "four content octets from 80 are a negative id",
	    "30(30(30(0204ffffffff" ATTR "31(02012a)))" NONE3 ")",
	    FAULT_MALFORMED, 0 },
	{ "id above 32 bits",
	    "30(30(30(02050100000000" ATTR "31(02012a)))" NONE3 ")",
	    FAULT_MALFORMED, 0 },
	{ "id not minimal",
	    "30(30(30(02020001" ATTR "31(02012a)))" NONE3 ")",
	    FAULT_MALFORMED, 0 },
	{ "values not in a set name the control",
	    "30(30(30(020107" ATTR "30(02012a)))" NONE3 ")",
	    FAULT_MALFORMED, 7 },
	{ "something behind the values names the control",
	    "30(30(30(020107" ATTR "31(02012a) 0500))" NONE3 ")",
	    FAULT_MALFORMED, 7 },
	{ "value that is not DER names the control",
	    "30(30(30(020107" ATTR "31(010101)))" NONE3 ")",
	    FAULT_MALFORMED, 7 },
	{ "values of a set out of order",
	    "30(30(30(020107" ATTR "31(020102 020101)))" NONE3 ")",
	    FAULT_MALFORMED, 7 },
	{ "a PKCS #10 request", "30(3000 30(" TCR("03") ") 30003000)",
	    FAULT_NONE, 0 },
	{ "a CRMF request", "30(3000 30(" CRM("03") ") 30003000)",
	    FAULT_NONE, 0 },
	{ "another request",
	    "30(3000 30(a2(020103 06022a03 0500)) 30003000)", FAULT_NONE, 0 },
	{ "a request of no known form",
	    "30(3000 30(a3(020103 3000)) 30003000)", FAULT_MALFORMED, 0 },
	{ "a request that is not tagged",
	    "30(3000 30(30(020103 3000)) 30003000)", FAULT_MALFORMED, 0 },
	{ "a PKCS #10 request with a tail",
	    "30(3000 30(a0(020103 3000 0500)) 30003000)", FAULT_MALFORMED, 3 },
	{ "two requests of one Peer",
	    "30(3000 30(" TCR("03") TCR("04") ") 30003000)", FAULT_LIMIT, 0 },
	/* R5272-3.2.2-1 */
	{ "request and control share an id",
	    "30(30(" TID("01") ") 30(" TCR("01") ") 30003000)",
	    FAULT_MALFORMED, 1 },
	/* R5272-3.2.2-1 */
	{ "certReqId and control share an id",
	    "30(30(" TID("01") ") 30(" CRM("01") ") 30003000)",
	    FAULT_MALFORMED, 1 },
	/* R5272-3.2.2-1 */
	{ "two controls share an id",
	    "30(30(" TID("05") TID("05") ")" NONE3 ")", FAULT_MALFORMED, 5 },
	/* R5272-3.2.2-1 */
	{ "cms element and control share an id",
	    "30(30(" TID("01") ") 3000 30(30(020101 3000)) 3000)",
	    FAULT_MALFORMED, 1 },
	{ "a cms element", "30(3000 3000 30(30(020109 3000)) 3000)",
	    FAULT_NONE, 0 },
	{ "a cms element that is not a ContentInfo",
	    "30(3000 3000 30(30(020109 0500)) 3000)", FAULT_MALFORMED, 9 },
	{ "another message, which no Peer may send",
	    "30(" NONE3 "30(" OTHER("09") "))", FAULT_LIMIT, 0 },
};

static void
test_request_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct derhex		 b;
		struct cmc_request	 req;
		struct fault		 f = { 0 };
		struct arena		*a = arena();
		uint32_t		 who = 99;
		bool			 ok;

		ok = cmc_request_decode(derhex(requests[i].body, &b), a,
		    &cmc_limits_peer, &req, &who, &f);
		if (f.kind != requests[i].want || ok != (f.kind == FAULT_NONE) ||
		    who != requests[i].offender)
			fail_msg("%s: %s (%s), body part %u",
			    requests[i].label, fault_kind_name(f.kind), f.text,
			    who);
		arena_free(a);
	}
}

static void
test_response_forms(void **state)
{
	static const struct {
		const char	*body;
		enum fault_kind	 want;
		uint32_t	 offender;
	} rows[] = {
		{ "30(" NONE3 ")", FAULT_NONE, 0 },
		{ "30(3000" NONE3 ")", FAULT_MALFORMED, 0 },
		{ "30(30003000)", FAULT_MALFORMED, 0 },
		{ "30(30(" TID("01") ") 30003000)", FAULT_NONE, 0 },
		{ "30(30(" TID("05") TID("05") ") 30003000)",
		    FAULT_MALFORMED, 5 },
		{ "30(30003000 30(" OTHER("09") "))", FAULT_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct derhex		 b;
		struct cmc_response	 rsp;
		struct fault		 f = { 0 };
		struct arena		*a = arena();
		uint32_t		 who = 99;

		(void)!cmc_response_decode(derhex(rows[i].body, &b), a,
		    &cmc_limits_client, &rsp, &who, &f);
		if (f.kind != rows[i].want || who != rows[i].offender)
			fail_msg("row %zu: %s (%s)", i, fault_kind_name(f.kind),
			    f.text);
		arena_free(a);
	}
}

/* More ids than are compared pair by pair. */
static void
test_many_ids(void **state)
{
	struct arena		*a = arena();
	struct cmc_request	 req;
	struct cmc_writer	 w;
	struct fault		 f = { 0 };
	struct buf		 b;
	uint32_t		 who;

	(void)state;
	buf_init(&b, BYTES_MAX * 8);
	cmc_data_begin(&w, &b);
	for (uint32_t i = 500; i > 0; i--)
		cmc_control_octets(&w, i == 7 ? 400 : i, CMC_QUERY_PENDING,
		    VIEW_LIT("x"));
	cmc_finish(&w);
	assert_true(buf_ok(&b));
	assert_false(cmc_request_decode(buf_view(&b), a, &cmc_limits_admin, &req,
	    &who, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	assert_int_equal(who, 400);
	fault_clear(&f);
	assert_false(cmc_request_decode(buf_view(&b), a, &cmc_limits_peer, &req,
	    &who, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&b);
	arena_free(a);
}

/* The request of cmc.md 1.3 and what is handed out of it. */
static void
test_enrollment(void **state)
{
	static const uint8_t	 tid[] = { 0x12, 0x67 };
	struct arena		*a = arena();
	struct cmc_request	 req;
	struct cmc_writer	 w;
	struct fault		 f = { 0 };
	struct buf		 b, seq;
	struct view		 v;
	size_t			 mark;
	uint32_t		 who;
	const struct cmc_control *c;

	(void)state;
	buf_init(&b, BYTES_MAX);
	buf_init(&seq, BYTES_MAX);
	mark = cmc_requests_begin(&seq);
	cmc_put_crm(&seq, VIEW_LIT("\x30\x07\x30\x05\x02\x01\x06\x30\x00"));
	cmc_requests_end(&seq, mark);
	cmc_data_begin(&w, &b);
	cmc_control_integer(&w, 1, CMC_TRANSACTION_ID, view_of(tid, 2));
	cmc_control_octets(&w, 2, CMC_SENDER_NONCE, VIEW_LIT("0123456789abcdef"));
	cmc_control_utf8(&w, 3, CMC_IDENTIFICATION, VIEW_LIT("gw-1"));
	cmc_write_requests(&w, buf_view(&seq));
	cmc_finish(&w);
	assert_true(buf_check(&b, "PKIData", &f));

	assert_true(cmc_request_decode(buf_view(&b), a, &cmc_limits_peer, &req,
	    &who, &f));
	assert_true(cmc_request_rules(&req, &who, &f));
	assert_int_equal(req.controls.n, 3);
	assert_true(view_equal(req.req_sequence, buf_view(&seq)));
	assert_int_equal(req.n_requests, 1);
	assert_int_equal(req.requests[0].form, CMC_CRM);
	assert_int_equal(req.requests[0].id, 6);
	assert_true(view_equal(req.requests[0].inner,
	    VIEW_LIT("\x30\x07\x30\x05\x02\x01\x06\x30\x00")));
	assert_true(view_equal(req.requests[0].tlv,
	    VIEW_LIT("\xa1\x07\x30\x05\x02\x01\x06\x30\x00")));
	assert_true(cmc_one(&req.controls, CMC_TRANSACTION_ID, &c, &who, &f));
	assert_true(cmc_transaction_id(c->value, &v, &f));
	assert_true(view_equal(v, view_of(tid, 2)));
	c = cmc_find(&req.controls, CMC_SENDER_NONCE);
	assert_true(cmc_nonce(c->value, &v, &f));
	assert_true(view_equal(v, VIEW_LIT("0123456789abcdef")));
	c = cmc_find(&req.controls, CMC_IDENTIFICATION);
	assert_true(cmc_identification(c->value, &v, &f));
	assert_true(view_equal(v, VIEW_LIT("gw-1")));
	assert_null(cmc_find(&req.controls, CMC_RECIPIENT_NONCE));
	assert_ptr_equal(cmc_by_id(&req.controls, 3), c);
	assert_null(cmc_by_id(&req.controls, 6));
	assert_ptr_equal(cmc_request_by_id(&req, 6), &req.requests[0]);
	buf_clear(&seq);
	buf_clear(&b);
	arena_free(a);
}

/* Place and number: R5272-6.20-1, R5272-6.21-2 and the table of controls. */
static const struct {
	const char	*label;
	bool		 response;
	enum cmc_kind	 kinds[3];
	uint32_t	 offender;	/* 0: all is well */
} places[] = {
	{ "enrollment", false, { CMC_TRANSACTION_ID, CMC_SENDER_NONCE,
	    CMC_IDENTIFICATION }, 0 },
	{ "two identifications", false, { CMC_IDENTIFICATION, CMC_SENDER_NONCE,
	    CMC_IDENTIFICATION }, 3 },
	{ "two revocations", false, { CMC_REVOKE_REQUEST, CMC_REVOKE_REQUEST }, 0 },
	/* R5272-6.1-1 */
	{ "three status", true, { CMC_STATUS_INFO_V2, CMC_STATUS_INFO_V2,
	    CMC_STATUS_INFO_V2 }, 0 },
	{ "identification in a response", true, { CMC_IDENTIFICATION }, 1 },
	/* R5272-6.20-1 */
	{ "raIdentityWitness in a response", true, { CMC_TRANSACTION_ID,
	    CMC_RA_IDENTITY_WITNESS }, 2 },
	/* R5272-6.21-2 */
	{ "responseBody in a request", false, { CMC_RESPONSE_BODY }, 1 },
	{ "popLinkWitnessV2 as a control", false, { CMC_POP_LINK_WITNESS_V2 }, 1 },
	{ "authzResponse in a request", false, { CVP_AUTHZ_RESPONSE }, 1 },
	{ "authzRequest in a response", true, { CVP_AUTHZ_REQUEST }, 1 },
	{ "two authzRequests", false, { CVP_AUTHZ_REQUEST, CVP_AUTHZ_REQUEST }, 2 },
	{ "two authzBinds", false, { CVP_AUTHZ_BIND, CVP_AUTHZ_BIND }, 0 },
};

static void
test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct arena		*a = arena();
		struct cmc_writer	 w;
		struct cmc_request	 req;
		struct cmc_response	 rsp;
		struct fault		 f = { 0 };
		struct buf		 b;
		uint32_t		 who = 0;
		bool			 ok;

		buf_init(&b, BYTES_MAX);
		if (places[i].response)
			cmc_response_begin(&w, &b);
		else
			cmc_data_begin(&w, &b);
		for (uint32_t k = 0; k < 3 && places[i].kinds[k] != 0; k++)
			cmc_control_value(&w, k + 1, places[i].kinds[k],
			    VIEW_LIT("\x05\x00"));
		cmc_finish(&w);
		if (places[i].response) {
			assert_true(cmc_response_decode(buf_view(&b), a,
			    &cmc_limits_client, &rsp, NULL, &f));
			ok = cmc_response_rules(&rsp, &who, &f);
		} else {
			assert_true(cmc_request_decode(buf_view(&b), a,
			    &cmc_limits_peer, &req, NULL, &f));
			ok = cmc_request_rules(&req, &who, &f);
		}
		if (who != places[i].offender || ok != (who == 0))
			fail_msg("%s: body part %u, %s", places[i].label, who,
			    f.text);
		buf_clear(&b);
		arena_free(a);
	}
}

static void
test_values_in_a_set(void **state)
{
	static const struct {
		const char	*body;
		uint32_t	 offender;
	} rows[] = {
		/* none, one, two */
		{ "30(30(30(020107" ATTR "3100))" NONE3 ")", 7 },
		{ "30(30(30(020107" ATTR "31(020101)))" NONE3 ")", 0 },
		{ "30(30(30(020107" ATTR "31(020101 020102)))" NONE3 ")", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct derhex		 b;
		struct cmc_request	 req;
		const struct cmc_control *c;
		struct fault		 f = { 0 };
		struct arena		*a = arena();
		uint32_t		 who = 0;

		assert_true(cmc_request_decode(derhex(rows[i].body, &b), a,
		    &cmc_limits_peer, &req, NULL, &f));
		assert_int_equal(req.controls.v[0].n_values, i);
		assert_int_equal(cmc_request_rules(&req, &who, &f), i == 1);
		assert_int_equal(who, rows[i].offender);
		fault_clear(&f);
		assert_int_equal(cmc_one(&req.controls, CMC_TRANSACTION_ID, &c,
		    &who, &f), i == 1);
		arena_free(a);
	}
}

/* R5272-3.2.1.1-2: all unknown controls can be named. */
static void
test_unknown(void **state)
{
	struct derhex		 b;
	struct cmc_request	 req;
	struct fault		 f = { 0 };
	struct arena		*a = arena();
	uint32_t		 ids[1];

	(void)state;
	assert_true(cmc_request_decode(derhex("30(30("
	    "30(020105 06022a03 31(0500)) 30(020106 06022a04 31(0500)))"
	    NONE3 ")", &b), a, &cmc_limits_peer, &req, NULL, &f));
	assert_true(cmc_request_rules(&req, NULL, &f));
	assert_int_equal(cmc_unknown(&req.controls, ids, 1), 2);
	assert_int_equal(ids[0], 5);
	arena_free(a);
}

static void
test_kinds(void **state)
{
	unsigned	known = 0;

	(void)state;
	for (unsigned k = 0; k < CMC_KIND_END; k++) {
		struct view	oid = cmc_kind_oid((enum cmc_kind)k);

		if (oid.n == 0) {
			assert_string_equal(cmc_kind_name((enum cmc_kind)k),
			    "unknown");
			continue;
		}
		known++;
		assert_int_equal(cmc_kind_of(oid), k);
	}
	assert_int_equal(known, 33 + 17);
	/* The numbers that two editions had swapped: 33 and 34. */
	assert_int_equal(cmc_kind_of(OID_CMC_POP_LINK_WITNESS_V2), 33);
	assert_int_equal(cmc_kind_of(OID_CMC_IDENTITY_PROOF_V2), 34);
	assert_int_equal(cmc_kind_of(OID_CVP_AUTHZ_REQUEST), CVP_AUTHZ_REQUEST);
	assert_int_equal(cmc_kind_of(OID_CVP_TEMPLATE_INFO), CVP_TEMPLATE_INFO);
	assert_int_equal(cmc_kind_of(OID_CVP_RENEWAL_HINT), CVP_RENEWAL_HINT);
	/* id-cmc 65 is not id-cvp 1 */
	assert_int_equal(cmc_kind_of(VIEW_LIT(ARC_CMC "\x41")), CMC_UNKNOWN);
	assert_int_equal(cmc_kind_of(OID_CVP_FAILURE), CMC_UNKNOWN);
	assert_int_equal(cmc_kind_of(OID_SHA256), CMC_UNKNOWN);
	assert_int_equal(cmc_kind_of(VIEW_NONE), CMC_UNKNOWN);
}

/* cmc.md 7.1: DER of id-cvp.1.1 */
static void
test_arc(void **state)
{
	struct derhex	want;
	struct buf	b;

	(void)state;
	derhex("061569c3d79dccaa8aaabab581ded3d5b090fbc9390101", &want);
	buf_init(&b, 64);
	der_put_oid(&b, cmc_kind_oid(CVP_AUTHZ_REQUEST));
	assert_true(view_equal(buf_view(&b), view_of(want.p, want.n)));
	buf_clear(&b);
}

enum value_kind { TRANSACTION, NONCE, IDENT, PROOF, CERT_ID, REVOKE, ANCHORS,
    GET_CERT, BODY_PART, LIST, PATH };

#define SHA256		"30(06(608648016503040201))"
#define SHA256_NULL	"30(06(608648016503040201) 0500)"
#define HMAC		"30(06(2a864886f70d0209))"
#define OCTETS32	"0420 000102030405060708090a0b0c0d0e0f " \
			"101112131415161718191a1b1c1d1e1f"

static const struct {
	const char	*label;
	enum value_kind	 kind;
	const char	*body;
	enum fault_kind	 want;
	bool		 same;	/* written again, the octets are the same */
} values[] = {
	{ "transactionId", TRANSACTION, "02021267", FAULT_NONE, true },
	{ "negative transactionId", TRANSACTION, "0201ff", FAULT_NONE, true },
	{ "padded transactionId", TRANSACTION, "02020001", FAULT_MALFORMED, false },
	{ "empty transactionId", TRANSACTION, "0200", FAULT_MALFORMED, false },
	{ "transactionId with a tail", TRANSACTION, "0201010500",
	    FAULT_MALFORMED, false },
	{ "transactionId of another type", TRANSACTION, "040101",
	    FAULT_MALFORMED, false },
	{ "nonce", NONCE, "04(0102030405060708)", FAULT_NONE, false },
	{ "short nonce", NONCE, "04(01020304050607)", FAULT_LIMIT, false },
	{ "identification", IDENT, "0c(67772d31)", FAULT_NONE, false },
	{ "empty identification", IDENT, "0c00", FAULT_MALFORMED, false },
	{ "identification not UTF-8", IDENT, "0c02c328", FAULT_MALFORMED, false },
	{ "identification with NUL", IDENT, "0c03670061", FAULT_MALFORMED, false },
	{ "identityProofV2", PROOF, "30(" SHA256 HMAC OCTETS32 ")",
	    FAULT_NONE, true },
	{ "parameters NULL", PROOF, "30(" SHA256_NULL HMAC OCTETS32 ")",
	    FAULT_NONE, true },
	{ "proof without MAC", PROOF, "30(" SHA256 OCTETS32 ")",
	    FAULT_MALFORMED, false },
	{ "proof with a tail inside", PROOF,
	    "30(" SHA256 HMAC OCTETS32 "0500)", FAULT_MALFORMED, false },
	{ "confirmCertAcceptance", CERT_ID, "30(3000 020101)", FAULT_NONE, true },
	{ "certificate without serial", CERT_ID, "30(3000)",
	    FAULT_MALFORMED, false },
	{ "certificate with a serial of 33 octets", CERT_ID,
	    "30(3000 0221 01000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f20)", FAULT_LIMIT, false },
	{ "revokeRequest", REVOKE, "30(3000 020101 0a0101)", FAULT_NONE, true },
	{ "revokeRequest, complete", REVOKE, "30(3000 020101 0a0101"
	    "18(32303236313132343034323431335a) 040161 0c0162)",
	    FAULT_NONE, true },
	{ "reason 7", REVOKE, "30(3000 020101 0a0107)", FAULT_MALFORMED, false },
	{ "reason 11", REVOKE, "30(3000 020101 0a010b)", FAULT_MALFORMED, false },
	{ "reason as INTEGER", REVOKE, "30(3000 020101 020101)",
	    FAULT_MALFORMED, false },
	{ "date after passphrase", REVOKE, "30(3000 020101 0a0101 040161"
	    "18(32303236313132343034323431335a))", FAULT_MALFORMED, false },
	{ "date with a fraction", REVOKE, "30(3000 020101 0a0101"
	    "18(32303236313132343034323431332e355a))", FAULT_MALFORMED, false },
	{ "trustedAnchors", ANCHORS, "30(020105" SHA256 "30(" OCTETS32 "))",
	    FAULT_NONE, true },
	{ "no anchor", ANCHORS, "30(020105" SHA256 "3000)", FAULT_NONE, true },
	{ "negative sequence number", ANCHORS, "30(0201ff" SHA256 "3000)",
	    FAULT_MALFORMED, false },
	{ "getCert", GET_CERT, "30(a4023000 020101)", FAULT_NONE, true },
	{ "getCert of a URI", GET_CERT, "30(860161 020101)", FAULT_NONE, false },
	{ "getCert, implicit Name", GET_CERT, "30(a400 020101)",
	    FAULT_MALFORMED, false },
	{ "authData", BODY_PART, "020500ffffffff", FAULT_NONE, false },
	{ "negative body part", BODY_PART, "0201ff", FAULT_MALFORMED, false },
	{ "batchRequests", LIST, "30(02010b 02010c)", FAULT_NONE, true },
	{ "empty batch", LIST, "3000", FAULT_MALFORMED, false },
	{ "three in a batch of two", LIST, "30(02010b 02010c 02010d)",
	    FAULT_LIMIT, false },
	{ "text in a batch", LIST, "30(0c0161)", FAULT_MALFORMED, false },
	{ "path", PATH, "30(02010b 020104)", FAULT_NONE, true },
	{ "empty path", PATH, "3000", FAULT_MALFORMED, false },
	{ "path across nine layers", PATH, "30(020101020101020101"
	    "020101020101020101 020101020101020101)", FAULT_LIMIT, false },
};

/* Decode and, where there is a writer, write again into out. */
static bool
try_value(enum value_kind kind, struct view v, struct arena *a,
    struct buf *out, struct fault *f)
{
	struct view		bytes;
	struct cmc_proof	proof;
	struct cmc_cert_id	cert;
	struct cmc_revoke	revoke;
	struct cmc_anchors	anchors;
	struct cmc_get_cert	get;
	struct cmc_ids		ids;
	struct cmc_ref		ref;
	uint32_t		id;

	switch (kind) {
	case TRANSACTION:
		if (!cmc_transaction_id(v, &bytes, f))
			return false;
		cmc_put_integer(out, bytes);
		return true;
	case NONCE:
		return cmc_nonce(v, &bytes, f);
	case IDENT:
		return cmc_identification(v, &bytes, f);
	case PROOF:
		if (!cmc_proof_decode(v, &proof, f))
			return false;
		assert_true(cmc_alg_is(&proof.key_alg, OID_SHA256));
		assert_false(cmc_alg_is(&proof.mac_alg, OID_SHA256));
		cmc_put_proof(out, &proof);
		return true;
	case CERT_ID:
		if (!cmc_cert_id_decode(v, &cert, f))
			return false;
		cmc_put_cert_id(out, DER_SEQUENCE, &cert);
		return true;
	case REVOKE:
		if (!cmc_revoke_decode(v, &revoke, f))
			return false;
		cmc_put_revoke(out, &revoke);
		return true;
	case ANCHORS:
		if (!cmc_anchors_decode(v, a, &anchors, f))
			return false;
		cmc_put_anchors(out, &anchors);
		return true;
	case GET_CERT:
		if (!cmc_get_cert_decode(v, &get, f))
			return false;
		cmc_put_get_cert(out, get.name, get.serial);
		return true;
	case BODY_PART:
		return cmc_body_part_decode(v, &id, f);
	case LIST:
		if (!cmc_body_list_decode(v, a, 2, &ids, f))
			return false;
		cmc_put_ids(out, ids.v, ids.n);
		return true;
	case PATH:
		if (!cmc_path_decode(v, &ref, f))
			return false;
		cmc_put_ids(out, ref.path, ref.n);
		return true;
	}
	return false;
}

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct derhex	 b;
		struct buf	 out;
		struct fault	 f = { 0 };
		struct arena	*a = arena();
		struct view	 v = derhex(values[i].body, &b);
		bool		 ok;

		buf_init(&out, BYTES_MAX);
		ok = try_value(values[i].kind, v, a, &out, &f);
		if (f.kind != values[i].want || ok != (f.kind == FAULT_NONE))
			fail_msg("%s: %s (%s)", values[i].label,
			    fault_kind_name(f.kind), f.text);
		if (values[i].same && !view_equal(buf_view(&out), v))
			fail_msg("%s: written differently", values[i].label);
		buf_clear(&out);
		arena_free(a);
	}
}

static void
test_writer_misuse(void **state)
{
	static const uint8_t	 seq[] = { 0x30, 0x00 };
	struct cmc_writer	 w;
	struct buf		 b;

	(void)state;
	buf_init(&b, BYTES_MAX);

	cmc_data_begin(&w, &b);			/* a control too late */
	cmc_write_requests(&w, view_of(seq, 2));
	cmc_control_octets(&w, 1, CMC_SENDER_NONCE, VIEW_LIT("12345678"));
	assert_false(buf_ok(&b));
	buf_clear(&b);

	cmc_response_begin(&w, &b);		/* requests in a response */
	cmc_write_requests(&w, view_of(seq, 2));
	assert_false(buf_ok(&b));
	buf_clear(&b);

	cmc_data_begin(&w, &b);			/* id 0 */
	cmc_control_octets(&w, 0, CMC_SENDER_NONCE, VIEW_LIT("12345678"));
	assert_false(buf_ok(&b));
	buf_clear(&b);

	cmc_data_begin(&w, &b);			/* requests twice */
	cmc_write_requests(&w, view_of(seq, 2));
	cmc_write_requests(&w, view_of(seq, 2));
	assert_false(buf_ok(&b));
	buf_clear(&b);

	cmc_data_begin(&w, &b);			/* finished twice */
	cmc_finish(&w);
	assert_true(buf_ok(&b));
	cmc_finish(&w);
	assert_false(buf_ok(&b));
	buf_clear(&b);
}

static void
test_writer_whole(void **state)
{
	struct derhex		 want;
	struct cmc_writer	 w;
	struct buf		 b, seq;
	size_t			 mark;

	(void)state;
	buf_init(&b, BYTES_MAX);
	buf_init(&seq, BYTES_MAX);
	cmc_data_begin(&w, &b);
	cmc_finish(&w);
	derhex("30083000300030003000", &want);
	assert_true(view_equal(buf_view(&b), view_of(want.p, want.n)));

	buf_reset(&b);
	cmc_response_begin(&w, &b);
	cmc_write_content(&w, 9, VIEW_LIT("\x30\x00"));
	cmc_finish(&w);
	derhex("30(3000 30(30(020109 3000)) 3000)", &want);
	assert_true(view_equal(buf_view(&b), view_of(want.p, want.n)));

	mark = cmc_requests_begin(&seq);
	cmc_put_tcr(&seq, 3, VIEW_LIT("\x30\x00"));
	cmc_put_orm(&seq, 4, VIEW_LIT("\x2a\x03"), VIEW_LIT("\x05\x00"));
	cmc_requests_end(&seq, mark);
	buf_reset(&b);
	cmc_data_begin(&w, &b);
	cmc_write_requests(&w, buf_view(&seq));
	cmc_write_content(&w, 9, VIEW_LIT("\x30\x00"));
	cmc_finish(&w);
	derhex("30(3000 30(" TCR("03") "a2(020104 06022a03 0500))"
	    "30(30(020109 3000)) 3000)", &want);
	assert_true(view_equal(buf_view(&b), view_of(want.p, want.n)));
	buf_clear(&seq);
	buf_clear(&b);
}

/* 8.3 (1): an octet flipped, a message cut: a fault with a reason or success. */
static void
test_mutations(void **state)
{
	struct derhex		 b;
	struct arena		*a = arena();
	struct cmc_request	 req;
	struct view		 v = derhex("30(30(" TID("01")
	    "30(020102 06(2b06010505070702) 31(0c0161)))"
	    "30(" TCR("03") ") 3000 3000)", &b);
	struct fault		 f = { 0 };
	bool			 ok;

	(void)state;
	assert_true(cmc_request_decode(v, a, &cmc_limits_peer, &req, NULL, &f));
	for (size_t i = 0; i < v.n; i++) {
		for (unsigned x = 1; x < 256; x++) {
			b.p[i] ^= (uint8_t)x;
			fault_clear(&f);
			arena_reset(a);
			ok = cmc_request_decode(v, a, &cmc_limits_peer,
			    &req, NULL, &f);
			assert_int_equal(ok, f.kind == FAULT_NONE);
			b.p[i] ^= (uint8_t)x;
		}
		fault_clear(&f);
		assert_false(cmc_request_decode(view_of(v.p, i), a,
		    &cmc_limits_peer, &req, NULL, &f));
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_request_forms),
		cmocka_unit_test(test_response_forms),
		cmocka_unit_test(test_many_ids),
		cmocka_unit_test(test_enrollment),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_values_in_a_set),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_arc),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_writer_misuse),
		cmocka_unit_test(test_writer_whole),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests_name("cmc", tests, NULL, NULL);
}
