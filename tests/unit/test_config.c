/* SPDX-License-Identifier: Apache-2.0 */
/* The PKI's configuration: each bad value is named with file, line and range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "pki/config.h"

static char	dir[] = "/tmp/pki4ipsec-config-XXXXXX";

static void
put(const char *text)
{
	char		path[256];
	struct fault	f = { 0 };

	snprintf(path, sizeof(path), "%s/pki4ipsec.conf", dir);
	if (!file_write(path, view_str(text), 0644, &f))
		fail_msg("%s", f.text);
}

#define TOP	"name = \"V\"\nurl = \"http://h:8080\"\nrepository = \"http://h:8080\"\n"
#define LISTEN	"listen {\nhttp = { \"127.0.0.1:8080\" }\n}\n"

static const struct {
	const char	*label, *text;
	bool		 ok;
	const char	*says[3];
} cases[] = {
	{ "least", TOP LISTEN, true, { NULL } },
	{ "all defaults stated", TOP LISTEN "processes { front = 2 threads = 4 }\n"
	    "limits { rate = 0 burst = 10 request = 5s stop = 2s refusal = 0 }\n"
	    "crl { interval = 1h lifetime = 2h max_age = 0 }\n", true, { NULL } },
	{ "too many fronts", TOP LISTEN "processes {\n  front = 17\n}\n", false,
	    { "pki4ipsec.conf:8", "processes.front = \"17\"", "from 1 to 16" } },
	{ "not a number", TOP LISTEN "limits { burst = many }\n", false,
	    { "limits.burst = \"many\"", "whole number", "from 1 to 1000000" } },
	{ "zero letter O", TOP LISTEN "crl { interval = 9O }\n", false,
	    { "crl.interval = \"9O\"", "seconds", NULL } },
	{ "no port", TOP "listen { http = { \"127.0.0.1\" } }\n", false,
	    { "listen.http = \"127.0.0.1\"", "ADDRESS:PORT", NULL } },
	{ "port too high", TOP "listen { http = { \"127.0.0.1:65536\" } }\n", false,
	    { "65536", "port 0 to 65535", NULL } },
	{ "https repository", "name=\"V\"\nurl=\"http://h\"\nrepository=\"https://h\"\n" LISTEN,
	    false, { "repository = \"https://h\"", "never https", ":3" } },
	{ "final slash", "name=\"V\"\nurl=\"http://h/\"\nrepository=\"http://h\"\n" LISTEN,
	    false, { "without a final slash", NULL } },
	{ "nothing to serve", TOP, false, { "nothing to serve", NULL } },
	{ "lifetime below interval", TOP LISTEN "crl { interval = 4h lifetime = 1h }\n", false,
	    { "crl.lifetime", "below crl.interval", NULL } },
	{ "unknown key", TOP LISTEN "colour = red\n", false, { "colour", NULL } },
	{ "unknown section", TOP LISTEN "colours { red = 1 }\n", false, { "colours", NULL } },
	{ "open section", TOP "listen {\n", false, { "pki4ipsec.conf", NULL } },
	{ "name missing", "url = \"http://h\"\nrepository = \"http://h\"\n" LISTEN, false,
	    { "name = \"\"", NULL } },
};

static void
test_load(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pki_config	c;
		struct fault		f = { 0 };
		bool			ok;

		put(cases[i].text);
		ok = config_load(dir, &c, &f);
		if (ok != cases[i].ok || (!ok && f.kind != FAULT_USAGE))
			fail_msg("%s: %s", cases[i].label, f.text);
		for (size_t k = 0; k < 3 && cases[i].says[k] != NULL; k++)
			if (strstr(f.text, cases[i].says[k]) == NULL)
				fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].label,
				    f.text, cases[i].says[k]);
	}
}

/* What `pki init` writes is read back to the same values. */
static void
test_round(void **state)
{
	static const struct {
		const char	*url, *http, *https, *repository;
	} urls[] = {
		{ "http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8443",
		    "http://127.0.0.1:8080" },
		{ "https://pki.example", "0.0.0.0:80", "0.0.0.0:443", "http://pki.example" },
		{ "https://pki.example:8443", "0.0.0.0:8080", "0.0.0.0:8443",
		    "http://pki.example:8080" },
		{ "http://[::1]:8080", "[::1]:8080", "[::1]:8443", "http://[::1]:8080" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct pki_config	a, b;
		struct fault		f = { 0 };
		struct buf		text;

		buf_init(&text, 65536);
		assert_true(config_preset(dir, "Büro \"1\"", urls[i].url, &a, &f));
		assert_string_equal(a.http[0], urls[i].http);
		assert_string_equal(a.https[0], urls[i].https);
		assert_string_equal(a.repository, urls[i].repository);
		config_write(&a, &text);
		buf_add_u8(&text, 0);
		put((const char *)text.p);
		if (!config_load(dir, &b, &f))
			fail_msg("%s: %s", urls[i].url, f.text);
		assert_memory_equal(&a, &b, sizeof(a));
		buf_clear(&text);
	}
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
teardown(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	return dir_remove(dir, &f) ? 0 : 1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
