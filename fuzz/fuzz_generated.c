/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "admin/home.h"
#include "base/frame.h"
#include "main/generated.h"
#include "message/envelope.h"
#include "peer/enroll_state.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The state of an enrolment in an Admin's folder, out of its envelope. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct generated	g;
	struct fault		f = { 0 };

	generated_init(&g);
	if (!generated_decode(view_of(p, n), &g, &f) && f.kind == FAULT_NONE)
		abort();	/* a failure must say why */
	generated_clear(&g);
	return 0;
}
