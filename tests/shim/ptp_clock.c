/* SPDX-License-Identifier: MIT */
/* ptp_clock.c - what the clock shows, how it is read, and what goes wrong with it. */
#include "tests/shim/ptp.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ptp_shim ptp;

/* ---- what the environment says ---- */

static void die(const char *what)
{
	fprintf(stderr, "ptpshim: %s is wrong\n", what);
	_exit(99);
}

static void set_delay(const char *law)
{
	if (sscanf(law, "fixed:%lf", &ptp.mean) == 1)
		ptp.law = LAW_FIXED;
	else if (sscanf(law, "exp:%lf", &ptp.mean) == 1)
		ptp.law = LAW_EXP;
	else if (sscanf(law, "normal:%lf:%lf", &ptp.mean, &ptp.sd) == 2)
		ptp.law = LAW_NORMAL;
	else
		die("PTPSHIM_DELAY");
}

static void set_error(const char *text)
{
	char word[16];

	if (sscanf(text, "%15[A-Z]:%ld:%ld", word, &ptp.error_after, &ptp.error_count) != 3)
		die("PTPSHIM_ERROR");
	ptp.error = !strcmp(word, "EBUSY")    ? EBUSY
		    : !strcmp(word, "ENODEV") ? ENODEV
		    : !strcmp(word, "EIO")    ? EIO
					      : EINVAL;
}

void ptp_init(void)
{
	const char *list = shim_env("PTPSHIM_IOCTLS", "extended,plain,gettime");
	const char *leg = shim_env("PTPSHIM_NOISE", "both");

	if (ptp.ready)
		return;
	ptp.ready = true;
	ptp.paths = shim_env("PTPSHIM", "");
	shim_epoch("PTPSHIM_EPOCH", &ptp.raw0, &ptp.real0);
	ptp.offset = atoll(shim_env("PTPSHIM_OFFSET", "0"));
	ptp.ppb = atof(shim_env("PTPSHIM_FREQ", "0"));
	set_delay(shim_env("PTPSHIM_DELAY", "fixed:300"));
	ptp.hidden = atof(shim_env("PTPSHIM_HIDDEN", "0"));
	if (getenv("PTPSHIM_WANDER") &&
		sscanf(getenv("PTPSHIM_WANDER"), "%lf:%lf", &ptp.wander_ppb, &ptp.wander_s) != 2)
		die("PTPSHIM_WANDER");
	ptp.base = atof(shim_env("PTPSHIM_BASE", "50"));
	ptp.noise_before = strcmp(leg, "after") != 0;
	ptp.noise_after = strcmp(leg, "before") != 0;
	ptp.precise = shim_has_word(list, "precise");
	ptp.extended = shim_has_word(list, "extended");
	ptp.raw = shim_has_word(list, "raw");
	ptp.deaf = shim_has_word(list, "deaf");
	ptp.plain = shim_has_word(list, "plain");
	ptp.gettime = shim_has_word(list, "gettime");
	if (getenv("PTPSHIM_ERROR"))
		set_error(getenv("PTPSHIM_ERROR"));
	if (getenv("PTPSHIM_EXTTS") &&
		sscanf(getenv("PTPSHIM_EXTTS"), "%ld:%ld", &ptp.extts_hz, &ptp.extts_width) < 1)
		die("PTPSHIM_EXTTS");
	ptp.own_queues = strcmp(shim_env("PTPSHIM_QUEUES", "one"), "own") == 0;
	ptp.control = shim_env("PTPSHIM_CONTROL", NULL);
	ptp.iface = shim_env("PTPSHIM_IFACE", NULL);
	ptp.seed =
		strtoull(shim_env("PTPSHIM_SEED", "1"), NULL, 0) * 2654435761u + 88172645463325252u;
}

void ptp_control(char *text, size_t size)
{
	shim_control(ptp.control, text, size);
}

/* ---- the clock ---- */

