/* SPDX-License-Identifier: MIT */
#include "tests/shim/boundary.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FD_MAX 1024

static bool is_ours[FD_MAX];

/* ---- helpers ---- */

void *shim_next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		abort();
	return p;
}

void shim_own(int fd)
{
	if (fd >= FD_MAX)
		abort();
	is_ours[fd] = true;
}

bool shim_owns(int fd)
{
	return fd >= 0 && fd < FD_MAX && is_ours[fd];
}

int shim_open_null(int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC));

	return fd < 0 ? -errno : fd;
}

int shim_answer(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

/* Not as a system call: that takes as long as the delays that a double makes. */
int64_t shim_now(clockid_t id)
{
	static int (*next)(clockid_t, struct timespec *);
	struct timespec t;

	if (!next)
		next = (int (*)(clockid_t, struct timespec *))shim_next("clock_gettime");
	(void)next(id, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

bool shim_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += n)
		if ((p == list || strchr(", \n", p[-1])) && (!p[n] || strchr(", \n=", p[n])))
			return true;
	return false;
}

const char *shim_env(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && *v ? v : fallback;
}

void shim_epoch(const char *name, int64_t *ret_raw, int64_t *ret_real)
{
	const char *epoch = shim_env(name, NULL);
	long long raw, real;

	*ret_raw = shim_now(CLOCK_MONOTONIC_RAW);
	*ret_real = shim_now(CLOCK_REALTIME);
	if (!epoch)
		return;
	if (sscanf(epoch, "%lld,%lld", &raw, &real) != 2) {
		fprintf(stderr, "%s is wrong\n", name);
		_exit(99);
	}
	*ret_raw = raw;
	*ret_real = real;
}

void shim_control(const char *path, char *text, size_t size)
{
	ssize_t n = 0;
	int fd;

	text[0] = '\0';
	if (!path)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = syscall(SYS_read, fd, text, size - 1);
	syscall(SYS_close, fd);
	text[n > 0 ? n : 0] = '\0';
}

__attribute__((weak)) bool double_takes(unsigned long request, void *arg, int *ret_rc)
{
	(void)request;
	(void)arg;
	(void)ret_rc;
	return false;
}

/* ---- paths ---- */

typedef int (*open_fn)(const char *, int, ...);
typedef int (*openat_fn)(int, const char *, int, ...);
typedef int (*close_fn)(int);
typedef int (*ioctl_fn)(int, unsigned long, void *);
typedef int (*stat_fn)(const char *, struct stat *);
typedef int (*stat64_fn)(const char *, struct stat64 *);
typedef int (*access_fn)(const char *, int);
typedef char *(*realpath_fn)(const char *, char *);

#define REAL(name, type)                                                                           \
	static type real_##name;                                                                   \
	if (!real_##name)                                                                          \
	real_##name = (type)shim_next(#name)

static int open_device(int flags)
{
	int fd = double_open(flags);

	if (fd >= 0)
		shim_own(fd);
	return shim_answer(fd);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, unsigned int) : 0;
}

#define OPEN(name)                                                                                 \
	EXPORT int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		mode_t mode;                                                                       \
		va_list args;                                                                      \
		REAL(name, open_fn);                                                               \
		va_start(args, flags);                                                             \
		mode = mode_of(flags, args);                                                       \
		va_end(args);                                                                      \
		return double_is(path) ? open_device(flags) : real_##name(path, flags, mode);      \
	}
#define OPENAT(name)                                                                               \
	EXPORT int name(int dir, const char *path, int flags, ...)                                 \
	{                                                                                          \
		mode_t mode;                                                                       \
		va_list args;                                                                      \
		REAL(name, openat_fn);                                                             \
		va_start(args, flags);                                                             \
		mode = mode_of(flags, args);                                                       \
		va_end(args);                                                                      \
		return double_is(path) ? open_device(flags) : real_##name(dir, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What _FORTIFY_SOURCE makes of open() without a mode. */
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
	REAL(close, close_fn);
	if (shim_owns(fd))
		is_ours[fd] = false;
	return real_close(fd);
}

#define STAT(name, type, fn)                                                                       \
	EXPORT int name(const char *restrict path, struct type *restrict st)                       \
	{                                                                                          \
		REAL(name, fn);                                                                    \
		if (!double_is(path))                                                              \
			return real_##name(path, st);                                              \
		memset(st, 0, sizeof(*st));                                                        \
		st->st_mode = S_IFCHR | 0600;                                                      \
		return shim_answer(double_there());                                                \
	}
STAT(stat, stat, stat_fn)
STAT(lstat, stat, stat_fn)
STAT(stat64, stat64, stat64_fn)
STAT(lstat64, stat64, stat64_fn)

EXPORT int access(const char *path, int mode)
{
	REAL(access, access_fn);
	return double_is(path) ? shim_answer(double_there()) : real_access(path, mode);
}

EXPORT char *realpath(const char *restrict path, char *restrict out)
{
	REAL(realpath, realpath_fn);
	if (!double_is(path))
		return real_realpath(path, out);
	if (shim_answer(double_there()) < 0)
		return NULL;
	return out ? strcpy(out, path) : strdup(path);
}

char *__realpath_chk(const char *path, char *out, size_t size);
EXPORT char *__realpath_chk(const char *path, char *out, size_t size)
{
	(void)size;
	return realpath(path, out);
}

/* ---- calls on the device ---- */

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int rc;

	REAL(ioctl, ioctl_fn);
	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (shim_owns(fd))
		return shim_answer(double_ioctl(fd, request, arg));
	if (double_takes(request, arg, &rc))
		return shim_answer(rc);
	return real_ioctl(fd, request, arg);
}
