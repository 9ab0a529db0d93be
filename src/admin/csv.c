/* SPDX-License-Identifier: Apache-2.0 */
#include <csv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/csv.h"
#include "base/text.h"
#include "profile/prepare.h"

/* --- problems -------------------------------------------------------------------- */

void
problem_add(struct problems *p, unsigned line, const char *column, const char *fmt, ...)
{
	char	text[FAULT_TEXT_MAX];
	va_list	ap;

	if (p->total++ >= PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->v[p->n] = (struct problem){ line, column, arena_printf(p->a, "%s", text) };
	if (p->v[p->n].text == NULL)
		p->v[p->n].text = "out of memory";
	p->n++;
}

static int
by_line(const void *a, const void *b)
{
	const struct problem	*x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

void
problems_sort(struct problems *p)
{
	qsort(p->v, p->n, sizeof(p->v[0]), by_line);
}

/* --- encoding ----------------------------------------------------------------------- */

/* LF, CR LF, or CR alone, as libcsv has it. */
static bool
ends_line(struct view text, size_t i)
{
	return text.p[i] == '\n' ||
	    (text.p[i] == '\r' && (i + 1 == text.n || text.p[i + 1] != '\n'));
}

/* The line that holds octet at, and which line it is. */
static struct view
line_around(struct view text, size_t at, unsigned *number)
{
	size_t	from = 0, to = at;

	*number = 1;
	for (size_t i = 0; i < at; i++)
		if (ends_line(text, i)) {
			from = i + 1;
			(*number)++;
		}
	while (to < text.n && !ends_line(text, to))
		to++;
	return view_of(text.p + from, to - from);
}

/* Drops a byte order mark; names whatever is not UTF-8. */
static bool
check_encoding(struct view *text, struct problems *p)
{
	struct fault	why = { 0 };
	struct view	line;
	unsigned	number = 0;
	size_t		at;

	if (text_check("the file", text, &why))
		return true;
	if (text->n > 3 && memcmp(text->p, "\xef\xbb\xbf", 3) == 0)
		*text = view_of(text->p + 3, text->n - 3);
	if (!utf8_valid(*text, &at) && text->p[at] != 0 && text->p[0] < 0xfe) {
		line = line_around(*text, at, &number);
		fault_clear(&why);
		if (text_check("the line", &line, &why))
			fault_set(&why, FAULT_MALFORMED, "", "not UTF-8");
	}
	problem_add(p, number, "", "%s", why.text);
	return false;
}

/* --- fields and rows ---------------------------------------------------------------- */

struct reading {
	struct problems	*p;
	bool		(*row)(void *ctx, const struct csv_row *r);
	void		*ctx;
	struct csv_row	 now;
	unsigned	 line;		/* of the octet being read */
	size_t		 rows;
	bool		 stop, memory;
};

static void
end_field(void *field, size_t n, void *ctx)
{
	struct reading	*r = ctx;

	if (r->stop)
		return;
	if (r->now.n == CSV_COLUMNS_MAX) {
		problem_add(r->p, r->now.line, "", "more than %d columns", CSV_COLUMNS_MAX);
		r->stop = true;
	} else if (n > CSV_FIELD_MAX) {
		problem_add(r->p, r->now.line, "", "field %zu has %zu octets, up to %d are taken",
		    r->now.n + 1, n, CSV_FIELD_MAX);
		r->stop = true;
	} else if ((r->now.fields[r->now.n++] = arena_str(r->p->a, view_of(field, n))) == NULL) {
		r->stop = r->memory = true;
	}
}

static void
end_row(int end, void *ctx)
{
	struct reading	*r = ctx;

	(void)end;
	if (r->stop)
		return;
	if (r->rows++ > CSV_ROWS_MAX) {
		problem_add(r->p, r->now.line, "", "more than %d rows: split the file",
		    CSV_ROWS_MAX);
		r->stop = true;
		return;
	}
	r->stop = !r->row(r->ctx, &r->now);
	r->now.n = 0;
	r->now.line = 0;
}

/* Octet by octet, because only so we know the line a field stands in. */
static void
feed(struct csv_parser *parser, struct view text, struct reading *r)
{
	size_t	start = 0;

	for (size_t i = 0; i < text.n && !r->stop; i++) {
		if (r->now.line == 0 && text.p[i] != '\n' && text.p[i] != '\r')
			r->now.line = r->line;
		if (csv_parse(parser, text.p + i, 1, end_field, end_row, r) != 1) {
			if (csv_error(parser) == CSV_EPARSE)
				problem_add(r->p, r->line, "", "a quotation mark inside a field "
				    "at column %zu: quote the whole field and double the mark "
				    "(RFC 4180)", i - start + 1);
			else
				r->memory = true;
			r->stop = true;
		}
		if (ends_line(text, i)) {
			r->line++;
			start = i + 1;
		}
	}
	if (!r->stop && csv_fini(parser, end_field, end_row, r) != 0)
		problem_add(r->p, r->now.line, "", "a quoted field that begins here is never "
		    "closed");
}

bool
csv_read(struct view file, struct problems *p, bool (*row)(void *ctx, const struct csv_row *r),
    void *ctx, struct fault *f)
{
	struct reading		r = { .p = p, .row = row, .ctx = ctx, .line = 1 };
	struct csv_parser	parser;

	if (!check_encoding(&file, p))
		return true;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	feed(&parser, file, &r);
	csv_free(&parser);
	if (r.memory)
		return fault_set(f, FAULT_LIMIT, "", "out of memory at line %u", r.line);
	return true;
}

void
csv_put_field(struct buf *out, const char *text)
{
	if (text[strcspn(text, ",\"\r\n")] == '\0') {
		buf_add_str(out, text);
		return;
	}
	buf_add_u8(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_add_u8(out, '"');
		buf_add_u8(out, (uint8_t)*text);
	}
	buf_add_u8(out, '"');
}
