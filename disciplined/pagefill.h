/* SPDX-License-Identifier: MIT */
/* pagefill.h - the clock message as the shared page tells it, and back at a restart. */
#ifndef DISCIPLINED_PAGEFILL_H
#define DISCIPLINED_PAGEFILL_H

#include "common/core/shadow_page.h"
#include "disciplined/core/discipline.h"

/* Adds what is known of the clock to the time part; own_line: the actuator filled that already. */
void pagefill_line(const struct discipline *d, const struct msg_clock *c, bool own_line, int tai_s,
	struct shadow_line *line);

/* How to go on after a former life that left this line. */
void pagefill_continue(const struct shadow_line *former, const struct clk_reading *now,
	struct discipline_start *start);

#endif
