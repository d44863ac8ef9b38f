/* SPDX-License-Identifier: MIT */
#include "phc2shm/core/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"
#include "common/core/tstime.h"

#define STEERED_STATE 0
#define STEERED_PPB   0.0
#define TAG_SIZE      128

void line_sample(char *ret, size_t size, const char *sink, int64_t offset_ns, int64_t delay_ns)
{
	int n = snprintf(ret, size, "%s phc offset %9" PRId64 " s%d freq %+7.0f", sink, offset_ns,
		STEERED_STATE, STEERED_PPB);

	if (delay_ns >= 0 && n > 0 && (size_t)n < size)
		(void)snprintf(ret + n, size - (size_t)n, " delay %6" PRId64, delay_ns);
}

void line_summary(char *ret, size_t size, const char *sink, const struct summary *offset,
	const struct summary *delay)
{
	struct summary_result o = {0}, d;
	int n;

	(void)summary_get(offset, &o);
	n = snprintf(ret, size, "%s rms %4.0f max %4.0f freq %+6.0f +/- %3.0f", sink, o.rms,
		o.max_abs, STEERED_PPB, STEERED_PPB);
	if (summary_get(delay, &d) && n > 0 && (size_t)n < size)
		(void)snprintf(ret + n, size - (size_t)n, " delay %5.0f +/- %3.0f", d.mean, d.sd);
}

void line_prefix(char *ret, size_t size, int64_t monotonic_ns, const char *tag, int level)
{
	static const char mark[] = "{level}";
	char digit[2] = {(char)('0' + level), '\0'};
	char part[TAG_SIZE];
	const char *at = tag ? strstr(tag, mark) : NULL;

	(void)snprintf(ret, size, "[%" PRId64 ".%03" PRId64 "] ", monotonic_ns / NS_PER_S,
		monotonic_ns % NS_PER_S / NS_PER_MS);
	if (!tag)
		return;
	(void)str_copy(part, sizeof(part), tag);
	if (at && (size_t)(at - tag) < sizeof(part)) {
		part[at - tag] = '\0';
		(void)str_append(part, sizeof(part), digit);
		(void)str_append(part, sizeof(part), at + sizeof(mark) - 1);
	}
	(void)str_append(ret, size, part);
	(void)str_append(ret, size, " ");
}
