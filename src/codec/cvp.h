/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvp.h - our CMC profile for IPsec VPN: values of the id-cvp controls.
 *
 * An Admin authorizes, cancels, asks and acknowledges; the PKI answers.  The
 * structures follow the module of the profile field by field.  Decoding
 * checks form and size; what an Admin may do, what a template allows and what
 * a name may be is judged elsewhere.
 *
 * The top-level decoders take cmc_control.value: one whole TLV, nothing behind
 * it.  Views point into the message unless they are said to be copies; arrays
 * and copies live in the arena.  The cvp_put_ functions append one whole TLV.
 */
#ifndef CODEC_CVP_H
#define CODEC_CVP_H

#include "codec/cmc.h"
#include "codec/extension.h"

#define CVP_ID_CHARS_MAX	128
#define CVP_ID_MAX		512	/* octets of so many characters */
#define CVP_TOKEN_MAX		1024	/* octets of 256 characters */
#define CVP_TOKEN_CHARS_MIN	16
#define CVP_TOKEN_CHARS_MAX	256
#define CVP_NAME_MAX		256	/* a template's name */
#define CVP_LABEL_MAX		512
#define CVP_DETAIL_MAX		2048	/* text of a failure */
#define CVP_FIELD_MAX		256
#define CVP_ALPHABET_MAX	1024	/* octets of 256 code points */
#define CVP_BATCH_ID_MIN	16
#define CVP_BATCH_ID_MAX	32
#define CVP_NONCE_MIN		16	/* of a cancellation */
#define CVP_NONCE_MAX		64
#define CVP_CURSOR_MAX		128
#define CVP_RECEIPT_MAX		64
#define CVP_DIGESTS_MAX		1024	/* pieces of one batch */
#define CVP_ENTRIES_MAX		65536	/* in any list of entries, results, records */
#define CVP_CANCELS_MAX		10000	/* ids in one cancellation */
#define CVP_KEY_SPECS_MAX	16
#define CVP_TYPES_MAX		16	/* rdnTypes, sanTypes */
#define CVP_TEMPLATES_MAX	1024
#define CVP_SETTINGS_MAX	(12u << 10)	/* of one template */
#define CVP_PROTECT_FOR_MAX	8

/* A number, a time or a truth that may be absent. */
struct cvp_uint {
	bool		 present;
	uint64_t	 v;
};
struct cvp_time {
	bool		 present;
	int64_t		 v;		/* unix seconds */
};
struct cvp_bool {
	bool		 present;
	bool		 v;
};

/* TemplateRef */
struct cvp_template_ref {
	struct view	 name;
	struct cvp_uint	 version;
	struct view	 digest;	/* SHA-256 of DER Template, or empty */
};

/*
 * Terms of an authorization.
 */

/* CertTemplate (RFC 4211, 5), as far as an Admin may fill it in. */
struct cvp_cert {
	struct view	 subject;	/* Name, whole; 3000 is the empty name */
	struct cvp_time	 not_before;
	struct cvp_time	 not_after;
	struct view	 public_key;	/* SubjectPublicKeyInfo, a copy with its own tag */
	struct extension *extensions;
	size_t		 n_extensions;
	/*
	 * Bit n: the field tagged [n] was there although no Admin may set it
	 * (version, serialNumber, signingAlg, issuer, UIDs): failure 5.  Not
	 * written.
	 */
	uint16_t	 foreign;
};

struct cvp_secret_format {
	uint32_t	 length;	/* characters, without prefix */
	uint32_t	 group;		/* characters between hyphens, 0: none */
	struct view	 alphabet;	/* UTF-8 */
	struct view	 prefix;	/* UTF-8, carries no entropy */
};

struct cvp_key_spec {
	struct algorithm algorithm;	/* of the SubjectPublicKeyInfo */
	uint32_t	 min_bits;	/* 0: not said */
};

enum cvp_key_gen {
	CVP_KEYGEN_PEER = 1,
	CVP_KEYGEN_PEER_ADMIN_REQUEST = 2,
	CVP_KEYGEN_ADMIN = 3,
	CVP_KEYGEN_PKI = 4,
};

