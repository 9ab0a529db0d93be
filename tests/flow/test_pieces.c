/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list that takes long is answered in pieces (C-20; profile, 7.4(6)): status
 * partial with a token for the rest, each piece until it is acknowledged, and
 * no entry twice.
 *
 * C-3, C-5: the token is its Admin's; C-13: an acknowledgement names a piece;
 * R5272-6.13-1: queryPending for what is not finished
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypt/digest.h"
#include "flow_raw.h"

#define ENTRIES	3
#define DAY	86400

static struct flow_pki	pki;
static struct device	admin_device, second_device;
static struct raw_cert	admin, second;

/* An answer, as far as it is about the list. */
struct piece {
	struct raw_answer	 a;
	struct cvp_authz_response r;
	struct view		 response;	/* the value, as it came */
	struct view		 token;		/* empty: nothing is left */
};

static void
piece_read(struct piece *p, const char *label)
{
	const struct cmc_control	*c;
	struct fault			 f = { 0 };

	p->token = VIEW_NONE;
	c = p->a.again ? NULL : cmc_find(&p->a.r.controls, CVP_AUTHZ_RESPONSE);
	if (c == NULL)
		fail_msg("%s: failed %d, %s", label, p->a.failed, cmc_fail_name(p->a.fail));
	p->response = c->value;
	if (!cvp_authz_response_decode(c->value, p->a.a, &p->r, &f))
		fail_msg("%s: %s", label, f.text);
	for (size_t i = 0; i < p->a.status.n; i++)
		if (p->a.status.v[i].status == CMC_PARTIAL)
			p->token = p->a.status.v[i].pend_token;
}

static const char	*const names[ENTRIES] = { "a.pieces.example", "b.pieces.example", "c.pieces.example" };
static const char	*const late[ENTRIES] = { "d.pieces.example", "e.pieces.example", "f.pieces.example" };

static void
put_request(const char *const list[ENTRIES], struct buf *out)
{
	struct identity		 id[ENTRIES];
	struct general_name	 name[ENTRIES];
	struct buf		 san[ENTRIES];
	struct extension	 ext[ENTRIES];
	struct cvp_cert		 cert[ENTRIES];
	struct cvp_terms	 terms[ENTRIES];
	struct cvp_entry	 entries[ENTRIES];
	struct cvp_authz_request q = { .batch_id = view_str(list[0]),
		.template = { .name = VIEW_LIT("s2s-gateway") }, .delivery = CVP_ENCRYPT_TO,
		.encrypt_to = buf_view(&admin.der), .entries = entries, .n_entries = ENTRIES };
	struct fault		 f = { 0 };

	for (size_t i = 0; i < ENTRIES; i++) {
		assert_true(identity_parse(IDENTITY_FQDN, view_str(list[i]), &id[i], &f));
		identity_to_san(&id[i], &name[i]);
		buf_init(&san[i], 1024);
		general_names_put(&san[i], &name[i], 1);
		ext[i] = (struct extension){ .oid = OID_SUBJECT_ALT_NAME, .value = buf_view(&san[i]) };
		cert[i] = (struct cvp_cert){ .extensions = &ext[i], .n_extensions = 1 };
		terms[i] = (struct cvp_terms){ .cert = &cert[i] };
		entries[i] = (struct cvp_entry){ .entry_id = (uint32_t)i + 1, .terms = &terms[i] };
	}
	cvp_put_authz_request(out, &q);
	for (size_t i = 0; i < ENTRIES; i++)
		buf_clear(&san[i]);
}

static void
send_list(const char *const list[ENTRIES], struct raw_answer *out)
{
	struct buf	value;

	buf_init(&value, RAW_MAX);
	put_request(list, &value);
	raw_ask(&pki, &admin, CVP_AUTHZ_REQUEST, buf_view(&value), out);
	buf_clear(&value);
}

static void
request(struct piece *p, const char *label)
{
	send_list(names, &p->a);
	piece_read(p, label);
}

static void
poll(const struct raw_cert *by, struct view token, struct view transaction,
    struct raw_answer *out)
{
	struct raw_control	c = { .kind = CMC_QUERY_PENDING };
	struct buf		value, content, message;

	buf_init(&value, 256);
	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	der_put(&value, DER_OCTET_STRING, token);
	c.value = buf_view(&value);
	raw_controls_in(&c, 1, transaction, VIEW_NONE, &content);
	raw_sign(&(struct raw_signing){ .key = by->key, .by = by }, buf_view(&content), &message);
	raw_send(&pki, buf_view(&message), out);
	buf_clear(&value);
	buf_clear(&content);
	buf_clear(&message);
}

static void
expect_no_poll(const struct raw_cert *by, struct view token, struct view transaction,
    const char *label)
{
	struct raw_answer	a;

	poll(by, token, transaction, &a);
	if (!a.failed || a.fail != CMC_BAD_REQUEST || a.code != 0)
		fail_msg("%s: failed %d, %s, code %u", label, a.failed, cmc_fail_name(a.fail), a.code);
	raw_answer_clear(&a);
}

