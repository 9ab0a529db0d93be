/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template changes after a grant, and after an issue: each kind of change,
 * under each agreement, for enrolment, renewal, update and rekey.
 *
 * R4809-3.2.5-7 (D-21: told with both versions, algorithms never relaxed,
 * addresses applied; D-22: renewed as before, refused, or an update demanded),
 * R4809-3.5.2.2-2 (renewal under an unchanged template); SEED-65 (a rekey is no
 * update in silence), SEED-71, SEED-72, SEED-76.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "flow_raw.h"
#include "peer/renew.h"
#include "profile/template.h"
#include "store/store_log.h"

#define LEN(a)		(sizeof(a) / sizeof((a)[0]))
#define DAY		86400
#define OWN_URL		"http://lists.example/ike.crl"

static struct flow_pki	pki;
static struct device	admin_device;
static struct raw_cert	admin;

/* --- changes ------------------------------------------------------------------------------ */

enum drift { NOTHING = 0, LIFETIME, PURPOSE, FEWER_KEYS, ADDRESS, DRIFTS };
static const char *const drift_names[DRIFTS] = { "nothing", "lifetime", "purpose", "fewer keys",
	"address" };

/* What was agreed for the case. */
struct agreement {
	enum template_change	on_change;
	enum changed_renewal	renewal;
};

static void
apply(enum drift d, struct template *t)
{
	switch (d) {
	case LIFETIME:
		t->validity_seconds = 3 * DAY;
		break;
	case PURPOSE:
		t->eku = EKU_SERVER_AUTH | EKU_IPSEC_IKE;
		break;
	case FEWER_KEYS:
		t->keys = KEY_BIT(KEY_EC_P384);
		t->key_default = KEY_EC_P384;
		break;
	case ADDRESS:
		strcpy(t->crl_url, OWN_URL);
		break;
	default:
		break;
	}
}

/* The template's file, with this change or as it was; and the server takes it up. */
static void
write_template(const struct agreement *g, enum drift d)
{
	struct template	t;
	struct buf	text;
	struct fault	f = { 0 };
	char		path[CONFIG_PATH_MAX + 64];

	assert_true(template_start("s2s-gateway", pki.q.name, &t, &f));
	t.validity_seconds = 2 * DAY;
	t.renewal.last_percent = 100;
	t.update.allowed = true;
	strcpy(t.name_space, "vpn.example");
	t.on_change = g->on_change;
	t.changed_renewal = g->renewal;
	apply(d, &t);
	buf_init(&text, 1u << 16);
	template_text(&t, &text);
	snprintf(path, sizeof(path), "%s/templates/s2s-gateway.conf", pki.config.dir);
	if (!file_write(path, buf_view(&text), 0600, &f))
		fail_msg("%s", f.text);
	buf_clear(&text);
	flow_restart(&pki);
}

static void
new_device(struct device *d)
{
	static unsigned	n;
	char		name[64];

	snprintf(name, sizeof(name), "fqdn:d%u.vpn.example", ++n);
	device_open(d, &pki, "s2s-gateway", name, "ec-p256");
}

/* --- what comes of it ---------------------------------------------------------------------- */

/* 0: nothing but a code; else what the certificate says. */
struct outcome {
	int	 code;			/* CvpFailure; 0: a certificate... */
	int	 days;			/* ...with this lifetime */
	bool	 purpose, address;
	bool	 told;			/* event 10 */
};
#define REFUSED(c)	{ .code = (c), .told = true }
#define AS_BEFORE	{ .days = 2 }
#define AS_OLD		{ .days = 2, .told = true }
#define LONGER		{ .days = 3, .told = true }
#define WITH_PURPOSE	{ .days = 2, .purpose = true, .told = true }
#define MOVED		{ .days = 2, .address = true, .told = true }

static void
expect_cert(const struct device *d, const struct outcome *o, const char *label)
{
	struct raw_cert	c;
	int		days;
	bool		address;

	raw_cert_load(d, &c);
	days = (int)((c.cert.not_after - c.cert.not_before) / DAY);
	address = memmem(c.der.p, c.der.n, OWN_URL, strlen(OWN_URL)) != NULL;
	if (days != o->days || c.cert.has_eku != o->purpose || address != o->address)
		fail_msg("%s: %d days, purpose %d, address %d", label, days, c.cert.has_eku, address);
	raw_cert_clear(&c);
}

