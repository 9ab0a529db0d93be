/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcdump - our CMC codec at the command line, for comparing it with others.
 *
 *	cmcdump make DIR P10	write golden messages; P10 is a request in DER
 *	cmcdump request FILE	one line for each element of a PKIData
 *	cmcdump response FILE	the same for a PKIResponse
 *
 * The lines are those that cmc_strangers.py and CmcStranger.java print.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/cvp.h"
#include "codec/oid.h"

#define FILE_MAX	(1 << 20)
#define ARENA_MAX	(8 << 20)
#define CMS_DATA	"\x30\x12\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01" \
			"\xa0\x05\x04\x03\x61\x62\x63"	/* id-data, "abc" */
#define NAME		"\x30\x12\x31\x10\x30\x0e\x06\x03\x55\x04\x03\x0c\x07" \
			"Root CA"
#define SERIAL		"\x01\x23\x45"

static void
die(const char *what, const struct fault *f)
{
	fprintf(stderr, "cmcdump: %s%s%s\n", what, f == NULL ? "" : ": ",
	    f == NULL ? "" : f->text);
	exit(1);
}

static struct view
read_whole(const char *path)
{
	static uint8_t	p[4][FILE_MAX];
	static unsigned	next;
	FILE		*fp = fopen(path, "rb");
	size_t		 n;

	if (fp == NULL || next == 4)
		die(path, NULL);
	n = fread(p[next], 1, FILE_MAX, fp);
	fclose(fp);
	return view_of(p[next++], n);
}

static void
write_whole(const char *dir, const char *name, struct buf *b)
{
	char		 path[4096];
	struct fault	 f = { 0 };
	FILE		*fp;

	if (!buf_check(b, name, &f))
		die(name, &f);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((fp = fopen(path, "wb")) == NULL ||
	    fwrite(b->p, 1, b->n, fp) != b->n || fclose(fp) != 0)
		die(path, NULL);
	buf_clear(b);
}

static void
put_hex(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		printf("%02x", v.p[i]);
}

static void
put_octets(const char *what, struct view v)
{
	printf(" %s ", what);
	put_hex(v);
}

static void
put_oid(const char *what, struct view oid)
{
	char	text[OID_TEXT_MAX];

	printf(" %s %s", what, oid_text(oid, text));
}

static void
put_ids(const uint32_t *v, size_t n, char between)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putchar(between);
		printf("%" PRIu32, v[i]);
	}
}

static void
print_status(const struct cmc_status_info *s)
{
	printf(" status %d refs ", s->status);
	for (size_t i = 0; i < s->n_refs; i++) {
		if (i > 0)
			putchar(',');
		put_ids(s->refs[i].path, s->refs[i].n, '.');
	}
	if (s->text.n > 0)
		put_octets("text", s->text);
	if (s->other == CMC_OTHER_FAIL)
		printf(" fail %" PRIu32, s->fail);
	if (s->other == CMC_OTHER_PEND) {
		put_octets("pend", s->pend_token);
		printf(" %" PRId64, s->pend_time);
	}
	if (s->other == CMC_OTHER_EXT) {
		put_oid("ext", s->ext_oid);
		put_octets("value", s->ext_value);
	}
}

static void
print_revoke(const struct cmc_revoke *r)
{
	put_octets("revoke", r->cert.issuer);
	put_octets("serial", r->cert.serial);
	printf(" reason %u", r->reason);
	if (r->has_date)
		printf(" date %" PRId64, r->date);
	if (r->has_passphrase)
		put_octets("passphrase", r->passphrase);
	if (r->comment.n > 0)
		put_octets("comment", r->comment);
}

static void
print_anchors(const struct cmc_anchors *x)
{
	printf(" anchors %" PRIu64, x->sequence);
	put_oid("hash", x->hash.oid);
	for (size_t i = 0; i < x->n_hashes; i++)
		put_octets("anchor", x->hashes[i]);
}

/* The kinds whose value is one OCTET STRING. */
static bool
is_octets(enum cmc_kind kind)
{
	return kind == CMC_SENDER_NONCE || kind == CMC_RECIPIENT_NONCE ||
	    kind == CMC_DATA_RETURN || kind == CMC_QUERY_PENDING ||
	    kind == CMC_POP_LINK_RANDOM || kind == CMC_REG_INFO ||
	    kind == CMC_RESPONSE_INFO;
}

