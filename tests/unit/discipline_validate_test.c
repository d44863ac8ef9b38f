/* SPDX-License-Identifier: MIT */
/* disciplined believes nobody: each reason for refusing an estimate, and that good ones pass. */
#include <math.h>
#include <string.h>
#include "disciplined/core/validate.h"
#include "tests/unit/tcheck.h"

#define RAW INT64_C(5000000000000)
#define UTC INT64_C(1790000000000000000)

static const struct validate_limits limits = {500000, 3600 * NS_PER_S, NS_PER_S};
static struct validate v;
static struct validate_line line;
static struct msg m;

static struct msg_estimate *fresh(void)
{
	memset(&v, 0, sizeof(v));
	memset(&line, 0, sizeof(line));
	memset(&m, 0, sizeof(m));
	line.valid = true;
	line.line = (struct ts_line){{RAW - 10 * NS_PER_S}, {UTC - 10 * NS_PER_S}, 0};
	line.bound_ns = 1000;
	line.drift_ppb = 10;
	m.env.boot = 1;
	m.env.seq = 5;
	m.u.estimate = (struct msg_estimate){.status = sync_synchronised,
		.raw_ns = RAW,
		.utc_ns = UTC,
		.bound_ns = 1000,
		.offset_sd_ns = 10,
		.rate_sd_ppb = 1,
		.bound_drift_ppb = 10};
	return &m.u.estimate;
}

static enum refusal judge(void)
{
	return validate_estimate(&v, &limits, &line, &m, (struct ts_raw){RAW + NS_PER_MS});
}

static void good_ones_pass(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(judge(), REFUSAL_NONE);
	fresh();
	line.valid = false;
	assert_int_equal(judge(), REFUSAL_NONE);
	fresh()->utc_ns += 2000; /* within both bounds */
	assert_int_equal(judge(), REFUSAL_NONE);
}

static void repeated(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(judge(), REFUSAL_NONE);
	assert_int_equal(judge(), REFUSAL_REPEATED);
	m.env.seq = 4;
	assert_int_equal(judge(), REFUSAL_REPEATED);
	m.env.boot = 2;
	assert_int_equal(judge(), REFUSAL_NONE);
	m.env.seq = 0; /* direct calls carry none */
	assert_int_equal(judge(), REFUSAL_NONE);
	assert_int_equal(judge(), REFUSAL_NONE);
}

static void impossible_numbers(void **state)
{
	(void)state;
	fresh()->rate_ppb = NAN;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->offset_sd_ns = INFINITY;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->rate_sd_ppb = -1;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->bound_drift_ppb = NAN;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->bound_ns = -1;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->root_delay_ns = -1;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->bound_drift_ppb = 1.1e9;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->utc_ns = -1;
	assert_int_equal(judge(), REFUSAL_NUMBER);
	fresh()->raw_ns = -1;
	assert_int_equal(judge(), REFUSAL_NUMBER);
}

static void age(void **state)
{
	(void)state;
	fresh()->raw_ns = RAW + 2 * NS_PER_S;
	assert_int_equal(judge(), REFUSAL_FUTURE);
	fresh()->raw_ns = RAW + NS_PER_S / 2;
	m.u.estimate.utc_ns += NS_PER_S / 2;
	assert_int_equal(judge(), REFUSAL_NONE);
	fresh()->raw_ns = RAW - 3601 * NS_PER_S;
	line.valid = false;
	assert_int_equal(judge(), REFUSAL_OLD);
	fresh()->raw_ns = RAW - 11 * NS_PER_S;
	assert_int_equal(judge(), REFUSAL_BACKWARDS);
	/* a disruption may start a new count of everything */
	m.env.seq++;
	m.u.estimate.disruption = 1;
	assert_int_equal(judge(), REFUSAL_NONE);
}

static void rate_and_bound(void **state)
{
	(void)state;
	fresh()->rate_ppb = 500001;
	assert_int_equal(judge(), REFUSAL_RATE);
	fresh()->rate_ppb = -500001;
	assert_int_equal(judge(), REFUSAL_RATE);
	fresh()->bound_ns = NS_PER_S + 1;
	assert_int_equal(judge(), REFUSAL_BOUND);
	fresh()->bound_ns = NS_PER_S; /* the limit itself is allowed */
	assert_int_equal(judge(), REFUSAL_NONE);
}

