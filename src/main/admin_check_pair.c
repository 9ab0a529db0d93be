/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two certificates that there are: each before the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/name.h"
#include "main/admin_check.h"
#include "main/objects.h"

/* One of the two: its file, the certificate first. */
struct side {
	const char		*file;
	struct objects		 objects;
	struct view		*ders;
	size_t			 nders;
	struct cert		 cert;
	struct ike_id		 id;
	unsigned		 platform;
	enum lint_profile	 kind;
	struct check_verdict	 verdict;
};

struct both {
	struct side		 side[2];
	struct objects		 trust, crls, ocsp;
	struct view		*anchors, *lists, *responses;
	size_t			 nanchors, nlists, nresponses;
	int64_t			 at;
	enum verify_revocation	 how;
};

static const char *const suffixes[2] = { "a", "b" };

static const char *
option_of(const struct invocation *in, const char *name, size_t which)
{
	char	whole[32];

	snprintf(whole, sizeof(whole), "%s-%s", name, suffixes[which]);
	return option_value(in, whole);
}

/* The first of its names that IKE can use, else its Subject. */
static bool
first_identity(const struct cert *c, struct ike_id *out, struct fault *f)
{
	struct identity	id;
	char		text[2 * NAME_OCTETS_MAX + 16] = "asn1dn:#";

	for (size_t i = 0; i < c->san.n; i++)
		if (identity_from_san(&c->san.list[i], &id, NULL)) {
			identity_format(&id, text);
			return ike_id_parse(text, out, f);
		}
	if (c->subject.n > NAME_OCTETS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "its Subject has %zu octets", c->subject.n);
	hex_encode(c->subject, text + strlen(text));
	return ike_id_parse(text, out, f);
}

static bool
read_kind(const char *word, enum lint_profile *out, struct fault *f)
{
	return (lint_profile_find(word, out) && *out >= LINT_S2S_GATEWAY &&
	    *out <= LINT_RA_MACHINE) || fault_set(f, FAULT_USAGE, "", "\"%s\" is none of "
	    "s2s-gateway, ra-gateway, ra-user, ra-machine", word);
}

static bool
read_side(const struct invocation *in, size_t which, struct side *s, struct fault *f)
{
	const char	*platform = option_of(in, "platform", which);
	const char	*id = option_of(in, "id", which);

	s->file = in->args[which];
	if (platform == NULL)
		platform = option_value(in, "platform");
	if (!check_platform("platform", platform, &s->platform, f) ||
	    !read_kind(option_of(in, "kind", which), &s->kind, f) ||
	    !objects_init(&s->objects, f) || !objects_read(&s->objects, s->file, f) ||
	    !objects_of_kind(&s->objects, OBJECT_CERTIFICATE, &s->ders, &s->nders, f))
		return false;
	if (s->nders == 0)
		return fault_set(f, FAULT_USAGE, "", "no certificate in \"%s\"", s->file);
	return (cert_decode(s->ders[0], &s->cert, f) &&
	    (id != NULL ? ike_id_parse(id, &s->id, f) : first_identity(&s->cert, &s->id, f))) ||
	    fault_within(f, "\"%s\"", s->file);
}

static bool
read_option(const struct invocation *in, const char *name, struct objects *o,
    enum object_kind kind, struct view **list, size_t *n, struct fault *f)
{
	if (!objects_init(o, f) || !objects_of_option(o, in, name, kind, f))
		return false;
	return objects_of_kind(o, kind, list, n, f) && (*n > 0 || !option_given(in, name) ||
	    fault_set(f, FAULT_USAGE, "", "nothing of use in --%s", name));
}

static bool
read_both(const struct invocation *in, struct both *b, struct fault *f)
{
	const char	*how = option_value(in, "revocation");

	if (!verify_revocation_find(how, &b->how))
		return fault_set(f, FAULT_USAGE, "", "--revocation takes strict, soft or off, not "
		    "\"%s\"", how);
	return read_side(in, 0, &b->side[0], f) && read_side(in, 1, &b->side[1], f) &&
	    read_option(in, "trust", &b->trust, OBJECT_CERTIFICATE, &b->anchors, &b->nanchors, f) &&
	    read_option(in, "crl", &b->crls, OBJECT_CRL, &b->lists, &b->nlists, f) &&
	    read_option(in, "ocsp", &b->ocsp, OBJECT_OCSP, &b->responses, &b->nresponses, f) &&
	    objects_at(in, &b->at, f);
}

/* Roots stay at home. */
static size_t
octets_sent(const struct side *s)
{
	struct cert	c;
	size_t		n = 0;

	for (size_t i = 1; i < s->nders; i++)
		if (cert_decode(s->ders[i], &c, NULL) && !cert_is_self_issued(&c))
			n += s->ders[i].n;
	return n;
}

static bool
judge(const struct both *b, struct side *s, const struct side *by, struct check *c,
    struct fault *f)
{
	const struct verify_terms	t = {
		.leaf = s->ders[0],
		.intermediates = s->ders + 1, .nintermediates = s->nders - 1,
		/* With nothing trusted the peer stands for itself: all but its path is judged. */
		.anchors = b->nanchors > 0 ? b->anchors : s->ders,
		.nanchors = b->nanchors > 0 ? b->nanchors : 1,
		.crls = b->lists, .ncrls = b->nlists, .ocsp = b->responses,
		.nocsp = b->nresponses, .id = &s->id, .revocation = b->how, .at = b->at,
	};
	const struct pair_view		v = { .cert = &s->cert, .terms = &t, .kind = s->kind,
		.on = s->platform, .seen_by = by->platform, .sent = octets_sent(s),
		.trust_unknown = b->nanchors == 0 };

	return check_judge(c, &v, s->file, &s->verdict, f) || fault_within(f, "\"%s\"", s->file);
}

bool
check_files(const struct invocation *in, struct check *c, struct fault *f)
{
	struct both	*b = calloc(1, sizeof(*b));
	bool		 ok;

	if (b == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = read_both(in, b, f) && judge(b, &b->side[0], &b->side[1], c, f) &&
	    judge(b, &b->side[1], &b->side[0], c, f);
	if (ok)
		check_pair(c, b->side[0].file, &b->side[0].verdict, b->side[1].file,
		    &b->side[1].verdict);
	for (size_t i = 0; i < 2; i++) {
		free(b->side[i].ders);
		objects_clear(&b->side[i].objects);
	}
	free(b->anchors);
	free(b->lists);
	free(b->responses);
	objects_clear(&b->trust);
	objects_clear(&b->crls);
	objects_clear(&b->ocsp);
	free(b);
	return ok;
}
