/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorization from both ends: the Admin's own code, the PKI's, and devices
 * that use the tickets; then what goes wrong on the way.
 *
 * R4809-3.2.2-1, R4809-3.2.2-3 (in bulk, before the enrolment),
 * R4809-3.2.4.4-6 (duplicates are not processed), R4809-3.2.5-1 (one id and
 * token for each), R4809-3.2.5-3 (what was altered comes back),
 * R4809-3.2.5-6 (yes and no entry by entry), R4809-3.2.4.3-9 (three weeks
 * asked, less allowed).
 *
 * R4809-2.1.2-5: the ticket instructs, the device does it with the Peer's own code
 * R4809-2.2-4: authorizations and enrolments at one place
 * R4809-3.1.4-1: requests and answers that get lost are repeated without a second grant
 * R4809-3.2.3-3: each entry's own pair, used by its own device
 * R4809-3.2.5-2: a window asked for three weeks is cut
 * SEED-11: the certificate comes in the reply
 * SEED-40: tickets as files, for who carries them
 * SEED-55, SEED-57: request, answer and acknowledgement; what was interrupted is taken
 *   up later
 *
 * R4809-3.2.5-5: and cancelled, if less was not to be
 * R4809-3.2.5-4: what was altered is found and named at the Admin's
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "admin/authorization.h"
#include "base/file.h"
#include "flow_pki.h"
#include "peer/enroll.h"

#define ARENA_MAX	(64u << 20)
#define WEEKS(n)	((n) * INT64_C(604800))

static struct flow_pki	pki;
static struct flow_wire	wire;

/* An Admin at work on one list. */
struct desk {
	struct admin		 a;
	struct arena		*arena;
	struct inventory	 inv;
	struct problems		 p;
	struct fleet		 fleet, known;
	struct topology		*topology;
	struct cvp_template_info info;
	struct authorization	 z;
	struct fault		 f;
	char			 dir[FLOW_PATH_MAX], out[FLOW_PATH_MAX];
	const char		*list, *template;
};

static void
must(bool ok, const struct fault *f)
{
	if (!ok)
		fail_msg("%s", f->text);
}

static void
ask_templates(struct desk *d)
{
	struct cvp_list	all = { 0 };
	struct view	value;
	struct buf	der;

	buf_init(&der, 64);
	cvp_put_template_query(&der, &all);
	must(admin_ask_one(&d->a, CVP_TEMPLATE_QUERY, buf_view(&der), CVP_TEMPLATE_INFO,
	    d->arena, &value, &d->f) &&
	    cvp_template_info_decode(value, d->arena, &d->info, &d->f), &d->f);
	buf_clear(&der);
}

static void
desk_open_for(struct desk *d, const char *template, const char *list)
{
	struct transport	way;

	memset(d, 0, sizeof(*d));
	d->list = list;
	d->template = template;
	d->arena = d->p.a = arena_new(ARENA_MAX);
	assert_non_null(d->arena);
	flow_wire_again(&wire);
	way = flow_wire(&wire);
	flow_path(&pki, "admin", d->dir);
	flow_path(&pki, "tickets", d->out);
	must(admin_open(d->dir, NULL, &way, rng_system(), pki.now, &d->a, &d->f) &&
	    inventory_load(d->dir, d->arena, &d->inv, &d->f) &&
	    fleet_read(view_str(list), template, &d->p, &d->fleet, &d->f) &&
	    inventory_fleet(&d->inv, &d->known, &d->f), &d->f);
	assert_int_equal(d->p.total, 0);
	d->topology = topology_new(&d->fleet, &d->known, &d->p, &d->f);
	assert_non_null(d->topology);
	d->z = (struct authorization){
		.a = &d->a, .inv = &d->inv, .fleet = &d->fleet, .topology = d->topology,
		.arena = d->arena,
	};
	ask_templates(d);
	flow_wire_again(&wire);
}

static void
desk_open(struct desk *d, const char *list)
{
	desk_open_for(d, "s2s-gateway", list);
}

