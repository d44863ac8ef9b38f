/* SPDX-License-Identifier: MIT */
#include "selectd/core/select_private.h"

#include <math.h>

#define SCORE_TAKES_OVER 10.0 /* as chrony: a few samples in a row, or one far better */
#define DISTANCE_MIN_NS	 1.0
/* What a path's asymmetry makes of the time: the two ways differ hop by hop, so its variance grows
 * with the length. A difference of some 10 % of a round trip of 50 ms (1.8 ms on the time) is what
 * public paths show. It cannot be more than half the round trip: uniform within that at most. */
#define ASYMMETRY_NS2_PER_NS 6.7e4
#define UNIFORM_SD	     0.5773502691896258 /* of half its width */

/* Without what grows between polls, or the one with the newest sample would be the nearest in turn.
 */
static double distance_ns(const struct source *s)
{
	return fmax(s->now.fresh_distance_ns, DISTANCE_MIN_NS);
}

/* To be selected a stratum more counts, as a preference; to be combined it does not: what a further
 * server adds to the error is in its root delay and dispersion (chrony does the same). */
static double ranked_distance_ns(
	const struct source *s, const struct selectd_config *config, int64_t stratum_min)
{
	double strata = (double)(s->newest.stratum - stratum_min);

	return distance_ns(s) + 1e9 * config->stratumweight_s * strata;
}

/*
 * Variance of what a source's time may be off by for long: asymmetry of the path up to the primary
 * reference, what its own clock admits to, and the reading. By these, not by the root distance:
 * that grows between polls, and a source whose share changes with each poll moves the mean by its
 * bias.
 */
static double lasting_ns2(const struct source *s)
{
	const struct msg_sample *m = &s->newest;
	double path_ns = (double)s->now.track.base_delay_ns + (double)m->root_delay_ns;
	double most_ns = UNIFORM_SD * path_ns / 2;
	double own_ns = (double)m->root_dispersion_ns + (double)m->bound_ns;
	double reading_ns = UNIFORM_SD * (double)m->dispersion_ns;

	if (m->kind != source_kind_ntp)
		reading_ns += UNIFORM_SD * (double)m->delay_ns / 2;
	return fmin(ASYMMETRY_NS2_PER_NS * path_ns, most_ns * most_ns) + own_ns * own_ns +
	       reading_ns * reading_ns + 1;
}

static int64_t lowest_stratum(const struct source *sources, int n)
{
	int64_t lowest = 16;

	for (int i = 0; i < n; i++)
		if (select_running(&sources[i]) && sources[i].newest.stratum < lowest)
			lowest = sources[i].newest.stratum;
	return lowest;
}

static int nearest(const struct source *sources, int n, const double *distance)
{
	int best = -1;

	for (int i = 0; i < n; i++)
		if (select_running(&sources[i]) && (best < 0 || distance[i] < distance[best]))
			best = i;
	return best;
}

static void reset_scores(struct source *sources, int n)
{
	for (int i = 0; i < n; i++)
		sources[i].score = 1;
}

/* The one selected before stays until another has proved better by its samples. */
static int choose(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *o, const double *distance)
{
	struct source *s;

	if (o->selected < 0 || o->selected >= n || !select_running(&sources[o->selected])) {
		reset_scores(sources, n);
		return nearest(sources, n, distance);
	}
	if (o->sample_of < 0 || o->sample_of == o->selected ||
		!select_running(&sources[o->sample_of]))
		return o->selected;
	s = &sources[o->sample_of];
	s->score *= distance[o->selected] / (distance[o->sample_of] + 1e9 * config->reselectdist_s);
	s->score = fmax(fmin(s->score, 1e6), 1);
	if (s->score < SCORE_TAKES_OVER)
		return o->selected;
	reset_scores(sources, n);
	return o->sample_of;
}

static bool rates_disagree(
	const struct source *a, const struct source *b, const struct selectd_config *config)
{
	const struct track_state *x = &a->now.track, *y = &b->now.track;

	return fabs(x->line.rate_ppb - y->line.rate_ppb) >
	       config->combinelimit *
		       (1e3 * config->maxclockerror_ppm + x->rate_sd_ppb + y->rate_sd_ppb);
}

/* Sets state and reason of one that agrees; true if it is combined. */
static bool combines(struct source *s, const struct source *selected, double distance, double limit,
	const struct selectd_config *config, const struct selection *sel)
{
	s->now.state = verdict_state_combined;
	if (s == selected)
		return true;
	if (distance > limit) {
		s->now.state = verdict_state_excluded;
		s->now.reason = verdict_reason_weight;
	} else if (rates_disagree(s, selected, config) ||
		   select_strays(s, sel->base, sel->low_ns, sel->high_ns)) {
		s->now.state = verdict_state_unstable;
		s->now.reason = verdict_reason_weight;
	}
	return s->now.reason == verdict_reason_ok;
}

void select_rank(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *occasion, struct selection *sel)
{
	double distance[SOURCES_MAX] = {0}, limit, sd_ns, sum = 0;
	int64_t stratum_min = lowest_stratum(sources, n);
	int chosen;

	for (int i = 0; i < n; i++)
		if (select_running(&sources[i]))
			distance[i] = ranked_distance_ns(&sources[i], config, stratum_min);
	chosen = choose(sources, n, config, occasion, distance);
	limit = config->combinelimit *
		(distance_ns(&sources[chosen]) + 1e9 * config->reselectdist_s);
	for (int i = 0; i < n; i++) {
		struct source *s = &sources[i];

		if (s->used && s->now.agrees)
			s->now.lasting_ns2 = lasting_ns2(s);
		if (!select_running(s) ||
			!combines(s, &sources[chosen], distance_ns(s), limit, config, sel))
			continue;
		sd_ns = s->now.track.offset_sd_ns;
		s->now.weight = 1 / (s->now.lasting_ns2 + sd_ns * sd_ns);
		sum += s->now.weight;
		sel->combined++;
	}
	for (int i = 0; i < n; i++)
		sources[i].now.weight /= sum;
	sources[chosen].now.state = verdict_state_selected;
	sel->selected = chosen;
}
