/* SPDX-License-Identifier: MIT */
#include "selectd/core/joint.h"

#include <assert.h>
#include <math.h>

#define DAY_S	      86400.0
#define CREEP_PER_DAY 0.01 /* of sqrt(A) */
#define GATE_SIGMAS   5.0  /* a line's error has heavier tails than Gaussian: 4e-4 beyond */
#define FAR_SIGMAS    2.0
#define NS_MAX	      4e18
#define SETTLED	      0.25 /* v / s^2: the bias is a mean of four independent lines */
#define OWN_SHARE     0.75 /* of a line's variance; the rest is lag behind the oscillator */

/* One turn: numbers of sources that take part are against the predicted line. */
struct turn {
	const struct joint_reading *r;
	int n;
	double dt_s, predicted_var_ns2;
	double off_ns[JOINT_MAX]; /* z - predicted */
	bool moved[JOINT_MAX];	  /* has jumped in this turn */
	double weight[JOINT_MAX]; /* w, 0 if it takes no part */
};

static bool takes_part(const struct turn *t, int i)
{
	return t->r[i].role == JOINT_TAKES_PART;
}

static bool has_line(const struct turn *t, int i)
{
	return takes_part(t, i) || t->r[i].role == JOINT_LISTENS;
}

static bool fades(const struct turn *t, int i)
{
	return t->r[i].role == JOINT_FADES && t->r[i].bias->known && t->r[i].bias->fades;
}

static double sqr(double v)
{
	return v * v;
}

static int64_t whole_ns(double ns)
{
	return llround(fmax(fmin(ns, NS_MAX), -NS_MAX));
}

static double line_var_ns2(const struct joint_reading *r)
{
	return sqr(r->sd_ns) + 1; /* lines are whole nanoseconds */
}

double joint_creep_ns2(const struct joint_bias *b, double dt_s)
{
	return sqr(CREEP_PER_DAY) * b->prior_ns2 * dt_s / DAY_S;
}

static double residual_ns(const struct turn *t, int i)
{
	return t->off_ns[i] - t->r[i].bias->ns;
}

static double share(const struct joint_bias *b)
{
	return 1 / (b->prior_ns2 + b->var_ns2);
}

static bool in_mean(const struct joint_reading *r)
{
	return r->bias->known &&
	       (r->role == JOINT_TAKES_PART || r->role == JOINT_AWAY || r->role == JOINT_FADES);
}

/* Weight and phase of one in the line's first place. With biases that are known (the line is lost
 * by a disruption, they are not) by these; else the mean by all that is known, which is where the
 * biases add up to nothing. */
static double first_weight(const struct joint_reading *r, bool by_biases)
{
	if (r->role != JOINT_TAKES_PART || (by_biases && !r->bias->known))
		return 0;
	return 1 / (line_var_ns2(r) + (by_biases ? r->bias->var_ns2 : r->prior_ns2));
}

static struct ts_utc first_utc(const struct joint_reading *r, int n, struct ts_utc base)
{
	bool by_biases = false, any = false;
	double sum = 0, weights = 0;
	int64_t origin = 0;

	for (int i = 0; i < n; i++)
		by_biases |= r[i].role == JOINT_TAKES_PART && r[i].bias->known;
	for (int i = 0; i < n; i++) {
		double w = first_weight(&r[i], by_biases);

		if (w <= 0)
			continue;
		if (!any)
			origin = r[i].offset_ns;
		any = true;
		sum += w * ((double)ts_sat_sub(r[i].offset_ns, origin) -
				   (by_biases ? r[i].bias->ns : 0));
		weights += w;
	}
	assert(any);
	return ts_utc_add(base, (struct ts_dur){ts_sat_add(origin, whole_ns(sum / weights))});
}

static void start(
	struct joint *j, const struct joint_reading *r, int n, const struct joint_occasion *o)
{
	*j = (struct joint){
		.started = true,
		.line = {o->at, first_utc(r, n, o->base), o->rate_ppb},
		.rate_sd_ppb = o->rate_sd_ppb,
		.wander_ppb = o->wander_ppb,
	};
}

static void begin(const struct joint *j, const struct joint_occasion *o,
	const struct joint_reading *r, int n, struct turn *t)
{
	struct ts_utc predicted = ts_line_at(&j->line, o->at);
	int64_t base = ts_utc_sub(predicted, o->base).ns;

	t->r = r;
	t->n = n;
	t->dt_s = fmax(ts_dur_to_s(ts_raw_sub(o->at, j->line.raw)), 0);
	t->predicted_var_ns2 = sqr(j->noise_ns) + sqr(j->rate_sd_ppb * t->dt_s) +
			       sqr(j->wander_ppb) * t->dt_s * t->dt_s * t->dt_s / 3;
	for (int i = 0; i < n; i++) {
		t->moved[i] = false;
		t->weight[i] = 0;
		if (r[i].role == JOINT_TAKES_PART)
			r[i].bias->fades = true;
		else if (r[i].role != JOINT_FADES)
			r[i].bias->fades = false;
		t->off_ns[i] = has_line(t, i) || fades(t, i)
				       ? (double)ts_sat_sub(r[i].offset_ns, base)
				       : 0;
	}
}

