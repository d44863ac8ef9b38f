/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <string.h>

#include "phc2shm/core/ptp4l.h"
#include "phc2shm/core/scale.h"

#define DAY_S	 INT64_C(86400)
#define MIDNIGHT (INT64_C(1735689600) * NS_PER_S) /* 2025-01-01 */

static const struct leaplist list = {
	.count = 3,
	.entry = {{0, 36}, {INT64_C(1735689600), 37}, {INT64_C(1735689600) + 31 * DAY_S, 36}},
	.expires_utc_s = INT64_C(1735689600) + 90 * DAY_S,
};

static void a_list_announces_on_the_last_day(void **state)
{
	const struct {
		int64_t utc_ns;
		int leap;
		bool suspended;
	} cases[] = {
		{MIDNIGHT - DAY_S * NS_PER_S - 1, 0, false},
		{MIDNIGHT - DAY_S * NS_PER_S, 1, false},
		{MIDNIGHT - NS_PER_S - 1, 1, false},
		{MIDNIGHT - NS_PER_S, 1, true},
		{MIDNIGHT - 1, 1, true},
		{MIDNIGHT, 0, true},
		{MIDNIGHT + NS_PER_S - 1, 0, true},
		{MIDNIGHT + NS_PER_S, 0, false},
		{MIDNIGHT + 30 * DAY_S * NS_PER_S, -1, false},
		{MIDNIGHT + 31 * DAY_S * NS_PER_S - 1, -1, true},
		{MIDNIGHT + 31 * DAY_S * NS_PER_S + 1, 0, true},
		{MIDNIGHT + 32 * DAY_S * NS_PER_S, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scale utc = {.list = &list, .fixed = true};
		struct scale tai = {.list = &list, .fixed = true, .offset_s = -37};
		struct scale_now now = scale_at(&utc, cases[i].utc_ns);

		assert_int_equal(now.leap, cases[i].leap);
		assert_int_equal(now.suspended, cases[i].suspended);
		assert_int_equal(now.offset_s, 0);
		now = scale_at(&tai, cases[i].utc_ns + 37 * NS_PER_S);
		assert_int_equal(now.leap, cases[i].leap);
		assert_int_equal(now.suspended, cases[i].suspended);
		assert_int_equal(now.offset_s, -37);
	}
}

static void an_expired_list_announces_nothing(void **state)
{
	struct leaplist old = list;
	struct scale s = {.list = &old, .leap = 1};
	struct scale_now now;

	(void)state;
	old.expires_utc_s = INT64_C(1735689600) - 10 * DAY_S;
	now = scale_at(&s, MIDNIGHT - NS_PER_S / 2);
	assert_int_equal(now.leap, 0);
	assert_false(now.suspended);
}

/* The flag is cleared and the offset raised some seconds late: meanwhile both are put right. */
static void a_flag_that_is_late_has_happened(void **state)
{
	struct scale s = {.offset_s = -37, .leap = 1};
	struct scale_now now;

	(void)state;
	now = scale_at(&s, MIDNIGHT - 12 * 3600 * NS_PER_S + 37 * NS_PER_S);
	assert_int_equal(now.leap, 1);
	assert_int_equal(now.offset_s, -37);
	now = scale_at(&s, MIDNIGHT + 37 * NS_PER_S - 1);
	assert_true(now.suspended);
	/* 23:59:60, which counts as the next day's first second here */
	now = scale_at(&s, MIDNIGHT + 37 * NS_PER_S + 1);
	assert_true(now.suspended);
	now = scale_at(&s, MIDNIGHT + 38 * NS_PER_S);
	assert_false(now.suspended);
	assert_int_equal(now.leap, 0);
	assert_int_equal(now.offset_s, -38);
	s.leap = -1;
	assert_int_equal(scale_at(&s, MIDNIGHT + 39 * NS_PER_S).offset_s, -36);
	s.fixed = true;
	assert_int_equal(scale_at(&s, MIDNIGHT + 39 * NS_PER_S).offset_s, -37);
}

/* ---- ptp4l ---- */

static size_t answer(uint8_t *d, unsigned int id, const uint8_t *data, size_t n)
{
	memset(d, 0, 54 + n);
	d[0] = 0x0d;
	d[1] = 0x12; /* version 2.1, as linuxptp 4 sends */
	d[46] = 2;
	d[49] = 1;
	d[51] = (uint8_t)(2 + n);
	d[52] = (uint8_t)(id >> 8);
	d[53] = (uint8_t)id;
	memcpy(d + 54, data, n);
	return 54 + n;
}

static bool scale_answer(struct ptp4l *p, int offset_s, uint8_t flags, int64_t now_ns)
{
	const uint8_t data[4] = {(uint8_t)(offset_s >> 8), (uint8_t)offset_s, flags, 0xa0};
	uint8_t d[100];

	return ptp4l_take(p, d, answer(d, 0x2003, data, 4), now_ns);
}

static bool port_answer(struct ptp4l *p, uint8_t state, int64_t now_ns)
{
	uint8_t data[26] = {0}, d[100];

	data[10] = state;
	return ptp4l_take(p, d, answer(d, 0x2004, data, 26), now_ns);
}

static void a_request_is_as_pmc_sends_it(void **state)
{
	static const uint8_t want[PTP4L_REQUEST_SIZE] = {0x1d, 2, 0, 54,
		24, [30] = 0, [31] = 1, [32] = 4, [33] = 0x7f, [34] = 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, [48] = 0, 1, 0, 2, 0x20, 0x03};
	uint8_t d[PTP4L_REQUEST_SIZE];
	struct ptp4l p;

	(void)state;
	ptp4l_init(&p, 24, 1);
	ptp4l_request(&p, PTP4L_PORT, d);
	ptp4l_request(&p, PTP4L_TIME_PROPERTIES, d);
	assert_memory_equal(d, want, sizeof(want));
}

static void any_port_that_is_master_or_slave_will_do(void **state)
{
	int64_t now = NS_PER_S;
	struct ptp4l p;

	(void)state;
	ptp4l_init(&p, 0, 0);
	assert_true(ptp4l_wants_ask(&p, now));
	assert_false(ptp4l_wants_ask(&p, now + NS_PER_S / 2));
	assert_true(port_answer(&p, 4, now));
	assert_true(port_answer(&p, 8, now));
	assert_false(ptp4l_ready(&p, false, now));
	assert_true(port_answer(&p, 9, now));
	assert_true(port_answer(&p, 4, now));
	assert_true(ptp4l_ready(&p, false, now));
	assert_false(ptp4l_ready(&p, true, now));
	assert_true(scale_answer(&p, 37, 0x3d, now));
	assert_true(ptp4l_ready(&p, true, now));
	assert_int_equal(p.utc_offset_s, 37);
	assert_int_equal(p.leap, 1);
	assert_true(scale_answer(&p, 37, 0x0a, now));
	assert_int_equal(p.leap, -1);
	/* its time scale is not PTP's: what it says of UTC means nothing */
	assert_true(scale_answer(&p, 37, 0x07, now));
	assert_int_equal(p.utc_offset_s, 0);
	assert_int_equal(p.leap, 0);
	/* falls back to listening */
	now += 2 * NS_PER_S;
	assert_true(ptp4l_wants_ask(&p, now));
	assert_true(port_answer(&p, 4, now));
	assert_true(ptp4l_ready(&p, true, now));
	assert_true(ptp4l_wants_ask(&p, now + PTP4L_ASK_S * NS_PER_S));
	assert_false(ptp4l_ready(&p, true, now + PTP4L_ASK_S * NS_PER_S));
}

static void silence_is_no_sync(void **state)
{
	struct ptp4l p;

	(void)state;
	ptp4l_init(&p, 0, 0);
	assert_true(ptp4l_wants_ask(&p, 0));
	assert_true(port_answer(&p, 6, 5));
	for (int s = 1; s < 100; s++) {
		(void)ptp4l_wants_ask(&p, s * NS_PER_S);
		assert_int_equal(ptp4l_ready(&p, false, s * NS_PER_S), s <= PTP4L_SILENCE_S);
	}
}

static void what_is_gone_is_asked_again_soon(void **state)
{
	struct ptp4l p;

	(void)state;
	ptp4l_init(&p, 0, 0);
	assert_true(ptp4l_wants_ask(&p, 0));
	assert_true(scale_answer(&p, 37, 8, 1));
	assert_true(port_answer(&p, 6, 1));
	assert_true(ptp4l_wants_ask(&p, NS_PER_S));
	assert_true(ptp4l_ready(&p, true, NS_PER_S));
	ptp4l_gone(&p, NS_PER_S);
	assert_false(ptp4l_ready(&p, true, NS_PER_S));
	assert_true(ptp4l_wants_ask(&p, 2 * NS_PER_S));
}

static void what_is_no_answer_changes_nothing(void **state)
{
	static const struct {
		int at;
		uint8_t value;
	} spoil[] = {{0, 0x0b}, {1, 1}, {4, 1}, {46, 0}, {49, 2}, {51, 1}, {51, 27}, {51, 29},
		{50, 1}, {53, 5}};
	uint8_t data[26] = {[10] = 9}, d[100];
	struct ptp4l p;
	size_t n;

	(void)state;
	ptp4l_init(&p, 0, 0);
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		n = answer(d, 0x2004, data, 26);
		d[spoil[i].at] = spoil[i].value;
		assert_false(ptp4l_take(&p, d, n, 1));
	}
	n = answer(d, 0x2004, data, 26);
	for (size_t short_n = 0; short_n < n; short_n++)
		assert_false(ptp4l_take(&p, d, short_n, 1));
	assert_false(p.in_sync);
	assert_true(ptp4l_take(&p, d, n, 1));
	assert_true(p.in_sync);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_announces_on_the_last_day),
		cmocka_unit_test(an_expired_list_announces_nothing),
		cmocka_unit_test(a_flag_that_is_late_has_happened),
		cmocka_unit_test(a_request_is_as_pmc_sends_it),
		cmocka_unit_test(any_port_that_is_master_or_slave_will_do),
		cmocka_unit_test(silence_is_no_sync),
		cmocka_unit_test(what_is_gone_is_asked_again_soon),
		cmocka_unit_test(what_is_no_answer_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
