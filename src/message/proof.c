/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cmc.h"
#include "codec/oid.h"
#include "crypt/digest.h"
#include "message/proof.h"

#define CANCEL_LABEL	VIEW_LIT("id-cvp cancel v1")
#define TAG_SEQUENCE	0x30

void
proof_key(struct view token, struct view id, uint8_t k[PROOF_OCTETS])
{
	sha256_two(token, id, k);	/* secret first: RFC 10002, 6.2.3 */
}

void
proof_cancel_key(const uint8_t k[PROOF_OCTETS], uint8_t kc[PROOF_OCTETS])
{
	hmac_sha256(view_of(k, PROOF_OCTETS), CANCEL_LABEL, kc);
}

void
proof_identity(const uint8_t k[PROOF_OCTETS], struct view requests,
    uint8_t out[PROOF_OCTETS])
{
	hmac_sha256(view_of(k, PROOF_OCTETS), requests, out);
}

void
proof_link(const uint8_t k[PROOF_OCTETS], struct view random, uint8_t out[PROOF_OCTETS])
{
	hmac_sha256(view_of(k, PROOF_OCTETS), random, out);
}

void
proof_cancel(const uint8_t kc[PROOF_OCTETS], struct view der, uint8_t out[PROOF_OCTETS])
{
	hmac_sha256(view_of(kc, PROOF_OCTETS), der, out);
}

bool
proof_link_random_ok(struct view random)
{
	return random.n >= LINK_RANDOM_MIN && random.n <= LINK_RANDOM_MAX &&
	    random.p[0] != TAG_SEQUENCE;
}

void
proof_put(struct buf *b, const uint8_t witness[PROOF_OCTETS])
{
	size_t	mark = der_begin(b, DER_SEQUENCE);

	buf_add_view(b, ALGORITHM_SHA256);
	buf_add_view(b, ALGORITHM_HMAC_SHA256);
	der_put_octets(b, view_of(witness, PROOF_OCTETS));
	der_close(b, mark);
}

bool
proof_check_form(const struct cmc_proof *p, struct fault *f)
{
	if (!cmc_alg_is(&p->key_alg, OID_SHA256))
		return fault_set(f, FAULT_ALGORITHM, "RFC 10004, 5.1",
		    "a proof whose key is not made with SHA-256");
	if (!cmc_alg_is(&p->mac_alg, OID_HMAC_SHA256))
		return fault_set(f, FAULT_ALGORITHM, "RFC 10004, 5.1",
		    "a proof whose MAC is not HMAC-SHA-256");
	if (p->witness.n != PROOF_OCTETS)
		return fault_set(f, FAULT_ALGORITHM, "RFC 10002, 6.2.1",
		    "a witness of %zu octets", p->witness.n);
	return true;
}

bool
proof_equal(const uint8_t want[PROOF_OCTETS], struct view got)
{
	return secret_equal(view_of(want, PROOF_OCTETS), got);
}
