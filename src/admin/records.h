/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records.h - what the PKI knows of authorizations (authzQuery), page by page.
 *
 * The PKI shows what this Admin may query; the rest is as if it were not
 * there.
 */
#ifndef ADMIN_RECORDS_H
#define ADMIN_RECORDS_H

#include "admin/home.h"
#include "codec/cvp.h"
#include "profile/template.h"

/*
 * Called for each record until it returns false (with a fault, or without one
 * to stop).  r lives until it returns.
 */
struct record_reader {
	bool	(*each)(void *ctx, const struct cvp_record *r, struct fault *f);
	void	*ctx;
};

/* Those with these ids; unknown ones are left out, each comes once. */
MUST_CHECK bool records_by_ids(struct admin *a, const struct view *ids, size_t n,
    const struct record_reader *to, struct fault *f);
/* All there are, or those of one batch (batch_id not empty). */
MUST_CHECK bool records_walk(struct admin *a, struct view batch_id,
    const struct record_reader *to, struct fault *f);

/* May it still bring a certificate, or has it brought one that counts? */
bool	record_lives(const struct cvp_record *r);

/* Names, end of the window and of the certificate, as far as the record says. */
struct record_terms {
	struct identity	 ids[IDENTITIES_MAX];
	size_t		 n_ids;
	int64_t		 window_end, cert_end;	/* 0: not said */
	enum generation	 generation;	/* who makes the key */
	const char	*key;		/* first kind that can be made, or NULL */
};
/* The first key of these terms that can be made: "ec-p256", or NULL. */
const char *terms_key_word(const struct cvp_terms *t);
void	record_terms(const struct cvp_record *r, struct record_terms *out);

/* Hexadecimal serial number without its sign octet; "" without a certificate. */
#define RECORD_SERIAL_MAX	43
void	record_serial(const struct cvp_record *r, char out[RECORD_SERIAL_MAX]);

#endif
