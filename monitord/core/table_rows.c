/* SPDX-License-Identifier: MIT */
#include "monitord/core/table.h"

char table_mode_char(const struct model_source *s)
{
	enum source_kind kind = s->has_source	? s->source.kind
				: s->has_sample ? s->sample.kind
						: s->verdict.kind;

	if (kind != source_kind_ntp)
		return '#';
	return s->has_source && s->source.mode == source_mode_peer ? '=' : '^';
}

char table_state_char(const struct model_source *s)
{
	if (!s->has_verdict)
		return '?';
	switch (s->verdict.state) {
	case verdict_state_falseticker:
		return 'x';
	case verdict_state_unstable:
		return '~';
	case verdict_state_excluded:
		return '-';
	case verdict_state_combined:
		return '+';
	case verdict_state_selected:
		return '*';
	case verdict_state_unusable:
	case verdict_state_count:
		break;
	}
	return '?';
}

const char *table_reason(const struct model_source *s)
{
	if (s->has_source && s->source.state != source_state_reachable)
		return msg_word_source_state(s->source.state);
	if (s->has_verdict)
		return msg_word_verdict_reason(s->verdict.reason);
	return "unjudged";
}

bool table_host_fails(const struct model_source *s)
{
	return s->has_source && s->source.host != host_state_none &&
	       s->source.host != host_state_heard;
}

static unsigned int pick(const struct model *m, bool refclocks,
	const struct model_source *order[MODEL_SOURCES_MAX], unsigned int count)
{
	for (unsigned int i = 0; i < m->source_count; i++) {
		if ((table_mode_char(&m->sources[i]) == '#') == refclocks)
			order[count++] = &m->sources[i];
	}
	return count;
}

unsigned int table_order(
	const struct model *m, const struct model_source *ret_order[MODEL_SOURCES_MAX])
{
	return pick(m, false, ret_order, pick(m, true, ret_order, 0));
}

int table_stratum(const struct model_source *s)
{
	if (s->has_source && s->source.stratum > 0)
		return (int)s->source.stratum;
	if (s->has_sample)
		return (int)s->sample.stratum;
	return s->has_verdict ? (int)s->verdict.stratum : 0;
}

int table_poll(const struct model_source *s)
{
	if (s->has_source)
		return (int)s->source.poll;
	return s->has_sample ? (int)s->sample.poll : 0;
}

int64_t table_last_rx_s(const struct model_source *s, struct ts_raw now)
{
	int64_t raw_ns = model_last_sample_raw_ns(s);

	return raw_ns > 0 ? model_age_ns(raw_ns, now) / NS_PER_S : -1;
}

void table_last_offset(const struct model_source *s, double *ret_adjusted_s, double *ret_measured_s,
	double *ret_error_s)
{
	double measured_s = 0, adjusted_s, error_s = 0;

	if (s->has_source && s->source.last_raw_ns > 0) {
		measured_s = 0 - 1e-9 * (double)s->source.last_offset_ns;
		error_s = 0.5e-9 * (double)s->source.last_delay_ns;
	}
	adjusted_s = measured_s;
	if (s->has_verdict && s->verdict.last_sample_raw_ns > 0) {
		adjusted_s = 0 - 1e-9 * (double)s->verdict.last_offset_ns;
		error_s = 1e-9 * (double)s->verdict.last_error_ns;
		if (!s->has_source || s->source.last_raw_ns == 0)
			measured_s = adjusted_s;
	}
	*ret_adjusted_s = adjusted_s;
	*ret_measured_s = measured_s;
	*ret_error_s = error_s;
}
