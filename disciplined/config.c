/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include "disciplined/config.h"

#define AT(field) offsetof(struct disciplined_config, field)

/* One positional number, word and bounds as given. */
#define NUMBER(name, field, low, high, standard, of, text)                                         \
	static const struct directive_field name[] = {{.word = "value",                            \
							      .type = FIELD_DOUBLE,                \
							      .offset = AT(field),                 \
							      .min = (low),                        \
							      .max = (high),                       \
							      .fallback = (standard),              \
							      .unit = (of),                        \
							      .help = (text)},                     \
		{.word = NULL}}

static const struct directive_field clock_fields[] = {
	{.word = "which",
		.type = FIELD_ENUM,
		.offset = AT(clock),
		.choices = "realtime|shadow",
		.fallback = "realtime",
		.help = "the kernel's CLOCK_REALTIME, or a software clock in shared memory"},
	{.word = NULL}};

static const struct directive_field discipline_fields[] = {
	{.word = "loop",
		.type = FIELD_ENUM,
		.offset = AT(discipline),
		.choices = DISCIPLINE_LOOP_CHOICES,
		.fallback = "line",
		.help = "the estimate's line, or for comparison offsets through the loop of "
			"RFC 5905 (pllfll) or 1 Hz through the nanokernel's (pps)"},
	{.word = NULL}};

static const struct directive_field makestep_fields[] = {
	{.word = "threshold",
		.type = FIELD_DOUBLE,
		.offset = AT(makestep_s),
		.min = 0,
		.max = 1e9,
		.fallback = "0",
		.unit = "s",
		.help = "offsets above this are stepped; 0: never"},
	{.word = "limit",
		.type = FIELD_INT,
		.offset = AT(makestep_limit),
		.min = -1,
		.max = 1000000000,
		.fallback = "0",
		.unit = "updates",
		.help = "only in so many first updates; -1: always"},
	{.word = NULL}};

static const struct directive_field maxchange_fields[] = {
	{.word = "offset",
		.type = FIELD_DOUBLE,
		.offset = AT(maxchange_s),
		.min = 0,
		.max = 1e9,
		.fallback = "0",
		.unit = "s",
		.help = "offsets above this are not believed; 0: no limit"},
	{.word = "start",
		.type = FIELD_INT,
		.offset = AT(maxchange_start),
		.min = 0,
		.max = 1000000000,
		.fallback = "0",
		.unit = "updates",
		.help = "not in so many first updates"},
	{.word = "ignore",
		.type = FIELD_INT,
		.offset = AT(maxchange_ignore),
		.min = -1,
		.max = 1000000000,
		.fallback = "0",
		.unit = "updates",
		.help = "so many are ignored, then the clock is left alone; -1: ignored for ever"},
	{.word = NULL}};

static const struct directive_field driftfile_fields[] = {
	{.word = "file",
		.type = FIELD_STRING,
		.offset = AT(driftfile),
		.size = CONFIG_PATH_SIZE,
		.fallback = "",
		.help = "two numbers in ppm: how much the uncorrected clock gains, and its skew"},
	{.word = NULL}};

static const struct directive_field driftfile_options[] = {
	{.word = "interval",
		.type = FIELD_INT,
		.offset = AT(drift_interval_s),
		.min = 1,
		.max = 100000000,
		.fallback = "3600",
		.unit = "s",
		.help = "it is written so often at most, and at the end"},
	{.word = NULL}};

static const struct directive_field statefile_fields[] = {
	{.word = "file",
		.type = FIELD_STRING,
		.offset = AT(statefile),
		.size = CONFIG_PATH_SIZE,
		.fallback = "",
		.help = "text with the clock's line, its uncertainty and the rate's wander"},
	{.word = NULL}};

static const struct directive_field statefile_options[] = {
	{.word = "interval",
		.type = FIELD_INT,
		.offset = AT(state_interval_s),
		.min = 1,
		.max = 100000000,
		.fallback = "3600",
		.unit = "s",
		.help = "it is written so often at most, and at the end"},
	{.word = NULL}};

static const struct directive_field leapsecmode_fields[] = {
	{.word = "mode",
		.type = FIELD_ENUM,
		.offset = AT(leapsecmode),
		.choices = "system|slew|step|ignore",
		.fallback = "system",
		.help = "who makes a leap second: the clock itself, a slew, a step, or nobody"},
	{.word = NULL}};

static const struct directive_field leapseclist_fields[] = {
	{.word = "file",
		.type = FIELD_STRING,
		.offset = AT(leapseclist),
		.size = CONFIG_PATH_SIZE,
		.fallback = "",
		.help = "leap-seconds.list: overrides what sources announce, gives TAI"},
	{.word = NULL}};

static const struct directive_field holdover_fields[] = {
	{.word = "age",
		.type = FIELD_DOUBLE,
		.offset = AT(maxholdover_s),
		.min = 1,
		.max = 1e9,
		.fallback = "86400",
		.unit = "s",
		.help = "without samples for so long the clock is no longer told to be "
			"synchronised"},
	{.word = NULL}};

static const struct directive_field holdover_options[] = {
	{.word = "maxbound",
		.type = FIELD_DOUBLE,
		.offset = AT(maxbound_s),
		.min = 1e-9,
		.max = 1e6,
		.fallback = "3",
		.unit = "s",
		.help = "nor with a wider error bound; estimates with a wider one are refused"},
	{.word = NULL}};

static const struct directive_field ignored_one[] = {
	{.word = "value", .type = FIELD_NOTHING, .max = 1, .help = "ignored"}, {.word = NULL}};

