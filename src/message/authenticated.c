/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cms_env.h"
#include "codec/oid.h"
#include "crypt/aead.h"
#include "message/authenticated.h"

#define PASSWORD_MAX	4096
#define SMALL_MAX	512
#define MAC_KEY_OCTETS	32
/* AlgorithmIdentifier { id-aes256-wrap } and { SHA-256 } */
#define AES256_WRAP	VIEW_LIT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2d")

bool
kek_of_token(struct view token, struct view id, const uint8_t salt[KEK_SALT_OCTETS],
    uint8_t kek[KEK_OCTETS], struct fault *f)
{
	struct buf	password;
	bool		ok;

	buf_init(&password, PASSWORD_MAX);
	buf_add_view(&password, id);
	buf_add_view(&password, token);
	ok = buf_check(&password, "password", f) &&
	    pbkdf2_hmac_sha256(buf_view(&password), view_of(salt, KEK_SALT_OCTETS),
	    KEK_ITERATIONS, kek, KEK_OCTETS, f);
	if (password.p != NULL)
		secret_wipe(password.p, password.n);
	buf_clear(&password);
	return ok;
}

struct making {
	uint8_t		key[MAC_KEY_OCTETS];
	uint8_t		digest[SHA256_OCTETS], mac[SHA256_OCTETS];
	struct buf	wrapped, derivation, attrs;
};

static void
mac_of(struct making *m, struct view content_type, struct view content)
{
	struct cms_attrs_plan	p = { .content_type = content_type,
		.message_digest = view_of(m->digest, sizeof(m->digest)) };

	sha256(content, m->digest);
	cms_signed_attrs_encode(&p, &m->attrs);
	hmac_sha256(view_of(m->key, sizeof(m->key)), buf_view(&m->attrs), m->mac);
}

static bool
put_all(const struct making *m, struct view content_type, struct view content,
    struct buf *out, struct fault *f)
{
	struct cms_authenticated_plan	p = {
		.recipient = {
			.kind = CMS_RECIPIENT_PWRI, .key_alg = AES256_WRAP,
			.encrypted_key = buf_view(&m->wrapped),
			.derivation = buf_view(&m->derivation),
		},
		.mac_alg = ALGORITHM_HMAC_SHA256, .digest_alg = ALGORITHM_SHA256,
		.content_type = content_type, .content = content,
		.auth_attrs = buf_view(&m->attrs),
		.mac = view_of(m->mac, sizeof(m->mac)),
	};

	return buf_check(&m->derivation, "derivation", f) && buf_check(&m->attrs, "attributes", f) &&
	    cms_authenticated_encode(&p, out, f);
}

bool
authenticated_put(const uint8_t kek[KEK_OCTETS], const uint8_t salt[KEK_SALT_OCTETS],
    struct view content_type, struct view content, const struct rng *rng, struct buf *out,
    struct fault *f)
{
	struct making	m;
	bool		ok;

	memset(&m, 0, sizeof(m));
	buf_init(&m.wrapped, SMALL_MAX);
	buf_init(&m.derivation, SMALL_MAX);
	buf_init(&m.attrs, SMALL_MAX);
	rng_fill(rng, m.key, sizeof(m.key));
	pbkdf2_put(&m.derivation, view_of(salt, KEK_SALT_OCTETS), KEK_ITERATIONS, KEK_OCTETS);
	mac_of(&m, content_type, content);
	ok = key_wrap(view_of(kek, KEK_OCTETS), view_of(m.key, sizeof(m.key)), &m.wrapped, f) &&
	    put_all(&m, content_type, content, out, f);
	buf_clear(&m.wrapped);
	buf_clear(&m.derivation);
	buf_clear(&m.attrs);
	secret_wipe(&m, sizeof(m));
	return ok;
}
