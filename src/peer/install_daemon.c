/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "peer/install_daemon.h"
#include "peer/vici.h"

#define KEY_ID_MAX	64	/* hex of a SHA-1; room for a longer digest */
#define LIST_MAX	VICI_PACKET_MAX

/* One conversation with the daemon. */
struct session {
	struct vici			*v;
	const struct install_request	*req;
	const struct install_plan	*plan;
	struct install_report		*r;
	struct buf			 keys_before;	/* answers of get-keys... */
	struct buf			 conns_before;	/* ...and get-conns */
	char				 key_id[KEY_ID_MAX + 1];
	char				 old_key_id[KEY_ID_MAX + 1];
	bool				 cas[INSTALL_CA_MAX];	/* read back */
	bool				 others[INSTALL_OTHERS_MAX];
};

/* ---- lists in answers ---- */

/* Is value an item of the list of this name? */
static bool
list_has(struct view message, const char *list, struct view value)
{
	struct vici_reader	r;
	struct vici_item	item;
	bool			within = false;

	vici_read(&r, message);
	while (vici_next(&r, &item, NULL) && item.element != VICI_END) {
		if (item.element == VICI_LIST_START)
			within = view_equal(item.name, view_str(list));
		else if (item.element == VICI_LIST_ITEM && within &&
		    view_equal(item.value, value))
			return true;
	}
	return false;
}

static bool
held_before(const struct session *s, const char *connection)
{
	return list_has(buf_view(&s->conns_before), "conns",
	    view_str(connection));
}

/* ---- loading ---- */

static bool
read_version(struct session *s, struct fault *f)
{
	struct buf	reply;
	struct view	daemon = VIEW_NONE, version = VIEW_NONE;
	bool		ok;

	buf_init(&reply, VICI_PACKET_MAX);
	ok = vici_call(s->v, "version", VIEW_NONE, &reply, f);
	if (ok) {
		(void)vici_find(buf_view(&reply), "daemon", &daemon);
		(void)vici_find(buf_view(&reply), "version", &version);
		(void)snprintf(s->r->daemon, sizeof(s->r->daemon), "%.*s %.*s",
		    (int)(daemon.n > 48 ? 48 : daemon.n),
		    daemon.n == 0 ? "" : (const char *)daemon.p,
		    (int)(version.n > 48 ? 48 : version.n),
		    version.n == 0 ? "" : (const char *)version.p);
	}
	buf_clear(&reply);
	return ok;
}

/* Load a key; id is what the daemon calls it. */
static bool
load_key(struct session *s, struct view pem, char id[KEY_ID_MAX + 1],
    struct fault *f)
{
	struct buf	message, reply;
	struct view	v = VIEW_NONE;
	bool		ok;

	buf_init(&message, INSTALL_CONF_MAX);
	buf_init(&reply, VICI_PACKET_MAX);
	(void)buf_extend(&message, pem.n + 64);	/* at once: it is a key */
	buf_reset(&message);
	vici_put_value(&message, "type", VIEW_LIT("any"));
	vici_put_value(&message, "data", pem);
	ok = buf_check(&message, "private key", f) &&
	    vici_call(s->v, "load-key", buf_view(&message), &reply, f);
	if (ok && (!vici_find(buf_view(&reply), "id", &v) || v.n == 0 ||
	    v.n > KEY_ID_MAX))
		ok = fault_set(f, FAULT_MALFORMED, "vici",
		    "the strongSwan daemon does not say which key it loaded");
	if (ok)
		(void)snprintf(id, KEY_ID_MAX + 1, "%.*s", (int)v.n,
		    (const char *)v.p);
	if (message.n > 0)
		secret_wipe(message.p, message.n);
	buf_clear(&message);
	buf_clear(&reply);
	return ok;
}

static bool
load_cert(struct session *s, const char *flag, struct view der,
    struct fault *f)
{
	struct buf	message;
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "type", VIEW_LIT("X509"));
	vici_put_value(&message, "flag", view_str(flag));
	vici_put_value(&message, "data", der);
	ok = buf_check(&message, "certificate", f) &&
	    vici_call(s->v, "load-cert", buf_view(&message), NULL, f);
	buf_clear(&message);
	return ok;
}

static bool
load_section(struct session *s, const char *command,
    const struct conf *section, struct fault *f)
{
	struct buf	message;
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	ok = conf_write_message(&s->plan->tree, section, &message, f) &&
	    vici_call(s->v, command, buf_view(&message), NULL, f);
	buf_clear(&message);
	return ok || fault_within(f, "%s", section->name);
}

