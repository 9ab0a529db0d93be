/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - the templates this Admin holds: signed files that were imported,
 * one for each name, DIR/templates/NAME.template.
 *
 * Under a template that is held, only its version and digest are authorized:
 * a PKI that has another one refuses (RFC 4809, 3.2.4.1; 7.3 of the profile).
 */
#ifndef ADMIN_PINS_H
#define ADMIN_PINS_H

#include "admin/home.h"
#include "message/template_seal.h"
#include "profile/template.h"

/*
 * Verify and keep a signed file.  An older version than the one held, or
 * another content under the same version, is refused.  *news false: it was
 * held already.
 */
MUST_CHECK bool pins_import(struct admin *a, const char *path, struct arena *arena,
    struct template_seal *out, bool *news, struct fault *f);

/*
 * Sign this readable file as its author, for a PKI to import, into *out.  A
 * version that is held already under this name, or an older one, is refused:
 * the PKI would.  *t is what was signed.
 */
MUST_CHECK bool pins_sign(struct admin *a, struct view text, struct arena *arena,
    struct template *t, uint8_t digest[SHA256_OCTETS], struct buf *out, struct fault *f);

/* *found false: none is held under this name. */
MUST_CHECK bool pins_find(const struct admin *a, const char *name, struct arena *arena,
    struct template_seal *out, bool *found, struct fault *f);

/* What is signed, as a template. */
MUST_CHECK bool pins_template(const struct cvp_template *t, struct template *out,
    struct fault *f);

#endif
