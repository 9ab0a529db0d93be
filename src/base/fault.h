/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - why work could not be done.
 *
 * A fault is recorded once, where it is found, and logged once, where the
 * request is answered.  Its kind decides what the other side may learn; its
 * text is for our log and our operator: lower case, no full stop, names the
 * value and the rule.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdarg.h>
#include <stdbool.h>

#define MUST_CHECK	__attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a)	__attribute__((format(printf, f, a)))

enum fault_kind {
	FAULT_NONE = 0,
	FAULT_MALFORMED,	/* bytes or text that break their format */
	FAULT_LIMIT,		/* well formed, but more or larger than we take */
	FAULT_REFUSED,		/* understood, and against a rule */
	FAULT_SIGNATURE,	/* a signature, MAC or tag that does not hold */
	FAULT_ALGORITHM,	/* an algorithm or key we do not use */
	FAULT_NOT_FOUND,	/* something named does not exist */
	FAULT_CONFLICT,		/* exists already, or in another state */
	FAULT_USAGE,		/* wrong command line or configuration */
	FAULT_IO,		/* file, socket, database */
	FAULT_BUSY,		/* may well work later */
	FAULT_INTERNAL,		/* our own mistake, or memory ran out */
};

#define FAULT_RULE_MAX	64
#define FAULT_TEXT_MAX	512

struct fault {
	enum fault_kind	 kind;
	char		 rule[FAULT_RULE_MAX];	/* "RFC 10002, 3.2.2" or "" */
	char		 text[FAULT_TEXT_MAX];
};

/*
 * Record a fault and return false, so that a caller can write
 * "return fault_set(...)".  The first fault stays: a later one, found while
 * cleaning up, does not overwrite it.  f may be NULL.  Bytes that are not
 * printable ASCII or valid UTF-8 in the result are escaped as \xNN.
 */
bool	fault_set(struct fault *f, enum fault_kind kind, const char *rule,
	    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Put "what: " in front of a recorded fault's text; returns false. */
bool	fault_within(struct fault *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Both return false, whatever is in f; said here so that the compiler knows it
 * too, and follows what happens after a fault.
 */
static inline bool
fault_false(bool result)
{
	(void)result;
	return false;
}
#define fault_set(...)		fault_false((fault_set)(__VA_ARGS__))
#define fault_within(...)	fault_false((fault_within)(__VA_ARGS__))

/* Make f usable for a fresh piece of work. */
void	fault_clear(struct fault *f);

/* "malformed", "refused", ...: stable words for logs and JSON. */
const char *fault_kind_name(enum fault_kind kind);

#endif
