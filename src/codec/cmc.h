/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc.h - PKIData, PKIResponse and the values of their controls
 * (RFC 10002, 3.2 and 6).
 *
 * Decoding says that a message is well formed: definite minimal DER, body
 * part identifiers unique and in range, counts within the given limits.  It
 * says nothing about signatures, MACs, nonces, or whether a control may be
 * used here by this sender; cmc_request_rules() and cmc_response_rules()
 * judge only what the table of controls (RFC 10002, 6) says about place and
 * number.
 *
 * Every view in a decoded message points into the message; arrays live in the
 * arena.  The views that are not of the message say so.
 */
#ifndef CODEC_CMC_H
#define CODEC_CMC_H

#include "codec/algorithm.h"

#define CMC_WHOLE_MESSAGE	0u	/* body part id in a bodyList */
#define CMC_NONCE_MIN		8	/* octets we accept from others */
#define CMC_NONCE_MAX		128
#define CMC_TRANSACTION_ID_MAX	64	/* content octets */
#define CMC_IDENTIFICATION_MAX	512	/* octets of UTF-8: 128 characters */
#define CMC_WITNESS_MAX		128
#define CMC_PEND_TOKEN_MAX	256
#define CMC_TEXT_MAX		2048	/* statusString, comment */
#define CMC_SERIAL_MAX		32	/* content octets; RFC 5280 has 20 */
#define CMC_PATH_MAX		8	/* layers a bodyPartPath may cross */
#define CMC_ANCHORS_MAX		64

/* id-cmc arc numbers; the controls of id-cvp follow at CMC_CVP. */
enum cmc_kind {
	CMC_UNKNOWN = 0,
	CMC_STATUS_INFO = 1,
	CMC_IDENTIFICATION = 2,
	CMC_IDENTITY_PROOF = 3,
	CMC_DATA_RETURN = 4,
	CMC_TRANSACTION_ID = 5,
	CMC_SENDER_NONCE = 6,
	CMC_RECIPIENT_NONCE = 7,
	CMC_ADD_EXTENSIONS = 8,
	CMC_ENCRYPTED_POP = 9,
	CMC_DECRYPTED_POP = 10,
	CMC_LRA_POP_WITNESS = 11,
	CMC_GET_CERT = 15,
	CMC_GET_CRL = 16,
	CMC_REVOKE_REQUEST = 17,
	CMC_REG_INFO = 18,
	CMC_RESPONSE_INFO = 19,
	CMC_QUERY_PENDING = 21,
	CMC_POP_LINK_RANDOM = 22,
	CMC_POP_LINK_WITNESS = 23,
	CMC_CONFIRM_CERT_ACCEPTANCE = 24,
	CMC_STATUS_INFO_V2 = 25,
	CMC_TRUSTED_ANCHORS = 26,
	CMC_AUTH_DATA = 27,
	CMC_BATCH_REQUESTS = 28,
	CMC_BATCH_RESPONSES = 29,
	CMC_PUBLISH_CERT = 30,
	CMC_MOD_CERT_TEMPLATE = 31,
	CMC_CONTROL_PROCESSED = 32,
	CMC_POP_LINK_WITNESS_V2 = 33,
	CMC_IDENTITY_PROOF_V2 = 34,
	CMC_RA_IDENTITY_WITNESS = 35,
	CMC_CHANGE_SUBJECT_NAME = 36,
	CMC_RESPONSE_BODY = 37,

	CMC_CVP = 64,			/* + arc number below id-cvp.1 */
	CVP_AUTHZ_REQUEST = CMC_CVP + 1,
	CVP_AUTHZ_RESPONSE = CMC_CVP + 2,
	CVP_AUTHZ_ACK = CMC_CVP + 3,
	CVP_AUTHZ_CANCEL = CMC_CVP + 4,
	CVP_AUTHZ_CANCEL_RESULT = CMC_CVP + 5,
	CVP_AUTHZ_CANCEL_ACK = CMC_CVP + 6,
	CVP_AUTHZ_QUERY = CMC_CVP + 7,
	CVP_AUTHZ_INFO = CMC_CVP + 8,
	CVP_AUTHZ_BIND = CMC_CVP + 9,
	CVP_AUTHZ_USE = CMC_CVP + 10,
	CVP_KEY_GEN_REQUEST = CMC_CVP + 11,
	CVP_KEY_GEN_RESPONSE = CMC_CVP + 12,
	CVP_EVENT_QUERY = CMC_CVP + 13,
	CVP_EVENT_REPORT = CMC_CVP + 14,
	CVP_TEMPLATE_QUERY = CMC_CVP + 15,
	CVP_TEMPLATE_INFO = CMC_CVP + 16,
	CVP_RENEWAL_HINT = CMC_CVP + 17,	/* docs/adr/0027 */
};
#define CMC_KIND_END	(CMC_CVP + 18)

