/* SPDX-License-Identifier: Apache-2.0 */
/* test_url.c - which URLs we speak to, and what they come apart into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/url.h"

static const struct {
	const char	*label;
	const char	*text;
	bool		 tls;
	const char	*host;
	unsigned	 port;
	const char	*path;
	const char	*query;
} good[] = {
	{ "bare host", "http://ca.example", false, "ca.example", 80, "/", "" },
	{ "https", "https://ca.example/cmc", true, "ca.example", 443, "/cmc", "" },
	{ "upper case", "HTTP://CA.Example/CMC", false, "ca.example", 80, "/CMC", "" },
	{ "port", "http://127.0.0.1:8080/cmc", false, "127.0.0.1", 8080, "/cmc", "" },
	{ "ipv6", "https://[2001:DB8::1]:8443/x", true, "2001:db8::1", 8443, "/x", "" },
	{ "ipv6 without port", "http://[::1]", false, "::1", 80, "/", "" },
	{ "query", "http://h/p?a=1&b=%20", false, "h", 80, "/p", "a=1&b=%20" },
	{ "query without path", "http://h?q", false, "h", 80, "/", "q" },
	{ "escape in path", "http://h/a%2Fb", false, "h", 80, "/a%2Fb", "" },
	{ "highest port", "http://h:65535/", false, "h", 65535, "/", "" },
};

static void
test_parse_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct url	u;
		struct fault	f = { 0 };

		print_message("  %s\n", good[i].label);
		assert_true(url_parse(view_str(good[i].text), &u, &f));
		assert_int_equal(u.tls, good[i].tls);
		assert_string_equal(u.host, good[i].host);
		assert_int_equal(u.ipv6, strchr(good[i].host, ':') != NULL);
		assert_int_equal(u.port, good[i].port);
		assert_string_equal(u.path, good[i].path);
		assert_string_equal(u.query, good[i].query);
	}
}

static const struct {
	const char	*label;
	const char	*text;
} bad[] = {
	{ "empty", "" },
	{ "no scheme", "ca.example/cmc" },
	{ "file", "file:///etc/passwd" },
	{ "ldap", "ldap://ca.example/" },
	{ "no host", "http:///cmc" },
	{ "user information", "http://user@host/" },
	{ "password", "http://user:pw@host/" },
	{ "fragment", "http://host/p#f" },
	{ "port zero", "http://host:0/" },
	{ "port too large", "http://host:65536/" },
	{ "port with a letter", "http://host:80a/" },
	{ "empty port", "http://host:/" },
	{ "six digits", "http://host:000080/" },
	{ "open bracket", "http://[::1/" },
	{ "junk after bracket", "http://[::1]x/" },
	{ "not an ipv6 address", "http://[host]/" },
	{ "zone", "http://[fe80::1%25eth0]/" },
	{ "empty label", "http://a..b/" },
	{ "leading dot", "http://.a/" },
	{ "blank in path", "http://h/a b" },
	{ "line end in path", "http://h/a\r\nHost: x" },
	{ "broken escape", "http://h/%4" },
	{ "escape that is none", "http://h/%zz" },
	{ "octet above ASCII", "http://h/\xc3\xa9" },
	{ "octet above ASCII in host", "http://\xc3\xa9.example/" },
	{ "quote", "http://h/\"" },
};

static void
test_parse_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct url	u;
		struct fault	f = { 0 };

		print_message("  %s\n", bad[i].label);
		assert_false(url_parse(view_str(bad[i].text), &u, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
	}
}

static void
test_parse_limits(void **state)
{
	static char	text[URL_MAX + 2];
	struct url	u;
	struct fault	f = { 0 };

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "http://h/", 9);
	assert_true(url_parse(view_of(text, URL_MAX), &u, &f));
	assert_false(url_parse(view_of(text, URL_MAX + 1), &u, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	fault_clear(&f);
	assert_false(url_parse(view_of("http://h/\0x", 11), &u, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	memcpy(text, "http://aa", 9);		/* one label of a thousand letters */
	fault_clear(&f);
	assert_false(url_parse(view_of(text, 1000), &u, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
}

static void
test_escapes(void **state)
{
	static const char	*const broken[] = { "%", "%4", "%4x", "%00", "a%" };
	struct buf		 b, back;
	struct fault		 f = { 0 };
	uint8_t			 all[255];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i + 1);
	buf_init(&b, 1024);
	buf_init(&back, 1024);
	url_encode(view_of(all, sizeof(all)), &b);
	assert_true(url_decode(buf_view(&b), &back, &f));
	assert_true(view_equal(buf_view(&back), view_of(all, sizeof(all))));
	buf_reset(&b);
	url_encode(VIEW_LIT("a b/~+"), &b);
	assert_true(view_equal(buf_view(&b), VIEW_LIT("a%20b%2F~%2B")));
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		fault_clear(&f);
		assert_false(url_decode(view_str(broken[i]), &back, &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
	}
	buf_clear(&b);
	buf_clear(&back);
}

static void
test_query(void **state)
{
	static const struct {
		const char	*name;
		const char	*value;
	} want[] = {
		{ "a", "1" }, { "b", "x y" }, { "c", "" }, { "d", "" },
		{ "e", "1=2" }, { "", "v" }, { "f+", "+" },
	};
	struct view	query = VIEW_LIT("a=1&&b=x+y&c=&d&e=1=2&=v&f%2B=%2b&");
	struct buf	name, value;
	struct fault	f = { 0 };
	bool		more;

	(void)state;
	buf_init(&name, 16);
	buf_init(&value, 16);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(url_query_next(&query, &name, &value, &more, &f));
		assert_true(more);
		assert_true(view_equal(buf_view(&name), view_str(want[i].name)));
		assert_true(view_equal(buf_view(&value), view_str(want[i].value)));
	}
	assert_true(url_query_next(&query, &name, &value, &more, &f));
	assert_false(more);
	/* A zero octet is no end of anything. */
	query = view_of("a=1\0&b", 6);
	assert_false(url_query_next(&query, &name, &value, &more, &f));
	assert_int_equal(f.kind, FAULT_MALFORMED);
	fault_clear(&f);
	query = VIEW_LIT("a=01234567890123456");	/* one more than fits */
	assert_false(url_query_next(&query, &name, &value, &more, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	buf_clear(&name);
	buf_clear(&value);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_parse_good),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_parse_limits),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
