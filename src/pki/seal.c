/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/seal.h"

static void
put_since_v2(struct buf *b, const struct seal_facts *s)
{
	wire_put_view(b, s->id);
	wire_put_view(b, s->template);
	wire_put_view(b, view_of(s->content, sizeof(s->content)));
	wire_put_view(b, view_of(s->terms_digest, sizeof(s->terms_digest)));
	wire_put_view(b, s->admin);
	wire_put_u64(b, (uint64_t)s->replaces);
	wire_put_u8(b, s->state);
	wire_put_view(b, view_of(s->spki_hash, sizeof(s->spki_hash)));
	wire_put_u64(b, (uint64_t)s->epoch);
}

void
seal_facts_put(struct buf *b, const struct seal_facts *s)
{
	put_since_v2(b, s);
	wire_put_view(b, view_of(s->label_digest, sizeof(s->label_digest)));
}

/* Each field with its length: no two sets of facts give the same octets. */
void
seal_facts_aad(const struct seal_facts *s, enum seal_version v, struct buf *out)
{
	buf_add_str(out, v == SEAL_V2 ? "cvp-k2" : "cvp-k3");
	if (v == SEAL_V2)
		put_since_v2(out, s);
	else
		seal_facts_put(out, s);
}

static void
get_digest(struct wire *w, uint8_t out[32])
{
	struct view	v = wire_get_view(w);

	if (v.n == 32)
		memcpy(out, v.p, 32);
	else
		w->failed = true;
}

void
seal_facts_get(struct wire *w, struct seal_facts *out)
{
	out->id = wire_get_view(w);
	out->template = wire_get_view(w);
	get_digest(w, out->content);
	get_digest(w, out->terms_digest);
	out->admin = wire_get_view(w);
	out->replaces = (int64_t)wire_get_u64(w);
	out->state = wire_get_u8(w);
	get_digest(w, out->spki_hash);
	out->epoch = (int64_t)wire_get_u64(w);
	get_digest(w, out->label_digest);
}
