/* SPDX-License-Identifier: MIT */
#include "tests/sim/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selectd/core/estimate.h"
#include "tests/sim/sim.h"

#define FIRST_1MS_NS  1e6
#define FIRST_10US_NS 1e4

void check_init(struct check *c, const struct scenario *sc)
{
	size_t seconds = (size_t)(sc->duration / NS_PER_S) + 2;

	memset(c, 0, sizeof(*c));
	c->error_ns = calloc(seconds, sizeof(*c->error_ns));
	c->bound_ns = calloc(seconds, sizeof(*c->bound_ns));
	c->first_1ms = c->first_10us = -1;
	c->low = HUGE_VAL;
	c->high = -HUGE_VAL;
}

void check_free(struct check *c)
{
	free(c->error_ns);
	free(c->bound_ns);
	c->error_ns = c->bound_ns = NULL;
}

/* ---- claims ---- */

static int node_of(const struct sim *s, const char *name)
{
	for (int i = 0; i < s->sc->nodes; i++)
		if (!strcmp(s->sc->node[i].name, name))
			return i;
	return -1;
}

static void check_verdict(struct sim *s, const struct msg_verdict *v)
{
	int i = node_of(s, v->source), honest = 0, lying = 0;
	const struct node *n;

	if (i < 0)
		return;
	s->check.answered[i] = (int)v->samples;
	n = &s->node[i];
	if (n->false_us == 0 || v->weight <= 0)
		return;
	if (s->w.t < n->false_since + (int64_t)(s->sc->false_grace_s * 1e9))
		return;
	for (int k = 0; k < s->sc->nodes; k++) {
		bool there = s->check.answered[k] > 0 && s->w.t >= s->node[k].out_until;

		lying += there && s->node[k].false_us != 0;
		honest += there && s->node[k].false_us == 0;
	}
	if (honest <= lying)
		return;
	if (s->check.false_weight++ == 0)
		sim_tell(s, MEMBER_SELECT, EVENT_falseticker, v->source, 0,
			"CHECK: a falseticker has weight though the majority has answered");
}

void check_message(struct sim *s, const struct msg *m)
{
	struct check *c = &s->check;

	if (m->kind == MSG_estimate) {
		c->estimate = m->u.estimate;
		c->has_estimate = true;
	} else if (m->kind == MSG_clock) {
		c->clock = m->u.clock;
		c->has_clock = true;
		c->page = s->disc.page;
		c->has_page = s->disc.page_valid;
	} else if (m->kind == MSG_verdict) {
		check_verdict(s, &m->u.verdict);
	} else if (m->kind == MSG_event) {
		for (int i = 0; i < EVENT_CODES; i++)
			c->events[i] += !strcmp(m->u.event.code, event_word((enum event_code)i));
	}
}

static void broken(struct sim *s, int64_t *count, const char *what, int64_t error_ns,
	int64_t bound_ns, const char *parts)
{
	struct check *c = &s->check;
	size_t used = strlen(c->first);

	if ((*count)++ > 0)
		return;
	(void)snprintf(c->first + used, sizeof(c->first) - used,
		"%s%s at %.3f s: error %" PRId64 " ns, bound %" PRId64 " ns%s", used ? "; " : "",
		what, (double)s->w.t * 1e-9, error_ns, bound_ns, parts);
}