/* Known biases are the less so the longer ago: a bias creeps against the mean of those that made
 * the line, itself among them; with none of these there, the line has only been foretold. */
static void grow_old(const struct turn *t)
{
	double mean = 0, of_line = 0;
	bool foretold = true;

	for (int i = 0; i < t->n; i++) {
		const struct joint_bias *b = t->r[i].bias;

		mean += sqr(b->weight) * joint_creep_ns2(b, t->dt_s);
		foretold &= !(takes_part(t, i) && b->known);
	}
	if (foretold)
		of_line = t->predicted_var_ns2;
	for (int i = 0; i < t->n; i++) {
		struct joint_bias *b = t->r[i].bias;

		if (b->known)
			b->var_ns2 +=
				(1 - 2 * b->weight) * joint_creep_ns2(b, t->dt_s) + mean + of_line;
	}
}

static void meet(const struct turn *t)
{
	for (int i = 0; i < t->n; i++) {
		struct joint_bias *b = t->r[i].bias;

		if (!has_line(t, i))
			continue;
		b->prior_ns2 = t->r[i].prior_ns2;
		if (b->known)
			continue;
		b->known = true;
		b->ns = t->off_ns[i];
		b->var_ns2 = line_var_ns2(&t->r[i]) + t->predicted_var_ns2;
	}
}

static double doubt_ns2(const struct turn *t, int i)
{
	return line_var_ns2(&t->r[i]) + t->r[i].bias->var_ns2;
}

static bool is_beyond(double ns, double var_ns2)
{
	return fabs(ns) > GATE_SIGMAS * sqrt(var_ns2);
}

/* Do more sources say that it did not happen than have seen the same? Who listens has no say. */
static bool is_contradicted(const struct turn *t, int i)
{
	int contra = 0, pro = 0;

	if (!takes_part(t, i))
		return true;
	for (int k = 0; k < t->n; k++) {
		double apart = residual_ns(t, k) - residual_ns(t, i);

		if (!takes_part(t, k))
			continue;
		if (k != i && is_beyond(apart, doubt_ns2(t, i) + doubt_ns2(t, k)))
			contra++;
		else if (is_beyond(residual_ns(t, k), doubt_ns2(t, k) + t->predicted_var_ns2))
			pro++;
	}
	return contra > 0 && contra >= pro;
}

static void find_jumps(struct turn *t)
{
	for (int i = 0; i < t->n; i++)
		t->moved[i] =
			has_line(t, i) &&
			is_beyond(residual_ns(t, i), doubt_ns2(t, i) + t->predicted_var_ns2) &&
			is_contradicted(t, i);
	for (int i = 0; i < t->n; i++) {
		struct joint_bias *b = t->r[i].bias;
		double by = residual_ns(t, i);

		if (!t->moved[i])
			continue;
		/* what was never learned can not have been left: its line comes to itself */
		if (b->var_ns2 < SETTLED * line_var_ns2(&t->r[i]))
			b->moved_ns += by;
		b->ns += by;
		b->var_ns2 = line_var_ns2(&t->r[i]) + t->predicted_var_ns2;
	}
}

struct sums {
	double weights, residuals;
};

static void add(struct turn *t, int i, struct sums *s)
{
	t->weight[i] = 1 / doubt_ns2(t, i);
	s->weights += t->weight[i];
	s->residuals += t->weight[i] * residual_ns(t, i);
}

/* What is foretold of those that are silent, unless the others say that it did not come so. */
static void add_fading(struct turn *t, struct sums *s)
{
	double x = s->residuals / s->weights, var = 1 / s->weights;

	for (int i = 0; i < t->n; i++) {
		if (!fades(t, i))
			continue;
		if (is_beyond(residual_ns(t, i) - x, doubt_ns2(t, i) + var))
			t->r[i].bias->fades = false;
		else
			add(t, i, s);
	}
}

/* By those that did not jump; if there are none, as foretold. */
static double follow(struct turn *t)
{
	struct sums s = {0, 0};

	for (int i = 0; i < t->n; i++)
		if (takes_part(t, i) && !t->moved[i])
			add(t, i, &s);
	if (s.weights > 0)
		add_fading(t, &s);
	for (int i = 0; i < t->n; i++) {
		if (s.weights > 0)
			t->weight[i] /= s.weights;
		t->r[i].bias->weight = t->weight[i];
	}
	return s.weights > 0 ? s.residuals / s.weights : 0;
}

static void learn(const struct turn *t, double x)
{
	for (int i = 0; i < t->n; i++) {
		const struct joint_reading *r = &t->r[i];
		struct joint_bias *b = r->bias;
		double memory_s, measurements, gain;

		if (!has_line(t, i) || t->moved[i])
			continue;
		memory_s = r->rate_sd_ppb > 0 ? r->sd_ns / r->rate_sd_ppb : 0;
		measurements = t->dt_s < 2 * memory_s ? t->dt_s / (2 * memory_s) : 1;
		gain = b->var_ns2 * measurements / (line_var_ns2(r) + b->var_ns2 * measurements);
		b->ns += gain * (residual_ns(t, i) - x);
		b->var_ns2 *= 1 - gain;
	}
}

