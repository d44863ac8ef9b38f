/* SPDX-License-Identifier: MIT */
/*
 * path_server - a double of an NTP server behind a path whose law is known. On loopback or a veth
 * pair packets take a microsecond, more or less, by no law at all. This server tells stamps as if
 * they took longer: it moves the kernel's receive stamp later by a drawn delay and its transmit
 * stamp earlier by another, each base plus an exponential, and waits as long as both together
 * before it answers, so that all four stamps are in order and what was drawn outweighs what is
 * real.
 *
 *   -p PORT       11123
 *   -s SEED       of the draws (1)
 *   -b US -m US   base of a delay and mean of what exceeds it (50, 20)
 *   -t US         mean time it takes for an answer (20)
 *   -n US         planted mistake: an error of the transmit stamp, Gaussian, of this deviation (0)
 *   -o NS         planted mistake: its clock is ahead by this (0)
 *
 * Basic and interleaved mode. The clock is CLOCK_REALTIME, which nobody steers. Prints a line for
 * each answer, "told" with the receive stamp as it was told, both delays (with what was planted
 * there) and the planted error of the transmit stamp, ns: what is left of the real path can be told
 * from these and the client's stamps.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "common/core/ntptime.h"
#include "common/core/prng.h"
#include "common/core/refid.h"
#include "common/io/log.h"
#include "ntpexchd/core/ntp_server.h"

#define CLIENT	      1
#define STAMP_WAIT_MS 5

struct server {
	int fd, port;
	double base_us, mean_us, turn_us, noise_us;
	int64_t offset_ns;
	struct prng draws;
	struct xleave xleave;
};

struct heard {
	struct sockaddr_in from;
	uint8_t bytes[256];
	ssize_t size;
	int64_t stamp_ns;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t from_us(double us)
{
	return llround(us * 1e3);
}

static int64_t delay_ns(struct server *s)
{
	return from_us(s->base_us + s->mean_us * prng_exponential(&s->draws));
}

/* A packet, or what the error queue holds; false if there is nothing. */
static bool hear(const struct server *s, int flags, struct heard *ret)
{
	_Alignas(struct cmsghdr) char control[512];
	struct iovec iov = {ret->bytes, sizeof(ret->bytes)};
	struct msghdr m = {.msg_name = &ret->from,
		.msg_namelen = sizeof(ret->from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};

	ret->stamp_ns = 0;
	ret->size = recvmsg(s->fd, &m, flags);
	if (ret->size < 0)
		return false;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		struct timespec t[3];

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_TIMESTAMPING)
			continue;
		memcpy(t, CMSG_DATA(h), sizeof(t));
		ret->stamp_ns = (int64_t)t[0].tv_sec * NS_PER_S + t[0].tv_nsec;
	}
	return true;
}

/* The kernel's stamp of what was just sent. */
static int64_t sent_ns(const struct server *s, int64_t fallback_ns)
{
	struct pollfd p = {.fd = s->fd, .events = POLLPRI};
	struct heard stamp;
	int64_t ns = fallback_ns;

	while (poll(&p, 1, STAMP_WAIT_MS) > 0 && (p.revents & (POLLERR | POLLPRI)) &&
		hear(s, MSG_ERRQUEUE | MSG_DONTWAIT, &stamp)) {
		if (stamp.stamp_ns != 0)
			return stamp.stamp_ns;
	}
	return ns;
}

/* Sleep would be late by more than what is drawn. */
static void wait_until(int64_t ns)
{
	while (now_ns() < ns)
		;
}

static void answer(struct server *s, const struct heard *request)
{
	struct ntp_served served = {.leap = leap_none,
		.stratum = 1,
		.refid = NTP_REFID('T', 'E', 'S', 'T'),
		.root_dispersion_ns = NS_PER_US,
		.precision = -25,
		.reference = {request->stamp_ns - 8 * NS_PER_S}};
	int64_t there = delay_ns(s), back = delay_ns(s), told, left;
	int64_t error = s->offset_ns + from_us(s->noise_us * prng_normal(&s->draws));
	struct ntp_server_request r = {.bytes = request->bytes,
		.size = (size_t)request->size,
		.port = ntohs(request->from.sin_port),
		.allowed = true,
		.received = {request->stamp_ns + there + s->offset_ns},
		.xleave = &s->xleave,
		.client = CLIENT};
	uint8_t bytes[NTP_SENT_MAX];
	size_t size;
	enum ntp_server_verdict verdict = ntp_server_answer(&r, &served, bytes, &size);

	if (verdict != NTP_SERVER_ANSWER && verdict != NTP_SERVER_INTERLEAVED)
		return;
	wait_until(request->stamp_ns + there + back +
		   from_us(s->turn_us * prng_exponential(&s->draws)));
	told = now_ns() - back + error;
	if (verdict == NTP_SERVER_ANSWER)
		ntp_server_stamp(bytes, (struct ts_utc){told});
	xleave_note(
		&s->xleave, CLIENT, ntp_packet_receive(bytes), ntp_from_utc((struct ts_utc){told}));
	if (sendto(s->fd, bytes, size, 0, (const struct sockaddr *)&request->from,
		    sizeof(request->from)) < 0)
		return;
	left = sent_ns(s, told + back - error) - back + error;
	xleave_stamp(&s->xleave, ntp_packet_receive(bytes), ntp_from_utc((struct ts_utc){left}));
	printf("told %lld %lld %lld %lld\n", (long long)r.received.ns,
		(long long)(there + s->offset_ns), (long long)back, (long long)error);
}

static void open_socket(struct server *s)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
		    SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		    SOF_TIMESTAMPING_OPT_TSONLY;
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
		setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0)
		log_fatal("port %d", s->port);
}

int main(int argc, char **argv)
{
	static struct server s = {.port = 11123, .base_us = 50, .mean_us = 20, .turn_us = 20};
	uint64_t seed = 1;
	struct heard request;
	int option;

	log_open("path_server", LOG_LEVEL_WARN);
	while ((option = getopt(argc, argv, "p:s:b:m:t:n:o:")) != -1) {
		switch (option) {
		case 'p':
			s.port = atoi(optarg);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			s.base_us = atof(optarg);
			break;
		case 'm':
			s.mean_us = atof(optarg);
			break;
		case 't':
			s.turn_us = atof(optarg);
			break;
		case 'n':
			s.noise_us = atof(optarg);
			break;
		case 'o':
			s.offset_ns = atoll(optarg);
			break;
		default:
			return 2;
		}
	}
	prng_init(&s.draws, seed);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	open_socket(&s);
	for (;;) {
		if (hear(&s, 0, &request) && request.stamp_ns != 0)
			answer(&s, &request);
		else if (errno != EINTR && errno != EAGAIN)
			(void)sent_ns(&s, 0);
	}
}
