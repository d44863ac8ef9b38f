/* SPDX-License-Identifier: MIT */
/* The interval that must hold the truth: by hand, on random paths as asymmetric as can be, and on
 * nonsense. */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "selectd/core/hardbound.h"
#include "selectd/core/track.h"

#define RAW_NS	(INT64_C(1000) * NS_PER_S)
#define PATHS	60
#define SAMPLES 400
#define SETTLED 20

/* What an exchange age_s ago says that met these delays, the truth being SIM_EPOCH + raw. */
static void exchange_at_poll(
	struct hardbound *b, int64_t poll, int64_t age_s, int64_t there_ns, int64_t back_ns)
{
	struct msg_sample m = {
		.raw_ns = RAW_NS - age_s * NS_PER_S,
		.delay_ns = there_ns + back_ns,
		.poll = poll,
	};

	m.utc_ns = SIM_EPOCH_NS + m.raw_ns + (there_ns - back_ns) / 2;
	hardbound_add(b, &m);
}

static void exchange(struct hardbound *b, int64_t age_s, int64_t there_ns, int64_t back_ns)
{
	exchange_at_poll(b, 0, age_s, there_ns, back_ns);
}

static struct hardbound_line line_now(double wander_ppb, double least_ns)
{
	return (struct hardbound_line){
		.line = {{RAW_NS}, {SIM_EPOCH_NS + RAW_NS}, 0},
		.rate_sd_ppb = 1000,
		.wander_ppb = wander_ppb,
		.walks = true,
		.least_delay_ns = least_ns,
		.slack_ns = 1e9,
	};
}

static struct hardbound_interval at_now(const struct hardbound *b, double wander_ppb, double least)
{
	struct hardbound_line line = line_now(wander_ppb, least);
	struct hardbound_interval i;

	assert_int_equal(hardbound_at(b, &line, &i), 0);
	return i;
}

static struct hardbound_interval chosen_now(struct hardbound *b, double wander_ppb, double least)
{
	struct hardbound_line line = line_now(wander_ppb, least);

	hardbound_choose(b, &line);
	return at_now(b, wander_ppb, least);
}

/* Half the width of what two tight exchanges, 300 and 200 s ago, leave now beside a late one. */
static int64_t left_after(int64_t poll, int64_t queue_ns, bool choose)
{
	struct hardbound_line line = line_now(0, 0);
	struct hardbound_interval i;
	struct hardbound b;

	hardbound_reset(&b);
	exchange_at_poll(&b, poll, 300, 1000, 1000);
	exchange_at_poll(&b, poll, 200, 1000, 1000);
	exchange_at_poll(&b, poll, 0, queue_ns, queue_ns);
	line.unseen_ppb = 1000;
	if (choose)
		hardbound_choose(&b, &line);
	assert_int_equal(hardbound_at(&b, &line, &i), 0);
	assert_near_double((double)i.high_ns, -(double)i.low_ns, 2);
	return i.high_ns;
}

/* By maxclockerror over the time since the last that was heard before it. */
static void a_silence_makes_older_edges_less_certain(void **state)
{
	(void)state;
	for (int choose = 0; choose < 2; choose++) {
		int64_t seen = left_after(6, 10000000, choose);

		assert_near_double((double)left_after(4, 10000000, choose), (double)seen + 2e5, 10);
		assert_near_double((double)left_after(4, 1000, choose), 1000, 10);
	}
}

static void edges_come_from_different_exchanges(void **state)
{
	struct hardbound b;
	struct hardbound_interval i;

	(void)state;
	hardbound_reset(&b);
	exchange(&b, 300, 1000000, 1000000);
	exchange(&b, 100, 100000, 900000);
	exchange(&b, 0, 700000, 150000);
	/* high: 100 s ago 100 us late at most, and 300 s ago the low edge was 1 ms early: in the
	 * 200 s between the reference gained 1.1 ms at most, so half of that in the 100 s since.
	 * Low: now. */
	i = at_now(&b, 0, 0);
	assert_near_double((double)i.high_ns, 100000 + 550000, 10);
	assert_near_double((double)i.low_ns, -150000, 10);
	assert_int_equal(i.contradictions, 0);
	/* of the 1.1 ms what every round trip takes moved nothing */
	i = at_now(&b, 0, 200000);
	assert_near_double((double)i.high_ns, 100000 + 450000, 10);
	assert_near_double((double)i.low_ns, -150000, 10);
}