static bool
print_value(const struct cmc_control *c, struct arena *a, struct fault *f)
{
	struct view		v;
	struct cmc_proof	proof;
	struct cmc_cert_id	cert;
	struct cmc_revoke	revoke;
	struct cmc_anchors	anchors;
	struct cmc_get_cert	get;
	struct cmc_status_info	status;
	struct cmc_ids		ids;
	struct cmc_ref		ref;
	uint32_t		id;

	if (is_octets(c->kind)) {
		if (!cmc_octets(c->value, 0, FILE_MAX, &v, f))
			return false;
		put_octets("octets", v);
		return true;
	}
	switch (c->kind) {
	case CMC_TRANSACTION_ID:
		if (!cmc_transaction_id(c->value, &v, f))
			return false;
		put_octets("integer", v);
		return true;
	case CMC_IDENTIFICATION:
		if (!cmc_identification(c->value, &v, f))
			return false;
		put_octets("text", v);
		return true;
	case CMC_IDENTITY_PROOF_V2:
		if (!cmc_proof_decode(c->value, &proof, f))
			return false;
		put_oid("proof", proof.key_alg.oid);
		put_oid("mac", proof.mac_alg.oid);
		put_octets("witness", proof.witness);
		return true;
	case CMC_CONFIRM_CERT_ACCEPTANCE:
		if (!cmc_cert_id_decode(c->value, &cert, f))
			return false;
		put_octets("certificate", cert.issuer);
		put_octets("serial", cert.serial);
		return true;
	case CMC_REVOKE_REQUEST:
		if (!cmc_revoke_decode(c->value, &revoke, f))
			return false;
		print_revoke(&revoke);
		return true;
	case CMC_TRUSTED_ANCHORS:
		if (!cmc_anchors_decode(c->value, a, &anchors, f))
			return false;
		print_anchors(&anchors);
		return true;
	case CMC_GET_CERT:
		if (!cmc_get_cert_decode(c->value, &get, f))
			return false;
		put_octets("issuer", get.name);
		put_octets("serial", get.serial);
		return true;
	case CMC_STATUS_INFO_V2:
		if (!cmc_status_decode(c->value, a, &status, f))
			return false;
		print_status(&status);
		return true;
	case CMC_BATCH_REQUESTS:
	case CMC_BATCH_RESPONSES:
		if (!cmc_body_list_decode(c->value, a, 1000, &ids, f))
			return false;
		printf(" list ");
		put_ids(ids.v, ids.n, ',');
		return true;
	case CMC_RESPONSE_BODY:
	case CMC_RA_IDENTITY_WITNESS:
		if (!cmc_path_decode(c->value, &ref, f))
			return false;
		printf(" path ");
		put_ids(ref.path, ref.n, '.');
		return true;
	case CMC_AUTH_DATA:
		if (!cmc_body_part_decode(c->value, &id, f))
			return false;
		printf(" part %" PRIu32, id);
		return true;
	default:
		put_octets("other", c->value);
		return true;
	}
}

static void
print_controls(const struct cmc_controls *c, struct arena *a)
{
	struct fault	f = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		printf("control %" PRIu32, c->v[i].id);
		put_oid("type", c->v[i].oid);
		if (!print_value(&c->v[i], a, &f))
			die(cmc_kind_name(c->v[i].kind), &f);
		putchar('\n');
	}
}

static void
print_contents(const struct cmc_contents *c)
{
	for (size_t i = 0; i < c->n; i++) {
		printf("cms %" PRIu32, c->v[i].id);
		put_octets("content", c->v[i].contentinfo);
		putchar('\n');
	}
}

static void
dump_request(struct view in, struct arena *a)
{
	static const char *const forms[] = { "tcr", "crm", "orm" };
	struct cmc_request	 req;
	struct fault		 f = { 0 };
	uint32_t		 who = 0;

	if (!cmc_request_decode(in, a, &cmc_limits_admin, &req, &who, &f) ||
	    !cmc_request_rules(&req, &who, &f))
		die("PKIData", &f);
	print_controls(&req.controls, a);
	for (size_t i = 0; i < req.n_requests; i++) {
		printf("request %" PRIu32 " %s", req.requests[i].id,
		    forms[req.requests[i].form]);
		put_octets("tagged", req.requests[i].tlv);
		putchar('\n');
	}
	print_contents(&req.contents);
}

