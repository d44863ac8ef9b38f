/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "common/io/ntpshm.h"

static struct ntpshm_segment good_segment(void)
{
	return (struct ntpshm_segment){.mode = 1,
		.clock_s = 1700000000,
		.clock_us = 123456,
		.clock_ns = 123456789,
		.receive_s = 1700000001,
		.receive_us = 7,
		.receive_ns = 7999,
		.leap = 1,
		.precision = -30,
		.valid = 1};
}

static void nanoseconds_count_when_both_agree(void **state)
{
	struct ntpshm_segment s = good_segment();
	struct ntpshm_sample x;

	(void)state;
	assert_int_equal(ntpshm_decode(&s, &x), 0);
	assert_i64_equal(x.reference.ns, INT64_C(1700000000123456789));
	assert_i64_equal(x.receive.ns, INT64_C(1700000001000007999));
	assert_i64_equal(x.resolution_ns, 1);
	assert_int_equal(x.leap, NTPSHM_LEAP_INSERT);
	assert_int_equal(x.precision, -30);
}

static void microseconds_count_when_one_does_not(void **state)
{
	struct ntpshm_segment s = good_segment();
	struct ntpshm_sample x;

	(void)state;
	s.receive_ns = 8000;
	assert_int_equal(ntpshm_decode(&s, &x), 0);
	assert_i64_equal(x.reference.ns, INT64_C(1700000000123456000));
	assert_i64_equal(x.receive.ns, INT64_C(1700000001000007000));
	assert_i64_equal(x.resolution_ns, 1000);
	s = good_segment();
	s.clock_ns = 0xffffffff;
	assert_int_equal(ntpshm_decode(&s, &x), 0);
	assert_i64_equal(x.receive.ns, INT64_C(1700000001000007000));
}

static void what_is_no_time_is_refused(void **state)
{
	struct {
		int64_t *at64;
		int32_t *at32;
		int64_t value;
	} bad[8];
	struct ntpshm_segment s;
	struct ntpshm_sample x = {.precision = 99};
	size_t n = 0;

	(void)state;
	bad[n++] = (__typeof__(bad[0])){&s.clock_s, NULL, -1};
	bad[n++] = (__typeof__(bad[0])){&s.clock_s, NULL, INT64_MAX};
	bad[n++] = (__typeof__(bad[0])){&s.receive_s, NULL, INT64_MAX / NS_PER_S};
	bad[n++] = (__typeof__(bad[0])){NULL, &s.clock_us, -1};
	bad[n++] = (__typeof__(bad[0])){NULL, &s.clock_us, 1000000};
	bad[n++] = (__typeof__(bad[0])){NULL, &s.receive_us, INT32_MIN};
	bad[n++] = (__typeof__(bad[0])){NULL, &s.mode, 2};
	bad[n++] = (__typeof__(bad[0])){NULL, &s.mode, -1};
	for (size_t i = 0; i < n; i++) {
		s = good_segment();
		if (bad[i].at64)
			*bad[i].at64 = bad[i].value;
		else
			*bad[i].at32 = (int32_t)bad[i].value;
		assert_int_equal(ntpshm_decode(&s, &x), -EBADMSG);
		assert_int_equal(x.precision, 99);
	}
}

static void unknown_leap_and_precision_are_the_worst(void **state)
{
	struct ntpshm_segment s = good_segment();
	struct ntpshm_sample x;

	(void)state;
	s.leap = 4;
	s.precision = -33;
	assert_int_equal(ntpshm_decode(&s, &x), 0);
	assert_int_equal(x.leap, NTPSHM_LEAP_UNSYNC);
	assert_int_equal(x.precision, 0);
	s.leap = -1;
	s.precision = 1;
	assert_int_equal(ntpshm_decode(&s, &x), 0);
	assert_int_equal(x.leap, NTPSHM_LEAP_UNSYNC);
	assert_int_equal(x.precision, 0);
}

