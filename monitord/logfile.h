/* SPDX-License-Identifier: MIT */
/*
 * logfile.h - rows of text at the end of files in one directory.
 *
 * Files are opened when the first row comes and again after logdir_cycle(), so that a rotated file
 * is left alone. What cannot be written (no directory, a full disk) is lost and counted; it is
 * tried again some seconds later, and a row that was cut is ended before the next one.
 */
#ifndef TB_LOGFILE_H
#define TB_LOGFILE_H

#include "common/core/tstime.h"
#include "monitord/config.h"

struct logfile {
	int fd; /* -1: closed */
	uint64_t rows;
	bool torn; /* the last row was cut */
	bool failed;
	struct ts_raw retry;
	uint64_t lost; /* rows since it failed */
};

struct logdir {
	char path[MONITORD_PATH_SIZE];
	uint64_t banner;
	struct logfile files[CHRONYLOG_FILES];
};

void logdir_init(struct logdir *d, const char *path, int banner);
/* Closes all files. */
void logdir_cycle(struct logdir *d);

/* 0 written, or lost while it is known to fail; negative errno when it begins to fail. ret_lost:
 * rows that were lost when it works again, else 0. */
int logdir_write(
	struct logdir *d, const struct chronylog_row *row, struct ts_raw now, uint64_t *ret_lost);

#endif
