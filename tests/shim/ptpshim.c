/* SPDX-License-Identifier: MIT */
/*
 * ptpshim.c - a double of PTP clock devices at the system-call boundary, to be preloaded.
 *
 *   LD_PRELOAD=.../ptpshim.so PTPSHIM=/dev/ptp0 refclockd 'refclock PHC /dev/ptp0'
 *
 * The clock shows REALNS + (t - RAWNS) (1 + PPB/1e9) + OFFSET, where t is CLOCK_MONOTONIC_RAW: with
 * a common epoch every process sees the same clock, and nobody can steer it by steering
 * CLOCK_REALTIME. Whoever runs under this double can set no clock at all: every call that would is
 * refused with EPERM.
 *
 *   PTPSHIM=PATH[:PATH...]       the devices (all the same clock)
 *   PTPSHIM_EPOCH=RAWNS,REALNS   default: when the process began
 *   PTPSHIM_OFFSET=NS            default 0
 *   PTPSHIM_FREQ=PPB             default 0
 *   PTPSHIM_DELAY=LAW            of a leg of a bracket: fixed:NS, exp:MEAN, normal:MEAN:SD; default
 *                                fixed:300. The program is kept waiting for as long
 *   PTPSHIM_HIDDEN=NS            mean of an exponential delay of each stamp that no bracket shows
 *   PTPSHIM_WANDER=PPB:SECONDS   the frequency goes up and down by so much in so long
 *   PTPSHIM_NOISE=LEG            which leg has it: before, after or both (default); the other takes
 *   PTPSHIM_BASE=NS              ... this, which every leg takes at least; default 50
 *   PTPSHIM_IOCTLS=LIST          of precise, extended, raw (EXTENDED takes a clock id), deaf (it
 *                                takes any and does not look at it), plain, gettime; default
 *                                extended,plain,gettime
 *   PTPSHIM_ERROR=ERRNO:AFTER:N  reads AFTER+1 ... AFTER+N fail: EBUSY, ENODEV, EIO or EINVAL
 *   PTPSHIM_CONTROL=FILE         a file read at each call with any of the words: gone, frozen,
 *                                zero, eio, ebusy, jump=NS, noprecise, noextended, off (no pulses),
 *                                badstamp (pulses with a stamp that is none). No file: none of it
 *   PTPSHIM_IFACE=NAME           an interface whose clock is the first device
 *   PTPSHIM_SEED=N               of the noise
 *   PTPSHIM_EXTTS=HZ[:WIDTH]     pulses on each channel that is asked for, at multiples of 1/HZ s
 * of REALNS + (t - RAWNS); with WIDTH (ns) both edges are stamped. Channel 7 has a pulse of its
 * own, 3 ms behind PTPSHIM_QUEUES=one|own       all readers share one queue, as before Linux 6.7
 * (default), or each has its own, with a mask of channels
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NS     INT64_C(1000000000)
#define FD_MAX 1024
#define EXPORT __attribute__((visibility("default")))

enum { LAW_FIXED, LAW_EXP, LAW_NORMAL };

static struct {
	bool ready;
	const char *paths;
	int64_t raw0, real0, offset;
	double ppb;
	int law;
	double mean, sd, base, hidden, wander_ppb, wander_s;
	bool noise_before, noise_after;
	bool precise, extended, raw, deaf, plain, gettime;
	int error;
	long error_after, error_count, reads;
	const char *control, *iface;
	uint64_t seed;
	bool frozen;
	int64_t frozen_ns;
	bool is_ours[FD_MAX];
	long extts_hz;
	int64_t extts_width;
	bool own_queues;
} shim;

/* ---- the real thing ---- */

static void *next_symbol(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		abort();
	return p;
}

