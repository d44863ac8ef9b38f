/* SPDX-License-Identifier: MIT */
/*
 * phc.h - PTP hardware clocks: finding, opening and reading them.
 *
 * A clock is named by its device (/dev/ptp0), by a network interface (eth0: the clock that stamps
 * its packets) or by its kernel name ("KVM virtual PTP"; kvm for short), since ptp numbers change
 * over boots. Names are looked up at each open.
 *
 * Reading methods are tried from the best on: PRECISE, EXTENDED, PLAIN, then readings by this
 * program; the first that works is kept until it fails. Only the first generation of ioctl numbers
 * is used: every kernel has them.
 */
#ifndef TB_PHC_H
#define TB_PHC_H

#include <stdbool.h>
#include <stddef.h>
#include "common/core/phc_reading.h"

#define PHC_PATH_SIZE  64
#define PHC_NAME_SIZE  40
#define PHC_ERROR_SIZE 160

struct phc {
	int fd;
	enum phc_method method; /* in use; PHC_METHOD_NONE before the first reading */
	bool nocrossts;		/* leave PRECISE out */
	bool no_raw;		/* EXTENDED cannot be had with CLOCK_MONOTONIC_RAW */
	char path[PHC_PATH_SIZE];
	char name[PHC_NAME_SIZE]; /* the kernel's; "" if not known */
};

/* Device path of a clock. -ENODEV: there is none of that name now; other negative errno: it cannot
 * be one. The reason stands in error. */
int phc_resolve(const char *what, char path[PHC_PATH_SIZE], char error[PHC_ERROR_SIZE]);

/*
 * Resolves and opens. Negative errno with a reason in error: -ENODEV (not there now), -EACCES or
 * -EPERM, -ENOTTY (not a PTP clock), others. *ret is written on success only.
 */
int phc_open(const char *what, bool nocrossts, struct phc *ret, char error[PHC_ERROR_SIZE]);

void phc_close(struct phc *phc);

/*
 * Reads the clock `readings` times (1..PHC_BATCH_MAX) against the scale asked for. The answer may
 * hold fewer readings (PRECISE: one), and PHC_SCALE_REAL where RAW was asked for but the kernel
 * offers no raw brackets: look at ret->scale.
 * -EBUSY: refused by the driver three times, try at the next occasion; -ENODEV: the device is
 * gone, close it; other negative errno: this reading failed.
 */
int phc_read(struct phc *phc, enum phc_scale scale, int readings, struct phc_batch *ret);

/* Reads by this program only, as PHC_METHOD_GETTIME does. 0 or negative errno. */
int phc_read_gettime(struct phc *phc, enum phc_scale scale, int readings, struct phc_batch *ret);

/* Indexes of the PTP clocks that exist now, ascending. Their number, at most max. */
int phc_list(int *ret_index, int max);

/* Kernel's name of a PTP clock. 0 or -ENOENT. */
int phc_clock_name(int index, char name[PHC_NAME_SIZE]);

/* Path of a file that the driver of the clock's device has in sysfs; "" if there is none. */
void phc_device_file(const struct phc *phc, const char *name, char *path, size_t size);

/* Index of /dev/ptpN, or -1. */
int phc_index_of(const char *path);

/* Readings of CLOCK_MONOTONIC and CLOCK_REALTIME for a program that has no clock door. */
int64_t phc_monotonic_ns(void);
int64_t phc_realtime_ns(void);

#endif
