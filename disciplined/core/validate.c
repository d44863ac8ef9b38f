/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/validate.h"

#define FUTURE_MAX_NS NS_PER_S
#define JUMPS_REFUSED 2
/* Bounds are published rounded; and a source's own dispersion may lag behind by this. */
#define JUMP_MARGIN_NS (1 * NS_PER_US)

static bool is_repeated(struct validate *v, const struct msg_envelope *env)
{
	if (env->seq == 0) /* a host without envelopes delivers each once */
		return false;
	if (env->boot == v->boot && env->seq <= v->seq)
		return true;
	v->boot = env->boot;
	v->seq = env->seq;
	return false;
}

static bool numbers_bad(const struct msg_estimate *e)
{
	return !isfinite(e->rate_ppb) || !(e->offset_sd_ns >= 0 && isfinite(e->offset_sd_ns)) ||
	       !(e->rate_sd_ppb >= 0 && isfinite(e->rate_sd_ppb)) ||
	       !(e->bound_drift_ppb >= 0 && e->bound_drift_ppb <= 1e9) || e->bound_ns < 0 ||
	       e->raw_ns < 0 || e->utc_ns < 0 || e->root_delay_ns < 0 || e->root_dispersion_ns < 0;
}

/* How far two lines are apart at an instant, beyond what both bounds allow; <= 0: they agree. */
static double contradiction_ns(const struct ts_line *a, double a_bound_ns, const struct ts_line *b,
	double b_bound_ns, struct ts_raw at)
{
	int64_t apart_ns = ts_utc_sub(ts_line_at(a, at), ts_line_at(b, at)).ns;

	return fabs((double)apart_ns) - a_bound_ns - b_bound_ns - (double)JUMP_MARGIN_NS;
}

static enum refusal judge_jump(
	struct validate *v, const struct validate_line *followed, const struct msg_estimate *e)
{
	struct ts_line line = {{e->raw_ns}, {e->utc_ns}, e->rate_ppb};
	double age_s, followed_bound_ns;

	if (!followed->valid || e->disruption != followed->disruption) {
		v->jumps = 0;
		return REFUSAL_NONE;
	}
	age_s = fmax(0, ts_dur_to_s(ts_raw_sub(line.raw, followed->line.raw)));
	followed_bound_ns = (double)followed->bound_ns + age_s * followed->drift_ppb;
	if (contradiction_ns(&followed->line, followed_bound_ns, &line, (double)e->bound_ns,
		    line.raw) <= 0) {
		v->jumps = 0;
		return REFUSAL_NONE;
	}
	if (v->jumps > 0 && contradiction_ns(&v->jump_line, (double)v->jump_bound_ns, &line,
				    (double)e->bound_ns, line.raw) > 0)
		v->jumps = 0; /* not even with itself does it agree */
	v->jump_line = line;
	v->jump_bound_ns = e->bound_ns;
	if (v->jumps >= JUMPS_REFUSED) {
		v->jumps = 0;
		return REFUSAL_NONE;
	}
	v->jumps++;
	return REFUSAL_JUMP;
}

static bool is_void(const struct validate *v, const struct msg_estimate *e)
{
	int64_t newest_ns = e->sample_raw_ns > 0 ? e->sample_raw_ns : e->raw_ns;

	return v->void_before && newest_ns <= v->void_raw.ns && e->disruption == v->void_disruption;
}

enum refusal validate_estimate(struct validate *v, const struct validate_limits *limits,
	const struct validate_line *followed, const struct msg *m, struct ts_raw now)
{
	const struct msg_estimate *e = &m->u.estimate;
	enum refusal refusal;

	if (is_repeated(v, &m->env))
		return REFUSAL_REPEATED;
	if (numbers_bad(e))
		return REFUSAL_NUMBER;
	if (ts_sat_sub(e->raw_ns, now.ns) > FUTURE_MAX_NS)
		return REFUSAL_FUTURE;
	if (ts_sat_sub(now.ns, e->raw_ns) > limits->age_max_ns)
		return REFUSAL_OLD;
	if (is_void(v, e))
		return REFUSAL_VOID;
	if (followed->valid && e->raw_ns < followed->line.raw.ns &&
		e->disruption == followed->disruption)
		return REFUSAL_BACKWARDS;
	if (fabs(e->rate_ppb) > limits->rate_max_ppb)
		return REFUSAL_RATE;
	if (e->bound_ns > limits->bound_max_ns)
		return REFUSAL_BOUND;
	refusal = judge_jump(v, followed, e);
	if (refusal == REFUSAL_NONE)
		v->void_before = false;
	return refusal;
}

void validate_void(struct validate *v, struct ts_raw raw, int64_t disruption)
{
	v->void_before = true;
	v->void_raw = raw;
	v->void_disruption = disruption;
	v->jumps = 0;
}

const char *validate_text(enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_NONE:
		return "taken";
	case REFUSAL_REPEATED:
		return "it was seen before";
	case REFUSAL_NUMBER:
		return "a number in it is impossible";
	case REFUSAL_FUTURE:
		return "it is given for the future";
	case REFUSAL_OLD:
		return "it is older than maxholdover";
	case REFUSAL_BACKWARDS:
		return "it is older than the one followed";
	case REFUSAL_VOID:
		return "it rests on samples from before the disruption";
	case REFUSAL_RATE:
		return "its rate is beyond maxdrift";
	case REFUSAL_BOUND:
		return "its bound is wider than maxbound";
	case REFUSAL_JUMP:
		return "it contradicts the line followed, bounds included";
	}
	return "unknown";
}
