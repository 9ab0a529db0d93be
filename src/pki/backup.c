/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki backup, pki restore: a copy while the server runs, and a PKI made of it
 * that was tried before it gets its name.
 *
 * The journal beside the sealing key is in no backup: it says what was spent
 * since (docs/adr/0009).
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "pki/commands.h"
#include "pki/local.h"
#include "store/store_log.h"

#define FILE_OCTETS_MAX	(1u << 20)	/* of anything but the database */
#define JOURNAL_NAME	"journal"

/* --- copying --------------------------------------------------------------------------- */

static bool
copy_file(const char *from_dir, const char *to_dir, const char *name, mode_t mode,
    size_t max, struct fault *f)
{
	char		from[CONFIG_PATH_MAX], to[CONFIG_PATH_MAX];
	struct buf	octets;
	bool		ok;

	buf_init(&octets, max);
	ok = path_join(from, sizeof(from), from_dir, name, f) &&
	    path_join(to, sizeof(to), to_dir, name, f) && file_read(from, &octets, f) &&
	    file_create(to, buf_view(&octets), mode, f);
	if (octets.p != NULL)
		secret_wipe(octets.p, octets.n);
	buf_clear(&octets);
	return ok;
}

/* Its files, without folders and hidden ones; the journal only where it is asked for. */
static bool
copy_folder(const char *from, const char *to, mode_t mode, bool journal, struct fault *f)
{
	struct dirent	*e;
	DIR		*d;
	bool		 ok = true;

	if (!dir_make(to, 0700, f))
		return false;
	if ((d = opendir(from)) == NULL)
		return fault_set(f, FAULT_IO, "", "could not open folder \"%s\": %s", from,
		    error_text(errno));
	while (ok && (e = readdir(d)) != NULL) {
		bool	is_journal = strcmp(e->d_name, JOURNAL_NAME) == 0;

		if (e->d_name[0] == '.' || (is_journal && !journal))
			continue;
		ok = copy_file(from, to, e->d_name, mode, is_journal ? SIZE_MAX / 4 :
		    FILE_OCTETS_MAX, f);
	}
	closedir(d);
	return ok && dir_sync(to, f);
}

static bool
copy_part(const char *from, const char *to, const char *name, mode_t mode, struct fault *f)
{
	char	a[CONFIG_PATH_MAX], b[CONFIG_PATH_MAX];

	return path_join(a, sizeof(a), from, name, f) && path_join(b, sizeof(b), to, name, f) &&
	    copy_folder(a, b, mode, false, f);
}

static bool
copy_database(const char *from, const char *to, struct fault *f)
{
	char		a[CONFIG_PATH_MAX], b[CONFIG_PATH_MAX];
	struct store	*st;
	bool		ok;

	if (!path_join(a, sizeof(a), from, "pki.db", f) ||
	    !path_join(b, sizeof(b), to, "pki.db", f) ||
	    (st = store_open(a, STORE_READ_ONLY, (struct store_digest){ sha256 }, f)) == NULL)
		return false;
	ok = store_backup(st, b, f);
	store_close(st);
	return ok;
}

/* A folder beside the final one, renamed when all is in it. */
static bool
staging_of(const char *final, char out[CONFIG_PATH_MAX], struct fault *f)
{
	if (file_exists(final))
		return fault_set(f, FAULT_CONFLICT, "", "\"%s\" exists: nothing is overwritten",
		    final);
	return snprintf(out, CONFIG_PATH_MAX, "%s.new-%ld", final, (long)getpid()) <
	    CONFIG_PATH_MAX - 64 ? dir_make(out, 0700, f) :
	    fault_set(f, FAULT_LIMIT, "", "the folder's name is too long");
}

static bool
put_in_place(const char *staging, const char *final, struct fault *f)
{
	if (!dir_sync(staging, f))
		return false;
	return rename(staging, final) == 0 || fault_set(f, FAULT_IO, "", "could not rename %s to "
	    "%s: %s", staging, final, error_text(errno));
}

static void
give_up(const char *staging)
{
	struct fault	why = { 0 };

	if (staging[0] != '\0')
		(void)!dir_remove(staging, &why);
}

/* --- trying ------------------------------------------------------------------------------ */

struct found {
	int64_t		rows;		/* of the audit trail, all in order */
	char		head[65];	/* digest of the last one */
};

/* The copy is whole, and its audit trail holds. */
static bool
check_database(const char *dir, struct found *out, struct fault *f)
{
	char		path[CONFIG_PATH_MAX];
	uint8_t		digest[STORE_DIGEST_OCTETS];
	struct store	*st;
	const char	*why = "";
	int64_t		bad = 0, n;
	bool		ok;

	if (!path_join(path, sizeof(path), dir, "pki.db", f) ||
	    (st = store_open(path, STORE_READ_ONLY, (struct store_digest){ sha256 }, f)) == NULL)
		return false;
	ok = store_integrity(st, f) && store_audit_verify(st, &out->rows, &bad, &why, f) &&
	    store_audit_head(st, &n, digest, f);
	store_close(st);
	if (ok && bad != 0)
		return fault_set(f, FAULT_SIGNATURE, "", "row %" PRId64 " of the audit trail "
		    "does not fit: %s", bad, why);
	if (ok)
		hex_encode(view_of(digest, sizeof(digest)), out->head);
	return ok;
}

