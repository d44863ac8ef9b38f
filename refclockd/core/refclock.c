/* SPDX-License-Identifier: MIT */
#include "refclockd/core/refclock_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "refclockd/core/against.h"
#include "refclockd/core/pulse.h"
#include "refclockd/core/sanity.h"

#define FILTER_LEAST 4

static int64_t poll_interval_ns(const struct refclock *rc)
{
	return sanity_interval_ns(rc->config.poll);
}

static struct ts_raw after(struct ts_raw now, int64_t ns)
{
	return ts_raw_add(now, (struct ts_dur){ns});
}

static void set_error(struct refclock *rc, const char *text)
{
	(void)snprintf(rc->error, sizeof(rc->error), "%s", text);
}

void refclock_init(struct refclock *rc, const struct refclock_config *config, struct ts_raw now)
{
	memset(rc, 0, sizeof(*rc));
	rc->config = *config;
	if (rc->config.lock.rate < 1)
		rc->config.lock.rate = 1;
	filter_init(&rc->filter, rc->config.filter);
	rc->state = source_state_waiting;
	rc->leap = leap_unsync;
	rc->retry_s = REFCLOCK_RETRY_MIN_S;
	rc->next_open = now;
	rc->next_read = TS_RAW_NEVER;
	rc->next_poll = after(now, poll_interval_ns(rc));
	rc->out_source = true;
}

void refclock_on_opened(struct refclock *rc, struct ts_raw now, const char *address)
{
	bool news = rc->state == source_state_missing || rc->state == source_state_failed;

	rc->open = true;
	rc->was_open = true;
	rc->errors = 0;
	rc->retry_s = REFCLOCK_RETRY_MIN_S;
	rc->next_open = TS_RAW_NEVER;
	rc->next_read = rc->config.polled ? now : TS_RAW_NEVER;
	rc->has_last = false;
	rc->jump_readings = 0;
	rc->missed = 0;
	rc->lag_ns = 0;
	filter_init(&rc->filter, rc->config.filter);
	rc->state = rc->heard ? source_state_unreachable : source_state_waiting;
	set_error(rc, "");
	(void)snprintf(rc->address, sizeof(rc->address), "%s", address);
	rc->out_source = true;
	if (news) {
		char text[REFCLOCK_TEXT_SIZE];

		(void)snprintf(text, sizeof(text), "%s is there", rc->address);
		refclock_tell(rc, EVENT_source_found, 0, text);
	}
}

void refclock_on_news(struct refclock *rc, const char *address)
{
	if (!rc->open)
		return;
	(void)snprintf(rc->address, sizeof(rc->address), "%s", address);
	refclock_tell(rc, EVENT_source_changed, 0, rc->address);
}

/* Not open, and why; the next try comes after a pause that grows. */
static void lose(struct refclock *rc, struct ts_raw now, int error, const char *text)
{
	bool missing = error == -ENODEV || error == -ENOENT || error == -ENXIO;
	enum source_state state = missing ? source_state_missing : source_state_failed;

	if (rc->state != state || strcmp(rc->error, text) != 0) {
		rc->state = state;
		set_error(rc, text);
		refclock_tell(rc, missing ? EVENT_source_missing : EVENT_source_failed, 0, text);
	}
	rc->open = false;
	rc->address[0] = '\0';
	rc->next_read = TS_RAW_NEVER;
	rc->next_open = after(now, rc->retry_s * NS_PER_S);
	rc->retry_s =
		rc->retry_s * 2 < REFCLOCK_RETRY_MAX_S ? rc->retry_s * 2 : REFCLOCK_RETRY_MAX_S;
}

void refclock_on_open_failed(struct refclock *rc, struct ts_raw now, int error, const char *text)
{
	lose(rc, now, error, text);
}

/*
 * A segment's reading is stamped by who writes it, and is as old as we come late: up to a whole
 * period for nothing but the phase we happened to start with, in which the bound grows and the
 * clock is steered by old news. So the next is looked for a share of the period after it is due,
 * and later by that share if nothing is there: the writer may take its time. How long it took is
 * remembered for some dozen readings. Near a whole period there is nothing to be gained.
 */
#define LAG_SHARE  8
#define LAG_MEMORY 64

