/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "admin/home.h"
#include "base/file.h"
#include "base/text.h"
#include "codec/oid.h"
#include "net/client.h"

#define POLL_MAX	(16u << 10)	/* octets of a message that asks for the rest */
#define REQUEST_TYPE	"application/pkcs7-mime; smime-type=CMC-Request; name=request.p7m"
#define ANSWER_TYPE	"application/pkcs7-mime"
#define PEM_FILE_MAX	(256u << 10)
#define URL_KEY		"url:"

/* --- the folder -------------------------------------------------------------------- */

static bool
read_file(const struct admin *a, const char *name, struct buf *out, struct fault *f)
{
	char	path[ADMIN_PATH_MAX];

	return path_join(path, sizeof(path), a->dir, name, f) && file_read(path, out, f);
}

/* A buffer of the folder's, for one certificate. */
static struct buf *
new_octets(struct admin *a)
{
	struct buf	*b = &a->octets[a->n_octets++];

	buf_init(b, CERT_OCTETS_MAX);
	return b;
}

static bool
load_key(struct admin *a, struct fault *f)
{
	struct buf	pem;
	bool		ok;

	buf_init(&pem, KEY_PEM_MAX);
	ok = read_file(a, "key.pem", &pem, f) &&
	    ((a->key = key_load_pem(buf_view(&pem), f)) != NULL || fault_within(f, "key.pem"));
	if (pem.p != NULL)
		secret_wipe(pem.p, pem.n);
	buf_clear(&pem);
	return ok;
}

static bool
load_certificate(struct admin *a, const char *name, struct view *der, struct fault *f)
{
	struct buf	 pem;
	struct buf	*out = new_octets(a);
	bool		 ok;

	buf_init(&pem, PEM_FILE_MAX);
	ok = read_file(a, name, &pem, f) &&
	    (pem_decode("CERTIFICATE", buf_view(&pem), out, NULL, f) || fault_within(f, "%s", name));
	buf_clear(&pem);
	*der = buf_view(out);
	return ok;
}

/* The rest of chain.pem: what the PKI may need to find the way to its root. */
static bool
load_chain(struct admin *a, struct view *list, size_t *n, struct fault *f)
{
	struct buf	pem;
	struct view	rest;
	bool		ok = true;

	*n = 0;
	buf_init(&pem, PEM_FILE_MAX);
	if (!read_file(a, "chain.pem", &pem, f)) {
		buf_clear(&pem);
		return false;
	}
	rest = buf_view(&pem);
	while (ok && *n < ADMIN_CHAIN_MAX && memmem(rest.p, rest.n, "-----BEGIN CERTIFICATE", 22)) {
		struct buf	*out = new_octets(a);

		ok = pem_decode("CERTIFICATE", rest, out, &rest, f) || fault_within(f, "chain.pem");
		if (!ok || view_equal(buf_view(out), a->cert.der) ||
		    view_equal(buf_view(out), a->root)) {
			buf_clear(out);
			a->n_octets--;
		} else {
			list[(*n)++] = buf_view(out);
		}
	}
	buf_clear(&pem);
	return ok;
}

static bool
load_url(struct admin *a, const char *given, struct fault *f)
{
	struct buf	text;
	struct view	v;
	bool		ok = true;

	buf_init(&text, sizeof(a->url) - 1);
	if (given != NULL)
		buf_add_str(&text, given);
	else
		ok = read_file(a, "admin.url", &text, f);
	v = buf_view(&text);
	if (given == NULL && v.n > sizeof(URL_KEY) && memcmp(v.p, URL_KEY, sizeof(URL_KEY) - 1) == 0)
		v = view_of(v.p + sizeof(URL_KEY) - 1, v.n - sizeof(URL_KEY) + 1);
	while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_of(v.p + 1, v.n - 1);
	while (v.n > 0 && v.p[v.n - 1] <= ' ')
		v.n--;
	if (v.n > 0)
		memcpy(a->url, v.p, v.n);
	ok = ok && buf_check(&text, "URL", f);
	buf_clear(&text);
	if (ok && strncmp(a->url, "http://", 7) != 0 && strncmp(a->url, "https://", 8) != 0)
		return fault_set(f, FAULT_USAGE, "", "%s \"%s\" begins neither with http:// nor with "
		    "https://", given != NULL ? "--url" : "the url in admin.url", a->url);
	return ok;
}

