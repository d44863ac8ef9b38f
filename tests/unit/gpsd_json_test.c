/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <string.h>

#include "refclockd/core/gpsd_json.h"

static int parse(const char *text, bool cut, struct gpsd_object *o)
{
	return gpsd_json_parse(text, strlen(text), cut, o);
}

static void objects_are_taken_apart(void **state)
{
	struct gpsd_object o;
	struct ts_utc real, clock;

	(void)state;
	assert_int_equal(
		parse("{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"lat\":-1.5e-3}",
			false, &o),
		0);
	assert_int_equal(o.class, GPSD_TPV);
	assert_string_equal(o.device, "/dev/ttyS0");
	assert_i64_equal(o.number[GPSD_MODE], 3);
	assert_int_equal(gpsd_json_pair(&o, &real, &clock), -EBADMSG);
	assert_int_equal(
		parse(" { \"class\" : \"PPS\" , \"real_sec\" : 1700000000 , \"real_nsec\" :0,"
		      "\"clock_sec\":1699999999,\"clock_nsec\":999998765,\"precision\":-20,"
		      "\"qErr\":-12345} ",
			false, &o),
		0);
	assert_int_equal(o.class, GPSD_PPS);
	assert_int_equal(gpsd_json_pair(&o, &real, &clock), 0);
	assert_i64_equal(real.ns, INT64_C(1700000000000000000));
	assert_i64_equal(clock.ns, INT64_C(1699999999999998765));
	assert_i64_equal(gpsd_json_error_ns(&o), 953 + 12);
	assert_int_equal(
		parse("{\"class\":\"ERROR\",\"message\":\"a \\\"b\\\" \\\\ c\"}", false, &o), 0);
	assert_string_equal(o.message, "a \"b\" \\ c");
	assert_int_equal(parse("{}", false, &o), 0);
	assert_int_equal(o.class, GPSD_OTHER);
	assert_i64_equal(gpsd_json_error_ns(&o), 1000);
}

static void what_nests_is_skipped(void **state)
{
	struct gpsd_object o;

	(void)state;
	assert_int_equal(
		parse("{\"class\":\"SKY\",\"satellites\":[{\"mode\":9,\"x\":\"}]\"},[1,2]],"
		      "\"nSat\":12,\"uSat\":7}",
			false, &o),
		0);
	assert_int_equal(o.class, GPSD_SKY);
	assert_false(o.has[GPSD_MODE]);
	assert_i64_equal(o.number[GPSD_NSAT], 12);
	assert_i64_equal(o.number[GPSD_USAT], 7);
}

static void only_long_objects_may_be_cut(void **state)
{
	static const char sky[] = "{\"class\":\"SKY\",\"nSat\":12,\"uSat\":7,\"satellites\":[{\"PR";
	static const char pps[] = "{\"class\":\"PPS\",\"real_sec\":17,\"real_nsec\":0,\"clock_s";
	struct gpsd_object o;

	(void)state;
	assert_int_equal(parse(sky, false, &o), -EBADMSG);
	assert_int_equal(parse(sky, true, &o), 0);
	assert_i64_equal(o.number[GPSD_USAT], 7);
	assert_int_equal(parse(pps, true, &o), -EBADMSG);
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {"", "x", "[", "{", "{\"", "{\"a", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1 \"b\":2", "{\"a\":]}", "{\"a\":\"\\",
		"{a:1}", "{\"class\":\"x}"};
	static const char *const no_pair[] = {
		"{\"real_sec\":-1,\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":1}",
		"{\"real_sec\":1,\"real_nsec\":1000000000,\"clock_sec\":1,\"clock_nsec\":1}",
		"{\"real_sec\":99999999999,\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":1}",
		"{\"real_sec\":9999999999999999,\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":1}",
		"{\"real_sec\":1,\"real_nsec\":0,\"clock_sec\":1}",
		"{\"real_sec\":\"1\",\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":1}"};
	struct gpsd_object o = {.class = GPSD_TPV};
	struct ts_utc real, clock;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], false, &o) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(o.class, GPSD_TPV);
	for (size_t i = 0; i < sizeof(no_pair) / sizeof(no_pair[0]); i++) {
		assert_int_equal(parse(no_pair[i], false, &o), 0);
		if (gpsd_json_pair(&o, &real, &clock) != -EBADMSG)
			fail_msg("taken: %s", no_pair[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_taken_apart),
		cmocka_unit_test(what_nests_is_skipped),
		cmocka_unit_test(only_long_objects_may_be_cut),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
