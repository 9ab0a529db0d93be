/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pki/signer.h"

#define MINT_MAX	65536	/* entries in one question */

/* --- questions ------------------------------------------------------------ */

static void
put_format(struct buf *b, const struct secret_format *sf)
{
	wire_put_u32(b, sf->length);
	wire_put_view(b, view_str(sf->alphabet));
	wire_put_view(b, view_str(sf->prefix));
}

void
signer_put_mint(struct buf *b, const struct mint_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_MINT, 0, 0);

	wire_put_view(b, q->batch_id);
	wire_put_view(b, q->recipient);
	wire_put_view(b, q->message);
	wire_put_u64(b, (uint64_t)q->asked_at);
	wire_put_u32(b, (uint32_t)q->n_formats);
	for (size_t i = 0; i < q->n_formats; i++) {
		put_format(b, &q->formats[i].id);
		put_format(b, &q->formats[i].token);
	}
	wire_put_u32(b, (uint32_t)q->n);
	for (size_t i = 0; i < q->n; i++) {
		wire_put_u32(b, q->entries[i].entry_id);
		wire_put_u32(b, q->entries[i].format);
		wire_put_view(b, q->entries[i].wanted_id);
		seal_facts_put(b, &q->entries[i].facts);
	}
	frame_end(b, mark);
}

void
signer_put_prove(struct buf *b, const struct prove_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_PROVE, 0, 0);

	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	wire_put_view(b, q->requests);
	wire_put_view(b, q->link_random);
	wire_put_view(b, q->identity_witness);
	wire_put_view(b, q->link_witness);
	wire_put_u8(b, q->next_state);
	wire_put_view(b, view_of(q->next_spki, sizeof(q->next_spki)));
	frame_end(b, mark);
}

void
signer_put_issue(struct buf *b, const struct issue_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_ISSUE, 0, 0);

	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	wire_put_view(b, q->template);
	wire_put_u8(b, q->changed);
	wire_put_view(b, q->old);
	wire_put_view(b, q->terms);
	wire_put_view(b, q->label);
	wire_put_view(b, q->tbs);
	frame_end(b, mark);
}

void
signer_put_respond(struct buf *b, const struct respond_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_RESPOND, 0, 0);

	wire_put_view(b, q->content);
	wire_put_u32(b, (uint32_t)q->n_certs);
	for (size_t i = 0; i < q->n_certs; i++)
		wire_put_view(b, q->certs[i]);
	frame_end(b, mark);
}

void
signer_put_crl(struct buf *b, uint8_t ca, struct view tbs)
{
	size_t	mark = frame_begin(b, SIGNER_CRL, 0, 0);

	wire_put_u8(b, ca);
	wire_put_view(b, tbs);
	frame_end(b, mark);
}

void
signer_put_cancel(struct buf *b, const struct cancel_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_CANCEL, 0, 0);

	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	wire_put_view(b, q->proof);
	wire_put_view(b, q->witness);
	frame_end(b, mark);
}

void
signer_put_use(struct buf *b, const struct use_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_USE, 0, 0);

	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	wire_put_view(b, q->old);
	wire_put_view(b, q->message);
	wire_put_u8(b, q->next_state);
	wire_put_view(b, view_of(q->next_spki, sizeof(q->next_spki)));
	frame_end(b, mark);
}

static void
put_admin(struct buf *b, const struct admin_request *q)
{
	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	wire_put_view(b, q->terms);
	wire_put_view(b, q->admin);
	wire_put_view(b, q->message);
}

void
signer_put_bind(struct buf *b, const struct admin_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_BIND, 0, 0);

	put_admin(b, q);
	wire_put_u8(b, q->next_state);
	wire_put_view(b, view_of(q->next_spki, sizeof(q->next_spki)));
	wire_put_u64(b, (uint64_t)q->asked_at);
	frame_end(b, mark);
}

void
signer_put_generate(struct buf *b, const struct admin_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_GENERATE, 0, 0);

	put_admin(b, q);
	frame_end(b, mark);
}

void
signer_put_change(struct buf *b, const struct change_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_CHANGE, 0, 0);

	wire_put_view(b, q->old);
	wire_put_view(b, q->message);
	wire_put_view(b, q->template);
	wire_put_u8(b, q->changed);
	wire_put_view(b, q->old_settings);
	wire_put_view(b, q->tbs);
	wire_put_view(b, q->hint);
	wire_put_view(b, q->admin);
	wire_put_view(b, q->layer);
	wire_put_view(b, q->id);
	wire_put_view(b, q->terms);
	wire_put_view(b, q->label);
	wire_put_view(b, q->deed);
	wire_put_u8(b, q->use);
	if (q->use) {
		seal_facts_put(b, &q->facts);
		wire_put_view(b, q->sealed);
		wire_put_view(b, q->use_terms);
		wire_put_view(b, q->use_label);
	}
	frame_end(b, mark);
}

