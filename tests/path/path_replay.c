/* SPDX-License-Identifier: MIT */
/*
 * path_replay FILE [SETTLE_S [DUMP]] - what became of the samples of a recording (path_record.h):
 *
 *   delays   there and back against the truth: median, spread, how far they hang together
 *   samples  error of a sample's offset
 *   replay   the recorded samples through selectd's core again: estimates that differ from those
 *            which the daemon published
 *   estimate error of the estimate in force, at each look
 *   clock    error of the page, and of it what the discipline adds to the estimate's
 *   latency  from the packet's arrival to the clock message
 *
 * All in ns, as mean and standard deviation from SETTLE_S (120) on. DUMP gets a line an item.
 *
 * Truth: against CLOCK_REALTIME a look is as good as its bracket. The bend is undone exactly; what
 * is left of real minus raw is a line but for the kernel's rounding, so the looks of some seconds
 * are averaged. A PTP clock's cross timestamps are exact and taken as they are.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/io/log.h"
#include "common/io/oscillator_parse.h"
#include "selectd/core/selectd_core.h"
#include "selectd/selectd.h"
#include "common/io/cfgload.h"
#include "tests/path/path_record.h"

#define BLOCK_NS (4 * NS_PER_S)

/* ---- numbers ---- */

struct series {
	double *v;
	int count, room;
};

static void push(struct series *s, double v)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 1024;
		s->v = realloc(s->v, (size_t)s->room * sizeof(*s->v));
		if (!s->v)
			log_fatalx("out of memory");
	}
	s->v[s->count++] = v;
}

static double mean_of(const struct series *s)
{
	double sum = 0;

	for (int i = 0; i < s->count; i++)
		sum += s->v[i];
	return s->count ? sum / s->count : 0;
}

static double sd_of(const struct series *s)
{
	double m = mean_of(s), sum = 0;

	for (int i = 0; i < s->count; i++)
		sum += (s->v[i] - m) * (s->v[i] - m);
	return s->count ? sqrt(sum / s->count) : 0;
}

/* Autocorrelation. */
static double hang(const struct series *s, int lag)
{
	double m = mean_of(s), sd = sd_of(s), sum = 0;

	for (int i = lag; i < s->count; i++)
		sum += (s->v[i] - m) * (s->v[i - lag] - m);
	return s->count > lag && sd > 0 ? sum / (s->count - lag) / (sd * sd) : 0;
}

