/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "profile/lint.h"
#include "profile/why.h"

#define LITERAL_MIN	8	/* shorter ones would be found in any log */

/* --- patterns ------------------------------------------------------------------------ */

static bool
is_code(const char *says)
{
	return says[0] != '\0' && says[strspn(says, "0123456789")] == '\0';
}

static bool
same_start(struct view line, size_t at, const char *literal, size_t n)
{
	return at + n <= line.n &&
	    strncasecmp((const char *)line.p + at, literal, n) == 0;
}

/* A literal that ends or begins in a word does not match inside a longer one. */
static bool
at_border(struct view line, size_t at)
{
	return at == 0 || at == line.n || !isalnum(line.p[at - 1]) || !isalnum(line.p[at]);
}

static bool
find(struct view line, size_t from, const char *literal, size_t n, size_t *at)
{
	for (*at = from; *at + n <= line.n; (*at)++)
		if (same_start(line, *at, literal, n))
			return true;
	return false;
}

/* The rest of a pattern, from a literal's end on. */
static bool
match_holes(struct view line, size_t at, const char *says, struct why_match *out)
{
	while (*says != '\0') {
		size_t	hole = strcspn(says, "}") + 1, n, next = line.n;

		n = strcspn(says + hole, "{");
		if (n > 0 && !find(line, at, says + hole, n, &next))
			return false;
		if (strncmp(says, "{id}", 4) == 0)
			out->id = view_of(line.p + at, next - at);
		else if (strncmp(says, "{subject}", 9) == 0)
			out->subject = view_of(line.p + at, next - at);
		at = next + n;
		says += hole + n;
	}
	return at_border(line, at);
}

static bool
match_text(struct view line, const char *says, struct why_match *out)
{
	size_t	n = strcspn(says, "{"), at;

	for (size_t from = 0; find(line, from, says, n, &at); from = at + 1) {
		if (at_border(line, at) && match_holes(line, at + n, says + n, out))
			return true;
		if (says[n] != '\0' && at_border(line, at))
			return false;	/* what follows is not there; later neither */
	}
	return false;
}

static struct view
trimmed(struct view line)
{
	while (line.n > 0 && isspace(line.p[0]))
		line = view_of(line.p + 1, line.n - 1);
	while (line.n > 0 && isspace(line.p[line.n - 1]))
		line.n--;
	return line;
}

/* A number is an error only alone in its line, or after the word. */
static bool
match_code(struct view line, const char *says)
{
	size_t	n = strlen(says), at, word;

	if (view_equal(trimmed(line), view_str(says)))
		return true;
	if (!find(line, 0, "error", 5, &word))
		return false;
	for (; find(line, word, says, n, &at); word = at + 1)
		if (at_border(line, at) && at_border(line, at + n))
			return true;
	return false;
}

/*
 * Which pairs of characters a line has, without case.  They rule out nearly all
 * patterns at once: a log of 64 MiB takes a second instead of a minute.
 */
struct pairs {
	uint64_t	bits[64];
};

static unsigned
folded(uint8_t c)
{
	return (c | 0x20u) & 63;	/* upper and lower case fall together */
}

static void
pairs_of(struct view line, struct pairs *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 1; i < line.n; i++)
		out->bits[folded(line.p[i - 1])] |= UINT64_C(1) << folded(line.p[i]);
}

/* Can the line have the pattern's first characters? */
static bool
may_have(const struct pairs *p, const char *says)
{
	for (size_t i = 1; i < LITERAL_MIN && says[i] != '\0' && says[i] != '{'; i++)
		if ((p->bits[folded((uint8_t)says[i - 1])] >> folded((uint8_t)says[i]) & 1) == 0)
			return false;
	return true;
}

bool
why_match(struct view line, struct why_match *out)
{
	struct pairs	pairs;

	if (line.n > WHY_LINE_MAX)
		line.n = WHY_LINE_MAX;
	pairs_of(line, &pairs);
	for (const struct why_row *r = why_rows; r->name != NULL; r++)
		for (size_t i = 0; i < WHY_SAYS_MAX && r->says[i] != NULL; i++) {
			if (!may_have(&pairs, r->says[i]))
				continue;
			*out = (struct why_match){ .row = r };
			if (is_code(r->says[i]) ? match_code(line, r->says[i]) :
			    match_text(line, r->says[i], out))
				return true;
		}
	*out = (struct why_match){ 0 };
	return false;
}

/* --- tables ------------------------------------------------------------------------- */

struct view
why_next_word(struct view *list)
{
	struct view	word;

	while (list->n > 0 && list->p[0] == ' ')
		*list = view_of(list->p + 1, list->n - 1);
	word = view_of(list->p, 0);
	while (word.n < list->n && list->p[word.n] != ' ')
		word.n++;
	*list = view_of(list->p + word.n, list->n - word.n);
	return word;
}

const struct why_cause *
why_cause_find(const struct why_cause *causes, struct view name)
{
	for (; causes->name != NULL; causes++)
		if (view_equal(view_str(causes->name), name))
			return causes;
	return NULL;
}

