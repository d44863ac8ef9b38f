/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/core/bytes.h"
#include "monitord/logfile.h"

#define RETRY_NS (10 * NS_PER_S)

void logdir_init(struct logdir *d, const char *path, int banner)
{
	memset(d, 0, sizeof(*d));
	str_copy(d->path, sizeof(d->path), path);
	d->banner = (uint64_t)banner;
	for (int i = 0; i < CHRONYLOG_FILES; i++)
		d->files[i].fd = -1;
}

void logdir_cycle(struct logdir *d)
{
	for (int i = 0; i < CHRONYLOG_FILES; i++) {
		if (d->files[i].fd >= 0)
			close(d->files[i].fd);
		d->files[i] = (struct logfile){.fd = -1};
	}
}

/* A pipe or device in place of the file would block us. */
static int open_file(const char *dir, const char *name)
{
	char path[MONITORD_PATH_SIZE + 32];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s.log", dir, name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0 && errno == ENOENT) {
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return -errno;
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0644);
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static int write_all(struct logfile *f, const char *text, size_t size)
{
	ssize_t n = write(f->fd, text, size);

	if (n == (ssize_t)size) {
		f->torn = false;
		return 0;
	}
	if (n > 0)
		f->torn = true;
	return n < 0 ? -errno : -ENOSPC;
}

static int write_row(const struct logdir *d, struct logfile *f, const struct chronylog_row *row)
{
	const char *banner = chronylog_banner(row->file);
	int width = (int)strlen(banner), n = 0;
	char text[4 * CHRONYLOG_ROW_SIZE], rule[CHRONYLOG_ROW_SIZE] = "";

	if (f->torn)
		text[n++] = '\n';
	memset(rule, '=', (size_t)width);
	if (d->banner > 0 && f->rows % d->banner == 0)
		n += snprintf(
			text + n, sizeof(text) - (size_t)n, "%s\n%s\n%s\n", rule, banner, rule);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "%s\n", row->text);
	return write_all(f, text, (size_t)n);
}

static int try_write(const struct logdir *d, struct logfile *f, const struct chronylog_row *row)
{
	int r;

	if (d->path[0] == '\0')
		return -EDESTADDRREQ;
	if (f->fd < 0) {
		r = open_file(d->path, chronylog_name(row->file));
		if (r < 0)
			return r;
		f->fd = r;
	}
	r = write_row(d, f, row);
	if (r == 0)
		f->rows++;
	return r;
}

int logdir_write(
	struct logdir *d, const struct chronylog_row *row, struct ts_raw now, uint64_t *ret_lost)
{
	struct logfile *f = &d->files[row->file];
	bool first = !f->failed;
	int r;

	*ret_lost = 0;
	if (f->failed && ts_raw_before(now, f->retry)) {
		f->lost++;
		return 0;
	}
	r = try_write(d, f, row);
	if (r < 0) {
		f->failed = true;
		f->lost++;
		f->retry = ts_raw_add(now, (struct ts_dur){RETRY_NS});
		return first ? r : 0;
	}
	*ret_lost = f->lost;
	f->failed = false;
	f->lost = 0;
	return 0;
}
