/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cvp.c - any octets as the value of one of the profile's controls; the
 * first octet says which.  What is taken, written, read and written again
 * must come out the same.
 */
#include <stdlib.h>

#include "codec/cvp.h"

#define ARENA_MAX	(16 << 20)
#define OUT_MAX		(4 << 20)
#define ENTRIES_MAX	10000

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define TRY(type, call, put) do {				\
	type	 v_;						\
	if (!(call))						\
		return false;					\
	put(out, &v_);						\
	return true;						\
} while (0)

static bool
take(unsigned kind, struct view v, struct arena *a, struct buf *out,
    struct fault *f)
{
	switch (kind) {
	case 0:
		TRY(struct cvp_terms, cvp_terms_decode(v, a, &v_, f),
		    cvp_put_terms);
	case 1:
		TRY(struct cvp_authz_request,
		    cvp_authz_request_decode(v, a, ENTRIES_MAX, &v_, f),
		    cvp_put_authz_request);
	case 2:
		TRY(struct cvp_authz_response,
		    cvp_authz_response_decode(v, a, &v_, f),
		    cvp_put_authz_response);
	case 3:
		TRY(struct cvp_secrets, cvp_secrets_decode(v, a, &v_, f),
		    cvp_put_secrets);
	case 4:
		TRY(struct cvp_ack, cvp_ack_decode(v, a, &v_, f), cvp_put_ack);
	case 5:
		TRY(struct cvp_cancel, cvp_cancel_decode(v, a, &v_, f),
		    cvp_put_cancel);
	case 6:
		TRY(struct cvp_cancel_result,
		    cvp_cancel_result_decode(v, a, &v_, f),
		    cvp_put_cancel_result);
	case 7:
		TRY(struct cvp_list, cvp_cancel_ack_decode(v, a, &v_, f),
		    cvp_put_cancel_ack);
	case 8:
		TRY(struct cvp_query, cvp_query_decode(v, a, &v_, f),
		    cvp_put_query);
	case 9:
		TRY(struct cvp_info, cvp_info_decode(v, a, &v_, f),
		    cvp_put_info);
	case 10:
		TRY(struct cvp_bind, cvp_bind_decode(v, &v_, f), cvp_put_bind);
	case 11:
		TRY(struct cvp_use, cvp_use_decode(v, &v_, f), cvp_put_use);
	case 12:
		TRY(struct cvp_key_gen_request,
		    cvp_key_gen_request_decode(v, a, &v_, f),
		    cvp_put_key_gen_request);
	case 13:
		TRY(struct cvp_key_gen_response,
		    cvp_key_gen_response_decode(v, &v_, f),
		    cvp_put_key_gen_response);
	case 14:
		TRY(struct cvp_event_query, cvp_event_query_decode(v, &v_, f),
		    cvp_put_event_query);
	case 15:
		TRY(struct cvp_event_report,
		    cvp_event_report_decode(v, a, &v_, f),
		    cvp_put_event_report);
	case 16:
		TRY(struct cvp_list, cvp_template_query_decode(v, a, &v_, f),
		    cvp_put_template_query);
	case 17:
		TRY(struct cvp_template_info,
		    cvp_template_info_decode(v, a, &v_, f),
		    cvp_put_template_info);
	case 18:
		TRY(struct cvp_failure, cvp_failure_decode(v, &v_, f),
		    cvp_put_failure);
	case 19:
		TRY(struct cvp_hint, cvp_hint_decode(v, a, &v_, f), cvp_put_hint);
	}
	return fault_set(f, FAULT_USAGE, "", "no such kind");
}

static void
try_merge(struct view v, struct arena *a)
{
	struct cvp_terms	t, merged;
	struct fault		f = { 0 };

	if (!cvp_terms_decode(v, a, &t, &f))
		return;
	if (!cvp_terms_merge(&t, &t, &t, a, &merged, &f) && f.kind == FAULT_NONE)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena	*a = arena_new(ARENA_MAX);
	struct buf	 one, two;
	struct fault	 f = { 0 };

	if (n == 0 || a == NULL) {
		arena_free(a);
		return 0;
	}
	buf_init(&one, OUT_MAX);
	buf_init(&two, OUT_MAX);
	if (!take(p[0], view_of(p + 1, n - 1), a, &one, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
	} else if (buf_ok(&one)) {
		if (!take(p[0], buf_view(&one), a, &two, &f) ||
		    !view_equal(buf_view(&one), buf_view(&two)))
			abort();
	}
	if (p[0] == 0)
		try_merge(view_of(p + 1, n - 1), a);
	buf_clear(&one);
	buf_clear(&two);
	arena_free(a);
	return 0;
}
