/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/cvp_part.h"

#define RULE	"CMC profile for IPsec VPN, 7.3"

bool
cvp_count(struct der d, const char *what, size_t max, size_t *n,
    struct fault *f)
{
	struct view	tlv;

	for (*n = 0; !der_at_end(&d); ++*n) {
		if (*n == max)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %zu elements in %s", max, what);
		if (!der_get_any(&d, &tlv, f))
			return fault_within(f, "%s", what);
	}
	return true;
}

bool
cvp_open_list(struct der *d, uint8_t tag, const char *what, size_t max,
    size_t size, struct arena *a, struct der *seq, void **v, size_t *n,
    struct fault *f)
{
	*v = NULL;
	if (!der_open(d, tag, seq, f))
		return fault_within(f, "%s", what);
	if (!cvp_count(*seq, what, max, n, f))
		return false;
	if (*n == 0)
		return true;
	if ((*v = arena_array(a, *n, size)) == NULL)
		return arena_fault(f);
	return true;
}

bool
cvp_open(struct view value, struct der *in, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	return der_open(&d, DER_SEQUENCE, in, f) && der_end(&d, f);
}

bool
cvp_get_version(struct der *d, struct fault *f)
{
	uint64_t	v;

	return der_uint_in(d, "version", CVP_VERSION, CVP_VERSION, &v, f);
}

/* Minimal, not negative, up to eight octets of value. */
static bool
number(struct view c, const char *what, uint64_t *out, struct fault *f)
{
	uint64_t	v = 0;
	size_t		i;

	if (c.n == 0 || (c.n > 1 && c.p[0] == 0 && c.p[1] < 0x80))
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "%s is not a minimal INTEGER", what);
	if (c.p[0] >= 0x80)
		return fault_set(f, FAULT_MALFORMED, RULE, "%s is negative",
		    what);
	if (c.n > 9 || (c.n == 9 && c.p[0] != 0))
		return fault_set(f, FAULT_LIMIT, RULE, "%s of %zu octets", what,
		    c.n);
	for (i = 0; i < c.n; i++)
		v = v << 8 | c.p[i];
	*out = v;
	return true;
}

bool
cvp_opt_uint(struct der *d, uint8_t tag, const char *what, uint64_t min,
    uint64_t max, struct cvp_uint *out, struct fault *f)
{
	struct view	c;

	out->v = 0;
	if (!(out->present = der_peek(d) == tag))
		return true;
	if (!der_get(d, tag, &c, f) || !number(c, what, &out->v, f))
		return false;
	if (out->v < min || out->v > max)
		return fault_set(f, FAULT_MALFORMED, RULE, "%s is %" PRIu64
		    ", expected %" PRIu64 " to %" PRIu64, what, out->v, min, max);
	return true;
}

bool
cvp_opt_bool(struct der *d, uint8_t tag, struct cvp_bool *out, struct fault *f)
{
	struct view	c;

	out->v = false;
	if (!(out->present = der_peek(d) == tag))
		return true;
	if (!der_get(d, tag, &c, f))
		return false;
	if (c.n != 1 || (c.p[0] != 0x00 && c.p[0] != 0xff))
		return fault_set(f, FAULT_MALFORMED, "X.690",
		    "a BOOLEAN that is neither 00 nor ff");
	out->v = c.p[0] == 0xff;
	return true;
}

bool
cvp_opt_time(struct der *d, uint8_t tag, struct cvp_time *out, struct fault *f)
{
	struct view	c;

	out->v = 0;
	if (!(out->present = der_peek(d) == tag))
		return true;
	return der_get(d, tag, &c, f) && der_generalized_content(c, &out->v, f);
}

bool
cvp_opt_octets(struct der *d, uint8_t tag, const char *what, size_t max,
    struct view *out, struct fault *f)
{
	*out = VIEW_NONE;
	if (der_peek(d) != tag)
		return true;
	if (!der_get(d, tag, out, f))
		return false;
	if (out->n == 0 || out->n > max)
		return fault_set(f, FAULT_LIMIT, RULE,
		    "%s of %zu octets, expected 1 to %zu", what, out->n, max);
	return true;
}

bool
cvp_opt_text(struct der *d, uint8_t tag, const char *what, size_t max,
    struct view *out, struct fault *f)
{
	size_t	at;

	if (!cvp_opt_octets(d, tag, what, max, out, f))
		return false;
	if (out->n > 0 && !utf8_valid(*out, &at))
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "%s is not UTF-8 at octet %zu", what, at);
	return true;
}

bool
cvp_opt_cert_id(struct der *d, uint8_t tag, struct arena *a,
    const struct cmc_cert_id **out, struct fault *f)
{
	struct cmc_cert_id	*id;

	*out = NULL;
	if (der_peek(d) != tag)
		return true;
	if ((id = arena_alloc(a, sizeof(*id))) == NULL)
		return arena_fault(f);
	*out = id;
	return cmc_get_cert_id(d, tag, id, f);
}

