/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <string.h>

#include "common/core/sock_datagram.h"
#include "refclockd/config.h"
#include "refclockd/core/parameter.h"
#include "refclockd/driver.h"

static int parse(struct parameter *p, const char *text, char *error)
{
	error[0] = '\0';
	return parameter_parse(p, text, "nocrossts pin= perm=", error, 160);
}

static void names_and_options_are_told_apart(void **state)
{
	struct parameter p;
	char error[160];

	(void)state;
	assert_int_equal(parse(&p, "/dev/ptp0", error), 0);
	assert_string_equal(p.name, "/dev/ptp0");
	assert_int_equal(p.options, 0);
	assert_null(parameter_option(&p, "nocrossts"));
	assert_int_equal(parse(&p, "KVM virtual PTP:nocrossts:pin=3", error), 0);
	assert_string_equal(p.name, "KVM virtual PTP");
	assert_string_equal(parameter_option(&p, "nocrossts"), "");
	assert_string_equal(parameter_option(&p, "pin"), "3");
	assert_null(parameter_option(&p, "perm"));
}

static void mistakes_say_what_is_allowed(void **state)
{
	static const char *const bad[][2] = {
		{"", "empty"},
		{":pin=1", "empty"},
		{"a:", "unknown"},
		{"a::pin=1", "unknown"},
		{"a:pi=1", "unknown"},
		{"a:pin", "needs a value"},
		{"a:pin=", "needs a value"},
		{"a:nocrossts=1", "takes no value"},
		{"a:nocrosstsx", "unknown"},
		{"a:pin=1:pin=1:pin=1:pin=1:pin=1:pin=1:pin=1:pin=1:pin=1", "one too many"},
	};
	struct parameter p;
	char error[160], longest[PARAMETER_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&p, bad[i][0], error), -EINVAL);
		if (!strstr(error, bad[i][1]))
			print_error("%s: %s\n", bad[i][0], error);
		assert_non_null(strstr(error, bad[i][1]));
	}
	memset(longest, 'a', sizeof(longest));
	longest[PARAMETER_SIZE] = '\0';
	assert_int_equal(parse(&p, longest, error), -EINVAL);
	longest[PARAMETER_SIZE - 1] = '\0';
	assert_int_equal(parse(&p, longest, error), 0);
}

static void numbers_have_their_base_and_range(void **state)
{
	int n = -1;

	(void)state;
	assert_int_equal(parameter_number("0666", true, 0, 0777, &n), 0);
	assert_int_equal(n, 0666);
	assert_int_equal(parameter_number("438", true, 0, 0777, &n), 0);
	assert_int_equal(n, 438);
	assert_int_equal(parameter_number("-1", false, -1, 9, &n), 0);
	assert_int_equal(n, -1);
	n = 5;
	assert_int_equal(parameter_number("0999", true, 0, 999, &n), -EINVAL);
	assert_int_equal(parameter_number("", false, 0, 9, &n), -EINVAL);
	assert_int_equal(parameter_number("-", false, -9, 9, &n), -EINVAL);
	assert_int_equal(parameter_number("1x", false, 0, 99, &n), -EINVAL);
	assert_int_equal(parameter_number("256", false, 0, 255, &n), -EINVAL);
	assert_int_equal(parameter_number("99999999999999999999", false, 0, 255, &n), -EINVAL);
	assert_int_equal(n, 5);
}

static void lines_make_chronys_names(void **state)
{
	struct refclock_line line;
	struct refclock_config c;

	(void)state;
	refclock_line_defaults("phc", "eth0:nocrossts", &line);
	refclock_line_core(&line, driver_find(line.driver), 0, &c);
	assert_string_equal(c.name, "PHC0");
	assert_i64_equal(c.refid, 0x50484330);
	assert_string_equal(c.configured, "PHC eth0:nocrossts");
	assert_int_equal(c.poll, 4);
	assert_int_equal(c.dpoll, 0);
	assert_i64_equal(c.delay_ns, 1);
	refclock_line_core(&line, &driver_sock, 12, &c);
	assert_string_equal(c.name, "SOC2");
	assert_false(c.polled);
	line.refid = 0x4e4d0000; /* NM */
	line.poll = -2;
	refclock_line_core(&line, &driver_shm, 0, &c);
	assert_string_equal(c.name, "NM");
	assert_int_equal(c.dpoll, -2); /* not slower than poll */
	line.refid = 0x4e00014d;
	refclock_line_core(&line, &driver_shm, 0, &c);
	assert_string_equal(c.name, "N_M");
}

