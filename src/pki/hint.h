/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hint.h - the rules that an operator has given for renewals (docs/adr/0027):
 * kept as a setting of the store, for people as JSON.
 */
#ifndef PKI_HINT_H
#define PKI_HINT_H

#include <jansson.h>

#include "message/hint.h"
#include "store/store.h"

#define HINT_KEEP_SECONDS	(INT64_C(100) * 86400)	/* behind its window a rule is forgotten */

/*
 * *given false: there never was one.  What stands there is not looked at for
 * its age.  Views and arrays live in the arena.
 */
MUST_CHECK bool hint_rules_load(struct store *st, struct arena *a, struct cvp_hint *out,
    bool *given, struct fault *f);
/* In a transaction of the caller; over HINT_KEEP_SECONDS behind their windows they go. */
MUST_CHECK bool hint_rules_save(struct store *st, struct cvp_hint *h, int64_t now,
    struct fault *f);

/* An array, one object for each rule, in their order. */
json_t	*hint_rules_json(const struct cvp_hint *h);
/* "renew, template s2s-gateway, issued before ..., from ... to ...: reason", escaped. */
void	hint_rule_text(const struct cvp_hint_rule *r, char *out, size_t n);

#endif
