/* SPDX-License-Identifier: MIT */
/*
 * host.h - options host, hostkey, ownkey, hostdrift and hosterror of a refclock: listens to the
 * timebus of the host whose clock this is (common/bus/remote.h) and folds what it says of its error
 * into the samples (core/hostfold.h). Nothing of it holds up the clock's readings.
 */
#ifndef TB_REFCLOCKD_HOST_H
#define TB_REFCLOCKD_HOST_H

#include "common/bus/remote.h"
#include "common/io/stage.h"
#include "refclockd/config.h"
#include "refclockd/core/hostfold.h"

struct host {
	bool used;
	struct stage_host *stage_host;
	const struct refclock_line *line; /* the slot's */
	const char *name;		  /* of the source */
	struct hostfold fold;
	struct remote_ear *ear;
	struct loop_timer silence, retry;
	uint64_t refused;
	/* The source's message is another one now. */
	void (*changed)(void *arg);
	void *arg;
};

/* May these options of a line stand together? 0, or -EINVAL with what is allowed in error. */
int host_check(const struct refclock_line *line, char *error, size_t error_size);

/* Nothing, if the line has no host. line and name must outlive it. */
void host_start(struct host *h, struct stage_host *stage_host, const struct refclock_line *line,
	const char *name, void (*changed)(void *arg), void *arg);
void host_stop(struct host *h);

void host_fold_sample(const struct host *h, struct msg_sample *sample);
void host_fold_source(const struct host *h, struct msg_source *source);

#endif
