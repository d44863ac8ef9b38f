/* SPDX-License-Identifier: MIT */
#include "ntpexchd/nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <math.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "common/core/bytes.h"

#define FRAME_HEADERS_V4 42 /* Ethernet, IP without options, UDP */
#define FRAME_HEADERS_V6 62
#define FRAME_CHECKSUM	 4
#define SPEED_NS	 (16 * NS_PER_S)
/* The kernel's stamp is some microseconds from the card's, milliseconds on a busy machine; a card's
 * stamp farther away is of another packet, or its clock was set. */
#define APART_NS NS_PER_S
/* Kernel stamps are good to about as much. */
#define SD_MAX_NS 1000.0

static struct ts_raw now_of(const struct nics *n)
{
	return door_raw(host_door(n->host));
}

/* ---- interfaces ---- */

/* ioctl() on an interface. 0 or negative errno. */
static int ask(const char *name, unsigned long request, void *data, int *ret_index)
{
	struct ifreq r;
	int fd = udp_plain_socket(AF_INET), rc;

	if (fd < 0)
		return fd;
	memset(&r, 0, sizeof r);
	(void)str_copy(r.ifr_name, sizeof r.ifr_name, name);
	r.ifr_data = data;
	rc = ioctl(fd, request, &r) < 0 ? -errno : 0;
	close(fd);
	if (rc == 0 && ret_index)
		*ret_index = r.ifr_ifindex;
	return rc;
}

static int choose_filter(const struct config_nic *config, uint32_t can)
{
	bool all = can & 1u << HWTSTAMP_FILTER_ALL, ntp = can & 1u << HWTSTAMP_FILTER_NTP_ALL;

	if (strcmp(config->rxfilter, "none") == 0)
		return HWTSTAMP_FILTER_NONE;
	if (strcmp(config->rxfilter, "ntp") == 0)
		return HWTSTAMP_FILTER_NTP_ALL;
	if (strcmp(config->rxfilter, "ptp") == 0)
		return HWTSTAMP_FILTER_PTP_V2_L4_EVENT;
	if (strcmp(config->rxfilter, "all") == 0)
		return HWTSTAMP_FILTER_ALL;
	return ntp ? HWTSTAMP_FILTER_NTP_ALL : all ? HWTSTAMP_FILTER_ALL : HWTSTAMP_FILTER_NONE;
}

/* Switches stamping on. Also well where somebody else did, and we may not. */
static int switch_on(const struct config_nic *config, int filter)
{
	struct hwtstamp_config want = {.tx_type = HWTSTAMP_TX_ON, .rx_filter = filter};
	struct hwtstamp_config have = {0};
	int r = ask(config->name, SIOCSHWTSTAMP, &want, NULL);

	if (r == 0 || ask(config->name, SIOCGHWTSTAMP, &have, NULL) < 0)
		return r;
	return have.tx_type == HWTSTAMP_TX_ON && have.rx_filter == filter ? 0 : r;
}

static void learn_speed(struct nic *nic, struct ts_raw now)
{
	struct ethtool_cmd cmd = {.cmd = ETHTOOL_GSET};
	uint32_t speed = 0;

	nic->next_speed = ts_raw_add(now, (struct ts_dur){SPEED_NS});
	if (ask(nic->config.name, SIOCETHTOOL, &cmd, NULL) == 0)
		speed = ethtool_cmd_speed(&cmd);
	nic->speed_mbps = speed > 0 && speed < INT32_MAX ? (int)speed : 0;
}

