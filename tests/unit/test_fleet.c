/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of devices: what is wrong with it, with line and column, and who
 * connects to whom.
 *
 * R4809-3.1.6.1-2, R4809-3.1.6.1-3, R4809-3.1.6.1-4, R4809-3.1.6.1-5: each
 * kind of identity has its column.
 *
 * SEED-16: who is in the list, by group and template, and what is wrong with a row
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin/fleet.h"
#include "admin/topology.h"

static struct arena	*arena;

static void
read_list(const char *text, size_t n, const char *template, struct problems *p,
    struct fleet *out)
{
	struct fault	f = { 0 };

	*p = (struct problems){ .a = arena };
	if (!fleet_read(view_of(text, n), template, p, out, &f))
		fail_msg("%s", f.text);
	problems_sort(p);
}

/* --- what is wrong ------------------------------------------------------------------ */

static const struct {
	const char	*label;
	const char	*text;
	size_t		 n;		/* 0: strlen */
	unsigned	 line;		/* of the first problem; total 0: none */
	size_t		 total;
	const char	*column, *says;
} wrong[] = {
	{ "one device", "fqdn\ngw1.example\n", 0, 0, 0, "", "" },
	{ "no line end", "fqdn\ngw1.example", 0, 0, 0, "", "" },
	{ "CR LF, quotes, blank line", "fqdn,label\r\n\r\ngw1.example,\"a, b\"\r\n", 0, 0, 0, "", "" },
	{ "byte order mark", "\xef\xbb\xbf" "fqdn\ngw1.example\n", 0, 0, 0, "", "" },
	{ "header in capitals", "FQDN,Label\ngw1.example,x\n", 0, 0, 0, "", "" },
	{ "IDN", "fqdn\nb\xc3\xbc" "cher.example\n", 0, 0, 0, "", "" },
	{ "four identities", "fqdn,email,ipv4,ipv6\ngw.example,a@b.example,192.0.2.1,2001:db8::1\n", 0,
	    0, 0, "", "" },
	{ "nothing", "", 0, 0, 1, "", "the file is empty" },
	{ "header alone", "fqdn\n", 0, 0, 1, "", "no device below" },
	{ "no identity column", "label\nx\n", 0, 1, 1, "", "no identity column" },
	{ "slip in the header", "fqnd\ngw1.example\n", 0, 1, 2, "fqnd", "did you mean \"fqdn\"" },
	{ "unknown column", "fqdn,colour\na.example,red\n", 0, 1, 1, "colour", "unknown column" },
	{ "a platform", "fqdn,platform\na.example,windows\nb.example,\n", 0, 0, 0, "", "" },
	{ "approval", "fqdn,approval\na.example,manual\nb.example,\n", 0, 0, 0, "", "" },
	{ "no such approval", "fqdn,approval\na.example,automatic\n", 0, 2, 1, "approval",
	    "want manual" },
	{ "no such platform", "fqdn,platform\na.example,beos\n", 0, 2, 1, "platform", "is none of" },
	{ "two platforms", "fqdn,platform\na.example,\"apple,cisco\"\n", 0, 2, 1, "platform",
	    "is none of" },
	{ "column twice", "fqdn,fqdn\na.example,b.example\n", 0, 1, 1, "fqdn", "twice" },
	{ "semicolons", "fqdn;label\na.example;x\n", 0, 1, 1, "", "semicolons" },
	{ "tabs", "fqdn\tlabel\na.example\tx\n", 0, 1, 1, "", "tabs" },
	{ "fields missing", "fqdn,label\na.example\n", 0, 2, 1, "", "1 fields, the header has 2" },
	{ "fields too many", "fqdn\na.example,b\n", 0, 2, 1, "", "2 fields" },
	{ "empty identity", "fqdn,label\n,x\n", 0, 2, 1, "", "no identity" },
	{ "bad name", "fqdn\ngw..example\n", 0, 2, 1, "fqdn", "gw..example" },
	{ "wildcard", "fqdn\n*.example\n", 0, 2, 1, "fqdn", "*.example" },
	{ "bad address", "ipv4\n192.0.2.256\n", 0, 2, 1, "ipv4", "192.0.2.256" },
	{ "bad mailbox", "email\nann\n", 0, 2, 1, "email", "ann" },
	{ "identity twice in a row", "fqdn\na.example;A.example\n", 0, 2, 1, "fqdn", "twice in this row" },
	{ "identity in two rows", "fqdn\na.example\nA.EXAMPLE\n", 0, 3, 1, "fqdn", "line 2 too" },
	{ "label in two rows", "fqdn,label\na.example,x\nb.example,x\n", 0, 3, 1, "label", "line 2 too" },
	{ "gap between semicolons", "fqdn\na.example;;b.example\n", 0, 2, 1, "fqdn", "empty value" },
	{ "subnet with bits behind", "fqdn,subnets\na.example,198.51.100.7/25\n", 0, 2, 1, "subnets",
	    "198.51.100.0/25 is the subnet" },
	{ "address with a port", "fqdn,address\na.example,192.0.2.1:500\n", 0, 2, 1, "address", "192.0.2.1:500" },
	{ "Latin-1", "fqdn,label\na.example,Z\xfcrich\n", 0, 2, 1, "", "Latin-1" },
	{ "UTF-16", "\xff\xfe" "f\0q\0d\0n\0\n\0", 12, 0, 1, "", "UTF-16" },
	{ "control character", "fqdn,label\na.example,x\x07\n", 0, 2, 1, "label", "" },
	{ "quote inside", "fqdn,label\na.example,x\"y\n", 0, 2, 1, "", "quotation mark" },
	{ "quote never closed", "fqdn,label\na.example,\"x\n", 0, 2, 1, "", "never closed" },
	{ "peer unknown", "fqdn,peer\na.example,gw9\n", 0, 0, 0, "", "" },	/* topology's */
	{ "group without tunnels", "fqdn,template,group\na.example,admin,x\n", 0, 2, 1, "group",
	    "no tunnels" },
};

