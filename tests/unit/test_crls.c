/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_crls.c - which CRL is believed, and what is kept of it.
 *
 * R4809-3.1.2-5: over plain HTTP: what the CA did not sign is not believed, test_judge
 * R4945-5.2.2.4.1-3: a delta never takes the place of a whole one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "made.h"
#include "peer/crls.h"

static struct made	ca, impostor;

/* A CRL with one entry; signed by key. */
static void
sign_crl(struct made *by, struct made *name, uint64_t number, int64_t from, int64_t to,
    bool delta, struct buf *out)
{
	struct crl_plan		p = {
		.sigalg = key_sigalg(by->key), .issuer = name->cert.subject,
		.this_update = from, .next_update = to,
		.aki = view_of(by->ski, sizeof(by->ski)), .number = number,
		.is_delta = delta, .base_number = 1,
	};
	struct crl_writer	w;
	struct fault		f = { 0 };
	struct buf		tbs, sig;
	struct view		v;

	buf_init(&tbs, 1 << 16);
	buf_init(&sig, SIGNATURE_MAX);
	buf_init(out, 1 << 16);
	crl_begin(&w, &p, &tbs);
	crl_entry(&w, VIEW_LIT("\x11"), from, CRL_KEY_COMPROMISE);
	must(crl_finish(&w, &v, &f) && key_sign(by->key, v, &sig, &f), &f);
	crl_assemble(v, p.sigalg, buf_view(&sig), out);
	buf_clear(&tbs);
	buf_clear(&sig);
}

/* R4809-3.7.3-3: what a CRL says decides, so it has to be the CA's, and of today. */
static const struct {
	const char	*label;
	uint64_t	 held, number;	/* held 0: there is none */
	int64_t		 from, to;	/* seconds from now */
	bool		 forged, foreign, delta, damaged;
	enum fault_kind	 want;
	bool		 newer;
} rows[] = {
	{ "the first one",		0, 7, -60, 600, .newer = true },
	{ "a newer one",		6, 7, -60, 600, .newer = true },
	{ "numbers of two lengths",	255, 256, -60, 600, .newer = true },
	{ "a sign octet",		127, 128, -60, 600, .newer = true },
	{ "going back",			8, 7, -60, 600, .want = FAULT_REFUSED },
	{ "going back over a length",	256, 255, -60, 600, .want = FAULT_REFUSED },
	{ "another with that number",	7, 7, -61, 600, .want = FAULT_REFUSED },
	{ "a clock a little behind",	0, 7, 200, 600, .newer = true },
	{ "from the future",		0, 7, 400, 600, .want = FAULT_REFUSED },
	{ "ended",			0, 7, -60, 0, .want = FAULT_REFUSED },
	{ "another key's",		0, 7, -60, 600, .forged = true, .want = FAULT_SIGNATURE },
	{ "another CA's",		0, 7, -60, 600, .foreign = true, .want = FAULT_SIGNATURE },
	{ "a delta",			0, 7, -60, 600, .delta = true, .want = FAULT_REFUSED },
	{ "an octet changed",		0, 7, -60, 600, .damaged = true, .want = FAULT_SIGNATURE },
};

static void
test_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf	b, h;
		struct crl	c, held;
		struct fault	f = { 0 };
		bool		newer, ok;

		print_message("  %s\n", rows[i].label);
		sign_crl(rows[i].forged || rows[i].foreign ? &impostor : &ca,
		    rows[i].foreign ? &impostor : &ca, rows[i].number, MADE_NOW + rows[i].from,
		    MADE_NOW + rows[i].to, rows[i].delta, &b);
		sign_crl(&ca, &ca, rows[i].held, MADE_NOW - 60, MADE_NOW + 600, false, &h);
		if (rows[i].damaged)	/* of the serial number listed */
			((uint8_t *)memmem(b.p, b.n, "\x02\x01\x11", 3))[2] = 0x12;
		must(crl_decode(buf_view(&b), &c, &f) && crl_decode(buf_view(&h), &held, &f), &f);
		ok = crls_judge(&c, &ca.cert, rows[i].held == 0 ? NULL : &held, MADE_NOW, &newer,
		    &f);
		assert_int_equal(ok, rows[i].want == FAULT_NONE);
		assert_int_equal(f.kind, rows[i].want);
		assert_int_equal(newer, rows[i].newer);
		buf_clear(&b);
		buf_clear(&h);
	}
}

