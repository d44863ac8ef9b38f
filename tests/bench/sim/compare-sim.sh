#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run one client implementation through the simulated scenarios and print its
# clock error.  Only uses clknetsim and chronyd; both are found by environment:
#
#   CLKNETSIM_PATH  directory holding clknetsim and clknetsim.so  (required)
#   CHRONYD         the chronyd that serves time, and the baseline client
#                   (required)
#   TIMEBUS_SOLO    the one-process node           (for clients timebus*)
#   SIM_OUT         where results go             (default ./sim-out)
#   SIM_USER        user to become when started as root (clknetsim clients
#                   must never have the right to set the real clock)
#   KEEP=1          keep every log of every run
#
# usage: compare-sim.sh [-n SEEDS] [-f FIRST_SEED] [-i IMPL] [SCENARIO...]
#
#   IMPL      chrony (default) or chrony+variant, timebus, ...: the file
#             scenarios/S/client.IMPL.conf is given to the launcher
#             clients/${IMPL%%+*}.sh.  "all" runs every client.*.conf present,
#             a comma-separated list those of it that are present.
#   SCENARIO  a directory name below scenarios/, or NAME:KEY=VAL,KEY=VAL
#             for one with a sim.conf.in template.
set -u
here=$(cd "$(dirname "$0")" && pwd)
seeds=5 first=1 impl=chrony
while getopts n:f:i:h o; do
	case $o in
		n) seeds=$OPTARG ;;
		f) first=$OPTARG ;;
		i) impl=$OPTARG ;;
		*) sed -n '3,25p' "$0"; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

: "${CLKNETSIM_PATH:?set CLKNETSIM_PATH}" "${CHRONYD:?set CHRONYD}"
out=$(realpath -m "${SIM_OUT:-sim-out}")
if [ "$(id -u)" = 0 ]; then
	: "${SIM_USER:?refusing to run as root: set SIM_USER to an unprivileged user}"
	mkdir -p "$out" && chown "$SIM_USER" "$out" || exit 1
	exec runuser -u "$SIM_USER" -- env SIM_OUT="$out" "$0" -n "$seeds" \
		-f "$first" -i "$impl" "$@"
fi
mkdir -p "$out" || exit 1
[ -x "$CLKNETSIM_PATH/clknetsim" ] && [ -e "$CLKNETSIM_PATH/clknetsim.so" ] ||
	{ echo "no clknetsim below CLKNETSIM_PATH" >&2; exit 1; }
[ $# -gt 0 ] || set -- $(cd "$here/scenarios" && ls -d */ | tr -d / |
	while read -r s; do [ -e "$here/scenarios/$s/sim.conf" ] && echo "$s"; done)

# launch NODE IMPL CONF: start one client in the simulation, in the background
launch() {
	local node=$1 kind=${2%%+*} conf=$3 ARGV=() EXTRA_ENV=() PRELOAD=""
	. "$here/clients/$kind.sh" "$conf" "$node"
	env "${SIM_ENV[@]}" "${EXTRA_ENV[@]}" CLKNETSIM_NODE="$node" \
		CLKNETSIM_SOCKET=sock \
		LD_PRELOAD="${PRELOAD:+$PRELOAD:}$CLKNETSIM_PATH/clknetsim.so" \
		"${ARGV[@]}" > "log.$node" 2>&1 < /dev/null &
	pids+=($!)
}

# one SCENARIO IMPL SEED: a whole simulation, one line per window on stdout
one() {
	local spec=$1 name=${1%%:*} who=$2 seed=$3 n rc=0 pids=() SIM_ENV=() p
	local dir=$here/scenarios/$name run=$out/$1.$2.$3
	local NODES=2 CLIENT=2 LIMIT=86400 SETTLE=7200 WINDOWS="" SIM_ARGS="" CLOCKS=1
	. "$dir/scenario.env"
	rm -rf "$run"; mkdir -p "$run/data" && cd "$run" || return 1
	if [ -e "$dir/sim.conf.in" ]; then
		local sub="" kv; IFS=, read -ra kv <<< "${spec#*:}"
		for p in "${kv[@]}"; do sub+="s/@${p%%=*}@/${p#*=}/g;"; done
		sed "$sub" "$dir/sim.conf.in" > sim.conf
	else
		cp "$dir/sim.conf" .
	fi
	export CLKNETSIM_RANDOM_SEED=$seed
	# after every build date: ntpd takes an earlier one for the next NTP era
	export CLKNETSIM_START_DATE=${CLKNETSIM_START_DATE:-1767225600}
	for n in $(seq 1 "$NODES"); do
		if [ "$n" = "$CLIENT" ]; then
			cp "$dir/client.$who.conf" "conf.$n"
			launch "$n" "$who" "conf.$n"
		else
			if [ -e "$dir/server.$n.conf" ]; then cp "$dir/server.$n.conf" "conf.$n"
			elif [ -e "$dir/server.conf" ]; then cp "$dir/server.conf" "conf.$n"
			else echo "local stratum 1" > "conf.$n"; fi
			launch "$n" chrony "conf.$n"
		fi
	done
	"$CLKNETSIM_PATH/clknetsim" -s sock -c "$CLOCKS" -l "$LIMIT" -o offset.log \
		-f freq.log $SIM_ARGS sim.conf "$NODES" > stats 2> log.sim || rc=1
	for p in "${pids[@]}"; do
		for n in 1 2 3 4 5 6 7 8 9 10; do
			kill -0 "$p" 2> /dev/null || break
			sleep 0.1
		done
		kill "$p" 2> /dev/null
	done
	wait
	if [ $rc = 0 ]; then
		python3 "$here/analyse.py" --column $(((CLIENT - 1) * CLOCKS + 1)) \
			--settle "$SETTLE" --windows "$WINDOWS" \
			--start "$CLKNETSIM_START_DATE" --tracking data/tracking.log --stats stats --node "$CLIENT" --tag "$spec $who $seed" \
			offset.log freq.log
	else
		echo "$spec $who $seed FAILED" >&2
		tail -n 3 log.sim "log.$CLIENT" >&2
	fi
	cd "$out" || exit 1
	[ -n "${KEEP:-}" ] || [ $rc != 0 ] || rm -rf "$run"
}

for s in "$@"; do
	if [ "$impl" = all ]; then
		impls=$(cd "$here/scenarios/${s%%:*}" && ls client.*.conf | sed 's/^client\.//; s/\.conf$//')
	else
		impls=${impl//,/ }
	fi
	for i in $impls; do
		[ -e "$here/scenarios/${s%%:*}/client.$i.conf" ] || continue
		for k in $(seq "$first" $((first + seeds - 1))); do
			( one "$s" "$i" "$k" )
		done
	done
done | tee -a "$out/results.tsv" | python3 "$here/summarise.py"
