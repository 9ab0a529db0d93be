/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "pki/rollover.h"

#define FILE_MAX	4096
#define LINE_MAX_OCTETS	80

static const char *const names[ROLLOVER_LINES] = { "ike", "management" };

const char *
ca_line_name(enum ca_line line)
{
	return names[line];
}

void
ca_generation_name(enum ca_line line, uint32_t number, char out[32])
{
	if (number == 1)
		snprintf(out, 32, "%s", names[line]);
	else
		snprintf(out, 32, "%s-%" PRIu32, names[line], number);
}

/* --- reading ----------------------------------------------------------------------- */

static bool
add(struct ca_living *l, uint32_t number, int64_t from, struct fault *f)
{
	const struct ca_generation	*last = l->n > 0 ? &l->list[l->n - 1] : NULL;

	if (l->n == ROLLOVER_LIVING_MAX)
		return fault_set(f, FAULT_LIMIT, "", ROLLOVER_FILE ": more than %d generations of "
		    "one CA", ROLLOVER_LIVING_MAX);
	if (last != NULL && (number <= last->number || from < last->from))
		return fault_set(f, FAULT_MALFORMED, "", ROLLOVER_FILE ": generation %" PRIu32
		    " does not follow generation %" PRIu32, number, last->number);
	l->list[l->n++] = (struct ca_generation){ number, from };
	return true;
}

/* "ike 2 2026-12-03T00:47:30Z" */
static bool
parse_line(const char *text, struct rollover *out, struct fault *f)
{
	char		name[16], number[8], date[32], more;
	int64_t		n, from;

	if (sscanf(text, "%15s %7s %31s %c", name, number, date, &more) != 3)
		return fault_set(f, FAULT_MALFORMED, "", ROLLOVER_FILE ": \"%s\" is not NAME "
		    "GENERATION DATE", text);
	if (!number_parse(ROLLOVER_FILE, number, 1, ROLLOVER_NUMBER_MAX, &n, f))
		return false;
	if (!date_parse(date, &from) || from < 0)
		return fault_set(f, FAULT_MALFORMED, "", ROLLOVER_FILE ": \"%s\" is not a date",
		    date);
	for (size_t i = 0; i < ROLLOVER_LINES; i++)
		if (strcmp(name, names[i]) == 0)
			return add(&out->line[i], (uint32_t)n, from, f);
	return fault_set(f, FAULT_MALFORMED, "", ROLLOVER_FILE ": no CA \"%s\"", name);
}

static bool
next_line(struct view *text, char out[LINE_MAX_OCTETS], struct fault *f)
{
	const uint8_t	*end = memchr(text->p, '\n', text->n);
	size_t		 n = end == NULL ? text->n : (size_t)(end - text->p);

	if (n >= LINE_MAX_OCTETS || memchr(text->p, '\0', n) != NULL)
		return fault_set(f, FAULT_MALFORMED, "", ROLLOVER_FILE ": a line of %zu octets, or "
		    "not text", n);
	memcpy(out, text->p, n);
	out[n] = '\0';
	n += end != NULL;
	*text = view_of(text->p + n, text->n - n);
	return true;
}

bool
rollover_parse(struct view text, struct rollover *out, struct fault *f)
{
	struct rollover	r = { 0 };
	char		line[LINE_MAX_OCTETS];

	while (text.n > 0) {
		if (!next_line(&text, line, f))
			return false;
		if (line[0] != '#' && line[0] != '\0' && !parse_line(line, &r, f))
			return false;
	}
	for (size_t i = 0; i < ROLLOVER_LINES; i++)
		if (r.line[i].n == 0)
			r.line[i] = (struct ca_living){ { { 1, 0 } }, 1 };
	*out = r;
	return true;
}

bool
rollover_read(const struct pki_config *c, struct rollover *out, struct fault *f)
{
	char		path[CONFIG_PATH_MAX];
	struct buf	text;
	bool		ok;

	buf_init(&text, FILE_MAX);
	ok = config_path(c, ROLLOVER_FILE, path, sizeof(path), f) &&
	    (!file_exists(path) || file_read(path, &text, f)) &&
	    rollover_parse(buf_view(&text), out, f);
	buf_clear(&text);
	return ok;
}

/* --- writing ----------------------------------------------------------------------- */

void
rollover_text(const struct rollover *r, struct buf *out)
{
	char	date[32];

	buf_add_str(out, "# living generations of the issuing CAs, and from when each issues\n");
	for (size_t i = 0; i < ROLLOVER_LINES; i++)
		for (size_t j = 0; j < r->line[i].n; j++) {
			date_format(r->line[i].list[j].from, date);
			buf_addf(out, "%s %" PRIu32 " %s\n", names[i], r->line[i].list[j].number,
			    date);
		}
}

bool
rollover_write(const struct pki_config *c, const struct rollover *r, struct fault *f)
{
	char		path[CONFIG_PATH_MAX];
	struct buf	text;
	bool		ok;

	buf_init(&text, FILE_MAX);
	rollover_text(r, &text);
	ok = buf_check(&text, ROLLOVER_FILE, f) &&
	    config_path(c, ROLLOVER_FILE, path, sizeof(path), f) &&
	    file_write(path, buf_view(&text), 0644, f);
	buf_clear(&text);
	return ok;
}

bool
rollover_equal(const struct rollover *a, const struct rollover *b)
{
	for (size_t i = 0; i < ROLLOVER_LINES; i++) {
		if (a->line[i].n != b->line[i].n)
			return false;
		for (size_t j = 0; j < a->line[i].n; j++)
			if (a->line[i].list[j].number != b->line[i].list[j].number ||
			    a->line[i].list[j].from != b->line[i].list[j].from)
				return false;
	}
	return true;
}
