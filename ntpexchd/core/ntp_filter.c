/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_filter.h"

#include <math.h>
#include <string.h>
#include "common/core/stats.h"

/* Three standard deviations; the MAD of five is a quarter too small in the mean (Croux and
 * Rousseeuw 1992, table 1: 1.36 for 4, 1.21 for 5, 1.13 for 8). */
#define CLIP_SD	   4.0
#define RATE_SD	   4.0	/* of a rate that is told with its deviation */
#define ERR_NS_MAX 64e9 /* of the schema */
#define CLEARLY	   0.5	/* of the other's square */

/* The exchanges by one line, in ns. */
struct view {
	int n;
	double out[NTP_FILTER_MAX], back[NTP_FILTER_MAX];
	double at_s[NTP_FILTER_MAX]; /* from the newest */
};

/* Both ways of one result, and the instant it is for. */
struct pair {
	double out_ns, back_ns, at_s;
	double slack_ns; /* by which the line may have changed its distance between the two */
};

void ntp_filter_init(struct ntp_filter *f, int length)
{
	memset(f, 0, sizeof *f);
	f->length = length;
}

void ntp_filter_polled(struct ntp_filter *f)
{
	f->polls++;
}

bool ntp_filter_knows(const struct ntp_filter *f)
{
	return f->judged >= NTP_FILTER_KNOWN;
}

void ntp_filter_clear(struct ntp_filter *f)
{
	f->count = f->next = f->polls = 0;
}

/* Of the newest of so many, and NTP_FILTER_MEMORY at most. */
static double memory_weight(int before)
{
	return 1.0 / (before < NTP_FILTER_MEMORY ? before + 1 : NTP_FILTER_MEMORY);
}

static const struct ntp_filter_point *newest(const struct ntp_filter *f)
{
	return &f->point[(f->next + NTP_FILTER_MAX - 1) % NTP_FILTER_MAX];
}

static void keep(struct ntp_filter *f, const struct msg_sample *m)
{
	if (m->mono != f->mono || (m->mono && (uint32_t)m->mono_epoch != f->mono_epoch)) {
		f->count = 0;
		f->has_last = false;
	}
	f->mono = m->mono;
	f->mono_epoch = m->mono ? (uint32_t)m->mono_epoch : 0;
	f->point[f->next] = (struct ntp_filter_point){.t1 = {m->t1_raw_ns},
		.t4 = {m->t4_raw_ns},
		.t2 = {m->t2_utc_ns},
		.t3 = {m->t3_utc_ns},
		.shift_ns = m->mono ? m->mono_shift_ns : 0,
		.dispersion_ns = m->dispersion_ns};
	f->next = (f->next + 1) % NTP_FILTER_MAX;
	if (f->count < NTP_FILTER_MAX)
		f->count++;
}

static struct ts_raw middle(const struct ntp_filter_point *p)
{
	return ts_raw_add(p->t1, (struct ts_dur){ts_raw_sub(p->t4, p->t1).ns / 2});
}

static void look(const struct ntp_filter *f, const struct ts_line *line, struct view *v)
{
	const struct ntp_filter_point *last = newest(f);

	v->n = f->count;
	for (int i = 0; i < v->n; i++) {
		const struct ntp_filter_point *p =
			&f->point[(f->next + NTP_FILTER_MAX - v->n + i) % NTP_FILTER_MAX];
		double shift = (double)ts_sat_sub(p->shift_ns, last->shift_ns);

		v->out[i] = (double)ts_utc_sub(p->t2, ts_line_at(line, p->t1)).ns + shift;
		v->back[i] = (double)ts_utc_sub(ts_line_at(line, p->t4), p->t3).ns - shift;
		v->at_s[i] = ts_dur_to_s(ts_raw_sub(middle(p), middle(last)));
	}
}

/* The MAD of a few values is too uncertain to throw any of them out: the mean of many bundles'. */
static double scale_ns(struct ntp_filter *f, double mad_ns)
{
	double w = memory_weight(f->scaled);

	f->scaled += f->scaled < NTP_FILTER_MEMORY;
	f->mad_ns += w * (mad_ns - f->mad_ns);
	return fmax(f->mad_ns, mad_ns);
}

static struct pair mean_of(struct ntp_filter *f, const struct view *v)
{
	double offset[NTP_FILTER_MAX], scratch[NTP_FILTER_MAX], median, limit;
	struct pair r = {0};
	int n = 0;

	for (int i = 0; i < v->n; i++)
		offset[i] = (v->out[i] - v->back[i]) / 2;
	median = stats_median(offset, v->n, scratch);
	limit = CLIP_SD * STATS_MAD_TO_SD * scale_ns(f, stats_mad(offset, v->n, median, scratch));
	for (int i = 0; i < v->n; i++) {
		if (fabs(offset[i] - median) > limit + 1)
			continue;
		n++;
		r.out_ns += v->out[i];
		r.back_ns += v->back[i];
		r.at_s += v->at_s[i];
	}
	return (struct pair){r.out_ns / n, r.back_ns / n, r.at_s / n, 0};
}

