/* SPDX-License-Identifier: MIT */
/*
 * select_world.h - sets of simulated sources with tracks, to be judged by select_run().
 */
#ifndef TB_SELECT_WORLD_H
#define TB_SELECT_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "selectd/core/select.h"

static const struct selectd_config defaults = {
	SELECTD_DEFAULTS,
};

struct world {
	struct source *sources;
	struct sim sim;
	struct sim_path path[SOURCES_MAX];
	char name[SOURCES_MAX][16];
	int n;
};

static inline void add_source(struct world *w, double error_ns)
{
	struct source *s = &w->sources[w->n];
	struct sim_path *p = &w->path[w->n];
	struct track_config tc;
	struct prng *g = &w->sim.g;

	snprintf(w->name[w->n], sizeof(w->name[0]), "s%d", w->n);
	*p = (struct sim_path){.name = w->name[w->n],
		.kind = source_kind_ntp,
		.noise = prng_below(g, 2) ? SIM_EXPONENTIAL : SIM_GAUSSIAN,
		.base_ns = 1e5 * pow(10, 2.5 * prng_uniform(g)),
		.jitter_ns = 1e4 * pow(10, 1.5 * prng_uniform(g)),
		.error_ns = error_ns,
		.root_dispersion_ns = 10000,
		.stratum = 1 + (int64_t)prng_below(g, 4),
		.poll = 4};
	p->asymmetry_ns = p->base_ns * (prng_uniform(g) - 0.5) * 0.9;
	s->used = s->has_info = true;
	s->score = 1;
	s->info = sim_source(p).u.source;
	str_copy(s->name, sizeof(s->name), p->name);
	tc = source_track_config(s, &defaults);
	track_init(&s->track, TRACK_REGRESSION, &tc);
	w->n++;
}

static inline void run_polls(struct world *w, int polls)
{
	for (int k = 0; k < polls; k++)
		for (int i = 0; i < w->n; i++) {
			struct msg m;

			sim_advance(&w->sim, 16.0 / w->n);
			m = sim_sample(&w->sim, &w->path[i]);
			if (track_sample(&w->sources[i].track, &m.u.sample) == 0)
				w->sources[i].newest = m.u.sample;
		}
}

static inline struct world new_world(uint64_t seed)
{
	struct world w = {.sources = calloc(SOURCES_MAX, sizeof(struct source))};

	assert_non_null(w.sources);
	sim_init(&w.sim, seed, 20000, 1e-9);
	return w;
}

static inline struct selection judge(struct world *w, const struct selectd_config *config)
{
	struct select_occasion o = {
		.at = {w->sim.raw_ns}, .now = {w->sim.raw_ns}, .selected = -1, .sample_of = -1};
	struct selection sel;

	select_run(w->sources, w->n, config, &o, &sel);
	return sel;
}

static inline struct world three_good(void)
{
	struct world w = new_world(5);

	for (int i = 0; i < 3; i++)
		add_source(&w, 0);
	run_polls(&w, 8);
	return w;
}

#endif
