/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vici.h - talk to the strongSwan daemon over its control socket.
 *
 * The protocol is the one strongSwan publishes as VICI: packets with a
 * 32-bit length and a type; in them messages, which are trees of sections,
 * key/value pairs and lists of values.
 *
 * The daemon is trusted to say what it holds, not to keep to the format:
 * everything it sends is bounded and decoded with care.
 */
#ifndef PEER_VICI_H
#define PEER_VICI_H

#include "base/buf.h"

#define VICI_PACKET_MAX		(512u << 10)	/* the protocol's own limit */
#define VICI_NAME_MAX		255		/* one length octet */
#define VICI_VALUE_MAX		65535		/* two length octets */
#define VICI_DEPTH_MAX		16		/* sections within sections */
#define VICI_EVENTS_MAX		100000		/* in the answer to one list- command */

/* ---- a message being written; failures stay in the buffer ---- */

void	vici_put_section(struct buf *b, const char *name);
void	vici_put_section_end(struct buf *b);
void	vici_put_value(struct buf *b, const char *key, struct view value);
void	vici_put_list(struct buf *b, const char *name);
void	vici_put_item(struct buf *b, struct view value);
void	vici_put_list_end(struct buf *b);

/* ---- a message being read ---- */

enum vici_element {
	VICI_END = 0,			/* nothing follows, all closed */
	VICI_SECTION_START = 1,
	VICI_SECTION_END = 2,
	VICI_KEY_VALUE = 3,
	VICI_LIST_START = 4,
	VICI_LIST_ITEM = 5,
	VICI_LIST_END = 6,
};

struct vici_item {
	enum vici_element	 element;
	struct view		 name;		/* of a section, value or list */
	struct view		 value;		/* of a key/value or list item */
	unsigned		 depth;		/* sections open around it */
};

struct vici_reader {
	struct view	 left;
	unsigned	 depth;
	bool		 in_list;
};

void	vici_read(struct vici_reader *r, struct view message);
/* One element after the other, balanced and nested as the protocol asks. */
MUST_CHECK bool vici_next(struct vici_reader *r, struct vici_item *out,
    struct fault *f);

/* The value of a key outside any section; false if absent or malformed. */
bool	vici_find(struct view message, const char *key, struct view *value);

/* ---- packets, for the client and its tests ---- */

enum vici_packet {
	VICI_CMD_REQUEST = 0,
	VICI_CMD_RESPONSE = 1,
	VICI_CMD_UNKNOWN = 2,
	VICI_EVENT_REGISTER = 3,
	VICI_EVENT_UNREGISTER = 4,
	VICI_EVENT_CONFIRM = 5,
	VICI_EVENT_UNKNOWN = 6,
	VICI_EVENT = 7,
};

struct vici_head {
	enum vici_packet type;
	struct view	 name;		/* of those types that carry one */
	struct view	 message;
};

/* One packet without its length octets. */
MUST_CHECK bool vici_packet_decode(struct view packet, struct vici_head *out,
    struct fault *f);
/* Length octets, type, name (may be NULL) and message. */
void	vici_packet_put(struct buf *b, enum vici_packet type, const char *name,
	    struct view message);

/* ---- the client ---- */

struct vici;

/*
 * uri is unix:///path.  FAULT_BUSY when nobody listens there.  No call waits
 * longer than timeout_ms for the daemon.
 */
struct vici *vici_open(const char *uri, int timeout_ms, struct fault *f);
void	vici_close(struct vici *v);		/* accepts NULL */

/*
 * Run a command.  The answer's message is appended to reply, which may be
 * NULL.  FAULT_REFUSED with the daemon's words when it says success = no.
 */
MUST_CHECK bool vici_call(struct vici *v, const char *command,
    struct view message, struct buf *reply, struct fault *f);

/*
 * Run a list- command; each is called with every event's message.  When it
 * fails the rest of the answer is still under way: close the connection.
 */
typedef bool vici_each(void *ctx, struct view message, struct fault *f);
MUST_CHECK bool vici_stream(struct vici *v, const char *command,
    const char *event, struct view message, vici_each *each, void *ctx,
    struct fault *f);

#endif
