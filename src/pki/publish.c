/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the whole world may read: CA certificates and CRLs, as objects for the
 * front.  A CRL is signed, stored and offered before the revocation is
 * answered (decision D-38).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/crl.h"
#include "codec/cms.h"
#include "pki/work.h"

static struct object *
object_at(struct engine *e, const char *path, const char *type)
{
	struct object	*o;

	for (size_t i = 0; i < e->n_objects; i++)
		if (strcmp(e->objects[i].path, path) == 0)
			return &e->objects[i];
	o = &e->objects[e->n_objects++];
	snprintf(o->path, sizeof(o->path), "%s", path);
	o->content_type = type;
	buf_init(&o->body, CRL_OCTETS_MAX);
	return o;
}

bool
publish_object(struct engine *e, const char *path, const char *type, struct view body,
    int64_t modified, int64_t expires, struct fault *f)
{
	struct object	*o = object_at(e, path, type);

	buf_reset(&o->body);
	buf_add_view(&o->body, body);
	o->modified = modified;
	o->expires = expires;
	o->version++;
	return buf_check(&o->body, path, f);
}

/* By the CA's name, and by its key identifier for who knows no more of it. */
static bool
set_crl_object(struct engine *e, enum authority_id ca, const struct store_crl *crl,
    struct fault *f)
{
	const struct authority	*a = &e->authorities.list[ca];
	char			 key_id[2 * CERT_SERIAL_OCTETS_MAX + 1], path[64];

	hex_encode(a->cert.ski, key_id);
	snprintf(path, sizeof(path), "/crl/%s.crl", key_id);
	if (!publish_object(e, path, "application/pkix-crl", crl->der, crl->this_update,
	    crl->next_update, f))
		return false;
	snprintf(path, sizeof(path), "/crl/%s.crl", a->name);
	e->crl_next[ca] = crl->this_update + (ca == AUTHORITY_ROOT ? ROOT_CRL_SECONDS / 2 :
	    e->p.config->crl_interval);
	return publish_object(e, path, "application/pkix-crl", crl->der, crl->this_update,
	    crl->next_update, f);
}

/* --- CRLs ----------------------------------------------------------------------- */

static bool
add_entry(void *ctx, const struct store_revoked *r, struct fault *f)
{
	struct crl_item	item = {
		.serial = r->serial, .revoked_at = r->revoked_at, .reason = (unsigned)r->reason,
		.invalidity = r->invalidity,
	};

	(void)f;
	crl_put(ctx, &item);
	return true;
}

static bool
build_tbs(struct engine *e, enum authority_id ca, int64_t number, int64_t now,
    struct buf *tbs, int64_t *next, struct fault *f)
{
	const struct authority	*a = &e->authorities.list[ca];
	struct crl_plan		 plan = {
		.sigalg = a->sigalg, .issuer = a->cert.subject, .this_update = now,
		.next_update = now + (ca == AUTHORITY_ROOT ? ROOT_CRL_SECONDS :
		    e->p.config->crl_lifetime),
		.aki = a->cert.ski, .number = (uint64_t)number,
	};
	struct crl_writer	 w;
	struct view		 out;

	*next = plan.next_update;
	/* An entry stays until it was on a CRL behind its end (RFC 5280, 3.3). */
	now -= *next - now;
	crl_begin(&w, &plan, tbs);
	return store_revoked_walk(e->p.store, e->ca[ca], now, 0, add_entry, &w, f) &&
	    crl_finish(&w, &out, f);
}

static bool
sign_crl(struct engine *e, enum authority_id ca, struct view tbs, struct view *der,
    struct fault *f)
{
	struct frame	fr;
	size_t		used;

	buf_reset(&e->questions);
	signer_put_crl(&e->questions, authority_number(&e->authorities, ca), tbs);
	return engine_exchange(e, 1, f) &&
	    frame_take(buf_view(&e->answers), FRAME_BODY_MAX, &fr, &used, f) &&
	    signer_get_object(&fr, SIGNER_CRL, der, f);
}

/* Signed and stored in a transaction of the caller; offered once it is committed. */
static bool
renew_crl(struct engine *e, enum authority_id ca, int64_t now, struct fault *f)
{
	struct store_crl	crl = { .ca = e->ca[ca], .this_update = now };
	struct buf		tbs;
	bool			ok;

	buf_init(&tbs, CRL_OCTETS_MAX);
	/* A number whose transaction was undone is not used again. */
	ok = store_crl_number(e->p.store, crl.ca, e->crl_tried[ca] + 1, &crl.number, f) &&
	    build_tbs(e, ca, crl.number, now, &tbs, &crl.next_update, f);
	buf_reset(&e->crl_octets[ca]);
	if (ok) {
		e->crl_tried[ca] = crl.number;
		ok = sign_crl(e, ca, buf_view(&tbs), &crl.der, f);
		buf_add_view(&e->crl_octets[ca], ok ? crl.der : VIEW_NONE);
		crl.der = buf_view(&e->crl_octets[ca]);
		ok = ok && buf_check(&e->crl_octets[ca], "CRL", f) &&
		    store_crl_put(e->p.store, &crl, f);
	}
	buf_clear(&tbs);
	if (ok)
		e->crl_staged[ca] = crl;
	return ok;
}

