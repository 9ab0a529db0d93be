/* SPDX-License-Identifier: Apache-2.0 */
/* http1.c - request and response heads, chunked bodies. */
#include "net/http1.h"

#include <string.h>
#include <strings.h>

#define CHUNK_LINE_MAX		256	/* a size and extensions nobody reads */
#define CHUNK_DIGITS_MAX	8	/* hex digits: no chunk above 4 GiB */
#define CHUNK_TRAILER_MAX	4096

#define BAD_REQUEST		400
#define TOO_LARGE		431
#define EXPECTATION_FAILED	417
#define NOT_IMPLEMENTED		501
#define VERSION_UNKNOWN		505

/* RFC 9110, 5.6.2 */
static bool
is_token_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_token_char(v.p[i]))
			return false;
	return v.n > 0;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct view
trim(struct view v)
{
	while (v.n > 0 && is_blank(v.p[0])) {
		v.p++;
		v.n--;
	}
	while (v.n > 0 && is_blank(v.p[v.n - 1]))
		v.n--;
	return v;
}

static bool
equals_text(struct view v, const char *text)
{
	return v.n == strlen(text) &&
	    strncasecmp((const char *)v.p, text, v.n) == 0;
}

struct view
http1_find(const struct http1_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (equals_text(h->fields[i].name, name))
			return h->fields[i].value;
	return VIEW_NONE;
}

/* Cut v at the first sep; the rest, without it, stays in v. */
static struct view
cut(struct view *v, char sep)
{
	const uint8_t	*at = v->n == 0 ? NULL : memchr(v->p, sep, v->n);
	struct view	 first = *v;

	if (at == NULL) {
		*v = VIEW_NONE;
		return first;
	}
	first.n = (size_t)(at - v->p);
	v->n -= first.n + 1;
	v->p = at + 1;
	return first;
}

bool
http1_has_token(struct view v, const char *text)
{
	while (v.n > 0)
		if (equals_text(trim(cut(&v, ',')), text))
			return true;
	return false;
}

bool
http1_media_type_is(struct view v, const char *type)
{
	return equals_text(trim(cut(&v, ';')), type);
}

/* The head's length up to and with the empty line, 0 if it is not here yet. */
static size_t
head_length(struct view in, size_t *scanned)
{
	size_t		 from = *scanned > 3 ? *scanned - 3 : 0;
	const uint8_t	*at = NULL;

	if (in.n > from)
		at = memmem(in.p + from, in.n - from, "\r\n\r\n", 4);
	*scanned = in.n;
	return at == NULL ? 0 : (size_t)(at - in.p) + 4;
}

/* Take one line without its CR LF from a head that ends in an empty line. */
static bool
take_line(struct view *head, struct view *line)
{
	const uint8_t	*at = head->n == 0 ? NULL : memchr(head->p, '\n', head->n);

	if (at == NULL || at == head->p || at[-1] != '\r')
		return false;
	line->p = head->p;
	line->n = (size_t)(at - head->p) - 1;
	head->n -= line->n + 2;
	head->p = at + 1;
	return true;
}

static int
read_version(struct view v, struct http1_head *out)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.' ||
	    v.p[5] < '0' || v.p[5] > '9' || v.p[7] < '0' || v.p[7] > '9')
		return BAD_REQUEST;
	if (v.p[5] != '1')
		return VERSION_UNKNOWN;
	out->minor = v.p[7] == '0' ? 0 : 1;
	return HTTP1_DONE;
}

/* Cut scheme and authority off an absolute-form; what is left may be empty. */
static void
cut_authority(struct view *target, const char *scheme)
{
	size_t	n = strlen(scheme);

	if (target->n <= n || strncasecmp((const char *)target->p, scheme, n) != 0)
		return;
	while (n < target->n && target->p[n] != '/' && target->p[n] != '?')
		n++;
	target->p += n;
	target->n -= n;
}

/* origin-form, or absolute-form whose authority is left to Host (RFC 9112, 3.2) */
static int
read_target(struct view target, struct http1_head *out)
{
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] <= ' ' || target.p[i] >= 0x7f || target.p[i] == '#')
			return BAD_REQUEST;
	cut_authority(&target, "http://");
	cut_authority(&target, "https://");
	if (target.n == 0 || (target.p[0] != '/' && !equals_text(target, "*")))
		return BAD_REQUEST;
	out->path = cut(&target, '?');
	out->query = target;
	return HTTP1_DONE;
}

