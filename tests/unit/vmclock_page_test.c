/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <string.h>

#include "refclockd/core/vmclock_page.h"

static void put(unsigned char *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

/* A counter of 1 GHz, at 1000 when it was 2^30 s and a half. */
static void good_page(unsigned char page[VMCLOCK_PAGE_SIZE])
{
	memset(page, 0, VMCLOCK_PAGE_SIZE);
	memcpy(page, "VCLK", 4);
	put(page + 0x04, 4096, 4);
	put(page + 0x08, 1, 2);
	page[0x0a] = VMCLOCK_X86_TSC;
	put(page + 0x0c, 4, 4);
	put(page + 0x10, 77, 8);
	put(page + 0x18, 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8, 8);
	page[0x22] = 2;
	put(page + 0x24, 37, 2);
	put(page + 0x28, 1000, 8);
	page[0x27] = 20;			 /* period = frac / 2^84 s */
	put(page + 0x30, 19342813113834067u, 8); /* 2^84 / 1e9 */
	put(page + 0x40, 19342813113u, 8);	 /* 1 ppm */
	put(page + 0x48, 1 << 30, 8);
	put(page + 0x50, UINT64_C(1) << 63, 8);
	put(page + 0x58, 500, 8);
	put(page + 0x60, 9000, 8);
	put(page + 0x68, 5, 8);
}

static void time_follows_the_counter(void **state)
{
	int64_t base = (INT64_C(1) << 30) * NS_PER_S + NS_PER_S / 2;
	unsigned char page[VMCLOCK_PAGE_SIZE];
	struct vmclock_time t;
	struct vmclock c;

	(void)state;
	good_page(page);
	assert_int_equal(vmclock_parse(page, &c), 0);
	assert_true(c.marker == 77);
	assert_true(c.generation == 5);
	assert_int_equal(vmclock_time_at(&c, 1000, &t), 0);
	assert_i64_equal(t.utc.ns, base);
	assert_i64_equal(t.error_ns, 500);
	assert_i64_equal(t.bound_ns, 9000);
	assert_int_equal(t.leap, leap_none);
	assert_int_equal(vmclock_time_at(&c, 1000 + 2 * NS_PER_S, &t), 0);
	assert_i64_range(t.utc.ns - base, 2 * NS_PER_S - 1, 2 * NS_PER_S);
	assert_i64_range(t.bound_ns, 10999, 11000); /* 1 ppm of 2 s more */
	assert_int_equal(vmclock_time_at(&c, 0, &t), 0);
	assert_i64_range(t.utc.ns - base, -1000, -999);
	assert_int_equal(vmclock_time_at(&c, 1000 + 86402 * (uint64_t)NS_PER_S, &t), -ERANGE);
	page[0x0b] = 1;
	page[0x26] = 2;
	assert_int_equal(vmclock_parse(page, &c), 0);
	assert_int_equal(vmclock_time_at(&c, 1000, &t), 0);
	assert_i64_equal(t.utc.ns, base - 37 * NS_PER_S);
	assert_int_equal(t.leap, leap_remove);
}

static void pages_without_time_are_told_apart(void **state)
{
	static const struct {
		int offset, value, parse, time;
	} cases[] = {
		{0, 'X', -EBADMSG, 0},
		{0x08, 2, -EBADMSG, 0},
		{0x05, 0, -EBADMSG, 0}, /* size 0 */
		{0x0a, 0xff, 0, -EOPNOTSUPP},
		{0x0b, 2, 0, -EOPNOTSUPP},
		{0x0b, 3, 0, -EOPNOTSUPP},
		{0x22, 0, 0, -EAGAIN},
		{0x22, 1, 0, -EAGAIN},
		{0x22, 3, 0, 0},
		{0x22, 4, 0, -EAGAIN},
		{0x27, 64, 0, -ERANGE},
		{0x4f, 0xff, 0, -EOPNOTSUPP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char page[VMCLOCK_PAGE_SIZE];
		struct vmclock_time t;
		struct vmclock c;

		good_page(page);
		page[cases[i].offset] = (unsigned char)cases[i].value;
		assert_int_equal(vmclock_parse(page, &c), cases[i].parse);
		if (cases[i].parse < 0)
			continue;
		if (vmclock_time_at(&c, 2000, &t) != cases[i].time)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_follows_the_counter),
		cmocka_unit_test(pages_without_time_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
