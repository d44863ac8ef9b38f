/* SPDX-License-Identifier: MIT */
/*
 * phc_extts.h - pulses on an input of a PTP hardware clock, stamped by it (linux: external time
 * stamps).
 *
 * The kernel's read() does not look at O_NONBLOCK, so it is asked only after poll(). Before Linux
 * 6.7 all readers of one clock share one queue, and take each other's stamps.
 */
#ifndef TB_PHC_EXTTS_H
#define TB_PHC_EXTTS_H

#include "common/io/phc.h"

#define PHC_PIN_NONE (-1) /* inputs that have their function by themselves */

struct phc_extts {
	int pin; /* PHC_PIN_NONE, or made the input of ... */
	int channel;
	bool falling; /* edge */
};

/*
 * Opens an already open clock anew, with the right to change it, and starts the stamping. Old
 * stamps are dropped. Negative errno with a reason in error; phc is as it was then.
 */
int phc_extts_start(struct phc *phc, const struct phc_extts *input, char error[PHC_ERROR_SIZE]);

void phc_extts_stop(struct phc *phc, const struct phc_extts *input);

/* Next stamp of that channel, ns of the clock. -EAGAIN: none; -EBADMSG: not a time; -ENODEV: the
 * device is gone; other negative errno. */
int phc_extts_read(struct phc *phc, int channel, int64_t *ret_ns);

#endif