static int
read_request_line(struct view line, struct http1_head *out)
{
	struct view	method = cut(&line, ' ');
	struct view	target = cut(&line, ' ');
	int		rc;

	if (!is_token(method))
		return BAD_REQUEST;
	if (method.n > HTTP1_METHOD_MAX)
		return NOT_IMPLEMENTED;
	memcpy(out->method, method.p, method.n);
	out->method[method.n] = '\0';
	if ((rc = read_version(line, out)) != HTTP1_DONE)
		return rc;
	return read_target(target, out);
}

static int
read_status_line(struct view line, struct http1_head *out)
{
	int	rc = read_version(cut(&line, ' '), out);

	if (rc != HTTP1_DONE)
		return rc;
	if (line.n < 3 || (line.n > 3 && line.p[3] != ' '))
		return BAD_REQUEST;
	for (size_t i = 0; i < 3; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return BAD_REQUEST;
		out->status = out->status * 10 + (line.p[i] - '0');
	}
	return out->status < 100 ? BAD_REQUEST : HTTP1_DONE;
}

static bool
is_field_value(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if ((v.p[i] < ' ' && v.p[i] != '\t') || v.p[i] == 0x7f)
			return false;
	return true;
}

static int
read_fields(struct view head, struct http1_head *out)
{
	struct http1_field	*field;
	struct view		 line;

	for (;;) {
		if (!take_line(&head, &line))
			return BAD_REQUEST;
		if (line.n == 0)
			return HTTP1_DONE;
		if (out->field_count == HTTP1_FIELDS_MAX)
			return TOO_LARGE;
		if (memchr(line.p, ':', line.n) == NULL)
			return BAD_REQUEST;
		field = &out->fields[out->field_count++];
		field->name = cut(&line, ':');
		field->value = trim(line);
		/* A folded line begins with a blank, which is no token. */
		if (!is_token(field->name) || !is_field_value(field->value))
			return BAD_REQUEST;
	}
}

static int
read_length(struct view v, struct http1_head *out)
{
	if (out->has_length || v.n == 0 || v.n > HTTP1_LENGTH_DIGITS)
		return BAD_REQUEST;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return BAD_REQUEST;
		out->length = out->length * 10 + (uint64_t)(v.p[i] - '0');
	}
	out->has_length = true;
	return HTTP1_DONE;
}

static int
read_coding(struct view v, struct http1_head *out)
{
	if (out->chunked || out->minor == 0)
		return BAD_REQUEST;
	if (!equals_text(v, "chunked"))
		return NOT_IMPLEMENTED;
	out->chunked = true;
	return HTTP1_DONE;
}

static int
read_expectation(struct view v, struct http1_head *out)
{
	if (!equals_text(v, "100-continue"))
		return EXPECTATION_FAILED;
	out->expects_continue = out->minor > 0;
	return HTTP1_DONE;
}

/* The fields that decide where a message ends and what follows it. */
static int
read_framing(struct http1_head *out, unsigned *hosts)
{
	int	rc = HTTP1_DONE;

	out->keep_alive = out->minor > 0;
	for (size_t i = 0; i < out->field_count && rc == HTTP1_DONE; i++) {
		struct view	name = out->fields[i].name;
		struct view	value = out->fields[i].value;

		if (equals_text(name, "content-length"))
			rc = read_length(value, out);
		else if (equals_text(name, "transfer-encoding"))
			rc = read_coding(value, out);
		else if (equals_text(name, "expect"))
			rc = read_expectation(value, out);
		else if (equals_text(name, "host"))
			(*hosts)++;
		else if (equals_text(name, "connection"))
			out->keep_alive = !http1_has_token(value, "close") &&
			    (out->keep_alive || http1_has_token(value, "keep-alive"));
	}
	if (rc == HTTP1_DONE && out->chunked && out->has_length)
		rc = BAD_REQUEST;
	return rc;
}

/* Find the whole head, empty *out, and take the first line. */
static int
head_begin(struct view in, size_t max, size_t *scanned, struct http1_head *out,
    struct view *head, struct view *line)
{
	size_t	n = head_length(in, scanned);

	if (n == 0)
		return in.n >= max ? TOO_LARGE : HTTP1_MORE;
	if (n > max)
		return TOO_LARGE;
	/* Not the field table: a kilobyte per request for nothing. */
	memset(out, 0, offsetof(struct http1_head, fields));
	out->field_count = 0;
	out->has_length = out->chunked = out->expects_continue = false;
	out->length = 0;
	out->octets = n;
	*head = (struct view){ in.p, n };
	return take_line(head, line) ? HTTP1_DONE : BAD_REQUEST;
}

