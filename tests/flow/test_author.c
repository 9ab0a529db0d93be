/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template written and signed by an Admin, which the PKI takes if he may
 * write it: whose signature, of which template, after which version.
 *
 * R4809-3.2.4.1-1 (D-16): a signed file with a digest comes in on both sides, test_taken
 * R4809-3.3.3-1 (D-29): who may write a template is a right of its own, test_rights
 * R4809-3.1.2-4: no right, no certificate in use: refused, test_refused
 * SEED-56: who wrote a version is told with it, test_taken
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "admin/pins.h"
#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "flow_device.h"
#include "pki/console.h"
#include "profile/template_file.h"
#include "profile/template_wire.h"
#include "store/store_log.h"

#define YEAR	(INT64_C(400) * 86400)

static struct flow_pki	pki, other;	/* other: somebody else's PKI */
static struct device	author_device, first_device, peer_device, stranger_device;
static struct admin	author, first, peer, stranger;	/* first may do everything */
static struct arena	*arena;

static void
must(bool ok, const struct fault *f)
{
	if (!ok)
		fail_msg("%s", f->text);
}

/* --- the operator ------------------------------------------------------------------------- */

static json_t *
operator_asks(const char *const *words, size_t n, int64_t now, struct fault *f)
{
	struct console_request	q = { .n = n };
	struct buf		out;
	json_t			*o = NULL;

	for (size_t i = 0; i < n; i++)
		q.words[i] = view_str(words[i]);
	buf_init(&out, CONSOLE_ANSWER_MAX);
	if (console_run(pki.engine, &q, now, &out, f))
		o = json_loadb((const char *)out.p, out.n, 0, NULL);
	buf_clear(&out);
	return o;
}

static json_t *
import_at(const struct buf *file, int64_t now)
{
	struct buf	text;
	struct fault	f = { 0 };
	json_t		*o;

	buf_init(&text, 2 * TEMPLATE_SEAL_MAX);
	buf_add_view(&text, buf_view(file));
	buf_add_u8(&text, 0);
	o = operator_asks((const char *const[]){ CONSOLE_FILE_VERB, (const char *)text.p }, 2, now,
	    &f);
	buf_clear(&text);
	must(o != NULL, &f);
	return o;
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* "" if it was taken. */
static void
refusal(const struct buf *file, int64_t now, char out[FAULT_TEXT_MAX])
{
	json_t	*o = import_at(file, now);

	snprintf(out, FAULT_TEXT_MAX, "%s", text_of(json_object_get(o, "refused"), "text"));
	json_decref(o);
}

static void
give(const char *rights)
{
	struct fault	f = { 0 };
	json_t		*o = operator_asks((const char *const[]){ "admin-rights", "label", rights }, 3,
			    pki.now, &f);

	must(o != NULL, &f);
	json_decref(o);
}

struct found {
	const char	*action, *in_detail;
	unsigned	 n;
};

static bool
note_row(void *ctx, const struct store_audit *e, struct fault *f)
{
	struct found	*x = ctx;

	(void)f;
	if (strcmp(e->action, x->action) == 0 && strstr(e->detail, x->in_detail) != NULL)
		x->n++;
	return true;
}

static unsigned
audited(const char *action, const char *in_detail)
{
	struct found	x = { action, in_detail, 0 };
	struct fault	f = { 0 };

	must(store_audit_walk(pki.store, 0, 10000, note_row, &x, &f), &f);
	return x.n;
}

/* --- the author ----------------------------------------------------------------------------- */

/* A starting template with another version and lifetime. */
static void
write_template(const char *start, const char *name, uint32_t version, int64_t days,
    struct buf *out)
{
	struct template	t;
	struct fault	f = { 0 };

	must(template_start(start, "Author", &t, &f) && template_set(&t, "name", name, &f), &f);
	t.version = version;
	t.validity_seconds = days * 86400;
	template_text(&t, out);
}

static void
sign(struct admin *by, const char *name, uint32_t version, int64_t days, struct buf *file,
    char hex[2 * SHA256_OCTETS + 1])
{
	uint8_t		digest[SHA256_OCTETS];
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };

	buf_init(&text, TEMPLATE_FILE_MAX);
	buf_reset(file);
	write_template(strcmp(name, "admin") == 0 ? "admin" : "s2s-gateway", name, version, days,
	    &text);
	must(pins_sign(by, buf_view(&text), arena, &t, digest, file, &f), &f);
	if (hex != NULL)
		hex_encode(view_of(digest, sizeof(digest)), hex);
	buf_clear(&text);
}

