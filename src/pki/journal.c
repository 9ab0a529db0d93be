/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "pki/journal_parts.h"

#define RECORD_MAX	2048		/* octets of a record's body */
#define FILE_MAX	(1u << 30)	/* a few million authorizations */
#define PENDING_MAX	(16u << 20)	/* of one exchange */
#define READ_MAX	(8u << 20)	/* given out at one time */
#define SLOTS_MIN	1024		/* a power of two */

struct journal {
	int			 fd;
	uint64_t		 length;	/* octets that are durable */
	uint64_t		 durable;	/* counter of the last durable record */
	struct buf		 pending;
	uint64_t		 base_left, top;	/* of a compacted file: records with gaps */
	uint64_t		 counter, certs, crls[JOURNAL_CAS];
	uint8_t			 chain[SHA256_OCTETS];
	struct journal_spent	*slots;
	size_t			 size, used;
};

/* --- what is spent ------------------------------------------------------------- */

static size_t
place_of(const struct journal_spent *slots, size_t size, const uint8_t id[SHA256_OCTETS])
{
	uint64_t	h;
	size_t		i;

	memcpy(&h, id, sizeof(h));
	i = (size_t)h & (size - 1);
	while (slots[i].kind != 0 && memcmp(slots[i].id, id, SHA256_OCTETS) != 0)
		i = (i + 1) & (size - 1);
	return i;
}

static bool
grow(struct journal *j, struct fault *f)
{
	size_t			 size = j->size == 0 ? SLOTS_MIN : 2 * j->size;
	struct journal_spent	*slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	for (size_t i = 0; i < j->size; i++)
		if (j->slots[i].kind != 0)
			slots[place_of(slots, size, j->slots[i].id)] = j->slots[i];
	free(j->slots);
	j->slots = slots;
	j->size = size;
	return true;
}

static bool
remember_id(struct journal *j, const struct journal_record *r, struct fault *f)
{
	struct journal_spent	*s;
	uint8_t			 id[SHA256_OCTETS];

	if (2 * (j->used + 1) > j->size && !grow(j, f))
		return false;
	sha256(r->id, id);
	s = &j->slots[place_of(j->slots, j->size, id)];
	j->used += s->kind == 0;
	s->kind = r->kind;
	s->time = r->time;
	memcpy(s->id, id, sizeof(id));
	memcpy(s->tbs, r->tbs, sizeof(r->tbs));
	return true;
}

static bool
remember(struct journal *j, const struct journal_record *r, struct fault *f)
{
	if ((r->kind == JOURNAL_ISSUED || r->kind == JOURNAL_CANCELLED ||
	    r->kind == JOURNAL_SUCCESSOR) && !remember_id(j, r, f))
		return false;
	if ((r->kind == JOURNAL_ISSUED || r->kind == JOURNAL_SUCCESSOR) && r->number > j->certs)
		j->certs = r->number;
	if (r->kind == JOURNAL_CRL && r->ca < JOURNAL_CAS && r->number > j->crls[r->ca])
		j->crls[r->ca] = r->number;
	j->counter = r->counter;
	return true;
}

const struct journal_spent *
journal_find(const struct journal *j, struct view id)
{
	uint8_t				 digest[SHA256_OCTETS];
	const struct journal_spent	*s;

	if (j->size == 0)
		return NULL;
	sha256(id, digest);
	s = &j->slots[place_of(j->slots, j->size, digest)];
	return s->kind != 0 ? s : NULL;
}

/* --- records ---------------------------------------------------------------------- */

static void
put_fields(struct buf *b, const struct journal_record *r)
{
	wire_put_u64(b, (uint64_t)r->time);
	wire_put_view(b, r->id);
	wire_put_view(b, view_of(r->tbs, sizeof(r->tbs)));
	wire_put_view(b, view_of(r->spki, sizeof(r->spki)));
	wire_put_u64(b, r->number);
	wire_put_u8(b, r->ca);
}

/* The digest of record `counter` with these fields behind the record before. */
static void
link_digest(const uint8_t before[SHA256_OCTETS], uint8_t kind, uint64_t counter,
    struct view fields, uint8_t out[SHA256_OCTETS])
{
	uint8_t		head[9];
	struct view	parts[3] = { view_of(before, SHA256_OCTETS),
		view_of(head, sizeof(head)), fields };

