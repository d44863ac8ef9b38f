/* SPDX-License-Identifier: MIT */
/* config.h - directives of monitord, with chrony's names. */
#ifndef TB_MONITORD_CONFIG_H
#define TB_MONITORD_CONFIG_H

#include "common/core/directive.h"
#include "common/core/endpoint.h"
#include "monitord/core/chronylog.h"

#define MONITORD_LOG_LINES_MAX 16
#define MONITORD_PATH_SIZE     256

/* One `log` line; several add up. */
struct monitord_log {
	bool measurements, rawmeasurements, statistics, tracking, refclocks, selection;
	bool tempcomp, rtc; /* accepted; no message carries what they would hold */
};

#define MONITORD_ALLOW_ANY "any"

/* Where guests hear the clock, and which. */
struct monitord_publish {
	char endpoint[ENDPOINT_SIZE]; /* "": nowhere */
	char key[MONITORD_PATH_SIZE], allow[MONITORD_PATH_SIZE];
};

struct monitord_config {
	char logdir[MONITORD_PATH_SIZE];
	int logbanner; /* rows between banners, 0 none */
	struct monitord_log log[MONITORD_LOG_LINES_MAX];
	int log_count;
	struct monitord_publish publish;
};

extern const struct directive monitord_directives[];

struct chronylog_options monitord_log_options(const struct monitord_config *config);

#endif
