/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cert_ext.h"
#include "codec/name.h"
#include "codec/pkcs10.h"

#define RULE	"RFC 2986, 4.1"

/* What the extensions of a request ask for; others stay in the list. */
static bool
read_extensions(struct pkcs10 *r, struct view tlv, struct fault *f)
{
	const struct extension	*e;

	if (!extensions_decode(tlv, &r->extensions, f))
		return false;
	r->has_extensions = true;
	e = extensions_find(&r->extensions, OID_SUBJECT_KEY_ID);
	if (e != NULL && !ext_read_ski(e->value, &r->ski, f))
		return false;
	e = extensions_find(&r->extensions, OID_SUBJECT_ALT_NAME);
	if (e == NULL)
		return true;
	r->has_san = true;
	r->san_value = e->value;
	return general_names_decode(e->value, &r->san, f);
}

static bool
set_once(struct view *field, struct view value, const char *what,
    struct fault *f)
{
	if (field->n > 0)
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "attribute %s stands twice", what);
	*field = value;
	return true;
}

static bool
read_known(struct pkcs10 *r, struct view type, struct view value,
    struct fault *f)
{
	if (view_equal(type, OID_EXTENSION_REQUEST)) {
		if (r->has_extensions)
			return fault_set(f, FAULT_MALFORMED, RULE,
			    "attribute extensionRequest stands twice");
		return read_extensions(r, value, f);
	}
	if (view_equal(type, OID_CMC_POP_LINK_WITNESS_V2))
		return set_once(&r->pop_link_witness_v2, value,
		    "popLinkWitnessV2", f);
	if (view_equal(type, OID_CMC_POP_LINK_WITNESS))
		return set_once(&r->pop_link_witness_v1, value,
		    "popLinkWitness", f);
	return set_once(&r->change_subject_name, value, "changeSubjectName", f);
}

/* Attribute ::= SEQUENCE { type, values SET SIZE (1..MAX) OF ANY } */
static bool
read_attribute(struct pkcs10 *r, struct der *attributes, struct fault *f)
{
	struct der	in, set;
	struct view	type, value;
	char		text[OID_TEXT_MAX];
	bool		known;

	if (!der_open(attributes, DER_SEQUENCE, &in, f) ||
	    !der_oid(&in, &type, f) ||
	    !der_open(&in, DER_SET, &set, f) || !der_end(&in, f) ||
	    !der_get_any(&set, &value, f))
		return false;
	known = view_equal(type, OID_EXTENSION_REQUEST) ||
	    view_equal(type, OID_CMC_POP_LINK_WITNESS_V2) ||
	    view_equal(type, OID_CMC_POP_LINK_WITNESS) ||
	    view_equal(type, OID_CMC_CHANGE_SUBJECT_NAME);
	if (!known) {
		r->unknown_attributes++;
		return true;
	}
	if (!der_at_end(&set))
		return fault_set(f, FAULT_MALFORMED, RULE,
		    "attribute %s has more than one value",
		    oid_show(type, text));
	return read_known(r, type, value, f);
}

/* attributes [0] IMPLICIT SET OF; its order was never kept by everybody. */
static bool
decode_attributes(struct pkcs10 *r, struct der *info, struct fault *f)
{
	struct der	attributes;
	size_t		n = 0;

	if (!der_open(info, DER_CONTEXT_C(0), &attributes, f))
		return false;
	while (!der_at_end(&attributes)) {
		if (++n > PKCS10_ATTRIBUTES_MAX)
			return fault_set(f, FAULT_LIMIT, RULE,
			    "more than %d attributes", PKCS10_ATTRIBUTES_MAX);
		if (!read_attribute(r, &attributes, f))
			return false;
	}
	return true;
}

/* CertificationRequestInfo ::= SEQUENCE { version, subject, spki, attributes } */
static bool
decode_info(struct pkcs10 *r, struct fault *f)
{
	struct der	d, info;
	uint64_t	version;

	der_init(&d, r->info);
	return der_open(&d, DER_SEQUENCE, &info, f) &&
	    der_uint_in(&info, "request version", 0, 0, &version, f) &&
	    der_get_tlv(&info, DER_SEQUENCE, &r->subject, f) &&
	    name_check(r->subject, f) &&
	    der_get_tlv(&info, DER_SEQUENCE, &r->spki, f) &&
	    decode_attributes(r, &info, f) && der_end(&info, f);
}

bool
pkcs10_decode(struct view der, struct pkcs10 *out, struct fault *f)
{
	struct der	d, in;

	*out = (struct pkcs10){ .der = der };
	if (der.n > PKCS10_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, RULE, "a request of %zu octets",
		    der.n);
	der_init(&d, der);
	return der_open(&d, DER_SEQUENCE, &in, f) && der_end(&d, f) &&
	    der_get_tlv(&in, DER_SEQUENCE, &out->info, f) &&
	    decode_info(out, f) && algorithm_decode(&in, &out->sigalg, f) &&
	    der_bits(&in, &out->signature, f) && der_end(&in, f);
}

