/* SPDX-License-Identifier: MIT */
/*
 * nic.h - network cards that stamp packets: switched on, their clocks read, stamps converted.
 *
 * Each hwtimestamp line is one interface, or all that can do it (*). An interface that is not
 * there, or may not be configured by us, is tried again every NIC_RETRY_NS; stamps of the kernel do
 * until then, and while the card's clock is not known well enough (core/hwclock.h).
 *
 * A card stamps the start of a frame; NTP wants the end of a received one (as the kernel stamps
 * it, and as RFC 5905 figure 3 has T2 and T4: when the packet is there), so that the time on the
 * wire is the same in both directions whatever the speeds of the links are. Receive stamps are
 * moved by the frame's length, with checksum, over the link's speed.
 */
#ifndef NTPEXCHD_NIC_H
#define NTPEXCHD_NIC_H

#include "common/io/phc.h"
#include "common/io/stage.h"
#include "ntpexchd/config.h"
#include "ntpexchd/core/hwclock.h"
#include "ntpexchd/udp.h"

#define NIC_MAX	     16
#define NIC_RETRY_NS (30 * NS_PER_S)

struct nic {
	struct config_nic config; /* name: of this interface, never "*" */
	int index;		  /* of the interface */
	int speed_mbps;		  /* 0: not known */
	struct phc phc;
	struct hwclock clock;
	struct ts_raw next_reading, next_speed;
};

struct nics {
	struct stage_host *host;
	const struct config *config;
	struct nic nic[NIC_MAX];
	int count;
	bool told[CONFIG_NICS_MAX]; /* why a line has no effect */
	struct ts_raw retry_at;	    /* TS_RAW_NEVER: all lines have their interface */
};

void nics_start(struct nics *n, struct stage_host *host, const struct config *config);
void nics_reload(struct nics *n, const struct config *config);
void nics_stop(struct nics *n);

/* Should sockets ask for hardware stamps? */
bool nics_wanted(const struct nics *n);

/* Puts the card's stamp in the place of the kernel's, if there is one and it can be converted. */
void nics_receive(struct nics *n, struct udp_packet *packet);
void nics_transmit(struct nics *n, struct udp_transmit *stamp);

struct ts_raw nics_deadline(const struct nics *n);
void nics_expire(struct nics *n, struct ts_raw now);

#endif