static void
print_json(const char *name, const char *dir, const struct found *found)
{
	json_t	*o = json_pack("{s:s, s:I, s:s}", name, dir, "audit_rows",
	    (json_int_t)found->rows, "audit_head", found->head);

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* --- pki backup ----------------------------------------------------------------------------- */

static const struct option backup_options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI; a server may run on it" },
	{ "out", "DIR", NULL, "folder to make" },
	{ "with-keys", NULL, NULL, "the keys too: whoever has them is the CA" },
	{ 0 },
};

static bool
back_up(const char *dir, const char *staging, bool keys, struct found *out, struct fault *f)
{
	return copy_file(dir, staging, "pki4ipsec.conf", 0600, FILE_OCTETS_MAX, f) &&
	    copy_part(dir, staging, "templates", 0600, f) &&
	    copy_part(dir, staging, "certs", 0644, f) &&
	    (!keys || copy_part(dir, staging, "keys", 0600, f)) &&
	    copy_database(dir, staging, f) && check_database(staging, out, f);
}

static int
run_backup(const struct invocation *in)
{
	const char	*dir = option_value(in, "dir"), *final = option_value(in, "out");
	char		 staging[CONFIG_PATH_MAX] = "";
	struct found	 found = { 0 };
	struct fault	 f = { 0 };

	if (final == NULL) {
		fault_set(&f, FAULT_USAGE, "", "--out DIR is missing");
		return command_fail(in, &f, "pki4ipsec pki backup --help");
	}
	if (!staging_of(final, staging, &f) ||
	    !back_up(dir, staging, option_given(in, "with-keys"), &found, &f) ||
	    !put_in_place(staging, final, &f)) {
		give_up(staging);
		return command_fail(in, &f, pki_help(in, &f));
	}
	if (in->json)
		print_json("out", final, &found);
	else if (!in->quiet)
		printf("%s: database checked, %" PRId64 " rows of audit trail up to %s\n"
		    "not in it: %s\n", final, found.rows, found.head,
		    option_given(in, "with-keys") ? "keys/journal, which must not come from a backup" :
		    "keys/ (--with-keys)");
	return EXIT_DONE;
}

const struct command cmd_pki_backup = {
	.group = "pki", .name = "backup", .args = "",
	.help = "copy the PKI while it serves; the copy is checked",
	.options = backup_options, .run = run_backup,
};

/* --- pki restore -------------------------------------------------------------------------- */

static const struct option restore_options[] = {
	{ "from", "DIR", NULL, "what pki backup made" },
	{ "keys", "DIR", NULL, "the keys, if they are not in it; a journal among them counts" },
	{ "dir", "DIR", NULL, "folder to make" },
	{ 0 },
};

static bool
put_keys(const char *from, const char *keys, const char *staging, struct fault *f)
{
	char	own[CONFIG_PATH_MAX], to[CONFIG_PATH_MAX];

	if (!path_join(own, sizeof(own), from, "keys", f) ||
	    !path_join(to, sizeof(to), staging, "keys", f))
		return false;
	if (keys == NULL && !file_exists(own))
		return fault_set(f, FAULT_NOT_FOUND, "", "there are no keys in \"%s\": say where they "
		    "are with --keys", from);
	return copy_folder(keys != NULL ? keys : own, to, 0600, keys != NULL, f);
}

/* Engine and signer start on it: what cannot serve gets no name. */
static bool
rehearse(const char *staging, struct fault *f)
{
	struct local_pki	*l = local_open(staging, (int64_t)time(NULL), f);

	local_close(l);
	return l != NULL || fault_within(f, "rehearsal");
}

static bool
put_back(const char *from, const char *keys, const char *staging, struct found *out,
    struct fault *f)
{
	char	run[CONFIG_PATH_MAX];

	return copy_file(from, staging, "pki4ipsec.conf", 0600, FILE_OCTETS_MAX, f) &&
	    copy_part(from, staging, "templates", 0600, f) &&
	    copy_part(from, staging, "certs", 0644, f) && put_keys(from, keys, staging, f) &&
	    path_join(run, sizeof(run), staging, "run", f) && dir_make(run, 0700, f) &&
	    copy_database(from, staging, f) && check_database(staging, out, f) &&
	    rehearse(staging, f);
}

static int
run_restore(const struct invocation *in)
{
	const char	*from = option_value(in, "from"), *final = option_value(in, "dir");
	char		 staging[CONFIG_PATH_MAX] = "";
	struct found	 found = { 0 };
	struct fault	 f = { 0 };

	if (from == NULL || final == NULL) {
		fault_set(&f, FAULT_USAGE, "", "--from DIR and --dir DIR are needed");
		return command_fail(in, &f, "pki4ipsec pki restore --help");
	}
	if (!staging_of(final, staging, &f) ||
	    !put_back(from, option_value(in, "keys"), staging, &found, &f) ||
	    !put_in_place(staging, final, &f)) {
		give_up(staging);
		return command_fail(in, &f, NULL);
	}
	if (in->json)
		print_json("dir", final, &found);
	else if (!in->quiet)
		printf("%s: tried, and it can serve\n"
		    "what was open in the backup and may have been used since is locked: see\n"
		    "  pki4ipsec pki audit --dir %s\n"
		    "next:\n  pki4ipsec pki serve --dir %s\n", final, final, final);
	return EXIT_DONE;
}

const struct command cmd_pki_restore = {
	.group = "pki", .name = "restore", .args = "",
	.help = "make a PKI from a backup; it is tried before it gets its name",
	.options = restore_options, .run = run_restore,
};
