/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers ask of the certificate store. */
#include <stdlib.h>

#include "pki/search.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Whatever is permitted where less is, is permitted where more is. */
static void
check_modes(const struct search_query *q, bool crls)
{
	static const char *const	modes[] = { "off", "known", "names" };
	struct pki_config		*c = calloc(1, sizeof(*c));
	const char			*why = NULL;
	bool				 before = false;

	if (c == NULL)
		return;
	for (size_t i = 0; i < 3; i++) {
		int	status;

		strcpy(c->search, modes[i]);
		status = search_permitted(c, q, crls, &why);
		if ((status != 0 && why == NULL) || (before && status != 0))
			abort();
		before = status == 0;
	}
	free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct search_query	q;
	const char		*why = NULL;
	int			status = search_read(view_of(p, n), &q, &why);

	if (status != 0 && why == NULL)
		abort();	/* a failure must say why */
	if (status != 0)
		return 0;
	if (q.attribute == SEARCH_NONE || q.n == 0 || q.n > SEARCH_VALUE_MAX)
		abort();
	check_modes(&q, false);
	check_modes(&q, true);
	return 0;
}
