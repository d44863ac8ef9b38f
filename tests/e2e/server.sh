#!/bin/bash
# SPDX-License-Identifier: MIT
# Our server, asked by Debian's chronyd and ntpsec's tools: time, stratum, access rules, and what it
# says while it is not synchronised. The time served is that of the shadow clock.
. "$(dirname "$0")/lib.sh"
need_root "chronyd as a client of ntpexchd"

namespace srv; namespace us; namespace cli; namespace bad
veth srv us 1; veth us cli 2; veth us bad 3
start_chronyd srv chronyd
serving 10.99.1.1 us

conf ntpexchd "server 10.99.1.1 iburst minpoll 1 maxpoll 3" "allow 10.99.2.0/24" \
	"allow fd99:2::/64"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3"

start_daemon ntpexchd us
start_daemon monitord us
sleep 1
# not synchronised yet: the answer says so
inns cli python3 "$here/ntpquery.py" -v 10.99.2.1 && fail "serves as synchronised without a clock"
for d in selectd disciplined refclockd; do start_daemon $d us; done
within 50000 60 || fail "does not converge"

inns cli python3 "$here/ntpquery.py" -v 10.99.2.1 || fail "does not serve IPv4"
inns cli python3 "$here/ntpquery.py" -v fd99:2::1 || fail "does not serve IPv6"
inns bad python3 "$here/ntpquery.py" -v 10.99.3.1 && fail "serves who is not allowed"

for a in 10.99.2.1 fd99:2::1; do
	out=$(inns cli "$peers/usr/sbin/chronyd" -u root -x -Q -t 10 -f /dev/null \
		"server $a iburst maxsamples 4" 2>&1) || { echo "$out"; fail "chronyd does not take our time from $a"; }
	off=$(echo "$out" | sed -n 's/.*System clock wrong by \(-\?[0-9.]*\) seconds.*/\1/p')
	say "chronyd sees $off s from $a"
	awk -v o="$off" 'BEGIN { exit !(o != "" && o < 0.0002 && o > -0.0002) }' ||
		fail "chronyd sees an offset of '$off' s"
done
timebus -r "$run" control ntpexchd serverstats
alive
say done
