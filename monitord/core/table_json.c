/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "monitord/core/table.h"

/* ---- status ---- */

static void estimate_json(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct msg_estimate *e = &m->estimate;
	struct ts_raw since = {e->raw_ns};

	if (!m->has_estimate) {
		json_null(t, "estimate");
		return;
	}
	json_open(t, "estimate", '{');
	json_string(t, "status", msg_word_sync(e->status));
	json_int(t, "raw_ns", e->raw_ns);
	json_int(t, "utc_ns", e->utc_ns);
	json_int(t, "age_ns", model_age_ns(e->raw_ns, now));
	json_double(t, "rate_ppb", e->rate_ppb);
	json_double(t, "offset_sd_ns", e->offset_sd_ns);
	json_double(t, "rate_sd_ppb", e->rate_sd_ppb);
	json_string(t, "selected", e->selected);
	json_int(t, "combined", e->combined);
	json_int(t, "bound_ns", e->bound_ns);
	json_int(t, "bound_now_ns", model_grown_ns(e->bound_ns, e->bound_drift_ppb, since, now));
	json_double(t, "bound_drift_ppb", e->bound_drift_ppb);
	json_open(t, "bound_parts", '{');
	json_int(t, "statistical_ns", e->bound_statistical_ns);
	json_int(t, "base_delay_ns", e->bound_base_delay_ns);
	json_int(t, "root_delay_ns", e->bound_root_delay_ns);
	json_int(t, "root_dispersion_ns", e->bound_root_dispersion_ns);
	json_int(t, "external_ns", e->bound_external_ns);
	json_int(t, "drift_ns", model_grown_ns(0, e->bound_drift_ppb, since, now));
	json_close(t, '}');
	json_int(t, "disruption", e->disruption);
	json_close(t, '}');
}

static void clock_steps_json(struct text *t, const struct msg_clock *c, struct ts_raw now)
{
	json_int(t, "steps", c->steps);
	if (c->step_raw_ns > 0) {
		json_int(t, "step_ns", c->step_ns);
		json_int(t, "step_age_ns", model_age_ns(c->step_raw_ns, now));
	} else {
		json_null(t, "step_ns");
		json_null(t, "step_age_ns");
	}
	json_int(t, "foreign", c->foreign);
}

static void clock_json(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct msg_clock *c = &m->clock;
	struct ts_line line;

	if (!model_clock_line(m, &line)) {
		json_null(t, "clock");
		return;
	}
	json_open(t, "clock", '{');
	json_string(t, "mode", msg_word_clock_mode(c->mode));
	json_string(t, "status", msg_word_sync(c->status));
	json_int(t, "raw_ns", c->raw_ns);
	json_int(t, "utc_now_ns", ts_line_at(&line, now).ns);
	json_int(t, "age_ns", model_age_ns(c->raw_ns, now));
	json_double(t, "rate_ppb", c->rate_ppb);
	json_double(t, "frequency_ppb", c->frequency_ppb);
	json_double(t, "skew_ppb", c->skew_ppb);
	json_int(t, "offset_ns", c->offset_ns);
	json_int(t, "offset_now_ns", model_offset_ns(m, now));
	json_double(t, "offset_sd_ns", c->offset_sd_ns);
	json_int(t, "bound_ns", c->bound_ns);
	json_int(t, "bound_now_ns", model_bound_ns(m, now));
	json_double(t, "bound_drift_ppb", c->bound_drift_ppb);
	json_int(t, "holdover_ns", c->holdover_ns);
	json_string(t, "leap", msg_word_leap(c->leap));
	clock_steps_json(t, c, now);
	json_close(t, '}');
}

static void daemons_json(struct text *t, const struct model *m, struct ts_raw now)
{
	json_open(t, "daemons", '[');
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		const struct model_daemon *d = &m->daemons[i];

		json_open(t, NULL, '{');
		json_string(t, "name", model_daemon_names[i]);
		json_bool(t, "running", model_running(m, i));
		if (d->known) {
			json_string(t, "version", d->hello.version);
			json_string(t, "digest", d->hello.digest);
			json_int(t, "pid", d->hello.pid);
			json_int(t, "uptime_ns", model_age_ns(d->hello.started_raw_ns, now));
			json_string(t, "state", d->hello.state);
		}
		json_int(t, "lost", (int64_t)d->lost);
		json_int(t, "restarts", (int64_t)d->restarts);
		json_close(t, '}');
	}
	json_close(t, ']');
}

