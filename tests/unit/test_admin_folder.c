/* SPDX-License-Identifier: Apache-2.0 */
/* The Admin's folder: inventory, batches under way, ticket files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "admin/batch.h"
#include "admin/inventory.h"
#include "admin/tickets.h"
#include "base/file.h"
#include "message/ticket.h"

static struct arena	*arena;
static char		 dir[64];

static void
must(bool ok, const struct fault *f)
{
	if (!ok)
		fail_msg("%s", f->text);
}

/* --- inventory ------------------------------------------------------------------------ */

static struct known
device(const char *id, const char *label, const char *fqdn, struct identity *store)
{
	struct fault	f = { 0 };

	must(identity_parse(IDENTITY_FQDN, view_str(fqdn), store, &f), &f);
	return (struct known){
		.d = { .name = label, .label = label, .ids = store, .n_ids = 1,
		    .template = "s2s-gateway", .group = "g", .site = "Z\xc3\xbcrich",
		    .address = "192.0.2.1", .subnets = "198.51.100.0/24" },
		.id = id, .batch = "00ff", .end = "", .cancel = "aa",
	};
}

static void
inventory_survives(void **state)
{
	struct identity		a, b;
	struct known		two[2], *hit[4], *k;
	struct inventory	inv, again;
	struct fault		f = { 0 };

	(void)state;
	two[0] = device("ID2", "gw2", "gw2.example", &a);
	two[1] = device("ID1", "gw1", "gw1.example", &b);
	must(inventory_load(dir, arena, &inv, &f), &f);
	assert_int_equal(inv.n, 0);
	must(inventory_merge(&inv, two, 2, &f) && inventory_save(dir, &inv, &f), &f);
	two[0].end = "revoked";		/* the same id again replaces */
	must(inventory_merge(&inv, two, 1, &f) && inventory_save(dir, &inv, &f), &f);
	must(inventory_load(dir, arena, &again, &f), &f);
	assert_int_equal(again.n, 2);
	k = inventory_by_id(&again, VIEW_LIT("ID2"));
	assert_non_null(k);
	assert_string_equal(k->end, "revoked");
	assert_string_equal(k->d.site, "Z\xc3\xbcrich");
	assert_string_equal(k->cancel, "aa");
	assert_null(inventory_by_id(&again, VIEW_LIT("ID3")));
	assert_int_equal(inventory_find(&again, "gw1", hit, 4), 1);
	assert_string_equal(hit[0]->id, "ID1");
	assert_int_equal(inventory_find(&again, "GW1.example", hit, 4), 1);
	assert_int_equal(inventory_find(&again, "fqdn:gw2.example", hit, 4), 1);
	assert_int_equal(inventory_find(&again, "ID1", hit, 4), 1);
	assert_int_equal(inventory_find(&again, "gw", hit, 4), 0);
}

static const struct {
	const char	*label, *text, *says;
} damaged[] = {
	{ "another file", "hello\n", "line 1" },
	{ "a field missing", "# pki4ipsec inventory 1\na\tb\n", "line 2: 2 fields" },
	{ "no identity", "# pki4ipsec inventory 1\ni\tl\tn\tt\tg\ts\ta\tu\t\tb\te\tc\n", "line 2" },
};

static void
damage_is_named(void **state)
{
	char	path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/inventory.tsv", dir);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct inventory	inv;
		struct fault		f = { 0 };

		must(file_write(path, view_str(damaged[i].text), 0600, &f), &f);
		assert_false(inventory_load(dir, arena, &inv, &f));
		if (strstr(f.text, damaged[i].says) == NULL)
			fail_msg("%s: %s", damaged[i].label, f.text);
	}
	assert_int_equal(remove(path), 0);
}

/* --- batches ------------------------------------------------------------------------------ */

