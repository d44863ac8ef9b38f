/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_config.h"
#include "selectd/selectd.h"

#define CFG(field) offsetof(struct selectd_config, field)
#define END                                                                                        \
	{                                                                                          \
		.word = NULL                                                                       \
	}

#define ONE_INT(name, field, low, high, def, u, text)                                              \
	static const struct directive_field name##_fields[] = {                                    \
		{.word = "number",                                                                 \
			.type = FIELD_INT,                                                         \
			.offset = CFG(field),                                                      \
			.min = low,                                                                \
			.max = high,                                                               \
			.fallback = def,                                                           \
			.unit = u,                                                                 \
			.help = text},                                                             \
		END,                                                                               \
	}
#define ONE_DOUBLE(name, what, field, low, high, def, u, text)                                     \
	static const struct directive_field name##_fields[] = {                                    \
		{.word = what,                                                                     \
			.type = FIELD_DOUBLE,                                                      \
			.offset = CFG(field),                                                      \
			.min = low,                                                                \
			.max = high,                                                               \
			.fallback = def,                                                           \
			.unit = u,                                                                 \
			.help = text},                                                             \
		END,                                                                               \
	}
#define ONE_WORD(name, what, field, words, def, text)                                              \
	static const struct directive_field name##_fields[] = {                                    \
		{.word = what,                                                                     \
			.type = FIELD_ENUM,                                                        \
			.offset = CFG(field),                                                      \
			.fallback = def,                                                           \
			.unit = "",                                                                \
			.choices = words,                                                          \
			.help = text},                                                             \
		END,                                                                               \
	}

ONE_INT(minsources, minsources, 1, 64, "1", "", "sources that must agree");
ONE_DOUBLE(maxdistance, "distance", maxdistance_s, 1e-9, 1e6, "3.0", "s",
	"root distance above which a source is not used");
ONE_DOUBLE(maxjitter, "jitter", maxjitter_s, 1e-9, 1e6, "1.0", "s",
	"jitter above which a source is not used");
ONE_DOUBLE(combinelimit, "limit", combinelimit, 0, 1e6, "3.0", "",
	"root distance over that of the selected source up to which others are combined; 0: none");
ONE_DOUBLE(stratumweight, "distance", stratumweight_s, 0, 1e6, "0.001", "s",
	"added to the root distance for each stratum more");
ONE_DOUBLE(reselectdist, "distance", reselectdist_s, 0, 1e6, "0.0001", "s",
	"added to the root distance of sources not selected, against hopping");
ONE_DOUBLE(maxclockerror, "error", maxclockerror_ppm, 0, 1e5, "1.0", "ppm",
	"rate change that the oscillator may make unseen between samples");
ONE_INT(minsamples, minsamples, 0, 64, "0", "",
	"samples to keep even if they do not lie straight; 0: what the estimator thinks right; "
	"estimator regression only: the others keep no samples and forget as the oscillator "
	"wanders");
ONE_INT(maxsamples, maxsamples, 0, 4096, "0", "",
	"samples to keep at most; 0: what the estimator can; estimator regression only, as "
	"minsamples");
ONE_WORD(authselectmode, "mode", authselectmode, AUTH_SELECT_CHOICES, "mix",
	"what authentication counts for: require and prefer do so, mix and ignore treat all alike");
ONE_WORD(estimator, "name", estimator, TRACK_CHOICES, "bank",
	"how a source's line is estimated from its samples: bank learns wander and noise, "
	"regression "
	"draws the best straight line, classic is the clock filter of RFC 5905");

#define OWN(name, text)                                                                            \
	{                                                                                          \
		.word = #name, .help = text, .positional = name##_fields, .given = SIZE_MAX        \
	}

const struct directive selectd_directives[] = {
	OWN(minsources, "How many sources must agree before they set the clock."),
	OWN(maxdistance, "How far from the primary reference a source may be."),
	OWN(maxjitter, "How noisy a source may be."),
	OWN(combinelimit, "How much worse than the selected source another may be to be combined."),
	OWN(stratumweight, "How much a lower stratum is worth."),
	OWN(reselectdist, "How much better another source must be to be selected instead."),
	OWN(maxclockerror, "How much the oscillator may change unseen; bounds grow by it."),
	OWN(minsamples, "How many samples of a source to keep at least."),
	OWN(maxsamples, "How many samples of a source to keep at most."),
	OWN(authselectmode, "Whether sources without authentication may be selected."),
	OWN(estimator, "The estimator of each source's time and rate."),
	END,
};
