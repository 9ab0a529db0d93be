/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/text.h"
#include "base/view.h"

#define ROLE(r)		(1u << (r))
#define FRONT		ROLE(SANDBOX_FRONT)
#define SIGNER		ROLE(SANDBOX_SIGNER)
#define ENGINE		ROLE(SANDBOX_ENGINE)
#define MAIN		ROLE(SANDBOX_MAIN)
#define ALL		(FRONT | SIGNER | ENGINE | MAIN)

#define PR_SET_VMA_NUMBER	0x53564d41	/* names memory; newer allocators */
#define INT_MASK		0xffffffffu	/* an int argument's octets */

/*
 * Calls without conditions, by name: a name that this machine does not have
 * is passed over.  Names that begin with the words of the table in sandbox.h.
 */
static const struct {
	unsigned	 roles;
	const char	*names;		/* separated by spaces */
} allowed[] = {
	/* memory, time, signals to oneself, the end */
	{ ALL, "brk munmap mremap madvise mlock munlock mincore msync "
	    "exit exit_group restart_syscall rt_sigaction rt_sigprocmask "
	    "rt_sigreturn sigreturn sigaltstack sigprocmask rt_sigtimedwait "
	    "clock_gettime clock_gettime64 clock_getres clock_nanosleep "
	    "clock_nanosleep_time64 nanosleep gettimeofday time times "
	    "getrandom getpid getppid gettid getuid geteuid getgid getegid "
	    "getresuid getresgid uname sysinfo getrusage getcpu" },
	/* threads */
	{ ALL, "futex futex_time64 futex_waitv set_robust_list "
	    "get_robust_list set_tid_address rseq membarrier sched_yield "
	    "sched_getaffinity sched_getparam sched_getscheduler" },
	/* descriptors that are open already */
	{ ALL, "read write readv writev pread64 pwrite64 close dup dup2 dup3 "
	    "fcntl fcntl64 fstat fstat64 newfstatat fstatat64 lseek _llseek "
	    "poll ppoll ppoll_time64 select _newselect pselect6 pipe pipe2 "
	    "eventfd2 epoll_create epoll_create1 epoll_ctl epoll_wait "
	    "epoll_pwait epoll_pwait2 timerfd_create timerfd_settime "
	    "timerfd_gettime" },
	/* sockets that are there already, and descriptors sent over them */
	{ ALL, "send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg "
	    "shutdown getsockopt getsockname getpeername" },
	{ FRONT | MAIN, "setsockopt sendfile sendfile64" },
	/* the engine: operators, on the socket that main opened */
	{ FRONT | ENGINE | MAIN, "accept accept4" },
	{ MAIN, "socket socketpair bind listen connect" },
	/* files: SQLite, keys, CRLs and certificates as they are written */
	{ SIGNER | ENGINE | MAIN, "access faccessat faccessat2 stat stat64 "
	    "lstat lstat64 getcwd readlink readlinkat getdents getdents64 "
	    "statfs statfs64 fstatfs fstatfs64 flock fadvise64 fadvise64_64" },
	{ SIGNER, "fdatasync" },	/* the journal, opened before */
	{ ENGINE | MAIN, "ftruncate ftruncate64 truncate fsync fdatasync "
	    "sync_file_range fallocate unlink unlinkat rename renameat "
	    "renameat2 link linkat mkdir mkdirat rmdir chmod fchmod fchmodat "
	    "fchown fchown32 utimensat umask copy_file_range chdir" },
	/* the parent of the others; what it may not, no child may either */
	{ MAIN, "clone clone3 fork vfork execve execveat wait4 waitid "
	    "pidfd_open pidfd_send_signal kill tgkill close_range mmap mmap2 "
	    "mprotect open openat openat2 ioctl prctl prlimit64 getrlimit "
	    "ugetrlimit setrlimit setgroups setgroups32 setresuid setresuid32 "
	    "setresgid setresgid32 setuid setuid32 setgid setgid32 chroot "
	    "setsid arch_prctl seccomp statx getgroups getgroups32 "
	    "set_mempolicy getxattr riscv_hwprobe" },
};

static bool
rule_fault(int rc, const char *name, struct fault *f)
{
	return fault_set(f, FAULT_INTERNAL, NULL,
	    "could not add system call \"%s\" to the sandbox: %s", name,
	    error_text(-rc));
}

/* One unconditional rule; a call the machine does not have needs none. */
static bool
rule(scmp_filter_ctx ctx, uint32_t action, const char *name, struct fault *f)
{
	int	nr = seccomp_syscall_resolve_name(name), rc;

	if (nr == __NR_SCMP_ERROR)
		return true;
	rc = seccomp_rule_add(ctx, action, nr, 0);
	/* -EDOM, -EINVAL: known elsewhere, without meaning on this machine. */
	return rc == 0 || rc == -EDOM || (nr < 0 && rc == -EINVAL) ||
	    rule_fault(rc, name, f);
}

/* One rule about one argument: (value of argument & mask) == want. */
static bool
rule_if(scmp_filter_ctx ctx, uint32_t action, const char *name,
    unsigned argument, uint64_t mask, uint64_t want, struct fault *f)
{
	struct scmp_arg_cmp	cmp = SCMP_CMP(argument, SCMP_CMP_MASKED_EQ,
				    mask, want);
	int			nr = seccomp_syscall_resolve_name(name), rc;

	if (nr == __NR_SCMP_ERROR || nr < 0)
		return true;
	rc = seccomp_rule_add_array(ctx, action, nr, 1, &cmp);
	return rc == 0 || rc == -EDOM || rule_fault(rc, name, f);
}

