/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_verify.c - what lint and verify read from strangers; the first octet
 * says which: text with PEM blocks, an object of any kind, the scope of a CRL,
 * name constraints, an identity, a CRL or an OCSP response about a known
 * certificate.
 */
#include <stdlib.h>

#include "base/pem.h"
#include "base/text.h"
#include "codec/crl.h"
#include "codec/idp.h"
#include "codec/object.h"
#include "profile/constraints.h"
#include "profile/ike_id.h"
#include "profile/revocation.h"

#define AT	INT64_C(1795500000)

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Blocks lie inside of the text, and every round takes something away. */
static void
text(struct view v)
{
	struct pem_reader	r;
	struct pem_block	b;
	struct fault		f = { 0 };
	bool			found = true;

	pem_reader_init(&r, v);
	while (found) {
		size_t	before = r.rest.n;

		if (!pem_next(&r, &b, &found, &f)) {
			if (f.kind == FAULT_NONE)
				abort();
			return;
		}
		if (found && (r.rest.n >= before || b.body.p < v.p ||
		    b.body.p + b.body.n > v.p + v.n || b.line == 0))
			abort();
	}
}

static void
object(struct view v)
{
	enum object_kind	k = object_kind(v);
	struct cert		c;
	struct crl		l;

	if (object_kind_name(k)[0] == '\0')
		abort();
	/* what decodes is called by its name */
	if (cert_decode(v, &c, NULL) && k != OBJECT_CERTIFICATE)
		abort();
	if (crl_decode(v, &l, NULL) && k != OBJECT_CRL)
		abort();
}

static void
scope(struct view v, const struct cert *c)
{
	struct idp	p;
	struct fault	f = { 0 };

	if (idp_decode(v, &p, &f))
		idp_excludes(&p, c);
	else if (f.kind == FAULT_NONE)
		abort();
}

static void
constraints(struct view v, const struct cert *c)
{
	struct name_constraints	nc;
	struct fault		f = { 0 };

	if (!constraints_decode(v, &nc, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
	} else if (!constraints_allow(&nc, c, &f) && f.kind != FAULT_REFUSED)
		abort();
}

static void
identity(struct view v, const struct cert *c)
{
	char		word[1024], out[1200], why[1200];
	struct ike_id	id;
	struct fault	f = { 0 };
	size_t		n = v.n < sizeof(word) ? v.n : sizeof(word) - 1;

	memcpy(word, v.p, n);
	word[n] = '\0';
	if (!ike_id_parse(word, &id, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
		return;
	}
	ike_id_text(&id, out, sizeof(out));
	if (ike_id_reject(&id, c, why, sizeof(why)) == NULL && (id.type == IKE_ID_KEY_ID ||
	    memchr(id.octets, '*', id.n) != NULL) && id.type != IKE_ID_DN &&
	    id.type != IKE_ID_IPV4 && id.type != IKE_ID_IPV6)
		abort();
}

/* Whatever comes, a signature that is none never makes good or revoked. */
static void
revocation(struct view v, const struct cert *c)
{
	struct revocation_sources	s = { &v, 1, NULL, 0, AT };
	struct revocation_state		out;

	revocation_find(&s, c, c, &out);
	s = (struct revocation_sources){ NULL, 0, &v, 1, AT };
	revocation_find(&s, c, c, &out);
	if (out.why[0] == '\0')
		abort();
}

/* With names of every kind, so that every comparison is made. */
static void
known(struct cert *c)
{
	static const struct general_name	names[] = {
		{ GENERAL_NAME_DNS, VIEW_LIT("gw.example.com") },
		{ GENERAL_NAME_EMAIL, VIEW_LIT("alice@example.com") },
		{ GENERAL_NAME_URI, VIEW_LIT("http://u@a.example.com:80/x") },
		{ GENERAL_NAME_IP, VIEW_LIT("\xc0\0\2\1") },
		{ GENERAL_NAME_DIRECTORY, VIEW_LIT("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03"
		    "\x0c\x02" "CA") },
		{ GENERAL_NAME_RID, VIEW_LIT("\x2a\x03") },
	};

	*c = (struct cert){ .version = 3, .issuer = names[4].value, .subject = names[4].value };
	c->san.n = sizeof(names) / sizeof(names[0]);
	memcpy(c->san.list, names, sizeof(names));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cert	c;
	struct view	v;

	if (n == 0)
		return 0;
	known(&c);
	v = view_of(p + 1, n - 1);
	switch (p[0] % 6) {
	case 0:
		text(v);
		break;
	case 1:
		object(v);
		break;
	case 2:
		scope(v, &c);
		break;
	case 3:
		constraints(v, &c);
		break;
	case 4:
		identity(v, &c);
		break;
	default:
		revocation(v, &c);
		break;
	}
	return 0;
}
