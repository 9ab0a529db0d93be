/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/key.h"
#include "net/client.h"
#include "net/url.h"
#include "peer/crls.h"
#include "peer/line.h"

/* --- judging -------------------------------------------------------------------------- */

static bool
check_form(const struct crl *c, struct fault *f)
{
	if (c->is_delta || c->has_issuing_dist_point)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.2", "the CRL is a part of one: "
		    "want a complete CRL");
	if (c->unknown_critical)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.2", "the CRL has a critical "
		    "extension that is not known here");
	if (!c->has_next_update || !c->has_number)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.2", "the CRL lacks %s",
		    c->has_number ? "nextUpdate" : "a number");
	return true;
}

static bool
check_signature(const struct crl *c, const struct cert *ca, struct fault *f)
{
	struct pubkey	*pub;
	bool		 ok;

	if (!view_equal(c->issuer, ca->subject) || (c->aki.n > 0 && ca->ski.n > 0 &&
	    !view_equal(c->aki, ca->ski)))
		return fault_set(f, FAULT_SIGNATURE, "RFC 5280, 6.3.3", "the CRL is another CA's");
	if (ca->has_key_usage && (ca->key_usage & KU_CRL_SIGN) == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 6.3.3", "the CA may not sign CRLs");
	if ((pub = pubkey_from_spki(ca->spki, f)) == NULL)
		return false;
	ok = pubkey_verify(pub, c->sigalg.tlv, c->tbs, c->signature, f);
	pubkey_free(pub);
	return ok || fault_within(f, "the CRL");
}

static bool
check_dates(const struct crl *c, int64_t now, struct fault *f)
{
	char	date[32];

	if (c->this_update > now + CRLS_SKEW_SECONDS) {
		date_format(c->this_update, date);
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.1.2.4", "the CRL is from the "
		    "future, %s: is this device's clock right?", date);
	}
	if (c->next_update <= now) {
		date_format(c->next_update, date);
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.1.2.5", "the CRL has ended, %s",
		    date);
	}
	return true;
}

/* CRL numbers, as numbers: of the same length as octets. */
static int
compare_numbers(struct view a, struct view b)
{
	while (a.n > 1 && a.p[0] == 0)
		a = view_of(a.p + 1, a.n - 1);
	while (b.n > 1 && b.p[0] == 0)
		b = view_of(b.p + 1, b.n - 1);
	return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : view_compare(a, b);
}

bool
crls_judge(const struct crl *c, const struct cert *ca, const struct crl *held, int64_t now,
    bool *newer, struct fault *f)
{
	int	order;

	*newer = false;
	if (held != NULL && view_equal(c->der, held->der))
		return true;
	if (!check_form(c, f) || !check_signature(c, ca, f) || !check_dates(c, now, f))
		return false;
	order = held == NULL ? 1 : compare_numbers(c->number, held->number);
	if (order < 0)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.2.3", "the CRL is older than the "
		    "one in use: somebody replays it, or the PKI was set back");
	if (order == 0)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 5.2.3", "the CRL differs from the "
		    "one in use, which has the same number");
	*newer = true;
	return true;
}

/* --- on disk -------------------------------------------------------------------------- */

static bool
path_of(const struct crls *c, const struct crl_source *s, bool pending,
    char out[INSTALL_PATH_MAX], struct fault *f)
{
	char	name[sizeof(s->key_id) + 16];

	snprintf(name, sizeof(name), CRLS_FOLDER "/%s.%s", s->key_id, pending ? "new" : "crl");
	return path_join(out, INSTALL_PATH_MAX, c->dir, name, f);
}

bool
crls_read(const struct crls *c, const struct crl_source *s, bool pending, struct buf *out,
    struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_of(c, s, pending, path, f) && file_read(path, out, f);
}

bool
crls_lists(const struct crls *c, const struct crl_source *s, struct view serial, bool *listed,
    unsigned *reason, struct fault *f)
{
	struct crl_revoked	entry = { 0 };
	struct crl		crl;
	struct buf		b;
	bool			ok;

	*listed = false;
	if (!s->held && !s->pending)
		return true;
	buf_init(&b, CRLS_OCTETS_MAX);
	ok = crls_read(c, s, s->pending, &b, f) && crl_decode(buf_view(&b), &crl, f) &&
	    crl_find(&crl, serial, listed, &entry, f);
	*reason = entry.reason;
	buf_clear(&b);
	return ok;
}

