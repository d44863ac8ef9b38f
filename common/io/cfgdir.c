/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/io/cfgdir.h"

#define FILES_MAX 256

struct entry {
	char *path;
	const char *name; /* its last part */
	int directory;	  /* in the order they were added */
};

struct cfg_dir {
	int directories;
	int count;
	struct entry entry[FILES_MAX];
};

struct cfg_dir *cfg_dir_new(void)
{
	return calloc(1, sizeof(struct cfg_dir));
}

void cfg_dir_destroy(struct cfg_dir **dir)
{
	int i;

	if (!*dir)
		return;
	for (i = 0; i < (*dir)->count; i++)
		free((*dir)->entry[i].path);
	free(*dir);
	*dir = NULL;
}

static bool is_wanted(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return name[0] != '.' && n > m && strcmp(name + n - m, suffix) == 0;
}

static int add_entry(struct cfg_dir *dir, const char *directory, const char *name)
{
	struct entry *e = &dir->entry[dir->count];

	if (dir->count == FILES_MAX)
		return -ENOSPC;
	if (asprintf(&e->path, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	e->name = strrchr(e->path, '/') + 1;
	e->directory = dir->directories;
	dir->count++;
	return 0;
}

int cfg_dir_add(struct cfg_dir *dir, const char *directory, const char *suffix)
{
	DIR *stream = opendir(directory);
	struct dirent *d;
	int r = 0;

	if (!stream)
		return -errno;
	while (r == 0 && (d = readdir(stream)) != NULL) {
		if (is_wanted(d->d_name, suffix))
			r = add_entry(dir, directory, d->d_name);
	}
	closedir(stream);
	dir->directories++;
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r != 0 ? r : x->directory - y->directory;
}

void cfg_dir_sort(struct cfg_dir *dir)
{
	int kept = 0, i;

	qsort(dir->entry, (size_t)dir->count, sizeof(dir->entry[0]), by_name);
	for (i = 0; i < dir->count; i++) {
		if (kept > 0 && strcmp(dir->entry[kept - 1].name, dir->entry[i].name) == 0)
			free(dir->entry[i].path);
		else
			dir->entry[kept++] = dir->entry[i];
	}
	dir->count = kept;
}

int cfg_dir_count(const struct cfg_dir *dir)
{
	return dir->count;
}

const char *cfg_dir_path(const struct cfg_dir *dir, int i)
{
	return dir->entry[i].path;
}
