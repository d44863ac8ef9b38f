#!/bin/sh
# SPDX-License-Identifier: MIT
# ntpexchd.sh - packets good and bad, and configurations good and wrong, to the letter.
#
# tests/golden/ntp/NAME.hex goes through ntp_probe (built from ntp_probe.c by `make test-programs`);
# what it prints must be NAME.out. tests/golden/config/ntpexchd*.conf goes through
# `ntpexchd --check`, and --dump-config if it is right; what they print must be the .out.
#
#   UPDATE=1 tests/golden/ntpexchd.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
for p in "$B/bin/tools/ntp_probe" "$B/bin/ntpexchd"; do
	[ -x "$p" ] || { echo "$p is not there: run make test-programs first"; exit 1; }
done
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# NAME.out against $work/out
compare()
{
	cases=$((cases + 1))
	if [ -n "${UPDATE:-}" ]; then
		cp "$work/out" "$1.out"
	elif ! diff -u "$1.out" "$work/out"; then
		echo "FAILED $1"
		failed=$((failed + 1))
	fi
}

cases=0 failed=0
for hex in tests/golden/ntp/*.hex; do
	{ "$B/bin/tools/ntp_probe" "$hex"; echo "exit $?"; } >"$work/out" 2>&1
	compare "${hex%.hex}"
done
cd tests/golden/config || exit 1
for conf in ntpexchd*.conf; do
	"$B/bin/ntpexchd" --check -f "$conf" >"$work/out" 2>&1
	rc=$?
	echo "exit $rc" >>"$work/out"
	[ $rc = 0 ] && "$B/bin/ntpexchd" --dump-config -f "$conf" >>"$work/out" 2>/dev/null
	compare "${conf%.conf}"
done
echo "$cases cases, $failed differ"
[ "$failed" = 0 ] && [ "$cases" -ge 40 ]
