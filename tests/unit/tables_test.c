/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tests/unit/msg_fill.h"
#include "tests/unit/tcheck.h"
#include "monitord/core/table.h"

static char buffer[TABLE_TEXT_SIZE];
static struct model model;

static const char *time_text(double seconds, bool sign)
{
	struct text t;

	text_init(&t, buffer, sizeof(buffer));
	if (sign)
		text_time_signed(&t, seconds);
	else
		text_time(&t, seconds);
	return buffer;
}

static void amounts_of_time(void **state)
{
	static const struct {
		double seconds;
		const char *plain, *sign;
	} cases[] = {
		{0, "   0ns", "   +0ns"},
		{1e-9, "   1ns", "   +1ns"},
		{-34e-6, "  34us", "  -34us"},
		{9.9994e-6, "9999ns", "+9999ns"},
		{9.9996e-6, "  10us", "  +10us"},
		{-484e-6, " 484us", " -484us"},
		{0.030, "  30ms", "  +30ms"},
		{9.9994, "9999ms", "+9999ms"},
		{12.34, " 12.3s", " +12.3s"},
		{998.76, "998.8s", "+998.8s"},
		{1000, " 1000s", " +1000s"},
		{100000, " 1667m", " +1667m"},
		{1e7, " 2778h", " +2778h"},
		{1e9, "11574d", "+11574d"},
		{1e12, "31710y", "+31710y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *sign = cases[i].sign;

		assert_string_equal(time_text(cases[i].seconds, false), cases[i].plain);
		if (sign[0] == ' ' && strlen(sign) > strlen(cases[i].plain) + 1)
			sign++;
		assert_string_equal(time_text(cases[i].seconds, true), sign);
	}
}

static void ages(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {{-1, "   -"}, {0, "   0"}, {1199, "1199"}, {1200, " 20m"}, {35999, "599m"},
		{36000, " 10h"}, {345600, "  4d"}, {86400 * 1000, "  2y"},
		{86400 * INT64_C(36500), "100y"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t;

		text_init(&t, buffer, sizeof(buffer));
		text_age(&t, cases[i].seconds);
		assert_string_equal(buffer, cases[i].text);
	}
}

/* Against the C library, over a range that holds every kind of year. */
static void dates(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t s = (int64_t)(fill_random(&seed) % 18000000000) - 9000000000;
		time_t time = (time_t)s;
		struct tm tm;
		struct text t;
		char expected[64];

		assert_non_null(gmtime_r(&time, &tm));
		(void)strftime(expected, sizeof(expected), "%Y-%m-%d %H:%M:%S", &tm);
		text_init(&t, buffer, sizeof(buffer));
		text_date_log(&t, (struct ts_utc){s * NS_PER_S});
		assert_string_equal(buffer, expected);
		(void)strftime(expected, sizeof(expected), "%a %b %d %H:%M:%S %Y", &tm);
		text_init(&t, buffer, sizeof(buffer));
		text_date_long(&t, (struct ts_utc){s * NS_PER_S});
		assert_string_equal(buffer, expected);
	}
	assert_int_equal(text_date((struct ts_utc){-1}).ns, 999999999);
	assert_int_equal(text_date((struct ts_utc){-1}).year, 1969);
	(void)text_date((struct ts_utc){INT64_MIN});
	(void)text_date((struct ts_utc){INT64_MAX});
}

static void refids(void **state)
{
	static const struct {
		uint32_t refid;
		const char *label;
	} cases[] = {{0x50484330, "PHC0"}, {0x47505300, "GPS"}, {0x4e000000, "N"}, {0, "00000000"},
		{0x7f7f0101, "7F7F0101"}, {0x47005300, "47005300"}, {0x47505301, "47505301"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char label[TEXT_LABEL_SIZE];

		text_refid(label, cases[i].refid);
		assert_string_equal(label, cases[i].label);
	}
}

static void json_is_escaped_and_exact(void **state)
{
	struct text t;

	(void)state;
	text_init(&t, buffer, sizeof(buffer));
	json_open(&t, NULL, '{');
	json_int(&t, "least", INT64_MIN);
	json_int(&t, "most", INT64_MAX);
	json_double(&t, "tenth", 0.1);
	json_double(&t, "nan", NAN);
	json_double(&t, "inf", -INFINITY);
	json_string(&t, "say \"\\", "a\"b\\c\nd\x7f");
	json_open(&t, "list", '[');
	json_bool(&t, NULL, true);
	json_null(&t, NULL);
	json_close(&t, ']');
	json_close(&t, '}');
	assert_string_equal(buffer,
		"{\"least\":-9223372036854775808,\"most\":9223372036854775807,\"tenth\":0.1,"
		"\"nan\":null,\"inf\":null,\"say \\\"\\\\\":\"a\\\"b\\\\c\\u000ad\\u007f\","
		"\"list\":[true,null]}");
}

static void text_stops_where_the_buffer_ends(void **state)
{
	char small[8];
	struct text t;

	(void)state;
	text_init(&t, small, sizeof(small));
	text_add(&t, "1234567");
	assert_false(t.full);
	text_add(&t, "8");
	assert_true(t.full);
	assert_string_equal(small, "1234567");
	text_init(&t, small, sizeof(small));
	text_add(&t, "123");
	text_add(&t, "456789");
	text_add(&t, "0");
	assert_string_equal(small, "123");
}

static void letters(void **state)
{
	static const struct {
		enum verdict_state state;
		char letter;
	} cases[] = {{verdict_state_unusable, '?'}, {verdict_state_falseticker, 'x'},
		{verdict_state_unstable, '~'}, {verdict_state_excluded, '-'},
		{verdict_state_combined, '+'}, {verdict_state_selected, '*'}};
	struct model_source s = {.has_source = true};

	(void)state;
	assert_int_equal(table_state_char(&s), '?');
	s.has_verdict = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s.verdict.state = cases[i].state;
		assert_int_equal(table_state_char(&s), cases[i].letter);
	}
	assert_int_equal(table_mode_char(&s), '^');
	s.source.mode = source_mode_peer;
	assert_int_equal(table_mode_char(&s), '=');
	s.source.kind = source_kind_pps;
	assert_int_equal(table_mode_char(&s), '#');
}

static void fill_model(uint64_t *seed, int messages)
{
	for (int i = 0; i < messages; i++) {
		enum msg_kind kind = (enum msg_kind)(1 + fill_random(seed) % (MSG_KINDS - 1));
		struct msg m = fill_msg(kind, true, seed);

		(void)snprintf(m.env.sender, sizeof(m.env.sender), "%s",
			model_daemon_names[fill_random(seed) % MODEL_DAEMONS]);
		model_message(&model, &m);
	}
}

/* Quotes closed, brackets paired: enough to catch a forgotten close. */
static bool is_balanced(const char *json)
{
	char stack[32];
	int depth = 0;
	bool quoted = false;

	for (; *json; json++) {
		if (quoted && *json == '\\')
			json++;
		else if (*json == '"')
			quoted = !quoted;
		else if (!quoted && (*json == '{' || *json == '['))
			stack[depth++] = *json == '{' ? '}' : ']';
		else if (!quoted && (*json == '}' || *json == ']') && stack[--depth] != *json)
			return false;
	}
	return depth == 0 && !quoted;
}

/* The fullest model with the longest words fits, at any instant. */
static void everything_fits(void **state)
{
	static const int64_t instants[] = {0, 1, INT64_C(1) << 40, INT64_MAX};
	uint64_t seed = 9;

	(void)state;
	for (int round = 0; round < 20; round++) {
		model_init(&model);
		fill_model(&seed, 600);
		assert_int_equal(model.source_count, MODEL_SOURCES_MAX);
		for (int i = 0; i < 4; i++) {
			struct ts_raw now = {instants[i]};
			struct text t[9];
			int n = 0;

#define DRAW(call)                                                                                 \
	do {                                                                                       \
		text_init(&t[n], buffer, sizeof(buffer));                                          \
		call;                                                                              \
		assert_false(t[n].full);                                                           \
		assert_int_equal(strlen(buffer), t[n].length);                                     \
		n++;                                                                               \
	} while (0)
			DRAW(table_status(&t[n], &model, now));
			DRAW(table_sources(&t[n], &model, now, true));
			DRAW(table_sourcestats(&t[n], &model, true));
			DRAW(table_events(&t[n], &model, now, MODEL_EVENTS_MAX));
			DRAW(table_summary(&t[n], &model, now));
			DRAW(table_status_json(&t[n], &model, now));
			assert_true(is_balanced(buffer));
			DRAW(table_sources_json(&t[n], &model, now));
			assert_true(is_balanced(buffer));
			DRAW(table_sourcestats_json(&t[n], &model, now));
			assert_true(is_balanced(buffer));
			DRAW(table_events_json(&t[n], &model, now));
			assert_true(is_balanced(buffer));
		}
	}
}

static void reference_clocks_come_first(void **state)
{
	const struct model_source *order[MODEL_SOURCES_MAX];

	(void)state;
	model_init(&model);
	for (int i = 0; i < 4; i++) {
		struct msg m = {.kind = MSG_source};

		m.u.source.kind = i % 2 ? source_kind_phc : source_kind_ntp;
		(void)snprintf(m.u.source.source, sizeof(m.u.source.source), "s%d", i);
		model_message(&model, &m);
	}
	assert_int_equal(table_order(&model, order), 4);
	assert_string_equal(order[0]->name, "s1");
	assert_string_equal(order[1]->name, "s3");
	assert_string_equal(order[2]->name, "s0");
	assert_string_equal(order[3]->name, "s2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_of_time),
		cmocka_unit_test(ages),
		cmocka_unit_test(dates),
		cmocka_unit_test(refids),
		cmocka_unit_test(json_is_escaped_and_exact),
		cmocka_unit_test(text_stops_where_the_buffer_ends),
		cmocka_unit_test(letters),
		cmocka_unit_test(everything_fits),
		cmocka_unit_test(reference_clocks_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
