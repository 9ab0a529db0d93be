/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/pins.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "profile/template_file.h"
#include "profile/template_wire.h"

static bool
pin_path(const struct admin *a, const char *name, char out[ADMIN_PATH_MAX], struct fault *f)
{
	char	sub[TEMPLATE_NAME_MAX + 32];

	if (name[0] == '\0' || strchr(name, '/') != NULL || strlen(name) > TEMPLATE_NAME_MAX)
		return fault_set(f, FAULT_USAGE, "", "\"%s\" is no name of a template", name);
	snprintf(sub, sizeof(sub), "templates/%.*s.template", TEMPLATE_NAME_MAX, name);
	return path_join(out, ADMIN_PATH_MAX, a->dir, sub, f);
}

static bool
read_seal(const char *path, const struct exchange_trust *trust, struct arena *arena,
    struct view *text, struct template_seal *out, struct fault *f)
{
	struct buf	file;
	bool		ok;

	buf_init(&file, TEMPLATE_SEAL_MAX);
	ok = file_read(path, &file, f);
	if (ok) {
		*text = arena_copy(arena, buf_view(&file));
		ok = (text->p != NULL || arena_fault(f)) &&
		    (template_seal_open(*text, trust, arena, out, f) || fault_within(f, "%s", path));
	}
	buf_clear(&file);
	return ok;
}

bool
pins_template(const struct cvp_template *t, struct template *out, struct fault *f)
{
	return template_of_settings(t->settings, t->name, t->version, out, f);
}

bool
pins_find(const struct admin *a, const char *name, struct arena *arena,
    struct template_seal *out, bool *found, struct fault *f)
{
	char		path[ADMIN_PATH_MAX];
	struct view	text;

	*found = false;
	if (!pin_path(a, name, path, f))
		return false;
	if (!file_exists(path))
		return true;
	*found = true;
	return read_seal(path, NULL, arena, &text, out, f);
}

/* A version has one content, and there is no way back. */
static bool
check_newer(const struct template_seal *held, const struct template_seal *s, bool *news,
    struct fault *f)
{
	char	old[2 * SHA256_OCTETS + 1], new[2 * SHA256_OCTETS + 1];

	*news = memcmp(held->digest, s->digest, sizeof(s->digest)) != 0;
	if (!*news || s->t.version > held->t.version)
		return true;
	hex_encode(view_of(held->digest, sizeof(held->digest)), old);
	hex_encode(view_of(s->digest, sizeof(s->digest)), new);
	return fault_set(f, FAULT_CONFLICT, "RFC 4809, 3.2.4.1", "template \"%.*s\": version %"
	    PRIu64 " (sha256 %s) comes after the one in the file, %" PRIu64 " (sha256 %s)",
	    (int)s->t.name.n, (const char *)s->t.name.p, held->t.version, old, s->t.version, new);
}

static bool
keep(struct admin *a, const char *path, struct view text, struct fault *f)
{
	char	dir[ADMIN_PATH_MAX];

	return path_join(dir, sizeof(dir), a->dir, "templates", f) && dir_make(dir, 0700, f) &&
	    file_write(path, text, 0600, f);
}

bool
pins_import(struct admin *a, const char *path, struct arena *arena, struct template_seal *out,
    bool *news, struct fault *f)
{
	const struct exchange_trust	trust = { .anchor = a->root, .now = a->now };
	struct template_seal		held;
	struct template			t;
	struct view			text;
	char				to[ADMIN_PATH_MAX];
	bool				found;

	*news = true;
	if (!read_seal(path, &trust, arena, &text, out, f))
		return false;
	if (!pins_template(&out->t, &t, f) ||
	    (out->readable.n > 0 && !template_same_text(&t, out->readable, f)))
		return fault_within(f, "%s", path);
	return pin_path(a, t.name, to, f) && pins_find(a, t.name, arena, &held, &found, f) &&
	    (!found || check_newer(&held, out, news, f)) && (!*news || keep(a, to, text, f));
}

/* --- as an author -------------------------------------------------------------------- */

static bool
read_readable(struct view text, struct template *t, struct fault *f)
{
	struct template_problems	p;

	return template_read(text, NULL, t, &p) ||
	    template_first_problem(&p, "pki4ipsec admin template check", f);
}

static bool
check_next(const struct admin *a, const struct template *t, struct arena *arena,
    struct fault *f)
{
	struct template_seal	held;
	bool			found;

	return pins_find(a, t->name, arena, &held, &found, f) && (!found ||
	    t->version > held.t.version || fault_set(f, FAULT_CONFLICT, "RFC 4809, 3.2.4.1",
	    "template \"%s\": version %" PRIu32 ", and %" PRIu64 " is held here: want version = \"%"
	    PRIu64 "\"", t->name, t->version, held.t.version, held.t.version + 1));
}

bool
pins_sign(struct admin *a, struct view text, struct arena *arena, struct template *t,
    uint8_t digest[SHA256_OCTETS], struct buf *out, struct fault *f)
{
	struct buf	der, content, message, readable;
	bool		ok;

	if (!read_readable(text, t, f) || !check_next(a, t, arena, f))
		return false;
	buf_init(&der, CVP_SETTINGS_MAX * 2);
	buf_init(&content, CVP_SETTINGS_MAX * 2);
	buf_init(&message, TEMPLATE_SEAL_MAX);
	buf_init(&readable, TEMPLATE_FILE_MAX);
	template_put(t, &der);
	sha256(buf_view(&der), digest);
	template_seal_content(buf_view(&der), &content);
	template_text(t, &readable);
	ok = buf_check(&der, "template", f) && buf_check(&content, "template", f) &&
	    buf_check(&readable, "template", f) && message_sign(&a->signer, a->key,
	    OID_CT_PKI_RESPONSE, buf_view(&content), a->now, &message, f);
	if (ok)
		template_seal_file(buf_view(&readable), buf_view(&message), out);
	buf_clear(&der);
	buf_clear(&content);
	buf_clear(&message);
	buf_clear(&readable);
	return ok && buf_check(out, "template", f);
}
