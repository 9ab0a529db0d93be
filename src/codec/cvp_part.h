/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp_part.h - pieces that the cvp_ files share; not for other rooms.
 *
 * The cvp_opt_ functions read an OPTIONAL field under the given tag, which
 * may be an IMPLICIT one; absent leaves an empty view or present == false.
 */
#ifndef CODEC_CVP_PART_H
#define CODEC_CVP_PART_H

#include "codec/cvp.h"

#define CVP_VERSION	1

/* Number of values left in d, a copy, and no more than max. */
MUST_CHECK bool cvp_count(struct der d, const char *what, size_t max, size_t *n,
    struct fault *f);
/* Open a SEQUENCE OF under tag and make room for its elements. */
MUST_CHECK bool cvp_open_list(struct der *d, uint8_t tag, const char *what,
    size_t max, size_t size, struct arena *a, struct der *seq, void **v,
    size_t *n, struct fault *f);
/* Open the one SEQUENCE that value is. */
MUST_CHECK bool cvp_open(struct view value, struct der *in, struct fault *f);
MUST_CHECK bool cvp_get_version(struct der *d, struct fault *f);

MUST_CHECK bool cvp_opt_uint(struct der *d, uint8_t tag, const char *what,
    uint64_t min, uint64_t max, struct cvp_uint *out, struct fault *f);
MUST_CHECK bool cvp_opt_bool(struct der *d, uint8_t tag, struct cvp_bool *out,
    struct fault *f);
MUST_CHECK bool cvp_opt_time(struct der *d, uint8_t tag, struct cvp_time *out,
    struct fault *f);
MUST_CHECK bool cvp_opt_text(struct der *d, uint8_t tag, const char *what,
    size_t max, struct view *out, struct fault *f);
MUST_CHECK bool cvp_opt_octets(struct der *d, uint8_t tag, const char *what,
    size_t max, struct view *out, struct fault *f);
MUST_CHECK bool cvp_opt_cert_id(struct der *d, uint8_t tag, struct arena *a,
    const struct cmc_cert_id **out, struct fault *f);
MUST_CHECK bool cvp_opt_terms(struct der *d, uint8_t tag, struct arena *a,
    const struct cvp_terms **out, struct fault *f);
MUST_CHECK bool cvp_opt_failure(struct der *d, uint8_t tag, struct arena *a,
    const struct cvp_failure **out, struct fault *f);

MUST_CHECK bool cvp_get_octets(struct der *d, const char *what, size_t min,
    size_t max, struct view *out, struct fault *f);
MUST_CHECK bool cvp_get_u32(struct der *d, const char *what, uint32_t min,
    uint32_t max, uint32_t *out, struct fault *f);
/* AuthzId under its own or an IMPLICIT tag: 1 to 128 characters. */
MUST_CHECK bool cvp_get_id(struct der *d, uint8_t tag, struct view *out,
    struct fault *f);
MUST_CHECK bool cvp_get_template_ref(struct der *d,
    struct cvp_template_ref *out, struct fault *f);
MUST_CHECK bool cvp_get_terms(struct der *d, uint8_t tag, struct arena *a,
    struct cvp_terms *out, struct fault *f);
MUST_CHECK bool cvp_get_key_spec(struct der *d, struct cvp_key_spec *out,
    struct fault *f);
/* The whole value with the octet of its own tag in place of the context tag. */
MUST_CHECK bool cvp_retagged(struct view tlv, uint8_t tag, struct arena *a,
    struct view *out, struct fault *f);

size_t	cvp_chars(struct view utf8);		/* code points */
MUST_CHECK bool cvp_ids_unique(const uint32_t *first, size_t stride, size_t n,
    struct arena *a, struct fault *f);

/* Writing; absent values write nothing. */
void	cvp_put_implicit_uint(struct buf *b, uint8_t tag, uint64_t v);
void	cvp_put_opt_uint(struct buf *b, uint8_t tag, const struct cvp_uint *v);
void	cvp_put_opt_bool(struct buf *b, uint8_t tag, const struct cvp_bool *v);
void	cvp_put_implicit_time(struct buf *b, uint8_t tag, int64_t v);
void	cvp_put_opt_time(struct buf *b, uint8_t tag, const struct cvp_time *v);
void	cvp_put_opt_view(struct buf *b, uint8_t tag, struct view v);
void	cvp_put_retagged(struct buf *b, uint8_t tag, struct view tlv);
void	cvp_put_opt_cert_id(struct buf *b, uint8_t tag,
	    const struct cmc_cert_id *id);
void	cvp_put_template_ref(struct buf *b, const struct cvp_template_ref *r);
void	cvp_put_key_spec(struct buf *b, const struct cvp_key_spec *k);
void	cvp_put_tagged_terms(struct buf *b, uint8_t tag,
	    const struct cvp_terms *t);
void	cvp_put_opt_failure(struct buf *b, uint8_t tag,
	    const struct cvp_failure *failure);

#endif
