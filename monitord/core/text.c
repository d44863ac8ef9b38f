/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "common/core/bytes.h"
#include "monitord/core/text.h"

void text_init(struct text *t, char *buffer, size_t size)
{
	*t = (struct text){.at = buffer, .size = size};
	buffer[0] = '\0';
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	if (t->full)
		return;
	va_start(args, format);
	n = vsnprintf(t->at + t->length, t->size - t->length, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->size - t->length) {
		t->full = true;
		t->at[t->length] = '\0';
		return;
	}
	t->length += (size_t)n;
}

void text_pad(struct text *t, size_t from, size_t width)
{
	while (!t->full && t->length < from + width)
		text_add(t, " ");
}

/* ---- amounts ---- */

/* Where a unit ends, its length in seconds, digits behind the point. The last one has no end. */
static const struct unit {
	double below_s, unit_s;
	int width, decimals;
	const char *name;
} units[] = {
	{9999.5e-9, 1e-9, 4, 0, "ns"},
	{9999.5e-6, 1e-6, 4, 0, "us"},
	{9999.5e-3, 1e-3, 4, 0, "ms"},
	{999.5, 1, 5, 1, "s"},
	{99999.5, 1, 5, 0, "s"},
	{99999.5 * 60, 60, 5, 0, "m"},
	{99999.5 * 3600, 3600, 5, 0, "h"},
	{99999.5 * 86400, 86400, 5, 0, "d"},
	{INFINITY, 86400.0 * 365, 5, 0, "y"},
};

static const struct unit *unit_of(double seconds)
{
	const struct unit *u = units;

	while (u->below_s < INFINITY && !(fabs(seconds) < u->below_s))
		u++;
	return u;
}

void text_time(struct text *t, double seconds)
{
	const struct unit *u = unit_of(seconds);

	text_add(t, "%*.*f%s", u->width, u->decimals, fabs(seconds) / u->unit_s, u->name);
}

void text_time_signed(struct text *t, double seconds)
{
	const struct unit *u = unit_of(seconds);

	text_add(t, "%+*.*f%s", u->width + 1, u->decimals, seconds / u->unit_s, u->name);
}

void text_age(struct text *t, int64_t seconds)
{
	if (seconds < 0)
		text_add(t, "   -");
	else if (seconds < 1200)
		text_add(t, "%4" PRId64, seconds);
	else if (seconds < 36000)
		text_add(t, "%3" PRId64 "m", seconds / 60);
	else if (seconds < 345600)
		text_add(t, "%3" PRId64 "h", seconds / 3600);
	else if (seconds < INT64_C(86400) * 1000)
		text_add(t, "%3" PRId64 "d", seconds / 86400);
	else
		text_add(t, "%3" PRId64 "y", seconds / 86400 / 365);
}

void text_ppm(struct text *t, double ppm, bool sign)
{
	int decimals = fabs(ppm) < 99999.5 ? 3 : 0;

	if (sign)
		text_add(t, "%+10.*f", decimals, ppm);
	else
		text_add(t, "%10.*f", decimals, ppm);
}

/* ---- dates ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970-01-01 to a date, counted in years that begin in March and eras of 400 years. */
static void date_of_days(int64_t days, struct text_date *d)
{
	int64_t since_march0 = days + 719468; /* 0000-03-01 */
	int64_t era = floor_div(since_march0, 146097);
	int64_t day_of_era = since_march0 - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day + 2) / 153;

	d->day = (int)(day - (153 * month_from_march + 2) / 5 + 1);
	d->month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	d->year = era * 400 + year_of_era + (d->month <= 2);
}

struct text_date text_date(struct ts_utc utc)
{
	int64_t second = floor_div(utc.ns, NS_PER_S);
	int64_t days = floor_div(second, 86400);
	int64_t of_day = second - days * 86400;
	struct text_date d = {0};

	date_of_days(days, &d);
	d.hour = (int)(of_day / 3600);
	d.minute = (int)(of_day / 60 % 60);
	d.second = (int)(of_day % 60);
	d.ns = (int32_t)((utc.ns % NS_PER_S + NS_PER_S) % NS_PER_S);
	d.weekday = (int)((days % 7 + 7 + 4) % 7);
	return d;
}

void text_date_long(struct text *t, struct ts_utc utc)
{
	static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct text_date d = text_date(utc);

	text_add(t, "%s %s %02d %02d:%02d:%02d %" PRId64, weekdays[d.weekday], months[d.month - 1],
		d.day, d.hour, d.minute, d.second, d.year);
}

void text_date_log(struct text *t, struct ts_utc utc)
{
	struct text_date d = text_date(utc);

	text_add(t, "%04" PRId64 "-%02d-%02d %02d:%02d:%02d", d.year, d.month, d.day, d.hour,
		d.minute, d.second);
}

void text_refid(char label[TEXT_LABEL_SIZE], uint32_t refid)
{
	int n = 0;

	while (n < 4 && ascii_is_printable((char)(refid >> (24 - 8 * n) & 0xff))) {
		label[n] = (char)(refid >> (24 - 8 * n) & 0xff);
		n++;
	}
	label[n] = '\0';
	if (n == 0 || (n < 4 && (uint32_t)(refid << (8 * n)) != 0))
		(void)snprintf(label, TEXT_LABEL_SIZE, "%08" PRIX32, refid);
}
