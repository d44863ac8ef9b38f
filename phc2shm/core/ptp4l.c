/* SPDX-License-Identifier: MIT */
#include "phc2shm/core/ptp4l.h"

#include <string.h>

/* IEEE 1588-2008: table 18 (header), table 37 (management), table 38 (actions), 15.5.2 (TLV) */
#define TYPE_MANAGEMENT	   0x0d
#define VERSION		   2
#define CONTROL_MANAGEMENT 4
#define INTERVAL_NONE	   0x7f
#define ACTION_GET	   0
#define ACTION_RESPONSE	   2
#define TLV_MANAGEMENT	   1
#define AT_LENGTH	   2
#define AT_DOMAIN	   4
#define AT_SEQUENCE	   30
#define AT_CONTROL	   32
#define AT_INTERVAL	   33
#define AT_TARGET	   34
#define TARGET_SIZE	   10
#define AT_ACTION	   46
#define AT_TLV		   48
#define AT_TLV_LENGTH	   50
#define AT_ID		   52
#define AT_DATA		   54
#define TIME_DATA_SIZE	   4
#define PORT_DATA_SIZE	   26
#define PORT_STATE	   10 /* after the port's identity */
#define STATE_MASTER	   6
#define STATE_SLAVE	   9
#define FLAG_LEAP61	   0x01
#define FLAG_LEAP59	   0x02
#define FLAG_PTP_TIMESCALE 0x08

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned int v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void ptp4l_init(struct ptp4l *p, int domain, int transport)
{
	memset(p, 0, sizeof(*p));
	p->domain = domain;
	p->transport = transport;
}

bool ptp4l_wants_ask(struct ptp4l *p, int64_t now_ns)
{
	if (now_ns < p->next_ask_ns)
		return false;
	/* All ports have answered by now, those that are neither master nor slave too. */
	if (p->answered)
		p->in_sync = p->active;
	p->answered = p->active = false;
	p->next_ask_ns = ts_sat_add(
		now_ns, (p->in_sync && p->has_scale ? PTP4L_ASK_S : PTP4L_WAITING_S) * NS_PER_S);
	return true;
}

void ptp4l_request(struct ptp4l *p, enum ptp4l_set set, uint8_t ret[PTP4L_REQUEST_SIZE])
{
	memset(ret, 0, PTP4L_REQUEST_SIZE);
	ret[0] = (uint8_t)(p->transport << 4 | TYPE_MANAGEMENT);
	ret[1] = VERSION;
	put16(ret + AT_LENGTH, PTP4L_REQUEST_SIZE);
	ret[AT_DOMAIN] = (uint8_t)p->domain;
	put16(ret + AT_SEQUENCE, p->sequence++);
	ret[AT_CONTROL] = CONTROL_MANAGEMENT;
	ret[AT_INTERVAL] = INTERVAL_NONE;
	memset(ret + AT_TARGET, 0xff, TARGET_SIZE);
	ret[AT_ACTION] = ACTION_GET;
	put16(ret + AT_TLV, TLV_MANAGEMENT);
	put16(ret + AT_TLV_LENGTH, AT_DATA - AT_ID);
	put16(ret + AT_ID, (unsigned int)set);
}

static void take_scale(struct ptp4l *p, const uint8_t *data)
{
	int flags = data[2];

	p->has_scale = true;
	p->leap = 0;
	p->utc_offset_s = 0;
	if (!(flags & FLAG_PTP_TIMESCALE))
		return;
	p->utc_offset_s = (int16_t)get16(data);
	if (flags & FLAG_LEAP61)
		p->leap = 1;
	else if (flags & FLAG_LEAP59)
		p->leap = -1;
}

static void take_port(struct ptp4l *p, const uint8_t *data, int64_t now_ns)
{
	bool active = data[PORT_STATE] == STATE_MASTER || data[PORT_STATE] == STATE_SLAVE;

	p->heard_ns = now_ns;
	p->answered = true;
	p->active |= active;
	p->in_sync |= active;
}

bool ptp4l_take(struct ptp4l *p, const uint8_t *data, size_t size, int64_t now_ns)
{
	size_t length;

	if (size < AT_DATA || (data[0] & 0x0f) != TYPE_MANAGEMENT || (data[1] & 0x0f) != VERSION ||
		data[AT_DOMAIN] != p->domain || (data[AT_ACTION] & 0x0f) != ACTION_RESPONSE ||
		get16(data + AT_TLV) != TLV_MANAGEMENT)
		return false;
	length = get16(data + AT_TLV_LENGTH);
	if (length < AT_DATA - AT_ID || AT_ID + length > size)
		return false;
	length -= AT_DATA - AT_ID;
	switch (get16(data + AT_ID)) {
	case PTP4L_TIME_PROPERTIES:
		if (length < TIME_DATA_SIZE)
			return false;
		take_scale(p, data + AT_DATA);
		return true;
	case PTP4L_PORT:
		if (length < PORT_DATA_SIZE)
			return false;
		take_port(p, data + AT_DATA, now_ns);
		return true;
	default:
		return false;
	}
}

void ptp4l_gone(struct ptp4l *p, int64_t now_ns)
{
	p->in_sync = p->answered = p->active = false;
	p->next_ask_ns = ts_sat_add(now_ns, PTP4L_WAITING_S * NS_PER_S);
}

bool ptp4l_ready(const struct ptp4l *p, bool need_scale, int64_t now_ns)
{
	return p->in_sync && ts_sat_sub(now_ns, p->heard_ns) < PTP4L_SILENCE_S * NS_PER_S &&
	       (!need_scale || p->has_scale);
}
