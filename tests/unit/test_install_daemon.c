/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installation against a daemon that fails: at every command in turn it
 * refuses or hangs up, or it says yes and forgets.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/install.h"
#include "peer/vici.h"

#define HELD_MAX	16
#define COMMANDS_MAX	64

/* ---- the daemon ---- */

enum forget { FORGET_NOTHING, FORGET_CERT, FORGET_CA, FORGET_KEY, FORGET_CONN };

struct held {
	char	text[HELD_MAX][80];	/* names; certificates as hex */
	size_t	n;
};

struct daemon {
	int		 listener;
	struct held	 keys, certs, conns;
	int		 commands;
	int		 refuse_at, hang_up_at;	/* counted from 1; 0: never */
	enum forget	 forget;
	bool		 failed;	/* something it does not understand */
};

static void
hold(struct held *h, const char *text)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->text[i], text) == 0)
			return;
	assert_true(h->n < HELD_MAX);
	(void)snprintf(h->text[h->n++], sizeof(h->text[0]), "%s", text);
}

static void
drop(struct held *h, struct view text)
{
	for (size_t i = 0; i < h->n; i++)
		if (view_equal(view_str(h->text[i]), text))
			memcpy(h->text[i], h->text[--h->n],
			    sizeof(h->text[0]));
}

static bool
holds(const struct held *h, const char *text)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->text[i], text) == 0)
			return true;
	return false;
}

static void
put_held(struct buf *b, const char *list, const struct held *h)
{
	vici_put_list(b, list);
	for (size_t i = 0; i < h->n; i++)
		vici_put_item(b, view_str(h->text[i]));
	vici_put_list_end(b);
}

/* A name for a key that its octets decide. */
static void
key_id(struct view pem, char out[24])
{
	uint64_t	h = 14695981039346656037u;

	for (size_t i = 0; i < pem.n; i++)
		h = (h ^ pem.p[i]) * 1099511628211u;
	(void)snprintf(out, 24, "%016llx", (unsigned long long)h);
}

static void
load_key(struct daemon *d, struct view message, struct buf *answer)
{
	struct view	data = VIEW_NONE;
	char		id[24];

	if (!vici_find(message, "data", &data))
		d->failed = true;
	key_id(data, id);
	if (d->forget != FORGET_KEY)
		hold(&d->keys, id);
	vici_put_value(answer, "id", view_str(id));
}

static void
load_cert(struct daemon *d, struct view message)
{
	struct view	data = VIEW_NONE, flag = VIEW_NONE;
	char		hex[80];
	bool		ca;

	if (!vici_find(message, "data", &data) || data.n > 32 ||
	    !vici_find(message, "flag", &flag))
		d->failed = true;
	ca = view_equal(flag, VIEW_LIT("CA"));
	hex_encode(data, hex);
	if (d->forget != (ca ? FORGET_CA : FORGET_CERT))
		hold(&d->certs, hex);
}

static void
load_conn(struct daemon *d, struct view message)
{
	struct vici_reader	r;
	struct vici_item	item;
	char			name[80];

	vici_read(&r, message);
	if (!vici_next(&r, &item, NULL) || item.element != VICI_SECTION_START)
		d->failed = true;
	(void)snprintf(name, sizeof(name), "%.*s", (int)item.name.n,
	    (const char *)item.name.p);
	if (d->forget != FORGET_CONN)
		hold(&d->conns, name);
}

static void
put_certs(struct daemon *d, struct buf *out)
{
	struct buf	message;
	uint8_t		der[40];
	size_t		n;

	for (size_t i = 0; i < d->certs.n; i++) {
		buf_init(&message, 4096);
		if (!hex_decode(d->certs.text[i], der, sizeof(der), &n))
			d->failed = true;
		vici_put_value(&message, "data", view_of(der, n));
		if (d->keys.n > 0)
			vici_put_value(&message, "has_privkey",
			    VIEW_LIT("yes"));
		vici_packet_put(out, VICI_EVENT, "list-cert",
		    buf_view(&message));
		buf_clear(&message);
	}
}

static void
obey(struct daemon *d, const struct vici_head *head, struct buf *out)
{
	struct buf	answer;
	struct view	value = VIEW_NONE;
	bool		named = vici_find(head->message, "name", &value) ||
	    vici_find(head->message, "id", &value);

	buf_init(&answer, 4096);
	if (view_equal(head->name, VIEW_LIT("version"))) {
		vici_put_value(&answer, "daemon", VIEW_LIT("false"));
		vici_put_value(&answer, "version", VIEW_LIT("1"));
	} else if (view_equal(head->name, VIEW_LIT("get-keys")))
		put_held(&answer, "keys", &d->keys);
	else if (view_equal(head->name, VIEW_LIT("get-conns")))
		put_held(&answer, "conns", &d->conns);
	else if (view_equal(head->name, VIEW_LIT("list-certs")))
		put_certs(d, out);
	else if (view_equal(head->name, VIEW_LIT("load-key")))
		load_key(d, head->message, &answer);
	else if (view_equal(head->name, VIEW_LIT("load-cert")))
		load_cert(d, head->message);
	else if (view_equal(head->name, VIEW_LIT("load-conn")))
		load_conn(d, head->message);
	else if (view_equal(head->name, VIEW_LIT("unload-conn")) && named)
		drop(&d->conns, value);
	else if (view_equal(head->name, VIEW_LIT("unload-key")) && named)
		drop(&d->keys, value);
	else if (!view_equal(head->name, VIEW_LIT("load-authority")))
		d->failed = true;
	vici_put_value(&answer, "success", VIEW_LIT("yes"));
	vici_packet_put(out, VICI_CMD_RESPONSE, NULL, buf_view(&answer));
	buf_clear(&answer);
}

