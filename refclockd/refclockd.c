/* SPDX-License-Identifier: MIT */
#include "refclockd/refclockd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"
#include "common/core/refid.h"
#include "common/io/leapfile.h"
#include "common/io/phc.h"
#include "common/io/phc_extts.h"
#include "refclockd/slot.h"

#define SCAN_INTERVAL_NS (4 * NS_PER_S) /* of /sys/class/ptp, for autophc */
/* Packages bring a new list half a year before it is needed. */
#define LEAPS_INTERVAL_NS (3600 * NS_PER_S)

struct refclockd {
	struct stage_host *host;
	struct slot slot[REFCLOCKS_MAX];
	bool autophc;
	struct ts_raw next_scan;
	struct phc_extts_hub extts;
	char leaps_path[REFCLOCKD_PATH_SIZE];
	struct leaplist leaps; /* empty: there is none */
	int leaps_error;
	struct ts_raw next_leaps;
};

static struct slot *free_slot(struct refclockd *d)
{
	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (!d->slot[i].used)
			return &d->slot[i];
	return NULL;
}

static const struct slot *slot_of_refid(void *arg, uint32_t refid)
{
	const struct refclockd *d = arg;

	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used && d->slot[i].core.config.refid == refid)
			return &d->slot[i];
	return NULL;
}

static const struct slot *slot_of_name(const struct refclockd *d, const char *name)
{
	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used && strcmp(d->slot[i].core.config.name, name) == 0)
			return &d->slot[i];
	return NULL;
}

/* A list that cannot be read does not take away the one that could. */
static void load_leaps(struct refclockd *d, struct ts_raw now)
{
	int rc = leapfile_load(d->leaps_path, &d->leaps);

	d->next_leaps = ts_raw_add(now, (struct ts_dur){LEAPS_INTERVAL_NS});
	if (rc == d->leaps_error)
		return;
	d->leaps_error = rc;
	if (rc == 0)
		return;
	host_event(d->host, EVENT_config_error, NULL, 0, "leapseclist %s: %s; TAI-UTC is %s",
		d->leaps_path, rc == -EBADMSG ? "not a list of leap seconds" : strerror(-rc),
		d->leaps.count > 0 ? "by the one before" : "taken for 37 s");
}

static bool has_tai(const struct refclockd_config *config)
{
	for (int i = 0; i < config->refclocks; i++)
		if (config->refclock[i].tai)
			return true;
	return false;
}

/* Nobody is told of a list that nobody needs. */
static void apply_leaps(struct refclockd *d, const struct refclockd_config *config)
{
	if (strcmp(d->leaps_path, config->leapseclist) != 0)
		memset(&d->leaps, 0, sizeof(d->leaps));
	(void)str_copy(d->leaps_path, sizeof(d->leaps_path), config->leapseclist);
	d->leaps_error = 0;
	d->next_leaps = TS_RAW_NEVER;
	if (has_tai(config))
		load_leaps(d, door_raw(host_door(d->host)));
}

static void start_line(struct refclockd *d, const struct refclock_line *line, int number)
{
	struct refclock_config core;
	struct slot *slot = free_slot(d);

	refclock_line_core(line, driver_of(line->driver, line->parameter), number, &core);
	if (!slot || slot_of_name(d, core.name)) {
		host_event(d->host, EVENT_config_error, core.name, 0, "refclock %s is left out: %s",
			core.configured, slot ? "another one has this refid" : "too many clocks");
		return;
	}
	slot_start(slot, line, &core, number);
}

/* Does the slot run this line? Without a refid its number makes its name. */
static bool is_line(const struct slot *slot, const struct refclock_line *line, int number)
{
	return slot->used && slot->number != SLOT_AUTO &&
	       memcmp(&slot->line, line, sizeof(*line)) == 0 &&
	       (line->refid != 0 || slot->number == number);
}

static bool runs(const struct refclockd *d, const struct refclock_line *line, int number)
{
	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (is_line(&d->slot[i], line, number))
			return true;
	return false;
}

