/* SPDX-License-Identifier: MIT */
/*
 * chronylog.h - the rows of chrony's log files, rendered from bus messages. Pure.
 *
 * Layout and signs are those of chrony.conf(5), directive `log`, so that what reads chronyd's files
 * reads ours. Where chrony measures against its own idea of true time, the estimate's line takes
 * its place; before there is one, the clock's.
 *
 *   measurements  a row for each NTP sample; refclocks never
 *   statistics    a row for each verdict that counts a new sample
 *   selection     a row for each verdict
 *   tracking      a row for each clock message that acted on a new estimate, when both have come.
 *                 "Max. error" is the published bound of the clock.
 *   refclocks     a row for each reading, and one with '-' for each verdict on new readings
 *   tempcomp rtc  no message carries these yet
 *
 * What is not known to the suite stands as chrony would write a neutral value: remote poll = local
 * poll, poll score 0, first good sample 0.
 */
#ifndef TB_CHRONYLOG_H
#define TB_CHRONYLOG_H

#include "monitord/core/model.h"

enum chronylog_file {
	CHRONYLOG_MEASUREMENTS,
	CHRONYLOG_STATISTICS,
	CHRONYLOG_TRACKING,
	CHRONYLOG_REFCLOCKS,
	CHRONYLOG_SELECTION,
	CHRONYLOG_FILES
};

#define CHRONYLOG_ROW_SIZE 256
#define CHRONYLOG_ROWS_MAX 4 /* a message makes no more */

struct chronylog_options {
	bool wanted[CHRONYLOG_FILES];
	bool raw_measurements; /* rejected samples too */
};

struct chronylog_source {
	char name[64], publisher[MSG_SENDER_SIZE];
	bool has_rate;
	double rate_ppb, rate_sd_ppb;
	int64_t last_sample_raw_ns; /* that the newest statistics row counted */
	int sequence;		    /* of the reading in its poll interval */
	int64_t interval_raw_ns;    /* start of that interval */
};

struct chronylog {
	struct chronylog_options options;
	struct chronylog_source sources[MODEL_SOURCES_MAX];
	unsigned int next; /* slot to use when all are taken */
	/* the estimate that a clock message acted on may come in behind it: then the row waits */
	bool waiting;
	struct msg_clock clock;

	bool has_tracking, has_steps;
	int64_t estimate_seq; /* of the newest tracking row */
	int64_t steps;	      /* of the newest clock message */
};

struct chronylog_row {
	enum chronylog_file file;
	char text[CHRONYLOG_ROW_SIZE]; /* without a line end */
};

void chronylog_init(struct chronylog *log, const struct chronylog_options *options);

/* The rows of a message that the model has taken in already. Number of rows. */
int chronylog_rows(struct chronylog *log, const struct model *m, const struct msg *message,
	struct chronylog_row ret_rows[CHRONYLOG_ROWS_MAX]);

/* "tracking", and the middle line of the banner. */
const char *chronylog_name(enum chronylog_file file);
const char *chronylog_banner(enum chronylog_file file);

/* The word that stands for a source: its address, or the refid of a reference clock. */
void chronylog_label(const struct model_source *s, const char *name, char label[64]);

#endif
