/* SPDX-License-Identifier: MIT */
/*
 * A stream of samples, sources, events, restarts, reloads and deadlines into the core of selectd,
 * wild values among plausible ones. Whatever it answers must pass the schema; weights add up; who
 * has one agrees; the deadline never spins; the interval of a choice is not empty.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "common/core/bytes.h"
#include "selectd/core/selectd_core.h"
#include "tests/fuzz/input.h"

/* Small, plausible or anything. */
static int64_t number(struct input *in, int64_t max)
{
	uint8_t kind = byte(in);
	uint64_t v = 0;

	for (int i = 0; i < 1 + kind % 8; i++)
		v = v << 8 | byte(in);
	v &= INT64_MAX;
	return max < INT64_MAX ? (int64_t)(v % ((uint64_t)max + 1)) : (int64_t)v;
}

static void name_of(struct input *in, char *name, size_t size, struct msg *m)
{
	uint8_t b = byte(in);

	snprintf(name, size, "s%d", b % 80);
	str_copy(m->env.sender, sizeof(m->env.sender), b & 128 ? "refclockd" : "ntpexchd");
	m->env.snapshot = (b & 64) != 0 && (byte(in) & 1);
}

static void make_sample(struct input *in, int64_t now_ns, struct msg *m)
{
	struct msg_sample *s = &m->u.sample;
	uint8_t flags = byte(in);

	m->kind = MSG_sample;
	name_of(in, s->source, sizeof(s->source), m);
	s->kind = (enum source_kind)(flags % source_kind_count);
	s->raw_ns = flags & 64 ? number(in, INT64_MAX) : now_ns - number(in, 1000000);
	s->utc_ns = flags & 128 ? number(in, INT64_MAX)
				: INT64_C(1782864000000000000) + s->raw_ns % (1000 * NS_PER_S) +
					  number(in, 100000000);
	s->delay_ns = number(in, 64000000000);
	s->dispersion_ns = number(in, 64000000000);
	s->root_delay_ns = number(in, 1000000);
	s->root_dispersion_ns = number(in, 1000000);
	s->bound_ns = flags & 32 ? number(in, 64000000000) : 0;
	s->stratum = byte(in) % 17;
	s->leap = (enum leap)(byte(in) % leap_count);
	s->refid = number(in, 0xffffffff);
	s->poll = byte(in) % 32 - 7;
	s->pulse = byte(in) % 8 == 7;
	s->mono = flags & 16;
	if (s->mono) {
		s->mono_epoch = byte(in) & 1;
		s->mono_shift_ns =
			number(in, 2 * INT64_C(4000000000000000000)) - INT64_C(4000000000000000000);
		s->mono_error_ns = number(in, 1000);
	}
	s->reject = byte(in) % 16 == 15 ? reject_delay : reject_ok;
}

static void make_learned(struct input *in, struct msg_source *s)
{
	s->learned_raw_ns = number(in, INT64_MAX);
	s->learned_bias_ns = (double)number(in, 2000000000000000000) - 1e18;
	s->learned_bias_sd_ns = (double)number(in, 1000000000000000000);
	s->learned_moved_ns = (double)number(in, 2000000000000000000) - 1e18;
	s->learned_prior_ns = (double)number(in, 1000000000000000000);
	s->learned_rate_ppb = (double)number(in, 2000000000) - 1e9;
	s->learned_rate_sd_ppb = (double)number(in, 1000000000);
	s->learned_wander_ppb = (double)number(in, 1000000000);
	s->learned_disruption = number(in, INT64_MAX);
	s->learned_disrupted_raw_ns = number(in, INT64_MAX);
	s->learned_slept_ns = number(in, INT64_MAX);
}

static void make_source(struct input *in, struct msg *m)
{
	struct msg_source *s = &m->u.source;
	uint8_t flags = byte(in);

	m->kind = MSG_source;
	name_of(in, s->source, sizeof(s->source), m);
	str_copy(s->configured, sizeof(s->configured), s->source);
	snprintf(s->address, sizeof(s->address), byte(in) % 4 ? "192.0.2.1" : "2001:db8::%d",
		byte(in));
	s->kind = (enum source_kind)(byte(in) % source_kind_count);
	s->state = byte(in) % 4 ? source_state_reachable
				: (enum source_state)(byte(in) % source_state_count);
	s->reach = byte(in);
	s->poll = byte(in) % 32 - 7;
	s->noselect = (flags & 1) && (flags & 128);
	s->prefer = flags & 2;
	s->trust = flags & 4;
	s->require = flags & 8;
	s->removed = flags % 16 == 9;
	s->minsamples = number(in, 4096);
	s->maxsamples = number(in, 4096);
	s->asymmetry = (byte(in) - 128) / 256.0;
	s->learned = flags & 16;
	if (s->learned)
		make_learned(in, s);
}

