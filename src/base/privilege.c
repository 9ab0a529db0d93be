/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

#define ID_MAX	4294967294LL	/* (uid_t)-1 means "leave it" to the kernel */

bool
process_harden(struct fault *f)
{
	struct rlimit	none = { 0, 0 };

	umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0 ||
	    setrlimit(RLIMIT_CORE, &none) != 0)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "could not harden the process: %s", error_text(errno));
	return true;
}

/* A name from the user database, or a number. */
static bool
user_find(const char *user, uid_t *uid, gid_t *gid, struct fault *f)
{
	struct passwd	*pw = getpwnam(user);
	struct fault	 number = { 0 };
	int64_t		 v;

	if (pw != NULL) {
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
		return true;
	}
	if (!number_parse("user", user, 0, ID_MAX, &v, &number))
		return fault_set(f, FAULT_USAGE, NULL,
		    "no user \"%s\" on this system", user);
	*uid = (uid_t)v;
	*gid = (gid_t)v;
	return true;
}

/* After the drop: is there really no way back? */
static bool
check_dropped(uid_t uid, gid_t gid, struct fault *f)
{
	uid_t	r, e, s;
	gid_t	rg, eg, sg;

	if (getresuid(&r, &e, &s) != 0 || getresgid(&rg, &eg, &sg) != 0 ||
	    r != uid || e != uid || s != uid || rg != gid || eg != gid ||
	    sg != gid || (uid != 0 && setuid(0) == 0))
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "privileges came back after they were dropped");
	return true;
}

bool
process_drop(const char *user, const char *root_dir, struct fault *f)
{
	uid_t	uid;
	gid_t	gid;

	if (geteuid() != 0)
		return true;
	if (!user_find(user, &uid, &gid, f))
		return false;
	if (root_dir != NULL && (chroot(root_dir) != 0 || chdir("/") != 0))
		return fault_set(f, FAULT_IO, NULL,
		    "could not change root to \"%s\": %s", root_dir,
		    error_text(errno));
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return fault_set(f, FAULT_IO, NULL,
		    "could not become user \"%s\": %s", user,
		    error_text(errno));
	return check_dropped(uid, gid, f);
}

void
process_want_fds(size_t n)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= n)
		return;
	limit.rlim_cur = limit.rlim_max < n ? limit.rlim_max : (rlim_t)n;
	/* Fewer descriptors mean fewer connections, not a fault. */
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
}
