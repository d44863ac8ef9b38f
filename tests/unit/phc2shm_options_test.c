/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phc2shm/options.h"

#define WORDS_MAX 32

/* Splits at blanks, as systemd does with $PHC2SYS_OPTIONS. */
static enum options_result parse(struct options *o, const char *line, char *error)
{
	char text[512] = "", *argv[WORDS_MAX + 1], *save = NULL;
	int argc = 0;

	(void)snprintf(text, sizeof(text), "phc2shm %s", line);
	for (char *p = strtok_r(text, " ", &save); p && argc < WORDS_MAX;
		p = strtok_r(NULL, " ", &save))
		argv[argc++] = p;
	argv[argc] = NULL;
	return options_parse(o, argc, argv, error);
}

static struct options good(const char *line)
{
	char error[OPTIONS_TEXT_SIZE] = "";
	struct options o;

	if (parse(&o, line, error) != OPTIONS_RUN)
		fail_msg("%s: %s", line, error);
	return o;
}

static void the_words_of_the_unit_are_understood(void **state)
{
	struct options o = good("-E ntpshm -s /dev/ptp0 -O 0 -l 5");

	(void)state;
	assert_int_equal(o.servo, OPTIONS_NTPSHM);
	assert_string_equal(o.source, "/dev/ptp0");
	assert_string_equal(o.sink, "CLOCK_REALTIME");
	assert_int_equal(o.offset_s, 0);
	assert_int_equal(o.level, 5);
	assert_int_equal(o.segments, 1);
	assert_int_equal(o.segment[0], 0);
	assert_true(o.has_offset);
	assert_false(o.wait);
	assert_string_equal(o.leapfile, "");
	assert_int_equal(o.readings, 5);
	assert_near_double(o.rate_hz, 1, 0);
	assert_int_equal(o.summary, 0);
	assert_true(o.syslog);
	assert_false(o.verbose);
	assert_false(o.has_tag);
	assert_string_equal(o.ignored, "");
}

static void all_that_counts_is_understood(void **state)
{
	struct options o =
		good("-E REFCLOCK_SOCK -ieth0 -O-37 -M3 -N 0x10 -R 0.5 -u60 -mq -t a{level} "
		     "-c clock_realtime --refclock_sock_address=/run/x.sock -l7");

	(void)state;
	assert_int_equal(o.servo, OPTIONS_REFCLOCK_SOCK);
	assert_string_equal(o.source, "eth0");
	assert_string_equal(o.sink, "clock_realtime");
	assert_string_equal(o.sock_address, "/run/x.sock");
	assert_int_equal(o.offset_s, -37);
	assert_int_equal(o.segments, 1);
	assert_int_equal(o.segment[0], 3);
	assert_int_equal(o.readings, 16);
	assert_near_double(o.rate_hz, 0.5, 0);
	assert_int_equal(o.summary, 60);
	assert_string_equal(o.tag, "a{level}");
	assert_true(o.verbose);
	assert_false(o.syslog);
	assert_int_equal(o.level, 7);
}

static void steering_words_are_read_and_ignored(void **state)
{
	struct options o =
		good("-E ntpshm -s /dev/ptp0 -P 0.7 -I0.3 -S 0.1 -F 0.00002 -L 200000 -x -x "
		     "--step_threshold=1 --kernel_leap 0 -E pi");

	(void)state;
	assert_string_equal(o.ignored, "-P -I -S -F -L -x step_threshold kernel_leap -E=pi");
	assert_int_equal(o.servo, OPTIONS_NTPSHM);
}

static void several_places_are_one_list(void **state)
{
	struct options o = good("-s /dev/ptp0 -M 0,2,0,255 -E ntpshm,refclock_sock");

	(void)state;
	assert_int_equal(o.servo, OPTIONS_NTPSHM | OPTIONS_REFCLOCK_SOCK);
	assert_int_equal(o.segments, 3);
	assert_int_equal(o.segment[0], 0);
	assert_int_equal(o.segment[1], 2);
	assert_int_equal(o.segment[2], 255);
	/* as in phc2sys the last of several words counts */
	o = good("-s /dev/ptp0 -M 0,2 -M 3 -E refclock_sock -E ntpshm");
	assert_int_equal(o.servo, OPTIONS_NTPSHM);
	assert_int_equal(o.segments, 1);
	assert_int_equal(o.segment[0], 3);
}

static void words_about_ptp4l_and_leap_seconds(void **state)
{
	struct options o = good("-s eth0 -w -n 24 -z /run/p4 --transportSpecific 1 "
				"--leapfile=/usr/share/zoneinfo/leap-seconds.list");

	(void)state;
	assert_true(o.wait);
	assert_false(o.has_offset);
	assert_int_equal(o.domain, 24);
	assert_int_equal(o.transport, 1);
	assert_string_equal(o.uds_address, "/run/p4");
	assert_string_equal(o.leapfile, "/usr/share/zoneinfo/leap-seconds.list");
	assert_string_equal(o.ignored, "");
	o = good("-s eth0 -w");
	assert_string_equal(o.uds_address, "/var/run/ptp4l");
	assert_int_equal(o.domain, 0);
}

