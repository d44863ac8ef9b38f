/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_client_private.h"

#include <string.h>
#include "common/core/bytes.h"
#include "ntpexchd/core/poll.h"

#define REACH_BITS	      8
#define RESOLVE_MISSED_MAX    64
#define SEND_FAILURES_RESOLVE 3
#define SEND_RETRIES_MAX      5
#define START_SPREAD_NS	      (100 * NS_PER_MS)
/* Readings of two clocks are compared only to throw out nonsense. */
#define STAMP_SLACK_NS NS_PER_MS

bool client_running(const struct ntp_client *c)
{
	return c->online && c->has_address && !c->denied && !c->failed;
}

enum source_state ntp_client_state(const struct ntp_client *c)
{
	if (c->failed)
		return source_state_failed;
	if (!c->online)
		return source_state_offline;
	if (c->denied)
		return source_state_denied;
	if (!c->has_address)
		return source_state_resolving;
	if (c->was_reachable)
		return source_state_reachable;
	return c->heard ? source_state_unreachable : source_state_waiting;
}

/* ---- schedule ---- */

static bool in_burst(const struct ntp_client *c)
{
	return c->burst_good > 0 && c->burst_total > 0;
}

int client_poll(const struct ntp_client *c)
{
	bool near = c->counts.good > 0 && c->missed == 0 && c->last_delay_ns <= NTP_LAN_DELAY_NS;
	int poll = poll_of_parts(c->poll_parts);

	if (poll < c->rate_floor)
		poll = c->rate_floor;
	return poll < 0 && !near ? 0 : poll;
}

struct ts_dur client_interval(const struct ntp_client *c)
{
	int poll = client_poll(c);

	if (poll != poll_of_parts(c->poll_parts))
		return poll_interval(poll);
	return poll_parts_interval(c->poll_parts);
}

bool client_filters(const struct ntp_client *c)
{
	return c->config.filter > 1 && c->has_clock && !client_opening(c);
}

int client_polls_a_sample(const struct ntp_client *c)
{
	return client_filters(c) && ntp_filter_knows(&c->filter) ? c->config.filter : 1;
}

/* How soon the next request follows while the time since the first answer is short. */
static int64_t opening_ns(const struct ntp_client *c)
{
	int64_t ns = ts_raw_sub(c->last_send, c->opened).ns / NTP_OPENING_SHARE;

	return ns > NTP_BURST_NS ? ns : NTP_BURST_NS;
}

static bool in_opening(const struct ntp_client *c)
{
	return c->config.iburst && c->was_reachable && c->missed == 0 &&
	       c->rate_floor == POLL_MIN && opening_ns(c) < client_interval(c).ns;
}

bool client_opening(const struct ntp_client *c)
{
	return in_burst(c) || in_opening(c);
}

static int64_t interval_ns(const struct ntp_client *c)
{
	int64_t ns = client_interval(c).ns;

	if (c->send_failures > 0) {
		int64_t retry = NTP_BURST_NS << (c->send_failures - 1);

		return retry < ns ? retry : ns;
	}
	if ((in_burst(c) || c->soon) && ns > NTP_BURST_NS)
		return NTP_BURST_NS;
	if (!in_burst(c) && in_opening(c))
		return opening_ns(c);
	return ns + ns / 4096 * c->spread;
}

void client_schedule(struct ntp_client *c)
{
	c->next_send = ts_raw_add(c->last_send, (struct ts_dur){interval_ns(c)});
}

static void set_poll_range(struct ntp_client *c)
{
	c->poll_parts = c->config.minpoll * POLL_PARTS;
	c->poll_samples = 0;
	c->poll_memory = (struct poll_memory){0};
	c->unjudged_raw_ns = 0;
}

void client_begin_burst(struct ntp_client *c)
{
	if (!c->config.iburst)
		return;
	c->burst_good = NTP_IBURST_GOOD;
	c->burst_total = NTP_IBURST_TOTAL;
}

/* Everything that was learnt from one address. */
static void start_over(struct ntp_client *c, struct ts_raw now)
{
	struct ts_dur first = {(int64_t)(cookie_next(&c->random) % START_SPREAD_NS)};

	set_poll_range(c);
	c->rate_floor = POLL_MIN;
	c->denied = c->failed = c->heard = c->was_reachable = false;
	c->reach = 0;
	c->missed = c->send_failures = c->stamps_missing = 0;
	c->resolve_at = REACH_BITS;
	c->request.pending = c->holding = c->out_send = false;
	c->answered = c->kept.valid = false;
	c->hardware_trust = 0;
	c->turnaround.count = 0;
	c->offset_sd_ns = c->rate_sd_ppb = 0;
	ntp_filter_init(&c->filter, c->config.filter);
	c->done_cookie = 0;
	c->error[0] = '\0';
	c->stratum = 0;
	c->leap = leap_none;
	c->refid = c->own_refid = 0;
	c->soon = false;
	c->burst_good = c->burst_total = 0;
	client_begin_burst(c);
	c->next_send = ts_raw_add(now, first);
	c->out_source = true;
}