static void microseconds_are_truncated(void **state)
{
	struct ntpshm_sample x = {.reference = {1999999999}, .receive = {999}, .precision = -30}, y;
	struct ntpshm_segment s = {.mode = 1};

	(void)state;
	assert_int_equal(ntpshm_encode(&x, &s), 0);
	assert_i64_equal(s.clock_s, 1);
	assert_i64_equal(s.clock_us, 999999);
	assert_i64_equal(s.clock_ns, 999999999);
	assert_i64_equal(s.receive_us, 0);
	assert_i64_equal(s.receive_ns, 999);
	/* the test that ntpd makes: the rest of the microsecond, as an unsigned number */
	assert_true(s.clock_ns - (uint32_t)s.clock_us * 1000 < 1000);
	assert_int_equal(ntpshm_decode(&s, &y), 0);
	assert_i64_equal(y.reference.ns, x.reference.ns);
	assert_i64_equal(y.receive.ns, x.receive.ns);
	x.receive.ns = -1;
	assert_int_equal(ntpshm_encode(&x, &s), -ERANGE);
}

/* The layout byte for byte, as a program that was built without our headers sees it. */
static void the_layout_is_that_of_driver_28(void **state)
{
	struct ntpshm_segment s;
	unsigned char *b = (unsigned char *)&s;
	int64_t s64;
	int32_t s32;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.clock_s = INT64_C(0x0102030405060708);
	s.receive_ns = 0x0a0b0c0d;
	s.valid = 0x11121314;
	memcpy(&s64, b + 8, 8);
	assert_i64_equal(s64, INT64_C(0x0102030405060708));
	memcpy(&s32, b + 56, 4);
	assert_i64_equal(s32, 0x0a0b0c0d);
	memcpy(&s32, b + 48, 4);
	assert_i64_equal(s32, 0x11121314);
}

/* ---- real segments, of a unit that nobody uses ---- */

static int test_unit(void)
{
	return 100 + (int)(getpid() % 100);
}

static int remove_segment(void **state)
{
	int id = shmget(NTPSHM_KEY + test_unit(), 0, 0);

	(void)state;
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return 0;
}

static void a_sample_goes_from_writer_to_reader_once(void **state)
{
	struct ntpshm_sample in = {{INT64_C(1700000000123456789)}, {INT64_C(1700000000000000001)},
				     NTPSHM_LEAP_DELETE, -30, 1},
			     out;
	char error[NTPSHM_ERROR_SIZE];
	struct ntpshm w, r;

	(void)state;
	assert_int_equal(ntpshm_attach(test_unit(), NTPSHM_PERM_AUTO, true, &w, error), 0);
	assert_int_equal(ntpshm_attach(test_unit(), NTPSHM_PERM_AUTO, false, &r, error), 0);
	assert_int_equal(ntpshm_take(&r, &out), -EAGAIN);
	assert_int_equal(ntpshm_put(&w, &in), 0);
	assert_i64_equal(w.segment->mode, 1);
	assert_i64_equal(w.segment->count, 2);
	assert_i64_equal(w.segment->nsamples, 3);
	assert_int_equal(ntpshm_take(&r, &out), 0);
	assert_i64_equal(out.reference.ns, in.reference.ns);
	assert_i64_equal(out.receive.ns, in.receive.ns);
	assert_int_equal(out.leap, NTPSHM_LEAP_DELETE);
	assert_int_equal(ntpshm_take(&r, &out), -EAGAIN);
	assert_int_equal(ntpshm_put(&w, &in), 0);
	ntpshm_clear(&w);
	assert_int_equal(ntpshm_take(&r, &out), -EAGAIN);
	ntpshm_detach(&w);
	ntpshm_detach(&r);
}

