/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin cancel: tickets that were not used become worthless (RFC 4809,
 * 3.2.4.4): cancel, result, acknowledgement.
 *
 * The proof is made with the key that the inventory keeps for this, or from a
 * ticket file.
 */
#include <stdio.h>

#include <jansson.h>

#include "admin/cancel.h"
#include "admin/commands.h"
#include "admin/selection.h"
#include "base/file.h"
#include "base/text.h"
#include "message/proof.h"
#include "message/ticket.h"
#include "profile/prepare.h"

#define NONCE_OCTETS	16
#define VALUE_OCTETS	(8u << 20)	/* CVP_CANCELS_MAX items */

static const struct option options[] = {
	ADMIN_OPTIONS,
	SELECTION_OPTIONS,
	SELECTION_SAFETY,
	{ 0 },
};

/* One authorization to cancel. */
struct item {
	const char		*name, *id;
	struct known		*known;		/* NULL: from a ticket of elsewhere */
	uint8_t			 kc[PROOF_OCTETS], witness[PROOF_OCTETS];
	struct view		 receipt;
	enum cvp_cancel_outcome	 outcome;
	enum cvp_state		 state;
	bool			 skip;		/* nothing to ask: its state says it */
};

struct cancel {
	struct session	*s;		/* of the command; NULL for others */
	struct admin	*a;
	struct inventory *inv;
	struct arena	*arena;
	struct item	*v;
	size_t		 n;
	uint8_t		 nonce[NONCE_OCTETS];
	struct cvp_list	 receipts;
};

/* --- what is meant -------------------------------------------------------------------- */

static bool
is_ticket(const char *word)
{
	size_t	n = strlen(word);

	return (n > 7 && strcmp(word + n - 7, ".ticket") == 0) || strchr(word, '/') != NULL;
}

static bool
key_of_ticket(const struct ticket *t, uint8_t kc[PROOF_OCTETS], struct fault *f)
{
	uint8_t		k[PROOF_OCTETS];
	struct buf	token;
	bool		ok;

	buf_init(&token, TOKEN_OCTETS_MAX * 4);
	ok = token_normalise(view_str(t->token), &token, f);
	if (ok) {
		proof_key(buf_view(&token), view_str(t->id), k);
		proof_cancel_key(k, kc);
		secret_wipe(k, sizeof(k));
	}
	if (token.p != NULL)
		secret_wipe(token.p, token.n);
	buf_clear(&token);
	return ok;
}

static bool
add_ticket(struct cancel *c, const char *path, struct fault *f)
{
	struct item	*item = &c->v[c->n];
	struct ticket	 t = { 0 };
	struct buf	 text;
	bool		 ok;

	buf_init(&text, TICKET_FILE_MAX);
	ok = file_read(path, &text, f) && ticket_read(buf_view(&text), &t, f);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	if (!ok)
		return fault_within(f, "%s", path);
	item->name = path;
	item->id = arena_str(c->arena, view_str(t.id));
	ok = (item->id != NULL || arena_fault(f)) && key_of_ticket(&t, item->kc, f);
	ticket_clear(&t);
	if (ok) {
		item->known = inventory_by_id(c->inv, view_str(item->id));
		c->n++;
	}
	return ok;
}

static bool
add_target(struct cancel *c, const struct target *t, struct fault *f)
{
	struct item	*item = &c->v[c->n];
	size_t		 n = 0;

	*item = (struct item){
		.name = t->name, .id = t->id, .known = t->known, .state = t->state,
	};
	if (t->state == CVP_STATE_CANCELLED || t->state == CVP_STATE_EXPIRED) {
		item->skip = true;
		item->outcome = CVP_CANCEL_ALREADY;
	} else if (t->state != CVP_STATE_OPEN && t->state != CVP_STATE_WAITING &&
	    t->state != CVP_STATE_IN_PROGRESS) {
		item->skip = true;
		item->outcome = t->lives ? CVP_CANCEL_REFUSED_ISSUED : CVP_CANCEL_REFUSED;
	} else if (t->known == NULL || !hex_decode(t->known->cancel, item->kc,
	    sizeof(item->kc), &n) || n != sizeof(item->kc))
		return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" was not authorized from %s: give its "
		    "ticket file instead", t->name, c->a->dir);
	c->n++;
	return true;
}

