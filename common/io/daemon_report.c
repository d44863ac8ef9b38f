/* SPDX-License-Identifier: MIT */
#include "common/io/daemon_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS_EVERY_NS (2 * NS_PER_S)
#define HELLO_EVERY_NS	(10 * NS_PER_S)
#define PEER_GRACE_NS	(5 * NS_PER_S) /* to start, before it is called missing */
#define GAP_EVERY_NS	NS_PER_S

static bool passed(struct ts_raw now, struct ts_raw since, int64_t at_least_ns)
{
	return since.ns == 0 || ts_raw_sub(now, since).ns >= at_least_ns;
}

void daemon_report_hello(struct daemon *d)
{
	struct msg m = {.kind = MSG_hello};
	struct msg_hello *hello = &m.u.hello;

	(void)snprintf(hello->daemon, sizeof(hello->daemon), "%s", d->stage->name);
	(void)snprintf(hello->version, sizeof(hello->version), "%s", TIMEBUS_VERSION);
	(void)snprintf(hello->digest, sizeof(hello->digest), "%s", d->digest);
	(void)snprintf(hello->state, sizeof(hello->state), "%s", d->status);
	hello->pid = getpid();
	hello->started_raw_ns = d->started.ns;
	bus_publish(d->bus, &m);
	d->hello_sent = loop_now(d->loop);
	d->hello_due = false;
}

static void report_status(struct daemon *d)
{
	char status[DAEMON_STATUS_MAX] = "";

	if (!d->stage->status)
		return;
	d->stage->status(d->state, status, sizeof(status));
	for (char *c = status; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
	if (!strcmp(status, d->status))
		return;
	memcpy(d->status, status, sizeof(status));
	notify_status(status);
	d->hello_due = true;
}

static void feed_watchdog(struct daemon *d, struct ts_raw now)
{
	if (loop_rounds(d->loop) == d->watchdog_rounds)
		return;
	notify_watchdog();
	d->watchdog_rounds = loop_rounds(d->loop);
	d->watchdog_fed = now;
	loop_timer_set(
		d->loop, &d->watchdog_timer, ts_raw_add(now, (struct ts_dur){d->watchdog_ns / 2}));
}

static void watchdog_due(void *arg, struct ts_raw now)
{
	feed_watchdog(arg, now);
}

void daemon_report_watchdog_start(struct daemon *d)
{
	struct ts_raw now = door_raw(d->door);

	d->watchdog_ns = notify_watchdog_ns();
	d->watchdog_timer = (struct loop_timer){.fn = watchdog_due, .arg = d};
	if (!d->watchdog_ns)
		return;
	d->watchdog_fed = now;
	loop_timer_set(
		d->loop, &d->watchdog_timer, ts_raw_add(now, (struct ts_dur){d->watchdog_ns / 2}));
}

static void report_peers(struct daemon *d, struct ts_raw now)
{
	for (unsigned int i = 0; i < d->peer_count; i++) {
		struct daemon_peer *peer = &d->peers[i];
		bool connected = bus_connected(d->bus, peer->name);

		if (connected)
			peer->told = false;
		else if (!peer->told &&
			 (peer->connected || passed(now, d->started, PEER_GRACE_NS))) {
			peer->told = true;
			host_event(
				&d->host, EVENT_peer_lost, NULL, 0, "%s is not there", peer->name);
		}
		peer->connected = connected;
	}
}

/* In each round that happens anyway. */
void daemon_report_round(struct daemon *d)
{
	struct ts_raw now = loop_now(d->loop);

	/* Half of what the timer waits: a daemon that is busy anyway never wakes for it. */
	if (d->watchdog_ns && passed(now, d->watchdog_fed, d->watchdog_ns / 4))
		feed_watchdog(d, now);
	if (passed(now, d->status_seen, STATUS_EVERY_NS)) {
		d->status_seen = now;
		report_status(d);
	}
	report_peers(d, now);
	if (d->hello_due && passed(now, d->hello_sent, HELLO_EVERY_NS))
		daemon_report_hello(d);
}

/* lost: 0 restarted, else a gap; a flood of them is added up. */
void daemon_report_peer(struct daemon *d, const char *publisher, uint64_t lost)
{
	struct ts_raw now = loop_now(d->loop);
	struct daemon_peer *peer = NULL;

	if (lost == 0) {
		host_event(&d->host, EVENT_peer_restarted, NULL, 0, "%s restarted", publisher);
		return;
	}
	for (unsigned int i = 0; i < d->peer_count; i++) {
		if (!strcmp(d->peers[i].name, publisher))
			peer = &d->peers[i];
	}
	if (!peer)
		return;
	peer->lost_untold += lost;
	if (!passed(now, peer->gap_told, GAP_EVERY_NS))
		return;
	host_event(&d->host, EVENT_gap, NULL, 0, "%" PRIu64 " messages of %s were lost",
		peer->lost_untold, publisher);
	peer->gap_told = now;
	peer->lost_untold = 0;
}
