/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pem.h"
#include "base/text.h"
#include "crypt/digest.h"
#include "message/template_seal.h"

#define LABEL	"CMS"
#define BEGIN	"-----BEGIN " LABEL "-----"

void
template_seal_content(struct view der, struct buf *out)
{
	struct cmc_writer	w;
	struct cmc_mark		m;

	cmc_response_begin(&w, out);
	m = cmc_control_begin(&w, 1, CVP_TEMPLATE_INFO);
	der_put(out, DER_SEQUENCE, der);
	cmc_control_end(&w, m);
	cmc_finish(&w);
}

void
template_seal_file(struct view readable, struct view message, struct buf *out)
{
	buf_add_view(out, readable);
	buf_add_str(out, readable.n > 0 ? "\n" : "");
	pem_encode(LABEL, message, out);
}

static const uint8_t *
begin_of(struct view file)
{
	return file.n > 0 ? memmem(file.p, file.n, BEGIN, sizeof(BEGIN) - 1) : NULL;
}

bool
template_seal_is(struct view file)
{
	return begin_of(file) != NULL || (file.n > 0 && file.p[0] == DER_SEQUENCE);
}

/* The octets that were signed, and what stands before them. */
static bool
take_apart(struct view file, struct arena *a, struct view *readable, struct view *message,
    struct fault *f)
{
	const uint8_t	*begin = begin_of(file);
	struct buf	 der;
	bool		 ok;

	*readable = VIEW_NONE;
	*message = file;
	if (begin == NULL)
		return true;
	*readable = view_of(file.p, (size_t)(begin - file.p));
	buf_init(&der, TEMPLATE_SEAL_MAX);
	ok = pem_decode(LABEL, file, &der, NULL, f);
	*message = ok ? arena_copy(a, buf_view(&der)) : VIEW_NONE;
	buf_clear(&der);
	return ok && (message->p != NULL || arena_fault(f));
}

static bool
one_template(const struct exchange_answer *r, struct arena *a, struct cvp_template *out,
    struct fault *f)
{
	const struct cmc_control	*c = cmc_find(&r->response.controls, CVP_TEMPLATE_INFO);
	struct cvp_template_info	 info;

	if (c == NULL)
		return fault_set(f, FAULT_MALFORMED, "", "what is signed is no template");
	if (!cvp_template_info_decode(c->value, a, &info, f))
		return false;
	if (info.n != 1)
		return fault_set(f, FAULT_MALFORMED, "", "%zu templates in one file", info.n);
	*out = info.v[0];
	return true;
}

bool
template_seal_open(struct view file, const struct exchange_trust *trust, struct arena *a,
    struct template_seal *out, struct fault *f)
{
	struct template_seal	s;
	struct exchange_answer	r;
	struct view		message;

	if (!template_seal_is(file))
		return fault_set(f, FAULT_MALFORMED, "", "there is no signed part, which begins "
		    "with " BEGIN);
	if (!take_apart(file, a, &s.readable, &message, f) ||
	    !exchange_read_unasked(message, trust, a, &r, f) || !one_template(&r, a, &s.t, f))
		return false;
	sha256(s.t.tlv, s.digest);
	s.message = r.message;
	*out = s;
	return true;
}
