/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "disciplined/actuator.h"

/* ADJ_FREQUENCY takes +-500 ppm in steps of 2^-16 ppm; beyond, whole ticks do the coarse part. */
#define FREQ_MAX_PPB	490e3
#define FREQ_UNIT_PPB	(1000.0 / 65536)
#define MAXERROR_MAX_US 16000000 /* NTP_PHASE_LIMIT: more is the same to the kernel */
#define LOOPS		(STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME)

struct kernel {
	struct actuator base;
	struct door *door;
	bool rtcsync;
	bool loops;	    /* somebody's kernel loop was seen to run */
	long tick_us;	    /* nominal length of a tick */
	double command_ppb; /* last seen */
	int tai_s;	    /* in force */
};

static struct kernel *kernel_of(struct actuator *a)
{
	return (struct kernel *)(void *)a;
}

static int adjust(struct timex *tx)
{
	return clock_adjtime(CLOCK_REALTIME, tx) < 0 ? -errno : 0;
}

static double ppb_of(const struct kernel *k, const struct timex *tx)
{
	double ticks = (double)(tx->tick - k->tick_us) / (double)k->tick_us;

	return ticks * 1e9 + (double)tx->freq * FREQ_UNIT_PPB;
}

static void kernel_read(struct actuator *a, struct clk_reading *ret)
{
	struct kernel *k = kernel_of(a);
	struct door_pair pair = door_pair(k->door);
	struct timex tx = {0};

	if (adjust(&tx) == 0) {
		k->command_ppb = ppb_of(k, &tx);
		k->loops = (tx.status & LOOPS) != 0;
		k->tai_s = tx.tai;
	}
	ret->raw = pair.raw;
	ret->clock = pair.real;
	ret->width = pair.width;
	ret->command_ppb = k->command_ppb;
	ret->alien = k->loops;
	ret->suspended = door_suspended(k->door);
}

/* What a phase-locked loop had still to do would go on after it is switched off. */
static int stop_loops(struct kernel *k)
{
	struct timex tx = {.modes = ADJ_STATUS | ADJ_OFFSET, .status = STA_PLL | STA_UNSYNC};
	int rc = adjust(&tx);

	if (rc < 0)
		return rc;
	k->loops = false;
	tx = (struct timex){.modes = ADJ_STATUS, .status = STA_UNSYNC};
	return adjust(&tx);
}

static int kernel_set_rate(
	struct actuator *a, double command_ppb, double base_ppb, struct ts_raw until)
{
	struct kernel *k = kernel_of(a);
	struct timex tx = {.modes = ADJ_FREQUENCY | ADJ_TICK, .tick = k->tick_us};
	double tick_ppb = 1e9 / (double)k->tick_us;
	double rest_ppb = command_ppb;

	(void)base_ppb; /* the core asks again at `until` */
	(void)until;
	if (k->loops) {
		int rc = stop_loops(k);

		if (rc < 0)
			return rc;
	}
	if (fabs(command_ppb) > FREQ_MAX_PPB) {
		long ticks = lround(command_ppb / tick_ppb);

		tx.tick += ticks;
		rest_ppb -= (double)ticks * tick_ppb;
	}
	tx.freq = lround(rest_ppb / FREQ_UNIT_PPB);
	return adjust(&tx);
}

static int kernel_step(struct actuator *a, int64_t step_ns)
{
	struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};
	int64_t seconds = step_ns / NS_PER_S, rest_ns = step_ns % NS_PER_S;

	(void)a;
	if (rest_ns < 0) { /* the kernel wants the fraction positive */
		seconds--;
		rest_ns += NS_PER_S;
	}
	tx.time.tv_sec = (time_t)seconds;
	tx.time.tv_usec = (suseconds_t)rest_ns;
	return adjust(&tx);
}

static long error_us(int64_t ns)
{
	int64_t us = ns / NS_PER_US + 1; /* rounded up: it is a bound */

	return us > MAXERROR_MAX_US ? MAXERROR_MAX_US : (long)us;
}

static int kernel_set_status(struct actuator *a, const struct discipline_status *s, int tai_s)
{
	struct kernel *k = kernel_of(a);
	struct timex tx = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR};
	int rc;

	tx.maxerror = error_us(s->maxerror_ns);
	tx.esterror = error_us(s->esterror_ns);
	if (!k->rtcsync || s->sync == sync_unsynchronised)
		tx.status |= STA_UNSYNC;
	if (s->leap == leap_insert)
		tx.status |= STA_INS;
	if (s->leap == leap_remove)
		tx.status |= STA_DEL;
	rc = adjust(&tx);
	if (rc < 0 || tai_s == 0 || tai_s == k->tai_s || s->leap != leap_none)
		return rc;
	tx = (struct timex){.modes = ADJ_TAI, .constant = tai_s};
	return adjust(&tx);
}

static void kernel_destroy(struct actuator *a)
{
	free(kernel_of(a));
}

static const struct actuator_ops kernel_ops = {
	.read = kernel_read,
	.set_rate = kernel_set_rate,
	.step = kernel_step,
	.set_status = kernel_set_status,
	.destroy = kernel_destroy,
};

struct actuator *actuator_kernel_new(struct door *door, bool rtcsync)
{
	struct kernel *k = calloc(1, sizeof(*k));
	long hz = sysconf(_SC_CLK_TCK);

	if (k == NULL)
		return NULL;
	k->base.ops = &kernel_ops;
	k->door = door;
	k->rtcsync = rtcsync;
	k->tick_us = 1000000 / (hz > 0 ? hz : 100);
	return &k->base;
}
