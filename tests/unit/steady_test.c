/* SPDX-License-Identifier: MIT */
/*
 * A bad oscillator (1e-7/sqrt(s)), a server asked each 64 s, and a good oscillator's pulse beside:
 * what the estimate is worth with it and without, through everything that may happen to it.
 */
#include <stdlib.h>

#include "common/bus/codec.h"
#include "selectd/core/estimate.h"
#include "selectd/core/selectd_core.h"
#include "selectd/core/steady.h"
#include "tests/unit/selectd_sim.h"
#include "tests/unit/tcheck.h"

#define WANDER	  1e-7
#define LOCAL_PPM 3.0
#define LOCAL_NS  50.0

static const struct sim_path server = {.name = "s",
	.kind = source_kind_ntp,
	.base_ns = 2e5,
	.jitter_ns = 1e4,
	.stratum = 1,
	.poll = 6};

struct world {
	struct sim sim;
	struct selectd core;
	struct steady steady;
	struct msg_estimate estimate;
	double local_ns; /* its phase was changed by this */
	bool has_local, mute;
	int estimates, broken;
	double square, worst; /* errors since ... */
	int n;
};

static const struct selectd_config config = {
	.estimator = TRACK_BANK,
	SELECTD_DEFAULTS,
};

static void take_estimate(struct world *w, const struct msg *m)
{
	struct ts_line line;
	int64_t off;

	assert_int_equal(msg_check(m, NULL), 0);
	w->estimate = m->u.estimate;
	w->estimates++;
	line = estimate_line(&w->estimate);
	off = ts_line_at(&line, (struct ts_raw){w->sim.raw_ns}).ns -
	      sim_utc(&w->sim, w->sim.raw_ns);
	w->broken += llabs(off) > estimate_bound_at(&w->estimate, (struct ts_raw){w->sim.raw_ns});
}

/* As the shell does it. */
static void feed(struct world *w, const struct msg *m)
{
	struct selectd_out out;
	struct msg in, again;
	bool changed = steady_in(&w->steady, m, &in);
	struct ts_raw now = steady_from_raw(&w->steady, (struct ts_raw){w->sim.raw_ns});

	selectd_on_message(&w->core, &in, now);
	selectd_on_deadline(&w->core, now);
	while (selectd_next_out(&w->core, &out)) {
		steady_out(&w->steady, &out.m);
		if (out.m.kind == MSG_estimate)
			take_estimate(w, &out.m);
	}
	if (changed && steady_renew(&w->steady, config.maxclockerror_ppm, &again))
		take_estimate(w, &again);
}

static struct msg local_source(bool local)
{
	struct sim_path p = {.publisher = "refclockd", .name = "OCXO", .kind = source_kind_pps};
	struct msg m = sim_source(&p);

	m.u.source.local = local;
	return m;
}

/* Runs at LOCAL_PPM, never wandering, and shows the fraction of its second only. */
static struct msg local_sample(struct world *w)
{
	struct sim_path p = {.publisher = "refclockd", .name = "OCXO", .kind = source_kind_pps};
	struct msg m = sim_sample(&w->sim, &p);
	double since_s = (double)(m.u.sample.utc_ns - SIM_EPOCH_NS) * 1e-9;
	int64_t shows = m.u.sample.utc_ns + llround(1e3 * LOCAL_PPM * since_s + w->local_ns +
						    LOCAL_NS * prng_normal(&w->sim.g));

	m.u.sample.utc_ns = shows % NS_PER_S;
	m.u.sample.pulse = true;
	return m;
}

static void count_error(struct world *w)
{
	struct ts_line line = estimate_line(&w->estimate);
	double e = (double)(ts_line_at(&line, (struct ts_raw){w->sim.raw_ns}).ns -
			    sim_utc(&w->sim, w->sim.raw_ns));

	w->square += e * e;
	w->worst = fmax(w->worst, fabs(e));
	w->n++;
}

