/* SPDX-License-Identifier: MIT */
/*
 * relay.h - directive publish: the clock message goes out to guests (common/bus/remote.h).
 *
 * It is monitord's and not disciplined's, so that who may set the clock needs no network. What the
 * configuration asks for and the machine does not give (an address that is not there yet, a key
 * file) is an event, and tried again. A reload reads the key files anew. Guests stay connected over
 * it, but where the address or the own key has changed, or a key is not allowed any more: libzmq
 * cannot let go of one of them alone.
 */
#ifndef TB_MONITORD_RELAY_H
#define TB_MONITORD_RELAY_H

#include "common/bus/remote.h"
#include "common/io/stage.h"
#include "monitord/config.h"

struct relay {
	struct stage_host *host;
	struct monitord_publish line; /* endpoint "": not asked for */
	struct remote_relay *remote;
	char public[KEY_SIZE];	/* of the own key in use */
	struct keyfile allowed; /* in use, but for any */
	struct loop_timer retry;
	char failure[KEY_ERROR_SIZE]; /* as told last */
	struct ts_raw refusal_told;
	uint64_t refusals; /* not told yet */
	struct msg last;   /* for a socket that is opened later */
	bool has_last;
};

void relay_init(struct relay *r, struct stage_host *host);
void relay_configure(struct relay *r, const struct monitord_publish *line);
void relay_stop(struct relay *r);
void relay_message(struct relay *r, const struct msg *m);

#endif
