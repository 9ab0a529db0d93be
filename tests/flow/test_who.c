/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask for a successor: ChangeTerms.who, with messages that come alone
 * and such that an Admin has put into a layer of his own (RFC 4809, 3.2.4.2,
 * 3.5.2; D-15; corrections, 15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "flow_raw.h"
#include "peer/ask.h"
#include "pki/signer.h"
#include "store/store_log.h"

#define DAY	INT64_C(86400)

static struct flow_pki	pki;
static struct device	admin_device, other_device;
static struct raw_cert	admin, other;		/* other may not enrol under this template */

/* --- helpers ------------------------------------------------------------------------------ */

static void
write_template(enum change_who renewal, enum change_who update, uint32_t times)
{
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };
	char		path[CONFIG_PATH_MAX + 64];

	assert_true(template_start("s2s-gateway", pki.q.name, &t, &f));
	t.renewal.who = renewal;
	t.renewal.last_percent = 100;
	t.renewal.max_times = times;
	t.update.allowed = true;
	t.update.who = update;
	strcpy(t.name_space, "vpn.example");
	buf_init(&text, 1u << 16);
	template_text(&t, &text);
	snprintf(path, sizeof(path), "%s/templates/s2s-gateway.conf", pki.config.dir);
	assert_true(file_write(path, buf_view(&text), 0600, &f));
	buf_clear(&text);
	flow_restart(&pki);
}

static void
enrolled(struct device *d, struct raw_cert *out)
{
	static unsigned	n;
	char		name[64];

	snprintf(name, sizeof(name), "fqdn:w%u.vpn.example", ++n);
	device_open(d, &pki, "s2s-gateway", name, "ec-p256");
	if (!run(d))
		fail_msg("%s", d->f.text);
	flow_pass(&pki, 60);
	raw_cert_load(d, out);
}

/* Alone (by NULL) or in a layer; the answer to the message itself. */
static void
send(const struct raw_cert *by, struct view message, struct raw_answer *out)
{
	struct raw_answer	 whole;
	struct buf		 layer;
	const struct cmc_content *c;

	if (by == NULL) {
		raw_send(&pki, message, out);
		return;
	}
	buf_init(&layer, RAW_MAX * 4);
	raw_layer(by, message, &layer);
	raw_send(&pki, buf_view(&layer), &whole);
	assert_false(whole.again);
	c = cmc_content_by_id(&whole.r.contents, RAW_INSIDE);
	assert_non_null(c);
	raw_read(c->contentinfo, out);
	raw_answer_clear(&whole);
	buf_clear(&layer);
}

struct asking {
	const struct raw_cert	*old;
	struct key		*key;
	struct exchange		 x;
};

static void
write_change(struct asking *q, struct buf *message)
{
	struct ask_change	c = { .old = &q->old->cert, .old_key = q->old->key,
		.key = q->key };
	struct fault		f = { 0 };

	buf_init(message, RAW_MAX);
	if (!ask_change(&c, rng_system(), pki.now, &q->x, message, &f))
		fail_msg("%s", f.text);
}

static struct key *
fresh_key(void)
{
	struct fault	f = { 0 };
	struct key	*k = key_generate(KEY_EC_P256, &f);

	assert_non_null(k);
	return k;
}

/* --- who ------------------------------------------------------------------------------------ */

enum way { ALONE, BY_ADMIN, BY_OTHER, WAYS };
static const char *const way_names[WAYS] = { "alone", "in an Admin's layer",
	"in the layer of one without rights" };

static const struct {
	enum change_who	who;
	uint32_t	codes[WAYS];		/* CvpFailure; 0: a certificate */
} whos[] = {
	{ CHANGE_BY_PEER, { 0, 0, 16 } },
	{ CHANGE_BY_ADMIN, { 16, 0, 16 } },
	{ CHANGE_BY_EITHER, { 0, 0, 16 } },
};

