/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "disciplined/pagefill.h"
#include "tests/sim/sim.h"

#define DRIFT_SD_MIN_PPB 1000.0 /* as disciplined.c has it */
#define RATE_LIMIT_PPB	 1e8

static struct ts_raw now_of(const struct sim *s)
{
	return world_raw(&s->w);
}

struct ts_utc disc_clock(struct sim *s)
{
	if (s->disc.shadow)
		return shadow_line_utc(&s->disc.soft.line, now_of(s));
	return (struct ts_utc){kclock_utc(&s->w.kernel, now_of(s))};
}

double disc_rate_ppb(struct sim *s)
{
	if (s->disc.shadow)
		return shadow_line_rate_ppb(&s->disc.soft.line, now_of(s));
	return kclock_rate_ppb(&s->w.kernel, now_of(s));
}

static void look(struct sim *s, struct clk_reading *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->raw = now_of(s);
	ret->clock = disc_clock(s);
	ret->suspended.ns = s->w.slept_ns;
	ret->command_ppb = s->w.kernel.command_ppb;
	if (s->disc.shadow) {
		ret->command_ppb = disc_rate_ppb(s);
		return;
	}
	ret->width.ns = llround(s->w.kernel.config.width_ns);
	ret->clock.ns += llround((prng_uniform(&s->w.read_noise) - 0.5) * (double)ret->width.ns);
}

/* ---- what it may do ---- */

static void check_step(struct sim *s, const struct discipline_action *a)
{
	const struct discipline_policy *p = &s->disc.core.policy;
	double e_s = fabs((double)a->step_ns) * 1e-9;
	bool counted = p->makestep_limit < 0 || s->disc.core.updates <= p->makestep_limit;

	s->check.steps++;
	if (p->makestep_s > 0 && counted && e_s > p->makestep_s)
		return;
	if (p->leap_mode == LEAP_MODE_STEP && world_leaping(&s->w))
		return;
	if (s->disc.step_excused) {
		s->disc.step_excused = false;
		return;
	}
	sim_wrong(s, "a step of %" PRId64 " ns is outside the policy", a->step_ns);
}

static void check_rate(struct sim *s, const struct discipline_action *a)
{
	double limit_ppb = s->disc.core.policy.maxslewrate_ppm * 1e3;

	if (!isfinite(a->command_ppb) || !isfinite(a->base_ppb) ||
		fabs(a->command_ppb) > RATE_LIMIT_PPB)
		sim_wrong(s, "a rate of %g ppb", a->command_ppb);
	else if (fabs(a->command_ppb - a->base_ppb) > limit_ppb * (1 + 1e-9) + 1)
		sim_wrong(s, "a slew of %g ppb", a->command_ppb - a->base_ppb);
}

static void act_shadow(struct sim *s, const struct discipline_action *a)
{
	struct softclock *c = &s->disc.soft;

	if (a->step)
		softclock_step(c, now_of(s), a->step_ns);
	if (a->rate)
		softclock_set_rate(c, now_of(s), a->command_ppb, a->base_ppb, a->until);
	if (a->status)
		softclock_set_leap(c, now_of(s), a->told.leap, a->told.leap_effect);
}

static void act(struct sim *s, const struct discipline_action *a)
{
	if (a->step)
		check_step(s, a);
	if (a->rate)
		check_rate(s, a);
	if (s->disc.shadow) {
		act_shadow(s, a);
		return;
	}
	if (a->step)
		kclock_step(&s->w.kernel, now_of(s), a->step_ns);
	if (a->rate)
		kclock_set(&s->w.kernel, now_of(s), a->command_ppb);
	if (a->status)
		kclock_leap(&s->w.kernel, now_of(s), a->told.leap);
}

static struct shadow_line line_of(struct sim *s, const struct msg_clock *clock)
{
	struct shadow_line line = {0};

	if (s->disc.shadow)
		line = softclock_line(&s->disc.soft, s->disc.core.model.raw);
	pagefill_line(&s->disc.core, clock, s->disc.shadow, 0, &line);
	return line;
}

static void publish(struct sim *s)
{
	struct msg m = {.kind = MSG_clock};
	struct shadow_line line;

	discipline_clock(&s->disc.core, &m.u.clock);
	line = line_of(s, &m.u.clock);
	if (shadow_line_check(&line) < 0)
		sim_wrong(s, "a line in the page that cannot be");
	s->disc.page = line;
	s->disc.page_valid = true;
	sim_publish(s, MEMBER_DISCIPLINE, &m);
}

static void finish(struct sim *s, struct discipline_out *out)
{
	struct discipline_result result = {0};

	if (out->act.step || out->act.rate || out->act.status) {
		act(s, &out->act);
		look(s, &result.after);
		discipline_applied(&s->disc.core, &result, out);
	}
	if (out->publish)
		publish(s);
	for (int i = 0; i < out->notes; i++)
		sim_tell(s, MEMBER_DISCIPLINE, out->note[i].code, NULL, out->note[i].value_ns,
			out->note[i].text);
}

/* ---- files, as keeper.c has them ---- */

static void schedule(struct sim *s)
{
	const struct disciplined_config *c = &s->sc->discipline;
	int interval_s = c->statefile[0] ? c->state_interval_s : c->drift_interval_s;

	s->disc.save_due = TS_RAW_NEVER;
	if (c->driftfile[0] || c->statefile[0])
		s->disc.save_due = ts_raw_add(now_of(s), (struct ts_dur){interval_s * NS_PER_S});
}

