/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rooms' real work inside the sandbox of the process that does it: the
 * list of system calls has what SQLite, libcrypto, libssl and libevent need.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "crypt/tls.h"
#include "message/issue.h"
#include "net/server.h"
#include "store/store.h"
#include "made.h"

#define CHANNEL		3
#define LISTENER	4
#define THREADS		4

/* ---- in the child ---- */

static void
confine(enum sandbox_role role)
{
	struct fault	f = { 0 };

	must(process_harden(&f) && process_drop("0", NULL, &f) &&
	    sandbox_enter(role, &f), &f);
}

static void *
verify_many(void *arg)
{
	struct made	*m = arg;
	struct fault	 f = { 0 };
	struct pubkey	*p;

	for (int i = 0; i < 10; i++) {
		must((p = pubkey_from_spki(key_spki(m->key), &f)) != NULL, &f);
		must(pubkey_verify(p, key_sigalg(m->key), m->cert.tbs,
		    m->cert.signature, &f), &f);
		pubkey_free(p);
	}
	return NULL;
}

static void
verify_in_threads(void)
{
	pthread_t	threads[THREADS];
	struct made	m;

	make(&m, KEY_EC_P256, "CN=engine", 1, NULL, false);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, verify_many, &m) != 0)
			abort();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Make a database, fill it past one checkpoint, copy it, reopen it. */
static int
engine(const char *dir)
{
	char		 path[256], copy[256];
	uint8_t		 value[4000] = { 1 };
	char		 name[32];
	struct fault	 f = { 0 };
	struct store	*st;

	must(path_join(path, sizeof(path), dir, "pki.db", &f) &&
	    path_join(copy, sizeof(copy), dir, "copy.db", &f), &f);
	confine(SANDBOX_ENGINE);
	must((st = store_open(path, STORE_CREATE,
	    (struct store_digest){ sha256 }, &f)) != NULL, &f);
	for (int i = 0; i < 30; i++) {
		must(store_begin(st, &f), &f);
		for (int j = 0; j < 50; j++) {
			snprintf(name, sizeof(name), "s%d-%d", i, j);
			must(store_setting_put(st, name,
			    view_of(value, sizeof(value)), &f), &f);
		}
		must(store_commit(st, &f), &f);
	}
	must(store_checkpoint(st, &f) && store_integrity(st, &f) &&
	    store_backup(st, copy, &f), &f);
	store_close(st);
	must((st = store_open(copy, STORE_READ_ONLY,
	    (struct store_digest){ sha256 }, &f)) != NULL, &f);
	store_close(st);
	must(file_write(copy, VIEW_LIT("x"), 0600, &f) &&
	    dir_remove(copy, &f), &f);
	verify_in_threads();
	log_line(LOG_LEVEL_DEBUG, "done", NULL);
	return 0;
}

/* Load a key, make keys of all kinds, sign, answer over the channel. */
static int
signer(const char *dir)
{
	static const enum key_kind kinds[] = { KEY_EC_P256, KEY_EC_P384,
				    KEY_ED25519, KEY_RSA_3072 };
	char		 path[256];
	struct fault	 f = { 0 };
	struct frame	 fr;
	struct buf	 b, out;
	struct key	*k;

	must(path_join(path, sizeof(path), dir, "key.pem", &f), &f);
	buf_init(&b, KEY_PEM_MAX);
	buf_init(&out, 100000);
	confine(SANDBOX_SIGNER);
	must(file_read(path, &b, &f), &f);
	must((k = key_load_pem(buf_view(&b), &f)) != NULL, &f);
	must(frame_read_fd(CHANNEL, &b, 1000, &fr, &f), &f);
	must(key_sign(k, fr.body, &out, &f), &f);
	key_free(k);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		must((k = key_generate(kinds[i], &f)) != NULL &&
		    key_sign(k, VIEW_LIT("tbs"), &out, &f), &f);
		key_free(k);
	}
	buf_reset(&out);
	frame_put(&out, 2, 0, fr.tag, VIEW_LIT("signed"));
	must(frame_write_fd(CHANNEL, buf_view(&out), &f), &f);
	return 0;
}

static void
hello(void *ctx, struct http_request *req)
{
	(void)ctx;
	http_reply(req, &(struct http_answer){ .status = 200,
	    .content_type = "text/plain", .body = VIEW_LIT("hello") });
}

static struct net_loop		*loop;
static struct http_server	*server;

static void
stop(void *ctx)
{
	(void)ctx;
	net_loop_stop(loop);
}

/* The answer goes out, then the process ends. */
static void
quit(void *ctx, struct http_request *req)
{
	hello(ctx, req);
	http_server_stop(server, 5000, stop, NULL);
}

static struct ssl_st *
new_ssl(void *ctx)
{
	struct fault	f = { 0 };

	return tls_accept(ctx, &f);
}

static void
receive(struct buf *b)
{
	struct fault	f = { 0 };
	struct frame	fr;

	buf_init(b, 100000);
	must(frame_read_fd(CHANNEL, b, 100000, &fr, &f), &f);
}

/* HTTPS on an inherited listener; what TLS needs comes over the channel. */
static int
front(void)
{
	struct http_route	 routes[] = {
		{ "GET", "/hello", 0, hello, NULL },
		{ "GET", "/quit", 0, quit, NULL },
	};
	struct http_limits	 limits = { 0 };
	struct http_tls		 tls = { .new_ssl = new_ssl };
	struct fault		 f = { 0 };
	struct ssl_ctx_st	*ctx;
	struct buf		 chain, key;

	confine(SANDBOX_FRONT);
	receive(&chain);
	receive(&key);
	must((ctx = tls_server_new(&(struct tls_server){
	    .chain_pem = buf_view(&chain), .key_pem = buf_view(&key) },
	    &f)) != NULL, &f);
	tls.ctx = ctx;
	must((loop = net_loop_new(&f)) != NULL, &f);
	must((server = http_server_new(loop, &limits, routes, 2, &f)) != NULL, &f);
	must(http_server_listen(server, LISTENER, &tls, &f), &f);
	must(net_loop_run(loop, &f), &f);
	http_server_free(server);
	net_loop_free(loop);
	tls_server_free(ctx);
	return 0;
}

