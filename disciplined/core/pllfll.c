/* SPDX-License-Identifier: MIT */
#include "disciplined/core/pllfll.h"

#include <math.h>

#define PLL	    16.0
#define FLL	    18.0 /* MAXPOLL + 1 */
#define AVG	    4.0
#define ALLAN_S	    1500.0
#define MAXFREQ_PPB 500e3

void pllfll_init(struct pllfll *p, double frequency_ppb, bool known)
{
	*p = (struct pllfll){.state = known ? PLLFLL_FSET : PLLFLL_NSET,
		.frequency_ppb = frequency_ppb,
		.constant_s = PLL * ALLAN_S};
}

static void add_frequency(struct pllfll *p, double ppb)
{
	p->frequency_ppb = fmax(-MAXFREQ_PPB, fmin(MAXFREQ_PPB, p->frequency_ppb + ppb));
}

static double locked_ppb(const struct pllfll *p, double offset_ns, double mu_s, double poll_s)
{
	double ppb = 0, gain = 4 * PLL * poll_s;

	if (poll_s > ALLAN_S / 2)
		ppb = (offset_ns - p->residual_ns) /
		      (fmax(mu_s, ALLAN_S) * fmax(FLL - log2(poll_s), AVG));
	return ppb + offset_ns * fmin(mu_s, poll_s) / (gain * gain);
}

void pllfll_update(struct pllfll *p, struct ts_raw at, double offset_ns, double poll_s)
{
	double mu_s = ts_dur_to_s(ts_raw_sub(at, p->updated));

	switch (p->state) {
	case PLLFLL_NSET:
		p->state = PLLFLL_FREQ;
		p->base_ns = offset_ns;
		p->updated = at;
		return;
	case PLLFLL_FREQ:
		if (mu_s < PLLFLL_WATCH_S)
			return;
		add_frequency(p, (offset_ns - p->base_ns) / mu_s);
		break;
	case PLLFLL_FSET:
		break;
	case PLLFLL_SYNC:
		add_frequency(p, locked_ppb(p, offset_ns, mu_s, poll_s));
		break;
	}
	p->state = PLLFLL_SYNC;
	p->residual_ns = offset_ns;
	p->constant_s = PLL * fmin(poll_s, ALLAN_S);
	p->updated = at;
}

double pllfll_second_ns(struct pllfll *p)
{
	double ns = p->residual_ns / fmax(p->constant_s, 1);

	p->residual_ns -= ns;
	return ns;
}

void pllfll_stepped(struct pllfll *p)
{
	p->residual_ns = 0;
	if (p->state == PLLFLL_FREQ)
		p->state = PLLFLL_NSET;
}
