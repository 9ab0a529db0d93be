/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_template.c - lines "key = value" as a template.  What a key takes it
 * gives back in words that it takes again; a template whose parts fit one
 * another can be written, and the file says what it said; so do its settings.
 */
#include <stdlib.h>
#include <string.h>

#include "profile/template_file.h"

#define TEXT_MAX	(256u << 10)
#define KEY_ROOM	64
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

/* The commented file, and the settings alone, give the same template. */
static void
read_back(const struct template *t, struct view text)
{
	static struct template_problems	p;
	struct template			 again, third;
	struct buf			 one, two;
	struct fault			 f = { 0 };

	buf_init(&one, TEXT_MAX);
	buf_init(&two, TEXT_MAX);
	if (!template_read(text, t->name, &again, &p))
		abort();
	template_settings(&again, &one);
	if (!template_of_settings(buf_view(&one), view_str(t->name), t->version, &third, &f))
		abort();
	template_text(&third, &two);
	if (!buf_ok(&one) || !view_equal(text, buf_view(&two)))
		abort();
	buf_clear(&one);
	buf_clear(&two);
}

/* As a file: all that is wrong has a reason. */
static void
as_file(struct view text)
{
	static struct template_problems	p;
	struct template			 t;

	if (template_read(text, NULL, &t, &p) ? p.total != 0 : p.total == 0 ||
	    p.list[0].text[0] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct template	t;
	struct fault	f = { 0 };
	struct buf	text;

	if (!template_start("s2s-gateway", "Example", &t, &f))
		abort();
	as_file(view_of(p, n));
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
	read_back(&t, buf_view(&text));
	buf_clear(&text);
	return 0;
}
