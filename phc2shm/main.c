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
#include <time.h>

#include "common/core/phc_reading.h"
#include "common/io/leapfile.h"
#include "common/io/phc.h"
#include "common/io/privilege.h"
#include "phc2shm/core/bridge.h"
#include "phc2shm/options.h"
#include "phc2shm/output.h"
#include "phc2shm/ptp4l_link.h"
#include "phc2shm/say.h"

#define EXIT_USAGE	 1
#define EXIT_CONFIG	 2
#define EXIT_ENVIRONMENT 3
#define PRECISION_LOG2	 (-30)
#define LIST_AGAIN_NS	 (3600 * NS_PER_S)

struct program {
	struct options options;
	struct say say;
	struct output output;
	struct bridge bridge;
	struct phc phc;
	struct ptp4l_link ptp4l; /* -w */
	struct leaplist list;	 /* leapfile */
	int64_t list_again_ns;	 /* when to read it again; CLOCK_MONOTONIC */
};

static void perform(struct program *p, const struct bridge_out *out)
{
	struct ntpshm_sample sample = {
		.reference = out->reference,
		.receive = out->receive,
		.leap = out->leap > 0	? NTPSHM_LEAP_INSERT
			: out->leap < 0 ? NTPSHM_LEAP_DELETE
					: NTPSHM_LEAP_NONE,
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

/* Does ptp4l, if it was asked for, say that the clock is good? */
static bool in_sync(struct program *p)
{
	const struct ptp4l *said = &p->ptp4l.ptp4l;
	struct bridge_out out;
	int64_t now_ns;

	if (!p->options.wait)
		return true;
	now_ns = phc_monotonic_ns();
	ptp4l_link_turn(&p->ptp4l, now_ns);
	if (ptp4l_ready(said, !p->options.has_offset, now_ns)) {
		bridge_set_scale(&p->bridge, -said->utc_offset_s, said->leap);
		return true;
	}
	bridge_on_waiting(&p->bridge, now_ns, &out);
	perform(p, &out);
	return false;
}

/* A new list comes with the system's updates, twice a year. One that cannot be read leaves the old
 * one in force. */
static int read_list(struct program *p, char error[OPTIONS_TEXT_SIZE])
{
	int rc = leapfile_load(p->options.leapfile, &p->list);

	p->list_again_ns = ts_sat_add(phc_monotonic_ns(), LIST_AGAIN_NS);
	if (rc < 0)
		(void)snprintf(error, OPTIONS_TEXT_SIZE, "leapfile %.120s: %s", p->options.leapfile,
			rc == -EBADMSG ? "is no leap-seconds.list" : strerror(-rc));
	return rc;
}

static void update(struct program *p)
{
	struct bridge_out out;
	struct phc_best best;
	char error[OPTIONS_TEXT_SIZE];
	int rc;

	if (p->options.leapfile[0] && phc_monotonic_ns() >= p->list_again_ns)
		(void)read_list(p, error);

	if (!in_sync(p))
		return;

	if (!p->bridge.opened && bridge_wants_open(&p->bridge, phc_monotonic_ns()))
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

/*
 * A signal may come between the look at `ended` and the sleep: so it also takes away what is to be
 * slept. Cheaper than sigtimedwait(), and this is all that the program does most of the time.
 */
static volatile sig_atomic_t ended;
static volatile struct timespec left;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
	left.tv_sec = 0;
	left.tv_nsec = 0;
}

/* False: a signal ended it. */
static bool sleep_for(int64_t ns)
{
	left.tv_sec = ns / NS_PER_S;
	left.tv_nsec = ns % NS_PER_S;
	if (!ended)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, (const struct timespec *)&left, NULL);
	return !ended;
}

static void take_signals(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &action, NULL);
}

static void run(struct program *p)
{
	int64_t interval_ns = ts_dur_from_s(1.0 / p->options.rate_hz).ns;

	if (in_sync(p))
		open_clock(p);
	for (;;) {
		int64_t ns = interval_ns;

		/* ptp4l is looked for each second at least */
		if (p->bridge.state == BRIDGE_WAITING && ns > NS_PER_S)
			ns = NS_PER_S;
		if (!sleep_for(ns))
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

static void tell_expired(const struct program *p)
{
	char text[OPTIONS_TEXT_SIZE + 64];

	if (!p->options.leapfile[0] || leaplist_good(&p->list, (struct ts_utc){phc_realtime_ns()}))
		return;
	(void)snprintf(text, sizeof(text), "%s has expired: no leap second is announced",
		p->options.leapfile);
	say(&p->say, BRIDGE_LOG_ERR, text);
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
		.scale = {.offset_s = p->options.offset_s, .fixed = p->options.has_offset},
	};
	char error[OPTIONS_TEXT_SIZE];

	if (p->options.config[0] && options_read_file(&p->options, p->options.config, error) < 0)
		return fail(p, EXIT_CONFIG, error);
	config.summary = p->options.summary;
	config.silent = p->options.level < BRIDGE_LOG_INFO;
	p->ptp4l.path = p->options.uds_address;
	ptp4l_init(&p->ptp4l.ptp4l, p->options.domain, p->options.transport);
	if (p->options.leapfile[0]) {
		if (read_list(p, error) < 0)
			return fail(p, EXIT_CONFIG, error);
		config.scale.list = &p->list;
	}
	if (privilege_drop_time() < 0)
		return fail(p, EXIT_ENVIRONMENT, "cannot give up the right to set clocks");
	if (output_open(&p->output, &p->options, error) < 0)
		return fail(p, EXIT_ENVIRONMENT, error);
	tell_ignored(p);
	tell_expired(p);
	bridge_init(&p->bridge, &config);
	take_signals();
	run(p);
	output_close(&p->output);
	ptp4l_link_close(&p->ptp4l);
	phc_close(&p->phc);
	return 0;
}

int main(int argc, char **argv)
{
	struct program p = {.say = {.options = &p.options}, .phc = {.fd = -1}, .ptp4l = {.fd = -1}};
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
