/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank.h"
#include "selectd/core/bank_shapes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* bank.h tells why. */
#define NEIGHBOUR_PER_S	 (1 / 86400.0)
#define ANYWHERE_PER_S	 (1 / 31557600.0)
#define NEIGHBOUR_MOST	 1e-3
#define ANYWHERE_MOST	 1e-4
#define WEIGHT_MIN	 1e-250
#define LOG_SHAPE_MIN	 -25.0
#define REST		 3
#define EVIDENCE_PER_MIX 30.0
#define SETTLING	 16
#define TAIL_SIGMAS2	 16.0

static const double wanders_ppb[BANK_WANDERS] = {
	0.01, 0.0316227766, 0.1, 0.316227766, 1, 3.16227766, 10, 31.6227766, 100, 316.227766, 1000};
static const double log_step = 1.151292546497023; /* log(10)/2 */

struct rates {
	double neighbour, anywhere;
};

static struct rates mixing(double dt_s)
{
	return (struct rates){
		.neighbour = fmin(dt_s * NEIGHBOUR_PER_S, NEIGHBOUR_MOST),
		.anywhere = fmin(dt_s * ANYWHERE_PER_S, ANYWHERE_MOST),
	};
}

void bank_start(struct bank *b, int two_way, const struct bank_start *start)
{
	struct bank_hypothesis h = {
		.x_ns = start->x_ns,
		.rate_ppb = start->rate_ppb,
		.base_ns = start->base_ns,
		.pxx = start->x_sd_ns * start->x_sd_ns,
		.prr = start->rate_sd_ppb * start->rate_sd_ppb,
		.pbb = start->base_sd_ns * start->base_sd_ns,
		.weight = 1.0 / BANK_WANDERS,
	};
	double sum = 0;

	memset(b, 0, sizeof(*b));
	b->two_way = two_way;
	b->settling = SETTLING;
	b->shape = two_way ? bank_two_way_shapes : bank_one_way_shapes;
	b->shapes = two_way ? BANK_TWO_WAY_SHAPES : BANK_ONE_WAY_SHAPES;
	for (int s = 0; s < b->shapes; s++) {
		b->log_weight[s] = b->shape[s].log_weight;
		b->share[s] = exp(b->log_weight[s]);
		sum += b->share[s];
		for (int i = 0; i < BANK_WANDERS; i++)
			b->h[s][i] = h;
	}
	for (int s = 0; s < b->shapes; s++)
		b->share[s] /= sum;
}

static void merge_all(struct bank_hypothesis *ret, const struct bank_hypothesis *h)
{
	const struct bank_hypothesis *from[BANK_WANDERS];
	double w[BANK_WANDERS];

	for (int i = 0; i < BANK_WANDERS; i++) {
		from[i] = &h[i];
		w[i] = h[i].weight;
	}
	ret->weight = 1;
	bank_hypothesis_merge(ret, from, w, BANK_WANDERS);
}

/* What is wander i afterwards was it before, or came from a neighbour, or from anywhere. */
static void mix_one(struct bank_hypothesis *ret, const struct bank_hypothesis *h, int i,
	const struct bank_hypothesis *all, struct rates r)
{
	const struct bank_hypothesis *from[4] = {&h[i], all};
	int n = 2, sides = (i > 0) + (i < BANK_WANDERS - 1);
	double w[4], sum;

	w[0] = h[i].weight * (1 - r.anywhere - sides * r.neighbour);
	w[1] = r.anywhere / BANK_WANDERS;
	for (int k = i - 1; k <= i + 1; k += 2)
		if (k >= 0 && k < BANK_WANDERS) {
			from[n] = &h[k];
			w[n++] = h[k].weight * r.neighbour;
		}
	sum = 0;
	for (int k = 0; k < n; k++)
		sum += w[k];
	if (sum < WEIGHT_MIN) {
		*ret = h[i];
		ret->weight = WEIGHT_MIN;
		return;
	}
	for (int k = 0; k < n; k++)
		w[k] /= sum;
	ret->weight = sum;
	bank_hypothesis_merge(ret, from, w, n);
}

static void mix(struct bank_hypothesis *h, struct rates r)
{
	struct bank_hypothesis mixed[BANK_WANDERS], all;

	merge_all(&all, h);
	for (int i = 0; i < BANK_WANDERS; i++)
		mix_one(&mixed[i], h, i, &all, r);
	memcpy(h, mixed, sizeof(mixed));
}

static void advance_shape(struct bank *b, int s)
{
	struct rates r = mixing(b->behind_s[s]);

	mix(b->h[s], r);
	for (int i = 0; i < BANK_WANDERS; i++)
		bank_hypothesis_predict(&b->h[s][i], b->behind_s[s], wanders_ppb[i],
			b->two_way ? b->behind_creep_ns2[s] : 0);
	b->behind_s[s] = b->behind_creep_ns2[s] = 0;
}

