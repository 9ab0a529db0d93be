/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weak.h - public keys whose private keys are known or can be computed.
 *
 * Looks for the ROCA fingerprint (CVE-2017-15361), for RSA moduli of two
 * primes that lie close together, and for keys printed in standards.  Does
 * not hold the Debian keys of 2008: their list is larger than this program.
 */
#ifndef CRYPT_WEAK_H
#define CRYPT_WEAK_H

#include "base/view.h"

/*
 * Why this key is weak, in static text; NULL: none of the above.  modulus is
 * that of an RSA key, else empty; key holds the BIT STRING's octets.
 */
const char *weak_key(struct view modulus, struct view key);

#endif
