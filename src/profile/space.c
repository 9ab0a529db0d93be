/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/space.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "profile/dns.h"

/* The next word; empty at the end. */
static struct view
next_word(struct view *list)
{
	struct view	word;

	while (list->n > 0 && (list->p[0] == ',' || list->p[0] == ' '))
		*list = view_of(list->p + 1, list->n - 1);
	word = view_of(list->p, 0);
	while (word.n < list->n && list->p[word.n] != ',' && list->p[word.n] != ' ')
		word.n++;
	*list = view_of(list->p + word.n, list->n - word.n);
	return word;
}

static bool
add_word(char out[SPACE_TEXT_MAX], const char *word, struct fault *f)
{
	size_t	n = strlen(out);

	if (n + strlen(word) + 3 > SPACE_TEXT_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d characters", SPACE_TEXT_MAX - 1);
	snprintf(out + n, SPACE_TEXT_MAX - n, "%s%s", n > 0 ? ", " : "", word);
	return true;
}

bool
space_set_domains(const char *text, char out[SPACE_TEXT_MAX], struct fault *f)
{
	struct view	list = view_str(text), word;
	struct identity	id;

	out[0] = '\0';
	while ((word = next_word(&list)).n > 0)
		if (!identity_parse(IDENTITY_FQDN, word, &id, f) || !add_word(out, id.text, f))
			return false;
	return true;
}

/* --- prefixes -------------------------------------------------------------------------- */

struct prefix {
	enum identity_kind	kind;
	uint8_t			address[16];
	int64_t			bits;
};

static bool
same_bits(const uint8_t *a, const uint8_t *b, int64_t bits)
{
	int64_t	whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, (size_t)whole) == 0 && (rest == 0 ||
	    (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool
read_prefix(struct view word, struct prefix *out)
{
	char	text[64], *slash;
	int	most;

	if (word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	*out = (struct prefix){ .kind = IDENTITY_IPV4 };
	if ((slash = strchr(text, '/')) == NULL)
		return false;
	*slash = '\0';
	if (inet_pton(AF_INET, text, out->address) != 1) {
		out->kind = IDENTITY_IPV6;
		if (inet_pton(AF_INET6, text, out->address) != 1)
			return false;
	}
	most = out->kind == IDENTITY_IPV4 ? 32 : 128;
	return number_parse("prefix", slash + 1, 0, most, &out->bits, NULL);
}

/* 192.0.2.1/24 is an address and no prefix: which one is meant? */
static bool
is_clean(const struct prefix *p)
{
	uint8_t	masked[16];
	size_t	octets = p->kind == IDENTITY_IPV4 ? 4 : 16;

	memcpy(masked, p->address, sizeof(masked));
	for (size_t i = 0; i < octets; i++) {
		int64_t	left = p->bits - 8 * (int64_t)i;

		if (left <= 0)
			masked[i] = 0;
		else if (left < 8)
			masked[i] &= (uint8_t)(0xff << (8 - left));
	}
	return memcmp(masked, p->address, octets) == 0;
}

bool
space_set_prefixes(const char *text, char out[SPACE_TEXT_MAX], struct fault *f)
{
	struct view	list = view_str(text), word;
	struct prefix	p;
	char		address[INET6_ADDRSTRLEN], whole[INET6_ADDRSTRLEN + 8], shown[96];

	out[0] = '\0';
	while ((word = next_word(&list)).n > 0) {
		text_escape(word, '"', shown, sizeof(shown));
		if (!read_prefix(word, &p))
			return fault_set(f, FAULT_USAGE, "", "\"%s\" is no prefix such as "
			    "192.0.2.0/24 or 2001:db8::/32", shown);
		if (!is_clean(&p))
			return fault_set(f, FAULT_USAGE, "", "\"%s\" has bits beyond its prefix",
			    shown);
		inet_ntop(p.kind == IDENTITY_IPV4 ? AF_INET : AF_INET6, p.address, address,
		    sizeof(address));
		snprintf(whole, sizeof(whole), "%s/%d", address, (int)p.bits);
		if (!add_word(out, whole, f))
			return false;
	}
	return true;
}

/* --- in it? ------------------------------------------------------------------------------ */

/* The domain itself or something below it. */
static bool
in_domain(struct view host, struct view domain)
{
	if (host.n == domain.n)
		return ascii_equal_fold(host, domain);
	return host.n > domain.n && host.p[host.n - domain.n - 1] == '.' &&
	    ascii_equal_fold(view_of(host.p + host.n - domain.n, domain.n), domain);
}

bool
space_has_name(const char *domains, const struct identity *id)
{
	struct view	list = view_str(domains), word;
	const char	*host = id->kind == IDENTITY_EMAIL ? strrchr(id->text, '@') + 1 : id->text;

	while ((word = next_word(&list)).n > 0)
		if (in_domain(view_str(host), word))
			return true;
	return domains[0] == '\0';
}

bool
space_has_address(const char *prefixes, const struct identity *id)
{
	struct view	list = view_str(prefixes), word;
	struct prefix	p;

	while ((word = next_word(&list)).n > 0)
		if (read_prefix(word, &p) && p.kind == id->kind &&
		    same_bits(p.address, id->address, p.bits))
			return true;
	return prefixes[0] == '\0';
}

void
space_first(const char *space, char out[SPACE_TEXT_MAX])
{
	struct view	list = view_str(space), word = next_word(&list);

	snprintf(out, SPACE_TEXT_MAX, "%.*s", (int)word.n, (const char *)word.p);
}

bool
space_address(const char *prefixes, enum identity_kind kind, struct identity *out)
{
	struct view	list = view_str(prefixes), word;
	struct prefix	p;
	char		text[INET6_ADDRSTRLEN];

	while ((word = next_word(&list)).n > 0) {
		if (!read_prefix(word, &p) || p.kind != kind)
			continue;
		if (p.bits < (kind == IDENTITY_IPV4 ? 32 : 128))
			p.address[kind == IDENTITY_IPV4 ? 3 : 15] |= 1;
		inet_ntop(kind == IDENTITY_IPV4 ? AF_INET : AF_INET6, p.address, text, sizeof(text));
		return identity_parse(kind, view_str(text), out, NULL);
	}
	return false;
}
