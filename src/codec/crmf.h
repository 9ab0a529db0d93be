/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crmf.h - CertReqMsg and CertTemplate (RFC 4211) as CMC uses them.
 *
 * Views point into the octets decoded or, where it says so, into the arena;
 * after a failure *out is not to be used.
 *
 * What CMC forbids or our profile refuses is refused here: regInfo,
 * POPOSigningKeyInput, archive options, registration tokens, authenticators
 * and proofs of possession by encrypted certificate.  The proof of possession
 * itself is checked elsewhere, over the octets of cert_request.
 */
#ifndef CODEC_CRMF_H
#define CODEC_CRMF_H

#include "base/arena.h"
#include "codec/algorithm.h"
#include "codec/extension.h"

#define CRMF_OCTETS_MAX		32768
#define CRMF_CONTROLS_MAX	16

/*
 * CertTemplate; also the certTemplate of authorization terms and of
 * modCertTemplate.  A field that is absent has an empty view or has_x false.
 */
struct cert_template {
	bool		 has_version;
	unsigned	 version;	/* 2 is v3 */
	struct view	 serial;	/* INTEGER content octets */
	struct view	 signing_alg;	/* content of the AlgorithmIdentifier */
	struct view	 issuer;	/* Name TLV */
	bool		 has_not_before, has_not_after;
	int64_t		 not_before, not_after;
	struct view	 subject;	/* Name TLV; NAME_EMPTY is a present, empty name */
	struct view	 public_key;	/* SubjectPublicKeyInfo content, without tag 30 */
	struct view	 issuer_uid, subject_uid;
	bool		 has_extensions;
	struct extensions extensions;
	struct view	 extensions_content;	/* Extension TLVs one after another */
};

/* content: the octets inside the CertTemplate's own tag. */
MUST_CHECK bool cert_template_decode(struct view content,
    struct cert_template *out, struct fault *f);
/*
 * Append with this outer tag (DER_SEQUENCE or an IMPLICIT one).  Extensions
 * are written from extensions_content if not empty, else from the list.
 */
void	cert_template_put(struct buf *b, uint8_t tag, const struct cert_template *t);
bool	cert_template_is_empty(const struct cert_template *t);

enum crmf_popo {
	CRMF_POPO_NONE = 0,
	CRMF_POPO_RA_VERIFIED,
	CRMF_POPO_SIGNATURE,
	CRMF_POPO_KEY_ENCIPHERMENT,	/* challengeResp, answered by encryptedPOP */
	CRMF_POPO_KEY_AGREEMENT,
};

struct crmf {
	struct view		 content;	/* inside the CertReqMsg's own tag */
	struct view		 cert_request;	/* TLV: what the POP signature covers */
	uint32_t		 request_id;	/* certReqId, the body part id */
	struct cert_template	 template;
	struct view		 spki;		/* TLV rebuilt in the arena, or empty */
	struct view		 ski;		/* from the template's extensions */
	bool			 has_san;
	struct general_names	 san;
	struct view		 san_value;
	struct view		 pop_link_witness_v2;	/* control values, TLVs, or empty */
	struct view		 pop_link_witness_v1;
	struct view		 change_subject_name;
	struct view		 old_cert_id;
	size_t			 unknown_controls;
	enum crmf_popo		 popo;
	struct algorithm	 sigalg;	/* CRMF_POPO_SIGNATURE only */
	struct view		 signature;
};

/* content: the octets inside CertReqMsg's tag, 30 or, in a TaggedRequest, A1. */
MUST_CHECK bool crmf_decode(struct view content, struct arena *a,
    struct crmf *out, struct fault *f);

/* Append CertRequest { id, template, controls }, ready to be signed. */
void	crmf_request_encode(uint32_t request_id, const struct cert_template *t,
	    struct view pop_link_witness_v2, struct view change_subject_name,
	    struct buf *out);
/* Append CertReqMsg with a signature POP under tag; sigalg is a TLV. */
void	crmf_assemble(uint8_t tag, struct view cert_request, struct view sigalg,
	    struct view signature, struct buf *out);

#endif
