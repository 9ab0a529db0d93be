/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/text.h"

static const char *const kind_names[] = {
	[FAULT_NONE] = "none",
	[FAULT_MALFORMED] = "malformed",
	[FAULT_LIMIT] = "limit",
	[FAULT_REFUSED] = "refused",
	[FAULT_SIGNATURE] = "signature",
	[FAULT_ALGORITHM] = "algorithm",
	[FAULT_NOT_FOUND] = "not-found",
	[FAULT_CONFLICT] = "conflict",
	[FAULT_USAGE] = "usage",
	[FAULT_IO] = "io",
	[FAULT_BUSY] = "busy",
	[FAULT_INTERNAL] = "internal",
};

bool
(fault_set)(struct fault *f, enum fault_kind kind, const char *rule,
    const char *fmt, ...)
{
	char	raw[FAULT_TEXT_MAX];
	va_list	ap;

	if (f == NULL || f->kind != FAULT_NONE)
		return false;
	f->kind = kind == FAULT_NONE ? FAULT_INTERNAL : kind;
	snprintf(f->rule, sizeof(f->rule), "%s", rule == NULL ? "" : rule);
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_escape(view_str(raw), 0, f->text, sizeof(f->text));
	return false;
}

bool
(fault_within)(struct fault *f, const char *fmt, ...)
{
	char	what[FAULT_TEXT_MAX], old[FAULT_TEXT_MAX];
	va_list	ap;
	size_t	n;

	if (f == NULL || f->kind == FAULT_NONE)
		return false;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	memcpy(old, f->text, sizeof(old));
	text_escape(view_str(what), 0, f->text, sizeof(f->text));
	n = strlen(f->text);
	snprintf(f->text + n, sizeof(f->text) - n, ": %s", old);
	return false;
}

void
fault_clear(struct fault *f)
{
	if (f != NULL)
		*f = (struct fault){ .kind = FAULT_NONE };
}

const char *
fault_kind_name(enum fault_kind kind)
{
	if ((size_t)kind >= sizeof(kind_names) / sizeof(kind_names[0]))
		return "unknown";
	return kind_names[kind];
}