enum cvp_template_change {
	CVP_CHANGE_USE_OLD = 0,
	CVP_CHANGE_REJECT = 1,		/* the default */
	CVP_CHANGE_USE_NEW = 2,
};

enum cvp_approval {
	CVP_APPROVAL_AUTOMATIC = 0,
	CVP_APPROVAL_MANUAL = 1,
};

enum cvp_who {
	CVP_WHO_PEER = 0,
	CVP_WHO_ADMIN = 1,
	CVP_WHO_EITHER = 2,
};

enum cvp_keys {
	CVP_KEYS_NEW = 0,
	CVP_KEYS_SAME = 1,
	CVP_KEYS_EITHER = 2,
};

struct cvp_change_terms {
	enum cvp_who	 who;
	enum cvp_keys	 keys;
	uint8_t		 last_percent;	/* 1 ... 100, or 0: from_time counts */
	int64_t		 from_time;
	struct cvp_uint	 max_times;
};

struct cvp_update {
	struct cvp_change_terms terms;
	struct view	*rdn_types;	/* content octets of the OIDs */
	size_t		 n_rdn_types;
	uint8_t		 san_types[CVP_TYPES_MAX];
	size_t		 n_san_types;
	struct view	 new_subject;	/* Name, whole, or empty */
	struct view	 new_san;	/* content octets of GeneralNames, or empty */
};

struct cvp_retire {
	bool		 present;
	bool		 unusable;
	uint32_t	 delay_seconds;	/* after the confirmation */
};

#define CVP_REVOCATION_CDP_REQUIRED	0x80	/* first octet of the BIT STRING */
#define CVP_REVOCATION_HTTP		0x40
#define CVP_REVOCATION_LDAP		0x20
#define CVP_REVOCATION_OCSP		0x10

#define CVP_CONFIRM_WITHIN_SECONDS	3600	/* when the terms do not say */

struct cvp_lifecycle {
	const struct cvp_change_terms *renewal;	/* NULL: absent, refused */
	const struct cvp_update *update;	/* NULL: absent, refused */
	struct cvp_bool	 admin_may_revoke;	/* absent everywhere: true */
	struct cvp_retire retire_old;
	struct cvp_uint	 confirm_within;	/* seconds */
	struct cvp_uint	 revocation_info;	/* CVP_REVOCATION_ bits */
};

/* AuthzTerms: a NULL pointer or .present == false is an absent field. */
struct cvp_terms {
	const struct cvp_cert *cert;
	bool		 has_window;
	struct cvp_time	 window_not_before;
	struct cvp_time	 window_not_after;
	const struct cvp_secret_format *id_format;
	const struct cvp_secret_format *token_format;
	struct cvp_uint	 key_gen;		/* enum cvp_key_gen */
	const struct cvp_lifecycle *lifecycle;
	struct cvp_uint	 on_template_change;	/* enum cvp_template_change */
	const struct cvp_key_spec *key_specs;	/* NULL: absent */
	size_t		 n_key_specs;
	struct cvp_uint	 approval;		/* enum cvp_approval */
	struct cvp_bool	 exact;
	struct cvp_bool	 pop_challenge;
	struct cvp_bool	 aia;
	struct cvp_bool	 key_lost;		/* of the certificate that is replaced (correction 15) */
};

MUST_CHECK bool cvp_terms_decode(struct view value, struct arena *a,
    struct cvp_terms *out, struct fault *f);
void	cvp_put_terms(struct buf *b, const struct cvp_terms *t);

/*
 * What stands after template, request and entry have been laid over one
 * another, in this order.  A field that is present replaces the whole field
 * below, except certTemplate (per field and per extnID) and lifecycle (per
 * direct member).  Nothing can be taken away.  request and entry may be NULL;
 * *out shares what it can with its sources.
 */
MUST_CHECK bool cvp_terms_merge(const struct cvp_terms *template,
    const struct cvp_terms *request, const struct cvp_terms *entry,
    struct arena *a, struct cvp_terms *out, struct fault *f);

/* The wish for an extension, or NULL. */
const struct extension *cvp_cert_extension(const struct cvp_cert *c,
    struct view oid);

