/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens and answers that a captured engine asks of the signer, and does not
 * get: the question of an honest authorization, changed in one place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/oid.h"
#include "pki_rig.h"

static struct rig	rig;
static struct buf	kept;		/* the first MINT of an exchange */

static bool
keep(void *ctx, struct view questions)
{
	struct frame	q;
	struct fault	f = { 0 };
	size_t		used;

	(void)ctx;
	if (kept.n == 0 && frame_take(questions, FRAME_BODY_MAX, &q, &used, &f) && used > 0 &&
	    q.type == SIGNER_MINT) {
		buf_init(&kept, FRAME_BODY_MAX);
		buf_add(&kept, questions.p, used);
	}
	return false;
}

static int
set_up(void **state)
{
	(void)state;
	rig_start(&rig);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_clear(&kept);
	rig_stop(&rig);
	return 0;
}

struct mint_question {
	struct secret_formats	formats;
	struct mint_entry	e[2];
	struct mint_request	q;
};

static void
get_format(struct wire *w, struct secret_format *out)
{
	struct view	v;

	memset(out, 0, sizeof(*out));
	out->length = wire_get_u32(w);
	v = wire_get_view(w);
	memcpy(out->alphabet, v.p, v.n);
	v = wire_get_view(w);
	memcpy(out->prefix, v.p, v.n);
}

static void
read_mint(struct view frame, struct mint_question *m)
{
	struct frame	fr;
	struct wire	w;
	struct fault	f = { 0 };
	size_t		used;

	memset(m, 0, sizeof(*m));
	assert_true(frame_take(frame, FRAME_BODY_MAX, &fr, &used, &f));
	wire_init(&w, fr.body);
	m->q.batch_id = wire_get_view(&w);
	m->q.recipient = wire_get_view(&w);
	m->q.message = wire_get_view(&w);
	m->q.asked_at = (int64_t)wire_get_u64(&w);
	m->q.n_formats = wire_get_u32(&w);
	assert_int_equal(m->q.n_formats, 1);
	get_format(&w, &m->formats.id);
	get_format(&w, &m->formats.token);
	m->q.n = wire_get_u32(&w);
	m->e[0].entry_id = wire_get_u32(&w);
	m->e[0].format = wire_get_u32(&w);
	m->e[0].wanted_id = wire_get_view(&w);
	seal_facts_get(&w, &m->e[0].facts);
	assert_true(wire_end(&w, "MINT", &f) && m->q.n == 1);
	m->e[1] = m->e[0];
	m->q.formats = &m->formats;
	m->q.entries = m->e;
}

/* What the signer says to the engine that asks so. */
static enum fault_kind
ask_mint(struct mint_question *m)
{
	struct mint_answer	a;
	struct buf		q, out;
	struct frame		fr;
	struct fault		f = { 0 };

	m->q.entries = m->e;
	buf_init(&q, FRAME_BODY_MAX);
	signer_put_mint(&q, &m->q);
	rig_ask_signer(&rig, buf_view(&q), &out, &fr);
	(void)!signer_get_mint(&fr, rig.arena, &a, &f);
	buf_clear(&q);
	buf_clear(&out);
	return f.kind;
}

/* The Admin orders a token for fqdn; what the engine asks of the signer for it. */
static void
order(const char *batch, const char *fqdn, struct buf *question)
{
	struct cvp_authz_request q = { .batch_id = view_str(batch),
		.template = { .name = VIEW_LIT("s2s-gateway") },
		.encrypt_to = buf_view(&rig.admin.cert), .n_entries = 1 };
	struct general_name	 name = { .type = GENERAL_NAME_DNS, .value = view_str(fqdn) };
	struct extension	 san = { .oid = OID_SUBJECT_ALT_NAME };
	struct cvp_cert		 cert = { .extensions = &san, .n_extensions = 1 };
	struct cvp_terms	 terms = { .cert = &cert };
	struct cvp_entry	 entry = { .entry_id = 1, .terms = &terms };
	struct rig_answer	 a;
	struct buf		 value, names;

	buf_init(&value, 4096);
	buf_init(&names, 1024);
	general_names_put(&names, &name, 1);
	san.value = buf_view(&names);
	q.entries = &entry;
	cvp_put_authz_request(&value, &q);
	buf_clear(&kept);
	rig.lose = keep;
	rig_ask(&rig, &rig.admin, CVP_AUTHZ_REQUEST, buf_view(&value), &a);
	rig.lose = NULL;
	assert_true(kept.n > 0);
	buf_init(question, FRAME_BODY_MAX);
	buf_add_view(question, buf_view(&kept));
	buf_clear(&names);
	buf_clear(&value);
}

static struct buf	ordered;	/* MINT, as an honest engine asks */
static struct rig_actor	second;		/* another Admin */

static void make_progress(struct mint_question *m) { m->e[0].facts.state = STORE_AUTHZ_IN_PROGRESS; }
static void bind_key(struct mint_question *m) { m->e[0].facts.spki_hash[3] = 1; }
static void other_terms(struct mint_question *m) { m->e[0].facts.terms_digest[0] ^= 1; }
static void other_label(struct mint_question *m) { m->e[0].facts.label_digest[0] ^= 1; }
static void other_template(struct mint_question *m) { m->e[0].facts.template = VIEW_LIT("admin"); }
static void other_entry(struct mint_question *m) { m->e[0].entry_id = 2; }
static void wanted_id(struct mint_question *m) { m->e[0].wanted_id = VIEW_LIT("0123456789ABCDEF"); }
static void in_place_of(struct mint_question *m) { m->e[0].facts.replaces = 1; }
static void twice(struct mint_question *m) { m->q.n = 2; }
static void other_batch(struct mint_question *m) { m->q.batch_id = VIEW_LIT("fedcba9876543210"); }
static void no_message(struct mint_question *m) { m->q.message = VIEW_NONE; }
static void later(struct mint_question *m) { m->q.asked_at += 86400; }
static void for_second(struct mint_question *m) { m->q.recipient = buf_view(&second.cert); }

