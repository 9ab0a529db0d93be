/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl.h - certificate revocation lists (RFC 5280, 5), written entry by entry
 * and read without a table: a million entries are normal.
 *
 * Nothing is owned: all views point into the octets decoded, and after a
 * failure *out is not to be used.
 *
 * Reading checks the frame at once and each entry when it is walked over.  No
 * signature and no date is judged here.
 */
#ifndef CODEC_CRL_H
#define CODEC_CRL_H

#include "codec/algorithm.h"
#include "codec/extension.h"

#define CRL_OCTETS_MAX	(128u << 20)	/* a million entries of 40 octets, three times */

enum crl_reason {
	CRL_UNSPECIFIED = 0,
	CRL_KEY_COMPROMISE = 1,
	CRL_CA_COMPROMISE = 2,
	CRL_AFFILIATION_CHANGED = 3,
	CRL_SUPERSEDED = 4,
	CRL_CESSATION_OF_OPERATION = 5,
	CRL_CERTIFICATE_HOLD = 6,
	CRL_REMOVE_FROM_CRL = 8,
	CRL_PRIVILEGE_WITHDRAWN = 9,
	CRL_AA_COMPROMISE = 10,
};

/* "keyCompromise" and so on; NULL for a number that has none. */
const char *crl_reason_name(unsigned reason);
/* The number of a name, exactly as above; false if there is none. */
bool	crl_reason_find(const char *name, unsigned *reason);

/* Writing: crl_begin, crl_put for each, crl_finish; then sign and assemble. */
struct crl_plan {
	struct view	 sigalg;	/* AlgorithmIdentifier TLV */
	struct view	 issuer;	/* Name TLV */
	int64_t		 this_update;
	int64_t		 next_update;
	struct view	 aki;		/* key identifier octets */
	uint64_t	 number;
	bool		 is_delta;
	uint64_t	 base_number;	/* of a delta */
};

struct crl_writer {
	struct crl_plan	 plan;
	struct buf	*out;
	size_t		 tbs, entries, start;	/* marks in out */
	bool		 has_entries;
	int64_t		 last_time;	/* most entries share a second with another */
	uint8_t		 last_time_tlv[17];
	size_t		 last_time_len;
};

void	crl_begin(struct crl_writer *w, const struct crl_plan *p, struct buf *out);

struct crl_item {
	struct view	 serial;	/* big-endian number */
	int64_t		 revoked_at;
	unsigned	 reason;	/* 0 is left out, as RFC 5280, 5.3.1 asks */
	int64_t		 invalidity;	/* invalidityDate (5.3.2); 0: none */
};
void	crl_put(struct crl_writer *w, const struct crl_item *item);
/* The same without an invalidityDate. */
void	crl_entry(struct crl_writer *w, struct view serial, int64_t revoked_at,
	    unsigned reason);
/* The TBSCertList then stands in out; *tbs is a view of it. */
MUST_CHECK bool crl_finish(struct crl_writer *w, struct view *tbs,
    struct fault *f);
/* Append CertificateList { tbs, sigalg, signature }. */
void	crl_assemble(struct view tbs, struct view sigalg, struct view signature,
	    struct buf *out);

/* Reading. */
struct crl {
	struct view		 der;
	struct view		 tbs;
	struct algorithm	 sigalg;
	struct view		 signature;
	struct view		 issuer;	/* Name TLV */
	int64_t			 this_update;
	bool			 has_next_update;
	int64_t			 next_update;
	struct view		 entries;	/* content of revokedCertificates */
	struct extensions	 extensions;
	struct view		 aki;
	bool			 has_number;
	struct view		 number;	/* INTEGER content octets */
	bool			 is_delta;
	bool			 has_issuing_dist_point;
	struct view		 issuing_dist_point;	/* its value, not read further */
	bool			 unknown_critical;
};

struct crl_revoked {
	struct view	 serial;	/* INTEGER content octets */
	int64_t		 revoked_at;
	unsigned	 reason;	/* CRL_UNSPECIFIED when absent */
	bool		 has_invalidity;
	int64_t		 invalidity;
	bool		 unknown_critical;
};

MUST_CHECK bool crl_decode(struct view der, struct crl *out, struct fault *f);

/* Walk: der_init(&d, crl.entries); while (!der_at_end(&d)) crl_next(&d, ...). */
MUST_CHECK bool crl_next(struct der *d, struct crl_revoked *out, struct fault *f);

/* Is this serial (INTEGER content octets) listed?  Linear, a few ns per entry. */
MUST_CHECK bool crl_find(const struct crl *c, struct view serial, bool *found,
    struct crl_revoked *out, struct fault *f);

#endif
