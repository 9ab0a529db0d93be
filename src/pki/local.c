/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/file.h"
#include "crypt/digest.h"
#include "pki/local.h"

struct local_pki {
	struct pki_config	 config;
	struct signer_local	 local;
	struct store		*store;
	struct engine		*engine;
	int64_t			 now;
};

static int64_t
fixed_clock(void *ctx)
{
	return ((struct local_pki *)ctx)->now;
}

static bool
open_parts(struct local_pki *l, const char *dir, struct fault *f)
{
	struct engine_parts	parts = { .rng = rng_system() };
	char			path[CONFIG_PATH_MAX];

	l->local.clock = fixed_clock;
	l->local.clock_ctx = l;
	if (!config_load(dir, &l->config, f) ||
	    (l->local.signer = signer_open(&l->config, true, f)) == NULL ||
	    !path_join(path, sizeof(path), dir, "pki.db", f) ||
	    (l->store = store_open(path, STORE_OPEN, (struct store_digest){ sha256 }, f)) == NULL)
		return false;
	parts.config = &l->config;
	parts.store = l->store;
	parts.signer = signer_local_link(&l->local);
	return (l->engine = engine_new(&parts, l->now, f)) != NULL;
}

struct local_pki *
local_open(const char *dir, int64_t now, struct fault *f)
{
	struct local_pki	*l = calloc(1, sizeof(*l));

	if (l == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "out of memory");
		return NULL;
	}
	l->now = now;
	if (open_parts(l, dir, f))
		return l;
	local_close(l);
	return NULL;
}

void
local_close(struct local_pki *l)
{
	if (l == NULL)
		return;
	engine_free(l->engine);
	store_close(l->store);
	signer_close(l->local.signer);
	free(l);
}

struct engine *
local_engine(struct local_pki *l)
{
	return l->engine;
}

bool
local_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct local_pki	*l = ctx;
	struct job		 j = { .message = message, .source = "local" };

	buf_init(&j.answer, FRAME_BODY_MAX);
	engine_run(l->engine, &j, 1, l->now);
	buf_add_view(answer, buf_view(&j.answer));
	buf_clear(&j.answer);
	if (j.again)
		return fault_set(f, FAULT_BUSY, "", "the engine gave no answer");
	return buf_check(answer, "answer", f);
}
