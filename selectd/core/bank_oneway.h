/* SPDX-License-Identifier: MIT */
/*
 * bank_oneway.h - the line from readings of a reference clock: PHC, PPS, SHM and the like. Pure.
 *
 * y = x + noise. Where the reading was bracketed (delay_ns) the truth lies in the bracket; what of
 * it exceeds the narrowest bracket of late may be on either side: variance excess^2/12 beside the
 * noise that cannot be seen, whose law (symmetric, late, early) the bank finds.
 */
#ifndef TB_BANK_ONEWAY_H
#define TB_BANK_ONEWAY_H

#include "selectd/core/bank_exchange.h"

struct bank_oneway {
	struct bank_line line;
	struct bank_window brackets;
	struct bank_second_difference second;
	int64_t second_raw_ns; /* what its times are relative to */
	double scale_ns;
};

struct bank_oneway_sample {
	int64_t raw_ns;
	double y_ns; /* relative to the origin */
	double bracket_ns, precision_ns;
	double prior_jitter_ns; /* of such a clock, until its readings tell */
};

enum bank_line_result bank_oneway_take(struct bank_oneway *o,
	const struct bank_oneway_sample *sample, const struct bank_prior *prior,
	int64_t *ret_step_ns);

#endif