static void what_cannot_be_is_refused_and_explained(void **state)
{
	static const char *const cases[][2] = {
		{"-a -r", "-a takes clocks and their roles from ptp4l's ports"},
		{"-s /dev/ptp0 -rr", "-r takes"},
		{"-s /dev/ptp0 -w -n 256", "0..255"},
		{"-s /dev/ptp0 -w -z /a -z /b", "several need -a"},
		{"-s /dev/ptp0 -d /dev/pps0", "refclock PPS"},
		{"-s /dev/ptp0 -E kalman", "ntpshm, refclock_sock"},
		{"-s /dev/ptp0 -E ntpshm,kalman", "ntpshm, refclock_sock"},
		{"-s /dev/ptp0 --clock_servo=", "ntpshm, refclock_sock"},
		{"-s a -M 0,", "0..255"},
		{"-s a -M ,0", "0..255"},
		{"-s a -M 0,,2", "0..255"},
		{"-s a -M 0,256", "0..255"},
		{"-s a -M 1,2,3,4,5,6,7,8,9", "8 units at most"},
		{"-s /dev/ptp0 -c /dev/ptp1", "system clock only"},
		{"-s CLOCK_REALTIME", "a PTP clock"},
		{"", "no source"},
		{"-s", "needs a value"},
		{"-y", "unknown option"},
		{"--nosuch=1", "unknown option"},
		{"-s a -l 8", "0..7"},
		{"-s a -l x", "0..7"},
		{"-s a -M -1", "0..255"},
		{"-s a -N 0", "1..10000"},
		{"-s a -R 0", "1e-09..10000"},
		{"-s a -R nan", "allowed"},
		{"-s a -u -1", "allowed"},
		{"-s a -O 99999999999", "allowed"},
		{"-s a -P -1", "allowed"},
		{"-s a --verbose=2", "0..1"},
	};
	char error[OPTIONS_TEXT_SIZE];
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error[0] = '\0';
		assert_int_equal(parse(&o, cases[i][0], error), OPTIONS_WRONG);
		if (!strstr(error, cases[i][1]))
			print_error("%s: %s\n", cases[i][0], error);
		assert_non_null(strstr(error, cases[i][1]));
	}
}

/* Each word of phc2sys 3.1 to 4.4, whose getopt string stays the same: what becomes of it here. */
static void each_word_of_phc2sys_is_done_ignored_or_refused(void **state)
{
	static const char phc2sys[] = "arc:d:f:s:E:P:I:S:F:R:N:O:L:M:i:u:wn:xz:l:t:mqvh";
	static const struct {
		const char *words;
		enum { DONE, IGNORED, REFUSED, ENDS } fate;
	} table[] = {
		{"-a", REFUSED},
		{"-r", REFUSED},
		{"-c CLOCK_REALTIME", DONE},
		{"-d /dev/pps0", REFUSED},
		{"-f /etc/linuxptp/ptp4l.conf", DONE},
		{"-s eth0", DONE},
		{"-E ntpshm", DONE},
		{"-P 0.7", IGNORED},
		{"-I 0.3", IGNORED},
		{"-S 0.0", IGNORED},
		{"-F 0.00002", IGNORED},
		{"-R 1.0", DONE},
		{"-N 5", DONE},
		{"-O -37", DONE},
		{"-L 200000000", IGNORED},
		{"-M 0", DONE},
		{"-i eth0", DONE},
		{"-u 10", DONE},
		{"-w", DONE},
		{"-n 24", DONE},
		{"-x", IGNORED},
		{"-z /var/run/ptp4l", DONE},
		{"-l 6", DONE},
		{"-t tag", DONE},
		{"-m", DONE},
		{"-q", DONE},
		{"-v", ENDS},
		{"-h", ENDS},
	};
	const char *letter = phc2sys;
	char line[80], word[3], error[OPTIONS_TEXT_SIZE];
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++, letter++) {
		enum options_result result;

		assert_int_equal(table[i].words[1], *letter);
		letter += letter[1] == ':';
		(void)snprintf(word, sizeof(word), "%s", table[i].words);
		(void)snprintf(line, sizeof(line), "-s /dev/ptp0 %s", table[i].words);
		result = parse(&o, line, error);
		if (table[i].fate == REFUSED) {
			assert_int_equal(result, OPTIONS_WRONG);
			assert_int_equal(strncmp(error, word, 2), 0);
		} else if (table[i].fate == ENDS) {
			assert_true(result == OPTIONS_HELP || result == OPTIONS_VERSION);
		} else {
			assert_int_equal(result, OPTIONS_RUN);
			assert_string_equal(o.ignored, table[i].fate == IGNORED ? word : "");
		}
	}
	assert_int_equal(*letter, '\0');
}

/* The options of linuxptp's file, each of which may stand as --NAME=VALUE: none is silently
 * dropped.
 */
