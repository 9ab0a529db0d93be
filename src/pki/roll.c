/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "pki/own.h"
#include "pki/roll.h"
#include "pki/terms.h"
#include "store/store_cert.h"

#define DAY		INT64_C(86400)
#define ROLL_ARENA_MAX	(1u << 20)

/* --- announcing -------------------------------------------------------------------------- */

static bool
key_path(const struct pki_config *c, const char *name, char out[CONFIG_PATH_MAX],
    struct fault *f)
{
	char	sub[64];

	snprintf(sub, sizeof(sub), "keys/%s.key.pem", name);
	return config_path(c, sub, out, CONFIG_PATH_MAX, f);
}

static bool
check_free(enum ca_line line, const struct ca_living *l, struct fault *f)
{
	const struct ca_generation	*last = &l->list[l->n - 1];
	char				 name[32], date[32];

	if (l->n == ROLLOVER_LIVING_MAX) {
		ca_generation_name(line, last->number, name);
		date_format(last->from, date);
		return fault_set(f, FAULT_CONFLICT, "", "CA %s is being rolled over: %s issues from "
		    "%s, and the one before lives until its last certificate has ended",
		    ca_line_name(line), name, date);
	}
	return last->number < ROLLOVER_NUMBER_MAX || fault_set(f, FAULT_LIMIT, "",
	    "CA %s has had %d generations", ca_line_name(line), ROLLOVER_NUMBER_MAX);
}

/* The key that lies there already is taken: one name, one key (RFC 4945, 5.1.3.1). */
static struct key *
make_key(const struct pki_config *c, const char *name, enum key_kind kind, struct fault *f)
{
	struct secret	 pem = { 0 };
	struct key	*k;
	char		 path[CONFIG_PATH_MAX];
	bool		 ok;

	if (!key_path(c, name, path, f))
		return NULL;
	if (file_exists(path))
		return own_key(c, name, f);
	k = key_generate(kind, f);
	ok = k != NULL && key_to_pem(k, &pem, f) &&
	    file_write(path, view_of(pem.p, pem.n), 0600, f);
	secret_clear(&pem);
	if (ok)
		return k;
	key_free(k);
	return NULL;
}

static bool
check_worth(const struct authorities *all, enum authority_id line, struct view der,
    int64_t *not_after, struct fault *f)
{
	struct cert	made;

	if (!cert_decode(der, &made, f))
		return false;
	*not_after = made.not_after;
	return made.not_after > all->list[line].cert.not_after ||
	    made.not_after < all->list[AUTHORITY_ROOT].cert.not_after || fault_set(f, FAULT_REFUSED,
	    "RFC 5280, 4.1.2.5", "the root ends before a new CA could be of use: a new PKI "
	    "beside this one is needed");
}

static bool
make_ca(const struct pki_config *c, const struct authorities *all, enum ca_line line,
    uint32_t number, struct roll_announced *out, int64_t now, struct fault *f)
{
	enum authority_id	 id = authority_of_line(line);
	struct own_terms	 t = { .name = c->name, .url = c->url, .now = now,
	    .generation = number };
	struct key		*root = own_key(c, "root", f), *k = NULL;
	struct buf		 der;
	bool			 ok;

	if (root == NULL)
		return fault_within(f, "the root signs a new CA");
	buf_init(&der, CERT_OCTETS_MAX);
	ok = view_equal(key_spki(root), all->list[AUTHORITY_ROOT].cert.spki) ||
	    fault_set(f, FAULT_USAGE, "", "keys/root.key.pem does not belong to certs/root.pem");
	ok = ok && (k = make_key(c, out->name, spki_kind(all->list[id].cert.spki), f)) != NULL &&
	    own_certificate(id, &t, all, key_spki(k), root, &der, f) &&
	    check_worth(all, id, buf_view(&der), &out->not_after, f) &&
	    own_write(c, out->name, buf_view(&der), f);
	buf_clear(&der);
	key_free(k);
	key_free(root);
	return ok;
}

