#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs in the guest. What each source says is compared with the mock PHC by its exact cross
# timestamps (source TRUE); the mock is a function of the raw clock, so nothing here moves it.
bad=0
fail() { echo "FAILED: $*"; bad=1; }
param() { echo "$2" >/sys/module/ntptest/parameters/$1; }

# ptp_of NAME: number of the PTP clock whose name begins so
ptp_of() {
	local f
	for f in /sys/class/ptp/ptp*/clock_name; do
		case $(cat "$f") in "$1"*) f=${f%/clock_name}; echo "${f##*/ptp}"; return ;; esac
	done
	return 1
}
open_devices() { chgrp timebus /dev/ptp* /dev/pps* /dev/rtc0 2>/dev/null; chmod 660 /dev/ptp* /dev/pps* /dev/rtc0; }

# sees SECONDS REGEX: is that on the bus since the last mark, now or soon?
mark=1
mark() { mark=$(($(wc -l </tmp/bus) + 1)); }
sees() {
	local i
	for i in $(seq $(($1 * 2))); do
		tail -n "+$mark" /tmp/bus 2>/dev/null | grep -E "$2" >/dev/null && return 0
		sleep 0.5
	done
	fail "nothing on the bus that fits: $2"
	tail -n "+$mark" /tmp/bus | grep -E '^(event|source)' | tail -n 5
}
offsets() { python3 ./offsets.py /tmp/bus "$@" || bad=1; }

cp -a stage/. / && systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload || fail install
echo "--- a class of devices that nobody had when the unit started"
sock='refclock SOCK /run/chrony.bridge.sock refid SOCK poll 1 noselect' # passed at the start only
printf 'autophc\n%s\n' "$sock" >/etc/timebus/refclockd.conf
echo 'port 0' >/etc/timebus/ntpexchd.conf
printf 'clock realtime\nmakestep 0.01 3\n' >/etc/timebus/disciplined.conf
systemctl start timebus-refclockd-sock@bridge.socket && systemctl start timebus.target || fail target
timebus tap >/tmp/bus 2>/tmp/tap.err &
modprobe ntptest start_offset_ns=40000000 ppb=-3000 || fail "no mock PHC"
n=$(ptp_of ntptest) || fail "the mock has no name"
open_devices
sees 30 "source.PHC$n .*state=reachable"
grep "^source.PHC$n" /tmp/bus | tail -n 1 | grep -o 'address="[^"]*"'
modprobe "$NIC" && ip link set eth0 up || fail "no network card"
modprobe parport_pc && modprobe pps_parport || fail "no pulses of the parallel port"
ldattach PPS /dev/ttyS1 || fail "no pulses of a serial line"
modprobe -q ptp_kvm && kvm=$(ptp_of "KVM virtual PTP") || kvm=
sleep 2
for d in /sys/class/ptp/ptp* /sys/class/pps/pps*; do
	echo "${d##*/}: $(cat "$d/clock_name" "$d/name" 2>/dev/null) $(cat "$d/path" 2>/dev/null)"
done
port=$(basename "$(dirname "$(grep -l '^pps_parport' /sys/class/pps/pps*/name | head -n 1)")")
serial=$(basename "$(dirname "$(grep -l ttyS1 /sys/class/pps/pps*/path | head -n 1)")")
open_devices
chrt -f 50 ./parpps 100000 "/dev/ptp$n" &
pulses=$!

# ---- every driver at once ----
lines=("refclock PHC /dev/ptp$n refid TRUE poll 1 prefer"
	'refclock PHC "ntptest mock PHC:nocrossts" refid NAME poll 1 noselect'
	'refclock PHC "ntptest mock PHC:extpps:pin=0" lock TRUE refid EXT0 poll 1 noselect'
	'refclock PHC "ntptest mock PHC:extpps:pin=1:channel=1" lock TRUE refid EXT1 poll 1 noselect'
	"refclock PHC eth0 refid NIC poll 1 noselect"
	"refclock PPS /dev/pps0 lock TRUE refid PPS poll 1 noselect"
	"refclock PPS /dev/$port lock TRUE refid PAR poll 1 noselect"
	"refclock PPS /dev/$serial refid LDIS poll 1 noselect"
	"refclock SHM 2 refid SHM poll 1 noselect"
	"refclock SHM 3 refid P2S poll 1 noselect"
	"$sock"
	"refclock RTC /dev/rtc0:utc refid RTC poll 1 noselect"
	"refclock VMCLOCK /dev/vmclock0 refid VMC poll 1 noselect")
[ -n "$kvm" ] && lines+=("refclock PHC kvm refid KVM poll 1 noselect")
printf '%s\n' "${lines[@]}" >/etc/timebus/refclockd.conf
systemctl reload timebus-refclockd || fail reload
sleep 5
phc2shm -E ntpshm,refclock_sock -s "/dev/ptp$n" -O 0 -M 2 -R 2 -q -l 5 --refclock_sock_address=/run/chrony.bridge.sock &
bridge=$!
phc2sys -E ntpshm -s "/dev/ptp$n" -O 0 -M 3 -R 2 -q -l 5 &
p2s=$!
sleep 10
for d in refclockd ntpexchd selectd disciplined monitord; do
	[ "$(systemctl is-active timebus-$d.service)" = active ] ||
		{ fail "$d is not active"; systemctl status timebus-$d --no-pager 2>&1 | head -n 12; }
