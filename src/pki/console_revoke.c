/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs revoke and revoke-where: an operator ends certificates. */
#include <stdlib.h>

#include "base/text.h"
#include "codec/crl.h"
#include "pki/console_parts.h"
#include "profile/prepare.h"

#define CERTS_MAX	STORE_OWNERS_MAX
#define MATCHES_MAX	10000u		/* in one command */
#define LIVING		((1u << STORE_CERT_ISSUED) | (1u << STORE_CERT_CONFIRMED) | \
			    (1u << STORE_CERT_SUPERSEDED))

/* --- revoke ---------------------------------------------------------------------------------- */

struct certs {
	int64_t	n[CERTS_MAX];
	size_t	count;
};

static void
add_cert(struct certs *to, int64_t n)
{
	for (size_t i = 0; i < to->count; i++)
		if (to->n[i] == n)
			return;
	if (n != 0 && to->count < CERTS_MAX)
		to->n[to->count++] = n;
}

static bool
by_serial(struct call *c, const char *word, struct certs *to, struct fault *f)
{
	uint8_t			serial[STORE_SERIAL_OCTETS];
	struct store_cert	cert;
	size_t			n = 0;

	if (!hex_decode(word, serial, sizeof(serial), &n) || n != sizeof(serial))
		return true;
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		if (authority_is_here(&c->e->authorities, ca) &&
		    !cert_by_serial(c->e, c->e->authorities.list[ca].cert.subject,
		    view_of(serial, n), false, c->a, &cert, f))
			return false;
		add_cert(to, cert.n);
	}
	return true;
}

static bool
by_name(struct call *c, const char *value, enum store_name_kind kind, struct certs *to,
    struct fault *f)
{
	struct store_owner	owners[STORE_OWNERS_MAX];
	size_t			n;

	if (!store_name_owners(c->e->p.store, value, kind, c->now, owners, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (owners[i].living)
			add_cert(to, owners[i].cert);
	return true;
}

static bool
by_identity(struct call *c, const char *word, struct certs *to, struct fault *f)
{
	static const struct {
		enum identity_kind	kind;
		enum store_name_kind	name;
	} kinds[] = {
		{ IDENTITY_FQDN, STORE_NAME_FQDN }, { IDENTITY_EMAIL, STORE_NAME_EMAIL },
		{ IDENTITY_IPV4, STORE_NAME_IPV4 }, { IDENTITY_IPV6, STORE_NAME_IPV6 },
	};
	struct identity		id, tagged = { 0 };
	struct fault		why = { 0 };

	(void)!identity_parse_tagged(view_str(word), &tagged, &why);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fault_clear(&why);
		if (tagged.kind == IDENTITY_NONE &&
		    !identity_parse(kinds[i].kind, view_str(word), &id, &why))
			continue;
		if (tagged.kind != IDENTITY_NONE)
			id = tagged;
		if (id.kind == kinds[i].kind && !by_name(c, id.text, kinds[i].name, to, f))
			return false;
	}
	return true;
}

static bool
by_label(struct call *c, const char *word, struct certs *to, struct fault *f)
{
	struct fault	why = { 0 };
	struct buf	out;
	const char	*label = NULL;

	buf_init(&out, LABEL_OCTETS_MAX);
	if (prepare_label(view_str(word), &out, &why))
		label = arena_str(c->a, buf_view(&out));
	buf_clear(&out);
	return label == NULL || by_name(c, label, STORE_NAME_LABEL, to, f);
}

bool
console_revoke_one(struct call *c, int64_t n, unsigned reason, json_t *list, struct fault *f)
{
	struct store_cert	cert;
	struct store_authz	z = { 0 };
	char			serial[2 * STORE_SERIAL_OCTETS + 1];
	bool			done;

	if (!store_cert_find(c->e->p.store, n, false, c->a, &cert, f) ||
	    (cert.authz != 0 && !store_authz_find_n(c->e->p.store, cert.authz, c->a, &z, f)) ||
	    !revoke_whole(c->e, &cert, &z, (int)reason, 0, OPERATOR, c->now, &done, f))
		return false;
	hex_encode(view_of(cert.serial, sizeof(cert.serial)), serial);
	json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "serial", serial, "identity",
	    cert.identity != NULL ? cert.identity : "", "revoked_before", !done));
	return true;
}

static bool
read_reason(const char *word, unsigned *reason, struct fault *f)
{
	if (crl_reason_find(word, reason) && *reason != CRL_CERTIFICATE_HOLD &&
	    *reason != CRL_REMOVE_FROM_CRL)
		return true;
	return fault_set(f, FAULT_USAGE, "RFC 5280, 5.3.1", "\"%s\" is no reason for a "
	    "revocation", word);
}

