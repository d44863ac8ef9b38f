/* SPDX-License-Identifier: MIT */
/*
 * bank_grid.c - an estimator on the two-state clock, against what filters can reach that know the
 * wander and the noise. Not part of any check: a row is 0.3 to 30 s.
 *
 *   bank_grid ESTIMATOR W J_NS POLL_S SECONDS NOISE SEEDS [FIRST_SEED]
 *
 * Clock: x' = f, f += W N(0,1) each second. A poll sees y1 = x + b + d1 and y2 = -x + b + d2,
 * b = 1 ms; NOISE is the law of d: e exponential of mean J, u even from 0 to 2 J, g Gaussian about
 * 5 J, 2 the sum of two exponentials, b exponential and 20 minutes an hour another one ten times longer. One-way
 * (y = x + d): G Gaussian, L late by an exponential, O Gaussian with one in 500 ten times larger.
 * POLL_S may be a fraction. The error is looked at each second (each poll if shorter) after an
 * eighth of the time, before the poll that falls there. DUMP in the environment: the track's own
 * words at the end. EVENT: at half time the rate jumps (f1000: by 1000 ppb), the reference steps
 * (s1e6: by 1 ms), the path there (t), back (r) or both (b) get longer, all in ns, and the figures
 * are of the second half; outage (x): no samples for so many seconds, figures of its end only.
 * Columns:
 *
 *   rms    error of the estimator              sd/rms  its standard deviation over that
 *   /c     over the interval filter that knows W, J and b (e, b: exponential of mean J)
 *   /a     over the Kalman filter that knows W and the variance of d
 *   mean, max error; shares of seconds beyond 3, 5, 7 standard deviations; wander found
 * (1/sqrt(s)); us     CPU of a sample
 *
 * Build: make bank-grid; it is build/bin/bank_grid.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/core/prng.h"
#include "selectd/core/bank_hypothesis.h"
#include "selectd/core/track_private.h"

#define EPOCH_NS (INT64_C(1780000000) * NS_PER_S)
#define BASE_NS	 1e6

struct grid {
	struct prng g;
	double wander_ppb, jitter_ns, poll_s;
	char law;
	int64_t raw_ns;
	double x_ns, rate_ppb, second;
	struct track track;
	struct bank_hypothesis edge, kalman;
	double known_s; /* instant of those two */
	double cpu_s;
	long polls;
	char event;
	double amount, there_ns, back_ns, step_ns;
};

struct sums {
	double error2, sd2, edge2, kalman2, mean, max, wander;
	long beyond[3], n;
};

static double delay_ns(struct grid *m)
{
	double j = m->jitter_ns, d = prng_exponential(&m->g);

	switch (m->law) {
	case 'g':
		return 5 * j + j * prng_normal(&m->g);
	case 'u':
		return 2 * j * prng_uniform(&m->g);
	case '2':
		return j * (d + prng_exponential(&m->g));
	case 'b':
		d *= j;
		return d + (fmod(m->second, 3600) < 1200 ? 10 * j * prng_exponential(&m->g) : 0);
	case 'G':
		return j * prng_normal(&m->g);
	case 'O':
		return j * (prng_below(&m->g, 500) ? 1 : 10) * prng_normal(&m->g);
	default:
		return j * d;
	}
}

static bool one_way(const struct grid *m)
{
	return m->law >= 'A' && m->law <= 'Z';
}

static double law_var(const struct grid *m)
{
	return m->jitter_ns * m->jitter_ns * (m->law == '2' ? 2 : 1);
}

