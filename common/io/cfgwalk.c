/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/core/bytes.h"
#include "common/io/cfgdir.h"
#include "common/io/cfgload.h"

#define DEPTH_MAX 10
#define FILES_MAX 256
#define BYTES_MAX (1024 * 1024)

struct walker {
	const struct cfg_walk *walk;
	int depth; /* of includes: 0 in the file that was asked for */
	int files; /* read so far */
};

/* Where an include stands. */
struct place {
	const char *file;
	int line;
	const char *word;
};

static void problem(
	const struct walker *w, const struct place *at, const char *name, const char *what)
{
	char text[DIRECTIVE_ERROR_MAX + PATH_MAX];

	snprintf(text, sizeof(text), "%s:%d: %s: %s: %s", at->file, at->line, at->word, name, what);
	w->walk->problem(w->walk->arg, text);
}

static void walk_lines(struct walker *w, const char *file, char *text, size_t size);

/* ---- one file ---- */

/* Only the file on the command line may be a pipe: an included one could keep us waiting. */
static int open_file(const char *file, bool included)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | (included ? O_NONBLOCK : 0));
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (included && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		r = -EINVAL;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* The whole file with a 0 behind it; the caller frees. -EFBIG above BYTES_MAX. */
static int read_file(const char *file, bool included, char **ret_text, size_t *ret_size)
{
	int fd = open_file(file, included);
	size_t size = 0;
	ssize_t n = 0;
	char *text;

	if (fd < 0)
		return fd;
	text = malloc(BYTES_MAX + 2);
	while (text && size <= BYTES_MAX) {
		n = read(fd, text + size, BYTES_MAX + 1 - size);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			break;
		size += n > 0 ? (size_t)n : 0;
	}
	if (!text)
		n = -ENOMEM;
	else if (n < 0)
		n = -errno;
	else if (size > BYTES_MAX)
		n = -EFBIG;
	close(fd);
	if (n < 0) {
		free(text);
		return (int)n;
	}
	text[size] = '\0';
	*ret_text = text;
	*ret_size = size;
	return 0;
}

static const char *reason(int error)
{
	if (error == -EFBIG)
		return "is larger than 1 MiB";
	if (error == -EINVAL)
		return "is not a regular file";
	return strerror(-error);
}

static void walk_included(struct walker *w, const struct place *at, const char *file)
{
	size_t size;
	char *text;
	int r;

	if (w->files >= FILES_MAX) {
		problem(w, at, file, "more than 256 files");
		return;
	}
	if (w->depth >= DEPTH_MAX) {
		problem(w, at, file, "included more than 10 deep");
		return;
	}
	w->files++;
	r = read_file(file, true, &text, &size);
	if (r < 0) {
		problem(w, at, file, reason(r));
		return;
	}
	w->depth++;
	walk_lines(w, file, text, size);
	w->depth--;
	free(text);
}

/* ---- include PATTERN ---- */

static int is_unreadable(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

static void walk_glob(struct walker *w, const struct place *at, const char *pattern)
{
	glob_t found;
	size_t i;
	int r = glob(pattern, GLOB_NOMAGIC, is_unreadable, &found);

	if (r == GLOB_ABORTED)
		problem(w, at, pattern, "a directory of it cannot be read");
	else if (r == GLOB_NOSPACE)
		problem(w, at, pattern, strerror(ENOMEM));
	for (i = 0; r == 0 && i < found.gl_pathc; i++)
		walk_included(w, at, found.gl_pathv[i]);
	if (r != GLOB_NOMATCH)
		globfree(&found);
}

/* ---- confdir and sourcedir ---- */

/* names: directories with a line break between them. */
static void walk_dirs(struct walker *w, const struct place *at, char *names, const char *suffix)
{
	struct cfg_dir *found = cfg_dir_new();
	char *name, *rest = names;
	int i, r;

	if (!found) {
		problem(w, at, names, strerror(ENOMEM));
		return;
	}
	while ((name = strsep(&rest, "\n")) != NULL) {
		r = cfg_dir_add(found, name, suffix);
		if (r < 0 && r != -ENOENT)
			problem(w, at, name, r == -ENOSPC ? "more than 256 files" : strerror(-r));
	}
	cfg_dir_sort(found);
	for (i = 0; i < cfg_dir_count(found); i++)
		walk_included(w, at, cfg_dir_path(found, i));
	cfg_dir_destroy(&found);
}

/* ---- lines ---- */

static void follow(struct walker *w, struct directive_parser *p)
{
	struct place at = {.file = p->file, .line = p->line};

	switch (p->include_kind) {
	case INCLUDE_FILE:
		at.word = "include";
		walk_glob(w, &at, p->include);
		break;
	case INCLUDE_CONFDIR:
		at.word = "confdir";
		walk_dirs(w, &at, p->include, ".conf");
		break;
	case INCLUDE_SOURCEDIR:
		at.word = "sourcedir";
		walk_dirs(w, &at, p->include, ".sources");
		break;
	}
}

/* A table without directives still tells includes and comments from the rest. */
static void walk_line(struct walker *w, const char *file, int number, const char *text)
{
	static const struct directive none[1];
	struct directive_parser p = {.table = none, .file = file, .line = number};

	switch (directive_line(&p, text)) {
	case DIRECTIVE_EMPTY:
		break;
	case DIRECTIVE_INCLUDE:
		follow(w, &p);
		break;
	case DIRECTIVE_OK:
	case DIRECTIVE_IGNORED:
	case DIRECTIVE_WRONG:
		w->walk->line(w->walk->arg, file, number, text);
		break;
	}
}

static void walk_lines(struct walker *w, const char *file, char *text, size_t size)
{
	const struct place at = {.file = file, .word = "line"};
	char *end = text + size, *next;
	int number = 0;

	for (; text < end; text = next) {
		struct place here = at;
		char *stop = memchr(text, '\n', (size_t)(end - text));

		next = stop ? stop + 1 : end;
		stop = stop ? stop : end;
		here.line = ++number;
		if (memchr(text, '\0', (size_t)(stop - text))) {
			problem(w, &here, "NUL", "not allowed in a configuration");
			continue;
		}
		*stop = '\0';
		walk_line(w, file, number, text);
	}
}

void cfg_walk_text(const struct cfg_walk *walk, const char *file, int number, const char *text)
{
	struct walker w = {.walk = walk};

	walk_line(&w, file, number, text);
}

int cfg_walk_file(const struct cfg_walk *walk, const char *file)
{
	struct walker w = {.walk = walk, .files = 1};
	char what[DIRECTIVE_ERROR_MAX];
	size_t size;
	char *text;
	int r;

	r = read_file(file, false, &text, &size);
	if (r == -EFBIG) {
		snprintf(what, sizeof(what), "%.250s: %s", file, reason(r));
		walk->problem(walk->arg, what);
		return 0;
	}
	if (r < 0)
		return r;
	walk_lines(&w, file, text, size);
	free(text);
	return 0;
}
