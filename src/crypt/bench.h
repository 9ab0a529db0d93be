/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - what the public-key operations cost here and now.
 *
 * The floor that a server's CPU time per enrolment is measured against.
 * Times are of the calling thread's CPU clock, key already loaded, contexts
 * warm, no parsing.
 */
#ifndef CRYPT_BENCH_H
#define CRYPT_BENCH_H

#include "crypt/key.h"

struct crypt_cost {
	double	sign_us;
	double	verify_us;
};

/* Measure for about ms milliseconds in all. */
MUST_CHECK bool crypt_measure(enum key_kind kind, unsigned ms, struct crypt_cost *out,
    struct fault *f);

#endif
