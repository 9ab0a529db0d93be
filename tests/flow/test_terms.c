/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terms of single devices against those of the template (C-16 and
 * 17): one rule for each field, from the words of an operator's list to what
 * the PKI grants and says about it.
 *
 * R4809-3.2.4.1-3 (contents in the request override the template where it
 * permits), R4809-3.2.4.3-1 and -6 (formats of ids and tokens, alphabets),
 * R4809-3.2.4.3-9 and -10 (conflicts: refuse or reduce, by field),
 * R4809-3.2.5-2 and -3 (the contents as they now stand), R4809-3.2.4.2-4, -5
 * and -7 (who may renew and update, and when)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "admin/entry_terms.h"
#include "base/file.h"
#include "codec/oid.h"
#include "flow_raw.h"
#include "message/envelope.h"
#include "profile/identity.h"

#define WORDS_MAX	3

static struct flow_pki	pki;
static struct device	admin_device;
static struct raw_cert	admin;

/* 30 days to enrol, a certificate for 100 days, an hour to confirm. */
static void
set_template(void)
{
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };
	char		path[CONFIG_PATH_MAX + 64];

	assert_true(template_start("s2s-gateway", pki.q.name, &t, &f));
	t.window_seconds = 14 * 86400;
	t.window_max_seconds = 30 * 86400;
	t.validity_seconds = 100 * 86400;
	t.confirm_seconds = 3600;
	t.retire_delay_seconds = 7200;
	t.keys = KEY_BIT(KEY_EC_P256) | KEY_BIT(KEY_RSA_3072);
	t.renewal = (struct change_terms){ true, CHANGE_BY_PEER, CHANGE_EITHER_KEY, 30, 3 };
	t.update.allowed = false;
	t.admin_may_revoke = false;
	buf_init(&text, 1u << 16);
	template_text(&t, &text);
	snprintf(path, sizeof(path), "%s/templates/s2s-gateway.conf", pki.config.dir);
	assert_true(file_write(path, buf_view(&text), 0600, &f));
	buf_clear(&text);
	flow_restart(&pki);
}

struct words {
	enum entry_term	 term;
	const char	*text;
};

struct reply {
	struct raw_answer	 a;
	struct cvp_authz_response r;
	struct cvp_terms	 asked;
};

/* One entry with these words, and what came of it. */
static void
send(const struct words *w, bool exact, bool may_revoke, struct reply *out)
{
	static unsigned		 n;
	char			 batch[32], name[64];
	struct entry_terms	 words = { { NULL } };
	struct cvp_terms	 template = { 0 }, terms = { 0 };
	struct cvp_lifecycle	 life = { .admin_may_revoke = { true, true } };
	struct general_name	 g;
	struct identity		 id;
	struct buf		 san, value;
	struct extension	 ext;
	struct cvp_cert		 cert;
	struct cvp_entry	 entry = { .entry_id = 1, .terms = &terms };
	struct cvp_authz_request q = { .template = { .name = VIEW_LIT("s2s-gateway") },
	    .terms = { .exact = { exact, exact } }, .encrypt_to = buf_view(&admin.der),
	    .entries = &entry, .n_entries = 1 };
	struct arena		*a = arena_new(1u << 20);
	struct buf		 der;
	struct fault		 f = { 0 };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < WORDS_MAX && w[i].text != NULL; i++)
		words.text[w[i].term] = w[i].text;
	snprintf(batch, sizeof(batch), "terms-%011u", ++n);
	snprintf(name, sizeof(name), "fqdn:t%u.example", n);
	q.batch_id = view_str(batch);
	assert_true(identity_parse_tagged(view_str(name), &id, &f));
	identity_to_san(&id, &g);
	buf_init(&san, 4096);
	general_names_put(&san, &g, 1);
	ext = (struct extension){ .oid = OID_SUBJECT_ALT_NAME, .value = buf_view(&san) };
	cert = (struct cvp_cert){ .extensions = &ext, .n_extensions = 1 };
	terms.cert = &cert;
	if (!entry_terms_put(&words, &template, pki.now, a, &cert, &terms, &f))
		fail_msg("%s", f.text);
	if (may_revoke)
		terms.lifecycle = &life;
	buf_init(&value, RAW_MAX);
	cvp_put_authz_request(&value, &q);
	raw_ask(&pki, &admin, CVP_AUTHZ_REQUEST, buf_view(&value), &out->a);
	if (out->a.again || out->a.failed)
		fail_msg("again %d, code %u", out->a.again, out->a.code);
	assert_true(cvp_authz_response_decode(cmc_find(&out->a.r.controls,
	    CVP_AUTHZ_RESPONSE)->value, out->a.a, &out->r, &f));
	assert_int_equal(out->r.n_results, 1);
	/* What was asked, out of the arena that stays. */
	assert_true(cvp_terms_merge(&template, &terms, NULL, out->a.a, &out->asked, &f));
	buf_init(&der, 8192);
	cvp_put_terms(&der, &out->asked);
	assert_true(cvp_terms_decode(arena_copy(out->a.a, buf_view(&der)), out->a.a, &out->asked, &f));
	buf_clear(&der);
	buf_clear(&value);
	buf_clear(&san);
	arena_free(a);
}

