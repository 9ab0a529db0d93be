/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/cert.h"
#include "peer/change.h"
#include "peer/install_daemon.h"
#include "peer/install_plan.h"
#include "peer/renew.h"
#include "peer/vici.h"

#define WORK_ARENA_MAX	(32u << 20)	/* a plan, and the list of all SAs */
#define VICI_WAIT_MS	10000
#define RIPE_SECONDS	2		/* at least CHANGE_GRACE_MS, as the daemon counts */
#define PAUSE_MS	500
#define GENERATION	"generation/"	/* renew.h */

/* What one step works with. */
struct work {
	struct change		*c;
	struct arena		*a;
	struct credential	 cred;
	struct install_request	 req;
	struct install_plan	 plan;
	bool			 has_cred;
	char			 sha256[CHANGE_HEX_MAX];
	char			 serial[CHANGE_SERIAL_MAX];
};

/* --- credentials ------------------------------------------------------------------------ */

static void
work_clear(struct work *w)
{
	if (w->has_cred)
		credential_clear(&w->cred);
	arena_free(w->a);
}

/* Everything about the credential in dir. */
static bool
work_open(struct work *w, struct change *c, const char *dir, struct fault *f)
{
	uint8_t		digest[SHA256_OCTETS];
	struct cert	cert;

	*w = (struct work){ .c = c, .a = arena_new(WORK_ARENA_MAX),
		.req = { .swanctl_dir = c->swanctl_dir, .vici_uri = c->vici_uri } };
	if (w->a == NULL)
		return arena_fault(f);
	if (!(w->has_cred = credential_load(dir, true, &w->cred, f)) ||
	    !cert_decode(buf_view(&w->cred.certs[0]), &cert, f) ||
	    !tunnels_plan(c->ticket, &w->cred, w->a, &w->req, f) ||
	    !tunnels_local(c->dir, NULL, w->a, &w->req, f) ||
	    !install_plan(&w->req, w->a, &w->plan, f))
		return false;
	sha256(cert.der, digest);
	hex_encode(view_of(digest, sizeof(digest)), w->sha256);
	hex_encode(serial_magnitude(cert.serial), w->serial);
	return true;
}

/* The generation of a serial number; false if it was destroyed. */
static bool
generation_of(const struct change *c, const char *serial, char out[INSTALL_PATH_MAX])
{
	char	name[sizeof(GENERATION) + CHANGE_SERIAL_MAX];

	if (serial[0] == '\0')
		return false;
	snprintf(name, sizeof(name), GENERATION "%s", serial);
	return path_join(out, INSTALL_PATH_MAX, c->dir, name, NULL) && file_exists(out);
}

/* Does the daemon's folder hold this very certificate? */
static bool
in_swanctl(const struct work *w)
{
	char		name[CONF_NAME_MAX + 16], path[INSTALL_PATH_MAX];
	const char	*dir = w->c->swanctl_dir == NULL ? INSTALL_SWANCTL_DIR : w->c->swanctl_dir;
	struct buf	pem, der;
	bool		same;

	buf_init(&pem, 2 * INSTALL_CERT_MAX);
	buf_init(&der, INSTALL_CERT_MAX);
	snprintf(name, sizeof(name), "x509/%s", w->plan.file);
	same = path_join(path, sizeof(path), dir, name, NULL) && file_exists(path) &&
	    file_read(path, &pem, NULL) && pem_decode("CERTIFICATE", buf_view(&pem), &der, NULL,
	    NULL) && view_equal(buf_view(&der), w->req.cert);
	buf_clear(&pem);
	buf_clear(&der);
	return same;
}

/* --- is there anything to do? ------------------------------------------------------------ */

static bool
save(struct change *c, struct fault *f)
{
	return change_state_save(c->dir, &c->state, f);
}

static void
new_round(struct change *c)
{
	memset(c->tried, 0, sizeof(c->tried));
	c->refusals = c->unclear = 0;
	c->words[0] = '\0';
}

