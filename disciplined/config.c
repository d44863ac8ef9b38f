/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include "common/core/directive_args.h"
#include "disciplined/config.h"

#define AT(field) offsetof(struct disciplined_config, field)
#define ONCE	  .given = SIZE_MAX
/* Of driftfile and statefile. */
#define INTERVAL(field)                                                                            \
	ARG_INT("interval", AT(field), 1, 100000000, "3600", "s",                                  \
		"it is written so often at most, and at the end")
#define IGNORED ARGS(ARG_NOTHING("value", 1, "ignored"))

static int check_makestep(const void *item, char *error, size_t error_size)
{
	const struct disciplined_config *config = item;

	if (config->makestep_limit == 0 || config->makestep_s > 0)
		return 0;
	snprintf(error, error_size, "threshold 0 would never step (allowed: above 0)");
	return -1;
}

const struct directive disciplined_directives[] = {
	{.word = "clock",
		.help = "what is steered",
		.positional = ARGS(ARG_WORD("which", AT(clock), "realtime|shadow", "realtime",
			"the kernel's CLOCK_REALTIME, or a software clock in shared memory")),
		ONCE},
	{.word = "discipline",
		.help = "how the clock follows",
		.positional = ARGS(ARG_WORD("loop", AT(discipline), DISCIPLINE_LOOP_CHOICES, "line",
			"the estimate's line, or for comparison offsets through the loop of "
			"RFC 5905 (pllfll) or 1 Hz through the nanokernel's (pps)")),
		ONCE},
	{.word = "makestep",
		.help = "step instead of slewing",
		.positional = ARGS(ARG_REAL("threshold", AT(makestep_s), 0, 1e9, "0", "s",
					   "offsets above this are stepped; 0: never"),
			ARG_INT("limit", AT(makestep_limit), -1, 1000000000, "0", "updates",
				"only in so many first updates; -1: always")),
		.check = check_makestep,
		ONCE},
	{.word = "maxslewrate",
		.help = "limit of slewing",
		.positional = ARGS(ARG_REAL("value", AT(maxslewrate_ppm), 1, 100000, "83333.333",
			"ppm", "largest rate of slewing")),
		ONCE},
	{.word = "driftfile",
		.help = "where the clock's own frequency error is kept over restarts",
		.positional = ARGS(ARG_TEXT("file", AT(driftfile), CONFIG_PATH_SIZE, "",
			"two numbers in ppm: how much the uncorrected clock gains, and its skew")),
		.options = ARGS(INTERVAL(drift_interval_s)),
		ONCE},
	{.word = "statefile",
		.help = "where all that is known of the clock is kept: a restart goes on from it "
			"without a bump, a boot takes its rate before that of driftfile",
		.positional = ARGS(ARG_TEXT("file", AT(statefile), CONFIG_PATH_SIZE, "",
			"text with the clock's line, its uncertainty and the rate's wander")),
		.options = ARGS(INTERVAL(state_interval_s)),
		ONCE},
	{.word = "rtcsync",
		.help = "tell the kernel that the clock is synchronised, so that it sets the RTC",
		.flag = true,
		.given = AT(rtcsync)},
	{.word = "leapsecmode",
		.help = "how leap seconds are made",
		.positional = ARGS(ARG_WORD("mode", AT(leapsecmode), "system|slew|step|ignore",
			"system",
			"who makes a leap second: the clock itself, a slew, a step, or nobody")),
		ONCE},
	{.word = "leapseclist",
		.help = "list of leap seconds",
		.positional = ARGS(ARG_TEXT("file", AT(leapseclist), CONFIG_PATH_SIZE, "",
			"leap-seconds.list: overrides what sources announce, gives TAI")),
		ONCE},
	{.word = "leapsectz",
		.help = "time zone that knows leap seconds",
		.positional = IGNORED,
		.ignored = "use leapseclist with the leap-seconds.list of the same package",
		ONCE},
	{.word = "maxchange",
		.help = "offsets not believed",
		.positional = ARGS(ARG_REAL("offset", AT(maxchange_s), 0, 1e9, "0", "s",
					   "offsets above this are not believed; 0: no limit"),
			ARG_INT("start", AT(maxchange_start), 0, 1000000000, "0", "updates",
				"not in so many first updates"),
			ARG_INT("ignore", AT(maxchange_ignore), -1, 1000000000, "0", "updates",
				"so many are ignored, then the clock is left alone; -1: ignored "
				"for ever")),
		ONCE},
	{.word = "maxupdateskew",
		.help = "frequencies not believed",
		.positional = ARGS(ARG_REAL("value", AT(maxupdateskew_ppm), 0, 1e6, "1000", "ppm",
			"estimates whose rate is known worse than this do not move the frequency")),
		ONCE},
	{.word = "maxdrift",
		.help = "largest frequency error of the clock",
		.positional = ARGS(ARG_REAL("value", AT(maxdrift_ppm), 0.001, 500000, "500000",
			"ppm", "estimates with a larger rate are refused")),
		ONCE},
	{.word = "maxclockerror",
		.help = "how much the clock's rate may change by itself",
		.positional = ARGS(ARG_REAL("value", AT(maxclockerror_ppm), 0, 1e6, "1", "ppm",
			"growth of the error bound at least, without samples")),
		ONCE},
	{.word = "corrtimeratio",
		.help = "length of slews",
		.positional = IGNORED,
		.ignored = "slews last as long as smooths the rate at a per cent of the error",
		ONCE},
	{.word = "maxholdover",
		.help = "how long the clock is good without samples",
		.positional = ARGS(ARG_REAL("age", AT(maxholdover_s), 1, 1e9, "86400", "s",
			"without samples for so long the clock is no longer told to be "
			"synchronised")),
		.options = ARGS(ARG_REAL("maxbound", AT(maxbound_s), 1e-9, 1e6, "3", "s",
			"nor with a wider error bound; estimates with a wider one are refused")),
		ONCE},
	{.word = "maxdisruptionstep",
		.help = "limit of the step after a disruption",
		.positional = ARGS(ARG_REAL("value", AT(maxdisruptionstep_s), 0, 1e10, "100000000",
			"s", "largest step after a suspend, migration or snapshot")),
		ONCE},
	{.word = "logchange",
		.help = "which slews are worth an event",
		.positional = ARGS(ARG_REAL("value", AT(logchange_s), 0, 1e9, "1", "s",
			"slews of more than this are an event")),
		ONCE},
	{.word = "shadowoffset",
		.help = "for tests: where a new shadow clock begins",
		.positional = ARGS(ARG_REAL("value", AT(shadowoffset_s), -1e6, 1e6, "0", "s",
			"a shadow clock that begins anew is so far ahead of the system clock")),
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
