/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki init: the PKI's part is src/pki/init.c; the first Admin's credential is
 * enrolled with a ticket by the very code that a device runs.  This is the
 * one place where the two meet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/command.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "main/admin_enroll.h"
#include "main/commands.h"
#include "pki/init.h"
#include "pki/local.h"

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder to make; must not exist or be empty" },
	{ "name", "NAME", "VPN", "name of the PKI: O= in its certificates" },
	{ "url", "URL", "http://127.0.0.1:8080", "where devices will reach the server" },
	{ "key", "KIND", "ec-p256", "of every key: ec-p256, ec-p384, ed25519, rsa-3072, rsa-4096" },
	{ "admin", "NAME", "admin", "logical name of the first Admin" },
	{ 0 },
};

/* Enrol the Admin into DIR/admin of the staged folder. */
static bool
enroll_admin(const struct init_request *q, struct init_report *r, struct fault *f)
{
	static const char *const	made[] = { "admin/key.pem", "admin/cert.pem",
		"admin/chain.pem", "admin/ca.pem", "admin/admin.url" };
	struct local_pki		*e = local_open(r->staging, q->now, f);
	struct transport		 way = { local_exchange, e };
	char				 dir[CONFIG_PATH_MAX];
	bool				 ok;

	ok = e != NULL && path_join(dir, sizeof(dir), r->staging, "admin", f) &&
	    admin_enroll_ticket(buf_view(&r->ticket), dir, &way, q->now, f);
	local_close(e);
	for (size_t i = 0; ok && i < sizeof(made) / sizeof(made[0]); i++)
		init_note(r, made[i]);
	return ok;
}

static void
print_report(const struct invocation *in, const struct init_request *q,
    const struct init_report *r)
{
	char	hex[65];

	hex_encode(view_of(r->root_sha256, sizeof(r->root_sha256)), hex);
	if (in->json) {
		json_t	*root = json_object(), *files = json_array();

		for (size_t i = 0; i < r->n; i++)
			json_array_append_new(files, json_string(r->files[i]));
		json_object_set_new(root, "dir", json_string(q->dir));
		json_object_set_new(root, "root_sha256", json_string(hex));
		json_object_set_new(root, "files", files);
		json_dumpf(root, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(root);
		return;
	}
	for (size_t i = 0; i < r->n && !in->quiet; i++)
		printf("made %s/%s\n", q->dir, r->files[i]);
	printf("root SHA-256 %s\n", hex);
	if (!in->quiet)
		printf("\nnext:\n  pki4ipsec pki serve --dir %s\n"
		    "  pki4ipsec admin authorize --dir %s/admin --template s2s-gateway "
		    "--csv devices.csv --out tickets\n", q->dir, q->dir);
}

static bool
read_request(const struct invocation *in, struct init_request *q, struct fault *f)
{
	*q = (struct init_request){
		.dir = option_value(in, "dir"), .name = option_value(in, "name"),
		.url = option_value(in, "url"), .admin = option_value(in, "admin"),
		.key = key_kind_find(option_value(in, "key")), .now = (int64_t)time(NULL),
	};
	if (q->key == KEY_NONE || q->key == KEY_RSA_2048 || q->key == KEY_RSA_OTHER)
		return fault_set(f, FAULT_USAGE, "", "--key %s: want ec-p256, ec-p384, ed25519, "
		    "rsa-3072 or rsa-4096", option_value(in, "key"));
	for (const char *p = q->admin; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *p) == NULL ||
		    p - q->admin > 40 || q->admin[0] == '-')
			return fault_set(f, FAULT_USAGE, "", "--admin %s: want up to 40 of a-z, "
			    "0-9 and -", q->admin);
	return true;
}

static int
run(const struct invocation *in)
{
	struct init_request	q;
	static struct init_report r;
	struct fault		f = { 0 };
	bool			ok;

	log_init("init", in->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
	if (!read_request(in, &q, &f)) {
		command_fail(in, &f, "pki4ipsec pki init --help");
		return EXIT_USAGE;
	}
	ok = init_stage(&q, &r, &f) && enroll_admin(&q, &r, &f) && init_commit(&q, &r, &f);
	if (ok)
		print_report(in, &q, &r);
	init_end(&r);
	return ok ? EXIT_DONE : command_fail(in, &f, f.kind == FAULT_CONFLICT ?
	    "choose another --dir, or move that folder away" : f.kind == FAULT_USAGE ?
	    "pki4ipsec pki init --help" : strstr(f.text, "could not make folder") != NULL ?
	    "--dir where this user may make folders" : NULL);
}

const struct command cmd_pki_init = {
	.group = "pki", .name = "init", .args = "",
	.help = "make a PKI in one folder, with its first Admin",
	.options = options, .run = run,
};
