/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "common/io/shadow.h"
#include "disciplined/keeper.h"

/* A skew is what the estimate claimed then; after a boot the raw clock's own calibration and
 * temperature differ by about this. */
#define RATE_SD_MIN_PPB 1000.0

static void complain(
	struct keeper *k, const char *word, const char *path, int rc, const char *invalid)
{
	host_event(k->host, EVENT_config_error, NULL, 0, "%s %s: %s", word, path,
		rc == -EINVAL ? invalid : strerror(-rc));
}

/* ---- from disk ---- */

static void load_state(struct keeper *k)
{
	const char *path = k->config->statefile;
	int rc;

	if (path[0] == '\0')
		return;
	rc = driftio_load_state(path, &k->saved);
	if (rc < 0 && rc != -ENOENT)
		complain(k, "statefile", path, rc, "not a state of this version; ignored");
	k->has_saved = rc == 0;
}

/* False: there is none, or it is not one. */
static bool load_drift(struct keeper *k, struct drift *ret)
{
	const char *path = k->config->driftfile;
	int rc;

	if (path[0] == '\0')
		return false;
	rc = driftio_load(path, ret);
	if (rc < 0 && rc != -ENOENT)
		complain(k, "driftfile", path, rc, "not one or two numbers; ignored");
	return rc == 0;
}

bool keeper_former(
	const struct keeper *k, struct ts_raw now, uint32_t mode, struct shadow_line *ret)
{
	static const uint8_t unknown[STATE_BOOT_SIZE];
	uint8_t boot[STATE_BOOT_SIZE];

	shadow_boot(boot);
	if (!k->has_saved || memcmp(boot, unknown, sizeof(boot)) == 0 ||
		memcmp(boot, k->saved.boot, sizeof(boot)) != 0)
		return false;
	if (k->saved.oscillator != shadow_oscillator() || k->saved.line.raw_ns > now.ns ||
		k->saved.line.mode != mode)
		return false;
	*ret = k->saved.line;
	return true;
}

static void rate_of_state(const struct saved_state *state, struct discipline_start *start)
{
	struct ts_utc then = {state->line.utc_ns};
	double passed_s = ts_dur_to_s(ts_utc_sub(start->reading.clock, then));

	start->base_ppb = state->line.base_ppb;
	start->base_sd_ppb = state_rate_sd_ppb(state, passed_s, RATE_SD_MIN_PPB);
}

void keeper_rate(struct keeper *k, struct discipline_start *start)
{
	struct drift drift;

	start->base_ppb = start->reading.command_ppb;
	start->until = TS_RAW_NEVER;
	if (start->reading.command_ppb != 0)
		return;
	if (k->has_saved) {
		rate_of_state(&k->saved, start);
	} else if (load_drift(k, &drift)) {
		start->base_ppb = drift.rate_ppb;
		start->base_sd_ppb =
			drift.skew_ppb > RATE_SD_MIN_PPB ? drift.skew_ppb : RATE_SD_MIN_PPB;
	}
}

double keeper_wander_ppb(const struct keeper *k)
{
	return k->has_saved ? k->saved.wander_ppb : 0;
}

/* ---- to disk ---- */

static struct ts_raw next(const char *path, int interval_s, struct ts_raw now)
{
	if (path[0] == '\0')
		return TS_RAW_NEVER;
	return ts_raw_add(now, (struct ts_dur){(int64_t)interval_s * NS_PER_S});
}

static void schedule_drift(struct keeper *k, struct ts_raw now)
{
	k->drift_due = next(k->config->driftfile, k->config->drift_interval_s, now);
}

static void schedule_state(struct keeper *k, struct ts_raw now)
{
	k->state_due = next(k->config->statefile, k->config->state_interval_s, now);
}

static void save_drift(struct keeper *k, const struct discipline *core)
{
	struct drift drift = {core->model.base_ppb, core->rate_sd_ppb};
	int rc = driftio_save(k->config->driftfile, &drift, k->drift_text);

	if (rc < 0 && !k->drift_failed)
		complain(k, "driftfile", k->config->driftfile, rc, "cannot be written");
	k->drift_failed = rc < 0;
}

static void save_state(
	struct keeper *k, const struct discipline *core, const struct shadow_line *line)
{
	struct saved_state state = {
		.oscillator = shadow_oscillator(),
		.line = *line,
		.wander_ppb = core->target.est.wander_ppb,
	};
	int rc;

	shadow_boot(state.boot);
	rc = driftio_save_state(k->config->statefile, &state);
	if (rc < 0 && !k->state_failed)
		complain(k, "statefile", k->config->statefile, rc, "cannot be written");
	k->state_failed = rc < 0;
}

void keeper_save(struct keeper *k, const struct discipline *core, const struct shadow_line *line,
	struct ts_raw now)
{
	if (k->config->driftfile[0] != '\0' && !ts_raw_before(now, k->drift_due)) {
		schedule_drift(k, now);
		if (core->following)
			save_drift(k, core);
	}
	if (k->config->statefile[0] != '\0' && !ts_raw_before(now, k->state_due)) {
		schedule_state(k, now);
		if (core->following)
			save_state(k, core, line);
	}
}

/* ---- life ---- */

void keeper_start(struct keeper *k, struct stage_host *host,
	const struct disciplined_config *config, struct ts_raw now)
{
	*k = (struct keeper){.host = host, .config = config};
	load_state(k);
	schedule_drift(k, now);
	schedule_state(k, now);
}

void keeper_reload(struct keeper *k, const struct disciplined_config *config, struct ts_raw now)
{
	k->config = config;
	schedule_drift(k, now);
	schedule_state(k, now);
}

struct ts_raw keeper_deadline(const struct keeper *k)
{
	return ts_raw_min(k->drift_due, k->state_due);
}
