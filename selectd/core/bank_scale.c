/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_scale.h"

#include <math.h>
#include <string.h>

#define OF_QUANTILES	  0.873
#define EVEN_MOST	  3.0
#define FLAT_OF_SCALE	  2.07
#define FLAT_FEW	  16
#define FLAT_MOST	  1.5
#define FLAT_MIDDLE	  0.8
#define FLAT_DOUBT	  1.1
#define TRIPS_PER_FREEDOM 3.7
#define FREEDOM_MIN	  3.0 /* of two and less there is no deviation */
#define OF_MEDIAN	  (1 / 0.6745)
#define OF_NINE_TENTHS	  0.6079568319117692 /* Gaussian: 1 over the 95th percentile */
#define FEW		  8
#define FEW_DIFFERENCES	  4
#define QUANTUM_SD	  0.408 /* 1/sqrt(6) */
#define LEAST_NS	  1.0	/* stamps are whole nanoseconds */

void bank_window_reset(struct bank_window *w)
{
	w->count = w->next = 0;
}

static int place(const struct bank_window *w, int n, double v)
{
	int low = 0, high = n;

	while (low < high) {
		int mid = (low + high) / 2;

		if (w->sorted[mid] < v)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void bank_window_add(struct bank_window *w, double v)
{
	int n = w->count, at;

	if (n == BANK_WINDOW) {
		at = place(w, n, w->ring[w->next]);
		n--;
		memmove(&w->sorted[at], &w->sorted[at + 1],
			sizeof(w->sorted[0]) * (size_t)(n - at));
	}
	at = place(w, n, v);
	memmove(&w->sorted[at + 1], &w->sorted[at], sizeof(w->sorted[0]) * (size_t)(n - at));
	w->sorted[at] = v;
	w->count = n + 1;
	w->ring[w->next] = v;
	w->next = (w->next + 1) % BANK_WINDOW;
}

double bank_window_quantile(const struct bank_window *w, double share)
{
	double at = fmax(share * (w->count + 1) - 1, 0);
	int i = (int)at;

	if (w->count == 0)
		return 0;
	if (i >= w->count - 1)
		return w->sorted[w->count - 1];
	return w->sorted[i] + (at - i) * (w->sorted[i + 1] - w->sorted[i]);
}

double bank_window_quantum(const struct bank_window *w, double precision)
{
	double least = 0;
	int equal = 0;

	for (int i = 1; i < w->count; i++) {
		double step = w->sorted[i] - w->sorted[i - 1];

		/* differences of rounded numbers, scaled: equal but for the double's rounding */
		if (step <= 1e-9 * fabs(w->sorted[i]))
			equal++;
		else if (least == 0 || step < least)
			least = step;
	}
	if (w->count < 4 || 4 * equal < w->count)
		return 0;
	return least > 0 ? least : precision;
}

/* bank_scale.h: Student's deviation in terms of that of a full window. */
static double doubt(int n)
{
	double freedom = fmax(n / TRIPS_PER_FREEDOM, FREEDOM_MIN);

	return sqrt(freedom / (freedom - 2) * (1 - 2 * TRIPS_PER_FREEDOM / BANK_WINDOW));
}

double bank_scale_two_way_ns(const struct bank_window *w, double precision_ns)
{
	double j = OF_QUANTILES * doubt(w->count) *
		   (bank_window_quantile(w, 0.5) - bank_window_quantile(w, 0.1));
	double quantum = bank_window_quantum(w, precision_ns);

	if (w->count < FEW)
		j = fmax(j, (double)(FEW - w->count) / FEW * bank_window_quantile(w, 0) / FEW);
	return fmax(fmax(j, QUANTUM_SD * quantum), LEAST_NS);
}

double bank_scale_even_ns(const struct bank_window *w, double scale_ns)
{
	double half = (bank_window_quantile(w, 0.9) - bank_window_quantile(w, 0.1)) / 2;

	return fmax(scale_ns, fmin(OF_QUANTILES * half, EVEN_MOST * scale_ns));
}

bool bank_scale_flat_known(const struct bank_window *out)
{
	return out->count >= BANK_WINDOW / 2;
}

static double middle_ns(const struct bank_window *w)
{
	return bank_window_quantile(w, 0.9) - bank_window_quantile(w, 0.1);
}

double bank_scale_flat_ns(
	const struct bank_window *out, const struct bank_window *home, double scale_ns)
{
	double n = out->count > 0 ? out->count : 1, usual = FLAT_OF_SCALE * scale_ns;
	double middle = (middle_ns(out) + middle_ns(home)) / 2 / FLAT_MIDDLE;
	double range = fmax(bank_window_quantile(out, 1), bank_window_quantile(home, 1)) -
		       fmin(bank_window_quantile(out, 0), bank_window_quantile(home, 0));

	range *= 1 + 1 / n;
	range = out->count < FLAT_FEW ? fmax(range, usual) : fmin(range, FLAT_DOUBT * middle);
	return fmin(range, FLAT_MOST * usual);
}

void bank_second_difference_add(struct bank_second_difference *d, double t_s, double y_ns)
{
	if (d->count >= 2) {
		double before = d->t_s[1] - d->t_s[0], r = (t_s - d->t_s[1]) / before;
		double v = y_ns - d->y_ns[1] - (d->y_ns[1] - d->y_ns[0]) * r;

		bank_window_add(&d->window, fabs(v) / sqrt(1 + (1 + r) * (1 + r) + r * r));
	} else {
		d->count++;
	}
	d->t_s[0] = d->t_s[1];
	d->y_ns[0] = d->y_ns[1];
	d->t_s[1] = t_s;
	d->y_ns[1] = y_ns;
}

void bank_second_difference_move(struct bank_second_difference *d, double t_s, double y_ns)
{
	for (int i = 0; i < 2; i++) {
		d->t_s[i] -= t_s;
		d->y_ns[i] -= y_ns;
	}
}

double bank_scale_one_way_gate_ns(const struct bank_second_difference *d, double scale_ns)
{
	return fmax(scale_ns, OF_NINE_TENTHS * bank_window_quantile(&d->window, 0.9));
}

double bank_scale_one_way_ns(
	const struct bank_second_difference *d, double prior_ns, double precision_ns)
{
	double quantum;

	if (d->window.count < FEW_DIFFERENCES)
		return prior_ns;
	/* evenly spaced readings: 1, -2, 1, divided by sqrt(6) */
	quantum = bank_window_quantum(&d->window, precision_ns) * sqrt(6);
	return fmax(fmax(OF_MEDIAN * doubt(d->window.count) * bank_window_quantile(&d->window, 0.5),
			    QUANTUM_SD * quantum),
		LEAST_NS);
}
