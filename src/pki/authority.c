/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/key.h"
#include "pki/authority.h"

#define PEM_FILE_MAX	(64u << 10)

static const struct {
	const char		*name;
	enum ca_role		 role;
	enum authority_id	 issuer;
} table[AUTHORITIES] = {
	[AUTHORITY_ROOT] = { "root", CA_ROLE_ROOT, AUTHORITY_ROOT },
	[AUTHORITY_IKE] = { "ike", CA_ROLE_IKE, AUTHORITY_ROOT },
	[AUTHORITY_MANAGEMENT] = { "management", CA_ROLE_MANAGEMENT, AUTHORITY_ROOT },
	[AUTHORITY_CMC] = { "cmc", CA_ROLE_CMC_RESPONDER, AUTHORITY_IKE },
	[AUTHORITY_OCSP] = { "ocsp", CA_ROLE_OCSP_SIGNER, AUTHORITY_IKE },
	[AUTHORITY_HTTPS] = { "https", CA_ROLE_HTTPS_SERVER, AUTHORITY_MANAGEMENT },
};

const char *
authority_name(enum authority_id id)
{
	return table[id].name;
}

enum ca_role
authority_role(enum authority_id id)
{
	return table[id].role;
}

enum authority_id
authority_issuer(enum authority_id id)
{
	return table[id].issuer;
}

/* What this CA writes into the certificates it issues. */
static void
set_facts(struct authority *a, enum authority_id id, const char *repository)
{
	snprintf(a->uris[0], sizeof(a->uris[0]), "%s/crl/%s.crl", repository, table[id].name);
	snprintf(a->uris[1], sizeof(a->uris[1]), "%s/ca/%s.cer", repository, table[id].name);
	a->facts = (struct issuer_facts){
		.name = a->cert.subject,
		.ski = a->cert.ski,
		.not_after = a->cert.not_after,
		.crl_uri = a->uris[0],
		.issuer_uri = a->uris[1],
	};
}

/* The AlgorithmIdentifier its key signs with, by the kind of key. */
static bool
set_sigalg(struct authority *a, struct fault *f)
{
	struct pubkey		*pub = pubkey_from_spki(a->cert.spki, f);
	enum digest_kind	 digest;

	if (pub == NULL)
		return false;
	digest = pubkey_kind(pub) == KEY_EC_P384 ? DIGEST_SHA384 :
	    pubkey_kind(pub) == KEY_ED25519 ? DIGEST_SHA512 : DIGEST_SHA256;
	a->sigalg = pubkey_sigalg(pub, digest);
	pubkey_free(pub);
	return true;
}

bool
authority_set(struct authorities *all, enum authority_id id, struct view der,
    const char *repository, struct fault *f)
{
	struct authority	*a = &all->list[id];

	buf_clear(&a->der);
	buf_init(&a->der, CERT_OCTETS_MAX);
	buf_add_view(&a->der, der);
	if (!buf_check(&a->der, "certificate", f) ||
	    !cert_decode(buf_view(&a->der), &a->cert, f))
		return fault_within(f, "certificate \"%s\"", table[id].name);
	if (id < AUTHORITY_CAS)
		set_facts(a, id, repository);
	return set_sigalg(a, f);
}

static bool
load_one(const struct pki_config *c, enum authority_id id, struct authorities *all,
    struct fault *f)
{
	char		sub[64], path[CONFIG_PATH_MAX];
	struct buf	text, der;
	bool		ok;

	buf_init(&text, PEM_FILE_MAX);
	buf_init(&der, CERT_OCTETS_MAX);
	snprintf(sub, sizeof(sub), "certs/%s.pem", table[id].name);
	ok = config_path(c, sub, path, sizeof(path), f) &&
	    file_read(path, &text, f) &&
	    pem_decode("CERTIFICATE", buf_view(&text), &der, NULL, f) &&
	    authority_set(all, id, buf_view(&der), c->repository, f);
	buf_clear(&text);
	buf_clear(&der);
	return ok;
}

bool
authorities_load(const struct pki_config *c, struct authorities *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	for (enum authority_id id = 0; id < AUTHORITIES; id++)
		if (!load_one(c, id, out, f)) {
			authorities_clear(out);
			return false;
		}
	return true;
}

void
authorities_clear(struct authorities *a)
{
	for (size_t i = 0; i < AUTHORITIES; i++)
		buf_clear(&a->list[i].der);
	memset(a, 0, sizeof(*a));
}