static void reference_json(struct text *t, const struct model *m)
{
	const struct msg_clock *c = &m->clock;
	char refid[TEXT_LABEL_SIZE];

	if (!m->has_clock) {
		json_null(t, "reference_id");
		json_null(t, "selected");
		json_null(t, "stratum");
		json_null(t, "reference_utc_ns");
		json_null(t, "root_delay_ns");
		json_null(t, "root_dispersion_ns");
		return;
	}
	(void)snprintf(refid, sizeof(refid), "%08" PRIX32, (uint32_t)c->refid);
	json_string(t, "reference_id", refid);
	json_string(t, "selected", c->selected);
	json_int(t, "stratum", c->stratum);
	json_int(t, "reference_utc_ns", c->reference_utc_ns);
	json_int(t, "root_delay_ns", c->root_delay_ns);
	json_int(t, "root_dispersion_ns", c->root_dispersion_ns);
}

static void update_json(struct text *t, const struct model *m)
{
	if (!m->has_update) {
		json_null(t, "last_offset_ns");
		json_null(t, "rms_offset_ns");
		json_null(t, "update_interval_ns");
		return;
	}
	json_int(t, "last_offset_ns", m->last_offset_ns);
	json_double(t, "rms_offset_ns", sqrt(m->mean_square_ns2));
	json_int(t, "update_interval_ns", m->update_interval_ns);
}

void table_status_json(struct text *t, const struct model *m, struct ts_raw now)
{
	json_open(t, NULL, '{');
	json_int(t, "raw_now_ns", now.ns);
	json_string(t, "status", m->has_clock ? msg_word_sync(m->clock.status) : "unsynchronised");
	reference_json(t, m);
	update_json(t, m);
	clock_json(t, m, now);
	estimate_json(t, m, now);
	daemons_json(t, m, now);
	json_close(t, '}');
	text_add(t, "\n");
}

/* ---- sources ---- */

static void letters_json(struct text *t, const char *key, char letter)
{
	json_string(t, key, (const char[]){letter, '\0'});
}

static void identity_json(struct text *t, const struct model_source *s)
{
	char refid[TEXT_LABEL_SIZE];

	json_string(t, "name", s->name);
	json_string(t, "publisher", s->publisher);
	letters_json(t, "mode", table_mode_char(s));
	letters_json(t, "state", table_state_char(s));
	if (!s->has_source) {
		json_null(t, "kind");
		return;
	}
	json_string(t, "kind", msg_word_source_kind(s->source.kind));
	json_string(t, "configured", s->source.configured);
	json_string(t, "address", s->source.address);
	(void)snprintf(refid, sizeof(refid), "%08" PRIX32, (uint32_t)s->source.refid);
	json_string(t, "refid", refid);
	json_string(t, "reachability", msg_word_source_state(s->source.state));
	json_string(t, "error", s->source.error);
	json_int(t, "reach", s->source.reach);
	json_string(t, "leap", msg_word_leap(s->source.leap));
	json_string(t, "auth", msg_word_auth(s->source.auth));
	if (s->source.host != host_state_none) {
		json_string(t, "host", msg_word_host_state(s->source.host));
		json_int(t, "host_raw_ns", s->source.host_raw_ns);
	}
	json_int(t, "sent", s->source.sent);
	json_int(t, "received", s->source.received);
	json_int(t, "valid", s->source.valid);
	json_int(t, "good", s->source.good);
	json_int(t, "measured_offset_ns", s->source.last_offset_ns);
	json_int(t, "measured_delay_ns", s->source.last_delay_ns);
}

