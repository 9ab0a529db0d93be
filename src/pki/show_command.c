/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki show: all that is known of certificates, whatever has become of them
 * (RFC 4809, 1.3: the CA answers for each over its whole life).
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/text.h"
#include "codec/crl.h"
#include "codec/cvp.h"
#include "pki/commands.h"
#include "pki/look.h"
#include "store/store_authz.h"

#define CERTS_MAX	1000u	/* of one word: a lineage that is renewed daily for years */
#define SUCCESSORS_MAX	16u
#define SERIAL_TEXT	(2 * STORE_SERIAL_OCTETS + 1)
#define LINE_MAX	512

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ 0 },
};

struct show {
	struct look		 v;
	const struct invocation	*in;
	int64_t			 now;
	json_t			*list;
};

/* --- finding ------------------------------------------------------------------------------ */

/* Hexadecimal digits, with colons or without, as everybody writes serial numbers. */
static bool
read_serial(const char *word, uint8_t serial[STORE_SERIAL_OCTETS])
{
	char	digits[SERIAL_TEXT];
	size_t	n = 0, got = 0;

	for (; *word != '\0'; word++) {
		if (*word == ':')
			continue;
		if (n + 1 == sizeof(digits))
			return false;
		digits[n++] = (char)tolower((unsigned char)*word);
	}
	digits[n] = '\0';
	return hex_decode(digits, serial, STORE_SERIAL_OCTETS, &got) &&
	    got == STORE_SERIAL_OCTETS;
}

/* The row's number stands in the serial number (store_cert.h). */
static bool
find_serial(struct show *s, const char *word, int64_t *n, size_t *count, struct fault *f)
{
	uint8_t			serial[STORE_SERIAL_OCTETS];
	struct store_cert	c;

	*count = 0;
	if (!read_serial(word, serial))
		return true;
	*n = 0;
	for (size_t i = 1; i <= 5; i++)
		*n = *n << 8 | serial[i];
	if (!store_cert_find(s->v.store, *n, false, s->v.arena, &c, f))
		return false;
	*count = c.n != 0 && memcmp(c.serial, serial, sizeof(serial)) == 0;
	return true;
}

/* It may be known, and have no certificate. */
static bool
say_none(struct show *s, const char *word, struct fault *f)
{
	struct store_authz	z;

	if (!store_authz_find(s->v.store, view_str(word), s->v.arena, &z, f))
		return false;
	return z.n != 0 ? fault_set(f, FAULT_NOT_FOUND, "", "authorization \"%s\" is %s and has no "
	    "certificate", word, cvp_state_name((enum cvp_state)z.state)) :
	    fault_set(f, FAULT_NOT_FOUND, "", "\"%.200s\" is no serial number, identity, label or "
	    "authorization id of a certificate that this PKI has made", word);
}

static bool
find(struct show *s, const char *word, int64_t n[CERTS_MAX], size_t *count, struct fault *f)
{
	return find_serial(s, word, n, count, f) && (*count > 0 ||
	    store_cert_find_ever(s->v.store, word, n, CERTS_MAX, count, f)) &&
	    (*count > 0 || say_none(s, word, f));
}

/* --- one certificate ------------------------------------------------------------------------- */

static json_t *
date_json(int64_t when)
{
	char	text[32] = "";

	if (when != 0)
		date_format(when, text);
	return json_string(text);
}

static void
set_text(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, json_string(text != NULL ? text : ""));
}

static const char *
state_of(const struct show *s, const struct store_cert *c)
{
	bool	counts = c->state == STORE_CERT_ISSUED || c->state == STORE_CERT_CONFIRMED ||
		    c->state == STORE_CERT_SUPERSEDED;

	return look_cert_state(counts && c->not_after <= s->now ? STORE_CERT_EXPIRED : c->state);
}

static bool
set_issuer(struct show *s, const struct store_cert *c, json_t *o, struct fault *f)
{
	struct store_ca	ca;

	if (!store_ca_find_n(s->v.store, c->ca, s->v.arena, &ca, f))
		return false;
	set_text(o, "issuer", ca.name);
	return true;
}

