/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_reading.h"

#include <math.h>

/* What is flat over less than a deviation of the rest is taken for a wider Gaussian (within two
 * deviations the densities differ by a per cent). So far outside of what is wider than that the
 * other edge is out of sight: exp(-8.5) of this one. */
#define FLAT_LEAST   1.0
#define FLAT_OUTSIDE -8.0
#define SQRT_2PI     2.5066282746310002
#define A_ALL	     8.0  /* 1 - Phi(8) is 6e-16 */
#define X_FAR	     30.0 /* from here 1/M(x) - x would lose digits: continued fraction */
/* The moment match must leave some variance, or the state could never move again; 1e-3 is what a
 * single reading of an edge may at most do, a Gaussian one is exact and may do more. */
#define SHRINK_EDGE  0.999
#define SHRINK_GAUSS (1 - 1e-9)

/* M(x) (x + 1) as a polynomial of t = (x - 4)/(x + 4), fitted at the nodes of Chebyshev. */
static const double mills[16] = {
	1.1832619145497e+00,
	-2.4239966981135e-01,
	3.5091882584427e-02,
	7.1690454449684e-02,
	-8.0708059929398e-02,
	4.4959421252846e-02,
	-1.2538691632451e-02,
	-7.1736364430876e-04,
	1.7401730671625e-03,
	-2.3317164920684e-04,
	-2.1644766751365e-04,
	4.8485599979813e-05,
	2.9296171260285e-05,
	-5.2249000509619e-06,
	-2.9985018045409e-06,
};

/* M(x) (x + 1). Four interleaved chains of t^4: half the latency of Horner's. */
static double mills_times(double x)
{
	double t = (x - 4) / (x + 4), t2 = t * t, t4 = t2 * t2, c[4];

	for (int i = 0; i < 4; i++)
		c[i] = ((mills[12 + i] * t4 + mills[8 + i]) * t4 + mills[4 + i]) * t4 + mills[i];
	return c[0] + c[1] * t + t2 * (c[2] + c[3] * t);
}

double bank_mills(double x)
{
	return x < 1e18 ? mills_times(x) / (x + 1) : 1e-18;
}

/* One component: Z sqrt(2 pi) = factor exp(exponent). */
struct part {
	double exponent, factor, slope, curvature;
};

/* Divisions are what this costs: one gives both M and 1/M. */
static void left_of_edge(double s, double a, double inv_scale, struct part *q)
{
	double x = -a < 1e18 ? -a : 1e18, x1 = x + 1, n = mills_times(x), r = 1 / (n * x1);
	double k = x1 * x1 * r, e = x < X_FAR ? k - x : 1 / (x + 2 / (x + 3 / x));

	q->exponent = -0.5 * s * s;
	q->factor = n * n * r;
	q->slope = (s - e) * inv_scale;
	q->curvature = k * e * inv_scale * inv_scale;
}

static void right_of_edge(double u, double a, double inv_scale, double inv_j, struct part *q)
{
	double phi, cdf, k;

	q->exponent = -u * (a + 0.5 * u);
	if (a >= A_ALL) {
		q->factor = SQRT_2PI;
		q->slope = inv_j;
		q->curvature = 0;
		return;
	}
	phi = exp(-0.5 * a * a); /* both times sqrt(2 pi) */
	cdf = SQRT_2PI - phi * (mills_times(a) / (a + 1));
	k = phi / cdf;
	q->factor = cdf;
	q->slope = inv_j - k * inv_scale;
	q->curvature = k * (a + k) * inv_scale * inv_scale;
}

static void edge(
	double s, double scale, double inv_scale, double inv_j, double share, struct part *q)
{
	double u = scale * inv_j, a = s - u;

	if (a < 0)
		left_of_edge(s, a, inv_scale, q);
	else
		right_of_edge(u, a, inv_scale, inv_j, q);
	q->factor *= share * inv_j;
}

static void gauss(double z, double var, double share, struct part *q)
{
	q->exponent = -0.5 * z * z / var;
	q->factor = share / sqrt(var);
	q->slope = z / var;
	q->curvature = 1 / var;
}