static void
replace(struct buf *file, const char *old, const char *new)
{
	struct buf	b;
	char		*at;

	buf_init(&b, 2 * TEMPLATE_SEAL_MAX);
	buf_add_view(&b, buf_view(file));
	buf_add_u8(&b, 0);
	at = strstr((char *)b.p, old);
	assert_non_null(at);
	buf_reset(file);
	buf_add(file, b.p, (size_t)(at - (char *)b.p));
	buf_add_str(file, new);
	buf_add_str(file, at + strlen(old));
	buf_clear(&b);
}

/* --- taken -------------------------------------------------------------------------------- */

/* What is in use: its version, digest and author. */
static void
in_use(const char *name, json_int_t *version, char digest[80], char who[80])
{
	struct fault	f = { 0 };
	json_t		*o = operator_asks((const char *const[]){ "templates" }, 1, pki.now, &f), *t;
	size_t		 i;

	must(o != NULL, &f);
	*version = 0;
	json_array_foreach(json_object_get(o, "templates"), i, t) {
		if (strcmp(text_of(t, "name"), name) != 0 || text_of(t, "until")[0] != '\0')
			continue;
		*version = json_integer_value(json_object_get(t, "version"));
		snprintf(digest, 80, "%s", text_of(t, "digest"));
		snprintf(who, 80, "%s", text_of(t, "author"));
	}
	json_decref(o);
}

/* As `pki template import` does, and the reload that it asks for. */
static void
put_in_use(const json_t *o)
{
	char		path[CONFIG_PATH_MAX + 64];
	struct fault	f = { 0 };

	snprintf(path, sizeof(path), "%s/templates/%s.conf", pki.config.dir, text_of(o, "name"));
	must(file_write(path, view_str(text_of(o, "file")), 0600, &f), &f);
	flow_restart(&pki);
}

static void
test_taken(void **state)
{
	char		hex[2 * SHA256_OCTETS + 1], digest[80], who[80];
	json_int_t	version;
	struct buf	file;
	json_t		*o;

	(void)state;
	give("s2s-gateway:template");
	buf_init(&file, TEMPLATE_SEAL_MAX);
	sign(&author, "s2s-gateway", 5, 77, &file, hex);
	o = import_at(&file, pki.now);
	assert_string_equal(text_of(o, "author"), "label");
	assert_string_equal(text_of(o, "digest"), hex);
	assert_int_equal(audited("template import", "signed by admin:label, certificate 01"), 1);
	in_use("s2s-gateway", &version, digest, who);
	assert_int_equal(version, 1);	/* until the operator has it loaded */
	put_in_use(o);
	in_use("s2s-gateway", &version, digest, who);
	assert_int_equal(version, 5);
	assert_string_equal(digest, hex);	/* what was signed, to the bit */
	assert_string_equal(who, "label");
	json_decref(o);
	json_decref(import_at(&file, pki.now));	/* again: the same */
	in_use("s2s-gateway", &version, digest, who);
	assert_int_equal(version, 5);
	buf_clear(&file);
}

/* The operator's own change is nobody's whom it would name. */
static void
test_changed_here(void **state)
{
	char		digest[80], who[80];
	json_int_t	version;
	struct buf	text;
	json_t		*o;

	(void)state;
	buf_init(&text, TEMPLATE_FILE_MAX);
	write_template("s2s-gateway", "s2s-gateway", 1, 78, &text);
	o = import_at(&text, pki.now);
	assert_string_equal(text_of(o, "author"), "");
	assert_int_equal(audited("template import", "not signed"), 1);
	put_in_use(o);
	in_use("s2s-gateway", &version, digest, who);
	assert_int_equal(version, 6);
	assert_string_equal(who, "");
	json_decref(o);
	buf_clear(&text);
}

/* --- rights ------------------------------------------------------------------------------- */

