/* SPDX-License-Identifier: Apache-2.0 */
#include "crypt/kdf.h"
#include "crypt/ossl.h"

bool
pbkdf2_hmac_sha256(struct view password, struct view salt, uint64_t iterations,
    uint8_t *out, size_t n, struct fault *f)
{
	if (iterations < PBKDF2_ITERATIONS_MIN || iterations > PBKDF2_ITERATIONS_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 8018, 4.2",
		    "cannot use %llu PBKDF2 iterations, %d to %d are allowed",
		    (unsigned long long)iterations, PBKDF2_ITERATIONS_MIN,
		    PBKDF2_ITERATIONS_MAX);
	if (n == 0 || n > KDF_OUT_MAX || password.n > INT32_MAX || salt.n > INT32_MAX)
		return fault_set(f, FAULT_LIMIT, "RFC 8018, 5.2",
		    "cannot derive %zu octets from a password", n);
	if (PKCS5_PBKDF2_HMAC(password.n == 0 ? "" : (const char *)password.p,
	    (int)password.n, salt.p, (int)salt.n, (int)iterations,
	    ossl_md(DIGEST_SHA256), (int)n, out) != 1)
		return ossl_fault(f, FAULT_INTERNAL, "", "could not derive a key");
	return true;
}

/* H(Z || counter || info), counter from 1, as often as needed. */
bool
kdf_x963(enum digest_kind digest, struct view z, struct view info, uint8_t *out,
    size_t n, struct fault *f)
{
	const size_t	len = digest_octets(digest);
	uint8_t		counter[4] = { 0 }, block[DIGEST_MAX];

	if (len == 0 || n == 0 || n > KDF_OUT_MAX)
		return fault_set(f, FAULT_LIMIT, "SEC 1, 3.6.1",
		    "cannot derive %zu octets", n);
	for (size_t done = 0; done < n; done += len) {
		const struct view	parts[] = { z, { counter, sizeof(counter) }, info };

		counter[3]++;
		digest_parts(digest, parts, 3, block);
		memcpy(out + done, block, n - done < len ? n - done : len);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}
