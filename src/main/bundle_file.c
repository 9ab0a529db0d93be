/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/text.h"
#include "crypt/bundle.h"
#include "main/bundle_file.h"
#include "profile/prepare.h"

static bool
write_pem(const struct bundle_file *b, struct fault *f)
{
	struct secret	pem = { 0 };
	struct buf	text;
	bool		ok;

	buf_init_secret(&text, BUNDLE_MAX);
	ok = key_to_pem(b->key, &pem, f);
	if (ok) {
		buf_add(&text, pem.p, pem.n);
		pem_encode("CERTIFICATE", b->cert, &text);
		for (size_t i = 0; i < b->n_cas; i++)
			pem_encode("CERTIFICATE", b->cas[i], &text);
	}
	ok = ok && buf_check(&text, "bundle", f) && file_write(b->path, buf_view(&text), 0600, f);
	secret_clear(&pem);
	buf_clear_secret(&text);
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
	buf_init_secret(&plain, BUNDLE_MAX);
	ok = secret_generate(&how, b->rng, &plain, f);
	if (ok)
		token_display(buf_view(&plain), how.group, out);
	buf_add_u8(out, '\n');
	buf_clear_secret(&plain);
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
	buf_init_secret(&phrase, BUNDLE_MAX);
	ok = make_passphrase(b, &phrase, f) &&
	    file_write(b->passphrase_path, buf_view(&phrase), 0600, f);
	if (ok) {
		phrase.p[phrase.n - 1] = '\0';
		ok = bundle_pkcs12(&p12, (const char *)phrase.p, &file, f) &&
		    file_write(b->path, buf_view(&file), 0600, f);
	}
	buf_clear_secret(&phrase);
	buf_clear(&file);
	return ok;
}

bool
bundle_file_write(const struct bundle_file *b, struct fault *f)
{
	return b->pem ? write_pem(b, f) : write_p12(b, f);
}
