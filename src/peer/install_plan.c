/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/der.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "peer/install_plan.h"
#include "profile/identity.h"

#define HOST_MAX	253	/* RFC 1035, 2.3.4 */
#define URI_MAX		2048
#define IPV4_BITS	32
#define IPV6_BITS	128

/*
 * What the remote may sign with: any kind of key, but no SHA-1 in the chain
 * or in AUTH (RFC 8247, 3.1).  "identity" is what EdDSA hashes with.
 */
#define REMOTE_AUTH	"pubkey-identity-sha256-sha384-sha512"

/* ---- checks of single strings ---- */

static bool
is_address(const char *text)
{
	uint8_t	octets[16];

	return inet_pton(AF_INET, text, octets) == 1 ||
	    inet_pton(AF_INET6, text, octets) == 1;
}

static bool
host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool
check_host(const char *text, struct fault *f)
{
	const char	*p = text;

	if (is_address(text))
		return true;
	while (host_char(*p))
		p++;
	if (*p != '\0' || p - text > HOST_MAX || text[0] == '-' ||
	    text[0] == '.')
		return fault_set(f, FAULT_REFUSED, "",
		    "\"%s\" is neither an address nor a host name", text);
	return true;
}

/* "198.51.100.0/24", "2001:db8::/32", or one address. */
static bool
check_subnet(const char *text, struct fault *f)
{
	const char	*slash = strchr(text, '/');
	char		 address[INET6_ADDRSTRLEN];
	uint8_t		 octets[16];
	size_t		 n = slash == NULL ? strlen(text) :
	    (size_t)(slash - text);
	int64_t		 bits;

	if (n < sizeof(address)) {
		memcpy(address, text, n);
		address[n] = '\0';
		bits = inet_pton(AF_INET, address, octets) == 1 ? IPV4_BITS :
		    inet_pton(AF_INET6, address, octets) == 1 ? IPV6_BITS : 0;
		if (bits > 0 && (slash == NULL || number_parse("prefix length",
		    slash + 1, 0, bits, &bits, NULL)))
			return true;
	}
	return fault_set(f, FAULT_REFUSED, "",
	    "\"%s\" is not a subnet such as 198.51.100.0/24", text);
}

static bool
check_uri(const char *text, struct fault *f)
{
	const char	*p = text;

	if (strncmp(text, "http://", 7) != 0 &&
	    strncmp(text, "https://", 8) != 0)
		return fault_set(f, FAULT_REFUSED, "",
		    "CRL address \"%s\" does not begin with http://", text);
	while (*p > 0x20 && *p < 0x7f)
		p++;
	if (*p != '\0' || p - text > URI_MAX)
		return fault_set(f, FAULT_REFUSED, "",
		    "CRL address \"%s\" has a space, a foreign character or "
		    "more than %d octets", text, URI_MAX);
	return true;
}

static bool
check_policy(const char *text, struct fault *f)
{
	struct buf	b;
	bool		ok;

	buf_init(&b, OID_OCTETS_MAX);
	ok = oid_parse(text, &b, f);
	buf_clear(&b);
	return ok || fault_within(f, "policy \"%s\"", text);
}

static bool
check_name(const char *what, const char *text, struct fault *f)
{
	if (text == NULL || text[0] == '\0' || strlen(text) > INSTALL_NAME_MAX)
		return fault_set(f, FAULT_REFUSED, "",
		    "the name of %s is missing or longer than %d octets", what,
		    INSTALL_NAME_MAX);
	return true;
}

static bool
check_subnets(const char *const *subnets, size_t n, struct fault *f)
{
	if (n > INSTALL_SUBNETS_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "%zu subnets, at most %d", n, INSTALL_SUBNETS_MAX);
	for (size_t i = 0; i < n; i++)
		if (!check_subnet(subnets[i], f))
			return false;
	return true;
}

static bool
has_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* ---- checks of the request ---- */

static bool
check_der(const char *what, struct view der, struct fault *f)
{
	struct der	d, inner;

	if (der.n == 0 || der.n > INSTALL_CERT_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "%s of %zu octets, want 1 to %u", what, der.n,
		    INSTALL_CERT_MAX);
	der_init(&d, der);
	if (!der_open(&d, DER_SEQUENCE, &inner, f) || !der_end(&d, f))
		return fault_within(f, "%s", what);
	return true;
}

