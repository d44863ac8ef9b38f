/* SPDX-License-Identifier: MIT */
/*
 * bridge.h - what is given on of a PTP clock's readings, and what is said about it. Pure.
 *
 * Only while the clock runs is anything published; each change of state is one log line. A missing
 * clock is tried again after 1, 2, 4 ... 16 s.
 */
#ifndef TB_PHC2SHM_BRIDGE_H
#define TB_PHC2SHM_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/phc_reading.h"
#include "common/core/tstime.h"
#include "phc2shm/core/line.h"
#include "phc2shm/core/scale.h"

#define BRIDGE_TEXT_SIZE   256
#define BRIDGE_RETRY_MAX_S 16
#define BRIDGE_ERRORS_MAX  3  /* failed readings in a row before the device is opened anew */
#define BRIDGE_WAITING_S   60 /* between lines about waiting for ptp4l */

/* A clock that shows less has never been set: some devices count from 1970 when they start. The
 * first of January 2020, before the first version of this program. */
#define BRIDGE_SET_NS (INT64_C(1577836800) * NS_PER_S)

enum bridge_state {
	BRIDGE_RUNNING,
	BRIDGE_MISSING, /* not there, or cannot be opened */
	BRIDGE_FAILING, /* open, cannot be read */
	BRIDGE_FROZEN,	/* shows the same time again */
	BRIDGE_UNSET,	/* shows a time before BRIDGE_SET_NS */
	BRIDGE_WAITING	/* ptp4l does not say that it is in sync */
};

struct bridge_config {
	const char *source, *sink; /* as they were written; live as long as the bridge */
	struct scale scale;
	unsigned int summary; /* readings in a line of statistics; 0: a line each */
	bool silent;	      /* lines about readings are not wanted: none is made */
};

/* Levels of syslog. */
enum bridge_level {
	BRIDGE_LOG_NONE = -1,
	BRIDGE_LOG_ERR = 3,
	BRIDGE_LOG_NOTICE = 5,
	BRIDGE_LOG_INFO = 6
};

/* What is to be done after an input. */
struct bridge_out {
	bool publish; /* reference at receive */
	bool clear;   /* withdraw what was published last */
	bool close;   /* close the device */
	struct ts_utc reference, receive;
	int leap; /* announced for the end of the day: 1 insertion, -1 deletion, 0 none */
	enum bridge_level level; /* of line */
	char line[BRIDGE_TEXT_SIZE];
};

struct bridge {
	struct bridge_config config;
	enum bridge_state state;
	bool opened; /* now */
	bool has_last;
	int64_t last_phc_ns;
	int errors, busy; /* in a row */
	int retry_s;
	int64_t next_open_ns;
	int64_t next_waiting_ns; /* when to speak again of waiting */
	struct summary offset, delay;
};

void bridge_init(struct bridge *b, const struct bridge_config *config);

/* Is it time to try to open the device? now_ns: CLOCK_MONOTONIC. */
bool bridge_wants_open(const struct bridge *b, int64_t now_ns);

void bridge_on_opened(struct bridge *b, struct bridge_out *ret);
void bridge_on_open_failed(
	struct bridge *b, int64_t now_ns, const char *why, struct bridge_out *ret);

/* The best of a batch against CLOCK_REALTIME. */
void bridge_on_reading(struct bridge *b, const struct phc_best *best, struct bridge_out *ret);

/*
 * A batch failed with a negative errno. -EBUSY is nobody's business until it has lasted for
 * BRIDGE_ERRORS_MAX turns, and no reason to open the device anew; -ENODEV closes at once.
 */
void bridge_on_read_failed(
	struct bridge *b, int64_t now_ns, int error, const char *why, struct bridge_out *ret);

/* A turn in which ptp4l is not in sync: the clock is not read. */
void bridge_on_waiting(struct bridge *b, int64_t now_ns, struct bridge_out *ret);

/* What ptp4l says of the time scale, from now on. A fixed offset stays. */
void bridge_set_scale(struct bridge *b, int offset_s, int leap);

#endif
