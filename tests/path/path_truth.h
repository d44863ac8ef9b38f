/* SPDX-License-Identifier: MIT */
/*
 * path_truth.h - true time at any instant of a recording, from its looks. For one program.
 *
 * Against CLOCK_REALTIME a look is as good as its bracket. The bend is undone exactly; what is left
 * of real minus raw is a line but for the kernel's rounding, so the looks of some seconds are
 * averaged (the narrower half), and drawn between. A PTP clock's cross timestamps are exact and are
 * taken as they are.
 */
#ifndef PATH_TRUTH_H
#define PATH_TRUTH_H

#include <stdio.h>
#include "common/io/oscillator_parse.h"
#include "tests/path/path_record.h"
#include "tests/path/path_series.h"

#define BLOCK_NS (4 * NS_PER_S)

struct recording {
	struct path_head head;
	struct path_entry *entry;
	int count;
};

static inline void load(struct recording *r, const char *path)
{
	FILE *file = fopen(path, "r");
	int room = 0;

	if (!file || fread(&r->head, sizeof(r->head), 1, file) != 1)
		log_fatal("%s", path);
	if (r->head.entry_size != sizeof(struct path_entry))
		log_fatalx("%s was written by another build", path);
	for (;;) {
		if (r->count == room) {
			room = room ? 2 * room : 4096;
			r->entry = realloc(r->entry, (size_t)room * sizeof(*r->entry));
			if (!r->entry)
				log_fatalx("out of memory");
		}
		if (fread(&r->entry[r->count], sizeof(*r->entry), 1, file) != 1)
			break;
		r->count++;
	}
	fclose(file);
}

struct truth {
	struct oscillator bend;
	bool bent;
	int64_t *at_ns;
	double *apart_ns; /* true minus kernel raw, from the first on */
	int64_t base_ns;
	int count;
};

/* The bend moves an instant slowly, so that a few turns find whence it came. */
static inline int64_t unbent(struct truth *t, int64_t raw_ns)
{
	int64_t k = raw_ns;

	for (int i = 0; t->bent && i < 8; i++)
		k += raw_ns - oscillator_at(&t->bend, k);
	return k;
}

static inline int64_t truth_at(struct truth *t, int64_t raw_ns)
{
	int64_t k = unbent(t, raw_ns);
	int low = 0, high = t->count - 1;
	double share;

	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (t->at_ns[middle] <= k)
			low = middle;
		else
			high = middle;
	}
	share = (double)(k - t->at_ns[low]) / (double)(t->at_ns[high] - t->at_ns[low]);
	return k + t->base_ns +
	       llround(t->apart_ns[low] + share * (t->apart_ns[high] - t->apart_ns[low]));
}

static inline void truth_point(struct truth *t, double at_ns, double apart_ns)
{
	t->at_ns = realloc(t->at_ns, (size_t)(t->count + 1) * sizeof(*t->at_ns));
	t->apart_ns = realloc(t->apart_ns, (size_t)(t->count + 1) * sizeof(*t->apart_ns));
	if (!t->at_ns || !t->apart_ns)
		log_fatalx("out of memory");
	t->at_ns[t->count] = llround(at_ns);
	t->apart_ns[t->count++] = apart_ns;
}

static inline bool is_exact(const struct recording *r)
{
	for (int i = 0; i < r->count; i++)
		if (r->entry[i].what == PATH_LOOK)
			return r->entry[i].u.look.true_ns != r->entry[i].u.look.real_ns;
	return false;
}

static inline double narrow_enough(const struct recording *r)
{
	struct series width = {0};
	double q;

	for (int i = 0; i < r->count; i++)
		if (r->entry[i].what == PATH_LOOK)
			push(&width, (double)r->entry[i].u.look.width_ns);
	q = quantile(&width, 0.5);
	free(width.v);
	return q;
}

static inline void find_truth(struct truth *t, const struct recording *r)
{
	double width = narrow_enough(r), sum_at = 0, sum_apart = 0, n = 0;
	bool exact = is_exact(r);
	int64_t start = 0;
	char error[200];

	t->bent = r->head.bend[0] != '\0';
	if (t->bent && oscillator_parse(&t->bend, r->head.bend, error, sizeof(error)) < 0)
		log_fatalx("%s", error);
	for (int i = 0; i < r->count; i++) {
		const struct path_look *l = &r->entry[i].u.look;
		int64_t k;

		if (r->entry[i].what != PATH_LOOK || (!exact && (double)l->width_ns > width))
			continue;
		k = unbent(t, l->raw_ns);
		if (t->base_ns == 0)
			t->base_ns = l->true_ns - k;
		if (n > 0 && (exact || k - start > BLOCK_NS)) {
			truth_point(t, (double)start + sum_at / n, sum_apart / n);
			n = sum_at = sum_apart = 0;
		}
		if (n == 0)
			start = k;
		sum_at += (double)(k - start);
		sum_apart += (double)(l->true_ns - k - t->base_ns);
		n++;
	}
	if (t->count < 2)
		log_fatalx("too short a recording");
}

#endif
