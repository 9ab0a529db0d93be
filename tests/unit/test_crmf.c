/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R5274-5.3-1: regToken and authenticator, test_cases
 * R5274-5.3-2: pkiArchiveOptions, test_cases
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/crmf.h"
#include "codec/name.h"
#include "codec/spki.h"
#include "fixture.h"
#include "octets.h"

#define WITNESS	VIEW_LIT("\x30\x03\x04\x01\x77")

static struct arena *
new_arena(void)
{
	struct arena	*a = arena_new(1 << 16);

	assert_non_null(a);
	return a;
}

/* The content of the one value in v, as a TaggedRequest would hold it. */
static struct view
content_of(struct view v)
{
	struct der	d;
	struct view	c;

	der_init(&d, v);
	assert_true(der_get(&d, der_peek(&d), &c, NULL));
	return c;
}

/* A CertReqMsg out of OpenSSL's CMP client. */
static void
test_stranger(void **state)
{
	struct arena	*a = new_arena();
	struct buf	b;
	struct crmf	m;
	struct spki	key;
	struct fault	f = { 0 };
	char		text[64];

	(void)state;
	if (!crmf_decode(content_of(fixture(&b, "cr.crm")), a, &m, &f))
		fail_msg("%s", f.text);
	assert_int_equal(m.request_id, 0);
	assert_string_equal(name_text(m.template.subject, text, sizeof(text)),
	    "CN=gw3.example");
	assert_true(m.has_san);
	assert_string_equal(general_name_text(&m.san.list[0], text,
	    sizeof(text)), "dns:gw3.example");
	/* [6] takes the place of the SEQUENCE tag, which is put back */
	assert_true(spki_decode(m.spki, &key, &f));
	assert_int_equal(key.kind, SPKI_EC_P256);
	assert_int_equal(m.popo, CRMF_POPO_SIGNATURE);
	assert_true(view_equal(m.sigalg.tlv, ALGORITHM_ECDSA_SHA256));
	assert_true(m.signature.n > 60);
	assert_true(m.cert_request.p[0] == DER_SEQUENCE);
	buf_clear(&b);
	arena_free(a);
}

static void
test_round_trip(void **state)
{
	struct arena		*a = new_arena();
	struct cert_template	 t = {
		.has_not_after = true,
		.not_after = 1795493427,
		.subject = NAME_EMPTY,
		.public_key = VIEW_LIT("\x30\x05\x06\x03\x2a\x03\x04\x03\x01\x00"),
		.extensions_content = VIEW_LIT("\x30\x0d\x06\x03\x55\x1d\x0e\x04"
		    "\x06\x04\x04" "1234"),
	};
	struct buf		 request, out;
	struct crmf		 m;
	struct fault		 f = { 0 };

	(void)state;
	buf_init(&request, 4096);
	buf_init(&out, 4096);
	crmf_request_encode(4294967295u, &t, WITNESS, VIEW_NONE, &request);
	crmf_assemble(DER_CONTEXT_C(1), buf_view(&request), ALGORITHM_ED25519,
	    VIEW_LIT("sig"), &out);
	assert_int_equal(out.p[0], DER_CONTEXT_C(1));
	assert_true(der_check(buf_view(&out), 16, &f));
	if (!crmf_decode(content_of(buf_view(&out)), a, &m, &f))
		fail_msg("%s", f.text);
	assert_true(m.request_id == 4294967295u);
	assert_true(view_equal(m.cert_request, buf_view(&request)));
	/* A5 02 30 00: present and empty */
	assert_true(name_is_empty(m.template.subject));
	assert_true(!m.template.has_not_before && m.template.has_not_after);
	assert_int_equal(m.template.not_after, t.not_after);
	assert_true(view_equal(m.ski, VIEW_LIT("1234")));
	assert_true(view_equal(m.pop_link_witness_v2, WITNESS));
	assert_int_equal(m.spki.n, 12);
	assert_int_equal(m.popo, CRMF_POPO_SIGNATURE);
	buf_clear(&request);
	buf_clear(&out);
	arena_free(a);
}

/* CertRequest with id 6 and an empty template, and then what follows it. */
#define REQUEST	"3005" "020106" "3000"
#define WITH(controls_len, request_len, controls) \
	"30" request_len "020106" "3000" "30" controls_len controls