const char *cmc_kind_name(enum cmc_kind kind);	/* "senderNonce"; "unknown" */
enum cmc_kind cmc_kind_of(struct view oid);	/* content octets of the OID */
/* Content octets of the OID of a known kind; empty for CMC_UNKNOWN. */
struct view cmc_kind_oid(enum cmc_kind kind);

/*
 * What one decoder accepts.  Two kinds of sender, one kind of answer.
 */
struct cmc_limits {
	size_t		octets;		/* the whole PKIData or PKIResponse */
	uint32_t	controls;
	uint32_t	requests;
	uint32_t	contents;	/* cmsSequence */
	uint32_t	others;		/* otherMsgSequence */
	uint32_t	values;		/* in one attrValues */
	uint32_t	depth;		/* nesting inside a control */
};
/* Not signed by a configured Admin or RA: 64 KiB, 16 controls, 1 request. */
extern const struct cmc_limits cmc_limits_peer;
/* An Admin or RA: 16 MiB, 20000 controls, 10000 requests or contents. */
extern const struct cmc_limits cmc_limits_admin;
/* What a client takes from its server: 16 MiB, 20000 controls and contents. */
extern const struct cmc_limits cmc_limits_client;

/* TaggedAttribute */
struct cmc_control {
	uint32_t	 id;
	enum cmc_kind	 kind;
	uint32_t	 n_values;
	struct view	 oid;		/* content octets */
	struct view	 values;	/* content octets of the SET */
	struct view	 value;		/* first value, whole; empty if there is none */
};

/* TaggedRequest */
enum cmc_request_form {
	CMC_TCR,		/* PKCS #10 */
	CMC_CRM,		/* CRMF */
	CMC_ORM,		/* something else */
};

struct cmc_tagged_request {
	uint32_t	 id;		/* CRMF: certReqId */
	enum cmc_request_form form;
	struct view	 tlv;		/* as received, with its context tag */
	/*
	 * TCR: the CertificationRequest.  CRM: the CertReqMsg with its own
	 * SEQUENCE tag, a copy in the arena.  ORM: requestMessageValue.
	 */
	struct view	 inner;
	struct view	 oid;		/* ORM only: requestMessageType */
};

/* TaggedContentInfo: contentinfo is the whole element, undecoded. */
struct cmc_content {
	uint32_t	 id;
	struct view	 contentinfo;
};

/* OtherMsg */
struct cmc_other_msg {
	uint32_t	 id;
	struct view	 oid;
	struct view	 value;		/* whole */
};

struct cmc_controls {
	struct cmc_control *v;
	size_t		 n;
};
struct cmc_contents {
	struct cmc_content *v;
	size_t		 n;
};
struct cmc_other_msgs {
	struct cmc_other_msg *v;
	size_t		 n;
};

/* PKIData */
struct cmc_request {
	struct view	 content;	/* the whole PKIData */
	/*
	 * The whole of reqSequence exactly as received: what identityProofV2
	 * signs (RFC 10002, 6.2.1).  "3000" is a constant of the token: never
	 * accept a proof over it.
	 */
	struct view	 req_sequence;
	struct cmc_controls controls;
	struct cmc_tagged_request *requests;
	size_t		 n_requests;
	struct cmc_contents contents;
	struct cmc_other_msgs others;
};

/* PKIResponse */
struct cmc_response {
	struct view	 content;	/* the whole PKIResponse */
	struct cmc_controls controls;
	struct cmc_contents contents;
	struct cmc_other_msgs others;
};

/*
 * The eContent of a SignedData or AuthenticatedData.  On failure *offender is
 * the body part id that the answer's bodyList should name, or
 * CMC_WHOLE_MESSAGE.  offender may be NULL.
 */
