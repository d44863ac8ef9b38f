/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "monitord/core/chronylog_private.h"

static void label_of_selected(const struct model *m, const char *name, char label[64])
{
	const struct model_source *source = NULL;

	for (unsigned int i = 0; i < m->source_count; i++) {
		if (!strcmp(m->sources[i].name, name))
			source = &m->sources[i];
	}
	chronylog_label(source, *name ? name : "0.0.0.0", label);
}

/*
 * chrony: "offset" is how far the former idea of true time was ahead of the new one, "remaining
 * correction" how slow the clock was against the former idea. Their difference is what the clock
 * has to make up now, or has made up by a step just done.
 */
static void offsets(const struct chronylog *log, const struct model *m, const struct msg_clock *c,
	double *ret_offset_s, double *ret_remaining_s)
{
	const struct model_update *u = model_update(m, (uint64_t)c->estimate_seq);
	int64_t offset_ns = u ? u->offset_ns : 0;
	int64_t slow_ns = c->offset_ns;

	if (log->has_steps && c->steps > log->steps)
		slow_ns = ts_sat_add(slow_ns, c->step_ns);
	*ret_offset_s = (double)offset_ns * 1e-9;
	*ret_remaining_s = (double)ts_sat_add(slow_ns, offset_ns) * 1e-9;
}

/* chrony's is of the time that the clock is being slewed to; what it is off by stands beside it. */
static int64_t root_dispersion_ns(const struct msg_clock *c)
{
	int64_t off_ns = c->offset_ns < 0 ? ts_sat_sub(0, c->offset_ns) : c->offset_ns;

	return c->root_dispersion_ns > off_ns ? c->root_dispersion_ns - off_ns : 0;
}

static void row_of(const struct chronylog *log, const struct model *m, const struct msg_clock *c,
	struct chronylog_row *row)
{
	bool synced = c->status != sync_unsynchronised;
	double offset_s, remaining_s, offset_sd_s = c->offset_sd_ns * 1e-9;
	struct text t = chronylog_begin(
		row, CHRONYLOG_TRACKING, m, (struct ts_raw){c->raw_ns}, (struct ts_utc){c->utc_ns});
	char label[64];

	label_of_selected(m, synced ? c->selected : "", label);
	offsets(log, m, c, &offset_s, &remaining_s);
	if (m->has_estimate && !(offset_sd_s > 0))
		offset_sd_s = m->estimate.offset_sd_ns * 1e-9;
	text_add(&t, " %-15s %2d %10.3f %10.3f %10.3e %c %2d %10.3e %10.3e %10.3e %10.3e %10.3e",
		label, synced ? (int)c->stratum : 0, 0 - c->frequency_ppb * 1e-3,
		c->skew_ppb * 1e-3, offset_s, synced ? chronylog_leap(c->leap) : '?',
		synced && m->has_estimate ? (int)m->estimate.combined : 0, offset_sd_s, remaining_s,
		(double)c->root_delay_ns * 1e-9, (double)root_dispersion_ns(c) * 1e-9,
		(double)c->bound_ns * 1e-9);
}

static int write_waiting(struct chronylog *log, const struct model *m, struct chronylog_row *row)
{
	if (!log->waiting)
		return 0;
	row_of(log, m, &log->clock, row);
	log->waiting = false;
	log->has_tracking = log->has_steps = true;
	log->estimate_seq = log->clock.estimate_seq;
	log->steps = log->clock.steps;
	return 1;
}

int chronylog_tracking_late(
	struct chronylog *log, const struct model *m, struct chronylog_row *rows)
{
	if (!log->waiting || !model_update(m, (uint64_t)log->clock.estimate_seq))
		return 0;
	return write_waiting(log, m, rows);
}

int chronylog_tracking(struct chronylog *log, const struct model *m, const struct msg_clock *c,
	struct chronylog_row *rows)
{
	bool acted = c->estimate_seq != 0 &&
		     !(log->has_tracking && c->estimate_seq == log->estimate_seq) &&
		     !(log->waiting && c->estimate_seq == log->clock.estimate_seq);
	int count;

	if (!log->options.wanted[CHRONYLOG_TRACKING])
		return 0;
	if (!acted) {
		/* a step between two estimates is not an answer to the next one */
		if (!log->waiting) {
			log->has_steps = true;
			log->steps = c->steps;
		}
		return 0;
	}
	/* one whose estimate never came goes out as it is */
	count = write_waiting(log, m, rows);
	log->waiting = true;
	log->clock = *c;
	return count + chronylog_tracking_late(log, m, rows + count);
}