static void
desk_close(struct desk *d)
{
	admin_close(&d->a);
	arena_free(d->arena);
}

static const struct cvp_template *
template_named(const struct desk *d, const char *name)
{
	for (size_t i = 0; i < d->info.n; i++)
		if (view_equal(d->info.v[i].name, view_str(name)))
			return &d->info.v[i];
	fail_msg("no template %s", name);
	return NULL;
}

/* All rows of the list, for so long. */
static bool
ask_for(struct desk *d, int64_t seconds)
{
	struct wishes		  w = { .preset = d->template, .window_seconds = seconds,
		.out = d->out };
	const struct device	**rows = arena_array(d->arena, d->fleet.n, sizeof(*rows));

	assert_non_null(rows);
	for (size_t i = 0; i < d->fleet.n; i++)
		rows[i] = &d->fleet.v[i];
	fault_clear(&d->f);
	return authorization_prepare(&d->z, rows, d->fleet.n, template_named(d, d->template),
	    &w, view_str(d->list), &d->f) && authorization_run(&d->z, &d->f);
}

/* What an earlier run left, taken up by another process. */
static bool
go_on(struct desk *d)
{
	struct batch	*list = arena_array(d->arena, BATCHES_MAX, sizeof(*list));
	size_t		 n;

	assert_non_null(list);
	must(batches_unfinished(d->dir, list, &n, &d->f), &d->f);
	assert_int_equal(n, 1);
	d->z.b = list[0];
	fault_clear(&d->f);
	return authorization_run(&d->z, &d->f);
}

static size_t
unfinished(const struct desk *d)
{
	struct batch	*list = arena_array(d->arena, BATCHES_MAX, sizeof(*list));
	struct fault	 f = { 0 };
	size_t		 n;

	assert_non_null(list);
	must(batches_unfinished(d->dir, list, &n, &f), &f);
	return n;
}

static bool
count_one(void *ctx, const struct store_authz *z, struct fault *f)
{
	(void)z;
	(void)f;
	(*(size_t *)ctx)++;
	return true;
}

/* Authorizations the PKI has, the Admin's own apart. */
static size_t
known_to_pki(void)
{
	struct store_authz_filter	filter = { .max = 1000 };
	struct fault			f = { 0 };
	size_t				n = 0;

	must(store_authz_walk(pki.store, &filter, count_one, &n, &f), &f);
	return n - 1;
}

/* The device uses its ticket, with the Peer's own code. */
static void
use_ticket(const struct outcome *o)
{
	struct flow_wire	w;
	struct enroll_report	r;
	struct ticket		t;
	struct buf		text;
	struct fault		f = { 0 };
	char			dir[FLOW_PATH_MAX];
	struct enroll		q = { .dir = flow_path(&pki, o->d->name, dir), .ticket = &t,
		.rng = rng_system(), .now = pki.now };

	assert_true(outcome_granted(o));
	buf_init(&text, TICKET_FILE_MAX);
	must(file_read(o->ticket, &text, &f) && ticket_read(buf_view(&text), &t, &f), &f);
	assert_string_equal(t.id, o->id);
	flow_wire_init(&w, &pki);
	q.transport = flow_wire(&w);
	must(enroll_run(&q, &r, &f), &f);
	flow_wire_clear(&w);
	ticket_clear(&t);
	buf_clear(&text);
}

static void
expect_state(const struct outcome *o, enum store_authz_state want)
{
	struct flow_seen	s;

	flow_look(&pki, o->id, &s);
	assert_int_equal(s.state, want);
}

/* --- as it should be ------------------------------------------------------------------- */

