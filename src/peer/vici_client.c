/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "peer/vici.h"

#define LENGTH_OCTETS	4

struct vici {
	int		 fd;
	int		 timeout_ms;
	struct buf	 in;		/* the packet read last */
};

static int64_t
clock_ms(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait until the socket can be read or written, but not past the deadline. */
static bool
wait_for(struct vici *v, short events, int64_t deadline, struct fault *f)
{
	struct pollfd	p = { .fd = v->fd, .events = events };
	int64_t		left;
	int		r;

	for (;;) {
		left = deadline - clock_ms();
		if (left < 0)
			left = 0;
		r = poll(&p, 1, (int)left);
		if (r > 0)
			return true;
		if (r == 0)
			return fault_set(f, FAULT_BUSY, "",
			    "the strongSwan daemon did not answer within "
			    "%d ms", v->timeout_ms);
		if (errno != EINTR)
			return fault_set(f, FAULT_IO, "",
			    "could not wait for the strongSwan daemon: %s",
			    strerror(errno));
	}
}

static bool
write_all(struct vici *v, struct view data, int64_t deadline, struct fault *f)
{
	ssize_t	n;

	while (data.n > 0) {
		n = send(v->fd, data.p, data.n, MSG_NOSIGNAL);
		if (n > 0) {
			data.p += n;
			data.n -= (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (!wait_for(v, POLLOUT, deadline, f))
				return false;
		} else if (n < 0 && errno != EINTR) {
			return fault_set(f, FAULT_IO, "",
			    "could not write to the strongSwan daemon: %s",
			    strerror(errno));
		}
	}
	return true;
}

static bool
read_all(struct vici *v, uint8_t *p, size_t n, int64_t deadline,
    struct fault *f)
{
	ssize_t	got;

	while (n > 0) {
		got = recv(v->fd, p, n, 0);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		} else if (got == 0) {
			return fault_set(f, FAULT_IO, "",
			    "the strongSwan daemon closed its control socket");
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_for(v, POLLIN, deadline, f))
				return false;
		} else if (errno != EINTR) {
			return fault_set(f, FAULT_IO, "",
			    "could not read from the strongSwan daemon: %s",
			    strerror(errno));
		}
	}
	return true;
}

/* The next packet; *head points into v->in until the next call. */
static bool
read_packet(struct vici *v, int64_t deadline, struct vici_head *head,
    struct fault *f)
{
	uint8_t		 length[LENGTH_OCTETS];
	uint8_t		*room;
	uint32_t	 n;

	if (!read_all(v, length, sizeof(length), deadline, f))
		return false;
	n = (uint32_t)length[0] << 24 | (uint32_t)length[1] << 16 |
	    (uint32_t)length[2] << 8 | length[3];
	if (n > VICI_PACKET_MAX)
		return fault_set(f, FAULT_LIMIT, "vici",
		    "the strongSwan daemon sends a packet of %" PRIu32
		    " octets, at most %u", n, VICI_PACKET_MAX);
	buf_reset(&v->in);
	room = buf_extend(&v->in, n);
	if (room == NULL)
		return buf_check(&v->in, "packet", f);
	return read_all(v, room, n, deadline, f) &&
	    vici_packet_decode(buf_view(&v->in), head, f);
}

static bool
write_packet(struct vici *v, enum vici_packet type, const char *name,
    struct view message, int64_t deadline, struct fault *f)
{
	struct buf	b;
	bool		ok;

	buf_init(&b, LENGTH_OCTETS + VICI_PACKET_MAX);
	/* All room at once: a key must not stay behind in memory outgrown. */
	(void)buf_extend(&b, LENGTH_OCTETS + 2 + VICI_NAME_MAX + message.n);
	buf_reset(&b);
	vici_packet_put(&b, type, name, message);
	ok = buf_check(&b, name, f) &&
	    write_all(v, buf_view(&b), deadline, f);
	if (b.n > 0)
		secret_wipe(b.p, b.n);	/* load-key travels this way */
	buf_clear(&b);
	return ok;
}

/* ---- opening ---- */

static bool
socket_address(const char *uri, struct sockaddr_un *sun, struct fault *f)
{
	static const char	scheme[] = "unix://";
	const char		*path;

	if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
		return fault_set(f, FAULT_USAGE, "",
		    "cannot use vici address \"%s\": only unix:///path", uri);
	path = uri + sizeof(scheme) - 1;
	if (path[0] != '/' || strlen(path) >= sizeof(sun->sun_path))
		return fault_set(f, FAULT_USAGE, "",
		    "cannot use vici address \"%s\": want an absolute path of "
		    "at most %zu octets", uri, sizeof(sun->sun_path) - 1);
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return true;
}

/* Nobody listens: a daemon that is not running, rather than a mistake. */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ECONNREFUSED || error == ENOTDIR ||
	    error == EAGAIN;
}

