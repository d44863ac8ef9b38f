#!/bin/bash
# SPDX-License-Identifier: MIT
# refclockd.sh - refclockd on SHM segments, SOCK datagrams and doubles of PTP clocks: what it
# publishes is compared with what the clock was made to show, and each trouble with the state and
# event that it must become.
set -u
. "$(dirname "$0")/lib.sh"

what="samples of SHM, SOCK and PHC refclocks on the bus, and what becomes of bad devices"
need_ipc "$what" "$@"
tool=$B/bin/tools/refclock_tool
shim=$B/lib/ptpshim.so

# line NAME SOURCE OFFSET_NS LIMIT_NS MIN [real]: good samples of a source lie within LIMIT of the
# double's clock and OFFSET; "real": of this machine's CLOCK_REALTIME (steered by nobody here, but
# by a daemon of its own perhaps: a millisecond of grace is in the limit)
line() {
	python3 - "$tmp/$1.bus" "$2" "$3" "$4" "$5" "${6:-$PTPSHIM_EPOCH}" <<-'END'
		import re, sys, time
		path, source, offset, limit, least, epoch = sys.argv[1:]
		if epoch == "real":
		    a = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
		    real = time.clock_gettime_ns(time.CLOCK_REALTIME)
		    raw = (a + time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)) // 2
		else:
		    raw, real = map(int, epoch.split(","))
		errors, stamps = [], set()
		for text in open(path):
		    if not text.startswith("sample." + source + " ") or " reject=" in text:
		        continue
		    f = dict(w.split("=", 1) for w in text.split()[1:] if "=" in w)
		    errors.append(int(f["utc_ns"]) - (real + int(f["raw_ns"]) - raw + int(offset)))
		    stamps.add(f.get("rx_stamp", "none"))
		errors.sort()
		if len(errors) < int(least):
		    sys.exit(f"{source}: {len(errors)} samples, not {least}")
		print(f"    {source}: {len(errors)} samples, error {errors[0]} .. {errors[len(errors) // 2]} .. "
		      f"{errors[-1]} ns, stamps {'/'.join(stamps)}")
		# the median always; single readings may have been interrupted
		if abs(errors[len(errors) // 2]) > int(limit):
		    sys.exit(f"{source}: median off by {errors[len(errors) // 2]} ns, limit {limit}")
	END
}

# ---- SHM and SOCK ----
sock=$tmp/chrony.test.sock
reader soft 'refclock SHM 2 refid SHMA poll 0 dpoll -4' 'refclock SHM 3 refid SHMB poll 0 dpoll -4 offset 0.5 noselect' \
	"refclock SOCK $sock refid SOCA poll 0"
sees soft 5 'source.SOCA .*state=waiting'
[ "$(stat -c %a "$sock")" = 660 ] || fail "socket mode is $(stat -c %a "$sock")"
"$tool" shm 2 1500000 15 &
"$tool" shm 3 -2000000 15 &
"$tool" sock "$sock" 250000 15 || fail "cannot send"
wait $! 2>/dev/null
line soft SHMA 1500000 100000 10 real || fail "SHM 2"
line soft SHMB 498000000 100000 10 real || fail "SHM 3 with offset 0.5"
line soft SOCA 250000 100000 10 real || fail "SOCK"
sees soft 1 'source.SHMA .*state=reachable'
sees soft 1 'source.SHMB .*noselect=yes'
sees soft 1 'event.source_reachable .*source=SOCA'
"$tool" junk "$sock"
sees soft 3 'sample.SOCA .*reject=format'
"$tool" sock "$sock" 0 2 1
sees soft 3 'sample.SOCA .*pulse=yes'
"$tool" shm 2 0 3 3
sees soft 3 'sample.SHMA .*reject=unsync'
"$tool" shm 2 -5000000000 1
sees soft 3 'sample.SHMA .*reject=jump'
ipcrm -M 0x4e545033
sees soft 10 'source.SHMB .*state=(missing|unreachable|waiting)'
sleep 2
"$tool" shm 3 0 10
n=$(grep -c '^sample.SHMB' "$tmp/soft.bus")
[ "$n" -gt 18 ] || fail "a segment that was removed and made again is not read ($n samples)"
end_reader soft
[ -e "$sock" ] && fail "the socket stands after the end"
say "SHM and SOCK: offsets, leap, format, jump, pulse, a segment removed and made again"

# a socket from the service manager: senders may be there first
cat >"$tmp/pass.py" <<-'END'
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	if s.fileno() != 3:
	    os.dup2(s.fileno(), 3)
	os.set_inheritable(3, True)
	os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=os.path.basename(sys.argv[1]))
	os.execv(sys.argv[2], sys.argv[2:])