static bool
rules_by_name(scmp_filter_ctx ctx, enum sandbox_role role, struct fault *f)
{
	char	name[32];

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		const char	*p = allowed[i].names;

		if ((allowed[i].roles & ROLE(role)) == 0)
			continue;
		while (*p != '\0') {
			size_t	n = strcspn(p, " ");

			if (n >= sizeof(name))
				return rule_fault(-ENAMETOOLONG, p, f);
			memcpy(name, p, n);
			name[n] = '\0';
			if (!rule(ctx, SCMP_ACT_ALLOW, name, f))
				return false;
			p += n + strspn(p + n, " ");
		}
	}
	return true;
}

/* Threads, but no processes; memory, but none that can be executed. */
static bool
rules_of_children(scmp_filter_ctx ctx, struct fault *f)
{
	static const uint32_t	ioctls[] = { FIONREAD, FIONBIO, TCGETS };
	static const uint32_t	prctls[] = { PR_SET_NAME, PR_GET_NAME,
				    PR_SET_VMA_NUMBER };
	uint64_t		pid = (uint64_t)getpid();

	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
		if (!rule_if(ctx, SCMP_ACT_ALLOW, "ioctl", 1, INT_MASK,
		    ioctls[i], f))
			return false;
	}
	for (size_t i = 0; i < sizeof(prctls) / sizeof(prctls[0]); i++) {
		if (!rule_if(ctx, SCMP_ACT_ALLOW, "prctl", 0, INT_MASK,
		    prctls[i], f))
			return false;
	}
	/* clone3 hides its flags behind a pointer; without it clone is used. */
	return rule(ctx, SCMP_ACT_ERRNO(ENOSYS), "clone3", f) &&
	    rule(ctx, SCMP_ACT_ERRNO(ENOSYS), "statx", f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "clone", 0, CLONE_THREAD,
	    CLONE_THREAD, f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "mmap", 2, PROT_EXEC, 0, f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "mmap2", 2, PROT_EXEC, 0, f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "mprotect", 2, PROT_EXEC, 0, f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "tgkill", 0, INT_MASK, pid, f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "kill", 0, INT_MASK, pid, f) &&
	    rule_if(ctx, SCMP_ACT_ALLOW, "prlimit64", 2, UINT64_MAX, 0, f) &&
	    rule(ctx, SCMP_ACT_ALLOW, "getrlimit", f) &&
	    rule(ctx, SCMP_ACT_ALLOW, "ugetrlimit", f) &&
	    /* The C library tries sockets for names of interfaces and users. */
	    rule(ctx, SCMP_ACT_ERRNO(EACCES), "socket", f);
}

/*
 * Opening files.  A refusal is an error, not the end: the C library looks for
 * time zones and the like on its own.
 */
static bool
rules_of_open(scmp_filter_ctx ctx, enum sandbox_role role, struct fault *f)
{
	static const char *const lookups[] = { "access", "faccessat",
				    "faccessat2", "stat", "lstat", "readlink",
				    "readlinkat" };

	if (role == SANDBOX_ENGINE)
		return rule(ctx, SCMP_ACT_ALLOW, "open", f) &&
		    rule(ctx, SCMP_ACT_ALLOW, "openat", f);
	if (role == SANDBOX_SIGNER)
		return rule_if(ctx, SCMP_ACT_ALLOW, "open", 1,
		    O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY, f) &&
		    rule_if(ctx, SCMP_ACT_ALLOW, "openat", 2,
		    O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY, f);
	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++) {
		if (!rule(ctx, SCMP_ACT_ERRNO(EACCES), lookups[i], f))
			return false;
	}
	return rule(ctx, SCMP_ACT_ERRNO(EACCES), "open", f) &&
	    rule(ctx, SCMP_ACT_ERRNO(EACCES), "openat", f);
}

static bool
load(enum sandbox_role role, uint32_t otherwise, struct fault *f)
{
	scmp_filter_ctx	ctx = seccomp_init(otherwise);
	bool		ok = false;
	int		rc;

	if (ctx == NULL)
		return fault_set(f, FAULT_INTERNAL, NULL,
		    "could not make a sandbox");
	/* All threads, also those that are there already. */
	if ((rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1)) != 0) {
		rule_fault(rc, "seccomp", f);
		goto out;
	}
	if (!rules_by_name(ctx, role, f) ||
	    (role != SANDBOX_MAIN && (!rules_of_children(ctx, f) ||
	    !rules_of_open(ctx, role, f))))
		goto out;
	if ((rc = seccomp_load(ctx)) != 0) {
		fault_set(f, FAULT_INTERNAL, NULL,
		    "could not enter the sandbox: %s", error_text(-rc));
		goto out;
	}
	ok = true;
out:
	seccomp_release(ctx);
	return ok;
}

bool
sandbox_works(void)
{
#if defined(PKI4IPSEC_SANITIZED)
	return false;
#else
	const char	*mode = getenv("PKI4IPSEC_SECCOMP");

	return mode == NULL || strcmp(mode, "off") != 0;
#endif
}

bool
sandbox_enter(enum sandbox_role role, struct fault *f)
{
	const char	*mode = getenv("PKI4IPSEC_SECCOMP");

	if (!sandbox_works())
		return true;
	return load(role, mode != NULL && strcmp(mode, "log") == 0 ?
	    SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS, f);
}
