#!/bin/bash
# SPDX-License-Identifier: MIT
# Any order, any death: each daemon is killed with SIGKILL and started again, ten times each, in an
# order drawn from a printed seed, while the suite follows two servers and a SOCK clock. The
# shadow clock never leaves 100 us of where it was, no daemon ends by itself, no source is lost, and
# a tap that ran all the time sees each restart.
. "$(dirname "$0")/../e2e/lib.sh"
need_root "that no death of a daemon moves the clock"
seed=${SEED:-$RANDOM}
rounds=${ROUNDS:-10}
say "seed $seed"

namespace srv1; namespace srv2; namespace cli
veth srv1 cli 1; veth srv2 cli 2
start_chronyd srv1 chronyd1
start_chronyd srv2 chronyd2
serving 10.99.1.1 cli; serving 10.99.2.1 cli

oscillator freq=20000
conf ntpexchd "server 10.99.1.1 iburst minpoll 0 maxpoll 2" "server 10.99.2.1 iburst minpoll 0 maxpoll 2" "port 0"
conf refclockd "refclock SOCK $tmp/kill.sock refid KILL poll 2"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3" "driftfile $tmp/drift"
start_suite cli
(while :; do "$B/bin/tools/refclock_tool" sock "$tmp/kill.sock" 0 40; sleep 0.1; done) >/dev/null 2>&1 &
pids+=($!)
within 50000 60 || fail "does not converge"
sleep 10
timebus -r "$run" tap --json >"$tmp/tap.json" 2>"$tmp/tap.log" &
tap=$!
pids+=("$tap")

# a watcher of its own: the worst error, from the shared page, however many daemons live
"$B/bin/tools/shadow_watch" "$run/shadow" >"$tmp/watch.txt" 2>"$tmp/watch.log" &
watch=$!
pids+=("$watch")

restarts() { # DAEMON
	grep -c "\"tap\": *\"restart\".*\"$1\"" "$tmp/tap.json"
}

# A life shorter than a subscriber's reconnection could pass unseen, so each is let live until it is
# noticed: DAEMON COUNT
noticed() {
	for _ in $(seq 150); do
		[ "$(restarts "$1")" -ge "$2" ] && return
		sleep 0.1
	done
	return 1
}
declare -A deaths

order=$(python3 -c "
import random
r = random.Random($seed)
l = ['refclockd', 'ntpexchd', 'selectd', 'disciplined', 'monitord'] * $rounds
r.shuffle(l)
print(*['%s:%.2f' % (d, r.uniform(0.05, 0.6)) for d in l])")
n=0
for step in $order; do
	d=${step%:*} wait=${step#*:}
	pid=${daemon_pid[$d]}
	kill -0 "$pid" 2>/dev/null || fail "$d had ended by itself"
	end_daemon "$d" KILL
	sleep "$wait"
	start_daemon "$d" cli
	deaths[$d]=$((${deaths[$d]:-0} + 1))
	noticed "$d" "${deaths[$d]}" || fail "tap saw $(restarts "$d") of ${deaths[$d]} restarts of $d"
	n=$((n + 1))
done
say "$n deaths"
sleep 10
alive
kill -0 "$tap" 2>/dev/null || fail "the tap ended"
kill -INT "$watch"
wait "$watch"
cat "$tmp/watch.txt"
worst=$(sed -n 's/^moved_ns //p' "$tmp/watch.txt")
[ -n "$worst" ] && [ "$worst" -le 100000 ] || fail "the clock moved by $worst ns"
broken=$(sed -n 's/^broken //p' "$tmp/watch.txt")
[ "$broken" = 0 ] || fail "the bound was broken $broken times"

timebus -r "$run" sources | tee "$tmp/sources.txt"
for s in 10.99.1.1 10.99.2.1; do
	grep -q "^\^[*+-] $s " "$tmp/sources.txt" || fail "source $s was lost"
done
grep -q "^#[*+-] KILL " "$tmp/sources.txt" || fail "source KILL was lost"
kill "$tap"
for d in refclockd ntpexchd selectd disciplined monitord; do
	seen=$(restarts "$d")
	say "tap saw $seen restarts of $d"
	[ "$seen" -ge "$rounds" ] || fail "tap saw $seen of $rounds restarts of $d"
done
