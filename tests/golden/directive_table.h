/* SPDX-License-Identifier: MIT */
/*
 * directive_table.h - a configuration that uses everything directive.h has, for its tests. No
 * daemon's own: goldens of those stand beside them.
 */
#ifndef TB_TEST_DIRECTIVE_TABLE_H
#define TB_TEST_DIRECTIVE_TABLE_H

#include <math.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include "common/core/directive.h"

struct sample_source {
	bool pool;
	char name[24];
	bool iburst, prefer;
	int minpoll, maxpoll;
	double offset_s;
	uint32_t refid;
	int xleave;
};

struct sample_rule {
	bool deny;
	bool all;
	char subnet[24];
};

struct sample_config {
	double makestep_s;
	int makestep_limit;
	bool rtcsync;
	char driftfile[40];
	int drift_interval_s;
	int leapsecmode;
	bool local;
	int local_stratum;
	bool local_orphan;
	uint32_t local_refid;
	double maxslewrate_ppm;
	int free_number;
	double free_real;
	double gain;
	bool log_tracking, log_statistics;
	struct sample_source source[3];
	int sources;
	struct sample_rule rule[4];
	int rules;
};

#define SAMPLE_AT(member)   offsetof(struct sample_config, member)
#define SAMPLE_SRC(member)  offsetof(struct sample_source, member)
#define SAMPLE_RULE(member) offsetof(struct sample_rule, member)

static int sample_check_source(const void *item, char *error, size_t size)
{
	const struct sample_source *s = item;

	if (s->minpoll <= s->maxpoll)
		return 0;
	snprintf(error, size, "minpoll %d is above maxpoll %d", s->minpoll, s->maxpoll);
	return -1;
}

static int sample_check_makestep(const void *item, char *error, size_t size)
{
	const struct sample_config *c = item;

	if (c->makestep_s > 0 || c->makestep_limit == 0)
		return 0;
	snprintf(error, size, "a limit needs a threshold above 0");
	return -1;
}

static const struct directive_field sample_makestep[] = {
	{.word = "threshold",
		.type = FIELD_DOUBLE,
		.offset = SAMPLE_AT(makestep_s),
		.min = 0,
		.max = 1e6,
		.unit = "s",
		.help = "Step above this offset."},
	{.word = "limit",
		.type = FIELD_INT,
		.offset = SAMPLE_AT(makestep_limit),
		.min = -1,
		.max = INT_MAX,
		.help = "In so many updates; negative: always."},
	{.word = NULL},
};

static const struct directive_field sample_driftfile[] = {
	{.word = "file",
		.type = FIELD_STRING,
		.offset = SAMPLE_AT(driftfile),
		.size = 40,
		.help = "Where the frequency is kept."},
	{.word = NULL},
};

static const struct directive_field sample_driftfile_options[] = {
	{.word = "interval",
		.type = FIELD_INT,
		.offset = SAMPLE_AT(drift_interval_s),
		.min = 1,
		.max = 86400,
		.fallback = "3600",
		.unit = "s",
		.help = "Written so often."},
	{.word = NULL},
};

static const struct directive_field sample_leapsecmode[] = {
	{.word = "mode",
		.type = FIELD_ENUM,
		.offset = SAMPLE_AT(leapsecmode),
		.choices = "system|step|slew|ignore",
		.fallback = "system",
		.help = "Who corrects for a leap second."},
	{.word = NULL},
};

static const struct directive_field sample_local[] = {
	{.word = "stratum",
		.type = FIELD_INT,
		.offset = SAMPLE_AT(local_stratum),
		.min = 1,
		.max = 15,
		.fallback = "10",
		.help = "Stratum to serve."},
	{.word = "orphan",
		.type = FIELD_FLAG,
		.offset = SAMPLE_AT(local_orphan),
		.help = "Let others with the same line be."},
	{.word = "refid",
		.type = FIELD_REFID,
		.offset = SAMPLE_AT(local_refid),
		.fallback = "LOCL",
		.help = "Reference id to serve."},
	{.word = "activate", .type = FIELD_NOTHING, .max = 1, .help = "Distance to begin at."},
	{.word = NULL},
};

static const struct directive_field sample_maxslewrate[] = {
	{.word = "rate",
		.type = FIELD_DOUBLE,
		.offset = SAMPLE_AT(maxslewrate_ppm),
		.min = 0,
		.max = 100000,
		.fallback = "83333.333",
		.unit = "ppm",
		.help = "Not faster."},
	{.word = NULL},
};

static const struct directive_field sample_numbers[] = {
	{.word = "whole",
		.type = FIELD_INT,
		.offset = SAMPLE_AT(free_number),
		.min = INT_MIN,
		.max = INT_MAX,
		.optional = true,
		.help = "Any."},
	{.word = "real",
		.type = FIELD_DOUBLE,
		.offset = SAMPLE_AT(free_real),
		.min = -HUGE_VAL,
		.max = HUGE_VAL,
		.optional = true,
		.help = "Any."},
	{.word = "gain",
		.type = FIELD_DOUBLE,
		.offset = SAMPLE_AT(gain),
		.min = 0.5,
		.max = HUGE_VAL,
		.fallback = "1.5",
		.optional = true,
		.help = "Not small."},
	{.word = NULL},
};

