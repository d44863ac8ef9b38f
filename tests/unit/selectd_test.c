/* SPDX-License-Identifier: MIT */
/* The core of selectd: what it takes in and gives out, and that its bound holds. */
#include "tests/unit/selectd_bench.h"

/* To the bit, as the bus would carry them. */
static void assert_same(const struct msg_estimate *a, const struct msg_estimate *b)
{
	unsigned char x[MSG_BYTES_MAX], y[MSG_BYTES_MAX];
	struct msg m = {.kind = MSG_estimate};
	int n;

	str_copy(m.env.sender, sizeof(m.env.sender), "selectd");
	m.env.boot = m.env.seq = 1;
	m.u.estimate = *a;
	n = msg_encode(&m, x, sizeof(x), NULL);
	assert_true(n > 0);
	m.u.estimate = *b;
	assert_int_equal(msg_encode(&m, y, sizeof(y), NULL), n);
	assert_memory_equal(x, y, (size_t)n);
}

static void one_source_synchronises_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct bench *b = bench_new(seed, 20000, 1e-9);
		struct sim_path p = bench_path("a", 1e6, 1e5, 1);

		bench_add(b, &p, 0.1);
		bench_run(b, 1);
		assert_int_equal(b->estimates, 1);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_string_equal(b->estimate.selected, "a");
		assert_near_double(bench_error_ns(b), 0, 6e5);
		bench_run(b, 6);
		assert_near_double(bench_error_ns(b), 0, 4e5);
		assert_int_equal(b->broken, 0);
		assert_int_equal(b->event_count[EVENT_selected], 1);
		assert_int_equal(b->event_count[EVENT_synchronised], 1);
		assert_int_equal(b->verdict[0].state, verdict_state_selected);
		bench_free(b);
	}
}

static void pulses_are_numbered_by_the_estimate(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);
	struct sim_path pps = {
		.publisher = "refclockd", .name = "PPS", .kind = source_kind_pps, .jitter_ns = 200};
	struct msg m;

	(void)state;
	m = sim_source(&pps);
	bench_put(b, &m);
	b->path[b->n] = pps;
	b->next_s[b->n++] = INFINITY;
	bench_add(b, &p, 5.1);
	for (int i = 0; i < 200; i++) {
		bench_run(b, 1);
		m = sim_sample(&b->sim, &pps);
		/* the producer knows only where the second begins */
		m.u.sample.utc_ns = (m.u.sample.utc_ns + 1) % NS_PER_S + (i % 7) * NS_PER_S;
		m.u.sample.pulse = true;
		bench_put(b, &m);
		if (i == 3)
			assert_int_equal(b->estimates, 0);
	}
	assert_string_equal(b->estimate.selected, "PPS");
	assert_int_equal(b->estimate.stratum, 1);
	assert_near_double(bench_error_ns(b), 0, 1000);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static void unusable_stamps_are_ignored(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);
	struct msg m;

	(void)state;
	bench_add(b, &p, INFINITY);
	bench_run(b, 5);
	m = sim_sample(&b->sim, &p);
	m.u.sample.reject = reject_delay;
	bench_put(b, &m);
	m.u.sample.reject = reject_ok;
	m.u.sample.raw_ns = INT64_MAX;
	bench_put(b, &m);
	m.u.sample.raw_ns = b->sim.raw_ns + 5 * NS_PER_S;
	bench_put(b, &m);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->core->samples, 0);
	assert_int_equal(b->core->refused, 3);
	m.u.sample.raw_ns = b->sim.raw_ns;
	bench_put(b, &m);
	assert_int_equal(b->estimates, 1);
	bench_free(b);
}

static void names_belong_to_their_publisher(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);
	struct msg m;

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 10);
	p.publisher = "refclockd";
	p.error_ns = 1e12;
	m = sim_source(&p);
	bench_put(b, &m);
	assert_int_equal(b->core->top, 2);
	m.u.source.removed = true;
	bench_put(b, &m);
	bench_run(b, 10);
	assert_true(b->core->sources[0].used && !b->core->sources[1].used);
	assert_int_equal(b->estimate.status, sync_synchronised);
	bench_free(b);
}

