/* SPDX-License-Identifier: MIT */
/*
 * ppsshim.c - a double of a PPS device at the system-call boundary, to be preloaded.
 *
 *   LD_PRELOAD=.../ppsshim.so PPSSHIM=/dev/pps0 refclockd 'refclock PPS /dev/pps0'
 *
 * Truth is REALNS + (t - RAWNS), t being CLOCK_MONOTONIC_RAW. At each multiple of 1/RATE s of it an
 * edge is asserted, and cleared WIDTH later; the stamps are of CLOCK_REALTIME, as the kernel's.
 *
 *   PPSSHIM=PATH                 the device
 *   PPSSHIM_EPOCH=RAWNS,REALNS   default: when the process began
 *   PPSSHIM_RATE=HZ              default 1
 *   PPSSHIM_WIDTH=NS             default 200000000
 *   PPSSHIM_EDGES=LIST           of assert, clear: what is captured; default assert
 *   PPSSHIM_CONTROL=FILE         a file read at each call with any of the words: gone, off (no
 *                                pulses), repeat (new sequence numbers on the old edge), badstamp
 *                                (not a time), eio
 * Setting the mode is refused as for one without CAP_SYS_TIME.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pps.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS     INT64_C(1000000000)
#define FD_MAX 1024
#define EXPORT __attribute__((visibility("default")))

static struct {
	bool ready;
	const char *path, *control;
	int64_t raw0, real0, width;
	long rate;
	int mode;
	bool is_ours[FD_MAX];
	int64_t last_edge[2], last_stamp[2];
	unsigned int sequence[2];
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
	const char *epoch = env("PPSSHIM_EPOCH", NULL), *edges = env("PPSSHIM_EDGES", "assert");
	long long raw, real;

	if (shim.ready)
		return;
	shim.ready = true;
	shim.path = env("PPSSHIM", "");
	shim.control = env("PPSSHIM_CONTROL", NULL);
	shim.raw0 = now(CLOCK_MONOTONIC_RAW);
	shim.real0 = now(CLOCK_REALTIME);
	if (epoch && sscanf(epoch, "%lld,%lld", &raw, &real) == 2) {
		shim.raw0 = raw;
		shim.real0 = real;
	}
	shim.rate = atol(env("PPSSHIM_RATE", "1"));
	shim.width = atoll(env("PPSSHIM_WIDTH", "200000000"));
	shim.mode = (strstr(edges, "assert") ? PPS_CAPTUREASSERT : 0) |
		    (strstr(edges, "clear") ? PPS_CAPTURECLEAR : 0);
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

static struct pps_ktime ktime(int64_t ns)
{
	return (struct pps_ktime){.sec = ns / NS, .nsec = (int)(ns % NS)};
}

/* The last edge: 0 asserted, 1 cleared. */
static void edge(int which, struct pps_ktime *ret, unsigned int *ret_sequence)
{
	int64_t raw = now(CLOCK_MONOTONIC_RAW), real = now(CLOCK_REALTIME);
	int64_t behind = which ? shim.width : 0;
	int64_t truth = shim.real0 + raw - shim.raw0 - behind;
	int64_t k = (truth % NS) * shim.rate / NS;
	int64_t marked = truth / NS * NS + (k * NS + shim.rate - 1) / shim.rate;

	if (marked != shim.last_edge[which] && !has_word("off")) {
		if (!has_word("repeat") || !shim.last_edge[which])
			shim.last_stamp[which] = real - (truth - marked);
		shim.last_edge[which] = marked;
		shim.sequence[which]++;
	}
	*ret = ktime(shim.last_stamp[which]);
	if (has_word("badstamp"))
		ret->nsec = -5;
	*ret_sequence = shim.sequence[which];
}

static int fetch(struct pps_fdata *data)
{
	unsigned int n;

	if (data->timeout.flags & PPS_TIME_INVALID || data->timeout.sec || data->timeout.nsec) {
		fprintf(stderr, "ppsshim: a fetch that would wait\n");
		_exit(99);
	}
	memset(&data->info, 0, sizeof(data->info));
	if (shim.mode & PPS_CAPTUREASSERT) {
		edge(0, &data->info.assert_tu, &n);
		data->info.assert_sequence = n;
	}
	if (shim.mode & PPS_CAPTURECLEAR) {
		edge(1, &data->info.clear_tu, &n);
		data->info.clear_sequence = n;
	}
	return 0;
}

static int pps_ioctl(unsigned long request, void *arg)
{
	struct pps_kparams *params = arg;

	if (has_word("gone"))
		return -ENODEV;
	if (has_word("eio"))
		return -EIO;
	switch (request) {
	case PPS_GETCAP:
		*(int *)arg = PPS_CAPTUREBOTH | PPS_TSFMT_TSPEC;
		return 0;
	case PPS_GETPARAMS:
		memset(params, 0, sizeof(*params));
		params->api_version = PPS_API_VERS_1;
		params->mode = shim.mode;
		return 0;
	case PPS_SETPARAMS:
		return -EPERM;
	case PPS_FETCH:
		return fetch(arg);
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

static int open_fake(int flags)
{
	int fd;

	if (has_word("gone"))
		return answer(-ENOENT);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC));
	if (fd >= FD_MAX)
		abort();
	if (fd >= 0)
		shim.is_ours[fd] = true;
	return fd;
}

#define NEXT(type, name) type next = (type)dlsym(RTLD_NEXT, name)

typedef int (*open_fn)(const char *, int, ...);
typedef int (*ioctl_fn)(int, unsigned long, void *);
typedef int (*close_fn)(int);
typedef int (*stat_fn)(const char *, struct stat *);

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
		return is_fake(path) ? open_fake(flags) : next(path, flags, mode);                 \
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

EXPORT int stat(const char *restrict path, struct stat *restrict st)
{
	NEXT(stat_fn, "stat");

	if (!is_fake(path))
		return next(path, st);
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR | 0600;
	return has_word("gone") ? answer(-ENOENT) : 0;
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
		return answer(pps_ioctl(request, arg));
	return next(fd, request, arg);
}
