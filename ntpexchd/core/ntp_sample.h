/* SPDX-License-Identifier: MIT */
/*
 * ntp_sample.h - four stamps and a header become a measurement. Pure.
 *
 * With T1, T4 on our raw clock and T2, T3 on the server's:
 *
 *   raw = (T1 + T4) / 2     utc = (T2 + T3) / 2     delay = (T4 - T1) - (T3 - T2)
 *
 * (RFC 5905 section 8, with the offset left as a pair of instants.) The raw clock is not steered:
 * its rate may be 500 ppm off, and the server's clock may be slewed while it answers, so a delay
 * may come out a little below zero; it is 0 then.
 *
 *   dispersion = own precision + server's precision + 15 ppm (T4 - T1) + error of T3
 */
#ifndef NTPEXCHD_NTP_SAMPLE_H
#define NTPEXCHD_NTP_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"
#include "ntpexchd/core/ntp_mono.h"
#include "ntpexchd/core/ntp_packet.h"

#define NTP_PHI_PPM	       15		   /* RFC 5905 section 4 */
#define NTP_SERVER_TIME_NS_MAX INT64_C(4000000000) /* T3 - T2; more is a broken server */

struct ntp_exchange {
	struct ts_raw t1, t4;
	struct ts_utc t2, t3;
	enum stamp tx_stamp, rx_stamp;
	bool interleaved;
	int64_t t3_error_ns; /* where it is a guess: goes into the dispersion */
	struct ntp_packet answer;
	/* where the answer has the extension field (ntp_mono.h) */
	bool has_roots, has_shift;
	uint32_t root_delay, root_dispersion; /* 2^-28 s; has_roots */
	uint32_t mono_epoch;		      /* has_shift */
	int64_t mono_shift_ns;
};

/* Of the answer in x, or of a later one in its place. mono may be NULL. */
void ntp_exchange_roots(struct ntp_exchange *x, const struct ntp_mono *mono);
/* Of the answer whose receive stamp is t2. */
void ntp_exchange_shift(struct ntp_exchange *x, const struct ntp_mono *mono);

struct ntp_sample_config {
	int64_t precision_ns; /* of our clock */
	int64_t offset_ns;    /* added to the server's stamps; configured correction */
	int64_t maxdelay_ns;  /* test A */
	int minstratum;	      /* the stratum told is at least this */
	uint32_t own_refid;   /* what a server synchronised to us would tell; 0 unknown */
};

/*
 * Fills a sample but for source and poll and returns its reject, which is also in it:
 *   reject_invalid  stamps out of order or too far apart
 *   reject_delay    test A: delay above maxdelay
 *   reject_loop     test D: the server is synchronised to us
 */
enum reject ntp_sample_make(const struct ntp_exchange *x, const struct ntp_sample_config *config,
	struct msg_sample *ret);

/* What a rejected packet tells, without a measurement. raw: when it came. */
void ntp_sample_reject(const struct ntp_packet *p, enum reject reject, struct ts_raw raw,
	enum stamp rx_stamp, struct msg_sample *ret);

#endif
