/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "message/ticket.h"

#define RULE		"pki4ipsec-ticket(5)"
#define FIRST_LINE	"pki4ipsec-ticket: 1"
#define URI_START	"pki4ipsec:1?"
#define ANCHOR_PREFIX	"sha256:"

/* The keys whose value is plain text, in the order they are written. */
static const struct text_key {
	const char	*name;
	size_t		 at, size;
	bool		 required;
} text_keys[] = {
#define KEY(name, field, required) \
	{ name, offsetof(struct ticket, field), sizeof(((struct ticket *)0)->field), required }
	KEY("url", url, true),
	KEY("id", id, true),
	KEY("token", token, true),
	KEY("template", template, true),
	KEY("key", key, true),
	KEY("label", label, false),
	KEY("address", address, false),
	KEY("subnets", subnets, false),
	KEY("renew-key", renew_key, false),
#undef KEY
};
#define TEXT_KEYS	(sizeof(text_keys) / sizeof(text_keys[0]))

static const struct peer_key {
	const char	*name;
	size_t		 at, size;
} peer_keys[] = {
#define KEY(name, field) \
	{ name, offsetof(struct ticket_peer, field), sizeof(((struct ticket_peer *)0)->field) }
	KEY("name", name),
	KEY("id", id),
	KEY("address", address),
	KEY("subnets", subnets),
#undef KEY
};
#define PEER_KEYS	(sizeof(peer_keys) / sizeof(peer_keys[0]))

void
ticket_clear(struct ticket *t)
{
	free(t->peers);
	secret_wipe(t, sizeof(*t));
}

static bool
is_plain(struct view v)
{
	size_t	at;

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			return false;
	return utf8_valid(v, &at);
}

static bool
set_text(char *out, size_t size, const char *key, struct view value, struct fault *f)
{
	if (value.n >= size)
		return fault_set(f, FAULT_LIMIT, RULE, "%s is %zu octets, up to %zu are taken",
		    key, value.n, size - 1);
	if (!is_plain(value))
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "%s holds control characters or is not UTF-8", key);
	if (value.n > 0)
		memcpy(out, value.p, value.n);
	out[value.n] = '\0';
	return true;
}

static bool
set_anchor(struct ticket *t, struct view value, struct fault *f)
{
	size_t	n = sizeof(ANCHOR_PREFIX) - 1, got = 0;
	char	hex[65];

	if (value.n == n + 64 && memcmp(value.p, ANCHOR_PREFIX, n) == 0) {
		memcpy(hex, value.p + n, 64);
		hex[64] = '\0';
		if (hex_decode(hex, t->anchor, sizeof(t->anchor), &got) && got == 32)
			return true;
	}
	return fault_set(f, FAULT_MALFORMED, RULE,
	    "anchor is not \"sha256:\" and 64 hexadecimal digits");
}

static bool
add_identity(struct ticket *t, struct view value, struct fault *f)
{
	if (t->n_identities == TICKET_IDENTITIES_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "more than %d identities",
		    TICKET_IDENTITIES_MAX);
	return set_text(t->identities[t->n_identities++], sizeof(t->identities[0]),
	    "identity", value, f);
}

/* One "key=value" word of a peer line. */
static bool
set_peer_word(struct ticket_peer *p, struct view word, struct fault *f)
{
	for (size_t i = 0; i < PEER_KEYS; i++) {
		size_t	n = strlen(peer_keys[i].name);

		if (word.n > n && word.p[n] == '=' && memcmp(word.p, peer_keys[i].name, n) == 0)
			return set_text((char *)p + peer_keys[i].at, peer_keys[i].size,
			    peer_keys[i].name, view_of(word.p + n + 1, word.n - n - 1), f);
	}
	return fault_set(f, FAULT_MALFORMED, RULE, "peer: \"%.*s\" is none of name=, id=, "
	    "address=, subnets=", (int)(word.n < 40 ? word.n : 40), (const char *)word.p);
}

static bool
add_peer(struct ticket *t, struct view value, struct fault *f)
{
	struct ticket_peer	*more, *p;

	if (t->n_peers == TICKET_PEERS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "more than %d peers", TICKET_PEERS_MAX);
	more = realloc(t->peers, (t->n_peers + 1) * sizeof(*more));
	if (more == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	t->peers = more;
	p = &more[t->n_peers++];
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < value.n;) {
		size_t	from = i;

		while (i < value.n && value.p[i] != ' ')
			i++;
		if (i > from && !set_peer_word(p, view_of(value.p + from, i - from), f))
			return false;
		i++;
	}
	if (p->name[0] == '\0' || p->id[0] == '\0')
		return fault_set(f, FAULT_MALFORMED, RULE, "peer: without name= or id=");
	return true;
}

