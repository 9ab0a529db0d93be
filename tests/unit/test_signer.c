/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a captured engine may ask of the signer, and does not get.  Questions
 * are those of an honest enrolment, changed in one place.
 *
 * SEED-79: what the PKI keeps, and what it believes of it: the label, test_issue_with_its_label
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/crl.h"
#include "peer/ask.h"
#include "pki/seal_key.h"
#include "pki_rig.h"

#define TAIL	(1 + 4 + 32)	/* of PROVE: next state, length, key */

static struct rig	rig;
static struct buf	stolen;		/* a renewal that another device signed */

/* The first question of each op that an enrolment asks. */
static struct buf	kept[SIGNER_OPS];

static bool
keep(void *ctx, struct view questions)
{
	struct frame	q;
	struct fault	f = { 0 };
	size_t		used;

	(void)ctx;
	if (frame_take(questions, FRAME_BODY_MAX, &q, &used, &f) && used > 0 &&
	    q.type < SIGNER_OPS && kept[q.type].n == 0) {
		buf_init(&kept[q.type], FRAME_BODY_MAX);
		buf_add(&kept[q.type], questions.p, used);
	}
	return q.type == SIGNER_ISSUE;	/* so that nothing is spent */
}

static int
set_up(void **state)
{
	struct ticket	t;
	struct exchange	x;
	struct buf	m, answer;
	struct fault	f = { 0 };
	struct key	*key = key_generate(KEY_EC_P256, &f);

	(void)state;
	rig_start(&rig);
	rig.lose = keep;
	rig_authorize(&rig, "s2s-gateway", "fqdn:gw1.example", "gw1", &t);
	buf_init(&m, MESSAGE_MAX);
	rig_must(ask_enroll(&t, key, rng_system(), rig.now, &x, &m, &f), &f);
	rig_send(&rig, buf_view(&m), &answer);
	rig.lose = NULL;
	buf_clear(&m);
	buf_clear(&answer);
	key_free(key);
	ticket_clear(&t);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIGNER_OPS; i++)
		buf_clear(&kept[i]);
	buf_clear(&stolen);
	rig_stop(&rig);
	return 0;
}

static void
ask(struct view question, struct buf *out, struct frame *fr)
{
	rig_ask_signer(&rig, question, out, fr);
}

static enum fault_kind
ask_prove(struct view question, bool *holds)
{
	struct buf		out;
	struct frame		fr;
	struct prove_answer	a = { 0 };
	struct fault		f = { 0 };

	ask(question, &out, &fr);
	*holds = signer_get_prove(&fr, &a, &f) && a.holds;
	buf_clear(&out);
	return f.kind;
}

static void
test_prove_binds_its_own_key(void **state)
{
	struct buf	q;
	bool		holds;

	(void)state;
	assert_int_equal(ask_prove(buf_view(&kept[SIGNER_PROVE]), &holds), FAULT_NONE);
	assert_true(holds);
	buf_init(&q, FRAME_BODY_MAX);
	buf_add_view(&q, buf_view(&kept[SIGNER_PROVE]));
	q.p[q.n - 1] ^= 1;	/* the key that the engine would like */
	assert_int_equal(ask_prove(buf_view(&q), &holds), FAULT_REFUSED);
	assert_false(holds);
	q.p[q.n - 1] ^= 1;
	q.p[q.n - TAIL] = STORE_AUTHZ_ISSUED;
	assert_int_equal(ask_prove(buf_view(&q), &holds), FAULT_REFUSED);
	buf_clear(&q);
}

static enum fault_kind
ask_issue(struct view question)
{
	struct buf		out;
	struct frame		fr;
	struct issue_answer	a;
	struct fault		f = { 0 };

	ask(question, &out, &fr);
	(void)!signer_get_issue(&fr, &a, &f);
	buf_clear(&out);
	return f.kind;
}

