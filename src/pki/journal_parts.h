/* SPDX-License-Identifier: Apache-2.0 */
/* journal_parts.h - what the files of the journal share; theirs only. */
#ifndef PKI_JOURNAL_PARTS_H
#define PKI_JOURNAL_PARTS_H

#include "pki/journal.h"

/* Append the frame of r, whose counter is set, behind chain, which it becomes. */
MUST_CHECK bool journal_put(struct buf *out, const struct journal_record *r,
    uint8_t chain[SHA256_OCTETS], struct fault *f);

#endif