/* The folder of the PKI is often given instead of the Admin's in it. */
static bool
check_folder(const struct admin *a, struct fault *f)
{
	char	path[ADMIN_PATH_MAX];

	if (!path_join(path, sizeof(path), a->dir, "key.pem", f))
		return false;
	if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return true;
	if (path_join(path, sizeof(path), a->dir, "admin/key.pem", f) && access(path, F_OK) == 0)
		return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is not the folder of an Admin: "
		    "\"%s/admin\" is", a->dir, a->dir);
	return fault_set(f, FAULT_NOT_FOUND, "", "\"%s\" is not the folder of an Admin: it has "
	    "no key.pem", a->dir);
}

static bool
load_credential(struct admin *a, struct fault *f)
{
	struct view	chain[ADMIN_CHAIN_MAX], cert;
	size_t		n = 0;

	if (!check_folder(a, f) || !load_key(a, f) ||
	    !load_certificate(a, "cert.pem", &cert, f) ||
	    !load_certificate(a, "ca.pem", &a->root, f))
		return false;
	if (!cert_decode(cert, &a->cert, f))
		return fault_within(f, "cert.pem");
	if (!view_equal(a->cert.spki, key_spki(a->key)))
		return fault_set(f, FAULT_CONFLICT, "", "%s: key.pem and cert.pem do not belong "
		    "together", a->dir);
	sha256(a->root, a->root_sha256);
	return load_chain(a, chain, &n, f) &&
	    message_signer_cert(&a->signer, key_sigalg(a->key), key_digest(a->key), a->cert.der,
	    chain, n, f);
}

/* --- HTTP ------------------------------------------------------------------------------ */

/* A CMC answer may come with any status (RFC 10003, 3.1). */
static bool
http_exchange(void *ctx, struct view message, struct buf *answer, struct fault *f)
{
	struct admin		*a = ctx;
	struct http_result	 r = { 0 };
	struct fault		 why = { 0 };

	if (http_post(a->http, a->url, REQUEST_TYPE, message, answer, &r, &why)) {
		if (http_result_is(&r, ANSWER_TYPE))
			return true;
		return fault_set(f, FAULT_REFUSED, "RFC 10003, 3.1", "%s answers with \"%s\", which "
		    "is not CMC: is the URL right?", a->url, r.content_type);
	}
	if (r.whole && http_result_is(&r, ANSWER_TYPE) && answer->n > 0)
		return true;
	return fault_set(f, why.kind, why.rule, "%s%s", why.text,
	    r.status == 0 || why.kind == FAULT_BUSY ? "" : ", from something that does not speak CMC");
}

static bool
open_http(struct admin *a, struct fault *f)
{
	struct http_client_config	c = { .total_ms = ADMIN_SECONDS * 1000 };
	struct buf			pem;

	buf_init(&pem, PEM_FILE_MAX);
	pem_encode("CERTIFICATE", a->root, &pem);
	c.anchors_pem = buf_view(&pem);
	a->http = http_client_new(&c, f);
	buf_clear(&pem);
	a->way = (struct transport){ http_exchange, a };
	return a->http != NULL;
}

bool
admin_open(const char *dir, const char *url, const struct transport *way,
    const struct rng *rng, int64_t now, struct admin *out, struct fault *f)
{
	memset(out, 0, sizeof(*out));
	out->rng = rng;
	out->now = now;
	if (strlen(dir) >= sizeof(out->dir))
		return fault_set(f, FAULT_LIMIT, "", "--dir is too long");
	memcpy(out->dir, dir, strlen(dir));
	if (!load_credential(out, f) || !load_url(out, url, f)) {
		admin_close(out);
		return false;
	}
	if (way != NULL) {
		out->way = *way;
		return true;
	}
	if (open_http(out, f))
		return true;
	admin_close(out);
	return false;
}

