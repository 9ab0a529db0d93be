/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "crypt/bench.h"

#define ROUND	16	/* operations between two looks at the clock */

static double
cpu_us(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool
measure_sign(struct key *k, struct view text, struct buf *sig, double budget_us,
    double *out, struct fault *f)
{
	double	start = cpu_us(), spent = 0;
	double	n = 0;

	while (spent < budget_us) {
		for (int i = 0; i < ROUND; i++) {
			buf_reset(sig);
			if (!key_sign(k, text, sig, f))
				return false;
		}
		n += ROUND;
		spent = cpu_us() - start;
	}
	*out = spent / n;
	return true;
}

static bool
measure_verify(const struct pubkey *p, struct view algorithm, struct view text,
    struct view sig, double budget_us, double *out, struct fault *f)
{
	double	start = cpu_us(), spent = 0;
	double	n = 0;

	while (spent < budget_us) {
		for (int i = 0; i < ROUND; i++)
			if (!pubkey_verify(p, algorithm, text, sig, f))
				return false;
		n += ROUND;
		spent = cpu_us() - start;
	}
	*out = spent / n;
	return true;
}

bool
crypt_measure(enum key_kind kind, unsigned ms, struct crypt_cost *out, struct fault *f)
{
	const struct view	 text = VIEW_LIT("the length of a short certificate matters little");
	const double		 half_us = (double)ms * 500;
	struct key		*k = key_generate(kind, f);
	struct pubkey		*p = k == NULL ? NULL : pubkey_from_spki(key_spki(k), f);
	struct buf		 sig;
	bool			 ok;

	buf_init(&sig, SIGNATURE_MAX);
	ok = p != NULL && key_sign(k, text, &sig, f) &&
	    pubkey_verify(p, key_sigalg(k), text, buf_view(&sig), f) &&
	    measure_sign(k, text, &sig, half_us, &out->sign_us, f) &&
	    measure_verify(p, key_sigalg(k), text, buf_view(&sig), half_us,
	    &out->verify_us, f);
	buf_clear(&sig);
	pubkey_free(p);
	key_free(k);
	return ok;
}