/*
 * Of several authorizations of one device only those that live are meant,
 * unless none does.
 */
static bool
add_word(struct cancel *c, const struct targets *all, const char *word, struct fault *f)
{
	bool	living = false;

	for (size_t i = 0; i < all->n; i++)
		living |= all->v[i].word == word && all->v[i].lives;
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].word == word && all->v[i].lives == living &&
		    !add_target(c, &all->v[i], f))
			return false;
	return true;
}

static bool
add_words(struct cancel *c, const char *const *words, size_t n, struct fault *f)
{
	struct targets	all = { 0 };

	if (n > 0 && !targets_find(c->a, c->inv, words, n, c->arena, &all, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add_word(c, &all, words[i], f))
			return false;
	return true;
}

static bool
collect_named(struct cancel *c, struct fault *f)
{
	const struct invocation	*in = c->s->in;
	const char		*words[ARGUMENTS_MAX];
	size_t			 n = 0;

	if ((c->v = arena_array(c->arena, TARGETS_MAX + ARGUMENTS_MAX, sizeof(*c->v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < in->nargs; i++) {
		if (!is_ticket(in->args[i]))
			words[n++] = in->args[i];
		else if (!add_ticket(c, in->args[i], f))
			return false;
	}
	return add_words(c, words, n, f);
}

/* What selection_find() takes: what can still be cancelled. */
static bool
is_unused(const struct target *t)
{
	return t->state == CVP_STATE_WAITING || t->state == CVP_STATE_OPEN || t->held;
}

static bool
collect_selected(struct cancel *c, const struct selection *q, bool *go, struct fault *f)
{
	struct targets	all;

	if (!selection_find(c->s, q, is_unused, &all, f) ||
	    !selection_confirm(c->s, &all, "cancelled", go, f))
		return false;
	if (all.n > CVP_CANCELS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu authorizations are meant, up to %d can be "
		    "cancelled at once: add a condition", all.n, CVP_CANCELS_MAX);
	if ((c->v = arena_array(c->arena, all.n + 1, sizeof(*c->v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; *go && i < all.n; i++)
		if (!add_target(c, &all.v[i], f))
			return false;
	return true;
}

static bool
collect(struct cancel *c, bool *go, struct fault *f)
{
	struct selection	q;

	*go = true;
	if (!selection_read(c->s->in, &q, f))
		return false;
	if (q.any || c->s->in->nargs == 0)
		return collect_selected(c, &q, go, f);
	return option_given(c->s->in, "dry-run") || option_given(c->s->in, "expect") ?
	    fault_set(f, FAULT_USAGE, "", "--dry-run and --expect go with conditions such as "
	    "--group NAME") : collect_named(c, f);
}

/* --- cancel, result, acknowledgement ---------------------------------------------------- */

static void
prove(struct cancel *c, struct item *item)
{
	struct buf	der;

	buf_init(&der, CVP_ID_MAX + 256);
	cvp_put_cancel_proof(&der, view_str(item->id), view_of(c->nonce, sizeof(c->nonce)));
	proof_cancel(item->kc, buf_view(&der), item->witness);
	buf_clear(&der);
}

static bool
put_cancel(struct cancel *c, struct buf *out, struct fault *f)
{
	struct algorithm	mac;
	struct cvp_cancel	q = {
		.nonce = view_of(c->nonce, sizeof(c->nonce)),
		.items = arena_array(c->arena, c->n + 1, sizeof(*q.items)),
	};

	if (q.items == NULL)
		return arena_fault(f);
	if (!algorithm_parse(ALGORITHM_HMAC_SHA256, &mac, f))
		return false;
	rng_fill(c->a->rng, c->nonce, sizeof(c->nonce));
	for (size_t i = 0; i < c->n; i++) {
		if (c->v[i].skip)
			continue;
		prove(c, &c->v[i]);
		q.items[q.n_items++] = (struct cvp_cancel_item){
			.id = view_str(c->v[i].id), .mac_alg = mac,
			.witness = view_of(c->v[i].witness, PROOF_OCTETS),
		};
	}
	if (q.n_items > 0)
		cvp_put_cancel(out, &q);
	return buf_check(out, "authzCancel", f);
}

/* Answers come in the order of the questions: looked for from *at on. */
static struct item *
find_asked(struct cancel *c, struct view id, size_t *at)
{
	for (size_t i = 0; i < c->n; i++) {
		struct item	*item = &c->v[(*at + i) % c->n];

		if (item->skip || !view_equal(id, view_str(item->id)))
			continue;
		*at = (*at + i + 1) % c->n;
		return item;
	}
	return NULL;
}

static bool
take_result(struct cancel *c, struct view value, struct fault *f)
{
	struct cvp_cancel_result	 r;
	struct item			*item;
	size_t				 at = 0;

	if (!cvp_cancel_result_decode(value, c->arena, &r, f))
		return false;
	if (!view_equal(r.nonce, view_of(c->nonce, sizeof(c->nonce))))
		return fault_set(f, FAULT_MALFORMED, "", "the answer is to another cancellation");
	c->receipts.v = arena_array(c->arena, r.n_items + 1, sizeof(*c->receipts.v));
	if (c->receipts.v == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < c->n; i++)
		if (!c->v[i].skip)
			c->v[i].outcome = CVP_CANCEL_REFUSED;	/* what was not answered */
	for (size_t i = 0; i < r.n_items; i++) {
		if ((item = find_asked(c, r.items[i].id, &at)) != NULL) {
			item->outcome = r.items[i].result;
			item->receipt = r.items[i].receipt;
		}
		if (r.items[i].receipt.n > 0)
			c->receipts.v[c->receipts.n++] = r.items[i].receipt;
	}
	return true;
}

/* The PKI ends it by itself if this gets lost. */
static void
acknowledge(struct cancel *c)
{
	struct fault	why = { 0 };
	struct view	none;
	struct buf	der;

	if (c->receipts.n == 0)
		return;
	buf_init(&der, VALUE_OCTETS);
	cvp_put_cancel_ack(&der, &c->receipts);
	if (buf_ok(&der))
		(void)!admin_ask_one(c->a, CVP_AUTHZ_CANCEL_ACK, buf_view(&der), CMC_UNKNOWN,
		    c->arena, &none, &why);
	buf_clear(&der);
}

static bool
note(struct cancel *c, struct fault *f)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].known != NULL && (c->v[i].outcome == CVP_CANCEL_DONE ||
		    c->v[i].outcome == CVP_CANCEL_ALREADY)) {
			c->v[i].known->end = "cancelled";
			c->v[i].known->cancel = "";
		}
	return inventory_save(c->a->dir, c->inv, f);
}

static bool
exchange(struct cancel *c, struct fault *f)
{
	struct view	result;
	struct buf	der;
	bool		ok;

	buf_init(&der, VALUE_OCTETS);
	ok = put_cancel(c, &der, f);
	if (ok && der.n > 0)
		ok = admin_ask_one(c->a, CVP_AUTHZ_CANCEL, buf_view(&der),
		    CVP_AUTHZ_CANCEL_RESULT, c->arena, &result, f) && take_result(c, result, f);
	buf_clear(&der);
	if (!ok || !note(c, f))
		return false;
	acknowledge(c);
	return true;
}

static bool
go(struct cancel *c, bool *told, struct fault *f)
{
	c->arena = c->s->arena;
	if (!collect(c, told, f) || !*told)
		return f->kind == FAULT_NONE;
	return exchange(c, f);
}

static const char *
words_of(const struct item *item)
{
	switch (item->outcome) {
	case CVP_CANCEL_DONE:
		return "cancelled";
	case CVP_CANCEL_ALREADY:
		return "was over before";
	case CVP_CANCEL_REFUSED_ISSUED:
		return "has a certificate: revoke it instead";
	case CVP_CANCEL_REFUSED:
		break;
	}
	return item->skip ? "is over: nothing to cancel" : "refused: the PKI does not know it, or "
	    "the ticket's token is not the right one";
}

static bool
all_over(const struct cancel *c, struct fault *f)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].outcome != CVP_CANCEL_DONE && c->v[i].outcome != CVP_CANCEL_ALREADY)
			return fault_set(f, FAULT_CONFLICT, "", "%s %s", c->v[i].name,
			    words_of(&c->v[i]));
	return true;
}

bool
cancel_targets(struct session *s, const struct target *v, size_t n, struct fault *f)
{
	struct cancel	c = { .a = &s->a, .inv = &s->inv, .arena = s->arena };

	if (n == 0)
		return true;
	if ((c.v = arena_array(s->arena, n, sizeof(*c.v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < n; i++)
		if (!add_target(&c, &v[i], f))
			return false;
	return exchange(&c, f) && all_over(&c, f);
}

bool
cancel_unused(struct admin *a, struct inventory *inv, struct arena *arena,
    struct cancelled *v, size_t n, struct fault *f)
{
	struct cancel	c = { .a = a, .inv = inv, .arena = arena };

	if (n == 0)
		return true;
	if ((c.v = arena_array(arena, n, sizeof(*c.v))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < n; i++) {
		const struct target	t = { .name = v[i].id, .id = v[i].id, .state = CVP_STATE_OPEN,
			.known = inventory_by_id(inv, view_str(v[i].id)) };

		if (!add_target(&c, &t, f))
			return false;
	}
	if (!exchange(&c, f) || !all_over(&c, f))
		return false;
	for (size_t i = 0; i < n; i++)
		v[i].receipt = c.v[i].receipt;
	return true;
}

/* --- saying so ------------------------------------------------------------------------------ */

static int
report(const struct cancel *c)
{
	json_t	*list = json_array(), *o;
	size_t	bad = 0;
	char	name[FAULT_TEXT_MAX];

	for (size_t i = 0; i < c->n; i++) {
		const struct item	*item = &c->v[i];
		bool			 ok = item->outcome == CVP_CANCEL_DONE ||
		    item->outcome == CVP_CANCEL_ALREADY;

		bad += !ok;
		text_escape(view_str(item->name), 0, name, sizeof(name));
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", item->name, "id",
		    item->id, "result", cvp_cancel_outcome_name(item->outcome)));
		if (!c->s->in->json && (!ok || !c->s->in->quiet))
			fprintf(ok ? stdout : stderr, "%s %s\n", name, words_of(item));
	}
	o = json_pack("{s:o}", "cancelled", list);
	if (c->s->in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(o);
	return bad == 0 ? EXIT_DONE : bad == c->n ? EXIT_FAILED : EXIT_PARTIAL;
}

static int
run(const struct invocation *in)
{
	struct session	s;
	struct cancel	c = { .s = &s, .a = &s.a, .inv = &s.inv };
	struct fault	f = { 0 };
	bool		told;
	int		code = EXIT_DONE;

	if (session_open(&s, in, !option_given(in, "dry-run"), &f) && go(&c, &told, &f) && told)
		code = report(&c);
	return session_end(&s, &f, code);
}

const struct command cmd_admin_cancel = {
	.group = "admin", .name = "cancel", .args = "[DEVICE|TICKET...]",
	.max_args = ARGUMENTS_MAX,
	.help = "make tickets worthless that were not used, by name or by condition",
	.options = options, .run = run,
};
