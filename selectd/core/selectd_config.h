/* SPDX-License-Identifier: MIT */
/*
 * selectd_config.h - what the directives of selectd configure; chrony's names, units and defaults.
 */
#ifndef TB_SELECTD_CONFIG_H
#define TB_SELECTD_CONFIG_H

#include "selectd/core/track.h"

enum auth_select { AUTH_SELECT_REQUIRE, AUTH_SELECT_PREFER, AUTH_SELECT_MIX, AUTH_SELECT_IGNORE };
#define AUTH_SELECT_CHOICES "require|prefer|mix|ignore"

struct selectd_config {
	int minsources;	      /* sources that must agree before the clock is set by them */
	double maxdistance_s; /* root distance above which a source is not used */
	double maxjitter_s;   /* jitter above which a source is not used */
	double combinelimit; /* distance over the selected one's up to which sources are combined */
	double stratumweight_s; /* distance that one stratum more counts for */
	double reselectdist_s; /* distance by which another must be better to be selected instead */
	double maxclockerror_ppm; /* rate change the oscillator makes unseen between samples */
	int minsamples,
		maxsamples; /* of each source that says nothing else; 0: the estimator's own */
	int authselectmode; /* enum auth_select */
	int estimator;	    /* enum track_kind */
};

#endif
