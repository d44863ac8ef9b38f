/* SPDX-License-Identifier: MIT */
#include "selectd/core/estimate.h"
#include "common/core/bytes.h"
#include "common/core/refid.h"

#include <math.h>
#include <string.h>

#define RATE_SIGMAS	5.0
#define DURATION_MAX_NS INT64_C(4000000000000000000) /* TB_DUR_MAX of the schema */
#define RATE_MAX_PPB	1e9
#define VOID_BOUND_NS	(DURATION_MAX_NS)

static int64_t clip_ns(double ns)
{
	return ns < (double)DURATION_MAX_NS ? (int64_t)ceil(fmax(ns, 0)) : DURATION_MAX_NS;
}

static double clip(double v, double max)
{
	return fmax(fmin(v, max), -max);
}

static int64_t at_most(int64_t v, int64_t max)
{
	return v < max ? v : max;
}

struct ts_line estimate_line(const struct msg_estimate *e)
{
	return (struct ts_line){{e->raw_ns}, {e->utc_ns}, e->rate_ppb};
}

static double age_s(const struct msg_estimate *e, struct ts_raw raw)
{
	return fmax(ts_dur_to_s(ts_raw_sub(raw, (struct ts_raw){e->raw_ns})), 0);
}

int64_t estimate_bound_at(const struct msg_estimate *e, struct ts_raw raw)
{
	double grown = e->bound_drift_ppb * age_s(e, raw);

	return at_most(ts_sat_add(e->bound_ns, clip_ns(grown)), DURATION_MAX_NS);
}

static double drift_ppb(
	double rate_sd_ppb, double wander_ppb, double horizon_s, double maxclockerror_ppm)
{
	double sd = sqrt(rate_sd_ppb * rate_sd_ppb + wander_ppb * wander_ppb * horizon_s);

	return fmin(1e3 * maxclockerror_ppm + RATE_SIGMAS * sd, RATE_MAX_PPB);
}

uint32_t estimate_refid(const struct source *s)
{
	const char *address = s->info.address;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t refid;

	if (s->newest.kind != source_kind_ntp)
		return (uint32_t)s->newest.refid;
	if (!strchr(address, ':') && strlen(address) >= sizeof("1.1.1.1") - 1 &&
		refid_from_text(address, &refid) == 0)
		return refid;
	for (; *address; address++)
		hash = (hash ^ (unsigned char)*address) * UINT64_C(0x100000001b3);
	return (uint32_t)hash;
}

/* Takes up to want of what is left of the bound. */
static int64_t part(int64_t *left, int64_t want)
{
	int64_t got = at_most(want, *left);

	*left -= got;
	return got;
}

static void split_bound(const struct source *s, struct msg_estimate *e)
{
	const struct msg_sample *m = &s->newest;
	int64_t left = e->bound_ns;

	e->bound_external_ns = part(&left, m->bound_ns);
	e->bound_root_dispersion_ns = part(&left, m->root_dispersion_ns);
	e->bound_root_delay_ns = part(&left, m->root_delay_ns / 2);
	e->bound_base_delay_ns = part(&left, s->now.track.base_delay_ns / 2);
	e->bound_statistical_ns = left;
}

static void tell_root(const struct source *s, struct msg_estimate *e)
{
	const struct msg_sample *m = &s->newest;
	/* the source's own deviation: what paths hide is in the root delay */
	int64_t own = clip_ns((double)m->dispersion_ns + (double)m->root_dispersion_ns +
			      (double)m->bound_ns + s->now.track.offset_sd_ns);
	int64_t least;

	e->root_delay_ns =
		at_most(ts_sat_add(m->root_delay_ns, s->now.track.base_delay_ns), DURATION_MAX_NS);
	least = e->bound_ns - e->root_delay_ns / 2;
	e->root_dispersion_ns = at_most(own > least ? own : least, DURATION_MAX_NS);
}

void estimate_make(const struct source *selected, const struct selection *sel,
	const struct combination *c, double maxclockerror_ppm, struct msg_estimate *ret)
{
	double horizon_s = ts_dur_to_s(source_stale_after(selected));
	struct msg_estimate e = {
		.status = sync_synchronised,
		.raw_ns = c->line.raw.ns,
		.utc_ns = c->line.utc.ns > 0 ? c->line.utc.ns : 0,
		.rate_ppb = clip(c->line.rate_ppb, RATE_MAX_PPB),
		.offset_sd_ns = fmin(c->offset_sd_ns, 1e18),
		.rate_sd_ppb = fmin(c->rate_sd_ppb, RATE_MAX_PPB),
		.wander_ppb = fmin(c->wander_ppb, RATE_MAX_PPB),
		.bound_ns = at_most(c->bound_ns, DURATION_MAX_NS),
		.stratum = at_most(selected->newest.stratum + 1, 16),
		.refid = estimate_refid(selected),
		.combined = sel->combined,
		.sample_raw_ns = c->newest.ns,
	};

	e.bound_drift_ppb = drift_ppb(e.rate_sd_ppb, e.wander_ppb, horizon_s, maxclockerror_ppm);
	str_copy(e.selected, sizeof(e.selected), selected->name);
	split_bound(selected, &e);
	tell_root(selected, &e);
	*ret = e;
}

void estimate_extend(
	struct msg_estimate *e, struct ts_raw raw, double maxclockerror_ppm, double horizon_s)
{
	struct ts_line line = estimate_line(e);
	double t = age_s(e, raw), v = e->offset_sd_ns * e->offset_sd_ns;
	int64_t grown;

	e->status = sync_holdover;
	if (t <= 0)
		return;
	v += e->rate_sd_ppb * e->rate_sd_ppb * t * t +
	     e->wander_ppb * e->wander_ppb * t * t * t / 3;
	grown = estimate_bound_at(e, raw) - e->bound_ns;
	e->raw_ns = raw.ns;
	e->utc_ns = ts_line_at(&line, raw).ns;
	e->offset_sd_ns = fmin(sqrt(v), 1e18);
	e->rate_sd_ppb =
		fmin(sqrt(e->rate_sd_ppb * e->rate_sd_ppb + e->wander_ppb * e->wander_ppb * t),
			RATE_MAX_PPB);
	e->bound_ns = at_most(e->bound_ns + grown, DURATION_MAX_NS);
	e->bound_statistical_ns = at_most(e->bound_statistical_ns + grown, DURATION_MAX_NS);
	e->root_dispersion_ns = at_most(ts_sat_add(e->root_dispersion_ns, grown), DURATION_MAX_NS);
	e->bound_drift_ppb = drift_ppb(e->rate_sd_ppb, e->wander_ppb, horizon_s, maxclockerror_ppm);
}

void estimate_void(struct msg_estimate *e, struct ts_raw raw)
{
	estimate_extend(e, raw, 0, 0);
	e->status = sync_unsynchronised;
	e->stratum = 16;
	e->leap = leap_unsync;
	e->refid = 0;
	e->selected[0] = '\0';
	e->combined = 0;
	e->bound_ns = VOID_BOUND_NS;
	e->root_dispersion_ns = VOID_BOUND_NS;
	e->bound_drift_ppb = 0;
}