/* The very same octets are no news, and no fault, even when they are old. */
static void
test_same(void **state)
{
	struct buf	b;
	struct crl	c;
	struct fault	f = { 0 };
	bool		newer;

	(void)state;
	sign_crl(&ca, &ca, 7, MADE_NOW - 60, MADE_NOW + 600, false, &b);
	must(crl_decode(buf_view(&b), &c, &f), &f);
	assert_true(crls_judge(&c, &ca.cert, &c, MADE_NOW + 6000, &newer, &f));
	assert_false(newer);
	buf_clear(&b);
}

/* Octets of a CRL with so many entries, signed. */
static void
sign_many(size_t entries, struct buf *out)
{
	struct crl_plan		p = {
		.sigalg = key_sigalg(ca.key), .issuer = ca.cert.subject,
		.this_update = MADE_NOW - 60, .next_update = MADE_NOW + 600,
		.aki = view_of(ca.ski, sizeof(ca.ski)), .number = 9,
	};
	struct crl_writer	w;
	struct fault		f = { 0 };
	struct buf		tbs, sig;
	struct view		done;
	uint8_t			serial[16] = { 1 };

	buf_init(&tbs, CRL_OCTETS_MAX);
	buf_init(out, CRL_OCTETS_MAX);
	crl_begin(&w, &p, &tbs);
	for (size_t i = 0; i < entries; i++) {
		memcpy(serial + 1, &i, sizeof(i));
		crl_entry(&w, view_of(serial, sizeof(serial)), MADE_NOW - 60, 1);
	}
	buf_init(&sig, SIGNATURE_MAX);
	must(crl_finish(&w, &done, &f) && key_sign(ca.key, done, &sig, &f), &f);
	crl_assemble(done, p.sigalg, buf_view(&sig), out);
	buf_clear(&sig);
	buf_clear(&tbs);
}

/*
 * R4809-3.5.3-9, C-25 (D-52): 8 MiB of CRL, 165 000 entries, are read, believed
 * and searched; what is larger is refused before it is read.
 */
static void
test_size(void **state)
{
	struct buf	b, file;
	struct crl	c;
	struct fault	f = { 0 };
	char		path[] = "/tmp/test-crls-XXXXXX";
	bool		newer = false;

	(void)state;
	sign_many(165000, &b);
	assert_true(b.n > CRLS_OCTETS_MAX - (1u << 20) && b.n <= CRLS_OCTETS_MAX);
	must(crl_decode(buf_view(&b), &c, &f) && crls_judge(&c, &ca.cert, NULL, MADE_NOW, &newer,
	    &f), &f);
	assert_true(newer);
	buf_clear(&b);
	sign_many(175000, &b);
	assert_true(b.n > CRLS_OCTETS_MAX);
	close(mkstemp(path));
	must(file_write(path, buf_view(&b), 0600, &f), &f);
	buf_init(&file, CRLS_OCTETS_MAX);
	assert_false(file_read(path, &file, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	unlink(path);
	buf_clear(&file);
	buf_clear(&b);
}

static void
test_life(void **state)
{
	struct crl_source	s = { .this_update = MADE_NOW, .next_update = MADE_NOW + 400 };

	(void)state;
	assert_int_equal(crls_life(&s, MADE_NOW), CRLS_NONE);
	s.held = true;
	assert_int_equal(crls_life(&s, MADE_NOW + 300), CRLS_GOOD);
	assert_int_equal(crls_life(&s, MADE_NOW + 301), CRLS_NEAR_END);
	assert_int_equal(crls_life(&s, MADE_NOW + 399), CRLS_NEAR_END);
	assert_int_equal(crls_life(&s, MADE_NOW + 400), CRLS_ENDED);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_life),
	};
	int			rc;

	make(&ca, KEY_EC_P256, "CN=CA", 1, NULL, true);
	make(&impostor, KEY_EC_P256, "CN=Other", 2, NULL, true);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unmake(&ca);
	unmake(&impostor);
	return rc;
}
