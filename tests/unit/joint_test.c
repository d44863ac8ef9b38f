/* SPDX-License-Identifier: MIT */
/* joint.c: sources that come, go, jump and lie, and a line that hardly notices. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "selectd/core/joint.h"

#define POLL_S	    16.0
#define MEMORY_S    500.0 /* of the lines' noise */
#define RATE_SD_PPB 20.0
#define EPOCH_NS    (INT64_C(1780000000) * NS_PER_S)
#define MS	    1e6
#define US	    1e3
#define WIDE_NS	    (10 * NS_PER_S)
#define PRIOR_NS    (1.75 * MS)
#define SOURCES	    4

struct source {
	double bias_ns, noise_ns, prior_ns; /* true bias; deviations of line and bias */
	double now_ns;			    /* noise of the line now */
	enum joint_role role;
	struct joint_bias bias;
};

struct bench {
	struct prng g;
	struct joint joint;
	struct source s[SOURCES];
	int n;
	int64_t raw_ns;
	int64_t low_ns, high_ns;
	double rate_ppb;
	double clock_ns; /* by how much the raw clock has jumped */
	struct joint_phase phase;
	double error_ns, before_ns; /* told minus true, now and in the turn before */
	double steady_ns;	    /* what the turn moved beside the rate */
};

static struct bench bench_new(uint64_t seed, int n, double noise_ns)
{
	struct bench b = {.n = n, .raw_ns = NS_PER_S, .low_ns = -WIDE_NS, .high_ns = WIDE_NS};

	prng_init(&b.g, seed);
	b.rate_ppb = 1e4;
	for (int i = 0; i < n; i++)
		b.s[i] = (struct source){.noise_ns = noise_ns, .prior_ns = PRIOR_NS};
	return b;
}

static int64_t true_utc(const struct bench *b)
{
	return EPOCH_NS + b->raw_ns + llround(b->rate_ppb * 1e-9 * (double)b->raw_ns + b->clock_ns);
}

static void noise_goes_on(struct bench *b, struct source *s)
{
	double keeps = exp(-POLL_S / MEMORY_S);

	s->now_ns = keeps * s->now_ns + sqrt(1 - keeps * keeps) * s->noise_ns * prng_normal(&b->g);
}

static void turn(struct bench *b)
{
	struct joint_reading r[SOURCES];
	struct joint_occasion o = {
		.rate_ppb = b->rate_ppb,
		.rate_sd_ppb = RATE_SD_PPB,
		.wander_ppb = 0.1,
	};
	int64_t base;

	b->raw_ns += (int64_t)POLL_S * NS_PER_S;
	base = true_utc(b) - 12345; /* any will do */
	o.at.ns = b->raw_ns;
	o.base.ns = base;
	o.low_ns = b->low_ns < -WIDE_NS / 2 ? b->low_ns : b->low_ns + 12345;
	o.high_ns = b->high_ns > WIDE_NS / 2 ? b->high_ns : b->high_ns + 12345;
	for (int i = 0; i < b->n; i++) {
		struct source *s = &b->s[i];

		noise_goes_on(b, s);
		r[i] = (struct joint_reading){
			.bias = &s->bias,
			.role = s->role,
			.offset_ns = 12345 + llround(s->bias_ns + s->now_ns),
			.sd_ns = s->noise_ns,
			.rate_sd_ppb = RATE_SD_PPB,
			.prior_ns2 = s->prior_ns * s->prior_ns,
		};
	}
	joint_run(&b->joint, r, b->n, &o, &b->phase);
	b->before_ns = b->error_ns;
	b->error_ns = (double)(b->phase.offset_ns - 12345);
	b->steady_ns = b->error_ns - b->before_ns;
}

static void turns(struct bench *b, double hours)
{
	for (int i = 0; i < (int)(hours * 3600 / POLL_S); i++)
		turn(b);
}

/* The largest jump in that time, beside what the rate foretold. */
static double roughest_ns(struct bench *b, double hours)
{
	double most = 0;

	for (int i = 0; i < (int)(hours * 3600 / POLL_S); i++) {
		turn(b);
		most = fmax(most, fabs(b->steady_ns));
	}
	return most;
}

static struct bench four_asymmetric(uint64_t seed)
{
	struct bench b = bench_new(seed, 4, 20 * US);
	const double bias_ms[] = {-1.5, 1, 2.5, -2};

	for (int i = 0; i < 4; i++)
		b.s[i].bias_ns = bias_ms[i] * MS;
	return b;
}

