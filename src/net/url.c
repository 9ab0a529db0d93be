/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - RFC 3986, as little of it as we need. */
#include "net/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PORT_DIGITS_MAX	5
#define LABEL_MAX	63	/* RFC 1035, 2.3.4 */

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static bool
is_unreserved(uint8_t c)
{
	return is_alnum(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
bad(struct fault *f, const char *what)
{
	return fault_set(f, FAULT_MALFORMED, "RFC 3986", "not a usable URL: %s", what);
}

/* Take the prefix if v begins with it. */
static bool
skip(struct view *v, const char *prefix)
{
	size_t	n = strlen(prefix);

	if (v->n < n || strncasecmp((const char *)v->p, prefix, n) != 0)
		return false;
	v->p += n;
	v->n -= n;
	return true;
}

/* Take what stands before the first character out of stop. */
static struct view
take_until(struct view *v, const char *stop)
{
	struct view	first = { v->p, 0 };

	/* Not strchr: it finds the end of stop, too. */
	while (first.n < v->n && memchr(stop, v->p[first.n], strlen(stop)) == NULL)
		first.n++;
	v->p += first.n;
	v->n -= first.n;
	return first;
}

static void
copy_lower(char *out, struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		out[i] = (char)(v.p[i] >= 'A' && v.p[i] <= 'Z' ?
		    v.p[i] + ('a' - 'A') : v.p[i]);
	out[v.n] = '\0';
}

/* Letters, digits and hyphens in labels; an IPv4 address looks the same. */
static bool
read_name(struct view host, struct url *out, struct fault *f)
{
	size_t	label = 0;

	if (host.n == 0 || host.n > URL_HOST_MAX)
		return bad(f, "no host, or too long a one");
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == '.') {
			if (label == 0)
				return bad(f, "an empty label in the host");
			label = 0;
		} else if (!is_alnum(host.p[i]) && host.p[i] != '-' &&
		    host.p[i] != '_') {
			return bad(f, "a character that no host has");
		} else if (++label > LABEL_MAX) {
			return bad(f, "too long a label in the host");
		}
	}
	copy_lower(out->host, host);
	return true;
}

/* "[...]": the address itself is judged by whoever connects. */
static bool
read_ipv6(struct view *authority, struct url *out, struct fault *f)
{
	struct view	host;
	unsigned	colons = 0;

	authority->p++;
	authority->n--;
	host = take_until(authority, "]");
	if (authority->n == 0 || host.n < 2 || host.n > 45)
		return bad(f, "a broken IPv6 address");
	for (size_t i = 0; i < host.n; i++) {
		if (hex_value(host.p[i]) < 0 && host.p[i] != ':' && host.p[i] != '.')
			return bad(f, "a broken IPv6 address");
		colons += host.p[i] == ':';
	}
	if (colons < 2)
		return bad(f, "a broken IPv6 address");
	authority->p++;
	authority->n--;
	copy_lower(out->host, host);
	out->ipv6 = true;
	return true;
}

static bool
read_port(struct view v, struct url *out, struct fault *f)
{
	unsigned	port = 0;

	if (v.n == 0) {
		out->port = out->tls ? 443 : 80;
		return true;
	}
	v.p++;			/* the colon */
	v.n--;
	if (v.n == 0 || v.n > PORT_DIGITS_MAX)
		return bad(f, "a broken port");
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return bad(f, "a broken port");
		port = port * 10 + (unsigned)(v.p[i] - '0');
	}
	if (port == 0 || port > 65535)
		return bad(f, "a port out of range");
	out->port = port;
	return true;
}

static bool
read_authority(struct view authority, struct url *out, struct fault *f)
{
	struct view	host;

	if (authority.n > 0 && authority.p[0] == '[') {
		if (!read_ipv6(&authority, out, f))
			return false;
		if (authority.n > 0 && authority.p[0] != ':')
			return bad(f, "something behind the IPv6 address");
		return read_port(authority, out, f);
	}
	host = take_until(&authority, ":");
	return read_name(host, out, f) && read_port(authority, out, f);
}