static struct pair least_of(const struct view *v, double rate_ppb)
{
	int out = 0, back = 0;

	for (int i = 1; i < v->n; i++) {
		if (v->out[i] < v->out[out])
			out = i;
		if (v->back[i] < v->back[back])
			back = i;
	}
	return (struct pair){v->out[out], v->back[back], (v->at_s[out] + v->at_s[back]) / 2,
		fabs(v->at_s[out] - v->at_s[back]) * rate_ppb};
}

static int64_t worst_dispersion_ns(const struct ntp_filter *f)
{
	int64_t worst = 0;

	for (int i = 0; i < f->count; i++) {
		const struct ntp_filter_point *p =
			&f->point[(f->next + NTP_FILTER_MAX - 1 - i) % NTP_FILTER_MAX];

		if (p->dispersion_ns > worst)
			worst = p->dispersion_ns;
	}
	return worst;
}

/* The instants of an exchange that took the pair's ways, with the turnaround of m. */
static void fill(const struct pair *p, const struct ts_line *line, struct ts_raw origin,
	int64_t dispersion_ns, struct msg_sample *m)
{
	struct ts_raw raw = ts_raw_add(origin, ts_dur_from_s(p->at_s));
	int64_t offset = llround((p->out_ns - p->back_ns) / 2);
	int64_t delay = llround(fmin(fmax(p->out_ns + p->back_ns, 0), ERR_NS_MAX));
	int64_t turn = m->t3_utc_ns - m->t2_utc_ns, whole = delay + turn;

	/* A machine that has run for less than a round trip. */
	if (raw.ns < whole)
		return;
	m->t1_raw_ns = raw.ns - whole / 2;
	m->t4_raw_ns = m->t1_raw_ns + whole;
	m->raw_ns = m->t1_raw_ns + whole / 2;
	m->utc_ns = ts_sat_add(ts_line_at(line, (struct ts_raw){m->raw_ns}).ns, offset);
	m->t2_utc_ns = m->utc_ns - turn / 2;
	m->t3_utc_ns = m->t2_utc_ns + turn;
	m->delay_ns = delay;
	m->dispersion_ns = llround(fmin((double)dispersion_ns + p->slack_ns, ERR_NS_MAX));
}

/* Squares of what each way's results moved by against the line, from bundle to bundle. */
static void judge(struct ntp_filter *f, const struct ts_line *line, const struct msg_sample *made)
{
	double w = memory_weight(f->judged);

	for (int i = 0; i < NTP_FILTER_WAYS; i++) {
		struct ntp_filter_result now = {{made[i].raw_ns},
			{ts_sat_add(made[i].utc_ns, made[i].mono ? made[i].mono_shift_ns : 0)}};
		struct ts_dur by_line =
			ts_utc_sub(ts_line_at(line, now.raw), ts_line_at(line, f->last[i].raw));
		double d = (double)ts_sat_sub(ts_utc_sub(now.utc, f->last[i].utc).ns, by_line.ns);

		if (f->has_last)
			f->square_ns2[i] += w * (d * d - f->square_ns2[i]);
		f->last[i] = now;
	}
	f->judged += f->has_last && f->judged < NTP_FILTER_MEMORY;
	f->has_last = true;
	if (f->square_ns2[!f->way] < (ntp_filter_knows(f) ? CLEARLY : 1) * f->square_ns2[f->way])
		f->way = !f->way;
}

/* Everything but the newest exchange is of another time. */
static void begin_anew(struct ntp_filter *f)
{
	f->count = 1;
	f->has_last = false;
}

bool ntp_filter_add(struct ntp_filter *f, const struct msg_sample *m, const struct ts_line *line,
	double rate_sd_ppb, struct msg_sample *ret)
{
	double rate_ppb = rate_sd_ppb > 0 ? RATE_SD * rate_sd_ppb : NTP_FILTER_PHI * 1e3;
	struct msg_sample made[NTP_FILTER_WAYS] = {*m, *m};
	struct pair mean, least;
	struct ts_raw origin;
	int64_t dispersion;
	struct view v;

	keep(f, m);
	look(f, line, &v);
	least = least_of(&v, rate_ppb);
	dispersion = worst_dispersion_ns(f);
	if (least.out_ns + least.back_ns < -2 * ((double)dispersion + least.slack_ns)) {
		begin_anew(f);
		look(f, line, &v);
		least = least_of(&v, rate_ppb);
		dispersion = m->dispersion_ns;
	}
	if (f->polls < f->length)
		return false;
	mean = mean_of(f, &v);
	origin = middle(newest(f));
	fill(&mean, line, origin, dispersion, &made[NTP_FILTER_MEAN]);
	fill(&least, line, origin, dispersion, &made[NTP_FILTER_LEAST]);
	/* Of one exchange both make the same. */
	if (f->count > 1)
		judge(f, line, made);
	*ret = made[f->way];
	ntp_filter_clear(f);
	return true;
}