/* One unencrypted block, since a daemon that starts has nobody to ask. */
static bool
check_key(struct view pem, struct fault *f)
{
	static const char	begin[] = "-----BEGIN ";

	if (pem.n < sizeof(begin) || pem.n > INSTALL_KEY_MAX ||
	    memcmp(pem.p, begin, sizeof(begin) - 1) != 0)
		return fault_set(f, FAULT_MALFORMED, "RFC 7468",
		    "the private key is not in PEM");
	if (memmem(pem.p, pem.n, "ENCRYPTED", 9) != NULL)
		return fault_set(f, FAULT_REFUSED, "",
		    "cannot install an encrypted private key");
	return true;
}

static bool
check_credentials(const struct install_request *req, struct fault *f)
{
	if (!check_key(req->key_pem, f) ||
	    !check_der("certificate", req->cert, f))
		return false;
	if (req->nca == 0 || req->nca > INSTALL_CA_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "%zu CA certificates, want 1 to %d", req->nca,
		    INSTALL_CA_MAX);
	for (size_t i = 0; i < req->nca; i++)
		if (!check_der("CA certificate", req->ca[i], f))
			return false;
	if (req->nothers > INSTALL_OTHERS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu CAs beside the issuing one, at most %d",
		    req->nothers, INSTALL_OTHERS_MAX);
	for (size_t i = 0; i < req->nothers; i++)
		if (!check_der("CA certificate", req->others[i], f))
			return false;
	if (req->ncrl_uris > INSTALL_URI_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "%zu CRL addresses, at most %d", req->ncrl_uris,
		    INSTALL_URI_MAX);
	for (size_t i = 0; i < req->ncrl_uris; i++)
		if (!check_uri(req->crl_uris[i], f))
			return false;
	return !has_text(req->policy) || check_policy(req->policy, f);
}

static bool
check_request(const struct install_request *req, struct fault *f)
{
	if (!check_name("this device", req->name, f) ||
	    !check_credentials(req, f) ||
	    (has_text(req->address) && !check_host(req->address, f)) ||
	    !check_subnets(req->subnets, req->nsubnets, f))
		return false;
	if (req->npeers > INSTALL_PEERS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%zu peers, at most %d",
		    req->npeers, INSTALL_PEERS_MAX);
	return true;
}

static bool
check_peer(const struct install_peer *p, struct fault *f)
{
	return check_name("a peer", p->name, f) &&
	    (!has_text(p->address) || check_host(p->address, f)) &&
	    check_subnets(p->subnets, p->nsubnets, f);
}

/* ---- building ---- */

/* "fqdn:gw1.example" as the daemon wants it (RFC 4945, 3.1). */
static const char *
identity_text(struct conf_tree *t, const char *tagged, struct fault *f)
{
	struct identity	 id;
	struct buf	 b;
	const char	*text = NULL;

	if (tagged == NULL) {
		fault_set(f, FAULT_REFUSED, "RFC 4945, 3.1",
		    "an IKE identity is missing");
		return NULL;
	}
	if (!identity_parse_tagged(view_str(tagged), &id, f))
		return NULL;
	buf_init(&b, 2 * IDENTITY_TICKET_MAX);
	identity_strongswan(&id, &b);
	if (buf_check(&b, "identity", f)) {
		text = arena_str(t->arena, buf_view(&b));
		if (text == NULL)
			(void)arena_fault(f);
	}
	buf_clear(&b);
	return text;
}

/*
 * The subject's own octets: a DN that the daemon encodes itself from text is
 * not the same to the bit (RFC 4945, 3.1.5).
 */
