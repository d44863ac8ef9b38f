/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include "monitord/core/table.h"

static void label(struct text *t, const char *word)
{
	text_add(t, "%-16s: ", word);
}

static void line_unknown(struct text *t, const char *word)
{
	label(t, word);
	text_add(t, "not known\n");
}

static void line_seconds(struct text *t, const char *word, int64_t ns)
{
	label(t, word);
	text_add(t, "%.9f seconds\n", (double)ns * 1e-9);
}

/* ---- what chronyc tracking shows ---- */

struct reference {
	bool synced;
	uint32_t refid;
	const char *name;
	int64_t stratum, utc_ns;
	enum leap leap;
};

static struct reference reference_of(const struct model *m)
{
	const struct msg_clock *c = &m->clock;
	const struct msg_estimate *e = &m->estimate;

	if (m->has_clock && c->status != sync_unsynchronised)
		return (struct reference){true, (uint32_t)c->refid, c->selected, c->stratum,
			c->reference_utc_ns, c->leap};
	if (!m->has_clock && m->has_estimate && e->status != sync_unsynchronised)
		return (struct reference){
			true, (uint32_t)e->refid, e->selected, e->stratum, e->utc_ns, e->leap};
	return (struct reference){.name = "", .leap = leap_unsync};
}

static void lines_reference(struct text *t, const struct reference *r)
{
	label(t, "Reference ID");
	text_add(t, "%08" PRIX32 " (%s)\n", r->refid, r->name);
	label(t, "Stratum");
	text_add(t, "%" PRId64 "\n", r->stratum);
	label(t, "Ref time (UTC)");
	text_date_long(t, (struct ts_utc){r->utc_ns});
	text_add(t, "\n");
}

static void lines_offset(struct text *t, const struct model *m, struct ts_raw now)
{
	int64_t offset_ns = model_offset_ns(m, now);

	if (m->has_clock && m->clock.status != sync_unsynchronised) {
		label(t, "System time");
		text_add(t, "%.9f seconds %s of estimate\n", fabs((double)offset_ns * 1e-9),
			offset_ns > 0 ? "slow" : "fast");
	} else {
		line_unknown(t, "System time");
	}
	if (m->has_update) {
		label(t, "Last offset");
		text_add(t, "%+.9f seconds\n", (double)m->last_offset_ns * 1e-9);
		label(t, "RMS offset");
		text_add(t, "%.9f seconds\n", sqrt(m->mean_square_ns2) * 1e-9);
	} else {
		line_unknown(t, "Last offset");
		line_unknown(t, "RMS offset");
	}
}

static void lines_frequency(struct text *t, const struct model *m)
{
	/* ours is what the reference runs faster; chrony's what the clock would */
	double fast_ppm = 0 - 1e-3 * (m->has_clock ? m->clock.frequency_ppb : m->estimate.rate_ppb);
	double residual_ppm = 0;

	if (m->has_clock && m->has_estimate)
		residual_ppm = 1e-3 * (m->clock.frequency_ppb - m->estimate.rate_ppb);
	label(t, "Frequency");
	text_add(t, "%.3f ppm %s\n", fabs(fast_ppm), fast_ppm > 0 ? "fast" : "slow");
	label(t, "Residual freq");
	text_add(t, "%+.3f ppm\n", residual_ppm);
	label(t, "Skew");
	text_add(t, "%.3f ppm\n",
		1e-3 * (m->has_estimate ? m->estimate.rate_sd_ppb : m->clock.skew_ppb));
}

static void lines_root(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct msg_clock *c = &m->clock;
	const struct msg_estimate *e = &m->estimate;

	if (m->has_clock) {
		line_seconds(t, "Root delay", c->root_delay_ns);
		line_seconds(t, "Root dispersion",
			model_grown_ns(c->root_dispersion_ns, c->bound_drift_ppb,
				(struct ts_raw){c->raw_ns}, now));
	} else {
		line_seconds(t, "Root delay", e->root_delay_ns);
		line_seconds(t, "Root dispersion",
			model_grown_ns(e->root_dispersion_ns, e->bound_drift_ppb,
				(struct ts_raw){e->raw_ns}, now));
	}
}

static const char *leap_text(enum leap leap)
{
	switch (leap) {
	case leap_none:
		return "Normal";
	case leap_insert:
		return "Insert second";
	case leap_remove:
		return "Delete second";
	case leap_unsync:
	case leap_count:
		break;
	}
	return "Not synchronised";
}

static void lines_tracking(struct text *t, const struct model *m, struct ts_raw now)
{
	struct reference r = reference_of(m);

	lines_reference(t, &r);
	lines_offset(t, m, now);
	if (m->has_clock || m->has_estimate) {
		lines_frequency(t, m);
		lines_root(t, m, now);
	} else {
		line_unknown(t, "Frequency");
		line_unknown(t, "Root delay");
		line_unknown(t, "Root dispersion");
	}
	label(t, "Update interval");
	if (m->has_update)
		text_add(t, "%.1f seconds\n", (double)m->update_interval_ns * 1e-9);
	else
		text_add(t, "not known\n");
	label(t, "Leap status");
	text_add(t, "%s\n", leap_text(r.leap));
}

/* ---- what is ours ---- */

