/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ber.h"
#include "codec/der.h"

#define RULE			"X.690, 8"
#define CONSTRUCTED		0x20
#define LENGTH_OCTETS_MAX	8	/* padded ones included */
#define VALUE_OCTETS_MAX	0xffffffffu

enum outcome { OUTCOME_BAD = 0, OUTCOME_MORE, OUTCOME_DONE };

/* Identifier and length of one value. */
struct head {
	uint8_t	tag;
	bool	indefinite;
	bool	minimal;
	size_t	octets;
	size_t	length;		/* of the content, when definite */
};

static enum outcome
read_head(struct view in, struct head *h, const char **why)
{
	size_t	octets, i;

	if (in.n < 2)
		return OUTCOME_MORE;
	*h = (struct head){ .tag = in.p[0], .minimal = true, .octets = 2 };
	*why = "a tag number above 30";
	if ((h->tag & 0x1f) == 0x1f)
		return OUTCOME_BAD;
	if (in.p[1] == 0x80) {
		*why = "a primitive value of indefinite length";
		h->indefinite = true;
		return h->tag & CONSTRUCTED ? OUTCOME_DONE : OUTCOME_BAD;
	}
	if (in.p[1] < 0x80) {
		h->length = in.p[1];
		return OUTCOME_DONE;
	}
	octets = in.p[1] & 0x7f;
	*why = "a length beyond all limits";
	if (octets > LENGTH_OCTETS_MAX)
		return OUTCOME_BAD;
	if (in.n - 2 < octets)
		return OUTCOME_MORE;
	for (i = 0; i < octets; i++) {
		if (h->length > VALUE_OCTETS_MAX >> 8)
			return OUTCOME_BAD;
		h->length = h->length << 8 | in.p[2 + i];
	}
	h->minimal = in.p[2] != 0 && h->length >= 0x80;
	h->octets += octets;
	return OUTCOME_DONE;
}

static bool
is_end(struct view in)
{
	return in.n >= 2 && in.p[0] == 0 && in.p[1] == 0;
}

static struct view
after(struct view v, size_t n)
{
	return view_of(v.p + n, v.n - n);
}

/* A universal string type that is constructed: its segments must be joined. */
static bool
is_segmented(uint8_t tag)
{
	return (tag & 0xc0) == 0 && (tag & CONSTRUCTED) != 0 &&
	    tag != DER_SEQUENCE && tag != DER_SET;
}

static bool
definite_level(struct view in, unsigned depth)
{
	struct head	h;
	const char	*why;

	while (in.n > 0) {
		if (read_head(in, &h, &why) != OUTCOME_DONE || h.indefinite ||
		    !h.minimal || h.length > in.n - h.octets ||
		    is_segmented(h.tag) || h.tag == 0)
			return false;
		if ((h.tag & CONSTRUCTED) && (depth == 0 ||
		    !definite_level(view_of(in.p + h.octets, h.length), depth - 1)))
			return false;
		in = after(in, h.octets + h.length);
	}
	return true;
}

bool
ber_is_definite(struct view in)
{
	struct head	h;
	const char	*why;

	return read_head(in, &h, &why) == OUTCOME_DONE && !h.indefinite &&
	    h.length == in.n - h.octets && definite_level(in, BER_DEPTH_MAX);
}

/* Octets of the value at the start of in, whatever it holds. */
static enum outcome
measure(struct view in, unsigned depth, size_t *n, const char **why)
{
	struct head	h;
	size_t		used, one;
	enum outcome	o;

	if ((o = read_head(in, &h, why)) != OUTCOME_DONE)
		return o;
	if (!h.indefinite) {
		*n = h.octets + h.length;
		return *n <= in.n ? OUTCOME_DONE : OUTCOME_MORE;
	}
	*why = "values nested too deep";
	if (depth == 0)
		return OUTCOME_BAD;
	for (used = h.octets; !is_end(after(in, used)); used += one) {
		o = measure(after(in, used), depth - 1, &one, why);
		if (o != OUTCOME_DONE)
			return o;
	}
	*n = used + 2;
	return OUTCOME_DONE;
}

bool
ber_length(struct view in, size_t *n, struct fault *f)
{
	const char	*why = "";

	*n = 0;
	switch (measure(in, BER_DEPTH_MAX, n, &why)) {
	case OUTCOME_DONE:
		return true;
	case OUTCOME_MORE:
		*n = 0;
		return true;
	case OUTCOME_BAD:
		break;
	}
	*n = 0;
	return fault_set(f, FAULT_MALFORMED, RULE, "%s", why);
}

struct converter {
	const uint8_t	*start;
	struct buf	*out;
	struct fault	*f;
};

static bool
bad(const struct converter *c, struct view at, const char *why)
{
	fault_set(c->f, FAULT_MALFORMED, RULE, "%s at offset %zu", why,
	    at.n == 0 ? 0 : (size_t)(at.p - c->start));
	return false;
}

