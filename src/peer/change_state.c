/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/file.h"
#include "peer/change.h"

#define FILE_VERSION	1
#define FILE_MAX	(1u << 20)	/* CHANGE_SAS_MAX times two SPIs */

void
change_state_clear(struct change_state *s)
{
	free(s->old);
	*s = (struct change_state){ 0 };
}

static json_t *
list_of(const struct change_state *s)
{
	json_t	*list = json_array();

	for (size_t i = 0; list != NULL && i < s->n_old; i++)
		json_array_append_new(list, json_string(s->old[i]));
	return list;
}

bool
change_state_save(const char *dir, const struct change_state *s, struct fault *f)
{
	char	 path[INSTALL_PATH_MAX];
	json_t	*j = json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:b, s:i, s:o}",
	    "version", FILE_VERSION, "proved", s->proved, "proved_serial", s->proved_serial,
	    "target", s->target, "target_serial", s->target_serial, "loaded", s->loaded, "back", s->back,
	    "proofs", (int)s->proofs, "old", list_of(s));
	char	*text = j == NULL ? NULL : json_dumps(j, JSON_INDENT(1));
	bool	 ok;

	json_decref(j);
	if (text == NULL)
		return fault_set(f, FAULT_INTERNAL, "", "out of memory");
	ok = path_join(path, sizeof(path), dir, CHANGE_FILE, f) &&
	    file_write(path, view_str(text), 0600, f);
	free(text);
	return ok;
}

static bool
take_list(const json_t *list, struct change_state *s)
{
	size_t	n = json_array_size(list);

	if (!json_is_array(list) || n > CHANGE_SAS_MAX ||
	    (n > 0 && (s->old = calloc(n, sizeof(s->old[0]))) == NULL))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char	*spi = json_string_value(json_array_get(list, i));

		if (spi == NULL || strlen(spi) >= SA_SPI_MAX)
			return false;
		strcpy(s->old[s->n_old++], spi);
	}
	return true;
}

static bool
take_text(const char *from, char *to, size_t n)
{
	if (strlen(from) >= n)
		return false;
	strcpy(to, from);
	return true;
}

static bool
state_from_text(struct view text, struct change_state *s)
{
	json_t		*j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES,
	    NULL), *list;
	const char	*proved, *proved_serial, *target, *target_serial;
	int		 version, loaded, back, proofs;
	bool		 ok;

	ok = j != NULL && json_unpack(j, "{s:i, s:s, s:s, s:s, s:s, s:b, s:b, s:i, s:o !}",
	    "version", &version, "proved", &proved, "proved_serial", &proved_serial,
	    "target", &target, "target_serial", &target_serial, "loaded", &loaded,
	    "back", &back, "proofs", &proofs, "old", &list) == 0 && version == FILE_VERSION &&
	    take_text(proved, s->proved, sizeof(s->proved)) &&
	    take_text(proved_serial, s->proved_serial, sizeof(s->proved_serial)) &&
	    take_text(target, s->target, sizeof(s->target)) &&
	    take_text(target_serial, s->target_serial, sizeof(s->target_serial)) &&
	    take_list(list, s);
	if (ok) {
		s->loaded = loaded;
		s->back = back;
		s->proofs = proofs < 0 ? 0 : (unsigned)proofs;
	}
	json_decref(j);
	return ok;
}

/* What cannot be read counts as nothing: the daemon is then brought over anew. */
bool
change_state_load(const char *dir, struct change_state *s, struct fault *f)
{
	char		path[INSTALL_PATH_MAX];
	struct buf	text;
	bool		ok;

	*s = (struct change_state){ 0 };
	if (!path_join(path, sizeof(path), dir, CHANGE_FILE, f))
		return false;
	if (!file_exists(path))
		return true;
	buf_init(&text, FILE_MAX);
	ok = file_read(path, &text, f);
	if (ok && !state_from_text(buf_view(&text), s))
		change_state_clear(s);
	buf_clear(&text);
	return ok;
}
