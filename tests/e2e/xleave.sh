#!/bin/bash
# SPDX-License-Identifier: MIT
# Interleaved mode with Debian's chronyd both ways: we ask it, and it asks us, and each gets the
# other's true transmit stamps. hwtimestamp on an interface that cannot do it changes nothing.
. "$(dirname "$0")/lib.sh"
need_root "interleaved mode between ntpexchd and chronyd"

namespace srv; namespace us; namespace cli
veth srv us 1; veth us cli 2
start_chronyd srv chronyd
serving 10.99.1.1 us

conf ntpexchd "server 10.99.1.1 iburst minpoll -2 maxpoll -2 xleave" "allow 10.99.2.0/24" \
	"hwtimestamp *" "hwtimestamp nosuch0"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3"
for d in ntpexchd selectd disciplined refclockd monitord; do start_daemon $d us; done
timebus -r "$run" tap sample.10.99.1.1 >"$tmp/tap.log" 2>&1 &
pids+=($!)
within 50000 60 || fail "does not converge in interleaved mode"

# as client: nearly all samples, with the kernel's stamps
sleep 4
n=$(grep -c "interleaved=yes" "$tmp/tap.log")
say "$n samples in interleaved mode of $(grep -c "^sample" "$tmp/tap.log")"
[ "$n" -ge 10 ] || { head -n 3 "$tmp/tap.log"; fail "we do not use interleaved mode"; }

# as server: a chronyd with xleave says so itself
mkdir -m 750 "$tmp/cmd"
cat >"$tmp/client.conf" <<-EOF2
	server 10.99.2.1 iburst minpoll -2 maxpoll -2 xleave
	cmdport 0
	bindcmdaddress $tmp/cmd/chronyd.sock
	pidfile $tmp/client.pid
EOF2
background client inns cli "$peers/usr/sbin/chronyd" -x -d -u root -f "$tmp/client.conf"
for i in $(seq 40); do
	data=$(inns cli "$peers/usr/bin/chronyc" -h "$tmp/cmd/chronyd.sock" ntpdata 2>&1)
	echo "$data" | grep -q "^Interleaved *: Yes" && break
	sleep 0.25
done
echo "$data" | grep -E "Interleaved|timestamping|Offset|delay|Total valid"
echo "$data" | grep -q "^Interleaved *: Yes" || fail "chronyd gets no interleaved answers from us"
sleep 2
stats=$(timebus -r "$run" control ntpexchd serverstats)
echo "$stats" | tr '\n' ';'; echo
[ "$(echo "$stats" | sed -n 's/^interleaved //p')" -ge 5 ] || fail "we count no interleaved answers"
e=$(clock_error_ns) || fail "no clock"
[ "$(abs "${e%% *}")" -le 50000 ] || fail "the clock is ${e%% *} ns off"
grep -q "nosuch0: no such interface" "$tmp/ntpexchd.log" || fail "an interface that is not there is not told"
alive
say done