bool
console_revoke(struct call *c, struct fault *f)
{
	struct certs	found = { 0 };
	unsigned	reason;
	json_t		*list = json_array();

	json_object_set_new(c->answer, "revoked", list);
	if (!read_reason(c->words[2], &reason, f))
		return false;
	if (!by_serial(c, c->words[1], &found, f) || !by_identity(c, c->words[1], &found, f) ||
	    !by_label(c, c->words[1], &found, f))
		return false;
	if (found.count == 0)
		return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is no serial number, identity or "
		    "label of a certificate that counts", c->words[1]);
	for (size_t i = 0; i < found.count; i++)
		if (!console_revoke_one(c, found.n[i], reason, list, f))
			return false;
	return true;
}

/* --- by condition ---------------------------------------------------------------------------- */

struct match {
	struct call	*c;
	const char	*template, *name;	/* "": any */
	struct console_template	 of;
	int64_t		*n;
	size_t		 count;
	json_t		*list;
};

bool
console_template(struct call *c, int64_t n, struct console_template *t, struct fault *f)
{
	struct store_template		 row = { 0 };
	const struct template_entry	*use;

	if (n == t->n)
		return true;
	if (!store_template_find_n(c->e->p.store, n, c->a, &row, f))
		return false;
	use = row.n == 0 ? NULL : templates_find(&c->e->templates, view_str(row.name));
	t->n = n;
	t->name = row.n != 0 ? row.name : "";
	t->of_devices = row.n != 0 && (use == NULL || !use->t.management);
	return true;
}

static bool
match_one(void *ctx, const struct store_cert *cert, struct fault *f)
{
	struct match	*m = ctx;
	const char	*identity = cert->identity != NULL ? cert->identity : "";
	char		 serial[2 * STORE_SERIAL_OCTETS + 1];

	if (cert->authz == 0 || !console_template(m->c, cert->template, &m->of, f))
		return cert->authz == 0;
	if (!m->of.of_devices ||
	    (m->template[0] != '\0' && strcmp(m->template, m->of.name) != 0) ||
	    (m->name[0] != '\0' && strstr(identity, m->name) == NULL))
		return true;
	if (m->count == MATCHES_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %u certificates match: narrow the "
		    "conditions", MATCHES_MAX);
	m->n[m->count++] = cert->n;
	hex_encode(view_of(cert->serial, sizeof(cert->serial)), serial);
	json_array_append_new(m->list, json_pack("{s:s, s:s}", "serial", serial, "identity",
	    identity));
	return true;
}

static bool
find_matches(struct match *m, const char *expires, struct fault *f)
{
	struct store_cert_filter	filter = { .states = LIVING, .max = SIZE_MAX };

	if (expires[0] != '\0' && !date_parse(expires, &filter.expires_by))
		return fault_set(f, FAULT_USAGE, "", "\"%s\": want a date in UTC like "
		    "2026-11-24T04:10:27Z", expires);
	m->n = calloc(MATCHES_MAX, sizeof(*m->n));
	return m->n == NULL ? fault_set(f, FAULT_INTERNAL, "", "out of memory") :
	    store_cert_walk(m->c->e->p.store, &filter, match_one, m, f);
}

/* All that match, if they are as many as was said; "": none, they are only shown. */
static bool
revoke_matches(struct match *m, const char *expect, unsigned reason, struct fault *f)
{
	struct call	*c = m->c;
	json_t		*list;
	char		*end;

	if (expect[0] == '\0')
		return true;
	list = json_array();
	json_object_del(c->answer, "matches");	/* the answer has a ceiling */
	json_object_set_new(c->answer, "revoked", list);
	if (strtoull(expect, &end, 10) != m->count || *end != '\0')
		return fault_set(f, FAULT_CONFLICT, "", "%zu certificates match, not %s: nothing "
		    "was revoked", m->count, expect);
	for (size_t i = 0; i < m->count; i++)
		if (!console_revoke_one(c, m->n[i], reason, list, f))
			return false;
	return true;
}

bool
console_revoke_where(struct call *c, struct fault *f)
{
	struct match	m = { .c = c, .template = c->words[2], .name = c->words[3],
		.of.n = -1, .list = json_array() };
	unsigned	reason;
	bool		ok;

	json_object_set_new(c->answer, "matches", m.list);
	ok = read_reason(c->words[1], &reason, f) && find_matches(&m, c->words[4], f) &&
	    revoke_matches(&m, c->words[5], reason, f);
	free(m.n);
	return ok;
}
