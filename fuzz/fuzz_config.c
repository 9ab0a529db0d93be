/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - any octets as DIR/pki4ipsec.conf.  What is taken can be
 * written, and is then taken again and written the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/config.h"

#define TEXT_MAX	(256u << 10)
#define PATH_ROOM	128

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static char	dir[64], path[PATH_ROOM];

static void
cleanup(void)
{
	struct fault	f = { 0 };

	if (!dir_remove(dir, &f))
		fprintf(stderr, "%s\n", f.text);
}

/* Without the fsync of file_write(): nothing here has to last. */
static void
put(struct view text)
{
	FILE	*fp;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "%s/pki4ipsec-fuzz-XXXXXX",
		    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (mkdtemp(dir) == NULL)
			abort();
		snprintf(path, sizeof(path), "%s/pki4ipsec.conf", dir);
		atexit(cleanup);
	}
	if ((fp = fopen(path, "wb")) == NULL ||
	    fwrite(text.p, 1, text.n, fp) != text.n || fclose(fp) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pki_config	c, again;
	struct fault		f = { 0 };
	struct buf		one, two;

	put(view_of(p, n));
	if (!config_load(dir, &c, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	buf_init(&one, TEXT_MAX);
	buf_init(&two, TEXT_MAX);
	config_write(&c, &one);
	put(buf_view(&one));
	if (!buf_ok(&one) || !config_load(dir, &again, &f))
		abort();
	config_write(&again, &two);
	if (!view_equal(buf_view(&one), buf_view(&two)))
		abort();
	buf_clear(&one);
	buf_clear(&two);
	return 0;
}