/*
 * Failures (7.9 of the profile): always beside a plain failInfo.
 */
enum cvp_code {
	CVP_TEMPLATE_UNKNOWN = 1,
	CVP_TEMPLATE_CHANGED = 2,
	CVP_NOT_DISTINGUISHABLE = 3,
	CVP_DUPLICATE = 4,
	CVP_TERMS_CONFLICT = 5,
	CVP_ID_UNKNOWN = 6,
	CVP_NOT_IN_WINDOW = 7,
	CVP_CANCELLED = 8,
	CVP_ALREADY_USED = 9,
	CVP_LOCKED = 10,
	CVP_KEY_NOT_PERMITTED = 11,
	CVP_NAMES_DIFFER = 12,
	CVP_RENEWAL_NOT_ALLOWED = 13,
	CVP_TOO_EARLY = 14,
	CVP_UPDATE_NOT_ALLOWED = 15,
	CVP_REQUESTER_MAY_NOT = 16,
	CVP_OLD_REVOKED = 17,
	CVP_OLD_EXPIRED = 18,
	CVP_KEY_REUSE = 19,		/* a new key against the terms: badRequest */
	CVP_ADMIN_MAY_NOT_REVOKE = 20,
	CVP_SECRET_FORMAT = 21,
	CVP_BATCH_TOO_LARGE = 22,
	CVP_NO_DELIVERY = 23,
	CVP_NO_KEY_GENERATION = 24,
	CVP_WANTED_ID = 25,
	CVP_CONFIRMATION_LATE = 26,
	CVP_UPDATE_NEEDED = 27,
	CVP_NOT_APPROVED = 28,		/* docs/adr/0022 */
	CVP_NOT_DECIDED = 29,
};
#define CVP_CODE_END	30

struct cvp_failure {
	uint32_t	 code;		/* enum cvp_code; others may come from peers */
	struct view	 detail;	/* empty: absent */
	struct view	 field;		/* e.g. "subjectAltName"; empty: absent */
};

const char *cvp_code_name(uint32_t code);	/* "template-unknown"; "unknown" */
const char *cvp_code_text(uint32_t code);	/* an English sentence without a full stop */
enum cmc_fail cvp_code_fail(uint32_t code);	/* the failInfo beside it */
/* Codes 6 to 10 tell about an id and go to its Admin, never to a Peer. */
bool	cvp_code_is_for_admin(uint32_t code);

/* The failInfoValue of an extendedFailInfo with OID_CVP_FAILURE. */
MUST_CHECK bool cvp_failure_decode(struct view value, struct cvp_failure *out,
    struct fault *f);
void	cvp_put_failure(struct buf *b, const struct cvp_failure *failure);

/*
 * authzRequest and authzResponse.
 */
enum cvp_delivery {
	CVP_ENCRYPT_TO = 0,
	CVP_CHANNEL_ONLY = 1,
};

struct cvp_entry {
	uint32_t	 entry_id;
	struct view	 label;			/* empty: absent */
	const struct cvp_terms *terms;		/* NULL: absent */
	struct view	 wanted_id;		/* empty: absent */
	const struct cmc_cert_id *replaces;	/* NULL: absent */
};

struct cvp_authz_request {
	struct view	 batch_id;
	struct cvp_template_ref template;
	struct cvp_terms terms;
	enum cvp_delivery delivery;
	struct view	 encrypt_to;	/* Certificate, a copy with its own tag */
	struct cvp_entry *entries;
	size_t		 n_entries;
};

/* max_entries bounds the list; entryIds are unique and non-zero. */
MUST_CHECK bool cvp_authz_request_decode(struct view value, struct arena *a,
    size_t max_entries, struct cvp_authz_request *out, struct fault *f);
void	cvp_put_authz_request(struct buf *b, const struct cvp_authz_request *r);

enum cvp_result_status {
	CVP_GRANTED = 0,
	CVP_GRANTED_MODIFIED = 1,
	CVP_FAILED = 2,
	CVP_RESULT_PENDING = 3,
	CVP_FAILED_RETRY = 4,		/* the same entry may work later */
};

