/* SPDX-License-Identifier: MIT */
#include "common/io/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/io/door.h"
#include "common/io/log.h"

#define FDS_MAX		128
#define IDLE_MAX	16
#define IDLE_ROUNDS_MAX 16
#define LATE_NS		(NS_PER_MS / 5)
#define STRETCH_PPB_MAX INT64_C(1000000)

struct watch {
	loop_fd_fn fn;
	void *arg;
};

struct idle_hook {
	loop_idle_fn fn;
	void *arg;
};

/* A free slot of polls[] has fd -1, which poll() skips. Slot 0 is the timerfd. */
struct loop {
	struct door *door;
	struct pollfd polls[1 + FDS_MAX];
	struct watch watches[1 + FDS_MAX];
	nfds_t used;
	struct idle_hook idle[IDLE_MAX];
	unsigned int idle_count;
	struct loop_timer *timers; /* sorted by deadline */
	struct loop_timer *due;	   /* those that fire in this round */
	struct ts_raw armed;	   /* deadline the timerfd stands at */
	int64_t armed_for_ns;
	int64_t stretch_ppb; /* CLOCK_MONOTONIC's rate over the raw clock's, as far as it matters */
	struct ts_raw now;
	uint64_t rounds;
	volatile sig_atomic_t stop;
};

static int timer_open(void)
{
	/* Without TFD_CLOEXEC: the system-call simulator knows no such flag. */
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

struct loop *loop_new(struct door *door)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->door = door;
	for (nfds_t i = 0; i < 1 + FDS_MAX; i++)
		loop->polls[i].fd = -1;
	loop->polls[0].fd = timer_open();
	loop->polls[0].events = POLLIN;
	loop->used = 1;
	loop->armed = TS_RAW_NEVER;
	if (loop->polls[0].fd < 0) {
		free(loop);
		return NULL;
	}
	loop->now = door_raw(door);
	return loop;
}

void loop_destroy(struct loop **loop)
{
	if (!*loop)
		return;
	close((*loop)->polls[0].fd);
	free(*loop);
	*loop = NULL;
}

static nfds_t slot_of(const struct loop *loop, int fd)
{
	nfds_t i;

	for (i = 1; i < loop->used; i++) {
		if (loop->polls[i].fd == fd)
			break;
	}
	return i;
}

int loop_fd_add(struct loop *loop, int fd, short events, loop_fd_fn fn, void *arg)
{
	nfds_t slot;

	if (fd < 0 || !fn)
		return -EINVAL;
	if (slot_of(loop, fd) < loop->used)
		return -EEXIST;
	slot = slot_of(loop, -1);
	if (slot > FDS_MAX)
		return -ENOSPC;
	if (slot == loop->used)
		loop->used++;
	/* revents 0: a slot that is taken while others are served must not be served with what
	 * its former owner was told. */
	loop->polls[slot] = (struct pollfd){.fd = fd, .events = events};
	loop->watches[slot] = (struct watch){fn, arg};
	return 0;
}

void loop_fd_events(struct loop *loop, int fd, short events)
{
	nfds_t slot = fd < 0 ? loop->used : slot_of(loop, fd);

	if (slot < loop->used)
		loop->polls[slot].events = events;
}

void loop_fd_del(struct loop *loop, int fd)
{
	nfds_t slot = fd < 0 ? loop->used : slot_of(loop, fd);

	if (slot >= loop->used)
		return;
	loop->polls[slot] = (struct pollfd){.fd = -1};
	loop->watches[slot] = (struct watch){NULL, NULL};
	while (loop->used > 1 && loop->polls[loop->used - 1].fd < 0)
		loop->used--;
}

static bool unlink_from(struct loop_timer **list, struct loop_timer *timer)
{
	for (; *list; list = &(*list)->next) {
		if (*list == timer) {
			*list = timer->next;
			return true;
		}
	}
	return false;
}

void loop_timer_del(struct loop *loop, struct loop_timer *timer)
{
	if (!timer->linked)
		return;
	if (!unlink_from(&loop->timers, timer))
		unlink_from(&loop->due, timer);
	timer->linked = false;
	timer->next = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, struct ts_raw deadline)
{
	struct loop_timer **at = &loop->timers;

	loop_timer_del(loop, timer);
	timer->deadline = deadline;
	if (ts_raw_is_never(deadline))
		return;
	while (*at && !ts_raw_before(deadline, (*at)->deadline))
		at = &(*at)->next;
	timer->next = *at;
	timer->linked = true;
	*at = timer;
}

int loop_idle_add(struct loop *loop, loop_idle_fn fn, void *arg)
{
	if (loop->idle_count >= IDLE_MAX)
		return -ENOSPC;
	loop->idle[loop->idle_count++] = (struct idle_hook){fn, arg};
	return 0;
}

void loop_idle_del(struct loop *loop, loop_idle_fn fn, void *arg)
{
	for (unsigned int i = 0; i < loop->idle_count; i++) {
		if (loop->idle[i].fn != fn || loop->idle[i].arg != arg)
			continue;
		loop->idle[i] = loop->idle[--loop->idle_count];
		return;
	}
}

