#!/bin/bash
# SPDX-License-Identifier: MIT
# refclock_devices.sh - pulses: refclockd on doubles of a PPS device, of external time stamps of a
# PTP clock, of gpsd and of a VMClock page. What it publishes is compared with what the double
# marked, and each trouble with the state, the event or the reason that it must become.
set -u
. "$(dirname "$0")/lib.sh"

what="samples of PPS, PTP external stamps, GPSD and VMCLOCK on the bus, and what becomes of bad ones"
need_ipc "$what" "$@"
tool=$B/bin/tools/refclock_tool

# line NAME SOURCE LIMIT_NS MIN [EPOCH]: good samples of a source lie within LIMIT of the truth of
# EPOCH (RAW,REAL); pulses without a number by their fraction of a second
line() {
	python3 - "$tmp/$1.bus" "$2" "$3" "$4" "${5:-$PPSSHIM_EPOCH}" <<-'END' || fail "$1: $2"
		import re, sys
		path, source, limit, least, epoch = sys.argv[1:]
		raw, real = map(int, epoch.split(","))
		errors = []
		for text in open(path):
		    if not text.startswith("sample." + source + " ") or " reject=" in text:
		        continue
		    f = dict(w.split("=", 1) for w in text.split()[1:] if "=" in w)
		    e = int(f.get("utc_ns", 0)) - (real + int(f["raw_ns"]) - raw)
		    if f.get("pulse") == "yes":
		        e = (e + 500000000) % 1000000000 - 500000000
		    errors.append(e)
		errors.sort()
		if len(errors) < int(least):
		    sys.exit(f"{source}: {len(errors)} samples, not {least}")
		print(f"    {source}: {len(errors)} samples, error {errors[0]} .. {errors[len(errors) // 2]} .. {errors[-1]} ns")
		if abs(errors[len(errors) // 2]) > int(limit):
		    sys.exit(f"{source}: median off by {errors[len(errors) // 2]} ns, limit {limit}")
	END
}

PPSSHIM_EPOCH=$("$tool" epoch)
export PPSSHIM_EPOCH PTPSHIM_EPOCH=$PPSSHIM_EPOCH PPSSHIM=/dev/pps0

# Drivers that only have to be waited for are started first, and looked at when others have had
# their turn.

# ---- a table of troubles ----
# Each row has a daemon of its own, with source T: what its double does for a while, what must be
# seen then (good: samples go on), and good samples afterwards.
table='
phc-gone|ptp|PHC /dev/ptp0 dpoll -3 poll -1|gone|event.source_missing .*the device is gone
phc-eio|ptp|PHC /dev/ptp0 dpoll -3 poll -1|eio|event.source_failed .*Input/output error
phc-ebusy|ptp|PHC /dev/ptp0 dpoll -3 poll -1|ebusy|event.source_unreachable .*no good reading in eight polls
phc-frozen|ptp|PHC /dev/ptp0 dpoll -3 poll -1|frozen|sample.T .*reject=duplicate
phc-jump|ptp|PHC /dev/ptp0 dpoll -3 poll -1|jump=-3000000000|event.source_changed .*its time jumped by -3.000 s
phc-zero|ptp|PHC /dev/ptp0 dpoll -3 poll -1|zero|event.source_changed .*its time jumped by -1[0-9]{9}
phc-noprecise|ptp PTPSHIM_IOCTLS=precise,extended,raw|PHC /dev/ptp0 dpoll -3 poll -1|noprecise|sample.T .*rx_stamp=kernel
phc-noextended|ptp PTPSHIM_IOCTLS=extended,raw,plain|PHC /dev/ptp0 dpoll -3 poll -1|noextended|good
phc-nothing|ptp PTPSHIM_IOCTLS=extended,raw|PHC /dev/ptp0 dpoll -3 poll -1|noextended|event.source_failed .*Operation not supported
ext-gone|ptp PTPSHIM_EXTTS=1|PHC /dev/ptp0:extpps poll -1|gone|event.source_missing .*the device is gone
ext-eio|ptp PTPSHIM_EXTTS=1|PHC /dev/ptp0:extpps poll -1|eio|event.source_failed .*Input/output error
ext-ebusy|ptp PTPSHIM_EXTTS=1|PHC /dev/ptp0:extpps poll -1|ebusy|good
ext-jump|ptp PTPSHIM_EXTTS=1|PHC /dev/ptp0:extpps poll -1|jump=500000000|sample.T .*reject=jump
ext-badstamp|ptp PTPSHIM_EXTTS=1|PHC /dev/ptp0:extpps poll -1|badstamp|sample.T .*reject=format
ext-off|ptp PTPSHIM_EXTTS=1|PHC /dev/ptp0:extpps poll -1|off|event.source_unreachable .*no good reading in eight polls
pps-gone|pps|PPS /dev/pps0 poll -1|gone|event.source_missing .*the device is gone
pps-eio|pps|PPS /dev/pps0 poll -1|eio|event.source_failed .*Input/output error
pps-badstamp|pps|PPS /dev/pps0 poll -1|badstamp|sample.T .*reject=format
pps-off|pps|PPS /dev/pps0 poll -1|off|event.source_unreachable .*(no pulses|no good reading in eight polls)
rtc-gone|rtc|RTC /dev/rtc0:utc poll -1|gone|event.source_missing
rtc-lost|rtc|RTC /dev/rtc0:utc poll -1|lost|event.source_failed .*does not know the time
rtc-busy|rtc RTCSHIM_INTERRUPTS=none|RTC /dev/rtc0:utc poll -1|lost busy|event.source_failed .*another program has it open
'
export PTPSHIM=/dev/ptp0 RTCSHIM=/dev/rtc0 RTCSHIM_EPOCH=$PPSSHIM_EPOCH

# rows COMMAND: COMMAND NAME SHIM LINE TROUBLE EXPECTED for each row
rows() {
	local name shim line trouble expected
	while IFS='|' read -r name shim line trouble expected; do
		[ -z "$name" ] || "$1" "$name" "$shim" "$line" "$trouble" "$expected" </dev/null
	done <<<"$table"
}

row_start() {
	local words=($2) control=$tmp/$1.control
	: >"$control"
	pre=(env LD_PRELOAD="$B/lib/${words[0]}shim.so" PTPSHIM_CONTROL="$control" PPSSHIM_CONTROL="$control" \
		RTCSHIM_CONTROL="$control" "${words[@]:1}")
	reader "$1" "refclock $3 refid T"
}

declare -A row_lines
row_mark() {
	row_lines[$1]=$(wc -l <"$tmp/$1.bus")
}

# good samples since the mark, now or soon
row_good() {
	local i
	for i in $(seq 250); do
		tail -n "+$((row_lines[$1] + 1))" "$tmp/$1.bus" | grep '^sample.T ' | grep -qv ' reject=' && return
		sleep 0.1
	done
	tail -n 5 "$tmp/$1.bus" >&2
	fail "$1: no good sample"
}

row_trouble() {
	sees "$1" 10 'sample.T .*seq'
	echo "$4" >"$tmp/$1.control"
	row_mark "$1"
}

row_expect() {
	[ "$5" = good ] && row_good "$1" || sees "$1" 20 "$5"
	: >"$tmp/$1.control"
	row_mark "$1"
}

row_end() {
	row_good "$1"
	rows_done=$((${rows_done:-0} + 1))
}

rows row_start

# noise: daemons whose samples are measured at the end
ptp=(env LD_PRELOAD="$B/lib/ptpshim.so")
pre=("${ptp[@]}" PTPSHIM_HIDDEN=300)
reader noise-hidden 'refclock PHC /dev/ptp0 dpoll -3 refid T'
reader noise-filter 'refclock PHC /dev/ptp0 dpoll -3 poll -1 filter 4 refid T'
pre=("${ptp[@]}" PTPSHIM_DELAY=exp:300 PTPSHIM_NOISE=before)
reader noise-leg 'refclock PHC /dev/ptp0 dpoll -3 refid T'
pre=("${ptp[@]}" PTPSHIM_DELAY=normal:500:200)
reader noise-legs 'refclock PHC /dev/ptp0 dpoll -3 refid T'
pre=("${ptp[@]}" PTPSHIM_WANDER=2000:20)
reader wander 'refclock PHC /dev/ptp0 dpoll -3 refid T'

# a clock that comes back with another number
mkdir -p "$tmp/numbers/class/ptp/ptp0"
echo "KVM virtual PTP" >"$tmp/numbers/class/ptp/ptp0/clock_name"
pre=("${ptp[@]}" PTPSHIM=/dev/ptp0:/dev/ptp1 PTPSHIM_CONTROL="$tmp/number.control" TIMEBUS_TEST_SYSFS="$tmp/numbers")
reader number 'refclock PHC kvm dpoll -3 poll -1 refid T'

# ---- RTC ----
# Three at once: one with interrupts, one that refuses them, one where none ever comes; they run on
# while other drivers are looked at.
for kind in yes none silent; do
	pre=(env LD_PRELOAD="$B/lib/rtcshim.so" RTCSHIM_INTERRUPTS=$kind TZ=XYZ-3)
	reader "rtc-$kind" 'refclock RTC /dev/rtc0:utc refid UTC poll 0'
done
pre=(env LD_PRELOAD="$B/lib/rtcshim.so" RTCSHIM_OFFSET=$((3 * 3600 * 1000000000)) TZ=XYZ-3)
reader rtc-local 'refclock RTC /dev/rtc0 refid LOC poll 0' 'refclock RTC /dev/rtc9 refid MISS'

# ---- gpsd ----
pre=()
gport=$((20000 + $$ % 20000))
: >"$tmp/gpsd.control"
reader gps "refclock GPSD /dev/ttyS9:port=$gport refid NMEA poll 0 offset 0.1" \
	"refclock GPSD localhost:pps:port=$gport refid ANY poll 0" \
	"refclock GPSD /dev/ttyS9:pps:port=$gport refid GPPS poll 0"

# ---- VMClock ----
vm=$B/bin/tools/vmclock_tool
has_vm=$([ "$(uname -m)" = x86_64 ] && echo yes)
[ "$has_vm" ] && reader vm "refclock VMCLOCK $tmp/vmclock0 refid VMC dpoll -3 poll 0 bound auto"

sees gps 5 'source.GPPS .*state=missing .*Connection refused'
background gpsd python3 "$here/fake_gpsd.py" "$gport" "$PPSSHIM_EPOCH" "$tmp/gpsd.control"
gpsd_pid=$!
if [ "$has_vm" ]; then
	sees vm 5 'source.VMC .*state=missing'
	background vmtool "$vm" "$tmp/vmclock0" "$PPSSHIM_EPOCH" "$tmp/vmclock.control"
fi

sees number 5 'source.T .*address="/dev/ptp0 .*state=reachable'
rows row_trouble
mv "$tmp/numbers/class/ptp/ptp0" "$tmp/numbers/class/ptp/ptp1"
echo gone >"$tmp/number.control"

# ---- PPS ----
export PPSSHIM_CONTROL=$tmp/control
pre=(env LD_PRELOAD="$B/lib/ppsshim.so" PPSSHIM_EDGES=assert,clear)
reader pps 'refclock SHM 2 refid NMEA noselect poll 0 dpoll -1' \
	'refclock PPS /dev/pps0 lock NMEA refid PPS poll -1' 'refclock PPS /dev/pps0 refid LONE' \
	'refclock PPS /dev/pps0:clear lock NMEA refid CLR offset 0.2 poll 0' \
	'refclock PPS /dev/pps0 lock NONE refid LOST poll 0' 'refclock PPS /dev/pps9 refid MISS' \
	'refclock PPS /dev/pps0 local refid OCXO poll 0'
sees pps 5 'event.config_error .*source=LOST.*there is no such refclock'
sees pps 2 'source.MISS .*state=missing'
sees pps 3 'sample.PPS .*reject=unlocked'
sees pps 3 'sample.LONE .*pulse=yes'
"$tool" shm 2 80000000 60 &
sleep 6
line pps PPS 20000 3
line pps LONE 20000 4
line pps CLR 20000 3
line pps OCXO 20000 3
sees pps 1 'source.OCXO .*noselect=yes.*local=yes'
grep '^sample.PPS ' "$tmp/pps.bus" | grep -v reject= | grep -q pulse=yes && fail "a numbered pulse is no pulse"
sees pps 1 'source.PPS .*state=reachable'
echo repeat >"$PPSSHIM_CONTROL"
sees pps 5 'sample.LONE .*reject=(duplicate|stale)'
: >"$PPSSHIM_CONTROL"
end_reader pps
say "PPS: assert and clear, locked and not; repeated"
pre=(env LD_PRELOAD="$B/lib/ppsshim.so")
reader edge 'refclock PPS /dev/pps0:clear'
sees edge 5 'source.PPS0 .*state=failed .*does not capture the clear edge'
end_reader edge
pre=(env LD_PRELOAD="$B/lib/ppsshim.so" PPSSHIM_RATE=16)
reader fast 'refclock SHM 3 refid NMEA noselect poll 0 dpoll -4' \
	'refclock PPS /dev/pps0 rate 16 dpoll -4 poll -2 lock NMEA maxlockage 32'
"$tool" shm 3 10000000 40
line fast PPS1 20000 20
end_reader fast
say "PPS: an edge that is not captured; 16 Hz"

# ---- the table, in trouble ----
rows row_expect
sees number 5 'event.source_missing'
rm "$tmp/number.control"

# ---- gpsd, while it is well and then not ----
sees gps 10 'event.source_found .*source=GPPS'
sees gps 5 'source.GPPS .*address="127.0.0.1:[0-9]* /dev/ttyS9 .3D fix, 9 of 80 satellites."'
line gps GPPS 300000 8
line gps NMEA 300000 8
echo nofix >"$tmp/gpsd.control"
sees gps 5 'event.source_changed .*source=GPPS.*no fix'
sees gps 3 'sample.GPPS .*reject=unsync'
echo junk >"$tmp/gpsd.control"
sees gps 3 'sample.GPPS .*reject=format'
: >"$tmp/gpsd.control"
sleep 1
n=$(grep -c '^sample.GPPS' "$tmp/gps.bus")
kill "$gpsd_pid"
echo close >"$tmp/gpsd.control"
sees gps 5 'event.source_missing .*source=GPPS.*(connection closed|reset)'
sleep 1
: >"$tmp/gpsd.control"
background gpsd2 python3 "$here/fake_gpsd.py" "$gport" "$PPSSHIM_EPOCH" "$tmp/gpsd.control"
for i in $(seq 100); do
	[ "$(grep -c '^sample.GPPS' "$tmp/gps.bus")" -gt $((n + 5)) ] && break
	sleep 0.1
done
[ "$i" -lt 100 ] || fail "gpsd came back, and is not read"
[ "$(grep -c 'event.source_found .*source=GPPS' "$tmp/gps.bus")" -le 3 ] || fail "a gpsd that is not there is found"
end_reader gps
say "GPSD: serial time and pulses of one receiver; no fix, junk, gone, back"

# ---- VMClock ----
if [ "$has_vm" ]; then
	sees vm 10 'source.VMC .*state=reachable'
	line vm VMC 5000 15
	grep -q 'no error bound' "$tmp/vm.log" && fail "bound auto does not see the page's own"
	sees vm 1 'sample.VMC .*bound_ns=4[0-9]{3} .*leap=insert'
	echo "marker=2" >"$tmp/vmclock.control"
	sees vm 3 'event.disruption .*moved to another host'
	echo "marker=2 generation=9" >"$tmp/vmclock.control"
	sees vm 3 'event.disruption .*restored from a snapshot'
	sleep 1
	[ "$(grep -c '^event.disruption' "$tmp/vm.bus")" = 2 ] || fail "a disruption is not told once"
	echo "marker=2 generation=9 unsync" >"$tmp/vmclock.control"
	sees vm 3 'sample.VMC .*reject=unsync'
	end_reader vm
	say "VMCLOCK: time and bound by the counter, moved, restored, not synchronised"
fi
# ---- external time stamps of a PTP clock ----
export PTPSHIM=/dev/ptp0 PTPSHIM_OFFSET=37000123456 PTPSHIM_FREQ=20000 PTPSHIM_DELAY=exp:100
export TIMEBUS_TEST_SYSFS=$tmp/sys PTPSHIM_CONTROL=$tmp/control
export PTPSHIM_IOCTLS=extended,raw
: >"$PTPSHIM_CONTROL"
pre=(env LD_PRELOAD="$B/lib/ptpshim.so" PTPSHIM_EXTTS=1)
reader ext 'refclock SHM 4 refid NMEA noselect poll 0 dpoll -1' \
	'refclock PHC /dev/ptp0:extpps:pin=0 refid EXT lock NMEA poll 0' \
	'refclock PHC /dev/ptp0:extpps:pin=1:channel=1:nocrossts refid TWO poll 0' \
	'refclock PHC /dev/ptp0:extpps:pin=0 refid SAME poll 0' \
	'refclock PHC /dev/ptp0:extpps:pin=0:clear refid EDGE' \
	'refclock PHC /dev/ptp0:extpps:pin=9:channel=2 refid BAD'
sees ext 5 'source.EDGE .*state=failed .*channel 0 is in use with another pin or edge'
sees ext 5 'source.BAD .*state=failed .*pin 9 cannot be made an input'
"$tool" shm 4 80000000 50
line ext EXT 10000 3
line ext TWO 10000 3
line ext SAME 10000 3
sees ext 1 'sample.EXT .*rx_stamp=hardware'
echo gone >"$PTPSHIM_CONTROL"
sees ext 10 'event.source_missing .*source=TWO'
: >"$PTPSHIM_CONTROL"
sees ext 20 'event.source_found .*source=TWO'
end_reader ext
say "extpps: locked and not, two inputs of one clock with one queue; gone, back"
pre=(env LD_PRELOAD="$B/lib/ptpshim.so" PTPSHIM_EXTTS=16:31250000 PTPSHIM_QUEUES=own)
reader wide 'refclock SHM 5 refid NMEA noselect poll 0 dpoll -4' \
	'refclock PHC /dev/ptp0:extpps:pin=0 dpoll -4 poll -2 rate 16 width 0.03125 refid GPS lock NMEA maxlockage 32'
"$tool" shm 5 5000000 40
line wide GPS 10000 30
sees wide 1 'sample.GPS .*reject=edge'
end_reader wide
say "extpps: 16 Hz, both edges stamped"

# ---- what the device says of its own error ----
mkdir -p "$tmp/sys/class/ptp/ptp0/device"
echo 1717 >"$tmp/sys/class/ptp/ptp0/device/phc_error_bound"
pre=(env LD_PRELOAD="$B/lib/ptpshim.so")
reader bound 'refclock PHC /dev/ptp0 refid AUTO bound auto dispersion 0.000003 dpoll -4 poll 0' \
	'refclock PHC /dev/ptp0 refid FILT filter 4 bound 0.000002 dpoll -4 poll -2'
sees bound 5 'sample.AUTO .*root_dispersion_ns=3000 .*bound_ns=1717'
sees bound 5 'sample.FILT .*bound_ns=2000 .*poll=-2'
end_reader bound
say "bound of the device and of the configuration, a filter"

# ---- RTC: time ----
# An interrupt is as good as the machine is quick to wake up.
sees rtc-local 1 'source.MISS .*state=missing'
line rtc-yes UTC 20000000 10
line rtc-local LOC 20000000 10
line rtc-none UTC 20000000 5
line rtc-silent UTC 20000000 2
sees rtc-silent 1 'event.source_changed .*source=UTC.*read at the turn of its second'
for kind in yes none silent local; do end_reader "rtc-$kind"; done
say "RTC: by interrupts and by the turn of its second, UTC and local time"

# ---- the table's end ----
rows row_end
sees number 10 'source.T .*address="/dev/ptp1 \(KVM virtual PTP\)".*state=reachable'
line noise-hidden T 50 50
line noise-filter T 50 20
line noise-leg T 50 50
line noise-legs T 50 50
line wander T 15000 50
grep -q '^sample.T .* reject=' "$tmp/wander.bus" && fail "a wandering clock is rejected"
say "$rows_done troubles of PHC, extpps, PPS and RTC, each come and gone; another number; noise that is not averaged in"
[ "$rows_done" -ge 20 ] || fail "the table was not read"
alive