/* One key/value pair is the whole message of the unload- commands. */
static bool
unload(struct session *s, const char *command, const char *key,
    struct view value, struct fault *f)
{
	struct buf	message;
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, key, value);
	ok = buf_check(&message, command, f) &&
	    vici_call(s->v, command, buf_view(&message), NULL, f);
	buf_clear(&message);
	return ok;
}

static bool
load_credentials(struct session *s, struct fault *f)
{
	for (size_t i = 0; i < s->req->nca; i++)
		if (!load_cert(s, "CA", s->req->ca[i], f))
			return false;
	for (size_t i = 0; i < s->req->nothers; i++)
		if (!load_cert(s, "CA", s->req->others[i], f))
			return false;
	return load_key(s, s->req->key_pem, s->key_id, f) &&
	    load_cert(s, "NONE", s->req->cert, f);
}

static const struct conf *
first_connection(const struct install_plan *plan)
{
	return plan->connections == NULL ? NULL : plan->connections->first;
}

static bool
load_connections(struct session *s, struct fault *f)
{
	if (!load_section(s, "load-authority", s->plan->authority, f))
		return false;
	for (const struct conf *c = first_connection(s->plan); c != NULL;
	    c = c->next)
		if (!load_section(s, "load-conn", c, f))
			return false;
	return true;
}

/* ---- what is no longer wanted ---- */

/* Peers that have left the fleet: their tunnels may not start again. */
static bool
unload_departed(struct session *s, struct view old_conf, struct fault *f)
{
	struct view	name;
	size_t		at = 0;

	while (install_plan_old_name(old_conf, &at, &name)) {
		if (install_plan_has(s->plan, name) ||
		    !list_has(buf_view(&s->conns_before), "conns", name))
			continue;
		if (!unload(s, "unload-conn", "name", name, f))
			return false;
	}
	return true;
}

/* With the key it had, the daemon might go on using the old certificate. */
static bool
unload_old_key(struct session *s, struct fault *f)
{
	if (s->old_key_id[0] == '\0' || strcmp(s->old_key_id, s->key_id) == 0)
		return true;
	return unload(s, "unload-key", "id", view_str(s->old_key_id), f);
}

/* ---- reading back ---- */

static bool
see_cert(void *ctx, struct view message, struct fault *f)
{
	struct session	*s = ctx;
	struct view	 der, has_key;

	(void)f;
	if (!vici_find(message, "data", &der))
		return true;
	for (size_t i = 0; i < s->req->nca; i++)
		if (view_equal(der, s->req->ca[i]))
			s->cas[i] = true;
	for (size_t i = 0; i < s->req->nothers; i++)
		if (view_equal(der, s->req->others[i]))
			s->others[i] = true;
	if (view_equal(der, s->req->cert)) {
		s->r->has_cert = true;
		if (vici_find(message, "has_privkey", &has_key) &&
		    view_equal(has_key, VIEW_LIT("yes")))
			s->r->has_key = true;
	}
	return true;
}

static bool
read_certs(struct session *s, struct fault *f)
{
	struct buf	message;
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "type", VIEW_LIT("X509"));
	vici_put_value(&message, "flag", VIEW_LIT("ANY"));
	ok = vici_stream(s->v, "list-certs", "list-cert", buf_view(&message),
	    see_cert, s, f);
	buf_clear(&message);
	s->r->has_ca = ok;
	for (size_t i = 0; i < s->req->nca; i++)
		s->r->has_ca = s->r->has_ca && s->cas[i];
	for (size_t i = 0; i < s->req->nothers; i++)
		s->r->has_ca = s->r->has_ca && s->others[i];
	return ok;
}

/* The names of connections not held are noted as far as there is room. */
static bool
read_connections(struct session *s, struct buf *missing, struct fault *f)
{
	struct buf	reply;
	bool		ok;

	buf_init(&reply, LIST_MAX);
	ok = vici_call(s->v, "get-conns", VIEW_NONE, &reply, f);
	for (const struct conf *c = first_connection(s->plan);
	    ok && c != NULL; c = c->next) {
		if (list_has(buf_view(&reply), "conns", view_str(c->name)))
			s->r->connections++;
		else
			buf_addf(missing, ", connection %s", c->name);
	}
	buf_clear(&reply);
	return ok;
}

