/* SPDX-License-Identifier: MIT */
/*
 * phc2shm - carries the time of a PTP clock to ntpd or chronyd through shared memory or a socket.
 *
 * Takes the words of `phc2sys -E ntpshm`. Stands alone: no bus, no configuration needed, no clock
 * set (the right to do so is given up first).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/core/phc_reading.h"
#include "common/io/phc.h"
#include "common/io/privilege.h"
#include "phc2shm/core/bridge.h"
#include "phc2shm/options.h"
#include "phc2shm/output.h"
#include "phc2shm/say.h"

#define EXIT_USAGE	 1
#define EXIT_CONFIG	 2
#define EXIT_ENVIRONMENT 3
#define PRECISION_LOG2	 (-30)

struct program {
	struct options options;
	struct say say;
	struct output output;
	struct bridge bridge;
	struct phc phc;
};

static void perform(struct program *p, const struct bridge_out *out)
{
	struct ntpshm_sample sample = {
		.reference = out->reference,
		.receive = out->receive,
		.leap = NTPSHM_LEAP_NONE,
		.precision = PRECISION_LOG2,
	};
	char error[OPTIONS_TEXT_SIZE];

	if (out->publish && !output_put(&p->output, &sample, error))
		say(&p->say, BRIDGE_LOG_ERR, error);
	if (out->clear)
		output_clear(&p->output);
	if (out->close)
		phc_close(&p->phc);
	if (out->level != BRIDGE_LOG_NONE)
		say(&p->say, (int)out->level, out->line);
}

static void open_clock(struct program *p)
{
	char error[PHC_ERROR_SIZE];
	struct bridge_out out;

	if (phc_open(p->options.source, false, &p->phc, error) == 0)
		bridge_on_opened(&p->bridge, &out);
	else
		bridge_on_open_failed(&p->bridge, phc_monotonic_ns(), error, &out);
	perform(p, &out);
}

/* More readings than the kernel takes in one call are made here, as phc2sys does. */
static int read_many(struct phc *phc, int readings, struct phc_best *ret)
{
	int rc = -ENODATA;
	bool any = false;

	while (readings > 0) {
		int n = readings < PHC_BATCH_MAX ? readings : PHC_BATCH_MAX;
		struct phc_batch batch;
		struct phc_best best;

		rc = phc_read_gettime(phc, PHC_SCALE_REAL, n, &batch);
		if (rc < 0)
			return rc;
		rc = phc_reading_best(&batch, &best);
		if (rc == 0 && (!any || best.width_ns < ret->width_ns)) {
			*ret = best;
			any = true;
		}
		readings -= n;
	}
	return any ? 0 : rc;
}

static int read_clock(struct program *p, struct phc_best *ret)
{
	struct phc_batch batch;
	int rc;

	if (p->options.readings > PHC_BATCH_MAX)
		return read_many(&p->phc, p->options.readings, ret);
	rc = phc_read(&p->phc, PHC_SCALE_REAL, p->options.readings, &batch);
	return rc < 0 ? rc : phc_reading_best(&batch, ret);
}

static void update(struct program *p)
{
	struct bridge_out out;
	struct phc_best best;
	int rc;

	if (bridge_wants_open(&p->bridge, phc_monotonic_ns()))
		open_clock(p);
	if (!p->bridge.opened)
		return;
	rc = read_clock(p, &best);
	if (rc == 0)
		bridge_on_reading(&p->bridge, &best, &out);
	else
		bridge_on_read_failed(&p->bridge, phc_monotonic_ns(), rc,
			rc == -ENODEV ? "the device is gone" : strerror(-rc), &out);
	perform(p, &out);
}

/* Waits for a signal until then; true if one came. */
static bool wait_until(const sigset_t *signals, int64_t then_ns)
{
	int64_t left_ns = then_ns - phc_monotonic_ns();
	struct timespec t;

	while (left_ns > 0) {
		t = (struct timespec){left_ns / NS_PER_S, left_ns % NS_PER_S};
		if (sigtimedwait(signals, NULL, &t) > 0)
			return true;
		left_ns = then_ns - phc_monotonic_ns();
	}
	t = (struct timespec){0, 0};
	return sigtimedwait(signals, NULL, &t) > 0;
}

static void run(struct program *p)
{
	int64_t interval_ns = ts_dur_from_s(1.0 / p->options.rate_hz).ns;
	int64_t next_ns = phc_monotonic_ns();
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	open_clock(p);
	for (;;) {
		int64_t now_ns = phc_monotonic_ns();

		next_ns = ts_sat_add(next_ns, interval_ns);
		if (next_ns < now_ns) /* late by more than a turn: those are lost */
			next_ns = now_ns;
		if (wait_until(&signals, next_ns))
			return;
		update(p);
	}
}

static void tell_ignored(const struct program *p)
{
	char text[OPTIONS_TEXT_SIZE + 64];

	if (!p->options.ignored[0])
		return;
	(void)snprintf(
		text, sizeof(text), "no clock is steered, without effect: %s", p->options.ignored);
	say(&p->say, BRIDGE_LOG_NOTICE, text);
}

static int fail(const struct program *p, int status, const char *text)
{
	(void)fprintf(stderr, "%s: %s\n", p->say.program, text);
	return status;
}

static int start(struct program *p)
{
	struct bridge_config config = {
		.source = p->options.source,
		.sink = p->options.sink,
		.offset_s = p->options.offset_s,
		.summary = p->options.summary,
	};
	char error[OPTIONS_TEXT_SIZE];

	if (p->options.config[0] && options_read_file(&p->options, p->options.config, error) < 0)
		return fail(p, EXIT_CONFIG, error);
	if (privilege_drop_time() < 0)
		return fail(p, EXIT_ENVIRONMENT, "cannot give up the right to set clocks");
	if (output_open(&p->output, &p->options, error) < 0)
		return fail(p, EXIT_ENVIRONMENT, error);
	tell_ignored(p);
	bridge_init(&p->bridge, &config);
	run(p);
	output_close(&p->output);
	phc_close(&p->phc);
	return 0;
}

int main(int argc, char **argv)
{
	struct program p = {.say = {.options = &p.options}, .phc = {.fd = -1}};
	char error[OPTIONS_TEXT_SIZE];
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	p.say.program = slash ? slash + 1 : argc > 0 ? argv[0] : "phc2shm";
	switch (options_parse(&p.options, argc, argv, error)) {
	case OPTIONS_RUN:
		return start(&p);
	case OPTIONS_HELP:
		options_usage(p.say.program, stdout);
		return 0;
	case OPTIONS_VERSION:
		puts(TIMEBUS_VERSION);
		return 0;
	case OPTIONS_WRONG:
		break;
	}
	(void)fail(&p, EXIT_USAGE, error);
	(void)fprintf(stderr, "%s -h tells the options\n", p.say.program);
	return EXIT_USAGE;
}
