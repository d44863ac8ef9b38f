#!/bin/sh
# SPDX-License-Identifier: MIT
# monitord.sh - tables and log rows to the letter, and monitord's configuration.
#
# tests/golden/monitord/NAME.tap is a recording as `timebus tap` prints it (see monitord_render.c);
# what monitord_render prints must be NAME.out. tests/golden/config/monitord*.conf goes through
# `monitord --check` and, if it is right, --dump-config: what they print must be the .out.
#
#   UPDATE=1 tests/golden/monitord.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
render=$B/bin/tools/monitord_render
[ -x "$render" ] || { echo "$render is not there: run make test-programs first"; exit 1; }
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cases=0 failed=0

# OUT: compares $work/out with it
compare()
{
	cases=$((cases + 1))
	if [ -n "${UPDATE:-}" ]; then
		cp "$work/out" "$1"
	elif ! diff -u "$1" "$work/out"; then
		echo "FAILED $1"
		failed=$((failed + 1))
	fi
}

cd tests/golden/monitord || exit 1
for tap in *.tap; do
	"$render" "$tap" >"$work/out" 2>&1
	echo "exit $?" >>"$work/out"
	compare "${tap%.tap}.out"
done
cd ../config || exit 1
for conf in monitord*.conf; do
	"$B/bin/monitord" --check -f "$conf" >"$work/out" 2>&1
	status=$?
	echo "exit $status" >>"$work/out"
	[ $status != 0 ] || "$B/bin/monitord" --dump-config -f "$conf" >>"$work/out" 2>/dev/null
	compare "${conf%.conf}.out"
done
echo "$cases cases, $failed differ"
[ "$failed" = 0 ] && [ "$cases" -ge 6 ]
