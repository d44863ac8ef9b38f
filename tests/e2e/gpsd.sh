#!/bin/bash
# SPDX-License-Identifier: MIT
# gpsd.sh - Debian's gpsd on a receiver that speaks NMEA, and on one with u-blox's protocol: what
# refclockd takes of its JSON stream is this machine's time, as late as the receiver was. (Its shared
# memory and sockets need a serial line and a pulse: tests/vm/check-gpsd.sh.)
set -u
. "$(dirname "$0")/lib.sh"
need_root "real gpsd's JSON stream of two kinds of receivers, taken by refclockd"
ipc_more=--net need_ipc "real gpsd's JSON stream" "$@"
[ -x "$peers/usr/sbin/gpsd" ] || skip "no gpsd among the peers; would have shown its JSON stream taken by refclockd"
ip link set lo up || fail lo

# Two pseudo-terminals, joined: a null modem.
cat >"$tmp/modem.py" <<-'END'
	import os, select, sys, tty
	ends = []
	for name in sys.argv[1:]:
	    master, slave = os.openpty()
	    tty.setraw(slave)
	    os.symlink(os.ttyname(slave), name)
	    ends.append(master)
	while True:
	    for fd in select.select(ends, [], [])[0]:
	        os.write(ends[1 - ends.index(fd)], os.read(fd, 4096))
END
port=2947
for kind in nmea ublox; do
	background "modem-$kind" python3 "$tmp/modem.py" "$tmp/$kind.tty" "$tmp/$kind.end"
	for i in $(seq 50); do [ -e "$tmp/$kind.end" ] && break; sleep 0.1; done
	device=$(readlink "$tmp/$kind.tty")
	background "receiver-$kind" python3 "$top/tests/vm/guest/receiver.py" $kind "$tmp/$kind.end" realtime "$tmp/$kind.record"
	background "gpsd-$kind" "$peers/usr/sbin/gpsd" -N -n -b -S $port "$device"
	reader "$kind" "refclock GPSD $device:port=$port refid GPSD poll 0"
	port=$((port + 1))
done
for kind in nmea ublox; do
	sees $kind 20 'source.GPSD .*address="127.0.0.1:294[78] /dev/pts/[0-9]+ \(3D fix'
	sees $kind 20 'source.GPSD .*state=reachable'
	for i in $(seq 150); do
		[ "$(grep '^sample.GPSD' "$tmp/$kind.bus" | grep -cv ' reject=')" -ge 6 ] && break
		sleep 0.1
	done
	python3 - "$tmp/$kind.bus" $kind <<-'END' || fail "$kind: time of the JSON stream"
		import sys, time
		a = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
		real = time.clock_gettime_ns(time.CLOCK_REALTIME)
		raw = (a + time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)) // 2
		late = []
		for text in open(sys.argv[1]):
		    if text.startswith("sample.GPSD ") and " reject=" not in text:
		        f = dict(w.split("=", 1) for w in text.split()[1:] if "=" in w)
		        late.append(real + int(f["raw_ns"]) - raw - int(f["utc_ns"]))
		late.sort()
		if len(late) < 6:
		    sys.exit("%d samples" % len(late))
		print("    %s: %d samples, %.1f .. %.1f .. %.1f ms after their second" % (
		    sys.argv[2], len(late), late[0] / 1e6, late[len(late) // 2] / 1e6, late[-1] / 1e6))
		# sent 50 ms late; a busy machine makes it later, nothing makes it earlier
		sys.exit(not 49e6 < late[0] <= late[len(late) // 2] < 200e6)
	END
	say "$kind: $(wc -c <"$tmp/$kind.record") bytes of the receiver, time and fix by gpsd's JSON"
done
alive
