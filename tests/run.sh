#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh TEST... - run test programs and scripts one after another, one line each.
# A test passes with 0, is skipped with 77 (its last line says what it would have shown), and fails
# with anything else or after TEST_TIMEOUT seconds (default 300). Its output is kept in $B/log and
# shown when it fails. Prints the sum last; exits 1 if anything failed, or if nothing ran.
set -u
B=${B:-build}
export B
mkdir -p "$B/log"
passed=0 failed=0 skipped=0 broken=
for t in "$@"; do
	name=$(echo "${t#"$B"/bin/}" | tr / -)
	log=$B/log/$name.log
	start=$(date +%s)
	timeout -k 10 "${TEST_TIMEOUT:-300}" "$t" >"$log" 2>&1 </dev/null
	rc=$?
	took=$(($(date +%s) - start))
	case $rc in
	0) passed=$((passed + 1)); echo "ok      $name (${took} s)" ;;
	77) skipped=$((skipped + 1)); echo "skipped $name: $(tail -n 1 "$log")" ;;
	*)
		failed=$((failed + 1)); broken="$broken $name"
		[ $rc = 124 ] && why="no end after ${TEST_TIMEOUT:-300} s" || why="status $rc"
		echo "FAILED  $name ($why), last lines of $log:"
		tail -n "${TEST_TAIL:-40}" "$log" | sed 's/^/    /' ;;
	esac
done
[ -z "$broken" ] || echo "failed:$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $((passed + skipped)) -gt 0 ]
