/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's verbs about templates: all versions there are, one as a
 * signed file, and a file that comes in, perhaps signed by an Admin who has
 * the right to write it (RFC 4809, 3.2.4.1; decision 29).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/crl.h"
#include "codec/oid.h"
#include "pki/console_parts.h"
#include "profile/template_file.h"

#define VERSIONS_AHEAD	1000	/* nobody uses up the versions of a name in one step */
#define DETAIL_MAX	256

/* --- what there is ------------------------------------------------------------------------ */

/* Which Admin signed it, and is what is in use what was signed. */
static bool
add_author(struct call *c, const struct store_template *t, json_t *o, struct fault *f)
{
	struct store_author	u;
	char			serial[2 * STORE_SERIAL_OCTETS + 1];

	if (!store_author_find(c->e->p.store, t->name, t->version, c->a, &u, f))
		return false;
	if (u.version == 0 || memcmp(u.digest, t->digest, sizeof(u.digest)) != 0)
		return true;
	hex_encode(view_of(u.serial, sizeof(u.serial)), serial);
	json_object_set_new(o, "author", json_string(u.name));
	json_object_set_new(o, "author_certificate", json_string(serial));
	return true;
}

static json_t *
template_json(const struct store_template *t)
{
	char	hex[2 * STORE_DIGEST_OCTETS + 1], since[32], until[32] = "";

	hex_encode(view_of(t->digest, sizeof(t->digest)), hex);
	date_format(t->created, since);
	if (t->retired != 0)
		date_format(t->retired, until);
	return json_pack("{s:s, s:I, s:s, s:s, s:s}", "name", t->name, "version",
	    (json_int_t)t->version, "digest", hex, "since", since, "until", until);
}

static bool
list_template(void *ctx, const struct store_template *t, struct fault *f)
{
	struct call	*c = ctx;
	json_t		*o = template_json(t);

	json_array_append_new(json_object_get(c->answer, "templates"), o);
	return add_author(c, t, o, f);
}

bool
console_templates(struct call *c, struct fault *f)
{
	json_object_set_new(c->answer, "templates", json_array());
	return store_template_walk(c->e->p.store, list_template, c, f);
}

/* The signed part, and before it the file for people. */
static bool
put_file(struct call *c, const struct store_template *t, struct view message, struct buf *out,
    struct fault *f)
{
	struct cvp_template_info	info;
	struct template			tp;
	struct buf			list, text;
	bool				ok;

	buf_init(&list, CVP_SETTINGS_MAX * 2);
	buf_init(&text, TEMPLATE_FILE_MAX);
	der_put(&list, DER_SEQUENCE, t->der);
	ok = cvp_template_info_decode(buf_view(&list), c->a, &info, f) && info.n == 1 &&
	    template_of_settings(info.v[0].settings, info.v[0].name, info.v[0].version, &tp, f);
	if (ok) {
		template_text(&tp, &text);
		template_seal_file(buf_view(&text), message, out);
	}
	buf_clear(&list);
	buf_clear(&text);
	return ok && buf_check(out, "template", f);
}

bool
console_template_file(struct call *c, struct fault *f)
{
	struct store_template	t;
	struct buf		message, file;
	int64_t			version;
	json_t			*o;
	bool			ok;

	if (!number_parse("version", c->words[2], 0, UINT32_MAX, &version, f))
		return false;
	buf_init(&message, TEMPLATE_SEAL_MAX);
	buf_init(&file, TEMPLATE_SEAL_MAX * 2);
	ok = catalogue_export(c->e, c->words[1], version, &t, &message, f) &&
	    put_file(c, &t, buf_view(&message), &file, f);
	if (ok) {
		json_object_set_new(c->answer, "template", o = template_json(&t));
		ok = add_author(c, &t, o, f);
		json_object_set_new(c->answer, "file", json_stringn((const char *)file.p, file.n));
	}
	buf_clear(&message);
	buf_clear(&file);
	return ok;
}

/* --- a file that comes in -------------------------------------------------------------------- */

struct incoming {
	struct view		 file;
	struct template_seal	 seal;		/* of a signed one */
	struct template		 t;
	uint8_t			 digest[SHA256_OCTETS];	/* of t with its version */
	struct store_admin	 author;	/* n 0: no Admin signed it */
	struct store_cert	 by;
	bool			 held;		/* this version of this author is here already */
};

/* Certificate and Admin that a signed file names. */
static bool
find_author(struct call *c, struct incoming *in, struct fault *f)
{
	const struct cms_signed	*m = &in->seal.message;
	const struct cms_signer	*s = m->signers;

	if (m->signer_count != 1 || s->sid.kind != CMS_SID_ISSUER_SERIAL)
		return fault_set(f, FAULT_REFUSED, "RFC 5652, 5.3", "want one signature, by issuer and "
		    "serial number of a certificate");
	return cert_by_serial(c->e, s->sid.is.issuer, s->sid.is.serial, true, c->a, &in->by, f) &&
	    (in->by.n == 0 ||
	    store_admin_find_cert(c->e->p.store, in->by.n, c->a, &in->author, f));
}

