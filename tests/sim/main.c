/* SPDX-License-Identifier: MIT */
/*
 * sim - runs scenarios in virtual time and prints one row a run.
 * sim [-s SEED] [-n SEEDS] [-v] [--wire] [--trace FILE.csv [--every S]] SCENARIO...
 */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct options {
	uint64_t seed;
	int seeds, every;
	bool wire, verbose, header;
	const char *trace, *cdf;
};

static const char usage[] =
	"usage: sim [-s SEED] [-n SEEDS] [-q] [-v] [--wire] [--trace FILE.csv] [--every S]\n"
	"           [--errors FILE.csv] SCENARIO...\n";

/* Microseconds as people write them. */
static const char *length(double us, char text[16])
{
	const char *unit = "us";

	if (!(us < 1e9))
		return "never";
	if (us >= 1e6) {
		us *= 1e-6;
		unit = "s";
	} else if (us >= 1e3) {
		us *= 1e-3;
		unit = "ms";
	} else if (us < 1) {
		us *= 1e3;
		unit = "ns";
	}
	(void)snprintf(text, 16, "%.3g %s", us, unit);
	return text;
}

static const char *seconds(double s, char text[16])
{
	if (!(s < 1e9))
		return "never";
	(void)snprintf(text, 16, "%.0f", s);
	return text;
}

static void print_header(void)
{
	printf("%-18s %4s %9s %9s %9s %7s %7s %9s %5s %5s %7s %8s  %s\n", "scenario", "seed", "rms",
		"mean", "max", "1ms/s", "10us/s", "bound", "viol", "steps", "packets", "freq/ppb",
		"");
}

static void print_row(const struct scenario *sc, uint64_t seed, const struct check *c)
{
	const double *v = c->value;
	char t[8][16];

	printf("%-18s %4" PRIu64 " %9s %9s %9s %7s %7s %9s %5.0f %5.0f %7.0f %8.3g  %s%s\n",
		sc->name, seed, length(v[LIMIT_rms_us], t[0]), length(v[LIMIT_mean_us], t[1]),
		length(v[LIMIT_max_us], t[2]), seconds(v[LIMIT_first_1ms_s], t[3]),
		seconds(v[LIMIT_first_10us_s], t[4]), length(v[LIMIT_bound_us], t[5]),
		v[LIMIT_violations], v[LIMIT_steps], v[LIMIT_packets], v[LIMIT_freq_ppb],
		c->failed[0] ? "FAIL: " : "PASS", c->failed);
	if (c->first[0])
		printf("    %s\n", c->first);
	if (c->failed[0])
		printf("    again: sim -v -s %" PRIu64 " tests/sim/scenarios/%s.sim\n", seed,
			sc->name);
}

static void print_errors(const char *file, const struct check *c)
{
	FILE *f = fopen(file, "w");

	if (!f) {
		perror(file);
		return;
	}
	for (int64_t i = 0; i < c->errors; i++)
		fprintf(f, "%.0f\n", (double)c->error_ns[i]);
	fclose(f);
}

static bool run_one(const struct scenario *sc, const struct options *o, uint64_t seed)
{
	struct sim_options so = {
		.seed = seed, .wire = o->wire, .verbose = o->verbose, .trace_every = o->every};
	struct check c;
	bool good;

	if (o->trace) {
		so.trace = fopen(o->trace, "w");
		if (!so.trace) {
			perror(o->trace);
			return false;
		}
		fputs("t_s,error_ns,bound_ns,estimate_error_ns,estimate_bound_ns,freq_ppb,status,"
		      "selected,poll\n",
			so.trace);
	}
	if (sim_run(sc, &so, &c) < 0)
		return false;
	if (so.trace)
		fclose(so.trace);
	print_row(sc, seed, &c);
	fflush(stdout);
	if (o->cdf)
		print_errors(o->cdf, &c);
	good = c.failed[0] == '\0';
	check_free(&c);
	return good;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option words[] = {{"wire", no_argument, NULL, 'w'},
		{"trace", required_argument, NULL, 't'}, {"every", required_argument, NULL, 'e'},
		{"errors", required_argument, NULL, 'E'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "s:n:vq", words, NULL)) != -1) {
		switch (c) {
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			o->seeds = atoi(optarg);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'q':
			o->header = false;
			break;
		case 'w':
			o->wire = true;
			break;
		case 't':
			o->trace = optarg;
			break;
		case 'e':
			o->every = atoi(optarg);
			break;
		case 'E':
			o->cdf = optarg;
			break;
		default:
			return false;
		}
	}
	return optind < argc;
}

int main(int argc, char **argv)
{
	struct options o = {.seed = 1, .seeds = 1, .every = 10, .header = true};
	static struct scenario sc;
	bool good = true;

	if (!parse(argc, argv, &o)) {
		fputs(usage, stderr);
		return 2;
	}
	if (o.header)
		print_header();
	for (int i = optind; i < argc; i++) {
		if (scenario_load(argv[i], &sc) < 0)
			return 2;
		for (int k = 0; k < o.seeds; k++)
			good &= run_one(&sc, &o, o.seed + (uint64_t)k);
	}
	return good ? 0 : 1;
}
