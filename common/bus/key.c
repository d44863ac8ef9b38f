/* SPDX-License-Identifier: MIT */
#include "common/bus/key.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static int explain(int r, char error[KEY_ERROR_SIZE], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int explain(int r, char error[KEY_ERROR_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(error, KEY_ERROR_SIZE, format, args);
	va_end(args);
	return r;
}

int key_draw(struct key_pair *ret)
{
	return zmq_curve_keypair(ret->public, ret->secret) < 0 ? -ENOTSUP : 0;
}

/* ---- reading ---- */

static int explain_open(const char *path, int e, char error[KEY_ERROR_SIZE])
{
	const struct passwd *me = getpwuid(geteuid());

	if (e == EACCES)
		return explain(-e, error, "%.160s may not be read by user %.32s (chown %.32s it)",
			path, me ? me->pw_name : "?", me ? me->pw_name : "to that user");
	if (e == ENOENT)
		return explain(-e, error, "%.160s is not there (timebus keygen makes keys)", path);
	return explain(-e, error, "%.160s: %s", path, strerror(e));
}

static int check_private(const char *path, const struct stat *st, char error[KEY_ERROR_SIZE])
{
	if ((st->st_mode & (S_IRWXO | S_IWGRP)) == 0)
		return 0;
	return explain(-EPERM, error,
		"%.160s holds a secret key, but its mode is %03o (chmod 600 it)", path,
		(unsigned int)st->st_mode & 0777);
}

static int read_whole(int fd, char *text, size_t size, size_t *ret_n)
{
	size_t n = 0;

	while (n < size) {
		ssize_t some = read(fd, text + n, size - n);

		if (some < 0 && errno == EINTR)
			continue;
		if (some < 0)
			return -errno;
		if (some == 0)
			break;
		n += (size_t)some;
	}
	*ret_n = n;
	return 0;
}

static int parse(const char *path, const char *text, size_t n, struct keyfile *ret,
	char error[KEY_ERROR_SIZE])
{
	char why[KEYFILE_ERROR_SIZE];
	int r;

	if (n > KEYFILE_BYTES_MAX)
		return explain(-EINVAL, error, "%.160s is too long for a key file", path);
	r = keyfile_parse(text, n, ret, why);
	return r < 0 ? explain(r, error, "%.140s: %s", path, why) : 0;
}

static int read_file(
	const char *path, bool private, struct keyfile *ret, char error[KEY_ERROR_SIZE])
{
	char text[KEYFILE_BYTES_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return explain_open(path, errno, error);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = explain(-EINVAL, error, "%.160s is not a file", path);
	if (r == 0 && private)
		r = check_private(path, &st, error);
	if (r == 0 && read_whole(fd, text, sizeof(text), &n) < 0)
		r = explain(-EIO, error, "%.160s cannot be read", path);
	(void)close(fd);
	if (r == 0)
		r = parse(path, text, n, ret, error);
	explicit_bzero(text, sizeof(text));
	return r;
}

int key_read_private(const char *path, struct key_pair *ret, char error[KEY_ERROR_SIZE])
{
	struct key_pair pair;
	struct keyfile f;
	int r = read_file(path, true, &f, error);

	if (r < 0)
		return r;
	if (!f.secret[0])
		return explain(-EINVAL, error,
			"%.160s holds no secret key: the private file of the pair is wanted here",
			path);
	memcpy(pair.secret, f.secret, sizeof(pair.secret));
	explicit_bzero(&f, sizeof(f));
	if (zmq_curve_public(pair.public, pair.secret) < 0)
		return explain(-ENOTSUP, error, "libzmq was built without CURVE");
	*ret = pair;
	explicit_bzero(&pair, sizeof(pair));
	return 0;
}

int key_read_public(const char *path, struct keyfile *ret, char error[KEY_ERROR_SIZE])
{
	struct keyfile f;
	int r = read_file(path, false, &f, error);

	if (r < 0)
		return r;
	if (f.secret[0])
		r = explain(-EINVAL, error,
			"%.160s holds a secret key: only the public part (.pub) belongs here",
			path);
	explicit_bzero(f.secret, sizeof(f.secret));
	if (r == 0)
		*ret = f;
	return r;
}

/* ---- writing ---- */

static int write_file(const char *path, const char *text, mode_t mode, char error[KEY_ERROR_SIZE])
{
	size_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), r = 0;

	if (fd < 0 && errno == EEXIST)
		return explain(-EEXIST, error,
			"%.160s is there already, and a key that is in use is not written over "
			"(remove "
			"it, or name another file)",
			path);
	if (fd < 0)
		return explain(-errno, error, "%.160s cannot be made: %s", path, strerror(errno));
	if (fchmod(fd, mode) < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0)
		r = explain(-EIO, error, "%.160s cannot be written: %s", path, strerror(errno));
	(void)close(fd);
	if (r < 0)
		(void)unlink(path);
	return r;
}

int key_write(
	const char *path, const struct key_pair *pair, const char *name, char error[KEY_ERROR_SIZE])
{
	char text[512], public[4096];
	int r;

	if (snprintf(public, sizeof(public), "%s.pub", path) >= (int)sizeof(public))
		return explain(-ENAMETOOLONG, error, "that path is too long");
	if (access(public, F_OK) == 0)
		return explain(-EEXIST, error, "%.160s is there already (remove it first)", public);
	(void)snprintf(text, sizeof(text),
		"# timebus: the secret key of %.64s; nobody else may read it\npublic %s %.31s\n"
		"secret %s\n",
		name, pair->public, name, pair->secret);
	r = write_file(path, text, 0600, error);
	explicit_bzero(text, sizeof(text));
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "public %s %.31s\n", pair->public, name);
	r = write_file(public, text, 0644, error);
	if (r < 0)
		(void)unlink(path);
	return r;
}
