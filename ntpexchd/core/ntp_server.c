/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_server.h"

#include "common/core/ntptime.h"

#define UNSYNC_ROOT_NS NS_PER_S
#define STRATUM_UNSYNC 16

static int64_t root_distance_ns(const struct ntp_served *s)
{
	return ts_sat_add(s->root_delay_ns / 2, s->root_dispersion_ns);
}

bool ntp_local_applies(
	const struct ntp_local *local, const struct ntp_served *served, bool activated)
{
	if (!local->enabled || (local->activate_ns > 0 && !activated))
		return false;
	return served->stratum >= STRATUM_UNSYNC || root_distance_ns(served) > local->distance_ns;
}

struct ntp_served ntp_local_served(
	const struct ntp_local *local, int8_t precision, struct ts_utc now)
{
	/* A local clock is its own reference: as of the last full second. */
	return (struct ntp_served){.leap = leap_none,
		.stratum = local->stratum,
		.refid = NTP_REFID_LOCAL,
		.precision = precision,
		.reference = {now.ns - now.ns % NS_PER_S}};
}

static struct ntp_served unsynchronised(int8_t precision)
{
	return (struct ntp_served){.leap = leap_unsync,
		.stratum = STRATUM_UNSYNC,
		.root_delay_ns = UNSYNC_ROOT_NS,
		.root_dispersion_ns = UNSYNC_ROOT_NS,
		.precision = precision};
}

struct ntp_served ntp_served_from_clock(
	const struct msg_clock *clock, int64_t precision_ns, struct ts_raw now)
{
	int8_t precision = (int8_t)ntp_exponent_from_dur((struct ts_dur){precision_ns});
	struct ntp_served s = {.leap = clock->leap,
		.stratum = (int)clock->stratum,
		.refid = (uint32_t)clock->refid,
		.root_delay_ns = clock->root_delay_ns,
		.precision = precision,
		.reference = {clock->reference_utc_ns}};
	double age_s = ts_dur_to_s(ts_raw_sub(now, (struct ts_raw){clock->raw_ns}));

	if (clock->status == sync_unsynchronised || clock->stratum < 1 || clock->stratum > 15 ||
		clock->leap == leap_unsync)
		return unsynchronised(precision);
	if (age_s < 0)
		age_s = 0;
	/* 1 ppb over 1 s is 1 ns */
	s.root_dispersion_ns = ts_sat_add(
		clock->root_dispersion_ns, ts_dur_from_s(age_s * clock->bound_drift_ppb * 1e-9).ns);
	return s;
}

static int answer_mode(const struct ntp_packet *p)
{
	if (p->mode == NTP_MODE_CLIENT || (p->mode == NTP_MODE_UNSPECIFIED && p->version == 1))
		return NTP_MODE_SERVER;
	return p->mode == NTP_MODE_ACTIVE ? NTP_MODE_PASSIVE : -1;
}

/* The transmit stamp that is asked for; 0: none, or not known. */
static uint64_t earlier_transmit(
	const struct ntp_server_request *request, const struct ntp_packet *asked)
{
	if (!request->xleave || asked->origin == 0 || asked->receive == asked->transmit)
		return 0;
	return xleave_find(request->xleave, request->client, asked->origin);
}

static void fill(const struct ntp_server_request *request, const struct ntp_packet *asked,
	const struct ntp_served *served, int mode, uint64_t transmit,
	uint8_t answer[NTP_HEADER_SIZE])
{
	struct ntp_packet p = {.leap = ntp_leap_to_wire(served->leap),
		.version = asked->version,
		.mode = (uint8_t)mode,
		.stratum = served->stratum >= STRATUM_UNSYNC ? 0 : (uint8_t)served->stratum,
		.poll = asked->poll,
		.precision = served->precision,
		.root_delay = ntp_short_from_dur((struct ts_dur){served->root_delay_ns}),
		.root_dispersion = ntp_short_from_dur((struct ts_dur){served->root_dispersion_ns}),
		.refid = served->refid,
		.origin = transmit ? asked->receive : asked->transmit,
		.receive = ntp_from_utc(request->received),
		.transmit = transmit};

	if (served->reference.ns > 0)
		p.reference = ntp_from_utc(served->reference);
	ntp_packet_build(&p, answer);
}

static void extend(const struct ntp_server_request *request, const struct ntp_served *served,
	uint8_t bytes[NTP_MONO_SIZE])
{
	struct ntp_mono m = {
		.root_delay = ntp_mono_from_dur((struct ts_dur){served->root_delay_ns}),
		.root_dispersion = ntp_mono_from_dur((struct ts_dur){served->root_dispersion_ns}),
	};

	if (served->has_mono) {
		m.receive = ntp_from_utc(ts_utc_add(request->received, served->mono_shift));
		m.epoch = served->mono_epoch;
	}
	ntp_mono_build(&m, bytes);
}

enum ntp_server_verdict ntp_server_answer(const struct ntp_server_request *request,
	const struct ntp_served *served, uint8_t answer[NTP_SENT_MAX], size_t *ret_size)
{
	struct ntp_mono asked;
	struct ntp_packet p;
	uint64_t transmit;
	int mode;

	if (!request->allowed)
		return NTP_SERVER_DENIED;
	if (request->port == 0)
		return NTP_SERVER_PORT;
	if (ntp_packet_parse(request->bytes, request->size, &p, NULL) < 0)
		return NTP_SERVER_FORMAT;
	mode = answer_mode(&p);
	if (mode < 0)
		return NTP_SERVER_MODE;
	if (p.mac != NTP_MAC_NONE)
		return NTP_SERVER_AUTH;
	transmit = earlier_transmit(request, &p);
	fill(request, &p, served, mode, transmit, answer);
	*ret_size = NTP_HEADER_SIZE;
	if (ntp_mono_find(request->bytes, &p, &asked)) {
		extend(request, served, answer + NTP_HEADER_SIZE);
		*ret_size = NTP_SENT_MAX;
	}
	return transmit ? NTP_SERVER_INTERLEAVED : NTP_SERVER_ANSWER;
}

void ntp_server_stamp(uint8_t answer[NTP_HEADER_SIZE], struct ts_utc transmit)
{
	ntp_packet_set_transmit(answer, ntp_from_utc(transmit));
}