#define REAL(name, type)                                                                           \
	static type real_##name;                                                                   \
	if (!real_##name)                                                                          \
	real_##name = (type)next_symbol(#name)

typedef int (*gettime_fn)(clockid_t, struct timespec *);
typedef int (*open_fn)(const char *, int, ...);
typedef int (*openat_fn)(int, const char *, int, ...);
typedef int (*close_fn)(int);
typedef int (*ioctl_fn)(int, unsigned long, void *);
typedef int (*stat_fn)(const char *, struct stat *);
typedef int (*stat64_fn)(const char *, struct stat64 *);
typedef int (*access_fn)(const char *, int);
typedef char *(*realpath_fn)(const char *, char *);
typedef int (*adjtimex_fn)(struct timex *);
typedef int (*clock_adjtime_fn)(clockid_t, struct timex *);

static int64_t now(clockid_t id)
{
	struct timespec t;

	REAL(clock_gettime, gettime_fn);
	real_clock_gettime(id, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

/* ---- what the environment says ---- */

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += n)
		if ((p == list || strchr(", \n", p[-1])) && (!p[n] || strchr(", \n=", p[n])))
			return true;
	return false;
}

static const char *env(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && *v ? v : fallback;
}

static void die(const char *what)
{
	fprintf(stderr, "ptpshim: %s is wrong\n", what);
	_exit(99);
}

static void set_delay(const char *law)
{
	if (sscanf(law, "fixed:%lf", &shim.mean) == 1)
		shim.law = LAW_FIXED;
	else if (sscanf(law, "exp:%lf", &shim.mean) == 1)
		shim.law = LAW_EXP;
	else if (sscanf(law, "normal:%lf:%lf", &shim.mean, &shim.sd) == 2)
		shim.law = LAW_NORMAL;
	else
		die("PTPSHIM_DELAY");
}

static void set_error(const char *text)
{
	char word[16];

	if (sscanf(text, "%15[A-Z]:%ld:%ld", word, &shim.error_after, &shim.error_count) != 3)
		die("PTPSHIM_ERROR");
	shim.error = !strcmp(word, "EBUSY")    ? EBUSY
		     : !strcmp(word, "ENODEV") ? ENODEV
		     : !strcmp(word, "EIO")    ? EIO
					       : EINVAL;
}

static void init(void)
{
	const char *list = env("PTPSHIM_IOCTLS", "extended,plain,gettime");
	const char *epoch = env("PTPSHIM_EPOCH", NULL), *leg = env("PTPSHIM_NOISE", "both");
	long long raw, real;

	if (shim.ready)
		return;
	shim.ready = true;
	shim.paths = env("PTPSHIM", "");
	shim.raw0 = now(CLOCK_MONOTONIC_RAW);
	shim.real0 = now(CLOCK_REALTIME);
	if (epoch && sscanf(epoch, "%lld,%lld", &raw, &real) != 2)
		die("PTPSHIM_EPOCH");
	if (epoch) {
		shim.raw0 = raw;
		shim.real0 = real;
	}
	shim.offset = atoll(env("PTPSHIM_OFFSET", "0"));
	shim.ppb = atof(env("PTPSHIM_FREQ", "0"));
	set_delay(env("PTPSHIM_DELAY", "fixed:300"));
	shim.hidden = atof(env("PTPSHIM_HIDDEN", "0"));
	if (getenv("PTPSHIM_WANDER") &&
		sscanf(getenv("PTPSHIM_WANDER"), "%lf:%lf", &shim.wander_ppb, &shim.wander_s) != 2)
		die("PTPSHIM_WANDER");
	shim.base = atof(env("PTPSHIM_BASE", "50"));
	shim.noise_before = strcmp(leg, "after") != 0;
	shim.noise_after = strcmp(leg, "before") != 0;
	shim.precise = has_word(list, "precise");
	shim.extended = has_word(list, "extended");
	shim.raw = has_word(list, "raw");
	shim.deaf = has_word(list, "deaf");
	shim.plain = has_word(list, "plain");
	shim.gettime = has_word(list, "gettime");
	if (getenv("PTPSHIM_ERROR"))
		set_error(getenv("PTPSHIM_ERROR"));
	if (getenv("PTPSHIM_EXTTS") &&
		sscanf(getenv("PTPSHIM_EXTTS"), "%ld:%ld", &shim.extts_hz, &shim.extts_width) < 1)
		die("PTPSHIM_EXTTS");
	shim.own_queues = strcmp(env("PTPSHIM_QUEUES", "one"), "own") == 0;
	shim.control = env("PTPSHIM_CONTROL", NULL);
	shim.iface = env("PTPSHIM_IFACE", NULL);
	shim.seed = strtoull(env("PTPSHIM_SEED", "1"), NULL, 0) * 2654435761u + 88172645463325252u;
}

static void read_control(char *text, size_t size)
{
	ssize_t n = 0;
	int fd;

	text[0] = '\0';
	if (!shim.control)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, shim.control, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = syscall(SYS_read, fd, text, size - 1);
	syscall(SYS_close, fd);
	text[n > 0 ? n : 0] = '\0';
}

static bool is_gone(void)
{
	char text[256];

	read_control(text, sizeof(text));
	return has_word(text, "gone");
}

/* ---- the clock ---- */

static double uniform(void)
{
	shim.seed ^= shim.seed << 13;
	shim.seed ^= shim.seed >> 7;
	shim.seed ^= shim.seed << 17;
	return ((double)(shim.seed >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t leg_ns(bool noisy)
{
	double ns = 0;

	if (noisy && shim.law == LAW_FIXED)
		ns = shim.mean;
	else if (noisy && shim.law == LAW_EXP)
		ns = -shim.mean * log(uniform());
	else if (noisy)
		ns = shim.mean + shim.sd * sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
	return (int64_t)(ns > 0 ? shim.base + ns : shim.base);
}

static int64_t wandered_ns(int64_t d)
{
	double turn = 2 * M_PI / shim.wander_s;

	return shim.wander_s > 0
		       ? (int64_t)(shim.wander_ppb / turn * (1 - cos(turn * (double)d * 1e-9)))
		       : 0;
}

static int64_t phc_at(int64_t raw_ns, const char *control)
{
	int64_t d = raw_ns - shim.raw0;
	int64_t t = shim.real0 + d + (int64_t)((double)d * shim.ppb * 1e-9) + shim.offset +
		    wandered_ns(d);
	const char *jump = strstr(control, "jump=");

	if (has_word(control, "zero"))
		return d;
	if (jump)
		t += atoll(jump + 5);
	if (!has_word(control, "frozen")) {
		shim.frozen = false;
		return t;
	}
	if (!shim.frozen)
		shim.frozen_ns = t;
	shim.frozen = true;
	return shim.frozen_ns;
}

/* A clock and the raw clock at one instant: between two raw readings close together. */
static void read_pair(clockid_t id, int64_t *ret_raw, int64_t *ret_clock)
{
	for (int i = 0; i < 20; i++) {
		int64_t a = now(CLOCK_MONOTONIC_RAW), t = now(id), b = now(CLOCK_MONOTONIC_RAW);

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
	int64_t raw, d1 = leg_ns(shim.noise_before), d2 = leg_ns(shim.noise_after);

	read_pair(id, &raw, before);
	*phc = phc_at(raw + d1, control) - (int64_t)(shim.hidden * log(uniform()));
	*after = *before + d1 + d2;
	while (now(CLOCK_MONOTONIC_RAW) < raw + d1 + d2)
		;
}

static struct ptp_clock_time pct(int64_t ns)
{
	struct ptp_clock_time t = {ns / NS, (uint32_t)(ns % NS), 0};

	return t;
}

static int do_precise(struct ptp_sys_offset_precise *x, const char *control)
{
	int64_t raw, real;

	if (!shim.precise || has_word(control, "noprecise"))
		return -EOPNOTSUPP;
	read_pair(CLOCK_REALTIME, &raw, &real);
	memset(x, 0, sizeof(*x));
	x->device = pct(phc_at(raw, control));
	x->sys_realtime = pct(real);
	x->sys_monoraw = pct(raw);
	return 0;
}

static int do_extended(struct ptp_sys_offset_extended *x, const char *control)
{
	unsigned int id = *(&x->n_samples + 1); /* reserved, or the clock id of newer kernels */
	int64_t b, p, a;

	if (!shim.extended || has_word(control, "noextended"))
		return -EINVAL;
	if (x->n_samples > PTP_MAX_SAMPLES)
		return -EINVAL;
	if (id && !shim.deaf && !(shim.raw && id == CLOCK_MONOTONIC_RAW))
		return -EINVAL;
	if (shim.deaf)
		id = CLOCK_REALTIME;
	for (unsigned int i = 0; i < x->n_samples; i++) {
		read_one((clockid_t)id, control, &b, &p, &a);
		x->ts[i][0] = pct(b);
		x->ts[i][1] = pct(p);
		x->ts[i][2] = pct(a);
	}
	return 0;
}

static int do_plain(struct ptp_sys_offset *x, const char *control)
{
	int64_t b, p, a;

	if (!shim.plain)
		return -EOPNOTSUPP;
	if (x->n_samples > PTP_MAX_SAMPLES)
		return -EINVAL;
	for (unsigned int i = 0; i < x->n_samples; i++) {
		read_one(CLOCK_REALTIME, control, &b, &p, &a);
		x->ts[2 * i] = pct(b);
		x->ts[2 * i + 1] = pct(p);
		x->ts[2 * i + 2] = pct(a);
	}
	return 0;
}

/* Errors that were asked for, 0 or negative errno. */
static int injected(const char *control)
{
	long n = ++shim.reads;

	if (has_word(control, "gone"))
		return -ENODEV;
	if (has_word(control, "eio"))
		return -EIO;
	if (has_word(control, "ebusy"))
		return -EBUSY;
	if (shim.error && n > shim.error_after && n <= shim.error_after + shim.error_count)
		return -shim.error;
	return 0;
}

/* ---- pulses ---- */

/* Who asked for stamps: all descriptors together (one queue), or each its own. */
#define QUEUES	    8
#define CHANNEL_OWN 7

static struct {
	pthread_mutex_t lock;
	bool running;
	unsigned int on; /* channels */
	int queues;
	struct {
		int read_fd, write_fd, fd; /* fd: whose it is */
		unsigned int mask;	   /* channels that it wants */
	} queue[QUEUES];
} pulses = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void wait_until(int64_t raw_ns)
{
	int64_t d = raw_ns - now(CLOCK_MONOTONIC_RAW);

	while (d > 0) {
		struct timespec t = {d / NS, d % NS};

		nanosleep(&t, NULL);
		d = raw_ns - now(CLOCK_MONOTONIC_RAW);
	}
}

/* Its readers see the end. */
static void drop_queues(void)
{
	pthread_mutex_lock(&pulses.lock);
	for (int i = 0; i < pulses.queues; i++) {
		(void)syscall(SYS_close, pulses.queue[i].read_fd);
		(void)syscall(SYS_close, pulses.queue[i].write_fd);
	}
	pulses.queues = 0;
	pulses.on = 0;
	pthread_mutex_unlock(&pulses.lock);
}

/* A full queue drops. */
static void put_event(unsigned int index, int64_t raw_ns)
{
	struct ptp_extts_event event;
	char control[256];

	read_control(control, sizeof(control));
	if (has_word(control, "gone"))
		drop_queues();
	if (has_word(control, "off"))
		return;
	memset(&event, 0, sizeof(event));
	event.t = pct(phc_at(raw_ns, control));
	if (has_word(control, "badstamp"))
		event.t.nsec = 2 * NS;
	event.index = index;
	pthread_mutex_lock(&pulses.lock);
	for (int i = 0; i < pulses.queues; i++)
		if (pulses.queue[i].mask >> index & 1)
			(void)send(pulses.queue[i].write_fd, &event, sizeof(event),
				MSG_NOSIGNAL | MSG_DONTWAIT);
	pthread_mutex_unlock(&pulses.lock);
}

static void put_all(int64_t raw_ns)
{
	for (unsigned int i = 0; i < CHANNEL_OWN; i++)
		if (pulses.on >> i & 1)
			put_event(i, raw_ns);
}

static void *run_pulses(void *arg)
{
	int64_t k = (now(CLOCK_MONOTONIC_RAW) - shim.raw0 + shim.real0) / NS * shim.extts_hz;

	(void)arg;
	for (;;) {
		int64_t edge = k / shim.extts_hz * NS + k % shim.extts_hz * NS / shim.extts_hz -
			       shim.real0 + shim.raw0;

		k++;
		if (edge < now(CLOCK_MONOTONIC_RAW))
			continue;
		wait_until(edge);
		put_all(edge);
		wait_until(edge + NS / 333);
		put_event(CHANNEL_OWN, edge + NS / 333);
		if (shim.extts_width) {
			wait_until(edge + shim.extts_width);
			put_all(edge + shim.extts_width);
		}
	}
	return NULL;
}

/* Its place among the queues, made if need be. */
static int queue_of(int fd)
{
	int pair[2], i;

	for (i = 0; i < pulses.queues; i++)
		if (!shim.own_queues || pulses.queue[i].fd == fd)
			return i;
	if (i == QUEUES || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	pulses.queue[i].read_fd = pair[0];
	pulses.queue[i].write_fd = pair[1];
	pulses.queue[i].fd = fd;
	pulses.queue[i].mask = UINT_MAX;
	pulses.queues++;
	return i;
}

static int start_extts(int fd, const struct ptp_extts_request *request)
{
	pthread_t thread;
	int i;

	if (!shim.extts_hz)
		return -EOPNOTSUPP;
	if (request->index >= CHANNEL_OWN)
		return -EINVAL;
	pthread_mutex_lock(&pulses.lock);
	if (request->flags & PTP_ENABLE_FEATURE) {
		i = queue_of(fd);
		dup3(pulses.queue[i].read_fd, fd, O_CLOEXEC);
		pulses.on |= 1u << request->index;
	} else {
		pulses.on &= ~(1u << request->index);
	}
	if (!pulses.running)
		pthread_create(&thread, NULL, run_pulses, NULL);
	pulses.running = true;
	pthread_mutex_unlock(&pulses.lock);
	return 0;
}

/* Linux 6.7 */
#define MASK_CLEAR_ALL _IO(PTP_CLK_MAGIC, 19)
#define MASK_EN_SINGLE _IOW(PTP_CLK_MAGIC, 20, unsigned int)

static int mask_extts(int fd, const unsigned int *channel)
{
	if (!shim.own_queues)
		return -ENOTTY;
	pthread_mutex_lock(&pulses.lock);
	if (channel)
		pulses.queue[queue_of(fd)].mask |= 1u << *channel;
	else
		pulses.queue[queue_of(fd)].mask = 0;
	pthread_mutex_unlock(&pulses.lock);
	return 0;
}

static int do_caps(struct ptp_clock_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	caps->max_adj = 100000;
	caps->cross_timestamping = shim.precise;
	return 0;
}

static int phc_ioctl(int fd, unsigned long request, void *arg)
{
	char control[256];
	int rc;

	read_control(control, sizeof(control));
	if (request == PTP_CLOCK_GETCAPS || request == PTP_CLOCK_GETCAPS2)
		return has_word(control, "gone") ? -ENODEV : do_caps(arg);
	if (request == PTP_PIN_SETFUNC)
		return ((struct ptp_pin_desc *)arg)->index < 4 ? 0 : -EINVAL;
	if (request == PTP_EXTTS_REQUEST)
		return start_extts(fd, arg);
	if (request == MASK_CLEAR_ALL || request == MASK_EN_SINGLE)
		return mask_extts(fd, request == MASK_EN_SINGLE ? arg : NULL);
	rc = injected(control);
	if (rc < 0)
		return rc;
	switch (request) {
	case PTP_SYS_OFFSET_PRECISE:
	case PTP_SYS_OFFSET_PRECISE2:
		return do_precise(arg, control);
	case PTP_SYS_OFFSET_EXTENDED:
	case PTP_SYS_OFFSET_EXTENDED2:
		return do_extended(arg, control);
	case PTP_SYS_OFFSET:
	case PTP_SYS_OFFSET2:
		return do_plain(arg, control);
	default:
		return -ENOTTY;
	}
}

static int answer(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

/* ---- paths ---- */

static bool is_fake(const char *path)
{
	size_t n = path ? strlen(path) : 0;

	init();
	for (const char *p = shim.paths; n && (p = strstr(p, path)) != NULL; p += n)
		if ((p == shim.paths || p[-1] == ':') && (!p[n] || p[n] == ':'))
			return true;
	return false;
}

static int open_fake(int flags)
{
	int fd;

	if (is_gone())
		return answer(-ENOENT);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC));
	if (fd >= FD_MAX)
		abort();
	if (fd >= 0)
		shim.is_ours[fd] = true;
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, unsigned int) : 0;
}

#define OPEN(name)                                                                                 \
	EXPORT int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		mode_t mode;                                                                       \
		va_list args;                                                                      \
		REAL(name, open_fn);                                                               \
		va_start(args, flags);                                                             \
		mode = mode_of(flags, args);                                                       \
		va_end(args);                                                                      \
		return is_fake(path) ? open_fake(flags) : real_##name(path, flags, mode);          \
	}
#define OPENAT(name)                                                                               \
	EXPORT int name(int dir, const char *path, int flags, ...)                                 \
	{                                                                                          \
		mode_t mode;                                                                       \
		va_list args;                                                                      \
		REAL(name, openat_fn);                                                             \
		va_start(args, flags);                                                             \
		mode = mode_of(flags, args);                                                       \
		va_end(args);                                                                      \
		return is_fake(path) ? open_fake(flags) : real_##name(dir, path, flags, mode);     \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What _FORTIFY_SOURCE makes of open() without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
EXPORT int __open_2(const char *path, int flags)
{
	return open(path, flags);
}
EXPORT int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

EXPORT int close(int fd)
{
	REAL(close, close_fn);
	if (fd >= 0 && fd < FD_MAX)
		shim.is_ours[fd] = false;
	return real_close(fd);
}

static int fake_mode(mode_t *mode)
{
	if (is_gone())
		return answer(-ENOENT);
	*mode = S_IFCHR | 0600;
	return 0;
}

#define STAT(name, type, fn)                                                                       \
	EXPORT int name(const char *restrict path, struct type *restrict st)                       \
	{                                                                                          \
		REAL(name, fn);                                                                    \
		if (!is_fake(path))                                                                \
			return real_##name(path, st);                                              \
		memset(st, 0, sizeof(*st));                                                        \
		return fake_mode(&st->st_mode);                                                    \
	}
STAT(stat, stat, stat_fn)
STAT(lstat, stat, stat_fn)
STAT(stat64, stat64, stat64_fn)
STAT(lstat64, stat64, stat64_fn)

EXPORT int access(const char *path, int mode)
{
	mode_t m;

	REAL(access, access_fn);
	return is_fake(path) ? fake_mode(&m) : real_access(path, mode);
}

EXPORT char *realpath(const char *restrict path, char *restrict out)
{
	REAL(realpath, realpath_fn);
	if (!is_fake(path))
		return real_realpath(path, out);
	if (is_gone()) {
		errno = ENOENT;
		return NULL;
	}
	return out ? strcpy(out, path) : strdup(path);
}

char *__realpath_chk(const char *path, char *out, size_t size);
EXPORT char *__realpath_chk(const char *path, char *out, size_t size)
{
	(void)size;
	return realpath(path, out);
}

/* ---- calls on the device ---- */

static bool is_our_interface(const struct ifreq *request)
{
	const struct ethtool_cmd *cmd = (const void *)request->ifr_data;

	return shim.iface && strncmp(request->ifr_name, shim.iface, IFNAMSIZ) == 0 &&
	       cmd->cmd == ETHTOOL_GET_TS_INFO;
}

static int fake_ts_info(const struct ifreq *request)
{
	struct ethtool_ts_info *info = (void *)request->ifr_data;

	info->phc_index = atoi(shim.paths + strcspn(shim.paths, "0123456789"));
	return 0;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	REAL(ioctl, ioctl_fn);
	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	init();
	if (fd >= 0 && fd < FD_MAX && shim.is_ours[fd])
		return answer(phc_ioctl(fd, request, arg));
	if (request == SIOCETHTOOL && is_our_interface(arg))
		return fake_ts_info(arg);
	return real_ioctl(fd, request, arg);
}

static int fd_of(clockid_t id)
{
	unsigned int fd = ~(unsigned int)(id >> 3);

	return id < 0 && (id & 7) == 3 && fd < FD_MAX && shim.is_ours[fd] ? (int)fd : -1;
}

EXPORT int clock_gettime(clockid_t id, struct timespec *ret)
{
	char control[256];
	int64_t ns;
	int rc;

	REAL(clock_gettime, gettime_fn);
	if (fd_of(id) < 0)
		return real_clock_gettime(id, ret);
	read_control(control, sizeof(control));
	rc = shim.gettime ? injected(control) : -EOPNOTSUPP;
	if (rc < 0)
		return answer(rc);
	ns = phc_at(now(CLOCK_MONOTONIC_RAW), control);
	ret->tv_sec = ns / NS;
	ret->tv_nsec = ns % NS;
	return 0;
}

/* ---- nobody sets a clock ---- */

static int refuse_steering(const char *what)
{
	static bool said;

	if (!said)
		fprintf(stderr, "ptpshim: %s refused: no clock is set under this double\n", what);
	said = true;
	return answer(-EPERM);
}

EXPORT int clock_adjtime(clockid_t id, struct timex *tx)
{
	REAL(clock_adjtime, clock_adjtime_fn);
	if (tx->modes)
		return refuse_steering("clock_adjtime");
	if (fd_of(id) < 0)
		return real_clock_adjtime(id, tx);
	memset(tx, 0, sizeof(*tx));
	return 0;
}

EXPORT int adjtimex(struct timex *tx)
{
	REAL(adjtimex, adjtimex_fn);
	return tx->modes ? refuse_steering("adjtimex") : real_adjtimex(tx);
}

EXPORT int ntp_adjtime(struct timex *tx)
{
	return adjtimex(tx);
}

EXPORT int clock_settime(clockid_t id, const struct timespec *t)
{
	(void)id;
	(void)t;
	return refuse_steering("clock_settime");
}

EXPORT int settimeofday(const struct timeval *t, const struct timezone *tz)
{
	(void)t;
	(void)tz;
	return refuse_steering("settimeofday");
}

EXPORT int adjtime(const struct timeval *delta, struct timeval *old)
{
	(void)delta;
	(void)old;
	return refuse_steering("adjtime");
}
