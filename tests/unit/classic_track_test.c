/* SPDX-License-Identifier: MIT */
/* The estimator `classic` behind track.h: RFC 5905's figures, worked out by hand. */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "selectd/core/classic_filter.h"
#include "selectd/core/classic_loop.h"
#include "selectd/core/track_private.h"

static const struct track_config ntp_config = {
	.kind = source_kind_ntp, .rate_sd_ppb = 1e5, .drift_ppb = 1000};

static struct classic_stage stage(int64_t at_s, double offset_ns, double delay_ns)
{
	return (struct classic_stage){.raw = {at_s * NS_PER_S},
		.utc = {at_s * NS_PER_S + llround(offset_ns)},
		.delay_ns = delay_ns,
		.dispersion_ns = 1000};
}

static const struct ts_line zero = {{0}, {0}, 0};

static void register_is_weighed_as_the_rfc_has_it(void **state)
{
	static const double offset[] = {100, 300, 0, 250}, delay[] = {5000, 9000, 4000, 7000};
	struct classic_filter f = {.count = 0};
	struct classic_peer p;
	double eps[4], squares = 100 * 100 + 250 * 250 + 300 * 300;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct classic_stage s = stage(64 * i, offset[i] * 1000, delay[i] * 1000);

		classic_filter_add(&f, &s);
	}
	classic_filter_judge(&f, &zero, &p);
	assert_near_double(p.offset_ns, 0, 1e-6);
	assert_near_double(p.best.delay_ns, 4e6, 0);
	assert_int_equal(p.best.raw.ns, 128 * NS_PER_S);
	/* in the order of the delays: the third, first, fourth and second */
	eps[0] = 1000 + 64 * 15e3;
	eps[1] = 1000 + 192 * 15e3;
	eps[2] = 1000;
	eps[3] = 1000 + 128 * 15e3;
	assert_near_double(p.dispersion_ns,
		eps[0] / 2 + eps[1] / 4 + eps[2] / 8 + eps[3] / 16 +
			16e9 * (1. / 32 + 1. / 64 + 1. / 128 + 1. / 256),
		1);
	assert_near_double(p.jitter_ns, 1000 * sqrt(squares / 3), 1);
}

static void register_forgets_the_ninth(void **state)
{
	struct classic_filter f = {.count = 0};
	struct classic_peer p;

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct classic_stage s = stage(i, i, i == 0 ? 1 : 1000 + i);

		classic_filter_add(&f, &s);
	}
	classic_filter_judge(&f, &zero, &p);
	assert_int_equal(f.count, 8);
	assert_near_double(p.best.delay_ns, 1001, 0);
}

static void without_delays_the_newest_counts(void **state)
{
	struct classic_filter f = {.count = 0};
	struct classic_peer p;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct classic_stage s = stage(i, 10. * i, 0);

		classic_filter_add(&f, &s);
		classic_filter_judge(&f, &zero, &p);
		assert_int_equal(p.best.raw.ns, s.raw.ns);
	}
	/* never better than the precision */
	assert_near_double(p.jitter_ns, 1000, 1e-6);
}

static struct classic_peer choice(int64_t at_s, double offset_ns, const struct ts_line *line)
{
	struct classic_peer p = {.best = stage(at_s, offset_ns, 1e6), .jitter_ns = 1000};

	p.offset_ns = classic_offset_ns(&p.best, line);
	return p;
}

static void update(struct classic_loop *l, int64_t at_s, double offset_ns)
{
	struct classic_peer p = choice(at_s, offset_ns, &l->line);

	classic_loop_update(l, &p);
}

static void rate_is_measured_over_the_stepout_time(void **state)
{
	struct classic_loop l;

	(void)state;
	classic_loop_init(&l, 0, 1e5);
	for (int i = 0; i <= 14; i++) {
		update(&l, 64 * i, 64. * i * 20000); /* 20 ppm */
		assert_near_double(l.line.rate_ppb, 0, 0);
		assert_near_double(classic_loop_rate_sd_ppb(&l, 1000), 1e5, 0);
		assert_int_equal(l.state, CLASSIC_FREQ);
	}
	update(&l, 960, 960. * 20000);
	assert_int_equal(l.state, CLASSIC_SYNC);
	assert_near_double(l.line.rate_ppb, 20000, 1e-3);
	assert_near_double(classic_loop_rate_sd_ppb(&l, 1000), sqrt(2) * 1000 / 960, 1e-6);
	/* then theta / (ALLAN AVG) */
	update(&l, 1024, 1024. * 20000 + 6000);
	assert_near_double(l.line.rate_ppb, 20001, 1e-3);
	assert_int_equal(l.line.utc.ns, 1024 * NS_PER_S + 1024 * 20000 + 6000);
	/* and theta / (mu AVG) where mu is longer than the Allan intercept */
	update(&l, 1024 + 3000, 1024. * 20000 + 6000 + 3000 * 20001. + 24000);
	assert_near_double(l.line.rate_ppb, 20003, 1e-3);
}

static void known_rate_is_not_measured_anew(void **state)
{
	struct classic_loop l;

	(void)state;
	classic_loop_init(&l, 5000, 1000);
	update(&l, 0, 0);
	assert_int_equal(l.state, CLASSIC_SYNC);
	update(&l, 64, 64 * 5000 + 600);
	assert_near_double(l.line.rate_ppb, 5000.1, 1e-6);
}