struct cvp_result {
	uint32_t	 entry_id;
	enum cvp_result_status status;
	struct view	 id;			/* empty: absent */
	const struct cvp_terms *effective;	/* NULL: absent */
	const struct cvp_failure *failure;	/* NULL: absent */
};

struct cvp_authz_response {
	struct view	 batch_id;
	struct cvp_template_ref template;
	struct cvp_result *results;
	size_t		 n_results;
	uint32_t	 secrets;	/* cms element, 0: absent */
};

MUST_CHECK bool cvp_authz_response_decode(struct view value, struct arena *a,
    struct cvp_authz_response *out, struct fault *f);
void	cvp_put_authz_response(struct buf *b, const struct cvp_authz_response *r);

/* AuthzSecrets: the buffer written to holds tokens, wipe it. */
struct cvp_secret {
	uint32_t	 entry_id;
	struct view	 id;
	struct view	 token;
};
struct cvp_secrets {
	struct view	 batch_id;
	struct cvp_secret *v;
	size_t		 n;
};
MUST_CHECK bool cvp_secrets_decode(struct view value, struct arena *a,
    struct cvp_secrets *out, struct fault *f);
void	cvp_put_secrets(struct buf *b, const struct cvp_secrets *s);

/*
 * AuthzAck: SHA-256 over (AuthzResponse value || ContentInfo octets of the
 * secrets element, if any), one for each piece that arrived.
 */
struct cvp_ack {
	struct view	 batch_id;
	struct view	*digests;
	size_t		 n_digests;
};
MUST_CHECK bool cvp_ack_decode(struct view value, struct arena *a,
    struct cvp_ack *out, struct fault *f);
void	cvp_put_ack(struct buf *b, const struct cvp_ack *ack);

/*
 * Cancelling.
 */
struct cvp_cancel_item {
	struct view	 id;
	struct algorithm mac_alg;
	struct view	 witness;
};
struct cvp_cancel {
	struct view	 nonce;
	struct cvp_cancel_item *items;
	size_t		 n_items;
};
MUST_CHECK bool cvp_cancel_decode(struct view value, struct arena *a,
    struct cvp_cancel *out, struct fault *f);
void	cvp_put_cancel(struct buf *b, const struct cvp_cancel *c);

/* DER CancelProof { id-cvp.1.4, id, nonce }: what the witness is a MAC of. */
void	cvp_put_cancel_proof(struct buf *b, struct view id, struct view nonce);

enum cvp_cancel_outcome {
	CVP_CANCEL_DONE = 0,
	CVP_CANCEL_ALREADY = 1,
	CVP_CANCEL_REFUSED_ISSUED = 2,
	CVP_CANCEL_REFUSED = 3,
};
struct cvp_cancel_answer {
	struct view	 id;
	enum cvp_cancel_outcome result;
	struct view	 receipt;	/* empty: absent */
};
struct cvp_cancel_result {
	struct view	 nonce;
	struct cvp_cancel_answer *items;
	size_t		 n_items;
};
MUST_CHECK bool cvp_cancel_result_decode(struct view value, struct arena *a,
    struct cvp_cancel_result *out, struct fault *f);
void	cvp_put_cancel_result(struct buf *b, const struct cvp_cancel_result *r);
const char *cvp_cancel_outcome_name(enum cvp_cancel_outcome o);

/* Octet strings or texts in a row: receipts, ids, names. */
struct cvp_list {
	struct view	*v;
	size_t		 n;
};
MUST_CHECK bool cvp_cancel_ack_decode(struct view value, struct arena *a,
    struct cvp_list *receipts, struct fault *f);
void	cvp_put_cancel_ack(struct buf *b, const struct cvp_list *receipts);

/*
 * Asking.
 */
enum cvp_state {
	CVP_STATE_WAITING = 0,
	CVP_STATE_OPEN = 1,
	CVP_STATE_IN_PROGRESS = 2,
	CVP_STATE_ISSUED = 3,
	CVP_STATE_CONFIRMED = 4,
	CVP_STATE_CANCELLED = 5,
	CVP_STATE_EXPIRED = 6,
	CVP_STATE_LOCKED = 7,
	CVP_STATE_REJECTED = 8,
	CVP_STATE_REVOKED = 9,
};
#define CVP_STATE_END	10
const char *cvp_state_name(enum cvp_state s);		/* "inProgress" */

