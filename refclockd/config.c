/* SPDX-License-Identifier: MIT */
#include "refclockd/config.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"
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
#define INTEGER(w, m, lo, hi, def, u, h)                                                           \
	{                                                                                          \
		.word = w, .type = FIELD_INT, .offset = LINE(m), .min = lo, .max = hi,             \
		.fallback = def, .unit = u, .help = h                                              \
	}
#define SECONDS_OF(w, m, lo, hi, def, h)                                                           \
	{                                                                                          \
		.word = w, .type = FIELD_DOUBLE, .offset = LINE(m), .min = lo, .max = hi,          \
		.fallback = def, .unit = "s", .help = h                                            \
	}
#define FLAG(w, m, h)                                                                              \
	{                                                                                          \
		.word = w, .type = FIELD_FLAG, .offset = LINE(m), .help = h                        \
	}

static const struct directive_field refclock_positional[] = {
	{.word = "driver",
		.type = FIELD_STRING,
		.offset = LINE(driver),
		.size = TEXT(driver),
		.help = "PHC, PPS, GPSD, VMCLOCK, SHM, SOCK or RTC"},
	{.word = "parameter",
		.type = FIELD_STRING,
		.offset = LINE(parameter),
		.size = TEXT(parameter),
		.help = "device, unit or path, with :options"},
	{.word = NULL},
};

static const struct directive_field refclock_options[] = {
	INTEGER("poll", poll, -7, 24, "4", "log2 s", "interval of reachability"),
	INTEGER("dpoll", dpoll, -7, 24, "0", "log2 s", "interval of readings"),
	{.word = "refid",
		.type = FIELD_REFID,
		.offset = LINE(refid),
		.help = "reference id, and name of the source"},
	{.word = "lock",
		.type = FIELD_REFID,
		.offset = LINE(lock),
		.help = "source that numbers the pulses"},
	INTEGER("rate", rate, 1, 1000, "1", "Hz", "pulses a second"),
	INTEGER("maxlockage", maxlockage, 0, 1000000, "2", "pulses",
		"age of a reading that may number a pulse"),
	SECONDS_OF("width", width, 0, 1, "0", "width of the pulses"),
	SECONDS_OF("offset", offset, -4e9, 4e9, "0", "added to the time of the reference"),
	SECONDS_OF("delay", delay, 0, 64, "1e-9", "root delay of the reference"),
	SECONDS_OF("dispersion", dispersion, 0, 64, "0", "root dispersion of the reference"),
	{.word = "bound",
		.type = FIELD_STRING,
		.offset = LINE(bound),
		.size = TEXT(bound),
		.help = "hard error bound: auto (of the device's driver), a file of ns, or s"},
	{.word = "host",
		.type = FIELD_STRING,
		.offset = LINE(host),
		.size = TEXT(host),
		.help = "timebus of the host whose clock this is: tcp://HOST:PORT"},
	{.word = "hostkey",
		.type = FIELD_STRING,
		.offset = LINE(hostkey),
		.size = TEXT(hostkey),
		.help = "file with the host's public key"},
	{.word = "ownkey",
		.type = FIELD_STRING,
		.offset = LINE(ownkey),
		.size = TEXT(ownkey),
		.help = "own private key file; none: for hosts that allow anybody"},
	{.word = "hostdrift",
		.type = FIELD_DOUBLE,
		.offset = LINE(hostdrift),
		.min = 0,
		.max = 100000,
		.fallback = "15",
		.unit = "ppm",
		.help = "growth of the error while the host is silent"},
	SECONDS_OF("hosterror", hosterror, 0, 64, "1",
		"error of a host not heard yet; 0: not selected before"),
	SECONDS_OF("precision", precision, 0, 64, "0",
		"of a reading; 0 is what reading and raw clock say"),
	SECONDS_OF("maxdispersion", maxdispersion, 0, 64, "0",
		"readings with more are not used; 0 is no limit"),
	INTEGER("filter", filter, 0, 1000000, "0", "samples",
		"readings of a poll that become one sample; 0: each is a sample"),
	FLAG("prefer", prefer, "take before sources without"),
	FLAG("noselect", noselect, "measure, never select"),
	FLAG("trust", trust, "assumed true: others must agree with it"),
	FLAG("require", require, "no synchronisation without one of these"),
	FLAG("tai", tai, "the reference keeps TAI: TAI-UTC is taken off, see leapseclist"),
	INTEGER("stratum", stratum, 0, 15, "0", "", "stratum of the reference"),
	FLAG("pps", pps, "only the fraction of its second counts"),
	INTEGER("maxunreach", maxunreach, 0, 100000, "100000", "polls",
		"without a reading before it must not be selected"),
	INTEGER("minsamples", minsamples, 0, 4096, "0", "samples",
		"keep at least so many (estimator regression)"),
	INTEGER("maxsamples", maxsamples, 0, 4096, "0", "samples",
		"keep at most so many (estimator regression)"),
	FLAG("local", local,
		"not synchronised, but stabler than the raw clock: it steadies that, and is never "
		"selected"),
	{.word = NULL},
};

static const struct directive_field leapseclist_fields[] = {
	{.word = "file",
		.type = FIELD_STRING,
		.offset = offsetof(struct refclockd_config, leapseclist),
		.size = REFCLOCKD_PATH_SIZE,
		.fallback = LEAPFILE_SYSTEM,
		.help = "leap-seconds.list"},
	{.word = NULL},
};

static const struct directive_field clockprecision_fields[] = {
	{.word = "precision",
		.type = FIELD_DOUBLE,
		.offset = offsetof(struct refclockd_config, precision),
		.max = 1,
		.fallback = "0",
		.unit = "s",
		.help = "time between two readings of the clock; 0: as it is found at the start"},
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
		.positional = refclock_positional,
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
		.positional = clockprecision_fields,
		.given = SIZE_MAX},
	{.word = "leapseclist",
		.help = "list of leap seconds by which clocks with option tai count, looked at "
			"anew "
			"each hour; without one TAI-UTC is 37 s",
		.positional = leapseclist_fields,
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
