/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/look.h"

#include "crypt/digest.h"

#define LOOK_ARENA_MAX	(256u << 20)

void
look_close(struct look *v)
{
	store_close(v->store);
	arena_free(v->arena);
	authorities_clear(&v->authorities);
}

bool
look_open(const char *dir, struct look *v, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	memset(v, 0, sizeof(*v));
	if ((v->arena = arena_new(LOOK_ARENA_MAX)) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	return config_load(dir, &v->config, f) &&
	    authorities_load(&v->config, &v->authorities, f) &&
	    config_path(&v->config, "pki.db", path, sizeof(path), f) &&
	    (v->store = store_open(path, STORE_READ_ONLY, (struct store_digest){ sha256 }, f)) !=
	    NULL;
}

const char *
look_cert_state(enum store_cert_state s)
{
	static const char *const	names[STORE_CERT_STATES] = {
		"reserved", "issued", "confirmed", "superseded", "revoked", "expired", "rejected",
	};

	return (unsigned)s < STORE_CERT_STATES ? names[s] : "";
}
