/* SPDX-License-Identifier: MIT */
/* What becomes of a packet that came back. */
#include "ntpexchd/core/ntp_client_private.h"

#include "common/core/ntptime.h"
#include "ntpexchd/core/ntp_tests.h"
#include "ntpexchd/core/poll.h"

#define REACH_BITS	   8
#define STAMPS_MISSING_MAX 4 /* then nobody waits for them any more, until one comes */
#define DEFAULT_POLL_MAX   10

void client_adapt(struct ntp_client *c, const struct msg_verdict *v)
{
	struct poll_input in = {.minpoll = c->config.minpoll,
		.maxpoll = c->config.maxpoll,
		.parts = c->poll_parts,
		.reach = c->reach,
		.polls = client_polls_a_sample(c),
		.samples = c->poll_samples};

	if (v) {
		in.growth = v->growth;
		in.sd_ns = v->offset_sd_ns;
		in.base_delay_ns = (double)v->base_delay_ns;
		in.jitter_ns = v->jitter_ns;
		in.rate_sd_ppb = v->rate_sd_ppb;
		in.interval_s = in.polls * ts_dur_to_s(client_interval(c));
	}
	c->unjudged_raw_ns = 0;
	/* Samples that come faster than the interval do not speak for it. */
	if (client_opening(c))
		return;
	c->poll_parts = poll_next(&in, &c->poll_memory);
	client_schedule(c);
}

static void note_good(struct ntp_client *c, const struct msg_sample *m)
{
	c->counts.good++;
	c->last_delay_ns = m->delay_ns;
	if (c->has_clock) {
		struct ts_utc shown = ts_line_at(&c->clock, (struct ts_raw){m->raw_ns});

		c->last_offset_ns = ts_sat_sub(m->utc_ns, shown.ns);
	}
	if (c->burst_good > 0)
		c->burst_good--;
}

/* True if there is a sample to publish: that of this exchange, or of several. */
static bool filter(struct ntp_client *c, struct msg_sample *m)
{
	bool each = client_polls_a_sample(c) == 1, whole;
	struct msg_sample made;

	if (!client_filters(c)) {
		ntp_filter_clear(&c->filter);
		return true;
	}
	whole = ntp_filter_add(&c->filter, m, &c->clock, c->rate_sd_ppb, &made);
	if (whole && !each)
		*m = made;
	return whole || each;
}

static void await_verdict(struct ntp_client *c, const struct msg_sample *m)
{
	/* The verdict on the last one never came. */
	if (c->unjudged_raw_ns != 0)
		client_adapt(c, NULL);
	c->poll_samples += !client_opening(c);
	c->unjudged_raw_ns = m->raw_ns;
}

bool client_awaits_stamp(const struct ntp_client *c)
{
	enum stamp have = c->request.tx_stamp;

	if (!c->request.stamp_expected || c->stamps_missing >= STAMPS_MISSING_MAX)
		return false;
	return have == stamp_daemon || (have == stamp_kernel && c->hardware_trust > 0);
}

static void publish_exchange(struct ntp_client *c, const struct ntp_exchange *x)
{
	struct ntp_sample_config config = {.precision_ns = c->config.precision_ns,
		.offset_ns = c->config.offset_ns,
		.maxdelay_ns = c->config.maxdelay_ns,
		.minstratum = c->config.minstratum,
		.own_refid = c->own_refid};
	struct msg_sample m;

	c->out_source = true;
	if (ntp_sample_make(x, &config, &m) == reject_ok) {
		bool whole = filter(c, &m);

		if (whole)
			await_verdict(c, &m);
		note_good(c, &m);
		client_schedule(c);
		if (!whole)
			return;
	}
	client_sample(c, &m);
}

void client_conclude(struct ntp_client *c)
{
	const struct ntp_request *r = &c->request;

	c->holding = false;
	c->exchange.t1 = r->t1;
	c->exchange.tx_stamp = r->tx_stamp;
	if (r->tx_stamp == stamp_daemon && r->stamp_expected)
		c->stamps_missing++;
	if (r->tx_stamp == stamp_kernel && c->hardware_trust > 0)
		c->hardware_trust--;
	c->published = true;
	publish_exchange(c, &c->exchange);
}

/* The answer brings the stamp that the exchange before it lacked, and its server's state now. */
static void complete_kept(
	struct ntp_client *c, const struct ntp_packet *p, const struct ntp_mono *mono)
{
	struct ntp_exchange *x = &c->kept.exchange;
	int64_t turn;

	c->kept.valid = false;
	x->t3 = ntp_to_utc(p->transmit, c->config.pivot);
	turn = ts_utc_sub(x->t3, x->t2).ns;
	if (turn >= 0 && turn <= NTP_SERVER_TIME_NS_MAX)
		turnaround_add(&c->turnaround, turn);
	/* Twice would be two samples of one measurement. */
	if (c->kept.published)
		return;
	x->interleaved = true;
	x->t3_error_ns = 0;
	x->answer = *p;
	ntp_exchange_roots(x, mono);
	publish_exchange(c, x);
}

/* Gives the exchange at hand the stamp that the next answer would bring, if it can be foretold. */
static bool guess_t3(struct ntp_client *c)
{
	int64_t turn;

	if (!turnaround_guess(&c->turnaround, c->offset_sd_ns, &turn, &c->exchange.t3_error_ns))
		return false;
	c->exchange.t3 = ts_utc_add(c->exchange.t2, (struct ts_dur){turn});
	c->exchange.interleaved = true;
	return true;
}

