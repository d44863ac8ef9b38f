/* SPDX-License-Identifier: MIT */
/* bus_private.h - what the bus's files share. */
#ifndef TB_BUS_PRIVATE_H
#define TB_BUS_PRIVATE_H

#include <sys/un.h>
#include "common/bus/bus.h"
#include "common/bus/bus_admit.h"
#include "common/bus/bus_socket.h"
#include "common/bus/bus_stream.h"
#include "common/bus/codec.h"
#include "common/bus/snapshot.h"

#define BUS_PEERS_MAX  8
#define BUS_PATH_SIZE  sizeof(((struct sockaddr_un *)0)->sun_path)
#define BUS_HWM	       20000
#define BUS_ARGS_MAX   16  /* of a control request, its word included */
#define BUS_ARG_SIZE   257 /* with the NUL */
#define BUS_REPLY_SIZE 65536

/* A publisher that this bus listens to. */
struct bus_peer {
	struct bus *bus;
	char name[MSG_SENDER_SIZE];
	struct bus_socket sub, monitor;
	bool connected;
	bool attached;	    /* its path is being connected to, or is connected */
	bool gone, created; /* its file is not there; is there anew */
	struct bus_stream stream;
	struct bus_names names;
	uint64_t refused; /* since the last report */
	char refused_why[MSG_ERROR_SIZE];
	struct ts_raw reported;
	struct loop_timer report;
};

struct bus {
	struct bus_config config;
	char run_dir[BUS_PATH_SIZE], name[MSG_SENDER_SIZE];
	struct bus_stats stats;
	/* publisher */
	struct bus_socket pub, ctl;
	char pub_path[BUS_PATH_SIZE], ctl_path[BUS_PATH_SIZE];
	int lock_fd;
	uint64_t boot, seq;
	struct snapshot *snapshot;
	bool snapshot_overflowed;
	struct ts_raw complained;
	char reply[BUS_REPLY_SIZE];
	/* subscriber */
	unsigned int peer_count;
	struct bus_peer *peers[BUS_PEERS_MAX];
	bool watch_tried;
	int watch_fd; /* of the runtime directory; -1: not watched */
};

/* ---- bus_place.c: files in the runtime directory ---- */

/* run_dir/name suffix. 0 or -ENAMETOOLONG, logged. */
int bus_place_path(
	const char *run_dir, const char *name, const char *suffix, char ret_path[BUS_PATH_SIZE]);
/* Takes run_dir/name.lock. The descriptor that holds it, or negative errno, logged. */
int bus_place_lock(const char *run_dir, const char *name);
/* Binds zs to path, or to the listening socket fd if that is not -1. 0 or negative errno, logged.
 */
int bus_place_bind(zsock_t *zs, const char *path, int fd, unsigned int mode);
/* 0, -ECONNREFUSED if nobody listens, or another negative errno. */
int bus_place_probe(const char *path);

/* ---- the three sides ---- */

int bus_pub_open(struct bus *bus);
bool bus_pub_drain(struct bus *bus);
int bus_ctl_open(struct bus *bus);
bool bus_ctl_drain(struct bus *bus);
bool bus_sub_drain(struct bus *bus);
void bus_sub_close(struct bus *bus);

/* ---- bus_watch.c: connecting only where there is a file to connect to ---- */

/* Once a bus; that it fails is no error. */
void bus_watch_open(struct bus *bus);
/* A new peer: connects, or waits for its file. 0 or negative errno. */
int bus_watch_peer(struct bus_peer *p);
/* When nothing of the peer waits to be read: does what its file's coming or going asks for. */
void bus_watch_turn(struct bus_peer *p);
void bus_watch_close(struct bus *bus);

#endif