static void follow_writer(
	struct refclock *rc, struct ts_raw now, const struct refclock_reading *reading)
{
	int64_t period_ns = sanity_interval_ns(rc->config.dpoll), step_ns = period_ns / LAG_SHARE;
	int64_t late_ns = ts_raw_sub(now, reading->raw).ns;

	rc->lag_ns -= rc->lag_ns / LAG_MEMORY;
	if (!rc->config.polled || late_ns > 2 * period_ns || late_ns < rc->lag_ns + step_ns ||
		rc->lag_ns + step_ns >= period_ns)
		return;
	rc->next_read = after(reading->raw, period_ns + rc->lag_ns + step_ns / 2);
	if (ts_raw_before(rc->next_read, now)) /* its successor may be under way */
		rc->next_read = after(now, period_ns - step_ns);
}

static void writer_is_later(struct refclock *rc, struct ts_raw now)
{
	int64_t period_ns = sanity_interval_ns(rc->config.dpoll), step_ns = period_ns / LAG_SHARE;
	int64_t age_ns = ts_raw_sub(now, rc->last_valid).ns;

	/* only where one was just due: silence is nobody's lag */
	if (!rc->config.polled || rc->valid == 0 || age_ns > 2 * period_ns ||
		rc->lag_ns + step_ns >= period_ns)
		return;
	rc->lag_ns += step_ns;
	rc->next_read = after(now, step_ns);
}

void refclock_on_read_failed(struct refclock *rc, struct ts_raw now, int error, const char *text)
{
	if (error == -EAGAIN && rc->config.edges && rc->open && pulse_missed(rc, now)) {
		rc->state = source_state_unreachable;
		set_error(rc, "no pulses");
		refclock_tell(rc, EVENT_source_unreachable, 0, rc->error);
	}
	if (error == -EAGAIN && !rc->config.edges)
		writer_is_later(rc, now);
	if (error == -EAGAIN || error == -EBUSY)
		return;
	if (error != -ENODEV && ++rc->errors < REFCLOCK_ERRORS_MAX)
		return;
	rc->out_close = true;
	lose(rc, now, error, text);
}

static void become_reachable(struct refclock *rc, struct ts_raw now)
{
	char text[REFCLOCK_TEXT_SIZE];

	rc->good_in_poll = true;
	if (rc->state == source_state_reachable)
		return;
	(void)snprintf(text, sizeof(text), "%s gives time", rc->address);
	refclock_tell(rc, EVENT_source_reachable, 0, text);
	rc->state = source_state_reachable;
	rc->heard = true;
	set_error(rc, "");
	rc->reach = rc->reach << 1 | 1;
	rc->good_in_poll = false;
	rc->next_poll = after(now, poll_interval_ns(rc));
}

static void tell_jump(struct refclock *rc, int64_t jump_ns)
{
	char text[REFCLOCK_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "its time jumped by %.3f s and stays there",
		(double)jump_ns * 1e-9);
	refclock_tell(rc, EVENT_source_changed, jump_ns, text);
}

/* Into the filter instead of onto the bus. */
static void hold_back(struct refclock *rc, const struct refclock_reading *r)
{
	struct filter_point p = {r->raw, r->utc, r->width_ns, r->error_ns, r->bound_ns};

	rc->out_sample = false;
	filter_add(&rc->filter, &p);
}

/* What the filter makes of the poll that ends. A few readings at least, as chrony has it, but not
 * more than a poll can give. */
static void publish_filtered(struct refclock *rc, struct ts_raw now)
{
	int shift = rc->config.poll - rc->config.dpoll, least = FILTER_LEAST;
	struct refclock_reading r = rc->last;
	struct filter_point p;

	if (least > rc->filter.length)
		least = rc->filter.length;
	if (shift < 2 && least > 1 << shift)
		least = 1 << shift;
	if (filter_take(&rc->filter, least, r.pulse, &p) < 0)
		return;
	r.raw = p.raw;
	r.utc = p.utc;
	r.width_ns = p.width_ns;
	r.error_ns = p.error_ns;
	r.bound_ns = p.bound_ns;
	refclock_fill_sample(rc, now, &r, reject_ok);
}

/* Told at each change; back to 0 is for selectd to tell. */
static enum reject check_seconds(struct refclock *rc, const struct refclock_reading *reading)
{
	int64_t seconds = against_seconds(rc, reading);
	char text[REFCLOCK_TEXT_SIZE];

