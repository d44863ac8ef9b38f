#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh [SEEDS] - every scenario keeps its limits; those under known-failures still fail. A few
# go over the wire format as well, and twice, and must come out the same to the last digit.
set -u
B=${B:-build}
seeds=${1:-1}
here=tests/sim
sim=$B/bin/sim
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
mkdir -p "$B/log"

bad() {
	echo "FAILED $*"
	failed=1
}

# Known: the scenario with every seed, or with the seed behind the @.
is_known() {
	grep -qE "^$1(@$2)?[[:space:]]" "$here/known-failures"
}

for file in "$here"/scenarios/*.sim; do
	name=${file##*/}
	name=${name%.sim}
	"$sim" -q -n "$seeds" "$file" >"$work/$name"
	[ $? -le 1 ] || bad "$name cannot be run"
	cat "$work/$name"
	awk '$0 !~ /^ / && / FAIL: / { print $2 }' "$work/$name" >"$work/seeds"
	while read -r seed; do
		is_known "$name" "$seed" || bad "$name with seed $seed"
	done <"$work/seeds"
done

# What is told to fail, and does not, has been mended: nobody shall break it again unseen.
grep -v '^#' "$here/known-failures" | while read -r known _; do
	name=${known%@*}
	seed=1
	[ "$name" = "$known" ] || seed=${known#*@}
	if "$sim" -q -s "$seed" "$here/scenarios/$name.sim" >/dev/null; then
		echo "FAILED $known passes: strike it from known-failures"
		: >"$work/mended"
	fi
done
[ ! -e "$work/mended" ] || failed=1

for name in one-64s pool phc-onesided suspend leap-insert restart-selectd restart-disciplined; do
	file=$here/scenarios/$name.sim
	"$sim" -q "$file" >"$work/plain"
	"$sim" -q "$file" >"$work/again"
	"$sim" -q --wire "$file" >"$work/wire"
	cmp -s "$work/plain" "$work/again" || bad "$name: the same seed gives another run"
	cmp -s "$work/plain" "$work/wire" || bad "$name: over the wire format it is another run"
done

# A limit that cannot be kept must be told, with the seed and status 1.
sed '$a limit rms_us 0.001' "$here/scenarios/one-64s.sim" >"$work/impossible.sim"
"$sim" -s 7 "$work/impossible.sim" >"$work/out"
[ $? = 1 ] && grep -q 'FAIL: rms_us' "$work/out" && grep -q -- '-s 7' "$work/out" ||
	bad "a broken limit is not told"
exit $failed