static void restarted_publisher_tells_again_or_is_forgotten(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p[2] = {bench_path("a", 1e6, 1e5, 1), bench_path("b", 1e6, 1e5, 1)};
	struct msg m;

	(void)state;
	bench_add(b, &p[0], 0.1);
	bench_add(b, &p[1], 0.2);
	bench_run(b, 20);
	selectd_on_restart(b->core, "refclockd", (struct ts_raw){b->sim.raw_ns});
	selectd_on_restart(b->core, "ntpexchd", (struct ts_raw){b->sim.raw_ns});
	b->next_s[1] = INFINITY;
	m = sim_source(&p[0]);
	bench_put(b, &m);
	bench_run(b, 29);
	assert_true(b->core->sources[0].used && b->core->sources[1].used);
	bench_run(b, 2);
	assert_true(b->core->sources[0].used && !b->core->sources[1].used);
	assert_int_equal(b->estimate.combined, 1);
	bench_free(b);
}

static void the_65th_source_is_refused_aloud(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	char name[8];

	(void)state;
	for (int i = 0; i < 70; i++) {
		struct sim_path p = bench_path(name, 1e6, 1e5, 1);
		struct msg m;

		snprintf(name, sizeof(name), "s%d", i);
		m = sim_source(&p);
		bench_put(b, &m);
		m = sim_sample(&b->sim, &p);
		bench_put(b, &m);
	}
	assert_int_equal(b->event_count[EVENT_overload], 1);
	assert_non_null(strstr(b->event_text[EVENT_overload], "s64 is not used"));
	assert_int_equal(b->core->top, 64);
	bench_free(b);
}

static void another_server_behind_a_name_starts_anew(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);
	struct msg m;

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 60);
	assert_true(b->verdict[0].samples > 20);
	m = sim_source(&p);
	str_copy(m.u.source.address, sizeof(m.u.source.address), "192.0.2.2");
	bench_put(b, &m);
	bench_run(b, 4);
	assert_i64_range(b->verdict[0].samples, 1, 3);
	bench_free(b);
}

static void same_input_same_output(void **state)
{
	struct msg_estimate first = {0};

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct bench *b = bench_new(77, 20000, 1e-8);
		struct sim_path p[2] = {bench_path("a", 1e6, 1e5, 2), bench_path("b", 3e6, 1e5, 2)};

		bench_add(b, &p[0], 0.1);
		bench_add(b, &p[1], 0.7);
		bench_run(b, 500);
		if (round == 0)
			first = b->estimate;
		else
			assert_same(&first, &b->estimate);
		bench_free(b);
	}
}

/* Any mixture of paths, oscillators and polls: the truth stays inside. */
static void bound_is_never_broken(void **state)
{
	static const double wander[] = {1e-10, 1e-9, 1e-8};
	int broken = 0, estimates = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct bench *b = bench_new(seed, 30000 - 2000 * (double)seed, wander[seed % 3]);
		static const char *const names[] = {"a", "b", "c", "d", "e"};
		int n = 1 + (int)prng_below(&b->sim.g, 5);

		for (int i = 0; i < n; i++) {
			struct sim_path p =
				bench_path(names[i], 1e5 * pow(10, 2.5 * prng_uniform(&b->sim.g)),
					1e4 * pow(10, 1.5 * prng_uniform(&b->sim.g)),
					(int64_t)prng_below(&b->sim.g, 7));

			p.noise = prng_below(&b->sim.g, 2) ? SIM_GAUSSIAN : SIM_EXPONENTIAL;
			p.asymmetry_ns = p.base_ns * (prng_uniform(&b->sim.g) - 0.5);
			bench_add(b, &p, 2 * prng_uniform(&b->sim.g));
		}
		bench_run(b, 2000);
		broken += b->broken;
		estimates += b->estimates;
		bench_free(b);
	}
	assert_true(estimates > 3000);
	assert_int_equal(broken, 0);
}

static void texts_are_bounded(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);
	char text[64];

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 10);
	for (size_t size = 1; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		selectd_print_selection(b->core, text, size);
		assert_true(strnlen(text, size) < size);
		selectd_print_tracks(b->core, text, size);
		assert_true(strnlen(text, size) < size);
		selectd_print_status(b->core, text, size);
		assert_true(strnlen(text, size) < size);
	}
	assert_non_null(strstr(text, "synchronised, 1 source"));
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_synchronises_at_once),
		cmocka_unit_test(pulses_are_numbered_by_the_estimate),
		cmocka_unit_test(unusable_stamps_are_ignored),
		cmocka_unit_test(names_belong_to_their_publisher),
		cmocka_unit_test(restarted_publisher_tells_again_or_is_forgotten),
		cmocka_unit_test(the_65th_source_is_refused_aloud),
		cmocka_unit_test(another_server_behind_a_name_starts_anew),
		cmocka_unit_test(same_input_same_output),
		cmocka_unit_test(bound_is_never_broken),
		cmocka_unit_test(texts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
