/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/msg_fill.h"
#include "tests/unit/tcheck.h"
#include "monitord/core/chronylog.h"
#include "monitord/core/text.h"

#define S    NS_PER_S
#define UTC0 (1795329424 * S) /* 2026-11-22 06:37:04 */

static struct model model;
static struct chronylog chronylog;
static struct chronylog_row rows[CHRONYLOG_ROWS_MAX];

static int setup(void **state)
{
	struct chronylog_options all = {.wanted = {true, true, true, true, true}};

	(void)state;
	model_init(&model);
	chronylog_init(&chronylog, &all);
	return 0;
}

static int feed(const struct msg *m)
{
	model_message(&model, m);
	return chronylog_rows(&chronylog, &model, m, rows);
}

static struct msg from(const char *sender, enum msg_kind kind)
{
	struct msg m = {.kind = kind, .env = {.boot = 7, .seq = 1}};

	(void)snprintf(m.env.sender, sizeof(m.env.sender), "%s", sender);
	return m;
}

static struct msg estimate(uint64_t seq, int64_t raw_ns, int64_t ahead_ns)
{
	struct msg m = from("selectd", MSG_estimate);

	m.env.seq = seq;
	m.u.estimate.status = sync_synchronised;
	m.u.estimate.raw_ns = raw_ns;
	m.u.estimate.utc_ns = UTC0 + raw_ns + ahead_ns;
	return m;
}

static struct msg clock_after(uint64_t seq, int64_t raw_ns, int64_t offset_ns, int64_t steps)
{
	struct msg m = from("disciplined", MSG_clock);

	m.u.clock.status = sync_synchronised;
	m.u.clock.raw_ns = raw_ns;
	m.u.clock.utc_ns = UTC0 + raw_ns - offset_ns;
	m.u.clock.offset_ns = offset_ns;
	m.u.clock.estimate_seq = (int64_t)seq;
	m.u.clock.steps = steps;
	m.u.clock.bound_ns = 5000;
	return m;
}

/* Columns of a row, split at blanks. */
static double column(const char *row, int n)
{
	char copy[CHRONYLOG_ROW_SIZE], *word, *rest = copy;

	(void)snprintf(copy, sizeof(copy), "%s", row);
	while ((word = strtok_r(rest, " ", &rest)) != NULL && n-- > 1)
		;
	assert_non_null(word);
	return strtod(word, NULL);
}

static void only_what_is_wanted_is_written(void **state)
{
	const struct chronylog_options none = {0};
	uint64_t seed = 3;

	(void)state;
	chronylog_init(&chronylog, &none);
	for (int i = 0; i < 2000; i++) {
		struct msg m = fill_msg(
			(enum msg_kind)(1 + fill_random(&seed) % (MSG_KINDS - 1)), true, &seed);

		assert_int_equal(feed(&m), 0);
	}
}

static void tracking_tells_what_the_estimate_moved(void **state)
{
	struct msg m = estimate(1, 10 * S, 0);

	(void)state;
	(void)feed(&m);
	m = clock_after(1, 10 * S, 0, 0);
	assert_int_equal(feed(&m), 1);
	m = estimate(2, 20 * S, -700); /* the former line was 700 ns ahead */
	assert_int_equal(feed(&m), 0);
	m = clock_after(2, 20 * S, -650, 0); /* the clock 650 ns */
	assert_int_equal(feed(&m), 1);
	assert_int_equal(rows[0].file, CHRONYLOG_TRACKING);
	assert_near_double(column(rows[0].text, 7), 700e-9, 1e-12);
	assert_near_double(column(rows[0].text, 11), 50e-9, 1e-12);
	assert_near_double(column(rows[0].text, 14), 5e-6, 1e-12);
	assert_int_equal(feed(&m), 0);
}

