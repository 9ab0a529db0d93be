/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "flow_device.h"

void
device_open(struct device *d, struct flow_pki *p, const char *template, const char *identity,
    const char *key)
{
	static unsigned	n;
	char		name[32];

	memset(d, 0, sizeof(*d));
	d->p = p;
	flow_authorize(p, template, identity, &d->t);
	snprintf(d->t.key, sizeof(d->t.key), "%s", key);
	snprintf(name, sizeof(name), "device-%u", n++);
	flow_path(p, name, d->dir);
	flow_wire_init(&d->w, p);
}

void
gateway(struct device *d, struct flow_pki *p)
{
	static unsigned	n;
	char		identity[64];

	snprintf(identity, sizeof(identity), "fqdn:gw%u.example", n++);
	device_open(d, p, "s2s-gateway", identity, "ec-p256");
}

void
device_close(struct device *d)
{
	flow_wire_clear(&d->w);
	ticket_clear(&d->t);
}

bool
run(struct device *d)
{
	struct enroll	q = {
		.dir = d->dir, .ticket = &d->t, .transport = flow_wire(&d->w),
		.rng = rng_system(), .now = d->p->now,
	};

	d->f = (struct fault){ 0 };
	return enroll_run(&q, &d->r, &d->f);
}

bool
run_again(struct device *d)
{
	flow_wire_again(&d->w);
	return run(d);
}

bool
has(const struct device *d, const char *name)
{
	char	path[2 * FLOW_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return file_exists(path);
}

enum enroll_step
step_of(const struct device *d)
{
	struct enroll_state	st;
	struct fault		f = { 0 };
	enum enroll_step	step;

	enroll_state_init(&st);
	if (!enroll_state_load(d->dir, &st, &f))
		fail_msg("%s", f.text);
	step = st.step;
	enroll_state_clear(&st);
	return step;
}

void
read_pem(const struct device *d, const char *name, const char *label, struct buf *out)
{
	char		path[2 * FLOW_PATH_MAX];
	struct buf	pem;
	struct fault	f = { 0 };

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	buf_init(&pem, 1u << 20);
	if (!file_read(path, &pem, &f) || !pem_decode(label, buf_view(&pem), out, NULL, &f))
		fail_msg("%s: %s", path, f.text);
	buf_clear(&pem);
}

void
expect_done(const struct device *d, const char *label)
{
	static const char *const in_use[] = { "key.pem", "cert.pem", "chain.pem", "ca.pem",
		"ticket" };
	struct flow_seen	 s;

	flow_look(d->p, d->t.id, &s);
	if (s.state != STORE_AUTHZ_CONFIRMED || s.certs != 1 ||
	    s.cert != STORE_CERT_CONFIRMED || !s.published || s.on_crl)
		fail_msg("%s: authorization %d, %zu certificates, last %d, published %d", label,
		    s.state, s.certs, s.cert, s.published);
	if (step_of(d) != ENROLL_DONE || has(d, ENROLL_KEY_FILE))
		fail_msg("%s: step %s", label, enroll_step_name(step_of(d)));
	for (size_t i = 0; i < LEN(in_use); i++)
		if (!has(d, in_use[i]))
			fail_msg("%s: no %s", label, in_use[i]);
}

void
expect_finished(struct device *d, const char *label)
{
	if (!run_again(d))
		fail_msg("%s: %s", label, d->f.text);
	expect_done(d, label);
}
