/* SPDX-License-Identifier: Apache-2.0 */
#include <confuse.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "pki/config.h"

#define CONFIG_FILE	"pki4ipsec.conf"
#define CONFIG_FILE_MAX	(64u << 10)


enum kind { TEXT, LIST, WHOLE, SECONDS };

/* One row a key: where it goes, what it may be, what it starts as, why it is there. */
struct row {
	const char	*section;	/* NULL: top level */
	const char	*key;
	enum kind	 kind;
	size_t		 at;		/* offset in struct pki_config */
	int64_t		 min, max;	/* numbers; for TEXT min 1 = required */
	const char	*preset;	/* NULL: follows from `pki init` */
	const char	*help;
};

#define AT(field)	offsetof(struct pki_config, field)

static const struct row rows[] = {
	{ NULL, "name", TEXT, AT(name), 1, 64, NULL,
	    "name of the PKI: O= in its certificates" },
	{ NULL, "url", TEXT, AT(url), 1, 200, NULL,
	    "where devices reach the server; tickets carry it" },
	{ NULL, "repository", TEXT, AT(repository), 1, 200, NULL,
	    "plain http: CRL and CA certificates; stands in every certificate" },
	{ NULL, "search", TEXT, AT(search), 1, 8, "known",
	    "certificates by HTTP query: off, known (hash, serial, key), names (all)" },
	{ NULL, "user", TEXT, AT(user), 0, 32, "",
	    "user to become when started as root; empty: stay" },
	{ NULL, "log", WHOLE, AT(log_level), 0, 3, "2",
	    "0 errors, 1 warnings, 2 one line a transaction, 3 everything" },
	{ "listen", "http", LIST, AT(http), 0, 0, NULL,
	    "ADDRESS:PORT, up to 8" },
	{ "listen", "https", LIST, AT(https), 0, 0, NULL,
	    "ADDRESS:PORT, up to 8" },
	{ "listen", "health", TEXT, AT(health), 0, 200, NULL,
	    "ADDRESS:PORT of /healthz and /readyz; empty: off" },
	{ "processes", "front", WHOLE, AT(fronts), 1, 16, "1",
	    "processes that face the network" },
	{ "processes", "threads", WHOLE, AT(threads), 1, 64, "2",
	    "threads of the engine that verify signatures" },
	{ "limits", "connections", WHOLE, AT(max_connections), 1, 100000, "4096",
	    "open connections per front process" },
	{ "limits", "rate", WHOLE, AT(rate), 0, 1000000, "0",
	    "requests a second from one address; 0: no limit" },
	{ "limits", "burst", WHOLE, AT(burst), 1, 1000000, "1000",
	    "requests from one address before the rate counts" },
	{ "limits", "request", SECONDS, AT(request_seconds), 1, 3600, "30s",
	    "a request must have arrived completely within" },
	{ "limits", "stop", SECONDS, AT(stop_seconds), 1, 600, "10s",
	    "time for requests in flight when the server stops" },
	{ "limits", "hang", SECONDS, AT(hang_seconds), 5, 3600, "60s",
	    "a process that says nothing for so long is ended and started again" },
	{ "limits", "authorize", SECONDS, AT(authorize_seconds), 0, 60, "5s",
	    "work on one list of devices, until what is done is answered; 0s: one device" },
	{ "limits", "refusal", WHOLE, AT(refusal_floor_ms), 0, 10000, "50",
	    "milliseconds before a failed proof is answered" },
	{ "crl", "interval", SECONDS, AT(crl_interval), 60, 604800, "1h",
	    "a new CRL at least this often; each revocation makes one at once" },
	{ "crl", "lifetime", SECONDS, AT(crl_lifetime), 300, 31536000, "4h",
	    "from thisUpdate to nextUpdate; not below the interval" },
	{ "crl", "max_age", SECONDS, AT(crl_max_age), 0, 604800, "60s",
	    "how long HTTP caches may keep the CRL" },
	{ "ca", "announce", SECONDS, AT(ca_announce), 0, 31536000, "7d",
	    "devices know a new CA for so long before it issues" },
	{ "ca", "rollover", WHOLE, AT(ca_rollover), 0, 1, "1",
	    "1: the server announces a new CA by itself, in time; 0: an operator does" },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static void *
field(struct pki_config *c, const struct row *r)
{
	return (char *)c + r->at;
}

static const void *
field_const(const struct pki_config *c, const struct row *r)
{
	return (const char *)c + r->at;
}

bool
config_path(const struct pki_config *c, const char *sub, char *out, size_t n,
    struct fault *f)
{
	return path_join(out, n, c->dir, sub, f);
}

/* libConfuse reports through a callback; the first complaint is kept. */
static _Thread_local struct fault *complaint;

static void PRINTF_LIKE(2, 0)
confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char	text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	fault_set(complaint, FAULT_USAGE, "pki4ipsec.conf", "%s:%d: %s",
	    cfg != NULL && cfg->filename != NULL ? cfg->filename : CONFIG_FILE,
	    cfg != NULL ? cfg->line : 0, text);
}