static bool
check_state(const struct call *c, const struct incoming *in, struct fault *f)
{
	const struct store_cert	*by = &in->by;
	char			 serial[2 * STORE_SERIAL_OCTETS + 1], when[32];

	hex_encode(view_of(by->serial, sizeof(by->serial)), serial);
	date_format(by->state == STORE_CERT_REVOKED ? by->revoked_at : by->not_after, when);
	if (by->state == STORE_CERT_REVOKED)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 6.3", "signed by certificate %s of Admin "
		    "%s, revoked at %s: %s", serial, in->author.name, when,
		    crl_reason_name((unsigned)by->reason));
	if (by->state == STORE_CERT_EXPIRED || by->not_after <= c->now)
		return fault_set(f, FAULT_REFUSED, "RFC 5280, 6.1", "signed by certificate %s of Admin "
		    "%s, expired at %s", serial, in->author.name, when);
	return by->state == STORE_CERT_CONFIRMED || fault_set(f, FAULT_REFUSED, "corrections, 8",
	    "signed by certificate %s of Admin %s, which is not in use: sign the file again by its "
	    "successor", serial, in->author.name);
}

/* It is this certificate's signature, over a template and nothing else. */
static bool
check_signature(const struct incoming *in, struct fault *f)
{
	struct cert	cert;

	if (!view_equal(in->seal.message.content_type, OID_CT_PKI_RESPONSE))
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2.2", "what is signed is no "
		    "PKIResponse");
	return cert_decode(in->by.body, &cert, f) && message_verify_cert(&in->seal.message, &cert,
	    NULL, SIGNING_CERTIFICATE_REQUIRED, f);
}

/* Whoever may make Admins of others has all rights. */
static bool
check_author_right(const struct incoming *in, struct fault *f)
{
	const struct template	*t = &in->t;

	if ((t->management || template_makes_admins(t)) && !admin_may_all(&in->author))
		return fault_set(f, FAULT_REFUSED, "decision 29", "template \"%s\" makes Admins: its "
		    "author needs the right *, and Admin %s has \"%s\"", t->name, in->author.name,
		    in->author.rights);
	return admin_may(&in->author, t->name, RIGHT_TEMPLATE) || fault_set(f, FAULT_REFUSED,
	    "decision 29", "Admin %s lacks the right %s:" RIGHT_TEMPLATE " and has \"%s\"", in->author.name, t->name, in->author.rights);
}

/* One content for a version, and no way back (RFC 4809, 3.2.4.1). */
static bool
check_version(const struct incoming *in, int64_t last, const uint8_t *digest, const char *where,
    struct fault *f)
{
	char	held[2 * SHA256_OCTETS + 1], here[2 * SHA256_OCTETS + 1];

	hex_encode(view_of(digest, SHA256_OCTETS), held);
	hex_encode(view_of(in->digest, SHA256_OCTETS), here);
	if (in->t.version <= last)
		return fault_set(f, FAULT_CONFLICT, "RFC 4809, 3.2.4.1", "template \"%s\": version %"
		    PRId64 " (sha256 %s) is %s, and the file has %" PRIu32 " (sha256 %s): want "
		    "version = \"%" PRId64 "\"", in->t.name, last, held, where, in->t.version, here,
		    last + 1);
	return in->t.version - last <= VERSIONS_AHEAD || fault_set(f, FAULT_LIMIT, "", "template "
	    "\"%s\": version %" PRIu32 ", up to %" PRId64 " is taken after %" PRId64, in->t.name,
	    in->t.version, last + VERSIONS_AHEAD, last);
}

static bool
check_newer(struct call *c, struct incoming *in, struct fault *f)
{
	struct store_template	last;
	struct store_author	u;

	if (!store_template_last(c->e->p.store, in->t.name, c->a, &last, f) ||
	    !store_author_find(c->e->p.store, in->t.name, 0, c->a, &u, f))
		return false;
	in->held = u.version == in->t.version && u.admin == in->author.n &&
	    memcmp(u.digest, in->digest, sizeof(u.digest)) == 0 && last.version <= u.version;
	return in->held || (check_version(in, last.version, last.digest, "in use or was", f) &&
	    check_version(in, u.version, u.digest, "imported", f));
}

static bool
set_digest(struct incoming *in, struct fault *f)
{
	struct buf	der;
	bool		ok;

	buf_init(&der, CVP_SETTINGS_MAX * 2);
	template_put(&in->t, &der);
	sha256(buf_view(&der), in->digest);
	ok = buf_check(&der, "template", f);
	buf_clear(&der);
	return ok;
}

/* The Template holds what its settings say, so that the digest stays what was signed. */
static bool
check_digest(const struct incoming *in, struct fault *f)
{
	return memcmp(in->digest, in->seal.digest, sizeof(in->digest)) == 0 || fault_set(f,
	    FAULT_CONFLICT, "RFC 4809, 3.2.4.1", "template \"%s\": its terms are not those of its "
	    "settings", in->t.name);
}

