#!/bin/sh
# SPDX-License-Identifier: MIT
# selectd.sh - selectd's configuration: what tests/golden/config/selectd*.conf give with --check
# and, where they are right, with --dump-config, must be the .out.
#
#   UPDATE=1 tests/golden/selectd.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
[ -x "$B/bin/selectd" ] || { echo "$B/bin/selectd is not there: run make first"; exit 1; }
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cases=0 failed=0

cd tests/golden/config || exit 1
for conf in selectd*.conf; do
	cases=$((cases + 1))
	"$B/bin/selectd" --check -f "$conf" >"$work/out" 2>&1
	status=$?
	echo "exit $status" >>"$work/out"
	[ $status != 0 ] || "$B/bin/selectd" --dump-config -f "$conf" >>"$work/out" 2>/dev/null
	if [ -n "${UPDATE:-}" ]; then
		cp "$work/out" "${conf%.conf}.out"
	elif ! diff -u "${conf%.conf}.out" "$work/out"; then
		echo "FAILED $conf"
		failed=$((failed + 1))
	fi
done
echo "$cases configurations, $failed differ"
[ "$failed" = 0 ] && [ "$cases" -ge 3 ]
