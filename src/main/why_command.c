/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why: what does the daemon's message mean, and which of its causes is it here?
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "base/text.h"
#include "main/commands.h"
#include "main/objects.h"
#include "profile/why.h"

#define LOG_OCTETS_MAX	(UINT64_C(64) << 20)	/* days of a busy gateway */
#define SHOWN_MAX	(4 * WHY_LINE_MAX + 1)	/* each octet as \xNN */

static const struct option options[] = {
	{ "cert", "FILE...", NULL, "certificates at hand, the peer's and those between" },
	{ "trust", "FILE...", NULL, "CA certificates that are trusted" },
	{ "crl", "FILE...", NULL, "CRLs" },
	{ "ocsp", "FILE...", NULL, "OCSP responses" },
	{ "at", "DATE", NULL, "as of then, as 2026-11-25 or 2026-11-25T08:00:00Z [now]" },
	{ "id", "ID", NULL, "the identity asked for, if the message does not say it" },
	{ "log", "FILE", NULL, "read log lines from this file" },
	{ "last", "N", "8", "explain the last N different messages, up to 64" },
	{ 0 },
};

enum { CERTS, TRUST, CRLS, OCSP, KINDS };
static const char *const names[KINDS] = { "cert", "trust", "crl", "ocsp" };
static const enum object_kind kinds[KINDS] = { OBJECT_CERTIFICATE, OBJECT_CERTIFICATE, OBJECT_CRL,
	OBJECT_OCSP };

/* What the command line names, read. */
struct input {
	struct objects	objects[KINDS];
	struct view	*lists[KINDS];
	struct ike_id	 id;
	struct why_hand	 hand;
	struct why_log	 log;
};

/* --- reading --------------------------------------------------------------------------- */

static bool
read_objects(const struct invocation *in, struct input *q, unsigned k, size_t *n,
    struct fault *f)
{
	struct objects	*o = &q->objects[k];

	return objects_init(o, f) && objects_of_option(o, in, names[k], kinds[k], f) &&
	    objects_of_kind(o, kinds[k], &q->lists[k], n, f);
}

static bool
read_hand(const struct invocation *in, struct input *q, struct fault *f)
{
	const char	*id = option_value(in, "id");
	struct why_hand	*h = &q->hand;

	if (id != NULL && !ike_id_parse(id, &q->id, f))
		return false;
	if (!read_objects(in, q, CERTS, &h->ncerts, f) ||
	    !read_objects(in, q, TRUST, &h->nanchors, f) ||
	    !read_objects(in, q, CRLS, &h->ncrls, f) ||
	    !read_objects(in, q, OCSP, &h->nocsp, f))
		return false;
	h->id = id == NULL ? NULL : &q->id;
	h->certs = q->lists[CERTS];
	h->anchors = q->lists[TRUST];
	h->crls = q->lists[CRLS];
	h->ocsp = q->lists[OCSP];
	return objects_at(in, &h->at, f);
}

static bool
read_stream(FILE *from, const char *name, struct why_log *l, struct fault *f)
{
	char		piece[65536];
	uint64_t	all = 0;
	size_t		n;

	while ((n = fread(piece, 1, sizeof(piece), from)) > 0) {
		if ((all += n) > LOG_OCTETS_MAX)
			return fault_set(f, FAULT_LIMIT, "", "\"%s\" has more than 64 MiB: give "
			    "its end, as tail -n 100000 does", name);
		why_log_add(l, view_of(piece, n));
	}
	why_log_end(l);
	return ferror(from) == 0 || fault_set(f, FAULT_IO, "", "could not read \"%s\": %s", name,
	    error_text(errno));
}

static bool
read_file(const char *path, struct why_log *l, struct fault *f)
{
	FILE	*from = fopen(path, "re");
	bool	 ok;

	if (from == NULL)
		return fault_set(f, FAULT_IO, "", "could not open \"%s\": %s", path,
		    error_text(errno));
	ok = read_stream(from, path, l, f);
	fclose(from);
	return ok;
}

/* Each word a line; if none says anything, all of them as one. */
static void
read_words(const struct invocation *in, struct why_log *l)
{
	for (size_t i = 0; i < in->nargs; i++) {
		why_log_add(l, view_str(in->args[i]));
		why_log_add(l, VIEW_LIT("\n"));
	}
	if (l->known > 0 || in->nargs < 2)
		return;
	for (size_t i = 0; i < in->nargs; i++) {
		why_log_add(l, view_str(in->args[i]));
		why_log_add(l, VIEW_LIT(" "));
	}
	why_log_end(l);
	l->lines = 1;
}

static bool
read_log(const struct invocation *in, struct why_log *l, struct fault *f)
{
	const char	*path = option_value(in, "log");
	int64_t		 keep;

	if (!number_parse("--last", option_value(in, "last"), 1, WHY_KEPT_MAX, &keep, f))
		return false;
	why_log_init(l, (size_t)keep);
	if ((path != NULL) == (in->nargs > 0))
		return fault_set(f, FAULT_USAGE, "", "want a message, \"-\" or --log FILE");
	if (path == NULL && in->nargs == 1 && strcmp(in->args[0], "-") == 0) {
		if (!read_stream(stdin, "standard input", l, f))
			return false;
	} else if (path != NULL) {
		if (!read_file(path, l, f))
			return false;
	} else {
		read_words(in, l);
	}
	return !l->failed || fault_set(f, FAULT_INTERNAL, "", "out of memory");
}

/* --- saying it --------------------------------------------------------------------------- */

