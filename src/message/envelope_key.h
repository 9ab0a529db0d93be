/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope_key.h - the key-encryption key of a key-agreement recipient,
 * shared by sealing and opening.  Not for other rooms.
 */
#ifndef MESSAGE_ENVELOPE_KEY_H
#define MESSAGE_ENVELOPE_KEY_H

#include "message/envelope.h"

/* X9.63 over z and ECC-CMS-SharedInfo; wrap is the key wrap AlgorithmIdentifier. */
MUST_CHECK bool envelope_kek(enum digest_kind digest, struct view z, struct view wrap,
    struct view ukm, uint8_t *kek, size_t n, struct fault *f);

#endif
