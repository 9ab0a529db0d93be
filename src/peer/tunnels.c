/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/text.h"
#include "codec/cert.h"
#include "peer/line.h"
#include "peer/tunnels.h"
#include "profile/identity.h"

#define INSTALLED_FILE	"installed"
#define SEND_ID_FILE	"send-id"
#define CHAIN_PEM_MAX	(2 * CREDENTIAL_CERTS_MAX * INSTALL_CERT_MAX)

static bool
read_in(const char *dir, const char *name, struct buf *out, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), dir, name, f) && file_read(path, out, f);
}

static bool
read_chain(const char *dir, struct credential *c, struct fault *f)
{
	struct buf	pem;
	struct view	rest;
	bool		ok;

	buf_init(&pem, CHAIN_PEM_MAX);
	ok = read_in(dir, "chain.pem", &pem, f);
	rest = buf_view(&pem);
	while (ok && c->n_certs < CREDENTIAL_CERTS_MAX && rest.n > 0) {
		struct buf	*der = &c->certs[c->n_certs];

		ok = pem_decode("CERTIFICATE", rest, der, &rest, f);
		c->n_certs += ok;
	}
	buf_clear(&pem);
	if (ok && c->n_certs < 2)
		ok = fault_set(f, FAULT_MALFORMED, "", "no issuer behind the certificate");
	return ok || fault_within(f, "%s/chain.pem", dir);
}

bool
credential_load(const char *dir, bool with_key, struct credential *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	buf_init(&out->key_pem, INSTALL_KEY_MAX);
	for (size_t i = 0; i < CREDENTIAL_CERTS_MAX; i++)
		buf_init(&out->certs[i], INSTALL_CERT_MAX);
	if (read_chain(dir, out, f) &&
	    (!with_key || read_in(dir, "key.pem", &out->key_pem, f)))
		return true;
	credential_clear(out);
	return false;
}

void
credential_clear(struct credential *c)
{
	if (c->key_pem.p != NULL)
		secret_wipe(c->key_pem.p, c->key_pem.n);
	buf_clear(&c->key_pem);
	for (size_t i = 0; i < CREDENTIAL_CERTS_MAX; i++)
		buf_clear(&c->certs[i]);
	c->n_certs = 0;
}

/* "a,b" as a list of strings. */
static bool
split(const char *text, struct arena *a, const char *const **out, size_t *n,
    struct fault *f)
{
	const char	**list;
	size_t		 count = text[0] != '\0';

	*n = 0;
	for (const char *p = text; *p != '\0'; p++)
		count += *p == ',';
	if (count == 0)
		return true;
	if ((list = arena_array(a, count, sizeof(*list))) == NULL)
		return arena_fault(f);
	for (const char *p = text;; p++) {
		size_t	len = strcspn(p, ",");

		if ((list[(*n)++] = arena_str(a, view_of(p, len))) == NULL)
			return arena_fault(f);
		if (*(p += len) == '\0')
			break;
	}
	*out = list;
	return true;
}

static bool
plan_peers(const struct ticket *t, struct arena *a, struct install_request *req,
    struct fault *f)
{
	struct install_peer	*peers;

	if (t->n_peers == 0)
		return true;
	if ((peers = arena_array(a, t->n_peers, sizeof(*peers))) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < t->n_peers; i++) {
		const struct ticket_peer	*p = &t->peers[i];

		peers[i].name = p->name;
		peers[i].identity = p->id;
		peers[i].address = p->address;
		if (!split(p->subnets, a, &peers[i].subnets, &peers[i].nsubnets, f))
			return false;
	}
	req->peers = peers;
	req->npeers = t->n_peers;
	return true;
}

/* Where CRLs are, and a policy to ask remote certificates for, if that works. */
static bool
plan_from_cert(const struct credential *c, struct arena *a, struct install_request *req,
    struct fault *f)
{
	struct cert	 cert;
	const char	**uris;
	char		*policy;

	if (!cert_decode(req->cert, &cert, f))
		return false;
	if (cert.cdp_uri.n > 0) {
		if ((uris = arena_alloc(a, sizeof(*uris))) == NULL ||
		    (uris[0] = arena_str(a, cert.cdp_uri)) == NULL)
			return arena_fault(f);
		req->crl_uris = uris;
		req->ncrl_uris = 1;
	}
	if (cert.policy_count > 0) {
		if ((policy = arena_alloc(a, OID_TEXT_MAX)) == NULL)
			return arena_fault(f);
		oid_text(cert.policies[0], policy);
		if (install_policy_ok(req->ca, c->n_certs - 1, policy))
			req->policy = policy;
	}
	return true;
}

