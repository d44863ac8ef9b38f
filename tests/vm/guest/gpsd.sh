#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs in the guest: gpsd reads /dev/ttyS1 (whose other end, /dev/ttyS2, we write NMEA to) and
# /dev/pps0, the mock pulse; both tell the time of the mock PHC, which starts 40 ms off.
bad=0
fail() { echo "FAILED: $*"; bad=1; }

cp -a stage/. / && systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload || fail install
modprobe ntptest start_offset_ns=40000000 ppb=-3000 || fail "no mock PHC"
chmod 666 /dev/ptp0 /dev/pps0
python3 ./nmea.py /dev/ttyS2 /dev/ptp0 &

# the SOCK path comes from the service manager, so gpsd and refclockd may start in any order
cat >/etc/systemd/system/timebus-gps.socket <<-U
	[Socket]
	ListenDatagram=/run/chrony.pps0.sock
	FileDescriptorName=chrony.pps0.sock
	Service=timebus-refclockd.service
	SocketMode=0666
U
mkdir -p /etc/systemd/system/timebus-refclockd.service.d
printf '[Service]\nSockets=timebus-gps.socket\n' >/etc/systemd/system/timebus-refclockd.service.d/gps.conf
systemctl daemon-reload
printf '%s\n' 'refclock SHM 0 refid NMEA noselect' 'refclock SHM 2 refid PPS2 poll 2' \
	'refclock SOCK /run/chrony.pps0.sock refid SOCK poll 2' \
	'refclock PPS /dev/pps0 lock NMEA refid PPS poll 2 noselect' \
	'refclock GPSD /dev/ttyS1 refid GPSD noselect poll 2' \
	'refclock GPSD /dev/pps0:pps refid GPPS noselect poll 2' >/etc/timebus/refclockd.conf
echo 'port 0' >/etc/timebus/ntpexchd.conf
printf 'clock realtime\nmakestep 0.01 3\nrtcsync\n' >/etc/timebus/disciplined.conf
systemctl start timebus-gps.socket || fail "gps socket"
systemctl start timebus.target || fail target
gpsd -n -N /dev/ttyS1 /dev/pps0 >/tmp/gpsd.log 2>&1 &
sleep 60
timebus sources -v | tail -8
./phcerr /dev/ptp0 60 gps >/tmp/out
sed -n '/_/p' /tmp/out | grep -v '^gps '
grep -c ^ /tmp/gpsd.log; tail -3 /tmp/gpsd.log
worst=$(sed -n 's/^gps_worst_ns //p' /tmp/out)
[ -n "$worst" ] && [ "$worst" -le 50000 ] || fail "the clock is $worst ns from the pulse"
timebus sources --json >/tmp/s.json
python3 - <<'P' || fail sources
import json
s = {x["name"]: x for x in json.load(open("/tmp/s.json"))["sources"]}
for n in ("PPS2", "SOCK", "PPS", "GPPS"):
    print(n, s[n]["verdict"] if "verdict" in s[n] else s[n].get("state"), s[n].get("reach"))
    assert s[n]["reach"] == 255, (n, s[n])
P
# gpsd dies and comes back; refclockd dies and comes back: nobody has to start first
systemctl kill -s KILL timebus-refclockd; sleep 15
timebus sources --json | python3 -c '
import json, sys
s = {x["name"]: x for x in json.load(sys.stdin)["sources"]}
assert all(s[n]["reach"] & 1 for n in ("SOCK", "PPS2", "PPS", "GPPS")), s
' || fail "sources after refclockd died"
[ $bad = 0 ] || journalctl --no-pager -n 40 -u 'timebus-*'
[ $bad = 0 ] && echo "all good"
exit $bad
