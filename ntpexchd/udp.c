/* SPDX-License-Identifier: MIT */
#include "ntpexchd/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "ntpexchd/core/ntp_mono.h"

#define CONTROL_SIZE 512
/* A stamp older than this when it is read, or from the future, belongs to no packet of ours: the
 * system clock was stepped in between. */
#define STAMP_AGE_NS   (2 * NS_PER_S)
#define STAMP_SLACK_NS NS_PER_MS
#define RECEIVE_BUFFER (1 << 20) /* about 1300 requests: 13 ms at 100000 a second */

#ifndef SCM_TIMESTAMPING
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#endif

int udp_plain_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), flags;

	if (fd >= 0 || errno != EINVAL)
		return fd < 0 ? -errno : fd;
	fd = socket(family, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, (flags < 0 ? 0 : flags) | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static void set_on(int fd, int level, int option)
{
	int on = 1;

	(void)setsockopt(fd, level, option, &on, sizeof on);
}

/* True if the kernel stamps what is sent too. */
static bool ask_for_stamps(int fd, bool transmit, bool hardware)
{
	static const int receive = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	static const int more = SOF_TIMESTAMPING_TX_SOFTWARE;
	static const int nice = SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	static const int cards = SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
				 SOF_TIMESTAMPING_OPT_PKTINFO | SOF_TIMESTAMPING_OPT_TX_SWHW |
				 SOF_TIMESTAMPING_OPT_CMSG;
	/* Without TSONLY the card's stamp would cost a frame each; with it there is no interface.
	 */
	const int tries[] = {receive | cards | (transmit ? more | SOF_TIMESTAMPING_TX_HARDWARE : 0),
		receive | more | nice, receive | more, receive};

	for (int i = hardware ? 0 : transmit ? 1 : 3; i < 4; i += i == 0 && !transmit ? 3 : 1)
		if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &tries[i], sizeof tries[i]) == 0)
			return (tries[i] & more) != 0;
	return false;
}

static void ask_for_packet_info(int fd, int family)
{
	if (family == AF_INET6)
		set_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	else
		set_on(fd, IPPROTO_IP, IP_PKTINFO);
}

void udp_adopt(int fd, int family, bool hardware)
{
	int size = RECEIVE_BUFFER, flags = fcntl(fd, F_GETFL);

	(void)fcntl(fd, F_SETFL, (flags < 0 ? 0 : flags) | O_NONBLOCK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	ask_for_packet_info(fd, family);
	ask_for_stamps(fd, false, hardware);
}

int udp_open(const struct udp_options *o, bool *ret_transmit_stamps)
{
	int fd = udp_plain_socket(o->family), r;
	bool stamps;

	if (fd < 0)
		return fd;
	if (o->family == AF_INET6)
		set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (o->reuse)
		set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (o->bind && bind(fd, &o->bind->any, udp_address_size(o->bind)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	if (o->packet_info)
		udp_adopt(fd, o->family, o->hardware);
	else if (o->hardware)
		ask_for_packet_info(fd, o->family);
	stamps = ask_for_stamps(fd, o->transmit_stamps, o->hardware);
	if (ret_transmit_stamps)
		*ret_transmit_stamps = stamps;
	return fd;
}

/* ---- control messages ---- */

struct control {
	struct ts_utc real; /* 0: none */
	int64_t card_ns;    /* the same */
	int card_interface, frame_length;
	bool has_info;
	struct in_addr local_v4;
	struct in6_addr local_v6;
	int interface;
};

static void read_control(struct msghdr *m, struct control *c)
{
	memset(c, 0, sizeof *c);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPING) {
			struct timespec t[3]; /* software, an old form of hardware, hardware */

			memcpy(t, CMSG_DATA(h), sizeof t);
			c->real.ns = (int64_t)t[0].tv_sec * NS_PER_S + t[0].tv_nsec;
			c->card_ns = (int64_t)t[2].tv_sec * NS_PER_S + t[2].tv_nsec;
		} else if (h->cmsg_level == SOL_SOCKET &&
			   h->cmsg_type == SCM_TIMESTAMPING_PKTINFO) {
			struct scm_ts_pktinfo info;

			memcpy(&info, CMSG_DATA(h), sizeof info);
			c->card_interface = (int)info.if_index;
			c->frame_length = (int)info.pkt_length;
		} else if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(h), sizeof info);
			c->has_info = true;
			c->local_v4 = info.ipi_spec_dst;
			c->interface = info.ipi_ifindex;
		} else if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(h), sizeof info);
			c->has_info = true;
			c->local_v6 = info.ipi6_addr;
			c->interface = (int)info.ipi6_ifindex;
		}
	}
}

