/* SPDX-License-Identifier: MIT */
/*
 * rtcshim.c - a double of a real-time clock at the system-call boundary, to be preloaded.
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
 * (another program has it), lost (it does not know the time)
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS     INT64_C(1000000000)
#define FD_MAX 1024
#define EXPORT __attribute__((visibility("default")))

static struct {
	bool ready, on;
	const char *path, *control, *interrupts;
	int64_t raw0, clock0;
	bool is_ours[FD_MAX];
	int peer;
} shim;

static int64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

static const char *env(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && *v ? v : fallback;
}

static void init(void)
{
	const char *epoch = env("RTCSHIM_EPOCH", NULL);
	long long raw, real;

	if (shim.ready)
		return;
	shim.ready = true;
	shim.path = env("RTCSHIM", "");
	shim.control = env("RTCSHIM_CONTROL", NULL);
	shim.interrupts = env("RTCSHIM_INTERRUPTS", "yes");
	shim.raw0 = now(CLOCK_MONOTONIC_RAW);
	shim.clock0 = now(CLOCK_REALTIME);
	if (epoch && sscanf(epoch, "%lld,%lld", &raw, &real) == 2) {
		shim.raw0 = raw;
		shim.clock0 = real;
	}
	shim.clock0 += atoll(env("RTCSHIM_OFFSET", "0"));
}

static bool has_word(const char *word)
{
	char text[128];
	ssize_t n = 0;
	int fd;

	if (!shim.control)
		return false;
	fd = (int)syscall(SYS_openat, AT_FDCWD, shim.control, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = syscall(SYS_read, fd, text, sizeof(text) - 1);
	syscall(SYS_close, fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, word) != NULL;
}

static int64_t shown(void)
{
	return shim.clock0 + now(CLOCK_MONOTONIC_RAW) - shim.raw0;
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
		if (has_word("gone") && shim.peer >= 0) {
			syscall(SYS_close, shim.peer);
			shim.peer = -1;
		}
		if (shim.on && shim.peer >= 0 && strcmp(shim.interrupts, "yes") == 0)
			(void)send(shim.peer, &what, sizeof(what), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	return NULL;
}

static int open_fake(int flags)
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
	if (thread && shim.peer >= 0)
		syscall(SYS_close, shim.peer);
	shim.peer = pair[1];
	shim.on = false;
	shim.is_ours[pair[0]] = true;
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

static int rtc_ioctl(unsigned long request, void *arg)
{
	if (has_word("gone"))
		return -ENODEV;
	switch (request) {
	case RTC_UIE_ON:
		if (strcmp(shim.interrupts, "none") == 0)
			return -EINVAL;
		shim.on = true;
		return 0;
	case RTC_UIE_OFF:
		shim.on = false;
		return 0;
	case RTC_RD_TIME:
		return read_time(arg);
	default:
		return -ENOTTY;
	}
}

static int answer(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

static bool is_fake(const char *path)
{
	init();
	return path && *path && strcmp(path, shim.path) == 0;
}

#define NEXT(type, name) type next = (type)dlsym(RTLD_NEXT, name)

typedef int (*open_fn)(const char *, int, ...);
typedef int (*ioctl_fn)(int, unsigned long, void *);
typedef int (*close_fn)(int);

#define OPEN(name)                                                                                 \
	EXPORT int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
		va_list args;                                                                      \
		NEXT(open_fn, #name);                                                              \
		va_start(args, flags);                                                             \
		if (flags & (O_CREAT | O_TMPFILE))                                                 \
			mode = (mode_t)va_arg(args, unsigned int);                                 \
		va_end(args);                                                                      \
		return is_fake(path) ? answer(open_fake(flags)) : next(path, flags, mode);         \
	}
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
EXPORT int __open_2(const char *path, int flags)
{
	return open(path, flags);
}
EXPORT int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

EXPORT int close(int fd)
{
	NEXT(close_fn, "close");

	if (fd >= 0 && fd < FD_MAX)
		shim.is_ours[fd] = false;
	return next(fd);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	NEXT(ioctl_fn, "ioctl");

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	init();
	if (fd >= 0 && fd < FD_MAX && shim.is_ours[fd])
		return answer(rtc_ioctl(request, arg));
	return next(fd, request, arg);
}