static bool
set_not_after(struct ticket *t, struct view value, struct fault *f)
{
	char	text[40];

	if (value.n > 0 && value.n < sizeof(text)) {
		memcpy(text, value.p, value.n);
		text[value.n] = '\0';
		if (date_parse(text, &t->not_after))
			return true;
	}
	return fault_set(f, FAULT_MALFORMED, RULE,
	    "not-after is not a date like 2026-12-31T00:00:00Z");
}

/* "33%" */
static bool
set_percent(struct ticket *t, struct view value, struct fault *f)
{
	unsigned	n = 0;

	for (size_t i = 0; i < value.n && i < 3 && value.p[i] >= '0' && value.p[i] <= '9'; i++)
		n = n * 10 + (unsigned)(value.p[i] - '0');
	if (n == 0 || n > 100 || value.p[value.n - 1] != '%' || value.n > 4 ||
	    value.n != (size_t)(n > 99 ? 4 : n > 9 ? 3 : 2))
		return fault_set(f, FAULT_MALFORMED, RULE, "renew-last is not 1%% ... 100%%");
	t->renew_percent = n;
	return true;
}

static bool
key_is(struct view key, const char *name)
{
	return view_equal(key, view_str(name));
}

static bool
set_key(struct ticket *t, struct view key, struct view value, struct fault *f)
{
	if (key_is(key, "anchor"))
		return set_anchor(t, value, f);
	if (key_is(key, "identity"))
		return add_identity(t, value, f);
	if (key_is(key, "peer"))
		return add_peer(t, value, f);
	if (key_is(key, "not-after"))
		return set_not_after(t, value, f);
	if (key_is(key, "renew-last"))
		return set_percent(t, value, f);
	for (size_t i = 0; i < TEXT_KEYS; i++) {
		char	*out = (char *)t + text_keys[i].at;

		if (!key_is(key, text_keys[i].name))
			continue;
		if (out[0] != '\0')
			return fault_set(f, FAULT_MALFORMED, RULE, "%s stands twice",
			    text_keys[i].name);
		return set_text(out, text_keys[i].size, text_keys[i].name, value, f);
	}
	return fault_set(f, FAULT_MALFORMED, RULE, "unknown key \"%.*s\"",
	    (int)(key.n < 40 ? key.n : 40), (const char *)key.p);
}

static struct view
trim(struct view v)
{
	while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
		v.p++, v.n--;
	while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t' || v.p[v.n - 1] == '\r'))
		v.n--;
	return v;
}

static bool
read_line(struct ticket *t, struct view line, unsigned number, struct fault *f)
{
	const uint8_t	*colon;

	line = trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return true;
	colon = memchr(line.p, ':', line.n);
	if (colon == NULL) {
		fault_set(f, FAULT_MALFORMED, RULE, "no colon: want key: value");
	} else {
		struct view	key = view_of(line.p, (size_t)(colon - line.p));
		struct view	value = trim(view_of(colon + 1, line.n - key.n - 1));

		if (set_key(t, trim(key), value, f))
			return true;
	}
	return fault_within(f, "line %u", number);
}

static bool
read_text(struct ticket *t, struct view text, struct fault *f)
{
	unsigned	number = 1;

	for (size_t i = 0; i < text.n; number++) {
		const uint8_t	*nl = memchr(text.p + i, '\n', text.n - i);
		size_t		 end = nl == NULL ? text.n : (size_t)(nl - text.p);
		struct view	 line = view_of(text.p + i, end - i);

		if (number == 1 && !view_equal(trim(line), VIEW_LIT(FIRST_LINE)))
			return fault_set(f, FAULT_MALFORMED, RULE,
			    "line 1 is not \"" FIRST_LINE "\": not a ticket");
		if (number > 1 && !read_line(t, line, number, f))
			return false;
		i = end + 1;
	}
	return true;
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
percent_decode(struct view v, struct buf *out, struct fault *f)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] != '%') {
			buf_add_u8(out, v.p[i]);
			continue;
		}
		if (i + 2 >= v.n + 0 || hex_digit(v.p[i + 1]) < 0 || hex_digit(v.p[i + 2]) < 0)
			return fault_set(f, FAULT_MALFORMED, RULE, "broken %%-escape in the URI");
		buf_add_u8(out, (uint8_t)(hex_digit(v.p[i + 1]) << 4 | hex_digit(v.p[i + 2])));
		i += 2;
	}
	return buf_check(out, "ticket URI", f);
}

