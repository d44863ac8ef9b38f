/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "common/core/leaplist.h"

#define NTP_TO_UNIX_S INT64_C(2208988800)
#define S_PER_DAY     86400

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

static const char *number(const char *at, const char *end, int64_t *ret)
{
	int64_t v = 0;
	const char *start;

	at = skip_blanks(at, end);
	for (start = at; at < end && *at >= '0' && *at <= '9'; at++) {
		if (v > INT64_C(1000000000000))
			return NULL;
		v = v * 10 + (*at - '0');
	}
	*ret = v;
	return at == start ? NULL : at;
}

static int entry(struct leaplist *list, const char *at, const char *end)
{
	int64_t ntp_s, tai_s;

	at = number(at, end, &ntp_s);
	if (at != NULL)
		at = number(at, end, &tai_s);
	if (at == NULL || tai_s > 1000)
		return -EINVAL;
	at = skip_blanks(at, end);
	if (at < end && *at != '#')
		return -EINVAL;
	if (list->count == LEAPLIST_MAX)
		return -E2BIG;
	if (list->count > 0 && ntp_s - NTP_TO_UNIX_S <= list->entry[list->count - 1].utc_s)
		return -EINVAL;
	list->entry[list->count].utc_s = ntp_s - NTP_TO_UNIX_S;
	list->entry[list->count].tai_s = (int)tai_s;
	list->count++;
	return 0;
}

static int line(struct leaplist *list, const char *at, const char *end)
{
	int64_t ntp_s;

	at = skip_blanks(at, end);
	if (at == end)
		return 0;
	if (*at != '#')
		return entry(list, at, end);
	if (end - at > 2 && at[1] == '@' && number(at + 2, end, &ntp_s) != NULL)
		list->expires_utc_s = ntp_s - NTP_TO_UNIX_S;
	return 0;
}

int leaplist_parse(const char *text, size_t length, struct leaplist *ret)
{
	const char *at = text, *end = text + length;
	struct leaplist list = {0};

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		int rc;

		if (eol == NULL)
			eol = end;
		rc = line(&list, at, eol);
		if (rc < 0)
			return rc;
		at = eol < end ? eol + 1 : end;
	}
	if (list.count == 0)
		return -EINVAL;
	*ret = list;
	return 0;
}

bool leaplist_good(const struct leaplist *list, struct ts_utc now)
{
	return list->count > 0 && now.ns / NS_PER_S < list->expires_utc_s;
}

int leaplist_tai_s(const struct leaplist *list, struct ts_utc now)
{
	int tai_s = 0;

	for (int i = 0; i < list->count && list->entry[i].utc_s <= now.ns / NS_PER_S; i++)
		tai_s = list->entry[i].tai_s;
	return tai_s;
}

int leaplist_of_tai_s(const struct leaplist *list, struct ts_utc tai)
{
	int tai_s = 0;

	for (int i = 0; i < list->count; i++) {
		int from_s = list->entry[i].tai_s;

		if (i > 0 && list->entry[i - 1].tai_s < from_s)
			from_s = list->entry[i - 1].tai_s;
		if (tai.ns / NS_PER_S < list->entry[i].utc_s + from_s)
			break;
		tai_s = list->entry[i].tai_s;
	}
	return tai_s;
}

enum leap leaplist_announces(const struct leaplist *list, struct ts_utc now)
{
	int64_t now_s = now.ns / NS_PER_S;
	int64_t midnight_s = now_s - now_s % S_PER_DAY + S_PER_DAY;

	for (int i = 1; i < list->count; i++) {
		if (list->entry[i].utc_s != midnight_s)
			continue;
		if (list->entry[i].tai_s > list->entry[i - 1].tai_s)
			return leap_insert;
		return list->entry[i].tai_s < list->entry[i - 1].tai_s ? leap_remove : leap_none;
	}
	return leap_none;
}