static bool
is_lint_rule(struct view name)
{
	const struct lint	*rule;

	for (size_t i = 0; (rule = lint_rule(i)) != NULL; i++)
		if (view_equal(view_str(rule->name), name))
			return true;
	return false;
}

static const char *
cause_flaw(const struct why_cause *first, const struct why_cause *c)
{
	struct view	list = view_str(c->shown_by), word;

	if (why_cause_find(first, view_str(c->name)) != c)
		return "is there twice";
	if (c->text == NULL || c->text[0] == '\0' || c->repair == NULL || c->repair[0] == '\0')
		return "has no text or no repair";
	while ((word = why_next_word(&list)).n > 0)
		if (word.n > 2 && word.p[1] == '_' && !is_lint_rule(word))
			return "names a rule that lint does not have";
	return NULL;
}

static const char *
says_flaw(const char *says)
{
	size_t	n = strcspn(says, "{");

	if (is_code(says))
		return NULL;
	if (n < LITERAL_MIN)
		return "begins with too little text";
	while (says[n] != '\0') {
		if (strncmp(says + n, "{}", 2) != 0 && strncmp(says + n, "{id}", 4) != 0 &&
		    strncmp(says + n, "{subject}", 9) != 0)
			return "has a hole of no kind";
		n += strcspn(says + n, "}") + 1;
		if (says[n] == '{')
			return "has two holes side by side";
		n += strcspn(says + n, "{");
	}
	return NULL;
}

static const char *
row_flaw(const struct why_row *rows, const struct why_row *r, const struct why_cause *causes)
{
	struct view	list = view_str(r->causes), word;
	const char	*flaw;
	size_t		n = 0;

	for (const struct why_row *x = rows; x != r; x++)
		if (strcmp(x->name, r->name) == 0)
			return "is there twice";
	if (r->says[0] == NULL || r->meaning == NULL || r->meaning[0] == '\0')
		return "says or means nothing";
	for (size_t i = 0; i < WHY_SAYS_MAX && r->says[i] != NULL; i++)
		if ((flaw = says_flaw(r->says[i])) != NULL)
			return flaw;
	for (; (word = why_next_word(&list)).n > 0; n++)
		if (why_cause_find(causes, word) == NULL)
			return "names a cause that there is not";
	return n == 0 || n > WHY_CAUSES_MAX ? "has no cause, or too many" : NULL;
}

const char *
why_table_flaw(const struct why_row *rows, const struct why_cause *causes, char *out, size_t n)
{
	const char	*flaw;

	for (const struct why_cause *c = causes; c->name != NULL; c++)
		if ((flaw = cause_flaw(causes, c)) != NULL) {
			snprintf(out, n, "cause %s %s", c->name, flaw);
			return out;
		}
	for (const struct why_row *r = rows; r->name != NULL; r++)
		if ((flaw = row_flaw(rows, r, causes)) != NULL) {
			snprintf(out, n, "message %s %s", r->name, flaw);
			return out;
		}
	return NULL;
}

/* --- many lines ------------------------------------------------------------------------ */

void
why_log_init(struct why_log *l, size_t keep)
{
	memset(l, 0, sizeof(*l));
	l->keep = keep < 1 ? 1 : keep > WHY_KEPT_MAX ? WHY_KEPT_MAX : keep;
}

static struct why_seen
take_out(struct why_log *l, size_t i)
{
	struct why_seen	s = l->seen[i];

	memmove(&l->seen[i], &l->seen[i + 1], (l->n - i - 1) * sizeof(s));
	l->n--;
	return s;
}

static bool
same_message(const struct why_match *a, const struct why_match *b)
{
	return a->row == b->row && view_equal(a->id, b->id) &&
	    view_equal(a->subject, b->subject);
}

static void
line_done(struct why_log *l)
{
	struct view		line = view_of(l->part, l->npart);
	struct why_match	m;
	struct why_seen		s = { .count = 0 };

	l->npart = 0;
	l->lines++;
	if (!why_match(line, &m))
		return;
	l->known++;
	for (size_t i = 0; i < l->n; i++)
		if (same_message(&l->seen[i].match, &m)) {
			s = take_out(l, i);
			break;
		}
	free(s.line);
	if ((s.line = strndup((const char *)line.p, line.n)) == NULL) {
		l->failed = true;
		return;
	}
	if (l->n == l->keep)
		free(take_out(l, 0).line);
	if (!why_match(view_str(s.line), &s.match))	/* its views now point into s.line */
		s.match = (struct why_match){ .row = m.row };
	s.number = l->lines;
	s.count++;
	l->seen[l->n++] = s;
}

void
why_log_add(struct why_log *l, struct view piece)
{
	for (size_t i = 0; i < piece.n; i++) {
		if (piece.p[i] == '\n')
			line_done(l);
		else if (l->npart < sizeof(l->part))	/* no NUL: a line is a string later */
			l->part[l->npart++] = piece.p[i] == '\0' ? '?' : (char)piece.p[i];
	}
}

void
why_log_end(struct why_log *l)
{
	if (l->npart > 0)
		line_done(l);
}

void
why_log_clear(struct why_log *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->seen[i].line);
	why_log_init(l, l->keep);
}
