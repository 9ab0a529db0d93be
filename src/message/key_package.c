/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/oid.h"
#include "message/envelope.h"
#include "message/key_package.h"

#define ARENA_MAX	(4 * KEY_PACKAGE_MAX)

/* AsymmetricKeyPackage ::= SEQUENCE SIZE (1..MAX) OF OneAsymmetricKey */
static bool
put_package(const struct key *key, struct buf *out, struct fault *f)
{
	struct secret	der = { 0 };
	bool		ok = key_to_der(key, &der, f);

	if (ok)
		der_put(out, DER_SEQUENCE, view_of(der.p, der.n));
	secret_clear(&der);
	return ok && buf_check(out, "private key", f);
}

/* The SignedData that a ContentInfo holds. */
static bool
signed_data_of(struct view info, struct view *out, struct fault *f)
{
	struct cms_content	c;

	if (!cms_content_decode(info, &c, f))
		return false;
	*out = c.content;
	return view_equal(c.type, OID_CT_SIGNED_DATA) ||
	    fault_set(f, FAULT_MALFORMED, "RFC 5652, 5.1", "no SignedData");
}

bool
key_package_seal(const struct key_package_maker *m, const struct key *key,
    const struct cert *to, struct buf *out, struct fault *f)
{
	struct buf	package, info;
	struct view	content;
	bool		ok;

	buf_init_secret(&package, KEY_PACKAGE_MAX);
	buf_init_secret(&info, KEY_PACKAGE_MAX);
	ok = put_package(key, &package, f) &&
	    message_sign(m->signer, m->signing_key, OID_CT_KEY_PACKAGE, buf_view(&package),
	    m->now, &info, f) && signed_data_of(buf_view(&info), &content, f) &&
	    envelope_seal_signed(content, to, m->rng, out, f);
	buf_clear_secret(&package);
	buf_clear_secret(&info);
	return ok;
}

bool
key_package_decode(struct view der, struct view *private_key, struct fault *f)
{
	struct der	d, list;

	der_init(&d, der);
	return der_open(&d, DER_SEQUENCE, &list, f) &&
	    der_get_tlv(&list, DER_SEQUENCE, private_key, f) && der_end(&list, f) &&
	    der_end(&d, f);
}

/* Signed by the PKI, and a key package. */
static bool
read_signed(struct view signed_data, const struct cert *maker, struct arena *a,
    struct buf *info, struct key **out, struct fault *f)
{
	struct cms_signed	m;
	struct view		private_key;

	cms_content_put(info, OID_CT_SIGNED_DATA, signed_data);
	if (!buf_check(info, "private key", f) || !message_open(buf_view(info), a, &m, f) ||
	    !message_verify_cert(&m, maker, NULL, SIGNING_CERTIFICATE_REQUIRED, f))
		return false;
	if (!view_equal(m.content_type, OID_CT_KEY_PACKAGE) || !m.has_content)
		return fault_set(f, FAULT_MALFORMED, "RFC 5958, 1", "no key package");
	return key_package_decode(m.content, &private_key, f) &&
	    (*out = key_load_der(private_key, f)) != NULL;
}

bool
key_package_open(struct view bytes, const struct key *key, const struct cert *cert,
    const struct cert *maker, struct key **out, struct fault *f)
{
	struct arena	*a = arena_new(ARENA_MAX);
	struct secret	 content = { 0 };
	struct buf	 info;
	bool		 ok;

	buf_init_secret(&info, KEY_PACKAGE_MAX);
	ok = (a != NULL || arena_fault(f)) &&
	    envelope_open_signed(bytes, key, cert, &content, f) &&
	    read_signed(view_of(content.p, content.n), maker, a, &info, out, f);
	secret_clear(&content);
	buf_clear_secret(&info);
	arena_free(a);
	return ok;
}
