/* SPDX-License-Identifier: MIT */
#include "common/core/phc_noise.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdbool.h>

#include "common/core/stats.h"

/* An exponential law keeps its largest of 25 readings within 8 of these deviations. */
#define WILD_SD 10.0
/* Stamps are whole nanoseconds. */
#define RESOLUTION_NS 1.0
#define MOVE_MAX_NS   4e18 /* fits int64 */

struct work {
	int n;
	int index[PHC_BATCH_MAX];     /* of the reading in the batch */
	double offset[PHC_BATCH_MAX]; /* clock minus middle of the bracket, from the first's */
	double width[PHC_BATCH_MAX];
	double scratch[PHC_BATCH_MAX];
};

static double offset_ns(const struct phc_reading *r, const struct phc_reading *origin)
{
	double middle = (double)(r->before_ns - origin->before_ns) / 2 +
			(double)(r->after_ns - origin->after_ns) / 2;

	return (double)(r->phc_ns - origin->phc_ns) - middle;
}

static void gather(const struct phc_batch *batch, struct work *w)
{
	const struct phc_reading *origin = NULL;

	w->n = 0;
	for (int i = 0; i < batch->count && i < PHC_BATCH_MAX; i++) {
		const struct phc_reading *r = &batch->reading[i];

		if (!phc_reading_usable(r))
			continue;
		if (!origin)
			origin = r;
		w->index[w->n] = i;
		w->offset[w->n] = offset_ns(r, origin);
		w->width[w->n] = (double)(r->after_ns - r->before_ns);
		w->n++;
	}
}

/* Keeps those for which keep[] is set. */
static void reduce(struct work *w, const bool *keep)
{
	int n = 0;

	for (int i = 0; i < w->n; i++) {
		if (!keep[i])
			continue;
		w->index[n] = w->index[i];
		w->offset[n] = w->offset[i];
		w->width[n] = w->width[i];
		n++;
	}
	w->n = n;
}

/* What lies further off than both its bracket and the noise allow is a fault and no reading. */
static void drop_wild(struct work *w)
{
	double median = stats_median(w->offset, w->n, w->scratch);
	double sd = STATS_MAD_TO_SD * stats_mad(w->offset, w->n, median, w->scratch);
	bool keep[PHC_BATCH_MAX];

	for (int i = 0; i < w->n; i++)
		keep[i] = fabs(w->offset[i] - median) <=
			  WILD_SD * sd + w->width[i] / 2 + RESOLUTION_NS;
	reduce(w, keep);
}

static void drop_wide(struct work *w)
{
	double median = stats_median(w->width, w->n, w->scratch);
	bool keep[PHC_BATCH_MAX];

	for (int i = 0; i < w->n; i++)
		keep[i] = w->width[i] <= median;
	reduce(w, keep);
}

static int narrowest(const struct work *w)
{
	int best = 0;

	for (int i = 1; i < w->n; i++)
		if (w->width[i] < w->width[best])
			best = i;
	return best;
}

static double variance(const double *x, int n)
{
	double sd = stats_sd(x, n);

	return sd * sd + RESOLUTION_NS * RESOLUTION_NS;
}

/* By medians: a single reading that was interrupted would outweigh all others. */
static double middle_variance(struct work *w, const double *x)
{
	double median = stats_median(x, w->n, w->scratch);
	double sd = STATS_MAD_TO_SD * stats_mad(x, w->n, median, w->scratch);

	return sd * sd + RESOLUTION_NS * RESOLUTION_NS;
}

static void learn_ratio(struct phc_noise *n, struct work *w)
{
	double r = log(middle_variance(w, w->offset) / (middle_variance(w, w->width) / 4));

	if (n->batches < PHC_NOISE_MEMORY)
		n->batches++;
	n->log_ratio += (r - n->log_ratio) / n->batches;
}

/* Log likelihoods of an exponential law behind each edge over that of a Gaussian, each law with the
 * parameters that fit best; the mean distance from the outermost is short by one part in n. */