static void one_alone_is_told_as_it_is(void **state)
{
	struct bench b = bench_new(1, 1, 50 * US);

	(void)state;
	b.s[0].bias_ns = 3 * MS;
	for (int i = 0; i < 2000; i++) {
		if (i == 1000)
			b.s[0].bias_ns = 40 * MS;
		turn(&b);
		assert_near_double(b.error_ns, round(b.s[0].bias_ns + b.s[0].now_ns), 0);
		assert_near_double(b.phase.sd_ns, 50 * US, 1);
	}
}

static void the_first_is_the_mean_by_length_of_path(void **state)
{
	struct bench b = bench_new(2, 3, 1);

	(void)state;
	b.s[0].bias_ns = 3 * MS;
	b.s[0].prior_ns = 1 * MS;
	b.s[1].prior_ns = b.s[2].prior_ns = 2 * MS;
	turn(&b);
	assert_near_double(b.error_ns, 3 * MS / (1 + 0.25 + 0.25), 10);
	/* and there it stays */
	turns(&b, 24);
	assert_near_double(b.error_ns, 2 * MS, 20 * US);
}

static void a_source_that_goes_moves_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct bench b = four_asymmetric(seed);
		double before;

		turns(&b, 4);
		before = b.error_ns;
		b.s[2].role = JOINT_AWAY;
		assert_true(roughest_ns(&b, 6) < 30 * US);
		/* it was 2.5 ms apart: a mean of those that are left would have moved by 0.8 ms */
		assert_near_double(b.error_ns, before, 120 * US);
		b.s[2].role = JOINT_TAKES_PART;
		assert_true(roughest_ns(&b, 6) < 30 * US);
		assert_near_double(b.error_ns, before, 120 * US);
	}
}

static void what_is_away_is_known_the_less(void **state)
{
	struct bench b = four_asymmetric(3);
	double then, day;

	(void)state;
	turns(&b, 24);
	then = b.s[2].bias.var_ns2;
	b.s[2].role = JOINT_AWAY;
	turns(&b, 24);
	day = b.s[2].bias.var_ns2 - then;
	assert_true(day > 0.9e-4 * PRIOR_NS * PRIOR_NS);
	turns(&b, 24);
	assert_near_double(b.s[2].bias.var_ns2 - then, 2 * day, 0.05 * day);
}

static void a_source_that_comes_is_heard_slowly(void **state)
{
	struct bench b = bench_new(4, 3, 20 * US);
	double fastest;

	(void)state;
	b.s[2].bias_ns = 2 * MS;
	b.s[2].role = JOINT_AWAY;
	turns(&b, 3);
	assert_near_double(b.error_ns, 0, 60 * US);
	b.s[2].role = JOINT_TAKES_PART;
	fastest = roughest_ns(&b, 1);
	assert_true(fastest < 30 * US);
	assert_near_double(b.error_ns, 0, 60 * US + RATE_SD_PPB * 3600);
	turns(&b, 24);
	assert_near_double(b.error_ns, 2 * MS / 3, 150 * US);
}

static void a_pulse_is_believed_at_once(void **state)
{
	struct bench b = bench_new(5, 4, 20 * US);

	(void)state;
	for (int i = 0; i < 3; i++)
		b.s[i].bias_ns = 2 * MS;
	b.s[3] = (struct source){.noise_ns = 100, .prior_ns = 200, .role = JOINT_AWAY};
	turns(&b, 3);
	assert_near_double(b.error_ns, 2 * MS, 60 * US);
	b.s[3].role = JOINT_TAKES_PART;
	turn(&b);
	assert_near_double(b.error_ns, 0, 10 * US);
	turns(&b, 1);
	assert_near_double(b.error_ns, 0, 1 * US);
	assert_true(b.phase.sd_ns < 1 * US);
}

/* Servers that learned their biases beside a pulse keep its time when it is gone. */
static void who_listened_takes_over(void **state)
{
	struct bench b = bench_new(6, 3, 20 * US);

	(void)state;
	b.s[0].bias_ns = b.s[1].bias_ns = 2 * MS;
	b.s[0].role = b.s[1].role = JOINT_LISTENS;
	b.s[2] = (struct source){.noise_ns = 100, .prior_ns = 200};
	turns(&b, 12);
	assert_near_double(b.error_ns, 0, 1 * US);
	b.s[0].role = b.s[1].role = JOINT_TAKES_PART;
	b.s[2].role = JOINT_AWAY;
	assert_true(roughest_ns(&b, 6) < 40 * US);
	assert_near_double(b.error_ns, 0, 60 * US);
	assert_true(b.phase.sd_ns > 5 * US && b.phase.sd_ns < 200 * US);
}

