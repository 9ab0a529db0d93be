/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define LINE_OCTETS_MAX	2048	/* below PIPE_BUF: one write, one line */
#define PIECE_OCTETS_MAX 512	/* one field's value */
#define SPEC_OCTETS_MAX	24

static const char *const level_words[] = { "error", "warning", "info", "debug" };
static const char *const level_priorities[] = { "<3>", "<4>", "<6>", "<7>" };

static const char	*log_role = "pki4ipsec";
static enum log_level	 log_level_max = LOG_LEVEL_INFO;

struct line {
	char	text[LINE_OCTETS_MAX];
	size_t	n;
};

void
log_init(const char *role, enum log_level level)
{
	log_role = role;
	log_level_max = level;
}

/* Room is left for the new line. */
static void
line_add(struct line *l, const char *s, size_t n)
{
	size_t	room = sizeof(l->text) - 1 - l->n;

	if (n > room)
		n = room;
	memcpy(l->text + l->n, s, n);
	l->n += n;
}

static void
line_add_str(struct line *l, const char *s)
{
	line_add(l, s, strlen(s));
}

/* A string argument: from outside until proven otherwise. */
static void
line_add_outside(struct line *l, const char *s, size_t max)
{
	char	piece[PIECE_OCTETS_MAX];
	size_t	n = s == NULL ? 0 : strnlen(s, max);

	line_add(l, piece, text_escape(view_of(s, n), '"', piece, sizeof(piece)));
}

/* One conversion of a format, as far as log lines use them. */
struct spec {
	char	text[SPEC_OCTETS_MAX];	/* "%08x" */
	size_t	n;
	int	longs;			/* l, ll, j and z count as long */
	int	precision;		/* -1 without; used for strings */
	char	conversion;
};

/* Read the conversion at fmt (which is '%'); returns what follows it. */
static const char *
spec_read(const char *fmt, va_list *ap, struct spec *s)
{
	*s = (struct spec){ .precision = -1 };
	do {
		if (s->n + 2 >= sizeof(s->text) || *fmt == '\0')
			return fmt;
		if (*fmt == 'l' || *fmt == 'z' || *fmt == 'j')
			s->longs++;
		if (*fmt == '*')
			s->precision = va_arg(*ap, int);
		if (*fmt == '.' && fmt[1] >= '0' && fmt[1] <= '9')
			s->precision = (int)strtol(fmt + 1, NULL, 10);
		s->text[s->n++] = *fmt;
	} while (strchr("diuxXcspfge%", *fmt++) == NULL || s->n == 1);
	s->text[s->n] = '\0';
	s->conversion = s->text[s->n - 1];
	return fmt;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* The compiler has checked fmt's types at the call of log_line(). */
static void
line_add_number(struct line *l, const struct spec *s, va_list *ap)
{
	char	piece[64];
	int	n;

	if (s->conversion == 'p')
		n = snprintf(piece, sizeof(piece), "%p", va_arg(*ap, void *));
	else if (strchr("fge", s->conversion) != NULL)
		n = snprintf(piece, sizeof(piece), s->text,
		    va_arg(*ap, double));
	else if (s->longs > 1)
		n = snprintf(piece, sizeof(piece), s->text,
		    va_arg(*ap, long long));
	else if (s->longs == 1)
		n = snprintf(piece, sizeof(piece), s->text, va_arg(*ap, long));
	else
		n = snprintf(piece, sizeof(piece), s->text, va_arg(*ap, int));
	if (n > 0)
		line_add(l, piece, (size_t)n < sizeof(piece) ? (size_t)n :
		    sizeof(piece) - 1);
}
#pragma GCC diagnostic pop

/*
 * printf, but with every string escaped by itself: a name with a quote in it
 * cannot end its field and begin another.
 */
static void
line_addv(struct line *l, const char *fmt, va_list *ap)
{
	struct spec	 s;
	const char	*percent;

	while ((percent = strchr(fmt, '%')) != NULL) {
		line_add(l, fmt, (size_t)(percent - fmt));
		fmt = spec_read(percent, ap, &s);
		if (s.conversion == '%')
			line_add(l, "%", 1);
		else if (s.conversion == 's')
			line_add_outside(l, va_arg(*ap, const char *),
			    s.precision < 0 ? SIZE_MAX : (size_t)s.precision);
		else if (s.conversion != '\0')
			line_add_number(l, &s, ap);
		else
			return;
	}
	line_add_str(l, fmt);
}

/* What stands in front: the journal has the time, a terminal does not. */
static void
line_start(struct line *l, enum log_level level)
{
	char	date[32];

	l->n = 0;
	if (getenv("JOURNAL_STREAM") != NULL) {
		line_add_str(l, level_priorities[level]);
	} else {
		date_format((int64_t)time(NULL), date);
		line_add_str(l, date);
		line_add_str(l, " ");
		line_add_str(l, level_words[level]);
		line_add_str(l, " ");
	}
	line_add_str(l, log_role);
	line_add_str(l, ": ");
}

static void
line_finish(struct line *l)
{
	ssize_t	r;

	l->text[l->n++] = '\n';
	/* There is nobody to tell that the log cannot be written. */
	r = write(STDERR_FILENO, l->text, l->n);
	(void)r;
}

void
log_line(enum log_level level, const char *phrase, const char *fmt, ...)
{
	struct line	l;
	va_list		ap;

	if (level > log_level_max)
		return;
	line_start(&l, level);
	line_add_str(&l, phrase);
	if (fmt != NULL && fmt[0] != '\0') {
		line_add_str(&l, " ");
		va_start(ap, fmt);
		line_addv(&l, fmt, &ap);
		va_end(ap);
	}
	line_finish(&l);
}

void
log_fault(enum log_level level, const char *phrase, const struct fault *f)
{
	if (f->rule[0] == '\0')
		log_line(level, phrase, "kind=%s why=\"%s\"",
		    fault_kind_name(f->kind), f->text);
	else
		log_line(level, phrase, "kind=%s rule=\"%s\" why=\"%s\"",
		    fault_kind_name(f->kind), f->rule, f->text);
}