/* 0 or negative errno with a reason. */
static int open_nic(const struct config_nic *config, struct nic *nic, const char **ret_why)
{
	static const uint32_t needs = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE |
				      SOF_TIMESTAMPING_RAW_HARDWARE;
	struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
	char error[PHC_ERROR_SIZE];
	int r;

	memset(nic, 0, sizeof *nic);
	nic->config = *config;
	*ret_why = "no such interface";
	r = ask(config->name, SIOCGIFINDEX, NULL, &nic->index);
	if (r < 0)
		return r;
	*ret_why = "it cannot stamp packets";
	r = ask(config->name, SIOCETHTOOL, &info, NULL);
	if (r < 0 || (info.so_timestamping & needs) != needs || info.phc_index < 0)
		return r < 0 ? r : -EOPNOTSUPP;
	*ret_why = "its stamps cannot be switched on (needs CAP_NET_ADMIN, or somebody who did it)";
	r = switch_on(config, choose_filter(config, info.rx_filters));
	if (r < 0)
		return r;
	*ret_why = "its clock cannot be opened";
	r = phc_open(config->name, config->nocrossts, &nic->phc, error);
	if (r < 0)
		return r;
	hwclock_init(&nic->clock);
	nic->next_reading = nic->next_speed = (struct ts_raw){0};
	return 0;
}

static bool has(const struct nics *n, const char *name)
{
	for (int i = 0; i < n->count; i++)
		if (strcmp(n->nic[i].config.name, name) == 0)
			return true;
	return false;
}

static int add(struct nics *n, const struct config_nic *config, const char **ret_why)
{
	int r;

	if (has(n, config->name))
		return 0;
	*ret_why = "too many interfaces";
	if (n->count == NIC_MAX)
		return -ENOSPC;
	r = open_nic(config, &n->nic[n->count], ret_why);
	if (r < 0)
		return r;
	n->count++;
	log_info("%s stamps packets; its clock is %s", config->name, n->nic[n->count - 1].phc.path);
	return 0;
}

/* All that can. 0 if there is any. */
static int add_all(struct nics *n, const struct config_nic *config, const char **ret_why)
{
	struct if_nameindex *list = if_nameindex();
	struct config_nic one = *config;
	int r = -ENODEV;

	*ret_why = "no interface can stamp packets";
	for (struct if_nameindex *i = list; i && i->if_name; i++) {
		const char *why;

		(void)str_copy(one.name, sizeof one.name, i->if_name);
		if (add(n, &one, &why) == 0)
			r = 0;
	}
	if (list)
		if_freenameindex(list);
	return r;
}

static void open_missing(struct nics *n, struct ts_raw now)
{
	n->retry_at = TS_RAW_NEVER;
	for (int i = 0; i < n->config->nics; i++) {
		const struct config_nic *c = &n->config->nic[i];
		bool all = strcmp(c->name, "*") == 0;
		const char *why = "";
		int r = all ? add_all(n, c, &why) : add(n, c, &why);

		if (r == 0) {
			n->told[i] = false;
			continue;
		}
		n->retry_at = ts_raw_add(now, (struct ts_dur){NIC_RETRY_NS});
		if (!n->told[i])
			host_event(n->host, EVENT_config_error, NULL, 0,
				"hwtimestamp %s: %s (%s); stamps of the kernel are used", c->name,
				why, strerror(-r));
		n->told[i] = true;
	}
}

static void close_nic(struct nics *n, int i)
{
	phc_close(&n->nic[i].phc);
	memmove(&n->nic[i], &n->nic[i + 1], (size_t)(--n->count - i) * sizeof n->nic[0]);
}

void nics_start(struct nics *n, struct stage_host *host, const struct config *config)
{
	n->host = host;
	n->config = config;
	open_missing(n, now_of(n));
}

void nics_stop(struct nics *n)
{
	while (n->count > 0)
		close_nic(n, n->count - 1);
}

void nics_reload(struct nics *n, const struct config *config)
{
	nics_stop(n);
	memset(n->told, 0, sizeof n->told);
	n->config = config;
	open_missing(n, now_of(n));
}

bool nics_wanted(const struct nics *n)
{
	return n->config->nics > 0;
}

struct ts_raw nics_deadline(const struct nics *n)
{
	return n->retry_at;
}

void nics_expire(struct nics *n, struct ts_raw now)
{
	if (!ts_raw_before(now, n->retry_at))
		open_missing(n, now);
}

/* ---- clocks ---- */

/* NULL: not one of ours. An index of 0 means that the kernel did not say: the only one it can be.
 */
