/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_device.h - a device with its ticket, its folder and its wire, and what
 * must hold when its enrolment is over.
 */
#ifndef FLOW_DEVICE_H
#define FLOW_DEVICE_H

#include "flow_pki.h"
#include "peer/enroll.h"
#include "peer/enroll_state.h"

#define LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* Its clock is the PKI's. */
struct device {
	struct ticket		 t;
	struct flow_wire	 w;
	char			 dir[FLOW_PATH_MAX];
	struct enroll_report	 r;
	struct fault		 f;
	struct flow_pki		*p;
};

void	device_open(struct device *d, struct flow_pki *p, const char *template,
	    const char *identity, const char *key);
void	gateway(struct device *d, struct flow_pki *p);	/* one like every other */
void	device_close(struct device *d);

/* One run of the program on the device. */
bool	run(struct device *d);
/* The same without trouble on the wire. */
bool	run_again(struct device *d);

bool	has(const struct device *d, const char *name);
enum enroll_step step_of(const struct device *d);
void	read_pem(const struct device *d, const char *name, const char *label,
	    struct buf *out);

/*
 * One certificate, confirmed, published, installed; nothing is left of the
 * way there.  The second runs until then.
 */
void	expect_done(const struct device *d, const char *label);
void	expect_finished(struct device *d, const char *label);

#endif
