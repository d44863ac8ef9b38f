/* SPDX-License-Identifier: MIT */
/*
 * Anything may stand in the shared page, and another process may write while it is read: what is
 * taken as a line is in range, and can be asked for any instant.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/core/shadow_page.h"
#include "disciplined/core/softclock.h"
#include "disciplined/pagefill.h"
#include "tests/fuzz/input.h"

static void ask(const struct shadow_line *line, int64_t raw_ns)
{
	struct ts_raw raw = {raw_ns};
	struct shadow_time t;

	shadow_line_time(line, raw, &t);
	must(t.earliest.ns <= t.utc.ns && t.utc.ns <= t.latest.ns);
	must(t.status <= SHADOW_HOLDOVER);
	must(isfinite(shadow_line_rate_ppb(line, raw)));
	(void)shadow_line_when(line, (struct ts_utc){raw_ns});
}

/* Also as what a restarted writer goes on from. */
static void go_on(const struct shadow_line *line, int64_t raw_ns)
{
	struct discipline_start start = {.until = TS_RAW_NEVER};
	struct clk_reading now = {.raw = {raw_ns}};
	struct softclock clock;

	softclock_init(&clock, line);
	now.clock = shadow_line_utc(&clock.line, now.raw);
	now.command_ppb = shadow_line_rate_ppb(&clock.line, now.raw);
	pagefill_continue(line, &now, &start);
	must(!start.continued || start.bound_ns >= 0);
	softclock_set_rate(&clock, now.raw, 100, 0, TS_RAW_NEVER);
	softclock_set_leap(&clock, now.raw, leap_insert, (struct ts_utc){raw_ns});
	softclock_step(&clock, now.raw, INT64_MIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t instants[] = {
		INT64_MIN, -1, 0, 1, INT64_C(1790000000000000000), INT64_MAX - 1, INT64_MAX};
	_Alignas(8) struct shadow_page page;
	struct shadow_line line;

	if (size < sizeof(page))
		return 0;
	memcpy(&page, data, sizeof(page));
	if (size & 1) { /* get past the header by luck alone would take for ever */
		page.magic = SHADOW_PAGE_MAGIC;
		page.size = SHADOW_PAGE_SIZE;
		page.version = SHADOW_PAGE_VERSION;
		page.slot_size = sizeof(struct shadow_line);
	}
	if (shadow_page_read(&page, sizeof(page), &line) != 0)
		return 0;
	must(shadow_line_check(&line) == 0);
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++)
		ask(&line, instants[i]);
	ask(&line, line.bend_raw_ns);
	ask(&line, line.leap_raw_ns);
	go_on(&line, line.raw_ns);
	go_on(&line, INT64_C(1) << 60);
	return 0;
}
