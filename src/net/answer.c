/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - the head of an answer, and whether its body is needed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/server_base.h"

static const struct {
	int		 status;
	const char	*text;
} status_texts[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *
http_status_text(int status)
{
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++)
		if (status_texts[i].status == status)
			return status_texts[i].text;
	return "Unknown";
}

/* IMF-fixdate (RFC 9110, 5.6.7); names of days and months are not localized. */
static void
date_write(int64_t when, char out[HTTP_DATE_OCTETS])
{
	static const char	days[] = "SunMonTueWedThuFriSat";
	static const char	months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm		tm;
	time_t			t = (time_t)when;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099)
		return;
	snprintf(out, HTTP_DATE_OCTETS, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	    days + 3 * tm.tm_wday, (unsigned)tm.tm_mday % 100u,
	    months + 3 * tm.tm_mon, (unsigned)(tm.tm_year + 1900) % 10000u,
	    (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
	    (unsigned)tm.tm_sec % 100u);
}

int64_t
answer_date_parse(struct view v)
{
	char		 text[HTTP_DATE_OCTETS];
	const char	*end;
	struct tm	 tm = { 0 };

	if (v.n == 0 || v.n >= sizeof(text))
		return 0;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return 0;
	return (int64_t)timegm(&tm);
}

/* RFC 9110, 13.1.2: weak comparison, so a W/ in front does not matter. */
static bool
etag_listed(const char *list, const char *etag)
{
	size_t	n;

	if (strncmp(etag, "W/", 2) == 0)
		etag += 2;
	n = strlen(etag);
	if (strcmp(list, "*") == 0)
		return true;
	for (const char *at = list; (at = strstr(at, etag)) != NULL; at += n)
		if (at[n] == '\0' || at[n] == ',' || at[n] == ' ' || at[n] == '\t')
			return true;
	return false;
}

static bool
not_modified(const struct conn *c, const struct http_answer *a)
{
	if (!c->conditional || a->status != 200)
		return false;
	if (c->if_none_match != NULL)
		return a->etag != NULL && etag_listed(c->if_none_match, a->etag);
	return c->if_modified_since > 0 && a->last_modified > 0 &&
	    a->last_modified <= c->if_modified_since;
}

static void
add_field(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_add_str(out, name);
	buf_add_str(out, value);
	buf_add(out, "\r\n", 2);
}

static void
add_number(struct buf *out, const char *name, uint64_t value)
{
	char	 digits[24];
	char	*at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	add_field(out, name, at);
}

static const char *
date_now(struct http_server *s)
{
	int64_t	now = net_loop_now(s->loop);

	if (now != s->date_second) {
		s->date_second = now;
		date_write(now, s->date);
	}
	return s->date;
}

static void
add_connection(struct buf *out, const struct conn *c, bool close)
{
	if (close)
		add_field(out, "Connection: ", "close");
	else if (c->old)
		add_field(out, "Connection: ", "keep-alive");
}

static void
compose(struct conn *c, const struct http_answer *a, int status, bool close,
    struct buf *out)
{
	char	date[HTTP_DATE_OCTETS];
	bool	has_body = status >= 200 && status != 204 && status != 304;

	buf_reset(out);
	add_number(out, "HTTP/1.1 ", (uint64_t)status);
	out->n -= 2;		/* the text is still missing */
	buf_add_u8(out, ' ');
	add_field(out, "", http_status_text(status));
	add_field(out, "Date: ", date_now(c->server));
	if (has_body) {
		add_field(out, "Content-Type: ", a->content_type);
		add_number(out, "Content-Length: ", a->body.n);
	}
	add_field(out, "ETag: ", a->etag);
	if (a->last_modified > 0) {
		date_write(a->last_modified, date);
		add_field(out, "Last-Modified: ", date);
	}
	add_field(out, "Cache-Control: ", a->cache_control);
	if (a->expires > 0) {
		date_write(a->expires, date);
		add_field(out, "Expires: ", date);
	}
	if (a->retry_after > 0)
		add_number(out, "Retry-After: ", a->retry_after);
	if (a->headers != NULL)
		buf_add_str(out, a->headers);
	add_connection(out, c, close);
	buf_add(out, "\r\n", 2);
}

static void
count(struct http_server *s, int status)
{
	int	class = status / 100;

	s->stats.answers[class >= 1 && class <= 5 ? class : 0]++;
}

void
answer_write(struct conn *c, const struct http_answer *a)
{
	struct http_server	*s = c->server;
	bool			 close = a->close || !c->keep_alive || s->stopping;
	int			 status = not_modified(c, a) ? 304 : a->status;
	struct stream_body	 body = { a->body, a->release, a->release_ctx };

	compose(c, a, status, close, &s->out);
	if (c->head_only || status == 204 || status == 304)
		body.octets = VIEW_NONE;
	count(s, status);
	stream_write(c->stream, buf_view(&s->out), &body);
	conn_answered(c, close);
}

void
answer_refuse(struct conn *c, int status, bool close, const char *headers)
{
	struct http_answer	a = { .status = status, .close = close,
	    .headers = headers, .content_type = "text/plain; charset=utf-8",
	    .body = view_str(http_status_text(status)) };

	answer_write(c, &a);
}