static void known_update(struct grid *m, double y1, double y2)
{
	struct bank_noise edge = {.mean_ns = m->jitter_ns, .var_ns2 = 1};
	struct bank_noise kalman = {.var_ns2 = law_var(m) / (one_way(m) ? 1 : 2)};
	struct bank_density unused = {0, 1};
	double dt = m->second - m->known_s, o = one_way(m) ? y1 : (y1 - y2) / 2;

	m->known_s = m->second;
	bank_hypothesis_predict(&m->edge, dt, m->wander_ppb, 0);
	bank_hypothesis_predict(&m->kalman, dt, m->wander_ppb, 0);
	bank_hypothesis_update(&m->edge, 1, 1, y1, &edge, &unused);
	if (!one_way(m))
		bank_hypothesis_update(&m->edge, -1, 1, y2, &edge, &unused);
	bank_hypothesis_update(&m->kalman, 1, 1, o, &kalman, &unused);
}

static double known_x(const struct grid *m, const struct bank_hypothesis *h)
{
	return h->x_ns + h->rate_ppb * (m->second - m->known_s);
}

static void poll(struct grid *m)
{
	double d1 = delay_ns(m), d2 = delay_ns(m);
	struct msg_sample s = {
		.kind = one_way(m) ? source_kind_shm : source_kind_ntp, .dispersion_ns = 100};
	clock_t start;

	if (one_way(m)) {
		s.raw_ns = m->raw_ns;
		s.utc_ns = EPOCH_NS + m->raw_ns + llround(m->x_ns + m->step_ns + d1);
		known_update(m, m->x_ns + d1, 0);
	} else {
		s.t1_raw_ns = m->raw_ns - llround(BASE_NS + m->there_ns + d1);
		s.t2_utc_ns = s.t3_utc_ns = EPOCH_NS + m->raw_ns + llround(m->x_ns + m->step_ns);
		s.t4_raw_ns = m->raw_ns + llround(BASE_NS + m->back_ns + d2);
		s.raw_ns = s.t1_raw_ns + (s.t4_raw_ns - s.t1_raw_ns) / 2;
		s.utc_ns = s.t2_utc_ns;
		s.delay_ns = s.t4_raw_ns - s.t1_raw_ns;
		known_update(m, m->x_ns + d1, -m->x_ns + d2);
	}
	start = clock();
	track_sample(&m->track, &s);
	m->cpu_s += (double)(clock() - start) / CLOCKS_PER_SEC;
	m->polls++;
}

static void look(struct grid *m, struct sums *s)
{
	static const int sigmas[3] = {3, 5, 7};
	struct track_state st;
	double e, k = known_x(m, &m->edge) - m->x_ns, a = known_x(m, &m->kalman) - m->x_ns;

	if (m->track.ops->at(m->track.storage.bytes, (struct ts_raw){m->raw_ns}, &st) < 0)
		abort();
	e = (double)(st.line.utc.ns - EPOCH_NS - m->raw_ns) - m->x_ns - m->step_ns;
	s->error2 += e * e;
	s->sd2 += st.offset_sd_ns * st.offset_sd_ns;
	s->edge2 += k * k;
	s->kalman2 += a * a;
	s->mean += e;
	s->max = fmax(s->max, fabs(e));
	s->wander += log10(fmax(st.wander_ppb, 1e-3) * 1e-9);
	for (int i = 0; i < 3; i++)
		s->beyond[i] += fabs(e) > sigmas[i] * st.offset_sd_ns;
	s->n++;
}

static void init(struct grid *m, uint64_t seed, enum track_kind kind)
{
	struct track_config config = {.kind = one_way(m) ? source_kind_shm : source_kind_ntp,
		.rate_sd_ppb = 1e5,
		.drift_ppb = 1000};
	struct bank_hypothesis h = {.rate_ppb = 20000, .pxx = 1e18, .prr = 1e10};

	prng_init(&m->g, seed);
	m->raw_ns = 1000 * NS_PER_S;
	m->rate_ppb = 20000;
	m->edge = m->kalman = h;
	track_init(&m->track, kind, &config);
}

static void happen(struct grid *m)
{
	m->rate_ppb += m->event == 'f' ? m->amount : 0;
	m->step_ns += m->event == 's' ? m->amount : 0;
	m->there_ns += m->event == 't' || m->event == 'b' ? m->amount : 0;
	m->back_ns += m->event == 'r' || m->event == 'b' ? m->amount : 0;
}

