/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorization.h - one authzRequest, from devices to tickets on disk.
 *
 *	prepare		the signed wish is on disk, nothing was sent
 *	run		sent; answer read; tickets, inventory and plan on disk;
 *			the PKI is told so and forgets the tokens
 *
 * Each step may be the last before a crash.  Run again with what
 * batches_unfinished() finds: nothing is authorized twice, and no ticket is
 * lost (RFC 4809, 3.2.2 to 3.2.5; part 7.4 of the profile).
 */
#ifndef ADMIN_AUTHORIZATION_H
#define ADMIN_AUTHORIZATION_H

#include "admin/batch.h"
#include "admin/home.h"
#include "admin/inventory.h"
#include "admin/topology.h"
#include "codec/cvp.h"
#include "profile/template.h"

/* What became of one device. */
struct outcome {
	const struct device	*d;
	enum cvp_result_status	 status;
	const char		*id;		/* NULL unless granted */
	const char		*ticket;	/* path of its file; NULL unless granted */
	uint32_t		 code;		/* enum cvp_code, 0 when granted */
	const char		*why;		/* what the PKI said, "" */
	int64_t			 not_after;	/* end of its window */
	const struct cvp_terms	*effective;	/* NULL: as asked for */
	const char		*reduced;	/* what is less than that, "" */
	bool			 altered;	/* and less was not to be: it has no ticket */
};

struct authorization {
	struct admin		*a;
	struct inventory	*inv;
	const struct fleet	*fleet;		/* the list; entry n is its device n - 1 */
	const struct topology	*topology;
	struct arena		*arena;
	struct batch		 b;
	struct cvp_authz_request asked;		/* as it was sent... */
	size_t			 asked_at;	/* ...and looked at last */
	struct outcome		*v;		/* after run; empty if there was none to read */
	size_t			 n;
	size_t			 from;		/* first one of the answer that is being taken */
	bool			 gone;		/* the PKI has deleted the tokens */
	bool			 acknowledged;	/* else the PKI is told the next time */

	/*
	 * A PKCS #10 of its only device, enrolled in the same message (RFC 4809,
	 * 3.2.2, scenario 2); empty: none.  With it, what the PKI said and the
	 * transaction that the confirmation goes on with.
	 */
	struct view		 p10;
	struct exchange		 x;
	struct exchange_answer	 answer;
};

/* What the operator asked for, for all devices alike. */
struct wishes {
	const char	*preset;	/* --template, or "" */
	const char	*key;		/* --key, or NULL: the template's choice */
	enum generation	 generation;	/* who makes the keys; GENERATION_NONE: the template's choice */
	int64_t		 window_seconds;
	const struct cmc_cert_id **replaced;	/* by entry id - 1; NULL: none */
	bool		 exact;		/* rather nothing than less */
	const char	*out;		/* folder of the tickets, absolute */
	const char	*relay;		/* URL for tickets; NULL: that of the PKI */
};

/*
 * devices[0 ... n-1] under t, which is the PKI's own word about the template.
 * list is the file they come from.
 */
MUST_CHECK bool authorization_prepare(struct authorization *z,
    const struct device *const *devices, size_t n, const struct cvp_template *t,
    const struct wishes *w, struct view list, struct fault *f);

/*
 * FAULT_BUSY: no answer; it stays unfinished.  Any other refusal of the whole
 * means that nothing was authorized, and the batch is dropped.
 */
MUST_CHECK bool authorization_run(struct authorization *z, struct fault *f);

/* Was this device authorized? */
bool	outcome_granted(const struct outcome *o);

/* The first key of a template that can be made: a ticket's word for it, or NULL. */
const char *template_key_word(const struct cvp_template *t);

#endif