static void lines_bound(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct msg_estimate *e = &m->estimate;
	struct ts_raw since = {e->raw_ns};
	int64_t offset_ns = model_offset_ns(m, now);

	if (m->has_clock && m->clock.status != sync_unsynchronised) {
		label(t, "Error bound");
		text_add(t, "%.9f seconds, grows %.3f ppm\n", (double)model_bound_ns(m, now) * 1e-9,
			1e-3 * m->clock.bound_drift_ppb);
	} else {
		line_unknown(t, "Error bound");
	}
	if (!m->has_estimate || e->status == sync_unsynchronised)
		return;
	line_seconds(t, "  noise", e->bound_statistical_ns);
	line_seconds(t, "  base delay", e->bound_base_delay_ns);
	line_seconds(t, "  root delay/2", e->bound_root_delay_ns);
	line_seconds(t, "  root disp.", e->bound_root_dispersion_ns);
	line_seconds(t, "  device", e->bound_external_ns);
	line_seconds(t, "  since estimate", model_grown_ns(0, e->bound_drift_ppb, since, now));
	if (m->has_clock)
		line_seconds(
			t, "  to be slewed", offset_ns < 0 ? ts_sat_sub(0, offset_ns) : offset_ns);
}

static void line_steps(struct text *t, const struct msg_clock *c, struct ts_raw now)
{
	label(t, "Steps");
	text_add(t, "%" PRId64, c->steps);
	if (c->step_raw_ns > 0)
		text_add(t, ", the last %+.9f seconds, %" PRId64 " s ago",
			(double)c->step_ns * 1e-9, model_age_ns(c->step_raw_ns, now) / NS_PER_S);
	text_add(t, "\n");
}

static void lines_clock(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct msg_clock *c = &m->clock;

	if (!m->has_clock) {
		line_unknown(t, "Clock");
		return;
	}
	label(t, "Clock");
	text_add(t, "%s, %s\n", msg_word_clock_mode(c->mode), msg_word_sync(c->status));
	line_steps(t, c, now);
	label(t, "Holdover");
	if (c->status == sync_holdover)
		text_add(t, "%.0f seconds since the newest sample\n",
			(double)ts_sat_add(c->holdover_ns, model_age_ns(c->raw_ns, now)) * 1e-9);
	else
		text_add(t, "no\n");
	if (c->foreign > 0) {
		label(t, "Foreign changes");
		text_add(t, "%" PRId64 "\n", c->foreign);
	}
}

static void line_daemons(struct text *t, const struct model *m, const char *word, bool running)
{
	bool any = false;

	label(t, word);
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		if (model_running(m, i) != running)
			continue;
		text_add(t, "%s%s", any ? ", " : "", model_daemon_names[i]);
		any = true;
	}
	text_add(t, "%s\n", any ? "" : "none");
}

/* Of the clocks that a host hands over, how it is known how good they are. */
static void lines_host(struct text *t, const struct model *m, struct ts_raw now)
{
	for (unsigned int i = 0; i < m->source_count; i++) {
		const struct msg_source *s = &m->sources[i].source;

		if (!m->sources[i].has_source || s->host == host_state_none)
			continue;
		label(t, "Host");
		text_add(t, "of %s, %s", s->source, msg_word_host_state(s->host));
		if (s->host_raw_ns > 0)
			text_add(t, ", last word %" PRId64 " s ago, stratum %" PRId64,
				model_age_ns(s->host_raw_ns, now) / NS_PER_S, s->stratum);
		text_add(t, "\n");
	}
}

void table_status(struct text *t, const struct model *m, struct ts_raw now)
{
	lines_tracking(t, m, now);
	lines_clock(t, m, now);
	lines_bound(t, m, now);
	lines_host(t, m, now);
	line_daemons(t, m, "Running", true);
	line_daemons(t, m, "Not running", false);
}

void table_history(struct text *t, const struct model *m)
{
	if (m->has_update)
		text_add(t, "%" PRId64 " %.0f %" PRId64 "\n", m->last_offset_ns,
			sqrt(m->mean_square_ns2), m->update_interval_ns);
}

/* Without the blanks that columns need. */
static void add_time(struct text *t, int64_t ns)
{
	char buffer[TEXT_LABEL_SIZE];
	const char *start = buffer;
	struct text column;

	text_init(&column, buffer, sizeof(buffer));
	text_time(&column, (double)ns * 1e-9);
	while (*start == ' ')
		start++;
	text_add(t, "%s", start);
}

void table_summary(struct text *t, const struct model *m, struct ts_raw now)
{
	struct reference r = reference_of(m);
	int64_t offset_ns = model_offset_ns(m, now);

	if (!m->has_clock) {
		text_add(t, "clock: not known, disciplined has not been heard");
		return;
	}
	text_add(t, "clock %s: %s", msg_word_clock_mode(m->clock.mode),
		msg_word_sync(m->clock.status));
	if (!r.synced)
		return;
	text_add(t, " to %s (stratum %" PRId64 "), ", r.name, r.stratum);
	add_time(t, offset_ns);
	text_add(t, " %s of the estimate, error at most ", offset_ns > 0 ? "slow" : "fast");
	add_time(t, model_bound_ns(m, now));
	text_add(t, ", %.3f ppm %s", 1e-3 * fabs(m->clock.frequency_ppb),
		m->clock.frequency_ppb < 0 ? "fast" : "slow");
}
