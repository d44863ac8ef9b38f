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

for file in "$here"/scenarios/*.sim; do
	name=${file##*/}
	name=${name%.sim}
	known=$(grep -c "^$name[[:space:]]" "$here/known-failures")
	"$sim" -q -n "$seeds" "$file" >"$work/$name"
	rc=$?
	cat "$work/$name"
	case $rc:$known in
	0:0 | 1:1) ;;
	0:1) bad "$name passes: strike it from known-failures" ;;
	*) bad "$name (status $rc)" ;;
	esac
done

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