void
signer_put_release(struct buf *b, const struct release_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_RELEASE, 0, 0);

	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	frame_end(b, mark);
}

void
signer_put_anchors(struct buf *b, const struct anchors_request *q)
{
	size_t	mark = frame_begin(b, SIGNER_ANCHORS, 0, 0);

	seal_facts_put(b, &q->facts);
	wire_put_view(b, q->sealed);
	wire_put_view(b, q->transaction);
	wire_put_view(b, q->nonce);
	frame_end(b, mark);
}

void
signer_put_hint(struct buf *b, struct view content)
{
	size_t	mark = frame_begin(b, SIGNER_HINT, 0, 0);

	wire_put_view(b, content);
	frame_end(b, mark);
}

void
signer_put_note(struct buf *b, uint8_t kind, struct view id)
{
	size_t	mark = frame_begin(b, SIGNER_NOTE, 0, 0);

	wire_put_u8(b, kind);
	wire_put_view(b, id);
	frame_end(b, mark);
}

void
signer_put_journal(struct buf *b, uint64_t after)
{
	size_t	mark = frame_begin(b, SIGNER_JOURNAL, 0, 0);

	wire_put_u64(b, after);
	frame_end(b, mark);
}

/* --- answers --------------------------------------------------------------- */

/* A refusal of the signer becomes our fault; another kind of frame too. */
static bool
answered(const struct frame *fr, enum signer_op op, struct wire *w, struct fault *f)
{
	struct view	rule, text;
	uint8_t		kind;

	wire_init(w, fr->body);
	if (fr->type != op)
		return fault_set(f, FAULT_INTERNAL, "", "signer answered %u to question %u",
		    fr->type, op);
	if (!(fr->flags & SIGNER_FAULT_FLAG))
		return true;
	kind = wire_get_u8(w);
	rule = wire_get_view(w);
	text = wire_get_view(w);
	return fault_set(f, kind > FAULT_INTERNAL || kind == 0 ? FAULT_INTERNAL : kind, "",
	    "signer: %.*s%s%.*s", (int)rule.n, (const char *)rule.p, rule.n > 0 ? ": " : "",
	    (int)text.n, (const char *)text.p);
}

bool
signer_get_mint(const struct frame *fr, struct arena *a, struct mint_answer *out,
    struct fault *f)
{
	struct wire	w;
	uint32_t	n;

	if (!answered(fr, SIGNER_MINT, &w, f))
		return false;
	n = wire_get_u32(&w);
	if (n > MINT_MAX)
		return fault_set(f, FAULT_INTERNAL, "", "signer minted %u", n);
	out->list = arena_array(a, n, sizeof(*out->list));
	if (out->list == NULL && n > 0)
		return arena_fault(f);
	for (uint32_t i = 0; i < n; i++) {
		out->list[i].id = wire_get_view(&w);
		out->list[i].sealed = wire_get_view(&w);
	}
	out->secrets = wire_get_view(&w);
	return wire_end(&w, "signer's answer", f);
}

bool
signer_get_prove(const struct frame *fr, struct prove_answer *out, struct fault *f)
{
	struct wire	w;

	if (!answered(fr, fr->type == SIGNER_CANCEL || fr->type == SIGNER_USE ||
	    fr->type == SIGNER_BIND ? (enum signer_op)fr->type : SIGNER_PROVE, &w, f))
		return false;
	out->holds = wire_get_u8(&w) == 1;
	out->sealed = wire_get_view(&w);
	return wire_end(&w, "signer's answer", f);
}

bool
signer_get_generate(const struct frame *fr, struct generate_answer *out, struct fault *f)
{
	struct wire	w;

	if (!answered(fr, SIGNER_GENERATE, &w, f))
		return false;
	out->spki = wire_get_view(&w);
	out->sealed = wire_get_view(&w);
	out->key = wire_get_view(&w);
	return wire_end(&w, "signer's answer", f);
}

bool
signer_get_issue(const struct frame *fr, struct issue_answer *out, struct fault *f)
{
	struct wire	w;

	if (!answered(fr, fr->type == SIGNER_CHANGE ? SIGNER_CHANGE : SIGNER_ISSUE, &w, f))
		return false;
	out->cert = wire_get_view(&w);
	out->sealed = wire_get_view(&w);
	out->deed = wire_get_view(&w);
	return wire_end(&w, "signer's answer", f);
}

