/* SPDX-License-Identifier: MIT */
#include "tests/sim/scenario.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/bytes.h"
#include "selectd/selectd.h"

#define WORDS_MAX 40

struct reader {
	struct scenario *s;
	const char *file;
	int line;
	char *word[WORDS_MAX + 1];
	int words;
	char text[1024];
};

struct key {
	const char *word;
	size_t offset;
};

#define KEY(type, field)                                                                           \
	{                                                                                          \
#field, offsetof(struct type, field)                                               \
	}

static const struct key osc_keys[] = {KEY(osc_config, freq_ppm), KEY(osc_config, wander),
	KEY(osc_config, white_ppb), KEY(osc_config, temp_ppb), KEY(osc_config, temp_period_s),
	{NULL, 0}};
static const struct key clock_keys[] = {KEY(clock_config, offset_ms),
	KEY(clock_config, residual_ppb), KEY(clock_config, width_ns), KEY(clock_config, delay_ms),
	{NULL, 0}};
static const struct key path_keys[] = {KEY(path_config, base_us), KEY(path_config, jitter_us),
	KEY(path_config, shape), KEY(path_config, burst_us), KEY(path_config, burst_on_s),
	KEY(path_config, burst_off_s), KEY(path_config, loss), KEY(path_config, duplicate),
	KEY(path_config, reorder), KEY(path_config, reorder_us), {NULL, 0}};
static const struct key node_keys[] = {KEY(node_config, offset_us), KEY(node_config, noise_us),
	KEY(node_config, stratum), KEY(node_config, delay_us), KEY(node_config, dispersion_us),
	KEY(node_config, process_us), KEY(node_config, depart_us), {NULL, 0}};
static const struct key ref_keys[] = {KEY(ref_config, offset_ns), KEY(ref_config, noise_ns),
	KEY(ref_config, width_ns), KEY(ref_config, latency_ms), {NULL, 0}};
static const struct key scenario_keys[] = {KEY(scenario, stamp_ns), KEY(scenario, lateness_us),
	KEY(scenario, false_grace_s), KEY(scenario, raw_grace_s), {NULL, 0}};

const char *const limit_names[LIMIT_COUNT] = {
#define X(name, doc) #name,
	LIMITS(X)
#undef X
};

static int wrong(const struct reader *r, const char *why, const char *word)
{
	fprintf(stderr, "%s:%d: %s%s%s\n", r->file, r->line, why, word ? " " : "",
		word ? word : "");
	return -1;
}

static int number(const struct reader *r, const char *word, double *ret)
{
	char *end;

	*ret = strtod(word, &end);
	if (end == word || *end || !isfinite(*ret))
		return wrong(r, "not a number:", word);
	return 0;
}

/* Seconds, or with one of s m h d behind it. */
static int duration(const struct reader *r, const char *word, int64_t *ret)
{
	static const struct {
		char unit;
		double s;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	double v = strtod(word, &end);

	for (size_t i = 0; end != word && i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].unit && (!*end || !end[1])) {
			*ret = llround(v * units[i].s * 1e9);
			return 0;
		}
	return wrong(r, "not a time:", word);
}

/* Key, value, key, value from word i on; ret_other is called for keys that are not numbers. */
static int pairs(const struct reader *r, int i, const struct key *keys, void *base,
	int (*other)(const struct reader *r, void *base, const char *key, const char *value))
{
	for (; i + 1 < r->words; i += 2) {
		const struct key *k = keys;
		double v;

		while (k->word && strcmp(k->word, r->word[i]) != 0)
			k++;
		if (!k->word) {
			if (!other || other(r, base, r->word[i], r->word[i + 1]) < 0)
				return other ? -1 : wrong(r, "unknown key", r->word[i]);
			continue;
		}
		if (number(r, r->word[i + 1], &v) < 0)
			return -1;
		memcpy((char *)base + k->offset, &v, sizeof(v));
	}
	return i == r->words ? 0 : wrong(r, "no value for", r->word[i]);
}

