/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/frame.h"
#include "base/text.h"
#include "main/generated.h"
#include "message/envelope.h"

#define FOLDER		"generated"
#define VERSION		2
#define VERSION_WITHOUT_WAIT	1	/* before requests of an Admin could wait */
#define NAME_OCTETS	16	/* of the hash of an id: ids may be of any script */

void
generated_init(struct generated *g)
{
	*g = (struct generated){ 0 };
	enroll_state_init(&g->st);
}

void
generated_clear(struct generated *g)
{
	key_free(g->key);
	enroll_state_clear(&g->st);
	g->key = NULL;
	g->answered = false;
}

static bool
path_of(const struct admin *a, const char *id, char out[ADMIN_PATH_MAX], struct fault *f)
{
	uint8_t	digest[SHA256_OCTETS];
	char	hex[2 * NAME_OCTETS + 1], name[sizeof(FOLDER) + sizeof(hex) + 8];

	sha256(view_str(id), digest);
	hex_encode(view_of(digest, NAME_OCTETS), hex);
	snprintf(name, sizeof(name), FOLDER "/%s.p7m", hex);
	return path_join(out, ADMIN_PATH_MAX, a->dir, name, f);
}

/* --- writing ------------------------------------------------------------------------ */

bool
generated_waits(const struct generated *g)
{
	return !g->answered && g->st.wait.n_token > 0;
}

static void
put_wait(const struct enroll_wait *w, struct buf *out)
{
	wire_put_view(out, view_of(w->token, w->n_token));
	wire_put_u64(out, (uint64_t)w->since);
	wire_put_u64(out, (uint64_t)w->pend_at);
	wire_put_u64(out, (uint64_t)w->poll_at);
	wire_put_u32(out, w->polls);
}

static bool
put_state(const struct generated *g, struct buf *out, struct fault *f)
{
	struct secret	der = { 0 };

	if (g->key != NULL && !key_to_der(g->key, &der, f))
		return false;
	wire_put_u8(out, VERSION);
	wire_put_view(out, view_of(der.p, der.n));
	secret_clear(&der);
	wire_put_u8(out, g->answered);
	wire_put_view(out, view_of(g->st.x.id, sizeof(g->st.x.id)));
	wire_put_view(out, view_of(g->st.x.received, g->st.x.n_received));
	wire_put_u32(out, (uint32_t)g->st.n_certs);
	for (size_t i = 0; i < g->st.n_certs; i++)
		wire_put_view(out, buf_view(&g->st.certs[i]));
	put_wait(&g->st.wait, out);
	return buf_check(out, "state of an enrolment", f);
}

bool
generated_save(const struct admin *a, const char *id, const struct generated *g,
    struct fault *f)
{
	char		path[ADMIN_PATH_MAX], folder[ADMIN_PATH_MAX];
	struct buf	plain, sealed;
	bool		ok;

	buf_init_secret(&plain, GENERATED_MAX);
	buf_init(&sealed, 2 * GENERATED_MAX);
	ok = path_join(folder, sizeof(folder), a->dir, FOLDER, f) && dir_make(folder, 0700, f) &&
	    path_of(a, id, path, f) && put_state(g, &plain, f) &&
	    envelope_seal(buf_view(&plain), &a->cert, a->rng, &sealed, f) &&
	    file_write(path, buf_view(&sealed), 0600, f);
	buf_clear_secret(&plain);
	buf_clear(&sealed);
	return ok;
}

bool
generated_drop(const struct admin *a, const char *id, struct fault *f)
{
	char	path[ADMIN_PATH_MAX];

	if (!path_of(a, id, path, f))
		return false;
	return unlink(path) == 0 || errno == ENOENT || fault_set(f, FAULT_IO, "",
	    "could not remove \"%s\": %s", path, error_text(errno));
}

/* --- reading ------------------------------------------------------------------------- */

static bool
get_exchange(struct wire *w, struct exchange *x)
{
	struct view	id = wire_get_view(w), received = wire_get_view(w);

	if (id.n != sizeof(x->id) || received.n > sizeof(x->received))
		return false;
	memcpy(x->id, id.p, id.n);
	if (received.n > 0)
		memcpy(x->received, received.p, received.n);
	x->n_received = received.n;
	return true;
}

static bool
get_wait(struct wire *w, struct enroll_state *st)
{
	struct enroll_wait	*out = &st->wait;
	struct view		 token = wire_get_view(w);

	if (token.n > sizeof(out->token))
		return false;
	if (token.n > 0)
		memcpy(out->token, token.p, token.n);
	out->n_token = token.n;
	out->since = (int64_t)wire_get_u64(w);
	out->pend_at = (int64_t)wire_get_u64(w);
	out->poll_at = (int64_t)wire_get_u64(w);
	out->polls = wire_get_u32(w);
	st->step = token.n > 0 ? ENROLL_POLL : ENROLL_NONE;
	return true;
}

static bool
get_certs(struct wire *w, struct enroll_state *st)
{
	uint32_t	n = wire_get_u32(w);

	if (n > ENROLL_CERTS_MAX)
		return false;
	for (st->n_certs = 0; st->n_certs < n; st->n_certs++) {
		struct buf	*b = &st->certs[st->n_certs];

		buf_reset(b);
		buf_add_view(b, wire_get_view(w));
		if (b->n == 0 || !buf_ok(b))
			return false;
	}
	return true;
}

bool
generated_decode(struct view text, struct generated *g, struct fault *f)
{
	struct wire	w;
	struct view	key;
	uint8_t		version;
	bool		ok;

	wire_init(&w, text);
	version = wire_get_u8(&w);
	key = wire_get_view(&w);
	g->answered = wire_get_u8(&w) == 1;
	ok = get_exchange(&w, &g->st.x) && get_certs(&w, &g->st) &&
	    (version == VERSION_WITHOUT_WAIT || get_wait(&w, &g->st));
	if ((version != VERSION && version != VERSION_WITHOUT_WAIT) || !ok || (g->answered && g->st.n_certs < 2))
		return fault_set(f, FAULT_MALFORMED, "", "the state of an enrolment is damaged");
	if (!wire_end(&w, "state of an enrolment", f))
		return false;
	return (key.n == 0 && (g->answered || generated_waits(g))) || (g->key = key_load_der(key, f)) != NULL;
}

bool
generated_load(const struct admin *a, const char *id, struct generated *g, bool *found,
    struct fault *f)
{
	char		path[ADMIN_PATH_MAX];
	struct secret	plain = { 0 };
	struct buf	sealed;
	bool		ok;

	*found = false;
	if (!path_of(a, id, path, f))
		return false;
	if (!file_exists(path))
		return true;
	buf_init(&sealed, 2 * GENERATED_MAX);
	ok = (file_read(path, &sealed, f) &&
	    envelope_open(buf_view(&sealed), a->key, &a->cert, &plain, f) &&
	    generated_decode(view_of(plain.p, plain.n), g, f)) ||
	    fault_within(f, "%s, begun with an earlier certificate of this Admin?", path);
	buf_clear(&sealed);
	secret_clear(&plain);
	*found = ok;
	return ok;
}
