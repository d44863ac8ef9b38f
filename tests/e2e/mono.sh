#!/bin/bash
# SPDX-License-Identifier: MIT
# Extension field F323 with Debian's chronyd both ways: as its client we follow a correction of its
# clock at once and leave our rate alone; as its server we tell ours, in interleaved mode too.
. "$(dirname "$0")/lib.sh"
need_root "the monotonic scale told between ntpexchd and chronyd"

namespace srv; namespace us; namespace cli
veth srv us 1; veth us cli 2
mkdir -m 750 "$tmp/srvcmd" "$tmp/cmd"
start_chronyd srv chronyd "bindcmdaddress $tmp/srvcmd/chronyd.sock" "manual"
serving 10.99.1.1 us

conf ntpexchd "server 10.99.1.1 iburst minpoll -2 maxpoll -2 extfield F323" "allow 10.99.2.0/24"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3"
for d in ntpexchd selectd disciplined refclockd monitord; do start_daemon $d us; done
timebus -r "$run" tap sample.10.99.1.1 >"$tmp/tap.log" 2>&1 &
pids+=($!)
timebus -r "$run" tap estimate >"$tmp/estimate.log" 2>&1 &
pids+=($!)
within 50000 60 || fail "does not converge with extfield F323"
sleep 6

# as client: 400 us, in forty parts within some seconds, and the rate stays where it was
field() { grep -o "$1=[^ ]*" "$2" | tail -n 1 | sed 's/[^=]*=//; s/[a-z/]*$//'; }
grep -q "mono=yes" "$tmp/tap.log" || { tail -n 1 "$tmp/tap.log"; fail "chronyd's field is not taken"; }
shift0=$(field mono_shift_ns "$tmp/tap.log"); shift0=${shift0:-0}
rate0=$(field rate_ppb "$tmp/estimate.log")
lines=$(wc -l <"$tmp/estimate.log")
for i in $(seq 40); do echo "doffset 0.00001"; done >"$tmp/doffsets"
while read -r line; do
	inns srv "$peers/usr/bin/chronyc" -h "$tmp/srvcmd/chronyd.sock" $line || fail "chronyd cannot be corrected"
	sleep 0.1
done <"$tmp/doffsets" >"$tmp/chronyc.out"
sleep 1
shift1=$(field mono_shift_ns "$tmp/tap.log")
worst=$(tail -n +"$((lines + 1))" "$tmp/estimate.log" | grep -o "rate_ppb=[^ ]*" | sed 's/rate_ppb=//; s/ppb//' |
	awk -v r="$rate0" '{ d = $1 - r; d = d < 0 ? -d : d; if (d > w) w = d } END { printf "%.0f", w }')
e=$(clock_error_ns) || fail "no clock"
say "chronyd tells a correction of $((shift1 - shift0)) ns; rate moved by $worst ppb at most, clock ${e%% *} ns"
d=$(abs $((shift1 - shift0)))
[ "$d" -ge 399000 ] && [ "$d" -le 401000 ] || fail "a correction of 400 us is not told"
[ "$worst" -le 5000 ] || fail "a correction of the server's clock went into our rate"

# as server: a chronyd with the field takes our answers, in basic and in interleaved mode
for mode in "" xleave; do
	cat >"$tmp/client.conf" <<-EOF2
		server 10.99.2.1 iburst minpoll -2 maxpoll -2 $mode extfield F323
		cmdport 0
		bindcmdaddress $tmp/cmd/chronyd.sock
		pidfile $tmp/client.pid
	EOF2
	before=$(timebus -r "$run" control ntpexchd serverstats | sed -n 's/^monotonic //p')
	background "client$mode" inns cli "$peers/usr/sbin/chronyd" -x -d -u root -f "$tmp/client.conf"
	client=$!
	valid=0
	for i in $(seq 60); do
		data=$(inns cli "$peers/usr/bin/chronyc" -h "$tmp/cmd/chronyd.sock" ntpdata 2>&1)
		valid=$(echo "$data" | sed -n 's/^Total valid RX *: *//p')
		[ "${valid:-0}" -ge 12 ] && break
		sleep 0.25
	done
	echo "$data" | grep -E "Interleaved|Root|Offset|Total"
	[ "${valid:-0}" -ge 12 ] || fail "chronyd does not take our answers with the field ($mode)"
	[ -z "$mode" ] || echo "$data" | grep -q "^Interleaved *: Yes" || fail "not interleaved with the field"
	after=$(timebus -r "$run" control ntpexchd serverstats | sed -n 's/^monotonic //p')
	[ "$((after - before))" -ge 12 ] || fail "we did not answer the field: $before to $after"
	kill "$client"; wait "$client" 2>/dev/null
done
alive
say done