static bool
refuse(const char *file, unsigned line, const struct row *r, const char *value,
    const char *range, struct fault *f)
{
	return fault_set(f, FAULT_USAGE, "pki4ipsec.conf",
	    "%s:%u: %s%s%s = \"%s\" is not permitted: %s", file, line,
	    r->section != NULL ? r->section : "", r->section != NULL ? "." : "",
	    r->key, value, range);
}

/* "127.0.0.1:8080", "[::1]:8443", "*:80" */
static bool
is_listen_address(const char *s)
{
	const char	*colon = strrchr(s, ':');
	char		*end;
	long		 port;

	if (colon == NULL || colon == s || !isdigit((unsigned char)colon[1]))
		return false;
	if (s[0] == '[' ? colon[-1] != ']' : memchr(s, ':', (size_t)(colon - s)) != NULL)
		return false;
	port = strtol(colon + 1, &end, 10);
	return *end == '\0' && port >= 0 && port <= 65535;
}

static bool
is_http_url(const char *s, bool plain_only)
{
	size_t	skip;

	if (strncmp(s, "http://", 7) == 0)
		skip = 7;
	else if (!plain_only && strncmp(s, "https://", 8) == 0)
		skip = 8;
	else
		return false;
	if (s[skip] == '\0' || s[skip] == '/')
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
		    strchr("\"<>\\^`{|}@#?", *p) != NULL)
			return false;
	return s[strlen(s) - 1] != '/';
}

