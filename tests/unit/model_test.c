/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "tests/unit/msg_fill.h"
#include "tests/unit/tcheck.h"
#include "monitord/core/model.h"

#define S NS_PER_S

static struct model model; /* large */

static struct msg from(const char *sender, enum msg_kind kind)
{
	struct msg m = {.kind = kind, .env = {.boot = 7, .seq = 1}};

	(void)snprintf(m.env.sender, sizeof(m.env.sender), "%s", sender);
	return m;
}

static void tell_source(const char *publisher, const char *name, bool removed)
{
	struct msg m = from(publisher, MSG_source);

	(void)snprintf(m.u.source.source, sizeof(m.u.source.source), "%s", name);
	m.u.source.removed = removed;
	model_message(&model, &m);
}

static void tell_sample(const char *name, int64_t raw_ns, enum reject reject)
{
	struct msg m = from("refclockd", MSG_sample);

	(void)snprintf(m.u.sample.source, sizeof(m.u.sample.source), "%s", name);
	m.u.sample.raw_ns = raw_ns;
	m.u.sample.reject = reject;
	model_message(&model, &m);
}

static void tell_verdict(const char *publisher, const char *name)
{
	struct msg m = from("selectd", MSG_verdict);

	(void)snprintf(m.u.verdict.publisher, sizeof(m.u.verdict.publisher), "%s", publisher);
	(void)snprintf(m.u.verdict.source, sizeof(m.u.verdict.source), "%s", name);
	model_message(&model, &m);
}

static struct msg estimate(uint64_t seq, int64_t raw_ns, int64_t utc_ns, double rate_ppb)
{
	struct msg m = from("selectd", MSG_estimate);

	m.env.seq = seq;
	m.u.estimate.status = sync_synchronised;
	m.u.estimate.raw_ns = raw_ns;
	m.u.estimate.utc_ns = utc_ns;
	m.u.estimate.rate_ppb = rate_ppb;
	return m;
}

static void tell_clock(int64_t raw_ns, int64_t utc_ns, double rate_ppb, double frequency_ppb)
{
	struct msg m = from("disciplined", MSG_clock);

	m.u.clock.status = sync_synchronised;
	m.u.clock.raw_ns = raw_ns;
	m.u.clock.utc_ns = utc_ns;
	m.u.clock.rate_ppb = rate_ppb;
	m.u.clock.frequency_ppb = frequency_ppb;
	m.u.clock.bound_ns = 1000;
	m.u.clock.bound_drift_ppb = 500;
	model_message(&model, &m);
}

static int setup(void **state)
{
	(void)state;
	model_init(&model);
	return 0;
}

static void sources_are_known_by_publisher_and_name(void **state)
{
	(void)state;
	tell_source("refclockd", "PHC0", false);
	tell_source("ntpexchd", "PHC0", false);
	tell_source("refclockd", "PHC0", false);
	assert_int_equal(model.source_count, 2);
	tell_verdict("ntpexchd", "PHC0");
	assert_false(model_find(&model, "refclockd", "PHC0")->has_verdict);
	assert_true(model_find(&model, "ntpexchd", "PHC0")->has_verdict);
	assert_null(model_find(&model, "selectd", "PHC0"));
}

static void a_removed_source_leaves_no_hole(void **state)
{
	(void)state;
	tell_source("refclockd", "a", false);
	tell_source("refclockd", "b", false);
	tell_source("refclockd", "c", false);
	tell_source("refclockd", "b", true);
	tell_source("refclockd", "never", true);
	assert_int_equal(model.source_count, 2);
	assert_string_equal(model.sources[0].name, "a");
	assert_string_equal(model.sources[1].name, "c");
	assert_string_equal(model.sources[2].name, "");
}

static void what_does_not_fit_is_counted(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < MODEL_SOURCES_MAX + 3; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		tell_source("ntpexchd", name, false);
	}
	assert_int_equal(model.source_count, MODEL_SOURCES_MAX);
	assert_i64_equal((int64_t)model.overflow, 3);
	tell_source("ntpexchd", "s63", true);
	tell_source("ntpexchd", "late", false);
	assert_non_null(model_find(&model, "ntpexchd", "late"));
}

static void rejected_samples_do_not_count_as_last(void **state)
{
	const struct model_source *s;

	(void)state;
	tell_sample("PHC0", 5 * S, reject_ok);
	tell_sample("PHC0", 6 * S, reject_noisy);
	s = model_find(&model, "refclockd", "PHC0");
	assert_i64_equal(model_last_sample_raw_ns(s), 5 * S);
	assert_i64_equal((int64_t)s->rejected, 1);
	assert_i64_equal((int64_t)s->samples, 2);
	assert_int_equal(s->last_reject, reject_noisy);
}