static void
read_issue(struct issue_request *i)
{
	struct frame	fr;
	struct wire	w;
	struct fault	f = { 0 };
	size_t		used;

	assert_true(frame_take(buf_view(&kept[SIGNER_ISSUE]), FRAME_BODY_MAX, &fr, &used, &f));
	wire_init(&w, fr.body);
	seal_facts_get(&w, &i->facts);
	i->sealed = wire_get_view(&w);
	i->template = wire_get_view(&w);
	i->changed = wire_get_u8(&w) != 0;
	i->old = wire_get_view(&w);
	i->terms = wire_get_view(&w);
	i->label = wire_get_view(&w);
	i->tbs = wire_get_view(&w);
}

/* The same certificate as often as asked, and no other one. */
static void
test_issue_once(void **state)
{
	struct buf		q;
	struct release_request	r = { 0 };
	struct issue_request	i = { 0 };
	struct frame		fr;
	struct buf		out;
	struct view		sealed;
	struct fault		f = { 0 };
	uint8_t			*at;

	(void)state;
	assert_int_equal(ask_issue(buf_view(&kept[SIGNER_ISSUE])), FAULT_NONE);
	assert_int_equal(ask_issue(buf_view(&kept[SIGNER_ISSUE])), FAULT_NONE);
	read_issue(&i);
	r.facts = i.facts;
	r.sealed = i.sealed;
	i.tbs = arena_copy(rig.arena, i.tbs);
	at = (uint8_t *)(uintptr_t)i.tbs.p;
	for (size_t k = 0; k + 16 < i.tbs.n; k++)	/* another serial number */
		if (at[k] == 0x02 && at[k + 1] == 16) {
			at[k + 17] ^= 1;
			break;
		}
	buf_init(&q, FRAME_BODY_MAX);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_REFUSED);
	buf_reset(&q);
	signer_put_release(&q, &r);	/* nor can its token be used again */
	ask(buf_view(&q), &out, &fr);
	assert_false(signer_get_object(&fr, SIGNER_RELEASE, &sealed, &f));
	buf_clear(&out);
	buf_clear(&q);
}

/* The label is sealed as well: what is in CN, and later in an update's, is an Admin's word. */
static void
test_issue_with_its_label(void **state)
{
	struct buf		q;
	struct issue_request	i = { 0 };

	(void)state;
	read_issue(&i);
	i.label = VIEW_LIT("evil");
	buf_init(&q, FRAME_BODY_MAX);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_REFUSED);
	buf_reset(&q);
	sha256(i.label, i.facts.label_digest);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_SIGNATURE);
	buf_clear(&q);
}

/* C-15: what replaces a certificate is not issued without the Admin's word in its terms. */
static void
test_issue_in_place_of(void **state)
{
	struct buf		q;
	struct issue_request	i = { 0 };

	(void)state;
	read_issue(&i);
	i.facts.replaces = 1;
	buf_init(&q, FRAME_BODY_MAX);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_REFUSED);
	buf_clear(&q);
}

static void
seal_as(const struct seal_facts *facts, enum seal_version v, struct view content, struct buf *out)
{
	struct seal_keys	keys;
	char			path[CONFIG_PATH_MAX];
	struct fault		f = { 0 };
	struct buf		aad;

	buf_init(&aad, 4096);
	buf_init(out, 512);
	seal_facts_aad(facts, v, &aad);
	rig_must(config_path(&rig.config, "keys/seal.key", path, sizeof(path), &f) &&
	    seal_keys_load(path, &keys, &f) &&
	    seal_keys_seal(&keys, rng_system(), buf_view(&aad), content, out, &f), &f);
	seal_keys_clear(&keys);
	buf_clear(&aad);
}