/* The kernel's stamp on the raw clock, unless it cannot be one of a packet that is read now. */
static bool convert(struct door *door, struct ts_utc real, struct ts_raw now, struct ts_raw *ret)
{
	struct ts_raw raw;

	if (real.ns == 0)
		return false;
	raw = door_raw_from_real(door, real, NULL);
	if (raw.ns > now.ns + STAMP_SLACK_NS || raw.ns < now.ns - STAMP_AGE_NS)
		return false;
	*ret = raw;
	return true;
}

int udp_receive(int fd, struct door *door, struct udp_packet *ret)
{
	_Alignas(struct cmsghdr) char control[CONTROL_SIZE];
	struct iovec iov = {ret->bytes, sizeof ret->bytes};
	struct msghdr m = {.msg_name = &ret->from,
		.msg_namelen = sizeof ret->from,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	struct control c;
	ssize_t n;

	memset(&ret->from, 0, sizeof ret->from);
	n = recvmsg(fd, &m, 0);
	if (n < 0)
		return -errno;
	ret->raw = door_raw(door);
	ret->stamp = stamp_daemon;
	ret->size = (size_t)n;
	read_control(&m, &c);
	if (convert(door, c.real, ret->raw, &ret->raw))
		ret->stamp = stamp_kernel;
	ret->card_ns = c.card_ns;
	ret->card_interface = c.card_interface ? c.card_interface : c.interface;
	ret->frame_length = c.frame_length;
	ret->has_local = c.has_info;
	ret->local_v4 = c.local_v4;
	ret->local_v6 = c.local_v6;
	ret->local_interface = c.interface;
	return 0;
}

bool udp_transmit_stamp(int fd, struct door *door, struct udp_transmit *ret)
{
	_Alignas(struct cmsghdr) char control[CONTROL_SIZE];
	uint8_t bytes[256]; /* a kernel that does not know OPT_TSONLY sends the whole frame back */
	struct iovec iov = {bytes, sizeof bytes};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	struct pollfd p = {.fd = fd, .events = POLLPRI};
	struct control c;
	ssize_t n;

	/* An error queue without anything in it gives ordinary packets under the simulator. */
	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLPRI | POLLERR)))
		return false;
	n = recvmsg(fd, &m, MSG_ERRQUEUE);
	if (n < 0)
		return false;
	read_control(&m, &c);
	*ret = (struct udp_transmit){.card_ns = c.card_ns, .card_interface = c.interface};
	if (convert(door, c.real, door_raw(door), &ret->raw))
		ret->stamp = stamp_kernel;
	/* A frame that was cut has lost its end. */
	ret->has_payload = n >= NTP_HEADER_SIZE && !(m.msg_flags & MSG_TRUNC);
	if (ret->has_payload)
		memcpy(ret->payload, bytes + ntp_mono_start(bytes, (size_t)n), NTP_HEADER_SIZE);
	return true;
}

int udp_take_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return 0;
	return -error;
}

/* ---- answers ---- */

/* Appends a control message; the buffer has room for it. */
static void append_control(struct msghdr *m, int level, int type, const void *data, size_t size)
{
	struct cmsghdr *h = (struct cmsghdr *)(void *)((char *)m->msg_control + m->msg_controllen);

	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(h), data, size);
	m->msg_controllen += CMSG_SPACE(size);
}

/* The control message that makes the answer leave from the address that was asked. */
static void set_local(struct msghdr *m, const struct udp_packet *to)
{
	if (to->from.any.sa_family == AF_INET6) {
		struct in6_pktinfo info = {.ipi6_addr = to->local_v6};

		/* Link-local addresses need their interface; others may leave by any. */
		if (IN6_IS_ADDR_LINKLOCAL(&to->local_v6))
			info.ipi6_ifindex = (unsigned int)to->local_interface;
		append_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	} else {
		struct in_pktinfo info = {.ipi_spec_dst = to->local_v4};

		append_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	}
}

int udp_answer(int fd, const struct udp_packet *to, const uint8_t *bytes, size_t size, bool stamped,
	bool hardware)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
					      CMSG_SPACE(sizeof(uint32_t))] = {0};
	uint32_t flags =
		SOF_TIMESTAMPING_TX_SOFTWARE | (hardware ? SOF_TIMESTAMPING_TX_HARDWARE : 0);
	union udp_address from = to->from;
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr m = {.msg_name = &from,
		.msg_namelen = udp_address_size(&from),
		.msg_iov = &iov,
		.msg_iovlen = 1};

	m.msg_control = control;
	if (to->has_local)
		set_local(&m, to);
	if (stamped)
		append_control(&m, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
	if (m.msg_controllen == 0)
		m.msg_control = NULL;
	return sendmsg(fd, &m, 0) < 0 ? -errno : 0;
}