static void
list_becomes_devices(void **state)
{
	struct desk	d;
	struct ticket	t;
	struct buf	text;

	(void)state;
	desk_open(&d, "label,fqdn,ipv4,ipv6,group,address,subnets\n"
	    "one,one.a.example,,,g,192.0.2.1,198.51.100.0/25\n"
	    "two,b\xc3\xbc" "cher.a.example,,,g,,\nthree,,192.0.2.3,,g,,\n"
	    "vier-\xc3\xbc,,,2001:db8::4,g,,\n");
	must(ask_for(&d, WEEKS(2)), &d.f);
	assert_true(d.z.acknowledged);
	assert_int_equal(wire.count, 2);	/* the request, the acknowledgement */
	assert_int_equal(d.z.n, 4);
	assert_int_equal(unfinished(&d), 0);
	for (size_t i = 0; i < d.z.n; i++) {
		assert_int_equal(d.z.v[i].status, CVP_GRANTED);
		expect_state(&d.z.v[i], STORE_AUTHZ_OPEN);
		use_ticket(&d.z.v[i]);
		expect_state(&d.z.v[i], STORE_AUTHZ_CONFIRMED);
	}
	buf_init(&text, TICKET_FILE_MAX);
	must(file_read(d.z.v[0].ticket, &text, &d.f) &&
	    ticket_read(buf_view(&text), &t, &d.f), &d.f);
	assert_int_equal(t.n_peers, 3);
	assert_string_equal(t.address, "192.0.2.1");
	assert_int_equal(t.not_after, pki.now + WEEKS(2));
	ticket_clear(&t);
	buf_clear(&text);
	desk_close(&d);
}

static void
users_too(void **state)
{
	struct desk	d;

	(void)state;
	desk_open_for(&d, "ra-user", "email\nAnn@Users.example\nbob@users.example\n");
	must(ask_for(&d, WEEKS(2)), &d.f);
	assert_int_equal(d.z.b.granted, 2);
	use_ticket(&d.z.v[0]);
	expect_state(&d.z.v[0], STORE_AUTHZ_CONFIRMED);
	desk_close(&d);
	/* A gateway is no mailbox. */
	desk_open(&d, "email\ngw@users.example\n");
	must(ask_for(&d, WEEKS(2)), &d.f);
	assert_int_equal(d.z.v[0].code, CVP_TERMS_CONFLICT);
	desk_close(&d);
}

/* R4809-3.2.5-3: the window was cut, and the Admin is told to what. */
static void
window_is_cut(void **state)
{
	struct desk	d;

	(void)state;
	desk_open(&d, "fqdn\nlong.b.example\n");
	must(ask_for(&d, WEEKS(50)), &d.f);
	assert_int_equal(d.z.v[0].status, CVP_GRANTED_MODIFIED);
	assert_int_equal(d.z.v[0].not_after, pki.now + 90 * 86400);
	desk_close(&d);
}

/* --- a PKI that alters what was not to be altered ---------------------------------------- */

/* Stands between Admin and PKI, and lets the PKI believe that less would do. */
struct meddler {
	struct desk		*d;
	struct transport	 way;
	size_t			 count, lose;	/* messages; the answer to this one does not arrive */
};

/* exact [9] BOOLEAN: TRUE as it is sent, FALSE as the PKI reads it; signed by the Admin's key. */
static bool
meddle(void *ctx, struct view octets, struct buf *answer, struct fault *f)
{
	struct meddler		*m = ctx;
	struct arena		*a = arena_new(1u << 20);
	struct cms_signed	 s;
	struct buf		 content, message;
	uint8_t			*at;
	bool			 ok;

	buf_init(&content, 1u << 20);
	buf_init(&message, 1u << 20);
	must(message_open(octets, a, &s, f), f);
	buf_add_view(&content, s.content);
	if ((at = memmem(content.p, content.n, "\x89\x01\xff", 3)) != NULL)
		at[2] = 0;
	must(message_sign(&m->d->a.signer, m->d->a.key, s.content_type, buf_view(&content), m->d->a.now,
	    &message, f), f);
	ok = m->way.exchange(m->way.ctx, buf_view(&message), answer, f);
	if (++m->count == m->lose) {
		buf_reset(answer);
		ok = fault_set(f, FAULT_BUSY, "", "the answer is lost");
	}
	buf_clear(&content);
	buf_clear(&message);
	arena_free(a);
	return ok;
}