static void
forget_old(struct change_state *s)
{
	free(s->old);
	s->old = NULL;
	s->n_old = 0;
	s->loaded = s->back = false;
	s->proofs = 0;
}

static void
set_proved(struct change_state *s, const char *sha256_hex, const char *serial)
{
	memmove(s->proved, sha256_hex, strlen(sha256_hex) + 1);
	memmove(s->proved_serial, serial, strlen(serial) + 1);
}

/* A new target; what was loaded until now is what to return to. */
static bool
aim(struct change *c, const struct work *w, struct fault *f)
{
	struct change_state	*s = &c->state;

	if (s->target[0] != '\0' && s->loaded && !s->back)
		set_proved(s, s->target, s->target_serial);
	forget_old(s);
	new_round(c);
	snprintf(s->target, sizeof(s->target), "%s", w->sha256);
	snprintf(s->target_serial, sizeof(s->target_serial), "%s", w->serial);
	return save(c, f);
}

/* Installed by the enrolment, and nothing before it: there is nothing to change. */
static bool
is_first(const struct change *c, const struct work *w)
{
	return c->state.proved[0] == '\0' && c->state.target[0] == '\0' && in_swanctl(w);
}

static bool
look(struct change *c, const struct work *w, bool *needed, struct fault *f)
{
	struct change_state	*s = &c->state;
	bool			 done;

	*needed = false;
	if (is_first(c, w)) {
		set_proved(s, w->sha256, w->serial);
		return save(c, f);
	}
	if (strcmp(s->proved, w->sha256) == 0) {
		if (s->target[0] != '\0') {
			s->target[0] = '\0';
			forget_old(s);
			if (!save(c, f))
				return false;
		}
		(void)!renew_settle(c->dir, &done, NULL);	/* of a run that was killed */
		return true;
	}
	*needed = true;
	return strcmp(s->target, w->sha256) == 0 || aim(c, w, f);
}

bool
change_look(struct change *c, bool *needed, struct fault *f)
{
	struct work	w;
	bool		ok = work_open(&w, c, c->dir, f) && look(c, &w, needed, f);

	work_clear(&w);
	return ok;
}

bool
change_open(struct change *c, bool *needed, struct fault *f)
{
	new_round(c);
	return change_state_load(c->dir, &c->state, f) && change_look(c, needed, f);
}

void
change_close(struct change *c)
{
	change_state_clear(&c->state);
}

/* --- loading, and going back -------------------------------------------------------------- */

static struct vici *
vici_of(const struct change *c, struct fault *f)
{
	return vici_open(c->vici_uri == NULL ? INSTALL_VICI_URI : c->vici_uri, VICI_WAIT_MS, f);
}

