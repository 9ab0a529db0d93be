/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_tool - our messages and envelopes, at the hand of a shell script.
 *
 *	make KIND DIR		DIR/key.pem, DIR/cert.der: a self-signed one
 *	sign DIR IN OUT		by the certificate
 *	sign-key DIR IN OUT	by the key's identifier
 *	verify DIR IN OUT	a message by this certificate; its content
 *	seal DIR IN OUT		to the certificate
 *	open DIR IN OUT		with the key
 *	request DIR - OUT	PKCS #10
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/name.h"
#include "message/csr.h"
#include "message/envelope.h"
#include "message/issue.h"
#include "message/signed.h"

#define NOW		INT64_C(1795500000)	/* 2026-11-24 */
#define YEAR		INT64_C(31536000)
#define FILE_MAX	(4u << 20)
#define PATH_OCTETS	4096

struct who {
	struct key	*key;
	struct buf	 der;
	struct cert	 cert;
};

static bool
join(char *out, const char *dir, const char *name, struct fault *f)
{
	return path_join(out, PATH_OCTETS, dir, name, f);
}

static bool
self_sign(struct key *k, const char *subject, struct buf *der, struct fault *f)
{
	uint8_t			serial = 1, ski[REQUEST_SKI_OCTETS];
	struct buf		name, tbs;
	struct cert_plan	p = { .serial = { &serial, 1 }, .sigalg = key_sigalg(k) };
	bool			ok;

	buf_init(&name, NAME_OCTETS_MAX);
	buf_init(&tbs, CERT_OCTETS_MAX);
	ok = name_parse(subject, &name, f) && request_ski(key_spki(k), ski, f);
	p.issuer = p.subject = buf_view(&name);
	p.not_before = NOW - YEAR;
	p.not_after = NOW + 20 * YEAR;
	p.spki = key_spki(k);
	p.ski = p.aki = view_of(ski, sizeof(ski));
	p.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN;
	p.is_ca = true;
	ok = ok && tbs_encode(&p, &tbs, f) && certificate_sign(buf_view(&tbs), k, der, f);
	buf_clear(&tbs);
	buf_clear(&name);
	return ok;
}

static bool
make(const char *kind, const char *dir, struct fault *f)
{
	struct key	*k = key_generate(key_kind_find(kind), f);
	struct secret	 pem = { NULL, 0 };
	struct buf	 der;
	char		 path[PATH_OCTETS], subject[64];
	bool		 ok;

	buf_init(&der, CERT_OCTETS_MAX);
	snprintf(subject, sizeof(subject), "O=Example, CN=%s", kind);
	ok = k != NULL && dir_make(dir, 0700, f) && self_sign(k, subject, &der, f) &&
	    key_to_pem(k, &pem, f) && join(path, dir, "key.pem", f) &&
	    file_write(path, view_of(pem.p, pem.n), 0600, f) &&
	    join(path, dir, "cert.der", f) && file_write(path, buf_view(&der), 0644, f);
	secret_clear(&pem);
	buf_clear(&der);
	key_free(k);
	return ok;
}

static bool
load(struct who *w, const char *dir, struct fault *f)
{
	struct buf	pem;
	char		path[PATH_OCTETS];
	bool		ok;

	buf_init(&pem, KEY_PEM_MAX);
	buf_init(&w->der, CERT_OCTETS_MAX);
	ok = join(path, dir, "key.pem", f) && file_read(path, &pem, f) &&
	    (w->key = key_load_pem(buf_view(&pem), f)) != NULL &&
	    join(path, dir, "cert.der", f) && file_read(path, &w->der, f) &&
	    cert_decode(buf_view(&w->der), &w->cert, f);
	buf_clear(&pem);
	return ok;
}

static bool
do_sign(struct who *w, struct view in, struct buf *out, bool by_cert, struct fault *f)
{
	struct message_signer	s;
	bool			ok;

	ok = by_cert ?
	    message_signer_cert(&s, key_sigalg(w->key), key_digest(w->key),
	    buf_view(&w->der), NULL, 0, f) :
	    message_signer_ski(&s, key_sigalg(w->key), key_digest(w->key), w->cert.ski, f);
	ok = ok && message_sign(&s, w->key, OID_CT_PKI_DATA, in, NOW, out, f);
	message_signer_clear(&s);
	return ok;
}

static bool
do_verify(struct who *w, struct view in, struct buf *out, struct fault *f)
{
	struct arena		*a = arena_new(FILE_MAX);
	struct cms_signed	 m;
	struct cert		 found;
	bool			 ok;

	ok = message_open(in, a, &m, f) &&
	    (m.certificate_count == 0 || message_find_signer(&m, &found, f)) &&
	    (m.signers[0].sid.kind == CMS_SID_SKI || message_verify_cert(&m, &w->cert, NULL,
	    SIGNING_CERTIFICATE_IF_PRESENT, f));
	if (ok && m.signers[0].sid.kind == CMS_SID_SKI) {
		struct pubkey	*p = pubkey_from_spki(w->cert.spki, f);

		ok = p != NULL && message_verify_ski(&m, w->cert.ski, p, f);
		pubkey_free(p);
	}
	if (ok)
		buf_add_view(out, m.content);
	arena_free(a);
	return ok;
}

static bool
do_open(struct who *w, struct view in, struct buf *out, struct fault *f)
{
	struct secret	plain;

	if (!envelope_open(in, w->key, &w->cert, &plain, f))
		return false;
	buf_add(out, plain.p, plain.n);
	secret_clear(&plain);
	return true;
}

static bool
act(const char *verb, struct who *w, struct view in, struct buf *out, struct fault *f)
{
	const struct request_terms	t = { .subject = w->cert.subject };

	if (strcmp(verb, "sign") == 0)
		return do_sign(w, in, out, true, f);
	if (strcmp(verb, "sign-key") == 0)
		return do_sign(w, in, out, false, f);
	if (strcmp(verb, "verify") == 0)
		return do_verify(w, in, out, f);
	if (strcmp(verb, "seal") == 0)
		return envelope_seal(in, &w->cert, rng_system(), out, f);
	if (strcmp(verb, "open") == 0)
		return do_open(w, in, out, f);
	if (strcmp(verb, "request") == 0)
		return request_build(&t, w->key, out, f);
	return fault_set(f, FAULT_USAGE, "", "unknown verb \"%s\"", verb);
}

static bool
run(char **argv, struct fault *f)
{
	struct who	w = { .key = NULL };
	struct buf	in, out;
	bool		ok;

	buf_init(&in, FILE_MAX);
	buf_init(&out, FILE_MAX);
	ok = load(&w, argv[2], f) &&
	    (strcmp(argv[3], "-") == 0 || file_read(argv[3], &in, f)) &&
	    act(argv[1], &w, buf_view(&in), &out, f) &&
	    file_write(argv[4], buf_view(&out), 0644, f);
	buf_clear(&out);
	buf_clear(&in);
	buf_clear(&w.der);
	key_free(w.key);
	return ok;
}

int
main(int argc, char **argv)
{
	struct fault	f = { 0 };
	bool		ok;

	if (argc == 4 && strcmp(argv[1], "make") == 0)
		ok = make(argv[2], argv[3], &f);
	else if (argc == 5)
		ok = run(argv, &f);
	else
		ok = fault_set(&f, FAULT_USAGE, "", "cms_tool VERB DIR IN OUT");
	if (!ok)
		fprintf(stderr, "cms_tool: %s\n", f.text);
	return ok ? 0 : 1;
}
