/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <jansson.h>

#include "base/text.h"
#include "codec/cert.h"
#include "codec/crl.h"
#include "codec/name.h"
#include "codec/pkcs10.h"
#include "main/lint_run.h"

/* What an object is called in lists. */
struct title {
	char	serial[2 * CERT_SERIAL_OCTETS_MAX + 1];
	char	name[NAME_TEXT_MAX];
};

static void
name_subject(const struct cert *c, struct title *t)
{
	name_text(c->subject, t->name, sizeof(t->name));
	if (t->name[0] == '\0' && c->san.n > 0)
		general_name_text(&c->san.list[0], t->name, sizeof(t->name));
	hex_encode(serial_magnitude(c->serial), t->serial);
}

static void
name_object(const struct object *o, struct title *t)
{
	struct cert	c;
	struct crl	l;
	struct pkcs10	q;

	*t = (struct title){ 0 };
	if (o->kind == OBJECT_CERTIFICATE && cert_decode(o->der, &c, NULL)) {
		name_subject(&c, t);
	} else if (o->kind == OBJECT_CRL && crl_decode(o->der, &l, NULL)) {
		name_text(l.issuer, t->name, sizeof(t->name));
		if (l.has_number && l.number.n <= CERT_SERIAL_OCTETS_MAX)
			hex_encode(serial_magnitude(l.number), t->serial);
	} else if (o->kind == OBJECT_PKCS10 && pkcs10_decode(o->der, &q, NULL)) {
		name_text(q.subject, t->name, sizeof(t->name));
		if (t->name[0] == '\0' && q.san.n > 0)
			general_name_text(&q.san.list[0], t->name, sizeof(t->name));
	}
}

/* --- text --------------------------------------------------------------------------- */

static void
print_escaped(const char *s)
{
	char	out[NAME_TEXT_MAX * 2];

	text_escape(view_str(s), 0, out, sizeof(out));
	fputs(out, stdout);
}

static void
print_title(const struct lint_run *r, const struct object *o)
{
	struct title	t;

	name_object(o, &t);
	print_escaped(o->source);
	if (o->number > 1)
		printf("#%zu", o->number);
	printf(": %s", object_kind_name(o->kind));
	if (t.serial[0] != '\0')
		printf(" %s", t.serial);
	if (t.name[0] != '\0') {
		printf(" ");
		print_escaped(t.name);
	}
	if (o->kind == OBJECT_CERTIFICATE)
		printf(" (as %s)", lint_profile_name(lint_run_profile(r, o)));
	printf("\n");
}

static void
print_finding(const struct lint_finding *x)
{
	printf("  %-8s %-32s %s", lint_severity_name(x->severity), x->rule->name,
	    x->advice->field);
	if (x->offset != LINT_NO_OFFSET)
		printf(" at octet %ld", x->offset);
	if (x->detail[0] != '\0') {
		printf(": ");
		print_escaped(x->detail);
	}
	printf("\n%11s%s: %s\n", "", x->rule->source, x->rule->summary);
	printf("%11s%s\n%11srepair: %s\n", "", x->advice->consequence, "", x->advice->repair);
}

static void
print_counts(const struct lint_run *r, bool verbose)
{
	printf("%zu looked at: %zu errors, %zu warnings, %zu notices%s\n", r->objects->n,
	    r->counts[LINT_ERROR], r->counts[LINT_WARN], r->counts[LINT_INFO],
	    r->counts[LINT_INFO] > 0 && !verbose ? " (shown with --verbose)" : "");
	if (r->objects->passed_over > 0)
		printf("%zu files hold nothing of the kind and were passed over\n",
		    r->objects->passed_over);
}

void
lint_print_text(const struct lint_run *r, bool quiet, bool verbose)
{
	enum lint_severity	least = quiet ? LINT_ERROR : verbose ? LINT_INFO : LINT_WARN;
	size_t			last = SIZE_MAX;

	for (size_t i = 0; i < r->n; i++) {
		const struct lint_note	*note = &r->notes[i];

		if (note->finding.severity < least)
			continue;
		if (note->which != last)
			print_title(r, &r->objects->list[note->which]);
		last = note->which;
		print_finding(&note->finding);
	}
	if (!quiet)
		print_counts(r, verbose);
}

/* --- JSON ------------------------------------------------------------------------------ */

/* Text from certificates, as JSON can hold it. */
static json_t *
json_text(const char *s)
{
	char	out[NAME_TEXT_MAX * 2];

	text_escape(view_str(s), 0, out, sizeof(out));
	return json_string(out);
}

static json_t *
json_finding(const struct lint_finding *x)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s}",
	    "severity", lint_severity_name(x->severity), "id", x->rule->name,
	    "field", x->advice->field,
	    "offset", x->offset == LINT_NO_OFFSET ? json_null() : json_integer(x->offset),
	    "value", json_text(x->detail), "section", x->rule->source,
	    "rule", x->rule->summary, "consequence", x->advice->consequence,
	    "repair", x->advice->repair);
}

static void
print_object(const struct lint_run *r, size_t which, size_t *at, bool first)
{
	const struct object	*o = &r->objects->list[which];
	json_t			*j, *list = json_array();
	struct title		 t;

	name_object(o, &t);
	for (; *at < r->n && r->notes[*at].which == which; (*at)++)
		json_array_append_new(list, json_finding(&r->notes[*at].finding));
	j = json_pack("{s:o, s:I, s:s, s:s, s:o, s:s, s:o}", "source", json_text(o->source),
	    "number", (json_int_t)o->number, "kind", object_kind_name(o->kind),
	    "profile", o->kind == OBJECT_CERTIFICATE ?
	    lint_profile_name(lint_run_profile(r, o)) : "", "name", json_text(t.name),
	    "serial", t.serial, "findings", list);
	fputs(first ? "" : ",\n", stdout);
	json_dumpf(j, stdout, JSON_COMPACT);
	json_decref(j);
}

void
lint_print_json(const struct lint_run *r)
{
	size_t	at = 0;

	printf("{\"objects\":[\n");
	for (size_t i = 0; i < r->objects->n; i++)
		print_object(r, i, &at, i == 0);
	printf("],\n\"errors\":%zu,\"warnings\":%zu,\"notices\":%zu,\"passed_over\":%zu}\n",
	    r->counts[LINT_ERROR], r->counts[LINT_WARN], r->counts[LINT_INFO],
	    r->objects->passed_over);
}

/* --- the list of rules ------------------------------------------------------------------- */

void
lint_print_rules(bool json)
{
	const struct lint	*rule;
	json_t			*list = json ? json_array() : NULL;

	for (size_t i = 0; (rule = lint_rule(i)) != NULL; i++) {
		const struct lint_advice	*a = lint_advice(rule->name);

		if (json)
			json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
			    "severity", lint_severity_name(rule->severity), "id", rule->name,
			    "field", a->field, "section", rule->source, "rule", rule->summary,
			    "consequence", a->consequence, "repair", a->repair));
		else
			printf("%-8s %-32s %s (%s)\n", lint_severity_name(rule->severity),
			    rule->name, rule->summary, rule->source);
	}
	if (json) {
		json_dumpf(list, stdout, JSON_INDENT(1));
		printf("\n");
	}
	json_decref(list);
}
