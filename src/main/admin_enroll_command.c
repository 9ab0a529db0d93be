/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin enroll: the credential of an Admin, by a ticket; and devices whose
 * keys are not their own to make (RFC 4809, 3.3.3, 3.3.4).
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "admin/csv.h"
#include "admin/fleet.h"
#include "admin/session.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "main/admin_enroll.h"
#include "main/at_once.h"
#include "main/commands.h"
#include "main/generated.h"
#include "main/generate_request.h"
#include "peer/reach.h"
#include "peer/ticket_load.h"

#define WAIT_PRESET	"0"
#define WAIT_SECONDS_MAX	INT64_C(2592000)	/* a month */
#define ANY_TEMPLATE	"s2s-gateway"	/* for rows that name none: nobody asks here */
#define AGAIN		"the same command again: it goes on where it stopped"

static const struct option options[] = {
	ADMIN_OPTIONS,
	{ "generate", NULL, NULL, "make the keys of these devices here, and enrol with them" },
	{ "pki-key", NULL, NULL, "have the PKI make their keys" },
	{ "request", "FILE", NULL, "ask for one device with the PKCS #10 it made" },
	{ "confirm", "FILE", NULL, "what that device has signed: its confirmation" },
	{ "csv", "FILE", NULL, "the devices of a list, as for authorize; with --request, one to authorize" },
	{ "template", "NAME", NULL, "with --request and --csv: of a row that names none" },
	{ "key", "KIND", NULL, "kind of the keys; by default the template's choice" },
	{ "out", "DIR", "bundles", "where the bundles go" },
	{ "format", "p12|pem", "p12", "PKCS #12 and a passphrase, or PEM" },
	{ "device-confirms", NULL, NULL, "hand key and certificate over unconfirmed: the device signs" },
	{ "wait", "TIME", WAIT_PRESET, "how long to wait for a person's approval at the PKI; 0: not at all" },
	{ 0 },
};

/* --- by a ticket -------------------------------------------------------------------------- */

static int
print_credential(const struct invocation *in, const char *dir, const struct enroll_report *r)
{
	json_t	*o;

	if (in->json) {
		o = json_pack("{s:s, s:s}", "dir", dir, "serial", r->serial);
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	} else if (!in->quiet) {
		printf("%s %s in %s\nnext:\n  pki4ipsec admin template --dir %s\n",
		    r->already ? "already enrolled as" : "enrolled as", r->identity, dir, dir);
	}
	return EXIT_DONE;
}

static int
by_ticket(const struct invocation *in)
{
	const char		*dir = option_value(in, "dir");
	struct enroll_report	 r = { 0 };
	struct ticket		 t = { 0 };
	struct fault		 f = { 0 };
	bool			 ok;

	if (in->nargs != 1 || option_given(in, "csv") || option_given(in, "out") ||
	    option_given(in, "format") || option_given(in, "key") || option_given(in, "url")) {
		fault_set(&f, FAULT_USAGE, "", "want one TICKET, or devices with --generate, "
		    "--pki-key or --request");
		return command_fail(in, &f, "pki4ipsec admin enroll --help");
	}
	ok = ticket_load_argument(in->args[0], &t, &f);
	if (ok) {
		ok = admin_enroll_over_http(&t, dir, &r, &f);
		ticket_clear(&t);
	}
	return ok ? print_credential(in, dir, &r) :
	    command_fail(in, &f, f.kind == FAULT_BUSY ? AGAIN : NULL);
}

/* --- devices ------------------------------------------------------------------------------- */

/* One call for devices. */
struct call {
	struct session		 s;
	struct generate		 q;
	enum generation		 method;
	const char		**words;
	size_t			 n_words;
	struct targets		 targets;
	int64_t			 wait;		/* seconds */
	int64_t			*poll_at;	/* of each word: when it is asked again, or how it ended */
	size_t			 done, failed, left, waits;
	json_t			*list;
};

#define AT_ONCE		INT64_C(0)
#define NEVER		INT64_MAX

/* What is to be done, and by which method the devices were authorized for it. */
static const struct {
	const char	*option;
	enum generation	 method;
} ways[] = {
	{ "generate", GENERATION_ADMIN }, { "pki-key", GENERATION_PKI },
	{ "request", GENERATION_PEER_ADMIN }, { "confirm", GENERATION_PEER_ADMIN },
};