done
mark
sleep 60
echo "--- each driver beside the exact time of the mock, ns"
# An external stamp is exact (the second input stamps 0.1 ms late), and carried to the raw clock by
# one of the same clock's cross timestamps. A plain reading is known to its bracket; pulses come by an interrupt of a slow
# processor; the real-time clock shows its seconds only (2 ms by its data sheet).
offsets TRUE:0 NAME:5000 EXT0:2000 EXT1:2000:-100000 PPS:20000 PAR:200000 SHM:5000 P2S:5000 SOCK:5000
rtc=$(tail -n "+$mark" /tmp/bus | grep -c '^sample.RTC .*utc_ns=[1-9]')
echo "RTC $rtc samples: $(grep '^source.RTC' /tmp/bus | tail -n 1 | grep -o 'address="[^"]*"')"
[ "$rtc" -ge 5 ] || fail "the real-time clock gave $rtc samples"
grep '^source.TRUE' /tmp/bus | tail -n 1 | grep -o 'address="[^"]*"'
sees 1 'sample.TRUE .*rx_stamp=hardware'
sees 1 'sample.NAME .*rx_stamp=kernel'
sees 1 'source.LDIS .*state=waiting .*no reading yet'
[ -e /dev/vmclock0 ] || echo "VMClock: not offered by this machine"
[ -e /dev/vmclock0 ] || sees 4 'source.VMC .*state=missing'
[ -n "$kvm" ] && sees 1 'sample.KVM .*utc_ns=[1-9]' || echo "ptp_kvm: not offered by this machine"
if [ "$NIC" = igb ]; then
	sees 1 'source.NIC .*state=reachable'
	python3 ./offsets.py /tmp/bus rate NIC || bad=1
else
	# QEMU 7.2's stands still, that of 10 runs 2.5 times too fast
	sees 1 'sample.NIC .*reject=(duplicate|jump)'
	tail -n "+$mark" /tmp/bus | grep '^sample.NIC' | grep -qv ' reject=' && fail "a clock that keeps no time is believed"
	echo "NIC: $(tail -n "+$mark" /tmp/bus | grep -cE '^sample.NIC .*reject=(duplicate|jump)') readings of a clock that keeps no time, all rejected"
fi
timebus sources

echo "--- a dead clock: every read fails"
mark
param phc_err 1
sees 30 'event.source_failed .*source=TRUE.*Input/output error'
sees 30 'event.source_failed .*source=NAME.*Input/output error'
param phc_err 0
sees 60 'event.source_found .*source=TRUE'
mark
sees 10 'sample.TRUE .*rx_stamp=hardware'

echo "--- pulses stop"
mark
param pps_on 0
param ext_on 0
sees 30 'event.source_unreachable .*source=PPS '
sees 30 'event.source_unreachable .*source=EXT0'
param pps_on 1
param ext_on 1
sees 30 'event.source_reachable .*source=PPS '
sees 30 'event.source_reachable .*source=EXT0'

echo "--- a clock goes, and comes back with another number"
sed -i '/PPS/d' /etc/timebus/refclockd.conf # an open PPS device holds the module
systemctl reload timebus-refclockd || fail reload
sleep 2
kill $pulses $bridge $p2s 2>/dev/null # phc2sys may have ended by itself: reads failed
wait $pulses $bridge $p2s 2>/dev/null
mark
timebus_pid=$(systemctl show -p MainPID --value timebus-refclockd)
rmmod ntptest || fail "the module is held: $(lsof /dev/ptp$n 2>/dev/null | tail -1)"
sees 30 'event.source_missing .*source=TRUE.*the device is gone'
sees 30 'event.source_missing .*source=EXT0.*the device is gone'
rmmod "$NIC"
sees 30 'event.source_missing .*source=NIC'
modprobe "$NIC"; sleep 1
ip link set eth0 up
modprobe ntptest start_offset_ns=0 || fail "the mock does not come back"
m=$(ptp_of ntptest)
echo "the mock was ptp$n and is ptp$m; the network card is ptp$(ptp_of "$(ethtool -i eth0 >/dev/null && cat /sys/class/net/eth0/device/ptp/ptp*/clock_name)")"
[ "$m" != "$n" ] || fail "it has the same number"
open_devices
sees 60 "event.source_found .*source=NAME.*/dev/ptp$m"
sees 60 "event.source_found .*source=NIC.*/dev/ptp"
sees 60 "event.source_found .*source=EXT0"
mark
sees 20 'sample.NAME .*rx_stamp=kernel'
sees 20 'sample.EXT0 '
[ "$(systemctl show -p MainPID --value timebus-refclockd)" = "$timebus_pid" ] || fail "refclockd was started anew"

[ $bad = 0 ] || journalctl --no-pager -n 60 -u 'timebus-*'
[ $bad = 0 ] && echo "all good"
exit $bad
