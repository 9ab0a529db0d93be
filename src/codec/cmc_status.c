/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc_status.c - statusInfoV2 and what several of them say together
 * (RFC 10002, 6.1).
 */
#include <inttypes.h>

#include "codec/cmc.h"

#define REFS_MAX	65536	/* as many as a batch has elements */

static const struct {
	const char	*name;
	uint8_t		 rank;	/* the higher, the worse */
} statuses[] = {
	[CMC_SUCCESS] = { "success", 0 },
	[CMC_CONFIRM_REQUIRED] = { "confirmRequired", 1 },
	[CMC_PARTIAL] = { "partial", 2 },
	[CMC_PENDING] = { "pending", 3 },
	[CMC_POP_REQUIRED] = { "popRequired", 4 },
	[CMC_NO_SUPPORT] = { "noSupport", 5 },
	[CMC_FAILED] = { "failed", 6 },
};
#define STATUSES	(sizeof(statuses) / sizeof(statuses[0]))

static const char *const fail_names[] = {
	[CMC_BAD_ALG] = "badAlg",
	[CMC_BAD_MESSAGE_CHECK] = "badMessageCheck",
	[CMC_BAD_REQUEST] = "badRequest",
	[CMC_BAD_TIME] = "badTime",
	[CMC_BAD_CERT_ID] = "badCertId",
	[CMC_UNSUPPORTED_EXT] = "unsupportedExt",
	[CMC_MUST_ARCHIVE_KEYS] = "mustArchiveKeys",
	[CMC_BAD_IDENTITY] = "badIdentity",
	[CMC_FAIL_POP_REQUIRED] = "popRequired",
	[CMC_POP_FAILED] = "popFailed",
	[CMC_NO_KEY_REUSE] = "noKeyReuse",
	[CMC_INTERNAL_CA_ERROR] = "internalCAError",
	[CMC_TRY_LATER] = "tryLater",
	[CMC_AUTH_DATA_FAIL] = "authDataFail",
};
#define FAIL_NAMES	(sizeof(fail_names) / sizeof(fail_names[0]))

const char *
cmc_status_name(enum cmc_status s)
{
	if (s >= STATUSES || statuses[s].name == NULL)
		return "unknown";
	return statuses[s].name;
}

const char *
cmc_fail_name(uint32_t fail)
{
	if (fail < FAIL_NAMES)
		return fail_names[fail];
	return fail >= 1000 && fail <= CMC_FAIL_MAX ? "private" : "unknown";
}

static bool
get_status(struct der *in, enum cmc_status *out, struct fault *f)
{
	uint64_t	v;

	if (!der_uint(in, &v, f))
		return fault_within(f, "cMCStatus");
	if (v >= STATUSES || statuses[v].name == NULL)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 6.1.3",
		    "status %" PRIu64 " is not defined", v);
	*out = (enum cmc_status)v;
	return true;
}

/* How many elements, with a limit; the reader is a copy. */
static bool
count_refs(struct der seq, size_t *n, struct fault *f)
{
	struct view	tlv;

	for (*n = 0; !der_at_end(&seq); ++*n) {
		if (*n == REFS_MAX)
			return fault_set(f, FAULT_LIMIT, "RFC 10002, 6.1.1",
			    "bodyList of more than %d elements", REFS_MAX);
		if (!der_get_any(&seq, &tlv, f))
			return false;
	}
	if (*n == 0)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 6.1.1",
		    "empty bodyList");
	return true;
}

static bool
get_refs(struct der *in, struct arena *a, struct cmc_status_info *s,
    struct fault *f)
{
	struct der	seq;
	struct cmc_ref	*refs;
	size_t		i;

	if (!der_open(in, DER_SEQUENCE, &seq, f) ||
	    !count_refs(seq, &s->n_refs, f))
		return false;
	if ((refs = arena_array(a, s->n_refs, sizeof(refs[0]))) == NULL)
		return arena_fault(f);
	for (i = 0; i < s->n_refs; i++)
		if (!cmc_get_ref(&seq, &refs[i], f))
			return false;
	s->refs = refs;
	return true;
}

/* PendInfo ::= SEQUENCE { pendToken OCTET STRING, pendTime GeneralizedTime } */
static bool
get_pend(struct der *in, struct cmc_status_info *s, struct fault *f)
{
	struct view	time;

	s->other = CMC_OTHER_PEND;
	if (!der_octets(in, &s->pend_token, f) ||
	    !der_get(in, DER_GENERALIZED_TIME, &time, f) ||
	    !der_generalized_content(time, &s->pend_time, f) ||
	    !der_end(in, f))
		return false;
	if (s->pend_token.n == 0 || s->pend_token.n > CMC_PEND_TOKEN_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 10002, 6.1.1",
		    "pendToken of %zu octets", s->pend_token.n);
	return true;
}

/* { failInfoOID OBJECT IDENTIFIER, failInfoValue ANY } */
static bool
get_ext(struct der *in, struct cmc_status_info *s, struct fault *f)
{
	s->other = CMC_OTHER_EXT;
	return der_oid(in, &s->ext_oid, f) &&
	    der_get_any(in, &s->ext_value, f) &&
	    der_end(in, f);
}

