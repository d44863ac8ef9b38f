/* SPDX-License-Identifier: MIT */
/* Servers that set their own clocks and say so: alone, among others, and with nonsense. */
#include "tests/unit/selectd_bench.h"

#include "selectd/core/correction.h"

#define US NS_PER_US
#define MS NS_PER_MS

static struct msg_sample told(int64_t epoch, int64_t shift_ns)
{
	return (struct msg_sample){
		.mono = true, .mono_epoch = epoch, .mono_shift_ns = shift_ns, .mono_error_ns = 60};
}

static int64_t look(struct correction *c, int64_t epoch, int64_t shift_ns)
{
	struct msg_sample m = told(epoch, shift_ns);

	return correction_look(c, &m).ns;
}

static void a_shift_is_a_correction_of_the_clock(void **state)
{
	struct correction c = {0};

	(void)state;
	assert_int_equal(look(&c, 7, 5 * MS), 0); /* where the scale stands */
	assert_int_equal(look(&c, 7, 5 * MS), 0);
	assert_int_equal(look(&c, 7, 6 * MS), -1 * MS); /* taken from the clock: it was ahead */
	assert_int_equal(look(&c, 7, 6 * MS), 0);
	assert_int_equal(look(&c, 7, 4 * MS), 2 * MS);
}

static void noise_is_none_until_it_adds_up(void **state)
{
	struct correction c = {0};

	(void)state;
	look(&c, 7, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(look(&c, 7, i % 2 ? 60 : -60), 0);
	assert_int_equal(look(&c, 7, 40), 0);
	assert_int_equal(look(&c, 7, 61), -61);
}

static void another_scale_says_nothing_of_the_first(void **state)
{
	struct correction c = {0};
	struct msg_sample none = {.mono_shift_ns = 3 * MS};

	(void)state;
	look(&c, 7, 0);
	assert_int_equal(look(&c, 8, 9 * MS), 0);
	assert_int_equal(look(&c, 8, 8 * MS), 1 * MS);
	assert_int_equal(correction_look(&c, &none).ns, 0); /* a server without it answered */
	assert_int_equal(look(&c, 8, 5 * MS), 0);
	/* nothing that a clock is set by */
	assert_int_equal(look(&c, 8, 5 * MS + CORRECTION_MAX_NS + 1), 0);
	assert_int_equal(look(&c, 8, INT64_MIN), 0);
	assert_int_equal(look(&c, 8, INT64_MAX), 0);
	assert_int_equal(look(&c, 8, INT64_MIN), 0);
}

static struct sim_path server(const char *name, bool tells)
{
	return (struct sim_path){.name = name,
		.kind = source_kind_ntp,
		.base_ns = 200e3,
		.jitter_ns = 10e3,
		.root_dispersion_ns = 3 * MS,
		.stratum = 1,
		.poll = 4,
		.mono_epoch = tells ? 1 : 0};
}

/* How far the rate is off, in the mean over the polls in which a server takes 300 us from its
 * clock, little by little, and as many after them. */
static double wrong_rate(enum track_kind kind, bool tells)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_new(3, 12000, 1e-10);
	struct sim_path p = server("a", tells);
	double sum = 0;

	config.estimator = (int)kind;
	selectd_configure(b->core, &config);
	p.error_ns = (double)(300 * US);
	bench_add(b, &p, 0.1);
	bench_run(b, 3600);
	for (int i = 0; i < 60; i++) {
		b->path[0].set_ns -= i < 30 ? 10 * US : 0;
		bench_run(b, 16);
		sum += fabs(b->estimate.rate_ppb - b->sim.rate_ppb);
	}
	assert_near_double(bench_error_ns(b), 0, tells ? 20e3 : 1e6);
	assert_int_equal(b->broken, 0);
	bench_free(b);
	return sum / 60;
}

static void what_a_server_does_is_not_our_oscillator(void **state)
{
	(void)state;
	for (int kind = 0; kind < TRACK_KINDS; kind++) {
		double with = wrong_rate((enum track_kind)kind, true);
		double without = wrong_rate((enum track_kind)kind, false);

		print_message(
			"estimator %d: rate off by %.1f ppb where it is told, %.1f ppb where not\n",
			kind, with, without);
		assert_true(with < without / 10);
	}
}

/* One of four says that it was a millisecond off: the rate does not move, the phase by its share.
 */
static void one_of_a_pool(void **state)
{
	struct bench *b = bench_new(4, 12000, 1e-10);
	const char *const names[] = {"a", "b", "c", "d"};
	double before, rate, moved;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct sim_path p = server(names[i], true);

		p.base_ns = 20e6;
		p.error_ns = i == 0 ? (double)(1 * MS) : 0;
		bench_add(b, &p, 0.1 + i);
	}
	bench_run(b, 3600);
	before = bench_error_ns(b);
	rate = b->estimate.rate_ppb - b->sim.rate_ppb;
	assert_near_double(before, 250e3, 60e3);
	b->path[0].set_ns = -1 * MS;
	bench_run(b, 20);
	moved = bench_error_ns(b) - before;
	assert_near_double(moved, -250e3, 30e3);
	assert_near_double(b->estimate.rate_ppb - b->sim.rate_ppb, rate, 15);
	bench_run(b, 1200);
	assert_near_double(bench_error_ns(b), 0, 40e3);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* Corrections that are nonsense are those of a server whose time is. */
static void nonsense_is_survived(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct bench *b = bench_new(seed, 12000, 1e-10);
		struct sim_path good = server("good", true), bad = server("bad", true);

		bench_add(b, &good, 0.1);
		good.name = "fine";
		bench_add(b, &good, 1);
		bench_add(b, &bad, 2);
		bench_run(b, 600);
		for (int i = 0; i < 40; i++) {
			int64_t shift =
				(int64_t)(prng_u64(&b->sim.g) >> (1 + prng_u64(&b->sim.g) % 62));
			struct msg m;

			bench_run(b, 16);
			m = sim_sample(&b->sim, &b->path[2]);
			m.u.sample.mono_shift_ns = shift % INT64_C(4000000000000000000);
			m.u.sample.mono_epoch = i / 10;
			sim_advance(&b->sim, 0.01);
			bench_put(b, &m);
		}
		assert_near_double(bench_error_ns(b), 0, 100e3);
		assert_int_equal(b->broken, 0);
		bench_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shift_is_a_correction_of_the_clock),
		cmocka_unit_test(noise_is_none_until_it_adds_up),
		cmocka_unit_test(another_scale_says_nothing_of_the_first),
		cmocka_unit_test(what_a_server_does_is_not_our_oscillator),
		cmocka_unit_test(one_of_a_pool),
		cmocka_unit_test(nonsense_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
