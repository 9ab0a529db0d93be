/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "codec/crmf.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "flow_raw.h"
#include "message/csr.h"
#include "message/envelope.h"
#include "message/proof.h"
#include "profile/prepare.h"

#define ARENA_MAX	(64u << 20)
#define CERTS_MAX	16

static void
must(bool ok, const struct fault *f)
{
	if (!ok)
		fail_msg("%s", f->text);
}

/* --- certificates ------------------------------------------------------------------ */

void
raw_cert_load(const struct device *d, struct raw_cert *out)
{
	char		path[2 * FLOW_PATH_MAX];
	struct buf	pem;
	struct fault	f = { 0 };

	memset(out, 0, sizeof(*out));
	buf_init(&out->der, CERT_OCTETS_MAX);
	buf_init(&pem, KEY_PEM_MAX);
	read_pem(d, "cert.pem", "CERTIFICATE", &out->der);
	snprintf(path, sizeof(path), "%s/key.pem", d->dir);
	must(file_read(path, &pem, &f) &&
	    (out->key = key_load_pem(buf_view(&pem), &f)) != NULL &&
	    cert_decode(buf_view(&out->der), &out->cert, &f), &f);
	buf_clear(&pem);
}

void
raw_cert_clear(struct raw_cert *c)
{
	key_free(c->key);
	buf_clear(&c->der);
}

static const char	*template_text_next;

static void
write_template(void *ctx)
{
	flow_write_template(ctx, template_text_next);
}

void
raw_start(struct flow_pki *p, struct device *d, struct raw_cert *admin, const char *template)
{
	struct fault	f = { 0 };

	flow_start(p, KEY_EC_P256);
	gateway(d, p);
	ticket_clear(&d->t);
	if (!ticket_read(buf_view(&p->r.ticket), &d->t, &f))
		fail_msg("%s", f.text);
	if (!run(d))
		fail_msg("%s", d->f.text);
	raw_cert_load(d, admin);
	template_text_next = template;
	if (template != NULL)
		flow_restart_with(p, write_template, p);
}

void
raw_stop(struct flow_pki *p, struct device *d, struct raw_cert *admin)
{
	raw_cert_clear(admin);
	device_close(d);
	flow_stop(p);
}

/* --- signatures --------------------------------------------------------------------- */

static void
make_signer(const struct raw_signing *s, struct message_signer *m)
{
	uint8_t		ski[REQUEST_SKI_OCTETS];
	struct fault	f = { 0 };

	if (s->by == NULL)
		must(request_ski(key_spki(s->key), ski, &f) && message_signer_ski(m,
		    key_sigalg(s->key), key_digest(s->key), view_of(ski, sizeof(ski)), &f), &f);
	else
		must(message_signer_cert(m, key_sigalg(s->key), key_digest(s->key),
		    buf_view(&s->by->der), NULL, 0, &f), &f);
	if (s->bare)
		m->ncerts = 0;
}

/* One SignerInfo, appended to out. */
static void
put_signer_info(const struct raw_signing *s, const struct message_signer *m,
    const struct message_draft *d, struct buf *out)
{
	struct cms_signer_plan	p = {
		.sid = m->sid, .digest_alg = digest_algorithm(m->digest),
		.signed_attrs = buf_view(&d->tbs), .sig_alg = m->sigalg,
	};
	struct buf		sig;
	struct fault		f = { 0 };

	buf_init(&sig, SIGNATURE_MAX);
	must(key_sign(s->key, s->broken ? VIEW_LIT("another") : buf_view(&d->tbs), &sig, &f),
	    &f);
	p.signature = buf_view(&sig);
	cms_signer_encode(&p, out);
	buf_clear(&sig);
}

void
raw_sign(const struct raw_signing *s, struct view content, struct buf *out)
{
	struct message_signer	m;
	struct message_draft	d;
	struct buf		infos[2];
	struct view		views[2], certs[CERTS_MAX];
	struct cms_signed_plan	p = {
		.content_type = OID_CT_PKI_DATA, .has_content = true, .content = content,
		.certificates = certs, .certificate_count = s->certs, .signers = views,
		.signer_count = s->twice ? 2 : 1, .signer_by_ski = s->by == NULL,
	};
	struct fault		f = { 0 };

	make_signer(s, &m);
	must(message_prepare(&d, &m, OID_CT_PKI_DATA, content, FLOW_NOW, &f), &f);
	for (size_t i = 0; i < 2; i++) {
		buf_init(&infos[i], RAW_MAX);
		put_signer_info(s, &m, &d, &infos[i]);
		views[i] = buf_view(&infos[i]);
	}
	for (size_t i = 0; i < s->certs; i++)
		certs[i] = buf_view(&s->with->der);
	p.digest_alg = digest_algorithm(m.digest);
	must(cms_signed_encode(&p, out, &f), &f);
	buf_clear(&infos[0]);
	buf_clear(&infos[1]);
	message_draft_clear(&d);
	message_signer_clear(&m);
}