static bool
connect_to(struct vici *v, const char *uri, struct fault *f)
{
	struct sockaddr_un	sun;

	if (!socket_address(uri, &sun, f))
		return false;
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (v->fd == -1)
		return fault_set(f, FAULT_IO, "",
		    "could not make a socket: %s", strerror(errno));
	if (connect(v->fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		return fault_set(f, is_absent(errno) ? FAULT_BUSY : FAULT_IO,
		    "", "no strongSwan daemon answers at %s: %s", uri,
		    strerror(errno));
	return true;
}

struct vici *
vici_open(const char *uri, int timeout_ms, struct fault *f)
{
	struct vici	*v = calloc(1, sizeof(*v));

	if (v == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	v->fd = -1;
	v->timeout_ms = timeout_ms;
	buf_init(&v->in, VICI_PACKET_MAX);
	if (!connect_to(v, uri, f)) {
		vici_close(v);
		return NULL;
	}
	return v;
}

void
vici_close(struct vici *v)
{
	if (v == NULL)
		return;
	if (v->fd != -1)
		(void)close(v->fd);
	buf_clear(&v->in);
	free(v);
}

/* ---- commands ---- */

/* An answer that says success = no is a refusal, with the daemon's words. */
static bool
check_success(const char *command, struct view message, struct fault *f)
{
	struct view	success, words = VIEW_LIT("no reason given");

	if (!vici_find(message, "success", &success) ||
	    view_equal(success, VIEW_LIT("yes")))
		return true;
	(void)vici_find(message, "errmsg", &words);
	return fault_set(f, FAULT_REFUSED, "",
	    "the strongSwan daemon refused %s: %.*s", command,
	    (int)(words.n > 256 ? 256 : words.n), (const char *)words.p);
}

/* The whole message keeps to the format. */
static bool
check_message(struct view message, struct fault *f)
{
	struct vici_reader	r;
	struct vici_item	item;

	vici_read(&r, message);
	do {
		if (!vici_next(&r, &item, f))
			return false;
	} while (item.element != VICI_END);
	return true;
}

static bool
check_response(const char *command, const struct vici_head *head,
    struct fault *f)
{
	if (head->type == VICI_CMD_UNKNOWN)
		return fault_set(f, FAULT_REFUSED, "",
		    "the strongSwan daemon does not know the command %s",
		    command);
	if (head->type != VICI_CMD_RESPONSE)
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "packet type %d where the answer to %s belongs",
		    (int)head->type, command);
	return check_message(head->message, f) &&
	    check_success(command, head->message, f);
}

bool
vici_call(struct vici *v, const char *command, struct view message,
    struct buf *reply, struct fault *f)
{
	struct vici_head	head;
	int64_t			deadline = clock_ms() + v->timeout_ms;

	if (!write_packet(v, VICI_CMD_REQUEST, command, message, deadline, f) ||
	    !read_packet(v, deadline, &head, f) ||
	    !check_response(command, &head, f))
		return false;
	if (reply == NULL)
		return true;
	buf_add_view(reply, head.message);
	return buf_check(reply, command, f);
}

/* Ask for, or no longer for, events of one name. */
static bool
subscribe(struct vici *v, enum vici_packet type, const char *event,
    int64_t deadline, struct fault *f)
{
	struct vici_head	head;

	if (!write_packet(v, type, event, VIEW_NONE, deadline, f) ||
	    !read_packet(v, deadline, &head, f))
		return false;
	if (head.type != VICI_EVENT_CONFIRM)
		return fault_set(f, FAULT_REFUSED, "",
		    "the strongSwan daemon does not know the event %s", event);
	return true;
}

/* Events until the answer that ends them. */
static bool
read_events(struct vici *v, const char *command, const char *event,
    int64_t deadline, vici_each *each, void *ctx, struct fault *f)
{
	struct vici_head	head;

	for (size_t i = 0; i < VICI_EVENTS_MAX; i++) {
		if (!read_packet(v, deadline, &head, f))
			return false;
		if (head.type != VICI_EVENT)
			return check_response(command, &head, f);
		if (!view_equal(head.name, view_str(event)))
			continue;
		if (!check_message(head.message, f) ||
		    !each(ctx, head.message, f))
			return false;
	}
	return fault_set(f, FAULT_LIMIT, "", "more than %d %s events",
	    VICI_EVENTS_MAX, event);
}

bool
vici_stream(struct vici *v, const char *command, const char *event,
    struct view message, vici_each *each, void *ctx, struct fault *f)
{
	int64_t	deadline = clock_ms() + v->timeout_ms;

	return subscribe(v, VICI_EVENT_REGISTER, event, deadline, f) &&
	    write_packet(v, VICI_CMD_REQUEST, command, message, deadline, f) &&
	    read_events(v, command, event, deadline, each, ctx, f) &&
	    subscribe(v, VICI_EVENT_UNREGISTER, event, deadline, f);
}
