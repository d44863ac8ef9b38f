/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "common/bus/bus_stream.h"

static bool matches(const struct bus_filter *f, const char *topic)
{
	return !strncmp(topic, f->prefix, strlen(f->prefix));
}

int bus_stream_filter(struct bus_stream *s, const char *prefix)
{
	struct bus_filter *f = &s->filters[s->filter_count];
	size_t n = strlen(prefix);

	if (n >= sizeof(f->prefix))
		return -EINVAL;
	for (unsigned int i = 0; i < s->filter_count; i++)
		if (!strcmp(s->filters[i].prefix, prefix))
			return -EEXIST;
	if (s->filter_count == BUS_FILTERS_MAX)
		return -ENOSPC;
	memcpy(f->prefix, prefix, n + 1);
	f->since = s->high;
	f->replayed = 0;
	s->filter_count++;
	return 0;
}

static void start_over(struct bus_stream *s, uint64_t boot)
{
	s->known = true;
	s->live = false;
	s->boot = boot;
	s->high = s->live_high = s->recovered = 0;
	for (unsigned int i = 0; i < s->filter_count; i++)
		s->filters[i].since = s->filters[i].replayed = 0;
}

static bool wanted(const struct bus_stream *s, const char *topic)
{
	for (unsigned int i = 0; i < s->filter_count; i++)
		if (matches(&s->filters[i], topic))
			return true;
	return false;
}

/* An old message of a snapshot: given now only if no filter was there for it the first time. */
static bool wanted_late(struct bus_stream *s, uint64_t seq, const char *topic)
{
	bool late = false;

	for (unsigned int i = 0; i < s->filter_count; i++) {
		struct bus_filter *f = &s->filters[i];

		if (!matches(f, topic))
			continue;
		if (seq > f->since || seq <= f->replayed)
			return false;
		late = true;
	}
	for (unsigned int i = 0; i < s->filter_count && late; i++)
		if (matches(&s->filters[i], topic))
			s->filters[i].replayed = seq;
	return late;
}

struct bus_stream_result bus_stream_take(
	struct bus_stream *s, const struct msg_envelope *env, const char *topic)
{
	struct bus_stream_result r = {.restarted = false};
	uint64_t missing;

	if (!s->known || env->boot != s->boot) {
		r.restarted = s->known;
		start_over(s, env->boot);
	}
	if (env->seq <= s->high) {
		r.deliver = env->snapshot && wanted_late(s, env->seq, topic);
		r.duplicate = !r.deliver;
		return r;
	}
	if (env->snapshot) {
		s->recovered += s->live;
	} else {
		missing = env->seq - s->live_high - 1;
		if (s->live && missing > s->recovered)
			r.lost = missing - s->recovered;
		s->live = true;
		s->live_high = env->seq;
		s->recovered = 0;
	}
	s->high = env->seq;
	r.deliver = wanted(s, topic);
	return r;
}
