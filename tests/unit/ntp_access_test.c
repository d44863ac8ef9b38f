/* SPDX-License-Identifier: MIT */
/* allow and deny: the forms that chrony takes, and who is let in. */
#include "tests/unit/tcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ntpexchd/config.h"

static void add(struct config *c, bool allow, bool all, const char *subnet)
{
	struct config_rule *r = &c->rule[c->rules++];

	r->is_allow = allow;
	r->is_deny = !allow;
	r->all = all;
	snprintf(r->subnet, sizeof r->subnet, "%s", subnet);
}

static bool allowed(const struct config *c, const char *address)
{
	struct access_list list;
	struct ntp_address a;

	config_access(c, &list);
	assert_int_equal(config_parse_address(address, &a), 0);
	return access_allowed(&list, &a);
}

static void expect_subnet(const char *text, int family, int bits, uint8_t first, uint8_t last)
{
	struct ntp_address net;
	int got;

	assert_int_equal(config_parse_subnet(text, &net, &got), 0);
	assert_int_equal(net.family, family);
	assert_int_equal(got, bits);
	assert_int_equal(net.bytes[0], first);
	assert_int_equal(net.bytes[family == 4 ? 3 : 15], last);
}

static void test_forms(void **state)
{
	static const char *const wrong[] = {"", "host", "1.2.3.4.5", "256", "1..2", "1.2.3.4/33",
		"::1/129", "1.2.3.4/", "/8", "1.2.3.4/x", "-1", "1.2.", ".1", "10.0.0.0/8/9",
		":::", "fe80::1%eth0", "0x10", "1.2.3.4 "};
	struct ntp_address net;
	int bits;

	(void)state;
	expect_subnet("1.2.3.4", 4, 32, 1, 4);
	expect_subnet("1.2.3.0/24", 4, 24, 1, 0);
	expect_subnet("1.2.3", 4, 24, 1, 0);
	expect_subnet("1.2", 4, 16, 1, 0);
	expect_subnet("10", 4, 8, 10, 0);
	expect_subnet("10/7", 4, 7, 10, 0);
	expect_subnet("0.0.0.0/0", 4, 0, 0, 0);
	expect_subnet("::1", 6, 128, 0, 1);
	expect_subnet("2001:db8::/32", 6, 32, 0x20, 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (config_parse_subnet(wrong[i], &net, &bits) != -EINVAL)
			fail_msg("'%s' is taken", wrong[i]);
}

static void test_nobody_without_a_line(void **state)
{
	static struct config c;
	struct access_list list;

	(void)state;
	assert_false(allowed(&c, "127.0.0.1"));
	assert_false(allowed(&c, "::1"));
	config_access(&c, &list);
	assert_false(access_any(&list));
}

static void test_bare_allow(void **state)
{
	static struct config c;

	(void)state;
	add(&c, true, false, "");
	assert_true(allowed(&c, "203.0.113.9"));
	assert_true(allowed(&c, "2001:db8::9"));
}

static void test_longest_prefix(void **state)
{
	static struct config c;

	(void)state;
	add(&c, false, false, "10.1.2.3");
	add(&c, true, false, "10.1.2.0/24");
	add(&c, false, false, "10.1");
	add(&c, true, false, "10");
	assert_true(allowed(&c, "10.9.0.1"));
	assert_false(allowed(&c, "10.1.0.1"));
	assert_true(allowed(&c, "10.1.2.4"));
	assert_false(allowed(&c, "10.1.2.3"));
	assert_false(allowed(&c, "11.0.0.1"));
	assert_false(allowed(&c, "::1"));
	/* the odd bits of a byte */
	add(&c, true, false, "192.0.2.128/25");
	assert_true(allowed(&c, "192.0.2.128"));
	assert_false(allowed(&c, "192.0.2.127"));
}

static void test_later_line_and_all(void **state)
{
	static struct config c;

	(void)state;
	add(&c, true, false, "10.1.0.0/16");
	add(&c, false, false, "10.1.0.0/16");
	assert_false(allowed(&c, "10.1.0.1"));
	add(&c, true, false, "10.1");
	assert_true(allowed(&c, "10.1.0.1"));
	add(&c, false, false, "10.1.9");
	add(&c, true, false, "10");
	assert_false(allowed(&c, "10.1.9.1"));
	add(&c, true, true, "10");
	assert_true(allowed(&c, "10.1.9.1"));
	add(&c, false, true, "");
	assert_false(allowed(&c, "10.1.9.1"));
	add(&c, true, false, "10.1.9.1");
	assert_true(allowed(&c, "10.1.9.1"));
}

static void test_mapped_address(void **state)
{
	static struct config c;

	(void)state;
	add(&c, true, false, "192.0.2.0/24");
	assert_true(allowed(&c, "::ffff:192.0.2.1"));
	assert_false(allowed(&c, "::ffff:192.0.3.1"));
	assert_false(allowed(&c, "::192.0.2.1"));
}

static void test_table_full(void **state)
{
	static struct access_list list;
	struct ntp_address a = {.family = 4};
	int r = 0;

	(void)state;
	for (int i = 0; i < ACCESS_RULES_MAX + 1; i++) {
		a.bytes[2] = (uint8_t)(i >> 8);
		a.bytes[3] = (uint8_t)i;
		r = access_add(&list, &a, 32, true, false);
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(list.count, ACCESS_RULES_MAX);
	assert_int_equal(access_add(&list, &a, 33, true, false), -EINVAL);
	assert_int_equal(access_add(&list, &a, -1, true, false), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_nobody_without_a_line),
		cmocka_unit_test(test_bare_allow),
		cmocka_unit_test(test_longest_prefix),
		cmocka_unit_test(test_later_line_and_all),
		cmocka_unit_test(test_mapped_address),
		cmocka_unit_test(test_table_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
