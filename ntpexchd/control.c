/* SPDX-License-Identifier: MIT */
/* The words of the control socket. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "ntpexchd/ntpexchd_private.h"

struct request {
	struct exchange *x;
	const char *name; /* NULL: every source */
	struct ts_raw now;
	bool online;
	int good, total;
	int touched;
};

static bool is_meant(const struct request *r, const struct source *s)
{
	return !r->name || strcmp(s->core.config.source, r->name) == 0 ||
	       strcmp(s->core.config.configured, r->name) == 0 ||
	       strcmp(s->core.address, r->name) == 0;
}

static int nothing_meant(const char *name, char *reply, size_t size)
{
	snprintf(reply, size, "no source %s", name ? name : "at all");
	return -ENOENT;
}

/* ---- online, offline ---- */

static void set_online(struct source *s, void *arg)
{
	struct request *r = arg;

	if (!is_meant(r, s))
		return;
	ntp_client_online(&s->core, r->online, r->now);
	source_drain(s);
	r->touched++;
}

static int switch_sources(void *state, bool online, const char *name, char *reply, size_t size)
{
	struct exchange *x = state;
	struct request r = {
		.x = x, .name = name, .online = online, .now = door_raw(host_door(x->host))};

	/* Members that a pool will get later, too. */
	for (int i = 0; i < x->lines; i++) {
		if (name && strcmp(x->line[i]->config.name, name) != 0)
			continue;
		x->line[i]->off = !online;
		r.touched += x->line[i]->members == 0;
	}
	exchange_each(x, set_online, &r);
	if (r.touched == 0)
		return nothing_meant(name, reply, size);
	snprintf(reply, size, "%d %s", r.touched, online ? "online" : "offline");
	return 0;
}

static int run_online(void *state, int argc, const char *const *argv, char *reply, size_t size)
{
	return switch_sources(state, true, argc > 1 ? argv[1] : NULL, reply, size);
}

static int run_offline(void *state, int argc, const char *const *argv, char *reply, size_t size)
{
	return switch_sources(state, false, argc > 1 ? argv[1] : NULL, reply, size);
}

/* ---- burst, refresh ---- */

static void burst_one(struct source *s, void *arg)
{
	struct request *r = arg;

	if (!is_meant(r, s))
		return;
	ntp_client_burst(&s->core, r->good, r->total);
	r->touched++;
}

static int run_burst(void *state, int argc, const char *const *argv, char *reply, size_t size)
{
	struct exchange *x = state;
	struct request r = {.x = x, .good = NTP_IBURST_GOOD, .total = NTP_IBURST_TOTAL};
	char end;
	int next = 1;

	if (argc > 1 && strchr(argv[1], '/') && argv[1][0] >= '0' && argv[1][0] <= '9') {
		if (sscanf(argv[1], "%3d/%3d%c", &r.good, &r.total, &end) != 2 || r.good < 1 ||
			r.total < r.good || r.total > 64) {
			snprintf(reply, size, "%s: GOOD/TOTAL, 1 <= GOOD <= TOTAL <= 64", argv[1]);
			return -EINVAL;
		}
		next = 2;
	}
	r.name = next < argc ? argv[next] : NULL;
	exchange_each(x, burst_one, &r);
	if (r.touched == 0)
		return nothing_meant(r.name, reply, size);
	snprintf(reply, size, "%d asked in a burst of up to %d", r.touched, r.total);
	return 0;
}

static int run_refresh(void *state, int argc, const char *const *argv, char *reply, size_t size)
{
	struct exchange *x = state;
	struct ts_raw now = door_raw(host_door(x->host));
	int names = 0;

	(void)argc;
	(void)argv;
	for (int i = 0; i < x->lines; i++) {
		line_refresh(x->line[i], now);
		names += !x->line[i]->literal;
	}
	snprintf(reply, size, "%d names are looked up again", names);
	return 0;
}

/* ---- serverstats ---- */

static int run_serverstats(void *state, int argc, const char *const *argv, char *reply, size_t size)
{
	const struct exchange *x = state;
	const struct serve_counts *n = &x->serve.counts;

	(void)argc;
	(void)argv;
	snprintf(reply, size,
		"received %" PRIu64 "\nanswered %" PRIu64 "\ndenied %" PRIu64 "\nmalformed %" PRIu64
		"\nnot_a_request %" PRIu64 "\nauthenticated %" PRIu64 "\nport_0 %" PRIu64
		"\nsend_failed %" PRIu64 "\nkernel_stamps %" PRIu64 "\nhardware_stamps %" PRIu64
		"\ninterleaved %" PRIu64 "\nmonotonic %" PRIu64,
		n->received,
		n->verdict[NTP_SERVER_ANSWER] + n->verdict[NTP_SERVER_INTERLEAVED] - n->failed,
		n->verdict[NTP_SERVER_DENIED], n->verdict[NTP_SERVER_FORMAT],
		n->verdict[NTP_SERVER_MODE], n->verdict[NTP_SERVER_AUTH],
		n->verdict[NTP_SERVER_PORT], n->failed, n->kernel_stamps, n->hardware_stamps,
		n->verdict[NTP_SERVER_INTERLEAVED], n->monotonic);
	return 0;
}

const struct stage_control exchange_controls[] = {
	{"serverstats", "serverstats", "counters of the NTP server", run_serverstats},
	{"refresh", "refresh", "look names up again", run_refresh},
	{"burst", "burst [GOOD/TOTAL] [NAME]", "ask at short intervals for a while", run_burst},
	{"online", "online [NAME]", "ask a source, or all, again", run_online},
	{"offline", "offline [NAME]", "stop asking a source, or all", run_offline},
	{NULL, NULL, NULL, NULL},
};