	head[0] = kind;
	for (int i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)(counter >> (8 * (7 - i)));
	digest_parts(DIGEST_SHA256, parts, 3, out);
}

static bool
get_digest(struct wire *w, uint8_t out[SHA256_OCTETS])
{
	struct view	v = wire_get_view(w);

	if (v.n != SHA256_OCTETS)
		return false;
	memcpy(out, v.p, v.n);
	return true;
}

bool
journal_record_get(const struct frame *fr, struct journal_record *out, struct fault *f)
{
	struct journal_record	r = { .kind = (enum journal_kind)fr->type, .counter = fr->tag };
	uint8_t			chain[SHA256_OCTETS];
	struct wire		w;
	bool			ok;

	wire_init(&w, fr->body);
	r.time = (int64_t)wire_get_u64(&w);
	r.id = wire_get_view(&w);
	ok = get_digest(&w, r.tbs) && get_digest(&w, r.spki);
	r.number = wire_get_u64(&w);
	r.ca = wire_get_u8(&w);
	ok = ok && get_digest(&w, chain) && fr->type >= JOURNAL_ISSUED && fr->type <= JOURNAL_BASE;
	if (!ok || !wire_end(&w, "journal", f))
		return fault_set(f, FAULT_MALFORMED, "", "journal: record %llu cannot be read",
		    (unsigned long long)fr->tag);
	*out = r;
	return true;
}

bool
journal_put(struct buf *out, const struct journal_record *r, uint8_t chain[SHA256_OCTETS],
    struct fault *f)
{
	struct buf	fields;
	uint8_t		next[SHA256_OCTETS];
	size_t		mark;
	bool		ok;

	buf_init(&fields, RECORD_MAX);
	put_fields(&fields, r);
	link_digest(chain, (uint8_t)r->kind, r->counter, buf_view(&fields), next);
	mark = frame_begin(out, (uint8_t)r->kind, 0, r->counter);
	buf_add_view(out, buf_view(&fields));
	wire_put_view(out, view_of(next, sizeof(next)));
	frame_end(out, mark);
	ok = buf_check(&fields, "journal record", f) && buf_check(out, "journal", f);
	if (ok)
		memcpy(chain, next, sizeof(next));
	buf_clear(&fields);
	return ok;
}

bool
journal_append(struct journal *j, struct journal_record *r, struct fault *f)
{
	uint8_t		chain[SHA256_OCTETS];
	size_t		before = j->pending.n;

	r->counter = j->counter + 1;
	memcpy(chain, j->chain, sizeof(chain));
	if (!journal_put(&j->pending, r, chain, f) || !remember(j, r, f)) {
		j->pending.n = before;
		return false;
	}
	memcpy(j->chain, chain, sizeof(chain));
	return true;
}

