/* SPDX-License-Identifier: MIT */
#include "common/io/leapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_MAX 65536

/* O_NONBLOCK: a pipe in its place must not hold us up. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t got = 0;

	if (fd < 0)
		return -errno;
	while (got < size) {
		ssize_t n = read(fd, text + got, size - got);

		if (n < 0)
			rc = -errno;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	(void)close(fd);
	if (rc < 0)
		return rc;
	return got == size ? -EFBIG : (ssize_t)got;
}

int leapfile_load(const char *path, struct leaplist *ret)
{
	char *text = malloc(TEXT_MAX);
	ssize_t got = text ? read_text(path, text, TEXT_MAX) : -ENOMEM;
	int rc = got < 0 ? (int)got : leaplist_parse(text, (size_t)got, ret);

	free(text);
	return rc == -EINVAL || rc == -E2BIG ? -EBADMSG : rc;
}