static size_t
ways_given(const struct invocation *in, enum generation *method)
{
	size_t	n = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (option_given(in, ways[i].option)) {
			*method = ways[i].method;
			n++;
		}
	return n;
}

/* Authorized and enrolled by one message. */
static bool
is_at_once(const struct invocation *in)
{
	return option_given(in, "request") && option_given(in, "csv");
}

static bool
read_options(struct call *c, const struct invocation *in, struct fault *f)
{
	const char	*format = option_value(in, "format"), *key = option_value(in, "key");

	if (ways_given(in, &c->method) != 1)
		return fault_set(f, FAULT_USAGE, "", "one of --generate, --pki-key, --request and "
		    "--confirm");
	if (option_given(in, "template") && !is_at_once(in))
		return fault_set(f, FAULT_USAGE, "", "--template goes with --request and --csv");
	if (c->method == GENERATION_PEER_ADMIN && (in->nargs + is_at_once(in) != 1 ||
	    (option_given(in, "csv") && !is_at_once(in)) || option_given(in, "format") ||
	    option_given(in, "key")))
		return fault_set(f, FAULT_USAGE, "", "--request FILE and --confirm FILE are about one "
		    "DEVICE");
	if (in->nargs == 0 && !option_given(in, "csv"))
		return fault_set(f, FAULT_USAGE, "", "which devices? DEVICE..., or --csv FILE");
	if (strcmp(option_value(in, "wait"), "0") != 0 && !duration_parse("--wait",
	    option_value(in, "wait"), 0, WAIT_SECONDS_MAX, &c->wait, f))
		return false;
	c->q.by_pki = c->method == GENERATION_PKI;
	c->q.device_confirms = option_given(in, "device-confirms");
	c->q.out = option_value(in, "out");
	c->q.format = strcmp(format, "pem") == 0 ? BUNDLE_PEM : BUNDLE_P12;
	if (c->q.format == BUNDLE_P12 && strcmp(format, "p12") != 0)
		return fault_set(f, FAULT_USAGE, "", "--format %s: want p12 or pem", format);
	c->q.key = key;
	if (key != NULL && (key_kind_find(key) == KEY_NONE ||
	    key_kind_find(key) == KEY_RSA_2048 || key_kind_find(key) == KEY_RSA_OTHER))
		return fault_set(f, FAULT_USAGE, "", "--key %s: want ec-p256, ec-p384, ed25519, "
		    "rsa-3072 or rsa-4096", key);
	return true;
}

/* The first identity of each row. */
static bool
read_list(struct call *c, const char *csv, struct fault *f)
{
	static struct problems	p;
	struct fleet	fleet = { 0 };
	struct buf	file;
	char		word[IDENTITY_TICKET_MAX];
	bool		ok;

	p = (struct problems){ .a = c->s.arena };
	buf_init(&file, CSV_FILE_MAX);
	ok = file_read(csv, &file, f) && fleet_read(buf_view(&file), ANY_TEMPLATE, &p, &fleet, f);
	if (ok && p.total > 0)
		ok = fault_set(f, FAULT_MALFORMED, "", "%s: line %u: %s", csv, p.v[0].line,
		    p.v[0].text);
	c->words = ok ? arena_array(c->s.arena, fleet.n + 1, sizeof(*c->words)) : NULL;
	for (size_t i = 0; c->words != NULL && i < fleet.n; i++) {
		identity_format(&fleet.v[i].ids[0], word);
		c->words[c->n_words++] = arena_str(c->s.arena, view_str(word));
	}
	buf_clear(&file);
	return ok && (c->words != NULL || arena_fault(f));
}

/* One that is named twice is one. */
static bool
take_arguments(struct call *c, const struct invocation *in, struct fault *f)
{
	size_t	k;

	c->words = arena_array(c->s.arena, in->nargs, sizeof(*c->words));
	if (c->words == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < in->nargs; i++) {
		for (k = 0; k < c->n_words && strcmp(c->words[k], in->args[i]) != 0;)
			k++;
		if (k == c->n_words)
			c->words[c->n_words++] = in->args[i];
	}
	return true;
}

