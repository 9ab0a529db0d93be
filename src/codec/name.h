/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - X.501 names: certificate subjects and issuers.
 *
 * A name travels as its DER encoding ("Name TLV") and is compared by octets:
 * a Peer looks up its issuer by bytes.  name_key() gives the looser comparison
 * of RFC 5280, 7.1 for the question whether two subjects are the same.
 */
#ifndef CODEC_NAME_H
#define CODEC_NAME_H

#include "codec/der.h"

#define NAME_PARTS_MAX		32	/* relative names in one name */
#define NAME_VALUES_MAX		8	/* values in one relative name */
#define NAME_OCTETS_MAX		4096
#define NAME_TEXT_MAX		1024	/* a common choice for log buffers */

/* The empty name: 30 00. */
#define NAME_EMPTY	VIEW_LIT("\x30\x00")

/* One relative name to build; oid is OID_AT_C, OID_AT_O, OID_AT_OU, OID_AT_CN, ... */
struct name_part {
	struct view	 oid;
	struct view	 text;		/* UTF-8 */
};

/*
 * Append a Name in the order given: UTF8String, except C and serialNumber
 * (PrintableString) and DC and emailAddress (IA5String).  No parts: the empty
 * name.  Checks the upper bounds of RFC 5280, appendix A.1.
 */
MUST_CHECK bool name_encode(const struct name_part *parts, size_t n,
    struct buf *out, struct fault *f);

/*
 * Read "C=DE, O=Example, CN=gw1" (RFC 4514 escapes, but in the order of the
 * encoding, as openssl -subj and strongSwan write it) and append the Name.
 */
MUST_CHECK bool name_parse(const char *text, struct buf *out, struct fault *f);

/* tlv is a well-formed Name within the limits. */
MUST_CHECK bool name_check(struct view tlv, struct fault *f);

/* "C=DE, O=Example, CN=gw1", escaped as in RFC 4514; "" for the empty name.
 * Cut at n - 1 octets; returns out. */
const char *name_text(struct view tlv, char *out, size_t n);

/* Octets of the last value of this attribute type; false if there is none. */
bool	name_find(struct view tlv, struct view oid, struct view *value);
bool	name_get_cn(struct view tlv, struct view *value);

bool	name_is_empty(struct view tlv);

/*
 * Append a string that is equal for names that RFC 5280, 7.1 holds equal:
 * ASCII case folded, inner white space to one space, outer removed, the values
 * of one relative name sorted.  Letters beyond ASCII stay as they are.
 */
MUST_CHECK bool name_key(struct view tlv, struct buf *out, struct fault *f);

#endif
