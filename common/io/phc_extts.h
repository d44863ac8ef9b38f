/* SPDX-License-Identifier: MIT */
/*
 * phc_extts.h - pulses on the inputs of PTP hardware clocks, stamped by them (linux: external time
 * stamps).
 *
 * All inputs of a device come through one descriptor, which is read in one place and whose stamps
 * are handed to whoever waits for that channel: before Linux 6.7 a device has one queue for all who
 * read it, and they would take each other's. Another program that reads the same device still does.
 *
 * The kernel's read() does not look at O_NONBLOCK, so it is asked only after poll().
 */
#ifndef TB_PHC_EXTTS_H
#define TB_PHC_EXTTS_H

#include "common/core/extts.h"
#include "common/io/loop.h"
#include "common/io/phc.h"

#define PHC_PIN_NONE	  (-1) /* inputs that have their function by themselves */
#define PHC_EXTTS_READERS 16   /* devices at once */

struct phc_extts {
	int pin; /* PHC_PIN_NONE, or made the input of ... */
	int channel;
	bool falling; /* edge */
};

struct phc_extts_hub;
struct phc_extts_reader;

/* One who waits for a channel. Owned by the caller, at the same place until it is detached. */
struct phc_extts_user {
	struct phc_extts_reader *reader;
	struct phc_extts_user *next;
	struct phc_extts input;
	int wake_fd; /* readable when there is something to read */
	struct extts_queue queue;
};

/* A device that is read. */
struct phc_extts_reader {
	struct phc_extts_hub *hub;
	struct phc_extts_user *users; /* NULL: not in use */
	char path[PHC_PATH_SIZE];
	int fd;
	int error; /* the device failed with it: it is closed, its users have to go */
};

/* All zero but for the loop at the start. */
struct phc_extts_hub {
	struct loop *loop;
	struct phc_extts_reader reader[PHC_EXTTS_READERS];
};

/*
 * Waits for the pulses of one input from now on; the first for a device opens it, with the right
 * to change it, and drops old stamps. Two may wait for one channel, by the same edge.
 * 0, or negative errno with a reason in error (-ENODEV: not there now) and nothing kept.
 */
int phc_extts_attach(struct phc_extts_hub *hub, const char *path, const struct phc_extts *input,
	struct phc_extts_user *ret, char error[PHC_ERROR_SIZE]);

void phc_extts_detach(struct phc_extts_user *user);

/* Next stamp of the channel, ns of the clock. -EAGAIN: none; -EBADMSG: one that is not a time;
 * -ENODEV: the device is gone; other negative errno. */
int phc_extts_read(struct phc_extts_user *user, int64_t *ret_ns);

#endif
