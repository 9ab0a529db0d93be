/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key on its way through an Admin's folder: enveloped while it is under
 * way (R4809-3.4.7-3), in one bundle at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/home.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/text.h"
#include "crypt/bundle.h"
#include "made.h"
#include "main/bundle_file.h"
#include "main/generated.h"
#include "peer/enroll_state.h"

#define ID	"ABCDEFGH12345678"

static struct made	ca, admin, other, device;
static struct admin	home;

static int
start(void **state)
{
	static char	dir[] = "/tmp/pki4ipsec-generated-XXXXXX";

	(void)state;
	make(&ca, KEY_EC_P256, "CN=ca", 1, NULL, true);
	make(&admin, KEY_EC_P256, "CN=admin", 2, &ca, false);
	make(&other, KEY_EC_P256, "CN=other", 3, &ca, false);
	make(&device, KEY_EC_P256, "CN=gw1", 4, &ca, false);
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(home.dir, sizeof(home.dir), "%s", dir);
	home.key = admin.key;
	home.cert = admin.cert;
	home.rng = rng_system();
	return 0;
}

static int
stop(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	unmake(&ca);
	unmake(&admin);
	unmake(&other);
	unmake(&device);
	return dir_remove(home.dir, &f) ? 0 : -1;
}

/* One that was answered. */
static void
answered(struct generated *g)
{
	struct fault	f = { 0 };

	generated_init(g);
	must((g->key = key_copy(device.key, &f)) != NULL, &f);
	g->answered = true;
	memset(g->st.x.id, 7, sizeof(g->st.x.id));
	memset(g->st.x.received, 8, 16);
	g->st.x.n_received = 16;
	buf_add_view(&g->st.certs[0], device.cert.der);
	buf_add_view(&g->st.certs[1], ca.cert.der);
	g->st.n_certs = 2;
}

static void
read_state(struct buf *out, mode_t *mode)
{
	uint8_t		digest[SHA256_OCTETS];
	char		hex[33], path[ADMIN_PATH_MAX + 64];
	struct stat	st;
	struct fault	f = { 0 };

	sha256(view_str(ID), digest);
	hex_encode(view_of(digest, 16), hex);
	snprintf(path, sizeof(path), "%s/generated/%s.p7m", home.dir, hex);
	buf_init(out, 1u << 20);
	must(file_read(path, out, &f), &f);
	assert_int_equal(stat(path, &st), 0);
	*mode = st.st_mode & 0777;
}

static void
there_and_back(void **state)
{
	struct generated	g, back;
	struct secret		der = { 0 };
	struct buf		file;
	struct fault		f = { 0 };
	mode_t			mode;
	bool			found;

	(void)state;
	answered(&g);
	generated_init(&back);
	must(generated_load(&home, ID, &back, &found, &f), &f);
	assert_false(found);
	must(generated_save(&home, ID, &g, &f), &f);
	read_state(&file, &mode);
	assert_int_equal(mode, 0600);
	must(key_to_der(g.key, &der, &f), &f);
	assert_null(memmem(file.p, file.n, der.p + der.n - 16, 16));
	must(generated_load(&home, ID, &back, &found, &f), &f);
	assert_true(found && back.answered);
	assert_true(view_equal(key_spki(g.key), key_spki(back.key)));
	assert_memory_equal(g.st.x.id, back.st.x.id, sizeof(g.st.x.id));
	assert_int_equal(back.st.x.n_received, 16);
	assert_true(view_equal(buf_view(&back.st.certs[1]), ca.cert.der));
	generated_clear(&back);

	/* Another certificate of this Admin does not open it. */
	home.cert = other.cert;
	home.key = other.key;
	assert_false(generated_load(&home, ID, &back, &found, &f));
	assert_false(found);
	home.cert = admin.cert;
	home.key = admin.key;
	fault_clear(&f);
	must(generated_drop(&home, ID, &f) && generated_drop(&home, ID, &f), &f);
	must(generated_load(&home, ID, &back, &found, &f), &f);
	assert_false(found);
	secret_clear(&der);
	buf_clear(&file);
	generated_clear(&g);
	generated_clear(&back);
}

