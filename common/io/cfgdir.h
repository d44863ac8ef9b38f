/* SPDX-License-Identifier: MIT */
/*
 * cfgdir.h - the files of confdir and sourcedir lines: of several directories, by name.
 */
#ifndef TB_CFGDIR_H
#define TB_CFGDIR_H

struct cfg_dir;

struct cfg_dir *cfg_dir_new(void); /* NULL: no memory */
void cfg_dir_destroy(struct cfg_dir **dir);

/* Adds what a directory holds with that suffix; hidden files do not count. Directories added
 * earlier have precedence. 0 or negative errno; -ENOSPC above 256 files. */
int cfg_dir_add(struct cfg_dir *dir, const char *directory, const char *suffix);

/* Sorts by file name; of those with the same name only the one of the first directory stays. */
void cfg_dir_sort(struct cfg_dir *dir);

int cfg_dir_count(const struct cfg_dir *dir);
const char *cfg_dir_path(const struct cfg_dir *dir, int i);

#endif