/*
 * C-1: a captured engine gets no token, no seal and no other terms than an
 * Admin has signed for: not with a key of its own bound to it, not for another
 * template, not twice, not for an Admin that it is in league with.
 */
static void
test_mint_is_what_was_signed(void **state)
{
	static const struct {
		const char	*label;
		void		(*change)(struct mint_question *m);
		enum fault_kind	 want;
	} cases[] = {
		{ "in progress already", make_progress, FAULT_REFUSED },
		{ "bound to a key", bind_key, FAULT_REFUSED },
		{ "other terms", other_terms, FAULT_REFUSED },
		{ "another label", other_label, FAULT_REFUSED },
		{ "another template", other_template, FAULT_REFUSED },
		{ "an entry there is not", other_entry, FAULT_REFUSED },
		{ "an id nobody wanted", wanted_id, FAULT_REFUSED },
		{ "in the place of a certificate", in_place_of, FAULT_REFUSED },
		{ "an entry twice", twice, FAULT_REFUSED },
		{ "another batch", other_batch, FAULT_REFUSED },
		{ "no message", no_message, FAULT_MALFORMED },
		{ "asked some other day", later, FAULT_REFUSED },
		{ "for another Admin", for_second, FAULT_SIGNATURE },
	};
	struct mint_question	m;
	struct ticket		t;

	(void)state;
	rig_authorize(&rig, "admin", "email:second@admin.invalid", "second", &t);
	rig_enroll(&rig, &t, "second", &second);
	order("ordered by Admin", "ordered.example", &ordered);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum fault_kind	got;

		read_mint(buf_view(&ordered), &m);
		cases[i].change(&m);
		if ((got = ask_mint(&m)) != cases[i].want)
			fail_msg("%s: %s", cases[i].label, fault_kind_name(got));
	}
	read_mint(buf_view(&ordered), &m);
	assert_int_equal(ask_mint(&m), FAULT_NONE);
	buf_clear(&ordered);
	rig_actor_clear(&second);
	ticket_clear(&t);
}

/* C-1: nor does a Peer's certificate, or an Admin's when its days are over. */
static void
test_mint_is_for_admins(void **state)
{
	struct mint_question	m;
	struct ticket		t;
	struct rig_actor	gw;

	(void)state;
	order("another by Admin", "recipient.example", &ordered);
	rig_authorize(&rig, "s2s-gateway", "fqdn:thief.example", "thief", &t);
	rig_enroll(&rig, &t, "thief", &gw);
	read_mint(buf_view(&ordered), &m);
	m.q.recipient = buf_view(&gw.cert);
	assert_int_equal(ask_mint(&m), FAULT_REFUSED);
	rig_actor_clear(&gw);
	ticket_clear(&t);
	read_mint(buf_view(&ordered), &m);
	rig.now += 10 * 365 * 86400;
	m.q.asked_at = rig.now;
	assert_int_equal(ask_mint(&m), FAULT_REFUSED);
	rig.now -= 10 * 365 * 86400;
	buf_clear(&ordered);
}

/* C-10: which root to trust is nothing that the engine can have signed. */
static void
test_no_anchors_in_answers(void **state)
{
	struct respond_request	r = { 0 };
	struct cmc_anchors	a = { .sequence = 1, .hash = { .oid = OID_SHA256 } };
	uint8_t			digest[32] = { 1 };
	struct view		hash = view_of(digest, sizeof(digest)), out;
	struct buf		content, q, answer;
	struct frame		fr;

	(void)state;
	a.hashes = &hash;
	a.n_hashes = 1;
	buf_init(&content, 4096);
	buf_init(&q, 1u << 16);
	for (int anchors = 0; anchors < 2; anchors++) {
		struct cmc_writer	w;
		struct fault		f = { 0 };

		buf_reset(&content);
		buf_reset(&q);
		cmc_response_begin(&w, &content);
		cmc_control_status_one(&w, 1, CMC_SUCCESS, 1, CMC_BAD_REQUEST, NULL);
		if (anchors) {
			struct cmc_mark	m = cmc_control_begin(&w, 2, CMC_TRUSTED_ANCHORS);

			cmc_put_anchors(&content, &a);
			cmc_control_end(&w, m);
		}
		cmc_finish(&w);
		r.content = buf_view(&content);
		signer_put_respond(&q, &r);
		rig_ask_signer(&rig, buf_view(&q), &answer, &fr);
		assert_int_equal(signer_get_object(&fr, SIGNER_RESPOND, &out, &f), !anchors);
		assert_int_equal(f.kind, anchors ? FAULT_REFUSED : FAULT_NONE);
		buf_clear(&answer);
	}
	buf_clear(&content);
	buf_clear(&q);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_mint_is_what_was_signed),
		cmocka_unit_test(test_mint_is_for_admins),
		cmocka_unit_test(test_no_anchors_in_answers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
