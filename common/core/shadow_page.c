/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "common/core/shadow_page.h"

#define WORDS (sizeof(struct shadow_line) / sizeof(uint64_t))
#define TRIES 1000

#define AT(type, field, offset)                                                                    \
	_Static_assert(offsetof(struct type, field) == (offset), #field " moved")

AT(shadow_page, size, 8);
AT(shadow_page, version, 12);
AT(shadow_page, generation, 16);
AT(shadow_page, oscillator, 24);
AT(shadow_page, boot_id, 32);
AT(shadow_page, slot, 64);
AT(shadow_line, bend_raw_ns, 24);
AT(shadow_line, leap_raw_ns, 40);
AT(shadow_line, bound_ns, 56);
AT(shadow_line, void_raw_ns, 72);
AT(shadow_line, mode, 88);
AT(shadow_line, tai_s, 100);
AT(shadow_line, refid, 108);
AT(shadow_line, reference_utc_ns, 128);
AT(shadow_line, steps, 144);
AT(shadow_line, offset_sd_ns, 160);
_Static_assert(sizeof(struct shadow_line) == 192, "slot size");
_Static_assert(sizeof(struct shadow_page) == SHADOW_PAGE_SIZE, "page size");

/* rate_ppb over a duration, rounded; saturates so that no line can trap the conversion. */
static int64_t gain_ns(int64_t duration_ns, double rate_ppb)
{
	double gain = (double)duration_ns * rate_ppb * 1e-9;

	if (!(fabs(gain) < 9e18))
		return isnan(gain) ? 0 : gain < 0 ? INT64_MIN : INT64_MAX;
	return llround(gain);
}

static int64_t slewed_utc_ns(const struct shadow_line *line, int64_t raw_ns)
{
	int64_t bend_ns = line->bend_raw_ns > line->raw_ns ? line->bend_raw_ns : line->raw_ns;
	int64_t until_ns = raw_ns < bend_ns ? raw_ns : bend_ns;
	int64_t first_ns = ts_sat_sub(until_ns, line->raw_ns);
	int64_t rest_ns = ts_sat_sub(raw_ns, until_ns);
	int64_t gain =
		ts_sat_add(gain_ns(first_ns, line->rate_ppb), gain_ns(rest_ns, line->base_ppb));

	return ts_sat_add(ts_sat_add(line->utc_ns, ts_sat_sub(raw_ns, line->raw_ns)), gain);
}

struct ts_utc shadow_line_utc(const struct shadow_line *line, struct ts_raw raw)
{
	int64_t utc_ns = slewed_utc_ns(line, raw.ns);

	if (line->leap_raw_ns != SHADOW_NEVER && raw.ns >= line->leap_raw_ns)
		utc_ns = ts_sat_add(utc_ns, line->leap_step_ns);
	return (struct ts_utc){utc_ns};
}

struct ts_raw shadow_line_when(const struct shadow_line *line, struct ts_utc utc)
{
	struct ts_line piece = {{line->raw_ns}, {line->utc_ns}, line->rate_ppb};

	if (line->bend_raw_ns == SHADOW_NEVER || line->bend_raw_ns <= line->raw_ns ||
		utc.ns <= slewed_utc_ns(line, line->bend_raw_ns)) {
		if (line->bend_raw_ns <= line->raw_ns)
			piece.rate_ppb = line->base_ppb;
		return ts_line_when(&piece, utc);
	}
	piece.raw.ns = line->bend_raw_ns;
	piece.utc.ns = slewed_utc_ns(line, line->bend_raw_ns);
	piece.rate_ppb = line->base_ppb;
	return ts_line_when(&piece, utc);
}

double shadow_line_rate_ppb(const struct shadow_line *line, struct ts_raw raw)
{
	return raw.ns < line->bend_raw_ns ? line->rate_ppb : line->base_ppb;
}

int64_t shadow_line_bound_ns(const struct shadow_line *line, struct ts_raw raw)
{
	int64_t age_ns = ts_sat_sub(raw.ns, line->raw_ns);
	int64_t growth_ns;

	if (age_ns < 0)
		age_ns = ts_sat_sub(0, age_ns);
	growth_ns = gain_ns(age_ns, fabs(line->drift_ppb));
	return ts_sat_add(line->bound_ns, growth_ns);
}

void shadow_line_time(const struct shadow_line *line, struct ts_raw raw, struct shadow_time *ret)
{
	int64_t bound_ns = shadow_line_bound_ns(line, raw);

	ret->utc = shadow_line_utc(line, raw);
	ret->earliest.ns = ts_sat_sub(ret->utc.ns, bound_ns);
	ret->latest.ns = ts_sat_add(ret->utc.ns, bound_ns);
	ret->status = (enum shadow_status)line->status;
	if (raw.ns >= line->void_raw_ns)
		ret->status = SHADOW_UNSYNCHRONISED;
}

static bool rate_possible(double rate_ppb)
{
	return fabs(rate_ppb) <= SHADOW_RATE_MAX_PPB; /* false for NaN */
}

static bool leap_possible(const struct shadow_line *line)
{
	return line->leap <= 3 && (line->leap_step_ns == 0 || line->leap_step_ns == NS_PER_S ||
					  line->leap_step_ns == -NS_PER_S);
}

int shadow_line_check(const struct shadow_line *line)
{
	if (line->raw_ns < 0 || line->utc_ns < 0 || line->bound_ns < 0)
		return -ERANGE;
	if (!rate_possible(line->rate_ppb) || !rate_possible(line->base_ppb))
		return -ERANGE;
	if (!(line->drift_ppb >= 0 && line->drift_ppb <= 1e9))
		return -ERANGE;
	if (!(line->skew_ppb >= 0 && line->skew_ppb <= 1e9) ||
		!(line->offset_sd_ns >= 0 && line->offset_sd_ns <= 1e18))
		return -ERANGE;
	if (line->mode > SHADOW_MODE_SHADOW || line->status > SHADOW_HOLDOVER)
		return -ERANGE;
	if (line->stratum > 16 || !leap_possible(line))
		return -ERANGE;
	if (line->root_delay_ns < 0 || line->root_dispersion_ns < 0 || line->reference_utc_ns < 0)
		return -ERANGE;
	return 0;
}

void shadow_page_init(struct shadow_page *page, uint64_t oscillator, const uint8_t boot_id[16])
{
	__atomic_store_n(&page->generation, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&page->magic, 0, __ATOMIC_SEQ_CST);
	memset(page->slot, 0, sizeof(page->slot));
	memset(page->zero2, 0, sizeof(page->zero2));
	page->size = SHADOW_PAGE_SIZE;
	page->version = SHADOW_PAGE_VERSION;
	page->slot_size = sizeof(struct shadow_line);
	page->zero1 = 0;
	page->oscillator = oscillator;
	memcpy(page->boot_id, boot_id, sizeof(page->boot_id));
	__atomic_store_n(&page->magic, SHADOW_PAGE_MAGIC, __ATOMIC_RELEASE);
}

void shadow_page_publish(struct shadow_page *page, const struct shadow_line *line)
{
	uint32_t next = __atomic_load_n(&page->generation, __ATOMIC_RELAXED) + 1;
	uint64_t *to, words[WORDS];

	if (next == 0)
		next = 2; /* 0 means "nothing yet"; the parity must go on alternating */
	memcpy(words, line, sizeof(words));
	to = (uint64_t *)(void *)&page->slot[next & 1];
	/* A reader that still copies this slot must see that generation moved on before it sees
	 * any new word. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (size_t i = 0; i < WORDS; i++)
		__atomic_store_n(&to[i], words[i], __ATOMIC_RELAXED);
	__atomic_store_n(&page->generation, next, __ATOMIC_RELEASE);
}

static int copy_slot(const struct shadow_page *page, struct shadow_line *ret)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t before = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
		const uint64_t *from = (const uint64_t *)(const void *)&page->slot[before & 1];
		uint64_t words[WORDS];

		if (before == 0)
			return -ENODATA;
		for (size_t w = 0; w < WORDS; w++)
			words[w] = __atomic_load_n(&from[w], __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&page->generation, __ATOMIC_RELAXED) == before) {
			memcpy(ret, words, sizeof(*ret));
			return 0;
		}
	}
	return -EAGAIN;
}

int shadow_page_read(const struct shadow_page *page, size_t mapped, struct shadow_line *ret)
{
	struct shadow_line line;
	int rc;

	if (mapped < sizeof(*page))
		return -EPROTO;
	if (__atomic_load_n(&page->magic, __ATOMIC_ACQUIRE) != SHADOW_PAGE_MAGIC)
		return -EPROTO;
	if (page->version != SHADOW_PAGE_VERSION || page->size != SHADOW_PAGE_SIZE ||
		page->slot_size != sizeof(struct shadow_line))
		return -EPROTO;
	rc = copy_slot(page, &line);
	if (rc == 0)
		rc = shadow_line_check(&line);
	if (rc == 0)
		*ret = line;
	return rc;
}
