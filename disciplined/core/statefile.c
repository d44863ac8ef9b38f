/* SPDX-License-Identifier: MIT */
#include "disciplined/core/statefile.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEADER	  "timebus-state 1\n"
#define BOOT	  "boot "
#define FS_OF_PPB 1e6
#define PS_OF_NS  1e3
/* No rate, nor a standard deviation of one, is beyond the schema's range; so it fits int64. */
#define SCALED_MAX 9e18

enum kind { KIND_I64, KIND_U64, KIND_U32, KIND_PPB, KIND_NS };

#define LINE(w, k, member)                                                                         \
	{                                                                                          \
		w, k, offsetof(struct saved_state, line.member)                                    \
	}

static const struct field {
	const char *word;
	enum kind kind;
	size_t offset;
} fields[] = {
	{"oscillator", KIND_U64, offsetof(struct saved_state, oscillator)},
	{"wander_fs_s", KIND_PPB, offsetof(struct saved_state, wander_ppb)},
	LINE("raw_ns", KIND_I64, raw_ns),
	LINE("utc_ns", KIND_I64, utc_ns),
	LINE("offset_ns", KIND_I64, offset_ns),
	LINE("offset_sd_ps", KIND_NS, offset_sd_ns),
	LINE("rate_fs_s", KIND_PPB, base_ppb),
	LINE("rate_sd_fs_s", KIND_PPB, skew_ppb),
	LINE("slew_rate_fs_s", KIND_PPB, rate_ppb),
	LINE("slew_end_raw_ns", KIND_I64, bend_raw_ns),
	LINE("leap_raw_ns", KIND_I64, leap_raw_ns),
	LINE("leap_step_ns", KIND_I64, leap_step_ns),
	LINE("bound_ns", KIND_I64, bound_ns),
	LINE("drift_fs_s", KIND_PPB, drift_ppb),
	LINE("void_raw_ns", KIND_I64, void_raw_ns),
	LINE("mode", KIND_U32, mode),
	LINE("status", KIND_U32, status),
	LINE("stratum", KIND_U32, stratum),
	LINE("refid", KIND_U32, refid),
	LINE("root_delay_ns", KIND_I64, root_delay_ns),
	LINE("root_dispersion_ns", KIND_I64, root_dispersion_ns),
	LINE("reference_utc_ns", KIND_I64, reference_utc_ns),
	LINE("disruption", KIND_U64, disruption),
	LINE("steps", KIND_U64, steps),
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))
_Static_assert(FIELDS <= 32, "one bit a field");

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(c->end - c->at) < length || memcmp(c->at, text, length) != 0)
		return false;
	c->at += length;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_boot(struct cursor *c, uint8_t boot[STATE_BOOT_SIZE])
{
	if (!take(c, BOOT) || c->end - c->at < 2 * STATE_BOOT_SIZE)
		return false;
	for (int i = 0; i < STATE_BOOT_SIZE; i++, c->at += 2) {
		int high = hex(c->at[0]), low = hex(c->at[1]);

		if (high < 0 || low < 0)
			return false;
		boot[i] = (uint8_t)(high << 4 | low);
	}
	return take(c, "\n");
}

static bool take_number(struct cursor *c, bool *ret_negative, uint64_t *ret)
{
	const char *from;
	uint64_t v = 0;

	*ret_negative = take(c, "-");
	for (from = c->at; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*c->at - '0'), &v))
			return false;
	*ret = v;
	return c->at > from && take(c, "\n");
}

static void put(void *at, const void *value, size_t size)
{
	memcpy(at, value, size);
}

