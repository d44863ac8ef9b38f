/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "common/core/refid.h"
#include "common/core/wirebuf.h"

static void fields_are_big_endian(void **state)
{
	static const uint8_t expected[] = {
		1, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b'};
	uint8_t data[sizeof(expected)], two[2];
	struct wire_writer w;
	struct wire_reader r;

	(void)state;
	wire_writer_init(&w, data, sizeof(data));
	wire_put_u8(&w, 1);
	wire_put_u16(&w, 0x1234);
	wire_put_u32(&w, 0xdeadbeef);
	wire_put_u64(&w, 0x0102030405060708);
	wire_put_bytes(&w, "ab", 2);
	assert_false(w.failed);
	assert_int_equal(w.at, sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));

	wire_reader_init(&r, data, sizeof(data));
	assert_int_equal(wire_get_u8(&r), 1);
	assert_int_equal(wire_get_u16(&r), 0x1234);
	assert_int_equal(wire_get_u32(&r), 0xdeadbeef);
	assert_int_equal(wire_left(&r), 10);
	assert_true(wire_get_u64(&r) == 0x0102030405060708);
	assert_false(wire_done(&r));
	wire_get_bytes(&r, two, 2);
	assert_memory_equal(two, "ab", 2);
	assert_true(wire_done(&r));
}

static void read_errors_stick(void **state)
{
	static const uint8_t data[3] = {1, 2, 3};
	uint8_t out[4] = {9, 9, 9, 9};
	struct wire_reader r;

	(void)state;
	wire_reader_init(&r, data, sizeof(data));
	assert_int_equal(wire_get_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(wire_left(&r), 0);
	assert_int_equal(wire_get_u8(&r), 0);
	assert_null(wire_get_view(&r, 0));
	wire_get_bytes(&r, out, 4);
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_false(wire_done(&r));
}

static void write_errors_stick(void **state)
{
	uint8_t data[4] = {9, 9, 9, 9};
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, data, 3);
	wire_put_u16(&w, 0x0102);
	wire_put_u16(&w, 0x0304);
	assert_true(w.failed);
	wire_put_u8(&w, 5);
	assert_int_equal(w.at, 2);
	assert_memory_equal(data, "\1\2\11\11", 4);
}

static void huge_lengths_do_not_wrap(void **state)
{
	uint8_t data[4] = {0};
	struct wire_reader r;
	struct wire_writer w;

	(void)state;
	wire_reader_init(&r, data, sizeof(data));
	wire_get_u8(&r);
	assert_null(wire_get_view(&r, SIZE_MAX));
	assert_true(r.failed);
	wire_writer_init(&w, data, sizeof(data));
	wire_put_u8(&w, 1);
	wire_put_bytes(&w, data, SIZE_MAX);
	assert_true(w.failed);
	wire_reader_init(&r, NULL, 0);
	assert_true(wire_done(&r));
	assert_int_equal(wire_get_u16(&r), 0);
}

static void assert_refid(uint32_t refid, int stratum, const char *text)
{
	char out[REFID_TEXT_SIZE];

	refid_to_text(refid, stratum, out);
	assert_string_equal(out, text);
}

static void refids_are_text_at_low_strata(void **state)
{
	(void)state;
	assert_refid(0x47505300, 1, "GPS");
	assert_refid(0x44454e59, 0, "DENY");
	assert_refid(0x47505300, 2, "71.80.83.0");
	assert_refid(0x7f7f0101, 3, "127.127.1.1");
	assert_refid(0xffffffff, 2, "255.255.255.255");
	assert_refid(0, 2, "");
	assert_refid(0, 0, "");
	/* no character, a hole, a blank, a control character */
	assert_refid(0x80505300, 1, "128.80.83.0");
	assert_refid(0x47005300, 1, "71.0.83.0");
	assert_refid(0x47205300, 1, "71.32.83.0");
	assert_refid(0x470a5300, 1, "71.10.83.0");
}

static void text_becomes_a_refid(void **state)
{
	static const char *const bad[] = {"", "ABCDE", "1.2.3", "1.2.3.256", "1.2.3.4.5", "a b",
		"\x80", "1..2.3", "1.2.3.4 ", "-1.2.3.4", "99999999999.1.1.1"};
	uint32_t refid = 5;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (refid_from_text(bad[i], &refid) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(refid, 5);
	}
	assert_int_equal(refid_from_text("GPS", &refid), 0);
	assert_int_equal(refid, 0x47505300);
	assert_int_equal(refid_from_text("127.127.1.0", &refid), 0);
	assert_int_equal(refid, 0x7f7f0100);
}

static void refids_come_back(void **state)
{
	char text[REFID_TEXT_SIZE];
	struct prng g;
	int i;

	(void)state;
	prng_init(&g, 6);
	for (i = 0; i < 100000; i++) {
		uint32_t refid = (uint32_t)prng_u64(&g) | 1, back = 0;

		refid_to_text(refid, (int)prng_below(&g, 3), text);
		assert_int_equal(refid_from_text(text, &back), 0);
		assert_int_equal(back, refid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_big_endian),
		cmocka_unit_test(read_errors_stick),
		cmocka_unit_test(write_errors_stick),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(refids_are_text_at_low_strata),
		cmocka_unit_test(text_becomes_a_refid),
		cmocka_unit_test(refids_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