static bool is_wanted(const struct slot *slot, const struct refclockd_config *config)
{
	if (slot->number == SLOT_AUTO)
		return config->autophc;
	for (int i = 0; i < config->refclocks; i++)
		if (is_line(slot, &config->refclock[i], i))
			return true;
	return false;
}

/* Said once for each configuration: the source may come with the next one. */
static void check_lock(struct refclockd *d, const struct slot *slot)
{
	char name[REFID_TEXT_SIZE];
	const struct slot *other;

	if (!slot->line.lock)
		return;
	other = slot_of_refid(d, slot->line.lock);
	if (other && other != slot)
		return;
	refid_to_text(slot->line.lock, 1, name);
	host_event(d->host, EVENT_config_error, slot->core.config.name, 0,
		"locked to %s, and %s: its pulses cannot be numbered", name,
		other ? "that is itself" : "there is no such refclock");
}

static void apply(struct refclockd *d, const struct refclockd_config *config)
{
	door_set_precision(host_door(d->host), ts_dur_from_s(config->precision).ns);
	apply_leaps(d, config);
	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used && !is_wanted(&d->slot[i], config))
			slot_stop(&d->slot[i], true);
	for (int i = 0; i < config->refclocks; i++)
		if (!runs(d, &config->refclock[i], i))
			start_line(d, &config->refclock[i], i);
	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used)
			check_lock(d, &d->slot[i]);
	d->autophc = config->autophc;
	d->next_scan = d->autophc ? door_raw(host_door(d->host)) : TS_RAW_NEVER;
}

/* Clocks of hypervisors keep UTC by themselves. What the clock of a network card shows is known
 * only to whoever set it. */
static bool keeps_utc(const char *name)
{
	static const char *const known[] = {
		"KVM virtual PTP", "hyperv", "vmclock", "ena", "ptp_vmw"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(name, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

/* Does a clock already read that device? */
static bool is_read(const struct refclockd *d, const char *path)
{
	char have[PHC_PATH_SIZE], error[PHC_ERROR_SIZE];

	for (int i = 0; i < REFCLOCKS_MAX; i++) {
		const struct slot *s = &d->slot[i];
		struct parameter p;

		if (!s->used || s->driver != &driver_phc)
			continue;
		if (parameter_parse(&p, s->line.parameter, "nocrossts", error, sizeof(error)) < 0)
			continue;
		if (phc_resolve(p.name, have, error) == 0 && strcmp(have, path) == 0)
			return true;
	}
	return false;
}

static void start_found(struct refclockd *d, int index)
{
	struct refclock_config core;
	struct refclock_line line;
	struct slot *slot = free_slot(d);
	char path[PHC_PATH_SIZE], name[PHC_NAME_SIZE] = "";
	int number = index;

	(void)snprintf(path, sizeof(path), "/dev/ptp%d", index);
	if (!slot || is_read(d, path))
		return;
	refclock_line_defaults("PHC", path, &line);
	(void)phc_clock_name(index, name);
	line.noselect = !keeps_utc(name);
	do {
		refclock_line_core(&line, &driver_phc, number++, &core);
	} while (slot_of_name(d, core.name) && number < index + 10);
	if (slot_of_name(d, core.name))
		return;
	if (line.noselect)
		log_notice("%s: %s (%s) may not keep UTC: it is read, not selected; configure it "
			   "with refclock PHC to use it",
			core.name, path, name[0] ? name : "unnamed");
	slot_start(slot, &line, &core, SLOT_AUTO);
}

static void scan(struct refclockd *d, struct ts_raw now)
{
	int index[REFCLOCKS_MAX];
	int n = phc_list(index, REFCLOCKS_MAX);

	for (int i = 0; i < n; i++)
		start_found(d, index[i]);
	d->next_scan = ts_raw_add(now, (struct ts_dur){SCAN_INTERVAL_NS});
}

static int stage_start(void *state, const void *config, struct stage_host *host)
{
	struct refclockd *d = state;

	d->host = host;
	d->extts.loop = host_loop(host);
	for (int i = 0; i < REFCLOCKS_MAX; i++) {
		d->slot[i].host = host;
		d->slot[i].lookup = slot_of_refid;
		d->slot[i].lookup_arg = d;
		d->slot[i].leaps = &d->leaps;
		d->slot[i].extts = &d->extts;
	}
	apply(d, config);
	return 0;
}

static void stage_stop(void *state)
{
	struct refclockd *d = state;

	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used)
			slot_stop(&d->slot[i], false);
}

static int stage_reload(void *state, const void *config)
{
	apply(state, config);
	return 0;
}

static struct ts_raw stage_deadline(const void *state)
{
	const struct refclockd *d = state;
	struct ts_raw t = ts_raw_min(d->next_scan, d->next_leaps);

	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used)
			t = ts_raw_min(t, refclock_deadline(&d->slot[i].core));
	return t;
}

static void stage_expire(void *state, struct ts_raw now)
{
	struct refclockd *d = state;

	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used)
			slot_expire(&d->slot[i], now);
	if (!ts_raw_before(now, d->next_scan))
		scan(d, now);
	if (!ts_raw_before(now, d->next_leaps))
		load_leaps(d, now);
}