struct told {
	int64_t	 from, last;
	const char *id;
	unsigned changed, refused;
	int	 failure;
};

static bool
note_event(void *ctx, const struct store_event *e, struct fault *f)
{
	struct told	*t = ctx;

	(void)f;
	t->last = e->n;
	if (e->authz_id == NULL || strcmp(e->authz_id, t->id) != 0)
		return true;
	t->changed += e->kind == CVP_EVENT_TEMPLATE_CHANGED;
	t->refused += e->kind == CVP_EVENT_CHANGE_REFUSED;
	if (e->failure != 0)
		t->failure = e->failure;
	return true;
}

/* Events about this authorization since from; the last one's number. */
static struct told
told_since(int64_t from, const char *id)
{
	struct told	t = { .from = from, .last = from, .id = id };
	struct fault	f = { 0 };

	if (!store_event_walk(pki.store, from, 100000, note_event, &t, &f))
		fail_msg("%s", f.text);
	return t;
}

/*
 * An enrolment's refusal is event 10, a successor's event 12 (7.4, 7.7 of the
 * profile), each with the code; what is applied is event 10 without one.
 */
static void
expect_told(const struct told *t, const struct outcome *o, bool change, const char *label)
{
	unsigned	want10 = o->told && (o->code == 0 || !change);
	unsigned	want12 = o->told && o->code != 0 && change;

	if (t->changed != want10 || t->refused != want12 || t->failure != o->code)
		fail_msg("%s: event 10 %u times, 12 %u times, failure %d", label, t->changed,
		    t->refused, t->failure);
}

/* --- enrolment ----------------------------------------------------------------------------- */

static const struct outcome	enrolments[DRIFTS][3] = {
	/* use-old, reject, use-new */
	[NOTHING] = { AS_BEFORE, AS_BEFORE, AS_BEFORE },
	[LIFETIME] = { AS_OLD, REFUSED(2), LONGER },
	[PURPOSE] = { AS_OLD, REFUSED(2), WITH_PURPOSE },
	[FEWER_KEYS] = { REFUSED(2), REFUSED(2), REFUSED(2) },
	[ADDRESS] = { MOVED, MOVED, MOVED },
};

static void
test_enrolment(void **state)
{
	(void)state;
	for (size_t k = 0; k < DRIFTS; k++)
		for (size_t m = 0; m < 3; m++) {
			struct agreement	 g = { .on_change = (enum template_change)m };
			const struct outcome	*o = &enrolments[k][m];
			struct device		 d;
			struct told		 t;
			int64_t			 from;
			char			 label[64];

			snprintf(label, sizeof(label), "enrol, %s, agreement %zu", drift_names[k], m);
			write_template(&g, NOTHING);
			new_device(&d);
			write_template(&g, (enum drift)k);
			from = told_since(0, d.t.id).last;
			if (run(&d) != (o->code == 0))
				fail_msg("%s: %s", label, d.f.text);
			if (o->code == 0)
				expect_cert(&d, o, label);
			t = told_since(from, d.t.id);
			expect_told(&t, o, false, label);
			device_close(&d);
		}
}

/* --- successors ------------------------------------------------------------------------------ */

static bool
renew(struct device *d, const struct renew_names *names, const struct ticket *use,
    struct renew_report *r)
{
	struct renew	q = { .dir = d->dir, .transport = flow_wire(&d->w), .rng = rng_system(),
		.now = pki.now, .key = RENEW_KEY_NEW, .names = names, .ticket = use };

	flow_wire_again(&d->w);
	d->f = (struct fault){ 0 };
	return renew_run(&q, r, &d->f);
}

static void
check_change(struct device *d, const char *id, const struct renew_names *names,
    const struct ticket *use, const struct outcome *o, const char *label)
{
	struct renew_report	r;
	int64_t			from = told_since(0, id).last;
	struct told		t;

	if (renew(d, names, use, &r) != (o->code == 0))
		fail_msg("%s: %s", label, d->f.text);
	if (o->code == 0)
		expect_cert(d, o, label);
	t = told_since(from, id);
	expect_told(&t, o, true, label);
}

static void
enrolled(struct device *d, const struct agreement *g)
{
	write_template(g, NOTHING);
	new_device(d);
	if (!run(d))
		fail_msg("%s", d->f.text);
	flow_pass(&pki, 60);
}