void ntp_client_init(struct ntp_client *c, const struct ntp_client_config *config, uint64_t seed,
	struct ts_raw now)
{
	memset(c, 0, sizeof *c);
	c->config = *config;
	cookie_init(&c->random, seed);
	c->online = true;
	c->next_send = TS_RAW_NEVER;
	start_over(c, now);
}

/* ---- requests ---- */

static void miss(struct ntp_client *c)
{
	c->request.pending = false;
	c->missed++;
	c->out_source = true;
	if (c->was_reachable && c->reach == 0) {
		c->was_reachable = false;
		set_poll_range(c);
		client_event(c, EVENT_source_unreachable, 0, "%s (%s) has not answered %d polls",
			c->config.source, c->address, c->missed);
	}
	if (c->missed >= c->resolve_at) {
		c->resolve_at += c->missed < RESOLVE_MISSED_MAX ? c->missed : RESOLVE_MISSED_MAX;
		c->out_resolve = true;
	}
}

/* The exchange that was answered last, with the stamps that came meanwhile. */
static void keep_exchange(struct ntp_client *c)
{
	if (!c->answered)
		return;
	c->answered = false;
	c->kept = (struct ntp_kept){true, c->published, c->exchange};
	c->kept.exchange.t1 = c->request.t1;
	c->kept.exchange.tx_stamp = c->request.tx_stamp;
}

static void make_request(struct ntp_client *c, struct ts_raw now)
{
	struct ntp_packet p = {.version = (uint8_t)c->config.version,
		.mode = NTP_MODE_CLIENT,
		.poll = (int8_t)client_poll(c),
		.precision = 32};

	c->request = (struct ntp_request){.pending = true,
		.id = c->request.id + 1,
		.cookie = cookie_next(&c->random),
		.sent = now};
	p.transmit = c->request.cookie;
	if (c->config.xleave && c->kept.valid && c->missed < NTP_XLEAVE_MISSED) {
		c->request.second_cookie = cookie_next(&c->random);
		p.origin = c->kept.exchange.answer.receive;
		p.receive = c->request.second_cookie;
	}
	ntp_packet_build(&p, c->send_bytes);
	c->send_size = NTP_HEADER_SIZE;
	if (c->config.mono && c->config.version == 4) {
		ntp_mono_build(&(struct ntp_mono){0}, c->send_bytes + NTP_HEADER_SIZE);
		c->send_size = NTP_SENT_MAX;
	}
	c->out_send = true;
	c->reject_told = false;
}

static void ask(struct ntp_client *c, struct ts_raw now)
{
	if (c->holding)
		client_conclude(c);
	if (c->request.pending)
		miss(c);
	c->reach = (uint8_t)(c->reach << 1);
	/* Later, not sooner: minpoll is the shortest interval. */
	c->spread = (int)(cookie_next(&c->random) & 127);
	if (c->config.burst && !in_burst(c)) {
		c->burst_good = 1;
		c->burst_total = NTP_BURST_TOTAL;
	}
	if (c->burst_total > 0)
		c->burst_total--;
	c->soon = false;
	keep_exchange(c);
	make_request(c, now);
	ntp_filter_polled(&c->filter);
	c->last_send = now;
	client_schedule(c);
}

void ntp_client_sent(struct ntp_client *c, uint64_t id, struct ts_raw t1, bool stamp_expected)
{
	if (id != c->request.id || !c->request.pending || c->request.tx_stamp != stamp_none)
		return;
	c->request.t1 = t1;
	c->request.tx_stamp = stamp_daemon;
	c->request.stamp_expected = stamp_expected;
	c->counts.sent++;
	if (c->send_failures > 0) {
		c->send_failures = 0;
		c->error[0] = '\0';
		client_schedule(c);
	}
}

void ntp_client_send_failed(struct ntp_client *c, uint64_t id, const char *why)
{
	if (id != c->request.id || !c->request.pending)
		return;
	str_copy(c->error, sizeof c->error, why);
	if (c->send_failures < SEND_RETRIES_MAX)
		c->send_failures++;
	/* There may be no way to this address, but to another one. */
	if (c->send_failures == SEND_FAILURES_RESOLVE)
		c->out_resolve = true;
	/* What never left does not use up a burst. */
	c->burst_total += c->burst_good > 0;
	miss(c);
	client_schedule(c);
}