static const struct conf *
connection(const struct work *w, const char *name)
{
	const struct conf	*c = w->plan.connections == NULL ? NULL : w->plan.connections->first;

	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

/* Can we start it, or only the other side? */
static bool
can_start(const struct conf *conn)
{
	for (const struct conf *c = conn->first; c != NULL; c = c->next)
		if (strcmp(c->name, "remote_addrs") == 0)
			return true;
	return false;
}

static bool
list(const struct work *w, struct sa **out, size_t *n, struct fault *f)
{
	struct vici	*v = vici_of(w->c, f);
	bool		 ok = v != NULL && sas_list(v, w->a, out, n, f);

	vici_close(v);
	return ok;
}

/* Whatever is up now was, or may have been, authenticated with what was before. */
static bool
note_old(struct work *w, struct fault *f)
{
	struct change_state	*s = &w->c->state;
	struct sa		*sas;
	size_t			 n;

	if (!list(w, &sas, &n, f))
		return false;
	if (n > CHANGE_SAS_MAX)
		n = CHANGE_SAS_MAX;
	free(s->old);
	s->n_old = 0;
	if ((s->old = calloc(n + 1, sizeof(s->old[0]))) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct conf	*conn = connection(w, sas[i].connection);

		if (conn != NULL && can_start(conn))
			memcpy(s->old[s->n_old++], sas[i].spi, SA_SPI_MAX);
	}
	return true;
}

/* The one before into the daemon again. */
static bool
put_back(struct change *c, struct fault *f)
{
	struct install_report	r;
	struct work		w;
	char			dir[INSTALL_PATH_MAX];
	bool			ok;

	if (!generation_of(c, c->state.proved_serial, dir))
		return fault_set(f, FAULT_NOT_FOUND, "", "cannot go back to certificate \"%s\": it "
		    "was destroyed", c->state.proved_serial);
	ok = work_open(&w, c, dir, f) && install_strongswan(&w.req, true, &r, f);
	work_clear(&w);
	return ok;
}

bool
change_refresh(struct change *c, struct fault *f)
{
	const struct change_state	*s = &c->state;
	struct install_report		 r;
	struct work			 w;
	bool				 ok;

	if (s->back)
		return put_back(c, f);
	if (s->target[0] != '\0' && !s->loaded)
		return true;
	ok = work_open(&w, c, c->dir, f) && install_strongswan(&w.req, true, &r, f);
	work_clear(&w);
	return ok;
}

static bool
load(struct work *w, struct change_step *out, struct fault *f)
{
	struct change		*c = w->c;
	struct install_report	 r;
	struct fault		 why = { 0 }, also = { 0 };

	new_round(c);
	c->state.back = false;
	c->state.proofs = 0;
	if (install_strongswan(&w->req, true, &r, &why)) {
		if (!note_old(w, f))
			return false;
		c->state.loaded = true;
		out->event = CHANGE_LOADED;
		return save(c, f);
	}
	if (why.kind != FAULT_BUSY && c->state.proved_serial[0] != '\0' && !put_back(c, &also))
		return fault_set(f, why.kind, why.rule, "%.200s; and %.200s", why.text, also.text);
	return fault_set(f, why.kind, why.rule, "%s", why.text);
}

/* --- SA by SA ----------------------------------------------------------------------------- */

/* Which of those from before it is; n_old if it is none. */
static size_t
old_index(const struct change_state *s, const struct sa *sa)
{
	size_t	i = 0;

	while (i < s->n_old && strcmp(s->old[i], sa->spi) != 0)
		i++;
	return i;
}

/* One that carries packets, made since. */
static const struct sa *
successor(const struct change_state *s, const struct sa *sas, size_t n, const struct sa *of)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(sas[i].connection, of->connection) == 0 && sas[i].established &&
		    sas[i].child && old_index(s, &sas[i]) == s->n_old)
			return &sas[i];
	return NULL;
}

/*
 * An IKE SA of the new configuration, whatever it has: of a run that was
 * killed, or on its way.  Asked for such a one again, charon has nothing to
 * do and does not say so.
 */
static bool
has_begun(const struct change_state *s, const struct sa *sas, size_t n, const struct sa *of)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(sas[i].connection, of->connection) == 0 &&
		    old_index(s, &sas[i]) == s->n_old)
			return true;
	return false;
}

static bool
end_sa(struct work *w, const struct sa *sa, struct change_step *out, struct fault *f)
{
	struct vici	*v = vici_of(w->c, f);
	bool		 ok = v != NULL && sa_terminate(v, sa, f);

	vici_close(v);
	if (ok) {
		out->event = CHANGE_ENDED;
		snprintf(out->connection, sizeof(out->connection), "%s", sa->connection);
	}
	return ok;
}

/*
 * The IKE SA first and alone, its CHILD SA after it.  In one, the other side
 * would use the new CHILD SA while we still look at its certificate, and what
 * it sends until then would be lost.  A peer that cannot do it gets both in one.
 */
static bool
start_sa(const struct change *c, const char *name, bool begun, enum sa_verdict *v, char *words,
    size_t n, struct fault *f)
{
	*v = SA_UNCLEAR;
	if (!begun && !sa_initiate(c->vici_uri, name, NULL, v, words, n, f))
		return false;
	return *v == SA_REFUSED || sa_initiate(c->vici_uri, name, name, v, words, n, f);
}

