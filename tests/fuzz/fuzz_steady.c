/* SPDX-License-Identifier: MIT */
/*
 * Sources with and without option local, their samples, disruptions and what comes out of selectd,
 * through the steadied raw clock. Whatever goes in and passes the schema must come out so; the map
 * has finite numbers, and there and back is where one was.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "common/core/bytes.h"
#include "selectd/core/steady.h"
#include "tests/fuzz/input.h"

#define UTC_NS	 INT64_C(1782864000000000000)
#define NEAR_NS	 (100 * NS_PER_S)
#define APART_NS 1000 /* rates are small: to_raw() looks for its instant only once */

/* Of as many bytes as the first says, so that small ones are as likely as large ones. */
static int64_t number(struct input *in, int64_t max)
{
	int bytes = 1 + byte(in) % 8;
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | byte(in);
	return (int64_t)(v % ((uint64_t)max + 1));
}

static void name_of(struct input *in, char *name, size_t size, struct msg *m)
{
	snprintf(name, size, "S%d", byte(in) % 3);
	str_copy(m->env.sender, sizeof(m->env.sender), "refclockd");
}

static void make_source(struct input *in, int64_t now_ns, struct msg *m)
{
	struct msg_source *s = &m->u.source;
	uint8_t flags = byte(in);

	m->kind = MSG_source;
	name_of(in, s->source, sizeof(s->source), m);
	str_copy(s->configured, sizeof(s->configured), s->source);
	s->kind = (enum source_kind)(byte(in) % source_kind_count);
	s->state = source_state_reachable;
	s->local = flags & 3;
	s->removed = flags % 16 == 9;
	s->last_raw_ns = flags & 64 ? number(in, INT64_MAX) : now_ns;
	s->host_raw_ns = flags & 128 ? number(in, INT64_MAX) : 0;
}

static void make_sample(struct input *in, int64_t now_ns, struct msg *m)
{
	struct msg_sample *s = &m->u.sample;
	uint8_t flags = byte(in);

	m->kind = MSG_sample;
	name_of(in, s->source, sizeof(s->source), m);
	s->kind = (enum source_kind)(flags % source_kind_count);
	s->raw_ns = flags & 64 ? number(in, INT64_MAX) : now_ns;
	s->utc_ns = flags & 128 ? number(in, INT64_MAX) : UTC_NS + now_ns + number(in, 1000000);
	s->delay_ns = number(in, 64000000);
	s->dispersion_ns = number(in, 64000000);
	s->poll = byte(in) % 32 - 7;
	s->reject = byte(in) % 16 == 15 ? reject_delay : reject_ok;
}

static void make_estimate(struct input *in, int64_t now_ns, struct msg *m)
{
	struct msg_estimate *e = &m->u.estimate;

	m->kind = MSG_estimate;
	str_copy(m->env.sender, sizeof(m->env.sender), "selectd");
	e->status = (enum sync)(byte(in) % sync_count);
	e->raw_ns = byte(in) % 8 ? now_ns : number(in, INT64_MAX);
	e->sample_raw_ns = e->raw_ns;
	e->utc_ns = UTC_NS + now_ns;
	e->rate_ppb = (double)number(in, 200000) - 100000;
	e->rate_sd_ppb = (double)number(in, 1000000);
	e->offset_sd_ns = (double)number(in, INT64_C(1000000000000));
	e->wander_ppb = (double)number(in, 1000000);
	e->bound_ns = number(in, INT64_C(4000000000000000000));
	e->bound_statistical_ns = number(in, e->bound_ns);
}

static void make_event(struct input *in, int64_t now_ns, struct msg *m)
{
	m->kind = MSG_event;
	str_copy(m->env.sender, sizeof(m->env.sender), "ntpexchd");
	str_copy(m->u.event.code, sizeof(m->u.event.code), byte(in) & 1 ? "disruption" : "step");
	str_copy(m->u.event.text, sizeof(m->u.event.text), "x");
	m->u.event.raw_ns = now_ns;
}

static void check_map(const struct steady *s, struct ts_raw now)
{
	struct ts_raw there, back;

	require(isfinite(s->shift_ns) && isfinite(s->rate_ppb) && isfinite(s->sd_ns) &&
			isfinite(s->rate_sd_ppb) && isfinite(s->wander_ppb),
		"the map is of numbers");
	if (fabs(s->rate_ppb) > 1e5 || fabs(s->shift_ns) > 1e12 ||
		llabs(ts_raw_sub(now, s->raw).ns) > NEAR_NS)
		return;
	there = steady_from_raw(s, now);
	back = steady_to_raw(s, there);
	require(llabs(ts_raw_sub(back, now).ns) <= APART_NS, "there and back is where one was");
}

static void one_input(struct steady *s, struct input *in, struct ts_raw *now)
{
	struct msg m = {.kind = MSG_NONE}, out;
	char error[MSG_ERROR_SIZE];
	uint8_t what = byte(in) % 16;

	now->ns += number(in, byte(in) % 8 ? 2 * NS_PER_S : 1000 * NS_PER_S);
	if (what == 0)
		make_source(in, now->ns, &m);
	else if (what == 1)
		make_event(in, now->ns, &m);
	else if (what < 4)
		make_estimate(in, now->ns, &m);
	else
		make_sample(in, now->ns, &m);
	if (msg_check(&m, NULL) != 0)
		return;
	if (m.kind == MSG_estimate) {
		out = m;
		steady_out(s, &out);
	} else {
		(void)steady_in(s, &m, &out);
	}
	if (msg_check(&out, error) != 0)
		require(false, error);
	check_map(s, *now);
	if (steady_renew(s, 1, &out) && msg_check(&out, error) != 0)
		require(false, error);
}

/* A local clock whose rate is known: only from there on does the map turn. */
static struct ts_raw begin(struct steady *s)
{
	struct ts_raw now = {1000 * NS_PER_S};
	struct msg m = {.kind = MSG_source}, out;

	str_copy(m.env.sender, sizeof(m.env.sender), "refclockd");
	str_copy(m.u.source.source, sizeof(m.u.source.source), "S0");
	m.u.source.kind = source_kind_phc;
	m.u.source.local = true;
	(void)steady_in(s, &m, &out);
	m.kind = MSG_sample;
	memset(&m.u, 0, sizeof(m.u));
	str_copy(m.u.sample.source, sizeof(m.u.sample.source), "S0");
	m.u.sample.kind = source_kind_phc;
	for (int i = 0; i < 2 * STEADY_SAMPLES_MIN; i++) {
		now.ns += NS_PER_S;
		m.u.sample.raw_ns = now.ns;
		m.u.sample.utc_ns = UTC_NS + now.ns + i * 20000 + i % 3;
		(void)steady_in(s, &m, &out);
	}
	require(s->running, "a steady clock is followed");
	return now;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct steady *s = calloc(1, sizeof(*s));
	struct ts_raw now;

	require(s != NULL, "memory");
	now = begin(s);
	for (int i = 0; i < 400 && in.left > 0; i++)
		one_input(s, &in, &now);
	free(s);
	return 0;
}