/* The constant part: how far we are from its mean, of that by corrections of the sources' clocks,
 * and the variance of the mean. */
struct constant {
	double off_ns, set_ns, var_ns2;
};

static struct constant constant_part(const struct turn *t)
{
	double sum = 0, set = 0, weights = 0;

	for (int i = 0; i < t->n; i++) {
		const struct joint_bias *b = t->r[i].bias;

		if (!in_mean(&t->r[i]))
			continue;
		sum += share(b) * (b->ns - b->moved_ns);
		set += share(b) * b->set_ns;
		weights += share(b);
	}
	return (struct constant){sum / weights, set / weights, 1 / weights};
}

/* Variance of the constant part as the sources show it: weighted variance of their biases, and what
 * is not known of these. One source alone shows nothing. */
static double shown_ns2(const struct turn *t, const struct constant *c)
{
	double spread = 0, unknown = 0;
	int count = 0;

	for (int i = 0; i < t->n; i++) {
		const struct joint_bias *b = t->r[i].bias;
		double p;

		if (!in_mean(&t->r[i]))
			continue;
		count++;
		p = share(b) * c->var_ns2;
		spread += sqr(p * (b->ns - b->moved_ns - c->off_ns));
		unknown += sqr(p) * b->var_ns2;
	}
	return count > 1 ? spread * count / (count - 1) + unknown : 0;
}

/* Of x as it follows the lines. If all have jumped it is as foretold. */
static double noise_ns2(const struct turn *t)
{
	double own = 0, common = 0;

	for (int i = 0; i < t->n; i++) {
		if (!takes_part(t, i) && !fades(t, i))
			continue;
		own += sqr(t->weight[i] * t->r[i].sd_ns);
		common += t->weight[i] * t->r[i].sd_ns;
	}
	if (common <= 0)
		return t->predicted_var_ns2;
	return OWN_SHARE * own + (1 - OWN_SHARE) * sqr(common);
}

static double clamp(double v, double limit)
{
	return fmax(-limit, fmin(limit, v));
}

/* By how much x has to move for the constant part. */
static double shift_ns(const struct turn *t, const struct constant *c, double rate_sd_ppb)
{
	double off_ns = c->off_ns - c->set_ns;
	double far_ns = fmax(fabs(off_ns) - FAR_SIGMAS * sqrt(c->var_ns2), 0);

	return c->set_ns + clamp(off_ns, rate_sd_ppb * t->dt_s + far_ns);
}

static int64_t keep_inside(int64_t ns, const struct joint_occasion *o)
{
	return ns < o->low_ns ? o->low_ns : ns > o->high_ns ? o->high_ns : ns;
}

/* Biases are against the line, so they move when it does by anything but the lines. Returns by how
 * much it did. */
static double move_line(struct joint *j, const struct turn *t, const struct joint_occasion *o,
	double x_ns, double shift)
{
	int64_t predicted = ts_utc_sub(ts_line_at(&j->line, o->at), o->base).ns;
	int64_t wanted = ts_sat_add(predicted, whole_ns(x_ns + shift));
	int64_t inside = keep_inside(wanted, o);

	shift += (double)ts_sat_sub(inside, wanted);
	for (int i = 0; i < t->n; i++)
		t->r[i].bias->ns -= shift;
	j->line =
		(struct ts_line){o->at, ts_utc_add(o->base, (struct ts_dur){inside}), o->rate_ppb};
	j->noise_ns = sqrt(noise_ns2(t));
	j->rate_sd_ppb = o->rate_sd_ppb;
	j->wander_ppb = o->wander_ppb;
	return shift;
}

void joint_run(struct joint *j, const struct joint_reading *r, int n,
	const struct joint_occasion *o, struct joint_phase *ret)
{
	double x, shift, shown;
	struct constant c;
	struct turn t;

	assert(n >= 0 && n <= JOINT_MAX);
	if (!j->started)
		start(j, r, n, o);
	begin(j, o, r, n, &t);
	grow_old(&t);
	meet(&t);
	find_jumps(&t);
	x = follow(&t);
	learn(&t, x);
	c = constant_part(&t);
	for (int i = 0; i < n; i++)
		r[i].bias->set_ns = 0; /* it is in c */
	shown = shown_ns2(&t, &c);
	shift = move_line(j, &t, o, x, shift_ns(&t, &c, o->rate_sd_ppb));
	ret->offset_ns = ts_utc_sub(j->line.utc, o->base).ns;
	ret->sd_ns = sqrt(sqr(j->noise_ns) + shown + sqr(c.off_ns - shift));
}

void joint_correct(struct joint_bias *b, struct ts_dur by)
{
	if (!b->known)
		return;
	b->ns += (double)by.ns;
	b->set_ns += (double)by.ns;
}

void joint_lose_line(struct joint *j)
{
	*j = (struct joint){0};
}

void joint_shift(struct joint *j, struct ts_dur shift)
{
	j->line.utc = ts_utc_add(j->line.utc, shift);
}