static void
batches_go_on(void **state)
{
	struct batch	b = { .template = "s2s-gateway", .key = "ec-p256", .out = "/tickets",
		.created = 1795500000, .not_after = 1796500000, .entries = 3 };
	struct batch	*found = arena_array(arena, BATCHES_MAX, sizeof(*found));
	struct buf	out;
	struct fault	f = { 0 };
	size_t		n;

	(void)state;
	buf_init(&out, 4096);
	must(batches_unfinished(dir, found, &n, &f), &f);
	assert_int_equal(n, 0);
	batch_begin(&b, rng_system());
	must(batch_create(dir, &b, VIEW_LIT("REQUEST"), VIEW_LIT("fqdn\nx.example\n"), &f), &f);
	must(batches_unfinished(dir, found, &n, &f), &f);
	assert_int_equal(n, 1);
	assert_memory_equal(found[0].id, b.id, sizeof(b.id));
	assert_string_equal(found[0].preset, "");
	assert_string_equal(found[0].out, "/tickets");
	assert_int_equal(found[0].not_after, 1796500000);
	must(batch_request(dir, &found[0], &out, &f), &f);
	assert_true(view_equal(buf_view(&out), VIEW_LIT("REQUEST")));
	b.state = BATCH_DELIVERED;
	must(batch_update(dir, &b, &f) && batches_unfinished(dir, found, &n, &f), &f);
	assert_int_equal(found[0].state, BATCH_DELIVERED);
	must(batch_end(dir, &b, &f) && batches_unfinished(dir, found, &n, &f), &f);
	assert_int_equal(n, 0);
	assert_false(batch_list(dir, &b, &out, &f));	/* only the plan is kept */
	buf_clear(&out);
}

/* --- tickets --------------------------------------------------------------------------- */

static void
ticket_text(const char *id, struct buf *out)
{
	struct ticket	t = { .url = "http://pki.example/cmc", .template = "s2s-gateway",
		.key = "ec-p256", .n_identities = 1, .anchor = { 1 } };
	struct fault	f = { 0 };

	snprintf(t.id, sizeof(t.id), "%s", id);
	snprintf(t.token, sizeof(t.token), "AAAA-BBBB-CCCC-DDDD");
	snprintf(t.identities[0], sizeof(t.identities[0]), "fqdn:gw1.example");
	must(ticket_check(&t, &f), &f);
	ticket_write(&t, out);
}

static bool
is_dead(void *ctx, const char *id)
{
	(void)ctx;
	return strcmp(id, "OLD1") == 0;
}

static const char *
put(const char *id)
{
	struct ticket_folder	to;
	struct buf		text;
	struct fault		f = { 0 };
	char			path[128];

	buf_init(&text, TICKET_FILE_MAX);
	ticket_text(id, &text);
	snprintf(path, sizeof(path), "%s/tickets", dir);
	must(tickets_open(&to, path, 1, arena, &f), &f);
	to.is_over = is_dead;
	must(tickets_add(&to, "gw1", id, buf_view(&text), &f) && tickets_commit(&to, &f), &f);
	tickets_close(&to);
	buf_clear(&text);
	return to.v[0].name;
}

/* Never over a ticket that may still be used. */
static void
tickets_do_not_overwrite(void **state)
{
	char		path[160];
	struct stat	st;

	(void)state;
	assert_string_equal(put("OLD1"), "gw1.ticket");
	assert_string_equal(put("OLD1"), "gw1.ticket");		/* the same again */
	assert_string_equal(put("NEW1"), "gw1.ticket");		/* OLD1 is over */
	assert_string_equal(put("NEW2"), "gw1-NEW2.ticket");	/* NEW1 is not */
	snprintf(path, sizeof(path), "%s/tickets/gw1.ticket", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/tickets/.gw1.ticket.new", dir);
	assert_int_not_equal(stat(path, &st), 0);
}

static int
begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/pki4ipsec-admin-XXXXXX");
	arena = arena_new(64u << 20);
	return arena == NULL || mkdtemp(dir) == NULL;
}

static int
end(void **state)
{
	struct fault	f = { 0 };

	(void)state;
	arena_free(arena);
	return !dir_remove(dir, &f);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(inventory_survives),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(batches_go_on),
		cmocka_unit_test(tickets_do_not_overwrite),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
