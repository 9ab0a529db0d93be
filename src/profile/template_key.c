/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a template file: one row each, with its range, and the few
 * kinds of value they have.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "profile/template.h"

#define AT(type, t, k)		((type *)(void *)((char *)(t) + (k)->offset))
#define AT_CONST(type, t, k)	((const type *)(const void *)((const char *)(t) + (k)->offset))

static bool
refuse(const struct template_key *k, const char *value, struct fault *f)
{
	return fault_set(f, FAULT_USAGE, "", "%s = \"%s\", permitted is %s", k->name,
	    value, k->range);
}

/* Numbers (uint32_t) and durations (int64_t). */
static bool
set_number(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	int64_t	v;

	if (!number_parse(k->name, value, k->min, k->max, &v, NULL))
		return refuse(k, value, f);
	*AT(uint32_t, t, k) = (uint32_t)v;
	return true;
}

static void
get_number(const struct template_key *k, const struct template *t, struct buf *out)
{
	buf_addf(out, "%" PRIu32, *AT_CONST(uint32_t, t, k));
}

static bool
set_duration(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	int64_t	v;

	if (!duration_parse(k->name, value, k->min, k->max, &v, NULL))
		return refuse(k, value, f);
	*AT(int64_t, t, k) = v;
	return true;
}

static void
get_duration(const struct template_key *k, const struct template *t, struct buf *out)
{
	static const struct { int64_t seconds; char unit; } units[] = {
		{ 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' },
	};
	int64_t	v = *AT_CONST(int64_t, t, k);
	size_t	i = 0;

	while (v % units[i].seconds != 0)
		i++;
	buf_addf(out, "%" PRId64 "%c", v / units[i].seconds, units[i].unit);
}

static bool
set_flag(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	bool	yes = strcmp(value, "yes") == 0;

	if (!yes && strcmp(value, "no") != 0)
		return refuse(k, value, f);
	*AT(bool, t, k) = yes;
	return true;
}

static void
get_flag(const struct template_key *k, const struct template *t, struct buf *out)
{
	buf_add_str(out, *AT_CONST(bool, t, k) ? "yes" : "no");
}

/* One of a few words; the member is an enumeration that counts from 0. */
static bool
set_word(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	for (unsigned i = 0; k->words[i] != NULL; i++)
		if (strcmp(value, k->words[i]) == 0) {
			*AT(unsigned, t, k) = i;
			return true;
		}
	return refuse(k, value, f);
}

static void
get_word(const struct template_key *k, const struct template *t, struct buf *out)
{
	buf_add_str(out, k->words[*AT_CONST(unsigned, t, k)]);
}

/* Text of k->min ... k->max code points, for a member of that size. */
static bool
set_text(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	struct buf	b;
	int64_t		points = 0;
	bool		ok;

	buf_init(&b, LABEL_OCTETS_MAX * 4);
	ok = value[0] == '\0' || prepare_label(view_str(value), &b, f) ||
	    fault_within(f, "%s", k->name);
	for (size_t i = 0; i < b.n; i++)
		points += (b.p[i] & 0xc0) != 0x80;
	if (ok && (points < k->min || points > k->max))
		ok = refuse(k, value, f);
	if (ok) {
		if (b.n > 0)
			memcpy(AT(char, t, k), b.p, b.n);
		AT(char, t, k)[b.n] = '\0';
	}
	buf_clear(&b);
	return ok;
}

static void
get_text(const struct template_key *k, const struct template *t, struct buf *out)
{
	buf_add_str(out, AT_CONST(char, t, k));
}

static bool
set_name(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	size_t	n = strlen(value);

	if (n == 0 || n > TEMPLATE_NAME_MAX ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return refuse(k, value, f);
	memcpy(AT(char, t, k), value, n + 1);
	return true;
}

static bool
set_country(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	static const char	letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t			n = strlen(value);

	if (n != 0 && (n != 2 || strspn(value, letters) != 2))
		return refuse(k, value, f);
	memcpy(AT(char, t, k), value, n + 1);
	return true;
}

static bool
set_domains(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	/* canonical like the names that are held against it */
	return space_set_domains(value, AT(char, t, k), f) || fault_within(f, "%s", k->name);
}

static bool
set_prefixes(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	return space_set_prefixes(value, AT(char, t, k), f) || fault_within(f, "%s", k->name);
}

static bool
set_oid(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	struct buf	b;
	size_t		n = strlen(value);
	bool		ok;

	buf_init(&b, OID_OCTETS_MAX);
	ok = n == 0 || (n < TEMPLATE_OID_TEXT_MAX && oid_parse(value, &b, NULL));
	buf_clear(&b);
	if (!ok)
		return refuse(k, value, f);
	memcpy(AT(char, t, k), value, n + 1);
	return true;
}

/* Plain http: to check who serves a CRL one would need that CRL (RFC 5280, 8). */
static bool
set_url(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	size_t	n = strlen(value);

	if (n > TEMPLATE_URL_MAX || (n > 0 && (n < 10 || strncmp(value, "http://", 7) != 0 ||
	    value[7] == '/')))
		return refuse(k, value, f);
	for (size_t i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] >= 0x7f || strchr("\"<>\\^`{|}", value[i]) != NULL)
			return refuse(k, value, f);
	memcpy(AT(char, t, k), value, n + 1);
	return true;
}

static bool
set_alphabet(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	size_t	n = strlen(value);

	if (n == 0 || n > ALPHABET_OCTETS_MAX)
		return refuse(k, value, f);
	memcpy(AT(char, t, k), value, n + 1);
	return true;
}

/* Sets: words separated by commas, each a bit. */
static unsigned
identity_bit(struct view word)
{
	enum identity_kind	kind = identity_kind_find(word);

	return kind == IDENTITY_NONE ? 0 : IDENTITY_BIT(kind);
}

static unsigned
key_bit(struct view word)
{
	char	name[32];

	if (word.n >= sizeof(name))
		return 0;
	memcpy(name, word.p, word.n);
	name[word.n] = '\0';
	enum key_kind	kind = key_kind_find(name);

	return kind == KEY_NONE || kind == KEY_RSA_OTHER ? 0 : KEY_BIT(kind);
}

static const struct {
	const char	*name;
	unsigned	 bit;
} purposes[] = {
	{ "serverAuth", EKU_SERVER_AUTH },
	{ "clientAuth", EKU_CLIENT_AUTH },
	{ "ipsecIKE", EKU_IPSEC_IKE },
	{ "ikeIntermediate", EKU_IKE_INTERMEDIATE },
	{ "cmcRA", EKU_CMC_RA },
};

static unsigned
purpose_bit(struct view word)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (view_equal(word, view_str(purposes[i].name)))
			return purposes[i].bit;
	return 0;
}