/* Standard deviation of the means of n in a row; of independent ones it is sd / sqrt(n). */
static double sd_of_means(const struct series *s, int n)
{
	struct series means = {0};
	double sd;

	for (int i = 0; i + n <= s->count; i += n) {
		struct series part = {s->v + i, n, n};

		push(&means, mean_of(&part));
	}
	sd = sd_of(&means);
	free(means.v);
	return sd;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Quantile. The smallest of n in a row, and how that spreads: where the law has a hard edge it
 * hardly does. */
static double quantile(const struct series *s, double q)
{
	struct series c = {0};
	double v;

	for (int i = 0; i < s->count; i++)
		push(&c, s->v[i]);
	if (!c.count)
		return 0;
	qsort(c.v, (size_t)c.count, sizeof(*c.v), by_value);
	v = c.v[(int)(q * (c.count - 1))];
	free(c.v);
	return v;
}

static double sd_of_least(const struct series *s, int n)
{
	struct series least = {0};
	double sd;

	for (int i = 0; i + n <= s->count; i += n) {
		double low = s->v[i];

		for (int k = 1; k < n; k++)
			low = fmin(low, s->v[i + k]);
		push(&least, low);
	}
	sd = sd_of(&least);
	free(least.v);
	return sd;
}

static void print_law(const char *name, const struct series *s)
{
	printf("%-9s n %d mean %.0f sd %.0f; 1%% %.0f, half %.0f, 99%% %.0f; hang 1: %.2f, 16: "
	       "%.2f, "
	       "160: %.2f; sd of means of 16: %.0f (alone %.0f), of 160: %.0f (%.0f); of the least "
	       "of "
	       "16: %.0f, of 160: %.0f\n",
		name, s->count, mean_of(s), sd_of(s), quantile(s, 0.01), quantile(s, 0.5),
		quantile(s, 0.99), hang(s, 1), hang(s, 16), hang(s, 160), sd_of_means(s, 16),
		sd_of(s) / 4, sd_of_means(s, 160), sd_of(s) / sqrt(160), sd_of_least(s, 16),
		sd_of_least(s, 160));
}

static void print_short(const char *name, const struct series *s)
{
	printf("%-22s n %d mean %.1f sd %.1f, 1%% %.0f, 99%% %.0f\n", name, s->count, mean_of(s),
		sd_of(s), quantile(s, 0.01), quantile(s, 0.99));
}

/* ---- the recording ---- */

struct recording {
	struct path_head head;
	struct path_entry *entry;
	int count;
};

static void load(struct recording *r, const char *path)
{
	FILE *file = fopen(path, "r");
	int room = 0;

	if (!file || fread(&r->head, sizeof(r->head), 1, file) != 1)
		log_fatal("%s", path);
	if (r->head.entry_size != sizeof(struct path_entry))
		log_fatalx("%s was written by another build", path);
	for (;;) {
		if (r->count == room) {
			room = room ? 2 * room : 4096;
			r->entry = realloc(r->entry, (size_t)room * sizeof(*r->entry));
			if (!r->entry)
				log_fatalx("out of memory");
		}
		if (fread(&r->entry[r->count], sizeof(*r->entry), 1, file) != 1)
			break;
		r->count++;
	}
	fclose(file);
}

/* ---- truth ---- */

struct truth {
	struct oscillator bend;
	bool bent;
	int64_t *at_ns;
	double *apart_ns; /* true minus kernel raw, from the first on */
	int64_t base_ns;
	int count;
};

/* The bend moves an instant slowly, so that a few turns find whence it came. */
static int64_t unbent(struct truth *t, int64_t raw_ns)
{
	int64_t k = raw_ns;

	for (int i = 0; t->bent && i < 8; i++)
		k += raw_ns - oscillator_at(&t->bend, k);
	return k;
}

static int64_t truth_at(struct truth *t, int64_t raw_ns)
{
	int64_t k = unbent(t, raw_ns);
	int low = 0, high = t->count - 1;
	double share;

	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (t->at_ns[middle] <= k)
			low = middle;
		else
			high = middle;
	}
	share = (double)(k - t->at_ns[low]) / (double)(t->at_ns[high] - t->at_ns[low]);
	return k + t->base_ns +
	       llround(t->apart_ns[low] + share * (t->apart_ns[high] - t->apart_ns[low]));
}

static void truth_point(struct truth *t, double at_ns, double apart_ns)
{
	t->at_ns = realloc(t->at_ns, (size_t)(t->count + 1) * sizeof(*t->at_ns));
	t->apart_ns = realloc(t->apart_ns, (size_t)(t->count + 1) * sizeof(*t->apart_ns));
	if (!t->at_ns || !t->apart_ns)
		log_fatalx("out of memory");
	t->at_ns[t->count] = llround(at_ns);
	t->apart_ns[t->count++] = apart_ns;
}

static bool is_exact(const struct recording *r)
{
	for (int i = 0; i < r->count; i++)
		if (r->entry[i].what == PATH_LOOK)
			return r->entry[i].u.look.true_ns != r->entry[i].u.look.real_ns;
	return false;
}

static double narrow_enough(const struct recording *r)
{
	struct series width = {0};
	double q;

	for (int i = 0; i < r->count; i++)
		if (r->entry[i].what == PATH_LOOK)
			push(&width, (double)r->entry[i].u.look.width_ns);
	q = quantile(&width, 0.5);
	free(width.v);
	return q;
}

