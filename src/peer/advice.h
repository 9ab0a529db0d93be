/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advice.h - the PKI has refused a renewal, rekey or update with a code: which
 * operation would be the right one (minutes of the working group; RFC 4809,
 * 3.5.2).
 *
 * What the code alone tells; the device knows no policy.
 */
#ifndef PEER_ADVICE_H
#define PEER_ADVICE_H

#include <stddef.h>

#define ADVICE_MAX	1280

/*
 * asked: "renew", "rekey" or "update"; said: the fault's text, which names the
 * code.  A command for this device's folder into out; NULL: nothing is known
 * to be better.
 */
const char *change_advice(const char *asked, const char *said, const char *dir,
	    char out[ADVICE_MAX]);

#endif
