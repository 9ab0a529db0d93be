/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>

#include "admin/address.h"
#include "base/text.h"
#include "profile/dns.h"

#define SUBNET_TEXT_MAX	64
#define HOST_TEXT_MAX	253

/* AF_INET, AF_INET6, or 0 if it is neither. */
static int
parse_address(struct view text, uint8_t out[16])
{
	char	s[SUBNET_TEXT_MAX];

	if (text.n == 0 || text.n >= sizeof(s) || memchr(text.p, '\0', text.n) != NULL)
		return 0;
	memcpy(s, text.p, text.n);
	s[text.n] = '\0';
	if (inet_pton(AF_INET, s, out) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, s, out) == 1 ? AF_INET6 : 0;
}

static int
shown(struct view text)
{
	return (int)(text.n < 80 ? text.n : 80);
}

bool
address_check(struct view text, struct fault *f)
{
	uint8_t		 octets[16];
	const char	*why;

	if (parse_address(text, octets) != 0)
		return true;
	/* Digits, dots and colons alone were meant as an address. */
	for (size_t i = 0; i < text.n; i++)
		if (strchr("0123456789.:", text.p[i]) == NULL) {
			why = text.n > HOST_TEXT_MAX ? "longer than 253 octets" :
			    memchr(text.p, ':', text.n) != NULL ? "a colon" :
			    dns_syntax_error(text);
			if (why == NULL)
				return true;
			return fault_set(f, FAULT_MALFORMED, "", "\"%.*s\" is neither an address "
			    "nor a host name: %s", shown(text), (const char *)text.p, why);
		}
	return fault_set(f, FAULT_MALFORMED, "", "\"%.*s\" is no IPv4 or IPv6 address",
	    shown(text), (const char *)text.p);
}

/* The same text with the bits behind the length cleared. */
static bool
refuse_bits(struct view text, int family, uint8_t a[16], int64_t bits, struct fault *f)
{
	char	right[INET6_ADDRSTRLEN];
	int64_t	all = family == AF_INET ? 32 : 128;

	for (int64_t i = bits; i < all; i++)
		a[i / 8] &= (uint8_t)~(0x80u >> (i % 8));
	if (inet_ntop(family, a, right, sizeof(right)) == NULL)
		right[0] = '\0';
	return fault_set(f, FAULT_MALFORMED, "", "\"%.*s\" has bits behind the prefix: "
	    "%s/%d is the subnet", shown(text), (const char *)text.p, right, (int)bits);
}

bool
subnet_check(struct view text, struct fault *f)
{
	const uint8_t	*slash = text.n == 0 ? NULL : memchr(text.p, '/', text.n);
	char		 digits[4] = "";
	uint8_t		 a[16] = { 0 };
	size_t		 at = slash == NULL ? text.n : (size_t)(slash - text.p);
	int		 family = parse_address(view_of(text.p, at), a);
	int64_t		 bits, all = family == AF_INET ? 32 : 128;

	if (family == 0 || slash == NULL || text.n - at - 1 >= sizeof(digits))
		return fault_set(f, FAULT_MALFORMED, "", "\"%.*s\" is no subnet like "
		    "198.51.100.0/24 or 2001:db8::/32", shown(text), (const char *)text.p);
	memcpy(digits, slash + 1, text.n - at - 1);
	if (!number_parse("prefix length", digits, 0, all, &bits, f))
		return fault_within(f, "\"%.*s\"", shown(text), (const char *)text.p);
	for (int64_t i = bits; i < all; i++)
		if (a[i / 8] & (0x80u >> (i % 8)))
			return refuse_bits(text, family, a, bits, f);
	return true;
}