	if (seconds != 0 && seconds != rc->seconds_off) {
		against_explain(rc, seconds, text);
		refclock_tell(rc, EVENT_falseticker, seconds * NS_PER_S, text);
	}
	rc->seconds_off = seconds;
	return against_verdict(rc, seconds);
}

void refclock_on_reading(struct refclock *rc, struct ts_raw now, const struct refclock_reading *got)
{
	struct refclock_reading numbered = *got, *reading = &numbered;
	int64_t jump_ns;
	enum reject why;

	if (!rc->open)
		return;
	pulse_number(rc, reading);
	reading->leap = sanity_leap(rc, reading);
	why = sanity_check(rc, now, reading, &jump_ns);
	if (why == reject_ok)
		why = check_seconds(rc, reading);
	if (rc->config.edges)
		pulse_schedule(rc, now, reading);
	else
		follow_writer(rc, now, reading);
	rc->errors = 0;
	rc->received++;
	refclock_fill_sample(rc, now, reading, why);
	if (jump_ns != 0)
		tell_jump(rc, jump_ns);
	if (why != reject_format && why != reject_duplicate) {
		rc->valid++;
		rc->last_valid = (struct ts_raw){rc->sample.raw_ns};
		rc->last_width_ns = rc->sample.delay_ns;
	}
	if (rc->leap != reading->leap && why != reject_format) {
		rc->leap = reading->leap;
		rc->out_source = true;
	}
	rc->last_reject = why;
	if (why != reject_ok)
		return;
	rc->good++;
	if (rc->config.filter > 0)
		hold_back(rc, reading);
	become_reachable(rc, now);
}

void refclock_set_leaps(struct refclock *rc, const struct leaplist *leaps)
{
	rc->leaps = leaps;
}

static void explain_waiting(struct refclock *rc)
{
	if (rc->received == 0 || rc->last_reject == reject_ok)
		set_error(rc, "no reading yet");
	else
		(void)snprintf(rc->error, sizeof(rc->error), "its readings are rejected: %s",
			msg_word_reject(rc->last_reject));
}

static void finish_poll(struct refclock *rc, struct ts_raw now)
{
	rc->reach = (rc->reach << 1 | (rc->good_in_poll ? 1u : 0u)) & 0xff;
	rc->good_in_poll = false;
	if (rc->config.filter > 0)
		publish_filtered(rc, now);
	rc->next_poll = after(rc->next_poll, poll_interval_ns(rc));
	if (!ts_raw_before(now, rc->next_poll))
		rc->next_poll = after(now, poll_interval_ns(rc));
	rc->out_source = true;
	if (rc->state == source_state_waiting)
		explain_waiting(rc);
	if (rc->state != source_state_reachable || rc->reach != 0)
		return;
	rc->state = source_state_unreachable;
	(void)snprintf(rc->error, sizeof(rc->error), "no good reading in eight polls%s%s",
		rc->last_reject == reject_ok ? "" : "; the last one was rejected: ",
		rc->last_reject == reject_ok ? "" : msg_word_reject(rc->last_reject));
	refclock_tell(rc, EVENT_source_unreachable, 0, rc->error);
}

static void ask_reading(struct refclock *rc, struct ts_raw now)
{
	int64_t period_ns = sanity_interval_ns(rc->config.dpoll);
	int64_t late_ns = ts_raw_sub(now, rc->next_read).ns;

	rc->polls++;
	rc->out_read = true;
	rc->next_read = after(rc->next_read, (late_ns / period_ns + 1) * period_ns);
}

void refclock_on_deadline(struct refclock *rc, struct ts_raw now)
{
	if (!ts_raw_before(now, rc->next_poll))
		finish_poll(rc, now);
	if (!rc->open && !ts_raw_before(now, rc->next_open)) {
		rc->out_open = true;
		/* until the shell says how it went */
		rc->next_open = after(now, REFCLOCK_RETRY_MAX_S * NS_PER_S);
	}
	if (rc->open && !ts_raw_before(now, rc->next_read))
		ask_reading(rc, now);
}

struct ts_raw refclock_deadline(const struct refclock *rc)
{
	struct ts_raw t = rc->next_poll;

	return ts_raw_min(t, rc->open ? rc->next_read : rc->next_open);
}

void refclock_verdict(struct refclock *rc, const struct msg_verdict *v)
{
	learned_keep(&rc->learned, v);
}
