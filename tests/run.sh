#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh TEST... - run test programs and scripts, JOBS at a time (default 2), one line each.
# A test passes with 0, is skipped with 77 (its last line says what it would have shown), and fails
# with anything else or after TEST_TIMEOUT seconds (default 300). Its output is kept in $B/log and
# shown when it fails. As root each has shared memory segments of its own (an IPC namespace), so that
# neither two tests nor a daemon of this machine meet in one. Prints the sum last; exits 1 if
# anything failed, or if nothing ran.
set -u
B=${B:-build}
export B
mkdir -p "$B/log"
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
apart=
if [ "$(id -u)" = 0 ] && unshare -i true 2>/dev/null; then apart="unshare -i"; fi

# verdict NAME RC SECONDS: one line, and what a failed test printed
verdict() {
	local log=$B/log/$1.log why="status $2"
	case $2 in
	0) echo passed; echo "ok      $1 ($3 s)" >&3 ;;
	77) echo skipped; echo "skipped $1: $(tail -n 1 "$log")" >&3 ;;
	*)
		echo "failed $1"
		[ "$2" != 124 ] || why="no end after ${TEST_TIMEOUT:-300} s"
		{
			echo "FAILED  $1 ($why), last lines of $log:"
			tail -n "${TEST_TAIL:-40}" "$log" | sed 's/^/    /'
		} >&3 ;;
	esac
}

run_one() {
	local name child start=$SECONDS
	name=$(echo "${1#"$B"/bin/}" | tr / -)
	$apart timeout -k 10 "${TEST_TIMEOUT:-300}" "$1" >"$B/log/$name.log" 2>&1 3>&- </dev/null &
	child=$!
	trap 'kill "$child" 2>/dev/null; wait "$child"; exit 143' TERM
	wait "$child"
	verdict "$name" $? $((SECONDS - start)) >"$results/$name"
}

# what a test made, namespaces and daemons, it takes away itself when it is told to end
stop() {
	kill $(jobs -p) 2>/dev/null
	wait
	exit 130
}

exec 3>&1
trap stop INT TERM
running=0
for t in "$@"; do
	if [ "$running" -ge "${JOBS:-2}" ]; then
		wait -n
		running=$((running - 1))
	fi
	run_one "$t" &
	running=$((running + 1))
done
wait
of() { cat "$results"/* 2>/dev/null | grep -c "^$1"; }
[ "$(of failed)" = 0 ] || echo "failed:$(cat "$results"/* | sed -n 's/^failed//p' | tr -d '\n')"
echo "$(of passed) passed, $(of failed) failed, $(of skipped) skipped"
[ "$(of failed)" = 0 ] && [ $(($(of passed) + $(of skipped))) = $# ] && [ $# -gt 0 ]