static struct nic *find(struct nics *n, int index)
{
	if (index == 0 && n->count == 1)
		return &n->nic[0];
	for (int i = 0; i < n->count; i++)
		if (n->nic[i].index == index)
			return &n->nic[i];
	return NULL;
}

static void lost(struct nics *n, struct nic *nic, struct ts_raw now)
{
	host_event(n->host, EVENT_source_missing, nic->config.name, 0,
		"%s: its clock is gone; stamps of the kernel are used", nic->config.name);
	close_nic(n, (int)(nic - n->nic));
	n->retry_at = ts_raw_min(n->retry_at, ts_raw_add(now, (struct ts_dur){NIC_RETRY_NS}));
}

/* Reads the card's clock if that is due. False: it is gone, and so is nic. */
static bool read_clock_of(struct nics *n, struct nic *nic, struct ts_raw now)
{
	int64_t system_ns, card_ns, interval = ts_dur_from_s(ldexp(1, nic->config.minpoll)).ns;
	struct door *door = host_door(n->host);
	struct phc_batch batch;
	int r;

	if (ts_raw_before(now, nic->next_reading))
		return true;
	/* Packets come a little sooner and later than their interval, and each may want one. */
	nic->next_reading = ts_raw_add(now, (struct ts_dur){interval - interval / 4});
	r = phc_read(&nic->phc, PHC_SCALE_RAW, PHC_BATCH_MAX, &batch);
	if (r == -ENODEV) {
		lost(n, nic, now);
		return false;
	}
	if (r == 0 && hwclock_combine(&batch, &system_ns, &card_ns) == 0)
		hwclock_add(&nic->clock,
			batch.scale == PHC_SCALE_RAW
				? door_raw_from_kernel(door, system_ns)
				: door_raw_from_real(door, (struct ts_utc){system_ns}, NULL),
			card_ns);
	if (!ts_raw_before(now, nic->next_speed))
		learn_speed(nic, now);
	return true;
}

/* A stamp of the card, moved by shift_ns, instead of the one at hand. */
static void convert(struct nics *n, struct nic *nic, int64_t card_ns, int64_t shift_ns,
	struct ts_raw *raw, enum stamp *stamp)
{
	struct ts_raw now = now_of(n), found;
	int64_t apart;
	double sd;

	if (hwclock_convert(&nic->clock, ts_sat_add(card_ns, shift_ns), now, &found, &sd) < 0 ||
		sd > SD_MAX_NS)
		return;
	apart = ts_raw_sub(*stamp == stamp_none ? now : *raw, found).ns;
	if (apart > APART_NS || apart < -APART_NS || found.ns > now.ns + NS_PER_MS)
		return;
	*raw = found;
	*stamp = stamp_hardware;
}

static int64_t frame_ns(const struct nic *nic, const struct udp_packet *packet)
{
	int64_t length = packet->frame_length;

	if (nic->speed_mbps == 0)
		return 0;
	if (length == 0)
		length = (int64_t)packet->size + (packet->from.any.sa_family == AF_INET6
								 ? FRAME_HEADERS_V6
								 : FRAME_HEADERS_V4);
	return (length + FRAME_CHECKSUM) * 8 * 1000 / nic->speed_mbps;
}

void nics_receive(struct nics *n, struct udp_packet *packet)
{
	struct nic *nic = packet->card_ns != 0 ? find(n, packet->card_interface) : NULL;

	if (!nic || !read_clock_of(n, nic, now_of(n)))
		return;
	convert(n, nic, packet->card_ns,
		frame_ns(nic, packet) - ts_dur_from_s(nic->config.rxcomp_s).ns, &packet->raw,
		&packet->stamp);
}

void nics_transmit(struct nics *n, struct udp_transmit *t)
{
	struct nic *nic = t->card_ns != 0 ? find(n, t->card_interface) : NULL;

	if (!nic || !read_clock_of(n, nic, now_of(n)))
		return;
	convert(n, nic, t->card_ns, ts_dur_from_s(nic->config.txcomp_s).ns, &t->raw, &t->stamp);
}
