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

/* Defaults first, then file (may be NULL), then extra (ends with NULL; may be NULL). config must be
 * zeroed. 0, or negative errno if the file itself cannot be read; parse errors are in report. */
int cfg_load(const struct directive *table, void *config, const char *file,
	const char *const *extra, struct cfg_report *report);

#endif
