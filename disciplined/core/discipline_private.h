/* SPDX-License-Identifier: MIT */
/* discipline_private.h - what the parts of the discipline share; nobody else includes it. Pure. */
#ifndef DISCIPLINED_DISCIPLINE_PRIVATE_H
#define DISCIPLINED_DISCIPLINE_PRIVATE_H

#include "disciplined/core/discipline.h"

/* Neither the kernel (tick +-10 %) nor the shared page takes more. */
#define RATE_MAX_PPB 1e8
/* A bound that is not known, and the double below which one converts. */
#define BOUND_UNKNOWN_NS INT64_C(4000000000000000000)
#define BOUND_MAX_NS	 3.9e18
/* The kernel lets its maxerror grow by 500 ppm whatever we know: half a second in this time. */
#define REFRESH_NS (1024 * NS_PER_S)

/* |v|, saturating: -INT64_MIN does not exist. */
static inline int64_t llabs_ns(int64_t v)
{
	return v < 0 ? ts_sat_sub(0, v) : v;
}

/* A century is the most that a message tells. */
static inline int64_t in_range_ns(int64_t v)
{
	if (llabs_ns(v) <= BOUND_UNKNOWN_NS)
		return v;
	return v < 0 ? -BOUND_UNKNOWN_NS : BOUND_UNKNOWN_NS;
}

void note(struct discipline_out *out, enum event_code code, int64_t value_ns, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* discipline.c: history is void. The estimator begins anew and knows the rate worse than we do. */
void expect_newcomer(struct discipline *d);

/* applied.c: while the clock may not be set, nothing is asked of it but at each retry. */
void gate(struct discipline *d, struct discipline_out *out);

/* adopt.c: takes an estimate that validate passed as the line to follow. */
void target_adopt(struct discipline *d, const struct msg *m);
/* Standard deviation of the line followed, carried to an instant, ns. */
double target_offset_sd_ns(
	const struct discipline_target *t, double rate_sd_ppb, struct ts_raw raw);
/* |error| of the line followed, carried to an instant. */
int64_t target_bound_ns(const struct discipline *d, struct ts_raw raw);
/* Growth of the clock's bound: the line's own, and what the clock's rate differs from it. */
double target_drift_ppb(const struct discipline *d);

/* steer.c: how fast to follow the line just taken; orders a step or a slew for the error at the
 * last reading. */
void steer_pace(struct discipline *d);
void steer(struct discipline *d, struct discipline_out *out);
void steer_base(struct discipline *d, struct discipline_out *out);
void steer_slew_end(struct discipline *d, struct discipline_out *out);
/* A change of rate may have left so much behind, by taking effect late, that it must be looked for.
 */
bool steer_may_be_late(const struct discipline *d, double change_ppb);
/* Looks for it. */
void steer_settle(struct discipline *d, struct discipline_out *out);
void steer_status(struct discipline *d, struct discipline_out *out);
/* Base rate plus slew_ppb for t_s, clear of a leap second. |slew_ppb| within maxslewrate. */
void steer_slew(struct discipline *d, double slew_ppb, double t_s, struct discipline_out *out);

/* loop.c: the classic loops. Begins anew with the rate in force. */
void loop_init(struct discipline *d, bool rate_known);
/* After an estimate: what of it is new goes into the loop, and the clock is told. */
void loop_steer(struct discipline *d, struct discipline_out *out);
/* A second is over. */
void loop_second(struct discipline *d, struct discipline_out *out);
void loop_stepped(struct discipline *d);
double loop_rate_ppb(const struct discipline *d);

/* watch.c: the clock is looked at: model, residual, strangers, suspend. False: look away, a leap
 * second is due. */
bool watch(struct discipline *d, const struct clk_reading *r, struct discipline_out *out);

/* leapturn.c: announcements, arming, the leap itself. */
void leap_turn(struct discipline *d, const struct clk_reading *now, struct discipline_out *out);
/* The armed instant, and what follows it, is over at raw. */
bool leap_over(const struct discipline *d, struct ts_raw raw);
bool leap_blackout(const struct discipline *d, struct ts_raw raw);
struct ts_raw leap_deadline(const struct discipline *d);
/* Estimates that have or have not made the leap that the line has not or has made. */
void leap_fold(const struct discipline *d, struct msg_estimate *e);

#endif
