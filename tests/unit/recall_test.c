/* SPDX-License-Identifier: MIT */
/* A selectd that ends, and the next one: what was learned goes by verdict and source message from
 * the one to the other, and nothing that a publisher may say there does harm. */
#include "tests/unit/selectd_bench.h"

#include "common/core/learned.h"
#include "selectd/core/recall.h"
#include "selectd/stash.h"

#define MS    NS_PER_MS
#define KEPT  64
#define POOL  4
#define HOURS 3600.0

/* The owner of the sources: what it would give a late joiner. */
struct keeper {
	struct msg sample[BENCH_SOURCES][KEPT];
	int samples[BENCH_SOURCES];
	struct learned learned[BENCH_SOURCES];
};

static struct sim_path far_server(const char *name, double asymmetry_ns)
{
	return (struct sim_path){.name = name,
		.kind = source_kind_ntp,
		.base_ns = 20e6,
		.jitter_ns = 50e3,
		.asymmetry_ns = asymmetry_ns,
		.root_dispersion_ns = MS / 2,
		.stratum = 2,
		.poll = 4};
}

static struct bench *pool(uint64_t seed)
{
	static const double asymmetry_ns[POOL] = {-1.5e6, 1e6, 2.5e6, -2e6};
	static const char *const names[POOL] = {"a", "b", "c", "d"};
	struct bench *b = bench_new(seed, 12000, 1e-10);

	for (int i = 0; i < POOL; i++) {
		struct sim_path p = far_server(names[i], asymmetry_ns[i]);

		bench_add(b, &p, 0.1 + i);
	}
	b->log = calloc(BENCH_LOG_MAX, sizeof(*b->log));
	assert_non_null(b->log);
	return b;
}

/* Runs, and sees what the sources' owner sees. */
static void run_kept(struct bench *b, struct keeper *k, double seconds)
{
	for (double t = 0; t < seconds; t += 16) {
		b->logged = 0;
		bench_run(b, 16);
		for (int m = 0; m < b->logged; m++)
			for (int i = 0; i < b->n; i++)
				if (b->log[m].kind == MSG_sample &&
					!strcmp(b->log[m].u.sample.source, b->path[i].name))
					k->sample[i][k->samples[i]++ % KEPT] = b->log[m];
		for (int i = 0; i < b->n; i++)
			learned_keep(&k->learned[i], &b->verdict[i]);
	}
}

static void replay(struct bench *b, const struct keeper *k, int i)
{
	int n = k->samples[i] < KEPT ? k->samples[i] : KEPT;

	for (int j = 0; j < n; j++) {
		struct msg m = k->sample[i][(k->samples[i] - n + j) % KEPT];

		m.env.snapshot = true;
		selectd_on_message(b->core, &m, (struct ts_raw){b->sim.raw_ns});
	}
}

static void slept_before(struct bench *b, double seconds)
{
	b->slept_s = seconds;
	selectd_on_suspended(
		b->core, (struct ts_dur){(int64_t)(seconds * 1e9)}, (struct ts_raw){b->sim.raw_ns});
}

/* Another selectd, two seconds later; bend changes what is told. */
static void restart(
	struct bench *b, const struct keeper *k, void (*bend)(struct learned *l, struct prng *g))
{
	struct selectd_config config = bench_config();

	sim_advance(&b->sim, 2);
	memset(b->core, 0, sizeof(*b->core));
	selectd_init(b->core, &config);
	slept_before(b, b->slept_s);
	b->estimates = 0;
	for (int i = 0; i < b->n; i++) {
		struct learned l = k->learned[i];
		struct msg m = sim_source(&b->path[i]);

		if (bend)
			bend(&l, &b->sim.g);
		learned_tell(&l, &m.u.source);
		if (msg_check(&m, NULL) < 0) /* the bus has stopped it */
			m = sim_source(&b->path[i]);
		m.env.snapshot = true;
		selectd_on_message(b->core, &m, (struct ts_raw){b->sim.raw_ns});
		replay(b, k, i);
	}
	bench_drain(b);
}