static void
next(struct piece *p, const struct piece *before, const char *label)
{
	poll(&admin, before->token, RAW_TID, &p->a);
	piece_read(p, label);
}

static void
acknowledge(const struct piece *p, bool wrong)
{
	uint8_t			digest[SHA256_OCTETS];
	struct view		parts[2] = { p->response, VIEW_NONE }, list;
	const struct cmc_content *c = cmc_content_by_id(&p->a.r.contents, p->r.secrets);
	struct cvp_ack		ack = { .batch_id = p->r.batch_id, .digests = &list,
		.n_digests = 1 };
	struct raw_answer	a;
	struct buf		value;

	parts[1] = c != NULL ? c->contentinfo : VIEW_NONE;
	digest_parts(DIGEST_SHA256, parts, 2, digest);
	digest[0] ^= wrong;
	list = view_of(digest, sizeof(digest));
	buf_init(&value, 1024);
	cvp_put_ack(&value, &ack);
	raw_ask(&pki, &admin, CVP_AUTHZ_ACK, buf_view(&value), &a);
	assert_int_equal(a.failed, wrong);
	raw_answer_clear(&a);
	buf_clear(&value);
}

static void
expect_piece(const struct piece *p, uint32_t entry, bool more, const char *label)
{
	if (p->r.n_results != 1 || p->r.results[0].entry_id != entry ||
	    p->r.results[0].status != CVP_GRANTED || (p->token.n > 0) != more ||
	    p->r.secrets == 0)
		fail_msg("%s: %zu results, entry %u, %s", label, p->r.n_results,
		    p->r.n_results > 0 ? p->r.results[0].entry_id : 0,
		    p->token.n > 0 ? "more" : "no more");
}

static void
test_pieces(void **state)
{
	struct piece	first, again, second_piece, last, repeated;

	(void)state;
	request(&first, "the request");
	expect_piece(&first, 1, true, "the request");
	next(&again, &first, "not acknowledged");
	assert_true(view_equal(again.response, first.response));
	acknowledge(&first, true);
	raw_answer_clear(&again.a);
	next(&again, &first, "another piece acknowledged");
	assert_true(view_equal(again.response, first.response));
	expect_no_poll(&second, first.token, RAW_TID, "C-5: another Admin's token");
	expect_no_poll(&admin, first.token, VIEW_LIT("\x41other transaction"),
	    "in another transaction");
	expect_no_poll(&admin, VIEW_LIT("0123456789abcdef"), RAW_TID, "nobody's token");
	acknowledge(&first, false);
	next(&second_piece, &first, "the second");
	expect_piece(&second_piece, 2, true, "the second");
	expect_no_poll(&admin, first.token, RAW_TID, "the first one's token");
	acknowledge(&second_piece, false);
	/* A new message with the same request is as good as a poll. */
	request(&last, "the last");
	expect_piece(&last, 3, false, "the last");
	expect_no_poll(&admin, second_piece.token, RAW_TID, "when all is done");
	request(&repeated, "again");
	assert_true(view_equal(repeated.response, last.response));
	raw_answer_clear(&first.a);
	raw_answer_clear(&again.a);
	raw_answer_clear(&second_piece.a);
	raw_answer_clear(&last.a);
	raw_answer_clear(&repeated.a);
}

/* What was not asked for in time is not told as if it had been granted. */
static void
test_forgotten(void **state)
{
	struct piece		first;
	struct raw_answer	a;
	struct fault		f = { 0 };

	(void)state;
	send_list(late, &first.a);
	piece_read(&first, "the request");
	expect_piece(&first, 1, true, "the request");
	acknowledge(&first, false);
	pki.now += 31 * DAY;
	assert_true(engine_tick(pki.engine, pki.now, &f));
	send_list(late, &a);
	if (!a.failed || a.fail != CMC_BAD_REQUEST || a.status.n == 0)
		fail_msg("failed %d, %s", a.failed, cmc_fail_name(a.fail));
	assert_non_null(memmem(a.status.v[0].text.p, a.status.v[0].text.n,
	    "the first 1 entries", 19));
	raw_answer_clear(&first.a);
	raw_answer_clear(&a);
}

static int
start(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	raw_start(&pki, &admin_device, &admin, NULL);
	if (!engine_add_admin(pki.engine, "label", "*", pki.now, &f))
		fail_msg("%s", f.text);
	device_open(&second_device, &pki, "admin", "email:second@admin.invalid", "ec-p256");
	if (!run(&second_device))
		fail_msg("%s", second_device.f.text);
	raw_cert_load(&second_device, &second);
	pki.config.authorize_seconds = 0;	/* one entry in a piece */
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	raw_cert_clear(&second);
	device_close(&second_device);
	raw_stop(&pki, &admin_device, &admin);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_forgotten),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
