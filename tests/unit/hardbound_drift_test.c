/* SPDX-License-Identifier: MIT */
/* What older samples may say of the truth when the source admits to drift. */
#include "tcheck.h"

#include <string.h>

#include "selectd/core/hardbound.h"

#define T0  (1000 * NS_PER_S)
#define UTC INT64_C(1700000000000000000)
#define US  NS_PER_US

static struct msg_sample sample(int i, int64_t root_dispersion_ns, int64_t bound_ns, bool exchange)
{
	struct msg_sample s;

	memset(&s, 0, sizeof(s));
	s.raw_ns = T0 + i * NS_PER_S;
	s.utc_ns = UTC + i * NS_PER_S;
	s.root_dispersion_ns = root_dispersion_ns;
	s.bound_ns = bound_ns;
	s.t1_raw_ns = exchange ? s.raw_ns : 0;
	return s;
}

/* Half width of what ten samples leave open at the last of them, on a rate known exactly. */
static int64_t half_width(int64_t step_ns, bool with_bound, bool exchange)
{
	struct hardbound_line line = {.line = {{T0 + 9 * NS_PER_S}, {UTC + 9 * NS_PER_S}, 0}};
	struct hardbound_interval r;
	struct hardbound b;

	hardbound_reset(&b);
	for (int i = 0; i < 10; i++) {
		int64_t ns = 100 * US + i * step_ns;
		struct msg_sample s = sample(i, ns, with_bound ? ns : 0, exchange);

		hardbound_add(&b, &s);
	}
	assert_int_equal(hardbound_at(&b, &line, &r), 0);
	assert_int_equal(r.used, 10);
	assert_i64_equal(r.low_ns, -r.high_ns);
	return r.high_ns;
}

static void a_drifting_clock_is_not_held_to_what_it_said_before(void **state)
{
	(void)state;
	assert_i64_range(half_width(0, false, false), 100 * US, 100 * US + 2);
	assert_i64_range(half_width(15 * US, false, false), 235 * US, 235 * US + 2);
	assert_i64_range(half_width(15 * US, true, false), 235 * US, 235 * US + 2);
}

/* One that gets better says nothing of what it was. */
static void one_that_gets_better_is_taken_at_its_last_word(void **state)
{
	(void)state;
	assert_i64_range(half_width(-5 * US, false, false), 55 * US, 55 * US + 2);
}

/* A server's dispersion grows between its own updates, and its line is that of many of them. */
static void exchanges_keep_what_they_said(void **state)
{
	(void)state;
	assert_i64_range(half_width(15 * US, false, true), 100 * US, 100 * US + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drifting_clock_is_not_held_to_what_it_said_before),
		cmocka_unit_test(one_that_gets_better_is_taken_at_its_last_word),
		cmocka_unit_test(exchanges_keep_what_they_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