static void
test_rights(void **state)
{
	static const struct {
		const char	*rights, *name, *want;
	} cases[] = {
		{ "*", "s2s-gateway", "" },
		{ "*:template", "s2s-gateway", "" },
		{ "*:*", "s2s-gateway", "" },
		{ "s2s-gateway:*", "s2s-gateway", "" },
		{ "s2s-gateway:template", "s2s-gateway", "" },
		{ "branch:template", "branch", "" },	/* one that there is not yet */
		{ "s2s-gateway:authorize s2s-gateway:enroll s2s-gateway:revoke s2s-gateway:query",
		    "s2s-gateway", "lacks the right s2s-gateway:template" },
		{ "ra-gateway:template *:query", "s2s-gateway", "lacks the right" },
		{ "s2s-gateway:template", "branch", "lacks the right branch:template" },
		{ "*:template", "admin", "makes Admins: its author needs the right *" },
		{ "*", "admin", "" },
	};
	char		why[FAULT_TEXT_MAX];
	struct buf	file;

	(void)state;
	buf_init(&file, TEMPLATE_SEAL_MAX);
	for (size_t i = 0; i < LEN(cases); i++) {
		give(cases[i].rights);
		sign(&author, cases[i].name, (uint32_t)(20 + i), 30, &file, NULL);
		refusal(&file, pki.now, why);
		if ((cases[i].want[0] == '\0') != (why[0] == '\0') ||
		    strstr(why, cases[i].want) == NULL)
			fail_msg("\"%s\" for %s: \"%s\"", cases[i].rights, cases[i].name, why);
	}
	/* Taken away while the PKI runs: what he signed before is refused, too. */
	sign(&author, "s2s-gateway", 40, 30, &file, NULL);
	give("s2s-gateway:authorize");
	refusal(&file, pki.now, why);
	assert_non_null(strstr(why, "Admin label lacks the right s2s-gateway:template"));
	give("s2s-gateway:template");
	buf_clear(&file);
}

/* --- refused -------------------------------------------------------------------------------- */

/* The terms of one template with the settings of another, well signed. */
static void
sign_twofold(struct admin *by, struct buf *file)
{
	struct template		t;
	struct cvp_template_info info;
	struct buf		der, list, content, message;
	struct fault		f = { 0 };

	must(template_start("s2s-gateway", "", &t, &f), &f);
	t.version = 60;
	buf_init(&der, 1u << 16);
	buf_init(&list, 1u << 16);
	buf_init(&content, 1u << 16);
	buf_init(&message, 1u << 17);
	template_put(&t, &der);
	der_put(&list, DER_SEQUENCE, buf_view(&der));
	must(cvp_template_info_decode(buf_view(&list), arena, &info, &f), &f);
	info.v[0].max_entries.v = 7;
	buf_reset(&der);
	cvp_put_template(&der, &info.v[0]);
	template_seal_content(buf_view(&der), &content);
	must(message_sign(&by->signer, by->key, OID_CT_PKI_RESPONSE, buf_view(&content), by->now,
	    &message, &f), &f);
	buf_reset(file);
	template_seal_file(VIEW_NONE, buf_view(&message), file);
	buf_clear(&der);
	buf_clear(&list);
	buf_clear(&content);
	buf_clear(&message);
}

static void
expect(const char *label, const struct buf *file, int64_t now, const char *want)
{
	char	why[FAULT_TEXT_MAX];

	refusal(file, now, why);
	if (why[0] == '\0' || strstr(why, want) == NULL)
		fail_msg("%s: \"%s\"", label, why);
}