void
raw_unsigned(struct view content, struct buf *out)
{
	struct fault	f = { 0 };

	must(message_unsigned(OID_CT_PKI_DATA, content, NULL, 0, NULL, 0, out, &f), &f);
}

/* --- requests ------------------------------------------------------------------------ */

static void
key_of(const struct raw *r, uint8_t k[PROOF_OCTETS])
{
	struct buf	token;
	struct fault	f = { 0 };

	buf_init(&token, TOKEN_OCTETS_MAX * 4);
	must(token_normalise(view_str(r->t->token), &token, &f), &f);
	proof_key(buf_view(&token), view_str(r->t->id), k);
	buf_clear(&token);
}

static void
put_proof(const struct raw *r, const uint8_t witness[PROOF_OCTETS], struct buf *out)
{
	struct cmc_proof	p = {
		.key_alg = { .oid = r->digest.n > 0 ? r->digest : OID_SHA256 },
		.mac_alg = { .oid = r->mac.n > 0 ? r->mac : OID_HMAC_SHA256 },
		.witness = view_of(witness, PROOF_OCTETS - r->cut),
	};

	cmc_put_proof(out, &p);
}

/* Attribute { type, SET { value } } */
static void
put_attribute(struct buf *b, struct view type, struct view value)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), set;

	der_put_oid(b, type);
	set = der_begin(b, DER_SET);
	buf_add_view(b, value);
	der_close(b, set);
	der_close(b, seq);
}

/* Extensions of the request, as one SEQUENCE. */
static void
put_extensions(const struct raw *r, struct buf *out)
{
	uint8_t		ski[REQUEST_SKI_OCTETS];
	struct buf	value;
	struct fault	f = { 0 };
	size_t		seq = der_begin(out, DER_SEQUENCE);

	buf_init(&value, RAW_MAX);
	must(request_ski(key_spki(r->key), ski, &f), &f);
	der_put_octets(&value, view_of(ski, sizeof(ski)));
	if ((r->without & RAW_NO_SKI) == 0)
		extension_put(out, OID_SUBJECT_KEY_ID, false, buf_view(&value));
	if (r->san.n > 0)
		extension_put(out, OID_SUBJECT_ALT_NAME, false, r->san);
	buf_add_view(out, r->extension);
	der_close(out, seq);
	buf_clear(&value);
}

static void
put_attributes(const struct raw *r, struct view witness, struct buf *out)
{
	struct buf	one[3];
	struct view	views[3];
	struct buf	ext;
	size_t		n = 0;

	buf_init(&ext, RAW_MAX);
	put_extensions(r, &ext);
	for (size_t i = 0; i < 3; i++)
		buf_init(&one[i], RAW_MAX);
	put_attribute(&one[n++], OID_EXTENSION_REQUEST, buf_view(&ext));
	if ((r->without & RAW_NO_WITNESS) == 0)
		put_attribute(&one[n++], OID_CMC_POP_LINK_WITNESS_V2, witness);
	if (r->attribute.n > 0)
		buf_add_view(&one[n++], r->attribute);
	for (size_t i = 0; i < n; i++)
		views[i] = buf_view(&one[i]);
	der_put_set_of(out, DER_CONTEXT_C(0), views, n);
	for (size_t i = 0; i < 3; i++)
		buf_clear(&one[i]);
	buf_clear(&ext);
}

