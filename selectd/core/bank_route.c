/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_route.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define NOT_BEFORE   16
#define SHORT_BY     1.5
#define SHORT_GAUSS  4.0
#define LONG_BY	     6.0
#define SHORT_WAIT   6
#define SHORT_PROOF  2
#define EARLY_BY     3.0
#define LONG_PATIENT 60
/* Queues last for minutes, routes for hours. */
#define LONG_PATIENT_NS (INT64_C(3600) * 1000000000)
#define STANDS_OUT	2.0
#define STANDS_OFF	4.0
#define ALIKE		4.0
#define STILL		2.0
#define STILL_SHARE	(1.0 / 8)

static double excess(const struct bank_route_view *v)
{
	return v->there_ns + v->back_ns - 2 * v->base_ns;
}

static double jitter(const struct bank_route *r, const struct bank_route_view *v)
{
	return r->scale_ns > 0 ? r->scale_ns : v->scale_ns;
}

static double shortest(const struct bank_route_view *v, double j)
{
	return -(SHORT_BY + SHORT_GAUSS * v->gauss) * j;
}

static int kind_of(const struct bank_route *r, const struct bank_route_view *v)
{
	double j = jitter(r, v), ex = excess(v);

	if (v->samples < NOT_BEFORE)
		return 0;
	if ((r->watch < 0 && r->held < SHORT_WAIT) || ex < shortest(v, j) - v->doubt_ns)
		return -1;
	return ex > LONG_BY * j + v->doubt_ns ? 1 : 0;
}

/* The last ten: what came before them may have been a long one of the old route. */
static void hold(struct bank_route *r, const struct bank_route_view *v)
{
	r->run++;
	if (r->held == BANK_ROUTE_HELD) {
		r->held--;
		memmove(&r->there_ns[0], &r->there_ns[1], sizeof(r->there_ns[0]) * (size_t)r->held);
		memmove(&r->back_ns[0], &r->back_ns[1], sizeof(r->back_ns[0]) * (size_t)r->held);
	}
	r->there_ns[r->held] = v->there_ns;
	r->back_ns[r->held] = v->back_ns;
	r->phase_sd_ns = fmax(r->held > 0 ? r->phase_sd_ns : 0, v->phase_sd_ns);
	r->held++;
}

static void end_watch(struct bank_route *r)
{
	r->watch = r->run = r->held = 0;
}

static double least(const double *v, int n)
{
	double m = v[0];

	for (int i = 1; i < n; i++)
		m = fmin(m, v[i]);
	return m;
}

static double shortest_trip(const struct bank_route *r)
{
	double m = r->there_ns[0] + r->back_ns[0];

	for (int i = 1; i < r->held; i++)
		m = fmin(m, r->there_ns[i] + r->back_ns[i]);
	return m;
}

static double apart_ns(const struct bank_route *r)
{
	return least(r->there_ns, r->held) - least(r->back_ns, r->held);
}

static double spread(const double *v, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i];
	return sum / n - least(v, n);
}

/* A queue that looks like a change of the route has a jitter of its own. */
static bool moved_alike(const struct bank_route *r, double j)
{
	double own = fmax(spread(r->there_ns, r->held), spread(r->back_ns, r->held));

	return fabs(apart_ns(r)) < ALIKE * (r->phase_sd_ns + fmax(j / 2, own / 4));
}

/* Did only one of the directions move? */
static void find_still(
	const struct bank_route *r, const struct bank_route_view *v, struct bank_route_change *c)
{
	double there = least(r->there_ns, r->held) - v->base_ns;
	double back = least(r->back_ns, r->held) - v->base_ns;
	double nothing = STILL * (r->phase_sd_ns + jitter(r, v) / r->held);

	if (fabs(there) < fmin(nothing, STILL_SHARE * fabs(back))) {
		c->still = 1;
		c->there_ns = 0;
		c->back_ns = back;
	} else if (fabs(back) < fmin(nothing, STILL_SHARE * fabs(there))) {
		c->still = -1;
		c->there_ns = there;
		c->back_ns = 0;
	}
}

static void measure(
	const struct bank_route *r, const struct bank_route_view *v, struct bank_route_change *ret)
{
	double j = jitter(r, v), n = r->held, sd = r->phase_sd_ns;
	double both = shortest_trip(r) / 2 - v->base_ns, apart = apart_ns(r);
	struct bank_route_change c = {.base_var_ns2 = j * j};

	if (moved_alike(r, j)) {
		c.base_ns = both;
	} else {
		c.there_ns = both + apart / 2;
		c.back_ns = both - apart / 2;
		c.phase_var_ns2 = sd * sd + j * j / (n * n);
		find_still(r, v, &c);
	}
	*ret = c;
}

static bool stands_out(const struct bank_route *r, const struct bank_route_view *v)
{
	double min = INFINITY, mean = 0;

	for (int i = 0; i < r->held; i++) {
		double e = r->there_ns[i] + r->back_ns[i] - 2 * v->base_ns;

		min = fmin(min, e);
		mean += e / r->held;
	}
	return min > STANDS_OUT * (mean - min) + STANDS_OFF * jitter(r, v);
}

static enum bank_route_verdict judge_short(struct bank_route *r, const struct bank_route_view *v)
{
	double j = jitter(r, v), limit = shortest(v, j) + 2 * v->base_ns;
	bool enough;
	int proofs = 0;

	for (int i = 0; i < r->held; i++)
		proofs += r->there_ns[i] + r->back_ns[i] < limit;
	enough = r->held >= SHORT_WAIT || (v->phase_sd_ns * r->held > j && moved_alike(r, j));
	if (proofs >= SHORT_PROOF && enough)
		return BANK_ROUTE_CHANGED;
	if (r->held >= SHORT_WAIT)
		end_watch(r);
	return BANK_ROUTE_HOLD;
}

/* What the direction of the smaller delay is late by. */
static double earlier(const struct bank_route_view *v)
{
	return fmin(v->there_ns, v->back_ns) - v->base_ns;
}

static bool patience_is_over(const struct bank_route *r, const struct bank_route_view *v)
{
	return r->run >= LONG_PATIENT && v->raw_ns - r->since_raw_ns >= LONG_PATIENT_NS;
}

static enum bank_route_verdict judge_long(
	const struct bank_route *r, const struct bank_route_view *v)
{
	if (patience_is_over(r, v) || (r->held == BANK_ROUTE_HELD && stands_out(r, v)))
		return BANK_ROUTE_CHANGED;
	if (earlier(v) < EARLY_BY * jitter(r, v))
		return BANK_ROUTE_USE;
	return v->phase_sd_ns < excess(v) / 2 ? BANK_ROUTE_HOLD : BANK_ROUTE_USE;
}

enum bank_route_verdict bank_route_judge(
	struct bank_route *r, const struct bank_route_view *v, struct bank_route_change *ret_change)
{
	enum bank_route_verdict verdict = BANK_ROUTE_USE;
	int kind = kind_of(r, v);

	if (kind != r->watch) {
		end_watch(r);
		r->watch = kind;
		r->since_raw_ns = v->raw_ns;
	}
	if (kind == 0) {
		if (v->samples >= NOT_BEFORE)
			r->scale_ns = v->scale_ns;
		return BANK_ROUTE_USE;
	}
	hold(r, v);
	verdict = kind < 0 ? judge_short(r, v) : judge_long(r, v);
	if (verdict == BANK_ROUTE_CHANGED) {
		measure(r, v, ret_change);
		end_watch(r);
	}
	return verdict;
}