static void find_truth(struct truth *t, const struct recording *r)
{
	double width = narrow_enough(r), sum_at = 0, sum_apart = 0, n = 0;
	bool exact = is_exact(r);
	int64_t start = 0;
	char error[200];

	t->bent = r->head.bend[0] != '\0';
	if (t->bent && oscillator_parse(&t->bend, r->head.bend, error, sizeof(error)) < 0)
		log_fatalx("%s", error);
	for (int i = 0; i < r->count; i++) {
		const struct path_look *l = &r->entry[i].u.look;
		int64_t k;

		if (r->entry[i].what != PATH_LOOK || (!exact && (double)l->width_ns > width))
			continue;
		k = unbent(t, l->raw_ns);
		if (t->base_ns == 0)
			t->base_ns = l->true_ns - k;
		if (n > 0 && (exact || k - start > BLOCK_NS)) {
			truth_point(t, (double)start + sum_at / n, sum_apart / n);
			n = sum_at = sum_apart = 0;
		}
		if (n == 0)
			start = k;
		sum_at += (double)(k - start);
		sum_apart += (double)(l->true_ns - k - t->base_ns);
		n++;
	}
	if (t->count < 2)
		log_fatalx("too short a recording");
}

/* ---- the parts ---- */

struct replay {
	struct recording r;
	struct truth truth;
	int64_t from_ns; /* raw: settled */
	FILE *dump;
	struct selectd core;
	struct msg_estimate *again;
	int agains;
};

static void look_at_samples(struct replay *p)
{
	struct series there = {0}, back = {0}, error = {0};

	for (int i = 0; i < p->r.count; i++) {
		const struct path_entry *e = &p->r.entry[i];
		const struct msg_sample *s = &e->u.message.u.sample;
		double t, b;

		if (e->what != PATH_MESSAGE || e->u.message.kind != MSG_sample ||
			s->reject != reject_ok || s->t1_raw_ns == 0 || s->raw_ns < p->from_ns)
			continue;
		t = (double)(s->t2_utc_ns - truth_at(&p->truth, s->t1_raw_ns));
		b = (double)(truth_at(&p->truth, s->t4_raw_ns) - s->t3_utc_ns);
		push(&there, t);
		push(&back, b);
		push(&error, (t - b) / 2);
		if (p->dump)
			fprintf(p->dump, "sample %lld %.0f %.0f %lld %d\n", (long long)s->raw_ns, t,
				b, (long long)(s->t3_utc_ns - s->t2_utc_ns), s->interleaved);
	}
	print_law("there", &there);
	print_law("back", &back);
	print_law("offset", &error);
}

static void take_out(struct replay *p)
{
	struct selectd_out out;

	while (selectd_next_out(&p->core, &out)) {
		if (out.m.kind != MSG_estimate)
			continue;
		p->again = realloc(p->again, (size_t)(p->agains + 1) * sizeof(*p->again));
		if (!p->again)
			log_fatalx("out of memory");
		p->again[p->agains++] = out.m.u.estimate;
	}
}

static void run_selectd(struct replay *p)
{
	static struct selectd_config config;
	struct cfg_report report = {0};

	if (cfg_load(selectd_stage.directives, &config, NULL, NULL, &report) < 0)
		log_fatalx("no defaults");
	selectd_init(&p->core, &config);
	for (int i = 0; i < p->r.count; i++) {
		const struct path_entry *e = &p->r.entry[i];
		struct ts_raw now = {e->seen_raw_ns};

		if (e->what != PATH_MESSAGE ||
			(strcmp(e->u.message.env.sender, "ntpexchd") != 0 &&
				strcmp(e->u.message.env.sender, "refclockd") != 0))
			continue;
		if (!ts_raw_before(now, selectd_deadline(&p->core)))
			selectd_on_deadline(&p->core, now);
		take_out(p);
		selectd_on_message(&p->core, &e->u.message, now);
		take_out(p);
	}
}

static bool same(const struct msg_estimate *a, const struct msg_estimate *b)
{
	return a->utc_ns == b->utc_ns && a->rate_ppb == b->rate_ppb && a->bound_ns == b->bound_ns &&
	       a->offset_sd_ns == b->offset_sd_ns && a->rate_sd_ppb == b->rate_sd_ppb;
}

