/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_template.c - lines "key = value" as a template.  What a key takes it
 * gives back in words that it takes again; a template whose parts fit one
 * another can be written, and the file says what it said.
 */
#include <string.h>

#include "fuzz_file.h"
#include "pki/config.h"
#include "profile/template.h"

#define TEXT_MAX	(256u << 10)
#define KEY_ROOM	64
#define KEYS_MAX	60
#define VALUE_ROOM	4096

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
set_twice(struct template *t, const char *key, const char *value)
{
	struct template	 again = *t;
	struct fault	 f = { 0 };
	struct buf	 one, two;

	buf_init(&one, TEXT_MAX);
	buf_init(&two, TEXT_MAX);
	if (!template_set(t, key, value, &f)) {
		if (f.kind == FAULT_NONE)
			abort();	/* a failure must say why */
	} else if (!template_get(t, key, &one, &f) || !buf_ok(&one)) {
		abort();
	} else {
		buf_add_u8(&one, 0);
		if (!template_set(&again, key, (const char *)one.p, &f) ||
		    !template_get(&again, key, &two, &f))
			abort();
		buf_add_u8(&two, 0);
		if (!view_equal(buf_view(&one), buf_view(&two)))
			abort();
	}
	buf_clear(&one);
	buf_clear(&two);
}

/* "key = value"; a line without the sign is a key without value. */
static void
line(struct template *t, struct view v)
{
	const uint8_t	*sign = v.n > 0 ? memchr(v.p, '=', v.n) : NULL;
	char		 key[KEY_ROOM] = "", value[VALUE_ROOM] = "";
	size_t		 n = sign != NULL ? (size_t)(sign - v.p) : v.n, rest;

	rest = sign != NULL ? v.n - n - 1 : 0;
	while (n > 0 && v.p[n - 1] == ' ')
		n--;
	while (rest > 0 && v.p[v.n - rest] == ' ')
		rest--;
	if (n == 0 || n >= sizeof(key) || rest >= sizeof(value))
		return;
	memcpy(key, v.p, n);
	if (rest > 0)
		memcpy(value, v.p + v.n - rest, rest);
	set_twice(t, key, value);
}

static bool
set_pair(void *ctx, const char *key, const char *value, struct fault *f)
{
	return template_set(ctx, key, value, f);
}

/* By way of a file, as `pki init` and `pki serve` do. */
static void
read_back(struct view text)
{
	static const char		*keys[KEYS_MAX + 1];
	const struct template_key	*all;
	struct template			 t;
	struct buf			 again;
	struct fault			 f = { 0 };
	size_t				 n;

	all = template_keys(&n);
	for (size_t i = 0; i < n && i < KEYS_MAX; i++)
		keys[i] = all[i].name;
	file_put("template.conf", text);
	buf_init(&again, TEXT_MAX);
	if (!template_start("ra-user", "", &t, &f) ||
	    !config_read_pairs(file_path, keys, set_pair, &t, &f))
		abort();
	template_text(&t, &again);
	if (!view_equal(text, buf_view(&again)))
		abort();
	buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct template	t;
	struct fault	f = { 0 };
	struct buf	text;

	if (!template_start("s2s-gateway", "Example", &t, &f))
		abort();
	for (size_t i = 0, end; i < n; i = end + 1) {
		for (end = i; end < n && p[end] != '\n';)
			end++;
		line(&t, view_of(p + i, end - i));
	}
	if (!template_check(&t, &f)) {
		if (f.kind == FAULT_NONE)
			abort();
		return 0;
	}
	buf_init(&text, TEXT_MAX);
	template_text(&t, &text);
	if (!buf_ok(&text))
		abort();
	read_back(buf_view(&text));
	buf_clear(&text);
	return 0;
}