void
admin_close(struct admin *a)
{
	if (a->lock > 0)
		close(a->lock);
	http_client_free(a->http);
	key_free(a->key);
	message_signer_clear(&a->signer);
	for (size_t i = 0; i < a->n_octets; i++)
		buf_clear(&a->octets[i]);
	memset(a, 0, sizeof(*a));
}

static bool
lock_by(struct admin *a, const char *name, struct fault *f)
{
	char	path[ADMIN_PATH_MAX];

	if (!path_join(path, sizeof(path), a->dir, name, f))
		return false;
	a->lock = file_lock(path, f);
	return a->lock > 0;
}

bool
admin_lock(struct admin *a, struct fault *f)
{
	return lock_by(a, "lock", f);
}

bool
admin_lock_events(struct admin *a, struct fault *f)
{
	return lock_by(a, "events.lock", f);
}

bool
admin_start(const struct invocation *in, struct admin *out, struct fault *f)
{
	return admin_open(option_value(in, "dir"), option_value(in, "url"), NULL, rng_system(),
	    (int64_t)time(NULL), out, f);
}

/* What is in a fault's text, and the command that helps; %s is --dir. */
static const struct {
	const char	*text, *help;
} helps[] = {
	{ "has no key.pem", "--dir of an Admin: `pki4ipsec pki init --dir vpn` makes vpn/admin, "
	    "`pki4ipsec admin enroll TICKET` another one" },
	{ "/admin\" is", "the same command with --dir %s/admin" },
	{ "permission denied", "the same command as the user whom %s belongs to" },
	{ "a person's approval", "the same command again, or with --wait" },
	{ "is locked by", "the same command again, when the other one has ended" },
	{ "does not speak CMC", "--url; the PKI's stands in %s/admin.url" },
	{ "is the URL right", "--url; the PKI's stands in %s/admin.url" },
	{ "is no authorization id", "pki4ipsec admin list --dir %s" },
	{ "is not a template", "pki4ipsec admin template --dir %s" },
	{ "; here it is version", "pki4ipsec admin template diff NAME --dir %s; then import what the "
	    "PKI has exported" },
	{ "is no name of a template", "pki4ipsec admin template --dir %s" },
	{ "has been imported here", "pki4ipsec admin template import FILE --dir %s; `pki4ipsec pki "
	    "template export NAME` makes the file" },
	{ "want version = ", "pki4ipsec admin template diff NAME --dir %s" },
	{ "comes after the one in the file", "a new file of `pki4ipsec pki template export NAME`" },
	{ "there is no signed part", "a file of `pki4ipsec pki template export NAME`" },
	{ "the readable part", "a new file of `pki4ipsec pki template export NAME`" },
	{ "is not for CMC answers", "`pki4ipsec pki template import FILE` where the PKI runs takes what "
	    "an Admin has signed" },
	{ "cancel its authorization instead", "pki4ipsec admin cancel --dir %s DEVICE" },
};

const char *
admin_help(const struct invocation *in, const struct fault *f)
{
	static char	out[ADMIN_PATH_MAX + 160];
	const char	*dir = option_value(in, "dir");

	if (f->kind == FAULT_USAGE) {
		snprintf(out, sizeof(out), "pki4ipsec admin %s --help", in->command->name);
		return out;
	}
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		const char	*at = strstr(helps[i].help, "%s");

		if (strstr(f->text, helps[i].text) == NULL)
			continue;
		if (at == NULL)
			return helps[i].help;
		snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - helps[i].help), helps[i].help, dir,
		    at + 2);
		return out;
	}
	if (strcmp(in->command->name, "template") == 0 && f->kind != FAULT_BUSY)
		return "pki4ipsec admin template --help";
	return f->kind == FAULT_BUSY ? "the same command again; is `pki4ipsec pki serve` running?" :
	    NULL;
}

/* --- asking ------------------------------------------------------------------------------ */

static bool
write_request(struct admin *a, struct ask *asks, size_t n, struct view requests,
    struct exchange *x, struct buf *out, struct fault *f)
{
	struct buf		content;
	struct cmc_writer	w;
	uint32_t		id = requests.n > 0 ? 2 : 1;
	bool			ok;

