/* SPDX-License-Identifier: MIT */
/*
 * net.h - the network: what one direction of a path does to a packet, and the servers at its end.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "ntpexchd/core/ntp_packet.h"
#include "ntpexchd/core/ntp_server.h"
#include "tests/sim/scenario.h"

struct path {
	struct path_config config;
	struct prng noise;
	double extra_us; /* by changes of the route */
	bool burst;
	int64_t burst_until;
};

struct node {
	struct node_config config;
	struct path path[2]; /* there, back */
	struct prng noise;
	double false_us; /* lies by this; 0 tells the truth */
	/* its clock is slewed from slew_since on, until it has moved by slew_us */
	double slewed_us, slew_us, slew_ppm;
	int64_t slew_since;
	bool unsync;
	enum leap lies_leap;
	int64_t out_until, false_since;
	struct xleave xleave;
};

/* A value of that law: mean and spread follow from its standard deviation. Never below 0, but for
 * Gaussian with edge false. */
double law_draw(struct prng *g, enum law law, double sd, double shape, bool edge);

void node_init(struct node *n, const struct node_config *config, uint64_t seed, int number);

/* Sends at t: number of copies that arrive (0 to 2) and when. */
int path_send(struct path *p, int64_t t, int64_t ret_arrival[2]);

/* Its clock is moved by us at ppm; at 0 ppm at once. */
void node_slew(struct node *n, const struct world *w, double us, double ppm);

/* What the server's clock shows. */
struct ts_utc node_time(struct node *n, const struct world *w);

/* The answer to a request that arrives now; unless it is interleaved, without its transmit stamp.
 */
enum ntp_server_verdict node_answer(struct node *n, const struct world *w, const uint8_t *request,
	size_t size, uint8_t ret[NTP_SENT_MAX], size_t *ret_size, int64_t *ret_process_ns);

/* The answer is stamped and leaves: so much later does it pass the wire, which the server learns
 * and tells those who ask in interleaved mode. */
int64_t node_depart(
	struct node *n, const struct world *w, bool interleaved, uint8_t answer[NTP_HEADER_SIZE]);

#endif