static void a_restarted_publisher_says_anew_what_it_has(void **state)
{
	(void)state;
	tell_source("refclockd", "PHC0", false);
	tell_source("ntpexchd", "a", false);
	tell_verdict("refclockd", "PHC0");
	tell_verdict("ntpexchd", "a");
	model_gap(&model, "refclockd", 0);
	assert_int_equal(model.source_count, 1);
	model_gap(&model, "selectd", 0);
	assert_int_equal(model.source_count, 1);
	assert_false(model.sources[0].has_verdict);
	assert_true(model.sources[0].has_source);
	model_gap(&model, "ntpexchd", 4);
	assert_int_equal(model.source_count, 1);
	assert_i64_equal((int64_t)model.daemons[MODEL_NTPEXCHD].lost, 4);
	assert_i64_equal((int64_t)model.daemons[MODEL_REFCLOCKD].restarts, 1);
	model_gap(&model, "stranger", 0);
}

static void running_is_who_spoke_and_is_there(void **state)
{
	struct msg m = from("selectd", MSG_hello);

	(void)state;
	assert_false(model_running(&model, MODEL_SELECTD));
	(void)snprintf(m.u.hello.daemon, sizeof(m.u.hello.daemon), "selectd");
	model_message(&model, &m);
	assert_true(model_running(&model, MODEL_SELECTD));
	model_present(&model, "selectd", false);
	assert_false(model_running(&model, MODEL_SELECTD));
	model_present(&model, "selectd", true);
	assert_true(model_running(&model, MODEL_SELECTD));
	assert_int_equal(model_daemon_index("phc2shm"), -1);
	model_present(&model, "phc2shm", false);
}

static void an_estimate_is_held_against_the_one_before(void **state)
{
	struct msg m = estimate(10, 100 * S, 5000 * S, 1000);

	(void)state;
	model_message(&model, &m);
	assert_false(model.has_update);
	assert_false(model_update(&model, 10)->known);
	/* the old line gives 5010 s + 10 us there: it was 4 us ahead of the new one */
	m = estimate(11, 110 * S, 5010 * S + 6000, 900);
	model_message(&model, &m);
	assert_true(model.updated);
	assert_i64_equal(model.last_offset_ns, 4000);
	assert_i64_equal(model.update_interval_ns, 10 * S);
	assert_near_double(model.last_rate_ppb, 100, 1e-9);
	assert_i64_equal(model_update(&model, 11)->offset_ns, 4000);
	assert_null(model_update(&model, 12));
}

static void what_voids_history_makes_no_update(void **state)
{
	struct msg m = estimate(1, 100 * S, 5000 * S, 0);

	(void)state;
	model_message(&model, &m);
	m = estimate(2, 101 * S, 5009 * S, 0);
	m.u.estimate.disruption = 1;
	model_message(&model, &m);
	assert_false(model.updated);
	m = estimate(1, 102 * S, 5009 * S, 0);
	m.u.estimate.disruption = 1;
	m.env.boot = 8; /* another selectd */
	model_message(&model, &m);
	assert_false(model.updated);
	assert_false(model.has_update);
	assert_null(model_update(&model, 2));
	m.env.seq = 2;
	m.u.estimate.raw_ns = 101 * S; /* back in time */
	model_message(&model, &m);
	assert_false(model.updated);
}

static void updates_are_kept_for_a_while(void **state)
{
	struct msg m;

	(void)state;
	for (int i = 1; i <= 20; i++) {
		m = estimate((uint64_t)i, i * S, 1000 * S + i * S, 0);
		model_message(&model, &m);
	}
	assert_non_null(model_update(&model, 20));
	assert_non_null(model_update(&model, 13));
	assert_null(model_update(&model, 12));
}

static void the_mean_follows_as_in_chrony(void **state)
{
	struct msg m = estimate(1, S, 1000 * S, 0);
	int64_t utc_ns = 1000 * S;

	(void)state;
	model_message(&model, &m);
	for (int i = 0; i < 3; i++) { /* -10, -5, -20 ns */
		static const int64_t late_ns[] = {10, 5, 20};

		utc_ns += S + late_ns[i];
		m = estimate((uint64_t)i + 2, (i + 2) * S, utc_ns, 0);
		model_message(&model, &m);
	}
	/* taken over until one is above the mean: that one is, and from now on a tenth */
	assert_near_double(model.mean_square_ns2, 400, 1e-9);
	utc_ns += S;
	m = estimate(9, 5 * S, utc_ns, 0);
	model_message(&model, &m);
	assert_near_double(model.mean_square_ns2, 360, 1e-9);
}

static void events_lie_in_the_order_in_which_they_happened(void **state)
{
	static const int64_t when[] = {30, 10, 20, 40, 5};
	int64_t last = INT64_MAX;

	(void)state;
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 5; i++) {
			struct msg m = from("selectd", MSG_event);

			m.u.event.raw_ns = when[i] + 100 * round;
			model_message(&model, &m);
		}
	}
	for (unsigned int n = 0; n < MODEL_EVENTS_MAX; n++) {
		assert_true(model_event(&model, n)->event.raw_ns <= last);
		last = model_event(&model, n)->event.raw_ns;
	}
	assert_i64_equal(model_event(&model, 0)->event.raw_ns, 3940);
	assert_null(model_event(&model, MODEL_EVENTS_MAX));
}