	buf_init(&content, MESSAGE_MAX);
	cmc_data_begin(&w, &content);
	exchange_put(x, a->rng, &w, &id);
	for (size_t i = 0; i < n; i++) {
		asks[i].id = id++;
		cmc_control_value(&w, asks[i].id, asks[i].kind, asks[i].value);
	}
	if (requests.n > 0)
		cmc_write_requests(&w, requests);
	cmc_finish(&w);
	ok = buf_check(&content, "request", f) &&
	    message_sign(&a->signer, a->key, OID_CT_PKI_DATA, buf_view(&content), a->now, out, f);
	buf_clear(&content);
	return ok;
}

/* Octets that are not the PKI's say nothing about what it did. */
static bool
read_answer(struct admin *a, struct exchange *x, struct view octets, struct arena *arena,
    struct exchange_answer *out, struct fault *f)
{
	struct exchange_trust	trust = { .anchor = a->root, .now = a->now };
	struct view		copy = arena_copy(arena, octets);

	memcpy(trust.anchor_sha256, a->root_sha256, sizeof(trust.anchor_sha256));
	if (octets.n > 0 && copy.p == NULL)
		return arena_fault(f);
	return exchange_read(x, copy, &trust, arena, out, f) ||
	    fault_within(f, "answer from %s", a->url);
}

bool
admin_send(struct admin *a, struct exchange *x, struct view octets, struct arena *arena,
    struct exchange_answer *out, struct fault *f)
{
	struct buf	answer;
	bool		ok;

	buf_init(&answer, 2 * MESSAGE_MAX);
	ok = a->way.exchange(a->way.ctx, octets, &answer, f) &&
	    read_answer(a, x, buf_view(&answer), arena, out, f);
	buf_clear(&answer);
	return ok;
}

bool
admin_ask_for(struct admin *a, struct ask *asks, size_t n, struct view requests,
    struct arena *arena, struct exchange *x, struct exchange_answer *out, struct fault *f)
{
	struct buf	request;
	bool		ok;

	exchange_begin(x, a->rng);
	buf_init(&request, MESSAGE_MAX + CERT_OCTETS_MAX);
	ok = write_request(a, asks, n, requests, x, &request, f) &&
	    admin_send(a, x, buf_view(&request), arena, out, f);
	buf_clear(&request);
	return ok;
}

bool
admin_ask_rest(struct admin *a, struct view token, struct arena *arena, struct exchange *x,
    struct exchange_answer *out, struct fault *f)
{
	struct ask	one = { .kind = CMC_QUERY_PENDING };
	struct buf	value, request;
	bool		ok;

	buf_init(&value, 256);
	buf_init(&request, POLL_MAX);
	der_put(&value, DER_OCTET_STRING, token);
	one.value = buf_view(&value);
	ok = buf_check(&value, "queryPending", f) &&
	    write_request(a, &one, 1, VIEW_NONE, x, &request, f) &&
	    admin_send(a, x, buf_view(&request), arena, out, f);
	buf_clear(&value);
	buf_clear(&request);
	return ok;
}

bool
admin_ask(struct admin *a, struct ask *asks, size_t n, struct arena *arena,
    struct exchange_answer *out, struct fault *f)
{
	struct exchange	x;

	return admin_ask_for(a, asks, n, VIEW_NONE, arena, &x, out, f);
}

bool
admin_ask_one(struct admin *a, enum cmc_kind kind, struct view value, enum cmc_kind answer_kind,
    struct arena *arena, struct view *answer, struct fault *f)
{
	struct ask			 ask = { .kind = kind, .value = value };
	struct exchange_answer		 r;
	const struct cmc_control	*c;

	*answer = VIEW_NONE;
	if (!admin_ask(a, &ask, 1, arena, &r, f) || !exchange_check(&r, ask.id, f))
		return false;
	if (answer_kind == CMC_UNKNOWN)
		return true;
	if ((c = cmc_find(&r.response.controls, answer_kind)) == NULL)
		return fault_set(f, FAULT_MALFORMED, "", "the answer holds no %s",
		    cmc_kind_name(answer_kind));
	*answer = c->value;
	return true;
}
