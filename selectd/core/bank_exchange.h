/* SPDX-License-Identifier: MIT */
/*
 * bank_exchange.h - the line from two-way exchanges. Pure.
 *
 * Exchange k says y1 = x + b + d1 (there) and y2 = -x + b + d2 (back) with delays d >= 0 of unknown
 * law. If they are exponential, all that both tell about x is the interval -(y2 - b) .. y1 - b:
 * inside it every x is equally likely, so that weights by variance would throw the edges away.
 */
#ifndef TB_BANK_EXCHANGE_H
#define TB_BANK_EXCHANGE_H

#include "selectd/core/bank_line.h"
#include "selectd/core/bank_route.h"
#include "selectd/core/bank_scale.h"

struct bank_exchange {
	struct bank_line line;
	struct bank_window trips;
	struct bank_window out, home; /* time of each way, as the line has it */
	struct bank_route route;
	double there_ns, back_ns; /* by how much one-way route changes moved the directions */
	double scale_ns;
	int route_changes;
};

struct bank_exchange_sample {
	int64_t raw_ns;
	double there_ns, back_ns; /* y1, y2 at raw_ns, relative to the origin */
	double precision_ns;	  /* of the stamps, as told */
	double asymmetry;	  /* configured share of the delay above the base, see track.h */
};

struct bank_prior {
	double rate_ppb, rate_sd_ppb;
};

/* samples == 0 in e->line: it starts there. */
enum bank_line_result bank_exchange_take(struct bank_exchange *e,
	const struct bank_exchange_sample *sample, const struct bank_prior *prior,
	int64_t *ret_step_ns);

/* Round trip of an exchange without any queue. */
double bank_exchange_delay_ns(const struct bank_exchange *e);

#endif