static void run(struct grid *m, double seconds, struct sums *s)
{
	double dt = fmin(m->poll_s, 1), next = 0, half = floor(seconds / 2);
	double from = m->event == 'x' ? half + m->amount - 64 : m->event ? half : seconds / 8;
	double to = m->event == 'x' ? half + m->amount : seconds;

	for (double t = 0; t < to; t += dt) {
		m->second = t;
		if (m->event && t >= half && t < half + dt)
			happen(m);
		if (t >= from)
			look(m, s);
		if (t >= next - 1e-6 && !(m->event == 'x' && t >= half)) {
			poll(m);
			next += m->poll_s;
		}
		m->raw_ns += llround(dt * 1e9);
		m->x_ns += m->rate_ppb * dt;
		m->rate_ppb += m->wander_ppb * sqrt(dt) * prng_normal(&m->g);
	}
}

static void print(const struct grid *m, const struct sums *s, const char *name, int seed)
{
	double n = (double)s->n, rms = sqrt(s->error2 / n);

	printf("%-10s w %.0e j %g poll %g %c seed %d: rms %.4g ns /c %.3f /a %.3f sd/rms %.2f "
	       "mean %.3g max %.3g beyond %.1e %.1e %.1e w %.1e us %.1f\n",
		name, 1e-9 * m->wander_ppb, m->jitter_ns, m->poll_s, m->law, seed, rms,
		sqrt(s->error2 / s->edge2), sqrt(s->error2 / s->kalman2), sqrt(s->sd2 / n) / rms,
		s->mean / n, s->max, (double)s->beyond[0] / n, (double)s->beyond[1] / n,
		(double)s->beyond[2] / n, pow(10, s->wander / n),
		1e6 * m->cpu_s / (double)m->polls);
}

static void dump(const struct grid *m)
{
	char text[1024];

	track_dump(&m->track, text, sizeof(text));
	puts(text);
}

static enum track_kind kind_of(const char *word)
{
	static const struct track_ops *const all[TRACK_KINDS] = {
		[TRACK_REGRESSION] = &track_regression,
		[TRACK_BANK] = &track_bank,
		[TRACK_CLASSIC] = &track_classic,
	};
	int kind = 0;

	while (kind < TRACK_KINDS && strcmp(all[kind]->word, word) != 0)
		kind++;
	return (enum track_kind)kind;
}

int main(int argc, char **argv)
{
	int seeds, first;
	enum track_kind kind;

	if (argc < 8) {
		fprintf(stderr,
			"usage: bank_grid ESTIMATOR W J_NS POLL_S SECONDS e|g|2|b|G|L|O SEEDS "
			"[FIRST_SEED]\n");
		return 2;
	}
	kind = kind_of(argv[1]);
	if (kind == TRACK_KINDS) {
		fprintf(stderr, "%s: estimators are %s\n", argv[1], TRACK_CHOICES);
		return 2;
	}
	seeds = atoi(argv[7]);
	first = argc > 8 ? atoi(argv[8]) : 1;
	for (int seed = first; seed < first + seeds; seed++) {
		struct grid *m = calloc(1, sizeof(*m));
		struct sums s = {.n = 0};

		if (!m)
			return 1;
		m->wander_ppb = 1e9 * atof(argv[2]);
		m->jitter_ns = atof(argv[3]);
		m->poll_s = atof(argv[4]);
		m->law = argv[6][0];
		init(m, (uint64_t)seed, kind);
		if (getenv("EVENT")) {
			m->event = getenv("EVENT")[0];
			m->amount = atof(getenv("EVENT") + 1);
		}
		run(m, atof(argv[5]), &s);
		print(m, &s, argv[1], seed);
		if (getenv("DUMP"))
			dump(m);
		free(m);
	}
	return 0;
}
