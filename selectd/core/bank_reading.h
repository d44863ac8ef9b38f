/* SPDX-License-Identifier: MIT */
/*
 * bank_reading.h - what one direction of an exchange tells about one number. Pure.
 *
 * A Gaussian state says that the reading should be m with variance p; it is y = m + d, the delay d
 * being one-sided, exponential of mean j, plus Gaussian noise of variance g^2. With z = y - m,
 * S^2 = p + g^2, s = z/S, u = S/j, a = s - u, phi and Phi the Gaussian density and distribution:
 *
 *     density of z       Z = (1/j) exp(u^2/2 - s u) Phi(a)
 *     hazard             k = phi(a) / Phi(a),     e = a + k (> 0)
 *     d log Z / d m      g = 1/j - k/S = (s - e) / S
 *     -d2 log Z / d m2   H = k e / S^2            (0 < H < 1/S^2)
 *
 * and the state with covariance P, read along h (c = P h, p = h c), has afterwards exactly the
 * mean m + c g and the covariance P - c c' H. Delays have heavy tails: the density is a mixture
 * of such readings with weights v_i, for which with V_i = v_i Z_i / sum v Z
 *
 *     g = sum V_i g_i,    H = sum V_i (H_i - g_i^2) + g^2.
 *
 * A delay may also lie anywhere from 0 to a width D, and nowhere beyond: with t = (z - D)/S
 *
 *     Z = (Phi(s) - Phi(t)) / D          g = -(phi(s) - phi(t)) / (S (Phi(s) - Phi(t)))
 *     H = g^2 + (s phi(s) - t phi(t)) / (S^2 (Phi(s) - Phi(t)))
 *
 * whose tail is exponential nevertheless.
 *
 * The stable forms: exp(u^2/2 - s u) phi(a) = phi(s), so that for a < 0
 * Z = phi(s) M(-a) / j with Mills' ratio M(x) = (1 - Phi(x)) / phi(x), which is a polynomial below;
 * for a > 8 Phi is 1 within 1e-15. No logarithm or exponential of a large number is ever taken.
 */
#ifndef TB_BANK_READING_H
#define TB_BANK_READING_H

/* The noise of a reading. */
struct bank_noise {
	double mean_ns; /* j: of the exponential delay; 0: none, the noise is Gaussian */
	double flat_ns; /* D: the delay is even up to there, mean_ns is its tail's; 0: it is not */
	double var_ns2; /* g^2 > 0 */
	double tail;	/* share of readings from the tail, 0 .. 0.5 */
	double tail_gain; /* j (or, Gaussian, the standard deviation) there is so much larger */
	double tail_gauss_gain; /* above 1: beside a delay g there is so much larger */
};

/* factor exp(exponent): kept apart, so that it neither vanishes nor costs a logarithm each. */
struct bank_density {
	double exponent, factor;
};

struct bank_reading {
	struct bank_density density; /* Z sqrt(2 pi), 1/ns; factor from 1e-30 to 1e30 */
	double slope;		     /* g, 1/ns */
	double curvature;	     /* H, 1/ns^2; H p < 1, negative if it leaves m less certain */
};

/* z finite, p_ns2 > 0. All results are finite, |z| up to 1e19 ns and p up to 1e40 ns^2. */
struct bank_reading bank_reading(double z_ns, double p_ns2, const struct bank_noise *noise);

/* (1 - Phi(x)) / phi(x) for x >= 0, within 1e-10 of itself. */
double bank_mills(double x);

#endif
