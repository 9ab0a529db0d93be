/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R4809-3.2.4.3-3: drawn without bias, the formats' entropy, "C-17"
 * R4809-3.2.4.3-4: tokens of many scripts, broken UTF-8
 * R4809-3.2.4.3-5: two spellings of one token
 * SEED-31, SEED-32, SEED-41, SEED-42: ids and tokens in UTF-8
 * SEED-34: mapped, normalized, prohibited, two directions
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "profile/prepare.h"

enum what { ID, TOKEN, LABEL };

#define SIXTEEN	"0123456789ABCDEF"

static const struct {
	const char	*label;
	enum what	 what;
	struct view	 in;
	enum fault_kind	 fault;
	const char	*out;		/* or a piece of the fault's text */
} cases[] = {
	{ "plain id", ID, VIEW_LIT("7K3M"), FAULT_NONE, "7K3M" },
	{ "case preserved", ID, VIEW_LIT("aBc"), FAULT_NONE, "aBc" },
	{ "id composed", ID, VIEW_LIT("A\xcc\x8a"), FAULT_NONE, "\xc3\x85" },
	{ "fullwidth id", ID, VIEW_LIT("\xef\xbc\xa1\xef\xbc\x91"), FAULT_NONE, "A1" },
	{ "id with space", ID, VIEW_LIT("a b"), FAULT_REFUSED, "space" },
	{ "id with no-break space", ID, VIEW_LIT("a\xc2\xa0" "b"), FAULT_REFUSED, "U+00A0" },
	{ "id with a symbol", ID, VIEW_LIT("\xe2\x99\x9a"), FAULT_REFUSED, "U+265A" },
	{ "id with a ligature", ID, VIEW_LIT("\xef\xac\x81"), FAULT_REFUSED, "compatibility" },
	{ "id with zero width joiner", ID, VIEW_LIT("a\xe2\x80\x8d"), FAULT_REFUSED, "context" },
	{ "id with soft hyphen", ID, VIEW_LIT("a\xc2\xad"), FAULT_REFUSED, "invisible" },
	{ "id of Hebrew", ID, VIEW_LIT("\xd7\x90\xd7\x91"), FAULT_NONE, "\xd7\x90\xd7\x91" },
	{ "id of two directions", ID, VIEW_LIT("a\xd7\x90"), FAULT_REFUSED, "directions" },
	{ "id of mixed digits", ID, VIEW_LIT("\xd8\xa7\xd9\xa1\xdb\xb1"), FAULT_REFUSED, "digits" },
	{ "id in Latin-1", ID, VIEW_LIT("caf\xe9"), FAULT_MALFORMED,
	    "looks like Latin-1: octet 0xE9 at column 4 is not UTF-8" },
	{ "id in UTF-16", ID, VIEW_LIT("\xff\xfe" "a\0"), FAULT_MALFORMED, "UTF-16" },
	{ "id with UTF-8 mark", ID, VIEW_LIT("\xef\xbb\xbf" "abc"), FAULT_NONE, "abc" },
	{ "empty id", ID, { NULL, 0 }, FAULT_LIMIT, "0 octets" },
	{ "cut UTF-8", ID, VIEW_LIT("ab\xe2\x82"), FAULT_MALFORMED, "column 3" },

	{ "plain token", TOKEN, VIEW_LIT(SIXTEEN), FAULT_NONE, SIXTEEN },
	{ "token keeps spaces", TOKEN, VIEW_LIT("correct horse battery"), FAULT_NONE, "correct horse battery" },
	{ "non-ASCII spaces", TOKEN, VIEW_LIT("0123456\xe3\x80\x80" "89ABCDEF\xc2\xa0"), FAULT_NONE, "0123456 89ABCDEF " },
	{ "token composed", TOKEN, VIEW_LIT(SIXTEEN "o\xcc\x88"), FAULT_NONE, SIXTEEN "\xc3\xb6" },
	{ "token keeps width", TOKEN, VIEW_LIT(SIXTEEN "\xef\xbc\xa1"), FAULT_NONE, SIXTEEN "\xef\xbc\xa1" },
	{ "token with a symbol", TOKEN, VIEW_LIT(SIXTEEN "\xe2\x99\x9a"), FAULT_NONE, SIXTEEN "\xe2\x99\x9a" },
	{ "token with tab", TOKEN, VIEW_LIT(SIXTEEN "\t"), FAULT_REFUSED, "control" },
	{ "token of 15", TOKEN, VIEW_LIT("0123456789ABCDE"), FAULT_LIMIT, "15 octets" },

	{ "label", LABEL, VIEW_LIT("gateway 1"), FAULT_NONE, "gateway 1" },
	{ "label composed", LABEL, VIEW_LIT("Zu\xcc\x88rich"), FAULT_NONE, "Z\xc3\xbcrich" },
	{ "label with two byte order marks", LABEL, VIEW_LIT("\xef\xbb\xbf\xef\xbb\xbf" "a"), FAULT_REFUSED, "U+FEFF" },
	{ "label with newline", LABEL, VIEW_LIT("a\nb"), FAULT_REFUSED, "U+000A" },
};