void ntp_client_stamp(
	struct ntp_client *c, uint64_t id, struct ts_raw t1, enum stamp stamp, struct ts_raw now)
{
	struct ntp_request *r = &c->request;

	if (id != r->id || r->tx_stamp == stamp_none || stamp <= r->tx_stamp)
		return;
	/* A step of CLOCK_REALTIME between the stamp and its conversion shows like this. */
	if (t1.ns < ts_sat_sub(r->t1.ns, STAMP_SLACK_NS) ||
		t1.ns > ts_sat_add(now.ns, STAMP_SLACK_NS))
		return;
	r->t1 = t1;
	r->tx_stamp = stamp;
	c->stamps_missing = 0;
	if (stamp == stamp_hardware)
		c->hardware_trust = NTP_HARDWARE_TRUST;
	if (c->holding && !client_awaits_stamp(c))
		client_conclude(c);
}

/* ---- what others decide ---- */

void ntp_client_address(struct ntp_client *c, const char *address, uint16_t port, struct ts_raw now)
{
	bool same = c->has_address && strcmp(c->address, address) == 0 && c->port == port;

	if (same && !c->denied && !c->failed)
		return;
	if (!same)
		c->learned = (struct learned){0};
	if (c->has_address && !same)
		client_event(c, EVENT_source_changed, 0, "%s is now %s, was %s", c->config.source,
			address, c->address);
	str_copy(c->address, sizeof c->address, address);
	c->port = port;
	c->has_address = true;
	start_over(c, now);
}

void ntp_client_note(struct ntp_client *c, const char *why)
{
	str_copy(c->error, sizeof c->error, why);
	c->out_source = true;
}

void ntp_client_fail(struct ntp_client *c, const char *why)
{
	if (!c->failed)
		client_event(c, EVENT_source_failed, 0, "%s: %s", c->config.source, why);
	str_copy(c->error, sizeof c->error, why);
	c->failed = true;
	c->request.pending = c->holding = c->out_send = false;
	c->out_source = true;
}

void ntp_client_own_refid(struct ntp_client *c, uint32_t refid)
{
	c->own_refid = refid;
}

void ntp_client_verdict(struct ntp_client *c, const struct msg_verdict *v)
{
	learned_keep(&c->learned, v);
	if (c->unjudged_raw_ns == 0 || v->last_sample_raw_ns != c->unjudged_raw_ns)
		return;
	c->offset_sd_ns = v->offset_sd_ns;
	c->rate_sd_ppb = v->rate_sd_ppb;
	client_adapt(c, v);
}

void ntp_client_clock(struct ntp_client *c, const struct ts_line *clock)
{
	c->has_clock = clock != NULL;
	if (clock)
		c->clock = *clock;
}

void ntp_client_disruption(struct ntp_client *c)
{
	ntp_filter_clear(&c->filter);
	if (!client_running(c) || c->rate_floor > POLL_MIN)
		return;
	set_poll_range(c);
	client_begin_burst(c);
	c->soon = true;
	client_schedule(c);
}

void ntp_client_online(struct ntp_client *c, bool online, struct ts_raw now)
{
	if (c->online == online)
		return;
	c->online = online;
	if (online)
		start_over(c, now);
	c->request.pending = c->holding = c->out_send = false;
	c->out_source = true;
}

void ntp_client_burst(struct ntp_client *c, int good, int total)
{
	c->burst_good = good;
	c->burst_total = total;
	/* From the last request on: nobody can make us ask faster than a burst does. */
	if (client_running(c))
		client_schedule(c);
}

void ntp_client_remove(struct ntp_client *c)
{
	c->removed = true;
	c->online = false;
	c->request.pending = c->holding = c->out_send = false;
	c->out_source = true;
}

/* ---- time ---- */

struct ts_raw ntp_client_deadline(const struct ntp_client *c)
{
	struct ts_raw d = TS_RAW_NEVER;

	if (client_running(c))
		d = c->next_send;
	if (c->holding)
		d = ts_raw_min(d, c->hold_until);
	if (c->out_source)
		d = ts_raw_min(d, ts_raw_add(c->told_at, (struct ts_dur){NTP_SOURCE_NS}));
	return d;
}

void ntp_client_expire(struct ntp_client *c, struct ts_raw now)
{
	if (c->holding && !ts_raw_before(now, c->hold_until))
		client_conclude(c);
	if (client_running(c) && !ts_raw_before(now, c->next_send))
		ask(c, now);
}
