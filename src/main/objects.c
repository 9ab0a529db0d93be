/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/command.h"
#include "base/file.h"
#include "base/pem.h"
#include "base/text.h"
#include "codec/cms.h"
#include "codec/crl.h"
#include "main/objects.h"
#include "net/client.h"

#define DEPTH_MAX	16		/* folders below one another */
#define FILE_MAX	CRL_OCTETS_MAX	/* the largest thing we read is a CRL */
#define URL_OCTETS_MAX	(32u << 20)

bool
objects_init(struct objects *o, struct fault *f)
{
	*o = (struct objects){ .a = arena_new(OBJECTS_OCTETS) };
	return o->a != NULL || fault_set(f, FAULT_INTERNAL, "", "out of memory");
}

void
objects_clear(struct objects *o)
{
	arena_free(o->a);
	free(o->list);
	*o = (struct objects){ 0 };
}

static bool
add(struct objects *o, const struct object *one, struct fault *f)
{
	if (o->n == OBJECTS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d certificates and CRLs",
		    OBJECTS_MAX);
	if (o->n == o->room) {
		size_t		 room = o->room == 0 ? 64 : 2 * o->room;
		struct object	*more = realloc(o->list, room * sizeof(*more));

		if (more == NULL)
			return fault_set(f, FAULT_INTERNAL, "", "out of memory");
		o->list = more;
		o->room = room;
	}
	o->list[o->n++] = *one;
	return true;
}

/* --- messages ------------------------------------------------------------------ */

static bool
add_all(struct objects *o, const struct object *like, const struct view *list, size_t n,
    enum object_kind kind, struct fault *f)
{
	struct object	one = *like;

	one.from_message = true;
	one.kind = kind;
	for (size_t i = 0; i < n; i++) {
		one.der = list[i];
		one.number = like->number + i;
		if (!add(o, &one, f))
			return false;
	}
	return true;
}

static bool
open_cms(struct objects *o, const struct object *one, struct fault *f)
{
	struct cms_signed	s;

	return cms_signed_decode(one->der, o->a, &s, f) &&
	    add_all(o, one, s.certificates, s.certificate_count, OBJECT_CERTIFICATE, f) &&
	    add_all(o, one, s.crls, s.crl_count, OBJECT_CRL, f);
}

/*
 * OCSPResponse ::= SEQUENCE { status, [0] { type, OCTET STRING { BasicOCSPResponse
 * ::= SEQUENCE { data, algorithm, signature, [0] certs } } } } (RFC 6960, 4.2.1)
 */
static bool
open_ocsp(struct objects *o, const struct object *one, struct fault *f)
{
	struct der	d, in, certs;
	struct view	v, list[8];
	uint64_t	status;
	size_t		n = 0;
	bool		present;

	der_init(&d, one->der);
	if (!der_open(&d, DER_SEQUENCE, &d, f) || !der_enum(&d, 6, &status, f))
		return false;
	if (der_at_end(&d))
		return true;
	if (!der_open(&d, DER_CONTEXT_C(0), &d, f) || !der_open(&d, DER_SEQUENCE, &d, f) ||
	    !der_oid(&d, &v, f) || !der_octets(&d, &v, f))
		return false;
	der_init(&d, v);
	if (!der_open(&d, DER_SEQUENCE, &in, f) || !der_get_any(&in, &v, f) ||
	    !der_get_any(&in, &v, f) || !der_get_any(&in, &v, f) ||
	    !der_open_optional(&in, DER_CONTEXT_C(0), &certs, &present, f))
		return false;
	if (!present || !der_open(&certs, DER_SEQUENCE, &certs, f))
		return !present;
	while (n < sizeof(list) / sizeof(list[0]) && !der_at_end(&certs))
		if (!der_get_any(&certs, &list[n++], f))
			return false;
	return add_all(o, one, list, n, OBJECT_CERTIFICATE, f);
}

static bool
add_opened(struct objects *o, const struct object *one, struct fault *f)
{
	bool	ok;

	if (one->kind != OBJECT_CMS && one->kind != OBJECT_OCSP)
		return add(o, one, f);
	ok = one->kind == OBJECT_CMS ? open_cms(o, one, f) : open_ocsp(o, one, f);
	return ok || fault_within(f, "%s", one->source);
}

/* --- one source ------------------------------------------------------------------ */

/* A block that says it is one of ours, whatever is inside. */
static bool
is_labelled(struct view label)
{
	for (enum object_kind k = OBJECT_CERTIFICATE; k <= OBJECT_OCSP; k++)
		if (object_label_fits(k, label))
			return true;
	return false;
}