static int law_of(const struct reader *r, const char *key, const char *value, enum law *ret)
{
	static const char *const words[] = {
		"none", "exponential", "gaussian", "gamma", "uniform", "lognormal", "pareto"};

	if (strcmp(key, "law") != 0)
		return wrong(r, "unknown key", key);
	for (int i = 0; i < LAWS; i++)
		if (!strcmp(words[i], value)) {
			*ret = (enum law)i;
			return 0;
		}
	return wrong(r, "unknown law", value);
}

static int path_other(const struct reader *r, void *base, const char *key, const char *value)
{
	return law_of(r, key, value, &((struct path_config *)base)->law);
}

static int ref_other(const struct reader *r, void *base, const char *key, const char *value)
{
	return law_of(r, key, value, &((struct ref_config *)base)->law);
}

static int node_other(const struct reader *r, void *base, const char *key, const char *value)
{
	struct node_config *n = base;

	if (!strcmp(key, "leap"))
		n->announces = !strcmp(value, "yes");
	else if (!strcmp(key, "mono"))
		n->mono = !strcmp(value, "yes");
	else
		return wrong(r, "unknown key", key);
	return 0;
}

static struct node_config *node_of(struct reader *r, const char *name)
{
	struct scenario *s = r->s;
	struct node_config *n;

	for (int i = 0; i < s->nodes; i++)
		if (!strcmp(s->node[i].name, name))
			return &s->node[i];
	if (s->nodes == SIM_NODES)
		return NULL;
	n = &s->node[s->nodes++];
	str_copy(n->name, sizeof(n->name), name);
	n->stratum = 1;
	n->dispersion_us = 10;
	n->process_us = 20;
	n->announces = true;
	n->mono = true;
	for (int i = 0; i < 2; i++)
		n->path[i] =
			(struct path_config){.base_us = 100, .law = LAW_EXPONENTIAL, .shape = 2};
	return n;
}

static int on_node(struct reader *r)
{
	struct node_config *n = r->words > 1 ? node_of(r, r->word[1]) : NULL;

	return n ? pairs(r, 2, node_keys, n, node_other) : wrong(r, "which node?", NULL);
}

static int way_of(const char *word)
{
	return !strcmp(word, "there")  ? 1
	       : !strcmp(word, "back") ? 2
	       : !strcmp(word, "both") ? 3
				       : 0;
}

static int on_path(struct reader *r)
{
	struct node_config *n = r->words > 1 ? node_of(r, r->word[1]) : NULL;
	int way = r->words > 2 ? way_of(r->word[2]) : 0, rc = 0;

	if (!n)
		return wrong(r, "to which node?", NULL);
	for (int i = 0; i < 2 && rc == 0; i++)
		if ((way ? way : 3) & (1 << i))
			rc = pairs(r, way ? 3 : 2, path_keys, &n->path[i], path_other);
	return rc;
}

static int on_ref(struct reader *r)
{
	struct scenario *s = r->s;
	struct ref_config *ref = &s->ref[s->refs];

	if (r->words < 2 || s->refs == SIM_REFS)
		return wrong(r, "which refclock?", NULL);
	str_copy(ref->name, sizeof(ref->name), r->word[1]);
	ref->law = LAW_GAUSSIAN;
	ref->latency_ms = 150;
	s->refs++;
	return pairs(r, 2, ref_keys, ref, ref_other);
}

