/* SPDX-License-Identifier: MIT */
/* The lint lets this file call adjtimex() because modes is 0 in it and nowhere else set. */
#include "common/io/timex_read.h"

#include <errno.h>
#include <sys/timex.h>
#include <unistd.h>

int timex_read(struct timex_reading *ret_reading)
{
	struct timex tx = {.modes = 0};
	double nominal_us = 1e6 / (double)sysconf(_SC_CLK_TCK);

	if (adjtimex(&tx) < 0)
		return -errno;
	ret_reading->status = (uint32_t)tx.status;
	ret_reading->ppb = ((double)tx.tick - nominal_us) / nominal_us * 1e9 +
			   (double)tx.freq * 1000.0 / 65536;
	ret_reading->maxerror_us = tx.maxerror;
	return 0;
}
