/* SPDX-License-Identifier: MIT */
/* Records of stamped pulses, and their queue. */
#include <errno.h>
#include <linux/ptp_clock.h>
#include <string.h>

#include "common/core/extts.h"
#include "tests/unit/tcheck.h"

static void put(unsigned char *to, int64_t s, uint32_t ns, uint32_t channel, uint32_t flags)
{
	struct ptp_extts_event e;

	memset(&e, 0, sizeof(e));
	e.t.sec = s;
	e.t.nsec = ns;
	e.index = channel;
	e.flags = flags;
	memcpy(to, &e, sizeof(e));
}

static void records_are_those_of_the_kernel(void **state)
{
	static const struct {
		int64_t s;
		uint32_t ns, flags;
		int64_t want;
	} cases[] = {
		{0, 0, 0, 0}, {1700000000, 999999999, 1, INT64_C(1700000000999999999)},
		{9223372035, 999999999, 0, INT64_C(9223372035999999999)}, {9223372036, 0, 0, -1},
		{-1, 5, 0, -1}, {INT64_MIN, 5, 0, -1}, {5, 1000000000, 0, -1},
		{5, UINT32_MAX, 0, -1}, {5, 5, 1u << 4, -1}, /* an offset and no time */
	};
	unsigned char record[EXTTS_RECORD_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct extts_stamp stamp;

		put(record, cases[i].s, cases[i].ns, (uint32_t)(i * 1000000000), cases[i].flags);
		stamp = extts_decode(record);
		assert_i64_equal(stamp.ns, cases[i].want);
		assert_int_equal(stamp.channel, (uint32_t)(i * 1000000000));
	}
}

static void a_queue_keeps_order_and_the_newest(void **state)
{
	struct extts_queue q = {0};
	int64_t ns = 77;

	(void)state;
	assert_int_equal(extts_take(&q, &ns), -EAGAIN);
	assert_i64_equal(ns, 77);
	for (int i = 0; i < EXTTS_QUEUE + 5; i++)
		extts_put(&q, i == 20 ? -1 : i);
	for (int i = 5; i < EXTTS_QUEUE + 5; i++) {
		ns = 77;
		assert_int_equal(extts_take(&q, &ns), i == 20 ? -EBADMSG : 0);
		assert_i64_equal(ns, i == 20 ? 77 : i);
	}
	assert_int_equal(extts_take(&q, &ns), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_those_of_the_kernel),
		cmocka_unit_test(a_queue_keeps_order_and_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
