/* SPDX-License-Identifier: Apache-2.0 */
/* console_parts.h - what the files of the operator's verbs share; theirs only. */
#ifndef PKI_CONSOLE_PARTS_H
#define PKI_CONSOLE_PARTS_H

#include <jansson.h>

#include "pki/console.h"
#include "pki/work.h"

/* One request: runs inside a transaction, fills in answer. */
struct call {
	struct engine	*e;
	struct arena	*a;
	int64_t		 now;
	const char	*words[CONSOLE_WORDS_MAX];
	size_t		 n;
	json_t		*answer;
};

/* Verbs of console_queue.c. */
MUST_CHECK bool console_queue(struct call *c, struct fault *f);
MUST_CHECK bool console_approve(struct call *c, struct fault *f);
MUST_CHECK bool console_reject(struct call *c, struct fault *f);

#endif