static bool
prepare(enum what what, struct view in, struct buf *out, struct fault *f)
{
	return what == ID ? prepare_id(in, out, f) :
	    what == TOKEN ? prepare_token(in, out, f) : prepare_label(in, out, f);
}

static void
prepares(void **state)
{
	struct buf	b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault	f = { 0 };
		bool		ok;

		buf_reset(&b);
		ok = prepare(cases[i].what, cases[i].in, &b, &f);
		if (f.kind != cases[i].fault || ok != (f.kind == FAULT_NONE))
			fail_msg("%s: %s", cases[i].label, f.text);
		if (ok && !view_equal(buf_view(&b), view_str(cases[i].out)))
			fail_msg("%s: \"%.*s\"", cases[i].label, (int)b.n, (const char *)b.p);
		if (!ok && strstr(f.text, cases[i].out) == NULL)
			fail_msg("%s: \"%s\"", cases[i].label, f.text);
	}
	buf_clear(&b);
}

/* Whatever is prepared prepares to itself. */
static void
is_idempotent(void **state)
{
	struct buf	once, twice;

	(void)state;
	buf_init(&once, 4096);
	buf_init(&twice, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault	f = { 0 };

		if (cases[i].fault != FAULT_NONE)
			continue;
		buf_reset(&once);
		buf_reset(&twice);
		assert_true(prepare(cases[i].what, cases[i].in, &once, &f));
		assert_true(prepare(cases[i].what, buf_view(&once), &twice, &f));
		assert_true(view_equal(buf_view(&once), buf_view(&twice)));
	}
	buf_clear(&once);
	buf_clear(&twice);
}

static const struct {
	const char	*label;
	bool		 token;
	uint32_t	 length;
	const char	*alphabet, *prefix;
	bool		 ok;
	uint32_t	 bits;
} formats[] = {
	{ "default id", false, 16, SECRET_ALPHABET, "", true, 80 },
	{ "default token", true, 32, SECRET_ALPHABET, "", true, 160 },
	{ "C-17: weak token", true, 22, SECRET_ALPHABET, "", false, 110 },
	{ "just enough", true, 23, SECRET_ALPHABET, "", true, 115 },
	{ "C-17: prefix has no entropy", true, 20, SECRET_ALPHABET, "vpn", false, 100 },
	{ "decimal", true, 34, "0123456789", "", true, 112 },
	{ "C-17: one character", true, 200, "a", "", false, 0 },
	{ "C-17: twice the same", true, 200, "aba", "", false, 0 },
	{ "C-17: with a space", true, 200, "ab ", "", false, 316 },
	{ "with a hyphen", true, 200, "ab-", "", false, 316 },
	{ "C-17: combining", true, 200, "ab\xcc\x88", "", false, 316 },
	{ "Cyrillic", true, 40, "\xd0\xb0\xd0\xb1\xd0\xb2\xd0\xb3\xd0\xb4\xd0\xb5\xd0\xb6\xd0\xb7", "", true, 120 },
	{ "C-17: two directions", false, 16, "ab\xd7\x90", "", false, 25 },
	{ "too long", true, 257, "ab", "", false, 257 },
};

