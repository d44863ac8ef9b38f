/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include "common/core/bytes.h"
#include "monitord/core/table.h"

#define NAME_WIDTH	 27
#define STATS_NAME_WIDTH 25

/* A name that is too long ends with '>' in its last place. */
static void cut_name(struct text *t, const char *name, size_t width)
{
	char cut[64];

	str_copy(cut, sizeof(cut) < width + 1 ? sizeof(cut) : width + 1, name);
	if (strlen(name) > width)
		cut[width - 1] = '>';
	text_add(t, "%-*s", (int)width, cut);
}

static void rule(struct text *t, size_t width)
{
	for (size_t i = 0; i < width; i++)
		text_add(t, "=");
	text_add(t, "\n");
}

static void header(struct text *t, const char *line)
{
	text_add(t, "%s\n", line);
	rule(t, strlen(line));
}

static void sources_legend(struct text *t)
{
	text_add(t,
		"M: ^ server, = peer, # reference clock\n"
		"S: * selected, + combined, - agrees but is not combined, x falseticker,\n"
		"   ~ too noisy, ? cannot be used (the last column says why)\n"
		"Stratum as the source tells it; Poll: log2 of the interval in seconds\n"
		"Reach: octal, one bit a poll, latest lowest; LastRx: age of the last sample\n"
		"Last sample: own clock minus source, by the estimate now [as it was measured]\n"
		"   +/- what the sample leaves open (root distance); above 0 we are ahead\n\n");
}

static void source_row(struct text *t, const struct model_source *s, struct ts_raw now)
{
	double adjusted_s, measured_s, error_s;

	table_last_offset(s, &adjusted_s, &measured_s, &error_s);
	text_add(t, "%c%c ", table_mode_char(s), table_state_char(s));
	cut_name(t, s->name, NAME_WIDTH);
	text_add(t, "  %2d  %2d   %3" PRIo64 "  ", table_stratum(s), table_poll(s),
		(uint64_t)(s->has_source ? s->source.reach : 0));
	text_age(t, table_last_rx_s(s, now));
	text_add(t, "  ");
	text_time_signed(t, adjusted_s);
	text_add(t, "[");
	text_time_signed(t, measured_s);
	text_add(t, "] +/- ");
	text_time(t, error_s);
	text_add(t, "  %s", table_reason(s));
	if (s->has_source && s->source.state != source_state_reachable && s->source.error[0])
		text_add(t, ": %s", s->source.error);
	if (table_host_fails(s))
		text_add(t, " (host %s)", msg_word_host_state(s->source.host));
	text_add(t, "\n");
}

void table_sources(struct text *t, const struct model *m, struct ts_raw now, bool verbose)
{
	const struct model_source *order[MODEL_SOURCES_MAX];
	unsigned int count = table_order(m, order);

	if (verbose)
		sources_legend(t);
	header(t, "MS Name/IP address         Stratum Poll Reach LastRx Last sample"
		  "                 Reason");
	for (unsigned int i = 0; i < count; i++)
		source_row(t, order[i], now);
	if (m->overflow > 0)
		text_add(
			t, "%d sources is all that fits here; there are more\n", MODEL_SOURCES_MAX);
}

/* ---- sourcestats ---- */

static void stats_legend(struct text *t)
{
	text_add(t,
		"NP: samples in use; NR: runs of residuals of one sign; Span: oldest to newest\n"
		"Frequency: own clock's rate minus the source's, ppm, and its deviation\n"
		"Offset: own clock minus source as estimated; Std Dev: of a single sample\n\n");
}

static void stats_row(struct text *t, const struct model_source *s)
{
	static const struct msg_verdict none;
	const struct msg_verdict *v = s->has_verdict ? &s->verdict : &none;

	cut_name(t, s->name, STATS_NAME_WIDTH);
	text_add(t, " %3" PRId64 " %3" PRId64 "  ", v->samples, v->runs);
	text_age(t, v->span_ns / NS_PER_S);
	text_add(t, " ");
	text_ppm(t, 0 - 1e-3 * v->rate_ppb, true);
	text_add(t, " ");
	text_ppm(t, 1e-3 * v->rate_sd_ppb, false);
	text_add(t, "  ");
	text_time_signed(t, 0 - 1e-9 * (double)v->offset_ns);
	text_add(t, "  ");
	text_time(t, 1e-9 * v->jitter_ns);
	text_add(t, "\n");
}

void table_sourcestats(struct text *t, const struct model *m, bool verbose)
{
	const struct model_source *order[MODEL_SOURCES_MAX];
	unsigned int count = table_order(m, order);

	if (verbose)
		stats_legend(t);
	header(t, "Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev");
	for (unsigned int i = 0; i < count; i++)
		stats_row(t, order[i]);
}

/* ---- events ---- */

static void event_row(
	struct text *t, const struct model *m, const struct model_event *e, struct ts_raw now)
{
	struct ts_utc utc;

	if (model_utc(m, (struct ts_raw){e->event.raw_ns}, &utc))
		text_date_log(t, utc);
	else
		text_add(t, "%12" PRId64 " s ago ", model_age_ns(e->event.raw_ns, now) / NS_PER_S);
	text_add(t, " %-11s %-7s %s: %s%s%s\n", e->sender, msg_word_severity(e->event.severity),
		e->event.code, e->event.source, *e->event.source ? ": " : "", e->event.text);
}

void table_events(struct text *t, const struct model *m, struct ts_raw now, unsigned int most)
{
	unsigned int n = most < MODEL_EVENTS_MAX ? most : MODEL_EVENTS_MAX;

	while (n-- > 0) {
		const struct model_event *e = model_event(m, n);

		if (e)
			event_row(t, m, e, now);
	}
}