static bool
set_template(struct show *s, const struct store_cert *c, json_t *o, struct fault *f)
{
	struct store_template	t;
	char			hex[2 * STORE_DIGEST_OCTETS + 1];

	if (c->template == 0)
		return true;
	if (!store_template_find_n(s->v.store, c->template, s->v.arena, &t, f))
		return false;
	hex_encode(view_of(t.digest, sizeof(t.digest)), hex);
	json_object_set_new(o, "template", json_pack("{s:s, s:I, s:s, s:o}", "name", t.name,
	    "version", (json_int_t)t.version, "digest", hex, "until", date_json(t.retired)));
	return true;
}

static bool
set_authz(struct show *s, const struct store_cert *c, json_t *o, struct fault *f)
{
	struct store_authz	z;
	struct store_admin	ad = { .name = "" };

	if (c->authz == 0)
		return true;
	if (!store_authz_find_n(s->v.store, c->authz, s->v.arena, &z, f) ||
	    (z.admin != 0 && !store_admin_find_n(s->v.store, z.admin, s->v.arena, &ad, f)))
		return false;
	json_object_set_new(o, "authorization", json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", z.id,
	    "state", cvp_state_name((enum cvp_state)z.state), "label", z.label, "admin",
	    z.admin != 0 ? ad.name : "operator", "created", date_json(z.created)));
	return true;
}

/* Another certificate, by what one would look for. */
static bool
other(struct show *s, int64_t n, json_t **out, struct fault *f)
{
	struct store_cert	c;
	char			serial[SERIAL_TEXT];

	if (!store_cert_find(s->v.store, n, false, s->v.arena, &c, f))
		return false;
	hex_encode(view_of(c.serial, sizeof(c.serial)), serial);
	*out = json_pack("{s:s, s:s}", "serial", serial, "state", state_of(s, &c));
	return true;
}

static bool
set_lineage(struct show *s, const struct store_cert *c, json_t *o, struct fault *f)
{
	static const char *const	kinds[] = { "first", "renewal", "renewal with a new key",
		"rekey", "update" };
	struct store_change		change;
	json_t				*list = json_array(), *one = NULL;
	int64_t				n[SUCCESSORS_MAX];
	size_t				count;

	json_object_set_new(o, "successors", list);
	if (!store_change_find(s->v.store, c->n, s->v.arena, &change, f) ||
	    !store_cert_successors(s->v.store, c->n, n, SUCCESSORS_MAX, &count, f))
		return false;
	set_text(o, "made_as", (unsigned)change.kind < sizeof(kinds) / sizeof(kinds[0]) ?
	    kinds[change.kind] : "");
	if (c->prev != 0) {
		if (!other(s, c->prev, &one, f))
			return false;
		json_object_set_new(o, "predecessor", one);
	}
	for (size_t i = 0; i < count; i++) {
		if (!other(s, n[i], &one, f))
			return false;
		json_array_append_new(list, one);
	}
	return true;
}

static void
set_life(const struct store_cert *c, json_t *o)
{
	json_object_set_new(o, "made", date_json(c->created));
	json_object_set_new(o, "not_before", date_json(c->not_before));
	json_object_set_new(o, "not_after", date_json(c->not_after));
	json_object_set_new(o, "confirmed", date_json(c->confirmed_at));
	json_object_set_new(o, "retires", date_json(c->state == STORE_CERT_REVOKED ? 0 :
	    c->retire_at));
	json_object_set_new(o, "revoked", date_json(c->revoked_at));
	set_text(o, "reason", c->revoked_at != 0 ? crl_reason_name((unsigned)c->reason) : "");
	json_object_set_new(o, "invalid_since", date_json(c->invalidity));
}

static bool
add_cert(struct show *s, int64_t n, struct fault *f)
{
	struct store_cert	c;
	char			serial[SERIAL_TEXT];
	json_t			*o = json_object();

	json_array_append_new(s->list, o);
	if (!store_cert_find(s->v.store, n, false, s->v.arena, &c, f))
		return false;
	hex_encode(view_of(c.serial, sizeof(c.serial)), serial);
	set_text(o, "serial", serial);
	set_text(o, "state", state_of(s, &c));
	set_text(o, "subject", c.subject);
	set_text(o, "identity", c.identity);
	set_life(&c, o);
	return set_issuer(s, &c, o, f) && set_template(s, &c, o, f) && set_authz(s, &c, o, f) &&
	    set_lineage(s, &c, o, f);
}

