#!/bin/bash
# SPDX-License-Identifier: MIT
# The daemons' path beside the simulator, on a bent raw clock that wanders, sixteen interleaved polls a
# second. Everything is recorded and replayed (path_replay.c).
#
# Part drawn: a double of a server behind a path whose law is drawn (path_server.c), and the same law
# in the simulator, with errors of stamps as large as what the real path added to what was drawn. It
# fails if the clock's RMS error is a tenth above the worst of ten simulated seeds (the real path's
# asymmetry taken out, and how that drifts); or if one published estimate is not to the digit what
# selectd's core makes of the recorded samples, or the bound is broken.
#
# Part real: Debian's chronyd over a veth pair. What these stamps follow is no law that has a name:
# requests mostly take 2.1 us, but one in eight 0.6; answers 0.5, but one in thirty 1.8; and the shares
# drift. So the verdict is that the daemons make of such samples what they are worth: the replay as
# above; the estimate's RMS error no more than a tenth above that of a filter which is told the wander
# and the samples' deviation, and the clock's no more than a twentieth above the estimate's.
#
#   DURATION=600  seconds      SETTLE=180      PART="drawn real"      KEEP=1  leaves what was recorded
#   PLANT="-n 20" of the double: a mistake that must be found (-n: deviation of a transmit stamp, us;
#                 -o: ns, which is what a lag of the line is at the 200 ppm of this clock: 4000 for 20 ms)
. "$(dirname "$0")/../e2e/lib.sh"
need_root "that daemons keep what the cores reach"
duration=${DURATION:-600}
settle=${SETTLE:-180}
wander=1e-9
base_us=100 mean_us=200 turn_us=20
bad=0
tools=$B/bin/tools

# record NAME SERVER...: a suite of its own from the first sample on; leaves $tmp/NAME.txt
record() {
	local name=$1 recorder
	shift
	run=$tmp/run-$name
	mkdir -p "$run"
	rm -f "$tmp"/*.conf "$tmp"/state/*
	oscillator "freq=200000,wander=$wander,seed=1"
	conf ntpexchd "server $* minpoll -4 maxpoll -4 iburst xleave" "port 0"
	conf disciplined "clock shadow" "makestep 1 3"
	"$tools/path_record" "$run" $((duration + settle)) "$tmp/$name.rec" 2>"$tmp/record.log" &
	recorder=$!
	pids+=("$recorder")
	start_suite cli
	wait "$recorder"
	alive
	for d in "${!daemon_pid[@]}"; do kill "${daemon_pid[$d]}"; done
	for d in "${!daemon_pid[@]}"; do wait "${daemon_pid[$d]}"; unset "daemon_pid[$d]"; done
}

# replay NAME [OPTION...]
replay() {
	local name=$1
	shift
	"$tools/path_replay" -s "$settle" -w "$wander" "$@" "$tmp/$name.rec" >"$tmp/$name.txt" ||
		fail "no recording"
	say "$name"
	cat "$tmp/$name.txt"
}

# judge NAME PYTHON-EXPRESSION WHY: over the values of the recording, and of the simulator's seeds
judge() {
	python3 - "$tmp/$1.txt" "$tmp/sim.txt" "$2" <<'EOP' || { say "FAILED: $1: $3"; bad=1; }
import os, sys
units = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
v = {}
for line in open(sys.argv[1]):
    w = line.split()
    if len(w) == 2:
        v[w[0]] = float(w[1])
v["rms"] = []
for line in open(sys.argv[2]) if os.path.exists(sys.argv[2]) else []:
    w = line.split()
    if len(w) > 3 and w[1].isdigit() and w[3] in units:
        v["rms"].append(float(w[2]) * units[w[3]])
sys.exit(not eval(sys.argv[3], v))
EOP
}

same_estimates() {
	judge "$1" "estimates_same > 100 and estimates_other == 0" "estimates are not what selectd's core makes of the samples"
	judge "$1" "looks > 100 and broken == 0" "the bound is broken"
}

part_drawn() {
	background server inns srv "$tools/path_server" -b "$base_us" -m "$mean_us" -t "$turn_us" ${PLANT:-}
	local server=$!
	record drawn 10.99.1.1 port 11123
	kill "$server"
	wait "$server"
	replay drawn -t "$tmp/server.log"
	# uniform within so much has the deviation that was added
	stamp_ns=$(awk '$1 == "added_sd_ns" { print 1.732 * $2 }' "$tmp/drawn.txt")
	cat >"$tmp/drawn.sim" <<-EOF
		title The law that was drawn
		duration $((duration + settle))s
		settle ${settle}s
		config server a minpoll -4 maxpoll -4 iburst xleave
		config makestep 1 3
		config clock shadow
		osc freq_ppm 200 wander $wander
		node a dispersion_us 1 process_us $turn_us depart_us 5
		stamp_ns $stamp_ns
		path a base_us $base_us law exponential jitter_us $mean_us
		limit bound_us 1e6
	EOF
	"$B/bin/sim" -n 10 --errors /dev/null "$tmp/drawn.sim" >"$tmp/sim.txt" || cat "$tmp/sim.txt"
	cut -c1-90 "$tmp/sim.txt"
	same_estimates drawn
	judge drawn "len(rms) == 10 and clock_rms_ns ** 2 <= (1.1 * max(rms)) ** 2 + drift_sd_ns ** 2" \
		"the daemons lose what the cores reach"
}

part_real() {
	start_chronyd srv chronyd
	serving 10.99.1.1 cli
	record real 10.99.1.1
	replay real
	same_estimates real
	judge real "estimate_rms_ns <= 1.1 * kalman_rms_ns" "the estimate is not what the samples are worth"
	judge real "clock_rms_ns <= 1.05 * estimate_rms_ns" "the clock does not follow the estimate"
}

namespace srv; namespace cli
veth srv cli 1
for part in ${PART:-drawn real}; do
	"part_$part"
done
[ $bad = 0 ]