static void
meddle_with(struct desk *d, struct meddler *m, size_t lose)
{
	*m = (struct meddler){ .d = d, .way = d->a.way, .lose = lose };
	d->a.way = (struct transport){ meddle, m };
}

static bool
ask_exactly(struct desk *d)
{
	struct wishes		  w = { .preset = d->template, .window_seconds = WEEKS(2),
		.out = d->out, .exact = true };
	const struct device	**rows = arena_array(d->arena, d->fleet.n, sizeof(*rows));

	assert_non_null(rows);
	for (size_t i = 0; i < d->fleet.n; i++)
		rows[i] = &d->fleet.v[i];
	fault_clear(&d->f);
	return authorization_prepare(&d->z, rows, d->fleet.n, template_named(d, d->template),
	    &w, view_str(d->list), &d->f) && authorization_run(&d->z, &d->f);
}

/* The one with less: cancelled with a receipt, by three messages, and no ticket of it. */
static void
expect_given_back(struct desk *d, const char *name)
{
	const struct outcome	*o = &d->z.v[1];
	const struct known	*k = inventory_by_id(&d->inv, view_str(o->id));
	char			 path[2 * FLOW_PATH_MAX];

	assert_null(o->ticket);
	snprintf(path, sizeof(path), "%s/%s.ticket", d->out, name);
	assert_false(file_exists(path));
	assert_non_null(k);
	assert_string_equal(k->end, "cancelled");
	expect_state(o, STORE_AUTHZ_CANCELLED);
	assert_int_equal(d->z.b.granted, 1);
	assert_int_equal(unfinished(d), 0);
	use_ticket(&d->z.v[0]);
}

static void
expect_told(const struct desk *d)
{
	const struct outcome	*o = &d->z.v[1];

	assert_false(outcome_granted(o));
	assert_int_equal(o->code, CVP_TERMS_CONFLICT);
	assert_non_null(strstr(o->why, "granted with less than asked for: certificate until"));
	assert_non_null(strstr(o->why, ", and cancelled again, receipt "));
}

/*
 * R4809-3.2.5-5: the Admin cancels by itself what it was given less of than it
 * wanted exactly.
 */
static void
exact_is_given_back(void **state)
{
	struct desk	d;
	struct meddler	m;

	(void)state;
	desk_open(&d, "fqdn,valid-until\nless0.e.example,\nless1.e.example,2031-01-01T00:00:00Z\n");
	meddle_with(&d, &m, 0);
	must(ask_exactly(&d), &d.f);
	assert_int_equal(m.count, 4);	/* request, cancel, its acknowledgement, acknowledgement */
	assert_true(d.z.acknowledged);
	expect_given_back(&d, "less1.e.example");
	expect_told(&d);
	desk_close(&d);
	/* Who takes less has a ticket of both. */
	desk_open(&d, "fqdn,valid-until\nmore0.e.example,\nmore1.e.example,2031-01-01T00:00:00Z\n");
	must(ask_for(&d, WEEKS(2)), &d.f);
	assert_true(outcome_granted(&d.z.v[0]) && outcome_granted(&d.z.v[1]));
	assert_int_equal(d.z.v[1].status, CVP_GRANTED_MODIFIED);
	desk_close(&d);
}

/* The answer to the cancellation is lost: the next run goes on with it. */
static void
given_back_later(void **state)
{
	struct desk	d;
	struct meddler	m;

	(void)state;
	desk_open(&d, "fqdn,valid-until\nlate0.e.example,\nlate1.e.example,2031-01-01T00:00:00Z\n");
	meddle_with(&d, &m, 2);
	assert_false(ask_exactly(&d));
	assert_int_equal(d.f.kind, FAULT_BUSY);
	assert_null(d.z.v[1].ticket);
	assert_int_equal(unfinished(&d), 1);
	must(go_on(&d), &d.f);
	expect_given_back(&d, "late1.e.example");
	desk_close(&d);
}