static int on_at(struct reader *r)
{
	static const struct {
		const char *word, *form; /* n name, w way, v value, t time, o optional value */
		enum at_kind kind;
	} kinds[] = {{"outage", "nt", AT_OUTAGE}, {"route", "nwv", AT_ROUTE},
		{"false", "nv", AT_FALSE}, {"jump", "v", AT_JUMP}, {"suspend", "to", AT_SUSPEND},
		{"rawjump", "v", AT_RAW_JUMP}, {"restart", "no", AT_RESTART},
		{"kill", "no", AT_KILL}, {"foreign", "v", AT_FOREIGN},
		{"foreignrate", "v", AT_FOREIGN_RATE}, {"reboot", "to", AT_REBOOT},
		{"leap", "nv", AT_LEAP}, {"unsync", "nv", AT_UNSYNC},
		{"disruption", "n", AT_DISRUPTION}, {"slew", "nvo", AT_SLEW}};
	struct at *a = &r->s->at[r->s->ats];
	const char *form = NULL;
	int64_t ns;
	int i = 3;

	if (r->words < 3 || r->s->ats == SIM_ATS || duration(r, r->word[1], &a->t) < 0)
		return wrong(r, "at TIME WHAT ...", NULL);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (!strcmp(kinds[k].word, r->word[2])) {
			form = kinds[k].form;
			a->kind = kinds[k].kind;
		}
	if (!form)
		return wrong(r, "nothing that can happen:", r->word[2]);
	for (; *form; form++, i++) {
		if (i >= r->words) {
			if (*form == 'o')
				break;
			return wrong(r, "too few words", NULL);
		}
		if (*form == 'n')
			str_copy(a->name, sizeof(a->name), r->word[i]);
		else if (*form == 'w')
			a->way = way_of(r->word[i]);
		else if (*form == 'o' && number(r, r->word[i], &a->value2) < 0)
			return -1;
		else if (*form == 'v' && number(r, r->word[i], &a->value) < 0)
			return -1;
		else if (*form == 't') {
			if (duration(r, r->word[i], &ns) < 0)
				return -1;
			a->value = (double)ns * 1e-9;
		}
	}
	r->s->ats++;
	return i >= r->words ? 0 : wrong(r, "too many words", NULL);
}

static int on_limit(struct reader *r)
{
	if (r->words != 3)
		return wrong(r, "limit NAME VALUE", NULL);
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (!strcmp(limit_names[i], r->word[1]))
			return number(r, r->word[2], &r->s->limit[i]);
	return wrong(r, "unknown limit", r->word[1]);
}

static int on_expect(struct reader *r)
{
	struct expect *e = &r->s->expect[r->s->expects];
	double least = 1, most = 1e9;

	if (r->words < 2 || r->words > 4 || r->s->expects == SIM_EXPECT)
		return wrong(r, "expect EVENT [LEAST [MOST]]", NULL);
	if ((r->words > 2 && number(r, r->word[2], &least) < 0) ||
		(r->words > 3 && number(r, r->word[3], &most) < 0))
		return -1;
	for (int i = 0; i < EVENT_CODES; i++)
		if (!strcmp(event_word((enum event_code)i), r->word[1])) {
			*e = (struct expect){(enum event_code)i, (int)least, (int)most};
			r->s->expects++;
			return 0;
		}
	return wrong(r, "unknown event", r->word[1]);
}

static bool knows(const struct directive *table, const char *word)
{
	for (; table->word; table++)
		if (!strcasecmp(table->word, word))
			return !table->ignored;
	return false;
}

static int on_config(struct reader *r, const char *rest)
{
	struct scenario *s = r->s;
	const struct {
		const struct directive *table;
		void *config;
	} owner[] = {{config_directives, &s->ntp}, {refclockd_directives, &s->refclock},
		{selectd_directives, &s->select}, {disciplined_directives, &s->discipline}};
	bool any = false;

	for (size_t i = 0; r->words > 1 && i < sizeof(owner) / sizeof(owner[0]); i++) {
		struct directive_parser p = {.table = owner[i].table,
			.config = owner[i].config,
			.file = r->file,
			.line = r->line};

		if (!knows(owner[i].table, r->word[1]))
			continue;
		any = true;
		if (directive_line(&p, rest) == DIRECTIVE_WRONG) {
			fprintf(stderr, "%s\n", p.error);
			return -1;
		}
	}
	return any ? 0 : wrong(r, "no such directive:", r->words > 1 ? r->word[1] : "");
}

static int on_leap(struct reader *r)
{
	if (r->words != 3)
		return wrong(r, "leap insert|remove|none TIME", NULL);
	r->s->leap = !strcmp(r->word[1], "insert")   ? leap_insert
		     : !strcmp(r->word[1], "remove") ? leap_remove
						     : leap_none;
	return duration(r, r->word[2], &r->s->leap_t);
}

