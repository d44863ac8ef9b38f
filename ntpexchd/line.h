/* SPDX-License-Identifier: MIT */
/*
 * line.h - one server or pool line: its name, the addresses behind it, its associations.
 *
 * A server line is one source from the start, named as configured. A pool line is a source of its
 * own name only until its name has been looked up; then it is up to maxsources members, named by
 * their addresses. Names are looked up without blocking, again with growing intervals (2 to 512 s)
 * while that fails, and when a source asks for another address, at most every LINE_RESOLVE_NS.
 */
#ifndef NTPEXCHD_LINE_H
#define NTPEXCHD_LINE_H

#include "ntpexchd/resolve.h"
#include "ntpexchd/source.h"

#define LINE_RESOLVE_NS (15 * NS_PER_S)
#define LINE_REFILL_NS	(300 * NS_PER_S) /* a pool that is not full is looked up again */

struct line;

/* Is a source of this name, or at this address (port aside), there already? */
struct line_owner {
	bool (*has_name)(void *arg, const char *name);
	bool (*has_address)(void *arg, const union udp_address *address);
	int (*room)(void *arg); /* sources that may still be added */
	void *arg;
};

struct line {
	struct source_env *env;
	struct resolver *resolver;
	const struct line_owner *owner;
	struct config_source config;
	bool literal;
	bool off;		  /* by the operator: new members start offline */
	struct ts_raw resolve_at; /* TS_RAW_NEVER: no need */
	struct ts_raw resolved;
	int failures;
	bool told; /* the pool's own source message went out */
	struct resolve_answer found;
	int members;
	struct source *member[CONFIG_POOL_MAX];
};

struct line *line_new(struct source_env *env, struct resolver *resolver,
	const struct line_owner *owner, const struct config_source *config);
/* quietly: without telling that the sources are gone. */
void line_destroy(struct line **line, bool quietly);

/* The soonest thing to do of the line and its sources. */
struct ts_raw line_deadline(const struct line *line);
void line_expire(struct line *line, struct ts_raw now);
/* Looks the name up again, now. */
void line_refresh(struct line *line, struct ts_raw now);

#endif