static const char *
subject_text(struct conf_tree *t, struct view own, struct fault *f)
{
	struct cert	 c;
	struct buf	 b;
	const char	*text = NULL;

	if (!cert_decode(own, &c, f))
		return NULL;
	if (name_is_empty(c.subject)) {
		fault_set(f, FAULT_REFUSED, "RFC 4945, 3.1.5",
		    "the certificate has an empty subject: there is no DN to send");
		return NULL;
	}
	buf_init(&b, 3 * INSTALL_CERT_MAX);
	identity_strongswan_dn(c.subject, &b);
	if (buf_check(&b, "subject", f) &&
	    (text = arena_str(t->arena, buf_view(&b))) == NULL)
		(void)arena_fault(f);
	buf_clear(&b);
	return text;
}

/* One of its certificate's identities, never another (RFC 4945, 3.1). */
static const char *
local_text(struct conf_tree *t, const struct install_request *req, struct fault *f)
{
	return req->identity != NULL && strcmp(req->identity, INSTALL_ID_DN) == 0 ?
	    subject_text(t, req->cert, f) : identity_text(t, req->identity, f);
}

static bool
add_local(const struct install_request *req, struct install_plan *p,
    struct conf *conn, struct fault *f)
{
	struct conf	*local = conf_section(&p->tree, conn, "local");
	const char	*id = local_text(&p->tree, req, f);

	conf_value(&p->tree, local, "auth", "pubkey");
	conf_cert(&p->tree, local, CONF_CERTS, "certs", p->file, req->cert);
	conf_value(&p->tree, local, "id", id);
	return id != NULL || fault_within(f, "own identity");
}

/*
 * "strict" wants the status of every certificate below the root.  A CA that
 * does not say where its issuer's CRL is has none to be had; "ifuri" then
 * still refuses a remote whose own status, with its CRL address in the
 * authorities section, could not be found out.
 */
static const char *
revocation(const struct install_request *req)
{
	struct cert	ca;

	for (size_t i = 0; i + 1 < req->nca; i++)
		if (!cert_decode(req->ca[i], &ca, NULL) ||
		    (ca.cdp_uri.n == 0 && ca.ocsp_uri.n == 0))
			return req->ncrl_uris > 0 ? "ifuri" : "strict";
	return "strict";
}

/*
 * The remote's identity, exact, from our CA or one of its line, and not revoked.  Without
 * peer whoever has a certificate of our CA, and the policy if one is asked.
 */
static bool
add_remote(const struct install_request *req, struct install_plan *p,
    struct conf *conn, const struct install_peer *peer, struct fault *f)
{
	struct conf	*remote = conf_section(&p->tree, conn, "remote");
	const char	*id = peer == NULL ? "%any" :
	    identity_text(&p->tree, peer->identity, f);

	conf_value(&p->tree, remote, "auth", REMOTE_AUTH);
	conf_value(&p->tree, remote, "id", id);
	conf_cert(&p->tree, remote, CONF_CERTS, "cacerts", p->ca_file[0],
	    req->ca[0]);
	for (size_t i = 0; i < req->nothers; i++)
		conf_cert_more(&p->tree, remote, p->other_file[i], req->others[i]);
	conf_value(&p->tree, remote, "revocation", revocation(req));
	if (has_text(req->policy))
		conf_list(&p->tree, remote, "cert_policy", &req->policy, 1);
	return id != NULL || fault_within(f, "identity of peer \"%s\"",
	    peer->name);
}

/* Who may start?  Whoever knows where to; not a gateway that waits. */
static bool
starts(const struct install_request *req, const struct install_peer *peer)
{
	return req->role != INSTALL_RA_GATEWAY && peer != NULL &&
	    has_text(peer->address);
}

/*
 * The first packet brings the tunnel up.  Selectors left out mean the IKE
 * addresses themselves, or the virtual one of a client.
 */
static void
add_child(const struct install_request *req, struct install_plan *p,
    struct conf *conn, const struct install_peer *peer)
{
	struct conf	*children = conf_section(&p->tree, conn, "children");
	struct conf	*child = conf_section(&p->tree, children, conn->name);

	if (req->nsubnets > 0)
		conf_list(&p->tree, child, "local_ts", req->subnets,
		    req->nsubnets);
	if (peer != NULL && peer->nsubnets > 0)
		conf_list(&p->tree, child, "remote_ts", peer->subnets,
		    peer->nsubnets);
	if (starts(req, peer))
		conf_value(&p->tree, child, "start_action", "trap");
}