/* --- one rule for each field ------------------------------------------------------------ */

#define W1(t, x)		{ { t, x } }
#define W2(t, x, u, y)		{ { t, x }, { u, y } }

static const struct {
	const char	*label;
	struct words	 w[WORDS_MAX];
	uint32_t	 code;		/* refused with it */
	const char	*field;		/* then it is named */
	const char	*less;		/* else: what is less, as the Admin says it; NULL: nothing */
} cases[] = {
	{ "nothing said", { { 0 } }, 0, NULL, NULL },
	{ "a window within", W1(TERM_WINDOW_UNTIL, "30d"), 0, NULL, NULL },
	{ "a window too long", W1(TERM_WINDOW_UNTIL, "31d"), 0, NULL, "ticket until 2026-12-24" },
	{ "a late window, as long as permitted", W2(TERM_WINDOW_FROM, "50d", TERM_WINDOW_UNTIL,
	    "80d"), 0, NULL, NULL },
	{ "a late window, too long", W2(TERM_WINDOW_FROM, "50d", TERM_WINDOW_UNTIL, "81d"), 0, NULL,
	    "ticket until 2027-02-12" },
	{ "a window that is over", W1(TERM_WINDOW_UNTIL, "2026-01-01T00:00:00Z"),
	    CVP_TERMS_CONFLICT, "window", NULL },
	{ "a window that ends before it begins", W2(TERM_WINDOW_FROM, "5d", TERM_WINDOW_UNTIL,
	    "4d"), CVP_TERMS_CONFLICT, "window", NULL },
	{ "a shorter certificate", W1(TERM_VALID_UNTIL, "20d"), 0, NULL, NULL },
	{ "three weeks, where one is allowed", W2(TERM_VALID_UNTIL, "122d", TERM_WINDOW_UNTIL,
	    "1d"), 0, NULL, "certificate until 2027-03-05" },
	{ "a key of the template's", W1(TERM_KEY, "rsa-3072"), 0, NULL, NULL },
	{ "more RSA bits than the least", W1(TERM_KEY, "rsa-4096"), 0, NULL, NULL },
	{ "a key it does not take", W1(TERM_KEY, "ed25519"), CVP_KEY_NOT_PERMITTED, "keySpecs",
	    NULL },
	{ "one it takes and one it does not", W1(TERM_KEY, "ec-p384 ec-p256"), 0, NULL,
	    "kinds of key 1, not 2" },
	{ "renewal by somebody else", W1(TERM_RENEWAL, "admin"), CVP_TERMS_CONFLICT, "renewal",
	    NULL },
	{ "renewal by everybody", W1(TERM_RENEWAL, "either any-key max=3"), CVP_TERMS_CONFLICT,
	    "renewal", NULL },
	{ "renewal later than permitted, and with one kind of key",
	    W1(TERM_RENEWAL, "peer same-key last=10% max=2"), 0, NULL, NULL },
	{ "renewal earlier than permitted", W1(TERM_RENEWAL, "peer last=31% max=3"), 0, NULL,
	    "renewal last percent 30, not 31" },
	{ "renewal oftener than permitted", W1(TERM_RENEWAL, "peer last=30% max=4"), 0, NULL,
	    "renewal times 3, not 4" },
	{ "renewal without end", W1(TERM_RENEWAL, "peer last=30%"), 0, NULL,
	    "renewal times 3, not any number" },
	{ "renewal from a date that is too early",
	    W1(TERM_RENEWAL, "peer from=2026-12-01T00:00:00Z max=1"), 0, NULL,
	    "renewal from 2027-02-02" },
	{ "renewal from a late date", W1(TERM_RENEWAL, "peer from=2027-03-01T00:00:00Z max=1"), 0,
	    NULL, NULL },
	{ "an update that the template does not allow", W1(TERM_UPDATE, "peer max=1"),
	    CVP_TERMS_CONFLICT, "update", NULL },
	{ "a shorter delay", W1(TERM_RETIRE_DELAY, "1h"), 0, NULL, NULL },
	{ "a longer delay", W1(TERM_RETIRE_DELAY, "3h"), 0, NULL,
	    "retire-delay seconds 7200, not 10800" },
	{ "less time to confirm", W1(TERM_CONFIRM_WITHIN, "10m"), 0, NULL, NULL },
	{ "more time to confirm", W1(TERM_CONFIRM_WITHIN, "2h"), 0, NULL,
	    "confirm-within seconds 3600, not 7200" },
	{ "two that are less", W2(TERM_CONFIRM_WITHIN, "2h", TERM_RETIRE_DELAY, "3h"), 0, NULL,
	    "retire-delay seconds 7200, not 10800; confirm-within seconds 3600, not 7200" },
};

