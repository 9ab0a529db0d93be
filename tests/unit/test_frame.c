/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/frame.h"
#include "base/process.h"

static void
there_and_back(void **state)
{
	struct fault	f = { 0 };
	struct frame	fr;
	struct buf	b;
	size_t		used, mark;

	(void)state;
	buf_init(&b, 1000);
	frame_put(&b, 7, 0x0102, 0x1122334455667788, VIEW_LIT("hello"));
	mark = frame_begin(&b, 8, 0, 9);
	wire_put_u32(&b, 42);
	frame_end(&b, mark);
	assert_true(buf_ok(&b));
	for (size_t n = 0; n < FRAME_HEADER_OCTETS + 5; n++) {
		assert_true(frame_take(view_of(b.p, n), 100, &fr, &used, &f));
		assert_int_equal(used, 0);
	}
	assert_true(frame_take(buf_view(&b), 5, &fr, &used, &f));
	assert_int_equal(used, FRAME_HEADER_OCTETS + 5);
	assert_int_equal(fr.type, 7);
	assert_int_equal(fr.flags, 0x0102);
	assert_int_equal(fr.tag, 0x1122334455667788);
	assert_true(view_equal(fr.body, VIEW_LIT("hello")));
	buf_consume(&b, used);
	assert_true(frame_take(buf_view(&b), 5, &fr, &used, &f));
	assert_int_equal(used, b.n);
	assert_int_equal(fr.tag, 9);
	assert_int_equal(fr.body.n, 4);
	buf_clear(&b);
}

static void
refuses(void **state)
{
	static const struct {
		const char	*label, *octets;
		enum fault_kind	 want;
	} cases[] = {
		{ "version 2", "\2\1\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0",
		    FAULT_MALFORMED },
		{ "one octet too many", "\1\1\0\0\0\0\0\5" "\0\0\0\0\0\0\0\0",
		    FAULT_LIMIT },
		{ "4 GiB", "\1\1\0\0\377\377\377\377" "\0\0\0\0\0\0\0\0",
		    FAULT_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault	f = { 0 };
		struct frame	fr;
		size_t		used;

		print_message("%s\n", cases[i].label);
		assert_false(frame_take(view_of(cases[i].octets, 16), 4, &fr,
		    &used, &f));
		assert_int_equal(f.kind, cases[i].want);
	}
}

static void
fields(void **state)
{
	struct fault	f = { 0 };
	struct buf	b;
	struct wire	w;

	(void)state;
	buf_init(&b, 1000);
	wire_put_u8(&b, 200);
	wire_put_u64(&b, UINT64_MAX);
	wire_put_view(&b, VIEW_NONE);
	wire_put_view(&b, VIEW_LIT("abc"));
	wire_init(&w, buf_view(&b));
	assert_int_equal(wire_get_u8(&w), 200);
	assert_true(wire_get_u64(&w) == UINT64_MAX);
	assert_int_equal(wire_get_view(&w).n, 0);
	assert_true(view_equal(wire_get_view(&w), VIEW_LIT("abc")));
	assert_true(wire_end(&w, "body", &f));

	/* Every cut is seen, and nothing is read past it. */
	for (size_t n = 0; n < b.n; n++) {
		wire_init(&w, view_of(b.p, n));
		wire_get_u8(&w);
		wire_get_u64(&w);
		wire_get_view(&w);
		wire_get_view(&w);
		assert_int_equal(wire_get_u32(&w), 0);
		fault_clear(&f);
		assert_false(wire_end(&w, "body", &f));
		assert_int_equal(f.kind, FAULT_MALFORMED);
	}
	wire_init(&w, buf_view(&b));
	wire_get_u8(&w);
	fault_clear(&f);
	assert_false(wire_end(&w, "body", &f));
	buf_clear(&b);
}

static void
over_a_socket(void **state)
{
	struct fault	f = { 0 };
	struct frame	fr;
	struct buf	out, in;
	int		pair[2];

	(void)state;
	assert_true(fd_pair(pair, &f));
	buf_init(&out, 1000);
	buf_init(&in, 1000);
	frame_put(&out, 1, 0, 5, VIEW_LIT("first"));
	frame_put(&out, 2, 0, 6, VIEW_NONE);
	frame_put(&out, 3, 0, 7, VIEW_LIT("too long"));
	assert_true(frame_write_fd(pair[0], buf_view(&out), &f));
	assert_true(frame_read_fd(pair[1], &in, 5, &fr, &f));
	assert_int_equal(fr.tag, 5);
	assert_true(view_equal(fr.body, VIEW_LIT("first")));
	assert_true(frame_read_fd(pair[1], &in, 5, &fr, &f));
	assert_int_equal(fr.tag, 6);
	assert_int_equal(fr.body.n, 0);
	assert_false(frame_read_fd(pair[1], &in, 5, &fr, &f));
	assert_int_equal(f.kind, FAULT_LIMIT);
	close(pair[1]);
	fault_clear(&f);
	/* The other side is gone: a fault, no signal. */
	assert_false(frame_write_fd(pair[0], buf_view(&out), &f));
	assert_int_equal(f.kind, FAULT_IO);
	fault_clear(&f);
	assert_false(frame_read_fd(pair[0], &in, 5, &fr, &f));
	assert_int_equal(f.kind, FAULT_IO);
	close(pair[0]);
	buf_clear(&out);
	buf_clear(&in);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(refuses),
		cmocka_unit_test(fields),
		cmocka_unit_test(over_a_socket),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