void bank_advance(struct bank *b, double dt_s, double creep_ns2)
{
	for (int s = 0; s < b->shapes; s++) {
		b->behind_s[s] += dt_s;
		b->behind_creep_ns2[s] += creep_ns2;
		if (b->resting[s] == 0)
			advance_shape(b, s);
	}
}

/* Weights times densities, adding up to 1 again; log of what they added up to. */
static double reweigh(struct bank_hypothesis *h, const struct bank_density *density)
{
	double top = density[0].exponent, sum = 0;

	for (int i = 1; i < BANK_WANDERS; i++)
		top = density[i].exponent > top ? density[i].exponent : top;
	for (int i = 0; i < BANK_WANDERS; i++) {
		double w = h[i].weight * density[i].factor * exp(density[i].exponent - top);

		h[i].weight = w > WEIGHT_MIN ? w : WEIGHT_MIN;
		sum += h[i].weight;
	}
	for (int i = 0; i < BANK_WANDERS; i++)
		h[i].weight /= sum;
	return top + log(sum);
}

static void share_shapes(struct bank *b)
{
	double top = b->log_weight[0], sum = 0;

	for (int s = 1; s < b->shapes; s++)
		top = b->log_weight[s] > top ? b->log_weight[s] : top;
	for (int s = 0; s < b->shapes; s++) {
		bool lost = b->log_weight[s] - top <= LOG_SHAPE_MIN;

		b->log_weight[s] = lost ? LOG_SHAPE_MIN : b->log_weight[s] - top;
		b->resting[s] = b->resting[s] > 0 ? b->resting[s] - 1 : lost ? REST : 0;
		b->share[s] = exp(b->log_weight[s]);
		sum += b->share[s];
	}
	for (int s = 0; s < b->shapes; s++)
		b->share[s] /= sum;
}

/* Those that slept neither gain nor lose against the rest together, nor does one whose scale is a
 * guess yet, as it would be judged by whether it fits that. */
static void judge_shapes(struct bank *b, const double *log_density, int unjudged)
{
	double top = -INFINITY, all = 0, awake = 0;

	if (b->settling > 0) {
		b->settling--;
		return;
	}
	for (int s = 0; s < b->shapes; s++)
		if (b->resting[s] == 0 && s != unjudged)
			top = log_density[s] > top ? log_density[s] : top;
	for (int s = 0; s < b->shapes; s++) {
		if (b->resting[s] > 0 || s == unjudged)
			continue;
		all += b->share[s] * exp(log_density[s] - top);
		awake += b->share[s];
	}
	all = awake > 0 ? top + log(all / awake + 1e-300) : 0;
	for (int s = 0; s < b->shapes; s++)
		b->log_weight[s] += b->resting[s] == 0 && s != unjudged ? log_density[s] : all;
	share_shapes(b);
}

static double two_way(struct bank_hypothesis *h, int pinned, double there_ns, double back_ns,
	const struct bank_noise *noise)
{
	struct bank_density d[BANK_WANDERS];
	double share_there = pinned > 0 ? 0 : 1, share_back = pinned < 0 ? 0 : 1;

	for (int i = 0; i < BANK_WANDERS; i++) {
		d[i] = (struct bank_density){0, 1};
		bank_hypothesis_update(&h[i], 1, share_there, there_ns, noise, &d[i]);
		bank_hypothesis_update(&h[i], -1, share_back, back_ns, noise, &d[i]);
	}
	return reweigh(h, d);
}

static double one_way(
	struct bank_hypothesis *h, double sign, double y_ns, const struct bank_noise *noise)
{
	struct bank_density d[BANK_WANDERS];

	for (int i = 0; i < BANK_WANDERS; i++) {
		d[i] = (struct bank_density){0, 1};
		bank_hypothesis_update(&h[i], sign, 1, sign * y_ns, noise, &d[i]);
	}
	return reweigh(h, d);
}

void bank_two_way(struct bank *b, double there_ns, double back_ns, const struct bank_size *size,
	double floor_ns2)
{
	double log_density[BANK_SHAPES] = {0};
	int unjudged = -1;

	there_ns -= b->pinned > 0 ? b->pin_ns : 0;
	back_ns -= b->pinned < 0 ? b->pin_ns : 0;
	for (int s = 0; s < b->shapes; s++) {
		const struct bank_shape *shape = &b->shape[s];
		double size_ns = shape->flat   ? size->flat_ns
				 : shape->even ? size->even_ns
					       : size->scale_ns;
		struct bank_noise noise = bank_shape_noise(shape, size_ns, floor_ns2);

		if (shape->flat && !size->flat_known)
			unjudged = s;
		if (shape->flat)
			noise.mean_ns = size->scale_ns; /* its queues are those of the others */
		if (b->resting[s] == 0)
			log_density[s] = two_way(b->h[s], b->pinned, there_ns, back_ns, &noise);
	}
	judge_shapes(b, log_density, unjudged);
}