struct cvp_query {
	bool		 has_ids;
	struct cvp_list	 ids;
	struct view	 batch_id;	/* empty: absent */
	struct view	 cursor;	/* empty: absent */
	struct cvp_uint	 max;
};
MUST_CHECK bool cvp_query_decode(struct view value, struct arena *a,
    struct cvp_query *out, struct fault *f);
void	cvp_put_query(struct buf *b, const struct cvp_query *q);

struct cvp_record {
	struct view	 id;
	enum cvp_state	 state;
	struct cvp_template_ref template;
	const struct cvp_terms *effective;	/* NULL: absent */
	const struct cmc_cert_id *cert;		/* NULL: absent */
	const struct cvp_failure *last_failure;	/* NULL: absent */
};
struct cvp_info {
	struct cvp_record *records;
	size_t		 n_records;
	struct view	 cursor;	/* empty: that was all */
};
MUST_CHECK bool cvp_info_decode(struct view value, struct arena *a,
    struct cvp_info *out, struct fault *f);
void	cvp_put_info(struct buf *b, const struct cvp_info *i);

/*
 * Binding requests and keys to authorizations.
 */
struct cvp_target {
	uint32_t	 entry_id;	/* of this PKIData, or 0: id counts */
	struct view	 id;
};
struct cvp_bind {
	uint32_t	 request;	/* body part */
	struct cvp_target target;
};
struct cvp_use {
	uint32_t	 request;	/* body part */
	struct view	 id;
	struct cmc_proof proof;
};
struct cvp_key_gen_request {
	struct cvp_target target;
	struct cvp_key_spec key;
	struct cvp_list	 protect_for;	/* Certificates, whole */
};
struct cvp_key_gen_response {
	struct cvp_target target;
	struct cmc_cert_id cert;
	uint32_t	 key;		/* cms element */
};
MUST_CHECK bool cvp_bind_decode(struct view value, struct cvp_bind *out,
    struct fault *f);
void	cvp_put_bind(struct buf *b, const struct cvp_bind *bind);
MUST_CHECK bool cvp_use_decode(struct view value, struct cvp_use *out,
    struct fault *f);
void	cvp_put_use(struct buf *b, const struct cvp_use *use);
MUST_CHECK bool cvp_key_gen_request_decode(struct view value, struct arena *a,
    struct cvp_key_gen_request *out, struct fault *f);
void	cvp_put_key_gen_request(struct buf *b, const struct cvp_key_gen_request *r);
MUST_CHECK bool cvp_key_gen_response_decode(struct view value,
    struct cvp_key_gen_response *out, struct fault *f);
void	cvp_put_key_gen_response(struct buf *b,
    const struct cvp_key_gen_response *r);

/*
 * Events.
 */
enum cvp_event_kind {
	CVP_EVENT_ISSUED = 1,
	CVP_EVENT_CONFIRMED = 2,
	CVP_EVENT_REJECTED = 3,
	CVP_EVENT_NOT_CONFIRMED = 4,
	CVP_EVENT_ENROLLMENT_FAILED = 5,
	CVP_EVENT_EXPIRED = 6,
	CVP_EVENT_CANCELLED = 7,
	CVP_EVENT_LOCKED = 8,
	CVP_EVENT_OUTSIDE_WINDOW = 9,
	CVP_EVENT_TEMPLATE_CHANGED = 10,
	CVP_EVENT_REVOKED = 11,
	CVP_EVENT_CHANGE_REFUSED = 12,
	CVP_EVENT_HELD = 13,		/* docs/adr/0022 */
	CVP_EVENT_APPROVED = 14,
	CVP_EVENT_NOT_APPROVED = 15,
	CVP_EVENT_DEVICE_FAILED = 16,	/* docs/adr/0035 */
	CVP_EVENT_DEVICE_MENDED = 17,
};
#define CVP_EVENT_END	18
const char *cvp_event_name(uint32_t kind);	/* "not-confirmed"; "unknown" */
const char *cvp_event_text(uint32_t kind);	/* "certificate issued" */

