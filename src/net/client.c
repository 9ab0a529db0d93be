/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - libcurl behind net/client.h. */
#include "net/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "net/url.h"

#define CONNECT_MS	10000
#define TOTAL_MS	60000
#define RETRY_AFTER_MAX	86400	/* who asks for more has a broken clock */
#define IDLE_SECONDS	50	/* reuse a connection before a server's usual 60 s are over */

struct http_client {
	CURL			*curl;
	unsigned		 connect_ms;
	unsigned		 total_ms;
	bool			 tls_unverified, and_system;
	char			*agent;
	char			*anchors_file;
	struct secret		 anchors;
	struct secret		 cert;
	struct secret		 key;
	char			 error[CURL_ERROR_SIZE];
};

/* One exchange's answer on its way in. */
struct incoming {
	struct buf		*body;
	struct http_result	*result;
};

static void
curl_start(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool
copy_text(char **out, const char *text)
{
	*out = text == NULL ? NULL : strdup(text);
	return text == NULL || *out != NULL;
}

static bool
copy_config(struct http_client *c, const struct http_client_config *cfg,
    struct fault *f)
{
	c->connect_ms = cfg->connect_ms == 0 ? CONNECT_MS : cfg->connect_ms;
	c->total_ms = cfg->total_ms == 0 ? TOTAL_MS : cfg->total_ms;
	c->tls_unverified = cfg->tls_unverified;
	c->and_system = cfg->and_system;
	if (!copy_text(&c->agent, cfg->agent == NULL ? "pki4ipsec" : cfg->agent) ||
	    !copy_text(&c->anchors_file, cfg->anchors_file))
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	return secret_copy(&c->anchors, cfg->anchors_pem, f) &&
	    secret_copy(&c->cert, cfg->cert_pem, f) &&
	    secret_copy(&c->key, cfg->key_pem, f);
}

struct http_client *
http_client_new(const struct http_client_config *cfg, struct fault *f)
{
	static pthread_once_t	 once = PTHREAD_ONCE_INIT;
	struct http_client	*c;

	pthread_once(&once, curl_start);
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->curl = curl_easy_init()) == NULL) {
		fault_set(f, FAULT_INTERNAL, "", "cannot set up an HTTP client");
		free(c);
		return NULL;
	}
	if (!copy_config(c, cfg, f)) {
		http_client_free(c);
		return NULL;
	}
	return c;
}

void
http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->curl);
	secret_clear(&c->anchors);
	secret_clear(&c->cert);
	secret_clear(&c->key);
	free(c->agent);
	free(c->anchors_file);
	free(c);
}

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct incoming	*in = arg;

	buf_add(in->body, p, size * n);
	return buf_ok(in->body) ? size * n : 0;	/* 0 ends the transfer */
}

/* Pointers are kept by curl for as long as the client lives. */
static CURLcode
set_blob(CURL *curl, CURLoption option, const struct secret *s)
{
	struct curl_blob	blob = { s->p, s->n, CURL_BLOB_NOCOPY };

	return s->n == 0 ? CURLE_OK : curl_easy_setopt(curl, option, &blob);
}

static bool
set_tls(struct http_client *c)
{
	CURL	*h = c->curl;
	long	 verify = c->tls_unverified ? 0 : 1;
	bool	 ok;

	/* BCP 195 (RFC 9325): TLS 1.2 at least; curl never sends early data. */
	ok = curl_easy_setopt(h, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, verify) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, verify * 2) == CURLE_OK;
	if (c->anchors.n > 0)		/* only these, not the system's */
		ok = ok && curl_easy_setopt(h, CURLOPT_CAINFO, NULL) == CURLE_OK &&
		    curl_easy_setopt(h, CURLOPT_CAPATH, NULL) == CURLE_OK &&
		    set_blob(h, CURLOPT_CAINFO_BLOB, &c->anchors) == CURLE_OK;
	else if (c->anchors_file != NULL)
		ok = ok && (c->and_system ||
		    curl_easy_setopt(h, CURLOPT_CAPATH, NULL) == CURLE_OK) &&
		    curl_easy_setopt(h, CURLOPT_CAINFO, c->anchors_file) == CURLE_OK;
	if (c->cert.n > 0)
		ok = ok && curl_easy_setopt(h, CURLOPT_SSLCERTTYPE, "PEM") == CURLE_OK &&
		    curl_easy_setopt(h, CURLOPT_SSLKEYTYPE, "PEM") == CURLE_OK &&
		    set_blob(h, CURLOPT_SSLCERT_BLOB, &c->cert) == CURLE_OK &&
		    set_blob(h, CURLOPT_SSLKEY_BLOB, &c->key) == CURLE_OK;
	return ok;
}

static bool
set_common(struct http_client *c, const char *url, struct incoming *in)
{
	CURL	*h = c->curl;

	curl_easy_reset(h);		/* options go, connections stay */
	c->error[0] = '\0';
	return curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->error) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_USERAGENT, c->agent) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)c->total_ms) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_WRITEDATA, in) == CURLE_OK &&
	    set_tls(c);
}

/* What libcurl reports, in our kinds. */
static enum fault_kind
transport_kind(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR:
		return FAULT_BUSY;
	case CURLE_PEER_FAILED_VERIFICATION:
		return FAULT_REFUSED;
	case CURLE_WRITE_ERROR:
		return FAULT_LIMIT;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return FAULT_USAGE;
	case CURLE_WEIRD_SERVER_REPLY:
		return FAULT_MALFORMED;
	case CURLE_OUT_OF_MEMORY:
		return FAULT_INTERNAL;
	default:
		return FAULT_IO;
	}
}