END
pre=(python3 "$tmp/pass.py" "$sock")
reader passed "refclock SOCK $sock refid SOCA poll 0"
pre=()
"$tool" sock "$sock" -70000 10
line passed SOCA -70000 100000 8 real || fail "SOCK passed by the service manager"
sees passed 3 'from the service manager'
end_reader passed
[ -e "$sock" ] || fail "a socket of the service manager was removed"
say "SOCK: taken from the service manager"

# ---- PTP clocks, by every way of reading and naming ----
export PTPSHIM=/dev/ptp0 PTPSHIM_OFFSET=-7654321 PTPSHIM_DELAY=exp:100 PTPSHIM_IFACE=tbtest0
export TIMEBUS_TEST_SYSFS=$tmp/sys
PTPSHIM_EPOCH=$("$tool" epoch)
export PTPSHIM_EPOCH
mkdir -p "$tmp/sys/class/ptp/ptp0"
echo "KVM virtual PTP" >"$tmp/sys/class/ptp/ptp0/clock_name"
pre=(env LD_PRELOAD="$shim")

for way in precise extended,raw extended extended,deaf plain gettime; do
	PTPSHIM_IOCTLS=$way,gettime reader "way-$way" 'refclock PHC /dev/ptp0 dpoll -4 poll 0'
done
PTPSHIM_IOCTLS=precise,extended,raw,gettime reader crossed 'refclock PHC /dev/ptp0:nocrossts dpoll -4 poll 0'
PTPSHIM_IOCTLS=precise,gettime reader named 'refclock PHC kvm dpoll -4 poll 0' \
	'refclock PHC "KVM virtual PTP" dpoll -4 poll 0' 'refclock PHC tbtest0 dpoll -4 poll 0' \
	'refclock PHC /dev/ptp0 tai dpoll -4 poll 0 refid TAI' autophc
sleep 3
say "device: tests/shim/ptp.h, a double at the system-call boundary"
for way in precise extended,raw extended extended,deaf plain gettime; do
	echo "  $way"
	line "way-$way" PHC0 -7654321 5000 20 || fail "PHC by $way"
done
sees way-precise 1 'rx_stamp=hardware'
sees way-extended,raw 1 'rx_stamp=kernel'
sees way-gettime 1 'rx_stamp=daemon'
echo "  nocrossts, and by name"
line crossed PHC0 -7654321 5000 20 || fail nocrossts
sees crossed 1 'rx_stamp=kernel'
for name in PHC0 PHC1 PHC2; do
	line named $name -7654321 5000 20 || fail "PHC by name: $name"
done
line named TAI -37007654321 5000 20 || fail "option tai"
grep -q '^source.PHC4' "$tmp/named.bus" && fail "autophc reads a clock that is read already"
for name in "${!daemon_pid[@]}"; do end_reader "$name"; done

