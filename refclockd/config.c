/* SPDX-License-Identifier: MIT */
#include "refclockd/config.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"
#include "common/core/directive_args.h"
#include "common/io/leapfile.h"
#include "refclockd/bound.h"
#include "refclockd/driver.h"
#include "refclockd/host.h"

#define LINE(member)	offsetof(struct refclock_line, member)
#define DEFAULT_LOCKAGE 2
#define DEFAULT_UNREACH 100000
/* ppm: what RFC 5905 takes clocks to drift by that nobody watches (PHI). A silent host may have
 * been left to its crystal, or been given to another program. */
#define DEFAULT_HOSTDRIFT 15
/* s: a host that set its clock from its real-time clock, which counts whole seconds, and has not
 * found a server yet. Below selectd's maxdistance, so that a guest comes up without its host's word
 * and says how little it knows. */
#define DEFAULT_HOSTERROR 1
#define TEXT(array)	  sizeof(((struct refclock_line *)0)->array)

static const struct directive_field refclock_options[] = {
	ARG_INT("poll", LINE(poll), -7, 24, "4", "log2 s", "interval of reachability"),
	ARG_INT("dpoll", LINE(dpoll), -7, 24, "0", "log2 s", "interval of readings"),
	ARG_REFID("refid", LINE(refid), "reference id, and name of the source"),
	ARG_REFID("lock", LINE(lock), "source that numbers the pulses"),
	ARG_INT("rate", LINE(rate), 1, 1000, "1", "Hz", "pulses a second"),
	ARG_INT("maxlockage", LINE(maxlockage), 0, 1000000, "2", "pulses",
		"age of a reading that may number a pulse"),
	ARG_REAL("width", LINE(width), 0, 1, "0", "s", "width of the pulses"),
	ARG_REAL("offset", LINE(offset), -4e9, 4e9, "0", "s", "added to the time of the reference"),
	ARG_REAL("delay", LINE(delay), 0, 64, "1e-9", "s", "root delay of the reference"),
	ARG_REAL("dispersion", LINE(dispersion), 0, 64, "0", "s",
		"root dispersion of the reference"),
	ARG_TEXT("bound", LINE(bound), TEXT(bound), NULL,
		"hard error bound: auto (of the device's driver), a file of ns, or s"),
	ARG_TEXT("host", LINE(host), TEXT(host), NULL,
		"timebus of the host whose clock this is: tcp://HOST:PORT"),
	ARG_TEXT("hostkey", LINE(hostkey), TEXT(hostkey), NULL, "file with the host's public key"),
	ARG_TEXT("ownkey", LINE(ownkey), TEXT(ownkey), NULL,
		"own private key file; none: for hosts that allow anybody"),
	ARG_REAL("hostdrift", LINE(hostdrift), 0, 100000, "15", "ppm",
		"growth of the error while the host is silent"),
	ARG_REAL("hosterror", LINE(hosterror), 0, 64, "1", "s",
		"error of a host not heard yet; 0: not selected before"),
	ARG_REAL("precision", LINE(precision), 0, 64, "0", "s",
		"of a reading; 0 is what reading and raw clock say"),
	ARG_REAL("maxdispersion", LINE(maxdispersion), 0, 64, "0", "s",
		"readings with more are not used; 0 is no limit"),
	ARG_INT("filter", LINE(filter), 0, 1000000, "0", "samples",
		"readings of a poll that become one sample; 0: each is a sample"),
	ARG_FLAG("prefer", LINE(prefer), "take before sources without"),
	ARG_FLAG("noselect", LINE(noselect), "measure, never select"),
	ARG_FLAG("trust", LINE(trust), "assumed true: others must agree with it"),
	ARG_FLAG("require", LINE(require), "no synchronisation without one of these"),
	ARG_FLAG(
		"tai", LINE(tai), "the reference keeps TAI: TAI-UTC is taken off, see leapseclist"),
	ARG_INT("stratum", LINE(stratum), 0, 15, "0", "", "stratum of the reference"),
	ARG_FLAG("pps", LINE(pps), "only the fraction of its second counts"),
	ARG_INT("maxunreach", LINE(maxunreach), 0, 100000, "100000", "polls",
		"without a reading before it must not be selected"),
	ARG_INT("minsamples", LINE(minsamples), 0, 4096, "0", "samples",
		"keep at least so many (estimator regression)"),
	ARG_INT("maxsamples", LINE(maxsamples), 0, 4096, "0", "samples",
		"keep at most so many (estimator regression)"),
	ARG_FLAG("local", LINE(local),
		"not synchronised, but stabler than the raw clock: it steadies that, and is never "
		"selected"),
	{.word = NULL},
};

static int check_line(const void *item, char *error, size_t error_size)
{
	const struct refclock_line *line = item;
	const struct driver *driver = driver_of(line->driver, line->parameter);
	char text[DRIVER_TEXT_SIZE];
	int rc;

	if (!driver) {
		(void)snprintf(error, error_size,
			"driver %s is unknown (allowed: PHC, PPS, GPSD, VMCLOCK, SHM, SOCK, RTC)",
			line->driver);
		return -EINVAL;
	}
	rc = driver->check(line->parameter, text);
	if (rc < 0)
		(void)snprintf(error, error_size, "%s %s", driver->word, text);
	if (rc == 0 && line->bound[0])
		rc = bound_check(line->bound, error, error_size);
	return rc == 0 ? host_check(line, error, error_size) : rc;
}

