/* SPDX-License-Identifier: MIT */
/*
 * path_replay [-s SETTLE_S] [-w WANDER] [-t TOLD] [-d DUMP] FILE - what became of the samples of a
 * recording (path_record.h). In words, from SETTLE_S (120) on, ns:
 *
 *   delays   there and back against the truth: median, spread, how far they hang together. With
 *            TOLD, what path_server printed: what the real path added to what was drawn
 *   offset   error of a sample's offset
 *   kalman   error of a filter of two states that knows WANDER (1e-9) and takes the samples' errors
 *            for white, of the deviation that they have
 *   estimate error of the published estimates at their own instants, of those that this build's
 *            core makes of the same samples, and of those in force
 *   clock    error of the page, and what it adds to the estimate in force
 *   times    from a sample to the clock message
 *
 * then as "name value" lines, for a test: of the estimates those that come out the same to the
 * digit when the recorded samples go through selectd's core again, and others; errors as above. The
 * asymmetry of the real path is taken out of *_rms_ns where it is known; added_sd_ns is what it
 * adds to a delay, drift_sd_ns to the offsets of ten seconds together.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/io/log.h"
#include "selectd/core/selectd_core.h"
#include "selectd/selectd.h"
#include "common/io/cfgload.h"
#include "tests/path/path_truth.h"

#define SAMPLES_TEN_S 160 /* at the poll of -4 that these recordings are of */

