#!/bin/sh
# SPDX-License-Identifier: MIT
# solo.sh - a whole chrony.conf in the one-process node: each line reaches the stage that owns it, and
# what has no effect, switches a source off or is wrong is told as that stage's daemon tells it.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0

# EXIT: the lines of `conf` give `wanted`
compare() {
	"$B/bin/timebus-solo" --check -f conf >got 2>&1
	echo "exit $?" >>got
	echo "exit $1" >>wanted
	diff -u wanted got || bad=1
}

cat >conf <<'EOF'
# of each stage, and for the service manager
pool pool.example.net iburst presend 9
refclock PPS /dev/pps0 lock GPS
minsources 2
driftfile /var/lib/chrony/drift
leapsectz right/UTC
log tracking
logdir /var/log/chrony
keyfile /etc/chrony.keys
user _chrony
EOF
cat >wanted <<'EOF'
conf:2: pool: presend: Without effect: nothing is sent ahead, as delayed answers weigh less anyway.
conf:6: leapsectz: has no effect here: use leapseclist with the leap-seconds.list of the same package
conf:9: keyfile: has no effect here: not supported yet
conf:10: user: has no effect here
EOF
compare 0

printf '%s\n' 'server a.example.net key 3' 'minsources 2' >conf
echo 'conf:1: server: keys are not supported yet, and without one the source would not be authenticated' >wanted
compare 2

printf '%s\n' 'mindistance 3' 'minsources none' >conf
cat >wanted <<'EOF'
conf:1: mindistance: unknown directive
conf:2: none: number must be a whole number from 1 to 64
EOF
compare 2

rm conf
echo 'configuration conf cannot be read: No such file or directory' >wanted
compare 2
exit $bad