/* version, key, answered, transaction, nonce, how many certificates */
static void
put(struct buf *b, uint8_t version, struct view key, uint8_t was, size_t id, size_t nonce,
    uint32_t certs)
{
	static const uint8_t	zero[256];

	wire_put_u8(b, version);
	wire_put_view(b, key);
	wire_put_u8(b, was);
	wire_put_view(b, view_of(zero, id));
	wire_put_view(b, view_of(zero, nonce));
	wire_put_u32(b, certs);
}

static void
damaged(void **state)
{
	static const struct {
		const char	*label;
		uint8_t		 version;
		bool		 key;
		uint8_t		 answered;
		size_t		 id, nonce;
		uint32_t	 certs;
		bool		 more, good;
	} cases[] = {
		{ "asked", 1, true, 0, 16, 0, 0, false, true },
		{ "another version", 2, true, 0, 16, 0, 0, false, false },
		{ "no key", 1, false, 0, 16, 0, 0, false, false },
		{ "no key, and answered without certificates", 1, false, 1, 16, 16, 0, false, false },
		{ "answered without certificates", 1, true, 1, 16, 16, 0, false, false },
		{ "half a transaction", 1, true, 0, 15, 0, 0, false, false },
		{ "a nonce too long", 1, true, 0, 16, 255, 0, false, false },
		{ "certificates that are not there", 1, true, 0, 16, 0, 2, false, false },
		{ "more of them than fit", 1, true, 0, 16, 0, 4000000000u, false, false },
		{ "octets after it", 1, true, 0, 16, 0, 0, true, false },
	};
	struct secret	der = { 0 };
	struct fault	f = { 0 };

	(void)state;
	must(key_to_der(device.key, &der, &f), &f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct generated	g;
		struct buf		b;

		generated_init(&g);
		buf_init(&b, 1u << 16);
		put(&b, cases[i].version, cases[i].key ? view_of(der.p, der.n) : VIEW_NONE,
		    cases[i].answered, cases[i].id, cases[i].nonce, cases[i].certs);
		if (cases[i].more)
			buf_add_u8(&b, 0);
		if (generated_decode(buf_view(&b), &g, &f) != cases[i].good)
			fail_msg("%s: %s", cases[i].label, f.text);
		if (!cases[i].good && f.kind == FAULT_NONE)
			fail_msg("%s: without a reason", cases[i].label);
		fault_clear(&f);
		generated_clear(&g);
		buf_clear(&b);
	}
	secret_clear(&der);
}

static void
read_bundle(const char *path, struct buf *out)
{
	struct stat	st;
	struct fault	f = { 0 };

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_init(out, BUNDLE_MAX);
	must(file_read(path, out, &f), &f);
}

/* What OpenSSL makes of it is tests/fault/generation.sh's to show. */
static void
bundles(void **state)
{
	struct view		cas[] = { ca.cert.der };
	char			path[ADMIN_PATH_MAX + 8], pass[ADMIN_PATH_MAX + 8];
	struct bundle_file	b = { .key = device.key, .cert = device.cert.der, .cas = cas,
		.n_cas = 1, .name = "gw1", .rng = rng_system(), .path = path,
		.passphrase_path = pass };
	struct secret		der = { 0 };
	struct buf		text, phrase;
	struct key		*back;
	struct fault		f = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/a.pem", home.dir);
	snprintf(pass, sizeof(pass), "%s/a.pass", home.dir);
	b.pem = true;
	must(bundle_file_write(&b, &f), &f);
	read_bundle(path, &text);
	back = key_load_pem(buf_view(&text), &f);
	assert_non_null(back);
	assert_true(view_equal(key_spki(back), device.cert.spki));
	assert_false(file_exists(pass));
	key_free(back);
	buf_clear(&text);

	b.pem = false;
	must(bundle_file_write(&b, &f), &f);
	read_bundle(path, &text);
	read_bundle(pass, &phrase);
	assert_int_equal(phrase.n, 40);		/* 160 bits in eight groups, and a line's end */
	must(key_to_der(device.key, &der, &f), &f);
	assert_null(memmem(text.p, text.n, der.p + der.n - 16, 16));
	secret_clear(&der);
	buf_clear(&text);
	buf_clear(&phrase);
	b.cert = other.cert.der;		/* of another key */
	assert_false(bundle_file_write(&b, &f));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(damaged),
		cmocka_unit_test(bundles),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
