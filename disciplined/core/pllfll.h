/* SPDX-License-Identifier: MIT */
/*
 * pllfll.h - the clock discipline of NTP: phase and frequency lock in one type-II loop (RFC 5905
 * section 11.3, its code A.5.5.6 and A.5.6.1; constants of its section A.1). For comparison. Pure.
 *
 * At an update with the offset theta, mu after the last, at a poll interval tau
 *
 *   FLL  frequency += (theta - residual) / (max(mu, ALLAN) max(FLL - log2 tau, AVG)), from polls of
 *        half the Allan intercept on
 *   PLL  frequency += theta min(mu, tau) / (4 PLL tau)^2
 *
 * and theta is the residual from then on. Each second the clock is moved by residual / (PLL
 * min(tau, ALLAN)), and the residual is less by that. A frequency that is not known is measured
 * directly over WATCH first, during which nothing is moved. PLL is 16 as in the code that the RFC
 * describes; the 65536 printed in it is 2^16, and with it the loop would take months.
 *
 * Steps, popcorn and the poll interval are other parts' business here.
 */
#ifndef DISCIPLINED_PLLFLL_H
#define DISCIPLINED_PLLFLL_H

#include <stdbool.h>
#include "common/core/tstime.h"

#define PLLFLL_WATCH_S 900.0 /* WATCH */

enum pllfll_state { PLLFLL_NSET, PLLFLL_FREQ, PLLFLL_FSET, PLLFLL_SYNC };

struct pllfll {
	enum pllfll_state state;
	double frequency_ppb;
	double residual_ns;
	double base_ns;	   /* offset at which the direct measurement began */
	double constant_s; /* time constant of the phase */
	struct ts_raw updated;
};

/* known: the frequency is one from a file. */
void pllfll_init(struct pllfll *p, double frequency_ppb, bool known);

/* offset_ns: true time minus clock; poll_s: interval of the updates, above 0. */
void pllfll_update(struct pllfll *p, struct ts_raw at, double offset_ns, double poll_s);

/* What the clock is to be moved by in the next second, in ns. */
double pllfll_second_ns(struct pllfll *p);

/* The clock was stepped: nothing is left to move. */
void pllfll_stepped(struct pllfll *p);

#endif
