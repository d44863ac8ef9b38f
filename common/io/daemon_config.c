/* SPDX-License-Identifier: MIT */
#include "common/io/daemon_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/cfgload.h"

const struct directive *daemon_directives(const struct stage *stage)
{
	static const struct directive none[1];

	return stage->directives ? stage->directives : none;
}

static void tell_line(void *arg, enum directive_result result, bool soft, const char *text)
{
	struct daemon *d = arg;

	if (result != DIRECTIVE_IGNORED && !d->config_error[0])
		(void)snprintf(d->config_error, sizeof(d->config_error), "%s", text);
	if (d->options.action != ACTION_RUN)
		fprintf(stderr, "%s\n", text);
	else if (result == DIRECTIVE_IGNORED)
		log_notice("%s", text);
	else if (soft)
		log_warnx("%s; this source is off", text);
	else
		log_errx("%s", text);
}

/* A missing file is an error only if it was asked for by name. */
static const char *file_to_read(const struct daemon *d)
{
	if (!d->options.file_given && access(d->options.file, F_OK) < 0 && errno == ENOENT) {
		log_notice("no %s: defaults are used", d->options.file);
		return NULL;
	}
	return d->options.file;
}

static int load(struct daemon *d, void *config, struct cfg_report *report)
{
	const char *file = file_to_read(d);
	int r;

	d->config_error[0] = '\0';
	*report = (struct cfg_report){.line = tell_line, .arg = d};
	r = cfg_load(daemon_directives(d->stage), config, file, d->options.directives, report);
	if (r < 0) {
		char text[DAEMON_PATH_MAX + 80];

		(void)snprintf(text, sizeof(text), "configuration %s cannot be read: %s",
			file ? file : "from arguments", strerror(-r));
		tell_line(d, DIRECTIVE_WRONG, false, text);
		return r;
	}
	return report->errors ? -EINVAL : 0;
}

int daemon_config_load(struct daemon *d, void **ret_config)
{
	struct cfg_report report;
	void *config = calloc(1, d->stage->config_size + 1);
	int r = -ENOMEM;

	if (config)
		r = load(d, config, &report);
	if (r < 0)
		free(config);
	else
		*ret_config = config;
	return r;
}

void daemon_config_adopt(struct daemon *d, void *config)
{
	free(d->config);
	d->config = config;
	(void)snprintf(d->digest, sizeof(d->digest), "%016" PRIx64,
		directive_digest(daemon_directives(d->stage), config));
}

static void print_line(void *arg, const char *line)
{
	(void)arg;
	puts(line);
}

int daemon_config_action(struct daemon *d)
{
	const struct directive *table = daemon_directives(d->stage);
	struct cfg_report report;
	void *config;
	int r;

	if (d->options.action == ACTION_MANUAL) {
		directive_manual(table, print_line, NULL);
		return DAEMON_EXIT_OK;
	}
	config = calloc(1, d->stage->config_size + 1);
	if (!config)
		return DAEMON_EXIT_ENVIRONMENT;
	r = load(d, config, &report);
	if (r == 0 && d->options.action == ACTION_DUMP)
		directive_dump(table, config, false, print_line, NULL);
	free(config);
	/* A source that is left out does not stop the daemon, but a check has found it wrong. */
	if (r == 0 && d->options.action == ACTION_CHECK && report.sources_off)
		return DAEMON_EXIT_CONFIG;
	return r < 0 ? DAEMON_EXIT_CONFIG : DAEMON_EXIT_OK;
}

static int reload_refused(
	struct daemon *d, int result, char *reply, size_t reply_size, const char *why)
{
	(void)snprintf(reply, reply_size, "%s", why);
	host_event(&d->host, EVENT_config_error, NULL, 0, "the old configuration stays: %s", why);
	return result;
}

int daemon_config_reload(struct daemon *d, char *reply, size_t reply_size)
{
	void *config;
	int r;

	if (!d->stage->reload)
		return reload_refused(d, -EOPNOTSUPP, reply, reply_size,
			"a changed configuration needs a restart of this daemon");
	r = daemon_config_load(d, &config);
	if (r < 0)
		return reload_refused(d, r, reply, reply_size,
			d->config_error[0] ? d->config_error : strerror(-r));
	r = d->stage->reload(d->state, config);
	if (r < 0) {
		free(config);
		return reload_refused(d, r, reply, reply_size, strerror(-r));
	}
	daemon_config_adopt(d, config);
	if (d->config_error[0])
		host_event(&d->host, EVENT_config_error, NULL, 0, "%s", d->config_error);
	host_event(&d->host, EVENT_reloaded, NULL, 0, "configuration %s in force", d->digest);
	d->hello_due = true;
	d->status_seen = (struct ts_raw){0};
	(void)snprintf(reply, reply_size, "reloaded, digest %s", d->digest);
	return 0;
}
