/* SPDX-License-Identifier: MIT */
#include "common/core/ntptime.h"
#include "tests/sim/net.h"

#include <math.h>
#include <string.h>

#include "ntpexchd/core/ntp_server.h"

/* A Gaussian delay needs room below its mean: so many deviations, cut at the base. */
#define GAUSSIAN_ROOM 4.0
#define PARETO_MIN    2.1 /* at 2 there is no standard deviation any more */
/* There is one machine that asks. */
#define CLIENT	    1
#define EPOCH	    UINT32_C(0x6d6f6e6f) /* of servers that never restart */
#define ANNOUNCE_NS (86400 * NS_PER_S)

/* Marsaglia and Tsang 2000; shape at least 1, scale 1. */
static double gamma_draw(struct prng *g, double shape)
{
	double d = fmax(shape, 1) - 1.0 / 3, c = 1 / sqrt(9 * d);

	for (;;) {
		double x = prng_normal(g), v = 1 + c * x, u = prng_uniform(g);

		v = v * v * v;
		if (v > 0 && log(fmax(u, 1e-300)) < x * x / 2 + d - d * v + d * log(v))
			return d * v;
	}
}

double law_draw(struct prng *g, enum law law, double sd, double shape, bool edge)
{
	double v;

	switch (law) {
	case LAW_NONE:
		return 0;
	case LAW_EXPONENTIAL:
		return sd * prng_exponential(g);
	case LAW_GAUSSIAN:
		return edge ? fmax(sd * (GAUSSIAN_ROOM + prng_normal(g)), 0) : sd * prng_normal(g);
	case LAW_GAMMA:
		return sd * gamma_draw(g, shape) / sqrt(fmax(shape, 1));
	case LAW_UNIFORM:
		return sd * sqrt(12) * (prng_uniform(g) - (edge ? 0 : 0.5));
	case LAW_LOGNORMAL:
		v = exp(shape * shape);
		return sd * exp(shape * prng_normal(g)) / sqrt((v - 1) * v);
	case LAW_PARETO:
		v = fmax(shape, PARETO_MIN);
		return sd * (pow(1 - prng_uniform(g), -1 / v) - 1) * (v - 1) * sqrt((v - 2) / v);
	case LAWS:
		break;
	}
	return 0;
}

void node_init(struct node *n, const struct node_config *config, uint64_t seed, int number)
{
	memset(n, 0, sizeof(*n));
	n->config = *config;
	n->unsync = config->unsync;
	for (uint64_t i = 0; i < 2; i++) {
		n->path[i].config = config->path[i];
		prng_init(&n->path[i].noise, seed * 64 + (uint64_t)number * 4 + i);
	}
	prng_init(&n->noise, seed * 64 + (uint64_t)number * 4 + 2);
}

static double burst_us(struct path *p, int64_t t)
{
	const struct path_config *c = &p->config;

	if (c->burst_us <= 0)
		return 0;
	while (p->burst_until <= t) {
		bool next = p->burst_until > 0 && !p->burst;
		double mean_s = next ? c->burst_on_s : c->burst_off_s;

		p->burst = next;
		p->burst_until += 1 + (int64_t)(mean_s * 1e9 * prng_exponential(&p->noise));
	}
	return p->burst ? c->burst_us * prng_exponential(&p->noise) : 0;
}

static int64_t arrival(struct path *p, int64_t t)
{
	const struct path_config *c = &p->config;
	double us = c->base_us + p->extra_us + burst_us(p, t) +
		    law_draw(&p->noise, c->law, c->jitter_us, c->shape, true);

	if (c->reorder > 0 && prng_uniform(&p->noise) < c->reorder)
		us += c->reorder_us;
	return t + (int64_t)llround(1e3 * fmax(us, 0));
}

