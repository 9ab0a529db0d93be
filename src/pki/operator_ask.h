/* SPDX-License-Identifier: Apache-2.0 */
/* operator_ask.h - how an operator's commands ask and read an answer. */
#ifndef PKI_OPERATOR_ASK_H
#define PKI_OPERATOR_ASK_H

#include <jansson.h>

#include "base/command.h"
#include "pki/operate.h"

/* Ask, and print: JSON as it comes, or what show() makes of it.  An exit code. */
int	operator_ask(const struct invocation *in, const char *const *words, size_t n,
	    void (*show)(const struct invocation *in, const json_t *answer));
/*
 * The same for each argument in turn, which becomes words[1]; one that is
 * refused does not keep the others from being asked.
 */
int	operator_ask_each(const struct invocation *in, const char **words, size_t n,
	    void (*show)(const struct invocation *in, const json_t *answer));
const char *operator_text(const json_t *o, const char *key);	/* lent; "" if there is none */

#endif
