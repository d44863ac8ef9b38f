/* SPDX-License-Identifier: MIT */
/*
 * ntp_filter.h - the exchanges of several polls become one sample. Pure.
 *
 * For who asks often and wants few samples on the bus (chrony's option filter). selectd itself
 * would do at least as well on all of them, so what is lost here should be little whatever the
 * noise is.
 *
 * With the line of the published clock each exchange becomes the time that it seems to have taken
 * each way, in which our clock's offset o from the server's hides:
 *
 *   out = T2 - line(T1) = way out + o     back = line(T4) - T3 = way back - o
 *
 * Two ways to make one of n of them, both as an exchange could have been, so that
 * -back <= o <= out holds of the result as it does of each (the correctness interval of RFC 5905
 * section 11.2.1):
 *
 *   mean   the means of those whose offset (out - back) / 2 is not an outlier (further than three
 *          standard deviations from the median, by the median distances). Its variance is
 *          an nth of theirs, the least there is where noise is Gaussian: stamps by hardware.
 *   least  the least out and the least back, be they of different exchanges. Where queues are
 *          exponential these are all that the exchanges tell: the variance is an n^2-th.
 *
 * Neither needs to know the law of the delays: of each the squares of the differences between
 * successive results are averaged, over the last NTP_FILTER_MEMORY bundles, both results by
 * the same line, so that its phase has no part in it. The one that scatters less when
 * NTP_FILTER_KNOWN bundles were judged is given from then on, and none should be used before: round
 * trips that are shorter from one sample to the next, by what all used to have queued, look like
 * another route. So it changes later only where the other's variance is half of its own.
 *
 * If the least of both do not overlap (out + back < 0) by more than their dispersions and the
 * drift between them, then the clocks did not run on meanwhile: a step, a sleep. What came before
 * the newest exchange is dropped.
 *
 * Where the server tells its monotonic scale (ntp_mono.h) the exchanges are brought to its clock as
 * it is at the newest; another scale drops the older ones.
 */
#ifndef NTPEXCHD_NTP_FILTER_H
#define NTPEXCHD_NTP_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define NTP_FILTER_MAX	  128 /* polls: a second of the fastest */
#define NTP_FILTER_MEMORY 64  /* bundles, as weight 1/64 of the newest */
#define NTP_FILTER_KNOWN                                                                           \
	16		  /* bundles: the ratio of two sums of so many squares is good to a half */
#define NTP_FILTER_PHI 15 /* ppm: RFC 5905 section 4, while the line's rate is not known better */

struct ntp_filter_point {
	struct ts_raw t1, t4;
	struct ts_utc t2, t3;
	int64_t shift_ns; /* of the server's monotonic scale */
	int64_t dispersion_ns;
};

struct ntp_filter_result {
	struct ts_raw raw;
	struct ts_utc utc; /* on the server's monotonic scale, if it tells one */
};

enum ntp_filter_way { NTP_FILTER_MEAN, NTP_FILTER_LEAST, NTP_FILTER_WAYS };

struct ntp_filter {
	int length; /* polls that make one sample, up to NTP_FILTER_MAX; 0 and 1: each does */
	int polls;  /* since the last sample */
	int count, next;
	struct ntp_filter_point point[NTP_FILTER_MAX];
	bool mono;
	uint32_t mono_epoch;
	/* what bundles so far told */
	int scaled;
	double mad_ns; /* of the offsets, the mean of bundles' */
	enum ntp_filter_way way;
	int judged;
	bool has_last;
	struct ntp_filter_result last[NTP_FILTER_WAYS];
	double square_ns2[NTP_FILTER_WAYS];
};

void ntp_filter_init(struct ntp_filter *f, int length);

/* A request was sent, which may stay without an answer. */
void ntp_filter_polled(struct ntp_filter *f);

/* Is it known yet which way is better? */
bool ntp_filter_knows(const struct ntp_filter *f);

/* Drops the exchanges, keeps what was learnt of the noise. */
void ntp_filter_clear(struct ntp_filter *f);

/*
 * Takes a good sample. line: the published clock; rate_sd_ppb: how well its rate is known, 0 not
 * told. True if the polls are complete: *ret is m with the instants, delay and dispersion
 * of the bundle, which is empty then.
 */
bool ntp_filter_add(struct ntp_filter *f, const struct msg_sample *m, const struct ts_line *line,
	double rate_sd_ppb, struct msg_sample *ret);

#endif