static void
problems_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct problems	p;
		struct fleet	fl;

		read_list(wrong[i].text, wrong[i].n != 0 ? wrong[i].n : strlen(wrong[i].text),
		    "s2s-gateway", &p, &fl);
		if (p.total != wrong[i].total)
			fail_msg("%s: %zu problems, first: %s", wrong[i].label, p.total,
			    p.n > 0 ? p.v[0].text : "-");
		if (p.total == 0)
			continue;
		if (p.v[0].line != wrong[i].line || strcmp(p.v[0].column, wrong[i].column) != 0 ||
		    strstr(p.v[0].text, wrong[i].says) == NULL)
			fail_msg("%s: line %u, column \"%s\": %s", wrong[i].label, p.v[0].line,
			    p.v[0].column, p.v[0].text);
	}
}

static void
needs_template(void **state)
{
	struct problems	p;
	struct fleet	fl;

	(void)state;
	read_list("fqdn\na.example\n", 15, NULL, &p, &fl);
	assert_int_equal(p.total, 1);
	assert_string_equal(p.v[0].column, "template");
	read_list("fqdn,template\na.example,\n", 25, NULL, &p, &fl);
	assert_int_equal(p.total, 1);
	assert_int_equal(p.v[0].line, 2);
}

/* All that is wrong is counted, the first hundred is kept. */
static void
many_problems(void **state)
{
	struct problems	p;
	struct fleet	fl;
	struct buf	text;

	(void)state;
	buf_init(&text, 1u << 20);
	buf_add_str(&text, "fqdn\n");
	for (int i = 0; i < 500; i++)
		buf_addf(&text, "gw%d..example\n", i);
	read_list((const char *)text.p, text.n, "s2s-gateway", &p, &fl);
	assert_int_equal(p.total, 500);
	assert_int_equal(p.n, PROBLEMS_MAX);
	assert_int_equal(p.v[0].line, 2);
	buf_clear(&text);
}

static void
row_limit(void **state)
{
	struct problems	p;
	struct fleet	fl;
	struct buf	text;

	(void)state;
	buf_init(&text, 1u << 20);
	buf_add_str(&text, "fqdn\n");
	for (int i = 0; i < CSV_ROWS_MAX; i++)
		buf_addf(&text, "gw%d.example\n", i);
	read_list((const char *)text.p, text.n, "s2s-gateway", &p, &fl);
	assert_int_equal(p.total, 0);
	assert_int_equal(fl.n, CSV_ROWS_MAX);
	buf_add_str(&text, "one.more.example\n");
	read_list((const char *)text.p, text.n, "s2s-gateway", &p, &fl);
	assert_int_equal(p.total, 1);
	assert_non_null(strstr(p.v[0].text, "10000 rows"));
	buf_clear(&text);
}