static bool
take_block(struct objects *o, const struct pem_block *b, struct object *one,
    struct fault *f)
{
	struct buf	der;
	bool		ok = true;

	buf_init(&der, FILE_MAX);
	if (!base64_decode(b->body, &der))
		ok = fault_set(f, FAULT_MALFORMED, "RFC 7468, 3",
		    "%s: the PEM block that begins in line %zu is not base64", one->source,
		    b->line);
	if (ok) {
		one->label = b->label;
		one->line = b->line;
		one->longest = b->longest;
		one->der = arena_copy(o->a, buf_view(&der));
		one->kind = object_kind(one->der);
		one->number++;
		ok = (one->der.p != NULL || der.n == 0 || arena_fault(f)) &&
		    add_opened(o, one, f);
	}
	buf_clear(&der);
	return ok;
}

static bool
take_pem(struct objects *o, struct object *one, struct view text, bool *found,
    struct fault *f)
{
	struct pem_reader	r;
	struct pem_block	b;
	bool			more;

	pem_reader_init(&r, text);
	for (;;) {
		if (!pem_next(&r, &b, &more, f))
			return fault_within(f, "%s", one->source);
		if (!more)
			return true;
		if (!is_labelled(b.label))	/* keys and parameters live here too */
			continue;
		*found = true;
		if (!take_block(o, &b, one, f))
			return false;
	}
}

bool
objects_take(struct objects *o, const char *source, struct view content, bool *found,
    struct fault *f)
{
	struct object	one = { .source = arena_str(o->a, view_str(source)) };
	struct view	copy;

	*found = false;
	if (one.source == NULL)
		return arena_fault(f);
	if ((one.kind = object_kind(content)) != OBJECT_OTHER) {
		*found = true;
		one.der = arena_copy(o->a, content);
		one.number = 1;
		return one.der.p == NULL ? arena_fault(f) : add_opened(o, &one, f);
	}
	if (memmem(content.p, content.n, "-----BEGIN ", 11) == NULL)
		return true;
	copy = arena_copy(o->a, content);	/* labels point into it */
	return copy.p == NULL ? arena_fault(f) : take_pem(o, &one, copy, found, f);
}

static bool
read_stream(struct buf *b, struct fault *f)
{
	uint8_t	piece[65536];
	size_t	n;

	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_add(b, piece, n);
	return ferror(stdin) == 0 ? buf_check(b, "standard input", f) :
	    fault_set(f, FAULT_IO, "", "could not read standard input");
}

static bool
nothing_in(const char *source, struct fault *f)
{
	return fault_set(f, FAULT_MALFORMED, "",
	    "%s holds neither certificate nor CRL nor request, in PEM or DER",
	    strcmp(source, "-") == 0 ? "standard input" : source);
}

static bool
read_file(struct objects *o, const char *path, bool *found, struct fault *f)
{
	struct buf	content;
	bool		ok;

	buf_init(&content, FILE_MAX);
	ok = strcmp(path, "-") == 0 ? read_stream(&content, f) :
	    file_read(path, &content, f);
	ok = ok && objects_take(o, path, buf_view(&content), found, f);
	buf_clear(&content);
	return ok;
}

/* --- folders --------------------------------------------------------------------- */

static int
is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static bool
read_any(struct objects *o, const char *path, unsigned depth, struct fault *f);

/* What lies in a folder and cannot be read as ours is passed over. */
static bool
read_folder(struct objects *o, const char *path, unsigned depth, struct fault *f)
{
	struct dirent	**names = NULL;
	char		  one[PATH_MAX];
	int		  n;
	bool		  ok = true;

	if (depth == DEPTH_MAX)
		return fault_set(f, FAULT_LIMIT, "", "\"%s\" lies deeper than %d folders", path,
		    DEPTH_MAX);
	if ((n = scandir(path, &names, is_visible, alphasort)) < 0)
		return fault_set(f, FAULT_IO, "", "could not read folder \"%s\": %s", path,
		    error_text(errno));
	for (int i = 0; i < n; i++) {
		ok = ok && path_join(one, sizeof(one), path, names[i]->d_name, f) &&
		    read_any(o, one, depth + 1, f);
		free(names[i]);
	}
	free(names);
	return ok;
}

/* The others are still read. */
static bool
note_unreadable(struct objects *o, const char *path, struct fault *f)
{
	struct object	one = { .source = arena_str(o->a, view_str(path)), .number = 1,
			    .unreadable = arena_str(o->a, view_str(f->text)) };

	if (f->kind != FAULT_MALFORMED && f->kind != FAULT_LIMIT)
		return false;
	if (one.source == NULL || one.unreadable == NULL)
		return false;
	fault_clear(f);
	return add(o, &one, f);
}