static void
expect(size_t i, bool exact, const struct reply *r)
{
	const struct cvp_result	*res = &r->r.results[0];
	uint32_t		 code = cases[i].code;
	const char		*field = cases[i].field, *less;

	if (exact && cases[i].less != NULL)
		code = CVP_TERMS_CONFLICT;
	if (code != 0) {
		if (res->failure == NULL || res->failure->code != code ||
		    res->failure->field.n == 0 || res->failure->detail.n == 0 ||
		    (field != NULL && !view_equal(res->failure->field, view_str(field))))
			fail_msg("%s%s: status %d, code %u, field %.*s", cases[i].label,
			    exact ? ", exact" : "", res->status, res->failure != NULL ?
			    res->failure->code : 0, res->failure != NULL ?
			    (int)res->failure->field.n : 0, res->failure != NULL ?
			    (const char *)res->failure->field.p : "");
		return;
	}
	if (cases[i].less == NULL) {
		if (res->status != CVP_GRANTED)
			fail_msg("%s: status %d, %s", cases[i].label, res->status,
			    res->effective != NULL ? entry_terms_reduced(&r->asked, res->effective,
			    r->a.a) : res->failure != NULL ? cvp_code_name(res->failure->code) : "");
		return;
	}
	if (res->status != CVP_GRANTED_MODIFIED || res->effective == NULL)
		fail_msg("%s: status %d, code %u", cases[i].label, res->status,
		    res->failure != NULL ? res->failure->code : 0);
	less = entry_terms_reduced(&r->asked, res->effective, r->a.a);
	if (strstr(less, cases[i].less) == NULL)
		fail_msg("%s: \"%s\"", cases[i].label, less);
}

static void
test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * LEN(cases); i++) {
		struct reply	r;

		send(cases[i / 2].w, i % 2 == 1, false, &r);
		expect(i / 2, i % 2 == 1, &r);
		raw_answer_clear(&r.a);
	}
}

/* Nobody gives himself the right to revoke by an entry. */
static void
test_right_to_revoke(void **state)
{
	const struct words	none[WORDS_MAX] = { { 0 } };
	struct reply		r;

	(void)state;
	send(none, false, true, &r);
	assert_non_null(r.r.results[0].failure);
	assert_int_equal(r.r.results[0].failure->code, CVP_TERMS_CONFLICT);
	raw_answer_clear(&r.a);
}