static void a_tracking_row_waits_for_its_estimate(void **state)
{
	struct msg m = estimate(1, 10 * S, 0);

	(void)state;
	(void)feed(&m);
	m = clock_after(2, 20 * S, -650, 0); /* overtook estimate 2 */
	assert_int_equal(feed(&m), 0);
	assert_int_equal(feed(&m), 0);
	m = estimate(2, 20 * S, -700);
	assert_int_equal(feed(&m), 1);
	assert_near_double(column(rows[0].text, 7), 700e-9, 1e-12);
	/* an estimate that never comes holds nothing up for ever */
	m = clock_after(3, 30 * S, 5, 0);
	assert_int_equal(feed(&m), 0);
	m = estimate(4, 40 * S, 0);
	assert_int_equal(feed(&m), 0);
	m = clock_after(4, 40 * S, 0, 0);
	assert_int_equal(feed(&m), 2);
	assert_near_double(column(rows[0].text, 7), 0, 1e-15);
	assert_near_double(column(rows[0].text, 11), 5e-9, 1e-15);
}

static void a_step_counts_as_correction(void **state)
{
	struct msg m = clock_after(0, 5 * S, 0, 0);

	(void)state;
	assert_int_equal(feed(&m), 0); /* nothing acted on yet */
	m = estimate(1, 10 * S, 0);
	(void)feed(&m);
	m = clock_after(1, 10 * S, 0, 1);
	m.u.clock.step_ns = -300 * NS_PER_MS;
	assert_int_equal(feed(&m), 1);
	assert_near_double(column(rows[0].text, 11), -0.3, 1e-9);
}

static struct msg reading(int64_t raw_ns, int64_t late_ns)
{
	struct msg m = from("refclockd", MSG_sample);

	(void)snprintf(m.u.sample.source, sizeof(m.u.sample.source), "PHC0");
	m.u.sample.kind = source_kind_phc;
	m.u.sample.raw_ns = raw_ns;
	m.u.sample.utc_ns = UTC0 + raw_ns + late_ns;
	m.u.sample.poll = -2;
	return m;
}

static void readings_are_numbered_in_their_poll_interval(void **state)
{
	struct msg m = from("refclockd", MSG_source);

	(void)state;
	(void)snprintf(m.u.source.source, sizeof(m.u.source.source), "PHC0");
	m.u.source.kind = source_kind_phc;
	m.u.source.mode = source_mode_refclock;
	m.u.source.poll = 0;
	m.u.source.refid = 0x50484330;
	(void)feed(&m);
	m = estimate(1, 0, 0);
	(void)feed(&m);
	for (int i = 0; i < 12; i++) { /* four a second, a little early and late */
		m = reading(10 * S + i * S / 4 + (i % 3 - 1) * NS_PER_MS, 250);
		assert_int_equal(feed(&m), 1);
		assert_int_equal(rows[0].file, CHRONYLOG_REFCLOCKS);
		assert_int_equal((int)column(rows[0].text, 4), 1 + i % 4);
		assert_near_double(column(rows[0].text, 8), 250e-9, 1e-15);
	}
	m.u.sample.reject = reject_noisy;
	assert_int_equal(feed(&m), 0);
}

static void rejected_packets_go_to_raw_measurements_only(void **state)
{
	static const struct {
		enum reject reject;
		bool synced;
	} cases[] = {{reject_ok, true}, {reject_duplicate, false}, {reject_auth, false},
		{reject_unsync, false}, {reject_distance, false}, {reject_delay, true},
		{reject_loop, true}, {reject_kiss, false}};

	(void)state;
	for (int raw = 0; raw < 2; raw++) {
		chronylog.options.raw_measurements = raw;
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct msg m = from("ntpexchd", MSG_sample);

			(void)snprintf(m.u.sample.source, sizeof(m.u.sample.source), "a");
			m.u.sample.reject = cases[i].reject;
			assert_int_equal(feed(&m), raw || cases[i].synced);
		}
	}
}