bool
signer_get_journal(const struct frame *fr, struct journal_answer *out, struct fault *f)
{
	struct wire	w;

	if (!answered(fr, SIGNER_JOURNAL, &w, f))
		return false;
	out->counter = wire_get_u64(&w);
	out->certs = wire_get_u64(&w);
	for (size_t i = 0; i < JOURNAL_CAS; i++)
		out->crls[i] = wire_get_u64(&w);
	out->records = wire_get_view(&w);
	return wire_end(&w, "signer's answer", f);
}

bool
signer_get_object(const struct frame *fr, enum signer_op op, struct view *out,
    struct fault *f)
{
	struct wire	w;

	if (!answered(fr, op, &w, f))
		return false;
	*out = wire_get_view(&w);
	return wire_end(&w, "signer's answer", f);
}

/* --- links ------------------------------------------------------------------ */

static bool
local_exchange(void *ctx, struct view questions, size_t count, struct buf *answers,
    struct fault *f)
{
	struct signer_local	*l = ctx;
	struct frame		 q;
	size_t			 used;

	for (size_t i = 0; i < count; i++) {
		if (!frame_take(questions, FRAME_BODY_MAX, &q, &used, f) || used == 0)
			return fault_set(f, FAULT_INTERNAL, "", "broken question");
		signer_handle(l->signer, &q, l->clock(l->clock_ctx), answers);
		questions = view_of(questions.p + used, questions.n - used);
	}
	return signer_settle(l->signer, f) && buf_check(answers, "signer's answers", f);
}

struct signer_link
signer_local_link(struct signer_local *l)
{
	return (struct signer_link){ local_exchange, l };
}

/* How many whole frames begin in v. */
static bool
count_frames(struct view v, size_t *from, size_t *count, struct fault *f)
{
	struct frame	fr;
	size_t		used;

	while (*from < v.n) {
		if (!frame_take(view_of(v.p + *from, v.n - *from), FRAME_BODY_MAX, &fr,
		    &used, f))
			return false;
		if (used == 0)
			break;
		*from += used;
		(*count)++;
	}
	return true;
}

#define READ_CHUNK	(256u << 10)
#define SILENCE_MS	60000	/* tokens for a whole fleet take some seconds */

static bool
read_some(int fd, struct buf *answers, struct fault *f)
{
	size_t	 before = answers->n;
	uint8_t	*room = buf_extend(answers, READ_CHUNK);
	ssize_t	 n;

	if (room == NULL)
		return buf_check(answers, "signer's answers", f);
	n = recv(fd, room, READ_CHUNK, MSG_DONTWAIT);
	answers->n = before + (n > 0 ? (size_t)n : 0);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return true;
	return fault_set(f, FAULT_BUSY, "", "the signer process is gone");
}

static bool
write_some(int fd, struct view *left, struct fault *f)
{
	ssize_t	n = send(fd, left->p, left->n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		*left = view_of(left->p + n, left->n - (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		return fault_set(f, FAULT_BUSY, "", "the signer process is gone");
	return true;
}

static bool
ask_all(int fd, struct view questions, size_t count, struct buf *answers, struct fault *f)
{
	size_t	from = answers->n, got = 0;

	while (got < count) {
		struct pollfd	p = { fd, POLLIN | (questions.n > 0 ? POLLOUT : 0), 0 };
		int		n = poll(&p, 1, SILENCE_MS);

		if (n < 0 && errno != EINTR)
			return fault_set(f, FAULT_IO, "", "could not wait for the signer");
		if (n == 0)
			return fault_set(f, FAULT_BUSY, "", "the signer says nothing for %d s",
			    SILENCE_MS / 1000);
		if ((p.revents & POLLOUT) && !write_some(fd, &questions, f))
			return false;
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) && !read_some(fd, answers, f))
			return false;
		if (!count_frames(buf_view(answers), &from, &got, f))
			return false;
	}
	return from == answers->n || fault_set(f, FAULT_INTERNAL, "",
	    "the signer answers more than it was asked");
}

/*
 * After a failure what comes over this link may belong to an older question:
 * it is not used again.
 */
static bool
socket_exchange(void *ctx, struct view questions, size_t count, struct buf *answers,
    struct fault *f)
{
	int	*fd = ctx;

	if (*fd < 0)
		return fault_set(f, FAULT_BUSY, "", "no signer process");
	if (ask_all(*fd, questions, count, answers, f))
		return true;
	close(*fd);
	*fd = -1;
	return false;
}

struct signer_link
signer_socket_link(int *fd)
{
	return (struct signer_link){ socket_exchange, fd };
}

bool
signer_get_note(const struct frame *fr, struct fault *f)
{
	struct wire	w;

	return answered(fr, SIGNER_NOTE, &w, f) && wire_end(&w, "answer to NOTE", f);
}