/* PKCS #10, by hand: no writer of ours would say all of this. */
static void
put_pkcs10(const struct raw *r, struct view witness, struct buf *out)
{
	struct key	*by = r->pop != NULL ? r->pop : r->key;
	struct buf	 info, sig;
	struct fault	 f = { 0 };
	size_t		 seq;

	buf_init(&info, RAW_MAX);
	buf_init(&sig, SIGNATURE_MAX);
	seq = der_begin(&info, DER_SEQUENCE);
	der_put_uint(&info, 0);
	buf_add_view(&info, r->subject.n > 0 ? r->subject : VIEW_LIT("\x30\x00"));
	buf_add_view(&info, key_spki(r->key));
	put_attributes(r, witness, &info);
	der_close(&info, seq);
	must(key_sign(by, buf_view(&info), &sig, &f), &f);
	pkcs10_assemble(buf_view(&info), key_sigalg(by), buf_view(&sig), out);
	buf_clear(&info);
	buf_clear(&sig);
}

static void
put_crmf(const struct raw *r, struct view witness, struct buf *out)
{
	struct cert_template	 t = { .subject = VIEW_LIT("\x30\x00"), .has_extensions = true };
	struct key		*by = r->pop != NULL ? r->pop : r->key;
	struct buf		 ext, req, sig;
	struct der		 d;
	struct fault		 f = { 0 };

	buf_init(&ext, RAW_MAX);
	buf_init(&req, RAW_MAX);
	buf_init(&sig, SIGNATURE_MAX);
	put_extensions(r, &ext);
	der_init(&d, buf_view(&ext));
	must(der_get(&d, DER_SEQUENCE, &t.extensions_content, &f), &f);
	der_init(&d, key_spki(r->key));
	must(der_get(&d, DER_SEQUENCE, &t.public_key, &f), &f);
	t.has_not_after = r->has_validity;
	t.not_after = FLOW_NOW + 3600;
	crmf_request_encode(RAW_REQUEST, &t, witness, VIEW_NONE, &req);
	must(key_sign(by, buf_view(&req), &sig, &f), &f);
	crmf_assemble(DER_SEQUENCE, buf_view(&req), key_sigalg(by), buf_view(&sig), out);
	buf_clear(&ext);
	buf_clear(&req);
	buf_clear(&sig);
}

static void
put_one_request(const struct raw *r, uint32_t id, struct view random,
    const uint8_t k[PROOF_OCTETS], struct buf *out)
{
	uint8_t		link[PROOF_OCTETS];
	struct buf	witness, req;

	buf_init(&witness, 256);
	buf_init(&req, RAW_MAX);
	proof_link(k, random, link);
	link[0] ^= r->bad_link;
	put_proof(r, link, &witness);
	if (r->orm) {
		cmc_put_orm(out, id, OID_CT_DATA, VIEW_LIT("\x05\x00"));
	} else if (r->crmf) {
		put_crmf(r, buf_view(&witness), &req);
		cmc_put_crm(out, buf_view(&req));
	} else {
		put_pkcs10(r, buf_view(&witness), &req);
		cmc_put_tcr(out, id, buf_view(&req));
	}
	buf_clear(&witness);
	buf_clear(&req);
}

static void
put_requests(const struct raw *r, struct view random, const uint8_t k[PROOF_OCTETS],
    struct buf *out)
{
	size_t	mark = cmc_requests_begin(out);

	if (!r->empty)
		put_one_request(r, RAW_REQUEST, random, k, out);
	if (r->two)
		put_one_request(r, RAW_SECOND, random, k, out);
	cmc_requests_end(out, mark);
}

/* --- PKIData --------------------------------------------------------------------------- */

static void
put_control(struct cmc_writer *w, const struct raw *r, uint32_t id)
{
	if (r->extra_oid.n > 0) {
		size_t	seq = der_begin(w->out, DER_SEQUENCE), set;

		der_put_uint(w->out, id);
		der_put_oid(w->out, r->extra_oid);
		set = der_begin(w->out, DER_SET);
		buf_add_view(w->out, r->value);
		der_close(w->out, set);
		der_close(w->out, seq);
	} else if (r->extra != CMC_UNKNOWN) {
		cmc_control_value(w, id, r->extra, r->value);
	}
}

static bool
wanted(const struct raw *r, enum raw_part part)
{
	return (r->without & RAW_WITHOUT(part)) == 0;
}

static void
put_own_controls(struct cmc_writer *w, const struct raw *r, struct view random,
    struct view witness)
{
	static uint8_t	nonce[16];