MUST_CHECK bool cmc_request_decode(struct view content, struct arena *a,
    const struct cmc_limits *limits, struct cmc_request *out,
    uint32_t *offender, struct fault *f);
MUST_CHECK bool cmc_response_decode(struct view content, struct arena *a,
    const struct cmc_limits *limits, struct cmc_response *out,
    uint32_t *offender, struct fault *f);

/*
 * A control known to us stands in a message where it may stand, no more often
 * than it may, with exactly one value.  Unknown controls pass: see
 * cmc_unknown().
 */
MUST_CHECK bool cmc_request_rules(const struct cmc_request *req,
    uint32_t *offender, struct fault *f);
MUST_CHECK bool cmc_response_rules(const struct cmc_response *rsp,
    uint32_t *offender, struct fault *f);

/*
 * The only control of this kind.  *out is NULL if there is none; a second one
 * is a fault and *offender its id.
 */
MUST_CHECK bool cmc_one(const struct cmc_controls *c, enum cmc_kind kind,
    const struct cmc_control **out, uint32_t *offender, struct fault *f);
/* The next control of this kind at or after index *at; NULL at the end. */
const struct cmc_control *cmc_next(const struct cmc_controls *c,
    enum cmc_kind kind, size_t *at);
/* The first of this kind, or NULL: after the rules have been checked. */
const struct cmc_control *cmc_find(const struct cmc_controls *c,
    enum cmc_kind kind);
const struct cmc_control *cmc_by_id(const struct cmc_controls *c, uint32_t id);
const struct cmc_tagged_request *cmc_request_by_id(const struct cmc_request *req,
    uint32_t id);
const struct cmc_content *cmc_content_by_id(const struct cmc_contents *c,
    uint32_t id);
/* Ids of the controls we do not know, up to max; returns how many there are. */
size_t	cmc_unknown(const struct cmc_controls *c, uint32_t *ids, size_t max);

/*
 * Values of controls.  `value` is cmc_control.value: one whole TLV; anything
 * behind it is a fault.
 */

/* IssuerAndSerialNumber */
struct cmc_cert_id {
	struct view	 issuer;	/* Name, whole */
	struct view	 serial;	/* content octets of the INTEGER */
};

/* IdentityProofV2 { proofAlgID, macAlgId }, PopLinkWitnessV2 { keyGen, mac } */
struct cmc_proof {
	struct algorithm key_alg;
	struct algorithm mac_alg;
	struct view	 witness;
};

/* RevokeRequest */
struct cmc_revoke {
	struct cmc_cert_id cert;
	uint8_t		 reason;	/* CRLReason, 0 ... 10 */
	bool		 has_date;
	bool		 has_passphrase;
	int64_t		 date;
	struct view	 passphrase;
	struct view	 comment;	/* empty when absent */
};

/* PublishTrustAnchors */
struct cmc_anchors {
	uint64_t	 sequence;
	struct algorithm hash;
	struct view	*hashes;
	size_t		 n_hashes;
};

/* GetCert */
struct cmc_get_cert {
	struct view	 general_name;	/* whole */
	struct view	 name;		/* the Name in a directoryName, else empty */
	struct view	 serial;
};

struct cmc_ids {
	uint32_t	*v;
	size_t		 n;
};

/* BodyPartReference: n is 1 for a plain id. */
struct cmc_ref {
	uint32_t	 path[CMC_PATH_MAX];
	uint8_t		 n;
};

MUST_CHECK bool cmc_octets(struct view value, size_t min, size_t max,
    struct view *out, struct fault *f);
MUST_CHECK bool cmc_nonce(struct view value, struct view *out, struct fault *f);
/* Content octets, to be compared as octets. */
MUST_CHECK bool cmc_transaction_id(struct view value, struct view *out,
    struct fault *f);
MUST_CHECK bool cmc_identification(struct view value, struct view *out,
    struct fault *f);
MUST_CHECK bool cmc_proof_decode(struct view value, struct cmc_proof *out,
    struct fault *f);
MUST_CHECK bool cmc_cert_id_decode(struct view value, struct cmc_cert_id *out,
    struct fault *f);
