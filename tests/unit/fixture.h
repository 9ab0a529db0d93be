/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture.h - the files of tests/fixtures/codec, made by make-codec.sh.
 */
#ifndef UNIT_FIXTURE_H
#define UNIT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

static inline struct view
fixture(struct buf *b, const char *name)
{
	struct fault	f = { 0 };
	char		path[512];

	snprintf(path, sizeof(path), "%s/tests/fixtures/codec/%s",
	    TEST_SOURCE_ROOT, name);
	buf_init(b, 1 << 20);
	if (!file_read(path, b, &f)) {
		fprintf(stderr, "%s: %s\n", path, f.text);
		abort();
	}
	return buf_view(b);
}

#endif