static void nothing(struct learned *l, struct prng *g)
{
	(void)g;
	*l = (struct learned){0};
}

/* How far the estimate moves from before the restart to an hour after. */
static double moves_ns(uint64_t seed, void (*bend)(struct learned *l, struct prng *g))
{
	struct keeper *k = calloc(1, sizeof(*k));
	struct bench *b = pool(seed);
	double before, worst = 0;

	assert_non_null(k);
	run_kept(b, k, 2 * HOURS);
	b->next_s[3] = INFINITY; /* one is gone, and keeps its share */
	run_kept(b, k, HOURS);
	before = bench_error_ns(b);
	restart(b, k, bend);
	for (int i = 0; i < 200; i++) {
		bench_run(b, 16);
		if (b->estimates > 0)
			worst = fmax(worst, fabs(bench_error_ns(b) - before));
	}
	assert_int_equal(b->broken, 0);
	bench_free(b);
	free(k);
	return worst;
}

static void the_estimate_goes_on_where_it_was(void **state)
{
	double with = 0, without = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		with = fmax(with, moves_ns(seed, NULL));
		without += moves_ns(seed, nothing) / 4;
	}
	print_message(
		"moves by %.0f ns at most; by %.0f ns where nothing is kept\n", with, without);
	assert_true(with < 100e3);
	assert_true(without > 300e3);
}

static double any_double(struct prng *g)
{
	static const double odd[] = {0, 1, -1, 1e18, -1e18, 1e9, -1e9, 1e-300, NAN, INFINITY};

	return prng_u64(g) % 2 ? odd[prng_below(g, 10)] : 1e7 * prng_normal(g);
}

static int64_t any_instant(struct prng *g)
{
	static const int64_t odd[] = {0, 1, -1, INT64_MAX, INT64_MIN};

	return prng_u64(g) % 2 ? odd[prng_below(g, 5)] : (int64_t)(prng_u64(g) % (1 << 30)) * 20000;
}

static void anything(struct learned *l, struct prng *g)
{
	l->bias_ns = any_double(g);
	l->bias_sd_ns = fabs(any_double(g));
	l->moved_ns = any_double(g);
	l->prior_ns = fabs(any_double(g));
	l->rate_ppb = any_double(g);
	l->rate_sd_ppb = fabs(any_double(g));
	l->wander_ppb = fabs(any_double(g));
	l->disruption = any_instant(g);
	l->disrupted_raw_ns = any_instant(g);
	l->slept_ns = any_instant(g);
	l->raw_ns = prng_u64(g) % 4 ? l->raw_ns : any_instant(g);
}

/* The bound holds at every estimate (moves_ns looks), and the error is one that false samples might
 * cause too: the paths' own. */
static void lies_do_no_more_than_false_samples(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++)
		assert_true(moves_ns(seed, anything) < 12e6);
}

static void disruptions_are_counted_on(void **state)
{
	struct keeper *k = calloc(1, sizeof(*k));
	struct bench *b = pool(1);
	struct msg m = {.kind = MSG_event};

	(void)state;
	assert_non_null(k);
	run_kept(b, k, HOURS);
	str_copy(m.env.sender, sizeof(m.env.sender), "ntpexchd");
	str_copy(m.u.event.code, sizeof(m.u.event.code), "disruption");
	m.u.event.raw_ns = b->sim.raw_ns;
	bench_put(b, &m);
	run_kept(b, k, 160);
	assert_int_equal(b->estimate.disruption, 1);
	restart(b, k, NULL);
	bench_run(b, 32);
	assert_true(b->estimates > 0);
	assert_int_equal(b->estimate.disruption, 1);
	/* what was before it is not taken again */
	for (int i = 0; i < POOL; i++)
		assert_in_range(b->verdict[i].samples, 1, 14);
	bench_free(b);
	free(k);
}