static void verdict_json(struct text *t, const struct model_source *s)
{
	const struct msg_verdict *v = &s->verdict;

	if (!s->has_verdict) {
		json_null(t, "verdict");
		return;
	}
	json_open(t, "verdict", '{');
	json_string(t, "state", msg_word_verdict_state(v->state));
	json_string(t, "reason", msg_word_verdict_reason(v->reason));
	json_int(t, "raw_ns", v->raw_ns);
	json_int(t, "offset_ns", v->offset_ns);
	json_int(t, "low_ns", v->low_ns);
	json_int(t, "high_ns", v->high_ns);
	json_int(t, "distance_ns", v->distance_ns);
	json_double(t, "weight", v->weight);
	json_int(t, "last_offset_ns", v->last_offset_ns);
	json_int(t, "last_error_ns", v->last_error_ns);
	json_int(t, "score_permille", v->score_permille);
	json_close(t, '}');
}

void table_sources_json(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct model_source *order[MODEL_SOURCES_MAX];
	unsigned int count = table_order(m, order);

	json_open(t, NULL, '{');
	json_int(t, "raw_now_ns", now.ns);
	json_open(t, "sources", '[');
	for (unsigned int i = 0; i < count; i++) {
		int64_t raw_ns = model_last_sample_raw_ns(order[i]);

		json_open(t, NULL, '{');
		identity_json(t, order[i]);
		json_int(t, "stratum", table_stratum(order[i]));
		json_int(t, "poll", table_poll(order[i]));
		json_string(t, "reason", table_reason(order[i]));
		if (raw_ns > 0)
			json_int(t, "last_sample_age_ns", model_age_ns(raw_ns, now));
		else
			json_null(t, "last_sample_age_ns");
		verdict_json(t, order[i]);
		json_close(t, '}');
	}
	json_close(t, ']');
	json_close(t, '}');
	text_add(t, "\n");
}

void table_sourcestats_json(struct text *t, const struct model *m, struct ts_raw now)
{
	const struct model_source *order[MODEL_SOURCES_MAX];
	unsigned int count = table_order(m, order);

	json_open(t, NULL, '{');
	json_int(t, "raw_now_ns", now.ns);
	json_open(t, "sourcestats", '[');
	for (unsigned int i = 0; i < count; i++) {
		const struct msg_verdict *v = &order[i]->verdict;

		if (!order[i]->has_verdict)
			continue;
		json_open(t, NULL, '{');
		json_string(t, "name", order[i]->name);
		json_int(t, "samples", v->samples);
		json_int(t, "runs", v->runs);
		json_int(t, "span_ns", v->span_ns);
		json_double(t, "rate_ppb", v->rate_ppb);
		json_double(t, "rate_sd_ppb", v->rate_sd_ppb);
		json_int(t, "offset_ns", v->offset_ns);
		json_double(t, "offset_sd_ns", v->offset_sd_ns);
		json_double(t, "jitter_ns", v->jitter_ns);
		json_int(t, "base_delay_ns", v->base_delay_ns);
		json_double(t, "growth", v->growth);
		json_close(t, '}');
	}
	json_close(t, ']');
	json_close(t, '}');
	text_add(t, "\n");
}

/* ---- events ---- */

void table_events_json(struct text *t, const struct model *m, struct ts_raw now)
{
	json_open(t, NULL, '{');
	json_int(t, "raw_now_ns", now.ns);
	json_open(t, "events", '[');
	for (unsigned int n = MODEL_EVENTS_MAX; n-- > 0;) {
		const struct model_event *e = model_event(m, n);

		if (!e)
			continue;
		json_open(t, NULL, '{');
		json_string(t, "from", e->sender);
		json_string(t, "code", e->event.code);
		json_string(t, "severity", msg_word_severity(e->event.severity));
		json_string(t, "source", e->event.source);
		json_string(t, "text", e->event.text);
		json_int(t, "age_ns", model_age_ns(e->event.raw_ns, now));
		json_int(t, "value_ns", e->event.value_ns);
		json_close(t, '}');
	}
	json_close(t, ']');
	json_close(t, '}');
	text_add(t, "\n");
}
