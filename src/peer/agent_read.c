/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "peer/agent_read.h"

#define FILE_MAX	(1u << 20)
#define HINT_REASON_SHOWN	1025

/* Its lock is held.  Looks only: the lock's file may be another user's. */
static bool
is_running(const char *dir)
{
	char	path[INSTALL_PATH_MAX];
	int	fd;
	bool	held;

	if (!path_join(path, sizeof(path), dir, AGENT_LOCK_FILE, NULL) ||
	    (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

json_t *
agent_read(const char *dir, struct fault *f)
{
	char		 path[INSTALL_PATH_MAX];
	struct buf	 b;
	json_t		*j = NULL;

	if (!path_join(path, sizeof(path), dir, AGENT_STATUS_FILE, f) || !file_exists(path))
		return NULL;
	buf_init(&b, FILE_MAX);
	if (file_read(path, &b, f)) {
		j = json_loadb((const char *)b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
		if (json_is_object(j))
			json_object_set_new(j, "running", json_boolean(is_running(dir)));
		else {
			json_decref(j);
			j = NULL;
			fault_set(f, FAULT_MALFORMED, "", "\"%s\" is damaged: the agent writes it "
			    "again", path);
		}
	}
	buf_clear(&b);
	return j;
}

static const char *
text(const json_t *j, const char *key)
{
	const char	*s = json_string_value(json_object_get(j, key));

	return s == NULL ? "-" : s;
}

enum agent_health
agent_read_health(const json_t *agent)
{
	const char	*health = text(agent, "health");

	if (!json_is_true(json_object_get(agent, "running")))
		return AGENT_BAD;
	for (int h = AGENT_GOOD; h <= AGENT_BAD; h++)
		if (strcmp(health, agent_health_name((enum agent_health)h)) == 0)
			return (enum agent_health)h;
	return AGENT_BAD;
}

/* --- for people ------------------------------------------------------------------------ */

/* "12 s ago". */
static void
print_ago(const json_t *j, const char *key, int64_t now)
{
	int64_t	then;

	if (!date_parse(text(j, key), &then))
		printf("never asked");
	else
		printf("asked %lld s ago", (long long)(now - then));
}

static void
print_renewal(const json_t *r)
{
	long long	failures = json_integer_value(json_object_get(r, "failures"));

	printf("renewal      %s%s", json_is_true(json_object_get(r, "under_way")) ?
	    "under way, began by " : "", text(r, "next"));
	if (failures > 0)
		printf(", %lld failed", failures);
	putchar('\n');
}

/* Why the moment is another than the ticket says; the PKI's words are from outside. */
static void
print_hint(const json_t *h)
{
	char	reason[HINT_REASON_SHOWN];

	if (!json_is_object(h))
		return;
	text_escape(view_str(text(h, "reason")), 0, reason, sizeof(reason));
	if (strcmp(text(h, "act"), "wait") == 0)
		printf("hint         the PKI asks to wait until %s", text(h, "to"));
	else
		printf("hint         the PKI asks to renew between %s and %s", text(h, "from"),
		    text(h, "to"));
	printf("%s%s\n", reason[0] != '\0' ? ": " : "", reason);
}

static void
print_crls(const json_t *list, int64_t now)
{
	size_t		 i;
	const json_t	*c;

	json_array_foreach(list, i, c) {
		printf("crl          %s: %s, until %s, ", text(c, "issuer"), text(c, "state"),
		    text(c, "next_update"));
		print_ago(c, "checked", now);
		printf("\n");
	}
}

void
agent_print(const json_t *agent, int64_t now)
{
	const json_t	*error = json_object_get(agent, "last_error");
	bool		 running = json_is_true(json_object_get(agent, "running"));

	printf("agent        %s\n", running ? text(agent, "health") :
	    "not running: systemctl start pki4ipsec-peer");
	printf("daemon       %s\n", text(agent, "daemon"));
	print_renewal(json_object_get(agent, "renewal"));
	print_hint(json_object_get(json_object_get(agent, "renewal"), "hint"));
	print_crls(json_object_get(agent, "crls"), now);
	printf("ended        %lld tunnels of revoked peers\n",
	    (long long)json_integer_value(json_object_get(agent, "tunnels_ended")));
	if (!json_is_object(error))
		return;
	printf("trouble      %s %s: %s\n", text(error, "at"), text(error, "what"),
	    text(error, "text"));
	printf("  try        %s\n", text(error, "help"));
}