MUST_CHECK bool cmc_revoke_decode(struct view value, struct cmc_revoke *out,
    struct fault *f);
MUST_CHECK bool cmc_anchors_decode(struct view value, struct arena *a,
    struct cmc_anchors *out, struct fault *f);
MUST_CHECK bool cmc_get_cert_decode(struct view value, struct cmc_get_cert *out,
    struct fault *f);
/* authData */
MUST_CHECK bool cmc_body_part_decode(struct view value, uint32_t *out,
    struct fault *f);
/* batchRequests, batchResponses */
MUST_CHECK bool cmc_body_list_decode(struct view value, struct arena *a,
    size_t max, struct cmc_ids *out, struct fault *f);
/* raIdentityWitness, responseBody */
MUST_CHECK bool cmc_path_decode(struct view value, struct cmc_ref *out,
    struct fault *f);

/* The same as parts of something larger: read at d, or write to b. */
MUST_CHECK bool cmc_get_body_part(struct der *d, uint32_t *out, struct fault *f);
MUST_CHECK bool cmc_get_ref(struct der *d, struct cmc_ref *out, struct fault *f);
MUST_CHECK bool cmc_get_cert_id(struct der *d, uint8_t tag,
    struct cmc_cert_id *out, struct fault *f);
MUST_CHECK bool cmc_get_proof(struct der *d, struct cmc_proof *out,
    struct fault *f);
/* This algorithm, its parameters absent or NULL. */
bool	cmc_alg_is(const struct algorithm *alg, struct view oid);

void	cmc_put_cert_id(struct buf *b, uint8_t tag, const struct cmc_cert_id *id);
void	cmc_put_proof(struct buf *b, const struct cmc_proof *proof);
void	cmc_put_revoke(struct buf *b, const struct cmc_revoke *r);
void	cmc_put_anchors(struct buf *b, const struct cmc_anchors *anchors);
void	cmc_put_get_cert(struct buf *b, struct view issuer, struct view serial);
/* BodyPartList and BodyPartPath */
void	cmc_put_ids(struct buf *b, const uint32_t *ids, size_t n);
/* BodyPartReference: one id is a plain INTEGER */
void	cmc_put_ref(struct buf *b, const struct cmc_ref *ref);
/* An INTEGER from content octets that are already minimal. */
void	cmc_put_integer(struct buf *b, struct view content);

/*
 * Status (RFC 10002, 6.1).
 */
enum cmc_status {
	CMC_SUCCESS = 0,
	CMC_FAILED = 2,
	CMC_PENDING = 3,
	CMC_NO_SUPPORT = 4,
	CMC_CONFIRM_REQUIRED = 5,
	CMC_POP_REQUIRED = 6,
	CMC_PARTIAL = 7,
};

enum cmc_fail {
	CMC_BAD_ALG = 0,
	CMC_BAD_MESSAGE_CHECK = 1,
	CMC_BAD_REQUEST = 2,
	CMC_BAD_TIME = 3,
	CMC_BAD_CERT_ID = 4,
	CMC_UNSUPPORTED_EXT = 5,
	CMC_MUST_ARCHIVE_KEYS = 6,
	CMC_BAD_IDENTITY = 7,
	CMC_FAIL_POP_REQUIRED = 8,
	CMC_POP_FAILED = 9,
	CMC_NO_KEY_REUSE = 10,
	CMC_INTERNAL_CA_ERROR = 11,
	CMC_TRY_LATER = 12,
	CMC_AUTH_DATA_FAIL = 13,
};
#define CMC_FAIL_MAX	1999	/* 1000 ... 1999 are private */

enum cmc_other {
	CMC_OTHER_NONE = 0,
	CMC_OTHER_FAIL,
	CMC_OTHER_PEND,
	CMC_OTHER_EXT,
};

const char *cmc_status_name(enum cmc_status s);	/* "confirmRequired" */
const char *cmc_fail_name(uint32_t fail);	/* "badRequest"; "private" */

/* CMCStatusInfoV2; the old CMCStatusInfo is a subset of it. */
struct cmc_status_info {
	enum cmc_status	 status;
	enum cmc_other	 other;
	const struct cmc_ref *refs;	/* bodyList */
	size_t		 n_refs;
	struct view	 text;		/* statusString, empty when absent */
	uint32_t	 fail;		/* CMC_OTHER_FAIL: enum cmc_fail or private */
	int64_t		 pend_time;	/* CMC_OTHER_PEND */
	struct view	 pend_token;
	struct view	 ext_oid;	/* CMC_OTHER_EXT */
	struct view	 ext_value;	/* whole */
};

