/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/io/leapfile.h"
#include "common/io/privilege.h"
#include "common/io/shadow.h"
#include "disciplined/actuator.h"
#include "disciplined/config.h"
#include "disciplined/disciplined.h"
#include "disciplined/driftio.h"
#include "disciplined/keeper.h"
#include "disciplined/pagefill.h"
#include "disciplined/report.h"

struct disciplined {
	struct stage_host *host;
	const struct disciplined_config *config;
	struct door *door;
	struct actuator *actuator;
	struct shadow_writer
		*page; /* NULL: it cannot be written; the clock is steered all the same */
	struct discipline core;
	struct leaplist leaplist;
	struct keeper keeper;
};

static void tell(struct disciplined *s, const struct discipline_out *out)
{
	for (int i = 0; i < out->notes; i++)
		host_event(s->host, out->note[i].code, NULL, out->note[i].value_ns, "%s",
			out->note[i].text);
}

static int tai_now_s(const struct disciplined *s)
{
	if (!leaplist_good(&s->leaplist, s->core.model.clock))
		return 0;
	return leaplist_tai_s(&s->leaplist, s->core.model.clock);
}

/* In this order: a step makes the kernel forget its status. */
static int act(struct disciplined *s, const struct discipline_action *a)
{
	struct actuator *actuator = s->actuator;
	int rc = 0;

	if (a->step)
		rc = actuator->ops->step(actuator, a->step_ns);
	if (rc == 0 && a->rate)
		rc = actuator->ops->set_rate(actuator, a->command_ppb, a->base_ppb, a->until);
	if (rc == 0 && a->status)
		rc = actuator->ops->set_status(actuator, &a->told, tai_now_s(s));
	return rc;
}

static void fill_line(
	const struct disciplined *s, const struct msg_clock *clock, struct shadow_line *line)
{
	bool own_line = s->actuator->ops->line != NULL;

	memset(line, 0, sizeof(*line));
	if (own_line)
		s->actuator->ops->line(s->actuator, s->core.model.raw, line);
	pagefill_line(&s->core, clock, own_line, tai_now_s(s), line);
}

static void publish(struct disciplined *s)
{
	struct msg m = {.kind = MSG_clock};
	struct shadow_line line;

	discipline_clock(&s->core, &m.u.clock);
	if (s->page != NULL) {
		fill_line(s, &m.u.clock, &line);
		shadow_writer_publish(s->page, &line);
	}
	host_publish(s->host, &m);
}

/* What is due at now; TS_RAW_NEVER: everything. */
static void keep(struct disciplined *s, struct ts_raw now)
{
	struct shadow_line line;
	struct msg_clock clock;

	discipline_clock(&s->core, &clock);
	fill_line(s, &clock, &line);
	keeper_save(&s->keeper, &s->core, &line, now);
}

/* What every turn ends with. The clock first, words after it. */
static void finish(struct disciplined *s, struct discipline_out *out)
{
	struct discipline_result result = {0};

	if (out->act.step || out->act.rate || out->act.status) {
		result.error = act(s, &out->act);
		s->actuator->ops->read(s->actuator, &result.after);
		discipline_applied(&s->core, &result, out);
	}
	if (out->publish)
		publish(s);
	tell(s, out);
}

static void look(struct disciplined *s, struct clk_reading *ret)
{
	s->actuator->ops->read(s->actuator, ret);
}

/* ---- files ---- */

static void leaplist_load(struct disciplined *s)
{
	const char *path = s->config->leapseclist;
	int rc;

	memset(&s->leaplist, 0, sizeof(s->leaplist));
	if (path[0] == '\0')
		return;
	rc = leapfile_load(path, &s->leaplist);
	if (rc < 0)
		host_event(s->host, EVENT_config_error, NULL, 0, "leapseclist %s: %s", path,
			rc == -EBADMSG ? "not a list of leap seconds" : strerror(-rc));
}

