#!/bin/bash
# SPDX-License-Identifier: MIT
# phc2shm.sh - phc2shm on a double of a PTP clock (no machine needs one), beside Debian's phc2sys
# on the same clock: what readers get (ntpshmmon, chronyd by SHM and by SOCK), what is logged, and
# what happens when the clock goes away, stops or fails. No clock can be set under the double.
set -u
. "$(dirname "$0")/lib.sh"

what="phc2shm's segments read by ntpshmmon and chronyd, and its log lines beside phc2sys'"
shim=$B/lib/ptpshim.so
ipc_more=--net need_ipc "$what" "$@"
tool=$B/bin/tools/refclock_tool
offset=-311328
export PTPSHIM=/dev/ptp0 PTPSHIM_OFFSET=$offset PTPSHIM_CONTROL=$tmp/control
export PTPSHIM_DELAY=exp:200 PTPSHIM_IOCTLS=extended,plain,gettime
PTPSHIM_EPOCH=$("$tool" epoch)
export PTPSHIM_EPOCH

# under_shim LOG COMMAND...
under_shim() {
	local log=$1
	shift
	background "$log" env LD_PRELOAD="$shim" "$@"
}

# until_true SECONDS COMMAND...
until_true() {
	local i n=$(($1 * 10))
	shift
	for i in $(seq "$n"); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

field() { # NAME < line of fields
	grep -o "\b$1=[^ ]*" | cut -d= -f2
}

# near VALUE TARGET LIMIT
near() {
	[ $(($1 - $2)) -le "$3" ] && [ $(($2 - $1)) -le "$3" ]
}

valid() {
	[ "$("$tool" peek 2 2>/dev/null | field valid)" = "$1" ]
}

stop_pid() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

say "device: tests/shim/ptp.h, a double at the system-call boundary"

# ---- what a reader of the segment gets ----
under_shim phc2shm "$B/bin/phc2shm" -E ntpshm -s /dev/ptp0 -O 0 -l 6 -m -q -M 2 -R 4
p2s=$!
until_true 5 valid 1 || fail "no sample" # ntpshmmon looks for segments only at its start
timeout 20 "$peers/usr/bin/ntpshmmon" -n 8 >"$tmp/mon.log" 2>&1 || fail "ntpshmmon sees nothing"
awk -v want=$offset '$1 == "sample" {
	split($4, c, "."); split($5, r, ".")
	off = (r[1] - c[1]) * 1e9 + r[2] - c[2] # "Clock" is the system
	if ($2 != "NTP2" || off - want > 20000 || want - off > 20000 || $6 != 0 || $7 != -30) {
		print "bad:", $0, off; bad = 1
	}
	n++
} END { exit bad || n < 8 }' "$tmp/mon.log" || fail "ntpshmmon: $(cat "$tmp/mon.log")"
say "ntpshmmon: $(grep -c '^sample' "$tmp/mon.log") samples of NTP2 within 20 us of $offset ns"
now=$("$tool" peek 2)
[ "$(echo "$now" | field mode)" = 1 ] && [ "$(echo "$now" | field valid)" = 1 ] || fail "segment: $now"
ipcs -m | awk '$1 == "0x4e545032" { exit $4 != "666" }' || fail "unit 2 is not 0666"

# ---- a clock that goes away, comes back, stops, fails ----
logged() {
	grep -q "$1" "$tmp/phc2shm.log"
}
for trouble in gone frozen eio ebusy zero; do
	echo "$trouble" >"$PTPSHIM_CONTROL"
	until_true 5 valid 0 || fail "valid stands while the clock is $trouble"
	sleep 0.7
	valid 0 || fail "published while the clock is $trouble"
	: >"$PTPSHIM_CONTROL"
	until_true 20 valid 1 || fail "not published after the clock was $trouble"
	say "clock $trouble and back: survived"
done
for text in 'the device is gone' 'repeats itself' 'Input/output error' 'busy' 'the clock is not set' 'gives time'; do
	logged "/dev/ptp0: .*$text" || fail "no line with \"$text\""
done
stop_pid $p2s
valid 0 || fail "valid stands after the end"
grep -q 'refused' "$tmp/phc2shm.log" && fail "phc2shm tried to set a clock"

