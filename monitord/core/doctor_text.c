/* SPDX-License-Identifier: MIT */
#include "monitord/core/doctor.h"

static const char *const words[] = {"ok", "note", "warning", "problem"};

/* Findings quote what others wrote: a terminal gets none of its control characters. */
static void plain(struct text *t, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		text_add(t, "%c", c < 0x20 || c == 0x7f ? '?' : c);
	}
}

static void number(struct text *t, unsigned int n, const char *one)
{
	text_add(t, "%u %s%s", n, one, n == 1 ? "" : "s");
}

static void sum(struct text *t, const struct doctor_report *r, bool verbose)
{
	number(t, r->by_severity[DOCTOR_PROBLEM], "problem");
	text_add(t, ", ");
	number(t, r->by_severity[DOCTOR_WARNING], "warning");
	text_add(t, ", ");
	number(t, r->by_severity[DOCTOR_NOTE], "note");
	text_add(t, ", %u fine%s\n", r->by_severity[DOCTOR_OK],
		verbose || !r->by_severity[DOCTOR_OK] ? "" : " (-v tells them)");
}

void doctor_text(struct text *t, const struct doctor_report *r, bool verbose)
{
	for (unsigned int i = 0; i < r->count; i++) {
		const struct doctor_finding *f = &r->findings[i];

		if (f->severity == DOCTOR_OK && !verbose)
			continue;
		text_add(t, "%-8s %s: ", words[f->severity], f->area);
		plain(t, f->text);
		text_add(t, "\n");
		if (f->mend[0]) {
			text_add(t, "         mend: ");
			plain(t, f->mend);
			text_add(t, "\n");
		}
	}
	if (r->lost)
		text_add(t, "%u more found no room\n", r->lost);
	sum(t, r, verbose);
}

void doctor_json(struct text *t, const struct doctor_report *r, bool verbose)
{
	json_open(t, NULL, '{');
	json_int(t, "status", doctor_exit_status(r));
	json_int(t, "problems", r->by_severity[DOCTOR_PROBLEM]);
	json_int(t, "warnings", r->by_severity[DOCTOR_WARNING]);
	json_int(t, "notes", r->by_severity[DOCTOR_NOTE]);
	json_int(t, "fine", r->by_severity[DOCTOR_OK]);
	json_open(t, "findings", '[');
	for (unsigned int i = 0; i < r->count; i++) {
		const struct doctor_finding *f = &r->findings[i];

		if (f->severity == DOCTOR_OK && !verbose)
			continue;
		json_open(t, NULL, '{');
		json_string(t, "severity", words[f->severity]);
		json_string(t, "area", f->area);
		json_string(t, "text", f->text);
		if (f->mend[0])
			json_string(t, "mend", f->mend);
		else
			json_null(t, "mend");
		json_close(t, '}');
	}
	json_close(t, ']');
	json_close(t, '}');
	text_add(t, "\n");
}
