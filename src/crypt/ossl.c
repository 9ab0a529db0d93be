/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "crypt/ossl.h"

#define REASON_MAX	256

bool
ossl_fault(struct fault *f, enum fault_kind kind, const char *rule, const char *fmt,
    ...)
{
	char		 what[FAULT_TEXT_MAX], why[REASON_MAX];
	const char	*reason;
	unsigned long	 code = ERR_peek_last_error();
	va_list		 ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	reason = code == 0 ? NULL : ERR_reason_error_string(code);
	snprintf(why, sizeof(why), "%s%s", reason == NULL ? "" : ": ",
	    reason == NULL ? "" : reason);
	ERR_clear_error();
	return fault_set(f, kind, rule, "%s%s", what, why);
}
