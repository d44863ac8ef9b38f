/* SPDX-License-Identifier: MIT */
/*
 * phc_reading.h - readings of a PTP hardware clock between readings of a system clock. Pure.
 *
 * The kernel (or a program) reads system clock, PHC, system clock. Without knowledge of the two
 * legs the PHC's reading belongs to the middle of the bracket, and is wrong by at most half its
 * width. Legs only ever get longer by disturbances, so the narrowest bracket of a batch is the
 * best guess.
 */
#ifndef TB_PHC_READING_H
#define TB_PHC_READING_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define PHC_BATCH_MAX 25 /* PTP_MAX_SAMPLES of <linux/ptp_clock.h> */

/* How a batch was read, best first. */
enum phc_method {
	PHC_METHOD_NONE,
	PHC_METHOD_PRECISE,  /* pair latched by hardware, or by the hypervisor: no bracket */
	PHC_METHOD_EXTENDED, /* the kernel reads the system clock right before and after */
	PHC_METHOD_PLAIN,    /* the kernel reads them alternately */
	PHC_METHOD_GETTIME   /* this program reads them alternately */
};

/* Whose readings stand around the PHC's. */
enum phc_scale {
	PHC_SCALE_RAW, /* the kernel's CLOCK_MONOTONIC_RAW, not yet the clock door's */
	PHC_SCALE_REAL /* CLOCK_REALTIME */
};

struct phc_reading {
	int64_t before_ns; /* system clock; equal to after_ns where there is no bracket */
	int64_t phc_ns;
	int64_t after_ns;
};

struct phc_batch {
	enum phc_method method;
	enum phc_scale scale;
	int count; /* 1..PHC_BATCH_MAX */
	struct phc_reading reading[PHC_BATCH_MAX];
};

/* What a batch comes down to: the PHC showed phc_ns when the system clock showed system_ns, give
 * or take width_ns / 2. */
struct phc_best {
	int64_t system_ns;
	int64_t phc_ns;
	int64_t width_ns; /* 0: no bracket */
	int index;	  /* of the reading it rests on */
	int64_t noise_ns; /* standard deviation of further noise, where phc_noise.h looked for it */
};

/* Neither a bracket that ends before it begins nor a PHC time before 1970. */
bool phc_reading_usable(const struct phc_reading *r);

/* Picks the narrowest usable bracket, the first of equals. 0, or -ENODATA if there is none. */
int phc_reading_best(const struct phc_batch *batch, struct phc_best *ret);

/* "precise", "extended", "plain", "gettime", "none". */
const char *phc_method_word(enum phc_method method);

#endif
