/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of daemons: which row knows a line, tables that do not hold
 * together, logs of any shape.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "profile/why.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * Lines as the daemons write them; the first dozen of charon's
 * were written by real runs.
 */
static const struct {
	const char	*line;
	const char	*row;		/* NULL: not known */
	const char	*id;		/* NULL: none */
} lines[] = {
	{ "[IKE] no trusted ECDSA public key found for 'a.example'", "ss-no-trusted-key",
	    "a.example" },
	{ "Nov 25 20:14:34 07[IKE] <gw|1> no trusted RSA public key found for "
	    "'C=CH, O=Probe, CN=a'", "ss-no-trusted-key", "C=CH, O=Probe, CN=a" },
	{ "[CFG] subject certificate invalid (valid from Nov 25 20:14:38 2026 to Dec 25 "
	    "20:14:38 2026)", "ss-invalid-time", NULL },
	{ "[CFG] selected peer config 'gw' unacceptable: non-matching authentication done",
	    "ss-config-unacceptable", NULL },
	{ "[CFG] no matching peer config found", "ss-no-peer-config", NULL },
	{ "[CFG] crl fetching failed", "ss-crl-fetch", NULL },
	{ "[CFG] constraint requires cert policy 1.3.6.1.4.1.99999.1", "ss-policy", NULL },
	{ "[CFG] constraint check failed: RULE_CRL_VALIDATION is FAILED, but requires at least "
	    "GOOD", "ss-rule-crl", NULL },
	{ "[CFG] certificate was revoked on Nov 25 20:14:34 UTC 2026, reason: unspecified",
	    "ss-revoked", NULL },
	{ "[CFG] ocsp request to http://192.0.2.254:8081/ failed", "ss-ocsp-fetch", NULL },
	{ "[CFG] ocsp check failed, fallback to crl", "ss-ocsp-fetch", NULL },
	{ "[CFG]   fetching certificate failed", "ss-cert-fetch", NULL },
	{ "[ENC] generating IKE_AUTH response 1 [ N(AUTH_FAILED) ]", "auth-failed-sent", NULL },
	{ "[IKE] no private key found for 'gw1.example'", "ss-no-private-key", "gw1.example" },
	{ "[CFG] no issuer certificate found for \"CN=gw1\"", "ss-no-issuer", NULL },
	{ "[CFG]   self-signed certificate \"CN=x\" is not trusted", "ss-self-signed", NULL },
	{ "[CFG]   reached end of incomplete trust chain for trusted certificate \"CN=x\"",
	    "ss-incomplete", NULL },
	{ "[CFG] certificate status is not available", "ss-status-unavailable", NULL },
	{ "[CFG] constraint check failed: identity 'gw2.example' required ",
	    "ss-identity-required", "gw2.example" },
	{ "constraint check failed: peer not authenticated by CA 'CN=ca'", "ss-cacert", NULL },
	{ "constraint check failed: peer not authenticated with peer cert 'CN=gw'",
	    "ss-peer-cert", NULL },
	{ "constraint requires public key authentication, but pre-shared key was used",
	    "ss-auth-kind", NULL },
	{ "RSA signature scheme RSA_EMSA_PKCS1_SHA1 not acceptable",
	    "ss-weak-signature", NULL },
	{ "no common hash algorithm found to create signature with RSA key",
	    "ss-weak-signature", NULL },
	{ "crl fetched successfully but parsing failed", "ss-crl-parse", NULL },
	{ "  crl is stale: since Nov 24 20:14:33 2026", "ss-crl-stale", NULL },
	{ "crl response verification failed", "ss-crl-signer", NULL },
	{ "unable to fetch from http://a/b.crl, no capable fetcher found", "ss-no-fetcher", NULL },
	{ "path length of 1 violates constraint of 0", "ss-path-length", NULL },
	{ "peer certificate verification failed, deleting SA", "ss-peer-invalid", NULL },
	{ "peer requested EAP, config unacceptable", "ss-no-peer-config", NULL },
	{ "no IKE config found for 192.0.2.2...192.0.2.1, sending NO_PROPOSAL_CHOSEN",
	    "ss-no-ike-config", NULL },
	{ "loading ca certificate '/etc/swanctl/x509ca/a.pem' failed: parsing failed",
	    "ss-load-cert", NULL },
	{ "parsing X509 certificate failed", "ss-load-cert", NULL },
	{ "parsing ECDSA private key failed", "ss-load-key", NULL },
	{ "received 2 cert requests for an unknown ca", "ss-unknown-ca", NULL },
	{ "received EAP_FAILURE, EAP authentication failed", "ss-eap-failed", NULL },
	{ "giving up after 5 retransmits", "ss-no-answer", NULL },
	{ "received AUTHENTICATION_FAILED notify error", "auth-failed", NULL },
	{ "received NO_PROPOSAL_CHOSEN notify error", "no-proposal", NULL },
	{ "\"gw\" #2: NSS: ERROR: IPsec certificate CN=gw,O=Probe invalid: "
	    "SEC_ERROR_UNKNOWN_ISSUER: Peer's Certificate issuer is not recognized.",
	    "ls-nss-issuer", NULL },
	{ "NSS: ERROR: IPsec certificate CN=gw invalid: SEC_ERROR_EXPIRED_CERTIFICATE: x",
	    "ls-nss-expired", NULL },
	{ "NSS: ERROR: IPsec certificate CN=gw invalid: SEC_ERROR_REVOKED_CERTIFICATE: x",
	    "ls-nss-revoked", NULL },
	{ "NSS: ERROR: IPsec certificate CN=gw invalid: SEC_ERROR_INADEQUATE_KEY_USAGE: x",
	    "ls-nss-usage", NULL },
	{ "NSS: ERROR: IPsec certificate CN=gw invalid: SEC_ERROR_CA_CERT_INVALID: x",
	    "ls-nss-ca", NULL },
	{ "NSS: ERROR: IPsec certificate CN=strongSwan strong-ED CA,C=CH invalid: "
	    "SEC_ERROR_BAD_SIGNATURE: Peer's certificate has an invalid signature.",
	    "ls-nss-signature", NULL },
	{ "NSS: ERROR: IPsec certificate CN=gw invalid: SEC_ERROR_OCSP_SERVER_ERROR: x",
	    "ls-nss-ocsp", NULL },
	{ "\"gw\" #2: NSS: end certificate invalid", "ls-nss-invalid", NULL },
	{ "\"gw\" #2: X509: certificate payload rejected for this connection", "ls-rejected",
	    NULL },
	{ "X509: no EE-cert in chain!", "ls-no-ee", NULL },
	{ "\"gw\" #2: authentication failed: no certificate matched ECDSA with SHA2_256 and "
	    "'@west'", "ls-no-certificate-matched", "@west" },
	{ "\"gw\"[1] 192.1.2.253 #1: Peer ID '@west' mismatched on first found connection and no "
	    "better connection found", "ls-peer-id", "@west" },
	{ "\"pair\" #1: X509: authentication failed; peer certificate subjectAltName extension does "
	    "not match ID_FQDN 'gw9.example'", "ls-san", "gw9.example" },
	{ "X509: authentication failed; peer certificate contains no subjectAltName extension to "
	    "match ID_FQDN '@gw2.example'", "ls-san", "@gw2.example" },
	{ "\"pair\" #1: missing or expired CRL in strict mode, failing pending update and forcing "
	    "CRL update", "ls-crl-strict", NULL },
	{ "NSS: ERROR: IPsec certificate CN=Root invalid: SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION: x",
	    "ls-nss-critical", NULL },
	{ "13[LIB] found unsupported critical X.509 extension: 1.2.3.4.5", "ss-critical", NULL },
	{ "android.net.ipsec.ike.exceptions.AuthenticationFailedException: x", "android-auth",
	    NULL },
	{ "%PKI-3-CERTIFICATE_INVALID_EXPIRED: Certificate chain validation has failed.",
	    "cisco-expired", NULL },
	{ "%PKI-3-X: Certificate chain validation has failed. x", "cisco-chain", NULL },
	{ "failed to add connection: left certificate 'demo1' not found in the NSS database",
	    "ls-cert-not-found", NULL },
	{ "left certificate 'me' is expired or not yet valid", "ls-not-valid", NULL },
	{ "no private key matching left certificate me: NSS: cert private key not found",
	    "ls-no-private-key", NULL },
	{ "authentication failed: peer attempted PSK authentication but we want RSASIG",
	    "ls-auth-kind", NULL },
	{ "CRL: fetch failed:  libcurl", "ls-crl-fetch", NULL },
	{ "message received on 192.0.2.1:500 but no connection has been authorized with policy "
	    "ECDSA", "ls-no-connection", NULL },
	{ "rejecting peer cert with key size 1024 under 2048: CN=a", "ls-small-key", NULL },
	{ ".  No response (or no acceptable response) to our first IKEv2 message",
	    "ls-no-answer", NULL },
	{ "The error code returned on failure is 13801.", "win-13801", NULL },
	{ " 13806 ", "win-13806", NULL }, { "Error 13817", "win-13817", NULL },
	{ "error 13818", "win-13818", NULL }, { "13819", "win-13819", NULL },
	{ "13820", "win-13820", NULL }, { "13826", "win-13826", NULL },
	{ "Policy match error: 13868", "win-13868", NULL },
	{ "809", "win-809", NULL }, { "error: 812", "win-812", NULL }, { "853", "win-853", NULL },
	{ "0x800b0109", "win-untrusted-root", NULL },
	{ "The error code returned on failure is -2146762495.", "win-expired", NULL },
	{ "CERT_E_CN_NO_MATCH", "win-name", NULL }, { "CERT_E_WRONG_USAGE", "win-usage", NULL },
	{ "0x80092010", "win-revoked", NULL }, { "0x80092013", "win-no-crl", NULL },
	{ "User Authentication failed", "apple-auth", NULL },

	/* not known */
	{ "", NULL, NULL }, { "IKE_SA gw[1] established", NULL, NULL },
	{ "pluto[809]: listening", NULL, NULL }, { "error 113801", NULL, NULL },
	{ "error 138010", NULL, NULL }, { "13801 octets", NULL, NULL },
	{ "no trusted ECDSA public key found for 'torn", NULL, NULL },
	{ "no trusted ", NULL, NULL },
};