static const struct directive_field sample_log[] = {
	{.word = "tracking", .type = FIELD_FLAG, .offset = SAMPLE_AT(log_tracking)},
	{.word = "statistics", .type = FIELD_FLAG, .offset = SAMPLE_AT(log_statistics)},
	{.word = "banner", .type = FIELD_NOTHING, .help = "A flag without effect."},
	{.word = NULL},
};

static const struct directive_field sample_name[] = {
	{.word = "name",
		.type = FIELD_STRING,
		.offset = SAMPLE_SRC(name),
		.size = 24,
		.help = "Host name or address."},
	{.word = NULL},
};

static const struct directive_field sample_server[] = {
	{.word = "iburst",
		.type = FIELD_FLAG,
		.offset = SAMPLE_SRC(iburst),
		.help = "Four quick polls first."},
	{.word = "prefer", .type = FIELD_FLAG, .offset = SAMPLE_SRC(prefer)},
	{.word = "minpoll",
		.type = FIELD_INT,
		.offset = SAMPLE_SRC(minpoll),
		.min = -7,
		.max = 24,
		.fallback = "6",
		.help = "Shortest interval, log2 s."},
	{.word = "maxpoll",
		.type = FIELD_INT,
		.offset = SAMPLE_SRC(maxpoll),
		.min = -7,
		.max = 24,
		.fallback = "10",
		.help = "Longest interval, log2 s."},
	{.word = "offset",
		.type = FIELD_DOUBLE,
		.offset = SAMPLE_SRC(offset_s),
		.min = -1,
		.max = 1,
		.unit = "s",
		.help = "Correction."},
	{.word = "refid", .type = FIELD_REFID, .offset = SAMPLE_SRC(refid)},
	{.word = "mode",
		.type = FIELD_ENUM,
		.offset = SAMPLE_SRC(xleave),
		.choices = "basic|xleave"},
	{.word = "copy", .type = FIELD_NOTHING, .help = "A flag without effect."},
	{.word = NULL},
};

static const struct directive_field sample_subnet[] = {
	{.word = "subnet",
		.type = FIELD_STRING,
		.offset = SAMPLE_RULE(subnet),
		.size = 24,
		.optional = true,
		.help = "Address, or address and length."},
	{.word = NULL},
};

static const struct directive_field sample_all[] = {
	{.word = "all", .type = FIELD_FLAG, .offset = SAMPLE_RULE(all), .help = "And inside it."},
	{.word = NULL},
};

static const struct directive sample_table[] = {
	{.word = "makestep",
		.help = "When to step.",
		.positional = sample_makestep,
		.given = SIZE_MAX,
		.check = sample_check_makestep},
	{.word = "rtcsync",
		.help = "Keep the real-time clock right.",
		.flag = true,
		.given = SAMPLE_AT(rtcsync)},
	{.word = "driftfile",
		.help = "Keep the frequency.",
		.positional = sample_driftfile,
		.options = sample_driftfile_options,
		.given = SIZE_MAX},
	{.word = "leapsecmode",
		.help = "Leap seconds.",
		.positional = sample_leapsecmode,
		.given = SIZE_MAX},
	{.word = "local",
		.help = "Serve without a source.",
		.options = sample_local,
		.given = SAMPLE_AT(local)},
	{.word = "maxslewrate",
		.help = "Limit of slews.",
		.positional = sample_maxslewrate,
		.given = SIZE_MAX},
	{.word = "numbers", .help = "Numbers.", .positional = sample_numbers, .given = SIZE_MAX},
	{.word = "log", .help = "What to log.", .options = sample_log, .given = SIZE_MAX},
	{.word = "server",
		.help = "An NTP server.",
		.positional = sample_name,
		.options = sample_server,
		.item_size = sizeof(struct sample_source),
		.list = SAMPLE_AT(source),
		.count = SAMPLE_AT(sources),
		.max_items = 3,
		.given = SIZE_MAX,
		.source = true,
		.check = sample_check_source},
	{.word = "pool",
		.help = "Several NTP servers.",
		.positional = sample_name,
		.options = sample_server,
		.item_size = sizeof(struct sample_source),
		.list = SAMPLE_AT(source),
		.count = SAMPLE_AT(sources),
		.max_items = 3,
		.given = SAMPLE_SRC(pool),
		.source = true,
		.check = sample_check_source},
	{.word = "allow",
		.help = "Serve these.",
		.positional = sample_subnet,
		.options = sample_all,
		.item_size = sizeof(struct sample_rule),
		.list = SAMPLE_AT(rule),
		.count = SAMPLE_AT(rules),
		.max_items = 4,
		.given = SIZE_MAX},
	{.word = "deny",
		.help = "Do not serve these.",
		.positional = sample_subnet,
		.options = sample_all,
		.item_size = sizeof(struct sample_rule),
		.list = SAMPLE_AT(rule),
		.count = SAMPLE_AT(rules),
		.max_items = 4,
		.given = SAMPLE_RULE(deny)},
	{.word = "pidfile",
		.help = "Was a file.",
		.ignored = "the service manager knows the process"},
	{.word = NULL},
};

#endif