bool
cvp_opt_terms(struct der *d, uint8_t tag, struct arena *a,
    const struct cvp_terms **out, struct fault *f)
{
	struct cvp_terms	*t;

	*out = NULL;
	if (der_peek(d) != tag)
		return true;
	if ((t = arena_alloc(a, sizeof(*t))) == NULL)
		return arena_fault(f);
	*out = t;
	return cvp_get_terms(d, tag, a, t, f);
}

/* CvpFailure ::= SEQUENCE { code, detail OPTIONAL, field [0] OPTIONAL } */
static bool
get_failure(struct der *d, uint8_t tag, struct cvp_failure *out,
    struct fault *f)
{
	struct der	in;

	return der_open(d, tag, &in, f) &&
	    cvp_get_u32(&in, "failure code", 0, UINT32_MAX, &out->code, f) &&
	    cvp_opt_text(&in, DER_UTF8_STRING, "detail", CVP_DETAIL_MAX,
	    &out->detail, f) &&
	    cvp_opt_text(&in, DER_CONTEXT(0), "field", CVP_FIELD_MAX,
	    &out->field, f) &&
	    der_end(&in, f);
}

bool
cvp_opt_failure(struct der *d, uint8_t tag, struct arena *a,
    const struct cvp_failure **out, struct fault *f)
{
	struct cvp_failure	*failure;

	*out = NULL;
	if (der_peek(d) != tag)
		return true;
	if ((failure = arena_alloc(a, sizeof(*failure))) == NULL)
		return arena_fault(f);
	*out = failure;
	return get_failure(d, tag, failure, f);
}

bool
cvp_failure_decode(struct view value, struct cvp_failure *out, struct fault *f)
{
	struct cvp_failure	failure = { 0 };
	struct der		d;

	der_init(&d, value);
	if (!get_failure(&d, DER_SEQUENCE, &failure, f) || !der_end(&d, f))
		return false;
	*out = failure;
	return true;
}

bool
cvp_get_octets(struct der *d, const char *what, size_t min, size_t max,
    struct view *out, struct fault *f)
{
	if (!der_octets(d, out, f))
		return fault_within(f, "%s", what);
	if (out->n < min || out->n > max)
		return fault_set(f, FAULT_LIMIT, RULE,
		    "%s of %zu octets, expected %zu to %zu", what, out->n, min,
		    max);
	return true;
}

bool
cvp_get_u32(struct der *d, const char *what, uint32_t min, uint32_t max,
    uint32_t *out, struct fault *f)
{
	uint64_t	v;

	if (!der_uint_in(d, what, min, max, &v, f))
		return false;
	*out = (uint32_t)v;
	return true;
}

size_t
cvp_chars(struct view utf8)
{
	size_t	i, n = 0;

	for (i = 0; i < utf8.n; i++)
		n += (utf8.p[i] & 0xc0) != 0x80;
	return n;
}

bool
cvp_get_id(struct der *d, uint8_t tag, struct view *out, struct fault *f)
{
	if (der_peek(d) != tag)
		return der_get(d, tag, out, f);		/* says what is missing */
	if (!cvp_opt_text(d, tag, "authorization id", CVP_ID_MAX, out, f))
		return false;
	if (cvp_chars(*out) > CVP_ID_CHARS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "authorization id of %zu"
		    " characters, limit %d", cvp_chars(*out), CVP_ID_CHARS_MAX);
	return true;
}

/* TemplateRef ::= SEQUENCE { name, version [0] OPTIONAL, digest [1] OPTIONAL } */
bool
cvp_get_template_ref(struct der *d, struct cvp_template_ref *out,
    struct fault *f)
{
	struct der	in;

	return der_open(d, DER_SEQUENCE, &in, f) &&
	    der_utf8(&in, 1, CVP_NAME_MAX, &out->name, f) &&
	    cvp_opt_uint(&in, DER_CONTEXT(0), "template version", 0, UINT64_MAX,
	    &out->version, f) &&
	    cvp_opt_octets(&in, DER_CONTEXT(1), "template digest",
	    CMC_WITNESS_MAX, &out->digest, f) &&
	    der_end(&in, f);
}

/* KeySpec ::= SEQUENCE { algorithm, minBits INTEGER OPTIONAL } */
bool
cvp_get_key_spec(struct der *d, struct cvp_key_spec *out, struct fault *f)
{
	struct cvp_uint	bits;
	struct der	in;

	if (!der_open(d, DER_SEQUENCE, &in, f) ||
	    !algorithm_decode(&in, &out->algorithm, f) ||
	    !cvp_opt_uint(&in, DER_INTEGER, "minBits", 1, UINT32_MAX, &bits, f) ||
	    !der_end(&in, f))
		return false;
	out->min_bits = (uint32_t)bits.v;
	return true;
}

