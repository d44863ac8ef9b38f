/* SPDX-License-Identifier: MIT */
#include "common/io/stage_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define VALUE_MAX INT64_C(4000000000000000000) /* TB_DUR_MAX of schema.def */

struct loop *host_loop(struct stage_host *host)
{
	return host->loop;
}

struct door *host_door(struct stage_host *host)
{
	return host->door;
}

const char *host_run_dir(const struct stage_host *host)
{
	return host->run_dir;
}

const char *host_state_dir(const struct stage_host *host)
{
	return host->state_dir;
}

int host_take_fd(struct stage_host *host, const char *name, unsigned int index)
{
	return host->ops->take_fd ? host->ops->take_fd(host->arg, name, index) : -ENOENT;
}

bool host_connected(const struct stage_host *host, const char *publisher)
{
	return !host->ops->connected || host->ops->connected(host->arg, publisher);
}

void host_publish(struct stage_host *host, const struct msg *m)
{
	if (m->kind != MSG_event && !(host->stage->publishes & (1u << m->kind))) {
		log_errx(
			"%s does not declare messages of kind %d", host->stage->name, (int)m->kind);
		return;
	}
	host->ops->publish(host->arg, m);
}

static void printable(char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
	}
}

static void log_event(const struct msg_event *e)
{
	static const enum log_level levels[severity_count] = {
		[severity_info] = LOG_LEVEL_INFO,
		[severity_notice] = LOG_LEVEL_NOTICE,
		[severity_warning] = LOG_LEVEL_WARN,
		[severity_error] = LOG_LEVEL_ERR,
	};

	log_at(levels[e->severity], "%s: %s%s%s", e->code, e->source, e->source[0] ? ": " : "",
		e->text);
}

void host_event(struct stage_host *host, enum event_code code, const char *source, int64_t value_ns,
	const char *format, ...)
{
	struct msg m = {.kind = MSG_event};
	struct msg_event *e = &m.u.event;
	va_list args;

	(void)snprintf(e->code, sizeof(e->code), "%s", event_word(code));
	(void)snprintf(e->source, sizeof(e->source), "%s", source ? source : "");
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	printable(e->source);
	printable(e->text);
	e->severity = event_severity(code);
	e->raw_ns = door_raw(host->door).ns;
	e->value_ns = value_ns > VALUE_MAX ? VALUE_MAX : value_ns;
	if (value_ns < -VALUE_MAX)
		e->value_ns = -VALUE_MAX;
	log_event(e);
	host_publish(host, &m);
}

uint64_t host_seed(struct stage_host *host)
{
	const char *fixed = getenv("TIMEBUS_TEST_SEED");
	uint64_t seed = UINT64_C(0xcbf29ce484222325);

	if (!fixed) {
		if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
			return seed;
		return (uint64_t)door_raw(host->door).ns;
	}
	/* Mixed with the name, so that stages do not roll the same dice. FNV-1a. */
	for (const char *c = host->stage->name; *c; c++)
		seed = (seed ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return seed ^ strtoull(fixed, NULL, 0);
}
