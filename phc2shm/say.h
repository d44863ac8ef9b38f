/* SPDX-License-Identifier: MIT */
/*
 * say.h - messages as phc2sys prints them: to syslog "[213.454] TEXT", to stdout or (levels below
 * notice) stderr "phc2sys[213.454]: TEXT" with our own program's name.
 */
#ifndef TB_PHC2SHM_SAY_H
#define TB_PHC2SHM_SAY_H

#include "phc2shm/options.h"

struct say {
	const char *program;
	const struct options *options;
};

/* level: of syslog; above the configured one nothing is printed. */
void say(const struct say *s, int level, const char *text);

#endif
