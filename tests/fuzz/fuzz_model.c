/* SPDX-License-Identifier: MIT */
/*
 * Any messages that the codec lets through, in any order, with restarts in between: the model, the
 * tables, the log rows and the wait take them. A record is a byte for the sender and what is done,
 * two for a length, then topic, newline, body.
 */
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "monitord/core/chronylog.h"
#include "monitord/core/table.h"
#include "monitord/core/waitsync.h"
#include "tests/fuzz/input.h"

static struct model model;
static struct chronylog chronylog;
static char text_buffer[TABLE_TEXT_SIZE];

static void take(const uint8_t *data, size_t size, const char *sender)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct chronylog_row rows[CHRONYLOG_ROWS_MAX];
	char topic[MSG_TOPIC_SIZE] = "", error[MSG_ERROR_SIZE];
	struct msg m;
	int count;

	if (!end || (size_t)(end - data) >= sizeof(topic))
		return;
	memcpy(topic, data, (size_t)(end - data));
	if (msg_decode(topic, end + 1, size - (size_t)(end + 1 - data), &m, error) < 0)
		return;
	strcpy(m.env.sender, sender);
	model_message(&model, &m);
	must(model.source_count <= MODEL_SOURCES_MAX);
	count = chronylog_rows(&chronylog, &model, &m, rows);
	must(count >= 0 && count <= CHRONYLOG_ROWS_MAX);
	for (int i = 0; i < count; i++)
		must(strlen(rows[i].text) < sizeof(rows[i].text));
}

static void draw(int64_t now_ns)
{
	const struct waitsync_limits limits = {1e-3, 1e-3, 1, true};
	struct ts_raw now = {now_ns < 0 ? 0 : now_ns};
	void (*const tables[])(struct text *, const struct model *, struct ts_raw) = {table_status,
		table_summary, table_status_json, table_sources_json, table_sourcestats_json,
		table_events_json};
	struct text t;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		text_init(&t, text_buffer, sizeof(text_buffer));
		tables[i](&t, &model, now);
		must(!t.full && strlen(text_buffer) == t.length);
	}
	text_init(&t, text_buffer, sizeof(text_buffer));
	table_sources(&t, &model, now, true);
	table_sourcestats(&t, &model, true);
	table_events(&t, &model, now, MODEL_EVENTS_MAX);
	waitsync_line(&t, 1, &model, now);
	(void)waitsync_reached(&limits, &model, now);
	must(!t.full && strlen(text_buffer) == t.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct chronylog_options all = {{true, true, true, true, true}, true};
	int64_t now_ns = 0;

	model_init(&model);
	chronylog_init(&chronylog, &all);
	while (size >= 3) {
		const char *sender = model_daemon_names[data[0] % MODEL_DAEMONS];
		size_t length = (size_t)(data[1] << 8 | data[2]) % 2200;

		length = length < size - 3 ? length : size - 3;
		if (data[0] & 0x80)
			model_gap(&model, sender, data[0] & 0x40 ? 3 : 0);
		else
			take(data + 3, length, sender);
		if (length >= sizeof(now_ns))
			memcpy(&now_ns, data + 3 + length - sizeof(now_ns), sizeof(now_ns));
		data += 3 + length;
		size -= 3 + length;
	}
	draw(now_ns);
	draw(INT64_MAX);
	return 0;
}
