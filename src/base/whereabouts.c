/* SPDX-License-Identifier: Apache-2.0 */
#include "base/whereabouts.h"

#include <stdlib.h>

#define WHEREABOUTS_MIN	1024	/* slots and numbers at first, a power of two */

static uint64_t
key_of(const uint8_t *hash)
{
	uint64_t	key;

	memcpy(&key, hash, sizeof(key));
	return key;
}

/* The slot of this key, or the free one where it belongs; half of them are free. */
static struct whereabout_slot *
slot_of(struct whereabout_slot *slots, size_t size, uint64_t key)
{
	size_t	i = (size_t)key & (size - 1);

	while (slots[i].last != 0 && slots[i].key != key)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static bool
grow_slots(struct whereabouts *t, struct fault *f)
{
	size_t			 size = t->size == 0 ? WHEREABOUTS_MIN : 2 * t->size;
	struct whereabout_slot	*slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return fault_set(f, FAULT_INTERNAL, NULL, "out of memory");
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].last != 0)
			*slot_of(slots, size, t->slots[i].key) = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

static bool
grow_list(struct whereabouts *t, struct fault *f)
{
	size_t		 room = t->room == 0 ? WHEREABOUTS_MIN : 2 * t->room;
	struct whereabout	*list = realloc(t->list, room * sizeof(*list));

	if (list == NULL)
		return fault_set(f, FAULT_INTERNAL, NULL, "out of memory");
	t->list = list;
	t->room = room;
	return true;
}

bool
whereabouts_add(struct whereabouts *t, const uint8_t *hash, int64_t n, struct fault *f)
{
	struct whereabout_slot	*s;

	if ((2 * (t->used + 1) > t->size && !grow_slots(t, f)) ||
	    (t->n == t->room && !grow_list(t, f)))
		return false;
	s = slot_of(t->slots, t->size, key_of(hash));
	t->used += s->last == 0;
	t->list[t->n++] = (struct whereabout){ n, s->last };
	*s = (struct whereabout_slot){ key_of(hash), t->n };
	return true;
}

int64_t
whereabouts_next(const struct whereabouts *t, const uint8_t *hash, size_t *at)
{
	if (t->size == 0)
		return 0;
	*at = *at == 0 ? slot_of(t->slots, t->size, key_of(hash))->last : t->list[*at - 1].before;
	return *at == 0 ? 0 : t->list[*at - 1].n;
}

void
whereabouts_clear(struct whereabouts *t)
{
	free(t->slots);
	free(t->list);
	*t = (struct whereabouts){ 0 };
}
