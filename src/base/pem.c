/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pem.h"

#define DASHES		VIEW_LIT("-----")
#define BEGIN		VIEW_LIT("-----BEGIN ")
#define END		VIEW_LIT("-----END ")

void
pem_reader_init(struct pem_reader *r, struct view text)
{
	*r = (struct pem_reader){ .rest = text };
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* One line without its end (LF, CRLF or CR); *whole is its length with blanks. */
static struct view
take_line(struct pem_reader *r, size_t *whole)
{
	struct view	line = { r->rest.p, 0 };
	size_t		n = 0;

	while (n < r->rest.n && r->rest.p[n] != '\n' && r->rest.p[n] != '\r')
		n++;
	*whole = line.n = n;
	if (n < r->rest.n)
		n += r->rest.p[n] == '\r' && n + 1 < r->rest.n && r->rest.p[n + 1] == '\n' ?
		    2 : 1;
	r->rest = view_of(r->rest.p + n, r->rest.n - n);
	r->line++;
	while (line.n > 0 && is_blank(line.p[line.n - 1]))
		line.n--;
	while (line.n > 0 && is_blank(line.p[0]))
		line = view_of(line.p + 1, line.n - 1);
	return line;
}

/* "-----BEGIN X-----": the X; false for another line. */
static bool
is_boundary(struct view line, struct view what, struct view *label)
{
	if (line.n < what.n + DASHES.n || memcmp(line.p, what.p, what.n) != 0 ||
	    memcmp(line.p + line.n - DASHES.n, DASHES.p, DASHES.n) != 0)
		return false;
	*label = view_of(line.p + what.n, line.n - what.n - DASHES.n);
	return true;
}

/* Up to the END of out's label. */
static bool
take_body(struct pem_reader *r, struct pem_block *out, struct fault *f)
{
	const uint8_t	*start = r->rest.p;
	struct view	 label;
	size_t		 whole;

	while (r->rest.n > 0) {
		const uint8_t	*at = r->rest.p;
		struct view	 line = take_line(r, &whole);

		if (whole > out->longest)
			out->longest = whole;
		if (is_boundary(line, END, &label) && view_equal(label, out->label)) {
			out->body = view_of(start, (size_t)(at - start));
			return true;
		}
	}
	return fault_set(f, FAULT_MALFORMED, "RFC 7468, 2",
	    "the PEM block that begins in line %zu does not end", out->line);
}

bool
pem_next(struct pem_reader *r, struct pem_block *out, bool *found, struct fault *f)
{
	size_t	whole;

	*out = (struct pem_block){ 0 };
	*found = false;
	while (!*found && r->rest.n > 0) {
		*found = is_boundary(take_line(r, &whole), BEGIN, &out->label);
		out->line = r->line;
		out->longest = whole;
	}
	return !*found || take_body(r, out, f);
}