static void a_falseticker_has_no_part(void **state)
{
	struct bench b = bench_new(7, 4, 20 * US);

	(void)state;
	b.s[3].role = JOINT_SHUT_OUT;
	b.s[3].bias_ns = 80 * MS;
	turns(&b, 3);
	assert_near_double(b.error_ns, 0, 60 * US);
	assert_false(b.s[3].bias.known);
	/* one that turns false loses what it had in the mean, slowly */
	b.s[3].bias_ns = 2 * MS;
	b.s[3].role = JOINT_TAKES_PART;
	turns(&b, 24);
	assert_near_double(b.error_ns, 0.5 * MS, 100 * US);
	b.s[3].role = JOINT_SHUT_OUT;
	b.s[3].bias_ns = 500 * MS;
	assert_true(roughest_ns(&b, 1) < 30 * US);
	turns(&b, 24);
	assert_near_double(b.error_ns, 0, 100 * US);
}

static void a_route_that_changes_is_learned_anew(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct bench b = four_asymmetric(seed);
		double before;

		turns(&b, 6);
		before = b.error_ns;
		b.s[1].bias_ns += 2 * MS;
		assert_true(roughest_ns(&b, 12) < 30 * US);
		assert_near_double(b.error_ns, before, 120 * US);
		assert_near_double(b.s[1].bias.ns, 3 * MS - b.error_ns, 80 * US);
		assert_near_double(b.s[1].bias.moved_ns, 2 * MS, 120 * US);
		/* and once learned it may go like any other */
		b.s[1].role = JOINT_AWAY;
		assert_true(roughest_ns(&b, 2) < 30 * US);
	}
}

/* Of two the one that leaves what was foretold has changed. */
static void of_two_the_oscillator_decides(void **state)
{
	struct bench b = bench_new(8, 2, 20 * US);

	(void)state;
	turns(&b, 6);
	b.s[0].bias_ns += 2 * MS;
	assert_true(roughest_ns(&b, 2) < 30 * US);
	assert_near_double(b.error_ns, 0, 60 * US);
}

static void what_all_say_is_our_clock(void **state)
{
	(void)state;
	for (int n = 1; n <= 4; n++) {
		struct bench b = bench_new(9, n, 20 * US);

		turns(&b, 6);
		for (int i = 0; i < n; i++)
			b.s[i].bias_ns += 5 * MS;
		turn(&b);
		turn(&b);
		assert_near_double(b.error_ns, 5 * MS, 60 * US);
		for (int i = 0; i < n; i++)
			assert_near_double(b.s[i].bias.moved_ns, 0, 0);
	}
}

/* Biases as the prior says, sources coming and going: the error is what was told. */
static void deviation_is_honest(void **state)
{
	double sum = 0;
	int beyond = 0, runs = 400;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct bench b = bench_new((uint64_t)seed, 4, 30 * US);

		for (int i = 0; i < 4; i++) {
			b.s[i].prior_ns = PRIOR_NS * (0.5 + prng_uniform(&b.g));
			b.s[i].bias_ns = b.s[i].prior_ns * prng_normal(&b.g);
			b.s[i].now_ns = b.s[i].noise_ns * prng_normal(&b.g);
		}
		turns(&b, 2);
		b.s[prng_below(&b.g, 4)].role = JOINT_AWAY;
		turns(&b, 2);
		sum += b.error_ns * b.error_ns / (b.phase.sd_ns * b.phase.sd_ns);
		beyond += fabs(b.error_ns) > 3 * b.phase.sd_ns;
	}
	/* four show their own spread: t with three degrees, 5.8 % beyond 3, variance 3 */
	assert_true(sqrt(sum / runs) > 0.7 && sqrt(sum / runs) < 2);
	assert_i64_range(beyond, 0, runs / 10);
}

static void it_stays_where_the_truth_must_be(void **state)
{
	struct bench b = four_asymmetric(10);

	(void)state;
	b.low_ns = (int64_t)(0.5 * MS);
	b.high_ns = (int64_t)(0.7 * MS);
	for (int i = 0; i < 1000; i++) {
		turn(&b);
		assert_true(b.error_ns >= 0.5 * MS && b.error_ns <= 0.7 * MS);
	}
}

static void a_leap_second_is_no_jump(void **state)
{
	struct bench b = four_asymmetric(11);
	double before;

	(void)state;
	turns(&b, 4);
	before = b.error_ns;
	b.clock_ns -= 1e9;
	joint_shift(&b.joint, (struct ts_dur){-NS_PER_S});
	turn(&b);
	assert_near_double(b.error_ns, before, 40 * US);
}