static bool
announce(const struct pki_config *c, const struct authorities *all, enum ca_line line,
    int64_t after, int64_t now, struct roll_announced *out, struct fault *f)
{
	struct rollover		 r;
	struct ca_living	*l;
	uint32_t		 number;

	if (!rollover_read(c, &r, f) || !check_free(line, &r.line[line], f))
		return false;
	l = &r.line[line];
	number = l->list[l->n - 1].number + 1;
	out->from = now + after;
	ca_generation_name(line, number, out->name);
	if (!make_ca(c, all, line, number, out, now, f))
		return false;
	l->list[l->n++] = (struct ca_generation){ number, out->from };
	return rollover_write(c, &r, f);	/* from here on there is a new one */
}

bool
roll_announce(const struct pki_config *c, enum ca_line line, int64_t after, int64_t now,
    struct roll_announced *out, struct fault *f)
{
	struct authorities	all;
	bool			ok;

	if (!authorities_load(c, &all, f))
		return false;
	ok = announce(c, &all, line, after, now, out, f);
	authorities_clear(&all);
	return ok;
}

/* --- retiring ----------------------------------------------------------------------------- */

/* None of its certificates lives, nor is one still to be seen on a CRL. */
static bool
is_idle(const struct pki_config *c, const char *name, int64_t now, bool *idle, struct fault *f)
{
	char		 path[CONFIG_PATH_MAX];
	struct arena	*a = arena_new(ROLL_ARENA_MAX);
	struct store	*st = NULL;
	struct store_ca	 ca;
	int64_t		 count = 0, last;
	bool		 ok;

	ok = (a != NULL || arena_fault(f)) && config_path(c, "pki.db", path, sizeof(path), f) &&
	    (st = store_open(path, STORE_READ_ONLY, (struct store_digest){ sha256 }, f)) != NULL &&
	    store_ca_find(st, name, a, &ca, f) &&
	    (ca.n == 0 || store_cert_ends(st, ca.n, now - c->crl_lifetime, &count, &last, f));
	*idle = ok && count == 0;
	store_close(st);
	arena_free(a);
	return ok;
}

static bool
issued_own(const struct authorities *all, enum authority_id ca)
{
	for (enum authority_id id = AUTHORITY_CAS; id < AUTHORITIES; id++)
		if (view_equal(all->list[id].cert.issuer, all->list[ca].cert.subject))
			return true;
	return false;
}

static bool
may_retire(const struct pki_config *c, const struct authorities *all, enum authority_id line,
    int64_t now, bool *may, struct fault *f)
{
	enum authority_id	next = authority_next(line);

	*may = false;
	if (!authority_is_here(all, next) || now <= all->list[next].from + CA_REPLACED_SECONDS ||
	    issued_own(all, line))
		return true;
	return is_idle(c, all->list[line].name, now, may, f);
}

/*
 * A clock that ran ahead, or an older database put back, may have ended a CA
 * whose certificates live: it comes back as long as its key is there.
 */
static bool
call_back(const struct pki_config *c, enum ca_line line, struct ca_living *l, int64_t now,
    bool *back, struct fault *f)
{
	uint32_t	number = l->list[0].number - 1;
	char		name[32], path[CONFIG_PATH_MAX];
	bool		idle = true;

	*back = false;
	if (l->n != 1 || number == 0)
		return true;
	ca_generation_name(line, number, name);
	if (!key_path(c, name, path, f) ||
	    (file_exists(path) && !is_idle(c, name, now, &idle, f)))
		return false;
	if (idle)
		return true;
	*l = (struct ca_living){ { { number, 0 }, l->list[0] }, 2 };
	*back = true;
	return true;
}

