#!/bin/bash
# SPDX-License-Identifier: MIT
# bridge.sh - phc2shm beside Debian's phc2sys -E ntpshm on the same double of a PTP clock at the
# same time, by each way of reading: what a reader of their segments gets, and what both cost.
# Printed by bench.sh; rows are name, phc2shm, phc2sys, ratio.
# Each way is measured twice, with either program started first, and added up.
#   EACH=seconds a measurement (default 10)
. "$(dirname "$0")/../e2e/lib.sh"
[ "$(id -u)" = 0 ] || skip "needs root for a name space of its own for SHM; would have shown phc2shm beside phc2sys"
if [ -z "${TB_IPC:-}" ]; then
	rm -rf "$tmp"
	TB_IPC=1 exec unshare --ipc --kill-child bash "$0" "$@"
fi
each=${EACH:-10}
PTPSHIM_EPOCH=$("$B/bin/tools/refclock_tool" epoch)
export PTPSHIM_EPOCH PTPSHIM=/dev/ptp0 PTPSHIM_OFFSET=-311328 PTPSHIM_DELAY=exp:200

# the words of the unit, but for 20 updates a second, so that a short run has enough of them
start() { # PROGRAM UNIT: pid in $!
	background "$(basename "$1")" env LD_PRELOAD="$B/lib/ptpshim.so" "$1" -E ntpshm -s /dev/ptp0 -O 0 \
		-l 5 -q -R 20 -M "$2"
}
stop() {
	kill "$1" && wait "$1" 2>/dev/null
}
cost() { # PID: CPU ns, voluntary switches, PSS kB
	local f
	for f in /proc/"$1"/task/*/schedstat; do cat "$f"; done | awk '{ s += $1 } END { printf "%d ", s }'
	awk '/^voluntary/ { printf "%d ", $2 }' "/proc/$1/status"
	awk '/^Pss:/ { s += $2 } END { print s }' "/proc/$1/smaps_rollup"
}
row() {
	printf '%-44s %12s %12s %8s\n' "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }')"
}

# measure UNIT-STARTED-FIRST: adds lines "UNIT CPU-ns switches PSS-kB n mean jitter" to $tmp/sums
measure() {
	local unit
	local -A pid before
	for unit in "$1" $((5 - $1)); do
		start "${program[unit]}" "$unit"
		pid[$unit]=$!
	done
	sleep 1
	for unit in 2 3; do before[$unit]=$(cost "${pid[$unit]}"); done
	"$B/bin/tools/shmwatch" "$each" 2 3 >"$tmp/watch" || fail "shmwatch"
	for unit in 2 3; do
		echo "$unit ${before[$unit]} $(cost "${pid[$unit]}") $(sed -n "s/^unit=$unit //p" "$tmp/watch")" |
			sed 's/[a-z_]*=//g' >>"$tmp/sums"
	done
	for unit in 2 3; do stop "${pid[$unit]}"; done
}
# columns of sums: unit; CPU, switches, PSS before; the same after; n, mean, jitter, late
total() { # UNIT WHAT
	awk -v unit="$1" -v what="$2" '$1 == unit {
		k++; cpu += $5 - $2; sw += $6 - $3; pss += $7; n += $8; mean += $9; q += $10 * $10
	} END {
		if (what == "cpu") printf "%.1f", cpu / n / 1000
		if (what == "wake") printf "%.2f", sw / n
		if (what == "pss") printf "%d", pss / k
		if (what == "mean") printf "%.0f", mean / k
		if (what == "jitter") printf "%.1f", sqrt(q / k)
	}' "$tmp/sums"
}

program=([2]="$B/bin/phc2shm" [3]="$peers/usr/sbin/phc2sys")
printf '%-44s %12s %12s %8s\n' "bridge of a PTP clock, 20 updates a second" phc2shm phc2sys ratio
for method in precise extended plain gettime; do
	export PTPSHIM_IOCTLS=$method,gettime
	: >"$tmp/sums"
	measure 2
	measure 3
	printf '%-44s %12s %12s %8s\n' "$method: mean offset, ns" "$(total 2 mean)" "$(total 3 mean)" -
	row "$method: jitter of a reader's sample, ns" "$(total 2 jitter)" "$(total 3 jitter)"
	row "$method: CPU us an update" "$(total 2 cpu)" "$(total 3 cpu)"
	row "$method: wake-ups an update" "$(total 2 wake)" "$(total 3 wake)"
	row "$method: PSS kB" "$(total 2 pss)" "$(total 3 pss)"
done
exit 0
