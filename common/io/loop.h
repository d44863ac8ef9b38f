/* SPDX-License-Identifier: MIT */
/*
 * loop.h - one thread, one poll(), one timerfd for the nearest deadline.
 *
 * Plain poll() on purpose: the one-process node runs this same loop under a system-call simulator
 * that knows nothing else. Deadlines are raw-clock instants (tstime.h), re-armed by their owners.
 */
#ifndef TB_LOOP_H
#define TB_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include "common/core/tstime.h"

struct door;
struct loop;

typedef void (*loop_fd_fn)(void *arg, int fd, short revents);
typedef void (*loop_timer_fn)(void *arg, struct ts_raw now);
/* Called before each wait; true if it did something that may call for another round at once. */
typedef bool (*loop_idle_fn)(void *arg);

/* Owned by the caller; zero it before the first use. */
struct loop_timer {
	loop_timer_fn fn;
	void *arg;
	struct ts_raw deadline;
	struct loop_timer *next;
	bool linked;
};

struct loop *loop_new(struct door *door);
void loop_destroy(struct loop **loop);

/* 0 or negative errno. An fd may be added once; events as in poll(2). POLLERR is always told. */
int loop_fd_add(struct loop *loop, int fd, short events, loop_fd_fn fn, void *arg);
void loop_fd_events(struct loop *loop, int fd, short events);
void loop_fd_del(struct loop *loop, int fd);

/* Arms (or re-arms) a timer; TS_RAW_NEVER disarms. A passed deadline fires in the next round. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, struct ts_raw deadline);
void loop_timer_del(struct loop *loop, struct loop_timer *timer);

int loop_idle_add(struct loop *loop, loop_idle_fn fn, void *arg);
/* Not from within an idle hook. */
void loop_idle_del(struct loop *loop, loop_idle_fn fn, void *arg);

/* Runs until loop_stop(). 0, or negative errno if poll() itself fails for good. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Raw time of the last wake-up, read once a round. */
struct ts_raw loop_now(const struct loop *loop);
/* Rounds so far: the watchdog is fed only while this moves. */
uint64_t loop_rounds(const struct loop *loop);

#endif