static bool
try_sa(struct work *w, const struct sa *sa, size_t at, bool begun, struct change_step *out,
    struct fault *f)
{
	struct change	*c = w->c;
	enum sa_verdict	 v;
	char		 words[256];

	if (!start_sa(c, sa->connection, begun, &v, words, sizeof(words), f))
		return false;
	c->tried[at] = true;
	snprintf(out->connection, sizeof(out->connection), "%s", sa->connection);
	if (v == SA_UP) {
		out->event = CHANGE_PROVED;
		c->state.proofs++;
		return save(c, f);
	}
	c->refusals += v == SA_REFUSED;
	c->unclear += v != SA_REFUSED;
	snprintf(c->words, sizeof(c->words), "%.80s: %.160s", sa->connection, words);
	return true;
}

/* The key goes last: out of the daemon, then out of the folder. */
static bool
finish(struct work *w, struct change_step *out, struct fault *f)
{
	struct change_state	*s = &w->c->state;
	struct credential	 old;
	char			 dir[INSTALL_PATH_MAX];
	bool			 done, ok = true;

	if (strcmp(s->proved_serial, s->target_serial) != 0 &&
	    generation_of(w->c, s->proved_serial, dir) && credential_load(dir, true, &old, NULL)) {
		if (!view_equal(buf_view(&old.key_pem), w->req.key_pem))
			ok = install_daemon_forget(w->c->vici_uri, buf_view(&old.key_pem), f);
		credential_clear(&old);
	}
	if (!ok)
		return false;
	set_proved(s, s->target, s->target_serial);
	s->target[0] = s->target_serial[0] = '\0';
	forget_old(s);
	out->event = CHANGE_FINISHED;
	return save(w->c, f) && renew_settle(w->c->dir, &done, f);
}

/* Nothing more can be done in this round, and not all of it was good. */
static bool
give_up(struct work *w, bool proved, struct change_step *out, struct fault *f)
{
	struct change	*c = w->c;
	bool		 back = c->refusals > 0 && !proved && c->state.proofs == 0;

	snprintf(out->words, sizeof(out->words), "%s", c->words);
	out->event = back ? CHANGE_BACK : CHANGE_LATER;
	new_round(c);
	if (!back)
		return true;
	if (!put_back(c, f))
		return fault_within(f, "every peer refuses the new certificate (%.160s)",
		    out->words);
	forget_old(&c->state);
	c->state.back = true;
	return save(c, f);
}

static bool
move(struct work *w, struct change_step *out, struct fault *f)
{
	struct change_state	*s = &w->c->state;
	struct sa		*sas;
	size_t			 n, at;
	bool			 unripe = false, proved = false, stuck = false;

	if (!list(w, &sas, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct sa	*next;

		if ((at = old_index(s, &sas[i])) == s->n_old)
			continue;
		next = successor(s, sas, n, &sas[i]);
		proved = proved || next != NULL;
		if (next != NULL && next->age >= RIPE_SECONDS)
			return end_sa(w, &sas[i], out, f);
		if (next == NULL && !w->c->tried[at])
			return try_sa(w, &sas[i], at, has_begun(s, sas, n, &sas[i]), out, f);
		unripe = unripe || next != NULL;
		stuck = stuck || next == NULL;
	}
	if (unripe) {
		out->wait_ms = PAUSE_MS;
		return true;
	}
	return stuck ? give_up(w, proved, out, f) : finish(w, out, f);
}

bool
change_step(struct change *c, struct change_step *out, struct fault *f)
{
	struct work	w;
	bool		needed = false, ok;

	*out = (struct change_step){ 0 };
	ok = work_open(&w, c, c->dir, f) && look(c, &w, &needed, f);
	if (ok && !needed)
		out->event = CHANGE_FINISHED;
	else if (ok)
		ok = c->state.loaded ? move(&w, out, f) : load(&w, out, f);
	work_clear(&w);
	return ok;
}
