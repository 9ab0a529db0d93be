/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the certificate store: the front's half of search.h. */
#include "net/url.h"
#include "pki/search.h"

#define HASH_CHARACTERS	27	/* 20 octets, the padding left out (RFC 4387, 2.1) */

static const struct {
	const char		*name;
	enum search_attribute	 attribute;
	bool			 guessed;	/* without having seen the certificate */
	bool			 of_crls;
} attributes[] = {
	{ "certHash", SEARCH_CERT_HASH, false, false },
	{ "iHash", SEARCH_ISSUER_HASH, true, true },
	{ "iAndSHash", SEARCH_SERIAL_HASH, false, false },
	{ "sHash", SEARCH_SUBJECT_HASH, true, false },
	{ "sKIDHash", SEARCH_KEY_HASH, false, true },
	{ "name", SEARCH_NAME, true, false },
	{ "uri", SEARCH_URI, true, false },
	{ "email", SEARCH_URI, true, false },
};
#define ATTRIBUTES	(sizeof(attributes) / sizeof(attributes[0]))

static size_t
find(const struct buf *name)
{
	size_t	i = 0;

	while (i < ATTRIBUTES && !view_equal(buf_view(name), view_str(attributes[i].name)))
		i++;
	return i;
}

/* A plus sign that nobody escaped has become a blank. */
static bool
is_hash(char *value, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (value[i] == ' ')
			value[i] = '+';
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		    value[i]) == NULL)
			return false;
	}
	return n == HASH_CHARACTERS;
}

static int
take(struct search_query *out, size_t i, const struct buf *value, const char **why)
{
	if (out->attribute != SEARCH_NONE) {
		*why = "want one attribute";
		return 400;
	}
	out->attribute = attributes[i].attribute;
	out->n = value->n;
	if (value->n == 0 || value->n > SEARCH_VALUE_MAX) {
		*why = "want a value of 1 to 256 octets";
		return 400;
	}
	memcpy(out->value, value->p, value->n);
	out->value[value->n] = '\0';
	if (out->attribute < SEARCH_NAME && !is_hash(out->value, out->n)) {
		*why = "want the 27 characters of a SHA-1 in base64 (RFC 4387, 2.1)";
		return 400;
	}
	return 0;
}

/* Other attributes beside one that is known are passed over. */
static int
read_pairs(struct view query, struct buf *name, struct buf *value, struct search_query *out,
    const char **why)
{
	struct fault	f = { 0 };
	bool		more;

	for (;;) {
		size_t	i;
		int	status;

		if (!url_query_next(&query, name, value, &more, &f)) {
			*why = "the query is not well formed, or too long";
			return 400;
		}
		if (!more)
			return 0;
		if ((i = find(name)) < ATTRIBUTES && (status = take(out, i, value, why)) != 0)
			return status;
	}
}

int
search_read(struct view query, struct search_query *out, const char **why)
{
	struct buf	name, value;
	int		status;

	memset(out, 0, sizeof(*out));
	buf_init(&name, SEARCH_VALUE_MAX);
	buf_init(&value, 2 * SEARCH_VALUE_MAX);
	status = read_pairs(query, &name, &value, out, why);
	buf_clear(&name);
	buf_clear(&value);
	if (status == 0 && out->attribute == SEARCH_NONE) {
		*why = "want certHash, iHash, iAndSHash, sHash, sKIDHash, name or uri "
		    "(RFC 4387, 2.2)";
		return 400;
	}
	return status;
}

int
search_permitted(const struct pki_config *c, const struct search_query *q, bool crls,
    const char **why)
{
	size_t	i = 0;

	while (i < ATTRIBUTES && attributes[i].attribute != q->attribute)
		i++;
	if (i == ATTRIBUTES || (crls && !attributes[i].of_crls)) {
		*why = "CRLs are found by iHash or sKIDHash";
		return 400;
	}
	*why = "not searched here (search in pki4ipsec.conf)";
	if (strcmp(c->search, "off") == 0)
		return 403;
	return crls || !attributes[i].guessed || strcmp(c->search, "names") == 0 ? 0 : 403;
}
