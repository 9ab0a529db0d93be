/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "message/ticket.h"
#include "pki/engine.h"
#include "pki/init.h"
#include "pki/local.h"
#include "pki/own.h"
#include "pki/seal_key.h"

#define FILE_MAX	(256u << 10)
#define ADMIN_TEMPLATE	"admin"

static const char *const folders[] = { "keys", "certs", "templates", "run", "admin" };

void
init_note(struct init_report *r, const char *relative)
{
	if (r->n < INIT_FILES_MAX)
		snprintf(r->files[r->n++], sizeof(r->files[0]), "%s", relative);
}

static bool
put_file(struct init_report *r, const char *sub, struct view content, mode_t mode,
    struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	if (!path_join(path, sizeof(path), r->staging, sub, f) ||
	    !file_create(path, content, mode, f))
		return false;
	init_note(r, sub);
	return true;
}

/* --- keys and certificates -------------------------------------------------------- */

struct maker {
	const struct init_request	*q;
	struct init_report		*r;
	struct pki_config		 config;
	struct authorities		 all;
	struct key			*keys[AUTHORITIES];
};

static bool
make_key(struct maker *m, enum authority_id id, struct fault *f)
{
	struct secret	pem = { 0 };
	char		sub[64];
	bool		ok;

	snprintf(sub, sizeof(sub), "keys/%s.key.pem", authority_name(id));
	m->keys[id] = key_generate(m->q->key, f);
	ok = m->keys[id] != NULL && key_to_pem(m->keys[id], &pem, f) &&
	    put_file(m->r, sub, view_of(pem.p, pem.n), 0600, f);
	secret_clear(&pem);
	return ok;
}

static bool
make_certificate(struct maker *m, enum authority_id id, struct fault *f)
{
	struct own_terms	t = { .name = m->q->name, .url = m->q->url, .now = m->q->now };
	struct buf		der, pem;
	char			sub[64];
	bool			ok;

	buf_init(&der, CERT_OCTETS_MAX);
	buf_init(&pem, FILE_MAX);
	ok = own_certificate(id, &t, &m->all, key_spki(m->keys[id]),
	    m->keys[authority_issuer(id)], &der, f) &&
	    authority_set(&m->all, id, buf_view(&der), m->config.repository, f);
	if (ok) {
		pem_encode("CERTIFICATE", buf_view(&der), &pem);
		snprintf(sub, sizeof(sub), "certs/%s.pem", authority_name(id));
		ok = put_file(m->r, sub, buf_view(&pem), 0644, f);
	}
	buf_clear(&der);
	buf_clear(&pem);
	return ok;
}

static bool
make_authorities(struct maker *m, struct fault *f)
{
	for (enum authority_id id = 0; id < AUTHORITIES; id++)
		if (authority_line(id) == id &&
		    (!make_key(m, id, f) || !make_certificate(m, id, f)))
			return false;
	sha256(buf_view(&m->all.list[AUTHORITY_ROOT].der), m->r->root_sha256);
	return true;
}

/* --- the other files ---------------------------------------------------------------- */

/* And the journal beside it, which the signer begins. */
static bool
make_seal_key(struct init_report *r, int64_t now, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];
	bool	ok;

	ok = path_join(path, sizeof(path), r->staging, "keys/seal.key", f) &&
	    seal_keys_rotate(path, rng_system(), now, 0, f);
	if (ok)
		init_note(r, "keys/seal.key");
	return ok && put_file(r, "keys/journal", VIEW_LIT(""), 0600, f);
}

static bool
make_templates(const struct init_request *q, struct init_report *r, struct fault *f)
{
	for (size_t i = 0; template_names[i] != NULL; i++) {
		struct template	t;
		struct buf	text;
		char		sub[128];
		bool		ok;

		buf_init(&text, FILE_MAX);
		snprintf(sub, sizeof(sub), "templates/%s.conf", template_names[i]);
		ok = template_start(template_names[i], q->name, &t, f);
		if (ok) {
			template_text(&t, &text);
			ok = put_file(r, sub, buf_view(&text), 0644, f);
		}
		buf_clear(&text);
		if (!ok)
			return false;
	}
	return true;
}

static bool
make_config(struct maker *m, struct fault *f)
{
	struct buf	text;
	bool		ok;

	buf_init(&text, FILE_MAX);
	config_write(&m->config, &text);
	ok = put_file(m->r, "pki4ipsec.conf", buf_view(&text), 0644, f);
	buf_clear(&text);
	return ok;
}

static bool
make_database(struct init_report *r, struct fault *f)
{
	char		 path[CONFIG_PATH_MAX];
	struct store	*st;

	if (!path_join(path, sizeof(path), r->staging, "pki.db", f) ||
	    (st = store_open(path, STORE_CREATE, (struct store_digest){ sha256 }, f)) == NULL)
		return false;
	store_close(st);
	init_note(r, "pki.db");
	return true;
}

/* --- the first Admin's ticket ------------------------------------------------------------ */

