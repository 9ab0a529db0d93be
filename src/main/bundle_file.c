/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/text.h"
#include "crypt/bundle.h"
#include "main/bundle_file.h"
#include "profile/prepare.h"

/* What is secret in it does not move while it is written, and is wiped. */
static bool
secret_room(struct buf *b, struct fault *f)
{
	buf_init(b, BUNDLE_MAX);
	(void)buf_extend(b, BUNDLE_MAX);
	b->n = 0;
	return buf_check(b, "bundle", f);
}

static void
clear(struct buf *b)
{
	if (b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_clear(b);
}

static bool
write_pem(const struct bundle_file *b, struct fault *f)
{
	struct secret	pem = { 0 };
	struct buf	text;
	bool		ok;

	ok = secret_room(&text, f) && key_to_pem(b->key, &pem, f);
	if (ok) {
		buf_add(&text, pem.p, pem.n);
		pem_encode("CERTIFICATE", b->cert, &text);
		for (size_t i = 0; i < b->n_cas; i++)
			pem_encode("CERTIFICATE", b->cas[i], &text);
	}
	ok = ok && buf_check(&text, "bundle", f) && file_write(b->path, buf_view(&text), 0600, f);
	secret_clear(&pem);
	clear(&text);
	return ok;
}

/* As strong as a token, in groups for people who have to type it. */
static bool
make_passphrase(const struct bundle_file *b, struct buf *out, struct fault *f)
{
	struct secret_format	how;
	struct buf		plain;
	bool			ok;

	secret_format_token(&how);
	ok = secret_room(&plain, f) && secret_generate(&how, b->rng, &plain, f);
	if (ok)
		token_display(buf_view(&plain), how.group, out);
	buf_add_u8(out, '\n');
	clear(&plain);
	return ok && buf_check(out, "passphrase", f);
}

/* The passphrase is on disk before anything needs it. */
static bool
write_p12(const struct bundle_file *b, struct fault *f)
{
	struct bundle	p12 = { b->key, b->cert, b->cas, b->n_cas, b->name };
	struct buf	phrase, file;
	bool		ok;

	buf_init(&file, BUNDLE_MAX);
	ok = secret_room(&phrase, f) && make_passphrase(b, &phrase, f) &&
	    file_write(b->passphrase_path, buf_view(&phrase), 0600, f);
	if (ok) {
		phrase.p[phrase.n - 1] = '\0';
		ok = bundle_pkcs12(&p12, (const char *)phrase.p, &file, f) &&
		    file_write(b->path, buf_view(&file), 0600, f);
	}
	clear(&phrase);
	buf_clear(&file);
	return ok;
}

bool
bundle_file_write(const struct bundle_file *b, struct fault *f)
{
	return b->pem ? write_pem(b, f) : write_p12(b, f);
}