static double uniform(void)
{
	ptp.seed ^= ptp.seed << 13;
	ptp.seed ^= ptp.seed >> 7;
	ptp.seed ^= ptp.seed << 17;
	return ((double)(ptp.seed >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t leg_ns(bool noisy)
{
	double ns = 0;

	if (noisy && ptp.law == LAW_FIXED)
		ns = ptp.mean;
	else if (noisy && ptp.law == LAW_EXP)
		ns = -ptp.mean * log(uniform());
	else if (noisy)
		ns = ptp.mean + ptp.sd * sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
	return (int64_t)(ns > 0 ? ptp.base + ns : ptp.base);
}

static int64_t wandered_ns(int64_t d)
{
	double turn = 2 * M_PI / ptp.wander_s;

	return ptp.wander_s > 0
		       ? (int64_t)(ptp.wander_ppb / turn * (1 - cos(turn * (double)d * 1e-9)))
		       : 0;
}

int64_t ptp_at(int64_t raw_ns, const char *control)
{
	int64_t d = raw_ns - ptp.raw0;
	int64_t t =
		ptp.real0 + d + (int64_t)((double)d * ptp.ppb * 1e-9) + ptp.offset + wandered_ns(d);
	const char *jump = strstr(control, "jump=");

	if (shim_has_word(control, "zero"))
		return d;
	if (jump)
		t += atoll(jump + 5);
	if (!shim_has_word(control, "frozen")) {
		ptp.frozen = false;
		return t;
	}
	if (!ptp.frozen)
		ptp.frozen_ns = t;
	ptp.frozen = true;
	return ptp.frozen_ns;
}

/* A clock and the raw clock at one instant: between two raw readings close together. */
static void read_pair(clockid_t id, int64_t *ret_raw, int64_t *ret_clock)
{
	for (int i = 0; i < 20; i++) {
		int64_t a = shim_now(CLOCK_MONOTONIC_RAW), t = shim_now(id),
			b = shim_now(CLOCK_MONOTONIC_RAW);

		*ret_raw = a + (b - a) / 2;
		*ret_clock = t;
		if (b - a < 200)
			break;
	}
	if (id == CLOCK_MONOTONIC_RAW)
		*ret_clock = *ret_raw;
}

static void read_one(
	clockid_t id, const char *control, int64_t *before, int64_t *phc, int64_t *after)
{
	int64_t raw, d1 = leg_ns(ptp.noise_before), d2 = leg_ns(ptp.noise_after);

	read_pair(id, &raw, before);
	*phc = ptp_at(raw + d1, control) - (int64_t)(ptp.hidden * log(uniform()));
	*after = *before + d1 + d2;
	while (shim_now(CLOCK_MONOTONIC_RAW) < raw + d1 + d2)
		;
}

struct ptp_clock_time ptp_time(int64_t ns)
{
	struct ptp_clock_time t = {ns / NS, (uint32_t)(ns % NS), 0};

	return t;
}

int ptp_precise(struct ptp_sys_offset_precise *x, const char *control)
{
	int64_t raw, real;

	if (!ptp.precise || shim_has_word(control, "noprecise"))
		return -EOPNOTSUPP;
	read_pair(CLOCK_REALTIME, &raw, &real);
	memset(x, 0, sizeof(*x));
	x->device = ptp_time(ptp_at(raw, control));
	x->sys_realtime = ptp_time(real);
	x->sys_monoraw = ptp_time(raw);
	return 0;
}

int ptp_extended(struct ptp_sys_offset_extended *x, const char *control)
{
	unsigned int id = *(&x->n_samples + 1); /* reserved, or the clock id of newer kernels */
	int64_t b, p, a;

	if (!ptp.extended || shim_has_word(control, "noextended"))
		return -EINVAL;
	if (x->n_samples > PTP_MAX_SAMPLES)
		return -EINVAL;
	if (id && !ptp.deaf && !(ptp.raw && id == CLOCK_MONOTONIC_RAW))
		return -EINVAL;
	if (ptp.deaf)
		id = CLOCK_REALTIME;
	for (unsigned int i = 0; i < x->n_samples; i++) {
		read_one((clockid_t)id, control, &b, &p, &a);
		x->ts[i][0] = ptp_time(b);
		x->ts[i][1] = ptp_time(p);
		x->ts[i][2] = ptp_time(a);
	}
	return 0;
}

int ptp_plain(struct ptp_sys_offset *x, const char *control)
{
	int64_t b, p, a;

	if (!ptp.plain)
		return -EOPNOTSUPP;
	if (x->n_samples > PTP_MAX_SAMPLES)
		return -EINVAL;
	for (unsigned int i = 0; i < x->n_samples; i++) {
		read_one(CLOCK_REALTIME, control, &b, &p, &a);
		x->ts[2 * i] = ptp_time(b);
		x->ts[2 * i + 1] = ptp_time(p);
		x->ts[2 * i + 2] = ptp_time(a);
	}
	return 0;
}

/* Errors that were asked for, 0 or negative errno. */
int ptp_injected(const char *control)
{
	long n = ++ptp.reads;

	if (shim_has_word(control, "gone"))
		return -ENODEV;
	if (shim_has_word(control, "eio"))
		return -EIO;
	if (shim_has_word(control, "ebusy"))
		return -EBUSY;
	if (ptp.error && n > ptp.error_after && n <= ptp.error_after + ptp.error_count)
		return -ptp.error;
	return 0;
}
