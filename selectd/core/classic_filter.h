/* SPDX-License-Identifier: MIT */
/*
 * classic_filter.h - the clock filter of NTP (RFC 5905 section 10, its code A.5.2). Pure.
 *
 * A shift register of the last eight samples. The one of least delay is the likeliest to be right,
 * since what delays a packet moves its offset; it stands for all. With the register sorted by delay
 *
 *   dispersion  sum of eps_i / 2^(i+1), eps_i that of the sample itself, grown by PHI since it was
 *               taken; empty stages count MAXDISP
 *   jitter      sqrt(sum over i > 0 of (theta_i - theta_0)^2 / (n - 1)), at least the precision
 *
 * An offset theta is against a line that the caller keeps, where in the RFC it is against the clock
 * that follows it. Register and sums are as in the RFC; samples are never corrected afterwards but
 * by moving the line, which in the RFC is steering the clock.
 */
#ifndef TB_CLASSIC_FILTER_H
#define TB_CLASSIC_FILTER_H

#include "common/core/tstime.h"

#define CLASSIC_STAGES	   8	/* NSTAGE */
#define CLASSIC_PHI_PPB	   15e3 /* PHI, frequency tolerance */
#define CLASSIC_MAXDISP_NS 16e9

struct classic_stage {
	struct ts_raw raw;
	struct ts_utc utc;
	double delay_ns;
	double dispersion_ns; /* at raw */
};

struct classic_filter {
	struct classic_stage stage[CLASSIC_STAGES]; /* newest first */
	int count;
};

/* The peer's variables of the RFC. */
struct classic_peer {
	struct classic_stage best;
	double offset_ns, dispersion_ns, jitter_ns;
};

/* Newer than all before. */
void classic_filter_add(struct classic_filter *f, const struct classic_stage *sample);

/* Offset of a stage against a line. */
double classic_offset_ns(const struct classic_stage *s, const struct ts_line *line);

/* At the newest sample; there is one. */
void classic_filter_judge(
	const struct classic_filter *f, const struct ts_line *line, struct classic_peer *ret);

void classic_filter_shift(struct classic_filter *f, struct ts_dur shift);

#endif
