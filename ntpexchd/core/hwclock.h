/* SPDX-License-Identifier: MIT */
/*
 * hwclock.h - a network card's clock against our raw clock: what a hardware stamp means. Pure.
 *
 * Neither how steady the two clocks are nor how well one is read against the other is known; cards
 * differ by three decades in each. So a bank of two-state Kalman filters runs side by side (state:
 * x = card minus raw clock in ns, f = its rate of change in ns/s; white noise of a reading with
 * deviation r, random walk of f with w per sqrt(s)):
 *
 *   x += f dt,  Q = w^2 [dt^3/3, dt^2/2; dt^2/2, dt],  then one scalar reading of x
 *
 * for each r in 1 ns .. 4 us (by 2) and w in 0.01 .. 100 ppb (by 10), weighted by how well each
 * foretold the last 512 readings (innovation likelihood with forgetting; Bar-Shalom, Li,
 * Kirubarajan, Estimation with Applications to Tracking and Navigation, section 11.6.2). Weighted
 * are results, not states: no regime is ever lost. The answer's deviation holds the spread between
 * filters.
 *
 * The rate of x between readings converts a stamp: with the line through the last reading,
 * card(raw) = raw + x + f (raw - last), solved for raw.
 *
 * A reading far off all that was foretold puts every conversion in doubt. A second one means that
 * the card's clock was set: everything starts over. If the next one fits again, the odd one is
 * forgotten.
 */
#ifndef NTPEXCHD_HWCLOCK_H
#define NTPEXCHD_HWCLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/phc_reading.h"
#include "common/core/tstime.h"

#define HWCLOCK_NOISES	 13
#define HWCLOCK_WANDERS	 5
#define HWCLOCK_FILTERS	 (HWCLOCK_NOISES * HWCLOCK_WANDERS)
#define HWCLOCK_READ_MIN 3		 /* before a stamp is converted */
#define HWCLOCK_RATE_MAX (1000 * 1000)	 /* ppb of a card's clock that runs free */
#define HWCLOCK_AGE_NS	 (64 * NS_PER_S) /* a line older than this converts nothing */

struct hwclock_filter {
	double x_ns, f_ppb, p00, p01, p11;
	double log_weight;
};

struct hwclock {
	int readings; /* used since it started over, saturating */
	bool doubt;   /* the last reading was odd */
	uint64_t restarts;
	int64_t raw_ns, card_ns; /* where the line is anchored: x counts from card - raw here */
	struct hwclock_filter filter[HWCLOCK_FILTERS];
	double x_ns, f_ppb, p00, p01, p11; /* of all filters, at raw_ns */
	double noise_var, wander_var;	   /* r^2 and w^2 of all filters */
};

/*
 * Several readings in a row come down to one: the mean of the middles of the narrowest third of the
 * brackets. Disturbances only lengthen a bracket, so those have both legs short, and their middles
 * average what is left. ret: system clock and card. 0, or -ENODATA if none is usable.
 */
int hwclock_combine(const struct phc_batch *batch, int64_t *ret_system_ns, int64_t *ret_card_ns);

void hwclock_init(struct hwclock *h);
/* A reading: the card showed card_ns at raw. Those out of order are ignored. */
void hwclock_add(struct hwclock *h, struct ts_raw raw, int64_t card_ns);

/*
 * The raw instant of a stamp of the card, and its deviation. 0; -EAGAIN: too few readings, in
 * doubt, or the line is too old at now.
 */
int hwclock_convert(const struct hwclock *h, int64_t card_ns, struct ts_raw now, struct ts_raw *ret,
	double *ret_sd_ns);

#endif