int path_send(struct path *p, int64_t t, int64_t ret_arrival[2])
{
	int copies = 1;

	if (p->config.loss > 0 && prng_uniform(&p->noise) < p->config.loss)
		return 0;
	if (p->config.duplicate > 0 && prng_uniform(&p->noise) < p->config.duplicate)
		copies = 2;
	for (int i = 0; i < copies; i++)
		ret_arrival[i] = arrival(p, t);
	return copies;
}

static double slewed_us(const struct node *n, const struct world *w)
{
	double done = 1e-9 * (double)(w->t - n->slew_since) * n->slew_ppm;

	return n->slewed_us + copysign(fmin(done, fabs(n->slew_us)), n->slew_us);
}

void node_slew(struct node *n, const struct world *w, double us, double ppm)
{
	n->slewed_us = slewed_us(n, w) + (ppm > 0 ? 0 : us);
	n->slew_us = ppm > 0 ? us : 0;
	n->slew_ppm = ppm;
	n->slew_since = w->t;
}

struct ts_utc node_time(struct node *n, const struct world *w)
{
	double us = n->config.offset_us + n->false_us + slewed_us(n, w);

	if (n->config.noise_us > 0)
		us += n->config.noise_us * prng_normal(&n->noise);
	return ts_utc_add(world_utc(w), (struct ts_dur){llround(us * 1e3)});
}

static enum leap announced(const struct node *n, const struct world *w)
{
	if (n->lies_leap != leap_none)
		return n->lies_leap;
	if (n->config.announces && w->leap != leap_none && w->t < w->leap_t &&
		w->t >= w->leap_t - ANNOUNCE_NS)
		return w->leap;
	return leap_none;
}

enum ntp_server_verdict node_answer(struct node *n, const struct world *w, const uint8_t *request,
	size_t size, uint8_t ret[NTP_SENT_MAX], size_t *ret_size, int64_t *ret_process_ns)
{
	enum ntp_server_verdict verdict;
	struct ts_utc now = node_time(n, w);
	struct ntp_served served = {
		.leap = n->unsync ? leap_unsync : announced(n, w),
		.stratum = n->unsync ? 16 : (int)n->config.stratum,
		.refid = NTP_REFID('G', 'P', 'S', 0),
		.root_delay_ns = llround(n->config.delay_us * 1e3),
		.root_dispersion_ns = llround(n->config.dispersion_us * 1e3),
		.precision = -25,
		.reference = ts_utc_add(now, (struct ts_dur){-8 * NS_PER_S}),
		.has_mono = n->config.mono,
		.mono_epoch = EPOCH,
		.mono_shift = ts_dur_from_s(-1e-6 * slewed_us(n, w)),
	};
	struct ntp_server_request r = {.bytes = request,
		.size = size,
		.port = 40000,
		.allowed = true,
		.xleave = &n->xleave,
		.client = CLIENT};

	r.received = now;
	if (w->t < n->out_until)
		return NTP_SERVER_DENIED;
	verdict = ntp_server_answer(&r, &served, ret, ret_size);
	if (verdict == NTP_SERVER_ANSWER || verdict == NTP_SERVER_INTERLEAVED)
		*ret_process_ns =
			(int64_t)(1e3 * n->config.process_us * prng_exponential(&n->noise));
	return verdict;
}

int64_t node_depart(
	struct node *n, const struct world *w, bool interleaved, uint8_t answer[NTP_HEADER_SIZE])
{
	struct ts_utc now = node_time(n, w);
	int64_t wait_ns = 0;

	if (n->config.depart_us > 0)
		wait_ns = llround(1e3 * n->config.depart_us * prng_exponential(&n->noise));
	if (!interleaved)
		ntp_server_stamp(answer, now);
	xleave_note(&n->xleave, CLIENT, ntp_packet_receive(answer), ntp_from_utc(now));
	xleave_stamp(&n->xleave, ntp_packet_receive(answer),
		ntp_from_utc(ts_utc_add(now, (struct ts_dur){wait_ns})));
	return wait_ns;
}