/* Identifier and length at in, the length checked against what is there. */
static bool
take_head(struct converter *c, struct view in, struct head *h)
{
	const char	*why = "";

	switch (read_head(in, h, &why)) {
	case OUTCOME_BAD:
		return bad(c, in, why);
	case OUTCOME_MORE:
		return bad(c, in, "a value is cut off");
	case OUTCOME_DONE:
		break;
	}
	if (h->tag == 0)
		return bad(c, in, "an unexpected end-of-contents");
	if (!h->indefinite && h->length > in.n - h->octets)
		return bad(c, in, "a length past the end");
	return true;
}

/* What a constructed value holds: up to its length, or to the end-of-contents. */
struct inside {
	struct view	left;
	bool		indefinite;
	size_t		used;
};

static struct inside
enter(struct view in, const struct head *h)
{
	struct inside	i = { .indefinite = h->indefinite, .used = h->octets };

	i.left = h->indefinite ? after(in, h->octets) :
	    view_of(in.p + h->octets, h->length);
	return i;
}

static bool
inside_has_more(struct inside *i)
{
	if (!i->indefinite)
		return i->left.n > 0;
	if (!is_end(i->left))
		return true;
	i->used += 2;
	return false;
}

static void
inside_skip(struct inside *i, size_t n)
{
	i->left = after(i->left, n);
	i->used += n;
}

/*
 * Append the content of a string in segments.  Of a BIT STRING's unused-bits
 * octets only that of the last segment counts and may be other than zero.
 */
static bool
join(struct converter *c, struct view in, uint8_t primitive, unsigned depth,
    size_t unused_at, size_t *used)
{
	struct head	h;
	struct inside	i;
	struct view	content;
	size_t		one = 0;

	if (!take_head(c, in, &h))
		return false;
	if (h.tag == primitive) {
		content = view_of(in.p + h.octets, h.length);
		*used = h.octets + h.length;
		if (primitive == DER_BIT_STRING) {
			if (content.n == 0 || content.p[0] > 7 ||
			    c->out->p[unused_at] != 0)
				return bad(c, in, "a segment of a BIT STRING");
			c->out->p[unused_at] = content.p[0];
			content = after(content, 1);
		}
		buf_add_view(c->out, content);
		return buf_check(c->out, "message", c->f);
	}
	if (h.tag != (primitive | CONSTRUCTED) || depth == 0)
		return bad(c, in, "a segment that does not belong to its string");
	for (i = enter(in, &h); inside_has_more(&i); inside_skip(&i, one))
		if (!join(c, i.left, primitive, depth - 1, unused_at, &one))
			return false;
	*used = i.used;
	return true;
}

static bool
convert_string(struct converter *c, struct view in, uint8_t tag, size_t *used)
{
	uint8_t	primitive = tag & (uint8_t)~CONSTRUCTED;
	size_t	mark, unused_at;

	if (primitive != DER_OCTET_STRING && primitive != DER_BIT_STRING)
		return bad(c, in, "a string in segments");
	mark = der_begin(c->out, primitive);
	unused_at = c->out->n;
	if (primitive == DER_BIT_STRING)
		buf_add_u8(c->out, 0);
	if (!buf_check(c->out, "message", c->f) ||
	    !join(c, in, primitive, BER_SEGMENT_DEPTH_MAX, unused_at, used))
		return false;
	der_close(c->out, mark);
	return buf_check(c->out, "message", c->f);
}

static bool
convert(struct converter *c, struct view in, unsigned depth, size_t *used)
{
	struct head	h;
	struct inside	i;
	size_t		mark, one = 0;

	if (!take_head(c, in, &h))
		return false;
	if (is_segmented(h.tag))
		return convert_string(c, in, h.tag, used);
	if (!(h.tag & CONSTRUCTED)) {
		der_put(c->out, h.tag, view_of(in.p + h.octets, h.length));
		*used = h.octets + h.length;
		return buf_check(c->out, "message", c->f);
	}
	if (depth == 0) {
		fault_set(c->f, FAULT_LIMIT, RULE, "values nested too deep");
		return false;
	}
	mark = der_begin(c->out, h.tag);
	for (i = enter(in, &h); inside_has_more(&i); inside_skip(&i, one))
		if (!convert(c, i.left, depth - 1, &one))
			return false;
	der_close(c->out, mark);
	*used = i.used;
	return buf_check(c->out, "message", c->f);
}

bool
ber_to_der(struct view in, struct buf *out, struct fault *f)
{
	struct converter	c = { in.p, out, f };
	size_t			used = 0;

	if (!convert(&c, in, BER_DEPTH_MAX, &used))
		return false;
	return used == in.n ||
	    bad(&c, after(in, used), "octets after the message");
}