/* In pieces: what an earlier run was told of is given back, and counted once. */
static void
given_back_in_pieces(void **state)
{
	struct desk	d;
	struct meddler	m;
	int64_t		seconds = pki.config.authorize_seconds;

	(void)state;
	pki.config.authorize_seconds = 0;
	desk_open(&d, "fqdn,valid-until\npiece0.e.example,2031-01-01T00:00:00Z\npiece1.e.example,\n");
	meddle_with(&d, &m, 3);		/* the first piece, its acknowledgement, the second */
	assert_false(ask_exactly(&d));
	assert_int_equal(d.f.kind, FAULT_BUSY);
	must(go_on(&d), &d.f);
	assert_int_equal(d.z.n, 1);
	assert_int_equal(d.z.b.granted, 1);
	assert_int_equal(d.z.b.failed, 0);
	assert_int_equal(unfinished(&d), 0);
	desk_close(&d);
	pki.config.authorize_seconds = seconds;
}

/* R4809-3.2.5-6: those who cannot be are named, the others are granted. */
static void
entry_by_entry(void **state)
{
	struct desk	d;

	(void)state;
	desk_open(&d, "fqdn\nfirst.c.example\n");
	must(ask_for(&d, WEEKS(1)), &d.f);
	desk_close(&d);
	desk_open(&d, "fqdn\nfresh.c.example\nfirst.c.example\n");
	must(ask_for(&d, WEEKS(1)), &d.f);
	assert_int_equal(d.z.b.granted, 1);
	assert_int_equal(d.z.b.failed, 1);
	assert_true(outcome_granted(&d.z.v[0]));
	assert_int_equal(d.z.v[1].code, CVP_DUPLICATE);
	assert_non_null(strstr(d.z.v[1].why, "first.c.example"));
	assert_null(d.z.v[1].ticket);
	desk_close(&d);
}

/* --- what goes wrong -------------------------------------------------------------------- */

static const struct {
	const char	*label;
	const char	*list;
	size_t		 lose_request, lose_answer;
	bool		 restart;	/* of the PKI, before it goes on */
	bool		 delivered;	/* tickets are there after the first run */
} losses[] = {
	{ "the request is lost", "fqdn\na1.d.example\na2.d.example\n", 1, 0, false, false },
	{ "its answer is lost", "fqdn\nb1.d.example\nb2.d.example\n", 0, 1, false, false },
	{ "and the PKI began anew", "fqdn\nc1.d.example\nc2.d.example\n", 0, 1, true, false },
	{ "the acknowledgement is lost", "fqdn\nd1.d.example\nd2.d.example\n", 2, 0, false, true },
	{ "its answer is lost too", "fqdn\ne1.d.example\ne2.d.example\n", 0, 2, true, true },
};

/* Neither twice nor not at all, whatever gets lost. */
static void
nothing_is_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		size_t		before = known_to_pki();
		struct desk	d;
		bool		done;

		desk_open(&d, losses[i].list);
		wire.lose_request = losses[i].lose_request;
		wire.lose_answer = losses[i].lose_answer;
		done = ask_for(&d, WEEKS(1));
		if (done != losses[i].delivered || (!done && d.f.kind != FAULT_BUSY))
			fail_msg("%s: done %d, %s", losses[i].label, done, d.f.text);
		assert_false(d.z.acknowledged);
		desk_close(&d);
		if (losses[i].restart)
			flow_restart(&pki);

		desk_open(&d, losses[i].list);
		if (!go_on(&d))
			fail_msg("%s: %s", losses[i].label, d.f.text);
		if (unfinished(&d) != 0 || known_to_pki() != before + 2)
			fail_msg("%s: %zu unfinished, %zu more", losses[i].label, unfinished(&d),
			    known_to_pki() - before);
		for (size_t k = 0; k < d.z.n; k++)
			use_ticket(&d.z.v[k]);
		desk_close(&d);
	}
}

