/* SPDX-License-Identifier: MIT */
/*
 * shadow_watch FILE - reads the shadow clock's page a hundred times a second until SIGINT, as an
 * application would, against CLOCK_REALTIME. Sees the clock also while no daemon lives. Prints:
 *   reads N          pages read
 *   first_ns E       the error when it started
 *   worst_ns E       largest |error|
 *   moved_ns E       largest distance of the error from first_ns
 *   mean_ns E        mean of the error, and
 *   sd_ns E          its standard deviation
 *   reading_sd_ns E  what of it is the reading's own noise, from second differences of the distance
 *                    of the two clocks of this machine, which nobody steers
 *   broken N         readings whose |error| was above the bound
 *   unread N         attempts that gave no line
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "common/io/door.h"
#include "common/io/log.h"
#include "common/io/shadow.h"

static volatile sig_atomic_t over;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

struct watch {
	long reads, unread, broken;
	int64_t first_ns, worst_ns, moved_ns;
	double sum, squares; /* of the distance from first_ns */
	int64_t apart_ns[2]; /* the machine's clocks in the last two readings */
	double bends;	     /* sum of squares of second differences of that */
};

static void look(struct watch *w, struct door *door, const struct shadow_reader *reader)
{
	struct shadow_line line;
	struct door_pair pair;
	int64_t error_ns, moved_ns, slack_ns;

	if (shadow_reader_line(reader, &line) < 0) {
		w->unread++;
		return;
	}
	pair = door_pair(door);
	error_ns = shadow_line_utc(&line, pair.raw).ns - pair.real.ns;
	if (w->reads++ == 0)
		w->first_ns = error_ns;
	if (w->reads > 2)
		w->bends += pow((double)(pair.real.ns - pair.raw.ns - 2 * w->apart_ns[0] +
						 w->apart_ns[1]),
			2);
	w->apart_ns[1] = w->apart_ns[0];
	w->apart_ns[0] = pair.real.ns - pair.raw.ns;
	w->sum += (double)(error_ns - w->first_ns);
	w->squares += pow((double)(error_ns - w->first_ns), 2);
	moved_ns = llabs(error_ns - w->first_ns);
	if (moved_ns > w->moved_ns)
		w->moved_ns = moved_ns;
	if (llabs(error_ns) > w->worst_ns)
		w->worst_ns = llabs(error_ns);
	/* what this reading itself does not know */
	slack_ns = pair.width.ns / 2;
	if (llabs(error_ns) > shadow_line_bound_ns(&line, pair.raw) + slack_ns)
		w->broken++;
}

static void print(const struct watch *w)
{
	double n = (double)(w->reads > 0 ? w->reads : 1), mean = w->sum / n;

	printf("reads %ld\nunread %ld\nfirst_ns %lld\nworst_ns %lld\nmoved_ns %lld\nbroken %ld\n",
		w->reads, w->unread, (long long)w->first_ns, (long long)w->worst_ns,
		(long long)w->moved_ns, w->broken);
	/* the second difference of independent errors has six times their variance */
	printf("mean_ns %.0f\nsd_ns %.0f\nreading_sd_ns %.0f\n", (double)w->first_ns + mean,
		sqrt(fmax(w->squares / n - mean * mean, 0)), sqrt(w->bends / n / 6));
}

int main(int argc, char **argv)
{
	const struct timespec pause = {0, 10000000};
	struct shadow_reader *reader;
	struct watch w = {0};
	struct door *door;
	char error[200];

	if (argc != 2) {
		fprintf(stderr, "usage: shadow_watch FILE\n");
		return 2;
	}
	log_open("shadow_watch", LOG_LEVEL_WARN);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	door = door_new(error, sizeof(error));
	if (!door)
		log_fatalx("%s", error);
	if (shadow_reader_open(argv[1], &reader) < 0)
		log_fatalx("cannot open %s", argv[1]);
	while (!over) {
		look(&w, door, reader);
		nanosleep(&pause, NULL);
	}
	print(&w);
	shadow_reader_close(&reader);
	door_destroy(&door);
	return 0;
}
