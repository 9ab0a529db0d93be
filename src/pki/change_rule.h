/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_rule.h - what does a request that a certificate signed ask for, and
 * do the terms allow it?  (RFC 4809, 3.5.2; part 7.7 of the profile: there is
 * no TYPE field.)
 *
 * The same judgement is made twice: by the engine, which then looks at what
 * only its database knows (head of the lineage, revocation, counts, names of
 * others), and by the signer, which believes nobody.  Reads no store and no
 * clock.  That the request is signed by `old`, and by the key it asks for, has
 * been verified.
 */
#ifndef PKI_CHANGE_RULE_H
#define PKI_CHANGE_RULE_H

#include "message/certreq.h"
#include "pki/terms.h"
#include "store/store_cert.h"

struct change_ask {
	const struct cert		*old;
	const struct certreq		*request;
	const struct granted_terms	*terms;		/* those old was issued under */
	const struct granted_terms	*use;		/* of an authorization that replaces old;
							   NULL: none is used */
	const struct template		*template;	/* of the successor */
	const char			*label;
	bool				 by_admin;	/* in a layer of an Admin who may enrol */
	bool				 hinted;	/* a hint asks for its renewal now */
	int64_t				 now;
};

struct change_verdict {
	uint32_t		 code;		/* CvpFailure; 0: allowed */
	enum cmc_fail		 fail;		/* beside the code */
	enum store_change_kind	 kind;		/* as far as it was derived */
	struct holder_terms	 holder;	/* of the successor; lives in the arena */
	struct cvp_uint		 max_times;	/* absent: without limit */
	bool			 only_admin;	/* because an Admin asks, too */
};

/* "renewal", "renewal with a new key", "rekey", "update"; "none". */
const char *change_name(enum store_change_kind kind);

/*
 * False: refused, and out->code and the text of f say why; or, with code 0,
 * it could not be judged.
 */
MUST_CHECK bool change_judge(const struct change_ask *q, struct arena *a,
    struct change_verdict *out, struct fault *f);

/* From when on a certificate with these dates may be changed on these terms. */
int64_t	change_from(const struct cvp_change_terms *t, const struct cert *old);

/* Is c the certificate that such a request asked for? */
bool	change_is(const struct certreq *r, enum store_change_kind kind, const struct cert *c,
	    struct arena *a);

/*
 * Does new, made for the same holder, differ from old in more than serial
 * number, dates and key?  Addresses of CRLs and the like do not count
 * (decision 21), nor does the issuer: it may have a successor.
 */
bool	change_differs(const struct cert *old, const struct cert *new);

/* What is to become of the old certificate: delay_seconds counts only if unusable. */
struct cvp_retire change_retire(const struct granted_terms *t, const struct template *tp);

#endif
