/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - what a kind of certificate may say, and on which terms.
 *
 * A template is the CA's side of an authorization (RFC 4809, 3.2.4): names,
 * lifetime, keys and extensions of the certificates made from it, the shape
 * of ids and tokens, and the terms of renewal, update and revocation.  The
 * starting contents are those of RFC 4945's certificate profile for each
 * role.  A template is plain data: copy it by assignment.
 *
 * Reading a file is template_file.h's work; this module knows each key, its
 * permitted range and the commented text of a file.
 */
#ifndef PROFILE_TEMPLATE_H
#define PROFILE_TEMPLATE_H

#include "base/buf.h"
#include "base/fault.h"
#include "codec/cert.h"
#include "crypt/key.h"
#include "profile/identity.h"
#include "profile/prepare.h"
#include "profile/space.h"

#define TEMPLATE_NAME_MAX	64
#define TEMPLATE_ENTRIES_MAX	10000	/* of one authorization request */
#define TEMPLATE_OID_TEXT_MAX	128
#define TEMPLATE_URL_MAX	255
#define DN_TEXT_MAX		64	/* ub-common-name and its kin, in code points */
#define DN_TEXT_SIZE		(4 * DN_TEXT_MAX + 1)

/* Sets of identity kinds, of key kinds and of methods of generation. */
#define IDENTITY_BIT(kind)	(1u << (kind))
#define KEY_BIT(kind)		(1u << (kind))
#define GENERATION_BIT(method)	(1u << (method))

/* Who makes the key (RFC 4809, 3.3); the numbers of AuthzTerms.keyGen. */
enum generation {
	GENERATION_NONE = 0,
	GENERATION_PEER = 1,
	GENERATION_PEER_ADMIN = 2,	/* the Peer's key, the Admin's request */
	GENERATION_ADMIN = 3,
	GENERATION_PKI = 4,
};
/* "peer", "peer-key-admin-request", "admin", "pki"; other words: GENERATION_NONE. */
const char	*generation_name(enum generation g);
enum generation	 generation_find(struct view word);

/* What stands in CN. */
enum template_cn {
	TEMPLATE_CN_IDENTITY = 0,	/* a copy of the first identity, as CN */
	TEMPLATE_CN_LABEL,		/* the authorization's label */
	TEMPLATE_CN_NONE,
};

/* The values of ChangeTerms.who and .keys and of AuthzTerms.approval. */
enum change_who { CHANGE_BY_PEER = 0, CHANGE_BY_ADMIN = 1, CHANGE_BY_EITHER = 2 };
enum change_keys { CHANGE_NEW_KEY = 0, CHANGE_SAME_KEY = 1, CHANGE_EITHER_KEY = 2 };
/* What a warning of the lints does to a certificate that is to be signed. */
enum lint_warnings { LINT_WARNINGS_ALLOW = 0, LINT_WARNINGS_REFUSE = 1 };
/* An open authorization whose template has changed: AuthzTerms.onTemplateChange. */
enum template_change { TEMPLATE_USE_OLD = 0, TEMPLATE_REJECT = 1, TEMPLATE_USE_NEW = 2 };
/* A certificate that was made of an earlier version, and is to be renewed (decision 22). */
enum changed_renewal {
	CHANGED_COMPARE = 0,		/* renewed if it would say the same, else an update */
	CHANGED_RENEW_OK,		/* as it was */
	CHANGED_UPDATE_NEEDED,
	CHANGED_NEW_AUTHORIZATION,
};
enum approval { APPROVAL_AUTOMATIC = 0, APPROVAL_MANUAL = 1 };

struct change_terms {
	bool			 allowed;
	enum change_who		 who;
	enum change_keys	 keys;
	uint32_t		 last_percent;	/* in the last N % of the lifetime */
	uint32_t		 max_times;	/* per lineage; 0: without limit */
};

struct template {
	char		 name[TEMPLATE_NAME_MAX + 1];
	uint32_t	 version;		/* 1; counted up by the PKI */
	bool		 management;		/* issued by the management CA */