static bool
find_devices(struct call *c, const struct invocation *in, struct fault *f)
{
	const char	*csv = option_value(in, "csv");

	if (!(option_given(in, "csv") ? read_list(c, csv, f) : take_arguments(c, in, f)))
		return false;
	return targets_find(&c->s.a, &c->s.inv, c->words, c->n_words, c->s.arena, &c->targets, f);
}

/* Of those that a word means, the living one; a device may have had others before. */
static const struct target *
living(const struct call *c, size_t word)
{
	size_t	i = c->targets.living[word];

	return i == 0 ? NULL : &c->targets.v[i - 1];
}

/* A device that is meant by two words is one. */
static bool
was_named(const struct call *c, size_t word)
{
	for (size_t i = 0; i < word; i++)
		if (c->targets.living[i] != 0 && c->targets.living[i] == c->targets.living[word])
			return true;
	return false;
}

static bool
check_target(const struct call *c, const struct target *t, struct fault *f)
{
	if (t == NULL)
		return fault_set(f, FAULT_NOT_FOUND, "", "its authorizations are all over: authorize "
		    "it again");
	return t->generation == c->method || option_given(c->s.in, "confirm") || fault_set(f, FAULT_REFUSED, "RFC 4809, 3.3", "it is "
	    "authorized for a key made by \"%s\": pki4ipsec admin authorize --generation %s",
	    generation_name(t->generation), generation_name(c->method));
}

static bool
enroll_one(struct call *c, size_t word, struct generate_outcome *o, struct fault *f)
{
	const struct target	*t = living(c, word);

	*o = (struct generate_outcome){ 0 };
	return check_target(c, t, f) && generate_one(&c->q, t, o, f);
}

/* --- saying so ------------------------------------------------------------------------------- */

static void
say(struct call *c, const char *word, const struct generate_outcome *o, const struct fault *f)
{
	const struct invocation	*in = c->s.in;
	bool			 ok = f->kind == FAULT_NONE;
	char			 shown[FAULT_TEXT_MAX], next[32] = "";

	if (o->wait.waits)
		date_format(o->wait.poll_at, next);
	if (in->json) {
		json_array_append_new(c->list, json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:s}",
		    "device", word, "enrolled", ok, "already", o->already, "serial", o->serial,
		    "bundle", ok ? o->bundle : "", "passphrase_file", ok ? o->passphrase : "",
		    "confirm", ok ? o->confirm : "", "asked_again", next, "error", ok ? "" : f->text));
		return;
	}
	text_escape(view_str(word), 0, shown, sizeof(shown));
	if (!ok)
		fprintf(stderr, "pki4ipsec: %s: %s\n", shown, f->text);
	else if (!in->quiet && o->confirm[0] != '\0')
		printf("issued %s, certificate %s, %s; the device signs %s with its key: "
		    "pki4ipsec admin enroll --confirm FILE %s --dir %s\n", shown, o->serial, o->bundle,
		    o->confirm, shown, option_value(in, "dir"));
	else if (!in->quiet)
		printf("%s %s, certificate %s, %s\n", o->already ? "already enrolled:" : "enrolled",
		    shown, o->serial, o->bundle);
}

/* Nothing is said of who waits while there is time to wait. */
static void
note_outcome(struct call *c, size_t i, const struct generate_outcome *o, const struct fault *why,
    bool last)
{
	c->poll_at[i] = o->wait.waits ? o->wait.poll_at : NEVER;
	c->done += why->kind == FAULT_NONE;
	c->waits += o->wait.waits;
	c->failed += why->kind != FAULT_NONE && !o->wait.waits;
	if (last || !o->wait.waits)
		say(c, c->words[i], o, why);
}

/*
 * All that are due.  Whoever cannot be reached now, cannot be for the next one:
 * stop, and go on later.
 */
static bool
enroll_due(struct call *c, struct generate_outcome *o, bool last, struct fault *f)
{
	struct progress	bar;
	bool		ok = true;

	c->waits = 0;
	progress_start(&bar, c->s.in, "enrolling", c->n_words);
	for (size_t i = 0; ok && i < c->n_words; i++) {
		struct fault	why = { 0 };

		if (c->poll_at[i] == NEVER)
			continue;
		if (c->poll_at[i] > c->s.a.now && !last) {
			c->waits++;
			continue;
		}
		if (!enroll_one(c, i, o, &why) && why.kind == FAULT_BUSY && !o->wait.waits) {
			*f = why;
			c->left = c->n_words - i;
			ok = false;
			break;
		}
		note_outcome(c, i, o, &why, last);
		progress_step(&bar, i + 1);
	}
	progress_end(&bar);
	return ok;
}