static enum fault_kind
status_kind(long status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return FAULT_BUSY;
	case 404:
	case 410:
		return FAULT_NOT_FOUND;
	default:
		return FAULT_REFUSED;
	}
}

static void
read_result(CURL *h, struct http_result *r)
{
	curl_off_t		 after = 0;
	const char		*type = NULL;
	struct curl_header	*etag;

	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(h, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL)
		snprintf(r->content_type, sizeof(r->content_type), "%s", type);
	curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &after);
	if (after > RETRY_AFTER_MAX)
		after = RETRY_AFTER_MAX;
	r->retry_after = after > 0 ? (unsigned)after : 0;
	if (curl_easy_header(h, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK &&
	    strlen(etag->value) < sizeof(r->etag))
		snprintf(r->etag, sizeof(r->etag), "%s", etag->value);
}

static bool
judge(struct http_client *c, const char *url, CURLcode code,
    const struct buf *body, const struct http_result *r, struct fault *f)
{
	if (code == CURLE_WRITE_ERROR && !buf_ok(body))
		return fault_set(f, FAULT_LIMIT, "", "the answer of %s is larger than "
		    "%zu octets", url, body->max);
	if (code != CURLE_OK)
		return fault_set(f, transport_kind(code), "", "%s: %s", url,
		    c->error[0] != '\0' ? c->error : curl_easy_strerror(code));
	/* RFC 10003, 6: any 2xx is success; a redirect is not followed. */
	if (r->status >= 200 && r->status <= 299)
		return true;
	return fault_set(f, status_kind(r->status), "", "%s: HTTP status %ld", url,
	    r->status);
}

static bool
run(struct http_client *c, const char *url, struct curl_slist *headers,
    struct incoming *in, struct fault *f)
{
	CURLcode	code;

	if (curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
		return fault_set(f, FAULT_INTERNAL, "", "cannot set up a request");
	code = curl_easy_perform(c->curl);
	read_result(c->curl, in->result);
	in->result->whole = code == CURLE_OK;
	return judge(c, url, code, in->body, in->result, f);
}

static bool
set_url(struct http_client *c, const char *url, struct incoming *in,
    struct fault *f)
{
	struct url	parsed;

	memset(in->result, 0, sizeof(*in->result));
	if (!url_parse(view_str(url), &parsed, f))
		return fault_within(f, "%.200s", url);
	if (!set_common(c, url, in))
		return fault_set(f, FAULT_INTERNAL, "", "cannot set up a request to %s", url);
	return true;
}

bool
http_post(struct http_client *c, const char *url, const char *content_type,
    struct view body, struct buf *answer, struct http_result *r, struct fault *f)
{
	struct incoming		 in = { answer, r };
	struct curl_slist	*headers = NULL;
	char			 line[256];
	bool			 ok;

	if (!set_url(c, url, &in, f))
		return false;
	snprintf(line, sizeof(line), "Content-Type: %s", content_type);
	headers = curl_slist_append(NULL, line);
	ok = headers != NULL &&
	    curl_easy_setopt(c->curl, CURLOPT_POST, 1L) == CURLE_OK &&
	    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)body.n) == CURLE_OK &&
	    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS,
	    body.n == 0 ? "" : (const char *)body.p) == CURLE_OK;
	if (!ok)
		fault_set(f, FAULT_INTERNAL, "", "cannot set up a request to %s", url);
	ok = ok && run(c, url, headers, &in, f);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return ok;
}

bool
http_get(struct http_client *c, const char *url, struct buf *answer,
    struct http_result *r, struct fault *f)
{
	struct incoming	in = { answer, r };

	return set_url(c, url, &in, f) && run(c, url, NULL, &in, f);
}

/* Append a field to the list; false, and the list gone, without memory. */
static bool
add_header(struct curl_slist **list, const char *name, const char *value)
{
	char			 line[256];
	struct curl_slist	*longer;

	snprintf(line, sizeof(line), "%s: %s", name, value);
	if ((longer = curl_slist_append(*list, line)) == NULL) {
		curl_slist_free_all(*list);
		*list = NULL;
		return false;
	}
	*list = longer;
	return true;
}

bool
http_get_changed(struct http_client *c, const char *url, const char *etag,
    unsigned max_age, struct buf *answer, struct http_result *r, struct fault *f)
{
	struct incoming		 in = { answer, r };
	struct curl_slist	*headers = NULL;
	struct fault		 why = { 0 };
	char			 age[32];
	bool			 ok;

	if (!set_url(c, url, &in, f))
		return false;
	snprintf(age, sizeof(age), "max-age=%u", max_age);
	if (!add_header(&headers, "Cache-Control", age) ||
	    (etag[0] != '\0' && !add_header(&headers, "If-None-Match", etag)))
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = run(c, url, headers, &in, &why);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (ok || (r->status == 304 && r->whole && etag[0] != '\0'))
		return true;
	return fault_set(f, why.kind, why.rule, "%s", why.text);
}

bool
http_result_is(const struct http_result *r, const char *type)
{
	size_t	n = strcspn(r->content_type, "; \t");

	return n == strlen(type) && strncasecmp(r->content_type, type, n) == 0;
}