# ---- what an earlier life left behind does not count ----
under_shim left "$B/bin/phc2shm" -E ntpshm -s /dev/ptp0 -O 0 -l 5 -M 2 -q -R 10
p2s=$!
until_true 5 valid 1 || fail "no sample"
kill -9 $p2s
wait $p2s 2>/dev/null
valid 1 || fail "nothing left behind to test with"
echo gone >"$PTPSHIM_CONTROL"
under_shim late "$B/bin/phc2shm" -E ntpshm -s /dev/ptp0 -O 0 -l 5 -M 2 -q -m
p2s=$!
until_true 5 valid 0 || fail "an old sample stands at the start"
: >"$PTPSHIM_CONTROL"
until_true 10 valid 1 || fail "a clock that appears late is not used"
stop_pid $p2s
grep -q 'cannot open /dev/ptp0' "$tmp/late.log" || fail "a missing clock is not named"
grep -q 'phc offset' "$tmp/late.log" && fail "-l 5 prints a line a sample"

# ---- several segments and a socket from one reading; a leap second from a list ----
peeks() { # UNIT FIELD
	"$tool" peek "$1" 2>/dev/null | field "$2"
}
mode_of() { # UNIT
	ipcs -m | awk -v key="0x4e54503$1" '$1 == key { print $4 }'
}
midnight=$(($(date +%s) / 86400 * 86400 + 86400))
printf '#@ %d\n%d 36\n%d 37\n' $((midnight + 2208988800 + 999999)) $((midnight + 2208988800 - 999999)) \
	$((midnight + 2208988800)) >"$tmp/leap.list"
under_shim many "$B/bin/phc2shm" -E ntpshm,refclock_sock --refclock_sock_address="$tmp/nobody.sock" \
	-s /dev/ptp0 -O 0 -l 5 -m -q -M 0,1,3 -R 5 --leapfile="$tmp/leap.list"
p2s=$!
written() {
	[ "$(peeks 3 valid)" = 1 ]
}
until_true 5 written || fail "no sample in the last of three segments"
kill -STOP $p2s # so that all hold the same sample
for unit in 1 3; do
	[ "$(peeks 0 clock) $(peeks 0 receive)" = "$(peeks $unit clock) $(peeks $unit receive)" ] ||
		fail "units 0 and $unit differ: $("$tool" peek 0) $("$tool" peek $unit)"
	[ "$(peeks $unit leap)" = 1 ] || fail "unit $unit does not announce the leap second"
done
kill -CONT $p2s
[ "$(mode_of 0) $(mode_of 1) $(mode_of 3)" = "600 600 666" ] ||
	fail "modes of units 0, 1 and 3 are $(mode_of 0) $(mode_of 1) $(mode_of 3)"
stop_pid $p2s
[ "$(peeks 0 valid) $(peeks 1 valid) $(peeks 3 valid)" = "0 0 0" ] || fail "valid stands after the end"
grep -q 'refclock_sock: .*nobody.sock: No such file' "$tmp/many.log" || fail "a missing socket is not named"
say "three segments from one reading, 0 and 1 private; leap second of a list announced"

# ---- -w: a real ptp4l says when, by how much, and which leap second comes ----
ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || fail "veth"
background ptp4l "$peers/usr/sbin/ptp4l" -i v0 -S -2 -m -q --free_running=1 --logAnnounceInterval=-3 \
	--domainNumber=3 --uds_address="$tmp/ptp4l"
