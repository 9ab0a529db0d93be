/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - what one client address may have at once and per second.
 *
 * A source is an IPv4 address or an IPv6 /64, which one subscriber owns.
 */
#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include <sys/socket.h>

#include <stdbool.h>

#include "base/random.h"

#define SOURCES_MAX	65536	/* some 6 MiB; beyond it new addresses wait */

struct sources;
struct source;

struct source_limits {
	unsigned	connections;
	unsigned	rate;		/* requests per second, 0: any */
	unsigned	burst;
};

/* Borrows nothing; rng seeds the hash so that nobody can aim at one chain. */
struct sources *sources_new(const struct source_limits *limits,
	    const struct rng *rng);
void	sources_free(struct sources *t);	/* accepts NULL */

/* Count one more connection; NULL when this address may not have it. */
struct source *sources_enter(struct sources *t, const struct sockaddr *sa,
	    int64_t now_ms);
void	sources_leave(struct sources *t, struct source *s);

/* Take a token for one request.  False: too many of late. */
bool	source_allows(const struct sources *t, struct source *s, int64_t now_ms);

/* Forget addresses without connections whose bucket is full again. */
void	sources_sweep(struct sources *t, int64_t now_ms);

#endif