/* Whoever finds the folder later finds no way to the tokens (C-3). */
static void
tokens_go_with_the_acknowledgement(void **state)
{
	struct desk	d;
	struct batch	b;
	struct buf	request;

	(void)state;
	desk_open(&d, "fqdn\nspy.e.example\n");
	wire.lose_request = 2;
	must(ask_for(&d, WEEKS(1)), &d.f);
	b = d.z.b;
	buf_init(&request, BATCH_REQUEST_MAX);
	must(batch_request(d.dir, &b, &request, &d.f), &d.f);
	flow_wire_again(&wire);
	must(authorization_run(&d.z, &d.f), &d.f);
	assert_true(d.z.acknowledged);

	b.state = BATCH_SENT;		/* the same request once more */
	snprintf(b.hex, sizeof(b.hex), "%032x", 7);
	must(batch_create(d.dir, &b, buf_view(&request), VIEW_LIT(""), &d.f), &d.f);
	d.z.b = b;
	d.inv.n = 0;			/* and nobody knows that they came */
	assert_false(authorization_run(&d.z, &d.f));
	assert_int_equal(d.f.kind, FAULT_NOT_FOUND);
	assert_int_equal(unfinished(&d), 0);
	buf_clear(&request);
	desk_close(&d);
}

/* R4809-3.2.5-7: the Admin's idea of the template is not the PKI's. */
static void
template_drift(void **state)
{
	struct desk	d;
	size_t		before = known_to_pki();

	(void)state;
	desk_open(&d, "fqdn\ndrift.f.example\n");
	for (size_t i = 0; i < d.info.n; i++)
		d.info.v[i].version++;
	assert_false(ask_for(&d, WEEKS(1)));
	assert_int_equal(d.f.kind, FAULT_REFUSED);
	assert_non_null(strstr(d.f.text, cvp_code_name(CVP_TEMPLATE_CHANGED)));
	assert_int_equal(unfinished(&d), 0);	/* there is nothing to come back to */
	assert_int_equal(known_to_pki(), before);
	desk_close(&d);
}

/* Any bit of the answer may be another one: no ticket that does not work. */
static void
damaged_answers(void **state)
{
	(void)state;
	for (size_t at = 3; at < 20000; at += 997) {
		char		list[64];
		struct desk	d;
		bool		ok;

		snprintf(list, sizeof(list), "fqdn\nn%zu.g.example\n", at);
		desk_open(&d, list);
		wire.flip_answer = 1;
		wire.flip_at = at;
		ok = ask_for(&d, WEEKS(1));
		desk_close(&d);
		desk_open(&d, list);
		if (!ok)
			must(go_on(&d), &d.f);
		else
			assert_int_equal(unfinished(&d), 0);
		desk_close(&d);
	}
}

/* --- around it ------------------------------------------------------------------------- */

static int
begin(void **state)
{
	struct transport	way;
	struct fault		f = { 0 };
	char			dir[FLOW_PATH_MAX], url[FLOW_PATH_MAX + 16];

	(void)state;
	flow_start(&pki, KEY_EC_P256);
	flow_wire_init(&wire, &pki);
	way = flow_wire(&wire);
	return !(enroll_with(buf_view(&pki.r.ticket), flow_path(&pki, "admin", dir), &way, pki.now,
	    &f) && path_join(url, sizeof(url), dir, "admin.url", &f) &&
	    file_write(url, view_str("url: http://127.0.0.1:8080/cmc\n"), 0644, &f));
}

static int
end(void **state)
{
	(void)state;
	flow_wire_clear(&wire);
	flow_stop(&pki);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(list_becomes_devices),
		cmocka_unit_test(users_too),
		cmocka_unit_test(window_is_cut),
		cmocka_unit_test(exact_is_given_back),
		cmocka_unit_test(given_back_later),
		cmocka_unit_test(given_back_in_pieces),
		cmocka_unit_test(entry_by_entry),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(tokens_go_with_the_acknowledgement),
		cmocka_unit_test(template_drift),
		cmocka_unit_test(damaged_answers),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
