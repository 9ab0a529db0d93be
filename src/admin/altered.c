/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/altered.h"

#include "admin/cancel.h"
#include "base/text.h"

#define RECEIPT_MAX	64	/* octets of one that is shown */

/* How many outcomes of this run it is. */
static size_t
set_cancelled(struct authorization *z, const struct cancelled *c)
{
	char	hex[2 * RECEIPT_MAX + 1] = "";
	size_t	told = 0;

	if (c->receipt.n <= RECEIPT_MAX)
		hex_encode(c->receipt, hex);
	for (size_t i = 0; i < z->n; i++) {
		struct outcome	*o = &z->v[i];

		if (!o->altered || strcmp(o->id, c->id) != 0)
			continue;
		o->status = CVP_FAILED;
		o->code = CVP_TERMS_CONFLICT;
		o->why = arena_printf(z->arena, "granted with less than asked for%s%s, and cancelled "
		    "again%s%s", o->reduced[0] != '\0' ? ": " : "", o->reduced, hex[0] != '\0' ?
		    ", receipt " : "", hex);
		told++;
	}
	return told;
}

bool
altered_give_back(struct authorization *z, struct fault *f)
{
	struct cancelled	*v = arena_array(z->arena, z->inv->n + 1, sizeof(*v));
	size_t			 n = 0, told = 0;

	if (v == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < z->inv->n; i++) {
		const struct known	*k = &z->inv->v[i];

		if (strcmp(k->end, KNOWN_ALTERED) == 0 && strcmp(k->batch, z->b.hex) == 0)
			v[n++] = (struct cancelled){ .id = k->id };
	}
	if (n == 0)
		return true;
	if (!cancel_unused(z->a, z->inv, z->arena, v, n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		told += set_cancelled(z, &v[i]);
	/* What an earlier run was told of a list in pieces is not counted in this one. */
	if (z->v == NULL)
		told = n;
	z->b.granted -= told;
	z->b.failed += told;
	return batch_update(z->a->dir, &z->b, f);
}
