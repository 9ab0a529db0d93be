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
	bool		 clock_accepted;	/* once committed, now is the latest time seen */
};

#define OPERATOR	"operator"	/* who acts, in the audit trail */
#define RIGHT_TEMPLATE	"template"	/* to write it, for the operator to import */

MUST_CHECK bool console_audit(struct call *c, const char *action, const char *object,
    const char *detail, struct fault *f);

/* Verbs of console_revoke.c; and one certificate, which list then tells of. */
MUST_CHECK bool console_revoke_one(struct call *c, int64_t n, unsigned reason,
    json_t *list, struct fault *f);
MUST_CHECK bool console_revoke(struct call *c, struct fault *f);
MUST_CHECK bool console_revoke_where(struct call *c, struct fault *f);

/* Of which template a certificate is; looked up once for rows that stand together. */
struct console_template {
	int64_t		 n;		/* looked up last; begin with -1 */
	const char	*name;		/* "": none */
	bool		 of_devices;	/* an operator's Admins are not meant by the way */
};
MUST_CHECK bool console_template(struct call *c, int64_t n, struct console_template *t,
    struct fault *f);

/* Verbs of console_hint.c. */
MUST_CHECK bool console_hint_add(struct call *c, struct fault *f);
MUST_CHECK bool console_hints(struct call *c, struct fault *f);
MUST_CHECK bool console_hint_clear(struct call *c, struct fault *f);

/* Verbs of console_queue.c. */
MUST_CHECK bool console_queue(struct call *c, struct fault *f);
MUST_CHECK bool console_approve(struct call *c, struct fault *f);
MUST_CHECK bool console_reject(struct call *c, struct fault *f);

/* Verbs of console_template.c. */
MUST_CHECK bool console_templates(struct call *c, struct fault *f);
MUST_CHECK bool console_template_file(struct call *c, struct fault *f);
MUST_CHECK bool console_template_import(struct call *c, struct fault *f);

/* Verbs of console_clock.c. */
MUST_CHECK bool console_clock(struct call *c, struct fault *f);
MUST_CHECK bool console_clock_accept(struct call *c, struct fault *f);

#endif
