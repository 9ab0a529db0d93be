/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made.h - keys with certificates, made on the spot for a test.
 */
#ifndef UNIT_MADE_H
#define UNIT_MADE_H

#include <stdio.h>
#include <stdlib.h>

#include "codec/cert.h"
#include "codec/name.h"
#include "message/csr.h"
#include "message/issue.h"

#define MADE_NOW	INT64_C(1795500000)	/* 2026-11-24 */
#define MADE_DAY	INT64_C(86400)

struct made {
	struct key	*key;
	struct buf	 der;
	struct cert	 cert;
	uint8_t		 ski[REQUEST_SKI_OCTETS];
};

static inline void
must(bool ok, const struct fault *f)
{
	if (!ok) {
		fputs(f->text, stderr);
		abort();
	}
}

/*
 * A certificate named name, and san, for a new key, by issuer or (NULL) by
 * itself.
 */
static inline void
make_with_san(struct made *m, enum key_kind kind, const char *name, uint8_t serial,
    struct made *issuer, bool is_ca, const struct general_name *san, size_t nsan)
{
	struct fault		 f = { 0 };
	struct buf		 subject, tbs;
	struct made		*by = issuer != NULL ? issuer : m;
	struct cert_plan	 p = { 0 };

	buf_init(&m->der, CERT_OCTETS_MAX);
	buf_init(&subject, NAME_OCTETS_MAX);
	buf_init(&tbs, CERT_OCTETS_MAX);
	must((m->key = key_generate(kind, &f)) != NULL, &f);
	must(name_parse(name, &subject, &f) && request_ski(key_spki(m->key), m->ski, &f), &f);
	p.serial = view_of(&serial, 1);
	p.sigalg = key_sigalg(by->key);
	p.subject = buf_view(&subject);
	p.issuer = issuer != NULL ? issuer->cert.subject : p.subject;
	p.not_before = MADE_NOW - MADE_DAY;
	p.not_after = MADE_NOW + 365 * MADE_DAY;
	p.spki = key_spki(m->key);
	p.ski = view_of(m->ski, sizeof(m->ski));
	p.aki = view_of(by->ski, sizeof(by->ski));
	p.key_usage = is_ca ? KU_KEY_CERT_SIGN | KU_CRL_SIGN : KU_DIGITAL_SIGNATURE;
	p.is_ca = is_ca;
	p.san = san;
	p.san_count = nsan;
	must(tbs_encode(&p, &tbs, &f) &&
	    certificate_sign(buf_view(&tbs), by->key, &m->der, &f) &&
	    cert_decode(buf_view(&m->der), &m->cert, &f), &f);
	buf_clear(&tbs);
	buf_clear(&subject);
}

static inline void
make(struct made *m, enum key_kind kind, const char *name, uint8_t serial,
    struct made *issuer, bool is_ca)
{
	make_with_san(m, kind, name, serial, issuer, is_ca, NULL, 0);
}

static inline void
unmake(struct made *m)
{
	key_free(m->key);
	buf_clear(&m->der);
}

#endif
