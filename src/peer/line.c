/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/cms.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "message/issue.h"
#include "net/client.h"
#include "peer/crls.h"
#include "peer/line.h"
#include "peer/tunnels.h"

#define LINE_OCTETS_MAX	(8 * INSTALL_CERT_MAX)
#define CHAIN_NAME	"/chain.p7c"

/* --- of one line? ----------------------------------------------------------------------- */

/* A relative name that is one CN: its type of string and octets. */
static bool
read_cn(struct view rdn, uint8_t *tag, struct view *text)
{
	struct der	d, set, seq;
	struct view	oid;

	der_init(&d, rdn);
	if (!der_open(&d, DER_SET, &set, NULL) || !der_open(&set, DER_SEQUENCE, &seq, NULL) ||
	    !der_oid(&seq, &oid, NULL) || !view_equal(oid, OID_AT_CN))
		return false;
	*tag = der_peek(&seq);
	return der_get(&seq, *tag, text, NULL) && der_end(&seq, NULL) && der_end(&set, NULL) &&
	    der_end(&d, NULL);
}

/* "VPN IKE CA G12" without what is behind its last " G". */
static bool
cut_generation(struct view *text)
{
	size_t	n = text->n;

	while (n > 0 && text->p[n - 1] >= '0' && text->p[n - 1] <= '9')
		n--;
	if (n == text->n || n < 3 || text->p[n - 1] != 'G' || text->p[n - 2] != ' ')
		return false;
	text->n = n;
	return true;
}

static bool
same_last(struct view a, struct view b)
{
	struct view	x, y;
	uint8_t		s, t;

	return read_cn(a, &s, &x) && read_cn(b, &t, &y) && s == t && cut_generation(&x) &&
	    cut_generation(&y) && view_equal(x, y);
}

static bool
same_line(struct view a, struct view b)
{
	struct der	d, e, x, y;
	struct view	p, q;

	der_init(&d, a);
	der_init(&e, b);
	if (!der_open(&d, DER_SEQUENCE, &x, NULL) || !der_open(&e, DER_SEQUENCE, &y, NULL))
		return false;
	while (!der_at_end(&x) && !der_at_end(&y)) {
		if (!der_get_any(&x, &p, NULL) || !der_get_any(&y, &q, NULL))
			return false;
		if (der_at_end(&x) || der_at_end(&y))
			return der_at_end(&x) && der_at_end(&y) && same_last(p, q);
		if (!view_equal(p, q))
			return false;
	}
	return false;
}

bool
line_has(const struct line_terms *t, struct view der)
{
	struct cert	ca, own, root;

	return cert_decode(der, &ca, NULL) && cert_decode(t->issuer, &own, NULL) &&
	    cert_decode(t->anchor, &root, NULL) && ca.is_ca &&
	    (ca.key_usage & KU_KEY_CERT_SIGN) != 0 && t->now >= ca.not_before - CRLS_SKEW_SECONDS &&
	    t->now <= ca.not_after && view_equal(own.issuer, root.subject) &&
	    (view_equal(der, t->issuer) || same_line(own.subject, ca.subject)) &&
	    certificate_verify(&ca, &root, NULL);
}

/* --- on disk ---------------------------------------------------------------------------- */

static bool
add(const struct line_terms *t, struct view der, struct line *out, struct fault *f)
{
	struct buf	*b = &out->der[out->n];

	if (view_equal(der, t->issuer) || out->n == INSTALL_OTHERS_MAX || !line_has(t, der))
		return true;
	for (size_t i = 0; i < out->n; i++)
		if (view_equal(buf_view(&out->der[i]), der))
			return true;
	buf_init(b, INSTALL_CERT_MAX);
	buf_add_view(b, der);
	out->n++;
	return buf_check(b, "CA certificate", f);
}

static bool
read_all(const struct line_terms *t, struct buf *pem, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), t->dir, LINE_FILE, f) &&
	    (!file_exists(path) || file_read(path, pem, f));
}

bool
line_load(const struct line_terms *t, struct line *out, struct fault *f)
{
	struct buf	pem, der;
	struct view	rest;
	bool		ok;

	*out = (struct line){ 0 };
	buf_init(&pem, LINE_OCTETS_MAX);
	ok = read_all(t, &pem, f);
	for (rest = buf_view(&pem); ok && rest.n > 0;) {
		buf_init(&der, INSTALL_CERT_MAX);
		ok = pem_decode("CERTIFICATE", rest, &der, &rest, f) &&
		    add(t, buf_view(&der), out, f);
		buf_clear(&der);
	}
	buf_clear(&pem);
	if (!ok)
		line_clear(out);
	return ok || fault_within(f, LINE_FILE);
}