ptp4l=$!
PTPSHIM_OFFSET=37000000000 under_shim wait "$B/bin/phc2shm" -s /dev/ptp0 -w -n 3 -z "$tmp/ptp4l" -M 3 -l 5 -m -q -R 5
p2s=$!
settings() { # LEAP61
	"$peers/usr/sbin/pmc" -u -b 0 -d 3 -s "$tmp/ptp4l" "SET GRANDMASTER_SETTINGS_NP clockClass 248 \
clockAccuracy 0xfe offsetScaledLogVariance 0xffff currentUtcOffset 37 leap61 $1 leap59 0 \
currentUtcOffsetValid 1 ptpTimescale 1 timeTraceable 1 frequencyTraceable 0 timeSource 0xa0" >"$tmp/pmc.log" 2>&1
	grep -q RESPONSE "$tmp/pmc.log"
}
near_utc() { # with PTP's 37 s taken off
	[ "$(peeks 3 valid)" = 1 ] && near "$(peeks 3 offset_ns)" 0 20000
}
until_true 10 settings 1 || fail "pmc: $(cat "$tmp/pmc.log")"
until_true 20 near_utc || fail "not in UTC by ptp4l: $("$tool" peek 3)"
# in the first hours of a day a flag is one of yesterday's
leap_wanted=$(($(date +%s) % 86400 >= 6 * 3600))
[ "$(peeks 3 leap)" = $leap_wanted ] || fail "ptp4l's leap second is not announced"
grep -q 'Waiting for ptp4l\.\.\.$' "$tmp/wait.log" || fail "waiting is not told as phc2sys tells it"
stop_pid $ptp4l
withdrawn() {
	[ "$(peeks 3 valid)" = 0 ]
}
until_true 20 withdrawn || fail "published although ptp4l is gone"
stop_pid $p2s
say "ptp4l: waited for, its offset and leap second taken, nothing published without it"

# ---- beside phc2sys, by each way of reading ----
# The lines but for their numbers' digits: widths, signs and words must be the same.
shape() {
	sed -n 's/^phc2[a-z]*\[[0-9]*\.[0-9][0-9][0-9]\]: //p' "$1" |
		sed -e 's/[0-9]/9/g' -e 's/ \{1,\}-\{0,1\}9\{1,\}/ N/g' | sort -u | grep -v ioctl | grep -v clock$ | grep -v status$
}
mean() { # of the offsets in a log
	sed -n 's/.*phc offset *\(-\{0,1\}[0-9]*\) .*/\1/p' "$1" |
		awk '{ s += $1; q += $1 * $1; n++ } END { m = s / n; printf "%d %d %d\n", m, sqrt(q / n - m * m + .5), n }'
}
cost() { # PID: CPU ms, PSS kB
	awk '{ printf "%d", ($14 + $15) * 10 }' "/proc/$1/stat"
	awk '/^Pss:/ { s += $2 } END { printf " %d", s }' "/proc/$1/smaps_rollup"
}
printf '%-10s %-9s %9s %7s %4s %7s %7s\n' method program 'mean ns' 'sd ns' n 'CPU ms' 'PSS kB'
for method in precise extended plain gettime; do
	export PTPSHIM_IOCTLS=$method,gettime
	under_shim "sys-$method" "$peers/usr/sbin/phc2sys" -E ntpshm -s /dev/ptp0 -O 0 -l 6 -m -q -M 3 -R 20 -N 5
	sys=$!
	under_shim "shm-$method" "$B/bin/phc2shm" -E ntpshm -s /dev/ptp0 -O 0 -l 6 -m -q -M 2 -R 20 -N 5
	p2s=$!
	sleep 3
	c_sys=$(cost $sys) c_shm=$(cost $p2s)
	stop_pid $sys
	stop_pid $p2s
	m_sys=$(mean "$tmp/sys-$method.log") m_shm=$(mean "$tmp/shm-$method.log")
	printf '%-10s %-9s %9d %7d %4d %7d %7d\n' $method phc2sys $m_sys $c_sys '' phc2shm $m_shm $c_shm
	near "${m_sys%% *}" "${m_shm%% *}" 1000 || fail "$method: offsets $m_sys and $m_shm"
	near "${m_shm%% *}" $((-offset)) 2000 || fail "$method: offset $m_shm is not $((-offset))"
	[ "$(shape "$tmp/sys-$method.log" | grep 'phc offset')" = "$(shape "$tmp/shm-$method.log")" ] || {
		shape "$tmp/sys-$method.log"
		shape "$tmp/shm-$method.log"
		fail "$method: log lines differ"
	}
done
# column by column, with numbers of one width
grep -m1 -o 'CLOCK_REALTIME phc offset .* freq .* delay ' "$tmp/sys-precise.log" | tr '0-9' 9 >"$tmp/a"
grep -m1 -o 'CLOCK_REALTIME phc offset .* freq .* delay ' "$tmp/shm-precise.log" | tr '0-9' 9 >"$tmp/b"
cmp -s "$tmp/a" "$tmp/b" || fail "columns differ: $(cat "$tmp/a" "$tmp/b")"
grep -q 'delay      0$' "$tmp/shm-precise.log" || fail "PRECISE has no delay of 0"

