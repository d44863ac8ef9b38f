/* SPDX-License-Identifier: MIT */
/* docs/protocol.md, so that the page cannot say something else than the code does. */
#include <inttypes.h>
#include <stdio.h>
#include "common/bus/bus.h"
#include "common/bus/codec_private.h"
#include "common/bus/snapshot.h"

static const char intro[] =
	"<!-- Made from common/bus/schema.def, enums.def and events.def. Do not edit. -->\n"
	"# The messages of timebus\n"
	"\n"
	"Each daemon publishes on `ipc://<run directory>/<daemon>.pub` (ZeroMQ XPUB; subscribe "
	"with\n"
	"SUB). A message has two frames: the topic, and a body in MessagePack, one map with a "
	"name\n"
	"for each field. Whoever may reach the run directory may listen.\n"
	"\n"
	"- Read the fields you know and ignore the others; new ones may come. A field keeps its\n"
	"  meaning and its unit for good; a removed name is never used again.\n"
	"- Required fields are always there. An optional one is left out when it is 0, empty, "
	"false\n"
	"  or the first word of its enumeration.\n"
	"- Integers are in MessagePack's shortest form; a float field may come as an integer.\n"
	"  Strings are printable ASCII. Enumerations go by their words.\n"
	"- A body has at most %d bytes.\n"
	"- Everything else that is wrong (a missing, repeated or unprintable field, a value out "
	"of\n"
	"  range, NaN, a topic that does not follow from the content, nested containers in "
	"unknown\n"
	"  fields, bytes behind the map) makes a timebus program refuse the message.\n"
	"- Instants called `*_raw_ns` are of CLOCK_MONOTONIC_RAW, which nobody steers and which "
	"is\n"
	"  comparable over all programs of one machine until it reboots; `*_utc_ns` is POSIX "
	"time.\n"
	"\n"
	"## Late joiners, loss and restarts\n"
	"\n"
	"After a subscription the publisher sends, with `snap` set, what it keeps of the topics "
	"asked\n"
	"for, by ascending `seq`: the last message of each `source.`, `verdict.`, `estimate`, "
	"`clock`\n"
	"and `hello.` topic, the last %d samples of each source and the last %d events. All live\n"
	"messages that were sent later come behind it. It goes to all subscribers: drop what is "
	"not\n"
	"above the highest `seq` of that `boot`. `seq` counts over all messages of a publisher, so "
	"a\n"
	"hole tells of loss to those who subscribe to everything. A new `boot` is a restart. After "
	"a\n"
	"`source` message with `removed` nothing of that source is kept.\n"
	"\n"
	"A name of a source belongs to the daemon that used it first; timebus programs refuse it "
	"from\n"
	"another, as they refuse samples of NTP sources from anybody but ntpexchd, and a sender "
	"that is\n"
	"not the daemon at whose socket it was heard.\n"
	"\n"
	"## Control\n"
	"\n"
	"`ipc://<run directory>/<daemon>.ctl` (ROUTER; ask with REQ or DEALER): one frame a word, "
	"at\n"
	"most 16 of at most 256 printable characters. The answer has three frames: `ok` or "
	"`error`,\n"
	"the errno in decimal (0 for ok), and text.\n"
	"\n"
	"## Fields of every message\n"
	"\n"
	"| field | type | meaning |\n"
	"|---|---|---|\n"
	"| `v` | integer | version of this schema: %d. Others are refused |\n"
	"| `from` | string < %d | daemon that sent it |\n"
	"| `boot` | unsigned 64 bit | drawn at random at each start of the sender |\n"
	"| `seq` | unsigned 64 bit | 1, 2, 3 ... over all messages of that boot |\n"
	"| `sent_raw_ns` | integer, ns | when it was first sent |\n"
	"| `snap` | bool | part of a snapshot; left out when false |\n";

static void print_limit(FILE *f, int64_t v)
{
	if (v == INT64_MAX)
		fputs("2^63-1", f);
	else
		fprintf(f, "%" PRId64, v);
}

static void print_type(FILE *f, const struct field *field)
{
	switch (field->type) {
	case FIELD_I64:
		fputs("integer ", f);
		print_limit(f, field->i_min);
		fputs("..", f);
		print_limit(f, field->i_max);
		break;
	case FIELD_F64:
		fprintf(f, "float %g..%g", field->f_min, field->f_max);
		break;
	case FIELD_STR:
		fprintf(f, "string < %zu", field->size);
		break;
	case FIELD_BOO:
		fputs("bool", f);
		break;
	case FIELD_ENU:
		fprintf(f, "[%s](#words-of-%s)", field->words->name, field->words->name);
		break;
	}
}

static void print_kind(FILE *f, const struct kind_schema *s)
{
	fprintf(f, "\n## %s\n\nTopic `%s%s%s%s`: %s.\n\n", s->name, s->topic, s->named ? "<" : "",
		s->named ? s->fields[0].name : "", s->named ? ">" : "", s->doc);
	fputs("| field | needed | type | unit | meaning |\n|---|---|---|---|---|\n", f);
	for (unsigned int i = 0; i < s->count; i++) {
		const struct field *field = &s->fields[i];

		fprintf(f, "| `%s` | %s | ", field->name, field->required ? "yes" : "");
		print_type(f, field);
		fprintf(f, " | %s | ", field->unit);
		for (const char *p = field->doc; *p; p++)
			fprintf(f, *p == '|' ? "\\%c" : "%c", *p);
		fputs(" |\n", f);
	}
}

static void print_publishers(FILE *f)
{
	static const char *const names[] = {
		"refclockd", "ntpexchd", "selectd", "disciplined", "monitord"};

	fputs("\n## Who publishes what\n\n", f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fprintf(f, "- %s:", names[i]);
		for (int k = MSG_NONE + 1; k < MSG_KINDS; k++)
			if (bus_may_publish(names[i], (enum msg_kind)k))
				fprintf(f, " %s", schema_kind((enum msg_kind)k)->name);
		fputs("\n", f);
	}
}

void msg_print_protocol_page(void *stream)
{
	const struct enum_table *e;
	FILE *f = stream;

	fprintf(f, intro, MSG_BYTES_MAX, SNAPSHOT_SAMPLES, SNAPSHOT_EVENTS, MSG_SCHEMA_VERSION,
		MSG_SENDER_SIZE);
	print_publishers(f);
	for (int k = MSG_NONE + 1; k < MSG_KINDS; k++)
		print_kind(f, schema_kind((enum msg_kind)k));
	for (unsigned int i = 0; (e = schema_enum(i)); i++) {
		fprintf(f, "\n## Words of %s\n\n", e->name);
		for (unsigned int v = 0; v < e->count; v++)
			fprintf(f, "- `%s` %s\n", e->words[v], e->docs[v]);
	}
	fputs("\n## Codes of events\n\n| code | severity | meaning |\n|---|---|---|\n", f);
	for (int c = 0; c < EVENT_CODES; c++)
		fprintf(f, "| `%s` | %s | %s |\n", event_word((enum event_code)c),
			msg_word_severity(event_severity((enum event_code)c)),
			schema_event_doc((enum event_code)c));
}
