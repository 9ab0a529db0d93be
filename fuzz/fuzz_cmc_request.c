/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cmc_request.c - any octets as a PKIData, and the values of the controls
 * that come out of it.
 */
#include <stdlib.h>

#include "codec/cmc.h"

#define ARENA_MAX	(8 << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A failure must say why. */
static void
expect(bool ok, struct fault *f)
{
	if (ok != (f->kind == FAULT_NONE))
		abort();
	fault_clear(f);
}

static void
try_value(const struct cmc_control *c, struct arena *a)
{
	struct fault		f = { 0 };
	struct view		v;
	struct cmc_proof	proof;
	struct cmc_cert_id	cert;
	struct cmc_revoke	revoke;
	struct cmc_get_cert	get;
	struct cmc_ids		ids;
	struct cmc_ref		ref;
	struct cmc_anchors	anchors;

	expect(cmc_transaction_id(c->value, &v, &f), &f);
	expect(cmc_nonce(c->value, &v, &f), &f);
	expect(cmc_identification(c->value, &v, &f), &f);
	expect(cmc_proof_decode(c->value, &proof, &f), &f);
	expect(cmc_cert_id_decode(c->value, &cert, &f), &f);
	expect(cmc_revoke_decode(c->value, &revoke, &f), &f);
	expect(cmc_get_cert_decode(c->value, &get, &f), &f);
	expect(cmc_anchors_decode(c->value, a, &anchors, &f), &f);
	expect(cmc_body_list_decode(c->value, a, 1000, &ids, &f), &f);
	expect(cmc_path_decode(c->value, &ref, &f), &f);
}

static void
try_message(struct view in, const struct cmc_limits *limits)
{
	struct arena		*a = arena_new(ARENA_MAX);
	struct cmc_request	 req;
	struct fault		 f = { 0 };
	uint32_t		 who;
	bool			 ok;

	if (a == NULL)
		return;
	ok = cmc_request_decode(in, a, limits, &req, &who, &f);
	expect(ok, &f);
	if (ok) {
		expect(cmc_request_rules(&req, &who, &f), &f);
		for (size_t i = 0; i < req.controls.n; i++)
			try_value(&req.controls.v[i], a);
		if (view_equal(req.content, in) != true)
			abort();
	}
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	try_message(view_of(p, n), &cmc_limits_peer);
	try_message(view_of(p, n), &cmc_limits_admin);
	return 0;
}
