/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "peer/vici.h"

#define WAIT_MS	2000

/* ---- messages ---- */

/* Hex to a buffer that ends where the message ends: an overread shows. */
static struct view
from_hex(const char *hex)
{
	size_t	 n = 0, room = strlen(hex) / 2;
	uint8_t	*p = malloc(room == 0 ? 1 : room);

	assert_non_null(p);
	assert_true(hex_decode(hex, p, room, &n));
	return view_of(p, n);
}

static bool
walk(struct view message, size_t *elements, struct fault *f)
{
	struct vici_reader	r;
	struct vici_item	item;

	*elements = 0;
	vici_read(&r, message);
	for (;;) {
		if (!vici_next(&r, &item, f))
			return false;
		if (item.element == VICI_END)
			return true;
		(*elements)++;
	}
}

/* Names and values of one letter, so that a case can be read. */
static const struct {
	const char	*label;
	const char	*hex;
	enum fault_kind	 want;
	size_t		 elements;
} messages[] = {
	{ "empty",			"",				FAULT_NONE, 0 },
	{ "a value",			"030161000162",			FAULT_NONE, 1 },
	{ "an empty value",		"0301610000",			FAULT_NONE, 1 },
	{ "an empty name",		"0300000162",			FAULT_NONE, 1 },
	{ "a section",			"01017302",			FAULT_NONE, 2 },
	{ "a section in a section",	"01017301017402" "02",		FAULT_NONE, 4 },
	{ "an empty list",		"04016c06",			FAULT_NONE, 2 },
	{ "a list of two",		"04016c050001780500017906",	FAULT_NONE, 4 },
	{ "type 0",			"00",				FAULT_MALFORMED, 0 },
	{ "type 7",			"07",				FAULT_MALFORMED, 0 },
	{ "no name",			"03",				FAULT_MALFORMED, 0 },
	{ "name past the end",		"030261",			FAULT_MALFORMED, 0 },
	{ "no value",			"030161",			FAULT_MALFORMED, 0 },
	{ "half a length",		"03016100",			FAULT_MALFORMED, 0 },
	{ "value past the end",		"030161000262",			FAULT_MALFORMED, 0 },
	{ "largest value, one octet",	"030161ffff62",			FAULT_MALFORMED, 0 },
	{ "section not closed",		"010173",			FAULT_MALFORMED, 1 },
	{ "section closed twice",	"0101730202",			FAULT_MALFORMED, 2 },
	{ "list not closed",		"04016c",			FAULT_MALFORMED, 1 },
	{ "list in a list",		"04016c04016d",			FAULT_MALFORMED, 1 },
	{ "value in a list",		"04016c030161000162",		FAULT_MALFORMED, 1 },
	{ "section in a list",		"04016c010173",			FAULT_MALFORMED, 1 },
	{ "item outside a list",	"05000178",			FAULT_MALFORMED, 0 },
	{ "end of a list outside",	"06",				FAULT_MALFORMED, 0 },
	{ "section ends inside a list",	"010173" "04016c" "02",		FAULT_MALFORMED, 2 },
};

static void
test_messages(void **state)
{
	struct fault	f;
	struct view	v;
	size_t		elements;
	bool		ok;

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		f = (struct fault){ 0 };
		v = from_hex(messages[i].hex);
		ok = walk(v, &elements, &f);
		if (ok != (messages[i].want == FAULT_NONE) ||
		    f.kind != messages[i].want ||
		    elements != messages[i].elements)
			fail_msg("%s: %s, %zu elements: %s", messages[i].label,
			    fault_kind_name(f.kind), elements, f.text);
		free((void *)(uintptr_t)v.p);
	}
}

static void
test_depth(void **state)
{
	struct fault	f = { 0 };
	struct buf	b;
	size_t		elements;

	(void)state;
	buf_init(&b, 1024);
	for (int i = 0; i < VICI_DEPTH_MAX; i++)
		vici_put_section(&b, "s");
	for (int i = 0; i < VICI_DEPTH_MAX; i++)
		vici_put_section_end(&b);
	assert_true(walk(buf_view(&b), &elements, &f));
	assert_int_equal(elements, 2 * VICI_DEPTH_MAX);
	buf_reset(&b);
	for (int i = 0; i <= VICI_DEPTH_MAX; i++)
		vici_put_section(&b, "s");
	assert_false(walk(buf_view(&b), &elements, &f));
	assert_int_equal(elements, VICI_DEPTH_MAX);
	buf_clear(&b);
}

