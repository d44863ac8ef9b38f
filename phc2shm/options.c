/* SPDX-License-Identifier: MIT */
#include "phc2shm/options_private.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/core/bytes.h"

#define READINGS_MAX 10000
#define RATE_MIN_HZ  1e-9
#define RATE_MAX_HZ  10000.0
#define NAMES_MAX    192

static const struct options defaults = {
	.servo = OPTIONS_NTPSHM,
	.sink = "CLOCK_REALTIME",
	.segments = 1,
	.uds_address = "/var/run/ptp4l",
	.sock_address = "/var/run/refclock.ptp.sock",
	.rate_hz = 1.0,
	.readings = 5,
	.level = 6,
	.syslog = true,
};

static int set_sink(struct options *o, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	if (strcasecmp(value, "CLOCK_REALTIME") != 0)
		return options_refuse(error, "-c", value,
			"CLOCK_REALTIME; samples are stamped with the system clock only");
	(void)str_copy(o->sink, sizeof(o->sink), value);
	return 0;
}

static int set_source(struct options *o, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	if (strcasecmp(value, "CLOCK_REALTIME") == 0)
		return options_refuse(
			error, "-s", value, "a PTP clock: device, interface or clock name");
	return options_get_text("-s", value, o->source, error);
}

static int follows_ptp4l(int c, char error[OPTIONS_TEXT_SIZE])
{
	(void)snprintf(error, OPTIONS_TEXT_SIZE,
		"-%c takes clocks and their roles from ptp4l's ports, which phc2shm does not: name "
		"the source with -s; with -w ptp4l says when it is good",
		c);
	return -ENOTSUP;
}

/* Words that say where ptp4l is. */
static int set_ptp4l_option(
	struct options *o, int c, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	switch (c) {
	case 'w':
		o->wait = true;
		return 0;
	case 'n':
		o->given |= OPTIONS_ITEM_DOMAIN;
		return options_get_int("-n", value, 0, 255, &o->domain, error);
	default: /* z */
		if (o->given & OPTIONS_ITEM_UDS_ADDRESS)
			return options_refuse(error, "-z", value, "one address; several need -a");
		o->given |= OPTIONS_ITEM_UDS_ADDRESS;
		return options_get_text("-z", value, o->uds_address, error);
	}
}

/* Options that only say where or how to log. */
static int set_log_option(
	struct options *o, int c, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	switch (c) {
	case 'l':
		o->given |= OPTIONS_ITEM_LEVEL;
		return options_get_int("-l", value, 0, 7, &o->level, error);
	case 't':
		o->given |= OPTIONS_ITEM_TAG;
		o->has_tag = true;
		return options_get_text("-t", value, o->tag, error);
	case 'm':
		o->given |= OPTIONS_ITEM_VERBOSE;
		o->verbose = true;
		return 0;
	default: /* q */
		o->given |= OPTIONS_ITEM_SYSLOG;
		o->syslog = false;
		return 0;
	}
}

static int set_steering(struct options *o, int c, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	char word[3] = {'-', (char)c, '\0'};
	double number;
	int rc = value ? options_get_double(word, value, 0, HUGE_VAL, &number, error) : 0;

	if (rc == 0)
		options_ignore(o, word);
	return rc;
}

static int set_summary(struct options *o, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	int n = 0, rc = options_get_int("-u", value, 0, INT_MAX, &n, error);

	o->summary = (unsigned int)n;
	return rc;
}

static int set_option(struct options *o, int c, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	switch (c) {
	case 'E':
		o->given |= OPTIONS_ITEM_SERVO;
		return options_get_servos(o, "-E", value, error);
	case 'i': /* the old word */
	case 's':
		return set_source(o, value, error);
	case 'c':
		return set_sink(o, value, error);
	case 'f':
		return options_get_text("-f", value, o->config, error);
	case 'O':
		o->has_offset = true;
		return options_get_int("-O", value, -INT_MAX, INT_MAX, &o->offset_s, error);
	case 'M':
		o->given |= OPTIONS_ITEM_SEGMENT;
		return options_get_segments(o, "-M", value, error);
	case 'R':
		return options_get_double(
			"-R", value, RATE_MIN_HZ, RATE_MAX_HZ, &o->rate_hz, error);
	case 'N':
		return options_get_int("-N", value, 1, READINGS_MAX, &o->readings, error);
	case 'u':
		return set_summary(o, value, error);
	case 'l':
	case 't':
	case 'm':
	case 'q':
		return set_log_option(o, c, value, error);
	case 'd':
		return options_refuse(
			error, "-d", value, "nothing: refclockd reads pulses, with refclock PPS");
	case 'a':
	case 'r':
		return follows_ptp4l(c, error);
	case 'w':
	case 'n':
	case 'z':
		return set_ptp4l_option(o, c, value, error);
	default: /* P I S F L x */
		return set_steering(o, c, value, error);
	}
}