static bool
read_keys(struct session *s, struct fault *f)
{
	struct buf	reply;
	bool		ok;

	buf_init(&reply, LIST_MAX);
	ok = vici_call(s->v, "get-keys", VIEW_NONE, &reply, f);
	if (ok && !list_has(buf_view(&reply), "keys", view_str(s->key_id)))
		s->r->has_key = false;
	buf_clear(&reply);
	return ok;
}

/* Everything asked for must be there; what is not is named. */
static bool
read_back(struct session *s, struct fault *f)
{
	struct install_report	*r = s->r;
	struct buf		 missing;
	bool			 ok;

	buf_init(&missing, sizeof(r->missing) - 1);
	ok = read_certs(s, f) && read_keys(s, f);
	if (ok && !r->has_cert)
		buf_add_str(&missing, ", the certificate");
	if (ok && !r->has_ca)
		buf_add_str(&missing, ", a CA certificate");
	if (ok && !r->has_key)
		buf_add_str(&missing, ", the private key of the certificate");
	ok = ok && read_connections(s, &missing, f);
	if (ok && missing.n > 0) {
		(void)snprintf(r->missing, sizeof(r->missing), "%.*s",
		    (int)missing.n - 2, (const char *)missing.p + 2);
		ok = fault_set(f, FAULT_REFUSED, "",
		    "the strongSwan daemon took everything, but does not "
		    "hold: %s", r->missing);
	}
	buf_clear(&missing);
	return ok;
}

/* ---- the whole ---- */

static bool
look_before(struct session *s, struct view old_key, struct fault *f)
{
	if (!vici_call(s->v, "get-keys", VIEW_NONE, &s->keys_before, f) ||
	    !vici_call(s->v, "get-conns", VIEW_NONE, &s->conns_before, f))
		return false;
	/* Loading a key again changes nothing and tells its name. */
	if (old_key.n > 0 && !load_key(s, old_key, s->old_key_id, NULL))
		s->old_key_id[0] = '\0';
	return true;
}

/* What was not there before goes; failures here change nothing any more. */
static void
undo(struct session *s)
{
	for (const struct conf *c = first_connection(s->plan); c != NULL;
	    c = c->next)
		if (!held_before(s, c->name))
			(void)!unload(s, "unload-conn", "name",
			    view_str(c->name), NULL);
	if (s->key_id[0] != '\0' && strcmp(s->key_id, s->old_key_id) != 0 &&
	    !list_has(buf_view(&s->keys_before), "keys", view_str(s->key_id)))
		(void)!unload(s, "unload-key", "id", view_str(s->key_id),
		    NULL);
}

static bool
converse(struct session *s, struct view old_key, struct view old_conf,
    struct fault *f)
{
	if (!read_version(s, f) || !look_before(s, old_key, f))
		return false;
	if (load_credentials(s, f) && load_connections(s, f) &&
	    read_back(s, f) && unload_departed(s, old_conf, f) &&
	    unload_old_key(s, f)) {
		s->r->loaded = true;
		return true;
	}
	undo(s);
	return false;
}

bool
install_daemon(const struct install_request *req,
    const struct install_plan *plan, struct view old_key,
    struct view old_conf, struct install_report *r, struct fault *f)
{
	struct session	s = { .req = req, .plan = plan, .r = r };
	bool		ok;

	s.v = vici_open(req->vici_uri == NULL ? INSTALL_VICI_URI :
	    req->vici_uri, INSTALL_DAEMON_WAIT_MS, f);
	if (s.v == NULL)
		return false;
	buf_init(&s.keys_before, LIST_MAX);
	buf_init(&s.conns_before, LIST_MAX);
	ok = converse(&s, old_key, old_conf, f);
	buf_clear(&s.keys_before);
	buf_clear(&s.conns_before);
	vici_close(s.v);
	return ok;
}

/* Loading a key again changes nothing and tells its name. */
bool
install_daemon_forget(const char *uri, struct view key_pem, struct fault *f)
{
	struct session	s = { 0 };
	char		id[KEY_ID_MAX + 1];
	bool		ok;

	s.v = vici_open(uri == NULL ? INSTALL_VICI_URI : uri, INSTALL_DAEMON_WAIT_MS, f);
	if (s.v == NULL)
		return false;
	ok = load_key(&s, key_pem, id, f) && unload(&s, "unload-key", "id", view_str(id), f);
	vici_close(s.v);
	return ok;
}
