/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "codec/name.h"
#include "codec/pkcs10.h"
#include "peer/renew_names.h"
#include "profile/identity.h"

#define TEXT_MAX	(2 * NAME_TEXT_MAX)

/*
 * The old subject; if its CN is the last part and was the first identity, it
 * follows that, as the PKI's templates have it.
 */
static bool
follow(const struct cert *old, const struct identity *first, struct buf *out,
    struct fault *f)
{
	struct identity	was;
	struct view	cn;
	char		text[TEXT_MAX];
	size_t		n, tail;

	if (!name_get_cn(old->subject, &cn) || !old->has_san || old->san.n == 0 ||
	    !identity_from_san(&old->san.list[0], &was, NULL) ||
	    !view_equal(cn, view_str(was.text))) {
		buf_add_view(out, old->subject);
		return buf_check(out, "subject", f);
	}
	n = strlen(name_text(old->subject, text, NAME_TEXT_MAX));
	tail = strlen(was.text);
	if (n < tail || strcmp(text + n - tail, was.text) != 0) {
		buf_add_view(out, old->subject);	/* escaped, or not the last part */
		return buf_check(out, "subject", f);
	}
	snprintf(text + n - tail, sizeof(text) - (n - tail), "%s", first->text);
	return name_parse(text, out, f);
}

bool
renew_names_put(const struct renew_names *n, const struct cert *old, struct buf *out,
    struct fault *f)
{
	struct identity		ids[RENEW_NAMES_MAX];
	struct general_name	san[RENEW_NAMES_MAX];
	struct buf		subject;
	bool			ok;

	for (size_t i = 0; i < n->n; i++) {
		if (!identity_parse_tagged(view_str(n->identities[i]), &ids[i], f))
			return false;
		identity_to_san(&ids[i], &san[i]);
	}
	buf_init(&subject, NAME_OCTETS_MAX);
	ok = n->subject != NULL ? name_parse(n->subject, &subject, f) :
	    follow(old, &ids[0], &subject, f);
	if (ok)
		change_subject_name_put(out, buf_view(&subject), san, n->n);
	buf_clear(&subject);
	return ok && buf_check(out, "names", f);
}
