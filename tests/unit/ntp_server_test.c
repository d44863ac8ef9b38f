/* SPDX-License-Identifier: MIT */
/* What the server answers, to whom, and what it never answers. */
#include "tests/unit/tcheck.h"

#include <string.h>
#include "common/core/ntptime.h"
#include "ntpexchd/core/cookie.h"
#include "ntpexchd/core/ntp_refid.h"
#include "ntpexchd/core/ntp_server.h"

#define UTC0 (INT64_C(1790000000) * NS_PER_S)

static struct msg_clock good_clock(void)
{
	return (struct msg_clock){.status = sync_synchronised,
		.raw_ns = 1000 * NS_PER_S,
		.utc_ns = UTC0,
		.stratum = 3,
		.refid = 0x01020304,
		.root_delay_ns = 20 * NS_PER_MS,
		.root_dispersion_ns = NS_PER_MS,
		.bound_drift_ppb = 100,
		.reference_utc_ns = UTC0 - 5 * NS_PER_S};
}

static struct ntp_served good_served(void)
{
	struct msg_clock clock = good_clock();

	return ntp_served_from_clock(&clock, 40, (struct ts_raw){clock.raw_ns});
}

static enum ntp_server_verdict ask_with(int version, int mode, uint16_t port,
	const struct ntp_served *served, struct ntp_packet *ret)
{
	struct ntp_packet q = {.version = (uint8_t)version,
		.mode = (uint8_t)mode,
		.poll = 9,
		.transmit = UINT64_C(0x1122334455667788)};
	uint8_t bytes[NTP_HEADER_SIZE], reply[NTP_SENT_MAX];
	size_t size = 0;
	struct ntp_server_request r = {.bytes = bytes,
		.size = sizeof bytes,
		.port = port,
		.allowed = true,
		.received = {UTC0 + 7}};
	enum ntp_server_verdict v;

	ntp_packet_build(&q, bytes);
	v = ntp_server_answer(&r, served, reply, &size);
	if (v == NTP_SERVER_ANSWER) {
		ntp_server_stamp(reply, (struct ts_utc){UTC0 + 1000});
		assert_int_equal(ntp_packet_parse(reply, size, ret, NULL), 0);
	}
	return v;
}

static void test_answer(void **state)
{
	struct ntp_served served = good_served();
	struct ntp_packet p;

	(void)state;
	assert_int_equal(ask_with(4, NTP_MODE_CLIENT, 40000, &served, &p), NTP_SERVER_ANSWER);
	assert_int_equal(p.mode, NTP_MODE_SERVER);
	assert_int_equal(p.version, 4);
	assert_int_equal(p.leap, 0);
	assert_int_equal(p.stratum, 3);
	assert_int_equal(p.poll, 9);
	assert_int_equal(p.precision, -24);
	assert_int_equal(p.refid, 0x01020304);
	assert_true(p.origin == UINT64_C(0x1122334455667788));
	assert_true(p.receive == ntp_from_utc((struct ts_utc){UTC0 + 7}));
	assert_true(p.transmit == ntp_from_utc((struct ts_utc){UTC0 + 1000}));
	assert_true(p.reference == ntp_from_utc((struct ts_utc){UTC0 - 5 * NS_PER_S}));
	assert_i64_range(ntp_short_to_dur(p.root_delay).ns, 20 * NS_PER_MS, 20 * NS_PER_MS + 15300);
}

static void test_versions_and_modes(void **state)
{
	struct ntp_served served = good_served();

	(void)state;
	for (int version = 0; version < 8; version++) {
		for (int mode = 0; mode < 8; mode++) {
			struct ntp_packet p = {0};
			enum ntp_server_verdict v = ask_with(version, mode, 123, &served, &p);
			bool good = version >= 1 && version <= 4 &&
				    (mode == NTP_MODE_CLIENT || mode == NTP_MODE_ACTIVE ||
					    (mode == NTP_MODE_UNSPECIFIED && version == 1));

			assert_int_equal(v == NTP_SERVER_ANSWER, good);
			if (!good)
				continue;
			assert_int_equal(p.version, version);
			assert_int_equal(p.mode,
				mode == NTP_MODE_ACTIVE ? NTP_MODE_PASSIVE : NTP_MODE_SERVER);
		}
	}
}

/* No answer may itself be answered, whatever the clock says. */
static void test_never_two_servers_talking(void **state)
{
	struct ntp_served served = good_served();

	(void)state;
	for (int mode = 0; mode < 8; mode++) {
		struct ntp_packet p, q;

		if (ask_with(4, mode, 123, &served, &p) == NTP_SERVER_ANSWER)
			assert_int_equal(ask_with(4, p.mode, 123, &served, &q), NTP_SERVER_MODE);
	}
}