/* The daemon's parent: confined itself, it starts a child that confines more. */
static int
parent(const char *dir)
{
	const char		*argv[] = { "pki4ipsec", "engine", dir, NULL };
	struct process_status	s;
	struct process		p;
	struct fault		f = { 0 };

	confine(SANDBOX_MAIN);
	must(process_spawn(argv, NULL, 0, &p, &f), &f);
	must(process_wait(&p, -1, &s, &f), &f);
	return s.signalled ? 100 + s.code : s.code;
}

/* ---- in the test itself ---- */

static struct process	running;
static int		channel, listener;

static void
start(const char *role, const char *dir)
{
	const char	*argv[] = { "pki4ipsec", role, dir, NULL };
	struct fault	 f = { 0 };
	int		 pair[2], fds[2];

	assert_true(fd_pair(pair, &f));
	assert_true((listener = net_listen("127.0.0.1:0", &f)) >= 0);
	fds[0] = pair[1];
	fds[1] = listener;
	assert_true(process_spawn(argv, fds, 2, &running, &f));
	close(pair[1]);
	channel = pair[0];
}

static void
ends_well(void)
{
	struct process_status	s;
	struct fault		f = { 0 };

	assert_true(process_wait(&running, 60000, &s, &f));
	assert_string_equal(process_status_text(&s), "exit 0");
	close(channel);
	close(listener);
}

static void
say(uint8_t type, struct view body)
{
	struct fault	f = { 0 };
	struct buf	b;

	buf_init(&b, 100000);
	frame_put(&b, type, 0, 77, body);
	assert_true(frame_write_fd(channel, buf_view(&b), &f));
	buf_clear(&b);
}

static char	dir[64];

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_confined.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	return dir_remove(dir, &f) ? 0 : -1;
}

static void
engine_keeps_its_database(void **state)
{
	(void)state;
	start("engine", dir);
	ends_well();
}

static void
parent_starts_the_engine(void **state)
{
	struct fault	f = { 0 };
	char		sub[128];

	(void)state;
	assert_true(path_join(sub, sizeof(sub), dir, "sub", &f));
	assert_true(dir_make(sub, 0700, &f));
	start("main", sub);
	ends_well();
}

static void
signer_signs(void **state)
{
	struct fault	f = { 0 };
	struct frame	fr;
	struct secret	pem;
	struct key	*k;
	struct buf	b;
	char		path[128];

	(void)state;
	assert_non_null(k = key_generate(KEY_EC_P256, &f));
	assert_true(key_to_pem(k, &pem, &f));
	assert_true(path_join(path, sizeof(path), dir, "key.pem", &f));
	assert_true(file_write(path, view_of(pem.p, pem.n), 0600, &f));
	start("signer", dir);
	say(1, VIEW_LIT("to be signed"));
	buf_init(&b, 1000);
	assert_true(frame_read_fd(channel, &b, 1000, &fr, &f));
	assert_int_equal(fr.tag, 77);
	ends_well();
	buf_clear(&b);
	secret_clear(&pem);
	key_free(k);
}

/* One request over TLS of its own; the answer's first octets. */
static void
https_get(const char *path, int fd)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_client_method());
	SSL	*ssl = SSL_new(ctx);
	char	 text[128], got[512] = "";
	int	 n;

	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	assert_int_equal(SSL_connect(ssl), 1);
	n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
	    path);
	assert_int_equal(SSL_write(ssl, text, n), n);
	assert_true(SSL_read(ssl, got, sizeof(got) - 1) > 0);
	assert_memory_equal(got, "HTTP/1.1 200", 12);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static int
connect_to(int listening)
{
	struct sockaddr_storage	at;
	socklen_t		n = sizeof(at);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, n), 0);
	return fd;
}

static void
front_serves_tls(void **state)
{
	struct fault	f = { 0 };
	struct made	m;
	struct secret	key;
	struct buf	chain;
	int		fd;

	(void)state;
	make(&m, KEY_EC_P256, "CN=front", 1, NULL, false);
	assert_true(key_to_pem(m.key, &key, &f));
	buf_init(&chain, 100000);
	pem_encode("CERTIFICATE", buf_view(&m.der), &chain);
	start("front", dir);
	say(1, buf_view(&chain));
	say(1, view_of(key.p, key.n));
	fd = connect_to(listener);
	https_get("/hello", fd);
	close(fd);
	fd = connect_to(listener);
	https_get("/quit", fd);
	ends_well();
	close(fd);
	buf_clear(&chain);
	secret_clear(&key);
	unmake(&m);
}

static int
child(const char *role, const char *folder)
{
	if (strcmp(role, "engine") == 0)
		return engine(folder);
	if (strcmp(role, "signer") == 0)
		return signer(folder);
	if (strcmp(role, "main") == 0)
		return parent(folder);
	return front();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(engine_keeps_its_database),
		cmocka_unit_test(parent_starts_the_engine),
		cmocka_unit_test(signer_signs),
		cmocka_unit_test(front_serves_tls),
	};

	if (argc > 2)
		return child(argv[1], argv[2]);
	return cmocka_run_group_tests_name("confined", tests, set_up, tear_down);
}
