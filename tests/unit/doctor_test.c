/* SPDX-License-Identifier: MIT */
/* doctor_test.c - the judgements of timebus doctor that tests/golden/doctor.sh does not reach: who
 * steers by which arguments, who may open what, and reports that overflow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include "monitord/core/doctor_private.h"

static struct doctor_facts facts;
static struct doctor_report report;

static void fresh(void)
{
	memset(&facts, 0, sizeof(facts));
	for (int i = 0; i < DOCTOR_DAEMONS; i++)
		facts.accounts[i].uid = DOCTOR_NO_ACCOUNT;
	facts.group_timebus = DOCTOR_NO_ACCOUNT;
	facts.suspended_s = DOCTOR_NOT_KNOWN;
	facts.root = true;
}

static struct doctor_process *add_process(const char *name, const char *arguments)
{
	struct doctor_process *p = &facts.processes[facts.process_count++];

	p->pid = 100 + (int)facts.process_count;
	p->uid = 0;
	p->started_s = DOCTOR_NOT_KNOWN;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	(void)snprintf(p->arguments, sizeof(p->arguments), "%s", arguments);
	return p;
}

static const struct doctor_finding *found(const char *part)
{
	for (unsigned int i = 0; i < report.count; i++) {
		if (strstr(report.findings[i].text, part))
			return &report.findings[i];
	}
	return NULL;
}

static void who_steers(void **state)
{
	static const struct {
		const char *name, *arguments;
		bool steers;
	} cases[] = {
		{"chronyd", "-F 1", true},
		{"chronyd", "", true},
		{"chronyd", "-F 1 -x", false},
		{"chronyd", "-f /etc/x-x.conf", true},
		{"ntpd", "-g", true},
		{"systemd-timesyn", "", true},
		{"phc2sys", "-s eth0 -w", true},
		{"phc2sys", "-s eth0 -c CLOCK_REALTIME -O 0", true},
		{"phc2sys", "-s eth0 -c eth1 -O 0", false},
		{"phc2sys", "-s CLOCK_REALTIME -c eth0 -O 0", false},
		{"phc2sys", "-a", false},
		{"phc2sys", "-a -r", true},
		{"phc2sys", "-arr", true},
		{"phc2sys", "-E ntpshm -s /dev/ptp0 -O 0 -l 5", false},
		{"phc2sys", "-E refclock_sock -s /dev/ptp0", false},
		{"ptp4l", "-i eth0", false},
		{"ptp4l", "-i eth0 -S", true},
		{"gpsd", "-n", false},
		{"phc2shm", "-s /dev/ptp0", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool steers;

		fresh();
		add_process(cases[i].name, cases[i].arguments);
		doctor_judge(&facts, &report);
		steers = found("steers this machine's clock") && !found("nobody steers");
		if (steers != cases[i].steers)
			fail_msg("%s %s: %d", cases[i].name, cases[i].arguments, steers);
	}
}

/* Without the right to set the clock nobody does. */
static void who_may_not_steer(void **state)
{
	struct doctor_process *p;

	(void)state;
	fresh();
	p = add_process("chronyd", "");
	p->caps_known = true;
	doctor_judge(&facts, &report);
	assert_non_null(found("nobody steers"));
	p->may_set_time = true;
	doctor_judge(&facts, &report);
	assert_null(found("nobody steers"));
}

static void who_may_open(void **state)
{
	struct doctor_account *a = &facts.accounts[DOCTOR_REFCLOCKD];
	struct doctor_process *p;

	(void)state;
	fresh();
	assert_true(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0, 0, 0, false)); /* not known */
	a->uid = 980;
	a->groups[0] = 990;
	a->group_count = 1;
	assert_false(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0600, 0, 0, false));
	assert_true(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0644, 0, 0, false));
	assert_false(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0644, 0, 0, true));
	assert_true(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0660, 0, 990, true));
	assert_false(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0606, 0, 990, false));
	assert_false(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0066, 980, 990, false));
	assert_true(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0400, 980, 0, false));
	/* the process counts, where there is one, and not what the account has got since */
	p = add_process("refclockd", "");
	p->uid = 980;
	p->groups[0] = 20;
	p->group_count = 1;
	assert_false(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0660, 0, 990, false));
	p->uid = 0;
	assert_true(doctor_may_open(&facts, DOCTOR_REFCLOCKD, 0600, 7, 7, true));
}

static void exit_status(void **state)
{
	(void)state;
	memset(&report, 0, sizeof(report));
	assert_int_equal(doctor_exit_status(&report), 0);
	doctor_find(&report, DOCTOR_NOTE, "a", "b");
	assert_int_equal(doctor_exit_status(&report), 0);
	doctor_find(&report, DOCTOR_WARNING, "a", "b");
	assert_int_equal(doctor_exit_status(&report), 1);
	doctor_find(&report, DOCTOR_PROBLEM, "a", "b");
	assert_int_equal(doctor_exit_status(&report), 2);
}

/* What finds no room is counted, and no other finding gets its command. */
static void overflow(void **state)
{
	char buffer[64], *large = malloc(DOCTOR_TEXT_SIZE);
	struct text t;

	(void)state;
	assert_non_null(large);
	memset(&report, 0, sizeof(report));
	for (int i = 0; i < DOCTOR_FINDINGS + 5; i++) {
		doctor_find(&report, DOCTOR_PROBLEM, "area", "%0*d", 400, i);
		doctor_mend(&report, "%0*d", 400, i);
	}
	assert_int_equal(report.count, DOCTOR_FINDINGS);
	assert_int_equal(report.lost, 5);
	assert_int_equal(report.by_severity[DOCTOR_PROBLEM], DOCTOR_FINDINGS + 5);
	text_init(&t, large, DOCTOR_TEXT_SIZE);
	doctor_json(&t, &report, true);
	assert_false(t.full);
	text_init(&t, large, DOCTOR_TEXT_SIZE);
	doctor_text(&t, &report, true);
	assert_false(t.full);
	assert_non_null(strstr(large, "5 more found no room"));
	text_init(&t, buffer, sizeof(buffer));
	doctor_text(&t, &report, true);
	assert_true(t.full);
	assert_true(strlen(buffer) < sizeof(buffer));
	free(large);
}

static void words(void **state)
{
	(void)state;
	assert_true(doctor_has_word("tsc kvm-clock hpet", "tsc"));
	assert_true(doctor_has_word("tsc kvm-clock hpet", "hpet"));
	assert_false(doctor_has_word("tsc kvm-clock hpet", "kvm"));
	assert_false(doctor_has_word("", "tsc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_steers),
		cmocka_unit_test(who_may_not_steer),
		cmocka_unit_test(who_may_open),
		cmocka_unit_test(exit_status),
		cmocka_unit_test(overflow),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
