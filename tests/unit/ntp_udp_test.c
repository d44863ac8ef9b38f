/* SPDX-License-Identifier: MIT */
/* Sockets on the loopback interface: stamps of the kernel both ways, and answers from the address
 * that was asked; names through the resolver's threads. */
#include "tests/unit/tcheck.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "ntpexchd/resolve.h"
#include "ntpexchd/udp.h"

static struct door *new_door(void)
{
	char error[200];
	struct door *door = door_new(error, sizeof error);

	assert_non_null(door);
	return door;
}

static int wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 2000);
}

struct pair {
	struct door *door;
	int server, client;
	bool stamps;
	union udp_address address;
};

static void open_pair(struct pair *p, const char *host)
{
	union udp_address any;
	struct udp_options serve = {.bind = &any, .packet_info = true},
			   ask = {.transmit_stamps = true};
	socklen_t size = sizeof p->address;

	p->door = new_door();
	memset(&any, 0, sizeof any);
	assert_int_equal(udp_parse(host, 0, &p->address), 0);
	serve.family = ask.family = any.any.sa_family = p->address.any.sa_family;
	p->server = udp_open(&serve, NULL);
	p->client = udp_open(&ask, &p->stamps);
	assert_true(p->server >= 0 && p->client >= 0);
	assert_int_equal(getsockname(p->server, &any.any, &size), 0);
	udp_set_port(&p->address, udp_port(&any));
	assert_int_equal(connect(p->client, &p->address.any, udp_address_size(&p->address)), 0);
}

static void close_pair(struct pair *p)
{
	close(p->server);
	close(p->client);
	door_destroy(&p->door);
}

/* The kernel begins to stamp a moment after the first socket of the machine asked for it. */
static void warm_up(struct pair *p)
{
	const uint8_t ping[48] = {0x23};
	struct udp_transmit sent;
	struct udp_packet packet = {.stamp = stamp_none};

	for (int i = 0; i < 100 && packet.stamp != stamp_kernel; i++) {
		usleep(10000);
		assert_int_equal(send(p->client, ping, sizeof ping, 0), sizeof ping);
		assert_int_equal(wait_readable(p->server), 1);
		assert_int_equal(udp_receive(p->server, p->door, &packet), 0);
		while (udp_transmit_stamp(p->client, p->door, &sent))
			;
	}
}

static void exchange(const char *host)
{
	const uint8_t ping[48] = {0x23}, pong[48] = {0x24};
	struct udp_packet packet, reply;
	struct ts_raw before, after;
	struct udp_transmit sent, again;
	char from[64];
	struct pair p;

	open_pair(&p, host);
	assert_true(p.stamps);
	warm_up(&p);
	before = door_raw(p.door);
	assert_int_equal(send(p.client, ping, sizeof ping, 0), sizeof ping);
	assert_true(udp_transmit_stamp(p.client, p.door, &sent));
	assert_int_equal(sent.stamp, stamp_kernel);
	assert_int_equal(sent.card_ns, 0);
	assert_false(udp_transmit_stamp(p.client, p.door, &again));
	assert_int_equal(wait_readable(p.server), 1);
	assert_int_equal(udp_receive(p.server, p.door, &packet), 0);
	after = door_raw(p.door);
	assert_int_equal(packet.size, sizeof ping);
	assert_int_equal(packet.stamp, stamp_kernel);
	/* carried over to the raw clock: within the time it took, but for the bracket */
	assert_i64_range(sent.raw.ns, before.ns - NS_PER_MS, after.ns + NS_PER_MS);
	assert_i64_range(packet.raw.ns, sent.raw.ns - NS_PER_MS, after.ns + NS_PER_MS);
	assert_true(packet.has_local);
	assert_int_equal(udp_answer(p.server, &packet, pong, sizeof pong, false, false), 0);
	/* the client is connected: an answer from any other address would never come */
	assert_int_equal(wait_readable(p.client), 1);
	assert_int_equal(udp_receive(p.client, p.door, &reply), 0);
	assert_memory_equal(reply.bytes, pong, sizeof pong);
	udp_format(&reply.from, from, sizeof from);
	assert_string_equal(from, host);
	assert_int_equal(udp_receive(p.client, p.door, &reply), -EAGAIN);
	close_pair(&p);
}

static void test_ipv4(void **state)
{
	(void)state;
	/* not the address that the kernel would choose for an answer */
	exchange("127.0.0.7");
}