static struct world *new_world(bool has_local, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	struct msg m = sim_source(&server);

	assert_non_null(w);
	selectd_init(&w->core, &config);
	sim_init(&w->sim, seed, 2e4, WANDER);
	w->has_local = has_local;
	feed(w, &m);
	m = local_source(true);
	if (has_local)
		feed(w, &m);
	return w;
}

/* Seconds; the RMS error looked at each second. */
static double run(struct world *w, int s)
{
	w->square = w->worst = w->n = 0;
	for (int i = 0; i < s; i++) {
		struct msg m;

		sim_advance(&w->sim, 1);
		if (w->estimates > 0)
			count_error(w);
		if (w->has_local && !w->mute) {
			m = local_sample(w);
			feed(w, &m);
		}
		if (w->sim.raw_ns / NS_PER_S % 64 == 0) {
			m = sim_sample(&w->sim, &server);
			feed(w, &m);
		}
	}
	return sqrt(w->square / w->n);
}

static void a_good_oscillator_takes_the_wander_away(void **state)
{
	double with = 0, without = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct world *a = new_world(true, seed), *b = new_world(false, seed);
		double x;

		run(a, 6400);
		run(b, 6400);
		x = run(a, 12800);
		with += x * x / 2;
		x = run(b, 12800);
		without += x * x / 2;
		assert_int_equal(a->broken, 0);
		assert_true(a->estimates > 15000);
		free(a);
		free(b);
	}
	print_message("rms %.0f ns with, %.0f ns without\n", sqrt(with), sqrt(without));
	assert_true(sqrt(with) < 0.25 * sqrt(without));
}

static void what_happens_to_it_does_no_harm(void **state)
{
	struct world *w = new_world(true, 3);
	struct msg m;
	double plain, well;

	(void)state;
	run(w, 6400);
	well = run(w, 3200);
	w->local_ns += 0.21e9; /* jumps */
	run(w, 64);
	assert_true(w->worst < 1e5);
	assert_true(run(w, 3200) < 3 * well);
	w->mute = true; /* is gone, and comes back */
	run(w, 640);
	assert_true(w->worst < 1e6);
	w->mute = false;
	run(w, 6400);
	assert_true(run(w, 3200) < 3 * well);
	m = local_source(false); /* is taken out of the configuration */
	feed(w, &m);
	w->has_local = false;
	run(w, 6400);
	plain = run(w, 6400);
	print_message("rms %.0f ns well, %.0f ns without it any more, worst %.0f\n", well, plain,
		w->worst);
	assert_true(plain > 4 * well && plain < 1e5);
	assert_int_equal(w->broken, 0);
	free(w);
}

static void without_one_nothing_is_touched(void **state)
{
	struct steady *s = calloc(1, sizeof(*s));
	struct msg m = sim_source(&server), got;

	(void)state;
	assert_non_null(s);
	assert_false(steady_in(s, &m, &got));
	assert_memory_equal(&m, &got, sizeof(m));
	assert_i64_equal(steady_from_raw(s, (struct ts_raw){77}).ns, 77);
	assert_i64_equal(steady_to_raw(s, TS_RAW_NEVER).ns, TS_RAW_NEVER.ns);
	assert_false(steady_renew(s, 1, &got));
	free(s);
}

static void there_and_back(void **state)
{
	struct steady *s = calloc(1, sizeof(*s));

	(void)state;
	assert_non_null(s);
	s->raw.ns = 1000 * NS_PER_S;
	s->shift_ns = -123456789;
	s->rate_ppb = 54321;
	for (int64_t t = 1; t < 1000000 * NS_PER_S; t = t * 3 + 7) {
		struct ts_raw there = steady_from_raw(s, (struct ts_raw){t});

		assert_near_double((double)(steady_to_raw(s, there).ns - t), 0, 1.5);
	}
	assert_i64_equal(steady_to_raw(s, TS_RAW_NEVER).ns, TS_RAW_NEVER.ns);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_oscillator_takes_the_wander_away),
		cmocka_unit_test(what_happens_to_it_does_no_harm),
		cmocka_unit_test(without_one_nothing_is_touched),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
