/* SPDX-License-Identifier: MIT */
/* timex_read.h - what the kernel says of its clock. It is read and never set: modes is 0. */
#ifndef TB_TIMEX_READ_H
#define TB_TIMEX_READ_H

#include <stdint.h>

struct timex_reading {
	uint32_t status; /* STA_* */
	double ppb;	 /* rate against the raw clock: ticks and frequency together */
	int64_t maxerror_us;
};

/* 0 or negative errno. */
int timex_read(struct timex_reading *ret_reading);

#endif