/*
 * extendedFailInfo is read tagged [1], and untagged when its first inner tag
 * tells it from PendInfo, as RFC 5272 and 6402 had it.
 */
MUST_CHECK bool cmc_status_decode(struct view value, struct arena *a,
    struct cmc_status_info *out, struct fault *f);
/* An empty bodyList is written as { 0 }. */
void	cmc_put_status(struct buf *b, const struct cmc_status_info *s);

/* All status controls of one message. */
struct cmc_status_list {
	struct cmc_status_info *v;
	size_t		 n;
};
MUST_CHECK bool cmc_status_list(const struct cmc_controls *c, struct arena *a,
    struct cmc_status_list *out, uint32_t *offender, struct fault *f);

/* failed > noSupport > popRequired > pending > partial > confirmRequired > success */
enum cmc_status cmc_status_worse(enum cmc_status a, enum cmc_status b);
/* The worst that names id or the whole message; NULL: none does, i.e. success. */
const struct cmc_status_info *cmc_status_of(const struct cmc_status_list *l,
    uint32_t id);
/* Of those naming id or the whole message, the worst with this otherInfo. */
const struct cmc_status_info *cmc_status_with(const struct cmc_status_list *l,
    uint32_t id, enum cmc_other other);
/* The worst of all; CMC_SUCCESS without any. */
enum cmc_status cmc_status_overall(const struct cmc_status_list *l);

/*
 * Writing a message, strictly in order:
 *
 *	begin (PKIData or PKIResponse), controls, the finished reqSequence
 *	(PKIData only; left out: empty), contents, finish
 *
 * otherMsgSequence is always written empty.
 * The requests are built first and elsewhere, because proofs are computed over
 * them.  Misuse or a full buffer shows in buf_check() on out.  Ids are the
 * caller's: non-zero and unique.
 */
struct cmc_writer {
	struct buf	*out;
	size_t		 outer;		/* marks of der_begin() */
	size_t		 part;
	int		 stage;
	bool		 is_data;
};

void	cmc_data_begin(struct cmc_writer *w, struct buf *out);
void	cmc_response_begin(struct cmc_writer *w, struct buf *out);

/* One control with one value, written to w->out between begin and end. */
struct cmc_mark {
	size_t		 attribute;
	size_t		 set;
};
struct cmc_mark cmc_control_begin(struct cmc_writer *w, uint32_t id,
    enum cmc_kind kind);
void	cmc_control_end(struct cmc_writer *w, struct cmc_mark m);

/* The same in one call, for the plain types. */
void	cmc_control_value(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view tlv);
void	cmc_control_octets(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view octets);
void	cmc_control_utf8(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view text);
/* transactionId from content octets. */
void	cmc_control_integer(struct cmc_writer *w, uint32_t id, enum cmc_kind kind,
    struct view content);
void	cmc_control_status(struct cmc_writer *w, uint32_t id,
    const struct cmc_status_info *s);
/* Status with one plain id in the bodyList; fail is used with CMC_FAILED. */
void	cmc_control_status_one(struct cmc_writer *w, uint32_t id,
    enum cmc_status status, uint32_t about, enum cmc_fail fail, const char *text);

void	cmc_write_requests(struct cmc_writer *w, struct view req_sequence);
void	cmc_write_content(struct cmc_writer *w, uint32_t id,
    struct view contentinfo);
void	cmc_finish(struct cmc_writer *w);

/* reqSequence: open, put, close; what is in b since then is the whole TLV. */
size_t	cmc_requests_begin(struct buf *b);
void	cmc_put_tcr(struct buf *b, uint32_t id, struct view pkcs10);
/* The CertReqMsg's certReqId is the body part id; its tag is replaced. */
void	cmc_put_crm(struct buf *b, struct view cert_req_msg);
void	cmc_put_orm(struct buf *b, uint32_t id, struct view oid, struct view value);
void	cmc_requests_end(struct buf *b, size_t mark);

#endif
