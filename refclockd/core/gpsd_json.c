/* SPDX-License-Identifier: MIT */
#include "refclockd/core/gpsd_json.h"

#include <errno.h>
#include <string.h>

#include "common/core/bytes.h"

#define SECONDS_MAX (INT64_MAX / NS_PER_S - 1)
#define NUMBER_MAX  INT64_C(1000000000000)
#define QERR_MAX_PS INT64_C(1000000000)

struct text {
	const char *at, *end;
};

static void skip_blanks(struct text *t)
{
	while (t->at < t->end && ascii_is_blank(*t->at))
		t->at++;
}

static bool take(struct text *t, char c)
{
	skip_blanks(t);
	if (t->at >= t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* A string into dst, cut to size; escapes stay as they are but for the backslash. */
static int take_string(struct text *t, char *dst, size_t size)
{
	size_t n = 0;

	if (!take(t, '"'))
		return -EBADMSG;
	while (t->at < t->end && *t->at != '"') {
		if (*t->at == '\\' && ++t->at >= t->end)
			return -EBADMSG;
		if (n + 1 < size && ascii_is_printable(*t->at))
			dst[n++] = *t->at;
		t->at++;
	}
	dst[n] = '\0';
	return take(t, '"') ? 0 : -EBADMSG;
}

/* A number's whole part; false if the value is something else, or out of range. */
static bool take_number(struct text *t, int64_t *ret)
{
	bool minus = take(t, '-');
	const char *start = t->at;
	int64_t n = 0;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		if (n < NUMBER_MAX * 10)
			n = 10 * n + (*t->at - '0');
	if (t->at == start || n > NUMBER_MAX)
		return false;
	*ret = minus ? -n : n;
	return true;
}

/* To the comma or bracket that ends the value, over whatever nests in it. */
static int skip_value(struct text *t)
{
	char ignored[2];
	long depth = 0;

	for (skip_blanks(t); t->at < t->end; t->at++) {
		char c = *t->at;

		if (c == '"') {
			if (take_string(t, ignored, sizeof(ignored)) < 0)
				return -EBADMSG;
			t->at--;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (depth == 0 && (c == ',' || c == '}')) {
			return 0;
		} else if (c == '}' || c == ']') {
			if (--depth < 0)
				return -EBADMSG;
		}
	}
	return -EBADMSG;
}

static enum gpsd_class class_of(const char *word)
{
	static const char *const words[] = {
		[GPSD_VERSION] = "VERSION",
		[GPSD_TPV] = "TPV",
		[GPSD_SKY] = "SKY",
		[GPSD_TOFF] = "TOFF",
		[GPSD_PPS] = "PPS",
		[GPSD_ERROR] = "ERROR",
	};

	for (int i = GPSD_VERSION; i <= GPSD_ERROR; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum gpsd_class)i;
	return GPSD_OTHER;
}

static int number_of(const char *name)
{
	static const char *const names[GPSD_NUMBERS] = {"mode", "real_sec", "real_nsec",
		"clock_sec", "clock_nsec", "precision", "qErr", "nSat", "uSat", "proto_major"};

	for (int i = 0; i < GPSD_NUMBERS; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static int take_member(struct text *t, struct gpsd_object *o)
{
	char name[16], class[16];
	int i;

	if (take_string(t, name, sizeof(name)) < 0 || !take(t, ':'))
		return -EBADMSG;
	skip_blanks(t);
	if (t->at < t->end && *t->at == '"') {
		if (strcmp(name, "class") == 0) {
			if (take_string(t, class, sizeof(class)) < 0)
				return -EBADMSG;
			o->class = class_of(class);
			return 0;
		}
		if (strcmp(name, "device") == 0)
			return take_string(t, o->device, sizeof(o->device));
		if (strcmp(name, "message") == 0)
			return take_string(t, o->message, sizeof(o->message));
	}
	i = number_of(name);
	if (i >= 0 && !o->has[i])
		o->has[i] = take_number(t, &o->number[i]);
	return skip_value(t);
}

int gpsd_json_parse(const char *text, size_t size, bool cut, struct gpsd_object *ret)
{
	struct text t = {text, text + size};
	struct gpsd_object o;

	memset(&o, 0, sizeof(o));
	if (!take(&t, '{'))
		return -EBADMSG;
	while (!take(&t, '}')) {
		struct gpsd_object before = o;

		if (take_member(&t, &o) < 0) {
			o = before;
			if (!cut || (o.class != GPSD_SKY && o.class != GPSD_OTHER))
				return -EBADMSG;
			break;
		}
		if (!take(&t, ',') && (t.at >= t.end || *t.at != '}') && !cut)
			return -EBADMSG;
	}
	*ret = o;
	return 0;
}

static int time_of(const struct gpsd_object *o, enum gpsd_number sec, enum gpsd_number nsec,
	struct ts_utc *ret)
{
	int64_t s = o->number[sec], ns = o->number[nsec];

	if (!o->has[sec] || !o->has[nsec] || s < 0 || s > SECONDS_MAX || ns < 0 || ns >= NS_PER_S)
		return -EBADMSG;
	ret->ns = s * NS_PER_S + ns;
	return 0;
}

int gpsd_json_pair(const struct gpsd_object *o, struct ts_utc *ret_real, struct ts_utc *ret_clock)
{
	struct ts_utc real, clock;

	if (time_of(o, GPSD_REAL_SEC, GPSD_REAL_NSEC, &real) < 0 ||
		time_of(o, GPSD_CLOCK_SEC, GPSD_CLOCK_NSEC, &clock) < 0)
		return -EBADMSG;
	*ret_real = real;
	*ret_clock = clock;
	return 0;
}

int64_t gpsd_json_error_ns(const struct gpsd_object *o)
{
	int64_t precision = o->number[GPSD_PRECISION], q = o->number[GPSD_QERR], ns = NS_PER_US;

	if (o->has[GPSD_PRECISION] && precision <= 0 && precision >= -40)
		ns = NS_PER_S >> -precision;
	if (o->has[GPSD_QERR] && q <= QERR_MAX_PS && q >= -QERR_MAX_PS)
		ns += (q < 0 ? -q : q) / 1000;
	return ns;
}
