/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "message/issue.h"
#include "pki/own.h"

#define PLAN_ARENA	(1u << 20)
#define FILE_MAX	(256u << 10)

/* --- one certificate ------------------------------------------------------------------ */

/* The host in the URL, for the HTTPS certificate. */
static void
host_of(const char *url, char *out, size_t n)
{
	const char	*from = strstr(url, "://");
	size_t		 len;

	from = from == NULL ? url : from + 3;
	len = *from == '[' ? strcspn(from, "]") : strcspn(from, ":/");
	if (*from == '[') {
		from++;
		len--;
	}
	snprintf(out, n, "%.*s", (int)len, from);
}

static bool
sign_plan(struct cert_plan *plan, struct key *by, struct buf *der, struct fault *f)
{
	struct buf	tbs;
	bool		ok;

	plan->sigalg = key_sigalg(by);
	buf_init(&tbs, CERT_OCTETS_MAX);
	ok = tbs_encode(plan, &tbs, f) && certificate_sign(buf_view(&tbs), by, der, f);
	buf_clear(&tbs);
	return ok;
}

bool
own_certificate(enum authority_id id, const struct own_terms *t, const struct authorities *all,
    struct view spki, struct key *by, struct buf *der, struct fault *f)
{
	const struct issuer_facts	*ca = id == AUTHORITY_ROOT ? NULL :
	    &all->list[authority_in_use(all, authority_issuer(id), t->now)].facts;
	char				 host[CONFIG_TEXT_MAX];
	struct ca_terms			 terms = {
		.role = authority_role(id), .name = t->name, .host = host,
		.generation = t->generation != 0 ? t->generation : 1,
	};
	struct arena			*a = arena_new(PLAN_ARENA);
	struct cert_plan		 plan;
	uint8_t				 serial[16];
	bool				 ok;

	if (a == NULL)
		return arena_fault(f);
	host_of(t->url, host, sizeof(host));
	rng_fill(rng_system(), serial, sizeof(serial));
	/* Outside the counter's range, so that no row of the store is meant. */
	serial[0] = 0x02;
	ok = ca_plan(&terms, spki, ca, t->now, view_of(serial, sizeof(serial)), a, &plan, f) &&
	    sign_plan(&plan, by, der, f);
	arena_free(a);
	return ok || fault_within(f, "%s", authority_name(id));
}

/* --- renewing --------------------------------------------------------------------------- */

static bool
is_due(const struct authorities *all, enum authority_id id, int64_t now)
{
	const struct cert	*c = &all->list[id].cert;
	enum authority_id	 ca = authority_in_use(all, authority_issuer(id), now);

	return now >= c->not_after - (c->not_after - c->not_before) / 3 ||
	    !view_equal(c->issuer, all->list[ca].cert.subject);
}

unsigned
own_due(const struct authorities *all, int64_t now)
{
	unsigned	due = 0;

	for (enum authority_id id = 0; id < AUTHORITIES; id++)
		if ((OWN_RENEWED & (1u << id)) != 0 && is_due(all, id, now))
			due |= 1u << id;
	return due;
}

struct key *
own_key(const struct pki_config *c, const char *name, struct fault *f)
{
	char		sub[64], path[CONFIG_PATH_MAX];
	struct buf	pem;
	struct key	*k = NULL;

	buf_init(&pem, KEY_PEM_MAX);
	snprintf(sub, sizeof(sub), "keys/%s.key.pem", name);
	if (config_path(c, sub, path, sizeof(path), f) && file_read(path, &pem, f) &&
	    (k = key_load_pem(buf_view(&pem), f)) == NULL)
		fault_within(f, "%s", path);
	if (pem.p != NULL)
		secret_wipe(pem.p, pem.n);
	buf_clear(&pem);
	return k;
}

bool
own_write(const struct pki_config *c, const char *name, struct view der, struct fault *f)
{
	char		sub[64], path[CONFIG_PATH_MAX];
	struct buf	pem;
	bool		ok;

	buf_init(&pem, FILE_MAX);
	pem_encode("CERTIFICATE", der, &pem);
	snprintf(sub, sizeof(sub), "certs/%s.pem", name);
	ok = buf_check(&pem, "certificate", f) && config_path(c, sub, path, sizeof(path), f) &&
	    file_write(path, buf_view(&pem), 0644, f);
	buf_clear(&pem);
	return ok;
}

static bool
renew_one(const struct pki_config *c, struct authorities *all, enum authority_id id,
    int64_t now, struct fault *f)
{
	struct own_terms	 t = { .name = c->name, .url = c->url, .now = now };
	enum authority_id	 ca = authority_in_use(all, authority_issuer(id), now);
	struct key		*by = own_key(c, all->list[ca].name, f);
	struct buf		 der;
	char			 until[32];
	bool			 ok;

	if (by == NULL)
		return false;
	buf_init(&der, CERT_OCTETS_MAX);
	ok = own_certificate(id, &t, all, all->list[id].cert.spki, by, &der, f) &&
	    own_write(c, all->list[id].name, buf_view(&der), f) &&
	    authority_set(all, id, buf_view(&der), c->repository, f);
	if (ok) {
		date_format(all->list[id].cert.not_after, until);
		log_line(LOG_LEVEL_INFO, "own certificate renewed", "name=%s until=%s",
		    authority_name(id), until);
	}
	buf_clear(&der);
	key_free(by);
	return ok;
}

bool
own_renew(const struct pki_config *c, unsigned which, int64_t now, struct fault *f)
{
	struct authorities	all;
	bool			ok;

	if (!authorities_load(c, &all, f))
		return false;
	ok = true;
	for (enum authority_id id = 0; ok && id < AUTHORITIES; id++)
		if ((which & OWN_RENEWED & (1u << id)) != 0)
			ok = renew_one(c, &all, id, now, f);
	authorities_clear(&all);
	return ok;
}