static bool
text_ok(const struct row *r, const char *v, const char **range)
{
	static char	octets[64];
	size_t		at;

	if (strcmp(r->key, "url") == 0) {
		*range = "http://HOST[:PORT] or https://HOST[:PORT], without a final slash";
		return is_http_url(v, false);
	}
	if (strcmp(r->key, "repository") == 0) {
		*range = "http://HOST[:PORT] without a final slash; never https "
		    "(RFC 5280, 8: the check of its certificate would need this CRL)";
		return is_http_url(v, true);
	}
	if (strcmp(r->key, "search") == 0) {
		*range = "off, known or names";
		return strcmp(v, "off") == 0 || strcmp(v, "known") == 0 || strcmp(v, "names") == 0;
	}
	if (strcmp(r->key, "health") == 0) {
		*range = "ADDRESS:PORT or empty";
		return v[0] == '\0' || is_listen_address(v);
	}
	snprintf(octets, sizeof(octets), "UTF-8 text of %" PRId64 " to %" PRId64 " octets",
	    (int64_t)r->min, (int64_t)r->max);
	*range = octets;
	for (const char *p = v; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return utf8_valid(view_str(v), &at) &&
	    strlen(v) >= (size_t)r->min && strlen(v) <= (size_t)r->max;
}

static bool
set_text(struct pki_config *c, const struct row *r, const char *file, unsigned line,
    const char *v, struct fault *f)
{
	const char	*range;

	if (!text_ok(r, v, &range) || strlen(v) >= CONFIG_TEXT_MAX)
		return refuse(file, line, r, v, range, f);
	strcpy(field(c, r), v);
	return true;
}

static bool
set_list(struct pki_config *c, const struct row *r, const char *file, cfg_opt_t *opt,
    unsigned line, struct fault *f)
{
	char		(*list)[CONFIG_TEXT_MAX] = field(c, r);
	unsigned	  n = cfg_opt_size(opt);

	if (n > CONFIG_LISTEN_MAX)
		return refuse(file, line, r, "...", "up to 8 addresses", f);
	memset(list, 0, CONFIG_LISTEN_MAX * sizeof(*list));
	for (unsigned i = 0; i < n; i++) {
		const char	*v = cfg_opt_getnstr(opt, i);

		if (!is_listen_address(v) || strlen(v) >= CONFIG_TEXT_MAX)
			return refuse(file, line, r, v, "ADDRESS:PORT, port 0 to 65535", f);
		strcpy(list[i], v);
	}
	return true;
}

static bool
set_number(struct pki_config *c, const struct row *r, const char *file, unsigned line,
    const char *v, struct fault *f)
{
	struct fault	why = { 0 };
	char		range[128];
	bool		ok;

	ok = r->kind == SECONDS ?
	    duration_parse(r->key, v, r->min, r->max, field(c, r), &why) :
	    number_parse(r->key, v, r->min, r->max, field(c, r), &why);
	if (ok)
		return true;
	snprintf(range, sizeof(range), "a whole number%s from %" PRId64 " to %" PRId64,
	    r->kind == SECONDS ? " of seconds (or with s, m, h, d, w)" : "",
	    r->min, r->max);
	return refuse(file, line, r, v, range, f);
}

/* Where a key stands, for messages: libConfuse does not keep it per option. */
static unsigned
line_of(struct view text, const struct row *r)
{
	unsigned	line = 1;
	size_t		klen = strlen(r->key);
	bool		inside = r->section == NULL;

	for (size_t i = 0; i < text.n; line++) {
		size_t	end = i, from = i;

		while (end < text.n && text.p[end] != '\n')
			end++;
		while (from < end && (text.p[from] == ' ' || text.p[from] == '\t'))
			from++;
		if (r->section != NULL && end - from > strlen(r->section) &&
		    memcmp(text.p + from, r->section, strlen(r->section)) == 0)
			inside = true;
		if (inside && end - from > klen && memcmp(text.p + from, r->key, klen) == 0 &&
		    (text.p[from + klen] == ' ' || text.p[from + klen] == '='))
			return line;
		i = end + 1;
	}
	return 0;
}

static bool
take_row(struct pki_config *c, const struct row *r, cfg_t *cfg, const char *file,
    struct view text, struct fault *f)
{
	cfg_t		*sec = r->section == NULL ? cfg : cfg_getsec(cfg, r->section);
	cfg_opt_t	*opt = sec == NULL ? NULL : cfg_getopt(sec, r->key);
	unsigned	 line = line_of(text, r);
	const char	*v;

	if (opt == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "no option %s", r->key);
	if (r->kind == LIST)
		return set_list(c, r, file, opt, line, f);
	v = cfg_opt_getstr(opt);
	if (v == NULL)
		v = "";
	return r->kind == TEXT ? set_text(c, r, file, line, v, f) :
	    set_number(c, r, file, line, v, f);
}

static bool
take_all(struct pki_config *c, cfg_t *cfg, const char *file, struct view text,
    struct fault *f)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!take_row(c, &rows[i], cfg, file, text, f))
			return false;
	if (c->http[0][0] == '\0' && c->https[0][0] == '\0')
		return fault_set(f, FAULT_USAGE, "pki4ipsec.conf",
		    "%s: listen.http and listen.https are both empty: nothing to serve", file);
	if (c->crl_lifetime < c->crl_interval)
		return fault_set(f, FAULT_USAGE, "pki4ipsec.conf",
		    "%s: crl.lifetime = %" PRId64 "s is below crl.interval = %" PRId64
		    "s: relying parties would stand without a valid CRL", file,
		    c->crl_lifetime, c->crl_interval);
	return true;
}

#define SECTION_KEYS_MAX	12
#define SECTIONS		5

/* libConfuse's own tables, made from ours. */
struct options {
	cfg_opt_t	top[ROWS + 1];
	cfg_opt_t	sections[SECTIONS][SECTION_KEYS_MAX + 1];
};

