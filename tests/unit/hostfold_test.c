/* SPDX-License-Identifier: MIT */
/* The host's error in a guest's samples. */
#include "tcheck.h"

#include <stdio.h>
#include <string.h>

#include "refclockd/core/hostfold.h"

#define T0   (1000 * NS_PER_S) /* of the guest's raw clock */
#define H0   (77 * NS_PER_S)   /* at the same time on the host's */
#define SEC  NS_PER_S
#define MS   NS_PER_MS
#define US   NS_PER_US
#define BOOT 4711

static struct ts_raw at(int64_t after_ns)
{
	return (struct ts_raw){T0 + after_ns};
}

/* What a host in order says: as of made_ns after the start, sent at sent_ns. */
static struct msg word(int64_t made_ns, int64_t sent_ns)
{
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.kind = MSG_clock;
	m.env.boot = BOOT;
	m.env.sent_raw_ns = H0 + sent_ns;
	m.u.clock.mode = clock_mode_realtime;
	m.u.clock.status = sync_synchronised;
	m.u.clock.raw_ns = H0 + made_ns;
	m.u.clock.stratum = 2;
	m.u.clock.root_delay_ns = 300 * US;
	m.u.clock.root_dispersion_ns = 200 * US;
	m.u.clock.bound_ns = 350 * US;
	m.u.clock.bound_drift_ppb = 1000;
	return m;
}

static struct msg_sample sample(int64_t after_ns)
{
	struct msg_sample s;

	memset(&s, 0, sizeof(s));
	s.raw_ns = T0 + after_ns;
	s.root_delay_ns = 10;
	s.root_dispersion_ns = 20;
	return s;
}

static struct msg_sample folded(const struct hostfold *f, int64_t after_ns)
{
	struct msg_sample s = sample(after_ns);

	hostfold_sample(f, &s);
	return s;
}

static void begin(struct hostfold *f)
{
	static const struct hostfold_config config = {.drift_ppb = 15000, .error_ns = SEC};

	hostfold_init(f, &config, at(0));
	hostfold_on_link(f, at(0), HOSTFOLD_UP, NULL);
}

static void hear(struct hostfold *f, int64_t after_ns)
{
	struct msg m = word(after_ns, after_ns);

	hostfold_on_clock(f, at(after_ns), &m);
}

static void expect_event(struct hostfold *f, enum event_code code, const char *part)
{
	struct hostfold_event e;

	assert_true(hostfold_next_event(f, &e));
	assert_string_equal(event_word(e.code), event_word(code));
	assert_non_null(strstr(e.text, part));
	assert_false(hostfold_next_event(f, &e));
}

static void expect_void(const struct msg_sample *s)
{
	assert_int_equal(s->leap, leap_unsync);
	assert_i64_equal(s->stratum, 16);
	assert_i64_equal(s->root_dispersion_ns, HOSTFOLD_ERROR_MAX_NS);
}

static void a_host_not_heard_is_off_by_the_configured_error_and_drifts(void **state)
{
	struct hostfold f;
	struct msg_sample s;

	(void)state;
	begin(&f);
	s = folded(&f, 100 * SEC);
	assert_i64_equal(s.root_dispersion_ns, 20 + SEC + 1500 * US);
	assert_i64_equal(s.root_delay_ns, 10);
	assert_i64_equal(s.stratum, 0);
	assert_int_equal(s.leap, leap_none);
	assert_int_equal(f.state, host_state_waiting);
	assert_true(ts_raw_is_never(hostfold_deadline(&f)));
}

static void a_device_cannot_vouch_for_a_host_not_heard(void **state)
{
	struct msg_sample s = sample(0);
	struct hostfold f;

	(void)state;
	begin(&f);
	s.bound_ns = 5;
	hostfold_sample(&f, &s);
	assert_i64_equal(s.bound_ns, 0);
}

static void without_an_error_for_it_a_host_must_be_heard_first(void **state)
{
	static const struct hostfold_config config = {.drift_ppb = 15000};
	struct msg_sample s;
	struct hostfold f;

	(void)state;
	hostfold_init(&f, &config, at(0));
	s = folded(&f, SEC);
	expect_void(&s);
	hear(&f, SEC);
	s = folded(&f, SEC);
	assert_i64_equal(s.stratum, 2);
	assert_int_equal(s.leap, leap_none);
}

static void what_the_host_says_is_added(void **state)
{
	struct msg_sample s = sample(0);
	struct hostfold f;

	(void)state;
	begin(&f);
	hear(&f, 0);
	expect_event(&f, EVENT_host_heard, "stratum 2");
	s.bound_ns = 7;
	hostfold_sample(&f, &s);
	assert_i64_equal(s.root_delay_ns, 10 + 300 * US);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US);
	assert_i64_equal(s.bound_ns, 7 + 350 * US);
	assert_i64_equal(s.stratum, 2);
	assert_int_equal(s.leap, leap_none);
	assert_int_equal(s.reject, reject_ok);
}

