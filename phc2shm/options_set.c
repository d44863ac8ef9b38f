/* SPDX-License-Identifier: MIT */
/* Options by their names in linuxptp's files, and what of them has an effect here. */
#include "phc2shm/options_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/core/bytes.h"

#define SEGMENT_MAX 255

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

void options_ignore(struct options *o, const char *word)
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

int options_get_servos(
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
			options_ignore(o, ignored);
		} else {
			return options_refuse(
				error, word, value, "ntpshm, refclock_sock, both with a comma");
		}
	} while (rest);
	if (servo)
		o->servo = servo;
	return 0;
}

int options_get_segments(
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
		return options_get_servos(o, name, value, error);
	case OPTIONS_ITEM_SEGMENT:
		return options_get_segments(o, name, value, error);
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
		options_ignore(o, name);
	return 0;
}
