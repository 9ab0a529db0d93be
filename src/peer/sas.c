/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "peer/install.h"
#include "peer/sas.h"
#include "peer/vici.h"

#define PEER_REFUSES	"received AUTHENTICATION_FAILED"	/* charon's words, 4.x to 6.x */

static bool
view_has(struct view v, const char *text)
{
	return v.n > 0 && memmem(v.p, v.n, text, strlen(text)) != NULL;
}

static void
copy(char *out, size_t n, struct view v)
{
	snprintf(out, n, "%.*s", (int)(v.n < n ? v.n : n - 1), v.n == 0 ? "" : (const char *)v.p);
}

/* --- the list ------------------------------------------------------------------------- */

struct listing {
	struct arena	*a;
	struct sa	*list;
	size_t		 n, room;
};

static bool
make_room(struct listing *l, struct fault *f)
{
	size_t		 room = l->room == 0 ? 64 : 2 * l->room;
	struct sa	*more;

	if (l->n < l->room)
		return true;
	if (l->n >= SAS_MAX)
		return fault_set(f, FAULT_LIMIT, "", "more than %d IKE SAs", SAS_MAX);
	if ((more = arena_array(l->a, room, sizeof(*more))) == NULL)
		return arena_fault(f);
	if (l->n > 0)
		memcpy(more, l->list, l->n * sizeof(*more));
	l->list = more;
	l->room = room;
	return true;
}

static void
read_number(struct view v, int64_t *out)
{
	char	text[SA_NUMBER_MAX];

	copy(text, sizeof(text), v);
	if (!number_parse("age", text, 0, INT64_MAX, out, NULL))
		*out = 0;
}

/* Values of the IKE SA stand at depth 1; those of its children at depth 3. */
static void
read_value(struct sa *sa, const struct vici_item *i, struct view *spi_i, struct view *spi_r)
{
	bool	ike = i->depth == 1;

	if (ike && view_equal(i->name, VIEW_LIT("uniqueid")))
		copy(sa->number, sizeof(sa->number), i->value);
	else if (ike && view_equal(i->name, VIEW_LIT("initiator-spi")))
		*spi_i = i->value;
	else if (ike && view_equal(i->name, VIEW_LIT("responder-spi")))
		*spi_r = i->value;
	else if (ike && view_equal(i->name, VIEW_LIT("state")))
		sa->established = view_equal(i->value, VIEW_LIT("ESTABLISHED"));
	else if (ike && view_equal(i->name, VIEW_LIT("established")))
		read_number(i->value, &sa->age);
	else if (i->depth == 3 && view_equal(i->name, VIEW_LIT("state")) &&
	    view_equal(i->value, VIEW_LIT("INSTALLED")))
		sa->child = true;
}

/* An event holds one section, named after the connection. */
static bool
see_sa(void *ctx, struct view message, struct fault *f)
{
	struct listing		*l = ctx;
	struct vici_reader	 r;
	struct vici_item	 item;
	struct view		 i = VIEW_NONE, e = VIEW_NONE;
	struct sa		 sa = { 0 };

	vici_read(&r, message);
	while (vici_next(&r, &item, NULL) && item.element != VICI_END) {
		if (item.element == VICI_SECTION_START && item.depth == 0 &&
		    (sa.connection = arena_str(l->a, item.name)) == NULL)
			return arena_fault(f);
		if (item.element == VICI_KEY_VALUE)
			read_value(&sa, &item, &i, &e);
	}
	if (sa.connection == NULL || sa.number[0] == '\0')
		return true;
	snprintf(sa.spi, sizeof(sa.spi), "%.*s:%.*s", (int)(i.n > 16 ? 16 : i.n),
	    i.n == 0 ? "" : (const char *)i.p, (int)(e.n > 16 ? 16 : e.n),
	    e.n == 0 ? "" : (const char *)e.p);
	if (!make_room(l, f))
		return false;
	l->list[l->n++] = sa;
	return true;
}

bool
sas_list(struct vici *v, struct arena *a, struct sa **out, size_t *n, struct fault *f)
{
	struct listing	l = { .a = a };

	if (!vici_stream(v, "list-sas", "list-sa", VIEW_NONE, see_sa, &l, f))
		return false;
	*out = l.list;
	*n = l.n;
	return true;
}

/* --- one SA --------------------------------------------------------------------------- */

struct attempt {
	bool	 refused;
	char	*words;
	size_t	 n;
};

static bool
see_log(void *ctx, struct view message, struct fault *f)
{
	struct attempt	*t = ctx;
	struct view	 line;

	(void)f;
	if (!vici_find(message, "msg", &line))
		return true;
	if (view_has(line, PEER_REFUSES)) {
		t->refused = true;
		copy(t->words, t->n, line);
	}
	return true;
}

/*
 * What the daemon logs comes as events; its answer, when all is over.  A
 * connection of its own, for after a no the rest of them is still under way.
 */
bool
sa_initiate(const char *vici_uri, const char *connection, const char *child,
    enum sa_verdict *out, char *words, size_t n, struct fault *f)
{
	struct attempt	 t = { .words = words, .n = n };
	struct fault	 why = { 0 };
	struct vici	*v = vici_open(vici_uri == NULL ? INSTALL_VICI_URI : vici_uri,
	    SA_ANSWER_MS + 2000, f);
	struct buf	 message;
	char		 ms[16];
	bool		 ok;

	words[0] = '\0';
	*out = SA_UNCLEAR;
	if (v == NULL)
		return false;
	snprintf(ms, sizeof(ms), "%d", SA_ANSWER_MS);
	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "ike", view_str(connection));
	if (child != NULL)
		vici_put_value(&message, "child", view_str(child));
	vici_put_value(&message, "timeout", view_str(ms));
	vici_put_value(&message, "loglevel", VIEW_LIT("1"));
	ok = buf_check(&message, "initiate", &why) && vici_stream(v, "initiate", "control-log",
	    buf_view(&message), see_log, &t, &why);
	buf_clear(&message);
	vici_close(v);
	*out = ok ? SA_UP : t.refused ? SA_REFUSED : SA_UNCLEAR;
	if (!ok && words[0] == '\0')
		snprintf(words, n, "%s", why.text);
	if (ok || why.kind == FAULT_REFUSED || why.kind == FAULT_BUSY)
		return true;
	return fault_set(f, why.kind, why.rule, "%s", why.text);
}

bool
sa_terminate(struct vici *v, const struct sa *sa, struct fault *f)
{
	struct buf	message;
	struct fault	why = { 0 };
	bool		ok;

	buf_init(&message, VICI_PACKET_MAX);
	vici_put_value(&message, "ike-id", view_str(sa->number));
	vici_put_value(&message, "timeout", VIEW_LIT("5000"));
	ok = buf_check(&message, "terminate", &why) &&
	    vici_call(v, "terminate", buf_view(&message), NULL, &why);
	buf_clear(&message);
	return ok || why.kind == FAULT_REFUSED ||
	    fault_set(f, why.kind, why.rule, "%s", why.text);
}
