/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "codec/cert.h"
#include "codec/crl.h"
#include "peer/enforce.h"
#include "peer/install.h"
#include "peer/vici.h"

#define ENFORCE_WAIT_MS		10000
#define ENFORCE_ARENA_MAX	(16u << 20)
#define UNIQUE_ID_MAX		20	/* digits */

struct enforcing {
	struct vici		*v;
	struct crl		 crl, before;
	struct arena		*arena;
	struct enforce_report	*r;
	struct view		 identities[ENFORCE_IDENTITIES_MAX];
	size_t			 nidentities;
	struct view		*tunnels;	/* unique IDs, as text */
	size_t			 ntunnels;
};

/* ---- whom the daemon has met ---- */

static bool
has_met(const struct enforce_met *met, struct view der)
{
	for (size_t i = 0; i < met->n; i++)
		if (view_equal(buf_view(&met->certs[i]), der))
			return true;
	return false;
}

static bool
remember(struct enforce_met *met, struct view der, struct fault *f)
{
	struct buf	*b;

	if (met->certs == NULL &&
	    (met->certs = calloc(ENFORCE_MET_MAX, sizeof(met->certs[0]))) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	b = &met->certs[met->at];
	buf_clear(b);
	buf_init(b, INSTALL_CERT_MAX);
	buf_add_view(b, der);
	met->at = (met->at + 1) % ENFORCE_MET_MAX;
	if (met->n < ENFORCE_MET_MAX)
		met->n++;
	return buf_check(b, "certificate", f);
}

static bool
see_cert(void *ctx, struct view message, struct fault *f)
{
	struct enforce_met	*met = ctx;
	struct view		 der;

	if (!vici_find(message, "data", &der) || der.n > INSTALL_CERT_MAX ||
	    has_met(met, der))
		return true;
	return remember(met, der, f);
}

static bool
meet(struct vici *v, struct enforce_met *met, struct fault *f)
{
	struct buf	message;
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "type", VIEW_LIT("X509"));
	vici_put_value(&message, "flag", VIEW_LIT("NONE"));
	ok = buf_check(&message, "list-certs", f) &&
	    vici_stream(v, "list-certs", "list-cert", buf_view(&message), see_cert, met, f);
	buf_clear(&message);
	return ok;
}

bool
enforce_meet(const char *vici_uri, struct enforce_met *met, struct fault *f)
{
	struct vici	*v = vici_open(vici_uri == NULL ? INSTALL_VICI_URI : vici_uri,
	    ENFORCE_WAIT_MS, f);
	bool		 ok = v != NULL && meet(v, met, f);

	vici_close(v);
	return ok;
}

void
enforce_met_clear(struct enforce_met *met)
{
	for (size_t i = 0; i < met->n; i++)
		buf_clear(&met->certs[i]);
	free(met->certs);
	*met = (struct enforce_met){ 0 };
}

/* ---- whom the CRL revokes ---- */

/* Listed now, not listed before, and not merely replaced. */
static bool
newly_revoked(struct enforcing *e, struct view serial, bool *yes,
    struct fault *f)
{
	struct crl_revoked	entry;
	bool			now = false, then = false;

	*yes = false;
	if (!crl_find(&e->crl, serial, &now, &entry, f))
		return false;
	if (!now || entry.reason == CRL_SUPERSEDED)
		return true;
	if (e->before.der.n > 0 &&
	    !crl_find(&e->before, serial, &then, &entry, f))
		return false;
	*yes = !then;
	return true;
}

/* The daemon writes an address as text; a certificate holds its octets. */
static struct view
name_text(struct enforcing *e, const struct general_name *name)
{
	char	text[INET6_ADDRSTRLEN];
	int	family = name->value.n == 4 ? AF_INET : AF_INET6;

	if (name->type == GENERAL_NAME_DNS || name->type == GENERAL_NAME_EMAIL)
		return arena_copy(e->arena, name->value);
	if (name->type != GENERAL_NAME_IP ||
	    (name->value.n != 4 && name->value.n != 16) ||
	    inet_ntop(family, name->value.p, text, sizeof(text)) == NULL)
		return VIEW_NONE;
	return arena_copy(e->arena, view_str(text));
}

static bool
note_identities(struct enforcing *e, const struct cert *c, struct fault *f)
{
	struct view	text;

	for (size_t i = 0; i < c->san.n; i++) {
		text = name_text(e, &c->san.list[i]);
		if (text.n == 0)
			continue;
		if (e->nidentities == ENFORCE_IDENTITIES_MAX)
			return fault_set(f, FAULT_LIMIT, "",
			    "more than %d identities of revoked peers",
			    ENFORCE_IDENTITIES_MAX);
		e->identities[e->nidentities++] = text;
	}
	return true;
}

/* One certificate the daemon knows or knew; what it cannot be is passed over. */
static bool
judge_cert(struct enforcing *e, struct view der, struct fault *f)
{
	struct cert	c;
	bool		revoked;

	if (!cert_decode(der, &c, NULL) || c.is_ca || !view_equal(c.issuer, e->crl.issuer))
		return true;
	if (!newly_revoked(e, c.serial, &revoked, f))
		return false;
	if (!revoked)
		return true;
	e->r->revoked++;
	return note_identities(e, &c, f);
}

static bool
find_revoked(struct enforcing *e, struct enforce_met *met, struct fault *f)
{
	struct enforce_met	today = { 0 };
	bool			ok;

	if (met == NULL)
		met = &today;
	ok = meet(e->v, met, f);
	for (size_t i = 0; ok && i < met->n; i++)
		ok = judge_cert(e, buf_view(&met->certs[i]), f);
	enforce_met_clear(&today);
	return ok;
}

