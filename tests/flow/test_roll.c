/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA's key is rolled over (docs/adr/0029): announced, in use, the one before
 * retired; what each phase issues, which CRL a revocation is on, what a crash
 * between two files leaves, and that the signer has a clock of its own.
 *
 * R4809-3.6.1-15: the leaf of the old CA and that of the new one both validate,
 *   with strict CRLs, test_phases
 * R4809-3.7.3-7: over two layers and over the roll-over, the way up found by AIA
 *   alone, good_by_aia
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/cms.h"
#include "codec/crl.h"
#include "crypt/path.h"
#include "flow_raw.h"
#include "peer/renew.h"
#include "pki/own.h"
#include "pki/roll.h"
#include "store/store_log.h"

#define DAY	INT64_C(86400)
#define WEEK	(7 * DAY)

static struct flow_pki	pki;
static int64_t		signer_lag;	/* its clock is behind the engine's by that much */

/* --- helpers ------------------------------------------------------------------------ */

static int64_t
signer_clock(void *ctx)
{
	return ((const struct flow_pki *)ctx)->now - signer_lag;
}

static void
restart(void)
{
	flow_restart(&pki);
	pki.local.clock = signer_clock;
}

static int
start(void **state)
{
	(void)state;
	signer_lag = 0;
	flow_start(&pki, KEY_EC_P256);
	restart();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	flow_stop(&pki);
	return 0;
}

static struct roll_announced
announce(enum ca_line line, int64_t after)
{
	struct roll_announced	a = { 0 };
	struct fault		f = { 0 };

	if (!roll_announce(&pki.config, line, after, pki.now, &a, &f))
		fail_msg("%s", f.text);
	restart();
	flow_pass(&pki, 1);
	return a;
}

/* As `pki renew --due` does at that time, and the reload after it. */
static void
follow(void)
{
	struct authorities	all;
	struct fault		f = { 0 };

	assert_true(authorities_load(&pki.config, &all, &f));
	if (!own_renew(&pki.config, own_due(&all, pki.now), pki.now, &f))
		fail_msg("%s", f.text);
	authorities_clear(&all);
	restart();
	flow_pass(&pki, 1);
}

static const struct object *
object(const char *path)
{
	size_t			 n;
	const struct object	*o = engine_objects(pki.engine, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].path, path) == 0)
			return &o[i];
	return NULL;
}

/* What is served at a URI of ours. */
static struct view
fetch(struct view uri)
{
	char			 path[128];
	size_t			 skip = strlen(pki.q.url);
	const struct object	*o;

	assert_true(uri.n > skip && memcmp(uri.p, pki.q.url, skip) == 0);
	snprintf(path, sizeof(path), "%.*s", (int)(uri.n - skip), (const char *)uri.p + skip);
	if ((o = object(path)) == NULL)
		fail_msg("nothing at %s", path);
	return buf_view(&o->body);
}

/* The way up from leaf by AIA, each CRL by CDP; then all of it validated. */
static void
good_by_aia(const struct cert *leaf, struct view root, const char *issuer)
{
	struct view	cas[4], crls[4];
	struct cert	at = *leaf;
	struct path	p = { .leaf = leaf->der, .intermediates = cas, .anchors = &root,
	    .nanchors = 1, .crls = crls, .check_crls = true, .at = pki.now };
	char		want[128];
	struct fault	f = { 0 };

	snprintf(want, sizeof(want), "%s/ca/%s.cer", pki.q.url, issuer);
	if (!view_equal(leaf->ca_issuers_uri, view_str(want)))
		fail_msg("AIA %.*s, not %s", (int)leaf->ca_issuers_uri.n,
		    (const char *)leaf->ca_issuers_uri.p, want);
	while (at.ca_issuers_uri.n > 0) {
		assert_true(p.nintermediates < LEN(cas));
		crls[p.ncrls++] = fetch(at.cdp_uri);
		cas[p.nintermediates] = fetch(at.ca_issuers_uri);
		assert_true(cert_decode(cas[p.nintermediates++], &at, &f));
	}
	assert_int_equal(p.nintermediates, 2);
	if (!path_validate(&p, &f))
		fail_msg("%s: %s", issuer, f.text);
}

static bool
on_crl(const char *path, const struct cert *c)
{
	struct crl_revoked	entry;
	struct crl		crl;
	struct fault		f = { 0 };
	bool			found = false;

	assert_non_null(object(path));
	if (!crl_decode(buf_view(&object(path)->body), &crl, &f) ||
	    !crl_find(&crl, c->serial, &found, &entry, &f))
		fail_msg("%s: %s", path, f.text);
	return found;
}

