/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/crl.h"

/* ENUMERATED reasonCode as an Extension; the last octet is the reason. */
static const uint8_t reason_extension[] = { 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15,
    0x04, 0x03, 0x0a, 0x01 };
/* The same of invalidityDate, up to the digits of its GeneralizedTime. */
static const uint8_t invalidity_extension[] = { 0x30, 0x18, 0x06, 0x03, 0x55, 0x1d, 0x18,
    0x04, 0x11 };
#define INVALIDITY_TLV	17	/* 18 0f YYYYMMDDHHMMSSZ */

void
crl_begin(struct crl_writer *w, const struct crl_plan *p, struct buf *out)
{
	*w = (struct crl_writer){ .plan = *p, .out = out, .start = out->n };
	w->tbs = der_begin(out, DER_SEQUENCE);
	der_put_uint(out, 1);
	buf_add_view(out, p->sigalg);
	buf_add_view(out, p->issuer);
	der_put_time(out, p->this_update);
	der_put_time(out, p->next_update);
}

/* Dates come in runs: the encoding of the last one is kept. */
static void
remember_time(struct crl_writer *w, int64_t t)
{
	struct buf	b;

	if (w->last_time_len > 0 && w->last_time == t)
		return;
	buf_init(&b, sizeof(w->last_time_tlv));
	der_put_time(&b, t);
	if (buf_ok(&b)) {
		memcpy(w->last_time_tlv, b.p, b.n);
		w->last_time_len = b.n;
		w->last_time = t;
	} else
		w->out->failed = true;
	buf_clear(&b);
}

static bool
encode_invalidity(int64_t t, uint8_t out[INVALIDITY_TLV])
{
	struct buf	b;
	bool		ok;

	buf_init(&b, INVALIDITY_TLV);
	der_put_generalized(&b, t);
	ok = buf_ok(&b) && b.n == INVALIDITY_TLV;
	if (ok)
		memcpy(out, b.p, INVALIDITY_TLV);
	buf_clear(&b);
	return ok;
}

static size_t
extensions_size(const struct crl_item *i)
{
	return (i->reason != 0 ? sizeof(reason_extension) + 1 : 0) +
	    (i->invalidity != 0 ? sizeof(invalidity_extension) + INVALIDITY_TLV : 0);
}

static void
put_extensions(const struct crl_item *i, const uint8_t date[INVALIDITY_TLV], uint8_t *p)
{
	*p++ = DER_SEQUENCE;
	*p++ = (uint8_t)extensions_size(i);
	if (i->reason != 0) {
		memcpy(p, reason_extension, sizeof(reason_extension));
		p += sizeof(reason_extension);
		*p++ = (uint8_t)i->reason;
	}
	if (i->invalidity != 0) {
		memcpy(p, invalidity_extension, sizeof(invalidity_extension));
		memcpy(p + sizeof(invalidity_extension), date, INVALIDITY_TLV);
	}
}

/* An entry is below 128 octets, so that one octet holds its length. */
void
crl_put(struct crl_writer *w, const struct crl_item *item)
{
	struct view	serial = item->serial;
	uint8_t		date[INVALIDITY_TLV], *p;
	size_t		number, n, extra = extensions_size(item);
	bool		sign;

	while (serial.n > 1 && serial.p[0] == 0) {
		serial.p++;
		serial.n--;
	}
	remember_time(w, item->revoked_at);
	if (serial.n == 0 || serial.n > 20 || w->last_time_len == 0 ||
	    crl_reason_name(item->reason) == NULL ||
	    (item->invalidity != 0 && !encode_invalidity(item->invalidity, date)))
		w->out->failed = true;
	if (!buf_ok(w->out))
		return;
	if (!w->has_entries)
		w->entries = der_begin(w->out, DER_SEQUENCE);
	w->has_entries = true;
	sign = serial.p[0] >= 0x80;
	number = serial.n + sign;
	n = 2 + number + w->last_time_len + (extra > 0 ? 2 + extra : 0);
	if ((p = buf_extend(w->out, 2 + n)) == NULL)
		return;
	*p++ = DER_SEQUENCE;
	*p++ = (uint8_t)n;
	*p++ = DER_INTEGER;
	*p++ = (uint8_t)number;
	if (sign)
		*p++ = 0;
	memcpy(p, serial.p, serial.n);
	p += serial.n;
	memcpy(p, w->last_time_tlv, w->last_time_len);
	if (extra > 0)
		put_extensions(item, date, p + w->last_time_len);
}

void
crl_entry(struct crl_writer *w, struct view serial, int64_t revoked_at, unsigned reason)
{
	struct crl_item	item = { .serial = serial, .revoked_at = revoked_at, .reason = reason };

	crl_put(w, &item);
}

static void
put_number(struct buf *b, struct view oid, bool critical, uint64_t number)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), octets;

	der_put_oid(b, oid);
	if (critical)
		der_put_bool(b, true);
	octets = der_begin(b, DER_OCTET_STRING);
	der_put_uint(b, number);
	der_close(b, octets);
	der_close(b, seq);
}

static void
put_aki(struct buf *b, struct view aki)
{
	size_t	seq, octets, value;

	if (aki.n == 0)
		return;
	seq = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, OID_AUTHORITY_KEY_ID);
	octets = der_begin(b, DER_OCTET_STRING);
	value = der_begin(b, DER_SEQUENCE);
	der_put(b, DER_CONTEXT(0), aki);
	der_close(b, value);
	der_close(b, octets);
	der_close(b, seq);
}

bool
crl_finish(struct crl_writer *w, struct view *tbs, struct fault *f)
{
	struct buf	*b = w->out;
	size_t		 tag, list;

	if (w->has_entries)
		der_close(b, w->entries);
	tag = der_begin(b, DER_CONTEXT_C(0));
	list = der_begin(b, DER_SEQUENCE);
	put_aki(b, w->plan.aki);
	put_number(b, OID_CRL_NUMBER, false, w->plan.number);
	if (w->plan.is_delta)
		put_number(b, OID_DELTA_CRL, true, w->plan.base_number);
	der_close(b, list);
	der_close(b, tag);
	der_close(b, w->tbs);
	*tbs = VIEW_NONE;
	if (!buf_check(b, "CRL", f))
		return false;
	*tbs = view_of(b->p + w->start, b->n - w->start);
	return true;
}

void
crl_assemble(struct view tbs, struct view sigalg, struct view signature,
    struct buf *out)
{
	size_t	mark = der_begin(out, DER_SEQUENCE);

	buf_add_view(out, tbs);
	buf_add_view(out, sigalg);
	der_put_bits(out, signature);
	der_close(out, mark);
}
