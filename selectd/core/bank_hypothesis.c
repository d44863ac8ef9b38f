/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_hypothesis.h"

#include <math.h>

/* Rounding must not make a variance 0 or negative; far below what any clock can be known to. */
#define PHASE_MIN_NS2 1e-6
#define RATE_MIN_PPB2 1e-12
/* Nor may absurd gaps make it infinite: 10^10 s and a rate wrong by all of itself. */
#define VAR_MAX 1e38
/* A share that cannot matter in a mixture, unless a state is 10^6 deviations off. */
#define NOTHING 1e-12

/* Comparisons and not fmin(), which is a call: this runs some hundred times a sample. */
static double within(double v, double least)
{
	return v > VAR_MAX ? VAR_MAX : v > least ? v : least;
}

static double limited(double cov, double var_a, double var_b)
{
	return cov * cov <= var_a * var_b ? cov : copysign(sqrt(var_a) * sqrt(var_b), cov);
}

/* Symmetric by construction; each pair of variances keeps a correlation of at most 1. */
static void repair(struct bank_hypothesis *h)
{
	h->pxx = within(h->pxx, PHASE_MIN_NS2);
	h->prr = within(h->prr, RATE_MIN_PPB2);
	h->pbb = within(h->pbb, 0);
	h->pxr = limited(h->pxr, h->pxx, h->prr);
	h->pxb = limited(h->pxb, h->pxx, h->pbb);
	h->prb = limited(h->prb, h->prr, h->pbb);
}

void bank_hypothesis_predict(
	struct bank_hypothesis *h, double dt_s, double wander_ppb, double creep_ns2)
{
	double n = dt_s, q = wander_ppb * wander_ppb;

	h->x_ns += h->rate_ppb * n;
	h->pxx += n * (2 * h->pxr + n * (h->prr + q * n / 3));
	h->pxr += n * (h->prr + q * n / 2);
	h->pxb += n * h->prb;
	h->prr += q * n;
	h->pbb += creep_ns2;
	repair(h);
}

void bank_hypothesis_update(struct bank_hypothesis *h, double sign, double share, double y_ns,
	const struct bank_noise *noise, struct bank_density *density)
{
	double cx = sign * h->pxx + share * h->pxb, cr = sign * h->pxr + share * h->prb,
	       cb = sign * h->pxb + share * h->pbb;
	double p = within(sign * cx + share * cb, PHASE_MIN_NS2);
	struct bank_reading r =
		bank_reading(y_ns - (sign * h->x_ns + share * h->base_ns), p, noise);

	h->x_ns += cx * r.slope;
	h->rate_ppb += cr * r.slope;
	h->base_ns += cb * r.slope;
	h->pxx -= cx * cx * r.curvature;
	h->pxr -= cx * cr * r.curvature;
	h->pxb -= cx * cb * r.curvature;
	h->prr -= cr * cr * r.curvature;
	h->prb -= cr * cb * r.curvature;
	h->pbb -= cb * cb * r.curvature;
	repair(h);
	density->exponent += r.density.exponent;
	density->factor *= r.density.factor;
}

static void add_spread(struct bank_hypothesis *m, const struct bank_hypothesis *h, double w)
{
	double x = h->x_ns - m->x_ns, r = h->rate_ppb - m->rate_ppb, b = h->base_ns - m->base_ns;

	m->pxx += w * (h->pxx + x * x);
	m->pxr += w * (h->pxr + x * r);
	m->pxb += w * (h->pxb + x * b);
	m->prr += w * (h->prr + r * r);
	m->prb += w * (h->prb + r * b);
	m->pbb += w * (h->pbb + b * b);
}

void bank_hypothesis_merge(struct bank_hypothesis *ret, const struct bank_hypothesis *const *from,
	const double *weight, int n)
{
	struct bank_hypothesis m = {.weight = ret->weight};

	for (int i = 0; i < n; i++) {
		m.x_ns += weight[i] * from[i]->x_ns;
		m.rate_ppb += weight[i] * from[i]->rate_ppb;
		m.base_ns += weight[i] * from[i]->base_ns;
	}
	for (int i = 0; i < n; i++)
		if (weight[i] > NOTHING)
			add_spread(&m, from[i], weight[i]);
	repair(&m);
	*ret = m;
}
