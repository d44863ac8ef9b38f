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
	out->publish = out->clear = out->close = false;
	out->leap = 0;
	out->level = BRIDGE_LOG_NONE;
	out->line[0] = '\0';
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
	b->errors = b->busy = 0;
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
	if (error == -EBUSY && ++b->busy < BRIDGE_ERRORS_MAX)
		return;
	ret->clear = true;
	enter(b, error == -ENODEV ? BRIDGE_MISSING : BRIDGE_FAILING, why, ret);
	if (error == -EBUSY)
		return;
	if (error != -ENODEV && ++b->errors < BRIDGE_ERRORS_MAX)
		return;
	ret->close = true;
	retry_later(b, now_ns);
}

static void report(struct bridge *b, int64_t offset_ns, int64_t delay_ns, struct bridge_out *out)
{
	if (b->config.silent)
		return;
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

void bridge_on_waiting(struct bridge *b, int64_t now_ns, struct bridge_out *ret)
{
	nothing(ret);
	ret->clear = true;
	b->has_last = false;
	if (b->state == BRIDGE_WAITING && now_ns < b->next_waiting_ns)
		return;
	b->state = BRIDGE_WAITING;
	b->next_waiting_ns = ts_sat_add(now_ns, BRIDGE_WAITING_S * NS_PER_S);
	ret->level = BRIDGE_LOG_NOTICE;
	(void)snprintf(ret->line, sizeof(ret->line), "Waiting for ptp4l...");
}

void bridge_set_scale(struct bridge *b, int offset_s, int leap)
{
	b->config.scale.leap = leap;
	if (!b->config.scale.fixed)
		b->config.scale.offset_s = offset_s;
}

/* What keeps a reading from being given on. False: nothing. */
static bool stopped(struct bridge *b, const struct phc_best *best, struct bridge_out *out)
{
	bool repeats = b->has_last && best->phc_ns == b->last_phc_ns;

	b->has_last = true;
	b->last_phc_ns = best->phc_ns;
	if (repeats) {
		enter(b, BRIDGE_FROZEN, "the clock repeats itself; nothing is published", out);
	} else if (best->phc_ns < BRIDGE_SET_NS) {
		enter(b, BRIDGE_UNSET,
			"the clock is not set: it shows a time before 2020; nothing "
			"is published",
			out);
	} else if (b->state == BRIDGE_FROZEN) {
		/* A reading after a repetition may be the next step of a clock that crawls: the
		 * one after it tells. */
		b->state = BRIDGE_FAILING;
		return true;
	} else {
		return false;
	}
	out->clear = true;
	return true;
}

static void give_on(struct bridge *b, const struct phc_best *best, struct bridge_out *out)
{
	struct scale_now scale = scale_at(&b->config.scale, best->phc_ns);
	bool was_running = b->state == BRIDGE_RUNNING;

	if (scale.suspended) {
		out->clear = true;
		out->level = BRIDGE_LOG_INFO;
		(void)snprintf(
			out->line, sizeof(out->line), "clock update suspended due to leap second");
		return;
	}
	out->publish = true;
	out->leap = scale.leap;
	out->receive.ns = best->system_ns;
	out->reference.ns = ts_sat_add(best->phc_ns, scale.offset_s * NS_PER_S);
	if (was_running)
		report(b, ts_sat_sub(best->system_ns, out->reference.ns), best->width_ns, out);
	else
		enter(b, BRIDGE_RUNNING, "the clock gives time", out);
}

void bridge_on_reading(struct bridge *b, const struct phc_best *best, struct bridge_out *ret)
{
	nothing(ret);
	b->errors = b->busy = 0;
	b->retry_s = 1;
	if (!stopped(b, best, ret))
		give_on(b, best, ret);
}
