/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_file.h - one file in a folder of its own, for what reads files only.
 * In memory if it can be; it goes when the program ends.
 */
#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static char	file_dir[64], file_path[128];

static void
file_cleanup(void)
{
	struct fault	f = { 0 };

	if (!dir_remove(file_dir, &f))
		fprintf(stderr, "%s\n", f.text);
}

/* Without the fsync of file_write(): nothing here has to last. */
static void
file_put(const char *name, struct view text)
{
	FILE	*fp;

	if (file_dir[0] == '\0') {
		snprintf(file_dir, sizeof(file_dir), "%s/pki4ipsec-fuzz-XXXXXX",
		    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (mkdtemp(file_dir) == NULL)
			abort();
		atexit(file_cleanup);
	}
	snprintf(file_path, sizeof(file_path), "%s/%s", file_dir, name);
	if ((fp = fopen(file_path, "wb")) == NULL ||
	    (text.n > 0 && fwrite(text.p, 1, text.n, fp) != text.n) || fclose(fp) != 0)
		abort();
}

#endif
