/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/template_wire.h"

#include "profile/template_file.h"

#define RSA_BITS_MAX	4096	/* the kinds of a template are least sizes */

static struct cvp_secret_format
wire_format(const struct secret_format *sf)
{
	return (struct cvp_secret_format){
		.length = sf->length,
		.group = sf->group,
		.alphabet = view_str(sf->alphabet),
		.prefix = view_str(sf->prefix),
	};
}

static struct cvp_change_terms
wire_change(const struct change_terms *c)
{
	return (struct cvp_change_terms){
		.who = (enum cvp_who)c->who,
		.keys = (enum cvp_keys)c->keys,
		.last_percent = (uint8_t)c->last_percent,
		.max_times = { .present = c->max_times > 0, .v = c->max_times },
	};
}

static const struct known_key {
	enum key_kind	kind;
	const char	*oid;
	size_t		noid;
	const char	*params;
	size_t		nparams;
	uint32_t	bits;
} known_keys[] = {
#define EC_KEY "\x2a\x86\x48\xce\x3d\x02\x01"
#define RSA_KEY "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	{ KEY_EC_P256, EC_KEY, 7, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, 0 },
	{ KEY_EC_P384, EC_KEY, 7, "\x06\x05\x2b\x81\x04\x00\x22", 7, 0 },
	{ KEY_ED25519, "\x2b\x65\x70", 3, NULL, 0, 0 },
	{ KEY_RSA_2048, RSA_KEY, 9, "\x05\x00", 2, 2048 },
	{ KEY_RSA_3072, RSA_KEY, 9, "\x05\x00", 2, 3072 },
	{ KEY_RSA_4096, RSA_KEY, 9, "\x05\x00", 2, 4096 },
};
#define KNOWN_KEYS	(sizeof(known_keys) / sizeof(known_keys[0]))

static struct cvp_key_spec
wire_key(const struct known_key *k)
{
	return (struct cvp_key_spec){
		.algorithm = {
			.oid = view_of(k->oid, k->noid),
			.params = view_of(k->params, k->nparams),
		},
		.min_bits = k->bits,
	};
}

/* AlgorithmIdentifiers of the keys a template takes; the first is its choice. */
static size_t
wire_keys(const struct template *t, struct cvp_key_spec *out)
{
	size_t	n = 0;

	for (size_t i = 0; i < KNOWN_KEYS; i++)
		if (known_keys[i].kind == t->key_default)
			out[n++] = wire_key(&known_keys[i]);
	for (size_t i = 0; i < KNOWN_KEYS; i++)
		if (known_keys[i].kind != t->key_default && (t->keys & (1u << known_keys[i].kind)))
			out[n++] = wire_key(&known_keys[i]);
	return n;
}

bool
template_takes_spec(const struct template *t, const struct cvp_key_spec *k)
{
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		const struct cvp_key_spec	known = wire_key(&known_keys[i]);

		if ((t->keys & KEY_BIT(known_keys[i].kind)) != 0 &&
		    view_equal(k->algorithm.oid, known.algorithm.oid) &&
		    view_equal(k->algorithm.params, known.algorithm.params) &&
		    (known.min_bits >= k->min_bits || (known.min_bits > 0 && k->min_bits <= RSA_BITS_MAX)))
			return true;
	}
	return false;
}

void
template_put(const struct template *t, struct buf *out)
{
	struct cvp_secret_format	id = wire_format(&t->id_format);
	struct cvp_secret_format	token = wire_format(&t->token_format);
	struct cvp_change_terms		renewal = wire_change(&t->renewal);
	struct cvp_update		update = { .terms = wire_change(&t->update) };
	struct cvp_key_spec		keys[8];
	struct buf			settings;
	struct cvp_lifecycle		life = {
		.renewal = t->renewal.allowed ? &renewal : NULL,
		.update = t->update.allowed ? &update : NULL,
		.admin_may_revoke = { true, t->admin_may_revoke },
		.retire_old = { true, true, (uint32_t)t->retire_delay_seconds },
		.confirm_within = { true, (uint64_t)t->confirm_seconds },
		.revocation_info = { true, CVP_REVOCATION_CDP_REQUIRED | CVP_REVOCATION_HTTP },
	};
	struct cvp_template		w = {
		.name = view_str(t->name),
		.version = t->version,
		.max_window = { true, (uint64_t)t->window_max_seconds },
		.max_entries = { true, t->entries_max },
		.terms = {
			.id_format = &id,
			.token_format = &token,
			.key_gen = { true, template_generation(t) },
			.lifecycle = &life,
			.on_template_change = { true, (uint64_t)t->on_change },
			.key_specs = keys,
			.n_key_specs = wire_keys(t, keys),
			.approval = { true, (uint64_t)t->approval },
		},
	};

	buf_init(&settings, CVP_SETTINGS_MAX);
	template_settings(t, &settings);
	w.settings = buf_view(&settings);
	if (buf_ok(&settings))
		cvp_put_template(out, &w);
	else
		out->failed = true;
	buf_clear(&settings);
}

enum key_kind
key_spec_kind(const struct cvp_key_spec *k)
{
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		struct cvp_key_spec	known = wire_key(&known_keys[i]);

		if (known_keys[i].kind != KEY_RSA_2048 &&
		    view_equal(k->algorithm.oid, known.algorithm.oid) &&
		    view_equal(k->algorithm.params, known.algorithm.params) &&
		    key_kind_bits(known_keys[i].kind) >= k->min_bits)
			return known_keys[i].kind;
	}
	return KEY_NONE;
}
