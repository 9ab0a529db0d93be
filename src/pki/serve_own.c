/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/log.h"
#include "base/process.h"
#include "pki/own.h"
#include "pki/roll.h"
#include "pki/seal_key.h"
#include "pki/serve_own.h"

#define LOOK_MS		INT64_C(3600000)
#define RENEW_MS	60000	/* for the process that renews */
#define STOP_MS		1000

/* What there is, and what is due. */
struct look {
	unsigned	own, lines;	/* certificates, CAs: bits as in own.h and roll.h */
	bool		retiring;	/* a CA that was replaced may have ended */
	struct timespec	sealed;		/* when the sealing key was written: its content is the signer's */
};

/* The next look: at the moment at which a CA comes into use, or in an hour. */
static int64_t
next_look(const struct authorities *all, int64_t now)
{
	int64_t	wait = LOOK_MS;

	for (enum authority_id ca = AUTHORITY_IKE_NEXT; ca < AUTHORITY_CAS; ca++) {
		int64_t	left = (all->list[ca].from - now) * 1000;

		if (authority_is_here(all, ca) && left > 0 && left < wait)
			wait = left;
	}
	return wait;
}

/* 0 if it is not known.  A folder's is when something in it was made, replaced or removed. */
static struct timespec
changed_at(const struct pki_config *c, const char *name)
{
	char		path[CONFIG_PATH_MAX];
	struct stat	st;

	return config_path(c, name, path, sizeof(path), NULL) && stat(path, &st) == 0 ?
	    st.st_mtim : (struct timespec){ 0, 0 };
}

static bool
is_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

void
serve_own_started(struct serve_own *o, const struct pki_config *c)
{
	o->certs = changed_at(c, "certs");
	o->sealed = changed_at(c, "keys/seal.key");
}

static bool
look(const struct pki_config *c, int64_t now, struct look *out, int64_t *wait_ms,
    struct fault *f)
{
	struct authorities	all;
	bool			ok;

	*out = (struct look){ .sealed = changed_at(c, "keys/seal.key") };
	if (!authorities_load(c, &all, f))
		return false;
	*wait_ms = next_look(&all, now);
	out->own = own_due(&all, now);
	for (enum authority_id ca = AUTHORITY_IKE_NEXT; ca < AUTHORITY_CAS; ca++)
		out->retiring |= authority_is_here(&all, ca) && now > all.list[ca].from;
	ok = c->ca_rollover == 0 || roll_due(c, &all, now, &out->lines, f);
	authorities_clear(&all);
	return ok;
}

static bool
is_due(const struct look *l, int64_t now)
{
	return l->own != 0 || l->lines != 0 || l->retiring || (l->sealed.tv_sec != 0 &&
	    now - l->sealed.tv_sec > SEAL_KEY_DAYS * 86400L);
}

static bool
renew(const char *dir)
{
	const char		*argv[] = { "pki4ipsec", "pki", "renew", "--dir", dir, "--due", "-q",
		NULL };
	struct process_status	 st = { 0 };
	struct process		 p;
	struct fault		 f = { 0 };
	bool			 runs = process_spawn(argv, NULL, 0, &p, &f);

	if (runs && process_wait(&p, RENEW_MS, &st, &f) && st.ended && st.code == 0 &&
	    !st.signalled)
		return true;
	log_line(LOG_LEVEL_ERROR, "could not renew own certificates",
	    "why=\"%s\" try=\"pki4ipsec pki renew --due\"", f.kind != FAULT_NONE ? f.text :
	    st.ended ? process_status_text(&st) : "it took longer than a minute");
	if (runs && !st.ended)
		process_stop(&p, STOP_MS);
	return false;
}

/* A renewal that changes nothing must not be a reason to reload, again and again. */
static bool
is_new(const struct serve_own *o, const struct pki_config *c)
{
	return !is_same(o->certs, changed_at(c, "certs")) ||
	    !is_same(o->sealed, changed_at(c, "keys/seal.key"));
}

bool
serve_own(struct serve_own *o, const struct pki_config *c, const char *dir, int64_t now_ms)
{
	int64_t		now, wait = LOOK_MS;
	struct look	seen;
	struct fault	f = { 0 };

	if (now_ms < o->look_at_ms)
		return false;
	now = (int64_t)time(NULL);
	if (look(c, now, &seen, &wait, &f) && is_due(&seen, now) && renew(dir))
		(void)!look(c, now, &seen, &wait, &f);	/* for the time of the next one */
	o->look_at_ms = now_ms + wait;
	if (f.kind != FAULT_NONE)
		log_fault(LOG_LEVEL_ERROR, "own certificates", &f);
	return is_new(o, c);
}
