/* SPDX-License-Identifier: MIT */
/*
 * linfit.h - a straight line through weighted points by least squares (Press et al., Numerical
 * Recipes, section 15.2; centred, so that value and slope are not correlated). Pure.
 *
 *   y = centre_y + slope (x - centre_x)
 *
 * Units: x and y are the caller's (usual here: x in seconds, y in ns, so slope in ns/s = ppb). Both
 * are differences from an origin near the points: an absolute time does not fit a double.
 * A weight is proportional to 1/variance of its point; only ratios matter, since the size of the
 * noise is taken from the residuals.
 */
#ifndef TB_LINFIT_H
#define TB_LINFIT_H

struct linfit {
	int n;		    /* points with a weight above 0 */
	double centre_x;    /* weighted mean of x */
	double centre_y;    /* the line there: weighted mean of y */
	double slope;	    /* y per x */
	double residual_sd; /* of a point of mean weight, n - 2 degrees of freedom; infinite for 2
			     */
	double centre_y_sd; /* standard error of centre_y */
	double slope_sd;    /* standard error of slope */
	int runs;	    /* of residuals with the same sign, in the order of the points */
};

/*
 * weight NULL: all alike. Points of weight 0 are left out. 0; -EINVAL with fewer than two different
 * x, a value that is not finite or a weight below 0.
 */
int linfit_line(
	const double *x, const double *y, const double *weight, int n, struct linfit *ret_fit);

/* The line at x, and its standard error there. */
double linfit_at(const struct linfit *fit, double x);
double linfit_sd_at(const struct linfit *fit, double x);

#endif