static void learn_law(struct phc_noise *n, const struct work *w, double least, double most)
{
	double mean = stats_mean(w->offset, w->n), of_n = (double)w->n / (w->n - 1);
	double gauss = 0.5 * log(2 * M_PI * variance(w->offset, w->n)) + 0.5;
	double late = log(fmax(of_n * (mean - least), RESOLUTION_NS)) + 1;
	double early = log(fmax(of_n * (most - mean), RESOLUTION_NS)) + 1;
	double fade = 1 - 1.0 / PHC_NOISE_MEMORY;

	n->late = fade * n->late + w->n * (gauss - late);
	n->early = fade * n->early + w->n * (gauss - early);
}

/* Moved to where all the work says that the clock was. */
static void answer(const struct phc_batch *batch, const struct work *w, int i, double truth,
	double noise, struct phc_best *ret)
{
	const struct phc_reading *r = &batch->reading[w->index[i]];
	int64_t width_ns = r->after_ns - r->before_ns;
	int64_t move_ns = llround(fmax(fmin(truth - w->offset[i], MOVE_MAX_NS), -MOVE_MAX_NS));

	*ret = (struct phc_best){
		.system_ns = r->before_ns + width_ns / 2,
		.phc_ns = r->phc_ns > -move_ns ? ts_sat_add(r->phc_ns, move_ns) : 0,
		.width_ns = width_ns,
		.index = w->index[i],
		.noise_ns = llround(fmin(noise, MOVE_MAX_NS)),
	};
}

/* The least of each leg; the narrowest bracket if those of all do not overlap. */
static void answer_by_legs(
	const struct phc_batch *batch, const struct work *w, struct phc_best *ret)
{
	double high = INFINITY, low = -INFINITY;
	int best = narrowest(w);

	for (int i = 0; i < w->n; i++) {
		high = fmin(high, w->offset[i] + w->width[i] / 2);
		low = fmax(low, w->offset[i] - w->width[i] / 2);
	}
	answer(batch, w, best, low <= high ? (low + high) / 2 : w->offset[best], 0, ret);
}

static void answer_by_law(
	struct phc_noise *n, const struct phc_batch *batch, struct work *w, struct phc_best *ret)
{
	int least = 0, most = 0;
	double mean;

	drop_wide(w);
	for (int i = 1; i < w->n; i++) {
		least = w->offset[i] < w->offset[least] ? i : least;
		most = w->offset[i] > w->offset[most] ? i : most;
	}
	learn_law(n, w, w->offset[least], w->offset[most]);
	mean = stats_mean(w->offset, w->n);
	if (n->late > PHC_NOISE_EVIDENCE && n->late >= n->early)
		answer(batch, w, least, w->offset[least], (mean - w->offset[least]) / w->n, ret);
	else if (n->early > PHC_NOISE_EVIDENCE)
		answer(batch, w, most, w->offset[most], (w->offset[most] - mean) / w->n, ret);
	else
		answer(batch, w, narrowest(w), mean, stats_sd(w->offset, w->n) / sqrt(w->n), ret);
}

/* A clock that stands still, or is no clock, has no offset to be looked at. */
static bool advances(const struct phc_batch *batch, const struct work *w)
{
	const struct phc_reading *first = &batch->reading[w->index[0]];
	const struct phc_reading *last = &batch->reading[w->index[w->n - 1]];

	return last->phc_ns - first->phc_ns >= (last->before_ns - first->before_ns) / 2;
}

int phc_noise_best(struct phc_noise *n, const struct phc_batch *batch, struct phc_best *ret)
{
	struct work w;

	gather(batch, &w);
	if (w.n >= PHC_NOISE_READINGS_MIN)
		drop_wild(&w);
	if (w.n < PHC_NOISE_READINGS_MIN || !advances(batch, &w))
		return phc_reading_best(batch, ret);
	learn_ratio(n, &w);
	if (n->log_ratio < log(PHC_NOISE_HIDDEN_RATIO))
		answer_by_legs(batch, &w, ret);
	else
		answer_by_law(n, batch, &w, ret);
	return 0;
}