static void wander_widens_what_is_carried(void **state)
{
	struct hardbound b;
	double narrow, wide, t = 100, T = 300;

	(void)state;
	hardbound_reset(&b);
	exchange(&b, 300, 1000000, 1000000);
	exchange(&b, 100, 100000, 900000);
	exchange(&b, 0, 2000000, 150000);
	narrow = (double)at_now(&b, 0, 0).high_ns;
	wide = (double)at_now(&b, 10, 0).high_ns;
	assert_near_double(wide - narrow, 4 * 10 * t * sqrt(T / 3), 10);
}

/* What a walk really does to a line through two of its points. */
static void deviation_is_that_of_the_walk(void **state)
{
	double sum = 0, t = 30, T = 90, r = t / (T - t), var;
	int n = 4000;

	(void)state;
	for (int i = 0; i < n; i++) {
		struct sim s;
		double far, near, e;

		sim_init(&s, (uint64_t)i + 1, 0, 1e-9);
		far = s.x_ns;
		sim_advance(&s, T - t);
		near = s.x_ns;
		sim_advance(&s, t);
		e = s.x_ns - (near + (near - far) * r);
		sum += e * e;
	}
	var = t * t * T / 3;
	assert_near_double(sqrt(sum / n), sqrt(var), 0.05 * sqrt(var));
}

struct tally {
	int looks, broken;
	double worst; /* error over bound */
};

static void look(const struct track *t, const struct sim *s, struct tally *ret)
{
	struct track_state st;
	double off, used;

	assert_int_equal(track_at(t, (struct ts_raw){s->raw_ns}, &st), 0);
	off = (double)(sim_utc(s, s->raw_ns) - st.line.utc.ns);
	used = off > 0 ? off / (double)st.high_ns : off / (double)st.low_ns;
	assert_true(st.low_ns <= 0 && st.high_ns >= 0);
	ret->looks++;
	ret->broken += used > 1;
	ret->worst = fmax(ret->worst, used);
}

/* Just after each sample and just before the next. */
static void travel(uint64_t seed, double share, enum sim_noise noise, struct tally *ret)
{
	struct track_config config = {
		.kind = source_kind_ntp, .rate_sd_ppb = 1e5, .drift_ppb = 1000};
	struct sim_path p = {.name = "a", .kind = source_kind_ntp, .noise = noise, .stratum = 1};
	struct track *t = calloc(1, sizeof(*t));
	struct sim s;
	struct prng g;
	double poll_s;

	assert_non_null(t);
	prng_init(&g, seed);
	p.base_ns = 1e4 * pow(1e3, prng_uniform(&g)); /* 10 us to 10 ms */
	p.jitter_ns = 1e3 * pow(1e3, prng_uniform(&g));
	p.asymmetry_ns = (share - 0.5) * p.base_ns;
	poll_s = 4 * pow(64, prng_uniform(&g));
	sim_init(&s, seed, 2e4 * prng_normal(&g), 1e-10 * pow(1e3, prng_uniform(&g)));
	track_init(t, TRACK_BANK, &config);
	for (int i = 0; i < SAMPLES; i++) {
		struct msg m;

		sim_advance(&s, i < 8 ? 2 : poll_s);
		if (i > SETTLED)
			look(t, &s, ret);
		m = sim_sample(&s, &p);
		assert_int_equal(track_sample(t, &m.u.sample), 0);
		if (i > SETTLED)
			look(t, &s, ret);
	}
	free(t);
}

static void truth_stays_inside_whatever_the_path(void **state)
{
	static const double shares[] = {0, 0.5, 1, 0.1};
	struct tally all = {0};

	(void)state;
	for (int i = 0; i < PATHS; i++)
		travel(7000 + (uint64_t)i, shares[i % 4],
			i % 5 == 4 ? SIM_GAUSSIAN : SIM_EXPONENTIAL, &all);
	assert_int_equal(all.looks, 2 * PATHS * (SAMPLES - SETTLED - 1));
	assert_int_equal(all.broken, 0);
	/* a path without time one way takes it to the edge: no room that is not needed */
	assert_true(all.worst > 0.97);
}

