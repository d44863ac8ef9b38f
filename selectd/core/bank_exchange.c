/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_exchange.h"

#include <math.h>

#define FIRST_QUEUE   8.0 /* of the first round trip an eighth each way may be queueing */
#define FEW	      16
#define CLOCK_VAR_NS2 1.0	/* stamps are whole nanoseconds of clocks hardly that good */
#define QUANTUM_VAR   (1 / 6.0) /* difference of two rounded stamps */
#define BASE_OF_SCALE 0.2	/* how well the base delay is known at least, in J */
/* Ten means of the tail of delays (bank_shapes.h). A later one tells as little of the phase, but
 * calls the line less and less likely, until one that wanders wildly is believed: a way longer by
 * 1700 J, beside one that stood still, ended in a rate of 100 ppm. e^-10 is less than what the
 * mixing of wanders has to overcome. */
#define LATE_MOST 100.0
#define STANDS	  3.0 /* deviations by which a way that stood still may seem shorter */

static double floor_ns2(const struct bank_exchange *e, double precision_ns)
{
	double q = bank_window_quantum(&e->trips, precision_ns);

	return CLOCK_VAR_NS2 + q * q * QUANTUM_VAR;
}

static void start(struct bank_exchange *e, const struct bank_sample *s, double precision_ns,
	const struct bank_prior *prior)
{
	double trip = fmax(s->there_ns + s->back_ns, 0), queue = trip / FIRST_QUEUE;
	struct bank_start first = {
		.x_ns = (s->there_ns - s->back_ns) / 2,
		.rate_ppb = prior->rate_ppb,
		.rate_sd_ppb = prior->rate_sd_ppb,
		.base_ns = trip / 2 - queue,
	};

	queue += fmax(precision_ns, CLOCK_VAR_NS2);
	first.x_sd_ns = first.base_sd_ns = queue;
	e->scale_ns = queue;
	e->there_ns = e->back_ns = 0;
	e->route = (struct bank_route){.watch = 0};
	bank_window_reset(&e->out);
	bank_window_reset(&e->home);
	bank_line_start(&e->line, true, &first, s->raw_ns);
}

static double trip_ns(const struct bank_exchange *e)
{
	return bank_trip_ns(&e->line.bank, &e->line.mean);
}

static double excess_ns(const struct bank_exchange *e, const struct bank_sample *s)
{
	return s->there_ns + s->back_ns - trip_ns(e);
}

static void lean(const struct bank_exchange *e, double asymmetry, struct bank_sample *s)
{
	double excess = excess_ns(e, s);

	if (e->line.samples == 0 || excess <= 0)
		return;
	s->there_ns += asymmetry * excess;
	s->back_ns -= asymmetry * excess;
}

/* What the line leaves of the readings: the time of each way. */
struct ways {
	double there_ns, back_ns;
};

static struct ways ways(const struct bank_exchange *e, const struct bank_sample *s)
{
	double x = bank_line_phase_ns(&e->line, s->raw_ns) +
		   bank_apart_ns(&e->line.bank, &e->line.mean) / 2;

	return (struct ways){s->there_ns - x, s->back_ns + x};
}

static enum bank_route_verdict route(struct bank_exchange *e, const struct bank_sample *s,
	double precision_ns, struct bank_route_change *ret)
{
	struct ways w = ways(e, s);
	struct bank_route_view v = {
		.raw_ns = s->raw_ns,
		.there_ns = w.there_ns,
		.back_ns = w.back_ns,
		.base_ns = trip_ns(e) / 2,
		.scale_ns = e->scale_ns,
		.gauss = e->line.mean.gauss,
		.phase_sd_ns = bank_line_sd_ns(&e->line, s->raw_ns),
		.doubt_ns = 2 * precision_ns,
		.samples = e->line.samples,
	};

	return bank_route_judge(&e->route, &v, ret);
}

static void unpin(struct bank_exchange *e)
{
	struct bank *b = &e->line.bank;
	double by = e->line.mean.state.base_ns - b->pin_ns;

	if (b->pinned == 0)
		return;
	e->there_ns += b->pinned < 0 ? by : 0;
	e->back_ns += b->pinned > 0 ? by : 0;
	bank_unpin(b, by);
	bank_mean(b, &e->line.mean);
}