static const struct outcome	renewals[DRIFTS][4] = {
	/* compare, renew-ok, update-needed, new-authorization */
	[NOTHING] = { AS_BEFORE, AS_BEFORE, AS_BEFORE, AS_BEFORE },
	[LIFETIME] = { LONGER, AS_OLD, REFUSED(27), REFUSED(2) },
	[PURPOSE] = { REFUSED(27), AS_OLD, REFUSED(27), REFUSED(2) },
	[FEWER_KEYS] = { REFUSED(2), REFUSED(2), REFUSED(27), REFUSED(2) },
	[ADDRESS] = { MOVED, MOVED, MOVED, MOVED },
};

static const struct outcome	updates[DRIFTS][4] = {
	[NOTHING] = { AS_BEFORE, AS_BEFORE, AS_BEFORE, AS_BEFORE },
	[LIFETIME] = { LONGER, LONGER, LONGER, REFUSED(2) },
	[PURPOSE] = { WITH_PURPOSE, WITH_PURPOSE, WITH_PURPOSE, REFUSED(2) },
	[FEWER_KEYS] = { REFUSED(2), REFUSED(2), REFUSED(2), REFUSED(2) },
	[ADDRESS] = { MOVED, MOVED, MOVED, MOVED },
};

static void
successors(const char *what, bool update, const struct outcome table[DRIFTS][4])
{
	static unsigned	n;

	for (size_t k = 0; k < DRIFTS; k++)
		for (size_t m = 0; m < 4; m++) {
			struct agreement	g = { TEMPLATE_REJECT, (enum changed_renewal)m };
			struct renew_names	names = { .n = 1 };
			struct device		d;
			char			label[64], name[64];

			snprintf(label, sizeof(label), "%s, %s, agreement %zu", what, drift_names[k], m);
			snprintf(name, sizeof(name), "fqdn:moved%u.vpn.example", ++n);
			names.identities[0] = name;
			enrolled(&d, &g);
			write_template(&g, (enum drift)k);
			check_change(&d, d.t.id, update ? &names : NULL, NULL, &table[k][m], label);
			device_close(&d);
		}
}

static void
test_renewal(void **state)
{
	(void)state;
	successors("renewal", false, renewals);
}

static void
test_update(void **state)
{
	(void)state;
	successors("update", true, updates);
}

/* As it was, for ever: the old version is recalled from renewal to renewal. */
static void
test_renewal_of_renewal(void **state)
{
	struct agreement	g = { TEMPLATE_REJECT, CHANGED_RENEW_OK };
	const struct outcome	o = AS_OLD;
	struct device		d;

	(void)state;
	enrolled(&d, &g);
	write_template(&g, PURPOSE);
	for (int i = 0; i < 3; i++) {
		check_change(&d, d.t.id, NULL, NULL, &o, "again");
		flow_pass(&pki, 60);
	}
	device_close(&d);
}

/* --- rekey ------------------------------------------------------------------------------------ */

static const struct outcome	rekeys[DRIFTS][3] = {
	/* use-old, reject, use-new: of the authorization that replaces */
	[NOTHING] = { AS_BEFORE, AS_BEFORE, AS_BEFORE },
	[LIFETIME] = { AS_OLD, REFUSED(2), LONGER },
	[PURPOSE] = { AS_OLD, REFUSED(2), REFUSED(27) },	/* never an update in silence */
	[FEWER_KEYS] = { REFUSED(2), REFUSED(2), REFUSED(2) },
	[ADDRESS] = { MOVED, MOVED, MOVED },
};

static void
test_rekey(void **state)
{
	(void)state;
	for (size_t k = 0; k < DRIFTS; k++)
		for (size_t m = 0; m < 3; m++) {
			struct agreement	g = { .on_change = (enum template_change)m };
			struct raw_cert		old;
			struct ticket		t;
			struct device		d;
			char			label[64];

			snprintf(label, sizeof(label), "rekey, %s, agreement %zu", drift_names[k], m);
			enrolled(&d, &g);
			raw_cert_load(&d, &old);
			raw_replace(&pki, &admin, &old.cert, d.t.identities[0], &d, &t);
			write_template(&g, (enum drift)k);
			check_change(&d, d.t.id, NULL, &t, &rekeys[k][m], label);
			ticket_clear(&t);
			raw_cert_clear(&old);
			device_close(&d);
		}
}

/* --- around it ---------------------------------------------------------------------------------- */

static int
begin(void **state)
{
	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_enrolment),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_renewal_of_renewal),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_rekey),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
