/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash: authorizations that are in progress have a serial number and
 * a TBSCertificate on disk, perhaps signed, certainly not answered.  They are
 * signed (again) and recorded, so that the Peer's repeat finds its certificate.
 */
#include <inttypes.h>

#include "base/log.h"
#include "crypt/digest.h"
#include "pki/work.h"

#define RECOVER_BATCH	64

static bool
ask_issue(struct engine *e, const struct store_authz *z, const struct store_cert *c,
    struct issue_answer *out, struct fault *f)
{
	struct store_template	t;
	struct issue_request	q = {
		.sealed = z->sealed, .terms = z->terms, .label = view_str(z->label),
		.tbs = c->body,
	};
	struct frame		fr;
	size_t			used;

	if (!store_template_find_n(e->p.store, z->template, e->scratch, &t, f) ||
	    !seal_facts_of(e, z, e->scratch, &q.facts, f))
		return false;
	q.template = view_str(t.name);
	buf_reset(&e->questions);
	signer_put_issue(&e->questions, &q);
	return engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_issue(&fr, out, f);
}

static bool
finish(struct engine *e, struct store_authz *z, const struct store_cert *c, int64_t now,
    struct fault *f)
{
	struct issue_answer	i;
	uint8_t			digest[SHA1_OCTETS];
	bool			done;

	if (!ask_issue(e, z, c, &i, f))
		return false;
	sha1(i.cert, digest);
	z->sealed = i.sealed;
	z->confirm_by = now + z->confirm_within;
	return store_cert_finish(e->p.store, c->n, i.cert, digest, &done, f) &&
	    authz_move(e, z, STORE_AUTHZ_ISSUED, "pki", now, &done, f);
}

/* What the signer will not sign any more goes back to open; its number is spent. */
static bool
give_up(struct engine *e, struct store_authz *z, const struct store_cert *c, int64_t now,
    struct fault *f)
{
	bool	done;

	log_line(LOG_LEVEL_ERROR, "reservation given up", "authz=%" PRId64 " cert=%" PRId64,
	    z->n, c->n);
	z->sealed = VIEW_NONE;
	z->cert = 0;
	return store_cert_move(e->p.store, c->n, STORE_CERT_RESERVED, STORE_CERT_REJECTED, 0,
	    &done, f) && authz_move(e, z, STORE_AUTHZ_OPEN, "pki", now, &done, f);
}

static bool
recover_one(struct engine *e, int64_t n, int64_t now, struct fault *f)
{
	struct store_authz	z;
	struct store_cert	c;
	struct fault		why = { 0 };

	if (!store_authz_find_n(e->p.store, n, e->scratch, &z, f) ||
	    !store_cert_find(e->p.store, z.cert, true, e->scratch, &c, f))
		return false;
	if (z.state != STORE_AUTHZ_IN_PROGRESS || c.state != STORE_CERT_RESERVED)
		return true;
	if (finish(e, &z, &c, now, &why)) {
		log_line(LOG_LEVEL_INFO, "certificate finished after a crash",
		    "authz=%" PRId64 " cert=%" PRId64, z.n, c.n);
		return true;
	}
	if (why.kind == FAULT_BUSY || why.kind == FAULT_IO || why.kind == FAULT_INTERNAL) {
		*f = why;
		return false;
	}
	log_fault(LOG_LEVEL_ERROR, "could not finish a certificate", &why);
	return give_up(e, &z, &c, now, f);
}

bool
engine_recover(struct engine *e, int64_t now, struct fault *f)
{
	int64_t	rows[RECOVER_BATCH], after = 0;
	size_t	n;

	do {
		if (!store_begin(e->p.store, f) ||
		    !store_authz_in_states(e->p.store, 1u << STORE_AUTHZ_IN_PROGRESS, after,
		    rows, RECOVER_BATCH, &n, f))
			goto fail;
		for (size_t i = 0; i < n; i++)
			if (!recover_one(e, after = rows[i], now, f))
				goto fail;
		if (!store_commit(e->p.store, f))
			goto fail;
		arena_reset(e->scratch);
	} while (n == RECOVER_BATCH);
	return true;
fail:
	store_rollback(e->p.store);
	return false;
}
