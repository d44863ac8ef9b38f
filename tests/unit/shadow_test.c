/* SPDX-License-Identifier: MIT */
/* The shared page: its bytes, its line, that no reader ever sees half of one, and its file. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "common/io/shadow.h"
#include "tests/unit/tcheck.h"

#define GOLDEN "tests/golden/shm/shadow_page.hex"

static const uint8_t boot_id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* Every field another value. */
static struct shadow_line sample_line(void)
{
	return (struct shadow_line){
		.raw_ns = 0x0102030405060708,
		.utc_ns = 0x1112131415161718,
		.rate_ppb = 20000.5,
		.bend_raw_ns = 0x0122232425262728,
		.base_ppb = -3.25,
		.leap_raw_ns = 0x0132333435363738,
		.leap_step_ns = -NS_PER_S,
		.bound_ns = 0x41424344,
		.drift_ppb = 100,
		.void_raw_ns = 0x0152535455565758,
		.offset_ns = -0x61626364,
		.mode = SHADOW_MODE_SHADOW,
		.status = SHADOW_HOLDOVER,
		.leap = 3,
		.tai_s = 37,
		.stratum = 2,
		.refid = 0x50484330,
		.root_delay_ns = 0x71,
		.root_dispersion_ns = 0x72,
		.reference_utc_ns = 0x73,
		.disruption = 0x74,
		.steps = 0x75,
		.skew_ppb = 0.5,
		.offset_sd_ns = 1.5,
	};
}

static struct shadow_line plain_line(void)
{
	return (struct shadow_line){.raw_ns = 1000 * NS_PER_S,
		.utc_ns = INT64_C(1790000000) * NS_PER_S,
		.bend_raw_ns = SHADOW_NEVER,
		.leap_raw_ns = SHADOW_NEVER,
		.void_raw_ns = SHADOW_NEVER,
		.mode = SHADOW_MODE_SHADOW,
		.status = SHADOW_SYNCHRONISED};
}