void
publish_committed(struct engine *e)
{
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		struct store_crl	*crl = &e->crl_staged[ca];
		struct fault		 f = { 0 };

		if (crl->number == 0)
			continue;
		e->crl_dirty[ca] = !set_crl_object(e, ca, crl, &f);
		if (e->crl_dirty[ca])
			log_fault(LOG_LEVEL_ERROR, "could not offer a crl", &f);
		else
			log_line(LOG_LEVEL_INFO, "crl issued", "ca=%s number=%" PRId64
			    " octets=%zu", e->authorities.list[ca].name, crl->number,
			    crl->der.n);
		memset(crl, 0, sizeof(*crl));
	}
	hint_committed(e);
}

void
publish_undone(struct engine *e)
{
	memset(e->crl_staged, 0, sizeof(e->crl_staged));
	hint_undone(e);
}

/* CRLs that are dirty or old.  The root's only while its key is here. */
bool
publish_due(struct engine *e, int64_t now, struct fault *f)
{
	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		struct fault	why = { 0 };

		if (!authority_is_here(&e->authorities, ca) ||
		    (!e->crl_dirty[ca] && now < e->crl_next[ca]))
			continue;
		if (renew_crl(e, ca, now, &why))
			continue;
		if (ca == AUTHORITY_ROOT && why.kind == FAULT_NOT_FOUND) {
			e->crl_next[ca] = now + 3600;	/* off line: ask again later */
			continue;
		}
		*f = why;
		return false;
	}
	hint_due(e, now);
	return true;
}

/* --- start ------------------------------------------------------------------------- */

static bool
set_ca_objects(struct engine *e, int64_t now, struct fault *f)
{
	struct view	list[AUTHORITY_CAS];
	struct buf	p7;
	char		path[64];
	size_t		n = 0;
	bool		ok;

	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		if (!authority_is_here(&e->authorities, ca))
			continue;
		list[n] = buf_view(&e->authorities.list[ca].der);
		snprintf(path, sizeof(path), "/ca/%s.cer", e->authorities.list[ca].name);
		if (!publish_object(e, path, "application/pkix-cert", list[n++], now, 0, f))
			return false;
	}
	buf_init(&p7, CERT_OCTETS_MAX * AUTHORITY_CAS);
	ok = cms_certs_only_encode(list, n, &p7, f) &&
	    publish_object(e, "/ca/chain.p7c", "application/pkcs7-mime; smime-type=certs-only",
	    buf_view(&p7), now, 0, f);
	buf_clear(&p7);
	return ok;
}

/* The last CRLs from the store, so that a restart serves them at once. */
static bool
set_stored_crls(struct engine *e, struct fault *f)
{
	struct store_crl	crl;

	for (enum authority_id ca = 0; ca < AUTHORITY_CAS; ca++) {
		if (!authority_is_here(&e->authorities, ca))
			continue;
		if (!store_crl_find(e->p.store, e->ca[ca], STORE_CRL_FULL, e->scratch, &crl, f))
			return false;
		if (crl.number == 0)
			e->crl_dirty[ca] = true;
		else if (!set_crl_object(e, ca, &crl, f))
			return false;
	}
	return true;
}

bool
publish_start(struct engine *e, int64_t now, struct fault *f)
{
	return set_ca_objects(e, now, f) && set_stored_crls(e, f);
}

/* --- for the fronts ---------------------------------------------------------------- */

const struct object *
engine_objects(const struct engine *e, size_t *n)
{
	*n = e->n_objects;
	return e->objects;
}

bool
engine_certificate(struct engine *e, const uint8_t digest[20], struct buf *der,
    bool *found, struct fault *f)
{
	struct store_cert	c;
	uint8_t			own[SHA1_OCTETS];
	bool			ok;

	*found = false;
	for (size_t i = 0; i < AUTHORITY_CAS; i++) {
		if (!authority_is_here(&e->authorities, (enum authority_id)i))
			continue;
		sha1(buf_view(&e->authorities.list[i].der), own);
		if (memcmp(own, digest, sizeof(own)) == 0) {
			buf_add_view(der, buf_view(&e->authorities.list[i].der));
			*found = true;
			return buf_check(der, "certificate", f);
		}
	}
	ok = store_cert_find_sha1(e->p.store, digest, e->scratch, &c, f);
	if (ok && c.n != 0) {
		*found = true;
		buf_add_view(der, c.body);
	}
	arena_reset(e->scratch);
	return ok && buf_check(der, "certificate", f);
}
