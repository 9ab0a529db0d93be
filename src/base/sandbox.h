/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - system calls a role may make from here on.
 *
 * One allow-list per role, by seccomp.  Open, bind, load keys, drop user,
 * then enter, then read from outside.  Holds for all threads and cannot be
 * left.
 *
 *	role	files			sockets			processes
 *	main	yes			yes			starts children
 *	engine	read and write		accepts operators	threads only
 *	signer	read			inherited ones only	threads only
 *	front	none (EACCES)		accepts, never connects	threads only
 *
 * None but main may map memory executable, so plug-ins (OpenSSL providers,
 * name service modules) are loaded before.  What is on no list kills the
 * process with SIGSYS.  PKI4IPSEC_SECCOMP=log lets it pass and has the kernel
 * log it; PKI4IPSEC_SECCOMP=off makes no filter at all.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/fault.h"

enum sandbox_role {
	SANDBOX_FRONT = 0,	/* zeroed memory may do least */
	SANDBOX_SIGNER,
	SANDBOX_ENGINE,
	SANDBOX_MAIN,
};

/*
 * Enter.  Builds with a sanitizer, whose runtime needs more than any list
 * has, enter nothing and return true; sandbox_works() tells.
 */
MUST_CHECK bool sandbox_enter(enum sandbox_role role, struct fault *f);
bool	sandbox_works(void);

#endif