static void check_state(const struct selectd *c)
{
	double sum = 0;

	for (int i = 0; i < c->top; i++) {
		const struct judgement *j = &c->sources[i].now;

		if (!c->sources[i].used)
			continue;
		require(j->weight >= 0 && j->weight <= 1, "weight in 0 .. 1");
		require(j->weight <= 0 || j->agrees, "only those that agree have weight");
		require(j->weight <= 0 || j->reason == verdict_reason_ok, "reason of a weight");
		sum += j->weight;
	}
	if (c->selected >= 0 && c->sel.selected >= 0 && !c->due) {
		require(fabs(sum - 1) < 1e-6, "weights add up");
		require(c->sel.low_ns <= c->sel.high_ns, "the majority's interval is not empty");
	}
}

static void drain(struct selectd *c)
{
	struct selectd_out out;
	char error[MSG_ERROR_SIZE];
	int n = 0;

	while (selectd_next_out(c, &out)) {
		require(++n < 1000, "answers end");
		if (out.m.kind == MSG_event)
			require(!strcmp(out.m.u.event.code, event_word(out.code)),
				"code of an event");
		if (msg_check(&out.m, error) != 0)
			require(false, error);
	}
}

static void pass_time(struct selectd *c, struct input *in, struct ts_raw *now)
{
	now->ns += number(in, 100 * NS_PER_S);
	for (int i = 0; i < 8 && !ts_raw_before(*now, selectd_deadline(c)); i++) {
		require(i < 7, "a deadline that was met moves on");
		selectd_on_deadline(c, *now);
	}
}

static void one_input(struct selectd *c, struct input *in, struct ts_raw *now)
{
	struct msg m = {.kind = MSG_NONE};
	struct selectd_config config = c->config;

	switch (byte(in) % 16) {
	case 0:
	case 1:
		make_source(in, &m);
		break;
	case 2:
		pass_time(c, in, now);
		break;
	case 3:
		m.kind = MSG_event;
		str_copy(m.u.event.code, sizeof(m.u.event.code), "disruption");
		str_copy(m.u.event.text, sizeof(m.u.event.text), "x");
		m.u.event.raw_ns = byte(in) % 8 ? 0 : now->ns - number(in, 1000000);
		break;
	case 4:
		config.minsources = 1 + byte(in) % 4;
		config.combinelimit = byte(in) % 5;
		config.authselectmode = byte(in) % 4;
		config.estimator = byte(in) % TRACK_KINDS;
		selectd_configure(c, &config);
		break;
	case 5:
		selectd_on_restart(c, byte(in) & 1 ? "ntpexchd" : "refclockd", *now);
		selectd_reselect(c);
		break;
	default:
		now->ns += number(in, 2 * NS_PER_S);
		make_sample(in, now->ns, &m);
	}
	if (m.kind != MSG_NONE && msg_check(&m, NULL) == 0)
		selectd_on_message(c, &m, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct selectd_config config = {.minsources = 1,
		.maxdistance_s = 3,
		.maxjitter_s = 1,
		.combinelimit = 3,
		.stratumweight_s = 0.001,
		.reselectdist_s = 0.0001,
		.maxclockerror_ppm = 1};
	struct input in = {data, size};
	struct ts_raw now = {1000 * NS_PER_S};
	struct selectd *c = calloc(1, sizeof(*c));
	char text[4096];

	require(c != NULL, "memory");
	selectd_init(c, &config);
	for (int i = 0; i < 400 && in.left > 0; i++) {
		one_input(c, &in, &now);
		check_state(c);
		drain(c);
	}
	selectd_print_selection(c, text, sizeof(text));
	selectd_print_tracks(c, text, sizeof(text));
	free(c);
	return 0;
}