/* --- for people --------------------------------------------------------------------------- */

static const char *
text_of(const json_t *o, const char *key)
{
	const char	*t = json_string_value(json_object_get(o, key));

	return t != NULL ? t : "";
}

static void PRINTF_LIKE(2, 3)
line(const char *what, const char *fmt, ...)
{
	char	text[LINE_MAX], shown[4 * LINE_MAX];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_escape(view_str(text), 0, shown, sizeof(shown));
	if (text[0] != '\0')
		printf("  %-14s %s\n", what, shown);
}

static void
print_life(const json_t *o)
{
	const char	*confirmed = text_of(o, "confirmed"), *revoked = text_of(o, "revoked");

	line("made", "%s, %s", text_of(o, "made"), text_of(o, "made_as"));
	line("valid", "%s to %s", text_of(o, "not_before"), text_of(o, "not_after"));
	line("confirmed", "%s", confirmed[0] != '\0' ? confirmed : "never");
	line("retires", "%s", text_of(o, "retires"));
	if (revoked[0] != '\0')
		line("revoked", "%s, %s", revoked, text_of(o, "reason"));
	line("invalid since", "%s", text_of(o, "invalid_since"));
}

static void
print_lineage(const json_t *o)
{
	const json_t	*before = json_object_get(o, "predecessor"), *after;
	size_t		 i;

	if (before != NULL)
		line("predecessor", "%s, %s", text_of(before, "serial"), text_of(before, "state"));
	json_array_foreach(json_object_get(o, "successors"), i, after)
		line("successor", "%s, %s", text_of(after, "serial"), text_of(after, "state"));
}

static void
print_cert(const json_t *o)
{
	const json_t	*t = json_object_get(o, "template");
	const json_t	*z = json_object_get(o, "authorization");

	printf("%s\n", text_of(o, "serial"));
	line("state", "%s", text_of(o, "state"));
	line("subject", "%s", text_of(o, "subject"));
	line("identity", "%s", text_of(o, "identity"));
	line("issuer", "%s", text_of(o, "issuer"));
	if (t != NULL)
		line("template", "%s, version %lld, %s%s", text_of(t, "name"),
		    (long long)json_integer_value(json_object_get(t, "version")),
		    text_of(t, "until")[0] != '\0' ? "in use until " : "in use",
		    text_of(t, "until"));
	if (z != NULL) {
		line("authorization", "%s, %s", text_of(z, "id"), text_of(z, "state"));
		line("label", "%s", text_of(z, "label"));
		line("Admin", "%s, %s", text_of(z, "admin"), text_of(z, "created"));
	}
	print_life(o);
	print_lineage(o);
}

static void
print(struct show *s)
{
	json_t	*root, *o;
	size_t	 i;

	if (!s->in->json) {
		json_array_foreach(s->list, i, o)
			print_cert(o);
		return;
	}
	root = json_pack("{s:O}", "certificates", s->list);
	json_dumpf(root, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(root);
}

static bool
show_all(struct show *s, struct fault *f)
{
	for (size_t i = 0; i < s->in->nargs; i++) {
		int64_t	n[CERTS_MAX];
		size_t	count;

		if (!find(s, s->in->args[i], n, &count, f))
			return false;
		for (size_t k = 0; k < count; k++)
			if (!add_cert(s, n[k], f))
				return false;
	}
	return true;
}

static int
run(const struct invocation *in)
{
	struct show	s = { .in = in, .now = (int64_t)time(NULL), .list = json_array() };
	struct fault	f = { 0 };
	bool		ok;

	ok = look_open(option_value(in, "dir"), &s.v, &f) && show_all(&s, &f);
	if (ok)
		print(&s);
	look_close(&s.v);
	json_decref(s.list);
	return ok ? EXIT_DONE : command_fail(in, &f, pki_help(in, &f));
}

const struct command cmd_pki_show = {
	.group = "pki", .name = "show", .args = "WHAT...", .min_args = 1,
	.max_args = ARGUMENTS_MAX,
	.help = "a certificate's whole life: by serial number, identity, label or authorization",
	.options = options, .run = run,
};
