/* SPDX-License-Identifier: MIT */
#include "tests/unit/selectd_bench.h"

static struct sim_path path(const char *name, double base_ns, double jitter_ns, int64_t poll)
{
	return (struct sim_path){.name = name,
		.kind = source_kind_ntp,
		.base_ns = base_ns,
		.jitter_ns = jitter_ns,
		.root_dispersion_ns = 1000,
		.stratum = 1,
		.poll = poll};
}

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
		struct sim_path p = path("a", 1e6, 1e5, 1);

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

static void falseticker_that_answers_first_is_never_followed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct bench *b = bench_new(seed, 20000, 1e-9);
		struct sim_path liar = path("liar", 1e5, 1e4, 1);
		struct sim_path p[3] = {
			path("a", 1e6, 1e5, 1), path("b", 3e6, 3e5, 1), path("c", 2e6, 1e5, 1)};
		int l;

		liar.error_ns = 5e8;
		l = bench_add(b, &liar, 0.01);
		for (int i = 0; i < 3; i++)
			bench_add(b, &p[i], 0.3 + 0.8 * i);
		bench_run(b, 60);
		assert_true(b->estimates > 20);
		assert_true(b->worst_ns < 3e6);
		assert_int_equal(b->broken, 0);
		assert_int_equal(b->verdict[l].state, verdict_state_falseticker);
		assert_int_equal(b->verdict[l].reason, verdict_reason_majority);
		assert_near_double((double)b->verdict[l].offset_ns, 5e8, 1e7);
		assert_int_equal(b->event_count[EVENT_falseticker], 1);
		assert_non_null(strstr(b->event_text[EVENT_falseticker], "misses"));
		bench_free(b);
	}
}

static void one_of_four_waits_for_the_others_but_not_for_ever(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 1);

	(void)state;
	bench_add(b, &p, 0.1);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"x", "y", "z"};

		p.name = names[i];
		p.poll = 6;
		bench_add(b, &p, INFINITY);
	}
	bench_run(b, 15);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_waiting);
	bench_run(b, 4);
	assert_true(b->estimates > 0);
	assert_string_equal(b->estimate.selected, "a");
	bench_free(b);
}

static void missing_devices_are_not_waited_for(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 1), gone = path("PHC0", 0, 0, 0);
	struct msg m;

	(void)state;
	gone.kind = source_kind_phc;
	m = sim_source(&gone);
	m.u.source.state = source_state_missing;
	bench_put(b, &m);
	bench_add(b, &p, 0.1);
	bench_run(b, 1);
	assert_int_equal(b->estimates, 1);
	bench_free(b);
}

/* Two that disagree are no majority: better none than the wrong one. */
static void two_that_disagree_select_nobody(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 1), q = path("b", 1e6, 1e5, 1);

	(void)state;
	q.error_ns = 1e9;
	bench_add(b, &p, 0.1);
	bench_add(b, &q, 0.2);
	bench_run(b, 30);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_no_majority);
	bench_free(b);
}

static void source_that_goes_wrong_is_dropped_and_comes_back(void **state)
{
	struct bench *b = bench_new(3, 20000, 1e-9);
	struct sim_path p[3] = {
		path("a", 1e6, 1e5, 4), path("b", 1e6, 1e5, 4), path("c", 1e6, 1e5, 4)};

	(void)state;
	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + i);
	bench_run(b, 1000);
	assert_int_equal(b->estimate.combined, 3);
	b->path[0].error_ns = 1e8;
	b->worst_ns = 0;
	bench_run(b, 300);
	assert_true(b->worst_ns < 1e6);
	assert_int_equal(b->event_count[EVENT_falseticker], 1);
	assert_int_equal(b->estimate.combined, 2);
	b->path[0].error_ns = 0;
	bench_run(b, 300);
	assert_true(b->worst_ns < 1e6);
	assert_int_equal(b->event_count[EVENT_truechimer], 1);
	assert_int_equal(b->estimate.combined, 3);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* Who was found false is not followed because the others are silent; their word lets it in again.
 */