bool
journal_settle(struct journal *j, struct fault *f)
{
	struct view	left = buf_view(&j->pending);
	off_t		at = (off_t)j->length;

	while (left.n > 0) {
		ssize_t	n = pwrite(j->fd, left.p, left.n, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fault_set(f, FAULT_IO, "", "could not write the journal: %s",
			    error_text(errno));
		left = view_of(left.p + n, left.n - (size_t)n);
		at += n;
	}
	if (j->pending.n > 0 && fdatasync(j->fd) != 0)
		return fault_set(f, FAULT_IO, "", "could not write the journal to disk: %s",
		    error_text(errno));
	j->length += j->pending.n;
	j->durable = j->counter;
	buf_reset(&j->pending);
	return true;
}

uint64_t
journal_counter(const struct journal *j)
{
	return j->durable;
}

uint64_t
journal_certs(const struct journal *j)
{
	return j->certs;
}

uint64_t
journal_crls(const struct journal *j, uint8_t ca)
{
	return ca < JOURNAL_CAS ? j->crls[ca] : 0;
}

/* --- the file ------------------------------------------------------------------------ */

static bool
read_all(const struct journal *j, struct buf *all, struct fault *f)
{
	for (;;) {
		size_t	 before = all->n;
		uint8_t	*room = buf_extend(all, 256u << 10);
		ssize_t	 n;

		if (room == NULL)
			return buf_check(all, "journal", f);
		n = pread(j->fd, room, 256u << 10, (off_t)before);
		all->n = before + (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno != EINTR)
			return fault_set(f, FAULT_IO, "", "could not read the journal: %s",
			    error_text(errno));
		if (n == 0)
			return true;
	}
}

/* The next one; of a compacted file the first ones may be further apart. */
static bool
follows(const struct journal *j, const struct journal_record *r)
{
	if (r->kind == JOURNAL_BASE)
		return j->counter == 0 && j->top == 0;
	return j->base_left > 0 ? r->counter > j->counter && r->counter <= j->top :
	    r->counter == j->counter + 1;
}

static bool
take_record(struct journal *j, const struct frame *fr, struct fault *f)
{
	struct journal_record	r;
	uint8_t			want[SHA256_OCTETS];
	size_t			tail = 4 + SHA256_OCTETS;	/* the digest with its length */
	bool			last;

	if (!journal_record_get(fr, &r, f))
		return false;
	link_digest(j->chain, fr->type, fr->tag, view_of(fr->body.p, fr->body.n - tail), want);
	if (!follows(j, &r) ||
	    memcmp(want, fr->body.p + fr->body.n - SHA256_OCTETS, sizeof(want)) != 0)
		return fault_set(f, FAULT_MALFORMED, "", "journal: record %llu does not follow "
		    "the one before", (unsigned long long)r.counter);
	memcpy(j->chain, want, sizeof(want));
	if (r.kind == JOURNAL_BASE) {
		j->top = r.counter;
		j->base_left = r.number;
		last = r.number == 0;
	} else {
		if (!remember(j, &r, f))
			return false;
		last = j->base_left > 0 && --j->base_left == 0;
	}
	if (last)
		j->counter = j->top;
	return true;
}

/*
 * Up to the last record that fits; the rest is cut off.  A torn end was never
 * answered; of anything else the engine's own counter tells (recover.c).
 */
static bool
take_all(struct journal *j, struct view all, const char *path, struct fault *f)
{
	struct fault	why = { 0 };
	struct frame	fr;
	struct view	left = all;
	size_t		used;

	while (left.n > 0 && frame_take(left, RECORD_MAX, &fr, &used, &why) && used > 0 &&
	    take_record(j, &fr, &why))
		left = view_of(left.p + used, left.n - used);
	if (why.kind == FAULT_INTERNAL) {
		*f = why;
		return false;
	}
	j->length = all.n - left.n;
	j->durable = j->counter;
	if (left.n == 0)
		return true;
	log_line(LOG_LEVEL_ERROR, "journal cut off behind its last good record",
	    "path=\"%s\" records=%" PRIu64 " octets=%zu why=\"%s\"", path, j->counter, left.n,
	    why.text);
	return ftruncate(j->fd, (off_t)j->length) == 0 ||
	    fault_set(f, FAULT_IO, "", "could not cut the journal: %s", error_text(errno));
}

struct journal *
journal_open(const char *path, struct fault *f)
{
	struct journal	*j = calloc(1, sizeof(*j));
	struct buf	 all;
	bool		 ok;

	if (j == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	buf_init(&j->pending, PENDING_MAX);
	buf_init(&all, FILE_MAX);
	j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j->fd < 0)
		fault_set(f, FAULT_IO, "", "could not open %s: %s", path, error_text(errno));
	ok = j->fd >= 0 && read_all(j, &all, f) && take_all(j, buf_view(&all), path, f);
	buf_clear(&all);
	if (ok)
		return j;
	fault_within(f, "%s", path);
	journal_close(j);
	return NULL;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	buf_clear(&j->pending);
	free(j->slots);
	free(j);
}

bool
journal_read(struct journal *j, uint64_t after, struct buf *out, struct fault *f)
{
	struct buf	all;
	struct view	left;
	struct frame	fr;
	size_t		used, before = out->n;
	bool		ok;

	if (after >= j->durable)
		return true;
	buf_init(&all, FILE_MAX);
	ok = read_all(j, &all, f);
	left = view_of(all.p, all.n < j->length ? all.n : (size_t)j->length);
	while (ok && left.n > 0 && out->n - before < READ_MAX) {
		ok = frame_take(left, RECORD_MAX, &fr, &used, f);
		if (!ok || used == 0)
			break;
		if (fr.tag > after && fr.type != JOURNAL_BASE)
			buf_add(out, left.p, used);
		left = view_of(left.p + used, left.n - used);
	}
	buf_clear(&all);
	return ok && buf_check(out, "journal", f);
}
