/* SPDX-License-Identifier: MIT */
#include "common/core/directive_args.h"
#include "selectd/core/selectd_config.h"
#include "selectd/selectd.h"

#define CFG(field) offsetof(struct selectd_config, field)
/* A directive of one argument. */
#define OWN(name, text, arg)                                                                       \
	{                                                                                          \
		.word = name, .help = text, .positional = ARGS(arg), .given = SIZE_MAX             \
	}

const struct directive selectd_directives[] = {
	OWN("minsources", "How many sources must agree before they set the clock.",
		ARG_INT("number", CFG(minsources), 1, 64, "1", "", "sources that must agree")),
	OWN("maxdistance", "How far from the primary reference a source may be.",
		ARG_REAL("distance", CFG(maxdistance_s), 1e-9, 1e6, "3.0", "s",
			"root distance above which a source is not used")),
	OWN("maxjitter", "How noisy a source may be.",
		ARG_REAL("jitter", CFG(maxjitter_s), 1e-9, 1e6, "1.0", "s",
			"jitter above which a source is not used")),
	OWN("combinelimit",
		"How much worse than the selected source another may be to be combined.",
		ARG_REAL("limit", CFG(combinelimit), 0, 1e6, "3.0", "",
			"root distance over that of the selected source up to which others are "
			"combined; 0: none")),
	OWN("stratumweight", "How much a lower stratum is worth.",
		ARG_REAL("distance", CFG(stratumweight_s), 0, 1e6, "0.001", "s",
			"added to the root distance for each stratum more; what is combined with "
			"the selected one "
			"is judged without")),
	OWN("reselectdist", "How much better another source must be to be selected instead.",
		ARG_REAL("distance", CFG(reselectdist_s), 0, 1e6, "0.0001", "s",
			"added to the root distance of sources not selected, against hopping")),
	OWN("maxclockerror", "How much the oscillator may change unseen; bounds grow by it.",
		ARG_REAL("error", CFG(maxclockerror_ppm), 0, 1e5, "1.0", "ppm",
			"rate change that the oscillator may make unseen between samples")),
	OWN("minsamples", "How many samples of a source to keep at least.",
		ARG_INT("number", CFG(minsamples), 0, 64, "0", "",
			"samples to keep even if they do not lie straight; 0: what the estimator "
			"thinks right; estimator regression only: the others keep no samples and "
			"forget as the oscillator wanders")),
	OWN("maxsamples", "How many samples of a source to keep at most.",
		ARG_INT("number", CFG(maxsamples), 0, 4096, "0", "",
			"samples to keep at most; 0: what the estimator can; estimator regression "
			"only, as minsamples")),
	OWN("authselectmode", "Whether sources without authentication may be selected.",
		ARG_WORD("mode", CFG(authselectmode), AUTH_SELECT_CHOICES, "mix",
			"what authentication counts for: require and prefer do so, mix and ignore "
			"treat all alike")),
	OWN("estimator", "The estimator of each source's time and rate.",
		ARG_WORD("name", CFG(estimator), TRACK_CHOICES, "bank",
			"how a source's line is estimated from its samples: bank learns wander and "
			"noise, regression draws the best straight line, classic is the clock "
			"filter of RFC 5905")),
	{.word = NULL},
};
