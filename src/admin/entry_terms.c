/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/entry_terms.h"
#include "base/text.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "crypt/key.h"
#include "profile/prepare.h"

#define SECONDS_MAX	INT64_C(3155760000)	/* a hundred years */
#define WORDS_MAX	8
#define WORD_MAX	1100			/* an alphabet */
#define TEXT_MAX	1024
#define KEYS_MAX	5

const char *const entry_term_names[TERMS] = {
	"valid-until", "window-from", "window-until", "key", "subject", "renewal", "update",
	"retire-delay", "confirm-within", "id-format", "token-format",
};

/* --- words ---------------------------------------------------------------------------- */

/* The next word of text, without the blanks around it; false: that was all. */
static bool
next_word(const char **rest, char out[WORD_MAX])
{
	size_t	n;

	*rest += strspn(*rest, " \t");
	n = strcspn(*rest, " \t");
	if (n == 0 || n >= WORD_MAX)
		return false;
	memcpy(out, *rest, n);
	out[n] = '\0';
	*rest += n;
	return true;
}

/* A date, or a time from now. */
static bool
read_when(const char *text, int64_t now, int64_t *out, struct fault *f)
{
	struct fault	why = { 0 };
	int64_t		seconds;

	if (date_parse(text, out))
		return true;
	if (!duration_parse("", text, 1, SECONDS_MAX, &seconds, &why))
		return fault_set(f, FAULT_USAGE, "", "\"%s\": want a date in UTC like "
		    "2027-01-31T12:00:00Z, or a time from now like 90d", text);
	*out = now + seconds;
	return true;
}

static bool
read_seconds(const char *text, int64_t min, int64_t *out, struct fault *f)
{
	struct fault	why = { 0 };

	return duration_parse("", text, min, SECONDS_MAX, out, &why) || fault_set(f, FAULT_USAGE, "",
	    "\"%s\": want a time like 30m, 12h or 2d", text);
}

/* --- keys ------------------------------------------------------------------------------- */

static const struct {
	enum key_kind	kind;
	struct view	oid, params;
	uint32_t	bits;
} keys[KEYS_MAX] = {
	{ KEY_EC_P256, OID_EC_PUBLIC_KEY, VIEW_LIT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), 0 },
	{ KEY_EC_P384, OID_EC_PUBLIC_KEY, VIEW_LIT("\x06\x05\x2b\x81\x04\x00\x22"), 0 },
	{ KEY_ED25519, OID_ED25519, VIEW_NONE, 0 },
	{ KEY_RSA_3072, OID_RSA, VIEW_LIT("\x05\x00"), 3072 },
	{ KEY_RSA_4096, OID_RSA, VIEW_LIT("\x05\x00"), 4096 },
};

static bool
read_keys(const char *text, struct cvp_key_spec out[KEYS_MAX], size_t *n, struct fault *f)
{
	char	word[WORD_MAX];

	for (*n = 0; next_word(&text, word); ++*n) {
		size_t	i = 0;

		while (i < KEYS_MAX && key_kind_find(word) != keys[i].kind)
			i++;
		if (i == KEYS_MAX || *n == KEYS_MAX)
			return fault_set(f, FAULT_USAGE, "", "\"%s\": want ec-p256, ec-p384, "
			    "ed25519, rsa-3072 or rsa-4096", word);
		out[*n] = (struct cvp_key_spec){
			.algorithm = { .oid = keys[i].oid, .params = keys[i].params },
			.min_bits = keys[i].bits,
		};
	}
	return *n > 0 || fault_set(f, FAULT_USAGE, "", "no kind of key");
}

/* --- renewal and update ------------------------------------------------------------------- */

