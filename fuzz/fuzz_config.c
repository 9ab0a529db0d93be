/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - any octets as DIR/pki4ipsec.conf.  What is taken can be
 * written, and is then taken again and written the same.
 */
#include "fuzz_file.h"
#include "pki/config.h"

#define TEXT_MAX	(256u << 10)
#define FILE_NAME	"pki4ipsec.conf"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pki_config	c, again;
	struct fault		f = { 0 };
	struct buf		one, two;

	file_put(FILE_NAME, view_of(p, n));
	if (!config_load(file_dir, &c, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
		return 0;
	}
	buf_init(&one, TEXT_MAX);
	buf_init(&two, TEXT_MAX);
	config_write(&c, &one);
	file_put(FILE_NAME, buf_view(&one));
	if (!buf_ok(&one) || !config_load(file_dir, &again, &f))
		abort();
	config_write(&again, &two);
	if (!view_equal(buf_view(&one), buf_view(&two)))
		abort();
	buf_clear(&one);
	buf_clear(&two);
	return 0;
}
