/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_mono.h"

#include <math.h>
#include "common/core/wirebuf.h"

#define MAGIC	    UINT32_C(0xf5bedd9a)
#define BODY_SIZE   (NTP_MONO_SIZE - 4)
#define FRACTION    28
#define LIMIT_NS    (INT64_C(16) * NS_PER_S) /* 2^32 / 2^28 s */
#define JUMP_MAX_NS (NS_PER_S / 2)

static bool parse(const uint8_t *body, struct ntp_mono *ret)
{
	struct wire_reader r;
	uint32_t magic;

	wire_reader_init(&r, body, BODY_SIZE);
	magic = wire_get_u32(&r);
	ret->root_delay = wire_get_u32(&r);
	ret->root_dispersion = wire_get_u32(&r);
	ret->receive = wire_get_u64(&r);
	ret->epoch = wire_get_u32(&r);
	return magic == MAGIC;
}

bool ntp_mono_find(const uint8_t *bytes, const struct ntp_packet *p, struct ntp_mono *ret)
{
	struct ntp_mono m;

	if (p->version != 4)
		return false;
	for (int i = 0; i < p->extensions; i++) {
		const struct ntp_extension *e = &p->extension[i];

		if (e->type != NTP_MONO_TYPE || e->size != BODY_SIZE ||
			!parse(bytes + e->offset, &m))
			continue;
		*ret = m;
		return true;
	}
	return false;
}

void ntp_mono_build(const struct ntp_mono *m, uint8_t bytes[NTP_MONO_SIZE])
{
	struct wire_writer w;

	wire_writer_init(&w, bytes, NTP_MONO_SIZE);
	wire_put_u16(&w, NTP_MONO_TYPE);
	wire_put_u16(&w, NTP_MONO_SIZE);
	wire_put_u32(&w, MAGIC);
	wire_put_u32(&w, m->root_delay);
	wire_put_u32(&w, m->root_dispersion);
	wire_put_u64(&w, m->receive);
	wire_put_u32(&w, m->epoch);
}

uint32_t ntp_mono_from_dur(struct ts_dur d)
{
	uint64_t whole, rest;

	if (d.ns <= 0)
		return 0;
	if (d.ns >= LIMIT_NS)
		return NTP_MONO_BEYOND;
	whole = (uint64_t)(d.ns / NS_PER_S);
	rest = (uint64_t)(d.ns % NS_PER_S);
	rest = ((rest << FRACTION) + (uint64_t)NS_PER_S - 1) / (uint64_t)NS_PER_S;
	/* never all ones: those mean something else */
	return (uint32_t)((whole << FRACTION) + rest < NTP_MONO_BEYOND ? (whole << FRACTION) + rest
								       : NTP_MONO_BEYOND);
}

struct ts_dur ntp_mono_to_dur(uint32_t v)
{
	uint64_t unit = UINT64_C(1) << FRACTION;

	return (struct ts_dur){
		(int64_t)(((uint64_t)v * (uint64_t)NS_PER_S + unit - 1) >> FRACTION)};
}

size_t ntp_mono_start(const uint8_t *bytes, size_t size)
{
	struct wire_reader r;

	if (size < NTP_SENT_MAX)
		return size - NTP_HEADER_SIZE;
	wire_reader_init(&r, bytes + size - NTP_MONO_SIZE, NTP_MONO_SIZE);
	if (wire_get_u16(&r) != NTP_MONO_TYPE || wire_get_u16(&r) != NTP_MONO_SIZE ||
		wire_get_u32(&r) != MAGIC)
		return size - NTP_HEADER_SIZE;
	return size - NTP_SENT_MAX;
}

static void begin(struct ntp_scale *s, uint64_t random)
{
	uint32_t epoch = (uint32_t)(random ^ random >> 32);

	/* another one for certain */
	s->epoch = s->valid && epoch == s->epoch ? epoch + 1 : epoch;
	s->shift_ns = 0;
	s->valid = true;
}

void ntp_scale_clock(struct ntp_scale *s, const struct msg_clock *c, uint64_t random)
{
	struct ts_raw raw = {c->raw_ns};
	int64_t moved = ts_sat_sub(c->utc_ns, ts_line_at(&s->line, raw).ns);

	if (!s->valid || c->mode != s->mode || c->steps != s->steps ||
		ts_raw_before(raw, s->line.raw) || moved > JUMP_MAX_NS || moved < -JUMP_MAX_NS)
		begin(s, random);
	else
		s->shift_ns -=
			s->slew_ppb * ts_dur_to_s(ts_raw_sub(raw, s->line.raw)) + (double)moved;
	s->line = (struct ts_line){raw, {c->utc_ns}, c->rate_ppb};
	s->slew_ppb = c->rate_ppb - c->frequency_ppb;
	s->steps = c->steps;
	s->mode = c->mode;
}

struct ts_dur ntp_scale_shift(const struct ntp_scale *s, struct ts_raw raw)
{
	double age_s = ts_dur_to_s(ts_raw_sub(raw, s->line.raw));

	return (struct ts_dur){llround(fmax(fmin(s->shift_ns - s->slew_ppb * age_s, 4e18), -4e18))};
}
