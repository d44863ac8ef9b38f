/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_private.h"
#include "common/core/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX_NS INT64_C(4000000000000000000)

static void make_printable(char *text)
{
	for (; *text; text++)
		if (!ascii_is_printable(*text))
			*text = '?';
}

void out_event(struct selectd *c, enum event_code code, const char *source, struct ts_raw raw,
	int64_t value_ns, const char *format, ...)
{
	struct selectd_event *e;
	va_list args;

	if (c->event_count == SELECTD_EVENTS_MAX) {
		c->event_first = (c->event_first + 1) % SELECTD_EVENTS_MAX;
		c->event_count--;
		c->events_lost++;
	}
	e = &c->events[(c->event_first + c->event_count++) % SELECTD_EVENTS_MAX];
	memset(e, 0, sizeof(*e));
	e->code = code;
	e->m.severity = event_severity(code);
	e->m.raw_ns = raw.ns > 0 ? raw.ns : 0;
	e->m.value_ns = value_ns > VALUE_MAX_NS	   ? VALUE_MAX_NS
			: value_ns < -VALUE_MAX_NS ? -VALUE_MAX_NS
						   : value_ns;
	str_copy(e->m.code, sizeof(e->m.code), event_word(code));
	str_copy(e->m.source, sizeof(e->m.source), source ? source : "");
	va_start(args, format);
	vsnprintf(e->m.text, sizeof(e->m.text), format, args);
	va_end(args);
	make_printable(e->m.text);
}

static bool next_verdict(struct selectd *c, struct selectd_out *ret)
{
	for (int i = 0; i < c->top; i++) {
		if (!c->sources[i].used || !c->sources[i].verdict_due)
			continue;
		c->sources[i].verdict_due = false;
		ret->m.kind = MSG_verdict;
		ret->m.u.verdict = c->sources[i].verdict;
		return true;
	}
	return false;
}

static bool next_event(struct selectd *c, struct selectd_out *ret)
{
	if (c->event_count == 0)
		return false;
	ret->m.kind = MSG_event;
	ret->m.u.event = c->events[c->event_first].m;
	ret->code = c->events[c->event_first].code;
	c->event_first = (c->event_first + 1) % SELECTD_EVENTS_MAX;
	c->event_count--;
	return true;
}

bool selectd_next_out(struct selectd *c, struct selectd_out *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (c->estimate_due) {
		c->estimate_due = false;
		ret->m.kind = MSG_estimate;
		ret->m.u.estimate = c->estimate;
		return true;
	}
	return next_verdict(c, ret) || next_event(c, ret);
}