/* The example of the published protocol, octet by octet. */
static void
test_example(void **state)
{
	static const uint8_t	want[] = {
		3, 4, 'k', 'e', 'y', '1', 0, 6, 'v', 'a', 'l', 'u', 'e', '1',
		1, 8, 's', 'e', 'c', 't', 'i', 'o', 'n', '1',
		1, 11, 's', 'u', 'b', '-', 's', 'e', 'c', 't', 'i', 'o', 'n',
		3, 4, 'k', 'e', 'y', '2', 0, 6, 'v', 'a', 'l', 'u', 'e', '2',
		2,
		4, 5, 'l', 'i', 's', 't', '1',
		5, 0, 5, 'i', 't', 'e', 'm', '1',
		5, 0, 5, 'i', 't', 'e', 'm', '2',
		6,
		2,
	};
	struct buf	b;
	struct view	v;

	(void)state;
	buf_init(&b, 1024);
	vici_put_value(&b, "key1", VIEW_LIT("value1"));
	vici_put_section(&b, "section1");
	vici_put_section(&b, "sub-section");
	vici_put_value(&b, "key2", VIEW_LIT("value2"));
	vici_put_section_end(&b);
	vici_put_list(&b, "list1");
	vici_put_item(&b, VIEW_LIT("item1"));
	vici_put_item(&b, VIEW_LIT("item2"));
	vici_put_list_end(&b);
	vici_put_section_end(&b);
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	assert_true(vici_find(buf_view(&b), "key1", &v));
	assert_true(view_equal(v, VIEW_LIT("value1")));
	assert_false(vici_find(buf_view(&b), "key2", &v));
	buf_clear(&b);
}

static void
test_limits(void **state)
{
	static const uint8_t	big[VICI_VALUE_MAX + 1];
	char			name[VICI_NAME_MAX + 2];
	struct buf		b;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	buf_init(&b, 1u << 20);
	vici_put_value(&b, "k", view_of(big, VICI_VALUE_MAX));
	assert_true(buf_ok(&b));
	vici_put_value(&b, "k", view_of(big, sizeof(big)));
	assert_false(buf_ok(&b));
	buf_reset(&b);
	vici_put_section(&b, name + 1);
	assert_true(buf_ok(&b));
	vici_put_section(&b, name);
	assert_false(buf_ok(&b));
	buf_clear(&b);
}

/* ---- packets ---- */

static const struct {
	const char	*label;
	const char	*hex;
	enum fault_kind	 want;
} packets[] = {
	{ "a response",			"01",		FAULT_NONE },
	{ "a response with a message",	"010301610000",	FAULT_NONE },
	{ "an event",			"070165",	FAULT_NONE },
	{ "nothing",			"",		FAULT_MALFORMED },
	{ "type 8",			"08",		FAULT_MALFORMED },
	{ "an event without a name",	"07",		FAULT_MALFORMED },
	{ "an event's name too long",	"070265",	FAULT_MALFORMED },
};

static void
test_packets(void **state)
{
	struct vici_head	head;
	struct fault		f;
	struct view		v;

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		f = (struct fault){ 0 };
		v = from_hex(packets[i].hex);
		if (vici_packet_decode(v, &head, &f) !=
		    (packets[i].want == FAULT_NONE) ||
		    f.kind != packets[i].want)
			fail_msg("%s: %s", packets[i].label, f.text);
		free((void *)(uintptr_t)v.p);
	}
}

/* ---- the client, against answers written down beforehand ---- */

struct script {
	const char	*label;
	const char	*answer;	/* hex of what the daemon sends, at once */
	enum fault_kind	 want;
	const char	*text;		/* part of the fault's text */
};

/* Answers to one command. */
static const struct script calls[] = {
	{ "done",	"0000000f" "0103" "07" "73756363657373" "0003" "796573",
	    FAULT_NONE, "" },
	{ "nothing said about success", "00000001" "01", FAULT_NONE, "" },
	{ "refused",	"0000001b" "0103" "07" "73756363657373" "0002" "6e6f"
	    "03" "06" "6572726d7367" "0003" "626164",
	    FAULT_REFUSED, "refused load-conn: bad" },
	{ "unknown",	"00000001" "02", FAULT_REFUSED, "does not know" },
	{ "an event instead", "00000003" "070165", FAULT_MALFORMED,
	    "packet type 7" },
	{ "a broken message", "00000002" "0109", FAULT_MALFORMED, "type 9" },
	{ "too long",	"00080001" "01", FAULT_LIMIT, "524289 octets" },
	{ "empty packet", "00000000", FAULT_MALFORMED, "without a known type" },
	{ "closed in the length", "0000", FAULT_IO, "closed" },
	{ "closed in the packet", "00000009" "01", FAULT_IO, "closed" },
};