static void stress_is_the_move_in_deviations(void **state)
{
	struct msg m = from("selectd", MSG_verdict);

	(void)state;
	chronylog.options.wanted[CHRONYLOG_SELECTION] = false;
	(void)snprintf(m.u.verdict.source, sizeof(m.u.verdict.source), "a");
	(void)snprintf(m.u.verdict.publisher, sizeof(m.u.verdict.publisher), "ntpexchd");
	m.u.verdict.samples = 8;
	m.u.verdict.rate_ppb = 100;
	m.u.verdict.rate_sd_ppb = 20;
	m.u.verdict.last_sample_raw_ns = 1;
	assert_int_equal(feed(&m), 1);
	assert_near_double(column(rows[0].text, 9), 0, 1e-12);
	assert_int_equal(feed(&m), 0); /* no new sample */
	m.u.verdict.last_sample_raw_ns = 2;
	m.u.verdict.rate_ppb = 150;
	assert_int_equal(feed(&m), 1);
	assert_near_double(column(rows[0].text, 9), 2.5, 1e-9);
}

static void a_label_is_what_chrony_would_write(void **state)
{
	struct model_source s = {.has_source = true};
	char label[64];

	(void)state;
	chronylog_label(NULL, "name", label);
	assert_string_equal(label, "name");
	(void)snprintf(s.source.address, sizeof(s.source.address), "192.0.2.1");
	chronylog_label(&s, "name", label);
	assert_string_equal(label, "192.0.2.1");
	s.source.mode = source_mode_refclock;
	chronylog_label(&s, "GPS0", label);
	assert_string_equal(label, "GPS0");
	s.source.refid = 0x47505300;
	chronylog_label(&s, "GPS0", label);
	assert_string_equal(label, "GPS");
}

/* The banners name the columns of their rows: as wide, within chrony's own sloppiness. */
static void rows_fit_their_banners(void **state)
{
	uint64_t seed = 5;
	int seen[CHRONYLOG_FILES] = {0};

	(void)state;
	chronylog.options.raw_measurements = true;
	for (int i = 0; i < 20000; i++) {
		enum msg_kind kind = (enum msg_kind)(1 + fill_random(&seed) % (MSG_KINDS - 1));
		struct msg m = fill_msg(kind, true, &seed);
		int count;

		(void)snprintf(m.env.sender, sizeof(m.env.sender), "%s",
			kind == MSG_sample ? "ntpexchd" : "selectd");
		count = feed(&m);
		assert_true(count <= CHRONYLOG_ROWS_MAX);
		for (int n = 0; n < count; n++) {
			size_t length = strlen(rows[n].text);

			seen[rows[n].file]++;
			assert_null(strpbrk(rows[n].text, "\n\r\t"));
			assert_true(length < CHRONYLOG_ROW_SIZE - 1);
			assert_true(length + 12 > strlen(chronylog_banner(rows[n].file)));
		}
	}
	for (int i = 0; i < CHRONYLOG_FILES; i++)
		assert_true(seen[i] > 100);
}

static void more_sources_than_slots(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 2 * MODEL_SOURCES_MAX; i++) {
			struct msg m = reading((round * 200 + i) * S, 0);

			(void)snprintf(m.u.sample.source, sizeof(m.u.sample.source), "s%d", i);
			assert_int_equal(feed(&m), 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_what_is_wanted_is_written, setup),
		cmocka_unit_test_setup(tracking_tells_what_the_estimate_moved, setup),
		cmocka_unit_test_setup(a_tracking_row_waits_for_its_estimate, setup),
		cmocka_unit_test_setup(a_step_counts_as_correction, setup),
		cmocka_unit_test_setup(readings_are_numbered_in_their_poll_interval, setup),
		cmocka_unit_test_setup(rejected_packets_go_to_raw_measurements_only, setup),
		cmocka_unit_test_setup(stress_is_the_move_in_deviations, setup),
		cmocka_unit_test_setup(a_label_is_what_chrony_would_write, setup),
		cmocka_unit_test_setup(rows_fit_their_banners, setup),
		cmocka_unit_test_setup(more_sources_than_slots, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
