/* SPDX-License-Identifier: MIT */
/*
 * bound.h - option bound: the hard error bound of a reading, from the device's driver, a file or
 * the configuration.
 */
#ifndef TB_REFCLOCKD_BOUND_H
#define TB_REFCLOCKD_BOUND_H

#include <stddef.h>
#include <stdint.h>

#define BOUND_AUTO_WORD "auto"

/* May that stand in the configuration: auto, an absolute path, a number of seconds from 0 to 64?
 * 0 or -EINVAL with what is allowed in error. */
int bound_check(const char *word, char *error, size_t error_size);

/*
 * The bound now, ns; read it in the same turn as the clock, since a driver's file tells of the last
 * reading. device_file: what auto stands for, "" if the device has none. -ENODATA: it cannot be
 * told now.
 */
int bound_now(const char *word, const char *device_file, int64_t *ret_ns);

#endif
