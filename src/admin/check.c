/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/check.h"

#include <string.h>

#define PROBLEMS_OF_ONE	64	/* classes that one holder can be in */

bool
check_init(struct check *c, struct arena *a, struct fault *f)
{
	*c = (struct check){ .a = a,
		.v = arena_array(a, CHECK_CLASSES_MAX, sizeof(struct check_class)) };
	return c->v != NULL || arena_fault(f);
}

struct judging {
	struct check		*c;
	const struct pair_view	*v;
	const char		*scope;
	uint16_t		 classes[PROBLEMS_OF_ONE];
	size_t			 n;
	enum lint_severity	 worst;
	bool			 memory;
};

static unsigned
seen_by(const struct judging *g, const struct pair_problem *p)
{
	return p->own || p->everybody ? 0 : g->v->seen_by;
}

static bool
is_class(const struct check_class *k, const struct judging *g, const struct pair_problem *p)
{
	return strcmp(k->name, p->name) == 0 && k->severity == p->severity && k->own == p->own &&
	    k->on == g->v->on && k->seen_by == seen_by(g, p) &&
	    strcmp(k->repair, p->repair) == 0 && strcmp(k->scope, g->scope) == 0;
}

static const char *
copy(struct judging *g, const char *text)
{
	const char	*s = arena_str(g->c->a, view_str(text));

	g->memory |= s == NULL;
	return s != NULL ? s : "";
}

static void
add_class(struct judging *g, const struct pair_problem *p)
{
	g->c->v[g->c->n++] = (struct check_class){
		.name = copy(g, p->name), .source = copy(g, p->source), .detail = copy(g, p->detail),
		.consequence = copy(g, p->consequence), .repair = copy(g, p->repair),
		.severity = p->severity, .own = p->own, .on = g->v->on,
		.seen_by = seen_by(g, p), .scope = g->scope, .holder = "",
		.judge = "",
	};
}

static void
found(void *ctx, const struct pair_problem *p)
{
	struct judging	*g = ctx;
	size_t		 i = 0;

	if (p->severity > g->worst)
		g->worst = p->severity;
	while (i < g->c->n && !is_class(&g->c->v[i], g, p))
		i++;
	if (i == CHECK_CLASSES_MAX || g->n == PROBLEMS_OF_ONE) {
		g->c->lost++;
		return;
	}
	if (i == g->c->n)
		add_class(g, p);
	for (size_t k = 0; k < g->n; k++)
		if (g->classes[k] == i)
			return;
	g->classes[g->n++] = (uint16_t)i;
}

static bool
keep(const struct judging *g, struct check_verdict *out, struct fault *f)
{
	*out = (struct check_verdict){ .known = true, .worst = g->worst, .n = g->n,
		.classes = arena_array(g->c->a, g->n + 1, sizeof(*out->classes)) };
	if (g->memory || out->classes == NULL)
		return arena_fault(f);
	memcpy(out->classes, g->classes, g->n * sizeof(*out->classes));
	return true;
}

bool
check_judge(struct check *c, const struct pair_view *v, const char *scope,
    struct check_verdict *out, struct fault *f)
{
	struct judging			g = { .c = c, .v = v, .scope = scope };
	const struct pair_report	report = { found, &g };

	return pair_judge(v, &report, f) && keep(&g, out, f);
}

bool
check_tell(struct check *c, const struct pair_view *v, const char *scope,
    const struct pair_problem *p, struct check_verdict *out, struct fault *f)
{
	struct judging	g = { .c = c, .v = v, .scope = scope };

	found(&g, p);
	return keep(&g, out, f);
}

static void
count(struct check *c, const struct check_verdict *v, const char *holder, const char *judge)
{
	for (size_t i = 0; i < v->n; i++) {
		struct check_class	*k = &c->v[v->classes[i]];

		if (k->pairs++ == 0) {
			k->holder = holder;
			k->judge = judge;
		}
	}
}

void
check_pair(struct check *c, const char *a, const struct check_verdict *of_a, const char *b,
    const struct check_verdict *of_b)
{
	enum lint_severity	worst = of_a->worst > of_b->worst ? of_a->worst : of_b->worst;

	count(c, of_a, a, b);
	count(c, of_b, b, a);
	c->pairs++;
	c->refused += worst == LINT_ERROR;
	c->warned += worst == LINT_WARN;
}
