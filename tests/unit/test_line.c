/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_line.c - which CAs a device takes for those of its peers, and what it
 * keeps of them (RFC 4809, 3.6.1; docs/adr/0029).
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
#include "peer/line.h"

#define NAME(cn)	"C=CH, O=Example, CN=" cn

static struct made	root, stranger, own, next, late;
static char		dir[] = "/tmp/pki4ipsec-line-XXXXXX";

static struct line_terms
terms(void)
{
	return (struct line_terms){ dir, buf_view(&own.der), buf_view(&root.der), MADE_NOW };
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	make(&root, KEY_EC_P256, NAME("Example Root G1"), 1, NULL, true);
	make(&stranger, KEY_EC_P256, NAME("Example Root G1"), 2, NULL, true);
	make(&own, KEY_EC_P256, NAME("Example IKE CA G9"), 3, &root, true);
	make(&next, KEY_EC_P256, NAME("Example IKE CA G10"), 4, &root, true);
	make(&late, KEY_EC_P256, NAME("Example IKE CA G11"), 5, &root, true);
	return 0;
}

static int
tear_down(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	unmake(&root);
	unmake(&stranger);
	unmake(&own);
	unmake(&next);
	unmake(&late);
	return dir_remove(dir, &f) ? 0 : -1;
}

/* --- which ------------------------------------------------------------------------------- */

static const struct {
	const char	*label, *name;
	struct made	*by;
	bool		 is_ca;
	int64_t		 days;		/* from now */
	bool		 has;
} rows[] = {
	{ "the next one",		NAME("Example IKE CA G10"),	&root,	true, 0, true },
	{ "the one before",		NAME("Example IKE CA G8"),	&root,	true, 0, true },
	{ "the CA for Admins",		NAME("Example Management CA G9"), &root, true, 0, false },
	{ "a name that begins so",	NAME("Example IKE CA G9 G9"),	&root,	true, 0, false },
	{ "a name that ends so",	NAME("An Example IKE CA G9"),	&root,	true, 0, false },
	{ "without a number",		NAME("Example IKE CA G"),	&root,	true, 0, false },
	{ "a word behind the number",	NAME("Example IKE CA G10b"),	&root,	true, 0, false },
	{ "without the space",		NAME("Example IKE CAG10"),	&root,	true, 0, false },
	{ "of another organization",	"C=CH, O=Other, CN=Example IKE CA G10", &root, true, 0, false },
	{ "one name more",	"C=CH, O=Example, OU=X, CN=Example IKE CA G10", &root, true, 0, false },
	{ "one name less",		"O=Example, CN=Example IKE CA G10", &root, true, 0, false },
	{ "the number elsewhere",	"C=CH, CN=Example IKE CA G10, O=Example", &root, true, 0, false },
	{ "of a root of that name",	NAME("Example IKE CA G10"),	&stranger, true, 0, false },
	{ "no CA",			NAME("Example IKE CA G10"),	&root,	false, 0, false },
	{ "signed by our CA",		NAME("Example IKE CA G10"),	&own,	true, 0, false },
	{ "not yet valid",		NAME("Example IKE CA G10"),	&root,	true, -2, false },
	{ "has ended",			NAME("Example IKE CA G10"),	&root,	true, 366, false },
};

static void
test_which(void **state)
{
	struct line_terms	t = terms();

	(void)state;
	assert_true(line_has(&t, buf_view(&own.der)));
	assert_false(line_has(&t, VIEW_LIT("no certificate")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made	m;

		make(&m, KEY_EC_P256, rows[i].name, 9, rows[i].by, rows[i].is_ca);
		t.now = MADE_NOW + rows[i].days * MADE_DAY;
		if (line_has(&t, buf_view(&m.der)) != rows[i].has)
			fail_msg("%s", rows[i].label);
		unmake(&m);
	}
}

/* --- what is kept --------------------------------------------------------------------------- */

static void
expect_line(const struct line_terms *t, const struct made *a, const struct made *b)
{
	const struct made	*want[] = { a, b };
	struct line		 l;
	struct fault		 f = { 0 };

	must(line_load(t, &l, &f), &f);
	assert_int_equal(l.n, (a != NULL) + (b != NULL));
	for (size_t i = 0; i < l.n; i++)
		assert_true(view_equal(buf_view(&l.der[i]), buf_view(&want[i]->der)));
	line_clear(&l);
}

static void
test_kept(void **state)
{
	struct view		all[] = { buf_view(&root.der), buf_view(&own.der),
	    buf_view(&next.der), buf_view(&next.der), buf_view(&stranger.der) };
	struct line_terms	t = terms();
	struct fault		f = { 0 };
	char			path[256];
	bool			changed;

	(void)state;
	must(path_join(path, sizeof(path), dir, LINE_FILE, &f), &f);
	expect_line(&t, NULL, NULL);
	must(line_keep(&t, all, 2, &changed, &f), &f);
	assert_false(changed || file_exists(path));	/* nothing to say */
	must(line_keep(&t, all, 5, &changed, &f), &f);
	assert_true(changed);
	expect_line(&t, &next, NULL);
	must(line_keep(&t, all, 5, &changed, &f), &f);
	assert_false(changed);
	must(line_keep(&t, all + 2, 2, &changed, &f), &f);	/* our own is not in it */
	assert_false(changed);
	expect_line(&t, &next, NULL);
	t.issuer = buf_view(&next.der);		/* renewed: now the other one is the other */
	expect_line(&t, &own, NULL);
	t.issuer = buf_view(&late.der);		/* and much later */
	expect_line(&t, &own, &next);
	t = terms();
	must(line_keep(&t, all, 2, &changed, &f), &f);		/* retired */
	assert_true(changed);
	expect_line(&t, NULL, NULL);
	must(file_write(path, VIEW_LIT("-----BEGIN CERTIFICATE-----\n"), 0644, &f), &f);
	{
		struct line	l;

		assert_false(line_load(&t, &l, &f));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_which), cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
