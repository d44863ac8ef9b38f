/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "selectd/core/selectd_core.h"
#include "tests/sim/sim.h"

static void drain(struct sim *s)
{
	struct selectd_out out;

	while (selectd_next_out(s->select, &out)) {
		const struct msg_event *e = &out.m.u.event;

		if (out.m.kind == MSG_event)
			sim_tell(s, MEMBER_SELECT, out.code, e->source[0] ? e->source : NULL,
				e->value_ns, e->text);
		else
			sim_publish(s, MEMBER_SELECT, &out.m);
	}
}

static int by_seq(const void *a, const void *b)
{
	const struct msg *x = a, *y = b;

	if (strcmp(x->env.sender, y->env.sender) != 0)
		return strcmp(x->env.sender, y->env.sender);
	if ((x->kind == MSG_source) != (y->kind == MSG_source))
		return x->kind == MSG_source ? -1 : 1;
	return x->env.seq < y->env.seq ? -1 : x->env.seq > y->env.seq;
}

/* What publishers tell a late joiner: last source messages and samples, by number; the former
 * first, as selectd/stash.h has it. */
static void replay(struct sim *s)
{
	enum { MOST = (SIM_NODES + SIM_REFS) * (SIM_KEPT_SAMPLES + 1) };
	struct msg *all = calloc(MOST, sizeof(*all));
	size_t n = 0;

	for (int i = 0; all && i < SIM_NODES + SIM_REFS; i++) {
		if (s->kept->source[i].kind != MSG_NONE)
			all[n++] = s->kept->source[i];
		for (int k = 0; k < s->kept->samples[i] && k < SIM_KEPT_SAMPLES; k++)
			all[n++] = s->kept->sample[i][k];
	}
	qsort(all, n, sizeof(*all), by_seq);
	for (size_t i = 0; i < n; i++) {
		all[i].env.snapshot = true;
		selectd_on_message(s->select, &all[i], world_raw(&s->w));
	}
	free(all);
	drain(s);
}

void select_stage_start(struct sim *s)
{
	free(s->select);
	s->select = calloc(1, sizeof(*s->select));
	if (!s->select) {
		sim_wrong(s, "out of memory");
		return;
	}
	selectd_init(s->select, &s->sc->select);
	selectd_on_suspended(s->select, (struct ts_dur){s->w.slept_ns}, world_raw(&s->w));
	replay(s);
}

void select_stage_message(struct sim *s, const struct msg *m)
{
	selectd_on_suspended(s->select, (struct ts_dur){s->w.slept_ns}, world_raw(&s->w));
	selectd_on_message(s->select, m, world_raw(&s->w));
	drain(s);
}

void select_stage_restarted(struct sim *s, const char *publisher)
{
	selectd_on_restart(s->select, publisher, world_raw(&s->w));
}

struct ts_raw select_stage_deadline(const struct sim *s)
{
	return selectd_deadline(s->select);
}

void select_stage_expire(struct sim *s)
{
	selectd_on_suspended(s->select, (struct ts_dur){s->w.slept_ns}, world_raw(&s->w));
	selectd_on_deadline(s->select, world_raw(&s->w));
	drain(s);
}