	rng_fill(rng_system(), nonce, sizeof(nonce));
	if (wanted(r, RAW_TRANSACTION))
		cmc_control_integer(w, RAW_TRANSACTION, CMC_TRANSACTION_ID, RAW_TID);
	if (wanted(r, RAW_NONCE))
		cmc_control_octets(w, RAW_NONCE, CMC_SENDER_NONCE, view_of(nonce, sizeof(nonce)));
	if (r->recipient.n > 0)
		cmc_control_octets(w, RAW_RECIPIENT, CMC_RECIPIENT_NONCE, r->recipient);
	if (wanted(r, RAW_IDENTIFICATION))
		cmc_control_utf8(w, RAW_IDENTIFICATION, CMC_IDENTIFICATION, view_str(r->t->id));
	if (wanted(r, RAW_RANDOM))
		cmc_control_octets(w, RAW_RANDOM, CMC_POP_LINK_RANDOM, random);
	if (wanted(r, RAW_PROOF))
		cmc_control_value(w, RAW_PROOF, CMC_IDENTITY_PROOF_V2, witness);
	for (uint32_t i = 0; i < (r->extras > 0 ? r->extras : 1); i++)
		put_control(w, r, RAW_EXTRA + i);
}

void
raw_content(const struct raw *r, struct buf *out)
{
	uint8_t			k[PROOF_OCTETS], random[LINK_RANDOM_MIN] = { 0 }, identity[PROOF_OCTETS];
	struct view		rv = r->random.n > 0 ? r->random : view_of(random, sizeof(random));
	struct buf		requests, witness;
	struct cmc_writer	w;

	rng_fill(rng_system(), random, sizeof(random));
	random[0] = 1;
	buf_init(&requests, RAW_MAX);
	buf_init(&witness, 256);
	key_of(r, k);
	put_requests(r, rv, k, &requests);
	proof_identity(k, buf_view(&requests), identity);
	identity[0] ^= r->bad_identity;
	put_proof(r, identity, &witness);
	cmc_data_begin(&w, out);
	put_own_controls(&w, r, rv, buf_view(&witness));
	cmc_write_requests(&w, buf_view(&requests));
	cmc_finish(&w);
	assert_true(buf_ok(out));
	buf_clear(&requests);
	buf_clear(&witness);
}

void
raw_message(const struct raw *r, struct buf *out)
{
	struct raw_signing	s = { .key = r->key };
	struct buf		content;

	buf_init(&content, RAW_MAX);
	raw_content(r, &content);
	raw_sign(&s, buf_view(&content), out);
	buf_clear(&content);
}

void
raw_controls_in(const struct raw_control *c, size_t n, struct view transaction,
    struct view recipient_nonce, struct buf *out)
{
	uint8_t			nonce[16];
	struct cmc_writer	w;

	rng_fill(rng_system(), nonce, sizeof(nonce));
	cmc_data_begin(&w, out);
	cmc_control_integer(&w, RAW_TRANSACTION, CMC_TRANSACTION_ID, transaction);
	cmc_control_octets(&w, RAW_NONCE, CMC_SENDER_NONCE, view_of(nonce, sizeof(nonce)));
	if (recipient_nonce.n > 0)
		cmc_control_octets(&w, RAW_RECIPIENT, CMC_RECIPIENT_NONCE, recipient_nonce);
	for (size_t i = 0; i < n; i++)
		cmc_control_value(&w, RAW_EXTRA + (uint32_t)i, c[i].kind, c[i].value);
	cmc_finish(&w);
	assert_true(buf_ok(out));
}

void
raw_controls(const struct raw_control *c, size_t n, struct buf *out)
{
	raw_controls_in(c, n, RAW_TID, VIEW_NONE, out);
}

void
raw_cert_id(const struct cert *c, struct buf *out)
{
	struct cmc_cert_id	id = { c->issuer, c->serial };

	cmc_put_cert_id(out, DER_SEQUENCE, &id);
}

/* --- cancelling ---------------------------------------------------------------------------- */

/* The MAC that shows id and token without sending them. */
static void
cancel_witness(const struct ticket *t, struct view nonce, uint8_t out[PROOF_OCTETS])
{
	uint8_t		k[PROOF_OCTETS], kc[PROOF_OCTETS];
	struct raw	r = { .t = t };
	struct buf	proof;

	buf_init(&proof, 2048);
	key_of(&r, k);
	proof_cancel_key(k, kc);
	cvp_put_cancel_proof(&proof, view_str(t->id), nonce);
	proof_cancel(kc, buf_view(&proof), out);
	buf_clear(&proof);
}