static void tell_reject(struct ntp_client *c, const struct ntp_packet *p, enum reject reject,
	struct ts_raw t4, enum stamp stamp)
{
	struct msg_sample m;

	ntp_sample_reject(p, reject, t4, stamp, &m);
	client_sample(c, &m);
}

/* The server, or somebody who sees our requests, has answered. */
static void note_answer(struct ntp_client *c, const struct ntp_packet *p, struct ts_raw t4)
{
	bool again = c->heard && !c->was_reachable;

	c->reach |= 1;
	c->missed = 0;
	c->resolve_at = REACH_BITS;
	c->stratum = p->stratum == 0 || p->stratum > 16 ? 16 : p->stratum;
	c->leap = ntp_leap_from_wire(p->leap);
	c->refid = p->refid;
	c->last_raw = t4;
	c->error[0] = '\0';
	c->out_source = true;
	if (!c->was_reachable) {
		c->opened = c->last_send;
		client_event(c, EVENT_source_reachable, 0, "%s (%s) answers, stratum %d",
			c->config.source, c->address, c->stratum);
	}
	c->heard = c->was_reachable = true;
	if (again) {
		client_begin_burst(c);
		client_schedule(c);
	}
}

static void take_kiss(struct ntp_client *c, const struct ntp_packet *p)
{
	int old = client_poll(c), limit = c->config.maxpoll, floor = old + 1;
	char code[5];

	ntp_kiss_text(p->refid, code);
	c->burst_good = c->burst_total = 0;
	c->out_source = true;
	if (p->refid != NTP_REFID('R', 'A', 'T', 'E')) {
		c->denied = c->out_resolve = true;
		client_event(c, EVENT_kiss, 0, "%s (%s) does not want to be asked (%s)",
			c->config.source, c->address, code);
		return;
	}
	if (limit < DEFAULT_POLL_MAX)
		limit = DEFAULT_POLL_MAX;
	if (floor > limit)
		floor = old > limit ? old : limit;
	/* The poll field of such a packet is the interval that the server would accept. */
	if (p->poll > floor && p->poll <= NTP_RATE_POLL_MAX)
		floor = p->poll;
	c->rate_floor = floor;
	if (floor != old)
		client_event(c, EVENT_kiss, poll_interval(floor).ns,
			"%s (%s) is asked too often (%s); poll %d from now on", c->config.source,
			c->address, code, floor);
	client_schedule(c);
}

static void take_exchange(struct ntp_client *c, const struct ntp_packet *p,
	const struct ntp_mono *mono, struct ts_raw t4, enum stamp stamp, struct ts_raw now)
{
	const struct ntp_request *r = &c->request;

	c->counts.valid++;
	c->exchange = (struct ntp_exchange){.t2 = ntp_to_utc(p->receive, c->config.pivot),
		.t3 = ntp_to_utc(p->transmit, c->config.pivot),
		.t4 = t4,
		.rx_stamp = stamp,
		.answer = *p};
	ntp_exchange_roots(&c->exchange, mono);
	ntp_exchange_shift(&c->exchange, mono);
	c->answered = true;
	c->published = false;
	if (r->second_cookie != 0 && p->origin == r->second_cookie) {
		complete_kept(c, p, mono);
		if (!guess_t3(c))
			return;
	}
	c->holding = true;
	c->hold_until = ts_raw_add(now, (struct ts_dur){NTP_HOLD_NS});
	if (!client_awaits_stamp(c))
		client_conclude(c);
}

static void take_answer(struct ntp_client *c, const struct ntp_packet *p,
	const struct ntp_mono *mono, enum reject reject, struct ts_raw t4, enum stamp stamp,
	struct ts_raw now)
{
	c->request.pending = false;
	c->done_cookie = p->origin;
	c->done_transmit = p->transmit;
	if (reject == reject_kiss)
		take_kiss(c, p);
	else
		note_answer(c, p, t4);
	if (reject == reject_ok)
		take_exchange(c, p, mono, t4, stamp, now);
	else
		tell_reject(c, p, reject, t4, stamp);
}

void ntp_client_receive(struct ntp_client *c, const uint8_t *bytes, size_t size, struct ts_raw t4,
	enum stamp stamp, struct ts_raw now)
{
	struct ntp_expected expected = {
		.pending = c->request.pending && c->request.tx_stamp != stamp_none,
		.cookie = c->request.cookie,
		.second_cookie = c->request.second_cookie,
		.done_cookie = c->done_cookie,
		.done_transmit = c->done_transmit};
	struct ntp_packet p = {0};
	struct ntp_mono mono;
	bool has_mono = false;
	enum reject reject;

	if (!client_running(c))
		return;
	c->counts.received++;
	reject = reject_format;
	if (ntp_packet_parse(bytes, size, &p, NULL) == 0) {
		reject = ntp_test(&p, &expected);
		has_mono = c->config.mono && ntp_mono_find(bytes, &p, &mono);
	}
	if (!ntp_test_unsolicited(reject) && reject != reject_auth) {
		take_answer(c, &p, has_mono ? &mono : NULL, reject, t4, stamp, now);
	} else if (!c->reject_told) {
		/* The request stays open: what anybody can send must not shut out the answer. */
		c->reject_told = true;
		tell_reject(c, &p, reject, t4, stamp);
	}
}