static bool
name_taken(const struct install_plan *p, const char *name)
{
	for (const struct conf *c = p->connections->first; c != NULL;
	    c = c->next)
		if (strcmp(c->name, name) == 0)
			return true;
	return false;
}

/* "gw1-gw2"; "gw1-gw2-3" when labels that differ come out the same. */
static const char *
connection_name(struct install_plan *p, const char *other)
{
	const char	*safe = conf_name(&p->tree, other), *name;

	if (safe == NULL)
		return NULL;
	name = arena_printf(p->tree.arena, "%s-%s", p->base, safe);
	/* A label may look like a number of ours: of n + 1 names one is free. */
	for (size_t i = p->nconnections + 1; name != NULL && name_taken(p, name); i++)
		name = arena_printf(p->tree.arena, "%s-%s-%zu", p->base, safe, i);
	return name;
}

static bool
add_connection(const struct install_request *req, struct install_plan *p,
    const struct install_peer *peer, struct fault *f)
{
	struct conf_tree	*t = &p->tree;
	const char		*name = connection_name(p,
	    peer == NULL ? "clients" : peer->name);
	struct conf		*conn = conf_section(t, p->connections, name);

	if (conn == NULL)
		return arena_fault(f);
	p->nconnections++;
	conf_value(t, conn, "version", "2");
	if (has_text(req->address))
		conf_list(t, conn, "local_addrs", &req->address, 1);
	if (peer != NULL && has_text(peer->address))
		conf_list(t, conn, "remote_addrs", &peer->address, 1);
	conf_value(t, conn, "send_cert", "always");
	conf_value(t, conn, "fragmentation", "yes");
	conf_value(t, conn, "dpd_delay", "30s");
	if (!add_local(req, p, conn, f) || !add_remote(req, p, conn, peer, f))
		return false;
	add_child(req, p, conn, peer);
	return true;
}

/* A remote-access gateway without named peers takes all clients of its CA. */
static bool
add_connections(const struct install_request *req, struct install_plan *p,
    struct fault *f)
{
	bool	clients = req->role == INSTALL_RA_GATEWAY && req->npeers == 0;

	if (req->npeers == 0 && !clients)
		return true;
	p->connections = conf_section(&p->tree, &p->tree.root, "connections");
	if (p->connections == NULL)
		return arena_fault(f);
	if (clients)
		return add_connection(req, p, NULL, f);
	for (size_t i = 0; i < req->npeers; i++)
		if (!check_peer(&req->peers[i], f) ||
		    !add_connection(req, p, &req->peers[i], f))
			return false;
	return true;
}

static void
add_authority(const struct install_request *req, struct install_plan *p)
{
	struct conf_tree	*t = &p->tree;
	struct conf		*authorities;

	authorities = conf_section(t, &t->root, "authorities");
	p->authority = conf_section(t, authorities,
	    arena_printf(t->arena, "%s-ca", p->base));
	conf_cert(t, p->authority, CONF_CERT, "cacert", p->ca_file[0],
	    req->ca[0]);
	if (req->ncrl_uris > 0)
		conf_list(t, p->authority, "crl_uris", req->crl_uris,
		    req->ncrl_uris);
}

/* One certificate per file: the daemon reads only the first. */
static bool
name_files(const struct install_request *req, struct install_plan *p,
    struct fault *f)
{
	struct arena	*a = p->tree.arena;

	p->base = conf_name(&p->tree, req->name);
	if (p->base == NULL ||
	    (p->file = arena_printf(a, "%s.pem", p->base)) == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < req->nca; i++) {
		p->ca_file[i] = i == 0 ? arena_printf(a, "%s-ca.pem", p->base) :
		    i == req->nca - 1 ?
		    arena_printf(a, "%s-root.pem", p->base) :
		    arena_printf(a, "%s-ca%zu.pem", p->base, i + 1);
		if (p->ca_file[i] == NULL)
			return arena_fault(f);
	}
	for (size_t i = 0; i < INSTALL_OTHERS_MAX; i++)
		if ((p->other_file[i] = arena_printf(a, "%s-line%zu.pem", p->base, i + 1)) == NULL)
			return arena_fault(f);
	return true;
}

