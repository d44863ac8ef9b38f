/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "ntpexchd/client_config.h"
#include "ntpexchd/core/ntp_refid.h"
#include "ntpexchd/core/ntp_server.h"
#include "tests/sim/sim.h"

#define LOOKUP_NS    (100 * NS_PER_MS)
#define SEND_NS	     (4 * NS_PER_US) /* from the clock reading to the wire, at least */
#define PRECISION_NS 30

static struct ts_raw now_of(const struct sim *s)
{
	return world_raw(&s->w);
}

static int node_index(const struct sim *s, const char *name)
{
	for (int i = 0; i < s->sc->nodes; i++)
		if (!strcmp(s->sc->node[i].name, name))
			return i;
	return -1;
}

static void look_up(struct sim *s, int i, int64_t after_ns)
{
	struct event e = {.t = s->w.t + after_ns, .kind = EV_ADDRESS, .index = i, .life = s->life};

	sim_event(s, &e);
}

static void send(struct sim *s, int i, uint64_t id, const uint8_t *bytes, size_t size)
{
	struct event e = {.kind = EV_LEAVE, .index = i, .life = s->life, .id = id};

	e.size = size;
	memcpy(e.packet, bytes, size);
	e.t = s->w.t + SEND_NS + (int64_t)(2e3 * prng_exponential(&s->noise));
	s->check.packets++;
	sim_event(s, &e);
	ntp_client_sent(&s->ntp[i].core, id, now_of(s), s->sc->stamps != stamp_daemon);
}

static void drain(struct sim *s, int i)
{
	struct ntp_client *c = &s->ntp[i].core;
	struct ntp_client_out out;

	while (ntp_client_next_out(c, now_of(s), &out)) {
		if (out.kind == NTP_OUT_MESSAGE)
			sim_publish(s, MEMBER_NTP, &out.u.message);
		else if (out.kind == NTP_OUT_EVENT)
			sim_tell(s, MEMBER_NTP, out.u.event.code, c->config.source,
				out.u.event.value_ns, out.u.event.text);
		else if (out.kind == NTP_OUT_SEND)
			send(s, i, out.u.send.id, out.u.send.bytes, out.u.send.size);
		else
			look_up(s, i, LOOKUP_NS);
	}
}

void ntp_stage_start(struct sim *s)
{
	s->ntps = 0;
	for (int i = 0; i < s->sc->ntp.sources && i < SIM_NODES; i++) {
		const struct config_source *config = &s->sc->ntp.source[i];
		struct ntp_client_config c;
		int node = node_index(s, config->name);

		if (node < 0) {
			sim_wrong(s, "no node %s", config->name);
			continue;
		}
		client_config(config, config->name, PRECISION_NS, &c);
		s->ntp[s->ntps].node = node;
		ntp_client_init(&s->ntp[s->ntps].core, &c, prng_u64(&s->noise), now_of(s));
		drain(s, s->ntps);
		look_up(s, s->ntps, LOOKUP_NS + (int64_t)(5e6 * prng_exponential(&s->noise)));
		s->ntps++;
	}
}

void ntp_stage_message(struct sim *s, const struct msg *m)
{
	for (int i = 0; i < s->ntps; i++) {
		struct ntp_client *c = &s->ntp[i].core;

		if (m->kind == MSG_clock) {
			struct ts_line line = {
				{m->u.clock.raw_ns}, {m->u.clock.utc_ns}, m->u.clock.rate_ppb};

			ntp_client_clock(c, &line);
		} else if (m->kind == MSG_verdict &&
			   strcmp(m->u.verdict.publisher, "ntpexchd") == 0 &&
			   strcmp(m->u.verdict.source, c->config.source) == 0) {
			ntp_client_verdict(c, &m->u.verdict);
		} else if (m->kind == MSG_event && !m->env.snapshot &&
			   strcmp(m->u.event.code, event_word(EVENT_disruption)) == 0) {
			ntp_client_disruption(c);
		}
	}
}