static const char *const generations[] = {
	[GENERATION_NONE] = "", [GENERATION_PEER] = "peer",
	[GENERATION_PEER_ADMIN] = "peer-key-admin-request", [GENERATION_ADMIN] = "admin",
	[GENERATION_PKI] = "pki",
};

const char *
generation_name(enum generation g)
{
	return generations[g];
}

enum generation
generation_find(struct view word)
{
	for (enum generation g = GENERATION_PEER; g <= GENERATION_PKI; g++)
		if (view_equal(word, view_str(generations[g])))
			return g;
	return GENERATION_NONE;
}

static unsigned
generation_bit(struct view word)
{
	enum generation	g = generation_find(word);

	return g == GENERATION_NONE ? 0 : GENERATION_BIT(g);
}

/* The next word of a list; empty at its end. */
static struct view
next_word(struct view *list)
{
	struct view	word;

	while (list->n > 0 && (list->p[0] == ',' || list->p[0] == ' ')) {
		list->p++;
		list->n--;
	}
	word = view_of(list->p, 0);
	while (list->n > 0 && list->p[0] != ',' && list->p[0] != ' ') {
		list->p++;
		list->n--;
		word.n++;
	}
	return word;
}

static bool
read_set(const char *value, unsigned (*bit)(struct view), unsigned *out)
{
	struct view	list = view_str(value), word;
	unsigned	set = 0, one;

	while ((word = next_word(&list)).n > 0) {
		if ((one = bit(word)) == 0)
			return false;
		set |= one;
	}
	*out = set;
	return true;
}

static bool
set_identities(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	return read_set(value, identity_bit, AT(unsigned, t, k)) || refuse(k, value, f);
}

/* One word at least. */
static bool
set_some(const struct template_key *k, struct template *t, const char *value,
    unsigned (*bit)(struct view), struct fault *f)
{
	unsigned	set;

	if (!read_set(value, bit, &set) || set == 0)
		return refuse(k, value, f);
	*AT(unsigned, t, k) = set;
	return true;
}

static bool
set_keys(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	return set_some(k, t, value, key_bit, f);
}

static bool
set_generation(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	return set_some(k, t, value, generation_bit, f);
}

static bool
set_purposes(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	return read_set(value, purpose_bit, AT(unsigned, t, k)) || refuse(k, value, f);
}

static void
put_word(struct buf *out, size_t start, const char *word)
{
	if (out->n > start)
		buf_add_str(out, ", ");
	buf_add_str(out, word);
}

