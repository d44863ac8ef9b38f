/* SPDX-License-Identifier: MIT */
#include "selectd/core/intersect.h"

#include <assert.h>

struct edge {
	int64_t ns;
	int step; /* 1 an interval begins, -1 it ends after this point */
	bool trusted;
};

static bool edge_before(const struct edge *a, const struct edge *b)
{
	if (a->ns != b->ns)
		return a->ns < b->ns;
	return a->step > b->step; /* touching intervals overlap */
}

static int sort_edges(const struct interval *v, int n, struct edge *e)
{
	int count = 0;

	for (int i = 0; i < 2 * n; i++) {
		const struct interval *iv = &v[i / 2];
		struct edge new = {i % 2 ? iv->high_ns : iv->low_ns, i % 2 ? -1 : 1, iv->trusted};
		int k = count++;

		for (; k > 0 && edge_before(&new, &e[k - 1]); k--)
			e[k] = e[k - 1];
		e[k] = new;
	}
	return count;
}

static bool deeper(int trusted, int depth, const struct intersection *than)
{
	if (trusted != than->trusted_depth)
		return trusted > than->trusted_depth;
	return depth > than->depth;
}

static struct intersection greatest_overlap(const struct edge *e, int count)
{
	struct intersection r = {.depth = 0};
	int depth = 0, trusted = 0;

	for (int i = 0; i < count; i++) {
		bool at_best;

		if (e[i].step > 0) {
			depth++;
			trusted += e[i].trusted;
			if (deeper(trusted, depth, &r)) {
				r.depth = depth;
				r.trusted_depth = trusted;
				r.low_ns = e[i].ns;
			}
			continue;
		}
		at_best = depth == r.depth && trusted == r.trusted_depth;
		if (at_best)
			r.high_ns = e[i].ns;
		depth--;
		trusted -= e[i].trusted;
	}
	return r;
}

void intersect_run(struct interval *v, int n, struct intersection *ret)
{
	struct edge e[2 * INTERSECT_MAX];
	struct intersection r;
	int all_trusted = 0;

	assert(n >= 0 && n <= INTERSECT_MAX);
	r = greatest_overlap(e, sort_edges(v, n, e));
	for (int i = 0; i < n; i++)
		all_trusted += v[i].trusted;
	r.majority = all_trusted > 0 ? 2 * r.trusted_depth > all_trusted : 2 * r.depth > n;
	for (int i = 0; i < n; i++)
		v[i].agrees = r.majority && v[i].low_ns <= r.low_ns && v[i].high_ns >= r.high_ns;
	*ret = r;
}