# ---- troubles ----
export PTPSHIM_CONTROL=$tmp/control
export PTPSHIM_IOCTLS=extended,raw,gettime
echo gone >"$PTPSHIM_CONTROL"
rm -rf "$tmp/sys/class/ptp/ptp0"
reader trouble 'refclock PHC /dev/ptp0 dpoll -4 poll -1' autophc
sees trouble 5 'source.PHC0 .*state=missing .*error="cannot open /dev/ptp0: No such device"'
sees trouble 1 'event.source_missing .*source=PHC0'
: >"$PTPSHIM_CONTROL"
sees trouble 10 'event.source_found .*source=PHC0'
sees trouble 5 'source.PHC0 .*state=reachable'
say "a device that appears late"
echo gone >"$PTPSHIM_CONTROL"
sees trouble 5 'event.source_missing .*the device is gone'
: >"$PTPSHIM_CONTROL"
sleep 2
say "a device that vanishes and comes back"
n=$(grep -c '^sample.PHC0' "$tmp/trouble.bus")
echo frozen >"$PTPSHIM_CONTROL"
sees trouble 5 'sample.PHC0 .*reject=duplicate'
sees trouble 15 'event.source_unreachable .*duplicate'
: >"$PTPSHIM_CONTROL"
sleep 1
echo jump=3000000000 >"$PTPSHIM_CONTROL"
sees trouble 5 'sample.PHC0 .*reject=jump'
sees trouble 5 'event.source_changed .*value_ns=(3000|2999)[0-9]{6}'
: >"$PTPSHIM_CONTROL"
sleep 1
echo eio >"$PTPSHIM_CONTROL"
sees trouble 5 'event.source_failed .*Input/output error'
: >"$PTPSHIM_CONTROL"
say "a device that freezes, jumps, fails"
[ "$(grep -c '^sample.PHC0' "$tmp/trouble.bus")" -gt "$n" ] || fail "no samples between the troubles"

# autophc: a clock that appears later, of a hypervisor and of a network card
mkdir -p "$tmp/sys/class/ptp/ptp3"
echo "KVM virtual PTP" >"$tmp/sys/class/ptp/ptp3/clock_name"
sees trouble 10 'event.source_added .*source=PHC3'
sees trouble 5 'source.PHC3 .*configured="PHC /dev/ptp3".*state=missing'
mkdir -p "$tmp/sys/class/ptp/ptp4"
echo "igb-0000:02:00.0" >"$tmp/sys/class/ptp/ptp4/clock_name"
sees trouble 10 'source.PHC4 .*noselect=yes'
grep '^source.PHC3' "$tmp/trouble.bus" | grep -q noselect && fail "a KVM clock is not selected from"
say "autophc: a clock that appears later; that of a network card is only watched"

# ---- EBUSY now and then, and a reload ----
echo 'refclock PHC /dev/ptp0 dpoll -4 poll 0 refid KEEP' >"$tmp/reload.conf"
echo 'refclock SHM 7 refid DROP' >>"$tmp/reload.conf"
mkdir "$tmp/reload"
background reload env LD_PRELOAD="$shim" PTPSHIM_ERROR=EBUSY:10:200 "$B/bin/refclockd" -f "$tmp/reload.conf" \
	-r "$tmp/reload" -s "$tmp/reload"
daemon_pid[reload]=$!
watch_bus reload
sees reload 5 'source.DROP '
sed -i -e '$d' -e '1i refclock SHM 9 refid FRST' "$tmp/reload.conf"
echo 'refclock SHM 8 refid MORE' >>"$tmp/reload.conf"
kill -HUP "${daemon_pid[reload]}"
sees reload 5 'source.DROP .*removed=yes'
sees reload 5 'source.MORE '
grep -q 'source.KEEP .*removed=yes' "$tmp/reload.bus" && fail "an unchanged line was ended by the reload"
for i in $(seq 100); do
	n=$(grep -c '^sample.KEEP' "$tmp/reload.bus")
	[ "$n" -gt 30 ] && break
	sleep 0.1
done
[ "$n" -gt 30 ] || fail "no samples after EBUSY ($n)"
grep -q 'event.source_missing.*KEEP\|event.source_failed.*KEEP' "$tmp/reload.bus" && fail "EBUSY is no trouble"
say "EBUSY is borne; a reload leaves alone what did not change"
alive
