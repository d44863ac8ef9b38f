/* SPDX-License-Identifier: MIT */
#include "phc2shm/options.h"

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
	.sink = "CLOCK_REALTIME",
	.sock_address = "/var/run/refclock.ptp.sock",
	.rate_hz = 1.0,
	.readings = 5,
	.level = 6,
	.syslog = true,
};

static int refuse(
	char error[OPTIONS_TEXT_SIZE], const char *word, const char *value, const char *allowed)
{
	(void)snprintf(error, OPTIONS_TEXT_SIZE, "%.40s: bad value \"%.60s\" (allowed: %.100s)",
		word, value, allowed);
	return -EINVAL;
}

static int get_int(const char *word, const char *value, int min, int max, int *ret,
	char error[OPTIONS_TEXT_SIZE])
{
	char allowed[64], *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 0);
	if (end != value && !*end && !errno && v >= min && v <= max) {
		*ret = (int)v;
		return 0;
	}
	(void)snprintf(allowed, sizeof(allowed), "%d..%d", min, max);
	return refuse(error, word, value, allowed);
}

static int get_double(const char *word, const char *value, double min, double max, double *ret,
	char error[OPTIONS_TEXT_SIZE])
{
	char allowed[64], *end;
	double v = strtod(value, &end);

	if (end != value && !*end && isfinite(v) && v >= min && v <= max) {
		*ret = v;
		return 0;
	}
	(void)snprintf(allowed, sizeof(allowed), "%g..%g", min, max);
	return refuse(error, word, value, allowed);
}

static int get_bool(const char *word, const char *value, bool *ret, char error[OPTIONS_TEXT_SIZE])
{
	int v, rc = get_int(word, value, 0, 1, &v, error);

	if (rc == 0)
		*ret = v != 0;
	return rc;
}

static int get_text(const char *word, const char *value, char ret[OPTIONS_LABEL_SIZE],
	char error[OPTIONS_TEXT_SIZE])
{
	if (!*value || strlen(value) >= OPTIONS_LABEL_SIZE)
		return refuse(error, word, value, "1..127 bytes");
	(void)str_copy(ret, OPTIONS_LABEL_SIZE, value);
	return 0;
}

static int get_servo(
	const char *word, const char *value, enum options_servo *ret, char error[OPTIONS_TEXT_SIZE])
{
	if (strcasecmp(value, "ntpshm") == 0)
		*ret = OPTIONS_NTPSHM;
	else if (strcasecmp(value, "refclock_sock") == 0)
		*ret = OPTIONS_REFCLOCK_SOCK;
	else
		return refuse(error, word, value, "ntpshm, refclock_sock; phc2shm steers no clock");
	return 0;
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
	};

	*ret_item = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			*ret_item = table[i].item;
	switch (*ret_item) {
	case OPTIONS_ITEM_SERVO:
		return get_servo(name, value, &o->servo, error);
	case OPTIONS_ITEM_SEGMENT:
		return get_int(name, value, 0, SEGMENT_MAX, &o->segment, error);
	case OPTIONS_ITEM_SOCK_ADDRESS:
		return get_text(name, value, o->sock_address, error);
	case OPTIONS_ITEM_LEVEL:
		return get_int(name, value, 0, 7, &o->level, error);
	case OPTIONS_ITEM_TAG:
		o->has_tag = true;
		return get_text(name, value, o->tag, error);
	case OPTIONS_ITEM_VERBOSE:
		return get_bool(name, value, &o->verbose, error);
	case OPTIONS_ITEM_SYSLOG:
		return get_bool(name, value, &o->syslog, error);
	case OPTIONS_ITEM_FREE_RUNNING:
		return get_bool(name, value, &o->free_running, error);
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
		return refuse(error, "-c", value,
			"CLOCK_REALTIME; samples are stamped with the system clock only");
	(void)str_copy(o->sink, sizeof(o->sink), value);
	return 0;
}

static int set_source(struct options *o, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	if (strcasecmp(value, "CLOCK_REALTIME") == 0)
		return refuse(error, "-s", value, "a PTP clock: device, interface or clock name");
	return get_text("-s", value, o->source, error);
}

static int needs_ptp4l(int c, char error[OPTIONS_TEXT_SIZE])
{
	(void)snprintf(error, OPTIONS_TEXT_SIZE,
		"-%c needs the management socket of ptp4l, which phc2shm does not speak to: name "
		"the source with -s and its time scale with -O",
		c);
	return -ENOTSUP;
}

/* Options that only say where or how to log. */
static int set_log_option(
	struct options *o, int c, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	switch (c) {
	case 'l':
		o->given |= OPTIONS_ITEM_LEVEL;
		return get_int("-l", value, 0, 7, &o->level, error);
	case 't':
		o->given |= OPTIONS_ITEM_TAG;
		o->has_tag = true;
		return get_text("-t", value, o->tag, error);
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
	int rc = value ? get_double(word, value, 0, HUGE_VAL, &number, error) : 0;

	if (rc == 0)
		ignore(o, word);
	return rc;
}

static int set_summary(struct options *o, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	int n = 0, rc = get_int("-u", value, 0, INT_MAX, &n, error);

	o->summary = (unsigned int)n;
	return rc;
}

static int set_option(struct options *o, int c, const char *value, char error[OPTIONS_TEXT_SIZE])
{
	switch (c) {
	case 'E':
		o->given |= OPTIONS_ITEM_SERVO;
		return get_servo("-E", value, &o->servo, error);
	case 'i': /* the old word */
	case 's':
		return set_source(o, value, error);
	case 'c':
		return set_sink(o, value, error);
	case 'f':
		return get_text("-f", value, o->config, error);
	case 'O':
		return get_int("-O", value, -INT_MAX, INT_MAX, &o->offset_s, error);
	case 'M':
		o->given |= OPTIONS_ITEM_SEGMENT;
		return get_int("-M", value, 0, SEGMENT_MAX, &o->segment, error);
	case 'R':
		return get_double("-R", value, RATE_MIN_HZ, RATE_MAX_HZ, &o->rate_hz, error);
	case 'N':
		return get_int("-N", value, 1, READINGS_MAX, &o->readings, error);
	case 'u':
		return set_summary(o, value, error);
	case 'l':
	case 't':
	case 'm':
	case 'q':
		return set_log_option(o, c, value, error);
	case 'd':
		return refuse(error, "-d", value, "nothing: pulses cannot be read yet");
	case 'a':
	case 'r':
	case 'w':
	case 'n':
	case 'z':
		return needs_ptp4l(c, error);
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
	      " -E SERVO    ntpshm (default) or refclock_sock\n"
	      " -s CLOCK    PTP clock: device, interface or clock name\n"
	      " -c CLOCK    CLOCK_REALTIME, which the samples are stamped with\n"
	      " -O SECONDS  system clock minus PTP clock: 0 for UTC (default), -37 for TAI\n"
	      " -M UNIT     NTP SHM unit (0)\n"
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
	      "             --refclock_sock_address=PATH (/var/run/refclock.ptp.sock)\n\n"
	      " -P -I -S -F -L -x are accepted and have no effect: no clock is steered.\n"
	      " -a -r -w -n -z -d are refused.\n",
		f);
}
