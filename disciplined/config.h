/* SPDX-License-Identifier: MIT */
/* config.h - directives of disciplined and the struct they are parsed into. */
#ifndef DISCIPLINED_CONFIG_H
#define DISCIPLINED_CONFIG_H

#include "common/core/directive.h"
#include "disciplined/core/discipline.h"

#define CONFIG_PATH_SIZE 256

enum config_clock { CONFIG_CLOCK_REALTIME, CONFIG_CLOCK_SHADOW };

struct disciplined_config {
	int clock;	/* enum config_clock */
	int discipline; /* enum discipline_loop */
	double shadowoffset_s;
	double makestep_s;
	int makestep_limit;
	double maxchange_s;
	int maxchange_start, maxchange_ignore;
	double maxslewrate_ppm, maxupdateskew_ppm, maxdrift_ppm, maxclockerror_ppm;
	double maxholdover_s, maxbound_s, maxdisruptionstep_s, logchange_s;
	char driftfile[CONFIG_PATH_SIZE];
	int drift_interval_s;
	char statefile[CONFIG_PATH_SIZE];
	int state_interval_s;
	bool rtcsync;
	int leapsecmode; /* enum leap_mode */
	char leapseclist[CONFIG_PATH_SIZE];
};

extern const struct directive disciplined_directives[];

void config_policy(const struct disciplined_config *config, struct discipline_policy *ret);

#endif