static void
enrolled(struct device *d, struct raw_cert *c)
{
	gateway(d, &pki);
	if (!run(d))
		fail_msg("%s", d->f.text);
	raw_cert_load(d, c);
}

static void
renewed(struct device *d, struct raw_cert *c)
{
	struct renew_report	r;
	struct renew		q = { .dir = d->dir, .transport = flow_wire(&d->w),
	    .rng = rng_system(), .now = pki.now };

	flow_wire_again(&d->w);
	d->f = (struct fault){ 0 };
	if (!renew_run(&q, &r, &d->f))
		fail_msg("%s", d->f.text);
	raw_cert_load(d, c);
}

static void
always_renewable(void)
{
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };

	assert_true(template_start("s2s-gateway", pki.q.name, &t, &f));
	t.renewal.last_percent = 100;
	buf_init(&text, 1u << 16);
	template_text(&t, &text);
	buf_add_u8(&text, 0);
	flow_write_template(&pki, (const char *)text.p);
	buf_clear(&text);
	restart();
}

struct count {
	const char	*action, *object;
	size_t		 n;
};

static bool
count_audit(void *ctx, const struct store_audit *e, struct fault *f)
{
	struct count	*c = ctx;

	(void)f;
	c->n += strcmp(e->action, c->action) == 0 && strcmp(e->object, c->object) == 0;
	return true;
}

static void
expect_audit(const char *action, const char *name)
{
	struct count	c = { action, name, 0 };
	struct fault	f = { 0 };

	assert_true(store_audit_walk(pki.store, 0, 1u << 20, count_audit, &c, &f));
	if (c.n != 1)
		fail_msg("%zu audit rows \"%s\" of %s", c.n, action, name);
}

static bool
file_there(const char *sub)
{
	char		path[CONFIG_PATH_MAX];
	struct fault	f = { 0 };

	assert_true(config_path(&pki.config, sub, path, sizeof(path), &f));
	return file_exists(path);
}

static void
copy(const char *from, const char *to)
{
	char		a[CONFIG_PATH_MAX], b[CONFIG_PATH_MAX];
	struct buf	octets;
	struct fault	f = { 0 };

	buf_init(&octets, 1u << 16);
	assert_true(config_path(&pki.config, from, a, sizeof(a), &f) &&
	    config_path(&pki.config, to, b, sizeof(b), &f) && file_read(a, &octets, &f) &&
	    file_write(b, buf_view(&octets), 0600, &f));
	buf_clear(&octets);
}

static void
remove_file(const char *sub)
{
	char		path[CONFIG_PATH_MAX];
	struct fault	f = { 0 };

	assert_true(config_path(&pki.config, sub, path, sizeof(path), &f));
	assert_int_equal(unlink(path), 0);
}

/* The root's DER. */
static struct view
root(void)
{
	return buf_view(&object("/ca/root.cer")->body);
}

static bool
issued_by(const struct cert *c, const char *ca)
{
	char	path[64];
	struct cert	by;

	snprintf(path, sizeof(path), "/ca/%s.cer", ca);
	return cert_decode(buf_view(&object(path)->body), &by, NULL) &&
	    view_equal(c->issuer, by.subject) && view_equal(c->aki, by.ski);
}