static void
pause_until(struct call *c, int64_t at)
{
	while ((c->s.a.now = (int64_t)time(NULL)) < at)
		sleep((unsigned)(at - c->s.a.now));
}

/* When the first of them is asked again, if that is before the end. */
static int64_t
next_due(const struct call *c, int64_t end)
{
	int64_t	at = end;

	for (size_t i = 0; i < c->n_words; i++)
		if (c->poll_at[i] < at)
			at = c->poll_at[i];
	return at;
}

static bool
enroll_all(struct call *c, struct fault *f)
{
	struct generate_outcome	*o = arena_alloc(c->s.arena, sizeof(*o));
	int64_t			 end = c->s.a.now + c->wait;

	c->poll_at = arena_array(c->s.arena, c->n_words + 1, sizeof(*c->poll_at));
	if (o == NULL || c->poll_at == NULL)
		return arena_fault(f);
	for (size_t i = 0; i < c->n_words; i++)
		c->poll_at[i] = was_named(c, i) ? NEVER : AT_ONCE;
	for (;;) {
		bool	last = c->s.a.now >= end;

		if (!enroll_due(c, o, last, f))
			return false;
		if (c->waits == 0 || last)
			return true;
		pause_until(c, next_due(c, end));
	}
}

static void
print_end(struct call *c)
{
	json_t	*o;

	if (c->s.in->json) {
		o = json_pack("{s:O, s:i, s:i, s:i, s:i}", "devices", c->list, "waiting",
		    (int)c->waits, "enrolled", (int)c->done, "failed", (int)c->failed, "left",
		    (int)c->left);
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	} else if (!c->s.in->quiet && c->n_words > 1) {
		printf("%zu enrolled, %zu failed", c->done, c->failed);
		if (c->left > 0)
			printf(", %zu left", c->left);
		printf(c->waits > 0 ? ", %zu wait for approval\n" : "\n", c->waits);
	}
}

/* --- one device with its own key ---------------------------------------------------------------- */

