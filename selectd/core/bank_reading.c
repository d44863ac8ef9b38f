/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_reading.h"

#include <math.h>

#define SQRT_2PI 2.5066282746310002
#define A_ALL	 8.0  /* 1 - Phi(8) is 6e-16 */
#define X_FAR	 30.0 /* from here 1/M(x) - x would lose digits: continued fraction */
/* The moment match must leave some variance, or the state could never move again; 1e-3 is what a
 * single reading of an edge may at most do, a Gaussian one is exact and may do more. */
#define SHRINK_EDGE  0.999
#define SHRINK_GAUSS (1 - 1e-9)

/* M(x) (x + 1) as a polynomial of t = (x - 4)/(x + 4), fitted at the nodes of Chebyshev. */
static const double mills[] = {
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
#define MILLS_DEGREE ((int)(sizeof(mills) / sizeof(mills[0])) - 1)

double bank_mills(double x)
{
	double t, t2, even, odd;

	if (!(x < 1e18))
		return 1e-18;
	t = (x - 4) / (x + 4);
	t2 = t * t;
	even = mills[MILLS_DEGREE];
	odd = mills[MILLS_DEGREE - 1];
	for (int i = MILLS_DEGREE - 2; i > 0; i -= 2) {
		even = even * t2 + mills[i];
		odd = odd * t2 + mills[i - 1];
	}
	return (even * t2 + mills[0] + odd * t) / (x + 1);
}

/* One component: Z = factor exp(exponent) / sqrt(2 pi). */
struct part {
	double exponent, factor, slope, curvature;
};

static void left_of_edge(double s, double a, double scale, struct part *q)
{
	double x = -a, m = bank_mills(x), k = 1 / m, e;

	e = x < X_FAR ? k - x : 1 / (x + 2 / (x + 3 / x));
	q->exponent = -0.5 * s * s;
	q->factor = m;
	q->slope = (s - e) / scale;
	q->curvature = k * e / (scale * scale);
}

static void right_of_edge(double u, double a, double scale, double j, struct part *q)
{
	double phi = 0, cdf = SQRT_2PI, k;

	if (a < A_ALL) {
		phi = exp(-0.5 * a * a); /* both times sqrt(2 pi) */
		cdf = SQRT_2PI - phi * bank_mills(a);
	}
	k = phi / cdf;
	q->exponent = -u * (a + 0.5 * u);
	q->factor = cdf;
	q->slope = 1 / j - k / scale;
	q->curvature = k * (a + k) / (scale * scale);
}

static void edge(double z, double scale, double j, double share, struct part *q)
{
	double s = z / scale, u = scale / j, a = s - u;

	if (a < 0)
		left_of_edge(s, a, scale, q);
	else
		right_of_edge(u, a, scale, j, q);
	q->factor *= share / j;
}

static void gauss(double z, double var, double share, struct part *q)
{
	q->exponent = -0.5 * z * z / var;
	q->factor = share / sqrt(var);
	q->slope = z / var;
	q->curvature = 1 / var;
}

static struct bank_reading combine(const struct part *q, int n, double p, double shrink)
{
	struct bank_reading r;
	double top = q[0].exponent, w0 = q[0].factor, w1 = 0, h;

	if (n > 1) {
		top = fmax(q[0].exponent, q[1].exponent);
		w0 *= exp(q[0].exponent - top);
		w1 = q[1].factor * exp(q[1].exponent - top);
	}
	r.log_density = top + log(w0 + w1 + 1e-300);
	if (w0 + w1 <= 0)
		w0 = 1;
	w0 /= w0 + w1;
	w1 = 1 - w0;
	r.slope = w0 * q[0].slope;
	h = w0 * q[0].curvature;
	if (n > 1) {
		double d = q[0].slope - q[1].slope;

		r.slope += w1 * q[1].slope;
		h += w1 * q[1].curvature - w0 * w1 * d * d;
	}
	r.curvature = fmin(fmax(h, 0), shrink / p);
	return r;
}

struct bank_reading bank_reading(double z_ns, double p_ns2, const struct bank_noise *noise)
{
	double gain = noise->tail_gain, v = p_ns2 + noise->var_ns2, scale = sqrt(v);
	int parts = noise->tail > 0 ? 2 : 1;
	struct part q[2];

	if (noise->mean_ns > 0) {
		edge(z_ns, scale, noise->mean_ns, 1 - noise->tail, &q[0]);
		if (parts > 1)
			edge(z_ns, scale, noise->mean_ns * gain, noise->tail, &q[1]);
		return combine(q, parts, p_ns2, SHRINK_EDGE);
	}
	gauss(z_ns, v, 1 - noise->tail, &q[0]);
	if (parts > 1)
		gauss(z_ns, p_ns2 + gain * gain * noise->var_ns2, noise->tail, &q[1]);
	return combine(q, parts, p_ns2, SHRINK_GAUSS);
}