static void
known_lines(void **state)
{
	struct why_match	m;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		bool		 known = why_match(view_str(lines[i].line), &m);
		const char	*row = known ? m.row->name : "none";

		if (lines[i].row != NULL || known)
			print_message("%s: %s\n", row, lines[i].line);
		assert_string_equal(row, lines[i].row == NULL ? "none" : lines[i].row);
		if (lines[i].id != NULL)
			assert_true(view_equal(m.id, view_str(lines[i].id)));
	}
}

/* Every row has a line here that it, and no row before it, knows. */
static void
every_row(void **state)
{
	(void)state;
	for (const struct why_row *r = why_rows; r->name != NULL; r++) {
		bool	there = false;

		for (size_t i = 0; i < COUNT(lines); i++)
			there = there || (lines[i].row != NULL &&
			    strcmp(lines[i].row, r->name) == 0);
		if (!there)
			print_message("no line for %s\n", r->name);
		assert_true(there);
	}
}

/* --- tables ------------------------------------------------------------------------------ */

#define GOOD	{ "expired", "expired", "it has expired", "renew it", "" }
#define END	{ 0 }

static const struct {
	const char		*label;
	struct why_row		 rows[3];
	struct why_cause	 causes[3];
	const char		*flaw;		/* NULL: none */
} tables[] = {
	{ "sound", { { "a", "ike", 0, { "it is old {}" }, "m", "expired" }, END },
	    { GOOD, END }, NULL },
	{ "a row twice", { { "a", "ike", 0, { "13801" }, "m", "expired" },
	    { "a", "ike", 0, { "13802" }, "m", "expired" }, END }, { GOOD, END }, "twice" },
	{ "a cause twice", { END }, { GOOD, GOOD, END }, "twice" },
	{ "an unknown cause", { { "a", "ike", 0, { "13801" }, "m", "expired old" }, END },
	    { GOOD, END }, "a cause that there is not" },
	{ "no cause", { { "a", "ike", 0, { "13801" }, "m", "" }, END }, { GOOD, END },
	    "no cause" },
	{ "no meaning", { { "a", "ike", 0, { "13801" }, "", "expired" }, END }, { GOOD, END },
	    "means nothing" },
	{ "no message", { { "a", "ike", 0, { NULL }, "m", "expired" }, END }, { GOOD, END },
	    "says or means" },
	{ "too short", { { "a", "ike", 0, { "failed" }, "m", "expired" }, END }, { GOOD, END },
	    "too little" },
	{ "a hole first", { { "a", "ike", 0, { "{} has failed" }, "m", "expired" }, END },
	    { GOOD, END }, "too little" },
	{ "a hole of no kind", { { "a", "ike", 0, { "it failed {x}" }, "m", "expired" }, END },
	    { GOOD, END }, "no kind" },
	{ "holes together", { { "a", "ike", 0, { "it failed {}{}" }, "m", "expired" }, END },
	    { GOOD, END }, "side by side" },
	{ "no repair", { END }, { { "a", "", "t", "", "" }, END }, "no repair" },
	{ "an unknown rule", { END }, { { "a", "e_ike_nothing", "t", "r", "" }, END },
	    "lint does not have" },
};