static void
refuse(struct buf *out)
{
	struct buf	answer;

	buf_init(&answer, 256);
	vici_put_value(&answer, "success", VIEW_LIT("no"));
	vici_put_value(&answer, "errmsg", VIEW_LIT("not today"));
	vici_packet_put(out, VICI_CMD_RESPONSE, NULL, buf_view(&answer));
	buf_clear(&answer);
}

/* Exactly n octets, or the end. */
static bool
take(int fd, uint8_t *p, size_t n)
{
	ssize_t	got;

	while (n > 0) {
		got = read(fd, p, n);
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
give(int fd, const struct buf *b)
{
	return send(fd, b->p, b->n, MSG_NOSIGNAL) == (ssize_t)b->n;
}

/* One packet in, what answers it out; false ends the connection. */
static bool
turn(struct daemon *d, int fd, uint8_t *packet, struct buf *out)
{
	struct vici_head	head;
	uint8_t			length[4];
	size_t			n;

	if (!take(fd, length, sizeof(length)))
		return false;
	n = (size_t)length[0] << 24 | (size_t)length[1] << 16 |
	    (size_t)length[2] << 8 | length[3];
	if (n > VICI_PACKET_MAX || !take(fd, packet, n) ||
	    !vici_packet_decode(view_of(packet, n), &head, NULL)) {
		d->failed = true;
		return false;
	}
	if (head.type != VICI_CMD_REQUEST) {
		vici_packet_put(out, VICI_EVENT_CONFIRM, NULL, VIEW_NONE);
		return give(fd, out);
	}
	if (++d->commands == d->hang_up_at)
		return false;
	if (d->commands == d->refuse_at)
		refuse(out);
	else
		obey(d, &head, out);
	return give(fd, out);
}

/* One connection. */
static void *
daemon_run(void *arg)
{
	struct daemon	*d = arg;
	uint8_t		*packet = malloc(VICI_PACKET_MAX);
	struct buf	 out;
	int		 fd = accept(d->listener, NULL, NULL);

	buf_init(&out, VICI_PACKET_MAX);
	while (packet != NULL && turn(d, fd, packet, &out))
		buf_reset(&out);
	buf_clear(&out);
	free(packet);
	(void)close(fd);
	return NULL;
}

/* ---- the setting ---- */

#define KEY(x)	"-----BEGIN PRIVATE KEY-----\n" x "\n-----END PRIVATE KEY-----\n"
#define OLD_KEY	KEY("MAE=")
#define NEW_KEY	KEY("MAI=")

static const uint8_t	old_cert[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };
static const uint8_t	new_cert[] = { 0x30, 0x03, 0x02, 0x01, 0x02 };
static const uint8_t	ca_cert[] = { 0x30, 0x03, 0x02, 0x01, 0x03 };

static char	dir[] = "/tmp/test_install_daemon.XXXXXX";
static char	uri[sizeof(dir) + 32];
static char	swanctl[sizeof(dir) + 32];

static const struct install_peer	old_peers[] = {
	{ "gw2", "fqdn:gw2.example", "192.0.2.2", NULL, 0 },
	{ "gw3", "fqdn:gw3.example", "192.0.2.3", NULL, 0 },
};
static const struct install_peer	new_peers[] = {
	{ "gw2", "fqdn:gw2.example", "192.0.2.22", NULL, 0 },
	{ "gw4", "fqdn:gw4.example", "192.0.2.4", NULL, 0 },
};

static struct install_request
request(bool renewed)
{
	return (struct install_request){
		.name = "gw1",
		.identity = "fqdn:gw1.example",
		.key_pem = renewed ? VIEW_LIT(NEW_KEY) : VIEW_LIT(OLD_KEY),
		.cert = renewed ? view_of(new_cert, sizeof(new_cert)) :
		    view_of(old_cert, sizeof(old_cert)),
		.ca = { view_of(ca_cert, sizeof(ca_cert)) },
		.nca = 1,
		.peers = renewed ? new_peers : old_peers,
		.npeers = 2,
		.swanctl_dir = swanctl,
		.vici_uri = uri,
	};
}

static int
listen_here(void)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/vici", dir);
	(void)unlink(sun.sun_path);
	assert_true(fd != -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static bool
install(struct daemon *d, bool renewed, struct install_report *r,
    struct fault *f)
{
	struct install_request	req = request(renewed);
	pthread_t		thread;
	bool			ok;

	d->commands = 0;
	d->listener = listen_here();
	assert_int_equal(pthread_create(&thread, NULL, daemon_run, d), 0);
	ok = install_strongswan(&req, true, r, f);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(d->listener);
	assert_false(d->failed);
	return ok;
}

static const char *const	files[] = { "private/gw1.pem", "x509/gw1.pem",
	"x509ca/gw1-ca.pem", "conf.d/gw1.conf" };

/* All files, one after the other; a missing one is a line that says so. */
static void
read_files(struct buf *out)
{
	char	path[INSTALL_PATH_MAX];

	buf_reset(out);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", swanctl, files[i]);
		if (!file_exists(path) || !file_read(path, out, NULL))
			buf_addf(out, "no %s\n", files[i]);
	}
}

static void
id_of(const char *pem, char out[24])
{
	key_id(view_str(pem), out);
}

/* ---- what is proved ---- */

static void
test_renewal(void **state)
{
	struct daemon		d = { 0 };
	struct install_report	r;
	struct fault		f = { 0 };
	char			old_id[24], new_id[24];

	(void)state;
	id_of(OLD_KEY, old_id);
	id_of(NEW_KEY, new_id);
	assert_true(dir_remove(swanctl, &f));
	assert_true(install(&d, false, &r, &f));
	assert_true(r.loaded && r.has_cert && r.has_ca && r.has_key);
	assert_int_equal(r.connections, 2);
	assert_string_equal(r.daemon, "false 1");
	assert_true(holds(&d.keys, old_id));
	assert_true(install(&d, true, &r, &f));
	assert_true(holds(&d.keys, new_id));
	assert_false(holds(&d.keys, old_id));
	assert_true(holds(&d.conns, "gw1-gw2"));
	assert_true(holds(&d.conns, "gw1-gw4"));
	assert_false(holds(&d.conns, "gw1-gw3"));
}

/*
 * Fail at command n, for every n there is: the files are those from before,
 * the old key is there, and nothing new stays in the daemon.
 */
static void
fail_everywhere(bool first, bool hang_up, enum fault_kind want)
{
	struct daemon		d;
	struct install_report	r;
	struct fault		f;
	struct buf		before, after;
	char			old_id[24], new_id[24];
	int			n;

	buf_init(&before, 1u << 16);
	buf_init(&after, 1u << 16);
	id_of(OLD_KEY, old_id);
	id_of(NEW_KEY, new_id);
	for (n = 1; n < COMMANDS_MAX; n++) {
		d = (struct daemon){ 0 };
		f = (struct fault){ 0 };
		assert_true(dir_remove(swanctl, &f));
		if (!first)
			assert_true(install(&d, false, &r, &f));
		read_files(&before);
		d.refuse_at = hang_up ? 0 : n;
		d.hang_up_at = hang_up ? n : 0;
		if (install(&d, true, &r, &f))
			break;
		read_files(&after);
		assert_true(view_equal(buf_view(&before), buf_view(&after)));
		assert_true(r.restored && !r.files_in_place && !r.loaded);
		assert_int_equal(f.kind, want);
		assert_int_equal(holds(&d.keys, old_id), !first);
		if (!hang_up) {
			assert_false(holds(&d.keys, new_id));
			assert_false(holds(&d.conns, "gw1-gw4"));
		}
	}
	/* It went through once no command was left to fail. */
	assert_true(n > 12 && n < COMMANDS_MAX && n > d.commands);
	buf_clear(&before);
	buf_clear(&after);
}

static void
test_refused(void **state)
{
	(void)state;
	fail_everywhere(true, false, FAULT_REFUSED);
}

static void
test_hung_up(void **state)
{
	(void)state;
	fail_everywhere(true, true, FAULT_IO);
	fail_everywhere(false, true, FAULT_IO);
}

static const struct {
	enum forget	 forget;
	const char	*missing;
} forgets[] = {
	{ FORGET_CERT,	"the certificate" },
	{ FORGET_CA,	"a CA certificate" },
	{ FORGET_KEY,	"the private key of the certificate" },
	{ FORGET_CONN,	"connection gw1-gw2, connection gw1-gw4" },
};

static void
test_forgotten(void **state)
{
	struct daemon		d;
	struct install_report	r;
	struct fault		f;

	(void)state;
	for (size_t i = 0; i < sizeof(forgets) / sizeof(forgets[0]); i++) {
		d = (struct daemon){ .forget = forgets[i].forget };
		f = (struct fault){ 0 };
		assert_true(dir_remove(swanctl, &f));
		assert_false(install(&d, true, &r, &f));
		assert_int_equal(f.kind, FAULT_REFUSED);
		if (strstr(r.missing, forgets[i].missing) == NULL)
			fail_msg("%s: %s", forgets[i].missing, r.missing);
		assert_true(r.restored);
	}
}

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(uri, sizeof(uri), "unix://%s/vici", dir);
	(void)snprintf(swanctl, sizeof(swanctl), "%s/swanctl", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	return dir_remove(dir, NULL) ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hung_up),
		cmocka_unit_test(test_forgotten),
	};

	return cmocka_run_group_tests_name("install_daemon", tests, make_dir,
	    remove_dir);
}
