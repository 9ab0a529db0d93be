/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypt/tls.h"
#include "made.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define PEM_ROOM	100000

static struct made	ca, server, other;
static struct buf	ca_pem, chain_pem;
static struct secret	server_key, other_key;

static int
make_all(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	make(&ca, KEY_EC_P256, "CN=ca", 1, NULL, true);
	make(&server, KEY_EC_P256, "CN=server", 2, &ca, false);
	make(&other, KEY_EC_P256, "CN=other", 3, &ca, false);
	buf_init(&ca_pem, PEM_ROOM);
	buf_init(&chain_pem, PEM_ROOM);
	pem_encode("CERTIFICATE", buf_view(&ca.der), &ca_pem);
	pem_encode("CERTIFICATE", buf_view(&server.der), &chain_pem);
	pem_encode("CERTIFICATE", buf_view(&ca.der), &chain_pem);
	must(key_to_pem(server.key, &server_key, &f) && key_to_pem(other.key, &other_key, &f),
	    &f);
	return 0;
}

static int
unmake_all(void **state)
{
	(void)state;
	unmake(&ca);
	unmake(&server);
	unmake(&other);
	buf_clear(&ca_pem);
	buf_clear(&chain_pem);
	secret_clear(&server_key);
	secret_clear(&other_key);
	return 0;
}

static void
configurations(void **state)
{
	const struct view	chain = buf_view(&chain_pem), anchors = buf_view(&ca_pem);
	const struct view	key = view_of(server_key.p, server_key.n);
	const struct view	wrong = view_of(other_key.p, other_key.n);
	const struct {
		const char		*label;
		struct tls_server	 cfg;
		bool			 want;
	} cases[] = {
		{ "no client certificates", { chain, key, VIEW_NONE, false }, true },
		{ "welcome", { chain, key, anchors, false }, true },
		{ "required", { chain, key, anchors, true }, true },
		{ "required without an anchor", { chain, key, VIEW_NONE, true }, false },
		{ "another key", { chain, wrong, VIEW_NONE, false }, false },
		{ "no certificate", { VIEW_NONE, key, VIEW_NONE, false }, false },
		{ "no key", { chain, VIEW_NONE, VIEW_NONE, false }, false },
		{ "a key for a certificate", { key, key, VIEW_NONE, false }, false },
		{ "text for anchors", { chain, key, VIEW_LIT("hello"), false }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault		 f = { 0 };
		struct ssl_ctx_st	*ctx = tls_server_new(&cases[i].cfg, &f);

		print_message("%s: %s\n", cases[i].label, f.text);
		assert_int_equal(ctx != NULL, cases[i].want);
		assert_int_equal(f.kind == FAULT_NONE, cases[i].want);
		tls_server_free(ctx);
	}
}

static void
an_error_has_words(void **state)
{
	char	words[64];

	(void)state;
	tls_last_error(words, sizeof(words));
	assert_string_equal(words, "connection lost");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(configurations),
		cmocka_unit_test(an_error_has_words),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