static bool
read_uri_word(struct ticket *t, struct view word, struct fault *f)
{
	const uint8_t	*eq = memchr(word.p, '=', word.n);
	struct buf	 value;
	bool		 ok;

	if (eq == NULL)
		return fault_set(f, FAULT_MALFORMED, RULE, "URI: want key=value");
	buf_init(&value, TICKET_FILE_MAX);
	ok = percent_decode(view_of(eq + 1, word.n - (size_t)(eq - word.p) - 1), &value, f) &&
	    set_key(t, view_of(word.p, (size_t)(eq - word.p)), buf_view(&value), f);
	if (value.p != NULL)
		secret_wipe(value.p, value.n);
	buf_clear(&value);
	return ok;
}

static bool
read_uri(struct ticket *t, struct view uri, struct fault *f)
{
	for (size_t i = sizeof(URI_START) - 1; i < uri.n;) {
		size_t	from = i;

		while (i < uri.n && uri.p[i] != '&')
			i++;
		if (!read_uri_word(t, view_of(uri.p + from, i - from), f))
			return false;
		i++;
	}
	return true;
}

bool
ticket_check(const struct ticket *t, struct fault *f)
{
	static const uint8_t	none[32];

	for (size_t i = 0; i < TEXT_KEYS; i++)
		if (text_keys[i].required && ((const char *)t)[text_keys[i].at] == '\0')
			return fault_set(f, FAULT_MALFORMED, RULE, "%s is missing",
			    text_keys[i].name);
	if (t->renew_key[0] != '\0' && strcmp(t->renew_key, "new") != 0 &&
	    strcmp(t->renew_key, "same") != 0 && strcmp(t->renew_key, "either") != 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "renew-key \"%s\" is none of new, same, either", t->renew_key);
	if (memcmp(t->anchor, none, sizeof(none)) == 0)
		return fault_set(f, FAULT_MALFORMED, RULE, "anchor is missing");
	if (strncmp(t->url, "http://", 7) != 0 && strncmp(t->url, "https://", 8) != 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "url \"%s\" begins neither with http:// nor with https://", t->url);
	return true;
}

bool
ticket_read(struct view text, struct ticket *out, struct fault *f)
{
	struct ticket	t = { 0 };
	bool		ok;

	if (text.n > TICKET_FILE_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "%zu octets, up to %u are taken",
		    text.n, TICKET_FILE_MAX);
	if (text.n >= sizeof(URI_START) - 1 &&
	    memcmp(text.p, URI_START, sizeof(URI_START) - 1) == 0) {
		while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
			text.n--;
		ok = read_uri(&t, text, f);
	} else
		ok = read_text(&t, text, f);
	if (!ok || !ticket_check(&t, f)) {
		ticket_clear(&t);
		return false;
	}
	*out = t;
	return true;
}

/* Each key and value in the order of the file. */
static void
each(const struct ticket *t, void (*put)(void *ctx, const char *key, const char *value),
    void *ctx)
{
	char	text[2048], hex[65];

	for (size_t i = 0; i < TEXT_KEYS; i++) {
		const char	*v = (const char *)t + text_keys[i].at;

		if (v[0] != '\0')
			put(ctx, text_keys[i].name, v);
	}
	hex_encode(view_of(t->anchor, sizeof(t->anchor)), hex);
	snprintf(text, sizeof(text), ANCHOR_PREFIX "%s", hex);
	put(ctx, "anchor", text);
	for (size_t i = 0; i < t->n_identities; i++)
		put(ctx, "identity", t->identities[i]);
	if (t->not_after != 0) {
		date_format(t->not_after, text);
		put(ctx, "not-after", text);
	}
	if (t->renew_percent != 0) {
		snprintf(text, sizeof(text), "%u%%", t->renew_percent);
		put(ctx, "renew-last", text);
	}
	for (size_t i = 0; i < t->n_peers; i++) {
		const struct ticket_peer *p = &t->peers[i];

		snprintf(text, sizeof(text), "name=%s id=%s%s%s%s%s", p->name, p->id,
		    p->address[0] != '\0' ? " address=" : "", p->address,
		    p->subnets[0] != '\0' ? " subnets=" : "", p->subnets);
		put(ctx, "peer", text);
	}
}

static void
put_line(void *ctx, const char *key, const char *value)
{
	buf_addf(ctx, "%s: %s\n", key, value);
}

void
ticket_write(const struct ticket *t, struct buf *out)
{
	buf_add_str(out, FIRST_LINE "\n");
	each(t, put_line, out);
}

static void
put_word(void *ctx, const char *key, const char *value)
{
	struct buf	*out = ctx;

	if (out->n > 0 && out->p[out->n - 1] != '?')
		buf_add_u8(out, '&');
	buf_addf(out, "%s=", key);
	for (; *value != '\0'; value++) {
		uint8_t	c = (uint8_t)*value;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    strchr("-._~:/,", c) != NULL)
			buf_add_u8(out, c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

void
ticket_write_uri(const struct ticket *t, struct buf *out)
{
	buf_add_str(out, URI_START);
	each(t, put_word, out);
}
