/* SPDX-License-Identifier: MIT */
/*
 * monitord_render FILE - tables and log rows from a recording.
 *
 * A recording is what `timebus tap` prints. Lines that begin with '#' are comments but for the
 * tap's own "# restart NAME" and "# gap NAME lost N". Lines that begin with '!' ask for a table as
 * it looks at a raw instant: "! status RAW_NS", also sources, sourcestats, events, summary, each
 * with -v or -json behind the word, and "! wait RAW_NS BOUND_S".
 *
 * monitord_render -s FILE writes the messages as a seed for tests/fuzz/fuzz_model.c instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "common/bus/schema.h"
#include "monitord/core/chronylog.h"
#include "monitord/core/table.h"
#include "monitord/core/waitsync.h"

struct render {
	struct model model;
	struct chronylog log;
	uint64_t boots[MODEL_DAEMONS];
	const char *file;
	int line;
	bool seed;
	char text[TABLE_TEXT_SIZE];
};

static void fail(const struct render *r, const char *what, const char *word)
{
	fprintf(stderr, "%s:%d: %s: %s\n", r->file, r->line, what, word);
	exit(2);
}

/* ---- one line of tap back into a message ---- */

/* Cuts the next word off; what stands in quotes keeps its blanks. NULL at the end. */
static char *next_word(char **rest)
{
	char *start = *rest + strspn(*rest, " \n"), *in = start, *out = start;
	bool quoted = false;

	if (!*start)
		return NULL;
	for (; *in && *in != '\n' && (quoted || *in != ' '); in++) {
		if (*in == '"')
			quoted = !quoted;
		else if (*in == '\\' && in[1])
			*out++ = *++in;
		else
			*out++ = *in;
	}
	*rest = *in ? in + 1 : in;
	*out = '\0';
	return start;
}

static void set_word(const struct render *r, const struct field *f, char *at, const char *value)
{
	for (unsigned int i = 0; i < f->words->count; i++) {
		if (!strcmp(f->words->words[i], value)) {
			memcpy(at, &i, sizeof(i));
			return;
		}
	}
	fail(r, "unknown word", value);
}

static void set_field(const struct render *r, const struct field *f, void *body, const char *value)
{
	char *at = (char *)body + f->offset;
	int64_t integer;
	double number;

	switch (f->type) {
	case FIELD_I64:
		integer = strtoll(value, NULL, 10);
		memcpy(at, &integer, sizeof(integer));
		break;
	case FIELD_F64:
		number = strtod(value, NULL);
		memcpy(at, &number, sizeof(number));
		break;
	case FIELD_STR:
		snprintf(at, f->size, "%s", value);
		break;
	case FIELD_BOO:
		*(bool *)at = !strcmp(value, "yes");
		break;
	case FIELD_ENU:
		set_word(r, f, at, value);
		break;
	}
}

static const char *sender_of(const struct msg *m)
{
	switch (m->kind) {
	case MSG_sample:
		return m->u.sample.kind == source_kind_ntp ? "ntpexchd" : "refclockd";
	case MSG_source:
		return m->u.source.kind == source_kind_ntp ? "ntpexchd" : "refclockd";
	case MSG_verdict:
	case MSG_estimate:
		return "selectd";
	case MSG_hello:
		return m->u.hello.daemon;
	default:
		return "disciplined";
	}
}

static void set_pair(const struct render *r, const struct kind_schema *s, struct msg *m, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		fail(r, "not NAME=VALUE", word);
	*value++ = '\0';
	if (!strcmp(word, "seq")) {
		m->env.seq = strtoull(value, NULL, 10);
		return;
	}
	if (!strcmp(word, "snap")) {
		m->env.snapshot = !strcmp(value, "yes");
		return;
	}
	for (unsigned int i = 0; i < s->count; i++) {
		if (!strcmp(s->fields[i].name, word)) {
			set_field(r, &s->fields[i], &m->u, value);
			return;
		}
	}
	fail(r, "unknown field", word);
}

static void parse(const struct render *r, char *line, struct msg *ret)
{
	struct msg m = {.env = {.boot = 1, .seq = 1}};
	const char *topic = next_word(&line);
	const struct kind_schema *s;
	char error[MSG_ERROR_SIZE], *word;

	m.kind = schema_kind_of_topic(topic);
	s = schema_kind(m.kind);
	if (!s)
		fail(r, "unknown topic", topic);
	if (s->named)
		set_field(r, &s->fields[0], &m.u, topic + strlen(s->topic));
	while ((word = next_word(&line)) != NULL)
		set_pair(r, s, &m, word);
	snprintf(m.env.sender, sizeof(m.env.sender), "%s", sender_of(&m));
	if (model_daemon_index(m.env.sender) >= 0)
		m.env.boot += r->boots[model_daemon_index(m.env.sender)];
	if (msg_check(&m, error) < 0)
		fail(r, "message", error);
	*ret = m;
}