/* What was sealed before labels were is opened, and sealed with its label from then on. */
static void
test_older_seal(void **state)
{
	static const uint8_t	k[SEAL_CONTENT_OCTETS];
	struct seal_facts	facts = { .id = VIEW_LIT("older"), .admin = VIEW_LIT("admin"),
		.template = VIEW_LIT("s2s-gateway"), .state = STORE_AUTHZ_IN_PROGRESS };
	struct release_request	r;
	struct buf		older, newer, q, out;
	struct frame		fr;
	struct view		sealed;
	struct fault		f = { 0 };

	(void)state;
	sha256(VIEW_LIT("gw1"), facts.label_digest);
	seal_as(&facts, SEAL_V2, view_of(k, sizeof(k)), &older);
	r = (struct release_request){ .facts = facts, .sealed = buf_view(&older) };
	buf_init(&q, FRAME_BODY_MAX);
	signer_put_release(&q, &r);
	ask(buf_view(&q), &out, &fr);
	assert_true(signer_get_object(&fr, SIGNER_RELEASE, &sealed, &f));
	buf_clear(&out);
	seal_as(&facts, SEAL_V3, view_of(k, sizeof(k)), &newer);
	for (int other = 0; other < 2; other++) {
		r.sealed = buf_view(&newer);
		r.facts.label_digest[0] ^= (uint8_t)other;
		buf_reset(&q);
		signer_put_release(&q, &r);
		ask(buf_view(&q), &out, &fr);
		assert_int_equal(signer_get_object(&fr, SIGNER_RELEASE, &sealed, &f), !other);
		buf_clear(&out);
	}
	buf_clear(&older);
	buf_clear(&newer);
	buf_clear(&q);
}

/* The template is sealed as well: no device's terms under an Admin's template. */
static void
test_issue_under_its_template(void **state)
{
	struct buf		q;
	struct issue_request	i = { 0 };

	(void)state;
	read_issue(&i);
	buf_init(&q, FRAME_BODY_MAX);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_NONE);
	i.template = VIEW_LIT("ra-gateway");
	buf_reset(&q);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_REFUSED);
	i.facts.template = i.template;
	template_content(i.template, view_str("organization = \"Rig\"\n"), i.facts.content);
	i.changed = true;		/* the engine's word: it said something else then */
	i.old = VIEW_LIT("organization = \"Rig\"\n");
	buf_reset(&q);
	signer_put_issue(&q, &i);
	assert_int_equal(ask_issue(buf_view(&q)), FAULT_SIGNATURE);
	buf_clear(&q);
}

static enum fault_kind
sign_crl(int64_t from, int64_t to, bool own_key, bool delta)
{
	static uint64_t		number = 1000;
	struct authorities	all;
	struct fault		f = { 0 };
	struct crl_writer	w;
	struct view		tbs, der;
	struct buf		out, q, answer;
	struct frame		fr;

	rig_must(authorities_load(&rig.config, &all, &f), &f);
	struct crl_plan	p = {
		.sigalg = all.list[AUTHORITY_IKE].sigalg,
		.issuer = all.list[AUTHORITY_IKE].cert.subject,
		.this_update = from, .next_update = to, .number = ++number,
		.aki = all.list[own_key ? AUTHORITY_IKE : AUTHORITY_ROOT].cert.ski,
		.is_delta = delta, .base_number = 1,
	};
	buf_init(&out, 1u << 20);
	buf_init(&q, 1u << 20);
	crl_begin(&w, &p, &out);
	rig_must(crl_finish(&w, &tbs, &f), &f);
	signer_put_crl(&q, AUTHORITY_IKE, tbs);
	ask(buf_view(&q), &answer, &fr);
	(void)!signer_get_object(&fr, SIGNER_CRL, &der, &f);
	buf_clear(&out);
	buf_clear(&q);
	buf_clear(&answer);
	authorities_clear(&all);
	return f.kind;
}

static void
test_crl_of_today(void **state)
{
	int64_t	now = rig.now, life = rig.config.crl_lifetime;

	(void)state;
	assert_int_equal(sign_crl(now, now + life, true, false), FAULT_NONE);
	assert_int_equal(sign_crl(now, now + life + 1, true, false), FAULT_REFUSED);
	assert_int_equal(sign_crl(now + 86400, now + 86400 + life, true, false), FAULT_REFUSED);
	assert_int_equal(sign_crl(now - 86400, now, true, false), FAULT_REFUSED);
	assert_int_equal(sign_crl(now, now + life, false, false), FAULT_REFUSED);
	assert_int_equal(sign_crl(now, now + life, true, true), FAULT_REFUSED);
}

/* --- CHANGE (docs/adr/0020) ------------------------------------------------------- */