static void
dump_response(struct view in, struct arena *a)
{
	struct cmc_response	 rsp;
	struct fault		 f = { 0 };
	uint32_t		 who = 0;

	if (!cmc_response_decode(in, a, &cmc_limits_client, &rsp, &who, &f) ||
	    !cmc_response_rules(&rsp, &who, &f))
		die("PKIResponse", &f);
	print_controls(&rsp.controls, a);
	print_contents(&rsp.contents);
}

/* As in the example of an enrollment with confirmation. */
static void
make_enrollment(const char *dir, struct view p10)
{
	static uint8_t		 random[64];
	const struct cmc_proof	 proof = {
		.key_alg.oid = OID_SHA256,
		.mac_alg.oid = OID_HMAC_SHA256,
		.witness = view_of(random, 32),
	};
	struct cmc_writer	 w;
	struct cmc_mark		 m;
	struct buf		 b, seq;
	size_t			 mark;

	for (unsigned i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)i;
	buf_init(&b, FILE_MAX);
	buf_init(&seq, FILE_MAX);
	mark = cmc_requests_begin(&seq);
	cmc_put_tcr(&seq, 2147483647, p10);
	cmc_put_crm(&seq, VIEW_LIT("\x30\x0b\x30\x09\x02\x01\x07\x30\x04\xa5"
	    "\x02\x30\x00"));
	cmc_requests_end(&seq, mark);
	cmc_data_begin(&w, &b);
	cmc_control_integer(&w, 1, CMC_TRANSACTION_ID, VIEW_LIT("\x12\x67"));
	cmc_control_octets(&w, 2, CMC_SENDER_NONCE, view_of(random, 16));
	cmc_control_utf8(&w, 3, CMC_IDENTIFICATION,
	    VIEW_LIT("gw-0001.p\xc3\xa4ris.example"));
	cmc_control_octets(&w, 5, CMC_POP_LINK_RANDOM, view_of(random, 64));
	m = cmc_control_begin(&w, 4, CMC_IDENTITY_PROOF_V2);
	cmc_put_proof(&b, &proof);
	cmc_control_end(&w, m);
	cmc_write_requests(&w, buf_view(&seq));
	cmc_finish(&w);
	buf_clear(&seq);
	write_whole(dir, "enroll.req", &b);
}

static void
make_admin(const char *dir)
{
	static const uint32_t	 batch[] = { 11, 12 };
	const struct cmc_revoke	 revoke = {
		.cert = { VIEW_LIT(NAME), VIEW_LIT(SERIAL) },
		.reason = 1, .has_date = true, .date = 1795494253,
		.has_passphrase = true, .passphrase = VIEW_LIT("sesame"),
		.comment = VIEW_LIT("lost"),
	};
	const struct cvp_entry	 entry = { .entry_id = 1, .label = VIEW_LIT("gw1") };
	const struct cvp_authz_request authz = {
		.batch_id = VIEW_LIT("0123456789abcdef"),
		.template.name = VIEW_LIT("gateway"),
		.delivery = CVP_CHANNEL_ONLY,
		.entries = (struct cvp_entry *)(uintptr_t)&entry,
		.n_entries = 1,
	};
	struct cmc_writer	 w;
	struct cmc_mark		 m;
	struct buf		 b;

	buf_init(&b, FILE_MAX);
	cmc_data_begin(&w, &b);
	m = cmc_control_begin(&w, 1, CMC_REVOKE_REQUEST);
	cmc_put_revoke(&b, &revoke);
	cmc_control_end(&w, m);
	m = cmc_control_begin(&w, 2, CMC_GET_CERT);
	cmc_put_get_cert(&b, VIEW_LIT(NAME), VIEW_LIT(SERIAL));
	cmc_control_end(&w, m);
	m = cmc_control_begin(&w, 3, CMC_CONFIRM_CERT_ACCEPTANCE);
	cmc_put_cert_id(&b, DER_SEQUENCE, &revoke.cert);
	cmc_control_end(&w, m);
	m = cmc_control_begin(&w, 4, CMC_BATCH_REQUESTS);
	cmc_put_ids(&b, batch, 2);
	cmc_control_end(&w, m);
	m = cmc_control_begin(&w, 5, CVP_AUTHZ_REQUEST);
	cvp_put_authz_request(&b, &authz);
	cmc_control_end(&w, m);
	cmc_control_octets(&w, 6, CMC_QUERY_PENDING, VIEW_LIT("token"));
	cmc_control_octets(&w, 7, CMC_DATA_RETURN, VIEW_NONE);
	cmc_write_content(&w, 11, VIEW_LIT(CMS_DATA));
	cmc_write_content(&w, 12, VIEW_LIT(CMS_DATA));
	cmc_finish(&w);
	write_whole(dir, "admin.req", &b);
}

