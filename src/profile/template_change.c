/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/template_change.h"
#include "profile/template_file.h"

const char *
template_fate_name(enum template_fate fate)
{
	static const char *const names[] = {
		[TEMPLATE_REFUSED] = "changed",
		[TEMPLATE_NEEDS_UPDATE] = "changed: an update is needed",
		[TEMPLATE_NEEDS_GRANT] = "changed: a new authorization is needed",
		[TEMPLATE_AS_BEFORE] = "as before",
		[TEMPLATE_MOVED] = "addresses changed",
		[TEMPLATE_AS_OLD] = "changed: made as it was",
		[TEMPLATE_AS_NEW] = "changed: made as it is now",
	};

	return names[fate];
}

bool
template_fate_made(enum template_fate fate)
{
	return fate >= TEMPLATE_AS_BEFORE;
}

struct differences {
	bool	addresses, others;
};

static bool
is_address(const struct template_key *k)
{
	return strcmp(k->name, "crl-url") == 0 || strcmp(k->name, "ocsp-url") == 0 ||
	    strcmp(k->name, "issuer-url") == 0;
}

static void
note_difference(void *ctx, const struct template_key *k, const char *a, const char *b)
{
	struct differences	*d = ctx;

	(void)a;
	(void)b;
	if (is_address(k))
		d->addresses = true;
	else
		d->others = true;
}

/* What another CA signs is another kind of certificate, whatever was agreed. */
static bool
is_other_ca(const struct template *old, const struct template *now)
{
	return old->management != now->management;
}

enum template_fate
template_for_grant(const struct template *old, const struct template *now,
    enum template_change agreed)
{
	struct differences	d = { 0 };

	template_diff(old, now, note_difference, &d);
	if (!d.others)
		return d.addresses ? TEMPLATE_MOVED : TEMPLATE_AS_BEFORE;
	if (is_other_ca(old, now))
		return TEMPLATE_REFUSED;
	return agreed == TEMPLATE_USE_OLD ? TEMPLATE_AS_OLD :
	    agreed == TEMPLATE_USE_NEW ? TEMPLATE_AS_NEW : TEMPLATE_REFUSED;
}

enum template_fate
template_for_renewal(const struct template *old, const struct template *now, bool update)
{
	struct differences	d = { 0 };

	template_diff(old, now, note_difference, &d);
	if (!d.others)
		return d.addresses ? TEMPLATE_MOVED : TEMPLATE_AS_BEFORE;
	if (is_other_ca(old, now) || now->changed_renewal == CHANGED_NEW_AUTHORIZATION)
		return TEMPLATE_NEEDS_GRANT;
	if (update)
		return TEMPLATE_AS_NEW;
	if (now->changed_renewal == CHANGED_UPDATE_NEEDED)
		return TEMPLATE_NEEDS_UPDATE;
	return now->changed_renewal == CHANGED_RENEW_OK ? TEMPLATE_AS_OLD : TEMPLATE_AS_NEW;
}

void
template_of_fate(enum template_fate fate, const struct template *old,
    const struct template *now, struct template *out)
{
	struct template	t = *now;

	if (fate == TEMPLATE_AS_OLD) {
		t = *old;
		memcpy(t.crl_url, now->crl_url, sizeof(t.crl_url));
		memcpy(t.ocsp_url, now->ocsp_url, sizeof(t.ocsp_url));
		memcpy(t.issuer_url, now->issuer_url, sizeof(t.issuer_url));
	}
	*out = t;
}