static void a_rejected_sample_stays_as_it_is(void **state)
{
	struct msg_sample s = sample(0), before;
	struct hostfold f;

	(void)state;
	begin(&f);
	hear(&f, 0);
	s.reject = reject_jump;
	before = s;
	hostfold_sample(&f, &s);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void the_error_grows_with_the_age_as_the_host_says(void **state)
{
	struct msg m = word(-5 * SEC, 0); /* 5 s old when it was sent */
	struct msg_sample s;
	struct hostfold f;

	(void)state;
	begin(&f);
	hostfold_on_clock(&f, at(0), &m);
	s = folded(&f, 0);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US + 5 * US);
	assert_i64_equal(s.bound_ns, 350 * US + 5 * US);
	s = folded(&f, 10 * SEC);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US + 15 * US);
	/* a sample from before the word: nothing is taken off */
	s = folded(&f, -60 * SEC);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US);
}

static void time_on_the_way_counts_as_age(void **state)
{
	struct msg m = word(0, 0);
	struct msg_sample s;
	struct hostfold f;

	(void)state;
	begin(&f);
	hostfold_on_clock(&f, at(0), &m);
	/* stalled for 6 s; the two raw clocks may have run apart by 200 ppm of 8 s meanwhile */
	m = word(2 * SEC, 2 * SEC);
	hostfold_on_clock(&f, at(8 * SEC), &m);
	s = folded(&f, 8 * SEC);
	assert_i64_range(s.root_dispersion_ns, 20 + 200 * US + 5998, 20 + 200 * US + 6001);
	/* another boot of the host has another clock */
	m = word(2 * SEC, 2 * SEC);
	m.env.boot++;
	hostfold_on_clock(&f, at(9 * SEC), &m);
	s = folded(&f, 9 * SEC);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US);
}

static void silence_makes_it_grow_as_configured(void **state)
{
	struct msg_sample s, before;
	struct hostfold f;

	(void)state;
	begin(&f);
	hear(&f, 0);
	expect_event(&f, EVENT_host_heard, "");
	assert_i64_equal(hostfold_deadline(&f).ns, at(HOSTFOLD_SILENT_NS).ns);
	hostfold_on_deadline(&f, at(HOSTFOLD_SILENT_NS - 1));
	assert_int_equal(f.state, host_state_heard);
	before = folded(&f, HOSTFOLD_SILENT_NS);
	hostfold_on_deadline(&f, at(HOSTFOLD_SILENT_NS));
	assert_int_equal(f.state, host_state_silent);
	expect_event(&f, EVENT_host_silent, "silent");
	assert_true(ts_raw_is_never(hostfold_deadline(&f)));
	s = folded(&f, HOSTFOLD_SILENT_NS); /* without a step */
	assert_i64_equal(s.root_dispersion_ns, before.root_dispersion_ns);
	s = folded(&f, HOSTFOLD_SILENT_NS + 100 * SEC);
	assert_i64_range(
		s.root_dispersion_ns - before.root_dispersion_ns, 1500 * US, 1500 * US + 2);
	assert_i64_range(s.bound_ns - before.bound_ns, 1500 * US, 1500 * US + 2);
	assert_i64_equal(s.stratum, 2);
	hear(&f, 200 * SEC);
	expect_event(&f, EVENT_host_heard, "");
	s = folded(&f, 200 * SEC);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US);
}

static void a_host_that_claims_more_drift_than_configured_is_believed(void **state)
{
	struct msg m = word(0, 0);
	struct msg_sample s;
	struct hostfold f;

	(void)state;
	begin(&f);
	m.u.clock.bound_drift_ppb = 1e6;
	hostfold_on_clock(&f, at(0), &m);
	hostfold_on_deadline(&f, at(HOSTFOLD_SILENT_NS));
	s = folded(&f, HOSTFOLD_SILENT_NS + SEC);
	assert_i64_equal(s.root_dispersion_ns, 20 + 200 * US + 25 * MS);
}