static bool
get_fail(struct der *in, struct cmc_status_info *s, struct fault *f)
{
	uint64_t	v;

	s->other = CMC_OTHER_FAIL;
	if (!der_uint_in(in, "failInfo", 0, CMC_FAIL_MAX, &v, f))
		return false;
	s->fail = (uint32_t)v;
	return true;
}

/*
 * The module has extendedFailInfo as [1]; the older ones had it untagged, so
 * that only what stands inside tells it from PendInfo.
 */
static bool
get_other(struct der *in, struct cmc_status_info *s, struct fault *f)
{
	struct der	inner;

	switch (der_peek(in)) {
	case 0:
		return true;
	case DER_INTEGER:
		return get_fail(in, s, f);
	case DER_CONTEXT_C(1):
		return der_open(in, DER_CONTEXT_C(1), &inner, f) &&
		    get_ext(&inner, s, f);
	default:
		if (!der_open(in, DER_SEQUENCE, &inner, f))
			return false;
		return der_peek(&inner) == DER_OID ?
		    get_ext(&inner, s, f) : get_pend(&inner, s, f);
	}
}

/* A reason belongs to a failure, a token to something that is not finished. */
static bool
other_fits(const struct cmc_status_info *s, struct fault *f)
{
	bool	fits = true;

	if (s->other == CMC_OTHER_PEND)
		fits = s->status == CMC_PENDING || s->status == CMC_PARTIAL;
	else if (s->other != CMC_OTHER_NONE)
		fits = s->status == CMC_FAILED || s->status == CMC_NO_SUPPORT ||
		    s->status == CMC_POP_REQUIRED;
	if (!fits)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 6.1.1",
		    "status %s does not go with this otherInfo",
		    cmc_status_name(s->status));
	return true;
}

bool
cmc_status_decode(struct view value, struct arena *a,
    struct cmc_status_info *out, struct fault *f)
{
	struct cmc_status_info	s = { 0 };
	struct der		d, in;

	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f) ||
	    !get_status(&in, &s.status, f) ||
	    !get_refs(&in, a, &s, f))
		return false;
	if (der_peek(&in) == DER_UTF8_STRING &&
	    !der_utf8(&in, 0, CMC_TEXT_MAX, &s.text, f))
		return false;
	if (!get_other(&in, &s, f) || !der_end(&in, f) || !other_fits(&s, f))
		return false;
	*out = s;
	return true;
}

bool
cmc_status_list(const struct cmc_controls *c, struct arena *a,
    struct cmc_status_list *out, uint32_t *offender, struct fault *f)
{
	struct cmc_status_list	 l = { 0 };
	size_t			 i, n = 0;

	for (i = 0; i < c->n; i++)
		n += c->v[i].kind == CMC_STATUS_INFO_V2 ||
		    c->v[i].kind == CMC_STATUS_INFO;
	if (n > 0 && (l.v = arena_array(a, n, sizeof(l.v[0]))) == NULL)
		return arena_fault(f);
	for (i = 0; i < c->n; i++) {
		if (c->v[i].kind != CMC_STATUS_INFO_V2 &&
		    c->v[i].kind != CMC_STATUS_INFO)
			continue;
		if (!cmc_status_decode(c->v[i].value, a, &l.v[l.n++], f)) {
			if (offender != NULL)
				*offender = c->v[i].id;
			return fault_within(f, "control %" PRIu32, c->v[i].id);
		}
	}
	*out = l;
	return true;
}

static bool
is_worse(enum cmc_status a, enum cmc_status b)
{
	return statuses[a].rank > statuses[b].rank;
}

enum cmc_status
cmc_status_worse(enum cmc_status a, enum cmc_status b)
{
	return is_worse(b, a) ? b : a;
}

/* A reference names the element its path ends at, seen from this message. */
static bool
names(const struct cmc_status_info *s, uint32_t id)
{
	const struct cmc_ref	*ref;
	size_t			 i;

	for (i = 0; i < s->n_refs; i++) {
		ref = &s->refs[i];
		if (ref->n == 1 &&
		    (ref->path[0] == id || ref->path[0] == CMC_WHOLE_MESSAGE))
			return true;
	}
	return false;
}

const struct cmc_status_info *
cmc_status_of(const struct cmc_status_list *l, uint32_t id)
{
	const struct cmc_status_info	*worst = NULL;
	size_t				 i;

	for (i = 0; i < l->n; i++)
		if ((worst == NULL || is_worse(l->v[i].status, worst->status)) &&
		    names(&l->v[i], id))
			worst = &l->v[i];
	return worst;
}

const struct cmc_status_info *
cmc_status_with(const struct cmc_status_list *l, uint32_t id,
    enum cmc_other other)
{
	const struct cmc_status_info	*worst = NULL;
	size_t				 i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].other == other &&
		    (worst == NULL || is_worse(l->v[i].status, worst->status)) &&
		    names(&l->v[i], id))
			worst = &l->v[i];
	return worst;
}

enum cmc_status
cmc_status_overall(const struct cmc_status_list *l)
{
	enum cmc_status	worst = CMC_SUCCESS;
	size_t		i;

	for (i = 0; i < l->n; i++)
		worst = cmc_status_worse(worst, l->v[i].status);
	return worst;
}
