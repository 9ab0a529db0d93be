/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install.h - put a key, a certificate and its tunnels where they are used.
 *
 * One function per kind of place.  install_strongswan() writes swanctl files,
 * loads them into the running daemon and reads back what the daemon holds;
 * install_files() writes four PEM files and nothing else.
 *
 * Neither checks that the certificate is good: whoever calls has verified
 * the chain, the names and that the key belongs to the certificate.  What a
 * request says ends up in a configuration file, so every string in it is
 * held against the form it must have, and refused if it has another.
 *
 * Every pointer is borrowed for the call.  No secret is logged or reported.
 */
#ifndef PEER_INSTALL_H
#define PEER_INSTALL_H

#include "base/fault.h"
#include "base/view.h"

#define INSTALL_CA_MAX		4	/* issuing CA, root, and two between */
#define INSTALL_OTHERS_MAX	2	/* CAs that peers' certificates may be of, too */
#define INSTALL_URI_MAX		8	/* CRL addresses of one CA */
#define INSTALL_SUBNETS_MAX	256	/* one traffic selector payload: 255 */
#define INSTALL_PEERS_MAX	1024	/* a mesh; a larger one wants a hub */
#define INSTALL_NAME_MAX	131	/* octets of a label in a ticket */
#define INSTALL_KEY_MAX		(16u << 10)	/* octets of a private key's PEM */
#define INSTALL_CERT_MAX	(32u << 10)	/* octets of a certificate's DER */
#define INSTALL_PATH_MAX	4096

#define INSTALL_SWANCTL_DIR	"/etc/swanctl"
#define INSTALL_VICI_URI	"unix:///var/run/charon.vici"
#define INSTALL_ID_DN		"dn"	/* own identity: the certificate's subject, octet for octet */

enum install_role {
	INSTALL_SITE_TO_SITE = 0,	/* one connection per peer, both may start */
	INSTALL_RA_GATEWAY,		/* waits for users and machines */
	INSTALL_RA_CLIENT,		/* a user or machine: calls its gateways */
};

/*
 * Identities are written as in a ticket: "fqdn:gw1.example",
 * "email:ann@example.org", "ipv4:192.0.2.1", "ipv6:2001:db8::1".
 */
struct install_peer {
	const char		*name;		/* "gw2"; used in names of connections */
	const char		*identity;	/* exact, never a pattern */
	const char		*address;	/* or host name; NULL or "": any */
	const char *const	*subnets;	/* "198.51.100.2/32" */
	size_t			 nsubnets;
};

struct install_request {
	const char		*name;		/* "gw1"; file names derive from it */
	const char		*dir;		/* install_files: where to write */
	const char		*identity;	/* own IKE identity, in the certificate; or INSTALL_ID_DN */
	enum install_role	 role;

	struct view		 key_pem;	/* unencrypted PKCS#8 */
	struct view		 cert;		/* own certificate, DER */
	struct view		 ca[INSTALL_CA_MAX];	/* DER: issuing CA first, root last */
	size_t			 nca;
	struct view		 others[INSTALL_OTHERS_MAX];	/* DER: beside the issuing one (line.h) */
	size_t			 nothers;
	const char *const	*crl_uris;	/* of the issuing CA; http or https */
	size_t			 ncrl_uris;
	const char		*policy;	/* OID in dots the remote certificate must
						   carry, or NULL; only if install_policy_ok() */

	const char		*address;	/* own IKE address; NULL or "": any */
	const char *const	*subnets;	/* what is behind this device */
	size_t			 nsubnets;
	const struct install_peer *peers;
	size_t			 npeers;

	const char		*swanctl_dir;	/* NULL: INSTALL_SWANCTL_DIR */
	const char		*vici_uri;	/* NULL: INSTALL_VICI_URI */
};

/* What was reached; filled as far as it got, also when the call fails. */
struct install_report {
	bool	 files_in_place;	/* written and left there */
	bool	 restored;		/* a failure: what was there before is back */
	bool	 loaded;		/* the daemon took everything... */
	bool	 has_cert;		/* ...and, read back from it: */
	bool	 has_ca;
	bool	 has_key;		/* the key of this very certificate */
	size_t	 connections;		/* of wanted, those it holds */
	size_t	 wanted;
	char	 conf[INSTALL_PATH_MAX];	/* file the connections are in */
	char	 connection[256];	/* the first one's name, or "" */
	char	 daemon[128];		/* "charon-systemd 5.9.8", or "" */
	char	 missing[256];		/* what was not read back, in words, or "" */
	char	 next[512];		/* the command to run next, or "" */
};

/* "s2s-gateway", "ra-gateway", "ra-user", "ra-machine" and what begins so. */
MUST_CHECK bool install_role_of(const char *template_name,
    enum install_role *role, struct fault *f);

/*
 * May remote certificates be asked for this policy?  strongSwan honours a
 * policy only if every CA certificate up to the root, the root too, carries
 * it or anyPolicy; asked of any other chain it refuses every peer.
 */
bool	install_policy_ok(const struct view *cas, size_t n, const char *policy);

/*
 * Write private/NAME.pem (0600), x509/NAME.pem, x509ca/NAME-*.pem (those of
 * others that are no longer wanted are removed) and
 * conf.d/NAME.conf below swanctl_dir; with load, bring them into the daemon
 * by the vici protocol, and read back that it has them.
 *
 * If the daemon does not take something, the files that were there before
 * are put back.  If no daemon answers, the new files stay and the fault is
 * FAULT_BUSY; report->next says what to do.
 */
MUST_CHECK bool install_strongswan(const struct install_request *req, bool load,
    struct install_report *report, struct fault *f);

/* key.pem (0600), cert.pem, chain.pem (own, then CAs), ca.pem (root) in dir. */
MUST_CHECK bool install_files(const struct install_request *req,
    struct install_report *report, struct fault *f);

#endif
