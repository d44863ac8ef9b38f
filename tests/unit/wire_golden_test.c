/* SPDX-License-Identifier: MIT */
/*
 * The wire format against tests/golden/wire: messages of yesterday must be read today.
 *
 *   NAME.hex  "topic T", then the body in hex; lines that begin with # are passed over
 *   NAME.txt  the text dump, or "refused: REASON"
 *
 * Names that begin with "any-" are bodies that our encoder would write otherwise. To add one, write
 * the .hex; TIMEBUS_GOLDEN_UPDATE=1 writes each .txt that is missing (look at it before it is
 * committed), and KIND-full and KIND-small of kinds that have none. Run in the top directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "tests/unit/msg_fill.h"

#define DIRECTORY "tests/golden/wire"

struct golden {
	char topic[MSG_TOPIC_SIZE];
	unsigned char body[2 * MSG_BYTES_MAX];
	size_t size;
};

static bool updating(void)
{
	return getenv("TIMEBUS_GOLDEN_UPDATE") != NULL;
}

static FILE *open_golden(const char *name, const char *suffix, const char *mode)
{
	char path[512];

	(void)snprintf(path, sizeof(path), DIRECTORY "/%s%s", name, suffix);
	return fopen(path, mode);
}

static void read_hex_line(struct golden *g, const char *line)
{
	unsigned int byte;

	for (; *line; line += 2) {
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			return;
		assert_int_equal(sscanf(line, "%2x", &byte), 1);
		assert_true(g->size < sizeof(g->body));
		g->body[g->size++] = (unsigned char)byte;
	}
}

static struct golden read_hex(const char *name)
{
	struct golden g = {.size = 0};
	char line[256];
	FILE *f = open_golden(name, ".hex", "r");

	if (!f)
		fail_msg("cannot read %s.hex", name);
	while (fgets(line, sizeof(line), f)) {
		if (*line == '#')
			continue;
		if (strncmp(line, "topic ", 6))
			read_hex_line(&g, line);
		else
			(void)snprintf(g.topic, sizeof(g.topic), "%.*s",
				(int)strcspn(line + 6, "\n"), line + 6);
	}
	fclose(f);
	return g;
}

static void read_txt(const char *name, char *text, size_t size, const char *is_now)
{
	FILE *f = open_golden(name, ".txt", "r");
	size_t n;

	if (!f && updating()) {
		f = open_golden(name, ".txt", "w");
		fprintf(f, "%s\n", is_now);
		fclose(f);
		f = open_golden(name, ".txt", "r");
	}
	if (!f)
		fail_msg("cannot read %s.txt", name);
	n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
}

static void check_one(const char *name, unsigned int *kinds_met)
{
	struct golden g = read_hex(name);
	char is[8192], expected[8192], error[MSG_ERROR_SIZE] = "";
	unsigned char again[MSG_BYTES_MAX];
	struct msg m;

	if (msg_decode(g.topic, g.body, g.size, &m, error)) {
		(void)snprintf(is, sizeof(is), "refused: %s", error);
	} else {
		assert_true(msg_dump_text(&m, is, sizeof(is)) > 0);
		*kinds_met |= 1u << m.kind;
	}
	read_txt(name, expected, sizeof(expected), is);
	if (strcmp(is, expected))
		fail_msg("%s:\nis       %s\nexpected %s", name, is, expected);
	if (*error || !strncmp(name, "any-", 4))
		return;
	assert_int_equal(msg_encode(&m, again, sizeof(again), NULL), g.size);
	assert_memory_equal(again, g.body, g.size);
}

/* Values that can be told apart by eye. */
static struct msg plain_msg(enum msg_kind kind, bool full)
{
	const struct kind_schema *s = schema_kind(kind);
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.kind = kind;
	m.env = (struct msg_envelope){"selectd", 0x0123456789abcdef, 4711, 86400000000123, full};
	for (unsigned int i = 0; i < s->count; i++) {
		const struct field *f = &s->fields[i];
		char *to = (char *)&m.u + f->offset;
		int64_t v = strstr(f->name, "utc_ns") ? 1780000000000000000 + i : 1000 * i + 1;
		double d = 0.1 * i + 0.05;
		unsigned int word = full ? f->words ? f->words->count - 1 : 0 : 0;

		if (!f->required && !full)
			continue;
		v = v > f->i_max ? f->i_max : v;
		d = d > f->f_max ? f->f_max : d;
		if (f->type == FIELD_I64)
			memcpy(to, &v, sizeof(v));
		else if (f->type == FIELD_F64)
			memcpy(to, &d, sizeof(d));
		else if (f->type == FIELD_STR)
			(void)snprintf(to, f->size, full && i ? "the %s" : "%s", f->name);
		else if (f->type == FIELD_BOO)
			*to = 1;
		else
			memcpy(to, &word, sizeof(word));
	}
	return m;
}

static void write_missing(enum msg_kind kind, bool full)
{
	struct msg m = plain_msg(kind, full);
	unsigned char body[MSG_BYTES_MAX];
	char name[64], topic[MSG_TOPIC_SIZE];
	int n = msg_encode(&m, body, sizeof(body), NULL);
	FILE *f;

	assert_true(n > 0 && msg_topic(&m, topic) == 0);
	(void)snprintf(
		name, sizeof(name), "%s-%s", schema_kind(kind)->name, full ? "full" : "small");
	f = open_golden(name, ".hex", "wx");
	if (!f)
		return;
	fprintf(f, "topic %s", topic);
	for (int i = 0; i < n; i++)
		fprintf(f, "%s%02x", i % 32 ? " " : "\n", body[i]);
	fprintf(f, "\n");
	fclose(f);
}

static void all_goldens(void **state)
{
	unsigned int files = 0, kinds_met = 0;
	struct dirent *e;
	DIR *d;

	(void)state;
	for (int k = 1; k < MSG_KINDS && updating(); k++) {
		write_missing((enum msg_kind)k, true);
		write_missing((enum msg_kind)k, false);
	}
	d = opendir(DIRECTORY);
	if (!d)
		fail_msg("no " DIRECTORY " here");
	while ((e = readdir(d))) {
		char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".hex"))
			continue;
		*dot = 0;
		check_one(e->d_name, &kinds_met);
		files++;
	}
	closedir(d);
	assert_int_equal(kinds_met, (1u << MSG_KINDS) - 2);
	assert_true(files >= 2 * (MSG_KINDS - 1));
}

/* docs/protocol.md is what the tables say (`make docs` writes it). */
static void protocol_page_is_current(void **state)
{
	char *is = NULL, *expected;
	size_t size = 0, n;
	FILE *f = open_memstream(&is, &size);

	(void)state;
	msg_print_protocol_page(f);
	fclose(f);
	f = fopen("docs/protocol.md", "r");
	if (!f)
		fail_msg("no docs/protocol.md here");
	expected = calloc(1, size + 2);
	n = fread(expected, 1, size + 1, f);
	fclose(f);
	if (n != size || memcmp(is, expected, size))
		fail_msg("docs/protocol.md is not what the schema says: make docs");
	free(expected);
	free(is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_goldens),
		cmocka_unit_test(protocol_page_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
