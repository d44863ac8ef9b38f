#!/bin/sh
# SPDX-License-Identifier: MIT
# disciplined.sh - what disciplined says to configurations, right and wrong: each
# tests/golden/config/disciplined*.conf goes through --check and, if it is right, --dump-config;
# the manual's list goes through --manual. What they print must be the .out.
#
#   UPDATE=1 tests/golden/disciplined.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
bin=$B/bin/disciplined
[ -x "$bin" ] || { echo "$bin is not there: run make first"; exit 1; }
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

cd tests/golden/config || exit 1
for conf in disciplined*.conf; do
	"$bin" --check -f "$conf" >"$work/out" 2>&1
	status=$?
	echo "exit $status" >>"$work/out"
	[ $status != 0 ] || "$bin" --dump-config -f "$conf" >>"$work/out" 2>/dev/null
	compare "${conf%.conf}.out"
done
"$bin" --manual >"$work/out" 2>&1
compare disciplined-manual.out
echo "$cases cases, $failed differ"
[ "$failed" = 0 ] && [ "$cases" -ge 5 ]