void bank_one_way(struct bank *b, double y_ns, double scale_ns, double floor_ns2)
{
	double log_density[BANK_SHAPES] = {0};

	for (int s = 0; s < b->shapes; s++) {
		struct bank_noise noise = bank_shape_noise(&b->shape[s], scale_ns, floor_ns2);
		double sign = b->shape[s].sign < 0 ? -1 : 1;

		if (b->resting[s] == 0)
			log_density[s] = one_way(b->h[s], sign, y_ns, &noise);
	}
	judge_shapes(b, log_density, -1);
}

void bank_loosen(struct bank *b, double phase_var_ns2, double rate_var_ppb2)
{
	for (int s = 0; s < b->shapes; s++)
		for (int i = 0; i < BANK_WANDERS; i++) {
			b->h[s][i].pxx += phase_var_ns2;
			b->h[s][i].prr += rate_var_ppb2;
		}
}

void bank_move_base(struct bank *b, double by_ns, double var_ns2)
{
	for (int s = 0; s < b->shapes; s++)
		for (int i = 0; i < BANK_WANDERS; i++) {
			b->h[s][i].base_ns += by_ns;
			b->h[s][i].pbb += var_ns2;
		}
}

void bank_pin(struct bank *b, int direction, double base_ns, double var_ns2)
{
	b->pinned = direction;
	b->pin_ns = base_ns;
	bank_move_base(b, 0, var_ns2);
}

void bank_unpin(struct bank *b, double by_ns)
{
	b->pinned = 0;
	bank_move_base(b, -by_ns, 0);
}

double bank_trip_ns(const struct bank *b, const struct bank_mean *m)
{
	return m->state.base_ns + (b->pinned != 0 ? b->pin_ns : m->state.base_ns);
}

double bank_apart_ns(const struct bank *b, const struct bank_mean *m)
{
	return b->pinned * (b->pin_ns - m->state.base_ns);
}

/* Q(k) is about exp(-k^2/2): a wander of weight p is exceeded at sqrt(K^2 + 2 log p) as rarely as a
 * certain one at K. */
static double tail_ppb(double wander_ppb, double weight)
{
	return wander_ppb * sqrt(fmax(1 + 2 * log(weight) / TAIL_SIGMAS2, 0));
}

/* Weight that mixing alone keeps up is no evidence: what a wander gets in one sample at most,
 * times the few samples that it takes to lose it again. */
static void evidence(const struct bank *b, struct bank_mean *m)
{
	double sum = 0, var = 0, log_w = 0, tail = 0;

	for (int i = 0; i < BANK_WANDERS; i++) {
		double w = 0;

		for (int s = 0; s < b->shapes; s++)
			w += b->share[s] * b->h[s][i].weight;
		log_w += w * log_step * i;
		if (w < EVIDENCE_PER_MIX * ANYWHERE_MOST)
			continue;
		sum += w;
		var += w * wanders_ppb[i] * wanders_ppb[i];
		if (w >= EVIDENCE_PER_MIX * NEIGHBOUR_MOST)
			tail = fmax(tail, tail_ppb(wanders_ppb[i], w));
	}
	m->wander_ppb = wanders_ppb[0] * exp(log_w);
	m->wander_var_ppb2 = var / sum;
	m->wander_tail_ppb = tail;
}

void bank_mean(const struct bank *b, struct bank_mean *ret)
{
	const struct bank_hypothesis *from[BANK_SHAPES * BANK_WANDERS];
	double w[BANK_SHAPES * BANK_WANDERS];
	struct bank_mean m = {.state = {.weight = 1}};
	double awake = 0;
	int n = 0;

	for (int s = 0; s < b->shapes; s++)
		awake += b->resting[s] > 0 ? 0 : b->share[s];
	for (int s = 0; s < b->shapes; s++) {
		if (b->resting[s] > 0)
			continue; /* its states are of the past */
		m.gauss += b->share[s] / awake * b->shape[s].gauss;
		for (int i = 0; i < BANK_WANDERS; i++) {
			from[n] = &b->h[s][i];
			w[n++] = b->share[s] / awake * b->h[s][i].weight;
		}
	}
	bank_hypothesis_merge(&m.state, from, w, n);
	evidence(b, &m);
	*ret = m;
}

double bank_phase_ns(const struct bank_mean *m, double dt_s)
{
	return m->state.x_ns + m->state.rate_ppb * dt_s;
}

double bank_phase_var_ns2(const struct bank_mean *m, double dt_s)
{
	double ahead = fabs(dt_s);

	return fmax(m->state.pxx + dt_s * (2 * m->state.pxr + dt_s * m->state.prr), 0) +
	       m->wander_var_ppb2 * ahead * ahead * ahead / 3;
}