/*
 * R4809-3.2.4.2-3, R4809-3.2.4.2-4, R4809-3.5.2.2-3: who may ask is agreed and
 * held; the Admin's layer is one of an Admin who may enrol under the template,
 * and the Peer's own signature stays inside it.
 */
static void
test_who(void **state)
{
	const struct raw_cert *const by[WAYS] = { NULL, &admin, &other };

	(void)state;
	for (size_t i = 0; i < sizeof(whos) / sizeof(whos[0]); i++) {
		write_template(whos[i].who, CHANGE_BY_EITHER, 0);
		for (enum way w = ALONE; w < WAYS; w++) {
			struct key		*key = fresh_key();
			struct asking		 q = { .key = key };
			struct raw_cert		 old;
			struct raw_answer	 a;
			struct device		 d;
			struct buf		 message;

			enrolled(&d, &old);
			q.old = &old;
			write_change(&q, &message);
			send(by[w], buf_view(&message), &a);
			if (a.again || a.failed != (whos[i].codes[w] != 0) ||
			    a.code != whos[i].codes[w])
				fail_msg("who %d, %s: again %d, failed %d, code %u, %.*s", whos[i].who,
				    way_names[w], a.again, a.failed, a.code, (int)a.text.n,
				    (const char *)a.text.p);
			if (!a.failed)
				assert_true(raw_find_cert(&a, key).n > 0);
			raw_answer_clear(&a);
			buf_clear(&message);
			raw_cert_clear(&old);
			device_close(&d);
			key_free(key);
		}
	}
}

/* --- how often -------------------------------------------------------------------------------- */

static void
confirm(struct asking *q, const struct raw_answer *a, struct raw_cert *out)
{
	struct raw_answer	b;
	struct buf		message;
	struct fault		f = { 0 };

	out->key = q->key;
	buf_init(&out->der, CERT_OCTETS_MAX);
	buf_add_view(&out->der, raw_find_cert(a, q->key));
	assert_true(cert_decode(buf_view(&out->der), &out->cert, &f));
	memcpy(q->x.received, a->nonce.p, a->nonce.n);
	q->x.n_received = a->nonce.n;
	buf_init(&message, RAW_MAX);
	assert_true(ask_confirm(&out->cert, out->key, NULL, rng_system(), pki.now, &q->x,
	    &message, &f));
	raw_send(&pki, buf_view(&message), &b);
	if (b.again || b.failed)
		fail_msg("confirmation: code %u", b.code);
	raw_answer_clear(&b);
	buf_clear(&message);
}

/* R4809-3.2.4.2-5: counted along the lineage, whoever asks, and not anew for each certificate. */
static void
test_times(void **state)
{
	struct raw_cert		c[4];
	struct device		d;

	(void)state;
	write_template(CHANGE_BY_EITHER, CHANGE_BY_EITHER, 2);
	enrolled(&d, &c[0]);
	for (size_t i = 0; i < 3; i++) {
		struct asking		q = { .old = &c[i], .key = fresh_key() };
		struct raw_answer	a;
		struct buf		message;

		write_change(&q, &message);
		send(i == 1 ? &admin : NULL, buf_view(&message), &a);
		if (a.again || a.failed != (i == 2) || a.code != (i == 2 ? 13u : 0u))
			fail_msg("the %zuth: again %d, failed %d, code %u", i + 1, a.again, a.failed,
			    a.code);
		if (i < 2)
			confirm(&q, &a, &c[i + 1]);
		else
			key_free(q.key);
		flow_pass(&pki, 60);
		raw_answer_clear(&a);
		buf_clear(&message);
	}
	for (size_t i = 0; i < 3; i++)
		raw_cert_clear(&c[i]);
	device_close(&d);
}

/* --- a captured engine -------------------------------------------------------------------------- */