void
raw_cancel(const struct ticket *t, struct buf *out)
{
	uint8_t			w[PROOF_OCTETS];
	struct cvp_cancel_item	item = { .id = view_str(t->id),
		.mac_alg = { .oid = OID_HMAC_SHA256 }, .witness = view_of(w, sizeof(w)) };
	struct cvp_cancel	q = { .nonce = VIEW_LIT("0123456789abcdef"), .items = &item,
		.n_items = 1 };
	struct buf		value, content;

	buf_init(&value, 4096);
	buf_init(&content, RAW_MAX);
	cancel_witness(t, q.nonce, w);
	cvp_put_cancel(&value, &q);
	raw_controls(&(struct raw_control){ CVP_AUTHZ_CANCEL, buf_view(&value) }, 1, &content);
	raw_unsigned(buf_view(&content), out);
	buf_clear(&value);
	buf_clear(&content);
}

enum cvp_cancel_outcome
raw_cancelled(const struct raw_answer *a)
{
	struct cvp_cancel_result	r;

	assert_false(a->failed || a->again);
	assert_true(cvp_cancel_result_decode(cmc_find(&a->r.controls,
	    CVP_AUTHZ_CANCEL_RESULT)->value, a->a, &r, NULL));
	assert_int_equal(r.n_items, 1);
	return r.items[0].result;
}

/* --- confirming ------------------------------------------------------------------------------ */

void
raw_confirm(const struct raw_confirmation *c, struct buf *out)
{
	struct raw_signing	 s = { .key = c->by->key, .by = c->by_ski ? NULL : c->by,
		.bare = c->bare };
	struct cmc_ref		 ref = { .path = { RAW_REQUEST }, .n = 1 };
	struct cmc_status_info	 no = { .status = CMC_FAILED, .refs = &ref, .n_refs = 1,
		.other = CMC_OTHER_FAIL, .fail = CMC_BAD_REQUEST };
	struct raw_control	 controls[3] = { { CMC_CONFIRM_CERT_ACCEPTANCE, VIEW_NONE } };
	struct buf		 parts[3], content;
	size_t			 n = 1;

	buf_init(&content, RAW_MAX);
	for (size_t i = 0; i < LEN(parts); i++)
		buf_init(&parts[i], 4096);
	raw_cert_id(c->of, &parts[0]);
	controls[0].value = buf_view(&parts[0]);
	if (c->also != NULL) {
		raw_cert_id(c->also, &parts[1]);
		controls[n++] = (struct raw_control){ CMC_CONFIRM_CERT_ACCEPTANCE,
		    buf_view(&parts[1]) };
	}
	if (c->reject) {
		cmc_put_status(&parts[2], &no);
		controls[n++] = (struct raw_control){ CMC_STATUS_INFO_V2, buf_view(&parts[2]) };
	}
	raw_controls_in(controls, n, c->transaction.n > 0 ? c->transaction : RAW_TID, c->nonce,
	    &content);
	raw_sign(&s, buf_view(&content), out);
	for (size_t i = 0; i < LEN(parts); i++)
		buf_clear(&parts[i]);
	buf_clear(&content);
}

struct raw_confirmation
raw_good(const struct raw_issued *n)
{
	return (struct raw_confirmation){ .by = &n->c, .of = &n->c.cert,
	    .nonce = buf_view(&n->nonce) };
}

void
raw_issue(struct flow_pki *p, struct raw_issued *n)
{
	struct raw_answer	a;
	struct buf		message;
	struct fault		f = { 0 };

	memset(n, 0, sizeof(*n));
	gateway(&n->d, p);
	assert_non_null(n->c.key = key_generate(KEY_EC_P256, &f));
	buf_init(&message, RAW_MAX);
	buf_init(&n->nonce, CMC_NONCE_MAX);
	buf_init(&n->c.der, CERT_OCTETS_MAX);
	raw_message(&(struct raw){ .t = &n->d.t, .key = n->c.key }, &message);
	raw_send(p, buf_view(&message), &a);
	buf_add_view(&n->c.der, raw_find_cert(&a, n->c.key));
	buf_add_view(&n->nonce, a.nonce);
	assert_true(cert_decode(buf_view(&n->c.der), &n->c.cert, &f));
	raw_answer_clear(&a);
	buf_clear(&message);
}