/* --- formats of single entries --------------------------------------------------------------- */

static bool
all_of(struct view text, const char *alphabet)
{
	for (size_t i = 0; i < text.n; i++)
		if (strchr(alphabet, text.p[i]) == NULL)
			return false;
	return true;
}

static void
test_formats(void **state)
{
	const struct words	w[WORDS_MAX] = W2(TERM_ID_FORMAT, "20 hex gw-", TERM_TOKEN_FORMAT,
	    "40 digits");
	struct reply		r;
	struct cvp_secrets	s;
	struct secret		plain = { 0 };
	struct fault		f = { 0 };

	(void)state;
	send(w, false, false, &r);
	assert_int_equal(r.r.results[0].status, CVP_GRANTED);
	assert_true(envelope_open(r.a.r.contents.v[0].contentinfo, admin.key, &admin.cert, &plain,
	    &f));
	assert_true(cvp_secrets_decode(view_of(plain.p, plain.n), r.a.a, &s, &f));
	assert_int_equal(s.v[0].id.n, 23);
	assert_memory_equal(s.v[0].id.p, "gw-", 3);
	assert_true(all_of(view_of(s.v[0].id.p + 3, 20), "0123456789abcdef"));
	assert_int_equal(s.v[0].token.n, 40);
	assert_true(all_of(s.v[0].token, "0123456789"));
	secret_clear(&plain);
	raw_answer_clear(&r.a);
}

/* --- words ------------------------------------------------------------------------------------- */

static void
test_words(void **state)
{
	static const struct {
		enum entry_term	 term;
		const char	*text;
		bool		 ok;
	} words[] = {
		{ TERM_VALID_UNTIL, "2027-01-31T12:00:00Z", true },
		{ TERM_VALID_UNTIL, "90d", true },
		{ TERM_VALID_UNTIL, "0d", false },
		{ TERM_VALID_UNTIL, "next year", false },
		{ TERM_WINDOW_FROM, "2027-02-30T12:00:00Z", false },
		{ TERM_KEY, "ec-p256 ed25519", true },
		{ TERM_KEY, "rsa-2048", false },
		{ TERM_KEY, "ec-p256;ed25519", false },
		{ TERM_SUBJECT, "CN=gw1, O=Example", true },
		{ TERM_SUBJECT, "gw1", false },
		{ TERM_RENEWAL, "no", true },
		{ TERM_RENEWAL, "either any-key last=100% max=0", true },
		{ TERM_RENEWAL, "last=0%", false },
		{ TERM_RENEWAL, "last=101%", false },
		{ TERM_RENEWAL, "from=tomorrow", false },
		{ TERM_RENEWAL, "no peer", false },
		{ TERM_UPDATE, "max=-1", false },
		{ TERM_RETIRE_DELAY, "0", true },
		{ TERM_RETIRE_DELAY, "a while", false },
		{ TERM_CONFIRM_WITHIN, "0", false },
		{ TERM_TOKEN_FORMAT, "40 digits", true },
		{ TERM_TOKEN_FORMAT, "20 digits", false },
		{ TERM_TOKEN_FORMAT, "digits 40", false },
		{ TERM_ID_FORMAT, "12", true },
		{ TERM_ID_FORMAT, "12 hex gw- and more", false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(words); i++) {
		struct fault	f = { 0 };

		if (entry_term_check(words[i].term, words[i].text, &f) != words[i].ok)
			fail_msg("%s \"%s\": %s", entry_term_names[words[i].term], words[i].text,
			    f.text);
	}
}

/* --- all together -------------------------------------------------------------------------------- */

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	set_template();
	gateway(&admin_device, &pki);
	ticket_clear(&admin_device.t);
	if (!ticket_read(buf_view(&pki.r.ticket), &admin_device.t, &f) || !run(&admin_device))
		return -1;
	raw_cert_load(&admin_device, &admin);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&admin);
	device_close(&admin_device);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_right_to_revoke),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