static void
get_identities(const struct template_key *k, const struct template *t,
    struct buf *out)
{
	size_t	start = out->n;

	for (enum identity_kind i = IDENTITY_FQDN; i <= IDENTITY_IPV6; i++)
		if (*AT_CONST(unsigned, t, k) & IDENTITY_BIT(i))
			put_word(out, start, identity_kind_name(i));
}

static void
get_keys(const struct template_key *k, const struct template *t, struct buf *out)
{
	size_t	start = out->n;

	for (enum key_kind i = KEY_EC_P256; i < KEY_RSA_OTHER; i++)
		if (*AT_CONST(unsigned, t, k) & KEY_BIT(i))
			put_word(out, start, key_kind_name(i));
}

static void
get_generation(const struct template_key *k, const struct template *t, struct buf *out)
{
	size_t	start = out->n;

	for (enum generation g = GENERATION_PEER; g <= GENERATION_PKI; g++)
		if (*AT_CONST(unsigned, t, k) & GENERATION_BIT(g))
			put_word(out, start, generation_name(g));
}

static void
get_purposes(const struct template_key *k, const struct template *t, struct buf *out)
{
	size_t	start = out->n;

	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (*AT_CONST(unsigned, t, k) & purposes[i].bit)
			put_word(out, start, purposes[i].name);
}

static bool
set_key_kind(const struct template_key *k, struct template *t, const char *value,
    struct fault *f)
{
	if (key_bit(view_str(value)) == 0)
		return refuse(k, value, f);
	*AT(enum key_kind, t, k) = key_kind_find(value);
	return true;
}

static void
get_key_kind(const struct template_key *k, const struct template *t, struct buf *out)
{
	buf_add_str(out, key_kind_name(*AT_CONST(enum key_kind, t, k)));
}

static const char *const cn_words[] = { "identity", "label", "none", NULL };
static const char *const who_words[] = { "peer", "admin", "either", NULL };
static const char *const key_words[] = { "new", "same", "either", NULL };
static const char *const lint_words[] = { "allow", "refuse", NULL };
static const char *const change_words[] = { "use-old", "reject", "use-new", NULL };
static const char *const renewal_words[] = { "compare", "renew-ok", "update-needed",
	"new-authorization", NULL };
static const char *const approval_words[] = { "automatic", "manual", NULL };

#define KINDS_TEXT	"any of fqdn, email, ipv4, ipv6"
#define KEYS_TEXT	"any of ec-p256, ec-p384, ed25519, rsa-2048, rsa-3072, rsa-4096"
#define OFFSET(member)	offsetof(struct template, member)
#define DAY	86400

