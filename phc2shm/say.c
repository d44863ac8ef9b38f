/* SPDX-License-Identifier: MIT */
#include "phc2shm/say.h"

#include <stdio.h>
#include <syslog.h>

#include "common/io/phc.h"
#include "phc2shm/core/line.h"

void say(const struct say *s, int level, const char *text)
{
	const struct options *o = s->options;
	char prefix[LINE_SIZE_MAX];
	size_t n;

	if (level > o->level)
		return;
	line_prefix(prefix, sizeof(prefix), phc_monotonic_ns(), o->has_tag ? o->tag : NULL, level);
	if (o->verbose) {
		FILE *f = level >= LOG_NOTICE ? stdout : stderr;

		/* "[1.234] tag " becomes "[1.234]: tag " */
		for (n = 0; prefix[n] != ']'; n++)
			;
		(void)fprintf(
			f, "%s%.*s:%s%s\n", s->program, (int)n + 1, prefix, prefix + n + 1, text);
		(void)fflush(f);
	}
	if (o->syslog)
		syslog(level, "%s%s", prefix, text);
}