static int64_t magnitude(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

static void check_estimate(struct sim *s, struct ts_raw now, struct ts_utc truth)
{
	const struct msg_estimate *e = &s->check.estimate;
	struct ts_line line = estimate_line(e);
	int64_t error_ns = ts_utc_sub(ts_line_at(&line, now), truth).ns;
	int64_t bound_ns = estimate_bound_at(e, now);
	char parts[200];

	if (!s->check.has_estimate || e->status == sync_unsynchronised ||
		ts_raw_before((struct ts_raw){e->raw_ns}, s->check.void_raw) ||
		magnitude(error_ns) <= bound_ns)
		return;
	(void)snprintf(parts, sizeof(parts),
		" (age %.1f s, statistical %" PRId64 " base %" PRId64 " root %" PRId64 "+%" PRId64
		" external %" PRId64 ", drift %.0f ppb, sd %.0f ns, %s)",
		(double)(now.ns - e->raw_ns) * 1e-9, e->bound_statistical_ns,
		e->bound_base_delay_ns, e->bound_root_delay_ns, e->bound_root_dispersion_ns,
		e->bound_external_ns, e->bound_drift_ppb, e->offset_sd_ns, e->selected);
	broken(s, &s->check.bad_estimate, "estimate", error_ns, bound_ns, parts);
}

static int64_t clock_bound_ns(const struct msg_clock *k, struct ts_raw now)
{
	double age_s = (double)(now.ns - k->raw_ns) * 1e-9;

	return ts_sat_add(k->bound_ns, (int64_t)ceil(fmax(age_s, 0) * k->bound_drift_ppb));
}

static void check_clock(struct sim *s, struct ts_raw now, int64_t error_ns)
{
	const struct check *c = &s->check;
	const struct msg_clock *k = &c->clock;
	int64_t bound_ns = clock_bound_ns(k, now);
	char parts[120];

	/* of a disciplined that is gone only the page speaks, which knows when it is void */
	if (!s->member[MEMBER_DISCIPLINE].running)
		return;
	if (!c->has_clock || k->status == sync_unsynchronised ||
		k->raw_ns <= c->void_clock_raw.ns || magnitude(error_ns) <= bound_ns)
		return;
	(void)snprintf(parts, sizeof(parts),
		" (age %.1f s, %s, drift %.0f ppb, to slew %" PRId64 ")",
		(double)(now.ns - k->raw_ns) * 1e-9, msg_word_sync(k->status), k->bound_drift_ppb,
		k->offset_ns);
	broken(s, &s->check.bad_clock, "clock", error_ns, bound_ns, parts);
}

static void check_page(struct sim *s, struct ts_raw now, struct ts_utc truth)
{
	const struct check *c = &s->check;
	struct shadow_time t;

	if (!c->has_page || c->page.raw_ns <= c->void_clock_raw.ns)
		return;
	shadow_line_time(&c->page, now, &t);
	if (t.status == SHADOW_UNSYNCHRONISED ||
		(t.earliest.ns <= truth.ns && truth.ns <= t.latest.ns))
		return;
	broken(s, &s->check.bad_page, "page", ts_utc_sub(t.utc, truth).ns,
		ts_utc_sub(t.latest, t.utc).ns, "");
}

void check_now(struct sim *s)
{
	struct ts_raw now = world_raw(&s->w);
	struct ts_utc truth = world_utc(&s->w);

	if (world_leaping(&s->w))
		return;
	check_estimate(s, now, truth);
	check_clock(s, now, ts_utc_sub(disc_clock(s), truth).ns);
	check_page(s, now, truth);
}

/* ---- figures ---- */

static void look_minute(struct check *c, int64_t second, double error_ns)
{
	if (second / 60 != c->minute) {
		if (c->first_1ms < 0 && c->minute_max < FIRST_1MS_NS)
			c->first_1ms = c->minute * 60;
		if (c->first_10us < 0 && c->minute_max < FIRST_10US_NS)
			c->first_10us = c->minute * 60;
		c->minute = second / 60;
		c->minute_max = 0;
	}
	c->minute_max = fmax(c->minute_max, fabs(error_ns));
}

static void look_trace(struct sim *s, double error_ns, double bound_ns, double freq_ppb)
{
	const struct msg_estimate *e = &s->check.estimate;
	struct ts_line line = estimate_line(e);
	struct ts_raw now = world_raw(&s->w);
	double est_ns = (double)ts_utc_sub(ts_line_at(&line, now), world_utc(&s->w)).ns;

	fprintf(s->trace, "%.0f,%.0f,%.0f,%.0f,%.0f,%.3f,%s,%s,%d\n", (double)s->w.t * 1e-9,
		error_ns, bound_ns, s->check.has_estimate ? est_ns : NAN,
		s->check.has_estimate ? (double)estimate_bound_at(e, now) : NAN, freq_ppb,
		msg_word_sync(s->check.clock.status), e->selected,
		(int)s->kept->source[0].u.source.poll);
}

void check_look(struct sim *s)
{
	struct check *c = &s->check;
	struct ts_raw now = world_raw(&s->w);
	double error_ns = (double)ts_utc_sub(disc_clock(s), world_utc(&s->w)).ns;
	double freq_ppb = s->w.rate_ppb + disc_rate_ppb(s);
	double line_ppb = c->has_estimate ? s->w.rate_ppb + c->estimate.rate_ppb : 0;
	bool usable = c->has_clock && c->clock.status != sync_unsynchronised;
	double bound_ns = usable ? (double)clock_bound_ns(&c->clock, now) : NAN;

	if (world_leaping(&s->w))
		return;
	if (s->trace && c->looks % s->trace_every == 0)
		look_trace(s, error_ns, bound_ns, freq_ppb);
	c->looks++;
	look_minute(c, s->w.t / NS_PER_S, error_ns);
	if (s->w.t < s->sc->settle)
		return;
	c->usable += usable;
	c->unusable += !usable;
	if (usable)
		c->bound_ns[c->usable - 1] = (float)bound_ns;
	c->error_ns[c->errors++] = (float)error_ns;
	c->sum += error_ns;
	c->sum2 += error_ns * error_ns;
	c->freq2 += freq_ppb * freq_ppb;
	c->line2 += line_ppb * line_ppb;
	c->max = fmax(c->max, fabs(error_ns));
	c->low = fmin(c->low, error_ns);
	c->high = fmax(c->high, error_ns);
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void take_values(struct check *c)
{
	double n = c->errors > 0 ? (double)c->errors : NAN;
	double *v = c->value;

	qsort(c->bound_ns, (size_t)c->usable, sizeof(float), by_size);
	v[LIMIT_rms_us] = sqrt(c->sum2 / n) * 1e-3;
	v[LIMIT_max_us] = c->errors > 0 ? c->max * 1e-3 : NAN;
	v[LIMIT_mean_us] = fabs(c->sum / n) * 1e-3;
	v[LIMIT_first_1ms_s] = c->first_1ms < 0 ? HUGE_VAL : (double)c->first_1ms;
	v[LIMIT_first_10us_s] = c->first_10us < 0 ? HUGE_VAL : (double)c->first_10us;
	v[LIMIT_bound_us] = c->usable > 0 ? (double)c->bound_ns[c->usable / 2] * 1e-3 : HUGE_VAL;
	v[LIMIT_freq_ppb] = sqrt(c->freq2 / n);
	v[LIMIT_line_ppb] = sqrt(c->line2 / n);
	v[LIMIT_steps] = (double)c->steps;
	v[LIMIT_packets] = (double)c->packets;
	v[LIMIT_violations] = (double)(c->bad_estimate + c->bad_clock + c->bad_page);
	v[LIMIT_false_weight] = (double)c->false_weight;
	v[LIMIT_unsync_s] = (double)c->unusable;
	v[LIMIT_range_us] = (c->high - c->low) * 1e-3;
}

static void fail(struct check *c, const char *format, const char *name, double is, double limit)
{
	size_t used = strlen(c->failed);

	(void)snprintf(c->failed + used, sizeof(c->failed) - used, "%s", used ? ", " : "");
	used = strlen(c->failed);
	(void)snprintf(c->failed + used, sizeof(c->failed) - used, format, name, is, limit);
}

void check_finish(struct check *c, const struct scenario *sc)
{
	take_values(c);
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (!isnan(sc->limit[i]) && !(c->value[i] <= sc->limit[i]))
			fail(c, "%s %.5g above %.5g", limit_names[i], c->value[i], sc->limit[i]);
	for (int i = 0; i < sc->expects; i++) {
		const struct expect *e = &sc->expect[i];
		int n = c->events[e->code];

		if (n < e->least)
			fail(c, "event %s %.0f times, expected %.0f", event_word(e->code), n,
				e->least);
		else if (n > e->most)
			fail(c, "event %s %.0f times, at most %.0f", event_word(e->code), n,
				e->most);
	}
	if (c->bad_other > 0)
		fail(c, "%s: %.0f times%.0s", "invariants broken", (double)c->bad_other, 0);
}