/* The list speaks for the day that the clock shows. */
static void leaplist_use(struct disciplined *s, struct ts_utc now)
{
	discipline_leaplist(
		&s->core, leaplist_good(&s->leaplist, now), leaplist_announces(&s->leaplist, now));
}

/* ---- start ---- */

static int realtime_allowed(void)
{
	const char *forbidden = getenv("TIMEBUS_TEST_NO_REALTIME");

	if (forbidden == NULL || strcmp(forbidden, "1") != 0)
		return 0;
	log_errx("clock realtime is refused: TIMEBUS_TEST_NO_REALTIME=1 is set");
	return -EPERM;
}

static int page_open(struct disciplined *s, bool needed)
{
	int rc = shadow_writer_open(host_run_dir(s->host), &s->page);

	if (rc == 0)
		return 0;
	log_at(needed ? LOG_LEVEL_ERR : LOG_LEVEL_WARN, "%s/%s: %s%s", host_run_dir(s->host),
		SHADOW_FILE, strerror(-rc),
		needed ? "" : "; the clock is steered without telling applications");
	s->page = NULL;
	return needed ? rc : 0;
}

static struct actuator *new_shadow(struct disciplined *s, const struct shadow_line *former)
{
	struct door_pair pair = door_pair(s->door);
	struct shadow_line line = {.bend_raw_ns = SHADOW_NEVER, .leap_raw_ns = SHADOW_NEVER};

	if (former != NULL)
		return actuator_shadow_new(s->door, former);
	line.raw_ns = pair.raw.ns;
	line.utc_ns = ts_sat_add(pair.real.ns, ts_dur_from_s(s->config->shadowoffset_s).ns);
	return actuator_shadow_new(s->door, &line);
}

static int begin(struct disciplined *s)
{
	bool shadow = s->config->clock == CONFIG_CLOCK_SHADOW;
	struct discipline_start start = {.until = TS_RAW_NEVER};
	struct discipline_policy policy;
	struct shadow_line former;
	uint32_t mode = shadow ? SHADOW_MODE_SHADOW : SHADOW_MODE_REALTIME;
	struct ts_raw now = door_raw(s->door);
	bool found = s->page != NULL && shadow_writer_former(s->page, now, &former) == 0 &&
		     former.mode == mode;

	if (!found)
		found = keeper_former(&s->keeper, now, mode, &former);
	if (shadow)
		s->actuator = new_shadow(s, found ? &former : NULL);
	else
		s->actuator = actuator_kernel_new(s->door, s->config->rtcsync);
	if (s->actuator == NULL)
		return -ENOMEM;
	look(s, &start.reading);
	if (found)
		pagefill_continue(&former, &start.reading, &start);
	else
		keeper_rate(&s->keeper, &start);
	start.wander_ppb = keeper_wander_ppb(&s->keeper);
	config_policy(s->config, &policy);
	discipline_init(&s->core, &policy, &start);
	return 0;
}

static int disciplined_start(void *state, const void *config, struct stage_host *host)
{
	struct disciplined *s = state;
	struct discipline_out out;
	struct clk_reading now;
	bool shadow;
	int rc;

	s->host = host;
	s->config = config;
	s->door = host_door(host);
	shadow = s->config->clock == CONFIG_CLOCK_SHADOW;
	rc = shadow ? privilege_drop_time() : realtime_allowed();
	if (rc < 0)
		return rc;
	keeper_start(&s->keeper, host, s->config, door_raw(s->door));
	rc = page_open(s, shadow);
	if (rc == 0)
		rc = begin(s);
	if (rc < 0) {
		shadow_writer_close(&s->page);
		return rc;
	}
	leaplist_load(s);
	look(s, &now);
	leaplist_use(s, now.clock);
	discipline_on_deadline(&s->core, &now, &out);
	out.publish = true;
	finish(s, &out);
	return 0;
}

static void disciplined_stop(void *state)
{
	struct disciplined *s = state;
	struct discipline_out out;
	struct clk_reading now;

	look(s, &now);
	discipline_stop(&s->core, &now, &out);
	finish(s, &out);
	keep(s, TS_RAW_NEVER);
	s->actuator->ops->destroy(s->actuator);
	shadow_writer_close(&s->page);
}