const struct directive refclockd_directives[] = {
	{.word = "refclock",
		.help = "a reference clock",
		.positional = ARGS(ARG_TEXT("driver", LINE(driver), TEXT(driver), NULL,
					   "PHC, PPS, GPSD, VMCLOCK, SHM, SOCK or RTC"),
			ARG_TEXT("parameter", LINE(parameter), TEXT(parameter), NULL,
				"device, unit or path, with :options")),
		.options = refclock_options,
		.item_size = sizeof(struct refclock_line),
		.list = offsetof(struct refclockd_config, refclock),
		.count = offsetof(struct refclockd_config, refclocks),
		.max_items = REFCLOCKS_MAX,
		.given = SIZE_MAX,
		.source = true,
		.check = check_line},
	{.word = "autophc",
		.help = "read every PTP clock of the machine, also those that appear later; only "
			"virtual clocks that keep UTC are selected from",
		.flag = true,
		.given = offsetof(struct refclockd_config, autophc)},
	{.word = "clockprecision",
		.help = "how well the clock can be read, which is part of each reading's error",
		.positional = ARGS(ARG_REAL("precision",
			offsetof(struct refclockd_config, precision), 0, 1, "0", "s",
			"time between two readings of the clock; 0: as it is found at the start")),
		.given = SIZE_MAX},
	{.word = "leapseclist",
		.help = "list of leap seconds by which clocks with option tai count, looked at "
			"anew each hour; without one TAI-UTC is 37 s",
		.positional = ARGS(ARG_TEXT("file", offsetof(struct refclockd_config, leapseclist),
			REFCLOCKD_PATH_SIZE, LEAPFILE_SYSTEM, "leap-seconds.list")),
		.given = SIZE_MAX},
	{.word = NULL},
};

static void name_of(uint32_t refid, char name[REFCLOCK_NAME_SIZE])
{
	int n = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		char c = (char)(refid >> shift & 0xff);

		if (c)
			name[n++] = ascii_is_printable(c) && c != ' ' ? c : '_';
	}
	name[n] = '\0';
}

static uint32_t default_refid(const char *word, int number)
{
	unsigned int digit = (unsigned int)('0' + number % 10);

	return (uint32_t)(unsigned char)word[0] << 24 | (uint32_t)(unsigned char)word[1] << 16 |
	       (uint32_t)(unsigned char)word[2] << 8 | digit;
}

void refclock_line_core(const struct refclock_line *line, const struct driver *driver, int number,
	struct refclock_config *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->refid = line->refid ? line->refid : default_refid(driver->word, number);
	name_of(ret->refid, ret->name);
	ret->kind = driver->kind;
	ret->polled = driver->polled;
	(void)str_copy(ret->configured, sizeof(ret->configured), driver->word);
	(void)str_append(ret->configured, sizeof(ret->configured), " ");
	(void)str_append(ret->configured, sizeof(ret->configured), line->parameter);
	ret->poll = line->poll;
	ret->dpoll = line->dpoll < line->poll ? line->dpoll : line->poll;
	ret->stratum = line->stratum;
	ret->offset_ns = ts_dur_from_s(line->offset).ns;
	ret->dispersion_ns = ts_dur_from_s(line->dispersion).ns;
	ret->filter = line->filter;
	ret->delay_ns = ts_dur_from_s(line->delay).ns;
	ret->precision_ns = ts_dur_from_s(line->precision).ns;
	ret->max_dispersion_ns = ts_dur_from_s(line->maxdispersion).ns;
	ret->edges = driver->edges;
	ret->locked = line->lock != 0;
	ret->lock.rate = line->rate;
	ret->lock.max_age = line->maxlockage;
	ret->lock.width_ns = ts_dur_from_s(line->width).ns;
	ret->tai = line->tai;
	ret->local = line->local;
	ret->pps = line->pps;
	ret->noselect = line->noselect;
	ret->prefer = line->prefer;
	ret->trust = line->trust;
	ret->require = line->require;
	ret->minsamples = line->minsamples;
	ret->maxsamples = line->maxsamples;
	ret->maxunreach = line->maxunreach;
}

void refclock_line_defaults(const char *driver, const char *parameter, struct refclock_line *ret)
{
	memset(ret, 0, sizeof(*ret));
	(void)str_copy(ret->driver, sizeof(ret->driver), driver);
	(void)str_copy(ret->parameter, sizeof(ret->parameter), parameter);
	ret->poll = 4;
	ret->delay = 1e-9;
	ret->hostdrift = DEFAULT_HOSTDRIFT;
	ret->hosterror = DEFAULT_HOSTERROR;
	ret->rate = 1;
	ret->maxlockage = DEFAULT_LOCKAGE;
	ret->maxunreach = DEFAULT_UNREACH;
}
