/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_tool: install a credential that a live test made, without any PKI.
 *
 *	install_tool NAME=VALUE...
 *
 * name identity role address subnet peer key cert ca crl policy swanctl vici
 * load=no.  enforce=CRL hands a CRL to the daemon instead, and before=CRL is
 * the one from before.  ca, crl, subnet and peer may repeat; peer is
 * "name identity address subnet".  Prints what the report says, exits as the
 * program does: 0, 1, or 75 when no daemon answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/command.h"
#include "base/file.h"
#include "base/text.h"
#include "peer/enforce.h"
#include "peer/install.h"

#define TOOL_ARGS_MAX	64
#define TOOL_FILE_MAX	(1u << 20)

struct tool {
	struct install_request	 req;
	struct install_peer	 peers[TOOL_ARGS_MAX];
	const char		*subnets[TOOL_ARGS_MAX];
	const char		*crls[TOOL_ARGS_MAX];
	const char		*peer_subnets[TOOL_ARGS_MAX];
	struct buf		 files[TOOL_ARGS_MAX];
	size_t			 nfiles;
	struct view		 enforce, before;
	bool			 load;
};

static bool
take_file(struct tool *t, const char *path, bool pem_to_der, struct view *out,
    struct fault *f)
{
	struct buf	 text;
	struct buf	*b = &t->files[t->nfiles++];
	bool		 ok;

	buf_init(&text, TOOL_FILE_MAX);
	buf_init(b, TOOL_FILE_MAX);
	ok = file_read(path, pem_to_der ? &text : b, f) &&
	    (!pem_to_der || pem_decode("CERTIFICATE", buf_view(&text), b, NULL,
	    f));
	buf_clear(&text);
	*out = buf_view(b);
	return ok;
}

/* "name identity address subnet", cut in place. */
static void
take_peer(struct tool *t, char *value)
{
	size_t			 i = t->req.npeers++;
	struct install_peer	*p = &t->peers[i];
	char			*save = NULL;

	p->name = strtok_r(value, " ", &save);
	p->identity = strtok_r(NULL, " ", &save);
	p->address = strtok_r(NULL, " ", &save);
	t->peer_subnets[i] = strtok_r(NULL, " ", &save);
	p->subnets = &t->peer_subnets[i];
	p->nsubnets = t->peer_subnets[i] == NULL ? 0 : 1;
}

static bool
take(struct tool *t, const char *key, char *value, struct fault *f)
{
	struct install_request	*r = &t->req;
	const struct {
		const char	 *key;
		const char	**to;
	} strings[] = {
		{ "name", &r->name }, { "identity", &r->identity },
		{ "address", &r->address }, { "policy", &r->policy },
		{ "swanctl", &r->swanctl_dir }, { "vici", &r->vici_uri },
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (strcmp(key, strings[i].key) == 0) {
			*strings[i].to = value;
			return true;
		}
	if (strcmp(key, "role") == 0)
		return install_role_of(value, &r->role, f);
	if (strcmp(key, "key") == 0)
		return take_file(t, value, false, &r->key_pem, f);
	if (strcmp(key, "cert") == 0)
		return take_file(t, value, true, &r->cert, f);
	if (strcmp(key, "ca") == 0 && r->nca < INSTALL_CA_MAX)
		return take_file(t, value, true, &r->ca[r->nca++], f);
	if (strcmp(key, "enforce") == 0)
		return take_file(t, value, false, &t->enforce, f);
	if (strcmp(key, "before") == 0)
		return take_file(t, value, false, &t->before, f);
	if (strcmp(key, "peer") == 0)
		take_peer(t, value);
	else if (strcmp(key, "subnet") == 0)
		t->subnets[r->nsubnets++] = value;
	else if (strcmp(key, "crl") == 0)
		t->crls[r->ncrl_uris++] = value;
	else if (strcmp(key, "load") == 0)
		t->load = strcmp(value, "no") != 0;
	else
		return fault_set(f, FAULT_USAGE, "", "unknown word \"%s\"", key);
	return true;
}

static bool
take_all(struct tool *t, int argc, char **argv, struct fault *f)
{
	char	*value;

	t->load = true;
	t->req.peers = t->peers;
	t->req.subnets = t->subnets;
	t->req.crl_uris = t->crls;
	if (argc > TOOL_ARGS_MAX)
		return fault_set(f, FAULT_USAGE, "", "too many words");
	for (int i = 1; i < argc; i++) {
		value = strchr(argv[i], '=');
		if (value == NULL)
			return fault_set(f, FAULT_USAGE, "",
			    "\"%s\" is not name=value", argv[i]);
		*value++ = '\0';
		if (!take(t, argv[i], value, f))
			return false;
	}
	return true;
}

static void
say(const struct install_report *r)
{
	printf("files_in_place=%d restored=%d loaded=%d has_cert=%d "
	    "has_ca=%d has_key=%d connections=%zu/%zu\n", r->files_in_place,
	    r->restored, r->loaded, r->has_cert, r->has_ca, r->has_key,
	    r->connections, r->wanted);
	printf("daemon: %s\nconf: %s\nconnection: %s\nmissing: %s\nnext: %s\n",
	    r->daemon, r->conf, r->connection, r->missing, r->next);
}

static bool
enforce(const struct tool *t, struct fault *f)
{
	struct enforce_report	r;
	bool			ok;

	ok = enforce_crl(t->req.vici_uri, t->enforce, t->before, NULL, &r, f);
	printf("crl_loaded=%d revoked=%zu ended=%zu\n", r.loaded, r.revoked,
	    r.ended);
	return ok;
}

static bool
install(const struct tool *t, struct fault *f)
{
	struct install_report	r = { 0 };
	bool			ok;

	ok = install_strongswan(&t->req, t->load, &r, f);
	say(&r);
	return ok;
}

int
main(int argc, char **argv)
{
	static struct tool	t;
	struct fault		f = { 0 };
	bool			ok;

	ok = take_all(&t, argc, argv, &f) &&
	    (t.enforce.n > 0 ? enforce(&t, &f) : install(&t, &f));
	if (!ok)
		printf("fault: %s: %s\n", fault_kind_name(f.kind), f.text);
	for (size_t i = 0; i < t.nfiles; i++)
		buf_clear(&t.files[i]);
	return ok ? EXIT_DONE : f.kind == FAULT_BUSY ? EXIT_LATER : EXIT_FAILED;
}