static void
say_issued(const struct invocation *in, const char *word, const struct request_outcome *o)
{
	json_t	*j;

	if (in->json) {
		j = json_pack("{s:s, s:s, s:s, s:s}", "device", word, "serial", o->serial,
		    "chain", o->chain, "confirm", o->confirm);
		json_dumpf(j, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(j);
	} else if (!in->quiet) {
		printf("issued %s, certificate %s, %s\nnext, where its key is:\n"
		    "  openssl cms -sign -binary -nodetach -cades -md sha256 -outform DER \\\n"
		    "      -econtent_type 1.3.6.1.5.5.7.12.2 -inkey KEY -signer %s \\\n"
		    "      -in %s -out FILE\nand then:\n"
		    "  pki4ipsec admin enroll --confirm FILE %s --dir %s\n", word, o->serial,
		    o->chain, o->chain, o->confirm, word, option_value(in, "dir"));
	}
}

static void
say_confirmed(const struct invocation *in, const char *word, const char *serial)
{
	json_t	*j;

	if (in->json) {
		j = json_pack("{s:s, s:s, s:b}", "device", word, "serial", serial, "confirmed", true);
		json_dumpf(j, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(j);
	} else if (!in->quiet) {
		printf("confirmed %s, certificate %s\n", word, serial);
	}
}

/* What waited for a confirmation that nobody can give any more. */
static bool
forget_ended(struct call *c, struct fault *f)
{
	for (size_t i = 0; i < c->targets.n; i++)
		if (!c->targets.v[i].lives && !generated_drop(&c->s.a, c->targets.v[i].id, f))
			return false;
	return true;
}

/* As long as it waits for a person, and patience lasts. */
static bool
request_patiently(struct call *c, const struct target *t, struct request_outcome *o,
    struct fault *f)
{
	int64_t	end = c->s.a.now + c->wait;

	while (!request_enroll(&c->q, t, option_value(c->s.in, "request"), o, f)) {
		if (!o->wait.waits || c->s.a.now >= end)
			return false;
		pause_until(c, o->wait.poll_at < end ? o->wait.poll_at : end);
		fault_clear(f);
	}
	return true;
}

static bool
by_request(struct call *c, const struct invocation *in, struct fault *f)
{
	const char		*word = c->words[0];
	const struct target	*t = living(c, 0);
	struct request_outcome	*o = arena_alloc(c->s.arena, sizeof(*o));
	char			 serial[ENROLL_SERIAL_MAX];

	if (o == NULL)
		return arena_fault(f);
	if (t == NULL && !forget_ended(c, f))
		return false;
	if (!check_target(c, t, f))
		return fault_within(f, "%s", word);
	if (option_given(in, "request")) {
		if (!request_patiently(c, t, o, f))
			return fault_within(f, "%s", word);
		say_issued(in, word, o);
		return true;
	}
	if (!request_confirm(&c->q, t, option_value(in, "confirm"), serial, f))
		return fault_within(f, "%s", word);
	say_confirmed(in, word, serial);
	return true;
}

static bool
say_at_once(const struct invocation *in, const struct at_once_outcome *o)
{
	json_t	*j;

	if (in->json) {
		j = json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "device", o->name, "id",
		    o->id, "ticket", o->ticket, "enrolled", o->issued, "serial", o->r.serial,
		    "chain", o->issued ? o->r.chain : "", "confirm", o->issued ? o->r.confirm : "",
		    "error", o->issued ? "" : o->why.text);
		json_dumpf(j, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(j);
		return o->issued;
	}
	if (!in->quiet)
		printf("authorized %s, ticket %s\n", o->name, o->ticket);
	if (o->issued)
		say_issued(in, o->name, &o->r);
	else
		fprintf(stderr, "pki4ipsec: %s is authorized, but not enrolled: %s\n", o->name,
		    o->why.text);
	return o->issued;
}

static int
at_once(struct call *c, const struct invocation *in, struct fault *f)
{
	struct at_once_outcome	*o = arena_alloc(c->s.arena, sizeof(*o));
	const struct at_once	 w = { .s = &c->s, .q = &c->q, .csv = option_value(in, "csv"),
		.request = option_value(in, "request"), .template = option_value(in, "template") };

	if (o == NULL) {
		arena_fault(f);
		return EXIT_FAILED;
	}
	if (!at_once_enroll(&w, o, f))
		return EXIT_FAILED;
	return say_at_once(in, o) ? EXIT_DONE : EXIT_PARTIAL;
}

/* The work itself, when the command line holds. */
static int
carry_out(struct call *c, const struct invocation *in, struct fault *f)
{
	bool	ok;

	if (is_at_once(in))
		return at_once(c, in, f);
	if (c->method == GENERATION_PEER_ADMIN)
		return by_request(c, in, f) ? EXIT_DONE : EXIT_FAILED;
	ok = enroll_all(c, f);
	print_end(c);		/* what is done is done, whatever stopped it */
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static int
go(struct call *c, const struct invocation *in, struct fault *f)
{
	c->s.in = in;
	/* With others' keys in it, this process leaves no core file. */
	if (!read_options(c, in, f) ||
	    (c->method != GENERATION_PEER_ADMIN && !process_harden(f)) ||
	    !session_open(&c->s, in, true, f) ||
	    (!is_at_once(in) && !find_devices(c, in, f)) ||
	    (!option_given(in, "confirm") && !dir_make(c->q.out, 0700, f)))
		return EXIT_FAILED;
	c->q.a = &c->s.a;
	c->q.arena = c->s.arena;
	return carry_out(c, in, f);
}

static int
for_devices(const struct invocation *in)
{
	struct call	c = { .list = json_array() };
	struct fault	f = { 0 };
	int		code = go(&c, in, &f);

	if (c.failed > 0)
		code = c.done > 0 ? EXIT_PARTIAL : EXIT_FAILED;
	else if (c.waits > 0)
		code = EXIT_LATER;
	json_decref(c.list);
	return session_end(&c.s, &f, code);
}

static int
run(const struct invocation *in)
{
	enum generation	method;

	return ways_given(in, &method) > 0 ? for_devices(in) : by_ticket(in);
}

const struct command cmd_admin_enroll = {
	.group = "admin", .name = "enroll", .args = "[TICKET | DEVICE...]", .min_args = 0,
	.max_args = ARGUMENTS_MAX,
	.help = "get an Admin's credential with a ticket, or certificates in the place of devices",
	.options = options, .run = run,
};
