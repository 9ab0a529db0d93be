/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/dns.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>

#define LABEL_MAX	63

uint8_t
ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool
ascii_equal_fold(struct view a, struct view b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter_digit(uint8_t c)
{
	return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* Octets up to the next dot or the end. */
static size_t
label_length(struct view v)
{
	const uint8_t	*dot = v.n == 0 ? NULL : memchr(v.p, '.', v.n);

	return dot == NULL ? v.n : (size_t)(dot - v.p);
}

static const char *
label_error(const uint8_t *p, size_t n)
{
	if (n == 0)
		return "an empty label";
	if (n > LABEL_MAX)
		return "a label of more than 63 octets";
	if (p[0] == '-' || p[n - 1] == '-')
		return "a label that begins or ends with a hyphen";
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '*')
			return "a wildcard";
		if (p[i] == '_')
			return "an underscore";
		if (p[i] == ' ')
			return "a space";
		if (!is_letter_digit(p[i]) && p[i] != '-')
			return "an octet that is not a letter, digit or hyphen";
	}
	return NULL;
}

const char *
dns_syntax_error(struct view v)
{
	const char	*why;

	if (v.n == 0)
		return "an empty name";
	if (v.n > DNS_NAME_MAX)
		return "more than 253 octets";
	if (v.p[0] == '.')
		return "a leading dot";
	if (v.p[v.n - 1] == '.')
		return "a trailing dot";
	for (;;) {
		size_t	n = label_length(v);

		if ((why = label_error(v.p, n)) != NULL)
			return why;
		if (n == v.n)
			return NULL;
		v.p += n + 1;
		v.n -= n + 1;
	}
}

const char *
dns_fqdn_error(struct view v)
{
	size_t	labels = 1, last = 0;
	bool	numeric = true;

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '.') {
			labels++;
			last = i + 1;
		}
	if (labels < 2)
		return "a single label";
	for (size_t i = last; i < v.n; i++)
		numeric = numeric && is_digit(v.p[i]);
	return numeric ? "a number as its last label, like an address" : NULL;
}

static bool
is_alabel(struct view v)
{
	return v.n > 4 && ascii_equal_fold(view_of(v.p, 4), VIEW_LIT("xn--"));
}

/* Decodes, and encodes to the same again. */
static bool
alabel_holds(const uint8_t *p, size_t n)
{
	char	 label[LABEL_MAX + 1], *back = NULL;
	bool	 ok;

	for (size_t i = 0; i < n; i++)
		label[i] = (char)ascii_lower(p[i]);
	label[n] = '\0';
	/* checks the A-label's way to a U-label and back */
	ok = idn2_lookup_u8((const uint8_t *)label, (uint8_t **)&back,
	    IDN2_NFC_INPUT) == IDN2_OK && strcmp(back, label) == 0;
	idn2_free(back);
	return ok;
}

const char *
dns_alabel_error(struct view v)
{
	for (;;) {
		size_t	n = label_length(v);

		if (n <= LABEL_MAX && is_alabel(view_of(v.p, n)) &&
		    !alabel_holds(v.p, n))
			return "an xn-- label that is not an A-label";
		if (n == v.n)
			return NULL;
		v.p += n + 1;
		v.n -= n + 1;
	}
}

static bool
is_atext(uint8_t c)
{
	return is_letter_digit(c) || (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Dot-string (RFC 5321, 4.1.2); quoted ones are legal mail and a poor identity. */
static const char *
local_part_error(struct view v)
{
	if (v.n == 0)
		return "nothing before the @";
	if (v.n > LOCAL_PART_MAX)
		return "more than 64 octets before the @";
	if (v.p[0] == '.' || v.p[v.n - 1] == '.')
		return "a dot at the edge of its local part";
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] >= 0x80)
			return "non-ASCII characters before the @";
		if (v.p[i] == '.' && v.p[i + 1] == '.')
			return "two dots in a row";
		if (v.p[i] != '.' && !is_atext(v.p[i]))
			return "an octet that no mailbox has";
	}
	return NULL;
}

const char *
mailbox_syntax_error(struct view v)
{
	const uint8_t	*at = v.n == 0 ? NULL : memrchr(v.p, '@', v.n);
	const char	*why;
	size_t		 n;

	if (at == NULL)
		return "no @";
	if (v.n > MAILBOX_MAX)
		return "more than 254 octets";
	n = (size_t)(at - v.p);
	if ((why = local_part_error(view_of(v.p, n))) != NULL)
		return why;
	return dns_syntax_error(view_of(at + 1, v.n - n - 1));
}

bool
text_is_address(struct view v)
{
	char	text[INET6_ADDRSTRLEN];
	uint8_t	octets[16];

	if (v.n == 0 || v.n >= sizeof(text) || memchr(v.p, '\0', v.n) != NULL)
		return false;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	return inet_pton(AF_INET, text, octets) == 1 ||
	    inet_pton(AF_INET6, text, octets) == 1;
}