static bool
keep_change(void *ctx, struct view questions)
{
	struct frame	q;
	struct fault	f = { 0 };
	size_t		used;

	(void)ctx;
	if (frame_take(questions, FRAME_BODY_MAX, &q, &used, &f) && used > 0 &&
	    q.type == SIGNER_CHANGE && kept[SIGNER_CHANGE].n == 0) {
		buf_init(&kept[SIGNER_CHANGE], FRAME_BODY_MAX);
		buf_add(&kept[SIGNER_CHANGE], questions.p, used);
	}
	return false;
}

static void
write_renewal(const struct rig_actor *who, struct buf *out)
{
	struct exchange		x;
	struct fault		f = { 0 };
	struct cert		c;
	struct ask_change	q = { .old = &c, .old_key = who->key, .key = who->key };

	rig_must(cert_decode(buf_view(&who->cert), &c, &f), &f);
	rig_must(ask_change(&q, rng_system(), rig.now, &x, out, &f), &f);
}

/* With its own key again, on its last day. */
static void
renew(const struct rig_actor *who)
{
	struct rig_answer	a;
	struct fault		f = { 0 };
	struct cert		c;
	struct buf		message, answer;

	rig_must(cert_decode(buf_view(&who->cert), &c, &f), &f);
	rig.now = c.not_after - 86400;
	buf_init(&message, 1u << 16);
	write_renewal(who, &message);
	rig_send(&rig, buf_view(&message), &answer);
	rig_read(&rig, buf_view(&answer), &a);
	assert_int_equal(rig_fail(&a, ASK_REQUEST_ID), -1);
	assert_int_not_equal(kept[SIGNER_CHANGE].n, 0);
	buf_clear(&message);
	buf_clear(&answer);
}

/* Two devices; one has asked for a renewal, the other only wrote one. */
static void
prepare_change(void)
{
	struct ticket		t;
	struct rig_actor	gw;

	rig_authorize(&rig, "s2s-gateway", "fqdn:gw7.example", "gw7", &t);
	rig_enroll(&rig, &t, "gw7", &gw);
	ticket_clear(&t);
	rig.lose = keep_change;
	renew(&gw);
	rig.lose = NULL;
	rig_actor_clear(&gw);
	rig_authorize(&rig, "s2s-gateway", "fqdn:gw9.example", "gw9", &t);
	rig_enroll(&rig, &t, "gw9", &gw);
	ticket_clear(&t);
	buf_init(&stolen, 1u << 16);
	write_renewal(&gw, &stolen);
	rig_actor_clear(&gw);
}

static void
read_change(struct change_request *out)
{
	struct frame	q;
	struct wire	w;
	struct fault	f = { 0 };
	size_t		used;

	memset(out, 0, sizeof(*out));
	rig_must(frame_take(buf_view(&kept[SIGNER_CHANGE]), FRAME_BODY_MAX, &q, &used, &f), &f);
	wire_init(&w, q.body);
	out->old = wire_get_view(&w);
	out->message = wire_get_view(&w);
	out->template = wire_get_view(&w);
	out->changed = wire_get_u8(&w) != 0;
	out->old_settings = wire_get_view(&w);
	out->tbs = wire_get_view(&w);
	out->hint = wire_get_view(&w);
	out->admin = wire_get_view(&w);
	out->layer = wire_get_view(&w);
	out->id = wire_get_view(&w);
	out->terms = wire_get_view(&w);
	out->label = wire_get_view(&w);
	out->deed = wire_get_view(&w);
	out->use = wire_get_u8(&w) != 0;
	assert_true(wire_end(&w, "CHANGE", &f));
}

static bool
signs(const struct change_request *q)
{
	struct issue_answer	a;
	struct buf		question, out;
	struct frame		fr;
	struct fault		f = { 0 };
	bool			ok;

	buf_init(&question, FRAME_BODY_MAX);
	signer_put_change(&question, q);
	ask(buf_view(&question), &out, &fr);
	ok = signer_get_issue(&fr, &a, &f);
	assert_true(ok || f.kind != FAULT_NONE);
	buf_clear(&question);
	buf_clear(&out);
	return ok;
}