static void a_lost_connection_is_silence_after_a_moment_of_grace(void **state)
{
	struct hostfold f;

	(void)state;
	begin(&f);
	hear(&f, 0);
	hostfold_on_link(&f, at(SEC), HOSTFOLD_DOWN, NULL);
	assert_i64_equal(hostfold_deadline(&f).ns, at(SEC + HOSTFOLD_GRACE_NS).ns);
	/* back in time */
	hostfold_on_link(&f, at(2 * SEC), HOSTFOLD_UP, NULL);
	hostfold_on_deadline(&f, at(SEC + HOSTFOLD_GRACE_NS));
	assert_int_equal(f.state, host_state_heard);
	hostfold_on_link(&f, at(5 * SEC), HOSTFOLD_DOWN, NULL);
	hostfold_on_deadline(&f, at(5 * SEC + HOSTFOLD_GRACE_NS));
	assert_int_equal(f.state, host_state_silent);
	/* a connection is no word yet */
	hostfold_on_link(&f, at(9 * SEC), HOSTFOLD_UP, NULL);
	assert_int_equal(f.state, host_state_silent);
	hear(&f, 9 * SEC);
	assert_int_equal(f.state, host_state_heard);
}

static void refusals_are_states_that_a_lost_connection_does_not_hide(void **state)
{
	static const struct {
		enum hostfold_link link;
		enum host_state state;
		const char *text;
	} cases[] = {
		{HOSTFOLD_STRANGE, host_state_strange, "hostkey"},
		{HOSTFOLD_DENIED, host_state_denied, "allow"},
		{HOSTFOLD_FAILED, host_state_failed, "/etc/key is not there"},
	};
	struct msg_source source;
	struct hostfold f;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(&f);
		hostfold_on_link(&f, at(SEC), cases[i].link, "/etc/key is not there");
		assert_int_equal(f.state, cases[i].state);
		expect_event(&f, EVENT_host_refused, cases[i].text);
		memset(&source, 0, sizeof(source));
		hostfold_source(&f, at(SEC), &source);
		assert_int_equal(source.host, cases[i].state);
		assert_non_null(strstr(source.error, cases[i].text));
		if (cases[i].link != HOSTFOLD_FAILED) {
			hostfold_on_link(&f, at(SEC), HOSTFOLD_DOWN, NULL);
			assert_int_equal(f.state, cases[i].state);
		}
		hostfold_on_link(&f, at(2 * SEC), HOSTFOLD_UP, NULL);
		assert_int_equal(f.state, host_state_waiting);
		hear(&f, 2 * SEC);
		assert_int_equal(f.state, host_state_heard);
	}
	/* one that was heard before: its error grows meanwhile */
	hostfold_on_link(&f, at(3 * SEC), HOSTFOLD_DENIED, NULL);
	hostfold_on_deadline(&f, at(3 * SEC + HOSTFOLD_GRACE_NS));
	assert_int_equal(f.state, host_state_denied);
	assert_i64_range(folded(&f, 3 * SEC + HOSTFOLD_GRACE_NS + 100 * SEC).root_dispersion_ns,
		20 + 1700 * US, 20 + 1700 * US + 10 * US);
}

static void an_unsynchronised_host_makes_unsynchronised_samples(void **state)
{
	struct msg_source source = {.stratum = 0};
	struct msg_sample s;
	struct hostfold f;
	struct msg m;

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(&f);
		m = word(0, 0);
		if (i == 0)
			m.u.clock.status = sync_unsynchronised;
		else if (i == 1)
			m.u.clock.leap = leap_unsync;
		else
			m.u.clock.stratum = 16;
		hostfold_on_clock(&f, at(0), &m);
		expect_event(&f, EVENT_host_unsynchronised, "not synchronised");
		s = folded(&f, 0);
		expect_void(&s);
		assert_int_equal(s.reject, reject_ok); /* the reading itself is good */
		hear(&f, SEC);
		assert_int_equal(folded(&f, SEC).leap, leap_none);
	}
	hostfold_on_clock(&f, at(2 * SEC), &m);
	hostfold_source(&f, at(2 * SEC), &source);
	assert_i64_equal(source.stratum, 16);
	assert_int_equal(source.leap, leap_unsync);
	assert_i64_equal(source.host_raw_ns, T0 + 2 * SEC);
	/* its last word was that it does not know: silence makes that no better */
	hostfold_on_deadline(&f, at(60 * SEC));
	assert_int_equal(f.state, host_state_silent);
	s = folded(&f, 60 * SEC);
	expect_void(&s);
}

static void a_host_that_steers_another_clock_says_nothing_of_this_one(void **state)
{
	static const enum clock_mode modes[] = {clock_mode_none, clock_mode_shadow};
	struct msg_sample s;
	struct hostfold f;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct msg m = word(0, 0);

		begin(&f);
		m.u.clock.mode = modes[i];
		hostfold_on_clock(&f, at(0), &m);
		assert_int_equal(f.state, host_state_elsewhere);
		expect_event(&f, EVENT_host_unsynchronised, "kernel's clock");
		s = folded(&f, 0);
		expect_void(&s);
		f.config.any_clock = true;
		assert_i64_equal(folded(&f, 0).stratum, 2);
	}
}