static bool set(const struct field *f, bool negative, uint64_t v, struct saved_state *s)
{
	double scale = f->kind == KIND_PPB ? FS_OF_PPB : PS_OF_NS;
	double scaled = (negative ? -(double)v : (double)v) / scale;
	int64_t i64 = negative ? -(int64_t)v : (int64_t)v;
	uint32_t u32 = (uint32_t)v;
	char *at = (char *)s + f->offset;

	if (f->kind != KIND_U64 && v > INT64_MAX)
		return false;
	if ((f->kind == KIND_U64 || f->kind == KIND_U32) && negative)
		return false;
	if (f->kind == KIND_U32 && v > UINT32_MAX)
		return false;
	if (f->kind == KIND_U64)
		put(at, &v, sizeof(v));
	else if (f->kind == KIND_U32)
		put(at, &u32, sizeof(u32));
	else if (f->kind == KIND_I64)
		put(at, &i64, sizeof(i64));
	else
		put(at, &scaled, sizeof(scaled));
	return true;
}

/* One line; false: it is wrong. */
static bool take_line(struct cursor *c, uint32_t *seen, struct saved_state *s)
{
	const char *end = memchr(c->at, '\n', (size_t)(c->end - c->at));
	const char *blank = memchr(c->at, ' ', (size_t)(c->end - c->at));
	bool negative;
	uint64_t v;

	if (end == NULL || blank == NULL || blank > end)
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		size_t length = strlen(fields[i].word);

		if ((size_t)(blank - c->at) != length || memcmp(c->at, fields[i].word, length) != 0)
			continue;
		c->at = blank + 1;
		if (*seen & UINT32_C(1) << i || !take_number(c, &negative, &v))
			return false;
		*seen |= UINT32_C(1) << i;
		return set(&fields[i], negative, v, s);
	}
	c->at = end + 1;
	return true;
}

int state_parse(const char *text, size_t length, struct saved_state *ret)
{
	struct cursor c = {text, text + length};
	struct saved_state s = {.wander_ppb = 0};
	uint32_t seen = 0;

	if (!take(&c, HEADER) || !take_boot(&c, s.boot))
		return -EINVAL;
	while (c.at < c.end)
		if (!take_line(&c, &seen, &s))
			return -EINVAL;
	if (seen != (uint32_t)((UINT64_C(1) << FIELDS) - 1))
		return -EINVAL;
	if (shadow_line_check(&s.line) < 0 || !(s.wander_ppb >= 0 && s.wander_ppb <= 1e9))
		return -EINVAL;
	*ret = s;
	return 0;
}

static int write_field(const struct field *f, const struct saved_state *s, char *text, size_t size)
{
	const char *at = (const char *)s + f->offset;
	double value, scale = f->kind == KIND_PPB ? FS_OF_PPB : PS_OF_NS;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;

	switch (f->kind) {
	case KIND_U32:
		memcpy(&u32, at, sizeof(u32));
		return snprintf(text, size, "%s %" PRIu32 "\n", f->word, u32);
	case KIND_U64:
		memcpy(&u64, at, sizeof(u64));
		return snprintf(text, size, "%s %" PRIu64 "\n", f->word, u64);
	case KIND_I64:
		memcpy(&i64, at, sizeof(i64));
		return snprintf(text, size, "%s %" PRId64 "\n", f->word, i64);
	default:
		memcpy(&value, at, sizeof(value));
		i64 = (int64_t)fmax(-SCALED_MAX, fmin(SCALED_MAX, round(value * scale)));
		return snprintf(text, size, "%s %" PRId64 "\n", f->word, i64);
	}
}

size_t state_format(const struct saved_state *s, char text[STATE_TEXT_SIZE])
{
	size_t n = (size_t)snprintf(text, STATE_TEXT_SIZE, "%s%s", HEADER, BOOT);

	for (int i = 0; i < STATE_BOOT_SIZE; i++)
		n += (size_t)snprintf(text + n, STATE_TEXT_SIZE - n, "%02x", s->boot[i]);
	n += (size_t)snprintf(text + n, STATE_TEXT_SIZE - n, "\n");
	for (size_t i = 0; i < FIELDS; i++)
		n += (size_t)write_field(&fields[i], s, text + n, STATE_TEXT_SIZE - n);
	return n;
}

double state_rate_sd_ppb(const struct saved_state *s, double seconds, double least_ppb)
{
	double sd = fmax(s->line.skew_ppb, least_ppb);

	return sqrt(sd * sd + s->wander_ppb * s->wander_ppb * fmax(seconds, 0));
}