static struct hardbound_interval after(const struct hardbound *b, int64_t later_s)
{
	struct hardbound_line line = line_now(3, 100000);
	struct hardbound_interval i;

	line.line.raw.ns += later_s * NS_PER_S;
	line.line.utc.ns += later_s * NS_PER_S;
	assert_int_equal(hardbound_at(b, &line, &i), 0);
	assert_int_equal(i.contradictions, 0);
	return i;
}

static int64_t width(struct hardbound_interval i)
{
	return i.high_ns - i.low_ns;
}

/* What was chosen at a sample is at that instant what all say, later a bound no tighter than that
 * of all, and hardly wider. */
static void chosen_edges_say_what_all_say(void **state)
{
	double wider[3] = {0};
	int n = 200;
	struct prng g;

	(void)state;
	prng_init(&g, 5);
	for (int k = 0; k < n; k++) {
		struct hardbound all, few;
		struct hardbound_line line = line_now(3, 100000);

		hardbound_reset(&all);
		for (int i = 70; i >= 0; i--)
			exchange(&all, 16 * i, 50000 + (int64_t)(2e5 * prng_exponential(&g)),
				50000 + (int64_t)(2e5 * prng_exponential(&g)));
		few = all;
		hardbound_choose(&few, &line);
		for (int i = 0; i < 3; i++) {
			struct hardbound_interval a = after(&all, 24 * i), f = after(&few, 24 * i);

			assert_true(f.low_ns <= a.low_ns && f.high_ns >= a.high_ns);
			wider[i] += (double)width(f) / (double)width(a) / n - 1.0 / n;
		}
	}
	assert_near_double(wider[0], 0, 1e-9);
	assert_true(wider[1] < 0.01 && wider[2] < 0.01);
}

/* A new sample is a new search. */
static void chosen_edges_are_forgotten_with_the_next_sample(void **state)
{
	struct hardbound_line line = line_now(3, 0);
	struct hardbound b;

	(void)state;
	hardbound_reset(&b);
	exchange(&b, 30, 50000, 900000);
	exchange(&b, 20, 900000, 50000);
	hardbound_choose(&b, &line);
	exchange(&b, 0, 40000, 40000);
	assert_near_double((double)width(at_now(&b, 3, 0)), 80000, 10);
}

/* Whatever the samples, an interval is not inside out. */
static void nonsense_gives_an_interval(void **state)
{
	struct prng g;

	(void)state;
	prng_init(&g, 3);
	for (int n = 0; n < 2000; n++) {
		struct hardbound b;
		struct hardbound_interval i;
		int count = 1 + (int)prng_below(&g, 70);

		hardbound_reset(&b);
		for (int k = count; k > 0; k--) {
			hardbound_shift(&b, (struct ts_dur){(int64_t)prng_below(&g, 9000)});
			exchange(&b, k, (int64_t)prng_below(&g, 1000000),
				(int64_t)prng_below(&g, 1000));
		}
		i = at_now(&b, 1e3 * prng_uniform(&g), 1e6 * prng_uniform(&g));
		assert_true(i.low_ns <= i.high_ns && i.used > 0);
		i = chosen_now(&b, 1e3 * prng_uniform(&g), 1e6 * prng_uniform(&g));
		assert_true(i.low_ns <= i.high_ns && i.used > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_come_from_different_exchanges),
		cmocka_unit_test(a_silence_makes_older_edges_less_certain),
		cmocka_unit_test(wander_widens_what_is_carried),
		cmocka_unit_test(deviation_is_that_of_the_walk),
		cmocka_unit_test(truth_stays_inside_whatever_the_path),
		cmocka_unit_test(chosen_edges_say_what_all_say),
		cmocka_unit_test(chosen_edges_are_forgotten_with_the_next_sample),
		cmocka_unit_test(nonsense_gives_an_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
