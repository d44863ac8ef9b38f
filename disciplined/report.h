/* SPDX-License-Identifier: MIT */
/* report.h - the state of the clock in words. */
#ifndef DISCIPLINED_REPORT_H
#define DISCIPLINED_REPORT_H

#include <stddef.h>
#include "disciplined/core/discipline.h"

/* "12 ns", "3.4 us", "-1.20 ms", "0.300 s", "?" for what is not known. */
void report_duration(int64_t ns, char *text, size_t size);

/* One line: "shadow, synchronised to PHC0, 12 ns +- 300 ns". */
void report_line(const struct discipline *d, char *text, size_t size);

/* Several lines, for the control word "status". */
void report_full(const struct discipline *d, char *text, size_t size);

#endif
