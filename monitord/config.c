/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "common/core/directive_args.h"
#include "monitord/config.h"

#define CFG(field)	  offsetof(struct monitord_config, field)
#define LOG_WORD(w, text) ARG_FLAG(#w, offsetof(struct monitord_log, w), text)
#define LATER(w, text)                                                                             \
	{                                                                                          \
		.word = w, .given = SIZE_MAX, .help = text, .ignored = "comes later"               \
	}

static int check_log(const void *item, char *error, size_t error_size)
{
	const struct monitord_log *l = item;

	if (l->measurements || l->rawmeasurements || l->statistics || l->tracking || l->refclocks ||
		l->selection || l->tempcomp || l->rtc)
		return 0;
	(void)snprintf(error, error_size,
		"needs at least one word (measurements, rawmeasurements, statistics, tracking, "
		"refclocks, selection, tempcomp, rtc)");
	return -1;
}

static int check_publish(const void *item, char *error, size_t error_size)
{
	const struct monitord_publish *p = &((const struct monitord_config *)item)->publish;
	bool any = !strcmp(p->allow, MONITORD_ALLOW_ANY);

	if (endpoint_check(p->endpoint, true, error, error_size) < 0)
		return -1;
	if (p->key[0] == '/' && (any || p->allow[0] == '/'))
		return 0;
	(void)snprintf(error, error_size, "needs %s (allowed: key /FILE allow /FILE, or allow any)",
		p->key[0] == '/' ? "allow" : "key, an absolute path");
	return -1;
}

const struct directive monitord_directives[] = {
	{.word = "logdir",
		.help = "directory of the log files",
		.positional = ARGS(ARG_TEXT("directory", CFG(logdir), MONITORD_PATH_SIZE, NULL,
			"where the log files are written; made if it is missing")),
		.given = SIZE_MAX},
	{.word = "log",
		.help = "which files to write; several lines add up",
		.options = ARGS(
			LOG_WORD(measurements,
				"NTP samples that passed the packet tests: measurements.log"),
			LOG_WORD(rawmeasurements, "all NTP samples: measurements.log"),
			LOG_WORD(statistics, "what is estimated of each source: statistics.log"),
			LOG_WORD(tracking, "the clock and its error bound: tracking.log"),
			LOG_WORD(refclocks, "readings of reference clocks: refclocks.log"),
			LOG_WORD(selection, "the judgement of each source: selection.log"),
			LOG_WORD(tempcomp, "accepted; nothing is written yet"),
			LOG_WORD(rtc, "accepted; nothing is written yet")),
		.item_size = sizeof(struct monitord_log),
		.list = CFG(log),
		.count = CFG(log_count),
		.max_items = MONITORD_LOG_LINES_MAX,
		.given = SIZE_MAX,
		.check = check_log},
	{.word = "logbanner",
		.help = "how often the banner is repeated",
		.positional = ARGS(ARG_INT("entries", CFG(logbanner), 0, 1000000000, "32", "",
			"rows between two banners that name the columns; 0: none")),
		.given = SIZE_MAX},
	{.word = "logchange",
		.given = SIZE_MAX,
		.help = "size of an error of the clock that makes an event",
		.ignored = "disciplined makes this event, write it into its file"},
	{.word = "publish",
		.help = "let guests of this machine hear the clock over the network, with its "
			"error",
		.positional = ARGS(ARG_TEXT("address", CFG(publish.endpoint), ENDPOINT_SIZE, NULL,
			"where to listen: tcp://ADDRESS:PORT")),
		.options = ARGS(ARG_TEXT("key", CFG(publish.key), MONITORD_PATH_SIZE, NULL,
					"own private key file, of timebus keygen"),
			ARG_TEXT("allow", CFG(publish.allow), MONITORD_PATH_SIZE, NULL,
				"file with the public keys of those who may listen, or any")),
		.given = SIZE_MAX,
		.check = check_publish},
	LATER("bindcmdaddress", "address on which chronyc is answered"),
	LATER("bindcmddevice", "network device on which chronyc is answered"),
	LATER("cmdport", "UDP port on which chronyc is answered"),
	LATER("cmdallow", "from where chronyc is answered"),
	LATER("cmddeny", "from where chronyc is not answered"),
	LATER("cmdratelimit", "how often chronyc is answered"),
	LATER("opencommands", "what chronyc may ask from elsewhere"),
	LATER("mailonchange", "mail on an error of the clock"),
	{.word = NULL},
};

struct chronylog_options monitord_log_options(const struct monitord_config *config)
{
	struct chronylog_options o = {0};

	for (int i = 0; i < config->log_count; i++) {
		const struct monitord_log *l = &config->log[i];

		o.wanted[CHRONYLOG_MEASUREMENTS] |= l->measurements || l->rawmeasurements;
		o.wanted[CHRONYLOG_STATISTICS] |= l->statistics;
		o.wanted[CHRONYLOG_TRACKING] |= l->tracking;
		o.wanted[CHRONYLOG_REFCLOCKS] |= l->refclocks;
		o.wanted[CHRONYLOG_SELECTION] |= l->selection;
		o.raw_measurements |= l->rawmeasurements;
	}
	return o;
}
