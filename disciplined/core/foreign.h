/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - was the clock touched by somebody else since it was last read? Pure.
 *
 * Rate: the actuator reads back another command than the one it answered. Step: the clock is not
 * where the model puts it, by more than reading errors, an unlearned residual and late ticks can
 * explain. Suspend: the machine slept; the raw clock stood meanwhile and the kernel put its clock
 * forward itself, so nothing measured before holds any more and nothing may be undone.
 */
#ifndef DISCIPLINED_FOREIGN_H
#define DISCIPLINED_FOREIGN_H

#include "disciplined/core/clkmodel.h"

/* Rates closer than this are one: four steps of the kernel's 2^-16 ppm. */
#define FOREIGN_RATE_PPB 0.06
/* The kernel's own suspend accounting jitters by less. */
#define FOREIGN_SUSPEND_NS (100 * NS_PER_MS)

struct foreign_verdict {
	bool suspended;
	bool rate;
	bool step;
	int64_t excess_ns;    /* reading minus model */
	int64_t tolerance_ns; /* beyond which it is a step */
};

struct foreign_verdict foreign_judge(
	const struct clk_model *m, const struct clk_reading *r, double residual_sd_ppb);

#endif