/* extensionRequest with the key identifier and the names. */
static void
put_extension_request(struct buf *b, const struct pkcs10_plan *p)
{
	size_t	attribute, set, list, seq, octets;

	if (p->ski.n == 0 && p->san_count == 0)
		return;
	attribute = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, OID_EXTENSION_REQUEST);
	set = der_begin(b, DER_SET);
	list = der_begin(b, DER_SEQUENCE);
	if (p->ski.n > 0) {
		seq = der_begin(b, DER_SEQUENCE);
		der_put_oid(b, OID_SUBJECT_KEY_ID);
		octets = der_begin(b, DER_OCTET_STRING);
		der_put_octets(b, p->ski);
		der_close(b, octets);
		der_close(b, seq);
	}
	if (p->san_count > 0) {
		seq = der_begin(b, DER_SEQUENCE);
		der_put_oid(b, OID_SUBJECT_ALT_NAME);
		octets = der_begin(b, DER_OCTET_STRING);
		general_names_put(b, p->san, p->san_count);
		der_close(b, octets);
		der_close(b, seq);
	}
	der_close(b, list);
	der_close(b, set);
	der_close(b, attribute);
}

static void
put_attribute(struct buf *b, struct view type, struct view value)
{
	size_t	attribute, set;

	if (value.n == 0)
		return;
	attribute = der_begin(b, DER_SEQUENCE);
	der_put_oid(b, type);
	set = der_begin(b, DER_SET);
	buf_add_view(b, value);
	der_close(b, set);
	der_close(b, attribute);
}

/* Each attribute into a buffer of its own, then all sorted as a SET OF. */
static void
put_attributes(struct buf *out, const struct pkcs10_plan *p)
{
	struct view	views[3];
	struct buf	tmp[3];
	size_t		i, n = 0;

	for (i = 0; i < 3; i++)
		buf_init(&tmp[i], PKCS10_OCTETS_MAX);
	put_extension_request(&tmp[0], p);
	put_attribute(&tmp[1], OID_CMC_POP_LINK_WITNESS_V2,
	    p->pop_link_witness_v2);
	put_attribute(&tmp[2], OID_CMC_CHANGE_SUBJECT_NAME,
	    p->change_subject_name);
	for (i = 0; i < 3; i++) {
		if (!buf_ok(&tmp[i]))
			out->failed = true;
		else if (tmp[i].n > 0)
			views[n++] = buf_view(&tmp[i]);
	}
	der_put_set_of(out, DER_CONTEXT_C(0), views, n);
	for (i = 0; i < 3; i++)
		buf_clear(&tmp[i]);
}

bool
pkcs10_info_encode(const struct pkcs10_plan *p, struct buf *out,
    struct fault *f)
{
	size_t	mark = der_begin(out, DER_SEQUENCE);

	der_put_uint(out, 0);
	buf_add_view(out, p->subject.n > 0 ? p->subject : NAME_EMPTY);
	buf_add_view(out, p->spki);
	put_attributes(out, p);
	der_close(out, mark);
	return buf_check(out, "certification request", f);
}

void
pkcs10_assemble(struct view info, struct view sigalg, struct view signature,
    struct buf *out)
{
	size_t	mark = der_begin(out, DER_SEQUENCE);

	buf_add_view(out, info);
	buf_add_view(out, sigalg);
	der_put_bits(out, signature);
	der_close(out, mark);
}

/* ChangeSubjectName ::= SEQUENCE { subject OPTIONAL, subjectAlt [1] OPTIONAL } */
bool
change_subject_name_decode(struct view tlv, struct change_subject_name *out,
    struct fault *f)
{
	struct der	d, in;
	struct view	content;

	*out = (struct change_subject_name){ 0 };
	der_init(&d, tlv);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_end(&d, f))
		return false;
	if (der_peek(&in) == DER_SEQUENCE &&
	    (!der_get_tlv(&in, DER_SEQUENCE, &out->subject, f) ||
	    !name_check(out->subject, f)))
		return false;
	if (der_peek(&in) == DER_CONTEXT_C(1)) {
		if (!der_get(&in, DER_CONTEXT_C(1), &content, f) ||
		    !general_names_decode_content(content, &out->san, f))
			return false;
		out->has_san = true;
	}
	if (out->subject.n == 0 && !out->has_san)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 7.1",
		    "changeSubjectName says nothing");
	return der_end(&in, f);
}

void
change_subject_name_put(struct buf *b, struct view subject,
    const struct general_name *san, size_t san_count)
{
	size_t	seq = der_begin(b, DER_SEQUENCE), names, i;

	buf_add_view(b, subject);
	if (san_count > 0) {
		names = der_begin(b, DER_CONTEXT_C(1));
		for (i = 0; i < san_count; i++)
			general_name_put(b, &san[i]);
		der_close(b, names);
	}
	der_close(b, seq);
}