/* What was followed is less certain by the minute, so that it refuses less. */
static void followed_bound_grows(void **state)
{
	(void)state;
	fresh()->utc_ns += 95 * NS_PER_US;
	assert_int_equal(judge(), REFUSAL_JUMP);
	fresh()->utc_ns += 95 * NS_PER_US;
	line.drift_ppb = 10000; /* ten seconds: 100 us, and the margin */
	assert_int_equal(judge(), REFUSAL_NONE);
	fresh()->utc_ns += 110 * NS_PER_US;
	line.drift_ppb = 10000;
	assert_int_equal(judge(), REFUSAL_JUMP);
}

static void next(int64_t utc_ns)
{
	m.env.seq++;
	m.u.estimate.utc_ns = utc_ns;
}

static void jumps(void **state)
{
	(void)state;
	fresh()->utc_ns += NS_PER_MS;
	assert_int_equal(judge(), REFUSAL_JUMP);
	next(UTC + NS_PER_MS);
	assert_int_equal(judge(), REFUSAL_JUMP);
	next(UTC + NS_PER_MS + 500);
	assert_int_equal(judge(), REFUSAL_NONE);
	/* a different one each time convinces nobody */
	fresh();
	for (int i = 1; i < 10; i++) {
		next(UTC + i * NS_PER_MS);
		assert_int_equal(judge(), REFUSAL_JUMP);
	}
	/* one good one in between starts the count again */
	fresh();
	next(UTC + NS_PER_MS);
	assert_int_equal(judge(), REFUSAL_JUMP);
	next(UTC + NS_PER_MS);
	assert_int_equal(judge(), REFUSAL_JUMP);
	next(UTC);
	assert_int_equal(judge(), REFUSAL_NONE);
	next(UTC + NS_PER_MS);
	assert_int_equal(judge(), REFUSAL_JUMP);
	/* after a disruption nothing is a jump */
	fresh()->utc_ns += 3600 * NS_PER_S;
	m.u.estimate.disruption = 1;
	assert_int_equal(judge(), REFUSAL_NONE);
}

static void void_history(void **state)
{
	(void)state;
	fresh()->sample_raw_ns = RAW - NS_PER_S;
	validate_void(&v, (struct ts_raw){RAW - 1}, 0);
	assert_int_equal(judge(), REFUSAL_VOID);
	m.env.seq++;
	m.u.estimate.sample_raw_ns = RAW;
	assert_int_equal(judge(), REFUSAL_NONE);
	/* nothing older is void once a newer one was taken: selectd knows */
	m.env.seq++;
	m.u.estimate.sample_raw_ns = RAW - NS_PER_S;
	assert_int_equal(judge(), REFUSAL_NONE);
	/* without a sample's instant the estimate's own counts */
	fresh();
	validate_void(&v, (struct ts_raw){RAW}, 0);
	assert_int_equal(judge(), REFUSAL_VOID);
	/* a contradicting one does not end it */
	fresh()->utc_ns += NS_PER_MS;
	m.u.estimate.sample_raw_ns = RAW;
	validate_void(&v, (struct ts_raw){RAW - 1}, 0);
	assert_int_equal(judge(), REFUSAL_JUMP);
	next(UTC);
	m.u.estimate.sample_raw_ns = RAW - NS_PER_S;
	assert_int_equal(judge(), REFUSAL_VOID);
	/* selectd saw the disruption itself */
	fresh()->sample_raw_ns = RAW - NS_PER_S;
	validate_void(&v, (struct ts_raw){RAW - 1}, 0);
	m.u.estimate.disruption = 1;
	assert_int_equal(judge(), REFUSAL_NONE);
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (int r = REFUSAL_NONE; r <= REFUSAL_JUMP; r++)
		assert_string_not_equal(validate_text((enum refusal)r), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_pass),
		cmocka_unit_test(repeated),
		cmocka_unit_test(impossible_numbers),
		cmocka_unit_test(age),
		cmocka_unit_test(rate_and_bound),
		cmocka_unit_test(followed_bound_grows),
		cmocka_unit_test(jumps),
		cmocka_unit_test(void_history),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
