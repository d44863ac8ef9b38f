/* SPDX-License-Identifier: MIT */
/*
 * serve.h - the NTP server: its sockets on the loop, and what time they tell.
 *
 * Sockets come from the service manager (FileDescriptorName "ntp") or are opened here, on `port`,
 * one a family, if an `allow` line stands in the configuration. A port that cannot be had is a
 * state, told once and tried again every SERVE_RETRY_NS.
 *
 * The time told is that of the last clock message: the line it gives, read at the instants of the
 * kernel's receive stamp and just before the answer is sent. Before the first clock message it is
 * CLOCK_REALTIME, told as not synchronised (or as `local`).
 */
#ifndef NTPEXCHD_SERVE_H
#define NTPEXCHD_SERVE_H

#include "common/io/stage.h"
#include "ntpexchd/config.h"
#include "ntpexchd/core/ntp_server.h"
#include "ntpexchd/nic.h"
#include "ntpexchd/udp.h"

#define SERVE_SOCKETS_MAX 8
#define SERVE_RETRY_NS	  (30 * NS_PER_S)

struct serve_counts {
	uint64_t received, failed; /* failed: could not be sent */
	uint64_t verdict[NTP_SERVER_VERDICTS];
	uint64_t kernel_stamps, hardware_stamps;
	uint64_t monotonic; /* answers with the field of ntp_mono.h */
};

struct serve {
	struct stage_host *host;
	const struct config *config;
	struct access_list access;
	struct ntp_local local;
	struct {
		int fd;
		bool passed, watched;
		bool stale; /* it lay unread */
		uint16_t port;
		int family;
	} socket[SERVE_SOCKETS_MAX];
	int sockets;
	char error[128]; /* why it does not serve though it should; "" */
	struct ts_raw retry_at;
	bool has_clock, activated;
	struct msg_clock clock;
	struct ntp_scale scale; /* for those who ask for it */
	uint64_t epochs;	/* that were drawn */
	uint32_t refid;		/* to tell in place of the message's; 0: the message's */
	struct serve_counts counts;
	struct nics *nics;
	uint64_t key[2]; /* of client hashes: nobody can aim at another's places */
	struct xleave xleave;
};

void serve_start(struct serve *v, struct stage_host *host, const struct config *config,
	struct nics *nics, uint64_t seed);
void serve_reload(struct serve *v, const struct config *config);
void serve_stop(struct serve *v);

/* A clock message. refid: of the selected source's address if it is one of ours, else 0. */
void serve_clock(struct serve *v, const struct msg_clock *clock, uint32_t refid);

struct ts_raw serve_deadline(const struct serve *v);
void serve_expire(struct serve *v, struct ts_raw now);

/* Is it configured to serve, and can it? */
bool serve_wanted(const struct serve *v);
bool serve_active(const struct serve *v);
/* What it tells now. */
struct ntp_served serve_served(const struct serve *v, struct ts_raw now, struct ts_utc utc);
/* UTC as it is told, at a raw instant. */
struct ts_line serve_line(const struct serve *v);

#endif
