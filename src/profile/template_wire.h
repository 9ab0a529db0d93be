/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_wire.h - a template as both sides sign it and speak of it: the DER
 * Template of the profile (7.3), whose SHA-256 is TemplateRef.digest.
 */
#ifndef PROFILE_TEMPLATE_WIRE_H
#define PROFILE_TEMPLATE_WIRE_H

#include "codec/cvp.h"
#include "profile/template.h"

/* Template with the terms and settings of t; the same t makes the same octets. */
void	template_put(const struct template *t, struct buf *out);

/* Does the template take any key that fits? */
bool	template_takes_spec(const struct template *t, const struct cvp_key_spec *k);
/* The least key of this kind that can be made; KEY_NONE: none of those we make. */
enum key_kind key_spec_kind(const struct cvp_key_spec *k);

#endif
