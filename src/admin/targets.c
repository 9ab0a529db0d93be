/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/targets.h"
#include "base/text.h"
#include "profile/dns.h"

#define SAME_MAX	64	/* authorizations of one device over time */

/* --- a record as a target -------------------------------------------------------------- */

static bool
copy_cert(const struct cvp_record *r, struct arena *arena, struct target *t, struct fault *f)
{
	if (r->cert == NULL)
		return true;
	t->issuer = arena_copy(arena, r->cert->issuer);
	t->serial = arena_copy(arena, r->cert->serial);
	record_serial(r, t->serial_text);
	return (t->issuer.p != NULL && t->serial.p != NULL) || arena_fault(f);
}

static const char *
name_of(const struct target *t)
{
	if (t->known != NULL && t->known->d.label[0] != '\0')
		return t->known->d.label;
	return t->n_ids > 0 ? t->ids[0].text : t->id;
}

bool
target_of(const struct cvp_record *r, struct inventory *inv, struct arena *arena,
    struct target *out, struct fault *f)
{
	struct record_terms	terms;
	struct target		t = {
		.word = out->word, .state = r->state, .lives = record_lives(r),
		.failure = r->last_failure != NULL ? r->last_failure->code : 0,
		.held = r->state == CVP_STATE_IN_PROGRESS && r->cert == NULL &&
		    r->effective != NULL && r->effective->approval.present &&
		    r->effective->approval.v == CVP_APPROVAL_MANUAL,
	};

	record_terms(r, &terms);
	memcpy(t.ids, terms.ids, sizeof(t.ids));
	t.n_ids = terms.n_ids;
	t.window_end = terms.window_end;
	t.generation = terms.generation;
	t.key = terms.key;
	t.cert_end = r->cert != NULL ? terms.cert_end : 0;
	t.known = inventory_by_id(inv, r->id);
	t.id = arena_str(arena, r->id);
	t.template = arena_str(arena, r->template.name);
	if (t.id == NULL || t.template == NULL)
		return arena_fault(f);
	if (!copy_cert(r, arena, &t, f))
		return false;
	*out = t;
	out->name = name_of(out);
	return true;
}

/* --- looking ------------------------------------------------------------------------------ */

struct search {
	struct inventory	*inv;
	struct arena		*arena;
	const char *const	*words;
	size_t			 n_words;
	struct targets		*out;
	bool			*found;		/* by word */
	struct view		*ids;		/* asked for by id, each for a word */
	size_t			*of_word, n_ids;
};

/*
 * Two words may mean one authorization, and one word several: the living one
 * counts, and one in use that is to be replaced less than that which replaces it.
 */
static void
note_found(struct search *s, size_t word, size_t i)
{
	size_t	*living = &s->out->living[word];

	s->found[word] = true;
	if (s->out->v[i].lives && (*living == 0 ||
	    s->out->v[*living - 1].state == CVP_STATE_CONFIRMED))
		*living = i + 1;
}

static bool
add(struct search *s, size_t word, const struct cvp_record *r, struct fault *f)
{
	struct target	*t = &s->out->v[s->out->n];

	for (size_t i = 0; i < s->out->n; i++)
		if (view_equal(view_str(s->out->v[i].id), r->id)) {
			note_found(s, word, i);
			return true;
		}
	if (s->out->n == TARGETS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d authorizations are meant",
		    TARGETS_MAX);
	t->word = s->words[word];
	if (!target_of(r, s->inv, s->arena, t, f))
		return false;
	note_found(s, word, s->out->n++);
	return true;
}

static bool
take_known(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct search	*s = ctx;

	for (size_t i = 0; i < s->n_ids; i++)
		if (view_equal(s->ids[i], r->id) && !add(s, s->of_word[i], r, f))
			return false;
	return true;
}

static bool
ask_for_known(struct admin *a, struct search *s, struct fault *f)
{
	struct record_reader	 to = { take_known, s };
	struct known		*hits[SAME_MAX];

	for (size_t w = 0; w < s->n_words; w++) {
		size_t	n = inventory_find(s->inv, s->words[w], hits, SAME_MAX);

		for (size_t i = 0; i < n && s->n_ids < TARGETS_MAX; i++) {
			s->of_word[s->n_ids] = w;
			s->ids[s->n_ids++] = view_str(hits[i]->id);
		}
	}
	return s->n_ids == 0 || records_by_ids(a, s->ids, s->n_ids, &to, f);
}

static bool
is_meant(const struct cvp_record *r, const char *word)
{
	struct record_terms	terms;
	struct identity		id;
	struct fault		why = { 0 };
	char			serial[RECORD_SERIAL_MAX];
	bool			tagged;

	record_serial(r, serial);
	if (view_equal(r->id, view_str(word)) ||
	    (serial[0] != '\0' && ascii_equal_fold(view_str(serial), view_str(word))))
		return true;
	tagged = identity_parse_tagged(view_str(word), &id, &why);
	record_terms(r, &terms);
	for (size_t i = 0; i < terms.n_ids; i++) {
		fault_clear(&why);
		if (!tagged && !identity_parse(terms.ids[i].kind, view_str(word), &id, &why))
			continue;
		if (identity_equal(&terms.ids[i], &id))
			return true;
	}
	return false;
}

static bool
take_any(void *ctx, const struct cvp_record *r, struct fault *f)
{
	struct search	*s = ctx;

	for (size_t w = 0; w < s->n_words; w++)
		if (is_meant(r, s->words[w]) && !add(s, w, r, f))
			return false;
	return true;
}

static bool
all_found(const struct search *s)
{
	for (size_t w = 0; w < s->n_words; w++)
		if (!s->found[w])
			return false;
	return true;
}

bool
targets_find(struct admin *a, struct inventory *inv, const char *const *words, size_t n,
    struct arena *arena, struct targets *out, struct fault *f)
{
	struct search		s = {
		.inv = inv, .arena = arena, .words = words, .n_words = n, .out = out,
		.found = arena_array(arena, n + 1, sizeof(bool)),
		.ids = arena_array(arena, TARGETS_MAX, sizeof(struct view)),
		.of_word = arena_array(arena, TARGETS_MAX, sizeof(size_t)),
	};
	struct record_reader	any = { take_any, &s };

	*out = (struct targets){ arena_array(arena, TARGETS_MAX, sizeof(struct target)), 0,
		arena_array(arena, n + 1, sizeof(size_t)) };
	if (out->v == NULL || out->living == NULL || s.found == NULL || s.ids == NULL || s.of_word == NULL)
		return arena_fault(f);
	if (!ask_for_known(a, &s, f) ||
	    (!all_found(&s) && !records_walk(a, VIEW_NONE, &any, f)))
		return false;
	for (size_t w = 0; w < n; w++)
		if (!s.found[w])
			return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is no authorization id, "
			    "label, name, identity or serial number that the PKI shows this Admin",
			    words[w]);
	return true;
}