/* From a change of one direction on the phase rests on how well the base of the other was known. */
static void change_route(struct bank_exchange *e, const struct bank_route_change *c)
{
	struct bank *b = &e->line.bank;
	const struct bank_hypothesis *mean = &e->line.mean.state;

	bank_line_go_back(&e->line);
	unpin(e);
	e->line.phase_var_ns2 += c->still != 0 ? mean->pbb : c->phase_var_ns2;
	if (c->still != 0)
		bank_pin(b, c->still, mean->base_ns, c->base_var_ns2);
	else
		bank_move_base(b, c->base_ns, c->base_var_ns2);
	bank_mean(b, &e->line.mean);
	e->there_ns += c->there_ns;
	e->back_ns += c->back_ns;
	bank_window_reset(&e->trips);
	bank_window_reset(&e->out);
	bank_window_reset(&e->home);
	e->route_changes++;
}

/* The window is empty after a change of the route, its jitter need not have changed. */
static double scale(const struct bank_exchange *e, double precision_ns)
{
	if (e->line.samples >= FEW && e->trips.count < FEW && e->route.scale_ns > 0)
		return e->route.scale_ns;
	return bank_scale_two_way_ns(&e->trips, precision_ns);
}

/* One way is late while the other tells, by a phase that is known well enough to see that. */
static void cut_late(const struct bank_exchange *e, struct bank_sample *s)
{
	struct ways w = ways(e, s);
	double sd = bank_line_sd_ns(&e->line, s->raw_ns), base = trip_ns(e) / 2;
	double cut = fmax(w.there_ns, w.back_ns) - base - LATE_MOST * e->scale_ns;
	double early = base - fmin(w.there_ns, w.back_ns);

	/* what is early on the other way is a step of the reference */
	if (e->line.samples < FEW || cut <= 0 || sd >= excess_ns(e, s) / 2 ||
		early > STANDS * (sd + e->scale_ns))
		return;
	if (w.there_ns > w.back_ns)
		s->there_ns -= cut;
	else
		s->back_ns -= cut;
}

static enum bank_line_result take(
	struct bank_exchange *e, const struct bank_sample *s, int64_t *ret_step_ns)
{
	double g = fmax(e->line.mean.gauss, BASE_OF_SCALE) * e->scale_ns;
	struct ways w = ways(e, s);
	struct bank_line_noise noise = {
		.size.scale_ns = e->scale_ns,
		.size.even_ns = bank_scale_even_ns(&e->trips, e->scale_ns),
		.gate_ns2 = g * g + s->floor_ns2,
		.gate_ns = fmax(excess_ns(e, s), 0) / 2,
	};

	bank_window_add(&e->out, w.there_ns);
	bank_window_add(&e->home, w.back_ns);
	noise.size.flat_known = bank_scale_flat_known(&e->out);
	noise.size.flat_ns = bank_scale_flat_ns(&e->out, &e->home, e->scale_ns);
	return bank_line_take(&e->line, s, &noise, ret_step_ns);
}

enum bank_line_result bank_exchange_take(struct bank_exchange *e,
	const struct bank_exchange_sample *sample, const struct bank_prior *prior,
	int64_t *ret_step_ns)
{
	struct bank_sample s = {
		.raw_ns = sample->raw_ns,
		.there_ns = sample->there_ns - e->there_ns,
		.back_ns = sample->back_ns - e->back_ns,
	};
	struct bank_route_change change;

	lean(e, sample->asymmetry, &s);
	bank_window_add(&e->trips, s.there_ns + s.back_ns);
	s.floor_ns2 = floor_ns2(e, sample->precision_ns);
	if (e->line.samples == 0) {
		start(e, &s, sample->precision_ns, prior);
		return BANK_LINE_TAKEN;
	}
	e->scale_ns = scale(e, sample->precision_ns);
	switch (route(e, &s, sample->precision_ns, &change)) {
	case BANK_ROUTE_HOLD:
		/* what came before may have been of the new route already */
		bank_line_go_back(&e->line);
		e->line.samples++;
		return BANK_LINE_TAKEN;
	case BANK_ROUTE_CHANGED:
		e->line.samples++;
		change_route(e, &change);
		return BANK_LINE_TAKEN;
	case BANK_ROUTE_USE:
		cut_late(e, &s);
		break;
	}
	return take(e, &s, ret_step_ns);
}

double bank_exchange_delay_ns(const struct bank_exchange *e)
{
	return fmax(trip_ns(e) + e->there_ns + e->back_ns, 0);
}
