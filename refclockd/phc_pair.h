/* SPDX-License-Identifier: MIT */
/*
 * phc_pair.h - what a PTP clock shows and the raw clock at the same instant: the best of a batch of
 * readings (common/core/phc_noise.h), carried to the raw clock where the kernel gave another one.
 */
#ifndef TB_REFCLOCKD_PHC_PAIR_H
#define TB_REFCLOCKD_PHC_PAIR_H

#include "common/core/phc_noise.h"
#include "common/io/phc.h"
#include "refclockd/driver.h"

struct phc_pair {
	struct ts_raw raw;
	int64_t phc_ns;
	int64_t width_ns; /* of the bracket */
	int64_t error_ns; /* beside it: hidden noise, and the way to the raw clock */
	enum stamp stamp;
};

/* 0, or negative errno: that of phc_read(), or -ENODATA. */
int phc_pair_read(
	struct phc *phc, struct phc_noise *noise, struct door *door, struct phc_pair *ret);

/* Puts the reason of a failed reading into error, and answers with rc. */
int phc_pair_explain(const struct phc *phc, int rc, char error[DRIVER_TEXT_SIZE]);

#endif