static void steps_are_waited_for(void **state)
{
	struct classic_loop l;

	(void)state;
	classic_loop_init(&l, 0, 1000);
	update(&l, 0, 0);
	update(&l, 64, 0);
	for (int at = 128; at < 64 + 900; at += 64) {
		update(&l, at, 1e9);
		assert_int_equal(l.state, CLASSIC_SPIK);
		assert_int_equal(l.line.utc.ns, 64 * NS_PER_S);
	}
	update(&l, 64 + 960, 1e9);
	assert_int_equal(l.state, CLASSIC_SYNC);
	assert_int_equal(l.line.utc.ns, (64 + 960 + 1) * NS_PER_S);
	assert_near_double(l.line.rate_ppb, 0, 0);
	/* an outlier alone leaves nothing behind */
	update(&l, 1088, 2e9);
	assert_int_equal(l.state, CLASSIC_SPIK);
	update(&l, 1152, 1e9);
	assert_int_equal(l.state, CLASSIC_SYNC);
	assert_near_double(l.line.rate_ppb, 0, 0);
}

static void rate_has_a_limit(void **state)
{
	struct classic_loop l;

	(void)state;
	classic_loop_init(&l, 499999, 1000);
	for (int i = 0; i < 10; i++)
		update(&l, 64 * i, 64. * i * 499999 + 1e8);
	assert_true(l.line.rate_ppb <= 500e3);
}

static struct msg_sample sample(int64_t at_s, double offset_ns, int64_t delay_ns)
{
	return (struct msg_sample){.kind = source_kind_ntp,
		.raw_ns = at_s * NS_PER_S,
		.utc_ns = at_s * NS_PER_S + llround(offset_ns),
		.delay_ns = delay_ns,
		.dispersion_ns = 1000};
}

static struct track *new_track(void)
{
	struct track *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	track_init(t, TRACK_CLASSIC, &ntp_config);
	return t;
}

static int64_t phase_ns(const struct track *t, int64_t at_s)
{
	struct track_state st;

	assert_int_equal(t->ops->at(t->storage.bytes, (struct ts_raw){at_s * NS_PER_S}, &st), 0);
	return st.line.utc.ns - at_s * NS_PER_S;
}

static void choice_is_used_once_and_never_an_older_one(void **state)
{
	struct track *t = new_track();
	struct msg_sample a = sample(1, 1000, 5000000), b = sample(65, 2000, 6000000),
			  c = sample(129, 3000, 4000000), old = sample(129, 0, 1);
	struct track_state st;

	(void)state;
	assert_int_equal(track_at(t, (struct ts_raw){1}, &st), -ENODATA);
	assert_int_equal(track_sample(t, &a), 0);
	assert_int_equal(phase_ns(t, 1), 1000);
	assert_int_equal(track_sample(t, &b), 0); /* longer than the first: no news */
	assert_int_equal(phase_ns(t, 65), 1000);
	assert_int_equal(track_sample(t, &c), 0);
	assert_int_equal(phase_ns(t, 129), 3000);
	assert_int_equal(track_sample(t, &old), -EINVAL);
	track_shift(t, (struct ts_dur){-NS_PER_S});
	assert_int_equal(phase_ns(t, 129), 3000 - NS_PER_S);
	track_reset(t);
	assert_int_equal(track_at(t, (struct ts_raw){1}, &st), -ENODATA);
	free(t);
}

/* A baseline and no more: best of eight has an eighth of the excess, the rate lags. */
static void follows_a_crystal(void **state)
{
	static const struct sim_path lan = {.name = "a",
		.kind = source_kind_ntp,
		.base_ns = 2e6,
		.jitter_ns = 1e5,
		.stratum = 1};
	struct track *t = new_track();
	double sum = 0, sd = 0;
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 1, -35000, 1e-9);
	for (int i = 0; i < 600; i++) {
		struct msg m;

		sim_advance(&s, 64);
		if (i >= 200) {
			double e;

			assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), 0);
			e = (double)(st.line.utc.ns - sim_utc(&s, s.raw_ns));
			assert_true(e >= (double)-st.high_ns && e <= (double)-st.low_ns);
			sum += e * e / 400;
			sd += st.offset_sd_ns * st.offset_sd_ns / 400;
		}
		m = sim_sample(&s, &lan);
		assert_int_equal(track_sample(t, &m.u.sample), 0);
	}
	assert_near_double(sqrt(sum), 25e3, 15e3);
	assert_true(sd > sum / 4);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(register_is_weighed_as_the_rfc_has_it),
		cmocka_unit_test(register_forgets_the_ninth),
		cmocka_unit_test(without_delays_the_newest_counts),
		cmocka_unit_test(rate_is_measured_over_the_stepout_time),
		cmocka_unit_test(known_rate_is_not_measured_anew),
		cmocka_unit_test(steps_are_waited_for),
		cmocka_unit_test(rate_has_a_limit),
		cmocka_unit_test(choice_is_used_once_and_never_an_older_one),
		cmocka_unit_test(follows_a_crystal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
