/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to a message that is well formed, and who is said to have signed it. */
#include "codec/oid.h"
#include "crypt/digest.h"
#include "message/signed.h"
#include "pki/work.h"

#define CONTENT_DEPTH_MAX	40	/* a certificate in terms in a control */
#define PEER_CERTIFICATES_MAX	8

static bool
open_message(struct work *w, struct fault *f)
{
	struct opened	*o = &w->opened;

	sha256(w->job->message, o->digest);
	if (!message_open(w->job->message, w->a, &o->message, f))
		return false;
	if (!view_equal(o->message.content_type, OID_CT_PKI_DATA) || !o->message.has_content)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2",
		    "the signed content is not a PKIData");
	if (o->message.signer_count > 1)
		return fault_set(f, FAULT_REFUSED, "corrections, 7",
		    "%zu signatures on one layer", o->message.signer_count);
	if (o->message.signer_count == 1)
		o->signer = &o->message.signers[0];
	/* The eContent and every control value are DER; MACs cover the octets. */
	return der_check(o->message.content, CONTENT_DEPTH_MAX, f);
}

/*
 * Stage 1.  Nothing here costs public-key work; what is not readable is
 * answered badRequest about the whole message.
 */
void
work_open(struct work *w)
{
	if (!open_message(w, &w->fault))
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_REQUEST);
}

enum authority_id
authority_of(const struct engine *e, int64_t ca)
{
	for (enum authority_id id = 0; id < AUTHORITY_CAS; id++)
		if (authority_is_here(&e->authorities, id) && e->ca[id] == ca)
			return id;
	return AUTHORITIES;
}

/* Our serial numbers are 01, five octets of counter, ten random ones. */
static int64_t
counter_of(struct view serial)
{
	int64_t	n = 0;

	if (serial.n != STORE_SERIAL_OCTETS || serial.p[0] != 0x01)
		return 0;
	for (size_t i = 1; i <= 5; i++)
		n = n << 8 | serial.p[i];
	return n;
}

bool
cert_by_serial(struct engine *e, struct view issuer, struct view serial, bool want_body,
    struct arena *a, struct store_cert *out, struct fault *f)
{
	int64_t			 n = counter_of(serial);
	struct view		 by;

	memset(out, 0, sizeof(*out));
	if (n == 0)
		return true;
	if (!store_cert_find(e->p.store, n, want_body, a, out, f))
		return false;
	if (out->n == 0)
		return true;
	if (!issuer_in_row(e, out->ca, a, &by, f))
		return false;
	if (!view_equal(view_of(out->serial, sizeof(out->serial)), serial) ||
	    !view_equal(by, issuer))
		memset(out, 0, sizeof(*out));
	return true;
}

static bool
identify(struct work *w, struct fault *f)
{
	struct sender			*s = &w->sender;
	const struct issuer_serial	*is = &w->opened.signer->sid.is;

	s->by_cert = true;
	if (!cert_by_serial(w->e, is->issuer, is->serial, true, w->a, &s->row, f))
		return false;
	if (s->row.n == 0 || s->row.state == STORE_CERT_RESERVED ||
	    s->row.state == STORE_CERT_REJECTED)
		return true;
	if (!cert_decode(s->row.body, &s->cert, f))
		return false;
	/*
	 * Rights end with the confirmation of a successor (corrections, 8), and do
	 * not reach through the layer of another Admin.
	 */
	if (s->row.state != STORE_CERT_CONFIRMED || w->outer != NULL)
		return true;
	return store_admin_find_cert(w->e->p.store, s->row.n, w->a, &s->admin, f);
}

/* Stage 2: look the certificate up that the message names. */
void
work_identify(struct work *w)
{
	if (w->opened.signer == NULL ||
	    w->opened.signer->sid.kind != CMS_SID_ISSUER_SERIAL)
		return;
	if (!identify(w, &w->fault)) {
		work_again(w);
		return;
	}
	if (w->sender.row.n == 0) {
		fault_set(&w->fault, FAULT_NOT_FOUND, "",
		    "signed by a certificate that this PKI has not issued");
		work_refuse(w, CMC_WHOLE_MESSAGE, CMC_BAD_MESSAGE_CHECK);
	}
}
