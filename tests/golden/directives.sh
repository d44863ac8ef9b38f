#!/bin/sh
# SPDX-License-Identifier: MIT
# directives.sh - every kind of mistake in a configuration, and its exact message.
#
# Each tests/golden/directives/NAME.conf goes through directive_probe (built from directive_probe.c
# by `make test-programs`); what it prints must be NAME.out. NAME.args, if there, holds directives
# given as arguments, one a line. --manual must print manual.out.
#
#   UPDATE=1 tests/golden/directives.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
probe=$B/bin/tools/directive_probe
[ -x "$probe" ] || { echo "$probe is not there: run make test-programs first"; exit 1; }
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd tests/golden/directives || exit 1

# NAME [probe's arguments...]
compare()
{
	name=$1
	shift
	"$probe" "$@" >"$work/out" 2>&1
	echo "exit $?" >>"$work/out"
	if [ -n "${UPDATE:-}" ]; then
		cp "$work/out" "$name.out"
	elif ! diff -u "$name.out" "$work/out"; then
		echo "FAILED $name"
		return 1
	fi
}

cases=0 failed=0
compare manual --manual || failed=$((failed + 1))
for conf in *.conf; do
	name=${conf%.conf}
	cases=$((cases + 1))
	set -- "$conf"
	if [ -f "$name.args" ]; then
		while IFS= read -r line; do
			set -- "$@" "$line"
		done <"$name.args"
	fi
	compare "$name" "$@" || failed=$((failed + 1))
done
for out in *.out; do
	[ -f "${out%.out}.conf" ] || [ "$out" = manual.out ] ||
		{ echo "FAILED $out has no .conf"; failed=$((failed + 1)); }
done
echo "$cases configurations, $failed differ"
[ "$failed" = 0 ] && [ "$cases" -ge 10 ]
