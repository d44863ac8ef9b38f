#!/bin/sh
# SPDX-License-Identifier: MIT
# refclockd.sh - refclockd's configuration: what tests/golden/config/refclockd*.conf give with
# --check and --dump-config (a wrong line switches its source off, the rest is dumped) must be the
# .out.
#
#   UPDATE=1 tests/golden/refclockd.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
bin=$B/bin/refclockd
[ -x "$bin" ] || { echo "$bin is not there: run make first"; exit 1; }
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cases=0 failed=0

cd tests/golden/config || exit 1
for conf in refclockd*.conf; do
	cases=$((cases + 1))
	"$bin" --check -f "$conf" >"$work/out" 2>&1
	echo "exit $?" >>"$work/out"
	"$bin" --dump-config -f "$conf" >>"$work/out" 2>/dev/null
	if [ -n "${UPDATE:-}" ]; then
		cp "$work/out" "${conf%.conf}.out"
	elif ! diff -u "${conf%.conf}.out" "$work/out"; then
		echo "FAILED $conf"
		failed=$((failed + 1))
	fi
done
echo "$cases configurations, $failed differ"
[ "$failed" = 0 ] && [ "$cases" -ge 4 ]
