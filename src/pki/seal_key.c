/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "pki/seal_key.h"

#define HEX_DIGITS	(2 * AES256_KEY_OCTETS)
#define LINE_MAX_OCTETS	(HEX_DIGITS + 32)
#define DAY		86400

/* --- the file ------------------------------------------------------------------------ */

/* "HEX SECONDS"; the seconds may be missing. */
static bool
read_line(const char *line, size_t n, struct seal_keys *k)
{
	char	text[LINE_MAX_OCTETS], *end;
	size_t	octets;
	bool	ok;

	if (k->n == SEAL_KEYS_MAX || n < HEX_DIGITS || n >= sizeof(text))
		return false;
	memcpy(text, line, n);
	text[n] = '\0';
	k->made[k->n] = strtoll(text + HEX_DIGITS, &end, 10);
	ok = *end == '\0' && k->made[k->n] >= 0;
	text[HEX_DIGITS] = '\0';
	ok = ok && hex_decode(text, k->key[k->n], AES256_KEY_OCTETS, &octets) &&
	    octets == AES256_KEY_OCTETS;
	secret_wipe(text, sizeof(text));
	k->n += ok;
	return ok;
}

static bool
read_lines(const char *path, struct view text, struct seal_keys *out, struct fault *f)
{
	const char	*p = (const char *)text.p, *end = p + text.n;

	for (unsigned line = 1; p < end; line++) {
		const char	*stop = memchr(p, '\n', (size_t)(end - p));
		size_t		 n = stop == NULL ? (size_t)(end - p) : (size_t)(stop - p);

		if (!read_line(p, n, out))
			return fault_set(f, FAULT_MALFORMED, "", "%s:%u: not %d hexadecimal digits "
			    "and a time, or more than %d lines", path, line, HEX_DIGITS,
			    SEAL_KEYS_MAX);
		p += n + 1;
	}
	return out->n > 0 || fault_set(f, FAULT_MALFORMED, "", "%s holds no key", path);
}

bool
seal_keys_load(const char *path, struct seal_keys *out, struct fault *f)
{
	struct buf	text;
	bool		ok;

	out->n = 0;
	buf_init(&text, SEAL_KEYS_MAX * LINE_MAX_OCTETS);
	ok = file_read(path, &text, f) && read_lines(path, buf_view(&text), out, f);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	return ok;
}

void
seal_keys_clear(struct seal_keys *k)
{
	secret_wipe(k, sizeof(*k));
}

static void
write_lines(const struct seal_keys *k, struct buf *out)
{
	char	hex[HEX_DIGITS + 1];

	for (size_t i = 0; i < k->n; i++) {
		hex_encode(view_of(k->key[i], AES256_KEY_OCTETS), hex);
		buf_addf(out, "%s %" PRId64 "\n", hex, k->made[i]);
	}
	secret_wipe(hex, sizeof(hex));
}

/* Clocks differ by some minutes (corrections, 24), and a day is soon over. */
static void
drop_unneeded(struct seal_keys *k, int64_t needed)
{
	while (k->n > 1 && k->made[k->n - 2] > 0 && k->made[k->n - 2] < needed - DAY) {
		k->n--;
		secret_wipe(k->key[k->n], sizeof(k->key[0]));
	}
}

bool
seal_keys_rotate(const char *path, const struct rng *rng, int64_t now, int64_t needed,
    struct fault *f)
{
	struct seal_keys	k = { .n = 0 };
	struct buf		text;
	bool			ok;

	if (file_exists(path) && !seal_keys_load(path, &k, f))
		return false;
	drop_unneeded(&k, needed);
	if (k.n == SEAL_KEYS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "%s holds %d keys already: the oldest still "
		    "opens what it sealed", path, SEAL_KEYS_MAX);
	memmove(k.key[1], k.key[0], k.n * sizeof(k.key[0]));
	memmove(&k.made[1], &k.made[0], k.n * sizeof(k.made[0]));
	rng_fill(rng, k.key[0], sizeof(k.key[0]));
	k.made[0] = now;
	k.n++;
	buf_init(&text, SEAL_KEYS_MAX * LINE_MAX_OCTETS);
	write_lines(&k, &text);
	ok = buf_check(&text, path, f) && file_write(path, buf_view(&text), 0600, f);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_clear(&text);
	seal_keys_clear(&k);
	return ok;
}

bool
seal_keys_due(const char *path, int64_t now, bool *due, struct fault *f)
{
	struct seal_keys	k;
	bool			ok = seal_keys_load(path, &k, f);

	*due = ok && (now - k.made[0] > SEAL_KEY_DAYS * DAY || k.made[0] > now + DAY);
	seal_keys_clear(&k);
	return ok;
}

int64_t
seal_keys_since(const struct seal_keys *k, int64_t now)
{
	return k->made[k->n - 1] > now ? 0 : k->made[k->n - 1];
}

/* --- sealing -------------------------------------------------------------------------- */

bool
seal_keys_seal(const struct seal_keys *k, const struct rng *rng, struct view aad,
    struct view content, struct buf *out, struct fault *f)
{
	return aead_seal(k->key[0], rng, aad, content, out, f);
}

bool
seal_keys_open(const struct seal_keys *k, struct view aad, struct view sealed,
    struct secret *out, struct fault *f)
{
	for (size_t i = 0; i + 1 < k->n; i++)
		if (aead_open(k->key[i], aad, sealed, out, NULL))
			return true;
	return aead_open(k->key[k->n - 1], aad, sealed, out, f);
}
