/* SPDX-License-Identifier: Apache-2.0 */
/* admin template: what this Admin may authorize, and on which terms. */
#include <inttypes.h>

#include <jansson.h>

#include "admin/authorization.h"
#include "admin/commands.h"
#include "admin/session.h"
#include "admin/table.h"
#include "base/text.h"

#define QUERY_OCTETS	(64u << 10)
#define DAY_SECONDS	86400

static const struct option options[] = { ADMIN_OPTIONS, { 0 } };

static void
show_digest(const struct cvp_template *t, char hex[2 * SHA256_OCTETS + 1])
{
	uint8_t	digest[SHA256_OCTETS];

	sha256(t->tlv, digest);
	hex_encode(view_of(digest, sizeof(digest)), hex);
}

static const char *
renewal_of(const struct cvp_template *t)
{
	return t->terms.lifecycle != NULL && t->terms.lifecycle->renewal != NULL ? "yes" : "no";
}

static const char *
approval_of(const struct cvp_template *t)
{
	return t->terms.approval.present && t->terms.approval.v == CVP_APPROVAL_MANUAL ?
	    "manual" : "automatic";
}

static json_t *
as_json(const struct cvp_template *t)
{
	char		 hex[2 * SHA256_OCTETS + 1];
	const char	*key = template_key_word(t);

	show_digest(t, hex);
	return json_pack("{s:s%, s:I, s:s, s:s, s:I, s:I, s:s, s:s}", "name",
	    (const char *)t->name.p, t->name.n, "version", (json_int_t)t->version, "digest", hex,
	    "key", key != NULL ? key : "", "max_window_seconds", (json_int_t)t->max_window.v,
	    "max_entries", (json_int_t)t->max_entries.v, "renewal", renewal_of(t), "approval",
	    approval_of(t));
}

static void
print_json(const struct cvp_template_info *info)
{
	json_t	*list = json_array(), *o;

	for (size_t i = 0; i < info->n; i++)
		json_array_append_new(list, as_json(&info->v[i]));
	o = json_pack("{s:o}", "templates", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static bool
print_text(const struct cvp_template_info *info, struct arena *a, struct fault *f)
{
	const char	*heads[] = { "template", "version", "key", "ticket at most", "at a time",
		"renewal", "approval", "digest" };
	struct table	 t;
	char		 version[24], window[32], entries[24], hex[2 * SHA256_OCTETS + 1];

	table_init(&t, a, heads, 8);
	for (size_t i = 0; i < info->n; i++) {
		const struct cvp_template	*e = &info->v[i];
		const char			*cells[] = { arena_str(a, e->name), version,
			template_key_word(e), window, entries, renewal_of(e), approval_of(e), hex };

		snprintf(version, sizeof(version), "%" PRIu64, e->version);
		snprintf(window, sizeof(window), "%" PRIu64 " days", e->max_window.v / DAY_SECONDS);
		snprintf(entries, sizeof(entries), "%" PRIu64, e->max_entries.v);
		show_digest(e, hex);
		hex[16] = '\0';
		table_add(&t, cells);
	}
	return table_print(&t, stdout, f);
}

static bool
ask(struct session *s, struct cvp_template_info *info, struct fault *f)
{
	struct view	names[ARGUMENTS_MAX], value;
	struct cvp_list	list = { names, s->in->nargs };
	struct buf	der;
	bool		ok;

	for (size_t i = 0; i < s->in->nargs; i++)
		names[i] = view_str(s->in->args[i]);
	buf_init(&der, QUERY_OCTETS);
	cvp_put_template_query(&der, &list);
	ok = buf_check(&der, "templateQuery", f) && admin_ask_one(&s->a, CVP_TEMPLATE_QUERY,
	    buf_view(&der), CVP_TEMPLATE_INFO, s->arena, &value, f) &&
	    cvp_template_info_decode(value, s->arena, info, f);
	buf_clear(&der);
	return ok;
}

static bool
all_there(const struct invocation *in, const struct cvp_template_info *info, struct fault *f)
{
	for (size_t i = 0; i < in->nargs; i++) {
		size_t	k = 0;

		while (k < info->n && !view_equal(info->v[k].name, view_str(in->args[i])))
			k++;
		if (k == info->n)
			return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is not a template that the PKI "
			    "lets this Admin use", in->args[i]);
	}
	return true;
}

static int
run(const struct invocation *in)
{
	struct cvp_template_info	info;
	struct session			s;
	struct fault			f = { 0 };

	if (session_open(&s, in, false, &f) && ask(&s, &info, &f) && all_there(in, &info, &f)) {
		if (in->json)
			print_json(&info);
		else
			(void)!print_text(&info, s.arena, &f);
	}
	return session_end(&s, &f, EXIT_DONE);
}

const struct command cmd_admin_template = {
	.group = "admin", .name = "template", .args = "[NAME...]", .max_args = ARGUMENTS_MAX,
	.help = "what may be authorized, and on which terms",
	.options = options, .run = run,
};
