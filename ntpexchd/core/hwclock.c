/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/hwclock.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* It takes some hundred readings to tell neighbours apart; more would be slow to see a change. */
#define FORGET		(1.0 - 1.0 / 512)
#define WEIGHT_FLOOR	(-30.0) /* no filter is ever out of the game for long */
#define ODD_SD		10.0
#define ODD_FLOOR_NS	100.0 /* what no program needs to be alarmed about */
#define READINGS_ENOUGH 1000000
#define BRACKET_SHARE	3 /* the narrowest third */

static const double noise_ns[HWCLOCK_NOISES] = {
	1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
static const double wander_ppb[HWCLOCK_WANDERS] = {0.01, 0.1, 1, 10, 100};

/* ---- readings ---- */

static bool usable(const struct phc_reading *r)
{
	return r->after_ns >= r->before_ns && r->before_ns >= 0 && r->phc_ns >= 0;
}

static int64_t width(const struct phc_reading *r)
{
	return r->after_ns - r->before_ns;
}

/* Indexes of the usable ones, narrowest first. */
static int by_width(const struct phc_batch *b, int order[PHC_BATCH_MAX])
{
	int n = 0;

	for (int i = 0; i < b->count && i < PHC_BATCH_MAX; i++) {
		int at = n;

		if (!usable(&b->reading[i]))
			continue;
		for (; at > 0 && width(&b->reading[order[at - 1]]) > width(&b->reading[i]); at--)
			order[at] = order[at - 1];
		order[at] = i;
		n++;
	}
	return n;
}

int hwclock_combine(const struct phc_batch *batch, int64_t *ret_system_ns, int64_t *ret_card_ns)
{
	int order[PHC_BATCH_MAX] = {0};
	int n = by_width(batch, order), used = (n + BRACKET_SHARE - 1) / BRACKET_SHARE;
	const struct phc_reading *first = &batch->reading[order[0]];
	double system = 0, card = 0;

	if (n == 0)
		return -ENODATA;
	for (int i = 0; i < used; i++) {
		const struct phc_reading *r = &batch->reading[order[i]];

		system += (double)ts_sat_sub(r->before_ns, first->before_ns) + (double)width(r) / 2;
		card += (double)ts_sat_sub(r->phc_ns, first->phc_ns);
	}
	/* A batch takes microseconds; anything else is a broken device, and stays in range. */
	if (fabs(system / used) > 1e9 || fabs(card / used) > 1e9)
		return -ENODATA;
	*ret_system_ns = first->before_ns + llround(system / used);
	*ret_card_ns = first->phc_ns + llround(card / used);
	return 0;
}

/* ---- filters ---- */

void hwclock_init(struct hwclock *h)
{
	memset(h, 0, sizeof *h);
}

static void start(struct hwclock *h, struct ts_raw raw, int64_t card_ns)
{
	uint64_t restarts = h->restarts;

	memset(h, 0, sizeof *h);
	h->restarts = restarts;
	h->raw_ns = raw.ns;
	h->card_ns = card_ns;
	h->readings = 1;
	for (int i = 0; i < HWCLOCK_FILTERS; i++) {
		double r = noise_ns[i / HWCLOCK_WANDERS];

		h->filter[i].p00 = r * r;
		h->filter[i].p11 = (double)HWCLOCK_RATE_MAX * HWCLOCK_RATE_MAX;
	}
}

static void predict(struct hwclock_filter *f, double w, double dt)
{
	double q = w * w * dt;

	f->x_ns += f->f_ppb * dt;
	f->p00 += dt * (2 * f->p01 + dt * f->p11) + q * dt * dt / 3;
	f->p01 += dt * f->p11 + q * dt / 2;
	f->p11 += q;
}

static void update(struct hwclock_filter *f, double r, double y)
{
	double s = f->p00 + r * r, z = y - f->x_ns, k0 = f->p00 / s, k1 = f->p01 / s;

	f->log_weight = FORGET * f->log_weight - 0.5 * (log(s) + z * z / s);
	f->x_ns += k0 * z;
	f->f_ppb += k1 * z;
	f->p11 -= k1 * f->p01;
	f->p01 -= k1 * f->p00;
	f->p00 -= k0 * f->p00;
}

/* Weights relative to the best one. */
static void level(struct hwclock *h)
{
	double best = h->filter[0].log_weight;

	for (int i = 1; i < HWCLOCK_FILTERS; i++)
		best = fmax(best, h->filter[i].log_weight);
	for (int i = 0; i < HWCLOCK_FILTERS; i++)
		h->filter[i].log_weight = fmax(h->filter[i].log_weight - best, WEIGHT_FLOOR);
}

/* Mean and covariance of the mixture. */
static void mix(struct hwclock *h)
{
	double sum = 0, weight[HWCLOCK_FILTERS];

	h->x_ns = h->f_ppb = h->p00 = h->p01 = h->p11 = 0;
	h->noise_var = h->wander_var = 0;
	for (int i = 0; i < HWCLOCK_FILTERS; i++)
		sum += weight[i] = exp(h->filter[i].log_weight);
	for (int i = 0; i < HWCLOCK_FILTERS; i++) {
		weight[i] /= sum;
		h->x_ns += weight[i] * h->filter[i].x_ns;
		h->f_ppb += weight[i] * h->filter[i].f_ppb;
	}
	for (int i = 0; i < HWCLOCK_FILTERS; i++) {
		const struct hwclock_filter *f = &h->filter[i];
		double dx = f->x_ns - h->x_ns, df = f->f_ppb - h->f_ppb;
		double r = noise_ns[i / HWCLOCK_WANDERS], w = wander_ppb[i % HWCLOCK_WANDERS];

		h->p00 += weight[i] * (f->p00 + dx * dx);
		h->p01 += weight[i] * (f->p01 + dx * df);
		h->p11 += weight[i] * (f->p11 + df * df);
		h->noise_var += weight[i] * r * r;
		h->wander_var += weight[i] * w * w;
	}
}

/* The anchor moves along, so that x stays small and doubles stay exact. */
static void anchor(struct hwclock *h, struct ts_raw raw, int64_t card_ns)
{
	double shift =
		(double)ts_sat_sub(ts_sat_sub(card_ns, h->card_ns), ts_sat_sub(raw.ns, h->raw_ns));

	for (int i = 0; i < HWCLOCK_FILTERS; i++)
		h->filter[i].x_ns -= shift;
	h->x_ns -= shift;
	h->raw_ns = raw.ns;
	h->card_ns = card_ns;
}

/* Of x, dt after (or before) the anchor. */
static double variance_at(const struct hwclock *h, double dt)
{
	double var = h->p00 + dt * (2 * h->p01 + dt * h->p11);

	return fmax(var, 0) + h->wander_var * fabs(dt * dt * dt) / 3;
}

/* Far from what all filters together foretold? */
static bool is_odd(const struct hwclock *h, double dt, double y)
{
	double x = h->x_ns + h->f_ppb * dt;
	double var = variance_at(h, dt) + h->noise_var;

	return !(fabs(y - x) <= ODD_SD * sqrt(var) + ODD_FLOOR_NS);
}

void hwclock_add(struct hwclock *h, struct ts_raw raw, int64_t card_ns)
{
	double dt = (double)ts_raw_sub(raw, (struct ts_raw){h->raw_ns}).ns * 1e-9;
	double y =
		(double)ts_sat_sub(ts_sat_sub(card_ns, h->card_ns), ts_sat_sub(raw.ns, h->raw_ns));

	if (h->readings > 0 && dt <= 0)
		return;
	if (h->readings == 0 || (h->doubt && is_odd(h, dt, y)) || dt * 1e9 > HWCLOCK_AGE_NS) {
		h->restarts += h->readings > 0;
		start(h, raw, card_ns);
		return;
	}
	h->doubt = h->readings >= HWCLOCK_READ_MIN && is_odd(h, dt, y);
	if (h->doubt)
		return;
	for (int i = 0; i < HWCLOCK_FILTERS; i++) {
		predict(&h->filter[i], wander_ppb[i % HWCLOCK_WANDERS], dt);
		update(&h->filter[i], noise_ns[i / HWCLOCK_WANDERS], y);
	}
	level(h);
	mix(h);
	anchor(h, raw, card_ns);
	h->readings += h->readings < READINGS_ENOUGH;
}

int hwclock_convert(const struct hwclock *h, int64_t card_ns, struct ts_raw now, struct ts_raw *ret,
	double *ret_sd_ns)
{
	int64_t card = ts_sat_sub(card_ns, h->card_ns);
	double since, dt;

	if (h->readings < HWCLOCK_READ_MIN || h->doubt ||
		ts_sat_sub(now.ns, h->raw_ns) > HWCLOCK_AGE_NS || card > HWCLOCK_AGE_NS ||
		card < -HWCLOCK_AGE_NS)
		return -EAGAIN;
	/* card = dt + x + f dt, all since the anchor */
	since = ((double)card - h->x_ns) / (1 + h->f_ppb * 1e-9);
	dt = since * 1e-9;
	ret->ns = h->raw_ns + llround(since);
	*ret_sd_ns = sqrt(variance_at(h, dt));
	return 0;
}
