/* SPDX-License-Identifier: Apache-2.0 */
/* pki renew: new certificates for what the PKI itself uses every day, new keys for its CAs. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "pki/commands.h"
#include "pki/own.h"
#include "pki/roll.h"
#include "pki/seal_key.h"
#include "store/store_authz.h"

#define AFTER_MAX	INT64_C(31536000)

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ "due", NULL, NULL, "only what is due: certificates in the last third of their life, CAs in time" },
	{ "sealing-key", NULL, NULL, "only a new key that tokens are sealed under" },
	{ "ca", "NAME", NULL, "only a new key and certificate for this CA: ike or management" },
	{ "after", "TIME", NULL, "with --ca: from announcing it to its use; ca.announce unless given" },
	{ 0 },
};

/* What was done. */
struct done {
	unsigned		own;		/* bit 1 << authority_id */
	bool			sealing;
	struct roll_announced	announced[ROLLOVER_LINES];
	size_t			n_announced;
	unsigned		retired;	/* bit 1 << ca_line */
};

/* Since when things are sealed that still count; an older key opens nothing any more. */
static bool
sealed_since(const struct pki_config *c, int64_t now, int64_t *since, struct fault *f)
{
	char		 path[CONFIG_PATH_MAX];
	struct store	*st = NULL;
	bool		 ok;

	ok = config_path(c, "pki.db", path, sizeof(path), f) &&
	    (st = store_open(path, STORE_READ_ONLY, (struct store_digest){ sha256 }, f)) != NULL &&
	    store_sealed_since(st, now, since, f);
	store_close(st);
	return ok;
}

/* By its age, or because somebody says so. */
static bool
renew_sealing_key(const struct invocation *in, const struct pki_config *c, int64_t now,
    bool *done, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];
	int64_t	since = 0;

	*done = option_given(in, "sealing-key");
	if (!config_path(c, "keys/seal.key", path, sizeof(path), f) ||
	    (option_given(in, "due") && !seal_keys_due(path, now, done, f)))
		return false;
	return !*done || (sealed_since(c, now, &since, f) &&
	    seal_keys_rotate(path, rng_system(), now, since, f));
}

/* --- CAs ------------------------------------------------------------------------------- */

static bool
read_line(const char *name, enum ca_line *out, struct fault *f)
{
	for (int i = 0; i < ROLLOVER_LINES; i++)
		if (strcmp(name, ca_line_name((enum ca_line)i)) == 0) {
			*out = (enum ca_line)i;
			return true;
		}
	return fault_set(f, FAULT_USAGE, "", "--ca %s: want ike or management; the root has no "
	    "successor inside this PKI", name);
}

static bool
announce(const struct pki_config *c, enum ca_line line, int64_t after, int64_t now,
    struct done *d, struct fault *f)
{
	if (!roll_announce(c, line, after, now, &d->announced[d->n_announced], f))
		return false;
	d->n_announced++;
	return true;
}

static bool
announce_named(const struct invocation *in, const struct pki_config *c, int64_t now,
    struct done *d, struct fault *f)
{
	const char	*text = option_value(in, "after");
	int64_t		 after = c->ca_announce;
	enum ca_line	 line;

	return read_line(option_value(in, "ca"), &line, f) &&
	    (text == NULL || duration_parse("--after", text, 0, AFTER_MAX, &after, f)) &&
	    announce(c, line, after, now, d, f);
}

/* The rest is done all the same: what lacks here is a person with a key. */
static bool
announce_due(const struct pki_config *c, const struct authorities *all, int64_t now,
    struct done *d, struct fault *f)
{
	unsigned	due = 0;

	if (c->ca_rollover == 1 && !roll_due(c, all, now, &due, f))
		return false;
	for (int i = 0; i < ROLLOVER_LINES; i++) {
		struct fault	why = { 0 };

		if ((due & (1u << i)) == 0 ||
		    announce(c, (enum ca_line)i, c->ca_announce, now, d, &why))
			continue;
		log_line(LOG_LEVEL_WARN, "a new CA is due", "ca=%s why=\"%s\" try=\"pki4ipsec pki "
		    "renew --ca %s\"", ca_line_name((enum ca_line)i), why.text,
		    ca_line_name((enum ca_line)i));
	}
	return true;
}

/* --- telling ---------------------------------------------------------------------------- */

static void
tell(const struct invocation *in, json_t *list, const char *what, const char *name)
{
	json_array_append_new(list, json_string(name));
	if (!in->json && !in->quiet)
		printf("%s %s\n", what, name);
}

static json_t *
tell_announced(const struct invocation *in, const struct done *d)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < d->n_announced; i++) {
		const struct roll_announced	*a = &d->announced[i];
		char				 from[32], until[32];

		date_format(a->from, from);
		date_format(a->not_after, until);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", a->name, "from", from,
		    "until", until));
		if (!in->json && !in->quiet)
			printf("announced %s: issues from %s, good until %s\n", a->name, from, until);
	}
	return list;
}

static bool
is_anything(const struct done *d)
{
	return d->own != 0 || d->sealing || d->n_announced > 0 || d->retired != 0;
}