/* What it can say about this device: all that the database has. */
static void
honest(const struct device *d, const struct raw_cert *old, struct view message, struct arena *a,
    struct change_request *q)
{
	struct store_authz	z;
	struct store_cert	c;
	struct fault		f = { 0 };

	assert_true(store_authz_find(pki.store, view_str(d->t.id), a, &z, &f) &&
	    store_cert_find(pki.store, z.cert, true, a, &c, &f));
	*q = (struct change_request){ .old = buf_view(&old->der), .message = message,
		.template = VIEW_LIT("s2s-gateway"), .tbs = VIEW_LIT("0"), .id = view_str(z.id),
		.terms = z.terms, .label = view_str(z.label), .deed = c.deed };
}

/* The signer's words. */
static const char *
signer_says(const struct change_request *q)
{
	static struct fault	f;
	struct issue_answer	i;
	struct buf		question, answer;
	struct frame		fr;
	size_t			used;

	fault_clear(&f);
	buf_init(&question, FRAME_BODY_MAX);
	buf_init(&answer, FRAME_BODY_MAX);
	signer_put_change(&question, q);
	assert_true(frame_take(buf_view(&question), FRAME_BODY_MAX, &fr, &used, &f));
	signer_handle(pki.local.signer, &fr, pki.now, &answer);
	assert_true(frame_take(buf_view(&answer), FRAME_BODY_MAX, &fr, &used, &f));
	assert_false(signer_get_issue(&fr, &i, &f));
	buf_clear(&question);
	buf_clear(&answer);
	return f.text;
}

/* C-15: what the Admin has to ask for is not signed because an engine says so. */
static void
test_captured_engine(void **state)
{
	struct arena		*a = arena_new(1u << 20);
	struct key		*key = fresh_key();
	struct asking		 q = { .key = key };
	struct change_request	 r;
	struct raw_cert		 old;
	struct device		 d;
	struct buf		 message, layer, wrong;

	(void)state;
	write_template(CHANGE_BY_ADMIN, CHANGE_BY_ADMIN, 0);
	enrolled(&d, &old);
	q.old = &old;
	write_change(&q, &message);
	buf_init(&layer, RAW_MAX * 4);
	buf_init(&wrong, RAW_MAX * 4);
	raw_layer(&admin, buf_view(&message), &layer);
	honest(&d, &old, buf_view(&message), a, &r);
	assert_non_null(strstr(signer_says(&r), "leave this to the Admin"));
	r.admin = buf_view(&admin.der);
	raw_layer(&admin, buf_view(&layer), &wrong);
	r.layer = buf_view(&wrong);
	assert_non_null(strstr(signer_says(&r), "around other messages"));
	raw_layer(&old, buf_view(&message), &wrong);		/* the device is no Admin */
	r.layer = buf_view(&wrong);
	r.admin = buf_view(&old.der);
	assert_non_null(strstr(signer_says(&r), "no Admin"));
	r.admin = buf_view(&admin.der);
	assert_null(strstr(signer_says(&r), "around other messages"));
	r.layer = buf_view(&layer);
	/* All is well with the asking: what is wrong now is the TBSCertificate alone. */
	assert_null(strstr(signer_says(&r), "Admin"));
	buf_clear(&wrong);
	buf_clear(&layer);
	buf_clear(&message);
	raw_cert_clear(&old);
	device_close(&d);
	key_free(key);
	arena_free(a);
}

/* --- around it ------------------------------------------------------------------------------------ */

/* Another Admin, who may ask and not enrol. */
static bool
make_other(struct fault *f)
{
	if (!engine_add_admin(pki.engine, "label", "s2s-gateway:query", pki.now, f))
		return false;
	device_open(&other_device, &pki, "admin", "email:other@admin.invalid", "ec-p256");
	if (!run(&other_device))
		return false;
	raw_cert_load(&other_device, &other);
	return true;
}

static int
begin(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	return make_other(&f) ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	raw_cert_clear(&other);
	device_close(&other_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_captured_engine),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
