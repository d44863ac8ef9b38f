/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_sample.h"

#include "common/core/ntptime.h"

/* Fields of TB_ERR_MAX hold 64 s; what a packet can say goes to 65536 s. */
#define ERR_NS_MAX INT64_C(64000000000)
/* A server that is slewed fast (chronyd: up to 1/12) stamps its own time wrongly by that much. */
#define SLEW_DIVISOR 10
#define SLACK_NS     NS_PER_MS
/* A shift is the difference of two stamps with random bits below the precision; two of these. */
#define SHIFT_PRECISIONS 2
#define SHIFT_MAX_NS	 INT64_C(4000000000000000000) /* TB_DUR_MAX of the schema */

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* Some servers send 0 or worse; no clock reads to less than a second. */
static int64_t server_precision_ns(const struct ntp_packet *p)
{
	return ntp_exponent_to_dur(p->precision > 0 ? 0 : p->precision).ns;
}

static void fill_header(const struct ntp_packet *p, int minstratum, struct msg_sample *m)
{
	int stratum = p->stratum == 0 || p->stratum > 16 ? 16 : p->stratum;

	m->kind = source_kind_ntp;
	m->root_delay_ns = clamp(ntp_short_to_dur(p->root_delay).ns, 0, ERR_NS_MAX);
	m->root_dispersion_ns = clamp(ntp_short_to_dur(p->root_dispersion).ns, 0, ERR_NS_MAX);
	m->stratum = stratum < minstratum ? minstratum : stratum;
	m->leap = ntp_leap_from_wire(p->leap);
	m->refid = p->refid;
}

void ntp_exchange_roots(struct ntp_exchange *x, const struct ntp_mono *mono)
{
	x->has_roots = mono && mono->root_delay != NTP_MONO_BEYOND &&
		       mono->root_dispersion != NTP_MONO_BEYOND;
	if (!x->has_roots)
		return;
	x->root_delay = mono->root_delay;
	x->root_dispersion = mono->root_dispersion;
}

void ntp_exchange_shift(struct ntp_exchange *x, const struct ntp_mono *mono)
{
	x->has_shift = mono && mono->receive != NTP_TIMESTAMP_NONE;
	if (!x->has_shift)
		return;
	x->mono_epoch = mono->epoch;
	x->mono_shift_ns = ntp_sub(mono->receive, x->answer.receive).ns;
}

static void fill_mono(const struct ntp_exchange *x, struct msg_sample *m)
{
	if (x->has_roots) {
		m->root_delay_ns = ntp_mono_to_dur(x->root_delay).ns;
		m->root_dispersion_ns = ntp_mono_to_dur(x->root_dispersion).ns;
	}
	if (!x->has_shift)
		return;
	m->mono = true;
	m->mono_epoch = x->mono_epoch;
	m->mono_shift_ns = clamp(x->mono_shift_ns, -SHIFT_MAX_NS, SHIFT_MAX_NS);
	/* and a nanosecond for each stamp's own rounding */
	m->mono_error_ns =
		clamp(SHIFT_PRECISIONS * (server_precision_ns(&x->answer) + 1) + 2, 0, ERR_NS_MAX);
}

static enum reject judge(const struct ntp_exchange *x, const struct ntp_sample_config *config,
	int64_t ours, int64_t theirs, int64_t delay)
{
	if (x->t1.ns < 0 || x->t2.ns < 0 || x->t3.ns < 0 || ours <= 0 || ours > ERR_NS_MAX)
		return reject_invalid;
	if (theirs < -SLACK_NS || theirs > NTP_SERVER_TIME_NS_MAX)
		return reject_invalid;
	if (theirs - ours > ours / SLEW_DIVISOR + SLACK_NS)
		return reject_invalid;
	if (delay > config->maxdelay_ns)
		return reject_delay;
	if (config->own_refid != 0 && x->answer.stratum > 1 && x->answer.refid == config->own_refid)
		return reject_loop;
	return reject_ok;
}

enum reject ntp_sample_make(const struct ntp_exchange *x, const struct ntp_sample_config *config,
	struct msg_sample *ret)
{
	int64_t ours = ts_raw_sub(x->t4, x->t1).ns, theirs = ts_utc_sub(x->t3, x->t2).ns;
	int64_t delay = clamp(ts_sat_sub(ours, theirs), 0, ERR_NS_MAX);
	struct ts_dur shift = {config->offset_ns};
	struct msg_sample m = {.reject = judge(x, config, ours, theirs, delay)};

	fill_header(&x->answer, config->minstratum, &m);
	fill_mono(x, &m);
	m.tx_stamp = x->tx_stamp;
	m.rx_stamp = x->rx_stamp;
	m.interleaved = x->interleaved;
	m.raw_ns = clamp(x->t4.ns, 0, INT64_MAX);
	if (m.reject != reject_invalid) {
		m.t1_raw_ns = x->t1.ns;
		m.t4_raw_ns = x->t4.ns;
		m.t2_utc_ns = clamp(ts_utc_add(x->t2, shift).ns, 0, INT64_MAX);
		m.t3_utc_ns = clamp(ts_utc_add(x->t3, shift).ns, 0, INT64_MAX);
		m.raw_ns = x->t1.ns + ours / 2;
		m.utc_ns = m.t2_utc_ns + (m.t3_utc_ns - m.t2_utc_ns) / 2;
		m.delay_ns = delay;
		m.dispersion_ns = clamp(config->precision_ns + server_precision_ns(&x->answer) +
						ours * NTP_PHI_PPM / 1000000 + x->t3_error_ns,
			0, ERR_NS_MAX);
	}
	*ret = m;
	return m.reject;
}

void ntp_sample_reject(const struct ntp_packet *p, enum reject reject, struct ts_raw raw,
	enum stamp rx_stamp, struct msg_sample *ret)
{
	struct msg_sample m = {.reject = reject};

	fill_header(p, 0, &m);
	m.raw_ns = clamp(raw.ns, 0, INT64_MAX);
	m.rx_stamp = rx_stamp;
	*ret = m;
}