static const struct {
	const char	*label;
	const char	*content;
	enum fault_kind	 want;
} cases[] = {
	{ "a request alone", REQUEST, FAULT_NONE },
	{ "raVerified", REQUEST "8000", FAULT_NONE },
	{ "raVerified with content", REQUEST "800100", FAULT_MALFORMED },
	{ "a signature", REQUEST "a10b" "300506032b6570" "03020001", FAULT_NONE },
	/* R5272-3.2.1.2.2-3 */
	{ "regInfo", REQUEST "a10b" "300506032b6570" "03020001" "3000",
	    FAULT_REFUSED },
	/* R5272-3.2.1.2.2-5 */
	{ "POPOSigningKeyInput", REQUEST "a10d" "a000" "300506032b6570"
	    "03020001", FAULT_REFUSED },
	/* R5272-3.2.1.2.2-4 */
	{ "challenge", REQUEST "a203" "810101", FAULT_NONE },
	{ "encrypted certificate", REQUEST "a203" "810100", FAULT_REFUSED },
	{ "key agreement by challenge", REQUEST "a303" "810101", FAULT_NONE },
	{ "thisMessage", REQUEST "a203" "800100", FAULT_REFUSED },
	{ "dhMAC", REQUEST "a303" "820100", FAULT_REFUSED },
	{ "an unknown proof", REQUEST "a400", FAULT_MALFORMED },
	{ "negative id", "3005" "0201ff" "3000", FAULT_MALFORMED },
	{ "id of five octets", "3009" "02050100000000" "3000", FAULT_MALFORMED },
	{ "controls empty", WITH("00", "07", ""), FAULT_MALFORMED },
	{ "an unknown control", WITH("09", "10", "3007" "06032a0304" "0500"),
	    FAULT_NONE },
	{ "a control without value", WITH("07", "0e", "3005" "06032a0304"),
	    FAULT_MALFORMED },
	{ "a control with two values", WITH("0b", "12", "3009" "06032a0304" "0500"
	    "0500"), FAULT_MALFORMED },
	{ "a witness", WITH("0e", "15", "300c" "06082b06010505070721" "0500"),
	    FAULT_NONE },
	{ "a witness twice", WITH("1c", "23", "300c" "06082b06010505070721" "0500"
	    "300c" "06082b06010505070721" "0500"), FAULT_MALFORMED },
	{ "regToken", WITH("0f", "16", "300d" "06092b0601050507050101" "0500"),
	    FAULT_REFUSED },
	{ "authenticator", WITH("0f", "16", "300d" "06092b0601050507050102"
	    "0500"), FAULT_REFUSED },
	{ "archive options", WITH("0f", "16", "300d" "06092b0601050507050104"
	    "0500"), FAULT_REFUSED },
	{ "template out of order", "300d" "020106" "3008" "a5023000" "a5023000",
	    FAULT_MALFORMED },
	{ "template, subject without a name", "3007" "020106" "3002" "a500",
	    FAULT_MALFORMED },
	{ "template, empty key", "3007" "020106" "3002" "a600", FAULT_MALFORMED },
	{ "template, validity empty", "3007" "020106" "3002" "a400",
	    FAULT_MALFORMED },
	{ "template, version 3", "3008" "020106" "3003" "800103",
	    FAULT_MALFORMED },
	{ "template, version 2", "3008" "020106" "3003" "800102", FAULT_NONE },
	{ "template, no extension in extensions", "3007" "020106" "3002" "a900",
	    FAULT_MALFORMED },
	{ "nothing", "", FAULT_MALFORMED },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena	*a = new_arena();
		struct octets	o;
		struct crmf	m;
		struct fault	f = { 0 };
		bool		ok = crmf_decode(from_hex(&o, cases[i].content),
				    a, &m, &f);

		if (ok != (cases[i].want == FAULT_NONE) ||
		    f.kind != cases[i].want)
			fail_msg("%s: %s", cases[i].label, f.text);
		arena_free(a);
	}
}

/* Every field of a template survives being read and written. */
static void
test_template(void **state)
{
	const char		*hex = "304a" "800102" "810105" "a205" "06032a0304"
				    "a3023000" "a422"
				    "a00f" "170d3236313132343034313032375a"
				    "a10f" "170d3237313132343034313032375a"
				    "a5023000" "870100" "880100"
				    "a909" "3007" "06032a0304" "0400";
	struct cert_template	t;
	struct octets		o;
	struct buf		b;
	struct view		in;
	struct fault		f = { 0 };

	(void)state;
	buf_init(&b, 4096);
	in = from_hex(&o, hex);
	if (!cert_template_decode(content_of(in), &t, &f))
		fail_msg("%s", f.text);
	assert_false(cert_template_is_empty(&t));
	cert_template_put(&b, DER_SEQUENCE, &t);
	assert_true(view_equal(buf_view(&b), in));
	buf_reset(&b);
	t.extensions_content = VIEW_NONE;	/* then from the list */
	cert_template_put(&b, DER_SEQUENCE, &t);
	assert_true(view_equal(buf_view(&b), in));
	assert_true(cert_template_decode(VIEW_NONE, &t, &f));
	assert_true(cert_template_is_empty(&t));
	buf_clear(&b);
}

static void
test_damage(void **state)
{
	struct arena	*a = new_arena();
	struct buf	b;
	struct crmf	m;
	struct view	v = content_of(fixture(&b, "cr.crm"));

	(void)state;
	for (size_t n = 0; n < v.n; n++) {
		struct fault	f = { 0 };
		uint8_t		*p = malloc(n + 1);

		assert_non_null(p);
		memcpy(p, v.p, n);
		if (!crmf_decode(view_of(p, n), a, &m, &f))
			assert_int_not_equal(f.kind, FAULT_NONE);
		free(p);
		arena_reset(a);
	}
	buf_clear(&b);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