int
http1_request(struct view in, size_t max, size_t *scanned, struct http1_head *out)
{
	struct view	head, line;
	unsigned	hosts = 0;
	int		rc;

	if ((rc = head_begin(in, max, scanned, out, &head, &line)) != HTTP1_DONE ||
	    (rc = read_request_line(line, out)) != HTTP1_DONE ||
	    (rc = read_fields(head, out)) != HTTP1_DONE ||
	    (rc = read_framing(out, &hosts)) != HTTP1_DONE)
		return rc;
	return hosts > 1 || (out->minor > 0 && hosts == 0) ? BAD_REQUEST : HTTP1_DONE;
}

int
http1_response(struct view in, size_t max, size_t *scanned, struct http1_head *out)
{
	struct view	head, line;
	unsigned	hosts = 0;
	int		rc;

	if ((rc = head_begin(in, max, scanned, out, &head, &line)) != HTTP1_DONE ||
	    (rc = read_status_line(line, out)) != HTTP1_DONE ||
	    (rc = read_fields(head, out)) != HTTP1_DONE)
		return rc;
	return read_framing(out, &hosts);
}

enum chunk_state {
	CHUNK_SIZE = 0,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER_START,
	CHUNK_TRAILER,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_END,
	CHUNK_BAD,
};

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
chunk_size(struct http1_chunks *c, uint8_t b)
{
	int	d = hex_digit(b);

	if (d >= 0) {
		c->left = c->left * 16 + (uint64_t)d;
		return ++c->digits > CHUNK_DIGITS_MAX ? CHUNK_BAD : CHUNK_SIZE;
	}
	if (c->digits == 0)
		return CHUNK_BAD;
	if (b == '\r')
		return CHUNK_SIZE_LF;
	return b == ';' || is_blank(b) ? CHUNK_EXTENSION : CHUNK_BAD;
}

static int
chunk_size_done(struct http1_chunks *c, uint8_t b)
{
	if (b != '\n')
		return CHUNK_BAD;
	c->line = 0;
	c->digits = 0;
	return c->left == 0 ? CHUNK_TRAILER_START : CHUNK_DATA;
}

static int
chunk_data_done(struct http1_chunks *c, uint8_t b)
{
	c->line = 0;
	return b == '\n' ? CHUNK_SIZE : CHUNK_BAD;
}

/* Everything but the data itself, an octet at a time. */
static int
chunk_step(struct http1_chunks *c, uint8_t b)
{
	unsigned	max = c->state >= CHUNK_TRAILER_START ?
	    CHUNK_TRAILER_MAX : CHUNK_LINE_MAX;

	if (++c->line > max)
		return CHUNK_BAD;
	switch ((enum chunk_state)c->state) {
	case CHUNK_SIZE:
		return chunk_size(c, b);
	case CHUNK_EXTENSION:
		return b == '\r' ? CHUNK_SIZE_LF : b == '\n' ? CHUNK_BAD : CHUNK_EXTENSION;
	case CHUNK_SIZE_LF:
		return chunk_size_done(c, b);
	case CHUNK_DATA_CR:
		return b == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
	case CHUNK_DATA_LF:
		return chunk_data_done(c, b);
	case CHUNK_TRAILER_START:
		return b == '\r' ? CHUNK_LAST_LF : b == '\n' ? CHUNK_BAD : CHUNK_TRAILER;
	case CHUNK_TRAILER:
		return b == '\r' ? CHUNK_TRAILER_LF : b == '\n' ? CHUNK_BAD : CHUNK_TRAILER;
	case CHUNK_TRAILER_LF:
		return b == '\n' ? CHUNK_TRAILER_START : CHUNK_BAD;
	case CHUNK_LAST_LF:
		return b == '\n' ? CHUNK_END : CHUNK_BAD;
	case CHUNK_DATA:
	case CHUNK_END:
	case CHUNK_BAD:
		break;
	}
	return CHUNK_BAD;
}

/* Move what of the present chunk is here to p + *made. */
static void
chunk_data(struct http1_chunks *c, uint8_t *p, size_t n, size_t *used, size_t *made)
{
	size_t	take = n - *used;

	if (take > c->left)
		take = (size_t)c->left;
	memmove(p + *made, p + *used, take);
	*made += take;
	*used += take;
	c->left -= take;
	if (c->left == 0)
		c->state = CHUNK_DATA_CR;
}

int
http1_chunks(struct http1_chunks *c, uint8_t *p, size_t n, size_t *used,
    size_t *made)
{
	*used = *made = 0;
	while (*used < n && c->state != CHUNK_END && c->state != CHUNK_BAD) {
		if (c->state == CHUNK_DATA)
			chunk_data(c, p, n, used, made);
		else
			c->state = chunk_step(c, p[(*used)++]);
	}
	if (c->state == CHUNK_BAD)
		return BAD_REQUEST;
	return c->state == CHUNK_END ? HTTP1_DONE : HTTP1_MORE;
}