static void
test_refused(void **state)
{
	struct buf	file;

	(void)state;
	buf_init(&file, TEMPLATE_SEAL_MAX);
	sign(&author, "s2s-gateway", 60, 31, &file, NULL);
	replace(&file, "validity = \"31d\"", "validity = \"1825d\"");
	expect("the part for people", &file, pki.now, "validity is \"1825d\" there and \"31d\" in what "
	    "is signed");
	sign(&author, "s2s-gateway", 60, 31, &file, NULL);
	replace(&file, "-----END CMS", "AAAA\n-----END CMS");
	expect("the signed part", &file, pki.now, "");
	sign(&author, "s2s-gateway", 3, 31, &file, NULL);
	expect("an older version", &file, pki.now, "want version = \"");
	sign(&author, "s2s-gateway", 24, 31, &file, NULL);
	expect("an imported version, other content", &file, pki.now, "version 24 (sha256 ");
	sign(&author, "s2s-gateway", 900000, 31, &file, NULL);
	expect("all versions used up", &file, pki.now, "version 900000, up to 1006 is taken after 6");
	sign_twofold(&author, &file);
	expect("terms and settings that differ", &file, pki.now, "not those of its settings");
	sign(&stranger, "s2s-gateway", 60, 31, &file, NULL);
	expect("an Admin of another PKI", &file, pki.now, "signed neither by an Admin of this PKI");
	sign(&peer, "s2s-gateway", 60, 31, &file, NULL);
	expect("a device", &file, pki.now, "who is no Admin");
	assert_true(audited("template refused", "") >= 7);
	buf_clear(&file);
}

/* Whatever is changed in the signed part: refused, or it says what was signed. */
static void
test_tampered(void **state)
{
	struct buf	file, text;
	char		hex[2 * SHA256_OCTETS + 1], *at;
	size_t		refused = 0;

	(void)state;
	buf_init(&file, TEMPLATE_SEAL_MAX);
	buf_init(&text, TEMPLATE_SEAL_MAX);
	sign(&author, "s2s-gateway", 60, 31, &file, hex);
	buf_add_u8(&file, 0);
	at = strstr((char *)file.p, "-----BEGIN CMS-----\n");
	assert_non_null(at);
	for (size_t i = (size_t)(at - (char *)file.p) + 20; i + 24 < file.n; i += 7) {
		json_t	*o;

		if (file.p[i] == '\n')
			continue;
		buf_reset(&text);
		buf_add(&text, file.p, file.n - 1);
		text.p[i] = text.p[i] == 'A' ? 'B' : 'A';
		o = import_at(&text, pki.now);
		/* the certificates that travel along are nobody's word: ours are in the store */
		if (json_object_get(o, "refused") != NULL)
			refused++;
		else if (strcmp(text_of(o, "digest"), hex) != 0)
			fail_msg("octet %zu changed, and taken", i);
		json_decref(o);
	}
	assert_true(refused > 50);
	buf_clear(&file);
	buf_clear(&text);
}

/* The console's words are short, but for this one. */
static void
test_too_large(void **state)
{
	struct fault	f = { 0 };
	struct buf	word;

	(void)state;
	buf_init(&word, 2 * TEMPLATE_SEAL_MAX);
	while (word.n <= TEMPLATE_FILE_MAX)
		buf_add_str(&word, "# a comment\n");
	buf_add_u8(&word, 0);
	json_t	*o = operator_asks((const char *const[]){ CONSOLE_FILE_VERB,
	    (const char *)word.p }, 2, pki.now, &f);

	must(o != NULL, &f);
	assert_non_null(strstr(text_of(json_object_get(o, "refused"), "text"), "more than 65536"));
	json_decref(o);
	buf_clear(&word);
}

/* In the author's name, by another key: nothing in it was changed. */
static void
test_forged(void **state)
{
	struct admin	forger = author;
	struct buf	file;

	(void)state;
	forger.key = peer.key;
	buf_init(&file, TEMPLATE_SEAL_MAX);
	sign(&forger, "s2s-gateway", 61, 31, &file, NULL);
	expect("another key", &file, pki.now, "");
	forger.key = author.key;
	sign(&forger, "s2s-gateway", 61, 31, &file, NULL);
	json_decref(import_at(&file, pki.now));
	assert_int_equal(audited("template import", "version 61"), 1);
	buf_clear(&file);
}

/* Last: his certificate is revoked, and another Admin's is not. */
static void
test_revoked(void **state)
{
	struct fault	f = { 0 };
	struct buf	file;
	char		why[FAULT_TEXT_MAX];
	json_t		*o;

	(void)state;
	buf_init(&file, TEMPLATE_SEAL_MAX);
	sign(&author, "s2s-gateway", 70, 31, &file, NULL);
	o = operator_asks((const char *const[]){ "revoke", "email:author@admin.invalid",
	    "keyCompromise" }, 3,
	    pki.now, &f);
	must(o != NULL, &f);
	json_decref(o);
	expect("a revoked certificate", &file, pki.now, "keyCompromise");
	sign(&first, "s2s-gateway", 70, 31, &file, NULL);
	refusal(&file, pki.now, why);
	assert_string_equal(why, "");
	sign(&first, "s2s-gateway", 71, 31, &file, NULL);
	flow_pass(&pki, YEAR);
	expect("an expired certificate", &file, pki.now, ", expired at 20");
	buf_clear(&file);
}

