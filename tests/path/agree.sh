#!/bin/bash
# SPDX-License-Identifier: MIT
# The daemons' path beside the simulator: ten minutes at sixteen polls a second, interleaved, with
# Debian's chronyd over a veth pair, on a bent raw clock that wanders. The same is then simulated
# with exponential delays of the mean that was seen, for ten seeds. Real delays follow no such law
# (stamps of a virtual machine drift by tenths of a microsecond together), which the estimator sees
# and says; so the verdict is on what it says: the clock of the daemons may be off by half as much
# again as the larger of the simulator's error and the deviation that selectd told at the median.
#   DURATION=600   seconds      KEEP=1   leaves what was recorded
. "$(dirname "$0")/../e2e/lib.sh"
need_root "that daemons keep what the cores reach"
duration=${DURATION:-600}
settle=180
wander=1e-9

namespace srv; namespace cli
veth srv cli 1
start_chronyd srv chronyd
serving 10.99.1.1 cli
oscillator "freq=20000,wander=$wander,seed=1"
conf ntpexchd "server 10.99.1.1 minpoll -4 maxpoll -4 iburst xleave" "port 0"
conf disciplined "clock shadow" "makestep 1 3"
start_suite cli
within 50000 60 || fail "does not converge"
sleep "$settle"
timebus -r "$run" tap sample.10.99.1.1 estimate --json --no-snapshot >"$tmp/tap.json" 2>"$tmp/tap.log" &
tap=$!
pids+=("$tap")
"$B/bin/tools/shadow_watch" "$run/shadow" >"$tmp/watch.txt" 2>"$tmp/watch.log" &
watch=$!
pids+=("$watch")
sleep "$duration"
kill "$tap"
kill -INT "$watch"
wait "$watch"
alive
seen() { sed -n "s/^$1 //p" "$tmp/watch.txt"; }
say "daemons: sd $(seen sd_ns) ns, of which $(seen reading_sd_ns) ns are the reading's own, mean $(seen mean_ns) ns, bound broken $(seen broken) times of $(seen reads)"

# base and spread of the delays, a direction; the lowest hundredth stands for the base
python3 - "$tmp/tap.json" "$duration" "$settle" "$wander" >"$tmp/seen.sim" <<'EOP' || fail "no samples"
import json, sys
path, duration, settle, wander = sys.argv[1:]
samples = [json.loads(l) for l in open(path) if l.startswith("{")]
delays = sorted(s["delay_ns"] for s in samples if "delay_ns" in s and s.get("reject", "ok") == "ok")
told = sorted(s["offset_sd_ns"] for s in samples if s.get("topic") == "estimate")
print("# told %.0f" % told[len(told) // 2])
assert len(delays) > 100, "%d samples" % len(delays)
base = delays[len(delays) // 100]
mean = sum(delays) / len(delays)
print("title As seen\nduration %ds\nsettle %ds" % (int(duration) + int(settle), int(settle)))
print("config server a minpoll -4 maxpoll -4 iburst\nconfig makestep 1 3")
print("osc freq_ppm 20 wander %s\nnode a dispersion_us 1\nstamp_ns 5" % wander)
print("path a base_us %.3f law exponential jitter_us %.3f" % (base / 2e3, max(mean - base, 1) / 2e3))
print("limit bound_us 1e6")
EOP
grep ^path "$tmp/seen.sim"
"$B/bin/sim" -n 10 --errors /dev/null "$tmp/seen.sim" >"$tmp/sim.txt"
cat "$tmp/sim.txt"
told=$(sed -n 's/^# told //p' "$tmp/seen.sim")
python3 - "$tmp/sim.txt" "$(seen sd_ns)" "$(seen reading_sd_ns)" "$told" <<'EOP' || fail "the daemons lose what the cores reach"
import sys
units = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
rms = []
for line in open(sys.argv[1]):
    w = line.split()
    if len(w) > 3 and w[1].isdigit() and w[3] in units:
        rms.append(float(w[2]) * units[w[3]])
sd = max(float(sys.argv[2]) ** 2 - float(sys.argv[3]) ** 2, 0) ** 0.5
told = float(sys.argv[4])
print("simulator rms %.0f to %.0f ns in %d seeds, daemons %.0f ns without the reading's own, told %.0f ns" % (min(rms), max(rms), len(rms), sd, told))
sys.exit(not (len(rms) == 10 and sd <= 1.5 * max(max(rms), told)))
EOP