void
raw_issued_clear(struct raw_issued *n)
{
	raw_cert_clear(&n->c);
	buf_clear(&n->nonce);
	device_close(&n->d);
}

/* --- answers ---------------------------------------------------------------------------- */

static void
note_failures(struct raw_answer *out)
{
	for (size_t i = 0; i < out->status.n; i++) {
		const struct cmc_status_info	*s = &out->status.v[i];
		struct cvp_failure		 code;

		if (s->status == CMC_SUCCESS || s->status == CMC_CONFIRM_REQUIRED)
			continue;
		if (s->other == CMC_OTHER_EXT && cvp_failure_decode(s->ext_value, &code, NULL))
			out->code = code.code;
		if (out->failed)
			continue;
		out->failed = true;
		out->fail = s->fail;
		out->about = s->refs[0].path[0];
		out->text = s->text;
	}
}

void
raw_read(struct view octets, struct raw_answer *out)
{
	const struct cmc_control	*nonce;
	struct fault			 f = { 0 };

	memset(out, 0, sizeof(*out));
	buf_init(&out->octets, 16u << 20);
	out->a = arena_new(ARENA_MAX);
	buf_add_view(&out->octets, octets);
	must(message_open(buf_view(&out->octets), out->a, &out->m, &f) &&
	    cmc_response_decode(out->m.content, out->a, &cmc_limits_client, &out->r, NULL, &f) &&
	    cmc_response_rules(&out->r, NULL, &f) &&
	    cmc_status_list(&out->r.controls, out->a, &out->status, NULL, &f), &f);
	if ((nonce = cmc_find(&out->r.controls, CMC_SENDER_NONCE)) != NULL)
		must(cmc_nonce(nonce->value, &out->nonce, &f), &f);
	note_failures(out);
}

static void
read_answer(const struct job *j, struct raw_answer *out)
{
	if (j->again) {
		memset(out, 0, sizeof(*out));
		buf_init(&out->octets, 1);
		out->a = arena_new(ARENA_MAX);
	} else {
		raw_read(buf_view(&j->answer), out);
	}
	out->again = j->again;
	out->refused_proof = j->refused_proof;
}

void
raw_send_all(struct flow_pki *p, const struct view *messages, size_t n,
    struct raw_answer *out)
{
	struct job	jobs[RAW_TOGETHER];

	assert_true(n <= RAW_TOGETHER);
	for (size_t i = 0; i < n; i++) {
		jobs[i] = (struct job){ .message = messages[i], .source = "raw" };
		buf_init(&jobs[i].answer, 16u << 20);
	}
	engine_run(p->engine, jobs, n, p->now);
	for (size_t i = 0; i < n; i++) {
		read_answer(&jobs[i], &out[i]);
		buf_clear(&jobs[i].answer);
	}
}

void
raw_send(struct flow_pki *p, struct view message, struct raw_answer *out)
{
	raw_send_all(p, &message, 1, out);
}

void
raw_answer_clear(struct raw_answer *a)
{
	arena_free(a->a);
	buf_clear(&a->octets);
}

struct view
raw_find_cert(const struct raw_answer *a, const struct key *key)
{
	struct cert	c;

	for (size_t i = 0; i < a->m.certificate_count; i++)
		if (cert_decode(a->m.certificates[i], &c, NULL) &&
		    view_equal(c.spki, key_spki(key)))
			return a->m.certificates[i];
	return VIEW_NONE;
}

void
raw_blank(const struct raw_answer *a, struct buf *out)
{
	static const enum cmc_kind	kinds[] = { CMC_SENDER_NONCE, CMC_RECIPIENT_NONCE };

	buf_add_view(out, a->m.content);
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct view	v = cmc_find(&a->r.controls, kinds[i])->value;

		memset(out->p + (v.p - a->m.content.p) + 2, 0, v.n - 2);
	}
}

void
raw_ask(struct flow_pki *p, const struct raw_cert *by, enum cmc_kind kind,
    struct view value, struct raw_answer *out)
{
	struct raw_signing	s = { .key = by->key, .by = by };
	struct raw_control	c = { kind, value };
	struct buf		content, message;

	buf_init(&content, RAW_MAX);
	buf_init(&message, RAW_MAX);
	raw_controls(&c, 1, &content);
	raw_sign(&s, buf_view(&content), &message);
	raw_send(p, buf_view(&message), out);
	buf_clear(&content);
	buf_clear(&message);
}

