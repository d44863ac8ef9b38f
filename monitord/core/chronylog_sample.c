/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include "monitord/core/chronylog_private.h"

#define POLL_SHIFT_MAX 24

/* ---- measurements.log ---- */

/* The ten tests of RFC 5905 section 9 that chrony counts, in its order; false: failed. */
enum test { TEST_1, TEST_2, TEST_3, TEST_5, TEST_6, TEST_7, TEST_A, TEST_B, TEST_C, TEST_D, TESTS };

static enum test failed_test(enum reject reject)
{
	switch (reject) {
	case reject_ok:
		return TESTS;
	case reject_duplicate:
		return TEST_1;
	case reject_bogus:
		return TEST_2;
	case reject_invalid:
	case reject_format:
		return TEST_3;
	case reject_auth:
		return TEST_5;
	case reject_unsync:
	case reject_kiss:
		return TEST_6;
	case reject_distance:
		return TEST_7;
	case reject_delay_ratio:
		return TEST_B;
	case reject_loop:
		return TEST_D;
	case reject_delay:
	case reject_stale:
	case reject_future:
	case reject_noisy:
	case reject_unlocked:
	case reject_edge:
	case reject_tai:
	case reject_second:
	case reject_jump:
	case reject_count:
		break;
	}
	return TEST_A;
}

static char stamp_letter(enum stamp stamp)
{
	return stamp == stamp_hardware ? 'H' : stamp == stamp_kernel ? 'K' : 'D';
}

static void tests_add(struct text *t, enum test failed)
{
	for (int i = 0; i < TESTS; i++)
		text_add(t, "%s%d", i == TEST_5 || i == TEST_A ? " " : "", i != (int)failed);
}

static void measurement(const struct model *m, const struct model_source *source,
	const struct msg_sample *s, struct chronylog_row *row)
{
	struct ts_raw raw = {s->raw_ns};
	struct text t =
		chronylog_begin(row, CHRONYLOG_MEASUREMENTS, m, raw, (struct ts_utc){s->utc_ns});
	bool peer = source && source->has_source && source->source.mode == source_mode_peer;
	char label[64];

	chronylog_label(source, s->source, label);
	text_add(&t, " %-15s %c %2d ", label, chronylog_leap(s->leap), (int)s->stratum);
	tests_add(&t, failed_test(s->reject));
	text_add(&t, "  %2d %2d %4.2f %10.3e %10.3e %10.3e %10.3e %10.3e %08" PRIX32 " %d%c %c %c",
		(int)s->poll, (int)s->poll, 0.0,
		0 - chronylog_local_minus(m, raw, (struct ts_utc){s->utc_ns}),
		(double)s->delay_ns * 1e-9, (double)s->dispersion_ns * 1e-9,
		(double)s->root_delay_ns * 1e-9, (double)s->root_dispersion_ns * 1e-9,
		(uint32_t)s->refid, peer ? 1 : 4, s->interleaved ? 'I' : 'B',
		stamp_letter(s->tx_stamp), stamp_letter(s->rx_stamp));
}

/* ---- refclocks.log ---- */

/* Number of the reading within its poll interval, from 1. */
static int reading_number(struct chronylog_source *state, const struct model_source *source,
	const struct msg_sample *s)
{
	int64_t poll = source && source->has_source ? source->source.poll : s->poll;
	int64_t interval_ns = poll < 0
				      ? NS_PER_S >> -poll
				      : NS_PER_S << (poll < POLL_SHIFT_MAX ? poll : POLL_SHIFT_MAX);

	/* half a reading early is on time */
	if (state->sequence == 0 ||
		s->raw_ns - state->interval_raw_ns >= interval_ns - interval_ns / 16) {
		state->interval_raw_ns = s->raw_ns;
		state->sequence = 0;
	}
	return ++state->sequence;
}

static void reading(struct chronylog *log, const struct model *m, const struct model_source *source,
	const char *publisher, const struct msg_sample *s, struct chronylog_row *row)
{
	struct chronylog_source *state = chronylog_source(log, publisher, s->source);
	struct ts_raw raw = {s->raw_ns};
	struct ts_utc utc = {s->utc_ns};
	struct text t = chronylog_begin(row, CHRONYLOG_REFCLOCKS, m, raw, utc);
	struct ts_line clock;
	double cooked_s = 0 - chronylog_local_minus(m, raw, utc);
	double raw_s = cooked_s;
	char label[64];

	if (model_clock_line(m, &clock))
		raw_s = ts_dur_to_s(ts_utc_sub(utc, ts_line_at(&clock, raw)));
	chronylog_label(source, s->source, label);
	text_add(&t, " %-5s %3d %c %d %13.6e %13.6e %10.3e", label,
		reading_number(state, source, s), chronylog_leap(s->leap), s->pulse, raw_s,
		cooked_s, (double)s->dispersion_ns * 1e-9);
}

/* ---- both ---- */

/* chrony's "measurements" are those that passed tests 1 to 7. */
static bool is_synced(enum reject reject)
{
	return failed_test(reject) >= TEST_A;
}

int chronylog_sample(struct chronylog *log, const struct model *m, const struct msg *message,
	struct chronylog_row *rows)
{
	const struct msg_sample *s = &message->u.sample;
	const struct model_source *source = model_find(m, message->env.sender, s->source);
	const struct chronylog_options *o = &log->options;

	if (s->kind != source_kind_ntp) {
		if (!o->wanted[CHRONYLOG_REFCLOCKS] || s->reject != reject_ok)
			return 0;
		reading(log, m, source, message->env.sender, s, rows);
		return 1;
	}
	if (!o->wanted[CHRONYLOG_MEASUREMENTS] || (!o->raw_measurements && !is_synced(s->reject)))
		return 0;
	measurement(m, source, s, rows);
	return 1;
}