/* name, range, help, set, get, member, min, max, words */
static const struct template_key keys[] = {
	{ "name", "lower-case letters, digits, hyphens; up to 64", "name of the template, that of its file",
	    set_name, get_text, OFFSET(name), 1, TEMPLATE_NAME_MAX, NULL },
	{ "version", "1 ... 4294967295", "counted up by the PKI with every change; a higher one may be stated",
	    set_number, get_number, OFFSET(version), 1, UINT32_MAX, NULL },
	{ "management", "yes or no", "issued by the management CA, not by the IKE CA",
	    set_flag, get_flag, OFFSET(management), 0, 0, NULL },

	{ "identities", KINDS_TEXT, "kinds of identity that may stand in subjectAltName",
	    set_identities, get_identities, OFFSET(identities), 0, 0, NULL },
	{ "required-identities", KINDS_TEXT, "at least one identity is of these kinds",
	    set_identities, get_identities, OFFSET(identity_required), 0, 0, NULL },
	{ "max-identities", "1 ... 16", "how many identities one certificate may bear",
	    set_number, get_number, OFFSET(identities_max), 1, IDENTITIES_MAX, NULL },
	{ "name-space", "domains, or empty for any", "FQDN and e-mail identities lie in one of these domains or below",
	    set_domains, get_text, OFFSET(name_space), 0, 0, NULL },
	{ "address-space", "prefixes such as 192.0.2.0/24, or empty for any", "addresses lie in one of these prefixes",
	    set_prefixes, get_text, OFFSET(address_space), 0, 0, NULL },
	{ "country", "two capital letters, or empty", "C of the subject",
	    set_country, get_text, OFFSET(country), 0, 0, NULL },
	{ "organization", "up to 64 characters, or empty", "O of the subject",
	    set_text, get_text, OFFSET(organization), 0, DN_TEXT_MAX, NULL },
	{ "organizational-unit", "up to 64 characters, or empty", "OU of the subject",
	    set_text, get_text, OFFSET(organizational_unit), 0, DN_TEXT_MAX, NULL },
	{ "common-name", "identity, label or none", "what stands in CN, beside subjectAltName",
	    set_word, get_word, OFFSET(cn), 0, 0, cn_words },

	{ "validity", "5m ... 1825d", "lifetime of a certificate",
	    set_duration, get_duration, OFFSET(validity_seconds), 300, 1825 * DAY, NULL },
	{ "keys", KEYS_TEXT, "kinds of key; an RSA kind is the least size",
	    set_keys, get_keys, OFFSET(keys), 0, 0, NULL },
	{ "default-key", "one of keys", "kind of key that tickets ask for",
	    set_key_kind, get_key_kind, OFFSET(key_default), 0, 0, NULL },
	{ "generation", "any of peer, peer-key-admin-request, admin, pki",
	    "who may make the key; with anybody but the peer it leaves the device's hands",
	    set_generation, get_generation, OFFSET(generation), 0, 0, NULL },
	{ "key-transport", "yes or no", "keyUsage also lets others encrypt to this key",
	    set_flag, get_flag, OFFSET(key_transport), 0, 0, NULL },
	{ "extended-key-usage", "any of serverAuth, clientAuth, ipsecIKE, ikeIntermediate, cmcRA, or empty",
	    "purposes; IKE itself needs none, RFC 4945 advises against it",
	    set_purposes, get_purposes, OFFSET(eku), 0, 0, NULL },
	{ "policy", "a dotted OID, or empty", "certificate policy that peers may require",
	    set_oid, get_text, OFFSET(policy), 0, 0, NULL },
	{ "crl-pointer", "yes or no", "cRLDistributionPoints with the CA's URL",
	    set_flag, get_flag, OFFSET(crl_pointer), 0, 0, NULL },
	{ "ocsp-pointer", "yes or no", "authorityInfoAccess with the OCSP URL, if OCSP is run",
	    set_flag, get_flag, OFFSET(ocsp_pointer), 0, 0, NULL },
	{ "issuer-pointer", "yes or no", "authorityInfoAccess with the URL of the CA certificate",
	    set_flag, get_flag, OFFSET(issuer_pointer), 0, 0, NULL },

	{ "crl-url", "an http URL, or empty", "instead of the CA's: where the CRL is",
	    set_url, get_text, OFFSET(crl_url), 0, 0, NULL },
	{ "ocsp-url", "an http URL, or empty", "instead of the CA's: where OCSP is answered",
	    set_url, get_text, OFFSET(ocsp_url), 0, 0, NULL },
	{ "issuer-url", "an http URL, or empty", "instead of the CA's: where the CA certificate is",
	    set_url, get_text, OFFSET(issuer_url), 0, 0, NULL },

	{ "lint-warnings", "allow or refuse", "refuse: a warning of pki4ipsec lint keeps a certificate from being signed, as an error does",
	    set_word, get_word, OFFSET(lint_warnings), 0, 0, lint_words },

	{ "window", "5m ... 365d", "how long an authorization may be used, unless it says",
	    set_duration, get_duration, OFFSET(window_seconds), 300, 365 * DAY, NULL },
	{ "max-window", "5m ... 365d", "how long an authorization may be used at most",
	    set_duration, get_duration, OFFSET(window_max_seconds), 300, 365 * DAY, NULL },
	{ "id-length", "1 ... 128", "characters of an authorization id",
	    set_number, get_number, OFFSET(id_format.length), 1, AUTHZ_ID_OCTETS_MAX, NULL },
	{ "id-alphabet", "2 ... 256 different characters", "characters of ids",
	    set_alphabet, get_text, OFFSET(id_format.alphabet), 0, 0, NULL },
	{ "token-length", "16 ... 256", "characters of a token; 112 bits at least",
	    set_number, get_number, OFFSET(token_format.length), TOKEN_OCTETS_MIN, TOKEN_OCTETS_MAX, NULL },
	{ "token-alphabet", "2 ... 256 different characters", "characters of tokens",
	    set_alphabet, get_text, OFFSET(token_format.alphabet), 0, 0, NULL },
	{ "token-group", "0 ... 32", "a hyphen is shown after so many characters; 0: none",
	    set_number, get_number, OFFSET(token_format.group), 0, 32, NULL },
	{ "approval", "automatic or manual", "manual: a person approves each request that shows a token",
	    set_word, get_word, OFFSET(approval), 0, 0, approval_words },
	{ "approvers", "1 or 2", "how many different persons have to approve",
	    set_number, get_number, OFFSET(approvers), 1, 2, NULL },
	{ "approval-poll", "1s ... 7d", "when a device that waits for approval is told to ask again",
	    set_duration, get_duration, OFFSET(approval_poll_seconds), 1, 7 * DAY, NULL },
	{ "approval-within", "1m ... 365d", "a request that nobody decides ends after this, and so does an approved one that is not fetched",
	    set_duration, get_duration, OFFSET(approval_seconds), 60, 365 * DAY, NULL },
	{ "max-entries", "1 ... 10000", "entries in one authorization request",
	    set_number, get_number, OFFSET(entries_max), 1, TEMPLATE_ENTRIES_MAX, NULL },
	{ "confirm-within", "1m ... 30d", "an unconfirmed certificate is revoked after this",
	    set_duration, get_duration, OFFSET(confirm_seconds), 60, 30 * DAY, NULL },

	{ "renewal", "yes or no", "certificates may be renewed",
	    set_flag, get_flag, OFFSET(renewal.allowed), 0, 0, NULL },
	{ "renewal-by", "peer, admin or either", "who may ask for a renewal",
	    set_word, get_word, OFFSET(renewal.who), 0, 0, who_words },
	{ "renewal-key", "new, same or either", "the key of the renewed certificate",
	    set_word, get_word, OFFSET(renewal.keys), 0, 0, key_words },
	{ "renewal-last-percent", "1 ... 100", "renewal in this last part of the lifetime",
	    set_number, get_number, OFFSET(renewal.last_percent), 1, 100, NULL },
	{ "renewal-times", "0 ... 1000000", "how often; 0: without limit",
	    set_number, get_number, OFFSET(renewal.max_times), 0, 1000000, NULL },
	{ "renewal-approval", "automatic or manual", "manual: a person approves each renewal",
	    set_word, get_word, OFFSET(renewal_approval), 0, 0, approval_words },
	{ "update", "yes or no", "names in a certificate may be updated",
	    set_flag, get_flag, OFFSET(update.allowed), 0, 0, NULL },
	{ "update-by", "peer, admin or either", "who may ask for an update",
	    set_word, get_word, OFFSET(update.who), 0, 0, who_words },
	{ "update-key", "new, same or either", "the key of the updated certificate",
	    set_word, get_word, OFFSET(update.keys), 0, 0, key_words },
	{ "update-last-percent", "1 ... 100", "update in this last part of the lifetime",
	    set_number, get_number, OFFSET(update.last_percent), 1, 100, NULL },
	{ "update-times", "0 ... 1000000", "how often; 0: without limit",
	    set_number, get_number, OFFSET(update.max_times), 0, 1000000, NULL },
	{ "update-approval", "automatic or manual", "manual: a person approves each update",
	    set_word, get_word, OFFSET(update_approval), 0, 0, approval_words },
	{ "on-change", "use-old, reject or use-new", "what becomes of an open authorization when the template changes",
	    set_word, get_word, OFFSET(on_change), 0, 0, change_words },
	{ "changed-renewal", "compare, renew-ok, update-needed or new-authorization",
	    "renewal of what an earlier version made; compare: renewed if it would say the same",
	    set_word, get_word, OFFSET(changed_renewal), 0, 0, renewal_words },
	{ "retire-delay", "0s ... 30d", "a replaced certificate is revoked after this",
	    set_duration, get_duration, OFFSET(retire_delay_seconds), 0, 30 * DAY, NULL },
	{ "admin-may-revoke", "yes or no", "an Admin may revoke certificates of this template",
	    set_flag, get_flag, OFFSET(admin_may_revoke), 0, 0, NULL },
};
#define KEYS	(sizeof(keys) / sizeof(keys[0]))

/* set_word writes an unsigned where an enumeration stands */
_Static_assert(sizeof(enum template_cn) == sizeof(unsigned) &&
    sizeof(enum change_who) == sizeof(unsigned), "enumerations are unsigned");

const struct template_key *
template_keys(size_t *n)
{
	*n = KEYS;
	return keys;
}

static const struct template_key *
find_key(const char *name, struct fault *f)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(name, keys[i].name) == 0)
			return &keys[i];
	fault_set(f, FAULT_USAGE, "", "a template has no key \"%s\"", name);
	return NULL;
}

bool
template_set(struct template *t, const char *key, const char *value, struct fault *f)
{
	const struct template_key	*k = find_key(key, f);

	return k != NULL && k->set(k, t, value, f);
}

bool
template_get(const struct template *t, const char *key, struct buf *out,
    struct fault *f)
{
	const struct template_key	*k = find_key(key, f);

	if (k == NULL)
		return false;
	k->get(k, t, out);
	return buf_check(out, key, f);
}