/* --- an Admin ------------------------------------------------------------------------- */

void
raw_replace(struct flow_pki *p, const struct raw_cert *admin, const struct cert *old,
    const char *name, const struct device *d, struct ticket *out)
{
	raw_replace_lost(p, admin, old, name, d, false, out);
}

void
raw_replace_lost(struct flow_pki *p, const struct raw_cert *admin, const struct cert *old,
    const char *name, const struct device *d, bool lost, struct ticket *out)
{
	struct cmc_cert_id	 replaces = { old->issuer, old->serial };
	static unsigned		 n;
	char			 batch[32];
	struct general_name	 g;
	struct identity		 id;
	struct extension	 ext = { .oid = OID_SUBJECT_ALT_NAME };
	struct cvp_cert		 cert = { .extensions = &ext, .n_extensions = 1 };
	struct cvp_terms	 terms = { .cert = &cert, .key_lost = { lost, lost } };
	struct cvp_entry	 entry = { .entry_id = 1, .terms = &terms,
		.replaces = &replaces };
	struct cvp_authz_request q = { .template = { .name = VIEW_LIT("s2s-gateway") },
		.delivery = CVP_ENCRYPT_TO, .encrypt_to = buf_view(&admin->der),
		.entries = &entry, .n_entries = 1 };
	struct cvp_authz_response r;
	struct cvp_secrets	 s;
	struct secret		 plain = { 0 };
	struct raw_answer	 a;
	struct buf		 san, value;
	struct fault		 f = { 0 };

	snprintf(batch, sizeof(batch), "batch-%011u", n++);
	q.batch_id = view_str(batch);
	buf_init(&san, 4096);
	buf_init(&value, RAW_MAX);
	assert_true(identity_parse_tagged(view_str(name), &id, &f));
	identity_to_san(&id, &g);
	general_names_put(&san, &g, 1);
	ext.value = buf_view(&san);
	cvp_put_authz_request(&value, &q);
	raw_ask(p, admin, CVP_AUTHZ_REQUEST, buf_view(&value), &a);
	assert_false(a.failed || a.again);
	assert_true(cvp_authz_response_decode(cmc_find(&a.r.controls, CVP_AUTHZ_RESPONSE)->value,
	    a.a, &r, &f));
	if (r.results[0].failure != NULL)
		fail_msg("code %u", r.results[0].failure->code);
	assert_true(envelope_open(a.r.contents.v[0].contentinfo, admin->key, &admin->cert, &plain,
	    &f) && cvp_secrets_decode(view_of(plain.p, plain.n), a.a, &s, &f));
	*out = d->t;
	out->peers = NULL;
	out->n_peers = 0;
	snprintf(out->id, sizeof(out->id), "%.*s", (int)s.v[0].id.n, (const char *)s.v[0].id.p);
	snprintf(out->token, sizeof(out->token), "%.*s", (int)s.v[0].token.n,
	    (const char *)s.v[0].token.p);
	snprintf(out->identities[0], sizeof(out->identities[0]), "%s", name);
	secret_clear(&plain);
	raw_answer_clear(&a);
	buf_clear(&san);
	buf_clear(&value);
}

void
raw_layer(const struct raw_cert *by, struct view message, struct buf *out)
{
	struct raw_signing	 s = { .key = by->key, .by = by };
	const uint32_t		 id = RAW_INSIDE;
	struct cmc_writer	 w;
	struct cmc_mark		 m;
	struct buf		 content;
	uint8_t			 nonce[16];

	buf_init(&content, RAW_MAX * 2);
	rng_fill(rng_system(), nonce, sizeof(nonce));
	cmc_data_begin(&w, &content);
	cmc_control_integer(&w, RAW_TRANSACTION, CMC_TRANSACTION_ID, RAW_TID);
	cmc_control_octets(&w, RAW_NONCE, CMC_SENDER_NONCE, view_of(nonce, sizeof(nonce)));
	m = cmc_control_begin(&w, RAW_EXTRA, CMC_BATCH_REQUESTS);
	cmc_put_ids(&content, &id, 1);
	cmc_control_end(&w, m);
	cmc_write_content(&w, RAW_INSIDE, message);
	cmc_finish(&w);
	raw_sign(&s, buf_view(&content), out);
	buf_clear(&content);
}
