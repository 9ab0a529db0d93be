/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "admin/fleet.h"
#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "main/generate_request.h"
#include "peer/ask.h"
#include "peer/talk.h"

#define FILE_MAX	(256u << 10)
#define REQUEST_MAX	(32u << 10)

/* --- files ---------------------------------------------------------------------------- */

/* DER as it is, or the first block with one of these labels. */
static bool
read_object(const char *path, const char *const *labels, struct buf *der, struct fault *f)
{
	struct buf	text;
	bool		ok;

	buf_init(&text, FILE_MAX);
	ok = file_read(path, &text, f);
	if (ok && text.n > 0 && text.p[0] == 0x30) {
		buf_add_view(der, buf_view(&text));
	} else if (ok) {
		for (ok = false; !ok && *labels != NULL; labels++) {
			fault_clear(f);
			ok = pem_decode(*labels, buf_view(&text), der, NULL, f);
		}
	}
	buf_clear(&text);
	return (ok && buf_check(der, "file", f)) || fault_within(f, "%s", path);
}

static bool
name_files(const struct generate *q, const struct target *t, struct request_outcome *o,
    struct fault *f)
{
	char	name[FLEET_NAME_MAX];

	fleet_name(t->name, name);
	if (snprintf(o->chain, ADMIN_PATH_MAX, "%s/%s.pem", q->out, name) < ADMIN_PATH_MAX &&
	    snprintf(o->confirm, ADMIN_PATH_MAX, "%s/%s.confirm", q->out, name) < ADMIN_PATH_MAX)
		return true;
	return fault_set(f, FAULT_LIMIT, "", "--out: the path is too long");
}

static bool
write_chain(const struct enroll_state *st, const char *path, struct fault *f)
{
	struct buf	pem;
	bool		ok;

	buf_init(&pem, FILE_MAX);
	for (size_t i = 0; i < st->n_certs; i++)
		pem_encode("CERTIFICATE", buf_view(&st->certs[i]), &pem);
	ok = buf_check(&pem, "certificates", f) && file_write(path, buf_view(&pem), 0644, f);
	buf_clear(&pem);
	return ok;
}

/* --- the request ------------------------------------------------------------------------ */

static bool
serial_of(const struct generated *g, char out[ENROLL_SERIAL_MAX], struct fault *f)
{
	struct cert	c;

	if (!cert_decode(buf_view(&g->st.certs[0]), &c, f))
		return false;
	hex_encode(serial_magnitude(c.serial), out);
	return true;
}

bool
request_read(const char *path, struct buf *der, struct fault *f)
{
	static const char *const	labels[] = { "CERTIFICATE REQUEST",
		"NEW CERTIFICATE REQUEST", NULL };

	return read_object(path, labels, der, f);
}

static bool
judge(const struct generate *q, const struct target *t, struct view der,
    const struct exchange_answer *r, struct generated *g, struct fault *f)
{
	struct pkcs10	p10;
	bool		reject;

	if (!pkcs10_decode(der, &p10, f) ||
	    !generate_judge(q, t, r, p10.spki, NULL, &g->st, &reject, f))
		return false;
	g->answered = true;
	return !reject || fault_within(f, "the certificate is of no use: revoke it");
}

/* An answer to the request or to a poll. */
static bool
take(const struct generate *q, const struct target *t, struct view der, struct generated *g,
    const struct exchange_answer *r, struct request_outcome *o, struct fault *f)
{
	return name_files(q, t, o, f) && generate_answer(q, t->id, g, r, &o->wait, f) &&
	    judge(q, t, der, r, g, f) && serial_of(g, o->serial, f) &&
	    generate_confirmation(q, t->id, g, o->confirm, f) && write_chain(&g->st, o->chain, f);
}

bool
request_take(const struct generate *q, const struct target *t, struct view der,
    const struct exchange *x, const struct exchange_answer *r, struct request_outcome *o,
    struct fault *f)
{
	struct generated	g;
	bool			ok;

	*o = (struct request_outcome){ 0 };
	generated_init(&g);
	g.st.x = *x;
	ok = take(q, t, der, &g, r, o, f);
	generated_clear(&g);
	return ok;
}

/* What waits is asked for by its token, else by the request. */
static bool
ask(const struct generate *q, const struct target *t, struct view der, struct generated *g,
    struct exchange_answer *r, struct request_outcome *o, struct fault *f)
{
	bool	found;

