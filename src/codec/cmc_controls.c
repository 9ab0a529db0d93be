/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc_controls.c - reading the values of controls (RFC 10002, 6.2 to 6.18).
 */
#include <inttypes.h>

#include "codec/cmc.h"

#define CRL_REASON_MAX	10	/* aACompromise */
#define CRL_REASON_UNUSED 7

bool
cmc_get_body_part(struct der *d, uint32_t *out, struct fault *f)
{
	uint64_t	v;

	if (!der_uint_in(d, "body part id", 0, UINT32_MAX, &v, f))
		return false;
	*out = (uint32_t)v;
	return true;
}

bool
cmc_octets(struct view value, size_t min, size_t max, struct view *out,
    struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	if (!der_octets(&d, out, f) || !der_end(&d, f))
		return false;
	if (out->n < min || out->n > max)
		return fault_set(f, FAULT_LIMIT, "", "octet string of %zu octets,"
		    " expected %zu to %zu", out->n, min, max);
	return true;
}

bool
cmc_nonce(struct view value, struct view *out, struct fault *f)
{
	return cmc_octets(value, CMC_NONCE_MIN, CMC_NONCE_MAX, out, f);
}

static bool
get_integer(struct der *d, const char *what, size_t max, struct view *out,
    struct fault *f)
{
	if (!der_integer(d, out, f))
		return false;
	if (out->n > max)
		return fault_set(f, FAULT_LIMIT, "", "%s of %zu octets, limit %zu",
		    what, out->n, max);
	return true;
}

bool
cmc_transaction_id(struct view value, struct view *out, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	return get_integer(&d, "transactionId", CMC_TRANSACTION_ID_MAX, out, f) &&
	    der_end(&d, f);
}

bool
cmc_identification(struct view value, struct view *out, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	return der_utf8(&d, 1, CMC_IDENTIFICATION_MAX, out, f) && der_end(&d, f);
}

bool
cmc_alg_is(const struct algorithm *alg, struct view oid)
{
	return view_equal(alg->oid, oid) && algorithm_has_no_params(alg);
}

/* { proofAlgID, macAlgId, witness } in both V2 structures */
bool
cmc_get_proof(struct der *d, struct cmc_proof *out, struct fault *f)
{
	struct der	in;

	if (!der_open(d, DER_SEQUENCE, &in, f) ||
	    !algorithm_decode(&in, &out->key_alg, f) ||
	    !algorithm_decode(&in, &out->mac_alg, f) ||
	    !der_octets(&in, &out->witness, f) ||
	    !der_end(&in, f))
		return false;
	if (out->witness.n > CMC_WITNESS_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 10002, 6.2.1",
		    "witness of %zu octets", out->witness.n);
	return true;
}

bool
cmc_proof_decode(struct view value, struct cmc_proof *out, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	return cmc_get_proof(&d, out, f) && der_end(&d, f);
}

/* IssuerAndSerialNumber under its own or an implicit tag */
bool
cmc_get_cert_id(struct der *d, uint8_t tag, struct cmc_cert_id *out,
    struct fault *f)
{
	struct der	in;

	return der_open(d, tag, &in, f) &&
	    der_get_tlv(&in, DER_SEQUENCE, &out->issuer, f) &&
	    get_integer(&in, "serial number", CMC_SERIAL_MAX, &out->serial, f) &&
	    der_end(&in, f);
}

bool
cmc_cert_id_decode(struct view value, struct cmc_cert_id *out, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	return cmc_get_cert_id(&d, DER_SEQUENCE, out, f) && der_end(&d, f);
}

static bool
get_reason(struct der *d, uint8_t *out, struct fault *f)
{
	uint64_t	v;

	if (!der_enum(d, CRL_REASON_MAX, &v, f))
		return false;
	if (v == CRL_REASON_UNUSED)
		return fault_set(f, FAULT_MALFORMED, "RFC 5280, 5.3.1",
		    "revocation reason 7 is not used");
	*out = (uint8_t)v;
	return true;
}

/* invalidityDate, passphrase and comment, each OPTIONAL */
static bool
get_revoke_options(struct der *in, struct cmc_revoke *r, struct fault *f)
{
	struct view	content;

	if ((r->has_date = der_peek(in) == DER_GENERALIZED_TIME) &&
	    (!der_get(in, DER_GENERALIZED_TIME, &content, f) ||
	    !der_generalized_content(content, &r->date, f)))
		return false;
	if ((r->has_passphrase = der_peek(in) == DER_OCTET_STRING) &&
	    !der_octets(in, &r->passphrase, f))
		return false;
	if (der_peek(in) == DER_UTF8_STRING &&
	    !der_utf8(in, 0, CMC_TEXT_MAX, &r->comment, f))
		return false;
	return true;
}

bool
cmc_revoke_decode(struct view value, struct cmc_revoke *out, struct fault *f)
{
	struct cmc_revoke	r = { 0 };
	struct der		d, in;

	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) ||
	    !der_get_tlv(&in, DER_SEQUENCE, &r.cert.issuer, f) ||
	    !get_integer(&in, "serial number", CMC_SERIAL_MAX, &r.cert.serial, f) ||
	    !get_reason(&in, &r.reason, f) ||
	    !get_revoke_options(&in, &r, f) ||
	    !der_end(&in, f) || !der_end(&d, f))
		return false;
	*out = r;
	return true;
}