bool
install_plan(const struct install_request *req, struct arena *a,
    struct install_plan *out, struct fault *f)
{
	struct install_plan	*p = out;

	*p = (struct install_plan){ 0 };
	conf_init(&p->tree, a);
	if (!check_request(req, f) || !name_files(req, p, f) ||
	    !add_connections(req, p, f))
		return false;
	add_authority(req, p);
	return !p->tree.failed || arena_fault(f);
}

/* ---- the file ---- */

bool
install_plan_has(const struct install_plan *p, struct view name)
{
	const struct conf	*c = p->connections == NULL ? NULL :
	    p->connections->first;

	for (; c != NULL; c = c->next)
		if (view_equal(view_str(c->name), name))
			return true;
	return false;
}

bool
install_plan_text(const struct install_plan *p, struct view old, struct buf *out,
    struct fault *f)
{
	const struct conf	*c = p->connections == NULL ? NULL :
	    p->connections->first;
	struct view		 name;
	size_t			 at = 0;

	buf_add_str(out,
	    "# Written by pki4ipsec at enrolment and renewal; changes are "
	    "lost then.\n" INSTALL_PLAN_MARK);
	for (; c != NULL; c = c->next)
		buf_addf(out, " %s", c->name);
	while (install_plan_old_name(old, &at, &name))
		if (!install_plan_has(p, name))
			buf_addf(out, " %.*s", (int)name.n, (const char *)name.p);
	buf_add_str(out, "\n\n");
	return conf_write_text(&p->tree, out, f);
}

/* The marked line of text, without the mark; empty if there is none. */
static struct view
marked_line(struct view text)
{
	const uint8_t	*p, *end;

	if (text.n == 0)
		return VIEW_NONE;
	p = memmem(text.p, text.n, "\n" INSTALL_PLAN_MARK,
	    sizeof(INSTALL_PLAN_MARK));
	if (p == NULL)
		return VIEW_NONE;
	p += sizeof(INSTALL_PLAN_MARK);
	end = memchr(p, '\n', text.n - (size_t)(p - text.p));
	return end == NULL ? VIEW_NONE : view_of(p, (size_t)(end - p));
}

bool
install_plan_old_name(struct view text, size_t *at, struct view *name)
{
	struct view	line = marked_line(text);
	size_t		i = *at, start;

	while (i < line.n && line.p[i] == ' ')
		i++;
	start = i;
	while (i < line.n && line.p[i] != ' ')
		i++;
	*at = i;
	*name = line.p == NULL ? VIEW_NONE : view_of(line.p + start, i - start);
	return i > start;
}

/* ---- roles and policies ---- */

bool
install_role_of(const char *template_name, enum install_role *role,
    struct fault *f)
{
	static const struct {
		const char		*prefix;
		enum install_role	 role;
	} roles[] = {
		{ "s2s-",	INSTALL_SITE_TO_SITE },
		{ "ra-gateway",	INSTALL_RA_GATEWAY },
		{ "ra-",	INSTALL_RA_CLIENT },
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strncmp(template_name, roles[i].prefix,
		    strlen(roles[i].prefix)) == 0) {
			*role = roles[i].role;
			return true;
		}
	return fault_set(f, FAULT_NOT_FOUND, "",
	    "template \"%s\" does not say how its devices connect: its name "
	    "begins neither with \"s2s-\" nor with \"ra-\"", template_name);
}

static bool
ca_allows(struct view ca, struct view policy)
{
	struct cert	c;

	return cert_decode(ca, &c, NULL) && (cert_has_policy(&c, policy) ||
	    cert_has_policy(&c, OID_ANY_POLICY));
}

bool
install_policy_ok(const struct view *cas, size_t n, const char *policy)
{
	struct buf	wanted;
	bool		ok;

	buf_init(&wanted, OID_OCTETS_MAX);
	ok = n > 0 && oid_parse(policy, &wanted, NULL);
	for (size_t i = 0; ok && i < n; i++)
		ok = ca_allows(cas[i], buf_view(&wanted));
	buf_clear(&wanted);
	return ok;
}