bool
crls_settle(struct crls *c, struct crl_source *s, struct fault *f)
{
	char	from[INSTALL_PATH_MAX], to[INSTALL_PATH_MAX];

	if (!s->pending)
		return true;
	if (!path_of(c, s, true, from, f) || !path_of(c, s, false, to, f))
		return false;
	if (rename(from, to) != 0)
		return fault_set(f, FAULT_IO, "", "could not rename \"%s\": %s", from,
		    error_text(errno));
	s->pending = false;
	s->held = true;
	return true;
}

static void
note(struct crl_source *s, const struct crl *c)
{
	hex_encode(view_of(c->number.p, c->number.n > 21 ? 21 : c->number.n), s->number);
	s->this_update = c->this_update;
	s->next_update = c->next_update;
}

/*
 * What lies there was judged when it came, but by an earlier run: damaged or
 * another CA's, it is none.
 */
static bool
take_up(struct crls *c, struct crl_source *s, bool pending)
{
	struct cert	ca;
	struct crl	crl;
	struct buf	b;
	bool		ok;

	buf_init(&b, CRLS_OCTETS_MAX);
	ok = crls_read(c, s, pending, &b, NULL) && crl_decode(buf_view(&b), &crl, NULL) &&
	    cert_decode(buf_view(&s->ca), &ca, NULL) && check_form(&crl, NULL) &&
	    check_signature(&crl, &ca, NULL);
	if (ok)
		note(s, &crl);
	buf_clear(&b);
	return ok;
}

/* --- which ---------------------------------------------------------------------------- */

bool
crls_relay_uri(const char *uri, const char *server, char out[CRLS_URI_MAX])
{
	struct url	at, own;

	out[0] = '\0';
	if (!url_parse(view_str(uri), &at, NULL) || !url_parse(view_str(server), &own, NULL) ||
	    (strcmp(at.host, own.host) == 0 && at.port == own.port))
		return false;
	if (!url_at(&own, at.path, out, CRLS_URI_MAX))
		out[0] = '\0';
	return out[0] != '\0';
}

static bool
add_source(struct crls *c, const char *server, struct view uri, struct view ca_der,
    struct fault *f)
{
	struct crl_source	*s = &c->at[c->n];
	struct cert		 ca;

	if (!cert_decode(ca_der, &ca, f))
		return false;
	if (uri.n == 0 || uri.n >= sizeof(s->uri) || ca.ski.n == 0 || ca.ski.n > SHA1_OCTETS)
		return true;
	memset(s, 0, sizeof(*s));
	memcpy(s->uri, uri.p, uri.n);
	s->uri[uri.n] = '\0';
	(void)crls_relay_uri(s->uri, server, s->relay_uri);
	hex_encode(ca.ski, s->key_id);
	name_text(ca.subject, s->issuer, sizeof(s->issuer));
	buf_init(&s->ca, INSTALL_CERT_MAX);
	buf_add_view(&s->ca, ca_der);
	c->n++;
	return buf_check(&s->ca, "CA certificate", f);
}

/* Beside the CRL of our own CA: "http://pki.example/crl/KEYID.crl". */
static bool
add_other(struct crls *c, const char *server, struct view own_uri, struct view ca_der,
    struct fault *f)
{
	char		uri[CRLS_URI_MAX], key_id[2 * SHA1_OCTETS + 1];
	struct cert	ca;
	size_t		cut = own_uri.n;

	if (!cert_decode(ca_der, &ca, f))
		return false;
	while (cut > 0 && own_uri.p[cut - 1] != '/')
		cut--;
	if (ca.ski.n > SHA1_OCTETS)
		return true;
	hex_encode(ca.ski, key_id);
	return cut == 0 || (size_t)snprintf(uri, sizeof(uri), "%.*s%s.crl", (int)cut,
	    (const char *)own_uri.p, key_id) >= sizeof(uri) ||
	    add_source(c, server, view_str(uri), ca_der, f);
}

static bool
add_chain(struct crls *c, const char *server, const struct credential *cred, struct fault *f)
{
	struct cert	cert;

	for (size_t i = 0; i + 1 < cred->n_certs; i++)
		if (!cert_decode(buf_view(&cred->certs[i]), &cert, f) ||
		    !add_source(c, server, cert.cdp_uri, buf_view(&cred->certs[i + 1]), f))
			return false;
	return true;
}

static bool
add_line(struct crls *c, const char *server, const struct credential *cred, int64_t now,
    struct fault *f)
{
	struct line_terms	t = { .dir = c->dir, .now = now };
	struct line		l;
	struct cert		cert;
	bool			ok;