/* ---- what to do with it ---- */

/* A record as fuzz_model.c reads it. */
static void write_seed(const struct msg *m)
{
	unsigned char body[MSG_BYTES_MAX];
	char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE];
	int n = msg_encode(m, body, sizeof(body), error), length;

	if (n < 0 || msg_topic(m, topic) < 0)
		return;
	length = (int)strlen(topic) + 1 + n;
	printf("%c%c%c%s\n", model_daemon_index(m->env.sender), length >> 8, length & 0xff, topic);
	fwrite(body, 1, (size_t)n, stdout);
}

static void take(struct render *r, char *line)
{
	struct chronylog_row rows[CHRONYLOG_ROWS_MAX];
	struct msg m;
	int count;

	parse(r, line, &m);
	if (r->seed) {
		write_seed(&m);
		return;
	}
	model_message(&r->model, &m);
	count = chronylog_rows(&r->log, &r->model, &m, rows);
	for (int i = 0; i < count; i++)
		printf("%s: %s\n", chronylog_name(rows[i].file), rows[i].text);
}

static void draw(struct render *r, const char *what, struct ts_raw now, double bound_s)
{
	const struct model *m = &r->model;
	const struct waitsync_limits limits = {.bound_s = bound_s};
	struct text t;

	text_init(&t, r->text, sizeof(r->text));
	if (!strcmp(what, "status"))
		table_status(&t, m, now);
	else if (!strcmp(what, "status-json"))
		table_status_json(&t, m, now);
	else if (!strcmp(what, "sources") || !strcmp(what, "sources-v"))
		table_sources(&t, m, now, what[7] != '\0');
	else if (!strcmp(what, "sources-json"))
		table_sources_json(&t, m, now);
	else if (!strcmp(what, "sourcestats") || !strcmp(what, "sourcestats-v"))
		table_sourcestats(&t, m, what[11] != '\0');
	else if (!strcmp(what, "sourcestats-json"))
		table_sourcestats_json(&t, m, now);
	else if (!strcmp(what, "events"))
		table_events(&t, m, now, MODEL_EVENTS_MAX);
	else if (!strcmp(what, "events-json"))
		table_events_json(&t, m, now);
	else if (!strcmp(what, "summary"))
		table_summary(&t, m, now);
	else if (!strcmp(what, "wait"))
		waitsync_line(&t, 1, m, now);
	else
		fail(r, "unknown table", what);
	if (!strcmp(what, "wait"))
		waitsync_why(&t, &limits, m, now);
	printf("---- %s at %" PRId64 "\n%s%s", what, now.ns, r->text,
		t.length > 0 && r->text[t.length - 1] == '\n' ? "" : "\n");
}

static void ask(struct render *r, const char *line)
{
	struct ts_raw now = {0};
	double bound_s = 0;
	char what[32];

	if (sscanf(line, "! %31s %" SCNd64 " %lf", what, &now.ns, &bound_s) < 2)
		fail(r, "not \"! TABLE RAW_NS\"", line);
	draw(r, what, now, bound_s);
}

static void comment(struct render *r, const char *line)
{
	char name[32];
	uint64_t lost;

	if (sscanf(line, "# restart %31s", name) == 1) {
		model_gap(&r->model, name, 0);
		if (model_daemon_index(name) >= 0)
			r->boots[model_daemon_index(name)]++;
	} else if (sscanf(line, "# gap %31s lost %" SCNu64, name, &lost) == 2)
		model_gap(&r->model, name, lost);
	else if (sscanf(line, "# absent %31s", name) == 1)
		model_present(&r->model, name, false);
}

int main(int argc, char **argv)
{
	struct chronylog_options options = {.raw_measurements = true};
	struct render *r = calloc(1, sizeof(*r));
	char line[8192];
	FILE *f;

	if (!r || argc < 2 || argc > 3)
		return 2;
	r->seed = argc == 3 && !strcmp(argv[1], "-s");
	r->file = argv[argc - 1];
	f = fopen(r->file, "r");
	if (!f)
		fail(r, "cannot be read", r->file);
	for (int i = 0; i < CHRONYLOG_FILES; i++)
		options.wanted[i] = true;
	model_init(&r->model);
	chronylog_init(&r->log, &options);
	while (fgets(line, sizeof(line), f)) {
		r->line++;
		if (line[0] == '#')
			comment(r, line);
		else if (line[0] == '!' && !r->seed)
			ask(r, line);
		else if (line[0] != '\n' && line[0] != '!')
			take(r, line);
	}
	fclose(f);
	free(r);
	return 0;
}
