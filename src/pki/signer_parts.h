/* SPDX-License-Identifier: Apache-2.0 */
/* signer_parts.h - what the files of the signer share; theirs only. */
#ifndef PKI_SIGNER_PARTS_H
#define PKI_SIGNER_PARTS_H

#include "crypt/aead.h"
#include "crypt/key.h"
#include "message/signed.h"
#include "message/certreq.h"
#include "pki/journal.h"
#include "pki/key_maker.h"
#include "pki/seal_key.h"
#include "pki/signer.h"
#include "profile/template_change.h"

struct signer {
	struct authorities	 authorities;
	struct key		*keys[AUTHORITIES];
	struct templates	 templates;
	struct message_signer	 responder;
	struct seal_keys	 seal_keys;
	struct buf		 dummy;		/* a sealed key of nobody */
	struct seal_facts	 dummy_facts;
	struct journal		*journal;
	int64_t			 crl_lifetime;
	struct arena		*arena;
	const struct rng	*rng;
	bool			 operator_mode;
	struct key_maker	*maker;		/* borrowed; NULL: all keys are made at once */
};

/* K and Kc under the facts they are good for. */
MUST_CHECK bool signer_seal(struct signer *s, const struct seal_facts *facts,
    struct view content, struct buf *out, struct fault *f);
MUST_CHECK bool signer_unseal(struct signer *s, const struct seal_facts *facts,
    struct view sealed, struct secret *out, struct fault *f);

/* The key of this record, or the dummy's: *known tells which. */
MUST_CHECK bool signer_key_or_dummy(struct signer *s, const struct seal_facts *facts,
    struct view sealed, struct secret *k, bool *known, struct fault *f);
/*
 * To stay as it is, or from open to in progress; and then for the key that
 * was asked for, whatever the engine would like.
 */
MUST_CHECK bool signer_check_step(const struct seal_facts *facts, uint8_t state,
    struct view spki, const uint8_t asked[SHA256_OCTETS], struct fault *f);
/* In progress under this template, for these terms and this label. */
MUST_CHECK bool signer_check_grant(const struct seal_facts *facts, struct view template,
    struct view terms, struct view label, struct fault *f);
/* A record from yesterday's database: its token has been spent since. */
bool	signer_is_spent(const struct signer *s, const struct seal_facts *facts);

/* Our serial numbers hold the number that `replaces` names. */
int64_t	signer_number_of(struct view serial);

/*
 * On which terms a certificate was issued, said by the signer to itself: kept
 * beside the certificate when the key of its token has long been erased
 * (docs/adr/0020).
 */
struct deed {
	struct view	cert;		/* DER */
	struct view	id;		/* of its authorization */
	struct view	terms;		/* effective, DER */
	struct view	template;	/* name */
	uint8_t		content[32];	/* and what it said: template_content() */
	struct view	label;
};
/* Append the deed as one field of an answer. */
MUST_CHECK bool signer_put_deed(struct signer *s, const struct deed *d, struct buf *answer,
    struct fault *f);
MUST_CHECK bool signer_check_deed(struct signer *s, const struct deed *d, struct view deed,
    struct fault *f);

/* A template as the signer has it, and as it was: settings, if changed, are the engine's word. */
struct signer_template {
	const struct template_entry	*now;
	const struct template		*old;		/* now's if nothing has changed */
	struct template			 before, made;
	uint8_t				 content[32];	/* of old: hold it against seal or deed */
};
MUST_CHECK bool signer_template(struct signer *s, struct view name, bool changed,
    struct view settings, struct signer_template *out, struct fault *f);
/* Settle what is made of it; false if nothing is. */
MUST_CHECK bool signer_made(struct signer_template *t, enum template_fate fate, struct fault *f);
/* Under which content the certificate's deed is. */
const uint8_t *signer_made_content(const struct signer_template *t, enum template_fate fate);

/*
 * Sign tbs, if it is what template and holder make under these terms, with
 * this very key, and if the journal takes it: one TBSCertificate for one id.
 * The same one again is signed again, as of the time it was signed first.
 */
struct signing {
	const struct template		*template;
	const struct template		*now;		/* takes the key as well */
	const struct cvp_terms		*terms;
	const struct holder_terms	*holder;
	struct view			 tbs;
	struct view			 id;		/* in the journal; empty: by serial number */
	uint8_t				 spki[SHA256_OCTETS];
};
MUST_CHECK bool signer_sign(struct signer *s, const struct signing *q, int64_t now,
    struct buf *cert, struct fault *f);

/* What a message that one of our certificates signed turned out to be. */
struct signer_asked {
	struct cert		old;		/* the one that signs */
	struct cmc_request	data;
	struct certreq		request;
	uint8_t			spki_hash[SHA256_OCTETS];
};
/* The signature holds, by a certificate of one of our CAs; dates are not looked at. */
MUST_CHECK bool signer_open_message(struct signer *s, struct view cert, struct view message,
    struct signer_asked *out, struct fault *f);
/* And one request is in it, whose maker holds its key. */
MUST_CHECK bool signer_open_request(struct signer *s, struct view cert, struct view message,
    struct signer_asked *out, struct fault *f);
/* A certificate of the management CA, now valid: MINT and GENERATE encrypt to no other. */
MUST_CHECK bool signer_check_admin(const struct signer *s, const struct cert *c, int64_t now,
    struct fault *f);

/* Answers of signer_issue.c; each appends its body to answer. */
MUST_CHECK bool signer_issue(struct signer *s, struct wire *w, int64_t now,
    struct buf *answer, struct fault *f);
MUST_CHECK bool signer_note(struct signer *s, struct wire *w, int64_t now, struct fault *f);
MUST_CHECK bool signer_release(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);
MUST_CHECK bool signer_anchors(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);
/* Of signer_change.c. */
MUST_CHECK bool signer_answer_mint(struct signer *s, struct wire *w, int64_t now,
    struct buf *answer, struct fault *f);
MUST_CHECK bool signer_answer_use(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);
MUST_CHECK bool signer_answer_change(struct signer *s, struct wire *w, int64_t now,
    struct buf *answer, struct fault *f);
/* Of signer_admin.c. */
MUST_CHECK bool signer_answer_bind(struct signer *s, struct wire *w, int64_t now,
    struct buf *answer, struct fault *f);
MUST_CHECK bool signer_answer_generate(struct signer *s, struct wire *w, int64_t now,
    struct buf *answer, struct fault *f);
MUST_CHECK bool signer_journal(struct signer *s, struct wire *w, struct buf *answer,
    struct fault *f);

#endif
