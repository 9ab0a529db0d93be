/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/table.h"
#include "base/text.h"

#define CELL_MAX	512	/* octets shown of one cell */

/* Code points: good enough for aligning. */
static size_t
width_of(const char *s)
{
	size_t	n = 0;

	for (; *s != '\0'; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

void
table_init(struct table *t, struct arena *a, const char *const *heads, size_t columns)
{
	*t = (struct table){ .a = a, .columns = columns };
	t->last = &t->first;
	table_add(t, heads);
}

void
table_add(struct table *t, const char *const *cells)
{
	struct table_row	*r = arena_alloc(t->a, sizeof(*r));
	char			 shown[CELL_MAX];

	t->failed |= r == NULL;
	for (size_t i = 0; i < t->columns && !t->failed; i++) {
		size_t	w;

		text_escape(view_str(cells[i] != NULL ? cells[i] : ""), 0, shown, sizeof(shown));
		r->cells[i] = arena_str(t->a, view_str(shown));
		t->failed = r->cells[i] == NULL;
		w = width_of(shown);
		if (w > t->widths[i])
			t->widths[i] = w;
	}
	if (t->failed)
		return;
	*t->last = r;
	t->last = &r->next;
}

bool
table_print(const struct table *t, FILE *to, struct fault *f)
{
	if (t->failed)
		return arena_fault(f);
	for (const struct table_row *r = t->first; r != NULL; r = r->next) {
		size_t	end = t->columns;

		while (end > 1 && r->cells[end - 1][0] == '\0')
			end--;
		for (size_t i = 0; i < end; i++)
			fprintf(to, "%s%*s", r->cells[i],
			    i + 1 == end ? 0 : (int)(t->widths[i] - width_of(r->cells[i]) + 2), "");
		fputc('\n', to);
	}
	return true;
}
