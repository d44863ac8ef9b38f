/* SPDX-License-Identifier: MIT */
/* Several exchanges become one sample: on noise of two laws, over steps, corrections and losses. */
#include "tests/unit/tcheck.h"

#include <string.h>
#include "common/core/prng.h"
#include "ntpexchd/core/ntp_filter.h"

#define US	NS_PER_US
#define MS	NS_PER_MS
#define S	NS_PER_S
#define UTC0	(INT64_C(1790000000) * S)
#define RAW0	(1000 * S)
#define BASE_NS (50 * US)
#define TURN_NS (20 * US)
#define LENGTH	5
#define POLL_NS (S / 4)

enum law { LAW_GAUSSIAN, LAW_EXPONENTIAL };

/* A server whose clock runs rate_ppb faster than ours and is offset_ns ahead of UTC0 at RAW0. */
struct world {
	struct ntp_filter f;
	struct prng random;
	enum law law;
	double jitter_ns;
	double rate_ppb;
	int64_t offset_ns;
	int64_t at_ns; /* since RAW0 */
	bool mono;
	int64_t shift_ns;
	uint32_t epoch;
	struct ts_line line; /* of our clock */
};

static void begin(struct world *w, enum law law, double jitter_ns)
{
	memset(w, 0, sizeof *w);
	ntp_filter_init(&w->f, LENGTH);
	prng_init(&w->random, 5);
	w->law = law;
	w->jitter_ns = jitter_ns;
	w->line = (struct ts_line){{RAW0}, {UTC0}, 0};
}

static int64_t server_ns(const struct world *w, int64_t at_ns)
{
	return UTC0 + w->offset_ns + at_ns + (int64_t)(w->rate_ppb * 1e-9 * (double)at_ns);
}

static int64_t way_ns(struct world *w)
{
	double noise =
		w->law == LAW_GAUSSIAN ? prng_normal(&w->random) : prng_exponential(&w->random);

	return BASE_NS + (int64_t)(w->jitter_ns * noise);
}

static struct msg_sample exchange(struct world *w)
{
	int64_t t1 = w->at_ns, arrival = t1 + way_ns(w), left = arrival + TURN_NS;
	int64_t t4 = left + way_ns(w);
	struct msg_sample m = {.t1_raw_ns = RAW0 + t1,
		.t4_raw_ns = RAW0 + t4,
		.t2_utc_ns = server_ns(w, arrival),
		.t3_utc_ns = server_ns(w, left),
		.dispersion_ns = 10,
		.stratum = 3,
		.mono = w->mono,
		.mono_epoch = w->epoch,
		.mono_shift_ns = w->shift_ns};

	m.raw_ns = m.t1_raw_ns + (t4 - t1) / 2;
	m.utc_ns = m.t2_utc_ns + (m.t3_utc_ns - m.t2_utc_ns) / 2;
	m.delay_ns = t4 - t1 - TURN_NS;
	return m;
}

/* One poll that was answered. */
static bool poll(struct world *w, struct msg_sample *ret)
{
	struct msg_sample m = exchange(w);

	w->at_ns += POLL_NS;
	ntp_filter_polled(&w->f);
	return ntp_filter_add(&w->f, &m, &w->line, 0, ret);
}

static struct msg_sample bundle(struct world *w)
{
	struct msg_sample m;
	int polls = 1;

	while (!poll(w, &m))
		assert_true(++polls <= LENGTH);
	return m;
}

/* Of the server, as the sample has it, less what is true at its instant. */
static int64_t error_ns(const struct world *w, const struct msg_sample *m)
{
	return m->utc_ns - server_ns(w, m->raw_ns - RAW0);
}

static double rms_of_bundles(struct world *w, int bundles)
{
	double sum = 0;

	for (int i = 0; i < bundles; i++) {
		struct msg_sample m = bundle(w);
		double e = (double)error_ns(w, &m);

		sum += e * e;
	}
	return sqrt(sum / bundles);
}

static double rms_of_exchanges(struct world *w, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++) {
		struct msg_sample m = exchange(w);
		double e = (double)error_ns(w, &m);

		sum += e * e;
	}
	return sqrt(sum / n);
}

static void gaussian_noise_is_averaged(void **state)
{
	struct world w;
	double one, many;

	(void)state;
	begin(&w, LAW_GAUSSIAN, 1000);
	rms_of_bundles(&w, 50);
	one = rms_of_exchanges(&w, 2000);
	many = rms_of_bundles(&w, 2000);
	/* the root of a fifth, and a tenth more for what is taken for outliers */
	assert_near_double(many / one, sqrt(1.0 / LENGTH), 0.05);
	assert_int_equal(w.f.way, NTP_FILTER_MEAN);
}

static void of_queues_the_least_is_taken(void **state)
{
	struct world w;
	double one, many;

	(void)state;
	begin(&w, LAW_EXPONENTIAL, 20e3);
	rms_of_bundles(&w, 50);
	one = rms_of_exchanges(&w, 2000);
	many = rms_of_bundles(&w, 2000);
	/* the mean would have 0.45 */
	assert_near_double(many / one, 1.0 / LENGTH, 0.03);
	assert_int_equal(w.f.way, NTP_FILTER_LEAST);
}