static void compare(struct replay *p)
{
	int k = 0, equal = 0, other = 0, missing = 0;
	double worst = 0;

	for (int i = 0; i < p->r.count; i++) {
		const struct path_entry *e = &p->r.entry[i];
		const struct msg_estimate *est = &e->u.message.u.estimate;

		if (e->what != PATH_MESSAGE || e->u.message.kind != MSG_estimate ||
			est->raw_ns < p->from_ns)
			continue;
		while (k < p->agains && p->again[k].raw_ns < est->raw_ns)
			k++;
		if (k == p->agains || p->again[k].raw_ns != est->raw_ns) {
			missing++;
		} else if (same(est, &p->again[k])) {
			equal++;
		} else {
			other++;
			worst = fmax(worst, fabs((double)(est->utc_ns - p->again[k].utc_ns)));
		}
	}
	printf("replay    %d estimates the same, %d others (by up to %.0f ns), %d not made again\n",
		equal, other, worst, missing);
}

struct state {
	struct ts_line line;
	double sd_ns;
	struct msg_clock clock;
	bool has_line, has_clock;
	int64_t packet_ns; /* newest receive stamp */
};

struct errors {
	struct series estimate, clock, added, latency, told, bound;
};

static void look(
	struct replay *p, const struct path_look *l, const struct state *s, struct errors *to)
{
	int64_t truth = truth_at(&p->truth, l->raw_ns);
	double estimate = (double)(ts_line_at(&s->line, (struct ts_raw){l->raw_ns}).ns - truth);
	double clock = (double)(l->real_ns - truth);

	if (!is_exact(&p->r))
		clock = 0;
	if (l->has_line)
		clock = (double)(shadow_line_utc(&l->line, (struct ts_raw){l->raw_ns}).ns - truth);
	push(&to->estimate, estimate);
	push(&to->clock, clock);
	push(&to->added, clock - estimate);
	push(&to->told, s->sd_ns);
	push(&to->bound,
		l->has_line ? (double)shadow_line_bound_ns(&l->line, (struct ts_raw){l->raw_ns})
			    : 0);
	if (p->dump)
		fprintf(p->dump, "look %lld %.0f %.0f %.1f\n", (long long)l->raw_ns, estimate,
			clock, s->sd_ns);
}

static void look_at_clock(struct replay *p)
{
	static struct errors to;
	struct state s = {0};

	for (int i = 0; i < p->r.count; i++) {
		const struct path_entry *e = &p->r.entry[i];
		const struct msg *m = &e->u.message;

		if (e->what == PATH_LOOK) {
			if (s.has_line && e->u.look.raw_ns >= p->from_ns)
				look(p, &e->u.look, &s, &to);
		} else if (m->kind == MSG_sample && m->u.sample.reject == reject_ok) {
			s.packet_ns = m->u.sample.t4_raw_ns;
		} else if (m->kind == MSG_estimate) {
			s.line = (struct ts_line){{m->u.estimate.raw_ns}, {m->u.estimate.utc_ns},
				m->u.estimate.rate_ppb};
			s.sd_ns = m->u.estimate.offset_sd_ns;
			s.has_line = true;
		} else if (m->kind == MSG_clock && s.packet_ns > 0) {
			if (m->env.sent_raw_ns >= p->from_ns)
				push(&to.latency, (double)(m->env.sent_raw_ns - s.packet_ns));
			s.packet_ns = 0;
		}
	}
	print_short("estimate's error", &to.estimate);
	print_short("told deviation", &to.told);
	print_short("clock's error", &to.clock);
	print_short("clock minus estimate", &to.added);
	print_short("clock's bound", &to.bound);
	print_short("packet to clock", &to.latency);
}

int main(int argc, char **argv)
{
	static struct replay p;
	double settle_s = argc > 2 ? atof(argv[2]) : 120;

	log_open("path_replay", LOG_LEVEL_WARN);
	if (argc < 2)
		log_fatalx("usage: path_replay FILE [SETTLE_S [DUMP]]");
	load(&p.r, argv[1]);
	find_truth(&p.truth, &p.r);
	p.from_ns = p.r.count ? p.r.entry[0].seen_raw_ns + ts_dur_from_s(settle_s).ns : 0;
	if (argc > 3)
		p.dump = fopen(argv[3], "w");
	look_at_samples(&p);
	run_selectd(&p);
	compare(&p);
	look_at_clock(&p);
	return 0;
}