static void
add_option(cfg_opt_t *list, size_t *n, const struct row *r)
{
	cfg_opt_t	text = CFG_STR(r->key, r->preset != NULL ? r->preset : "", CFGF_NONE);
	static char	none[] = "{}";
	cfg_opt_t	many = CFG_STR_LIST(r->key, none, CFGF_NONE);
	cfg_opt_t	end = CFG_END();

	list[*n] = r->kind == LIST ? many : text;
	list[++*n] = end;
}

static void
make_options(struct options *o)
{
	static const char *const names[] = { "listen", "processes", "limits", "crl", "ca" };
	size_t	top = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].section == NULL)
			add_option(o->top, &top, &rows[i]);
	for (size_t s = 0; s < SECTIONS; s++) {
		cfg_opt_t	sec = CFG_SEC(names[s], o->sections[s], CFGF_NONE);
		cfg_opt_t	end = CFG_END();
		size_t		n = 0;

		for (size_t i = 0; i < ROWS; i++)
			if (rows[i].section != NULL && strcmp(rows[i].section, names[s]) == 0)
				add_option(o->sections[s], &n, &rows[i]);
		o->top[top++] = sec;
		o->top[top] = end;
	}
}

static bool
parse(struct pki_config *c, const char *path, struct view text, struct fault *f)
{
	struct options	 o;
	cfg_t		*cfg;
	bool		 ok;

	memset(&o, 0, sizeof(o));
	make_options(&o);
	if ((cfg = cfg_init(o.top, CFGF_NONE)) == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	cfg_set_error_function(cfg, confuse_error);
	complaint = f;
	ok = cfg_parse(cfg, path) == CFG_SUCCESS && take_all(c, cfg, path, text, f);
	if (!ok)	/* whatever the library did not say */
		fault_set(f, FAULT_USAGE, "pki4ipsec.conf", "could not parse %s", path);
	complaint = NULL;
	cfg_free(cfg);
	return ok;
}

bool
config_load(const char *dir, struct pki_config *out, struct fault *f)
{
	struct pki_config	c = { 0 };
	struct buf		text;
	char			path[CONFIG_PATH_MAX];
	bool			ok = false;

	buf_init(&text, CONFIG_FILE_MAX);
	if (strlen(dir) >= sizeof(c.dir))
		return fault_set(f, FAULT_LIMIT, "", "folder name above %zu octets",
		    sizeof(c.dir) - 1);
	strcpy(c.dir, dir);
	if (!config_path(&c, CONFIG_FILE, path, sizeof(path), f) ||
	    !file_read(path, &text, f) ||
	    !parse(&c, path, buf_view(&text), f))
		goto out;
	*out = c;
	ok = true;
out:
	buf_clear(&text);
	return ok;
}

/* host[:port] of a URL that text_ok() took; port 0 when it names none. */
static void
url_host_port(const char *url, char *host, size_t n, int *port)
{
	const char	*from = strstr(url, "://") + 3;
	size_t		 len = strcspn(from, "/");
	const char	*colon = NULL;

	for (size_t i = 0; i < len; i++)
		if (from[i] == ':')
			colon = from + i;
		else if (from[i] == ']')
			colon = NULL;
	*port = colon != NULL ? atoi(colon + 1) : 0;
	if (colon != NULL)
		len = (size_t)(colon - from);
	snprintf(host, n, "%.*s", (int)len, from);
}

static bool
is_address(const char *host)
{
	return host[0] == '[' || strspn(host, "0123456789.") == strlen(host);
}

/*
 * The listeners of a new PKI: the port of the URL, and beside it 363 up the
 * other scheme's (80 and 443, 8080 and 8443), and health on loopback.
 */
static void
preset_listeners(struct pki_config *c)
{
	bool	tls = strncmp(c->url, "https", 5) == 0;
	char	host[200];
	const char *on;
	int	port, other;

	url_host_port(c->url, host, sizeof(host), &port);
	if (port == 0)
		port = tls ? 443 : 80;
	other = tls ? port - 363 : port + 363;
	if (other < 1 || other > 65535)
		other = tls ? 80 : 443;
	on = is_address(host) ? host : "0.0.0.0";
	snprintf(c->http[0], sizeof(c->http[0]), "%s:%d", on, tls ? other : port);
	snprintf(c->https[0], sizeof(c->https[0]), "%s:%d", on, tls ? port : other);
	snprintf(c->health, sizeof(c->health), "127.0.0.1:%d",
	    (tls ? other : port) < 65535 ? (tls ? other : port) + 1 : 9090);
	if (tls && other == 80)
		snprintf(c->repository, sizeof(c->repository), "http://%s", host);
	else if (tls)
		snprintf(c->repository, sizeof(c->repository), "http://%s:%d", host, other);
	else
		snprintf(c->repository, sizeof(c->repository), "%s", c->url);
}

bool
config_preset(const char *dir, const char *name, const char *url,
    struct pki_config *out, struct fault *f)
{
	struct pki_config	 c = { 0 };
	const char		*range;
	char			 host[200];
	int			 port;

	if (strlen(dir) >= sizeof(c.dir))
		return fault_set(f, FAULT_LIMIT, "", "folder name above %zu octets",
		    sizeof(c.dir) - 1);
	strcpy(c.dir, dir);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row	*r = &rows[i];
		const char		*v = strcmp(r->key, "name") == 0 ? name :
		    strcmp(r->key, "url") == 0 ? url : r->preset;

		if (v == NULL)
			continue;
		if (r->kind == TEXT && !text_ok(r, v, &range))
			return fault_set(f, FAULT_USAGE, "", "--%s \"%s\" is not permitted: %s",
			    r->key, v, range);
		if (r->kind == TEXT ? !set_text(&c, r, "", 0, v, f) :
		    !set_number(&c, r, "", 0, v, f))
			return false;
	}
	url_host_port(url, host, sizeof(host), &port);
	if (port > 65535)
		return fault_set(f, FAULT_USAGE, "", "--url \"%s\" is not permitted: ports end with "
		    "65535", url);
	preset_listeners(&c);
	*out = c;
	return true;
}