NUMBER(shadowoffset_fields, shadowoffset_s, -1e6, 1e6, "0", "s",
	"a shadow clock that begins anew is so far ahead of the system clock");
NUMBER(maxslewrate_fields, maxslewrate_ppm, 1, 100000, "83333.333", "ppm",
	"largest rate of slewing");
NUMBER(maxupdateskew_fields, maxupdateskew_ppm, 0, 1e6, "1000", "ppm",
	"estimates whose rate is known worse than this do not move the frequency");
NUMBER(maxdrift_fields, maxdrift_ppm, 0.001, 500000, "500000", "ppm",
	"estimates with a larger rate are refused");
NUMBER(maxclockerror_fields, maxclockerror_ppm, 0, 1e6, "1", "ppm",
	"growth of the error bound at least, without samples");
NUMBER(maxdisruptionstep_fields, maxdisruptionstep_s, 0, 1e10, "100000000", "s",
	"largest step after a suspend, migration or snapshot");
NUMBER(logchange_fields, logchange_s, 0, 1e9, "1", "s", "slews of more than this are an event");

static int check_makestep(const void *item, char *error, size_t error_size)
{
	const struct disciplined_config *config = item;

	if (config->makestep_limit == 0 || config->makestep_s > 0)
		return 0;
	snprintf(error, error_size, "threshold 0 would never step (allowed: above 0)");
	return -1;
}

#define ONCE .given = SIZE_MAX

const struct directive disciplined_directives[] = {
	{.word = "clock", .help = "what is steered", .positional = clock_fields, ONCE},
	{.word = "discipline",
		.help = "how the clock follows",
		.positional = discipline_fields,
		ONCE},
	{.word = "makestep",
		.help = "step instead of slewing",
		.positional = makestep_fields,
		.check = check_makestep,
		ONCE},
	{.word = "maxslewrate", .help = "limit of slewing", .positional = maxslewrate_fields, ONCE},
	{.word = "driftfile",
		.help = "where the clock's own frequency error is kept over restarts",
		.positional = driftfile_fields,
		.options = driftfile_options,
		ONCE},
	{.word = "statefile",
		.help = "where all that is known of the clock is kept: a restart goes on from it "
			"without a bump, a boot takes its rate before that of driftfile",
		.positional = statefile_fields,
		.options = statefile_options,
		ONCE},
	{.word = "rtcsync",
		.help = "tell the kernel that the clock is synchronised, so that it sets the RTC",
		.flag = true,
		.given = AT(rtcsync)},
	{.word = "leapsecmode",
		.help = "how leap seconds are made",
		.positional = leapsecmode_fields,
		ONCE},
	{.word = "leapseclist",
		.help = "list of leap seconds",
		.positional = leapseclist_fields,
		ONCE},
	{.word = "leapsectz",
		.help = "time zone that knows leap seconds",
		.positional = ignored_one,
		.ignored = "use leapseclist with the leap-seconds.list of the same package",
		ONCE},
	{.word = "maxchange", .help = "offsets not believed", .positional = maxchange_fields, ONCE},
	{.word = "maxupdateskew",
		.help = "frequencies not believed",
		.positional = maxupdateskew_fields,
		ONCE},
	{.word = "maxdrift",
		.help = "largest frequency error of the clock",
		.positional = maxdrift_fields,
		ONCE},
	{.word = "maxclockerror",
		.help = "how much the clock's rate may change by itself",
		.positional = maxclockerror_fields,
		ONCE},
	{.word = "corrtimeratio",
		.help = "length of slews",
		.positional = ignored_one,
		.ignored = "slews last as long as smooths the rate at a per cent of the error",
		ONCE},
	{.word = "maxholdover",
		.help = "how long the clock is good without samples",
		.positional = holdover_fields,
		.options = holdover_options,
		ONCE},
	{.word = "maxdisruptionstep",
		.help = "limit of the step after a disruption",
		.positional = maxdisruptionstep_fields,
		ONCE},
	{.word = "logchange",
		.help = "which slews are worth an event",
		.positional = logchange_fields,
		ONCE},
	{.word = "shadowoffset",
		.help = "for tests: where a new shadow clock begins",
		.positional = shadowoffset_fields,
		ONCE},
	{.word = NULL}};

void config_policy(const struct disciplined_config *config, struct discipline_policy *ret)
{
	struct discipline_policy p = {0};

	p.exact = config->clock == CONFIG_CLOCK_SHADOW;
	p.mode = p.exact ? clock_mode_shadow : clock_mode_realtime;
	p.loop = (enum discipline_loop)config->discipline;
	p.makestep_s = config->makestep_limit == 0 ? 0 : config->makestep_s;
	p.makestep_limit = config->makestep_limit;
	p.maxslewrate_ppm = config->maxslewrate_ppm;
	p.maxchange_s = config->maxchange_s;
	p.maxchange_start = config->maxchange_start;
	p.maxchange_ignore = config->maxchange_ignore;
	p.maxupdateskew_ppm = config->maxupdateskew_ppm;
	p.maxdrift_ppm = config->maxdrift_ppm;
	p.maxclockerror_ppm = config->maxclockerror_ppm;
	p.maxholdover_s = config->maxholdover_s;
	p.maxbound_s = config->maxbound_s;
	p.maxdisruptionstep_s = config->maxdisruptionstep_s;
	p.logchange_s = config->logchange_s;
	p.leap_mode = (enum leap_mode)config->leapsecmode;
	*ret = p;
}
