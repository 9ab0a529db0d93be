/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "peer/vici.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static volatile unsigned	sink;	/* what is read must be read */

/* Every octet of a name or value must be there to be read. */
static void
touch(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		sink += v.p[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vici_head	head;
	struct vici_reader	r;
	struct vici_item	item;
	struct view		v;
	struct fault		f = { 0 };

	if (!vici_packet_decode(view_of(p, n), &head, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	touch(head.name);
	vici_read(&r, head.message);
	for (;;) {
		if (!vici_next(&r, &item, &f)) {
			if (f.kind == FAULT_NONE)
				abort();
			break;
		}
		if (item.depth > VICI_DEPTH_MAX)
			abort();
		touch(item.name);
		touch(item.value);
		if (item.element == VICI_END)
			break;
	}
	if (vici_find(head.message, "success", &v))
		touch(v);
	return 0;
}
