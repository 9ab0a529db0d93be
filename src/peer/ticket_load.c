/* SPDX-License-Identifier: Apache-2.0 */
#include "peer/ticket_load.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "peer/install.h"

#define URI_START	"pki4ipsec:"

static bool
read_stdin(struct buf *out, struct fault *f)
{
	uint8_t	part[4096];
	ssize_t	n;

	while ((n = read(STDIN_FILENO, part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	secret_wipe(part, sizeof(part));
	return n == 0 || fault_set(f, FAULT_IO, "", "could not read standard input");
}

/* Takes text: wiped and cleared, whatever comes. */
static bool
take(bool ok, struct buf *text, struct ticket *out, struct fault *f)
{
	ok = ok && buf_check(text, "ticket", f) && ticket_read(buf_view(text), out, f);
	if (text->p != NULL)
		secret_wipe(text->p, text->n);
	buf_clear(text);
	return ok;
}

bool
ticket_load(const char *path, struct ticket *out, struct fault *f)
{
	struct buf	text;

	buf_init(&text, TICKET_FILE_MAX);
	return take(file_read(path, &text, f), &text, out, f) || fault_within(f, "%s", path);
}

bool
ticket_load_kept(const char *dir, struct ticket *out, struct fault *f)
{
	char	path[INSTALL_PATH_MAX];

	return path_join(path, sizeof(path), dir, "ticket", f) && ticket_load(path, out, f);
}

bool
ticket_load_argument(const char *arg, struct ticket *out, struct fault *f)
{
	struct buf	text;
	bool		ok = true;

	buf_init(&text, TICKET_FILE_MAX);
	if (strcmp(arg, "-") == 0)
		ok = read_stdin(&text, f);
	else if (strncmp(arg, URI_START, strlen(URI_START)) == 0)
		buf_add_str(&text, arg);
	else
		ok = file_read(arg, &text, f);
	return take(ok, &text, out, f) || fault_within(f, "ticket");
}