static void holdover_at_the_host_is_no_reason(void **state)
{
	struct msg m = word(0, 0);
	struct hostfold f;

	(void)state;
	begin(&f);
	m.u.clock.status = sync_holdover;
	hostfold_on_clock(&f, at(0), &m);
	assert_int_equal(f.state, host_state_heard);
	assert_i64_equal(folded(&f, 0).stratum, 2);
}

static void the_higher_stratum_counts(void **state)
{
	struct msg_sample s = sample(0);
	struct hostfold f;

	(void)state;
	begin(&f);
	hear(&f, 0);
	s.stratum = 5;
	hostfold_sample(&f, &s);
	assert_i64_equal(s.stratum, 5);
}

static void the_hosts_leap_second_is_announced_but_not_for_ever(void **state)
{
	static const enum leap leaps[] = {leap_insert, leap_remove};
	struct hostfold f;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct msg m = word(0, 0);

		begin(&f);
		m.u.clock.leap = leaps[i];
		hostfold_on_clock(&f, at(0), &m);
		assert_int_equal(folded(&f, 0).leap, leaps[i]);
		hostfold_on_deadline(&f, at(HOSTFOLD_SILENT_NS));
		assert_int_equal(folded(&f, HOSTFOLD_LEAP_NS - 1).leap, leaps[i]);
		assert_int_equal(folded(&f, HOSTFOLD_LEAP_NS).leap, leap_none);
	}
}

static void an_error_that_does_not_fit_is_no_error_bound(void **state)
{
	struct msg m = word(0, 0);
	struct msg_sample s;
	struct hostfold f;

	(void)state;
	begin(&f);
	m.u.clock.root_dispersion_ns = HOSTFOLD_ERROR_MAX_NS - 20;
	hostfold_on_clock(&f, at(0), &m);
	assert_i64_equal(folded(&f, 0).root_dispersion_ns, HOSTFOLD_ERROR_MAX_NS);
	assert_i64_equal(folded(&f, 0).stratum, 2);
	s = folded(&f, SEC);
	expect_void(&s);
	m.u.clock.root_dispersion_ns = m.u.clock.root_delay_ns = INT64_MAX;
	m.u.clock.raw_ns = 0;
	m.u.clock.bound_ns = INT64_MAX;
	m.u.clock.bound_drift_ppb = 1e9;
	hostfold_on_clock(&f, at(0), &m);
	s = folded(&f, INT64_MAX / 2);
	expect_void(&s);
	assert_i64_range(s.root_delay_ns, 0, HOSTFOLD_ERROR_MAX_NS);
}

static void stamps_of_the_host_may_be_anything(void **state)
{
	static const int64_t stamps[] = {0, 1, INT64_MAX, INT64_MAX - 1, H0};
	struct hostfold f;

	(void)state;
	begin(&f);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5; j++) {
			struct msg m = word(0, 0);
			struct msg_sample s;

			m.env.sent_raw_ns = stamps[i];
			m.u.clock.raw_ns = stamps[j];
			hostfold_on_clock(&f, at(i + j), &m);
			hostfold_on_deadline(&f, at(i + j));
			s = folded(&f, i + j);
			assert_i64_range(
				s.root_dispersion_ns, 20 + 200 * US, HOSTFOLD_ERROR_MAX_NS);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_not_heard_is_off_by_the_configured_error_and_drifts),
		cmocka_unit_test(a_device_cannot_vouch_for_a_host_not_heard),
		cmocka_unit_test(without_an_error_for_it_a_host_must_be_heard_first),
		cmocka_unit_test(what_the_host_says_is_added),
		cmocka_unit_test(a_rejected_sample_stays_as_it_is),
		cmocka_unit_test(the_error_grows_with_the_age_as_the_host_says),
		cmocka_unit_test(time_on_the_way_counts_as_age),
		cmocka_unit_test(silence_makes_it_grow_as_configured),
		cmocka_unit_test(a_host_that_claims_more_drift_than_configured_is_believed),
		cmocka_unit_test(a_lost_connection_is_silence_after_a_moment_of_grace),
		cmocka_unit_test(refusals_are_states_that_a_lost_connection_does_not_hide),
		cmocka_unit_test(an_unsynchronised_host_makes_unsynchronised_samples),
		cmocka_unit_test(a_host_that_steers_another_clock_says_nothing_of_this_one),
		cmocka_unit_test(holdover_at_the_host_is_no_reason),
		cmocka_unit_test(the_higher_stratum_counts),
		cmocka_unit_test(the_hosts_leap_second_is_announced_but_not_for_ever),
		cmocka_unit_test(an_error_that_does_not_fit_is_no_error_bound),
		cmocka_unit_test(stamps_of_the_host_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