/* v with the first `what` in it replaced; both of one length. */
static struct view
with(struct view v, const char *what, const char *by)
{
	struct view	copy = arena_copy(rig.arena, v);
	uint8_t		*at = memmem((void *)(uintptr_t)copy.p, copy.n, what, strlen(what));

	assert_non_null(at);
	memcpy(at, by, strlen(by));
	return copy;
}

static struct view
flipped(struct view v, size_t at)
{
	struct view	copy = arena_copy(rig.arena, v);

	((uint8_t *)(uintptr_t)copy.p)[at] ^= 1;
	return copy;
}

/* No successor without the device's own request, and none beside its terms. */
static void
test_change_needs_the_device(void **state)
{
	struct change_request	good, q;
	int64_t			now;

	(void)state;
	prepare_change();
	now = rig.now;
	read_change(&good);
	assert_true(signs(&good));
	assert_true(signs(&good));	/* after a crash, say */
	q = good;
	q.message = buf_view(&stolen);
	assert_false(signs(&q));
	q = good;
	q.message = flipped(good.message, good.message.n - 1);
	assert_false(signs(&q));
	q = good;
	q.tbs = with(good.tbs, "gw7.example", "gw9.example");
	assert_false(signs(&q));
	q = good;
	q.old = flipped(good.old, good.old.n - 1);
	assert_false(signs(&q));
	q = good;
	q.terms = flipped(good.terms, good.terms.n - 1);
	assert_false(signs(&q));
	q = good;
	q.label = VIEW_LIT("gw9");
	assert_false(signs(&q));
	q = good;
	q.template = VIEW_LIT("admin");
	assert_false(signs(&q));
	q = good;
	q.changed = true;		/* a template that never said this */
	q.old_settings = VIEW_LIT("validity = \"1d\"\n");
	assert_false(signs(&q));
	q = good;
	q.deed = VIEW_NONE;
	assert_false(signs(&q));
	q = good;
	q.use = true;			/* an authorization nobody gave */
	q.use_terms = good.terms;
	q.facts.state = STORE_AUTHZ_IN_PROGRESS;
	assert_false(signs(&q));
	rig.now -= 300 * 86400;		/* before the time of the terms */
	assert_false(signs(&good));
	rig.now = now + 10 * 86400;	/* expired */
	assert_false(signs(&good));
	rig.now = now;
}

/* Answers that are too many, or no answers, are not the next question's. */
static void
test_link_is_not_used_again(void **state)
{
	static const char *const	cases[] = { "two", "garbage", "end" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int			pair[2];
		struct signer_link	l;
		struct buf		q, sent, answers;
		struct fault		f = { 0 };

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		l = signer_socket_link(&pair[0]);
		buf_init(&q, 4096);
		buf_init(&sent, 4096);
		buf_init(&answers, 4096);
		signer_put_journal(&q, 0);
		for (int k = 0; cases[i][0] == 't' && k < 2; k++)
			frame_put(&sent, SIGNER_JOURNAL, 0, 0, VIEW_LIT("answer"));
		if (cases[i][0] == 'g')
			buf_add_str(&sent, "no frame begins like this at all");
		if (sent.n > 0)
			assert_int_equal(write(pair[1], sent.p, sent.n), (ssize_t)sent.n);
		else
			shutdown(pair[1], SHUT_RDWR);
		assert_false(l.exchange(l.ctx, buf_view(&q), 1, &answers, &f));
		assert_int_equal(pair[0], -1);
		close(pair[1]);
		buf_clear(&q);
		buf_clear(&sent);
		buf_clear(&answers);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_prove_binds_its_own_key),
		cmocka_unit_test(test_issue_once),
		cmocka_unit_test(test_issue_with_its_label),
		cmocka_unit_test(test_issue_in_place_of),
		cmocka_unit_test(test_older_seal),
		cmocka_unit_test(test_issue_under_its_template),
		cmocka_unit_test(test_crl_of_today),
		cmocka_unit_test(test_change_needs_the_device),
		cmocka_unit_test(test_link_is_not_used_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