/* How long ROLLOVER_FILE has said what it says, by the clock of the file system. */
static int64_t
unchanged_for(const struct pki_config *c, int64_t now)
{
	char		path[CONFIG_PATH_MAX];
	struct stat	st;

	return config_path(c, ROLLOVER_FILE, path, sizeof(path), NULL) &&
	    stat(path, &st) == 0 ? now - (int64_t)st.st_mtime : 0;
}

/* Keys of generations before the first that lives: also what a crash has left. */
static bool
destroy_before(const struct pki_config *c, enum ca_line line, uint32_t number, struct fault *f)
{
	char	name[32], path[CONFIG_PATH_MAX];

	for (uint32_t n = 1; n < number; n++) {
		ca_generation_name(line, n, name);
		if (!key_path(c, name, path, f) || !file_destroy(path, f))
			return false;
	}
	return true;
}

static bool
retire_one(const struct pki_config *c, const struct authorities *all, enum ca_line line,
    struct ca_living *l, int64_t now, bool *gone, bool *back, struct fault *f)
{
	if (!may_retire(c, all, authority_of_line(line), now, gone, f))
		return false;
	*back = false;
	if (!*gone)
		return call_back(c, line, l, now, back, f);
	*l = (struct ca_living){ { l->list[1] }, 1 };
	return true;
}

static bool
retire(const struct pki_config *c, const struct authorities *all, int64_t now,
    unsigned *retired, struct fault *f)
{
	struct rollover	r;
	bool		old, gone, back;

	if (!rollover_read(c, &r, f))
		return false;
	old = unchanged_for(c, now) > ROLL_KEY_KEPT_SECONDS;
	for (size_t i = 0; i < ROLLOVER_LINES; i++) {
		struct ca_living	*l = &r.line[i];
		enum ca_line		 line = (enum ca_line)i;

		if (!retire_one(c, all, line, l, now, &gone, &back, f) ||
		    ((gone || back) && !rollover_write(c, &r, f)))
			return false;
		if (back)
			log_line(LOG_LEVEL_WARN, "a CA is called back", "line=%s why=\"it was ended, "
			    "and certificates of it live\"", ca_line_name(line));
		*retired |= (unsigned)gone << i;
		if (old && !gone && !back && !destroy_before(c, line, l->list[0].number, f))
			return false;
	}
	return true;
}

bool
roll_retire(const struct pki_config *c, int64_t now, unsigned *retired, struct fault *f)
{
	struct authorities	all;
	bool			ok;

	*retired = 0;
	if (!authorities_load(c, &all, f))
		return false;
	ok = retire(c, &all, now, retired, f);
	authorities_clear(&all);
	return ok;
}

/* --- when --------------------------------------------------------------------------------- */

/* Early enough that nothing is shortened, and with time for whoever must be asked. */
int64_t
roll_due_at(const struct cert *ca, int64_t longest, int64_t announce)
{
	int64_t	life = ca->not_after - ca->not_before, lead = longest + announce + 30 * DAY;

	if (lead < life / 3)
		lead = life / 3;
	return ca->not_after - (lead < life / 2 ? lead : life / 2);
}

static int64_t
longest_life(const struct templates *t, bool management)
{
	int64_t	longest = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].t.management == management &&
		    t->list[i].t.validity_seconds > longest)
			longest = t->list[i].t.validity_seconds;
	return longest;
}

bool
roll_due(const struct pki_config *c, const struct authorities *all, int64_t now,
    unsigned *due, struct fault *f)
{
	struct templates	t;

	*due = 0;
	if (!templates_load(c, &t, f))
		return false;
	for (size_t i = 0; i < ROLLOVER_LINES; i++) {
		enum authority_id	id = authority_of_line((enum ca_line)i);

		if (!authority_is_here(all, authority_next(id)) && now >= roll_due_at(
		    &all->list[id].cert, longest_life(&t, id == AUTHORITY_MANAGEMENT),
		    c->ca_announce))
			*due |= 1u << i;
	}
	templates_clear(&t);
	return true;
}