struct ts_raw ntp_stage_deadline(const struct sim *s)
{
	struct ts_raw d = TS_RAW_NEVER;

	for (int i = 0; i < s->ntps; i++)
		d = ts_raw_min(d, ntp_client_deadline(&s->ntp[i].core));
	return d;
}

void ntp_stage_expire(struct sim *s)
{
	for (int i = 0; i < s->ntps; i++) {
		if (ts_raw_before(now_of(s), ntp_client_deadline(&s->ntp[i].core)))
			continue;
		ntp_client_expire(&s->ntp[i].core, now_of(s));
		drain(s, i);
	}
}

/* A stamp of the kernel, carried to the raw clock by two brackets. */
static struct ts_raw stamp(struct sim *s)
{
	double off = s->sc->stamp_ns * (2 * prng_uniform(&s->noise) - 1);

	return ts_raw_add(now_of(s), (struct ts_dur){llround(off)});
}

static void on_way(struct sim *s, const struct event *e, int way, enum event_kind kind)
{
	struct node *n = &s->node[s->ntp[e->index].node];
	struct event next = *e;
	int64_t t[2];
	int copies = path_send(&n->path[way], s->w.t, t);

	next.kind = kind;
	for (int i = 0; i < copies; i++) {
		next.t = t[i];
		sim_event(s, &next);
	}
}

static void on_ask(struct sim *s, const struct event *e)
{
	struct node *n = &s->node[s->ntp[e->index].node];
	struct event next = *e;
	int64_t process_ns;
	enum ntp_server_verdict v =
		node_answer(n, &s->w, e->packet, e->size, next.packet, &next.size, &process_ns);

	if (v != NTP_SERVER_ANSWER && v != NTP_SERVER_INTERLEAVED)
		return;
	next.interleaved = v == NTP_SERVER_INTERLEAVED;
	next.kind = EV_ANSWER;
	next.t = s->w.t + process_ns;
	sim_event(s, &next);
}

static void on_answer(struct sim *s, const struct event *e)
{
	struct node *n = &s->node[s->ntp[e->index].node];
	struct event next = *e;

	next.kind = EV_DEPART;
	next.t = s->w.t + node_depart(n, &s->w, e->interleaved, next.packet);
	sim_event(s, &next);
}

static void on_arrive(struct sim *s, const struct event *e)
{
	struct event next = *e;

	next.kind = EV_RECEIVE;
	next.raw = stamp(s);
	next.t = s->w.t + (int64_t)(1e3 * s->sc->lateness_us * prng_exponential(&s->noise));
	sim_event(s, &next);
}

static void on_receive(struct sim *s, const struct event *e)
{
	struct ts_raw t4 = s->sc->stamps != stamp_daemon ? e->raw : now_of(s);

	ntp_client_receive(&s->ntp[e->index].core, e->packet, e->size, ts_raw_min(t4, now_of(s)),
		s->sc->stamps, now_of(s));
	drain(s, e->index);
}

void ntp_stage_event(struct sim *s, const struct event *e)
{
	struct ntp_client *c = &s->ntp[e->index].core;
	char address[32];

	if (e->life != s->life || !s->member[MEMBER_NTP].running)
		return;
	switch (e->kind) {
	case EV_ADDRESS:
		(void)snprintf(address, sizeof(address), "192.0.2.%d", s->ntp[e->index].node + 1);
		ntp_client_address(c, address, NTP_PORT, now_of(s));
		drain(s, e->index);
		break;
	case EV_LEAVE:
		on_way(s, e, 0, EV_ASK);
		if (s->sc->stamps != stamp_daemon)
			ntp_client_stamp(c, e->id, stamp(s), s->sc->stamps, now_of(s));
		drain(s, e->index);
		break;
	case EV_ASK:
		on_ask(s, e);
		break;
	case EV_ANSWER:
		on_answer(s, e);
		break;
	case EV_DEPART:
		on_way(s, e, 1, EV_ARRIVE);
		break;
	case EV_ARRIVE:
		on_arrive(s, e);
		break;
	default:
		on_receive(s, e);
		break;
	}
}