static void a_liar_alone_is_not_followed(void **state)
{
	struct bench *b = bench_new(5, 20000, 1e-9);
	struct sim_path p[3] = {
		path("a", 1e6, 1e5, 4), path("b", 1e6, 1e5, 4), path("c", 1e6, 1e5, 4)};

	(void)state;
	p[2].error_ns = 1e9;
	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + i);
	bench_run(b, 600);
	assert_int_equal(b->event_count[EVENT_falseticker], 1);
	b->next_s[0] = b->next_s[1] = INFINITY;
	bench_run(b, 600);
	assert_int_equal(b->estimate.status, sync_holdover);
	assert_int_equal(b->verdict[2].reason, verdict_reason_no_majority);
	assert_true(b->worst_ns < 1e6);
	b->path[2].error_ns = 0; /* what our own line vouches for */
	bench_run(b, 600);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->event_count[EVENT_truechimer], 1);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* Two contradict each other, and the third agrees with both: neither is called false. */
static void a_tie_convicts_nobody(void **state)
{
	struct bench *b = bench_new(6, 20000, 1e-9);
	struct sim_path p[3] = {
		path("a", 1e6, 1e5, 4), path("b", 1e8, 1e5, 4), path("c", 1e6, 1e5, 4)};

	(void)state;
	p[2].error_ns = 1e7;
	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + i);
	bench_run(b, 600);
	assert_int_equal(b->event_count[EVENT_falseticker], 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_no_majority);
	assert_int_equal(b->verdict[1].reason, verdict_reason_ok);
	assert_int_equal(b->verdict[2].reason, verdict_reason_no_majority);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static void silence_is_holdover_with_a_growing_bound(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 4);
	int64_t bound;
	int estimates;

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 1000);
	bound = b->estimate.bound_ns;
	b->next_s[0] = INFINITY;
	bench_run(b, 100);
	assert_int_equal(b->estimate.status, sync_synchronised);
	bench_run(b, 60);
	assert_int_equal(b->estimate.status, sync_holdover);
	assert_int_equal(b->event_count[EVENT_holdover], 1);
	assert_int_equal(b->verdict[0].reason, verdict_reason_stale);
	estimates = b->estimates;
	bench_run(b, 6400);
	assert_i64_range(b->estimates - estimates, 95, 105);
	assert_true(b->estimate.bound_ns > bound + 6000 * 1000);
	assert_int_equal(b->broken, 0);
	b->next_s[0] = 1e-9 * (double)b->sim.raw_ns;
	bench_run(b, 1);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->event_count[EVENT_synchronised], 2);
	bench_free(b);
}

static void maxunreach_ends_a_holdover(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 4);
	struct msg m = sim_source(&p);

	(void)state;
	bench_add(b, &p, 0.1);
	m.u.source.maxunreach = 10;
	bench_put(b, &m);
	bench_run(b, 1000);
	b->next_s[0] = INFINITY;
	/* stale after eight polls, given up ten polls later: 288 s after the newest sample */
	bench_run(b, 160);
	assert_int_equal(b->estimate.status, sync_holdover);
	bench_run(b, 100);
	assert_int_equal(b->estimate.status, sync_holdover);
	bench_run(b, 30);
	assert_int_equal(b->estimate.status, sync_unsynchronised);
	assert_int_equal(b->estimate.stratum, 16);
	assert_int_equal(b->event_count[EVENT_unselected], 1);
	bench_run(b, 6400);
	assert_int_equal(b->event_count[EVENT_unselected], 1);
	b->next_s[0] = 1e-9 * (double)b->sim.raw_ns;
	bench_run(b, 1);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static void disruption_voids_history(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 1);
	struct msg m = {.kind = MSG_event};

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 100);
	assert_int_equal(b->estimate.disruption, 0);
	str_copy(m.env.sender, sizeof(m.env.sender), "refclockd");
	str_copy(m.u.event.code, sizeof(m.u.event.code), "disruption");
	m.u.event.raw_ns = b->sim.raw_ns;
	b->sim.x_ns += 1e10;
	b->sim.rate_ppb = -30000;
	bench_put(b, &m);
	bench_put(b, &m); /* told again, it counts once */
	assert_int_equal(b->estimate.status, sync_unsynchronised);
	assert_int_equal(b->estimate.disruption, 1);
	assert_int_equal(b->estimate.leap, leap_unsync);
	b->worst_ns = 0;
	bench_run(b, 20);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->estimate.disruption, 1);
	assert_true(b->worst_ns < 1e6);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* The same crystal, a little colder: its rate is a good guess at once, and no more than that. */
