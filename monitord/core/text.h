/* SPDX-License-Identifier: MIT */
/*
 * text.h - text and JSON that grow in a buffer of fixed size. Pure.
 *
 * What does not fit is left off and `full` says so; the buffer is terminated at all times. JSON
 * writers put the commas: a member with key NULL stands in an array.
 */
#ifndef TB_MONITORD_TEXT_H
#define TB_MONITORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define TEXT_LABEL_SIZE 40

struct text {
	char *at;
	size_t size, length;
	bool full;
	bool comma; /* JSON: the next member needs one before it */
};

/* size above 0. */
void text_init(struct text *t, char *buffer, size_t size);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Blanks up to a width counted from the byte at `from`. */
void text_pad(struct text *t, size_t from, size_t width);

void json_open(struct text *t, const char *key, char bracket);
void json_close(struct text *t, char bracket);
void json_int(struct text *t, const char *key, int64_t value);
/* 12 digits; null if not finite. */
void json_double(struct text *t, const char *key, double value);
void json_string(struct text *t, const char *key, const char *value);
void json_bool(struct text *t, const char *key, bool value);
void json_null(struct text *t, const char *key);

/*
 * Amounts of time as chronyc's tables show them: the unit grows with the value, so that a column
 * of one width holds nanoseconds and years. "  34us", " +12us" with a sign, 4 or 5 digits wide.
 */
void text_time(struct text *t, double seconds);
void text_time_signed(struct text *t, double seconds);
/* Whole seconds in 4 places: "  34", " 20m", "  3h", "  4d", "  5y"; below 0: "   -". */
void text_age(struct text *t, int64_t seconds);
/* Ten places, three of them decimals; large values have none. */
void text_ppm(struct text *t, double ppm, bool sign);

/* A UTC instant in the Gregorian calendar; before 1970 and after 9999 too. */
struct text_date {
	int64_t year;
	int month, day, hour, minute, second, weekday; /* month 1..12, weekday 0 Sunday */
	int32_t ns;
};
struct text_date text_date(struct ts_utc utc);
/* "Fri Jan 27 09:49:17 2017" and "2017-01-27 09:49:17". */
void text_date_long(struct text *t, struct ts_utc utc);
void text_date_log(struct text *t, struct ts_utc utc);

/* A reference id's characters ("PHC0") if it is one to four printable ones, padded with NUL; else
 * eight hexadecimal digits. */
void text_refid(char label[TEXT_LABEL_SIZE], uint32_t refid);

#endif