/* ---- SOCK datagrams ---- */

static struct sock_datagram good_datagram(void)
{
	return (struct sock_datagram){.tv_s = 1700000000,
		.tv_us = 250000,
		.offset_s = -0.000001234,
		.leap = 2,
		.magic = SOCK_DATAGRAM_MAGIC};
}

static void a_datagram_is_taken_apart(void **state)
{
	struct sock_datagram d = good_datagram();
	struct sock_sample s;

	(void)state;
	assert_int_equal(sock_datagram_decode(&d, sizeof(d), &s), 0);
	assert_i64_equal(s.system.ns, INT64_C(1700000000250000000));
	assert_i64_equal(s.reference.ns, INT64_C(1700000000249998766));
	assert_int_equal(s.leap, 2);
	assert_false(s.pulse);
	d.offset_s = 86400.000000001;
	d.pulse = -1;
	d.leap = 7;
	assert_int_equal(sock_datagram_decode(&d, sizeof(d), &s), 0);
	assert_i64_equal(s.reference.ns - s.system.ns, 86400 * NS_PER_S + 1);
	assert_int_equal(s.leap, 3);
	assert_true(s.pulse);
}

static void bad_datagrams_are_refused(void **state)
{
	struct sock_datagram d;
	struct sock_sample s = {.leap = 99};

	(void)state;
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		d = good_datagram();                                                               \
		change;                                                                            \
		assert_int_equal(sock_datagram_decode(&d, sizeof(d), &s), -EBADMSG);               \
	} while (0)
	REFUSED(d.magic++);
	REFUSED(d.tv_s = -1);
	REFUSED(d.tv_s = INT64_MAX);
	REFUSED(d.tv_us = 1000000);
	REFUSED(d.tv_us = -1);
	REFUSED(d.offset_s = (double)NAN);
	REFUSED(d.offset_s = (double)INFINITY);
	REFUSED(d.offset_s = 1e300);
	REFUSED(d.offset_s = -1700000001);
	d = good_datagram();
	assert_int_equal(sock_datagram_decode(&d, sizeof(d) - 1, &s), -EBADMSG);
	assert_int_equal(sock_datagram_decode(&d, sizeof(d) + 1, &s), -EBADMSG);
	assert_int_equal(sock_datagram_decode(&d, 0, &s), -EBADMSG);
	assert_int_equal(s.leap, 99);
}

static void a_datagram_loses_nothing(void **state)
{
	struct sock_sample in = {
		{INT64_C(1700000000123456789)}, {INT64_C(1700000000124456123)}, true, 1};
	struct sock_sample out;
	struct sock_datagram d;

	(void)state;
	assert_int_equal(sock_datagram_encode(&in, &d), 0);
	assert_i64_equal(d.tv_us, 123456);
	assert_int_equal(sock_datagram_decode(&d, sizeof(d), &out), 0);
	assert_i64_equal(out.reference.ns - out.system.ns, in.reference.ns - in.system.ns);
	assert_true(out.pulse);
	assert_int_equal(out.leap, 1);
	in.reference.ns = -1;
	assert_int_equal(sock_datagram_encode(&in, &d), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_options_are_told_apart),
		cmocka_unit_test(mistakes_say_what_is_allowed),
		cmocka_unit_test(numbers_have_their_base_and_range),
		cmocka_unit_test(lines_make_chronys_names),
		cmocka_unit_test(a_datagram_is_taken_apart),
		cmocka_unit_test(bad_datagrams_are_refused),
		cmocka_unit_test(a_datagram_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