static void a_sleep_keeps_the_rate(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 4);

	(void)state;
	bench_add(b, &p, 0.1);
	selectd_on_suspended(b->core, (struct ts_dur){0}, (struct ts_raw){b->sim.raw_ns});
	bench_run(b, 600);
	b->sim.x_ns += 1e10;
	b->sim.rate_ppb += 2000;
	selectd_on_suspended(
		b->core, (struct ts_dur){10 * NS_PER_S}, (struct ts_raw){b->sim.raw_ns});
	assert_int_equal(b->event_count[EVENT_disruption], 0); /* told with what comes next */
	bench_run(b, 16);
	assert_int_equal(b->event_count[EVENT_disruption], 1);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_true(fabs(b->estimate.rate_ppb - b->sim.rate_ppb) < 3000);
	assert_true(b->estimate.rate_sd_ppb > 1000 && b->estimate.rate_sd_ppb < 6000);
	bench_run(b, 600);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static struct bench *three_sources(uint64_t seed)
{
	struct bench *b = bench_new(seed, 20000, 1e-9);
	struct sim_path p[3] = {
		path("a", 1e6, 1e5, 4), path("b", 2e6, 1e5, 4), path("c", 5e6, 2e5, 5)};

	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + 5 * i);
	bench_run(b, 1000);
	return b;
}

/* A snapshot restored, a migration that nobody told of: all sources are elsewhere by the same. */
static void a_jump_of_all_is_our_clock(void **state)
{
	const double jumps[] = {3600e9, -5e9, 30e6};

	(void)state;
	for (uint64_t seed = 1; seed <= 9; seed++) {
		struct bench *b = three_sources(seed);
		int combined = (int)b->estimate.combined;

		b->sim.x_ns += jumps[seed % 3];
		b->estimates = 0;
		bench_run(b, 40);
		assert_int_equal(b->event_count[EVENT_disruption], 1);
		assert_non_null(strstr(b->event_text[EVENT_disruption], "sources jumped by"));
		assert_i64_equal(b->estimate.disruption, 1);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_true(fabs(bench_error_ns(b)) <= bench_bound_ns(b));
		b->broken = 0;
		bench_run(b, 600);
		assert_int_equal(b->event_count[EVENT_disruption], 1);
		assert_int_equal(b->event_count[EVENT_falseticker], 0);
		assert_int_equal(b->estimate.combined, combined);
		assert_int_equal(b->broken, 0);
		assert_near_double(bench_error_ns(b), 0, 5e5);
		bench_free(b);
	}
}

/* One source, or most by different amounts, or an oscillator that runs away: nothing is void. */
static void other_jumps_are_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct bench *b = three_sources(seed);

		if (seed % 3 == 0)
			b->path[seed % 2].error_ns = 5e9;
		else if (seed % 3 == 1)
			b->sim.rate_ppb += 5e4;
		else
			for (int i = 0; i < 2; i++)
				b->path[i].error_ns = (i + 1) * 5e9;
		bench_run(b, 600);
		assert_int_equal(b->event_count[EVENT_disruption], 0);
		assert_i64_equal(b->estimate.disruption, 0);
		bench_free(b);
	}
}

static void a_jump_of_the_only_source_is_its_own(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 4);

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 1000);
	b->sim.x_ns += 5e9;
	bench_run(b, 600);
	assert_int_equal(b->event_count[EVENT_disruption], 0);
	bench_free(b);
}

/* The history of who came when, and with which bias, is not in a snapshot: both may be off from
 * each other by what they say they may be off from the truth, by no more. */