static void test_refusals(void **state)
{
	struct ntp_served served = good_served();
	uint8_t bytes[NTP_HEADER_SIZE + 20] = {0x23}, reply[NTP_SENT_MAX];
	size_t answered;
	struct ntp_server_request r = {.bytes = bytes, .size = 48, .port = 123, .allowed = true};
	struct ntp_packet p;

	(void)state;
	assert_int_equal(ask_with(4, NTP_MODE_CLIENT, 0, &served, &p), NTP_SERVER_PORT);
	for (size_t size = 0; size < 48; size++) {
		r.size = size;
		assert_int_equal(
			ntp_server_answer(&r, &served, reply, &answered), NTP_SERVER_FORMAT);
	}
	r.size = sizeof bytes;
	assert_int_equal(ntp_server_answer(&r, &served, reply, &answered), NTP_SERVER_AUTH);
	r.size = 48;
	assert_int_equal(ntp_server_answer(&r, &served, reply, &answered), NTP_SERVER_ANSWER);
	r.allowed = false;
	assert_int_equal(ntp_server_answer(&r, &served, reply, &answered), NTP_SERVER_DENIED);
}

static void test_unsynchronised(void **state)
{
	struct msg_clock clock = good_clock();
	struct ntp_served served;
	struct ntp_packet p;

	(void)state;
	clock.status = sync_unsynchronised;
	served = ntp_served_from_clock(&clock, 40, (struct ts_raw){clock.raw_ns});
	assert_int_equal(ask_with(4, NTP_MODE_CLIENT, 123, &served, &p), NTP_SERVER_ANSWER);
	assert_int_equal(p.leap, 3);
	assert_int_equal(p.stratum, 0);
	assert_int_equal(p.refid, 0);
	assert_int_equal(p.root_delay, 1 << 16);
	assert_int_equal(p.root_dispersion, 1 << 16);
	assert_true(p.reference == 0);
}

static void test_holdover_is_still_time(void **state)
{
	struct msg_clock clock = good_clock();
	struct ntp_served served;

	(void)state;
	clock.status = sync_holdover;
	clock.leap = leap_insert;
	served = ntp_served_from_clock(&clock, 40, (struct ts_raw){clock.raw_ns + 1000 * NS_PER_S});
	assert_int_equal(served.stratum, 3);
	assert_int_equal(served.leap, leap_insert);
	/* 100 ppb over 1000 s */
	assert_i64_equal(served.root_dispersion_ns, NS_PER_MS + 100000);
}

static void test_local(void **state)
{
	struct ntp_local local = {.enabled = true, .stratum = 8, .distance_ns = NS_PER_S};
	struct ntp_served served = good_served(), unsync = {.stratum = 16};
	struct ntp_packet p;

	(void)state;
	assert_false(ntp_local_applies(&local, &served, false));
	assert_true(ntp_local_applies(&local, &unsync, false));
	served.root_dispersion_ns = NS_PER_S;
	assert_true(ntp_local_applies(&local, &served, false));
	local.activate_ns = NS_PER_MS;
	assert_false(ntp_local_applies(&local, &unsync, false));
	assert_true(ntp_local_applies(&local, &unsync, true));
	local.enabled = false;
	assert_false(ntp_local_applies(&local, &unsync, true));
	served = ntp_local_served(&local, -20, (struct ts_utc){UTC0 + 5});
	assert_int_equal(ask_with(3, NTP_MODE_CLIENT, 123, &served, &p), NTP_SERVER_ANSWER);
	assert_int_equal(p.stratum, 8);
	assert_int_equal(p.leap, 0);
	assert_int_equal(p.refid, 0x7f7f0101);
	assert_true(p.reference == ntp_from_utc((struct ts_utc){UTC0}));
}

static void test_refid_of_addresses(void **state)
{
	struct ntp_address v4 = {4, {192, 0, 2, 1}}, v6 = {6, {0}}, none = {0};

	(void)state;
	assert_int_equal(ntp_refid_of(&v4), 0xc0000201);
	/* MD5 of sixteen zero bytes is 4ae71336e44bf9bf79d2752e234818a5 */
	assert_int_equal(ntp_refid_of(&v6), 0x4ae71336);
	/* of 2001:db8::1: 39ab9b3749629b8f2c7ccf39226f680c */
	v6.bytes[0] = 0x20;
	v6.bytes[1] = 0x01;
	v6.bytes[2] = 0x0d;
	v6.bytes[3] = 0xb8;
	v6.bytes[15] = 1;
	assert_int_equal(ntp_refid_of(&v6), 0x39ab9b37);
	assert_int_equal(ntp_refid_of(&none), 0);
}

static void test_cookies(void **state)
{
	/* key 00 01 .. 0f, message 00 .. 07: the reference vector of SipHash-2-4 */
	static const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	struct cookie a, b;
	int same = 0;

	(void)state;
	assert_true(cookie_hash(key, UINT64_C(0x0706050403020100)) == UINT64_C(0x93f5f5799a932462));
	cookie_init(&a, 1);
	cookie_init(&b, 2);
	for (int i = 0; i < 1000; i++)
		same += cookie_next(&a) == cookie_next(&b);
	assert_int_equal(same, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_versions_and_modes),
		cmocka_unit_test(test_never_two_servers_talking),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_unsynchronised),
		cmocka_unit_test(test_holdover_is_still_time),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_refid_of_addresses),
		cmocka_unit_test(test_cookies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