	/* names */
	unsigned	 identities;		/* kinds allowed, IDENTITY_BIT() */
	unsigned	 identity_required;	/* at least one of these kinds */
	uint32_t	 identities_max;
	char		 name_space[SPACE_TEXT_MAX];	/* domains, or "": profile/space.h */
	char		 address_space[SPACE_TEXT_MAX];	/* prefixes, or "" */
	char		 country[3];
	char		 organization[DN_TEXT_SIZE];
	char		 organizational_unit[DN_TEXT_SIZE];
	enum template_cn cn;

	/* certificate */
	int64_t		 validity_seconds;
	unsigned	 keys;			/* KEY_BIT(): RSA kinds are least sizes */
	enum key_kind	 key_default;
	unsigned	 generation;		/* who may make keys, GENERATION_BIT() */
	bool		 key_transport;		/* keyAgreement or keyEncipherment too */
	unsigned	 eku;			/* enum ext_key_usage; 0: absent */
	char		 policy[TEMPLATE_OID_TEXT_MAX];	/* dotted, or "" */
	bool		 crl_pointer, ocsp_pointer, issuer_pointer;
	char		 crl_url[TEMPLATE_URL_MAX + 1];		/* "": the PKI's own */
	char		 ocsp_url[TEMPLATE_URL_MAX + 1];
	char		 issuer_url[TEMPLATE_URL_MAX + 1];
	enum lint_warnings lint_warnings;

	/* authorization */
	int64_t		 window_seconds, window_max_seconds;
	struct secret_format id_format, token_format;
	enum approval	 approval;		/* of what spends a token */
	uint32_t	 approvers;		/* different persons */
	int64_t		 approval_poll_seconds;	/* a Peer asks again after this */
	int64_t		 approval_seconds;	/* an undecided request ends after this */
	uint32_t	 entries_max;
	int64_t		 confirm_seconds;

	/* life */
	struct change_terms renewal, update;
	enum approval	 renewal_approval, update_approval;
	enum template_change on_change;
	enum changed_renewal changed_renewal;
	int64_t		 retire_delay_seconds;	/* old certificate, after confirmation */
	bool		 admin_may_revoke;
};

/*
 * A starting template: "s2s-gateway", "ra-gateway", "ra-user", "ra-machine"
 * or "admin".  organization is the PKI's name.  FAULT_NOT_FOUND otherwise.
 */
MUST_CHECK bool template_start(const char *name, const char *organization,
    struct template *out, struct fault *f);
/* Their names, in that order; NULL at the end. */
extern const char *const template_names[];

/* One key of a template file. */
struct template_key {
	const char	*name;		/* "validity" */
	const char	*range;		/* "1d ... 825d", for messages and the manual */
	const char	*help;		/* one sentence without full stop */
	bool	(*set)(const struct template_key *k, struct template *t,
		    const char *value, struct fault *f);
	void	(*get)(const struct template_key *k, const struct template *t,
		    struct buf *out);
	size_t		 offset;	/* of the member it is about */
	int64_t		 min, max;	/* of a number or duration */
	const char *const *words;	/* of an enumeration, NULL at the end */
};

const struct template_key *template_keys(size_t *n);

/*
 * Set one key from its text.  The fault names the key, the value and what is
 * permitted.  Relations between keys are template_check's.
 */
MUST_CHECK bool template_set(struct template *t, const char *key, const char *value,
    struct fault *f);
/* The text template_set would take for the present value. */
MUST_CHECK bool template_get(const struct template *t, const char *key,
    struct buf *out, struct fault *f);

/* Who makes the key when an authorization does not say: the Peer, if it may. */
enum generation template_generation(const struct template *t);

/* Do the values fit one another? */
MUST_CHECK bool template_check(const struct template *t, struct fault *f);

/* A value in double quotes, as a template's file and libConfuse read it. */
void	template_put_quoted(struct view v, struct buf *out);

/* The commented file: "key = value" lines that template_set takes back. */
void	template_text(const struct template *t, struct buf *out);

#endif
