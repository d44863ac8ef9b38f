/* SPDX-License-Identifier: MIT */
/*
 * ptp.h - a double of PTP clock devices at the system-call boundary, to be preloaded.
 *
 *   LD_PRELOAD=.../ptpshim.so PTPSHIM=/dev/ptp0 refclockd 'refclock PHC /dev/ptp0'
 *
 * The clock shows REALNS + (t - RAWNS) (1 + PPB/1e9) + OFFSET, where t is CLOCK_MONOTONIC_RAW: with
 * a common epoch every process sees the same clock, and nobody can steer it by steering
 * CLOCK_REALTIME. Whoever runs under this double can set no clock at all: every call that would is
 * refused with EPERM.
 *
 *   PTPSHIM=PATH[:PATH...]       the devices (all the same clock)
 *   PTPSHIM_EPOCH=RAWNS,REALNS   default: when the process began
 *   PTPSHIM_OFFSET=NS            default 0
 *   PTPSHIM_FREQ=PPB             default 0
 *   PTPSHIM_DELAY=LAW            of a leg of a bracket: fixed:NS, exp:MEAN, normal:MEAN:SD; default
 *                                fixed:300. The program is kept waiting for as long
 *   PTPSHIM_HIDDEN=NS            mean of an exponential delay of each stamp that no bracket shows
 *   PTPSHIM_WANDER=PPB:SECONDS   the frequency goes up and down by so much in so long
 *   PTPSHIM_NOISE=LEG            which leg has it: before, after or both (default); the other takes
 *   PTPSHIM_BASE=NS              ... this, which every leg takes at least; default 50
 *   PTPSHIM_IOCTLS=LIST          of precise, extended, raw (EXTENDED takes a clock id), deaf (it
 *                                takes any and does not look at it), plain, gettime; default
 *                                extended,plain,gettime
 *   PTPSHIM_ERROR=ERRNO:AFTER:N  reads AFTER+1 ... AFTER+N fail: EBUSY, ENODEV, EIO or EINVAL
 *   PTPSHIM_CONTROL=FILE         a file read at each call with any of the words: gone, frozen,
 *                                zero, eio, ebusy, jump=NS, noprecise, noextended, off (no pulses),
 *                                badstamp (pulses with a stamp that is none). No file: none of it
 *   PTPSHIM_IFACE=NAME           an interface whose clock is the first device
 *   PTPSHIM_SEED=N               of the noise
 *   PTPSHIM_EXTTS=HZ[:WIDTH]     pulses on each channel that is asked for, at multiples of 1/HZ s
 *                                of REALNS + (t - RAWNS); with WIDTH (ns) both edges are stamped.
 *                                Channel 7 has a pulse of its own, 3 ms behind
 *   PTPSHIM_QUEUES=one|own       all readers share one queue, as before Linux 6.7 (default), or
 * each has its own, with a mask of channels
 */
#ifndef TB_SHIM_PTP_H
#define TB_SHIM_PTP_H

#include <linux/ptp_clock.h>

#include "tests/shim/boundary.h"

enum ptp_law { LAW_FIXED, LAW_EXP, LAW_NORMAL };

struct ptp_shim {
	bool ready;
	const char *paths;
	int64_t raw0, real0, offset;
	double ppb;
	enum ptp_law law;
	double mean, sd, base, hidden, wander_ppb, wander_s;
	bool noise_before, noise_after;
	bool precise, extended, raw, deaf, plain, gettime;
	int error;
	long error_after, error_count, reads;
	const char *control, *iface;
	uint64_t seed;
	bool frozen;
	int64_t frozen_ns;
	long extts_hz;
	int64_t extts_width;
	bool own_queues;
};

/* ---- the clock (ptp_clock.c) ---- */

extern struct ptp_shim ptp;

/* Reads the environment, once. */
void ptp_init(void);
void ptp_control(char *text, size_t size);
/* What it shows at an instant of the raw clock. */
int64_t ptp_at(int64_t raw_ns, const char *control);
struct ptp_clock_time ptp_time(int64_t ns);
/* Errors that were asked for: 0 or negative errno. */
int ptp_injected(const char *control);
int ptp_precise(struct ptp_sys_offset_precise *x, const char *control);
int ptp_extended(struct ptp_sys_offset_extended *x, const char *control);
int ptp_plain(struct ptp_sys_offset *x, const char *control);

/* ---- its inputs (ptp_pulses.c) ---- */

/* 0 or negative errno. */
int ptp_extts(int fd, const struct ptp_extts_request *request);
/* channel NULL: none. */
int ptp_extts_mask(int fd, const unsigned int *channel);

#endif