static void print_law(const char *name, const struct series *s)
{
	printf("%-9s n %d mean %.0f sd %.0f; 1%% %.0f, half %.0f, 99%% %.0f; "
	       "hang 1: %.2f, 16: %.2f, 160: %.2f; "
	       "sd of means of 16: %.0f (alone %.0f), of 160: %.0f (%.0f); "
	       "of the least of 16: %.0f, of 160: %.0f\n",
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

struct replay {
	struct recording r;
	struct truth truth;
	int64_t from_ns; /* raw: settled */
	FILE *dump, *told;
	/* what the real path does to offsets, mean and deviation of ten seconds' means; and to a
	 * delay of one direction */
	double asymmetry_ns, drift_sd_ns, added_sd_ns;
	double wander;
	struct selectd core;
	struct msg_estimate *again;
	int agains, same, others, missing, broken;
};

static const struct msg_sample *sample_in(const struct path_entry *e)
{
	const struct msg_sample *s = &e->u.message.u.sample;

	if (e->what != PATH_MESSAGE || e->u.message.kind != MSG_sample || s->reject != reject_ok ||
		s->t1_raw_ns == 0)
		return NULL;
	return s;
}

/* ---- delays ---- */

struct drawn {
	int64_t received_ns;
	double there_ns, back_ns, error_ns;
};

/* What the server drew for the exchange with that receive stamp; it lost no sample's. */
static bool drawn_for(struct replay *p, int64_t t2_ns, struct drawn *d)
{
	long long received;

	while (p->told && llabs(d->received_ns - t2_ns) > 2) {
		if (fscanf(p->told, " told %lld %lf %lf %lf", &received, &d->there_ns, &d->back_ns,
			    &d->error_ns) != 4)
			return false;
		d->received_ns = received;
	}
	return p->told != NULL;
}

static void look_at_delays(struct replay *p)
{
	struct series there = {0}, back = {0}, error = {0}, added_there = {0}, added_back = {0},
		      shift = {0};
	struct drawn d = {0};

	for (int i = 0; i < p->r.count; i++) {
		const struct msg_sample *s = sample_in(&p->r.entry[i]);
		double t, b;

		if (!s || s->raw_ns < p->from_ns)
			continue;
		t = (double)(s->t2_utc_ns - truth_at(&p->truth, s->t1_raw_ns));
		b = (double)(truth_at(&p->truth, s->t4_raw_ns) - s->t3_utc_ns);
		push(&there, t);
		push(&back, b);
		push(&error, (t - b) / 2);
		if (p->dump)
			fprintf(p->dump, "sample %lld %.0f %.0f %lld %d\n", (long long)s->raw_ns, t,
				b, (long long)(s->t3_utc_ns - s->t2_utc_ns), s->interleaved);
		if (!drawn_for(p, s->t2_utc_ns, &d))
			continue;
		push(&added_there, t - d.there_ns);
		push(&added_back, b - d.back_ns + d.error_ns);
		push(&shift, (t - d.there_ns - b + d.back_ns - d.error_ns) / 2);
	}
	print_law("there", &there);
	print_law("back", &back);
	print_law("offset", &error);
	if (!added_there.count)
		return;
	print_law("added there", &added_there);
	print_law("added back", &added_back);
	print_law("shift", &shift);
	p->asymmetry_ns = mean_of(&shift);
	p->drift_sd_ns = sd_of_means(&shift, SAMPLES_TEN_S);
	p->added_sd_ns = hypot(sd_of(&added_there), sd_of(&added_back)) / sqrt(2);
}

/* ---- what samples are worth ---- */

/* Phase and rate, with their covariance; ns, ns/s. */
struct kalman {
	double x, y, xx, xy, yy;
};

static void kalman_step(struct kalman *k, double dt, double q, double offset, double noise2)
{
	double gain_x, gain_y, news;

	k->x += k->y * dt;
	news = offset - k->x;
	k->xx += 2 * dt * k->xy + dt * dt * k->yy + q * dt * dt * dt / 3;
	k->xy += dt * k->yy + q * dt * dt / 2;
	k->yy += q * dt;
	gain_x = k->xx / (k->xx + noise2);
	gain_y = k->xy / (k->xx + noise2);
	k->x += gain_x * news;
	k->y += gain_y * news;
	k->yy -= gain_y * k->xy;
	k->xy *= 1 - gain_x;
	k->xx *= 1 - gain_x;
}

static double scatter(struct replay *p)
{
	struct series error = {0};

	for (int i = 0; i < p->r.count; i++) {
		const struct msg_sample *s = sample_in(&p->r.entry[i]);

		if (s && s->raw_ns >= p->from_ns)
			push(&error, (double)(s->utc_ns - truth_at(&p->truth, s->raw_ns)));
	}
	return sd_of(&error);
}

static void run_kalman(struct replay *p, struct series *errors)
{
	struct kalman k = {.xx = 1e18, .yy = 1e12};
	double noise = scatter(p), q = p->wander * 1e9 * p->wander * 1e9;
	const struct msg_sample *first = NULL, *before = NULL;

	for (int i = 0; i < p->r.count; i++) {
		const struct msg_sample *s = sample_in(&p->r.entry[i]);
		int64_t base;

		if (!s || (before && s->raw_ns <= before->raw_ns))
			continue;
		first = first ? first : s;
		base = first->utc_ns - first->raw_ns;
		kalman_step(&k, before ? (double)(s->raw_ns - before->raw_ns) * 1e-9 : 0, q,
			(double)(s->utc_ns - s->raw_ns - base), noise * noise);
		before = s;
		if (s->raw_ns >= p->from_ns)
			push(errors,
				k.x + (double)(base + s->raw_ns - truth_at(&p->truth, s->raw_ns)));
	}
}

/* ---- selectd again ---- */

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

static void judge_again(struct replay *p, struct series *errors)
{
	for (int i = 0; i < p->agains; i++) {
		const struct msg_estimate *est = &p->again[i];

		if (est->raw_ns < p->from_ns)
			continue;
		push(errors, (double)(est->utc_ns - truth_at(&p->truth, est->raw_ns)));
		if (p->dump)
			fprintf(p->dump, "again %lld %.0f %.1f %.3f\n", (long long)est->raw_ns,
				errors->v[errors->count - 1], est->offset_sd_ns, est->wander_ppb);
	}
}

static void compare(struct replay *p, struct series *errors)
{
	int k = 0;

	for (int i = 0; i < p->r.count; i++) {
		const struct path_entry *e = &p->r.entry[i];
		const struct msg_estimate *est = &e->u.message.u.estimate;

		if (e->what != PATH_MESSAGE || e->u.message.kind != MSG_estimate ||
			est->raw_ns < p->from_ns)
			continue;
		push(errors, (double)(est->utc_ns - truth_at(&p->truth, est->raw_ns)));
		if (p->dump)
			fprintf(p->dump, "estimate %lld %.0f %.1f %.3f\n", (long long)est->raw_ns,
				errors->v[errors->count - 1], est->offset_sd_ns, est->wander_ppb);
		while (k < p->agains && p->again[k].raw_ns < est->raw_ns)
			k++;
		if (k == p->agains || p->again[k].raw_ns != est->raw_ns)
			p->missing++;
		else if (same(est, &p->again[k]))
			p->same++;
		else
			p->others++;
	}
}

/* ---- the clock ---- */

struct state {
	struct ts_line line;
	double sd_ns;
	struct msg_clock clock;
	bool has_line, has_clock;
	int64_t sample_ns; /* when the newest one was published */
};

struct errors {
	struct series at_samples, replayed, kalman, estimate, clock, added, latency, told, bound;
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

static void follow(struct replay *p, struct errors *to)
{
	struct state s = {0};

	for (int i = 0; i < p->r.count; i++) {
		const struct path_entry *e = &p->r.entry[i];
		const struct msg *m = &e->u.message;

		if (e->what == PATH_LOOK) {
			if (s.has_line && e->u.look.raw_ns >= p->from_ns)
				look(p, &e->u.look, &s, to);
		} else if (sample_in(e)) {
			s.sample_ns = m->env.sent_raw_ns;
		} else if (m->kind == MSG_estimate) {
			s.line = (struct ts_line){{m->u.estimate.raw_ns}, {m->u.estimate.utc_ns},
				m->u.estimate.rate_ppb};
			s.sd_ns = m->u.estimate.offset_sd_ns;
			s.has_line = true;
		} else if (m->kind == MSG_clock && s.sample_ns > 0) {
			if (m->env.sent_raw_ns >= p->from_ns)
				push(&to->latency, (double)(m->env.sent_raw_ns - s.sample_ns));
			s.sample_ns = 0;
		}
	}
}

static void report(struct replay *p, const struct errors *e)
{
	print_short("kalman's error", &e->kalman);
	print_short("estimate's error", &e->at_samples);
	print_short("replayed one's", &e->replayed);
	print_short("estimate in force", &e->estimate);
	print_short("told deviation", &e->told);
	print_short("clock's error", &e->clock);
	print_short("clock minus estimate", &e->added);
	print_short("clock's bound", &e->bound);
	print_short("sample to clock", &e->latency);
	printf("estimates_same %d\nestimates_other %d\n", p->same, p->others + p->missing);
	printf("added_sd_ns %.1f\ndrift_sd_ns %.1f\n", p->added_sd_ns, p->drift_sd_ns);
	printf("asymmetry_ns %.1f\nkalman_sd_ns %.1f\nkalman_rms_ns %.1f\n", p->asymmetry_ns,
		sd_of(&e->kalman), rms_of(&e->kalman, p->asymmetry_ns));
	printf("estimate_sd_ns %.1f\nestimate_rms_ns %.1f\ntold_sd_ns %.1f\n",
		sd_of(&e->at_samples), rms_of(&e->at_samples, p->asymmetry_ns),
		quantile(&e->told, 0.5));
	printf("clock_mean_ns %.1f\nclock_sd_ns %.1f\nclock_rms_ns %.1f\nlooks %d\nbroken %d\n",
		mean_of(&e->clock), sd_of(&e->clock), rms_of(&e->clock, p->asymmetry_ns),
		e->clock.count, p->broken);
}

int main(int argc, char **argv)
{
	static struct replay p = {.wander = 1e-9};
	static struct errors e;
	double settle_s = 120;
	int option;

	log_open("path_replay", LOG_LEVEL_WARN);
	while ((option = getopt(argc, argv, "s:w:t:d:")) != -1) {
		if (option == 's')
			settle_s = atof(optarg);
		else if (option == 'w')
			p.wander = atof(optarg);
		else if (option == 't')
			p.told = fopen(optarg, "r");
		else if (option == 'd')
			p.dump = fopen(optarg, "w");
	}
	if (optind >= argc)
		log_fatalx("usage: path_replay [-s S] [-w WANDER] [-t TOLD] [-d DUMP] FILE");
	load(&p.r, argv[optind]);
	find_truth(&p.truth, &p.r);
	p.from_ns = p.r.count ? p.r.entry[0].seen_raw_ns + ts_dur_from_s(settle_s).ns : 0;
	look_at_delays(&p);
	run_kalman(&p, &e.kalman);
	run_selectd(&p);
	judge_again(&p, &e.replayed);
	compare(&p, &e.at_samples);
	follow(&p, &e);
	report(&p, &e);
	return 0;
}
