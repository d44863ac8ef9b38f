#!/bin/bash
# SPDX-License-Identifier: MIT
# Real daemons against real servers: Debian's chronyd and ntpsec's ntpd in namespaces of their own,
# over IPv4 and IPv6. The shadow clock starts 300 ms off on an oscillator that is 20 ppm fast; it
# must be within 1 ms of the servers in 15 s and within 50 us in 60 s, and keep that.
. "$(dirname "$0")/lib.sh"
need_root "convergence against chronyd and ntpd from 300 ms and 20 ppm"

namespace srv1; namespace srv2; namespace srv3; namespace cli
veth srv1 cli 1; veth srv2 cli 2; veth srv3 cli 3
start_chronyd srv1 chronyd1
start_chronyd srv2 chronyd2
start_ntpd srv3 ntpd3
serving 10.99.1.1 cli; serving fd99:2::1 cli; serving 10.99.3.1 cli

oscillator freq=20000
conf ntpexchd "server 10.99.1.1 iburst minpoll 1 maxpoll 3" \
	"server fd99:2::1 iburst minpoll 1 maxpoll 3" \
	"server 10.99.3.1 iburst minpoll 1 maxpoll 3" "port 0"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3" "driftfile $tmp/drift" \
	"statefile $tmp/clock"
SECONDS=0
start_suite cli
within 1000000 15 || fail "not within 1 ms in 15 s"
within 50000 $((60 - SECONDS)) || fail "not within 50 us in 60 s"

# it stays there, and says the truth about its error
worst=0
for i in $(seq 20); do
	e=$(clock_error_ns) || fail "timebus now does not answer"
	[ "$(abs "${e%% *}")" -le 50000 ] || fail "error ${e%% *} ns left 50 us again"
	[ "$(abs "${e%% *}")" -le "${e##* }" ] || fail "error ${e%% *} ns is above the bound ${e##* } ns"
	[ "$(abs "${e%% *}")" -gt "$worst" ] && worst=$(abs "${e%% *}")
	sleep 0.5
done
say "worst error in 10 s: $worst ns"

timebus -r "$run" sources | tee "$tmp/sources.txt"
timebus -r "$run" sourcestats
timebus -r "$run" status
for s in 10.99.1.1 fd99:2::1 10.99.3.1; do
	grep -q "^\^[*+-] $s " "$tmp/sources.txt" || fail "$s is not a good source"
done
timebus -r "$run" sources --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert len(d["sources"]) == 3, d
' || fail "sources --json"
timebus -r "$run" wait --timeout 5 --bound 0.01 || fail "timebus wait"
timebus -r "$run" wait --timeout 1 --bound 0.000000001 && fail "wait believes in a nanosecond"
freq=$(timebus -r "$run" status --json | python3 -c '
import json, sys
print(round(json.load(sys.stdin)["clock"]["frequency_ppb"]))')
say "frequency $freq ppb"
[ "$freq" -gt -22000 ] && [ "$freq" -lt -18000 ] || fail "frequency $freq ppb, the oscillator is 20000 ppb fast"
alive

# without page and without estimates the state file alone carries the clock on
for d in selectd disciplined; do
	end_daemon "$d"
done
rm "$run/shadow"
start_daemon disciplined cli
within 50000 5 || fail "the clock does not go on from the state file"
e=$(clock_error_ns)
[ "$(abs "${e%% *}")" -le "${e##* }" ] || fail "error ${e%% *} ns is above the bound ${e##* } ns after a restart"
say done