void
line_clear(struct line *l)
{
	for (size_t i = 0; i < l->n; i++)
		buf_clear(&l->der[i]);
	l->n = 0;
}

static bool
write_if_new(const struct line_terms *t, struct view text, bool alone, bool *changed,
    struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct buf	before;
	bool		ok;

	buf_init(&before, LINE_OCTETS_MAX);
	ok = read_all(t, &before, f);
	*changed = ok && !view_equal(buf_view(&before), text) && (!alone || before.n > 0);
	buf_clear(&before);
	return ok && (!*changed || (path_join(path, sizeof(path), t->dir, LINE_FILE, f) &&
	    file_write(path, text, 0644, f)));
}

bool
line_keep(const struct line_terms *t, const struct view *certs, size_t n, bool *changed,
    struct fault *f)
{
	struct line	others = { 0 };
	struct buf	pem;
	bool		own = false, ok = true;

	*changed = false;
	for (size_t i = 0; ok && i < n; i++) {
		own |= view_equal(certs[i], t->issuer);
		ok = add(t, certs[i], &others, f);
	}
	buf_init(&pem, LINE_OCTETS_MAX);
	pem_encode("CERTIFICATE", t->issuer, &pem);
	for (size_t i = 0; i < others.n; i++)
		pem_encode("CERTIFICATE", buf_view(&others.der[i]), &pem);
	ok = ok && buf_check(&pem, LINE_FILE, f) &&
	    (!own || write_if_new(t, buf_view(&pem), others.n == 0, changed, f));
	line_clear(&others);
	buf_clear(&pem);
	return ok;
}

/* --- asking ------------------------------------------------------------------------------ */

/* "http://pki.example/ca/ike.cer" -> "http://pki.example/ca/chain.p7c" */
static bool
chain_uri(struct view issuer_uri, char *out, size_t n)
{
	size_t	cut = issuer_uri.n;

	while (cut > 0 && issuer_uri.p[cut - 1] != '/')
		cut--;
	return cut > 1 && (size_t)snprintf(out, n, "%.*s%s", (int)(cut - 1),
	    (const char *)issuer_uri.p, CHAIN_NAME) < n;
}

static bool
keep_chain(const struct line_terms *t, struct view p7, bool *changed, struct fault *f)
{
	struct arena		*a = arena_new(1u << 20);
	struct cms_signed	 m;
	bool			 ok = a != NULL || arena_fault(f);

	ok = ok && cms_signed_decode(p7, a, &m, f) &&
	    line_keep(t, m.certificates, m.certificate_count, changed, f);
	arena_free(a);
	return ok;
}

bool
line_fetch(const struct line_terms *t, const struct cert *leaf, const char *server,
    struct http_client *http, unsigned max_age, bool *changed, struct fault *f)
{
	char			uri[CRLS_URI_MAX], relay[CRLS_URI_MAX];
	struct http_result	r;
	struct buf		p7;
	struct fault		why = { 0 };
	bool			ok;

	*changed = false;
	if (!chain_uri(leaf->ca_issuers_uri, uri, sizeof(uri)))
		return true;
	buf_init(&p7, LINE_OCTETS_MAX);
	ok = http_get_changed(http, uri, "", max_age, &p7, &r, &why);
	if (!ok && crls_relay_uri(uri, server, relay)) {
		buf_reset(&p7);
		fault_clear(&why);
		ok = http_get_changed(http, relay, "", max_age, &p7, &r, &why);
	}
	ok = ok ? keep_chain(t, buf_view(&p7), changed, &why) :
	    why.kind == FAULT_NOT_FOUND || why.kind == FAULT_REFUSED;
	buf_clear(&p7);
	if (!ok && f != NULL)
		*f = why;
	return ok;
}

bool
line_ask(const char *dir, const char *server, struct http_client *http, unsigned max_age,
    int64_t now, bool *changed, struct fault *f)
{
	struct line_terms	t = { .dir = dir, .now = now };
	struct credential	c;
	struct cert		leaf;
	bool			ok;

	*changed = false;
	if (!credential_load(dir, false, &c, f))
		return false;
	ok = c.n_certs < 2;
	if (!ok) {
		t.issuer = buf_view(&c.certs[1]);
		t.anchor = buf_view(&c.certs[c.n_certs - 1]);
		ok = cert_decode(buf_view(&c.certs[0]), &leaf, f) && line_fetch(&t, &leaf, server,
		    http, max_age, changed, f);
	}
	credential_clear(&c);
	return ok;
}
