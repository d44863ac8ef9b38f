#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs in the guest: gpsd reads /dev/ttyS1, whose other end is a receiver that speaks NMEA and then
# u-blox's binary protocol, and /dev/pps0, the mock pulse; both tell the time of the mock PHC, which
# starts 40 ms off. What refclockd takes by SHM, SOCK and JSON is compared with the PHC itself (TRUE).
bad=0
fail() { echo "FAILED: $*"; bad=1; }

cp -a stage/. / && systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload || fail install
modprobe ntptest start_offset_ns=40000000 ppb=-3000 || fail "no mock PHC"
chmod 666 /dev/ptp0 /dev/pps0

# the SOCK path comes from the service manager, so gpsd and refclockd may start in any order
printf '%s\n' 'refclock PHC /dev/ptp0 refid TRUE poll 1 noselect' \
	'refclock SHM 0 refid NMEA noselect poll 2' 'refclock SHM 2 refid PPS2 poll 2' \
	'refclock SOCK /run/chrony.pps0.sock refid SOCK poll 2' \
	'refclock PPS /dev/pps0 lock NMEA refid PPS poll 2 noselect' \
	'refclock GPSD /dev/ttyS1 refid GPSD noselect poll 2' \
	'refclock GPSD /dev/pps0:pps refid GPPS noselect poll 2' >/etc/timebus/refclockd.conf
echo 'port 0' >/etc/timebus/ntpexchd.conf
printf 'clock realtime\nmakestep 0.01 3\nrtcsync\n' >/etc/timebus/disciplined.conf
systemctl start timebus-refclockd-sock@pps0.socket || fail "gps socket"
systemctl start timebus.target || fail target

start() { # KIND
	python3 ./receiver.py "$1" /dev/ttyS2 /dev/ptp0 "/tmp/$1.log" &
	receiver=$!
	gpsd -n -N /dev/ttyS1 /dev/pps0 >>/tmp/gpsd.log 2>&1 &
	gpsd=$!
}
stop() {
	kill $gpsd $receiver
	wait $gpsd $receiver 2>/dev/null
}

# agree KIND: all ways are on the bus, and say the same
agree() {
	timeout 70 timebus tap --no-snapshot sample. >"/tmp/$1.bus"
	echo "--- $1: $(wc -c <"/tmp/$1.log") bytes told; from the PHC, ns"
	# The pulse comes by an interrupt of a slow processor; the serial time 50 ms late, and as
	# late again as the line takes for the message.
	python3 ./offsets.py "/tmp/$1.bus" PPS2:50000 SOCK:50000 GPPS:50000 PPS:50000 || fail "$1: pulses"
	python3 ./offsets.py "/tmp/$1.bus" same:1000000 NMEA GPSD || fail "$1: serial time by SHM and JSON"
	python3 ./offsets.py "/tmp/$1.bus" same:20000 PPS2 SOCK GPPS || fail "$1: pulses by SHM, SOCK and JSON"
}

start nmea
sleep 60
agree nmea
timebus sources -v | tail -8
./phcerr /dev/ptp0 60 gps >/tmp/out
sed -n '/_/p' /tmp/out | grep -v '^gps '
grep -c ^ /tmp/gpsd.log; tail -3 /tmp/gpsd.log
worst=$(sed -n 's/^gps_worst_ns //p' /tmp/out)
[ -n "$worst" ] && [ "$worst" -le 50000 ] || fail "the clock is $worst ns from the pulse"
stop
start ublox
sleep 40
agree ublox
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
stop
[ $bad = 0 ] || journalctl --no-pager -n 40 -u 'timebus-*'
[ $bad = 0 ] && echo "all good"
exit $bad
