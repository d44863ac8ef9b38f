/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "disciplined/driftio.h"

long driftio_read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t got;
	int error;

	if (f == NULL)
		return -errno;
	got = fread(text, 1, size, f);
	error = ferror(f) ? EIO : 0;
	fclose(f);
	if (error != 0)
		return -error;
	return got == size ? -EFBIG : (long)got;
}

int driftio_load(const char *path, struct drift *ret)
{
	char text[256];
	long got = driftio_read_text(path, text, sizeof(text));

	if (got < 0)
		return (int)got;
	return drift_parse(text, (size_t)got, ret);
}

static int write_file(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	ssize_t written;
	int error;

	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	error = written < 0 ? errno : (size_t)written < length ? ENOSPC : 0;
	if (close(fd) < 0 && error == 0)
		error = errno;
	return -error;
}

static int replace(const char *path, const char *text, size_t length)
{
	char temporary[512];
	int rc;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	rc = write_file(temporary, text, length);
	if (rc == 0 && rename(temporary, path) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlink(temporary); /* a full disk must not keep half a file */
	return rc;
}

int driftio_save(const char *path, const struct drift *drift, char *last)
{
	char text[DRIFT_TEXT_SIZE];
	size_t length = drift_format(drift, text);
	int rc;

	if (strcmp(text, last) == 0)
		return 0;
	rc = replace(path, text, length);
	if (rc == 0)
		memcpy(last, text, sizeof(text));
	return rc;
}

int driftio_load_state(const char *path, struct saved_state *ret)
{
	char text[STATE_TEXT_SIZE];
	long got = driftio_read_text(path, text, sizeof(text));

	if (got < 0)
		return (int)got;
	return state_parse(text, (size_t)got, ret);
}

int driftio_save_state(const char *path, const struct saved_state *state)
{
	char text[STATE_TEXT_SIZE];

	return replace(path, text, state_format(state, text));
}