static void test_ipv6(void **state)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool there = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;

	(void)state;
	close(fd);
	if (!there)
		skip();
	exchange("::1");
}

static void test_closed_port_is_an_error_once(void **state)
{
	struct udp_packet packet;
	struct pair p;

	(void)state;
	open_pair(&p, "127.0.0.1");
	close(p.server);
	p.server = -1;
	assert_int_equal(send(p.client, "x", 1, 0), 1);
	assert_int_equal(udp_take_error(p.client), -ECONNREFUSED);
	assert_int_equal(udp_take_error(p.client), 0);
	assert_int_equal(udp_receive(p.client, p.door, &packet), -EAGAIN);
	close_pair(&p);
}

static void test_long_datagram_is_cut_beyond_the_limit(void **state)
{
	static uint8_t big[4000];
	struct udp_packet packet;
	struct pair p;

	(void)state;
	open_pair(&p, "127.0.0.1");
	assert_int_equal(send(p.client, big, sizeof big, 0), sizeof big);
	assert_int_equal(wait_readable(p.server), 1);
	assert_int_equal(udp_receive(p.server, p.door, &packet), 0);
	assert_true(packet.size > NTP_PACKET_MAX);
	assert_int_equal(ntp_packet_parse(packet.bytes, packet.size, NULL, NULL), -EBADMSG);
	close_pair(&p);
}

static void test_addresses(void **state)
{
	union udp_address a, b;
	struct ntp_address plain;
	char text[64];

	(void)state;
	assert_int_equal(udp_parse("192.0.2.1", 123, &a), 0);
	assert_int_equal(udp_parse("::ffff:192.0.2.1", 456, &b), 0);
	assert_true(udp_same_host(&a, &b));
	plain = udp_plain_address(&b);
	assert_int_equal(plain.family, 4);
	assert_int_equal(udp_port(&b), 456);
	assert_int_equal(udp_parse("2001:db8::1", 1, &a), 0);
	assert_false(udp_same_host(&a, &b));
	udp_format(&a, text, sizeof text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(udp_parse("ntp.example.net", 1, &a), -EINVAL);
	assert_int_equal(udp_parse("192.0.2", 1, &a), -EINVAL);
	assert_int_equal(udp_parse("fe80::1%no-such-interface", 1, &a), -EINVAL);
}

/* ---- resolver ---- */

struct asked {
	struct loop *loop;
	int answers, wanted, found;
};

static void on_answer(void *arg, const struct resolve_answer *answer)
{
	struct asked *a = arg;

	a->answers++;
	a->found += answer->count;
	assert_true((answer->count == 0) == (answer->error[0] != '\0'));
	if (a->answers == a->wanted)
		loop_stop(a->loop);
}

static void test_lookups(void **state)
{
	struct door *door = new_door();
	struct loop *loop = loop_new(door);
	struct resolver *r = resolver_new(loop);
	struct asked one = {.loop = loop, .wanted = 1};
	struct asked many[8];

	(void)state;
	assert_int_equal(resolver_start(r, "localhost", AF_INET, 123, on_answer, &one), 0);
	assert_int_equal(resolver_start(r, "localhost", AF_INET, 123, on_answer, &one), -EALREADY);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(one.answers, 1);
	assert_int_equal(one.found, 1);
	/* more than there may be threads; the last one answered ends it */
	for (int i = 0; i < 8; i++) {
		many[i] = (struct asked){.loop = loop, .wanted = 1};
		assert_int_equal(
			resolver_start(r, "127.0.0.1", AF_UNSPEC, 1, on_answer, &many[i]), 0);
	}
	for (int answers = 0; answers < 8;) {
		assert_int_equal(loop_run(loop), 0);
		answers = 0;
		for (int i = 0; i < 8; i++)
			answers += many[i].answers;
	}
	/* one that is no longer wanted, and an end with lookups under way */
	assert_int_equal(resolver_start(r, "localhost", AF_INET, 1, on_answer, &one), 0);
	resolver_cancel(r, &one);
	assert_int_equal(resolver_start(r, "localhost", AF_INET, 1, on_answer, &many[0]), 0);
	resolver_destroy(&r);
	assert_null(r);
	assert_int_equal(one.answers, 1);
	loop_destroy(&loop);
	door_destroy(&door);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_closed_port_is_an_error_once),
		cmocka_unit_test(test_long_datagram_is_cut_beyond_the_limit),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