/* --- what it means ---------------------------------------------------------------------- */

static void
devices_come_out(void **state)
{
	static const char	text[] = "label,fqdn,ipv4,group,subnets,template\n"
		"Z\xc3\xbcrich 1,b\xc3\xbc" "cher.Example;GW.example,192.0.2.1,g,\"198.51.100.0/24; 2001:db8::/32\",\n"
		"\"a/b\",c.example,,,,ra-user\n"
		"\"a:b\",d.example,,,,ra-user\n";
	struct problems		p;
	struct fleet		fl;

	(void)state;
	read_list(text, sizeof(text) - 1, "s2s-gateway", &p, &fl);
	assert_int_equal(p.total, 0);
	assert_int_equal(fl.n, 3);
	assert_string_equal(fl.v[0].label, "Z\xc3\xbcrich 1");
	assert_string_equal(fl.v[0].name, "Z\xc3\xbcrich-1");
	assert_int_equal(fl.v[0].n_ids, 3);
	assert_string_equal(fl.v[0].ids[0].text, "xn--bcher-kva.example");
	assert_string_equal(fl.v[0].ids[1].text, "gw.example");
	assert_int_equal(fl.v[0].ids[2].kind, IDENTITY_IPV4);
	assert_string_equal(fl.v[0].subnets, "198.51.100.0/24,2001:db8::/32");
	assert_int_equal(fl.v[0].role, FLEET_S2S);
	assert_int_equal(fl.v[0].entry_id, 1);
	/* Two labels, one name for files: the later one is told apart. */
	assert_string_equal(fl.v[1].name, "a-b");
	assert_string_equal(fl.v[2].name, "a-b~4");
	assert_int_equal(fl.v[1].role, FLEET_RA_CLIENT);
}

static const struct {
	const char	*text, *name;
} names[] = {
	{ "gw1", "gw1" }, { "../../etc/passwd", "etc-passwd" }, { "..", "device" }, { "-rf", "rf" },
	{ "a b\tc", "a-b-x09c" }, { "ann@example.org", "ann@example.org" }, { ".hidden", "hidden" },
	{ "a//b", "a-b" }, { "\xe2\x80\xae" "evil", "xe2-x80-xaeevil" },
};

static void
names_are_safe(void **state)
{
	char	out[FLEET_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fleet_name(names[i].text, out);
		assert_string_equal(out, names[i].name);
	}
}

/* --- who connects to whom ------------------------------------------------------------- */

static const struct {
	const char	*label;
	const char	*text;
	const char	*device;	/* whose peers these are */
	const char	*peers;		/* names, sorted as they come */
	const char	*problem;	/* instead */
} plans[] = {
	{ "a mesh", "label,fqdn,group\na,a.x,g\nb,b.x,g\nc,c.x,g\nd,d.x,h\n", "a", "b c", NULL },
	{ "other group", "label,fqdn,group\na,a.x,g\nb,b.x,g\nc,c.x,h\n", "c", "", NULL },
	{ "no group", "label,fqdn\na,a.x\nb,b.x\n", "a", "", NULL },
	{ "a star, hub", "label,fqdn,peer\nhub,h.x,\ns1,s1.x,hub\ns2,s2.x,hub\n", "hub", "s1 s2", NULL },
	{ "a star, spoke", "label,fqdn,peer\nhub,h.x,\ns1,s1.x,hub\ns2,s2.x,hub\n", "s1", "hub", NULL },
	{ "named from both ends", "label,fqdn,peer\na,a.x,b\nb,b.x,a\n", "a", "b", NULL },
	{ "group and peer alike", "label,fqdn,group,peer\na,a.x,g,b\nb,b.x,g,\n", "a", "b", NULL },
	{ "user", "label,fqdn,email,template,group\ngw,gw.x,,ra-gateway,s\nann,,ann@x.y,ra-user,s\n",
	    "ann", "gw", NULL },
	{ "gateway waits", "label,fqdn,email,template,group\ngw,gw.x,,ra-gateway,s\n"
	    "ann,,ann@x.y,ra-user,s\n", "gw", "", NULL },
	{ "user without gateway", "label,email,template,group\nann,ann@x.y,ra-user,s\n", "ann", "",
	    "has no ra-gateway" },
	{ "unknown peer", "label,fqdn,peer\na,a.x,z\n", "a", "", "is the label of no device" },
	{ "itself", "label,fqdn,peer\na,a.x,a\n", "a", "", "this very device" },
	{ "gateway to user", "label,fqdn,email,template,peer\na,a.x,,s2s-gateway,u\nu,,u@x.y,ra-user,\n",
	    "a", "", "no s2s-gateway" },
};

