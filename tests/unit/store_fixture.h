/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fixture.h - a fresh store in a folder of its own, and small rows.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "crypt/digest.h"
#include "store/store_authz.h"
#include "store/store_cert.h"
#include "store/store_log.h"

#define NOW	INT64_C(1800000000)

struct fixture {
	char		 dir[64], path[96];
	struct store	*st;
	struct arena	*a;
	struct fault	 f;
};

/* Show what the store said before failing. */
#define OK(x, call) do {						\
	if (!(call))							\
		fail_msg("%s: %s", #call, (x)->f.text);			\
} while (0)

#define REFUSED(x, want, call) do {					\
	assert_false(call);						\
	assert_string_equal(fault_kind_name((x)->f.kind),		\
	    fault_kind_name(want));					\
	fault_clear(&(x)->f);						\
} while (0)

static inline void
fixture_open(struct fixture *x, enum store_mode mode)
{
	x->st = store_open(x->path, mode, (struct store_digest){ sha256 }, &x->f);
	if (x->st == NULL)
		fail_msg("open: %s", x->f.text);
}

static inline void
fixture_reopen(struct fixture *x)
{
	store_close(x->st);
	fixture_open(x, STORE_OPEN);
}

static inline int
fixture_up(void **state)
{
	struct fixture	*x = calloc(1, sizeof(*x));

	assert_non_null(x);
	(void)snprintf(x->dir, sizeof(x->dir), "/tmp/pki4ipsec-store-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	(void)snprintf(x->path, sizeof(x->path), "%s/pki.db", x->dir);
	x->a = arena_new(16u << 20);
	assert_non_null(x->a);
	fixture_open(x, STORE_CREATE);
	*state = x;
	return 0;
}

static inline int
fixture_down(void **state)
{
	struct fixture	*x = *state;

	store_close(x->st);
	arena_free(x->a);
	assert_true(dir_remove(x->dir, &x->f));
	free(x);
	return 0;
}

static inline int64_t
add_admin(struct fixture *x, const char *name)
{
	struct store_admin	ad = { .name = name, .rights = "all", .created = NOW };

	OK(x, store_admin_insert(x->st, &ad, &x->f));
	return ad.n;
}

static inline int64_t
add_ca(struct fixture *x, const char *name)
{
	struct store_ca	ca = { .name = name, .cert = VIEW_LIT("der") };

	OK(x, store_ca_insert(x->st, &ca, &x->f));
	return ca.n;
}

static inline struct store_authz
new_authz(const char *id, int64_t admin)
{
	struct store_authz	z = { .id = id, .admin = admin, .label = "gw",
		.entry_id = 1, .terms = VIEW_LIT("terms"),
		.window_from = NOW, .window_to = NOW + 100,
		.confirm_within = 3600, .subject = VIEW_LIT("subject"),
		.sans = "fqdn:gw1.example", .created = NOW,
		.state = STORE_AUTHZ_OPEN, .sealed = VIEW_LIT("sealed K"),
		.sealed_cancel = VIEW_LIT("sealed Kc"), .epoch = 1,
		.changed = NOW };

	sha256(view_str(id), z.content_digest);
	return z;
}

static inline struct store_authz
add_authz(struct fixture *x, const char *id, int64_t admin)
{
	struct store_authz	z = new_authz(id, admin);

	OK(x, store_authz_insert(x->st, &z, &x->f));
	return z;
}

static inline struct store_cert
new_cert(struct fixture *x, int64_t ca, int64_t authz)
{
	struct store_cert	c = { .ca = ca, .authz = authz,
		.body = VIEW_LIT("tbs"), .subject = "CN=gw1",
		.identity = "fqdn:gw1.example", .not_before = NOW,
		.not_after = NOW + 1000, .created = NOW };

	OK(x, store_cert_number(x->st, &c.n, &x->f));
	c.serial[0] = 1;
	c.serial[5] = (uint8_t)c.n;
	return c;
}

static inline struct store_cert
add_cert(struct fixture *x, int64_t ca, int64_t authz)
{
	struct store_cert	c = new_cert(x, ca, authz);

	OK(x, store_cert_insert(x->st, &c, &x->f));
	return c;
}

/* Bring a certificate of authz to a state. */
static inline int64_t
cert_in_state(struct fixture *x, int64_t authz, enum store_cert_state want,
    int64_t not_after)
{
	struct store_cert	c = new_cert(x, 1, authz);
	bool			done = true;

	c.not_after = not_after;
	c.sha1[0] = (uint8_t)c.n;
	if (want != STORE_CERT_RESERVED && want != STORE_CERT_REJECTED)
		c.state = STORE_CERT_ISSUED;
	OK(x, store_cert_insert(x->st, &c, &x->f));
	if (want == STORE_CERT_REJECTED)
		OK(x, store_cert_move(x->st, c.n, STORE_CERT_RESERVED, want, 0,
		    &done, &x->f));
	else if (want == STORE_CERT_CONFIRMED)
		OK(x, store_cert_confirm(x->st, c.n, NOW, &done, &x->f));
	else if (want == STORE_CERT_REVOKED)
		OK(x, store_cert_revoke(x->st, c.n, NOW + c.n, 1, NOW - 5, &done,
		    &x->f));
	else if (want > STORE_CERT_ISSUED)
		OK(x, store_cert_move(x->st, c.n, STORE_CERT_ISSUED, want, 0,
		    &done, &x->f));
	assert_true(done);
	return c.n;
}

static inline void
add_audit(struct fixture *x, const char *action)
{
	struct store_audit	e = { .time = NOW, .actor = "pki",
				    .action = action, .object = "authz:1" };

	OK(x, store_audit_insert(x->st, &e, &x->f));
}

/* Count rows. */
static inline bool
count_audit(void *ctx, const struct store_audit *e, struct fault *f)
{
	(void)e;
	(void)f;
	++*(int64_t *)ctx;
	return true;
}

#endif
