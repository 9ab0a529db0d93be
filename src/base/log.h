/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one line per finished transaction.
 *
 * A stable phrase, then fields: log_line(LOG_INFO, "certificate issued",
 * "tid=%s peer=\"%s\"", ...).  Text from outside is escaped by the logger.
 * Never keys, tokens, MACs, raw messages.  Lines go to standard error with
 * the systemd priority prefix when JOURNAL_STREAM is set.  Thread safe.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/fault.h"

enum log_level { LOG_LEVEL_ERROR = 0, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* role: "main", "front", ... appears in each line; static text. */
void	log_init(const char *role, enum log_level level);
void	log_line(enum log_level level, const char *phrase, const char *fmt, ...)
	    PRINTF_LIKE(3, 4);
/* phrase + kind=, rule=, why= from the fault. */
void	log_fault(enum log_level level, const char *phrase, const struct fault *f);

#endif
