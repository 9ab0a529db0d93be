/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R4809-3.7.2-3: dates, signatures, CA flag, missing links, paths
 * R4809-3.7.2-5: a path from what is there, or word that it is incomplete, paths
 * SEED-14: paths and CRLs, good and bad, paths
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "crypt/path.h"
#include "made.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct made	root, ca, leaf, other, no_ca, below;
static struct buf	crl_root, crl_ca, crl_ca_revoked;

static void
make_crl(struct buf *out, struct made *by, struct view revoked)
{
	struct fault		f = { 0 };
	struct crl_plan		p = { .sigalg = key_sigalg(by->key),
				    .issuer = by->cert.subject,
				    .this_update = MADE_NOW - MADE_DAY,
				    .next_update = MADE_NOW + MADE_DAY,
				    .aki = view_of(by->ski, sizeof(by->ski)), .number = 1 };
	struct crl_writer	w;
	struct buf		body;
	struct view		tbs;

	buf_init(&body, 10000);
	buf_init(out, 10000);
	crl_begin(&w, &p, &body);
	if (revoked.n > 0)
		crl_entry(&w, revoked, MADE_NOW - 10, CRL_KEY_COMPROMISE);
	must(crl_finish(&w, &tbs, &f) && crl_sign(tbs, by->key, out, &f), &f);
	buf_clear(&body);
}

static int
make_all(void **state)
{
	(void)state;
	make(&root, KEY_EC_P256, "CN=root", 1, NULL, true);
	make(&other, KEY_EC_P256, "CN=other root", 1, NULL, true);
	make(&ca, KEY_EC_P256, "CN=ca", 2, &root, true);
	make(&leaf, KEY_ED25519, "CN=leaf", 3, &ca, false);
	make(&no_ca, KEY_EC_P256, "CN=no ca", 4, &root, false);
	make(&below, KEY_EC_P256, "CN=below", 5, &no_ca, false);
	make_crl(&crl_root, &root, VIEW_NONE);
	make_crl(&crl_ca, &ca, VIEW_NONE);
	make_crl(&crl_ca_revoked, &ca, leaf.cert.serial);
	return 0;
}

static int
unmake_all(void **state)
{
	struct made	*all[] = { &root, &other, &ca, &leaf, &no_ca, &below };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		unmake(all[i]);
	buf_clear(&crl_root);
	buf_clear(&crl_ca);
	buf_clear(&crl_ca_revoked);
	return 0;
}

static void
paths(void **state)
{
	static const struct {
		const char		*label;
		const struct made	*leaf, *between, *anchor;
		const struct buf	*crls[2];
		bool			 check;
		int64_t			 later;
		enum fault_kind		 want;
	} cases[] = {
		{ "leaf, ca, root", &leaf, &ca, &root, { NULL, NULL }, false, 0, FAULT_NONE },
		{ "the anchor itself", &root, NULL, &root, { NULL, NULL }, false, 0,
		    FAULT_NONE },
		{ "intermediate missing", &leaf, NULL, &root, { NULL, NULL }, false, 0,
		    FAULT_REFUSED },
		{ "another anchor", &leaf, &ca, &other, { NULL, NULL }, false, 0,
		    FAULT_REFUSED },
		{ "no anchor", &leaf, &ca, NULL, { NULL, NULL }, false, 0, FAULT_REFUSED },
		{ "expired", &leaf, &ca, &root, { NULL, NULL }, false, 366 * MADE_DAY,
		    FAULT_REFUSED },
		{ "not yet valid", &leaf, &ca, &root, { NULL, NULL }, false, -2 * MADE_DAY,
		    FAULT_REFUSED },
		{ "issued by an end entity", &below, &no_ca, &root, { NULL, NULL }, false, 0,
		    FAULT_REFUSED },
		{ "both CRLs", &leaf, &ca, &root, { &crl_root, &crl_ca }, true, 0,
		    FAULT_NONE },
		{ "revoked", &leaf, &ca, &root, { &crl_root, &crl_ca_revoked }, true, 0,
		    FAULT_REFUSED },
		{ "revoked, not asked", &leaf, &ca, &root, { &crl_root, &crl_ca_revoked },
		    false, 0, FAULT_NONE },
		{ "a CRL missing", &leaf, &ca, &root, { &crl_root, NULL }, true, 0,
		    FAULT_REFUSED },
		{ "CRLs too old", &leaf, &ca, &root, { &crl_root, &crl_ca }, true,
		    2 * MADE_DAY, FAULT_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct view	between, anchor, crls[2];
		struct fault	f = { 0 };
		struct path	p = { .leaf = buf_view(&cases[i].leaf->der),
				    .at = MADE_NOW + cases[i].later,
				    .check_crls = cases[i].check };

		if (cases[i].between != NULL) {
			between = buf_view(&cases[i].between->der);
			p.intermediates = &between;
			p.nintermediates = 1;
		}
		if (cases[i].anchor != NULL) {
			anchor = buf_view(&cases[i].anchor->der);
			p.anchors = &anchor;
			p.nanchors = 1;
		}
		for (p.ncrls = 0; p.ncrls < 2 && cases[i].crls[p.ncrls] != NULL; p.ncrls++)
			crls[p.ncrls] = buf_view(cases[i].crls[p.ncrls]);
		p.crls = crls;
		assert_int_equal(path_validate(&p, &f), cases[i].want == FAULT_NONE);
		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(f.kind, cases[i].want);
	}
}

static void
unreadable(void **state)
{
	const struct view	anchor = buf_view(&root.der), bad = VIEW_LIT("\x30\x00");
	struct path		p = { .leaf = buf_view(&leaf.der), .anchors = &anchor,
				    .nanchors = 1, .intermediates = &bad,
				    .nintermediates = 1, .at = MADE_NOW };
	struct fault		f = { 0 };

	(void)state;
	assert_false(path_validate(&p, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	fault_clear(&f);
	p.nintermediates = 0;
	p.leaf.n--;
	assert_false(path_validate(&p, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	fault_clear(&f);
	p.leaf = VIEW_NONE;
	assert_false(path_validate(&p, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	fault_clear(&f);
	p.leaf = buf_view(&leaf.der);
	p.nanchors = PATH_CERTS_MAX + 1;
	assert_false(path_validate(&p, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