bool
tunnels_plan(const struct ticket *t, const struct credential *c, struct arena *a,
    struct install_request *req, struct fault *f)
{
	const char	*colon = t->n_identities == 0 ? NULL : strchr(t->identities[0], ':');

	if (colon == NULL)
		return fault_set(f, FAULT_REFUSED, "ticket", "without an identity there is no "
		    "tunnel to configure");
	req->name = t->label[0] != '\0' ? t->label : colon + 1;
	req->identity = t->identities[0];
	req->address = t->address;
	req->key_pem = buf_view(&c->key_pem);
	req->cert = buf_view(&c->certs[0]);
	req->nca = c->n_certs - 1;
	for (size_t i = 0; i < req->nca; i++)
		req->ca[i] = buf_view(&c->certs[i + 1]);
	return install_role_of(t->template, &req->role, f) &&
	    split(t->subnets, a, &req->subnets, &req->nsubnets, f) &&
	    plan_peers(t, a, req, f) && plan_from_cert(c, a, req, f);
}

/* What DIR/name notes; NULL in *out if it notes nothing. */
static bool
read_note(const char *path, size_t max, struct arena *a, const char **out, struct fault *f)
{
	struct buf	b;
	bool		ok = true;

	*out = NULL;
	if (!file_exists(path))
		return true;
	buf_init(&b, max);
	if ((ok = file_read(path, &b, f)) && b.n > 0) {
		*out = arena_str(a, buf_view(&b));
		ok = *out != NULL || arena_fault(f);
	}
	buf_clear(&b);
	return ok;
}

static bool
keep_name(const char *dir, struct arena *a, struct install_request *req, struct fault *f)
{
	char		 path[INSTALL_PATH_MAX];
	const char	*noted;

	if (!path_join(path, sizeof(path), dir, INSTALLED_FILE, f) ||
	    !read_note(path, INSTALL_NAME_MAX, a, &noted, f))
		return false;
	if (noted == NULL)
		return file_write(path, view_str(req->name), 0600, f);
	req->name = noted;
	return true;
}

/* Does the certificate bear it?  The canonical form goes into the request. */
static bool
use_identity(const char *wanted, struct arena *a, struct install_request *req, struct fault *f)
{
	char		text[IDENTITY_TICKET_MAX];
	struct identity	id;
	struct cert	c;

	if (strcmp(wanted, INSTALL_ID_DN) == 0) {
		req->identity = INSTALL_ID_DN;
		return true;
	}
	if (!identity_parse_tagged(view_str(wanted), &id, f) ||
	    !cert_decode(req->cert, &c, f))
		return false;
	identity_format(&id, text);
	if (!identity_matches(&id, &c))
		return fault_set(f, FAULT_REFUSED, "RFC 4945, 3.1", "the certificate does not "
		    "have %s: no peer would let it in by that name", text);
	req->identity = arena_str(a, view_str(text));
	return req->identity != NULL || arena_fault(f);
}

/* What was noted of a certificate before is no reason to leave the daemon without this one. */
static bool
keep_identity(const char *dir, const char *wanted, struct arena *a,
    struct install_request *req, struct fault *f)
{
	char		 path[INSTALL_PATH_MAX];
	const char	*noted;
	struct fault	 none = { 0 };

	if (!path_join(path, sizeof(path), dir, SEND_ID_FILE, f))
		return false;
	if (wanted != NULL)
		return use_identity(wanted, a, req, f) &&
		    file_write(path, view_str(req->identity), 0600, f);
	if (!read_note(path, IDENTITY_TICKET_MAX, a, &noted, f))
		return false;
	if (noted != NULL && !use_identity(noted, a, req, &none))
		fault_clear(&none);
	return true;
}

/* The CAs of peers that have another one than we have, as we were told last. */
static bool
take_line(const char *dir, int64_t now, struct arena *a, struct install_request *req,
    struct fault *f)
{
	struct line_terms	t = { .dir = dir, .now = now };
	struct line		l;
	bool			ok = true;

	if (req->nca == 0)
		return true;
	t.issuer = req->ca[0];
	t.anchor = req->ca[req->nca - 1];
	if (!line_load(&t, &l, f))
		return false;
	for (size_t i = 0; ok && i < l.n; i++) {
		req->others[i] = arena_copy(a, buf_view(&l.der[i]));
		ok = req->others[i].p != NULL || arena_fault(f);
	}
	req->nothers = l.n;
	line_clear(&l);
	return ok;
}

bool
tunnels_local(const char *dir, const char *send_id, struct arena *a,
    struct install_request *req, struct fault *f)
{
	return take_line(dir, (int64_t)time(NULL), a, req, f) && keep_name(dir, a, req, f) &&
	    (keep_identity(dir, send_id, a, req, f) ||
	    fault_within(f, "identity to send"));
}
