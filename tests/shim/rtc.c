/* SPDX-License-Identifier: MIT */
/*
 * rtc.c - a double of a real-time clock at the system-call boundary, to be preloaded.
 *
 *   LD_PRELOAD=.../rtcshim.so RTCSHIM=/dev/rtc0 refclockd 'refclock RTC /dev/rtc0:utc'
 *
 * It shows the whole seconds of REALNS + (t - RAWNS) + OFFSET, t being CLOCK_MONOTONIC_RAW, in UTC.
 *
 *   RTCSHIM=PATH                 the device
 *   RTCSHIM_EPOCH=RAWNS,REALNS   default: when the process began
 *   RTCSHIM_OFFSET=NS            default 0
 *   RTCSHIM_INTERRUPTS=KIND      yes (default), none (refused), silent (they never come)
 *   RTCSHIM_CONTROL=FILE         a file read at each call with any of the words: gone, busy
 *                                (another program has it), lost (it does not know the time)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/shim/boundary.h"

static struct {
	bool ready, on;
	const char *path, *control, *interrupts;
	int64_t raw0, clock0;
	int peer;
} rtc;

static void init(void)
{
	if (rtc.ready)
		return;
	rtc.ready = true;
	rtc.path = shim_env("RTCSHIM", "");
	rtc.control = shim_env("RTCSHIM_CONTROL", NULL);
	rtc.interrupts = shim_env("RTCSHIM_INTERRUPTS", "yes");
	shim_epoch("RTCSHIM_EPOCH", &rtc.raw0, &rtc.clock0);
	rtc.clock0 += atoll(shim_env("RTCSHIM_OFFSET", "0"));
}

static bool has_word(const char *word)
{
	char text[128];

	shim_control(rtc.control, text, sizeof(text));
	return shim_has_word(text, word);
}

static int64_t shown(void)
{
	return rtc.clock0 + shim_now(CLOCK_MONOTONIC_RAW) - rtc.raw0;
}

/* An update interrupt at each turn of the second; the end, when the device is gone. */
static void *run(void *arg)
{
	(void)arg;
	for (;;) {
		int64_t left = NS - shown() % NS;
		struct timespec t = {left / NS, left % NS};
		unsigned long what = 1ul << 8 | RTC_UF | RTC_IRQF;

		nanosleep(&t, NULL);
		if (has_word("gone") && rtc.peer >= 0) {
			syscall(SYS_close, rtc.peer);
			rtc.peer = -1;
		}
		if (rtc.on && rtc.peer >= 0 && strcmp(rtc.interrupts, "yes") == 0)
			(void)send(rtc.peer, &what, sizeof(what), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	return NULL;
}

int double_open(int flags)
{
	static pthread_t thread;
	int pair[2];

	if (has_word("gone"))
		return -ENOENT;
	if (has_word("busy"))
		return -EBUSY;
	if (socketpair(AF_UNIX,
		    SOCK_SEQPACKET | SOCK_CLOEXEC | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0), 0,
		    pair) < 0)
		abort();
	if (thread && rtc.peer >= 0)
		syscall(SYS_close, rtc.peer);
	rtc.peer = pair[1];
	rtc.on = false;
	if (!thread)
		pthread_create(&thread, NULL, run, NULL);
	return pair[0];
}

static int read_time(struct rtc_time *ret)
{
	time_t s = shown() / NS;
	struct tm tm;

	if (has_word("lost"))
		return -EINVAL;
	gmtime_r(&s, &tm);
	*ret = (struct rtc_time){.tm_sec = tm.tm_sec,
		.tm_min = tm.tm_min,
		.tm_hour = tm.tm_hour,
		.tm_mday = tm.tm_mday,
		.tm_mon = tm.tm_mon,
		.tm_year = tm.tm_year};
	return 0;
}

int double_ioctl(int fd, unsigned long request, void *arg)
{
	(void)fd;
	if (has_word("gone"))
		return -ENODEV;
	switch (request) {
	case RTC_UIE_ON:
		if (strcmp(rtc.interrupts, "none") == 0)
			return -EINVAL;
		rtc.on = true;
		return 0;
	case RTC_UIE_OFF:
		rtc.on = false;
		return 0;
	case RTC_RD_TIME:
		return read_time(arg);
	default:
		return -ENOTTY;
	}
}

bool double_is(const char *path)
{
	init();
	return path && *path && strcmp(path, rtc.path) == 0;
}

int double_there(void)
{
	return has_word("gone") ? -ENOENT : 0;
}