/* s <= delta/2: nearer to the lower edge; delta = D/S. */
static void flat_by_lower(double s, double delta, double inv_scale, struct part *q)
{
	double t = s - delta, near = 1, far, cdf, g;

	if (s < FLAT_OUTSIDE) {
		left_of_edge(s, s, inv_scale, q);
		return;
	}
	if (s < 0) { /* all of it times exp(s^2/2) */
		far = exp(-0.5 * delta * (delta - 2 * s));
		cdf = bank_mills(-s) - far * bank_mills(-t);
		q->exponent = -0.5 * s * s;
	} else {
		near = exp(-0.5 * s * s);
		far = exp(-0.5 * t * t);
		cdf = SQRT_2PI - near * bank_mills(s) - far * bank_mills(-t);
		q->exponent = 0;
	}
	g = (far - near) / cdf;
	q->factor = cdf;
	q->slope = g * inv_scale;
	q->curvature = (g * g + (s * near - t * far) / cdf) * inv_scale * inv_scale;
}

static void flat(double z, double var, double width, double share, struct part *q)
{
	double scale = sqrt(var), inv_scale = 1 / scale, s = z * inv_scale;
	double delta = width * inv_scale;

	if (delta < FLAT_LEAST) {
		gauss(z - 0.5 * width, var + width * width / 12, share, q);
		return;
	}
	if (s <= 0.5 * delta) {
		flat_by_lower(s, delta, inv_scale, q);
	} else {
		flat_by_lower(delta - s, delta, inv_scale, q);
		q->slope = -q->slope;
	}
	q->factor *= share / width;
}

static double at_most(double h, double most)
{
	return h < most ? h : most;
}

static struct bank_reading one(const struct part *q, double p, double shrink)
{
	return (struct bank_reading){
		.density = {q->exponent, q->factor},
		.slope = q->slope,
		.curvature = at_most(q->curvature, shrink / p),
	};
}

/* exp() of what cannot be seen beside 1 is not worth its time. */
static double small_exp(double e)
{
	return e > -40 ? exp(e) : 0;
}

static struct bank_reading mixture(const struct part *q, double p, double shrink)
{
	double d = q[0].exponent - q[1].exponent, top = d > 0 ? q[0].exponent : q[1].exponent;
	double w0 = d >= 0 ? q[0].factor : q[0].factor * small_exp(d);
	double w1 = d <= 0 ? q[1].factor : q[1].factor * small_exp(-d);
	double sum = w0 + w1, v0 = w0 / sum, v1 = 1 - v0, apart = q[0].slope - q[1].slope;
	double h = v0 * q[0].curvature + v1 * q[1].curvature - v0 * v1 * apart * apart;

	return (struct bank_reading){
		.density = {top, sum},
		.slope = v0 * q[0].slope + v1 * q[1].slope,
		.curvature = at_most(h, shrink / p),
	};
}

static struct bank_reading edge_reading(double z, double p, const struct bank_noise *n)
{
	double scale = sqrt(p + n->var_ns2), inv_scale = 1 / scale, s = z * inv_scale;
	double inv_j = 1 / n->mean_ns;
	struct part q[2];

	if (n->flat_ns > 0)
		flat(z, p + n->var_ns2, n->flat_ns, 1 - n->tail, &q[0]);
	else
		edge(s, scale, inv_scale, inv_j, 1 - n->tail, &q[0]);
	if (n->tail <= 0)
		return one(q, p, SHRINK_EDGE);
	if (n->tail_gauss_gain > 1) {
		scale = sqrt(p + n->tail_gauss_gain * n->tail_gauss_gain * n->var_ns2);
		inv_scale = 1 / scale;
		s = z * inv_scale;
	}
	edge(s, scale, inv_scale, inv_j / n->tail_gain, n->tail, &q[1]);
	return mixture(q, p, SHRINK_EDGE);
}

static struct bank_reading gauss_reading(double z, double p, const struct bank_noise *n)
{
	struct part q[2];

	gauss(z, p + n->var_ns2, 1 - n->tail, &q[0]);
	if (n->tail <= 0)
		return one(q, p, SHRINK_GAUSS);
	gauss(z, p + n->tail_gain * n->tail_gain * n->var_ns2, n->tail, &q[1]);
	return mixture(q, p, SHRINK_GAUSS);
}

struct bank_reading bank_reading(double z_ns, double p_ns2, const struct bank_noise *noise)
{
	if (noise->mean_ns > 0)
		return edge_reading(z_ns, p_ns2, noise);
	return gauss_reading(z_ns, p_ns2, noise);
}