static void an_old_event_does_not_push_new_ones_out_of_order(void **state)
{
	struct msg m = from("selectd", MSG_event);

	(void)state;
	for (int i = 0; i < MODEL_EVENTS_MAX; i++) {
		m.u.event.raw_ns = 1000 + i;
		model_message(&model, &m);
	}
	m.u.event.raw_ns = 1;
	model_message(&model, &m);
	assert_i64_equal(model_event(&model, 0)->event.raw_ns, 1063);
	assert_i64_equal(model_event(&model, MODEL_EVENTS_MAX - 1)->event.raw_ns, 1);
	assert_i64_equal(model_event(&model, MODEL_EVENTS_MAX - 2)->event.raw_ns, 1001);
}

static void offset_and_bound_are_carried_to_now(void **state)
{
	struct msg m = estimate(1, 100 * S, 5000 * S, 1000);

	(void)state;
	assert_i64_equal(model_bound_ns(&model, (struct ts_raw){0}), INT64_MAX);
	assert_i64_equal(model_offset_ns(&model, (struct ts_raw){0}), 0);
	/* 50 us behind and catching up by 5 ppm */
	tell_clock(100 * S, 5000 * S - 50000, 6000, 1000);
	model.clock.offset_ns = 50000;
	assert_i64_equal(model_offset_ns(&model, (struct ts_raw){104 * S}), 30000);
	model_message(&model, &m);
	assert_i64_equal(model_offset_ns(&model, (struct ts_raw){104 * S}), 30000);
	assert_i64_equal(model_bound_ns(&model, (struct ts_raw){104 * S}), 3000);
	assert_i64_equal(model_bound_ns(&model, (struct ts_raw){99 * S}), 1000);
}

static void extremes_saturate(void **state)
{
	struct ts_raw end = {INT64_MAX}, zero = {0};

	(void)state;
	assert_i64_equal(model_grown_ns(INT64_C(4000000000000000000), 1e9, zero, end), INT64_MAX);
	assert_i64_equal(model_grown_ns(5, 1e9, end, zero), 5);
	assert_i64_equal(model_age_ns(INT64_MAX, zero), 0);
	assert_i64_equal(model_age_ns(0, end), INT64_MAX);
}

/* Whatever checked messages say in whatever order: counts hold and nothing is lost in silence. */
static void any_messages(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		enum msg_kind kind = (enum msg_kind)(1 + fill_random(&seed) % (MSG_KINDS - 1));
		struct msg m = fill_msg(kind, fill_random(&seed) & 1, &seed);
		const char *sender = model_daemon_names[fill_random(&seed) % MODEL_DAEMONS];

		(void)snprintf(m.env.sender, sizeof(m.env.sender), "%s", sender);
		assert_int_equal(msg_check(&m, NULL), 0);
		model_message(&model, &m);
		if (i % 1000 == 999)
			model_gap(&model, sender, 0);
		assert_true(model.source_count <= MODEL_SOURCES_MAX);
		for (unsigned int n = 0; n < model.source_count; n++)
			assert_true(model.sources[n].has_source || model.sources[n].samples > 0 ||
				    model.sources[n].has_verdict);
		(void)model_offset_ns(&model, (struct ts_raw){m.env.sent_raw_ns});
		assert_true(model_bound_ns(&model, (struct ts_raw){m.env.sent_raw_ns}) >= 0);
	}
	assert_i64_equal((int64_t)model.messages, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sources_are_known_by_publisher_and_name, setup),
		cmocka_unit_test_setup(a_removed_source_leaves_no_hole, setup),
		cmocka_unit_test_setup(what_does_not_fit_is_counted, setup),
		cmocka_unit_test_setup(rejected_samples_do_not_count_as_last, setup),
		cmocka_unit_test_setup(a_restarted_publisher_says_anew_what_it_has, setup),
		cmocka_unit_test_setup(running_is_who_spoke_and_is_there, setup),
		cmocka_unit_test_setup(an_estimate_is_held_against_the_one_before, setup),
		cmocka_unit_test_setup(what_voids_history_makes_no_update, setup),
		cmocka_unit_test_setup(updates_are_kept_for_a_while, setup),
		cmocka_unit_test_setup(the_mean_follows_as_in_chrony, setup),
		cmocka_unit_test_setup(events_lie_in_the_order_in_which_they_happened, setup),
		cmocka_unit_test_setup(an_old_event_does_not_push_new_ones_out_of_order, setup),
		cmocka_unit_test_setup(offset_and_bound_are_carried_to_now, setup),
		cmocka_unit_test_setup(extremes_saturate, setup),
		cmocka_unit_test_setup(any_messages, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