/* The machine sleeps between one selectd and the next: the samples that come again are from before,
 * and by the raw clock just taken. */
static void a_sleep_that_nobody_saw_is_a_disruption(void **state)
{
	const double slept_s = 1000;

	(void)state;
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		struct keeper *k = calloc(1, sizeof(*k));
		struct bench *b = pool(1);

		assert_non_null(k);
		slept_before(b, 5);
		run_kept(b, k, HOURS);
		bench_run(b, 4); /* no poll is near: what there is to judge by is from before */
		b->sim.x_ns += sleeps * slept_s * 1e9;
		b->slept_s = 5 + sleeps * slept_s;
		restart(b, k, NULL);
		bench_run(b, 32);
		assert_int_equal(b->event_count[EVENT_disruption], sleeps);
		assert_int_equal(b->estimate.disruption, sleeps);
		assert_int_equal(b->estimate.status, sync_synchronised);
		for (int i = 0; i < POOL; i++)
			assert_true(sleeps ? b->verdict[i].samples < 4 : b->verdict[i].samples > 4);
		assert_int_equal(b->broken, 0);
		bench_free(b);
		free(k);
	}
}

static void only_what_is_of_this_boot_and_day(void **state)
{
	struct learned l = {.learned = true, .raw_ns = 100 * NS_PER_S, .prior_ns = 1, .bias_ns = 5};
	struct source s = {.used = true};
	struct ts_raw now = {100 * NS_PER_S};

	(void)state;
	assert_true(recall_take(&s, &l, now));
	assert_true(s.bias.known && s.recalled);
	now.ns--;
	assert_false(recall_take(&s, &l, now));
	now.ns = 100 * NS_PER_S + RECALL_AGE_MAX_NS + 1;
	assert_false(recall_take(&s, &l, now));
	now.ns--;
	assert_true(recall_take(&s, &l, now));
	l.learned = false;
	assert_false(recall_take(&s, &l, now));
}

static void samples_wait_for_their_source(void **state)
{
	struct stash s = {0};
	struct msg m = {.kind = MSG_sample}, out;

	(void)state;
	str_copy(m.env.sender, sizeof(m.env.sender), "ntpexchd");
	for (int i = 0; i < 600; i++) {
		str_copy(m.u.sample.source, sizeof(m.u.sample.source), i % 3 ? "a" : "b");
		m.u.sample.raw_ns = i;
		assert_true(stash_put(&s, &m, (struct ts_raw){1000 + i}));
	}
	assert_int_equal(s.until.ns, 1000 + STASH_WAIT_NS);
	assert_false(stash_next(&s, "refclockd", "b", &out));
	for (int i = 0; i < 200; i++) {
		assert_true(stash_next(&s, "ntpexchd", "b", &out));
		assert_int_equal(out.u.sample.raw_ns, 3 * i);
	}
	assert_false(stash_next(&s, "ntpexchd", "b", &out));
	for (int i = 0; i < 400; i++) {
		assert_true(stash_next(&s, NULL, NULL, &out));
		assert_int_equal(out.u.sample.raw_ns, 3 * (i / 2) + 1 + i % 2);
	}
	assert_int_equal(s.count, 0);
	assert_null(s.list);
	for (int i = 0; i < STASH_MAX; i++)
		assert_true(stash_put(&s, &m, (struct ts_raw){0}));
	assert_false(stash_put(&s, &m, (struct ts_raw){0}));
	stash_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_estimate_goes_on_where_it_was),
		cmocka_unit_test(lies_do_no_more_than_false_samples),
		cmocka_unit_test(disruptions_are_counted_on),
		cmocka_unit_test(a_sleep_that_nobody_saw_is_a_disruption),
		cmocka_unit_test(only_what_is_of_this_boot_and_day),
		cmocka_unit_test(samples_wait_for_their_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
