/* SPDX-License-Identifier: MIT */
#include "phc2shm/options_private.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/bytes.h"

#define SEGMENT_MAX  255
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

/* The servos of linuxptp that turn a clock: a file for ptp4l names one, and nothing is meant by it
 * here. */
static bool is_steering_servo(const char *name)
{
	static const char *const names[] = {"pi", "linreg", "nullf"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static void ignore(struct options *o, const char *word)
{
	size_t n = strlen(word);
	const char *at = strstr(o->ignored, word);

	if (at && (at[n] == '\0' || at[n] == ' '))
		return;
	if (o->ignored[0])
		(void)str_append(o->ignored, sizeof(o->ignored), " ");
	(void)str_append(o->ignored, sizeof(o->ignored), word);
}

/* The next of words with commas between. *rest moves on, to NULL behind the last one. */
static const char *next_word(const char **rest, char ret[OPTIONS_LABEL_SIZE])
{
	size_t n = strcspn(*rest, ","), kept = n < OPTIONS_LABEL_SIZE ? n : OPTIONS_LABEL_SIZE - 1;

	memcpy(ret, *rest, kept);
	ret[kept] = '\0';
	*rest = (*rest)[n] == ',' ? *rest + n + 1 : NULL;
	return ret;
}

static int get_servos(
	struct options *o, const char *word, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	const char *rest = value;
	char one[OPTIONS_LABEL_SIZE], ignored[OPTIONS_LABEL_SIZE + 8];
	unsigned int servo = 0;

	do {
		(void)next_word(&rest, one);
		if (strcasecmp(one, "ntpshm") == 0) {
			servo |= OPTIONS_NTPSHM;
		} else if (strcasecmp(one, "refclock_sock") == 0) {
			servo |= OPTIONS_REFCLOCK_SOCK;
		} else if (is_steering_servo(one)) {
			(void)snprintf(ignored, sizeof(ignored), "%s=%s", word, one);
			ignore(o, ignored);
		} else {
			return options_refuse(
				error, word, value, "ntpshm, refclock_sock, both with a comma");
		}
	} while (rest);
	if (servo)
		o->servo = servo;
	return 0;
}

static int get_segments(
	struct options *o, const char *word, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	const char *rest = value;
	char one[OPTIONS_LABEL_SIZE];
	int n = 0, rc;

	do {
		int unit;
		bool twice = false;

		rc = options_get_int(word, next_word(&rest, one), 0, SEGMENT_MAX, &unit, error);
		if (rc < 0)
			return rc;
		for (int i = 0; i < n; i++)
			twice |= o->segment[i] == unit;
		if (twice)
			continue;
		if (n == OPTIONS_SEGMENTS_MAX)
			return options_refuse(error, word, value, "8 units at most");
		o->segment[n++] = unit;
	} while (rest);
	o->segments = n;
	return 0;
}

static bool is_known(const char *name)
{
	for (int i = 0; options_names[i]; i++)
		if (strcmp(options_names[i], name) == 0)
			return true;
	return false;
}

/* What of linuxptp's file has an effect here; *ret_item is 0 for the rest. */
static int set_effective(struct options *o, const char *name, const char *value,
	unsigned int *ret_item, char error[OPTIONS_TEXT_SIZE])
{
	static const struct {
		const char *name;
		enum options_item item;
	} table[] = {
		{"clock_servo", OPTIONS_ITEM_SERVO},
		{"ntpshm_segment", OPTIONS_ITEM_SEGMENT},
		{"refclock_sock_address", OPTIONS_ITEM_SOCK_ADDRESS},
		{"logging_level", OPTIONS_ITEM_LEVEL},
		{"message_tag", OPTIONS_ITEM_TAG},
		{"verbose", OPTIONS_ITEM_VERBOSE},
		{"use_syslog", OPTIONS_ITEM_SYSLOG},
		{"free_running", OPTIONS_ITEM_FREE_RUNNING},
		{"leapfile", OPTIONS_ITEM_LEAPFILE},
		{"uds_address", OPTIONS_ITEM_UDS_ADDRESS},
		{"domainNumber", OPTIONS_ITEM_DOMAIN},
		{"transportSpecific", OPTIONS_ITEM_TRANSPORT},
	};

	*ret_item = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			*ret_item = table[i].item;
	switch (*ret_item) {
	case OPTIONS_ITEM_SERVO:
		return get_servos(o, name, value, error);
	case OPTIONS_ITEM_SEGMENT:
		return get_segments(o, name, value, error);
	case OPTIONS_ITEM_SOCK_ADDRESS:
		return options_get_text(name, value, o->sock_address, error);
	case OPTIONS_ITEM_LEVEL:
		return options_get_int(name, value, 0, 7, &o->level, error);
	case OPTIONS_ITEM_TAG:
		o->has_tag = true;
		return options_get_text(name, value, o->tag, error);
	case OPTIONS_ITEM_VERBOSE:
		return options_get_bool(name, value, &o->verbose, error);
	case OPTIONS_ITEM_SYSLOG:
		return options_get_bool(name, value, &o->syslog, error);
	case OPTIONS_ITEM_FREE_RUNNING:
		return options_get_bool(name, value, &o->free_running, error);
	case OPTIONS_ITEM_LEAPFILE:
		return options_get_text(name, value, o->leapfile, error);
	case OPTIONS_ITEM_UDS_ADDRESS:
		return options_get_text(name, value, o->uds_address, error);
	case OPTIONS_ITEM_DOMAIN:
		return options_get_int(name, value, 0, 255, &o->domain, error);
	case OPTIONS_ITEM_TRANSPORT:
		return options_get_int(name, value, 0, 15, &o->transport, error);
	default:
		return 0;
	}
}

int options_set(struct options *o, const char *name, const char *value, bool by_command_line,
	char error[OPTIONS_TEXT_SIZE])
{
	struct options try = *o;
	unsigned int item;
	int rc;

	if (!is_known(name)) {
		(void)snprintf(error, OPTIONS_TEXT_SIZE, "unknown option \"%.60s\"", name);
		return -ENOENT;
	}
	rc = set_effective(&try, name, value, &item, error);
	if (rc < 0)
		return rc;
	if (!by_command_line && (o->given & item))
		return 0;
	/* of a file for ptp4l nothing is expected here, so nothing needs to be said */
	if (!by_command_line)
		memcpy(try.ignored, o->ignored, sizeof(try.ignored));
	*o = try;
	if (by_command_line && item)
		o->given |= item;
	else if (by_command_line)
		ignore(o, name);
	return 0;
}

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
		ignore(o, word);
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
		return get_servos(o, "-E", value, error);
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
		return get_segments(o, "-M", value, error);
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
