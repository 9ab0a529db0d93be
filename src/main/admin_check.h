/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_check.h - one call of admin check: of a list's planned pairs, or of
 * two certificates there are.
 */
#ifndef MAIN_ADMIN_CHECK_H
#define MAIN_ADMIN_CHECK_H

#include "admin/check.h"
#include "base/command.h"

/* A product by its name; "--WHAT: ..." if there is none of this name. */
MUST_CHECK bool check_platform(const char *what, const char *name, unsigned *out,
    struct fault *f);

/* Two files, both ways. */
MUST_CHECK bool check_files(const struct invocation *in, struct check *c, struct fault *f);

/* What is wrong with a list; the exit code. */
int	check_print_wrong(const struct invocation *in, const struct problems *wrong);
void	check_print(const struct invocation *in, const struct check *c);

#endif
