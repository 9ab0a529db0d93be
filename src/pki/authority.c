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
	[AUTHORITY_IKE_NEXT] = { "ike", CA_ROLE_IKE, AUTHORITY_ROOT },
	[AUTHORITY_MANAGEMENT_NEXT] = { "management", CA_ROLE_MANAGEMENT, AUTHORITY_ROOT },
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

bool
authority_is_here(const struct authorities *all, enum authority_id id)
{
	return all->list[id].der.n > 0;
}

enum authority_id
authority_line(enum authority_id id)
{
	return id == AUTHORITY_IKE_NEXT ? AUTHORITY_IKE :
	    id == AUTHORITY_MANAGEMENT_NEXT ? AUTHORITY_MANAGEMENT : id;
}

enum authority_id
authority_next(enum authority_id line)
{
	return line == AUTHORITY_IKE ? AUTHORITY_IKE_NEXT :
	    line == AUTHORITY_MANAGEMENT ? AUTHORITY_MANAGEMENT_NEXT : line;
}

enum authority_id
authority_of_line(enum ca_line line)
{
	return line == CA_LINE_IKE ? AUTHORITY_IKE : AUTHORITY_MANAGEMENT;
}

enum authority_id
authority_in_use(const struct authorities *all, enum authority_id line, int64_t now)
{
	enum authority_id	next = authority_next(line);

	return authority_is_here(all, next) && now >= all->list[next].from ? next : line;
}

enum ca_phase
authority_phase(const struct authorities *all, enum authority_id ca, int64_t now)
{
	enum authority_id	line = authority_line(ca);

	if (ca == authority_in_use(all, line, now))
		return CA_IN_USE;
	return ca == line ? CA_OLD : CA_ANNOUNCED;
}

enum authority_id
authority_named(const struct authorities *all, struct view subject, struct view ski)
{
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++)
		if (authority_is_here(all, ca) &&
		    view_equal(all->list[ca].cert.subject, subject) &&
		    (ski.n == 0 || view_equal(all->list[ca].cert.ski, ski)))
			return ca;
	return AUTHORITIES;
}

/* 0 the root, 1 and 2 the first generations, 4 and 5 the second, ... */
uint8_t
authority_number(const struct authorities *all, enum authority_id ca)
{
	return (uint8_t)(authority_line(ca) + (all->list[ca].generation - 1) * AUTHORITY_IKE_NEXT);
}

enum authority_id
authority_numbered(const struct authorities *all, uint8_t number)
{
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++)
		if (authority_is_here(all, ca) && authority_number(all, ca) == number)
			return ca;
	return AUTHORITIES;
}

/* What this CA writes into the certificates it issues. */
static void
set_facts(struct authority *a, const char *repository)
{
	char	name[sizeof(a->name)];

	memcpy(name, a->name, sizeof(name));
	snprintf(a->uris[0], sizeof(a->uris[0]), "%s/crl/%s.crl", repository, name);
	snprintf(a->uris[1], sizeof(a->uris[1]), "%s/ca/%s.cer", repository, name);
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

	if (a->generation == 0) {
		snprintf(a->name, sizeof(a->name), "%s", table[id].name);
		a->generation = 1;
	}
	buf_clear(&a->der);
	buf_init(&a->der, CERT_OCTETS_MAX);
	buf_add_view(&a->der, der);
	if (!buf_check(&a->der, "certificate", f) ||
	    !cert_decode(buf_view(&a->der), &a->cert, f))
		return fault_within(f, "certificate \"%s\"", a->name);
	if (id < AUTHORITY_CAS)
		set_facts(a, repository);
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
	snprintf(sub, sizeof(sub), "certs/%s.pem", all->list[id].name);
	ok = config_path(c, sub, path, sizeof(path), f) &&
	    file_read(path, &text, f) &&
	    pem_decode("CERTIFICATE", buf_view(&text), &der, NULL, f) &&
	    authority_set(all, id, buf_view(&der), c->repository, f);
	buf_clear(&text);
	buf_clear(&der);
	return ok;
}

static void
name_line(struct authorities *all, enum ca_line line, const struct ca_living *l)
{
	enum authority_id	id = authority_of_line(line);

	for (size_t i = 0; i < l->n; i++, id = authority_next(id)) {
		all->list[id].generation = l->list[i].number;
		all->list[id].from = l->list[i].from;
		ca_generation_name(line, l->list[i].number, all->list[id].name);
	}
}

static bool
name_all(const struct pki_config *c, struct authorities *all, struct fault *f)
{
	struct rollover	r;

	if (!rollover_read(c, &r, f))
		return false;
	for (enum authority_id id = 0; id < AUTHORITIES; id++) {
		if (authority_line(id) != id)
			continue;
		snprintf(all->list[id].name, sizeof(all->list[id].name), "%s", table[id].name);
		all->list[id].generation = 1;
	}
	for (size_t i = 0; i < ROLLOVER_LINES; i++)
		name_line(all, (enum ca_line)i, &r.line[i]);
	return true;
}

bool
authorities_load(const struct pki_config *c, struct authorities *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	if (!name_all(c, out, f))
		return false;
	for (enum authority_id id = 0; id < AUTHORITIES; id++)
		if (out->list[id].generation > 0 && !load_one(c, id, out, f)) {
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
