/* SPDX-License-Identifier: Apache-2.0 */
/* pki renew: new certificates for what the PKI itself uses every day. */
#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "pki/commands.h"
#include "pki/own.h"
#include "pki/seal_key.h"

static const struct option options[] = {
	{ "dir", "DIR", "/var/lib/pki4ipsec", "folder of the PKI" },
	{ "due", NULL, NULL, "only those in the last third of their life" },
	{ "sealing-key", NULL, NULL, "only a new key that tokens are sealed under" },
	{ 0 },
};

/* By its age, or because somebody says so. */
static bool
renew_sealing_key(const struct invocation *in, const struct pki_config *c, int64_t now,
    bool *done, struct fault *f)
{
	char	path[CONFIG_PATH_MAX];

	*done = option_given(in, "sealing-key");
	if (!config_path(c, "keys/seal.key", path, sizeof(path), f) ||
	    (option_given(in, "due") && !seal_keys_due(path, now, done, f)))
		return false;
	return !*done || seal_keys_rotate(path, rng_system(), now, f);
}

static void
report(const struct invocation *in, unsigned which, bool sealing)
{
	json_t	*list = json_array(), *o;

	for (enum authority_id id = 0; id < AUTHORITIES; id++) {
		if ((which & (1u << id)) == 0)
			continue;
		json_array_append_new(list, json_string(authority_name(id)));
		if (!in->json && !in->quiet)
			printf("renewed %s\n", authority_name(id));
	}
	if (sealing) {
		json_array_append_new(list, json_string("sealing key"));
		if (!in->json && !in->quiet)
			printf("renewed sealing key\n");
	}
	o = json_pack("{s:o}", "renewed", list);
	if (in->json) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (which == 0 && !sealing && !in->quiet) {
		printf("nothing to do\n");
	} else if (!in->quiet) {
		printf("next, if a server runs: kill -HUP \"$(cat %s/run/serve.lock)\"\n",
		    option_value(in, "dir"));
	}
	json_decref(o);
}

static int
run(const struct invocation *in)
{
	static struct pki_config	c;
	struct authorities		all = { 0 };
	unsigned			which = OWN_RENEWED;
	int64_t				now = (int64_t)time(NULL);
	struct fault			f = { 0 };
	bool				ok, sealing;

	log_init("renew", in->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
	ok = config_load(option_value(in, "dir"), &c, &f) && authorities_load(&c, &all, &f);
	if (ok && option_given(in, "sealing-key"))
		which = 0;
	else if (ok && option_given(in, "due"))
		which = own_due(&all, now);
	authorities_clear(&all);
	if (!ok || !own_renew(&c, which, now, &f) ||
	    !renew_sealing_key(in, &c, now, &sealing, &f))
		return command_fail(in, &f, pki_help(in, &f));
	report(in, which, sealing);
	return EXIT_DONE;
}

const struct command cmd_pki_renew = {
	.group = "pki", .name = "renew", .args = "",
	.help = "new certificates for what signs answers and serves HTTPS; the server does it itself",
	.options = options, .run = run,
};
