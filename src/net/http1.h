/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1.h - the bytes of HTTP/1.1 (RFC 9112).
 *
 * Strict where leniency lets two readers see two messages: line ends are CR
 * LF, no folded headers, no blank before the colon, one Content-Length, no
 * Content-Length beside Transfer-Encoding.  Decoding only: no sockets.
 */
#ifndef NET_HTTP1_H
#define NET_HTTP1_H

#include "base/buf.h"

#define HTTP1_FIELDS_MAX	64	/* a browser sends about 20 */
#define HTTP1_METHOD_MAX	16
#define HTTP1_LENGTH_DIGITS	15	/* a petabyte: no overflow in 64 bits */

struct http1_field {
	struct view	name;
	struct view	value;		/* without surrounding blanks */
};

struct http1_head {
	char			method[HTTP1_METHOD_MAX + 1];	/* request */
	struct view		path;		/* request, as sent */
	struct view		query;		/* request, without '?' */
	int			status;		/* response */
	unsigned		minor;		/* HTTP/1.minor */
	size_t			octets;		/* of the head with its empty line */
	struct http1_field	fields[HTTP1_FIELDS_MAX];
	size_t			field_count;
	bool			has_length;
	uint64_t		length;
	bool			chunked;
	bool			keep_alive;
	bool			expects_continue;
};

#define HTTP1_MORE	0	/* not complete yet */
#define HTTP1_DONE	1

/*
 * HTTP1_MORE, HTTP1_DONE, or the status to refuse the request with.  The
 * views in out point into in.  *scanned (0 for a new head) remembers how far
 * in was searched, so that octets arriving one by one cost no more.
 */
int	http1_request(struct view in, size_t max, size_t *scanned,
	    struct http1_head *out);

/* The same for a response's head; anything but MORE and DONE is nonsense. */
int	http1_response(struct view in, size_t max, size_t *scanned,
	    struct http1_head *out);

/* The value of the first field of that name; p is NULL when absent. */
struct view http1_find(const struct http1_head *h, const char *name);
/* text is among the comma-separated tokens of v, without regard to case. */
bool	http1_has_token(struct view v, const char *text);
/* v up to ';' equals type, without regard to case. */
bool	http1_media_type_is(struct view v, const char *type);

/* A chunked body, decoded in place. */
struct http1_chunks {
	int		state;
	unsigned	line;		/* octets in the present size line or the trailer */
	unsigned	digits;
	uint64_t	left;
};

/*
 * Decode p[0..n): the body's octets move to its front (*made of them), *used
 * octets are consumed: all unless the result is HTTP1_DONE.  Start with a
 * zeroed c.  Returns HTTP1_MORE, HTTP1_DONE, or 400.
 */
int	http1_chunks(struct http1_chunks *c, uint8_t *p, size_t n, size_t *used,
	    size_t *made);

#endif