static void
report(const struct invocation *in, const struct done *d)
{
	json_t	*renewed = json_array(), *retired = json_array(), *announced, *o;

	announced = tell_announced(in, d);
	for (enum authority_id id = 0; id < AUTHORITIES; id++)
		if ((d->own & (1u << id)) != 0)
			tell(in, renewed, "renewed", authority_name(id));
	if (d->sealing)
		tell(in, renewed, "renewed", "sealing key");
	for (int i = 0; i < ROLLOVER_LINES; i++)
		if ((d->retired & (1u << i)) != 0)
			tell(in, retired, "retired the CA before of",
			    ca_line_name((enum ca_line)i));
	o = json_pack("{s:o, s:o, s:o}", "renewed", renewed, "announced", announced, "retired",
	    retired);
	if (in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (!is_anything(d) && !in->quiet) {
		printf("nothing to do\n");
	} else if (!in->quiet) {
		printf("next, if a server runs: kill -HUP \"$(cat %s/run/serve.lock)\"\n",
		    option_value(in, "dir"));
	}
	json_decref(o);
}

/* --- the command ------------------------------------------------------------------------- */

/* After a CA has come into use its own certificates follow. */
static bool
renew_own(const struct invocation *in, const struct pki_config *c, int64_t now, struct done *d,
    struct fault *f)
{
	bool			only_due = option_given(in, "due") || option_given(in, "ca");
	struct authorities	all;

	if (!authorities_load(c, &all, f))
		return false;
	d->own = only_due ? own_due(&all, now) : OWN_RENEWED;
	authorities_clear(&all);
	return own_renew(c, d->own, now, f);
}

static bool
announce_any(const struct invocation *in, const struct pki_config *c, int64_t now,
    struct done *d, struct fault *f)
{
	struct authorities	all;
	bool			ok;

	if (option_given(in, "ca"))
		return announce_named(in, c, now, d, f);
	if (!option_given(in, "due"))
		return true;
	if (!authorities_load(c, &all, f))
		return false;
	ok = announce_due(c, &all, now, d, f);
	authorities_clear(&all);
	return ok;
}

static bool
renew(const struct invocation *in, const struct pki_config *c, int64_t now, struct done *d,
    struct fault *f)
{
	if (option_given(in, "sealing-key"))
		return renew_sealing_key(in, c, now, &d->sealing, f);
	return announce_any(in, c, now, d, f) && renew_own(in, c, now, d, f) &&
	    (!option_given(in, "due") || roll_retire(c, now, &d->retired, f)) &&
	    renew_sealing_key(in, c, now, &d->sealing, f);
}

/*
 * One at a time, whether the server or a person has begun it.  The folder is
 * what is locked: a file would belong to whoever came first.
 */
static int
lock(const struct pki_config *c, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];
	int	fd;

	if (!config_path(c, "certs", path, sizeof(path), f))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	fault_set(f, errno == EWOULDBLOCK ? FAULT_BUSY : FAULT_IO, "", "\"%s\": %s", path,
	    errno == EWOULDBLOCK ? "another pki renew is at work" : error_text(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

static bool
owner_of(const struct pki_config *c, const char *sub, uid_t *out, struct fault *f)
{
	char		path[CONFIG_PATH_MAX];
	struct stat	st;

	if (!config_path(c, sub, path, sizeof(path), f))
		return false;
	if (stat(path, &st) != 0)
		return fault_set(f, FAULT_IO, "", "\"%s\": %s", path, error_text(errno));
	*out = st.st_uid;
	return true;
}

/* A key that the server may not read would stop it.  Whose server, its lock says. */
static bool
check_user(const struct invocation *in, const struct pki_config *c, struct fault *f)
{
	uid_t	user;

	if (!option_given(in, "ca") && !option_given(in, "due") && !option_given(in, "sealing-key"))
		return true;
	if (!owner_of(c, "run/serve.lock", &user, NULL) && !owner_of(c, "keys", &user, f))
		return false;
	return user == geteuid() || fault_set(f, FAULT_USAGE, "", "the server of \"%s\" is of the "
	    "user with number %ld, who could not read a key of another one: sudo -u '#%ld'", c->dir,
	    (long)user, (long)user);
}

static bool
check_options(const struct invocation *in, struct fault *f)
{
	if (option_given(in, "after") && !option_given(in, "ca"))
		return fault_set(f, FAULT_USAGE, "", "--after goes with --ca");
	return option_given(in, "due") + option_given(in, "ca") +
	    option_given(in, "sealing-key") <= 1 || fault_set(f, FAULT_USAGE, "",
	    "one of --due, --ca and --sealing-key");
}

static int
run(const struct invocation *in)
{
	static struct pki_config	c;
	struct done			d = { 0 };
	struct fault			f = { 0 };
	int				fd = -1;
	bool				ok;

	log_init("renew", in->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
	ok = check_options(in, &f) && config_load(option_value(in, "dir"), &c, &f) &&
	    check_user(in, &c, &f) && (fd = lock(&c, &f)) != -1 && renew(in, &c, (int64_t)time(NULL), &d, &f);
	if (fd != -1)
		close(fd);
	if (!ok)
		return command_fail(in, &f, pki_help(in, &f));
	report(in, &d);
	return EXIT_DONE;
}

const struct command cmd_pki_renew = {
	.group = "pki", .name = "renew", .args = "",
	.help = "new certificates for what signs answers and serves HTTPS, new keys for CAs; "
	    "the server does it itself",
	.options = options, .run = run,
};
