/* SPDX-License-Identifier: MIT */
/* ntpexchd_private.h - the stage's state. */
#ifndef NTPEXCHD_PRIVATE_H
#define NTPEXCHD_PRIVATE_H

#include "ntpexchd/line.h"
#include "ntpexchd/serve.h"

#define EXCHANGE_SOURCES_MAX 96 /* the loop watches 128 descriptors */

struct exchange {
	struct stage_host *host;
	struct source_env env;
	struct nics nics;
	struct resolver *resolver;
	struct line_owner owner;
	struct line *line[CONFIG_SOURCES_MAX];
	int lines;
	struct serve serve;
	bool has_clock;
	struct ts_line clock;
};

/* Calls fn for each source. */
void exchange_each(const struct exchange *x, void (*fn)(struct source *s, void *arg), void *arg);
/* The source of that name, or NULL. */
struct source *exchange_find(const struct exchange *x, const char *name);

extern const struct stage_control exchange_controls[];

#endif
