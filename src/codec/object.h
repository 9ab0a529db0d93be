/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - what kind of thing do these octets hold?
 *
 * By shape alone, from the outside in, so that a certificate that breaks a
 * rule is still called one.  The decoders say what is wrong with it.
 */
#ifndef CODEC_OBJECT_H
#define CODEC_OBJECT_H

#include "codec/der.h"

enum object_kind {
	OBJECT_OTHER = 0,
	OBJECT_CERTIFICATE,
	OBJECT_CRL,
	OBJECT_PKCS10,
	OBJECT_CRMF,		/* CertReqMessages */
	OBJECT_PUBLIC_KEY,	/* SubjectPublicKeyInfo */
	OBJECT_CMS,		/* ContentInfo */
	OBJECT_OCSP,		/* OCSPResponse */
};

enum object_kind object_kind(struct view der);
/* "certificate", "CRL", "request", ... */
const char *object_kind_name(enum object_kind k);
/* The PEM label to write, and whether this one may stand around it. */
const char *object_label(enum object_kind k);
bool	object_label_fits(enum object_kind k, struct view label);

#endif
