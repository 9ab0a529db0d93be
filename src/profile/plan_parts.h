/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_parts.h - what the plans of holders and of the PKI itself share.
 */
#ifndef PROFILE_PLAN_PARTS_H
#define PROFILE_PLAN_PARTS_H

#include "codec/name.h"
#include "codec/spki.h"
#include "profile/plan.h"

/* Encode a name into the arena. */
MUST_CHECK bool plan_name(const struct name_part *parts, size_t n, struct arena *a,
    struct view *out, struct fault *f);

/* Key, key identifier and kind of spki. */
MUST_CHECK bool plan_key(struct view spki, struct arena *a, struct cert_plan *p,
    enum spki_kind *kind, struct fault *f);

/* The earliest of lifetime, wanted end and issuer's end (0: none). */
int64_t	plan_not_after(int64_t not_before, int64_t lifetime, int64_t wanted,
	    int64_t issuer);

/* A template's own address, or the CA's. */
static inline const char *
template_url(const char *own, const char *ca)
{
	return own[0] != '\0' ? own : ca;
}

/* keyUsage of the template for this kind of key. */
unsigned template_key_usage(const struct template *t, enum spki_kind kind);

#endif