static void long_options(struct option ret[NAMES_MAX])
{
	int i;

	for (i = 0; options_names[i] && i < NAMES_MAX - 3; i++)
		ret[i] = (struct option){options_names[i], required_argument, NULL, 0};
	ret[i++] = (struct option){"help", no_argument, NULL, 'h'};
	ret[i++] = (struct option){"version", no_argument, NULL, 'v'};
	ret[i] = (struct option){NULL, 0, NULL, 0};
}

/* getopt says only that something is wrong; the word that was is the one before optind. */
static int bad_word(char **argv, int argc, char error[OPTIONS_TEXT_SIZE])
{
	const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
	char short_word[3] = {'-', (char)optopt, '\0'};
	bool short_one = optopt > ' ' && optopt < 127;

	(void)snprintf(error, OPTIONS_TEXT_SIZE, "%.60s: %s", short_one ? short_word : word,
		short_one && strchr(OPTIONS_OPTSTRING, optopt) ? "needs a value"
							       : "unknown option, or no value");
	return -EINVAL;
}

enum options_result options_parse(
	struct options *ret, int argc, char **argv, char error[OPTIONS_TEXT_SIZE])
{
	struct option names[NAMES_MAX];
	int c, index, rc = 0;

	long_options(names);
	*ret = defaults;
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (rc == 0 && (c = getopt_long(argc, argv, OPTIONS_OPTSTRING, names, &index)) != -1) {
		if (c == 'h')
			return OPTIONS_HELP;
		if (c == 'v')
			return OPTIONS_VERSION;
		if (c == '?')
			rc = bad_word(argv, argc, error);
		else if (c == 0)
			rc = options_set(ret, names[index].name, optarg, true, error);
		else
			rc = set_option(ret, c, optarg, error);
	}
	if (rc == 0 && !ret->source[0]) {
		(void)snprintf(error, OPTIONS_TEXT_SIZE,
			"no source: name a PTP clock with -s (/dev/ptp0, eth0, \"KVM virtual "
			"PTP\")");
		rc = -EINVAL;
	}
	return rc == 0 ? OPTIONS_RUN : OPTIONS_WRONG;
}

void options_usage(const char *program, void *stream)
{
	FILE *f = stream;

	fprintf(f, "usage: %s [options]\n\n", program);
	fputs("Carries the time of a PTP clock to ntpd or chronyd. Options are those of "
	      "phc2sys.\n\n"
	      " -E SERVO    ntpshm (default), refclock_sock or ntpshm,refclock_sock\n"
	      " -s CLOCK    PTP clock: device, interface or clock name\n"
	      " -c CLOCK    CLOCK_REALTIME, which the samples are stamped with\n"
	      " -O SECONDS  system clock minus PTP clock: 0 for UTC (default), -37 for TAI\n"
	      " -w          wait for ptp4l; without -O, take the time scale from it\n"
	      " -n DOMAIN   PTP domain of ptp4l (0)\n"
	      " -z PATH     management socket of ptp4l (/var/run/ptp4l)\n"
	      " -M UNIT     NTP SHM unit (0), or several: 0,2,3\n"
	      " -R RATE     updates a second (1.0)\n"
	      " -N NUMBER   readings an update, the best of which counts (5)\n"
	      " -u NUMBER   updates in a line of statistics (0: a line an update)\n"
	      " -f FILE     configuration file of linuxptp\n"
	      " -l LEVEL    print messages up to this level (6)\n"
	      " -t TAG      put this in front of messages\n"
	      " -m          print messages to stdout\n"
	      " -q          do not print messages to the syslog\n"
	      " -v          print the version\n"
	      " -h          print this\n"
	      " --NAME=VALUE  any option of the configuration file, such as\n"
	      "             --refclock_sock_address=PATH (/var/run/refclock.ptp.sock),\n"
	      "             --leapfile=PATH: announce its leap seconds\n\n"
	      " -P -I -S -F -L -x are accepted and have no effect: no clock is steered.\n"
	      " -a and -r, which follow the ports of ptp4l, and -d are refused.\n",
		f);
}