	if (!generated_load(q->a, t->id, g, &found, f))
		return false;
	if (found && generated_waits(g))
		return generate_poll(q, g, r, &o->wait, f);
	generated_clear(g);
	generated_init(g);
	return generate_bind(q, t->id, der, &g->st.x, r, f);
}

bool
request_enroll(const struct generate *q, const struct target *t, const char *path,
    struct request_outcome *o, struct fault *f)
{
	struct generated	g;
	struct exchange_answer	r;
	struct buf		der;
	bool			ok;

	*o = (struct request_outcome){ 0 };
	generated_init(&g);
	buf_init(&der, REQUEST_MAX);
	ok = request_read(path, &der, f) && ask(q, t, buf_view(&der), &g, &r, o, f) &&
	    take(q, t, buf_view(&der), &g, &r, o, f);
	buf_clear(&der);
	generated_clear(&g);
	return ok;
}

/* --- the confirmation --------------------------------------------------------------------- */

/* Signed as the PKI wants it; what is wrong is better said here than there. */
static bool
check_signature(const struct cms_signed *m, struct view der, struct fault *f)
{
	struct cert	c;

	return cert_decode(der, &c, f) && (message_verify_cert(m, &c, NULL,
	    SIGNING_CERTIFICATE_REQUIRED, f) || fault_within(f, "not signed by the device's key"));
}

/* The transaction it stands in and the nonce that its answer has to bear. */
static bool
read_frame(struct view message, struct view cert, struct arena *a, struct exchange *x,
    struct fault *f)
{
	struct cms_signed		 m;
	struct cmc_request		 data;
	const struct cmc_control	*id, *nonce;
	struct view			 v;

	if (!message_open(message, a, &m, f))
		return false;
	if (!view_equal(m.content_type, OID_CT_PKI_DATA) || !m.has_content)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2", "it is no PKIData that "
		    "somebody has signed: sign NAME.confirm with its content inside");
	if (!check_signature(&m, cert, f))
		return false;
	if (!cmc_request_decode(m.content, a, &cmc_limits_peer, &data, NULL, f))
		return false;
	id = cmc_find(&data.controls, CMC_TRANSACTION_ID);
	nonce = cmc_find(&data.controls, CMC_SENDER_NONCE);
	if (id == NULL || nonce == NULL || !cmc_transaction_id(id->value, &v, f) ||
	    v.n != sizeof(x->id))
		return fault_set(f, FAULT_MALFORMED, "", "it is not what --request has written");
	memcpy(x->id, v.p, v.n);
	if (!cmc_nonce(nonce->value, &v, f) || v.n != sizeof(x->sent))
		return fault_set(f, FAULT_MALFORMED, "", "it is not what --request has written");
	memcpy(x->sent, v.p, v.n);
	return true;
}

static bool
send(const struct generate *q, struct view message, const struct enroll_state *st,
    struct fault *f)
{
	struct exchange		x = { 0 };
	struct exchange_answer	r;
	struct exchange_failure	why;

	if (!read_frame(message, buf_view(&st->certs[0]), q->arena, &x, f) ||
	    !admin_send(q->a, &x, message, q->arena, &r, f))
		return false;
	exchange_failure(&r, CMC_WHOLE_MESSAGE, &why);
	if (why.status == CMC_SUCCESS)
		return talk_is_receipt(st, &r, f);
	(void)exchange_fault(&why, f);
	return fault_within(f, "confirmation");
}

bool
request_confirm(const struct generate *q, const struct target *t, const char *path,
    char serial[ENROLL_SERIAL_MAX], struct fault *f)
{
	static const char *const	labels[] = { "CMS", "PKCS7", NULL };
	struct generated		g;
	struct buf			der;
	bool				ok, found;

	generated_init(&g);
	buf_init(&der, FILE_MAX);
	ok = generated_load(q->a, t->id, &g, &found, f);
	if (ok && (!found || !g.answered || g.key != NULL))
		ok = fault_set(f, FAULT_NOT_FOUND, "", "nothing waits here for a confirmation by "
		    "this device: pki4ipsec admin enroll --request FILE DEVICE");
	ok = ok && serial_of(&g, serial, f) && read_object(path, labels, &der, f) &&
	    send(q, buf_view(&der), &g.st, f) && generated_drop(q->a, t->id, f);
	generated_clear(&g);
	buf_clear(&der);
	return ok;
}
