/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "common/core/bytes.h"
#include "monitord/core/chronylog_private.h"

static const struct {
	const char *name, *banner;
} files[CHRONYLOG_FILES] = {
	[CHRONYLOG_MEASUREMENTS] = {"measurements",
		"   Date (UTC) Time     IP Address   L St 123 567 ABCD  LP RP Score    Offset"
		"  Peer del. Peer disp.  Root del. Root disp. Refid     MTxRx"},
	[CHRONYLOG_STATISTICS] = {"statistics",
		"   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  Diff freq"
		"   Est skew  Stress  Ns  Bs  Nr  Asym"},
	[CHRONYLOG_TRACKING] = {"tracking",
		"   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co"
		"  Offset sd Rem. corr. Root delay Root disp. Max. error"},
	[CHRONYLOG_REFCLOCKS] = {"refclocks",
		"   Date (UTC) Time         Refid  DP L P  Raw offset   Cooked offset"
		"      Disp."},
	[CHRONYLOG_SELECTION] = {"selection",
		"   Date (UTC) Time     IP Address   S EOpts Reach Score Last sample  Low end"
		"   High end"},
};

const char *chronylog_name(enum chronylog_file file)
{
	return files[file].name;
}

const char *chronylog_banner(enum chronylog_file file)
{
	return files[file].banner;
}

void chronylog_init(struct chronylog *log, const struct chronylog_options *options)
{
	memset(log, 0, sizeof(*log));
	log->options = *options;
}

struct chronylog_source *chronylog_source(
	struct chronylog *log, const char *publisher, const char *name)
{
	struct chronylog_source *s;

	for (s = log->sources; s < log->sources + MODEL_SOURCES_MAX && s->name[0]; s++) {
		if (!strcmp(s->name, name) && !strcmp(s->publisher, publisher))
			return s;
	}
	if (s == log->sources + MODEL_SOURCES_MAX)
		s = &log->sources[log->next++ % MODEL_SOURCES_MAX];
	memset(s, 0, sizeof(*s));
	str_copy(s->name, sizeof(s->name), name);
	str_copy(s->publisher, sizeof(s->publisher), publisher);
	return s;
}

void chronylog_label(const struct model_source *s, const char *name, char label[64])
{
	char refid[TEXT_LABEL_SIZE];

	str_copy(label, 64, name);
	if (!s || !s->has_source)
		return;
	if (s->source.mode == source_mode_refclock) {
		if (s->source.refid == 0)
			return;
		text_refid(refid, (uint32_t)s->source.refid);
		str_copy(label, 64, refid);
	} else if (s->source.address[0]) {
		str_copy(label, 64, s->source.address);
	}
}

char chronylog_leap(enum leap leap)
{
	static const char letters[leap_count] = {
		[leap_none] = 'N', [leap_insert] = '+', [leap_remove] = '-', [leap_unsync] = '?'};

	return (unsigned int)leap < leap_count ? letters[leap] : '?';
}

double chronylog_local_minus(const struct model *m, struct ts_raw raw, struct ts_utc reference)
{
	struct ts_utc local;

	if (!model_utc(m, raw, &local))
		return 0;
	return ts_dur_to_s(ts_utc_sub(local, reference));
}

struct text chronylog_begin(struct chronylog_row *row, enum chronylog_file file,
	const struct model *m, struct ts_raw raw, struct ts_utc fallback)
{
	struct ts_utc utc = fallback;
	struct text t;

	(void)model_utc(m, raw, &utc);
	row->file = file;
	text_init(&t, row->text, sizeof(row->text));
	text_date_log(&t, utc);
	if (file == CHRONYLOG_REFCLOCKS)
		text_add(&t, ".%06d", (int)(text_date(utc).ns / 1000));
	return t;
}

int chronylog_rows(struct chronylog *log, const struct model *m, const struct msg *message,
	struct chronylog_row ret_rows[CHRONYLOG_ROWS_MAX])
{
	switch (message->kind) {
	case MSG_sample:
		return chronylog_sample(log, m, message, ret_rows);
	case MSG_verdict:
		return chronylog_verdict(log, m, &message->u.verdict, ret_rows);
	case MSG_clock:
		return chronylog_tracking(log, m, &message->u.clock, ret_rows);
	case MSG_estimate:
		return chronylog_tracking_late(log, m, ret_rows);
	case MSG_NONE:
	case MSG_source:
	case MSG_event:
	case MSG_hello:
	case MSG_KINDS:
		break;
	}
	return 0;
}