	if (cred->n_certs < 2)
		return true;
	t.issuer = buf_view(&cred->certs[1]);
	t.anchor = buf_view(&cred->certs[cred->n_certs - 1]);
	ok = cert_decode(buf_view(&cred->certs[0]), &cert, f) && line_load(&t, &l, f);
	if (!ok)
		return false;
	for (size_t i = 0; ok && i < l.n; i++)
		ok = add_other(c, server, cert.cdp_uri, buf_view(&l.der[i]), f);
	line_clear(&l);
	return ok;
}

bool
crls_open(const char *dir, const char *server, const struct credential *c, struct crls *out,
    int64_t now, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	memset(out, 0, sizeof(*out));
	out->dir = dir;
	if (!path_join(path, sizeof(path), dir, CRLS_FOLDER, f) || !dir_make(path, 0755, f))
		return false;
	if (!add_chain(out, server, c, f) || !add_line(out, server, c, now, f)) {
		crls_clear(out);
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		struct crl_source	*s = &out->at[i];

		s->held = take_up(out, s, false);
		s->pending = take_up(out, s, true);
	}
	return true;
}

void
crls_clear(struct crls *c)
{
	for (size_t i = 0; i < c->n; i++)
		buf_clear(&c->at[i].ca);
	c->n = 0;
}

/* --- fetching ------------------------------------------------------------------------- */

/* The newer of those on disk, if there is one. */
static bool
read_last(const struct crls *c, const struct crl_source *s, struct buf *b, struct crl *crl)
{
	return (s->held || s->pending) && crls_read(c, s, s->pending, b, NULL) &&
	    crl_decode(buf_view(b), crl, NULL);
}

static bool
accept_crl(struct crls *c, struct crl_source *s, const struct buf *b, int64_t now,
    bool *newer, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct cert	ca;
	struct crl	crl, last;
	struct buf	held;
	bool		ok, there;

	buf_init(&held, CRLS_OCTETS_MAX);
	there = read_last(c, s, &held, &last);
	ok = crl_decode(buf_view(b), &crl, f) && cert_decode(buf_view(&s->ca), &ca, f) &&
	    crls_judge(&crl, &ca, there ? &last : NULL, now, newer, f) &&
	    (!*newer || (path_of(c, s, true, path, f) &&
	    file_write(path, buf_view(b), 0644, f)));
	if (ok && *newer) {
		s->pending = true;
		note(s, &crl);
	}
	buf_clear(&held);
	return ok;
}

static bool
fetch_from(struct crls *c, struct crl_source *s, const char *uri, struct http_client *http,
    unsigned max_age, int64_t now, struct crls_fetched *out, struct fault *f)
{
	struct http_result	r;
	struct buf		b;
	bool			there = s->held || s->pending, ok;

	*out = (struct crls_fetched){ 0 };
	buf_init(&b, CRLS_OCTETS_MAX);
	ok = http_get_changed(http, uri, there ? s->etag : "", max_age, &b, &r, f);
	out->retry_after = r.retry_after;
	if (ok && r.status != 304) {
		ok = accept_crl(c, s, &b, now, &out->newer, f);
		snprintf(s->etag, sizeof(s->etag), "%s", ok ? r.etag : "");
	}
	if (ok)
		s->fetched = now;
	buf_clear(&b);
	return ok;
}

bool
crls_fetch(struct crls *c, struct crl_source *s, struct http_client *http, unsigned max_age,
    int64_t now, struct crls_fetched *out, struct fault *f)
{
	struct fault	why = { 0 };

	if (fetch_from(c, s, s->by_relay ? s->relay_uri : s->uri, http, max_age, now, out, &why))
		return true;
	if (s->relay_uri[0] != '\0' && (why.kind == FAULT_BUSY || why.kind == FAULT_NOT_FOUND) &&
	    fetch_from(c, s, s->by_relay ? s->uri : s->relay_uri, http, max_age, now, out, NULL)) {
		s->by_relay = !s->by_relay;
		return true;
	}
	if (f != NULL)
		*f = why;
	return false;
}

enum crls_life
crls_life(const struct crl_source *s, int64_t now)
{
	if (!s->held && !s->pending)
		return CRLS_NONE;
	if (s->next_update <= now)
		return CRLS_ENDED;
	return s->next_update - now < (s->next_update - s->this_update) / CRLS_NEAR_PART ?
	    CRLS_NEAR_END : CRLS_GOOD;
}
