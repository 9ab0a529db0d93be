/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate.h - one device enrolled by its Admin (RFC 4809, 3.4.8, 3.4.9): the
 * key is made here or by the PKI, the certificate is held against what was
 * authorized and confirmed with the new key, and both are written into one
 * bundle.
 *
 * Run again after a crash or a lost answer it goes on with the same key:
 * there is never a second certificate.
 */
#ifndef MAIN_GENERATE_H
#define MAIN_GENERATE_H

#include "admin/targets.h"
#include "main/generated.h"
#include "peer/enroll.h"

enum bundle_format { BUNDLE_P12 = 0, BUNDLE_PEM };

struct generate {
	struct admin		*a;
	struct arena		*arena;
	bool			 by_pki;	/* who makes the key */
	bool			 device_confirms;	/* with the key, once it has its bundle */
	const char		*key;		/* its kind; NULL: the template's choice */
	const char		*out;		/* folder of the bundles */
	enum bundle_format	 format;
};

/* What there is to say of a request that a person at the PKI is to approve. */
struct generate_wait {
	bool	waits;
	int64_t	poll_at;	/* asked again then */
};

struct generate_outcome {
	bool	already;	/* an earlier run has done it all */
	struct generate_wait wait;
	char	serial[ENROLL_SERIAL_MAX];
	char	bundle[ADMIN_PATH_MAX];
	char	confirm[ADMIN_PATH_MAX];	/* what the device has to sign; "": confirmed */
	char	passphrase[ADMIN_PATH_MAX];	/* the file it stands in; "" in a PEM bundle */
};

/*
 * FAULT_BUSY: no answer now, or o->wait: the same again goes on.
 * FAULT_CONFLICT: a bundle of another enrolment is in the way.
 */
MUST_CHECK bool generate_one(const struct generate *q, const struct target *t,
    struct generate_outcome *o, struct fault *f);

/*
 * Chain and certificate of an answer are what was asked for: a path to the
 * root, and each identity of t.  key may be NULL, then spki says which one.
 */
MUST_CHECK bool generate_judge(const struct generate *q, const struct target *t,
    const struct exchange_answer *r, struct view spki, struct key *key,
    struct enroll_state *st, bool *reject, struct fault *f);

/*
 * An answer to a request of g, or to a poll: false unless it brings a certificate.
 * What waits is kept, and told in *w; what came to nothing is forgotten.
 */
MUST_CHECK bool generate_answer(const struct generate *q, const char *id,
    struct generated *g, const struct exchange_answer *r, struct generate_wait *w,
    struct fault *f);
/* Has a person decided?  Asked when it is time, in the transaction of the request. */
MUST_CHECK bool generate_poll(const struct generate *q, struct generated *g,
    struct exchange_answer *r, struct generate_wait *w, struct fault *f);

/* What has to be signed with the key, which is elsewhere; what the receipt needs is kept. */
MUST_CHECK bool generate_confirmation(const struct generate *q, const char *id,
    struct generated *g, const char *path, struct fault *f);

/* PKIData around one request that is bound to id, and the PKI's answer, unjudged. */
MUST_CHECK bool generate_bind(const struct generate *q, const char *id, struct view p10,
    struct exchange *x, struct exchange_answer *r, struct fault *f);

#endif
