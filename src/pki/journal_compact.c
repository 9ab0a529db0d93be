/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "pki/config.h"
#include "pki/journal_parts.h"

#define CHUNK_MAX	(64u << 20)
#define COMPACT_MAX	(1u << 30)

struct compaction {
	struct journal	*j;
	int64_t		 since;
	uint64_t	 kept, dropped;
	struct buf	*out;		/* NULL: only count */
	uint8_t		 chain[SHA256_OCTETS];
};

/* The highest number is kept, whatever its age: it is never given out again. */
static bool
is_needed(const struct compaction *c, const struct journal_record *r)
{
	switch (r->kind) {
	case JOURNAL_CRL:
		return r->number == journal_crls(c->j, r->ca);
	case JOURNAL_LOCKED:
	case JOURNAL_UNLOCKED:
		return r->time >= c->since && journal_find(c->j, r->id) == NULL;
	default:
		return r->time >= c->since || r->number == journal_certs(c->j);
	}
}

static bool
take(struct compaction *c, const struct journal_record *r, struct fault *f)
{
	bool	needed = is_needed(c, r);

	c->kept += needed;
	c->dropped += !needed;
	return c->out == NULL || !needed || journal_put(c->out, r, c->chain, f);
}

static bool
walk(struct compaction *c, struct fault *f)
{
	struct journal_record	 r = { .counter = 0 };
	struct frame		 fr;
	struct buf		 chunk;
	struct view		 left;
	size_t			 used;
	bool			 ok;

	buf_init(&chunk, CHUNK_MAX);
	c->kept = c->dropped = 0;
	do {
		buf_reset(&chunk);
		ok = journal_read(c->j, r.counter, &chunk, f);
		for (left = buf_view(&chunk); ok && left.n > 0;
		    left = view_of(left.p + used, left.n - used))
			ok = frame_take(left, FRAME_BODY_MAX, &fr, &used, f) && used > 0 &&
			    journal_record_get(&fr, &r, f) && take(c, &r, f);
	} while (ok && chunk.n > 0);
	buf_clear(&chunk);
	return ok;
}

/* Whoever it belonged to has it still, and at no moment somebody else. */
static bool
replace(const char *path, struct view content, struct fault *f)
{
	char		fresh[CONFIG_PATH_MAX], dir[CONFIG_PATH_MAX];
	struct stat	st;

	if (snprintf(fresh, sizeof(fresh), "%s.fresh", path) >= (int)sizeof(fresh))
		return fault_set(f, FAULT_LIMIT, "", "%s: the path is too long", path);
	snprintf(dir, sizeof(dir), "%s", path);
	if (stat(path, &st) != 0 || !file_write(fresh, content, 0600, f) ||
	    (geteuid() == 0 && chown(fresh, st.st_uid, st.st_gid) != 0) ||
	    rename(fresh, path) != 0)
		return fault_set(f, FAULT_IO, "", "%s: %s", path, error_text(errno));
	return dir_sync(dirname(dir), f);
}

static bool
write_anew(struct compaction *c, const char *path, struct fault *f)
{
	struct journal_record	base = { .kind = JOURNAL_BASE,
		.counter = journal_counter(c->j), .number = c->kept };
	struct buf		all;
	bool			ok;

	buf_init(&all, COMPACT_MAX);
	c->out = &all;
	ok = journal_put(&all, &base, c->chain, f) && walk(c, f) &&
	    replace(path, buf_view(&all), f);
	buf_clear(&all);
	if (ok)
		log_line(LOG_LEVEL_INFO, "journal compacted", "records=%" PRIu64 " dropped=%" PRIu64,
		    c->kept, c->dropped);
	return ok;
}

bool
journal_compact(const char *path, int64_t since, uint64_t least, struct fault *f)
{
	struct compaction	c = { .j = journal_open(path, f), .since = since };
	bool			ok = c.j != NULL && walk(&c, f) &&
		(c.dropped < least || write_anew(&c, path, f));

	journal_close(c.j);
	return ok;
}