static void
judges_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct secret_format	sf = { .length = formats[i].length };
		struct fault		f = { 0 };
		bool			ok;

		snprintf(sf.alphabet, sizeof(sf.alphabet), "%s", formats[i].alphabet);
		snprintf(sf.prefix, sizeof(sf.prefix), "%s", formats[i].prefix);
		ok = formats[i].token ? secret_format_check_token(&sf, &f) :
		    secret_format_check_id(&sf, &f);
		if (ok != formats[i].ok)
			fail_msg("%s: %s", formats[i].label, f.text);
		if (secret_format_entropy(&sf) != formats[i].bits)
			fail_msg("%s: %u bits", formats[i].label,
			    secret_format_entropy(&sf));
	}
}

static void
fill_counting(void *ctx, uint8_t *out, size_t n)
{
	uint8_t	*next = ctx;

	for (size_t i = 0; i < n; i++)
		out[i] = (*next)++;
}

/* C-17: over all octets each of ten digits comes equally often: 250 ... 255 are drawn again. */
static void
draws_without_bias(void **state)
{
	uint8_t			next = 0;
	struct rng		rng = { fill_counting, &next };
	struct secret_format	sf = { .length = 250, .alphabet = "0123456789" };
	unsigned		seen[10] = { 0 };
	struct fault		f = { 0 };
	struct buf		b;

	(void)state;
	buf_init(&b, 256);
	assert_true(secret_generate(&sf, &rng, &b, &f));
	assert_int_equal(b.n, 250);
	for (size_t i = 0; i < b.n; i++)
		seen[b.p[i] - '0']++;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(seen[i], 25);
	buf_clear(&b);
}

static void
shows_and_reads_tokens(void **state)
{
	struct secret_format	sf;
	struct fault		f = { 0 };
	struct buf		token, shown, back;

	(void)state;
	buf_init(&token, 256);
	buf_init(&shown, 512);
	buf_init(&back, 256);
	secret_format_token(&sf);
	assert_true(secret_format_check_token(&sf, &f));
	assert_true(secret_generate(&sf, rng_system(), &token, &f));
	token_display(buf_view(&token), sf.group, &shown);
	assert_int_equal(shown.n, 39);
	assert_int_equal(shown.p[4], '-');
	assert_true(token_normalise(buf_view(&shown), &back, &f));
	assert_true(view_equal(buf_view(&token), buf_view(&back)));
	buf_clear(&token);
	buf_clear(&shown);
	buf_clear(&back);
}

/* A token never stands in a fault's text. */
static void
keeps_tokens_secret(void **state)
{
	struct fault	f = { 0 };
	struct buf	b;

	(void)state;
	buf_init(&b, 256);
	assert_false(prepare_token(VIEW_LIT("SECRETSECRETSECRET\x07"), &b, &f));
	assert_null(strstr(f.text, "SECRET"));
	assert_int_equal(b.n, 0);
	buf_clear(&b);
}

/* Two persons are two, however one of them is written. */
static void
folds_names(void **state)
{
	static const struct {
		const char	*name, *key;
	} names[] = {
		{ "Ann", "ann" }, { "ANN", "ann" }, { " Ann  Lee ", "ann lee" },
		{ "\xc3\x89mile", "\xc3\xa9mile" }, { "Stra\xc3\x9f" "er", "strasser" },
		{ "\xef\xbc\xa1nn", "ann" }, { "  ", "" }, { "Anne", "anne" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fault	f = { 0 };
		struct buf	out;

		buf_init(&out, 256);
		if (!prepare_name_key(view_str(names[i].name), &out, &f))
			fail_msg("%s: %s", names[i].name, f.text);
		if (!view_equal(buf_view(&out), view_str(names[i].key)))
			fail_msg("%s: %.*s", names[i].name, (int)out.n, (const char *)out.p);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(prepares),
		cmocka_unit_test(is_idempotent),
		cmocka_unit_test(judges_formats),
		cmocka_unit_test(draws_without_bias),
		cmocka_unit_test(shows_and_reads_tokens),
		cmocka_unit_test(keeps_tokens_secret),
		cmocka_unit_test(folds_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
