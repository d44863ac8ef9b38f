#!/bin/sh
# SPDX-License-Identifier: MIT
# run_here.sh - the mistakes of who tries `make run`, and that Ctrl-C leaves nothing behind.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export B TMPDIR="$work" SERVERS=127.0.0.1
bad=0

# EXIT PATTERN VARIABLE=VALUE...: what it says in its first line
says() {
	want=$1 pattern=$2
	shift 2
	env "$@" timeout 20 deploy/run-here.sh >"$work/out" 2>&1
	got=$?
	[ "$got" = "$want" ] && head -n 1 "$work/out" | grep -q "$pattern" && return
	echo "FAILED $*: exit $got, not $want with '$pattern':"
	cat "$work/out"
	bad=1
}

mkdir "$work/conf"
echo 'servr a' >"$work/conf/ntpexchd.conf"
says 3 'nothing is built in /nonexistent' B=/nonexistent
says 2 'CONF=/nonexistent is no directory' CONF=/nonexistent
says 3 '^ntpexchd did not start:$' CONF="$work/conf"
sed -n 2p "$work/out" | grep -q 'ntpexchd.conf:1: servr: unknown directive (did you mean server?)' ||
	{ echo "FAILED: why it did not start"; bad=1; }

timeout -s INT 3 deploy/run-here.sh >"$work/out" 2>&1
grep -q '^clock shadow: unsynchronised' "$work/out" || { echo "FAILED: no clock"; cat "$work/out"; bad=1; }
ls -d "$work"/timebus.* 2>/dev/null && { echo "FAILED: its directory stays"; bad=1; }
exit $bad
