/* SPDX-License-Identifier: MIT */
/* ptp_pulses.c - external time stamps: pulses, and the queues in which their stamps wait. */
#include "tests/shim/ptp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who asked for stamps: all descriptors together (one queue), or each its own. */
#define QUEUES	    8
#define CHANNEL_OWN 7

static struct {
	pthread_mutex_t lock;
	bool running;
	unsigned int on; /* channels */
	int queues;
	struct {
		int read_fd, write_fd, fd; /* fd: whose it is */
		unsigned int mask;	   /* channels that it wants */
	} queue[QUEUES];
} pulses = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void wait_until(int64_t raw_ns)
{
	int64_t d = raw_ns - shim_now(CLOCK_MONOTONIC_RAW);

	while (d > 0) {
		struct timespec t = {d / NS, d % NS};

		nanosleep(&t, NULL);
		d = raw_ns - shim_now(CLOCK_MONOTONIC_RAW);
	}
}

/* Its readers see the end. */
static void drop_queues(void)
{
	pthread_mutex_lock(&pulses.lock);
	for (int i = 0; i < pulses.queues; i++) {
		(void)syscall(SYS_close, pulses.queue[i].read_fd);
		(void)syscall(SYS_close, pulses.queue[i].write_fd);
	}
	pulses.queues = 0;
	pulses.on = 0;
	pthread_mutex_unlock(&pulses.lock);
}

/* A full queue drops. */
static void put_event(unsigned int index, int64_t raw_ns)
{
	struct ptp_extts_event event;
	char control[256];

	ptp_control(control, sizeof(control));
	if (shim_has_word(control, "gone"))
		drop_queues();
	if (shim_has_word(control, "off"))
		return;
	memset(&event, 0, sizeof(event));
	event.t = ptp_time(ptp_at(raw_ns, control));
	if (shim_has_word(control, "badstamp"))
		event.t.nsec = 2 * NS;
	event.index = index;
	pthread_mutex_lock(&pulses.lock);
	for (int i = 0; i < pulses.queues; i++)
		if (pulses.queue[i].mask >> index & 1)
			(void)send(pulses.queue[i].write_fd, &event, sizeof(event),
				MSG_NOSIGNAL | MSG_DONTWAIT);
	pthread_mutex_unlock(&pulses.lock);
}

static void put_all(int64_t raw_ns)
{
	for (unsigned int i = 0; i < CHANNEL_OWN; i++)
		if (pulses.on >> i & 1)
			put_event(i, raw_ns);
}

static void *run_pulses(void *arg)
{
	int64_t k = (shim_now(CLOCK_MONOTONIC_RAW) - ptp.raw0 + ptp.real0) / NS * ptp.extts_hz;

	(void)arg;
	for (;;) {
		int64_t edge = k / ptp.extts_hz * NS + k % ptp.extts_hz * NS / ptp.extts_hz -
			       ptp.real0 + ptp.raw0;

		k++;
		if (edge < shim_now(CLOCK_MONOTONIC_RAW))
			continue;
		wait_until(edge);
		put_all(edge);
		wait_until(edge + NS / 333);
		put_event(CHANNEL_OWN, edge + NS / 333);
		if (ptp.extts_width) {
			wait_until(edge + ptp.extts_width);
			put_all(edge + ptp.extts_width);
		}
	}
	return NULL;
}

/* Its place among the queues, made if need be. */
static int queue_of(int fd)
{
	int pair[2], i;

	for (i = 0; i < pulses.queues; i++)
		if (!ptp.own_queues || pulses.queue[i].fd == fd)
			return i;
	if (i == QUEUES || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	pulses.queue[i].read_fd = pair[0];
	pulses.queue[i].write_fd = pair[1];
	pulses.queue[i].fd = fd;
	pulses.queue[i].mask = UINT_MAX;
	pulses.queues++;
	return i;
}

int ptp_extts(int fd, const struct ptp_extts_request *request)
{
	pthread_t thread;
	int i;

	if (!ptp.extts_hz)
		return -EOPNOTSUPP;
	if (request->index >= CHANNEL_OWN)
		return -EINVAL;
	pthread_mutex_lock(&pulses.lock);
	if (request->flags & PTP_ENABLE_FEATURE) {
		i = queue_of(fd);
		dup3(pulses.queue[i].read_fd, fd, O_CLOEXEC);
		pulses.on |= 1u << request->index;
	} else {
		pulses.on &= ~(1u << request->index);
	}
	if (!pulses.running)
		pthread_create(&thread, NULL, run_pulses, NULL);
	pulses.running = true;
	pthread_mutex_unlock(&pulses.lock);
	return 0;
}

int ptp_extts_mask(int fd, const unsigned int *channel)
{
	if (!ptp.own_queues)
		return -ENOTTY;
	pthread_mutex_lock(&pulses.lock);
	if (channel)
		pulses.queue[queue_of(fd)].mask |= 1u << *channel;
	else
		pulses.queue[queue_of(fd)].mask = 0;
	pthread_mutex_unlock(&pulses.lock);
	return 0;
}