static void
make_answer(const char *dir)
{
	static const uint32_t		batch[] = { 11 };
	static const struct cmc_ref	refs[] = { { { 6 }, 1 }, { { 7 }, 1 } };
	struct view			hash = VIEW_LIT("0123456789abcdef"
	    "0123456789abcdef");
	const struct cmc_anchors	anchors = {
		.sequence = 5, .hash.oid = OID_SHA256, .hashes = &hash,
		.n_hashes = 1,
	};
	struct cmc_writer		w;
	struct cmc_mark			m;
	struct buf			b;

	buf_init(&b, FILE_MAX);
	cmc_response_begin(&w, &b);
	cmc_control_status_one(&w, 1, CMC_CONFIRM_REQUIRED, 6, 0, NULL);
	cmc_control_status_one(&w, 2, CMC_FAILED, 4294967295, CMC_BAD_IDENTITY,
	    "no");
	cmc_control_status(&w, 3, &(struct cmc_status_info){
	    .status = CMC_PENDING, .refs = refs, .n_refs = 2,
	    .other = CMC_OTHER_PEND, .pend_token = VIEW_LIT("token"),
	    .pend_time = 1795494253 });
	cmc_control_integer(&w, 4, CMC_TRANSACTION_ID, VIEW_LIT("\x12\x67"));
	cmc_control_octets(&w, 5, CMC_RECIPIENT_NONCE, VIEW_LIT("0123456789"));
	m = cmc_control_begin(&w, 6, CMC_TRUSTED_ANCHORS);
	cmc_put_anchors(&b, &anchors);
	cmc_control_end(&w, m);
	m = cmc_control_begin(&w, 7, CMC_BATCH_RESPONSES);
	cmc_put_ids(&b, batch, 1);
	cmc_control_end(&w, m);
	m = cmc_control_begin(&w, 8, CMC_AUTH_DATA);
	der_put_uint(&b, 11);
	cmc_control_end(&w, m);
	cmc_write_content(&w, 11, VIEW_LIT(CMS_DATA));
	cmc_finish(&w);
	write_whole(dir, "answer.rsp", &b);
}

/* What older decoders do not know, or not yet: a file for each. */
static void
make_special(const char *dir)
{
	static const struct cmc_ref	path[] = { { { 11, 4 }, 2 }, { { 6 }, 1 } };
	static const struct cmc_ref	plain[] = { { { 6 }, 1 } };
	struct cmc_writer		w;
	struct buf			b;

	buf_init(&b, FILE_MAX);
	cmc_response_begin(&w, &b);
	cmc_control_status(&w, 1, &(struct cmc_status_info){
	    .status = CMC_SUCCESS, .refs = path, .n_refs = 2 });
	cmc_finish(&w);
	write_whole(dir, "path.rsp", &b);

	cmc_response_begin(&w, &b);
	cmc_control_status(&w, 1, &(struct cmc_status_info){
	    .status = CMC_FAILED, .refs = plain, .n_refs = 1,
	    .other = CMC_OTHER_EXT, .ext_oid = OID_CVP_FAILURE,
	    .ext_value = VIEW_LIT("\x30\x03\x02\x01\x0c") });
	cmc_finish(&w);
	write_whole(dir, "extended.rsp", &b);
}

int
main(int argc, char **argv)
{
	struct arena	*a = arena_new(ARENA_MAX);

	if (argc == 4 && strcmp(argv[1], "make") == 0) {
		make_enrollment(argv[2], read_whole(argv[3]));
		make_admin(argv[2]);
		make_answer(argv[2]);
		make_special(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "request") == 0) {
		dump_request(read_whole(argv[2]), a);
	} else if (argc == 3 && strcmp(argv[1], "response") == 0) {
		dump_response(read_whole(argv[2]), a);
	} else {
		die("usage: cmcdump make DIR P10 | request FILE | response FILE",
		    NULL);
	}
	arena_free(a);
	return 0;
}
