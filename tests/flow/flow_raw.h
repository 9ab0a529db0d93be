/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_raw.h - messages made by hand, also those that no program of ours
 * makes, and answers taken apart without being believed.
 */
#ifndef FLOW_RAW_H
#define FLOW_RAW_H

#include "codec/cvp.h"
#include "flow_device.h"

#define RAW_MAX		(256u << 10)

/* Body parts of what raw_content() makes. */
enum raw_part {
	RAW_REQUEST = 1,
	RAW_TRANSACTION,
	RAW_NONCE,
	RAW_IDENTIFICATION,
	RAW_RANDOM,
	RAW_PROOF,
	RAW_EXTRA,
	RAW_SECOND = 100,	/* another request */
	RAW_RECIPIENT,
};

/* Who has a certificate of this PKI. */
struct raw_cert {
	struct key	*key;
	struct buf	 der;
	struct cert	 cert;
};
/* From the folder of a device that has enrolled. */
void	raw_cert_load(const struct device *d, struct raw_cert *out);
void	raw_cert_clear(struct raw_cert *c);

/*
 * A PKI whose first Admin has enrolled: d with its certificate.  template: the
 * gateways' from then on, in a restart; NULL: as it comes.  raw_stop() ends all.
 */
void	raw_start(struct flow_pki *p, struct device *d, struct raw_cert *admin,
	    const char *template);
void	raw_stop(struct flow_pki *p, struct device *d, struct raw_cert *admin);

/* How a message is signed. */
struct raw_signing {
	struct key		*key;
	const struct raw_cert	*by;		/* NULL: by the SKI of key */
	bool			 bare;		/* no signingCertificateV2 */
	bool			 twice;		/* two SignerInfos, both good */
	const struct raw_cert	*with;		/* travels along, so often */
	size_t			 certs;
	bool			 broken;	/* a signature that does not hold */
};
void	raw_sign(const struct raw_signing *s, struct view content, struct buf *out);
void	raw_unsigned(struct view content, struct buf *out);

/* An enrolment; zeroed but for ticket and key it is a good one. */
struct raw {
	const struct ticket	*t;
	struct key		*key;		/* to be certified */
	unsigned		 without;	/* bits 1 << enum raw_part, and these */
#define RAW_WITHOUT(part)	(1u << (part))
#define RAW_NO_WITNESS		(1u << 16)
#define RAW_NO_SKI		(1u << 17)
	struct key		*pop;		/* signs the request; NULL: key */
	struct view		 random;	/* popLinkRandom */
	struct view		 recipient;	/* recipientNonce */
	struct view		 digest, mac;	/* OIDs of both proofs */
	size_t			 cut;		/* octets off each witness */
	bool			 bad_identity, bad_link;	/* one bit of that witness */
	struct view		 san;		/* GeneralNames */
	struct view		 subject;
	struct view		 extension;	/* in the request */
	struct view		 attribute;	/* of the request */
	enum cmc_kind		 extra;		/* one control more... */
	struct view		 extra_oid;	/* ...or one by this OID... */
	struct view		 value;		/* ...with this value, whole */
	size_t			 extras;	/* so often; 0: once */
	bool			 empty;		/* no request, and a proof over that */
	bool			 two;		/* the request twice */
	bool			 crmf;
	bool			 has_validity;	/* in a CRMF template */
	bool			 orm;		/* a request of a form nobody knows */
};
void	raw_content(const struct raw *r, struct buf *out);	/* the PKIData */
/* Signed by its key, named by its SKI. */
void	raw_message(const struct raw *r, struct buf *out);

/* A PKIData of controls alone: each with its value, from body part RAW_EXTRA on. */
struct raw_control {
	enum cmc_kind	 kind;
	struct view	 value;
};
void	raw_controls(const struct raw_control *c, size_t n, struct buf *out);
/* The transaction and nonce that confirmations go on with; empty: made up. */
void	raw_controls_in(const struct raw_control *c, size_t n, struct view transaction,
	    struct view recipient_nonce, struct buf *out);
#define RAW_TID	VIEW_LIT("\x41raw transaction")

/* A layer of this Admin around one message, as an RA's: its part is RAW_INSIDE. */
#define RAW_INSIDE	1000u
void	raw_layer(const struct raw_cert *by, struct view message, struct buf *out);

/* IssuerAndSerialNumber of this certificate. */
void	raw_cert_id(const struct cert *c, struct buf *out);

struct raw_answer {
	struct arena		*a;
	struct buf		 octets;
	bool			 again;		/* none came */
	bool			 refused_proof;
	struct cms_signed	 m;
	struct cmc_response	 r;
	struct cmc_status_list	 status;
	/* The first failure: */
	bool			 failed;
	uint32_t		 fail;		/* enum cmc_fail */
	uint32_t		 about;
	uint32_t		 code;		/* enum cvp_code beside it */
	struct view		 text;
	struct view		 nonce;		/* senderNonce */
};
void	raw_send(struct flow_pki *p, struct view message, struct raw_answer *out);
/* Several that arrive at once, up to RAW_TOGETHER: one batch of the engine. */
#define RAW_TOGETHER	8
void	raw_send_all(struct flow_pki *p, const struct view *messages, size_t n,
	    struct raw_answer *out);
/* An answer that came another way. */
void	raw_read(struct view octets, struct raw_answer *out);
void	raw_answer_clear(struct raw_answer *a);
/* The certificate in it with this key; NULL-view: none. */
struct view raw_find_cert(const struct raw_answer *a, const struct key *key);

/* What the PKI said, its nonces blank. */
void	raw_blank(const struct raw_answer *a, struct buf *out);

/* An authzCancel, unsigned, and what came of it. */
void	raw_cancel(const struct ticket *t, struct buf *out);
enum cvp_cancel_outcome raw_cancelled(const struct raw_answer *a);

/* A device whose certificate waits for its confirmation. */
struct raw_issued {
	struct device	 d;
	struct raw_cert	 c;
	struct buf	 nonce;		/* of the answer that brought it */
};
void	raw_issue(struct flow_pki *p, struct raw_issued *n);
void	raw_issued_clear(struct raw_issued *n);

struct raw_confirmation {
	const struct raw_cert	*by;
	bool			 by_ski, bare;
	const struct cert	*of;
	const struct cert	*also;		/* a second control */
	struct view		 nonce, transaction;
	bool			 reject;
};
struct raw_confirmation raw_good(const struct raw_issued *n);
void	raw_confirm(const struct raw_confirmation *c, struct buf *out);

/* Send controls signed by the certificate's key. */
void	raw_ask(struct flow_pki *p, const struct raw_cert *by, enum cmc_kind kind,
	    struct view value, struct raw_answer *out);

/* The Admin authorizes a successor of `old` with this name; a ticket for it. */
void	raw_replace(struct flow_pki *p, const struct raw_cert *admin, const struct cert *old,
    const char *name, const struct device *d, struct ticket *out);
/* The same, and the key of `old` is lost. */
void	raw_replace_lost(struct flow_pki *p, const struct raw_cert *admin, const struct cert *old,
    const char *name, const struct device *d, bool lost, struct ticket *out);

#endif