static bool
change_word(const char *word, struct cvp_change_terms *c, struct fault *f)
{
	static const char *const	who[] = { "peer", "admin", "either" };
	static const char *const	key[] = { "new-key", "same-key", "any-key" };
	struct fault			why = { 0 };
	char				*end;
	int64_t				 n;

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(word, who[i]) == 0) {
			c->who = (enum cvp_who)i;
			return true;
		} else if (strcmp(word, key[i]) == 0) {
			c->keys = (enum cvp_keys)i;
			return true;
		}
	if (strncmp(word, "from=", 5) == 0 && date_parse(word + 5, &c->from_time)) {
		c->last_percent = 0;
		return true;
	}
	if (strncmp(word, "last=", 5) == 0) {
		n = strtol(word + 5, &end, 10);
		if (strcmp(end, "%") == 0 && n >= 1 && n <= 100) {
			c->last_percent = (uint8_t)n;
			return true;
		}
	}
	if (strncmp(word, "max=", 4) == 0 &&
	    number_parse("", word + 4, 0, 1000000, &n, &why)) {
		c->max_times = (struct cvp_uint){ true, (uint64_t)n };
		return true;
	}
	return fault_set(f, FAULT_USAGE, "", "\"%s\": want no, or some of peer, admin, either, "
	    "new-key, same-key, any-key, last=20%%, from=DATE, max=3", word);
}

/* "no" is a change that is allowed no time: an entry takes nothing away. */
static bool
read_change(const char *text, struct cvp_change_terms *c, struct fault *f)
{
	char	word[WORD_MAX];

	if (c->last_percent == 0 && c->from_time == 0)
		c->last_percent = 20;
	if (strcmp(text, "no") == 0) {
		c->max_times = (struct cvp_uint){ true, 0 };
		return true;
	}
	while (next_word(&text, word))
		if (!change_word(word, c, f))
			return false;
	return true;
}

/* --- formats of ids and tokens --------------------------------------------------------------- */