static void
fill_ticket(const struct init_request *q, const struct init_report *r, struct ticket *t)
{
	snprintf(t->url, sizeof(t->url), "%s/cmc", q->url);
	memcpy(t->anchor, r->root_sha256, sizeof(t->anchor));
	snprintf(t->template, sizeof(t->template), ADMIN_TEMPLATE);
	snprintf(t->key, sizeof(t->key), "%s", key_kind_name(q->key));
	snprintf(t->label, sizeof(t->label), "%s", q->admin);
}

/* An Ed25519 key cannot receive secrets: the Admin's is then EC. */
static void
fix_admin_key(const struct init_request *q, struct ticket *t)
{
	if (q->key == KEY_ED25519)
		snprintf(t->key, sizeof(t->key), "%s", key_kind_name(KEY_EC_P256));
}

static bool
make_ticket(const struct init_request *q, struct init_report *r, struct fault *f)
{
	struct local_pki	*e = local_open(r->staging, q->now, f);
	struct ticket		 t = { 0 };
	struct secret		 token = { 0 };
	struct identity		 who;
	char			 mail[IDENTITY_TEXT_MAX];
	bool			 ok;

	snprintf(mail, sizeof(mail), "%s@admin.invalid", q->admin);
	fill_ticket(q, r, &t);
	fix_admin_key(q, &t);
	ok = e != NULL && identity_parse(IDENTITY_EMAIL, view_str(mail), &who, f) &&
	    engine_add_admin(local_engine(e), q->admin, "*", q->now, f) &&
	    engine_authorize_operator(local_engine(e), ADMIN_TEMPLATE, &who, q->admin, q->now, t.id,
	    &token, &t.not_after, f);
	if (ok) {
		struct buf	shown;

		buf_init(&shown, sizeof(t.token) - 1);
		token_display(view_of(token.p, token.n), SECRET_GROUP, &shown);
		memcpy(t.token, shown.p, shown.n);
		secret_wipe(shown.p, shown.n);
		buf_clear(&shown);
		identity_format(&who, t.identities[0]);
		t.n_identities = 1;
		ticket_write(&t, &r->ticket);
		ok = buf_check(&r->ticket, "ticket", f);
	}
	secret_clear(&token);
	ticket_clear(&t);
	local_close(e);
	return ok;
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool
is_empty_folder(const char *path)
{
	DIR		*d = opendir(path);
	struct dirent	*e;
	bool		 empty = true;

	if (d == NULL)
		return errno == ENOENT;
	while ((e = readdir(d)) != NULL)
		empty &= strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	closedir(d);
	return empty;
}

static bool
make_folders(const struct init_request *q, struct init_report *r, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	if (!is_empty_folder(q->dir))
		return fault_set(f, FAULT_CONFLICT, "", "%s exists and is not empty: nothing "
		    "is overwritten", q->dir);
	if (snprintf(r->staging, sizeof(r->staging), "%s.new-%ld", q->dir, (long)getpid()) >=
	    (int)sizeof(r->staging) - 64)
		return fault_set(f, FAULT_LIMIT, "", "the folder's name is too long");
	if (!dir_make(r->staging, 0700, f))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!path_join(path, sizeof(path), r->staging, folders[i], f) ||
		    !dir_make(path, 0700, f))
			return false;
	return true;
}

static void
maker_clear(struct maker *m)
{
	for (size_t i = 0; i < AUTHORITIES; i++)
		key_free(m->keys[i]);
	authorities_clear(&m->all);
}

bool
init_stage(const struct init_request *q, struct init_report *r, struct fault *f)
{
	struct maker	m = { .q = q, .r = r };
	bool		ok;

	memset(r, 0, sizeof(*r));
	buf_init(&r->ticket, TICKET_FILE_MAX);
	ok = config_preset(q->dir, q->name, q->url, &m.config, f) &&
	    make_folders(q, r, f) && make_config(&m, f) && make_authorities(&m, f) &&
	    make_seal_key(r, q->now, f) && make_templates(q, r, f) && make_database(r, f) &&
	    make_ticket(q, r, f);
	maker_clear(&m);
	return ok;
}

bool
init_commit(const struct init_request *q, struct init_report *r, struct fault *f)
{
	char	parent[CONFIG_PATH_MAX];
	char	*slash;

	if (rmdir(q->dir) != 0 && errno != ENOENT)
		return fault_set(f, FAULT_CONFLICT, "", "%s: %s", q->dir, strerror(errno));
	if (rename(r->staging, q->dir) != 0)
		return fault_set(f, FAULT_IO, "", "could not rename %s to %s: %s", r->staging,
		    q->dir, strerror(errno));
	r->staging[0] = '\0';
	snprintf(parent, sizeof(parent), "%s", q->dir);
	slash = strrchr(parent, '/');
	if (slash == NULL)
		return dir_sync(".", f);
	*slash = '\0';
	return dir_sync(slash == parent ? "/" : parent, f);
}

void
init_end(struct init_report *r)
{
	struct fault	f = { 0 };

	if (r->staging[0] != '\0' && !dir_remove(r->staging, &f))
		fprintf(stderr, "pki4ipsec: %s\n", f.text);
	if (r->ticket.p != NULL)
		secret_wipe(r->ticket.p, r->ticket.n);
	buf_clear(&r->ticket);
}