static void stage_status(const void *state, char *text, size_t text_size)
{
	const struct refclockd *d = state;
	int clocks = 0, reachable = 0;

	for (int i = 0; i < REFCLOCKS_MAX; i++) {
		clocks += d->slot[i].used;
		reachable += d->slot[i].used && d->slot[i].core.state == source_state_reachable;
	}
	(void)snprintf(text, text_size, "%d clock%s, %d reachable", clocks, clocks == 1 ? "" : "s",
		reachable);
}

static bool is_usable(const struct msg_estimate *e)
{
	return e->status != sync_unsynchronised;
}

static void take_verdict(struct refclockd *d, const struct msg_verdict *v)
{
	if (strcmp(v->publisher, "refclockd") != 0)
		return;
	for (int i = 0; i < REFCLOCKS_MAX; i++)
		if (d->slot[i].used && strcmp(d->slot[i].core.config.name, v->source) == 0)
			refclock_verdict(&d->slot[i].core, v);
}

static void stage_message(void *state, const struct msg *m)
{
	struct refclockd *d = state;
	const struct msg_estimate *e = &m->u.estimate;
	struct refclock_estimate estimate;

	if (m->kind == MSG_verdict)
		take_verdict(d, &m->u.verdict);
	if (m->kind != MSG_estimate)
		return;
	estimate = (struct refclock_estimate){
		.valid = is_usable(e),
		.line = {{e->raw_ns}, {e->utc_ns}, e->rate_ppb},
		.bound_ns = e->bound_ns,
		.drift_ppb = e->bound_drift_ppb,
		.sources = (int)e->combined,
		.leap = e->leap,
	};
	for (int i = 0; i < REFCLOCKS_MAX; i++) {
		struct refclock *rc = &d->slot[i].core;

		if (!d->slot[i].used)
			continue;
		estimate.is_own = strcmp(e->selected, rc->config.name) == 0;
		refclock_set_estimate(rc, &estimate);
	}
}

/* The estimate numbers pulses, and shows whose seconds are wrong; verdicts are kept for selectd. */
static const struct stage_subscription subscriptions[] = {
	{"selectd", "estimate"}, {"selectd", "verdict."}, {NULL, NULL}};

const struct stage refclockd_stage = {
	.name = "refclockd",
	.summary = "read reference clocks and publish samples",
	.directives = refclockd_directives,
	.config_size = sizeof(struct refclockd_config),
	.subscriptions = subscriptions,
	.publishes = STAGE_PUBLISHES(sample) | STAGE_PUBLISHES(source),
	.state_size = sizeof(struct refclockd),
	.start = stage_start,
	.stop = stage_stop,
	.reload = stage_reload,
	.message = stage_message,
	.deadline = stage_deadline,
	.expire = stage_expire,
	.status = stage_status,
};
