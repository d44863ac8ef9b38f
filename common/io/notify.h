/* SPDX-License-Identifier: MIT */
/*
 * notify.h - the service manager: readiness, status, watchdog (sd_notify(3)) and passed sockets
 * (sd_listen_fds_with_names(3)). Without a service manager everything here does nothing.
 */
#ifndef TB_NOTIFY_H
#define TB_NOTIFY_H

#include <stdint.h>

#define PASSED_MAX 32

/* Sockets passed by name; fd -1 once taken. */
struct passed_fds {
	unsigned int count;
	struct {
		char name[64];
		int fd;
	} fds[PASSED_MAX];
};

/* Collects them and clears the environment, so that no child takes them for its own. */
void passed_collect(struct passed_fds *passed);
/* index counts those of that name, taken ones included. -ENOENT when there is none (left). */
int passed_take(struct passed_fds *passed, const char *name, unsigned int index);
/* Closes what nobody took; each is told in the log. */
void passed_close_rest(struct passed_fds *passed);

void notify_ready(void);
void notify_stopping(void);
/* monotonic_ns: CLOCK_MONOTONIC now; the service manager tells an old answer from it. */
void notify_reloading(int64_t monotonic_ns);
void notify_status(const char *text);
void notify_watchdog(void);
/* Interval within which WATCHDOG=1 is expected, or 0. */
int64_t notify_watchdog_ns(void);

#endif
