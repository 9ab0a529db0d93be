/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - a hash table of client addresses with token buckets. */
#include "net/source.h"

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#define SOURCE_KEY_OCTETS	16
#define SOURCE_CHAINS		4096u	/* a power of two */
#define TOKEN			1000	/* thousandths, to count in milliseconds */

struct source {
	struct source	*next;
	uint8_t		 key[SOURCE_KEY_OCTETS];
	unsigned	 connections;
	int64_t		 tokens;
	int64_t		 filled;	/* when tokens was right, in milliseconds */
};

struct sources {
	struct source_limits	 limits;
	uint64_t		 seed;
	size_t			 count;
	struct source		*chains[SOURCE_CHAINS];
};

struct sources *
sources_new(const struct source_limits *limits, const struct rng *rng)
{
	struct sources	*t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->limits = *limits;
	rng_fill(rng, &t->seed, sizeof(t->seed));
	return t;
}

void
sources_free(struct sources *t)
{
	struct source	*s, *next;

	if (t == NULL)
		return;
	for (size_t i = 0; i < SOURCE_CHAINS; i++) {
		for (s = t->chains[i]; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
	}
	free(t);
}

/* IPv4 and IPv4-mapped: the address; IPv6: its first 64 bits; else zero. */
static void
source_key(const struct sockaddr *sa, uint8_t key[SOURCE_KEY_OCTETS])
{
	struct sockaddr_in	v4;
	struct sockaddr_in6	v6;

	memset(key, 0, SOURCE_KEY_OCTETS);
	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(key + 12, &v4.sin_addr, 4);
		key[0] = 4;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
			memcpy(key + 12, v6.sin6_addr.s6_addr + 12, 4);
			key[0] = 4;
		} else {
			memcpy(key + 4, v6.sin6_addr.s6_addr, 8);
			key[0] = 6;
		}
	}
}

/* Every bit of x reaches every bit of the result (splitmix64). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static size_t
source_chain(const struct sources *t, const uint8_t key[SOURCE_KEY_OCTETS])
{
	uint64_t	h = t->seed, part;

	for (size_t i = 0; i < SOURCE_KEY_OCTETS; i += sizeof(part)) {
		memcpy(&part, key + i, sizeof(part));
		h = mix(h ^ part);
	}
	return (size_t)h & (SOURCE_CHAINS - 1);
}

static void
source_fill(const struct sources *t, struct source *s, int64_t now_ms)
{
	int64_t	full = (int64_t)t->limits.burst * TOKEN;
	int64_t	passed = now_ms - s->filled;

	s->filled = now_ms;
	if (passed > full)		/* at least one thousandth each millisecond */
		passed = full;
	s->tokens += passed * t->limits.rate;
	if (s->tokens > full)
		s->tokens = full;
}

static struct source *
source_find(struct sources *t, const struct sockaddr *sa, int64_t now_ms)
{
	uint8_t		 key[SOURCE_KEY_OCTETS];
	struct source	*s, **chain;

	source_key(sa, key);
	chain = &t->chains[source_chain(t, key)];
	for (s = *chain; s != NULL; s = s->next)
		if (memcmp(s->key, key, sizeof(key)) == 0)
			return s;
	if (t->count >= SOURCES_MAX || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	memcpy(s->key, key, sizeof(key));
	s->tokens = (int64_t)t->limits.burst * TOKEN;
	s->filled = now_ms;
	s->next = *chain;
	*chain = s;
	t->count++;
	return s;
}

struct source *
sources_enter(struct sources *t, const struct sockaddr *sa, int64_t now_ms)
{
	struct source	*s = source_find(t, sa, now_ms);

	if (s == NULL || s->connections >= t->limits.connections)
		return NULL;
	s->connections++;
	return s;
}

void
sources_leave(struct sources *t, struct source *s)
{
	(void)t;
	s->connections--;	/* the sweep forgets it */
}

bool
source_allows(const struct sources *t, struct source *s, int64_t now_ms)
{
	if (t->limits.rate == 0)
		return true;
	source_fill(t, s, now_ms);
	if (s->tokens < TOKEN)
		return false;
	s->tokens -= TOKEN;
	return true;
}

void
sources_sweep(struct sources *t, int64_t now_ms)
{
	struct source	*s, **at;

	for (size_t i = 0; i < SOURCE_CHAINS; i++) {
		for (at = &t->chains[i]; (s = *at) != NULL;) {
			source_fill(t, s, now_ms);
			if (s->connections > 0 ||
			    s->tokens < (int64_t)t->limits.burst * TOKEN) {
				at = &s->next;
				continue;
			}
			*at = s->next;
			free(s);
			t->count--;
		}
	}
}
