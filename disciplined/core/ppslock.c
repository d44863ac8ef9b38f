/* SPDX-License-Identifier: MIT */
#include "disciplined/core/ppslock.h"

#include <math.h>

#define MAXFREQ_PPB   500e3
#define MAXWANDER_PPB 100e3
#define POPCORN	      4.0
#define AVERAGE	      0.25 /* 2^-PPS_FAVG */
#define IN_A_ROW      4
#define TAPS	      3
/* The raw clock counts up to 500 ppm less than the pulses. */
#define SHORT 0.9995

void ppslock_init(struct ppslock *p, double frequency_ppb)
{
	*p = (struct ppslock){.frequency_ppb = frequency_ppb, .shift = PPSLOCK_SHIFT_MIN};
}

static void shift_in(struct ppslock *p, double offset_ns)
{
	p->tap_ns[2] = p->tap_ns[1];
	p->tap_ns[1] = p->tap_ns[0];
	p->tap_ns[0] = offset_ns;
	if (p->taps < TAPS)
		p->taps++;
}

static void phase(struct ppslock *p, double offset_ns)
{
	double low, high, range, median;

	shift_in(p, offset_ns);
	if (p->taps < TAPS)
		return;
	low = fmin(fmin(p->tap_ns[0], p->tap_ns[1]), p->tap_ns[2]);
	high = fmax(fmax(p->tap_ns[0], p->tap_ns[1]), p->tap_ns[2]);
	median = p->tap_ns[0] + p->tap_ns[1] + p->tap_ns[2] - low - high;
	range = high - low;
	if (p->jitter_ns > 0 && range > POPCORN * p->jitter_ns)
		p->popcorn++;
	else
		p->residual_ns = median;
	p->jitter_ns += p->jitter_ns > 0 ? AVERAGE * (range - p->jitter_ns) : range;
}

static void count(struct ppslock *p, bool fine)
{
	p->good += fine ? 1 : -1;
	if (p->good >= IN_A_ROW && p->shift < PPSLOCK_SHIFT_MAX) {
		p->shift++;
		p->good = 0;
	} else if (p->good <= -IN_A_ROW && p->shift > PPSLOCK_SHIFT_MIN) {
		p->shift--;
		p->good = 0;
	}
	p->good = p->good > IN_A_ROW ? IN_A_ROW : p->good < -IN_A_ROW ? -IN_A_ROW : p->good;
}

static void frequency(struct ppslock *p, double measured_ppb)
{
	double change_ppb = measured_ppb - p->frequency_ppb;
	bool fine = fabs(change_ppb) <= MAXWANDER_PPB;

	if (fabs(measured_ppb) > MAXFREQ_PPB)
		return; /* no clock is so wrong: a pulse was missed */
	if (!fine) {
		change_ppb = copysign(MAXWANDER_PPB, change_ppb);
		p->wander++;
	}
	count(p, fine);
	p->stability_ppb += AVERAGE * (fabs(change_ppb) - p->stability_ppb);
	p->frequency_ppb += change_ppb;
}

void ppslock_update(struct ppslock *p, struct ts_raw at, struct ts_utc utc, double offset_ns)
{
	struct ts_dur passed = ts_raw_sub(at, p->from);
	double gained_ns = (double)ts_sat_sub(ts_utc_sub(utc, p->from_utc).ns, passed.ns);

	phase(p, offset_ns);
	if (p->begun && ts_dur_to_s(passed) < SHORT * (double)(1 << p->shift))
		return;
	if (p->begun)
		frequency(p, gained_ns / ts_dur_to_s(passed));
	p->begun = true;
	p->from = at;
	p->from_utc = utc;
}

double ppslock_second_ns(struct ppslock *p)
{
	double ns = p->residual_ns / (double)(1 << p->shift);

	p->residual_ns -= ns;
	return ns;
}

void ppslock_stepped(struct ppslock *p)
{
	p->residual_ns = 0;
	p->taps = 0;
	p->begun = false;
}