static void snapshot_gives_as_good_an_estimate_as_live(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct bench *b = bench_new(seed, 20000, 1e-9);
		struct selectd_config config = bench_config();
		struct sim_path p[2] = {path("a", 1e6, 1e5, 4), path("b", 2e6, 1e5, 4)};
		struct ts_raw now;
		struct selectd *again = calloc(1, sizeof(*again));
		int64_t since = 0;

		assert_non_null(again);
		b->log = calloc(BENCH_LOG_MAX, sizeof(struct msg));
		assert_non_null(b->log);
		bench_add(b, &p[0], 0.1);
		bench_add(b, &p[1], 3.1);
		bench_run(b, 900);
		selectd_init(again, &config);
		now.ns = b->sim.raw_ns;
		/* as a late joiner gets it: a source's samples together, in any order of sources */
		for (int k = 1; k >= 0; k--)
			for (int i = 0; i < b->logged; i++) {
				struct msg m = b->log[i];
				const char *name = m.kind == MSG_sample ? m.u.sample.source
									: m.u.source.source;

				m.env.snapshot = true;
				if (strcmp(name, p[k].name) != 0)
					continue;
				selectd_on_message(again, &m, now);
				assert_true(selectd_deadline(again).ns <= now.ns);
			}
		for (int round = 0; round < 2; round++) {
			struct selectd_out out;

			selectd_on_deadline(again, now);
			for (int n = 0; selectd_next_out(again, &out); n++)
				assert_true(n < 10); /* not one for each old sample */
			now.ns += NS_PER_S;
		}
		since = again->estimate.raw_ns - b->estimate.raw_ns;
		assert_i64_equal(since, 0);
		assert_near_double((double)again->estimate.utc_ns, (double)b->estimate.utc_ns,
			2 * (again->estimate.offset_sd_ns + b->estimate.offset_sd_ns));
		assert_near_double(again->estimate.rate_ppb, b->estimate.rate_ppb,
			again->estimate.rate_sd_ppb + b->estimate.rate_sd_ppb);
		assert_int_equal(again->estimate.combined, b->estimate.combined);
		assert_string_equal(again->estimate.selected, b->estimate.selected);
		free(again);
		bench_free(b);
	}
}

static void pulses_are_numbered_by_the_estimate(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = path("a", 1e6, 1e5, 1);
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
	struct sim_path p = path("a", 1e6, 1e5, 1);
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
	struct sim_path p = path("a", 1e6, 1e5, 1);
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
	struct sim_path p[2] = {path("a", 1e6, 1e5, 1), path("b", 1e6, 1e5, 1)};
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
		struct sim_path p = path(name, 1e6, 1e5, 1);
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
	struct sim_path p = path("a", 1e6, 1e5, 1);
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
		struct sim_path p[2] = {path("a", 1e6, 1e5, 2), path("b", 3e6, 1e5, 2)};

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
				path(names[i], 1e5 * pow(10, 2.5 * prng_uniform(&b->sim.g)),
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
	struct sim_path p = path("a", 1e6, 1e5, 1);
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
		cmocka_unit_test(falseticker_that_answers_first_is_never_followed),
		cmocka_unit_test(one_of_four_waits_for_the_others_but_not_for_ever),
		cmocka_unit_test(missing_devices_are_not_waited_for),
		cmocka_unit_test(two_that_disagree_select_nobody),
		cmocka_unit_test(source_that_goes_wrong_is_dropped_and_comes_back),
		cmocka_unit_test(a_liar_alone_is_not_followed),
		cmocka_unit_test(a_tie_convicts_nobody),
		cmocka_unit_test(silence_is_holdover_with_a_growing_bound),
		cmocka_unit_test(maxunreach_ends_a_holdover),
		cmocka_unit_test(disruption_voids_history),
		cmocka_unit_test(a_sleep_keeps_the_rate),
		cmocka_unit_test(a_jump_of_all_is_our_clock),
		cmocka_unit_test(other_jumps_are_not),
		cmocka_unit_test(a_jump_of_the_only_source_is_its_own),
		cmocka_unit_test(snapshot_gives_as_good_an_estimate_as_live),
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