static void save(struct sim *s)
{
	struct disc_unit *u = &s->disc;
	struct drift drift = {u->core.model.base_ppb, u->core.rate_sd_ppb};
	struct saved_state state = {.boot = {u->boot}};
	struct msg_clock clock;

	schedule(s);
	if (!u->core.following)
		return;
	if (s->sc->discipline.driftfile[0])
		drift_format(&drift, u->drift_text);
	if (!s->sc->discipline.statefile[0])
		return;
	discipline_clock(&u->core, &clock);
	state.line = line_of(s, &clock);
	state.wander_ppb = u->core.target.est.wander_ppb;
	state_format(&state, u->state_text);
}

static bool begin_with_state(struct sim *s, struct discipline_start *start)
{
	struct disc_unit *u = &s->disc;
	struct saved_state state;
	double passed_s;

	if (state_parse(u->state_text, strlen(u->state_text), &state) < 0)
		return false;
	start->wander_ppb = state.wander_ppb;
	if (state.boot[0] == u->boot) {
		pagefill_continue(&state.line, &start->reading, start);
		return true;
	}
	passed_s =
		ts_dur_to_s(ts_utc_sub(start->reading.clock, (struct ts_utc){state.line.utc_ns}));
	start->base_ppb = state.line.base_ppb;
	start->base_sd_ppb = state_rate_sd_ppb(&state, passed_s, DRIFT_SD_MIN_PPB);
	return true;
}

static void begin_with_file(struct sim *s, struct discipline_start *start)
{
	struct drift drift;

	start->base_ppb = start->reading.command_ppb;
	if (start->base_ppb != 0 || begin_with_state(s, start))
		return;
	if (drift_parse(s->disc.drift_text, strlen(s->disc.drift_text), &drift) < 0)
		return;
	start->base_ppb = drift.rate_ppb;
	start->base_sd_ppb = fmax(drift.skew_ppb, DRIFT_SD_MIN_PPB);
}

/* ---- life ---- */

/* The machine boots again: memory and /run are lost. */
void disc_stage_boot(struct sim *s)
{
	s->disc.boot++;
	s->disc.page_valid = false;
	s->disc.step_excused = false;
}

/* Once a run: the clock as the machine boots. */
void disc_stage_init(struct sim *s)
{
	struct shadow_line line = {.bend_raw_ns = SHADOW_NEVER, .leap_raw_ns = SHADOW_NEVER};

	s->disc.shadow = s->sc->discipline.clock == CONFIG_CLOCK_SHADOW;
	line.raw_ns = now_of(s).ns;
	line.utc_ns = s->w.kernel.utc_ns;
	softclock_init(&s->disc.soft, &line);
	s->disc.boot = 1;
	/* the file tells what the clock gains, a rate takes that away */
	if (s->sc->has_drift)
		drift_format(&(struct drift){-1e3 * s->sc->drift_ppm, 1e3 * s->sc->drift_skew_ppm},
			s->disc.drift_text);
}

void disc_stage_start(struct sim *s)
{
	struct discipline_start start = {.until = TS_RAW_NEVER};
	struct disc_unit *u = &s->disc;
	struct discipline_policy policy;
	struct discipline_out out;
	struct clk_reading now;

	look(s, &start.reading);
	if (u->page_valid) {
		if (u->shadow)
			softclock_init(&u->soft, &u->page);
		pagefill_continue(&u->page, &start.reading, &start);
	} else {
		begin_with_file(s, &start);
	}
	schedule(s);
	config_policy(&s->sc->discipline, &policy);
	discipline_init(&u->core, &policy, &start);
	look(s, &now);
	discipline_leaplist(&u->core, false, leap_none);
	discipline_on_deadline(&u->core, &now, &out);
	out.publish = true;
	finish(s, &out);
	if (s->kept->has_estimate) {
		struct msg m = s->kept->estimate;

		m.env.snapshot = true;
		disc_stage_message(s, &m);
	}
}

void disc_stage_stop(struct sim *s)
{
	struct discipline_out out;
	struct clk_reading now;

	look(s, &now);
	discipline_stop(&s->disc.core, &now, &out);
	finish(s, &out);
	save(s);
}

void disc_stage_message(struct sim *s, const struct msg *m)
{
	struct discipline_out out;
	struct clk_reading now;

	look(s, &now);
	if (m->kind == MSG_estimate) {
		discipline_on_estimate(&s->disc.core, m, &now, &out);
		finish(s, &out);
	} else if (m->kind == MSG_event && !m->env.snapshot &&
		   strcmp(m->u.event.code, event_word(EVENT_disruption)) == 0) {
		discipline_on_disruption(&s->disc.core, &now, &out);
		finish(s, &out);
	}
}

struct ts_raw disc_stage_deadline(const struct sim *s)
{
	return ts_raw_min(discipline_deadline(&s->disc.core), s->disc.save_due);
}

void disc_stage_expire(struct sim *s)
{
	struct discipline_out out;
	struct clk_reading now;

	if (!ts_raw_before(now_of(s), s->disc.save_due))
		save(s);
	if (ts_raw_before(now_of(s), discipline_deadline(&s->disc.core)))
		return;
	look(s, &now);
	discipline_on_deadline(&s->disc.core, &now, &out);
	finish(s, &out);
}
