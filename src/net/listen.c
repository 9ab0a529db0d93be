/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - sockets to accept from. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/server.h"

#define LISTEN_BACKLOG	4096	/* the kernel lowers it to net.core.somaxconn */
#define LISTEN_TEXT_MAX	64

struct endpoint {
	struct sockaddr_storage	sa;
	socklen_t		sa_len;
	bool			any;	/* '*': both families on one socket */
};

static void
endpoint_v4(struct endpoint *e, struct in_addr a, unsigned port)
{
	struct sockaddr_in	sin = { 0 };

	sin.sin_family = AF_INET;
	sin.sin_addr = a;
	sin.sin_port = htons((uint16_t)port);
	memcpy(&e->sa, &sin, sizeof(sin));
	e->sa_len = sizeof(sin);
}

static void
endpoint_v6(struct endpoint *e, struct in6_addr a, unsigned port)
{
	struct sockaddr_in6	sin6 = { 0 };

	sin6.sin6_family = AF_INET6;
	sin6.sin6_addr = a;
	sin6.sin6_port = htons((uint16_t)port);
	memcpy(&e->sa, &sin6, sizeof(sin6));
	e->sa_len = sizeof(sin6);
}

/* Split "host:port" at the last colon and take the brackets off an IPv6 host. */
static bool
split(const char *address, char host[LISTEN_TEXT_MAX], bool *bracketed,
    unsigned *port, struct fault *f)
{
	const char	*colon = strrchr(address, ':');
	size_t		 n = colon == NULL ? 0 : (size_t)(colon - address);
	int64_t		 number;

	if (colon == NULL || n >= LISTEN_TEXT_MAX)
		return fault_set(f, FAULT_USAGE, "",
		    "cannot listen on \"%s\": not address:port", address);
	if (!number_parse("port", colon + 1, 0, 65535, &number, f))
		return fault_within(f, "listening on \"%s\"", address);
	*port = (unsigned)number;
	*bracketed = n >= 2 && address[0] == '[' && colon[-1] == ']';
	if (*bracketed) {
		address++;
		n -= 2;
	}
	memcpy(host, address, n);
	host[n] = '\0';
	return true;
}

static bool
endpoint_parse(const char *address, struct endpoint *e, struct fault *f)
{
	char		host[LISTEN_TEXT_MAX];
	bool		bracketed;
	unsigned	port;
	struct in_addr	a4;
	struct in6_addr	a6;

	if (!split(address, host, &bracketed, &port, f))
		return false;
	e->any = !bracketed && strcmp(host, "*") == 0;
	if (e->any)
		endpoint_v6(e, in6addr_any, port);
	else if (bracketed && inet_pton(AF_INET6, host, &a6) == 1)
		endpoint_v6(e, a6, port);
	else if (!bracketed && inet_pton(AF_INET, host, &a4) == 1)
		endpoint_v4(e, a4, port);
	else
		return fault_set(f, FAULT_USAGE, "",
		    "cannot listen on \"%s\": not an IP address", address);
	return true;
}

static int
endpoint_listen(const struct endpoint *e)
{
	int	one = 1, only = !e->any, saved;
	int	fd = socket(e->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (e->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, (const struct sockaddr *)&e->sa, e->sa_len) == 0 &&
	    listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
net_listen(const char *address, struct fault *f)
{
	struct endpoint		e = { 0 };
	struct sockaddr_in6	sin6;
	int			fd;

	if (!endpoint_parse(address, &e, f))
		return -1;
	fd = endpoint_listen(&e);
	if (fd < 0 && e.any && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
		/* A kernel without IPv6: '*' is then all of IPv4. */
		memcpy(&sin6, &e.sa, sizeof(sin6));
		e.any = false;
		endpoint_v4(&e, (struct in_addr){ htonl(INADDR_ANY) },
		    ntohs(sin6.sin6_port));
		fd = endpoint_listen(&e);
	}
	if (fd < 0)
		fault_set(f, FAULT_IO, "", "cannot listen on \"%s\": %s", address,
		    strerror(errno));
	return fd;
}

static bool
address_text(const struct sockaddr_storage *ss, char *out, size_t n, unsigned *port)
{
	char			host[INET6_ADDRSTRLEN];
	struct sockaddr_in	v4;
	struct sockaddr_in6	v6;

	if (ss->ss_family == AF_INET) {
		memcpy(&v4, ss, sizeof(v4));
		*port = ntohs(v4.sin_port);
		inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		snprintf(out, n, "%s:%u", host, *port);
		return true;
	}
	if (ss->ss_family == AF_INET6) {
		memcpy(&v6, ss, sizeof(v6));
		*port = ntohs(v6.sin6_port);
		inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		snprintf(out, n, "[%s]:%u", host, *port);
		return true;
	}
	return false;
}

bool
net_address(int fd, char *out, struct fault *f)
{
	struct sockaddr_storage	ss = { 0 };
	socklen_t		n = sizeof(ss);
	unsigned		port;

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 ||
	    !address_text(&ss, out, LISTEN_TEXT_MAX, &port))
		return fault_set(f, FAULT_IO, "", "descriptor %d has no address", fd);
	return true;
}

unsigned
net_port(int fd)
{
	struct sockaddr_storage	ss = { 0 };
	socklen_t		n = sizeof(ss);
	char			text[LISTEN_TEXT_MAX];
	unsigned		port = 0;

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 ||
	    !address_text(&ss, text, sizeof(text), &port))
		return 0;
	return port;
}
