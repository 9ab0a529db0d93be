/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkcs10.h - certification requests (RFC 2986).
 *
 * Nothing is owned: all views point into the octets decoded, and after a
 * failure *out is not to be used.
 *
 * Reading checks the form only: proof of possession is checked elsewhere, over
 * the octets of info and with the key in spki.
 */
#ifndef CODEC_PKCS10_H
#define CODEC_PKCS10_H

#include "codec/algorithm.h"
#include "codec/extension.h"

#define PKCS10_OCTETS_MAX	32768
#define PKCS10_ATTRIBUTES_MAX	16

struct pkcs10 {
	struct view		 der;		/* the whole request */
	struct view		 info;		/* TLV: what the signature covers */
	struct view		 subject;	/* Name TLV, perhaps NAME_EMPTY */
	struct view		 spki;		/* TLV */
	struct algorithm	 sigalg;
	struct view		 signature;	/* BIT STRING octets */

	/* Attributes; each at most once, with one value. */
	bool			 has_extensions;
	struct extensions	 extensions;	/* of extensionRequest */
	struct view		 ski;		/* key identifier octets asked for */
	bool			 has_san;
	struct general_names	 san;
	struct view		 san_value;	/* GeneralNames TLV */
	struct view		 pop_link_witness_v2;	/* the value's TLV, or empty */
	struct view		 pop_link_witness_v1;	/* seen, so that it can be refused */
	struct view		 change_subject_name;	/* the value's TLV, or empty */
	size_t			 unknown_attributes;	/* others, not read */
};

MUST_CHECK bool pkcs10_decode(struct view der, struct pkcs10 *out,
    struct fault *f);

/* What a request asks for.  Empty and zero: left out. */
struct pkcs10_plan {
	struct view	 subject;		/* Name TLV; empty view: NAME_EMPTY */
	struct view	 spki;			/* TLV */
	struct view	 ski;			/* key identifier octets */
	const struct general_name *san;
	size_t		 san_count;
	struct view	 pop_link_witness_v2;	/* PopLinkWitnessV2 TLV */
	struct view	 change_subject_name;	/* ChangeSubjectName TLV */
};

/* Append CertificationRequestInfo, ready to be signed. */
MUST_CHECK bool pkcs10_info_encode(const struct pkcs10_plan *p, struct buf *out,
    struct fault *f);
/* Append CertificationRequest { info, sigalg TLV, signature }. */
void	pkcs10_assemble(struct view info, struct view sigalg,
	    struct view signature, struct buf *out);

/* ChangeSubjectName (RFC 10002, 7.1): at least one of the two is there. */
struct change_subject_name {
	struct view		 subject;	/* Name TLV, or empty */
	bool			 has_san;
	struct general_names	 san;
};
MUST_CHECK bool change_subject_name_decode(struct view tlv,
    struct change_subject_name *out, struct fault *f);
void	change_subject_name_put(struct buf *b, struct view subject,
	    const struct general_name *san, size_t san_count);

#endif