export PTPSHIM_IOCTLS=extended,gettime
for who in phc2sys phc2shm; do
	path=$B/bin/phc2shm
	[ $who = phc2sys ] && path=$peers/usr/sbin/phc2sys
	under_shim "sum-$who" "$path" -E ntpshm -s /dev/ptp0 -O 0 -l 6 -m -q -M 2 -R 20 -u 10 -t tag
	stopped=$!
	sleep 1.5
	stop_pid $stopped
	grep -o 'tag CLOCK_REALTIME rms.*' "$tmp/sum-$who.log" | sed -e 's/[0-9]/9/g' -e 's/ \{1,\}9\{1,\}/ N/g' | sort -u >"$tmp/sum.$who"
done
cmp -s "$tmp/sum.phc2sys" "$tmp/sum.phc2shm" || fail "summaries differ: $(cat "$tmp"/sum.phc2*)"
say "log lines of phc2sys and phc2shm agree by every method, summaries too"

# ---- chronyd reads it, by SHM and by SOCK ----
mkdir "$tmp/chrony"
cat >"$tmp/chrony.conf" <<-END
	refclock SHM 2 refid SHM2 poll 0 dpoll -2 filter 4
	refclock SOCK $tmp/chrony/phc.sock refid SOCK poll 0 filter 4
	logdir $tmp/chrony
	log refclocks
	cmdport 0
	bindcmdaddress /
	pidfile $tmp/chrony/pid
END
background chronyd "$peers/usr/sbin/chronyd" -x -d -u root -f "$tmp/chrony.conf"
chronyd=$!
under_shim cshm "$B/bin/phc2shm" -E ntpshm -s /dev/ptp0 -O 0 -l 5 -q -m -M 2 -R 4
under_shim csock "$B/bin/phc2shm" -E refclock_sock --refclock_sock_address="$tmp/chrony/phc.sock" \
	-s /dev/ptp0 -O 0 -l 5 -q -m -R 4
got() {
	local n
	n=$(grep -c " $1 " "$tmp/chrony/refclocks.log" 2>/dev/null)
	[ "${n:-0}" -ge 12 ]
}
for name in SHM2 SOCK; do
	until_true 15 got $name || fail "chronyd got nothing by $name"
	# the raw offset: reference minus system
	awk -v name=$name -v want=$offset '$3 == name && $4 != "-" {
		off = $7 * 1e9; n++
		if (off - want > 20000 || want - off > 20000) { print "bad:", $0; bad = 1 }
	} END { exit bad || n < 8 }' "$tmp/chrony/refclocks.log" || fail "chronyd by $name"
done
say "chronyd: samples by SHM and by SOCK within 20 us of $offset ns"

# ---- ntpsec's ntpd reads it ----
cat >"$tmp/ntp.conf" <<-END
	refclock shm unit 2 minpoll 0 maxpoll 4 prefer
	statsdir $tmp/ntp/
	filegen peerstats file peerstats type none enable
	statistics peerstats
	restrict default
	disable kernel
	disable ntp
END
mkdir "$tmp/ntp"
stop_pid "$chronyd"
background ntpd "$peers/usr/sbin/ntpd" -n -N -c "$tmp/ntp.conf"
rows() {
	local n
	n=$(grep -c 'SHM(2)' "$tmp/ntp/peerstats" 2>/dev/null)
	[ "${n:-0}" -ge 4 ]
}
until_true 40 rows || fail "ntpd got nothing: $(cat "$tmp/ntp/peerstats")"
# offset: reference minus system, s
awk -v want=$offset '/SHM\(2\)/ {
	off = $5 * 1e9; n++
	if (off - want > 20000 || want - off > 20000) { print "bad:", $0; bad = 1 }
} END { exit bad || n < 4 }' "$tmp/ntp/peerstats" || fail "ntpd by SHM"
say "ntpsec's ntpd: $(grep -c 'SHM(2)' "$tmp/ntp/peerstats") rows of SHM(2) within 20 us of $offset ns"
