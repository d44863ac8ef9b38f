/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include "disciplined/report.h"

#define UNKNOWN_NS INT64_C(4000000000000000000)

void report_duration(int64_t ns, char *text, size_t size)
{
	double v = (double)ns;
	int64_t size_ns = ns < 0 ? ts_sat_sub(0, ns) : ns;

	if (size_ns >= UNKNOWN_NS)
		snprintf(text, size, "?");
	else if (size_ns < 1000)
		snprintf(text, size, "%" PRId64 " ns", ns);
	else if (size_ns < 1000 * 1000)
		snprintf(text, size, "%.1f us", v * 1e-3);
	else if (size_ns < 100 * NS_PER_MS)
		snprintf(text, size, "%.2f ms", v * 1e-6);
	else
		snprintf(text, size, "%.3f s", v * 1e-9);
}

static const char *source_of(const struct msg_clock *c)
{
	return c->selected[0] != '\0' ? c->selected : "an earlier estimate";
}

void report_line(const struct discipline *d, char *text, size_t size)
{
	char offset[32], bound[32], held[32];
	struct msg_clock c;
	const char *mode;

	discipline_clock(d, &c);
	mode = c.mode == clock_mode_none ? "clock may not be set" : msg_word_clock_mode(c.mode);
	if (c.status == sync_unsynchronised) {
		snprintf(text, size, "%s, not synchronised%s", mode,
			d->gave_up ? " (maxchange exceeded)" : "");
		return;
	}
	report_duration(c.offset_ns, offset, sizeof(offset));
	report_duration(c.bound_ns, bound, sizeof(bound));
	if (c.status == sync_synchronised) {
		snprintf(text, size, "%s, synchronised to %s, %s +- %s", mode, source_of(&c),
			offset, bound);
		return;
	}
	report_duration(c.holdover_ns, held, sizeof(held));
	snprintf(text, size, "%s, holdover on %s for %s, %s +- %s", mode, source_of(&c), held,
		offset, bound);
}

void report_full(const struct discipline *d, char *text, size_t size)
{
	char line[200], step[32];
	struct msg_clock c;

	discipline_clock(d, &c);
	report_line(d, line, sizeof(line));
	report_duration(c.step_ns, step, sizeof(step));
	snprintf(text, size,
		"%s\n"
		"frequency    %+.6f ppm, now %+.6f ppm\n"
		"skew         %.6f ppm\n"
		"residual     %+.3f ppb\n"
		"stratum      %" PRId64 "\n"
		"leap         %s\n"
		"steps        %" PRId64 ", last %s\n"
		"foreign      %" PRId64 "\n"
		"refused      %" PRId64 " estimates\n",
		line, c.frequency_ppb * 1e-3, c.rate_ppb * 1e-3, c.skew_ppb * 1e-3,
		d->learn.residual_ppb, c.stratum, msg_word_leap(c.leap), c.steps, step, c.foreign,
		d->refused);
}
