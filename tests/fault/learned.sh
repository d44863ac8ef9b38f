#!/bin/bash
# SPDX-License-Identifier: MIT
# What selectd has learned of a pool with asymmetries outlives it: of three servers, off by 8 ms each
# in their own way, one goes. The mean of the others is 4 ms away, which a selectd that knew the third
# does not follow, nor does the one after it when that is killed.
. "$(dirname "$0")/../e2e/lib.sh"
need_root "that the clock stays where it was when selectd is killed in a pool with asymmetries"

namespace srv; namespace cli
veth srv cli 1
start_chronyd srv chronyd
serving 10.99.1.1 cli
relay() { background "relay$1" inns cli python3 "$here/../e2e/udp_relay.py" "127.0.0.$1" 1123 10.99.1.1 "$2" "$3"; }
relay 2 28 12; gone=$!
relay 3 12 28
relay 4 24 16
sleep 1
for i in 2 3 4; do echo "server 127.0.0.$i port 1123 iburst minpoll 0 maxpoll 0"; done >"$tmp/ntpexchd.conf"
echo "port 0" >>"$tmp/ntpexchd.conf"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3"
start_suite cli
within 20000000 60 || fail "does not converge"
sleep 25
kill "$gone"
sleep 12
before=$(clock_error_ns) || fail "no clock"
"$B/bin/tools/shadow_watch" "$run/shadow" >"$tmp/watch.txt" 2>"$tmp/watch.log" &
watch=$!
pids+=("$watch")
timebus -r "$run" tap --json estimate >"$tmp/tap.json" 2>"$tmp/tap.log" &
pids+=($!)
sleep 2
end_daemon selectd KILL
sleep 0.3
start_daemon selectd cli
sleep 8
kill -INT "$watch"
wait "$watch"
timebus -r "$run" sources
alive
moved=$(sed -n 's/^moved_ns //p' "$tmp/watch.txt")
broken=$(sed -n 's/^broken //p' "$tmp/watch.txt")
# UTC minus the raw clock, over the rate: what jumps in it is the estimate
jump=$(python3 - "$tmp/tap.json" <<'EOF2'
import json, sys
worst = 0
last = None
for line in open(sys.argv[1], errors="replace"):
    try:
        m = json.loads(line)
    except ValueError:
        continue
    m = m.get("body", m)
    if "utc_ns" not in m:
        continue
    now = (m["raw_ns"], m["utc_ns"] - m["raw_ns"], m["rate_ppb"])
    if last:
        worst = max(worst, abs(now[1] - last[1] - 1e-9 * last[2] * (now[0] - last[0])))
    last = now
print(round(worst))
EOF2
)
say "error ${before%% *} ns before selectd was killed; the clock moved by $moved ns, the estimate by $jump ns"
[ -n "$moved" ] && [ "$moved" -le 1000000 ] || fail "the clock moved by $moved ns"
[ "$jump" -gt 0 ] && [ "$jump" -le 1000000 ] || fail "the estimate jumped by $jump ns"
[ "$broken" = 0 ] || fail "the bound was broken $broken times"
say done