bool
cvp_retagged(struct view tlv, uint8_t tag, struct arena *a, struct view *out,
    struct fault *f)
{
	uint8_t	*p;

	if ((p = arena_alloc(a, tlv.n)) == NULL)
		return arena_fault(f);
	memcpy(p, tlv.p, tlv.n);
	p[0] = tag;
	*out = view_of(p, tlv.n);
	return true;
}

static int
compare_ids(const void *x, const void *y)
{
	uint32_t	a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static uint32_t
id_at(const uint32_t *first, size_t stride, size_t i)
{
	return *(const uint32_t *)(const void *)
	    ((const uint8_t *)first + i * stride);
}

/* Numbered upwards, as everyone does, is unique without sorting. */
bool
cvp_ids_unique(const uint32_t *first, size_t stride, size_t n, struct arena *a,
    struct fault *f)
{
	uint32_t	*ids;
	size_t		 i;

	for (i = 1; i < n; i++)
		if (id_at(first, stride, i) <= id_at(first, stride, i - 1))
			break;
	if (i >= n)
		return true;
	if ((ids = arena_array(a, n, sizeof(ids[0]))) == NULL)
		return arena_fault(f);
	for (i = 0; i < n; i++)
		ids[i] = id_at(first, stride, i);
	qsort(ids, n, sizeof(ids[0]), compare_ids);
	for (i = 1; i < n; i++)
		if (ids[i] == ids[i - 1])
			return fault_set(f, FAULT_MALFORMED, RULE,
			    "entryId %" PRIu32 " used twice", ids[i]);
	return true;
}

/* An IMPLICIT tag is the universal encoding with another first octet. */
static void
retag(struct buf *b, size_t at, uint8_t tag)
{
	if (buf_ok(b))
		b->p[at] = tag;
}

void
cvp_put_implicit_uint(struct buf *b, uint8_t tag, uint64_t v)
{
	size_t	at = b->n;

	der_put_uint(b, v);
	retag(b, at, tag);
}

void
cvp_put_opt_uint(struct buf *b, uint8_t tag, const struct cvp_uint *v)
{
	if (v->present)
		cvp_put_implicit_uint(b, tag, v->v);
}

void
cvp_put_opt_bool(struct buf *b, uint8_t tag, const struct cvp_bool *v)
{
	size_t	at = b->n;

	if (!v->present)
		return;
	der_put_bool(b, v->v);
	retag(b, at, tag);
}

void
cvp_put_implicit_time(struct buf *b, uint8_t tag, int64_t v)
{
	size_t	at = b->n;

	der_put_generalized(b, v);
	retag(b, at, tag);
}

void
cvp_put_opt_time(struct buf *b, uint8_t tag, const struct cvp_time *v)
{
	if (v->present)
		cvp_put_implicit_time(b, tag, v->v);
}

void
cvp_put_opt_view(struct buf *b, uint8_t tag, struct view v)
{
	if (v.n > 0)
		der_put(b, tag, v);
}

void
cvp_put_retagged(struct buf *b, uint8_t tag, struct view tlv)
{
	size_t	at = b->n;

	if (tlv.n < 2) {
		b->failed = true;
		return;
	}
	buf_add_view(b, tlv);
	retag(b, at, tag);
}

void
cvp_put_opt_cert_id(struct buf *b, uint8_t tag, const struct cmc_cert_id *id)
{
	if (id != NULL)
		cmc_put_cert_id(b, tag, id);
}

void
cvp_put_template_ref(struct buf *b, const struct cvp_template_ref *r)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	der_put_utf8(b, r->name);
	cvp_put_opt_uint(b, DER_CONTEXT(0), &r->version);
	cvp_put_opt_view(b, DER_CONTEXT(1), r->digest);
	der_close(b, mark);
}

void
cvp_put_key_spec(struct buf *b, const struct cvp_key_spec *k)
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	algorithm_put(b, k->algorithm.oid, k->algorithm.params);
	if (k->min_bits > 0)
		der_put_uint(b, k->min_bits);
	der_close(b, mark);
}

void
cvp_put_opt_failure(struct buf *b, uint8_t tag,
    const struct cvp_failure *failure)
{
	size_t	mark;

	if (failure == NULL)
		return;
	mark = der_begin(b, tag);
	der_put_uint(b, failure->code);
	cvp_put_opt_view(b, DER_UTF8_STRING, failure->detail);
	cvp_put_opt_view(b, DER_CONTEXT(0), failure->field);
	der_close(b, mark);
}

void
cvp_put_failure(struct buf *b, const struct cvp_failure *failure)
{
	cvp_put_opt_failure(b, DER_SEQUENCE, failure);
}