static bool
read_any(struct objects *o, const char *path, unsigned depth, struct fault *f)
{
	struct stat	st;
	bool		found = false;

	/* below the first, links could lead in circles */
	if ((depth == 0 ? stat(path, &st) : lstat(path, &st)) == -1)
		return fault_set(f, FAULT_NOT_FOUND, "", "could not open \"%s\": %s", path,
		    error_text(errno));
	if (S_ISDIR(st.st_mode))
		return read_folder(o, path, depth, f);
	if (depth > 0 && !S_ISREG(st.st_mode))
		return true;
	if (!read_file(o, path, &found, f))
		return note_unreadable(o, path, f);
	if (!found && depth == 0)
		return nothing_in(path, f) || note_unreadable(o, path, f);
	o->passed_over += !found;
	return true;
}

bool
objects_read(struct objects *o, const char *path, struct fault *f)
{
	bool	found = false;

	if (strcmp(path, "-") != 0)
		return read_any(o, path, 0, f);
	return (read_file(o, path, &found, f) && (found || nothing_in(path, f))) ||
	    note_unreadable(o, path, f);
}

bool
objects_read_whole(struct objects *o, const char *path, enum object_kind kind,
    struct fault *f)
{
	struct object		one = { .kind = kind, .number = 1 };
	struct pem_reader	r;
	struct pem_block	b;
	struct buf		content, der;
	bool			found, ok;

	buf_init(&content, FILE_MAX);
	buf_init(&der, FILE_MAX);
	ok = file_read(path, &content, f);
	if (ok && object_kind(buf_view(&content)) == kind) {
		one.der = arena_copy(o->a, buf_view(&content));
	} else if (ok) {
		pem_reader_init(&r, buf_view(&content));
		ok = pem_next(&r, &b, &found, f) && ((found && base64_decode(b.body, &der) &&
		    object_kind(buf_view(&der)) == kind) ||
		    fault_set(f, FAULT_MALFORMED, "", "%s holds no %s", path,
		    object_kind_name(kind)));
		one.der = arena_copy(o->a, buf_view(&der));
	}
	one.source = arena_str(o->a, view_str(path));
	ok = ok && ((one.der.p != NULL && one.source != NULL) || arena_fault(f)) &&
	    add(o, &one, f);
	buf_clear(&content);
	buf_clear(&der);
	return ok;
}

bool
objects_fetch(struct objects *o, const char *url, struct fault *f)
{
	const struct http_client_config	 config = { .total_ms = 30000 };
	struct http_client		*c = http_client_new(&config, f);
	struct http_result		 r;
	struct buf			 body;
	bool				 found = false, ok;

	buf_init(&body, URL_OCTETS_MAX);
	ok = c != NULL && http_get(c, url, &body, &r, f) &&
	    objects_take(o, url, buf_view(&body), &found, f) &&
	    (found || nothing_in(url, f));
	buf_clear(&body);
	http_client_free(c);
	return ok;
}

bool
objects_of_kind(const struct objects *o, enum object_kind kind, struct view **list, size_t *n,
    struct fault *f)
{
	*n = 0;
	if ((*list = calloc(o->n + 1, sizeof(**list))) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	for (size_t i = 0; i < o->n; i++) {
		const struct object	*one = &o->list[i];

		if (one->unreadable != NULL)
			return fault_set(f, FAULT_MALFORMED, "", "%s", one->unreadable);
		if (one->kind == kind)
			(*list)[(*n)++] = one->der;
	}
	return true;
}

/* --- what options name ---------------------------------------------------------------- */

bool
objects_of_option(struct objects *o, const struct invocation *in, const char *option,
    enum object_kind kind, struct fault *f)
{
	const char	*path;

	for (size_t i = 0; (path = option_nth(in, option, i)) != NULL; i++)
		if (kind == OBJECT_OCSP ? !objects_read_whole(o, path, kind, f) :
		    !objects_read(o, path, f))
			return false;
	return true;
}

bool
objects_at(const struct invocation *in, int64_t *out, struct fault *f)
{
	const char	*text = option_value(in, "at");
	char		 whole[32];

	if (text == NULL) {
		*out = (int64_t)time(NULL);
		return true;
	}
	if (date_parse(text, out))
		return true;
	snprintf(whole, sizeof(whole), "%.10sT00:00:00Z", text);
	return (strlen(text) == 10 && date_parse(whole, out)) ||
	    fault_set(f, FAULT_USAGE, "", "\"%s\" is no date like 2026-11-25", text);
}