static const char *
peers_text(const struct topology *t, const struct fleet *fl, const char *name)
{
	const struct device	*peers[TICKET_PEERS_MAX];
	static char		 out[512];
	size_t			 i = 0, n;

	while (strcmp(fl->v[i].name, name) != 0)
		i++;
	n = topology_peers(t, &fl->v[i], peers);
	out[0] = '\0';
	for (size_t k = 0; k < n; k++) {
		strcat(out, k > 0 ? " " : "");
		strcat(out, peers[k]->name);
	}
	return out;
}

static void
connections(void **state)
{
	struct fleet	none = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct fault	 f = { 0 };
		struct problems	 p;
		struct fleet	 fl;
		struct topology	*t;

		read_list(plans[i].text, strlen(plans[i].text), "s2s-gateway", &p, &fl);
		assert_int_equal(p.total, 0);
		t = topology_new(&fl, &none, &p, &f);
		assert_non_null(t);
		if (plans[i].problem != NULL) {
			if (p.total != 1 || strstr(p.v[0].text, plans[i].problem) == NULL)
				fail_msg("%s: %s", plans[i].label, p.n > 0 ? p.v[0].text : "no problem");
			continue;
		}
		if (p.total != 0 || strcmp(peers_text(t, &fl, plans[i].device), plans[i].peers) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", plans[i].label,
			    peers_text(t, &fl, plans[i].device), plans[i].peers);
	}
}

/* Devices authorized earlier count, unless they stand in the list again. */
static void
known_devices_count(void **state)
{
	static const char	old[] = "label,fqdn,template,group\ngw,gw.x,ra-gateway,s\nz,z.x,s2s-gateway,g\n";
	static const char	new[] = "label,fqdn,template,group\nu,u.x,ra-machine,s\na,a.x,s2s-gateway,g\n"
		"z,z.x,s2s-gateway,g\n";
	struct fault		f = { 0 };
	struct problems		p, q;
	struct fleet		known, fl;
	struct topology		*t;

	(void)state;
	read_list(old, sizeof(old) - 1, NULL, &q, &known);
	for (size_t i = 0; i < known.n; i++)
		known.v[i].line = 0;
	read_list(new, sizeof(new) - 1, NULL, &p, &fl);
	t = topology_new(&fl, &known, &p, &f);
	assert_non_null(t);
	assert_int_equal(p.total, 0);
	assert_string_equal(peers_text(t, &fl, "u"), "gw");
	assert_string_equal(peers_text(t, &fl, "a"), "z");
	assert_int_equal(topology_behind(t), 0);
}

/* A mesh larger than a ticket takes is one problem, not one per gateway. */
static void
mesh_limit(void **state)
{
	struct fleet	none = { 0 }, fl;
	struct fault	f = { 0 };
	struct problems	p;
	struct buf	text;

	(void)state;
	buf_init(&text, 1u << 20);
	buf_add_str(&text, "fqdn,group\n");
	for (int i = 0; i < TICKET_PEERS_MAX + 2; i++)
		buf_addf(&text, "gw%d.example,g\n", i);
	read_list((const char *)text.p, text.n, "s2s-gateway", &p, &fl);
	assert_non_null(topology_new(&fl, &none, &p, &f));
	assert_int_equal(p.total, 1);
	assert_non_null(strstr(p.v[0].text, "258 gateways"));
	buf_clear(&text);
}

static int
begin(void **state)
{
	(void)state;
	arena = arena_new(256u << 20);
	return arena == NULL;
}

static int
end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(problems_named),
		cmocka_unit_test(needs_template),
		cmocka_unit_test(many_problems),
		cmocka_unit_test(row_limit),
		cmocka_unit_test(devices_come_out),
		cmocka_unit_test(names_are_safe),
		cmocka_unit_test(connections),
		cmocka_unit_test(known_devices_count),
		cmocka_unit_test(mesh_limit),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