static int disciplined_reload(void *state, const void *config)
{
	struct disciplined *s = state;
	const struct disciplined_config *new = config;
	struct discipline_policy policy;

	if (new->clock != s->config->clock || new->rtcsync != s->config->rtcsync) {
		log_errx("clock and rtcsync change only with a restart");
		return -EINVAL;
	}
	s->config = new;
	config_policy(new, &policy);
	discipline_reload(&s->core, &policy);
	leaplist_load(s);
	keeper_reload(&s->keeper, new, s->core.model.raw);
	return 0;
}

/* ---- turns ---- */

static void disciplined_message(void *state, const struct msg *m)
{
	struct disciplined *s = state;
	struct discipline_out out;
	struct clk_reading now;

	if (m->kind == MSG_estimate) {
		look(s, &now);
		leaplist_use(s, now.clock);
		discipline_on_estimate(&s->core, m, &now, &out);
		finish(s, &out);
	} else if (m->kind == MSG_event && !m->env.snapshot &&
		   strcmp(m->u.event.code, event_word(EVENT_disruption)) == 0) {
		look(s, &now);
		discipline_on_disruption(&s->core, &now, &out);
		finish(s, &out);
	}
}

static struct ts_raw disciplined_deadline(const void *state)
{
	const struct disciplined *s = state;

	return ts_raw_min(discipline_deadline(&s->core), keeper_deadline(&s->keeper));
}

static void disciplined_expire(void *state, struct ts_raw now)
{
	struct disciplined *s = state;

	if (!ts_raw_before(now, keeper_deadline(&s->keeper)))
		keep(s, now);
	if (!ts_raw_before(now, discipline_deadline(&s->core))) {
		struct discipline_out out;
		struct clk_reading reading;

		look(s, &reading);
		leaplist_use(s, reading.clock);
		discipline_on_deadline(&s->core, &reading, &out);
		finish(s, &out);
	}
}

static void disciplined_status(const void *state, char *text, size_t text_size)
{
	const struct disciplined *s = state;

	report_line(&s->core, text, text_size);
}

static int control_makestep(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	struct disciplined *s = state;
	struct discipline_out out;
	struct clk_reading now;
	int rc;

	(void)argc;
	(void)argv;
	look(s, &now);
	rc = discipline_makestep(&s->core, &now, &out);
	if (rc < 0) {
		snprintf(reply, reply_size, "no estimate yet, or a leap second is being made");
		return rc;
	}
	finish(s, &out);
	if (s->core.denied != 0) {
		snprintf(reply, reply_size, "the clock may not be set: %s",
			strerror(-s->core.denied));
		return s->core.denied;
	}
	snprintf(reply, reply_size, "stepped by %+.9f s", (double)out.act.step_ns * 1e-9);
	return 0;
}

static int control_status(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	struct disciplined *s = state;

	(void)argc;
	(void)argv;
	report_full(&s->core, reply, reply_size);
	return 0;
}

static const struct stage_subscription subscriptions[] = {
	{"selectd", "estimate"}, {"selectd", "event."}, {NULL, NULL}};

static const struct stage_control controls[] = {
	{"makestep", "makestep", "step the clock by what is still to be slewed", control_makestep},
	{"status", "status", "state of the clock", control_status}, {NULL, NULL, NULL, NULL}};

const struct stage disciplined_stage = {
	.name = "disciplined",
	.summary = "steers a clock along the estimate",
	.sets_clock = true,
	.directives = disciplined_directives,
	.config_size = sizeof(struct disciplined_config),
	.subscriptions = subscriptions,
	.publishes = STAGE_PUBLISHES(clock),
	.controls = controls,
	.state_size = sizeof(struct disciplined),
	.start = disciplined_start,
	.stop = disciplined_stop,
	.reload = disciplined_reload,
	.message = disciplined_message,
	.deadline = disciplined_deadline,
	.expire = disciplined_expire,
	.status = disciplined_status,
};
