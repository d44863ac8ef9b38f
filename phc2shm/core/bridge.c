/* SPDX-License-Identifier: MIT */
#include "phc2shm/core/bridge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void bridge_init(struct bridge *b, const struct bridge_config *config)
{
	memset(b, 0, sizeof(*b));
	b->config = *config;
	b->state = BRIDGE_RUNNING;
	b->retry_s = 1;
}

static void nothing(struct bridge_out *out)
{
	memset(out, 0, sizeof(*out));
	out->level = BRIDGE_LOG_NONE;
}

bool bridge_wants_open(const struct bridge *b, int64_t now_ns)
{
	return !b->opened && now_ns >= b->next_open_ns;
}

static void retry_later(struct bridge *b, int64_t now_ns)
{
	b->opened = false;
	b->has_last = false;
	b->next_open_ns = ts_sat_add(now_ns, b->retry_s * NS_PER_S);
	b->retry_s = b->retry_s * 2 < BRIDGE_RETRY_MAX_S ? b->retry_s * 2 : BRIDGE_RETRY_MAX_S;
}

/* One line for each change of state, and none for its going on. */
static void enter(
	struct bridge *b, enum bridge_state state, const char *what, struct bridge_out *out)
{
	if (b->state == state)
		return;
	out->level = state == BRIDGE_RUNNING ? BRIDGE_LOG_NOTICE : BRIDGE_LOG_ERR;
	(void)snprintf(out->line, sizeof(out->line), "%.80s: %.150s", b->config.source, what);
	b->state = state;
}

void bridge_on_opened(struct bridge *b, struct bridge_out *ret)
{
	nothing(ret);
	b->opened = true;
	b->errors = 0;
}

void bridge_on_open_failed(
	struct bridge *b, int64_t now_ns, const char *why, struct bridge_out *ret)
{
	nothing(ret);
	ret->clear = true;
	enter(b, BRIDGE_MISSING, why, ret);
	retry_later(b, now_ns);
}

void bridge_on_read_failed(
	struct bridge *b, int64_t now_ns, int error, const char *why, struct bridge_out *ret)
{
	nothing(ret);
	if (error == -EBUSY)
		return;
	ret->clear = true;
	b->errors++;
	enter(b, error == -ENODEV ? BRIDGE_MISSING : BRIDGE_FAILING, why, ret);
	if (error != -ENODEV && b->errors < BRIDGE_ERRORS_MAX)
		return;
	ret->close = true;
	retry_later(b, now_ns);
}

static void report(struct bridge *b, int64_t offset_ns, int64_t delay_ns, struct bridge_out *out)
{
	if (b->config.summary == 0) {
		out->level = BRIDGE_LOG_INFO;
		line_sample(out->line, sizeof(out->line), b->config.sink, offset_ns, delay_ns);
		return;
	}
	summary_add(&b->offset, (double)offset_ns);
	summary_add(&b->delay, (double)delay_ns);
	if (b->offset.n < b->config.summary)
		return;
	out->level = BRIDGE_LOG_INFO;
	line_summary(out->line, sizeof(out->line), b->config.sink, &b->offset, &b->delay);
	memset(&b->offset, 0, sizeof(b->offset));
	memset(&b->delay, 0, sizeof(b->delay));
}

void bridge_on_reading(struct bridge *b, const struct phc_best *best, struct bridge_out *ret)
{
	int64_t correction_ns = b->config.offset_s * NS_PER_S;
	bool repeats = b->has_last && best->phc_ns == b->last_phc_ns;
	bool was_running = b->state == BRIDGE_RUNNING;

	nothing(ret);
	b->errors = 0;
	b->retry_s = 1;
	b->has_last = true;
	b->last_phc_ns = best->phc_ns;
	if (repeats) {
		ret->clear = true;
		enter(b, BRIDGE_FROZEN, "the clock repeats itself; nothing is published", ret);
		return;
	}
	/* A reading after a repetition may be the next step of a clock that crawls: the one after
	 * it tells. */
	if (b->state == BRIDGE_FROZEN) {
		b->state = BRIDGE_FAILING;
		return;
	}
	ret->publish = true;
	ret->receive.ns = best->system_ns;
	ret->reference.ns = ts_sat_add(best->phc_ns, correction_ns);
	if (was_running)
		report(b, ts_sat_sub(best->system_ns, ret->reference.ns), best->width_ns, ret);
	else
		enter(b, BRIDGE_RUNNING, "the clock gives time", ret);
}
