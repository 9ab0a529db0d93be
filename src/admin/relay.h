/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - the relay's server, between what starts it (relay.c) and what it
 * answers (relay_door.c).
 */
#ifndef ADMIN_RELAY_H
#define ADMIN_RELAY_H

#include "admin/home.h"
#include "admin/relay_objects.h"
#include "admin/relay_wrap.h"
#include "base/command.h"
#include "net/url.h"

struct relay {
	const struct invocation	*in;
	struct admin		 a;
	char			 base[URL_HOST_MAX + 32];	/* scheme and authority of the PKI */
	struct net_loop		*loop;
	struct http_server	*server, *health;
	struct courier		*courier;
	struct relay_objects	*objects;
	struct relay_wrap	*wrap;		/* NULL: everything goes unchanged */
	struct arena		*arena;
	struct ssl_ctx_st	*tls;
	struct net_timer	*status;
	unsigned		 stopping;	/* servers still draining */
	bool			 lost;		/* the PKI did not answer last time */
	uint64_t		 relayed, refused, failed;
};

/* Routes of both servers; they live as long as r. */
MUST_CHECK bool relay_door_open(struct relay *r, const struct http_limits *limits, bool health,
    struct fault *f);
/* What systemctl status shows. */
void	relay_door_status(const struct relay *r);

#endif
