/* SPDX-License-Identifier: MIT */
/*
 * config.h - refclockd's directives: refclock, as chrony has it, and autophc.
 */
#ifndef TB_REFCLOCKD_CONFIG_H
#define TB_REFCLOCKD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/directive.h"
#include "common/core/endpoint.h"
#include "refclockd/core/parameter.h"
#include "refclockd/core/refclock.h"

#define REFCLOCKS_MAX	    32
#define REFCLOCKD_PATH_SIZE 256
#define HOST_PATH_SIZE	    128

/* One refclock line, in chrony's units: log2 s, s. */
struct refclock_line {
	char driver[16];
	char parameter[PARAMETER_SIZE];
	int poll, dpoll;
	uint32_t refid, lock; /* 0: none given */
	int rate, maxlockage, filter;
	double width, offset, delay, dispersion, precision, maxdispersion;
	char bound[PARAMETER_SIZE];
	char host[ENDPOINT_SIZE], hostkey[HOST_PATH_SIZE], ownkey[HOST_PATH_SIZE];
	double hostdrift, hosterror; /* ppm, s */
	bool prefer, noselect, trust, require, tai, pps, local;
	int stratum, maxunreach, minsamples, maxsamples;
};

struct refclockd_config {
	struct refclock_line refclock[REFCLOCKS_MAX];
	int refclocks;
	bool autophc; /* every PTP clock of the machine, also those that appear later */
	char leapseclist[REFCLOCKD_PATH_SIZE];
	double precision; /* of the raw clock, s; 0: as it is found */
};

extern const struct directive refclockd_directives[];

/*
 * What a line asks of the core. number: of the line, from 0; with the driver's word it makes the
 * default reference id, as in chrony: PHC0, SHM1. The rest of *ret (clock precision) is left 0.
 */
struct driver;
void refclock_line_core(const struct refclock_line *line, const struct driver *driver, int number,
	struct refclock_config *ret);

/* A line with all defaults, for clocks that nobody configured. */
void refclock_line_defaults(const char *driver, const char *parameter, struct refclock_line *ret);

#endif