static void
write_text(struct buf *out, const char *s)
{
	buf_add_u8(out, '"');
	for (; *s != '\0'; s++) {
		/* ${NAME} would become a variable of the environment */
		if (*s == '"' || *s == '\\' || *s == '$')
			buf_add_u8(out, '\\');
		buf_add_u8(out, (uint8_t)*s);
	}
	buf_add_u8(out, '"');
}

static void
write_value(const struct pki_config *c, const struct row *r, struct buf *out)
{
	const char	(*list)[CONFIG_TEXT_MAX];
	int64_t		  v;

	if (r->kind == TEXT) {
		write_text(out, field_const(c, r));
	} else if (r->kind == LIST) {
		list = field_const(c, r);
		buf_add_str(out, "{");
		for (size_t i = 0; i < CONFIG_LISTEN_MAX && list[i][0] != '\0'; i++) {
			buf_add_str(out, i > 0 ? ", " : " ");
			write_text(out, list[i]);
		}
		buf_add_str(out, " }");
	} else {
		memcpy(&v, field_const(c, r), sizeof(v));
		buf_addf(out, "%" PRId64 "%s", v, r->kind == SECONDS ? "s" : "");
	}
}

void
config_write(const struct pki_config *c, struct buf *out)
{
	const char	*section = NULL;

	buf_add_str(out, "# pki4ipsec: configuration of this PKI; `pki serve` reads it, "
	    "SIGHUP reads it again\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct row	*r = &rows[i];
		const char		*indent;

		if (r->section != section &&
		    (r->section == NULL || section == NULL ||
		    strcmp(r->section, section) != 0)) {
			buf_addf(out, "%s\n%s {\n", section != NULL ? "}\n" : "",
			    r->section != NULL ? r->section : "");
			section = r->section;
		}
		indent = section != NULL ? "\t" : "";
		buf_addf(out, "%s# %s", indent, r->help);
		if (r->kind == WHOLE)
			buf_addf(out, " (%" PRId64 " to %" PRId64 ")", r->min, r->max);
		if (r->kind == SECONDS)
			buf_addf(out, " (%" PRId64 "s to %" PRId64 "s)", r->min, r->max);
		buf_addf(out, "\n%s%s = ", indent, r->key);
		write_value(c, r, out);
		buf_add_str(out, "\n");
	}
	buf_add_str(out, "}\n");
}