struct cvp_event_query {
	struct view	 cursor;	/* empty: from the beginning */
	struct cvp_uint	 max;
};
struct cvp_event {
	int64_t		 time;
	uint32_t	 kind;		/* enum cvp_event_kind; later ones may come */
	struct view	 id;			/* empty: absent */
	const struct cmc_cert_id *cert;		/* NULL: absent */
	const struct cvp_failure *failure;	/* NULL: absent */
};
struct cvp_event_report {
	struct cvp_event *events;
	size_t		 n_events;
	struct view	 cursor;
	bool		 more;
};
MUST_CHECK bool cvp_event_query_decode(struct view value,
    struct cvp_event_query *out, struct fault *f);
void	cvp_put_event_query(struct buf *b, const struct cvp_event_query *q);
MUST_CHECK bool cvp_event_report_decode(struct view value, struct arena *a,
    struct cvp_event_report *out, struct fault *f);
void	cvp_put_event_report(struct buf *b, const struct cvp_event_report *r);

/*
 * Templates.
 */
struct cvp_template {
	struct view	 name;
	uint64_t	 version;
	struct cvp_terms terms;
	struct cvp_uint	 max_window;	/* seconds */
	struct cvp_uint	 max_entries;
	struct view	 settings;	/* all of it, as "key = value" lines; empty: absent */
	struct view	 tlv;		/* decoded: the whole Template */
};
struct cvp_template_info {
	struct cvp_template *v;
	size_t		 n;
};
/* An empty list asks for all this Admin may use. */
MUST_CHECK bool cvp_template_query_decode(struct view value, struct arena *a,
    struct cvp_list *names, struct fault *f);
void	cvp_put_template_query(struct buf *b, const struct cvp_list *names);
MUST_CHECK bool cvp_template_info_decode(struct view value, struct arena *a,
    struct cvp_template_info *out, struct fault *f);
void	cvp_put_template_info(struct buf *b, const struct cvp_template_info *i);
/* One Template; TemplateRef.digest is the SHA-256 of it. */
void	cvp_put_template(struct buf *b, const struct cvp_template *t);

/*
 * When the PKI wants certificates renewed: ours, not the profile's
 * (docs/adr/0027).  In a PKIResponse that answers nothing.
 *
 * RenewalHint ::= SEQUENCE { version INTEGER (1), thisUpdate GeneralizedTime,
 *	nextUpdate GeneralizedTime, rules SEQUENCE OF HintRule }
 * HintRule ::= SEQUENCE { act ENUMERATED { renew(0), wait(1) },
 *	from GeneralizedTime, to GeneralizedTime,
 *	issuedBefore [0] GeneralizedTime OPTIONAL, template [1] UTF8String OPTIONAL,
 *	serials [2] SEQUENCE OF INTEGER OPTIONAL, reason [3] UTF8String OPTIONAL }
 */
#define CVP_HINT_RULES_MAX	32
#define CVP_HINT_SERIALS_MAX	100	/* of one rule: some 2 KB */
#define CVP_HINT_REASON_MAX	256

enum cvp_hint_act {
	CVP_HINT_RENEW = 0,	/* between from and to */
	CVP_HINT_WAIT = 1,	/* not before to */
};
struct cvp_hint_rule {
	enum cvp_hint_act act;
	int64_t		 from, to;	/* unix seconds; from is not behind to */
	/* Which certificates; what is absent is true of all: */
	struct cvp_time	 issued_before;	/* their notBefore */
	struct view	 template;	/* name */
	struct view	*serials;	/* INTEGER content octets */
	size_t		 n_serials;

	struct view	 reason;	/* for people; empty: absent */
};
struct cvp_hint {
	int64_t		 this_update;	/* goes up with each one, so it is its number too */
	int64_t		 next_update;
	struct cvp_hint_rule *rules;
	size_t		 n_rules;
};
MUST_CHECK bool cvp_hint_decode(struct view value, struct arena *a, struct cvp_hint *out,
    struct fault *f);
void	cvp_put_hint(struct buf *b, const struct cvp_hint *h);

#endif
