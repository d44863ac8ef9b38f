/* SPDX-License-Identifier: MIT */
/*
 * tcheck.h - assertions that cmocka 1.1.5 lacks or gets wrong: its floats are float, its ranges
 * unsigned, its integers hexadecimal. Include it instead of <cmocka.h>.
 */
#ifndef TB_TCHECK_H
#define TB_TCHECK_H

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static inline void tcheck_near_double(double actual, double expected, double tolerance,
	const char *what, const char *file, int line)
{
	/* not (difference > tolerance): NaN must fail */
	if (fabs(actual - expected) <= tolerance)
		return;
	print_error("%s:%d: %s is %.17g, not %.17g +- %g (off by %g)\n", file, line, what, actual,
		expected, tolerance, actual - expected);
	_fail(file, line);
}

static inline void tcheck_i64_range(
	int64_t actual, int64_t low, int64_t high, const char *what, const char *file, int line)
{
	if (actual >= low && actual <= high)
		return;
	print_error("%s:%d: %s is %" PRId64 ", not from %" PRId64 " to %" PRId64 "\n", file, line,
		what, actual, low, high);
	_fail(file, line);
}

static inline void tcheck_i64_equal(
	int64_t actual, int64_t expected, const char *what, const char *file, int line)
{
	if (actual == expected)
		return;
	print_error(
		"%s:%d: %s is %" PRId64 ", not %" PRId64 "\n", file, line, what, actual, expected);
	_fail(file, line);
}

/* |actual - expected| <= tolerance; false with NaN. Equal infinities are not near. */
#define assert_near_double(actual, expected, tolerance)                                            \
	tcheck_near_double(actual, expected, tolerance, #actual, __FILE__, __LINE__)

/* low <= actual <= high */
#define assert_i64_range(actual, low, high)                                                        \
	tcheck_i64_range(actual, low, high, #actual, __FILE__, __LINE__)

#define assert_i64_equal(actual, expected)                                                         \
	tcheck_i64_equal(actual, expected, #actual, __FILE__, __LINE__)

/* |value| against a limit; both fail with NaN. */
#define WITHIN(value, limit)                                                                       \
	do {                                                                                       \
		double within_v = fabs((double)(value)), within_l = (double)(limit);               \
		if (!(within_v <= within_l))                                                       \
			fail_msg("|%s| is %.6g, allowed %.6g", #value, within_v, within_l);        \
	} while (0)
#define BEYOND(value, limit)                                                                       \
	do {                                                                                       \
		double beyond_v = fabs((double)(value)), beyond_l = (double)(limit);               \
		if (!(beyond_v > beyond_l))                                                        \
			fail_msg("|%s| is %.6g, expected above %.6g", #value, beyond_v, beyond_l); \
	} while (0)

#endif
