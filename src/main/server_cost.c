/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "main/server_cost.h"

#define PROCESSES_MAX	64
#define PROC_FILE_MAX	65536

/* Files of /proc have no size: read until the end. */
static bool
read_proc(const char *path, char *out, size_t n, struct fault *f)
{
	FILE	*p = fopen(path, "re");
	size_t	 got;

	if (p == NULL)
		return fault_set(f, FAULT_IO, "", "could not open %s: %s", path,
		    strerror(errno));
	got = fread(out, 1, n - 1, p);
	out[got] = '\0';
	fclose(p);
	return true;
}

static bool
add_process(long pid, struct server_cost *out, struct fault *f)
{
	char		 path[64], text[PROC_FILE_MAX];
	const char	*p;
	unsigned long	 user, sys, kb;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (!read_proc(path, text, sizeof(text), f))
		return false;
	p = strrchr(text, ')');		/* the name before it may hold anything */
	if (p == NULL || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	    &user, &sys) != 2)
		return fault_set(f, FAULT_IO, "", "could not read %s", path);
	out->cpu_s += (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	if (!read_proc(path, text, sizeof(text), f))
		return false;
	if ((p = strstr(text, "VmHWM:")) != NULL && sscanf(p + 6, "%lu", &kb) == 1)
		out->peak_mb += (double)kb / 1024;
	out->processes++;
	return true;
}

static bool
main_pid(const char *dir, long *pid, struct fault *f)
{
	char		path[1024];
	struct buf	text;
	bool		ok;

	buf_init(&text, 64);
	ok = path_join(path, sizeof(path), dir, "run/serve.lock", f) && file_read(path, &text, f);
	buf_add_u8(&text, '\0');
	*pid = ok ? strtol((const char *)text.p, NULL, 10) : 0;
	buf_clear(&text);
	if (ok && *pid > 0)
		return true;
	return fault_set(f, FAULT_NOT_FOUND, "", "no server runs on %s", dir);
}

bool
server_cost_read(const char *dir, struct server_cost *out, struct fault *f)
{
	char	 path[64], text[PROC_FILE_MAX], *p = text, *end;
	long	 pid, child;

	memset(out, 0, sizeof(*out));
	if (!main_pid(dir, &pid, f) || !add_process(pid, out, f))
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", pid, pid);
	if (!read_proc(path, text, sizeof(text), f))
		return false;
	while ((child = strtol(p, &end, 10)) > 0 && end != p && out->processes < PROCESSES_MAX) {
		if (!add_process(child, out, f))
			return false;
		p = end;
	}
	return true;
}