static bool
read_seal(struct call *c, struct incoming *in, const struct exchange_trust *trust,
    struct fault *f)
{
	const struct template_seal	*s = &in->seal;

	return template_seal_open(in->file, trust, c->a, &in->seal, f) &&
	    template_of_settings(s->t.settings, s->t.name, s->t.version, &in->t, f) &&
	    (s->readable.n == 0 || template_same_text(&in->t, s->readable, f)) &&
	    set_digest(in, f);
}

/* By an Admin, or by this PKI itself. */
static bool
judge_signed(struct call *c, struct incoming *in, struct fault *f)
{
	const struct exchange_trust	trust = {
		.anchor = buf_view(&c->e->authorities.list[AUTHORITY_ROOT].der), .now = c->now };

	if (!read_seal(c, in, NULL, f) || !find_author(c, in, f))
		return false;
	if (in->author.n == 0 && in->by.n != 0 && in->by.authz != 0)
		return fault_set(f, FAULT_REFUSED, "decision 29", "signed by the certificate of %s, "
		    "who is no Admin", in->by.identity);
	if (in->author.n == 0)
		return read_seal(c, in, &trust, f) || fault_within(f, "signed neither by an Admin of "
		    "this PKI nor by the PKI itself");
	return check_signature(in, f) && check_digest(in, f) && check_state(c, in, f) &&
	    check_author_right(in, f) && check_newer(c, in, f);
}

static bool
judge_readable(struct incoming *in, struct fault *f)
{
	static struct template_problems	p;

	if (!template_read(in->file, NULL, &in->t, &p))
		return template_first_problem(&p, "pki4ipsec pki template check", f);
	return set_digest(in, f);
}

static bool
keep_author(struct call *c, const struct incoming *in, struct fault *f)
{
	struct store_author	u = { .template = in->t.name, .version = in->t.version,
		.admin = in->author.n, .cert = in->by.n, .time = c->now };

	memcpy(u.digest, in->digest, sizeof(u.digest));
	return in->author.n == 0 || in->held || store_author_insert(c->e->p.store, &u, f);
}

static bool
note_import(struct call *c, const struct incoming *in, struct fault *f)
{
	char	hex[2 * SHA256_OCTETS + 1], serial[2 * STORE_SERIAL_OCTETS + 1];
	char	object[TEMPLATE_NAME_MAX + 16], detail[DETAIL_MAX], who[128] = "";

	hex_encode(view_of(in->digest, sizeof(in->digest)), hex);
	hex_encode(view_of(in->by.serial, sizeof(in->by.serial)), serial);
	if (in->author.n != 0)
		snprintf(who, sizeof(who), "signed by admin:%.*s, certificate %s", 40,
		    in->author.name, serial);
	snprintf(object, sizeof(object), "template:%.*s", TEMPLATE_NAME_MAX, in->t.name);
	snprintf(detail, sizeof(detail), "version %" PRIu32 ", sha256 %s, %s", in->t.version, hex,
	    in->author.n != 0 ? who : template_seal_is(in->file) ? "signed by this PKI" :
	    "not signed");
	json_object_set_new(c->answer, "name", json_string(in->t.name));
	json_object_set_new(c->answer, "version", json_integer(in->t.version));
	json_object_set_new(c->answer, "digest", json_string(hex));
	if (in->author.n != 0) {
		json_object_set_new(c->answer, "author", json_string(in->author.name));
		json_object_set_new(c->answer, "author_certificate", json_string(serial));
	}
	return console_audit(c, "template import", object, detail, f);
}

static bool
put_text(struct call *c, const struct incoming *in, struct fault *f)
{
	struct buf	text;
	bool		ok;

	buf_init(&text, TEMPLATE_FILE_MAX);
	template_text(&in->t, &text);
	ok = buf_check(&text, "template", f);
	if (ok)
		json_object_set_new(c->answer, "file", json_stringn((const char *)text.p, text.n));
	buf_clear(&text);
	return ok;
}

/* A refusal is an answer, so that its audit row stays. */
static bool
refuse_import(struct call *c, const struct incoming *in, struct fault *f)
{
	const struct fault	why = *f;
	char			object[TEMPLATE_NAME_MAX + 16];

	if (why.kind == FAULT_IO || why.kind == FAULT_INTERNAL || why.kind == FAULT_BUSY)
		return false;
	fault_clear(f);
	snprintf(object, sizeof(object), "template:%.*s", TEMPLATE_NAME_MAX, in->t.name);
	json_object_set_new(c->answer, "refused", json_pack("{s:i, s:s, s:s}", "kind",
	    (int)why.kind, "rule", why.rule, "text", why.text));
	return console_audit(c, "template refused", object, why.text, f);
}

bool
console_template_import(struct call *c, struct fault *f)
{
	struct incoming	in = { .file = view_str(c->words[1]) };

	if (!(template_seal_is(in.file) ? judge_signed(c, &in, f) : judge_readable(&in, f)))
		return refuse_import(c, &in, f);
	return keep_author(c, &in, f) && note_import(c, &in, f) && put_text(c, &in, f);
}