/* SEQUENCE OF OCTET STRING, at most CMC_ANCHORS_MAX */
static bool
get_hashes(struct der *d, struct arena *a, struct cmc_anchors *out,
    struct fault *f)
{
	struct view	found[CMC_ANCHORS_MAX];
	struct der	seq;

	if (!der_open(d, DER_SEQUENCE, &seq, f))
		return false;
	for (out->n_hashes = 0; !der_at_end(&seq); out->n_hashes++) {
		if (out->n_hashes == CMC_ANCHORS_MAX)
			return fault_set(f, FAULT_LIMIT, "RFC 10002, 6.15",
			    "more than %d trust anchors", CMC_ANCHORS_MAX);
		if (!der_octets(&seq, &found[out->n_hashes], f))
			return false;
	}
	if (out->n_hashes == 0)
		return true;
	out->hashes = arena_array(a, out->n_hashes, sizeof(out->hashes[0]));
	if (out->hashes == NULL)
		return arena_fault(f);
	memcpy(out->hashes, found, out->n_hashes * sizeof(found[0]));
	return true;
}

bool
cmc_anchors_decode(struct view value, struct arena *a, struct cmc_anchors *out,
    struct fault *f)
{
	struct cmc_anchors	anchors = { 0 };
	struct der		d, in;

	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) ||
	    !der_uint(&in, &anchors.sequence, f) ||
	    !algorithm_decode(&in, &anchors.hash, f) ||
	    !get_hashes(&in, a, &anchors, f) ||
	    !der_end(&in, f) || !der_end(&d, f))
		return false;
	*out = anchors;
	return true;
}

/* GetCert; of the GeneralNames only directoryName [4] EXPLICIT is taken apart. */
bool
cmc_get_cert_decode(struct view value, struct cmc_get_cert *out,
    struct fault *f)
{
	struct cmc_get_cert	g = { 0 };
	struct der		d, in, name;

	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &in, f) ||
	    !der_get_any(&in, &g.general_name, f) ||
	    !get_integer(&in, "serial number", CMC_SERIAL_MAX, &g.serial, f) ||
	    !der_end(&in, f) || !der_end(&d, f))
		return false;
	der_init(&d, g.general_name);
	if (der_peek(&d) == DER_CONTEXT_C(4) &&
	    (!der_open(&d, DER_CONTEXT_C(4), &name, f) ||
	    !der_get_tlv(&name, DER_SEQUENCE, &g.name, f) ||
	    !der_end(&name, f)))
		return false;
	*out = g;
	return true;
}

bool
cmc_body_part_decode(struct view value, uint32_t *out, struct fault *f)
{
	struct der	d;

	der_init(&d, value);
	return cmc_get_body_part(&d, out, f) && der_end(&d, f);
}

/* BodyPartList ::= SEQUENCE SIZE (1..MAX) OF BodyPartID; at least 3 octets each */
bool
cmc_body_list_decode(struct view value, struct arena *a, size_t max,
    struct cmc_ids *out, struct fault *f)
{
	struct cmc_ids	ids = { 0 };
	struct der	d, seq;
	size_t		room;

	der_init(&d, value);
	if (!der_open(&d, DER_SEQUENCE, &seq, f) || !der_end(&d, f))
		return false;
	if (der_at_end(&seq))
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 6.17",
		    "empty list of body parts");
	room = seq.n / 3 < max ? seq.n / 3 + 1 : max;
	if ((ids.v = arena_array(a, room, sizeof(ids.v[0]))) == NULL)
		return arena_fault(f);
	for (; !der_at_end(&seq); ids.n++) {
		if (ids.n == room)
			return fault_set(f, FAULT_LIMIT, "RFC 10002, 6.17",
			    "more than %zu body parts in a list", room);
		if (!cmc_get_body_part(&seq, &ids.v[ids.n], f))
			return false;
	}
	*out = ids;
	return true;
}

static bool
get_path(struct der *d, struct cmc_ref *out, struct fault *f)
{
	struct der	seq;

	if (!der_open(d, DER_SEQUENCE, &seq, f))
		return false;
	for (out->n = 0; !der_at_end(&seq); out->n++) {
		if (out->n == CMC_PATH_MAX)
			return fault_set(f, FAULT_LIMIT, "RFC 10002, 3.2.2",
			    "body part path longer than %d", CMC_PATH_MAX);
		if (!cmc_get_body_part(&seq, &out->path[out->n], f))
			return false;
	}
	if (out->n == 0)
		return fault_set(f, FAULT_MALFORMED, "RFC 10002, 3.2.2",
		    "empty body part path");
	return true;
}

bool
cmc_path_decode(struct view value, struct cmc_ref *out, struct fault *f)
{
	struct cmc_ref	ref = { 0 };
	struct der	d;

	der_init(&d, value);
	if (!get_path(&d, &ref, f) || !der_end(&d, f))
		return false;
	*out = ref;
	return true;
}

/* BodyPartReference ::= CHOICE { bodyPartID, bodyPartPath } */
bool
cmc_get_ref(struct der *d, struct cmc_ref *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	if (der_peek(d) == DER_SEQUENCE)
		return get_path(d, out, f);
	out->n = 1;
	return cmc_get_body_part(d, &out->path[0], f);
}