/* The page is an interface to programs built elsewhere: its bytes may not change. */
static void bytes_are_as_documented(void **state)
{
	struct shadow_line line = sample_line();
	struct shadow_page page;
	char text[2 * SHADOW_PAGE_SIZE + SHADOW_PAGE_SIZE / 16 + 1], golden[sizeof(text) + 1];
	const uint8_t *bytes = (const uint8_t *)&page;
	size_t n = 0, got;
	FILE *f;

	(void)state;
	if (*(const char *)&(int){1} != 1)
		skip(); /* the golden file is of a little-endian machine */
	shadow_page_init(&page, 0x8182838485868788, boot_id);
	shadow_page_publish(&page, &line);
	for (size_t i = 0; i < SHADOW_PAGE_SIZE; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%02x%s", bytes[i], i % 16 == 15 ? "\n" : "");
	if (getenv("UPDATE") != NULL) {
		f = fopen(GOLDEN, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	f = fopen(GOLDEN, "r");
	if (f == NULL)
		fail_msg("%s is missing: run from the top of the tree", GOLDEN);
	got = fread(golden, 1, sizeof(golden) - 1, f);
	golden[got] = '\0';
	fclose(f);
	assert_string_equal(text, golden);
}

static int64_t utc_at(const struct shadow_line *line, int64_t raw_ns)
{
	return shadow_line_utc(line, (struct ts_raw){raw_ns}).ns - line->utc_ns;
}

static void line_bends_and_leaps(void **state)
{
	struct shadow_line line = plain_line();
	int64_t t0 = line.raw_ns;

	(void)state;
	line.rate_ppb = 1e6;
	line.base_ppb = -2000;
	line.bend_raw_ns = t0 + 10 * NS_PER_S;
	assert_i64_equal(utc_at(&line, t0), 0);
	assert_i64_equal(utc_at(&line, t0 + 5 * NS_PER_S), 5005 * NS_PER_MS);
	assert_i64_equal(utc_at(&line, t0 + 10 * NS_PER_S), 10010 * NS_PER_MS);
	assert_i64_equal(utc_at(&line, t0 + 20 * NS_PER_S), 20010 * NS_PER_MS - 20000);
	assert_i64_equal(utc_at(&line, t0 - NS_PER_S), -NS_PER_S - NS_PER_MS);
	line.leap_raw_ns = t0 + 15 * NS_PER_S;
	line.leap_step_ns = -NS_PER_S;
	assert_i64_equal(utc_at(&line, t0 + 15 * NS_PER_S - 1), 15010 * NS_PER_MS - 10001);
	assert_i64_equal(utc_at(&line, t0 + 15 * NS_PER_S), 14010 * NS_PER_MS - 10000);
}

static void inverse_agrees(void **state)
{
	struct shadow_line line = plain_line();

	(void)state;
	line.rate_ppb = 83333333;
	line.base_ppb = -20000;
	line.bend_raw_ns = line.raw_ns + 4 * NS_PER_S;
	for (int64_t t = -NS_PER_S; t < 20 * NS_PER_S; t += 123456789) {
		struct ts_raw raw = {line.raw_ns + t};
		struct ts_raw back = shadow_line_when(&line, shadow_line_utc(&line, raw));

		assert_i64_range(back.ns - raw.ns, -1, 1);
	}
	line.bend_raw_ns = line.raw_ns - 1; /* behind already */
	assert_i64_range(
		shadow_line_when(&line, shadow_line_utc(&line, (struct ts_raw){line.raw_ns + 5}))
				.ns -
			line.raw_ns,
		4, 6);
}

static void bound_grows_and_status_ends(void **state)
{
	struct shadow_line line = plain_line();
	struct shadow_time t;

	(void)state;
	line.bound_ns = 1000;
	line.drift_ppb = 100;
	line.void_raw_ns = line.raw_ns + 100 * NS_PER_S;
	shadow_line_time(&line, (struct ts_raw){line.raw_ns + 10 * NS_PER_S}, &t);
	assert_int_equal(t.status, SHADOW_SYNCHRONISED);
	assert_i64_equal(t.latest.ns - t.utc.ns, 2000);
	assert_i64_equal(t.utc.ns - t.earliest.ns, 2000);
	shadow_line_time(&line, (struct ts_raw){line.void_raw_ns}, &t);
	assert_int_equal(t.status, SHADOW_UNSYNCHRONISED);
	/* an earlier reading is not better known */
	assert_i64_equal(
		shadow_line_bound_ns(&line, (struct ts_raw){line.raw_ns - 10 * NS_PER_S}), 2000);
	line.bound_ns = INT64_MAX;
	line.drift_ppb = 1e9;
	assert_i64_equal(shadow_line_bound_ns(&line, (struct ts_raw){INT64_MAX}), INT64_MAX);
}

static void absurd_lines_are_refused(void **state)
{
	struct shadow_line good = plain_line(), l;

	(void)state;
	assert_int_equal(shadow_line_check(&good), 0);
#define REFUSED(change)                                                                            \
	l = good;                                                                                  \
	change;                                                                                    \
	assert_int_equal(shadow_line_check(&l), -ERANGE)
	REFUSED(l.raw_ns = -1);
	REFUSED(l.bound_ns = -1);
	REFUSED(l.rate_ppb = NAN);
	REFUSED(l.rate_ppb = 2e8);
	REFUSED(l.base_ppb = -INFINITY);
	REFUSED(l.drift_ppb = -1);
	REFUSED(l.drift_ppb = NAN);
	REFUSED(l.mode = 3);
	REFUSED(l.status = 3);
	REFUSED(l.leap = 4);
	REFUSED(l.leap_step_ns = 5);
	REFUSED(l.stratum = 17);
	REFUSED(l.skew_ppb = NAN);
	REFUSED(l.offset_sd_ns = -1);
	REFUSED(l.root_delay_ns = -1);
}

static void pages_of_others_are_refused(void **state)
{
	struct shadow_line line = plain_line(), got;
	struct shadow_page page = {0};

	(void)state;
	assert_int_equal(shadow_page_read(&page, sizeof(page), &got), -EPROTO);
	shadow_page_init(&page, 0, boot_id);
	assert_int_equal(shadow_page_read(&page, sizeof(page), &got), -ENODATA);
	shadow_page_publish(&page, &line);
	assert_int_equal(shadow_page_read(&page, sizeof(page), &got), 0);
	assert_memory_equal(&line, &got, sizeof(line));
	assert_int_equal(shadow_page_read(&page, sizeof(page) - 1, &got), -EPROTO);
	page.version = 2;
	assert_int_equal(shadow_page_read(&page, sizeof(page), &got), -EPROTO);
	page.version = 1;
	page.size = 4096;
	assert_int_equal(shadow_page_read(&page, sizeof(page), &got), -EPROTO);
	page.size = SHADOW_PAGE_SIZE;
	page.slot[page.generation & 1].status = 9;
	assert_int_equal(shadow_page_read(&page, sizeof(page), &got), -ERANGE);
}

/* A writer killed anywhere while it fills the other slot leaves the old line in force. */
static void killed_writer_leaves_the_old_line(void **state)
{
	struct shadow_line line = plain_line(), got;
	struct shadow_page page;

	(void)state;
	shadow_page_init(&page, 0, boot_id);
	shadow_page_publish(&page, &line);
	for (size_t n = 0; n <= sizeof(line); n++) {
		memset(&page.slot[(page.generation + 1) & 1], 0xee, n);
		assert_int_equal(shadow_page_read(&page, sizeof(page), &got), 0);
		assert_memory_equal(&line, &got, sizeof(line));
	}
}

static void generation_wraps(void **state)
{
	struct shadow_line line = plain_line(), got;
	struct shadow_page page;

	(void)state;
	shadow_page_init(&page, 0, boot_id);
	page.generation = UINT32_MAX - 1;
	for (int i = 0; i < 5; i++) {
		line.bound_ns = i;
		shadow_page_publish(&page, &line);
		assert_int_not_equal(page.generation, 0);
		assert_int_equal(shadow_page_read(&page, sizeof(page), &got), 0);
		assert_i64_equal(got.bound_ns, i);
	}
}

static struct shadow_page shared;
static int stop;

static void *write_lines(void *arg)
{
	struct shadow_line line = plain_line();

	for (int64_t i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		line.utc_ns = line.bound_ns = line.offset_ns = line.root_delay_ns = i;
		line.disruption = line.steps = (uint64_t)i;
		shadow_page_publish(&shared, &line);
	}
	return arg;
}

static void readers_see_whole_lines(void **state)
{
	struct shadow_line line = plain_line(), got;
	int64_t last = 0, seen = 0;
	pthread_t thread;

	(void)state;
	line.utc_ns = 0;
	shadow_page_init(&shared, 0, boot_id);
	shadow_page_publish(&shared, &line);
	assert_int_equal(pthread_create(&thread, NULL, write_lines, NULL), 0);
	/* on a busy machine the writer may have to wait for its turn */
	for (time_t end = time(NULL) + 60; seen < 1000 && time(NULL) < end;) {
		if (shadow_page_read(&shared, sizeof(shared), &got) != 0)
			continue;
		assert_true(got.utc_ns == got.bound_ns && got.utc_ns == got.offset_ns &&
			    got.utc_ns == got.root_delay_ns && got.utc_ns == (int64_t)got.steps);
		assert_true(got.utc_ns >= last);
		seen += got.utc_ns != last;
		last = got.utc_ns;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(seen >= 1000);
}

static char dir[] = "/tmp/shadow_test.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	unsetenv("TIMEBUS_TEST_OSCILLATOR");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", dir, SHADOW_FILE);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void file_survives_its_writer(void **state)
{
	struct shadow_line line = plain_line(), got;
	struct shadow_writer *w, *second;
	struct shadow_reader *r;
	struct ts_raw now = {line.raw_ns + 5};
	struct stat st;

	(void)state;
	assert_int_equal(shadow_reader_open(path, &r), -ENOENT);
	assert_int_equal(shadow_writer_open(dir, &w), 0);
	assert_int_equal(shadow_writer_former(w, now, &got), -EPROTO);
	assert_int_equal(shadow_writer_open(dir, &second), -EBUSY);
	shadow_writer_publish(w, &line);
	assert_int_equal(shadow_reader_open(path, &r), 0);
	assert_int_equal(shadow_reader_line(r, &got), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	shadow_writer_close(&w);
	assert_null(w);
	assert_int_equal(shadow_reader_line(r, &got), 0);
	assert_int_equal(shadow_writer_open(dir, &w), 0);
	assert_int_equal(shadow_writer_former(w, now, &got), 0);
	assert_memory_equal(&line, &got, sizeof(line));
	/* readers that mapped before go on with what the next writer says */
	line.bound_ns = 77;
	shadow_writer_publish(w, &line);
	assert_int_equal(shadow_reader_line(r, &got), 0);
	assert_i64_equal(got.bound_ns, 77);
	/* a line that starts in the future is of another life */
	assert_int_equal(shadow_writer_former(w, (struct ts_raw){line.raw_ns - 1}, &got), -ESTALE);
	shadow_writer_close(&w);
	shadow_reader_close(&r);
	assert_null(r);
}

static void other_oscillator_is_another_clock(void **state)
{
	struct shadow_line line = plain_line(), got;
	struct shadow_writer *w;
	struct shadow_reader *r;
	struct ts_raw now = {line.raw_ns + 5};

	(void)state;
	assert_int_equal(shadow_writer_open(dir, &w), 0);
	shadow_writer_publish(w, &line);
	shadow_writer_close(&w);
	assert_true(shadow_oscillator() == 0);
	setenv("TIMEBUS_TEST_OSCILLATOR", "epoch=1,freq=20000", 1);
	assert_false(shadow_oscillator() == 0);
	assert_int_equal(shadow_reader_open(path, &r), 0);
	assert_int_equal(shadow_reader_line(r, &got), -ESTALE);
	assert_int_equal(shadow_writer_open(dir, &w), 0);
	assert_int_equal(shadow_writer_former(w, now, &got), -ESTALE);
	shadow_writer_publish(w, &line);
	assert_int_equal(shadow_reader_line(r, &got), 0);
	shadow_reader_close(&r);
	shadow_writer_close(&w);
	unsetenv("TIMEBUS_TEST_OSCILLATOR");
}

static void damaged_file_is_made_anew(void **state)
{
	struct shadow_line line = plain_line(), got;
	struct shadow_writer *w;
	struct shadow_reader *r;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "short", 5), 5);
	close(fd);
	assert_int_equal(shadow_reader_open(path, &r), -EPROTO);
	assert_int_equal(shadow_writer_open(dir, &w), 0);
	assert_true(shadow_writer_former(w, (struct ts_raw){INT64_MAX}, &got) < 0);
	shadow_writer_publish(w, &line);
	assert_int_equal(shadow_reader_open(path, &r), 0);
	assert_int_equal(shadow_reader_line(r, &got), 0);
	shadow_reader_close(&r);
	shadow_writer_close(&w);
}

static void links_are_not_followed(void **state)
{
	struct shadow_writer *w;

	(void)state;
	unlink(path);
	assert_int_equal(symlink("/tmp/shadow_test_elsewhere", path), 0);
	assert_int_equal(shadow_writer_open(dir, &w), -ELOOP);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(shadow_writer_open(dir, &w) < 0);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_as_documented),
		cmocka_unit_test(line_bends_and_leaps),
		cmocka_unit_test(inverse_agrees),
		cmocka_unit_test(bound_grows_and_status_ends),
		cmocka_unit_test(absurd_lines_are_refused),
		cmocka_unit_test(pages_of_others_are_refused),
		cmocka_unit_test(killed_writer_leaves_the_old_line),
		cmocka_unit_test(generation_wraps),
		cmocka_unit_test(readers_see_whole_lines),
		cmocka_unit_test(file_survives_its_writer),
		cmocka_unit_test(other_oscillator_is_another_clock),
		cmocka_unit_test(damaged_file_is_made_anew),
		cmocka_unit_test(links_are_not_followed),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