/* True if the hooks still had work when their rounds were used up. */
static bool run_idle(struct loop *loop)
{
	bool more = loop->idle_count > 0;

	for (int round = 0; more && round < IDLE_ROUNDS_MAX; round++) {
		more = false;
		for (unsigned int i = 0; i < loop->idle_count; i++)
			more |= loop->idle[i].fn(loop->idle[i].arg);
	}
	return more;
}

/*
 * Sets the timerfd to the nearest deadline. True if that has passed: no waiting then.
 * The deadline is on the raw clock, the timerfd runs on CLOCK_MONOTONIC; without the stretch a
 * slower raw clock would cost a second wake-up at each deadline.
 */
static bool arm(struct loop *loop)
{
	struct ts_raw deadline = loop->timers ? loop->timers->deadline : TS_RAW_NEVER;
	struct itimerspec spec = {{0, 0}, {0, 0}};
	int64_t wait_ns;

	if (deadline.ns == loop->armed.ns)
		return false;
	if (!ts_raw_is_never(deadline)) {
		wait_ns = ts_raw_sub(deadline, door_raw(loop->door)).ns;
		if (wait_ns <= 0)
			return true;
		loop->armed_for_ns = wait_ns;
		wait_ns = ts_sat_add(wait_ns, wait_ns / NS_PER_MS * loop->stretch_ppb / 1000);
		spec.it_value.tv_sec = wait_ns / NS_PER_S;
		spec.it_value.tv_nsec = wait_ns % NS_PER_S;
	}
	if (timerfd_settime(loop->polls[0].fd, 0, &spec, NULL) < 0)
		log_fatal("timerfd of %lld s", (long long)spec.it_value.tv_sec);
	loop->armed = deadline;
	return false;
}

static int64_t part_ppb(int64_t part_ns, int64_t of_ns)
{
	return part_ns < of_ns ? part_ns * 1000 / (of_ns / NS_PER_MS) : NS_PER_S;
}

/* The timerfd went off: too early by some ppm the first times, which teaches the stretch;
 * much too late after the kernel stopped slewing, or when the machine is busy. */
static void timer_rang(struct loop *loop)
{
	uint64_t times;
	int64_t missing_ns;

	if (read(loop->polls[0].fd, &times, sizeof(times)) != (ssize_t)sizeof(times))
		return;
	missing_ns = ts_raw_sub(loop->armed, loop->now).ns;
	if (missing_ns > 0 && loop->armed_for_ns > 10 * NS_PER_MS)
		loop->stretch_ppb += part_ppb(missing_ns, loop->armed_for_ns) + 100;
	else if (missing_ns < -LATE_NS && loop->armed_for_ns > 10 * NS_PER_MS)
		loop->stretch_ppb -= part_ppb(-missing_ns, loop->armed_for_ns) / 2;
	else
		loop->stretch_ppb -= loop->stretch_ppb / 256;
	if (loop->stretch_ppb < 0)
		loop->stretch_ppb = 0;
	if (loop->stretch_ppb > STRETCH_PPB_MAX)
		loop->stretch_ppb = STRETCH_PPB_MAX;
	loop->armed = TS_RAW_NEVER;
}

/* Timers set from here on wait for the next round, even if their deadline has passed. */
static void run_timers(struct loop *loop)
{
	struct loop_timer **end = &loop->timers, *timer;

	while (*end && !ts_raw_before(loop->now, (*end)->deadline))
		end = &(*end)->next;
	if (end == &loop->timers)
		return;
	loop->due = loop->timers;
	loop->timers = *end;
	*end = NULL;
	while ((timer = loop->due)) {
		loop->due = timer->next;
		timer->next = NULL;
		timer->linked = false;
		timer->fn(timer->arg, loop->now);
	}
}

static void run_fds(struct loop *loop)
{
	for (nfds_t i = 1; i < loop->used; i++) {
		int fd = loop->polls[i].fd;
		short revents = loop->polls[i].revents;

		if (fd < 0 || !revents)
			continue;
		loop->polls[i].revents = 0;
		loop->watches[i].fn(loop->watches[i].arg, fd, revents);
		if ((revents & POLLNVAL) && loop->polls[i].fd == fd) {
			log_errx("descriptor %d was closed while it was watched", fd);
			loop_fd_del(loop, fd);
		}
	}
}

static int wait_once(struct loop *loop)
{
	bool busy = run_idle(loop);

	if (loop->stop)
		return 0;
	busy |= arm(loop);
	if (poll(loop->polls, loop->used, busy ? 0 : -1) < 0) {
		if (errno != EINTR && errno != EAGAIN && errno != ENOMEM)
			return -errno;
		for (nfds_t i = 0; i < loop->used; i++)
			loop->polls[i].revents = 0;
	}
	loop->now = door_raw(loop->door);
	loop->rounds++;
	return 0;
}

int loop_run(struct loop *loop)
{
	int r;

	while (!loop->stop) {
		r = wait_once(loop);
		if (r < 0)
			return r;
		if (loop->polls[0].revents & POLLIN)
			timer_rang(loop);
		run_timers(loop);
		run_fds(loop);
	}
	loop->stop = 0;
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stop = 1;
}

struct ts_raw loop_now(const struct loop *loop)
{
	return loop->now;
}

uint64_t loop_rounds(const struct loop *loop)
{
	return loop->rounds;
}
