/* SPDX-License-Identifier: MIT */
/*
 * cfgload.h - reads a daemon's configuration: its file, what that includes, then directives given
 * as arguments. Follows include (glob), confdir and sourcedir as chrony does, at most 10 deep.
 */
#ifndef TB_CFGLOAD_H
#define TB_CFGLOAD_H

#include "common/core/directive.h"

struct cfg_report {
	int errors;	  /* wrong lines that make the configuration unusable */
	int sources_off; /* wrong lines of sources, left out */
	int notices;
	/* Called for each wrong or ignored line, in order, with "FILE:LINE: WORD: ...". */
	void (*line)(void *arg, enum directive_result result, bool soft, const char *text);
	void *arg;
};

/* Defaults first, then file (may be NULL), then extra (ends with NULL; may be NULL), whose i-th line
 * is "argument:i" in messages. config must be zeroed. 0, or negative errno if the file itself cannot be read; parse errors are in report. */
int cfg_load(const struct directive *table, void *config, const char *file,
	const char *const *extra, struct cfg_report *report);

/*
 * Calls line() for each line that is neither blank, a comment nor an include, of file and of what it
 * includes, in the order in which they count; number is from 1. Calls problem() with
 * "FILE:LINE: WORD: ..." for what cannot be read: a plain include that is missing, a directory
 * without permission, more than 10 levels, more than 256 files, a file above 1 MiB.
 *
 *   include PATTERN     glob; no match is fine, a plain name that is missing is not
 *   confdir DIR...      the *.conf of all directories in the order of their names; of two with the
 *                       same name the one in the directory that stands first counts
 *   sourcedir DIR...    likewise *.sources
 *
 * Relative names are relative to the working directory, as in chrony. Lines above
 * DIRECTIVE_LINE_MAX are handed on: the parser refuses them. Returns 0, or negative errno if file
 * itself cannot be read (too large is a problem, not an errno).
 */
struct cfg_walk {
	void (*line)(void *arg, const char *file, int number, const char *text);
	void (*problem)(void *arg, const char *text);
	void *arg;
};

int cfg_walk_file(const struct cfg_walk *walk, const char *file);

/* The same for one line that stands in no file; file and number are for messages. */
void cfg_walk_text(const struct cfg_walk *walk, const char *file, int number, const char *text);

#endif
