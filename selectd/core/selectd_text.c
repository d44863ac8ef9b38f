/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_core.h"

#include <stdarg.h>
#include <stdio.h>

struct page {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void put(struct page *p, const char *format, ...)
{
	va_list args;
	int n;

	if (p->used + 1 >= p->size)
		return;
	va_start(args, format);
	n = vsnprintf(p->text + p->used, p->size - p->used, format, args);
	va_end(args);
	if (n > 0)
		p->used += (size_t)n < p->size - p->used ? (size_t)n : p->size - p->used - 1;
}

static struct page page_of(char *text, size_t size)
{
	if (size > 0)
		text[0] = '\0';
	return (struct page){text, size, 0};
}

void selectd_print_status(const struct selectd *c, char *text, size_t size)
{
	struct page p = page_of(text, size);
	int sources = 0, heard = 0;

	for (int i = 0; i < c->top; i++) {
		sources += c->sources[i].used;
		heard += c->sources[i].used && c->sources[i].now.has_track;
	}
	put(&p, "%s, %d sources, %d heard, %d agree", msg_word_sync(c->status), sources, heard,
		c->sel.agreeing);
	if (c->status == sync_synchronised)
		put(&p, ", selected %s, error at most %.9f s", c->selected_name,
			1e-9 * (double)c->estimate.bound_ns);
}

void selectd_print_selection(const struct selectd *c, char *text, size_t size)
{
	struct page p = page_of(text, size);

	put(&p, "%-24s %-11s %-11s %3s %7s %6s %13s %13s %13s %13s\n", "source", "state", "reason",
		"n", "weight", "score", "offset_s", "low_s", "high_s", "distance_s");
	for (int i = 0; i < c->top; i++) {
		const struct source *s = &c->sources[i];
		const struct msg_verdict *v = &s->verdict;

		if (!s->used)
			continue;
		put(&p, "%-24s %-11s %-11s %3d %7.4f %6.2f %+13.9f %+13.9f %+13.9f %13.9f\n",
			s->name, msg_word_verdict_state(s->now.state),
			msg_word_verdict_reason(s->now.reason), s->now.track.samples, s->now.weight,
			s->score, 1e-9 * (double)v->offset_ns, 1e-9 * (double)v->low_ns,
			1e-9 * (double)v->high_ns, 1e-9 * s->now.distance_ns);
	}
}

void selectd_print_tracks(const struct selectd *c, char *text, size_t size)
{
	struct page p = page_of(text, size);
	char line[512];

	for (int i = 0; i < c->top; i++) {
		const struct source *s = &c->sources[i];

		if (!s->used)
			continue;
		track_dump(&s->track, line, sizeof(line));
		put(&p, "%s %s\n", s->name, line);
	}
}