/* Answers to register, list and unregister. */
static const struct script streams[] = {
	{ "two events",	"00000001" "05" "00000003" "070165"
	    "00000003" "070165" "00000001" "01" "00000001" "05",
	    FAULT_NONE, "" },
	{ "another event between", "00000001" "05" "00000003" "070165"
	    "00000003" "070166" "00000003" "070165"
	    "00000001" "01" "00000001" "05", FAULT_NONE, "" },
	{ "unknown event", "00000001" "06", FAULT_REFUSED, "the event e" },
	{ "unknown command", "00000001" "05" "00000001" "02", FAULT_REFUSED,
	    "the command list" },
	{ "a broken event", "00000001" "05" "00000004" "07016509",
	    FAULT_MALFORMED, "type 9" },
	{ "closed between", "00000001" "05" "00000003" "070165", FAULT_IO,
	    "closed" },
};

/* A daemon that takes one connection, sends, and hears the client out. */
static pid_t
serve(int listener, const char *hex)
{
	uint8_t		sink[256];
	struct view	answer;
	pid_t		pid = fork();
	int		fd;

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	answer = from_hex(hex);
	fd = accept(listener, NULL, NULL);
	if (fd == -1 || send(fd, answer.p, answer.n, MSG_NOSIGNAL) !=
	    (ssize_t)answer.n || shutdown(fd, SHUT_WR) == -1)
		_exit(1);
	while (read(fd, sink, sizeof(sink)) > 0)
		continue;
	_exit(0);
}

static char	socket_dir[] = "/tmp/test_vici.XXXXXX";
static char	socket_uri[sizeof(socket_dir) + 32];

static int
listen_here(void)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", socket_dir);
	(void)unlink(sun.sun_path);
	assert_true(fd != -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(socket_dir) == NULL)
		return -1;
	(void)snprintf(socket_uri, sizeof(socket_uri), "unix://%s/s",
	    socket_dir);
	return 0;
}

static int
remove_dir(void **state)
{
	char	path[sizeof(socket_dir) + 8];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/s", socket_dir);
	(void)unlink(path);
	return rmdir(socket_dir);
}

static bool
count(void *ctx, struct view message, struct fault *f)
{
	(void)message;
	(void)f;
	++*(int *)ctx;
	return true;
}

static void
run_script(const struct script *s, bool stream)
{
	struct fault	 f = { 0 };
	int		 listener = listen_here(), events = 0;
	pid_t		 pid = serve(listener, s->answer);
	struct vici	*v = vici_open(socket_uri, WAIT_MS, &f);
	bool		 ok;

	assert_non_null(v);
	ok = stream ? vici_stream(v, "list", "e", VIEW_NONE, count, &events,
	    &f) : vici_call(v, "load-conn", VIEW_NONE, NULL, &f);
	vici_close(v);
	(void)close(listener);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (ok != (s->want == FAULT_NONE) || f.kind != s->want ||
	    strstr(f.text, s->text) == NULL)
		fail_msg("%s: %s: %s", s->label, fault_kind_name(f.kind),
		    f.text);
	if (stream && ok)
		assert_int_equal(events, 2);
}

static void
test_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		run_script(&calls[i], false);
}

static void
test_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		run_script(&streams[i], true);
}

/* A daemon that takes the call and says nothing. */
static void
test_silence(void **state)
{
	struct fault	 f = { 0 };
	int		 listener = listen_here();
	struct vici	*v = vici_open(socket_uri, 20, &f);

	(void)state;
	assert_non_null(v);
	assert_false(vici_call(v, "version", VIEW_NONE, NULL, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	vici_close(v);
	(void)close(listener);
}

static const struct {
	const char	*uri;
	enum fault_kind	 want;
} addresses[] = {
	{ "unix:///nonexistent/charon.vici",	FAULT_BUSY },
	{ "tcp://127.0.0.1:4502",		FAULT_USAGE },
	{ "unix://relative",			FAULT_USAGE },
	{ "",					FAULT_USAGE },
};

static void
test_addresses(void **state)
{
	struct fault	f;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		f = (struct fault){ 0 };
		assert_null(vici_open(addresses[i].uri, WAIT_MS, &f));
		if (f.kind != addresses[i].want)
			fail_msg("%s: %s", addresses[i].uri, f.text);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests_name("vici", tests, make_dir, remove_dir);
}
