/* SPDX-License-Identifier: Apache-2.0 */
/*
 * precis.h - what prepare.c and secret.c both ask about a code point.
 */
#ifndef PROFILE_PRECIS_H
#define PROFILE_PRECIS_H

#include <stdbool.h>
#include <unitypes.h>

/* Written from right to left, or an Arabic number. */
bool	precis_is_rtl(ucs4_t c);

#endif