/* Who holds a version signs none that is older, or the same. */
static void
test_author_side(void **state)
{
	uint8_t		digest[SHA256_OCTETS];
	struct template	t;
	struct buf	file, text, out;
	struct fault	f = { 0 };
	char		path[FLOW_PATH_MAX];
	bool		news;
	json_t		*o;
	struct template_seal seal;

	(void)state;
	buf_init(&file, TEMPLATE_SEAL_MAX);
	buf_init(&text, TEMPLATE_FILE_MAX);
	buf_init(&out, TEMPLATE_SEAL_MAX);
	/* What an Admin signed is nothing that Admins hold: only the PKI's word is. */
	sign(&author, "s2s-gateway", 60, 31, &file, NULL);
	must(file_write(flow_path(&pki, "a.signed", path), buf_view(&file), 0600, &f), &f);
	assert_false(pins_import(&first, path, arena, &seal, &news, &f));
	fault_clear(&f);
	o = operator_asks((const char *const[]){ "template-file", "s2s-gateway", "0" }, 3, pki.now, &f);
	must(o != NULL && file_write(flow_path(&pki, "b.template", path),
	    view_str(text_of(o, "file")), 0600, &f) &&
	    pins_import(&first, path, arena, &seal, &news, &f), &f);
	json_decref(o);
	write_template("s2s-gateway", "s2s-gateway", 6, 31, &text);
	assert_false(pins_sign(&first, buf_view(&text), arena, &t, digest, &out, &f));
	assert_non_null(strstr(f.text, "want version = \"7\""));
	fault_clear(&f);
	assert_false(pins_sign(&first, VIEW_LIT("name = \"x\"\nvalidity = \"1s\"\n"), arena, &t, digest,
	    &out, &f));
	assert_non_null(strstr(f.text, "line 2: validity = \"1s\", permitted is"));
	buf_clear(&file);
	buf_clear(&text);
	buf_clear(&out);
}

/* --- around it --------------------------------------------------------------------------- */

static void
open_admin(struct device *d, struct admin *a)
{
	struct fault		f = { 0 };
	struct transport	way = flow_wire(&d->w);
	char			url[FLOW_PATH_MAX + 16];

	if (!run(d))
		fail_msg("%s", d->f.text);
	must(path_join(url, sizeof(url), d->dir, "admin.url", &f) &&
	    file_write(url, view_str("url: http://127.0.0.1:8080/cmc\n"), 0644, &f) &&
	    admin_open(d->dir, NULL, &way, rng_system(), d->p->now, a, &f), &f);
}

static void
first_admin(struct flow_pki *p, struct device *d, struct admin *a)
{
	struct fault	f = { 0 };

	gateway(d, p);
	ticket_clear(&d->t);
	must(ticket_read(buf_view(&p->r.ticket), &d->t, &f), &f);
	open_admin(d, a);
}

static int
begin(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	flow_start(&other, KEY_EC_P256);
	if ((arena = arena_new(256u << 20)) == NULL)
		return -1;
	first_admin(&pki, &first_device, &first);
	first_admin(&other, &stranger_device, &stranger);
	/* Whoever is authorized here has the label "label". */
	must(engine_add_admin(pki.engine, "label", "s2s-gateway:template", pki.now, &f), &f);
	device_open(&author_device, &pki, "admin", "email:author@admin.invalid", "ec-p256");
	open_admin(&author_device, &author);
	gateway(&peer_device, &pki);
	open_admin(&peer_device, &peer);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	admin_close(&author);
	admin_close(&first);
	admin_close(&peer);
	admin_close(&stranger);
	device_close(&author_device);
	device_close(&first_device);
	device_close(&peer_device);
	device_close(&stranger_device);
	arena_free(arena);
	flow_stop(&other);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_changed_here),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_author_side),
		cmocka_unit_test(test_revoked),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
