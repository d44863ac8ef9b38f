/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus/codec.h"
#include "common/io/stage_host.h"

struct heard {
	int count;
	struct msg last;
};

static void hear(void *arg, const struct msg *m)
{
	struct heard *h = arg;

	h->count++;
	h->last = *m;
}

static const struct stage_host_ops ops = {.publish = hear};
static const struct stage judge = {.name = "selectd", .publishes = STAGE_PUBLISHES(estimate)};
static const struct stage driver = {.name = "refclockd", .publishes = STAGE_PUBLISHES(sample)};

static struct stage_host host_of(const struct stage *stage, struct heard *heard)
{
	static struct door *door;
	char error[200];

	if (!door)
		door = door_new(error, sizeof(error));
	return (struct stage_host){.stage = stage,
		.door = door,
		.run_dir = "/r",
		.state_dir = "/s",
		.ops = &ops,
		.arg = heard};
}

static void an_event_passes_the_checks_whatever_it_is_about(void **state)
{
	struct heard heard = {0};
	struct stage_host host = host_of(&judge, &heard);
	char error[MSG_ERROR_SIZE], longest[1000];

	(void)state;
	host_event(&host, EVENT_step, "GPS\n\x80", INT64_MIN, "%s %d", "a\tb", 5);
	assert_int_equal(heard.count, 1);
	assert_string_equal(heard.last.u.event.code, "step");
	assert_string_equal(heard.last.u.event.source, "GPS??");
	assert_string_equal(heard.last.u.event.text, "a?b 5");
	assert_int_equal(heard.last.u.event.severity, severity_notice);
	assert_true(heard.last.u.event.raw_ns > 0);
	assert_int_equal(msg_check(&heard.last, error), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (int code = 0; code < EVENT_CODES; code++) {
		host_event(&host, (enum event_code)code, longest, INT64_MAX, "%s", longest);
		assert_int_equal(msg_check(&heard.last, error), 0);
	}
	host_event(&host, EVENT_step, NULL, -7, "no source");
	assert_string_equal(heard.last.u.event.source, "");
	assert_int_equal(heard.last.u.event.value_ns, -7);
}

static void only_declared_kinds_are_published(void **state)
{
	struct heard heard = {0};
	struct stage_host host = host_of(&judge, &heard);
	struct msg m = {.kind = MSG_sample};

	(void)state;
	host_publish(&host, &m);
	assert_int_equal(heard.count, 0);
	m.kind = MSG_estimate;
	host_publish(&host, &m);
	assert_int_equal(heard.count, 1);
}

static void a_host_without_sockets_has_none(void **state)
{
	struct heard heard = {0};
	struct stage_host host = host_of(&judge, &heard);

	(void)state;
	assert_int_equal(host_take_fd(&host, "ntp", 0), -ENOENT);
	assert_string_equal(host_run_dir(&host), "/r");
	assert_string_equal(host_state_dir(&host), "/s");
}

static void seeds_are_drawn_or_fixed(void **state)
{
	struct heard heard = {0};
	struct stage_host a = host_of(&judge, &heard), b = host_of(&driver, &heard);
	uint64_t one;

	(void)state;
	unsetenv("TIMEBUS_TEST_SEED");
	assert_true(host_seed(&a) != host_seed(&a));
	setenv("TIMEBUS_TEST_SEED", "1", 1);
	one = host_seed(&a);
	assert_true(host_seed(&a) == one);
	assert_true(host_seed(&b) != one);
	setenv("TIMEBUS_TEST_SEED", "2", 1);
	assert_true(host_seed(&a) != one);
	unsetenv("TIMEBUS_TEST_SEED");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_passes_the_checks_whatever_it_is_about),
		cmocka_unit_test(only_declared_kinds_are_published),
		cmocka_unit_test(a_host_without_sockets_has_none),
		cmocka_unit_test(seeds_are_drawn_or_fixed),
	};

	log_open("stage_test", (enum log_level)2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