/* The line need not be the server's: neither its phase nor its rate. */
static void a_wrong_line_does_no_harm(void **state)
{
	struct world w;

	(void)state;
	for (enum law law = LAW_GAUSSIAN; law <= LAW_EXPONENTIAL; law++) {
		double right, wrong;

		begin(&w, law, 1000);
		right = rms_of_bundles(&w, 500);
		begin(&w, law, 1000);
		w.offset_ns = 3 * S;
		w.rate_ppb = 500; /* half a microsecond in a bundle */
		wrong = rms_of_bundles(&w, 500);
		assert_near_double(wrong / right, 1, 0.1);
	}
}

/* -back <= o <= out of each exchange holds of the result, and its stamps tell the same. */
static void the_interval_is_hard(void **state)
{
	struct world w;

	(void)state;
	begin(&w, LAW_EXPONENTIAL, 20e3);
	for (int i = 0; i < 500; i++) {
		struct msg_sample m = bundle(&w);
		int64_t error = error_ns(&w, &m);

		assert_i64_range(error, -m.delay_ns / 2 - 1, m.delay_ns / 2 + 1);
		assert_true(m.delay_ns >= 2 * BASE_NS);
		assert_i64_range(m.t4_raw_ns - m.t1_raw_ns - (m.t3_utc_ns - m.t2_utc_ns),
			m.delay_ns, m.delay_ns);
		assert_i64_range(m.raw_ns - (m.t1_raw_ns + m.t4_raw_ns) / 2, -1, 1);
		assert_i64_range(m.utc_ns - (m.t2_utc_ns + m.t3_utc_ns) / 2, -1, 1);
		assert_int_equal(m.stratum, 3);
	}
}

static void an_outlier_has_no_part_in_the_mean(void **state)
{
	struct world w;

	(void)state;
	begin(&w, LAW_GAUSSIAN, 100);
	rms_of_bundles(&w, 50);
	for (int i = 0; i < 50; i++) {
		struct msg_sample m, late = exchange(&w);

		late.t4_raw_ns += MS;
		ntp_filter_polled(&w.f);
		assert_false(ntp_filter_add(&w.f, &late, &w.line, 0, &m));
		m = bundle(&w);
		assert_i64_range(error_ns(&w, &m), -300, 300);
	}
}

static void a_step_between_drops_what_was_before(void **state)
{
	struct msg_sample m;
	struct world w;

	(void)state;
	for (int before = 1; before < LENGTH; before++) {
		begin(&w, LAW_GAUSSIAN, 100);
		rms_of_bundles(&w, 10);
		for (int i = 0; i < before; i++)
			assert_false(poll(&w, &m));
		w.offset_ns += 100 * MS;
		m = bundle(&w);
		assert_i64_range(error_ns(&w, &m), -500, 500);
	}
}

static void corrections_of_the_server_are_taken_back(void **state)
{
	struct msg_sample m;
	struct world w;

	(void)state;
	begin(&w, LAW_GAUSSIAN, 100);
	w.mono = true;
	rms_of_bundles(&w, 10);
	assert_false(poll(&w, &m));
	assert_false(poll(&w, &m));
	/* 10 us are taken from its clock, and told: less than what a step would be known by */
	w.offset_ns -= 10 * US;
	w.shift_ns += 10 * US;
	m = bundle(&w);
	assert_i64_equal(m.mono_shift_ns, 10 * US);
	assert_i64_range(error_ns(&w, &m), -300, 300);
	/* another scale: nothing before it can be compared */
	assert_false(poll(&w, &m));
	w.offset_ns -= 10 * US;
	w.epoch++;
	m = bundle(&w);
	assert_i64_range(error_ns(&w, &m), -300, 300);
}

static void polls_count_not_answers(void **state)
{
	struct msg_sample m, one;
	struct world w;

	(void)state;
	begin(&w, LAW_GAUSSIAN, 100);
	for (int i = 0; i < LENGTH - 1; i++)
		ntp_filter_polled(&w.f);
	one = exchange(&w);
	ntp_filter_polled(&w.f);
	assert_true(ntp_filter_add(&w.f, &one, &w.line, 0, &m));
	assert_i64_equal(m.raw_ns, one.raw_ns);
	assert_i64_range(m.utc_ns - one.utc_ns, -1, 1);
	assert_i64_equal(m.delay_ns, one.delay_ns);
	/* the next begins at 0 */
	assert_false(poll(&w, &m));
	ntp_filter_clear(&w.f);
	bundle(&w);
	assert_int_equal(w.f.polls, 0);
}

static void the_longest(void **state)
{
	struct msg_sample m;
	struct world w;

	(void)state;
	begin(&w, LAW_GAUSSIAN, 1000);
	ntp_filter_init(&w.f, NTP_FILTER_MAX);
	for (int i = 1; i < 3 * NTP_FILTER_MAX; i++)
		assert_int_equal(poll(&w, &m), i % NTP_FILTER_MAX == 0);
	assert_i64_range(error_ns(&w, &m), -400, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaussian_noise_is_averaged),
		cmocka_unit_test(of_queues_the_least_is_taken),
		cmocka_unit_test(a_wrong_line_does_no_harm),
		cmocka_unit_test(the_interval_is_hard),
		cmocka_unit_test(an_outlier_has_no_part_in_the_mean),
		cmocka_unit_test(a_step_between_drops_what_was_before),
		cmocka_unit_test(corrections_of_the_server_are_taken_back),
		cmocka_unit_test(polls_count_not_answers),
		cmocka_unit_test(the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
