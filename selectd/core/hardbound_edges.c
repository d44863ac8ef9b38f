/* SPDX-License-Identifier: MIT */
#include "selectd/core/hardbound_edges.h"

#include <math.h>

/* Standard deviations of rate and wander that an edge carried along the line allows for (ESTIMATOR:
 * 99.99 % needs 5 to 7 of a heavy-tailed error; the drift allowance comes on top). */
#define CARRY_SIGMAS 5.0
#define EDGE_SIGMAS  4.0 /* hardbound.h tells why */

double hardbound_widening(const struct hardbound_line *line, double scale, double age_s)
{
	double t = fabs(age_s);
	double rate = line->rate_sd_ppb, wander = line->wander_ppb;
	double sd = t * sqrt(rate * rate + wander * wander * t / 3);

	return scale * (line->drift_ppb * t + CARRY_SIGMAS * sd);
}

static double unseen_ppb(const struct hardbound_line *line, const struct hardbound_edge *e)
{
	return e->unseen ? line->unseen_ppb : 0;
}

static double sag_ppb(
	const struct hardbound_line *line, double scale, const struct hardbound_edge *far)
{
	return scale * EDGE_SIGMAS * line->wander_ppb * sqrt(fmax(far->age_s, 0) / 3) +
	       unseen_ppb(line, far);
}

/* Only that an edge moves outwards is believed. */
static double slope_ppb(double near_ns, double far_ns, double least_delay_ns, double span_s)
{
	double gap = near_ns + far_ns - least_delay_ns;

	return gap > 0 ? gap / span_s : 0;
}

double hardbound_edges_carried(const struct hardbound_edge *near, const struct hardbound_edge *far,
	int side, const struct hardbound_line *line, double scale)
{
	double near_ns = side > 0 ? near->high_ns : near->low_ns;
	double far_ns = side > 0 ? far->low_ns : far->high_ns;
	double t = near->age_s, span = far->age_s - t;

	if (t <= 0 || span <= 0)
		return near_ns + hardbound_widening(line, scale, t) +
		       unseen_ppb(line, near) * fmax(t, 0);
	return near_ns + t * (slope_ppb(near_ns, far_ns, line->least_delay_ns, span) +
				     sag_ppb(line, scale, far));
}

/* One side's edges and the other side's, and what the walk makes of a rate since then. */
struct sides {
	double near_ns[HARDBOUND_SAMPLES], far_ns[HARDBOUND_SAMPLES];
	const double *age_s, *sag_ppb;
};

/* Whom edge i is carried by: the least rate. Only those can be it that are tighter than all
 * between, and none any more when what the walk allows for is more than the best. -1: there is no
 * older one.
 */
static int partner(const struct sides *a, int n, double least_delay_ns, int i)
{
	double least = INFINITY, tightest = INFINITY;
	int best = -1;

	for (int j = i + 1; j < n && a->sag_ppb[j] < least; j++) {
		double rate, span = a->age_s[j] - a->age_s[i];

		if (a->far_ns[j] >= tightest || span <= 0)
			continue;
		tightest = a->far_ns[j];
		rate = slope_ppb(a->near_ns[i], tightest, least_delay_ns, span) + a->sag_ppb[j];
		if (rate >= least)
			continue;
		least = rate;
		best = j;
	}
	return best;
}

static double value(
	const struct hardbound_search *s, int side, const struct hardbound_pair *p, double ahead_s)
{
	struct hardbound_edge near = s->edge[p->near], far = s->edge[p->far];

	near.age_s += ahead_s;
	far.age_s += ahead_s;
	return hardbound_edges_carried(&near, &far, side, s->line, s->scale);
}

static void search_side(const struct hardbound_search *s, int side, const struct sides *a,
	struct hardbound_pair *ret)
{
	double best[HARDBOUND_PAIRS], newer = INFINITY;

	for (int k = 0; k < s->instants; k++)
		best[k] = INFINITY;
	for (int i = 0; i < s->n; i++) {
		struct hardbound_pair p = {.near = i};
		int far;

		if (a->near_ns[i] >= newer)
			continue;
		newer = a->near_ns[i];
		far = partner(a, s->n, s->line->least_delay_ns, i);
		if (far < 0 && i > 0)
			continue;
		p.far = far < 0 ? i : far;
		for (int k = 0; k < s->instants; k++) {
			double v = value(s, side, &p, s->ahead_s[k]);

			if (v >= best[k])
				continue;
			best[k] = v;
			ret[k] = p;
		}
	}
}

void hardbound_search_run(const struct hardbound_search *s, struct hardbound_pairs *ret)
{
	double age_s[HARDBOUND_SAMPLES], sag[HARDBOUND_SAMPLES];
	struct sides up = {.age_s = age_s, .sag_ppb = sag};
	struct sides down = {.age_s = age_s, .sag_ppb = sag};

	for (int i = 0; i < s->n; i++) {
		age_s[i] = s->edge[i].age_s;
		sag[i] = sag_ppb(s->line, s->scale, &s->edge[i]);
		up.near_ns[i] = down.far_ns[i] = s->edge[i].high_ns;
		up.far_ns[i] = down.near_ns[i] = s->edge[i].low_ns;
	}
	ret->count = s->instants;
	search_side(s, 1, &up, ret->high);
	search_side(s, -1, &down, ret->low);
}
