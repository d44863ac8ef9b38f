/* SPDX-License-Identifier: MIT */
/*
 * leapfile.h - the leap-seconds.list on disk.
 */
#ifndef TB_LEAPFILE_H
#define TB_LEAPFILE_H

#include "common/core/leaplist.h"

/* Where tzdata has it. */
#define LEAPFILE_SYSTEM "/usr/share/zoneinfo/leap-seconds.list"

/* 0; -EBADMSG: not such a list; -EFBIG; other negative errno of opening and reading. *ret is
 * untouched on failure. */
int leapfile_load(const char *path, struct leaplist *ret);

#endif