static const char *
alphabet_of(const char *word)
{
	static const struct {
		const char	*name, *alphabet;
	} known[] = {
		{ "digits", "0123456789" },
		{ "hex", "0123456789abcdef" },
		{ "base32", "0123456789ABCDEFGHJKMNPQRSTVWXYZ" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(word, known[i].name) == 0)
			return known[i].alphabet;
	return word;
}

static bool
read_format(const char *text, bool token, struct secret_format *out, struct fault *f)
{
	char		word[3][WORD_MAX];
	struct fault	why = { 0 };
	int64_t		length;
	size_t		n = 0;

	if (token)
		secret_format_token(out);
	else
		secret_format_id(out);
	while (n < 3 && next_word(&text, word[n]))
		n++;
	if (n == 0 || text[strspn(text, " \t")] != '\0' ||
	    !number_parse("", word[0], 1, 256, &length, &why))
		return fault_set(f, FAULT_USAGE, "", "want LENGTH [ALPHABET [PREFIX]], such as "
		    "\"40 digits\"");
	out->length = (uint32_t)length;
	if (n > 1 && snprintf(out->alphabet, sizeof(out->alphabet), "%s", alphabet_of(word[1])) >=
	    (int)sizeof(out->alphabet))
		return fault_set(f, FAULT_LIMIT, "", "the alphabet is too long");
	if (n > 2 && snprintf(out->prefix, sizeof(out->prefix), "%s", word[2]) >=
	    (int)sizeof(out->prefix))
		return fault_set(f, FAULT_LIMIT, "", "the prefix is too long");
	return token ? secret_format_check_token(out, f) : secret_format_check_id(out, f);
}

/* --- checking ------------------------------------------------------------------------------- */

static bool
check_subject(const char *text, struct fault *f)
{
	struct buf	der;
	bool		ok;

	buf_init(&der, NAME_OCTETS_MAX);
	ok = name_parse(text, &der, f);
	buf_clear(&der);
	return ok;
}

bool
entry_term_check(enum entry_term t, const char *text, struct fault *f)
{
	struct cvp_key_spec	specs[KEYS_MAX];
	struct cvp_change_terms	change = { 0 };
	struct secret_format	sf;
	int64_t			v;
	size_t			n;

	switch (t) {
	case TERM_VALID_UNTIL:
	case TERM_WINDOW_FROM:
	case TERM_WINDOW_UNTIL:
		return read_when(text, 0, &v, f);
	case TERM_KEY:
		return read_keys(text, specs, &n, f);
	case TERM_SUBJECT:
		return check_subject(text, f);
	case TERM_RENEWAL:
	case TERM_UPDATE:
		return read_change(text, &change, f);
	case TERM_RETIRE_DELAY:
		return read_seconds(text, 0, &v, f);
	case TERM_CONFIRM_WITHIN:
		return read_seconds(text, 1, &v, f);
	case TERM_ID_FORMAT:
	case TERM_TOKEN_FORMAT:
		return read_format(text, t == TERM_TOKEN_FORMAT, &sf, f);
	case TERMS:
		break;
	}
	return fault_set(f, FAULT_INTERNAL, "", "no such term");
}

/* --- to the wire ------------------------------------------------------------------------------ */

static bool
put_times(const struct entry_terms *w, int64_t now, struct cvp_cert *cert,
    struct cvp_terms *out, struct fault *f)
{
	struct {
		enum entry_term	 term;
		struct cvp_time	*to;
	} all[] = {
		{ TERM_VALID_UNTIL, &cert->not_after },
		{ TERM_WINDOW_FROM, &out->window_not_before },
		{ TERM_WINDOW_UNTIL, &out->window_not_after },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (w->text[all[i].term] == NULL)
			continue;
		if (!read_when(w->text[all[i].term], now, &all[i].to->v, f))
			return false;
		all[i].to->present = true;
		out->has_window |= all[i].term != TERM_VALID_UNTIL;
	}
	return true;
}

static bool
put_keys(const char *text, struct arena *a, struct cvp_terms *out, struct fault *f)
{
	struct cvp_key_spec	*specs = arena_array(a, KEYS_MAX, sizeof(*specs));

	if (text == NULL)
		return true;
	if (specs == NULL)
		return arena_fault(f);
	out->key_specs = specs;
	return read_keys(text, specs, &out->n_key_specs, f);
}

static bool
put_subject(const char *text, struct arena *a, struct cvp_cert *cert, struct fault *f)
{
	struct buf	der;
	bool		ok;

	if (text == NULL)
		return true;
	buf_init(&der, NAME_OCTETS_MAX);
	ok = name_parse(text, &der, f);
	if (ok)
		cert->subject = arena_copy(a, buf_view(&der));
	buf_clear(&der);
	return ok && (cert->subject.p != NULL || arena_fault(f));
}

static bool
put_changes(const struct entry_terms *w, const struct cvp_lifecycle *own, struct arena *a,
    struct cvp_lifecycle *life, struct fault *f)
{
	struct cvp_change_terms	*renewal = arena_alloc(a, sizeof(*renewal));
	struct cvp_update	*update = arena_alloc(a, sizeof(*update));

	if (renewal == NULL || update == NULL)
		return arena_fault(f);
	*renewal = own != NULL && own->renewal != NULL ? *own->renewal :
	    (struct cvp_change_terms){ 0 };
	*update = own != NULL && own->update != NULL ? *own->update : (struct cvp_update){ 0 };
	/* What the template does not allow needs no "no". */
	if (w->text[TERM_RENEWAL] != NULL && !(strcmp(w->text[TERM_RENEWAL], "no") == 0 &&
	    (own == NULL || own->renewal == NULL))) {
		life->renewal = renewal;
		if (!read_change(w->text[TERM_RENEWAL], renewal, f))
			return false;
	}
	if (w->text[TERM_UPDATE] != NULL && !(strcmp(w->text[TERM_UPDATE], "no") == 0 &&
	    (own == NULL || own->update == NULL))) {
		life->update = update;
		if (!read_change(w->text[TERM_UPDATE], &update->terms, f))
			return false;
	}
	return true;
}

static bool
put_lifecycle(const struct entry_terms *w, const struct cvp_terms *template, struct arena *a,
    struct cvp_terms *out, struct fault *f)
{
	struct cvp_lifecycle	*life = arena_alloc(a, sizeof(*life));
	int64_t			 v;

	if (life == NULL)
		return arena_fault(f);
	*life = (struct cvp_lifecycle){ 0 };
	if (!put_changes(w, template->lifecycle, a, life, f))
		return false;
	if (w->text[TERM_RETIRE_DELAY] != NULL) {
		if (!read_seconds(w->text[TERM_RETIRE_DELAY], 0, &v, f))
			return false;
		life->retire_old = (struct cvp_retire){ true, true, (uint32_t)v };
	}
	if (w->text[TERM_CONFIRM_WITHIN] != NULL) {
		if (!read_seconds(w->text[TERM_CONFIRM_WITHIN], 1, &v, f))
			return false;
		life->confirm_within = (struct cvp_uint){ true, (uint64_t)v };
	}
	if (life->renewal != NULL || life->update != NULL || life->retire_old.present ||
	    life->confirm_within.present)
		out->lifecycle = life;
	return true;
}

static bool
put_format(const char *text, bool token, struct arena *a,
    const struct cvp_secret_format **out, struct fault *f)
{
	struct secret_format		 sf;
	struct cvp_secret_format	*w = arena_alloc(a, sizeof(*w));

	if (text == NULL)
		return true;
	if (w == NULL)
		return arena_fault(f);
	if (!read_format(text, token, &sf, f))
		return false;
	*w = (struct cvp_secret_format){
		.length = sf.length, .group = sf.group,
		.alphabet = view_str(arena_str(a, view_str(sf.alphabet))),
		.prefix = view_str(arena_str(a, view_str(sf.prefix))),
	};
	*out = w;
	return w->alphabet.p != NULL || arena_fault(f);
}

bool
entry_terms_put(const struct entry_terms *w, const struct cvp_terms *template, int64_t now,
    struct arena *a, struct cvp_cert *cert, struct cvp_terms *out, struct fault *f)
{
	return put_times(w, now, cert, out, f) && put_keys(w->text[TERM_KEY], a, out, f) &&
	    put_subject(w->text[TERM_SUBJECT], a, cert, f) &&
	    put_lifecycle(w, template, a, out, f) &&
	    put_format(w->text[TERM_ID_FORMAT], false, a, &out->id_format, f) &&
	    put_format(w->text[TERM_TOKEN_FORMAT], true, a, &out->token_format, f);
}

/* --- and back ------------------------------------------------------------------------------- */

static const char *
change_words(const struct cvp_change_terms *c, struct arena *a)
{
	static const char *const	who[] = { "peer", "admin", "either" };
	static const char *const	key[] = { "new-key", "same-key", "any-key" };
	char				from[48], max[32] = "", date[32];

	if (c == NULL)
		return NULL;
	if (c->max_times.present && c->max_times.v == 0)
		return "no";
	date_format(c->from_time, date);
	if (c->last_percent != 0)
		snprintf(from, sizeof(from), "last=%u%%", c->last_percent);
	else
		snprintf(from, sizeof(from), "from=%s", date);
	if (c->max_times.present)
		snprintf(max, sizeof(max), " max=%llu", (unsigned long long)c->max_times.v);
	return arena_printf(a, "%s %s %s%s", who[c->who], key[c->keys], from, max);
}

static const char *
key_words(const struct cvp_terms *t, struct arena *a)
{
	const char	*s = NULL;

	for (size_t i = 0; i < t->n_key_specs; i++)
		for (size_t k = 0; k < KEYS_MAX; k++) {
			const struct cvp_key_spec	*spec = &t->key_specs[i];

			if (view_equal(spec->algorithm.oid, keys[k].oid) &&
			    view_equal(spec->algorithm.params, keys[k].params) &&
			    spec->min_bits == keys[k].bits)
				s = arena_printf(a, "%s%s%s", s != NULL ? s : "", s != NULL ? " " : "",
				    key_kind_name(keys[k].kind));
		}
	return s;
}

/* Only a name that comes back as it was. */
static const char *
subject_words(struct view subject, struct arena *a)
{
	char		text[NAME_TEXT_MAX];
	struct buf	der;
	struct fault	why = { 0 };
	bool		same;

	if (subject.n <= 2)
		return NULL;
	name_text(subject, text, sizeof(text));
	buf_init(&der, NAME_OCTETS_MAX);
	same = name_parse(text, &der, &why) && view_equal(buf_view(&der), subject);
	buf_clear(&der);
	return same ? arena_str(a, view_str(text)) : NULL;
}

void
entry_terms_words(const struct cvp_terms *t, struct arena *a, struct entry_terms *out)
{
	const struct cvp_lifecycle	*life = t->lifecycle;
	char				 date[32];

	*out = (struct entry_terms){ { NULL } };
	out->text[TERM_KEY] = key_words(t, a);
	if (t->cert != NULL) {
		out->text[TERM_SUBJECT] = subject_words(t->cert->subject, a);
		date_format(t->cert->not_after.v, date);
		if (t->cert->not_after.present)
			out->text[TERM_VALID_UNTIL] = arena_str(a, view_str(date));
	}
	if (life != NULL) {
		out->text[TERM_RENEWAL] = change_words(life->renewal, a);
		if (life->update != NULL)
			out->text[TERM_UPDATE] = change_words(&life->update->terms, a);
		if (life->retire_old.present && life->retire_old.unusable)
			out->text[TERM_RETIRE_DELAY] = arena_printf(a, "%u",
			    life->retire_old.delay_seconds);
		if (life->confirm_within.present)
			out->text[TERM_CONFIRM_WITHIN] = arena_printf(a, "%llu",
			    (unsigned long long)life->confirm_within.v);
	}
}

/* --- what became of them ------------------------------------------------------------------------ */

static void
say(struct buf *to, const char *field, const char *asked, const char *granted)
{
	buf_addf(to, "%s%s %s, not %s", to->n > 0 ? "; " : "", field, granted, asked);
}

static void
say_time(struct buf *to, const char *field, struct cvp_time asked, struct cvp_time granted)
{
	char	a[32], g[32];

	if (!asked.present || !granted.present || asked.v == granted.v)
		return;
	date_format(asked.v, a);
	date_format(granted.v, g);
	say(to, field, a, g);
}

static void
say_number(struct buf *to, const char *field, struct cvp_uint asked, struct cvp_uint granted)
{
	char	a[32] = "any number", g[32];

	if (!granted.present || (asked.present && asked.v == granted.v))
		return;
	if (asked.present)
		snprintf(a, sizeof(a), "%llu", (unsigned long long)asked.v);
	snprintf(g, sizeof(g), "%llu", (unsigned long long)granted.v);
	say(to, field, a, g);
}

static void
say_change(struct buf *to, const char *field, const struct cvp_change_terms *asked,
    const struct cvp_change_terms *granted)
{
	char	name[48];

	if (asked == NULL || granted == NULL)
		return;
	snprintf(name, sizeof(name), "%s last percent", field);
	if (asked->last_percent != 0)
		say_number(to, name, (struct cvp_uint){ true, asked->last_percent },
		    (struct cvp_uint){ true, granted->last_percent });
	snprintf(name, sizeof(name), "%s from", field);
	if (asked->last_percent == 0)
		say_time(to, name, (struct cvp_time){ true, asked->from_time },
		    (struct cvp_time){ granted->last_percent == 0, granted->from_time });
	snprintf(name, sizeof(name), "%s times", field);
	say_number(to, name, asked->max_times, granted->max_times);
}

static void
say_lifecycle(struct buf *to, const struct cvp_lifecycle *asked,
    const struct cvp_lifecycle *granted)
{
	if (asked == NULL || granted == NULL)
		return;
	say_change(to, "renewal", asked->renewal, granted->renewal);
	if (asked->update != NULL && granted->update != NULL)
		say_change(to, "update", &asked->update->terms, &granted->update->terms);
	if (asked->retire_old.present && granted->retire_old.present)
		say_number(to, "retire-delay seconds",
		    (struct cvp_uint){ true, asked->retire_old.delay_seconds },
		    (struct cvp_uint){ true, granted->retire_old.delay_seconds });
	if (asked->confirm_within.present)
		say_number(to, "confirm-within seconds", asked->confirm_within,
		    granted->confirm_within);
}

const char *
entry_terms_reduced(const struct cvp_terms *asked, const struct cvp_terms *granted,
    struct arena *a)
{
	struct buf	text;
	const char	*s;

	buf_init(&text, TEXT_MAX);
	say_time(&text, "ticket until", asked->window_not_after, granted->window_not_after);
	if (asked->cert != NULL && granted->cert != NULL)
		say_time(&text, "certificate until", asked->cert->not_after,
		    granted->cert->not_after);
	if (asked->n_key_specs > granted->n_key_specs)
		say_number(&text, "kinds of key", (struct cvp_uint){ true, asked->n_key_specs },
		    (struct cvp_uint){ true, granted->n_key_specs });
	say_lifecycle(&text, asked->lifecycle, granted->lifecycle);
	s = buf_ok(&text) ? arena_str(a, buf_view(&text)) : "";
	buf_clear(&text);
	return s != NULL ? s : "";
}