/* What is known of the paths outlives the raw clock. */
static void a_lost_line_keeps_the_biases(void **state)
{
	struct bench b = four_asymmetric(12);
	double before;

	(void)state;
	turns(&b, 4);
	before = b.error_ns;
	b.clock_ns += 300e9;
	joint_lose_line(&b.joint);
	b.s[2].role = JOINT_AWAY;
	turn(&b);
	assert_near_double(b.error_ns, before, 80 * US);
}

static void same_input_same_output(void **state)
{
	struct bench a = four_asymmetric(13), b = four_asymmetric(13);

	(void)state;
	turns(&a, 1);
	turns(&b, 1);
	assert_memory_equal(&a.phase, &b.phase, sizeof(a.phase));
	assert_memory_equal(&a.joint, &b.joint, sizeof(a.joint));
}

/* Numbers that no line should say do not make it stand still or fall over. */
static void it_survives_anything(void **state)
{
	const double sds[] = {0, 1, 1e17}, rates[] = {0, 1e5, 1e9};

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct bench b = bench_new(seed, 4, 1 * US);

		for (int k = 0; k < 200; k++) {
			struct source *s = &b.s[prng_below(&b.g, 4)];

			s->noise_ns = sds[prng_below(&b.g, 3)];
			s->bias_ns = 1e18 * (prng_uniform(&b.g) - 0.5) * pow(0.1, (double)(k % 18));
			s->role = (enum joint_role)prng_below(&b.g, 4);
			b.s[0].role = JOINT_TAKES_PART;
			b.s[1].noise_ns = rates[prng_below(&b.g, 3)];
			turn(&b);
			assert_true(b.phase.sd_ns >= 0 && isfinite(b.phase.sd_ns));
			for (int i = 0; i < 4; i++)
				assert_true(
					isfinite(b.s[i].bias.ns) && isfinite(b.s[i].bias.var_ns2));
		}
	}
}

/* A pulse that falls silent beside servers a hundred times worse: its line goes on for what it is
 * worth; if the servers say that it did not come so, it is dropped, and stays so until it is heard.
 */
static void what_falls_silent_fades(void **state)
{
	struct bench b = bench_new(4, 3, 10 * US);

	(void)state;
	b.s[0].noise_ns = 0.1 * US;
	b.s[0].prior_ns = 1 * US;
	turns(&b, 4);
	b.s[0].role = JOINT_FADES;
	b.s[0].noise_ns = 1 * US; /* as foretold */
	turns(&b, 0.2);
	assert_near_double(b.error_ns, 0, 4 * US);
	assert_near_double(b.phase.sd_ns, 0, 4 * US);
	assert_true(b.s[0].bias.fades);
	b.s[0].bias_ns = 200 * US;
	turn(&b);
	assert_false(b.s[0].bias.fades);
	assert_near_double(b.error_ns, 0, 30 * US);
	b.s[0].bias_ns = 0;
	turn(&b);
	assert_false(b.s[0].bias.fades);
	b.s[0].role = JOINT_TAKES_PART;
	turn(&b);
	assert_true(b.s[0].bias.fades);
	b.s[0].role = JOINT_LISTENS; /* not wanted: nor is it when it is silent */
	turn(&b);
	b.s[0].role = JOINT_FADES;
	turn(&b);
	assert_false(b.s[0].bias.fades);
	assert_near_double(b.s[0].bias.weight, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_alone_is_told_as_it_is),
		cmocka_unit_test(the_first_is_the_mean_by_length_of_path),
		cmocka_unit_test(a_source_that_goes_moves_nothing),
		cmocka_unit_test(what_is_away_is_known_the_less),
		cmocka_unit_test(a_source_that_comes_is_heard_slowly),
		cmocka_unit_test(a_pulse_is_believed_at_once),
		cmocka_unit_test(who_listened_takes_over),
		cmocka_unit_test(a_falseticker_has_no_part),
		cmocka_unit_test(a_route_that_changes_is_learned_anew),
		cmocka_unit_test(of_two_the_oscillator_decides),
		cmocka_unit_test(what_all_say_is_our_clock),
		cmocka_unit_test(deviation_is_honest),
		cmocka_unit_test(it_stays_where_the_truth_must_be),
		cmocka_unit_test(a_leap_second_is_no_jump),
		cmocka_unit_test(a_lost_line_keeps_the_biases),
		cmocka_unit_test(same_input_same_output),
		cmocka_unit_test(it_survives_anything),
		cmocka_unit_test(what_falls_silent_fades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