static void units_have_their_permissions(void **state)
{
	char error[NTPSHM_ERROR_SIZE];
	struct shmid_ds ds;
	struct ntpshm w;

	(void)state;
	assert_int_equal(ntpshm_attach(test_unit(), NTPSHM_PERM_AUTO, true, &w, error), 0);
	assert_int_equal(shmctl(w.id, IPC_STAT, &ds), 0);
	assert_int_equal(ds.shm_perm.mode & 0777, 0666);
	ntpshm_detach(&w);
	remove_segment(NULL);
	assert_int_equal(ntpshm_attach(test_unit(), 0640, true, &w, error), 0);
	assert_int_equal(shmctl(w.id, IPC_STAT, &ds), 0);
	assert_int_equal(ds.shm_perm.mode & 0777, 0640);
	ntpshm_detach(&w);
}

static void a_removed_segment_is_stale(void **state)
{
	char error[NTPSHM_ERROR_SIZE];
	struct ntpshm w;

	(void)state;
	assert_int_equal(ntpshm_attach(test_unit(), NTPSHM_PERM_AUTO, true, &w, error), 0);
	assert_false(ntpshm_is_stale(&w));
	remove_segment(NULL);
	assert_true(ntpshm_is_stale(&w));
	ntpshm_detach(&w);
}

static void a_segment_of_another_size_is_named(void **state)
{
	int id = shmget(NTPSHM_KEY + test_unit(), 40, IPC_CREAT | 0600);
	struct ntpshm w = {.unit = -7};
	char error[NTPSHM_ERROR_SIZE];

	(void)state;
	assert_true(id >= 0);
	assert_int_equal(ntpshm_attach(test_unit(), NTPSHM_PERM_AUTO, true, &w, error), -EINVAL);
	assert_non_null(strstr(error, "another size"));
	assert_int_equal(w.unit, -7);
	assert_int_equal(ntpshm_attach(-1, NTPSHM_PERM_AUTO, true, &w, error), -EINVAL);
	assert_int_equal(ntpshm_attach(256, NTPSHM_PERM_AUTO, true, &w, error), -EINVAL);
}

static void a_reader_without_the_right_to_write_counts(void **state)
{
	struct ntpshm_sample in = {{INT64_C(1700000000000000000)}, {INT64_C(1700000000000000001)},
				     NTPSHM_LEAP_NONE, -20, 1},
			     out;
	char error[NTPSHM_ERROR_SIZE];
	struct ntpshm w, r;

	(void)state;
	assert_int_equal(ntpshm_attach(test_unit(), 0644, true, &w, error), 0);
	assert_int_equal(ntpshm_attach(test_unit(), NTPSHM_PERM_AUTO, false, &r, error), 0);
	r.readonly = true; /* what attach finds out when it is not root */
	assert_int_equal(ntpshm_put(&w, &in), 0);
	assert_int_equal(ntpshm_take(&r, &out), 0);
	assert_i64_equal(w.segment->valid, 1);
	assert_int_equal(ntpshm_take(&r, &out), -EAGAIN);
	assert_int_equal(ntpshm_put(&w, &in), 0);
	assert_int_equal(ntpshm_take(&r, &out), 0);
	ntpshm_detach(&w);
	ntpshm_detach(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nanoseconds_count_when_both_agree),
		cmocka_unit_test(microseconds_count_when_one_does_not),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(unknown_leap_and_precision_are_the_worst),
		cmocka_unit_test(microseconds_are_truncated),
		cmocka_unit_test(the_layout_is_that_of_driver_28),
		cmocka_unit_test_setup_teardown(
			a_sample_goes_from_writer_to_reader_once, remove_segment, remove_segment),
		cmocka_unit_test_setup_teardown(
			units_have_their_permissions, remove_segment, remove_segment),
		cmocka_unit_test_setup_teardown(
			a_removed_segment_is_stale, remove_segment, remove_segment),
		cmocka_unit_test_setup_teardown(
			a_segment_of_another_size_is_named, remove_segment, remove_segment),
		cmocka_unit_test_setup_teardown(
			a_reader_without_the_right_to_write_counts, remove_segment, remove_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
