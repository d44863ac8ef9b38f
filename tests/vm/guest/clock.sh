#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs in the guest. The mock PHC is a function of the raw clock; the kernel's clock is ours.
bad=0
fail() { echo "FAILED: $*"; bad=1; }
value() { sed -n "s/^$1 //p" /tmp/out; }
below() { # NAME LIMIT
	v=$(value "$1")
	echo "$1 $v"
	awk -v v="$v" -v l="$2" 'BEGIN { exit !(v != "" && v >= 0 && v <= l) }' || fail "$1 is '$v', allowed $2"
}
param() { echo "$2" >/sys/module/ntptest/parameters/$1; }
conf() { # DAEMON LINE...
	d=$1; shift
	printf '%s\n' "$@" >/etc/timebus/$d.conf
}
restart_all() {
	systemctl stop timebus.target
	for d in refclockd ntpexchd selectd disciplined monitord; do systemctl stop timebus-$d.service 2>/dev/null; done
	systemctl reset-failed
	rm -f /var/lib/timebus/disciplined/drift
	adjtimex -f 0 -t 10000 >/dev/null
	: >/run/timebus/shadow
}

cp -a stage/. / && systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload || fail "install"
modprobe ntptest start_offset_ns=300000000 ppb=20000 || fail "no mock PHC"
chgrp timebus /dev/ptp0 /dev/pps0 && chmod 660 /dev/ptp0 /dev/pps0    # what the udev rule does
conf refclockd 'refclock PHC /dev/ptp0 poll 2 dpoll 0 refid PHC0'
conf ntpexchd 'port 0'
conf disciplined 'clock realtime' 'makestep 0.1 3' 'driftfile /var/lib/timebus/disciplined/drift' 'rtcsync'

echo "--- start by systemd: sockets first, then the target"
for d in refclockd ntpexchd selectd disciplined monitord; do
	systemctl start timebus-$d.socket timebus-$d-ctl.socket || fail "sockets of $d"
done
systemctl start timebus-ntpexchd-ntp.socket || fail "NTP socket"
systemctl start timebus.target || fail "target"
./phcerr /dev/ptp0 60 start >/tmp/out || fail phcerr
below start_first_1ms_s 5
below start_first_10us_s 30
below start_worst_after_30s_ns 10000
for d in refclockd ntpexchd selectd disciplined monitord; do
	[ "$(systemctl is-active timebus-$d.service)" = active ] || { fail "$d is not active"; systemctl status timebus-$d --no-pager | head -20; }
	systemctl show -p StatusText --value timebus-$d | sed "s/^/$d: /"
done
ps -o user:20,comm -C refclockd,ntpexchd,selectd,disciplined,monitord
grep -H CapEff $(for p in $(pidof refclockd ntpexchd selectd disciplined monitord); do echo /proc/$p/status; done) |
	awk '{ if ($2 != "0000000000000000") n++ } END { print n+0 " daemon(s) with a capability"; exit n != 1 }' || fail "capabilities"
timebus status; timebus sources; timebus sourcestats
timebus wait --timeout 5 --bound 0.001 || fail "timebus wait"

echo "--- an hour"
./phcerr /dev/ptp0 3600 hour >/tmp/out || fail phcerr
below hour_worst_ns 10000
value hour_rms_ns | sed 's/^/hour_rms_ns /'
adjtimex -p >/tmp/adj; cat /tmp/adj
st=$(sed -n 's/.*status: //p' /tmp/adj); me=$(sed -n 's/.*maxerror: //p' /tmp/adj); fr=$(sed -n 's/.*frequency: //p' /tmp/adj)
[ $((st & 64)) = 0 ] || fail "kernel says unsynchronised"
[ "$me" -gt 0 ] && [ "$me" -lt 2000 ] || fail "maxerror $me us"
ppm=$(awk -v f="$fr" 'BEGIN { printf "%.3f", f / 65536 }')
echo "kernel frequency $ppm ppm"
awk -v p="$ppm" 'BEGIN { exit !(p > 19.9 && p < 20.1) }' || fail "frequency $ppm ppm, the PHC runs 20 ppm faster"

echo "--- an offset that may not be stepped is slewed, at the configured rate"
restart_all
conf disciplined 'clock realtime' 'maxslewrate 2000' 'rtcsync'
systemctl start timebus.target
sleep 20
param step_ns 20000000
./phcerr /dev/ptp0 60 slew >/tmp/out
below slew_first_10us_s 30
t=$(value slew_first_1ms_s)
awk -v t="$t" 'BEGIN { exit !(t >= 9) }' || fail "20 ms at 2000 ppm take ten seconds, not $t"
timebus status --json | grep -q '"steps": *0' || fail "it was stepped"

echo "--- one that may be stepped is stepped"
restart_all
conf disciplined 'clock realtime' 'makestep 0.01 -1' 'rtcsync'
systemctl start timebus.target
sleep 20
param step_ns -500000000
./phcerr /dev/ptp0 60 step >/tmp/out
below step_first_10us_s 30
timebus status | grep -i step

echo "--- frequency step of the oscillator"
param ppb 25000
./phcerr /dev/ptp0 60 freq >/tmp/out
below freq_worst_after_30s_ns 10000
param ppb 20000

echo "--- a leap second"
restart_all
date -u -s '2026-12-31 23:57:00' >/dev/null
rmmod ntptest; modprobe ntptest start_offset_ns=0 ppb=20000
chgrp timebus /dev/ptp0 /dev/pps0; chmod 660 /dev/ptp0 /dev/pps0
# seconds since 1900 of 2017-01-01 and 2027-01-01, expiry 2028
printf '#@ 4039372800\n3692217600 37\n4007750400 38\n' >/etc/timebus/leap.list
conf disciplined 'clock realtime' 'makestep 0.1 3' 'rtcsync' 'leapseclist /etc/timebus/leap.list'
systemctl start timebus.target
sleep 60
adjtimex -p | grep -E 'status|return'
[ $(($(adjtimex -p | sed -n 's/.*status: //p') & 16)) != 0 ] || fail "STA_INS is not set"
./leapwatch.sh
./phcerr /dev/ptp0 60 leap >/tmp/out
below leap_first_10us_s 30
timebus status | grep -iE 'leap|step'

[ $bad = 0 ] || journalctl --no-pager -n 60 -u 'timebus-*'
[ $bad = 0 ] && echo "all good"
exit $bad
