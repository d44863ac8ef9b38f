#!/bin/sh
# SPDX-License-Identifier: MIT
# run-here.sh - the whole suite in the foreground, on a shadow clock, in a private run directory.
#   SERVERS="a b"  NTP servers instead of pool.ntp.org
#   CONF=dir       a directory with <daemon>.conf files; those missing there get the defaults below
#   B=build        where the programs are
# Nothing on the machine is changed: the right to set the clock is given up first, and what is
# steered is a software clock in shared memory. Ends with Ctrl-C.
set -eu
B=${B:-build}
[ -x "$B/bin/timebus" ] || { echo "run-here.sh: nothing is built in $B (make, or B=directory)" >&2; exit 3; }
bin=$(cd "$B/bin" && pwd)
if [ -n "${CONF:-}" ] && [ ! -d "$CONF" ]; then
	echo "run-here.sh: CONF=$CONF is no directory with <daemon>.conf files" >&2
	exit 2
fi

# Root may not keep what root does not need.
if [ "$(id -u)" = 0 ] && [ -z "${TIMEBUS_RUN_HERE:-}" ]; then
	export TIMEBUS_RUN_HERE=1
	exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time --ambient-caps=-sys_time "$0" "$@"
fi

run=$(mktemp -d "${TMPDIR:-/tmp}/timebus.XXXXXX")
mkdir "$run/state" "$run/log"
export TIMEBUS_RUN_DIR="$run" TIMEBUS_STATE_DIR="$run/state" TIMEBUS_TEST=1

default_conf() {
	case $1 in
	refclockd) echo "autophc" ;;
	ntpexchd)
		if [ -n "${SERVERS:-}" ]; then
			for s in $SERVERS; do echo "server $s iburst"; done
		else
			echo "pool pool.ntp.org iburst"
		fi
		echo "port 0" ;;
	disciplined)
		echo "clock shadow"
		echo "makestep 0.1 3"
		echo "driftfile $run/state/drift" ;;
	*) echo "# defaults" ;;
	esac
}

pids= names=
stop() {
	trap - EXIT
	trap '' INT TERM # who presses Ctrl-C twice shall find nothing left behind either
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	for p in $pids; do wait "$p" 2>/dev/null || true; done
	rm -rf "$run"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for d in selectd disciplined ntpexchd refclockd monitord; do
	if [ -n "${CONF:-}" ] && [ -e "$CONF/$d.conf" ]; then
		conf=$CONF/$d.conf
	else
		conf=$run/$d.conf
		default_conf $d >"$conf"
	fi
	# a suite started here steers the shadow, whatever the file says
	extra=
	[ $d = disciplined ] && extra='clock shadow'
	"$bin/$d" -f "$conf" ${extra:+"$extra"} 2>"$run/log/$d.log" &
	pids="$pids $!"
	names="$names $d"
done
sleep 0.3
for p in $pids; do
	d=${names# }
	d=${d%% *}
	names=${names#" $d"}
	kill -0 "$p" 2>/dev/null || { echo "$d did not start:" >&2; cat "$run/log/$d.log" >&2; exit 3; }
done
echo "timebus runs in $run (logs in $run/log); \`timebus -r $run tap\` shows the live stream."
# in the background, so that a signal to this script alone ends it at once
"$bin/timebus" -r "$run" watch "$@" &
pids="$! $pids"
wait "$!"
