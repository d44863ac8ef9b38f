#!/bin/bash
# SPDX-License-Identifier: MIT
# What the suite costs, beside Debian's chronyd in the same run, what one sample costs in selectd's
# core (bench_selectd), and what phc2shm costs and gives beside Debian's phc2sys (bridge.sh).
# Absolute figures are this machine's; the ratio column is what to compare.
#   WARM=seconds before the idle measurement (default 240: by then the intervals after the start have
#        grown to the 64 s that are configured)
#   IDLE=seconds of the idle measurement (default 130: two polls at least)
#   BUSY=seconds of the latency measurement (default 20)
. "$(dirname "$0")/../e2e/lib.sh"
need_root "the cost of the suite beside chronyd"
warm=${WARM:-240} idle=${IDLE:-130} busy=${BUSY:-20}

namespace cli
for i in 1 2 3 4; do
	namespace srv$i
	veth srv$i cli $i
	start_chronyd srv$i server$i
done
for i in 1 2 3 4; do serving 10.99.$i.1 cli; done

# sums over processes: CPU ns, voluntary switches of all threads, PSS kB
usage() {
	python3 - "$@" <<-'P'
	import glob, sys
	cpu = sw = pss = 0
	for pid in sys.argv[1:]:
	    for t in glob.glob("/proc/%s/task/*" % pid):
	        cpu += int(open(t + "/schedstat").read().split()[0])
	        for l in open(t + "/status"):
	            if l.startswith("voluntary_ctxt_switches"):
	                sw += int(l.split()[1])
	    for l in open("/proc/%s/smaps_rollup" % pid):
	        if l.startswith("Pss:"):
	            pss += int(l.split()[1])
	print(cpu, sw, pss)
	P
}

# --- latency: one server, sixteen polls a second
conf ntpexchd "server 10.99.1.1 iburst minpoll -4 maxpoll -4" "port 0"
conf disciplined "clock shadow" "makestep 0.1 3"
start_suite cli
within 50000 60 || fail "does not converge"
"$B/bin/tools/buswatch" "$run" "$busy" >"$tmp/latency.txt" 2>"$tmp/buswatch.log" || fail buswatch
for d in "${!daemon_pid[@]}"; do kill "${daemon_pid[$d]}"; done
sleep 1

# --- idle: four servers at poll 6, the suite and chronyd side by side
: >"$tmp/ntpexchd.conf"
for i in 1 2 3 4; do conf ntpexchd "server 10.99.$i.1 iburst minpoll 6 maxpoll 6"; done
conf ntpexchd "port 0"
start_suite cli
{
	for i in 1 2 3 4; do echo "server 10.99.$i.1 iburst minpoll 6 maxpoll 6"; done
	printf 'cmdport 0\nbindcmdaddress /\nport 0\npidfile %s\n' "$tmp/chronyd.pid"
} >"$tmp/chronyd.conf"
background chronyd inns cli "$peers/usr/sbin/chronyd" -x -d -u root -f "$tmp/chronyd.conf"
sleep "$warm"
chronyd=$(cat "$tmp/chronyd.pid")
suite=()
for d in "${!daemon_pid[@]}"; do suite+=("${daemon_pid[$d]}"); done
read -r c0 s0 _ < <(usage "$chronyd")
read -r tc0 ts0 _ < <(usage "${suite[@]}")
declare -A before each
for d in "${!daemon_pid[@]}"; do before[$d]=$(usage "${daemon_pid[$d]}"); done
sleep "$idle"
read -r c1 s1 p1 < <(usage "$chronyd")
read -r tc1 ts1 tp1 < <(usage "${suite[@]}")
for d in "${!daemon_pid[@]}"; do each[$d]=$(usage "${daemon_pid[$d]}"); done
alive

get() { sed -n "s/^$1 //p" "$tmp/latency.txt"; }
row() { printf '%-44s %12s %12s %8s\n' "$@"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }
per() { awk -v a="$1" -v b="$2" "BEGIN { printf \"%.3f\", (a - b) * $3 }"; }
row "" timebus chronyd ratio
row "bus, publisher to subscriber, median us" "$(get bus_median_us)" - -
row "bus, publisher to subscriber, p99 us" "$(get bus_p99_us)" - -
row "packet arrival to clock call, median us" "$(get packet_to_clock_median_us)" - -
row "packet arrival to clock call, p99 us" "$(get packet_to_clock_p99_us)" - -
a=$(per "$tc1" "$tc0" "3600/1e9/$idle") b=$(per "$c1" "$c0" "3600/1e9/$idle")
row "idle, 4 sources at poll 6: CPU s an hour" "$a" "$b" "$(ratio "$a" "$b")"
a=$(per "$ts1" "$ts0" "1/$idle") b=$(per "$s1" "$s0" "1/$idle")
row "idle: wake-ups a second, all threads" "$a" "$b" "$(ratio "$a" "$b")"
row "idle: PSS kB" "$tp1" "$p1" "$(ratio "$tp1" "$p1")"
for d in "${!each[@]}"; do
	read -r _ w p <<<"${each[$d]}"
	read -r _ w0 _ <<<"${before[$d]}"
	row "  of which $d: PSS kB, wake-ups a second" "$p" "$(per "$w" "$w0" "1/$idle")" -
done
for b in "$B"/bin/tools/bench_*; do
	[ -x "$b" ] && "$b"
done
bash "$here/bridge.sh"
exit 0