static const char *
escaped(struct view v, char *out)
{
	text_escape(v, 0, out, SHOWN_MAX);
	return out;
}

static void
print_causes(const struct why_verdict *v)
{
	char	text[SHOWN_MAX];

	for (size_t i = 0; i < v->n; i++)
		if (v->causes[i].found) {
			printf("  because %s: %s\n", v->causes[i].cause->text,
			    escaped(view_str(v->causes[i].text), text));
			printf("          %s, %s\n", v->causes[i].by, v->causes[i].section);
			printf("  repair: %s\n", v->causes[i].cause->repair);
		}
	if (v->contradicted)
		printf("  the certificates given show none of the causes that can be seen in them\n");
	for (size_t i = 0; i < v->n; i++)
		if (!v->causes[i].found && (v->named == NULL || v->n == 1)) {
			const struct why_cause	*c = v->causes[i].cause;

			printf("  %s %s%s%s%s\n", v->n == 1 ? "because" : "perhaps", c->text,
			    c->section[0] == '\0' ? "" : " (", c->section,
			    c->section[0] == '\0' ? "" : ")");
			printf("  repair: %s\n", c->repair);
		}
}

static void
print_text(const struct why_seen *s, const struct why_verdict *v, bool quiet)
{
	char	text[SHOWN_MAX];

	if (quiet) {
		printf("%s: %s\n", s->match.row->name, v->named == NULL ? "-" : v->named->name);
		return;
	}
	printf("%s (line %" PRIu64, s->match.row->name, s->number);
	if (s->count > 1)
		printf(", %" PRIu64 " times", s->count);
	printf("): %s\n", escaped(view_str(s->line), text));
	printf("  means: %s\n", s->match.row->meaning);
	print_causes(v);
}

static json_t *
json_causes(const struct why_verdict *v)
{
	json_t	*list = json_array();
	char	 text[SHOWN_MAX];

	for (size_t i = 0; i < v->n; i++) {
		const struct why_cause	*c = v->causes[i].cause;
		bool			 found = v->causes[i].found;

		json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:s, s:s, s:o, s:s}",
		    "cause", c->name, "found", found, "text", c->text, "repair", c->repair,
		    "section", found ? v->causes[i].section : c->section,
		    "by", found ? json_string(v->causes[i].by) : json_null(),
		    "value", escaped(view_str(v->causes[i].text), text)));
	}
	return list;
}

static json_t *
json_finding(const struct why_seen *s, const struct why_verdict *v)
{
	char	line[SHOWN_MAX], id[SHOWN_MAX];

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:o, s:o}",
	    "message", s->match.row->name, "product", s->match.row->product,
	    "text", escaped(view_str(s->line), line), "line", (json_int_t)s->number,
	    "count", (json_int_t)s->count, "id", escaped(s->match.id, id),
	    "meaning", s->match.row->meaning,
	    "cause", v->named == NULL ? json_null() : json_string(v->named->name),
	    "causes", json_causes(v));
}

static void
print_json(const struct why_log *l, json_t *findings)
{
	json_t	*j = json_pack("{s:o, s:I, s:I}", "findings", findings,
	    "lines", (json_int_t)l->lines, "known", (json_int_t)l->known);

	json_dumpf(j, stdout, JSON_COMPACT);
	printf("\n");
	json_decref(j);
}

/* 0: a cause is named for one of them; 3: in general only; 1: nothing is known. */
static bool
explain(const struct invocation *in, const struct input *q, int *rc, struct fault *f)
{
	struct why_verdict	*v = calloc(1, sizeof(*v));
	json_t			*list = in->json ? json_array() : NULL;
	bool			 ok = v != NULL || fault_set(f, FAULT_INTERNAL, "",
				     "out of memory");

	*rc = q->log.n == 0 ? EXIT_FAILED : EXIT_PARTIAL;
	for (size_t i = 0; ok && i < q->log.n; i++) {
		const struct why_seen	*s = &q->log.seen[i];

		if (!(ok = why_judge(&s->match, &q->hand, v, f)))
			break;
		if (v->named != NULL)
			*rc = EXIT_DONE;
		if (in->json)
			json_array_append_new(list, json_finding(s, v));
		else
			print_text(s, v, in->quiet);
	}
	free(v);
	if (ok && in->json)
		print_json(&q->log, list);
	else
		json_decref(list);
	if (ok && !in->json && !in->quiet && q->log.n == 0)
		printf("no known message; lines read: %" PRIu64 "\n", q->log.lines);
	return ok;
}

static int
run(const struct invocation *in)
{
	struct input	*q = calloc(1, sizeof(*q));
	struct fault	 f = { 0 };
	int		 rc = EXIT_FAILED;

	if (q == NULL)
		fault_set(&f, FAULT_INTERNAL, "", "out of memory");
	if (q == NULL || !read_log(in, &q->log, &f) || !read_hand(in, q, &f) ||
	    !explain(in, q, &rc, &f))
		rc = command_fail(in, &f, f.kind == FAULT_USAGE ? "pki4ipsec why --help" : NULL);
	if (q == NULL)
		return rc;
	why_log_clear(&q->log);
	for (unsigned k = 0; k < KINDS; k++) {
		free(q->lists[k]);
		objects_clear(&q->objects[k]);
	}
	free(q);
	return rc;
}

const struct command cmd_why = {
	.name = "why", .args = "[TEXT|-...]", .max_args = ARGUMENTS_MAX,
	.help = "what does an IKE daemon's error mean here?",
	.options = options, .run = run,
};
