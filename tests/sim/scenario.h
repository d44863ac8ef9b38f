/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - a scenario file in memory. Its lines are explained in tests/sim/README.md.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "disciplined/config.h"
#include "ntpexchd/config.h"
#include "refclockd/config.h"
#include "selectd/core/selectd_config.h"
#include "tests/sim/world.h"

#define SIM_NODES  16
#define SIM_REFS   8
#define SIM_ATS	   64
#define SIM_EXPECT 16

enum law {
	LAW_NONE,
	LAW_EXPONENTIAL,
	LAW_GAUSSIAN,
	LAW_GAMMA,
	LAW_UNIFORM,
	LAW_LOGNORMAL,
	LAW_PARETO,
	LAWS
};

/* One direction of a path. */
struct path_config {
	double base_us, jitter_us; /* jitter: standard deviation (uniform: width) */
	enum law law;
	double shape; /* gamma; lognormal: deviation of the logarithm; Pareto: exponent */
	double burst_us, burst_on_s, burst_off_s; /* mean extra delay; mean lengths; 0: none */
	double loss, duplicate, reorder;	  /* probabilities */
	double reorder_us;			  /* extra delay of a packet that is overtaken */
};

struct node_config {
	char name[64];
	double offset_us, noise_us;		 /* of the server's own clock */
	double stratum, delay_us, dispersion_us; /* told; dispersion must cover offset */
	double process_us;
	double depart_us; /* from its transmit stamp to the wire, mean; only interleaved mode knows
			   */
	bool unsync;
	bool announces;		    /* leap seconds */
	bool mono;		    /* answers extension field F323 */
	struct path_config path[2]; /* there, back */
};

struct ref_config {
	char name[16];
	double offset_ns; /* of the device's own time */
	double noise_ns;  /* of a reading; standard deviation */
	enum law law;
	double width_ns;   /* of the bracket that is told, of a PHC */
	double latency_ms; /* of a pulse's publication */
};

enum at_kind {
	AT_OUTAGE,
	AT_ROUTE,
	AT_FALSE,
	AT_JUMP,
	AT_SUSPEND,
	AT_RAW_JUMP,
	AT_RESTART,
	AT_KILL,
	AT_FOREIGN,
	AT_FOREIGN_RATE,
	AT_REBOOT,
	AT_LEAP,
	AT_UNSYNC,
	AT_DISRUPTION,
	AT_SLEW
};

struct at {
	int64_t t;
	enum at_kind kind;
	char name[64];
	int way; /* bits: 1 there, 2 back */
	double value, value2;
};

struct limit {
	double value; /* NaN: none */
};

#define LIMITS(X)                                                                                  \
	X(rms_us, "RMS of the error after settle")                                                 \
	X(max_us, "largest error after settle")                                                    \
	X(mean_us, "mean of the error after settle, without sign")                                 \
	X(first_1ms_s, "start of the first whole minute below 1 ms")                               \
	X(first_10us_s, "start of the first whole minute below 10 us")                             \
	X(bound_us, "median of the clock's bound after settle")                                    \
	X(freq_ppb, "RMS of the clock's rate error after settle")                                  \
	X(line_ppb, "RMS of the estimate's rate error after settle")                               \
	X(steps, "steps of the clock")                                                             \
	X(packets, "requests sent")                                                                \
	X(violations, "times the truth left the bound of estimate, clock or page")                 \
	X(false_weight, "judgements that gave weight to a falseticker")                            \
	X(unsync_s, "seconds without a usable clock after settle")                                 \
	X(range_us, "error after settle, largest minus smallest")

enum limit_kind {
#define X(name, doc) LIMIT_##name,
	LIMITS(X)
#undef X
		LIMIT_COUNT
};

extern const char *const limit_names[LIMIT_COUNT];

struct expect {
	enum event_code code;
	int least, most;
};

struct scenario {
	char name[64], title[160];
	int64_t duration, settle; /* ns */
	struct osc_config osc;
	struct clock_config clock;
	double stamp_ns;      /* error of a packet's stamp on the raw clock, uniform, +- */
	double lateness_us;   /* of timers and wake-ups, mean */
	double false_grace_s; /* until a source that turns false must be found out */
	double raw_grace_s;   /* until a jump of the raw clock must be found out */
	enum stamp stamps;    /* who stamps packets */
	bool has_drift;
	double drift_ppm, drift_skew_ppm;
	enum leap leap;
	int64_t leap_t;
	struct node_config node[SIM_NODES];
	int nodes;
	struct ref_config ref[SIM_REFS];
	int refs;
	struct at at[SIM_ATS];
	int ats;
	double limit[LIMIT_COUNT];
	struct expect expect[SIM_EXPECT];
	int expects;
	/* what the daemons would have read */
	struct config ntp;
	struct refclockd_config refclock;
	struct selectd_config select;
	struct disciplined_config discipline;
};

/* 0, or -1 after a line FILE:LINE: reason on stderr. */
int scenario_load(const char *file, struct scenario *ret);

#endif
