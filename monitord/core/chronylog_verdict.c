/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include "monitord/core/chronylog_private.h"

/* ---- selection.log ---- */

static char unusable_letter(enum verdict_reason reason)
{
	switch (reason) {
	case verdict_reason_noselect:
		return 'N';
	case verdict_reason_unsync:
	case verdict_reason_loop:
		return 's';
	case verdict_reason_stratum:
		return 'r';
	case verdict_reason_distance:
		return 'd';
	case verdict_reason_jitter:
		return '~';
	case verdict_reason_waiting:
		return 'w';
	case verdict_reason_stale:
		return 'S';
	case verdict_reason_trust:
		return 'T';
	case verdict_reason_majority:
	case verdict_reason_no_majority:
		return 'x';
	case verdict_reason_too_few:
	case verdict_reason_require:
		return 'W';
	case verdict_reason_prefer:
		return 'P';
	case verdict_reason_weight:
		return 'D';
	case verdict_reason_ok:
	case verdict_reason_no_samples:
	case verdict_reason_unreachable:
	case verdict_reason_pulse:
	case verdict_reason_count:
		break;
	}
	return 'M';
}

static char state_letter(const struct msg_verdict *v)
{
	switch (v->state) {
	case verdict_state_selected:
		return '*';
	case verdict_state_combined:
		return '+';
	case verdict_state_falseticker:
		return v->reason == verdict_reason_trust ? 'T' : 'x';
	case verdict_state_unstable:
		return '~';
	case verdict_state_excluded:
		return v->reason == verdict_reason_ok ? 'D' : unusable_letter(v->reason);
	case verdict_state_unusable:
	case verdict_state_count:
		break;
	}
	return unusable_letter(v->reason);
}

static void selection(const struct model *m, const struct model_source *source, const char *label,
	const struct msg_verdict *v, struct chronylog_row *row)
{
	struct text t = chronylog_begin(
		row, CHRONYLOG_SELECTION, m, (struct ts_raw){v->raw_ns}, (struct ts_utc){0});
	static const struct msg_source none;
	const struct msg_source *s = source && source->has_source ? &source->source : &none;
	double age_s = v->last_sample_raw_ns > 0
			       ? (double)ts_sat_sub(v->raw_ns, v->last_sample_raw_ns) * 1e-9
			       : 0;

	/* the interval holds the own clock's offset there, the true time's offset here */
	text_add(&t, " %-15s %c -%c%c%c%c %4" PRIo64 " %5.2f %10.3e %10.3e %10.3e", label,
		state_letter(v), s->noselect ? 'N' : '-', s->prefer ? 'P' : '-',
		s->trust ? 'T' : '-', s->require ? 'R' : '-', (uint64_t)s->reach,
		(double)v->score_permille * 1e-3, age_s, 0 - (double)v->high_ns * 1e-9,
		0 - (double)v->low_ns * 1e-9);
}

/* ---- statistics.log ---- */

/* How far the rate moved, in deviations of the former one. */
static double stress(const struct chronylog_source *state, const struct msg_verdict *v)
{
	if (!state->has_rate || !(state->rate_sd_ppb > 0))
		return 0;
	return fabs(v->rate_ppb - state->rate_ppb) / state->rate_sd_ppb;
}

/*
 * chrony writes its row before it takes the new estimate over: against the former idea of time.
 * The verdict is against the new one.
 */
static void statistics(const struct model *m, const struct model_source *source, const char *label,
	const struct chronylog_source *state, const struct msg_verdict *v,
	struct chronylog_row *row)
{
	struct text t = chronylog_begin(
		row, CHRONYLOG_STATISTICS, m, (struct ts_raw){v->raw_ns}, (struct ts_utc){0});
	double asymmetry = source && source->has_source ? source->source.asymmetry : 0;
	bool updated = m->updated && v->raw_ns == m->estimate.raw_ns;
	int64_t fast_ns = ts_sat_sub(updated ? m->last_offset_ns : 0, v->offset_ns);
	double gain_ppb = (updated ? m->last_rate_ppb : 0) - v->rate_ppb;

	text_add(&t, " %-15s %10.3e %10.3e %10.3e %10.3e %10.3e %7.1e %3d %3d %3d %5.2f", label,
		v->jitter_ns * 1e-9, (double)fast_ns * 1e-9, v->offset_sd_ns * 1e-9,
		gain_ppb * 1e-9, v->rate_sd_ppb * 1e-9, stress(state, v), (int)v->samples, 0,
		(int)v->runs, asymmetry);
}

/* The filtered row of a reference clock. */
static void filtered(const struct model *m, const char *label, const struct msg_verdict *v,
	struct chronylog_row *row)
{
	struct text t = chronylog_begin(row, CHRONYLOG_REFCLOCKS, m,
		(struct ts_raw){v->last_sample_raw_ns}, (struct ts_utc){0});

	text_add(&t, " %-5s   - %c -       -       %13.6e %10.3e", label, chronylog_leap(v->leap),
		(double)v->offset_ns * 1e-9, v->offset_sd_ns * 1e-9);
}

int chronylog_verdict(struct chronylog *log, const struct model *m, const struct msg_verdict *v,
	struct chronylog_row *rows)
{
	const struct model_source *source = model_find(m, v->publisher, v->source);
	struct chronylog_source *state = chronylog_source(log, v->publisher, v->source);
	bool fresh = v->last_sample_raw_ns > state->last_sample_raw_ns;
	const bool *wanted = log->options.wanted;
	char label[64];
	int count = 0;

	chronylog_label(source, v->source, label);
	if (fresh && v->samples > 0 && wanted[CHRONYLOG_STATISTICS])
		statistics(m, source, label, state, v, &rows[count++]);
	if (fresh && v->kind != source_kind_ntp && wanted[CHRONYLOG_REFCLOCKS])
		filtered(m, label, v, &rows[count++]);
	if (wanted[CHRONYLOG_SELECTION])
		selection(m, source, label, v, &rows[count++]);
	if (fresh) {
		state->last_sample_raw_ns = v->last_sample_raw_ns;
		state->has_rate = v->samples > 0;
		state->rate_ppb = v->rate_ppb;
		state->rate_sd_ppb = v->rate_sd_ppb;
	}
	return count;
}