static void
revoke_own(const struct raw_cert *c)
{
	struct cmc_revoke	r = { .cert = { c->cert.issuer, c->cert.serial },
	    .reason = CRL_CESSATION_OF_OPERATION };
	struct raw_answer	a;
	struct buf		value;

	buf_init(&value, 4096);
	cmc_put_revoke(&value, &r);
	raw_ask(&pki, c, CMC_REVOKE_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	raw_answer_clear(&a);
	buf_clear(&value);
}

/* --- the phases --------------------------------------------------------------------------- */

static void
test_phases(void **state)
{
	struct roll_announced	next;
	struct raw_cert		old, during, new, after;
	struct device		a, b, c;
	struct cms_signed	chain;
	struct arena		*arena = arena_new(1u << 20);
	struct fault		f = { 0 };

	(void)state;
	always_renewable();
	enrolled(&a, &old);
	next = announce(CA_LINE_IKE, WEEK);
	assert_string_equal(next.name, "ike-2");
	assert_int_equal(next.from, pki.now - 1 + WEEK);
	expect_audit("ca announced", "ca:ike-2");
	assert_non_null(object("/ca/ike-2.cer"));
	assert_non_null(object("/crl/ike-2.crl"));
	assert_true(cms_signed_decode(buf_view(&object("/ca/chain.p7c")->body), arena, &chain, &f));
	assert_int_equal(chain.certificate_count, 4);

	enrolled(&b, &during);			/* announced: the old one issues */
	assert_true(issued_by(&during.cert, "ike"));
	flow_pass(&pki, WEEK);
	expect_audit("ca in use", "ca:ike-2");
	expect_audit("ca replaced", "ca:ike");
	enrolled(&c, &after);			/* without a restart */
	assert_true(issued_by(&after.cert, "ike-2"));
	follow();
	renewed(&a, &new);
	assert_true(issued_by(&new.cert, "ike-2"));

	good_by_aia(&during.cert, root(), "ike");
	good_by_aia(&new.cert, root(), "ike-2");
	assert_true(on_crl("/crl/ike.crl", &old.cert));
	assert_false(on_crl("/crl/ike-2.crl", &old.cert));
	revoke_own(&new);
	revoke_own(&during);
	assert_true(on_crl("/crl/ike-2.crl", &new.cert));
	assert_false(on_crl("/crl/ike.crl", &new.cert));
	assert_true(on_crl("/crl/ike.crl", &during.cert));

	raw_cert_clear(&old);
	raw_cert_clear(&during);
	raw_cert_clear(&new);
	raw_cert_clear(&after);
	device_close(&a);
	device_close(&b);
	device_close(&c);
	arena_free(arena);
}

/* Answers are signed under the CA in use, and a device of either believes them. */
static void
test_own(void **state)
{
	struct authorities	all;
	struct raw_cert		old, new;
	struct device		d;
	struct fault		f = { 0 };

	(void)state;
	always_renewable();
	enrolled(&d, &old);
	announce(CA_LINE_IKE, 0);
	announce(CA_LINE_MANAGEMENT, 0);
	assert_true(authorities_load(&pki.config, &all, &f));
	assert_int_equal(own_due(&all, pki.now), OWN_RENEWED);
	authorities_clear(&all);
	follow();
	assert_true(authorities_load(&pki.config, &all, &f));
	assert_int_equal(own_due(&all, pki.now), 0);
	assert_true(view_equal(all.list[AUTHORITY_CMC].cert.subject,
	    all.list[AUTHORITY_IKE_NEXT].cert.subject));
	assert_true(view_equal(all.list[AUTHORITY_HTTPS].cert.issuer,
	    all.list[AUTHORITY_MANAGEMENT_NEXT].cert.subject));
	authorities_clear(&all);
	renewed(&d, &new);
	assert_true(issued_by(&new.cert, "ike-2"));
	raw_cert_clear(&old);
	raw_cert_clear(&new);
	device_close(&d);
}

/* An Admin of the old management CA works on, and the renewed one too. */
static void
test_management(void **state)
{
	struct raw_answer	r;
	struct raw_cert		old, new;
	struct device		admin;
	struct buf		all;
	struct fault		f = { 0 };

	(void)state;
	gateway(&admin, &pki);
	ticket_clear(&admin.t);
	assert_true(ticket_read(buf_view(&pki.r.ticket), &admin.t, &f) && run(&admin));
	raw_cert_load(&admin, &old);
	announce(CA_LINE_MANAGEMENT, 0);
	follow();
	buf_init(&all, 64);
	cvp_put_template_query(&all, &(struct cvp_list){ 0 });
	raw_ask(&pki, &old, CVP_TEMPLATE_QUERY, buf_view(&all), &r);
	assert_false(r.failed || r.again);
	raw_answer_clear(&r);
	flow_pass(&pki, 11 * 30 * DAY);
	renewed(&admin, &new);
	assert_true(issued_by(&new.cert, "management-2"));
	raw_ask(&pki, &new, CVP_TEMPLATE_QUERY, buf_view(&all), &r);
	assert_false(r.failed || r.again);
	raw_answer_clear(&r);
	buf_clear(&all);
	raw_cert_clear(&old);
	raw_cert_clear(&new);
	device_close(&admin);
}

/* --- what is refused ----------------------------------------------------------------------- */

static void
test_refused(void **state)
{
	struct roll_announced	a;
	struct rollover		before, now;
	struct fault		f = { 0 };

	(void)state;
	copy("keys/root.key.pem", "run/root");
	remove_file("keys/root.key.pem");
	assert_true(rollover_read(&pki.config, &before, &f));
	assert_false(roll_announce(&pki.config, CA_LINE_IKE, WEEK, pki.now, &a, &f));
	assert_int_equal(f.kind, FAULT_NOT_FOUND);
	fault_clear(&f);
	copy("keys/cmc.key.pem", "keys/root.key.pem");
	assert_false(roll_announce(&pki.config, CA_LINE_IKE, WEEK, pki.now, &a, &f));
	assert_int_equal(f.kind, FAULT_USAGE);
	fault_clear(&f);
	assert_true(rollover_read(&pki.config, &now, &f) && rollover_equal(&before, &now));
	assert_false(file_there("keys/ike-2.key.pem") || file_there("certs/ike-2.pem"));
	copy("run/root", "keys/root.key.pem");
	announce(CA_LINE_IKE, WEEK);
	assert_false(roll_announce(&pki.config, CA_LINE_IKE, WEEK, pki.now, &a, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	announce(CA_LINE_MANAGEMENT, WEEK);	/* the other line is free */
	pki.now += 14 * 365 * DAY;		/* the root is nearly over: nothing is gained */
}

static void
test_root_near_its_end(void **state)
{
	struct authorities	all;
	struct roll_announced	a;
	struct fault		f = { 0 };
	int64_t			end;

	(void)state;
	assert_true(authorities_load(&pki.config, &all, &f));
	end = all.list[AUTHORITY_ROOT].cert.not_after;
	authorities_clear(&all);
	/* A CA that lives as long as its root... */
	assert_true(roll_announce(&pki.config, CA_LINE_IKE, 0, end - 4 * 365 * DAY, &a, &f));
	assert_int_equal(a.not_after, end);
	/* ...has no successor that lives longer. */
	copy("certs/ike-2.pem", "certs/ike.pem");
	copy("keys/ike-2.key.pem", "keys/ike.key.pem");
	remove_file(ROLLOVER_FILE);
	remove_file("keys/ike-2.key.pem");
	assert_false(roll_announce(&pki.config, CA_LINE_IKE, 0, end - 3 * 365 * DAY, &a, &f));
	assert_int_equal(f.kind, FAULT_REFUSED);
}

/* The signer looks at its own clock: an engine of another opinion gets nothing. */
static void
test_signer(void **state)
{
	static const struct {
		const char	*label;
		int64_t		 lag;		/* behind the engine, at the moment of use */
		bool		 issued;
	} cases[] = {
		{ "the same time", 0, true },
		{ "a little early", 60, true },
		{ "not in use yet", 3600, false },
	};
	struct roll_announced	next;

	(void)state;
	next = announce(CA_LINE_IKE, WEEK);
	pki.now = next.from;
	flow_pass(&pki, 0);
	for (size_t i = 0; i < LEN(cases); i++) {
		struct flow_seen	s;
		struct device		d;

		signer_lag = cases[i].lag;
		gateway(&d, &pki);
		if (run(&d) != cases[i].issued)
			fail_msg("%s: %s", cases[i].label, d.f.text);
		flow_look(&pki, d.t.id, &s);
		if (!cases[i].issued)	/* and nothing is lost */
			assert_int_equal(s.state, STORE_AUTHZ_OPEN);
		signer_lag = 0;
		if (!cases[i].issued)
			assert_true(run_again(&d));
		device_close(&d);
	}
}

/* Reserved under the old CA, then a crash, then the handover. */
static void
test_reserved(void **state)
{
	static const struct {
		const char	*label, *issuer;
		int64_t		 later;
	} cases[] = {
		{ "finished by whom it names", "ike", 60 },
		{ "too late: given back, and issued anew", "ike-2", 2 * 3600 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct roll_announced	next;
		struct raw_cert		c;
		struct device		d;

		start(NULL);
		next = announce(CA_LINE_IKE, WEEK);
		pki.now = next.from - 1;
		flow_pass(&pki, 0);
		gateway(&d, &pki);
		pki.signer_dies = 2;
		assert_false(run(&d));
		pki.signer_dies = 0;
		pki.now = next.from + cases[i].later;
		restart();
		if (!run_again(&d))
			fail_msg("%s: %s", cases[i].label, d.f.text);
		raw_cert_load(&d, &c);
		if (!issued_by(&c.cert, cases[i].issuer))
			fail_msg("%s: not by %s", cases[i].label, cases[i].issuer);
		raw_cert_clear(&c);
		device_close(&d);
		if (i + 1 < LEN(cases))
			stop(NULL);
	}
}

/* --- crashes ------------------------------------------------------------------------------- */

/* What is on disk when the power fails between two files, and the command again. */
static void
test_crash_announcing(void **state)
{
	static const char *const steps[] = { "the key is there", "key and certificate are" };

	(void)state;
	for (size_t step = 0; step < LEN(steps); step++) {
		struct authorities	all;
		struct key		*k;
		struct fault		f = { 0 };

		start(NULL);
		announce(CA_LINE_IKE, WEEK);
		k = own_key(&pki.config, "ike-2", &f);
		assert_non_null(k);
		remove_file(ROLLOVER_FILE);
		if (step == 0)
			remove_file("certs/ike-2.pem");
		restart();			/* nobody knows of it */
		assert_null(object("/ca/ike-2.cer"));
		announce(CA_LINE_IKE, WEEK);
		assert_true(authorities_load(&pki.config, &all, &f));
		if (!view_equal(all.list[AUTHORITY_IKE_NEXT].cert.spki, key_spki(k)))
			fail_msg("%s: one name has two keys", steps[step]);
		authorities_clear(&all);
		key_free(k);
		if (step + 1 < LEN(steps))
			stop(NULL);
	}
}

/* --- the end of the old one ------------------------------------------------------------------ */

static unsigned
retire(void)
{
	struct fault	f = { 0 };
	unsigned	retired;

	if (!roll_retire(&pki.config, pki.now, &retired, &f))
		fail_msg("%s", f.text);
	return retired;
}

/* As if the last change had been then. */
static void
generations_written(int64_t at)
{
	const struct timespec	when[2] = { { at, 0 }, { at, 0 } };
	char			path[CONFIG_PATH_MAX];
	struct fault		f = { 0 };

	assert_true(config_path(&pki.config, ROLLOVER_FILE, path, sizeof(path), &f));
	assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
}

/* A CA that has issued to no device: for the PKI's own, and for an hour, it stays. */
static void
test_retire_idle(void **state)
{
	struct roll_announced	next;

	(void)state;
	next = announce(CA_LINE_IKE, 0);
	pki.now = next.from + 2 * CA_REPLACED_SECONDS;
	assert_int_equal(retire(), 0);		/* cmc is its own */
	pki.now = next.from;
	follow();
	pki.now = next.from + CA_REPLACED_SECONDS;
	assert_int_equal(retire(), 0);		/* what is reserved may still be signed */
	pki.now++;
	assert_int_equal(retire(), 1u << CA_LINE_IKE);
}

/*
 * A clock that ran ten years ahead ended a CA whose certificate lives.  With the
 * right time it is back, and its CRL, too (C-24).
 */
static void
test_called_back(void **state)
{
	struct raw_cert		old;
	struct device		d;
	struct roll_announced	next;
	int64_t			now;

	(void)state;
	enrolled(&d, &old);
	next = announce(CA_LINE_IKE, 0);
	pki.now = next.from + 2 * CA_REPLACED_SECONDS;
	follow();
	now = pki.now;
	pki.now += 3650 * DAY;
	assert_int_equal(retire(), 1u << CA_LINE_IKE);
	pki.now = now;
	restart();
	assert_null(object("/crl/ike.crl"));
	assert_int_equal(retire(), 0);
	restart();
	revoke_own(&old);
	assert_true(on_crl("/crl/ike.crl", &old.cert));
	assert_int_equal(retire(), 0);		/* and stays */
	assert_true(file_there("keys/ike.key.pem"));
	raw_cert_clear(&old);
	device_close(&d);
}

static void
test_retire(void **state)
{
	struct raw_cert		old, late;
	struct device		a, b;
	struct roll_announced	next;
	int64_t			crl;

	(void)state;
	enrolled(&a, &old);
	next = announce(CA_LINE_IKE, WEEK);
	assert_int_equal(retire(), 0);
	pki.now = next.from;
	flow_pass(&pki, 1);
	assert_int_equal(retire(), 0);		/* its certificates live, and cmc is its own */
	follow();
	pki.now = old.cert.not_after - 3600;
	restart();
	flow_pass(&pki, 1);
	assert_int_equal(retire(), 0);
	assert_true(object("/crl/ike.crl")->modified > pki.now - DAY);	/* still signed */
	pki.now = old.cert.not_after + DAY;
	flow_pass(&pki, 1);
	assert_true(file_there("keys/ike.key.pem"));
	copy("keys/ike.key.pem", "run/before");
	assert_int_equal(retire(), 1u << CA_LINE_IKE);
	generations_written(pki.now - ROLL_KEY_KEPT_SECONDS);
	assert_int_equal(retire(), 0);
	assert_true(file_there("keys/ike.key.pem"));	/* the clock may be wrong */
	generations_written(pki.now - ROLL_KEY_KEPT_SECONDS - 1);
	assert_int_equal(retire(), 0);
	assert_false(file_there("keys/ike.key.pem"));
	assert_true(file_there("certs/ike.pem"));
	copy("run/before", "keys/ike.key.pem");	/* a crash before the key was gone */
	assert_int_equal(retire(), 0);
	assert_false(file_there("keys/ike.key.pem"));
	crl = object("/crl/ike-2.crl")->expires;
	restart();
	flow_pass(&pki, 3600);
	expect_audit("ca retired", "ca:ike");
	assert_null(object("/ca/ike.cer"));
	assert_true(object("/crl/ike-2.crl")->expires > crl);
	enrolled(&b, &late);
	assert_true(issued_by(&late.cert, "ike-2"));
	/* And again. */
	next = announce(CA_LINE_IKE, 0);
	assert_string_equal(next.name, "ike-3");
	assert_non_null(object("/ca/ike-2.cer"));
	raw_cert_clear(&old);
	raw_cert_clear(&late);
	device_close(&a);
	device_close(&b);
}

/* --- when ------------------------------------------------------------------------------------ */

static void
test_due(void **state)
{
	static const struct {
		const char	*label;
		int64_t		 life, longest, announce, lead;	/* days */
	} cases[] = {
		{ "a third of its life", 1800, 365, 7, 600 },
		{ "the longest certificate, and a month", 1800, 700, 7, 737 },
		{ "not in the first half", 1800, 1700, 7, 900 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct cert	ca = { .not_before = FLOW_NOW,
		    .not_after = FLOW_NOW + cases[i].life * DAY };
		int64_t		lead = ca.not_after - roll_due_at(&ca, cases[i].longest * DAY,
		    cases[i].announce * DAY);

		if (lead != cases[i].lead * DAY)
			fail_msg("%s: %d days", cases[i].label, (int)(lead / DAY));
	}
}

/* Nothing outlives its issuer; without a successor there is an end. */
static void
test_issuer_ends(void **state)
{
	struct authorities	all;
	struct raw_cert		c;
	struct device		d, e;
	struct fault		f = { 0 };
	unsigned		due;

	(void)state;
	assert_true(authorities_load(&pki.config, &all, &f));
	assert_true(roll_due(&pki.config, &all, pki.now, &due, &f));
	assert_int_equal(due, 0);
	pki.now = all.list[AUTHORITY_IKE].cert.not_after - 30 * DAY;
	assert_true(roll_due(&pki.config, &all, pki.now, &due, &f));
	assert_int_equal(due, 1u << CA_LINE_IKE | 1u << CA_LINE_MANAGEMENT);
	follow();
	enrolled(&d, &c);
	assert_int_equal(c.cert.not_after, all.list[AUTHORITY_IKE].cert.not_after);
	raw_cert_clear(&c);
	announce(CA_LINE_IKE, 0);
	follow();
	enrolled(&e, &c);
	assert_true(c.cert.not_after > all.list[AUTHORITY_IKE].cert.not_after + 300 * DAY);
	raw_cert_clear(&c);
	device_close(&d);
	device_close(&e);
	authorities_clear(&all);
}

int
main(void)
{
#define EACH(t)	cmocka_unit_test_setup_teardown(t, start, stop)
	const struct CMUnitTest	tests[] = {
		EACH(test_phases), EACH(test_own), EACH(test_management), EACH(test_refused),
		EACH(test_root_near_its_end), EACH(test_signer),
		cmocka_unit_test_teardown(test_reserved, stop),
		cmocka_unit_test_teardown(test_crash_announcing, stop),
		EACH(test_retire_idle), EACH(test_retire), EACH(test_called_back),
		cmocka_unit_test(test_due), EACH(test_issuer_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