static void each_long_word_has_an_effect_or_is_named(void **state)
{
	static const char *const effective = " clock_servo ntpshm_segment refclock_sock_address "
					     "logging_level message_tag verbose use_syslog "
					     "free_running leapfile uds_address domainNumber "
					     "transportSpecific ";
	char line[160], name[80], error[OPTIONS_TEXT_SIZE];
	struct options o;
	int n;

	(void)state;
	for (n = 0; options_names[n]; n++) {
		bool works;

		(void)snprintf(name, sizeof(name), " %s ", options_names[n]);
		works = strstr(effective, name) != NULL;
		(void)snprintf(line, sizeof(line), "-s /dev/ptp0 --%s=%s", options_names[n],
			strcmp(options_names[n], "clock_servo") ? "1" : "ntpshm");
		assert_int_equal(parse(&o, line, error), OPTIONS_RUN);
		assert_string_equal(o.ignored, works ? "" : options_names[n]);
	}
	assert_true(n > 100);
}

static void help_and_version_end_the_reading(void **state)
{
	char error[OPTIONS_TEXT_SIZE];
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "-h -y", error), OPTIONS_HELP);
	assert_int_equal(parse(&o, "-l 5 -v", error), OPTIONS_VERSION);
	assert_int_equal(parse(&o, "-l 5 --help", error), OPTIONS_HELP);
	assert_int_equal(parse(&o, "--version", error), OPTIONS_VERSION);
}

static int read_text(struct options *o, const char *text, char *error)
{
	char path[] = "/tmp/phc2shm_test.XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	rc = options_read_file(o, path, error);
	unlink(path);
	return rc;
}

static void a_file_fills_what_the_words_left_open(void **state)
{
	struct options o = good("-s /dev/ptp0 -M 1 --message_tag=mine");
	char error[OPTIONS_TEXT_SIZE] = "";

	(void)state;
	assert_int_equal(
		read_text(&o,
			"# comment\n\n[eth0]\nntpshm_segment 9\n [global]\n"
			"ntpshm_segment\t7\nmessage_tag theirs\n  logging_level   3  \r\n"
			"use_syslog 0\nverbose 1\nfree_running 1\nclock_servo refclock_sock\n"
			"tx_timestamp_timeout 10\n[unicast_master_table]\nnonsense\n",
			error),
		0);
	assert_int_equal(o.segments, 1);
	assert_int_equal(o.segment[0], 1);
	assert_string_equal(o.tag, "mine");
	assert_int_equal(o.level, 3);
	assert_false(o.syslog);
	assert_true(o.verbose);
	assert_true(o.free_running);
	assert_int_equal(o.servo, OPTIONS_REFCLOCK_SOCK);
	assert_string_equal(o.ignored, "");
}

/* Debian's ptp4l.conf says clock_servo pi in its [global]. */
static void a_file_for_ptp4l_does_not_stop_us(void **state)
{
	struct options o = good("-s /dev/ptp0");
	char error[OPTIONS_TEXT_SIZE] = "";

	(void)state;
	assert_int_equal(read_text(&o,
				 "[global]\nclock_servo pi\ndomainNumber 7\nkernel_leap 1\n"
				 "uds_address /run/p4\nntpshm_segment 4,5\n",
				 error),
		0);
	assert_int_equal(o.servo, OPTIONS_NTPSHM);
	assert_int_equal(o.domain, 7);
	assert_string_equal(o.uds_address, "/run/p4");
	assert_int_equal(o.segments, 2);
	assert_string_equal(o.ignored, "");
}

static void mistakes_in_a_file_have_their_line(void **state)
{
	struct options o = good("-s /dev/ptp0");
	char error[OPTIONS_TEXT_SIZE];

	(void)state;
	assert_int_equal(read_text(&o, "[global]\n\nnosuch 1\n", error), -ENOENT);
	assert_non_null(strstr(error, ":3: unknown option \"nosuch\""));
	assert_int_equal(read_text(&o, "[global]\nverbose\n", error), -EINVAL);
	assert_non_null(strstr(error, ":2: \"verbose\" has no value"));
	assert_int_equal(read_text(&o, "[global]\nlogging_level 9\n", error), -EINVAL);
	assert_non_null(strstr(error, ":2: logging_level: bad value \"9\" (allowed: 0..7)"));
	assert_int_equal(options_read_file(&o, "/nonexistent/x", error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_of_the_unit_are_understood),
		cmocka_unit_test(all_that_counts_is_understood),
		cmocka_unit_test(steering_words_are_read_and_ignored),
		cmocka_unit_test(several_places_are_one_list),
		cmocka_unit_test(words_about_ptp4l_and_leap_seconds),
		cmocka_unit_test(a_file_for_ptp4l_does_not_stop_us),
		cmocka_unit_test(what_cannot_be_is_refused_and_explained),
		cmocka_unit_test(each_word_of_phc2sys_is_done_ignored_or_refused),
		cmocka_unit_test(each_long_word_has_an_effect_or_is_named),
		cmocka_unit_test(help_and_version_end_the_reading),
		cmocka_unit_test(a_file_fills_what_the_words_left_open),
		cmocka_unit_test(mistakes_in_a_file_have_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