static void
broken_tables(void **state)
{
	char		 text[256];
	const char	*flaw;

	(void)state;
	for (size_t i = 0; i < COUNT(tables); i++) {
		flaw = why_table_flaw(tables[i].rows, tables[i].causes, text, sizeof(text));
		print_message("%s: %s\n", tables[i].label, flaw == NULL ? "-" : flaw);
		assert_int_equal(flaw == NULL, tables[i].flaw == NULL);
		if (flaw != NULL)
			assert_non_null(strstr(flaw, tables[i].flaw));
	}
	flaw = why_table_flaw(why_rows, why_causes, text, sizeof(text));
	if (flaw != NULL)
		fail_msg("%s", flaw);
}

/* --- logs ----------------------------------------------------------------------------------- */

static void
logs(void **state)
{
	static struct why_log	l;
	static char		wide[3 * WHY_LINE_MAX];

	(void)state;
	why_log_init(&l, 2);
	why_log_add(&l, VIEW_LIT("x\nerror 138"));
	why_log_add(&l, VIEW_LIT("01\r\nno private key found for 'a'\nerror 13801\n"));
	why_log_add(&l, VIEW_LIT("no private key found for 'b'"));
	why_log_end(&l);
	assert_int_equal(l.lines, 5);
	assert_int_equal(l.known, 4);
	assert_int_equal(l.n, 2);		/* that for 'a' is the oldest */
	assert_string_equal(l.seen[0].match.row->name, "win-13801");
	assert_int_equal(l.seen[0].count, 2);
	assert_int_equal(l.seen[0].number, 4);
	assert_true(view_equal(l.seen[1].match.id, VIEW_LIT("b")));
	why_log_clear(&l);

	memset(wide, 'a', sizeof(wide));	/* what lies beyond is not looked at */
	why_log_add(&l, view_of(wide, sizeof(wide)));
	why_log_add(&l, VIEW_LIT(" error 13801\nerror\0 13801\n"));
	assert_int_equal(l.lines, 2);
	assert_int_equal(l.known, 1);
	why_log_clear(&l);
}

/* --- without certificates --------------------------------------------------------------------- */

static void
by_the_message_alone(void **state)
{
	static struct why_verdict	v;
	const struct why_hand		nothing = { 0 };
	struct why_match		m;
	struct fault			f = { 0 };

	(void)state;
	assert_true(why_match(VIEW_LIT("certificate was revoked on x, reason: y"), &m));
	assert_true(why_judge(&m, &nothing, &v, &f));
	assert_string_equal(v.named->name, "revoked");
	assert_true(why_match(VIEW_LIT("13801"), &m));
	assert_true(why_judge(&m, &nothing, &v, &f));
	assert_null(v.named);
	assert_true(v.n > 3);
	assert_false(v.contradicted);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(known_lines),
		cmocka_unit_test(every_row),
		cmocka_unit_test(broken_tables),
		cmocka_unit_test(logs),
		cmocka_unit_test(by_the_message_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
