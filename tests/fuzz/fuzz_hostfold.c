/* SPDX-License-Identifier: MIT */
/*
 * What a host says over the network, from the bytes on: records of an operation, a step of time, a
 * length and as many bytes. Bodies go through the codec as those of the remote bus do; what passes
 * is folded, and each sample and source that comes out must be one that the bus would take.
 */
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "refclockd/core/hostfold.h"
#include "tests/fuzz/input.h"

static void check_sample(const struct hostfold *f, struct ts_raw now)
{
	struct msg m = {.kind = MSG_sample};
	struct msg_sample *s = &m.u.sample;
	int64_t least = f->heard ? f->clock.root_dispersion_ns : f->config.error_ns;

	memcpy(s->source, "PHC0", 5);
	memcpy(m.env.sender, "refclockd", 10);
	s->raw_ns = now.ns;
	s->delay_ns = 100;
	s->root_delay_ns = 10;
	s->root_dispersion_ns = 20;
	s->bound_ns = 30;
	hostfold_sample(f, s);
	must(msg_check(&m, NULL) == 0);
	/* never less than the host admits to; unknown is never good */
	must(s->root_dispersion_ns >= least || s->leap == leap_unsync);
	must(s->leap == leap_unsync ? s->stratum == 16 : s->stratum < 16);
	must(f->heard || f->config.error_ns > 0 || s->leap == leap_unsync);
}

static void check_source(const struct hostfold *f, struct ts_raw now)
{
	struct msg m = {.kind = MSG_source};

	memcpy(m.u.source.source, "PHC0", 5);
	memcpy(m.u.source.configured, "PHC kvm", 8);
	memcpy(m.env.sender, "refclockd", 10);
	hostfold_source(f, now, &m.u.source);
	must(msg_check(&m, NULL) == 0);
	must(m.u.source.host != host_state_none);
}

static void hear(struct hostfold *f, struct ts_raw now, const uint8_t *body, size_t size)
{
	struct msg m;

	if (msg_decode("clock", body, size, &m, NULL) == 0)
		hostfold_on_clock(f, now, &m);
}

/* Without the codec, which random bytes seldom pass: its ranges hold all the same. */
static void say(struct hostfold *f, struct ts_raw now, const uint8_t *data, size_t size)
{
	struct msg m = {.kind = MSG_clock};
	int64_t v[9] = {0};

	memcpy(v, data, size < sizeof(v) ? size : sizeof(v));
	memcpy(m.env.sender, "disciplined", 12);
	m.env.boot = (uint64_t)v[0] & 3;
	m.env.sent_raw_ns = v[1];
	m.u.clock.raw_ns = v[2];
	m.u.clock.bound_ns = v[3];
	m.u.clock.bound_drift_ppb = (double)v[4];
	m.u.clock.root_delay_ns = v[5];
	m.u.clock.root_dispersion_ns = v[6];
	m.u.clock.stratum = v[7] & 31;
	m.u.clock.status = (enum sync)(v[8] & 1);
	m.u.clock.leap = (enum leap)(v[8] >> 1 & 3);
	m.u.clock.mode = (enum clock_mode)((v[8] >> 3 & 3) % clock_mode_count);
	if (msg_check(&m, NULL) == 0)
		hostfold_on_clock(f, now, &m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hostfold_config config = {.drift_ppb = 15000};
	struct ts_raw now = {NS_PER_S};
	struct hostfold_event e;
	struct hostfold f;

	if (size < 1)
		return 0;
	config.error_ns = data[0] & 1 ? NS_PER_S : 0;
	config.any_clock = data[0] & 2;
	config.drift_ppb *= data[0] >> 2;
	hostfold_init(&f, &config, now);
	for (data++, size--; size >= 4;) {
		size_t n = data[2] + 256u * (data[3] & 7);
		uint8_t op = data[0];
		int64_t step = INT64_C(1) << (data[1] % 62);

		data += 4;
		size -= 4;
		n = n < size ? n : size;
		now = ts_raw_add(now, (struct ts_dur){step});
		if (op % 4 == 0)
			hear(&f, now, data, n);
		else if (op % 4 == 1)
			say(&f, now, data, n);
		else if (op % 4 == 2)
			hostfold_on_link(&f, now, (enum hostfold_link)(op / 4 % 5), "why");
		else if (!ts_raw_before(now, hostfold_deadline(&f)))
			hostfold_on_deadline(&f, now);
		while (hostfold_next_event(&f, &e))
			must(e.text[0] && strlen(e.text) < sizeof(e.text));
		must(ts_raw_is_never(hostfold_deadline(&f)) || f.heard);
		check_sample(&f, now);
		check_source(&f, now);
		data += n;
		size -= n;
	}
	return 0;
}