/* ---- their tunnels ---- */

/* RFC 4945, 3.1.2: without regard to the case of ASCII letters. */
static bool
is_revoked(const struct enforcing *e, struct view id)
{
	for (size_t i = 0; i < e->nidentities; i++)
		if (e->identities[i].n == id.n && id.n > 0 &&
		    strncasecmp((const char *)e->identities[i].p,
		    (const char *)id.p, id.n) == 0)
			return true;
	return false;
}

/* An event holds one section, named after the connection. */
static bool
see_tunnel(void *ctx, struct view message, struct fault *f)
{
	struct enforcing	*e = ctx;
	struct vici_reader	 r;
	struct vici_item	 item;
	struct view		 id = VIEW_NONE, unique = VIEW_NONE;

	vici_read(&r, message);
	while (vici_next(&r, &item, NULL) && item.element != VICI_END) {
		if (item.element != VICI_KEY_VALUE || item.depth != 1)
			continue;
		if (view_equal(item.name, VIEW_LIT("remote-id")))
			id = item.value;
		else if (view_equal(item.name, VIEW_LIT("uniqueid")))
			unique = item.value;
	}
	if (unique.n == 0 || unique.n > UNIQUE_ID_MAX || !is_revoked(e, id))
		return true;
	if (e->ntunnels == ENFORCE_TUNNELS_MAX)
		return fault_set(f, FAULT_LIMIT, "",
		    "more than %d tunnels of revoked peers",
		    ENFORCE_TUNNELS_MAX);
	e->tunnels[e->ntunnels] = arena_copy(e->arena, unique);
	return e->tunnels[e->ntunnels++].p != NULL || arena_fault(f);
}

/*
 * The daemon is told not to wait for the other side, which may no longer be
 * the one that answers.  A tunnel that has ended by itself is no failure.
 */
static bool
end_tunnel(struct enforcing *e, struct view unique, struct fault *f)
{
	struct buf	message;
	struct fault	why = { 0 };
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "ike-id", unique);
	vici_put_value(&message, "force", VIEW_LIT("yes"));
	vici_put_value(&message, "timeout", VIEW_LIT("-1"));
	ok = buf_check(&message, "terminate", &why) &&
	    vici_call(e->v, "terminate", buf_view(&message), NULL, &why);
	buf_clear(&message);
	if (ok)
		e->r->ended++;
	return ok || why.kind == FAULT_REFUSED ||
	    fault_set(f, why.kind, why.rule, "%s", why.text);
}

static bool
end_tunnels(struct enforcing *e, struct fault *f)
{
	e->tunnels = arena_array(e->arena, ENFORCE_TUNNELS_MAX,
	    sizeof(e->tunnels[0]));
	if (e->tunnels == NULL)
		return arena_fault(f);
	if (!vici_stream(e->v, "list-sas", "list-sa", VIEW_NONE, see_tunnel,
	    e, f))
		return false;
	for (size_t i = 0; i < e->ntunnels; i++)
		if (!end_tunnel(e, e->tunnels[i], f))
			return false;
	return true;
}

/* ---- the CRL itself ---- */

static bool
crl_command(struct enforcing *e, const char *command, struct view der,
    struct fault *f)
{
	struct buf	message;
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "type", VIEW_LIT("X509_CRL"));
	if (der.n > 0) {
		vici_put_value(&message, "flag", VIEW_LIT("NONE"));
		vici_put_value(&message, "data", der);
	}
	ok = buf_check(&message, "CRL", f) &&
	    vici_call(e->v, command, buf_view(&message), NULL, f);
	buf_clear(&message);
	return ok;
}

/*
 * The daemon goes on with a CRL it has fetched, though a newer one is loaded:
 * what it has fetched must be forgotten.  Then it finds the loaded one, or,
 * if that does not fit a message, fetches anew.
 */
static bool
hand_over(struct enforcing *e, struct fault *f)
{
	bool	fits = e->crl.der.n <= VICI_VALUE_MAX;

	if (fits && !crl_command(e, "load-cert", e->crl.der, f))
		return false;
	e->r->loaded = fits;
	return crl_command(e, "flush-certs", VIEW_NONE, f);
}

static bool
enforce(struct enforcing *e, const char *uri, struct enforce_met *met, struct fault *f)
{
	e->v = vici_open(uri == NULL ? INSTALL_VICI_URI : uri, ENFORCE_WAIT_MS,
	    f);
	if (e->v == NULL || !hand_over(e, f) || !find_revoked(e, met, f))
		return false;
	return e->nidentities == 0 || end_tunnels(e, f);
}

bool
enforce_crl(const char *vici_uri, struct view crl, struct view before,
    struct enforce_met *met, struct enforce_report *r, struct fault *f)
{
	struct enforcing	*e = calloc(1, sizeof(*e));
	bool			 ok = false;

	*r = (struct enforce_report){ 0 };
	if (e == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	e->r = r;
	e->arena = arena_new(ENFORCE_ARENA_MAX);
	if (e->arena == NULL)
		(void)arena_fault(f);
	else if (crl_decode(crl, &e->crl, f) &&
	    (before.n == 0 || crl_decode(before, &e->before, f)))
		ok = enforce(e, vici_uri, met, f);
	vici_close(e->v);
	arena_free(e->arena);
	free(e);
	return ok;
}
