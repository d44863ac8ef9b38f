#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# timebus beside chronyd on the same noise, every scenario, in virtual time: compare-sim.sh for
# both, then compare.py. A seed of a simulated day takes some seconds a program.
#
#   CLKNETSIM_PATH, CHRONYD, TIMEBUS_SOLO, SIM_USER   as compare-sim.sh
#   SEEDS=10 FIRST=1       which seeds
#   SCENARIOS="s6-vsphere s10-sweep:WANDER=1e-8,JITTER=1e-5"   default: all
#   CLIENTS="maxpoll6"     variants of the clients, comma-separated; default: all that both have
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${CLKNETSIM_PATH:?set CLKNETSIM_PATH to the directory of clknetsim and clknetsim.so}"
: "${CHRONYD:?set CHRONYD to a chronyd}" "${TIMEBUS_SOLO:?set TIMEBUS_SOLO}"
if [ "$(id -u)" = 0 ]; then export SIM_USER=${SIM_USER:-nobody}; fi

# What an unprivileged user must be able to read may lie where only we can.
work=$(mktemp -d "${TMPDIR:-/tmp}/timebus-sim.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp -r "$here" "$work/sim"
cp "$TIMEBUS_SOLO" "$work/timebus-solo"
chmod -R a+rX "$work"
export TIMEBUS_SOLO=$work/timebus-solo SIM_OUT=${SIM_OUT:-$work/out}
mkdir -p "$SIM_OUT"
rm -f "$SIM_OUT/results.tsv"

if [ -z "${SCENARIOS:-}" ]; then
	SCENARIOS="s1-pool s2-lan-sw s3-lan-hw s4-shm-pps s5-phc-vm s6-vsphere"
	for w in 1e-10 1e-9 1e-8 1e-7; do
		for j in 1e-6 1e-5 1e-4 1e-3; do
			for s in s10-sweep s10-gauss s10-gamma s10-burst s10-uniform; do
				SCENARIOS+=" $s:WANDER=$w,JITTER=$j"
			done
		done
	done
fi
for s in $SCENARIOS; do
	for f in "$here/scenarios/${s%%:*}"/client.timebus*.conf; do
		v=${f##*/client.timebus}
		v=${v%.conf}
		case ",${CLIENTS+$CLIENTS,}" in
		, | *",${v#+},"*) ;;
		*) continue ;;
		esac
		"$work/sim/compare-sim.sh" -n "${SEEDS:-10}" -f "${FIRST:-1}" \
			-i "timebus$v,chrony$v" "$s" > /dev/null
	done
done
"$here/compare.py" < "$SIM_OUT/results.tsv"
