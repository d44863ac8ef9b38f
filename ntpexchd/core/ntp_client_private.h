/* SPDX-License-Identifier: MIT */
/* ntp_client_private.h - what the files of the association share. */
#ifndef NTPEXCHD_NTP_CLIENT_PRIVATE_H
#define NTPEXCHD_NTP_CLIENT_PRIVATE_H

#include "ntpexchd/core/ntp_client.h"

/* ntp_client.c */
/* Sets the next request from the last one and the interval in force. */
void client_schedule(struct ntp_client *c);
/* That of the start, if iburst is configured. */
void client_begin_burst(struct ntp_client *c);
bool client_running(const struct ntp_client *c);
/* The interval in force, log2 s: never shorter than what the server or the distance allows. */
int client_poll(const struct ntp_client *c);

/* The interval in force; a burst, or the time just after the first answer, has its own. */
struct ts_dur client_interval(const struct ntp_client *c);
bool client_opening(const struct ntp_client *c);
/* Exchanges go through the filter; how many polls make one sample now. */
bool client_filters(const struct ntp_client *c);
int client_polls_a_sample(const struct ntp_client *c);

/* ntp_client_answer.c */
/* Sets the interval by what selectd says of the newest sample; NULL: it says nothing. */
void client_adapt(struct ntp_client *c, const struct msg_verdict *v);
/* Is a better stamp of the request to be expected yet? */
bool client_awaits_stamp(const struct ntp_client *c);
/* The exchange at hand becomes a sample with the stamps that there are. */
void client_conclude(struct ntp_client *c);

/* ntp_client_out.c */
void client_event(struct ntp_client *c, enum event_code code, int64_t value_ns, const char *format,
	...) __attribute__((format(printf, 4, 5)));
void client_sample(struct ntp_client *c, const struct msg_sample *m);

#endif
