/* SPDX-License-Identifier: MIT */
/*
 * selectd_sim.h - an oscillator and paths to sources, for the tests of selectd. All from one seed.
 */
#ifndef TB_SELECTD_SIM_H
#define TB_SELECTD_SIM_H

#include <math.h>
#include <string.h>
#include "common/bus/msg.h"
#include "common/core/bytes.h"
#include "common/core/prng.h"
#include "common/core/tstime.h"
#include "selectd/core/selectd_config.h"

/* The defaults of its directives. */
#define SELECTD_DEFAULTS                                                                           \
	.minsources = 1, .maxdistance_s = 3, .maxjitter_s = 1, .combinelimit = 3,                  \
	.stratumweight_s = 0.001, .reselectdist_s = 0.0001, .maxclockerror_ppm = 1,                \
	.authselectmode = AUTH_SELECT_MIX

#define SIM_EPOCH_NS (INT64_C(1780000000) * NS_PER_S)

/* True UTC as the raw clock goes: rate a random walk, a step each 0.1 s. */
struct sim {
	struct prng g;
	int64_t raw_ns; /* time now */
	double x_ns;	/* true UTC minus raw minus epoch */
	double rate_ppb;
	double wander;	    /* 1/sqrt(s) */
	int64_t leap_at_ns; /* POSIX time at which it jumps by leap_ns; 0: it has or never does */
	int64_t leap_ns;
};

enum sim_noise { SIM_EXPONENTIAL, SIM_GAUSSIAN };

struct sim_path {
	const char *publisher, *name;
	enum source_kind kind;
	enum sim_noise noise;
	double base_ns;	     /* round trip at least */
	double jitter_ns;    /* each way */
	double asymmetry_ns; /* half the difference of the ways; |.| <= base/2 */
	double error_ns;     /* of the source itself */
	int64_t root_delay_ns, root_dispersion_ns;
	int64_t stratum;
	int64_t poll;
	enum leap leap;
	int64_t mono_epoch; /* 0: it does not tell what it does to its clock */
	int64_t set_ns;	    /* by so much it has set that in all */
};

static inline void sim_init(struct sim *s, uint64_t seed, double rate_ppb, double wander)
{
	memset(s, 0, sizeof(*s));
	prng_init(&s->g, seed);
	s->raw_ns = 1000 * NS_PER_S;
	s->rate_ppb = rate_ppb;
	s->wander = wander;
}

static inline void sim_advance(struct sim *s, double seconds)
{
	while (seconds > 0) {
		double dt = seconds < 0.1 ? seconds : 0.1;

		s->raw_ns += llround(dt * 1e9);
		s->x_ns += s->rate_ppb * dt;
		s->rate_ppb += 1e9 * s->wander * sqrt(dt) * prng_normal(&s->g);
		seconds -= dt;
	}
}

/* True POSIX time of an instant near now. */
static inline int64_t sim_utc(const struct sim *s, int64_t raw_ns)
{
	double dt = (double)(raw_ns - s->raw_ns) * 1e-9;

	int64_t utc = SIM_EPOCH_NS + raw_ns + llround(s->x_ns + s->rate_ppb * dt);

	return utc >= s->leap_at_ns ? utc + s->leap_ns : utc;
}

static inline double sim_delay(struct sim *s, const struct sim_path *p)
{
	if (p->noise == SIM_EXPONENTIAL)
		return p->jitter_ns * prng_exponential(&s->g);
	return fmax(5 * p->jitter_ns + p->jitter_ns * prng_normal(&s->g), 0);
}

static inline void sim_name(const struct sim_path *p, struct msg *m)
{
	memset(m, 0, sizeof(*m));
	str_copy(m->env.sender, sizeof(m->env.sender), p->publisher ? p->publisher : "ntpexchd");
}

/* One exchange (or reading) now. */
static inline struct msg sim_sample(struct sim *s, const struct sim_path *p)
{
	double there = p->base_ns / 2 + p->asymmetry_ns, back = p->base_ns / 2 - p->asymmetry_ns;
	struct msg m;

	sim_name(p, &m);
	m.kind = MSG_sample;
	if (p->kind == source_kind_ntp) {
		there += sim_delay(s, p);
		back += sim_delay(s, p);
	} else {
		there += p->jitter_ns * prng_normal(&s->g);
		back -= there - p->base_ns / 2;
	}
	str_copy(m.u.sample.source, sizeof(m.u.sample.source), p->name);
	m.u.sample.kind = p->kind;
	m.u.sample.raw_ns = s->raw_ns + llround((there + back) / 2);
	m.u.sample.utc_ns =
		sim_utc(s, m.u.sample.raw_ns) + llround((there - back) / 2 + p->error_ns);
	m.u.sample.utc_ns += p->set_ns;
	m.u.sample.mono = p->mono_epoch != 0;
	m.u.sample.mono_epoch = p->mono_epoch;
	m.u.sample.mono_shift_ns = m.u.sample.mono ? -p->set_ns : 0;
	m.u.sample.mono_error_ns = m.u.sample.mono ? 60 : 0;
	m.u.sample.delay_ns = llround(there + back);
	m.u.sample.dispersion_ns = 100;
	m.u.sample.root_delay_ns = p->root_delay_ns;
	m.u.sample.root_dispersion_ns = p->root_dispersion_ns;
	m.u.sample.stratum = p->stratum;
	m.u.sample.leap = p->leap;
	m.u.sample.refid = 0x7f7f0101;
	m.u.sample.poll = p->poll;
	return m;
}

static inline struct msg sim_source(const struct sim_path *p)
{
	struct msg m;

	sim_name(p, &m);
	m.kind = MSG_source;
	str_copy(m.u.source.source, sizeof(m.u.source.source), p->name);
	str_copy(m.u.source.configured, sizeof(m.u.source.configured), p->name);
	str_copy(m.u.source.address, sizeof(m.u.source.address), "192.0.2.1");
	m.u.source.kind = p->kind;
	m.u.source.mode = p->kind == source_kind_ntp ? source_mode_server : source_mode_refclock;
	m.u.source.state = source_state_reachable;
	m.u.source.reach = 1;
	m.u.source.poll = p->poll;
	return m;
}

#endif
