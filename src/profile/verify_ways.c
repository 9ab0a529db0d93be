/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "profile/verify_parts.h"

/*
 * libcrypto finds one path, and stays with it when it turns out bad.  Every
 * other path does without some intermediate of that one: each of them is left
 * out in turn, as long as judgements are left.
 */
struct search {
	const struct verify_terms	*t;
	struct verify_result		*found;
	unsigned			 left;
	struct fault			*f;
};

/* In the order of the path. */
static size_t
intermediates_used(const struct verify_result *r, struct buf out[PATH_CHAIN_MAX])
{
	size_t	n = 0;

	for (size_t i = 1; i < r->path.n; i++) {
		buf_init(&out[n], r->path.chain[i].n);
		buf_add_view(&out[n], buf_view(&r->path.chain[i]));
		n++;
	}
	return n;
}

static size_t
without(const struct view *list, size_t n, struct view one, struct view out[PATH_CERTS_MAX])
{
	size_t	kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!view_equal(list[i], one))
			out[kept++] = list[i];
	return kept;
}

static bool	other_ways(struct search *s, const struct view *list, size_t n,
		    const struct verify_result *bad, bool *found);

/* The same question with these intermediates, and further if it is refused. */
static bool
ask_again(struct search *s, const struct view *list, size_t n, bool *found)
{
	struct verify_terms	t = *s->t;

	t.intermediates = list;
	t.nintermediates = n;
	s->left--;
	verify_result_clear(s->found);
	if (!verify_one_path(&t, s->found, s->f))
		return false;
	*found = s->found->accepted;
	return *found || other_ways(s, list, n, s->found, found);
}

static bool
other_ways(struct search *s, const struct view *list, size_t n,
    const struct verify_result *bad, bool *found)
{
	struct buf	used[PATH_CHAIN_MAX];
	size_t		nused = intermediates_used(bad, used);
	bool		ok = true;

	for (size_t i = 0; i < nused && ok && !*found && s->left > 0; i++) {
		struct view	fewer[PATH_CERTS_MAX];
		size_t		m = without(list, n, buf_view(&used[i]), fewer);

		if (m < n)
			ok = ask_again(s, fewer, m, found);
	}
	for (size_t i = 0; i < nused; i++)
		buf_clear(&used[i]);
	return ok;
}

/* What is wrong with the first path stays to be read: another verifier may take that one. */
static void
say_other(struct verify_result *to, const struct verify_result *first)
{
	char	text[VERIFY_TEXT_MAX];

	for (size_t i = 0; i < first->n; i++) {
		struct verify_step	what = first->steps[i];

		if (what.mark != VERIFY_FAILED)
			continue;
		what.mark = VERIFY_WARNED;
		snprintf(text, sizeof(text), "by another path it would fail: %.*s",
		    VERIFY_TEXT_MAX / 2, first->steps[i].text);
		verify_say(to, &what, text);
		return;
	}
}

bool
verify_peer(const struct verify_terms *t, struct verify_result *out, struct fault *f)
{
	struct verify_result	*other;
	struct search		 s = { .t = t, .left = VERIFY_PATHS_MAX, .f = f };
	bool			 ok, found = false;

	if (!verify_one_path(t, out, f))
		return false;
	if (out->accepted)
		return true;
	if ((other = calloc(1, sizeof(*other))) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory for a path");
	s.found = other;
	ok = other_ways(&s, t->intermediates, t->nintermediates, out, &found);
	if (ok && found) {
		say_other(other, out);
		verify_result_clear(out);
		*out = *other;
	} else
		verify_result_clear(other);
	free(other);
	return ok;
}
