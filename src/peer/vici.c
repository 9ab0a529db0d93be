/* SPDX-License-Identifier: Apache-2.0 */
#include "peer/vici.h"

/* ---- writing a message ---- */

static void
put_name(struct buf *b, const char *name)
{
	size_t	n = strlen(name);

	if (n > VICI_NAME_MAX) {
		b->failed = true;
		return;
	}
	buf_add_u8(b, (uint8_t)n);
	buf_add(b, name, n);
}

static void
put_blob(struct buf *b, struct view value)
{
	if (value.n > VICI_VALUE_MAX) {
		b->failed = true;
		return;
	}
	buf_add_be16(b, (uint16_t)value.n);
	buf_add_view(b, value);
}

void
vici_put_section(struct buf *b, const char *name)
{
	buf_add_u8(b, VICI_SECTION_START);
	put_name(b, name);
}

void
vici_put_section_end(struct buf *b)
{
	buf_add_u8(b, VICI_SECTION_END);
}

void
vici_put_value(struct buf *b, const char *key, struct view value)
{
	buf_add_u8(b, VICI_KEY_VALUE);
	put_name(b, key);
	put_blob(b, value);
}

void
vici_put_list(struct buf *b, const char *name)
{
	buf_add_u8(b, VICI_LIST_START);
	put_name(b, name);
}

void
vici_put_item(struct buf *b, struct view value)
{
	buf_add_u8(b, VICI_LIST_ITEM);
	put_blob(b, value);
}

void
vici_put_list_end(struct buf *b)
{
	buf_add_u8(b, VICI_LIST_END);
}

/* ---- reading a message ---- */

/* n octets from the front of v; false when there are fewer. */
static bool
cut(struct view *v, size_t n, struct view *out)
{
	if (v->n < n)
		return false;
	*out = view_of(v->p, n);
	if (n > 0) {
		v->p += n;
		v->n -= n;
	}
	return true;
}

static bool
cut_name(struct view *v, struct view *out)
{
	struct view	length;

	return cut(v, 1, &length) && cut(v, length.p[0], out);
}

static bool
cut_blob(struct view *v, struct view *out)
{
	struct view	length;

	return cut(v, 2, &length) &&
	    cut(v, (size_t)length.p[0] << 8 | length.p[1], out);
}

void
vici_read(struct vici_reader *r, struct view message)
{
	*r = (struct vici_reader){ .left = message };
}

static bool
message_end(const struct vici_reader *r, struct fault *f)
{
	if (r->in_list || r->depth > 0)
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "message ends inside a %s",
		    r->in_list ? "list" : "section");
	return true;
}

/* Where may each element stand, and what does it carry? */
static const struct {
	bool	 in_list;
	bool	 name, value;
} elements[] = {
	[VICI_SECTION_START] =	{ false, true,  false },
	[VICI_SECTION_END] =	{ false, false, false },
	[VICI_KEY_VALUE] =	{ false, true,  true },
	[VICI_LIST_START] =	{ false, true,  false },
	[VICI_LIST_ITEM] =	{ true,  false, true },
	[VICI_LIST_END] =	{ true,  false, false },
};

/* Open and close; false where the nesting breaks. */
static bool
nest(struct vici_reader *r, enum vici_element element)
{
	switch (element) {
	case VICI_SECTION_START:
		return r->depth < VICI_DEPTH_MAX && ++r->depth > 0;
	case VICI_SECTION_END:
		return r->depth > 0 && r->depth-- > 0;
	case VICI_LIST_START:
		r->in_list = true;
		return true;
	case VICI_LIST_END:
		r->in_list = false;
		return true;
	default:
		return true;
	}
}

bool
vici_next(struct vici_reader *r, struct vici_item *out, struct fault *f)
{
	struct vici_item	item = { .depth = r->depth };
	struct view		type;

	*out = item;
	if (!cut(&r->left, 1, &type))
		return message_end(r, f);
	if (type.p[0] < VICI_SECTION_START || type.p[0] > VICI_LIST_END)
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "unknown element type %u", type.p[0]);
	item.element = (enum vici_element)type.p[0];
	if (elements[item.element].in_list != r->in_list)
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "element type %u %s a list", type.p[0],
		    r->in_list ? "inside" : "outside");
	if (elements[item.element].name && !cut_name(&r->left, &item.name))
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "a name is longer than what is left");
	if (elements[item.element].value && !cut_blob(&r->left, &item.value))
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "a value is longer than what is left");
	if (!nest(r, item.element))
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "sections are not balanced or nest deeper than %d",
		    VICI_DEPTH_MAX);
	*out = item;
	return true;
}

bool
vici_find(struct view message, const char *key, struct view *value)
{
	struct vici_reader	r;
	struct vici_item	item;

	vici_read(&r, message);
	while (vici_next(&r, &item, NULL) && item.element != VICI_END) {
		if (item.element == VICI_KEY_VALUE && item.depth == 0 &&
		    view_equal(item.name, view_str(key))) {
			*value = item.value;
			return true;
		}
	}
	return false;
}

/* ---- packets ---- */

static bool
type_has_name(uint8_t type)
{
	return type == VICI_CMD_REQUEST || type == VICI_EVENT_REGISTER ||
	    type == VICI_EVENT_UNREGISTER || type == VICI_EVENT;
}

bool
vici_packet_decode(struct view packet, struct vici_head *out, struct fault *f)
{
	struct vici_head	head = { 0 };
	struct view		type;

	if (packet.n > VICI_PACKET_MAX)
		return fault_set(f, FAULT_LIMIT, "vici",
		    "packet of %zu octets, at most %u", packet.n,
		    VICI_PACKET_MAX);
	if (!cut(&packet, 1, &type) || type.p[0] > VICI_EVENT)
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "packet without a known type");
	head.type = (enum vici_packet)type.p[0];
	if (type_has_name(type.p[0]) && !cut_name(&packet, &head.name))
		return fault_set(f, FAULT_MALFORMED, "vici",
		    "packet is shorter than its name");
	head.message = packet;
	*out = head;
	return true;
}

void
vici_packet_put(struct buf *b, enum vici_packet type, const char *name,
    struct view message)
{
	size_t	n = 1 + (name == NULL ? 0 : 1 + strlen(name)) + message.n;

	if (n > VICI_PACKET_MAX) {
		b->failed = true;
		return;
	}
	buf_add_be32(b, (uint32_t)n);
	buf_add_u8(b, (uint8_t)type);
	if (name != NULL)
		put_name(b, name);
	buf_add_view(b, message);
}
