/* SPDX-License-Identifier: MIT */
/*
 * vmclock_tool.c - a hypervisor's VMClock page in a file, written anew ten times a second.
 *
 *   vmclock_tool FILE RAWNS,REALNS CONTROL
 *
 * The time is REALNS + (CLOCK_MONOTONIC_RAW - RAWNS) by the processor's time stamp counter, its
 * maximum error 4 us, a leap second announced. CONTROL is a file with any of marker=N,
 * generation=N, unsync.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define NS INT64_C(1000000000)

struct page {
	uint32_t magic, size;
	uint16_t version;
	uint8_t counter_id, time_type;
	uint32_t seq_count;
	uint64_t marker, flags;
	uint8_t pad[2], status, smearing;
	int16_t tai;
	uint8_t leap, shift;
	uint64_t counter, period, period_error, period_max, sec, frac, error, max_error, generation;
};
_Static_assert(sizeof(struct page) == 112, "layout of the kernel");

static uint64_t tsc(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#else
	return 0;
#endif
}

static int64_t raw_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

static void anchor(uint64_t *counter, int64_t *raw)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 20; i++) {
		int64_t a = raw_ns();
		uint64_t c = tsc();
		int64_t b = raw_ns();

		if (b - a >= best)
			continue;
		best = b - a;
		*raw = a + best / 2;
		*counter = c;
	}
}

static uint64_t word(const char *text, const char *name, uint64_t fallback)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strlen(name), NULL, 10) : fallback;
}

static void write_page(struct page *p, uint64_t counter, int64_t real, double hz, const char *text)
{
	__atomic_store_n(&p->seq_count, p->seq_count | 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	p->counter_id = 1;
	p->marker = word(text, "marker=", 1);
	p->generation = word(text, "generation=", 1);
	p->flags = 1 << 4 | 1 << 6 | 1 << 8;
	p->status = strstr(text, "unsync") ? 1 : 2;
	p->leap = 1;
	p->shift = 20;
	p->period = (uint64_t)(19342813113834066795298816.0 / hz);
	p->counter = counter;
	p->sec = (uint64_t)(real / NS);
	p->frac = (uint64_t)((double)(real % NS) / 1e9 * 18446744073709551616.0);
	p->max_error = 4000;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&p->seq_count, p->seq_count + 1, __ATOMIC_SEQ_CST);
}

int main(int argc, char **argv)
{
	int64_t raw0, real0, raw1, raw;
	uint64_t counter1, counter;
	struct page *p;
	int fd;

	if (argc != 4 || sscanf(argv[2], "%" SCNd64 ",%" SCNd64, &raw0, &real0) != 2)
		return 1;
	anchor(&counter1, &raw1);
	usleep(200000);
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return 1;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return 1;
	p->size = 4096;
	p->version = 1;
	for (;;) {
		char text[100] = "";
		FILE *f = fopen(argv[3], "r");

		if (f) {
			text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
			fclose(f);
		}
		anchor(&counter, &raw);
		write_page(p, counter, real0 + raw - raw0,
			(double)(counter - counter1) * 1e9 / (double)(raw - raw1), text);
		p->magic = 0x4b4c4356;
		usleep(100000);
	}
}