static int on_line(struct reader *r, const char *line)
{
	const char *word = r->word[0];
	struct scenario *s = r->s;

	if (!strcmp(word, "title"))
		return str_copy(s->title, sizeof(s->title), line + 6), 0;
	if (!strcmp(word, "config"))
		return on_config(r, line + 7);
	if (!strcmp(word, "duration") && r->words == 2)
		return duration(r, r->word[1], &s->duration);
	if (!strcmp(word, "settle") && r->words == 2)
		return duration(r, r->word[1], &s->settle);
	if (!strcmp(word, "osc"))
		return pairs(r, 1, osc_keys, &s->osc, NULL);
	if (!strcmp(word, "clock"))
		return pairs(r, 1, clock_keys, &s->clock, NULL);
	if (!strcmp(word, "node"))
		return on_node(r);
	if (!strcmp(word, "path"))
		return on_path(r);
	if (!strcmp(word, "ref"))
		return on_ref(r);
	if (!strcmp(word, "at"))
		return on_at(r);
	if (!strcmp(word, "limit"))
		return on_limit(r);
	if (!strcmp(word, "expect"))
		return on_expect(r);
	if (!strcmp(word, "leap"))
		return on_leap(r);
	if (!strcmp(word, "stamps") && r->words == 2) {
		s->stamps = !strcmp(r->word[1], "kernel") ? stamp_kernel
			    : !strcmp(r->word[1], "card") ? stamp_hardware
							  : stamp_daemon;
		return 0;
	}
	if (!strcmp(word, "drift") && r->words == 3) {
		s->has_drift = true;
		return number(r, r->word[1], &s->drift_ppm) < 0
			       ? -1
			       : number(r, r->word[2], &s->drift_skew_ppm);
	}
	return pairs(r, 0, scenario_keys, s, NULL);
}

static void split(struct reader *r, const char *line)
{
	char *save = NULL;

	r->words = 0;
	(void)snprintf(r->text, sizeof(r->text), "%s", line);
	for (char *w = strtok_r(r->text, " \t", &save); w && r->words < WORDS_MAX;
		w = strtok_r(NULL, " \t", &save))
		r->word[r->words++] = w;
}

static void defaults(struct scenario *s, const char *file)
{
	const char *base = strrchr(file, '/');

	memset(s, 0, sizeof(*s));
	str_copy(s->name, sizeof(s->name), base ? base + 1 : file);
	s->name[strcspn(s->name, ".")] = '\0';
	s->duration = 86400 * NS_PER_S;
	s->settle = 7200 * NS_PER_S;
	s->osc = (struct osc_config){.freq_ppm = -12, .wander = 1e-9, .temp_period_s = 86400};
	s->clock = (struct clock_config){.offset_ms = 20, .width_ns = 60};
	s->stamp_ns = 30;
	s->lateness_us = 60;
	s->stamps = stamp_kernel;
	s->leap_t = INT64_MAX;
	for (int i = 0; i < LIMIT_COUNT; i++)
		s->limit[i] = NAN;
	s->limit[LIMIT_violations] = 0;
	s->limit[LIMIT_false_weight] = 0;
	directive_defaults(config_directives, &s->ntp);
	directive_defaults(refclockd_directives, &s->refclock);
	directive_defaults(selectd_directives, &s->select);
	directive_defaults(disciplined_directives, &s->discipline);
}

int scenario_load(const char *file, struct scenario *ret)
{
	struct reader r = {.s = ret, .file = file};
	FILE *f = fopen(file, "r");
	char line[1024];
	int rc = 0;

	if (!f) {
		perror(file);
		return -1;
	}
	defaults(ret, file);
	while (rc == 0 && fgets(line, sizeof(line), f)) {
		r.line++;
		line[strcspn(line, "#\n")] = '\0';
		split(&r, line);
		if (r.words > 0)
			rc = on_line(&r, line);
	}
	fclose(f);
	return rc;
}