/* pchar, '/' and '?' (RFC 3986, 3.3 and 3.4), escapes whole. */
static bool
check_octets(struct view v, struct fault *f)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '%') {
			if (v.n - i < 3 || hex_value(v.p[i + 1]) < 0 ||
			    hex_value(v.p[i + 2]) < 0)
				return bad(f, "a broken escape");
			i += 2;
		} else if (!is_unreserved(v.p[i]) &&
		    (v.p[i] == '\0' || strchr("!$&'()*+,;=:@/?", v.p[i]) == NULL)) {
			return bad(f, "a character that must be escaped");
		}
	}
	return true;
}

static void
copy(char *out, struct view v)
{
	if (v.n > 0)
		memcpy(out, v.p, v.n);
	out[v.n] = '\0';
}

bool
url_parse(struct view text, struct url *out, struct fault *f)
{
	struct url	u = { 0 };
	struct view	path;

	if (text.n > URL_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 3986",
		    "a URL of %zu octets", text.n);
	if (skip(&text, "https://"))
		u.tls = true;
	else if (!skip(&text, "http://"))
		return bad(f, "neither http:// nor https://");
	if (!read_authority(take_until(&text, "/?#"), &u, f) ||
	    !check_octets(text, f))
		return false;
	path = take_until(&text, "?");
	copy(u.path, path.n == 0 ? VIEW_LIT("/") : path);
	if (text.n > 0) {
		text.p++;
		text.n--;
	}
	copy(u.query, text);
	*out = u;
	return true;
}

bool
url_at(const struct url *server, const char *path, char *out, size_t n)
{
	int	len = snprintf(out, n, "%s://%s%s%s:%u%s", server->tls ? "https" : "http",
	    server->ipv6 ? "[" : "", server->host, server->ipv6 ? "]" : "", server->port, path);

	return len >= 0 && (size_t)len < n;
}

bool
url_decode(struct view v, struct buf *out, struct fault *f)
{
	int	high, low;

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\0')
			return bad(f, "a zero octet");
		if (v.p[i] != '%') {
			buf_add_u8(out, v.p[i]);
			continue;
		}
		high = v.n - i < 3 ? -1 : hex_value(v.p[i + 1]);
		low = v.n - i < 3 ? -1 : hex_value(v.p[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return bad(f, "a broken escape");
		buf_add_u8(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return buf_check(out, "decoded text", f);
}

void
url_encode(struct view v, struct buf *out)
{
	static const char	digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < v.n; i++) {
		if (is_unreserved(v.p[i])) {
			buf_add_u8(out, v.p[i]);
			continue;
		}
		buf_add_u8(out, '%');
		buf_add_u8(out, (uint8_t)digits[v.p[i] >> 4]);
		buf_add_u8(out, (uint8_t)digits[v.p[i] & 15]);
	}
}

static bool
decode_form(struct view v, struct buf *out, struct fault *f)
{
	struct view	part;

	buf_reset(out);
	while (v.n > 0) {
		part = take_until(&v, "+");
		if (!url_decode(part, out, f))
			return false;
		if (v.n == 0)
			break;
		buf_add_u8(out, ' ');
		v.p++;
		v.n--;
	}
	return buf_check(out, "a query parameter", f);
}

bool
url_query_next(struct view *query, struct buf *name, struct buf *value,
    bool *more, struct fault *f)
{
	struct view	pair, key;

	*more = false;
	while (query->n > 0 && query->p[0] == '&') {
		query->p++;
		query->n--;
	}
	if (query->n == 0)
		return true;
	pair = take_until(query, "&");
	key = take_until(&pair, "=");
	if (pair.n > 0) {
		pair.p++;
		pair.n--;
	}
	*more = true;
	return decode_form(key, name, f) && decode_form(pair, value, f);
}
