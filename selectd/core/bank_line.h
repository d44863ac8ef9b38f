/* SPDX-License-Identifier: MIT */
/*
 * bank_line.h - a bank along time: readings go in, a line comes out. Pure.
 *
 * Phases are relative to an origin line of rate 0 that whoever feeds it keeps in whole
 * nanoseconds (y = reference - raw, less the origin's). A step of the reference moves the origin
 * and not the states.
 */
#ifndef TB_BANK_LINE_H
#define TB_BANK_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include "selectd/core/bank.h"
#include "selectd/core/bank_memory.h"
#include "selectd/core/bank_watch.h"

struct bank_line {
	bool two_way;
	int samples;	      /* since the start */
	int64_t raw_ns;	      /* instant of bank and mean */
	int64_t since_raw_ns; /* oldest reading that belongs to the line */
	double phase_var_ns2; /* beside the bank's: what route changes left for good */
	struct bank bank;
	struct bank_mean mean;
	struct bank_watch watch;
	struct bank_memory memory;
};

/* Noise of the reading that is to be taken. */
struct bank_line_noise {
	struct bank_size size;
	double gate_ns2; /* variance of a reading's midpoint, and what else may be wrong with it...
			  */
	double gate_ns;	 /* ...beside: an interval in which the truth may lie anywhere */
};

void bank_line_start(
	struct bank_line *l, bool two_way, const struct bank_start *start, int64_t raw_ns);

/* Phase and its standard deviation at an instant, from what the line is sure of: while it watches
 * odd readings that is the line before them. */
double bank_line_phase_ns(const struct bank_line *l, int64_t raw_ns);
double bank_line_sd_ns(const struct bank_line *l, int64_t raw_ns);

/* Odd readings that are being watched have been explained otherwise: back to before them. */
void bank_line_go_back(struct bank_line *l);

/* The line as it is now. */
struct bank_line_state {
	double phase_ns, phase_sd_ns, rate_ppb, rate_sd_ppb;
	double doubt_ns; /* in phase_sd_ns: what an odd reading is off by that the next has to
			    explain */
};
struct bank_line_state bank_line_at(const struct bank_line *l, int64_t raw_ns);

enum bank_line_result { BANK_LINE_TAKEN, BANK_LINE_STEPPED, BANK_LINE_LOST };

/*
 * One reading, later than all before. STEPPED: the origin has to be moved by *ret_step_ns, which
 * the line has taken account of; LOST: start anew from this reading.
 */
enum bank_line_result bank_line_take(struct bank_line *l, const struct bank_sample *sample,
	const struct bank_line_noise *noise, int64_t *ret_step_ns);

#endif
