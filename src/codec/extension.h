/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extension.h - extensions and general names, as certificates, CRLs and
 * requests share them (RFC 5280, 4.1.2.9 and 4.2.1.6).
 */
#ifndef CODEC_EXTENSION_H
#define CODEC_EXTENSION_H

#include "codec/oid.h"
#include "codec/der.h"

#define EXTENSIONS_MAX		32	/* twice what any certificate we met has */
#define GENERAL_NAMES_MAX	32	/* a gateway's names, addresses, and room */

struct extension {
	struct view	 oid;
	struct view	 value;		/* inside the OCTET STRING: the value's DER */
	bool		 critical;
};

struct extensions {
	size_t			 n;
	struct extension	 list[EXTENSIONS_MAX];
};

/* The number n in GeneralName's tag [n]. */
enum general_name_type {
	GENERAL_NAME_OTHER = 0,
	GENERAL_NAME_EMAIL = 1,		/* rfc822Name */
	GENERAL_NAME_DNS = 2,		/* dNSName */
	GENERAL_NAME_X400 = 3,
	GENERAL_NAME_DIRECTORY = 4,	/* value: the Name TLV */
	GENERAL_NAME_EDI = 5,
	GENERAL_NAME_URI = 6,
	GENERAL_NAME_IP = 7,		/* 4 or 16 octets in a certificate */
	GENERAL_NAME_RID = 8,		/* OID content octets */
};

struct general_name {
	enum general_name_type	 type;
	struct view		 value;	/* content octets, except DIRECTORY */
};

struct general_names {
	size_t			 n;
	struct general_name	 list[GENERAL_NAMES_MAX];
};

/*
 * SEQUENCE SIZE (1..MAX) OF Extension.  The same OID twice, an explicit
 * critical FALSE and an empty sequence are malformed (RFC 5280, 4.2).
 */
MUST_CHECK bool extensions_decode(struct view tlv, struct extensions *out,
    struct fault *f);
/* The same for the content octets alone, as under an IMPLICIT tag. */
MUST_CHECK bool extensions_decode_content(struct view content,
    struct extensions *out, struct fault *f);
/* Lends the extension, or NULL. */
const struct extension *extensions_find(const struct extensions *e,
    struct view oid);
/* Append one Extension. */
void	extension_put(struct buf *b, struct view oid, bool critical,
	    struct view value);

/* GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName.  IA5 is checked, no more. */
MUST_CHECK bool general_names_decode(struct view tlv, struct general_names *out,
    struct fault *f);
MUST_CHECK bool general_names_decode_content(struct view content,
    struct general_names *out, struct fault *f);
/* One GeneralName, the next value of d. */
MUST_CHECK bool general_name_decode(struct der *d, struct general_name *out,
    struct fault *f);
void	general_name_put(struct buf *b, const struct general_name *g);
/* The SEQUENCE of n names. */
void	general_names_put(struct buf *b, const struct general_name *list, size_t n);

/* "dns:gw1.example", "email:...", "ip:192.0.2.1", "dn:...", "uri:...", other:hex. */
const char *general_name_text(const struct general_name *g, char *out, size_t n);

#endif
