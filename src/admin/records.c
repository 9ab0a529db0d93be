/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/records.h"
#include "base/text.h"
#include "codec/cert.h"
#include "codec/oid.h"

#define PAGE_RECORDS	1000		/* ids in one question; the PKI answers no more */
#define PAGE_OCTETS	(64u << 20)
#define QUERY_OCTETS	(1u << 20)

/* --- one page ----------------------------------------------------------------------- */

static bool
hand_out(const struct cvp_info *info, const struct record_reader *to, bool *stop,
    struct fault *f)
{
	for (size_t i = 0; i < info->n_records; i++)
		if (!to->each(to->ctx, &info->records[i], f)) {
			*stop = true;
			return f->kind == FAULT_NONE;
		}
	return true;
}

/* *next is a copy in `kept`: the page is gone when this returns. */
static bool
read_page(struct admin *a, const struct cvp_query *q, const struct record_reader *to,
    uint8_t kept[CVP_CURSOR_MAX], struct view *next, bool *stop, struct fault *f)
{
	struct arena	*arena = arena_new(PAGE_OCTETS);
	struct cvp_info	 info;
	struct view	 value;
	struct buf	 der;
	bool		 ok;

	if (arena == NULL)
		return arena_fault(f);
	buf_init(&der, QUERY_OCTETS);
	cvp_put_query(&der, q);
	ok = buf_check(&der, "query", f) && admin_ask_one(a, CVP_AUTHZ_QUERY, buf_view(&der),
	    CVP_AUTHZ_INFO, arena, &value, f) && cvp_info_decode(value, arena, &info, f) &&
	    hand_out(&info, to, stop, f);
	*next = VIEW_NONE;
	if (ok && info.cursor.n > 0) {
		memcpy(kept, info.cursor.p, info.cursor.n);
		*next = view_of(kept, info.cursor.n);
	}
	buf_clear(&der);
	arena_free(arena);
	return ok;
}

bool
records_by_ids(struct admin *a, const struct view *ids, size_t n,
    const struct record_reader *to, struct fault *f)
{
	uint8_t		kept[CVP_CURSOR_MAX];
	struct view	next;
	bool		stop = false;

	for (size_t i = 0; i < n && !stop; i += PAGE_RECORDS) {
		size_t			 m = n - i < PAGE_RECORDS ? n - i : PAGE_RECORDS;
		struct cvp_query	 q = {
			.has_ids = true, .ids = { (struct view *)(uintptr_t)(ids + i), m },
		};

		if (!read_page(a, &q, to, kept, &next, &stop, f))
			return false;
	}
	return true;
}

bool
records_walk(struct admin *a, struct view batch_id, const struct record_reader *to,
    struct fault *f)
{
	uint8_t			kept[CVP_CURSOR_MAX];
	struct cvp_query	q = {
		.batch_id = batch_id, .max = { true, PAGE_RECORDS },
	};
	bool			stop = false;

	do {
		if (!read_page(a, &q, to, kept, &q.cursor, &stop, f))
			return false;
	} while (q.cursor.n > 0 && !stop);
	return true;
}

/* --- what a record says ---------------------------------------------------------------- */

bool
record_lives(const struct cvp_record *r)
{
	switch (r->state) {
	case CVP_STATE_WAITING:
	case CVP_STATE_OPEN:
	case CVP_STATE_IN_PROGRESS:
	case CVP_STATE_ISSUED:
	case CVP_STATE_CONFIRMED:
	case CVP_STATE_LOCKED:
		return true;
	case CVP_STATE_CANCELLED:
	case CVP_STATE_EXPIRED:
	case CVP_STATE_REJECTED:
	case CVP_STATE_REVOKED:
		break;
	}
	return false;
}

const char *
terms_key_word(const struct cvp_terms *t)
{
	for (size_t i = 0; i < t->n_key_specs; i++) {
		const struct cvp_key_spec	*k = &t->key_specs[i];
		struct view			 p = k->algorithm.params;

		if (view_equal(k->algorithm.oid, OID_ED25519))
			return key_kind_name(KEY_ED25519);
		if (view_equal(k->algorithm.oid, OID_RSA))
			return key_kind_name(k->min_bits > 3072 ? KEY_RSA_4096 : KEY_RSA_3072);
		if (!view_equal(k->algorithm.oid, OID_EC_PUBLIC_KEY) || p.n < 2)
			continue;
		p = view_of(p.p + 2, p.n - 2);
		if (view_equal(p, OID_P256))
			return key_kind_name(KEY_EC_P256);
		if (view_equal(p, OID_P384))
			return key_kind_name(KEY_EC_P384);
	}
	return NULL;
}

void
record_terms(const struct cvp_record *r, struct record_terms *out)
{
	const struct extension	*san = NULL;
	struct general_names	 names;
	struct fault		 why = { 0 };

	*out = (struct record_terms){ .generation = GENERATION_PEER };
	if (r->effective == NULL)
		return;
	if (r->effective->key_gen.present)
		out->generation = (enum generation)r->effective->key_gen.v;
	out->key = terms_key_word(r->effective);
	if (r->effective->has_window && r->effective->window_not_after.present)
		out->window_end = r->effective->window_not_after.v;
	if (r->effective->cert != NULL && r->effective->cert->not_after.present)
		out->cert_end = r->effective->cert->not_after.v;
	if (r->effective->cert != NULL)
		san = cvp_cert_extension(r->effective->cert, OID_SUBJECT_ALT_NAME);
	if (san == NULL || !general_names_decode(san->value, &names, &why))
		return;
	for (size_t i = 0; i < names.n && out->n_ids < IDENTITIES_MAX; i++) {
		fault_clear(&why);
		out->n_ids += identity_from_san(&names.list[i], &out->ids[out->n_ids], &why);
	}
}

void
record_serial(const struct cvp_record *r, char out[RECORD_SERIAL_MAX])
{
	struct view	serial = VIEW_NONE;

	if (r->cert != NULL)
		serial = serial_magnitude(r->cert->serial);
	out[0] = '\0';
	if (serial.n > 0 && 2 * serial.n < RECORD_SERIAL_MAX)
		hex_encode(serial, out);
}
